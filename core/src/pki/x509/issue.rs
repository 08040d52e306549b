//! Issuing certificates in the profile of GB/T 20518-2018: for trials, tests and private authorities.
//!
//! In: who, for what, how long, the issuer and its key. Out: an X.509 v3 certificate, signed with SM2
//! and SM3 under [`DistId::DEFAULT`], the signature as DER (GM/T 0009-2012, 7.3).

use const_oid::ObjectIdentifier;
use der::{
    Decode as _, Encode as _, Sequence, ValueOrd,
    asn1::{AnyRef, BitStringRef, Null, OctetString, OctetStringRef, SetOfVec, UintRef},
};
use spki::AlgorithmIdentifier;
use x509_cert::time::{Time, Validity};

use super::{Certificate, KeyUsage};
use crate::{
    error::{Code, Error},
    pki::{custody::Signer, keys, oid},
    primitives::{
        rng,
        sm2::{DistId, PublicKey},
        sm3,
    },
    time::UnixTime,
};

/// Whom a certificate is for. Empty parts are left out; each has at most 64 characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Two letters, `CN`.
    pub country: String,
    /// Province.
    pub province: String,
    /// City.
    pub locality: String,
    /// Organisation. Government seals write the unified social credit code before the name.
    pub organisation: String,
    /// Unit of the organisation.
    pub organisational_unit: String,
    /// Name, or the code of a seal. Never empty.
    pub common_name: String,
}

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
}

/// What to certify.
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
/// [`Code::BadArgument`] if the request is inconsistent, [`Code::BadTime`] for times that a
/// certificate cannot carry (before 1970), [`Code::KeyMismatch`] if `signer` is not the issuer's
/// key; whatever `signer` fails with.
pub fn issue(
    request: &CertificateRequest,
    issuer: Option<&Certificate>,
    signer: &dyn Signer,
) -> Result<Certificate, Error> {
    let issuer_key = issuer.map_or(Ok(&request.public_key), Certificate::public_key)?;
    if signer.public_key() != issuer_key {
        return Err(Error::new(Code::KeyMismatch));
    }
    if request.not_after < request.not_before {
        return Err(argument("not_after"));
    }
    if matches!(request.profile, Profile::Root) && issuer.is_some() {
        return Err(argument("profile"));
    }
    let subject = request.subject.to_der()?;
    let serial = serial(request.serial.as_deref())?;
    let spki = keys::public_key_to_spki(&request.public_key)?;
    let authority_key_id = match issuer.and_then(Certificate::subject_key_id) {
        Some(identifier) => identifier.to_vec(),
        None => key_id(issuer_key),
    };
    let extensions = extensions(request, &authority_key_id);
    let validity = Validity::new(encode_time(request.not_before)?, encode_time(request.not_after)?);
    let encode = || -> der::Result<Vec<u8>> {
        let tbs = Tbs {
            version: 2,
            serial: UintRef::new(&serial)?,
            signature: SM2_WITH_SM3,
            issuer: AnyRef::from_der(issuer.map_or(&subject, |issuer| issuer.subject().der()))?,
            validity,
            subject: AnyRef::from_der(&subject)?,
            spki: AnyRef::from_der(&spki)?,
            extensions: Some(extensions?),
        };
        tbs.to_der()
    };
    Certificate::parse(&signed(&encode().map_err(encoding)?, signer)?)
}

/// SEQUENCE { `tbs`, SM2 with SM3, signature of `tbs` }: a certificate or a revocation list.
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
    let bad = || Error::new(Code::BadTime);
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

/// `AuthorityKeyIdentifier` with the key identifier alone.
pub(in crate::pki) fn authority_key_id(identifier: &[u8]) -> der::Result<ExtensionDer> {
    let identifier = Some(OctetStringRef::new(identifier)?);
    ExtensionDer::new(oid::AUTHORITY_KEY_IDENTIFIER, false, AuthorityKeyId { identifier }.to_der()?)
}

/// SM2 with SM3. No parameters: GB/T 33560-2017 gives none.
pub(in crate::pki) const SM2_WITH_SM3: AlgorithmIdentifier<Null> =
    AlgorithmIdentifier { oid: oid::SM2_WITH_SM3, parameters: None };

