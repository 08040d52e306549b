//! Batches of every length, and bad items among good ones: no item may know its neighbours.

use yinxin_vectors::random::{rounds, tell};

use super::{super::many::counts, *};

/// The longest batch: past twice the largest group that any backend works on.
const LONGEST: usize = 130;

/// Every length of a batch; where `ROUNDS` asks for a fraction of all inputs, fewer.
fn lengths() -> impl Iterator<Item = usize> {
    let every = rounds(10) >= 10;
    let some: Vec<usize> = if every { (0..=LONGEST).collect() } else { counts().collect() };
    some.into_iter()
}

/// Every place in a batch of 64, or fewer of them likewise: in every lane of eight, first and last among them.
fn places() -> impl Iterator<Item = usize> {
    (0..64).step_by(if rounds(10) >= 10 { 1 } else { 9 })
}

/// What was signed by whom.
struct Signed {
    key: PublicKey,
    message: Vec<u8>,
    id: DistId,
    signature: Signature,
}

impl Signed {
    fn claim(&self) -> Claim<'_> {
        Claim { key: &self.key, message: &self.message, signature: &self.signature, id: &self.id }
    }
}

/// Signatures of keys that come again and keys that do not, under several identifiers.
fn signed(curve: &Curve, stream: &mut Stream, count: usize) -> Vec<Signed> {
    let keys: Vec<_> = (0..5).map(|_| private_key(&private(curve, stream))).collect();
    let sign = |_| {
        let fresh = private_key(&private(curve, stream));
        let key = keys.get(stream.below(8)).unwrap_or(&fresh);
        let (message, id) = (stream.below(200), stream.below(40));
        let (message, id) = (stream.bytes(message), stream.bytes(id));
        let id = DistId::new(&id).expect("short");
        let signature = key.sign(&message, &id).expect("randomness");
        Signed { key: key.public().clone(), message, id, signature }
    };
    (0..count).map(sign).collect()
}

/// The same claim, spoilt in one of the ways in which a claim can be wrong.
fn spoil(curve: &Curve, stream: &mut Stream, good: &Signed) -> Signed {
    let n = &curve.n;
    let mut bad = Signed {
        key: good.key.clone(),
        message: good.message.clone(),
        id: good.id.clone(),
        signature: good.signature,
    };
    let raw = good.signature.to_bytes();
    let [r, s] = [0, 32].map(|at| number(&raw[at..at + 32]));
    let with = |r: &BigUint, s: &BigUint| {
        let both = [bytes(r), bytes(s)].concat();
        Signature::from_bytes(&both.try_into().expect("64 bytes")).expect("in [1, n-1]")
    };
    match stream.below(6) {
        0 => bad.message.push(0),
        1 => bad.id = DistId::new(b"somebody else").expect("short"),
        2 => {
            let other = private_key(&anywhere(curve, stream));
            bad.key = other.public().clone();
        }
        // t = 0, the sum is [s]G alone.
        3 => bad.signature = with(&r, &(n - &r)),
        // Another s; and r and s in each other's place, which leaves t.
        4 => bad.signature = with(&r, &(&s % (n - 1u32) + 1u32)),
        _ => bad.signature = with(&s, &r),
    }
    bad
}

#[test]
fn signing_in_batches_of_every_length() {
    let curve = Curve::recommended();
    let mut stream = Stream::new(8);
    let laps = rounds(1).div_ceil(10);
    let mut count = 0;
    for length in (0..laps).flat_map(|_| lengths()) {
        let d = private(&curve, &mut stream);
        let messages: Vec<_> =
            (0..length).map(|_| stream.below(150)).map(|length| vec![7; length]).collect();
        let slices: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let id = DistId::new(b"batch").expect("short");
        let public = private_key(&d).public().clone().on(Backend::Portable);
        for backend in Backend::runnable() {
            let key = private_key(&d).on(backend);
            let signatures = key.sign_many(&slices, &id).expect("randomness");
            assert_eq!(signatures.len(), length, "{backend:?}");
            let mut seen: Vec<_> = signatures.iter().map(Signature::to_bytes).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), length, "{backend:?}: equal signatures share a nonce");
            for (message, signature) in slices.iter().zip(&signatures) {
                let result = public.verify(message, signature, &id);
                assert!(result.is_ok(), "{backend:?} {length} d {d:x}");
            }
            count += length;
        }
    }
    tell(&format!("sm2: {count} signatures in batches of 0 to {LONGEST}"));
}

