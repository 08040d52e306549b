//! The published certificates, lists, requests and CMS objects, each check of the files against what is
//! found here.

use std::collections::BTreeMap;

use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use yinxin_vectors::{
    Case, load_shared,
    published::{Found, compare},
};

use super::{
    algorithm::dotted,
    cms::{EnvelopedData, Identifier, OpenWith, RecipientInfo, RecipientIs, SignedData},
    crl::Crl,
    csr::Csr,
    tlv::{self, Cursor, Element, tag},
    x509::{Attribute, Certificate, KeyUsage, Name, SignatureAlgorithm, hex},
};
use crate::{
    Code, UnixTime,
    primitives::{
        sm2::{Ciphertext, DistId, PrivateKey, PublicKey, Signature, hazmat},
        sm3,
    },
    report::{self, Indication},
};

const DEFAULT_SCHEME: &str = "id=1234567812345678";

#[test]
fn certificates() {
    let mut all = published_certificates("x509/certs.json");
    all.extend(published_certificates("x509/rootca_gov_cn.json"));
    compare("x509/certs.json", |case, found| certificate(case, found, &all));
    compare("x509/rootca_gov_cn.json", |case, found| certificate(case, found, &all));
}

fn certificate(case: &Case, found: &mut Found, all: &BTreeMap<String, Certificate>) {
    let der = case.bytes("der_b64");
    let certificate = match Certificate::parse(&der) {
        Ok(certificate) => certificate,
        Err(error) => return found.refuse(error),
    };
    assert_eq!(certificate.der(), der, "{case}");
    found.check("subject", in_order(certificate.subject()));
    found.check("issuer", in_order(certificate.issuer()));
    found.check("serial_hex", certificate.serial_hex());
    found.check("not_before", time(certificate.not_before()));
    found.check("not_after", time(certificate.not_after()));
    let algorithm = certificate.signature_algorithm_oid();
    found.check("sig_alg_oid", algorithm);
    let inner = if certificate.algorithms_agree() { algorithm } else { "another" };
    found.check("inner_sig_alg_oid", inner);
    found.check("spki", spki(certificate.spki()));
    found.check("pubkey_on_sm2_curve", certificate.public_key().is_ok().then_some(true));
    let published = check(case, "key_usage_bits_der");
    let bits = published.as_str().and_then(yinxin_vectors::hex).filter(|bits| !bits.is_empty());
    let usage = bits.and_then(|bits| KeyUsage::from_der(&tlv::wrap(tag::BIT_STRING, &[&bits])));
    let same = certificate.key_usage() == usage;
    found.check("key_usage_bits_der", if same { published } else { json!("another") });
    found.check("ca", certificate.basic_constraints().map(|constraints| constraints.ca));
    let extension =
        |oid: &str, critical| format!("{oid}{}", if critical { " critical" } else { "" });
    let extensions = certificate.extensions().iter().map(|e| extension(&e.oid, e.critical));
    found.check("extensions", extensions.collect::<Vec<_>>());
    signature(case, found, &certificate, all);
}

/// By whom a certificate is signed, of those that bear the issuer's name, and under which scheme.
fn signature(
    case: &Case,
    found: &mut Found,
    certificate: &Certificate,
    all: &BTreeMap<String, Certificate>,
) {
    let issuer = in_order(certificate.issuer());
    let is_issuer =
        |other: &Certificate| in_order(other.subject()) == issuer && other.public_key().is_ok();
    let issuers: Vec<_> = all.iter().filter(|(_, other)| is_issuer(other)).collect();
    if issuers.is_empty() {
        // Of an issuer whose key is no SM2 key.
        let other = certificate.signature_algorithm() == SignatureAlgorithm::Other;
        return found.check(
            "signature",
            if other {
                "not an SM2-SM3 signature"
            } else {
                "issuer certificate not in the collection"
            },
        );
    }
    let (signature, _) = certificate.signature().unwrap();
    let named = check(case, "signed_by");
    let own = |id: &str| if id == "self" { case.id() } else { id.to_owned() };
    let named = named.as_str().map(own).unwrap_or_default();
    // The one that the file names comes first: others may have the same key.
    let (first, others): (Vec<_>, Vec<_>) = issuers.iter().partition(|(id, _)| **id == named);
    for (id, signer) in first.into_iter().chain(others) {
        let key = signer.public_key().unwrap();
        let Some(scheme) = scheme(key, certificate.tbs(), &signature) else {
            assert!(certificate.verify_signature(key).is_err(), "{case}");
            continue;
        };
        // What the product accepts is the default identifier alone.
        assert_eq!(certificate.verify_signature(key).is_ok(), scheme == DEFAULT_SCHEME, "{case}");
        found.check("signature", "valid");
        found.check("signed_by", if **id == case.id() { "self" } else { id.as_str() });
        return found.check("signature_scheme", scheme);
    }
    found.check("signature", "INVALID under every harvested cert with the issuer name");
    found.check("tried", issuers.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>());
}

