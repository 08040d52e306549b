//! SM3 against the textbook, the standard's examples, published vectors and RustCrypto.

mod agreement;
mod constants;

use std::collections::BTreeSet;

use digest::{Digest as _, KeyInit as _, Mac as _, Update};
use proptest::prelude::*;
use yinxin_vectors::{Case, load, published::compare_folder};
use zeroize::Zeroizing;

use super::*;

/// GB/T 32905-2016, clause 5, word for word.
fn textbook(message: &[u8]) -> Digest {
    // 5.2: a one bit, zeros up to 448 mod 512, the length in 64 bits.
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((8 * message.len() as u64).to_be_bytes());

    let rol = |x: u32, n: usize| x.rotate_left(n as u32 % 32);
    let p0 = |x: u32| x ^ rol(x, 9) ^ rol(x, 17);
    let p1 = |x: u32| x ^ rol(x, 15) ^ rol(x, 23);
    let mut v = IV;
    for block in padded.chunks(64) {
        // 5.3.2
        let mut w: Vec<u32> =
            block.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect();
        for j in 16..68 {
            w.push(p1(w[j - 16] ^ w[j - 9] ^ rol(w[j - 3], 15)) ^ rol(w[j - 13], 7) ^ w[j - 6]);
        }
        let w1: Vec<u32> = (0..64).map(|j| w[j] ^ w[j + 4]).collect();
        // 5.3.3
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = v;
        for j in 0..64 {
            let t: u32 = if j < 16 { 0x79cc4519 } else { 0x7a879d8a };
            let ff = if j < 16 { a ^ b ^ c } else { (a & b) | (a & c) | (b & c) };
            let gg = if j < 16 { e ^ f ^ g } else { (e & f) | (!e & g) };
            let ss1 = rol(rol(a, 12).wrapping_add(e).wrapping_add(rol(t, j)), 7);
            let ss2 = ss1 ^ rol(a, 12);
            let tt1 = ff.wrapping_add(d).wrapping_add(ss2).wrapping_add(w1[j]);
            let tt2 = gg.wrapping_add(h).wrapping_add(ss1).wrapping_add(w[j]);
            (d, c, b, a) = (c, rol(b, 9), a, tt1);
            (h, g, f, e) = (g, rol(f, 19), e, p0(tt2));
        }
        for (word, new) in v.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *word ^= new;
        }
    }
    digest_of(&v)
}

