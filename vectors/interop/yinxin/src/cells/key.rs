//! Keys in their wrappings: `key.pem` and `key.der`. Files beside them: key files, and `password`
//! where the key is encrypted.

use std::path::Path;

use yinxin::{
    pki::keys,
    primitives::sm2::{PrivateKey, PublicKey},
};

use crate::{
    case::{Case, Fault},
    samples,
};

/// Algorithms of PBES2 (RFC 8018) that a peer is asked for: the cipher, and the pseudo-random function of
/// PBKDF2, or scrypt (RFC 7914).
const ENCRYPTIONS: &[&str] = &[
    "sm4-cbc-hmac-sm3",
    "sm4-cbc-hmac-sha256",
    "aes-256-cbc-hmac-sha256",
    "aes-128-cbc-hmac-sha1",
    "aes-256-cbc-scrypt",
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
    for (name, password) in samples::PASSWORDS {
        let case = Case::make(ours, "encrypted-key", name)?;
        case.put_private(&key)?;
        case.put("password", password)?;
        let pem = keys::private_key_to_encrypted_pem(&key, password.as_bytes())?;
        case.put("key.pem", pem.as_bytes())?;
        for encryption in ENCRYPTIONS {
            let task = Case::make(tasks, "encrypted-key", &format!("{encryption}-{name}"))?;
            task.put_private(&key)?;
            task.put("password", password)?;
        }
    }
    let case = Case::make(ours, "encrypted-key", "refuse-wrong-password")?;
    case.put_private(&key)?;
    case.put("password", "incorrect")?;
    let pem = keys::private_key_to_encrypted_pem(&key, b"correct")?;
    case.put("key.pem", pem.as_bytes())
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
