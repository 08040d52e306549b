use std::io::{Cursor, Read as _};

use yinxin_vectors::{load, load_shared};

use super::*;
use crate::{
    Code,
    licence::seal::{
        Seal, SignedValue,
        fixtures::{Look, Office, PATH, bits, octets, sample, time},
        make, sign,
    },
    pki::{
        crl::{self, Crl, Reason},
        timestamp::forge::Authority,
        tlv::{self, sequence, tag, wrap},
    },
    primitives::sm3,
    report::{self, Level, Outcome},
};

pub(super) const DOCUMENT: &[u8] = b"<Signature>what is sealed</Signature>";
pub(super) const VERSIONS: [Version; 3] = [Version::V1, Version::V4, Version::V5];
pub(super) const NOW: &str = "2026-11-01T00:00:00Z";
const LENIENT: Policy = Policy {
    claimed_time: ClaimedTime::Trusted,
    revocation: Revocation::NotChecked,
    crl_grace_s: 0,
};

pub(super) type Answer = (Indication, Option<SubIndication>);
pub(super) const PASSED: Answer = (Indication::Passed, None);

/// Trust in one root, with a policy, at a time.
pub(super) struct World {
    trust: TrustStore,
    pub(super) evidence: Evidence,
    pub(super) policy: Policy,
    now: UnixTime,
}

impl World {
    fn new(root: &Certificate, now: &str) -> Self {
        Self::trusting(vec![root.clone()], now)
    }

    pub(super) fn trusting(anchors: Vec<Certificate>, now: &str) -> Self {
        let trust = TrustStore::new(anchors);
        Self { trust, evidence: Evidence::default(), policy: LENIENT, now: time(now) }
    }

    /// Trusts the root of ofdrw's samples, an authority that forgot keyCertSign.
    pub(super) fn ofdrw() -> Self {
        let cases = load("seal/ofdrw_root.json");
        let root = Certificate::parse_pem_bundle(&cases[0].bytes("certificate_pem")).unwrap();
        Self::new(&root[0], NOW)
    }

    pub(super) fn office() -> Self {
        Self::new(&Office::get().root, NOW)
    }

    pub(super) fn context(&self) -> Context<'_> {
        let Self { trust, evidence, policy, now } = self;
        Context { trust, evidence, policy: *policy, cache: None, now: *now }
    }

    pub(super) fn signature(&self, signed: &[u8], document: &[u8]) -> SignatureReport {
        let value = SignedValue::parse(signed).unwrap();
        let method = Some("1.2.156.10197.1.501");
        let document = SealedDocument { hash: sm3::hash(document), path: Some(PATH), method };
        verify_signed_value(&value, &document, &self.context())
    }

    fn answer(&self, look: &Look) -> Answer {
        report::conclude(self.signature(&look.signed(), DOCUMENT).checks.iter())
    }
}

pub(super) fn outcome(checks: &[Check], id: &str) -> Outcome {
    let found: Vec<_> = checks.iter().filter(|check| check.id == id).collect();
    assert_eq!(found.len(), 1, "{id}: {checks:#?}");
    found[0].outcome
}

/// The ids of the required checks that did not pass.
pub(super) fn against(checks: &[Check]) -> Vec<&'static str> {
    checks.iter().filter(|check| check.counts_against()).map(|check| check.id).collect()
}

