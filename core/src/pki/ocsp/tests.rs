use super::*;
use crate::{
    error::Code,
    limits,
    pki::{
        tlv::{sequence, tag, wrap},
        x509::issue::{Profile, Subject, Terms, issue_for},
    },
    primitives::sm2::PrivateKey,
    report::{Check, Level, Outcome, Rejected},
};

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_unix_s(seconds).unwrap()
}

fn key(number: u8) -> PrivateKey {
    PrivateKey::from_bytes(&[number; 32]).unwrap()
}

/// A root (key 1), a signer (key 2) and a responder (key 3) under it, valid from 1000 to 9000.
struct Province {
    root: Certificate,
    signer: Certificate,
    responder: Certificate,
}

impl Province {
    fn new() -> Self {
        let root = certificate("root", Profile::Root, 1, None);
        let signer = certificate("signer", Profile::Signer, 2, Some(&root));
        let responder = certificate("responder", Profile::OcspResponder, 3, Some(&root));
        Self { root, signer, responder }
    }

    /// Asked with SM3, answered by the responder at 2000 until 3000.
    fn response(&self, status: CertificateStatus) -> Response {
        let request = Request::new(&self.signer, &self.root, Hash::Sm3).unwrap();
        let key = key(3);
        let responder = Responder::new(&self.root, &self.responder, &key).unwrap();
        responder.respond(&request, at(2000), at(3000), |_| status).unwrap()
    }

    fn question(&self, seconds: i64) -> Question<'_> {
        Question::new(&self.signer, &self.root, at(seconds))
    }
}

fn certificate(
    name: &str,
    profile: Profile,
    number: u8,
    issuer: Option<&Certificate>,
) -> Certificate {
    let subject = Subject { common_name: name.into(), ..Subject::default() };
    let mut terms = Terms::new(profile, at(1000), at(9000));
    terms.serial = Some(vec![number, 0x80]);
    issue_for(&subject, key(number).public(), &terms, issuer, &key(1)).unwrap()
}

fn find<'a>(checks: &'a [Check], id: &str) -> &'a Check {
    checks.iter().find(|check| check.id == id).unwrap_or_else(|| panic!("no {id}: {checks:?}"))
}

/// The one required check that did not pass.
fn reason(rejected: &Rejected) -> (&'static str, Outcome) {
    let required = rejected.report.checks.iter().filter(|check| check.level == Level::Required);
    let mut bad = required.filter(|c| !matches!(c.outcome, Outcome::Passed | Outcome::Skipped));
    let check = bad.next().unwrap();
    assert!(bad.next().is_none(), "{:?}", rejected.report.checks);
    (check.id, check.outcome)
}

#[test]
fn responses_of_openssl() {
    for case in yinxin_vectors::load("x509/ocsp.json") {
        let certificate =
            |field| Certificate::parse_pem_or_der(case.text(field).as_bytes()).unwrap();
        let (root, leaf) = (certificate("root_pem"), certificate("leaf_pem"));
        let response = Response::parse(&case.bytes("response_b64")).unwrap();
        let time = UnixTime::parse_rfc3339("2026-11-28T00:00:00Z").unwrap();
        let mut question = Question::new(&leaf, &root, time);
        let request = case.get("request_b64").map(|_| case.bytes("request_b64"));
        let request = request.map(|der| Request::parse(&der).unwrap());
        let nonce = request.as_ref().and_then(Request::nonce);
        question.nonce = nonce.as_deref();
        let hash = match case.text("hash_text") {
            "sm3" => Hash::Sm3,
            "sha1" => Hash::Sha1,
            "sha256" => Hash::Sha256,
            other => panic!("{case}: {other}"),
        };
        assert_eq!(response.answers()[0].id.hash(), Some(hash), "{case}");
        if let Some(request) = &request {
            let [id] = request.ids() else { panic!("{case}") };
            assert!(id.names(&leaf, &root) && id.hash() == Some(hash), "{case}");
            // What we ask is what OpenSSL asks, except parameters of SM3 that it writes as NULL.
            let ours = CertId::new(&leaf, &root, hash).unwrap();
            assert_eq!(ours.issuer_key_hash(), id.issuer_key_hash(), "{case}");
            assert_eq!(ours.issuer_name_hash(), id.issuer_name_hash(), "{case}");
            assert_eq!(ours.serial(), id.serial(), "{case}");
        }
        let verdict = response.verify(&question);
        assert_eq!(verdict.is_ok(), case.valid(), "{case}: {verdict:?}");
        let answer = match verdict {
            Ok(verified) => {
                let checks = &verified.report().checks;
                let warnings = checks.iter().filter(|check| check.level == Level::Warning);
                let warnings: Vec<_> = warnings.map(|check| check.id).collect();
                let expected = case.get("warning_text").and_then(|text| text.as_str());
                assert_eq!(warnings, Vec::from_iter(expected), "{case}");
                verified.into_value()
            }
            Err(rejected) => {
                assert_eq!(reason(&rejected).0, case.text("failed_text"), "{case}");
                let Some(pinned) = case.get("pinned_pem").map(|_| certificate("pinned_pem")) else {
                    continue;
                };
                question.responders = std::slice::from_ref(&pinned);
                let verified = response.verify(&question).unwrap();
                assert_eq!(verified.value().authority, Authority::Pinned);
                verified.into_value()
            }
        };
        assert_eq!(answer.status.name(), case.text("status_text"), "{case}");
        if let CertificateStatus::Revoked { at, reason } = answer.status {
            assert_eq!(at.to_string(), case.text("revoked_text"), "{case}");
            assert_eq!(reason, Some(Reason::KeyCompromise), "{case}");
        }
    }
}

