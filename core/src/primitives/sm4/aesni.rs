//! SM4 with the instructions of AES and AVX2: 1 to 4 blocks in 128-bit vectors, 8 or 16 in 256-bit ones.
//! See `aes_domain` for the algebra.
//!
//! The last round of AES gives the inverse; see `aes_tables` for what comes after it.

#![allow(unsafe_code, reason = "calls that a CPU feature allows")]

use std::arch::{asm, x86_64::*};

use zeroize::{Zeroize as _, Zeroizing};

use super::{
    Block, Chain,
    aes_domain::{
        ENTER, KEY, KEY_CONSTANT, KEY_INPUTS, KEY_START, LEAVE, Q, RoundKeys, Schedule, W,
    },
    aes_tables::{SHIFT_BACK, Tables, after_aes, plain},
    dword_sliced::{
        GATHER, LEFT_8, LEFT_16, LEFT_24, SCATTER, dword_sliced, hurried_rounds,
        whole_blocks_kernel,
    },
    one_block::{chain, chained_round, key_schedule, rounds_of_block},
    vectors::{kept_apart, load, load_row, store, store_row, wide_load, wide_repeat, wide_store},
};
use crate::primitives::cpu;

/// The round keys of `key`.
pub(super) fn expand(_: cpu::Aes, key: &Block) -> RoundKeys {
    let mut keys = Zeroizing::new([0; 32]);
    // SAFETY: a `cpu::Aes` exists only where avx2 and aes are.
    unsafe { key_schedule(key, &mut keys) };
    RoundKeys::new(&keys)
}

/// Encrypts or decrypts every block.
pub(super) fn crypt(_: cpu::Aes, schedule: &Schedule, blocks: &mut [Block]) {
    // SAFETY: a `cpu::Aes` exists only where avx2 and aes are.
    unsafe {
        let (wide, rest) = blocks.as_chunks_mut();
        wide.iter_mut().for_each(|blocks| crypt_16(schedule, blocks));
        let (fours, rest) = rest.as_chunks_mut();
        fours.iter_mut().for_each(|blocks| crypt_4(schedule, blocks));
        if !rest.is_empty() {
            let mut padded = [[0; 16]; 4];
            padded[..rest.len()].copy_from_slice(rest);
            crypt_4(schedule, &mut padded);
            rest.copy_from_slice(&padded[..rest.len()]);
            padded.as_flattened_mut().zeroize();
        }
    }
}

key_schedule!("avx2,aes");
chain!("avx2,aes", zero: 0xffff_ff00_u32, proof: cpu::Aes);
rounds_of_block!("avx2,aes", __m128i, Schedule, xor: _mm_xor_si128, apart: kept_apart);
dword_sliced!(
    "avx2,aes", __m128i, entered: entered, rounds: rounds, left: left,
    repeat: load, xor: _mm_xor_si128, xor3: xor3,
    bytes: _mm_shuffle_epi8, dwords: _mm_shuffle_epi32,
    unpack: [_mm_unpacklo_epi32, _mm_unpackhi_epi32, _mm_unpacklo_epi64, _mm_unpackhi_epi64],
    enter: enter, leave: leave, substitute: substitute
);
dword_sliced!(
    "avx2,aes", __m256i, entered: wide_entered, rounds: wide_rounds, left: wide_left,
    repeat: wide_repeat, xor: _mm256_xor_si256, xor3: wide_xor3,
    bytes: _mm256_shuffle_epi8, dwords: _mm256_shuffle_epi32,
    unpack: [
        _mm256_unpacklo_epi32, _mm256_unpackhi_epi32, _mm256_unpacklo_epi64, _mm256_unpackhi_epi64
    ],
    enter: wide_enter, leave: wide_leave, substitute: wide_substitute
);
hurried_rounds!(
    hurried, "avx2,aes", __m128i, repeat: load, xor: _mm_xor_si128, xor3: xor3,
    bytes: _mm_shuffle_epi8, substitute: substitute, apart: kept_apart
);
whole_blocks_kernel!(
    crypt_4, "avx2,aes", row: 1, groups: 1, load: load_row, store: store_row,
    entered: entered, rounds: hurried, left: left
);
whole_blocks_kernel!(
    crypt_16, "avx2,aes", row: 2, groups: 2, load: wide_load, store: wide_store,
    entered: wide_entered, rounds: wide_rounds, left: wide_left
);

