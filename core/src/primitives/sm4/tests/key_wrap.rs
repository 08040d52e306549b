//! Key wrap against the textbook: RFC 3394, 2.2.1, with its indices.

use super::{
    super::key_wrap::{unwrap, unwrap_padded, wrap, wrap_padded},
    *,
};

/// W of RFC 3394 over the initial value and n 64-bit values, or one block where n is 1 (RFC 5649, 4.1).
fn textbook_wrap(initial: [u8; 8], key: &[u8]) -> Vec<u8> {
    let textbook = Textbook::new(&KEY);
    let block = |a: &[u8], r: &[u8]| textbook.encrypt([a, r].concat().try_into().unwrap());
    let mut r: Vec<Vec<u8>> = key.chunks(8).map(<[u8]>::to_vec).collect();
    let n = r.len();
    let mut a = initial.to_vec();
    if n == 1 {
        return block(&a, &r[0]).to_vec();
    }
    for j in 0..=5 {
        for i in 1..=n {
            let b = block(&a, &r[i - 1]);
            let t = (n * j + i) as u64;
            a = b[..8].iter().zip(t.to_be_bytes()).map(|(b, t)| b ^ t).collect();
            r[i - 1] = b[8..].to_vec();
        }
    }
    [a, r.concat()].concat()
}

fn textbook_padded(key: &[u8], length: u32, padding: u8) -> Vec<u8> {
    let mut padded = key.to_vec();
    padded.resize(key.len().next_multiple_of(8), padding);
    let mut initial = [0xa6, 0x59, 0x59, 0xa6, 0, 0, 0, 0];
    initial[4..].copy_from_slice(&length.to_be_bytes());
    textbook_wrap(initial, &padded)
}

#[test]
fn keys_of_every_length() {
    let key = pattern(300);
    for length in 0..=300 {
        let key = &key[..length];
        let whole = length >= 16 && length % 8 == 0;
        for (backend, cipher) in ciphers(&KEY) {
            let wrapped = wrap(&cipher, key);
            assert_eq!(wrapped.is_ok(), whole, "{backend:?} {length}");
            if let Ok(wrapped) = wrapped {
                assert_eq!(wrapped, textbook_wrap([0xa6; 8], key), "{backend:?} {length}");
                assert_eq!(*unwrap(&cipher, &wrapped).unwrap(), key, "{backend:?} {length}");
                assert!(unwrap_padded(&cipher, &wrapped).is_err());
            }
            let padded = wrap_padded(&cipher, key);
            assert_eq!(padded.is_ok(), length > 0, "{backend:?} {length}");
            if let Ok(padded) = padded {
                assert_eq!(padded, textbook_padded(key, length as u32, 0), "{backend:?} {length}");
                assert_eq!(*unwrap_padded(&cipher, &padded).unwrap(), key, "{backend:?} {length}");
                assert!(unwrap(&cipher, &padded).is_err());
            }
        }
    }
}

#[test]
fn what_was_changed_does_not_unwrap() {
    let cipher = Sm4::new(&KEY.into());
    let wrapped: [(vectors::Unwrap, Vec<u8>); 3] = [
        (unwrap, wrap(&cipher, &pattern(32)).unwrap()),
        (unwrap_padded, wrap_padded(&cipher, &pattern(27)).unwrap()),
        (unwrap_padded, wrap_padded(&cipher, &pattern(7)).unwrap()),
    ];
    for (unwrap, wrapped) in wrapped {
        for bit in 0..8 * wrapped.len() {
            let mut wrong = wrapped.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unwrap(&cipher, &wrong).unwrap_err().code(), Code::BadCiphertext, "{bit}");
        }
        for length in (0..wrapped.len()).filter(|length| length % 8 != 0 || *length < 16) {
            let error = unwrap(&cipher, &wrapped[..length]).unwrap_err();
            assert_eq!(error.code(), Code::BadLength, "{length}");
        }
    }
}

#[test]
fn the_padding_is_zeros_as_many_as_are_needed() {
    let cipher = Sm4::new(&KEY.into());
    for length in [5usize, 8, 13, 16, 24, 27] {
        let key = pattern(length);
        for claimed in 0..=40 {
            let wrapped = textbook_padded(&key, claimed, 0);
            // A claim that is shorter is right where zeros happen to stand at the end.
            let in_range = claimed as usize <= length.next_multiple_of(8)
                && claimed as usize + 8 > length.next_multiple_of(8);
            let mut padded = key.clone();
            padded.resize(length.next_multiple_of(8), 0);
            let right = in_range && padded[claimed as usize..].iter().all(|&byte| byte == 0);
            let opened = unwrap_padded(&cipher, &wrapped);
            assert_eq!(opened.is_ok(), right, "{length} {claimed}");
        }
        let wrapped = textbook_padded(&key, length as u32, 1);
        assert_eq!(unwrap_padded(&cipher, &wrapped).is_ok(), length % 8 == 0, "{length}");
        assert!(unwrap_padded(&cipher, &textbook_padded(&key, u32::MAX, 0)).is_err());
    }
}

#[test]
fn at_the_limit() {
    let cipher = Sm4::new(&KEY.into());
    let long = pattern(limits::SM4_KEY_WRAP_BYTES_MAX + 8);
    for length in [limits::SM4_KEY_WRAP_BYTES_MAX, limits::SM4_KEY_WRAP_BYTES_MAX + 8] {
        let fits = length == limits::SM4_KEY_WRAP_BYTES_MAX;
        let wrapped = textbook_wrap([0xa6; 8], &long[..length]);
        for answer in [
            wrap(&cipher, &long[..length]).map(|wrapped| wrapped.len()),
            wrap_padded(&cipher, &long[..length]).map(|wrapped| wrapped.len()),
            unwrap(&cipher, &wrapped).map(|key| key.len()),
        ] {
            assert_eq!(answer.is_ok(), fits, "{length}");
            assert!(fits || answer.is_err_and(|error| error.code() == Code::LimitReached));
        }
    }
    assert!(wrap_padded(&cipher, &long[..limits::SM4_KEY_WRAP_BYTES_MAX + 1]).is_err());
}
