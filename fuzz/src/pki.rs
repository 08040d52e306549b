//! Keys, signatures, certificates, revocation lists.

use yinxin::{
    UnixTime,
    pki::{
        algorithm::SignatureForm,
        bundle::{Bundle, BundlePolicy},
        ciphertext::Layout,
        cms::{self, EnvelopedData, OpenWith, RecipientIs, SignedData, VerifyOptions, stream},
        crl::Crl,
        csr::{self, Csr},
        diagnose::{self, CiphertextQuestion, Diagnosis, KeyQuestion, SignatureQuestion},
        keys,
        ocsp::{Question, Request, Response},
        pkcs12::{self, Legacy},
        timestamp::{self, TimeStampRequest, TimeStampResponse, Token},
        x509::{Certificate, Evidence, PathPolicy, Revocation, Role, TrustStore},
    },
    primitives::sm2::{self, DistId},
    report::Language,
};

use crate::lies_in;

/// An SM2 signature in DER; what is accepted has one encoding only.
pub(crate) fn signature(data: &[u8]) {
    if let Ok(signature) = sm2::Signature::from_der(data) {
        assert_eq!(signature.to_der(), data);
    }
}

/// A time in the text form of the command line and of JSON.
pub(crate) fn time(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(time) = UnixTime::parse_rfc3339(text) {
        assert_eq!(UnixTime::parse_rfc3339(&time.to_string()), Ok(time));
    }
}

/// A certificate, in DER or PEM: what is signed lies in its bytes, and its parts can be asked for.
pub(crate) fn certificate(data: &[u8]) {
    let _ = Certificate::load(data);
    let _ = Certificate::parse_pem_bundle(data);
    let Ok(certificate) = Certificate::parse_pem_or_der(data) else { return };
    assert!(lies_in(certificate.tbs(), certificate.der()));
    assert!(lies_in(certificate.spki(), certificate.der()));
    assert!(Certificate::parse(certificate.der()).is_ok_and(|again| again == certificate));
    assert!(Certificate::parse_pem_or_der(certificate.to_pem().as_bytes()).is_ok());
    let _ = (certificate.subject().to_string(), certificate.issuer().to_string());
    let _ = (certificate.subject_numbers(), certificate.signature());
    if let Ok(key) = certificate.public_key() {
        let _ = certificate.verify_signature(key);
    }
}

/// A revocation list, in DER or PEM: what it lists it also finds.
pub(crate) fn crl(data: &[u8]) {
    let Ok(list) = Crl::parse_pem_or_der(data) else { return };
    assert!(lies_in(list.tbs(), list.der()));
    assert!(list.serials().count() <= list.len());
    assert!(list.serials().all(|serial| list.revoked(serial).is_some()));
    let _ = (list.issuer().to_string(), list.not_understood(), list.signature());
}

/// A certification request, in DER, PEM or base64: what is signed lies in its bytes, and its parts can be
/// asked for; and the text in which an authority returns a key.
pub(crate) fn csr(data: &[u8]) {
    if let Ok(key) = sm2::PrivateKey::from_bytes(&[7; 32]) {
        let _ = csr::open_returned_key(data, &key);
    }
    let Ok(request) = Csr::load(data) else { return };
    assert!(lies_in(request.info(), request.der()));
    assert!(lies_in(request.spki(), request.der()));
    assert!(Csr::parse(request.der()).is_ok_and(|again| again == request));
    assert!(Csr::load(request.to_pem().as_bytes()).is_ok());
    let _ = (request.subject().to_string(), request.challenge_password(), request.exchange_key());
    if let Err(rejected) = request.verify() {
        assert!(rejected.report.checks.len() >= 4);
    }
}

/// An OCSP request or response: what is signed lies in its bytes, and nothing vouches for what nobody
/// signed.
pub(crate) fn ocsp(data: &[u8]) {
    if let Ok(request) = Request::parse(data) {
        assert!(Request::parse(request.der()).is_ok_and(|again| again == request));
        let _ = (request.nonce(), format!("{request:?}"));
    }
    let Ok(response) = Response::parse(data) else { return };
    assert!(lies_in(response.data(), response.der()) || response.data().is_empty());
    assert!(Response::parse(response.der()).is_ok_and(|again| again == response));
    let _ = (response.nonce(), response.signature(), format!("{response:?}"));
    let Ok(now) = UnixTime::from_unix_s(1_795_000_000) else { return };
    for certificate in response.certificates() {
        let _ = response.verify(&Question::new(certificate, certificate, now));
    }
}

