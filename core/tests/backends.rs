//! Every kernel that this CPU could run is run: what the operating system says of the CPU is read here, on
//! its own, and compared with what the product finds. A backend that is not found would be left out of
//! every other test in silence.

#![cfg(all(target_arch = "x86_64", target_os = "linux"))]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails loudly"
)]

use std::{
    collections::BTreeSet,
    fmt::Debug,
    fs,
    io::{self, Write as _},
};

use cipher::KeyInit as _;
use digest::Digest as _;
use yinxin::primitives::{
    sm2::{Claim, DistId, PreparedPublicKey, PrivateKey},
    sm3, sm4,
};

/// For each backend the flags of /proc/cpuinfo that it needs.
type Needs = &'static [(&'static str, &'static [&'static str])];

const SM2: Needs = &[("Portable", &[]), ("Ifma", &["avx512f", "avx512dq", "avx512ifma"])];

const SM3: Needs = &[
    ("Portable", &[]),
    ("Avx2", &["avx2", "bmi2"]),
    ("Avx512", &["avx512f", "avx512bw", "avx512vl", "bmi2"]),
];

const SM4: Needs = &[
    ("Portable", &[]),
    ("Aes", &["avx2", "aes"]),
    ("Gfni", &["avx2", "gfni"]),
    ("Avx512", &["avx2", "avx512f", "avx512bw", "avx512vl", "gfni", "pclmulqdq", "vpclmulqdq"]),
];

/// The backends that ran, in order, must be those that the flags allow: none missing, none unknown.
fn compare(primitive: &str, needs: Needs, ran: &[String]) {
    let text = fs::read_to_string("/proc/cpuinfo").expect("Linux describes its CPU");
    let line = text.lines().find(|line| line.starts_with("flags")).expect("a line of flags");
    let flags: BTreeSet<&str> = line.split_whitespace().collect();
    let allowed = needs.iter().filter(|(_, needs)| needs.iter().all(|flag| flags.contains(flag)));
    let allowed: Vec<&str> = allowed.map(|(name, _)| *name).collect();
    assert_eq!(ran, allowed, "{primitive}: backends that ran, and those that the CPU allows");
    let line = format!("backends: {primitive} ran on {}\n", ran.join(", "));
    io::stderr().write_all(line.as_bytes()).expect("standard error takes a line");
}

/// The variant's name: `Ifma(detected)` is `Ifma`.
fn name(backend: impl Debug) -> String {
    format!("{backend:?}").split('(').next().expect("a first part").to_owned()
}

#[test]
fn sm2_runs_on_all_that_the_cpu_allows() {
    let id = DistId::DEFAULT;
    let messages: Vec<Vec<u8>> = (0..20).map(|i| vec![7; i]).collect();
    let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    let mut ran = Vec::new();
    for backend in yinxin::primitives::sm2::Backend::runnable() {
        let key = PrivateKey::from_bytes(&[0x35; 32]).unwrap().on(backend);
        let peer = sm2::dsa::SigningKey::from_slice("1234567812345678", &[0x35; 32]).unwrap();
        assert_eq!(key.public().to_sec1(), peer.verifying_key().to_sec1_bytes()[..]);
        let mut signatures = key.sign_many(&messages, &id).unwrap();
        signatures.push(key.sign(b"alone", &id).unwrap());
        let messages = [&messages[..], &[b"alone"]].concat();
        let prepared = PreparedPublicKey::new(key.public(), &id);
        for (message, signature) in messages.iter().zip(&signatures) {
            let theirs = sm2::dsa::Signature::from_bytes(&signature.to_bytes().into()).unwrap();
            signature::Verifier::verify(peer.verifying_key(), message, &theirs).unwrap();
            key.public().verify(message, signature, &id).unwrap();
            prepared.verify(message, signature, &id).unwrap();
            let claim = Claim { key: key.public(), message, signature, id: &id };
            let results = yinxin::primitives::sm2::verify_many(&[claim; 9]);
            assert!(results.iter().all(Result::is_ok));
        }
        let sealed = key.public().encrypt(b"message").unwrap();
        assert_eq!(**key.decrypt(&sealed).unwrap(), *b"message");
        ran.push(name(backend));
    }
    compare("sm2", SM2, &ran);
}

#[test]
fn sm3_runs_on_all_that_the_cpu_allows() {
    let long = vec![b'a'; 5000];
    let messages: Vec<&[u8]> = (0..40).map(|i| &long[..i * 100]).collect();
    let mut ran = Vec::new();
    for backend in sm3::Backend::runnable() {
        for (message, digest) in messages.iter().zip(backend.hash_many(&messages)) {
            assert_eq!(digest, ::sm3::Sm3::digest(message)[..]);
            assert_eq!(digest, backend.hash(message));
        }
        ran.push(name(backend));
    }
    compare("sm3", SM3, &ran);
}

#[test]
fn sm4_runs_on_all_that_the_cpu_allows() {
    let key = *b"sixteen byte key";
    let peer = ::sm4::Sm4::new(&key.into());
    let mut ran = Vec::new();
    for backend in sm4::Backend::runnable() {
        let plain: Vec<u8> = (0..16 * 100).map(|i| (i % 251).try_into().unwrap()).collect();
        let mut data = plain.clone();
        let cipher = sm4::Sm4::with_backend(&key, backend);
        sm4::ecb::encrypt(&cipher, &mut data).unwrap();
        for (plain, got) in plain.chunks(16).zip(data.chunks(16)) {
            let mut block = sm4::Block::try_from(plain).unwrap().into();
            cipher::BlockCipherEncrypt::encrypt_block(&peer, &mut block);
            assert_eq!(block[..], *got);
        }
        ran.push(name(backend));
    }
    compare("sm4", SM4, &ran);
}
