//! Signatures with SM2 over messages: DER (`signature.der`) and r ‖ s (`signature.raw`).
//!
//! Files: key files, `message`, `id`.

use std::path::Path;

use yinxin::primitives::sm2::{DistId, PrivateKey, PublicKey, Signature};

use crate::{
    case::{Case, Fault},
    samples,
};

const CELL: &str = "signature";
const MESSAGE: &[u8] = b"message digest";

pub(crate) fn make(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    let default = DistId::DEFAULT;
    for (name, key) in samples::keys()? {
        both(ours, tasks, name, &key, MESSAGE, &default)?;
    }
    let key = samples::key(0)?;
    for (name, message) in samples::messages() {
        both(ours, tasks, name, &key, &message, &default)?;
    }
    for (name, id) in samples::identifiers() {
        both(ours, tasks, name, &key, MESSAGE, &DistId::new(id.as_bytes())?)?;
    }
    // A peer asked for these signs until r or s is short.
    task(tasks, "r-starts-with-zero", &key, MESSAGE, &default)?;
    task(tasks, "s-starts-with-zero", &key, MESSAGE, &default)?;
    let short_r = sign_until(&key, |signature| signature[0] == 0)?;
    put(ours, "r-starts-with-zero", key.public(), MESSAGE, &default, &short_r)?;
    let short_s = sign_until(&key, |signature| signature[32] == 0)?;
    put(ours, "s-starts-with-zero", key.public(), MESSAGE, &default, &short_s)?;
    make_refused(ours, &key)
}

fn make_refused(ours: &Path, key: &PrivateKey) -> Result<(), Fault> {
    let default = DistId::DEFAULT;
    let signature = key.sign(MESSAGE, &default)?;
    let public = key.public();
    put(ours, "refuse-other-message", public, b"message digesT", &default, &signature)?;
    put(ours, "refuse-other-id", public, MESSAGE, &DistId::new(b"1234567812345679")?, &signature)?;
    put(ours, "refuse-other-key", samples::key(1)?.public(), MESSAGE, &default, &signature)?;
    let [r, s] = halves(&signature);
    put_raw(ours, "refuse-r-and-s-swapped", public, &s, &r)?;
    put_raw(ours, "refuse-r-zero", public, &[0; 32], &s)?;
    put_raw(ours, "refuse-s-zero", public, &r, &[0; 32])?;
    put_raw(ours, "refuse-s-is-n", public, &r, &ORDER)
}

/// GB/T 32918.5-2017: n, big-endian.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x72, 0x03, 0xdf, 0x6b, 0x21, 0xc6, 0x05, 0x2b, 0x53, 0xbb, 0xf4, 0x09, 0x39, 0xd5, 0x41, 0x23,
];

fn both(
    ours: &Path,
    tasks: &Path,
    name: &str,
    key: &PrivateKey,
    message: &[u8],
    id: &DistId,
) -> Result<(), Fault> {
    task(tasks, name, key, message, id)?;
    put(ours, name, key.public(), message, id, &key.sign(message, id)?)
}

fn task(
    tasks: &Path,
    name: &str,
    key: &PrivateKey,
    message: &[u8],
    id: &DistId,
) -> Result<(), Fault> {
    let case = Case::make(tasks, CELL, name)?;
    case.put_private(key)?;
    case.put("message", message)?;
    case.put("id", id.as_bytes())
}

fn put(
    ours: &Path,
    name: &str,
    key: &PublicKey,
    message: &[u8],
    id: &DistId,
    signature: &Signature,
) -> Result<(), Fault> {
    let case = Case::make(ours, CELL, name)?;
    case.put_public(key)?;
    case.put("message", message)?;
    case.put("id", id.as_bytes())?;
    case.put("signature.raw", signature.to_bytes())?;
    case.put("signature.der", signature.to_der())
}

/// A signature with numbers that the type [`Signature`] does not take.
fn put_raw(
    ours: &Path,
    name: &str,
    key: &PublicKey,
    r: &[u8; 32],
    s: &[u8; 32],
) -> Result<(), Fault> {
    let case = Case::make(ours, CELL, name)?;
    case.put_public(key)?;
    case.put("message", MESSAGE)?;
    case.put("id", DistId::DEFAULT.as_bytes())?;
    case.put("signature.raw", [*r, *s].concat())?;
    let numbers = [der_integer(r), der_integer(s)].concat();
    case.put("signature.der", [&[0x30, u8::try_from(numbers.len())?], &numbers[..]].concat())
}

/// The INTEGER of 32 bytes at most, minimal.
fn der_integer(bytes: &[u8; 32]) -> Vec<u8> {
    let mut digits: Vec<u8> = bytes.iter().copied().skip_while(|&byte| byte == 0).collect();
    if digits.first().is_none_or(|&first| first >= 0x80) {
        digits.insert(0, 0);
    }
    let length = u8::try_from(digits.len()).unwrap_or(u8::MAX);
    [&[2, length], &digits[..]].concat()
}

fn halves(signature: &Signature) -> [[u8; 32]; 2] {
    let (mut r, mut s) = ([0; 32], [0; 32]);
    for (place, byte) in r.iter_mut().chain(&mut s).zip(signature.to_bytes()) {
        *place = byte;
    }
    [r, s]
}

/// Signatures are random: 1 of 256 is wanted.
fn sign_until(key: &PrivateKey, wanted: impl Fn(&[u8; 64]) -> bool) -> Result<Signature, Fault> {
    loop {
        let signature = key.sign(MESSAGE, &DistId::DEFAULT)?;
        if wanted(&signature.to_bytes()) {
            return Ok(signature);
        }
    }
}

pub(crate) fn check(name: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    let (key, message, id) = (task.public_key()?, task.bytes("message")?, task.dist_id()?);
    for (file, bytes) in made.some_of(&["signature.der", "signature.raw"])? {
        let signature = if file.ends_with(".der") {
            Signature::from_der(&bytes)?
        } else {
            let bytes = <&[u8; 64]>::try_from(bytes.as_slice());
            Signature::from_bytes(bytes.map_err(|_| "signature.raw: not 64 bytes")?)?
        };
        key.verify(&message, &signature, &id)?;
        let [r, s] = halves(&signature);
        if name == "r-starts-with-zero" && r[0] != 0 || name == "s-starts-with-zero" && s[0] != 0 {
            return Err("the wanted byte is not zero".into());
        }
        if key.verify(b"another message", &signature, &id).is_ok() {
            return Err("verifies over another message".into());
        }
    }
    Ok(())
}
