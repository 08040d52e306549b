//! Keys in every form in which they travel: PKCS#8 (GB/T 33560-2017 identifiers), SEC1,
//! SubjectPublicKeyInfo, JSON Web Keys, bare numbers, the blobs of GM/T 0016, the container of CFCA, and
//! the key pairs that GB/T 35276 envelopes.
//!
//! In: bytes, a password where the key is encrypted. Out: SM2 keys. [`load_private`] and
//! [`load_public`] recognise the form and say what they found; every other function takes or writes the
//! one form that its name says. Decoding a private key is constant time in the key, not in its
//! container.

mod bare;
mod blob;
mod cfca;
mod encrypted;
mod envelope;
mod form;
#[cfg(test)]
mod hostile_tests;
mod jwk;
mod load;
#[cfg(test)]
mod load_tests;
pub(super) mod pbes;
mod pbes1;
pub(super) mod pbes2;
pub(super) mod pbkdf;
mod private;
#[cfg(test)]
mod tests;

use const_oid::ObjectIdentifier;
use der::{Decode as _, Encode as _, asn1::BitStringRef};
use spki::{AlgorithmIdentifier, SubjectPublicKeyInfo};
use zeroize::Zeroizing;

pub use bare::{
    private_key_from_integer, private_key_to_integer, public_key_from_bit_string,
    public_key_from_coordinates, public_key_to_bit_string, public_key_to_coordinates,
};
pub use blob::{
    ciphertext_from_blob, ciphertext_to_blob, private_key_from_blob, private_key_to_blob,
    public_key_from_blob, public_key_to_blob, signature_from_blob, signature_to_blob,
};
pub use cfca::open as open_cfca;
pub use encrypted::{private_key_from_encrypted, private_key_to_encrypted};
pub use envelope::{open_enveloped, open_enveloped_blob, seal_enveloped, seal_enveloped_blob};
pub use form::{Container, Form, Writing};
pub use jwk::{
    JwkCurve, private_key_from_jwk, private_key_to_jwk, public_key_from_jwk, public_key_to_jwk,
};
pub use load::{Loaded, load_private, load_public};
pub use pbes::Legacy;
pub use pbes2::Encryption;

use super::{oid, pem};
use crate::{
    error::{Code, Error},
    limits,
    primitives::sm2::{PrivateKey, PublicKey},
};

/// Reads an SM2 private key from PEM: `PRIVATE KEY`, `ENCRYPTED PRIVATE KEY` or `EC PRIVATE KEY`.
/// Of several blocks the first of these kinds counts. `password` is not used for a plain key.
///
/// # Errors
/// [`Code::BadPem`]; as [`private_key_from_der`].
pub fn private_key_from_pem(text: &[u8], password: Option<&[u8]>) -> Result<PrivateKey, Error> {
    check_length(text)?;
    refuse_rfc1421(text)?;
    for block in pem::blocks(text)? {
        let read = match block.label {
            "PRIVATE KEY" => private::from_pkcs8(&block.der),
            "ENCRYPTED PRIVATE KEY" => decrypt(&block.der, password),
            "EC PRIVATE KEY" | "SM2 PRIVATE KEY" => private::from_sec1(&block.der),
            _ => continue,
        };
        return read.map_err(Error::without_place);
    }
    Err(Error::new(Code::BadPem).field("PEM without a private key"))
}

/// Reads an SM2 private key from DER: PKCS#8 plain or encrypted, or SEC1. A public key inside must
/// be that of the private one.
///
/// # Errors
/// [`Code::BadKey`] if it is malformed, [`Code::UnsupportedAlgorithm`] if it is no SM2 key or
/// encrypted in another way, [`Code::PasswordNeeded`], [`Code::WrongPassword`],
/// [`Code::BadPrivateKey`] if it is out of range, [`Code::KeyMismatch`] if the public key inside is
/// another's, [`Code::LimitReached`] past [`limits::KEY_BYTES_MAX`] or
/// [`limits::PBKDF2_ITERATIONS_MAX`].
pub fn private_key_from_der(der: &[u8], password: Option<&[u8]>) -> Result<PrivateKey, Error> {
    check_length(der)?;
    match private::kind(der)? {
        private::Kind::Pkcs8 => private::from_pkcs8(der),
        private::Kind::Encrypted => decrypt(der, password),
        private::Kind::Sec1 => private::from_sec1(der),
    }
}

