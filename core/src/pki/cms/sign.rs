//! Writing SignedData: GB/T 35275, signedData, and RFC 5652, 5, in DER.

use der::{
    Encode as _,
    asn1::{GeneralizedTime, UtcTime},
};

use super::{
    Attribute, Family, Identifier, Kind, SignedData, algorithm_identifier, content_info, oid,
    set_of,
};
use crate::{
    Code, Error, UnixTime,
    limits::{CMS_ATTRIBUTES_MAX, CMS_CERTIFICATES_MAX, CMS_SIGNERS_MAX},
    pki::{
        algorithm::oid::{SM2_SIGN, SM2_WITH_SM3, SM3},
        crl::Crl,
        custody::Signer,
        tlv::{sequence, tag, wrap},
        x509::Certificate,
    },
    primitives::{sm2::DistId, sm3},
};

/// Who signs: a certificate and what holds its key.
#[derive(Clone, Copy)]
pub struct SignWith<'a> {
    /// The certificate, which goes inside.
    pub certificate: &'a Certificate,
    /// Its private key.
    pub key: &'a dyn Signer,
}

/// Where the data stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placement {
    /// Inside the SignedData.
    Attached,
    /// Elsewhere.
    #[default]
    Detached,
}

/// Whether attributes are signed, or the data itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attributes {
    /// The content type, the digest of the data, and these.
    Signed {
        /// The signing time to claim. It is the signer's word; a time stamp proves more.
        at: Option<UnixTime>,
        /// Further attributes.
        more: Vec<Attribute>,
    },
    /// None: the signature covers the data itself.
    None,
}

impl Default for Attributes {
    fn default() -> Self {
        Self::Signed { at: None, more: Vec::new() }
    }
}

/// How a SignedData is written.
#[derive(Clone, Debug, Default)]
pub struct SignOptions<'a> {
    /// Whose object identifiers are used. Signatures are named SM2 (1.2.156.10197.1.301.1) under those of
    /// GM/T 0010, and SM2 with SM3 (1.2.156.10197.1.501) under those of PKCS#7, as peers do.
    pub family: Family,
    /// Where the data stands.
    pub placement: Placement,
    /// What is signed.
    pub attributes: Attributes,
    /// The contents octets of the content type, if the content is not plain data: a TSTInfo, for
    /// example. It needs signed attributes.
    pub content_type: Option<&'a [u8]>,
    /// Certificates to go inside besides those of the signers.
    pub certificates: &'a [Certificate],
    /// Revocation lists to go inside.
    pub crls: &'a [Crl],
}

