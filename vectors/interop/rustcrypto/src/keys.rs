//! Keys, and what they do by themselves.

use getrandom::SysRng;
use pkcs8::{
    DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _,
    EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef, SecretDocument,
    pkcs5::pbes2::{EncryptionScheme, Kdf, Parameters, Pbkdf2Params, Pbkdf2Prf, Salt},
};
use sm2::{
    PublicKey, SecretKey,
    dsa::{
        Signature, SigningKey, VerifyingKey,
        signature::{RandomizedSigner as _, Verifier as _, rand_core::UnwrapErr},
    },
    elliptic_curve::sec1::ToSec1Point as _,
    pke::{DecryptingKey, EncryptingKey, Mode},
};

use crate::{End, Folder, Refusal, demand};

pub(crate) fn secret(of: &Folder) -> Result<SecretKey, Refusal> {
    Ok(SecretKey::from_slice(&of.bytes("private.raw")?)?)
}

pub(crate) fn public(of: &Folder) -> Result<PublicKey, Refusal> {
    Ok(PublicKey::from_sec1_bytes(&of.bytes("public.raw")?)?)
}

pub(crate) fn verify(of: &Folder) -> End {
    let key = VerifyingKey::new(&of.text("id")?, public(of)?)?;
    let message = of.bytes("message")?;
    key.verify(&message, &Signature::from_slice(&of.bytes("signature.raw")?)?)?;
    let der = sm2::dsa::DerSignature::from_bytes(&of.bytes("signature.der")?)?;
    Ok(key.verify(&message, &Signature::try_from(der)?)?)
}

pub(crate) fn sign(task: &Folder, made: &Folder) -> End {
    let key = SigningKey::new(&task.text("id")?, &secret(task)?)?;
    let wanted = match task.name().as_str() {
        "r-starts-with-zero" => Some(0),
        "s-starts-with-zero" => Some(32),
        _ => None,
    };
    let message = task.bytes("message")?;
    loop {
        let signature: Signature = key.try_sign_with_rng(&mut UnwrapErr(SysRng), &message)?;
        if wanted.is_none_or(|place: usize| signature.to_bytes()[place] == 0) {
            made.put("signature.raw", signature.to_bytes())?;
            return made.put("signature.der", sm2::dsa::DerSignature::from(signature).as_bytes());
        }
    }
}

pub(crate) fn decrypt(of: &Folder) -> End {
    let (key, plaintext) = (secret(of)?, of.bytes("plaintext")?);
    for (file, mode) in [("ciphertext.c1c3c2", Mode::C1C3C2), ("ciphertext.c1c2c3", Mode::C1C2C3)] {
        let key = DecryptingKey::new_with_mode(key.to_nonzero_scalar(), mode);
        demand(key.decrypt(&of.bytes(file)?)? == plaintext, "another plaintext")?;
    }
    if of.has("ciphertext.der") {
        let found = DecryptingKey::new(key).decrypt_der(&of.bytes("ciphertext.der")?)?;
        demand(found == plaintext, "ciphertext.der: another plaintext")?;
    }
    Ok(())
}

pub(crate) fn encrypt(task: &Folder, made: &Folder) -> End {
    let (key, plaintext) = (public(task)?, task.bytes("plaintext")?);
    for (file, mode) in [("ciphertext.c1c3c2", Mode::C1C3C2), ("ciphertext.c1c2c3", Mode::C1C2C3)] {
        let key = EncryptingKey::new_with_mode(key, mode);
        made.put(file, key.encrypt(&mut SysRng, &plaintext)?)?;
    }
    made.put("ciphertext.der", EncryptingKey::new(key).encrypt_der(&mut SysRng, &plaintext)?)
}

fn same(of: &Folder, key: &SecretKey) -> End {
    demand(key.to_bytes()[..] == of.bytes("private.raw")?, "another key")
}

pub(crate) fn take_pkcs8(of: &Folder) -> End {
    same(of, &SecretKey::from_pkcs8_pem(&of.text("key.pem")?)?)?;
    same(of, &SecretKey::from_pkcs8_der(&of.bytes("key.der")?)?)
}

pub(crate) fn make_pkcs8(task: &Folder, made: &Folder) -> End {
    made.put("key.der", secret(task)?.to_pkcs8_der()?.as_bytes())?;
    made.put("key.pem", secret(task)?.to_pkcs8_pem(LineEnding::LF)?.as_bytes())
}

pub(crate) fn take_sec1(of: &Folder) -> End {
    same(of, &SecretKey::from_sec1_pem(&of.text("key.pem")?)?)?;
    same(of, &SecretKey::from_sec1_der(&of.bytes("key.der")?)?)
}

pub(crate) fn make_sec1(task: &Folder, made: &Folder) -> End {
    made.put("key.der", secret(task)?.to_sec1_der()?)?;
    made.put("key.pem", secret(task)?.to_sec1_pem(LineEnding::LF)?.as_bytes())
}

pub(crate) fn take_spki(of: &Folder) -> End {
    for key in [
        PublicKey::from_public_key_pem(&of.text("key.pem")?)?,
        PublicKey::from_public_key_der(&of.bytes("key.der")?)?,
    ] {
        let point = key.to_sec1_point(false);
        demand(point.as_bytes() == of.bytes("public.raw")?, "another key")?;
    }
    Ok(())
}

pub(crate) fn make_spki(task: &Folder, made: &Folder) -> End {
    made.put("key.der", public(task)?.to_public_key_der()?.as_bytes())?;
    made.put("key.pem", public(task)?.to_public_key_pem(LineEnding::LF)?)
}

pub(crate) fn take_encrypted(of: &Folder) -> End {
    let (_, sealed) = SecretDocument::from_pem(&of.text("key.pem")?)?;
    let sealed = EncryptedPrivateKeyInfoRef::try_from(sealed.as_bytes())?;
    let opened = sealed.decrypt(of.bytes("password")?)?;
    same(of, &SecretKey::from_pkcs8_der(opened.as_bytes())?)
}

pub(crate) fn make_encrypted(task: &Folder, made: &Folder) -> End {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    getrandom::fill(&mut salt)?;
    getrandom::fill(&mut iv)?;
    let parameters = if task.name().starts_with("aes-256-cbc-hmac-sha256") {
        Parameters::generate_pbkdf2_sha256_aes256cbc(10_000, &salt, iv)?
    } else if task.name().starts_with("aes-128-cbc-hmac-sha1") {
        let kdf = Kdf::Pbkdf2(Pbkdf2Params {
            salt: Salt::new(salt)?,
            iteration_count: 10_000,
            key_length: None,
            prf: Pbkdf2Prf::HmacWithSha1,
        });
        Parameters { kdf, encryption: EncryptionScheme::Aes128Cbc { iv } }
    } else if task.name().starts_with("aes-256-cbc-scrypt") {
        Parameters::generate_scrypt(&mut SysRng)?
    } else {
        return Err("this pair of cipher and pseudo-random function cannot be asked for".into());
    };
    let plain = secret(task)?.to_pkcs8_der()?;
    let plain = PrivateKeyInfoRef::try_from(plain.as_bytes())?;
    let sealed = plain.encrypt_with_params(parameters, task.bytes("password")?)?;
    made.put("key.pem", sealed.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF)?.as_bytes())
}
