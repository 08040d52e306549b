//! Bundles that are used, and every reason for which one is not.

use super::*;
use crate::{
    limits,
    pki::{
        cms::{self, Attributes, Placement, SignOptions, SignWith},
        crl::{self, Reason},
        tlv::{sequence, tag, wrap},
        x509::{
            Certificate, PathPolicy, Revocation, Role, Times,
            issue::{CertificateRequest, Profile, Subject, issue},
            verify_path,
        },
    },
    primitives::sm2::{PrivateKey, PublicKey},
    report::{Indication, SubIndication as Sub},
};

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_unix_s(seconds).unwrap()
}

fn key(number: u8) -> PrivateKey {
    let mut d = [0; 32];
    d[31] = number;
    PrivateKey::from_bytes(&d).unwrap()
}

fn certificate(
    name: &str,
    number: u8,
    profile: Profile,
    issuer: Option<&Certificate>,
) -> Certificate {
    let request = CertificateRequest {
        subject: Subject { common_name: name.into(), ..Subject::default() },
        profile,
        public_key: key(number).public().clone(),
        not_before: at(0),
        not_after: at(4000),
        serial: Some(vec![number]),
    };
    issue(&request, issuer, &key(if issuer.is_some() { 1 } else { number })).unwrap()
}

/// The authority with key 1, and the keeper of bundles with key 9.
fn manifest() -> (Manifest, Certificate) {
    let root = certificate("root", 1, Profile::Root, None);
    let helper = certificate("helper", 2, Profile::IssuingCa { path_length: 0 }, Some(&root));
    let list =
        crl::make(&root, &[(&[5], at(900), Reason::Superseded)], at(900), at(2000), 1, &key(1));
    let manifest = Manifest {
        set: "政务".into(),
        sequence: 7,
        issued: at(1000),
        expires: at(2000),
        anchors: [root.thumbprint()].into_iter().collect(),
        certificates: vec![root, helper],
        crls: vec![list.unwrap()],
    };
    (manifest, certificate("keeper", 9, Profile::Root, None))
}

fn policy(keys: &[PublicKey]) -> BundlePolicy<'_> {
    BundlePolicy { keys, set: "政务", at: at(1500), sequence_min: 7, age_max_s: Some(500) }
}

#[test]
fn a_good_bundle_gives_its_anchors_and_lists() {
    let (manifest, keeper) = manifest();
    let bytes = manifest.sign(&keeper, &key(9)).unwrap();
    let bundle = Bundle::parse(&bytes).unwrap();
    assert_eq!((bundle.set(), bundle.sequence()), ("政务", 7));
    assert_eq!((bundle.issued(), bundle.expires()), (at(1000), at(2000)));
    let keys = [key(8).public().clone(), key(9).public().clone()];
    let verified = bundle.verify(&policy(&keys)).unwrap();
    let Contents { trust, evidence, sequence } = verified.value();
    assert_eq!((*sequence, trust.name()), (7, Some("政务")));
    assert_eq!(trust.anchors().collect::<Vec<_>>(), [&manifest.certificates[0]]);
    // The list inside decides.
    let root = &manifest.certificates[0];
    for (number, passes) in [(4, true), (5, false)] {
        let signer = certificate("signer", number, Profile::Signer, Some(root));
        let policy = PathPolicy {
            role: Role::DocumentSigner,
            revocation: Revocation::Required,
            crl_grace_s: 0,
        };
        let report = verify_path(&signer, evidence, trust, &policy, Times::both(at(1500)));
        assert_eq!(report.passed(), passes, "{report:#?}");
    }
}

