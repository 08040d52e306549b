//! BER (X.690, 8) made DER in the two points in which files differ: indefinite lengths, and OCTET
//! STRINGs in pieces, as Java writes them in PKCS#12. Headers are read by crate `der`.
//!
//! Nothing signed may pass through here: what a signature covers is its original bytes.

use der::{Decode as _, EncodingRules, Header, Reader as _, SliceReader};
use zeroize::Zeroizing;

use super::tlv::{self, tag};
use crate::{
    error::{Code, Error},
    limits,
};

/// The first octet of an OCTET STRING in pieces.
const OCTET_STRING_IN_PIECES: u8 = tag::OCTET_STRING | CONSTRUCTED;
const CONSTRUCTED: u8 = 0x20;

/// `bytes`, one element, with definite lengths and whole OCTET STRINGs: the same bytes, if they are so
/// already.
///
/// # Errors
/// `code` if it is no BER or anything follows it; [`Code::LimitReached`] past
/// [`limits::BER_DEPTH_MAX`].
pub(super) fn to_der(bytes: &[u8], code: Code) -> Result<Zeroizing<Vec<u8>>, Error> {
    // An indefinite length takes four bytes, a definite one at most two more: the buffer never moves,
    // so that no copy of a key is left behind.
    let mut der = Zeroizing::new(Vec::with_capacity(bytes.len() + bytes.len() / 2 + 16));
    let (element, rest) = Element::read(bytes, code)?;
    if !rest.is_empty() {
        return Err(Error::new(code).field("bytes after the end"));
    }
    element.append_to(&mut der, 0)?;
    Ok(der)
}

/// One element, without the octets that end an indefinite length.
struct Element<'a> {
    tag: u8,
    contents: &'a [u8],
    code: Code,
}

impl<'a> Element<'a> {
    /// The first element of `bytes`, and what follows it.
    fn read(bytes: &'a [u8], code: Code) -> Result<(Self, &'a [u8]), Error> {
        let read = || {
            let mut reader =
                SliceReader::new_with_encoding_rules(bytes, EncodingRules::Ber).ok()?;
            let header = Header::decode(&mut reader).ok()?;
            let start = usize::try_from(reader.position()).ok()?;
            let end = start.checked_add(usize::try_from(header.length()).ok()?)?;
            let (whole, rest) = bytes.split_at_checked(end)?;
            let (&tag, &length) = (whole.first()?, whole.get(1)?);
            // The crate counts the two octets at the end of an indefinite length.
            let end = if length == 0x80 { end.checked_sub(2)? } else { end };
            // A tag of several octets occurs in no file that is read here.
            let known = tag & 0x1f != 0x1f;
            known.then_some((Self { tag, contents: whole.get(start..end)?, code }, rest))
        };
        read().ok_or_else(|| Error::new(code))
    }

    /// Appends the DER of this element.
    fn append_to(&self, der: &mut Vec<u8>, depth: usize) -> Result<(), Error> {
        let start = der.len();
        self.append_contents_to(der, depth)?;
        let tag = if self.tag == OCTET_STRING_IN_PIECES { tag::OCTET_STRING } else { self.tag };
        let header = tlv::header(tag, der.len() - start);
        der.splice(start..start, header);
        Ok(())
    }

    fn append_contents_to(&self, der: &mut Vec<u8>, depth: usize) -> Result<(), Error> {
        if self.tag & CONSTRUCTED == 0 {
            der.extend_from_slice(self.contents);
            return Ok(());
        }
        if depth == limits::BER_DEPTH_MAX {
            return Err(Error::limit("BER_DEPTH_MAX"));
        }
        let mut rest = self.contents;
        while !rest.is_empty() {
            let (child, after) = Element::read(rest, self.code)?;
            rest = after;
            match (self.tag, child.tag) {
                (OCTET_STRING_IN_PIECES, tag::OCTET_STRING | OCTET_STRING_IN_PIECES) => {
                    child.append_contents_to(der, depth + 1)?;
                }
                (OCTET_STRING_IN_PIECES, _) => return Err(Error::new(self.code)),
                _ => child.append_to(der, depth + 1)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(bytes: &[u8]) -> Result<Vec<u8>, Code> {
        to_der(bytes, Code::BadDer).map(|der| der.to_vec()).map_err(|error| error.code())
    }

    #[test]
    fn lengths_become_definite_and_strings_whole() {
        for (ber, expected) in [
            (&[0x30, 0x80, 2, 1, 5, 0, 0][..], &[0x30, 3, 2, 1, 5][..]),
            (&[0x24, 0x80, 4, 1, 7, 4, 2, 8, 9, 0, 0], &[4, 3, 7, 8, 9]),
            (&[0x24, 5, 4, 3, 7, 8, 9], &[4, 3, 7, 8, 9]),
            (&[0x24, 0x80, 0x24, 0x80, 4, 1, 7, 0, 0, 4, 1, 8, 0, 0], &[4, 2, 7, 8]),
            (&[0x24, 0x80, 0, 0], &[4, 0]),
            // An IMPLICIT tag hides that these are pieces: who knows the type joins them.
            (&[0xa0, 0x80, 4, 1, 7, 4, 1, 8, 0, 0], &[0xa0, 6, 4, 1, 7, 4, 1, 8]),
            // DER stays as it is, also a length of 128 and zeros inside a string.
            (&[0x30, 5, 4, 3, 0, 0, 0], &[0x30, 5, 4, 3, 0, 0, 0]),
        ] {
            assert_eq!(der(ber).as_deref(), Ok(expected), "{ber:02x?}");
        }
        let long = tlv::wrap(tag::OCTET_STRING, &[&[0x80; 128]]);
        assert_eq!(der(&long), Ok(long.clone()));
        let indefinite = [&[0x30, 0x80][..], &long, &[0, 0]].concat();
        assert_eq!(der(&indefinite), Ok(tlv::sequence(&[&long])));
        for bad in [
            &[][..],
            &[0x30],
            &[0x30, 0x80],
            &[0x30, 0x80, 0],
            &[0x30, 0x80, 2, 1, 5],
            &[0x30, 3, 2, 1],
            &[0x30, 0, 0],
            &[0x04, 0x80, 4, 1, 7, 0, 0],
            &[0x24, 0x80, 2, 1, 7, 0, 0],
            &[0x3f, 1, 0],
        ] {
            assert_eq!(der(bad), Err(Code::BadDer), "{bad:02x?}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |levels: usize| {
            let open = [0x30, 0x80].repeat(levels);
            [&open[..], &[5, 0], &[0, 0].repeat(levels)].concat()
        };
        assert!(der(&nested(limits::BER_DEPTH_MAX)).is_ok());
        let error = to_der(&nested(limits::BER_DEPTH_MAX + 1), Code::BadDer).unwrap_err();
        assert_eq!(error.field_name(), Some("BER_DEPTH_MAX"));
    }
}
