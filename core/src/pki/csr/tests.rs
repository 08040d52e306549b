use super::*;
use crate::{
    pki::{
        tlv::{sequence, tag, wrap},
        x509::{KeyUsage, issue::Subject},
    },
    primitives::{
        sm2::{DistId, PrivateKey, hazmat},
        sm3,
    },
    report::{Outcome, Rejected},
};

fn key(number: u8) -> PrivateKey {
    PrivateKey::from_bytes(&[number; 32]).unwrap()
}

fn subject(name: &str) -> Subject {
    Subject { country: "CN".into(), common_name: name.into(), ..Subject::default() }
}

fn outcome(rejected: &Rejected, id: &str) -> Outcome {
    rejected.report.checks.iter().find(|check| check.id == id).unwrap().outcome
}

/// A request with any parts: what stands after the key, and how `info` is signed.
fn forge(version: u8, attributes: &[u8], sign: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let info = sequence(&[
        &[tag::INTEGER, 1, version],
        &subject("a").to_der().unwrap(),
        &keys::public_key_to_spki(key(1).public()).unwrap(),
        attributes,
    ]);
    let algorithm = [0x30, 10, 6, 8, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x83, 0x75];
    sequence(&[&info, &algorithm, &wrap(tag::BIT_STRING, &[&[0], &sign(&info)])])
}

fn sm2(info: &[u8]) -> Vec<u8> {
    key(1).sign(info, &DistId::DEFAULT).unwrap().to_der()
}

const NO_ATTRIBUTES: &[u8] = &[0xa0, 0];

#[test]
fn published_requests() {
    let Some(cases) = yinxin_vectors::load_shared("x509/csrs.json") else { return };
    for case in cases {
        let der = Base64::decode_vec(case.text("der_b64")).unwrap();
        let request = Csr::parse(&der).unwrap();
        assert_eq!(request.der(), der);
        let checks = case.get("checks").unwrap();
        let text = |field: &str| checks.get(field).unwrap().as_str().unwrap();
        assert_eq!(request.signature_algorithm_oid(), text("sig_alg_oid"), "{case}");
        let mut shown: Vec<_> = text("subject")
            .replace("1.2.840.113549.1.9.1=", "emailAddress=")
            .split(", ")
            .map(str::to_owned)
            .collect();
        shown.reverse();
        assert_eq!(request.subject().to_string(), shown.join(","), "{case}");
        assert_eq!(text("self_signature"), "valid");
        match text("signature_scheme") {
            "id=1234567812345678" => {
                let verified = request.verify().unwrap();
                assert_eq!(verified.value(), &request);
                assert!(request.verify_with_id(&DistId::new(b"other").unwrap()).is_err());
            }
            // Without Z is no SM2 signature of a message: refused, and the reason told.
            "no-Z (e=SM3(tbs))" => {
                let (signature, _) = request.signature().unwrap();
                let digest = sm3::hash(request.info());
                let key = request.public_key().unwrap();
                hazmat::verify_digest(key, &digest, &signature).unwrap();
                let rejected = request.verify().unwrap_err();
                let failed = rejected.report.checks.iter().find(|c| c.id == "csr.signature");
                let failed = failed.unwrap();
                assert_eq!(failed.outcome, Outcome::Failed);
                assert!(failed.evidence["deviation"].contains("without Z"), "{failed:?}");
            }
            other => panic!("{case}: {other}"),
        }
    }
}

