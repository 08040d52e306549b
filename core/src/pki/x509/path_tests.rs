//! Paths that must pass, and every way in which one must not.

use super::{
    forge::{Forge, at, key},
    *,
};
use crate::{
    limits,
    pki::{
        crl::{self, Crl, Reason},
        tlv::sequence,
    },
    primitives::sm2::PrivateKey,
    report::{Check, Indication, Level, Outcome, SubIndication as Sub},
};

/// Keys by number: 0 the root, 1 the authority, 2 the signer.
pub(super) fn root() -> Forge {
    Forge::authority("root", 0, "root", 0, None)
}

pub(super) fn middle() -> Forge {
    Forge::authority("ca", 1, "root", 0, Some(0))
}

pub(super) fn leaf() -> Forge {
    Forge::signer("signer", 2, "ca", 1)
}

/// Root, authority and signer, with fresh empty lists of both authorities.
pub(super) struct World {
    pub(super) anchors: Vec<Certificate>,
    pub(super) others: Vec<Certificate>,
    pub(super) crls: Vec<Crl>,
    pub(super) leaf: Certificate,
    pub(super) policy: PathPolicy,
    pub(super) times: Times,
}

pub(super) fn list(issuer: &Certificate, number: u16, entries: &[(&[u8], i64, Reason)]) -> Crl {
    let entries: Vec<_> =
        entries.iter().map(|&(serial, time, reason)| (serial, at(time), reason)).collect();
    crl::make(issuer, &entries, at(1400), at(1600), 1, &key(number)).unwrap()
}

impl World {
    pub(super) fn new() -> Self {
        Self::of(&root(), &middle(), &leaf())
    }

    pub(super) fn of(root: &Forge, middle: &Forge, leaf: &Forge) -> Self {
        let (root, middle, leaf) = (root.sign(0), middle.sign(0), leaf.sign(1));
        Self {
            crls: vec![list(&root, 0, &[]), list(&middle, 1, &[])],
            anchors: vec![root],
            others: vec![middle],
            leaf,
            policy: PathPolicy {
                role: Role::SealSigner,
                revocation: Revocation::Required,
                crl_grace_s: 0,
            },
            times: Times::both(at(1500)),
        }
    }

    pub(super) fn report(&self) -> PathReport {
        let evidence = Evidence::new(self.others.clone(), self.crls.clone());
        let trust = TrustStore::new(self.anchors.clone());
        let report = verify_path(&self.leaf, &evidence, &trust, &self.policy, self.times);
        // What was verified and remembered once gives the same answer again.
        let again = verify_path(&self.leaf, &evidence, &trust, &self.policy, self.times);
        assert_eq!(report, again);
        report
    }

    /// The conclusion, and the check that decides it.
    #[track_caller]
    pub(super) fn expect(&self, indication: Indication, sub: impl Into<Option<Sub>>, id: &str) {
        let report = self.report();
        assert_eq!(
            (report.indication, report.sub_indication),
            (indication, sub.into()),
            "{report:#?}"
        );
        let outcome = match indication {
            Indication::Passed => Outcome::Passed,
            Indication::Failed => Outcome::Failed,
            Indication::Indeterminate => Outcome::Indeterminate,
        };
        let first = report
            .checks()
            .find(|check| check.level == Level::Required && check.outcome == outcome)
            .unwrap();
        assert!(indication == Indication::Passed || first.id == id, "{report:#?}");
        for check in report.checks() {
            assert!(!check.text.en.is_empty() && !check.text.zh.is_ascii(), "{check:?}");
        }
    }

    #[track_caller]
    pub(super) fn passes(&self) {
        self.expect(Indication::Passed, None, "");
    }

    #[track_caller]
    pub(super) fn fails(&self, sub: Sub, id: &str) {
        self.expect(Indication::Failed, sub, id);
    }

    #[track_caller]
    pub(super) fn is_open(&self, sub: Sub, id: &str) {
        self.expect(Indication::Indeterminate, sub, id);
    }

    pub(super) fn check(&self, id: &str) -> Option<Check> {
        self.report().checks().find(|check| check.id == id).cloned()
    }
}

