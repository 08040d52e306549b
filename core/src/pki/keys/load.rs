//! Loading a key of which only its owner knows in what form it is.
//!
//! The form is recognised by a rule that looks at the outside of the bytes, never by trying what fits:
//!
//! 1. `-----BEGIN `: PEM, the first block that is a key of the kind asked for.
//! 2. A text that begins with `{`: a JSON Web Key.
//! 3. Text: hexadecimal or base64, by its characters; the bytes go on to 4.
//! 4. By length alone: 32 bytes are d, 33 d or a compressed point by the first byte, 64 x ‖ y, 65 a
//!    point, 68 and 132 a blob of GM/T 0016 where they begin as one.
//! 5. DER by its outermost elements.
//!
//! An INTEGER alone is not recognised: with two leading zeros of d it has 32 bytes, as d itself has.
//! [`private_key_from_integer`](super::private_key_from_integer) reads it.
//!
//! A text may begin with a byte order mark and, after it, be in UTF-16, as editors and shells write it.

use super::{
    Form,
    bare::{public_key_from_bit_string, public_key_from_coordinates},
    blob, cfca, decrypt,
    form::{Container, Writing},
    jwk,
    pbes::Legacy,
    pem, private, public_key_from_spki,
};
use crate::{
    error::{Code, Error},
    limits,
    pki::{
        pkcs12::{self, is_pkcs12},
        text::{self, Coding},
        tlv::{Cursor, tag},
        x509::Certificate,
    },
    primitives::sm2::{PrivateKey, PublicKey},
};

/// A key, what it was found as, and the certificates that came with it.
#[derive(Debug)]
pub struct Loaded<K> {
    /// The key.
    pub key: K,
    /// What it was found as.
    pub form: Form,
    /// The certificates of the same container or PEM file, in its order. Nothing vouches for them.
    pub certificates: Vec<Certificate>,
}

impl<K> Loaded<K> {
    const fn bare(key: K, container: Container) -> Self {
        Self { key, form: Form { container, writing: BINARY }, certificates: Vec::new() }
    }
}

impl Loaded<PrivateKey> {
    /// The first of the certificates that holds the public key of this one.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        let own = |certificate: &&Certificate| certificate.public_key() == Ok(self.key.public());
        self.certificates.iter().find(own)
    }
}

impl PrivateKey {
    /// As [`load_private`].
    ///
    /// # Errors
    /// As [`load_private`].
    pub fn load(bytes: &[u8], password: Option<&[u8]>) -> Result<Loaded<Self>, Error> {
        load_private(bytes, password)
    }
}

impl PublicKey {
    /// As [`load_public`].
    ///
    /// # Errors
    /// As [`load_public`].
    pub fn load(bytes: &[u8]) -> Result<Loaded<Self>, Error> {
        load_public(bytes)
    }
}

/// Loads a private key in any form that [`Container`] lists for one, and says which it was. A public
/// key inside must be that of the private one. `password` is not used for what is not encrypted.
///
/// # Errors
/// [`Code::UnknownForm`] if no form is recognised, [`Code::WrongKeyKind`] with the form as field if it
/// is that of a public key, [`Code::SigningKeyNeeded`] for enveloped keys, which
/// [`open_enveloped`](super::open_enveloped) opens; those of the reader of the form that was found;
/// [`Code::LimitReached`] past [`limits::LOADED_BYTES_MAX`].
pub fn load_private(bytes: &[u8], password: Option<&[u8]>) -> Result<Loaded<PrivateKey>, Error> {
    check_length(bytes)?;
    let unmarked = text::without_mark(bytes);
    let bytes = unmarked.as_deref().map_or(bytes, Vec::as_slice);
    if pem::is_pem(bytes) {
        return private_in_pem(bytes, password);
    }
    if is_json(bytes) {
        let key = jwk::private_key_from_jwk(bytes)?;
        return Ok(written(Loaded::bare(key, Container::PrivateJwk), Writing::Json));
    }
    let (coding, bytes) = Coding::recognise(bytes)?;
    match private(&bytes, password) {
        Ok(loaded) => Ok(written(loaded, Writing::Coded(coding))),
        Err(error) => Err(placed(error, coding)),
    }
}

/// Loads a public key in any form that [`Container`] lists for one, also that of a certificate, and
/// says which it was.
///
/// # Errors
/// As [`load_private`], with [`Code::WrongKeyKind`] for private keys.
pub fn load_public(bytes: &[u8]) -> Result<Loaded<PublicKey>, Error> {
    check_length(bytes)?;
    let unmarked = text::without_mark(bytes);
    let bytes = unmarked.as_deref().map_or(bytes, Vec::as_slice);
    if pem::is_pem(bytes) {
        return public_in_pem(bytes);
    }
    if is_json(bytes) {
        let key = jwk::public_key_from_jwk(bytes)?;
        return Ok(written(Loaded::bare(key, Container::PublicJwk), Writing::Json));
    }
    let (coding, bytes) = Coding::recognise(bytes)?;
    match public(&bytes) {
        Ok(loaded) => Ok(written(loaded, Writing::Coded(coding))),
        Err(error) => Err(placed(error, coding)),
    }
}

