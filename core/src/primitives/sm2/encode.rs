//! The few DER elements that SM2 writes, and the hexadecimal of its `Debug` output.

use std::fmt;

/// A DER header: tag and length.
pub(super) fn header(der: &mut Vec<u8>, tag: u8, length: usize) {
    der.push(tag);
    let bytes = length.to_be_bytes();
    let start = bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len() - 1);
    let significant = &bytes[start..];
    if length >= 0x80 {
        der.push(0x80 | significant.len() as u8);
    }
    der.extend(significant);
}

/// A DER INTEGER from a big-endian unsigned number.
pub(super) fn integer(der: &mut Vec<u8>, number: &[u8]) {
    let start = number.iter().position(|&byte| byte != 0).unwrap_or(number.len() - 1);
    let significant = &number[start..];
    let sign = usize::from(significant[0] >= 0x80);
    header(der, 0x02, significant.len() + sign);
    der.extend(std::iter::repeat_n(0, sign));
    der.extend(significant);
}

/// A DER SEQUENCE around `body`.
pub(super) fn sequence(body: &[u8]) -> Vec<u8> {
    let mut der = Vec::with_capacity(body.len() + 6);
    header(&mut der, 0x30, body.len());
    der.extend(body);
    der
}

/// 32 bytes big-endian from a shorter number; `None` if it is longer.
pub(super) fn pad(number: &[u8]) -> Option<[u8; 32]> {
    let mut padded = [0; 32];
    let start = padded.len().checked_sub(number.len())?;
    padded[start..].copy_from_slice(number);
    Some(padded)
}

/// `name(hex)`.
pub(super) fn debug_hex(f: &mut fmt::Formatter<'_>, name: &str, bytes: &[u8]) -> fmt::Result {
    write!(f, "{name}(")?;
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
    f.write_str(")")
}
