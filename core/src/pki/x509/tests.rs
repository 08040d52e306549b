//! Certificates of other implementations, our own, and damaged ones.

use std::collections::BTreeMap;

use proptest::prelude::*;
use yinxin_vectors::{Case, load, load_shared};

use super::{
    forge::{Forge, at, key, under_2_5_29},
    issue::{CertificateRequest, Profile, Subject, issue},
    *,
};
use crate::{
    limits,
    pki::{
        crl::Crl,
        tlv::{sequence, tag, wrap},
    },
    report::Indication,
};

fn check<'a>(case: &'a Case, name: &str) -> &'a serde_json::Value {
    &case.get("checks").unwrap()[name]
}

fn text<'a>(case: &'a Case, name: &str) -> &'a str {
    check(case, name).as_str().unwrap_or_default()
}

/// The name as the vectors write it: in its encoded order, types without a short name dotted.
fn in_order(name: &Name) -> String {
    let label = |attribute: &Attribute| match attribute.label() {
        label @ ("C" | "O" | "OU" | "CN" | "ST" | "L") => label.to_owned(),
        _ => attribute.oid.to_string(),
    };
    let part = |attribute: &Attribute| {
        format!("{}={}", label(attribute), attribute.text.as_deref().unwrap_or("?"))
    };
    name.attributes().iter().map(part).collect::<Vec<_>>().join(", ")
}

/// A time as the vectors write it: UTCTime or, from 2050, GeneralizedTime.
fn assert_time(time: UnixTime, expected: &str, case: &Case) {
    let digits: String = time.to_string().chars().filter(char::is_ascii_digit).collect();
    let digits = &digits[digits.len() + 1 - expected.len()..];
    assert_eq!(format!("{digits}Z"), expected, "{case}");
}

#[test]
fn certificates_of_others() {
    let files = ["x509/certs.json", "x509/rootca_gov_cn.json"];
    let cases: Vec<_> = files.iter().filter_map(|file| load_shared(file)).flatten().collect();
    let ders: BTreeMap<_, _> =
        cases.iter().map(|case| (case.id(), case.bytes("der_b64"))).collect();
    let mut verified = 0;
    for case in &cases {
        let der = case.bytes("der_b64");
        let certificate = Certificate::parse(&der).unwrap_or_else(|e| panic!("{case}: {e}"));
        assert_eq!(certificate.der(), der, "{case}");
        compare(case, &certificate);
        let signer = match text(case, "signed_by") {
            "" => continue,
            "self" => &der,
            id => match ders.get(id) {
                Some(der) => der,
                None => continue, // named in the vectors' notes: some issuers are kept elsewhere
            },
        };
        let signer = Certificate::parse(signer).unwrap();
        verify(case, &certificate, &signer);
        verified += 1;
    }
    assert!(verified >= 100 || cases.is_empty(), "{verified}");
}

fn compare(case: &Case, certificate: &Certificate) {
    assert_eq!(in_order(certificate.subject()), text(case, "subject"), "{case}");
    assert_eq!(in_order(certificate.issuer()), text(case, "issuer"), "{case}");
    assert_eq!(certificate.serial_hex(), text(case, "serial_hex"), "{case}");
    assert_time(certificate.not_before(), text(case, "not_before"), case);
    assert_time(certificate.not_after(), text(case, "not_after"), case);
    assert_eq!(certificate.signature_algorithm_oid(), text(case, "sig_alg_oid"), "{case}");
    assert!(certificate.algorithms_agree(), "{case}");
    let usage = yinxin_vectors::hex(text(case, "key_usage_bits_der")).unwrap();
    let usage = match &usage[..] {
        [] => None,
        content => KeyUsage::from_der(&wrap(tag::BIT_STRING, &[content])),
    };
    assert_eq!(certificate.key_usage(), usage, "{case}");
    let ca = certificate.basic_constraints().map(|constraints| constraints.ca);
    assert_eq!(ca, check(case, "ca").as_bool(), "{case}");
    let extensions: Vec<_> = certificate
        .extensions()
        .iter()
        .map(|e| format!("{}{}", e.oid, if e.critical { " critical" } else { "" }))
        .collect();
    assert_eq!(extensions, *check(case, "extensions").as_array().unwrap(), "{case}");
    let sm2 = check(case, "pubkey_on_sm2_curve").as_bool();
    match (sm2, certificate.public_key()) {
        (Some(true), Ok(_)) => {}
        (None, Err(error)) if error.code() == Code::UnsupportedAlgorithm => {}
        (expected, got) => panic!("{case}: {expected:?} {got:?}"),
    }
}

