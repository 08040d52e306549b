//! CMAC (GB/T 15852.1-2020, MAC algorithm 5; SP 800-38B; RFC 4493): a MAC of messages of any length.
//!
//! It is one chain, block by block. Comparing is constant time.

use std::{fmt, slice};

use cipher::{Key, KeyInit, KeySizeUser};
use digest::{
    FixedOutput, FixedOutputReset, MacMarker, Output, OutputSizeUser, Reset, Update, consts::U16,
};
use zeroize::{Zeroize as _, ZeroizeOnDrop};

use super::{Block, Sm4, batch::xor};
use crate::{
    error::{Code, Error},
    primitives::{ct, selftest::in_service},
};

/// A whole tag. It may be cut to 8 bytes or more.
pub type Tag = [u8; 16];

/// A CMAC on its way. Zeroised on drop, never printed.
///
/// It implements `Mac` of the crate `digest`.
#[derive(Clone)]
pub struct Cmac {
    cipher: Sm4,
    /// What the last block is masked with: K1 if it is whole, else K2.
    masks: [Block; 2],
    state: Block,
    /// The block that may be the last.
    pending: Block,
    /// How many bytes of it are there: 0 to 16.
    filled: usize,
}

impl Cmac {
    /// CMAC under the expanded key `cipher`, of nothing yet.
    #[must_use]
    pub fn with_cipher(cipher: Sm4) -> Self {
        let mut l = [0; 16];
        cipher.keys.encrypt(slice::from_mut(&mut l));
        let k1 = doubled(&l);
        let k2 = doubled(&k1);
        l.as_mut_slice().zeroize();
        let masks = [k1, k2];
        Self { cipher, masks, state: [0; 16], pending: [0; 16], filled: 0 }
    }

    /// Takes in the next piece of the message.
    pub fn update(&mut self, data: &[u8]) {
        let (head, rest) = data.split_at(data.len().min(16 - self.filled));
        self.pending[self.filled..][..head.len()].copy_from_slice(head);
        self.filled += head.len();
        // The last byte of a piece stays back: its block may be the last.
        let Some((_, all_but_one)) = rest.split_last() else { return };
        self.cipher.keys.absorb(&mut self.state, slice::from_ref(&self.pending));
        let (blocks, _) = all_but_one.as_chunks();
        self.cipher.keys.absorb(&mut self.state, blocks);
        let tail = &rest[blocks.as_flattened().len()..];
        self.pending[..tail.len()].copy_from_slice(tail);
        self.filled = tail.len();
    }

    /// The tag of everything taken in.
    #[must_use]
    pub fn finish(mut self) -> Tag {
        self.tag()
    }

    /// Checks `tag`, of 8 to 16 bytes, against everything taken in.
    ///
    /// # Errors
    /// [`Code::BadMac`] if it is wrong; [`Code::BadLength`] for a tag of another length.
    pub fn verify(mut self, tag: &[u8]) -> Result<(), Error> {
        in_service()?;
        if !(8..=16).contains(&tag.len()) {
            return Err(Error::new(Code::BadLength).field("tag"));
        }
        if ct::equal(&self.tag()[..tag.len()], tag) {
            return Ok(());
        }
        Err(Error::new(Code::BadMac).field("MAC"))
    }

    fn tag(&mut self) -> Tag {
        let whole = self.filled == 16;
        if !whole {
            self.pending[self.filled] = 0x80;
            self.pending[self.filled + 1..].fill(0);
        }
        xor(&mut self.pending, &self.masks[usize::from(!whole)]);
        let mut tag = self.state;
        self.cipher.keys.absorb(&mut tag, slice::from_ref(&self.pending));
        tag
    }
}

/// The tag of `message` under `cipher`.
#[must_use]
pub fn tag(cipher: &Sm4, message: &[u8]) -> Tag {
    let mut mac = Cmac::with_cipher(cipher.clone());
    mac.update(message);
    mac.finish()
}

/// Twice a block in GF(2^128), of which the last bit is the coefficient of x^0 (SP 800-38B, 6.1).
fn doubled(block: &Block) -> Block {
    let t = u128::from_be_bytes(*block);
    (t << 1 ^ ((t >> 127).wrapping_neg() & 0x87)).to_be_bytes()
}

impl Drop for Cmac {
    fn drop(&mut self) {
        self.masks.as_flattened_mut().zeroize();
        self.state.as_mut_slice().zeroize();
        self.pending.as_mut_slice().zeroize();
    }
}

impl ZeroizeOnDrop for Cmac {}

impl fmt::Debug for Cmac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cmac(..)")
    }
}

impl MacMarker for Cmac {}

impl KeySizeUser for Cmac {
    type KeySize = U16;
}

impl KeyInit for Cmac {
    fn new(key: &Key<Self>) -> Self {
        Self::with_cipher(Sm4::new(key))
    }
}

impl OutputSizeUser for Cmac {
    type OutputSize = U16;
}

impl Update for Cmac {
    fn update(&mut self, data: &[u8]) {
        Self::update(self, data);
    }
}

impl FixedOutput for Cmac {
    fn finalize_into(mut self, out: &mut Output<Self>) {
        out.0 = self.tag();
    }
}

impl Reset for Cmac {
    fn reset(&mut self) {
        (self.state, self.filled) = ([0; 16], 0);
    }
}

impl FixedOutputReset for Cmac {
    fn finalize_into_reset(&mut self, out: &mut Output<Self>) {
        out.0 = self.tag();
        Reset::reset(self);
    }
}
