//! Revocation: before and after signing, of signers and authorities, and lists that prove nothing.

use super::{
    forge::{self, Forge, at, key},
    path_tests::{World, leaf, list, middle, root},
    *,
};
use crate::{
    pki::{
        crl::{self, Crl, Reason},
        tlv::{sequence, tag, wrap},
    },
    report::{Level, Outcome, SubIndication as Sub},
};

#[test]
fn revocation_counts_from_its_time_or_the_earlier_invalidity() {
    let revoke = |time, reason| {
        let mut world = World::new();
        world.crls[1] = list(&world.others[0], 1, &[(&[0, 2], time, reason)]);
        world
    };
    revoke(1499, Reason::Superseded).fails(Sub::Revoked, "certificate.revocation");
    revoke(1500, Reason::CertificateHold).fails(Sub::Revoked, "certificate.revocation");
    let later = revoke(1501, Reason::KeyCompromise);
    later.passes();
    let notice = later.check("certificate.revoked_since").unwrap();
    assert_eq!(notice.level, Level::Information);
    assert_eq!(notice.evidence["reason"], "keyCompromise");
    assert_eq!(notice.evidence["revoked_at"], "1970-01-01T00:25:01Z");

    // A list that has long gone stale still proves what it says.
    let mut stale = revoke(1499, Reason::Superseded);
    stale.times.validation = at(1_000_000);
    stale.fails(Sub::Revoked, "certificate.revocation");
    let mut skipped = revoke(1499, Reason::Superseded);
    skipped.policy.revocation = Revocation::NotChecked;
    skipped.passes();
    let check = skipped.check("certificate.revocation").unwrap();
    assert_eq!(check.outcome, Outcome::Skipped);
}

#[test]
fn an_invalidity_date_before_the_signing_time_fails() {
    let entry = sequence(&[
        &[2, 2, 0, 2],
        b"\x17\x0d700101002600Z",
        &sequence(&[&sequence(&[
            &[6, 3, 0x55, 0x1d, 24],
            &wrap(tag::OCTET_STRING, &[b"\x18\x0f19700101002000Z"]),
        ])]),
    ]);
    let mut world = World::new();
    world.crls[1] = raw_list("ca", 1, &entry, &[], Some(b"\x17\x0d700101002700Z"));
    world.fails(Sub::Revoked, "certificate.revocation");
    let check = world.check("certificate.revocation").unwrap();
    assert_eq!(check.evidence["invalid_since"], "1970-01-01T00:20:00Z");
}

/// A list of 1970-01-01T00:23:00Z (1380) by hand, signed by the key `number`.
pub(super) fn raw_list(
    issuer: &str,
    number: u16,
    entries: &[u8],
    extension: &[u8],
    next: Option<&[u8]>,
) -> Crl {
    let name = issue::Subject { common_name: issuer.into(), ..Default::default() };
    let revoked = if entries.is_empty() { vec![] } else { sequence(&[entries]) };
    let extensions = match extension {
        [] => vec![],
        extension => wrap(tag::CONTEXT_0, &[&sequence(&[extension])]),
    };
    let tbs = sequence(&[
        &[2, 1, 1],
        forge::SM2_WITH_SM3,
        &name.to_der().unwrap(),
        b"\x17\x0d700101002300Z",
        next.unwrap_or_default(),
        &revoked,
        &extensions,
    ]);
    Crl::parse(&issue::signed(&tbs, &key(number)).unwrap()).unwrap()
}

#[test]
fn a_revoked_authority_fails_the_path() {
    let revoke = |time, reason| {
        let mut world = World::new();
        world.crls[0] = list(&world.anchors[0], 0, &[(&[0, 1], time, reason)]);
        world
    };
    revoke(1400, Reason::CessationOfOperation).fails(Sub::Revoked, "certificate.revocation");
    revoke(1501, Reason::CessationOfOperation).passes();
    let compromised = revoke(1501, Reason::CaCompromise);
    compromised.is_open(Sub::RevokedCaNoPoe, "certificate.revocation");
}

#[test]
fn without_a_fresh_list_of_the_issuer_the_answer_is_open() {
    let id = "certificate.revocation";
    for missing in [0, 1] {
        let mut world = World::new();
        world.crls.remove(missing);
        world.is_open(Sub::TryLater, id);
    }
    let mut world = World::new();
    for (validation, grace, fresh) in [
        (1399, 0, false),
        (1400, 0, true),
        (1600, 0, true),
        (1601, 0, false),
        (1601, 1, true),
        (1602, 1, false),
        (1601, -1, false),
        (1600, -1, true),
    ] {
        world.times = Times { signing: at(1400), validation: at(validation) };
        world.policy.crl_grace_s = grace;
        if fresh { world.passes() } else { world.is_open(Sub::TryLater, id) }
    }
}

