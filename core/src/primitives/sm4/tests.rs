//! SM4 against the textbook, the standards' examples, published vectors and RustCrypto.

mod agreement;
mod constants;

use std::collections::BTreeSet;

use aead::AeadInOut as _;
use aes_gcm::AesGcm;
use cipher::{
    BlockCipherDecrypt as _, BlockCipherEncrypt as _, BlockModeDecrypt as _, BlockModeEncrypt as _,
    KeyInit as _, KeyIvInit as _, StreamCipher as _, array::Array, block_padding::Pkcs7,
    consts::U12,
};
use proptest::prelude::*;
use yinxin_vectors::{Case, load};

use self::vectors::{agrees_gcm, agrees_mode};
use super::{sbox::*, *};
use crate::limits;

mod ccm;
mod chains;
mod key_wrap;
mod modes;
mod vectors;
mod xts;

/// The S-box as it is printed in GB/T 32907-2016, 6.2.
const SBOX: [u8; 256] = [
    0xd6, 0x90, 0xe9, 0xfe, 0xcc, 0xe1, 0x3d, 0xb7, 0x16, 0xb6, 0x14, 0xc2, 0x28, 0xfb, 0x2c, 0x05,
    0x2b, 0x67, 0x9a, 0x76, 0x2a, 0xbe, 0x04, 0xc3, 0xaa, 0x44, 0x13, 0x26, 0x49, 0x86, 0x06, 0x99,
    0x9c, 0x42, 0x50, 0xf4, 0x91, 0xef, 0x98, 0x7a, 0x33, 0x54, 0x0b, 0x43, 0xed, 0xcf, 0xac, 0x62,
    0xe4, 0xb3, 0x1c, 0xa9, 0xc9, 0x08, 0xe8, 0x95, 0x80, 0xdf, 0x94, 0xfa, 0x75, 0x8f, 0x3f, 0xa6,
    0x47, 0x07, 0xa7, 0xfc, 0xf3, 0x73, 0x17, 0xba, 0x83, 0x59, 0x3c, 0x19, 0xe6, 0x85, 0x4f, 0xa8,
    0x68, 0x6b, 0x81, 0xb2, 0x71, 0x64, 0xda, 0x8b, 0xf8, 0xeb, 0x0f, 0x4b, 0x70, 0x56, 0x9d, 0x35,
    0x1e, 0x24, 0x0e, 0x5e, 0x63, 0x58, 0xd1, 0xa2, 0x25, 0x22, 0x7c, 0x3b, 0x01, 0x21, 0x78, 0x87,
    0xd4, 0x00, 0x46, 0x57, 0x9f, 0xd3, 0x27, 0x52, 0x4c, 0x36, 0x02, 0xe7, 0xa0, 0xc4, 0xc8, 0x9e,
    0xea, 0xbf, 0x8a, 0xd2, 0x40, 0xc7, 0x38, 0xb5, 0xa3, 0xf7, 0xf2, 0xce, 0xf9, 0x61, 0x15, 0xa1,
    0xe0, 0xae, 0x5d, 0xa4, 0x9b, 0x34, 0x1a, 0x55, 0xad, 0x93, 0x32, 0x30, 0xf5, 0x8c, 0xb1, 0xe3,
    0x1d, 0xf6, 0xe2, 0x2e, 0x82, 0x66, 0xca, 0x60, 0xc0, 0x29, 0x23, 0xab, 0x0d, 0x53, 0x4e, 0x6f,
    0xd5, 0xdb, 0x37, 0x45, 0xde, 0xfd, 0x8e, 0x2f, 0x03, 0xff, 0x6a, 0x72, 0x6d, 0x6c, 0x5b, 0x51,
    0x8d, 0x1b, 0xaf, 0x92, 0xbb, 0xdd, 0xbc, 0x7f, 0x11, 0xd9, 0x5c, 0x41, 0x1f, 0x10, 0x5a, 0xd8,
    0x0a, 0xc1, 0x31, 0x88, 0xa5, 0xcd, 0x7b, 0xbd, 0x2d, 0x74, 0xd0, 0x12, 0xb8, 0xe5, 0xb4, 0xb0,
    0x89, 0x69, 0x97, 0x4a, 0x0c, 0x96, 0x77, 0x7e, 0x65, 0xb9, 0xf1, 0x09, 0xc5, 0x6e, 0xc6, 0x84,
    0x18, 0xf0, 0x7d, 0xec, 0x3a, 0xdc, 0x4d, 0x20, 0x79, 0xee, 0x5f, 0x3e, 0xd7, 0xcb, 0x39, 0x48,
];

