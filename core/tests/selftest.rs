//! The state after a failed self-test, in processes of their own: it is reached through the known answers,
//! it refuses every algorithm, and nothing leads out of it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails loudly"
)]

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    process::Command,
};

use cipher::KeyInit as _;
use digest::Digest as _;
use yinxin::{
    Code, Error,
    primitives::{
        selftest,
        sm2::{
            self, Ciphertext, Claim, DistId, PreparedPublicKey, PrivateKey, PublicKey, Signature,
            exchange::{Agreement, Exchange, Peer, Role},
        },
        sm3::{self, HmacKey, Sm3},
        sm4::{
            self, Sm4, cbc, cbc_mac,
            ccm::{self, Ccm},
            cfb,
            cmac::Cmac,
            ctr, ecb,
            gcm::{self, Gcm},
            key_wrap, ofb,
            xts::{Order, Xts},
        },
    },
};

/// Tells this program, started again, which algorithm to make fail.
const ALTERED: &str = "YINXIN_TEST_ALTERED";

const MESSAGE: &[u8] = b"message";

/// Runs `test` again in a process of its own, in which `algorithm` is to fail.
fn in_a_process(test: &str, algorithm: &str) {
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(ALTERED, algorithm)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{algorithm}: {text}");
    assert!(text.contains("1 passed"), "{algorithm}: {text}");
}

/// The algorithm to make fail, in the process that was started for it.
fn altered() -> Option<String> {
    std::env::var(ALTERED).ok()
}

/// A call that returns no `Result`.
type Call<'a> = Box<dyn FnOnce() + 'a>;

/// Everything that serves before the failure, with which service is asked for after it.
struct Made {
    key: PrivateKey,
    prepared: PreparedPublicKey,
    signature: Signature,
    ciphertext: Ciphertext,
    hash: Sm3,
    mac: HmacKey,
    cipher: Sm4,
    gcm: Gcm,
    ccm: Ccm,
    xts: Xts,
    cmac: Cmac,
    /// With keystream made ahead.
    ctr: ctr::Ctr,
    exchanges: Used<Exchange<'static>>,
    agreements: Used<Agreement>,
    gcm_encryptors: Used<gcm::Encryptor>,
    gcm_decryptors: Used<gcm::Decryptor>,
    authenticators: Used<gcm::Authenticator>,
    ccm_encryptors: Used<ccm::Encryptor>,
    ccm_decryptors: Used<ccm::Decryptor>,
    ccm_authenticators: Used<ccm::Authenticator>,
}

/// What a call uses up: enough of it for every round.
struct Used<T>(RefCell<Vec<T>>);

impl<T> Used<T> {
    fn new(make: impl Fn() -> T) -> Self {
        Self(RefCell::new((0..16).map(|_| make()).collect()))
    }

    fn take(&self) -> T {
        self.0.borrow_mut().pop().expect("enough")
    }
}

impl Made {
    fn new() -> Self {
        let key = PrivateKey::generate().unwrap();
        let cipher = Sm4::new(&[1; 16].into());
        let xts = std::array::from_fn(|i| u8::try_from(i).unwrap());
        let id = &DistId::DEFAULT;
        let other: &PrivateKey = Box::leak(Box::new(PrivateKey::generate().unwrap()));
        let exchange = || Exchange::begin(Role::Initiator, other, id).unwrap();
        let peer = Peer { key: key.public(), id };
        let point = Exchange::begin(Role::Responder, &key, id).unwrap().message();
        let gcm = Gcm::with_cipher(cipher.clone());
        let ccm = Ccm::with_cipher(cipher.clone());
        let mut ctr = ctr::Ctr::new(cipher.clone(), &[0; 16]);
        ctr.xor_in_place(&mut [0; 1]);
        Self {
            ctr,
            exchanges: Used::new(exchange),
            agreements: Used::new(|| exchange().agree(&peer, &point, 16).unwrap()),
            gcm_encryptors: Used::new(|| gcm::Encryptor::new(gcm.clone(), &[0; 12], &[]).unwrap()),
            gcm_decryptors: Used::new(|| {
                gcm::Decryptor::unverified(gcm.clone(), &[0; 12], &[]).unwrap()
            }),
            authenticators: Used::new(|| {
                gcm::Authenticator::new(gcm.clone(), &[0; 12], &[]).unwrap()
            }),
            ccm_encryptors: Used::new(|| {
                ccm::Encryptor::new(ccm.clone(), &[0; 12], &[], 1).unwrap()
            }),
            ccm_decryptors: Used::new(|| {
                ccm::Decryptor::unverified(ccm.clone(), &[0; 12], &[], 1).unwrap()
            }),
            ccm_authenticators: Used::new(|| {
                ccm::Authenticator::new(ccm.clone(), &[0; 12], &[], 1).unwrap()
            }),
            prepared: PreparedPublicKey::new(key.public(), &DistId::DEFAULT),
            signature: key.sign(MESSAGE, &DistId::DEFAULT).unwrap(),
            ciphertext: key.public().encrypt(MESSAGE).unwrap(),
            hash: Sm3::new(),
            mac: HmacKey::new(MESSAGE),
            gcm,
            ccm,
            xts: Xts::new(&xts, Order::Gbt17964).unwrap(),
            cmac: Cmac::with_cipher(cipher.clone()),
            cipher,
            key,
        }
    }

