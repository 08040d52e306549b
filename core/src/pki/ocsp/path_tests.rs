//! OCSP answers as evidence where a path is judged: they count like fresh lists.

use super::*;
use crate::{
    pki::{
        crl,
        tlv::{sequence, tag, wrap},
        x509::{
            Evidence, PathPolicy, PathReport, Revocation, Role, Times, TrustStore,
            issue::{Profile, Subject, Terms, issue_for},
            verify_path,
        },
    },
    primitives::sm2::{DistId, PrivateKey},
    report::{Check, Indication, Outcome},
};

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_unix_s(seconds).unwrap()
}

fn key(number: u8) -> PrivateKey {
    PrivateKey::from_bytes(&[number; 32]).unwrap()
}

/// A root (key 1), a signer (key 2) and a responder (key 3) under it, valid from 1000 to 9000; signed at
/// 1500, judged at 2500.
struct World {
    root: Certificate,
    signer: Certificate,
    responder: Certificate,
    crls: Vec<crl::Crl>,
}

const NO_REASON: Option<Reason> = None;

impl World {
    fn new() -> Self {
        let certificate = |name: &str, profile, number: u8, issuer: Option<&Certificate>| {
            let subject = Subject { common_name: name.into(), ..Subject::default() };
            let mut terms = Terms::new(profile, at(1000), at(9000));
            terms.serial = Some(vec![number]);
            issue_for(&subject, key(number).public(), &terms, issuer, &key(1)).unwrap()
        };
        let root = certificate("root", Profile::Root, 1, None);
        let signer = certificate("signer", Profile::Signer, 2, Some(&root));
        let responder = certificate("responder", Profile::OcspResponder, 3, Some(&root));
        Self { root, signer, responder, crls: Vec::new() }
    }

    /// Answered at 2000, good until 3000.
    fn answer(&self, status: CertificateStatus) -> Response {
        let request = Request::new(&self.signer, &self.root, Hash::Sm3).unwrap();
        let key = key(3);
        let responder = Responder::new(&self.root, &self.responder, &key).unwrap();
        responder.respond(&request, at(2000), at(3000), |_| status).unwrap()
    }

    fn judge(&self, responses: Vec<Response>, validation: i64) -> PathReport {
        let trust = TrustStore::new(vec![self.root.clone()]);
        let evidence = Evidence::new(Vec::new(), self.crls.clone()).with_ocsp(responses);
        let revocation = Revocation::Required;
        let policy = PathPolicy { role: Role::SealSigner, revocation, crl_grace_s: 0 };
        let times = Times { signing: at(1500), validation: at(validation) };
        verify_path(&self.signer, &evidence, &trust, &policy, times)
    }
}

fn revocation(report: &PathReport) -> &Check {
    report.checks().find(|check| check.id == "certificate.revocation").unwrap()
}

#[test]
fn a_fresh_answer_counts_like_a_fresh_list() {
    let world = World::new();
    let open = world.judge(vec![], 2500);
    assert_eq!(open.indication, Indication::Indeterminate);
    let good = world.answer(CertificateStatus::Good);
    let report = world.judge(vec![good.clone(), good.clone()], 2500);
    assert!(report.passed(), "{report:#?}");
    let check = revocation(&report);
    assert_eq!(check.evidence["ocsp_responder"], "CN=responder");
    assert_eq!(check.evidence["authority"], "delegated");
    for validation in [1999, 3001] {
        let report = world.judge(vec![good.clone()], validation);
        assert_eq!(revocation(&report).outcome, Outcome::Indeterminate, "{validation}");
    }
    let unknown = world.answer(CertificateStatus::Unknown);
    let report = world.judge(vec![unknown.clone()], 2500);
    assert_eq!(report.indication, Indication::Indeterminate);
    assert!(revocation(&report).text.en.contains("does not know"));
}