#[test]
fn seals_of_another_implementation() {
    let world = World::ofdrw();
    for (name, at, expected) in [
        ("UserV1.esl", "2021-01-01T00:00:00Z", &[][..]),
        ("UserV4.esl", "2021-01-01T00:00:00Z", &[]),
        ("UserV4.esl", "2020-04-22T02:08:59Z", &["seal.validity"]),
        // The maker's certificate ended on 2022-04-21, half a day before the seal.
        ("UserV4.esl", "2022-04-21T14:39:39Z", &["seal.maker_certificate"]),
        ("UserV4.esl", "2023-01-01T00:00:00Z", &["seal.maker_certificate", "seal.validity"]),
        // Made in 2026 with a maker's certificate that had ended in 2022.
        (
            "UserV5.esl",
            "2026-06-01T00:00:00Z",
            &["seal.created_in_maker_validity", "seal.maker_certificate"],
        ),
        (
            "UserV5_ts.esl",
            "2026-06-01T00:00:00Z",
            &["seal.created_in_maker_validity", "seal.maker_certificate", "seal.time_stamp"],
        ),
    ] {
        let Some(bytes) = sample(&format!("ses/{name}")) else { return };
        let seal = Seal::parse(&bytes).unwrap();
        let report = verify_seal(&seal, &world.context(), time(at));
        assert_eq!(against(&report.checks), expected, "{name} at {at}");
        assert_eq!(outcome(&report.checks, "seal.signature"), Outcome::Passed, "{name}");
    }
}

#[test]
fn published_seals() {
    let Some(cases) = load_shared("seal/eseal.json") else { return };
    let world = World::ofdrw();
    for case in cases {
        let bytes = case.bytes("der_b64");
        let valid = case.get("verified").is_some_and(|value| value.as_bool() == Some(true));
        let expected = if valid { Outcome::Passed } else { Outcome::Failed };
        if let Ok(value) = SignedValue::parse(&bytes) {
            let report = world.signature(&bytes, DOCUMENT);
            assert_eq!(outcome(&report.checks, "signature.value"), expected, "{case}");
            assert_eq!(outcome(&report.checks, "signature.document_hash"), Outcome::Failed);
            assert_eq!(outcome(&report.checks, "seal.signature"), expected, "{case}");
            assert!(value.seal().lists(value.signer_certificate()), "{case}");
        } else {
            let seal = Seal::parse(&bytes).unwrap();
            let report = verify_seal(&seal, &world.context(), seal.created());
            assert_eq!(outcome(&report.checks, "seal.signature"), expected, "{case}");
        }
    }
}

/// A file of a sample package.
fn entry(package: &str, name: &str) -> Option<Vec<u8>> {
    let mut archive =
        zip::ZipArchive::new(Cursor::new(sample(&format!("ofd/{package}"))?)).unwrap();
    let mut bytes = Vec::new();
    archive.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
    Some(bytes)
}

#[test]
fn sealed_documents_of_another_implementation() {
    let world = World::ofdrw();
    let late = &["seal.maker_certificate", "seal.validity", "signature.signer_certificate"];
    let late = [&late[..], &["signature.time"]].concat();
    for (package, folder, expected) in [
        ("t01_allprotected_v4.ofd", "Sign_0", &[][..]),
        ("t02_SESV4SignDoc.ofd", "Sign_0", &late[..]),
        ("t03_V4RideRight.ofd", "Sign_0", &[]),
        ("t04_h_two_sigs_list_changed.ofd", "Sign_0", &[]),
        ("t04_h_two_sigs_list_changed.ofd", "Sign_1", &[]),
    ] {
        let file = |name: &str| entry(package, &format!("Doc_0/Signs/{folder}/{name}"));
        let Some(document) = file("Signature.xml") else { return };
        let value = SignedValue::parse(&file("SignedValue.dat").unwrap()).unwrap();
        assert_eq!(value.seal().raw(), file("Seal.esl").unwrap(), "{package}");
        let path = format!("/Doc_0/Signs/{folder}/Signature.xml");
        let method = Some("1.2.156.10197.1.501");
        let document = SealedDocument { hash: sm3::hash(&document), path: Some(&path), method };
        let report = verify_signed_value(&value, &document, &world.context());
        assert_eq!(against(&report.checks), expected, "{package} {folder}");
        assert_eq!(outcome(&report.checks, "signature.property"), Outcome::Passed, "{package}");
    }
}