fn verify(case: &Case, certificate: &Certificate, signer: &Certificate) {
    let key = signer.public_key().unwrap();
    let default = certificate.verify_signature(key);
    let with = |id: &[u8]| certificate.verify_signature_with_id(key, &DistId::new(id).unwrap());
    match text(case, "signature_scheme") {
        "id=1234567812345678" => {
            assert_eq!(default, Ok(()), "{case}");
            assert!(with(b"").is_err() && with(b"1234567812345677").is_err(), "{case}");
            return;
        }
        "id=(empty)" => assert_eq!(with(b""), Ok(()), "{case}"),
        "id=custom-id" => assert_eq!(with(b"custom-id"), Ok(()), "{case}"),
        // Signed without the identifier, or with SHA-256: schemes that no standard has.
        "no-Z (e=SM3(tbs))" | "sha256 with SM3 Z" => assert!(with(b"").is_err(), "{case}"),
        other => panic!("{case}: {other}"),
    }
    assert!(default.is_err(), "{case}");
}

#[test]
fn a_signature_that_verifies_under_nobody() {
    let cases = load_shared("x509/certs.json").unwrap_or_default();
    let ders: BTreeMap<_, _> =
        cases.iter().map(|case| (case.id(), case.bytes("der_b64"))).collect();
    let mut seen = 0;
    for case in cases.iter().filter(|case| text(case, "signature").starts_with("INVALID")) {
        let certificate = Certificate::parse(&case.bytes("der_b64")).unwrap();
        for id in check(case, "tried").as_array().unwrap() {
            let tried = Certificate::parse(&ders[id.as_str().unwrap()]).unwrap();
            assert!(certificate.verify_signature(tried.public_key().unwrap()).is_err(), "{case}");
            seen += 1;
        }
    }
    assert!(seen == 1 || cases.is_empty());
}

#[test]
fn the_national_authorities_lead_to_their_roots() {
    let cases = load_shared("x509/rootca_gov_cn.json").unwrap_or_default();
    let all: Vec<_> =
        cases.iter().map(|case| Certificate::parse(&case.bytes("der_b64")).unwrap()).collect();
    let roots: Vec<_> = all.iter().filter(|c| c.is_self_issued()).cloned().collect();
    assert!(roots.len() == 3 || cases.is_empty());
    let trust = TrustStore::new(roots);
    let evidence = Evidence::new(all.clone(), Vec::new());
    let policy = PathPolicy { role: Role::Any, revocation: Revocation::NotChecked, crl_grace_s: 0 };
    for certificate in &all {
        let times = Times::both(certificate.not_before());
        let report = verify_path(certificate, &evidence, &trust, &policy, times);
        assert!(report.passed(), "{certificate:?} {report:#?}");
        assert!(report.certificates.len() <= 3);
        let late = Times::both(certificate.not_after().plus_s(1));
        let report = verify_path(certificate, &evidence, &trust, &policy, late);
        assert_eq!(report.indication, Indication::Failed, "{certificate:?}");
    }
}

