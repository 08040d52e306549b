//! SM4 with GFNI and AVX2: 1 to 4 blocks in 128-bit vectors, 8 or 16 in 256-bit ones; the key schedule;
//! and the chain of CBC. See `aes_domain` for the algebra.

#![allow(unsafe_code, reason = "vector loads and stores, and calls that a CPU feature allows")]

use std::arch::x86_64::*;

use zeroize::Zeroizing;

use super::{
    Block,
    aes_domain::{
        ENTER, KEY, KEY_CONSTANT, KEY_INPUTS, KEY_START, LEAVE, Q, RoundKeys, Schedule, W,
    },
    dword_sliced::{GATHER, SCATTER, dword_sliced},
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

/// Encrypts a chain that goes on from `previous`.
pub(super) fn cbc_encrypt(
    _: cpu::Gfni,
    schedule: &Schedule,
    previous: &Block,
    blocks: &mut [Block],
) {
    // SAFETY: a `cpu::Gfni` exists only where avx2 and gfni are.
    unsafe { chain(schedule, previous, blocks) }
}

macro_rules! xor3 {
    ($a:expr, $b:expr, $c:expr) => {
        _mm_xor_si128(_mm_xor_si128($a, $b), $c)
    };
}
macro_rules! enter {
    ($x:expr) => {
        _mm_gf2p8affine_epi64_epi8::<0>($x, _mm_set1_epi64x(ENTER as i64))
    };
}
macro_rules! leave {
    ($x:expr) => {
        _mm_gf2p8affine_epi64_epi8::<0>($x, _mm_set1_epi64x(LEAVE as i64))
    };
}
macro_rules! substitute {
    ($x:expr) => {{
        let x = $x;
        (
            _mm_gf2p8affineinv_epi64_epi8::<0>(x, _mm_set1_epi64x(Q as i64)),
            _mm_gf2p8affineinv_epi64_epi8::<0>(x, _mm_set1_epi64x(W as i64)),
        )
    }};
}
macro_rules! wide_xor3 {
    ($a:expr, $b:expr, $c:expr) => {
        _mm256_xor_si256(_mm256_xor_si256($a, $b), $c)
    };
}
macro_rules! wide_enter {
    ($x:expr) => {
        _mm256_gf2p8affine_epi64_epi8::<0>($x, _mm256_set1_epi64x(ENTER as i64))
    };
}
macro_rules! wide_leave {
    ($x:expr) => {
        _mm256_gf2p8affine_epi64_epi8::<0>($x, _mm256_set1_epi64x(LEAVE as i64))
    };
}
macro_rules! wide_substitute {
    ($x:expr) => {{
        let x = $x;
        (
            _mm256_gf2p8affineinv_epi64_epi8::<0>(x, _mm256_set1_epi64x(Q as i64)),
            _mm256_gf2p8affineinv_epi64_epi8::<0>(x, _mm256_set1_epi64x(W as i64)),
        )
    }};
}

dword_sliced!(
    crypt_4, "avx2,gfni", __m128i, row: 1, groups: 1,
    load: load_row, store: store_row, repeat: load, xor: _mm_xor_si128,
    xor3: xor3, bytes: _mm_shuffle_epi8, dwords: _mm_shuffle_epi32,
    unpack: [_mm_unpacklo_epi32, _mm_unpackhi_epi32, _mm_unpacklo_epi64, _mm_unpackhi_epi64],
    enter: enter, leave: leave, substitute: substitute
);
dword_sliced!(
    crypt_8, "avx2,gfni", __m256i, row: 2, groups: 1,
    load: wide_load, store: wide_store, repeat: wide_repeat, xor: _mm256_xor_si256,
    xor3: wide_xor3, bytes: _mm256_shuffle_epi8, dwords: _mm256_shuffle_epi32,
    unpack: [
        _mm256_unpacklo_epi32, _mm256_unpackhi_epi32, _mm256_unpacklo_epi64, _mm256_unpackhi_epi64
    ],
    enter: wide_enter, leave: wide_leave, substitute: wide_substitute
);
dword_sliced!(
    crypt_16, "avx2,gfni", __m256i, row: 2, groups: 2,
    load: wide_load, store: wide_store, repeat: wide_repeat, xor: _mm256_xor_si256,
    xor3: wide_xor3, bytes: _mm256_shuffle_epi8, dwords: _mm256_shuffle_epi32,
    unpack: [
        _mm256_unpacklo_epi32, _mm256_unpackhi_epi32, _mm256_unpacklo_epi64, _mm256_unpackhi_epi64
    ],
    enter: wide_enter, leave: wide_leave, substitute: wide_substitute
);

/// At most 7 blocks.
#[target_feature(enable = "avx2,gfni")]
fn crypt_few(schedule: &Schedule, blocks: &mut [Block]) {
    if blocks.len() > 4 {
        let mut padded = [[0; 16]; 8];
        padded[..blocks.len()].copy_from_slice(blocks);
        crypt_8(schedule, &mut padded);
        blocks.copy_from_slice(&padded[..blocks.len()]);
    } else if !blocks.is_empty() {
        let mut padded = [[0; 16]; 4];
        padded[..blocks.len()].copy_from_slice(blocks);
        crypt_4(schedule, &mut padded);
        blocks.copy_from_slice(&padded[..blocks.len()]);
    }
}

/// P·rk(0) to P·rk(31) (GB/T 32907-2016, 7.3), each word in the low dword of a vector.
#[target_feature(enable = "avx2,gfni")]
fn key_schedule(key: &Block, keys: &mut [u32; 32]) {
    let start = enter!(_mm_xor_si128(load(key), load(&KEY_START)));
    // Dword j of the vector: word j, its bytes now the lowest first.
    let start =
        _mm_shuffle_epi8(start, _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
    let mut u = [
        start,
        _mm_shuffle_epi32::<1>(start),
        _mm_shuffle_epi32::<2>(start),
        _mm_shuffle_epi32::<3>(start),
    ];
    let matrix = KEY.map(|matrix| _mm_set1_epi64x(matrix as i64));
    let constant = _mm_set1_epi32(KEY_CONSTANT as i32);
    // Words turned left by one, two and three bytes.
    let one = _mm_set1_epi32(0x02_01_00_03);
    let two = _mm_set1_epi32(0x01_00_03_02);
    let three = _mm_set1_epi32(0x00_03_02_01);
    for (inputs, keys) in KEY_INPUTS.as_chunks::<4>().0.iter().zip(keys.as_chunks_mut().0) {
        let keys: &mut [u32; 4] = keys;
        for i in 0..4 {
            let input = _mm_set1_epi32(inputs[i] as i32);
            let x = _mm_xor_si128(xor3!(u[(i + 1) % 4], u[(i + 2) % 4], input), u[(i + 3) % 4]);
            let b0 = _mm_gf2p8affineinv_epi64_epi8::<0>(x, matrix[0]);
            let b1 = _mm_shuffle_epi8(_mm_gf2p8affineinv_epi64_epi8::<0>(x, matrix[1]), one);
            let b2 = _mm_shuffle_epi8(_mm_gf2p8affineinv_epi64_epi8::<0>(x, matrix[2]), two);
            let b3 = _mm_shuffle_epi8(_mm_gf2p8affineinv_epi64_epi8::<0>(x, matrix[3]), three);
            let old = xor3!(u[i], constant, b0);
            u[i] = xor3!(old, b1, _mm_xor_si128(b2, b3));
            keys[i] = _mm_cvtsi128_si32(u[i]) as u32;
        }
    }
}

/// Encrypts a chain: what a block leaves enters the next without changing its basis.
#[target_feature(enable = "avx2,gfni")]
fn chain(schedule: &Schedule, previous: &Block, blocks: &mut [Block]) {
    // Word j of a block, dword i being its byte i (0 the lowest) four times.
    let gather = [0, 4, 8, 12].map(|j: i32| {
        let four = |byte: i32| byte * 0x0101_0101;
        _mm_set_epi32(four(j), four(j + 1), four(j + 2), four(j + 3))
    });
    let enter = load(&schedule.enter);
    let leave = load(&schedule.leave);
    macro_rules! words {
        ($bytes:expr) => {{
            let bytes = enter!($bytes);
            [
                _mm_shuffle_epi8(bytes, gather[0]),
                _mm_shuffle_epi8(bytes, gather[1]),
                _mm_shuffle_epi8(bytes, gather[2]),
                _mm_shuffle_epi8(bytes, gather[3]),
            ]
        }};
    }
    // The state that a block left, in the order in which the next one takes it up. After the first
    // block it still has c(35) to c(32) in it.
    let mut chain = words!(_mm_xor_si128(load(previous), leave));
    for block in blocks {
        let input = words!(_mm_xor_si128(load(block), leave));
        let mut s = [
            _mm_xor_si128(chain[0], input[0]),
            _mm_xor_si128(chain[1], input[1]),
            _mm_xor_si128(chain[2], input[2]),
            _mm_xor_si128(chain[3], _mm_xor_si128(input[3], enter)),
        ];
        for keys in schedule.rounds.as_chunks::<4>().0 {
            for i in 0..4 {
                let early = _mm_xor_si128(s[(i + 1) % 4], s[(i + 2) % 4]);
                let (q, w) = substitute!(_mm_xor_si128(early, s[(i + 3) % 4]));
                let u = _mm_xor_si128(w, _mm_shuffle_epi32::<0b01_00_11_10>(q));
                let sum = xor3!(s[i], load(&keys[i]), q);
                s[i] = xor3!(sum, u, _mm_shuffle_epi32::<0b00_11_10_01>(u));
            }
        }
        chain = [s[3], s[2], s[1], s[0]];
        // Byte j of every dword from word j.
        let low = _mm_blendv_epi8(chain[0], chain[1], _mm_set1_epi32(0x0000_ff00));
        let high = _mm_blendv_epi8(chain[2], chain[3], _mm_set1_epi32(0xff00_0000_u32 as i32));
        let words = _mm_blend_epi16::<0b10_10_10_10>(low, high);
        let out = _mm_shuffle_epi8(leave!(words), load(&SCATTER));
        store(block, _mm_xor_si128(out, leave));
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(block: &Block) -> __m128i {
    // SAFETY: a block is 16 readable bytes, and this load takes any alignment.
    unsafe { _mm_loadu_si128(block.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_row(row: &[Block; 1]) -> __m128i {
    load(&row[0])
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_row(row: &mut [Block; 1], value: __m128i) {
    store(&mut row[0], value);
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(block: &mut Block, value: __m128i) {
    // SAFETY: a block is 16 writable bytes, and this store takes any alignment.
    unsafe { _mm_storeu_si128(block.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn wide_repeat(block: &Block) -> __m256i {
    _mm256_broadcastsi128_si256(load(block))
}

#[inline]
#[target_feature(enable = "avx2")]
fn wide_load(row: &[Block; 2]) -> __m256i {
    // SAFETY: a row is 32 readable bytes, and this load takes any alignment.
    unsafe { _mm256_loadu_si256(row.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn wide_store(row: &mut [Block; 2], value: __m256i) {
    // SAFETY: a row is 32 writable bytes, and this store takes any alignment.
    unsafe { _mm256_storeu_si256(row.as_mut_ptr().cast(), value) }
}
