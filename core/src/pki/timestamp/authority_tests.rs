//! Requests, answers and the authority: among ourselves, and with those that OpenSSL made.

use yinxin_vectors::load;

use super::{forge, *};
use crate::{
    Code, Error, UnixTime,
    limits::*,
    pki::{
        algorithm::oid::SM3,
        cms::Family,
        custody::Signer,
        tlv::{sequence, tag, wrap},
        x509::{Certificate, Evidence, PathPolicy, Revocation, Role, TrustStore},
    },
    primitives::{
        sm2::{DistId, PublicKey, Signature},
        sm3,
    },
    report::{Indication, Outcome},
};

const DATA: &[u8] = b"what is stamped\n";
const POLICY: &str = "1.2.3.4.1";

pub(super) fn time(text: &str) -> UnixTime {
    UnixTime::parse_rfc3339(text).unwrap()
}

/// A clock that stands still, and random numbers.
pub(super) struct Still(pub(super) Option<UnixTime>);

impl Register for Still {
    fn now(&self) -> Option<UnixTime> {
        self.0
    }

    fn next_serial(&self) -> Result<Vec<u8>, Error> {
        random_serial()
    }
}

fn june() -> Still {
    Still(Some(time("2026-06-01T08:00:00Z")))
}

pub(super) fn authority(register: &dyn Register) -> Authority<'_> {
    let forge = forge::Authority::get();
    Authority {
        signer: forge.key(),
        certificate: forge.certificate.clone(),
        chain: vec![forge.root.clone()],
        policy: POLICY.to_owned(),
        accuracy: Some(Accuracy { seconds: 1, milliseconds: 500, microseconds: 0 }),
        family: Family::Gm,
        register,
    }
}

pub(super) fn path_policy() -> PathPolicy {
    PathPolicy { role: Role::TimeStamper, revocation: Revocation::NotChecked, crl_grace_s: 0 }
}

fn judge(token: &[u8], stamped: Stamped<'_>) -> TimeStampReport {
    let trust = TrustStore::new(vec![forge::Authority::get().root.clone()]);
    let known = [forge::Authority::get().certificate.clone()];
    let policy = TimeStampPolicy { known: &known, ..TimeStampPolicy::sm3(path_policy()) };
    let now = time("2026-11-01T00:00:00Z");
    verify_token(token, stamped, &Evidence::default(), &trust, &policy, now)
}

fn outcome(report: &TimeStampReport, id: &str) -> Outcome {
    let found: Vec<_> = report.checks.iter().filter(|check| check.id == id).collect();
    assert_eq!(found.len(), 1, "{id}: {:#?}", report.checks);
    found[0].outcome
}

/// The ids of the required checks that did not pass.
fn against(report: &TimeStampReport) -> Vec<&'static str> {
    report.checks.iter().filter(|check| check.counts_against()).map(|check| check.id).collect()
}

#[test]
fn what_is_asked_for_is_answered_and_holds() {
    let june = june();
    let request = TimeStampRequest::new(Imprint::of(DATA)).unwrap();
    let sent = request.clone().under_policy(POLICY).to_der().unwrap();
    assert_eq!(TimeStampRequest::parse(&sent).unwrap(), request.clone().under_policy(POLICY));
    for family in [Family::Gm, Family::Pkcs7] {
        let authority = Authority { family, ..authority(&june) };
        let answered = authority.answer(&sent);
        assert_eq!(answered.cause, None);
        let answer = answered.response.to_der().unwrap();
        let answer = TimeStampResponse::parse(&answer).unwrap();
        assert_eq!(answer, answered.response);
        let token = answer.token_for(&request).unwrap();
        assert_eq!(token.signed_data().family(), family);
        let info = token.info();
        assert_eq!((info.time, info.policy.as_str()), (june.0.unwrap(), POLICY));
        assert_eq!(info.accuracy.map(Accuracy::as_us), Some(1_500_000));
        let asked = request.clone().under_policy(POLICY);
        for stamped in [
            Stamped::Request(&asked),
            Stamped::Request(&request),
            Stamped::Data(DATA),
            Stamped::Imprint(&request.imprint),
        ] {
            let report = judge(token.der(), stamped);
            assert_eq!(report.holds(), june.0, "{:#?}", report.checks);
        }
        let report = judge(token.der(), Stamped::Request(&asked));
        for id in ["policy", "nonce", "certificate_sent", "authority_name", "time_form"] {
            let id = format!("time_stamp.{id}");
            assert_eq!(outcome(&report, &id), Outcome::Passed);
        }
    }
}