#[test]
fn lists() {
    let certificates = published_certificates("x509/certs.json");
    compare("x509/crls.json", |case, found| {
        let der = case.bytes("der_b64");
        let list = match Crl::parse(&der) {
            Ok(list) => list,
            Err(error) => return found.refuse(error),
        };
        assert_eq!(list.der(), der, "{case}");
        found.check("issuer", in_order(list.issuer()));
        found.check("sig_alg_oid", algorithm_of(&parts(&der)[1]));
        found.check("this_update", time(list.this_update()));
        found.check("next_update", list.next_update().map(time));
        let serials: Vec<_> = list.serials().map(hex).collect();
        assert!(list.serials().all(|serial| list.revoked(serial).is_some()), "{case}");
        assert!(list.revoked(&[1]).is_none() && list.not_understood().is_none(), "{case}");
        found.check("revoked_serials_hex", serials);
        let by = check(case, "signed_by");
        let key = certificates[by.as_str().unwrap()].public_key().unwrap();
        let (signature, _) = list.signature().unwrap();
        let scheme = scheme(key, list.tbs(), &signature);
        assert_eq!(list.verify(key).is_ok(), scheme == Some(DEFAULT_SCHEME), "{case}");
        assert!(list.verify(PrivateKey::generate().unwrap().public()).is_err(), "{case}");
        found.check("signature", scheme.map_or("INVALID", |_| "valid"));
        found.check("signed_by", scheme.map(|_| by));
        found.check("signature_scheme", scheme);
    });
}

#[test]
fn requests() {
    compare("x509/csrs.json", |case, found| {
        let der = case.bytes("der_b64");
        let request = match Csr::parse(&der) {
            Ok(request) => request,
            Err(error) => return found.refuse(error),
        };
        found.check("subject", in_order(request.subject()));
        found.check("sig_alg_oid", request.signature_algorithm_oid());
        found.check("spki", spki(request.spki()));
        let (signature, _) = request.signature().unwrap();
        let scheme = scheme(request.public_key().unwrap(), request.info(), &signature);
        assert_eq!(request.verify().is_ok(), scheme == Some(DEFAULT_SCHEME), "{case}");
        found.check("self_signature", scheme.map_or("INVALID", |_| "valid"));
        found.check("signature_scheme", scheme);
    });
}

#[test]
fn signed_and_enveloped_data() {
    compare("cms/pkcs7.json", |case, found| {
        let der = case.bytes("der_b64");
        let [kind, content] = &parts(&der)[..] else { panic!("{case}: two elements") };
        found.check("type_oid", dotted(kind.value));
        let inside = content.inside().next("content").unwrap().inside().next("version").unwrap();
        found.check("version", inside.integer("version").unwrap());
        match SignedData::parse(&der) {
            Ok(signed) => signed_data(case, found, &signed),
            Err(error) => {
                // Another content type, and no other fault.
                let fault = (error.code(), error.field_name());
                assert_eq!(fault, (Code::BadCms, Some("contentType")), "{case}");
                enveloped_data(case, found, &der);
            }
        }
    });
}

fn signed_data(case: &Case, found: &mut Found, signed: &SignedData) {
    found.check("econtent_type", dotted(signed.content_type()));
    if let Some(content) = signed.content() {
        found.check("content_b64", Base64::encode_string(content));
    }
    let id = |der: &[u8]| hex(&Sha256::digest(der)[..8]);
    found.check("cert_count", signed.certificates().len());
    let ids: Vec<_> = signed.certificates().iter().map(|der| id(der)).collect();
    found.check("cert_ids", ids);
    found.check("signers", signed.signers().len());
    let content = signed.content().unwrap_or_default();
    let verification = signed.verify_detached(content);
    let passed = report::conclude(verification.checks.iter()).0 == Indication::Passed;
    assert_eq!(passed, !signed.signers().is_empty(), "{case}");
    let checks = signed.signers().iter().map(|signer| {
        let signature = Signature::from_der(&signer.signature).unwrap();
        let over = signer.attributes.as_ref().map_or(content, |all| &all.signed_bytes);
        let by = signed.certificates().iter().find_map(|der| {
            let certificate = Certificate::parse(der).unwrap();
            let scheme = scheme(certificate.public_key().ok()?, over, &signature)?;
            Some((id(der), scheme))
        });
        json!({
            "signed_attrs": signer.attributes.is_some(),
            "sigalg": dotted(&signer.signature_algorithm),
            "digestalg": dotted(&signer.digest_algorithm),
            "valid": passed,
            "over": if signer.attributes.is_some() { "attributes" } else { "content" },
            "scheme": by.as_ref().map(|(_, scheme)| *scheme),
            "signer_cert": by.as_ref().map(|(id, _)| id.clone()),
        })
    });
    found.check("signer_checks", checks.collect::<Vec<_>>());
}

