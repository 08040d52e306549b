//! What somebody would try who wants a certificate accepted that must not be.

use super::{
    forge::{self, Forge, at, key},
    path_tests::{World, leaf, list, middle, root},
    revocation_tests::{NEXT, raw_list},
    *,
};
use crate::{
    limits,
    pki::{
        crl::{Crl, Reason},
        tlv::{sequence, tag, wrap},
    },
    report::{Level, Outcome, SubIndication as Sub},
};

const SUB: Sub = Sub::ChainConstraintsFailure;

/// An entry of a list for the signer, or for another serial number: seconds after 1970-01-01T00:25:00Z
/// (1500), and extensions.
fn entry(serial: u8, seconds: u8, extensions: &[Vec<u8>]) -> Vec<u8> {
    let time = format!("7001010025{seconds:02}Z");
    let extensions = match extensions {
        [] => vec![],
        list => sequence(&[&list.concat()]),
    };
    sequence(&[&[2, 2, 0, serial], &wrap(tag::UTC_TIME, &[time.as_bytes()]), &extensions])
}

fn extension(last: u8, value: &[u8]) -> Vec<u8> {
    sequence(&[&[6, 3, 0x55, 0x1d, last], &wrap(tag::OCTET_STRING, &[value])])
}

fn reason(code: u8) -> Vec<u8> {
    extension(21, &[10, 1, code])
}

#[test]
fn a_revocation_is_not_hidden_by_spending_the_limit() {
    // Certificates under the authority's name whose key identifier fits better than its own: each costs
    // one verification, until one is left for the first of two lists, which does not name the signer.
    let fitting = wrap(tag::OCTET_STRING, &[&issue::key_id(key(1).public())]);
    let world = |decoys: u16| {
        let mut world = World::of(&root(), &middle().without(14), &leaf());
        let revoked: (&[u8], _, _) = (&[0, 2], 1450, Reason::KeyCompromise);
        world.crls = vec![world.crls.remove(1), list(&world.others[0], 1, &[revoked])];
        world.anchors = vec![world.others.remove(0)];
        world.others = (100..100 + decoys)
            .map(|n| {
                Forge::authority("ca", n, "x", 0, None).with(14, None, fitting.clone()).sign(0)
            })
            .collect();
        world
    };
    let most = u16::try_from(limits::PATH_SIGNATURES_MAX).unwrap();
    // One for the authority, two for its lists.
    world(most - 3).fails(Sub::Revoked, "certificate.revocation");
    let short = world(most - 2);
    short.is_open(Sub::TryLater, "certificate.revocation");
    assert!(short.check("certificate.revocation").unwrap().text.en.contains("limit"));
}

#[test]
fn issuers_beyond_the_limit_are_not_said_to_have_not_signed() {
    let of = |count: u16| {
        let mut world = World::new();
        world.policy.revocation = Revocation::NotChecked;
        let others = 100..100 + count;
        let forge = |n| Forge::authority("ca", n, "root", 0, None).without(14).sign(0);
        world.others = others.map(forge).collect();
        world.leaf = leaf().without(35).sign(1);
        world
    };
    let most = u16::try_from(limits::PATH_SIGNATURES_MAX).unwrap();
    of(most).fails(Sub::CertificateChainGeneralFailure, "certificate.signature");
    of(most + 1).is_open(Sub::NoCertificateChainFound, "certificate.anchor");
}

#[test]
fn comparisons_of_all_paths_are_bounded_together() {
    let trees: Vec<u8> = sequence(&[&wrap(0x82, &[b"gov.cn"])]).repeat(500);
    let names = sequence(&[&wrap(0x82, &[b"a.gov.cn"]).repeat(101)]);
    let constrained = middle().with(30, Some(true), sequence(&[&wrap(0xa0, &[&trees])]));
    let mut world = World::of(&root(), &constrained, &leaf().with(17, None, names));
    world.passes();
    // The same authority, expired, is tried first: then there is nothing left for the second path.
    let expired = Forge { not_after: 1499, serial: vec![77], ..constrained };
    world.others.insert(0, expired.sign(0));
    world.fails(Sub::Expired, "certificate.validity");
}

