//! CCM against the textbook: SP 800-38C, 6.1, with its formatting of annex A.

use super::{
    super::ccm::{Authenticator, Ccm, Decryptor, Encryptor, encoded_length},
    *,
};

/// The ciphertext with the tag after it.
fn textbook_ccm(nonce: &[u8], aad: &[u8], plain: &[u8], tag_bytes: usize) -> Vec<u8> {
    let textbook = Textbook::new(&KEY);
    let q = 15 - nonce.len();
    let flags = u8::from(!aad.is_empty()) * 64 + (tag_bytes as u8 - 2) / 2 * 8 + (q as u8 - 1);
    let length = &plain.len().to_be_bytes()[..];
    let length = [&[0; 8][..], length].concat();
    let mut text = [&[flags], nonce, &length[length.len() - q..]].concat();
    if !aad.is_empty() {
        match aad.len() {
            0..0xff00 => text.extend_from_slice(&(aad.len() as u16).to_be_bytes()),
            _ => {
                text.extend_from_slice(&[0xff, 0xfe]);
                text.extend_from_slice(&(aad.len() as u32).to_be_bytes());
            }
        }
        text.extend_from_slice(aad);
        text.resize(text.len().next_multiple_of(16), 0);
    }
    text.extend_from_slice(plain);
    text.resize(text.len().next_multiple_of(16), 0);
    let xored = |mut a: Block, b: &[u8]| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a ^= b);
        a
    };
    let mac = text.chunks(16).fold([0; 16], |y, block| textbook.encrypt(xored(y, block)));
    let counter = |i: usize| {
        let i = [&[0; 8][..], &i.to_be_bytes()].concat();
        let block = [&[q as u8 - 1], nonce, &i[i.len() - q..]].concat();
        textbook.encrypt(block.try_into().unwrap())
    };
    let mut out = Vec::new();
    for (block, i) in plain.chunks(16).zip(1..) {
        out.extend_from_slice(&xored(counter(i), block)[..block.len()]);
    }
    out.extend_from_slice(&xored(mac, &counter(0))[..tag_bytes]);
    out
}

fn check<const TAG: usize>(length: usize, aad: &[u8]) {
    let (plain, nonce) = (pattern(length), &IV[..7 + length % 7]);
    let expected = textbook_ccm(nonce, aad, &plain, TAG);
    for (backend, cipher) in ciphers(&KEY) {
        let ccm = Ccm::<TAG>::with_tag(cipher);
        let sealed = ccm.seal(nonce, aad, &plain).unwrap();
        assert_eq!(sealed, expected, "{backend:?} {length} {TAG}");
        assert_eq!(*ccm.open(nonce, aad, &sealed).unwrap(), plain, "{backend:?} {length} {TAG}");
    }
}

#[test]
fn every_length() {
    for length in (0..=600).chain([1023, 1024, 1025, 2200, 8191, 8192, 8193]) {
        let aad = pattern(length % 70);
        match length % 8 {
            0 => check::<4>(length, &aad),
            1 => check::<6>(length, &aad),
            2 => check::<8>(length, &aad),
            3 => check::<10>(length, &aad),
            4 => check::<12>(length, &aad),
            5 => check::<14>(length, &aad),
            _ => check::<16>(length, &aad),
        }
    }
    for length in [0xfeff, 0xff00, 0xff01] {
        check::<16>(20, &pattern(length));
    }
}

#[test]
fn the_length_of_associated_data() {
    // The three forms of SP 800-38C, A.2.2, at their ends.
    let forms: [(u64, &[u8]); 7] = [
        (0, &[]),
        (1, &[0, 1]),
        (0xfeff, &[0xfe, 0xff]),
        (0xff00, &[0xff, 0xfe, 0, 0, 0xff, 0]),
        (0xffff_ffff, &[0xff, 0xfe, 0xff, 0xff, 0xff, 0xff]),
        (1 << 32, &[0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 0]),
        (u64::MAX, &[0xff; 10]),
    ];
    for (length, form) in forms {
        let (block, used) = encoded_length(length);
        assert_eq!(&block[..used], form, "{length:#x}");
        assert!(block[used..].iter().all(|&byte| byte == 0));
    }
}

#[test]
fn nothing_is_released_under_a_wrong_tag() {
    for (backend, cipher) in ciphers(&KEY) {
        let ccm = Ccm::with_cipher(cipher);
        let nonce = b"0123456789ab";
        let sealed = ccm.seal(nonce, b"aad", &pattern(100)).unwrap();
        for bit in 0..8 * sealed.len() {
            let mut wrong = sealed.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            let (data, tag) = wrong.split_last_chunk().unwrap();
            let mut buffer = data.to_vec();
            let error = ccm.open_in_place(nonce, b"aad", &mut buffer, tag).unwrap_err();
            assert_eq!(error.code(), Code::BadCiphertext, "{backend:?}");
            assert_eq!(buffer, data, "{backend:?}: not decrypted");
        }
        assert!(ccm.open(b"0123456789ac", b"aad", &sealed).is_err());
        assert!(ccm.open(nonce, b"aadd", &sealed).is_err());
        assert!(ccm.open(&nonce[..11], b"aad", &sealed).is_err());
        assert_eq!(ccm.open(nonce, b"", &sealed[..15]).unwrap_err().code(), Code::BadLength);
        // A shorter tag is that of another agreement.
        let short = Ccm::<8>::with_tag(Sm4::with_backend(&KEY, backend));
        assert!(short.open(nonce, b"aad", &sealed[..108]).is_err());
    }
}

