//! Issuing certificates in the profile of GB/T 20518-2018: for trials, tests and private authorities.
//!
//! In: a verified request or a name and a key, the authority's terms, the authority and its key. Out:
//! X.509 v3 certificates, signed with SM2 and SM3 under [`DistId::DEFAULT`], the signature as DER
//! (GM/T 0009-2012, 7.3). Of a request only the name and the key are taken: what the certificate may
//! be used for, and how long, are the authority's to say ([`Terms`]).

mod extensions;
mod pair;
mod subject;
#[cfg(test)]
mod tests;

use der::{
    Decode as _, Encode as _, Sequence,
    asn1::{AnyRef, BitStringRef, Null, UintRef},
};
use spki::AlgorithmIdentifier;
use x509_cert::time::{Time, Validity};

pub(in crate::pki) use self::extensions::{ExtensionDer, authority_key_id};
pub use self::{
    pair::{Pair, SealedTo, issue_pair, issue_pair_with_key},
    subject::Subject,
};
use super::{Certificate, SubjectNumber};
use crate::{
    error::{Code, Error},
    pki::{csr::Csr, custody::Signer, keys, oid},
    primitives::{
        rng,
        sm2::{DistId, PublicKey},
        sm3,
    },
    report::Verified,
    time::UnixTime,
};

/// What a certificate is for; it decides the extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// A self-signed authority. keyCertSign, cRLSign.
    Root,
    /// An authority under another one. keyCertSign, cRLSign.
    IssuingCa {
        /// How many authorities may stand between it and the end of a path.
        path_length: u32,
    },
    /// Makes electronic seals. digitalSignature, nonRepudiation.
    SealMaker,
    /// Signs. digitalSignature, nonRepudiation.
    Signer,
    /// Receives encrypted data. keyEncipherment, dataEncipherment, keyAgreement.
    Encryption,
    /// Signs time stamps. digitalSignature, nonRepudiation, and the purpose timeStamping alone,
    /// critical (RFC 3161, 2.3).
    TimeStamper,
    /// Answers for its issuer in OCSP. digitalSignature, the purpose OCSPSigning, and
    /// id-pkix-ocsp-nocheck (RFC 6960, 4.2.2.2): let it be short-lived.
    OcspResponder,
}

/// What the authority decides about a certificate, whatever the requester asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What it is for.
    pub profile: Profile,
    /// The first second of validity.
    pub not_before: UnixTime,
    /// The last second of validity.
    pub not_after: UnixTime,
    /// The serial number, big-endian, at most 20 bytes; without one, 16 random bytes.
    pub serial: Option<Vec<u8>>,
    /// Identification numbers of the subject, each kind once (GB/T 20518-2018).
    pub subject_numbers: Vec<SubjectNumber>,
    /// Where the authority's revocation list is to be had (cRLDistributionPoints).
    pub crl_urls: Vec<String>,
    /// Where its OCSP responder answers (authorityInfoAccess, id-ad-ocsp).
    pub ocsp_urls: Vec<String>,
    /// Where its own certificate is to be had (authorityInfoAccess, id-ad-caIssuers).
    pub issuer_urls: Vec<String>,
    /// The policies under which it is issued, dotted (certificatePolicies).
    pub policies: Vec<String>,
}

impl Terms {
    /// For `profile`, from `not_before` to `not_after`, with nothing more.
    #[must_use]
    pub const fn new(profile: Profile, not_before: UnixTime, not_after: UnixTime) -> Self {
        Self {
            profile,
            not_before,
            not_after,
            serial: None,
            subject_numbers: Vec::new(),
            crl_urls: Vec::new(),
            ocsp_urls: Vec::new(),
            issuer_urls: Vec::new(),
            policies: Vec::new(),
        }
    }
}

/// What to certify, where there is no request by the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRequest {
    /// Whom it is for.
    pub subject: Subject,
    /// What it is for.
    pub profile: Profile,
    /// The subject's key.
    pub public_key: PublicKey,
    /// The first second of validity.
    pub not_before: UnixTime,
    /// The last second of validity.
    pub not_after: UnixTime,
    /// The serial number, big-endian, at most 20 bytes; without one, 16 random bytes.
    pub serial: Option<Vec<u8>>,
}

