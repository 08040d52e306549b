//! The identifier's check character: GB/T 17710-2008 (ISO/IEC 7064) MOD 37,36.

use crate::error::{Code, Error};

const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// What a check character is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckCharacter {
    /// As the standard has it.
    Right,
    /// As one faulty implementation in wide use has it: the licence is most likely genuine, its
    /// identifier is wrong.
    FaultyVariant {
        /// What the standard would have.
        expected: char,
    },
    /// As nothing known has it.
    Wrong {
        /// What the standard would have.
        expected: char,
    },
}

/// The check character over type, issuer, serial and version, without the root and without dots.
///
/// # Errors
/// [`Code::BadIdentifier`] with the offset of a character that is neither digit nor capital.
pub fn check_character(body: &str) -> Result<char, Error> {
    // P starts at 36; each step is P = (P + a) mod 36, with 36 for 0, doubled modulo 37.
    let mut product = 36;
    for (offset, byte) in body.bytes().enumerate() {
        let sum = (product + value(byte, offset)?) % 36;
        product = (if sum == 0 { 36 } else { sum } * 2) % 37;
    }
    letter((37 - product) % 36)
}

/// Compares the written character with the standard's and with the faulty variant's.
pub(super) fn judge(body: &str, written: char) -> CheckCharacter {
    match check_character(body) {
        Ok(expected) if expected == written => CheckCharacter::Right,
        Ok(expected) if faulty_variant(body).is_ok_and(|faulty| faulty == written) => {
            CheckCharacter::FaultyVariant { expected }
        }
        Ok(expected) => CheckCharacter::Wrong { expected },
        // A body has only characters of the alphabet, so there always is an expected one.
        Err(_) => CheckCharacter::Wrong { expected: '?' },
    }
}

/// What a faulty public implementation computes, which explains the wrong identifiers of a whole
/// province: letters count from 11 instead of 10, the sum is reduced by a modulus that depends on the
/// character, and the last step is off by one in the other direction.
fn faulty_variant(body: &str) -> Result<char, Error> {
    let mut product = 36;
    for (offset, byte) in body.bytes().enumerate() {
        let right = value(byte, offset)?;
        let a = if right < 10 { right } else { right + 1 };
        let mut sum = product + a;
        if a > 10 && sum > 37 {
            sum %= 37;
        } else if a < 10 && sum > 36 {
            sum %= 36;
        }
        sum %= 36;
        product = (if sum == 0 { 36 } else { sum } * 2) % 37;
    }
    // The product is never 0 modulo 37, so 37 - product lies in 1..=36.
    letter((37 - product) - 1)
}

fn value(byte: u8, offset: usize) -> Result<u32, Error> {
    let place = ALPHABET.iter().position(|&letter| letter == byte);
    let value = place.and_then(|place| u32::try_from(place).ok());
    value.ok_or_else(|| Error::new(Code::BadIdentifier).at(offset).field("check"))
}

fn letter(value: u32) -> Result<char, Error> {
    let letter = usize::try_from(value).ok().and_then(|place| ALPHABET.get(place));
    letter
        .map(|&byte| char::from(byte))
        .ok_or_else(|| Error::new(Code::BadIdentifier).field("identifier"))
}