fn enveloped_data(case: &Case, found: &mut Found, der: &[u8]) {
    let data = match EnvelopedData::parse(der) {
        Ok(data) => data,
        Err(error) => return found.refuse(error),
    };
    let key = yinxin_vectors::hex(check(case, "recipient_key_hex").as_str().unwrap()).unwrap();
    let key = PrivateKey::from_bytes(key.as_slice().try_into().unwrap()).unwrap();
    found.check("recipient_key_hex", hex(key.expose_bytes()));
    found.check("recipients", data.recipients().len());
    let [RecipientInfo::KeyTransport { identifier, encrypted_key, .. }] = data.recipients() else {
        panic!("{case}: one recipient")
    };
    let Identifier::SubjectKeyId(id) = identifier else { panic!("{case}: key id") };
    // Read as DER, and as nothing else.
    let ciphertext = Ciphertext::from_der(encrypted_key).unwrap();
    found.check("cek", hex(&key.decrypt(&ciphertext).unwrap()));
    found.check("cek_form", "DER");
    let inside = parts(der)[1].inside().next("content").unwrap();
    let inside = inside.inside().all("content", 8, "").unwrap();
    let encrypted = inside[2].inside().all("encryptedContentInfo", 8, "").unwrap();
    found.check("content_enc", algorithm_of(&encrypted[1]));
    let opened = data.open(&OpenWith { key: &key, recipient: RecipientIs::KeyId(id) }).unwrap();
    found.check("content_b64", Base64::encode_string(&opened.content));
    let other = OpenWith { key: &key, recipient: RecipientIs::KeyId(b"other") };
    assert_eq!(data.open(&other).unwrap_err().code(), Code::NoRecipient, "{case}");
}

/// Under which of the schemes that are met a signature holds, as the files name them. The first alone is
/// that of GB/T 32918.2-2016 with the identifier that certificates have.
fn scheme(key: &PublicKey, data: &[u8], signature: &Signature) -> Option<&'static str> {
    let z = hazmat::z(key, &DistId::DEFAULT);
    let digest = |id: &[u8]| hazmat::message_digest(key, &DistId::new(id).unwrap(), data);
    let schemes = [
        (DEFAULT_SCHEME, digest(DistId::DEFAULT.as_bytes())),
        ("id=(empty)", digest(b"")),
        ("id=custom-id", digest(b"custom-id")),
        ("no-Z (e=SM3(tbs))", sm3::hash(data)),
        ("sha256 with SM3 Z", Sha256::new().chain_update(z).chain_update(data).finalize().into()),
    ];
    let holds = |(_, e): &&(&str, sm3::Digest)| hazmat::verify_digest(key, e, signature).is_ok();
    schemes.iter().find(holds).map(|(name, _)| *name)
}

/// The certificates of a file that can be read, by their ids.
fn published_certificates(file: &str) -> BTreeMap<String, Certificate> {
    let read = |case: Case| Some((case.id(), Certificate::parse(&case.bytes("der_b64")).ok()?));
    load_shared(file).unwrap_or_default().into_iter().filter_map(read).collect()
}

fn check(case: &Case, name: &str) -> Value {
    case.get("checks").and_then(|checks| checks.get(name)).cloned().unwrap_or(Value::Null)
}

/// The name as the files write it: in its encoded order, types without a short name dotted.
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

/// A time as certificates write it: UTCTime or, from 2050, GeneralizedTime.
fn time(time: UnixTime) -> String {
    let digits: String = time.to_string().chars().filter(char::is_ascii_digit).collect();
    let from = if time.utc().year() < 2050 { 2 } else { 0 };
    format!("{}Z", &digits[from..14])
}

/// Algorithm and curve of a SubjectPublicKeyInfo.
fn spki(der: &[u8]) -> Value {
    let algorithm = parts(der)[0].inside().all("algorithm", 2, "").unwrap();
    let oid = |at: usize| algorithm.get(at).map(|element: &Element<'_>| dotted(element.value));
    json!({ "alg": oid(0), "param": oid(1) })
}

/// The identifier of an AlgorithmIdentifier.
fn algorithm_of(element: &Element<'_>) -> String {
    dotted(element.inside().next("algorithm").unwrap().value)
}

/// The elements of a SEQUENCE.
fn parts(der: &[u8]) -> Vec<Element<'_>> {
    let mut cursor = Cursor::new(der, 0, Code::BadDer);
    cursor.next("outer").unwrap().inside().all("part", 8, "").unwrap()
}
