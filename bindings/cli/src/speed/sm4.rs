//! SM4 in its modes: one message in place under an expanded key.

use yinxin::{
    Error,
    primitives::sm4::{Backend, Sm4, cbc, ctr, ecb, gcm::Gcm},
};

use super::measure::{Case, Work, work};

const KEY: [u8; 16] = [0x5a; 16];
const IV: [u8; 16] = [0x3c; 16];
const NONCE: [u8; 12] = [0x3c; 12];

/// What a mode does to one message.
type Mode = (&'static str, fn(Sm4, usize) -> Work);

const MODES: [Mode; 5] = [
    ("sm4-ecb", |cipher, size| on(size, move |data| ecb::encrypt(&cipher, data))),
    ("sm4-cbc-encrypt", |cipher, size| {
        on(size, move |data| cbc::encrypt_in_place(&cipher, &IV, data))
    }),
    ("sm4-cbc-decrypt", |cipher, size| {
        on(size, move |data| cbc::decrypt_in_place(&cipher, &IV, data))
    }),
    ("sm4-ctr", |cipher, size| {
        on(size, move |data| {
            ctr::xor_in_place(&cipher, &IV, data);
            Ok(())
        })
    }),
    ("sm4-gcm", |cipher, size| {
        let gcm = Gcm::with_cipher(cipher);
        on(size, move |data| gcm.seal_in_place(&NONCE, &[], data))
    }),
];

pub(super) fn cases(sizes: &[usize]) -> Vec<Case> {
    let mut cases = Vec::new();
    for (op, mode) in MODES {
        for backend in Backend::runnable() {
            let case = |&size: &usize| Case {
                op,
                backend: backend.name(),
                batch: 1,
                size: Some(size),
                prepare: Box::new(move || Ok(mode(Sm4::with_backend(&KEY, backend), size))),
            };
            cases.extend(sizes.iter().map(case));
        }
    }
    cases
}

/// The work that is done to one message again and again.
fn on<T>(size: usize, mut call: impl FnMut(&mut [u8]) -> Result<T, Error> + 'static) -> Work {
    let mut data = vec![0x3c_u8; size];
    work(move || call(&mut data))
}
