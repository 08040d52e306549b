//! `cargo run --release -p yinxin-benches -- primitives`: our kernels beside RustCrypto's;
//! `… -- licences demo-out`: the whole job. `make bench` records both, with peers, in `record/`.
//!
//! Pin it to a core (`taskset -c 1`) on a machine that others use. The two sides of a row run in turns
//! of a millisecond, and each figure is the median of its turns, so that a disturbance meets both.

mod licences;
mod measure;
mod sm2;
mod sm3;
mod sm4;

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("primitives") => {
            measure::heading();
            sm3::run();
            sm4::run();
            sm2::run();
            ExitCode::SUCCESS
        }
        Some("licences") => {
            let folder = std::env::args().nth(2).unwrap_or_else(|| "demo-out".to_owned());
            match licences::run(&folder) {
                Ok(()) => ExitCode::SUCCESS,
                Err(failure) => {
                    eprintln!("{failure}");
                    ExitCode::FAILURE
                }
            }
        }
        _ => {
            eprintln!("usage: yinxin-benches primitives | licences [DEMO-FOLDER]");
            ExitCode::FAILURE
        }
    }
}