#[test]
fn requests_of_openssl_and_gmsm() {
    for case in yinxin_vectors::load("x509/requests.json") {
        // As a registration system passes it on, with line breaks.
        let text = case.text("der_b64");
        let (first, rest) = text.split_at(64);
        let request = Csr::load(format!("{first}\r\n{rest}\n").as_bytes()).unwrap();
        assert_eq!(request, Csr::load(text.as_bytes()).unwrap());
        assert_eq!(request, Csr::load(request.to_pem().as_bytes()).unwrap());
        assert_eq!(request.subject().to_string(), case.text("subject_text"), "{case}");
        let id = case.text("dist_id_text");
        request.verify_with_id(&DistId::new(id.as_bytes()).unwrap()).unwrap();
        let verdict = request.verify();
        assert_eq!(verdict.is_ok(), id.as_bytes() == DistId::DEFAULT.as_bytes(), "{case}");
        if let Err(rejected) = verdict {
            let check = rejected.report.checks.iter().find(|check| check.id == "csr.signature");
            let deviation = check.unwrap().evidence.get("deviation").map(String::as_str);
            let expected = case.get("deviation_text").and_then(|text| text.as_str());
            assert_eq!(deviation, expected, "{case}");
        }
        let texts = |field: &str| -> Vec<String> {
            let list = case.get(field).and_then(|list| list.as_array()).cloned();
            let list = list.unwrap_or_default();
            list.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
        };
        let extensions: Vec<_> =
            request.requested_extensions().iter().map(|one| one.oid.to_string()).collect();
        assert_eq!(extensions, texts("extensions_text"), "{case}");
        let password = case.get("password_text").and_then(|text| text.as_str());
        assert_eq!(request.challenge_password().as_deref(), password, "{case}");
        if case.get("attributes_text").is_some() {
            let found: Vec<_> =
                request.attributes().iter().map(|one| one.oid.to_string()).collect();
            assert_eq!(found, texts("attributes_text"), "{case}");
        }
        let exchange = request.exchange_key().unwrap();
        assert_eq!(exchange.is_some(), case.get("exchange_key").is_some(), "{case}");
        if let Some(exchange) = exchange {
            assert_eq!(exchange.to_sec1()[1..], case.bytes("exchange_key"), "{case}");
        }
    }
}

#[test]
fn made_and_read_again() {
    let usage = Extension {
        oid: "2.5.29.15".into(),
        critical: true,
        value: KeyUsage::DIGITAL_SIGNATURE.to_der().into(),
    };
    let subject = subject("请求");
    let builder = Builder::new(&subject).extension(usage.clone()).challenge_password("口令 1");
    let request = builder.sign(&key(1)).unwrap();
    let verified = request.verify().unwrap();
    assert!(verified.report().checks.iter().all(|check| check.outcome == Outcome::Passed));
    let request = verified.into_value();
    assert_eq!(request.public_key().unwrap(), key(1).public());
    assert_eq!(request.requested_extensions(), [usage]);
    assert_eq!(request.challenge_password().as_deref(), Some("口令 1"));
    assert!(request.attributes().iter().all(|attribute| attribute.in_set));
    assert_eq!(request.exchange_key(), Ok(None));
    assert_eq!(format!("{request:?}"), "Csr(CN=请求,C=CN, 2 attributes)");
    // One bit changed anywhere in what is signed is noticed, if it can be read at all.
    for index in 0..request.info().len() {
        let mut der = request.der().to_vec();
        der[4 + index] ^= 1;
        if let Ok(changed) = Csr::parse(&der) {
            assert!(changed.verify().is_err(), "{index}");
        }
    }
}

#[test]
fn for_two_certificates_of_cfca() {
    let (holder, exchange) = (key(1), key(2));
    let subject = subject("双证书");
    let request = Builder::new(&subject).cfca_exchange_key(exchange.public()).sign(&holder);
    let request = request.unwrap().verify().unwrap();
    let check = request.report().checks.iter().find(|check| check.id == "csr.attributes");
    assert!(check.unwrap().text.en.contains("CFCA"));
    let request = request.into_value();
    assert_eq!(request.challenge_password().as_deref(), Some("111111"));
    assert_eq!(request.exchange_key(), Ok(Some(exchange.public().clone())));
    // A point off the curve: the request stands, its exchange key does not.
    let attribute = request.attribute(EXCHANGE_KEY).unwrap();
    let mut value = attribute.values[0].to_vec();
    let last = value.len() - 33;
    value[last] ^= 1;
    let damaged = Attribute { values: Box::new([value.into()]), ..attribute.clone() };
    assert_eq!(cfca::exchange_key(&damaged).unwrap_err().code(), Code::BadPublicKey);
    // Header, length, padding and structure are looked at.
    let good = &attribute.values[0];
    for index in [0, 2, 4, 7, 10, 12, 53, good.len() - 1] {
        let mut value = good.to_vec();
        value[index] ^= 0x40;
        let damaged = Attribute { values: Box::new([value.into()]), ..attribute.clone() };
        let error = cfca::exchange_key(&damaged).err();
        assert_eq!(error.map(|error| error.code()), Some(Code::BadCsr), "{index}");
    }
}

