//! Writing enveloped data, in DER: EnvelopedData, SignedAndEnvelopedData and EncryptedData of GB/T 35275
//! and RFC 5652, AuthEnvelopedData of RFC 5083.

use super::{
    Attributes, Family, Kind, SignOptions, SignWith,
    cipher::{self, Cipher, ContentCipher, Key},
    content_info,
    recipient::{self, RecipientsBy},
};
use crate::{
    Code, Error,
    limits::CMS_BYTES_MAX,
    pki::{
        tlv::{sequence, tag, wrap},
        x509::Certificate,
    },
    primitives::sm3,
};

/// How enveloped data is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EnvelopOptions {
    /// Whose object identifiers are used. There are none of GM/T 0010 for authEnvelopedData.
    pub family: Family,
    /// How the content is encrypted.
    pub cipher: ContentCipher,
    /// How recipients are named.
    pub recipients_by: RecipientsBy,
}

impl EnvelopOptions {
    /// What is written for recipients.
    pub(super) const fn kind(&self) -> Kind {
        match self.cipher {
            ContentCipher::Sm4Cbc => Kind::EnvelopedData,
            ContentCipher::Sm4Gcm => Kind::AuthEnvelopedData,
        }
    }

    /// GB/T 35275: 1; RFC 5652, 6.1: 0, or 2 with key identifiers. RFC 5083, 2.1: 0.
    pub(super) const fn version(&self) -> u8 {
        match (self.cipher, self.family, self.recipients_by) {
            (ContentCipher::Sm4Gcm, ..) => 0,
            (ContentCipher::Sm4Cbc, _, RecipientsBy::SubjectKeyId) => 2,
            (ContentCipher::Sm4Cbc, Family::Gm, RecipientsBy::IssuerAndSerial) => 1,
            (ContentCipher::Sm4Cbc, Family::Pkcs7, RecipientsBy::IssuerAndSerial) => 0,
        }
    }
}

/// Encrypts `content` so that each of `recipients`, by their encryption certificates, can open it:
/// EnvelopedData with SM4-CBC, AuthEnvelopedData with SM4-GCM. That a certificate is trusted, and meant
/// for encryption, is for the caller to see to.
///
/// # Errors
/// [`Code::BadArgument`] without a recipient, or without a key identifier where one is to be written;
/// [`Code::UnsupportedAlgorithm`] if a certificate has no SM2 key, or for SM4-GCM under GM object
/// identifiers; [`Code::LimitReached`]; [`Code::NoRandomness`].
pub fn envelop(
    content: &[u8],
    recipients: &[Certificate],
    options: &EnvelopOptions,
) -> Result<Vec<u8>, Error> {
    check_length(content)?;
    options.kind().oid(options.family)?;
    let (key, cipher) = (cipher::fresh_key()?, Cipher::fresh(options.cipher)?);
    let recipients = recipient::write_all(recipients, &key, options.family, options.recipients_by)?;
    let (info, mac) = encrypted_content_info(options.family, &cipher, &key, content)?;
    let mac = if mac.is_empty() { mac } else { wrap(tag::OCTET_STRING, &[&mac]) };
    let version = wrap(tag::INTEGER, &[&[options.version()]]);
    let structure = sequence(&[&version, &recipients, &info, &mac]);
    content_info::write(options.family, options.kind(), &structure)
}

/// Encrypts `content` under a key that the reader has: EncryptedData with SM4-CBC. Nothing tells whether
/// it was changed.
///
/// # Errors
/// [`Code::LimitReached`]; [`Code::NoRandomness`].
pub fn encrypt(content: &[u8], key: &[u8; 16], family: Family) -> Result<Vec<u8>, Error> {
    check_length(content)?;
    let (key, cipher) = (Key::new(*key), Cipher::fresh(ContentCipher::Sm4Cbc)?);
    let (info, _) = encrypted_content_info(family, &cipher, &key, content)?;
    // GB/T 35275: 1; RFC 5652, 8: 0.
    let version = match family {
        Family::Gm => 1,
        Family::Pkcs7 => 0,
    };
    let structure = sequence(&[&wrap(tag::INTEGER, &[&[version]]), &info]);
    content_info::write(family, Kind::EncryptedData, &structure)
}

/// Signs `content` and encrypts it to `recipients`: SignedAndEnvelopedData with SM4-CBC (GB/T 35275;
/// RFC 2315, 11). Of `signing`, the certificates and revocation lists are used: the structure has no
/// place for signed attributes, so that the signatures cover the data itself.
///
/// # Errors
/// As [`envelop`] and [`sign`](super::sign).
pub fn sign_and_envelop(
    content: &[u8],
    signers: &[SignWith<'_>],
    recipients: &[Certificate],
    signing: &SignOptions<'_>,
    options: &EnvelopOptions,
) -> Result<Vec<u8>, Error> {
    check_length(content)?;
    let signing = signing_options(signers, signing, options)?;
    let family = options.family;
    let mut structure = signing.structure(signers);
    let digest = sm3::hash(content);
    for signer in signers {
        structure.signers.push(signing.signer_info(signer, &digest, content)?);
    }
    let (key, cipher) = (cipher::fresh_key()?, Cipher::fresh(options.cipher)?);
    let recipients = recipient::write_all(recipients, &key, family, options.recipients_by)?;
    let (info, _) = encrypted_content_info(family, &cipher, &key, content)?;
    let structure = sequence(&[
        &wrap(tag::INTEGER, &[&[1]]),
        &recipients,
        &structure.digest_algorithms(),
        &info,
        &structure.tail()?,
    ]);
    content_info::write(family, Kind::SignedAndEnvelopedData, &structure)
}

/// How `signers` sign in a SignedAndEnvelopedData.
pub(super) fn signing_options<'a>(
    signers: &[SignWith<'_>],
    signing: &SignOptions<'a>,
    options: &EnvelopOptions,
) -> Result<SignOptions<'a>, Error> {
    if options.cipher != ContentCipher::Sm4Cbc {
        return Err(cipher::unsupported());
    }
    if signers.is_empty() {
        return Err(Error::new(Code::BadArgument).field("signers"));
    }
    let (family, attributes) = (options.family, Attributes::None);
    let signing = SignOptions { family, attributes, content_type: None, ..signing.clone() };
    signing.check(signers)?;
    Ok(signing)
}

/// EncryptedContentInfo, and the tag where the cipher makes one.
fn encrypted_content_info(
    family: Family,
    cipher: &Cipher,
    key: &Key,
    content: &[u8],
) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let (ciphertext, mac) = cipher.encrypt(key, content)?;
    let content_type = wrap(tag::OID, &[family.data()]);
    let encrypted = wrap(tag::CONTEXT_0_PRIMITIVE, &[&ciphertext]);
    Ok((sequence(&[&content_type, &cipher.to_der(), &encrypted]), mac))
}

/// What is written in one go can be read in one go.
fn check_length(content: &[u8]) -> Result<(), Error> {
    if content.len() > CMS_BYTES_MAX { Err(Error::limit("CMS_BYTES_MAX")) } else { Ok(()) }
}
