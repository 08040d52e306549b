//! SM3, HMAC and KDF over secrets.

use digest::{Digest as _, KeyInit as _, Mac as _};
use yinxin::primitives::sm3::{self, Backend, HmacKey, HmacSm3, Sm3};

use crate::{
    mark::{secret_array, secret_bytes},
    watch::Watch,
};

/// Around the places where padding needs another block and a kernel takes another shape.
const LENGTHS: [usize; 10] = [0, 1, 55, 56, 63, 64, 65, 300, 1100, 5000];

pub(crate) fn operations(watch: &mut Watch) {
    for backend in Backend::runnable() {
        watch.on("SM3", backend.name());
        watch.operation("hash", || LENGTHS.map(|length| backend.hash(&secret_bytes(length))));
        watch.operation("hash in pieces", || {
            let mut hash = Sm3::with_backend(backend);
            LENGTHS.iter().for_each(|&length| hash.update(secret_bytes(length)));
            hash.finalize()
        });
        let lengths = LENGTHS.iter().chain(&LENGTHS);
        let messages: Vec<_> = lengths.map(|&length| secret_bytes(length)).collect();
        let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        watch.operation("many hashes", || backend.hash_many(&messages));
        watch.operation("many hashes with a prefix", || {
            backend.hash_many_with_prefix(&secret_array::<32>(), &messages)
        });
        watch.operation("a hash of parts", || backend.hash_parts(&messages));
        let pairs: Vec<_> = messages.iter().copied().zip(messages.iter().rev().copied()).collect();
        watch.operation("many hashes of pairs", || backend.hash_many_pairs(&pairs));
        watch.operation("PBKDF2", || {
            [16, 64, 65, 300].map(|length| {
                let mut out = vec![0; length];
                backend.pbkdf2(&secret_array::<20>(), &[3; 16], 4, &mut out);
                out
            })
        });
        let key =
            watch.operation("HMAC key", || HmacKey::with_backend(backend, &secret_array::<32>()));
        watch.operation("HMAC", || key.mac(&messages));
        watch.operation("many HMACs", || key.mac_many(&messages));
    }
    // The rest chooses its backend itself.
    watch.operation("HMAC by the traits", || {
        LENGTHS.map(|length| {
            let mut mac = HmacSm3::new_from_slice(&secret_bytes(length)).expect("any length");
            mac.update(&secret_bytes(length));
            mac.finalize()
        })
    });
    watch.operation("KDF", || {
        let mut out = [0; 3000];
        sm3::kdf(&[&secret_array::<32>(), &secret_array::<32>()], &mut out);
        out
    });
}
