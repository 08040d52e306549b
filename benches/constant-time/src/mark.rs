//! Marks on values, for valgrind to see. In a build without `--cfg yinxin_taint` they do nothing.

#[cfg(yinxin_taint)]
pub(crate) use yinxin::primitives::taint::{findings, is_watched, public, secret};

#[cfg(not(yinxin_taint))]
mod nothing {
    pub(crate) const fn secret<T: ?Sized>(_: &mut T) {}
    pub(crate) const fn public<T: ?Sized>(_: &mut T) {}
    pub(crate) const fn is_watched() -> bool {
        false
    }
    pub(crate) const fn findings() -> usize {
        0
    }
}
#[cfg(not(yinxin_taint))]
pub(crate) use nothing::{findings, is_watched, public, secret};

/// Bytes that differ, marked as secret.
pub(crate) fn secret_bytes(length: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..=250).cycle().take(length).map(|byte: u8| byte ^ 0x5a).collect();
    secret(bytes.as_mut_slice());
    bytes
}

/// As [`secret_bytes`], in an array.
pub(crate) fn secret_array<const N: usize>() -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&secret_bytes(N));
    array
}