#[test]
fn a_token_without_certificates_needs_one_from_elsewhere() {
    let june = june();
    let request = TimeStampRequest::new(Imprint::of(DATA)).unwrap();
    let request = TimeStampRequest { certificate_wanted: false, nonce: None, ..request };
    let answered = authority(&june).answer(&request.to_der().unwrap());
    let token = answered.response.token_for(&request).unwrap();
    assert!(token.signed_data().certificates().is_empty());
    assert!(judge(token.der(), Stamped::Request(&request)).holds().is_some());
    // Nobody knows the authority: doubt, not a failure.
    let trust = TrustStore::new(vec![forge::Authority::get().root.clone()]);
    let policy = TimeStampPolicy::sm3(path_policy());
    let (evidence, now) = (Evidence::default(), time("2026-11-01T00:00:00Z"));
    let stamped = Stamped::Data(DATA);
    let report = verify_token(token.der(), stamped, &evidence, &trust, &policy, now);
    assert_eq!(report.indication, Indication::Indeterminate);
    // Asked for, it is missing.
    let wanted = TimeStampRequest { certificate_wanted: true, ..request };
    let report = judge(token.der(), Stamped::Request(&wanted));
    assert_eq!(against(&report), ["time_stamp.certificate_sent"]);
    let error = answered.response.token_for(&wanted).err().unwrap();
    let expected = (Code::TimeStampMismatch, Some("certificates"));
    assert_eq!((error.code(), error.field_name()), expected);
}

#[test]
fn an_answer_to_another_request_is_refused() {
    let june = june();
    let request = TimeStampRequest::new(Imprint::of(DATA)).unwrap();
    let answer = authority(&june).answer_request(&request).response;
    let token = answer.token.clone().unwrap();
    let another = TimeStampRequest::new(Imprint::of(DATA)).unwrap();
    for (asked, field, check) in [
        (another, "nonce", "time_stamp.nonce"),
        (TimeStampRequest { nonce: None, ..request.clone() }, "nonce", "time_stamp.nonce"),
        (request.clone().under_policy("1.2.3.4.2"), "policy", "time_stamp.policy"),
        (
            TimeStampRequest { imprint: Imprint::of(b"else"), ..request.clone() },
            "messageImprint",
            "time_stamp.imprint",
        ),
    ] {
        let error = answer.token_for(&asked).err().unwrap();
        assert_eq!((error.code(), error.field_name()), (Code::TimeStampMismatch, Some(field)));
        assert_eq!(against(&judge(&token, Stamped::Request(&asked))), [check]);
    }
    // Policies that the verifier accepts, and hash functions that it does not.
    let trust = TrustStore::new(vec![forge::Authority::get().root.clone()]);
    let sm3 = TimeStampPolicy::sm3(path_policy());
    for (policy, expected) in [
        (TimeStampPolicy { policies: &[POLICY], ..sm3 }, &[][..]),
        (TimeStampPolicy { policies: &["1.2.3.4.2"], ..sm3 }, &["time_stamp.policy"]),
        (TimeStampPolicy { hashes: &[HashAlgorithm::Sha256], ..sm3 }, &["time_stamp.imprint"]),
    ] {
        let (evidence, now) = (Evidence::default(), time("2026-11-01T00:00:00Z"));
        let stamped = Stamped::Data(DATA);
        let report = verify_token(&token, stamped, &evidence, &trust, &policy, now);
        assert_eq!(against(&report), expected);
    }
}

/// A key that is not there.
struct Broken;

impl Signer for Broken {
    fn public_key(&self) -> &PublicKey {
        Signer::public_key(forge::Authority::get().key())
    }

    fn sign(&self, _: &[u8], _: &DistId) -> Result<Signature, Error> {
        Err(Error::new(Code::DeviceFailed).from_device(9))
    }
}

