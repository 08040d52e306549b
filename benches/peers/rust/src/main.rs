//! `yinxin-bench-peers PEER MILLISECONDS OPERATION`: measures one operation of one crate.
//!
//! What a crate offers not gives no row. What it refuses is a fault of this program, and panics.

mod efficient_sm2;
mod gm_rs;
mod gmcrypto;
mod libsm;
mod libsmx;
mod row;
mod rustcrypto;
mod sm_crypto;
mod smcrypto;

use row::Bench;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [peer, milliseconds, operation] = &arguments[..] else {
        panic!("usage: yinxin-bench-peers PEER MILLISECONDS OPERATION");
    };
    let milliseconds = milliseconds.parse().expect("a number of milliseconds");
    measure(&Bench::new(peer, milliseconds, operation));
}

fn measure(bench: &Bench) {
    match bench.peer {
        "efficient-sm2" => efficient_sm2::run(bench),
        "gm-rs" => gm_rs::run(bench),
        "gmcrypto-core" => gmcrypto::run(bench),
        "libsm" => libsm::run(bench),
        "libsmx" => libsmx::run(bench),
        "RustCrypto" => rustcrypto::run(bench),
        "sm-crypto" => sm_crypto::run(bench),
        "smcrypto" => smcrypto::run(bench),
        unknown => panic!("no peer is named {unknown}"),
    }
}
