//! Reading DER with the place of every element kept: what was signed is the original slice, never a
//! re-encoding, and an error tells the byte at which it happened.
//!
//! Headers (tags and lengths) are strict DER, read by crate `der`. What stands inside the primitive
//! types is tolerant where sealed files in use demand it: text that is not ASCII in an IA5String, an
//! OBJECT IDENTIFIER of any bytes, an explicit `BOOLEAN FALSE`, a time with a fraction or an offset.

use std::ops::Range;

use der::{Decode as _, Header, Reader as _, SliceReader};

use crate::{Code, Error, UnixTime};

/// The identifier octets met here.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const BMP_STRING: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
    /// `[0]`, primitive.
    pub(crate) const CONTEXT_0_PRIMITIVE: u8 = 0x80;
    /// `[1]`, primitive.
    pub(crate) const CONTEXT_1_PRIMITIVE: u8 = 0x81;
    /// `[0]`, constructed.
    pub(crate) const CONTEXT_0: u8 = 0xa0;
    /// `[1]`, constructed.
    pub(crate) const CONTEXT_1: u8 = 0xa1;
    /// `[2]`, constructed.
    pub(crate) const CONTEXT_2: u8 = 0xa2;
}

/// One element: its identifier octet, its bytes with and without the header, and its place.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    /// The first identifier octet.
    pub(crate) tag: u8,
    /// Header and contents, as they stand in the input.
    pub(crate) raw: &'a [u8],
    /// The contents.
    pub(crate) value: &'a [u8],
    /// Where `raw` begins in the input that was given.
    pub(crate) at: usize,
    code: Code,
}

impl<'a> Element<'a> {
    /// Where `raw` stands in the input.
    pub(crate) const fn range(&self) -> Range<usize> {
        self.at..self.at.saturating_add(self.raw.len())
    }

    /// Where `value` stands in the input.
    pub(crate) const fn value_range(&self) -> Range<usize> {
        let end = self.range().end;
        end.saturating_sub(self.value.len())..end
    }

    /// The elements inside.
    pub(crate) const fn inside(&self) -> Cursor<'a> {
        Cursor { rest: self.value, at: self.value_range().start, code: self.code }
    }

    /// The same contents read as if under another tag, as IMPLICIT tagging demands.
    pub(crate) const fn retagged(self, tag: u8) -> Self {
        Self { tag, ..self }
    }

    /// An error at this element.
    pub(crate) fn error(&self, field: &'static str) -> Error {
        Error::new(self.code).at(self.at).field(field)
    }

    /// An INTEGER of at most 8 bytes.
    pub(crate) fn integer(&self, field: &'static str) -> Result<i64, Error> {
        let Some((&first, rest)) = self.value.split_first() else { return Err(self.error(field)) };
        if self.tag != tag::INTEGER || rest.len() > 7 {
            return Err(self.error(field));
        }
        let start = i64::from(first.cast_signed());
        Ok(rest.iter().fold(start, |sum, &byte| (sum << 8) | i64::from(byte)))
    }

    /// A BOOLEAN: any byte but 0 is true.
    pub(crate) fn boolean(&self, field: &'static str) -> Result<bool, Error> {
        match (self.tag, self.value) {
            (tag::BOOLEAN, [byte]) => Ok(*byte != 0),
            _ => Err(self.error(field)),
        }
    }

    /// The contents of a BIT STRING of whole bytes.
    pub(crate) fn bits(&self, field: &'static str) -> Result<&'a [u8], Error> {
        match (self.tag, self.value.split_first()) {
            (tag::BIT_STRING, Some((0, bits))) => Ok(bits),
            _ => Err(self.error(field)),
        }
    }

    /// Where the contents of a BIT STRING of whole bytes stand in the input.
    pub(crate) fn bits_range(&self, field: &'static str) -> Result<Range<usize>, Error> {
        let (length, end) = (self.bits(field)?.len(), self.range().end);
        Ok(end.saturating_sub(length)..end)
    }

    /// Text of an IA5String, PrintableString or UTF8String. Bytes that are not UTF-8 become U+FFFD.
    pub(crate) fn text(&self, field: &'static str) -> Result<String, Error> {
        match self.tag {
            tag::IA5_STRING | tag::PRINTABLE_STRING | tag::UTF8_STRING => {
                Ok(String::from_utf8_lossy(self.value).into_owned())
            }
            _ => Err(self.error(field)),
        }
    }

    /// A UTCTime or GeneralizedTime that names its zone.
    pub(crate) fn time(&self, field: &'static str) -> Result<UnixTime, Error> {
        let time = match self.tag {
            tag::UTC_TIME => calendar_time(self.value, YearDigits::Two),
            tag::GENERALIZED_TIME => calendar_time(self.value, YearDigits::Four),
            _ => None,
        };
        time.ok_or_else(|| self.error(field))
    }
}

