//! Seals and sealed signatures that are made with time stamps, and the order of the times around them.

use super::{
    tests::{Answer, DOCUMENT, NOW, PASSED, World, against, outcome, revocation, stamped},
    *,
};
use crate::{
    Code,
    licence::{
        issue::{LicenceData, SealingKey, Template, issue},
        seal::{
            SignedValue,
            fixtures::{Look, Office, PATH, bits, time},
            make, make_v5, sign_stamped,
        },
        verify::Verifier,
    },
    pki::{
        cms::Family,
        crl,
        timestamp::{Accuracy, Authority, Register, TimeStampSource, forge, random_serial},
        tlv::{tag, wrap},
    },
    primitives::sm3,
    report::{self, Outcome},
};

/// The time that the authority of the tests has.
struct Still(&'static str);

impl Register for Still {
    fn now(&self) -> Option<UnixTime> {
        Some(time(self.0))
    }

    fn next_serial(&self) -> Result<Vec<u8>, Error> {
        random_serial()
    }
}

fn authority(clock: &Still) -> Authority<'_> {
    let forge = forge::Authority::get();
    Authority {
        signer: forge.key(),
        certificate: forge.certificate.clone(),
        chain: Vec::new(),
        policy: "1.2.3.4.1".to_owned(),
        accuracy: Some(Accuracy::of_s(1)),
        family: Family::Gm,
        register: clock,
    }
}

fn world(now: &str) -> World {
    let anchors = vec![Office::get().root.clone(), forge::Authority::get().root.clone()];
    World::trusting(anchors, now)
}

#[test]
fn what_is_made_with_stamps_holds_when_everything_has_ended() {
    let office = Office::get();
    let (january, june) = (Still("2026-01-01T08:00:00Z"), Still("2026-06-01T00:00:05Z"));
    let v4 = make(&office.description(), &office.maker, &office.maker_key).unwrap();
    let stamps = authority(&january);
    let v5 = |stamps: Option<&dyn TimeStampSource>| {
        make_v5(&office.description(), &office.maker, &office.maker_key, stamps).unwrap()
    };
    let mut world = world("2027-06-01T00:00:00Z");
    world.policy.claimed_time = ClaimedTime::NeedsProof;
    for (seal, version, seal_stamp) in [
        (v4, Version::V4, None),
        (v5(None), Version::V5, Some(Outcome::Skipped)),
        (v5(Some(&stamps)), Version::V5, Some(Outcome::Passed)),
    ] {
        assert_eq!(seal.version(), version);
        let (hash, at) = (sm3::hash(DOCUMENT), time("2026-06-01T00:00:00Z"));
        let (signer, key, stamps) = (&office.signer, &office.signer_key, authority(&june));
        let signed = sign_stamped(&seal, hash, PATH, at, signer, key, &stamps).unwrap();
        let value = SignedValue::parse(&signed).unwrap();
        assert_eq!((value.version(), value.seal().raw()), (version, seal.raw()));
        let report = world.signature(&signed, DOCUMENT);
        assert_eq!(report::conclude(report.checks.iter()), PASSED, "{:#?}", report.checks);
        assert_eq!((report.judged_at, report.proved_at), (at, Some(time(june.0))));
        for id in ["time_order", "seal_at_stamp", "signer_at_stamp", "time_proof"] {
            assert_eq!(outcome(&report.checks, &format!("signature.{id}")), Outcome::Passed);
        }
        if let Some(expected) = seal_stamp {
            assert_eq!(outcome(&report.checks, "seal.time_stamp"), expected);
        }
    }
}

