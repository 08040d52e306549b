//! What hostile and confused users send: numbers at the ends of their range, keys that are not those of
//! the public key beside them, bytes behind the end, texts as editors and shells leave them.

use super::*;
use crate::pki::{
    tlv::{sequence, tag, wrap},
    x509::hex,
};

/// n - 2, the largest d (GB/T 32918.1-2016, 6.1).
const LARGEST: [u8; 32] = [
    0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x72, 0x03, 0xdf, 0x6b, 0x21, 0xc6, 0x05, 0x2b, 0x53, 0xbb, 0xf4, 0x09, 0x39, 0xd5, 0x41, 0x21,
];

fn key() -> PrivateKey {
    PrivateKey::from_bytes(&[0x5a; 32]).unwrap()
}

/// SEC1 of d, and PKCS#8 around it with these elements behind.
fn sec1(d: &[u8]) -> Vec<u8> {
    sequence(&[&[2, 1, 1], &wrap(tag::OCTET_STRING, &[d])])
}

fn pkcs8(version: u8, d: &[u8], behind: &[&[u8]]) -> Vec<u8> {
    let algorithm = SM2_KEY.to_der().unwrap();
    let key = wrap(tag::OCTET_STRING, &[&sec1(d)]);
    sequence(&[&[&[2, 1, version], &algorithm[..], &key], behind].concat())
}

#[test]
fn d_is_bounded_in_every_container() {
    let plus = |add: u8| {
        let mut d = LARGEST;
        d[31] += add;
        d
    };
    for (d, good) in
        [([0; 32], false), (plus(0), true), (plus(1), false), (plus(2), false), ([255; 32], false)]
    {
        let curve = wrap(tag::CONTEXT_0, &[&oid::SM2.to_der().unwrap()]);
        let alone = sequence(&[&[2, 1, 1], &wrap(tag::OCTET_STRING, &[&d]), &curve]);
        let blob = [&[0, 1, 0, 0], &[0; 32][..], &d].concat();
        let loaded = [d.to_vec(), [&[0], &d[..]].concat(), alone, pkcs8(0, &d, &[]), blob]
            .map(|bytes| load_private(&bytes, None).map(|loaded| loaded.key));
        let digits: &[u8] = if d[0] < 0x80 { &d[31..] } else { &[&[0], &d[..]].concat() };
        let integer = private_key_from_integer(&wrap(tag::INTEGER, &[digits]));
        for read in loaded.into_iter().chain([integer]) {
            match read {
                Ok(key) => assert!(good && *key.expose_bytes() == d),
                Err(error) => assert!(!good && error.code() == Code::BadPrivateKey, "{error}"),
            }
        }
    }
}

#[test]
fn what_stands_behind_a_private_key_is_looked_at() {
    let (key, other) = (key(), PrivateKey::generate().unwrap());
    let d = key.expose_bytes();
    let public = |key: &PrivateKey| wrap(0x81, &[&[0], &key.public().to_sec1()]);
    let attributes = wrap(tag::CONTEXT_0, &[&sequence(&[&[6, 1, 42], &[0x31, 0]])]);
    let code = |der: &[u8]| {
        let error = private_key_from_pkcs8(der).err().map(|error| error.code());
        assert_eq!(load_private(der, None).err().map(|error| error.code()), error);
        error
    };
    for version in [0, 1] {
        for behind in [vec![], attributes.clone(), public(&key)] {
            assert_eq!(code(&pkcs8(version, d, &[&behind])), None, "{behind:02x?}");
        }
        assert_eq!(code(&pkcs8(version, d, &[&attributes, &public(&key)])), None);
        // RFC 5958, 2: another's public key; no bits; no point; the wrong order; what nobody defined.
        assert_eq!(code(&pkcs8(version, d, &[&public(&other)])), Some(Code::KeyMismatch));
        assert_eq!(code(&pkcs8(version, d, &[&[0x81, 0]])), Some(Code::BadKey));
        assert_eq!(code(&pkcs8(version, d, &[&[0x81, 2, 0, 4]])), Some(Code::KeyMismatch));
        assert_eq!(code(&pkcs8(version, d, &[&public(&key), &attributes])), Some(Code::BadKey));
        assert_eq!(code(&pkcs8(version, d, &[&[5, 0]])), Some(Code::BadKey));
    }
    assert_eq!(private_key_from_pkcs8(&pkcs8(2, d, &[])).unwrap_err().offset(), Some(2));
    // A SET is no SEQUENCE.
    let mut set = pkcs8(0, d, &[]);
    set[0] = tag::SET;
    assert_eq!(private_key_from_pkcs8(&set).unwrap_err().code(), Code::BadKey);
    // Places inside a text or a PEM block are not those of the file.
    let bad = pkcs8(2, d, &[]);
    for text in [pem::encode("PRIVATE KEY", &bad), hex(&bad)] {
        assert_eq!(load_private(text.as_bytes(), None).unwrap_err().offset(), None, "{text}");
    }
}