#[test]
fn asked_answered_and_verified() {
    let province = Province::new();
    for hash in [Hash::Sm3, Hash::Sha1, Hash::Sha256] {
        let request = Request::new(&province.signer, &province.root, hash).unwrap();
        assert_eq!(Request::parse(request.der()).unwrap(), request);
        assert_eq!(request.nonce().unwrap().len(), 32);
        assert!(!request.is_signed());
        let key = key(1);
        let responder = Responder::new(&province.root, &province.root, &key).unwrap();
        let seen = |id: &CertId| {
            assert_eq!(id.serial(), province.signer.serial());
            CertificateStatus::Good
        };
        let response = responder.respond(&request, at(2000), at(3000), seen).unwrap();
        let nonce = request.nonce();
        let question = Question { nonce: nonce.as_deref(), ..province.question(2500) };
        let verified = response.verify(&question).unwrap();
        let answer = verified.value();
        assert!(answer.is_good());
        assert_eq!(answer.authority, Authority::Issuer);
        assert_eq!((answer.this_update, answer.next_update), (at(2000), Some(at(3000))));
        let checks = &verified.report().checks;
        assert!(checks.iter().all(|check| check.outcome == Outcome::Passed), "{checks:?}");
    }
    for reason in [None, Some(Reason::KeyCompromise), Some(Reason::CertificateHold)] {
        let status = CertificateStatus::Revoked { at: at(1500), reason };
        let verified = province.response(status).verify(&province.question(2500)).unwrap();
        assert_eq!(verified.value().status, status);
        assert_eq!(verified.value().authority, Authority::Delegated);
        assert_eq!(verified.value().responder, province.responder);
        let check = find(&verified.report().checks, "ocsp.status");
        assert_eq!((check.outcome, check.level), (Outcome::Failed, Level::Information));
    }
    let unknown = province.response(CertificateStatus::Unknown);
    let verified = unknown.verify(&province.question(2500)).unwrap();
    assert_eq!(verified.value().status, CertificateStatus::Unknown);
    assert!(!verified.value().is_good());
}

#[test]
fn fresh_from_this_update_to_next_update() {
    let province = Province::new();
    let good = province.response(CertificateStatus::Good);
    let verdict = |response: &Response, seconds, grace_s| {
        response.verify(&Question { grace_s, ..province.question(seconds) })
    };
    for (seconds, grace, fresh) in
        [(1999, 0, false), (2000, 0, true), (3000, 0, true), (3001, 0, false), (3001, 1, true)]
    {
        let verdict = verdict(&good, seconds, grace);
        assert_eq!(verdict.is_ok(), fresh, "{seconds} {grace}");
        if let Err(rejected) = verdict {
            assert_eq!(reason(&rejected), ("ocsp.freshness", Outcome::Indeterminate));
        }
    }
    // A revocation counts however old the answer is; a suspension may have ended.
    let revoked = |reason| {
        province.response(CertificateStatus::Revoked { at: at(1500), reason: Some(reason) })
    };
    assert!(verdict(&revoked(Reason::Superseded), 5000, 0).is_ok());
    assert!(verdict(&revoked(Reason::CertificateHold), 5000, 0).is_err());
}