const BINARY: Writing = Writing::Coded(Coding::Binary);

fn written<K>(loaded: Loaded<K>, writing: Writing) -> Loaded<K> {
    Loaded { form: Form { writing, ..loaded.form }, ..loaded }
}

/// The places of what a text stands for are not those of the text.
fn placed(error: Error, coding: Coding) -> Error {
    if coding == Coding::Binary { error } else { error.without_place() }
}

const fn check_length(bytes: &[u8]) -> Result<(), Error> {
    if bytes.len() > limits::LOADED_BYTES_MAX {
        return Err(Error::limit("LOADED_BYTES_MAX"));
    }
    Ok(())
}

/// One of 256 bare keys begins with the byte of `{`, but is no text.
fn is_json(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"{") && std::str::from_utf8(bytes).is_ok()
}

fn private_in_pem(pem: &[u8], password: Option<&[u8]>) -> Result<Loaded<PrivateKey>, Error> {
    super::refuse_rfc1421(pem)?;
    let blocks = pem::blocks(pem)?;
    let is_key = |label: &str| label.ends_with("PRIVATE KEY") || label == "CFCA KEY";
    let is_foreign = |label: &str| FOREIGN_LABELS.contains(&label);
    let Some(block) = blocks.iter().find(|block| is_key(block.label)) else {
        return Err(Error::new(Code::WrongKeyKind).field("PEM without a private key"));
    };
    let mut loaded = match private(&block.der, password) {
        // Not in a form that is known here: the label says why.
        Err(error) if error.code() == Code::UnknownForm && is_foreign(block.label) => {
            return Err(Error::new(Code::UnsupportedAlgorithm).field("PEM label"));
        }
        read => read.map_err(Error::without_place)?,
    };
    for block in blocks.iter().filter(|block| block.label == CERTIFICATE) {
        loaded.certificates.push(Certificate::parse(&block.der)?);
    }
    Ok(written(loaded, Writing::Pem))
}

fn public_in_pem(pem: &[u8]) -> Result<Loaded<PublicKey>, Error> {
    let blocks = pem::blocks(pem)?;
    let is_key = |label: &str| label.ends_with("PUBLIC KEY") || label == CERTIFICATE;
    let Some(block) = blocks.iter().find(|block| is_key(block.label)) else {
        return Err(Error::new(Code::WrongKeyKind).field("PEM without a public key"));
    };
    let loaded = public(&block.der).map_err(Error::without_place)?;
    Ok(written(loaded, Writing::Pem))
}

const CERTIFICATE: &str = "CERTIFICATE";

/// The labels of private keys that are never SM2 keys.
pub(in crate::pki) const FOREIGN_LABELS: [&str; 3] =
    ["RSA PRIVATE KEY", "DSA PRIVATE KEY", "OPENSSH PRIVATE KEY"];

fn private(bytes: &[u8], password: Option<&[u8]>) -> Result<Loaded<PrivateKey>, Error> {
    let container = container(bytes).ok_or(Error::new(Code::UnknownForm).field("private key"))?;
    let key = match container {
        Container::Pkcs8 => private::from_pkcs8(bytes)?,
        Container::EncryptedPkcs8 => decrypt(bytes, password)?,
        Container::Sec1 => private::from_sec1(bytes)?,
        Container::Scalar | Container::SignedScalar => {
            PrivateKey::from_bytes(&*private::scalar(bytes)?)?
        }
        Container::EccPrivateKeyBlob => blob::private_key_from_blob(bytes)?,
        Container::Cfca => {
            let password = password.ok_or(Error::new(Code::PasswordNeeded).field("password"))?;
            let (key, certificate) = cfca::open(bytes, password)?;
            let certificates = vec![certificate];
            return Ok(Loaded { certificates, ..Loaded::bare(key, container) });
        }
        Container::Pkcs12 => return pkcs12(bytes, password),
        Container::EnvelopedKey | Container::EnvelopedKeyBlob => {
            return Err(Error::new(Code::SigningKeyNeeded).field(container.name()));
        }
        Container::PrivateJwk
        | Container::Spki
        | Container::Sm2PublicKey
        | Container::Coordinates
        | Container::Uncompressed
        | Container::Compressed
        | Container::EccPublicKeyBlob
        | Container::Certificate
        | Container::PublicJwk => {
            return Err(Error::new(Code::WrongKeyKind).field(container.name()));
        }
    };
    Ok(Loaded::bare(key, container))
}