#[test]
fn lists_that_prove_nothing_are_not_used() {
    let id = "certificate.revocation";
    let next: Option<&[u8]> = Some(b"\x17\x0d700101002600Z");
    let with = |list: Crl| {
        let mut world = World::new();
        world.crls[1] = list;
        world
    };
    with(raw_list("ca", 1, &[], &[], next)).passes();
    // Without nextUpdate nobody can tell how long it holds.
    with(raw_list("ca", 1, &[], &[], None)).is_open(Sub::TryLater, id);
    // Another's key; another's name.
    with(raw_list("ca", 7, &[], &[], next)).is_open(Sub::TryLater, id);
    with(raw_list("ca2", 1, &[], &[], next)).is_open(Sub::TryLater, id);
    // A delta list.
    with(raw_list("ca", 1, &[], &delta(), next)).is_open(Sub::TryLater, id);
    // A forged entry revokes nobody.
    let entry = sequence(&[&[2, 2, 0, 2], b"\x17\x0d700101000001Z"]);
    with(raw_list("ca", 7, &entry, &[], next)).is_open(Sub::TryLater, id);
    // The authority's key may not sign lists.
    let certifies = middle().with(15, Some(true), KeyUsage::KEY_CERT_SIGN.to_der());
    World::of(&root(), &certifies, &leaf()).is_open(Sub::TryLater, id);
}

fn delta() -> Vec<u8> {
    sequence(&[&[6, 3, 0x55, 0x1d, 27, 1, 1, 0xff], &[4, 3, 2, 1, 1]])
}

/// A critical issuingDistributionPoint.
fn scope(content: &[u8]) -> Vec<u8> {
    let content = wrap(tag::OCTET_STRING, &[&sequence(&[content])]);
    sequence(&[&[6, 3, 0x55, 0x1d, 28, 1, 1, 0xff], &content])
}

pub(super) const NEXT: Option<&[u8]> = Some(b"\x17\x0d700101002600Z");

#[test]
fn lists_for_others_are_not_used() {
    let id = "certificate.revocation";
    let url = |name: &[u8]| wrap(0xa0, &[&wrap(0xa0, &[&wrap(0x86, &[name])])]);
    let with = |leaf: &Forge, list: Crl| {
        let mut world = World::of(&root(), &middle(), leaf);
        world.crls[1] = list;
        world
    };
    let scoped = |content: &[u8]| with(&leaf(), raw_list("ca", 1, &[], &scope(content), NEXT));
    scoped(&[0x81, 1, 0xff]).passes();
    scoped(&[0x82, 1, 0xff]).is_open(Sub::TryLater, id);
    scoped(&[0x85, 1, 0xff]).is_open(Sub::TryLater, id);
    scoped(&[0x84, 1, 0xff]).is_open(Sub::TryLater, id);
    // Some reasons only: not enough alone, enough together.
    scoped(&[0x83, 2, 1, 0x1e]).is_open(Sub::TryLater, id);
    let mut together = scoped(&[0x83, 2, 1, 0x1e]);
    together.crls.push(raw_list("ca", 1, &[], &scope(&[0x83, 3, 7, 0xe1, 0x80]), NEXT));
    together.passes();
    // A place: that of the certificate, or another one.
    let placed = leaf().with(31, None, sequence(&[&sequence(&[&url(b"http://a/1.crl")])]));
    let at = |name: &[u8]| with(&placed, raw_list("ca", 1, &[], &scope(&url(name)), NEXT));
    at(b"http://a/1.crl").passes();
    at(b"http://a/2.crl").is_open(Sub::TryLater, id);
    scoped(&url(b"http://a/1.crl")).is_open(Sub::TryLater, id);
    // For authorities alone: what the authority itself needs.
    let mut world = World::new();
    world.crls[0] = raw_list("root", 0, &[], &scope(&[0x82, 1, 0xff]), NEXT);
    world.passes();
    world.crls[0] = raw_list("root", 0, &[], &scope(&[0x81, 1, 0xff]), NEXT);
    world.is_open(Sub::TryLater, id);
}

