//! Real sealed files made by another implementation (`../shared/samples`), each with the outcome that an
//! honest verification must reach.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixtures;

use yinxin::{
    UnixTime,
    licence::{
        seal::{Seal, SignedValue, verify::Context, verify_seal},
        verify::{ClaimedTime, Policy, Report, SignatureReport, Verifier},
    },
    pki::x509::{Evidence, TrustStore},
    report::{Check, Indication, Outcome, SubIndication},
};
use yinxin_vectors::shared;

use fixtures::{pkcs12, sample_policy as policy, sample_root as root, sample_verifier as verifier};

/// Inside the validity of the samples' certificates (2020-04-21 to 2022-04-21).
const THEN: &str = "2021-06-01T00:00:00Z";
/// After it.
const NOW: &str = "2026-11-25T00:00:00Z";

fn time(text: &str) -> UnixTime {
    UnixTime::parse_rfc3339(text).unwrap()
}

fn read(name: &str) -> Option<Vec<u8>> {
    shared(&format!("samples/{name}")).map(|path: std::path::PathBuf| std::fs::read(path).unwrap())
}

fn report(verifier: &Verifier, name: &str, at: &str) -> Option<Report> {
    let bytes = read(&format!("ofd/{name}"))?;
    Some(verifier.report(bytes, Some(name), time(at)).unwrap())
}

fn check<'a>(signature: &'a SignatureReport, id: &str) -> &'a Check {
    signature
        .checks
        .iter()
        .find(|check| check.id == id)
        .unwrap_or_else(|| panic!("no check {id} in {:#?}", signature.checks))
}

fn outcome(signature: &SignatureReport, id: &str) -> Outcome {
    check(signature, id).outcome
}

/// Digests, seal signature and signed value hold.
fn assert_sound(signature: &SignatureReport, references: usize) {
    for id in
        ["signature.references", "seal.signature", "signature.value", "signature.document_hash"]
    {
        assert_eq!(outcome(signature, id), Outcome::Passed, "{id}: {:#?}", check(signature, id));
    }
    let evidence = &check(signature, "signature.references").evidence;
    assert_eq!(evidence["good"], references.to_string());
    assert_eq!(evidence["references"], references.to_string());
}

#[test]
fn t01_is_sound_and_locked_and_trust_depends_on_the_anchors() {
    let (Some(root), name) = (root(), "t01_allprotected_v4.ofd") else { return };
    let trusted = verifier(vec![root]);
    for at in [THEN, NOW] {
        let report = report(&trusted, name, at).unwrap();
        let [signature] = &report.signatures[..] else { panic!("{report:#?}") };
        assert_sound(signature, 6);
        assert!(signature.coverage.signature_list_covered);
        assert!(signature.coverage.main_file_covered);
        assert_eq!(report.indication, Indication::Passed, "{report:#?}");
    }
    // A claimed time proves nothing once the certificate has ended, if proof is demanded.
    let strict = Policy { claimed_time: ClaimedTime::NeedsProof, ..policy() };
    let strict = trusted.with_policy(strict);
    let later = report(&strict, name, NOW).unwrap();
    assert_eq!(later.indication, Indication::Indeterminate, "{later:#?}");
    let stranger = report(&verifier(vec![]), name, NOW).unwrap();
    assert_sound(&stranger.signatures[0], 6);
    assert_eq!(stranger.indication, Indication::Indeterminate);
    assert_eq!(stranger.sub_indication, Some(SubIndication::NoCertificateChainFound));
}

#[test]
fn t02_is_sound_but_signed_after_the_certificate_ended() {
    let Some(root) = root() else { return };
    let report = report(&verifier(vec![root]), "t02_SESV4SignDoc.ofd", NOW).unwrap();
    let signature = &report.signatures[0];
    assert_eq!(outcome(signature, "signature.value"), Outcome::Passed);
    assert_eq!(outcome(signature, "signature.document_hash"), Outcome::Passed);
    assert_eq!(outcome(signature, "signature.references"), Outcome::Passed);
    assert_eq!(report.indication, Indication::Failed, "{report:#?}");
    assert_eq!(report.sub_indication, Some(SubIndication::Expired), "{report:#?}");
}

#[test]
fn t03_riding_seal_is_sound() {
    let Some(root) = root() else { return };
    let report = report(&verifier(vec![root]), "t03_V4RideRight.ofd", THEN).unwrap();
    assert_sound(&report.signatures[0], 9);
    assert_eq!(report.indication, Indication::Passed, "{report:#?}");
}