#[test]
fn revoked_before_or_after_signing() {
    let world = World::new();
    let judge = |seconds, reason, validation| {
        let status = CertificateStatus::Revoked { at: at(seconds), reason };
        let good = world.answer(CertificateStatus::Good);
        world.judge(vec![good, world.answer(status)], validation)
    };
    for (seconds, outcome) in [(1500, Outcome::Failed), (1501, Outcome::Passed)] {
        let report = judge(seconds, Some(Reason::KeyCompromise), 2500);
        assert_eq!(revocation(&report).outcome, outcome, "{report:#?}");
        assert_eq!(revocation(&report).evidence["reason"], "keyCompromise");
        let since = report.checks().any(|check| check.id == "certificate.revoked_since");
        assert_eq!(since, outcome == Outcome::Passed);
    }
    // However old the answer is; a suspension may have ended.
    let report = judge(1200, NO_REASON, 8000);
    assert_eq!(revocation(&report).outcome, Outcome::Failed);
    let report = judge(1200, Some(Reason::CertificateHold), 2500);
    assert_eq!(revocation(&report).outcome, Outcome::Failed);
    let report = judge(1200, Some(Reason::CertificateHold), 8000);
    assert_eq!(revocation(&report).outcome, Outcome::Indeterminate);
    // Also against a fresh list that does not name it.
    let mut world = World::new();
    world.crls = vec![crl::make(&world.root, &[], at(2400), at(2600), 1, &key(1)).unwrap()];
    assert!(world.judge(vec![], 2500).passed());
    let status = CertificateStatus::Revoked { at: at(1200), reason: NO_REASON };
    let report = world.judge(vec![world.answer(status)], 2500);
    assert_eq!(revocation(&report).outcome, Outcome::Failed);
}

#[test]
fn answers_that_prove_nothing() {
    let mut world = World::new();
    let good = world.answer(CertificateStatus::Good);
    // Changed: the signature does not hold, and the report says so.
    let mut der = good.der().to_vec();
    let last = der.windows(3).rposition(|it| it == b"\x18\x0f1").unwrap() + 16;
    der[last - 1] ^= 1;
    let changed = Response::parse(&der).unwrap();
    let report = world.judge(vec![changed], 2500);
    assert_eq!(revocation(&report).outcome, Outcome::Indeterminate);
    assert_eq!(revocation(&report).evidence["ocsp_refused"], "ocsp.signature");
    // Another certificate's of the same serial number.
    let other = World {
        root: {
            let subject = Subject { common_name: "other".into(), ..Subject::default() };
            let terms = Terms::new(Profile::Root, at(1000), at(9000));
            issue_for(&subject, key(1).public(), &terms, None, &key(1)).unwrap()
        },
        ..World::new()
    };
    let report = other.judge(vec![good.clone()], 2500);
    assert_eq!(report.indication, Indication::Indeterminate);
    // The responder was revoked.
    let entry: (&[u8], UnixTime, Reason) = (&[3], at(1100), Reason::KeyCompromise);
    world.crls = vec![crl::make(&world.root, &[entry], at(1200), at(1300), 1, &key(1)).unwrap()];
    let report = world.judge(vec![good], 2500);
    assert_eq!(revocation(&report).outcome, Outcome::Indeterminate, "{report:#?}");
}

impl World {
    /// A response by hand, made by `responder` with the key `number`: the status, producedAt, thisUpdate
    /// and nextUpdate, and the extensions of the one answer.
    fn by_hand(
        &self,
        (responder, number): (&Certificate, u8),
        status: &[u8],
        times: [i64; 3],
        extensions: &[Vec<u8>],
    ) -> Response {
        let id = CertId::new(&self.signer, &self.root, Hash::Sm3).unwrap();
        let [produced, this, next] = times.map(time);
        let extensions = match extensions {
            [] => vec![],
            list => wrap(tag::CONTEXT_1, &[&sequence(&[&list.concat()])]),
        };
        let next = wrap(tag::CONTEXT_0, &[&next]);
        let single = sequence(&[&id.der, status, &this, &next, &extensions]);
        let key_hash = Hash::Sha1.of(id::key_bits(responder).unwrap());
        let by_key = wrap(tag::CONTEXT_2, &[&wrap(tag::OCTET_STRING, &[&key_hash])]);
        let data = sequence(&[&by_key, &produced, &sequence(&[&single])]);
        let signature = key(number).sign(&data, &DistId::DEFAULT).unwrap().to_der();
        let basic = sequence(&[
            &data,
            &sequence(&[&wrap(tag::OID, &[crate::pki::algorithm::oid::SM2_WITH_SM3])]),
            &wrap(tag::BIT_STRING, &[&[0], &signature]),
            &wrap(tag::CONTEXT_0, &[&sequence(&[responder.der()])]),
        ]);
        let bytes =
            sequence(&[&wrap(tag::OID, &[oid::BASIC]), &wrap(tag::OCTET_STRING, &[&basic])]);
        let successful = [0x0a, 1, 0];
        Response::parse(&sequence(&[&successful, &wrap(tag::CONTEXT_0, &[&bytes])])).unwrap()
    }
}