#[test]
fn of_several_revocations_the_worst_counts() {
    // The reason was found out later: the newer list tells of the same moment.
    let at_1501 = |reason| -> (&[u8], _, _) { (&[0, 2], 1501, reason) };
    let id = "certificate.revocation";
    let stamping = sequence(&[&[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8]]);
    for reasons in
        [[Reason::Superseded, Reason::KeyCompromise], [Reason::KeyCompromise, Reason::Superseded]]
    {
        let stamper = leaf().with(37, Some(true), stamping.clone());
        let mut world = World::of(&root(), &middle(), &stamper);
        world.policy.role = Role::TimeStamper;
        world.crls.truncate(1);
        world.crls.extend(reasons.map(|reason| list(&world.others[0], 1, &[at_1501(reason)])));
        world.fails(Sub::Revoked, id);
        let mut world = World::new();
        world.crls.remove(0);
        let of_root = |reason| -> (&[u8], _, _) { (&[0, 1], 1501, reason) };
        world.crls.extend(reasons.map(|reason| list(&world.anchors[0], 0, &[of_root(reason)])));
        world.is_open(Sub::RevokedCaNoPoe, id);
    }
    // In one list too: the earlier date of invalidity and the worse reason.
    let since = extension(24, b"\x18\x0f19700101002000Z");
    for entries in [
        [entry(2, 1, &[]), entry(2, 2, std::slice::from_ref(&since))],
        [entry(2, 2, &[since]), entry(2, 1, &[])],
    ] {
        let mut world = World::new();
        world.crls[1] = raw_list("ca", 1, &entries.concat(), &[], NEXT);
        world.fails(Sub::Revoked, id);
    }
}

#[test]
fn an_authority_revoked_later_is_believed_only_where_its_key_is_said_to_be_secret() {
    let id = "certificate.revocation";
    let with = |extensions: &[Vec<u8>]| {
        let mut world = World::new();
        world.crls[0] = raw_list("root", 0, &entry(1, 1, extensions), &[], NEXT);
        world
    };
    for reason in [3, 4, 5, 0].map(reason) {
        with(&[reason]).passes();
    }
    for reason in [1, 2, 6, 7, 9, 10].map(reason) {
        with(&[reason]).is_open(Sub::RevokedCaNoPoe, id);
    }
    with(&[]).is_open(Sub::RevokedCaNoPoe, id);
    // A signer's own revocation after the signing leaves the signature standing, as its time is held to be
    // proved; so it does without a reason.
    let mut world = World::new();
    world.crls[1] = raw_list("ca", 1, &entry(2, 1, &[]), &[], NEXT);
    world.passes();
}

#[test]
fn restricting_extensions_count_although_not_critical() {
    let id = "certificate.critical_extensions";
    let server = sequence(&[&[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1]]);
    // Purposes that cannot be read, or none at all, are not the absence of the extension.
    for content in [vec![], vec![5, 0], sequence(&[]), [&server[..], &[0]].concat()] {
        for critical in [None, Some(true)] {
            let leaf = leaf().with(37, critical, content.clone());
            World::of(&root(), &middle(), &leaf).fails(SUB, id);
        }
    }
    // The second of two could be the one that forbids.
    let client = sequence(&[&[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2]]);
    let only = |name: &[u8]| sequence(&[&wrap(0xa0, &[&sequence(&[&wrap(0x82, &[name])])])]);
    let twice = |forge: Forge, last: u8, first: Vec<u8>, second: Vec<u8>| {
        let mut forge = forge.with(last, None, first);
        forge.extensions.push((forge::under_2_5_29(last), None, second));
        forge
    };
    let leaf_twice = twice(leaf(), 37, client, server);
    World::of(&root(), &middle(), &leaf_twice).fails(SUB, id);
    let named = leaf().with(17, None, sequence(&[&wrap(0x82, &[b"a.cn"])]));
    let middle_twice = twice(middle(), 30, only(b"a.cn"), only(b"b.cn"));
    World::of(&root(), &middle_twice, &named).fails(SUB, id);
    // What restricts nothing is a remark.
    let harmless = twice(leaf(), 18, sequence(&[]), sequence(&[]));
    let world = World::of(&root(), &middle(), &harmless);
    world.passes();
    assert_eq!(world.check(id).unwrap().level, Level::Warning);
}

