//! Time stamps inside a SignedData.

use std::sync::OnceLock;

use super::{
    authority_tests::{Still, authority, path_policy, time},
    *,
};
use crate::{
    Code, limits,
    pki::{
        cms::{self, Attributes, Family, Judge, SignOptions, SignWith, SignedData},
        x509::{
            Certificate, Evidence, PathPolicy, Role, TrustStore,
            issue::{CertificateRequest, Profile, Subject, issue},
        },
    },
    primitives::sm2::PrivateKey,
    report::{Outcome, SubIndication},
};

const DATA: &[u8] = b"what is signed";
const CLAIMED: &str = "2026-06-01T08:00:00Z";

fn key() -> PrivateKey {
    PrivateKey::from_bytes(&[0x51; 32]).unwrap()
}

/// The certificate of a signer who is trusted for himself, of 2026.
fn certificate() -> Certificate {
    static CERTIFICATE: OnceLock<Certificate> = OnceLock::new();
    CERTIFICATE.get_or_init(make_certificate).clone()
}

fn make_certificate() -> Certificate {
    let request = CertificateRequest {
        subject: Subject { common_name: "signer".to_owned(), ..Subject::default() },
        profile: Profile::Signer,
        public_key: key().public().clone(),
        not_before: time("2026-01-01T00:00:00Z"),
        not_after: time("2026-12-31T00:00:00Z"),
        serial: Some(vec![5]),
    };
    issue(&request, None, &key()).unwrap()
}

fn signed(family: Family) -> SignedData {
    let (certificate, key) = (certificate(), key());
    let signer = SignWith { certificate: &certificate, key: &key };
    let attributes = Attributes::Signed { at: Some(time(CLAIMED)), more: Vec::new() };
    let options = SignOptions { family, attributes, ..SignOptions::default() };
    SignedData::parse(&cms::sign(DATA, &[signer], &options).unwrap()).unwrap()
}

fn trust() -> TrustStore {
    TrustStore::new(vec![forge::Authority::get().root.clone(), certificate()])
}

fn proved(signed: &SignedData, trust: &TrustStore) -> SignerStamps {
    let (policy, now) = (path_policy(), time("2027-06-01T00:00:00Z"));
    verify_signer_stamps(&signed.signers()[0], &Evidence::default(), trust, &policy, now)
}

fn found(stamps: &SignerStamps) -> Vec<(&'static str, Outcome, Option<SubIndication>)> {
    let checks = stamps.checks.iter();
    checks.map(|check| (check.id, check.outcome, check.sub_indication)).collect()
}

#[test]
fn a_stamp_lets_a_signature_outlive_its_certificate() {
    let clock = Still(Some(time("2026-06-01T08:00:05Z")));
    for family in [Family::Gm, Family::Pkcs7] {
        let plain = signed(family);
        let stamped = plain.stamped(&authority(&clock)).unwrap();
        assert_eq!(stamped.signers()[0].signature, plain.signers()[0].signature);
        assert_eq!(stamped.signers()[0].time_stamps().count(), 1);
        let none = proved(&plain, &trust());
        assert_eq!(found(&none), [("cms.time_stamp", Outcome::Skipped, None)]);
        assert_eq!(none.proved, None);
        let stamps = proved(&stamped, &trust());
        let passed = |id| (id, Outcome::Passed, None);
        assert_eq!(found(&stamps), [passed("cms.time_stamp"), passed("cms.time_order")]);
        assert_eq!(stamps.proved, clock.0);
        // In 2027 the certificate has ended.
        let (trust, evidence) = (trust(), Evidence::default());
        let policy = PathPolicy { role: Role::DocumentSigner, ..path_policy() };
        let at = time("2027-06-01T00:00:00Z");
        let judged = |existed_at| {
            let judge =
                Judge { trust: &trust, evidence: &evidence, policy: &policy, at, existed_at };
            stamped.verify_detached(DATA).judge(&judge)
        };
        if let Err(rejected) = judged(stamps.proved) {
            panic!("{:#?}", rejected.report.checks);
        }
        assert!(judged(none.proved).is_err());
    }
}