#[test]
fn everything_else_is_refused_and_says_why() {
    let (manifest, keeper) = manifest();
    let bytes = manifest.sign(&keeper, &key(9)).unwrap();
    let bundle = Bundle::parse(&bytes).unwrap();
    let keys = [key(9).public().clone()];
    let refused = |bundle: &Bundle, policy: &BundlePolicy<'_>| {
        let report = bundle.verify(policy).unwrap_err().report;
        assert_ne!(report.indication, Indication::Passed);
        let deciding = report.checks.iter().find(|check| check.counts_against()).unwrap();
        for check in report.checks.iter().filter(|check| check.id.starts_with("bundle.")) {
            assert!(!check.text.en.is_empty() && !check.text.zh.is_ascii(), "{check:?}");
        }
        (deciding.id, deciding.sub_indication.unwrap())
    };
    let rejected = |change: fn(&mut BundlePolicy<'_>)| {
        let mut policy = policy(&keys);
        change(&mut policy);
        refused(&bundle, &policy)
    };
    assert_eq!(rejected(|p| p.set = "other"), ("bundle.set", Sub::PolicyProcessingError));
    assert_eq!(rejected(|p| p.sequence_min = 8), ("bundle.sequence", Sub::PolicyProcessingError));
    assert_eq!(rejected(|p| p.at = at(999)), ("bundle.validity", Sub::NotYetValid));
    assert_eq!(rejected(|p| p.at = at(2001)), ("bundle.validity", Sub::Expired));
    assert_eq!(rejected(|p| p.at = at(1501)), ("bundle.freshness", Sub::TryLater));
    let unpinned = ("bundle.signer", Sub::NoSigningCertificateFound);
    assert_eq!(rejected(|p| p.keys = &[]), unpinned);
    let others = [key(8).public().clone()];
    assert_eq!(refused(&bundle, &policy(&others)), unpinned);
    // Both ends of the times, and without a rule on age.
    let mut lenient = BundlePolicy { age_max_s: None, ..policy(&keys) };
    for time in [1000, 2000] {
        lenient.at = at(time);
        assert!(bundle.verify(&lenient).is_ok());
    }
    // One byte of the content changed: the name of the set, and then what is wanted with it.
    let mut changed = bytes.clone();
    let place = bytes.windows(6).position(|window| window == "政务".as_bytes()).unwrap();
    changed[place..place + 6].copy_from_slice("政策".as_bytes());
    let changed = Bundle::parse(&changed).unwrap();
    let wanted = BundlePolicy { set: "政策", ..policy(&keys) };
    assert_eq!(refused(&changed, &wanted), ("cms.message_digest", Sub::HashFailure));
}

#[test]
fn what_cannot_be_made_is_refused() {
    let (manifest, keeper) = manifest();
    let refused = |change: fn(&mut Manifest)| {
        let mut manifest = manifest.clone();
        change(&mut manifest);
        manifest.sign(&keeper, &key(9)).err().map(|error| (error.code(), error.field_name()))
    };
    let argument = |field| Some((Code::BadArgument, Some(field)));
    assert_eq!(refused(|_| {}), None);
    assert_eq!(refused(|m| m.set.clear()), argument("set"));
    assert_eq!(refused(|m| m.set = "x".repeat(limits::BUNDLE_NAME_BYTES_MAX)), None);
    assert_eq!(refused(|m| m.set = "x".repeat(limits::BUNDLE_NAME_BYTES_MAX + 1)), argument("set"));
    assert_eq!(refused(|m| m.expires = m.issued), argument("expires"));
    assert_eq!(refused(|m| m.anchors.extend([[7; 32]])), argument("anchors"));
    assert_eq!(refused(|m| m.issued = at(-1)), Some((Code::BadTime, Some("time"))));
    let mismatch = manifest.sign(&keeper, &key(8)).unwrap_err();
    assert_eq!(mismatch.code(), Code::KeyMismatch);
    // Nothing but times and numbers is a bundle too: it distrusts everybody.
    assert_eq!(
        refused(|m| {
            m.anchors.clear();
            m.certificates.clear();
            m.crls.clear();
        }),
        None
    );
}

