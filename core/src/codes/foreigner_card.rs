//! The number of the foreigner's permanent residence card (外国人永久居留身份证).
//!
//! The card of 2023-12-01 has 18 characters: `9`, province where it was applied for (2 digits),
//! nationality (3 digits, ISO 3166-1), date of birth (8), sequence (3), check character (ISO 7064 MOD
//! 11-2). The card before it has three letters and twelve digits, of which no check rule was published.
//!
//! These numbers are personal data: `Debug` and `Display` hide the middle.

use std::fmt;

use super::{all, ascii, calendar_date, exactly, masked, mod_11_2};
use crate::error::{Code, Error};

/// A well-formed number of a foreigner's permanent residence card.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ForeignerCard {
    number: Box<str>,
    edition: Edition,
}

/// Which card the number is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Edition {
    /// 18 characters, with a check character.
    Since2023,
    /// Three letters and twelve digits: only the form can be checked.
    Before2023,
}

impl ForeignerCard {
    /// Reads a number of either edition.
    ///
    /// # Errors
    /// With field and offset: [`Code::BadCodeNumber`] with field `foreigner_card` or `birth_date`,
    /// [`Code::BadCheckCharacter`] for the last character of the new edition.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let edition = if text.len() == 15 {
            parse_before_2023(&exactly::<15>(text, "foreigner_card")?)?;
            Edition::Before2023
        } else {
            let [body @ .., check] = exactly::<18>(text, "foreigner_card")?;
            if check != checked_body(&body)? {
                return Err(Error::new(Code::BadCheckCharacter).at(17).field("foreigner_card"));
            }
            Edition::Since2023
        };
        Ok(Self { number: text.into(), edition })
    }

    /// Adds the check character to the first 17 digits of the new edition.
    ///
    /// # Errors
    /// [`Code::BadCodeNumber`] as for [`parse`](Self::parse).
    pub fn build(body: &str) -> Result<Self, Error> {
        let body = exactly::<17>(body, "foreigner_card")?;
        let check = checked_body(&body)?;
        Self::parse(&format!("{}{}", ascii(&body), char::from(check)))
    }

    /// The whole number. Personal data: log [`Display`](fmt::Display) instead.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.number
    }

    /// Which card the number is of.
    #[must_use]
    pub const fn edition(&self) -> Edition {
        self.edition
    }
}

fn parse_before_2023(bytes: &[u8; 15]) -> Result<(), Error> {
    let (letters, digits) = bytes.split_at(3);
    all(letters, 0, "foreigner_card", |byte| byte.is_ascii_uppercase())?;
    all(digits, 3, "foreigner_card", |byte| byte.is_ascii_digit())
}

fn checked_body(body: &[u8; 17]) -> Result<u8, Error> {
    all(body, 0, "foreigner_card", |byte| byte.is_ascii_digit())?;
    let bad = |field| Error::new(Code::BadCodeNumber).field(field);
    if body.first() != Some(&b'9') {
        return Err(bad("foreigner_card").at(0));
    }
    body.get(6..14).and_then(calendar_date).ok_or_else(|| bad("birth_date").at(6))?;
    mod_11_2(body).ok_or_else(|| bad("foreigner_card"))
}

impl fmt::Display for ForeignerCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(&self.number))
    }
}

impl fmt::Debug for ForeignerCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
