//! Every deviation is produced and found; what nothing explains is said to be so.

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use sha2::{Digest as _, Sha256};

use super::{
    CiphertextQuestion, Deviation, Diagnosis, KeyQuestion, SignatureQuestion, data, layer,
    procedure,
};
use crate::{
    Code, limits,
    pki::{
        algorithm::SignatureForm,
        ciphertext::Layout,
        keys::{self, Encryption},
        pkcs12, tlv,
    },
    primitives::{
        sm2::{DistId, PARAMETERS, PrivateKey, Signature, hazmat},
        sm3,
    },
    report::Language,
};

const DATA: &[u8] = "印信 yinxin\nsecond line".as_bytes();

fn key() -> PrivateKey {
    PrivateKey::from_bytes(&[0x5a; 32]).unwrap()
}

fn question<'a>(
    key: &'a PrivateKey,
    data: &'a [u8],
    signature: &'a [u8],
    id: &'a DistId,
) -> SignatureQuestion<'a> {
    SignatureQuestion {
        key: key.public(),
        data,
        signature,
        form: SignatureForm::Der,
        id,
        other_ids: &[],
        other_keys: &[],
    }
}

/// The ids of the deviations of the first finding.
fn ids(diagnosis: &Diagnosis) -> Vec<&'static str> {
    match diagnosis {
        Diagnosis::Explained { findings, .. } => {
            findings.first().unwrap().parts.iter().map(|part| part.deviation.id).collect()
        }
        Diagnosis::NothingToExplain => vec!["nothing to explain"],
        Diagnosis::Unexplained { .. } => vec!["unexplained"],
    }
}

fn diagnose(data: &[u8], signature: &[u8]) -> Vec<&'static str> {
    ids(&super::signature(&question(&key(), data, signature, &DistId::DEFAULT)).unwrap())
}

fn sign(data: &[u8]) -> Vec<u8> {
    key().sign(data, &DistId::DEFAULT).unwrap().to_der()
}

#[test]
fn what_verifies_needs_no_explanation_and_noise_has_none() {
    assert_eq!(diagnose(DATA, &sign(DATA)), ["nothing to explain"]);
    let other = PrivateKey::from_bytes(&[0x77; 32]).unwrap();
    let foreign = other.sign(DATA, &DistId::DEFAULT).unwrap().to_der();
    assert_eq!(diagnose(DATA, &foreign), ["unexplained"]);
    // The text never says that anything was verified.
    let id = DistId::DEFAULT;
    for signature in [sign(DATA), sign(&[DATA, b"\n"].concat()), b"noise".to_vec()] {
        let diagnosis = super::signature(&question(&key(), DATA, &signature, &id)).unwrap();
        let text = diagnosis.to_text(Language::English);
        assert!(text.contains("no verification") || text.contains("does not verify"), "{text}");
        let json = serde_json::to_string(&diagnosis).unwrap();
        assert!(!json.contains("passed") && !json.contains("verified"), "{json}");
    }
}

