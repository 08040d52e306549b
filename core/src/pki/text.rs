//! Bytes as hexadecimal or base64 text, which is how keys, signatures and ciphertexts travel through
//! forms, configurations and JSON.

use base64ct::{Base64, Base64Unpadded, Base64Url, Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use crate::error::{Code, Error};

/// How bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// The bytes themselves.
    Binary,
    /// Hexadecimal digits, of either case when read, lower case when written.
    Hex,
    /// Base64 (RFC 4648, clause 4) with its padding.
    Base64,
    /// Base64 for URLs (RFC 4648, clause 5) without padding, as JSON has it.
    Base64Url,
}

impl Coding {
    /// The stable name: `binary`, `hex`, `base64`, `base64url`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Hex => "hex",
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
        }
    }

    /// The bytes for which `input` stands. White space inside a text is skipped, nothing else. Constant
    /// time in the digits, as they may be a private key, but for being refused.
    ///
    /// # Errors
    /// [`Code::BadArgument`] for what is not hexadecimal, [`Code::BadBase64`].
    pub fn decode(self, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        match self {
            Self::Binary => Ok(Zeroizing::new(input.to_vec())),
            Self::Hex => base16ct::mixed::decode_vec(&*compact(input))
                .map(Zeroizing::new)
                .map_err(|_| Error::new(Code::BadArgument).field("hexadecimal")),
            Self::Base64 => base64::<Base64>(&compact(input)),
            Self::Base64Url => base64::<Base64UrlUnpadded>(&compact(input)),
        }
    }

    /// `bytes` as they are written; a text has no line end.
    #[must_use]
    pub fn encode(self, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        let text = match self {
            Self::Binary => return Zeroizing::new(bytes.to_vec()),
            Self::Hex => base16ct::lower::encode_string(bytes),
            Self::Base64 => Base64::encode_string(bytes),
            Self::Base64Url => Base64UrlUnpadded::encode_string(bytes),
        };
        Zeroizing::new(text.into_bytes())
    }

    /// In which coding `input` is, by a rule that looks at its characters alone, and the bytes:
    ///
    /// 1. Anything but printable ASCII and white space is binary.
    /// 2. Hexadecimal digits only, after `0x` or not, or in pairs between colons, are hexadecimal; an odd
    ///    number of them is refused.
    /// 3. The rest is base64, with its padding or without; `-` and `_` make it that for URLs.
    ///
    /// # Errors
    /// [`Code::UnknownForm`] if it is a text and neither.
    pub(crate) fn recognise(input: &[u8]) -> Result<(Self, Zeroizing<Vec<u8>>), Error> {
        let text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
        if input.is_empty() || !input.iter().all(text) {
            return Ok((Self::Binary, Zeroizing::new(input.to_vec())));
        }
        let digits = compact(input);
        let bare = [&b"0x"[..], b"0X"].iter().find_map(|prefix| digits.strip_prefix(*prefix));
        let bare = bare.unwrap_or(&digits);
        let (coding, bytes) = if let Some(pairs) = colon_pairs(&digits) {
            (Self::Hex, Self::Hex.decode(&pairs))
        } else if bare.iter().all(u8::is_ascii_hexdigit) {
            (Self::Hex, Self::Hex.decode(bare))
        } else if digits.iter().any(|byte| matches!(byte, b'-' | b'_')) {
            let padded = digits.ends_with(b"=");
            let decode = if padded { base64::<Base64Url> } else { base64::<Base64UrlUnpadded> };
            (Self::Base64Url, decode(&digits))
        } else {
            let padded = digits.len().is_multiple_of(4);
            let decode = if padded { base64::<Base64> } else { base64::<Base64Unpadded> };
            (Self::Base64, decode(&digits))
        };
        Ok((coding, bytes.map_err(|_| Error::new(Code::UnknownForm).field(coding.name()))?))
    }
}

/// A text without the byte order mark before it, in UTF-8 where it was in UTF-16; `None` if there is no
/// mark, or what follows is no text. Of UTF-16 only ASCII is taken for text: other bytes may be a key.
pub(crate) fn without_mark(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let ascii = |units: &[u8], unit: fn([u8; 2]) -> u16| {
        let (units, rest) = units.as_chunks::<2>();
        let mut text = Zeroizing::new(Vec::with_capacity(units.len()));
        for pair in units {
            text.push(u8::try_from(unit(*pair)).ok().filter(u8::is_ascii)?);
        }
        rest.is_empty().then_some(text)
    };
    match bytes {
        [0xef, 0xbb, 0xbf, text @ ..] => {
            std::str::from_utf8(text).is_ok().then(|| Zeroizing::new(text.to_vec()))
        }
        [0xff, 0xfe, units @ ..] => ascii(units, u16::from_le_bytes),
        [0xfe, 0xff, units @ ..] => ascii(units, u16::from_be_bytes),
        _ => None,
    }
}

