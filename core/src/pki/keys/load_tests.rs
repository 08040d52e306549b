//! Every form is written, loaded and named; what is of another kind or none is refused by name; what
//! others enveloped is opened.

use yinxin_vectors::load;

use super::*;
use crate::pki::text::Coding;

const CODINGS: [Coding; 4] = [Coding::Binary, Coding::Hex, Coding::Base64, Coding::Base64Url];

/// A key with zeros before d, one with zeros before x, found by search, and one at random. (d of almost
/// nothing but zeros is hexadecimal in base64 too, which the rule of recognition takes it for.)
fn keys() -> Vec<PrivateKey> {
    let numbered = |number: u16| {
        let mut d = [0x5b; 32];
        d[..2].fill(0);
        d[30..].copy_from_slice(&number.to_be_bytes());
        PrivateKey::from_bytes(&d).unwrap()
    };
    let zero = (1..5000).map(numbered).find(|key| key.public().to_sec1()[1] == 0);
    vec![numbered(1), zero.unwrap(), PrivateKey::generate().unwrap()]
}

fn private_forms(key: &PrivateKey) -> Vec<(Container, Zeroizing<Vec<u8>>)> {
    let d = Zeroizing::new(key.expose_bytes().to_vec());
    let signed = Zeroizing::new([&[0], &key.expose_bytes()[..]].concat());
    vec![
        (Container::Pkcs8, private_key_to_der(key).unwrap()),
        (Container::Sec1, private_key_to_sec1(key).unwrap()),
        (Container::Scalar, d),
        (Container::SignedScalar, signed),
        (Container::EccPrivateKeyBlob, private_key_to_blob(key)),
    ]
}

fn public_forms(key: &PublicKey) -> Vec<(Container, Vec<u8>)> {
    vec![
        (Container::Spki, public_key_to_spki(key).unwrap()),
        (Container::Sm2PublicKey, public_key_to_bit_string(key)),
        (Container::Coordinates, public_key_to_coordinates(key).to_vec()),
        (Container::Uncompressed, key.to_sec1().to_vec()),
        (Container::Compressed, key.to_sec1_compressed().to_vec()),
        (Container::EccPublicKeyBlob, public_key_to_blob(key)),
    ]
}

#[test]
fn every_form_is_found_as_what_it_is() {
    for key in keys() {
        for (container, bytes) in private_forms(&key) {
            for coding in CODINGS {
                let loaded = PrivateKey::load(&coding.encode(&bytes), None).unwrap();
                assert_eq!(loaded.key.expose_bytes(), key.expose_bytes(), "{container:?}");
                assert_eq!(loaded.form.container, container, "{coding:?}");
                let Writing::Coded(found) = loaded.form.writing else { panic!("{container:?}") };
                let same = found == coding
                    // Without `-`, `_` and padding the two alphabets are one.
                    || (found, coding) == (Coding::Base64, Coding::Base64Url);
                assert!(same, "{container:?} {coding:?} {found:?}");
                let error = load_public(&coding.encode(&bytes)).unwrap_err();
                assert_eq!(error.code(), Code::WrongKeyKind, "{container:?}");
                assert_eq!(error.field_name(), Some(container.name()));
            }
        }
        for (container, bytes) in public_forms(key.public()) {
            for coding in CODINGS {
                let loaded = PublicKey::load(&coding.encode(&bytes)).unwrap();
                assert_eq!(loaded.key, *key.public(), "{container:?}");
                assert_eq!(loaded.form.container, container, "{coding:?}");
                let error = load_private(&coding.encode(&bytes), None).unwrap_err();
                assert_eq!(error.code(), Code::WrongKeyKind, "{container:?}");
                assert_eq!(error.field_name(), Some(container.name()));
            }
        }
    }
}

#[test]
fn integers_keep_no_zeros_and_lose_none() {
    for key in keys() {
        let der = private_key_to_integer(&key);
        assert_eq!(private_key_from_integer(&der).unwrap().expose_bytes(), key.expose_bytes());
    }
    for (der, code) in [
        (&[2, 1, 5, 0][..], Code::BadKey),
        (&[2, 0], Code::BadKey),
        (&[2, 2, 0, 5], Code::BadKey),
        (&[2, 1, 0x85], Code::BadKey),
        (&[4, 1, 5], Code::BadKey),
        (&[2, 1, 0], Code::BadPrivateKey),
    ] {
        assert_eq!(private_key_from_integer(der).unwrap_err().code(), code, "{der:?}");
    }
}