#[test]
fn every_form_of_the_data_is_found() {
    let cases: &[(&str, &[u8], Vec<u8>)] = &[
        ("data.line-feed-signed", DATA, [DATA, b"\n"].concat()),
        ("data.crlf-signed", DATA, [DATA, b"\r\n"].concat()),
        ("data.line-end-added", b" text\n", b" text".to_vec()),
        ("data.line-end-added", b" text\r\n", b" text".to_vec()),
        ("data.trimmed", b"  text \t\n", b"text".to_vec()),
        ("data.line-feeds-signed", b"a\r\nb\r\n", b"a\nb\n".to_vec()),
        ("data.crlfs-signed", b"a\nb\n", b"a\r\nb\r\n".to_vec()),
        ("data.bom-added", b"\xef\xbb\xbftext", b"text".to_vec()),
        ("data.bom-signed", b"text", b"\xef\xbb\xbftext".to_vec()),
        ("data.nul-added", b"text\0\0\0", b"text".to_vec()),
        ("data.nul-signed", DATA, [DATA, b"\0"].concat()),
        ("data.hex-signed", b"\x0a\xff", b"0aff".to_vec()),
        ("data.upper-hex-signed", b"\x0a\xff", b"0AFF".to_vec()),
        ("data.is-hex", b"0aff", b"\x0a\xff".to_vec()),
        ("data.base64-signed", DATA, Base64::encode_string(DATA).into_bytes()),
        ("data.is-base64", b"dGV4dCE=", b"text!".to_vec()),
        ("data.gbk-signed", "电子证照".as_bytes(), b"\xb5\xe7\xd7\xd3\xd6\xa4\xd5\xd5".to_vec()),
        ("data.is-gbk", b"\xb5\xe7\xd7\xd3\xd6\xa4\xd5\xd5", "电子证照".as_bytes().to_vec()),
        ("data.utf-16le-signed", "电a".as_bytes(), b"\x35\x75a\0".to_vec()),
        ("data.utf-16be-signed", "电a".as_bytes(), b"\x75\x35\0a".to_vec()),
        ("data.is-utf-16", b"\xff\xfe\x35\x75a\0", "电a".as_bytes().to_vec()),
        ("data.is-utf-16", b"\xfe\xff\x75\x35\0a", "电a".as_bytes().to_vec()),
        ("data.is-utf-16", b"b\0a\0", b"ba".to_vec()),
        ("data.is-utf-16", b"\0b\0a", b"ba".to_vec()),
        ("data.latin-1-signed", "é".as_bytes(), "Ã©".as_bytes().to_vec()),
        ("data.replaced-signed", b"a\xff", "a\u{fffd}".as_bytes().to_vec()),
        ("data.empty-signed", DATA, Vec::new()),
    ];
    for (id, given, signed) in cases {
        assert_eq!(diagnose(given, &sign(signed)), [*id], "{given:02x?}");
    }
    let tested = |row: &data::DataRow| cases.iter().any(|(id, ..)| *id == row.deviation.id);
    assert!(data::ROWS.iter().all(tested));
}

#[test]
fn every_procedure_is_found() {
    let key = key();
    let z = hazmat::z(key.public(), &DistId::DEFAULT);
    let point = key.public().to_sec1();
    let own_z = |beginning: &[u8]| sm3::hash_parts(&[beginning, &PARAMETERS, &point[1..]]);
    let id = DistId::DEFAULT.as_bytes();
    let digest = sm3::hash(DATA);
    let text =
        |upper| procedure::standard(key.public(), &DistId::DEFAULT, &data::hex(&digest, upper));
    let sha_z = Sha256::digest([&[0, 128], id, &PARAMETERS, &point[1..]].concat());
    let cases: &[(&str, sm3::Digest)] = &[
        ("digest.no-z", digest),
        ("digest.of-digest", sm3::hash_parts(&[&z, &digest])),
        ("digest.twice-no-z", sm3::hash(&digest)),
        ("digest.of-hex-digest", text(false)),
        ("digest.of-upper-hex-digest", text(true)),
        ("digest.z-twice", sm3::hash_parts(&[&z, &z, DATA])),
        ("digest.z-after", sm3::hash_parts(&[DATA, &z])),
        ("digest.id-length-in-bytes", sm3::hash_parts(&[&own_z(&[&[0, 16], id].concat()), DATA])),
        ("digest.no-id-length", sm3::hash_parts(&[&own_z(id), DATA])),
        ("digest.sha-256", Sha256::digest([&sha_z[..], DATA].concat()).into()),
        ("digest.sha-256-after-z", Sha256::digest([&z, DATA].concat()).into()),
        ("digest.sha-256-no-z", Sha256::digest(DATA).into()),
        ("digest.of-sha-256", sm3::hash_parts(&[&z, &Sha256::digest(DATA)])),
    ];
    for (id, e) in cases {
        let signature = hazmat::sign_digest(&key, e).unwrap().to_der();
        assert_eq!(diagnose(DATA, &signature), [*id]);
    }
    // What is given may be the digest itself, also as a text: two deviations then.
    let e = hazmat::message_digest(key.public(), &DistId::DEFAULT, DATA);
    assert_eq!(diagnose(&e, &sign(DATA)), ["digest.data-is-e"]);
    assert_eq!(diagnose(&data::hex(&e, true), &sign(DATA)), ["data.is-hex", "digest.data-is-e"]);
    let tested = |row: &procedure::ProcedureRow| {
        let id = row.deviation.id;
        id == "digest.data-is-e" || cases.iter().any(|(tested, _)| *tested == id)
    };
    assert!(procedure::ROWS.iter().all(tested));
}