#[test]
fn nonces_tie_a_response_to_its_request() {
    let province = Province::new();
    let response = province.response(CertificateStatus::Good);
    let nonce = response.nonce().unwrap();
    let with =
        |nonce: &[u8]| response.verify(&Question { nonce: Some(nonce), ..province.question(2500) });
    assert!(with(&nonce).is_ok());
    let rejected = with(&[0; 32]).unwrap_err();
    assert_eq!(reason(&rejected), ("ocsp.nonce", Outcome::Failed));
    // Without one in the request the responder gives none back.
    let id = CertId::new(&province.signer, &province.root, Hash::Sm3).unwrap();
    let request = Request::of(std::slice::from_ref(&id), None).unwrap();
    let key = key(3);
    let responder = Responder::new(&province.root, &province.responder, &key).unwrap();
    let good = |_: &CertId| CertificateStatus::Good;
    let response = responder.respond(&request, at(2000), at(3000), good).unwrap();
    assert_eq!(response.nonce(), None);
    let rejected = response.verify(&Question { nonce: Some(&nonce), ..province.question(2500) });
    assert_eq!(reason(&rejected.unwrap_err()), ("ocsp.nonce", Outcome::Indeterminate));
    // Lengths, and the older way to write one: the bytes without an OCTET STRING.
    for length in [1, limits::OCSP_NONCE_BYTES_MAX] {
        let request = Request::of(std::slice::from_ref(&id), Some(&vec![7; length])).unwrap();
        assert_eq!(request.nonce(), Some(vec![7; length]));
    }
    for length in [0, limits::OCSP_NONCE_BYTES_MAX + 1] {
        let error = Request::of(std::slice::from_ref(&id), Some(&vec![7; length])).unwrap_err();
        assert_eq!((error.code(), error.field_name()), (Code::BadArgument, Some("nonce")));
    }
    let bare = Extension { oid: oid::NONCE.into(), critical: false, value: Box::new([1, 2, 3]) };
    assert_eq!(request::nonce(&[bare]), Some(vec![1, 2, 3]));
}

