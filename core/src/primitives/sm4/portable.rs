//! SM4 on bit planes in plain Rust, 16 blocks at a time. Neither branches nor addresses depend on key
//! or data.
//!
//! A word of 16 blocks becomes 8 planes of 64 bits: plane p has bit p of byte i of block b at bit
//! 16·i + b, byte 0 being the lowest. So one S-box circuit substitutes all 64 bytes, turning a word by
//! whole bytes is turning every plane by 16, 32 or 48, and turning by two bits more renames planes.
//! At most eight blocks go a shorter way: see `few`.

mod few;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{
    Block, CK, FK,
    sbox::{SBOX_IN, SBOX_OUT, sbox},
};

/// The blocks that one pass takes.
const GROUP: usize = 16;

/// One word of 16 blocks.
type Planes = [u64; 8];

/// The round keys with the constants of the S-box folded in.
#[derive(Clone)]
pub(super) struct RoundKeys(Box<[RoundKey; 32]>);

/// A round key, the same in all blocks: for 16 of them, for eight, and for four.
#[derive(Clone, Copy, Zeroize)]
struct RoundKey {
    planes: Planes,
    eight: few::Word<4>,
    four: few::Word<2>,
}

impl RoundKeys {
    /// The key schedule of GB/T 32907-2016, 7.3, computed on planes as well.
    pub(super) fn expand(key: &Block) -> Self {
        let mut keys = Box::new([RoundKey { planes: [0; 8], eight: [0; 4], four: [0; 2] }; 32]);
        let mut k = Zeroizing::new([[0; 8]; 4]);
        for ((word, bytes), fk) in k.iter_mut().zip(key.as_chunks().0).zip(FK) {
            *word = splat(u32::from_be_bytes(*bytes) ^ fk);
        }
        for (round, key) in keys.iter_mut().enumerate() {
            let [k0, k1, k2, k3] = *k;
            let b = xor(sbox(xor(xor(k1, k2), xor(k3, CONSTANTS[round]))), OUT);
            let next = xor(xor(k0, b), xor(rotate_left::<13>(b), rotate_left::<23>(b)));
            let planes = xor(next, FOLDED[round % 8]);
            *key = RoundKey { planes, eight: few::pack(planes), four: few::pack(planes) };
            *k = [k1, k2, k3, next];
        }
        Self(keys)
    }
}