#[test]
fn t04_second_signature_changed_the_list_that_the_first_covers() {
    let Some(root) = root() else { return };
    let name = "t04_h_two_sigs_list_changed.ofd";
    let report = report(&verifier(vec![root]), name, THEN).unwrap();
    let [first, second] = &report.signatures[..] else { panic!("{report:#?}") };
    let references = check(first, "signature.references");
    assert_eq!(references.outcome, Outcome::Failed);
    assert_eq!(references.sub_indication, Some(SubIndication::HashFailure));
    assert_eq!((&*references.evidence["good"], &*references.evidence["references"]), ("8", "9"));
    assert_sound(second, 11);
    assert_eq!(report.indication, Indication::Failed);
}

#[test]
fn t05_bare_value_needs_a_certificate_from_outside() {
    let name = "t05_DigitalSign_rawDER.ofd";
    let (Some(root), Some(user)) = (root(), pkcs12("USER.p12", "777777")) else { return };
    let without = report(&verifier(vec![root.clone()]), name, THEN).unwrap();
    assert_eq!(without.indication, Indication::Indeterminate, "{without:#?}");
    assert_eq!(without.sub_indication, Some(SubIndication::NoSigningCertificateFound));
    let with = verifier(vec![root]).with_signer_certificates(vec![user]);
    let report = report(&with, name, THEN).unwrap();
    let signature = &report.signatures[0];
    assert_eq!(outcome(signature, "cms.signature"), Outcome::Passed, "{report:#?}");
    assert_eq!(outcome(signature, "signature.references"), Outcome::Passed);
    assert_eq!(report.indication, Indication::Passed, "{report:#?}");
}

#[test]
fn t08_package_integrity_list_holds() {
    let Some(root) = root() else { return };
    let name = "t08_hello-integrity_gmt0099.ofd";
    let report = report(&verifier(vec![root]), name, NOW).unwrap();
    for id in ["integrity.list", "cms.signature", "cms.message_digest"] {
        let check = report.document.checks.iter().find(|check| check.id == id);
        assert_eq!(check.map(|check| check.outcome), Some(Outcome::Passed), "{id}: {report:#?}");
    }
    assert!(report.signatures.is_empty());
    assert_eq!(report.indication, Indication::Indeterminate);
    assert_eq!(report.sub_indication, Some(SubIndication::NoSignatureFound));
}

#[test]
fn t09_and_t10_carry_no_signature_and_say_so() {
    for name in ["t09_namespace_no_std.ofd", "t10_fptpl_dangling_signatures.ofd"] {
        let Some(report) = report(&verifier(vec![]), name, NOW) else { return };
        assert!(report.signatures.is_empty(), "{name}");
        assert_eq!(report.indication, Indication::Indeterminate, "{name}: {report:#?}");
        assert_eq!(report.sub_indication, Some(SubIndication::NoSignatureFound), "{name}");
        let list = report.document.checks.iter().find(|check| check.id == "document.signatures");
        let dangling = list.is_some_and(|check| check.evidence.contains_key("missing"));
        assert_eq!(dangling, name.starts_with("t10"), "{name}");
    }
}

#[test]
fn seals_of_every_edition_verify() {
    let Some(root) = root() else { return };
    let trust = TrustStore::new(vec![root]);
    let (evidence, policy) = (Evidence::default(), policy());
    for name in ["UserV1.esl", "UserV4.esl", "UserV5.esl", "UserV5_ts.esl"] {
        let seal = Seal::parse(&read(&format!("ses/{name}")).unwrap()).unwrap();
        let at = seal.valid_from();
        let context = Context { trust: &trust, evidence: &evidence, policy, cache: None, now: at };
        let report = verify_seal(&seal, &context, at);
        let find = |id: &str| report.checks.iter().find(|check| check.id == id);
        let signature = find("seal.signature").unwrap();
        assert_eq!(signature.outcome, Outcome::Passed, "{name}: {signature:#?}");
        let stamp = find("seal.time_stamp").filter(|check| check.outcome != Outcome::Skipped);
        assert_eq!(stamp.is_some(), name == "UserV5_ts.esl", "{name}: {stamp:#?}");
        assert!(stamp.is_none_or(|check| check.outcome == Outcome::Failed), "{name}: {stamp:#?}");
    }
    for name in ["SignedValueV4.dat", "SignedValueV5.dat"] {
        let value = SignedValue::parse(&read(&format!("ses/{name}")).unwrap()).unwrap();
        assert!(value.signed_at().is_some(), "{name}");
    }
}

#[test]
fn every_sample_is_in_a_test() {
    let Some(folder) = shared("samples/ofd") else { return };
    let source = include_str!("samples.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(source.contains(&name), "{name} has no test");
    }
}
