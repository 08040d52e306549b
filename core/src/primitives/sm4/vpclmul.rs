//! GHASH with carry-less products of 512-bit vectors, 48 blocks for one reduction.
//!
//! Blocks are taken with their bytes reversed, which makes GHASH the POLYVAL of RFC 8452 (appendix A)
//! with the key H·x: products are a·b·x^-128 modulo x^128 + x^127 + x^126 + x^121 + 1, so no bit needs
//! to be reversed. No branch or address depends on key or data.

#![allow(unsafe_code, reason = "vector loads, and calls that a CPU feature allows")]

use std::arch::x86_64::*;

use zeroize::{Zeroize as _, ZeroizeOnDrop};

use super::Block;
use crate::primitives::cpu;

/// The blocks between two reductions.
const GROUP: usize = 48;

/// The modulus without its leading bit.
const MODULUS: u128 = 0xc200_0000_0000_0000_0000_0000_0000_0001;

/// The key's powers 48 down to 1, each little-endian. Zeroised on drop.
#[derive(Clone)]
pub(super) struct Powers {
    cpu: cpu::Avx512Gfni,
    powers: Box<[Block; GROUP]>,
}

impl Powers {
    /// The powers of `h`.
    pub(super) fn new(cpu: cpu::Avx512Gfni, h: &Block) -> Self {
        let mut powers = Box::new([[0; 16]; GROUP]);
        // H·x: what the highest bit shifts out comes back as the modulus.
        let h = u128::from_be_bytes(*h);
        let key = (h << 1) ^ ((h >> 127).wrapping_neg() & MODULUS);
        // SAFETY: a `cpu::Avx512Gfni` exists only where the features of this function are.
        unsafe { fill(&mut powers, &key.to_le_bytes()) };
        Self { cpu, powers }
    }

    /// Takes `blocks` into the hash `y`.
    pub(super) fn update(&self, y: &mut Block, blocks: &[Block]) {
        let _proof = self.cpu;
        // SAFETY: a `cpu::Avx512Gfni` exists only where the features of this function are.
        unsafe { update(&self.powers, y, blocks) };
    }
}

impl Drop for Powers {
    fn drop(&mut self) {
        self.powers.as_flattened_mut().zeroize();
    }
}

