//! SM2: keys, signatures and encryption, one by one and many at once.

use std::hint::black_box;

use sm2::{
    SecretKey,
    dsa::{
        Signature as TheirSignature, SigningKey, VerifyingKey,
        signature::{Signer as _, Verifier as _},
    },
    elliptic_curve::common::getrandom::SysRng,
    pke::{DecryptingKey, EncryptingKey},
};
use yinxin::{
    Error,
    primitives::sm2::{Backend, Claim, DistId, PreparedPublicKey, PrivateKey, verify_many},
};

use crate::measure::{Unit, compare};

const D: [u8; 32] = [0x5a; 32];
const ID: &str = "1234567812345678";
const MESSAGE: [u8; 64] = [0x3c; 64];
const ONE: Unit = Unit::Operations(1);

/// What RustCrypto needs for the same work.
struct Peer {
    key: SigningKey,
    public: VerifyingKey,
    signature: TheirSignature,
    decrypting: DecryptingKey,
    encrypting: EncryptingKey,
}

pub(crate) fn run() {
    let Ok(peer) = peer() else {
        eprintln!("SM2: RustCrypto refuses the key");
        return;
    };
    for backend in Backend::runnable() {
        if let Err(error) = signatures(backend, &peer).and_then(|()| encryption(backend, &peer)) {
            eprintln!("SM2, {backend:?}: {error}");
        }
    }
    if let Err(error) = many(&peer) {
        eprintln!("SM2, many: {error}");
    }
}

fn peer() -> Result<Peer, Box<dyn std::error::Error>> {
    let key = SigningKey::from_slice(ID, &D)?;
    let secret = SecretKey::from_slice(&D)?;
    let public = VerifyingKey::from_sec1_bytes(ID, &key.verifying_key().to_sec1_bytes())?;
    let signature = key.sign(&MESSAGE);
    let encrypting = EncryptingKey::new(secret.public_key());
    Ok(Peer { key, public, signature, decrypting: DecryptingKey::new(secret), encrypting })
}

fn signatures(backend: Backend, peer: &Peer) -> Result<(), Error> {
    let id = &DistId::DEFAULT;
    let key = PrivateKey::from_bytes(&D)?.on(backend);
    let public = key.public();
    let signature = key.sign(&MESSAGE, id)?;
    let prepared = PreparedPublicKey::new(public, id);
    let row = |name: &str| format!("SM2 {name}, {backend:?}");
    let their_verify = || peer.public.verify(black_box(&MESSAGE), &peer.signature).is_ok();

    let sign = || key.sign(black_box(&MESSAGE), id).ok();
    compare(&row("sign"), ONE, sign, || peer.key.sign(black_box(&MESSAGE)));
    let verify = || public.verify(black_box(&MESSAGE), &signature, id).is_ok();
    compare(&row("verify"), ONE, verify, their_verify);
    let verify = || prepared.verify(black_box(&MESSAGE), &signature, id).is_ok();
    compare(&row("verify, prepared key"), ONE, verify, their_verify);
    let prepare = || PreparedPublicKey::new(black_box(public), id);
    compare(&row("prepare a key : verify"), ONE, prepare, their_verify);
    Ok(())
}

fn encryption(backend: Backend, peer: &Peer) -> Result<(), Error> {
    let key = PrivateKey::from_bytes(&D)?.on(backend);
    let public = key.public();
    let ciphertext = public.encrypt(&MESSAGE)?;
    let raw = ciphertext.to_c1c3c2();
    let row = |name: &str| format!("SM2 {name}, {backend:?}");
    compare(
        &row("encrypt 64 B"),
        ONE,
        || public.encrypt(black_box(&MESSAGE)).ok(),
        || peer.encrypting.encrypt(&mut SysRng, black_box(&MESSAGE)).ok(),
    );
    compare(
        &row("decrypt 64 B"),
        ONE,
        || key.decrypt(black_box(&ciphertext)).ok(),
        || peer.decrypting.decrypt(black_box(&raw)).ok(),
    );
    Ok(())
}

/// What picks its backend itself.
fn many(peer: &Peer) -> Result<(), Error> {
    let id = &DistId::DEFAULT;
    let key = PrivateKey::from_bytes(&D)?;
    let signature = key.sign(&MESSAGE, id)?;
    compare("SM2 key pair", ONE, PrivateKey::generate, || SigningKey::from_slice(ID, &D));
    let messages = [&MESSAGE[..]; 64];
    compare(
        "SM2 sign 64 messages",
        Unit::Operations(64),
        || key.sign_many(black_box(&messages), id).ok(),
        || messages.map(|message| peer.key.sign(black_box(message))),
    );
    let claims = [Claim { key: key.public(), message: &MESSAGE, signature: &signature, id }; 64];
    compare(
        "SM2 verify 64 signatures",
        Unit::Operations(64),
        || verify_many(black_box(&claims)),
        || messages.map(|message| peer.public.verify(black_box(message), &peer.signature).is_ok()),
    );
    Ok(())
}
