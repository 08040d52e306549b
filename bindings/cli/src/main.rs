//! The command `yinxin`.
fn main() {}
