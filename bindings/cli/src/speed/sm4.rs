//! SM4 in its modes: one message in place under an expanded key.

use yinxin::{
    Error,
    primitives::sm4::{
        Backend, Sm4, cbc,
        ccm::Ccm,
        cmac, ctr, ecb,
        gcm::Gcm,
        xts::{Order, Xts},
    },
};

use super::measure::{Case, Work, work};

const KEY: [u8; 16] = [0x5a; 16];
/// Two keys, which may not be equal.
const XTS_KEY: [u8; 32] = *b"0123456789abcdef0123456789ABCDEF";
const IV: [u8; 16] = [0x3c; 16];
const NONCE: [u8; 12] = [0x3c; 12];

/// Makes the work on one message of that size.
type Mode = (&'static str, fn(Backend, usize) -> Result<Work, Error>);

const MODES: [Mode; 8] = [
    ("sm4-ecb", |backend, size| {
        let cipher = cipher(backend);
        on(size, move |data| ecb::encrypt(&cipher, data))
    }),
    ("sm4-cbc-encrypt", |backend, size| {
        let cipher = cipher(backend);
        on(size, move |data| cbc::encrypt_in_place(&cipher, &IV, data))
    }),
    ("sm4-cbc-decrypt", |backend, size| {
        let cipher = cipher(backend);
        on(size, move |data| cbc::decrypt_in_place(&cipher, &IV, data))
    }),
    ("sm4-ctr", |backend, size| {
        let cipher = cipher(backend);
        on(size, move |data| {
            ctr::xor_in_place(&cipher, &IV, data);
            Ok(())
        })
    }),
    ("sm4-gcm", |backend, size| {
        let gcm = Gcm::with_cipher(cipher(backend));
        on(size, move |data| gcm.seal_in_place(&NONCE, &[], data))
    }),
    ("sm4-ccm", |backend, size| {
        let ccm = Ccm::<16>::with_cipher(cipher(backend));
        on(size, move |data| ccm.seal_in_place(&NONCE, &[], data))
    }),
    ("sm4-xts", |backend, size| {
        let xts = Xts::with_backend(&XTS_KEY, Order::Gbt17964, backend)?;
        on(size, move |data| xts.encrypt_in_place(&IV, data))
    }),
    ("sm4-cmac", |backend, size| {
        let cipher = cipher(backend);
        on(size, move |data| Ok(cmac::tag(&cipher, data)))
    }),
];

fn cipher(backend: Backend) -> Sm4 {
    Sm4::with_backend(&KEY, backend)
}

/// Chains of CBC side by side, each a message of its own.
const STREAMS: usize = 16;

pub(super) fn cases(sizes: &[usize]) -> Vec<Case> {
    let mut cases = Vec::new();
    for (op, mode) in MODES {
        for backend in Backend::runnable() {
            let case = |&size: &usize| Case {
                op,
                backend: backend.name(),
                batch: 1,
                size: Some(size),
                prepare: Box::new(move || mode(backend, size)),
            };
            cases.extend(sizes.iter().map(case));
            if op == "sm4-cbc-encrypt" {
                cases.extend(sizes.iter().map(|&size| streams(op, backend, size)));
            }
        }
    }
    cases
}

fn streams(op: &'static str, backend: Backend, size: usize) -> Case {
    let prepare = move || {
        let cipher = cipher(backend);
        let mut data = vec![vec![0x3c_u8; size]; STREAMS];
        Ok(work(move || {
            let mut messages: Vec<_> =
                data.iter_mut().map(|data| (IV, data.as_mut_slice())).collect();
            cbc::encrypt_many(&cipher, &mut messages)
        }))
    };
    Case {
        op,
        backend: backend.name(),
        batch: STREAMS,
        size: Some(size),
        prepare: Box::new(prepare),
    }
}

/// The work that is done to one message again and again.
fn on<T>(
    size: usize,
    mut call: impl FnMut(&mut [u8]) -> Result<T, Error> + 'static,
) -> Result<Work, Error> {
    let mut data = vec![0x3c_u8; size];
    Ok(work(move || call(&mut data)))
}