#[test]
fn a_good_path_names_every_check_of_every_certificate() {
    let report = World::new().report();
    assert!(report.passed(), "{report:#?}");
    let subjects: Vec<_> = report.certificates.iter().map(|c| c.subject.as_str()).collect();
    assert_eq!(subjects, ["CN=signer", "CN=ca", "CN=root"]);
    let ids = |index: usize| -> Vec<_> {
        report.certificates[index]
            .checks
            .iter()
            .map(|check| (check.id.trim_start_matches("certificate."), check.outcome))
            .collect()
    };
    use Outcome::{Passed, Skipped};
    assert_eq!(
        ids(0),
        [
            ("signature", Passed),
            ("validity", Passed),
            ("public_key", Passed),
            ("key_usage", Passed),
            ("critical_extensions", Passed),
            ("revocation", Passed)
        ]
    );
    let authority = [("basic_constraints", Passed), ("key_usage", Passed), ("path_length", Passed)];
    let rest = [("critical_extensions", Passed), ("revocation", Passed)];
    let expected = [&[("signature", Passed), ("validity", Passed)], &authority[..], &rest].concat();
    assert_eq!(ids(1), expected);
    let rest = [("critical_extensions", Passed), ("anchor", Passed)];
    let expected =
        [&[("signature", Skipped), ("validity", Passed)], &authority[..], &rest].concat();
    assert_eq!(ids(2), expected);
}

#[test]
fn validity_is_judged_at_the_time_of_signing_both_ends_included() {
    let mut world = World::new();
    world.policy.revocation = Revocation::NotChecked;
    for (time, sub) in
        [(999, Some(Sub::NotYetValid)), (1000, None), (2000, None), (2001, Some(Sub::Expired))]
    {
        world.times = Times { signing: at(time), validation: at(1500) };
        match sub {
            None => world.passes(),
            Some(sub) => world.fails(sub, "certificate.validity"),
        }
    }
    world.times = Times { signing: at(1500), validation: at(2001) };
    world.passes();
    let notice = world.check("certificate.expired_since").unwrap();
    assert_eq!((notice.level, notice.outcome), (Level::Information, Outcome::Passed));
    world.times.validation = at(2000);
    world.passes();
    assert!(world.check("certificate.expired_since").is_none());
}

#[test]
fn every_certificate_of_the_path_must_be_valid_the_anchor_too() {
    let expired = |forge: Forge| Forge { not_after: 1499, ..forge };
    World::of(&root(), &expired(middle()), &leaf()).fails(Sub::Expired, "certificate.validity");
    World::of(&expired(root()), &middle(), &leaf()).fails(Sub::Expired, "certificate.validity");
}

#[test]
fn an_issuer_must_be_an_authority() {
    let id = "certificate.basic_constraints";
    for (content, critical) in [(vec![0x30, 0], Some(true)), (vec![0x30, 3, 1, 1, 0], Some(false))]
    {
        let middle = middle().with(19, critical, content);
        World::of(&root(), &middle, &leaf()).fails(Sub::ChainConstraintsFailure, id);
    }
    let world = World::of(&root(), &middle().without(19), &leaf());
    world.fails(Sub::ChainConstraintsFailure, id);
    // A signer issues: key 2 signs a certificate below its own.
    let mut world = World::new();
    world.others.push(world.leaf.clone());
    world.leaf = Forge::signer("below", 3, "signer", 2).sign(2);
    world.fails(Sub::ChainConstraintsFailure, id);
}

#[test]
fn key_usage_must_permit() {
    let id = "certificate.key_usage";
    let sub = Sub::ChainConstraintsFailure;
    let usage = |usage: KeyUsage| leaf().with(15, Some(true), usage.to_der());
    for (allowed, good) in [
        (KeyUsage::DIGITAL_SIGNATURE, true),
        (KeyUsage::NON_REPUDIATION, true),
        (KeyUsage::KEY_ENCIPHERMENT.with(KeyUsage::DATA_ENCIPHERMENT), false),
        (KeyUsage::KEY_CERT_SIGN.with(KeyUsage::CRL_SIGN), false),
    ] {
        let mut world = World::of(&root(), &middle(), &usage(allowed));
        for role in [Role::SealMaker, Role::SealSigner, Role::DocumentSigner] {
            world.policy.role = role;
            if good { world.passes() } else { world.fails(sub, id) }
        }
        world.policy.role = Role::Any;
        world.passes();
    }
    let silent = World::of(&root(), &middle(), &leaf().without(15));
    silent.passes();
    let check = silent.check(id).unwrap();
    assert_eq!((check.outcome, check.level), (Outcome::Indeterminate, Level::Warning));
    // Malformed is not the same as absent.
    let malformed = leaf().with(15, Some(false), vec![3, 1]);
    World::of(&root(), &middle(), &malformed).fails(sub, id);
    let middle = middle().with(15, Some(true), KeyUsage::CRL_SIGN.to_der());
    World::of(&root(), &middle, &leaf()).fails(sub, id);
}