#[inline]
#[target_feature(enable = "avx2,aes")]
fn xor3(a: __m128i, b: __m128i, c: __m128i) -> __m128i {
    _mm_xor_si128(_mm_xor_si128(a, b), c)
}

#[inline]
#[target_feature(enable = "avx2,aes")]
fn wide_xor3(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    _mm256_xor_si256(_mm256_xor_si256(a, b), c)
}

/// The low and the high half of every byte.
#[inline]
#[target_feature(enable = "avx2,aes")]
fn halves(x: __m128i) -> (__m128i, __m128i) {
    let mask = _mm_set1_epi8(0x0f);
    (_mm_and_si128(x, mask), _mm_and_si128(_mm_srli_epi16::<4>(x), mask))
}

#[inline]
#[target_feature(enable = "avx2,aes")]
fn wide_halves(x: __m256i) -> (__m256i, __m256i) {
    let mask = _mm256_set1_epi8(0x0f);
    (_mm256_and_si256(x, mask), _mm256_and_si256(_mm256_srli_epi16::<4>(x), mask))
}

#[inline]
#[target_feature(enable = "avx2,aes")]
fn apply(tables: &Tables, (low, high): (__m128i, __m128i)) -> __m128i {
    _mm_xor_si128(
        _mm_shuffle_epi8(load(&tables.low), low),
        _mm_shuffle_epi8(load(&tables.high), high),
    )
}

#[inline]
#[target_feature(enable = "avx2,aes")]
fn wide_apply(tables: &Tables, (low, high): (__m256i, __m256i)) -> __m256i {
    _mm256_xor_si256(
        _mm256_shuffle_epi8(wide_repeat(&tables.low), low),
        _mm256_shuffle_epi8(wide_repeat(&tables.high), high),
    )
}

#[inline]
#[target_feature(enable = "avx2,aes")]
fn enter(x: __m128i) -> __m128i {
    apply(const { &plain(ENTER) }, halves(x))
}

#[inline]
#[target_feature(enable = "avx2,aes")]
fn wide_enter(x: __m256i) -> __m256i {
    wide_apply(const { &plain(ENTER) }, wide_halves(x))
}

#[inline]
#[target_feature(enable = "avx2,aes")]
fn leave(x: __m128i) -> __m128i {
    apply(const { &plain(LEAVE) }, halves(x))
}

#[inline]
#[target_feature(enable = "avx2,aes")]
fn wide_leave(x: __m256i) -> __m256i {
    wide_apply(const { &plain(LEAVE) }, wide_halves(x))
}

#[inline]
#[target_feature(enable = "avx2,aes")]
fn substitute(x: __m128i) -> (__m128i, __m128i) {
    let s = halves(aes_s_box(x));
    (apply(const { &after_aes(Q) }, s), apply(const { &after_aes(W) }, s))
}

#[inline]
#[target_feature(enable = "avx2,aes")]
fn wide_substitute(x: __m256i) -> (__m256i, __m256i) {
    let low = last_round(_mm256_castsi256_si128(x));
    let high = last_round(_mm256_extracti128_si256::<1>(x));
    let s = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), wide_repeat(&SHIFT_BACK));
    let s = wide_halves(s);
    (wide_apply(const { &after_aes(Q) }, s), wide_apply(const { &after_aes(W) }, s))
}

#[inline]
#[target_feature(enable = "avx2,aes")]
fn key_terms(x: __m128i) -> [__m128i; 4] {
    let s = halves(aes_s_box(x));
    [
        apply(const { &after_aes(KEY[0]) }, s),
        apply(const { &after_aes(KEY[1]) }, s),
        apply(const { &after_aes(KEY[2]) }, s),
        apply(const { &after_aes(KEY[3]) }, s),
    ]
}

