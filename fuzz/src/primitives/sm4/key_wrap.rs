//! Key wrap: of the text as a key; and of the text as what the key's holder may have wrapped at will.

use aes_kw::{AesKw, AesKwp};
use cipher::{KeyInit as _, common::InnerInit as _};
use yinxin::primitives::sm4::{Backend, key_wrap};

use super::{
    super::{flip, formula},
    Case, Peer,
};

/// Each half block costs six blocks, one after the other.
const LONGEST: usize = 512;

pub(super) fn compare(case: &Case<'_>) {
    let (key, _) = case.text.split_at(case.text.len().min(LONGEST));
    wrap(case, key);
    let (halves, _) = key.as_chunks();
    if let Some((initial, halves @ [_, ..])) = halves.split_first() {
        // With an initial value of its own.
        unwrap(case, &formula::key_wrap(&case.key, initial, halves));
    }
    unwrap(case, key);
}

fn wrap(case: &Case<'_>, key: &[u8]) {
    let (whole, padded) = peers(case);
    let mut buffer = vec![0; key.len() + 16];
    let suits = key.len() >= 16 && key.len().is_multiple_of(8);
    let length = u32::try_from(key.len()).expect("short").to_be_bytes();
    let aiv = [[0xa6, 0x59, 0x59, 0xa6], length].concat().try_into().expect("8 bytes");
    let filled = [key, &[0; 7]].concat();
    let (filled, _) = filled.as_chunks();

    let expected = suits.then(|| whole.wrap_key(key, &mut buffer).expect("room").to_vec());
    let libsmx = suits.then(|| formula::key_wrap(&case.key, &[0xa6; 8], key.as_chunks().0));
    assert_eq!(libsmx, expected, "the peers differ");
    let some = !key.is_empty();
    let expected_padded = some.then(|| padded.wrap_key(key, &mut buffer).expect("room").to_vec());
    let libsmx = some.then(|| formula::key_wrap(&case.key, &aiv, filled));
    assert_eq!(libsmx, expected_padded, "the peers differ");
    for backend in Backend::runnable() {
        let cipher = case.cipher(backend);
        assert_eq!(key_wrap::wrap(&cipher, key).ok(), expected, "{backend:?}");
        assert_eq!(key_wrap::wrap_padded(&cipher, key).ok(), expected_padded, "{backend:?} padded");
    }
    for mut wrapped in [expected, expected_padded].into_iter().flatten() {
        unwrap(case, &wrapped);
        let bits = 8 * wrapped.len();
        flip(&mut wrapped, case.bit % bits);
        unwrap(case, &wrapped);
    }
}

/// All accept the same.
fn unwrap(case: &Case<'_>, wrapped: &[u8]) {
    let (whole, padded) = peers(case);
    let mut buffer = vec![0; wrapped.len()];
    // They take no key at all as one, and one of half a block, which RFC 3394 does not wrap.
    let expected = whole.unwrap_key(wrapped, &mut buffer).ok().filter(|key| key.len() >= 16);
    let expected = expected.map(<[u8]>::to_vec);
    let expected_padded = padded.unwrap_key(wrapped, &mut buffer).ok();
    let expected_padded = expected_padded.filter(|key| !key.is_empty()).map(<[u8]>::to_vec);
    for backend in Backend::runnable() {
        let cipher = case.cipher(backend);
        let ours = key_wrap::unwrap(&cipher, wrapped).ok();
        assert_eq!(ours.as_deref(), expected.as_ref(), "{backend:?}");
        let ours = key_wrap::unwrap_padded(&cipher, wrapped).ok();
        assert_eq!(ours.as_deref(), expected_padded.as_ref(), "{backend:?} padded");
    }
}

fn peers(case: &Case<'_>) -> (AesKw<Peer>, AesKwp<Peer>) {
    let cipher = || Peer::new(&case.key.into());
    (AesKw::inner_init(cipher()), AesKwp::inner_init(cipher()))
}
