//! Layer 1, bytes to bytes: SM2 (GB/T 32918), SM3 (GB/T 32905), SM4 (GB/T 32907) and their modes.
//!
//! Arithmetic on secrets is constant time in every backend; what is variable time is listed in
//! docs/security.md and named `_vartime` where it could meet a secret.

// Kernels index fixed-size arrays with loop counters and cast between limb widths by design.
#![allow(clippy::as_conversions, clippy::indexing_slicing)]

mod align;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub mod cpu;
pub(crate) mod ct;
pub mod rng;
pub mod secret;
pub mod selftest;
pub mod sm2;
pub mod sm3;
pub mod sm4;
#[cfg(yinxin_taint)]
pub mod taint;
