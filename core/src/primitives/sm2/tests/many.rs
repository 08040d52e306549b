//! The functions for many: each item as alone, for every length of a batch, whatever its neighbours are.

use super::*;

/// Lengths of batches: every one up to two groups of lanes, then around the borders of larger groups.
fn counts() -> impl Iterator<Item = usize> {
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
                assert_eq!(alone.inverse().0, key.inverse().0);
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
