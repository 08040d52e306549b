//! SM4 in the field of AES: constants and round keys for CPUs that invert in that field by instruction.
//!
//! With φ the isomorphism that sends t to 0x23, P = φ·A and I the inverse in GF(2)[t]/0x11B,
//! S(x) = A·φ⁻¹·I(P·x + 0x3E) + C. A state word is kept as P·word, byte by byte, which leaves no matrix
//! before I. What comes after is merged with L: with Q(y) = P·R2·A·φ⁻¹·I(y) and
//! W(y) = P·(1 + SR6)·A·φ⁻¹·I(y), R2 turning a byte left by 2 bits and SR6 shifting it right by 6,
//! P·L(S(x)) = Q ^ U ^ U<<<24 + constant where U = W ^ Q<<<16: no turning by single bits.
//!
//! State word j further has c(j) added to it, c(0) = c(1) = c(2) = c(35) = 0 and
//! c(i+1) ^ c(i+2) ^ c(i+3) = P·rk(i) + 0x3E: then the round key is already in the input of round i, and
//! the round adds K(i) = c(i) ^ c(i+4) and the constant of Q where it adds anyway.
//!
//! A matrix is written as GF2P8AFFINEQB takes it: byte 7 - i has the row that makes bit i.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Block, CK, FK};

/// P, from a byte of SM4 to its form here.
pub(super) const ENTER: u64 = 0x4c28_7db9_1a22_505d;

/// P⁻¹.
pub(super) const LEAVE: u64 = 0xb3a4_f586_3284_728b;

/// What is added before the inverse: φ(C) in every byte.
const INPUT: u32 = 0x3e3e_3e3e;

/// Q after the inverse, but for its constant.
pub(super) const Q: u64 = 0x2c02_0425_1620_40ad;

/// The constant of Q.
const Q_CONSTANT: u32 = 0x6363_6363;

/// W after the inverse. Its constant cancels.
pub(super) const W: u64 = 0x280f_bcb4_ff84_c11a;

/// The key schedule after the inverse: P·L'(S(x)) is, for byte i, the sum over d of `KEY[d]` for byte
/// i - d of the input.
pub(super) const KEY: [u64; 4] =
    [0x280f_0901_760d_c1af, 0xabf3_58c7_00f3_abab, 0x13b5_3366_4874_8933, 0x54c1_eccc_e681_2f59];

/// The constant of the key schedule.
pub(super) const KEY_CONSTANT: u32 = 0xc5c5_c5c5;

/// P·CK(i) with the constant before the inverse.
pub(super) const KEY_INPUTS: [u32; 32] = {
    let mut inputs = [0; 32];
    let mut i = 0;
    while i < 32 {
        inputs[i] = multiply(&columns(ENTER), CK[i]) ^ INPUT;
        i += 1;
    }
    inputs
};

/// FK as it is added to the bytes of a key.
pub(super) const KEY_START: Block = {
    let mut bytes = [0; 16];
    let mut i = 0;
    while i < 16 {
        bytes[i] = FK[i / 4].to_be_bytes()[i % 4];
        i += 1;
    }
    bytes
};

/// The round keys for both directions.
#[derive(Clone)]
pub(super) struct RoundKeys(Box<[Schedule; 2]>);

/// The round keys for one direction, as the kernels load them.
#[derive(Clone)]
pub(super) struct Schedule {
    /// K(i), each of its bytes four times, the lowest first.
    pub(super) rounds: [Block; 32],
    /// c(3) likewise, to be added to the last word on entering.
    pub(super) enter: Block,
    /// c(35) to c(32), to be added to a block that has left.
    pub(super) leave: Block,
}

impl RoundKeys {
    /// From P·rk(0) to P·rk(31).
    pub(super) fn new(keys: &[u32; 32]) -> Self {
        const EMPTY: Schedule = Schedule { rounds: [[0; 16]; 32], enter: [0; 16], leave: [0; 16] };
        let mut both = Box::new([EMPTY; 2]);
        both[0].fill(keys.iter());
        both[1].fill(keys.iter().rev());
        Self(both)
    }

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
        for Schedule { rounds, enter, leave } in self.0.iter_mut() {
            // As slices of bytes they are cleared in bulk.
            rounds.as_flattened_mut().zeroize();
            enter.as_mut_slice().zeroize();
            leave.as_mut_slice().zeroize();
        }
    }
}

impl ZeroizeOnDrop for RoundKeys {}

impl Schedule {
    fn fill<'k>(&mut self, mut keys: impl Iterator<Item = &'k u32>) {
        let mut key = || keys.next().map_or(0, |key| key ^ INPUT);
        // With k(i) = P·rk(i) + 0x3E the definition gives c(i+3) = c(i) ^ k(i) ^ k(i-1) after c(3) = k(0).
        let mut last = key();
        let [mut c0, mut c1, mut c2, mut c3] = [0, 0, 0, last];
        self.enter = repeat_bytes(c3);
        for round in &mut self.rounds[..31] {
            let this = key();
            let c4 = c1 ^ this ^ last;
            *round = repeat_bytes(c0 ^ c4 ^ Q_CONSTANT);
            (c0, c1, c2, c3) = (c1, c2, c3, c4);
            last = this;
        }
        // c(35) = 0: the round key that it would stand for does not exist.
        self.rounds[31] = repeat_bytes(c0 ^ Q_CONSTANT);
        for (word, c) in self.leave.as_chunks_mut().0.iter_mut().zip([0, c3, c2, c1]) {
            *word = multiply(&const { columns(LEAVE) }, c).to_be_bytes();
        }
    }
}

/// Each byte four times, the lowest first.
fn repeat_bytes(word: u32) -> Block {
    let [a, b, c, d] = word.to_le_bytes().map(u64::from);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&((a | b << 32) * 0x0101_0101).to_le_bytes());
    bytes[8..].copy_from_slice(&((c | d << 32) * 0x0101_0101).to_le_bytes());
    bytes
}

/// The columns of `matrix`: bit i of column j is bit j of row i.
pub(super) const fn columns(matrix: u64) -> [u32; 8] {
    let rows = matrix.to_be_bytes();
    let mut columns = [0; 8];
    let mut place = 0;
    while place < 64 {
        let (i, j) = (place / 8, place % 8);
        columns[j] |= ((rows[i] >> j) as u32 & 1) << i;
        place += 1;
    }
    columns
}

/// A matrix times every byte of `word`, without a branch or an address that depends on it.
pub(super) const fn multiply(columns: &[u32; 8], word: u32) -> u32 {
    let mut product = 0;
    let mut j = 0;
    while j < 8 {
        product ^= ((word >> j) & 0x0101_0101) * columns[j];
        j += 1;
    }
    product
}