#[test]
fn an_authority_for_other_purposes_certifies_no_signers() {
    let id = "certificate.extended_key_usage";
    let purposes = |list: &[u8]| {
        let one = |&last: &u8| match last {
            0 => vec![6, 4, 0x55, 0x1d, 0x25, 0],
            last => vec![6, 8, 0x2b, 6, 1, 5, 5, 7, 3, last],
        };
        sequence(&[&list.iter().flat_map(one).collect::<Vec<_>>()])
    };
    let world = |list: &[u8], role| {
        let stamps = role == Role::TimeStamper;
        let leaf = if stamps { leaf().with(37, Some(true), purposes(&[8])) } else { leaf() };
        let mut world = World::of(&root(), &middle().with(37, None, purposes(list)), &leaf);
        world.policy.role = role;
        world
    };
    for role in [Role::SealMaker, Role::SealSigner, Role::DocumentSigner] {
        for other in [&[1][..], &[8], &[1, 3, 9]] {
            world(other, role).fails(SUB, id);
        }
        for good in [&[0][..], &[1, 4], &[2]] {
            world(good, role).passes();
        }
    }
    world(&[1], Role::TimeStamper).fails(SUB, id);
    world(&[4], Role::TimeStamper).fails(SUB, id);
    world(&[1, 8], Role::TimeStamper).passes();
    world(&[0], Role::TimeStamper).passes();
    // An anchor is trusted for what its user wishes.
    let anchor = root().with(37, None, purposes(&[1]));
    World::of(&anchor, &middle(), &leaf()).passes();
}

#[test]
fn the_period_of_the_private_key_is_kept_to() {
    let id = "certificate.private_key_usage_period";
    let time = |number: u8, seconds: i64| {
        let time = at(seconds).to_string();
        let digits: String = time.chars().filter(char::is_ascii_digit).collect();
        wrap(number, &[digits.as_bytes(), b"Z"])
    };
    let with = |content: Vec<u8>, critical| {
        World::of(&root(), &middle(), &leaf().with(16, critical, content))
    };
    for critical in [None, Some(true)] {
        for (from, to, good) in
            [(1400, 1500, true), (1500, 1600, true), (1400, 1499, false), (1501, 1600, false)]
        {
            let world = with(sequence(&[&time(0x80, from), &time(0x81, to)]), critical);
            if good {
                world.passes()
            } else {
                world.fails(SUB, id)
            }
            assert!(world.check(id).is_some());
        }
        with(sequence(&[&time(0x81, 1499)]), critical).fails(SUB, id);
        with(sequence(&[&time(0x80, 1499)]), critical).passes();
        for bad in [vec![], sequence(&[]), sequence(&[&[0x81, 1, b'1']]), sequence(&[&[5, 0]])] {
            with(bad, critical).fails(SUB, id);
        }
    }
    // Who only receives keys does not sign.
    let usage = KeyUsage::KEY_ENCIPHERMENT.to_der();
    let leaf = leaf().with(16, None, sequence(&[&time(0x81, 1499)])).with(15, Some(true), usage);
    let mut world = World::of(&root(), &middle(), &leaf);
    world.policy.role = Role::Encryption;
    world.passes();
}

