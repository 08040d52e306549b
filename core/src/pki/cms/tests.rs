use base64ct::{Base64, Encoding as _};
use proptest::prelude::*;
use yinxin_vectors::{load_shared, shared};

use super::*;
use crate::{
    Code, limits,
    pki::{
        algorithm::oid::{SM2_SIGN, SM2_WITH_SM3, SM3},
        tlv::{self, sequence, tag, wrap},
        x509::{
            Certificate,
            issue::{CertificateRequest, Profile, Subject, issue},
        },
    },
    primitives::{
        sm2::{DistId, PrivateKey},
        sm3,
    },
    report::{self, Check, Indication, Outcome, SubIndication},
};

mod enveloped;
mod signed;
mod stream;

const DATA: &[u8] = b"<Signature>the file that is signed</Signature>";

fn key_and_certificate() -> (PrivateKey, Certificate) {
    let key = PrivateKey::from_bytes(&[0x5a; 32]).unwrap();
    let request = request("signer", Profile::Root, &key, &[0x80, 1]);
    let certificate = issue(&request, None, &key).unwrap();
    (key, certificate)
}

/// For a certificate of the year 2026.
fn request(name: &str, profile: Profile, key: &PrivateKey, serial: &[u8]) -> CertificateRequest {
    CertificateRequest {
        subject: Subject { common_name: name.to_owned(), ..Subject::default() },
        profile,
        public_key: key.public().clone(),
        not_before: UnixTime::parse_rfc3339("2026-01-01T00:00:00Z").unwrap(),
        not_after: UnixTime::parse_rfc3339("2027-01-01T00:00:00Z").unwrap(),
        serial: Some(serial.to_vec()),
    }
}

fn indication(verification: &Verification) -> Indication {
    report::conclude(verification.checks.iter()).0
}

fn outcome(verification: &Verification, id: &str) -> Option<Outcome> {
    verification.checks.iter().find(|check| check.id == id).map(|check| check.outcome)
}

/// Every field that the forms found in practice vary.
struct Parts<'a> {
    family: &'a [u8],
    content_type: &'a [u8],
    content: Option<&'a [u8]>,
    attributes: Option<&'a [u8]>,
    digest_algorithm: Vec<u8>,
    signature_algorithm: Vec<u8>,
    signature: Vec<u8>,
    certificates: Vec<&'a [u8]>,
}

impl Parts<'_> {
    fn encode(&self, signer: &Certificate) -> Vec<u8> {
        let identity = sequence(&[signer.issuer().der(), &wrap(tag::INTEGER, &[signer.serial()])]);
        let version = [2, 1, 1];
        let attributes = self.attributes.map(|list| wrap(tag::CONTEXT_0, &[list]));
        let info = sequence(&[
            &version,
            &identity,
            &self.digest_algorithm,
            &attributes.unwrap_or_default(),
            &self.signature_algorithm,
            &wrap(tag::OCTET_STRING, &[&self.signature]),
        ]);
        let content =
            self.content.map(|octets| wrap(tag::CONTEXT_0, &[&wrap(tag::OCTET_STRING, &[octets])]));
        let signed_data = sequence(&[
            &version,
            &wrap(tag::SET, &[&self.digest_algorithm]),
            &sequence(&[&wrap(tag::OID, &[self.content_type]), &content.unwrap_or_default()]),
            &wrap(tag::CONTEXT_0, &self.certificates),
            &wrap(tag::SET, &[&info]),
        ]);
        sequence(&[&wrap(tag::OID, &[self.family]), &wrap(tag::CONTEXT_0, &[&signed_data])])
    }
}

fn algorithm(oid: &[u8]) -> Vec<u8> {
    sequence(&[&wrap(tag::OID, &[oid])])
}

fn attribute(oid: &[u8], value: &[u8]) -> Vec<u8> {
    sequence(&[&wrap(tag::OID, &[oid]), &wrap(tag::SET, &[value])])
}

