//! BER as others write it while they stream (X.690, 8.1.3.6 and 8.7): indefinite lengths, and OCTET
//! STRINGs in pieces. What is signed stays as it is: every element without them is copied byte for byte.
//!
//! In: bytes of an input. Out: the same elements with definite lengths, bounded in depth.

use std::borrow::Cow;

use super::tlv;
use crate::{Code, Error, limits::BER_DEPTH_MAX};

/// The identifier octet of an OCTET STRING in pieces.
pub(super) const CONSTRUCTED_OCTET_STRING: u8 = 0x24;
/// The identifier octet of an OCTET STRING in one piece.
const OCTET_STRING: u8 = tlv::tag::OCTET_STRING;

/// An identifier octet and a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) tag: u8,
    /// `None` is the indefinite form.
    pub(super) length: Option<u64>,
    /// The bytes that it takes itself.
    pub(super) size: usize,
}

impl Header {
    /// Reads one, byte by byte, from `next`. `None` if it is malformed: a tag of several bytes, which
    /// CMS does not have, a length of more than 8 bytes or of more than it needs, or a primitive element without a length.
    pub(super) fn read<E>(mut next: impl FnMut() -> Result<u8, E>) -> Result<Option<Self>, E> {
        let tag = next()?;
        if tag & 0x1f == 0x1f {
            return Ok(None);
        }
        let first = next()?;
        let count = usize::from(first & 0x7f);
        let length = match first {
            0x80 => return Ok((tag & 0x20 != 0).then_some(Self { tag, length: None, size: 2 })),
            0..0x80 => u64::from(first),
            _ if count > 8 => return Ok(None),
            _ => {
                let mut length = 0;
                for _ in 0..count {
                    length = length << 8 | u64::from(next()?);
                }
                // In more bytes than needed it is none here, as it is none for the reader of DER.
                let needed = u64::BITS.saturating_sub(length.leading_zeros()).div_ceil(8);
                if length < 0x80 || usize::try_from(needed) != Ok(count) {
                    return Ok(None);
                }
                length
            }
        };
        let size = if first < 0x80 { 2 } else { 2 + count };
        Ok(Some(Self { tag, length: Some(length), size }))
    }

    /// The end of contents of an element without a length.
    pub(super) const fn is_end(&self) -> bool {
        self.tag == 0 && matches!(self.length, Some(0))
    }

    pub(super) const fn is_constructed(&self) -> bool {
        self.tag & 0x20 != 0
    }
}

/// `bytes` with definite lengths and OCTET STRINGs in one piece; borrowed if they are so already.
///
/// # Errors
/// `code` if an element without a length does not end; [`Code::LimitReached`] past [`BER_DEPTH_MAX`].
pub(super) fn to_der(bytes: &[u8], code: Code) -> Result<Cow<'_, [u8]>, Error> {
    if !deviates(bytes, 0) {
        return Ok(Cow::Borrowed(bytes));
    }
    // An indefinite length and its end take three bytes, a definite one at most two more: the buffer never
    // moves, so that no copy of a key is left behind.
    let mut out = Vec::with_capacity(2 * bytes.len());
    let taken = element(bytes, Place { at: 0, depth: 0, code }, &mut out)?;
    // Whatever follows is for the caller to refuse.
    out.extend_from_slice(bytes.get(taken..).unwrap_or_default());
    Ok(Cow::Owned(out))
}

fn header(bytes: &[u8]) -> Option<Header> {
    let mut rest = bytes.iter();
    Header::read(|| rest.next().copied().ok_or(())).ok().flatten()
}

/// Whether an element at any depth has one of the forms that are converted. What is malformed has not:
/// it stays as it is.
fn deviates(mut bytes: &[u8], depth: usize) -> bool {
    while let Some(header) = header(bytes) {
        let Some(length) = header.length.and_then(|length| usize::try_from(length).ok()) else {
            return header.length.is_none();
        };
        if header.tag == CONSTRUCTED_OCTET_STRING {
            return true;
        }
        let end = header.size.saturating_add(length);
        let Some((whole, rest)) = bytes.split_at_checked(end) else { return false };
        let inside = whole.get(header.size..).unwrap_or_default();
        if header.is_constructed() && depth < BER_DEPTH_MAX && deviates(inside, depth + 1) {
            return true;
        }
        bytes = rest;
    }
    false
}

/// Where an element stands, and the code of the errors about it.
#[derive(Clone, Copy)]
struct Place {
    at: usize,
    depth: usize,
    code: Code,
}

impl Place {
    const fn further(self, bytes: usize) -> Self {
        Self { at: self.at.saturating_add(bytes), ..self }
    }

