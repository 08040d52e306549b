//! Certificates: read, issue, judge a path (GB/T 20518-2018; RFC 5280).
//!
//! In: DER or PEM, trust anchors, revocation lists, a policy, two times. Out: a [`Certificate`], or
//! a [`PathReport`] that tells every check of every certificate. All inputs are public: variable time.

mod constraints;
mod extensions;
mod foreign;
#[cfg(test)]
mod foreign_tests;
#[cfg(test)]
mod forge;
mod general_name;
#[cfg(test)]
mod hostile_tests;
mod hosts;
pub mod issue;
mod judge;
mod lists;
mod load;
mod locations;
mod name;
mod name_match;
#[cfg(test)]
mod negative_tests;
mod parse;
mod path;
#[cfg(test)]
mod path_tests;
mod policies;
#[cfg(test)]
mod restriction_tests;
mod revocation;
#[cfg(test)]
mod revocation_tests;
mod subject_number;
#[cfg(test)]
mod tests;
mod trust;
mod usage;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

pub(super) use extensions::authority_key_id;
pub use extensions::{BasicConstraints, Extension, KeyUsage};
pub(super) use foreign::{
    Algorithm as ForeignAlgorithm, supported as foreign_name, verify as verify_as,
    verify_named as verify_foreign,
};
pub use general_name::GeneralName;
pub use name::{Attribute, Name};
pub use path::{
    CertificateReport, PathPolicy, PathReport, Revocation, Role, Times, verify_path,
    verify_path_under,
};
pub use policies::PolicyDemands;
pub use subject_number::{SubjectNumber, SubjectNumberKind};
pub use trust::{Evidence, PinnedSet, Selection, TrustStore};

pub use super::algorithm::SignatureForm;
use super::{algorithm::read_signature, oid, pem};
use crate::{
    error::{Code, Error},
    primitives::{
        sm2::{DistId, PublicKey, Signature},
        sm3,
    },
    time::UnixTime,
};

/// An X.509 certificate as it was read. Cloning is cheap.
///
/// Equal means: the same bytes. What is verified is always the original bytes, never a re-encoding.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

/// The algorithm that a certificate or list names for its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// SM2 with SM3, 1.2.156.10197.1.501.
    Sm2WithSm3,
    /// SM2 with SM3 under 1.2.156.10197.501, a misprint of the identifier seen in practice.
    Sm2WithSm3Misprint,
    /// Anything else; it is not verified here.
    Other,
}

/// Everything that was read, owned.
struct Inner {
    der: Box<[u8]>,
    tbs: std::ops::Range<usize>,
    version: u32,
    serial: Box<[u8]>,
    subject: Name,
    issuer: Name,
    not_before: UnixTime,
    not_after: UnixTime,
    spki: std::ops::Range<usize>,
    algorithm: SignatureAlgorithm,
    algorithm_oid: Box<str>,
    foreign: Option<ForeignAlgorithm>,
    algorithms_agree: bool,
    signature: Box<[u8]>,
    extensions: Box<[Extension]>,
    faulty_extensions: Box<[Box<str>]>,
    key_usage: Option<KeyUsage>,
    extended_key_usage: Option<Box<[Box<str>]>>,
    basic_constraints: Option<BasicConstraints>,
    subject_key_id: Option<Box<[u8]>>,
    authority_key_id: Option<Box<[u8]>>,
    public_key: OnceLock<Result<PublicKey, Error>>,
    thumbprint: OnceLock<sm3::Digest>,
}

