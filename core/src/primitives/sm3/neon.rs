//! SM3 on the 128-bit vectors of aarch64: 4 messages side by side.

#![allow(unsafe_code, reason = "vector loads and stores, and calls that a CPU feature allows")]

use std::arch::aarch64::*;

use super::{
    Block, Digest, State,
    lanes::{States, lanes, sixteen},
    many,
    message::Input,
    portable::T,
};
use crate::primitives::cpu;

/// The digests of as many messages as `digests` has places for; `compress` takes those that are left
/// when there are too few for the lanes.
pub(super) fn hash_many<'m>(
    _: cpu::Neon,
    input: &dyn Fn(usize) -> Input<'m>,
    digests: &mut [Digest],
    compress: impl Fn(&mut State, &[Block]),
) {
    many::hash(
        input,
        digests,
        // SAFETY: a `cpu::Neon` exists only where the features of this function are.
        |states, blocks| unsafe { compress_lanes(states, blocks) },
        compress,
    );
}

lanes!("neon", uint32x4_t, 4);

/// The words of 4 blocks: vector j has word j of each.
#[inline]
#[target_feature(enable = "neon")]
fn gather(blocks: &[&Block; 4]) -> [uint32x4_t; 16] {
    let rows = blocks.map(|block| block.as_chunks().0);
    let mut w = [splat(0); 16];
    for quarter in 0..4 {
        let [a, b] = [big_endian(&rows[0][quarter]), big_endian(&rows[1][quarter])];
        let [c, d] = [big_endian(&rows[2][quarter]), big_endian(&rows[3][quarter])];
        // Words 0 and 2, or 1 and 3, of two blocks, then of four.
        let (even, odd) = (vtrn1q_u32(a, b), vtrn2q_u32(a, b));
        let (even2, odd2) = (vtrn1q_u32(c, d), vtrn2q_u32(c, d));
        w[4 * quarter] = low_halves(even, even2);
        w[4 * quarter + 1] = low_halves(odd, odd2);
        w[4 * quarter + 2] = high_halves(even, even2);
        w[4 * quarter + 3] = high_halves(odd, odd2);
    }
    w
}

#[inline]
#[target_feature(enable = "neon")]
fn low_halves(a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
    vreinterpretq_u32_u64(vtrn1q_u64(vreinterpretq_u64_u32(a), vreinterpretq_u64_u32(b)))
}

#[inline]
#[target_feature(enable = "neon")]
fn high_halves(a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
    vreinterpretq_u32_u64(vtrn2q_u64(vreinterpretq_u64_u32(a), vreinterpretq_u64_u32(b)))
}

/// Four big-endian words.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn big_endian(bytes: &[u8; 16]) -> uint32x4_t {
    // SAFETY: the words are 16 readable bytes, and this load takes any alignment.
    let bytes = unsafe { vld1q_u8(bytes.as_ptr()) };
    vreinterpretq_u32_u8(vrev32q_u8(bytes))
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn load(words: &[u32; 4]) -> uint32x4_t {
    // SAFETY: the words are 16 readable bytes, and this load takes any alignment.
    unsafe { vld1q_u32(words.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn store(words: &mut [u32; 4], value: uint32x4_t) {
    // SAFETY: the words are 16 writable bytes, and this store takes any alignment.
    unsafe { vst1q_u32(words.as_mut_ptr(), value) }
}

#[inline]
#[target_feature(enable = "neon")]
fn splat(word: u32) -> uint32x4_t {
    vdupq_n_u32(word)
}

#[inline]
#[target_feature(enable = "neon")]
fn add(a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
    vaddq_u32(a, b)
}

#[inline]
#[target_feature(enable = "neon")]
fn xor(a: uint32x4_t, b: uint32x4_t) -> uint32x4_t {
    veorq_u32(a, b)
}

#[inline]
#[target_feature(enable = "neon")]
fn xor3(a: uint32x4_t, b: uint32x4_t, c: uint32x4_t) -> uint32x4_t {
    xor(xor(a, b), c)
}

/// Where two agree, either of them; where not, the third.
#[inline]
#[target_feature(enable = "neon")]
fn majority(a: uint32x4_t, b: uint32x4_t, c: uint32x4_t) -> uint32x4_t {
    vbslq_u32(xor(a, b), c, a)
}

/// `a` choosing between `b` and `c`.
#[inline]
#[target_feature(enable = "neon")]
fn choose(a: uint32x4_t, b: uint32x4_t, c: uint32x4_t) -> uint32x4_t {
    vbslq_u32(a, b, c)
}

/// Turned left by `LEFT`; `RIGHT` is the rest to 32.
#[inline]
#[target_feature(enable = "neon")]
fn rotate<const LEFT: i32, const RIGHT: i32>(x: uint32x4_t) -> uint32x4_t {
    vsriq_n_u32::<RIGHT>(vshlq_n_u32::<LEFT>(x), x)
}
