//! Files of other implementations, what is written read back, and files that must be refused.

use yinxin_vectors::load;

use super::*;
use crate::{
    limits,
    pki::{
        crl,
        tlv::{self, tag},
        x509::issue::{CertificateRequest, Profile, Subject, issue},
    },
    primitives::sm2::PublicKey,
    time::UnixTime,
};

/// The samples are Java's: BER, RC2-40 and Triple DES, MAC with HMAC-SHA-1.
#[test]
fn samples_of_java_open() {
    let Some(samples) = yinxin_vectors::shared("samples/keys") else { return };
    for (name, password) in [("ROOT", "123456"), ("SealBuilder", "777777"), ("USER", "777777")] {
        let bytes = std::fs::read(samples.join(format!("{name}.p12"))).unwrap();
        assert!(is_pkcs12(&bytes), "{name}");
        let contents = open(&bytes, password.as_bytes(), Legacy::Allowed).unwrap();
        assert_eq!(contents.integrity, Integrity::Mac);
        let [key] = &contents.keys[..] else { panic!("{name}: {contents:?}") };
        assert_eq!(key.name.as_deref(), Some("private"));
        let certificate = key.certificate.as_ref().unwrap();
        assert_eq!(certificate.public_key().unwrap(), key.key.public());
        assert!(contents.certificates.iter().any(|named| named.certificate == *certificate));
        assert!(contents.others.is_empty());
        let code = |password: &[u8], legacy| open(&bytes, password, legacy).err().unwrap().code();
        assert_eq!(code(password.as_bytes(), Legacy::Refused), Code::LegacyEncryption, "{name}");
        assert_eq!(code(b"12345", Legacy::Allowed), Code::WrongPassword, "{name}");
        assert_eq!(code(b"", Legacy::Allowed), Code::WrongPassword, "{name}");
    }
}

#[test]
fn files_of_others_open() {
    for case in load("pkcs12/openssl.json").into_iter().chain(load("pkcs12/others.json")) {
        let (bytes, password) = (case.bytes("file_b64"), case.bytes("password_text"));
        let flag = |name: &str| case.get(name).unwrap().as_bool().unwrap();
        let count = |name: &str| usize::try_from(case.number(name)).unwrap();
        let code = |password: &[u8], legacy| open(&bytes, password, legacy).err().map(|e| e.code());
        if !case.valid() {
            let code = code(&password, Legacy::Allowed).unwrap();
            assert_eq!(code.name(), case.text("error"), "{case}");
            continue;
        }
        let contents = open(&bytes, &password, Legacy::Allowed);
        let contents = contents.unwrap_or_else(|error| panic!("{case}: {error}"));
        let refused = flag("legacy").then_some(Code::LegacyEncryption);
        assert_eq!(code(&password, Legacy::Refused), refused, "{case}");
        assert_eq!(contents.integrity == Integrity::Mac, flag("mac"), "{case}");
        assert_eq!(contents.keys.len(), count("keys"), "{case}");
        assert_eq!(contents.certificates.len(), count("certificates"), "{case}");
        assert_eq!(contents.others.len(), count("others"), "{case}");
        for key in &contents.keys {
            assert_eq!(key.key.expose_bytes(), &case.array("d"), "{case}");
            let certificate = key.certificate.as_ref().unwrap();
            assert_eq!(certificate.der(), case.bytes("certificate_b64"), "{case}");
            let name = case.get("name").and_then(|name| name.as_str());
            assert_eq!(key.name.as_deref(), name, "{case}");
            assert!(key.local_key_id.is_some());
        }
        for other in &contents.others {
            let rsa = "1.2.840.113549.1.1.1";
            assert_eq!((other.kind, other.oid.as_str()), (OtherKind::Key, rsa), "{case}");
        }
        let wrong = code(b"wrong", Legacy::Allowed);
        assert_eq!(wrong, Some(Code::WrongPassword), "{case}");
    }
}

/// Of many wrong passwords some give noise that ends in padding.
#[test]
fn a_wrong_password_is_told_without_a_mac() {
    let mut files = 0;
    for case in load("pkcs12/openssl.json") {
        if !case.id().contains("nomac-noiter") {
            continue;
        }
        files += 1;
        let bytes = case.bytes("file_b64");
        for number in 0..1000 {
            let password = format!("wrong {number}");
            let error = open(&bytes, password.as_bytes(), Legacy::Allowed).err().unwrap();
            assert_eq!(error.code(), Code::WrongPassword, "{case}: {password}");
        }
    }
    assert_eq!(files, 3);
}

