//! ContentInfo (RFC 5652, 3): which structure an object is, under which family of identifiers.

use super::{Family, oid};
use crate::{
    Code, Error,
    pki::{
        ber,
        tlv::{self, Cursor, Element, sequence, tag, wrap},
    },
};

/// The structures that are known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Data with signatures, or certificates alone.
    SignedData,
    /// Data for recipients.
    EnvelopedData,
    /// Data for recipients, with signatures over it (GB/T 35275, RFC 2315).
    SignedAndEnvelopedData,
    /// Data under a key that both sides have.
    EncryptedData,
    /// Data for recipients, which cannot be changed unnoticed (RFC 5083).
    AuthEnvelopedData,
}

impl Kind {
    /// The standard's own name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignedData => "signedData",
            Self::EnvelopedData => "envelopedData",
            Self::SignedAndEnvelopedData => "signedAndEnvelopedData",
            Self::EncryptedData => "encryptedData",
            Self::AuthEnvelopedData => "authEnvelopedData",
        }
    }

    pub(super) fn of(content_type: &[u8]) -> Option<(Family, Self)> {
        Some(match content_type {
            oid::GM_SIGNED_DATA => (Family::Gm, Self::SignedData),
            oid::GM_ENVELOPED_DATA => (Family::Gm, Self::EnvelopedData),
            oid::GM_SIGNED_ENVELOPED => (Family::Gm, Self::SignedAndEnvelopedData),
            oid::GM_ENCRYPTED_DATA => (Family::Gm, Self::EncryptedData),
            oid::PKCS7_SIGNED_DATA => (Family::Pkcs7, Self::SignedData),
            oid::PKCS7_ENVELOPED_DATA => (Family::Pkcs7, Self::EnvelopedData),
            oid::PKCS7_SIGNED_ENVELOPED => (Family::Pkcs7, Self::SignedAndEnvelopedData),
            oid::PKCS7_ENCRYPTED_DATA => (Family::Pkcs7, Self::EncryptedData),
            oid::AUTH_ENVELOPED_DATA => (Family::Pkcs7, Self::AuthEnvelopedData),
            _ => return None,
        })
    }

    /// The content type.
    ///
    /// # Errors
    /// [`Code::UnsupportedAlgorithm`] for authEnvelopedData under GM identifiers, which has none.
    pub(super) fn oid(self, family: Family) -> Result<&'static [u8], Error> {
        Ok(match (family, self) {
            (Family::Gm, Self::SignedData) => oid::GM_SIGNED_DATA,
            (Family::Gm, Self::EnvelopedData) => oid::GM_ENVELOPED_DATA,
            (Family::Gm, Self::SignedAndEnvelopedData) => oid::GM_SIGNED_ENVELOPED,
            (Family::Gm, Self::EncryptedData) => oid::GM_ENCRYPTED_DATA,
            (Family::Pkcs7, Self::SignedData) => oid::PKCS7_SIGNED_DATA,
            (Family::Pkcs7, Self::EnvelopedData) => oid::PKCS7_ENVELOPED_DATA,
            (Family::Pkcs7, Self::SignedAndEnvelopedData) => oid::PKCS7_SIGNED_ENVELOPED,
            (Family::Pkcs7, Self::EncryptedData) => oid::PKCS7_ENCRYPTED_DATA,
            (Family::Pkcs7, Self::AuthEnvelopedData) => oid::AUTH_ENVELOPED_DATA,
            (Family::Gm, Self::AuthEnvelopedData) => {
                return Err(Error::new(Code::UnsupportedAlgorithm).field("authEnvelopedData"));
            }
        })
    }
}

/// Which structure `bytes` hold, and whose identifiers it uses. Only the beginning is looked at, so
/// that the first 64 bytes of a long input are enough.
///
/// # Errors
/// [`Code::BadCms`] if it is none that is known here.
pub fn kind(bytes: &[u8]) -> Result<(Family, Kind), Error> {
    let bad = || Error::new(Code::BadCms).field("contentType");
    let mut rest = bytes.iter();
    let header = ber::Header::read(|| rest.next().copied().ok_or(())).ok().flatten();
    let header = header.filter(|header| header.tag == tag::SEQUENCE).ok_or_else(bad)?;
    let inside = bytes.get(header.size..).unwrap_or_default();
    let content_type =
        Cursor::new(inside, header.size, Code::BadCms).required(tag::OID, "contentType")?;
    Kind::of(content_type.value).ok_or_else(|| content_type.error("contentType"))
}

/// The structure inside a ContentInfo, which must be one of `wanted`.
pub(super) fn read<'a>(
    bytes: &'a [u8],
    wanted: &[Kind],
) -> Result<(Family, Kind, Element<'a>), Error> {
    let outer = tlv::only(bytes, 0, tag::SEQUENCE, Code::BadCms, "ContentInfo")?;
    let mut cursor = outer.inside();
    let content_type = cursor.required(tag::OID, "contentType")?;
    let known = Kind::of(content_type.value).filter(|(_, kind)| wanted.contains(kind));
    let (family, kind) = known.ok_or_else(|| content_type.error("contentType"))?;
    let mut content = cursor.required(tag::CONTEXT_0, "content")?.inside();
    cursor.finish("ContentInfo")?;
    let inside = content.required(tag::SEQUENCE, kind.name())?;
    content.finish("content")?;
    Ok((family, kind, inside))
}

/// A ContentInfo around `structure`.
pub(super) fn write(family: Family, kind: Kind, structure: &[u8]) -> Result<Vec<u8>, Error> {
    let content_type = wrap(tag::OID, &[kind.oid(family)?]);
    Ok(sequence(&[&content_type, &wrap(tag::CONTEXT_0, &[structure])]))
}
