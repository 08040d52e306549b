//! What must be refused.

use super::textbook::{bytes, hex};
use super::*;

const N: &str = "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123";
const P: &str = "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF";

fn concat(a: &[u8; 32], b: &[u8; 32]) -> [u8; 64] {
    let mut both = [0; 64];
    both[..32].copy_from_slice(a);
    both[32..].copy_from_slice(b);
    both
}

#[test]
fn signature_halves_are_in_range() {
    let one = bytes(&hex("1"));
    let last = bytes(&(hex(N) - 1u32));
    for half in [one, last] {
        let signature = Signature::from_bytes(&concat(&half, &half)).unwrap();
        assert_eq!(Signature::from_der(&signature.to_der()).unwrap(), signature);
    }
    for bad in [hex("0"), hex(N), hex(N) + 1u32, hex(&"F".repeat(64))] {
        for pair in [concat(&bytes(&bad), &one), concat(&one, &bytes(&bad))] {
            let error = Signature::from_bytes(&pair).unwrap_err();
            assert_eq!(error.code(), Code::BadSignatureEncoding);
            let mut body = Vec::new();
            pair.as_chunks::<32>().0.iter().for_each(|half| encode::integer(&mut body, half));
            let error = Signature::from_der(&encode::sequence(&body)).unwrap_err();
            assert_eq!(error.code(), Code::BadSignatureEncoding);
        }
    }
}

#[test]
fn signature_der_has_one_form() {
    let good = [0x30, 6, 2, 1, 1, 2, 1, 2];
    assert_eq!(Signature::from_der(&good).unwrap().to_der(), good);
    let long = [&[0x30, 38, 2, 33, 0][..], &bytes(&(hex(N) - 2u32)), &[2, 1, 1]].concat();
    assert_eq!(Signature::from_der(&long).unwrap().to_der(), long);
    let bad: [&[u8]; 18] = [
        &[],
        &[0x30, 0],
        &[0x30, 3, 2, 1, 1],                   // one integer
        &[0x30, 9, 2, 1, 1, 2, 1, 2, 2, 1, 3], // a third
        &[0x30, 6, 2, 1, 1, 2, 1, 2, 0],       // trailing
        &[0x30, 8, 2, 1, 1, 2, 1, 2, 5, 0],    // trailing inside
        &[0x30, 7, 2, 2, 0, 1, 2, 1, 2],       // leading zero
        &[0x30, 6, 2, 1, 0x81, 2, 1, 2],       // negative
        &[0x30, 6, 2, 1, 0, 2, 1, 2],          // r = 0
        &[0x30, 0x81, 6, 2, 1, 1, 2, 1, 2],    // long form of a short length
        &[0x30, 0x80, 2, 1, 1, 2, 1, 2, 0, 0], // indefinite length
        &[0x30, 7, 2, 0x81, 1, 1, 2, 1, 2],    // the same inside
        &[0x30, 5, 2, 0, 2, 1, 2],             // an integer of no bytes
        &[0x31, 6, 2, 1, 1, 2, 1, 2],          // a SET
        &[0x30, 6, 3, 1, 1, 2, 1, 2],          // a BIT STRING
        &[0x30, 7, 2, 1, 1, 2, 1, 2],          // truncated
        &[0x30, 6, 2, 1, 1, 2, 2, 2],          // truncated inside
        &[2, 1, 1, 2, 1, 2],                   // no SEQUENCE
    ];
    for der in bad {
        let error = Signature::from_der(der).unwrap_err();
        assert_eq!(error.code(), Code::BadSignatureEncoding, "{der:02x?}");
    }
    // 33 bytes that are no leading zero.
    let wide = [&[0x30, 38, 2, 33, 1][..], &[0; 32], &[2, 1, 1]].concat();
    assert!(Signature::from_der(&wide).is_err());
}