const GOOD: &[u8] = &[0x80, 0];

fn time(seconds: i64) -> Vec<u8> {
    let time = at(seconds).to_string();
    let digits: String = time.chars().filter(char::is_ascii_digit).collect();
    wrap(tag::GENERALIZED_TIME, &[digits.as_bytes(), b"Z"])
}

fn extension(oid: &[u8], critical: &[u8], value: &[u8]) -> Vec<u8> {
    sequence(&[&wrap(tag::OID, &[oid]), critical, &wrap(tag::OCTET_STRING, &[value])])
}

#[test]
fn an_invalidity_date_in_an_answer_counts() {
    const INVALIDITY_DATE: &[u8] = &[0x55, 0x1d, 24];
    let world = World::new();
    let responder = (&world.responder, 3);
    let revoked = wrap(tag::CONTEXT_1, &[&time(1600)]);
    let judge = |extensions: &[Vec<u8>]| {
        let response = world.by_hand(responder, &revoked, [2000, 2000, 3000], extensions);
        (revocation(&world.judge(vec![response.clone()], 2500)).clone(), response)
    };
    assert_eq!(judge(&[]).0.outcome, Outcome::Passed);
    for critical in [&[][..], &[1, 1, 0xff]] {
        let (check, response) = judge(&[extension(INVALIDITY_DATE, critical, &time(1400))]);
        assert_eq!(check.outcome, Outcome::Failed, "{check:?}");
        assert_eq!(check.evidence["invalid_since"], at(1400).to_string());
        let question = Question::new(&world.signer, &world.root, at(2500));
        let answer = response.verify(&question).unwrap().into_value();
        assert_eq!(answer.invalid_since, Some(at(1400)));
    }
    let dates = [1700, 1400].map(|seconds| extension(INVALIDITY_DATE, &[], &time(seconds)));
    assert_eq!(judge(&dates).0.outcome, Outcome::Failed);
    // One that cannot be read: such an answer is not used.
    let (check, _) = judge(&[extension(INVALIDITY_DATE, &[], &[5, 0])]);
    assert_eq!(check.evidence["ocsp_refused"], "ocsp.critical_extensions");
}

#[test]
fn a_responder_whose_certificate_has_ended_says_nothing_new() {
    let world = World::new();
    let subject = Subject { common_name: "responder".into(), ..Subject::default() };
    let terms = Terms::new(Profile::OcspResponder, at(1000), at(2200));
    let ended = issue_for(&subject, key(4).public(), &terms, Some(&world.root), &key(1)).unwrap();
    // Dated back into the validity, and made to hold for long.
    let response = world.by_hand((&ended, 4), GOOD, [2200, 2200, 9000], &[]);
    assert!(world.judge(vec![response.clone()], 2200).passed());
    let report = world.judge(vec![response.clone()], 2201);
    assert_eq!(revocation(&report).outcome, Outcome::Indeterminate, "{report:#?}");
    let question = |seconds| Question::new(&world.signer, &world.root, at(seconds));
    assert!(response.verify(&question(2200)).is_ok());
    let report = response.verify(&question(2201)).unwrap_err().report;
    let deciding = report.checks.iter().find(|check| check.counts_against()).unwrap();
    assert_eq!(deciding.id, "ocsp.freshness");
    // That a certificate was revoked for good does not end.
    let revoked = wrap(tag::CONTEXT_1, &[&time(1400)]);
    let response = world.by_hand((&ended, 4), &revoked, [2200, 2200, 9000], &[]);
    let report = world.judge(vec![response], 2201);
    assert_eq!(revocation(&report).outcome, Outcome::Failed);
}

