//! Certification requests: PKCS#10 (RFC 2986) with SM2, and the request for two certificates that CFCA
//! takes. Read, verify, make.
//!
//! In: DER, PEM or the base64 that registration systems pass on. Out: a [`Csr`] whose parts can be
//! asked for, and after [`Csr::verify`] the proof that whoever made it has the private key. All inputs
//! are public: variable time.
//!
//! ```
//! use yinxin::{
//!     pki::{csr::{self, Csr}, x509::issue::Subject},
//!     primitives::sm2::PrivateKey,
//! };
//!
//! let key = PrivateKey::generate()?;
//! let subject = Subject { common_name: "印章系统".into(), ..Subject::default() };
//! let request = csr::Builder::new(&subject).sign(&key)?;
//! let verified = Csr::load(request.to_pem().as_bytes())?.verify().map_err(|_| "rejected")?;
//! assert_eq!(verified.value().public_key()?, key.public());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod build;
mod cfca;
mod parse;
#[cfg(test)]
mod tests;
mod verify;

use std::{
    fmt,
    ops::Range,
    sync::{Arc, OnceLock},
};

use base64ct::{Base64, Encoding as _};

pub use self::{
    build::Builder,
    cfca::{open_returned_key, return_key},
};
use super::{
    algorithm::{SignatureAlgorithm, SignatureForm, read_signature},
    keys, pem,
    x509::{Extension, Name},
};
use crate::{
    error::{Code, Error},
    limits,
    primitives::sm2::{PublicKey, Signature},
};

/// A certification request as it was read. Cloning is cheap. No trust is implied: see
/// [`verify`](Self::verify).
#[derive(Clone)]
pub struct Csr(Arc<Inner>);

/// One attribute of a request, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The type, dotted.
    pub oid: Box<str>,
    /// The DER of each value.
    pub values: Box<[Box<[u8]>]>,
    /// Whether the values stand in a SET, as RFC 2986 has it. CFCA writes its own two attributes
    /// without one.
    pub in_set: bool,
}

struct Inner {
    der: Box<[u8]>,
    info: Range<usize>,
    version: i64,
    subject: Name,
    spki: Range<usize>,
    attributes_present: bool,
    attributes: Box<[Attribute]>,
    extensions: Box<[Extension]>,
    algorithm: SignatureAlgorithm,
    algorithm_oid: Box<str>,
    signature: Range<usize>,
    public_key: OnceLock<Result<PublicKey, Error>>,
}