#[test]
fn public_keys_are_points() {
    let key = Stream(20).key();
    let good = key.public().to_sec1();
    assert_eq!(PublicKey::from_sec1(&good).unwrap(), *key.public());
    let compressed = key.public().to_sec1_compressed();
    assert_eq!(PublicKey::from_sec1(&compressed).unwrap(), *key.public());
    let mut other_y = compressed;
    other_y[0] ^= 1;
    assert_ne!(PublicKey::from_sec1(&other_y).unwrap(), *key.public());

    let with = |place: usize, value: u8| {
        let mut sec1 = good.to_vec();
        sec1[place] = value;
        sec1
    };
    let p = bytes(&hex(P));
    let zero = [0; 32];
    // An x for which x^3 - 3x + b is no square: there is no such point.
    let no_point = (1u8..).map(|x| [&[2][..], &[0; 31], &[x]].concat());
    let no_point = no_point.take(64).find(|sec1| PublicKey::from_sec1(sec1).is_err()).unwrap();
    let bad = [
        vec![],
        vec![0],
        vec![4],
        good[..64].to_vec(),
        [&good[..], &[0]].concat(),
        with(0, 0),
        with(0, 2),
        with(0, 3),
        with(0, 5),
        with(0, 6 + (good[64] & 1)), // the hybrid form
        with(64, good[64] ^ 1),
        with(1, good[1] ^ 0x80),
        [&[4][..], &zero, &zero].concat(),
        [&[4][..], &p, &good[33..]].concat(),
        [&[4][..], &good[1..33], &p].concat(),
        [&[2][..], &p].concat(),
        compressed[..32].to_vec(),
        [&compressed[..], &[0]].concat(),
        no_point,
    ];
    for sec1 in bad {
        let error = PublicKey::from_sec1(&sec1).unwrap_err();
        assert_eq!(error.code(), Code::BadPublicKey, "{sec1:02x?}");
    }
}

#[test]
fn a_coordinate_is_below_p() {
    // x and x + p are the same modulo p; only the first is an encoding. Such an x is below 2^256 - p.
    let small = (1u32..1000).map(|x| bytes(&x.into()));
    let sec1 =
        small.map(|x| [&[2][..], &x].concat()).find(|sec1| PublicKey::from_sec1(sec1).is_ok());
    let key = PublicKey::from_sec1(&sec1.unwrap()).unwrap().to_sec1();
    let shifted = bytes(&(textbook::number(&key[1..33]) + hex(P)));
    assert!(PublicKey::from_sec1(&[&[4][..], &shifted, &key[33..]].concat()).is_err());
    assert!(PublicKey::from_sec1(&[&[2][..], &shifted].concat()).is_err());
}

#[test]
fn private_keys_are_in_range() {
    for good in [hex("1"), hex("2"), hex("3"), hex(N) - 2u32, hex(N) - 3u32] {
        let key = PrivateKey::from_bytes(&bytes(&good)).unwrap();
        assert_eq!(*key.expose_bytes(), bytes(&good));
        let signature = key.sign(b"message", &DistId::DEFAULT).unwrap();
        key.public().verify(b"message", &signature, &DistId::DEFAULT).unwrap();
        let ciphertext = key.public().encrypt(b"plaintext").unwrap();
        assert_eq!(**key.decrypt(&ciphertext).unwrap(), b"plaintext"[..]);
    }
    for bad in [hex("0"), hex(N) - 1u32, hex(N), hex(N) + 1u32, hex(&"F".repeat(64))] {
        let error = PrivateKey::from_bytes(&bytes(&bad)).unwrap_err();
        assert_eq!(error.code(), Code::BadPrivateKey, "{bad:x}");
    }
}