#[test]
fn time_stampers_do_nothing_else() {
    let purpose = |last: u8| [&[6, 8, 0x2b, 6, 1, 5, 5, 7, 3][..], &[last]].concat();
    let id = "certificate.extended_key_usage";
    let with = |purposes: &[&[u8]]| {
        let leaf = leaf().with(37, Some(true), sequence(purposes));
        let mut world = World::of(&root(), &middle(), &leaf);
        world.policy.role = Role::TimeStamper;
        world
    };
    with(&[&purpose(8)]).passes();
    with(&[&purpose(8), &purpose(1)]).fails(Sub::ChainConstraintsFailure, id);
    with(&[&purpose(1)]).fails(Sub::ChainConstraintsFailure, id);
    let mut world = World::new();
    world.policy.role = Role::TimeStamper;
    world.fails(Sub::ChainConstraintsFailure, id);
}

#[test]
fn certificates_for_other_purposes_sign_no_documents() {
    let purpose = |last: u8| [&[6, 8, 0x2b, 6, 1, 5, 5, 7, 3][..], &[last]].concat();
    for critical in [true, false] {
        let with = |purposes: &[&[u8]]| {
            let leaf = leaf().with(37, Some(critical), sequence(purposes));
            World::of(&root(), &middle(), &leaf)
        };
        // Client authentication and mail stand in the certificates of many seals.
        with(&[&purpose(2), &purpose(4)]).passes();
        with(&[&purpose(1), &purpose(2)]).passes();
        for foreign in [1, 3, 8, 9] {
            let id = "certificate.extended_key_usage";
            with(&[&purpose(foreign)]).fails(Sub::ChainConstraintsFailure, id);
        }
    }
}

#[test]
fn path_length_counts_authorities_that_are_not_self_issued() {
    let id = "certificate.path_length";
    let mut world = World::new();
    // root -> ca (0 below) -> ca2 -> signer
    let below = Forge::authority("ca2", 3, "ca", 1, None);
    world.others.push(below.sign(1));
    world.leaf = Forge::signer("signer", 2, "ca2", 3).sign(3);
    world.crls.push(list(&world.others[1], 3, &[]));
    world.fails(Sub::ChainConstraintsFailure, id);
    // root -> ca (0 below) -> ca, with a new key -> signer
    let renewed = Forge::authority("ca", 3, "ca", 1, Some(0));
    world.others[1] = renewed.sign(1);
    world.leaf = Forge::signer("signer", 2, "ca", 3).sign(3);
    world.crls.push(list(&world.others[1], 3, &[]));
    world.passes();
}

#[test]
fn critical_extensions_must_be_understood() {
    let id = "certificate.critical_extensions";
    let sub = Sub::ChainConstraintsFailure;
    for (last, critical, good) in
        [(99, Some(true), false), (99, Some(false), true), (99, None, true), (17, Some(true), true)]
    {
        let leaf = leaf().with(last, critical, vec![0x30, 0]);
        let world = World::of(&root(), &middle(), &leaf);
        if good {
            world.passes()
        } else {
            world.fails(sub, id)
        }
        let middle = middle().with(last, critical, vec![0x30, 0]);
        let world = World::of(&root(), &middle, &self::leaf());
        if good { world.passes() } else { world.fails(sub, id) }
    }
    let mut twice = leaf();
    twice.extensions.push(twice.extensions[0].clone());
    World::of(&root(), &middle(), &twice).fails(sub, id);
    // A malformed identifier harms nobody, but is told.
    let world = World::of(&root(), &middle(), &leaf().with(14, None, vec![1]));
    world.passes();
    assert_eq!(world.check(id).unwrap().level, Level::Warning);
}

#[test]
fn algorithms_must_agree_and_be_known() {
    let ecdsa = [0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2].to_vec();
    let id = "certificate.signature";
    let leaf = Forge { outer_algorithm: ecdsa.clone(), ..leaf() };
    let world = World::of(&root(), &middle(), &leaf);
    world.fails(Sub::CertificateChainGeneralFailure, id);
    let leaf = Forge { inner_algorithm: ecdsa, ..leaf };
    let world = World::of(&root(), &middle(), &leaf);
    world.is_open(Sub::CryptoConstraintsFailure, id);
    // With a NULL outside and nothing inside, the two are not the same.
    let with_null = [&[0x30, 12], &forge::SM2_WITH_SM3[2..], &[5, 0]].concat();
    let leaf = Forge { outer_algorithm: with_null.clone(), ..self::leaf() };
    let world = World::of(&root(), &middle(), &leaf);
    world.fails(Sub::CertificateChainGeneralFailure, id);
    World::of(&root(), &middle(), &Forge { inner_algorithm: with_null, ..leaf }).passes();
}