#[test]
fn delta_lists_take_away_and_never_give() {
    let id = "certificate.revocation";
    let entry = |extension: &[u8]| {
        let extension =
            sequence(&[&[6, 3, 0x55, 0x1d, 21], &wrap(tag::OCTET_STRING, &[extension])]);
        sequence(&[&[2, 2, 0, 2], b"\x17\x0d700101000001Z", &sequence(&[&extension])])
    };
    let complete = || raw_list("ca", 1, &[], &[], NEXT);
    let with = |lists: Vec<Crl>| {
        let mut world = World::new();
        world.crls.truncate(1);
        world.crls.extend(lists);
        world
    };
    let hold = raw_list("ca", 1, &entry(&[10, 1, 6]), &delta(), NEXT);
    with(vec![complete(), hold.clone()]).fails(Sub::Revoked, id);
    with(vec![hold.clone()]).fails(Sub::Revoked, id);
    // A complete list that is newer has the last word.
    with(vec![World::new().crls[1].clone(), hold]).passes();
    let removed = raw_list("ca", 1, &entry(&[10, 1, 8]), &delta(), NEXT);
    let world = with(vec![complete(), removed.clone()]);
    world.passes();
    let notice = world.check("certificate.revocation_delta").unwrap();
    assert_eq!((notice.outcome, notice.level), (Outcome::Skipped, Level::Information));
    // Taken off by a delta list, but on the complete one.
    let held = raw_list("ca", 1, &entry(&[10, 1, 6]), &[], NEXT);
    with(vec![held, removed]).fails(Sub::Revoked, id);
    // An authority that publishes deltas, of which none is at hand.
    let freshest = sequence(&[&[6, 3, 0x55, 0x1d, 46], &[4, 2, 0x30, 0]]);
    let world = with(vec![raw_list("ca", 1, &[], &freshest, NEXT)]);
    world.passes();
    assert!(world.check("certificate.revocation_delta").is_some());
    assert!(World::new().check("certificate.revocation_delta").is_none());
}

#[test]
fn responders_may_be_exempt() {
    let mut forge = leaf();
    forge.extensions.push((vec![0x2b, 6, 1, 5, 5, 7, 0x30, 1, 5], None, vec![5, 0]));
    let purpose = sequence(&[&[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 9]]);
    let mut world = World::of(&root(), &middle(), &forge.with(37, None, purpose));
    world.crls.truncate(1);
    world.policy.role = Role::Any;
    world.is_open(Sub::TryLater, "certificate.revocation");
    world.policy.role = Role::OcspSigner;
    world.passes();
    assert_eq!(world.check("certificate.revocation").unwrap().outcome, Outcome::Skipped);
}

#[test]
fn a_list_made_after_expiry_may_have_dropped_the_certificate() {
    let id = "certificate.revocation_coverage";
    let mut world = World::new();
    world.times = Times { signing: at(1500), validation: at(2500) };
    for (index, number) in [(0, 0), (1, 1)] {
        let issuer = [&world.anchors[0], &world.others[0]][index].clone();
        world.crls.push(crl::make(&issuer, &[], at(2400), at(2600), 2, &key(number)).unwrap());
    }
    // The list at hand from before is of 1400: it knows nothing of a revocation at 1450.
    world.is_open(Sub::RevokedNoPoe, id);
    // A list between signing and expiry takes the doubt away.
    let issuer = world.others[0].clone();
    let between = crl::make(&issuer, &[], at(1700), at(1800), 3, &key(1)).unwrap();
    world.crls.push(between);
    world.passes();
    assert!(world.check(id).is_none());
    // So does one that keeps what expired (expiredCertsOnCRL), from before it did.
    let keeps = |since: &[u8]| {
        let time = wrap(tag::OCTET_STRING, &[&wrap(tag::GENERALIZED_TIME, &[since])]);
        sequence(&[&[6, 3, 0x55, 0x1d, 60], &time])
    };
    for (since, good) in [(b"19700101003320Z", true), (b"19700101003321Z", false)] {
        world.crls.truncate(2);
        world.crls.push(crl::make(&world.anchors[0], &[], at(2400), at(2600), 2, &key(0)).unwrap());
        let name = issue::Subject { common_name: "ca".into(), ..Default::default() };
        let tbs = sequence(&[
            &[2, 1, 1],
            forge::SM2_WITH_SM3,
            &name.to_der().unwrap(),
            b"\x17\x0d700101004000Z",
            b"\x17\x0d700101004300Z",
            &wrap(tag::CONTEXT_0, &[&sequence(&[&keeps(since)])]),
        ]);
        world.crls.push(Crl::parse(&issue::signed(&tbs, &key(1)).unwrap()).unwrap());
        if good { world.passes() } else { world.is_open(Sub::RevokedNoPoe, id) }
    }
}
