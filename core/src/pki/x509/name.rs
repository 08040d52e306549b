//! Distinguished names: read, and shown as RFC 4514 text.

use std::fmt;

use x509_parser::asn1_rs::{FromDer as _, Header};

use crate::{
    error::{Code, Error},
    limits,
    pki::{
        algorithm::dotted,
        tlv::{self, Element, tag},
    },
};

/// A distinguished name (X.501): its DER as it was read, and its attributes as text.
///
/// Equal (`==`) means: the same bytes. Paths are built with [`matches`](Self::matches), for which case,
/// spaces and two of the string types do not matter.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name {
    der: Box<[u8]>,
    attributes: Box<[Attribute]>,
}

/// One attribute of a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// The type, dotted: `2.5.4.3`.
    pub oid: Box<str>,
    /// The value as text, or `None` if the bytes are no text in the encoding they claim.
    pub text: Option<Box<str>>,
    /// The value's bytes, without tag and length.
    pub bytes: Box<[u8]>,
    /// The value's first identifier octet: of strings the tag number (12 UTF8String, 19 PrintableString, …).
    pub tag: u32,
    /// Whether it stands in one relative name with the attribute before it (`+` in RFC 4514).
    pub joined: bool,
}

impl Name {
    /// Parses a DER `Name`; nothing may follow it.
    ///
    /// # Errors
    /// [`Code::BadDer`]; [`Code::LimitReached`] past [`limits::NAME_ATTRIBUTES_MAX`].
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        Self::read(&tlv::only(der, 0, tag::SEQUENCE, Code::BadDer, "name")?)
    }

    /// Reads the SEQUENCE `name` in whole: a part that was passed over would make two names look the same.
    pub(in crate::pki) fn read(name: &Element<'_>) -> Result<Self, Error> {
        let mut attributes = Vec::new();
        let mut relatives = name.inside();
        while !relatives.is_empty() {
            let relative = relatives.required(tag::SET, "name")?;
            let mut set = relative.inside();
            if set.is_empty() {
                return Err(relative.error("name"));
            }
            let first = attributes.len();
            while !set.is_empty() {
                if attributes.len() == limits::NAME_ATTRIBUTES_MAX {
                    return Err(Error::limit("NAME_ATTRIBUTES_MAX").at(name.at));
                }
                let joined = attributes.len() > first;
                attributes.push(Attribute::read(&set.required(tag::SEQUENCE, "name")?, joined)?);
            }
        }
        Ok(Self { der: name.raw.into(), attributes: attributes.into() })
    }

    /// The DER, as it was read.
    #[must_use]
    pub const fn der(&self) -> &[u8] {
        &self.der
    }

    /// The attributes, in the order in which they are encoded (the most general first, as a rule).
    #[must_use]
    pub const fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The common name (the last one, which is the most specific).
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.text_of("2.5.4.3")
    }

    /// The organisation. In government seals it begins with the unified social credit code.
    #[must_use]
    pub fn organisation(&self) -> Option<&str> {
        self.text_of("2.5.4.10")
    }

    /// The organisational unit.
    #[must_use]
    pub fn organisational_unit(&self) -> Option<&str> {
        self.text_of("2.5.4.11")
    }

    /// The country, two letters.
    #[must_use]
    pub fn country(&self) -> Option<&str> {
        self.text_of("2.5.4.6")
    }

    /// The text of the last attribute of the type `oid` (dotted).
    #[must_use]
    pub fn text_of(&self, oid: &str) -> Option<&str> {
        let last = self.attributes.iter().rev().find(|attribute| *attribute.oid == *oid)?;
        last.text.as_deref()
    }
}

