//! The MAC of CCM and its keystream in the same instructions: a chain leaves most of a CPU idle, and on vectors
//! of two blocks it takes no longer than on vectors of one. The lower half holds the block of the chain, the
//! upper half a block of the counter.

#![allow(unsafe_code, reason = "calls that a CPU feature allows, and assembly")]

use std::arch::{asm, x86_64::*};

use zeroize::Zeroize as _;

use super::rounds_of;
use crate::primitives::{
    cpu,
    sm4::{
        Block,
        aes_domain::{ENTER, LEAVE, Q, Schedule, W},
        one_block::{chained_round, rounds_of_block},
        vectors::{load, store, wide_kept_apart},
    },
};

/// See `RoundKeys::absorb_and_add_keystream`.
pub(in super::super) fn absorb_and_add_keystream(
    _: cpu::Avx512Gfni,
    schedule: &Schedule,
    state: &mut Block,
    counter: u128,
    blocks: &mut [Block],
) {
    // SAFETY: a `cpu::Avx512Gfni` exists only where the features of these functions are.
    unsafe {
        if cpu::full_queues_delay() {
            mac_beside_counter::<true>(schedule, state, counter, blocks);
        } else {
            mac_beside_counter::<false>(schedule, state, counter, blocks);
        }
    }
}

/// The steps of `mac` in `one_block`, where the upper half begins anew with each block.
#[target_feature(enable = "avx2,gfni,avx512f,avx512vl")]
fn mac_beside_counter<const PACED: bool>(
    schedule: &Schedule,
    state: &mut Block,
    mut counter: u128,
    blocks: &mut [Block],
) {
    let Some(first) = blocks.first() else { return };
    let keys = RoundsOfTwo::new(schedule);
    let last = load(&schedule.leave);
    // What is added to a block that enters; and in the chain to what left before, as `between` in `one_block`.
    let enter = [[0; 16], [0; 16], [0; 16], schedule.enter];
    let enter = bytes(enter.map(|word| _mm256_castsi128_si256(load(&word))));
    let enter = _mm256_broadcastsi128_si256(_mm256_castsi256_si128(enter));
    let added = _mm256_xor_si256(enter, _mm256_zextsi128_si256(last));

    let mut kept = Kept::new(words(_mm256_zextsi128_si256(_mm_xor_si128(load(state), last))));
    let mut next = Entering::new(&keys, _mm256_xor_si256(added, beside(first, counter)));
    let mut rest = blocks;
    // As in `chain`, what is done is put into its place a block later.
    let mut done: Option<(&mut Block, Kept)> = None;
    while let Some((block, after)) = rest.split_first_mut() {
        let this = next;
        counter = counter.wrapping_add(1);
        if let Some(following) = after.first() {
            // Early, so that it is there when the chain is.
            next = Entering::new(&keys, _mm256_xor_si256(added, beside(following, counter)));
        }
        kept = rounds_of_block::<PACED>(&keys, kept.lower(), this);
        if let Some((place, out)) = done.replace((block, kept)) {
            add_keystream(place, out, last);
        }
        rest = after;
    }
    if let Some((place, out)) = done {
        add_keystream(place, out, last);
    }
    store(state, _mm_xor_si128(_mm256_castsi256_si128(bytes(kept.words())), last));
}

/// Adds what the upper half gave.
#[inline]
#[target_feature(enable = "avx2,gfni,avx512f,avx512vl")]
fn add_keystream(block: &mut Block, out: Kept, last: __m128i) {
    let keystream = _mm256_extracti128_si256::<1>(bytes(out.words()));
    store(block, _mm_xor_si128(_mm_xor_si128(load(block), last), keystream));
}

/// The round keys, each for both halves. Zeroised on drop.
#[repr(align(64))]
struct RoundsOfTwo {
    rounds: [[Block; 2]; 32],
}

impl RoundsOfTwo {
    fn new(schedule: &Schedule) -> Self {
        Self { rounds: schedule.rounds.map(|key| [key; 2]) }
    }
}

impl Drop for RoundsOfTwo {
    fn drop(&mut self) {
        // As a slice of bytes it is cleared in bulk.
        self.rounds.as_flattened_mut().as_flattened_mut().zeroize();
    }
}

/// A block in the lower half, and the counter in the upper one.
#[inline]
#[target_feature(enable = "avx2")]
fn beside(block: &Block, counter: u128) -> __m256i {
    let block = _mm256_castsi128_si256(load(block));
    _mm256_inserti128_si256::<1>(block, load(&counter.to_be_bytes()))
}