/// An extension to be written.
#[derive(Sequence)]
pub(in crate::pki) struct ExtensionDer {
    oid: ObjectIdentifier,
    #[asn1(default = "Default::default")]
    critical: bool,
    value: OctetString,
}

impl ExtensionDer {
    pub(in crate::pki) fn new(oid: &str, critical: bool, value: Vec<u8>) -> der::Result<Self> {
        Ok(Self { oid: ObjectIdentifier::new(oid)?, critical, value: OctetString::new(value)? })
    }
}

impl Subject {
    /// The name, the most general attribute first (GB/T 20518-2018; X.501).
    pub(super) fn to_der(&self) -> Result<Vec<u8>, Error> {
        let attributes = [
            ("2.5.4.6", "country", &self.country),
            ("2.5.4.8", "province", &self.province),
            ("2.5.4.7", "locality", &self.locality),
            ("2.5.4.10", "organisation", &self.organisation),
            ("2.5.4.11", "organisational_unit", &self.organisational_unit),
            ("2.5.4.3", "common_name", &self.common_name),
        ];
        if self.common_name.is_empty() {
            return Err(argument("common_name"));
        }
        let mut name = Vec::with_capacity(attributes.len());
        for (oid, field, text) in attributes {
            if text.is_empty() {
                continue;
            }
            // The upper bounds of X.520 (RFC 5280, appendix A).
            if text.chars().count() > 64 || text.chars().any(char::is_control) {
                return Err(argument(field));
            }
            name.push(relative_name(oid, text).map_err(|_| argument(field))?);
        }
        name.to_der().map_err(encoding)
    }
}

type RelativeName = SetOfVec<AttributeDer>;

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Sequence, ValueOrd)]
struct AttributeDer {
    oid: ObjectIdentifier,
    value: der::Any,
}

fn relative_name(oid: &str, text: &str) -> der::Result<RelativeName> {
    let oid = ObjectIdentifier::new(oid)?;
    let country = oid == ObjectIdentifier::new_unwrap("2.5.4.6");
    if country && !(text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())) {
        return Err(der::Tag::PrintableString.value_error().into());
    }
    // RFC 5280, 4.1.2.4: countryName is a PrintableString, everything else UTF8String.
    let tag = if country { der::Tag::PrintableString } else { der::Tag::Utf8String };
    let value = der::Any::new(tag, text.as_bytes())?;
    SetOfVec::try_from([AttributeDer { oid, value }])
}

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

#[derive(Sequence)]
struct AuthorityKeyId<'a> {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    identifier: Option<&'a OctetStringRef>,
}

#[derive(Sequence)]
struct BasicConstraintsDer {
    #[asn1(default = "Default::default")]
    ca: bool,
    #[asn1(optional = "true")]
    path_length: Option<u32>,
}

fn extensions(
    request: &CertificateRequest,
    issuer_key_id: &[u8],
) -> der::Result<Vec<ExtensionDer>> {
    let signs = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::NON_REPUDIATION);
    let certifies = KeyUsage::KEY_CERT_SIGN.with(KeyUsage::CRL_SIGN);
    let receives =
        KeyUsage::KEY_ENCIPHERMENT.with(KeyUsage::DATA_ENCIPHERMENT).with(KeyUsage::KEY_AGREEMENT);
    let (usage, ca, path_length) = match request.profile {
        Profile::Root => (certifies, true, None),
        Profile::IssuingCa { path_length } => (certifies, true, Some(path_length)),
        Profile::SealMaker | Profile::Signer => (signs, false, None),
        Profile::Encryption => (receives, false, None),
    };
    let subject_key_id = OctetString::new(key_id(&request.public_key))?.to_der()?;
    let constraints = BasicConstraintsDer { ca, path_length }.to_der()?;
    Ok(vec![
        authority_key_id(issuer_key_id)?,
        ExtensionDer::new(oid::SUBJECT_KEY_IDENTIFIER, false, subject_key_id)?,
        ExtensionDer::new(oid::KEY_USAGE, true, usage.to_der())?,
        ExtensionDer::new(oid::BASIC_CONSTRAINTS, true, constraints)?,
    ])
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
    Error::new(Code::BadDer)
}
