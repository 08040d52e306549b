//! At most four blocks in plain Rust: a word of theirs fits two registers, which only the S-box takes apart.
//!
//! The first register has planes 0 to 3 and the second planes 4 to 7: bit p of byte i of block b is at bit
//! 16·i + 4·(p mod 4) + b, byte 0 being the lowest. So turning a word by whole bytes is turning both
//! registers by 16, 32 or 48. A plane is what stands in the low four bits of every sixteen; above it may
//! stand anything, since no bit meets one of another place in the S-box.

use super::{super::sbox::sbox, Block, Planes, xor};

/// The blocks of a group.
pub(super) const BLOCKS: usize = 4;

/// One word of four blocks: planes 0 to 3, planes 4 to 7.
pub(super) type Word = [u64; 2];

/// The lowest plane of a register, and the two lowest.
const PLANE: u64 = 0x000f_000f_000f_000f;
const PLANES: u64 = 0x00ff_00ff_00ff_00ff;

/// The word of the first four of 16 blocks.
pub(super) fn word(planes: &Planes) -> Word {
    let pairs = pairs(*planes);
    [pairs[0] | pairs[1] << 8, pairs[2] | pairs[3] << 8]
}

/// Encrypts or decrypts at most four blocks with the round keys in order.
#[inline(always)]
pub(super) fn crypt<'k>(blocks: &mut [Block], key: impl Fn(usize) -> &'k Word) {
    let [mut a, mut b, mut c, mut d] = load(blocks);
    for i in (0..32).step_by(4) {
        a = round(a, [b, c, d], key(i));
        b = round(b, [c, d, a], key(i + 1));
        c = round(c, [d, a, b], key(i + 2));
        d = round(d, [a, b, c], key(i + 3));
    }
    store([d, c, b, a], blocks);
}

/// X(i+4) = X(i) ^ L(S(X(i+1) ^ X(i+2) ^ X(i+3) ^ rk(i))) (GB/T 32907-2016, 6.1, 6.2).
#[inline(always)]
fn round(old: Word, [x1, x2, x3]: [Word; 3], key: &Word) -> Word {
    let [low, high] = xor(xor(x1, x2), xor(x3, *key));
    let plane = |register: u64, p: u32| register >> (4 * p);
    let s = sbox([
        low,
        plane(low, 1),
        plane(low, 2),
        plane(low, 3),
        high,
        plane(high, 1),
        plane(high, 2),
        plane(high, 3),
    ]);
    // L(B) = Q ^ U ^ U<<<24 where U = W ^ Q<<<16, as with 16 blocks: Q is every byte turned left by 2 bits,
    // which renames planes, and W = B ^ (every byte shifted right by 6).
    let [s01, s23, s45, s67] = pairs(s);
    let q = [s67 | s01 << 8, s23 | s45 << 8];
    let w = [s01 ^ s67 | s23 << 8, s45 | s67 << 8];
    let mut new = old;
    for i in 0..2 {
        let u = w[i] ^ q[i].rotate_left(32);
        new[i] ^= q[i] ^ u ^ u.rotate_left(48);
    }
    new
}

/// Planes 0 and 1, 2 and 3, 4 and 5, 6 and 7, each two in the low byte of every sixteen bits.
#[inline(always)]
fn pairs(planes: Planes) -> [u64; 4] {
    [0, 2, 4, 6].map(|p| planes[p] & PLANE | (planes[p + 1] & PLANE) << 4)
}

/// The four words of at most four blocks; missing blocks are zero.
#[inline(always)]
fn load(blocks: &[Block]) -> [Word; 4] {
    let mut bytes = [[0; 4]; BLOCKS];
    for (words, block) in bytes.iter_mut().zip(blocks) {
        for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
            // Byte i to bit 16·i.
            let packed = u64::from(u32::from_be_bytes(*bytes));
            let halves = (packed | packed << 16) & 0x0000_ffff_0000_ffff;
            *word = (halves | halves << 8) & PLANES;
        }
    }
    std::array::from_fn(|j| {
        let [first, second] = [bytes[0][j] | bytes[2][j] << 8, bytes[1][j] | bytes[3][j] << 8];
        // Nibble b is that of block b.
        let low = first & NIBBLES | (second & NIBBLES) << 4;
        let high = first >> 4 & NIBBLES | second & NIBBLES << 4;
        [low, high].map(transpose)
    })
}

/// The inverse of [`load`].
#[inline(always)]
fn store(words: [Word; 4], blocks: &mut [Block]) {
    let mut bytes = [[0; 4]; BLOCKS];
    for (j, word) in words.iter().enumerate() {
        let [low, high] = word.map(transpose);
        let first = low & NIBBLES | (high & NIBBLES) << 4;
        let second = low >> 4 & NIBBLES | high & NIBBLES << 4;
        for (block, spread) in bytes.iter_mut().zip([first, second, first >> 8, second >> 8]) {
            let spread = spread & PLANES;
            let halves = (spread | spread >> 8) & 0x0000_ffff_0000_ffff;
            block[j] = (halves | halves >> 16) as u32;
        }
    }
    for (block, words) in blocks.iter_mut().zip(bytes) {
        for (bytes, word) in block.as_chunks_mut().0.iter_mut().zip(words) {
            *bytes = word.to_be_bytes();
        }
    }
}

/// Exchanges the block and the plane in the place of each bit.
#[inline(always)]
const fn transpose(mut register: u64) -> u64 {
    let both = (register ^ register >> 3) & 0x0a0a_0a0a_0a0a_0a0a;
    register ^= both ^ both << 3;
    let both = (register ^ register >> 6) & 0x00cc_00cc_00cc_00cc;
    register ^ both ^ both << 6
}

/// The low half of every byte.
const NIBBLES: u64 = 0x0f0f_0f0f_0f0f_0f0f;
