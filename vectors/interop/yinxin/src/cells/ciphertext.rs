//! Encryption with SM2: ASN.1 (`ciphertext.der`), and 04 ‖ x ‖ y followed by the rest in the order of
//! GB/T 32918.4-2016 (`ciphertext.c1c3c2`) and in the older one (`ciphertext.c1c2c3`).
//!
//! Files: key files, `plaintext`.

use std::path::Path;

use yinxin::primitives::sm2::{Ciphertext, PrivateKey};

use crate::{
    case::{Case, Fault},
    samples,
};

const CELL: &str = "ciphertext";
const PLAINTEXT: &[u8] = b"encryption standard";

pub(crate) fn make(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    for (name, key) in samples::keys()? {
        both(ours, tasks, name, &key, PLAINTEXT)?;
    }
    let key = samples::key(0)?;
    for (name, plaintext) in samples::plaintexts() {
        both(ours, tasks, name, &key, &plaintext)?;
    }
    // C1 is 04, 32 bytes of x, 32 bytes of y: as INTEGERs they then have fewer bytes.
    let short_x = encrypt_until(&key, PLAINTEXT, 1, Zero::There)?;
    put(ours, "c1-x-starts-with-zero", &key, PLAINTEXT, &short_x)?;
    let short_y = encrypt_until(&key, PLAINTEXT, 33, Zero::There)?;
    put(ours, "c1-y-starts-with-zero", &key, PLAINTEXT, &short_y)?;
    // Only t must not be zero (GB/T 32918.4-2016, 6.1, A5; 7.1, B4); C2 may be.
    let byte = b"Z";
    put(ours, "1-byte", &key, byte, &encrypt_until(&key, byte, 97, Zero::NotThere)?)?;
    put(ours, "1-byte-c2-zero", &key, byte, &encrypt_until(&key, byte, 97, Zero::There)?)?;

    let good = key.public().encrypt(PLAINTEXT)?.to_c1c3c2();
    for (name, place) in [("refuse-c3-changed", 65), ("refuse-c2-changed", 97)] {
        let mut changed = good.clone();
        *changed.get_mut(place).ok_or("a short ciphertext")? ^= 1;
        put(ours, name, &key, PLAINTEXT, &Ciphertext::from_c1c3c2(&changed)?)?;
    }
    put_off_curve(ours, &key, &good)
}

/// C1 with its y changed: a point of another curve, which must not be multiplied by the key.
fn put_off_curve(ours: &Path, key: &PrivateKey, good: &[u8]) -> Result<(), Fault> {
    let case = Case::make(ours, CELL, "refuse-c1-off-curve")?;
    let mut bytes = good.to_vec();
    *bytes.get_mut(64).ok_or("a short ciphertext")? ^= 1;
    if Ciphertext::from_c1c3c2(&bytes).and_then(|read| key.decrypt(&read)).is_ok() {
        return Err("we decrypt with a point off the curve".into());
    }
    case.put_private(key)?;
    case.put("plaintext", PLAINTEXT)?;
    let (c1, rest) = bytes.split_at(65);
    let (c3, c2) = rest.split_at(32);
    case.put("ciphertext.c1c2c3", [c1, c2, c3].concat())?;
    case.put("ciphertext.c1c3c2", &bytes)
}

fn both(
    ours: &Path,
    tasks: &Path,
    name: &str,
    key: &PrivateKey,
    plaintext: &[u8],
) -> Result<(), Fault> {
    let task = Case::make(tasks, CELL, name)?;
    task.put_private(key)?;
    task.put("plaintext", plaintext)?;
    put(ours, name, key, plaintext, &key.public().encrypt(plaintext)?)
}

fn put(
    ours: &Path,
    name: &str,
    key: &PrivateKey,
    plaintext: &[u8],
    ciphertext: &Ciphertext,
) -> Result<(), Fault> {
    let case = Case::make(ours, CELL, name)?;
    case.put_private(key)?;
    case.put("plaintext", plaintext)?;
    case.put("ciphertext.der", ciphertext.to_der())?;
    case.put("ciphertext.c1c3c2", ciphertext.to_c1c3c2())?;
    case.put("ciphertext.c1c2c3", ciphertext.to_c1c2c3())
}

/// What is wanted at a place of a ciphertext.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Zero {
    There,
    NotThere,
}

/// A ciphertext, C1 C3 C2, with a zero byte at that place, or without.
fn encrypt_until(
    key: &PrivateKey,
    plaintext: &[u8],
    place: usize,
    wanted: Zero,
) -> Result<Ciphertext, Fault> {
    loop {
        let ciphertext = key.public().encrypt(plaintext)?;
        if (ciphertext.to_c1c3c2().get(place) == Some(&0)) == (wanted == Zero::There) {
            return Ok(ciphertext);
        }
    }
}

pub(crate) fn check(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    let (key, plaintext) = (task.private_key()?, task.bytes("plaintext")?);
    let files = ["ciphertext.der", "ciphertext.c1c3c2", "ciphertext.c1c2c3"];
    for (file, bytes) in made.some_of(&files)? {
        let ciphertext = match file {
            "ciphertext.der" => Ciphertext::from_der(&bytes),
            "ciphertext.c1c3c2" => Ciphertext::from_c1c3c2(&bytes),
            _ => Ciphertext::from_c1c2c3(&bytes),
        };
        let found = ciphertext.and_then(|ciphertext| key.decrypt(&ciphertext));
        if *found.map_err(|error| format!("{file}: {error}"))? != plaintext {
            return Err(format!("{file}: another plaintext").into());
        }
    }
    Ok(())
}