#[test]
fn paths_made_by_openssl() {
    for case in load("x509/openssl_paths.json") {
        let bundle = |field: &str| match case.text(field) {
            "" => Vec::new(),
            text => Certificate::parse_pem_bundle(text.as_bytes()).unwrap(),
        };
        let lists = case.get("crls_pem").unwrap().as_array().unwrap();
        let list = |text: &serde_json::Value| {
            Crl::parse_pem_or_der(text.as_str().unwrap().as_bytes()).unwrap()
        };
        let evidence = Evidence::new(bundle("others_pem"), lists.iter().map(list).collect());
        let trust = TrustStore::new(bundle("anchors_pem"));
        let revocation = match case.get("revocation") {
            Some(_) => Revocation::Required,
            None => Revocation::NotChecked,
        };
        let role = match case.text("role") {
            "any" => Role::Any,
            "seal_signer" => Role::SealSigner,
            other => panic!("{case}: {other}"),
        };
        let policy = PathPolicy { role, revocation, crl_grace_s: 0 };
        let times = Times::both(UnixTime::parse_rfc3339(case.text("at")).unwrap());
        let leaf = &bundle("leaf_pem")[0];
        let report = verify_path(leaf, &evidence, &trust, &policy, times);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["indication"], case.text("indication"), "{case} {report:#?}");
        let sub = case.get("sub_indication").unwrap_or(&serde_json::Value::Null);
        assert_eq!(&json["sub_indication"], sub, "{case} {report:#?}");
        if case.get("openssl").is_some() && case.id() != "last-second" {
            assert_eq!(case.text("openssl") == "OK", report.passed(), "{case}");
        }
        if case.get("check").is_some() {
            let first = report.checks().find(|check| check.counts_against()).unwrap();
            assert_eq!(first.id, case.text("check"), "{case}");
        }
    }
}

/// Requests are not implemented; a reader for them belongs to an authority, not to a verifier.
#[test]
fn certification_requests_are_refused_as_certificates() {
    for case in load_shared("x509/csrs.json").unwrap_or_default() {
        let error = Certificate::parse(&case.bytes("der_b64")).unwrap_err();
        assert_eq!(error.code(), Code::BadCertificate, "{case}");
    }
}

fn request(profile: Profile, number: u16) -> CertificateRequest {
    CertificateRequest {
        subject: Subject {
            country: "CN".into(),
            province: "江苏省".into(),
            locality: "苏州市".into(),
            organisation: "11320500014150050B苏州市民政局".into(),
            organisational_unit: "印章".into(),
            common_name: format!("3205005001{number:04}"),
        },
        profile,
        public_key: key(number).public().clone(),
        not_before: at(1_700_000_000),
        not_after: at(2_600_000_000),
        serial: None,
    }
}

#[test]
fn what_is_issued_is_read_and_passes_for_its_role() {
    let root = issue(&request(Profile::Root, 0), None, &key(0)).unwrap();
    let ca = request(Profile::IssuingCa { path_length: 0 }, 1);
    let ca = issue(&ca, Some(&root), &key(0)).unwrap();
    assert_eq!(usage_of(&root), "keyCertSign, cRLSign");
    assert_eq!(ca.issuer(), root.subject());
    assert_eq!(ca.authority_key_id(), root.subject_key_id());
    assert_eq!(root.authority_key_id(), root.subject_key_id());
    assert_eq!(ca.basic_constraints().unwrap().path_length, Some(0));
    let trust = TrustStore::new(vec![root.clone()]);
    let evidence = Evidence::new(vec![ca.clone()], Vec::new());
    for (profile, role, usage, passes) in [
        (Profile::SealMaker, Role::SealMaker, "digitalSignature, nonRepudiation", true),
        (Profile::Signer, Role::SealSigner, "digitalSignature, nonRepudiation", true),
        (
            Profile::Encryption,
            Role::SealSigner,
            "keyEncipherment, dataEncipherment, keyAgreement",
            false,
        ),
    ] {
        let leaf = issue(&request(profile, 2), Some(&ca), &key(1)).unwrap();
        assert_eq!(usage_of(&leaf), usage);
        assert_eq!((leaf.version(), leaf.serial().len()), (3, 16));
        assert_eq!(leaf.public_key().unwrap(), key(2).public());
        let again = Certificate::parse_pem_or_der(leaf.to_pem().as_bytes()).unwrap();
        assert_eq!(again, leaf);
        let subject = leaf.subject();
        assert_eq!(subject.organisation(), Some("11320500014150050B苏州市民政局"));
        assert_eq!(subject.attributes()[0].tag, 19, "the country is a PrintableString");
        let policy = PathPolicy { role, revocation: Revocation::NotChecked, crl_grace_s: 0 };
        let times = Times::both(at(2_600_000_000));
        let report = verify_path(&leaf, &evidence, &trust, &policy, times);
        assert_eq!(report.passed(), passes, "{report:#?}");
    }
}