#[test]
fn bad_requests_are_refused_with_their_reason() {
    let (june, lost) = (june(), Still(None));
    let ended = Still(Some(time("2040-01-01T00:00:01Z")));
    let request = TimeStampRequest::new(Imprint::of(DATA)).unwrap();
    let good = request.to_der().unwrap();
    let sha256 = Imprint {
        algorithm: HashAlgorithm::Sha256.oid().to_vec(),
        null_parameters: true,
        digest: HashAlgorithm::Sha256.digest(DATA),
    };
    let sha256 = TimeStampRequest { imprint: sha256, ..request.clone() }.to_der().unwrap();
    let extension = sequence(&[&[6, 2, 0x2a, 3], &[4, 0]]);
    let imprint = request.imprint.to_der();
    let extended = sequence(&[&[2, 1, 1], &imprint, &wrap(tag::CONTEXT_0, &[&extension])]);
    let version_2 = sequence(&[&[2, 1, 2], &imprint]);
    let short = sequence(&[
        &[2, 1, 1],
        &sequence(&[
            &sequence(&[&wrap(tag::OID, &[SM3])]),
            &wrap(tag::OCTET_STRING, &[&sm3::hash(DATA)[1..]]),
        ]),
    ]);
    let other_policy = request.clone().under_policy("1.2.3.4.2").to_der().unwrap();
    let working = authority(&june);
    // A certificate that nobody accepts under a time stamp.
    let certificate = forge::Authority::for_email().certificate;
    let mailer = Authority { certificate, ..authority(&june) };
    for (authority, sent, failure) in [
        (&working, &sha256, FailInfo::BadAlg),
        (&working, &extended, FailInfo::UnacceptedExtension),
        (&working, &version_2, FailInfo::BadDataFormat),
        (&working, &short, FailInfo::BadDataFormat),
        (&working, &b"nonsense".to_vec(), FailInfo::BadDataFormat),
        (&working, &other_policy, FailInfo::UnacceptedPolicy),
        (&authority(&lost), &good, FailInfo::TimeNotAvailable),
        (&authority(&ended), &good, FailInfo::SystemFailure),
        (&Authority { signer: &Broken, ..authority(&june) }, &good, FailInfo::SystemFailure),
        (&mailer, &good, FailInfo::SystemFailure),
    ] {
        let answered = authority.answer(sent);
        let response = answered.response;
        assert_eq!((response.status, &*response.failures), (Status::Rejection, &[failure][..]));
        let again = TimeStampResponse::parse(&response.to_der().unwrap()).unwrap();
        assert_eq!(again, response);
        let error = again.token_for(&request).err().unwrap();
        let expected = (Code::TimeStampRefused, Some(failure.name()));
        assert_eq!((error.code(), error.field_name()), expected);
    }
    let broken = Authority { signer: &Broken, ..authority(&june) };
    let error = broken.stamp(&request.imprint).err().unwrap();
    assert_eq!((error.code(), error.device_code()), (Code::DeviceFailed, Some(9)));
}

#[test]
fn a_source_behind_a_network() {
    let june = june();
    let imprint = Imprint::of(DATA);
    let remote = |policy: &str| {
        let send = |sent: &[u8]| authority(&june).answer(sent).response.to_der();
        RemoteAuthority::new(send).under_policy(policy).stamp(&imprint)
    };
    let token = remote(POLICY).unwrap();
    assert_eq!(judge(token.der(), Stamped::Imprint(&imprint)).holds(), june.0);
    let error = remote("1.2.3.4.2").err().unwrap();
    let expected = (Code::TimeStampRefused, Some("unacceptedPolicy"));
    assert_eq!((error.code(), error.field_name()), expected);
    let dead = RemoteAuthority::new(|_: &[u8]| Err(Error::new(Code::DeviceUnavailable)));
    assert_eq!(dead.stamp(&imprint).err().unwrap().code(), Code::DeviceUnavailable);
}