/// Reads an SM2 private key, PEM or DER.
///
/// # Errors
/// As [`private_key_from_pem`] and [`private_key_from_der`].
pub fn private_key_from_pem_or_der(
    bytes: &[u8],
    password: Option<&[u8]>,
) -> Result<PrivateKey, Error> {
    let read = if pem::is_pem(bytes) { private_key_from_pem } else { private_key_from_der };
    read(bytes, password)
}

/// Reads PrivateKeyInfo of PKCS#8 in DER, not encrypted (RFC 5208, 5; RFC 5958, 2).
///
/// # Errors
/// As [`private_key_from_der`].
pub fn private_key_from_pkcs8(der: &[u8]) -> Result<PrivateKey, Error> {
    check_length(der)?;
    private::from_pkcs8(der)
}

/// Reads EncryptedPrivateKeyInfo of PKCS#8 in DER (RFC 5208, 6).
///
/// # Errors
/// As [`private_key_from_der`].
pub fn private_key_from_encrypted_pkcs8(der: &[u8], password: &[u8]) -> Result<PrivateKey, Error> {
    check_length(der)?;
    decrypt(der, Some(password))
}

/// Reads ECPrivateKey of SEC1 in DER (RFC 5915, 3).
///
/// # Errors
/// As [`private_key_from_der`].
pub fn private_key_from_sec1(der: &[u8]) -> Result<PrivateKey, Error> {
    check_length(der)?;
    private::from_sec1(der)
}

/// The key as ECPrivateKey of SEC1 in DER, with its curve and public key.
///
/// # Errors
/// [`Code::BadKey`] never in practice: the encoder's own failure.
pub fn private_key_to_sec1(key: &PrivateKey) -> Result<Zeroizing<Vec<u8>>, Error> {
    private::to_sec1(key)
}

/// The key as ECPrivateKey in PEM, under `EC PRIVATE KEY`.
///
/// # Errors
/// As [`private_key_to_sec1`].
pub fn private_key_to_sec1_pem(key: &PrivateKey) -> Result<Zeroizing<String>, Error> {
    Ok(Zeroizing::new(pem::encode("EC PRIVATE KEY", &private::to_sec1(key)?)))
}

/// The key as PKCS#8 in DER, not encrypted, with its public key.
///
/// # Errors
/// [`Code::BadKey`] never in practice: the encoder's own failure.
pub fn private_key_to_der(key: &PrivateKey) -> Result<Zeroizing<Vec<u8>>, Error> {
    private::to_pkcs8(key)
}

/// The key as PKCS#8 in PEM, not encrypted.
///
/// # Errors
/// As [`private_key_to_der`].
pub fn private_key_to_pem(key: &PrivateKey) -> Result<Zeroizing<String>, Error> {
    Ok(Zeroizing::new(pem::encode("PRIVATE KEY", &private::to_pkcs8(key)?)))
}

/// The key as encrypted PKCS#8 in PEM: PBES2 with PBKDF2-HMAC-SM3 (16 random bytes of salt, 100000
/// iterations) and SM4-CBC.
///
/// # Errors
/// [`Code::NoRandomness`].
pub fn private_key_to_encrypted_pem(
    key: &PrivateKey,
    password: &[u8],
) -> Result<Zeroizing<String>, Error> {
    let der = pbes2::encrypt(&private::to_pkcs8(key)?, password, &Encryption::SM4_SM3)?;
    Ok(Zeroizing::new(pem::encode("ENCRYPTED PRIVATE KEY", &der)))
}

