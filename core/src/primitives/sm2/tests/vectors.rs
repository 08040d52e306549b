//! The standard's own examples, vectors made with independent implementations, and the published ones of
//! `../shared/vectors/sm2`.

use yinxin_vectors::{
    Case, load,
    published::{Found, compare},
};

use super::textbook::{Curve, bytes, number, sha256_hash, sm3_hash};
use super::*;

/// Signs with the given nonce, on every backend, and verifies in every way.
fn sign_and_verify(case: &Case, e: &[u8; 32], k: Option<[u8; 32]>, expected: &Signature) {
    if case.get("d").is_some() {
        for backend in Backend::runnable() {
            let key = PrivateKey::from_bytes(&case.array("d")).unwrap().on(backend);
            if let Some(k) = k {
                let signature = key.sign_with_nonces(e, nonces([k])).unwrap();
                assert_eq!(signature, *expected, "{case} {backend:?}");
            }
        }
    }
    let public = case.get("public").map_or("pub", |_| "public");
    let public = PublicKey::from_sec1(&case.bytes(public)).unwrap();
    verify(case, &public, e, expected, true);
}

fn verify(case: &Case, key: &PublicKey, e: &[u8; 32], signature: &Signature, valid: bool) {
    for backend in Backend::runnable() {
        let key = key.clone().on(backend);
        let result = hazmat::verify_digest(&key, e, signature);
        assert_eq!(result.is_ok(), valid, "{case} {backend:?}");
        let prepared = PreparedPublicKey::new(&key, &DistId::DEFAULT);
        let result = hazmat::verify_digest_prepared(&prepared, e, signature);
        assert_eq!(result.is_ok(), valid, "{case} {backend:?} prepared");
    }
}

fn raw_signature(case: &Case) -> Signature {
    let raw = [case.array::<32>("r"), case.array("s")].concat();
    Signature::from_bytes(&raw.try_into().unwrap()).unwrap()
}

#[test]
fn examples_of_the_standard_sign() {
    for case in load("sm2/signature.json") {
        let curve = Curve::named(case.text("curve"));
        let sec1 = case.bytes("public");
        let public = Some((number(&sec1[1..33]), number(&sec1[33..])));
        let [d, k] = ["d", "k"].map(|field| number(&case.bytes(field)));
        let message = case.bytes("message");
        assert_eq!(curve.multiply(&d, &curve.g), public, "{case}");
        let z = curve.z(sm3_hash, &case.bytes("dist_id"), &public);
        assert_eq!(z, case.bytes("z"), "{case}");
        let e = curve.digest(sm3_hash, &case.bytes("dist_id"), &public, &message);
        assert_eq!(bytes(&e), case.array("e"), "{case}");
        let (r, s) = curve.sign(&d, &e, &k).unwrap();
        assert_eq!([bytes(&r), bytes(&s)], [case.array("r"), case.array("s")], "{case}");
        assert!(curve.verify(&public, &e, &r, &s), "{case}");
        if case.text("curve") == "sm2p256v1" {
            let key = PublicKey::from_sec1(&sec1).unwrap();
            let id = DistId::new(&case.bytes("dist_id")).unwrap();
            assert_eq!(hazmat::z(&key, &id), case.array("z"), "{case}");
            let e = hazmat::message_digest(&key, &id, &message);
            assert_eq!(e, case.array("e"), "{case}");
            sign_and_verify(&case, &e, Some(case.array("k")), &raw_signature(&case));
            key.verify(&message, &raw_signature(&case), &id).unwrap();
        }
    }
}

#[test]
fn examples_of_the_standard_encrypt() {
    for case in load("sm2/encryption.json") {
        let curve = Curve::named(case.text("curve"));
        let [d, k] = ["d", "k"].map(|field| number(&case.bytes(field)));
        let (message, expected) = (case.bytes("message"), case.bytes("c1c3c2"));
        let public = curve.multiply(&d, &curve.g);
        assert_eq!(curve.encrypt(&public, &k, &message).unwrap(), expected, "{case}");
        assert_eq!(curve.decrypt(&d, &expected).unwrap(), message, "{case}");
        if case.text("curve") == "sm2p256v1" {
            for backend in Backend::runnable() {
                let key = PrivateKey::from_bytes(&case.array("d")).unwrap().on(backend);
                let nonce = nonces([case.array("k")]);
                let ciphertext = key.public().encrypt_with_nonces(&message, nonce).unwrap();
                assert_eq!(ciphertext.to_c1c3c2(), expected, "{case} {backend:?}");
                assert_eq!(**key.decrypt(&ciphertext).unwrap(), message[..], "{case} {backend:?}");
            }
        }
    }
}

