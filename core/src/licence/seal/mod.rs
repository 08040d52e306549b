//! Electronic seals and sealed signatures (SES): GM/T 0031-2014 (v1), GB/T 38540-2020 (v4) and
//! GM/T 0031-2025 (v5).
//!
//! In: the bytes of a seal (`Seal.esl`) or of a sealed signature (`SignedValue.dat`). Out: a structure
//! that keeps the original bytes of everything that was signed, and a verdict over it.
//!
//! A seal is what a maker signed: a name, a picture, a period, and the certificates of those who may
//! use it. A sealed signature embeds a seal and binds it to the digest of a document. All of it is
//! public: parsing and verifying are variable time.

use std::{ops::Range, sync::Arc};

use crate::{UnixTime, pki::algorithm::is_sm3_name, primitives::sm3};

mod cache;
mod make;
mod parse;
pub mod verify;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

pub use cache::SealCache;
pub use make::{SealDescription, SealPicture, make, make_v5, may_sign, sign, sign_stamped};
pub use verify::{verify_seal, verify_signed_value};

/// Which edition's structure a seal or a sealed signature has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// GM/T 0031-2014: a seal of two fields whose signature also covers the maker's certificate.
    V1,
    /// GB/T 38540-2020: a seal of four fields, header version 4.
    V4,
    /// GM/T 0031-2025: as v4 with an optional time stamp, header version 5.
    V5,
}

impl Version {
    /// The standard that defines this version.
    #[must_use]
    pub const fn standard(self) -> &'static str {
        match self {
            Self::V1 => "GM/T 0031-2014",
            Self::V4 => "GB/T 38540-2020",
            Self::V5 => "GM/T 0031-2025",
        }
    }
}

/// Who may sign with a seal (`certList`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateList {
    /// The signers' certificates, DER. Version 1 may list identifiers beside them: see
    /// [`Seal::certificate_ids`].
    Certificates(Vec<Vec<u8>>),
    /// Digests of the signers' certificates (v4 and v5, `certListType` 2).
    Digests(Vec<CertificateDigest>),
}

/// One digest of a certificate (`CertDigestObj`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateDigest {
    /// The algorithm as the seal names it: `SM3` or an object identifier in dotted form.
    pub algorithm: String,
    /// The digest of the DER certificate.
    pub value: Vec<u8>,
}

impl CertificateDigest {
    /// Whether the algorithm is SM3, by name or by object identifier.
    #[must_use]
    pub fn is_sm3(&self) -> bool {
        is_sm3_name(&self.algorithm)
    }
}

/// The picture of a seal (`SES_ESPictrueInfo`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture<'a> {
    /// The kind as the seal names it: `PNG`, `gif`, `ofd`, …
    pub format: &'a str,
    /// The file.
    pub data: &'a [u8],
    /// The printed width in millimetres.
    pub width_mm: i64,
    /// The printed height in millimetres.
    pub height_mm: i64,
}

/// An extension (`ExtData`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The contents octets of the object identifier, which some vendors fill with plain text.
    pub oid: Vec<u8>,
    /// Whether it says that a reader must understand it.
    pub critical: bool,
    /// The value.
    pub value: Vec<u8>,
}

/// An electronic seal (`SESeal`). Cheap to clone.
#[derive(Clone)]
pub struct Seal {
    /// The input as it was given: the seal alone, or the sealed signature around it.
    bytes: Arc<[u8]>,
    fields: Arc<SealFields>,
}

struct SealFields {
    version: Version,
    /// The version number in the header, which should agree with the structure.
    header_version: i64,
    header_id: String,
    vendor: String,
    id: String,
    kind: i64,
    name: String,
    list: CertificateList,
    certificate_ids: Vec<String>,
    created: UnixTime,
    valid_from: UnixTime,
    valid_until: UnixTime,
    picture_format: String,
    picture: Range<usize>,
    width_mm: i64,
    height_mm: i64,
    extensions: Vec<Extension>,
    whole: Range<usize>,
    maker: Range<usize>,
    algorithm: Range<usize>,
    signed: Signed,
    signature: Range<usize>,
    time_stamp: Option<Range<usize>>,
}

/// The bytes under a seal's signature.
enum Signed {
    /// v4, v5: SES_SealInfo, where it stands.
    InPlace(Range<usize>),
    /// v1: SEQUENCE { SES_SealInfo, cert, signatureAlgorithm } put together from the original elements
    /// (GM/T 0031-2014, 6.1.1.2).
    Assembled(Vec<u8>),
}

impl Seal {
    /// The edition, told by the number of fields and, between v4 and v5, by the header.
    #[must_use]
    pub fn version(&self) -> Version {
        self.fields.version
    }

    /// The version number that the header states.
    #[must_use]
    pub fn header_version(&self) -> i64 {
        self.fields.header_version
    }

    /// The header's mark, `ES`.
    #[must_use]
    pub fn header_id(&self) -> &str {
        &self.fields.header_id
    }

    /// Who made the software (`Vid`).
    #[must_use]
    pub fn vendor(&self) -> &str {
        &self.fields.vendor
    }

    /// The seal's identifier (`esID`): in government seals the 14-digit seal code (印章编码).
    #[must_use]
    pub fn id(&self) -> &str {
        &self.fields.id
    }