/// Reads an SM2 public key from the DER of a SubjectPublicKeyInfo. The algorithm is id-ecPublicKey
/// with SM2 as its curve, or, as some write it, SM2 itself.
///
/// # Errors
/// [`Code::BadKey`] if it is malformed, [`Code::UnsupportedAlgorithm`] if it is no SM2 key,
/// [`Code::BadPublicKey`] if the point is not on the curve.
pub fn public_key_from_spki(der: &[u8]) -> Result<PublicKey, Error> {
    check_length(der)?;
    let info = SubjectPublicKeyInfo::<der::asn1::AnyRef<'_>, BitStringRef<'_>>::from_der(der)
        .map_err(|_| Error::new(Code::BadKey).field("subjectPublicKeyInfo"))?;
    require_sm2(&info.algorithm)?;
    let point = info
        .subject_public_key
        .as_bytes()
        .ok_or(Error::new(Code::BadPublicKey).field("subjectPublicKey"))?;
    PublicKey::from_sec1(point)
}

/// Reads an SM2 public key from PEM (`PUBLIC KEY`).
///
/// # Errors
/// [`Code::BadPem`]; as [`public_key_from_spki`].
pub fn public_key_from_pem(text: &[u8]) -> Result<PublicKey, Error> {
    check_length(text)?;
    let blocks = pem::blocks(text)?;
    let block = blocks.iter().find(|block| block.label == "PUBLIC KEY");
    let none = Error::new(Code::BadPem).field("PEM without a public key");
    public_key_from_spki(&block.ok_or(none)?.der)
}

/// The DER of the key's SubjectPublicKeyInfo: id-ecPublicKey with SM2 as its curve, the point
/// uncompressed (GB/T 20518-2018; GM/T 0009-2012, 7.1).
///
/// # Errors
/// [`Code::BadKey`] never in practice: the encoder's own failure.
pub fn public_key_to_spki(key: &PublicKey) -> Result<Vec<u8>, Error> {
    let point = key.to_sec1();
    let encode = || {
        let subject_public_key = BitStringRef::from_bytes(&point)?;
        SubjectPublicKeyInfo { algorithm: SM2_KEY, subject_public_key }.to_der()
    };
    encode().map_err(|_| Error::new(Code::BadKey).field("subjectPublicKeyInfo"))
}

/// The key's SubjectPublicKeyInfo as PEM.
///
/// # Errors
/// As [`public_key_to_spki`].
pub fn public_key_to_pem(key: &PublicKey) -> Result<String, Error> {
    Ok(pem::encode("PUBLIC KEY", &public_key_to_spki(key)?))
}

/// id-ecPublicKey with SM2 as its curve.
const SM2_KEY: AlgorithmIdentifier<ObjectIdentifier> =
    AlgorithmIdentifier { oid: oid::EC_PUBLIC_KEY, parameters: Some(oid::SM2) };

fn require_sm2(algorithm: &AlgorithmIdentifier<der::asn1::AnyRef<'_>>) -> Result<(), Error> {
    let curve = algorithm.parameters.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    let sm2 = algorithm.oid == oid::EC_PUBLIC_KEY && curve == Some(oid::SM2)
        // The identifier of the curve alone: whatever stands as parameter adds nothing.
        || algorithm.oid == oid::SM2 && curve.is_none_or(|curve| curve == oid::SM2);
    if sm2 { Ok(()) } else { Err(Error::new(Code::UnsupportedAlgorithm).field("algorithm")) }
}

const fn check_length(bytes: &[u8]) -> Result<(), Error> {
    if bytes.len() > limits::KEY_BYTES_MAX {
        return Err(Error::limit("KEY_BYTES_MAX"));
    }
    Ok(())
}

/// RFC 1421 encryption: a header line in the block, MD5 and DES underneath.
fn refuse_rfc1421(text: &[u8]) -> Result<(), Error> {
    if text.windows(10).any(|window| window == b"Proc-Type:") {
        return Err(Error::new(Code::UnsupportedAlgorithm).field("Proc-Type"));
    }
    Ok(())
}

fn decrypt(der: &[u8], password: Option<&[u8]>) -> Result<PrivateKey, Error> {
    encrypted::decrypt(
        der,
        password.ok_or(Error::new(Code::PasswordNeeded).field("password"))?,
        Legacy::Refused,
    )
}
