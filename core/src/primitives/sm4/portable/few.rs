//! Four or eight blocks in plain Rust: of eight blocks a word fits four registers, of four blocks two, which
//! only the S-box takes apart.
//!
//! In R registers there are B = 2R blocks, and 8/R planes in each: bit p of byte i of block b is in register
//! p R / 8, at bit 16·i + B·(p mod 8/R) + b, byte 0 being the lowest. So turning a word by whole bytes is
//! turning every register by 16, 32 or 48. A plane is what stands in the low B bits of every sixteen; above it
//! may stand anything, since no bit meets one of another place in the S-box.
//!
//! What every round does is written in loops: `map` and `from_fn` of an array are calls in a large program.

use super::{super::sbox::sbox, Block, Planes, swap, xor};

/// One word of 2R blocks.
pub(super) type Word<const R: usize> = [u64; R];

/// The word of the first blocks of 16.
pub(super) fn pack<const R: usize>(planes: Planes) -> Word<R> {
    join(pairs::<R>(planes))
}

/// The planes of a word, and anything in the places of other blocks.
#[inline(always)]
fn unpack<const R: usize>(word: Word<R>) -> Planes {
    let mut planes = [0; 8];
    for (p, plane) in planes.iter_mut().enumerate() {
        *plane = word[p * R / 8] >> (2 * R * (p % (8 / R)));
    }
    planes
}

/// X(i+4) = X(i) ^ L(S(X(i+1) ^ X(i+2) ^ X(i+3) ^ rk(i))) (GB/T 32907-2016, 6.1, 6.2).
#[inline(always)]
pub(super) fn round<const R: usize>(
    old: Word<R>,
    [x1, x2, x3]: [Word<R>; 3],
    key: &Word<R>,
) -> Word<R> {
    let [s01, s23, s45, s67] = pairs::<R>(sbox(unpack(xor(xor(x1, x2), xor(x3, *key)))));
    // L(B) = Q ^ U ^ U<<<24 where U = W ^ Q<<<16, as with 16 blocks: Q is every byte turned left by 2 bits,
    // which renames planes, and W = B ^ (every byte shifted right by 6).
    let q: Word<R> = join([s67, s01, s23, s45]);
    let w: Word<R> = join([s01 ^ s67, s23, s45, s67]);
    let mut new = old;
    for i in 0..R {
        let u = w[i] ^ q[i].rotate_left(32);
        new[i] ^= q[i] ^ u ^ u.rotate_left(48);
    }
    new
}

/// Planes 0 and 1, 2 and 3, 4 and 5, 6 and 7 of B blocks, in the low 2B bits of every sixteen.
#[inline(always)]
fn pairs<const R: usize>(planes: Planes) -> [u64; 4] {
    let blocks = 2 * R;
    let plane = 0x0001_0001_0001_0001 * ((1 << blocks) - 1);
    let mut pairs = [0; 4];
    for (i, pair) in pairs.iter_mut().enumerate() {
        *pair = planes[2 * i] & plane | (planes[2 * i + 1] & plane) << blocks;
    }
    pairs
}

/// The word of such pairs.
#[inline(always)]
fn join<const R: usize>(pairs: [u64; 4]) -> Word<R> {
    let mut word = [0; R];
    for (i, register) in word.iter_mut().enumerate() {
        *register = match R {
            2 => pairs[2 * i] | pairs[2 * i + 1] << 8,
            4 => pairs[i],
            _ => unreachable!("two registers or four"),
        };
    }
    word
}

/// The words of four blocks.
#[inline(always)]
pub(super) fn load_four(blocks: &[Block; 4]) -> [Word<2>; 4] {
    let bytes = spread_all(blocks);
    let mut words = [[0; 2]; 4];
    for (j, word) in words.iter_mut().enumerate() {
        let [first, second] = [bytes[0][j] | bytes[2][j] << 8, bytes[1][j] | bytes[3][j] << 8];
        // Nibble b is that of block b.
        let low = first & NIBBLES | (second & NIBBLES) << 4;
        let high = first >> 4 & NIBBLES | second & NIBBLES << 4;
        *word = [transpose(low), transpose(high)];
    }
    words
}

