//! SM2: keys, signatures over a short message with Z, encryption of a key.

use yinxin::{
    Error,
    primitives::sm2::{
        Backend, Ciphertext, Claim, DistId, PreparedPublicKey, PrivateKey, PublicKey, Signature,
        exchange::{Exchange, Peer, Role},
    },
};

use super::measure::{Case, Work, work};

/// One by one; as many as a vector has lanes; as many as share an inversion.
const BATCHES: &[usize] = &[1, 8, 64];

/// Where the core has nothing for many.
const ALONE: &[usize] = &[1];

const ID: DistId = DistId::DEFAULT;

/// Short, as most of what is signed is: a digest, a challenge, the value of a seal.
const MESSAGE: [u8; 64] = [0x3c; 64];

/// What is encrypted with SM2 is a key.
const PLAINTEXT: [u8; 32] = [0x3c; 32];

/// The key that two parties agree on is one of SM4.
const KEY_BYTES: usize = 16;

/// A name, the batches, and what makes the work of one.
type Operation = (&'static str, &'static [usize], fn(Backend, usize) -> Result<Work, Error>);

const OPERATIONS: [Operation; 8] = [
    ("sm2-sign", BATCHES, sign),
    ("sm2-verify", BATCHES, verify),
    ("sm2-verify-prepared", BATCHES, verify_prepared),
    ("sm2-keygen", BATCHES, keygen),
    ("sm2-encrypt", BATCHES, encrypt),
    ("sm2-encrypt-prepared", BATCHES, encrypt_prepared),
    ("sm2-decrypt", BATCHES, decrypt),
    ("sm2-exchange", ALONE, exchange),
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

/// In a batch every signature is of another key.
fn verify(backend: Backend, batch: usize) -> Result<Work, Error> {
    let signed = (0..batch).map(|_| {
        let key = PrivateKey::generate()?.on(backend);
        Ok((key.public().clone(), key.sign(&MESSAGE, &ID)?))
    });
    let signed = signed.collect::<Result<Vec<(PublicKey, Signature)>, Error>>()?;
    Ok(match batch {
        1 => work(move || {
            signed.iter().try_for_each(|(key, signature)| key.verify(&MESSAGE, signature, &ID))
        }),
        _ => work(move || {
            let claim = |(key, signature)| Claim { key, message: &MESSAGE, signature, id: &ID };
            let claims: Vec<_> =
                signed.iter().map(|(key, signature)| claim((key, signature))).collect();
            backend.verify_many(&claims).into_iter().collect::<Result<(), Error>>()
        }),
    })
}

/// All signatures of a batch are of one key.
fn verify_prepared(backend: Backend, batch: usize) -> Result<Work, Error> {
    let key = PrivateKey::generate()?.on(backend);
    let prepared = PreparedPublicKey::new(key.public(), &ID);
    let signatures = key.sign_many(&vec![&MESSAGE[..]; batch], &ID)?;
    Ok(match batch {
        1 => work(move || {
            signatures.iter().try_for_each(|signature| prepared.verify(&MESSAGE, signature, &ID))
        }),
        _ => work(move || {
            let claims: Vec<_> =
                signatures.iter().map(|signature| (&MESSAGE[..], signature)).collect();
            prepared.verify_many(&claims).into_iter().collect::<Result<(), Error>>()
        }),
    })
}

/// What one party computes: its ephemeral key pair, and the shared key from the message of the other.
fn exchange(backend: Backend, _: usize) -> Result<Work, Error> {
    let [own, other] =
        [PrivateKey::generate()?, PrivateKey::generate()?].map(|key| key.on(backend));
    let message = Exchange::begin(Role::Responder, &other, &ID)?.message();
    Ok(work(move || {
        let peer = Peer { key: other.public(), id: &ID };
        Exchange::begin(Role::Initiator, &own, &ID)?.agree(&peer, &message, KEY_BYTES)
    }))
}

fn keygen(backend: Backend, batch: usize) -> Result<Work, Error> {
    Ok(work(move || backend.keygen_many(batch)))
}

fn encrypt(backend: Backend, batch: usize) -> Result<Work, Error> {
    let key = PrivateKey::generate()?.on(backend).public().clone();
    Ok(match batch {
        1 => work(move || key.encrypt(&PLAINTEXT)),
        _ => work(move || all(key.encrypt_many(&vec![&PLAINTEXT[..]; batch]))),
    })
}

fn encrypt_prepared(backend: Backend, batch: usize) -> Result<Work, Error> {
    let key = PrivateKey::generate()?.on(backend);
    let prepared = PreparedPublicKey::new(key.public(), &ID);
    Ok(match batch {
        1 => work(move || prepared.encrypt(&PLAINTEXT)),
        _ => work(move || all(prepared.encrypt_many(&vec![&PLAINTEXT[..]; batch]))),
    })
}

fn decrypt(backend: Backend, batch: usize) -> Result<Work, Error> {
    let key = PrivateKey::generate()?.on(backend);
    let ciphertexts = (0..batch).map(|_| key.public().encrypt(&PLAINTEXT));
    let ciphertexts = ciphertexts.collect::<Result<Vec<Ciphertext>, Error>>()?;
    Ok(match batch {
        1 => work(move || {
            ciphertexts.iter().map(|one| key.decrypt(one)).collect::<Result<Vec<_>, _>>()
        }),
        _ => work(move || all(key.decrypt_many(&ciphertexts.iter().collect::<Vec<_>>()))),
    })
}

fn all<T>(results: Vec<Result<T, Error>>) -> Result<Vec<T>, Error> {
    results.into_iter().collect()
}