/// Elements one after the other.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    at: usize,
    code: Code,
}

impl<'a> Cursor<'a> {
    /// Over `bytes`, which stand at `at` of the input. Errors carry `code`.
    pub(crate) const fn new(bytes: &'a [u8], at: usize, code: Code) -> Self {
        Self { rest: bytes, at, code }
    }

    /// Whether nothing is left.
    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next element's identifier octet.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// An error at the present place.
    pub(crate) fn error(&self, field: &'static str) -> Error {
        Error::new(self.code).at(self.at).field(field)
    }

    /// The next element, of any tag.
    pub(crate) fn next(&mut self, field: &'static str) -> Result<Element<'a>, Error> {
        let whole = self.rest;
        let (header, length) = self.header().ok_or_else(|| self.error(field))?;
        let end = header.checked_add(length).ok_or_else(|| self.error(field))?;
        let (raw, rest) = whole.split_at_checked(end).ok_or_else(|| self.error(field))?;
        let value = raw.get(header..).unwrap_or_default();
        let first = raw.first().copied().unwrap_or_default();
        let element = Element { tag: first, raw, value, at: self.at, code: self.code };
        self.rest = rest;
        self.at = self.at.saturating_add(end);
        Ok(element)
    }

    /// The next element, which must have this identifier octet.
    pub(crate) fn required(&mut self, tag: u8, field: &'static str) -> Result<Element<'a>, Error> {
        if self.peek() != Some(tag) {
            return Err(self.error(field));
        }
        self.next(field)
    }

    /// The next element, if it has this identifier octet.
    pub(crate) fn take(
        &mut self,
        tag: u8,
        field: &'static str,
    ) -> Result<Option<Element<'a>>, Error> {
        if self.peek() == Some(tag) { self.next(field).map(Some) } else { Ok(None) }
    }

    /// Demands that nothing is left.
    pub(crate) fn finish(&self, field: &'static str) -> Result<(), Error> {
        if self.is_empty() { Ok(()) } else { Err(self.error(field)) }
    }

    /// Every remaining element, of which there may be `most`; one more is the error of `limit`.
    pub(crate) fn all(
        mut self,
        field: &'static str,
        most: usize,
        limit: &'static str,
    ) -> Result<Vec<Element<'a>>, Error> {
        let mut elements = Vec::new();
        while !self.is_empty() {
            if elements.len() == most {
                return Err(Error::limit(limit).at(self.at));
            }
            elements.push(self.next(field)?);
        }
        Ok(elements)
    }

    /// The lengths of the next header and of its contents.
    fn header(&self) -> Option<(usize, usize)> {
        let mut reader = SliceReader::new(self.rest).ok()?;
        let header = Header::decode(&mut reader).ok()?;
        let length = usize::try_from(header.length()).ok()?;
        Some((usize::try_from(reader.position()).ok()?, length))
    }
}

/// The one element that `bytes` are, with nothing after it.
pub(crate) fn only<'a>(
    bytes: &'a [u8],
    at: usize,
    tag: u8,
    code: Code,
    field: &'static str,
) -> Result<Element<'a>, Error> {
    let mut cursor = Cursor::new(bytes, at, code);
    let element = cursor.required(tag, field)?;
    cursor.finish(field)?;
    Ok(element)
}

/// A time written as text: RFC 3339, or as in GeneralizedTime or UTCTime.
pub(crate) fn time_text(text: &[u8]) -> Option<UnixTime> {
    let rfc3339 = std::str::from_utf8(text).ok().map(UnixTime::parse_rfc3339);
    match rfc3339 {
        Some(Ok(time)) => Some(time),
        Some(Err(_)) | None => {
            calendar_time(text, YearDigits::Four).or_else(|| calendar_time(text, YearDigits::Two))
        }
    }
}

/// Wraps `parts` in a SEQUENCE.
pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    wrap(tag::SEQUENCE, parts)
}

/// Wraps `parts` in the element of identifier octet `tag`.
pub(crate) fn wrap(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut der = Vec::with_capacity(length.saturating_add(10));
    der.extend(header(tag, length));
    parts.iter().for_each(|part| der.extend(*part));
    der
}