/// The inverse of [`load_four`].
#[inline(always)]
pub(super) fn store_four(words: [Word<2>; 4], blocks: &mut [Block; 4]) {
    let mut bytes = [[0; 4]; 4];
    for (j, [low, high]) in words.into_iter().enumerate() {
        let (low, high) = (transpose(low), transpose(high));
        let first = low & NIBBLES | (high & NIBBLES) << 4;
        let second = low >> 4 & NIBBLES | high & NIBBLES << 4;
        for (block, spread) in bytes.iter_mut().zip([first, second, first >> 8, second >> 8]) {
            block[j] = spread;
        }
    }
    gather_all(&bytes, blocks);
}

/// Exchanges the block and the plane in the place of each bit.
#[inline(always)]
const fn transpose(mut register: u64) -> u64 {
    let both = (register ^ register >> 3) & 0x0a0a_0a0a_0a0a_0a0a;
    register ^= both ^ both << 3;
    let both = (register ^ register >> 6) & 0x00cc_00cc_00cc_00cc;
    register ^ both ^ both << 6
}

/// The words of eight blocks.
#[inline(always)]
pub(super) fn load_eight(blocks: &[Block; 8]) -> [Word<4>; 4] {
    let bytes = spread_all(blocks);
    let mut words = [[0; 4]; 4];
    for (j, word) in words.iter_mut().enumerate() {
        for (b, register) in word.iter_mut().enumerate() {
            *register = bytes[b][j] | bytes[b + 4][j] << 8;
        }
        for (index, place) in SWAPS {
            swap(word, index, place);
        }
        word.swap(1, 2);
    }
    words
}

/// The inverse of [`load_eight`].
#[inline(always)]
pub(super) fn store_eight(words: [Word<4>; 4], blocks: &mut [Block; 8]) {
    let mut bytes = [[0; 4]; 8];
    for (j, mut word) in words.into_iter().enumerate() {
        word.swap(1, 2);
        for (index, place) in SWAPS.into_iter().rev() {
            swap(&mut word, index, place);
        }
        for (b, register) in word.into_iter().enumerate() {
            (bytes[b][j], bytes[b + 4][j]) = (register, register >> 8);
        }
    }
    gather_all(&bytes, blocks);
}

/// With b and p for the bits of the numbers of block and plane, from b1 b0 in the number of a register and
/// b2 p2 p1 p0 in the place within sixteen bits to p1 p2 and p0 b2 b1 b0.
const SWAPS: [(usize, usize); 4] = [(0, 0), (1, 1), (0, 3), (0, 2)];

/// The words of all blocks: byte i at bit 16·i.
#[inline(always)]
fn spread_all<const N: usize>(blocks: &[Block; N]) -> [[u64; 4]; N] {
    let mut spread = [[0; 4]; N];
    for (words, block) in spread.iter_mut().zip(blocks) {
        for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
            let packed = u64::from(u32::from_be_bytes(*bytes));
            let halves = (packed | packed << 16) & 0x0000_ffff_0000_ffff;
            *word = (halves | halves << 8) & BYTES;
        }
    }
    spread
}

/// The inverse of [`spread_all`], whatever stands in the high byte of every sixteen bits.
#[inline(always)]
fn gather_all<const N: usize>(spread: &[[u64; 4]; N], blocks: &mut [Block; N]) {
    for (block, words) in blocks.iter_mut().zip(spread) {
        for (bytes, word) in block.as_chunks_mut().0.iter_mut().zip(words) {
            let spread = word & BYTES;
            let halves = (spread | spread >> 8) & 0x0000_ffff_0000_ffff;
            *bytes = ((halves | halves >> 16) as u32).to_be_bytes();
        }
    }
}

/// The low byte of every 16 bits, and the low half of every byte.
const BYTES: u64 = 0x00ff_00ff_00ff_00ff;
const NIBBLES: u64 = 0x0f0f_0f0f_0f0f_0f0f;
