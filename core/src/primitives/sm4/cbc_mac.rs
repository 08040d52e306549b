//! CBC-MAC (GB/T 15852.1-2020, MAC algorithm 1), for protocols that demand it.
//!
//! Whoever sees tags of messages of different lengths can forge under [`Padding::Zeros`] and
//! [`Padding::OneAndZeros`]: there all messages of a key must have one length. [`cmac`](super::cmac) has
//! no such condition.

use std::slice;

use zeroize::Zeroize as _;

use super::Sm4;
use crate::{
    error::{Code, Error},
    primitives::{ct, selftest::in_service},
};

/// A whole tag. Protocols cut it.
pub type Tag = [u8; 16];

/// How a message is filled up to whole blocks (GB/T 15852.1-2020, 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Method 1: zeros, at least to one block. Messages that differ in zeros at the end have one tag.
    Zeros,
    /// Method 2: one bit 1, then zeros.
    OneAndZeros,
    /// Method 3: the length in bits as a block of its own before the message, then as method 1.
    LengthFirst,
}

/// The tag of `message` under `cipher`.
#[must_use]
pub fn tag(cipher: &Sm4, padding: Padding, message: &[u8]) -> Tag {
    let mut state = [0; 16];
    let (blocks, tail) = message.as_chunks();
    match padding {
        Padding::Zeros if message.is_empty() => cipher.keys.absorb(&mut state, &[[0; 16]]),
        Padding::Zeros => cipher.keys.absorb_padded(&mut state, message),
        Padding::OneAndZeros => {
            cipher.keys.absorb(&mut state, blocks);
            let mut last = [0; 16];
            last[..tail.len()].copy_from_slice(tail);
            last[tail.len()] = 0x80;
            cipher.keys.absorb(&mut state, slice::from_ref(&last));
            last.as_mut_slice().zeroize();
        }
        Padding::LengthFirst => {
            let bits = 8 * message.len() as u128;
            cipher.keys.absorb(&mut state, &[bits.to_be_bytes()]);
            let message = if message.is_empty() { &[0; 16] } else { message };
            cipher.keys.absorb_padded(&mut state, message);
        }
    }
    state
}

/// Checks `expected`, of 4 to 16 bytes, against the tag of `message`. Constant time in both.
///
/// # Errors
/// [`Code::BadMac`] if it is wrong; [`Code::BadLength`] for a tag of another length.
pub fn verify(
    cipher: &Sm4,
    padding: Padding,
    message: &[u8],
    expected: &[u8],
) -> Result<(), Error> {
    in_service()?;
    if !(4..=16).contains(&expected.len()) {
        return Err(Error::new(Code::BadLength).field("tag"));
    }
    if ct::equal(&tag(cipher, padding, message)[..expected.len()], expected) {
        return Ok(());
    }
    Err(Error::new(Code::BadMac).field("MAC"))
}