    /// Every call that has an error to return, under its name.
    fn fallible(&self) -> Vec<(&'static str, Result<(), Error>)> {
        let Self { key, signature, .. } = self;
        let (public, id) = (key.public(), &DistId::DEFAULT);
        let block = || [0; 16];
        let claims = [Claim { key: public, message: MESSAGE, signature, id }; 2];
        let mut calls = vec![
            ("in_service", selftest::in_service()),
            ("generate", PrivateKey::generate().map(drop)),
            ("keygen_many", sm2::keygen_many(2).map(drop)),
            ("private key", PrivateKey::from_bytes(&[1; 32]).map(drop)),
            ("public key", PublicKey::from_sec1(&public.to_sec1()).map(drop)),
            ("sign", key.sign(MESSAGE, id).map(drop)),
            ("sign_many", key.sign_many(&[MESSAGE; 2], id).map(drop)),
            ("sign_digest", sm2::hazmat::sign_digest(key, &[1; 32]).map(drop)),
            ("verify", public.verify(MESSAGE, signature, id)),
            ("verify_digest", sm2::hazmat::verify_digest(public, &[1; 32], signature)),
            ("verify prepared", self.prepared.verify(MESSAGE, signature, id)),
            ("encrypt", public.encrypt(MESSAGE).map(drop)),
            ("encrypt prepared", self.prepared.encrypt(MESSAGE).map(drop)),
            ("decrypt", key.decrypt(&self.ciphertext).map(drop)),
            ("exchange", Exchange::begin(Role::Initiator, key, id).map(drop)),
            ("agree", {
                let peer = Peer { key: public, id };
                self.exchanges.take().agree(&peer, &public.to_sec1(), 16).map(drop)
            }),
            ("confirm", self.agreements.take().confirm(&[0; 32]).map(drop)),
            ("unconfirmed", self.agreements.take().unconfirmed().map(drop)),
            ("ecb encrypt", ecb::encrypt(&self.cipher, &mut block())),
            ("ecb decrypt", ecb::decrypt(&self.cipher, &mut block())),
            ("cbc encrypt", cbc::encrypt_in_place(&self.cipher, &block(), &mut block())),
            ("cbc encrypt_many", cbc::encrypt_many(&self.cipher, &mut [(block(), &mut block())])),
            ("cbc decrypt", cbc::decrypt_in_place(&self.cipher, &block(), &mut block())),
            ("cbc encryptor", {
                cbc::Encryptor::new(self.cipher.clone(), &block()).encrypt_in_place(&mut block())
            }),
            ("cbc decryptor", {
                cbc::Decryptor::new(self.cipher.clone(), &block()).decrypt_in_place(&mut block())
            }),
            ("cbc padded", cbc::decrypt_padded(&block(), &block(), &block()).map(drop)),
            ("gcm seal", self.gcm.seal(&[0; 12], &[], MESSAGE).map(drop)),
            ("gcm open", self.gcm.open(&[0; 12], &[], &[0; 32]).map(drop)),
            ("gcm encryptor", gcm::Encryptor::new(self.gcm.clone(), &[0; 12], &[]).map(drop)),
            ("gcm encrypt", self.gcm_encryptors.take().encrypt_in_place(&mut [0; 1])),
            ("gcm decrypt", self.gcm_decryptors.take().decrypt_in_place(&mut [0; 1])),
            ("gcm finish", self.gcm_decryptors.take().finish(&block())),
            ("gcm check", self.authenticators.take().update(&block())),
            ("gcm checked", self.authenticators.take().finish(&block()).map(drop)),
            ("ccm seal", self.ccm.seal(&[0; 12], &[], MESSAGE).map(drop)),
            ("ccm open", self.ccm.open(&[0; 12], &[], &[0; 32]).map(drop)),
            ("ccm encryptor", ccm::Encryptor::new(self.ccm.clone(), &[0; 12], &[], 1).map(drop)),
            ("ccm encrypt", self.ccm_encryptors.take().encrypt_in_place(&mut [0; 1])),
            ("ccm tag", self.ccm_encryptors.take().finish().map(drop)),
            ("ccm decrypt", self.ccm_decryptors.take().decrypt_in_place(&mut [0; 1])),
            ("ccm finish", self.ccm_decryptors.take().finish(&block())),
            ("ccm check", self.ccm_authenticators.take().update(&[0; 1])),
            ("ccm checked", self.ccm_authenticators.take().finish(&block()).map(drop)),
            ("xts key", Xts::new(&[0; 32], Order::Gbt17964).map(drop)),
            ("xts encrypt", self.xts.encrypt_in_place(&block(), &mut block())),
            ("xts decrypt", self.xts.decrypt_in_place(&block(), &mut block())),
            ("wrap", key_wrap::wrap(&self.cipher, &block()).map(drop)),
            ("unwrap", key_wrap::unwrap(&self.cipher, &[0; 24]).map(drop)),
            ("wrap padded", key_wrap::wrap_padded(&self.cipher, &block()).map(drop)),
            ("unwrap padded", key_wrap::unwrap_padded(&self.cipher, &[0; 24]).map(drop)),
            ("cbc-mac verify", {
                cbc_mac::verify(&self.cipher, cbc_mac::Padding::OneAndZeros, MESSAGE, &block())
            }),
            ("cmac verify", self.cmac.clone().verify(&block())),
        ];
        let mut all = |name, results: Vec<Result<(), Error>>| {
            assert_eq!(results.len(), 2, "{name}");
            calls.extend(results.into_iter().map(|result| (name, result)));
        };
        let dropped = |results: Vec<Result<Ciphertext, Error>>| {
            results.into_iter().map(|result| result.map(drop)).collect()
        };
        all("verify_many", sm2::verify_many(&claims));
        all("verify_many prepared", self.prepared.verify_many(&[(MESSAGE, signature); 2]));
        all("encrypt_many", dropped(public.encrypt_many(&[MESSAGE; 2])));
        all("encrypt_many prepared", dropped(self.prepared.encrypt_many(&[MESSAGE; 2])));
        let decrypted = key.decrypt_many(&[&self.ciphertext; 2]);
        all("decrypt_many", decrypted.into_iter().map(|result| result.map(drop)).collect());
        calls
    }