fn parts<'a>(certificate: &'a Certificate) -> Parts<'a> {
    Parts {
        family: oid::GM_SIGNED_DATA,
        content_type: oid::GM_DATA,
        content: None,
        attributes: None,
        digest_algorithm: algorithm(SM3),
        signature_algorithm: algorithm(SM2_SIGN),
        signature: Vec::new(),
        certificates: vec![certificate.der()],
    }
}

#[test]
fn what_is_written_is_read_and_verified() {
    let (key, certificate) = key_and_certificate();
    let at = UnixTime::parse_rfc3339("2026-06-01T00:00:00Z").unwrap();
    for (written, form, time) in [
        (Written::SignedAttributes { at: Some(at) }, Form::SignedAttributes, Some(at)),
        (Written::SignedAttributes { at: None }, Form::SignedAttributes, None),
        (Written::DigestAsContent, Form::DigestAsContent, None),
    ] {
        let bytes = sign_detached(DATA, &certificate, &key, written).unwrap();
        let signed_data = SignedData::parse(&bytes).unwrap();
        assert_eq!(signed_data.certificates(), [certificate.der()]);
        assert_eq!(signed_data.raw(), bytes);
        let verification = signed_data.verify(Some(DATA), &VerifyOptions::ofd(&[]));
        assert_eq!(indication(&verification), Indication::Passed, "{:?}", verification.checks);
        // The standards' form needs no option, the deviant one does.
        let strict = signed_data.verify_detached(DATA);
        assert_eq!(indication(&strict) == Indication::Passed, !form.is_deviant());
        assert_eq!((verification.form, verification.signing_time), (Some(form), time));
        assert_eq!(verification.signer.as_ref(), Some(&certificate));

        let other = signed_data.verify(Some(b"another file"), &VerifyOptions::ofd(&[]));
        assert_eq!(outcome(&other, "cms.message_digest"), Some(Outcome::Failed));
        assert_eq!(report::conclude(other.checks.iter()).1, Some(SubIndication::HashFailure));
    }
    let stranger = PrivateKey::from_bytes(&[0x33; 32]).unwrap();
    let error = sign_detached(DATA, &certificate, &stranger, Written::DigestAsContent);
    assert_eq!(error.unwrap_err().code(), Code::KeyMismatch);
}

#[test]
fn forms_found_in_practice() {
    let (key, certificate) = key_and_certificate();
    let sign = |message: &[u8]| key.sign(message, &DistId::DEFAULT).unwrap();
    let digest = sm3::hash(DATA);
    let text = Base64::encode_string(&digest);
    let with_null = sequence(&[&wrap(tag::OID, &[SM3]), &[5, 0]]);
    // Attributes in an order that DER would not give them.
    let list = [
        attribute(oid::MESSAGE_DIGEST, &wrap(tag::OCTET_STRING, &[&digest])),
        attribute(oid::CONTENT_TYPE, &wrap(tag::OID, &[oid::GM_DATA])),
    ];
    let list = list.concat();
    let list_pkcs7 = attribute(oid::MESSAGE_DIGEST, &wrap(tag::OCTET_STRING, &[&digest]));

    let a = Parts {
        attributes: Some(&list),
        signature: sign(&wrap(tag::SET, &[&list])).to_der(),
        ..parts(&certificate)
    };
    let b = Parts {
        family: oid::PKCS7_SIGNED_DATA,
        content_type: oid::PKCS7_DATA,
        attributes: Some(&list_pkcs7),
        digest_algorithm: with_null,
        signature_algorithm: algorithm(SM2_WITH_SM3),
        signature: sign(&wrap(tag::SET, &[&list_pkcs7])).to_der(),
        ..parts(&certificate)
    };
    let c = Parts {
        content: Some(&digest),
        signature: sign(&digest).to_bytes().to_vec(),
        ..parts(&certificate)
    };
    let c_text = Parts {
        content: Some(text.as_bytes()),
        signature: sign(text.as_bytes()).to_der(),
        ..parts(&certificate)
    };
    let attached =
        Parts { content: Some(DATA), signature: sign(DATA).to_der(), ..parts(&certificate) };
    let plain = Parts { signature: sign(DATA).to_der(), ..parts(&certificate) };
    for (built, form, raw) in [
        (a, Form::SignedAttributes, false),
        (b, Form::SignedAttributes, false),
        (c, Form::DigestAsContent, true),
        (c_text, Form::DigestTextAsContent, false),
        (attached, Form::Attached, false),
        (plain, Form::Plain, false),
    ] {
        let signed_data = SignedData::parse(&built.encode(&certificate)).unwrap();
        let verification = signed_data.verify(Some(DATA), &VerifyOptions::ofd(&[]));
        assert_eq!(indication(&verification), Indication::Passed, "{:?}", verification.checks);
        assert_eq!(verification.form, Some(form));
        let strict = signed_data.verify_detached(DATA);
        let expected = if form.is_deviant() { Some(Outcome::Failed) } else { None };
        let found = outcome(&strict, "cms.message_digest");
        assert_eq!(found.filter(|found| *found == Outcome::Failed), expected);
        let named = verification.checks.iter().find(|check| check.id == "cms.signature").unwrap();
        assert_eq!(named.evidence["form"], form.name());
        let warned = outcome(&verification, "cms.signature_encoding") == Some(Outcome::Failed);
        assert_eq!(warned, raw, "{form:?}");
        assert_ne!(indication(&signed_data.verify_detached(b"another")), Indication::Passed);
    }
}

