//! Points in time. Core has no clock: every judgement is made at a time that the caller gives.

use std::fmt;

use serde::{Serialize, Serializer};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

use crate::error::{Code, Error};

/// A point in time: seconds since 1970-01-01T00:00:00Z, between the years 0 and 9999.
///
/// Shown and serialised as RFC 3339 in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(i64);

impl UnixTime {
    /// From seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`Code::BadTime`] outside the years 0 to 9999.
    pub fn from_unix_s(seconds: i64) -> Result<Self, Error> {
        match OffsetDateTime::from_unix_timestamp(seconds) {
            Ok(time) if (0..=9999).contains(&time.year()) => Ok(Self(seconds)),
            Ok(_) | Err(_) => Err(Error::new(Code::BadTime).field("time")),
        }
    }

    /// From an RFC 3339 text such as `2026-11-25T08:00:00+08:00`. A fraction of a second is dropped.
    ///
    /// # Errors
    /// [`Code::BadTime`] if the text is anything else.
    pub fn parse_rfc3339(text: &str) -> Result<Self, Error> {
        let time = OffsetDateTime::parse(text, &Rfc3339)
            .map_err(|_| Error::new(Code::BadTime).field("time"))?;
        Self::from_unix_s(time.unix_timestamp())
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix_s(self) -> i64 {
        self.0
    }

    /// This time plus `seconds`, held within the years 0 to 9999.
    #[must_use]
    pub fn plus_s(self, seconds: i64) -> Self {
        let (least, most) = (-62_167_219_200, 253_402_300_799);
        Self(self.0.saturating_add(seconds).clamp(least, most))
    }

    /// The calendar form in UTC.
    #[must_use]
    pub fn utc(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// The calendar form in Beijing time (UTC+8), in which Chinese documents print their dates.
    #[must_use]
    pub fn beijing(self) -> OffsetDateTime {
        let offset = UtcOffset::from_hms(8, 0, 0).unwrap_or(UtcOffset::UTC);
        self.utc().checked_to_offset(offset).unwrap_or_else(|| self.utc())
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.utc();
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            time.year(),
            u8::from(time.month()),
            time.day(),
            time.hour(),
            time.minute(),
            time.second()
        )
    }
}

impl fmt::Debug for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for UnixTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_there_and_back() {
        let time = UnixTime::parse_rfc3339("2026-11-25T08:00:00+08:00").unwrap();
        assert_eq!(time.to_string(), "2026-11-25T00:00:00Z");
        assert_eq!(time.beijing().hour(), 8);
        for bad in ["", "2026-11-25", "2026-13-01T00:00:00Z", "2026-11-25T00:00:00"] {
            assert_eq!(UnixTime::parse_rfc3339(bad).unwrap_err().code(), Code::BadTime, "{bad}");
        }
    }

    #[test]
    fn years_are_bounded() {
        for edge in [-62_167_219_200, 253_402_300_799] {
            assert_eq!(UnixTime::from_unix_s(edge).unwrap().unix_s(), edge);
        }
        for past in [-62_167_219_201, 253_402_300_800, i64::MIN, i64::MAX] {
            assert!(UnixTime::from_unix_s(past).is_err(), "{past}");
        }
        assert_eq!(UnixTime(0).plus_s(i64::MAX).to_string(), "9999-12-31T23:59:59Z");
    }
}