#[test]
fn only_whom_the_issuer_lets_answer() {
    let province = Province::new();
    let Province { root, signer, .. } = &province;
    let request = Request::new(signer, root, Hash::Sm3).unwrap();
    let respond = |certificate: &Certificate, number: u8| {
        let key = key(number);
        let responder = Responder::new(root, certificate, &key).unwrap();
        let good = |_: &CertId| CertificateStatus::Good;
        responder.respond(&request, at(2000), at(3000), good).unwrap()
    };
    // The purpose is another.
    for profile in [Profile::Signer, Profile::TimeStamper] {
        let other = certificate("responder", profile, 4, Some(root));
        let response = respond(&other, 4);
        let rejected = response.verify(&province.question(2500)).unwrap_err();
        assert_eq!(reason(&rejected), ("ocsp.responder", Outcome::Failed), "{profile:?}");
        // Unless the caller trusts it.
        let responders = std::slice::from_ref(&other);
        let verified = response.verify(&Question { responders, ..province.question(2500) });
        assert_eq!(verified.unwrap().value().authority, Authority::Pinned);
    }
    // The issuer's name, but another key issued it.
    let stranger = certificate("root", Profile::Root, 1, None);
    let subject = Subject { common_name: "responder".into(), ..Subject::default() };
    let terms = Terms::new(Profile::OcspResponder, at(1000), at(9000));
    let other_root = {
        let subject = Subject { common_name: "root".into(), ..Subject::default() };
        let terms = Terms::new(Profile::Root, at(1000), at(9000));
        issue_for(&subject, key(9).public(), &terms, None, &key(9)).unwrap()
    };
    assert_eq!(stranger.subject(), other_root.subject());
    let forged = issue_for(&subject, key(5).public(), &terms, Some(&other_root), &key(9)).unwrap();
    let rejected = respond(&forged, 5).verify(&province.question(2500)).unwrap_err();
    assert_eq!(reason(&rejected), ("ocsp.responder", Outcome::Failed));
    // Issued by somebody under the issuer, not by the issuer.
    let ca = certificate("ca", Profile::IssuingCa { path_length: 0 }, 6, Some(root));
    let below = issue_for(&subject, key(5).public(), &terms, Some(&ca), &key(6)).unwrap();
    let rejected = respond(&below, 5).verify(&province.question(2500)).unwrap_err();
    assert_eq!(reason(&rejected), ("ocsp.responder", Outcome::Failed));
    // A critical extension that nobody understands, and a key usage that cannot be read.
    for odd in [
        sequence(&[&[6, 1, 0x2a], &[1, 1, 0xff], &[4, 0]]),
        sequence(&[&[6, 3, 0x55, 0x1d, 15], &wrap(tag::OCTET_STRING, &[&[4, 0]])]),
    ] {
        let rejected = respond(&by_hand(root, &odd), 5).verify(&province.question(2500));
        assert_eq!(reason(&rejected.unwrap_err()), ("ocsp.responder", Outcome::Failed));
    }
    let usage = wrap(tag::OCTET_STRING, &[&[3, 2, 7, 0x80]]);
    let usage = sequence(&[&[6, 3, 0x55, 0x1d, 15], &usage]);
    assert!(respond(&by_hand(root, &usage), 5).verify(&province.question(2500)).is_ok());
    // No longer valid when it answered.
    let terms = Terms::new(Profile::OcspResponder, at(1000), at(1999));
    let old = issue_for(&subject, key(5).public(), &terms, Some(root), &key(1)).unwrap();
    let rejected = respond(&old, 5).verify(&province.question(2500)).unwrap_err();
    assert_eq!(reason(&rejected), ("ocsp.responder_validity", Outcome::Failed));
    // A key that does not fit the certificate makes no responder.
    let error = Responder::new(root, root, &key(2)).unwrap_err();
    assert_eq!(error.code(), Code::KeyMismatch);
}

/// A responder's certificate (key 5) under the root (key 1), with the purpose and one extension more.
fn by_hand(root: &Certificate, extension: &[u8]) -> Certificate {
    let purpose = sequence(&[&wrap(tag::OID, &[&[0x2b, 6, 1, 5, 5, 7, 3, 9]])]);
    let purpose = sequence(&[&[6, 3, 0x55, 0x1d, 37], &wrap(tag::OCTET_STRING, &[&purpose])]);
    let subject = Subject { common_name: "responder".into(), ..Subject::default() };
    let time = |text: &[u8]| wrap(tag::UTC_TIME, &[text]);
    let algorithm = sequence(&[&wrap(tag::OID, &[crate::pki::algorithm::oid::SM2_WITH_SM3])]);
    let tbs = sequence(&[
        &wrap(tag::CONTEXT_0, &[&[2, 1, 2]]),
        &[2, 1, 9],
        &algorithm,
        root.subject().der(),
        &sequence(&[&time(b"700101000000Z"), &time(b"800101000000Z")]),
        &subject.to_der().unwrap(),
        &crate::pki::keys::public_key_to_spki(key(5).public()).unwrap(),
        &wrap(0xa3, &[&sequence(&[&purpose, extension])]),
    ]);
    Certificate::parse(&crate::pki::x509::issue::signed(&tbs, &key(1)).unwrap()).unwrap()
}

