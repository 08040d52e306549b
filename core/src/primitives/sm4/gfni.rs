//! SM4 with GFNI and AVX2: 1 to 4 blocks in 128-bit vectors, 8 or 16 in 256-bit ones; the key schedule;
//! and chains of blocks. See `aes_domain` for the algebra.

#![allow(unsafe_code, reason = "calls that a CPU feature allows")]

use std::arch::{asm, x86_64::*};

use zeroize::{Zeroize as _, Zeroizing};

use super::{
    Block, Chain,
    aes_domain::{
        ENTER, KEY, KEY_CONSTANT, KEY_INPUTS, KEY_START, LEAVE, Q, RoundKeys, Schedule, W,
    },
    dword_sliced::{
        GATHER, LEFT_8, LEFT_16, LEFT_24, SCATTER, dword_sliced, hurried_rounds,
        whole_blocks_kernel,
    },
    one_block::{chain, chained_round, key_schedule, rounds_of_block},
    vectors::{
        kept_apart, load, load_row, store, store_row, wide_kept_apart, wide_load, wide_repeat,
        wide_store,
    },
};
use crate::primitives::cpu;

/// The round keys of `key`.
pub(super) fn expand(_: cpu::Gfni, key: &Block) -> RoundKeys {
    let mut keys = Zeroizing::new([0; 32]);
    // SAFETY: a `cpu::Gfni` exists only where avx2 and gfni are.
    unsafe { key_schedule(key, &mut keys) };
    RoundKeys::new(&keys)
}

/// Encrypts or decrypts every block.
pub(super) fn crypt(_: cpu::Gfni, schedule: &Schedule, blocks: &mut [Block]) {
    // SAFETY: a `cpu::Gfni` exists only where avx2 and gfni are.
    unsafe {
        let (wide, rest) = blocks.as_chunks_mut();
        wide.iter_mut().for_each(|blocks| crypt_16(schedule, blocks));
        let (eights, rest) = rest.as_chunks_mut();
        eights.iter_mut().for_each(|blocks| crypt_8(schedule, blocks));
        crypt_few(schedule, rest);
    }
}

key_schedule!("avx2,gfni");
chain!("avx2,gfni", zero: 0_u32, proof: cpu::Gfni);
rounds_of_block!("avx2,gfni", __m128i, Schedule, xor: _mm_xor_si128, apart: kept_apart);
dword_sliced!(
    "avx2,gfni", __m128i, entered: entered, rounds: rounds, left: left,
    repeat: load, xor: _mm_xor_si128, xor3: xor3,
    bytes: _mm_shuffle_epi8, dwords: _mm_shuffle_epi32,
    unpack: [_mm_unpacklo_epi32, _mm_unpackhi_epi32, _mm_unpacklo_epi64, _mm_unpackhi_epi64],
    enter: enter, leave: leave, substitute: substitute
);
dword_sliced!(
    "avx2,gfni", __m256i, entered: wide_entered, rounds: wide_rounds, left: wide_left,
    repeat: wide_repeat, xor: _mm256_xor_si256, xor3: wide_xor3,
    bytes: _mm256_shuffle_epi8, dwords: _mm256_shuffle_epi32,
    unpack: [
        _mm256_unpacklo_epi32, _mm256_unpackhi_epi32, _mm256_unpacklo_epi64, _mm256_unpackhi_epi64
    ],
    enter: wide_enter, leave: wide_leave, substitute: wide_substitute
);
hurried_rounds!(
    hurried, "avx2,gfni", __m128i, repeat: load, xor: _mm_xor_si128, xor3: xor3,
    bytes: _mm_shuffle_epi8, substitute: substitute, apart: kept_apart
);
whole_blocks_kernel!(
    crypt_4, "avx2,gfni", row: 1, groups: 1, load: load_row, store: store_row,
    entered: entered, rounds: hurried, left: left
);
hurried_rounds!(
    wide_hurried, "avx2,gfni", __m256i, repeat: wide_repeat, xor: _mm256_xor_si256, xor3: wide_xor3,
    bytes: _mm256_shuffle_epi8, substitute: wide_substitute, apart: wide_kept_apart
);
whole_blocks_kernel!(
    crypt_8, "avx2,gfni", row: 2, groups: 1, load: wide_load, store: wide_store,
    entered: wide_entered, rounds: wide_hurried, left: wide_left
);
whole_blocks_kernel!(
    crypt_16, "avx2,gfni", row: 2, groups: 2, load: wide_load, store: wide_store,
    entered: wide_entered, rounds: wide_rounds, left: wide_left
);