#[test]
fn every_identifier_is_found() {
    let (key, custom) = (key(), DistId::new(b"alice").unwrap());
    for (expected, used, id) in [
        (&custom, &b"1234567812345678"[..], "id.default"),
        (&DistId::DEFAULT, b"", "id.empty"),
        (&DistId::DEFAULT, b"\x12\x34\x56\x78\x12\x34\x56\x78", "id.hex-decoded"),
        (&DistId::DEFAULT, b"31323334353637383132333435363738", "id.hex-text"),
        (&custom, b"alice\0", "id.nul-terminated"),
        (&custom, b"alice\n", "id.line-end"),
        (&DistId::DEFAULT, b"CN=alice", "id.candidate"),
    ] {
        let signature = key.sign(DATA, &DistId::new(used).unwrap()).unwrap().to_der();
        let others = [("subject", DistId::new(b"CN=alice").unwrap())];
        let question =
            SignatureQuestion { other_ids: &others, ..question(&key, DATA, &signature, expected) };
        let diagnosis = super::signature(&question).unwrap();
        assert_eq!(ids(&diagnosis), [id]);
        if id == "id.candidate" {
            assert!(diagnosis.to_text(Language::Chinese).contains("(subject)"));
        }
    }
}

#[test]
fn another_key_is_found_by_its_name() {
    let (key, other) = (key(), PrivateKey::from_bytes(&[0x77; 32]).unwrap());
    let signature = other.sign(DATA, &DistId::DEFAULT).unwrap().to_der();
    let others = [("old", other.public())];
    let asked = SignatureQuestion {
        other_keys: &others,
        ..question(&key, DATA, &signature, &DistId::DEFAULT)
    };
    let diagnosis = super::signature(&asked).unwrap();
    assert_eq!(ids(&diagnosis), ["key.other"]);
    let Diagnosis::Explained { findings, .. } = diagnosis else { panic!("explained") };
    assert_eq!(findings[0].parts[0].detail.as_deref(), Some("old"));
}

/// Signatures over `DATA` under [`key`], made by another implementation, chosen for their bytes.
mod made {
    /// r begins with a byte above 80, s with one between 10 and 7f.
    pub(super) const PLAIN: &str = "b0a28949c691300d4d5c01adfa0a6fde977431a87d9395fd0e153a6f1a11d8cb\
        5b89de408fb95b1abcde53907ac97840f104fb0be63509a1e2ba5f7288935724";
    /// r begins with a zero byte.
    pub(super) const SHORT_R: &str = "00c9b70b109128e3a7e9ae9db27ba587e0846061c216fd751f7f74610879e966\
        a9a64d3b513fc44e93c38133be74498f86b7565f4cd586f472b09a763735168d";
    /// s begins with a zero byte.
    pub(super) const SHORT_S: &str = "c47681ed40bcc9d90efa7364b4696b17154939a5aa33c8bff666a798636e2a8c\
        00bc18c0132586347d7eeeea64badf8715032311de2bc526255b57f3b62e5ef4";
    /// s begins with a zero digit that is not a zero byte.
    pub(super) const SHORT_DIGIT: &str = "52c91253803cd37193d6079b75ee60ccc4a4b447a2ea67b9fb16d1559c1d617e\
        0f8079398476693c97a745d7ff2906efe1e87ddf433ab5a2fe8d43915173ea4a";
    /// The base64 of its DER has plus signs and no slash.
    pub(super) const PLUS: &str = "bdc2a91e8ce2d924be84356af98512be7d9e406102bbcf0397a80a7c4e9435b6\
        cd1ba55b2a35611add0250fb232f6c4518bb115b1f1a06aa39503edbd0a80269";
    /// The base64 of its DER has a slash, and it does not fill its last group.
    pub(super) const URL: &str = "66aca8cdaa46400afce9d8bef18a0e647d06f44b0111a7b138dabe13be6da366\
        bc4281a00ca442fe0408e29077b0adb54b1dbd354d53eb299ff77425f29f284e";
}