#[test]
fn every_version_passes_with_every_quirk() {
    let world = World::office();
    for version in VERSIONS {
        let plain = Look::new(version, DOCUMENT);
        assert_eq!(world.answer(&plain), PASSED, "{version:?}");
        let extension = sequence(&[&[6, 2, 0x2a, 3], &[1, 1, 0xff], &[4, 0]]);
        let quirky = Look {
            raw_signatures: true,
            sign_info_in_bits: true,
            seal_extensions: sequence(&[&extension]),
            extensions: wrap(tag::CONTEXT_0, &[&sequence(&[&extension])]),
            ..plain.clone()
        };
        let report = world.signature(&quirky.signed(), DOCUMENT);
        assert_eq!(report::conclude(report.checks.iter()), PASSED, "{version:?}");
        for id in ["seal.signature_encoding", "signature.encoding"] {
            assert_eq!(outcome(&report.checks, id), Outcome::Failed);
        }
        assert_eq!(outcome(&report.checks, "seal.critical_extensions"), Outcome::Indeterminate);
        // SM2 under other identifiers: 301.1, and 501 misspelt.
        for algorithm in [
            &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x01][..],
            &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x83, 0x75],
        ] {
            let look = Look { algorithm: algorithm.to_vec(), ..plain.clone() };
            let report = world.signature(&look.signed(), DOCUMENT);
            assert_eq!(report::conclude(report.checks.iter()), PASSED);
            let check = report.checks.iter().find(|check| check.id == "signature.algorithm");
            assert_eq!(check.unwrap().level, Level::Warning);
        }
    }
}

#[test]
fn checks_stand_in_the_order_of_the_standards() {
    let world = World::office();
    let ids = |version| {
        let report = world.signature(&Look::new(version, DOCUMENT).signed(), DOCUMENT);
        report.checks.iter().map(|check| check.id).collect::<Vec<_>>().join(" ")
    };
    let seal = "seal.format seal.algorithm seal.signature";
    let four = format!("{seal} seal.maker_certificate seal.validity");
    let six = format!(
        "{seal} seal.created_in_maker_validity seal.maker_certificate seal.validity seal.time_stamp"
    );
    let head = "signature.format signature.algorithm signature.method signature.value";
    let signer = "signature.signer_certificate signature.time signature.document_hash";
    let tail = "signature.time_stamp signature.time_proof";
    let newer = |seal: &str| {
        format!("{head} signature.signer_in_seal {seal} {signer} signature.property {tail}")
    };
    let v1 = format!("{head} {signer} signature.property signature.signer_in_seal {four} {tail}");
    assert_eq!(ids(Version::V1), v1);
    assert_eq!(ids(Version::V4), newer(&four));
    assert_eq!(ids(Version::V5), newer(&six));
}