#[test]
fn the_responder_is_looked_for_in_lists_of_his_own_kind() {
    // The certificate in question is an authority's, the responder a user: two lists.
    let mut world = World::new();
    let subject = Subject { common_name: "ca".into(), ..Subject::default() };
    let terms = Terms::new(Profile::IssuingCa { path_length: 0 }, at(1000), at(9000));
    world.signer =
        issue_for(&subject, key(2).public(), &terms, Some(&world.root), &key(1)).unwrap();
    let good = world.by_hand((&world.responder, 3), GOOD, [2000, 2000, 3000], &[]);
    let judge = |crls: Vec<crl::Crl>| {
        let trust = TrustStore::new(vec![world.root.clone()]);
        let evidence = Evidence::new(Vec::new(), crls).with_ocsp([good.clone()]);
        let (role, revocation) = (Role::Any, Revocation::Required);
        let policy = PathPolicy { role, revocation, crl_grace_s: 0 };
        verify_path(&world.signer, &evidence, &trust, &policy, Times::both(at(2500)))
    };
    assert!(judge(vec![]).passed());
    let users = |entries: &[crl::Entry<'_>]| {
        let (this_update, next_update) = (at(1200), at(1300));
        let kind = crl::Kind::User;
        let list = crl::NewList { entries, this_update, next_update, number: 1, kind };
        list.sign(&world.root, &key(1)).unwrap()
    };
    assert!(judge(vec![users(&[])]).passed());
    let (reason, invalid_since) = (Reason::KeyCompromise, None);
    let entry = crl::Entry { serial: &[3], at: at(1100), reason, invalid_since };
    let report = judge(vec![users(&[entry])]);
    let check = revocation(&report);
    assert_eq!(check.outcome, Outcome::Indeterminate, "{report:#?}");
    assert_eq!(check.evidence["ocsp_refused"], "ocsp.responder_revocation");
}

#[test]
fn a_good_answer_after_expiry_covers_only_what_the_responder_keeps() {
    const ARCHIVE_CUTOFF: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1, 6];
    let mut world = World::new();
    let subject = Subject { common_name: "signer".into(), ..Subject::default() };
    let mut terms = Terms::new(Profile::Signer, at(1000), at(1800));
    terms.serial = Some(vec![2]);
    world.signer =
        issue_for(&subject, key(2).public(), &terms, Some(&world.root), &key(1)).unwrap();
    let responder = (&world.responder, 3);
    let answer = |times, extensions: &[Vec<u8>]| world.by_hand(responder, GOOD, times, extensions);
    let late = answer([2000, 2000, 3000], &[]);
    let report = world.judge(vec![late.clone()], 2500);
    assert_eq!(report.indication, Indication::Indeterminate);
    let open = report.checks().find(|check| check.counts_against()).unwrap();
    assert_eq!(open.id, "certificate.revocation_coverage");
    // With an answer from between the signing (1500) and the expiry, stale as it is.
    for (this, good) in [(1499, false), (1500, true), (1800, true), (1801, false)] {
        let earlier = answer([this, this, this + 1], &[]);
        assert_eq!(world.judge(vec![late.clone(), earlier], 2500).passed(), good, "{this}");
    }
    for (cutoff, good) in [(1800, true), (1801, false)] {
        let cutoff = extension(ARCHIVE_CUTOFF, &[], &time(cutoff));
        let keeps = answer([2000, 2000, 3000], &[cutoff]);
        assert_eq!(world.judge(vec![keeps], 2500).passed(), good);
    }
}

#[test]
fn pinned_responders_answer_for_what_is_below_the_anchors() {
    let world = World::new();
    let pin = {
        let subject = Subject { common_name: "central".into(), ..Subject::default() };
        let terms = Terms::new(Profile::Root, at(1000), at(9000));
        issue_for(&subject, key(7).public(), &terms, None, &key(7)).unwrap()
    };
    let good = world.by_hand((&pin, 7), GOOD, [2000, 2000, 3000], &[]);
    let judge = |responders: Vec<Certificate>| {
        let trust = TrustStore::new(vec![world.root.clone()]).with_responders(responders);
        let evidence = Evidence::default().with_ocsp([good.clone()]);
        let (role, revocation) = (Role::SealSigner, Revocation::Required);
        let policy = PathPolicy { role, revocation, crl_grace_s: 0 };
        verify_path(&world.signer, &evidence, &trust, &policy, Times::both(at(2500)))
    };
    let report = judge(vec![pin.clone()]);
    assert!(report.passed(), "{report:#?}");
    assert_eq!(revocation(&report).evidence["authority"], "pinned");
    let report = judge(vec![world.responder.clone()]);
    assert_eq!(report.indication, Indication::Indeterminate);
    assert_eq!(revocation(&report).evidence["ocsp_refused"], "ocsp.responder");
    // To be trusted for answers is not to be trusted for certificates.
    let trust = TrustStore::new(vec![]).with_responders(vec![world.root.clone()]);
    let (role, revocation) = (Role::Any, Revocation::NotChecked);
    let policy = PathPolicy { role, revocation, crl_grace_s: 0 };
    let evidence = Evidence::default();
    let report = verify_path(&world.signer, &evidence, &trust, &policy, Times::both(at(2500)));
    assert_eq!(report.indication, Indication::Indeterminate);
}