impl SignOptions<'_> {
    pub(super) fn content_type(&self) -> &[u8] {
        self.content_type.unwrap_or(self.family.data())
    }

    pub(super) fn check(&self, signers: &[SignWith<'_>]) -> Result<(), Error> {
        if self.content_type.is_some() && self.attributes == Attributes::None {
            return Err(Error::new(Code::BadArgument).field("content_type"));
        }
        for signer in signers {
            if signer.certificate.public_key()? != signer.key.public_key() {
                return Err(Error::new(Code::KeyMismatch).field("key"));
            }
        }
        match &self.attributes {
            Attributes::Signed { more, .. } if more.len() > CMS_ATTRIBUTES_MAX - 3 => {
                Err(Error::limit("CMS_ATTRIBUTES_MAX"))
            }
            Attributes::Signed { .. } | Attributes::None => Ok(()),
        }
    }

    /// The structure around the content, with everything but signers.
    pub(super) fn structure(&self, signers: &[SignWith<'_>]) -> Structure {
        let mut certificates = Vec::new();
        let signers = signers.iter().map(|signer| signer.certificate);
        for certificate in signers.chain(self.certificates) {
            if !certificates.iter().any(|der| der == certificate.der()) {
                certificates.push(certificate.der().to_vec());
            }
        }
        // RFC 5652, 5.1: 3 if the content is not plain data; GB/T 35275: always 1.
        let plain = self.content_type() == oid::PKCS7_DATA;
        let version = if self.family == Family::Gm || plain { 1 } else { 3 };
        Structure {
            family: self.family,
            version,
            digest_algorithms: vec![algorithm_identifier(SM3)],
            certificates,
            crls: self.crls.iter().map(|crl| crl.der().to_vec()).collect(),
            signers: Vec::new(),
        }
    }

    /// A SignerInfo over data of the digest `digest`. `content` is the data, for a signer who signs it
    /// itself.
    pub(super) fn signer_info(
        &self,
        signer: &SignWith<'_>,
        digest: &sm3::Digest,
        content: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let list = self.attributes(digest)?;
        let set = list.as_ref().map(|list| wrap(tag::SET, &[list]));
        let message = set.as_deref().unwrap_or(content);
        let signature = signer.key.sign(message, &DistId::DEFAULT)?.to_der();
        Ok(signer_info(self.family, signer, list.as_deref(), &signature))
    }

    /// As [`signer_info`](Self::signer_info), as long as that of [`signer_info_of_zeros`].
    ///
    /// [`signer_info_of_zeros`]: Self::signer_info_of_zeros
    pub(super) fn signer_info_of_fixed_length(
        &self,
        signer: &SignWith<'_>,
        digest: &sm3::Digest,
    ) -> Result<Vec<u8>, Error> {
        let wanted = self.signer_info_of_zeros(signer)?.len();
        for _ in 0..SIGNATURE_TRIES {
            let info = self.signer_info(signer, digest, &[])?;
            if info.len() == wanted {
                return Ok(info);
            }
        }
        Err(Error::new(Code::BadSignatureEncoding).field("length"))
    }

    /// A SignerInfo with a signature of the commonest length that is none.
    pub(super) fn signer_info_of_zeros(&self, signer: &SignWith<'_>) -> Result<Vec<u8>, Error> {
        let list = self.attributes(&[0; 32])?;
        Ok(signer_info(self.family, signer, list.as_deref(), &[0; SIGNATURE_BYTES]))
    }

    /// A SignerInfo without attributes, which holds `signature`.
    pub(super) fn signer_info_with(&self, signer: &SignWith<'_>, signature: &[u8]) -> Vec<u8> {
        signer_info(self.family, signer, None, signature)
    }

    /// The signed attributes one after the other, if there are any.
    fn attributes(&self, digest: &sm3::Digest) -> Result<Option<Vec<u8>>, Error> {
        match &self.attributes {
            Attributes::None => Ok(None),
            Attributes::Signed { at, more } => {
                attributes(self.content_type(), digest, *at, more).map(Some)
            }
        }
    }

    /// EncapsulatedContentInfo.
    pub(super) fn encapsulate(&self, content: Option<&[u8]>) -> Vec<u8> {
        let octets = content.map(|content| wrap(tag::OCTET_STRING, &[content]));
        let inside = octets.map(|octets| wrap(tag::CONTEXT_0, &[&octets]));
        sequence(&[&wrap(tag::OID, &[self.content_type()]), &inside.unwrap_or_default()])
    }
}

/// r and s of 32 bytes each, of which one begins with a one bit, so that a zero goes before it.
pub(super) const SIGNATURE_BYTES: usize = 71;

/// How often a signature is made anew until it has [`SIGNATURE_BYTES`], as half of them have.
pub(super) const SIGNATURE_TRIES: u32 = 128;

/// Signs `content` and returns the SignedData, DER. The signers stand in the order of their DER.
///
/// # Errors
/// [`Code::KeyMismatch`] if a key is not that of its certificate; [`Code::BadArgument`] without a
/// signer, or if a content type is given without signed attributes; [`Code::LimitReached`]; whatever a
/// key fails with.
///
/// ```
/// use yinxin::{UnixTime, pki::{cms, x509::issue::{CertificateRequest, Profile, Subject, issue}}};
/// use yinxin::primitives::sm2::PrivateKey;
/// let key = PrivateKey::generate()?;
/// let request = CertificateRequest {
///     subject: Subject { common_name: "signer".to_owned(), ..Subject::default() },
///     profile: Profile::Root,
///     public_key: key.public().clone(),
///     not_before: UnixTime::parse_rfc3339("2026-01-01T00:00:00Z")?,
///     not_after: UnixTime::parse_rfc3339("2027-01-01T00:00:00Z")?,
///     serial: None,
/// };
/// let certificate = issue(&request, None, &key)?;
/// let signer = cms::SignWith { certificate: &certificate, key: &key };
/// let signed = cms::sign(b"data", &[signer], &cms::SignOptions::default())?;
/// let verification = cms::verify(&signed, Some(b"data"), &cms::VerifyOptions::default())?;
/// assert!(verification.passed());
/// # Ok::<(), yinxin::Error>(())
/// ```
pub fn sign(
    content: &[u8],
    signers: &[SignWith<'_>],
    options: &SignOptions<'_>,
) -> Result<Vec<u8>, Error> {
    if signers.is_empty() {
        return Err(Error::new(Code::BadArgument).field("signers"));
    }
    options.check(signers)?;
    let mut structure = options.structure(signers);
    let digest = sm3::hash(content);
    for signer in signers {
        structure.signers.push(options.signer_info(signer, &digest, content)?);
    }
    let inside = (options.placement == Placement::Attached).then_some(content);
    structure.to_der(&options.encapsulate(inside))
}

/// A SignedData without signers, which carries certificates and revocation lists (`.p7b`).
///
/// # Errors
/// [`Code::LimitReached`].
pub fn certificates_only(
    certificates: &[Certificate],
    crls: &[Crl],
    family: Family,
) -> Result<Vec<u8>, Error> {
    let options = SignOptions { family, certificates, crls, ..SignOptions::default() };
    let mut structure = options.structure(&[]);
    structure.digest_algorithms.clear();
    structure.to_der(&options.encapsulate(None))
}

impl SignedData {
    /// The same SignedData with one more signer over `content`, who signs as `options` say; of these,
    /// the family, the place of the data and its type are those of the SignedData.
    ///
    /// # Errors
    /// As [`sign`]; [`Code::BadArgument`] if the SignedData holds other data than `content`.
    pub fn with_signer(
        &self,
        content: &[u8],
        signer: &SignWith<'_>,
        options: &SignOptions<'_>,
    ) -> Result<Self, Error> {
        if self.content().is_some_and(|inside| inside != content) {
            return Err(Error::new(Code::BadArgument).field("content"));
        }
        let own = self.content_type();
        let content_type = (own != self.family().data()).then_some(own);
        let options = SignOptions { family: self.family(), content_type, ..options.clone() };
        options.check(std::slice::from_ref(signer))?;
        let info = options.signer_info(signer, &sm3::hash(content), content)?;
        let mut signers = self.signers().iter().map(|info| info.raw.clone()).collect::<Vec<_>>();
        signers.push(info);
        let mut algorithms = self.fields.digest_algorithms.clone();
        if !self.names_sm3() {
            algorithms.push(algorithm_identifier(SM3));
        }
        let more = options.structure(std::slice::from_ref(signer));
        let bytes = assemble(self, algorithms, &more.certificates, signers)?;
        Self::parse(&bytes)
    }
}

/// A SignedData with the content of `base`, and with `more` certificates.
pub(super) fn assemble(
    base: &SignedData,
    digest_algorithms: Vec<Vec<u8>>,
    more: &[Vec<u8>],
    signers: Vec<Vec<u8>>,
) -> Result<Vec<u8>, Error> {
    let fields = &base.fields;
    let mut certificates = [fields.certificates.as_slice(), &fields.other_certificates].concat();
    for der in more {
        if !certificates.contains(der) {
            certificates.push(der.clone());
        }
    }
    let crls = [fields.crls.as_slice(), &fields.other_revocations].concat();
    let (family, version) = (fields.family, fields.version);
    let structure = Structure { family, version, digest_algorithms, certificates, crls, signers };
    structure.to_der(base.bytes.get(fields.content_info.clone()).unwrap_or_default())
}

/// A SignedData in the making, without its content.
#[derive(Clone)]
pub(super) struct Structure {
    family: Family,
    version: u8,
    digest_algorithms: Vec<Vec<u8>>,
    certificates: Vec<Vec<u8>>,
    crls: Vec<Vec<u8>>,
    pub(super) signers: Vec<Vec<u8>>,
}

impl Structure {
    /// What stands before the content.
    pub(super) fn head(&self) -> Vec<u8> {
        [wrap(tag::INTEGER, &[&[self.version]]), self.digest_algorithms()].concat()
    }

    pub(super) fn digest_algorithms(&self) -> Vec<u8> {
        set_of(tag::SET, self.digest_algorithms.clone())
    }

    /// What stands behind the content.
    pub(super) fn tail(&self) -> Result<Vec<u8>, Error> {
        if self.signers.len() > CMS_SIGNERS_MAX {
            return Err(Error::limit("CMS_SIGNERS_MAX"));
        }
        if self.certificates.len().max(self.crls.len()) > CMS_CERTIFICATES_MAX {
            return Err(Error::limit("CMS_CERTIFICATES_MAX"));
        }
        let optional = |tag, list: &[Vec<u8>]| {
            if list.is_empty() { Vec::new() } else { set_of(tag, list.to_vec()) }
        };
        let certificates = optional(tag::CONTEXT_0, &self.certificates);
        let crls = optional(tag::CONTEXT_1, &self.crls);
        Ok([certificates, crls, set_of(tag::SET, self.signers.clone())].concat())
    }

    pub(super) fn to_der(&self, content_info: &[u8]) -> Result<Vec<u8>, Error> {
        let signed_data = sequence(&[&self.head(), content_info, &self.tail()?]);
        content_info::write(self.family, Kind::SignedData, &signed_data)
    }
}

/// A SignerInfo with `attributes`, one after the other.
fn signer_info(
    family: Family,
    signer: &SignWith<'_>,
    attributes: Option<&[u8]>,
    signature: &[u8],
) -> Vec<u8> {
    let algorithm = match family {
        Family::Gm => SM2_SIGN,
        Family::Pkcs7 => SM2_WITH_SM3,
    };
    let attributes = attributes.map(|list| wrap(tag::CONTEXT_0, &[list]));
    sequence(&[
        &wrap(tag::INTEGER, &[&[1]]),
        &Identifier::of(signer.certificate).to_der(),
        &algorithm_identifier(SM3),
        &attributes.unwrap_or_default(),
        &algorithm_identifier(algorithm),
        &wrap(tag::OCTET_STRING, &[signature]),
    ])
}

/// The attributes one after the other, in DER's order of a SET OF: by their encodings.
fn attributes(
    content_type: &[u8],
    digest: &sm3::Digest,
    at: Option<UnixTime>,
    more: &[Attribute],
) -> Result<Vec<u8>, Error> {
    let single = |oid: &[u8], value| Attribute::single(oid, value).to_der();
    let mut list = vec![
        single(oid::CONTENT_TYPE, wrap(tag::OID, &[content_type])),
        single(oid::MESSAGE_DIGEST, wrap(tag::OCTET_STRING, &[digest])),
    ];
    if let Some(at) = at {
        list.push(single(oid::SIGNING_TIME, time(at)?));
    }
    list.extend(more.iter().map(Attribute::to_der));
    list.sort_unstable();
    Ok(list.concat())
}

/// RFC 5652, 11.3: UTCTime through 2049, GeneralizedTime after.
fn time(at: UnixTime) -> Result<Vec<u8>, Error> {
    let bad = || Error::new(Code::BadTime).field("signing-time");
    let since_epoch = u64::try_from(at.unix_s()).map_err(|_| bad())?;
    let duration = std::time::Duration::from_secs(since_epoch);
    let der = match UtcTime::from_unix_duration(duration) {
        Ok(time) => time.to_der(),
        Err(_) => GeneralizedTime::from_unix_duration(duration).and_then(|time| time.to_der()),
    };
    der.map_err(|_| bad())
}

/// What a new SignedData of an OFD package signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// No content; the signed attributes hold the content type, the digest of the data and, if given,
    /// the signing time.
    SignedAttributes {
        /// The signing time to claim.
        at: Option<UnixTime>,
    },
    /// The content is the SM3 digest of the data and is signed itself: what GM/T 0099-2020 uses in OFD
    /// packages, for integrity and for signatures of Type=Sign.
    DigestAsContent,
}

/// Signs `content` and returns a SignedData under GM object identifiers with the certificate inside.
/// The signature is DER.
///
/// # Errors
/// [`Code::KeyMismatch`] if `signer` is not the key of `certificate`; whatever `signer` fails with.
pub fn sign_detached(
    content: &[u8],
    certificate: &Certificate,
    signer: &dyn Signer,
    written: Written,
) -> Result<Vec<u8>, Error> {
    let signers = [SignWith { certificate, key: signer }];
    match written {
        Written::SignedAttributes { at } => {
            let attributes = Attributes::Signed { at, more: Vec::new() };
            sign(content, &signers, &SignOptions { attributes, ..SignOptions::default() })
        }
        Written::DigestAsContent => {
            let (attributes, placement) = (Attributes::None, Placement::Attached);
            let options = SignOptions { attributes, placement, ..SignOptions::default() };
            sign(&sm3::hash(content), &signers, &options)
        }
    }
}
