//! The modes that keep the length: there and back.

use cipher::{
    BlockCipherDecrypt as _, BlockCipherEncrypt as _, BlockModeDecrypt as _, BlockModeEncrypt as _,
    KeyInit as _, KeyIvInit as _, StreamCipher as _,
    array::{Array, ArraySize},
};
use yinxin::primitives::sm4::{Backend, cbc, cfb, ctr, ecb, ofb};

use super::{super::in_pieces, Case, Peer};

pub(super) fn compare(case: &Case<'_>) {
    for mode in MODES {
        let (name, text) = (mode.name, (mode.takes)(case));
        let expected = (mode.libsmx)(case, text);
        let mut data = text.to_vec();
        (mode.rustcrypto)(case, &mut data);
        assert_eq!(data, expected, "{name}: the peers differ");
        for backend in Backend::runnable() {
            for (way, [there, back]) in mode.ours.iter().enumerate() {
                data.copy_from_slice(text);
                there(case, backend, &mut data);
                assert_eq!(data, expected, "{backend:?} {name}, way {way}");
                back(case, backend, &mut data);
                assert_eq!(data, text, "{backend:?} {name} back, way {way}");
            }
        }
    }
}

struct Mode {
    name: &'static str,
    /// What it takes of a text.
    takes: for<'a> fn(&Case<'a>) -> &'a [u8],
    libsmx: fn(&Case<'_>, &[u8]) -> Vec<u8>,
    rustcrypto: fn(&Case<'_>, &mut [u8]),
    /// Our ways there and back, which all lead to the same.
    ours: &'static [[Way; 2]],
}

type Way = fn(&Case<'_>, Backend, &mut [u8]);

const MODES: &[Mode] = &[
    Mode {
        name: "ECB",
        takes: |case| case.whole.as_flattened(),
        libsmx: |case, text| libsmx::sm4::sm4_encrypt_ecb(&case.key, text),
        rustcrypto: |case, data| Peer::new(&case.key.into()).encrypt_blocks(blocks(data)),
        ours: &[
            [
                |case, backend, data| ecb::encrypt(&case.cipher(backend), data).expect(WHOLE),
                |case, backend, data| ecb::decrypt(&case.cipher(backend), data).expect(WHOLE),
            ],
            // The traits of the crate `cipher`.
            [
                |case, backend, data| case.cipher(backend).encrypt_blocks(blocks(data)),
                |case, backend, data| case.cipher(backend).decrypt_blocks(blocks(data)),
            ],
        ],
    },
    Mode {
        name: "CBC",
        takes: |case| case.whole.as_flattened(),
        libsmx: |case, text| libsmx::sm4::sm4_encrypt_cbc(&case.key, &case.iv, text),
        rustcrypto: |case, data| {
            let mut mode = ::cbc::Encryptor::<Peer>::new(&case.key.into(), &case.iv.into());
            mode.encrypt_blocks(blocks(data));
        },
        ours: &[
            [
                |case, backend, data| {
                    cbc::encrypt_in_place(&case.cipher(backend), &case.iv, data).expect(WHOLE);
                },
                |case, backend, data| {
                    cbc::decrypt_in_place(&case.cipher(backend), &case.iv, data).expect(WHOLE);
                },
            ],
            [
                |case, backend, data| {
                    let mut mode = cbc::Encryptor::new(case.cipher(backend), &case.iv);
                    let take = |piece: &mut [u8]| mode.encrypt_in_place(piece).expect(WHOLE);
                    in_pieces(data, 16, case.bit, take);
                },
                |case, backend, data| {
                    let mut mode = cbc::Decryptor::new(case.cipher(backend), &case.iv);
                    let take = |piece: &mut [u8]| mode.decrypt_in_place(piece).expect(WHOLE);
                    in_pieces(data, 16, case.bit, take);
                },
            ],
            [
                |case, backend, data| {
                    let mut mode = cbc::Encryptor::new(case.cipher(backend), &case.iv);
                    mode.encrypt_blocks(blocks(data));
                },
                |case, backend, data| {
                    let mut mode = cbc::Decryptor::new(case.cipher(backend), &case.iv);
                    mode.decrypt_blocks(blocks(data));
                },
            ],
        ],
    },
    Mode {
        name: "CFB",
        takes: |case| case.text,
        libsmx: |case, text| libsmx::sm4::sm4_encrypt_cfb(&case.key, &case.iv, text),
        rustcrypto: |case, data| {
            cfb_mode::BufEncryptor::<Peer>::new(&case.key.into(), &case.iv.into()).encrypt(data);
        },
        ours: &[
            [
                |case, backend, data| {
                    cfb::encrypt_in_place(&case.cipher(backend), &case.iv, data);
                },
                |case, backend, data| {
                    cfb::decrypt_in_place(&case.cipher(backend), &case.iv, data);
                },
            ],
            [
                |case, backend, data| {
                    let mut mode = cfb::Encryptor::new(case.cipher(backend), &case.iv);
                    in_pieces(data, 1, case.bit, |piece| mode.encrypt_in_place(piece));
                },
                |case, backend, data| {
                    let mut mode = cfb::Decryptor::new(case.cipher(backend), &case.iv);
                    in_pieces(data, 1, case.bit, |piece| mode.decrypt_in_place(piece));
                },
            ],
        ],
    },
    Mode {
        name: "OFB",
        takes: |case| case.text,
        libsmx: |case, text| libsmx::sm4::sm4_crypt_ofb(&case.key, &case.iv, text),
        rustcrypto: |case, data| {
            ::ofb::Ofb::<Peer>::new(&case.key.into(), &case.iv.into()).apply_keystream(data);
        },
        ours: &[
            [|case, backend, data| ofb::xor_in_place(&case.cipher(backend), &case.iv, data); 2],
            [
                |case, backend, data| {
                    let mut mode = ofb::Ofb::new(case.cipher(backend), &case.iv);
                    in_pieces(data, 1, case.bit, |piece| mode.xor_in_place(piece));
                },
                |case, backend, data| {
                    ofb::Ofb::new(case.cipher(backend), &case.iv).apply_keystream(data);
                },
            ],
        ],
    },
    Mode {
        name: "CTR",
        takes: |case| case.text,
        libsmx: |case, text| libsmx::sm4::sm4_crypt_ctr(&case.key, &case.iv, text),
        rustcrypto: |case, data| {
            let mut mode = ::ctr::Ctr128BE::<Peer>::new(&case.key.into(), &case.iv.into());
            mode.apply_keystream(data);
        },
        ours: &[
            [|case, backend, data| ctr::xor_in_place(&case.cipher(backend), &case.iv, data); 2],
            [
                |case, backend, data| {
                    let mut mode = ctr::Ctr::new(case.cipher(backend), &case.iv);
                    in_pieces(data, 1, case.bit, |piece| mode.xor_in_place(piece));
                },
                |case, backend, data| {
                    ctr::Ctr::new(case.cipher(backend), &case.iv).apply_keystream(data);
                },
            ],
        ],
    },
];

const WHOLE: &str = "whole blocks";

fn blocks<N: ArraySize>(data: &mut [u8]) -> &mut [Array<u8, N>] {
    let (blocks, rest) = Array::slice_as_chunks_mut(data);
    assert!(rest.is_empty(), "{WHOLE}");
    blocks
}