#[test]
fn every_status_and_failure_is_read_and_no_other() {
    let info = |parts: &[&[u8]]| sequence(&[&sequence(parts)]);
    for (number, name) in [(2, "rejection"), (3, "waiting"), (4, "revocationWarning")] {
        let response = TimeStampResponse::parse(&info(&[&[2, 1, number]])).unwrap();
        assert_eq!((response.status.name(), response.status.number()), (name, number));
        let request = TimeStampRequest::new(Imprint::of(DATA)).unwrap();
        let error = response.token_for(&request).err().unwrap();
        assert_eq!((error.code(), error.field_name()), (Code::TimeStampRefused, Some(name)));
    }
    assert!(TimeStampResponse::parse(&info(&[&[2, 1, 5]])).is_ok());
    // The bits of the standard, each alone, in their shortest encoding.
    let known = [0, 2, 5, 14, 15, 16, 17, 25];
    for bit in 0..32_usize {
        let mut bytes = vec![0; bit / 8 + 1];
        bytes[bit / 8] = 0x80 >> (bit % 8);
        let unused = u8::try_from(7 - bit % 8).unwrap();
        let der = info(&[&[2, 1, 2], &wrap(tag::BIT_STRING, &[&[unused], &bytes])]);
        match TimeStampResponse::parse(&der) {
            Ok(response) => {
                assert!(known.contains(&bit), "{bit}");
                assert_eq!(response.failures[0].bit(), bit);
                assert_eq!(response.to_der().unwrap(), der);
            }
            Err(error) => {
                assert!(!known.contains(&bit), "{bit}");
                assert_eq!(error.field_name(), Some("failInfo"));
            }
        }
    }
    let all = wrap(tag::BIT_STRING, &[&[6], &[0xa4, 0x03, 0xc0, 0x40]]);
    let response = TimeStampResponse::parse(&info(&[&[2, 1, 2], &all])).unwrap();
    assert_eq!(response.failures.len(), 8);
    let token = sequence(&[]);
    for bad in [
        // An unknown status, a grant without a token, a refusal with one.
        info(&[&[2, 1, 6]]),
        info(&[&[2, 1, 0]]),
        sequence(&[&sequence(&[&[2, 1, 2]]), &token]),
        // A text of another type, and bits that are none.
        info(&[&[2, 1, 2], &sequence(&[&wrap(tag::IA5_STRING, &[b"no"])])]),
        info(&[&[2, 1, 2], &[3, 1, 8]]),
        info(&[&[2, 1, 2], &[3, 0]]),
        info(&[&[2, 1, 2], &[3, 6, 0, 0, 0, 0, 0, 0x80]]),
        vec![],
        vec![0x30, 0],
    ] {
        let error = TimeStampResponse::parse(&bad).unwrap_err();
        assert_eq!(error.code(), Code::BadTimeStamp, "{bad:02x?}");
    }
}