#[test]
fn edges_of_verification() {
    for case in load("sm2/edge.json") {
        let key = PublicKey::from_sec1(&case.bytes("public")).unwrap();
        verify(&case, &key, &case.array("e"), &raw_signature(&case), case.valid());
        let sec1 = key.to_sec1();
        let public = Some((number(&sec1[1..33]), number(&sec1[33..])));
        let [e, r, s] = ["e", "r", "s"].map(|field| number(&case.bytes(field)));
        assert_eq!(Curve::recommended().verify(&public, &e, &r, &s), case.valid(), "{case}");
    }
}

#[test]
fn many_signatures_are_each_as_one() {
    let mut stream = Stream(43);
    let keys: Vec<PrivateKey> = (0..3).map(|_| stream.key()).collect();
    let id = DistId::new(b"many").unwrap();
    for count in [0, 1, 2, 8, 9, 63, 64, 65] {
        let messages: Vec<Vec<u8>> = (0..count).map(|_| stream.message()).collect();
        let slices: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        for backend in Backend::runnable() {
            let key = PrivateKey::from_bytes(keys[0].expose_bytes()).unwrap().on(backend);
            let signatures = key.sign_many(&slices, &id).unwrap();
            assert_eq!(signatures.len(), count);
            for (message, signature) in slices.iter().zip(&signatures) {
                key.public().verify(message, signature, &id).unwrap();
            }
            // Every third is under another key, message or identifier, one after the other.
            let claims: Vec<Claim<'_>> = (0..count)
                .map(|i| Claim {
                    key: keys[usize::from(i % 9 == 2)].public(),
                    message: slices[if i % 9 == 5 { i - 1 } else { i }],
                    signature: &signatures[i],
                    id: if i % 9 == 8 { &DistId::DEFAULT } else { &id },
                })
                .collect();
            let results = backend.verify_many(&claims);
            assert_eq!(results.len(), count);
            for (i, (result, claim)) in results.iter().zip(&claims).enumerate() {
                assert_eq!(result.is_ok(), i % 3 != 2, "{backend:?} {i} of {count}");
                let alone = claim.key.verify(claim.message, claim.signature, claim.id);
                assert_eq!(*result, alone);
            }
            assert_eq!(verify_many(&claims), results);
        }
    }
}

#[test]
fn nonces_are_those_of_the_hash() {
    for case in load("sm2/nonce.json") {
        let (d, e, random) = (case.array::<32>("d"), case.array("e"), case.array("random"));
        let key = nonce::Key::new(&d);
        let mut seed = nonce::Seed::new(&random, &e);
        for field in ["k1", "k2", "k3"] {
            assert_eq!(seed.next(&key).unwrap().to_bytes(), case.array(field), "{case} {field}");
        }
        let mut seeds = [(); 3].map(|()| nonce::Seed::new(&random, &e));
        let nonces = nonce::first_of_each(&mut seeds, &key).unwrap();
        assert!(nonces.iter().all(|k| k.to_bytes() == case.array("k1")), "{case}");
    }
}

#[test]
fn nonces_are_not_repeated() {
    let key = Stream(40).key();
    let mut seen: Vec<_> = (0..20)
        .map(|_| key.sign(b"the same message", &DistId::DEFAULT).unwrap().to_bytes())
        .collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 20);
}

