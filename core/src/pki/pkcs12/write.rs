//! A PKCS#12 file written: RFC 7292, 5.1.
//!
//! Certificates and lists stand in one encrypted part, then the keys, each encrypted by itself: the
//! order and the form of OpenSSL.

use der::Encode as _;

use super::{Encryption, Mac, bad};
use crate::{
    error::{Code, Error},
    limits,
    pki::{
        crl::Crl,
        keys::{
            self,
            pbes::{Password, oid},
        },
        tlv::{self, tag},
        x509::Certificate,
    },
    primitives::{
        sm2::{PrivateKey, PublicKey},
        sm3,
    },
};

/// How a file is protected: what its parts are encrypted with, and its MAC.
///
/// The MAC takes as many iterations as the encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// How keys, certificates and lists are encrypted.
    pub encryption: Encryption,
    /// How the file is authenticated.
    pub mac: Mac,
}

impl Protection {
    /// Chinese algorithms only: SM4-CBC, HMAC-SM3.
    pub const SM4_SM3: Self = Self { encryption: Encryption::SM4_SM3, mac: Mac::HmacSm3 };
    /// SM4-CBC and HMAC-SHA-256, for OpenSSL 3.0 and Tongsuo.
    pub const SM4_SHA256: Self = Self { encryption: Encryption::SM4_SHA256, mac: Mac::HmacSha256 };
    /// AES-256-CBC and HMAC-SHA-256, for OpenSSL, gmsm and Java with Bouncy Castle.
    pub const AES256_SHA256: Self =
        Self { encryption: Encryption::AES256_SHA256, mac: Mac::HmacSha256 };
}

/// Gathers what a PKCS#12 file is to hold, and writes it.
///
/// ```
/// use yinxin::{
///     pki::pkcs12::{self, Legacy, Protection, Writer},
///     primitives::sm2::PrivateKey,
/// };
///
/// let key = PrivateKey::generate()?;
/// let mut writer = Writer::new();
/// writer.key(&key, None, Some("电子证照签发"))?;
/// let file = writer.write("口令".as_bytes(), &Protection::SM4_SM3)?;
///
/// let contents = pkcs12::open(&file, "口令".as_bytes(), Legacy::Refused)?;
/// assert_eq!(contents.keys[0].name.as_deref(), Some("电子证照签发"));
/// assert_eq!(contents.keys[0].key.public(), key.public());
/// # Ok::<(), yinxin::Error>(())
/// ```
#[derive(Default)]
pub struct Writer<'a> {
    keys: Vec<(&'a PrivateKey, Option<&'a str>)>,
    certificates: Vec<(&'a Certificate, Option<&'a str>)>,
    crls: Vec<&'a Crl>,
}

impl<'a> Writer<'a> {
    /// A file with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key, with its certificate where it has one. `name` becomes the friendlyName of both;
    /// Java takes it for the alias.
    ///
    /// # Errors
    /// [`Code::KeyMismatch`] if the certificate holds another public key.
    pub fn key(
        &mut self,
        key: &'a PrivateKey,
        certificate: Option<&'a Certificate>,
        name: Option<&'a str>,
    ) -> Result<&mut Self, Error> {
        if let Some(certificate) = certificate {
            if certificate.public_key()? != key.public() {
                return Err(Error::new(Code::KeyMismatch).field("certificate"));
            }
            self.certificates.push((certificate, name));
        }
        self.keys.push((key, name));
        Ok(self)
    }

    /// Adds another certificate: of an authority, or of a partner.
    pub fn certificate(
        &mut self,
        certificate: &'a Certificate,
        name: Option<&'a str>,
    ) -> &mut Self {
        self.certificates.push((certificate, name));
        self
    }

    /// Adds a revocation list.
    pub fn crl(&mut self, crl: &'a Crl) -> &mut Self {
        self.crls.push(crl);
        self
    }

    /// The file, in DER. `password` is UTF-8; an empty one protects nothing.
    ///
    /// # Errors
    /// [`Code::BadUtf8`] for the password, [`Code::NoRandomness`], [`Code::LimitReached`] for what
    /// [`open`](super::open) would refuse.
    pub fn write(&self, password: &[u8], protection: &Protection) -> Result<Vec<u8>, Error> {
        let password = Password::new(password);
        // Also where only its bytes are used: other readers take text.
        password.bmp()?;
        if self.keys.len() + self.certificates.len() + self.crls.len() > limits::PKCS12_BAGS_MAX {
            return Err(Error::limit("PKCS12_BAGS_MAX"));
        }
        let derivations = u64::try_from(self.keys.len() + 2).unwrap_or(u64::MAX);
        let iterations = u64::from(protection.encryption.iterations());
        if derivations.saturating_mul(iterations) > limits::PKCS12_ITERATIONS_MAX {
            return Err(Error::limit("PKCS12_ITERATIONS_MAX"));
        }
        let pfx = self.encode(&password, protection)?;
        if pfx.len() > limits::PKCS12_BYTES_MAX {
            return Err(Error::limit("PKCS12_BYTES_MAX"));
        }
        Ok(pfx)
    }