#[test]
fn harmless_faults_are_warned_of() {
    let misprint = vec![0x30, 9, 6, 7, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x83, 0x75];
    let leaf = Forge { inner_algorithm: misprint.clone(), outer_algorithm: misprint, ..leaf() };
    let world = World::of(&root(), &middle(), &leaf);
    world.passes();
    assert_eq!(world.check("certificate.algorithm").unwrap().level, Level::Warning);
    let raw =
        |key: &PrivateKey, tbs: &[u8]| key.sign(tbs, &DistId::DEFAULT).unwrap().to_bytes().to_vec();
    let world = World::of(&root(), &middle(), &Forge { signature: raw, ..self::leaf() });
    world.passes();
    assert_eq!(world.check("certificate.signature_encoding").unwrap().level, Level::Warning);
}

#[test]
fn who_did_not_sign_is_not_the_issuer() {
    let bad = (Sub::CertificateChainGeneralFailure, "certificate.signature");
    let mut world = World::new();
    world.leaf = leaf().sign(9);
    world.fails(bad.0, bad.1);
    world.leaf = leaf().without(35).sign(9);
    world.fails(bad.0, bad.1);
    // A key identifier that names another key: the authority has one that is not known here.
    let other = Forge { issuer: "ca".into(), ..Forge::signer("signer", 2, "ca", 9) };
    world.leaf = other.sign(9);
    world.is_open(Sub::NoCertificateChainFound, "certificate.anchor");
    // A wrong identifier alone does not keep a right signature from counting.
    world.leaf = other.sign(1);
    world.passes();
    world.others.clear();
    world.is_open(Sub::NoCertificateChainFound, "certificate.anchor");
    let empty = |_: &PrivateKey, _: &[u8]| vec![];
    World::of(&root(), &middle(), &Forge { signature: empty, ..leaf() }).fails(bad.0, bad.1);
}

#[test]
fn an_untrusted_root_leads_nowhere() {
    let mut world = World::new();
    let own = Forge::authority("root", 8, "root", 8, None).sign(8);
    world.others.push(own.clone());
    world.others.push(Forge::authority("ca", 9, "root", 8, None).sign(8));
    world.leaf = Forge::signer("signer", 2, "ca", 9).sign(9);
    world.is_open(Sub::NoCertificateChainFound, "certificate.anchor");
    world.anchors.clear();
    world.is_open(Sub::NoCertificateChainFound, "certificate.anchor");
    world.anchors.push(own);
    world.policy.revocation = Revocation::NotChecked;
    world.passes();
}

#[test]
fn any_certificate_can_be_an_anchor() {
    let mut world = World::new();
    world.anchors = vec![world.leaf.clone()];
    world.passes();
    assert_eq!(world.report().certificates.len(), 1);
    world.anchors = vec![world.others[0].clone()];
    world.passes();
    assert_eq!(world.report().certificates.len(), 2);
    // An old root of version 1 has no extensions.
    let old = Forge { version: 0, ..root() };
    let world = World::of(&old, &middle(), &leaf());
    world.passes();
    // One that forgot to say that its key certifies is trusted as the user wishes.
    let usage = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::CRL_SIGN);
    let silent = root().with(15, Some(true), usage.to_der());
    let world = World::of(&silent, &middle(), &leaf());
    world.passes();
    let report = world.report();
    let warned = report.certificates[2].checks.iter().find(|c| c.id == "certificate.key_usage");
    assert_eq!(warned.map(|c| (c.outcome, c.level)), Some((Outcome::Failed, Level::Warning)));
    // A signer who is trusted for himself certifies nobody.
    let mut world = World::new();
    world.anchors = vec![world.leaf.clone()];
    world.leaf = Forge::signer("below", 3, "signer", 2).sign(2);
    world.policy.revocation = Revocation::NotChecked;
    world.fails(Sub::ChainConstraintsFailure, "certificate.basic_constraints");
    // The same certificate below an anchor is no authority.
    let v1 = Forge { version: 0, ..middle() };
    let world = World::of(&root(), &v1, &leaf());
    world.fails(Sub::ChainConstraintsFailure, "certificate.basic_constraints");
}