#[test]
fn an_anchor_of_old_versions_that_says_it_is_no_authority_is_none() {
    let old = Forge { version: 1, ..root() }.with(19, Some(true), sequence(&[]));
    let world = World::of(&old, &middle(), &leaf());
    world.fails(SUB, "certificate.basic_constraints");
}

#[test]
fn delta_lists_are_combined_with_the_list_that_they_add_to() {
    let id = "certificate.revocation";
    let number = |number: u8| extension(20, &[2, 1, number]);
    let delta_of = |base: u8, own: u8| {
        let indicator = sequence(&[&[6, 3, 0x55, 0x1d, 27, 1, 1, 0xff], &[4, 3, 2, 1, base]]);
        [indicator, number(own)].concat()
    };
    let with = |lists: &[Crl]| {
        let mut world = World::new();
        world.crls.truncate(1);
        world.crls.extend_from_slice(lists);
        world
    };
    let raw =
        |entries: &[u8], extensions: &[u8], next| raw_list("ca", 1, entries, extensions, next);
    // Of 1380, and stale at 1500 by itself.
    let stale: Option<&[u8]> = Some(b"\x17\x0d700101002400Z");
    let complete = raw(&[], &number(4), stale);
    with(std::slice::from_ref(&complete)).is_open(Sub::TryLater, id);
    let world = with(&[complete.clone(), raw(&[], &delta_of(3, 5), NEXT)]);
    world.passes();
    let remark = world.check("certificate.revocation_delta").unwrap();
    assert_eq!(remark.outcome, Outcome::Passed);
    // Numbers that do not fit: the delta is for a later list, or no newer than this one; or none.
    for delta in [delta_of(5, 6), delta_of(3, 4), delta_of(3, 3), delta_of(3, 5)[..15].to_vec()] {
        let delta = raw(&[], &delta, NEXT);
        with(&[complete.clone(), delta]).is_open(Sub::TryLater, id);
    }
    // Of another scope.
    let users = sequence(&[&[6, 3, 0x55, 0x1d, 28, 1, 1, 0xff], &[4, 5, 0x30, 3, 0x81, 1, 0xff]]);
    let scoped = raw(&[], &[delta_of(3, 5), users].concat(), NEXT);
    with(&[complete.clone(), scoped]).is_open(Sub::TryLater, id);
    // What it adds is revoked; what it removes was suspended, and nothing else ever comes back.
    let early = |code: u8| {
        let reason = sequence(&[&reason(code)]);
        sequence(&[&[2, 2, 0, 2], b"\x17\x0d700101000001Z", &reason])
    };
    with(&[complete, raw(&early(4), &delta_of(3, 5), NEXT)]).fails(Sub::Revoked, id);
    let removes = raw(&early(8), &delta_of(3, 5), NEXT);
    with(&[raw(&early(6), &number(4), NEXT), removes.clone()]).passes();
    for final_reason in [1, 4, 9] {
        let complete = raw(&early(final_reason), &number(4), NEXT);
        with(&[complete, removes.clone()]).fails(Sub::Revoked, id);
    }
    with(&[raw(&early(6), &number(5), NEXT), removes]).fails(Sub::Revoked, id);
}

#[test]
fn a_suspension_ends_with_a_later_list_and_a_revocation_does_not() {
    let id = "certificate.revocation";
    let early = |code: u8| {
        let reason = sequence(&[&reason(code)]);
        sequence(&[&[2, 2, 0, 2], b"\x17\x0d700101000001Z", &reason])
    };
    for (code, lifted) in [(6, true), (1, false), (4, false), (5, false)] {
        let mut world = World::new();
        // Of 1380; the other one is of 1400.
        world.crls.push(raw_list("ca", 1, &early(code), &[], NEXT));
        if lifted { world.passes() } else { world.fails(Sub::Revoked, id) }
    }
    // A later list for certificates of another kind ends nothing.
    let mut world = World::new();
    let users = sequence(&[&[6, 3, 0x55, 0x1d, 28, 1, 1, 0xff], &[4, 5, 0x30, 3, 0x81, 1, 0xff]]);
    world.crls.push(raw_list("ca", 1, &early(6), &users, NEXT));
    world.fails(Sub::Revoked, id);
}

