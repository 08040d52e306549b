//! Key files of other implementations, what is written read back, and files that must be refused.

use base64ct::Encoding as _;
use proptest::prelude::*;
use serde_json::{Value, json};
use yinxin_vectors::{
    Case, load, load_shared,
    published::{Found, compare},
};

use super::*;
use crate::pki::{
    algorithm::dotted,
    tlv::{Element, only, sequence, tag, wrap},
    x509::{Certificate, hex},
};

fn check<'a>(case: &'a Case, name: &str) -> &'a str {
    case.get("checks").and_then(|checks| checks[name].as_str()).unwrap_or_default()
}

/// Reads every private key of a file and holds it against what an independent reader found.
fn private_key(case: &Case, found: &mut Found, certificates: &[(String, Certificate)]) {
    let der = case.bytes("der_b64");
    let key = match private_key_from_der(&der, None) {
        Ok(key) => key,
        Err(error) if error.code() == Code::BadPrivateKey => {
            found.check("d_in_range_1_n-2", false);
            return found.stop();
        }
        Err(error) => return found.refuse(error),
    };
    let public = key.public().to_sec1();
    found.check("curve", "sm2p256v1");
    found.check("d_hex", hex(key.expose_bytes()));
    found.check("d_in_range_1_n-2", true);
    found.check("pub_hex", hex(&public));
    // Another's public key would have been refused.
    let embedded = der.windows(65).any(|window| window == public);
    let matches = if embedded { true.into() } else { Value::from("absent") };
    found.check("embedded_pub_matches", matches);
    let same_key = |certificate: &Certificate| certificate.public_key() == Ok(key.public());
    let matching = certificates.iter().filter(|(_, certificate)| same_key(certificate));
    found.check("matches_certs", matching.map(|(id, _)| id.as_str()).collect::<Vec<_>>());
    let text = pem::encode(
        if case.text("kind") == "pkcs8" { "PRIVATE KEY" } else { "EC PRIVATE KEY" },
        &der,
    );
    let again = private_key_from_pem(text.as_bytes(), None).unwrap();
    assert_eq!(again.expose_bytes(), key.expose_bytes(), "{case}");
}

/// The published certificates that can be read, by their ids.
fn published_certificates() -> Vec<(String, Certificate)> {
    let read = |case: Case| Some((case.id(), Certificate::parse(&case.bytes("der_b64")).ok()?));
    load_shared("x509/certs.json").unwrap_or_default().into_iter().filter_map(read).collect()
}

#[test]
fn plain_keys_of_others() {
    let certificates = published_certificates();
    compare("keys/pkcs8_plain.json", |case, found| private_key(case, found, &certificates));
    compare("keys/sec1.json", |case, found| private_key(case, found, &certificates));
}

#[test]
fn encrypted_keys_of_others() {
    compare("keys/pkcs8_encrypted.json", |case, found| {
        let der = case.bytes("der_b64");
        encryption_of(&der, found);
        let code = |password: Option<&[u8]>| {
            private_key_from_der(&der, password).err().map(|error| error.code())
        };
        assert_eq!(code(None), Some(Code::PasswordNeeded), "{case}");
        assert_eq!(code(Some(b"not this")), Some(Code::WrongPassword), "{case}");
        // What is written here has the shape of these files: readers are stricter than the standard.
        let ours = pbes2::encrypt(b"plain", b"password", &Encryption::SM4_SM3).unwrap();
        for shape in [
            &[2, 1, 16, 0x30, 11, 6, 9, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x83, 0x11, 2][..],
            &[0x30, 28, 6, 8, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x68, 2, 4, 16],
        ] {
            for file in [&ours, &der] {
                assert!(file.windows(shape.len()).any(|window| window == shape), "{case}");
            }
        }
        // Of one file nobody published the password.
        let password = check(case, "password");
        if password.is_empty() {
            return;
        }
        let Ok(plain) = pbes2::decrypt(&der, password.as_bytes(), Legacy::Refused) else { return };
        found.check("password", password);
        found.check("plain_b64", base64ct::Base64::encode_string(&plain));
        let key = private_key_from_der(&der, Some(password.as_bytes())).unwrap();
        let expected = private_key_from_der(&plain, None).unwrap();
        assert_eq!(key.expose_bytes(), expected.expose_bytes(), "{case}");
    });
}

