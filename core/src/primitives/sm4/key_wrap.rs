//! Key wrap: keys encrypted under a key, with a check that needs no nonce (GB/T 36624-2018, mechanism 1;
//! RFC 3394, and RFC 5649 for keys of any length).
//!
//! Equal keys give equal results. Unwrapping checks, in constant time, before a byte is released.

use std::slice;

use subtle::{ConstantTimeEq as _, ConstantTimeLess as _};
use zeroize::Zeroizing;

use super::{Direction, RoundKeys, Sm4};
use crate::{
    error::{Code, Error},
    limits,
    primitives::{ct, selftest::in_service},
};

/// Half a block: the unit of the algorithm.
type Half = [u8; 8];

/// The initial value of RFC 3394, 2.2.3.1.
const INITIAL: Half = [0xa6; 8];

/// The first half of the initial value of RFC 5649, 3; the length follows.
const INITIAL_PADDED: [u8; 4] = [0xa6, 0x59, 0x59, 0xa6];

/// Wraps `key`, of 16 bytes or more, under `cipher`: the result has 8 bytes more (RFC 3394, 2.2.1).
///
/// # Errors
/// [`Code::BadLength`] unless the length is a multiple of 8 and at least 16; [`Code::LimitReached`] if
/// it is above [`limits::SM4_KEY_WRAP_BYTES_MAX`].
pub fn wrap(cipher: &Sm4, key: &[u8]) -> Result<Vec<u8>, Error> {
    check_limit(key.len())?;
    if key.len() < 16 || !key.len().is_multiple_of(8) {
        return Err(Error::new(Code::BadLength).field("key"));
    }
    let mut halves = Vec::with_capacity(1 + key.len() / 8);
    halves.push(INITIAL);
    halves.extend_from_slice(key.as_chunks().0);
    mix(&cipher.keys, &mut halves);
    Ok(halves.into_flattened())
}

/// The key that `wrapped` holds (RFC 3394, 2.2.2).
///
/// # Errors
/// [`Code::BadCiphertext`] if it was not wrapped under `cipher`; [`Code::BadLength`] and
/// [`Code::LimitReached`] where [`wrap`] cannot have made it.
pub fn unwrap(cipher: &Sm4, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let halves = unmixed(&cipher.keys, wrapped, 24)?;
    let (initial, key) =
        halves.split_first().ok_or_else(|| Error::new(Code::BadLength).field("length"))?;
    if !ct::equal(initial, &INITIAL) {
        return Err(Error::new(Code::BadCiphertext).field("ciphertext"));
    }
    Ok(Zeroizing::new(key.as_flattened().to_vec()))
}

/// Wraps `key`, of any length but 0, under `cipher`: the result is a multiple of 8, with 8 to 15 bytes
/// more (RFC 5649, 4.1).
///
/// # Errors
/// [`Code::BadLength`] if `key` is empty; [`Code::LimitReached`] if it is longer than
/// [`limits::SM4_KEY_WRAP_BYTES_MAX`].
pub fn wrap_padded(cipher: &Sm4, key: &[u8]) -> Result<Vec<u8>, Error> {
    check_limit(key.len())?;
    if key.is_empty() {
        return Err(Error::new(Code::BadLength).field("key"));
    }
    let mut initial = [0; 8];
    initial[..4].copy_from_slice(&INITIAL_PADDED);
    // The ceiling is far below 2^32.
    initial[4..].copy_from_slice(&(key.len() as u32).to_be_bytes());
    let mut halves = vec![[0; 8]; 1 + key.len().div_ceil(8)];
    halves[0] = initial;
    halves[1..].as_flattened_mut()[..key.len()].copy_from_slice(key);
    mix(&cipher.keys, &mut halves);
    Ok(halves.into_flattened())
}

