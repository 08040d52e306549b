//! SM2, SM3 and SM4 on every backend beside two implementations that are not ours: the crates of
//! RustCrypto, and `libsmx`. All must accept the same and compute the same.
//!
//! Where one of the two lacks a mode, the mode's formula over what it has stands in: over the points
//! and digests of RustCrypto for the key exchange and the KDF, over the digests and blocks of libsmx
//! for the rest.

mod formula;
mod sm2;
mod sm3;
mod sm4;

pub(crate) use self::{
    sm2::{sm2_decrypt, sm2_exchange, sm2_sign, sm2_verify},
    sm3::sm3,
    sm4::sm4,
};

/// The bytes of an input, taken from the front; what is missing counts as zeros.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        let taken = self.take(N);
        bytes.iter_mut().zip(taken).for_each(|(byte, taken)| *byte = *taken);
        bytes
    }

    fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    fn number(&mut self) -> usize {
        usize::from(u16::from_le_bytes(self.array()))
    }
}

/// Turns one bit, where there is one.
fn flip(bytes: &mut [u8], bit: usize) {
    if let Some(byte) = bytes.get_mut(bit / 8) {
        *byte ^= 1 << (bit % 8);
    }
}

/// Gives `data` to `take` in pieces of whole units, none, few or many, as `seed` says.
fn in_pieces(mut data: &mut [u8], unit: usize, mut seed: usize, mut take: impl FnMut(&mut [u8])) {
    while !data.is_empty() {
        // Numerical Recipes' generator modulo 2^16: its period is full, so that no run of empty pieces is long.
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) % 65_536;
        let limit = match seed / 256 % 3 {
            0 => 2,
            1 => 40,
            _ => 300,
        };
        let (piece, rest) = data.split_at_mut((seed / 7 % limit * unit).min(data.len()));
        take(piece);
        data = rest;
    }
}
