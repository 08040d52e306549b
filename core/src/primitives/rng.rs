//! Randomness from the operating system: the one call out of this crate.

use crate::error::{Code, Error};

/// Fills `bytes` from the operating system's generator.
///
/// # Errors
/// [`Code::NoRandomness`] if it gives none. Nothing then falls back to a weaker source.
pub fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|_| Error::new(Code::NoRandomness))
}