/// Issues a certificate. `issuer` is the authority's certificate, `None` for a self-signed one, and
/// `signer` its key. That the authority may issue is not looked at: it shows when a path is verified.
///
/// # Errors
/// As [`issue_for`].
pub fn issue(
    request: &CertificateRequest,
    issuer: Option<&Certificate>,
    signer: &dyn Signer,
) -> Result<Certificate, Error> {
    let mut terms = Terms::new(request.profile, request.not_before, request.not_after);
    terms.serial.clone_from(&request.serial);
    issue_for(&request.subject, &request.public_key, &terms, issuer, signer)
}

/// Issues a certificate for `subject` and its `public_key` on `terms`. `issuer` is the authority's
/// certificate, `None` for a self-signed one, and `signer` its key.
///
/// # Errors
/// [`Code::BadArgument`] with the field if name or terms are inconsistent or cannot be written,
/// [`Code::LimitReached`] past [`ISSUED_ITEMS_MAX`](crate::limits::ISSUED_ITEMS_MAX) of one kind,
/// [`Code::BadTime`] for times that a certificate cannot carry (before 1970), [`Code::KeyMismatch`]
/// if `signer` is not the issuer's key; whatever `signer` fails with.
pub fn issue_for(
    subject: &Subject,
    public_key: &PublicKey,
    terms: &Terms,
    issuer: Option<&Certificate>,
    signer: &dyn Signer,
) -> Result<Certificate, Error> {
    let spki = keys::public_key_to_spki(public_key)?;
    Draft { subject: &subject.to_der()?, public_key, spki: &spki, terms }.sign(issuer, signer)
}

/// Issues the certificate that a verified request asks for: its name, as its bytes are, and its key.
///
/// # Errors
/// As [`issue_for`]; [`Code::BadArgument`] with the field `subject` if the request names nobody, and
/// with `profile` for [`Profile::Root`], which nobody else issues.
pub fn issue_requested(
    request: &Verified<Csr>,
    terms: &Terms,
    issuer: &Certificate,
    signer: &dyn Signer,
) -> Result<Certificate, Error> {
    let request = request.value();
    let public_key = request.public_key()?;
    let subject = request.subject();
    if subject.attributes().is_empty() {
        return Err(argument("subject"));
    }
    // Not the request's own bytes: it may name the algorithm of its key in another way.
    let spki = keys::public_key_to_spki(public_key)?;
    Draft { subject: subject.der(), public_key, spki: &spki, terms }.sign(Some(issuer), signer)
}

/// A certificate before it is signed: encodings where they are the subject's own.
struct Draft<'a> {
    subject: &'a [u8],
    public_key: &'a PublicKey,
    spki: &'a [u8],
    terms: &'a Terms,
}

impl Draft<'_> {
    fn sign(
        &self,
        issuer: Option<&Certificate>,
        signer: &dyn Signer,
    ) -> Result<Certificate, Error> {
        let Self { subject, public_key, spki, terms } = *self;
        let issuer_key = issuer.map_or(Ok(public_key), Certificate::public_key)?;
        if signer.public_key() != issuer_key {
            return Err(Error::new(Code::KeyMismatch).field("key"));
        }
        if terms.not_after < terms.not_before {
            return Err(argument("not_after"));
        }
        if matches!(terms.profile, Profile::Root) && issuer.is_some() {
            return Err(argument("profile"));
        }
        let serial = serial(terms.serial.as_deref())?;
        let authority_key_id = match issuer.and_then(Certificate::subject_key_id) {
            Some(identifier) => identifier.to_vec(),
            None => key_id(issuer_key),
        };
        let extensions = extensions::of(terms, public_key, &authority_key_id)?;
        let validity = Validity::new(encode_time(terms.not_before)?, encode_time(terms.not_after)?);
        let encode = || -> der::Result<Vec<u8>> {
            let tbs = Tbs {
                version: 2,
                serial: UintRef::new(&serial)?,
                signature: SM2_WITH_SM3,
                issuer: AnyRef::from_der(issuer.map_or(subject, |issuer| issuer.subject().der()))?,
                validity,
                subject: AnyRef::from_der(subject)?,
                spki: AnyRef::from_der(spki)?,
                extensions: Some(extensions),
            };
            tbs.to_der()
        };
        Certificate::parse(&signed(&encode().map_err(encoding)?, signer)?)
    }
}

