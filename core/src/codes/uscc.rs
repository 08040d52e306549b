//! The unified social credit code (统一社会信用代码) of GB 32100-2015.
//!
//! 18 characters: registering department (1), category (1), region (6 digits), organisation code (9,
//! GB 11714), check character (1).

use std::fmt;

use super::{OrganisationCode, all, ascii, exactly, weighted_sum};
use crate::error::{Code, Error};

/// The alphabet of GB 32100-2015, 4.1: digits and capitals without I, O, S, V and Z.
pub const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// The weights 3^(i-1) mod 31 (GB 32100-2015, clause 5).
const WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/// A unified social credit code whose two check characters are right.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uscc([u8; 18]);

impl Uscc {
    /// Reads 18 characters.
    ///
    /// # Errors
    /// [`Code::BadCodeNumber`] for a wrong length, a character outside [`ALPHABET`] or a region that is
    /// not six digits; [`Code::BadCheckCharacter`] with field `uscc` for the 18th character and with
    /// field `organisation_code` for the 17th. The offset is that of the character in the text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bytes = exactly::<18>(text, "uscc")?;
        let [body @ .., check] = bytes;
        if check != checked_body(&body)? {
            return Err(Error::new(Code::BadCheckCharacter).at(17).field("uscc"));
        }
        let code = Self(bytes);
        OrganisationCode::parse(code.organisation_code()).map_err(|error| {
            let offset = error.offset().unwrap_or(0);
            error.at(8 + offset)
        })?;
        Ok(code)
    }

    /// Adds both check characters to 16 characters: department, category, region and the first eight
    /// of the organisation code.
    ///
    /// # Errors
    /// [`Code::BadCodeNumber`] as for [`parse`](Self::parse).
    pub fn build(text: &str) -> Result<Self, Error> {
        let bytes = exactly::<16>(text, "uscc")?;
        all(&bytes, 0, "uscc", |byte| ALPHABET.contains(&byte))?;
        let inner = OrganisationCode::build(ascii(bytes.get(8..).unwrap_or_default()))?;
        let body = [bytes.get(..8).unwrap_or_default(), inner.as_str().as_bytes()].concat();
        let check = checked_body(&body)?;
        Self::parse(&format!("{}{}", ascii(&body), char::from(check)))
    }

    /// The 18 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        ascii(&self.0)
    }

    /// The six digits of the region in which it was registered.
    #[must_use]
    pub fn region(&self) -> &str {
        self.part(2, 8)
    }

    /// The nine characters of the organisation code.
    #[must_use]
    pub fn organisation_code(&self) -> &str {
        self.part(8, 17)
    }

    fn part(&self, from: usize, to: usize) -> &str {
        ascii(self.0.get(from..to).unwrap_or_default())
    }
}

/// The check character of the first 17 characters (GB 32100-2015, clause 5).
///
/// # Errors
/// [`Code::BadCodeNumber`] if they are not 17 of [`ALPHABET`] with digits as the region.
pub fn check_character(body: &str) -> Result<char, Error> {
    checked_body(&exactly::<17>(body, "uscc")?).map(char::from)
}

/// Checks the form of 17 characters and computes the 18th.
fn checked_body(body: &[u8]) -> Result<u8, Error> {
    all(body, 0, "uscc", |byte| ALPHABET.contains(&byte))?;
    all(body.get(2..8).unwrap_or_default(), 2, "region", |byte| byte.is_ascii_digit())?;
    let bad = || Error::new(Code::BadCodeNumber).field("uscc");
    let sum = weighted_sum(body, &WEIGHTS, ALPHABET).ok_or_else(bad)?;
    let place = usize::try_from((31 - sum % 31) % 31).map_err(|_| bad())?;
    ALPHABET.get(place).copied().ok_or_else(bad)
}

impl fmt::Display for Uscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Uscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