#[test]
fn what_must_not_pass() {
    let (key, certificate) = key_and_certificate();
    let sign = |message: &[u8]| key.sign(message, &DistId::DEFAULT).unwrap().to_der();
    let digest = sm3::hash(DATA);
    let list = attribute(oid::MESSAGE_DIGEST, &wrap(tag::OCTET_STRING, &[&digest]));
    let set = wrap(tag::SET, &[&list]);

    // The signed attributes of a real signature passed off as the data.
    let moved = Parts { signature: sign(&set), ..parts(&certificate) };
    let moved = SignedData::parse(&moved.encode(&certificate)).unwrap();
    assert_eq!(outcome(&moved.verify_detached(&set), "cms.signature"), Some(Outcome::Failed));

    // No certificate inside: not certain, unless it is given from elsewhere.
    let bare = Parts { signature: sign(DATA), certificates: Vec::new(), ..parts(&certificate) };
    let bare = SignedData::parse(&bare.encode(&certificate)).unwrap();
    let verification = bare.verify_detached(DATA);
    let expected = (Indication::Indeterminate, Some(SubIndication::NoSigningCertificateFound));
    assert_eq!(report::conclude(verification.checks.iter()), expected);
    let known = bare.verify_detached_with(DATA, std::slice::from_ref(&certificate));
    assert_eq!(indication(&known), Indication::Passed);

    // An algorithm that is not SM2, and SM3 with a key.
    let rsa = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
    let keyed = [SM3, &[2]].concat();
    for (signature_algorithm, digest_algorithm) in
        [(algorithm(&rsa), algorithm(SM3)), (algorithm(SM2_SIGN), algorithm(&keyed))]
    {
        let parts = Parts {
            signature: sign(DATA),
            signature_algorithm,
            digest_algorithm,
            ..parts(&certificate)
        };
        let signed_data = SignedData::parse(&parts.encode(&certificate)).unwrap();
        let verification = signed_data.verify_detached(DATA);
        assert_eq!(outcome(&verification, "cms.algorithm"), Some(Outcome::Failed));
    }

    // The signed content type differs from that of the content.
    let other_type = [list.clone(), attribute(oid::CONTENT_TYPE, &wrap(tag::OID, &[SM3]))].concat();
    let signature = sign(&wrap(tag::SET, &[&other_type]));
    let parts = Parts { attributes: Some(&other_type), signature, ..parts(&certificate) };
    let signed_data = SignedData::parse(&parts.encode(&certificate)).unwrap();
    let verification = signed_data.verify_detached(DATA);
    assert_eq!(outcome(&verification, "cms.content_type"), Some(Outcome::Failed));
}