/// Bytes that differ everywhere and never repeat with a short period.
fn pattern(length: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn the_examples_of_the_standard() {
    for case in load("sm3/hash.json") {
        let (message, digest) = (case.bytes("msg"), case.array("digest"));
        assert_eq!(textbook(&message), digest, "{case}");
        for backend in Backend::runnable() {
            assert_eq!(backend.hash(&message), digest, "{case} {backend:?}");
        }
    }
}

#[test]
fn two_at_once_agree_with_the_textbook() {
    let (first, second) = (pattern(200), pattern(400));
    let second = &second[200..];
    let digests = |bytes: &[u8]| -> Vec<Digest> {
        (0..=bytes.len()).map(|length| textbook(&bytes[..length])).collect()
    };
    let expected = (digests(&first), digests(second));
    for backend in Backend::runnable() {
        for (a, b) in (0..=200).flat_map(|a| (0..=200).map(move |b| (a, b))) {
            // Cut where the parts are whole blocks, pieces of one, or empty.
            let (one, rest) = first[..a].split_at(a.min(b));
            let (two, three) = rest.split_at(rest.len() / 2);
            let (four, five) = second[..b].split_at(b / 3);
            let mut digests = [[0; 32]; 2];
            backend.hash_two([&[one, two, three], &[four, five]], &mut digests);
            assert_eq!(digests, [expected.0[a], expected.1[b]], "{backend:?} {a} {b}");
        }
    }
}

#[test]
fn every_length_agrees_with_the_textbook_and_rustcrypto() {
    let bytes = pattern(600);
    for length in 0..=600 {
        let message = &bytes[..length];
        let expected = textbook(message);
        assert_eq!(::sm3::Sm3::digest(message)[..], expected, "{length}");
        for backend in Backend::runnable() {
            assert_eq!(backend.hash(message), expected, "{length} {backend:?}");
            let mut streamed = Sm3::with_backend(backend);
            Update::update(&mut streamed, message);
            assert_eq!(streamed.finalize()[..], expected, "{length} {backend:?}");
        }
    }
}

#[test]
fn long_messages_agree_with_rustcrypto() {
    for length in [1023, 1024, 1025, 2047, 4096, 5000, 65_537, 200_000] {
        let message = pattern(length);
        let expected: Digest = ::sm3::Sm3::digest(&message).into();
        for backend in Backend::runnable() {
            assert_eq!(backend.hash(&message), expected, "{length} {backend:?}");
        }
    }
}

#[test]
fn hash_many_is_hash_of_each() {
    let bytes = pattern(3000);
    let mixed: Vec<&[u8]> =
        (0..150).map(|i| &bytes[i..i + (i * i * 7) % 1400]).chain([&bytes[..0]; 3]).collect();
    let equal: Vec<&[u8]> = bytes.chunks(100).collect();
    for messages in [&mixed[..], &equal, &mixed[..1], &mixed[..17], &[]] {
        let expected: Vec<_> = messages.iter().map(|message| textbook(message)).collect();
        for backend in Backend::runnable() {
            assert_eq!(backend.hash_many(messages), expected, "{backend:?} {}", messages.len());
        }
        assert_eq!(hash_many(messages), expected);
    }
    for length in 0..=600 {
        let messages = [&bytes[..length], &bytes[1..=length], &bytes[..0], &bytes[2..length + 2]];
        let expected = messages.map(textbook);
        for backend in Backend::runnable() {
            assert_eq!(backend.hash_many(&messages), expected, "{backend:?} {length}");
        }
    }
}

#[test]
fn every_batch_size_of_ragged_messages() {
    let bytes = pattern(700);
    let all: Vec<&[u8]> = (0..130).map(|i| &bytes[i..i + (i * 37) % 300]).collect();
    let expected: Vec<_> = all.iter().map(|message| textbook(message)).collect();
    for backend in Backend::runnable() {
        for size in 0..=all.len() {
            let digests = backend.hash_many(&all[..size]);
            assert_eq!(digests, expected[..size], "{backend:?} {size}");
        }
    }
}

#[test]
fn every_prefix_length_before_many_messages() {
    let bytes = pattern(800);
    for prefix in 0..=130 {
        let prefix = &bytes[..prefix];
        // Lengths on both sides of every edge, two of them equal.
        let lengths = [0, 1, 8, 24, 31, 32, 33, 55, 56, 63, 64, 64, 65, 119, 120, 128, 200, 600];
        let messages = lengths.map(|length| &bytes[length / 3..length / 3 + length]);
        let expected = messages.map(|message| textbook(&[prefix, message].concat()));
        let pairs = messages.map(|message| (prefix, message));
        let turned = messages.map(|message| (message, prefix));
        let turned_expected = messages.map(|message| textbook(&[message, prefix].concat()));
        for backend in Backend::runnable() {
            let case = format!("{backend:?} {}", prefix.len());
            assert_eq!(backend.hash_many_with_prefix(prefix, &messages), expected, "{case}");
            assert_eq!(backend.hash_many_pairs(&pairs), expected, "{case}");
            assert_eq!(backend.hash_many_pairs(&turned), turned_expected, "{case}");
            let parts = messages.map(|message| backend.hash_parts(&[prefix, &[], message]));
            assert_eq!(parts, expected, "{case}");
        }
        assert_eq!(hash_many_with_prefix(prefix, &messages), expected);
        assert_eq!(hash_many_pairs(&pairs), expected);
        assert_eq!(hash_parts(&[prefix, messages[2]]), expected[2]);
    }
    assert!(hash_many_with_prefix(b"prefix", &[]).is_empty());
}

#[test]
fn hmac_agrees_with_the_crates_of_others() {
    let bytes = pattern(800);
    for key in (0..=130).chain([200]) {
        let key = &bytes[..key];
        let lengths = [0, 1, 32, 55, 56, 63, 64, 65, 100, 119, 128, 600].into_iter().cycle();
        let messages: Vec<&[u8]> =
            lengths.take(key.len()).enumerate().map(|(i, length)| &bytes[i..i + length]).collect();
        let expected: Vec<Digest> = messages
            .iter()
            .map(|message| {
                let mac = ::hmac::Hmac::<::sm3::Sm3>::new_from_slice(key).unwrap();
                mac.chain_update(message).finalize().into_bytes().into()
            })
            .collect();
        for backend in Backend::runnable() {
            let hmac = HmacKey::with_backend(backend, key);
            let case = format!("{backend:?}, key of {}", key.len());
            assert_eq!(*hmac.mac_many(&messages), expected, "{case}");
            for (message, tag) in messages.iter().zip(&expected).take(12) {
                let (one, two) = message.split_at(message.len() / 3);
                assert_eq!(*hmac.clone().mac(&[one, two]), *tag, "{case}");
            }
        }
    }
    assert_eq!(format!("{:?}", HmacKey::new(b"secret")), "HmacKey(..)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pieces_make_the_whole(
        message in proptest::collection::vec(any::<u8>(), 0..1500),
        cuts in proptest::collection::vec(0usize..1500, 0..8),
    ) {
        let expected = textbook(&message);
        let cuts: BTreeSet<_> = cuts.into_iter().map(|cut| cut.min(message.len())).collect();
        for backend in Backend::runnable() {
            let mut state = Sm3::with_backend(backend);
            let mut start = 0;
            for &cut in cuts.iter().chain([&message.len()]) {
                Update::update(&mut state, &message[start..cut]);
                start = cut;
            }
            prop_assert_eq!(&state.clone().finalize()[..], &expected);
            prop_assert_eq!(&state.finalize_reset()[..], &expected);
            prop_assert_eq!(&state.finalize()[..], &textbook(b""));
        }
    }

    #[test]
    fn many_of_any_lengths(
        lengths in proptest::collection::vec(0usize..400, 0..40),
    ) {
        let bytes = pattern(500);
        let messages: Vec<&[u8]> =
            lengths.iter().enumerate().map(|(i, length)| &bytes[i..i + length]).collect();
        let expected: Vec<_> = messages.iter().map(|message| textbook(message)).collect();
        for backend in Backend::runnable() {
            prop_assert_eq!(backend.hash_many(&messages), expected.clone());
        }
    }
}

#[test]
fn kdf_vectors() {
    for case in load("sm3/kdf.json") {
        let (z, expected) = (case.bytes("z"), case.bytes("out"));
        for backend in Backend::runnable() {
            for cut in [0, z.len() / 3, z.len()] {
                let mut out = vec![0xaa; expected.len()];
                backend.kdf(&[&z[..cut], &[], &z[cut..]], &mut out);
                assert_eq!(out, expected, "{case} {backend:?} cut at {cut}");
            }
        }
    }
    kdf(&[b"nothing is asked for"], &mut []);
}

#[test]
fn pbkdf2_agrees_with_the_crate_of_others() {
    let bytes = pattern(3000);
    let lengths = (0..=200).chain([64 * 32, 64 * 32 + 1, 70 * 32 + 5]);
    for (length, iterations) in lengths.zip([1, 2, 3, 7].into_iter().cycle()) {
        let (password, salt) = (&bytes[..length % 140], &bytes[200..200 + length % 77]);
        let mut expected = vec![0; length];
        ::pbkdf2::pbkdf2_hmac::<::sm3::Sm3>(password, salt, iterations, &mut expected);
        for backend in Backend::runnable() {
            let mut key = vec![0xaa; length];
            backend.pbkdf2(password, salt, iterations, &mut key);
            assert_eq!(key, expected, "{backend:?} {length} {iterations}");
        }
    }
    let (mut zero, mut one) = ([0; 40], [0; 40]);
    pbkdf2(b"password", b"salt", 0, &mut zero);
    pbkdf2(b"password", b"salt", 1, &mut one);
    assert_eq!(zero, one);
}

#[test]
fn algorithm_identifiers() {
    assert_eq!(Sm3::OID.to_string(), "1.2.156.10197.1.401");
    assert_eq!(format!("{:?}", Sm3::new()), "Sm3 { ... }");
}

#[test]
fn every_shared_vector() {
    let mut counts = [0; 4];
    let all = compare_folder("sm3", |case, found| {
        let (kind, agrees) = match case.get("alg").map(|_| case.text("alg")) {
            None => (0, agrees_hash(case)),
            Some("HMAC-SM3") => (1, agrees_hmac(case)),
            Some("PBKDF2-HMAC-SM3") => (2, agrees_pbkdf2(case)),
            Some("HKDF-SM3") => (3, agrees_hkdf(case)),
            Some(other) => return found.refuse(format!("{other} is not offered")),
        };
        counts[kind] += 1;
        found.valid(agrees);
    });
    assert!(counts.iter().all(|&count| count > 0) || all == 0, "{counts:?}");
}

fn agrees_hash(case: &Case) -> bool {
    let message = match case.get("unit") {
        Some(_) => case.bytes("unit").repeat(case.number("count") as usize),
        None => case.bytes("msg"),
    };
    Backend::runnable().all(|backend| backend.hash(&message)[..] == case.bytes("digest"))
}

/// Whether the tag is that of the message: on every backend, one by one and for many, or on none.
fn agrees_hmac(case: &Case) -> bool {
    let (message, tag) = (case.bytes("msg"), case.bytes("tag"));
    let mac = HmacSm3::new_from_slice(&case.bytes("key")).unwrap();
    let agrees = mac.chain_update(&message).verify_truncated_left(&tag).is_ok();
    for backend in Backend::runnable() {
        let key = HmacKey::with_backend(backend, &case.bytes("key"));
        let tags = [key.mac(&[&message]), Zeroizing::new(key.mac_many(&[&message[..]; 4])[3])];
        for ours in tags {
            assert_eq!(ours[..tag.len()] == tag, agrees, "{case} {backend:?}");
        }
    }
    agrees
}

fn agrees_pbkdf2(case: &Case) -> bool {
    let (password, salt) = (case.bytes("password"), case.bytes("salt"));
    let mut key = vec![0; case.number("size") as usize];
    let rounds = case.number("iterations") as u32;
    ::pbkdf2::pbkdf2_hmac::<Sm3>(&password, &salt, rounds, &mut key);
    let agrees = key == case.bytes("dk");
    for backend in Backend::runnable() {
        key.fill(0);
        backend.pbkdf2(&password, &salt, rounds, &mut key);
        assert_eq!(key == case.bytes("dk"), agrees, "{case} {backend:?}");
    }
    agrees
}

fn agrees_hkdf(case: &Case) -> bool {
    let hkdf = hkdf::Hkdf::<Sm3>::new(Some(&case.bytes("salt")), &case.bytes("ikm"));
    let mut key = vec![0; case.number("size") as usize];
    // What asks for more than 255 digests has no answer.
    hkdf.expand(&case.bytes("info"), &mut key).is_ok() && key == case.bytes("okm")
}