impl Csr {
    /// Parses one DER request; nothing may follow it.
    ///
    /// Tolerant where makers of requests err without harm: a version that is not 0, attributes that
    /// are left out or lack their SET. [`verify`](Self::verify) tells of each.
    ///
    /// # Errors
    /// [`Code::BadCsr`]; [`Code::LimitReached`] past [`limits::CSR_BYTES_MAX`],
    /// [`limits::CSR_ATTRIBUTES_MAX`] or [`limits::CERTIFICATE_EXTENSIONS_MAX`].
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        Ok(Self(Arc::new(parse::parse(der)?)))
    }

    /// Parses one request: DER, PEM (`CERTIFICATE REQUEST` or `NEW CERTIFICATE REQUEST`, the first of
    /// several), or the base64 of the DER alone, with or without line breaks.
    ///
    /// # Errors
    /// [`Code::BadPem`], [`Code::BadBase64`]; as [`parse`](Self::parse).
    pub fn load(bytes: &[u8]) -> Result<Self, Error> {
        if pem::is_pem(bytes) {
            let blocks = pem::blocks(bytes)?;
            let block = blocks.iter().find(|block| PEM_LABELS.contains(&block.label));
            let none = Error::new(Code::BadPem).field("PEM without a request");
            return Self::parse(&block.ok_or(none)?.der);
        }
        // The DER of a SEQUENCE begins with `0`, the base64 of it with `M`.
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\r\n\t ".contains(byte);
        if bytes.first() == Some(&b'M') && bytes.iter().all(is_base64) {
            if bytes.len() > 2 * limits::CSR_BYTES_MAX {
                return Err(Error::limit("CSR_BYTES_MAX"));
            }
            let digits = bytes.iter().filter(|byte| !byte.is_ascii_whitespace());
            let digits: String = digits.copied().map(char::from).collect();
            let der = Base64::decode_vec(&digits)
                .map_err(|_| Error::new(Code::BadBase64).field("request"))?;
            return Self::parse(&der);
        }
        Self::parse(bytes)
    }

    /// The DER, as it was read.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// As PEM (`CERTIFICATE REQUEST`, RFC 7468).
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE REQUEST", self.der())
    }

    /// The bytes that were signed: `certificationRequestInfo`.
    #[must_use]
    pub fn info(&self) -> &[u8] {
        self.0.der.get(self.0.info.clone()).unwrap_or_default()
    }

    /// The version as it is written: 0, which is spoken of as 1.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.0.version
    }

    /// Whom the certificate shall be for. What the requester says, until somebody looked.
    #[must_use]
    pub fn subject(&self) -> &Name {
        &self.0.subject
    }

    /// The DER of `subjectPKInfo`.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        self.0.der.get(self.0.spki.clone()).unwrap_or_default()
    }

    /// The SM2 key to be certified, decoded at the first call.
    ///
    /// # Errors
    /// [`Code::UnsupportedAlgorithm`] if it is no SM2 key, [`Code::BadPublicKey`] if the point is not
    /// on the curve.
    pub fn public_key(&self) -> Result<&PublicKey, Error> {
        let decode = || keys::public_key_from_spki(self.spki());
        self.0.public_key.get_or_init(decode).as_ref().map_err(Clone::clone)
    }

    /// Every attribute, in its order.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        &self.0.attributes
    }

    /// The attribute `oid` (dotted), if there is one.
    #[must_use]
    pub fn attribute(&self, oid: &str) -> Option<&Attribute> {
        self.attributes().iter().find(|attribute| *attribute.oid == *oid)
    }

    /// The extensions that are asked for (extensionRequest, RFC 2985, 5.4.2, and Microsoft's
    /// attribute of the same content). An authority writes what it decides, not these.
    #[must_use]
    pub fn requested_extensions(&self) -> &[Extension] {
        &self.0.extensions
    }

    /// The challenge password (RFC 2985, 5.4.1), if it is there and text. It is no secret any more.
    #[must_use]
    pub fn challenge_password(&self) -> Option<String> {
        let value = self.attribute(CHALLENGE_PASSWORD)?.values.first()?;
        parse::directory_string(value)
    }

    /// The exchange key (交互公钥) of a request to CFCA for two certificates: the temporary public key
    /// to which the authority encrypts the private key of the encryption certificate.
    ///
    /// `None` if the request has no such attribute.
    ///
    /// # Errors
    /// [`Code::BadCsr`] if the attribute is malformed, [`Code::BadPublicKey`] if its point is not on
    /// the curve.
    pub fn exchange_key(&self) -> Result<Option<PublicKey>, Error> {
        self.attribute(EXCHANGE_KEY).map(cfca::exchange_key).transpose()
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

    /// The requester's signature, and how it is encoded.
    ///
    /// # Errors
    /// [`Code::BadSignatureEncoding`] if it is neither DER nor 64 bytes in range.
    pub fn signature(&self) -> Result<(Signature, SignatureForm), Error> {
        read_signature(self.0.der.get(self.0.signature.clone()).unwrap_or_default())
    }
}

impl PartialEq for Csr {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Csr {}

impl fmt::Debug for Csr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Csr({}, {} attributes)", self.subject(), self.attributes().len())
    }
}

const PEM_LABELS: [&str; 2] = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];

/// PKCS#9 challengePassword.
const CHALLENGE_PASSWORD: &str = "1.2.840.113549.1.9.7";
/// PKCS#9 extensionRequest.
const EXTENSION_REQUEST: &str = "1.2.840.113549.1.9.14";
/// Microsoft's attribute of the same content.
const MICROSOFT_EXTENSION_REQUEST: &str = "1.3.6.1.4.1.311.2.1.14";
/// Not of PKCS#9, whose arc it is in: CFCA's exchange key.
const EXCHANGE_KEY: &str = "1.2.840.113549.1.9.63";
