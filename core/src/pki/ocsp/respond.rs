//! Answering: a responder for a small authority, and for tests (RFC 6960, 4.2).

use super::{
    CertId, CertificateStatus, Request, Response, ResponseStatus,
    id::{Hash, key_bits},
    oid,
    request::nonce_extension,
};
use crate::{
    error::{Code, Error},
    limits,
    pki::{
        algorithm,
        crl::Reason,
        custody::Signer,
        tlv::{sequence, tag, wrap},
        x509::Certificate,
    },
    primitives::sm2::DistId,
    time::UnixTime,
};

/// Answers for the certificates of one issuer: as the issuer itself, or with a certificate that the
/// issuer gave out for OCSP ([`Profile::OcspResponder`](crate::pki::x509::issue::Profile)).
#[derive(Clone, Copy)]
pub struct Responder<'a> {
    issuer: &'a Certificate,
    certificate: &'a Certificate,
    signer: &'a dyn Signer,
}

impl<'a> Responder<'a> {
    /// Answers for `issuer` with `certificate`, which may be the same, and its key.
    ///
    /// # Errors
    /// [`Code::KeyMismatch`] if `signer` is not the key of `certificate`.
    pub fn new(
        issuer: &'a Certificate,
        certificate: &'a Certificate,
        signer: &'a dyn Signer,
    ) -> Result<Self, Error> {
        if signer.public_key() != certificate.public_key()? {
            return Err(Error::new(Code::KeyMismatch).field("key"));
        }
        Ok(Self { issuer, certificate, signer })
    }

    /// Answers `request` at `at`, good until `next_update`, with what `status` says of each
    /// certificate of the issuer. Certificates of others are answered as unknown; if there is none of
    /// the issuer, the response is the refusal [`ResponseStatus::Unauthorized`]. A nonce is given back.
    ///
    /// # Errors
    /// [`Code::BadArgument`] for a `next_update` that is not later, and for a reason that cannot be
    /// written; [`Code::BadTime`] for times before 1970; whatever the signer fails with.
    pub fn respond(
        &self,
        request: &Request,
        at: UnixTime,
        next_update: UnixTime,
        status: impl Fn(&CertId) -> CertificateStatus,
    ) -> Result<Response, Error> {
        if next_update <= at {
            return Err(Error::new(Code::BadArgument).field("next_update"));
        }
        if !request.ids().iter().any(|id| id.is_issued_by(self.issuer)) {
            return Self::refuse(ResponseStatus::Unauthorized);
        }
        let (at, next) = (generalized_time(at)?, generalized_time(next_update)?);
        let mut answers = Vec::new();
        for id in request.ids() {
            let known = id.is_issued_by(self.issuer);
            let status = if known { status(id) } else { CertificateStatus::Unknown };
            let next = wrap(tag::CONTEXT_0, &[&next]);
            answers.extend(sequence(&[&id.der, &status_der(status)?, &at, &next]));
        }
        let key_hash = Hash::Sha1.of(key_bits(self.certificate)?);
        let responder_id = wrap(tag::CONTEXT_2, &[&wrap(tag::OCTET_STRING, &[&key_hash])]);
        // An empty or oversized nonce is not given back (RFC 9654, 2.1).
        let nonce = request.nonce();
        let nonce = nonce.filter(|it| (1..=limits::OCSP_NONCE_BYTES_MAX).contains(&it.len()));
        let extensions = match nonce {
            Some(nonce) => {
                wrap(tag::CONTEXT_1, &[&sequence(&[&nonce_extension(&nonce)?.to_der()?])])
            }
            None => Vec::new(),
        };
        self.sign(&sequence(&[&responder_id, &at, &sequence(&[&answers]), &extensions]))
    }

    /// A response without an answer. It is not signed, which RFC 6960 does not provide for.
    ///
    /// # Errors
    /// [`Code::BadArgument`] for [`ResponseStatus::Successful`].
    pub fn refuse(status: ResponseStatus) -> Result<Response, Error> {
        if status.code() == ResponseStatus::Successful.code() {
            return Err(Error::new(Code::BadArgument).field("status"));
        }
        Response::parse(&sequence(&[&[ENUMERATED, 1, status.code()]]))
    }

    fn sign(&self, data: &[u8]) -> Result<Response, Error> {
        let signature = self.signer.sign(data, &DistId::DEFAULT)?.to_der();
        let algorithm = sequence(&[&wrap(tag::OID, &[algorithm::oid::SM2_WITH_SM3])]);
        let signature = wrap(tag::BIT_STRING, &[&[0], &signature]);
        let certificates = if self.certificate == self.issuer {
            Vec::new()
        } else {
            wrap(tag::CONTEXT_0, &[&sequence(&[self.certificate.der()])])
        };
        let basic = sequence(&[data, &algorithm, &signature, &certificates]);
        let bytes =
            sequence(&[&wrap(tag::OID, &[oid::BASIC]), &wrap(tag::OCTET_STRING, &[&basic])]);
        let successful = [ENUMERATED, 1, ResponseStatus::Successful.code()];
        Response::parse(&sequence(&[&successful, &wrap(tag::CONTEXT_0, &[&bytes])]))
    }
}

impl std::fmt::Debug for Responder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Responder({})", self.certificate.subject())
    }
}

fn status_der(status: CertificateStatus) -> Result<Vec<u8>, Error> {
    let (at, reason) = match status {
        CertificateStatus::Good => return Ok(vec![0x80, 0]),
        CertificateStatus::Unknown => return Ok(vec![0x82, 0]),
        CertificateStatus::Revoked { at, reason } => (generalized_time(at)?, reason),
    };
    let reason = match reason {
        // RFC 5280, 5.3.1: unspecified is written by leaving it out.
        None | Some(Reason::Unspecified) => Vec::new(),
        Some(Reason::Unknown | Reason::RemoveFromCrl) => {
            return Err(Error::new(Code::BadArgument).field("reason"));
        }
        Some(reason) => wrap(tag::CONTEXT_0, &[&[ENUMERATED, 1, reason.code()]]),
    };
    Ok(wrap(tag::CONTEXT_1, &[&at, &reason]))
}

fn generalized_time(time: UnixTime) -> Result<Vec<u8>, Error> {
    let bad = || Error::new(Code::BadTime).field("time");
    let since_1970 = u64::try_from(time.unix_s()).map_err(|_| bad())?;
    let duration = std::time::Duration::from_secs(since_1970);
    let time = der::asn1::GeneralizedTime::from_unix_duration(duration).map_err(|_| bad())?;
    der::Encode::to_der(&time).map_err(|_| bad())
}

const ENUMERATED: u8 = 0x0a;
