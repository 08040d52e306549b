//! OFB (GB/T 17964-2021, clause 8): a keystream that feeds on itself, added to the data; decryption is
//! the same.
//!
//! It is one chain, block by block; [`ctr`](super::ctr) does the same many blocks at a time. An IV that
//! comes back under one key gives both messages away.

use std::{fmt, slice};

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Block, Chain, RoundKeys, Sm4};

/// Adds the keystream that starts with `iv` to `data`.
pub fn xor_in_place(cipher: &Sm4, iv: &Block, data: &mut [u8]) {
    Output::new(iv).xor(&cipher.keys, data);
}

/// A keystream that is added piece by piece. Zeroised on drop.
#[derive(Clone)]
pub struct Ofb {
    cipher: Sm4,
    output: Output,
}

impl Ofb {
    /// A keystream that starts with `iv`.
    #[must_use]
    pub const fn new(cipher: Sm4, iv: &Block) -> Self {
        Self { cipher, output: Output::new(iv) }
    }

    /// Adds the next `data.len()` bytes of keystream to `data`.
    pub fn xor_in_place(&mut self, data: &mut [u8]) {
        self.output.xor(&self.cipher.keys, data);
    }
}

/// The last block that the cipher made.
#[derive(Clone)]
struct Output {
    block: Block,
    /// How much of it is used up.
    used: usize,
}

impl Output {
    const fn new(iv: &Block) -> Self {
        Self { block: *iv, used: 16 }
    }

    fn xor(&mut self, keys: &RoundKeys, data: &mut [u8]) {
        let (head, rest) = data.split_at_mut(data.len().min(16 - self.used));
        self.xor_bytes(head);
        let (blocks, tail) = rest.as_chunks_mut();
        keys.chain(Chain::Ofb, &mut self.block, blocks);
        if !tail.is_empty() {
            keys.encrypt(slice::from_mut(&mut self.block));
            self.used = 0;
            self.xor_bytes(tail);
        }
    }

    fn xor_bytes(&mut self, data: &mut [u8]) {
        for (byte, stream) in data.iter_mut().zip(&self.block[self.used..]) {
            *byte ^= stream;
        }
        self.used += data.len();
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.block.as_mut_slice().zeroize();
    }
}

impl fmt::Debug for Ofb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ofb(..)")
    }
}

// Both fields zeroise themselves.
impl ZeroizeOnDrop for Ofb {}
