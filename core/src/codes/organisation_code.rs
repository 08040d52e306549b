//! The organisation code (组织机构代码) of GB 11714-1997: eight characters and a check character.
//!
//! It lives on as the characters 9 to 17 of the unified social credit code.

use std::fmt;

use super::{all, ascii, exactly, weighted_sum};
use crate::error::{Code, Error};

const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// An organisation code whose check character is right.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrganisationCode([u8; 9]);

impl OrganisationCode {
    /// Reads nine characters, written without the hyphen before the last.
    ///
    /// # Errors
    /// With field `organisation_code` and the offset: [`Code::BadCodeNumber`] for a wrong length or a
    /// character that is neither digit nor capital, [`Code::BadCheckCharacter`] for the ninth.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bytes = exactly::<9>(text, "organisation_code")?;
        let [body @ .., check] = bytes;
        if check != checked_body(&body)? {
            return Err(Error::new(Code::BadCheckCharacter).at(8).field("organisation_code"));
        }
        Ok(Self(bytes))
    }

    /// Adds the check character to eight characters.
    ///
    /// # Errors
    /// [`Code::BadCodeNumber`] as for [`parse`](Self::parse).
    pub fn build(body: &str) -> Result<Self, Error> {
        let [a, b, c, d, e, f, g, h] = exactly::<8>(body, "organisation_code")?;
        let check = checked_body(&[a, b, c, d, e, f, g, h])?;
        Ok(Self([a, b, c, d, e, f, g, h, check]))
    }

    /// The nine characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        ascii(&self.0)
    }
}

/// The check character of the first eight characters: 11 minus the weighted sum modulo 11, of which
/// 10 is written `X` and 11 is written `0`.
///
/// # Errors
/// [`Code::BadCodeNumber`] if they are not eight digits or capitals.
pub fn check_character(body: &str) -> Result<char, Error> {
    checked_body(&exactly::<8>(body, "organisation_code")?).map(char::from)
}

fn checked_body(body: &[u8; 8]) -> Result<u8, Error> {
    all(body, 0, "organisation_code", |byte| ALPHABET.contains(&byte))?;
    let bad = || Error::new(Code::BadCodeNumber).field("organisation_code");
    let sum = weighted_sum(body, &WEIGHTS, ALPHABET).ok_or_else(bad)?;
    let place = usize::try_from(sum % 11).map_err(|_| bad())?;
    b"0X987654321".get(place).copied().ok_or_else(bad)
}

impl fmt::Display for OrganisationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for OrganisationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
