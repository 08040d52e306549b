//! Every kernel that this CPU could run is run: what the operating system says of the CPU is read here, on
//! its own, and compared with what the product finds. A backend that is not found would be left out of
//! every other test in silence. Of a CPU that is emulated, `core/tests/aarch64.sh` and `core/tests/avx512.sh`
//! say what there must be.

#![cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), target_os = "linux"))]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails loudly"
)]

use std::{
    collections::BTreeSet,
    env, fs,
    io::{self, Write as _},
    mem,
};

use cipher::KeyInit as _;
use digest::Digest as _;
use yinxin::primitives::{
    sm2::{Claim, DistId, PreparedPublicKey, PrivateKey},
    sm3, sm4,
};

/// For each backend the flags of /proc/cpuinfo that it needs.
type Needs = &'static [(&'static str, &'static [&'static str])];

#[cfg(target_arch = "x86_64")]
mod needs {
    use super::Needs;

    pub(super) const SM2: Needs = if cfg!(yinxin_unoptimised) {
        // The kernel of AVX-512 is for optimised builds.
        &[("portable", &[])]
    } else {
        const IFMA: &[&str] = &["avx2", "avx512f", "avx512dq", "avx512vl", "avx512ifma"];
        &[("portable", &[]), ("ifma-4", IFMA), ("ifma", IFMA)]
    };
    pub(super) const SM3: Needs = &[
        ("portable", &[]),
        ("avx2", &["avx2", "bmi1", "bmi2"]),
        ("avx512", &["avx2", "avx512f", "avx512bw", "avx512vl", "bmi2"]),
    ];
    pub(super) const SM4: Needs = &[
        ("portable", &[]),
        ("aes", &["avx2", "aes"]),
        ("gfni", &["avx2", "gfni"]),
        ("avx512", &["avx2", "avx512f", "avx512bw", "avx512vl", "gfni", "pclmulqdq", "vpclmulqdq"]),
    ];
}

#[cfg(target_arch = "aarch64")]
mod needs {
    use super::Needs;

    pub(super) const SM2: Needs = &[("portable", &[])];
    pub(super) const SM3: Needs =
        &[("portable", &[]), ("neon", &["asimd"]), ("sm3", &["asimd", "sm3", "sm4"])];
    pub(super) const SM4: Needs =
        &[("portable", &[]), ("aes", &["asimd", "aes"]), ("sm4", &["asimd", "sm3", "sm4"])];
}

/// The backends that the CPU's flags allow; of an emulated CPU, of which /proc/cpuinfo knows nothing, those
/// that `YINXIN_BACKENDS` names, as in `sm3: portable neon; sm4: portable aes`.
fn allowed(primitive: &str, needs: Needs) -> Vec<String> {
    if let Ok(text) = env::var("YINXIN_BACKENDS") {
        let of = |part: &str| Some(part.strip_prefix(primitive)?.strip_prefix(": ")?.to_owned());
        let named = text.split("; ").find_map(of).unwrap_or_else(|| "portable".to_owned());
        return named.split(' ').map(str::to_owned).collect();
    }
    let flags = flags();
    let allowed = needs.iter().filter(|(_, of)| of.iter().all(|flag| flags.contains(*flag)));
    let mut names: Vec<String> = allowed.map(|(name, _)| (*name).to_owned()).collect();
    if let [.., four, eight] = &mut names[..]
        && four == "ifma-4"
        && flags.contains("sse4a")
        && !["avx512_vp2intersect", "avx_vnni"].iter().any(|flag| flags.contains(*flag))
    {
        // Zen 4 does an instruction on 512 bits in two halves: four lanes are the faster ones.
        mem::swap(four, eight);
    }
    names
}

fn flags() -> BTreeSet<String> {
    let text = fs::read_to_string("/proc/cpuinfo").expect("Linux describes its CPU");
    let is_it = |line: &&str| line.starts_with("flags") || line.starts_with("Features");
    let line = text.lines().find(is_it).expect("a line of flags");
    line.split_whitespace().map(str::to_owned).collect()
}

/// The backends that ran, in order, must be those that the CPU allows: none missing, none unknown.
fn compare(primitive: &str, needs: Needs, ran: &[&str]) {
    let allowed = allowed(primitive, needs);
    assert_eq!(ran, allowed, "{primitive}: backends that ran, and those that the CPU allows");
    let line = format!("backends: {primitive} ran on {}\n", ran.join(", "));
    io::stderr().write_all(line.as_bytes()).expect("standard error takes a line");
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
        ran.push(backend.name());
    }
    compare("sm2", needs::SM2, &ran);
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
        ran.push(backend.name());
    }
    compare("sm3", needs::SM3, &ran);
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
        ran.push(backend.name());
    }
    compare("sm4", needs::SM4, &ran);
}
