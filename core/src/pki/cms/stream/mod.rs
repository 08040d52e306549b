//! Signed and enveloped data of any length, in constant memory.
//!
//! [`Signer`], [`Sealer`] and [`SignedSealer`] take data piece by piece and write to any [`Write`]: DER if
//! the length is said beforehand, else the indefinite lengths of BER. [`Verifier`] takes data that stands
//! elsewhere; [`verify_attached`] reads data with its signatures, and [`Opener`] enveloped data, from any
//! [`Read`](std::io::Read).
//!
//! What comes out before the end of the input was reached is not verified: a signature and a tag stand
//! behind the data. Whoever cannot take back what he was given calls [`verify_attached_twice`],
//! [`open_twice`] or [`open_signed_twice`], which read the input again and give nothing out before a
//! whole pass has found it right. That is two passes for a tag, of which the first decrypts nothing;
//! two for signed attributes, and three for signatures over the data itself.

mod decryption;
mod hashing;
mod opener;
mod reader;
mod sealer;
mod signed_opener;
mod signed_sealer;
mod signer;
mod verifier;

pub use opener::{OpenedStream, Opener, open_twice};
pub use sealer::Sealer;
pub use signed_opener::open_signed_twice;
pub use signed_sealer::SignedSealer;
pub use signer::Signer;
pub use verifier::{Verifier, verify_attached, verify_attached_twice};

use std::io::Write;

use zeroize::Zeroizing;

use super::Kind;
use crate::{Code, Error};

/// The bytes of a piece: large enough for every kernel, small enough for the nearer caches.
const PIECE: usize = 64 << 10;

/// The end of an element without a length.
const END: [u8; 2] = [0, 0];

fn write(out: &mut dyn Write, bytes: &[u8]) -> Result<(), Error> {
    out.write_all(bytes).map_err(|_| Error::new(Code::StreamFailed).field("write"))
}

/// The number of bytes of something in memory.
fn length(bytes: &[u8]) -> u64 {
    length_of(bytes.len())
}

fn length_of(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// The header of an element, in DER if its length is given.
fn header(tag: u8, length: Option<u64>) -> Vec<u8> {
    let Some(length) = length else { return vec![tag, 0x80] };
    let bytes = length.to_be_bytes();
    let start = bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len());
    match bytes.get(start..).unwrap_or_default() {
        [] => vec![tag, 0],
        [short] if *short < 0x80 => vec![tag, *short],
        long => {
            // At most 8 bytes.
            let count = 0x80 | u8::try_from(long.len()).unwrap_or(8);
            [&[tag, count], long].concat()
        }
    }
}

/// The length of an element with its header.
fn whole(length: u64) -> u64 {
    length.saturating_add(self::length(&header(0, Some(length))))
}

/// A structure was read whose kind the call does not take.
fn other_kind(kind: Kind) -> Error {
    Error::new(Code::BadArgument).field(kind.name())
}

/// Gives `take` everything that `input` gives, in pieces of [`PIECE`] bytes.
fn feed(
    input: &mut dyn std::io::Read,
    mut take: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    // It may be what is going to be encrypted.
    let mut buffer = Zeroizing::new(vec![0; PIECE]);
    loop {
        let filled = read_full(input, &mut buffer)?;
        take(buffer.get(..filled).unwrap_or_default())?;
        if filled < buffer.len() {
            return Ok(());
        }
    }
}

/// Fills `buffer` from `input` as far as that goes, and says how far.
fn read_full(input: &mut dyn std::io::Read, buffer: &mut [u8]) -> Result<usize, Error> {
    let mut filled = 0_usize;
    while let Some(place) = buffer.get_mut(filled..).filter(|place| !place.is_empty()) {
        match input.read(place) {
            Ok(0) => break,
            Ok(count) => filled = filled.saturating_add(count),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return Err(Error::new(Code::StreamFailed).field("read")),
        }
    }
    Ok(filled)
}