impl Drop for RoundKeys {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for RoundKeys {}

/// CK with the constant that enters the S-box.
const CONSTANTS: [Planes; 32] = {
    let mut planes = [[0; 8]; 32];
    let mut i = 0;
    while i < 32 {
        planes[i] = splat(CK[i] ^ repeat(SBOX_IN));
        i += 1;
    }
    planes
};

/// The constant that leaves the S-box.
const OUT: Planes = splat(repeat(SBOX_OUT));

/// What is added to the round keys so that a round need not add the constants of its S-box.
///
/// `SBOX_OUT` in every byte passes L as itself turned by two bits, since the other four terms cancel.
/// Left out, it is missing in X(4) to X(7), not in X(8) to X(11) where it meets itself, and so on
/// with the period 8; so what a round finds missing is the sum over its three inputs. Nothing is
/// missing in X(32) to X(35). The pattern is its own mirror image, so it holds for decryption too.
const FOLDED: [Planes; 8] = {
    let even = splat(repeat(SBOX_IN));
    let odd = splat(repeat(SBOX_IN ^ SBOX_OUT.rotate_left(2)));
    [even, odd, even, odd, odd, even, odd, even]
};

/// Encrypts every block (GB/T 32907-2016, 7.1).
pub(super) fn encrypt(keys: &RoundKeys, blocks: &mut [Block]) {
    crypt::<false>(keys, blocks);
}

/// Decrypts every block: the same with the round keys in reverse (7.2).
pub(super) fn decrypt(keys: &RoundKeys, blocks: &mut [Block]) {
    crypt::<true>(keys, blocks);
}

fn crypt<const BACK: bool>(keys: &RoundKeys, blocks: &mut [Block]) {
    let (groups, rest) = blocks.as_chunks_mut();
    groups.iter_mut().for_each(|blocks| sixteen::<BACK>(keys, blocks));
    match rest.len() {
        0 => {}
        1..=4 => filled_up(rest, |blocks| four::<BACK>(keys, blocks)),
        5..=8 => filled_up(rest, |blocks| eight::<BACK>(keys, blocks)),
        _ => filled_up(rest, |blocks| sixteen::<BACK>(keys, blocks)),
    }
}

/// Lets `crypt` work on `rest` filled up with zeros.
#[inline(always)]
fn filled_up<const N: usize>(rest: &mut [Block], crypt: impl FnOnce(&mut [Block; N])) {
    if let (true, Some(blocks)) = (rest.len() == N, rest.first_chunk_mut()) {
        return crypt(blocks);
    }
    let mut blocks = [[0; 16]; N];
    blocks[..rest.len()].copy_from_slice(rest);
    crypt(&mut blocks);
    rest.copy_from_slice(&blocks[..rest.len()]);
    blocks.as_flattened_mut().zeroize();
}

/// All rounds, of which `$round` makes one, on four words of which the keys are in `$form`.
macro_rules! rounds {
    ($keys:expr, $form:ident, $round:path, $words:expr) => {{
        let [mut a, mut b, mut c, mut d] = $words;
        let key = |i: usize| &$keys.0[if BACK { 31 - i } else { i }].$form;
        for i in (0..32).step_by(4) {
            a = $round(a, [b, c, d], key(i));
            b = $round(b, [c, d, a], key(i + 1));
            c = $round(c, [d, a, b], key(i + 2));
            d = $round(d, [a, b, c], key(i + 3));
        }
        // R, the reversal of 7.1: (X32, X33, X34, X35) leaves as (X35, X34, X33, X32).
        [d, c, b, a]
    }};
}

// None is inlined, so that the analysis of machine code finds no length among the words in the frame.

#[inline(never)]
fn four<const BACK: bool>(keys: &RoundKeys, blocks: &mut [Block; 4]) {
    few::store_four(rounds!(keys, four, few::round, few::load_four(blocks)), blocks);
}

#[inline(never)]
fn eight<const BACK: bool>(keys: &RoundKeys, blocks: &mut [Block; 8]) {
    few::store_eight(rounds!(keys, eight, few::round, few::load_eight(blocks)), blocks);
}

#[inline(never)]
fn sixteen<const BACK: bool>(keys: &RoundKeys, blocks: &mut [Block; GROUP]) {
    store(rounds!(keys, planes, round, load(blocks)), blocks);
}

/// X(i+4) = X(i) ^ L(S(X(i+1) ^ X(i+2) ^ X(i+3) ^ rk(i))) (6.1, 6.2).
#[inline(always)]
fn round(old: Planes, [x1, x2, x3]: [Planes; 3], key: &Planes) -> Planes {
    let s = sbox(xor(xor(x1, x2), xor(x3, *key)));
    // L(B) = B ^ B<<<2 ^ B<<<10 ^ B<<<18 ^ B<<<24 in bytes: with Q every byte turned by 2 bits and
    // W = B ^ (every byte shifted right by 6), L(B) = Q ^ U ^ U<<<24 where U = W ^ Q<<<16.
    let mut new = old;
    for p in 0..8 {
        let q = s[(p + 6) % 8];
        let w = if p < 2 { s[p] ^ s[p + 6] } else { s[p] };
        let u = w ^ q.rotate_left(32);
        new[p] ^= q ^ u ^ u.rotate_left(48);
    }
    new
}

#[inline(always)]
fn xor<const N: usize>(mut left: [u64; N], right: [u64; N]) -> [u64; N] {
    for (left, right) in left.iter_mut().zip(right) {
        *left ^= right;
    }
    left
}

/// The word turned left by `BITS`, which is not a multiple of 8.
#[inline(always)]
fn rotate_left<const BITS: usize>(word: Planes) -> Planes {
    let mut turned = [0; 8];
    for (p, plane) in turned.iter_mut().enumerate() {
        // Bit p of byte i was bit p - BITS counted from byte i: in another plane, some bytes below.
        let from = (p + 32 - BITS) % 8;
        let bytes = (BITS + from - p) / 8;
        *plane = word[from].rotate_left(16 * bytes as u32);
    }
    turned
}

/// The planes of the same word in all 16 blocks.
const fn splat(word: u32) -> Planes {
    let mut planes = [0; 8];
    let mut bit = 0;
    while bit < 32 {
        let mask = 0u64.wrapping_sub((word >> bit & 1) as u64) & 0xffff;
        planes[bit % 8] |= mask << (bit / 8 * 16);
        bit += 1;
    }
    planes
}

const fn repeat(byte: u8) -> u32 {
    u32::from_be_bytes([byte; 4])
}

/// 16 blocks as the planes of their four words.
#[inline(always)]
fn load(group: &[Block; GROUP]) -> [Planes; 4] {
    // Register 16·h + b: half h of block b, its even word in the low 32 bits.
    let mut registers = [0; 32];
    for (b, block) in group.iter().enumerate() {
        let [high, low] = halves(block);
        registers[b] = u64::from_be_bytes(high).rotate_left(32);
        registers[GROUP + b] = u64::from_be_bytes(low).rotate_left(32);
    }
    // Index bits of a register: half, block (3..0). Of a bit in it: word, byte (1, 0), bit (2..0).
    // The first three swaps exchange block 2..0 with bit 2..0; the others bring block 3 into place 3,
    // move the byte up, and leave the word in the index: half, word, bit (2..0).
    for (index, place) in SWAPS {
        swap(&mut registers, index, place);
    }
    let mut words = [[0; 8]; 4];
    words.as_flattened_mut().copy_from_slice(&registers);
    words
}

/// The inverse of [`load`].
#[inline(always)]
fn store(words: [Planes; 4], group: &mut [Block; GROUP]) {
    let mut registers = [0; 32];
    registers.copy_from_slice(words.as_flattened());
    for (index, place) in SWAPS.into_iter().rev() {
        swap(&mut registers, index, place);
    }
    for (b, block) in group.iter_mut().enumerate() {
        block[..8].copy_from_slice(&registers[b].rotate_left(32).to_be_bytes());
        block[8..].copy_from_slice(&registers[GROUP + b].rotate_left(32).to_be_bytes());
    }
}

const SWAPS: [(usize, usize); 6] = [(0, 0), (1, 1), (2, 2), (3, 3), (3, 4), (3, 5)];

/// Exchanges bit `index` of the register's number with bit `place` of the place within a register.
#[inline(always)]
fn swap<const N: usize>(registers: &mut [u64; N], index: usize, place: usize) {
    /// The places whose bit 0, 1, .. is clear.
    const CLEAR: [u64; 6] = [
        0x5555_5555_5555_5555,
        0x3333_3333_3333_3333,
        0x0f0f_0f0f_0f0f_0f0f,
        0x00ff_00ff_00ff_00ff,
        0x0000_ffff_0000_ffff,
        0x0000_0000_ffff_ffff,
    ];
    let shift = 1 << place;
    for low in (0..N).filter(|number| number >> index & 1 == 0) {
        let high = low | 1 << index;
        let both = ((registers[low] >> shift) ^ registers[high]) & CLEAR[place];
        registers[high] ^= both;
        registers[low] ^= both << shift;
    }
}

fn halves(block: &Block) -> [[u8; 8]; 2] {
    let mut halves = [[0; 8]; 2];
    halves.as_flattened_mut().copy_from_slice(block);
    halves
}