/// At most 7 blocks.
#[target_feature(enable = "avx2,gfni")]
fn crypt_few(schedule: &Schedule, blocks: &mut [Block]) {
    if blocks.len() > 4 {
        let mut padded = [[0; 16]; 8];
        padded[..blocks.len()].copy_from_slice(blocks);
        crypt_8(schedule, &mut padded);
        blocks.copy_from_slice(&padded[..blocks.len()]);
        padded.as_flattened_mut().zeroize();
    } else if !blocks.is_empty() {
        let mut padded = [[0; 16]; 4];
        padded[..blocks.len()].copy_from_slice(blocks);
        crypt_4(schedule, &mut padded);
        blocks.copy_from_slice(&padded[..blocks.len()]);
        padded.as_flattened_mut().zeroize();
    }
}

#[inline]
#[target_feature(enable = "avx2,gfni")]
pub(super) fn xor3(a: __m128i, b: __m128i, c: __m128i) -> __m128i {
    _mm_xor_si128(_mm_xor_si128(a, b), c)
}

#[inline]
#[target_feature(enable = "avx2,gfni")]
fn wide_xor3(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    _mm256_xor_si256(_mm256_xor_si256(a, b), c)
}

#[inline]
#[target_feature(enable = "avx2,gfni")]
pub(super) fn enter(x: __m128i) -> __m128i {
    _mm_gf2p8affine_epi64_epi8::<0>(x, _mm_set1_epi64x(ENTER as i64))
}

#[inline]
#[target_feature(enable = "avx2,gfni")]
fn wide_enter(x: __m256i) -> __m256i {
    _mm256_gf2p8affine_epi64_epi8::<0>(x, _mm256_set1_epi64x(ENTER as i64))
}

#[inline]
#[target_feature(enable = "avx2,gfni")]
pub(super) fn leave(x: __m128i) -> __m128i {
    _mm_gf2p8affine_epi64_epi8::<0>(x, _mm_set1_epi64x(LEAVE as i64))
}

#[inline]
#[target_feature(enable = "avx2,gfni")]
fn wide_leave(x: __m256i) -> __m256i {
    _mm256_gf2p8affine_epi64_epi8::<0>(x, _mm256_set1_epi64x(LEAVE as i64))
}

#[inline]
#[target_feature(enable = "avx2,gfni")]
pub(super) fn substitute(x: __m128i) -> (__m128i, __m128i) {
    (
        _mm_gf2p8affineinv_epi64_epi8::<0>(x, _mm_set1_epi64x(Q as i64)),
        _mm_gf2p8affineinv_epi64_epi8::<0>(x, _mm_set1_epi64x(W as i64)),
    )
}

#[inline]
#[target_feature(enable = "avx2,gfni")]
fn wide_substitute(x: __m256i) -> (__m256i, __m256i) {
    (
        _mm256_gf2p8affineinv_epi64_epi8::<0>(x, _mm256_set1_epi64x(Q as i64)),
        _mm256_gf2p8affineinv_epi64_epi8::<0>(x, _mm256_set1_epi64x(W as i64)),
    )
}

#[inline]
#[target_feature(enable = "avx2,gfni")]
pub(super) fn key_terms(x: __m128i) -> [__m128i; 4] {
    let matrix = KEY.map(|matrix| _mm_set1_epi64x(matrix as i64));
    [
        _mm_gf2p8affineinv_epi64_epi8::<0>(x, matrix[0]),
        _mm_gf2p8affineinv_epi64_epi8::<0>(x, matrix[1]),
        _mm_gf2p8affineinv_epi64_epi8::<0>(x, matrix[2]),
        _mm_gf2p8affineinv_epi64_epi8::<0>(x, matrix[3]),
    ]
}

// L is Q ^ W ^ Q<<<8 ^ Q<<<16 ^ W<<<24.
chained_round!(
    "avx2,gfni", xmm_reg __m128i, Block,
    ["vgf2p8affineinvqb {q}, {x}, {to_q}, 0",],
    "vpxor {p}, {d}, [{key}]" or "vpxor {p}, {d}, {key}",
    [
        "hold 1",
        "vgf2p8affineinvqb {w}, {x}, {to_w}, 0",
        "hold 14",
        "vpxor {p}, {p}, {x}",
        "vpshufd {next}, {q}, 0x4e",
        "hold 10",
        "vpshufd {q_8}, {q}, 0x93",
        "vpxor {p}, {p}, {q}",
        "hold 5",
        "vpshufd {w_24}, {w}, 0x39",
        "vpxor {next}, {next}, {q_8}",
        "vpxor {p}, {p}, {w}",
        "vpxor {next}, {next}, {w_24}",
        "vpxor {next}, {next}, {p}",
    ],
    ["vpxor {d}, {d}, {before}", "vpxor {d}, {d}, {next}",],
    to_q = in(xmm_reg) _mm_set1_epi64x(Q as i64), to_w = in(xmm_reg) _mm_set1_epi64x(W as i64),
    q = out(xmm_reg) _, w = out(xmm_reg) _, q_8 = out(xmm_reg) _, w_24 = out(xmm_reg) _
);

#[inline]
#[target_feature(enable = "avx2,gfni")]
fn round_key(schedule: &Schedule, i: usize) -> __m128i {
    load(&schedule.rounds[i])
}
