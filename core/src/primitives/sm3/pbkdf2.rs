//! PBKDF2 with HMAC-SM3: RFC 8018, 5.2.

use zeroize::Zeroize as _;

use super::{Backend, Digest, HmacKey};
use crate::limits;

/// The blocks of output that are made together: a multiple of the lanes of any backend.
const GROUP: usize = 64;

/// Fills `out` with the key derived from `password` and `salt` in `iterations` steps; 0 count as 1.
/// Constant time in the password. Outputs of more than 64 bytes are made side by side where the CPU
/// has vectors.
///
/// # Panics
/// If `out` is longer than [`limits::SM3_KDF_BYTES_MAX`], where the number of a block would not fit.
pub fn pbkdf2(password: &[u8], salt: &[u8], iterations: u32, out: &mut [u8]) {
    Backend::default().pbkdf2(password, salt, iterations, out);
}

impl Backend {
    /// As [`pbkdf2()`], on a chosen backend.
    ///
    /// # Panics
    /// As [`pbkdf2()`].
    pub fn pbkdf2(self, password: &[u8], salt: &[u8], iterations: u32, out: &mut [u8]) {
        assert!(out.len() as u64 <= limits::SM3_KDF_BYTES_MAX, "a block has a number of 32 bits");
        let key = HmacKey::with_backend(self, password);
        let mut values = [[0; 32]; GROUP];
        let mut sums = [[0; 32]; GROUP];
        for (numbers, chunk) in (1_u32..).step_by(GROUP).zip(out.chunks_mut(32 * GROUP)) {
            let values = &mut values[..chunk.len().div_ceil(32)];
            let sums = &mut sums[..values.len()];
            // U(1) = PRF(password, salt ‖ INT(i)).
            for (value, number) in values.iter_mut().zip(numbers..) {
                *value = *key.mac(&[salt, &number.to_be_bytes()]);
            }
            sums.copy_from_slice(values);
            // U(j) = PRF(password, U(j-1)); T(i) is the exclusive or of all.
            for _ in 1..iterations {
                key.mac_in_place(values);
                add(sums, values);
            }
            chunk.copy_from_slice(&sums.as_flattened()[..chunk.len()]);
        }
        values.as_flattened_mut().zeroize();
        sums.as_flattened_mut().zeroize();
    }
}

fn add(sums: &mut [Digest], values: &[Digest]) {
    for (sum, value) in sums.as_flattened_mut().iter_mut().zip(values.as_flattened()) {
        *sum ^= value;
    }
}