/// GB/T 32907-2016, clause 7, word for word.
struct Textbook([u32; 32]);

impl Textbook {
    fn new(key: &Block) -> Self {
        let mut k: Vec<u32> = words(key).into_iter().zip(FK).map(|(mk, fk)| mk ^ fk).collect();
        for i in 0..32 {
            let b = tau(k[i + 1] ^ k[i + 2] ^ k[i + 3] ^ CK[i]);
            k.push(k[i] ^ b ^ b.rotate_left(13) ^ b.rotate_left(23));
        }
        Self(k[4..].try_into().unwrap())
    }

    fn encrypt(&self, block: Block) -> Block {
        Self::crypt(block, self.0.iter())
    }

    fn decrypt(&self, block: Block) -> Block {
        Self::crypt(block, self.0.iter().rev())
    }

    fn crypt<'k>(block: Block, keys: impl Iterator<Item = &'k u32>) -> Block {
        let mut x = words(&block).to_vec();
        for (i, rk) in keys.enumerate() {
            let b = tau(x[i + 1] ^ x[i + 2] ^ x[i + 3] ^ rk);
            let l = b ^ b.rotate_left(2) ^ b.rotate_left(10) ^ b.rotate_left(18);
            x.push(x[i] ^ l ^ b.rotate_left(24));
        }
        let reversed: Vec<u8> = x[32..].iter().rev().flat_map(|word| word.to_be_bytes()).collect();
        reversed.try_into().unwrap()
    }
}

fn tau(word: u32) -> u32 {
    u32::from_be_bytes(word.to_be_bytes().map(|byte| SBOX[usize::from(byte)]))
}

fn words(block: &Block) -> [u32; 4] {
    [0, 4, 8, 12].map(|i| u32::from_be_bytes(block[i..i + 4].try_into().unwrap()))
}

