//! SM2: keys, signatures over a short message with Z, encryption of a key.

use yinxin::{
    Error,
    primitives::sm2::{Backend, DistId, PreparedPublicKey, PrivateKey},
};

use super::measure::{Case, Work, work};

/// One by one; as many as a vector has lanes; as many as share an inversion.
const BATCHES: [usize; 3] = [1, 8, 64];

const ID: DistId = DistId::DEFAULT;

/// Short, as most of what is signed is: a digest, a challenge, the value of a seal.
const MESSAGE: [u8; 64] = [0x3c; 64];

/// What is encrypted with SM2 is a key.
const PLAINTEXT: [u8; 32] = [0x3c; 32];

/// Makes the work of a batch.
type Operation = (&'static str, &'static [usize], fn(Backend, usize) -> Result<Work, Error>);

const OPERATIONS: [Operation; 5] = [
    ("sm2-sign", &BATCHES, sign),
    ("sm2-verify", &[1], |backend, _| verify(backend)),
    ("sm2-verify-prepared", &[1], |backend, _| verify_prepared(backend)),
    ("sm2-encrypt", &[1], |backend, _| encrypt(backend)),
    ("sm2-decrypt", &[1], |backend, _| decrypt(backend)),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (op, batches, operation) in OPERATIONS {
        for backend in Backend::runnable() {
            cases.extend(batches.iter().map(|&batch| Case {
                op,
                backend: backend.name(),
                batch,
                size: None,
                prepare: Box::new(move || operation(backend, batch)),
            }));
        }
    }
    cases
}

fn sign(backend: Backend, batch: usize) -> Result<Work, Error> {
    let key = PrivateKey::generate()?.on(backend);
    Ok(match batch {
        1 => work(move || key.sign(&MESSAGE, &ID)),
        _ => work(move || key.sign_many(&vec![&MESSAGE[..]; batch], &ID)),
    })
}

fn verify(backend: Backend) -> Result<Work, Error> {
    let key = PrivateKey::generate()?.on(backend);
    let signature = key.sign(&MESSAGE, &ID)?;
    Ok(work(move || key.public().verify(&MESSAGE, &signature, &ID)))
}

fn verify_prepared(backend: Backend) -> Result<Work, Error> {
    let key = PrivateKey::generate()?.on(backend);
    let prepared = PreparedPublicKey::new(key.public(), &ID);
    let signature = key.sign(&MESSAGE, &ID)?;
    Ok(work(move || prepared.verify(&MESSAGE, &signature, &ID)))
}

fn encrypt(backend: Backend) -> Result<Work, Error> {
    let key = PrivateKey::generate()?.on(backend).public().clone();
    Ok(work(move || key.encrypt(&PLAINTEXT)))
}

fn decrypt(backend: Backend) -> Result<Work, Error> {
    let key = PrivateKey::generate()?.on(backend);
    let ciphertext = key.public().encrypt(&PLAINTEXT)?;
    Ok(work(move || key.decrypt(&ciphertext)))
}
