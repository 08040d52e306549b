//! Block operations without a mode (ECB, GB/T 17964-2021, clause 5): for building modes and for tests.
//!
//! Equal blocks give equal blocks, so a message is never encrypted with this alone.

use super::{Sm4, whole_blocks};
use crate::error::Error;

/// Encrypts every 16-byte block of `data` in place.
///
/// # Errors
/// [`Code::BadLength`](crate::Code::BadLength) unless the length is a multiple of 16; `data` is then
/// unchanged.
pub fn encrypt(cipher: &Sm4, data: &mut [u8]) -> Result<(), Error> {
    cipher.keys.encrypt(whole_blocks(data)?);
    Ok(())
}

/// Decrypts every 16-byte block of `data` in place.
///
/// # Errors
/// [`Code::BadLength`](crate::Code::BadLength) unless the length is a multiple of 16; `data` is then
/// unchanged.
pub fn decrypt(cipher: &Sm4, data: &mut [u8]) -> Result<(), Error> {
    cipher.keys.decrypt(whole_blocks(data)?);
    Ok(())
}
