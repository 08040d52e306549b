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
        one_block::chained_round,
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

    let lower = _mm256_zextsi128_si256(_mm_set1_epi32(-1));
    let mut words = words(_mm256_zextsi128_si256(_mm_xor_si128(load(state), last)));
    let mut input = xor3(words[1], words[2], words[3]);
    let mut next = Next::new(added, first, counter);
    let mut rest = blocks;
    while let Some((block, after)) = rest.split_first_mut() {
        words = std::array::from_fn(|i| and_xor(words[i], lower, next.words[i]));
        input = and_xor(input, lower, next.input);
        counter = counter.wrapping_add(1);
        if let Some(following) = after.first() {
            // Early, so that it is there when the chain is.
            next = Next::new(added, following, counter);
        }
        let mut before = input;
        for four in keys.0.as_chunks::<4>().0 {
            for i in 0..4 {
                before = input;
                let beside = words[(i + 1) % 4];
                chained_round::<PACED>(&mut input, &mut words[i], beside, &four[i]);
            }
        }
        words.reverse();
        input = before;
        let keystream = _mm_xor_si128(_mm256_extracti128_si256::<1>(bytes(words)), last);
        store(block, _mm_xor_si128(load(block), keystream));
        rest = after;
    }
    store(state, _mm_xor_si128(_mm256_castsi256_si128(bytes(words)), last));
}

/// The round keys, each for both halves. Zeroised on drop.
#[repr(align(64))]
struct RoundsOfTwo([[Block; 2]; 32]);

impl RoundsOfTwo {
    fn new(schedule: &Schedule) -> Self {
        Self(schedule.rounds.map(|key| [key; 2]))
    }
}

impl Drop for RoundsOfTwo {
    fn drop(&mut self) {
        // As a slice of bytes it is cleared in bulk.
        self.0.as_flattened_mut().as_flattened_mut().zeroize();
    }
}

/// What is added to the words for the next block of each half.
struct Next {
    words: [__m256i; 4],
    /// The sum of all but the first.
    input: __m256i,
}

impl Next {
    #[inline]
    #[target_feature(enable = "avx2,gfni,avx512f,avx512vl")]
    fn new(added: __m256i, block: &Block, counter: u128) -> Self {
        let block = _mm256_castsi128_si256(load(block));
        let both = _mm256_inserti128_si256::<1>(block, load(&counter.to_be_bytes()));
        let words = words(_mm256_xor_si256(both, added));
        Self { words, input: wide_kept_apart(xor3(words[1], words[2], words[3])) }
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

/// (a & b) ^ c.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn and_xor(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    _mm256_ternarylogic_epi32::<0x6a>(a, b, c)
}

rounds_of!(ymm_reg __m256i, [Block; 2], _mm256_set1_epi64x);

#[cfg(test)]
mod tests {
    use super::{
        super::{absorb, expand, xor_keystream},
        *,
    };

    /// A CPU runs one of the two paces: here it runs both.
    #[test]
    fn together_as_one_after_the_other() {
        let Some(cpu) = cpu::Avx512Gfni::detect() else { return };
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
