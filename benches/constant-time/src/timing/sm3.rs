//! SM3, HMAC and the key derivation functions over secrets.

use std::hint::black_box;

use yinxin::primitives::sm3::{self, Backend, HmacKey};

use super::{OF_SHORT, Timing, compute, secret, secret_bytes};

/// A function over a secret of so many bytes.
type Hashing = (&'static str, usize, fn(Backend, &[u8]));
const HASHING: [Hashing; 7] = [
    ("hash of a message", 1024, |sm3, message| compute(sm3.hash(message))),
    ("16 hashes of messages", 200, |sm3, message| compute(sm3.hash_many(&[message; 16]))),
    ("16 hashes with a prefix", 32, |sm3, prefix| {
        compute(sm3.hash_many_with_prefix(prefix, &[b"message".as_slice(); 16]));
    }),
    ("HMAC of a message", 200, |sm3, message| {
        compute(HmacKey::with_backend(sm3, b"key").mac(&[message]));
    }),
    ("HMAC with a key", 32, |sm3, key| {
        compute(HmacKey::with_backend(sm3, key).mac(&[b"message"]));
    }),
    ("16 HMACs with a key", 32, |sm3, key| {
        compute(HmacKey::with_backend(sm3, key).mac_many(&[b"message".as_slice(); 16]));
    }),
    ("PBKDF2 with a password", 20, |sm3, password| {
        sm3.pbkdf2(password, &[3; 16], 4, black_box(&mut [0; 100]));
    }),
];

pub(super) fn tests(timing: &mut Timing) {
    // It chooses its backend itself.
    timing.test("SM3: KDF, secret fixed or random", OF_SHORT, secret, |shared| {
        sm3::kdf(&[&*shared], black_box(&mut [0; 300]));
    });
    for backend in Backend::runnable() {
        for (function, length, run) in HASHING {
            let name = format!("SM3 {}: {function}, fixed or random", backend.name());
            let input = |class| secret_bytes(class, length);
            timing.test(&name, OF_SHORT, input, |secret| run(backend, secret));
        }
    }
}