/// A private or public key in any of its containers, encrypted or not: what was read is written and
/// read again the same.
pub(crate) fn key(data: &[u8]) {
    let _ = keys::open_cfca(data, PASSWORD);
    if let Ok(key) = keys::private_key_from_pem_or_der(data, Some(PASSWORD)) {
        let der = keys::private_key_to_der(&key).expect("a key has DER");
        let again = keys::private_key_from_der(&der, None).expect("its DER is a key");
        assert_eq!(key.expose_bytes(), again.expose_bytes());
    }
    for key in [keys::public_key_from_spki(data), keys::public_key_from_pem(data)] {
        let Ok(key) = key else { continue };
        let der = keys::public_key_to_spki(&key).expect("a key has DER");
        let again = keys::public_key_from_spki(&der).expect("its DER is a key");
        assert_eq!(key.to_sec1(), again.to_sec1());
    }
}

/// A PKCS#12 file: a key has the certificate that holds its public key, or none.
pub(crate) fn pkcs12(data: &[u8]) {
    let is_pkcs12 = pkcs12::is_pkcs12(data);
    let Ok(contents) = pkcs12::open(data, PASSWORD, Legacy::Allowed) else { return };
    assert!(is_pkcs12);
    for key in &contents.keys {
        if let Some(certificate) = &key.certificate {
            assert_eq!(certificate.public_key().ok(), Some(key.key.public()));
        }
    }
}

/// A signature, ciphertext or key that somebody is at a loss with: a diagnosis ends, and says nothing
/// of a verification unless the strict function accepts the bytes.
pub(crate) fn diagnose(data: &[u8]) {
    let Ok(key) = sm2::PrivateKey::from_bytes(&[0x5a; 32]) else { return };
    let signature = SignatureQuestion {
        key: key.public(),
        data: CONTENT,
        signature: data,
        form: SignatureForm::Der,
        id: &DistId::DEFAULT,
        other_ids: &[],
        other_keys: &[],
    };
    let ciphertext =
        CiphertextQuestion { key: &key, ciphertext: data, layout: Layout::C1C3C2, other_keys: &[] };
    let file = KeyQuestion { bytes: data, password: None, public: Some(key.public()) };
    let verifies = sm2::Signature::from_der(data)
        .and_then(|signature| key.public().verify(CONTENT, &signature, &DistId::DEFAULT));
    let decrypts = sm2::Ciphertext::from_c1c3c2(data).and_then(|sealed| key.decrypt(&sealed));
    for (diagnosis, accepted) in [
        (diagnose::signature(&signature), verifies.is_ok()),
        (diagnose::ciphertext(&ciphertext), decrypts.is_ok()),
        (diagnose::key(&file), keys::private_key_from_pem_or_der(data, None).is_ok()),
    ] {
        let Ok(diagnosis) = diagnosis else { continue };
        assert!(!diagnosis.to_text(Language::Chinese).is_empty());
        assert!(accepted || !matches!(diagnosis, Diagnosis::NothingToExplain));
    }
}

/// A key in any form, as a file of which nothing is known: what was loaded is written as JSON and loaded
/// again the same. The bytes may also be a key that somebody enveloped, or a structure of a device.
pub(crate) fn key_form(data: &[u8]) {
    if let Ok(loaded) = sm2::PrivateKey::load(data, Some(PASSWORD)) {
        let json = keys::private_key_to_jwk(&loaded.key, keys::JwkCurve::Sm2p256v1);
        let again = sm2::PrivateKey::load(json.as_bytes(), None).expect("its JSON is a key");
        assert_eq!(loaded.key.expose_bytes(), again.key.expose_bytes());
    }
    if let Ok(loaded) = sm2::PublicKey::load(data) {
        let json = keys::public_key_to_jwk(&loaded.key, keys::JwkCurve::Sm2);
        let again = sm2::PublicKey::load(json.as_bytes()).expect("its JSON is a key");
        assert_eq!(loaded.key, again.key);
    }
    let receiver = sm2::PrivateKey::from_bytes(&[0x5a; 32]).expect("a key");
    let _ = keys::open_enveloped(data, &receiver);
    let _ = keys::open_enveloped_blob(data, &receiver);
    if let Ok(signature) = keys::signature_from_blob(data) {
        assert_eq!(keys::signature_to_blob(&signature), data);
    }
    if let Ok(ciphertext) = keys::ciphertext_from_blob(data) {
        assert_eq!(keys::ciphertext_to_blob(&ciphertext), data);
    }
    if let Ok(key) = keys::private_key_from_integer(data) {
        assert_eq!(**keys::private_key_to_integer(&key), *data);
    }
}

