//! OCSP answers as evidence where a path is judged: they count like fresh lists.

use super::*;
use crate::{
    pki::{
        crl,
        x509::{
            Evidence, PathPolicy, PathReport, Revocation, Role, Times, TrustStore,
            issue::{Profile, Subject, Terms, issue_for},
            verify_path,
        },
    },
    primitives::sm2::PrivateKey,
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