/// SEQUENCE { `tbs`, SM2 with SM3, signature of `tbs` }: a certificate, a revocation list, a request.
pub(in crate::pki) fn signed(tbs: &[u8], signer: &dyn Signer) -> Result<Vec<u8>, Error> {
    let signature = signer.sign(tbs, &DistId::DEFAULT)?.to_der();
    let encode = || {
        let signature = BitStringRef::from_bytes(&signature)?;
        Signed { tbs: AnyRef::from_der(tbs)?, algorithm: SM2_WITH_SM3, signature }.to_der()
    };
    encode().map_err(encoding)
}

/// `UTCTime` until 2049, `GeneralizedTime` from 2050 (RFC 5280, 4.1.2.5).
pub(in crate::pki) fn encode_time(time: UnixTime) -> Result<Time, Error> {
    let bad = || Error::new(Code::BadTime).field("time");
    let since_1970 = u64::try_from(time.unix_s()).map_err(|_| bad())?;
    let time = der::DateTime::from_unix_duration(std::time::Duration::from_secs(since_1970))
        .map_err(|_| bad())?;
    Ok(match der::asn1::UtcTime::from_date_time(time) {
        Ok(time) => Time::UtcTime(time),
        Err(_) => Time::GeneralTime(der::asn1::GeneralizedTime::from_date_time(time)),
    })
}

/// The leftmost 160 bits of SM3 of the point: RFC 7093, 2, method 1, with the hash at hand.
pub(in crate::pki) fn key_id(key: &PublicKey) -> Vec<u8> {
    sm3::hash(&key.to_sec1()).into_iter().take(20).collect()
}

/// SM2 with SM3. No parameters: GB/T 33560-2017 gives none.
pub(in crate::pki) const SM2_WITH_SM3: AlgorithmIdentifier<Null> =
    AlgorithmIdentifier { oid: oid::SM2_WITH_SM3, parameters: None };

#[derive(Sequence)]
struct Tbs<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    version: u8,
    serial: UintRef<'a>,
    signature: AlgorithmIdentifier<Null>,
    issuer: AnyRef<'a>,
    validity: Validity,
    subject: AnyRef<'a>,
    spki: AnyRef<'a>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Vec<ExtensionDer>>,
}

#[derive(Sequence)]
struct Signed<'a> {
    tbs: AnyRef<'a>,
    algorithm: AlgorithmIdentifier<Null>,
    signature: BitStringRef<'a>,
}

fn serial(given: Option<&[u8]>) -> Result<Vec<u8>, Error> {
    let Some(serial) = given else {
        let mut random = [0; 16];
        rng::fill(&mut random)?;
        // Positive, and always of 16 bytes (RFC 5280, 4.1.2.2).
        let [first, ..] = &mut random;
        *first = *first & 0x3f | 0x40;
        return Ok(random.to_vec());
    };
    let start = serial.iter().position(|&byte| byte != 0).ok_or_else(|| argument("serial"))?;
    let digits = serial.get(start..).unwrap_or_default();
    // 20 octets with the one that DER puts before a leading 1 bit.
    let sign = digits.first().is_some_and(|&first| first >= 0x80);
    if digits.len() + usize::from(sign) > 20 { Err(argument("serial")) } else { Ok(digits.into()) }
}

fn argument(field: &'static str) -> Error {
    Error::new(Code::BadArgument).field(field)
}

fn encoding(_: der::Error) -> Error {
    Error::new(Code::BadDer).field("certificate")
}