/// A SignedData, and the bare value that stands in its place in some documents.
pub(crate) fn cms(data: &[u8]) {
    let _ = cms::verify_bare(data, CONTENT, &[]);
    let Ok(signed) = SignedData::parse(data) else { return };
    let again = SignedData::parse(signed.raw()).expect("DER of what was read");
    assert_eq!(signed.raw(), again.raw());
    let verification = signed.verify_detached(CONTENT);
    assert!(!verification.checks.is_empty());
}

/// Enveloped data of any kind for one key: what opens in pieces opens in memory to the same.
pub(crate) fn cms_enveloped(data: &[u8]) {
    let key = sm2::PrivateKey::from_bytes(&[3; 32]).expect("a key");
    let with = OpenWith { key: &key, recipient: RecipientIs::Number(0) };
    let whole = EnvelopedData::parse(data).and_then(|envelope| envelope.open(&with));
    let decrypted = cms::decrypt(data, &[3; 16]);
    let mut content = Vec::new();
    if stream::open_twice(std::io::Cursor::new(data), &with, &mut content).is_ok() {
        assert_eq!(*whole.expect("what opens in pieces").content, content);
    }
    content.clear();
    let options = VerifyOptions::default();
    let whole = cms::open_signed(data, &with, &options);
    let input = std::io::Cursor::new(data);
    match stream::open_signed_twice(input, &with, &options, &mut content) {
        Ok(Ok(_)) => {
            let whole = whole.expect("what opens in pieces").expect("what is proved in pieces");
            assert_eq!(*whole.value().content, content);
        }
        Ok(Err(_)) | Err(_) => assert!(content.is_empty(), "given out without a proof"),
    }
    content.clear();
    let Ok(opener) = stream::Opener::new(data) else { return };
    if opener.decrypt_unverified(&[3; 16], &mut content).is_ok() {
        assert_eq!(*decrypted.expect("what is decrypted in pieces").content, content);
    }
}

/// A bundle of trust anchors; no key is pinned, so none can be used.
pub(crate) fn bundle(data: &[u8]) {
    let Ok(bundle) = Bundle::parse(data) else { return };
    let (at, set) = (bundle.issued(), bundle.set());
    let policy = BundlePolicy { keys: &[], set, at, sequence_min: 0, age_max_s: None };
    assert!(bundle.verify(&policy).is_err());
}

/// A time stamp; nobody is trusted, so none can hold.
pub(crate) fn time_stamp(data: &[u8]) {
    let (trust, evidence) = (TrustStore::new(Vec::new()), Evidence::default());
    let revocation = Revocation::NotChecked;
    let policy = PathPolicy { role: Role::TimeStamper, revocation, crl_grace_s: 0 };
    let Ok(now) = UnixTime::from_unix_s(1_795_000_000) else { return };
    let judgement = timestamp::verify(data, CONTENT, &evidence, &trust, &policy, now);
    assert!(judgement.holds().is_none());
    let report = judgement.report();
    assert_eq!(Token::parse(data).is_ok(), report.info.is_some());
    assert!(report.checks.iter().any(|check| check.id == "time_stamp.format"));
}

/// A request for a time stamp: what can be written again is read the same.
pub(crate) fn time_stamp_request(data: &[u8]) {
    let Ok(request) = TimeStampRequest::parse(data) else { return };
    if let Ok(der) = request.to_der() {
        assert_eq!(TimeStampRequest::parse(&der), Ok(request));
    }
}

/// The answer of an authority: what was read is written and read again the same.
pub(crate) fn time_stamp_response(data: &[u8]) {
    let Ok(response) = TimeStampResponse::parse(data) else { return };
    let der = response.to_der().expect("what was read can be written");
    let again = TimeStampResponse::parse(&der).expect("what was written can be read");
    assert_eq!((again.status, &again.failures), (response.status, &response.failures));
    assert_eq!(again.token, response.token);
    if let Some(token) = &response.token {
        time_stamp(token);
    }
}

const CONTENT: &[u8] = b"content";
const PASSWORD: &[u8] = b"777777";
