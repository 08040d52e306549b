//! Key pairs enveloped for their holder: SM2EnvelopedKey of GB/T 35276-2017, 7.4 (GM/T 0009-2012, 7.4),
//! in which an authority hands out the encryption key that it made, and ENVELOPEDKEYBLOB of
//! GM/T 0016-2012, by which a device imports it.
//!
//! In: the bytes, and the receiver's signing key, which may live in a device. Out: the private key. A
//! symmetric key is encrypted with SM2 for the signing key; d is encrypted with it, SM4 in mode ECB.
//!
//! The standards leave open how d fills the blocks, and authorities differ. Each way that is known is
//! tried: the public key inside says without doubt which one is right.

use const_oid::ObjectIdentifier;
use zeroize::Zeroizing;

use super::blob::{self, EnvelopedBlob};
use crate::{
    error::{Code, Error},
    limits,
    pki::{
        custody::Decrypter,
        tlv::{self, tag},
    },
    primitives::{
        ct, rng,
        sm2::{Ciphertext, PrivateKey, PublicKey},
        sm4::{Sm4, ecb},
    },
};

/// Opens an SM2EnvelopedKey with the receiver's signing key.
///
/// # Errors
/// [`Code::BadKey`] if it is malformed, [`Code::UnsupportedAlgorithm`] unless d is encrypted with SM4
/// in mode ECB, [`Code::BadCiphertext`] if it was enveloped for another key,
/// [`Code::BadPublicKey`], [`Code::KeyMismatch`] if what is inside is not the key of the public key
/// beside it, [`Code::LimitReached`] past [`limits::KEY_BYTES_MAX`]; those of the device.
pub fn open_enveloped(der: &[u8], receiver: &dyn Decrypter) -> Result<PrivateKey, Error> {
    if der.len() > limits::KEY_BYTES_MAX {
        return Err(Error::limit("KEY_BYTES_MAX"));
    }
    let outer = tlv::only(der, 0, tag::SEQUENCE, Code::BadKey, "SM2EnvelopedKey")?;
    let mut parts = outer.inside();
    let algorithm = parts.next("symAlgID")?;
    // Some write the bare identifier.
    let identifier = match algorithm.tag {
        tag::OID => algorithm,
        tag::SEQUENCE => algorithm.inside().required(tag::OID, "symAlgID")?,
        _ => return Err(algorithm.error("symAlgID")),
    };
    if !SM4_IDENTIFIERS.iter().any(|known| known.as_bytes() == identifier.value) {
        return Err(Error::new(Code::UnsupportedAlgorithm).field("symAlgID").at(identifier.at));
    }
    let key = parts.required(tag::SEQUENCE, "symEncryptedKey")?;
    let ciphertext = Ciphertext::from_der(key.raw).map_err(|_| key.error("symEncryptedKey"))?;
    let public = parts.required(tag::BIT_STRING, "sm2PublicKey")?.bits("sm2PublicKey")?;
    let public = PublicKey::from_sec1(public)?;
    let encrypted = parts.required(tag::BIT_STRING, "sm2EncryptedPrivateKey")?;
    parts.finish("SM2EnvelopedKey")?;
    // The number of unused bits, which are 0 all the same, says only what `blocks` puts back.
    let bits = encrypted.value.split_first().map(|(_, bits)| bits).unwrap_or_default();
    let encrypted = blocks(bits).ok_or_else(|| encrypted.error("sm2EncryptedPrivateKey"))?;
    decrypt(&ciphertext, &encrypted, &public, receiver)
}

/// Envelopes `key` for the holder of the signing key `receiver`: SM4 in mode ECB over the 32 bytes of
/// d, without padding.
///
/// # Errors
/// [`Code::NoRandomness`].
pub fn seal_enveloped(key: &PrivateKey, receiver: &PublicKey) -> Result<Vec<u8>, Error> {
    let (ciphertext, encrypted) = encrypt(key, receiver)?;
    let identifier = tlv::wrap(tag::OID, &[SM4_ECB.as_bytes()]);
    let algorithm = tlv::sequence(&[&identifier, &tlv::wrap(tag::NULL, &[])]);
    let public = tlv::wrap(tag::BIT_STRING, &[&[0], &key.public().to_sec1()]);
    let encrypted = tlv::wrap(tag::BIT_STRING, &[&[0], &encrypted]);
    Ok(tlv::sequence(&[&algorithm, &ciphertext.to_der(), &public, &encrypted]))
}

