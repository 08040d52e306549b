//! Whose certificate is meant: `SignerIdentifier` and `RecipientIdentifier` (RFC 5652, 5.3 and 6.2.1).

use std::fmt;

use crate::{
    Error,
    pki::{
        tlv::{Cursor, sequence, tag, wrap},
        x509::{Certificate, hex},
    },
};

/// How a signer or a recipient names a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identifier {
    /// By its issuer and serial number.
    IssuerAndSerial {
        /// The issuer's name: the original DER.
        issuer: Vec<u8>,
        /// The serial number: the INTEGER's contents octets.
        serial: Vec<u8>,
    },
    /// By the identifier of its key.
    SubjectKeyId(Vec<u8>),
}

impl Identifier {
    /// The issuer and the serial number of `certificate`.
    #[must_use]
    pub fn of(certificate: &Certificate) -> Self {
        let issuer = certificate.issuer().der().to_vec();
        Self::IssuerAndSerial { issuer, serial: certificate.serial().to_vec() }
    }

    /// The key identifier of `certificate`, if it has one.
    #[must_use]
    pub fn key_of(certificate: &Certificate) -> Option<Self> {
        certificate.subject_key_id().map(|id| Self::SubjectKeyId(id.to_vec()))
    }

    /// Whether `certificate` is meant: the same DER of the issuer's name and the same number, leading
    /// zeros aside; or the same key identifier.
    #[must_use]
    pub fn names(&self, certificate: &Certificate) -> bool {
        match self {
            Self::IssuerAndSerial { issuer, serial } => {
                certificate.issuer().der() == issuer
                    && number(certificate.serial()) == number(serial)
            }
            Self::SubjectKeyId(id) => certificate.subject_key_id() == Some(id.as_slice()),
        }
    }

    /// Reads one.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        if let Some(id) = cursor.take(tag::CONTEXT_0_PRIMITIVE, "subjectKeyIdentifier")? {
            return Ok(Self::SubjectKeyId(id.value.to_vec()));
        }
        let mut inside = cursor.required(tag::SEQUENCE, "issuerAndSerialNumber")?.inside();
        let issuer = inside.required(tag::SEQUENCE, "issuer")?.raw.to_vec();
        let serial = inside.required(tag::INTEGER, "serialNumber")?.value.to_vec();
        inside.finish("issuerAndSerialNumber")?;
        Ok(Self::IssuerAndSerial { issuer, serial })
    }

    pub(super) fn to_der(&self) -> Vec<u8> {
        match self {
            Self::IssuerAndSerial { issuer, serial } => {
                sequence(&[issuer, &wrap(tag::INTEGER, &[serial])])
            }
            Self::SubjectKeyId(id) => wrap(tag::CONTEXT_0_PRIMITIVE, &[id]),
        }
    }
}

/// The octets of a number without leading zeros.
fn number(octets: &[u8]) -> &[u8] {
    let start = octets.iter().position(|&byte| byte != 0).unwrap_or(octets.len());
    octets.get(start..).unwrap_or_default()
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IssuerAndSerial { serial, .. } => write!(f, "serial {}", hex(serial)),
            Self::SubjectKeyId(id) => write!(f, "key {}", hex(id)),
        }
    }
}