impl fmt::Display for Name {
    /// RFC 4514: the most specific first, special characters escaped. Bytes that are no text are
    /// escaped one by one (`\B0\A1`), and a value that is no string at all is shown as `#` and
    /// hexadecimal of its content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Attributes of one relative name stay together and in their order.
        let mut relatives: Vec<&[Attribute]> =
            self.attributes.chunk_by(|_, next| next.joined).collect();
        relatives.reverse();
        for (index, relative) in relatives.into_iter().enumerate() {
            f.write_str(if index > 0 { "," } else { "" })?;
            for (index, attribute) in relative.iter().enumerate() {
                f.write_str(if index > 0 { "+" } else { "" })?;
                write!(f, "{attribute}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

impl Attribute {
    fn read(pair: &Element<'_>, joined: bool) -> Result<Self, Error> {
        let oid = pair.inside().required(tag::OID, "name")?;
        let value = pair.value.get(oid.raw.len()..).unwrap_or_default();
        // Not the cursor's: crate `der` does not know the tag of a UniversalString.
        let (bytes, header) = Header::from_der(value).map_err(|_| pair.error("name"))?;
        let length = header.length().definite().map_err(|_| pair.error("name"))?;
        if length != bytes.len() {
            return Err(pair.error("name"));
        }
        let tag = value.first().copied().unwrap_or_default().into();
        let oid = dotted(oid.value).into();
        Ok(Self { oid, text: decode(tag, bytes), bytes: bytes.into(), tag, joined })
    }

    /// The short name of the type (`CN`), or the dotted form where there is none.
    #[must_use]
    pub fn label(&self) -> &str {
        match &*self.oid {
            "2.5.4.3" => "CN",
            "2.5.4.4" => "SN",
            "2.5.4.5" => "serialNumber",
            "2.5.4.6" => "C",
            "2.5.4.7" => "L",
            "2.5.4.8" => "ST",
            "2.5.4.9" => "STREET",
            "2.5.4.10" => "O",
            "2.5.4.11" => "OU",
            "2.5.4.12" => "title",
            "2.5.4.42" => "GN",
            "0.9.2342.19200300.100.1.1" => "UID",
            "0.9.2342.19200300.100.1.25" => "DC",
            "1.2.840.113549.1.9.1" => "emailAddress",
            other => other,
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.label())?;
        if let Some(text) = &self.text {
            let last = text.chars().count().saturating_sub(1);
            for (index, character) in text.chars().enumerate() {
                match character {
                    '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{character}")?,
                    '#' if index == 0 => f.write_str("\\#")?,
                    ' ' if index == 0 || index == last => f.write_str("\\ ")?,
                    // Control and bidirectional characters could make a name look like another.
                    _ if is_deceptive(character) => {
                        let mut buffer = [0; 4];
                        for byte in character.encode_utf8(&mut buffer).bytes() {
                            write!(f, "\\{byte:02X}")?;
                        }
                    }
                    _ => write!(f, "{character}")?,
                }
            }
            return Ok(());
        }
        if is_string(self.tag) {
            return self.bytes.iter().try_for_each(|&byte| match byte {
                b'"' | b'+' | b',' | b';' | b'<' | b'>' | b'\\' | b'#' => {
                    write!(f, "\\{}", char::from(byte))
                }
                0x20..0x7f => write!(f, "{}", char::from(byte)),
                _ => write!(f, "\\{byte:02X}"),
            });
        }
        f.write_str("#")?;
        self.bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

const fn is_string(tag: u32) -> bool {
    matches!(tag, 12 | 18 | 19 | 20 | 22 | 26 | 27 | 28 | 30)
}

fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Text by tag, as it is written in practice: UTF-8 hides in PrintableString, IA5String and
/// T61String too. GBK does as well, but it cannot be told from other encodings: it stays bytes.
fn decode(tag: u32, bytes: &[u8]) -> Option<Box<str>> {
    match tag {
        12 | 18 | 19 | 20 | 22 | 26 | 27 => Some(std::str::from_utf8(bytes).ok()?.into()),
        28 => {
            let (quads, rest) = bytes.as_chunks::<4>();
            let text: Option<String> =
                quads.iter().map(|&quad| char::from_u32(u32::from_be_bytes(quad))).collect();
            if rest.is_empty() { Some(text?.into()) } else { None }
        }
        30 => {
            let (pairs, rest) = bytes.as_chunks::<2>();
            let units = pairs.iter().map(|&pair| u16::from_be_bytes(pair));
            let text: Result<String, _> = char::decode_utf16(units).collect();
            if rest.is_empty() { Some(text.ok()?.into()) } else { None }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name of one-attribute relative names, each (type under 2.5.4, tag, content).
    fn name(attributes: &[(u8, u8, &[u8])]) -> Vec<u8> {
        let wrap = |tag: u8, content: &[u8]| {
            let mut der = vec![tag, u8::try_from(content.len()).unwrap()];
            der.extend(content);
            der
        };
        let body: Vec<u8> = attributes
            .iter()
            .flat_map(|&(kind, tag, content)| {
                let pair = [wrap(6, &[0x55, 4, kind]), wrap(tag, content)].concat();
                wrap(0x31, &wrap(0x30, &pair))
            })
            .collect();
        wrap(0x30, &body)
    }

    #[test]
    fn shown_most_specific_first_and_escaped() {
        let der = name(&[
            (6, 19, b"CN"),
            (10, 12, "苏州市民政局".as_bytes()),
            (11, 30, &[0x53, 0x70, 0x5b, 0x57]),
            (11, 28, &[0, 0, 0x53, 0x70]),
            (7, 20, &[0xd6, 0xd0, b'A', b',']),
            (45, 2, &[1, 2]),
            (3, 22, " #a,b+\u{202e}\\ ".as_bytes()),
        ]);
        let parsed = Name::parse(&der).unwrap();
        assert_eq!(
            parsed.to_string(),
            "CN=\\ #a\\,b\\+\\E2\\80\\AE\\\\\\ ,2.5.4.45=#0102,L=\\D6\\D0A\\,,OU=印,OU=印字,\
             O=苏州市民政局,C=CN"
        );
        assert_eq!(parsed.der(), der);
        assert_eq!(parsed.country(), Some("CN"));
        assert_eq!(parsed.organisation(), Some("苏州市民政局"));
        assert_eq!(parsed.organisational_unit(), Some("印"));
        assert_eq!(parsed.text_of("2.5.4.7"), None);
    }

    #[test]
    fn equal_only_if_the_bytes_are() {
        let [utf8, printable] = [12, 19].map(|tag| Name::parse(&name(&[(3, tag, b"a")])).unwrap());
        assert_eq!(utf8.to_string(), printable.to_string());
        assert_ne!(utf8, printable);
    }

    #[test]
    fn malformed_names_are_refused() {
        let good = name(&[(3, 12, b"a")]);
        for length in 0..good.len() {
            assert!(Name::parse(&good[..length]).is_err(), "{length}");
        }
        assert!(Name::parse(&[&good[..], &[0]].concat()).is_err());
    }
}