#[test]
fn malformed_attributes_are_refused() {
    let (_, certificate) = key_and_certificate();
    let digest = attribute(oid::MESSAGE_DIGEST, &wrap(tag::OCTET_STRING, &[&[0; 32]]));
    let two_values = wrap(tag::OCTET_STRING, &[&[0; 32]]).repeat(2);
    for (list, field) in [
        (digest.repeat(2), "attribute"),
        (Vec::new(), "message-digest"),
        (attribute(oid::MESSAGE_DIGEST, &two_values), "message-digest"),
        (attribute(oid::MESSAGE_DIGEST, &[5, 0]), "message-digest"),
        ([digest.clone(), attribute(oid::SIGNING_TIME, &[5, 0])].concat(), "signing-time"),
    ] {
        let parts = Parts { attributes: Some(&list), ..parts(&certificate) };
        let error = SignedData::parse(&parts.encode(&certificate)).err().unwrap();
        assert_eq!((error.code(), error.field_name()), (Code::BadCms, Some(field)));
        assert!(error.offset().is_some());
    }
}

#[test]
fn limits_hold_at_the_edge() {
    use crate::limits::{
        CMS_ATTRIBUTES_MAX, CMS_BYTES_MAX, CMS_CERTIFICATES_MAX, EMBEDDED_CERTIFICATE_BYTES_MAX,
    };
    let (_, certificate) = key_and_certificate();
    let refused = |parts: Parts<'_>| {
        let parsed = SignedData::parse(&parts.encode(&certificate));
        parsed.err().and_then(|error| {
            assert_eq!(error.code(), Code::LimitReached);
            error.field_name()
        })
    };
    let digest = attribute(oid::MESSAGE_DIGEST, &wrap(tag::OCTET_STRING, &[&[0; 32]]));
    let other = attribute(&[0x2a, 3], &[5, 0]);
    for (count, expected) in
        [(CMS_ATTRIBUTES_MAX, None), (CMS_ATTRIBUTES_MAX + 1, Some("CMS_ATTRIBUTES_MAX"))]
    {
        let list = [digest.clone(), other.repeat(count - 1)].concat();
        assert_eq!(refused(Parts { attributes: Some(&list), ..parts(&certificate) }), expected);
    }
    for (count, expected) in
        [(CMS_CERTIFICATES_MAX, None), (CMS_CERTIFICATES_MAX + 1, Some("CMS_CERTIFICATES_MAX"))]
    {
        let certificates = vec![certificate.der(); count];
        assert_eq!(refused(Parts { certificates, ..parts(&certificate) }), expected);
    }
    for (length, expected) in [
        (EMBEDDED_CERTIFICATE_BYTES_MAX, None),
        (EMBEDDED_CERTIFICATE_BYTES_MAX + 1, Some("EMBEDDED_CERTIFICATE_BYTES_MAX")),
    ] {
        // 4 bytes of header to 65535 bytes of contents, 5 above.
        let header = if length <= 0xffff + 4 { 4 } else { 5 };
        let big = wrap(tag::SEQUENCE, &[&vec![0; length - header]]);
        assert_eq!(big.len(), length);
        assert_eq!(refused(Parts { certificates: vec![&big], ..parts(&certificate) }), expected);
    }
    let error = SignedData::parse(&vec![0; CMS_BYTES_MAX + 1]).err().unwrap();
    assert_eq!(error.field_name(), Some("CMS_BYTES_MAX"));
    assert_eq!(SignedData::parse(&vec![0; CMS_BYTES_MAX]).err().unwrap().code(), Code::BadCms);
}

