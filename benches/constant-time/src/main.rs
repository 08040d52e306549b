//! The evidence that no branch and no address depends on a secret; `make constant-time` runs it.
//!
//! `taint`, under valgrind and built with `--cfg yinxin_taint`: every operation on a secret, with the
//! secret marked as never written, so that memcheck reports each branch and address made of it.
//!
//! `machine-code`, given the disassembly of this program: the kernels of every backend, analysed.
//! `operations` does nothing but bring them into the program.
//!
//! `timing`: statistics of times on every backend, recorded by `benches/constant-time/timing.sh`; not a test,
//! because a busy machine disturbs it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "evidence that could not be taken must fail loudly"
)]

mod machine_code;
mod mark;
mod sm2;
mod sm3;
mod sm4;
mod timing;
mod watch;

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("taint") => watch::run(),
        Some("timing") => timing::run(),
        Some("operations") => {
            watch::controls();
            watch::operations();
            ExitCode::SUCCESS
        }
        Some("machine-code") => match std::io::read_to_string(std::io::stdin()) {
            Ok(disassembly) => machine_code::run(&disassembly),
            Err(failure) => {
                eprintln!("{failure}");
                ExitCode::FAILURE
            }
        },
        _ => {
            eprintln!(
                "usage: yinxin-constant-time taint | timing | operations | machine-code < DISASSEMBLY"
            );
            ExitCode::FAILURE
        }
    }
}
