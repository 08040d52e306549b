//! Both directions against the RustCrypto crate `sm2`.

use ::sm2::{
    dsa::{
        SigningKey, VerifyingKey,
        signature::{Signer as _, Verifier as _},
    },
    elliptic_curve::{common::getrandom::SysRng, sec1::ToSec1Point as _},
    pke::{DecryptingKey, EncryptingKey, Mode},
};

use super::*;

const ID: &str = "ALICE123@YAHOO.COM";

#[test]
fn signatures_agree_with_rustcrypto() {
    let mut stream = Stream(30);
    let id = DistId::new(ID.as_bytes()).unwrap();
    for _ in 0..40 {
        let key = stream.key();
        let peer = SigningKey::from_slice(ID, key.expose_bytes()).unwrap();
        let peer_public = peer.as_nonzero_scalar();
        let peer_public = ::sm2::PublicKey::from_secret_scalar(peer_public).to_sec1_point(false);
        assert_eq!(key.public().to_sec1(), peer_public.as_bytes());
        let compressed = peer_public.compress();
        assert_eq!(key.public().to_sec1_compressed(), compressed.as_bytes());

        let message = stream.message();
        let theirs: ::sm2::dsa::Signature = peer.sign(&message);
        let theirs = Signature::from_bytes(&theirs.to_bytes().into()).unwrap();
        key.public().verify(&message, &theirs, &id).unwrap();
        let prepared = PreparedPublicKey::new(key.public(), &DistId::DEFAULT);
        prepared.verify(&message, &theirs, &id).unwrap();

        let ours = key.sign(&message, &id).unwrap();
        let ours = ::sm2::dsa::Signature::from_bytes(&ours.to_bytes().into()).unwrap();
        let verifier = VerifyingKey::from_sec1_bytes(ID, &key.public().to_sec1()).unwrap();
        verifier.verify(&message, &ours).unwrap();
    }
}

#[test]
fn ciphertexts_agree_with_rustcrypto() {
    let mut stream = Stream(31);
    let mut random = SysRng;
    // About the lengths that fill a block of SM3, and the key stream of one digest.
    let edges = [1, 15, 16, 31, 32, 33, 54, 55, 56, 63, 64, 65, 96];
    for round in 0..40 {
        let key = stream.key();
        let mut message = stream.message();
        if let Some(&length) = edges.get(round) {
            message.resize(length, 0x5a);
        }
        let secret = ::sm2::SecretKey::from_slice(key.expose_bytes()).unwrap();
        let scalar = secret.to_nonzero_scalar();
        for mode in [Mode::C1C3C2, Mode::C1C2C3] {
            let peer = DecryptingKey::new_with_mode(scalar, mode);
            let ours = key.public().encrypt(&message).unwrap();
            let ours_raw = match mode {
                Mode::C1C3C2 => ours.to_c1c3c2(),
                Mode::C1C2C3 => ours.to_c1c2c3(),
            };
            assert_eq!(peer.decrypt(&ours_raw).unwrap(), message);
            let public = EncryptingKey::new_with_mode(secret.public_key(), mode);
            let theirs = public.encrypt(&mut random, &message).unwrap();
            let theirs = match mode {
                Mode::C1C3C2 => Ciphertext::from_c1c3c2(&theirs),
                Mode::C1C2C3 => Ciphertext::from_c1c2c3(&theirs),
            };
            assert_eq!(**key.decrypt(&theirs.unwrap()).unwrap(), message[..]);
        }
        let peer = DecryptingKey::new(secret.clone());
        let ours = key.public().encrypt(&message).unwrap();
        assert_eq!(peer.decrypt_der(&ours.to_der()).unwrap(), message);
        let public = EncryptingKey::new(secret.public_key());
        let theirs = public.encrypt_der(&mut random, &message).unwrap();
        let theirs = Ciphertext::from_der(&theirs).unwrap();
        assert_eq!(**key.decrypt(&theirs).unwrap(), message[..]);
    }
}
