//! The citizen identification number (公民身份号码) of GB 11643-1999, and the numbers of the residence
//! permits for Hong Kong, Macau and Taiwan residents, which follow the same rule.
//!
//! 18 characters: region (6 digits), date of birth (8), sequence (3), check character (ISO 7064 MOD
//! 11-2). The form of before 1999 has 15 digits: a two-digit year of the 1900s and no check character.
//!
//! These numbers are personal data: `Debug` and `Display` show `3301**********1234`, and only
//! [`CitizenId::expose`] gives the whole number.

use std::fmt;

use time::Date;

use super::{all, ascii, calendar_date, exactly, masked, mod_11_2};
use crate::error::{Code, Error};

/// A citizen's or resident's number with a real date of birth and a right check character.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CitizenId {
    /// The 18-character form, to which a 15-digit one is brought.
    full: [u8; 18],
    birth: Date,
    form: Form,
}

/// How the number was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// 18 characters, GB 11643-1999.
    Eighteen,
    /// 15 digits, GB 11643-1989: nothing protects it against a slip of the pen.
    Fifteen,
}

/// To whom the number was given, told by its first six digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A citizen.
    Citizen,
    /// The residence permit of a Hong Kong resident, 810000.
    HongKongResident,
    /// The residence permit of a Macau resident, 820000.
    MacauResident,
    /// The residence permit of a Taiwan resident, 830000.
    TaiwanResident,
}

impl CitizenId {
    /// Reads 18 characters (the last may be `X`, capital) or the old 15 digits.
    ///
    /// # Errors
    /// With field and offset: [`Code::BadCodeNumber`] with field `citizen_id` for a wrong length or
    /// character, with field `birth_date` for a day that no calendar has; [`Code::BadCheckCharacter`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() == 15 {
            return Self::parse_fifteen(text);
        }
        let full = exactly::<18>(text, "citizen_id")?;
        let [body @ .., check] = full;
        let (birth, expected) = checked_body(&body)?;
        if check != expected {
            return Err(Error::new(Code::BadCheckCharacter).at(17).field("citizen_id"));
        }
        Ok(Self { full, birth, form: Form::Eighteen })
    }

    /// Adds the check character to 17 digits: region, date of birth and sequence.
    ///
    /// # Errors
    /// [`Code::BadCodeNumber`] as for [`parse`](Self::parse).
    pub fn build(body: &str) -> Result<Self, Error> {
        let body = exactly::<17>(body, "citizen_id")?;
        let (_, check) = checked_body(&body)?;
        Self::parse(&format!("{}{}", ascii(&body), char::from(check)))
    }

    fn parse_fifteen(text: &str) -> Result<Self, Error> {
        let digits = exactly::<15>(text, "citizen_id")?;
        all(&digits, 0, "citizen_id", |byte| byte.is_ascii_digit())?;
        let (region, rest) = digits.split_at(6);
        let body = [region, b"19", rest].concat();
        let id = Self::build(ascii(&body))?;
        Ok(Self { form: Form::Fifteen, ..id })
    }

    /// The whole number in its 18-character form. Personal data: log [`Display`](fmt::Display) instead.
    #[must_use]
    pub fn expose(&self) -> &str {
        ascii(&self.full)
    }

    /// The six digits of the region.
    #[must_use]
    pub fn region(&self) -> &str {
        ascii(self.full.get(..6).unwrap_or_default())
    }

    /// The date of birth.
    #[must_use]
    pub const fn birth_date(&self) -> Date {
        self.birth
    }

    /// How the number was written.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// To whom it was given.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.region() {
            "810000" => Kind::HongKongResident,
            "820000" => Kind::MacauResident,
            "830000" => Kind::TaiwanResident,
            _ => Kind::Citizen,
        }
    }
}

/// The check character of the first 17 digits.
///
/// # Errors
/// [`Code::BadCodeNumber`] if they are not 17 digits with a real date of birth.
pub fn check_character(body: &str) -> Result<char, Error> {
    checked_body(&exactly::<17>(body, "citizen_id")?).map(|(_, check)| char::from(check))
}

fn checked_body(body: &[u8; 17]) -> Result<(Date, u8), Error> {
    all(body, 0, "citizen_id", |byte| byte.is_ascii_digit())?;
    let birth = body.get(6..14).and_then(calendar_date);
    let birth = birth.ok_or_else(|| Error::new(Code::BadCodeNumber).at(6).field("birth_date"))?;
    let check =
        mod_11_2(body).ok_or_else(|| Error::new(Code::BadCodeNumber).field("citizen_id"))?;
    Ok((birth, check))
}

impl fmt::Display for CitizenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(self.expose()))
    }
}

impl fmt::Debug for CitizenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