impl ZeroizeOnDrop for Powers {}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,pclmulqdq,vpclmulqdq")]
fn fill(powers: &mut [Block; GROUP], key: &Block) {
    let (fours, _) = powers.as_chunks_mut();
    let key = _mm512_broadcast_i32x4(load_block(key));
    let square = multiply(key, key);
    let cube = multiply(square, key);
    let fourth = multiply(square, square);
    let eighth = multiply(fourth, fourth);
    // Lanes 4, 3, 2, 1, and 8, 7, 6, 5: two chains, each a step of eight at a time.
    let high = _mm512_mask_blend_epi64(0b0000_1100, fourth, cube);
    let low = _mm512_mask_blend_epi64(0b1100_0000, square, key);
    let mut four = _mm512_mask_blend_epi64(0b1111_0000, high, low);
    let mut eight = multiply(four, fourth);
    for [before, after] in fours.as_chunks_mut().0.iter_mut().rev() {
        store(after, four);
        store(before, eight);
        four = multiply(four, eighth);
        eight = multiply(eight, eighth);
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,pclmulqdq,vpclmulqdq")]
fn update(powers: &[Block; GROUP], y: &mut Block, blocks: &[Block]) {
    let (powers, _) = powers.as_chunks::<4>();
    let mut hash = load_block(y);
    // What does not fill a group goes first. Zeros ahead add nothing: the hash so far belongs to the
    // first block after them.
    let (odd, rest) = blocks.split_at(blocks.len() % 4);
    let (rows, _) = rest.as_chunks::<4>();
    let (head, rows) = rows.split_at(rows.len() % (GROUP / 4));
    if !odd.is_empty() {
        let mut row = [[0; 16]; 4];
        row[4 - odd.len()..].copy_from_slice(odd);
        hash = absorb(powers, hash, 4 - odd.len(), &[row], head);
    } else if !head.is_empty() {
        hash = absorb(powers, hash, 0, &[], head);
    }
    for group in rows.chunks_exact(GROUP / 4) {
        hash = absorb(powers, hash, 0, &[], group);
    }
    store_block(y, hash);
}

/// Takes the rows of four blocks, first those of `ahead`, into `hash`, which belongs to block `lane` of
/// the first row: those before it are zero.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,pclmulqdq,vpclmulqdq")]
fn absorb(
    powers: &[[Block; 4]],
    hash: __m128i,
    lane: usize,
    ahead: &[[Block; 4]],
    rows: &[[Block; 4]],
) -> __m128i {
    let reverse =
        _mm512_broadcast_i32x4(_mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    let zero = _mm512_setzero_si512();
    let (mut low, mut middle, mut high) = (zero, zero, zero);
    let mut start = _mm512_maskz_broadcast_i32x4(0xf << (4 * lane), hash);
    let powers = &powers[powers.len() - ahead.len() - rows.len()..];
    let (ahead_powers, rows_powers) = powers.split_at(ahead.len());
    for (rows, powers) in [(ahead, ahead_powers), (rows, rows_powers)] {
        for (row, power) in rows.iter().zip(powers) {
            let a = _mm512_shuffle_epi8(_mm512_xor_si512(load(row), start), reverse);
            let b = load(power);
            start = zero;
            low = _mm512_xor_si512(low, _mm512_clmulepi64_epi128::<0x00>(a, b));
            high = _mm512_xor_si512(high, _mm512_clmulepi64_epi128::<0x11>(a, b));
            middle = _mm512_ternarylogic_epi64::<0x96>(
                middle,
                _mm512_clmulepi64_epi128::<0x01>(a, b),
                _mm512_clmulepi64_epi128::<0x10>(a, b),
            );
        }
    }
    let sum = _mm512_shuffle_epi8(lanes_added(reduce(low, middle, high)), reverse);
    _mm512_castsi512_si128(sum)
}

/// a·b·x^-128 in every lane.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,pclmulqdq,vpclmulqdq")]
fn multiply(a: __m512i, b: __m512i) -> __m512i {
    let middle = _mm512_xor_si512(
        _mm512_clmulepi64_epi128::<0x01>(a, b),
        _mm512_clmulepi64_epi128::<0x10>(a, b),
    );
    reduce(_mm512_clmulepi64_epi128::<0x00>(a, b), middle, _mm512_clmulepi64_epi128::<0x11>(a, b))
}

/// (low + middle·x^64 + high·x^128)·x^-128 in every lane.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,pclmulqdq,vpclmulqdq")]
fn reduce(low: __m512i, middle: __m512i, high: __m512i) -> __m512i {
    let low = _mm512_xor_si512(low, _mm512_bslli_epi128::<8>(middle));
    let high = _mm512_xor_si512(high, _mm512_bsrli_epi128::<8>(middle));
    // Twice: the lowest 64 bits times the modulus, which is 1 + x^64·(0xc2 << 56), cancel them.
    let modulus = _mm512_broadcast_i32x4(load_block(&MODULUS.to_le_bytes()));
    let low = _mm512_xor_si512(
        _mm512_shuffle_epi32::<0b01_00_11_10>(low),
        _mm512_clmulepi64_epi128::<0x10>(low, modulus),
    );
    let low = _mm512_xor_si512(
        _mm512_shuffle_epi32::<0b01_00_11_10>(low),
        _mm512_clmulepi64_epi128::<0x10>(low, modulus),
    );
    _mm512_xor_si512(high, low)
}

/// The sum of the four lanes, in every lane.
#[inline]
#[target_feature(enable = "avx512f")]
fn lanes_added(v: __m512i) -> __m512i {
    let v = _mm512_xor_si512(v, _mm512_shuffle_i64x2::<0b01_00_11_10>(v, v));
    _mm512_xor_si512(v, _mm512_shuffle_i64x2::<0b10_11_00_01>(v, v))
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
#[target_feature(enable = "avx512f")]
fn load_block(block: &Block) -> __m128i {
    // SAFETY: a block is 16 readable bytes, and this load takes any alignment.
    unsafe { _mm_loadu_si128(block.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store_block(block: &mut Block, value: __m128i) {
    // SAFETY: a block is 16 writable bytes, and this store takes any alignment.
    unsafe { _mm_storeu_si128(block.as_mut_ptr().cast(), value) }
}
