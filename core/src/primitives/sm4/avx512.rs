//! SM4 with GFNI on 512-bit vectors: 64 blocks byte by byte, 16 blocks word by word. See `aes_domain` for
//! the algebra; what is left over of few blocks goes to `gfni`.
//!
//! Of 64 blocks, vector 4j + i has byte i (0 the lowest) of word j of every block, so that turning
//! words by whole bytes is only a renaming.

#![allow(unsafe_code, reason = "vector loads and stores, and calls that a CPU feature allows")]

use std::arch::x86_64::*;

use super::{
    Block,
    aes_domain::{ENTER, LEAVE, Q, Schedule, W},
    batch,
    dword_sliced::{GATHER, SCATTER, dword_sliced},
    gfni,
};
use crate::primitives::cpu;

/// The blocks of the wide kernel.
const WIDE: usize = 64;

/// A word of 64 blocks by bytes, the lowest first.
type Word = [__m512i; 4];

/// Encrypts or decrypts every block.
pub(super) fn crypt(cpu: cpu::Avx512Gfni, schedule: &Schedule, blocks: &mut [Block]) {
    let (wide, rest) = blocks.as_chunks_mut();
    // SAFETY: a `cpu::Avx512Gfni` exists only where the features of these functions are.
    unsafe {
        wide.iter_mut().for_each(|blocks| crypt_64(schedule, Input::Data, blocks));
        if rest.len() > WIDE / 2 {
            return padded(rest, |blocks| crypt_64(schedule, Input::Data, blocks));
        }
        let (sixteens, rest) = rest.as_chunks_mut();
        sixteens.iter_mut().for_each(|blocks| crypt_16(schedule, blocks));
        if rest.len() > 4 {
            return padded(rest, |blocks| crypt_16(schedule, blocks));
        }
        gfni::crypt(cpu.gfni(), schedule, rest);
    }
}

/// Adds E(counter) ‖ E(counter + 1) ‖ … to `data`.
pub(super) fn xor_keystream(
    cpu: cpu::Avx512Gfni,
    schedule: &Schedule,
    mut counter: u128,
    data: &mut [u8],
) {
    let (wide, rest) = data.split_at_mut(data.len() / (16 * WIDE) * (16 * WIDE));
    for blocks in wide.as_chunks_mut().0.as_chunks_mut().0 {
        // SAFETY: a `cpu::Avx512Gfni` exists only where the features of this function are.
        unsafe { crypt_64(schedule, Input::Counters(counter), blocks) };
        counter = counter.wrapping_add(WIDE as u128);
    }
    if !rest.is_empty() {
        batch::xor_keystream(|blocks| crypt(cpu, schedule, blocks), counter, rest);
    }
}

/// 64 counters written out.
fn counters(first: u128) -> [Block; WIDE] {
    let mut counters = [[0; 16]; WIDE];
    for (block, skip) in counters.iter_mut().zip(0..) {
        *block = first.wrapping_add(skip).to_be_bytes();
    }
    counters
}

fn padded<const N: usize>(blocks: &mut [Block], kernel: impl Fn(&mut [Block; N])) {
    let mut padded = [[0; 16]; N];
    padded[..blocks.len()].copy_from_slice(blocks);
    kernel(&mut padded);
    blocks.copy_from_slice(&padded[..blocks.len()]);
}

dword_sliced!(
    crypt_16, "avx512f,avx512bw,avx512vl,gfni", __m512i, row: 4, groups: 1,
    load: load, store: store, repeat: repeat, xor: _mm512_xor_si512,
    xor3: xor3, bytes: _mm512_shuffle_epi8, dwords: _mm512_shuffle_epi32,
    unpack: [
        _mm512_unpacklo_epi32, _mm512_unpackhi_epi32, _mm512_unpacklo_epi64, _mm512_unpackhi_epi64
    ],
    enter: enter, leave: leave, substitute: substitute
);

/// What 64 blocks go through the rounds.
enum Input {
    /// The data itself, which the result replaces.
    Data,
    /// The counters from this one on: the result is added to the data.
    Counters(u128),
}

/// Encrypts or decrypts 64 blocks.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn crypt_64(schedule: &Schedule, input: Input, blocks: &mut [Block; WIDE]) {
    let written;
    let state = match input {
        Input::Counters(first) if first as u8 <= 255 - (WIDE as u8 - 1) => entered_counters(first),
        Input::Data | Input::Counters(_) => entered(match input {
            Input::Data => blocks,
            Input::Counters(first) => {
                written = counters(first);
                &written
            }
        }),
    };
    let out = left(rounds(schedule, state));
    let last = repeat(&schedule.leave);
    let kept = match input {
        Input::Data => 0,
        Input::Counters(_) => !0,
    };
    let (rows, _) = blocks.as_chunks_mut();
    for r in 0..16 {
        let old = _mm512_maskz_mov_epi64(kept, load(&rows[r]));
        store(&mut rows[r], xor3(out[r], last, old));
    }
}

/// The state of 64 blocks.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn entered(blocks: &[Block; WIDE]) -> [Word; 4] {
    let (rows, _) = blocks.as_chunks();
    let mut v = [_mm512_setzero_si512(); 16];
    for r in 0..16 {
        v[r] = load(&rows[r]);
    }
    let v = transpose(v);
    let mut state = [[_mm512_setzero_si512(); 4]; 4];
    for m in 0..16 {
        // Byte m of a block is byte 3 - m mod 4 of its word, counted from the lowest.
        state[m / 4][3 - m % 4] = enter(v[m]);
    }
    state
}

