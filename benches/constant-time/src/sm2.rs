//! SM2 with secret keys, nonces and plaintexts. The randomness of the operating system is marked where
//! it enters the core.

use yinxin::{
    pki::keys,
    primitives::sm2::{
        Backend, Ciphertext, DistId, PreparedPublicKey, PrivateKey,
        exchange::{Exchange, Peer, Role},
        hazmat,
    },
};

use crate::{
    mark::{public, secret_array, secret_bytes},
    watch::Watch,
};

pub(crate) fn operations(watch: &mut Watch) {
    #[cfg(target_arch = "x86_64")]
    chosen(watch);
    for backend in Backend::runnable() {
        watch.on("SM2", backend.name());
        watch.operation("key generation", || PrivateKey::generate().expect("randomness"));
        watch.operation("generation of 9 keys", || backend.keygen_many(9).expect("randomness"));
        let key = watch.operation("private key from its bytes", || {
            PrivateKey::from_bytes(&secret_array()).expect("a number below n").on(backend)
        });
        containers(watch, &key);
        signatures(watch, &key);
        encryption(watch, &key);
        encryption_of_many(watch, &key);
        exchange(watch, &key);
    }
}

/// What SM2 in plain Rust chooses by itself.
#[cfg(target_arch = "x86_64")]
fn chosen(watch: &mut Watch) {
    use yinxin::primitives::cpu;

    if cpu::Avx2::detect().is_some() {
        watch.chosen("SM2 tables searched by AVX2");
    }
    if cpu::Adx::detect().is_some() {
        watch.chosen("SM2 products of MULX and ADX");
    }
}

fn containers(watch: &mut Watch, key: &PrivateKey) {
    watch.operation("private key to PEM", || keys::private_key_to_pem(key).expect("a key"));
    let mut der =
        watch.operation("private key to PKCS#8", || keys::private_key_to_der(key).expect("a key"));
    watch.operation("private key from PKCS#8", || {
        // In a container that comes in, everything but d is public.
        let d = der.windows(2).position(|tag| tag == [0x04, 0x20]).expect("d, 32 bytes") + 2;
        let (before, rest) = der.split_at_mut(d);
        public(before);
        public(&mut rest[32..]);
        keys::private_key_from_der(&der, None).expect("our own encoding")
    });
}

fn signatures(watch: &mut Watch, key: &PrivateKey) {
    watch.operation("signature", || key.sign(b"message", &DistId::DEFAULT).expect("randomness"));
    watch.operation("signature of a secret message", || {
        key.sign(&secret_bytes(200), &DistId::DEFAULT).expect("randomness").to_der()
    });
    watch.operation("signature of a digest", || {
        hazmat::sign_digest(key, &secret_array()).expect("randomness")
    });
    watch.operation("signature, checked for faults", || {
        let careful = PrivateKey::from_bytes(key.expose_bytes()).expect("a key").with_fault_check();
        careful.sign(b"message", &DistId::DEFAULT).expect("randomness")
    });
    watch.operation("signatures of 70 messages", || {
        key.sign_many(&[b"message".as_slice(); 70], &DistId::DEFAULT).expect("randomness")
    });
}

fn encryption(watch: &mut Watch, key: &PrivateKey) {
    let sent = watch
        .operation("encryption", || key.public().encrypt(&secret_bytes(100)).expect("randomness"));
    let received = transmitted(&sent);
    watch.operation("decryption", || key.decrypt(&received).expect("our own encryption"));
    let mut changed = received.to_c1c3c2();
    changed[96] ^= 1;
    let changed = Ciphertext::from_c1c3c2(&changed).expect("our own layout");
    watch.operation("decryption of what was changed", || {
        key.decrypt(&changed).expect_err("changed")
    });
}

fn encryption_of_many(watch: &mut Watch, key: &PrivateKey) {
    let plaintexts = vec![secret_bytes(100); 9];
    let plaintexts: Vec<&[u8]> = plaintexts.iter().map(Vec::as_slice).collect();
    let sent =
        watch.operation("encryption of 9 messages", || key.public().encrypt_many(&plaintexts));
    let received: Vec<_> =
        sent.into_iter().map(|sent| transmitted(&sent.expect("randomness"))).collect();
    let received: Vec<_> = received.iter().collect();
    watch.operation("decryption of 9 messages", || {
        let opened = key.decrypt_many(&received);
        assert!(opened.iter().all(Result::is_ok));
        opened
    });
    let prepared = PreparedPublicKey::new(key.public(), &DistId::DEFAULT);
    watch.operation("encryption for a prepared key", || {
        prepared.encrypt(&secret_bytes(100)).expect("randomness")
    });
    watch.operation("encryption of 9 messages for a prepared key", || {
        prepared.encrypt_many(&plaintexts)
    });
}

fn exchange(watch: &mut Watch, key: &PrivateKey) {
    let id = &DistId::DEFAULT;
    let peer = Peer { key: key.public(), id };
    let [ours, theirs] = [Role::Initiator, Role::Responder].map(|role| {
        watch.operation("key exchange: beginning", || {
            Exchange::begin(role, key, id).expect("randomness")
        })
    });
    let (to_them, to_us) = (ours.message(), theirs.message());
    let ours = watch.operation("key exchange: agreement", || {
        ours.agree(&peer, &to_us, 48).expect("two points")
    });
    let theirs = theirs.agree(&peer, &to_them, 48).expect("two points");
    let mut confirmation = *theirs.confirmation();
    public(&mut confirmation);
    watch.operation("key exchange: confirmation", || {
        ours.confirm(&confirmation).expect("the same key")
    });
}

/// What the recipient gets: a ciphertext is public.
fn transmitted(sent: &Ciphertext) -> Ciphertext {
    let mut bytes = sent.to_c1c3c2();
    public(bytes.as_mut_slice());
    Ciphertext::from_c1c3c2(&bytes).expect("our own layout")
}