fn usage_of(certificate: &Certificate) -> String {
    certificate.key_usage().unwrap().to_string()
}

#[test]
fn what_cannot_be_issued_is_refused() {
    let root = issue(&request(Profile::Root, 0), None, &key(0)).unwrap();
    let refused = |change: fn(&mut CertificateRequest)| {
        let mut request = request(Profile::Signer, 2);
        change(&mut request);
        issue(&request, Some(&root), &key(0)).err().map(|e| (e.code(), e.field_name()))
    };
    assert_eq!(refused(|_| {}), None);
    let argument = |field| Some((Code::BadArgument, Some(field)));
    assert_eq!(refused(|r| r.not_after = at(0)), argument("not_after"));
    assert_eq!(refused(|r| r.profile = Profile::Root), argument("profile"));
    assert_eq!(refused(|r| r.subject.common_name.clear()), argument("common_name"));
    assert_eq!(refused(|r| r.subject.common_name = "a\0".into()), argument("common_name"));
    assert_eq!(refused(|r| r.subject.locality = "字".repeat(65)), argument("locality"));
    assert_eq!(refused(|r| r.subject.locality = "字".repeat(64)), None);
    assert_eq!(refused(|r| r.subject.country = "cn".into()), argument("country"));
    assert_eq!(refused(|r| r.serial = Some(vec![])), argument("serial"));
    assert_eq!(refused(|r| r.serial = Some(vec![0])), argument("serial"));
    assert_eq!(refused(|r| r.serial = Some(vec![0x7f; 20])), None);
    assert_eq!(refused(|r| r.serial = Some(vec![0x80; 20])), argument("serial"));
    assert_eq!(refused(|r| r.not_before = at(-1)), Some((Code::BadTime, Some("time"))));
    let mismatch = issue(&request(Profile::Signer, 2), Some(&root), &key(1));
    assert_eq!(mismatch.err().unwrap().code(), Code::KeyMismatch);
    let mismatch = issue(&request(Profile::Root, 2), None, &key(1));
    assert_eq!(mismatch.err().unwrap().code(), Code::KeyMismatch);
}

#[test]
fn pem_bundles() {
    let root = issue(&request(Profile::Root, 0), None, &key(0)).unwrap();
    let other = crate::pki::keys::private_key_to_pem(&key(0)).unwrap();
    let bundle = format!("{}subject=/CN=x\n{}{}", *other, root.to_pem(), root.to_pem());
    let read = Certificate::parse_pem_bundle(bundle.as_bytes()).unwrap();
    assert_eq!(read, [root.clone(), root]);
    let none = Certificate::parse_pem_bundle(other.as_bytes());
    assert_eq!(none.unwrap_err().code(), Code::BadPem);
}