/// The content of a bundle by hand, in which each field can be another one.
fn by_hand(change: impl Fn(&mut Vec<Vec<u8>>)) -> Result<Bundle, Error> {
    let mut fields = vec![
        vec![2, 1, 1],
        wrap(tag::UTF8_STRING, &[b"x"]),
        vec![2, 1, 7],
        wrap(tag::GENERALIZED_TIME, &[b"19700101001640Z"]),
        wrap(tag::GENERALIZED_TIME, &[b"19700101003320Z"]),
        sequence(&[]),
        sequence(&[]),
        sequence(&[]),
    ];
    change(&mut fields);
    let content = sequence(&fields.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let (_, keeper) = manifest();
    let signers = [SignWith { certificate: &keeper, key: &key(9) }];
    let attributes = Attributes::Signed { at: Some(at(1000)), more: Vec::new() };
    let mut options = SignOptions { attributes, ..SignOptions::default() };
    let detached = cms::sign(&content, &signers, &options).unwrap();
    assert_eq!(Bundle::parse(&detached).unwrap_err().field_name(), Some("content"));
    options.placement = Placement::Attached;
    Bundle::parse(&cms::sign(&content, &signers, &options).unwrap())
}

#[test]
fn malformed_contents_tell_their_field() {
    assert!(by_hand(|_| {}).is_ok());
    for (field, name, content) in [
        (0, "version", vec![2, 1, 2]),
        (1, "set", wrap(tag::UTF8_STRING, &[])),
        (1, "set", wrap(tag::UTF8_STRING, &[&[0xff]])),
        (1, "set", wrap(tag::UTF8_STRING, &[&[b'x'; limits::BUNDLE_NAME_BYTES_MAX + 1]])),
        (2, "sequence", vec![2, 1, 0xff]),
        (2, "sequence", vec![2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
        (3, "issued", wrap(tag::UTC_TIME, &[b"700101001640Z"])),
        (4, "expires", wrap(tag::GENERALIZED_TIME, &[b"19700101003320"])),
        (5, "anchors", sequence(&[&[4, 1, 0]])),
    ] {
        let error = by_hand(|fields| fields[field] = content.clone()).unwrap_err();
        assert_eq!((error.code(), error.field_name()), (Code::BadBundle, Some(name)));
    }
    let error = by_hand(|fields| fields[6] = sequence(&[&[0x30, 0]])).unwrap_err();
    assert_eq!(error.code(), Code::BadCertificate);
    assert!(by_hand(|fields| fields.push(vec![5, 0])).is_err());
    let (manifest, _) = manifest();
    let many = |field: usize, item: &[u8], count: usize| {
        let items = sequence(&[&item.repeat(count)]);
        by_hand(|fields| fields[field] = items.clone()).err().and_then(|error| error.field_name())
    };
    let list = sequence(&[&[0x30, 0]]);
    let empty = crl::make(&manifest.certificates[0], &[], at(1), at(2), 1, &key(1)).unwrap();
    assert_eq!(many(7, empty.der(), limits::BUNDLE_CRLS_MAX), None);
    assert_eq!(many(7, &list, limits::BUNDLE_CRLS_MAX + 1), Some("BUNDLE_CRLS_MAX"));
    let over = limits::BUNDLE_CERTIFICATES_MAX + 1;
    assert_eq!(many(6, &[0x30, 0], over), Some("BUNDLE_CERTIFICATES_MAX"));
    assert_eq!(many(6, &[0x30, 0], over - 1), Some("tbsCertificate"));
    let anchors = |count: usize| {
        let digest = |n: usize| {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&n.to_be_bytes());
            wrap(tag::OCTET_STRING, &[&digest])
        };
        let list = sequence(&[&(0..count).flat_map(digest).collect::<Vec<_>>()]);
        by_hand(|fields| fields[5] = list.clone()).err().and_then(|error| error.field_name())
    };
    assert_eq!(anchors(over - 1), None);
    assert_eq!(anchors(over), Some("BUNDLE_CERTIFICATES_MAX"));
    // The same thumbprint many times is one.
    assert_eq!(many(5, &wrap(tag::OCTET_STRING, &[&[7; 32]]), over), None);
}