#[test]
fn identifiers_have_a_limit() {
    let key = Stream(21).key();
    for length in [0, 1, 8191] {
        let id = DistId::new(&vec![b'a'; length]).unwrap();
        let signature = key.sign(b"message", &id).unwrap();
        key.public().verify(b"message", &signature, &id).unwrap();
        assert!(key.public().verify(b"message", &signature, &DistId::DEFAULT).is_err());
    }
    assert_eq!(DistId::new(&[b'a'; 8192]).unwrap_err().code(), Code::BadDistId);
}

#[test]
fn a_changed_signature_is_refused() {
    let mut stream = Stream(22);
    let key = stream.key();
    let other = stream.key();
    let prepared = PreparedPublicKey::new(key.public(), &DistId::DEFAULT);
    let id = DistId::DEFAULT;
    let signature = key.sign(b"message", &id).unwrap();
    key.public().verify(b"message", &signature, &id).unwrap();
    prepared.verify(b"message", &signature, &id).unwrap();
    let refused = |key: &PublicKey, message: &[u8], signature: &Signature| {
        assert_eq!(key.verify(message, signature, &id).unwrap_err().code(), Code::BadSignature);
    };
    refused(key.public(), b"messagf", &signature);
    refused(other.public(), b"message", &signature);
    for bit in (0..512).step_by(5) {
        let mut raw = signature.to_bytes();
        raw[bit / 8] ^= 1 << (bit % 8);
        if let Ok(changed) = Signature::from_bytes(&raw) {
            refused(key.public(), b"message", &changed);
            assert!(prepared.verify(b"message", &changed, &id).is_err());
        }
    }
    // t = r + s = 0 (mod n), which step B5 refuses.
    let (r, _) = signature.scalars();
    let opposite = Signature::new(&r, &r.negate());
    refused(key.public(), b"message", &opposite);
    assert!(prepared.verify(b"message", &opposite, &id).is_err());
}

#[test]
fn a_changed_ciphertext_is_refused() {
    let mut stream = Stream(23);
    let key = stream.key();
    let plaintext = b"a message of some length";
    let ciphertext = key.public().encrypt(plaintext).unwrap();
    let layouts = [
        Ciphertext::from_der(&ciphertext.to_der()),
        Ciphertext::from_c1c3c2(&ciphertext.to_c1c3c2()),
        Ciphertext::from_c1c2c3(&ciphertext.to_c1c2c3()),
    ];
    for read in layouts {
        let read = read.unwrap();
        assert_eq!(read, ciphertext);
        assert_eq!(**key.decrypt(&read).unwrap(), plaintext[..]);
    }
    let raw = ciphertext.to_c1c3c2();
    let mut refused = vec![ciphertext.to_c1c2c3(), raw[..raw.len() - 1].to_vec()];
    refused.push([&raw[..], &[0]].concat());
    for place in 1..raw.len() {
        let mut changed = raw.clone();
        changed[place] ^= 1 << (place % 8);
        refused.push(changed);
    }
    for changed in refused {
        let read = Ciphertext::from_c1c3c2(&changed).unwrap();
        assert_eq!(key.decrypt(&read).unwrap_err().code(), Code::BadCiphertext);
    }
    assert!(stream.key().decrypt(&ciphertext).is_err());
}