/// A signature of [`made`].
fn signature_of(text: &str) -> Signature {
    let bytes = layer::from_digits(&layer::hex_digits(text.as_bytes()).unwrap()).unwrap();
    Signature::from_bytes(bytes.as_slice().try_into().unwrap()).unwrap()
}

#[test]
fn every_form_of_the_signature_is_found() {
    let plain = signature_of(made::PLAIN);
    let (raw, der) = (plain.to_bytes().to_vec(), plain.to_der());
    let (r, s) = (&raw[..32], &raw[32..]);
    let reversed = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<_>>();
    let integers = |r: &[u8], s: &[u8]| {
        tlv::sequence(&[&tlv::wrap(tlv::tag::INTEGER, &[r]), &tlv::wrap(tlv::tag::INTEGER, &[s])])
    };
    let long = [&[0x30, 0x81, 0x45, 0x02, 0x21, 0][..], r, &[0x02, 0x20], s].concat();
    let cases: Vec<(&[&str], Vec<u8>)> = vec![
        (&["form.raw-for-der"], raw.clone()),
        (&["text.hex"], data::hex(&der, true)),
        (&["text.hex"], [b"0x", &data::hex(&der, false)[..], b"\r\n"].concat()),
        (&["text.hex", "form.raw-for-der"], data::hex(&raw, false)),
        (&["text.base64"], Base64::encode_string(&der).into_bytes()),
        (&["text.base64", "text.hex"], Base64::encode_string(&data::hex(&der, false)).into_bytes()),
        (&["text.pem"], crate::pki::pem::encode("SIGNATURE", &der).into_bytes()),
        (&["text.line-end"], [&der[..], b"\n"].concat()),
        (&["wrap.octet-string"], tlv::wrap(tlv::tag::OCTET_STRING, &[&der])),
        (&["wrap.bit-string"], tlv::wrap(tlv::tag::BIT_STRING, &[&[0], &der])),
        (&["form.raw-for-der", "order.swapped"], [s, r].concat()),
        (&["order.swapped"], integers(s, &[&[0], r].concat())),
        (&["form.raw-for-der", "order.little-endian"], [reversed(r), reversed(s)].concat()),
        (&["form.raw-for-der", "order.reversed"], reversed(&raw)),
        (&["der.trailing"], [&der[..], &[0; 5]].concat()),
        (&["der.negative"], integers(r, s)),
        (&["der.padded"], integers(&[&[0, 0], r].concat(), s)),
        (&["der.length"], long),
        (&["form.raw-for-der", "raw.sign-byte"], [&[0], r, s].concat()),
        (&["form.raw-for-der", "raw.trailing"], [&raw[..], &[1]].concat()),
    ];
    for (expected, signature) in &cases {
        assert_eq!(diagnose(DATA, signature), *expected, "{signature:02x?}");
    }
    let url = Base64UrlUnpadded::encode_string(&signature_of(made::URL).to_der());
    assert_eq!(diagnose(DATA, url.as_bytes()), ["text.base64url"]);
    let key = key();
    let asked = SignatureQuestion {
        form: SignatureForm::Raw,
        ..question(&key, DATA, &der, &DistId::DEFAULT)
    };
    assert_eq!(ids(&super::signature(&asked).unwrap()), ["form.der-for-raw"]);
}