#[test]
fn sizes_and_counts_are_held_to_their_limits() {
    let too_much = |error: Error, limit| {
        assert_eq!((error.code(), error.field_name()), (Code::LimitReached, Some(limit)));
    };
    let padded = |length| vec![0x30; length];
    let error = TimeStampRequest::parse(&padded(TIME_STAMP_REQUEST_BYTES_MAX)).unwrap_err();
    assert_eq!(error.code(), Code::BadTimeStamp);
    let error = TimeStampRequest::parse(&padded(TIME_STAMP_REQUEST_BYTES_MAX + 1)).unwrap_err();
    too_much(error, "TIME_STAMP_REQUEST_BYTES_MAX");
    let error = TimeStampResponse::parse(&padded(TIME_STAMP_RESPONSE_BYTES_MAX)).unwrap_err();
    assert_eq!(error.code(), Code::BadTimeStamp);
    let error = TimeStampResponse::parse(&padded(TIME_STAMP_RESPONSE_BYTES_MAX + 1)).unwrap_err();
    too_much(error, "TIME_STAMP_RESPONSE_BYTES_MAX");
    let error = Token::parse(&padded(TIME_STAMP_BYTES_MAX)).err().unwrap();
    assert_eq!(error.code(), Code::BadCms);
    let error = Token::parse(&padded(TIME_STAMP_BYTES_MAX + 1)).err().unwrap();
    too_much(error, "TIME_STAMP_BYTES_MAX");

    let request = TimeStampRequest::new(Imprint::of(DATA)).unwrap();
    let nonce = |length| {
        let nonce = Some(vec![1; length]);
        TimeStampRequest::parse(&TimeStampRequest { nonce, ..request.clone() }.to_der().unwrap())
    };
    assert!(nonce(TIME_STAMP_NUMBER_BYTES_MAX).is_ok());
    too_much(nonce(TIME_STAMP_NUMBER_BYTES_MAX + 1).unwrap_err(), "TIME_STAMP_NUMBER_BYTES_MAX");
    let extension = sequence(&[&[6, 2, 0x2a, 3], &[4, 0]]);
    let extended = |count| {
        let extensions = wrap(tag::CONTEXT_0, &[&extension.repeat(count)]);
        let der = sequence(&[&[2, 1, 1], &request.imprint.to_der(), &extensions]);
        TimeStampRequest::parse(&der)
    };
    assert_eq!(extended(TIME_STAMP_EXTENSIONS_MAX).unwrap().extensions.len(), 16);
    let error = extended(TIME_STAMP_EXTENSIONS_MAX + 1).unwrap_err();
    too_much(error, "TIME_STAMP_EXTENSIONS_MAX");
    let texts = |count| {
        let text = wrap(tag::UTF8_STRING, &["否".as_bytes()]);
        let info = sequence(&[&[2, 1, 2], &sequence(&[&text.repeat(count)])]);
        TimeStampResponse::parse(&sequence(&[&info]))
    };
    assert_eq!(texts(TIME_STAMP_TEXTS_MAX).unwrap().texts.len(), 16);
    too_much(texts(TIME_STAMP_TEXTS_MAX + 1).unwrap_err(), "TIME_STAMP_TEXTS_MAX");
}

#[test]
fn what_cannot_be_written_is_refused() {
    let request = TimeStampRequest::new(Imprint::of(DATA)).unwrap();
    let extension = Extension { oid: vec![0x2a, 3], critical: false, value: Vec::new() };
    for (bad, field) in [
        (request.clone().under_policy("policy"), "policy"),
        (TimeStampRequest { nonce: Some(vec![]), ..request.clone() }, "nonce"),
        (TimeStampRequest { nonce: Some(vec![0, 1]), ..request.clone() }, "nonce"),
        (TimeStampRequest { extensions: vec![extension], ..request }, "extensions"),
    ] {
        let error = bad.to_der().unwrap_err();
        assert_eq!((error.code(), error.field_name()), (Code::BadArgument, Some(field)));
    }
    let refused = TimeStampResponse::refused(FailInfo::BadAlg, "no");
    assert!(TimeStampResponse { token: Some(vec![0x30, 0]), ..refused }.to_der().is_err());
}

