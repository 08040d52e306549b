//! Tells the core when it is compiled without optimisation. Its vectors of AVX-512 for SM2 are then kept in
//! memory one by one, in frames that no stack holds, so that it does without them (`cpu::Ifma`).

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(yinxin_unoptimised)");
    if std::env::var("OPT_LEVEL").is_ok_and(|level| level == "0") {
        println!("cargo::rustc-cfg=yinxin_unoptimised");
    }
}
