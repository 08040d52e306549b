//! Gives the shared library its versioned name, by which the programs linked with it find it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        // Before 1.0 every minor version may change the interface, so both numbers count.
        let [major, minor] = ["CARGO_PKG_VERSION_MAJOR", "CARGO_PKG_VERSION_MINOR"]
            .map(|name| std::env::var(name).unwrap_or_default());
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libyinxin.so.{major}.{minor}");
    }
}