#[test]
fn a_stamp_that_no_verifier_would_accept_is_not_put_in() {
    let office = Office::get();
    let early = Still("2026-01-01T07:59:59Z");
    let stamps = authority(&early);
    let description = office.description();
    let mismatch = |error: Error| {
        let expected = (Code::TimeStampMismatch, Some("genTime"));
        assert_eq!((error.code(), error.field_name()), expected);
    };
    let made = make_v5(&description, &office.maker, &office.maker_key, Some(&stamps));
    mismatch(made.err().unwrap());
    let seal = make(&description, &office.maker, &office.maker_key).unwrap();
    let (hash, at) = (sm3::hash(DOCUMENT), time("2026-06-01T00:00:00Z"));
    let (signer, key) = (&office.signer, &office.signer_key);
    let signed = sign_stamped(&seal, hash, PATH, at, signer, key, &stamps);
    mismatch(signed.err().unwrap());
}

/// Signed, as claimed, on 2026-06-01; the seal ends on 12-31, the signer's certificate a day later.
#[test]
fn each_place_of_a_stamp_among_the_other_times() {
    use SubIndication as Sub;
    let world = world("2027-06-01T00:00:00Z");
    let doubt = (Indication::Indeterminate, Some(Sub::OutOfBoundsNoPoe));
    let order: Answer = (Indication::Failed, Some(Sub::TimestampOrderFailure));
    let (claim, seal) = ("signature.time_order", "signature.seal_at_stamp");
    let (signer, certificate) = ("signature.signer_at_stamp", "signature.signer_certificate");
    for version in [Version::V4, Version::V5] {
        for (stamp, expected, against_it) in [
            (&b"20260601073156Z"[..], PASSED, &[][..]),
            (b"20261231000000Z", PASSED, &[]),
            (b"20261231000001Z", doubt, &[seal]),
            (b"20270102000000Z", doubt, &[certificate, seal, signer]),
            (b"20260601073155Z", order, &[claim]),
            (b"20260101080000Z", order, &[claim]),
            (b"20260101075959Z", order, &[claim, seal]),
        ] {
            let report = world.signature(&stamped(&Look::new(version, DOCUMENT), stamp), DOCUMENT);
            let text = String::from_utf8_lossy(stamp);
            assert_eq!(report::conclude(report.checks.iter()), expected, "{text}");
            assert_eq!(against(&report.checks), against_it, "{text}");
        }
        // Before the signer was certified: nothing but a false stamp can say so.
        let report =
            world.signature(&stamped(&Look::new(version, DOCUMENT), b"20251231235959Z"), DOCUMENT);
        assert_eq!(report::conclude(report.checks.iter()).0, Indication::Failed);
        let ids = against(&report.checks);
        assert!([claim, seal, signer].iter().all(|id| ids.contains(id)), "{ids:?}");
    }
}

#[test]
fn revoked_before_or_after_the_stamp() {
    let (office, stamper) = (Office::get(), forge::Authority::get());
    let (this, next) = (time("2026-10-25T00:00:00Z"), time("2026-11-25T00:00:00Z"));
    let clean = crl::make(&stamper.root, &[], this, next, 1, stamper.root_key()).unwrap();
    let mut world = world(NOW);
    world.policy.revocation = Revocation::Required;
    let doubt = (Indication::Indeterminate, Some(SubIndication::RevokedNoPoe));
    let failed = (Indication::Failed, Some(SubIndication::Revoked));
    let (signer, certificate) = ("signature.signer_at_stamp", "signature.signer_certificate");
    for (revoked_at, expected, against_it) in [
        // After the stamp; between the claim and the stamp; before the claim.
        ("2026-07-01T00:00:01Z", PASSED, &[][..]),
        ("2026-06-15T00:00:00Z", doubt, &[certificate, signer]),
        ("2026-05-01T00:00:00Z", failed, &["seal.maker_certificate", certificate, signer]),
    ] {
        let lists = vec![revocation(office, revoked_at), clean.clone()];
        world.evidence = Evidence::new(Vec::new(), lists);
        let signed = stamped(&Look::new(Version::V4, DOCUMENT), b"20260701000000Z");
        let report = world.signature(&signed, DOCUMENT);
        assert_eq!(report::conclude(report.checks.iter()), expected, "{revoked_at}");
        assert_eq!(against(&report.checks), against_it, "{revoked_at}");
    }
}

