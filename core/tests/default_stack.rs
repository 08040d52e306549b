//! Every operation fits into the stack that a thread gets by default, also in a build without optimisation,
//! which is how people first run the tests of their own programs: `make unoptimised`.

#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

use std::thread;

use yinxin::primitives::{
    sm2::{
        Backend, Claim, DistId, PreparedPublicKey, PrivateKey,
        exchange::{Exchange, Peer, Role},
        verify_many,
    },
    sm3, sm4,
};

/// What `std::thread` gives, whatever `RUST_MIN_STACK` says.
const STACK: usize = 2 << 20;

const ID: DistId = DistId::DEFAULT;
const MESSAGE: &[u8] = b"message";

/// A thread that runs out of its stack ends the process.
fn on_a_thread(run: fn()) {
    thread::Builder::new().stack_size(STACK).spawn(run).unwrap().join().unwrap();
}

#[test]
fn one_by_one() {
    on_a_thread(|| {
        for backend in Backend::runnable() {
            let key = PrivateKey::generate().unwrap().on(backend);
            let signature = key.sign(MESSAGE, &ID).unwrap();
            key.public().verify(MESSAGE, &signature, &ID).unwrap();
            let sealed = key.public().encrypt(MESSAGE).unwrap();
            assert_eq!(**key.decrypt(&sealed).unwrap(), *MESSAGE);
            let prepared = PreparedPublicKey::new(key.public(), &ID);
            prepared.verify(MESSAGE, &signature, &ID).unwrap();
            let sealed = prepared.encrypt(MESSAGE).unwrap();
            assert_eq!(**key.decrypt(&sealed).unwrap(), *MESSAGE);
            let begin = |role| Exchange::begin(role, &key, &ID).unwrap();
            let (ours, theirs) = (begin(Role::Initiator), begin(Role::Responder).message());
            ours.agree(&Peer { key: key.public(), id: &ID }, &theirs, 16).unwrap();
        }
    });
}

#[test]
fn many_at_once() {
    on_a_thread(|| {
        for backend in Backend::runnable() {
            assert_eq!(backend.keygen_many(20).unwrap().len(), 20);
            let key = PrivateKey::generate().unwrap().on(backend);
            let messages = [MESSAGE; 20];
            let signatures = key.sign_many(&messages, &ID).unwrap();
            let claims: Vec<Claim<'_>> = signatures
                .iter()
                .map(|signature| Claim { key: key.public(), message: MESSAGE, signature, id: &ID })
                .collect();
            assert!(verify_many(&claims).iter().all(Result::is_ok));
            assert!(backend.verify_many(&claims).iter().all(Result::is_ok));
            let prepared = PreparedPublicKey::new(key.public(), &ID);
            let claims: Vec<_> = signatures.iter().map(|signature| (MESSAGE, signature)).collect();
            assert!(prepared.verify_many(&claims).iter().all(Result::is_ok));
            for sealed in [key.public().encrypt_many(&messages), prepared.encrypt_many(&messages)] {
                let sealed: Vec<_> = sealed.into_iter().map(Result::unwrap).collect();
                let sealed: Vec<_> = sealed.iter().collect();
                assert!(key.decrypt_many(&sealed).iter().all(Result::is_ok));
            }
        }
    });
}

#[test]
fn digests_and_ciphers() {
    on_a_thread(|| {
        let text = [7; 3008];
        for backend in sm3::Backend::runnable() {
            let digests = backend.hash_many(&[&text[..]; 33]);
            assert!(digests.iter().all(|digest| *digest == backend.hash(&text)));
            let key = sm3::HmacKey::with_backend(backend, b"key");
            assert_eq!(key.mac_many(&[&text[..]; 33])[0], *key.mac(&[&text]));
        }
        for backend in sm4::Backend::runnable() {
            let cipher = sm4::Sm4::with_backend(&[1; 16], backend);
            let gcm = sm4::gcm::Gcm::with_cipher(cipher.clone());
            let sealed = gcm.seal(&[1; 20], b"", &text).unwrap();
            assert_eq!(**gcm.open(&[1; 20], b"", &sealed).unwrap(), text);
            let mut data = [text; 3];
            let mut messages: Vec<(sm4::Block, &mut [u8])> =
                data.iter_mut().map(|data| ([0; 16], data.as_mut_slice())).collect();
            sm4::cbc::encrypt_many(&cipher, &mut messages).unwrap();
            for data in &mut data {
                sm4::cbc::decrypt_in_place(&cipher, &[0; 16], data).unwrap();
            }
            assert_eq!(data, [text; 3]);
            let key = std::array::from_fn(|i| u8::from(i == 0));
            let xts = sm4::xts::Xts::with_backend(&key, sm4::xts::Order::Gbt17964, backend);
            xts.unwrap().encrypt_in_place(&[0; 16], &mut data[0]).unwrap();
            sm4::cfb::decrypt_in_place(&cipher, &[0; 16], &mut data[1]);
            sm4::ofb::xor_in_place(&cipher, &[0; 16], &mut data[2]);
            assert_ne!(data, [text; 3]);
        }
    });
}