/// One bare key of 256 begins with the byte that also begins JSON.
#[test]
fn bare_keys_of_any_first_byte_are_loaded() {
    for first in 0..=255 {
        let mut d = [0x9c; 32];
        d[0] = first;
        let loaded = load_private(&d, None);
        let loaded = loaded.unwrap_or_else(|error| panic!("{first:02x}: {error}"));
        assert_eq!((loaded.form.container, *loaded.key.expose_bytes()), (Container::Scalar, d));
    }
    let braced = |key: &PublicKey| key.to_sec1()[1] == b'{';
    let mut keys = (1_u16..).map(|number| {
        let mut d = [0x21; 32];
        d[..2].copy_from_slice(&number.to_be_bytes());
        PrivateKey::from_bytes(&d).unwrap().public().clone()
    });
    let key = keys.find(braced).unwrap();
    let loaded = load_public(&public_key_to_coordinates(&key)).unwrap();
    assert_eq!((loaded.key, loaded.form.container), (key, Container::Coordinates));
    assert_eq!(load_private(b"{\"kty\":", None).unwrap_err().code(), Code::BadJson);
}

#[test]
fn texts_as_editors_and_shells_leave_them() {
    let key = key();
    let pem = private_key_to_pem(&key).unwrap();
    let json = private_key_to_jwk(&key, JwkCurve::Sm2);
    let digits = hex(key.expose_bytes());
    let pairs: Vec<_> =
        digits.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap()).collect();
    let wide = |text: &str| text.bytes().flat_map(|byte| [byte, 0]).collect::<Vec<_>>();
    let mut files: Vec<Vec<u8>> = Vec::new();
    for text in [&pem[..], &json, &digits] {
        files.push(["\u{feff}", text].concat().into());
        files.push([b"\xff\xfe", &wide(text)[..]].concat());
        files.push([b"\xfe\xff\0", &wide(text)[..wide(text).len() - 1]].concat());
    }
    files.push(pairs.join(":").into());
    files.push(pairs.join(":\n    ").into());
    files.push(format!("0X{}\r\n", digits.to_uppercase()).into());
    files.push(
        [b"friendlyName: \xd3\xa1\xd0\xc5\r\n", pem.replace('\n', "\r\n").as_bytes()].concat(),
    );
    files.push(pem.replace('\n', "\r").into());
    for file in files {
        let loaded = load_private(&file, None).unwrap_or_else(|e| panic!("{e}: {file:02x?}"));
        assert_eq!(loaded.key.expose_bytes(), key.expose_bytes());
    }
    // A bare key that begins as a mark does is a key.
    for mark in [&b"\xef\xbb\xbf"[..], b"\xff\xfe", b"\xfe\xff"] {
        let mut d = [0x80; 32];
        d[..mark.len()].copy_from_slice(mark);
        assert_eq!(load_private(&d, None).unwrap().key.expose_bytes(), &d);
    }
    // Zeros that were stripped, digits that are missing, a key of another kind.
    for bad in [&digits[2..], &digits[1..], &format!("{digits}5a")] {
        assert_eq!(load_private(bad.as_bytes(), None).unwrap_err().code(), Code::UnknownForm);
    }
    let rsa = pem::encode("RSA PRIVATE KEY", &sequence(&[&[2, 1, 0], &[2, 1, 5], &[2, 1, 3]]));
    let error = load_private(rsa.as_bytes(), None).unwrap_err();
    assert_eq!((error.code(), error.field_name()), (Code::UnsupportedAlgorithm, Some("PEM label")));
}