#[test]
fn lost_and_misplaced_zeros_are_found() {
    let short_r = signature_of(made::SHORT_R).to_bytes();
    assert_eq!(diagnose(DATA, &short_r[1..]), ["form.raw-for-der", "raw.zeros-stripped"]);
    let behind = [&short_r[1..32], &[0], &short_r[32..]].concat();
    assert_eq!(diagnose(DATA, &behind), ["form.raw-for-der", "raw.zeros-behind"]);
    let short_s = signature_of(made::SHORT_S).to_bytes();
    let stripped = [&short_s[..32], &short_s[33..]].concat();
    assert_eq!(diagnose(DATA, &stripped), ["form.raw-for-der", "raw.zeros-stripped"]);
    // One hexadecimal digit is missing: 127 are left.
    let digit = signature_of(made::SHORT_DIGIT).to_bytes();
    let (r, s) = (data::hex(&digit[..32], false), data::hex(&digit[32..], false));
    let text = [&r[..], &s[1..]].concat();
    assert_eq!(diagnose(DATA, &text), ["form.raw-for-der", "text.hex-zeros-stripped"]);
    let plus = Base64::encode_string(&signature_of(made::PLUS).to_der());
    assert_eq!(diagnose(DATA, plus.replace('+', " ").as_bytes()), ["text.base64-spaces"]);
}

#[test]
fn two_deviations_beside_the_form_are_found() {
    let key = key();
    let with_line_feed = [DATA, b"\n"].concat();
    let signature = key.sign(&with_line_feed, &DistId::new(b"").unwrap()).unwrap();
    let expected = ["data.line-feed-signed", "id.empty"];
    assert_eq!(diagnose(DATA, &signature.to_der()), expected);
    let text = data::hex(&signature.to_bytes(), false);
    let expected = ["text.hex", "form.raw-for-der", "data.line-feed-signed", "id.empty"];
    assert_eq!(diagnose(DATA, &text), expected);
    // Three are too many: the search is bounded, and says what it is.
    let gbk = b"\xb5\xe7\n".to_vec();
    let signature = hazmat::sign_digest(&key, &sm3::hash(&sm3::hash(&gbk))).unwrap().to_der();
    assert_eq!(diagnose("电\r\n".as_bytes(), &signature), ["unexplained"]);
}