/// Bytes that differ everywhere and never repeat with a short period.
fn pattern(length: usize) -> Vec<u8> {
    let mut state = 7u32;
    let mut next = || {
        state = state.wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

const KEY: Block = *b"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff";
const IV: Block = *b"an IV of 16 byte";

fn ciphers(key: &Block) -> impl Iterator<Item = (Backend, Sm4)> {
    Backend::runnable().map(|backend| (backend, Sm4::with_backend(key, backend)))
}

#[test]
fn the_circuit_is_the_printed_s_box() {
    for x in 0..=255u8 {
        let input = x ^ SBOX_IN;
        let planes = sbox([0, 1, 2, 3, 4, 5, 6, 7].map(|p| input >> p & 1));
        let y = (0..8).fold(0, |y, p| y | planes[p] << p);
        assert_eq!(y ^ SBOX_OUT, SBOX[usize::from(x)], "{x:#04x}");
    }
}

/// The matrices of `aes_domain` against the printed S-box and the textbook's L and L'.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[test]
fn the_constants_of_the_field_of_aes() {
    use aes_domain::*;
    let times = |matrix: u64, x: u8| {
        let rows = matrix.to_be_bytes();
        (0..8).fold(0, |y, i| y | (((rows[i] & x).count_ones() & 1) as u8) << i)
    };
    let product = |x: u8, y: u8| {
        (0..8).rev().fold(0u8, |sum, bit| {
            let doubled = sum << 1 ^ if sum & 0x80 == 0 { 0 } else { 0x1b };
            doubled ^ if y >> bit & 1 == 0 { 0 } else { x }
        })
    };
    let inverse = |x: u8| (0..=255).find(|&y| product(x, y) == 1).unwrap_or(0);
    let w_constant = times(W, inverse(0x3e)) ^ times(ENTER, SBOX[0] ^ SBOX[0] >> 6);
    for x in 0..=255u8 {
        assert_eq!(times(LEAVE, times(ENTER, x)), x);
        let (i, s) = (inverse(times(ENTER, x) ^ 0x3e), SBOX[usize::from(x)]);
        assert_eq!(times(Q, i) ^ 0x63, times(ENTER, s.rotate_left(2)), "{x:#04x}");
        assert_eq!(times(W, i) ^ w_constant, times(ENTER, s ^ s >> 6), "{x:#04x}");
        // One byte through L' reaches all four; three more times SBOX[0] make the constant whole.
        let word = u32::from_be_bytes([SBOX[0], SBOX[0], SBOX[0], s]);
        let zero = inverse(0x3e);
        let l = (word ^ word.rotate_left(13) ^ word.rotate_left(23)).to_le_bytes();
        for (d, byte) in l.into_iter().enumerate() {
            let others = (0..4).filter(|&other| other != d).map(|other| times(KEY[other], zero));
            let sum = others.fold(times(KEY[d], i), |sum, term| sum ^ term);
            assert_eq!(sum ^ KEY_CONSTANT as u8, times(ENTER, byte), "{x:#04x} {d}");
        }
    }
}

/// The example of the standard in which a block is encrypted a million times.
#[test]
fn a_million_encryptions() {
    let cases = load("sm4/block.json");
    let repeated: Vec<_> = cases.iter().filter(|case| case.number("repeat") > 1).collect();
    assert!(!repeated.is_empty());
    repeated.into_iter().for_each(agrees_repeated);
}

fn agrees_repeated(case: &Case) {
    for (backend, cipher) in ciphers(&case.array("key")) {
        let mut block: Block = case.array("pt");
        for _ in 0..case.number("repeat") {
            ecb::encrypt(&cipher, &mut block).unwrap();
        }
        assert_eq!(block, case.array("ct"), "{case} {backend:?}");
    }
}

#[test]
fn the_examples_of_the_standard() {
    for case in load("sm4/block.json").iter().filter(|case| case.number("repeat") == 1) {
        agrees_repeated(case);
        let textbook = Textbook::new(&case.array("key"));
        assert_eq!(textbook.encrypt(case.array("pt")), case.array("ct"), "{case}");
    }
    for case in load("sm4/modes.json") {
        assert!(agrees_mode(&case, case.text("mode")), "{case}");
    }
    for case in load("sm4/ctr_carry.json") {
        assert!(agrees_mode(&case, "CTR"), "{case}");
    }
    for case in load("sm4/gcm.json").iter().chain(&load("sm4/gcm_lengths.json")) {
        assert!(agrees_gcm(case, "nonce"), "{case}");
    }
}

#[test]
fn every_number_of_blocks_agrees_with_the_textbook_and_rustcrypto() {
    let textbook = Textbook::new(&KEY);
    let rustcrypto = ::sm4::Sm4::new(&KEY.into());
    let plain = pattern(16 * 200);
    let expected: Vec<u8> =
        plain.as_chunks().0.iter().flat_map(|&block| textbook.encrypt(block)).collect();
    let mut theirs = Array::slice_as_chunks(&plain).0.to_vec();
    rustcrypto.encrypt_blocks(&mut theirs);
    assert_eq!(Array::cast_slice_to_core(&theirs).as_flattened(), expected);
    for (backend, cipher) in ciphers(&KEY) {
        for length in (0..=plain.len()).step_by(16) {
            let mut data = plain[..length].to_vec();
            ecb::encrypt(&cipher, &mut data).unwrap();
            assert_eq!(data, expected[..length], "{backend:?} {length}");
            ecb::decrypt(&cipher, &mut data).unwrap();
            assert_eq!(data, plain[..length], "{backend:?} {length}");

            // The same through the traits, from one buffer to another.
            let input = Array::slice_as_chunks(&plain[..length]).0;
            let mut output = vec![cipher::Block::<Sm4>::default(); input.len()];
            cipher.encrypt_blocks_b2b(input, &mut output).unwrap();
            assert_eq!(Array::cast_slice_to_core(&output).as_flattened(), &expected[..length]);
            cipher.decrypt_blocks(&mut output);
            assert_eq!(output, input);
        }
        let mut single = cipher::Block::<Sm4>::default();
        cipher.encrypt_block(&mut single);
        assert_eq!(single.0, textbook.encrypt([0; 16]));
        cipher.decrypt_block(&mut single);
        assert_eq!(single.0, [0; 16]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_key_and_block(key: Block, blocks in proptest::collection::vec(any::<Block>(), 1..70)) {
        let textbook = Textbook::new(&key);
        for (_, cipher) in ciphers(&key) {
            let mut data = blocks.concat();
            ecb::encrypt(&cipher, &mut data).unwrap();
            let expected: Vec<u8> = blocks.iter().flat_map(|&b| textbook.encrypt(b)).collect();
            prop_assert_eq!(&data, &expected);
            ecb::decrypt(&cipher, &mut data).unwrap();
            prop_assert_eq!(&data, &blocks.concat());
            prop_assert_eq!(textbook.decrypt(textbook.encrypt(blocks[0])), blocks[0]);
        }
    }

    #[test]
    fn a_keystream_in_pieces_is_the_keystream(
        start: Block,
        length in 0usize..2500,
        cuts in proptest::collection::vec(0usize..2500, 0..8),
    ) {
        let plain = pattern(length);
        let mut expected = plain.clone();
        ::ctr::Ctr128BE::<::sm4::Sm4>::new(&KEY.into(), &start.into()).apply_keystream(&mut expected);
        let cuts: BTreeSet<_> = cuts.into_iter().map(|cut| cut.min(length)).collect();
        for (_, cipher) in ciphers(&KEY) {
            let mut stream = ctr::Ctr::new(cipher, &start);
            let mut data = plain.clone();
            let mut from = 0;
            for &cut in cuts.iter().chain([&length]) {
                stream.xor_in_place(&mut data[from..cut]);
                from = cut;
            }
            prop_assert_eq!(&data, &expected);
        }
    }
}

#[test]
fn cbc_of_every_length_agrees_with_rustcrypto() {
    let plain = pattern(16 * 200);
    for length in 0..=600 {
        let message = &plain[..length];
        let expected = ::cbc::Encryptor::<::sm4::Sm4>::new(&KEY.into(), &IV.into())
            .encrypt_padded_vec::<Pkcs7>(message);
        assert_eq!(cbc::encrypt_padded(&KEY, &IV, message), expected, "{length}");
        assert_eq!(*cbc::decrypt_padded(&KEY, &IV, &expected).unwrap(), message, "{length}");
    }
    for length in (0..=plain.len()).step_by(16) {
        let mut expected = Array::slice_as_chunks(&plain[..length]).0.to_vec();
        ::cbc::Encryptor::<::sm4::Sm4>::new(&KEY.into(), &IV.into()).encrypt_blocks(&mut expected);
        for (backend, cipher) in ciphers(&KEY) {
            let mut data = plain[..length].to_vec();
            cbc::encrypt_in_place(&cipher, &IV, &mut data).unwrap();
            let expected = Array::cast_slice_to_core(&expected).as_flattened();
            assert_eq!(data, expected, "{backend:?} {length}");
            cbc::decrypt_in_place(&cipher, &IV, &mut data).unwrap();
            assert_eq!(data, plain[..length], "{backend:?} {length}");
        }
    }
}

#[test]
fn every_last_byte_of_padding() {
    for (count, filler) in (0..=255u8).flat_map(|count| [(count, count), (count, 0), (count, 1)]) {
        let mut last = [filler; 16];
        last[15] = count;
        let mut data = [pattern(16), last.to_vec()].concat();
        let (blocks, _) = data.as_chunks_mut();
        Sm4::new(&KEY.into()).keys.chain(Chain::Cbc, &mut { IV }, blocks);
        let theirs = ::cbc::Decryptor::<::sm4::Sm4>::new(&KEY.into(), &IV.into())
            .decrypt_padded_vec::<Pkcs7>(&data);
        let ours = cbc::decrypt_padded(&KEY, &IV, &data);
        assert_eq!(ours.as_deref().ok(), theirs.as_ref().ok(), "{count} {filler}");
        if let Err(error) = ours {
            assert_eq!(error.code(), Code::BadPadding);
        }
    }
}

#[test]
fn ctr_of_every_length_agrees_with_rustcrypto() {
    let plain = pattern(2200);
    // Counters that carry out of the low byte, word and half, and around, after 0 to 40 blocks.
    let starts = [0xff, 0xffff_ffff, u128::from(u64::MAX), u128::MAX, 0x0123_4567_89ab_cdef << 60];
    for (start, back) in starts.into_iter().flat_map(|s| [0, 5, 40].map(|back| (s, back))) {
        let counter = (start - back).to_be_bytes();
        let mut expected = plain.clone();
        ::ctr::Ctr128BE::<::sm4::Sm4>::new(&KEY.into(), &counter.into())
            .apply_keystream(&mut expected);
        for (backend, cipher) in ciphers(&KEY) {
            for length in (0..=600).chain([1023, 1024, 1025, 2047, 2200]) {
                let mut data = plain[..length].to_vec();
                ctr::xor_in_place(&cipher, &counter, &mut data);
                assert_eq!(data, expected[..length], "{backend:?} {start:x}-{back} {length}");
            }
        }
    }
}

#[test]
fn gcm_of_every_length_agrees_with_rustcrypto() {
    let plain = pattern(2200);
    let theirs = AesGcm::<::sm4::Sm4, U12>::new(&KEY.into());
    let nonce = Array([9; 12]);
    for length in (0..=600).chain([1007, 1008, 1009, 1024, 2200]) {
        let aad = &plain[..length % 70];
        let mut expected = plain[..length].to_vec();
        let tag = theirs.encrypt_inout_detached(&nonce, aad, expected[..].as_mut().into()).unwrap();
        for (backend, cipher) in ciphers(&KEY) {
            let ours = gcm::Gcm::with_cipher(cipher);
            let mut data = plain[..length].to_vec();
            assert_eq!(ours.seal_in_place(&nonce, aad, &mut data).unwrap(), tag.0);
            assert_eq!(data, expected, "{backend:?} {length}");
            ours.open_in_place(&nonce, aad, &mut data, &tag).unwrap();
            assert_eq!(data, plain[..length], "{backend:?} {length}");
        }
    }
}

#[test]
fn gcm_releases_nothing_under_a_wrong_tag() {
    for (backend, cipher) in ciphers(&KEY) {
        let gcm = gcm::Gcm::with_cipher(cipher);
        let sealed = gcm.seal(b"nonce", b"aad", &pattern(100)).unwrap();
        assert_eq!(*gcm.open(b"nonce", b"aad", &sealed).unwrap(), pattern(100));
        for bit in 0..8 * sealed.len() {
            let mut wrong = sealed.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            let (data, tag) = wrong.split_at(100);
            let mut buffer = data.to_vec();
            let error = gcm.open_in_place(b"nonce", b"aad", &mut buffer, tag).unwrap_err();
            assert_eq!(error.code(), Code::BadCiphertext, "{backend:?}");
            assert_eq!(buffer, data, "{backend:?}: not decrypted");
        }
        let (data, tag) = sealed.split_at(100);
        for (nonce, aad) in [(&b"nonc"[..], &b"aad"[..]), (b"nonce", b"aa"), (b"nonce", b"aadd")] {
            assert!(gcm.open(nonce, aad, &sealed).is_err());
        }
        // A tag may be cut to 12 bytes, no further, and is not compared beyond its end.
        for length in 0..=16 {
            let mut buffer = data.to_vec();
            let opened = gcm.open_in_place(b"nonce", b"aad", &mut buffer, &tag[..length]);
            assert_eq!(opened.is_ok(), length >= 12, "{length}");
            let mut wrong = tag[..length].to_vec();
            if let Some(last) = wrong.last_mut() {
                *last ^= 0x80;
            }
            let mut buffer = data.to_vec();
            assert!(gcm.open_in_place(b"nonce", b"aad", &mut buffer, &wrong).is_err());
        }
        let long = [tag, &[0]].concat();
        assert!(gcm.open_in_place(b"nonce", b"aad", &mut data.to_vec(), &long).is_err());
        assert!(gcm.open(b"nonce", b"aad", &sealed[..15]).is_err());
        assert!(gcm.seal(b"", b"aad", b"text").is_err());
    }
}

#[test]
fn gcm_lengths_at_the_limits() {
    let (text, hashed) = (limits::SM4_GCM_TEXT_BYTES_MAX, limits::SM4_GCM_HASHED_BYTES_MAX);
    assert!(gcm::check_lengths(1, 0, text).is_ok());
    assert!(gcm::check_lengths(hashed, hashed, text).is_ok());
    assert_eq!(gcm::check_lengths(0, 0, 0).unwrap_err().code(), Code::BadLength);
    for lengths in [(1, 0, text + 1), (hashed + 1, 0, 0), (1, hashed + 1, 0)] {
        let error = gcm::check_lengths(lengths.0, lengths.1, lengths.2).unwrap_err();
        assert_eq!(error.code(), Code::LimitReached, "{lengths:?}");
    }
}

#[test]
fn what_is_not_whole_blocks_is_refused_unchanged() {
    for (_, cipher) in ciphers(&KEY) {
        for length in [1, 15, 17, 1023] {
            let mut data = pattern(length);
            type Call = fn(&Sm4, &mut [u8]) -> Result<(), Error>;
            let calls: [Call; 4] = [
                ecb::encrypt,
                ecb::decrypt,
                |cipher, data| cbc::encrypt_in_place(cipher, &IV, data),
                |cipher, data| cbc::decrypt_in_place(cipher, &IV, data),
            ];
            for call in calls {
                assert_eq!(call(&cipher, &mut data).unwrap_err().code(), Code::BadLength);
                assert_eq!(data, pattern(length));
            }
            assert!(cbc::decrypt_padded(&KEY, &IV, &data).is_err());
        }
    }
    assert!(cbc::decrypt_padded(&KEY, &IV, &[]).is_err());
}

#[test]
fn nothing_is_printed_of_a_key() {
    let cipher = Sm4::new(&KEY.into());
    assert_eq!(format!("{cipher:?}"), "Sm4(..)");
    assert_eq!(format!("{:?}", ctr::Ctr::new(cipher.clone(), &IV)), "Ctr(..)");
    assert_eq!(format!("{:?}", gcm::Gcm::with_cipher(cipher.clone())), "Gcm(..)");
    assert_eq!(format!("{:?}", super::ccm::Ccm::with_cipher(cipher.clone())), "Ccm(..)");
    assert_eq!(format!("{:?}", cmac::Cmac::with_cipher(cipher.clone())), "Cmac(..)");
    assert_eq!(format!("{:?}", ofb::Ofb::new(cipher.clone(), &IV)), "Ofb(..)");
    assert_eq!(format!("{:?}", cfb::Encryptor::new(cipher.clone(), &IV)), "Encryptor(..)");
    assert_eq!(format!("{:?}", cfb::Decryptor::new(cipher.clone(), &IV)), "Decryptor(..)");
    assert_eq!(format!("{:?}", cbc::Encryptor::new(cipher.clone(), &IV)), "Encryptor(..)");
    assert_eq!(format!("{:?}", cbc::Decryptor::new(cipher, &IV)), "Decryptor(..)");
    let xts =
        super::xts::Xts::new(b"0123456789abcdef0123456789ABCDEF", super::xts::Order::Gbt17964);
    assert_eq!(format!("{:?}", xts.unwrap()), "Xts(..)");
}