#[test]
fn ciphertext_layouts_are_strict() {
    let key = Stream(24).key();
    let ciphertext = key.public().encrypt(b"x").unwrap();
    let raw = ciphertext.to_c1c3c2();
    assert_eq!(raw.len(), 98);
    let mut wrong_form = raw.clone();
    wrong_form[0] = 6;
    for bad in [&[][..], &[4], &raw[..97], &raw[..64], &raw[1..], &wrong_form] {
        for result in [Ciphertext::from_c1c3c2(bad), Ciphertext::from_c1c2c3(bad)] {
            assert_eq!(result.unwrap_err().code(), Code::BadCiphertext, "{bad:02x?}");
        }
    }
    let der = ciphertext.to_der();
    assert_eq!(Ciphertext::from_der(&der).unwrap(), ciphertext);
    let body = &der[2..];
    let x_bytes = usize::from(body[1]);
    let padded = [&[2, body[1] + 1, 0][..], &body[2..]].concat();
    let negative = [&[2, 1, 0x80][..], &body[2 + x_bytes..]].concat();
    let no_c2 = [&body[..body.len() - 3], &[4, 0]].concat();
    let mut short_hash = body.to_vec();
    short_hash.remove(body.len() - 4);
    let place = body.len() - 36;
    short_hash[place] = 31;
    let bad = [
        vec![],
        [&der[..], &[0]].concat(),
        encode::sequence(&[body, &[5, 0]].concat()),
        encode::sequence(&padded),
        encode::sequence(&negative),
        encode::sequence(&no_c2),
        encode::sequence(&short_hash),
        encode::sequence(&body[..body.len() - 3]),
        [&[0x30, 0x81, der[1]][..], body].concat(),
        raw,
    ];
    for bad in bad {
        let error = Ciphertext::from_der(&bad).unwrap_err();
        assert_eq!(error.code(), Code::BadCiphertext, "{bad:02x?}");
    }
}

#[test]
fn plaintext_has_limits() {
    let key = Stream(25).key();
    assert_eq!(key.public().encrypt(&[]).unwrap_err().code(), Code::BadLength);
    let limit = crate::limits::SM2_PLAINTEXT_BYTES_MAX;
    let plaintext = vec![7; limit + 1];
    let error = key.public().encrypt(&plaintext).unwrap_err();
    assert_eq!(error.field_name(), Some("SM2_PLAINTEXT_BYTES_MAX"));
    let ciphertext = key.public().encrypt(&plaintext[..limit]).unwrap();
    let raw = ciphertext.to_c1c3c2();
    assert_eq!(Ciphertext::from_c1c3c2(&raw).unwrap(), ciphertext);
    assert_eq!(Ciphertext::from_der(&ciphertext.to_der()).unwrap(), ciphertext);
    let error = Ciphertext::from_c1c3c2(&[&raw[..], &[0]].concat()).unwrap_err();
    assert_eq!(error.code(), Code::LimitReached);
}

#[test]
fn an_all_zero_key_stream_is_refused() {
    // One byte of plaintext has a key stream of 0 with one nonce in 256. Encryption then takes the
    // next nonce; decryption refuses what another encrypted with such a nonce.
    let mut stream = Stream(26);
    let key = stream.key();
    let mut refused = None;
    for _ in 0..3000 {
        let nonce = stream.bytes();
        match key.public().encrypt_with_nonces(b"x", nonces([nonce])) {
            Ok(ciphertext) => assert_eq!(**key.decrypt(&ciphertext).unwrap(), b"x"[..]),
            Err(_) => {
                refused = Some(nonce);
                break;
            }
        }
    }
    let nonce = refused.expect("a key stream of 0 turns up");
    let next = stream.bytes();
    let ciphertext = key.public().encrypt_with_nonces(b"x", nonces([nonce, next])).unwrap();
    assert_eq!(**key.decrypt(&ciphertext).unwrap(), b"x"[..]);
    let expected = key.public().encrypt_with_nonces(b"x", nonces([next])).unwrap();
    assert_eq!(ciphertext, expected);

    let k = Scalar::from_bytes_nonzero(&nonce).unwrap();
    let c1 = Backend::Portable.multiply_base(&k);
    let shared = Backend::Portable.multiply(&k, &key.public().point);
    let (x2, y2) = (shared.x.to_bytes(), shared.y.to_bytes());
    let forged = Ciphertext {
        x: c1.x.to_bytes(),
        y: c1.y.to_bytes(),
        c3: crate::primitives::sm3::hash(&[&x2[..], b"x", &y2].concat()),
        c2: b"x".to_vec(), // M xor 0
    };
    assert_eq!(key.decrypt(&forged).unwrap_err().code(), Code::BadCiphertext);
}
