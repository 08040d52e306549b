//! The text around binary values: hexadecimal and base64, read and written.

use base64ct::{Base64, Encoding as _};
use clap::ValueEnum;
use yinxin::{Code, Error};
use zeroize::Zeroizing;

use crate::inputs::hex;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Written {
    /// The bytes themselves.
    Binary,
    /// Lower-case hexadecimal digits and a line end.
    Hex,
    /// Base64 in one line.
    Base64,
    /// A text already, such as PEM.
    #[value(skip)]
    Text,
}

impl Written {
    /// `bytes` as they are written, with the line end of a text.
    pub(crate) fn encode(self, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::Binary | Self::Text => bytes.to_vec(),
            Self::Hex => (hex(bytes) + "\n").into_bytes(),
            Self::Base64 => (Base64::encode_string(bytes) + "\n").into_bytes(),
        })
    }

    /// `bytes` as a text for JSON, and the name of its encoding: binary becomes base64.
    pub(crate) fn text(self, bytes: &[u8]) -> (String, &'static str) {
        match self {
            Self::Hex => (hex(bytes), "hex"),
            Self::Text => (String::from_utf8_lossy(bytes).into_owned(), "text"),
            Self::Binary | Self::Base64 => (Base64::encode_string(bytes), "base64"),
        }
    }
}

/// How a value that is read was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Read {
    /// The bytes themselves.
    Binary,
    /// Hexadecimal digits of either case; spaces and line ends are skipped.
    Hex,
    /// Base64; spaces and line ends are skipped.
    Base64,
    /// Guess: hexadecimal digits only are hexadecimal, else base64 if it is that, else binary.
    Guess,
}

impl Read {
    /// The value inside `bytes`.
    pub(crate) fn decode(self, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let decoded = match self {
            Self::Binary => return Ok(Zeroizing::new(bytes.to_vec())),
            Self::Hex => from_hex(bytes).ok_or(Error::new(Code::BadArgument).field("hex")),
            Self::Base64 => from_base64(bytes).ok_or(Error::new(Code::BadBase64)),
            Self::Guess => {
                let text = from_hex(bytes).or_else(|| from_base64(bytes));
                Ok(text.unwrap_or_else(|| bytes.to_vec()))
            }
        };
        decoded.map(Zeroizing::new)
    }
}

/// The bytes of hexadecimal digits; white space is skipped. `None` if it is anything else, or empty.
pub(crate) fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit =
        |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits = text.iter().filter(|byte| !byte.is_ascii_whitespace()).map(digit);
    let digits = Zeroizing::new(digits.collect::<Option<Vec<_>>>()?);
    let (pairs, rest) = digits.as_chunks::<2>();
    let whole = rest.is_empty() && !pairs.is_empty();
    whole.then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// The bytes of a base64 text; white space is skipped. `None` if it is anything else, or empty.
fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
    let digits = Zeroizing::new(digits.collect::<Vec<_>>());
    let text = std::str::from_utf8(&digits).ok().filter(|text| !text.is_empty())?;
    Base64::decode_vec(text).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn each_reads_what_it_writes_and_nothing_else() {
        let bytes: Vec<u8> = (0..=255).collect();
        for (written, read) in [
            (Written::Binary, Read::Binary),
            (Written::Hex, Read::Hex),
            (Written::Base64, Read::Base64),
            (Written::Hex, Read::Guess),
            (Written::Base64, Read::Guess),
            (Written::Binary, Read::Guess),
        ] {
            assert_eq!(*read.decode(&written.encode(&bytes)).unwrap(), bytes, "{written:?}");
        }
        assert_eq!(*Read::Hex.decode(b" 0A\r\nfF ").unwrap(), [10, 255]);
        for bad in [&b"0"[..], b"0g", b"", b"0x00", "é0".as_bytes()] {
            assert!(Read::Hex.decode(bad).is_err(), "{bad:?}");
        }
        for bad in [&b"AAA"[..], b"A*==", b"", b"AAAA=", b"\xff\xff\xff\xff"] {
            assert!(Read::Base64.decode(bad).is_err(), "{bad:?}");
        }
    }
}
