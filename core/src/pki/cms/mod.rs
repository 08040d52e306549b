//! Signed and enveloped data: GB/T 35275 (GM/T 0010) under GM object identifiers, PKCS#7 (RFC 2315) and
//! CMS (RFC 5652, RFC 5083) under theirs.
//!
//! Signed: in go the bytes of a SignedData and the data it is said to sign; out come every check made
//! and the certificates whose key signed. Whether a certificate may be trusted is for `x509` to judge:
//! [`Verification::judge`]. Enveloped: in go bytes and a private key; out comes the content, after
//! everything that can be checked was checked.
//!
//! Read are DER, and the indefinite lengths of BER; written is DER. What is too long for memory goes
//! through [`stream`]. Verification is variable time, since all of it is public; opening is constant
//! time in keys and contents.
//!
//! Files in use differ in what is signed; [`Form`] names the differences.

use std::{ops::Range, sync::Arc};

use crate::{Code, Error, UnixTime, pki::tlv};

mod attribute;
mod cipher;
mod content_info;
mod counter_signature;
mod envelop;
mod identifier;
mod judge;
mod open;
mod parse;
mod recipient;
mod scheme;
mod sign;
mod signature;
pub mod stream;
mod verify;

#[cfg(test)]
mod tests;

pub use attribute::Attribute;
pub use cipher::ContentCipher;
pub use content_info::{Kind, kind};
pub use envelop::{EnvelopOptions, encrypt, envelop, sign_and_envelop};
pub use identifier::Identifier;
pub(crate) use judge::signer_certificate_check;
pub use judge::{Judge, SignerVerification};
pub use open::{EnvelopedData, Opened, decrypt, open, open_signed};
pub use recipient::{OpenWith, RecipientInfo, RecipientIs, RecipientsBy};
pub use sign::{
    Attributes, Placement, SignOptions, SignWith, Written, certificates_only, sign, sign_detached,
};
pub use verify::{Verification, VerifyOptions, verify, verify_bare};

/// Whose object identifiers name the content types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// 1.2.156.10197.6.1.4.2: GM/T 0010, GB/T 35275.
    #[default]
    Gm,
    /// 1.2.840.113549.1.7: PKCS#7 and CMS.
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

    /// The content type of plain data.
    const fn data(self) -> &'static [u8] {
        match self {
            Self::Gm => oid::GM_DATA,
            Self::Pkcs7 => oid::PKCS7_DATA,
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
    /// The content is the SM3 digest of the data, 32 bytes, and is signed itself. Deviant.
    DigestAsContent,
    /// The content is the base64 text of the SM3 digest of the data, and is signed itself. Deviant.
    DigestTextAsContent,
    /// No content and no attributes: the data is signed itself.
    Plain,
    /// A bare signature value with no SignedData around it: [`verify_bare`]. Deviant.
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

    /// Whether it is none of the standard's, and is accepted only where it is allowed by name
    /// ([`VerifyOptions::deviant`]).
    #[must_use]
    pub const fn is_deviant(self) -> bool {
        matches!(self, Self::DigestAsContent | Self::DigestTextAsContent | Self::Bare)
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
    version: u8,
    /// The AlgorithmIdentifiers before the content, as they stand there.
    digest_algorithms: Vec<Vec<u8>>,
    /// The whole of `encapContentInfo`.
    content_info: Range<usize>,
    /// The contents octets of the inner content type.
    content_type: Vec<u8>,
    content: Option<Range<usize>>,
    certificates: Vec<Vec<u8>>,
    /// Certificates of other kinds, under context tags.
    other_certificates: Vec<Vec<u8>>,
    crls: Vec<Vec<u8>>,
    /// Revocation data of other kinds, under context tags.
    other_revocations: Vec<Vec<u8>>,
    signers: Vec<SignerInfo>,
}

/// One signer (`SignerInfo`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerInfo {
    /// Whose certificate it is.
    pub identifier: Identifier,
    /// The contents octets of the digest algorithm's object identifier.
    pub digest_algorithm: Vec<u8>,
    /// The contents octets of the signature algorithm's object identifier.
    pub signature_algorithm: Vec<u8>,
    /// The signed attributes, where there are any.
    pub attributes: Option<SignedAttributes>,
    /// The signature: DER, or r ‖ s in 64 bytes.
    pub signature: Vec<u8>,
    /// The attributes that no signature covers: time stamps, counter-signatures.
    pub unsigned_attributes: Vec<Attribute>,
    /// The whole SignerInfo as it stands in the SignedData.
    raw: Vec<u8>,
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
    /// Every attribute, in its order, those above included.
    pub all: Vec<Attribute>,
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

    /// The SignedData as it was given; if it had indefinite lengths, with definite ones.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.bytes
    }
}