impl Certificate {
    /// Parses one DER certificate; nothing may follow it.
    ///
    /// Tolerant where vendors err without harm: string types, explicit FALSE, malformed extensions
    /// (which [`verify_path`] then judges), identifiers under either OID. No trust is implied.
    ///
    /// # Errors
    /// [`Code::BadCertificate`]; [`Code::LimitReached`] past
    /// [`CERTIFICATE_BYTES_MAX`](crate::limits::CERTIFICATE_BYTES_MAX),
    /// [`CERTIFICATE_EXTENSIONS_MAX`](crate::limits::CERTIFICATE_EXTENSIONS_MAX) or
    /// [`NAME_ATTRIBUTES_MAX`](crate::limits::NAME_ATTRIBUTES_MAX).
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        Ok(Self(Arc::new(parse::parse(der)?)))
    }

    /// Parses one certificate, DER or PEM. Of several in a PEM file this is the first.
    ///
    /// # Errors
    /// As [`parse`](Self::parse) and [`parse_pem_bundle`](Self::parse_pem_bundle).
    pub fn parse_pem_or_der(bytes: &[u8]) -> Result<Self, Error> {
        if !pem::is_pem(bytes) {
            return Self::parse(bytes);
        }
        Self::parse_pem_bundle(bytes)?.into_iter().next().ok_or_else(no_certificate)
    }

    /// Parses every certificate of a PEM text, in its order. Blocks of other kinds are skipped.
    ///
    /// # Errors
    /// [`Code::BadPem`] if the text holds no certificate; as [`parse`](Self::parse).
    pub fn parse_pem_bundle(text: &[u8]) -> Result<Vec<Self>, Error> {
        let certificates = pem::blocks(text)?
            .iter()
            .filter(|block| PEM_LABELS.contains(&block.label))
            .map(|block| Self::parse(&block.der))
            .collect::<Result<Vec<_>, _>>()?;
        if certificates.is_empty() { Err(no_certificate()) } else { Ok(certificates) }
    }

    /// The DER, as it was read.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// As PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE", self.der())
    }

    /// The bytes that the issuer signed.
    #[must_use]
    pub fn tbs(&self) -> &[u8] {
        self.0.der.get(self.0.tbs.clone()).unwrap_or_default()
    }

    /// The version as it is spoken of: 1, 2 or 3.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.0.version
    }

    /// The serial number's bytes as they were read: big-endian, with a leading zero byte where DER
    /// demands one.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.0.serial
    }

    /// The serial number in lower-case hexadecimal, as [`serial`](Self::serial).
    #[must_use]
    pub fn serial_hex(&self) -> String {
        hex(self.serial())
    }

    /// Whom the certificate is for.
    #[must_use]
    pub fn subject(&self) -> &Name {
        &self.0.subject
    }

    /// Who issued it.
    #[must_use]
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// The first second of the validity period.
    #[must_use]
    pub fn not_before(&self) -> UnixTime {
        self.0.not_before
    }

    /// The last second of the validity period.
    #[must_use]
    pub fn not_after(&self) -> UnixTime {
        self.0.not_after
    }

    /// Whether `at` lies in the validity period, both ends included.
    #[must_use]
    pub fn is_valid_at(&self, at: UnixTime) -> bool {
        self.not_before() <= at && at <= self.not_after()
    }

    /// The DER of `subjectPublicKeyInfo`.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        self.0.der.get(self.0.spki.clone()).unwrap_or_default()
    }

    /// The subject's SM2 public key, decoded at the first call.
    ///
    /// # Errors
    /// [`Code::UnsupportedAlgorithm`] if it is no SM2 key, [`Code::BadPublicKey`] if the point is
    /// not on the curve.
    pub fn public_key(&self) -> Result<&PublicKey, Error> {
        let decode = || super::keys::public_key_from_spki(self.spki());
        self.0.public_key.get_or_init(decode).as_ref().map_err(Clone::clone)
    }

    /// What the key may do; `None` if the certificate does not say, which RFC 5280 reads as anything.
    #[must_use]
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.0.key_usage
    }

    /// The purposes of the extension extKeyUsage, dotted.
    #[must_use]
    pub fn extended_key_usage(&self) -> Option<&[Box<str>]> {
        self.0.extended_key_usage.as_deref()
    }

    /// Whether the subject is an authority.
    #[must_use]
    pub fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.0.basic_constraints
    }

    /// The identifier of the subject's key.
    #[must_use]
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.0.subject_key_id.as_deref()
    }

    /// The identifier of the issuer's key.
    #[must_use]
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.0.authority_key_id.as_deref()
    }

    /// Every extension, in its order.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.0.extensions
    }

    /// The content of the extension `oid` (dotted), if there is one.
    #[must_use]
    pub fn extension(&self, oid: &str) -> Option<&Extension> {
        self.extensions().iter().find(|extension| *extension.oid == *oid)
    }

    /// The names of the extension subjectAltName; none if there is no such extension.
    ///
    /// # Errors
    /// [`Code::BadCertificate`] or [`Code::BadDer`] if it is malformed; [`Code::LimitReached`] past
    /// [`GENERAL_NAMES_MAX`](crate::limits::GENERAL_NAMES_MAX).
    pub fn subject_alternative_names(&self) -> Result<Vec<GeneralName>, Error> {
        let extension = self.extension(oid::SUBJECT_ALT_NAME);
        extension.map_or(Ok(Vec::new()), |it| general_name::alternative_names(&it.value))
    }

    /// Types, dotted, of extensions that stand there twice or whose content is malformed.
    #[must_use]
    pub fn faulty_extensions(&self) -> &[Box<str>] {
        &self.0.faulty_extensions
    }

    /// The identification numbers that private extensions give the subject, as (type, value): those of
    /// [`subject_identifiers`](Self::subject_identifiers), and the older 1.2.86.11.7.x, which have no
    /// fixed meaning. A value that is no text is shown in hexadecimal.
    #[must_use]
    pub fn subject_numbers(&self) -> Vec<(&str, String)> {
        let known = |oid: &str| SUBJECT_NUMBERS.iter().any(|prefix| oid.starts_with(prefix));
        self.extensions()
            .iter()
            .filter(|extension| known(&extension.oid))
            .map(|extension| (&*extension.oid, subject_number::shown(&extension.value)))
            .collect()
    }

    /// The identification numbers of GB/T 20518-2018 that the certificate gives its subject
    /// (1.2.156.10260.4.1.1 to 5), with what each is a number of. What is no text is left out.
    #[must_use]
    pub fn subject_identifiers(&self) -> Vec<SubjectNumber> {
        let read = |extension: &Extension| SubjectNumber::read(&extension.oid, &extension.value);
        self.extensions().iter().filter_map(read).collect()
    }

    /// The algorithm of the signature.
    #[must_use]
    pub fn signature_algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm
    }

    /// The algorithm of the signature, dotted.
    #[must_use]
    pub fn signature_algorithm_oid(&self) -> &str {
        &self.0.algorithm_oid
    }

    fn foreign_algorithm(&self) -> Option<ForeignAlgorithm> {
        self.0.foreign
    }

    /// Whether the algorithm outside the signed part is the one inside it.
    #[must_use]
    pub fn algorithms_agree(&self) -> bool {
        self.0.algorithms_agree
    }

    /// The issuer's signature, and how it is encoded.
    ///
    /// # Errors
    /// [`Code::BadSignatureEncoding`] if it is neither DER nor 64 bytes in range.
    pub fn signature(&self) -> Result<(Signature, SignatureForm), Error> {
        read_signature(&self.0.signature)
    }

    /// Whether subject and issuer are the same name ([`Name::matches`]). It does not tell who signed.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.subject().matches(self.issuer())
    }

    /// SM3 of the DER.
    #[must_use]
    pub fn thumbprint(&self) -> sm3::Digest {
        *self.0.thumbprint.get_or_init(|| sm3::hash(self.der()))
    }

    /// Verifies the signature with the key of `issuer`: SM2 with SM3, and with the feature
    /// `international` also RSA, ECDSA and Ed25519. Names, times and usage are not looked at.
    ///
    /// # Errors
    /// As [`verify_signature`](Self::verify_signature); [`Code::BadPublicKey`].
    pub fn verify_issued_by(&self, issuer: &Self) -> Result<(), Error> {
        if self.signature_algorithm() != SignatureAlgorithm::Other || !self.0.algorithms_agree {
            return self.verify_signature(issuer.public_key()?);
        }
        foreign::verify(self.0.foreign, issuer.spki(), self.tbs(), &self.0.signature)
    }

    /// Verifies the issuer's signature with `issuer_key`, under the identifier that certificates use
    /// ([`DistId::DEFAULT`]). Names, times and usage are not looked at: that is [`verify_path`]'s.
    ///
    /// # Errors
    /// [`Code::UnsupportedAlgorithm`] if it is not SM2 with SM3 or the certificate names two
    /// algorithms, [`Code::BadSignatureEncoding`], [`Code::BadSignature`].
    pub fn verify_signature(&self, issuer_key: &PublicKey) -> Result<(), Error> {
        self.verify_signature_with_id(issuer_key, &DistId::DEFAULT)
    }

    /// As [`verify_signature`](Self::verify_signature), under another identifier of the issuer.
    ///
    /// # Errors
    /// As [`verify_signature`](Self::verify_signature).
    pub fn verify_signature_with_id(&self, issuer: &PublicKey, id: &DistId) -> Result<(), Error> {
        if self.signature_algorithm() == SignatureAlgorithm::Other || !self.0.algorithms_agree {
            return Err(Error::new(Code::UnsupportedAlgorithm).field("signatureAlgorithm"));
        }
        let (signature, _) = self.signature()?;
        issuer.verify(self.tbs(), &signature, id)
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, serial {})", self.subject(), self.serial_hex())
    }
}

impl SignatureAlgorithm {
    pub(super) fn from_dotted(oid: &str) -> Self {
        match oid {
            "1.2.156.10197.1.501" => Self::Sm2WithSm3,
            "1.2.156.10197.501" => Self::Sm2WithSm3Misprint,
            _ => Self::Other,
        }
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn no_certificate() -> Error {
    Error::new(Code::BadPem).field("PEM without a certificate")
}

const PEM_LABELS: [&str; 3] = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];

const SUBJECT_NUMBERS: [&str; 2] = ["1.2.156.10260.4.1.", "1.2.86.11.7."];
