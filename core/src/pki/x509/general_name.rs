//! GeneralName: the other ways in which a subject, a constraint or a place is named (RFC 5280, 4.2.1.6).

use std::fmt;

use super::{Name, hex};
use crate::{
    error::{Code, Error},
    limits,
    pki::tlv::{Cursor, Element},
};

/// One name of the extension subjectAltName, of a name constraint or of a distribution point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GeneralName {
    /// A mailbox, as it was written.
    Email(Box<[u8]>),
    /// A host or domain, as it was written.
    Dns(Box<[u8]>),
    /// A distinguished name.
    Directory(Name),
    /// A URI, as it was written.
    Uri(Box<[u8]>),
    /// An address: 4 or 16 bytes, in constraints 8 or 32 with the mask behind it.
    Ip(Box<[u8]>),
    /// Any other form: the number of its tag, and its content.
    Other(u8, Box<[u8]>),
}

impl GeneralName {
    pub(in crate::pki) fn read(element: &Element<'_>) -> Result<Self, Error> {
        let value = || element.value.into();
        Ok(match element.tag {
            0x81 => Self::Email(value()),
            0x82 => Self::Dns(value()),
            // A CHOICE is tagged explicitly.
            0xa4 => Self::Directory(Name::parse(element.value)?),
            0x86 => Self::Uri(value()),
            0x87 => Self::Ip(value()),
            0x88 => Self::Other(8, value()),
            constructed @ (0xa0 | 0xa3 | 0xa5) => Self::Other(constructed & 0x1f, value()),
            _ => return Err(element.error("GeneralName")),
        })
    }

    /// Every name of a SEQUENCE OF GeneralName's content.
    pub(in crate::pki) fn read_all(names: Cursor<'_>) -> Result<Vec<Self>, Error> {
        let most = limits::GENERAL_NAMES_MAX;
        let names = names.all("GeneralName", most, "GENERAL_NAMES_MAX")?;
        names.iter().map(Self::read).collect()
    }

    /// The number of the form's tag.
    pub(super) const fn form(&self) -> u8 {
        match self {
            Self::Email(_) => 1,
            Self::Dns(_) => 2,
            Self::Directory(_) => 4,
            Self::Uri(_) => 6,
            Self::Ip(_) => 7,
            Self::Other(form, _) => *form,
        }
    }

    /// The form, as RFC 5280 calls it.
    #[must_use]
    pub const fn form_name(&self) -> &'static str {
        match self.form() {
            0 => "otherName",
            1 => "rfc822Name",
            2 => "dNSName",
            3 => "x400Address",
            4 => "directoryName",
            5 => "ediPartyName",
            6 => "uniformResourceIdentifier",
            7 => "iPAddress",
            _ => "registeredID",
        }
    }
}

impl fmt::Display for GeneralName {
    /// `dNSName:example.cn`. Bytes that are no visible ASCII are escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.form_name())?;
        match self {
            Self::Email(text) | Self::Dns(text) | Self::Uri(text) => {
                write!(f, "{}", text.escape_ascii())
            }
            Self::Directory(name) => write!(f, "{name}"),
            Self::Ip(address) => ip(address, f),
            Self::Other(_, content) => f.write_str(&hex(content)),
        }
    }
}

/// An address, or an address and a mask.
fn ip(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (quads, pairs) = (<[u8; 4]>::try_from(bytes), <[u8; 16]>::try_from(bytes));
    match (quads, pairs, bytes.len()) {
        (Ok(v4), ..) => write!(f, "{}", std::net::Ipv4Addr::from(v4)),
        (_, Ok(v6), _) => write!(f, "{}", std::net::Ipv6Addr::from(v6)),
        (.., 8 | 32) => {
            let (address, mask) = bytes.split_at_checked(bytes.len() / 2).unwrap_or_default();
            ip(address, f)?;
            f.write_str("/")?;
            ip(mask, f)
        }
        _ => f.write_str(&hex(bytes)),
    }
}

/// The content of the extension subjectAltName or issuerAltName.
pub(super) fn alternative_names(der: &[u8]) -> Result<Vec<GeneralName>, Error> {
    let mut cursor = Cursor::new(der, 0, Code::BadCertificate);
    let names = cursor.required(crate::pki::tlv::tag::SEQUENCE, "GeneralNames")?;
    cursor.finish("GeneralNames")?;
    GeneralName::read_all(names.inside())
}
