//! How OCSP names a certificate: digests of its issuer's name and key, and its serial number
//! (RFC 6960, 4.1.1).

use sha1::Digest as _;

use super::oid;
use crate::{
    error::{Code, Error},
    pki::{
        algorithm::{self, dotted, is_sm3},
        crl::significant,
        tlv::{Cursor, Element, only, sequence, tag, wrap},
        x509::Certificate,
    },
    primitives::sm3,
};

/// The digest in a [`CertId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SM3, as networks with SM2 use it.
    Sm3,
    /// SHA-1, what responders everywhere understand. It names, it protects nothing.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// Which certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct CertId {
    pub(super) der: Box<[u8]>,
    hash: Option<Hash>,
    hash_oid: Box<str>,
    name_hash: Box<[u8]>,
    key_hash: Box<[u8]>,
    serial: Box<[u8]>,
}

impl CertId {
    /// Names `certificate`, which `issuer` issued.
    ///
    /// # Errors
    /// [`Code::BadCertificate`] if the issuer's key is malformed.
    pub fn new(certificate: &Certificate, issuer: &Certificate, hash: Hash) -> Result<Self, Error> {
        let name_hash = hash.of(certificate.issuer().der());
        let key_hash = hash.of(key_bits(issuer)?);
        let digest = |digest: &[u8]| wrap(tag::OCTET_STRING, &[digest]);
        let serial = wrap(tag::INTEGER, &[certificate.serial()]);
        let der = sequence(&[&hash.algorithm(), &digest(&name_hash), &digest(&key_hash), &serial]);
        let whole = only(&der, 0, tag::SEQUENCE, Code::BadOcsp, "CertID")?;
        Self::read(&whole)
    }

    /// The digest, if it is a known one.
    #[must_use]
    pub const fn hash(&self) -> Option<Hash> {
        self.hash
    }

    /// The digest, dotted.
    #[must_use]
    pub const fn hash_oid(&self) -> &str {
        &self.hash_oid
    }

    /// The serial number, as it is written.
    #[must_use]
    pub const fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// The digest of the issuer's name.
    #[must_use]
    pub const fn issuer_name_hash(&self) -> &[u8] {
        &self.name_hash
    }

    /// The digest of the issuer's public key.
    #[must_use]
    pub const fn issuer_key_hash(&self) -> &[u8] {
        &self.key_hash
    }

    /// Whether it names `certificate`, which `issuer` issued.
    #[must_use]
    pub fn names(&self, certificate: &Certificate, issuer: &Certificate) -> bool {
        significant(&self.serial) == significant(certificate.serial())
            && self.is_under(certificate.issuer().der(), issuer)
    }

    /// Whether it names a certificate under `issuer`, of whatever serial number.
    #[must_use]
    pub fn is_issued_by(&self, issuer: &Certificate) -> bool {
        self.is_under(issuer.subject().der(), issuer)
    }

    fn is_under(&self, name: &[u8], issuer: &Certificate) -> bool {
        let (Some(hash), Ok(key)) = (self.hash, key_bits(issuer)) else { return false };
        hash.of(name) == *self.name_hash && hash.of(key) == *self.key_hash
    }

    pub(super) fn read(element: &Element<'_>) -> Result<Self, Error> {
        if element.tag != tag::SEQUENCE {
            return Err(element.error("CertID"));
        }
        let mut fields = element.inside();
        let algorithm = fields.required(tag::SEQUENCE, "hashAlgorithm")?;
        let hash_oid = algorithm.inside().required(tag::OID, "hashAlgorithm")?.value;
        let name_hash = fields.required(tag::OCTET_STRING, "issuerNameHash")?.value;
        let key_hash = fields.required(tag::OCTET_STRING, "issuerKeyHash")?.value;
        let serial = fields.required(tag::INTEGER, "serialNumber")?.value;
        fields.finish("CertID")?;
        Ok(Self {
            der: element.raw.into(),
            hash: Hash::from_oid(hash_oid),
            hash_oid: dotted(hash_oid).into(),
            name_hash: name_hash.into(),
            key_hash: key_hash.into(),
            serial: serial.into(),
        })
    }
}

impl std::fmt::Debug for CertId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CertId(serial ")?;
        self.serial.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, ", {})", self.hash_oid)
    }
}

impl Hash {
    pub(super) fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sm3 => sm3::hash(bytes).to_vec(),
            Self::Sha1 => sha1::Sha1::digest(bytes).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
        }
    }

    fn from_oid(contents: &[u8]) -> Option<Self> {
        match contents {
            oid::SHA1 => Some(Self::Sha1),
            oid::SHA256 => Some(Self::Sha256),
            _ => is_sm3(contents).then_some(Self::Sm3),
        }
    }

    /// The AlgorithmIdentifier. SHA-1 and SHA-256 with NULL, as everybody writes them here; SM3 without
    /// parameters (GB/T 33560-2017).
    fn algorithm(self) -> Vec<u8> {
        let null: &[u8] = &[tag::NULL, 0];
        let (oid, parameters) = match self {
            Self::Sm3 => (algorithm::oid::SM3, &[][..]),
            Self::Sha1 => (oid::SHA1, null),
            Self::Sha256 => (oid::SHA256, null),
        };
        sequence(&[&wrap(tag::OID, &[oid]), parameters])
    }
}

/// The bits of a certificate's public key, without tag, length and count of unused bits.
pub(super) fn key_bits(certificate: &Certificate) -> Result<&[u8], Error> {
    let mut cursor = Cursor::new(certificate.spki(), 0, Code::BadCertificate);
    let mut fields = cursor.required(tag::SEQUENCE, "subjectPublicKeyInfo")?.inside();
    fields.required(tag::SEQUENCE, "algorithm")?;
    fields.required(tag::BIT_STRING, "subjectPublicKey")?.bits("subjectPublicKey")
}