/// Somebody has encrypted an ECPrivateKey as it was: the password is right, and the error says so.
#[test]
fn what_is_encrypted_must_be_pkcs8() {
    let encryption = Encryption::SM4_SM3.with_iterations(limits::PBKDF2_ITERATIONS_MIN).unwrap();
    let sealed = pbes2::encrypt(&private_key_to_sec1(&key()).unwrap(), b"x", &encryption).unwrap();
    let error = private_key_from_encrypted_pkcs8(&sealed, b"x").unwrap_err();
    assert_eq!((error.code(), error.field_name()), (Code::BadKey, Some("PrivateKeyInfo")));
    let error = private_key_from_encrypted_pkcs8(&sealed, b"y").unwrap_err();
    assert_eq!(error.code(), Code::WrongPassword);
    // The place of a fault in the plaintext tells nothing of the file.
    let bad = pkcs8(2, &[7; 32], &[]);
    let sealed = pbes2::encrypt(&bad, b"x", &encryption).unwrap();
    assert_eq!(private_key_from_encrypted_pkcs8(&sealed, b"x").unwrap_err().offset(), None);
}

/// Every reader of a file in a form that was named stops at the same size.
#[test]
fn files_are_as_long_as_allowed() {
    type Read<'a> = &'a dyn Fn(&[u8]) -> Result<(), Error>;
    let receiver = key();
    let readers: [(&str, Read<'_>); 9] = [
        ("pem", &|bytes| private_key_from_pem(bytes, None).map(drop)),
        ("der", &|bytes| private_key_from_der(bytes, None).map(drop)),
        ("pkcs8", &|bytes| private_key_from_pkcs8(bytes).map(drop)),
        ("encrypted", &|bytes| private_key_from_encrypted_pkcs8(bytes, b"x").map(drop)),
        ("sec1", &|bytes| private_key_from_sec1(bytes).map(drop)),
        ("spki", &|bytes| public_key_from_spki(bytes).map(drop)),
        ("public pem", &|bytes| public_key_from_pem(bytes).map(drop)),
        ("envelope", &|bytes| open_enveloped(bytes, &receiver).map(drop)),
        ("envelope blob", &|bytes| open_enveloped_blob(bytes, &receiver).map(drop)),
    ];
    let jwk: Read<'_> = &|bytes| public_key_from_jwk(bytes).map(drop);
    for (name, read) in readers.into_iter().chain([("jwk", jwk)]) {
        let at = vec![b' '; limits::KEY_BYTES_MAX];
        assert_ne!(read(&at).unwrap_err().code(), Code::LimitReached, "{name}");
        let over = read(&[&at[..], b" "].concat()).unwrap_err();
        assert_eq!(over.field_name(), Some("KEY_BYTES_MAX"), "{name}");
    }
}

/// The ciphertext of an envelope may be of any length; what is inside is a key of 16 bytes.
#[test]
fn envelopes_hold_a_symmetric_key() {
    let (key, receiver) = (key(), PrivateKey::generate().unwrap());
    let blob = seal_enveloped_blob(&key, receiver.public()).unwrap();
    let long = ciphertext_to_blob(&receiver.public().encrypt(&[7; 17]).unwrap());
    let changed = [&blob[..208], &long].concat();
    let error = open_enveloped_blob(&changed, &receiver).unwrap_err();
    assert_eq!((error.code(), error.field_name()), (Code::BadKey, Some("symEncryptedKey")));
    let der = seal_enveloped(&key, receiver.public()).unwrap();
    for at in 0..der.len() {
        let mut changed = der.clone();
        changed[at] ^= 1;
        if let Ok(opened) = open_enveloped(&changed, &receiver) {
            // The number of unused bits, by which nothing is changed, and a parameter of SM4.
            assert_eq!(opened.expose_bytes(), key.expose_bytes(), "{at}");
        }
        assert!(open_enveloped(&der[..at], &receiver).is_err(), "{at}");
    }
}
