//! An authority for time stamps, for tests and for small systems: answers requests, refuses bad ones
//! with the reason that the standard has for it.
//!
//! It keeps no clock, no register and no key: all of them are given to it.

use der::{Encode as _, asn1::GeneralizedTime};

use super::{
    Accuracy, FailInfo, HashAlgorithm, Imprint, TimeStampRequest, TimeStampResponse,
    request::{is_integer, policy_oid},
    signing_certificate,
    token::TST_INFO,
    verify::is_for_time_stamps,
};
use crate::{
    Code, Error, UnixTime,
    limits::TIME_STAMP_NUMBER_BYTES_MAX,
    pki::{
        algorithm::oid::{SM2_SIGN, SM2_WITH_SM3, SM3},
        cms::Family,
        custody::Signer,
        tlv::{sequence, tag, wrap},
        x509::Certificate,
    },
    primitives::{rng, sm2::DistId, sm3},
};

/// Where an authority takes what it does not have itself.
pub trait Register: Send + Sync {
    /// The present time; `None` if it is not known well enough.
    fn now(&self) -> Option<UnixTime>;

    /// The contents octets of an INTEGER that was never given before, also not before a restart.
    ///
    /// # Errors
    /// Whatever keeps a number from being had.
    fn next_serial(&self) -> Result<Vec<u8>, Error>;
}

/// An authority for time stamps.
pub struct Authority<'a> {
    /// Its key, in memory or in a device.
    pub signer: &'a dyn Signer,
    /// Its certificate, whose extension extKeyUsage is critical and has timeStamping alone.
    pub certificate: Certificate,
    /// Certificates that are sent beside its own.
    pub chain: Vec<Certificate>,
    /// The policy under which it stamps, dotted.
    pub policy: String,
    /// How far its clock may be off.
    pub accuracy: Option<Accuracy>,
    /// Whose object identifiers its tokens use: those of GM/T 0010, which GM/T 0033-2014 demands with
    /// SM2, or those of RFC 5652, as other software expects.
    pub family: Family,
    /// Its clock and its serial numbers.
    pub register: &'a dyn Register,
}

/// An answer, with what the client is not told.
#[derive(Debug)]
pub struct Answered {
    /// What is sent.
    pub response: TimeStampResponse,
    /// Why there is no token, for the authority's own log.
    pub cause: Option<Error>,
}

/// 16 random bytes as a serial number: never the same twice, without a memory.
///
/// # Errors
/// [`Code::NoRandomness`].
pub fn random_serial() -> Result<Vec<u8>, Error> {
    let mut serial = [0; 16];
    rng::fill(&mut serial)?;
    // Positive, and always of 16 bytes.
    let [first, ..] = &mut serial;
    *first = *first & 0x3f | 0x40;
    Ok(serial.to_vec())
}

