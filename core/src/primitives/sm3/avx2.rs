//! SM3 on 256-bit vectors: 8 messages side by side.

#![allow(unsafe_code, reason = "vector loads and stores, and calls that a CPU feature allows")]

use std::{arch::x86_64::*, array};

use super::{
    Block, Digest,
    lanes::{States, lanes, sixteen},
    many,
    message::Input,
    portable::T,
    rounds,
};
use crate::primitives::cpu;

/// The digests of as many messages as `digests` has places for.
pub(super) fn hash_many<'m>(
    cpu: cpu::Avx2,
    input: &dyn Fn(usize) -> Input<'m>,
    digests: &mut [Digest],
) {
    many::hash(
        input,
        digests,
        // SAFETY: a `cpu::Avx2` exists only where the features of this function are.
        |states, blocks| unsafe { compress_lanes(states, blocks) },
        |state, blocks| rounds::compress_avx2(cpu, state, blocks),
    );
}

lanes!("avx2", __m256i, 8);

/// The words of 8 blocks: vector j has word j of each.
#[inline]
#[target_feature(enable = "avx2")]
fn gather(blocks: &[&Block; 8]) -> [__m256i; 16] {
    let halves = |half: usize| array::from_fn(|i| half_of(blocks[i], half));
    let (low, high) = (transpose(&halves(0)), transpose(&halves(1)));
    [
        low[0], low[1], low[2], low[3], low[4], low[5], low[6], low[7], high[0], high[1], high[2],
        high[3], high[4], high[5], high[6], high[7],
    ]
}

fn half_of(block: &Block, half: usize) -> &[u8; 32] {
    &block.as_chunks().0[half]
}

/// Eight half blocks to the words of each place.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose(halves: &[&[u8; 32]; 8]) -> [__m256i; 8] {
    let swap = _mm256_broadcastsi128_si256(_mm_set_epi8(
        12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3,
    ));
    let mut r = [_mm256_setzero_si256(); 8];
    for i in 0..8 {
        r[i] = _mm256_shuffle_epi8(load_half(halves[i]), swap);
    }
    // Within lanes: vector 4i + k has word k of both lanes of blocks 4i to 4i + 3.
    let mut s = r;
    for i in [0, 4] {
        let (a, b) = (_mm256_unpacklo_epi32(r[i], r[i + 1]), _mm256_unpackhi_epi32(r[i], r[i + 1]));
        let (c, d) =
            (_mm256_unpacklo_epi32(r[i + 2], r[i + 3]), _mm256_unpackhi_epi32(r[i + 2], r[i + 3]));
        s[i] = _mm256_unpacklo_epi64(a, c);
        s[i + 1] = _mm256_unpackhi_epi64(a, c);
        s[i + 2] = _mm256_unpacklo_epi64(b, d);
        s[i + 3] = _mm256_unpackhi_epi64(b, d);
    }
    // Between lanes: lane l of those is word 4l + k.
    let mut w = s;
    for k in 0..4 {
        w[k] = _mm256_permute2x128_si256::<0x20>(s[k], s[4 + k]);
        w[4 + k] = _mm256_permute2x128_si256::<0x31>(s[k], s[4 + k]);
    }
    w
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_half(half: &[u8; 32]) -> __m256i {
    // SAFETY: a half block is 32 readable bytes, and this load takes any alignment.
    unsafe { _mm256_loadu_si256(half.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(words: &[u32; 8]) -> __m256i {
    // SAFETY: the words are 32 readable bytes, and this load takes any alignment.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(words: &mut [u32; 8], value: __m256i) {
    // SAFETY: the words are 32 writable bytes, and this store takes any alignment.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat(word: u32) -> __m256i {
    _mm256_set1_epi32(word as i32)
}

#[inline]
#[target_feature(enable = "avx2")]
fn add(a: __m256i, b: __m256i) -> __m256i {
    _mm256_add_epi32(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor(a: __m256i, b: __m256i) -> __m256i {
    _mm256_xor_si256(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor3(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    xor(xor(a, b), c)
}

#[inline]
#[target_feature(enable = "avx2")]
fn majority(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_or_si256(a, b)))
}

/// `a` choosing between `b` and `c`.
#[inline]
#[target_feature(enable = "avx2")]
fn choose(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    xor(_mm256_and_si256(xor(b, c), a), c)
}

/// Turned left by `LEFT`; `RIGHT` is the rest to 32.
#[inline]
#[target_feature(enable = "avx2")]
fn rotate<const LEFT: i32, const RIGHT: i32>(x: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_slli_epi32::<LEFT>(x), _mm256_srli_epi32::<RIGHT>(x))
}
