//! SM3 and HMAC over it.

use yinxin::primitives::sm3::Backend;

use super::measure::{Case, work};

/// One message, and as many as the widest backend takes side by side.
const BATCHES: [usize; 2] = [1, 16];

pub(super) fn cases(sizes: &[usize]) -> Vec<Case> {
    let mut cases = Vec::new();
    for backend in Backend::runnable() {
        for batch in BATCHES {
            cases.extend(sizes.iter().map(|&size| hash(backend, batch, size)));
        }
    }
    cases
}

fn hash(backend: Backend, batch: usize, size: usize) -> Case {
    let prepare = move || {
        let messages = vec![vec![0x3c_u8; size]; batch];
        Ok(match &*messages {
            [_] => work(move || Ok(messages.first().map(|message| backend.hash(message)))),
            _ => work(move || {
                let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
                Ok(backend.hash_many(&messages))
            }),
        })
    };
    Case { op: "sm3", backend: backend.name(), batch, size: Some(size), prepare: Box::new(prepare) }
}