#[test]
fn what_does_not_hold_moves_no_time() {
    // The stamp is by nobody who is trusted: the signer is judged at the claimed time.
    let world = World::office();
    let report =
        world.signature(&stamped(&Look::new(Version::V5, DOCUMENT), b"20270102000000Z"), DOCUMENT);
    assert_eq!(report.proved_at, None);
    assert_eq!(against(&report.checks), ["signature.time_stamp"]);
    assert_eq!(outcome(&report.checks, "signature.signer_certificate"), Outcome::Passed);
    assert!(report.checks.iter().all(|check| check.id != "signature.signer_at_stamp"));
    // Nor does a stamp over something else.
    let look = Look::new(Version::V5, DOCUMENT);
    let token = forge::Authority::get().stamp(b"another signature", b"20260601080000Z");
    let field = wrap(tag::CONTEXT_0, &[&bits(&token)]);
    let report = world.signature(&Look { time_stamp: field, ..look }.signed(), DOCUMENT);
    assert_eq!(outcome(&report.checks, "signature.time_stamp"), Outcome::Failed);
}

/// A whole licence, which passes under the strict policy half a year after its signer has ended.
#[test]
fn a_licence_with_a_time_stamp_outlives_its_signer() {
    let (office, june) = (Office::get(), Still("2026-06-01T00:00:05Z"));
    let seal = make(&office.description(), &office.maker, &office.maker_key).unwrap();
    let stamps = authority(&june);
    let stamps: &dyn TimeStampSource = &stamps;
    let csv = include_str!("../../../../../bindings/cli/demo/licences.csv");
    let mut lines = csv.trim_start_matches('\u{feff}').lines();
    let (header, row) = (lines.next().unwrap(), lines.next().unwrap());
    let data = LicenceData::from_fields(header.split(',').zip(row.split(','))).unwrap();
    let templates = Template::built_in();
    let template = Template::choose(&templates, &data).unwrap();
    let (certificate, signer) = (&office.signer, &office.signer_key);
    let anchors = || vec![office.root.clone(), forge::Authority::get().root.clone()];
    let policy = Policy {
        claimed_time: ClaimedTime::NeedsProof,
        revocation: Revocation::NotChecked,
        crl_grace_s: 0,
    };
    let verifier = Verifier::new(TrustStore::new(anchors())).with_policy(policy);
    for (time_stamps, expected) in
        [(Some(stamps), Indication::Passed), (None, Indication::Indeterminate)]
    {
        let key = SealingKey { seal: &seal, certificate, signer, time_stamps };
        let at = time("2026-06-01T00:00:00Z");
        let issued = issue(&data, template, &key, at).unwrap();
        let now = time("2027-06-01T00:00:00Z");
        let report = verifier.report(issued.bytes, None, now).unwrap();
        assert_eq!(report.indication, expected);
    }
}

/// In version 1 a stamp in timeInfo is over the document's digest: whoever holds it can sign later.
#[test]
fn a_stamp_over_the_document_alone_proves_no_signature() {
    let token = forge::Authority::get().stamp(&sm3::hash(DOCUMENT), b"20260601080000Z");
    let signed = Look { time_info: bits(&token), ..Look::new(Version::V1, DOCUMENT) }.signed();
    let at = time("2026-06-01T08:00:00Z");
    let no_proof = (Indication::Indeterminate, Some(SubIndication::OutOfBoundsNoPoe));
    for (now, claimed_time, expected) in [
        (NOW, ClaimedTime::NeedsProof, PASSED),
        // The signer's certificate ended with 2026.
        ("2027-06-01T00:00:00Z", ClaimedTime::NeedsProof, no_proof),
        ("2027-06-01T00:00:00Z", ClaimedTime::Trusted, PASSED),
    ] {
        let mut world = world(now);
        world.policy.claimed_time = claimed_time;
        let report = world.signature(&signed, DOCUMENT);
        assert_eq!(report::conclude(report.checks.iter()), expected, "{now} {claimed_time:?}");
        assert_eq!((report.judged_at, report.proved_at), (at, None));
    }
}