#[test]
fn every_ciphertext_is_explained() {
    let (key, other) = (key(), PrivateKey::from_bytes(&[0x77; 32]).unwrap());
    // An x that begins with a bit set, before which DER writes 00.
    let sealed = (0..256)
        .map(|_| key.public().encrypt(DATA).unwrap())
        .find(|sealed| sealed.to_c1c3c2()[1] >= 0x80)
        .unwrap();
    let (new, old, der) = (sealed.to_c1c3c2(), sealed.to_c1c2c3(), sealed.to_der());
    let (x, y, c3, c2) = (&new[1..33], &new[33..65], &new[65..97], &new[97..]);
    let sequence = |x: &[u8], third: &[u8], fourth: &[u8]| {
        let integer = |bytes: &[u8]| tlv::wrap(tlv::tag::INTEGER, &[bytes]);
        let octets = |bytes: &[u8]| tlv::wrap(tlv::tag::OCTET_STRING, &[bytes]);
        let y = [&[0], y].concat();
        let y = if y[1] >= 0x80 { &y[..] } else { &y[1..] };
        tlv::sequence(&[&integer(x), &integer(y), &octets(third), &octets(fourth)])
    };
    let reversed = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<_>>();
    let c1 = [&[2 + (y[31] & 1)], x].concat();
    let padded_x = [&[0], x].concat();
    let cases: Vec<(&[&str], Vec<u8>)> = vec![
        (&["nothing to explain"], new.clone()),
        (&["layout.c1c2c3"], old.clone()),
        (&["layout.der"], der.clone()),
        (&["layout.c1c3c2-no04"], new[1..].to_vec()),
        (&["layout.c1c2c3-no04"], old[1..].to_vec()),
        (&["layout.ecc-cipher-blob"], keys::ciphertext_to_blob(&sealed)),
        (&["text.hex"], data::hex(&new, true)),
        (&["text.base64", "layout.der"], Base64::encode_string(&der).into_bytes()),
        (&["layout.der", "der.not-canonical"], [&der[..], &[0]].concat()),
        (&["layout.der", "der.not-canonical"], sequence(x, c3, c2)),
        (&["layout.der", "der.c2-before-c3"], sequence(&padded_x, c2, c3)),
        (&["point.compressed"], [&c1, c3, c2].concat()),
        (&["layout.c1c2c3", "point.compressed"], [&c1, c2, c3].concat()),
        (&["point.little-endian"], [&[4], &reversed(x)[..], &reversed(y), c3, c2].concat()),
        (&["unexplained"], b"noise".to_vec()),
        (&["unexplained"], new[..new.len() - 1].to_vec()),
    ];
    let ask = |key, ciphertext: &[u8], other_keys: &[(&str, &PrivateKey)]| {
        let layout = Layout::C1C3C2;
        let question = CiphertextQuestion { key, ciphertext, layout, other_keys };
        ciphertext_of(&question)
    };
    for (expected, bytes) in &cases {
        assert_eq!(ids(&ask(&key, bytes, &[])), *expected, "{bytes:02x?}");
    }
    assert_eq!(ids(&ask(&other, &new, &[])), ["unexplained"]);
    let found = ask(&other, &old, &[("new key", &key)]);
    assert_eq!(ids(&found), ["layout.c1c2c3", "key.other"]);
    // Nothing of the plaintext is in the answer.
    assert!(!serde_json::to_string(&found).unwrap().contains("yinxin 印"));
}

fn ciphertext_of(question: &CiphertextQuestion<'_>) -> Diagnosis {
    super::ciphertext(question).unwrap()
}

#[test]
fn every_key_file_is_explained() {
    let key =
        PrivateKey::from_bytes(&[&[0][..], &[0x5a; 31]].concat().try_into().unwrap()).unwrap();
    let other = PrivateKey::from_bytes(&[0x77; 32]).unwrap();
    let pem = keys::private_key_to_pem(&key).unwrap();
    let der = keys::private_key_to_der(&key).unwrap();
    let encrypted = keys::private_key_to_encrypted_pem(&key, b"right").unwrap();
    let d = key.expose_bytes();
    let point = key.public().to_sec1();
    let mut little = d.to_vec();
    little.reverse();
    // OpenSSL's name for the curve of another key: P-256 in the place of SM2.
    let p256 = der
        .windows(10)
        .position(|window| window == [6, 8, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82, 0x2d])
        .map(|at| {
            let mut der = der.to_vec();
            let oid = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
            der.splice(at..at + 10, oid);
            der
        })
        .unwrap();
    let mut mismatch = der.to_vec();
    let at = mismatch.len() - 64;
    mismatch.splice(at.., other.public().to_sec1()[1..].iter().copied());
    let cases: Vec<(&[&str], Vec<u8>)> = vec![
        (&["nothing to explain"], pem.as_bytes().to_vec()),
        (&["nothing to explain"], der.to_vec()),
        (&["text.base64"], Base64::encode_string(&der).into_bytes()),
        (&["text.hex"], data::hex(&der, false)),
        (&["key.bare"], d.to_vec()),
        (&["text.hex", "key.bare"], data::hex(d, true)),
        (&["key.bare-stripped"], d[1..].to_vec()),
        (&["key.bare-sign-byte"], [&[0], &d[..]].concat()),
        (&["key.little-endian"], little),
        (&["key.with-public"], [&d[..], &point].concat()),
        (&["key.with-public"], [&d[..], &point[1..]].concat()),
        (&["key.password"], encrypted.as_bytes().to_vec()),
        (&["key.other-algorithm"], p256),
        (&["key.public-inside"], mismatch),
        (&["key.public"], keys::public_key_to_pem(key.public()).unwrap().into_bytes()),
        (&["key.public"], point.to_vec()),
        (&["key.public"], point[1..].to_vec()),
        (&["unexplained"], b"noise".to_vec()),
        (&["unexplained"], keys::private_key_to_pem(&other).unwrap().as_bytes().to_vec()),
        (
            &["key.not-first"],
            [&keys::private_key_to_pem(&other).unwrap()[..], &pem].concat().into(),
        ),
        (&["key.other-container"], keys::private_key_to_blob(&key).to_vec()),
        (
            &["key.other-container"],
            keys::private_key_to_jwk(&key, keys::JwkCurve::Sm2).as_bytes().to_vec(),
        ),
        (&["key.enveloped"], keys::seal_enveloped(&key, other.public()).unwrap()),
        (&["key.other-encryption"], b"Proc-Type: 4,ENCRYPTED\n-----BEGIN X-----".to_vec()),
        (&["key.other-algorithm"], crate::pki::pem::encode("RSA PRIVATE KEY", &[0x30, 0]).into()),
        (&["text.marked"], [b"\xff\xfe", &wide(pem.as_bytes())[..]].concat()),
    ];
    for (expected, bytes) in &cases {
        let question = KeyQuestion { bytes, password: None, public: Some(key.public()) };
        let diagnosis = super::key(&question).unwrap();
        assert_eq!(ids(&diagnosis), *expected, "{}", diagnosis.to_text(Language::English));
    }
}

