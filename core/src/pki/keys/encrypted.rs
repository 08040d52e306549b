//! Encrypted PKCS#8 (RFC 5958, 3) with the choices that the plain functions make for the caller.

use zeroize::Zeroizing;

use super::{Encryption, Legacy, pbes2, private};
use crate::{
    error::{Code, Error},
    limits,
    pki::pem,
    primitives::sm2::PrivateKey,
};

/// Opens an encrypted SM2 private key, PEM (`ENCRYPTED PRIVATE KEY`) or DER, also one that is encrypted
/// in a broken way, where `legacy` allows it.
///
/// `password` is taken as it is; the schemes of PKCS#12, which take text, need UTF-8.
///
/// # Errors
/// [`Code::WrongPassword`], [`Code::LegacyEncryption`]; [`Code::BadPem`] if the text holds no such key;
/// [`Code::BadKey`], [`Code::UnsupportedAlgorithm`], [`Code::BadPrivateKey`], [`Code::KeyMismatch`] as
/// for a plain one; [`Code::BadUtf8`]; [`Code::LimitReached`] past [`limits::KEY_BYTES_MAX`] or those of
/// the derivation.
pub fn private_key_from_encrypted(
    bytes: &[u8],
    password: &[u8],
    legacy: Legacy,
) -> Result<PrivateKey, Error> {
    if bytes.len() > limits::KEY_BYTES_MAX {
        return Err(Error::limit("KEY_BYTES_MAX"));
    }
    if !pem::is_pem(bytes) {
        return decrypt(bytes, password, legacy);
    }
    let blocks = pem::blocks(bytes)?;
    let block = blocks.iter().find(|block| block.label == LABEL);
    let none = Error::new(Code::BadPem).field("PEM without an encrypted key");
    decrypt(&block.ok_or(none)?.der, password, legacy)
}

/// The key as encrypted PKCS#8 in PEM, encrypted as `encryption` says.
///
/// # Errors
/// [`Code::NoRandomness`].
pub fn private_key_to_encrypted(
    key: &PrivateKey,
    password: &[u8],
    encryption: &Encryption,
) -> Result<Zeroizing<String>, Error> {
    let der = pbes2::encrypt(&private::to_pkcs8(key)?, password, encryption)?;
    Ok(Zeroizing::new(pem::encode(LABEL, &der)))
}

const LABEL: &str = "ENCRYPTED PRIVATE KEY";

/// The key in an EncryptedPrivateKeyInfo.
pub(super) fn decrypt(der: &[u8], password: &[u8], legacy: Legacy) -> Result<PrivateKey, Error> {
    let plain = pbes2::decrypt(der, password, legacy)?;
    // With a wrong password 1 of 256 paddings looks right: noise is then no PKCS#8 at all. The places
    // of errors would be those of the plaintext.
    match private::kind(&plain) {
        Ok(private::Kind::Pkcs8) => private::from_pkcs8(&plain).map_err(Error::without_place),
        // Noise does not look like an ECPrivateKey either: somebody has encrypted the wrong structure.
        Ok(private::Kind::Sec1) => Err(Error::new(Code::BadKey).field("PrivateKeyInfo")),
        Ok(private::Kind::Encrypted) | Err(_) => {
            Err(Error::new(Code::WrongPassword).field("password"))
        }
    }
}

#[cfg(test)]
mod tests {
    use yinxin_vectors::load;

    use super::*;

    /// The old schemes open where they are allowed; scrypt and rarer forms of PBES2 always.
    #[test]
    fn keys_that_others_encrypted() {
        let gmsm = load("keys/gmsm_encrypted.json");
        for case in load("keys/openssl_encrypted.json").into_iter().chain(gmsm) {
            let (der, password) = (case.bytes("der_b64"), case.bytes("password_text"));
            let text = pem::encode(LABEL, &der);
            let legacy = case.get("legacy").unwrap().as_bool().unwrap();
            let open = |legacy, password: &[u8]| {
                private_key_from_encrypted(&der, password, legacy).map_err(|error| error.code())
            };
            if !case.valid() {
                let code = open(Legacy::Allowed, &password).unwrap_err();
                assert_eq!(code.name(), case.text("error"), "{case}");
                continue;
            }
            let key = open(Legacy::Allowed, &password).unwrap_or_else(|e| panic!("{case}: {e:?}"));
            assert_eq!(key.expose_bytes(), &case.array("d"), "{case}");
            let again = private_key_from_encrypted(text.as_bytes(), &password, Legacy::Allowed);
            assert_eq!(again.unwrap().expose_bytes(), key.expose_bytes(), "{case}");
            let refused = open(Legacy::Refused, &password).err();
            assert_eq!(refused, legacy.then_some(Code::LegacyEncryption), "{case}");
        }
    }

    /// Of many wrong passwords some give noise that ends in padding.
    #[test]
    fn a_wrong_password_is_told_where_the_padding_looks_right() {
        let cases = load("keys/openssl_encrypted.json");
        let case = cases.iter().find(|case| case.id() == "v2-aes-sha512-224").unwrap();
        let (der, mut looked_right) = (case.bytes("der_b64"), 0);
        for number in 0..1500 {
            let password = format!("wrong {number}");
            let plain = pbes2::decrypt(&der, password.as_bytes(), Legacy::Refused);
            looked_right += usize::from(plain.is_ok());
            let read = private_key_from_encrypted(&der, password.as_bytes(), Legacy::Refused);
            assert_eq!(read.err().map(|error| error.code()), Some(Code::WrongPassword));
        }
        assert!(looked_right > 0);
    }

    #[test]
    fn every_choice_of_the_writer_is_read() {
        let few = limits::PBKDF2_ITERATIONS_MIN;
        let key = PrivateKey::generate().unwrap();
        for encryption in [Encryption::SM4_SM3, Encryption::SM4_SHA256, Encryption::AES256_SHA256] {
            let encryption = encryption.with_iterations(few).unwrap();
            let text = private_key_to_encrypted(&key, "口令".as_bytes(), &encryption).unwrap();
            let open = |password: &str| {
                private_key_from_encrypted(text.as_bytes(), password.as_bytes(), Legacy::Refused)
            };
            assert_eq!(open("口令").unwrap().expose_bytes(), key.expose_bytes());
            assert_eq!(open("口").err().unwrap().code(), Code::WrongPassword, "{encryption:?}");
            assert_eq!(encryption.with_iterations(few - 1).unwrap_err().code(), Code::BadArgument);
            let most = limits::PBKDF2_ITERATIONS_MAX;
            assert_eq!(encryption.with_iterations(most).unwrap().iterations(), most);
            let over = encryption.with_iterations(most + 1).unwrap_err();
            assert_eq!(over.field_name(), Some("PBKDF2_ITERATIONS_MAX"));
        }
    }

    #[test]
    fn other_forms_are_refused() {
        let read =
            |bytes: &[u8]| private_key_from_encrypted(bytes, b"x", Legacy::Allowed).err().unwrap();
        assert_eq!(read(b"").code(), Code::BadKey);
        let plain = private::to_pkcs8(&PrivateKey::generate().unwrap()).unwrap();
        assert_eq!(read(&plain).code(), Code::BadKey);
        assert_eq!(read(pem::encode("PRIVATE KEY", &plain).as_bytes()).code(), Code::BadPem);
        assert_eq!(read(&vec![0; limits::KEY_BYTES_MAX]).code(), Code::BadKey);
        let over = read(&vec![0; limits::KEY_BYTES_MAX + 1]);
        assert_eq!(over.field_name(), Some("KEY_BYTES_MAX"));
    }
}