/// The digits of `00:1f:ab`, as `openssl -text` prints numbers; `None` if it is not that.
fn colon_pairs(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let pair = |pair: &[u8]| pair.len() == 2 && pair.iter().all(u8::is_ascii_hexdigit);
    let pairs = text.contains(&b':') && text.split(|&byte| byte == b':').all(pair);
    let mut digits = Zeroizing::new(Vec::with_capacity(text.len()));
    digits.extend(text.iter().copied().filter(|&byte| byte != b':'));
    pairs.then_some(digits)
}

/// `text` without white space.
fn compact(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut digits = Zeroizing::new(Vec::with_capacity(text.len()));
    digits.extend(text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()));
    digits
}

fn base64<E: Encoding>(digits: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut bytes = Zeroizing::new(vec![0; digits.len() / 4 * 3 + 3]);
    let length = E::decode(digits, &mut bytes)
        .map_err(|_| Error::new(Code::BadBase64).field("base64"))?
        .len();
    bytes.truncate(length);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_texts() {
        let text = |bytes: &[u8]| without_mark(bytes).map(|text| text.to_vec());
        assert_eq!(text("\u{feff}口令".as_bytes()), Some("口令".into()));
        assert_eq!(text(b"\xff\xfea\0\n\0"), Some(b"a\n".to_vec()));
        assert_eq!(text(b"\xfe\xff\0a\0\n"), Some(b"a\n".to_vec()));
        for bytes in [&b""[..], b"a", b"\xff\xfea", b"\xff\xfea\x80", b"\xef\xbb\xbf\xff"] {
            assert_eq!(text(bytes), None, "{bytes:02x?}");
        }
    }

    const ALL: [Coding; 4] = [Coding::Binary, Coding::Hex, Coding::Base64, Coding::Base64Url];

    #[test]
    fn each_reads_what_it_writes() {
        for length in [0, 1, 2, 3, 4, 65, 256] {
            let bytes: Vec<u8> = (0..=255).rev().cycle().take(length).collect();
            for coding in ALL {
                let text = coding.encode(&bytes);
                assert_eq!(*coding.decode(&text).unwrap(), bytes, "{coding:?}");
                // Text of no bytes is no text, and some base64 is hexadecimal, too.
                let (found, read) = Coding::recognise(&text).unwrap();
                assert!(length < 4 || found == coding || coding == Coding::Base64Url, "{coding:?}");
                assert!(length < 4 || *read == bytes, "{coding:?}");
            }
        }
    }

    #[test]
    fn nothing_else_is_read() {
        assert_eq!(*Coding::Hex.decode(b" 0A\r\nfF ").unwrap(), [10, 255]);
        for bad in [&b"0"[..], b"0g", b"0x00", "é0".as_bytes()] {
            let error = Coding::Hex.decode(bad).unwrap_err();
            assert_eq!(error.code(), Code::BadArgument, "{bad:?}");
        }
        for bad in [&b"AAA"[..], b"A*==", b"AAAA=", b"_-AA", b"AB=="] {
            assert_eq!(Coding::Base64.decode(bad).unwrap_err().code(), Code::BadBase64, "{bad:?}");
        }
        assert!(Coding::Base64Url.decode(b"AA==").is_err());
    }

    #[test]
    fn the_rule_of_recognition() {
        let found =
            |text: &[u8]| Coding::recognise(text).map(|(coding, bytes)| (coding, bytes.to_vec()));
        assert_eq!(found(b"0x0aFF\n"), Ok((Coding::Hex, vec![10, 255])));
        assert_eq!(found(b"0a:FF:\n   00"), Ok((Coding::Hex, vec![10, 255, 0])));
        assert_eq!(found(b"AQIDBA=="), Ok((Coding::Base64, vec![1, 2, 3, 4])));
        assert_eq!(found(b"AQID\r\nBA"), Ok((Coding::Base64, vec![1, 2, 3, 4])));
        assert_eq!(found(b"_-__"), Ok((Coding::Base64Url, vec![255, 239, 255])));
        assert_eq!(found(b"_w=="), Ok((Coding::Base64Url, vec![255])));
        assert_eq!(found(b"\x80ab"), Ok((Coding::Binary, b"\x80ab".to_vec())));
        for bad in [&b"abc"[..], b"AQIDB", b"#", b"AQ?=", b"0a:f", b"0a:", b":0a", b"0a:ffff"] {
            assert_eq!(found(bad).unwrap_err().code(), Code::UnknownForm, "{bad:?}");
        }
    }
}