#[test]
fn pem_and_json_are_found_too() {
    let key = PrivateKey::generate().unwrap();
    let form = |loaded: Loaded<PrivateKey>| {
        assert_eq!(loaded.key.expose_bytes(), key.expose_bytes());
        loaded.form.to_string()
    };
    let pem = private_key_to_pem(&key).unwrap();
    assert_eq!(form(load_private(pem.as_bytes(), None).unwrap()), "PKCS#8 (PEM)");
    let sec1 = private_key_to_sec1_pem(&key).unwrap();
    assert_eq!(form(load_private(sec1.as_bytes(), None).unwrap()), "SEC1 (PEM)");
    // OpenSSL puts the curve before the key; some label PKCS#8 as if it were SEC1.
    let parameters =
        "-----BEGIN EC PARAMETERS-----\nBggqgRzPVQGCLQ==\n-----END EC PARAMETERS-----\n";
    let both = format!("{parameters}{}", sec1.as_str());
    assert_eq!(form(load_private(both.as_bytes(), None).unwrap()), "SEC1 (PEM)");
    let mislabelled = pem.replace("PRIVATE KEY", "EC PRIVATE KEY");
    assert_eq!(form(load_private(mislabelled.as_bytes(), None).unwrap()), "PKCS#8 (PEM)");
    assert!(private_key_from_pem(mislabelled.as_bytes(), None).is_err());
    let public = public_key_to_pem(key.public()).unwrap();
    let loaded = load_public(public.as_bytes()).unwrap();
    assert_eq!(loaded.form.to_string(), "SubjectPublicKeyInfo (PEM)");
    let code = |result: Result<Loaded<PrivateKey>, Error>| result.err().unwrap().code();
    assert_eq!(code(load_private(public.as_bytes(), None)), Code::WrongKeyKind);
    assert_eq!(load_public(pem.as_bytes()).unwrap_err().code(), Code::WrongKeyKind);
    for curve in [JwkCurve::Sm2p256v1, JwkCurve::Sm2] {
        let json = private_key_to_jwk(&key, curve);
        assert_eq!(form(load_private(json.as_bytes(), None).unwrap()), "private JWK (JSON)");
        let json = public_key_to_jwk(key.public(), curve);
        let loaded = load_public(json.as_bytes()).unwrap();
        assert_eq!((&loaded.key, loaded.form.container), (key.public(), Container::PublicJwk));
        assert_eq!(code(load_private(json.as_bytes(), None)), Code::WrongKeyKind);
    }
}

#[test]
fn certificates_come_along() {
    for case in yinxin_vectors::load_shared("keys/pkcs12_and_cfca.json").unwrap_or_default() {
        let (key, own) = open_cfca(&case.bytes("der_b64"), b"123456").unwrap();
        let text = format!("{}{}", own.to_pem(), private_key_to_pem(&key).unwrap().as_str());
        let loaded = load_private(text.as_bytes(), None).unwrap();
        assert_eq!(loaded.certificate(), Some(&own), "{case}");
        for bytes in [own.der().to_vec(), own.to_pem().into_bytes()] {
            let loaded = load_public(&bytes).unwrap();
            assert_eq!(loaded.key, *key.public());
            assert_eq!(loaded.form.container, Container::Certificate);
            assert_eq!(loaded.certificates, std::slice::from_ref(&own));
            let error = load_private(&bytes, None).unwrap_err();
            assert_eq!(error.code(), Code::WrongKeyKind);
        }
    }
}

#[test]
fn cfca_files_are_found_in_every_writing() {
    for case in yinxin_vectors::load_shared("keys/pkcs12_and_cfca.json").unwrap_or_default() {
        let der = case.bytes("der_b64");
        for coding in CODINGS {
            let loaded = load_private(&coding.encode(&der), Some(b"123456")).unwrap();
            assert_eq!(loaded.key.expose_bytes(), &case.array("private_key_hex"), "{case}");
            assert_eq!(loaded.form.container, Container::Cfca);
            assert!(loaded.certificate().is_some(), "{case}");
        }
        let text = pem::encode("CFCA KEY", &der);
        assert_eq!(
            load_private(text.as_bytes(), Some(b"123456")).unwrap().form.writing,
            Writing::Pem
        );
        let error = load_private(&der, None).unwrap_err();
        assert_eq!(error.code(), Code::PasswordNeeded, "{case}");
    }
}

/// Both are encrypted with Triple DES, which loading refuses: [`crate::pki::pkcs12::open`] can be told to allow it.
#[test]
fn pkcs12_files_of_others_are_found() {
    let Some(folder) = yinxin_vectors::shared("samples/keys") else { return };
    for name in ["SealBuilder.p12", "USER.p12"] {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        for coding in CODINGS {
            let code =
                |password| load_private(&coding.encode(&bytes), password).err().unwrap().code();
            assert_eq!(code(None), Code::PasswordNeeded, "{name}");
            assert_eq!(code(Some(b"777778")), Code::WrongPassword, "{name}");
            assert_eq!(code(Some(b"777777")), Code::LegacyEncryption, "{name}");
        }
        assert_eq!(load_public(&bytes).unwrap_err().code(), Code::WrongKeyKind, "{name}");
    }
}

