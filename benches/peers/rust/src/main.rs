//! `yinxin-bench-peers PEER MILLISECONDS OPERATION`: measures one operation of one crate.
//! `yinxin-bench-peers openssl FOLDER`: builds OpenSSL 4 from the source that crate `openssl-src` holds.
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
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["openssl", folder] => build_openssl(folder),
        [peer, milliseconds, operation] => {
            let milliseconds = milliseconds.parse().expect("a number of milliseconds");
            measure(&Bench::new(peer, milliseconds, operation));
        }
        _ => panic!("usage: yinxin-bench-peers PEER MILLISECONDS OPERATION | openssl FOLDER"),
    }
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

fn build_openssl(folder: &str) {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let artifacts = openssl_src::Build::new().host(&target).target(&target).out_dir(folder).build();
    println!("{}", artifacts.lib_dir().display());
}