#[test]
fn the_key_that_cfca_returns() {
    let (returned, exchange) = (key(3), key(2));
    let text = return_key(&returned, exchange.public()).unwrap();
    let (front, digits) = text.split_at(80);
    assert_eq!(front, &format!("{}0000000000000268", &front[..64]));
    let opened = open_returned_key(text.as_bytes(), &exchange).unwrap();
    assert_eq!(opened.expose_bytes(), returned.expose_bytes());
    let divided = digits.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap());
    let divided = divided.collect::<Vec<_>>().join(",");
    let opened = open_returned_key(divided.as_bytes(), &exchange).unwrap();
    assert_eq!(opened.expose_bytes(), returned.expose_bytes());
    let error = |text: &str, key| open_returned_key(text.as_bytes(), &key).unwrap_err().code();
    assert_eq!(error(&text, key(4)), Code::BadCiphertext);
    assert_eq!(error(&text[..text.len() - 1], key(2)), Code::BadKey);
    assert_eq!(error(&text.replace("0268", "0267"), key(2)), Code::BadKey);
    assert_eq!(error("", key(2)), Code::BadKey);
    assert_eq!(error(&"A".repeat(1025), key(2)), Code::BadKey);
}

#[test]
fn tolerated_and_told() {
    let remark = |der: &[u8], id: &str| {
        let verified = Csr::parse(der).unwrap().verify().unwrap();
        let check = verified.report().checks.iter().find(|check| check.id == id).unwrap().clone();
        (check.outcome, check.level)
    };
    let warning = (Outcome::Failed, crate::report::Level::Warning);
    assert_eq!(remark(&forge(0, &[], sm2), "csr.attributes"), warning);
    assert_eq!(remark(&forge(2, NO_ATTRIBUTES, sm2), "csr.version"), warning);
    let raw = |info: &[u8]| key(1).sign(info, &DistId::DEFAULT).unwrap().to_bytes().to_vec();
    assert_eq!(remark(&forge(0, NO_ATTRIBUTES, raw), "csr.signature_encoding"), warning);
    let password = sequence(&[
        &wrap(tag::OID, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 7]]),
        &wrap(tag::SET, &[&[0x1e, 2, 0x53, 0x70]]),
    ]);
    let twice = forge(0, &wrap(tag::CONTEXT_0, &[&password, &password]), sm2);
    assert_eq!(remark(&twice, "csr.attributes"), warning);
    assert_eq!(Csr::parse(&twice).unwrap().challenge_password().as_deref(), Some("印"));
}

#[test]
fn refused_with_the_reason() {
    let rejected = |der: &[u8]| Csr::parse(der).unwrap().verify().unwrap_err();
    let other = |info: &[u8]| key(2).sign(info, &DistId::DEFAULT).unwrap().to_der();
    let stranger = rejected(&forge(0, NO_ATTRIBUTES, other));
    assert_eq!(outcome(&stranger, "csr.signature"), Outcome::Failed);
    let zero = rejected(&forge(0, NO_ATTRIBUTES, |_| vec![0; 64]));
    assert_eq!(outcome(&zero, "csr.signature"), Outcome::Failed);
    // Another algorithm: not certain, and nothing verified.
    let mut der = forge(0, NO_ATTRIBUTES, sm2);
    let at = der.windows(2).rposition(|pair| pair == [0x83, 0x75]).unwrap();
    der[at + 1] ^= 1;
    let unknown = rejected(&der);
    assert_eq!(outcome(&unknown, "csr.algorithm"), Outcome::Indeterminate);
    assert_eq!(outcome(&unknown, "csr.signature"), Outcome::Skipped);
    // A key off the curve.
    let mut der = forge(0, NO_ATTRIBUTES, sm2);
    let point = key(1).public().to_sec1();
    let at = der.windows(65).position(|bytes| bytes == point).unwrap();
    der[at + 64] ^= 1;
    assert_eq!(outcome(&rejected(&der), "csr.public_key"), Outcome::Failed);
}