/// OpenSSL's authority cannot sign with SM2, and what it signs with is verified with the feature
/// `international`: without it, what is left is everything but the signature.
#[test]
fn requests_and_answers_of_openssl() {
    for case in load("timestamp/openssl.json") {
        let bytes = case.bytes("request_b64");
        let request = TimeStampRequest::parse(&bytes).unwrap();
        assert_eq!(request.to_der().unwrap(), bytes, "{case}: ours is the same, byte by byte");
        let data = case.bytes("data");
        let hash = request.imprint.hash_algorithm().unwrap();
        assert_eq!(request.imprint.digest, hash.digest(&data), "{case}");
        let response = TimeStampResponse::parse(&case.bytes("response_b64")).unwrap();
        if case.get("granted").unwrap() == false {
            assert_eq!(response.failures[0].name(), case.text("failure"), "{case}");
            assert_eq!(response.token_for(&request).err().unwrap().code(), Code::TimeStampRefused);
            continue;
        }
        let token = response.token_for(&request).unwrap();
        let info = token.info();
        assert_eq!(info.policy, case.text("policy"), "{case}");
        assert_eq!(info.accuracy.map(Accuracy::as_us), Some(1_500_100), "{case}");
        assert!(info.ordering, "{case}");
        let parsed = Certificate::parse_pem_bundle(&case.bytes("certificate_pem")).unwrap();
        let anchor = Certificate::parse_pem_bundle(&case.bytes("anchor_pem")).unwrap();
        let sm3 = TimeStampPolicy::sm3(path_policy());
        let hashes = [HashAlgorithm::Sm3, HashAlgorithm::Sha256];
        let policy = TimeStampPolicy { hashes: &hashes, known: &parsed, ..sm3 };
        let (evidence, trust) = (Evidence::default(), TrustStore::new(anchor));
        let stamped = Stamped::Request(&request);
        let now = info.time;
        let report = verify_token(token.der(), stamped, &evidence, &trust, &policy, now);
        for id in [
            "format",
            "version",
            "signers",
            "time_form",
            "imprint",
            "signing_certificate",
            "purpose",
            "certificate_sent",
            "authority_name",
            "extensions",
            "accuracy",
            "not_ahead",
        ] {
            let id = format!("time_stamp.{id}");
            assert_eq!(outcome(&report, &id), Outcome::Passed, "{case}: {id}");
        }
        let strict = verify_token(token.der(), stamped, &evidence, &trust, &sm3, now);
        let expected = if hash == HashAlgorithm::Sm3 { Outcome::Passed } else { Outcome::Failed };
        assert_eq!(outcome(&strict, "time_stamp.imprint"), expected, "{case}");
        // What was not verified does not hold.
        let holds = cfg!(feature = "international").then_some(info.time);
        assert_eq!(report.holds(), holds, "{case}: {:#?}", report.checks);
    }
}

/// RFC 3161, 4: whether what was stamped before a revocation still counts depends on its reason.
#[test]
fn a_compromised_authority_proves_nothing_of_the_past_either() {
    use crate::pki::crl::{self, Reason};
    let forge = forge::Authority::get();
    let token = forge.stamp(DATA, b"20260601080000Z");
    let trust = TrustStore::new(vec![forge.root.clone()]);
    let path = PathPolicy { revocation: Revocation::Required, ..path_policy() };
    let (policy, now) = (TimeStampPolicy::sm3(path), time("2026-11-01T00:00:00Z"));
    let (this, next) = (time("2026-10-25T00:00:00Z"), time("2026-11-25T00:00:00Z"));
    for (revoked_at, reason, holds) in [
        ("2026-07-01T00:00:00Z", Reason::Superseded, true),
        ("2026-07-01T00:00:00Z", Reason::AffiliationChanged, true),
        ("2026-07-01T00:00:00Z", Reason::CessationOfOperation, true),
        ("2026-05-01T00:00:00Z", Reason::Superseded, false),
        ("2026-07-01T00:00:00Z", Reason::KeyCompromise, false),
        ("2026-07-01T00:00:00Z", Reason::CertificateHold, false),
        // It is written by leaving the reason out.
        ("2026-07-01T00:00:00Z", Reason::Unspecified, false),
    ] {
        let entries = [(forge.certificate.serial(), time(revoked_at), reason)];
        let list = crl::make(&forge.root, &entries, this, next, 1, forge.root_key()).unwrap();
        let evidence = Evidence::new(Vec::new(), vec![list]);
        let report = verify_token(&token, Stamped::Data(DATA), &evidence, &trust, &policy, now);
        let expected: &[_] = if holds { &[] } else { &["time_stamp.authority"] };
        assert_eq!(against(&report), expected, "{revoked_at} {reason:?}");
    }
}

#[test]
fn a_request_that_was_not_parsed_is_held_to_the_same_rules() {
    let june = june();
    let good = TimeStampRequest::new(Imprint::of(DATA)).unwrap();
    let short = Imprint { digest: vec![7; 31], ..good.imprint.clone() };
    for bad in [
        TimeStampRequest { imprint: short, ..good.clone() },
        TimeStampRequest { nonce: Some(vec![0, 1]), ..good.clone() },
        TimeStampRequest { nonce: Some(vec![1; TIME_STAMP_NUMBER_BYTES_MAX + 1]), ..good.clone() },
    ] {
        let answered = authority(&june).answer_request(&bad);
        assert_eq!(answered.response.failures, [FailInfo::BadDataFormat]);
    }
    assert_eq!(authority(&june).answer_request(&good).cause, None);
}
