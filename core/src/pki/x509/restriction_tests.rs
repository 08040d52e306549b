//! What authorities permit each other: names and policies, and what callers demand.

use super::{
    forge::{Forge, at, key},
    path_tests::{World, leaf, list, middle, root},
    *,
};
use crate::{
    limits,
    pki::tlv::{sequence, tag, wrap},
    report::{Indication, Level, Outcome, SubIndication as Sub},
};

const NAMES: &str = "certificate.name_constraints";
const POLICIES: &str = "certificate.policies";
const SUB: Sub = Sub::ChainConstraintsFailure;

/// `GeneralSubtrees` of (tag of the form, content).
fn trees(subtrees: &[(u8, &[u8])]) -> Vec<u8> {
    subtrees.iter().flat_map(|(form, content)| sequence(&[&wrap(*form, &[content])])).collect()
}

fn constraints(permitted: &[(u8, &[u8])], excluded: &[(u8, &[u8])]) -> Vec<u8> {
    let field = |number: u8, list: &[(u8, &[u8])]| {
        if list.is_empty() { vec![] } else { wrap(number, &[&trees(list)]) }
    };
    sequence(&[&field(0xa0, permitted), &field(0xa1, excluded)])
}

fn common_name(name: &str) -> Vec<u8> {
    issue::Subject { common_name: name.into(), ..Default::default() }.to_der().unwrap()
}

/// The authority carries `constraints`; the leaf the alternative `names`.
fn constrained(constraints: Vec<u8>, names: &[(u8, &[u8])]) -> World {
    let names: Vec<u8> = names.iter().flat_map(|(form, text)| wrap(*form, &[text])).collect();
    let leaf = leaf().with(17, None, sequence(&[&names]));
    World::of(&root(), &middle().with(30, Some(true), constraints), &leaf)
}

