//! SM3, and HMAC over it.

use yinxin::primitives::sm3::{Backend, HmacKey};

use super::measure::{Case, Work, work};

/// One message, and as many as the widest backend takes side by side.
const BATCHES: [usize; 2] = [1, 16];

/// Makes the work on as many messages.
type Operation = (&'static str, fn(Backend, Vec<Vec<u8>>) -> Work);

const OPERATIONS: [Operation; 2] = [("sm3", hash), ("sm3-hmac", hmac)];

pub(super) fn cases(sizes: &[usize]) -> Vec<Case> {
    let mut cases = Vec::new();
    for (op, operation) in OPERATIONS {
        for backend in Backend::runnable() {
            for batch in BATCHES {
                cases.extend(sizes.iter().map(|&size| Case {
                    op,
                    backend: backend.name(),
                    batch,
                    size: Some(size),
                    prepare: Box::new(move || {
                        Ok(operation(backend, vec![vec![0x3c; size]; batch]))
                    }),
                }));
            }
        }
    }
    cases
}

fn hash(backend: Backend, messages: Vec<Vec<u8>>) -> Work {
    if let [_] = &*messages {
        return work(move || Ok(messages.first().map(|message| backend.hash(message))));
    }
    work(move || Ok(backend.hash_many(&slices(&messages))))
}

fn hmac(backend: Backend, messages: Vec<Vec<u8>>) -> Work {
    let key = HmacKey::with_backend(backend, &[0x5a; 32]);
    if let [_] = &*messages {
        return work(move || Ok(messages.first().map(|message| key.mac(&[message]))));
    }
    work(move || Ok(key.mac_many(&slices(&messages))))
}

fn slices(messages: &[Vec<u8>]) -> Vec<&[u8]> {
    messages.iter().map(Vec::as_slice).collect()
}
