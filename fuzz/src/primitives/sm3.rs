//! SM3 and what stands on it: many messages, pieces, HMAC, PBKDF2, the KDF.

use digest::{Digest as _, KeyInit as _, Mac as _};
use yinxin::primitives::sm3;

use super::{Input, formula};

/// RustCrypto's SM3 and the HMAC over it.
type Sm3 = ::sm3::Sm3;
type HmacSm3 = ::hmac::Hmac<Sm3>;

/// A number of messages, the length of each, then bytes of which every message is a piece. The first two
/// messages serve as key, prefix, password and salt too, the second and third length say how much is derived
/// in how many steps.
pub(crate) fn sm3(data: &[u8]) {
    let mut input = Input(data);
    let lengths: Vec<usize> = (0..input.byte() % 131).map(|_| input.number()).collect();
    let text = input.0;
    let piece = |(i, length): (usize, &usize)| {
        let start = if text.is_empty() { 0 } else { 13 * i % text.len() };
        let rest = text.split_at(start).1;
        rest.split_at(length % (rest.len() + 1)).0
    };
    let messages: Vec<&[u8]> = lengths.iter().enumerate().map(piece).collect();
    let case = Case {
        first: messages.first().copied().unwrap_or_default(),
        second: messages.get(1).copied().unwrap_or_default(),
        messages,
        text,
        // More than is derived side by side at a time.
        derived: lengths.get(1).copied().unwrap_or_default() % 2200,
        iterations: 1 + lengths.get(2).map_or(0, |length| u32::from(length.to_le_bytes()[0] % 5)),
    };
    case.hashes();
    case.macs();
    case.derivations();
}

struct Case<'a> {
    first: &'a [u8],
    second: &'a [u8],
    messages: Vec<&'a [u8]>,
    text: &'a [u8],
    derived: usize,
    iterations: u32,
}

impl Case<'_> {
    fn hashes(&self) {
        let Self { first, second, messages, text, .. } = self;
        let expected: Vec<_> = messages.iter().map(|message| digest(&[message])).collect();
        let prefixed: Vec<_> = messages.iter().map(|message| digest(&[first, message])).collect();
        let pairs: Vec<_> = messages.iter().map(|message| (*message, *second)).collect();
        let paired: Vec<_> = pairs.iter().map(|(message, end)| digest(&[message, end])).collect();
        let (whole, alone) = (digest(messages), digest(&[text]));
        for backend in sm3::Backend::runnable() {
            assert_eq!(backend.hash(text), alone, "{backend:?}");
            assert_eq!(backend.hash_many(messages), expected, "{backend:?}");
            let many = backend.hash_many_with_prefix(first, messages);
            assert_eq!(many, prefixed, "{backend:?} after a prefix");
            assert_eq!(backend.hash_many_pairs(&pairs), paired, "{backend:?} pairs");
            assert_eq!(backend.hash_parts(messages), whole, "{backend:?} parts");
            let mut pieces = sm3::Sm3::with_backend(backend);
            messages.iter().for_each(|message| digest::Update::update(&mut pieces, message));
            assert_eq!(pieces.finalize()[..], whole, "{backend:?} in pieces");
        }
    }

    fn macs(&self) {
        let Self { first: key, messages, text, .. } = self;
        let expected: Vec<_> = messages.iter().map(|message| mac(key, message)).collect();
        let (whole, alone) = (mac(key, &messages.concat()), mac(key, text));
        for backend in sm3::Backend::runnable() {
            let key = sm3::HmacKey::with_backend(backend, key);
            assert_eq!(*key.mac(&[text]), alone, "{backend:?} HMAC");
            assert_eq!(*key.mac(messages), whole, "{backend:?} HMAC of parts");
            assert_eq!(*key.mac_many(messages), expected, "{backend:?} many HMACs");
        }
        let ours = sm3::HmacSm3::new_from_slice(key).expect("any length");
        let ours = messages.iter().fold(ours, |mac, message| mac.chain_update(message));
        assert_eq!(ours.finalize().into_bytes()[..], whole, "HMAC in pieces");
    }

    fn derivations(&self) {
        let Self { first, second, derived, iterations, .. } = self;
        let mut expected = vec![0; *derived];
        pbkdf2::pbkdf2::<HmacSm3>(first, second, *iterations, &mut expected).expect("a length");
        let libsmx = formula::pbkdf2(first, second, *iterations, *derived);
        assert_eq!(expected, libsmx, "the peers differ");
        let mut ours = vec![0; *derived];
        for backend in sm3::Backend::runnable() {
            ours.fill(0);
            backend.pbkdf2(first, second, *iterations, &mut ours);
            assert_eq!(ours, expected, "{backend:?} PBKDF2");
        }
        let z = [*first, *second];
        let expected = libsmx::sm2::kdf::kdf(&z.concat(), *derived);
        assert_eq!(formula::kdf(&z, *derived), expected, "the peers differ");
        sm3::kdf(&z, &mut ours);
        assert_eq!(ours, expected, "KDF");
    }
}

/// What both peers make of the message that `parts` are.
fn digest(parts: &[&[u8]]) -> sm3::Digest {
    let message = parts.concat();
    let digest = libsmx::sm3::Sm3Hasher::digest(&message);
    assert_eq!(Sm3::digest(&message)[..], digest, "the peers differ");
    digest
}

fn mac(key: &[u8], message: &[u8]) -> sm3::Digest {
    let mac = libsmx::sm3::hmac_sm3(key, message);
    let theirs = HmacSm3::new_from_slice(key).expect("any length").chain_update(message);
    assert_eq!(theirs.finalize().into_bytes()[..], mac, "the peers differ");
    mac
}
