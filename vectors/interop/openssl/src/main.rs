//! Prints the folder in which crate `openssl-src` holds the source of OpenSSL, and its version.

fn main() {
    println!("{}", openssl_src::source_dir().display());
}