#[test]
fn about_this_certificate_and_no_other() {
    let province = Province::new();
    let response = province.response(CertificateStatus::Good);
    let other = certificate("signer", Profile::Signer, 7, Some(&province.root));
    let question = Question::new(&other, &province.root, at(2500));
    let rejected = response.verify(&question).unwrap_err();
    assert_eq!(reason(&rejected), ("ocsp.certificate", Outcome::Indeterminate));
    // The same serial number under another issuer.
    let subject = Subject { common_name: "another root".into(), ..Subject::default() };
    let terms = Terms::new(Profile::Root, at(1000), at(9000));
    let another = issue_for(&subject, key(9).public(), &terms, None, &key(9)).unwrap();
    let question = Question::new(&province.signer, &another, at(2500));
    let rejected = response.verify(&question).unwrap_err();
    assert_eq!(reason(&rejected), ("ocsp.certificate", Outcome::Indeterminate));
    let issuer = certificate("another root", Profile::Root, 1, None);
    // Whom the responder does not answer for.
    let key = key(1);
    let responder = Responder::new(&issuer, &issuer, &key).unwrap();
    let request = Request::new(&province.signer, &province.root, Hash::Sm3).unwrap();
    let refusal =
        responder.respond(&request, at(2000), at(3000), |_| panic!("not its certificate")).unwrap();
    assert_eq!(refusal.status(), ResponseStatus::Unauthorized);
    let rejected = refusal.verify(&province.question(2500)).unwrap_err();
    assert_eq!(reason(&rejected), ("ocsp.response_status", Outcome::Indeterminate));
}

#[test]
fn refusals_say_why() {
    for code in [1, 2, 3, 5, 6, 7] {
        let status = ResponseStatus::from_code(code);
        assert_eq!(status.code(), code);
        let response = Responder::refuse(status).unwrap();
        assert_eq!(response.der(), [0x30, 3, 0x0a, 1, code]);
        assert_eq!(response.status(), status);
        assert_eq!((response.responder(), response.produced_at()), (None, None));
        assert!(response.data().is_empty() && response.answers().is_empty());
    }
    assert!(Responder::refuse(ResponseStatus::Successful).is_err());
    // A success without an answer is malformed.
    assert_eq!(Response::parse(&[0x30, 3, 0x0a, 1, 0]).unwrap_err().code(), Code::BadOcsp);
}

#[test]
fn every_bit_that_was_signed_counts() {
    let province = Province::new();
    let response = province.response(CertificateStatus::Good);
    let start = response.der().windows(8).position(|it| it == &response.data()[..8]).unwrap();
    for index in (0..response.data().len()).step_by(3) {
        let mut der = response.der().to_vec();
        der[start + index] ^= 1;
        if let Ok(changed) = Response::parse(&der) {
            assert!(changed.verify(&province.question(2500)).is_err(), "{index}");
        }
    }
}

#[test]
fn what_cannot_be_answered() {
    let province = Province::new();
    let request = Request::new(&province.signer, &province.root, Hash::Sm3).unwrap();
    let key = key(1);
    let responder = Responder::new(&province.root, &province.root, &key).unwrap();
    let respond = |now: i64, next: i64, status| {
        responder.respond(&request, at(now), at(next), |_| status).unwrap_err()
    };
    let field = |error: Error| (error.code(), error.field_name());
    let good = CertificateStatus::Good;
    assert_eq!(field(respond(2, 2, good)), (Code::BadArgument, Some("next_update")));
    assert_eq!(field(respond(-1, 2, good)), (Code::BadTime, Some("time")));
    for reason in [Reason::Unknown, Reason::RemoveFromCrl] {
        let status = CertificateStatus::Revoked { at: at(1), reason: Some(reason) };
        assert_eq!(field(respond(1, 2, status)), (Code::BadArgument, Some("reason")));
    }
    assert_eq!(field(Request::of(&[], None).unwrap_err()), (Code::BadArgument, Some("ids")));
}