    const fn inside(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    fn error(self, field: &'static str) -> Error {
        Error::new(self.code).at(self.at).field(field)
    }
}

/// Appends the first element of `bytes` to `out`, and says how many bytes it took.
fn element(bytes: &[u8], place: Place, out: &mut Vec<u8>) -> Result<usize, Error> {
    if place.depth > BER_DEPTH_MAX {
        return Err(Error::limit("BER_DEPTH_MAX").at(place.at));
    }
    let bad = || place.error("BER");
    let header = header(bytes).filter(|header| !header.is_end()).ok_or_else(bad)?;
    let start = out.len();
    let taken = match header.length {
        None => indefinite(bytes, place, header, out)?,
        Some(length) => {
            let end =
                usize::try_from(length).ok().and_then(|length| length.checked_add(header.size));
            let whole = end.and_then(|end| bytes.get(..end)).ok_or_else(bad)?;
            let inside = whole.get(header.size..).unwrap_or_default();
            let pieces = header.tag == CONSTRUCTED_OCTET_STRING;
            let converts = pieces || header.is_constructed() && deviates(inside, place.depth);
            if !converts || all(inside, place.further(header.size), header, out).is_err() {
                out.truncate(start);
                out.extend_from_slice(whole);
                return Ok(whole.len());
            }
            whole.len()
        }
    };
    let tag = if header.tag == CONSTRUCTED_OCTET_STRING { OCTET_STRING } else { header.tag };
    out.splice(start..start, tlv::header(tag, out.len() - start));
    Ok(taken)
}

/// Appends the contents of an element without a length, up to its end, and says how many bytes the whole
/// took.
fn indefinite(
    bytes: &[u8],
    place: Place,
    outer: Header,
    out: &mut Vec<u8>,
) -> Result<usize, Error> {
    let mut taken = outer.size;
    loop {
        let rest = bytes.get(taken..).unwrap_or_default();
        if header(rest).is_some_and(|header| header.is_end()) {
            return Ok(taken + 2);
        }
        taken += part(rest, place.further(taken), outer, out)?;
    }
}

/// Appends every element of contents whose length is known.
fn all(bytes: &[u8], place: Place, outer: Header, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut taken = 0;
    while let Some(rest @ [_, ..]) = bytes.get(taken..) {
        taken += part(rest, place.further(taken), outer, out)?;
    }
    Ok(())
}

/// Appends one element of the contents: of an OCTET STRING in pieces only the bytes of the piece.
fn part(bytes: &[u8], place: Place, outer: Header, out: &mut Vec<u8>) -> Result<usize, Error> {
    let start = out.len();
    let taken = element(bytes, place.inside(), out)?;
    if outer.tag == CONSTRUCTED_OCTET_STRING {
        let piece = header(out.get(start..).unwrap_or_default());
        let piece = piece.filter(|piece| piece.tag == OCTET_STRING);
        let size = piece.ok_or_else(|| place.error("OCTET STRING"))?.size;
        out.drain(start..start + size);
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indefinite_lengths_and_pieces_become_der() {
        // SEQUENCE { INTEGER 1, [0] { OCTET STRING { "ab", { "c" } } } }
        let ber = [
            0x30, 0x80, 2, 1, 1, 0xa0, 0x80, 0x24, 0x80, 4, 2, b'a', b'b', 0x24, 3, 4, 1, b'c', 0,
            0, 0, 0, 0, 0,
        ];
        let der = [0x30, 10, 2, 1, 1, 0xa0, 5, 4, 3, b'a', b'b', b'c'];
        assert_eq!(&*to_der(&ber, Code::BadCms).unwrap(), der);
        // The same below an element whose length is known, and with something after it.
        let below = [&[0x31, 24][..], &ber, &[7]].concat();
        assert_eq!(&*to_der(&below, Code::BadCms).unwrap(), [&[0x31, 12][..], &der, &[7]].concat());
        // DER, and what is malformed, is not touched.
        for same in [&der[..], &[0x30, 3, 2, 9, 1], &[0x30, 0x82], &[], &[0x1f, 0x80]] {
            assert!(matches!(to_der(same, Code::BadCms), Ok(Cow::Borrowed(_))), "{same:?}");
        }
    }

    #[test]
    fn what_does_not_end_is_refused_with_its_place() {
        for bad in [&[0x30, 0x80][..], &[0x30, 0x80, 2, 1, 1, 0], &[0x24, 0x80, 2, 1, 1, 0, 0]] {
            assert_eq!(to_der(bad, Code::BadCms).unwrap_err().code(), Code::BadCms, "{bad:?}");
        }
        for (bytes, length) in [
            (&[4, 0x81, 0x80][..], Some(0x80)),
            (&[4, 0x82, 1, 0], Some(0x100)),
            (&[4, 0x81, 0x7f], None),
            (&[4, 0x82, 0, 0x80], None),
        ] {
            let mut rest = bytes.iter();
            let read = Header::read(|| rest.next().copied().ok_or(())).unwrap();
            assert_eq!(read.and_then(|header| header.length), length, "{bytes:02x?}");
        }
        // A primitive element has a length.
        assert!(Header::read(|| Ok::<u8, ()>(0x80)).unwrap().is_none());
    }

    #[test]
    fn depth_is_bounded() {
        for (depth, accepted) in [(BER_DEPTH_MAX + 1, true), (BER_DEPTH_MAX + 2, false)] {
            let bytes = [[0x30, 0x80].repeat(depth), [0, 0].repeat(depth)].concat();
            let result = to_der(&bytes, Code::BadCms);
            assert_eq!(result.is_ok(), accepted, "{depth}");
            if let Err(error) = result {
                assert_eq!(error.field_name(), Some("BER_DEPTH_MAX"));
            }
        }
    }
}