/// How PBES2 encrypts, as the file has it.
fn encryption_of(der: &[u8], found: &mut Found) {
    fn inside<'a>(element: &Element<'a>) -> Vec<Element<'a>> {
        element.inside().all("part", 4, "").unwrap()
    }
    let whole = only(der, 0, tag::SEQUENCE, Code::BadKey, "encrypted key").unwrap();
    let scheme = inside(&inside(&whole)[0]);
    let [derivation, cipher] = &inside(&scheme[1])[..] else { panic!("two algorithms") };
    let (derivation, cipher) = (inside(derivation), inside(cipher));
    let parameters = inside(&derivation[1]);
    found.check("pbe", dotted(scheme[0].value));
    found.check("kdf", dotted(derivation[0].value));
    found.check("iter", parameters[1].integer("iterations").unwrap());
    found.check("prf", dotted(inside(&parameters[3])[0].value));
    found.check("enc", dotted(cipher[0].value));
    found.check("iv", hex(cipher[1].value));
}

#[test]
fn public_keys_of_others() {
    compare("keys/spki.json", |case, found| {
        let der = case.bytes("der_b64");
        let key = match public_key_from_spki(&der) {
            Ok(key) => key,
            Err(error) => return found.refuse(error),
        };
        found.check("spki", json!({"alg": "1.2.840.10045.2.1", "param": "1.2.156.10197.1.301"}));
        found.check("on_curve", true);
        found.check("pub_hex", hex(&key.to_sec1()));
        // What is written has the algorithm that `spki` names.
        assert_eq!(public_key_to_spki(&key).unwrap(), der, "{case}");
        assert_eq!(public_key_from_pem(public_key_to_pem(&key).unwrap().as_bytes()), Ok(key));
    });
}

#[test]
fn cfca_containers() {
    compare("keys/pkcs12_and_cfca.json", |case, found| {
        let der = case.bytes("der_b64");
        let opened = open_cfca(&der, case.text("password").as_bytes());
        let belongs = |(key, certificate): &(PrivateKey, Certificate)| {
            *key.expose_bytes() == case.array("private_key_hex")
                && certificate.public_key() == Ok(key.public())
        };
        found.valid(opened.as_ref().is_ok_and(belongs));
        let wrong = open_cfca(&der, b"654321").err().unwrap();
        assert_eq!(wrong.code(), Code::WrongPassword, "{case}");
        assert!(open_cfca(&der[..der.len() - 1], b"123456").is_err());
    });
}

#[test]
fn containers_of_openssl() {
    for case in load("keys/openssl.json") {
        let der = case.bytes("der_b64");
        let password = case.get("password_text").map(|_| case.bytes("password_text"));
        let read = match case.text("kind") {
            "public" => public_key_from_spki(&der),
            _ => private_key_from_der(&der, password.as_deref()).map(|key| {
                assert_eq!(key.expose_bytes(), &case.array("d"), "{case}");
                key.public().clone()
            }),
        };
        match (case.valid(), read) {
            (true, Ok(key)) => assert_eq!(key.to_sec1(), case.array("public"), "{case}"),
            (false, Err(error)) => assert_eq!(error.code().name(), case.text("error"), "{case}"),
            (_, other) => panic!("{case}: {other:?}"),
        }
    }
}