impl Authority<'_> {
    /// Answers a request as it came over the network. It never fails: what goes wrong is an answer too.
    #[must_use]
    pub fn answer(&self, request: &[u8]) -> Answered {
        match TimeStampRequest::parse(request) {
            Ok(request) => self.answer_request(&request),
            Err(error) => refused(FailInfo::BadDataFormat, "the request is malformed", Some(error)),
        }
    }

    /// Answers a request.
    #[must_use]
    pub fn answer_request(&self, request: &TimeStampRequest) -> Answered {
        if request.imprint.hash_algorithm() != Some(HashAlgorithm::Sm3) {
            return refused(FailInfo::BadAlg, "the imprint must be an SM3 digest", None);
        }
        // A request that was made and not parsed can have parts that no token may repeat.
        let is_number =
            |nonce: &Vec<u8>| is_integer(nonce) && nonce.len() <= TIME_STAMP_NUMBER_BYTES_MAX;
        if request.imprint.digest.len() != HashAlgorithm::Sm3.digest_bytes()
            || !request.nonce.iter().all(is_number)
        {
            return refused(FailInfo::BadDataFormat, "the request is malformed", None);
        }
        if request.policy.as_ref().is_some_and(|policy| *policy != self.policy) {
            return refused(FailInfo::UnacceptedPolicy, "another policy is served here", None);
        }
        if !request.extensions.is_empty() {
            return refused(FailInfo::UnacceptedExtension, "no extension is served here", None);
        }
        let Some(now) = self.register.now() else {
            return refused(FailInfo::TimeNotAvailable, "the time is not known", None);
        };
        match self.token(request, now) {
            Ok(token) => Answered { response: TimeStampResponse::granted(token), cause: None },
            Err(error) => {
                refused(FailInfo::SystemFailure, "the token could not be made", Some(error))
            }
        }
    }

    fn token(&self, request: &TimeStampRequest, now: UnixTime) -> Result<Vec<u8>, Error> {
        if self.certificate.public_key()? != self.signer.public_key() {
            return Err(Error::new(Code::KeyMismatch).field("key"));
        }
        // What nobody may accept is not made.
        if !is_for_time_stamps(&self.certificate) {
            return Err(Error::new(Code::BadArgument).field("extKeyUsage"));
        }
        if !self.certificate.is_valid_at(now) {
            return Err(Error::new(Code::OutsideValidity).field("certificate"));
        }
        let info = self.info(&request.imprint, request.nonce.as_deref(), now)?;
        let certificates: &[Certificate] = &self.chain;
        let mut sent = Vec::new();
        if request.certificate_wanted {
            sent.extend(self.certificate.der());
            certificates.iter().for_each(|certificate| sent.extend(certificate.der()));
            sent = wrap(tag::CONTEXT_0, &[&sent]);
        }
        self.sign(&info, &sent)
    }

    fn info(
        &self,
        imprint: &Imprint,
        nonce: Option<&[u8]>,
        now: UnixTime,
    ) -> Result<Vec<u8>, Error> {
        let serial = self.register.next_serial()?;
        if !is_integer(&serial) || serial.len() > TIME_STAMP_NUMBER_BYTES_MAX {
            return Err(Error::new(Code::BadArgument).field("serial"));
        }
        let name = wrap(signing_certificate::DIRECTORY_NAME, &[self.certificate.subject().der()]);
        Ok(sequence(&[
            &[2, 1, 1],
            &policy_oid(&self.policy)?,
            &imprint.to_der(),
            &wrap(tag::INTEGER, &[&serial]),
            &time(now)?,
            &self.accuracy.map(accuracy).transpose()?.unwrap_or_default(),
            &nonce.map(|nonce| wrap(tag::INTEGER, &[nonce])).unwrap_or_default(),
            &wrap(tag::CONTEXT_0, &[&name]),
        ]))
    }

    /// The SignedData, with signed attributes in DER's order of a SET OF.
    fn sign(&self, info: &[u8], certificates: &[u8]) -> Result<Vec<u8>, Error> {
        let attribute = |identifier: &[u8], value: &[u8]| {
            sequence(&[&wrap(tag::OID, &[identifier]), &wrap(tag::SET, &[value])])
        };
        let mut attributes = [
            attribute(CONTENT_TYPE, &wrap(tag::OID, &[TST_INFO])),
            attribute(MESSAGE_DIGEST, &wrap(tag::OCTET_STRING, &[&sm3::hash(info)])),
            signing_certificate::attribute(&self.certificate),
        ];
        attributes.sort_unstable();
        let attributes = attributes.concat();
        let message = wrap(tag::SET, &[&attributes]);
        let signature = self.signer.sign(&message, &DistId::DEFAULT)?.to_der();
        // Version 1 of GM/T 0010 is that of PKCS#7; RFC 5652, 5.1, has 3 for content that is not data.
        let (content_type, version, algorithm) = match self.family {
            Family::Gm => (GM_SIGNED_DATA, 1, SM2_SIGN),
            Family::Pkcs7 => (PKCS7_SIGNED_DATA, 3, SM2_WITH_SM3),
        };
        let digest_algorithm = sequence(&[&wrap(tag::OID, &[SM3])]);
        let serial = wrap(tag::INTEGER, &[self.certificate.serial()]);
        let signer_info = sequence(&[
            &[2, 1, 1],
            &sequence(&[self.certificate.issuer().der(), &serial]),
            &digest_algorithm,
            &wrap(tag::CONTEXT_0, &[&attributes]),
            &sequence(&[&wrap(tag::OID, &[algorithm])]),
            &wrap(tag::OCTET_STRING, &[&signature]),
        ]);
        let content = wrap(tag::CONTEXT_0, &[&wrap(tag::OCTET_STRING, &[info])]);
        let signed_data = sequence(&[
            &[2, 1, version],
            &wrap(tag::SET, &[&digest_algorithm]),
            &sequence(&[&wrap(tag::OID, &[TST_INFO]), &content]),
            certificates,
            &wrap(tag::SET, &[&signer_info]),
        ]);
        let signed_data = wrap(tag::CONTEXT_0, &[&signed_data]);
        Ok(sequence(&[&wrap(tag::OID, &[content_type]), &signed_data]))
    }
}

fn refused(failure: FailInfo, text: &str, cause: Option<Error>) -> Answered {
    Answered { response: TimeStampResponse::refused(failure, text), cause }
}

/// GeneralizedTime `yyyyMMddHHmmssZ`.
fn time(at: UnixTime) -> Result<Vec<u8>, Error> {
    let bad = || Error::new(Code::BadTime).field("now");
    let since_epoch = u64::try_from(at.unix_s()).map_err(|_| bad())?;
    let duration = std::time::Duration::from_secs(since_epoch);
    let time = GeneralizedTime::from_unix_duration(duration).and_then(|time| time.to_der());
    time.map_err(|_| bad())
}

/// SEQUENCE { seconds, millis [0], micros [1] }, each left out where it is zero.
fn accuracy(accuracy: Accuracy) -> Result<Vec<u8>, Error> {
    let bad = |_| Error::new(Code::BadArgument).field("accuracy");
    let part = |tag: u8, number: u32| -> Result<Vec<u8>, Error> {
        let mut element = if number == 0 { Vec::new() } else { number.to_der().map_err(bad)? };
        if let Some(first) = element.first_mut() {
            *first = tag;
        }
        Ok(element)
    };
    let Accuracy { seconds, milliseconds, microseconds } = accuracy;
    if milliseconds > 999 || microseconds > 999 {
        return Err(Error::new(Code::BadArgument).field("accuracy"));
    }
    Ok(sequence(&[
        &part(tag::INTEGER, seconds)?,
        &part(0x80, milliseconds.into())?,
        &part(0x81, microseconds.into())?,
    ]))
}

/// 1.2.156.10197.6.1.4.2.2, signedData of GM/T 0010.
const GM_SIGNED_DATA: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 6, 1, 4, 2, 2];
/// 1.2.840.113549.1.7.2, signedData of RFC 5652.
const PKCS7_SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
/// 1.2.840.113549.1.9.3, content-type.
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
/// 1.2.840.113549.1.9.4, message-digest.
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