fn quick(protection: Protection) -> Protection {
    let encryption = protection.encryption.with_iterations(limits::PBKDF2_ITERATIONS_MIN);
    Protection { encryption: encryption.unwrap(), ..protection }
}

/// The two certificates and the list of a small authority; the first certificate is `key`'s.
fn authority(key: &PrivateKey) -> (Certificate, Certificate, Crl) {
    let at = |seconds| UnixTime::from_unix_s(seconds).unwrap();
    let request = |name: &str, profile, public: &PublicKey| CertificateRequest {
        subject: Subject { common_name: name.into(), ..Subject::default() },
        profile,
        public_key: public.clone(),
        not_before: at(1_700_000_000),
        not_after: at(1_900_000_000),
        serial: None,
    };
    let root_key = PrivateKey::generate().unwrap();
    let root = request("根", Profile::Root, root_key.public());
    let root = issue(&root, None, &root_key).unwrap();
    let leaf = request("签章人", Profile::Signer, key.public());
    let leaf = issue(&leaf, Some(&root), &root_key).unwrap();
    let times = (at(1_750_000_000), at(1_760_000_000));
    let crl = crl::make(&root, &[], times.0, times.1, 1, &root_key).unwrap();
    (leaf, root, crl)
}

#[test]
fn what_is_written_is_read() {
    let (signing, encrypting) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let (leaf, root, crl) = authority(&signing);
    let pbmac1 = |mac| Protection { mac, ..Protection::SM4_SM3 };
    for protection in [
        Protection::SM4_SM3,
        Protection::SM4_SHA256,
        Protection::AES256_SHA256,
        pbmac1(Mac::Pbmac1Sm3),
        pbmac1(Mac::Pbmac1Sha256),
    ] {
        let mut writer = Writer::new();
        // The key without a certificate comes first: it must not get another's.
        writer.key(&encrypting, None, None).unwrap();
        writer.certificate(&root, Some("根")).key(&signing, Some(&leaf), Some("签章𠮷")).unwrap();
        writer.crl(&crl);
        for password in ["口令", ""] {
            let file = writer.write(password.as_bytes(), &quick(protection)).unwrap();
            let contents = open(&file, password.as_bytes(), Legacy::Refused).unwrap();
            assert_eq!(contents.integrity, Integrity::Mac);
            let [first, second] = &contents.keys[..] else { panic!("{contents:?}") };
            assert_eq!(first.key.expose_bytes(), encrypting.expose_bytes());
            assert_eq!((&first.certificate, &first.name), (&None, &None));
            assert_eq!(second.key.expose_bytes(), signing.expose_bytes());
            assert_eq!(second.certificate.as_ref(), Some(&leaf));
            assert_eq!(second.name.as_deref(), Some("签章𠮷"));
            let [authority, own] = &contents.certificates[..] else { panic!("{contents:?}") };
            assert_eq!((&authority.certificate, &own.certificate), (&root, &leaf));
            assert_eq!((&authority.local_key_id, &own.local_key_id), (&None, &second.local_key_id));
            assert_eq!(contents.crls[0].der(), crl.der());
            assert!(contents.others.is_empty());
            let wrong = open(&file, "口".as_bytes(), Legacy::Refused).err().unwrap();
            assert_eq!(wrong.code(), Code::WrongPassword, "{protection:?}");
        }
    }
    let stranger = Writer::new().key(&signing, Some(&root), None).err().unwrap();
    assert_eq!(stranger.code(), Code::KeyMismatch);
    let gbk = Writer::new().write(&[0xbf, 0xda], &Protection::SM4_SM3).err().unwrap();
    assert_eq!(gbk.code(), Code::BadUtf8);
}

/// Every byte of a file is under the MAC, or is the MAC, or a header around them.
#[test]
fn no_byte_of_a_file_can_be_changed() {
    let key = PrivateKey::generate().unwrap();
    let mut writer = Writer::new();
    writer.key(&key, None, Some("a")).unwrap();
    let file = writer.write(b"password", &quick(Protection::SM4_SHA256)).unwrap();
    for at in (0..file.len()).step_by(7) {
        let mut changed = file.clone();
        changed[at] ^= 0x10;
        assert!(open(&changed, b"password", Legacy::Allowed).is_err(), "byte {at}");
        assert!(open(&file[..at], b"password", Legacy::Allowed).is_err(), "cut at {at}");
    }
}