#[test]
fn numbers_of_the_subject_are_found() {
    let text = wrap(tag::UTF8_STRING, &["91320500MA1".as_bytes()]);
    let oid = vec![0x2a, 0x81, 0x1c, 0xd0, 0x14, 4, 1, 4];
    for (content, value) in [
        (sequence(&[&text]), "91320500MA1"),
        (text, "91320500MA1"),
        (b"91320500MA1".to_vec(), "91320500MA1"),
        (vec![0xff, 0xfe], "fffe"),
        (vec![], ""),
    ] {
        let mut forge = Forge::signer("s", 2, "ca", 1);
        assert!(forge.sign(1).subject_numbers().is_empty());
        // Critical or not: whoever asks for the number understands it.
        forge.extensions.push((oid.clone(), Some(true), content));
        let certificate = forge.sign(1);
        assert_eq!(certificate.subject_numbers(), [("1.2.156.10260.4.1.4", value.to_owned())]);
    }
}

#[test]
fn sizes_are_bounded() {
    let error = |der: &[u8]| Certificate::parse(der).unwrap_err();
    assert_eq!(error(&vec![0; limits::CERTIFICATE_BYTES_MAX]).code(), Code::BadCertificate);
    let over = error(&vec![0; limits::CERTIFICATE_BYTES_MAX + 1]);
    assert_eq!(over.field_name(), Some("CERTIFICATE_BYTES_MAX"));
    let with = |count: usize| {
        let mut forge = Forge::signer("s", 2, "ca", 1);
        forge.extensions =
            (0..count).map(|n| (under_2_5_29(u8::try_from(n).unwrap()), None, vec![])).collect();
        Certificate::parse(&forge.sign_der(1))
    };
    assert!(with(limits::CERTIFICATE_EXTENSIONS_MAX).is_ok());
    let over = with(limits::CERTIFICATE_EXTENSIONS_MAX + 1).unwrap_err();
    assert_eq!(over.field_name(), Some("CERTIFICATE_EXTENSIONS_MAX"));
    let relative = wrap(0x31, &[&sequence(&[&[6, 3, 0x55, 4, 3], &[12, 1, b'x']])]);
    let name = |count: usize| Name::parse(&sequence(&[&relative.repeat(count)]));
    assert!(name(limits::NAME_ATTRIBUTES_MAX).is_ok());
    let over = name(limits::NAME_ATTRIBUTES_MAX + 1).unwrap_err();
    assert_eq!(over.field_name(), Some("NAME_ATTRIBUTES_MAX"));
}

#[test]
fn no_bit_of_a_certificate_can_be_changed() {
    let leaf = Forge::signer("signer", 2, "ca", 1).sign(1);
    let issuer = Forge::authority("ca", 1, "ca", 1, None).sign(1);
    let trust = TrustStore::new(vec![issuer]);
    let policy = PathPolicy { role: Role::Any, revocation: Revocation::NotChecked, crl_grace_s: 0 };
    let passes = |certificate: &Certificate| {
        let times = Times::both(at(1500));
        verify_path(certificate, &Evidence::default(), &trust, &policy, times).passed()
    };
    assert!(passes(&leaf));
    for place in 0..leaf.der().len() {
        for bit in 0..8 {
            let mut der = leaf.der().to_vec();
            der[place] ^= 1 << bit;
            let changed = Certificate::parse(&der);
            assert!(!changed.is_ok_and(|changed| passes(&changed)), "byte {place} bit {bit}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_certificates_never_panic(
        edits in prop::collection::vec((0usize..2000, any::<u8>()), 1..6),
        cut in 0usize..2000,
    ) {
        let forge = Forge::signer("签章人", 2, "ca", 1).with(37, None, vec![0x30, 3, 6, 1, 0x2a]);
        let whole = forge.sign_der(1);
        let mut der = whole.clone();
        let length = der.len();
        for (place, value) in edits {
            der[place % length] = value;
        }
        if let Ok(certificate) = Certificate::parse(&der) {
            let _ = (format!("{certificate:?}"), certificate.subject_numbers());
            let _ = (certificate.public_key().is_ok(), certificate.signature().is_ok());
        }
        prop_assert!(Certificate::parse(&whole[..cut % length]).is_err());
    }
}
