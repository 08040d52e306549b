//! Whether a certificate is good, asked and answered at once: OCSP (RFC 6960; GB/T 19713) with SM2.
//!
//! In: a certificate and its issuer; a response in DER; a time. Out: a [`Request`]; a [`Response`] whose
//! parts can be asked for; after [`Response::verify`] an [`Answer`] with the status and a report of
//! every check. [`Responder`] answers for a small authority, and in tests. The transport is the
//! caller's: nothing here has a network. All inputs are public: variable time.

mod id;
mod parse;
#[cfg(test)]
mod path_tests;
mod request;
mod respond;
#[cfg(test)]
mod tests;
mod verify;

use std::{
    fmt,
    ops::Range,
    sync::{Arc, OnceLock},
};

pub use self::{
    id::{CertId, Hash},
    request::Request,
    respond::Responder,
    verify::{Answer, Authority, Question},
};
use super::{
    algorithm::{SignatureAlgorithm, SignatureForm, read_signature},
    crl::Reason,
    x509::{Certificate, Extension, Name},
};
use crate::{
    error::Error,
    primitives::{sm2::Signature, sm3},
    time::UnixTime,
};

/// A response as it was read. Cloning is cheap. No trust is implied: see [`verify`](Self::verify).
#[derive(Clone)]
pub struct Response(Arc<Inner>);

/// How a responder says that it did its work, or why not (RFC 6960, 4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseStatus {
    /// 0: there is an answer.
    Successful,
    /// 1: the request was not understood.
    MalformedRequest,
    /// 2: the responder is at fault.
    InternalError,
    /// 3: ask again later.
    TryLater,
    /// 5: the request must be signed.
    SignatureRequired,
    /// 6: who asks may not, or the responder does not answer for this issuer.
    Unauthorized,
    /// Any other number.
    Other(u8),
}

/// What is said of one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateStatus {
    /// 有效: not revoked.
    Good,
    /// 已撤销.
    Revoked {
        /// Since when.
        at: UnixTime,
        /// Why, if it says.
        reason: Option<Reason>,
    },
    /// 未知: the responder does not know the certificate.
    Unknown,
}

impl CertificateStatus {
    /// The name of RFC 6960.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked { .. } => "revoked",
            Self::Unknown => "unknown",
        }
    }
}

/// Who a response says made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponderId {
    /// By name.
    Name(Name),
    /// By a digest of the public key: SHA-1 by RFC 6960, SM3 as well in practice.
    Key(Box<[u8]>),
}

/// What a response says of one certificate, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleResponse {
    /// Of which certificate.
    pub id: CertId,
    /// What.
    pub status: CertificateStatus,
    /// As of when it is known to be so.
    pub this_update: UnixTime,
    /// Until when newer information comes, if it says.
    pub next_update: Option<UnixTime>,
    /// Whatever else it says.
    pub extensions: Box<[Extension]>,
}

struct Inner {
    der: Box<[u8]>,
    status: ResponseStatus,
    basic: Option<Basic>,
    thumbprint: OnceLock<sm3::Digest>,
}

/// `BasicOCSPResponse`, the one type of response in use.
struct Basic {
    data: Range<usize>,
    responder: ResponderId,
    produced_at: UnixTime,
    answers: Box<[SingleResponse]>,
    extensions: Box<[Extension]>,
    algorithm: SignatureAlgorithm,
    algorithm_oid: Box<str>,
    signature: Range<usize>,
    certificates: Box<[Certificate]>,
}