#[test]
fn what_is_written_is_read() {
    let key = PrivateKey::generate().unwrap();
    let plain = private_key_to_pem(&key).unwrap();
    let read = private_key_from_pem_or_der(plain.as_bytes(), None).unwrap();
    assert_eq!(read.expose_bytes(), key.expose_bytes());
    let der = private_key_to_der(&key).unwrap();
    let read = private_key_from_pem_or_der(&der, None).unwrap();
    assert_eq!(read.expose_bytes(), key.expose_bytes());

    let encrypted = private_key_to_encrypted_pem(&key, "口令".as_bytes()).unwrap();
    let read = private_key_from_pem(encrypted.as_bytes(), Some("口令".as_bytes())).unwrap();
    assert_eq!(read.expose_bytes(), key.expose_bytes());
    let code = |password: Option<&[u8]>| {
        private_key_from_pem(encrypted.as_bytes(), password).err().map(|error| error.code())
    };
    assert_eq!(code(None), Some(Code::PasswordNeeded));
    assert_eq!(code(Some(b"")), Some(Code::WrongPassword));
    let again = private_key_to_encrypted_pem(&key, "口令".as_bytes()).unwrap();
    assert_ne!(*encrypted, *again, "salt and iv are new each time");
}

#[test]
fn the_wrong_kind_of_file_is_told() {
    let code = |text: &str| private_key_from_pem(text.as_bytes(), None).err().unwrap().code();
    let key = PrivateKey::generate().unwrap();
    let public = public_key_to_pem(&key.public().clone()).unwrap();
    assert_eq!(code(&public), Code::BadPem);
    assert_eq!(code("Proc-Type: 4,ENCRYPTED"), Code::UnsupportedAlgorithm);
    assert_eq!(code(""), Code::BadPem);
    let der = |der: &[u8]| private_key_from_der(der, None).err().unwrap();
    assert_eq!(der(&vec![0; limits::KEY_BYTES_MAX]).code(), Code::BadKey);
    let error = der(&vec![0; limits::KEY_BYTES_MAX + 1]);
    assert_eq!(error.field_name(), Some("KEY_BYTES_MAX"));
}

/// SEC1 of d = 7, its octets as given, with the parameters and public key as given.
fn sec1(d: &[u8], parameters: &[u8], public: &[u8]) -> Vec<u8> {
    sequence(&[&[2, 1, 1], &wrap(tag::OCTET_STRING, &[d]), parameters, public])
}

const CURVE: &[u8] = &[0xa0, 10, 6, 8, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82, 0x2d];
const P256: &[u8] = &[0xa0, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];

fn seven() -> PrivateKey {
    let mut d = [0; 32];
    d[31] = 7;
    PrivateKey::from_bytes(&d).unwrap()
}

fn public_field(key: &PrivateKey) -> Vec<u8> {
    wrap(0xa1, &[&wrap(tag::BIT_STRING, &[&[0], &key.public().to_sec1()])])
}

#[test]
fn sec1_in_the_shapes_seen() {
    let long = [&[0; 31][..], &[7]].concat();
    let public = public_field(&seven());
    for good in [
        sec1(&long, CURVE, &[]),
        sec1(&[7], CURVE, &[]),
        sec1(&[&[0][..], &long].concat(), CURVE, &[]),
        sec1(&long, &[], &public),
    ] {
        assert_eq!(private_key_from_der(&good, None).unwrap().public(), seven().public());
    }
    let code = |der: &[u8]| private_key_from_der(der, None).err().unwrap().code();
    assert_eq!(code(&sec1(&long, P256, &[])), Code::UnsupportedAlgorithm);
    assert_eq!(code(&sec1(&long, &[], &[])), Code::UnsupportedAlgorithm);
    assert_eq!(code(&sec1(&[0; 32], CURVE, &[])), Code::BadPrivateKey);
    assert_eq!(code(&sec1(&[], CURVE, &[])), Code::BadPrivateKey);
    assert_eq!(code(&sec1(&[&[1][..], &long].concat(), CURVE, &[])), Code::BadPrivateKey);
    assert_eq!(code(&sec1(&[&[0, 0][..], &long].concat(), CURVE, &[])), Code::BadPrivateKey);
    let stranger = public_field(&PrivateKey::generate().unwrap());
    assert_eq!(code(&sec1(&long, CURVE, &stranger)), Code::KeyMismatch);
}