impl Kept {
    /// What the lower half keeps: the upper one begins anew.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn lower(self) -> Self {
        let lower = _mm256_zextsi128_si256(_mm_set1_epi32(-1));
        Self {
            x: _mm256_and_si256(self.x, lower),
            late: _mm256_and_si256(self.late, lower),
            early: _mm256_and_si256(self.early, lower),
            d1: _mm256_and_si256(self.d1, lower),
            d2: _mm256_and_si256(self.d2, lower),
        }
    }
}

/// The words of the block in each half, as in `one_block`.
#[inline]
#[target_feature(enable = "avx2,gfni,avx512f,avx512vl")]
fn words(blocks: __m256i) -> [__m256i; 4] {
    let entered = _mm256_gf2p8affine_epi64_epi8::<0>(blocks, _mm256_set1_epi64x(ENTER as i64));
    [0, 4, 8, 12].map(|first| {
        let four = |byte: i32| (first + byte) * 0x0101_0101;
        let places = _mm_set_epi32(four(0), four(1), four(2), four(3));
        _mm256_shuffle_epi8(entered, _mm256_broadcastsi128_si256(places))
    })
}

/// The block of the words in each half, as in `one_block`.
#[inline]
#[target_feature(enable = "avx2,gfni,avx512f,avx512vl")]
fn bytes([a, b, c, d]: [__m256i; 4]) -> __m256i {
    let word = 0x00_04_08_0c;
    let a = in_places(a, _mm_set_epi32(-1, -1, -1, word));
    let b = in_places(b, _mm_set_epi32(-1, -1, word, -1));
    let c = in_places(c, _mm_set_epi32(-1, word, -1, -1));
    let d = in_places(d, _mm_set_epi32(word, -1, -1, -1));
    let block = _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));
    _mm256_gf2p8affine_epi64_epi8::<0>(block, _mm256_set1_epi64x(LEAVE as i64))
}

#[inline]
#[target_feature(enable = "avx2")]
fn in_places(word: __m256i, places: __m128i) -> __m256i {
    _mm256_shuffle_epi8(word, _mm256_broadcastsi128_si256(places))
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn xor3(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    _mm256_ternarylogic_epi32::<0x96>(a, b, c)
}

#[inline]
#[target_feature(enable = "avx2")]
fn round_key(keys: &RoundsOfTwo, i: usize) -> __m256i {
    // SAFETY: two blocks are 32 readable bytes, and this load takes any alignment.
    unsafe { _mm256_loadu_si256(keys.rounds[i].as_ptr().cast()) }
}

rounds_of!(ymm_reg __m256i, [Block; 2], _mm256_set1_epi64x);
rounds_of_block!(
    "avx2,gfni,avx512f,avx512vl", __m256i, RoundsOfTwo,
    xor: _mm256_xor_si256, apart: wide_kept_apart
);

#[cfg(test)]
mod tests {
    use super::{
        super::{absorb, expand, xor_keystream},
        *,
    };

    /// A CPU runs one of the two paces: here it runs both.
    #[test]
    fn together_as_one_after_the_other() {
        let Some(cpu) = cpu::Avx512Gfni::detect() else {
            return cpu::lacking("SM4 on AVX-512 and GFNI");
        };
        let keys = expand(cpu, &[0x5a; 16]);
        let schedule = keys.encrypt();
        for count in (0..=40).chain([95, 96, 97, 130]) {
            let block =
                |number: u8| std::array::from_fn(|i| 29_u8.wrapping_mul(number) ^ (i * 11) as u8);
            let plain: Vec<Block> = (0..count).map(block).collect();
            for counter in [0, u128::from(u32::MAX) - 3, u128::from(u64::MAX) - 3, u128::MAX - 3] {
                let start = std::array::from_fn(|i| 0xc3 ^ (i * 7) as u8);
                let mut expected = (plain.clone(), start);
                absorb(cpu, schedule, &mut expected.1, &plain);
                xor_keystream(cpu, schedule, counter, expected.0.as_flattened_mut());
                for paced in [false, true] {
                    let (mut blocks, mut state) = (plain.clone(), start);
                    // SAFETY: `cpu` proves the features.
                    unsafe {
                        if paced {
                            mac_beside_counter::<true>(schedule, &mut state, counter, &mut blocks);
                        } else {
                            mac_beside_counter::<false>(schedule, &mut state, counter, &mut blocks);
                        }
                    }
                    assert_eq!((blocks, state), expected, "{count} {counter:x} {paced}");
                }
            }
        }
    }
}