#[test]
fn verification_in_batches_of_every_length() {
    let curve = Curve::recommended();
    let mut stream = Stream::new(9);
    let laps = rounds(1).div_ceil(10);
    let mut count = 0;
    for length in (0..laps).flat_map(|_| lengths()) {
        let mut list = signed(&curve, &mut stream, length);
        let share = stream.below(4);
        let good: Vec<bool> = (0..length).map(|_| stream.below(4) >= share).collect();
        for (item, good) in list.iter_mut().zip(&good) {
            if !good {
                *item = spoil(&curve, &mut stream, item);
            }
        }
        let claims: Vec<_> = list.iter().map(Signed::claim).collect();
        for backend in Backend::runnable() {
            let results = backend.verify_many(&claims);
            let results: Vec<bool> = results.iter().map(Result::is_ok).collect();
            assert_eq!(results, good, "{backend:?} {length}");
            count += length;
        }
    }
    tell(&format!("sm2: {count} verifications in batches of 0 to {LONGEST}"));
}

#[test]
fn one_bad_claim_at_each_place_of_a_batch() {
    let curve = Curve::recommended();
    let mut stream = Stream::new(10);
    let list = signed(&curve, &mut stream, 64);
    for place in places() {
        let bad = spoil(&curve, &mut stream, &list[place]);
        let mut claims: Vec<_> = list.iter().map(Signed::claim).collect();
        claims[place] = bad.claim();
        for backend in Backend::runnable() {
            let results = backend.verify_many(&claims);
            let wrong: Vec<_> = (0..64).filter(|&i| results[i].is_err()).collect();
            assert_eq!(wrong, [place], "{backend:?}");
        }
        // The other way round: one good claim among those that are all bad.
        let bad: Vec<_> = list.iter().map(|item| spoil(&curve, &mut stream, item)).collect();
        let mut claims: Vec<_> = bad.iter().map(Signed::claim).collect();
        claims[place] = list[place].claim();
        for backend in Backend::runnable() {
            let results = backend.verify_many(&claims);
            let right: Vec<_> = (0..64).filter(|&i| results[i].is_ok()).collect();
            assert_eq!(right, [place], "{backend:?}");
        }
    }
    tell("sm2: one bad among 64, and one good among 64, at each place");
}

#[test]
fn keys_in_batches_of_every_length() {
    let mut count = 0;
    for length in lengths() {
        for backend in Backend::runnable() {
            let keys = backend.keygen_many(length).expect("randomness");
            assert_eq!(keys.len(), length, "{backend:?}");
            let mut seen: Vec<_> = keys.iter().map(|key| *key.expose_bytes()).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), length, "{backend:?}: a key comes twice");
            for key in keys {
                let public = Backend::Portable.multiply_base(&key.scalar());
                assert_eq!(coordinates(&key.public().point), coordinates(&public), "{backend:?}");
                let alone = PrivateKey::from_bytes(key.expose_bytes()).expect("in [1, n-2]");
                assert_eq!(alone.inverse().unwrap().0, key.inverse().unwrap().0, "{backend:?}");
                assert_eq!(alone.public(), key.public(), "{backend:?}");
                count += 1;
            }
        }
    }
    tell(&format!("sm2: {count} keys in batches of 0 to {LONGEST}"));
}

/// A ciphertext with one bit wrong in C1, C2 or C3.
fn spoil_ciphertext(stream: &mut Stream, good: &Ciphertext) -> Ciphertext {
    let mut raw = good.to_c1c3c2();
    let bit = 8 + stream.below(8 * (raw.len() - 1));
    raw[bit / 8] ^= 1 << (bit % 8);
    Ciphertext::from_c1c3c2(&raw).expect("the layout is as before")
}