/// The contents octets of a dotted object identifier.
///
/// # Errors
/// [`Code::BadArgument`] if it is none.
pub fn object_identifier(dotted: &str) -> Result<Vec<u8>, Error> {
    let identifier = const_oid::ObjectIdentifier::new(dotted);
    let identifier = identifier.map_err(|_| Error::new(Code::BadArgument).field("OID"))?;
    Ok(identifier.as_bytes().to_vec())
}

/// An AlgorithmIdentifier without parameters.
fn algorithm_identifier(oid: &[u8]) -> Vec<u8> {
    tlv::sequence(&[&tlv::wrap(tlv::tag::OID, &[oid])])
}

/// A SET OF in DER: its elements in the order of their encodings.
fn set_of(tag: u8, mut elements: Vec<Vec<u8>>) -> Vec<u8> {
    elements.sort_unstable();
    tlv::wrap(tag, &elements.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// The contents octets of content types, algorithms and attributes.
mod oid {
    /// 1.2.156.10197.6.1.4.2.1, data.
    pub(super) const GM_DATA: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 6, 1, 4, 2, 1];
    /// 1.2.156.10197.6.1.4.2.2, signedData.
    pub(super) const GM_SIGNED_DATA: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 6, 1, 4, 2, 2];
    /// 1.2.156.10197.6.1.4.2.3, envelopedData.
    pub(super) const GM_ENVELOPED_DATA: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 6, 1, 4, 2, 3];
    /// 1.2.156.10197.6.1.4.2.4, signedAndEnvelopedData.
    pub(super) const GM_SIGNED_ENVELOPED: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 6, 1, 4, 2, 4];
    /// 1.2.156.10197.6.1.4.2.5, encryptedData.
    pub(super) const GM_ENCRYPTED_DATA: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 6, 1, 4, 2, 5];
    /// 1.2.840.113549.1.7.1, data.
    pub(super) const PKCS7_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    /// 1.2.840.113549.1.7.2, signedData.
    pub(super) const PKCS7_SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    /// 1.2.840.113549.1.7.3, envelopedData.
    pub(super) const PKCS7_ENVELOPED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3];
    /// 1.2.840.113549.1.7.4, signedAndEnvelopedData.
    pub(super) const PKCS7_SIGNED_ENVELOPED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 4];
    /// 1.2.840.113549.1.7.6, encryptedData.
    pub(super) const PKCS7_ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 6];
    /// 1.2.840.113549.1.9.16.1.23, authEnvelopedData (RFC 5083).
    pub(super) const AUTH_ENVELOPED_DATA: &[u8] =
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 23];
    /// 1.2.840.113549.1.9.3, content-type.
    pub(super) const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
    /// 1.2.840.113549.1.9.4, message-digest.
    pub(super) const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
    /// 1.2.840.113549.1.9.5, signing-time.
    pub(super) const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5];
    /// 1.2.840.113549.1.9.6, counter-signature.
    pub(super) const COUNTER_SIGNATURE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 6];
    /// 1.2.840.113549.1.9.16.2.14, id-aa-timeStampToken (RFC 3161, appendix A).
    pub(super) const TIME_STAMP_TOKEN: &[u8] =
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 14];
}
