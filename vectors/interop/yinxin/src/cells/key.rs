//! Keys in their wrappings: `key.pem` and `key.der`. Files beside them: key files, and `password`
//! where the key is encrypted.

use std::path::Path;

use yinxin::{
    pki::keys::{self, Encryption},
    primitives::sm2::{PrivateKey, PublicKey},
};

use crate::{
    case::{Case, Fault},
    samples,
};

/// Algorithms of PBES2 (RFC 8018): the cipher, and the pseudo-random function of PBKDF2, or scrypt (RFC
/// 7914). A peer is asked for each; ours are those that the core writes.
const ENCRYPTIONS: [(&str, Option<Encryption>); 5] = [
    ("sm4-cbc-hmac-sm3", Some(Encryption::SM4_SM3)),
    ("sm4-cbc-hmac-sha256", Some(Encryption::SM4_SHA256)),
    ("aes-256-cbc-hmac-sha256", Some(Encryption::AES256_SHA256)),
    ("aes-128-cbc-hmac-sha1", None),
    ("aes-256-cbc-scrypt", None),
];

pub(crate) fn make_pkcs8(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    for (name, key) in samples::keys()? {
        Case::make(tasks, "pkcs8", name)?.put_private(&key)?;
        let case = Case::make(ours, "pkcs8", name)?;
        case.put_private(&key)?;
        case.put("key.pem", keys::private_key_to_pem(&key)?.as_bytes())?;
        case.put("key.der", keys::private_key_to_der(&key)?)?;
    }
    Ok(())
}

pub(crate) fn make_sec1(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    for (name, key) in samples::keys()? {
        Case::make(tasks, "sec1", name)?.put_private(&key)?;
        let case = Case::make(ours, "sec1", name)?;
        case.put_private(&key)?;
        case.put("key.pem", keys::private_key_to_sec1_pem(&key)?.as_bytes())?;
        case.put("key.der", keys::private_key_to_sec1(&key)?)?;
    }
    Ok(())
}

pub(crate) fn make_spki(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    for (name, key) in samples::keys()? {
        Case::make(tasks, "spki", name)?.put_private(&key)?;
        let case = Case::make(ours, "spki", name)?;
        case.put_public(key.public())?;
        case.put("key.pem", keys::public_key_to_pem(key.public())?)?;
        case.put("key.der", keys::public_key_to_spki(key.public())?)?;
    }
    Ok(())
}

pub(crate) fn make_encrypted(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    let key = samples::key(0)?;
    let case = |root: &Path, name: &str, password: &str| -> Result<Case, Fault> {
        let case = Case::make(root, "encrypted-key", name)?;
        case.put_private(&key)?;
        case.put("password", password)?;
        Ok(case)
    };
    let put = |name: &str, encryption: &Encryption, password: &str, told: &str| {
        let pem = keys::private_key_to_encrypted(&key, password.as_bytes(), encryption)?;
        case(ours, name, told)?.put("key.pem", pem.as_bytes())
    };
    for (name, encryption) in ENCRYPTIONS {
        for (password_name, password) in samples::PASSWORDS {
            let name = format!("{name}-{password_name}");
            case(tasks, &name, password)?;
            if let Some(encryption) = &encryption {
                put(&name, encryption, password, password)?;
            }
        }
        if let Some(encryption) = &encryption {
            put(&format!("refuse-{name}-wrong-password"), encryption, "correct", "incorrect")?;
        }
    }
    Ok(())
}

/// SM2EnvelopedKey (GB/T 35276-2017, 7.4): `enveloped.der`, for the holder of `receiver.raw`, a private
/// key of 32 bytes, with `receiver-public.raw`; the key files are of the key inside.
pub(crate) fn make_enveloped(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    let receiver = samples::key(12)?;
    let put = |root: &Path, name: &str, key: &PrivateKey| -> Result<Case, Fault> {
        let case = Case::make(root, "enveloped-key", name)?;
        case.put_private(key)?;
        case.put("receiver.raw", receiver.expose_bytes())?;
        case.put("receiver-public.raw", receiver.public().to_sec1())?;
        Ok(case)
    };
    for (name, key) in samples::keys()? {
        put(tasks, name, &key)?;
        let sealed = keys::seal_enveloped(&key, receiver.public())?;
        put(ours, name, &key)?.put("enveloped.der", sealed)?;
    }
    let key = samples::key(0)?;
    let case = put(ours, "refuse-another-receiver", &key)?;
    case.put("enveloped.der", keys::seal_enveloped(&key, samples::key(13)?.public())?)
}

pub(crate) fn check_enveloped(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    let receiver = task.bytes("receiver.raw")?;
    let receiver = <&[u8; 32]>::try_from(receiver.as_slice())?;
    let enveloped = made.bytes("enveloped.der")?;
    same(
        &task.private_key()?,
        &keys::open_enveloped(&enveloped, &PrivateKey::from_bytes(receiver)?)?,
    )?;
    match keys::open_enveloped(&enveloped, &samples::key(13)?) {
        Ok(_) => Err("opens with another key".into()),
        Err(_) => Ok(()),
    }
}

pub(crate) fn check_private(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    for (file, bytes) in made.some_of(&["key.pem", "key.der"])? {
        let read = keys::private_key_from_pem_or_der(&bytes, None);
        same(&task.private_key()?, &read.map_err(|error| format!("{file}: {error}"))?)?;
    }
    Ok(())
}

pub(crate) fn check_encrypted(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    let password = task.bytes("password")?;
    for (file, bytes) in made.some_of(&["key.pem", "key.der"])? {
        let read = keys::private_key_from_pem_or_der(&bytes, Some(&password));
        same(&task.private_key()?, &read.map_err(|error| format!("{file}: {error}"))?)?;
        if keys::private_key_from_pem_or_der(&bytes, Some(b"wrong")).is_ok() {
            return Err(format!("{file}: opens with a wrong password").into());
        }
    }
    Ok(())
}

pub(crate) fn check_spki(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    for (file, bytes) in made.some_of(&["key.pem", "key.der"])? {
        let read: Result<PublicKey, _> = if file.ends_with(".pem") {
            keys::public_key_from_pem(&bytes)
        } else {
            keys::public_key_from_spki(&bytes)
        };
        if read.map_err(|error| format!("{file}: {error}"))? != task.public_key()? {
            return Err(format!("{file}: another key").into());
        }
    }
    Ok(())
}

fn same(wanted: &PrivateKey, found: &PrivateKey) -> Result<(), Fault> {
    if wanted.expose_bytes() == found.expose_bytes() { Ok(()) } else { Err("another key".into()) }
}