/// Opens an ENVELOPEDKEYBLOB with the receiver's signing key.
///
/// # Errors
/// [`Code::BadLength`] or [`Code::BadKey`] if it is malformed; as [`open_enveloped`].
pub fn open_enveloped_blob(bytes: &[u8], receiver: &dyn Decrypter) -> Result<PrivateKey, Error> {
    if bytes.len() > limits::KEY_BYTES_MAX {
        return Err(Error::limit("KEY_BYTES_MAX"));
    }
    let EnvelopedBlob { algorithm, encrypted, public, ciphertext } = blob::parse_enveloped(bytes)?;
    if algorithm != SGD_SM4_ECB {
        return Err(Error::new(Code::UnsupportedAlgorithm).field("ulSymmAlgID"));
    }
    decrypt(&ciphertext, encrypted, &public, receiver)
}

/// Envelopes `key` as an ENVELOPEDKEYBLOB for the holder of the signing key `receiver`. The 32
/// encrypted bytes of d stand at the end of their field, as numbers do.
///
/// # Errors
/// [`Code::NoRandomness`].
pub fn seal_enveloped_blob(key: &PrivateKey, receiver: &PublicKey) -> Result<Vec<u8>, Error> {
    let (ciphertext, encrypted) = encrypt(key, receiver)?;
    Ok(blob::write_enveloped(SGD_SM4_ECB, &encrypted, key.public(), &ciphertext))
}

/// SM4, by which mode ECB is meant, and SM4-ECB (GB/T 33560-2017, Table A.1).
const SM4_IDENTIFIERS: [ObjectIdentifier; 2] =
    [ObjectIdentifier::new_unwrap("1.2.156.10197.1.104"), SM4_ECB];
const SM4_ECB: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.104.1");

/// SM4-ECB (GB/T 33560-2017).
const SGD_SM4_ECB: u32 = 0x0000_0401;

/// The encrypted symmetric key, and d under it.
fn encrypt(key: &PrivateKey, receiver: &PublicKey) -> Result<(Ciphertext, [u8; 32]), Error> {
    let mut symmetric = Zeroizing::new([0; 16]);
    rng::fill(&mut *symmetric)?;
    let mut d = Zeroizing::new(*key.expose_bytes());
    ecb::encrypt(&cipher(&symmetric), &mut *d)?;
    Ok((receiver.encrypt(&*symmetric)?, *d))
}

fn decrypt(
    ciphertext: &Ciphertext,
    encrypted: &[u8],
    public: &PublicKey,
    receiver: &dyn Decrypter,
) -> Result<PrivateKey, Error> {
    let symmetric = receiver.decrypt(ciphertext)?;
    let symmetric: &[u8; 16] = symmetric
        .as_slice()
        .try_into()
        .map_err(|_| Error::new(Code::BadKey).field("symEncryptedKey"))?;
    let mut plain = Zeroizing::new(encrypted.to_vec());
    ecb::decrypt(&cipher(symmetric), &mut plain)?;
    let places = [
        // The 32 bytes of d, or 32 zeros and d, both encrypted as one.
        plain.split_last_chunk::<32>().filter(|(before, _)| ct::all_zero(before)),
        // d, then PKCS#7 padding; d encrypted alone, before or after 32 bytes that mean nothing.
        plain.split_first_chunk::<32>().map(|(d, after)| (after, d)),
        plain.split_last_chunk::<32>(),
    ];
    for (_, d) in places.into_iter().flatten() {
        match PrivateKey::from_bytes(d) {
            Ok(key) if key.public() == public => return Ok(key),
            Ok(_) | Err(_) => {}
        }
    }
    Err(Error::new(Code::KeyMismatch).field("key"))
}

fn cipher(key: &[u8; 16]) -> Sm4 {
    Sm4::with_backend(key, crate::primitives::sm4::Backend::default())
}

/// Whole blocks: encoders that take the BIT STRING for a list of flags drop zero bytes at its end.
fn blocks(bits: &[u8]) -> Option<Vec<u8>> {
    let length = bits.len().next_multiple_of(16);
    if !(32..=64).contains(&length) {
        return None;
    }
    let mut blocks = bits.to_vec();
    blocks.resize(length, 0);
    Some(blocks)
}