#[test]
fn public_keys_under_the_algorithm_itself() {
    let point = wrap(tag::BIT_STRING, &[&[0], &seven().public().to_sec1()]);
    let sm2: &[u8] = &[6, 8, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82, 0x2d];
    let ec: &[u8] = &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    let p256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let read = |parts: &[&[u8]]| public_key_from_spki(&sequence(&[&sequence(parts), &point]));
    for good in [&[ec, sm2][..], &[sm2, sm2], &[sm2], &[sm2, &[5, 0]]] {
        assert_eq!(read(good).as_ref(), Ok(seven().public()));
    }
    for bad in [&[ec, p256][..], &[ec], &[sm2, p256], &[p256]] {
        assert_eq!(read(bad).unwrap_err().code(), Code::UnsupportedAlgorithm, "{bad:?}");
    }
}

/// An encrypted key whose PBKDF2 asks for `iterations` and whose algorithms are as given.
fn encrypted(iterations: u32, prf: &str, cipher: &str) -> Vec<u8> {
    use der::Encode as _;
    let oid = |dotted: &str| ObjectIdentifier::new(dotted).unwrap().to_der().unwrap();
    let salt: &[u8] = &[4, 8, 1, 2, 3, 4, 5, 6, 7, 8];
    let prf = if prf.is_empty() { vec![] } else { sequence(&[&oid(prf), &[5, 0]]) };
    let kdf = sequence(&[salt, &iterations.to_der().unwrap(), &prf]);
    let kdf = sequence(&[&oid("1.2.840.113549.1.5.12"), &kdf]);
    let iv = wrap(tag::OCTET_STRING, &[&[0; 16]]);
    let cipher = sequence(&[&oid(cipher), &iv]);
    let pbes2 = sequence(&[&oid("1.2.840.113549.1.5.13"), &sequence(&[&kdf, &cipher])]);
    sequence(&[&pbes2, &wrap(tag::OCTET_STRING, &[&[0; 32]])])
}

#[test]
fn iterations_are_bounded_and_weak_algorithms_refused() {
    let (sm3, sm4) = ("1.2.156.10197.1.401.2", "1.2.156.10197.1.104.2");
    let error = |der: &[u8]| private_key_from_der(der, Some(b"x")).err().unwrap();
    assert_eq!(error(&encrypted(1, sm3, sm4)).code(), Code::WrongPassword);
    assert_eq!(error(&encrypted(0, sm3, sm4)).code(), Code::BadKey);
    let over = error(&encrypted(limits::PBKDF2_ITERATIONS_MAX + 1, sm3, sm4));
    assert_eq!(over.field_name(), Some("PBKDF2_ITERATIONS_MAX"));
    let at = error(&encrypted(limits::PBKDF2_ITERATIONS_MAX, sm3, "1.3.14.3.2.7"));
    assert_eq!(at.code(), Code::UnsupportedAlgorithm, "the cipher is looked at first");
    // HMAC with SHA-1, named and by default, is read.
    for prf in ["1.2.840.113549.2.7", ""] {
        assert_eq!(error(&encrypted(1, prf, sm4)).code(), Code::WrongPassword, "{prf}");
    }
    // HMAC with MD5; DES-CBC; no function at all.
    for (prf, cipher) in [("1.2.840.113549.2.6", sm4), (sm3, "1.3.14.3.2.7"), (sm4, sm4)] {
        let code = error(&encrypted(1, prf, cipher)).code();
        assert_eq!(code, Code::UnsupportedAlgorithm, "{prf} {cipher}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_keys_never_panic(place in 0usize..300, bit in 0u8..8, cut in 0usize..300) {
        let plain = private_key_to_der(&seven()).unwrap();
        let sealed = encrypted(1, "1.2.156.10197.1.401.2", "1.2.156.10197.1.104.2");
        let spki = public_key_to_spki(seven().public()).unwrap();
        for whole in [&plain[..], &sealed, &spki] {
            let mut der = whole.to_vec();
            let length = der.len();
            der[place % length] ^= 1 << bit;
            // A flipped bit may raise the iterations: those are tested above.
            if whole.len() != sealed.len() {
                let _ = private_key_from_der(&der, Some(b"x"));
                let _ = public_key_from_spki(&der);
            }
            der.truncate(cut % length);
            prop_assert!(private_key_from_der(&der, Some(b"x")).is_err());
            prop_assert!(public_key_from_spki(&der).is_err());
        }
    }
}