/// The header of an element: its identifier octet and the length of its contents.
pub(crate) fn header(tag: u8, length: usize) -> Vec<u8> {
    let bytes = length.to_be_bytes();
    let leading = bytes.iter().take_while(|&&byte| byte == 0).count();
    match bytes.get(leading..).unwrap_or_default() {
        [] => vec![tag, 0],
        [short] if *short < 0x80 => vec![tag, *short],
        // There are at most 8 bytes.
        long => [&[tag, 0x80 | u8::try_from(long.len()).unwrap_or(8)], long].concat(),
    }
}

#[derive(Clone, Copy)]
enum YearDigits {
    Two,
    Four,
}

/// `yyyyMMddHHmmss` or `yyMMddHHmmss`, with an optional fraction, then `Z` or an offset `+hhmm`.
/// A time without a zone is not read: nothing says which one was meant.
fn calendar_time(text: &[u8], year: YearDigits) -> Option<UnixTime> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.is_ascii())?;
    let year_end = match year {
        YearDigits::Two => 2,
        YearDigits::Four => 4,
    };
    let (digits, rest) = text.split_at_checked(year_end + 10)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year_digits, others) = digits.split_at_checked(year_end)?;
    // Two digits: 1950 to 2049, RFC 5280, 4.1.2.5.1.
    let century = match (year, year_digits < "50") {
        (YearDigits::Four, _) => "",
        (YearDigits::Two, true) => "20",
        (YearDigits::Two, false) => "19",
    };
    let part = |at: usize| others.get(at..at + 2);
    let zone = zone(rest)?;
    let (month, day) = (part(0)?, part(2)?);
    let (hour, minute, second) = (part(4)?, part(6)?, part(8)?);
    let text = format!("{century}{year_digits}-{month}-{day}T{hour}:{minute}:{second}{zone}");
    UnixTime::parse_rfc3339(&text).ok()
}

/// What follows the seconds, in the form of RFC 3339: `Z`, `+08:00`, `.25Z`.
fn zone(rest: &str) -> Option<String> {
    let zone = match rest.strip_prefix(['.', ',']) {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
            // A point with no digit after it is nobody's notation.
            (zone.len() < fraction.len()).then_some(zone)?
        }
        None => rest,
    };
    match zone.as_bytes() {
        [b'Z'] => Some("Z".to_owned()),
        [b'+' | b'-', hours @ .., _, _] if hours.len() == 2 => {
            let (hours, minutes) = zone.split_at_checked(3)?;
            Some(format!("{hours}:{minutes}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_every_notation_seen() {
        let expected = UnixTime::parse_rfc3339("2020-01-25T07:31:56Z").unwrap();
        for text in [
            "2020-01-25T07:31:56.377Z",
            "2020-01-25T15:31:56+08:00",
            "20200125073156Z",
            "20200125073156.377Z",
            "20200125153156+0800",
            "200125073156Z",
        ] {
            assert_eq!(time_text(text.as_bytes()), Some(expected), "{text}");
        }
        for text in
            ["", "20200125073156", "20200125073156.Z", "20201325073156Z", "2020-01-25", "时"]
        {
            assert_eq!(time_text(text.as_bytes()), None, "{text}");
        }
        let year = |text: &str| time_text(text.as_bytes()).unwrap().utc().year();
        assert_eq!((year("491231235959Z"), year("500101000000Z")), (2049, 1950));
    }

    #[test]
    fn places_and_lengths_are_exact() {
        let der = sequence(&[&wrap(tag::OCTET_STRING, &[&[7; 200]]), &[0x02, 0x02, 0xff, 0x00]]);
        let outer = only(&der, 5, tag::SEQUENCE, Code::BadDer, "outer").unwrap();
        assert_eq!((outer.at, outer.raw.len()), (5, der.len()));
        let mut inside = outer.inside();
        let octets = inside.next("octets").unwrap();
        assert_eq!((octets.at, octets.value), (8, &[7; 200][..]));
        assert_eq!(octets.value_range(), 11..211);
        assert_eq!(inside.next("integer").unwrap().integer("integer"), Ok(-256));
        assert!(inside.finish("outer").is_ok());
        let error = inside.next("more").err().unwrap();
        assert_eq!((error.offset(), error.field_name()), (Some(215), Some("more")));
    }

    #[test]
    fn lengths_are_der() {
        // Not minimal, indefinite, longer than the input, constructed string.
        for bad in [&[0x04, 0x81, 0x01, 0][..], &[0x30, 0x80, 0, 0], &[0x04, 2, 0], &[0x24, 0]] {
            assert!(Cursor::new(bad, 0, Code::BadDer).next("x").is_err(), "{bad:?}");
        }
    }
}