#[test]
fn ciphertexts_in_batches_of_every_length() {
    let curve = Curve::recommended();
    let mut stream = Stream::new(11);
    let laps = rounds(1).div_ceil(20);
    let mut count = 0;
    for length in (0..laps).flat_map(|_| lengths()) {
        let d = private(&curve, &mut stream);
        // Plaintexts of no bytes have no ciphertext; their neighbours have.
        let mut plaintext = || {
            let length = if stream.below(8) == 0 { 0 } else { 1 + stream.below(100) };
            stream.bytes(length)
        };
        let plaintexts: Vec<_> = (0..length).map(|_| plaintext()).collect();
        let slices: Vec<&[u8]> = plaintexts.iter().map(Vec::as_slice).collect();
        let portable = private_key(&d).on(Backend::Portable);
        for backend in Backend::runnable() {
            let key = private_key(&d).on(backend);
            let prepared = PreparedPublicKey::new(key.public(), &DistId::DEFAULT);
            let case = format!("{backend:?} {length} d {d:x}");
            for sealed in [key.public().encrypt_many(&slices), prepared.encrypt_many(&slices)] {
                assert_eq!(sealed.len(), length, "{case}");
                let mut all = Vec::new();
                for (sealed, plaintext) in sealed.into_iter().zip(&slices) {
                    assert_eq!(sealed.is_err(), plaintext.is_empty(), "{case}");
                    let Ok(sealed) = sealed else { continue };
                    assert_eq!(**portable.decrypt(&sealed).expect(&case), **plaintext, "{case}");
                    let bad = stream.below(4) == 0;
                    let sealed = if bad { spoil_ciphertext(&mut stream, &sealed) } else { sealed };
                    all.push((sealed, (!bad).then_some(*plaintext)));
                }
                let ciphertexts: Vec<_> = all.iter().map(|(ciphertext, _)| ciphertext).collect();
                let opened = key.decrypt_many(&ciphertexts);
                assert_eq!(opened.len(), all.len(), "{case}");
                for (opened, (_, expected)) in opened.iter().zip(&all) {
                    let opened = opened.as_ref().ok().map(|opened| opened.as_slice());
                    assert_eq!(opened, *expected, "{case}");
                }
                count += all.len();
            }
        }
    }
    tell(&format!("sm2: {count} ciphertexts in batches of 0 to {LONGEST}"));
}

#[test]
fn one_bad_ciphertext_at_each_place_of_a_batch() {
    let curve = Curve::recommended();
    let mut stream = Stream::new(12);
    let d = private(&curve, &mut stream);
    let message = stream.bytes(40);
    let good: Vec<_> =
        (0..64).map(|_| private_key(&d).public().encrypt(&message).expect("randomness")).collect();
    for backend in Backend::runnable() {
        let key = private_key(&d).on(backend);
        for place in places() {
            let bad = spoil_ciphertext(&mut stream, &good[place]);
            let mut list: Vec<_> = good.iter().collect();
            list[place] = &bad;
            let opened = key.decrypt_many(&list);
            for (i, opened) in opened.iter().enumerate() {
                let opened = opened.as_ref().ok().map(|opened| opened.as_slice());
                assert_eq!(opened, (i != place).then_some(&message[..]), "{backend:?} {place}");
            }
        }
    }
    tell("sm2: one bad among 64 ciphertexts at each place");
}

#[test]
fn a_prepared_key_in_batches_of_every_length() {
    let curve = Curve::recommended();
    let mut stream = Stream::new(13);
    let mut count = 0;
    for length in lengths() {
        let d = private(&curve, &mut stream);
        let id = DistId::new(b"prepared").expect("short");
        let key = private_key(&d);
        let messages: Vec<_> = (0..length).map(|i| stream.bytes(i)).collect();
        let slices: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let mut signatures = key.sign_many(&slices, &id).expect("randomness");
        let good: Vec<bool> = (0..length).map(|_| stream.below(4) > 0).collect();
        for (signature, _) in signatures.iter_mut().zip(&good).filter(|(_, good)| !**good) {
            let raw = signature.to_bytes();
            let s = number(&raw[32..]) % (&curve.n - 1u32) + 1u32;
            let raw = [&raw[..32], &bytes(&s)].concat();
            *signature = Signature::from_bytes(&raw.try_into().expect("64 bytes")).expect("range");
        }
        let claims: Vec<(&[u8], &Signature)> = slices.iter().copied().zip(&signatures).collect();
        for backend in Backend::runnable() {
            let prepared = PreparedPublicKey::new(&key.public().clone().on(backend), &id);
            let results = prepared.verify_many(&claims);
            let results: Vec<bool> = results.iter().map(Result::is_ok).collect();
            assert_eq!(results, good, "{backend:?} {length} d {d:x}");
            count += length;
        }
    }
    tell(&format!("sm2: {count} verifications with a prepared key in batches of 0 to {LONGEST}"));
}