/// The S-box of AES on every byte.
#[inline]
#[target_feature(enable = "avx2,aes")]
fn aes_s_box(x: __m128i) -> __m128i {
    _mm_shuffle_epi8(last_round(x), load(&SHIFT_BACK))
}

/// The last round of AES without a key: the S-box, and the rows shifted.
#[inline]
#[target_feature(enable = "avx2,aes")]
fn last_round(x: __m128i) -> __m128i {
    _mm_aesenclast_si128(x, _mm_setzero_si128())
}

// L is Q ^ W ^ Q<<<8 ^ Q<<<16 ^ W<<<24. Only the low byte of every dword is in use; the others are zero in
// the input and in the output. So no rows need to be shifted back, since the low bytes are the first row,
// which AES leaves in its place; and one shift brings the high halves of the bytes, without a mask.
chained_round!(
    "avx2,aes", xmm_reg __m128i, Block,
    ["vaesenclast {s}, {x}, [{chained}]",],
    "vpand {p}, {low_bytes}, [{key}]" or "vpand {p}, {low_bytes}, {key}",
    [
        "vpxor {p}, {p}, {x}",
        "vmovdqa {q}, [{chained} + 32]",
        "vpxor {p}, {p}, {d}",
        "vpxor {p}, {p}, {zeros}",
        "vpand {low}, {s}, [{chained} + 16]",
        "vpsrld {s}, {s}, 4",
        "vpshufb {q}, {q}, {low}",
        "hold 4",
        "vmovdqa {next}, [{chained} + 48]",
        "vpshufb {next}, {next}, {s}",
        "vmovdqa {u}, [{chained} + 80]",
        "vmovdqa {w}, [{chained} + 64]",
        "vpxor {q}, {q}, {next}",
        "hold 13",
        "vpshufb {u}, {u}, {s}",
        "hold 32",
        "vpshufb {w}, {w}, {low}",
        "vpxor {w}, {w}, {u}",
        "vpxor {p}, {p}, {q}",
        "vpshufd {next}, {q}, 0x93",
        "vpshufd {q}, {q}, 0x4e",
        "vpxor {next}, {next}, {q}",
        "vpxor {p}, {p}, {w}",
        "vpshufd {w}, {w}, 0x39",
        "vpxor {next}, {next}, {w}",
        "vpxor {next}, {next}, {p}",
    ],
    ["vpxor {d}, {d}, {before}", "vpxor {d}, {d}, {next}",],
    chained = in(reg) &raw const CHAINED,
    low_bytes = in(xmm_reg) _mm_set1_epi32(0xff),
    zeros = in(xmm_reg) _mm_set1_epi32(ZEROS),
    s = out(xmm_reg) _, low = out(xmm_reg) _,
    q = out(xmm_reg) _, w = out(xmm_reg) _, u = out(xmm_reg) _
);

/// The other bytes of a dword are zero, as those of the words.
#[inline]
#[target_feature(enable = "avx2,aes")]
fn round_key(schedule: &Schedule, i: usize) -> __m128i {
    _mm_and_si128(load(&schedule.rounds[i]), _mm_set1_epi32(0xff))
}

/// What a round of a chain reads, at the places that are written there.
#[repr(C, align(64))]
struct Chained {
    /// Takes back what the S-box of AES makes of zero.
    aes_key: Block,
    /// The low halves of the bytes.
    half: Block,
    q: Tables,
    w: Tables,
}

static CHAINED: Chained = Chained {
    aes_key: [0, 0x63, 0x63, 0x63, 0, 0x63, 0x63, 0x63, 0, 0x63, 0x63, 0x63, 0, 0x63, 0x63, 0x63],
    half: [0x0f; 16],
    q: after_aes(Q),
    w: after_aes(W),
};

/// Takes back what the tables make of the zeros.
const ZEROS: i32 = i32::from_le_bytes([0, 1, 1, 1]) * after_aes(Q).low[0] as i32;
