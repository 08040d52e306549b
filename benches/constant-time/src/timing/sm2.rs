//! SM2: every operation with a private key, a nonce or a plaintext.

use std::{iter, sync::LazyLock};

use yinxin::primitives::sm2::{
    Backend, Ciphertext, DistId, PreparedPublicKey, PrivateKey, Signature,
    exchange::{Exchange, Peer, Role},
};

use super::{Class, OF_MANY, OF_ONE, Timing, compute, secret};

/// Many at a time.
const MANY: usize = 8;
const ID: &DistId = &DistId::DEFAULT;

/// An operation with a private key: how many ciphertexts it is given, and what is measured.
type WithKey = (&'static str, usize, fn(&PrivateKey, &[Ciphertext]));
const WITH_KEY: [WithKey; 5] = [
    ("signature", 0, |key, _| compute(key.sign(b"message", ID))),
    ("8 signatures", 0, |key, _| compute(key.sign_many(&[b"message".as_slice(); MANY], ID))),
    ("decryption", 1, |key, sent| compute(key.decrypt(&sent[0]))),
    ("8 decryptions", MANY, |key, sent| {
        compute(key.decrypt_many(&sent.iter().collect::<Vec<_>>()));
    }),
    ("key exchange", 0, |key, _| {
        let own = Exchange::begin(Role::Initiator, key, ID).expect("randomness");
        let peer = Peer { key: PEER.0.public(), id: ID };
        compute(own.agree(&peer, &PEER.1, 16));
    }),
];

/// The other party of a key exchange, and its message.
static PEER: LazyLock<(PrivateKey, [u8; 65])> = LazyLock::new(|| {
    let key = PrivateKey::generate().expect("randomness");
    let begun = Exchange::begin(Role::Responder, &key, ID).expect("randomness");
    let message = begun.message();
    drop(begun);
    (key, message)
});

/// An encryption for a key, of which the plaintext is the secret.
type Encryption = (&'static str, fn(&PreparedPublicKey, &[u8]));
const ENCRYPTIONS: [Encryption; 4] = [
    ("encryption", |to, text| compute(to.key().encrypt(text))),
    ("8 encryptions", |to, text| compute(to.key().encrypt_many(&[text; MANY]))),
    ("encryption, key prepared", |to, text| compute(to.encrypt(text))),
    ("8 encryptions, key prepared", |to, text| compute(to.encrypt_many(&[text; MANY]))),
];

/// What a signature tells whoever knows that d = 1, and another does not know: its nonce.
type OfNonce = (&'static str, fn(&Signature) -> bool);
const OF_NONCE: [OfNonce; 2] = [
    ("odd or even", |signature| {
        let (_, odd) = nonce_for_one(signature);
        odd
    }),
    ("below or above n / 2", |signature| {
        let (part_of_n, _) = nonce_for_one(signature);
        part_of_n < 0.5
    }),
];

const TWO_TO_MINUS_32: f64 = 1.0 / 4_294_967_296.0;

/// k / n, and whether k is odd: k = (1 + d) s + r d = 2 s + r modulo n.
fn nonce_for_one(signature: &Signature) -> (f64, bool) {
    let bytes = signature.to_bytes();
    let (halves, _) = bytes.as_chunks::<32>();
    let [r, s] = [halves[0], halves[1]];
    // n is 2^32 - 1 times 2^224, but for the last of 53 bits, which is enough for most nonces.
    let [of_r, of_s] = [r, s].map(|number| {
        let (words, _) = number.as_chunks();
        let [high, low] = [words[0], words[1]].map(|word| f64::from(u32::from_be_bytes(word)));
        (high + low * TWO_TO_MINUS_32) / 4_294_967_295.0
    });
    let sum = of_r + 2.0 * of_s;
    let odd = (r[31] & 1 == 1) != (sum.floor() % 2.0 == 1.0);
    (sum.fract(), odd)
}

pub(super) fn tests(timing: &mut Timing) {
    // The backend that these take is the last.
    timing.test("SM2: key from its bytes, d fixed or random", OF_ONE, secret, |d| {
        PrivateKey::from_bytes(d)
    });
    let generate = || PrivateKey::generate().expect("randomness");
    timing.test_drawn("SM2: key generation, d odd or even", OF_ONE, generate, is_odd);
    for backend in Backend::runnable() {
        let on = format!("SM2 {}", backend.name());
        keys(timing, &on, backend);
        nonces(timing, &on, backend);
        with_key(timing, &on, backend);
        encryptions(timing, &on, backend);
    }
}

fn keys(timing: &mut Timing, on: &str, backend: Backend) {
    let keys = |count| move || backend.keygen_many(count).expect("randomness");
    timing.test_drawn(&format!("{on}: key generation, d odd or even"), OF_ONE, keys(1), |keys| {
        is_odd(&keys[0])
    });
    let name = format!("{on}: 8 key generations, few or many bits set");
    timing.test_drawn(&name, OF_MANY, keys(MANY), |keys| {
        let bytes = keys.iter().flat_map(PrivateKey::expose_bytes);
        // Fewer than half.
        bytes.map(|byte| i64::from(byte.count_ones()) - 4).sum::<i64>() < 0
    });
}

fn nonces(timing: &mut Timing, on: &str, backend: Backend) {
    let mut d = [0; 32];
    d[31] = 1;
    let key = PrivateKey::from_bytes(&d).expect("a number below n").on(backend);
    for (of_nonce, is_first) in OF_NONCE {
        let name = format!("{on}: signature, nonce {of_nonce}");
        let sign = || key.sign(b"message", ID).expect("randomness");
        timing.test_drawn(&name, OF_ONE, sign, is_first);
    }
}

fn with_key(timing: &mut Timing, on: &str, backend: Backend) {
    let key = |class| PrivateKey::from_bytes(&secret(class)).expect("a number below n").on(backend);
    for (operation, ciphertexts, run) in WITH_KEY {
        let name = format!("{on}: {operation}, key fixed or random");
        let input = |class| {
            let key = key(class);
            let sent = iter::repeat_with(|| key.public().encrypt(b"plaintext"));
            let sent: Result<Vec<_>, _> = sent.take(ciphertexts).collect();
            (key, sent.expect("randomness"))
        };
        timing.test(&name, samples(operation), input, |(key, sent)| run(key, sent));
    }
    let fixed = key(Class::Fixed);
    let changed = |class| {
        let sent = fixed.public().encrypt(b"plaintext").expect("randomness");
        let mut bytes = sent.to_c1c3c2();
        bytes[if class == Class::Fixed { 65 } else { 96 }] ^= 1;
        Ciphertext::from_c1c3c2(&bytes).expect("our own layout")
    };
    let name = format!("{on}: decryption, C3 wrong in its first or last byte");
    timing.test(&name, OF_ONE, changed, |sent| fixed.decrypt(sent));
}

fn encryptions(timing: &mut Timing, on: &str, backend: Backend) {
    let key = PrivateKey::from_bytes(&secret(Class::Fixed)).expect("a number below n").on(backend);
    let prepared = PreparedPublicKey::new(key.public(), ID);
    for (operation, run) in ENCRYPTIONS {
        let name = format!("{on}: {operation}, text fixed or random");
        timing.test(&name, samples(operation), secret, |text| run(&prepared, text));
    }
}

fn samples(operation: &str) -> usize {
    if operation.starts_with('8') { OF_MANY } else { OF_ONE }
}

fn is_odd(key: &PrivateKey) -> bool {
    key.expose_bytes()[31] & 1 == 1
}
