//! CTR (GB/T 17964-2021, clause 9): a keystream added to the data; decryption is the same.
//!
//! The counter is one big-endian number of 128 bits that starts at the given block and wraps around.
//! Two messages whose counters meet under one key give each other away.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Block, Sm4};
use crate::primitives::selftest::demand_service;

/// The bytes of keystream made ahead for short pieces: 16 blocks.
const AHEAD: usize = 256;

/// Adds the keystream that starts at `counter` to `data`.
pub fn xor_in_place(cipher: &Sm4, counter: &Block, data: &mut [u8]) {
    cipher.keys.xor_keystream(u128::from_be_bytes(*counter), data);
}

/// A keystream that is added piece by piece. Zeroised on drop.
#[derive(Clone)]
pub struct Ctr {
    cipher: Sm4,
    /// The counter of the block after `ahead`.
    counter: u128,
    ahead: [u8; AHEAD],
    /// How much of `ahead` is used up.
    used: usize,
}

impl Ctr {
    /// A keystream that starts at the block `counter`.
    #[must_use]
    pub const fn new(cipher: Sm4, counter: &Block) -> Self {
        let counter = u128::from_be_bytes(*counter);
        Self { cipher, counter, ahead: [0; AHEAD], used: AHEAD }
    }

    /// Adds the next `data.len()` bytes of keystream to `data`.
    pub fn xor_in_place(&mut self, data: &mut [u8]) {
        // No kernel asks where what was made ahead is enough.
        demand_service();
        let (head, rest) = data.split_at_mut(data.len().min(AHEAD - self.used));
        self.xor_ahead(head);
        let (whole, tail) = rest.split_at_mut(rest.len() - rest.len() % AHEAD);
        if !whole.is_empty() {
            self.cipher.keys.xor_keystream(self.counter, whole);
            self.counter = self.counter.wrapping_add(whole.len() as u128 / 16);
        }
        if !tail.is_empty() {
            self.ahead.fill(0);
            self.cipher.keys.xor_keystream(self.counter, &mut self.ahead);
            self.counter = self.counter.wrapping_add(AHEAD as u128 / 16);
            self.used = 0;
            self.xor_ahead(tail);
        }
    }

    fn xor_ahead(&mut self, data: &mut [u8]) {
        for (byte, stream) in data.iter_mut().zip(&self.ahead[self.used..]) {
            *byte ^= stream;
        }
        self.used += data.len();
    }
}

impl Drop for Ctr {
    fn drop(&mut self) {
        self.ahead.as_mut_slice().zeroize();
    }
}

impl ZeroizeOnDrop for Ctr {}

impl fmt::Debug for Ctr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ctr(..)")
    }
}