#[test]
fn of_several_paths_the_one_that_passes_counts() {
    let expired = Forge { not_after: 1499, serial: vec![77], ..middle() };
    for before in [true, false] {
        let mut world = World::new();
        let place = if before { 0 } else { 1 };
        world.others.insert(place, expired.sign(0));
        world.passes();
        world.crls.clear();
        world.is_open(Sub::TryLater, "certificate.revocation");
    }
}

#[test]
fn depth_is_bounded() {
    // anchor = key 0, then authorities 1..=n, then the signer.
    let chain = |authorities: u16| {
        let name = |number: u16| if number == 0 { "root".into() } else { format!("ca{number}") };
        let mut world = World::new();
        world.others = (1..=authorities)
            .map(|n| Forge::authority(&name(n), n, &name(n - 1), n - 1, None).sign(n - 1))
            .collect();
        world.leaf = Forge::signer("signer", 99, &name(authorities), authorities).sign(authorities);
        world.policy.revocation = Revocation::NotChecked;
        world
    };
    let most = u16::try_from(limits::PATH_CERTIFICATES_MAX).unwrap() - 2;
    chain(most).passes();
    chain(most + 1).is_open(Sub::NoCertificateChainFound, "certificate.anchor");
}

#[test]
fn the_search_is_bounded() {
    let same_name = |count: u16| {
        let mut world = World::new();
        world.policy.revocation = Revocation::NotChecked;
        // Keys that did not sign, in front of the one that did; no identifier to tell them apart.
        let others: Vec<_> = (100..100 + count)
            .map(|n| Forge::authority("ca", n, "root", 0, None).without(14).sign(0))
            .collect();
        world.others.splice(0..0, others);
        world.leaf = leaf().without(35).sign(1);
        world
    };
    // One for each that did not sign, one for the authority, one for its own certificate.
    let most = u16::try_from(limits::PATH_SIGNATURES_MAX).unwrap() - 2;
    same_name(most).passes();
    same_name(most + 1).is_open(Sub::NoCertificateChainFound, "certificate.anchor");
    // Authorities that signed each other in every direction, without an anchor: a maze.
    let mut world = World::new();
    world.others = (0..64u16)
        .map(|pair| Forge::authority("x", pair / 8, "x", pair % 8, None).sign(pair % 8))
        .collect();
    world.leaf = Forge::signer("signer", 99, "x", 0).sign(0);
    world.is_open(Sub::NoCertificateChainFound, "certificate.anchor");
}

#[test]
fn documents_bring_certificates_of_their_own() {
    let world = World::new();
    let evidence = Evidence::new(Vec::new(), world.crls.clone());
    let trust = TrustStore::new(world.anchors.clone());
    let verify = |evidence: &Evidence| {
        verify_path(&world.leaf, evidence, &trust, &world.policy, world.times).indication
    };
    assert_eq!(verify(&evidence), Indication::Indeterminate);
    assert_eq!(verify(&evidence.with_certificates(world.others.clone())), Indication::Passed);
    let most = 4 * limits::PATH_CERTIFICATES_MAX;
    let flood = |count| vec![world.leaf.clone(); count];
    let kept = evidence.with_certificates([flood(most - 1), world.others.clone()].concat());
    assert_eq!(verify(&kept), Indication::Passed);
    let dropped = evidence.with_certificates([flood(most), world.others.clone()].concat());
    assert_eq!(verify(&dropped), Indication::Indeterminate);
}

#[test]
fn what_verified_is_remembered_and_memory_is_bounded() {
    let trust = TrustStore::new(Vec::new());
    let (first, second) = (middle().sign(0), leaf().sign(1));
    assert!(!trust.verified([1; 32], &first, || false));
    assert!(trust.verified([1; 32], &first, || true), "a failure is not remembered");
    assert!(trust.verified([1; 32], &first, || unreachable!()));
    assert!(!trust.verified([1; 32], &second, || false), "another key is another question");
    let digest = |number: usize| {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        digest
    };
    for number in 0..2 * limits::TRUST_CACHE_ENTRIES_MAX {
        trust.verified(digest(number), &first, || true);
    }
    let known = |digest| trust.verified(digest, &first, || false);
    assert!(!known([1; 32]), "the oldest are forgotten");
    assert!(known(digest(2 * limits::TRUST_CACHE_ENTRIES_MAX - 1)));
    assert!(known(digest(limits::TRUST_CACHE_ENTRIES_MAX)));
}