#[test]
fn every_field_of_a_certificate_is_read_or_refused() {
    let forge = leaf();
    let good = forge.sign_der(1);
    assert!(Certificate::parse(&good).is_ok());
    // Changes the parts of the signed part, and signs again.
    let with = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let tbs = Certificate::parse(&good).unwrap().tbs().to_vec();
        let mut parts = tlv_parts(&tbs);
        change(&mut parts);
        let tbs = sequence(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
        Certificate::parse(&issue::signed(&tbs, &key(1)).unwrap())
    };
    assert!(with(&|_| {}).is_ok());
    // Extensions a second time, where the second could restrict; something after them.
    assert!(with(&|parts| parts.push(parts[7].clone())).is_err());
    assert!(with(&|parts| parts.push(vec![5, 0])).is_err());
    assert!(with(&|parts| parts[7].extend([5, 0])).is_err());
    // Unique identifiers have their place before them.
    assert!(with(&|parts| parts.insert(7, vec![0x81, 2, 0, 1])).is_ok());
    assert!(with(&|parts| parts.push(vec![0x82, 2, 0, 1])).is_err());
    for version in [3, 0x80, 0xff] {
        assert!(with(&|parts| parts[0] = vec![0xa0, 3, 2, 1, version]).is_err(), "{version}");
    }
    // A negative, a padded and a giant serial number are read as they are; none at all is refused.
    for serial in [vec![0xff], vec![0, 0, 1], vec![0x7f; 300]] {
        let read = with(&|parts| parts[1] = wrap(tag::INTEGER, &[&serial])).unwrap();
        assert_eq!(read.serial(), serial);
    }
    assert!(with(&|parts| parts[1] = vec![2, 0]).is_err());
    // A third time in the validity.
    let validity = |time: &[u8]| sequence(&[time, time, time]);
    assert!(with(&|parts| parts[4] = validity(b"\x17\x0d700101002000Z")).is_err());
}

fn tlv_parts(der: &[u8]) -> Vec<Vec<u8>> {
    let whole = crate::pki::tlv::only(der, 0, tag::SEQUENCE, Code::BadCertificate, "tbs").unwrap();
    whole.inside().all("tbs", 16, "x").unwrap().iter().map(|part| part.raw.to_vec()).collect()
}

#[test]
fn names_with_hidden_parts_are_refused() {
    let attribute = sequence(&[&[6, 3, 0x55, 4, 3], &[12, 1, b'x']]);
    let relative = wrap(tag::SET, &[&attribute]);
    let read = |parts: &[&[u8]]| Name::parse(&sequence(parts));
    assert!(read(&[&relative]).is_ok());
    // Behind the last relative name, inside one, inside an attribute; an empty one.
    let longer = sequence(&[&[6, 3, 0x55, 4, 3], &[12, 1, b'x'], &[5, 0]]);
    for hidden in [
        vec![5, 0],
        wrap(tag::SET, &[&attribute, &[5, 0]]),
        wrap(tag::SET, &[&longer]),
        wrap(tag::SET, &[]),
        sequence(&[&attribute]),
    ] {
        assert!(read(&[&relative, &hidden]).is_err(), "{hidden:?}");
    }
    // A tag of another class is no string, whatever its number.
    let context = wrap(tag::SET, &[&sequence(&[&[6, 3, 0x55, 4, 3], &[0x8c, 1, b'x']])]);
    let name = read(&[&context]).unwrap();
    assert_eq!((name.common_name(), name.to_string()), (None, "CN=#78".to_owned()));
    assert!(!name.matches(&read(&[&relative]).unwrap()));
}
