//! SignedData of GB/T 35275 (GM/T 0010): the PKCS#7 structure under GM object identifiers.
//!
//! In: the bytes of a SignedData and the data it is said to sign. Out: every check made, and the
//! certificates whose key signed. Whether a certificate may be trusted is for `x509` to judge.
//! Everything is public: variable time.
//!
//! Files in use differ in what is signed; [`Form`] names the differences.

use std::{ops::Range, sync::Arc};

use crate::UnixTime;

mod build;
mod parse;
mod verify;

#[cfg(test)]
mod tests;

pub use build::{Written, sign_detached};
pub use verify::{Verification, verify_bare};

/// Whose object identifiers name the content types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// 1.2.156.10197.6.1.4.2: GM/T 0010, GB/T 35275.
    Gm,
    /// 1.2.840.113549.1.7: PKCS#7.
    Pkcs7,
}

impl Family {
    /// The name used as evidence in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gm => "GB/T 35275",
            Self::Pkcs7 => "PKCS#7",
        }
    }
}

/// What stands under a signature, and how it is bound to the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// No content; attributes are signed and hold the digest of the data.
    SignedAttributes,
    /// The content is the data; attributes are signed and hold its digest.
    AttachedSignedAttributes,
    /// The content is the data and is signed itself.
    Attached,
    /// The content is the SM3 digest of the data, 32 bytes, and is signed itself.
    DigestAsContent,
    /// The content is the base64 text of the SM3 digest of the data, and is signed itself.
    DigestTextAsContent,
    /// No content and no attributes: the data is signed itself.
    Plain,
    /// A bare signature value with no SignedData around it.
    Bare,
}

impl Form {
    /// The name used as evidence in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignedAttributes => "signed attributes",
            Self::AttachedSignedAttributes => "attached data, signed attributes",
            Self::Attached => "attached data",
            Self::DigestAsContent => "digest as content",
            Self::DigestTextAsContent => "base64 text of the digest as content",
            Self::Plain => "no content, no attributes",
            Self::Bare => "bare signature value",
        }
    }
}

/// A SignedData. Cheap to clone.
#[derive(Clone)]
pub struct SignedData {
    bytes: Arc<[u8]>,
    fields: Arc<Fields>,
}

struct Fields {
    family: Family,
    /// The contents octets of the inner content type.
    content_type: Vec<u8>,
    content: Option<Range<usize>>,
    certificates: Vec<Vec<u8>>,
    crls: Vec<Vec<u8>>,
    signers: Vec<SignerInfo>,
}

/// One signer (`SignerInfo`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerInfo {
    /// The issuer's name in the signer's certificate: the original DER.
    pub issuer: Vec<u8>,
    /// The serial number of the signer's certificate: the INTEGER's contents octets.
    pub serial: Vec<u8>,
    /// The contents octets of the digest algorithm's object identifier.
    pub digest_algorithm: Vec<u8>,
    /// The contents octets of the signature algorithm's object identifier.
    pub signature_algorithm: Vec<u8>,
    /// The signed attributes, where there are any.
    pub attributes: Option<SignedAttributes>,
    /// The signature: DER, or r ‖ s in 64 bytes.
    pub signature: Vec<u8>,
}

/// The signed attributes of a signer (`authenticatedAttributes`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAttributes {
    /// What the signature covers: the original bytes in their original order, under the identifier
    /// octet of SET in place of `[0]`.
    pub signed_bytes: Vec<u8>,
    /// The contents octets of the object identifier in the content-type attribute.
    pub content_type: Option<Vec<u8>>,
    /// The message digest, which must be there exactly once.
    pub message_digest: Vec<u8>,
    /// The time at which the signer says to have signed.
    pub signing_time: Option<UnixTime>,
}

impl SignedData {
    /// Whose object identifiers it uses.
    #[must_use]
    pub fn family(&self) -> Family {
        self.fields.family
    }

    /// The contents octets of the inner content type's object identifier.
    #[must_use]
    pub fn content_type(&self) -> &[u8] {
        &self.fields.content_type
    }

    /// The content inside, where there is one.
    #[must_use]
    pub fn content(&self) -> Option<&[u8]> {
        let range = self.fields.content.clone()?;
        self.bytes.get(range)
    }

    /// The certificates inside, DER, in their order.
    #[must_use]
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.fields.certificates
    }

    /// The revocation lists inside, DER, in their order.
    #[must_use]
    pub fn crls(&self) -> &[Vec<u8>] {
        &self.fields.crls
    }

    /// The signers, in their order.
    #[must_use]
    pub fn signers(&self) -> &[SignerInfo] {
        &self.fields.signers
    }

    /// The SignedData as it was given.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.bytes
    }
}

/// The contents octets of content types and attributes.
mod oid {
    /// 1.2.156.10197.6.1.4.2.1, data.
    pub(super) const GM_DATA: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 6, 1, 4, 2, 1];
    /// 1.2.156.10197.6.1.4.2.2, signedData.
    pub(super) const GM_SIGNED_DATA: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 6, 1, 4, 2, 2];
    /// 1.2.840.113549.1.7.1, data.
    pub(super) const PKCS7_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    /// 1.2.840.113549.1.7.2, signedData.
    pub(super) const PKCS7_SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    /// 1.2.840.113549.1.9.3, content-type.
    pub(super) const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
    /// 1.2.840.113549.1.9.4, message-digest.
    pub(super) const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
    /// 1.2.840.113549.1.9.5, signing-time.
    pub(super) const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5];
}