/// The only SM2 key of the file: which of several is meant, only [`crate::pki::pkcs12::open`] lets one say.
fn pkcs12(bytes: &[u8], password: Option<&[u8]>) -> Result<Loaded<PrivateKey>, Error> {
    let password = password.ok_or(Error::new(Code::PasswordNeeded).field("password"))?;
    let contents = pkcs12::open(bytes, password, Legacy::Refused)?;
    let mut keys = contents.keys.into_iter();
    let wrong = |field| Error::new(Code::WrongKeyKind).field(field);
    let key = keys.next().ok_or_else(|| wrong("PKCS#12 without an SM2 key"))?.key;
    if keys.next().is_some() {
        return Err(wrong("PKCS#12 with several SM2 keys"));
    }
    let certificates = contents.certificates.into_iter().map(|named| named.certificate).collect();
    Ok(Loaded { certificates, ..Loaded::bare(key, Container::Pkcs12) })
}

fn public(bytes: &[u8]) -> Result<Loaded<PublicKey>, Error> {
    let container = container(bytes).ok_or(Error::new(Code::UnknownForm).field("public key"))?;
    let key = match container {
        Container::Spki => public_key_from_spki(bytes)?,
        Container::Sm2PublicKey => public_key_from_bit_string(bytes)?,
        Container::Coordinates => {
            let xy = bytes.try_into().map_err(|_| Error::new(Code::BadLength).field("x||y"))?;
            public_key_from_coordinates(xy)?
        }
        Container::Uncompressed | Container::Compressed => PublicKey::from_sec1(bytes)?,
        Container::EccPublicKeyBlob => blob::public_key_from_blob(bytes)?,
        Container::Certificate => {
            let certificate = Certificate::parse(bytes)?;
            let key = certificate.public_key()?.clone();
            let certificates = vec![certificate];
            return Ok(Loaded { certificates, ..Loaded::bare(key, container) });
        }
        Container::Pkcs8
        | Container::EncryptedPkcs8
        | Container::Sec1
        | Container::Scalar
        | Container::SignedScalar
        | Container::EccPrivateKeyBlob
        | Container::Cfca
        | Container::Pkcs12
        | Container::PrivateJwk
        | Container::EnvelopedKey
        | Container::EnvelopedKeyBlob
        | Container::PublicJwk => {
            return Err(Error::new(Code::WrongKeyKind).field(container.name()));
        }
    };
    Ok(Loaded::bare(key, container))
}

/// What bytes are, by their length and first bytes, or by the outermost elements of their DER.
fn container(bytes: &[u8]) -> Option<Container> {
    match (bytes.len(), bytes.first()?) {
        (32, _) => Some(Container::Scalar),
        (33, 0) => Some(Container::SignedScalar),
        (33, 2 | 3) => Some(Container::Compressed),
        (64, _) => Some(Container::Coordinates),
        (65, 4) => Some(Container::Uncompressed),
        (68, _) if blob::has_bits(bytes) => Some(Container::EccPrivateKeyBlob),
        (132, _) if blob::has_bits(bytes) => Some(Container::EccPublicKeyBlob),
        _ if blob::is_enveloped(bytes) => Some(Container::EnvelopedKeyBlob),
        // PKCS#12 may be in BER.
        _ if is_pkcs12(bytes) => Some(Container::Pkcs12),
        _ => container_of_der(bytes),
    }
}

fn container_of_der(bytes: &[u8]) -> Option<Container> {
    let mut cursor = Cursor::new(bytes, 0, Code::UnknownForm);
    let outer = cursor.next("outer").ok().filter(|_| cursor.is_empty())?;
    match outer.tag {
        tag::BIT_STRING => return Some(Container::Sm2PublicKey),
        tag::SEQUENCE => {}
        _ => return None,
    }
    let mut inside = outer.inside();
    let mut tags = [0; 4];
    for tag in &mut tags {
        *tag = inside.next("inner").map_or(0, |element| element.tag);
    }
    match tags {
        [tag::INTEGER, tag::SEQUENCE, tag::OCTET_STRING, _] => Some(Container::Pkcs8),
        [tag::INTEGER, tag::OCTET_STRING, ..] => Some(Container::Sec1),
        [tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE, 0] => Some(Container::Cfca),
        [tag::SEQUENCE, tag::OCTET_STRING, 0, 0] => Some(Container::EncryptedPkcs8),
        [tag::SEQUENCE, tag::BIT_STRING, 0, 0] => Some(Container::Spki),
        [tag::SEQUENCE, tag::SEQUENCE, tag::BIT_STRING, 0] => Some(Container::Certificate),
        [tag::SEQUENCE | tag::OID, tag::SEQUENCE, tag::BIT_STRING, tag::BIT_STRING] => {
            Some(Container::EnvelopedKey)
        }
        _ => None,
    }
}