#[test]
fn signers_are_bounded() {
    use crate::limits::CMS_SIGNERS_MAX;
    let (_, certificate) = key_and_certificate();
    let bytes = parts(&certificate).encode(&certificate);
    let signed_data = SignedData::parse(&bytes).unwrap();
    let signer = &signed_data.signers()[0];
    let identity = signer.identifier.to_der();
    let info = sequence(&[&[2, 1, 1], &identity, &algorithm(SM3), &algorithm(SM2_SIGN), &[4, 0]]);
    for (count, accepted) in [(CMS_SIGNERS_MAX, true), (CMS_SIGNERS_MAX + 1, false)] {
        let inside = sequence(&[
            &[2, 1, 1],
            &wrap(tag::SET, &[]),
            &sequence(&[&wrap(tag::OID, &[oid::GM_DATA])]),
            &wrap(tag::SET, &[&info.repeat(count)]),
        ]);
        let outer =
            sequence(&[&wrap(tag::OID, &[oid::GM_SIGNED_DATA]), &wrap(tag::CONTEXT_0, &[&inside])]);
        assert_eq!(SignedData::parse(&outer).is_ok(), accepted, "{count}");
    }
}

#[test]
fn published_vectors() {
    let Some(cases) = load_shared("cms/pkcs7.json") else { return };
    // Not every PKCS#7 object is a SignedData.
    let others = [("dca2440058ba9102", "an envelopedData: 1.2.156.10197.6.1.4.2.3")];
    for case in cases {
        let parsed = SignedData::parse(&case.bytes("der_b64"));
        if others.iter().any(|(id, _)| *id == case.id()) {
            let error = parsed.err().unwrap();
            let found = (error.code(), error.field_name());
            assert_eq!(found, (Code::BadCms, Some("contentType")), "{case}");
            continue;
        }
        let signed_data = parsed.unwrap();
        let checks = case.get("checks").unwrap();
        let count = |name: &str| usize::try_from(checks[name].as_u64().unwrap()).unwrap();
        assert_eq!(signed_data.certificates().len(), count("cert_count"), "{case}");
        assert_eq!(signed_data.signers().len(), count("signers"), "{case}");
        let Some(content) = checks["content_b64"].as_str() else {
            // Only certificates.
            let verification = signed_data.verify_detached(b"");
            let expected = (Indication::Failed, Some(SubIndication::NoSignatureFound));
            assert_eq!(report::conclude(verification.checks.iter()), expected, "{case}");
            continue;
        };
        let content = Base64::decode_vec(content).unwrap();
        let verification = signed_data.verify_detached(&content);
        assert_eq!(indication(&verification), Indication::Passed, "{case}");
        assert_eq!(verification.form, Some(Form::Attached), "{case}");
    }
}

#[test]
fn a_bare_value_needs_a_certificate_from_elsewhere() {
    let (key, certificate) = key_and_certificate();
    let value = key.sign(DATA, &DistId::DEFAULT).unwrap().to_der();
    let verification = verify_bare(&value, DATA, std::slice::from_ref(&certificate));
    assert_eq!(indication(&verification), Indication::Passed);
    assert_eq!(verification.form, Some(Form::Bare));
    for (data, known) in [(DATA, vec![]), (&b"another"[..], vec![certificate])] {
        let verification = verify_bare(&value, data, &known);
        let expected = (Indication::Indeterminate, Some(SubIndication::NoSigningCertificateFound));
        assert_eq!(report::conclude(verification.checks.iter()), expected);
    }
}

/// Whether every required check of `bytes` over the data passed.
fn passes(bytes: &[u8]) -> bool {
    let options = VerifyOptions::ofd(&[]);
    let checks = |signed_data: SignedData| signed_data.verify(Some(DATA), &options).checks;
    let checks: Vec<Check> = SignedData::parse(bytes).map(checks).unwrap_or_default();
    report::conclude(checks.iter()).0 == Indication::Passed
}