impl Response {
    /// Parses one DER response; nothing may follow it. Certificates inside that cannot be read are
    /// left out, since only one that can be read can vouch for anything.
    ///
    /// # Errors
    /// [`Code::BadOcsp`](crate::Code::BadOcsp); [`Code::LimitReached`](crate::Code::LimitReached) past
    /// [`OCSP_BYTES_MAX`](crate::limits::OCSP_BYTES_MAX),
    /// [`OCSP_ANSWERS_MAX`](crate::limits::OCSP_ANSWERS_MAX),
    /// [`OCSP_CERTIFICATES_MAX`](crate::limits::OCSP_CERTIFICATES_MAX) or
    /// [`OCSP_EXTENSIONS_MAX`](crate::limits::OCSP_EXTENSIONS_MAX).
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        Ok(Self(Arc::new(parse::response(der)?)))
    }

    /// The DER, as it was read.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// Whether the responder did its work. Nothing protects this field.
    #[must_use]
    pub fn status(&self) -> ResponseStatus {
        self.0.status
    }

    /// The bytes that the responder signed: `tbsResponseData`. Empty if there is no answer.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.part(|basic| &basic.data)
    }

    /// Who says that he made it, if there is an answer.
    #[must_use]
    pub fn responder(&self) -> Option<&ResponderId> {
        self.0.basic.as_ref().map(|basic| &basic.responder)
    }

    /// When it was signed, if there is an answer.
    #[must_use]
    pub fn produced_at(&self) -> Option<UnixTime> {
        self.0.basic.as_ref().map(|basic| basic.produced_at)
    }

    /// What it says of each certificate.
    #[must_use]
    pub fn answers(&self) -> &[SingleResponse] {
        self.0.basic.as_ref().map_or(&[], |basic| &basic.answers)
    }

    /// Its extensions.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        self.0.basic.as_ref().map_or(&[], |basic| &basic.extensions)
    }

    /// The nonce that it gives back, if any.
    #[must_use]
    pub fn nonce(&self) -> Option<Vec<u8>> {
        request::nonce(self.extensions())
    }

    /// The certificates inside, by which the responder shows that he may answer.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        self.0.basic.as_ref().map_or(&[], |basic| &basic.certificates)
    }

    /// The algorithm of the signature, dotted; empty if there is no answer.
    #[must_use]
    pub fn signature_algorithm_oid(&self) -> &str {
        self.0.basic.as_ref().map_or("", |basic| &basic.algorithm_oid)
    }

    /// The responder's signature, and how it is encoded.
    ///
    /// # Errors
    /// [`Code::BadSignatureEncoding`](crate::Code::BadSignatureEncoding) if it is neither DER nor 64
    /// bytes in range, or there is no answer.
    pub fn signature(&self) -> Result<(Signature, SignatureForm), Error> {
        read_signature(self.part(|basic| &basic.signature))
    }

    /// SM3 of the DER.
    #[must_use]
    pub fn thumbprint(&self) -> sm3::Digest {
        *self.0.thumbprint.get_or_init(|| sm3::hash(self.der()))
    }

    fn part(&self, of: impl Fn(&Basic) -> &Range<usize>) -> &[u8] {
        let range = self.0.basic.as_ref().map(|basic| of(basic).clone());
        range.and_then(|range| self.0.der.get(range)).unwrap_or_default()
    }
}

impl PartialEq for Response {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Response {}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({:?}, {} answers)", self.status(), self.answers().len())
    }
}

impl ResponseStatus {
    /// The number in a response.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Successful => 0,
            Self::MalformedRequest => 1,
            Self::InternalError => 2,
            Self::TryLater => 3,
            Self::SignatureRequired => 5,
            Self::Unauthorized => 6,
            Self::Other(code) => code,
        }
    }

    /// From the number in a response.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Successful,
            1 => Self::MalformedRequest,
            2 => Self::InternalError,
            3 => Self::TryLater,
            5 => Self::SignatureRequired,
            6 => Self::Unauthorized,
            other => Self::Other(other),
        }
    }

    /// The name of RFC 6960.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Successful => "successful",
            Self::MalformedRequest => "malformedRequest",
            Self::InternalError => "internalError",
            Self::TryLater => "tryLater",
            Self::SignatureRequired => "sigRequired",
            Self::Unauthorized => "unauthorized",
            Self::Other(_) => "unknown",
        }
    }
}

/// The object identifiers of OCSP, as contents octets.
mod oid {
    /// 1.3.6.1.5.5.7.48.1.1, id-pkix-ocsp-basic.
    pub(super) const BASIC: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1, 1];
    /// 1.3.14.3.2.26, SHA-1.
    pub(super) const SHA1: &[u8] = &[0x2b, 14, 3, 2, 26];
    /// 2.16.840.1.101.3.4.2.1, SHA-256.
    pub(super) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
    /// id-pkix-ocsp-nonce, dotted as extensions are.
    pub(super) const NONCE: &str = "1.3.6.1.5.5.7.48.1.2";
}
