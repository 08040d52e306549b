//! The container (`.sm2`) in which the certification authority CFCA hands out key and certificate.
//!
//! SEQUENCE { version 1, SEQUENCE { data, SM4, encrypted d }, SEQUENCE { data, certificate } }. There
//! is no public text for it: this follows what such files hold and what other readers of them do.

use const_oid::ObjectIdentifier;
use der::{Decode as _, Sequence, asn1::OctetStringRef};
use zeroize::Zeroizing;

use crate::{
    error::{Code, Error},
    limits,
    pki::x509::Certificate,
    primitives::{sm2::PrivateKey, sm3, sm4::cbc},
};

/// Opens the DER of a CFCA container: the private key and its certificate, which belong together.
///
/// The password's key is SM3-KDF of it without any iterations: such a file is only as safe as its
/// password is long.
///
/// # Errors
/// [`Code::BadKey`] if it is malformed, [`Code::WrongPassword`], [`Code::KeyMismatch`];
/// [`Code::BadCertificate`] and others of [`Certificate::parse`].
pub fn open(der: &[u8], password: &[u8]) -> Result<(PrivateKey, Certificate), Error> {
    if der.len() > limits::CERTIFICATE_BYTES_MAX {
        return Err(Error::limit("CERTIFICATE_BYTES_MAX"));
    }
    let container =
        Container::from_der(der).map_err(|_| Error::new(Code::BadKey).field("container"))?;
    let known = container.version == 1
        && container.key.kind == DATA
        && container.key.cipher == SM4
        && container.certificate.kind == DATA;
    if !known {
        return Err(Error::new(Code::UnsupportedAlgorithm).field("container"));
    }
    let mut derived = Zeroizing::new([0; 32]);
    sm3::kdf(&[password], &mut *derived);
    let (halves, _) = derived.as_chunks::<16>();
    let [iv, key] = halves else { return Err(Error::new(Code::BadLength).field("key")) };
    let plain = cbc::decrypt_padded(key, iv, container.key.encrypted.as_bytes())
        .map_err(|_| Error::new(Code::WrongPassword).field("password"))?;
    let d = plain
        .as_slice()
        .try_into()
        .map_err(|_| Error::new(Code::WrongPassword).field("password"))?;
    let key =
        PrivateKey::from_bytes(d).map_err(|_| Error::new(Code::WrongPassword).field("password"))?;
    let certificate = Certificate::parse(container.certificate.der.as_bytes())?;
    if certificate.public_key()? != key.public() {
        return Err(Error::new(Code::KeyMismatch).field("key"));
    }
    Ok((key, certificate))
}

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.6.1.4.2.1");
const SM4: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.104");

#[derive(Sequence)]
struct Container<'a> {
    version: u8,
    key: EncryptedKey<'a>,
    certificate: CertificatePart<'a>,
}

#[derive(Sequence)]
struct EncryptedKey<'a> {
    kind: ObjectIdentifier,
    cipher: ObjectIdentifier,
    encrypted: &'a OctetStringRef,
}

#[derive(Sequence)]
struct CertificatePart<'a> {
    kind: ObjectIdentifier,
    der: &'a OctetStringRef,
}