#[test]
fn names_must_be_permitted_and_not_excluded() {
    type Trees<'a> = &'a [(u8, &'a [u8])];
    let (signer, other) = (common_name("SIGNER"), common_name("other"));
    let rows: &[(Trees<'_>, Trees<'_>, Trees<'_>, bool)] = &[
        (&[(0xa4, &signer)], &[], &[], true),
        (&[(0xa4, &other)], &[], &[], false),
        (&[(0xa4, &other), (0xa4, &signer)], &[], &[], true),
        (&[(0xa4, &[0x30, 0])], &[], &[], true),
        (&[], &[(0xa4, &signer)], &[], false),
        (&[], &[(0xa4, &other)], &[], true),
        (&[(0x82, b"gov.cn")], &[], &[], true), // no such name, no constraint
        (&[(0x82, b"gov.cn")], &[], &[(0x82, b"a.GOV.cn")], true),
        (&[(0x82, b"gov.cn")], &[], &[(0x82, b"a.gov.cn"), (0x82, b"gov.com")], false),
        (&[(0x82, b"gov.cn")], &[(0x82, b"b.gov.cn")], &[(0x82, b"a.b.gov.cn")], false),
        (&[], &[(0x82, b"b.gov.cn")], &[(0x82, b"*.gov.cn")], false),
        (&[(0x81, b"gov.cn")], &[], &[(0x81, b"a@gov.cn")], true),
        (&[(0x81, b"gov.cn")], &[], &[(0x81, b"a@b.gov.cn")], false),
        (&[(0x86, b".gov.cn")], &[], &[(0x86, b"https://a.gov.cn/x")], true),
        (&[(0x86, b".gov.cn")], &[], &[(0x86, b"https://gov.com/.gov.cn")], false),
        (&[(0x87, &[10, 0, 0, 0, 255, 0, 0, 0])], &[], &[(0x87, &[10, 1, 2, 3])], true),
        (&[(0x87, &[10, 0, 0, 0, 255, 0, 0, 0])], &[], &[(0x87, &[11, 1, 2, 3])], false),
        // A form that is not interpreted: refused where such a name appears, and only there.
        (&[(0x88, &[0x2a, 3])], &[], &[(0x82, b"a.cn")], true),
        (&[(0x88, &[0x2a, 3])], &[], &[(0x88, &[0x2a, 3, 4])], false),
        (&[], &[(0xa0, &[6, 1, 0x2a])], &[(0xa0, &[6, 1, 0x2a])], false),
        // What cannot be read as a name of its form.
        (&[], &[(0x82, b"gov.cn")], &[(0x82, b"a..cn")], false),
        (&[(0x82, b"gov.cn")], &[], &[(0x99, b"")], false),
    ];
    for &(permitted, excluded, names, good) in rows {
        let world = constrained(constraints(permitted, excluded), names);
        if good { world.passes() } else { world.fails(SUB, NAMES) }
    }
}

#[test]
fn malformed_constraints_refuse_the_path() {
    for content in [
        vec![],
        vec![0x30, 0],
        sequence(&[&[0xa0, 0]]),
        constraints(&[(0x87, &[10, 0, 0, 0, 255, 0, 255, 0])], &[]),
        sequence(&[&wrap(0xa0, &[&sequence(&[&wrap(0x82, &[b"a.cn"]), &[0x80, 1, 1]])])]),
        sequence(&[&wrap(0xa0, &[&sequence(&[&wrap(0x82, &[b"a.cn"]), &[0x81, 1, 1]])])]),
    ] {
        let world = constrained(content, &[]);
        world.fails(SUB, NAMES);
    }
    // A minimum of 0 is what its absence means.
    let zero = sequence(&[&wrap(0xa0, &[&sequence(&[&wrap(0x82, &[b"a.cn"]), &[0x80, 1, 0]])])]);
    constrained(zero, &[(0x82, b"a.cn")]).passes();
}

#[test]
fn constraints_bind_everyone_below_but_the_self_issued() {
    let only_cas =
        || constraints(&[(0xa4, &common_name("ca")), (0xa4, &common_name("signer"))], &[]);
    // Those of the anchor bind the authority too.
    let anchor = root().with(30, Some(true), only_cas());
    World::of(&anchor, &middle(), &leaf()).passes();
    let anchor = root().with(30, Some(true), constraints(&[(0xa4, &common_name("signer"))], &[]));
    World::of(&anchor, &middle(), &leaf()).fails(SUB, NAMES);
    // root -> ca, constrained to signers -> ca with a new key, self-issued -> signer
    let signers = constraints(&[(0xa4, &common_name("signer"))], &[]);
    let mut world = World::of(&root(), &middle().with(30, Some(true), signers), &leaf());
    world.others.push(Forge::authority("ca", 3, "ca", 1, Some(0)).sign(1));
    world.leaf = Forge::signer("signer", 2, "ca", 3).sign(3);
    world.crls.push(list(&world.others[1], 3, &[]));
    world.passes();
    // A mailbox in the distinguished name is a mailbox.
    let mailbox = sequence(&[
        &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1],
        &wrap(tag::IA5_STRING, &[b"a@evil.cn"]),
    ]);
    let name = Name::parse(&sequence(&[&wrap(tag::SET, &[&mailbox])])).unwrap();
    assert_eq!(name.to_string(), "emailAddress=a@evil.cn");
}

#[test]
fn names_that_differ_in_case_and_spaces_build_paths() {
    let world = World::of(&root(), &middle(), &Forge { issuer: " CA".into(), ..leaf() });
    world.passes();
    let notice = world.check("certificate.issuer_name").unwrap();
    assert_eq!((notice.outcome, notice.level), (Outcome::Passed, Level::Information));
    assert!(World::new().check("certificate.issuer_name").is_none());
    // The name alone is nothing: another key under it did not sign.
    let mut world = World::of(&root(), &middle(), &Forge { issuer: "CA".into(), ..leaf() });
    world.others = vec![Forge::authority("Ca", 5, "root", 0, None).sign(0)];
    world.leaf = Forge { issuer: "CA".into(), ..leaf() }.without(35).sign(1);
    world.fails(Sub::CertificateChainGeneralFailure, "certificate.signature");
}

#[test]
fn comparisons_are_bounded() {
    let many = |count: usize| -> Vec<(u8, &[u8])> { vec![(0x82, b"example.gov.cn"); count] };
    let most = limits::GENERAL_NAMES_MAX;
    constrained(constraints(&many(most), &[]), &[(0x82, b"a.example.gov.cn")]).passes();
    let over = constrained(constraints(&many(most + 1), &[]), &[]);
    over.fails(SUB, NAMES);
    let names = |count: usize| sequence(&[&wrap(0x82, &[b"a.cn"]).repeat(count)]);
    let read = |count| {
        let forge = leaf().with(17, None, names(count));
        forge.sign(1).subject_alternative_names().map(|names| names.len())
    };
    assert_eq!(read(most), Ok(most));
    assert_eq!(read(most + 1).unwrap_err().field_name(), Some("GENERAL_NAMES_MAX"));
    // As many comparisons as are allowed, and one more.
    let per_name = limits::NAME_COMPARISONS_MAX / 200;
    let compare = |names: usize| {
        let names = vec![(0x82, &b"a.example.gov.cn"[..]); names];
        constrained(constraints(&many(per_name), &[]), &names)
    };
    compare(200).passes();
    compare(201).fails(SUB, NAMES);
}

/// `certificatePolicies` of policies under 1.2.3, 0 for anyPolicy.
fn policies(list: &[u8]) -> Vec<u8> {
    sequence(&[&list.iter().flat_map(|&number| sequence(&[&policy(number)])).collect::<Vec<_>>()])
}

fn policy(number: u8) -> Vec<u8> {
    match number {
        0 => wrap(tag::OID, &[&[0x55, 0x1d, 0x20, 0]]),
        number => wrap(tag::OID, &[&[0x2a, 3, number]]),
    }
}

fn mappings(pairs: &[(u8, u8)]) -> Vec<u8> {
    let pair = |&(from, to): &(u8, u8)| sequence(&[&policy(from), &policy(to)]);
    sequence(&[&pairs.iter().flat_map(pair).collect::<Vec<_>>()])
}

const REQUIRE_NOW: [u8; 5] = [0x30, 3, 0x80, 1, 0];

fn under(world: &World, demands: &PolicyDemands) -> PathReport {
    let evidence = Evidence::new(world.others.clone(), world.crls.clone());
    let trust = TrustStore::new(world.anchors.clone());
    verify_path_under(&world.leaf, &evidence, &trust, &world.policy, demands, world.times)
}

fn demand(acceptable: &[u8]) -> PolicyDemands {
    let acceptable = acceptable.iter().map(|number| format!("1.2.3.{number}").into()).collect();
    PolicyDemands { acceptable: Some(acceptable), require_explicit: true, ..Default::default() }
}

/// The policies that the report names, or `None` where the path fails for its policies.
fn holds(world: &World, demands: &PolicyDemands) -> Option<String> {
    let report = under(world, demands);
    let check = report.checks().find(|check| check.id == POLICIES).unwrap();
    assert_eq!(report.passed(), check.outcome == Outcome::Passed, "{report:#?}");
    if !report.passed() {
        assert_eq!((report.indication, report.sub_indication), (Indication::Failed, Some(SUB)));
    }
    report.passed().then(|| check.evidence["policies"].clone())
}

fn stating(middle_states: &[u8], leaf_states: &[u8]) -> World {
    let state = |forge: Forge, list: &[u8]| {
        if list.is_empty() { forge } else { forge.with(32, None, policies(list)) }
    };
    World::of(&root(), &state(middle(), middle_states), &state(leaf(), leaf_states))
}

#[test]
fn a_policy_must_hold_from_the_anchor_down() {
    for (above, below, acceptable, expected) in [
        (&[1][..], &[1][..], &[1][..], Some("1.2.3.1")),
        (&[1, 2], &[2, 3], &[1, 2, 3], Some("1.2.3.2")),
        (&[1], &[1], &[2], None),
        (&[1], &[2], &[1, 2], None),
        (&[0], &[1], &[1], Some("1.2.3.1")),
        (&[1], &[0], &[1], Some("1.2.3.1")),
        (&[0], &[0], &[7], Some("anyPolicy")),
        (&[0], &[0], &[], None),
        (&[], &[1], &[1], None),
        (&[1], &[], &[1], None),
        (&[], &[], &[1], None),
    ] {
        let world = stating(above, below);
        assert_eq!(holds(&world, &demand(acceptable)).as_deref(), expected, "{above:?} {below:?}");
        // Without a demand, nobody has to state anything.
        assert!(under(&world, &PolicyDemands::default()).passed());
    }
    let any = PolicyDemands { require_explicit: true, ..Default::default() };
    assert_eq!(holds(&stating(&[1], &[1]), &any).as_deref(), Some("1.2.3.1"));
    assert_eq!(holds(&stating(&[1], &[2]), &any), None);
    let without_any = PolicyDemands { inhibit_any: true, ..demand(&[1]) };
    assert_eq!(holds(&stating(&[0], &[1]), &without_any), None);
    assert_eq!(holds(&stating(&[1], &[0]), &without_any), None);
    assert!(holds(&stating(&[1], &[1]), &without_any).is_some());
}

#[test]
fn authorities_demand_of_each_other() {
    let none = PolicyDemands::default();
    let with = |last: u8, content: &[u8], above: &[u8], below: &[u8]| {
        let middle =
            middle().with(32, None, policies(above)).with(last, Some(true), content.into());
        World::of(&root(), &middle, &leaf().with(32, None, policies(below)))
    };
    // requireExplicitPolicy 0: from here on.
    assert!(holds(&with(36, &REQUIRE_NOW, &[1], &[1]), &none).is_some());
    assert_eq!(holds(&with(36, &REQUIRE_NOW, &[1], &[2]), &none), None);
    // 1: one certificate later, that is the signer's, after which nothing is demanded any more.
    let later = [0x30, 3, 0x80, 1, 1];
    assert_eq!(holds(&with(36, &later, &[1], &[2]), &none), None);
    let much_later = [0x30, 3, 0x80, 1, 2];
    assert!(holds(&with(36, &much_later, &[1], &[2]), &none).is_some());
    // inhibitAnyPolicy 0.
    let explicit = PolicyDemands { require_explicit: true, ..Default::default() };
    assert_eq!(holds(&with(54, &[2, 1, 0], &[1], &[0]), &explicit), None);
    assert!(holds(&with(54, &[2, 1, 1], &[1], &[0]), &explicit).is_some());
    // Mappings, in the words of the authority nearest to the anchor.
    let mapped =
        |pairs: &[(u8, u8)], above: &[u8], below: &[u8]| with(33, &mappings(pairs), above, below);
    assert_eq!(holds(&mapped(&[(1, 2)], &[1], &[2]), &explicit).as_deref(), Some("1.2.3.1"));
    assert_eq!(holds(&mapped(&[(1, 2)], &[1], &[1]), &explicit), None);
    assert_eq!(holds(&mapped(&[(1, 2)], &[0], &[2]), &demand(&[1])).as_deref(), Some("1.2.3.1"));
    let inhibited = PolicyDemands { inhibit_mapping: true, ..explicit.clone() };
    assert_eq!(holds(&mapped(&[(1, 2)], &[1], &[2]), &inhibited), None);
    // A mapping that is not allowed takes the policy away.
    assert_eq!(holds(&mapped(&[(1, 2)], &[1], &[1]), &inhibited), None);
    assert_eq!(holds(&mapped(&[(3, 2)], &[1], &[1]), &inhibited).as_deref(), Some("1.2.3.1"));
}

#[test]
fn malformed_policies_refuse_the_path() {
    let none = PolicyDemands::default();
    for (last, content) in [
        (32, vec![]),
        (32, vec![0x30, 0]),
        (32, policies(&[1, 1])),
        (33, vec![0x30, 0]),
        (33, mappings(&[(0, 1)])),
        (33, mappings(&[(1, 0)])),
        (36, vec![0x30, 3, 0x80, 1, 0xff]),
        (36, vec![0x30, 3, 0x82, 1, 0]),
        (54, vec![2, 1, 0xff]),
        (54, vec![]),
    ] {
        let world = World::of(&root(), &middle().with(last, Some(true), content), &leaf());
        assert_eq!(holds(&world, &none), None, "{last}");
        world.fails(SUB, POLICIES);
    }
    // A number of certificates that no path has.
    let far = World::of(
        &root(),
        &middle().with(54, None, vec![2, 9, 0, 255, 0, 0, 0, 0, 0, 0, 0]),
        &leaf(),
    );
    assert!(holds(&far, &none).is_some());
}

#[test]
fn hostile_mappings_do_not_grow() {
    // RFC 9618, 2: every policy mapped to every one, at every depth, doubles a tree each time.
    let half = |offset: u8| (0..15u8).map(move |n| 1 + offset + n);
    let all: Vec<_> = half(0).flat_map(|from| half(0).map(move |to| (from, to))).collect();
    let states: Vec<u8> = half(0).collect();
    let name = |n: u16| if n == 0 { "root".to_owned() } else { format!("ca{n}") };
    let depth = u16::try_from(limits::PATH_CERTIFICATES_MAX).unwrap() - 2;
    let mut world = World::new();
    world.policy.revocation = Revocation::NotChecked;
    world.others = (1..=depth)
        .map(|n| {
            Forge::authority(&name(n), n, &name(n - 1), n - 1, None)
                .with(32, None, policies(&states))
                .with(33, None, mappings(&all))
                .sign(n - 1)
        })
        .collect();
    let leaf = Forge::signer("signer", 99, &name(depth), depth).with(32, None, policies(&[1]));
    world.leaf = leaf.sign(depth);
    let found = holds(&world, &demand(&[1, 2, 3])).unwrap();
    assert_eq!(found, "1.2.3.1, 1.2.3.2, 1.2.3.3");
    // As many as are looked at, and one more.
    let many = |count: usize| {
        let one = |n: usize| {
            let [high, low] = u16::try_from(n).unwrap().to_be_bytes();
            sequence(&[&wrap(tag::OID, &[&[0x2a, 0x81 + high, low & 0x7f, low >> 7]])])
        };
        sequence(&[&(0..count).flat_map(one).collect::<Vec<_>>()])
    };
    let state = |count| World::of(&root(), &middle(), &self::leaf().with(32, None, many(count)));
    state(limits::CERTIFICATE_POLICIES_MAX).passes();
    state(limits::CERTIFICATE_POLICIES_MAX + 1).fails(SUB, POLICIES);
    let map = |count| {
        let mappings = mappings(&vec![(1, 2); count]);
        World::of(&root(), &middle().with(33, None, mappings), &self::leaf())
    };
    map(limits::CERTIFICATE_POLICIES_MAX).passes();
    map(limits::CERTIFICATE_POLICIES_MAX + 1).fails(SUB, POLICIES);
}

#[test]
fn roles_of_encryption_and_of_responders() {
    let usage = |usage: KeyUsage| leaf().with(15, Some(true), usage.to_der());
    let world = |forge: &Forge, role| {
        let mut world = World::of(&root(), &middle(), forge);
        world.policy.role = role;
        world
    };
    for allowed in
        [KeyUsage::KEY_ENCIPHERMENT, KeyUsage::DATA_ENCIPHERMENT, KeyUsage::KEY_AGREEMENT]
    {
        world(&usage(allowed), Role::Encryption).passes();
        world(&usage(allowed), Role::DocumentSigner).fails(SUB, "certificate.key_usage");
    }
    world(&leaf(), Role::Encryption).fails(SUB, "certificate.key_usage");
    let id = "certificate.extended_key_usage";
    let purpose = |last: u8| sequence(&[&[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, last]]);
    world(&leaf().with(37, None, purpose(9)), Role::OcspSigner).passes();
    world(&leaf().with(37, None, purpose(8)), Role::OcspSigner).fails(SUB, id);
    let any = sequence(&[&[6, 4, 0x55, 0x1d, 0x25, 0]]);
    world(&leaf().with(37, None, any), Role::OcspSigner).fails(SUB, id);
    world(&leaf(), Role::OcspSigner).fails(SUB, id);
}

#[test]
fn an_authority_is_no_end_entity_unless_trusted_itself() {
    let both = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_CERT_SIGN);
    let ca = Forge::authority("signer", 2, "ca", 1, None).with(15, Some(true), both.to_der());
    let mut world = World::of(&root(), &middle(), &ca);
    world.fails(SUB, "certificate.end_entity");
    world.policy.role = Role::Any;
    world.passes();
    world.policy.role = Role::SealMaker;
    world.anchors = vec![world.leaf.clone()];
    world.passes();
    assert_eq!(world.check("certificate.end_entity").unwrap().level, Level::Warning);
}

#[test]
fn pinned_sets_pick_their_anchors() {
    let (root, other) = (root().sign(0), Forge::authority("root", 8, "root", 8, None).sign(8));
    let pins = [root.thumbprint(), [7; 32]];
    let set = PinnedSet { name: "seals".into(), thumbprints: pins.into_iter().collect() };
    let selection = set.select([other.clone(), root.clone(), root.clone()]);
    assert_eq!(selection.trust.anchors().collect::<Vec<_>>(), [&root]);
    assert_eq!(selection.missing, [[7; 32]]);
    assert_eq!(selection.others, [other]);
    assert_eq!(selection.trust.name(), Some("seals"));
    let times = Times::both(at(1500));
    let policy = PathPolicy { role: Role::Any, revocation: Revocation::NotChecked, crl_grace_s: 0 };
    let leaf = middle().sign(0);
    let report = verify_path(&leaf, &Evidence::default(), &selection.trust, &policy, times);
    let anchor = report.checks().find(|check| check.id == "certificate.anchor").unwrap();
    assert_eq!(anchor.evidence["trust_set"], "seals");
}

#[test]
fn the_right_issuer_is_found_among_many_of_one_name() {
    let mut world = World::new();
    world.policy.revocation = Revocation::NotChecked;
    let most = u16::try_from(limits::PATH_SIGNATURES_MAX).unwrap();
    let others = (100..100 + 2 * most).map(|n| Forge::authority("ca", n, "root", 0, None).sign(0));
    world.others.splice(0..0, others);
    // Its key identifier tells which one.
    world.passes();
    assert_eq!(key(1).public(), world.others.last().unwrap().public_key().unwrap());
}
