//! SM4 with the instructions that ARMv8.2 has for it (FEAT_SM4): four rounds, or four round keys, at a
//! time; 8 blocks side by side.
//!
//! The compiler has no functions for them yet, so each is one line of assembly here: it still chooses
//! the registers and the order. Lane i of a vector holds word i.

#![allow(
    unsafe_code,
    reason = "assembly, vector loads and stores, and calls that a CPU feature allows"
)]

use std::arch::{aarch64::*, asm};

use zeroize::{Zeroize as _, ZeroizeOnDrop};

use super::{Block, CK, FK};
use crate::primitives::cpu;

/// rk(0) to rk(31) for encryption, and in reverse for decryption.
#[derive(Clone)]
pub(super) struct RoundKeys(Box<[Schedule; 2]>);

/// The round keys in the order in which they are used.
pub(super) type Schedule = [[u32; 4]; 8];

impl RoundKeys {
    /// For encryption.
    pub(super) fn encrypt(&self) -> &Schedule {
        &self.0[0]
    }

    /// For decryption.
    pub(super) fn decrypt(&self) -> &Schedule {
        &self.0[1]
    }
}

impl Drop for RoundKeys {
    fn drop(&mut self) {
        self.0.as_flattened_mut().as_flattened_mut().zeroize();
    }
}

impl ZeroizeOnDrop for RoundKeys {}

/// The round keys of `key` (GB/T 32907-2016, 7.3).
pub(super) fn expand(_: cpu::Sm, key: &Block) -> RoundKeys {
    let mut both = Box::new([[[0; 4]; 8]; 2]);
    // SAFETY: a `cpu::Sm` exists only where the features of this function are.
    unsafe { key_schedule(key, &mut both[0]) };
    both[1] = both[0];
    both[1].as_flattened_mut().reverse();
    RoundKeys(both)
}

/// Encrypts or decrypts every block.
pub(super) fn crypt(_: cpu::Sm, schedule: &Schedule, blocks: &mut [Block]) {
    let (eights, rest) = blocks.as_chunks_mut();
    let (fours, rest) = rest.as_chunks_mut();
    let (ones, _) = rest.as_chunks_mut();
    // SAFETY: a `cpu::Sm` exists only where the features of these functions are.
    unsafe {
        eights.iter_mut().for_each(|group| crypt_group::<8>(schedule, group));
        fours.iter_mut().for_each(|group| crypt_group::<4>(schedule, group));
        ones.iter_mut().for_each(|group| crypt_group::<1>(schedule, group));
    }
}

#[target_feature(enable = "neon,sm4")]
fn key_schedule(key: &Block, schedule: &mut Schedule) {
    let mut k = veorq_u32(load_block(key), load(&FK));
    for (keys, ck) in schedule.iter_mut().zip(CK.as_chunks().0) {
        k = sm4ekey(k, load(ck));
        store(keys, k);
    }
}

/// The 32 rounds of `N` blocks (7.1), which do not wait for each other.
#[target_feature(enable = "neon,sm4")]
fn crypt_group<const N: usize>(schedule: &Schedule, blocks: &mut [Block; N]) {
    let mut x = [vdupq_n_u32(0); N];
    for i in 0..N {
        x[i] = load_block(&blocks[i]);
    }
    for keys in schedule {
        let keys = load(keys);
        for i in 0..N {
            x[i] = sm4e(x[i], keys);
        }
    }
    for i in 0..N {
        store_reversed(&mut blocks[i], x[i]);
    }
}

/// The four big-endian words of a block.
#[inline]
#[target_feature(enable = "neon")]
fn load_block(block: &Block) -> uint32x4_t {
    // SAFETY: a block is 16 readable bytes, and this load takes any alignment.
    let bytes = unsafe { vld1q_u8(block.as_ptr()) };
    vreinterpretq_u32_u8(vrev32q_u8(bytes))
}

/// Four words as a block, the last first (7.1, R): all 16 bytes in reverse.
#[inline]
#[target_feature(enable = "neon")]
fn store_reversed(block: &mut Block, words: uint32x4_t) {
    let halves = vrev64q_u8(vreinterpretq_u8_u32(words));
    // SAFETY: a block is 16 writable bytes, and this store takes any alignment.
    unsafe { vst1q_u8(block.as_mut_ptr(), vextq_u8::<8>(halves, halves)) }
}

#[inline]
#[target_feature(enable = "neon")]
fn load(words: &[u32; 4]) -> uint32x4_t {
    // SAFETY: the words are 16 readable bytes, and this load takes any alignment.
    unsafe { vld1q_u32(words.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn store(words: &mut [u32; 4], value: uint32x4_t) {
    // SAFETY: the words are 16 writable bytes, and this store takes any alignment.
    unsafe { vst1q_u32(words.as_mut_ptr(), value) }
}

/// Four rounds with four round keys.
#[inline]
#[target_feature(enable = "neon,sm4")]
fn sm4e(mut x: uint32x4_t, keys: uint32x4_t) -> uint32x4_t {
    // SAFETY: the instruction only computes, and exists where this function may be called.
    unsafe {
        asm!(
            "sm4e {x:v}.4s, {keys:v}.4s",
            x = inlateout(vreg) x,
            keys = in(vreg) keys,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    x
}

/// The next four words of the key schedule, from four of CK.
#[inline]
#[target_feature(enable = "neon,sm4")]
fn sm4ekey(k: uint32x4_t, ck: uint32x4_t) -> uint32x4_t {
    let next: uint32x4_t;
    // SAFETY: the instruction only computes, and exists where this function may be called.
    unsafe {
        asm!(
            "sm4ekey {next:v}.4s, {k:v}.4s, {ck:v}.4s",
            next = lateout(vreg) next,
            k = in(vreg) k,
            ck = in(vreg) ck,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    next
}
