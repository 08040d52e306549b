//! Matrices for CPUs that have the S-box of AES as an instruction, not the inverse in its field alone.
//!
//! The instruction shifts rows as well: a shuffle shifts them back. The affine part of the S-box goes into
//! the matrix that follows. A matrix is two tables of 16 bytes in registers, one for each half of a byte:
//! no address depends on a secret.

use super::{
    Block,
    aes_domain::{columns, multiply},
};

/// Where the shifted rows have the bytes.
pub(super) const SHIFT_BACK: Block = [0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3];

/// A matrix for the low and the high half of a byte, in this order in memory.
#[repr(C)]
pub(super) struct Tables {
    pub(super) low: Block,
    pub(super) high: Block,
}

/// `matrix` itself.
pub(super) const fn plain(matrix: u64) -> Tables {
    let columns = columns(matrix);
    let (mut low, mut high) = ([0; 16], [0; 16]);
    let mut half = 0;
    while half < 16 {
        low[half] = multiply(&columns, half as u32) as u8;
        high[half] = multiply(&columns, (half as u32) << 4) as u8;
        half += 1;
    }
    Tables { low, high }
}

/// `matrix` after the inverse of the affine part of the S-box of AES (FIPS 197, 5.3.2).
pub(super) const fn after_aes(matrix: u64) -> Tables {
    const fn inverse(x: u8) -> u32 {
        (x.rotate_left(1) ^ x.rotate_left(3) ^ x.rotate_left(6)) as u32
    }
    let columns = columns(matrix);
    let (mut low, mut high) = ([0; 16], [0; 16]);
    let mut half = 0;
    while half < 16 {
        low[half] = multiply(&columns, inverse(half as u8) ^ 0x05) as u8;
        high[half] = multiply(&columns, inverse((half as u8) << 4)) as u8;
        half += 1;
    }
    Tables { low, high }
}
