//! SM3 on 512-bit vectors: 16 messages side by side.

#![allow(unsafe_code, reason = "vector loads and stores, and calls that a CPU feature allows")]

use std::arch::x86_64::*;

use super::{
    Block, Digest,
    lanes::{States, T, lanes, sixteen},
    many,
    message::Input,
    rounds,
};
use crate::primitives::cpu;

/// The digests of as many messages as `digests` has places for.
pub(super) fn hash_many<'m>(
    cpu: cpu::Avx512,
    input: &dyn Fn(usize) -> Input<'m>,
    digests: &mut [Digest],
) {
    many::hash(
        input,
        digests,
        // SAFETY: a `cpu::Avx512` exists only where the features of this function are.
        |states, blocks| unsafe { compress_lanes(states, blocks) },
        |state, blocks| rounds::compress_avx512(cpu, state, blocks),
    );
}

lanes!("avx512f,avx512bw,avx512vl", __m512i, 16);

/// The words of 16 blocks: vector j has word j of each.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn gather(blocks: &[&Block; 16]) -> [__m512i; 16] {
    let swap =
        _mm512_broadcast_i32x4(_mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
    let mut r = [_mm512_setzero_si512(); 16];
    for i in 0..16 {
        r[i] = _mm512_shuffle_epi8(load_block(blocks[i]), swap);
    }
    // Within lanes: vector 4i + k has word k of every lane of blocks 4i to 4i + 3.
    let mut s = r;
    for i in [0, 4, 8, 12] {
        let (a, b) = (_mm512_unpacklo_epi32(r[i], r[i + 1]), _mm512_unpackhi_epi32(r[i], r[i + 1]));
        let (c, d) =
            (_mm512_unpacklo_epi32(r[i + 2], r[i + 3]), _mm512_unpackhi_epi32(r[i + 2], r[i + 3]));
        s[i] = _mm512_unpacklo_epi64(a, c);
        s[i + 1] = _mm512_unpackhi_epi64(a, c);
        s[i + 2] = _mm512_unpacklo_epi64(b, d);
        s[i + 3] = _mm512_unpackhi_epi64(b, d);
    }
    // Between lanes: lane l of those is word 4l + k.
    let mut w = s;
    for k in 0..4 {
        let a = _mm512_shuffle_i32x4::<0b10_00_10_00>(s[k], s[4 + k]);
        let b = _mm512_shuffle_i32x4::<0b11_01_11_01>(s[k], s[4 + k]);
        let c = _mm512_shuffle_i32x4::<0b10_00_10_00>(s[8 + k], s[12 + k]);
        let d = _mm512_shuffle_i32x4::<0b11_01_11_01>(s[8 + k], s[12 + k]);
        w[k] = _mm512_shuffle_i32x4::<0b10_00_10_00>(a, c);
        w[4 + k] = _mm512_shuffle_i32x4::<0b10_00_10_00>(b, d);
        w[8 + k] = _mm512_shuffle_i32x4::<0b11_01_11_01>(a, c);
        w[12 + k] = _mm512_shuffle_i32x4::<0b11_01_11_01>(b, d);
    }
    w
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_block(block: &Block) -> __m512i {
    // SAFETY: a block is 64 readable bytes, and this load takes any alignment.
    unsafe { _mm512_loadu_si512(block.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(words: &[u32; 16]) -> __m512i {
    // SAFETY: the words are 64 readable bytes, and this load takes any alignment.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(words: &mut [u32; 16], value: __m512i) {
    // SAFETY: the words are 64 writable bytes, and this store takes any alignment.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn splat(word: u32) -> __m512i {
    _mm512_set1_epi32(word as i32)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add(a: __m512i, b: __m512i) -> __m512i {
    _mm512_add_epi32(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor(a: __m512i, b: __m512i) -> __m512i {
    _mm512_xor_si512(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0x96>(a, b, c)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn majority(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0xe8>(a, b, c)
}

/// `a` choosing between `b` and `c`.
#[inline]
#[target_feature(enable = "avx512f")]
fn choose(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0xca>(a, b, c)
}

/// Turned left by `LEFT`; `RIGHT` is the rest to 32.
#[inline]
#[target_feature(enable = "avx512f")]
fn rotate<const LEFT: i32, const RIGHT: i32>(x: __m512i) -> __m512i {
    _mm512_rol_epi32::<LEFT>(x)
}
