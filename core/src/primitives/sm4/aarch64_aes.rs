//! SM4 with the instructions of AES on aarch64: 4 or 16 blocks side by side. See `aes_domain` for the
//! algebra.
//!
//! A round of AES without its mixing gives the inverse; see `aes_tables` for what comes after it.

#![allow(unsafe_code, reason = "vector loads and stores, and calls that a CPU feature allows")]

use std::arch::aarch64::*;

use zeroize::{Zeroize as _, Zeroizing};

use super::{
    Block,
    aes_domain::{
        ENTER, KEY, KEY_CONSTANT, KEY_INPUTS, KEY_START, LEAVE, Q, RoundKeys, Schedule, W,
    },
    aes_tables::{SHIFT_BACK, Tables, after_aes, plain},
    dword_sliced::{GATHER, SCATTER, dword_sliced, whole_blocks_kernel},
};
use crate::primitives::cpu;

/// The round keys of `key`.
pub(super) fn expand(_: cpu::Aes, key: &Block) -> RoundKeys {
    let mut keys = Zeroizing::new([0; 32]);
    // SAFETY: a `cpu::Aes` exists only where the features of this function are.
    unsafe { key_schedule(key, &mut keys) };
    RoundKeys::new(&keys)
}

/// Encrypts or decrypts every block.
pub(super) fn crypt(_: cpu::Aes, schedule: &Schedule, blocks: &mut [Block]) {
    // SAFETY: a `cpu::Aes` exists only where the features of these functions are.
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

dword_sliced!(
    "neon,aes", uint8x16_t, entered: entered, rounds: rounds, left: left,
    repeat: load, xor: veorq_u8, xor3: xor3, bytes: vqtbl1q_u8, dwords: dwords,
    unpack: [zip_low_32, zip_high_32, zip_low_64, zip_high_64],
    enter: enter, leave: leave, substitute: substitute
);
whole_blocks_kernel!(
    crypt_4, "neon,aes", row: 1, groups: 1, load: load_row, store: store_row,
    entered: entered, rounds: rounds, left: left
);
whole_blocks_kernel!(
    crypt_16, "neon,aes", row: 1, groups: 4, load: load_row, store: store_row,
    entered: entered, rounds: rounds, left: left
);

/// P·rk(0) to P·rk(31) (GB/T 32907-2016, 7.3). A word is in all four columns of the state of AES:
/// shifting the rows changes nothing.
#[target_feature(enable = "neon,aes")]
fn key_schedule(key: &Block, keys: &mut [u32; 32]) {
    let start = vrev32q_u8(enter(veorq_u8(load(key), load(&KEY_START))));
    let start = vreinterpretq_u32_u8(start);
    let mut u = [
        vdupq_laneq_u32::<0>(start),
        vdupq_laneq_u32::<1>(start),
        vdupq_laneq_u32::<2>(start),
        vdupq_laneq_u32::<3>(start),
    ];
    let none = vdupq_n_u8(0);
    for (&input, key) in KEY_INPUTS.iter().zip(keys) {
        let x = veorq_u32(veorq_u32(u[1], u[2]), veorq_u32(u[3], vdupq_n_u32(input)));
        let s = halves(vaeseq_u8(vreinterpretq_u8_u32(x), none));
        let b0 = vreinterpretq_u32_u8(apply(const { &after_aes(KEY[0]) }, s));
        let b1 = vreinterpretq_u32_u8(apply(const { &after_aes(KEY[1]) }, s));
        let b2 = vreinterpretq_u32_u8(apply(const { &after_aes(KEY[2]) }, s));
        let b3 = vreinterpretq_u32_u8(apply(const { &after_aes(KEY[3]) }, s));
        // Words turned left by none, one, two and three bytes.
        let sum01 = veorq_u32(b0, vsriq_n_u32::<24>(vshlq_n_u32::<8>(b1), b1));
        let sum23 = veorq_u32(
            vsriq_n_u32::<16>(vshlq_n_u32::<16>(b2), b2),
            vsriq_n_u32::<8>(vshlq_n_u32::<24>(b3), b3),
        );
        let old = veorq_u32(u[0], vdupq_n_u32(KEY_CONSTANT));
        let next = veorq_u32(old, veorq_u32(sum01, sum23));
        *key = vgetq_lane_u32::<0>(next);
        u = [u[1], u[2], u[3], next];
    }
}

/// The low and the high half of every byte.
#[inline]
#[target_feature(enable = "neon,aes")]
fn halves(x: uint8x16_t) -> (uint8x16_t, uint8x16_t) {
    (vandq_u8(x, vdupq_n_u8(0x0f)), vshrq_n_u8::<4>(x))
}

#[inline]
#[target_feature(enable = "neon,aes")]
fn apply(tables: &Tables, (low, high): (uint8x16_t, uint8x16_t)) -> uint8x16_t {
    veorq_u8(vqtbl1q_u8(load(&tables.low), low), vqtbl1q_u8(load(&tables.high), high))
}

#[inline]
#[target_feature(enable = "neon,aes")]
fn enter(x: uint8x16_t) -> uint8x16_t {
    apply(const { &plain(ENTER) }, halves(x))
}

#[inline]
#[target_feature(enable = "neon,aes")]
fn leave(x: uint8x16_t) -> uint8x16_t {
    apply(const { &plain(LEAVE) }, halves(x))
}

#[inline]
#[target_feature(enable = "neon,aes")]
fn substitute(x: uint8x16_t) -> (uint8x16_t, uint8x16_t) {
    let shifted = vaeseq_u8(x, vdupq_n_u8(0));
    let s = halves(vqtbl1q_u8(shifted, load(&SHIFT_BACK)));
    (apply(const { &after_aes(Q) }, s), apply(const { &after_aes(W) }, s))
}

#[inline]
#[target_feature(enable = "neon,aes")]
fn xor3(a: uint8x16_t, b: uint8x16_t, c: uint8x16_t) -> uint8x16_t {
    veorq_u8(veorq_u8(a, b), c)
}

/// Dword i of the result is dword (`ORDER` >> 2i) mod 4 of `x`, for the two orders that a round needs.
#[inline]
#[target_feature(enable = "neon,aes")]
fn dwords<const ORDER: u32>(x: uint8x16_t) -> uint8x16_t {
    const {
        assert!(ORDER == 0b01_00_11_10 || ORDER == 0b00_11_10_01, "words are only turned");
    }
    if ORDER == 0b01_00_11_10 { vextq_u8::<8>(x, x) } else { vextq_u8::<4>(x, x) }
}

/// Defines an operation on vectors of bytes by the same on wider parts.
macro_rules! zip {
    ($name:ident: $zip:ident, $from:ident, $to:ident) => {
        #[inline]
        #[target_feature(enable = "neon,aes")]
        fn $name(a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
            $to($zip($from(a), $from(b)))
        }
    };
}

zip!(zip_low_32: vzip1q_u32, vreinterpretq_u32_u8, vreinterpretq_u8_u32);
zip!(zip_high_32: vzip2q_u32, vreinterpretq_u32_u8, vreinterpretq_u8_u32);
zip!(zip_low_64: vzip1q_u64, vreinterpretq_u64_u8, vreinterpretq_u8_u64);
zip!(zip_high_64: vzip2q_u64, vreinterpretq_u64_u8, vreinterpretq_u8_u64);

#[inline]
#[target_feature(enable = "neon,aes")]
fn load(block: &Block) -> uint8x16_t {
    // SAFETY: a block is 16 readable bytes, and this load takes any alignment.
    unsafe { vld1q_u8(block.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon,aes")]
fn load_row(row: &[Block; 1]) -> uint8x16_t {
    load(&row[0])
}

#[inline]
#[target_feature(enable = "neon,aes")]
fn store_row(row: &mut [Block; 1], value: uint8x16_t) {
    // SAFETY: a block is 16 writable bytes, and this store takes any alignment.
    unsafe { vst1q_u8(row[0].as_mut_ptr(), value) }
}
