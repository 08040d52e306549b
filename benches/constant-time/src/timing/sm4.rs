//! The modes of SM4, with secret keys and texts.

use yinxin::primitives::sm4::{
    Backend, Block, Sm4, cbc, cbc_mac,
    ccm::Ccm,
    cfb, cmac, ctr, ecb,
    gcm::{self, Gcm},
    key_wrap, ofb,
    xts::{Order, Xts},
};

use super::{Class, OF_ONE, OF_SHORT, Timing, compute, secret, secret_bytes};

/// A mode under a key of the form `K`: what is done to the text before it is measured, and what is
/// measured.
type Mode<K> = (&'static str, fn(&K, &mut Vec<u8>), fn(&K, &mut Vec<u8>));
const IV: Block = [3; 16];
const WHOLE: &str = "whole blocks";
const SHORT: &str = "short";

const ECB: [Mode<Sm4>; 2] = [
    ("ECB encryption", as_it_is, |sm4, data| ecb::encrypt(sm4, data).expect(WHOLE)),
    ("ECB decryption", as_it_is, |sm4, data| ecb::decrypt(sm4, data).expect(WHOLE)),
];

const BLOCK_MODES: [Mode<Sm4>; 9] = [
    ("CBC encryption", as_it_is, |sm4, data| {
        cbc::encrypt_in_place(sm4, &IV, data).expect(WHOLE);
    }),
    ("CBC encryption of four", as_it_is, |sm4, data| {
        let quarter = data.len() / 4;
        let mut messages: Vec<_> = data.chunks_mut(quarter).map(|part| (IV, part)).collect();
        cbc::encrypt_many(sm4, &mut messages).expect(WHOLE);
    }),
    ("CBC decryption", as_it_is, |sm4, data| {
        cbc::decrypt_in_place(sm4, &IV, data).expect(WHOLE);
    }),
    ("CFB encryption", as_it_is, |sm4, data| cfb::encrypt_in_place(sm4, &IV, data)),
    ("CFB decryption", as_it_is, |sm4, data| cfb::decrypt_in_place(sm4, &IV, data)),
    ("OFB", as_it_is, |sm4, data| ofb::xor_in_place(sm4, &IV, data)),
    ("CTR", as_it_is, |sm4, data| ctr::xor_in_place(sm4, &IV, data)),
    ("CMAC", as_it_is, |sm4, data| compute(cmac::tag(sm4, data))),
    ("CBC-MAC", as_it_is, |sm4, data| {
        compute(cbc_mac::tag(sm4, cbc_mac::Padding::OneAndZeros, data));
    }),
];

const KEY_WRAP: [Mode<Sm4>; 3] = [
    ("key wrap", as_it_is, |sm4, data| *data = key_wrap::wrap(sm4, data).expect(SHORT)),
    (
        "key unwrap",
        |sm4, data| *data = key_wrap::wrap(sm4, data).expect(SHORT),
        |sm4, data| compute(key_wrap::unwrap(sm4, data).expect("just wrapped")),
    ),
    (
        "key unwrap with padding",
        |sm4, data| *data = key_wrap::wrap_padded(sm4, data).expect(SHORT),
        |sm4, data| compute(key_wrap::unwrap_padded(sm4, data).expect("just wrapped")),
    ),
];

const XTS: [Mode<Xts>; 2] = [
    ("XTS encryption", as_it_is, |xts, data| xts.encrypt_in_place(&IV, data).expect(WHOLE)),
    ("XTS decryption", as_it_is, |xts, data| xts.decrypt_in_place(&IV, data).expect(WHOLE)),
];

const GCM: [Mode<Gcm>; 5] = [
    ("GCM sealing", as_it_is, |gcm, data| *data = gcm.seal(&[9; 12], AAD, data).expect(SHORT)),
    ("GCM sealing, long nonce", as_it_is, |gcm, data| {
        *data = gcm.seal(&[9; 20], AAD, data).expect(SHORT)
    }),
    (
        "GCM opening",
        |gcm, data| *data = gcm.seal(&[9; 12], AAD, data).expect(SHORT),
        |gcm, data| compute(gcm.open(&[9; 12], AAD, data).expect(SEALED)),
    ),
    ("GCM encryption in pieces", as_it_is, |gcm, data| {
        let mut pieces = gcm::Encryptor::new(gcm.clone(), &[9; 12], AAD).expect(SHORT);
        data.chunks_mut(100).for_each(|piece| pieces.encrypt_in_place(piece).expect(SHORT));
        compute(pieces.finish());
    }),
    ("GCM decryption in pieces", as_it_is, |gcm, data| {
        let mut pieces = gcm::Decryptor::unverified(gcm.clone(), &[9; 12], AAD).expect(SHORT);
        data.chunks_mut(100).for_each(|piece| pieces.decrypt_in_place(piece).expect(SHORT));
        compute(pieces.finish(&[1; 16]));
    }),
];

const CCM: [Mode<Ccm>; 2] = [
    ("CCM sealing", as_it_is, |ccm, data| *data = ccm.seal(&[9; 12], AAD, data).expect(SHORT)),
    (
        "CCM opening",
        |ccm, data| *data = ccm.seal(&[9; 12], AAD, data).expect(SHORT),
        |ccm, data| compute(ccm.open(&[9; 12], AAD, data).expect(SEALED)),
    ),
];

const AAD: &[u8] = b"aad";
const SEALED: &str = "just sealed";

/// What judges a tag, the last 16 bytes of what the first function makes.
const GCM_TAGS: [Mode<Gcm>; 1] = [(
    "GCM opening",
    |gcm, data| *data = gcm.seal(&[9; 12], AAD, data).expect(SHORT),
    |gcm, data| compute(gcm.open(&[9; 12], AAD, data)),
)];
const CCM_TAGS: [Mode<Ccm>; 1] = [(
    "CCM opening",
    |ccm, data| *data = ccm.seal(&[9; 12], AAD, data).expect(SHORT),
    |ccm, data| compute(ccm.open(&[9; 12], AAD, data)),
)];
const MAC_TAGS: [Mode<Sm4>; 2] = [
    (
        "CMAC",
        |sm4, data| data.extend(cmac::tag(sm4, data)),
        |sm4, data| {
            let (message, tag) = data.split_at(data.len() - 16);
            let mut mac = cmac::Cmac::with_cipher(sm4.clone());
            mac.update(message);
            compute(mac.verify(tag));
        },
    ),
    (
        "CBC-MAC",
        |sm4, data| data.extend(cbc_mac::tag(sm4, cbc_mac::Padding::OneAndZeros, data)),
        |sm4, data| {
            let (message, tag) = data.split_at(data.len() - 16);
            let padding = cbc_mac::Padding::OneAndZeros;
            compute(cbc_mac::verify(sm4, padding, message, tag));
        },
    ),
];

fn as_it_is<K>(_: &K, _: &mut Vec<u8>) {}

pub(super) fn tests(timing: &mut Timing) {
    for backend in Backend::runnable() {
        let on = format!("SM4 {}", backend.name());
        let sm4 = |key: &[u8; 32]| {
            let (halves, _) = key.as_chunks();
            Sm4::with_backend(&halves[0], backend)
        };
        let xts = |key: &[u8; 32]| {
            // Its halves may not be the same.
            let mut key = *key;
            key[31] ^= 1;
            Xts::with_backend(&key, Order::Gbt17964, backend).expect("two different keys")
        };
        let gcm = |key: &[u8; 32]| Gcm::with_cipher(sm4(key));
        let ccm = |key: &[u8; 32]| Ccm::with_cipher(sm4(key));
        schedule(timing, &format!("{on}: key schedule"), sm4);
        schedule(timing, &format!("{on}: GCM key"), gcm);
        schedule(timing, &format!("{on}: XTS keys"), xts);
        // Kernels take other ways for one block, four, eight and more.
        for blocks in [1, 4, 8, 64] {
            modes(timing, &format!("{on}: {blocks} blocks,"), sm4, 16 * blocks, &ECB);
        }
        let on = format!("{on}:");
        modes(timing, &on, sm4, 1024, &BLOCK_MODES);
        modes(timing, &on, sm4, 32, &KEY_WRAP);
        modes(timing, &on, xts, 1000, &XTS);
        modes(timing, &on, gcm, 1000, &GCM);
        modes(timing, &on, ccm, 1000, &CCM);
        tags(timing, &on, &sm4(&secret(Class::Fixed)), &MAC_TAGS);
        tags(timing, &on, &gcm(&secret(Class::Fixed)), &GCM_TAGS);
        tags(timing, &on, &ccm(&secret(Class::Fixed)), &CCM_TAGS);
    }
}

fn schedule<K>(timing: &mut Timing, name: &str, expand: impl Fn(&[u8; 32]) -> K) {
    let name = format!("{name}, key fixed or random");
    timing.test(&name, OF_SHORT, secret, |key| expand(key));
}

/// Each mode over `length` bytes.
fn modes<K>(
    timing: &mut Timing,
    on: &str,
    expand: impl Fn(&[u8; 32]) -> K,
    length: usize,
    modes: &[Mode<K>],
) {
    for (mode, before, run) in modes {
        let of_key = |class| {
            let (key, mut data) = (expand(&secret(class)), vec![5; length]);
            before(&key, &mut data);
            (key, data)
        };
        let name = format!("{on} {mode}, key fixed or random");
        timing.test(&name, OF_ONE, of_key, |(key, data)| run(key, data));
        let key = expand(&secret(Class::Fixed));
        let of_text = |class| {
            let mut data = secret_bytes(class, length);
            before(&key, &mut data);
            data
        };
        let name = format!("{on} {mode}, text fixed or random");
        timing.test(&name, OF_ONE, of_text, |data| run(&key, data));
    }
}

/// What judges a tag, wrong in its first or its last byte.
fn tags<K>(timing: &mut Timing, on: &str, key: &K, judges: &[Mode<K>]) {
    for (judge, before, run) in judges {
        let input = |class| {
            let mut data = vec![5; 100];
            before(key, &mut data);
            let back = if class == Class::Fixed { 16 } else { 1 };
            let place = data.len() - back;
            data[place] ^= 1;
            data
        };
        let name = format!("{on} {judge}, tag wrong in its first or last byte");
        timing.test(&name, OF_ONE, input, |data| run(key, data));
    }
}