#[test]
fn malformed_and_too_large() {
    let good = forge(0, NO_ATTRIBUTES, sm2);
    for length in 0..good.len() {
        assert_eq!(Csr::parse(&good[..length]).unwrap_err().code(), Code::BadCsr, "{length}");
    }
    assert_eq!(Csr::parse(&[&good[..], &[0]].concat()).unwrap_err().code(), Code::BadCsr);
    let load = |bytes: &[u8]| Csr::load(bytes).unwrap_err().code();
    assert_eq!(load(b"MIIB"), Code::BadCsr);
    assert_eq!(load(b"MIIB!"), Code::BadCsr);
    assert_eq!(load(b"MIIBA"), Code::BadBase64);
    assert_eq!(load(b"-----BEGIN X-----\nAAAA\n-----END X-----"), Code::BadPem);
    assert_eq!(load(&vec![b'M'; 2 * limits::CSR_BYTES_MAX + 1]), Code::LimitReached);
    let limit = |der: &[u8]| Csr::parse(der).err().and_then(|error| error.field_name());
    assert_eq!(limit(&vec![0; limits::CSR_BYTES_MAX]), Some("CertificationRequest"));
    assert_eq!(limit(&vec![0; limits::CSR_BYTES_MAX + 1]), Some("CSR_BYTES_MAX"));
    let attribute = sequence(&[&[6, 1, 0x2a], &wrap(tag::SET, &[&[5, 0]])]);
    let many = |count| forge(0, &wrap(tag::CONTEXT_0, &[&attribute.repeat(count)]), sm2);
    assert_eq!(limit(&many(limits::CSR_ATTRIBUTES_MAX)), None);
    assert_eq!(limit(&many(limits::CSR_ATTRIBUTES_MAX + 1)), Some("CSR_ATTRIBUTES_MAX"));
    let values = |count| {
        let values = wrap(tag::SET, &[&[5, 0].repeat(count)]);
        forge(0, &wrap(tag::CONTEXT_0, &[&sequence(&[&[6, 1, 0x2a], &values])]), sm2)
    };
    assert_eq!(limit(&values(limits::CSR_ATTRIBUTES_MAX)), None);
    assert_eq!(limit(&values(limits::CSR_ATTRIBUTES_MAX + 1)), Some("CSR_ATTRIBUTES_MAX"));
    let extensions = |count| {
        let extension = sequence(&[&[6, 1, 0x2a], &[4, 0]]);
        let value = wrap(tag::SET, &[&sequence(&[&extension.repeat(count)])]);
        let oid = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14];
        forge(0, &wrap(tag::CONTEXT_0, &[&sequence(&[&oid, &value])]), sm2)
    };
    assert_eq!(limit(&extensions(limits::CERTIFICATE_EXTENSIONS_MAX)), None);
    let over = extensions(limits::CERTIFICATE_EXTENSIONS_MAX + 1);
    assert_eq!(limit(&over), Some("CERTIFICATE_EXTENSIONS_MAX"));
    let extension = Extension { oid: "1.2".into(), critical: false, value: Box::default() };
    let named = subject("a");
    let ask = |count: usize| {
        let all = (0..count).fold(Builder::new(&named), |b, _| b.extension(extension.clone()));
        all.sign(&key(1)).err().and_then(|error| error.field_name())
    };
    assert_eq!(ask(limits::CERTIFICATE_EXTENSIONS_MAX), None);
    assert_eq!(ask(limits::CERTIFICATE_EXTENSIONS_MAX + 1), Some("CERTIFICATE_EXTENSIONS_MAX"));
}

#[test]
fn what_cannot_be_asked_for() {
    let field = |builder: Builder<'_>| {
        let error = builder.sign(&key(1)).unwrap_err();
        assert_eq!(error.code(), Code::BadArgument);
        error.field_name().unwrap()
    };
    let good = subject("a");
    assert_eq!(field(Builder::new(&Subject::default())), "common_name");
    assert_eq!(field(Builder::new(&good).challenge_password("")), "challenge_password");
    assert_eq!(field(Builder::new(&good).challenge_password("a\n")), "challenge_password");
    let long = "长".repeat(256);
    assert_eq!(field(Builder::new(&good).challenge_password(&long)), "challenge_password");
    let extension = Extension { oid: "x".into(), critical: false, value: Box::default() };
    assert_eq!(field(Builder::new(&good).extension(extension)), "oid");
}
