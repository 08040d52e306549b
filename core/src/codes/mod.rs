//! Numbers of persons and organisations, with their check characters.
//!
//! In: the text of a number. Out: a value that can only hold a well-formed number, or an error that
//! names the field and the byte. Lower case, spaces and full-width digits are refused: a number is
//! compared byte by byte elsewhere, so it has exactly one spelling. Everything here is variable time.
//!
//! No number is looked up anywhere: regions are withdrawn and renamed all the time, and a number that
//! was right when it was given stays right. A number that is well-formed need not have been given out.

pub mod citizen_id;
pub mod foreigner_card;
pub mod holder;
pub mod organisation_code;
pub mod uscc;

pub use citizen_id::CitizenId;
pub use foreigner_card::ForeignerCard;
pub use holder::HolderCodeType;
pub use organisation_code::OrganisationCode;
pub use uscc::Uscc;

use time::{Date, Month};

use crate::error::{Code, Error};

/// Takes exactly `N` bytes; a text of another length is wrong at the byte where it should end or does.
fn exactly<const N: usize>(text: &str, field: &'static str) -> Result<[u8; N], Error> {
    let bytes = text.as_bytes();
    <[u8; N]>::try_from(bytes)
        .map_err(|_| Error::new(Code::BadCodeNumber).at(bytes.len().min(N)).field(field))
}

/// Refuses the first byte, counted from `offset`, that `allowed` refuses.
fn all(
    bytes: &[u8],
    offset: usize,
    field: &'static str,
    allowed: impl Fn(u8) -> bool,
) -> Result<(), Error> {
    match bytes.iter().position(|&byte| !allowed(byte)) {
        Some(at) => Err(Error::new(Code::BadCodeNumber).at(offset + at).field(field)),
        None => Ok(()),
    }
}

/// The place of `byte` in an alphabet of at most 36 characters.
fn value(alphabet: &[u8], byte: u8) -> Option<u32> {
    let place = alphabet.iter().position(|&letter| letter == byte)?;
    u32::try_from(place).ok()
}

/// The sum of value times weight; `None` if a byte is not of the alphabet.
fn weighted_sum(body: &[u8], weights: &[u32], alphabet: &[u8]) -> Option<u32> {
    body.iter().zip(weights).map(|(&byte, weight)| Some(value(alphabet, byte)? * weight)).sum()
}

/// The check character of ISO 7064 MOD 11-2 over 17 digits, as GB 11643-1999 writes out its weights.
fn mod_11_2(body: &[u8]) -> Option<u8> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum = weighted_sum(body, &WEIGHTS, b"0123456789")?;
    b"10X98765432".get(usize::try_from(sum % 11).ok()?).copied()
}

/// The calendar date that eight digits `yyyymmdd` name, if there was or will be such a day.
fn calendar_date(digits: &[u8]) -> Option<Date> {
    let number = |range: std::ops::Range<usize>| -> Option<u16> {
        std::str::from_utf8(digits.get(range)?).ok()?.parse().ok()
    };
    let month = Month::try_from(u8::try_from(number(4..6)?).ok()?).ok()?;
    let day = u8::try_from(number(6..8)?).ok()?;
    Date::from_calendar_date(i32::from(number(0..4)?), month, day).ok()
}

/// The text of bytes that were found to be ASCII.
fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// A person's number with its middle hidden: `3301**********1234`. Short ones are hidden altogether.
#[must_use]
pub fn masked(number: &str) -> String {
    let length = number.chars().count();
    let shown = if length < 12 { 0 } else { 4 };
    let hide = |(place, letter)| {
        if place < shown || place + shown >= length { letter } else { '*' }
    };
    number.chars().enumerate().map(hide).collect()
}

#[cfg(test)]
mod tests;