/// UTF-16, little-endian.
fn wide(ascii: &[u8]) -> Vec<u8> {
    ascii.iter().flat_map(|&byte| [byte, 0]).collect()
}

#[test]
fn the_writing_of_a_password_is_found() {
    let (key, gbk) = (key(), b"\xbf\xda\xc1\xee");
    let protection = Encryption::SM4_SM3.with_iterations(limits::PBKDF2_ITERATIONS_MIN).unwrap();
    let file = |password: &[u8]| {
        keys::private_key_to_encrypted(&key, password, &protection).unwrap().as_bytes().to_vec()
    };
    let mut writer = pkcs12::Writer::new();
    writer.key(&key, None, None).unwrap();
    let protection = pkcs12::Protection { encryption: protection, mac: pkcs12::Mac::HmacSm3 };
    let pkcs12 = writer.write("口令".as_bytes(), &protection).unwrap();
    for (bytes, given, expected) in [
        (file("口令".as_bytes()), &gbk[..], "key.password-utf-8"),
        (file(gbk), "口令".as_bytes(), "key.password-gbk"),
        (file(b"secret"), b"secret\r\n", "key.password-line-end"),
        (file(b"secret"), b"secreT", "key.password"),
        (pkcs12.clone(), gbk, "key.password-utf-8"),
        (pkcs12.clone(), b"x", "key.password"),
        (pkcs12, "口令".as_bytes(), "key.other-container"),
    ] {
        for public in [None, Some(key.public())] {
            let question = KeyQuestion { bytes: &bytes, password: Some(given), public };
            assert_eq!(ids(&super::key(&question).unwrap()), [expected]);
            // Neither the file nor the password is shown.
            let shown = format!("{question:?}");
            assert!(!shown.contains("115, 101, 99") && !shown.contains("secre"), "{shown}");
        }
    }
}