#[test]
fn lengths_that_ccm_does_not_take() {
    let ccm = Ccm::with_cipher(Sm4::new(&KEY.into()));
    for length in 0..=16 {
        let sealed = ccm.seal(&IV[..length], b"", b"text").map_err(|error| error.code());
        assert_eq!(sealed.is_ok(), (7..=13).contains(&length), "{length}");
        assert!(sealed.is_ok() || sealed == Err(Code::BadLength));
    }
    // A nonce of 13 bytes leaves two for the length.
    let mut text = vec![7; 1 << 16];
    let error = ccm.seal_in_place(&IV[..13], b"", &mut text).unwrap_err();
    assert_eq!((error.code(), error.field_name()), (Code::BadLength, Some("data")));
    assert!(text.iter().all(|&byte| byte == 7));
    assert!(ccm.seal_in_place(&IV[..13], b"", &mut text[1..]).is_ok());
    assert!(ccm.seal_in_place(&IV[..12], b"", &mut text).is_ok());
}

#[test]
fn the_trait_does_what_the_methods_do() {
    let ccm = Ccm::new(&KEY.into());
    let nonce = Array([9; 12]);
    let mut data = pattern(1500);
    let tag = ccm.encrypt_inout_detached(&nonce, b"aad", data[..].as_mut().into()).unwrap();
    assert_eq!([&data[..], &tag].concat(), ccm.seal(&nonce, b"aad", &pattern(1500)).unwrap());
    ccm.decrypt_inout_detached(&nonce, b"aad", data[..].as_mut().into(), &tag).unwrap();
    assert_eq!(data, pattern(1500));
    assert!(ccm.decrypt_inout_detached(&nonce, b"", data[..].as_mut().into(), &tag).is_err());
}

/// Pieces of any lengths make what one call makes, with every backend.
#[test]
fn pieces_are_the_whole() {
    for (backend, cipher) in ciphers(&KEY) {
        let ccm = Ccm::<8>::with_tag(cipher);
        for (length, step) in [
            (0, 1),
            (1, 1),
            (16, 5),
            (33, 32),
            (39, 3),
            (48, 16),
            (1536, 100),
            (2200, 1025),
            (9000, 8999),
        ] {
            let (plain, case) = (pattern(length), format!("{backend:?} {length} by {step}"));
            let (nonce, aad, told) = (&IV[..7 + length % 7], &plain[..length % 40], length as u64);
            let mut whole = plain.clone();
            let tag = ccm.seal_in_place(nonce, aad, &mut whole).unwrap();

            let mut data = plain.clone();
            let mut encryptor = Encryptor::new(ccm.clone(), nonce, aad, told).unwrap();
            data.chunks_mut(step).for_each(|c| encryptor.encrypt_in_place(c).unwrap());
            assert_eq!((&data, encryptor.finish().unwrap()), (&whole, tag), "{case}");

            let check = || {
                let mut check = Authenticator::new(ccm.clone(), nonce, aad, told).unwrap();
                whole.chunks(step).for_each(|c| check.update(c).unwrap());
                check
            };
            let mut wrong = tag;
            wrong[length % 8] ^= 1;
            assert_eq!(check().finish(&wrong).unwrap_err().code(), Code::BadCiphertext, "{case}");
            let unverified = || Decryptor::unverified(ccm.clone(), nonce, aad, told).unwrap();
            let checked = check().finish(&tag).unwrap();
            for (mut decryptor, tag, right) in
                [(checked, tag, true), (unverified(), tag, true), (unverified(), wrong, false)]
            {
                let mut data = whole.clone();
                data.chunks_mut(step).for_each(|c| decryptor.decrypt_in_place(c).unwrap());
                assert_eq!(data, plain, "{case}");
                assert_eq!(decryptor.finish(&tag).is_ok(), right, "{case}");
            }
        }
    }
}

#[test]
fn pieces_are_as_long_as_was_told() {
    let ccm = Ccm::with_cipher(Sm4::new(&KEY.into()));
    let encryptor = |length| Encryptor::new(ccm.clone(), &IV[..13], b"", length);
    assert_eq!(encryptor(1 << 16).unwrap_err().field_name(), Some("data"));
    assert!(encryptor(0xffff).is_ok());
    let mut pieces = encryptor(20).unwrap();
    pieces.encrypt_in_place(&mut [0; 19]).unwrap();
    let mut more = [7; 2];
    let error = pieces.encrypt_in_place(&mut more).unwrap_err();
    assert_eq!((error.code(), error.field_name(), more), (Code::BadLength, Some("data"), [7; 2]));
    pieces.encrypt_in_place(&mut []).unwrap();
    pieces.encrypt_in_place(&mut more[..1]).unwrap();
    let mut whole = [&[0; 19][..], &[7]].concat();
    let tag = ccm.seal_in_place(&IV[..13], b"", &mut whole).unwrap();
    assert_eq!((pieces.finish(), more[0]), (Ok(tag), whole[19]));
    let mut pieces = encryptor(20).unwrap();
    pieces.encrypt_in_place(&mut [0; 19]).unwrap();
    assert_eq!(pieces.finish().unwrap_err().code(), Code::BadLength);

    let mut check = Authenticator::new(ccm.clone(), &IV[..13], b"", 20).unwrap();
    assert_eq!(check.update(&[0; 21]).unwrap_err().code(), Code::BadLength);
    check.update(&[0; 19]).unwrap();
    assert_eq!(check.finish(&[0; 16]).unwrap_err().code(), Code::BadLength);
    let decryptor = Decryptor::unverified(ccm, &IV[..13], b"", 1).unwrap();
    assert_eq!(decryptor.finish(&[0; 16]).unwrap_err().code(), Code::BadLength);
}