#[test]
fn what_is_no_key_is_of_unknown_form() {
    for bad in [
        &b""[..],
        b"abc",
        b"not a key",
        &[7; 31],
        &[7; 34],
        &[6; 65],
        &[0x30, 0],
        &[0x30, 3, 2, 1, 1],
        &[0x30, 2, 5, 0, 0],
    ] {
        assert_eq!(load_private(bad, None).unwrap_err().code(), Code::UnknownForm, "{bad:?}");
        assert_eq!(load_public(bad).unwrap_err().code(), Code::UnknownForm, "{bad:?}");
    }
    let at = vec![0x80; limits::LOADED_BYTES_MAX];
    assert_eq!(load_private(&at, None).unwrap_err().code(), Code::UnknownForm);
    let over = load_private(&[&at[..], &[0]].concat(), None).unwrap_err();
    assert_eq!(over.field_name(), Some("LOADED_BYTES_MAX"));
    assert_eq!(load_public(&[&at[..], &[0]].concat()).unwrap_err().code(), Code::LimitReached);
}

#[test]
fn enveloped_keys_open_with_the_receivers_key_alone() {
    let (receiver, other) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    for key in keys() {
        let der = seal_enveloped(&key, receiver.public()).unwrap();
        let blob = seal_enveloped_blob(&key, receiver.public()).unwrap();
        let opened = open_enveloped(&der, &receiver).unwrap();
        assert_eq!(opened.expose_bytes(), key.expose_bytes());
        let opened = open_enveloped_blob(&blob, &receiver).unwrap();
        assert_eq!(opened.expose_bytes(), key.expose_bytes());
        assert_eq!(open_enveloped(&der, &other).unwrap_err().code(), Code::BadCiphertext);
        assert_eq!(open_enveloped_blob(&blob, &other).unwrap_err().code(), Code::BadCiphertext);
        for bytes in [&der, &blob] {
            let error = load_private(bytes, None).unwrap_err();
            assert_eq!(error.code(), Code::SigningKeyNeeded);
        }
        // The last byte belongs to the encrypted d: it is no longer that of the public key.
        let mut changed = der.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(open_enveloped(&changed, &receiver).unwrap_err().code(), Code::KeyMismatch);
        assert_eq!(open_enveloped(&der[1..], &receiver).unwrap_err().code(), Code::BadKey);
        assert_eq!(open_enveloped_blob(&blob[1..], &receiver).unwrap_err().code(), Code::BadKey);
        let mut sm1 = blob.clone();
        sm1[5] = 1;
        let error = open_enveloped_blob(&sm1, &receiver).unwrap_err();
        assert_eq!(error.code(), Code::UnsupportedAlgorithm);
    }
}

/// Key pairs enveloped by gmsm, and in every way in which authorities are known to fill the blocks.
#[test]
fn enveloped_keys_of_others() {
    for case in load("keys/envelope.json") {
        let receiver = PrivateKey::from_bytes(&case.array("receiver_d")).unwrap();
        let input = case.bytes("input");
        let opened = match case.text("kind") {
            "SM2EnvelopedKey" => open_enveloped(&input, &receiver),
            "ENVELOPEDKEYBLOB" => open_enveloped_blob(&input, &receiver),
            other => panic!("{case}: kind {other}"),
        };
        let opened = opened.unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(opened.expose_bytes(), &case.array("d"), "{case}");
    }
}

#[test]
fn blobs_are_as_long_as_they_say() {
    let key = PrivateKey::generate().unwrap();
    let signature = key.sign(b"x", &crate::primitives::sm2::DistId::DEFAULT).unwrap();
    let blob = signature_to_blob(&signature);
    assert_eq!(blob.len(), 128);
    assert_eq!(signature_from_blob(&blob), Ok(signature));
    assert_eq!(signature_from_blob(&blob[..127]).unwrap_err().code(), Code::BadLength);
    let mut long = blob;
    long[31] = 1;
    let long = signature_from_blob(&long).unwrap_err();
    assert_eq!((long.code(), long.field_name()), (Code::BadSignatureEncoding, Some("r")));

    let blob = ciphertext_to_blob(&key.public().encrypt(&[1; 20]).unwrap());
    assert_eq!(blob.len(), 64 + 64 + 32 + 4 + 20);
    assert_eq!(blob[160..164], [20, 0, 0, 0]);
    let short = ciphertext_from_blob(&blob[..blob.len() - 1]).unwrap_err();
    assert_eq!(short.code(), Code::BadLength);
    let mut more = blob.clone();
    more[160] = 19;
    assert_eq!(ciphertext_from_blob(&more).unwrap_err().code(), Code::BadLength);
    let mut long = blob;
    long[95] = 1;
    let long = ciphertext_from_blob(&long).unwrap_err();
    assert_eq!((long.code(), long.field_name()), (Code::BadCiphertext, Some("YCoordinate")));

    let mut bits = public_key_to_blob(key.public());
    bits[1] = 2;
    assert_eq!(public_key_from_blob(&bits).unwrap_err().field_name(), Some("BitLen"));
}
