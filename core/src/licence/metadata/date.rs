//! Dates in the metadata, in the forms in which systems write them.

use std::fmt;

use time::{Date, Month};

use crate::error::{Code, Error};

/// A day, or no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LicenceDate {
    /// A day of the calendar, in Beijing time.
    Day(Date),
    /// 长期: no end. It sorts after every day.
    LongTerm,
}

impl LicenceDate {
    /// Reads `20261125`, `2026-11-25`, `2026年11月25日` (also `2026年1月5日`) or `长期`.
    ///
    /// # Errors
    /// [`Code::BadTime`] for any other text and for days that no calendar has.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text == "长期" {
            return Ok(Self::LongTerm);
        }
        let day = chinese(text).or_else(|| hyphened(text)).or_else(|| compact(text));
        day.map(Self::Day).ok_or_else(|| Error::new(Code::BadTime).field("time"))
    }

    /// The day, unless it is long-term.
    #[must_use]
    pub const fn day(self) -> Option<Date> {
        match self {
            Self::Day(day) => Some(day),
            Self::LongTerm => None,
        }
    }

    /// The form for exchange: `2026-11-25` or `长期`.
    #[must_use]
    pub fn to_exchange(self) -> String {
        match self {
            Self::Day(day) => {
                format!("{:04}-{:02}-{:02}", day.year(), u8::from(day.month()), day.day())
            }
            Self::LongTerm => "长期".to_owned(),
        }
    }
}

/// The form for a reader: `2026年11月25日` or `长期`.
impl fmt::Display for LicenceDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => {
                write!(f, "{}年{}月{}日", day.year(), u8::from(day.month()), day.day())
            }
            Self::LongTerm => f.write_str("长期"),
        }
    }
}

fn chinese(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once('年')?;
    let (month, rest) = rest.split_once('月')?;
    date(year, month, rest.strip_suffix('日')?)
}

fn hyphened(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    if month.len() == 2 && day.len() == 2 { date(year, month, day) } else { None }
}

fn compact(text: &str) -> Option<Date> {
    if text.len() == 8 { date(text.get(..4)?, text.get(4..6)?, text.get(6..)?) } else { None }
}

fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if year.len() != 4 || !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
        return None;
    }
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
}
