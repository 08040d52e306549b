//! Loads and stores of blocks for 128 and 256 bits, and what takes no operation of SM4.

#![allow(unsafe_code, reason = "vector loads and stores")]

use std::arch::{asm, x86_64::*};

use super::Block;

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load(block: &Block) -> __m128i {
    // SAFETY: a block is 16 readable bytes, and this load takes any alignment.
    unsafe { _mm_loadu_si128(block.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load_row(row: &[Block; 1]) -> __m128i {
    load(&row[0])
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store_row(row: &mut [Block; 1], value: __m128i) {
    store(&mut row[0], value);
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store(block: &mut Block, value: __m128i) {
    // SAFETY: a block is 16 writable bytes, and this store takes any alignment.
    unsafe { _mm_storeu_si128(block.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn wide_repeat(block: &Block) -> __m256i {
    _mm256_broadcastsi128_si256(load(block))
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn wide_load(row: &[Block; 2]) -> __m256i {
    // SAFETY: a row is 32 readable bytes, and this load takes any alignment.
    unsafe { _mm256_loadu_si256(row.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn wide_store(row: &mut [Block; 2], value: __m256i) {
    // SAFETY: a row is 32 writable bytes, and this store takes any alignment.
    unsafe { _mm256_storeu_si256(row.as_mut_ptr().cast(), value) }
}

/// `value`, of which the compiler then knows nothing: a sum that contains it is not taken apart and put
/// together in an order that makes a chain wait longer.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn kept_apart(mut value: __m128i) -> __m128i {
    // SAFETY: no instruction is executed.
    unsafe {
        asm!("/* {0} */", inout(xmm_reg) value, options(pure, nomem, nostack, preserves_flags));
    }
    value
}

/// As [`kept_apart`].
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn wide_kept_apart(mut value: __m256i) -> __m256i {
    // SAFETY: no instruction is executed.
    unsafe {
        asm!("/* {0} */", inout(ymm_reg) value, options(pure, nomem, nostack, preserves_flags));
    }
    value
}
