//! The functions for many: each item as alone, for every length of a batch, whatever its neighbours are.

use super::*;

/// Lengths of batches: every one up to two groups of lanes, then around the borders of larger groups.
pub(super) fn counts() -> impl Iterator<Item = usize> {
    (0..=17).chain([31, 63, 64, 65, 127, 128, 130])
}

#[test]
fn key_pairs() {
    for backend in Backend::runnable() {
        for count in counts() {
            let keys = backend.keygen_many(count).unwrap();
            assert_eq!(keys.len(), count);
            let mut seen = std::collections::BTreeSet::new();
            for key in &keys {
                let alone = PrivateKey::from_bytes(key.expose_bytes()).unwrap();
                assert_eq!(alone.public(), key.public(), "{backend:?} {count}");
                assert_eq!(alone.inverse().unwrap().0, key.inverse().unwrap().0);
                assert!(seen.insert(*key.expose_bytes()));
            }
        }
    }
    assert_eq!(keygen_many(3).unwrap().len(), 3);
}

#[test]
fn encryption_and_decryption() {
    let mut stream = Stream(70);
    let key = stream.key();
    for backend in Backend::runnable() {
        let key = PrivateKey::from_bytes(key.expose_bytes()).unwrap().on(backend);
        let prepared = PreparedPublicKey::new(key.public(), &DistId::DEFAULT);
        for count in counts() {
            let plaintexts: Vec<Vec<u8>> = (0..count)
                .map(|i| if i % 7 == 5 { Vec::new() } else { stream.message() })
                .collect();
            let slices: Vec<&[u8]> = plaintexts.iter().map(Vec::as_slice).collect();
            for results in [key.public().encrypt_many(&slices), prepared.encrypt_many(&slices)] {
                assert_eq!(results.len(), count);
                let mut ciphertexts = Vec::new();
                for (i, (result, plaintext)) in results.iter().zip(&plaintexts).enumerate() {
                    if plaintext.is_empty() {
                        assert_eq!(result.as_ref().unwrap_err().code(), Code::BadLength);
                        continue;
                    }
                    let mut ciphertext = result.clone().unwrap();
                    assert_eq!(**key.decrypt(&ciphertext).unwrap(), plaintext[..]);
                    match i % 5 {
                        3 => ciphertext.c2[0] ^= 1,
                        4 => ciphertext.y[31] ^= 1,
                        _ => {}
                    }
                    ciphertexts.push((ciphertext, i % 5 < 3, plaintext));
                }
                let all: Vec<&Ciphertext> = ciphertexts.iter().map(|(one, ..)| one).collect();
                let opened = key.decrypt_many(&all);
                assert_eq!(opened.len(), all.len());
                for (result, (_, good, plaintext)) in opened.iter().zip(&ciphertexts) {
                    match result {
                        Ok(opened) => assert!(*good && **opened == plaintext[..], "{backend:?}"),
                        Err(error) => assert!(!good && error.code() == Code::BadCiphertext),
                    }
                }
            }
        }
    }
}

/// Points whose opposites, doubled, come near the bounds of the lanes; and a walk over many others, with
/// scalars whose highest digits are all -1.
#[test]
fn multiples_of_many_points_one_at_a_time() {
    let mut scalars =
        vec![hex32("c7a2ea20b2f14c942e05319acb5c74273f98e2774cbd87ad5c90a9587403e431")];
    for digits in ["77777777", "66666666", "88888888", "79696977"] {
        let low = "2e05319acb5c74273f98e2774cbd87ad5c90a9587403e431deadbeef";
        scalars.push(hex32(&[digits, &low[..56]].concat()));
    }
    let scalars: Vec<Scalar> =
        scalars.iter().map(|k| Scalar::from_bytes_nonzero(k).unwrap()).collect();
    let point = |x, y| Affine::from_bytes(&hex32(x), &hex32(y)).unwrap();
    let mut points = vec![
        point(
            "286ace7bbd5e80402fcda9920ffd1e100c5b03601826644322da75b035a3386e",
            "3aa7eae1065780031d07efd596d7cf6fcac65edac1c86e35aa4d250b66475a92",
        ),
        point(
            "58d0cfc205a996d4d082ea6f1b5f7ea8c6daa512a7cc92e4ab1683129216b181",
            "80e359e3340830376d7feb6d22408b2b10edf344d239b3e5c4514f9c40c3f8ec",
        ),
    ];
    let mut walk = Extended::from_affine(&points[0]);
    for _ in 0..yinxin_vectors::random::rounds(100) {
        walk = walk.add_affine_vartime(&Affine::GENERATOR);
        points.push(walk.to_affine());
    }
    for backend in Backend::runnable() {
        for point in &points {
            for k in &scalars {
                let expected = Backend::Portable.multiply(k, point).to_sec1();
                assert_eq!(backend.multiply(k, point).to_sec1(), expected, "{backend:?}");
                let sum = Verification { s: Scalar::ONE, t: *k, point: *point };
                let expected = Backend::Portable.double_multiply_vartime(&sum).to_affine();
                let found = backend.double_multiply_vartime(&sum).to_affine();
                assert_eq!(found.to_sec1(), expected.to_sec1(), "{backend:?}");
            }
        }
    }
}

fn hex32(text: &str) -> [u8; 32] {
    yinxin_vectors::hex(text).unwrap().try_into().unwrap()
}

#[test]
fn prepared_keys() {
    let mut stream = Stream(71);
    let id = DistId::new(b"prepared").unwrap();
    for backend in Backend::runnable() {
        let key = stream.key().on(backend);
        let prepared = PreparedPublicKey::new(key.public(), &id);
        for count in counts() {
            let messages: Vec<Vec<u8>> = (0..count).map(|_| stream.message()).collect();
            let slices: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
            let mut signatures = key.sign_many(&slices, &id).unwrap();
            for i in (2..count).step_by(3) {
                signatures.swap(i - 1, i);
            }
            let claims: Vec<(&[u8], &Signature)> =
                slices.iter().copied().zip(&signatures).collect();
            let results = prepared.verify_many(&claims);
            assert_eq!(results.len(), count);
            for (i, (result, (message, signature))) in results.iter().zip(&claims).enumerate() {
                let swapped = i % 3 == 2 || (i % 3 == 1 && i + 1 < count);
                assert_eq!(result.is_ok(), !swapped, "{backend:?} {i} of {count}");
                assert_eq!(*result, prepared.verify(message, signature, &id));
                assert_eq!(*result, key.public().verify(message, signature, &id));
            }
            let plaintext = stream.message();
            let ciphertext = prepared.encrypt(&plaintext).unwrap();
            assert_eq!(**key.decrypt(&ciphertext).unwrap(), plaintext[..]);
        }
    }
}