#[test]
fn each_fault_is_found_by_its_check() {
    use SubIndication as Sub;
    let world = World::office();
    let failed = |sub| (Indication::Failed, Some(sub));
    for version in VERSIONS {
        let good = || Look::new(version, DOCUMENT);
        let report = |look: Look| world.signature(&look.signed(), DOCUMENT);
        let date = |text: &[u8]| match version {
            Version::V1 => wrap(tag::UTC_TIME, &[text]),
            Version::V4 | Version::V5 => wrap(tag::GENERALIZED_TIME, &[b"20", text]),
        };
        let signed_at = |text: &[u8]| match version {
            Version::V1 => bits(&[b"20", text].concat()),
            Version::V4 | Version::V5 => date(text),
        };
        let [created, from, until] = good().dates;

        let other = world.signature(&good().signed(), b"another document");
        assert_eq!(against(&other.checks), ["signature.document_hash"]);
        assert_eq!(report::conclude(other.checks.iter()), failed(Sub::HashFailure));

        let stranger = Look { list: octets(Office::get().maker.der()), ..good() };
        assert_eq!(against(&report(stranger.clone()).checks), ["signature.signer_in_seal"]);
        assert_eq!(world.answer(&stranger), failed(Sub::SigConstraintsFailure));

        // The seal ended in May, the signature is of June.
        let dates = [created.clone(), from.clone(), date(b"260531000000Z")];
        let ended = report(Look { dates, ..good() });
        let mut found = against(&ended.checks);
        found.sort_unstable();
        assert_eq!(found, ["seal.validity", "signature.time"]);
        let began = [created, date(b"260701000000Z"), until];
        assert_eq!(world.answer(&Look { dates: began, ..good() }), failed(Sub::NotYetValid));

        // Signed before the signer's certificate began.
        let early = report(Look { time_info: signed_at(b"251231235959Z"), ..good() });
        assert_eq!(outcome(&early.checks, "signature.time"), Outcome::Failed);
        assert_eq!(outcome(&early.checks, "signature.signer_certificate"), Outcome::Failed);

        // Eight hours ahead is a warning, a second more is a fault.
        let ahead = report(Look { time_info: signed_at(b"261101080000Z"), ..good() });
        assert_eq!(report::conclude(ahead.checks.iter()), PASSED);
        assert_eq!(outcome(&ahead.checks, "signature.time"), Outcome::Failed);
        let future = report(Look { time_info: signed_at(b"261101080001Z"), ..good() });
        assert_eq!(against(&future.checks), ["signature.time"]);

        let rsa = vec![0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
        let foreign = report(Look { algorithm: rsa, ..good() });
        let ids = ["signature.algorithm", "signature.method", "seal.algorithm"];
        assert_eq!(against(&foreign.checks), ids);
        assert_eq!(outcome(&foreign.checks, "signature.value"), Outcome::Skipped);

        let elsewhere = report(Look { property: b"/Doc_0/other.xml".to_vec(), ..good() });
        assert_eq!(report::conclude(elsewhere.checks.iter()), PASSED);
        assert_eq!(outcome(&elsewhere.checks, "signature.property"), Outcome::Failed);
        let json = format!("{{\"DocId\":\"1\",\"Entry\":\"{PATH}\"}}").into_bytes();
        let json = report(Look { property: json, ..good() });
        assert_eq!(outcome(&json.checks, "signature.property"), Outcome::Passed);
    }
}

#[test]
fn editions_are_not_mixed() {
    let world = World::office();
    let seal = |version| Look::new(version, DOCUMENT).seal();
    for (outer, inner) in [
        (Version::V4, Version::V1),
        (Version::V1, Version::V4),
        (Version::V4, Version::V5),
        (Version::V1, Version::V5),
    ] {
        let signed = Look::new(outer, DOCUMENT).signed_around(&seal(inner));
        let report = world.signature(&signed, DOCUMENT);
        assert_eq!(against(&report.checks), ["signature.format"], "{outer:?} around {inner:?}");
    }
    // The header's number belongs to another edition than the structure.
    for (version, header_version) in [(Version::V1, 4), (Version::V4, 1), (Version::V4, 0)] {
        let look = Look { header_version, ..Look::new(version, DOCUMENT) };
        let report = world.signature(&look.signed(), DOCUMENT);
        assert_eq!(against(&report.checks), ["seal.format"], "{version:?} {header_version}");
    }
    let look = Look { stated_version: 1, ..Look::new(Version::V4, DOCUMENT) };
    let report = world.signature(&look.signed(), DOCUMENT);
    assert_eq!(against(&report.checks), ["signature.format"]);
    // An edition of v1 that is numbered 11 in the standard's own example.
    let look = Look { header_version: 11, stated_version: 11, ..Look::new(Version::V1, DOCUMENT) };
    assert_eq!(world.answer(&look), PASSED);
}

#[test]
fn entries_that_cannot_be_compared_leave_doubt() {
    let world = World::office();
    let doubt = (Indication::Indeterminate, Some(SubIndication::SigConstraintsFailure));
    let ids = wrap(tag::IA5_STRING, &[b"5d3a"]);
    assert_eq!(world.answer(&Look { list: ids, ..Look::new(Version::V1, DOCUMENT) }), doubt);
    let digest = |name: &str, value: &[u8]| {
        sequence(&[&wrap(tag::PRINTABLE_STRING, &[name.as_bytes()]), &octets(value)])
    };
    let right = sm3::hash(Office::get().signer.der());
    for (list, expected) in [
        (digest("SHA256", &right), doubt),
        (digest("SM3", &right), PASSED),
        (digest("SM3", &[0; 32]), (Indication::Failed, doubt.1)),
    ] {
        let look = Look { list, list_type: 2, ..Look::new(Version::V4, DOCUMENT) };
        assert_eq!(world.answer(&look), expected);
    }
}

#[test]
fn trust_in_another_root_is_not_trust() {
    let world = World::ofdrw();
    for version in VERSIONS {
        let (indication, sub) = world.answer(&Look::new(version, DOCUMENT));
        assert_ne!(indication, Indication::Passed);
        assert_eq!(sub, Some(SubIndication::NoCertificateChainFound));
    }
}

#[test]
fn revocation_before_and_after_signing() {
    let office = Office::get();
    for version in VERSIONS {
        for (revoked_at, expected) in [
            ("2026-05-01T00:00:00Z", (Indication::Failed, Some(SubIndication::Revoked))),
            ("2026-07-01T00:00:00Z", PASSED),
        ] {
            let mut world = World::office();
            world.policy.revocation = Revocation::Required;
            let answer = world.answer(&Look::new(version, DOCUMENT));
            assert_eq!(answer, (Indication::Indeterminate, Some(SubIndication::TryLater)));
            world.evidence = Evidence::new(Vec::new(), vec![revocation(office, revoked_at)]);
            assert_eq!(world.answer(&Look::new(version, DOCUMENT)), expected, "{revoked_at}");
        }
    }
}

/// A list of the root, of October 2026, on which all certificates with serial number 7 stand, among
/// them the maker's.
pub(super) fn revocation(office: &Office, revoked_at: &str) -> Crl {
    let entries = [(office.signer.serial(), time(revoked_at), Reason::KeyCompromise)];
    let (this, next) = (time("2026-10-25T00:00:00Z"), time("2026-11-25T00:00:00Z"));
    let list = crl::make(&office.root, &entries, this, next, 1, &office.root_key);
    list.unwrap()
}

#[test]
fn a_claimed_time_is_no_proof_under_a_strict_policy() {
    let strict = |now: &str| {
        let mut world = World::new(&Office::get().root, now);
        world.policy.claimed_time = ClaimedTime::NeedsProof;
        world
    };
    for version in VERSIONS {
        let look = Look::new(version, DOCUMENT);
        // The certificates are still good.
        assert_eq!(strict(NOW).answer(&look), PASSED);
        // The signer's certificate ended with 2026.
        let now = "2027-06-01T00:00:00Z";
        let no_proof = (Indication::Indeterminate, Some(SubIndication::OutOfBoundsNoPoe));
        assert_eq!(strict(now).answer(&look), no_proof);
        assert_eq!(World::new(&Office::get().root, now).answer(&look), PASSED);
    }
}

/// `look` with a time stamp over its signature, as the last field.
pub(super) fn stamped(look: &Look, time: &[u8]) -> Vec<u8> {
    let signed = look.signed();
    let token = Authority::get().stamp(SignedValue::parse(&signed).unwrap().signature(), time);
    let outer = tlv::only(&signed, 0, tag::SEQUENCE, Code::BadDer, "SES_Signature").unwrap();
    sequence(&[outer.value, &wrap(tag::CONTEXT_0, &[&bits(&token)])])
}

#[test]
fn a_time_stamp_proves_the_signing_time() {
    let anchors = vec![Office::get().root.clone(), Authority::get().root.clone()];
    let mut world = World::trusting(anchors, "2027-06-01T00:00:00Z");
    world.policy.claimed_time = ClaimedTime::NeedsProof;
    for version in [Version::V4, Version::V5] {
        let look = Look::new(version, DOCUMENT);
        let report = world.signature(&stamped(&look, b"20260601080000Z"), DOCUMENT);
        assert_eq!(report::conclude(report.checks.iter()), PASSED, "{:#?}", report.checks);
        assert_eq!(report.proved_at, Some(time("2026-06-01T08:00:00Z")));
        // A second before the claimed time.
        let report = world.signature(&stamped(&look, b"20260601073155Z"), DOCUMENT);
        let answer = report::conclude(report.checks.iter());
        let expected = (Indication::Failed, Some(SubIndication::TimestampOrderFailure));
        assert_eq!(answer, expected);
        // After the end of the signer's certificate.
        let report = world.signature(&stamped(&look, b"20270102000000Z"), DOCUMENT);
        assert_eq!(outcome(&report.checks, "signature.time_stamp"), Outcome::Passed);
        assert_eq!(outcome(&report.checks, "signature.time_proof"), Outcome::Indeterminate);
        // By nobody who is trusted.
        let strict = Policy { claimed_time: ClaimedTime::NeedsProof, ..LENIENT };
        let world = World { policy: strict, ..World::new(&Office::get().root, NOW) };
        let report = world.signature(&stamped(&look, b"20260601080000Z"), DOCUMENT);
        assert_eq!(against(&report.checks), ["signature.time_stamp"]);
    }
}

#[test]
fn a_time_stamp_over_a_seal() {
    let anchors = vec![Office::get().root.clone(), Authority::get().root.clone()];
    let world = World::trusting(anchors, NOW);
    let plain = Look::new(Version::V5, DOCUMENT).seal();
    let signature = Seal::parse(&plain).unwrap().signature().to_vec();
    let outer = tlv::only(&plain, 0, tag::SEQUENCE, Code::BadDer, "SESeal").unwrap();
    for (time_of_stamp, expected) in [
        (&b"20260101080000Z"[..], None),
        (b"20260101075959Z", Some(SubIndication::TimestampOrderFailure)),
    ] {
        let token = Authority::get().stamp(&signature, time_of_stamp);
        // Both taggings of [0] are met.
        for field in [
            wrap(tag::CONTEXT_0, &[&bits(&token)]),
            wrap(tag::CONTEXT_0_PRIMITIVE, &[&[0], &token]),
        ] {
            let seal = Seal::parse(&sequence(&[outer.value, &field])).unwrap();
            let report = verify_seal(&seal, &world.context(), time(NOW));
            let check = report.checks.iter().find(|check| check.id == "seal.time_stamp");
            assert_eq!(check.unwrap().sub_indication, expected);
        }
    }
}

#[test]
fn an_unread_signing_time_leaves_doubt() {
    let look = Look { time_info: bits(b"yesterday"), ..Look::new(Version::V1, DOCUMENT) };
    let report = World::office().signature(&look.signed(), DOCUMENT);
    assert_eq!(outcome(&report.checks, "signature.time"), Outcome::Indeterminate);
    assert_eq!(report.judged_at, time(NOW));
    assert_ne!(report::conclude(report.checks.iter()).0, Indication::Passed);
}

#[test]
fn a_cache_changes_no_answer() {
    let world = World::office();
    let cache = SealCache::new();
    let context = Context { cache: Some(&cache), ..world.context() };
    let look = Look::new(Version::V4, DOCUMENT);
    let signed = look.signed();
    let value = SignedValue::parse(&signed).unwrap();
    let document = SealedDocument { hash: sm3::hash(DOCUMENT), path: None, method: None };
    let plain = verify_signed_value(&value, &document, &world.context());
    for _ in 0..12 {
        let cached = verify_signed_value(&value, &document, &context);
        assert_eq!(cached.checks, plain.checks);
    }
    assert_eq!(cache.len(), 1);
}

#[test]
fn what_is_made_is_accepted() {
    let (office, world) = (Office::get(), World::office());
    let seal = make(&office.description(), &office.maker, &office.maker_key).unwrap();
    assert_eq!(against(&verify_seal(&seal, &world.context(), time(NOW)).checks), [""; 0]);
    let hash = sm3::hash(DOCUMENT);
    let at = time("2026-06-01T00:00:00Z");
    let signed = sign(&seal, hash, PATH, at, &office.signer, &office.signer_key).unwrap();
    let report = world.signature(&signed, DOCUMENT);
    assert_eq!(report::conclude(report.checks.iter()), PASSED);
    assert_eq!((report.judged_at, report.proved_at), (at, None));
    let value = SignedValue::parse(&signed).unwrap();
    assert_eq!(value.seal().raw(), seal.raw());
    assert_eq!((value.property(), value.signed_at()), (PATH, Some(at)));
}