    /// The name of the seal.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.fields.name
    }

    /// The kind: 1 of an organisation, 2 of a person; higher numbers are in use.
    #[must_use]
    pub fn kind(&self) -> i64 {
        self.fields.kind
    }

    /// Who may sign with it.
    #[must_use]
    pub fn certificate_list(&self) -> &CertificateList {
        &self.fields.list
    }

    /// Identifiers that a v1 list holds beside or instead of certificates (`certID ::= IA5String`).
    /// Nothing says how they name a certificate, so they are shown but never matched.
    #[must_use]
    pub fn certificate_ids(&self) -> &[String] {
        &self.fields.certificate_ids
    }

    /// Whether the list has exactly this certificate (DER), or its SM3 digest.
    #[must_use]
    pub fn lists(&self, certificate: &[u8]) -> bool {
        match self.certificate_list() {
            CertificateList::Certificates(list) => list.iter().any(|listed| listed == certificate),
            CertificateList::Digests(list) => {
                let digest = sm3::hash(certificate);
                list.iter().any(|listed| listed.is_sm3() && listed.value == digest)
            }
        }
    }

    /// When the seal was made.
    #[must_use]
    pub fn created(&self) -> UnixTime {
        self.fields.created
    }

    /// The first moment at which it may be used.
    #[must_use]
    pub fn valid_from(&self) -> UnixTime {
        self.fields.valid_from
    }

    /// The last moment at which it may be used.
    #[must_use]
    pub fn valid_until(&self) -> UnixTime {
        self.fields.valid_until
    }

    /// The picture.
    #[must_use]
    pub fn picture(&self) -> Picture<'_> {
        let fields = &self.fields;
        Picture {
            format: &fields.picture_format,
            data: self.slice(&fields.picture),
            width_mm: fields.width_mm,
            height_mm: fields.height_mm,
        }
    }

    /// The extensions of SES_SealInfo, in their order.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.fields.extensions
    }

    /// The maker's certificate, as it stands in the seal.
    #[must_use]
    pub fn maker_certificate(&self) -> &[u8] {
        self.slice(&self.fields.maker)
    }

    /// The contents octets of the signature algorithm's object identifier.
    #[must_use]
    pub fn signature_algorithm(&self) -> &[u8] {
        self.slice(&self.fields.algorithm)
    }

    /// The bytes that the maker signed: original bytes, never a re-encoding.
    #[must_use]
    pub fn signed_bytes(&self) -> &[u8] {
        match &self.fields.signed {
            Signed::InPlace(range) => self.slice(range),
            Signed::Assembled(bytes) => bytes,
        }
    }

    /// The maker's signature: DER, or r ‖ s in 64 bytes.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.slice(&self.fields.signature)
    }

    /// The time stamp over the signature (v5).
    #[must_use]
    pub fn time_stamp(&self) -> Option<&[u8]> {
        self.fields.time_stamp.as_ref().map(|range| self.slice(range))
    }

    /// The seal as it was given, or as it stands in the sealed signature.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        self.slice(&self.fields.whole)
    }

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }
}

/// A sealed signature (`SES_Signature`). Cheap to clone.
#[derive(Clone)]
pub struct SignedValue {
    bytes: Arc<[u8]>,
    seal: Seal,
    fields: Arc<SignatureFields>,
}

struct SignatureFields {
    version: Version,
    /// The version number in TBS_Sign.
    stated_version: i64,
    time_info: Range<usize>,
    signed_at: Option<UnixTime>,
    data_hash: Range<usize>,
    property: String,
    extensions: Vec<Extension>,
    signer: Range<usize>,
    algorithm: Range<usize>,
    signed: Range<usize>,
    signature: Range<usize>,
    time_stamp: Option<Range<usize>>,
}

impl SignedValue {
    /// The edition, told by the number of fields and, between v4 and v5, by the seal's header.
    #[must_use]
    pub fn version(&self) -> Version {
        self.fields.version
    }

    /// The version number that TBS_Sign states.
    #[must_use]
    pub fn stated_version(&self) -> i64 {
        self.fields.stated_version
    }

    /// The seal that was used.
    #[must_use]
    pub fn seal(&self) -> &Seal {
        &self.seal
    }

    /// When it was signed, as the signer claims; `None` if `timeInfo` (v1: a BIT STRING of anything)
    /// is not a time.
    #[must_use]
    pub fn signed_at(&self) -> Option<UnixTime> {
        self.fields.signed_at
    }

    /// The contents of `timeInfo`: text, or in v1 possibly a time stamp.
    #[must_use]
    pub fn time_info(&self) -> &[u8] {
        self.slice(&self.fields.time_info)
    }

    /// The digest of the document: in an OFD package, of `Signature.xml`.
    #[must_use]
    pub fn data_hash(&self) -> &[u8] {
        self.slice(&self.fields.data_hash)
    }

    /// What says which data is protected (`propertyInfo`): in OFD the path of `Signature.xml`.
    #[must_use]
    pub fn property(&self) -> &str {
        &self.fields.property
    }

    /// The extensions of TBS_Sign, in their order.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.fields.extensions
    }

    /// The signer's certificate, as it stands in the sealed signature.
    #[must_use]
    pub fn signer_certificate(&self) -> &[u8] {
        self.slice(&self.fields.signer)
    }

    /// The contents octets of the signature algorithm's object identifier.
    #[must_use]
    pub fn signature_algorithm(&self) -> &[u8] {
        self.slice(&self.fields.algorithm)
    }

    /// The bytes that the signer signed: TBS_Sign as it stands.
    #[must_use]
    pub fn signed_bytes(&self) -> &[u8] {
        self.slice(&self.fields.signed)
    }

    /// The signer's signature: DER, or r ‖ s in 64 bytes.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.slice(&self.fields.signature)
    }

    /// The time stamp over the signature (v4, v5).
    #[must_use]
    pub fn time_stamp(&self) -> Option<&[u8]> {
        self.fields.time_stamp.as_ref().map(|range| self.slice(range))
    }

    /// The sealed signature as it was given.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.bytes
    }

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }
}