#[test]
fn steps_a5_and_a6_take_the_next_nonce() {
    let mut stream = Stream(41);
    let key = stream.key();
    let curve = Curve::recommended();
    let d = number(key.expose_bytes());
    let k = stream.bytes();
    let (x1, _) = curve.multiply(&number(&k), &curve.g).unwrap();
    let n = &curve.n;
    let x1 = x1 % n;
    let modulo = |value| bytes(&(value % n));
    // r = e + x1 = 0; r + k = n; and s = (k - r d) / (1 + d) = 0, that is r = k / d.
    let e_zero_r = modulo(n - &x1);
    let e_opposite = modulo(n * 2u32 - &x1 - number(&k));
    let d_inverse = d.modpow(&(n - 2u32), n);
    let e_zero_s = modulo(number(&k) * d_inverse % n + n - &x1);
    for e in [e_zero_r, e_opposite, e_zero_s] {
        assert!(curve.sign(&d, &number(&e), &number(&k)).is_none());
        assert!(key.sign_with_nonces(&e, nonces([k])).is_err());
        let next = stream.bytes();
        let signature = key.sign_with_nonces(&e, nonces([k, next])).unwrap();
        let (r, s) = curve.sign(&d, &number(&e), &number(&next)).unwrap();
        assert_eq!(signature.to_bytes(), *[bytes(&r), bytes(&s)].concat());
        hazmat::verify_digest(key.public(), &e, &signature).unwrap();
    }
}

#[test]
fn signatures_equal_the_textbook() {
    let mut stream = Stream(42);
    let curve = Curve::recommended();
    for _ in 0..20 {
        let key = stream.key();
        let (e, k) = (stream.bytes(), stream.bytes());
        let d = number(key.expose_bytes());
        let (r, s) = curve.sign(&d, &number(&e), &number(&k)).unwrap();
        let signature = key.sign_with_nonces(&e, nonces([k])).unwrap();
        assert_eq!(signature.to_bytes(), *[bytes(&r), bytes(&s)].concat());
        let signature = hazmat::sign_digest(&key, &e).unwrap();
        let [r, s] = [0, 32].map(|i| number(&signature.to_bytes()[i..i + 32]));
        assert!(curve.verify(&curve.multiply(&d, &curve.g), &number(&e), &r, &s));
    }
}

#[test]
fn openssl_signatures_and_ciphertexts() {
    for case in load("sm2/openssl_signature.json") {
        let key = PrivateKey::from_bytes(&case.array("d")).unwrap();
        assert_eq!(key.public().to_sec1(), case.array("public"), "{case}");
        let id = DistId::new(&case.bytes("dist_id_text")).unwrap();
        let signature = Signature::from_der(&case.bytes("signature")).unwrap();
        assert_eq!(signature.to_der(), case.bytes("signature"), "{case}");
        let message = case.bytes("message_text");
        let e = hazmat::message_digest(key.public(), &id, &message);
        verify(&case, key.public(), &e, &signature, true);
        key.public().verify(&message, &signature, &id).unwrap();
        let prepared = PreparedPublicKey::new(key.public(), &id);
        prepared.verify(&message, &signature, &id).unwrap();
        assert!(prepared.verify(&message, &signature, &DistId::new(b"other").unwrap()).is_err());
    }
    for case in load("sm2/openssl_encryption.json") {
        let ciphertext = Ciphertext::from_der(&case.bytes("ciphertext")).unwrap();
        assert_eq!(ciphertext.to_der(), case.bytes("ciphertext"), "{case}");
        let opened = opened(&case, &ciphertext).unwrap();
        assert_eq!(*opened, case.bytes("plaintext_text"), "{case}");
    }
}

#[test]
fn shared_signatures() {
    compare("sm2/bouncycastle_sm2_sig.json", signature_agrees);
    compare("sm2/gbt32918_signature.json", signature_agrees);
    compare("sm2/openssl_evppkey_sm2_sig.json", signature_agrees);
    compare("sm2/rustcrypto_sm2_sig.json", signature_agrees);
}

/// Whatever disagrees ends the test.
fn signature_agrees(case: &Case, found: &mut Found) {
    shared_signature(case);
    found.valid(true);
}