/// A file without MAC whose AuthenticatedSafe has these parts.
fn file_of(parts: &[u8]) -> Vec<u8> {
    let safe = tlv::wrap(tag::OCTET_STRING, &[&tlv::sequence(&[parts])]);
    tlv::sequence(&[&[2, 1, 3], &write::content_info(write::DATA, &safe).unwrap()])
}

/// A part that holds these bags, not encrypted.
fn part_of(bags: &[u8]) -> Vec<u8> {
    let safe = tlv::wrap(tag::OCTET_STRING, &[&tlv::sequence(&[bags])]);
    write::content_info(write::DATA, &safe).unwrap()
}

const KIND: &str = "1.2.840.113549.1.12.10.1.";

fn bag_of(kind: u8, value: &[u8]) -> Vec<u8> {
    write::bag(&format!("{KIND}{kind}"), value, None, None).unwrap()
}

#[track_caller]
fn limit(bytes: &[u8]) -> Option<&'static str> {
    match open(bytes, b"", Legacy::Refused) {
        Ok(_) => None,
        Err(error) => {
            assert_eq!(error.code(), Code::LimitReached, "{error}");
            error.field_name()
        }
    }
}

#[test]
fn sizes_and_counts_are_bounded() {
    let secret = bag_of(5, &write::content_info(write::DATA, &[5, 0]).unwrap());
    let most = limits::PKCS12_BAGS_MAX;
    let bags = |count| file_of(&part_of(&secret.repeat(count)));
    let full = open(&bags(most), b"", Legacy::Refused).unwrap();
    assert_eq!((full.others.len(), full.others[0].kind), (most, OtherKind::Secret));
    assert_eq!(limit(&bags(most + 1)), Some("PKCS12_BAGS_MAX"));
    let parts = |count| file_of(&part_of(&[]).repeat(count));
    assert_eq!(limit(&parts(most)), None);
    assert_eq!(limit(&parts(most + 1)), Some("PKCS12_BAGS_MAX"));
    let attribute = tlv::sequence(&[&[6, 1, 42], &[0x31, 0]]);
    let described = |count| {
        let set = tlv::wrap(tag::SET, &[&attribute.repeat(count)]);
        let kind = write::identifier(&format!("{KIND}9")).unwrap();
        file_of(&part_of(&tlv::sequence(&[&kind, &[0xa0, 2, 5, 0], &set])))
    };
    assert_eq!(limit(&described(most)), None);
    assert_eq!(limit(&described(most + 1)), Some("PKCS12_BAGS_MAX"));
    let nested = |depth| {
        let inner =
            (0..depth).fold(secret.clone(), |inner, _| bag_of(6, &tlv::sequence(&[&inner])));
        file_of(&part_of(&inner))
    };
    assert_eq!(limit(&nested(limits::PKCS12_DEPTH_MAX)), None);
    assert_eq!(limit(&nested(limits::PKCS12_DEPTH_MAX + 1)), Some("PKCS12_DEPTH_MAX"));
    // The size: one bag that fills the file to its last byte.
    let sized = |size: usize| {
        let filling = |length| bag_of(9, &tlv::wrap(tag::OCTET_STRING, &[&vec![0; length]]));
        let around = file_of(&part_of(&filling(1 << 20))).len() - (1 << 20);
        let file = file_of(&part_of(&filling(size - around)));
        assert_eq!(file.len(), size);
        file
    };
    assert_eq!(limit(&sized(limits::PKCS12_BYTES_MAX)), None);
    assert_eq!(limit(&sized(limits::PKCS12_BYTES_MAX + 1)), Some("PKCS12_BYTES_MAX"));
    assert!(!is_pkcs12(&sized(limits::PKCS12_BYTES_MAX + 1)));
}

#[test]
fn writers_stay_within_what_is_read() {
    let key = PrivateKey::generate().unwrap();
    let mut writer = Writer::new();
    // Two derivations beside those of the keys, of 100000 iterations each.
    for _ in 0..79 {
        writer.key(&key, None, None).unwrap();
    }
    let error = writer.write(b"password", &Protection::SM4_SM3).unwrap_err();
    assert_eq!(error.field_name(), Some("PKCS12_ITERATIONS_MAX"));
    for _ in 79..=limits::PKCS12_BAGS_MAX {
        writer.key(&key, None, None).unwrap();
    }
    let error = writer.write(b"password", &quick(Protection::SM4_SM3)).unwrap_err();
    assert_eq!(error.field_name(), Some("PKCS12_BAGS_MAX"));
}