    /// Every call that has none, under its name.
    fn infallible(&self) -> Vec<(&'static str, Call<'_>)> {
        let block = || [0; 16];
        vec![
            ("hash", Box::new(|| ignore(sm3::hash(MESSAGE)))),
            ("hash_many", Box::new(|| ignore(sm3::hash_many(&[MESSAGE; 2])))),
            ("finalize", Box::new(|| ignore(self.hash.clone().finalize()))),
            ("kdf", Box::new(|| sm3::kdf(&[MESSAGE], &mut [0; 32]))),
            ("pbkdf2", Box::new(|| sm3::pbkdf2(MESSAGE, MESSAGE, 1, &mut [0; 32]))),
            ("hmac key", Box::new(|| ignore(HmacKey::new(MESSAGE)))),
            ("hmac", Box::new(|| ignore(self.mac.mac(&[MESSAGE])))),
            ("hmac many", Box::new(|| ignore(self.mac.mac_many(&[MESSAGE; 2])))),
            ("sm4 key", Box::new(move || ignore(Sm4::new(&block().into())))),
            ("ctr", Box::new(move || ctr::xor_in_place(&self.cipher, &block(), &mut block()))),
            ("ctr ahead", Box::new(|| self.ctr.clone().xor_in_place(&mut [0; 1]))),
            ("ctr pieces", {
                let pieces = || ctr::Ctr::new(self.cipher.clone(), &[0; 16]);
                Box::new(move || pieces().xor_in_place(&mut [0; 1]))
            }),
            ("ofb pieces", {
                let pieces = || ofb::Ofb::new(self.cipher.clone(), &[0; 16]);
                Box::new(move || pieces().xor_in_place(&mut [0; 1]))
            }),
            ("cfb encryptor", {
                let pieces = || cfb::Encryptor::new(self.cipher.clone(), &[0; 16]);
                Box::new(move || pieces().encrypt_in_place(&mut [0; 1]))
            }),
            ("cfb decryptor", {
                let pieces = || cfb::Decryptor::new(self.cipher.clone(), &[0; 16]);
                Box::new(move || pieces().decrypt_in_place(&mut [0; 1]))
            }),
            ("gcm tag", Box::new(|| ignore(self.gcm_encryptors.take().finish()))),
            ("cbc-mac", {
                let padding = cbc_mac::Padding::OneAndZeros;
                Box::new(move || ignore(cbc_mac::tag(&self.cipher, padding, MESSAGE)))
            }),
            ("ofb", Box::new(move || ofb::xor_in_place(&self.cipher, &block(), &mut block()))),
            ("cfb", Box::new(move || cfb::encrypt_in_place(&self.cipher, &block(), &mut block()))),
            ("cfb, back", {
                Box::new(move || cfb::decrypt_in_place(&self.cipher, &block(), &mut block()))
            }),
            ("cmac", Box::new(|| ignore(self.cmac.clone().finish()))),
            ("gcm key", Box::new(|| ignore(Gcm::with_cipher(self.cipher.clone())))),
        ]
    }
}