/// The state of 64 counters of which only the lowest byte differs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn entered_counters(first: u128) -> [Word; 4] {
    let mut bytes = [[0; 16]; 4];
    store(&mut bytes, enter(repeat(&first.to_be_bytes())));
    let mut state = [[_mm512_setzero_si512(); 4]; 4];
    for m in 0..15 {
        state[m / 4][3 - m % 4] = _mm512_set1_epi8(bytes[0][m] as i8);
    }
    // Block 4r + l has its byte at place r of lane l, as after a transposition.
    let places = _mm512_set_epi32(
        0x3f3b_3733,
        0x2f2b_2723,
        0x1f1b_1713,
        0x0f0b_0703,
        0x3e3a_3632,
        0x2e2a_2622,
        0x1e1a_1612,
        0x0e0a_0602,
        0x3d39_3531,
        0x2d29_2521,
        0x1d19_1511,
        0x0d09_0501,
        0x3c38_3430,
        0x2c28_2420,
        0x1c18_1410,
        0x0c08_0400,
    );
    state[3][0] = enter(_mm512_add_epi8(places, _mm512_set1_epi8(first as i8)));
    state
}

/// Adds c(3) and runs the 32 rounds.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn rounds(schedule: &Schedule, [mut a, mut b, mut c, mut d]: [Word; 4]) -> [Word; 4] {
    let (enter, _) = schedule.enter.as_chunks();
    for i in 0..4 {
        d[i] = _mm512_xor_si512(d[i], _mm512_set1_epi32(i32::from_le_bytes(enter[i])));
    }
    for keys in schedule.rounds.as_chunks::<4>().0 {
        a = round(a, b, c, d, &keys[0]);
        b = round(b, c, d, a, &keys[1]);
        c = round(c, d, a, b, &keys[2]);
        d = round(d, a, b, c, &keys[3]);
    }
    [a, b, c, d]
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn round(old: Word, x1: Word, x2: Word, x3: Word, key: &Block) -> Word {
    let zero = _mm512_setzero_si512();
    let (mut q, mut u) = ([zero; 4], [zero; 4]);
    for i in [2, 3, 0, 1] {
        (q[i], u[i]) = substitute(xor3(x1[i], x2[i], x3[i]));
    }
    // U = W ^ Q<<<16, and the round's sum Q ^ U ^ U<<<24.
    for i in 0..4 {
        u[i] = _mm512_xor_si512(u[i], q[(i + 2) % 4]);
    }
    let (keys, _) = key.as_chunks();
    let mut new = old;
    for i in 0..4 {
        let key = _mm512_set1_epi32(i32::from_le_bytes(keys[i]));
        new[i] = xor3(xor3(old[i], q[i], key), u[i], u[(i + 1) % 4]);
    }
    new
}

/// Back to the basis of SM4 and to blocks, the words in reverse (GB/T 32907-2016, 7.1, R).
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn left(state: [Word; 4]) -> [__m512i; 16] {
    let mut v = [_mm512_setzero_si512(); 16];
    for m in 0..16 {
        v[m] = leave(state[3 - m / 4][3 - m % 4]);
    }
    transpose(v)
}

/// The transposition of 16 bytes in 16 vectors within every lane, its own inverse.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn transpose(mut v: [__m512i; 16]) -> [__m512i; 16] {
    for _ in 0..4 {
        let old = v;
        for i in 0..8 {
            v[2 * i] = _mm512_unpacklo_epi8(old[i], old[i + 8]);
            v[2 * i + 1] = _mm512_unpackhi_epi8(old[i], old[i + 8]);
        }
    }
    v
}

#[inline]
#[target_feature(enable = "avx512f")]
fn repeat(block: &Block) -> __m512i {
    // SAFETY: a block is 16 readable bytes, and this load takes any alignment.
    _mm512_broadcast_i32x4(unsafe { _mm_loadu_si128(block.as_ptr().cast()) })
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(row: &[Block; 4]) -> __m512i {
    // SAFETY: a row is 64 readable bytes, and this load takes any alignment.
    unsafe { _mm512_loadu_si512(row.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(row: &mut [Block; 4], value: __m512i) {
    // SAFETY: a row is 64 writable bytes, and this store takes any alignment.
    unsafe { _mm512_storeu_si512(row.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<0x96>(a, b, c)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn enter(x: __m512i) -> __m512i {
    _mm512_gf2p8affine_epi64_epi8::<0>(x, _mm512_set1_epi64(ENTER as i64))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn leave(x: __m512i) -> __m512i {
    _mm512_gf2p8affine_epi64_epi8::<0>(x, _mm512_set1_epi64(LEAVE as i64))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,gfni")]
fn substitute(x: __m512i) -> (__m512i, __m512i) {
    (
        _mm512_gf2p8affineinv_epi64_epi8::<0>(x, _mm512_set1_epi64(Q as i64)),
        _mm512_gf2p8affineinv_epi64_epi8::<0>(x, _mm512_set1_epi64(W as i64)),
    )
}