#[test]
fn malformed_files_are_refused() {
    let error = |bytes: &[u8]| open(bytes, b"", Legacy::Allowed).err().unwrap();
    let code = |bytes: &[u8]| error(bytes).code();
    let good = file_of(&part_of(&[]));
    assert!(is_pkcs12(&good) && open(&good, b"", Legacy::Refused).is_ok());
    assert_eq!(code(&[]), Code::BadPkcs12);
    assert_eq!(code(&[&good[..], &[0]].concat()), Code::BadPkcs12);
    let version_4 = [&good[..4], &[4], &good[5..]].concat();
    assert_eq!((code(&version_4), error(&version_4).offset()), (Code::BadPkcs12, Some(2)));
    assert!(!is_pkcs12(&version_4));
    // Signed instead of under a password.
    let signed = write::content_info("1.2.840.113549.1.7.2", &[0x30, 0]).unwrap();
    assert_eq!(code(&tlv::sequence(&[&[2, 1, 3], &signed])), Code::UnsupportedAlgorithm);
    // A key bag that holds none; a certificate bag whose certificate is none.
    assert_eq!(code(&file_of(&part_of(&bag_of(1, &[5, 0])))), Code::BadPkcs12);
    let none = write::content_info(write::X509_CERTIFICATE, &[4, 2, 5, 0]).unwrap();
    let contents = open(&file_of(&part_of(&bag_of(3, &none))), b"", Legacy::Refused).unwrap();
    assert_eq!(contents.others[0].kind, OtherKind::Certificate);
    assert_eq!(contents.others[0].reason.code(), Code::BadCertificate);
}

#[test]
fn iterations_of_the_mac_are_bounded() {
    let content = tlv::sequence(&[]);
    let safe = tlv::wrap(tag::OCTET_STRING, &[&content]);
    let safe = write::content_info(write::DATA, &safe).unwrap();
    let file = |iterations: i64| {
        let info = tlv::sequence(&[
            &tlv::sequence(&[&write::identifier("1.2.156.10197.1.401").unwrap(), &[5, 0]]),
            &tlv::wrap(tag::OCTET_STRING, &[&[0; 32]]),
        ]);
        let iterations = der::Encode::to_der(&iterations).unwrap();
        let mac = tlv::sequence(&[&info, &[4, 1, 7], &iterations]);
        tlv::sequence(&[&[2, 1, 3], &safe, &mac])
    };
    let error = |iterations| open(&file(iterations), b"x", Legacy::Refused).err().unwrap();
    assert_eq!(error(1).code(), Code::WrongPassword);
    for bad in [0, -1, 1 << 40] {
        assert_eq!(error(bad).code(), Code::BadPkcs12, "{bad}");
    }
    let over = error(i64::from(limits::PBKDF2_ITERATIONS_MAX) + 1);
    assert_eq!(over.field_name(), Some("PBKDF2_ITERATIONS_MAX"));
}

/// With a key of one byte, 256 MACs are tried and one is right, whatever the password.
#[test]
fn keys_of_pbmac1_are_not_to_be_guessed() {
    let safe = tlv::wrap(tag::OCTET_STRING, &[&tlv::sequence(&[])]);
    let safe = write::content_info(write::DATA, &safe).unwrap();
    let identifier = |dotted| write::identifier(dotted).unwrap();
    let file = |key_length: u16| {
        let hmac = tlv::sequence(&[&identifier("1.2.156.10197.1.401.2")]);
        let length = der::Encode::to_der(&key_length).unwrap();
        let parameters = tlv::sequence(&[&[4, 1, 7], &[2, 1, 1], &length, &hmac]);
        let pbkdf2 = tlv::sequence(&[&identifier("1.2.840.113549.1.5.12"), &parameters]);
        let pbmac1 = tlv::sequence(&[&pbkdf2, &hmac]);
        let algorithm = tlv::sequence(&[&identifier("1.2.840.113549.1.5.14"), &pbmac1]);
        let info = tlv::sequence(&[&algorithm, &tlv::wrap(tag::OCTET_STRING, &[&[0; 32]])]);
        let mac = tlv::sequence(&[&info, &[4, 1, 7], &[2, 1, 1]]);
        tlv::sequence(&[&[2, 1, 3], &safe, &mac])
    };
    for (length, field) in [
        (1, "keyLength"),
        (19, "keyLength"),
        (20, "macData"),
        (32, "macData"),
        (256, "macData"),
        (257, "keyLength"),
    ] {
        let error = open(&file(length), b"x", Legacy::Refused).err().unwrap();
        assert_eq!(error.field_name(), Some(field), "{length}");
    }
}