#[test]
fn a_stamp_earlier_than_the_claim_proves_nothing() {
    let early = Still(Some(time("2026-06-01T07:59:59Z")));
    let plain = signed(Family::Gm);
    let error = plain.stamped(&authority(&early)).err().unwrap();
    let expected = (Code::TimeStampMismatch, Some("genTime"));
    assert_eq!((error.code(), error.field_name()), expected);
    // Put in by hand; beside it one over something else, and one that holds.
    let forge = forge::Authority::get();
    let value = plain.signers()[0].signature.clone();
    let with = |signed: &SignedData, stamped: &[u8], time: &[u8]| {
        signed.with_time_stamp(0, &forge.stamp(stamped, time)).unwrap()
    };
    let one = with(&plain, &value, b"20260601075959Z");
    let stamps = proved(&one, &trust());
    let order = Some(SubIndication::TimestampOrderFailure);
    assert_eq!(
        found(&stamps),
        [("cms.time_stamp", Outcome::Passed, None), ("cms.time_order", Outcome::Failed, order)]
    );
    assert_eq!(stamps.proved, None);
    let two = with(&one, b"another signature", b"20260601080001Z");
    let three = with(&two, &value, b"20260701000000Z");
    let stamps = proved(&three, &trust());
    assert_eq!(stamps.stamps.len(), 3);
    assert_eq!(stamps.proved, Some(time("2026-07-01T00:00:00Z")));
    let failed = stamps.checks.iter().filter(|check| check.outcome == Outcome::Failed).count();
    assert_eq!(failed, 2);
}

#[test]
fn no_more_stamps_are_judged_than_the_limit_allows() {
    let forge = forge::Authority::get();
    let plain = signed(Family::Gm);
    // Junk that stands before the stamp in the order of the SET OF.
    let mut many = plain.clone();
    for number in (0..).take(limits::SIGNER_TIME_STAMPS_MAX - 1) {
        many = many.with_time_stamp(0, &[0x30, 3, 2, 1, number]).unwrap();
    }
    let token = forge.stamp(&plain.signers()[0].signature, b"20260601080001Z");
    let most = many.with_time_stamp(0, &token).unwrap();
    let stamps = proved(&most, &trust());
    assert_eq!(stamps.stamps.len(), limits::SIGNER_TIME_STAMPS_MAX);
    assert_eq!(stamps.proved, Some(time("2026-06-01T08:00:01Z")));
    let over = many.with_time_stamp(0, &[0x30, 3, 2, 1, 99]).unwrap();
    let stamps = proved(&over.with_time_stamp(0, &token).unwrap(), &trust());
    assert_eq!(stamps.stamps.len(), limits::SIGNER_TIME_STAMPS_MAX);
    let last = stamps.checks.last().unwrap();
    assert_eq!((last.id, last.outcome), ("cms.time_stamps", Outcome::Indeterminate));
    assert_eq!(stamps.proved, None);
}

/// The time that one signer's stamp proves would let another one, who signed later, pass.
#[test]
fn a_stamp_is_of_one_signature_alone() {
    let (certificate, key) = (certificate(), key());
    let signer = || SignWith { certificate: &certificate, key: &key };
    let bytes = cms::sign(DATA, &[signer(), signer()], &SignOptions::default()).unwrap();
    let plain = SignedData::parse(&bytes).unwrap();
    let clock = Still(Some(time("2026-06-01T08:00:05Z")));
    let token = authority(&clock).stamp(&Imprint::of(&plain.signers()[0].signature)).unwrap();
    let one = plain.with_time_stamp(0, token.der()).unwrap();
    let (trust, evidence, now) = (trust(), Evidence::default(), time("2027-06-01T00:00:00Z"));
    let policy = PathPolicy { role: Role::DocumentSigner, ..path_policy() };
    let proved = |signed: &SignedData| -> Vec<_> {
        signed
            .signers()
            .iter()
            .map(|signer| {
                verify_signer_stamps(signer, &evidence, &trust, &path_policy(), now).proved
            })
            .collect()
    };
    let passes = |signed: &SignedData, existed_at| {
        let judge =
            Judge { trust: &trust, evidence: &evidence, policy: &policy, at: now, existed_at };
        signed.verify_detached(DATA).judge(&judge).is_ok()
    };
    // As the guide has it: the latest of all, and none if one is missing.
    let of_all = |signed: &SignedData| {
        let all: Option<Vec<_>> = proved(signed).into_iter().collect();
        all.and_then(|all| all.into_iter().max())
    };
    assert_eq!(proved(&one).iter().flatten().collect::<Vec<_>>(), [&clock.0.unwrap()]);
    assert!(passes(&one, clock.0), "why one stamp must not be taken for all");
    assert_eq!(of_all(&one), None);
    assert!(!passes(&one, of_all(&one)));
    let both = plain.stamped(&authority(&clock)).unwrap();
    assert_eq!(of_all(&both), clock.0);
    assert!(passes(&both, of_all(&both)));
}