fn shared_signature(case: &Case) {
    let product = case.text("curve") == "sm2p256v1" && case.text("hash") == "SM3";
    if case.get("e").is_some() {
        let signature = Signature::from_der(&case.bytes("sig_der")).unwrap();
        assert_eq!(signature.to_der(), case.bytes("sig_der"), "{case}");
        return sign_and_verify(case, &case.array("e"), None, &signature);
    }
    let (id, message) = (case.bytes("uid"), case.bytes("msg"));
    let k = case.get("k").map(|_| case.array("k"));
    // The textbook runs the other curve, and SHA-256 in place of SM3, which the product has not.
    let hash = if case.text("hash") == "SM3" { sm3_hash } else { sha256_hash };
    let curve = Curve::named(case.text("curve"));
    let sec1 = case.bytes("pub");
    let public = Some((number(&sec1[1..33]), number(&sec1[33..])));
    let e = curve.digest(hash, &id, &public, &message);
    let [r, s] = ["r", "s"].map(|field| number(&case.bytes(field)));
    assert!(curve.verify(&public, &e, &r, &s), "{case}");
    if let Some(k) = k {
        let d = number(&case.bytes("d"));
        assert_eq!(curve.sign(&d, &e, &number(&k)), Some((r, s)), "{case}");
    }
    if product {
        sign_and_verify(case, &bytes(&e), k, &raw_signature(case));
        let key = PublicKey::from_sec1(&sec1).unwrap();
        key.verify(&message, &raw_signature(case), &DistId::new(&id).unwrap()).unwrap();
    }
}

#[test]
fn shared_ciphertexts() {
    compare("sm2/gbt32918_encryption.json", ciphertext_agrees);
    compare("sm2/gmsm_sm2_enc_invalid.json", ciphertext_agrees);
    compare("sm2/openssl_sm2_enc.json", ciphertext_agrees);
    compare("sm2/rustcrypto_sm2_enc.json", ciphertext_agrees);
}

/// What every backend makes of a ciphertext, alone and among others.
fn opened(case: &Case, ciphertext: &Ciphertext) -> Result<Zeroizing<Vec<u8>>, Error> {
    let key = |backend| PrivateKey::from_bytes(&case.array("d")).unwrap().on(backend);
    let first = key(Backend::Portable).decrypt(ciphertext);
    for backend in Backend::runnable() {
        let mut results = key(backend).decrypt_many(&[ciphertext; 3]);
        results.push(key(backend).decrypt(ciphertext));
        assert!(results.iter().all(|result| *result == first), "{case} {backend:?}");
    }
    first
}

fn ciphertext_agrees(case: &Case, found: &mut Found) {
    let input = case.bytes("ct");
    let read = match case.text("format") {
        "C1C3C2" => Ciphertext::from_c1c3c2(&input),
        "C1C2C3" => Ciphertext::from_c1c2c3(&input),
        "DER" => Ciphertext::from_der(&input),
        other => panic!("{case}: format {other}"),
    };
    let curve = Curve::named(case.text("curve"));
    let product = case.text("curve") == "sm2p256v1";
    let opened = read.and_then(|ciphertext| {
        // The other curve is the textbook's.
        if product {
            opened(case, &ciphertext)?;
        }
        Ok(ciphertext)
    });
    found.valid(opened.is_ok());
    let ciphertext = match opened {
        Ok(ciphertext) => ciphertext,
        Err(error) => return assert_eq!(error.code(), Code::BadCiphertext, "{case}"),
    };
    let message = case.bytes("msg");
    let d = number(&case.bytes("d"));
    assert_eq!(curve.decrypt(&d, &ciphertext.to_c1c3c2()).unwrap(), message, "{case}");
    if product {
        for backend in Backend::runnable() {
            let key = PrivateKey::from_bytes(&case.array("d")).unwrap().on(backend);
            assert_eq!(**key.decrypt(&ciphertext).unwrap(), message[..], "{case}");
            if case.get("k").is_some() {
                let nonce = || nonces([case.array("k")]);
                let ours = key.public().encrypt_with_nonces(&message, nonce()).unwrap();
                assert_eq!(ours, ciphertext, "{case}");
                let prepared = PreparedPublicKey::new(key.public(), &DistId::DEFAULT);
                let ours = prepared.encrypt_with_nonces(&message, nonce()).unwrap();
                assert_eq!(ours, ciphertext, "{case} prepared");
            }
        }
    }
}