/// The key that `wrapped` holds (RFC 5649, 4.2).
///
/// # Errors
/// [`Code::BadCiphertext`] if it was not wrapped under `cipher`; [`Code::BadLength`] and
/// [`Code::LimitReached`] where [`wrap_padded`] cannot have made it.
pub fn unwrap_padded(cipher: &Sm4, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let halves = unmixed(&cipher.keys, wrapped, 16)?;
    let (initial, key) =
        halves.split_first().ok_or_else(|| Error::new(Code::BadLength).field("length"))?;
    let (mark, length) = initial.split_at(4);
    let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]);
    // The number of padding bytes, which wraps around to a large one where the length is too large.
    let padding = (key.as_flattened().len() as u32).wrapping_sub(length);
    let mut right = mark.ct_eq(&INITIAL_PADDED) & padding.ct_lt(&8);
    let last = key.last().ok_or_else(|| Error::new(Code::BadLength).field("length"))?;
    for (back, byte) in (0..8u32).zip(last.iter().rev()) {
        // A byte that is not padding may be anything.
        right &= byte.ct_eq(&0) | !back.ct_lt(&padding);
    }
    // Both are what the caller is told.
    if ct::declassify(right.unwrap_u8()) == 0 {
        return Err(Error::new(Code::BadCiphertext).field("ciphertext"));
    }
    let mut key = Zeroizing::new(key.as_flattened().to_vec());
    let length = key.len() - ct::declassify(padding) as usize;
    key.truncate(length);
    Ok(key)
}

/// The wrapping process: `halves` are the initial value and the key (RFC 3394, 2.2.1; with two halves
/// RFC 5649, 4.1).
fn mix(keys: &RoundKeys, halves: &mut [Half]) {
    if let [a, b] = halves {
        return crypt(keys, Direction::Encrypt, a, b);
    }
    let Some((a, rest)) = halves.split_first_mut() else { return };
    let mut t = 0u64;
    for _ in 0..6 {
        for half in &mut *rest {
            t += 1;
            crypt(keys, Direction::Encrypt, a, half);
            *a = (u64::from_be_bytes(*a) ^ t).to_be_bytes();
        }
    }
}

/// The inverse of [`mix`], of at least `shortest` bytes.
fn unmixed(
    keys: &RoundKeys,
    wrapped: &[u8],
    shortest: usize,
) -> Result<Zeroizing<Vec<Half>>, Error> {
    check_limit(wrapped.len().saturating_sub(8))?;
    if wrapped.len() < shortest || !wrapped.len().is_multiple_of(8) {
        return Err(Error::new(Code::BadLength).field("length"));
    }
    let mut halves = Zeroizing::new(wrapped.as_chunks().0.to_vec());
    if let [a, b] = halves.as_mut_slice() {
        crypt(keys, Direction::Decrypt, a, b);
        return Ok(halves);
    }
    let mut t = 6 * (halves.len() as u64 - 1);
    if let Some((a, rest)) = halves.split_first_mut() {
        for _ in 0..6 {
            for half in rest.iter_mut().rev() {
                *a = (u64::from_be_bytes(*a) ^ t).to_be_bytes();
                crypt(keys, Direction::Decrypt, a, half);
                t -= 1;
            }
        }
    }
    Ok(halves)
}

/// Takes the block a ‖ b through the cipher.
fn crypt(keys: &RoundKeys, direction: Direction, a: &mut Half, b: &mut Half) {
    let mut block = Zeroizing::new([0; 16]);
    block[..8].copy_from_slice(a);
    block[8..].copy_from_slice(b);
    keys.crypt(direction, slice::from_mut(&mut block));
    a.copy_from_slice(&block[..8]);
    b.copy_from_slice(&block[8..]);
}

fn check_limit(length: usize) -> Result<(), Error> {
    in_service()?;
    if length > limits::SM4_KEY_WRAP_BYTES_MAX {
        return Err(Error::limit("SM4_KEY_WRAP_BYTES_MAX"));
    }
    Ok(())
}