    fn encode(&self, password: &Password<'_>, protection: &Protection) -> Result<Vec<u8>, Error> {
        let mut safe = Vec::new();
        if !(self.certificates.is_empty() && self.crls.is_empty()) {
            let bags = tlv::sequence(&[&self.public_bags()?]);
            let (algorithm, data) = protection.encryption.encrypt(&bags, password.bytes())?;
            let data = tlv::wrap(tag::CONTEXT_0_PRIMITIVE, &[&data]);
            let info = tlv::sequence(&[&identifier(DATA)?, &algorithm, &data]);
            safe.extend(content_info(ENCRYPTED_DATA, &tlv::sequence(&[&[2, 1, 0], &info]))?);
        }
        if !self.keys.is_empty() {
            let mut bags = Vec::new();
            for (key, name) in &self.keys {
                let plain = keys::private_key_to_der(key)?;
                let (algorithm, data) = protection.encryption.encrypt(&plain, password.bytes())?;
                let data = tlv::wrap(tag::OCTET_STRING, &[&data]);
                let value = tlv::sequence(&[&algorithm, &data]);
                bags.extend(bag(SHROUDED_KEY_BAG, &value, *name, Some(key.public()))?);
            }
            let bags = tlv::wrap(tag::OCTET_STRING, &[&tlv::sequence(&[&bags])]);
            safe.extend(content_info(DATA, &bags)?);
        }
        let safe = tlv::sequence(&[&safe]);
        let mac = protection.mac.make(&safe, password, protection.encryption.iterations())?;
        let safe = content_info(DATA, &tlv::wrap(tag::OCTET_STRING, &[&safe]))?;
        Ok(tlv::sequence(&[&[2, 1, 3], &safe, &mac]))
    }

    /// The bags of the certificates and of the lists, one after the other.
    fn public_bags(&self) -> Result<Vec<u8>, Error> {
        let mut bags = Vec::new();
        for (certificate, name) in &self.certificates {
            let public = certificate.public_key().ok();
            let owner =
                public.filter(|public| self.keys.iter().any(|(k, _)| k.public() == *public));
            let value = typed_octets(X509_CERTIFICATE, certificate.der())?;
            bags.extend(bag(CERTIFICATE_BAG, &value, *name, owner)?);
        }
        for crl in &self.crls {
            bags.extend(bag(CRL_BAG, &typed_octets(X509_CRL, crl.der())?, None, None)?);
        }
        Ok(bags)
    }
}

pub(super) const DATA: &str = "1.2.840.113549.1.7.1";
pub(super) const ENCRYPTED_DATA: &str = "1.2.840.113549.1.7.6";
pub(super) const X509_CERTIFICATE: &str = "1.2.840.113549.1.9.22.1";
pub(super) const X509_CRL: &str = "1.2.840.113549.1.9.23.1";
const SHROUDED_KEY_BAG: &str = "1.2.840.113549.1.12.10.1.2";
const CERTIFICATE_BAG: &str = "1.2.840.113549.1.12.10.1.3";
const CRL_BAG: &str = "1.2.840.113549.1.12.10.1.4";
pub(super) const FRIENDLY_NAME: &str = "1.2.840.113549.1.9.20";
pub(super) const LOCAL_KEY_ID: &str = "1.2.840.113549.1.9.21";

/// SafeBag, with friendlyName and, where it is `owner`'s, localKeyId: a digest of the public key, which
/// key and certificate have in common.
pub(super) fn bag(
    kind: &str,
    value: &[u8],
    name: Option<&str>,
    owner: Option<&PublicKey>,
) -> Result<Vec<u8>, Error> {
    let mut attributes = Vec::new();
    if let Some(name) = name {
        let bmp: Vec<_> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
        attributes.push(attribute(FRIENDLY_NAME, tag::BMP_STRING, &bmp)?);
    }
    if let Some(owner) = owner {
        let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _] = sm3::hash(&owner.to_sec1());
        attributes.push(attribute(LOCAL_KEY_ID, tag::OCTET_STRING, &id)?);
    }
    // DER, SET OF: in the order of their encodings.
    attributes.sort();
    let attributes = match attributes.concat() {
        none if none.is_empty() => none,
        some => tlv::wrap(tag::SET, &[&some]),
    };
    let value = tlv::wrap(tag::CONTEXT_0, &[value]);
    Ok(tlv::sequence(&[&identifier(kind)?, &value, &attributes]))
}

fn attribute(kind: &str, tag: u8, value: &[u8]) -> Result<Vec<u8>, Error> {
    let value = tlv::wrap(tag::SET, &[&tlv::wrap(tag, &[value])]);
    Ok(tlv::sequence(&[&identifier(kind)?, &value]))
}

pub(super) fn content_info(kind: &str, content: &[u8]) -> Result<Vec<u8>, Error> {
    Ok(tlv::sequence(&[&identifier(kind)?, &tlv::wrap(tag::CONTEXT_0, &[content])]))
}

/// CertBag and CRLBag.
fn typed_octets(kind: &str, der: &[u8]) -> Result<Vec<u8>, Error> {
    content_info(kind, &tlv::wrap(tag::OCTET_STRING, &[der]))
}

pub(super) fn identifier(dotted: &str) -> Result<Vec<u8>, Error> {
    oid(dotted).to_der().map_err(|_| bad("OBJECT IDENTIFIER"))
}