/// What `drop` does, for values that need no dropping too.
fn ignore<T>(_: T) {}

fn refused(error: &Error) -> bool {
    error.code() == Code::SelfTestFailed
}

/// Everything refuses, today and tomorrow.
fn assert_refused(made: &Made) {
    for round in 0..2 {
        for (name, result) in made.fallible() {
            assert!(result.is_err_and(|error| refused(&error)), "{name}, round {round}");
        }
        for (name, call) in made.infallible() {
            let payload = catch_unwind(AssertUnwindSafe(call)).expect_err(name);
            let text = payload.downcast_ref::<String>().unwrap();
            assert!(text.starts_with(Code::SelfTestFailed.name()), "{name}: {text}");
        }
    }
}

#[test]
fn a_failure_of_one_refuses_all_for_good() {
    let Some(algorithm) = altered() else {
        for algorithm in ["sm2", "sm3", "sm4"] {
            in_a_process("a_failure_of_one_refuses_all_for_good", algorithm);
        }
        return;
    };
    let made = Made::new();
    for (name, result) in made.fallible() {
        assert!(!result.is_err_and(|error| refused(&error)), "{name} refuses without a reason");
    }
    for (_, call) in made.infallible() {
        call();
    }
    selftest::alter_answers(&algorithm);
    assert!(selftest::in_service().is_ok(), "nothing has failed yet");
    // The first use after that finds it.
    let found = match &*algorithm {
        "sm2" => made.key.sign(MESSAGE, &DistId::DEFAULT).is_err_and(|error| refused(&error)),
        "sm3" => catch_unwind(|| sm3::hash(MESSAGE)).is_err(),
        _ => catch_unwind(|| Sm4::new(&[0; 16].into())).is_err(),
    };
    assert!(found, "{algorithm}");
    assert_refused(&made);
    // A test that passes does not lead out of it.
    for test in selftest::all() {
        assert_eq!(test.run(), test.algorithm != algorithm, "{test:?}");
    }
    assert_refused(&made);
}

/// The first thing that the process asks for is refused, on each backend.
#[test]
fn a_failure_on_first_use_gives_no_answer() {
    let Some(algorithm) = altered() else {
        for algorithm in ["sm2", "sm3", "sm4"] {
            for backend in 0..5 {
                in_a_process(
                    "a_failure_on_first_use_gives_no_answer",
                    &format!("{algorithm} {backend}"),
                );
            }
        }
        return;
    };
    let (algorithm, number) = algorithm.split_once(' ').unwrap();
    let number: usize = number.parse().unwrap();
    selftest::alter_answers(algorithm);
    let gave_no_answer = match algorithm {
        "sm2" => sm2::Backend::runnable()
            .nth(number)
            .is_none_or(|backend| backend.keygen_many(1).is_err_and(|error| refused(&error))),
        "sm3" => sm3::Backend::runnable()
            .nth(number)
            .is_none_or(|backend| catch_unwind(|| backend.hash(MESSAGE)).is_err()),
        _ => sm4::Backend::runnable()
            .nth(number)
            .is_none_or(|backend| catch_unwind(|| Sm4::with_backend(&[0; 16], backend)).is_err()),
    };
    assert!(gave_no_answer);
}

#[test]
fn every_self_test_passes() {
    let tests = selftest::all();
    for algorithm in ["sm2", "sm3", "sm4"] {
        assert!(tests.iter().any(|test| test.algorithm == algorithm && test.backend == "portable"));
    }
    for test in tests {
        assert!(test.run(), "{test:?}");
    }
    assert!(selftest::in_service().is_ok());
}