#[test]
fn ceilings_hold_and_hostile_input_ends() {
    let (key, id) = (key(), DistId::DEFAULT);
    let refused = |result: Result<Diagnosis, crate::Error>| {
        let error = result.unwrap_err();
        assert_eq!(error.code(), Code::LimitReached);
        error.field_name().unwrap()
    };
    let large = vec![b'a'; limits::DIAGNOSIS_VALUE_BYTES_MAX + 1];
    let asked = question(&key, DATA, &large, &id);
    assert_eq!(refused(super::signature(&asked)), "DIAGNOSIS_VALUE_BYTES_MAX");
    let asked = question(&key, DATA, &large[1..], &id);
    assert_eq!(ids(&super::signature(&asked).unwrap()), ["unexplained"]);
    let names = vec![("x", id.clone()); limits::DIAGNOSIS_CANDIDATES_MAX + 1];
    let asked = SignatureQuestion { other_ids: &names, ..question(&key, DATA, b"", &id) };
    assert_eq!(refused(super::signature(&asked)), "DIAGNOSIS_CANDIDATES_MAX");
    let asked = SignatureQuestion { other_ids: &names[1..], ..asked };
    assert!(super::signature(&asked).is_ok());
    let keys = vec![("x", &key); limits::DIAGNOSIS_CANDIDATES_MAX + 1];
    let layout = Layout::Asn1;
    let asked = CiphertextQuestion { key: &key, ciphertext: b"", layout, other_keys: &keys };
    assert_eq!(refused(super::ciphertext(&asked)), "DIAGNOSIS_CANDIDATES_MAX");
    let asked = CiphertextQuestion { other_keys: &keys[1..], ..asked };
    assert_eq!(ids(&super::ciphertext(&asked).unwrap()), ["unexplained"]);
    let file = KeyQuestion { bytes: &large, password: None, public: None };
    assert_eq!(refused(super::key(&file)), "DIAGNOSIS_VALUE_BYTES_MAX");
    assert!(super::key(&KeyQuestion { bytes: &large[1..], ..file }).is_ok());
    let data = vec![0; limits::DIAGNOSIS_DATA_BYTES_MAX + 1];
    let asked = question(&key, &data, b"", &id);
    assert_eq!(refused(super::signature(&asked)), "DIAGNOSIS_DATA_BYTES_MAX");
    let asked =
        CiphertextQuestion { key: &key, ciphertext: &data, layout: Layout::Asn1, other_keys: &[] };
    assert_eq!(refused(super::ciphertext(&asked)), "DIAGNOSIS_DATA_BYTES_MAX");
    // At the ceiling, a ciphertext is decrypted with as many keys as there is work for.
    let sealed = key.public().encrypt(&vec![0; limits::DIAGNOSIS_DATA_BYTES_MAX - 97]).unwrap();
    let sealed = sealed.to_c1c3c2();
    assert_eq!(sealed.len(), limits::DIAGNOSIS_DATA_BYTES_MAX);
    let asked = CiphertextQuestion { ciphertext: &sealed, layout: Layout::C1C3C2, ..asked };
    assert_eq!(ids(&super::ciphertext(&asked).unwrap()), ["nothing to explain"]);
    // Texts in texts in texts: two layers are undone.
    let mut nested = sign(DATA);
    for _ in 0..3 {
        nested = data::hex(&nested, false);
    }
    assert_eq!(diagnose(DATA, &nested), ["unexplained"]);
    assert!(layer::unwrap_all(&nested).len() <= 8);
}

#[test]
fn every_deviation_is_named_once_and_explained_twice() {
    let mut all: Vec<Deviation> = data::ROWS.iter().map(|row| row.deviation).collect();
    all.extend(procedure::ROWS.iter().map(|row| row.deviation));
    all.extend(procedure::IDS.iter().map(|row| row.deviation));
    for deviation in &all {
        let Deviation { id, en, zh, hint_en, hint_zh } = deviation;
        assert!(
            id.bytes().all(|byte| byte.is_ascii_lowercase() || b".-0123456789".contains(&byte))
        );
        assert!(en.len() > 10 && hint_en.len() > 10, "{id}");
        assert!(!zh.is_ascii() && !hint_zh.is_ascii(), "{id}");
    }
    let mut ids: Vec<_> = all.iter().map(|deviation| deviation.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all.len());
}