#[test]
fn malformed_and_too_large() {
    let province = Province::new();
    let response = province.response(CertificateStatus::Good);
    for length in 0..response.der().len() {
        let error = Response::parse(&response.der()[..length]).unwrap_err();
        assert_eq!(error.code(), Code::BadOcsp, "{length}");
    }
    let request = Request::new(&province.signer, &province.root, Hash::Sm3).unwrap();
    for length in 0..request.der().len() {
        let error = Request::parse(&request.der()[..length]).unwrap_err();
        assert_eq!(error.code(), Code::BadOcsp, "{length}");
    }
    let limit = |bytes: usize| {
        let der = vec![0; bytes];
        let name = |error: Error| error.field_name();
        (Request::parse(&der).err().and_then(name), Response::parse(&der).err().and_then(name))
    };
    let most = limits::OCSP_BYTES_MAX;
    assert_eq!(limit(most), (Some("OCSPRequest"), Some("OCSPResponse")));
    assert_eq!(limit(most + 1), (Some("OCSP_BYTES_MAX"), Some("OCSP_BYTES_MAX")));
    let id = request.ids()[0].clone();
    let ids = |count| Request::of(&vec![id.clone(); count], None);
    let most = limits::OCSP_ANSWERS_MAX;
    assert_eq!(ids(most).unwrap().ids().len(), most);
    assert_eq!(ids(most + 1).unwrap_err().field_name(), Some("OCSP_ANSWERS_MAX"));
    let extension = sequence(&[&[6, 1, 0x2a], &[4, 0]]);
    let extended = |count| {
        let list = sequence(&[&sequence(&[&id.der])]);
        let extensions = wrap(tag::CONTEXT_2, &[&sequence(&[&extension.repeat(count)])]);
        Request::parse(&sequence(&[&sequence(&[&list, &extensions])]))
    };
    let most = limits::OCSP_EXTENSIONS_MAX;
    assert_eq!(extended(most).unwrap().extensions().len(), most);
    assert_eq!(extended(most + 1).unwrap_err().field_name(), Some("OCSP_EXTENSIONS_MAX"));
}

/// Answers and certificates by the count, and a critical extension: a response put together by hand.
#[test]
fn counts_and_critical_extensions() {
    let province = Province::new();
    let id = CertId::new(&province.signer, &province.root, Hash::Sm3).unwrap();
    let time = |text: &[u8]| wrap(tag::GENERALIZED_TIME, &[text]);
    let (now, next) = (time(b"19700101003320Z"), time(b"19700101005000Z"));
    let single = sequence(&[&id.der, &[0x80, 0], &now, &wrap(tag::CONTEXT_0, &[&next])]);
    let build = |answers: usize, certificates: usize, extensions: &[u8]| {
        let name = wrap(tag::CONTEXT_1, &[province.root.subject().der()]);
        let data = sequence(&[&name, &now, &sequence(&[&single.repeat(answers)]), extensions]);
        let signature = key(1).sign(&data, &crate::primitives::sm2::DistId::DEFAULT).unwrap();
        let algorithm = sequence(&[&wrap(tag::OID, &[crate::pki::algorithm::oid::SM2_WITH_SM3])]);
        let basic = sequence(&[
            &data,
            &algorithm,
            &wrap(tag::BIT_STRING, &[&[0], &signature.to_bytes()]),
            &wrap(tag::CONTEXT_0, &[&sequence(&[&province.root.der().repeat(certificates)])]),
        ]);
        let bytes =
            sequence(&[&wrap(tag::OID, &[oid::BASIC]), &wrap(tag::OCTET_STRING, &[&basic])]);
        Response::parse(&sequence(&[&[0x0a, 1, 0], &wrap(tag::CONTEXT_0, &[&bytes])]))
    };
    // Named by name, signed with 64 raw bytes: told, and accepted.
    let verified = build(1, 1, &[]).unwrap().verify(&province.question(2500)).unwrap();
    let check = find(&verified.report().checks, "ocsp.signature_encoding");
    assert_eq!((check.outcome, check.level), (Outcome::Failed, Level::Warning));
    let (most, certificates) = (limits::OCSP_ANSWERS_MAX, limits::OCSP_CERTIFICATES_MAX);
    assert!(build(most, certificates, &[]).is_ok());
    let name = |result: Result<Response, Error>| result.unwrap_err().field_name();
    assert_eq!(name(build(most + 1, 0, &[])), Some("OCSP_ANSWERS_MAX"));
    assert_eq!(name(build(1, certificates + 1, &[])), Some("OCSP_CERTIFICATES_MAX"));
    let critical = sequence(&[&[6, 1, 0x2a], &[1, 1, 0xff], &[4, 0]]);
    let extensions = wrap(tag::CONTEXT_1, &[&sequence(&[&critical])]);
    let rejected = build(1, 0, &extensions).unwrap().verify(&province.question(2500)).unwrap_err();
    assert_eq!(reason(&rejected), ("ocsp.critical_extensions", Outcome::Failed));
}