#[test]
fn truncation_never_passes() {
    let (key, certificate) = key_and_certificate();
    for written in [Written::SignedAttributes { at: None }, Written::DigestAsContent] {
        let bytes = sign_detached(DATA, &certificate, &key, written).unwrap();
        assert!(passes(&bytes));
        for end in 0..bytes.len() {
            assert!(!passes(&bytes[..end]), "{end}");
        }
        assert!(!passes(&[&bytes[..], &[0]].concat()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(!passes(&bytes));
    }
}

/// Where `part` stands in `whole`.
fn place(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = whole.windows(part.len()).position(|window| window == part).unwrap();
    start..start + part.len()
}

#[test]
fn a_flipped_bit_passes_only_where_nothing_is_signed() {
    let (key, certificate) = key_and_certificate();
    for written in [Written::SignedAttributes { at: None }, Written::DigestAsContent] {
        let bytes = sign_detached(DATA, &certificate, &key, written).unwrap();
        // PKCS#7 leaves these outside every signature: the versions, the list of digest algorithms
        // before the signers, and the certificate, which only `x509` judges.
        let version = place(&bytes, &[2, 1, 1]);
        let digests = place(&bytes, &wrap(tag::SET, &[&algorithm(SM3)]));
        let certificates = place(&bytes, certificate.der());
        let signer_version = certificates.end..certificates.end + 10;
        let unsigned = [version, digests, certificates, signer_version];
        for at in 0..bytes.len() {
            for bit in [0, 3, 7] {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                let allowed = unsigned.iter().any(|range| range.contains(&at));
                assert!(allowed || !passes(&flipped), "byte {at}, bit {bit}");
            }
        }
    }
}

/// A file of `../shared/samples/ofd`.
fn entry(package: &str, name: &str) -> Option<Vec<u8>> {
    use std::io::Read as _;
    let file = std::fs::File::open(shared(&format!("samples/ofd/{package}"))?).unwrap();
    let mut bytes = Vec::new();
    zip::ZipArchive::new(file).unwrap().by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
    Some(bytes)
}

#[test]
fn integrity_of_a_package_of_another_implementation() {
    let package = "t08_hello-integrity_gmt0099.ofd";
    let Some(list) = entry(package, "OFDEntries.xml") else { return };
    let signed_data = SignedData::parse(&entry(package, "signedvalue.dat").unwrap()).unwrap();
    let verification = signed_data.verify(Some(&list), &VerifyOptions::ofd(&[]));
    assert_eq!(indication(&verification), Indication::Passed, "{:?}", verification.checks);
    assert_eq!(verification.form, Some(Form::DigestAsContent));
    assert_eq!(verification.signer.unwrap().subject().common_name(), Some("Test Certificate"));
}

#[test]
fn a_bare_value_of_another_implementation() {
    let package = "t05_DigitalSign_rawDER.ofd";
    let Some(document) = entry(package, "Doc_0/Signs/Sign_0/Signature.xml") else { return };
    let value = entry(package, "Doc_0/Signs/Sign_0/SignedValue.dat").unwrap();
    assert_eq!(SignedData::parse(&value).err().unwrap().code(), Code::BadCms);
    let doubt = (Indication::Indeterminate, Some(SubIndication::NoSigningCertificateFound));
    let alone = verify_bare(&value, &document, &[]);
    assert_eq!(report::conclude(alone.checks.iter()), doubt);
    // The key is that of the signer of another sample.
    let sealed = std::fs::read(shared("samples/ses/SignedValueV4.dat").unwrap()).unwrap();
    let outer = tlv::only(&sealed, 0, tag::SEQUENCE, Code::BadDer, "SES_Signature").unwrap();
    let mut fields = outer.inside();
    fields.next("toSign").unwrap();
    let signer = Certificate::parse(fields.next("cert").unwrap().value).unwrap();
    let verification = verify_bare(&value, &document, std::slice::from_ref(&signer));
    assert_eq!(indication(&verification), Indication::Passed);
    assert_eq!(verification.signer, Some(signer));
}
