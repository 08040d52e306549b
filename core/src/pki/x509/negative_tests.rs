//! Paths that must not pass, each with its reason, and what is told apart from them: `vectors/negative/certificates.json`. The same forge
//! as elsewhere made them, once; `UPDATE=1` makes them anew. They are kept as data for other readers.

use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};
use yinxin_vectors::{Case, load};

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
    primitives::sm2::PrivateKey,
};

#[test]
fn certificates_that_must_be_refused() {
    if std::env::var_os("UPDATE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/negative/certificates.json");
        std::fs::write(path, written()).unwrap();
    }
    let cases = load("negative/certificates.json");
    assert!(cases.len() >= 35, "{}", cases.len());
    for case in cases {
        let report = judge(&case);
        let json = serde_json::to_value(&report).unwrap();
        if case.text("indication") == "passed" {
            // What is told apart from a refusal, by a check that tells the reader.
            assert!(report.passed(), "{case} {report:#?}");
            assert!(report.checks().any(|check| check.id == case.text("check")), "{case}");
            continue;
        }
        assert!(!report.passed(), "{case}");
        assert_eq!(json["indication"], case.text("indication"), "{case} {report:#?}");
        assert_eq!(json["sub_indication"], case.text("sub_indication"), "{case} {report:#?}");
        // That of the outcome that decides: the first failure, or else the first doubt.
        let outcome = json["indication"].clone();
        let decides = |check: &&crate::report::Check| {
            check.counts_against() && serde_json::to_value(check.outcome).unwrap() == outcome
        };
        let deciding = report.checks().find(decides).unwrap();
        assert_eq!(deciding.id, case.text("check"), "{case} {report:#?}");
        assert!(!case.text("reason").is_empty(), "{case}");
    }
}

fn judge(case: &Case) -> PathReport {
    let list = |field: &str| -> Vec<Vec<u8>> {
        let items = case.get(field).unwrap().as_array().unwrap();
        items.iter().map(|item| Base64::decode_vec(item.as_str().unwrap()).unwrap()).collect()
    };
    let certificates = |field: &str| -> Vec<_> {
        list(field).iter().map(|der| Certificate::parse(der).unwrap()).collect()
    };
    let crls = list("crls_b64").iter().map(|der| Crl::parse(der).unwrap()).collect();
    let evidence = Evidence::new(certificates("others_b64"), crls);
    let trust = TrustStore::new(certificates("anchors_b64"));
    let role = match case.text("role") {
        "document_signer" => Role::DocumentSigner,
        "encryption" => Role::Encryption,
        "time_stamper" => Role::TimeStamper,
        other => panic!("{case}: {other}"),
    };
    let policy = PathPolicy { role, revocation: Revocation::Required, crl_grace_s: 0 };
    let time = |field| UnixTime::parse_rfc3339(case.text(field)).unwrap();
    let times = Times { signing: time("signing"), validation: time("validation") };
    let demands = match case.get("policies") {
        None => PolicyDemands::default(),
        Some(list) => PolicyDemands {
            acceptable: Some(
                list.as_array().unwrap().iter().map(|oid| oid.as_str().unwrap().into()).collect(),
            ),
            require_explicit: true,
            ..PolicyDemands::default()
        },
    };
    let leaf = Certificate::parse(&case.bytes("leaf_b64")).unwrap();
    verify_path_under(&leaf, &evidence, &trust, &policy, &demands, times)
}

fn written() -> String {
    let cases = cases();
    let header = json!({
        "source": "self: made by core/src/pki/x509/negative_tests.rs",
        "description": "Paths from leaf to anchors that must not pass, each with its reason, the \
            indication, and the check that decides it; and what is told apart from them and passes. \
            Times are of 1970. Revocation is demanded.",
        "count": cases.len(),
    });
    let file = json!({ "header": header, "tests": cases });
    serde_json::to_string_pretty(&file).unwrap() + "\n"
}

/// A case of `world`: its name, the reason, the indication, the sub-indication and the check.
fn case(world: &World, words: [&str; 5], policies: Option<&[&str]>) -> Value {
    let [id, reason, indication, sub_indication, check] = words;
    let base64 = |ders: &[&[u8]]| -> Vec<String> {
        ders.iter().map(|der| Base64::encode_string(der)).collect()
    };
    let ders =
        |list: &[Certificate]| base64(&list.iter().map(Certificate::der).collect::<Vec<_>>());
    let role = serde_json::to_value(world.policy.role).unwrap();
    json!({
        "id": id,
        "reason": reason,
        "leaf_b64": Base64::encode_string(world.leaf.der()),
        "others_b64": ders(&world.others),
        "anchors_b64": ders(&world.anchors),
        "crls_b64": base64(&world.crls.iter().map(Crl::der).collect::<Vec<_>>()),
        "role": role,
        "signing": world.times.signing.to_string(),
        "validation": world.times.validation.to_string(),
        "policies": policies,
        "indication": indication,
        "sub_indication": sub_indication,
        "check": check,
    })
}

const CONSTRAINTS: &str = "CHAIN_CONSTRAINTS_FAILURE";
const CHAIN: &str = "CERTIFICATE_CHAIN_GENERAL_FAILURE";

fn cases() -> Vec<Value> {
    [usages(), times_and_signatures(), authorities(), revocations(), lists(), restrictions()]
        .concat()
}

fn failing(id: &str, reason: &str, sub: &str, check: &str, world: impl FnOnce() -> World) -> Value {
    let mut world = world();
    if world.policy.role == Role::SealSigner {
        world.policy.role = Role::DocumentSigner;
    }
    case(&world, [id, reason, "failed", sub, check], None)
}

fn of_leaf(leaf: &Forge) -> World {
    World::of(&root(), &middle(), leaf)
}

fn usages() -> Vec<Value> {
    let usage = |usage: KeyUsage| leaf().with(15, Some(true), usage.to_der());
    let encrypts = KeyUsage::KEY_ENCIPHERMENT.with(KeyUsage::DATA_ENCIPHERMENT);
    let with_role = |forge: &Forge, role| {
        let mut world = of_leaf(forge);
        world.policy.role = role;
        world
    };
    let purpose = sequence(&[&[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1]]);
    let (key_usage, purposes) = ("certificate.key_usage", "certificate.extended_key_usage");
    vec![
        failing(
            "key-usage-encryption",
            "an encryption certificate signs (RFC 5280, 4.2.1.3)",
            CONSTRAINTS,
            key_usage,
            || of_leaf(&usage(encrypts)),
        ),
        failing(
            "key-usage-signature",
            "a signing certificate receives keys (RFC 5280, 4.2.1.3)",
            CONSTRAINTS,
            key_usage,
            || with_role(&leaf(), Role::Encryption),
        ),
        failing(
            "key-usage-malformed",
            "a key usage that cannot be read is not an absent one",
            CONSTRAINTS,
            key_usage,
            || of_leaf(&leaf().with(15, Some(false), vec![3, 1])),
        ),
        failing(
            "purpose-server",
            "a certificate for TLS servers alone signs documents (RFC 5280, 4.2.1.12)",
            CONSTRAINTS,
            purposes,
            || of_leaf(&leaf().with(37, None, purpose)),
        ),
        failing(
            "purpose-time-stamps",
            "a certificate without the purpose signs time stamps (RFC 3161, 2.3)",
            CONSTRAINTS,
            purposes,
            || with_role(&leaf(), Role::TimeStamper),
        ),
        failing(
            "unknown-critical-extension",
            "a critical extension that nobody understands (RFC 5280, 4.2)",
            CONSTRAINTS,
            "certificate.critical_extensions",
            || of_leaf(&leaf().with(99, Some(true), vec![5, 0])),
        ),
        failing(
            "extension-twice",
            "keyUsage stands there twice (RFC 5280, 4.2)",
            CONSTRAINTS,
            "certificate.critical_extensions",
            || {
                let mut twice = leaf();
                twice.extensions.push(twice.extensions[0].clone());
                of_leaf(&twice)
            },
        ),
        failing(
            "authority-as-end-entity",
            "a CA certificate that may sign is used to sign a document (RFC 5280, 4.2.1.9)",
            CONSTRAINTS,
            "certificate.end_entity",
            || {
                let both = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_CERT_SIGN);
                let authority = Forge::authority("signer", 2, "ca", 1, None);
                of_leaf(&authority.with(15, Some(true), both.to_der()))
            },
        ),
    ]
}

fn times_and_signatures() -> Vec<Value> {
    let signed_at = |signing: i64| {
        let mut world = World::new();
        world.times = Times { signing: at(signing), validation: at(1500) };
        world
    };
    let ecdsa = [0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2].to_vec();
    let empty_id: fn(&PrivateKey, &[u8]) -> Vec<u8> =
        |key, tbs| key.sign(tbs, &DistId::new(b"").unwrap()).unwrap().to_der();
    let validity = "certificate.validity";
    let signature = "certificate.signature";
    vec![
        failing(
            "expired",
            "signed one second after the end of validity",
            "EXPIRED",
            validity,
            || signed_at(2001),
        ),
        failing(
            "not-yet-valid",
            "signed one second before validity begins",
            "NOT_YET_VALID",
            validity,
            || signed_at(999),
        ),
        failing(
            "authority-expired",
            "the authority had expired when the signer signed (RFC 5280, 6.1.3 (a)(2))",
            "EXPIRED",
            validity,
            || World::of(&root(), &Forge { not_after: 1499, ..middle() }, &leaf()),
        ),
        failing(
            "wrong-signature",
            "somebody else signed under the authority's name and key identifier",
            CHAIN,
            signature,
            || {
                let mut world = World::new();
                world.leaf = leaf().sign(9);
                world
            },
        ),
        failing(
            "signature-with-empty-identifier",
            "the authority signed under the empty identifier (GM/T 0009-2012, 10)",
            CHAIN,
            signature,
            || of_leaf(&Forge { signature: empty_id, ..leaf() }),
        ),
        failing(
            "algorithms-differ",
            "the algorithm outside the signed part is not the one inside it (RFC 5280, 4.1.1.2)",
            CHAIN,
            signature,
            || of_leaf(&Forge { outer_algorithm: ecdsa, ..leaf() }),
        ),
        failing(
            "parameters-differ",
            "NULL parameters outside, none inside: the two are not the same (RFC 5280, 4.1.1.2)",
            CHAIN,
            signature,
            || {
                let with_null = [&[0x30, 12], &forge::SM2_WITH_SM3[2..], &[5, 0]].concat();
                of_leaf(&Forge { outer_algorithm: with_null, ..leaf() })
            },
        ),
        open("wrong-issuer", "the issuer named is nobody known", "NO_CERTIFICATE_CHAIN_FOUND", {
            let mut world = World::new();
            world.leaf = Forge::signer("signer", 2, "another ca", 1).sign(1);
            ("certificate.anchor", world)
        }),
        open(
            "untrusted-root",
            "the path ends at a root that is no anchor",
            "NO_CERTIFICATE_CHAIN_FOUND",
            {
                let mut world = World::new();
                world.others.push(Forge::authority("root", 0, "root", 0, None).sign(0));
                world.anchors = vec![Forge::authority("root", 8, "root", 8, None).sign(8)];
                ("certificate.anchor", world)
            },
        ),
    ]
}

fn open(id: &str, reason: &str, sub: &str, (check, mut world): (&str, World)) -> Value {
    world.policy.role = Role::DocumentSigner;
    case(&world, [id, reason, "indeterminate", sub, check], None)
}

fn authorities() -> Vec<Value> {
    vec![
        failing(
            "path-length",
            "an authority below one that permits none (RFC 5280, 6.1.4 (l), (m))",
            CONSTRAINTS,
            "certificate.path_length",
            || {
                let mut world = World::new();
                world.others.push(Forge::authority("ca2", 3, "ca", 1, None).sign(1));
                world.leaf = Forge::signer("signer", 2, "ca2", 3).sign(3);
                world.crls.push(list(&world.others[1], 3, &[]));
                world
            },
        ),
        failing(
            "issuer-is-no-authority",
            "a signer certifies another one (RFC 5280, 6.1.4 (k))",
            CONSTRAINTS,
            "certificate.basic_constraints",
            || {
                let mut world = World::new();
                world.others.push(world.leaf.clone());
                world.leaf = Forge::signer("below", 3, "signer", 2).sign(2);
                world
            },
        ),
        failing(
            "issuer-may-not-certify",
            "the authority's key usage lacks keyCertSign (RFC 5280, 6.1.4 (n))",
            CONSTRAINTS,
            "certificate.key_usage",
            || {
                let usage = KeyUsage::CRL_SIGN.to_der();
                World::of(&root(), &middle().with(15, Some(true), usage), &leaf())
            },
        ),
    ]
}

fn revocations() -> Vec<Value> {
    let id = "certificate.revocation";
    let revoked = |time: i64| {
        let mut world = World::new();
        world.crls[1] = list(&world.others[0], 1, &[(&[0, 2], time, Reason::KeyCompromise)]);
        world
    };
    let with = |change: fn(&mut World)| {
        let mut world = World::new();
        change(&mut world);
        (id, world)
    };
    vec![
        failing("revoked-before", "revoked one second before signing", "REVOKED", id, || {
            revoked(1499)
        }),
        failing(
            "revoked-after-but-invalid-before",
            "revoked after signing, with an invalidity date before it (RFC 5280, 5.3.2)",
            "REVOKED",
            id,
            || {
                let mut world = World::new();
                let entry = crl::Entry {
                    serial: &[0, 2],
                    at: at(1550),
                    reason: Reason::KeyCompromise,
                    invalid_since: Some(at(1200)),
                };
                let list = crl::NewList {
                    entries: &[entry],
                    this_update: at(1400),
                    next_update: at(1600),
                    number: 1,
                    kind: crl::Kind::Any,
                };
                world.crls[1] = list.sign(&world.others[0], &key(1)).unwrap();
                world
            },
        ),
        case(
            &{
                let mut world = revoked(1501);
                world.policy.role = Role::DocumentSigner;
                world
            },
            [
                "revoked-after",
                "revoked one second after signing: the signature was made before, and passes",
                "passed",
                "",
                "certificate.revoked_since",
            ],
            None,
        ),
        open(
            "authority-compromised-after",
            "the authority's key was compromised after signing: it can backdate (EN 319 102-1)",
            "REVOKED_CA_NO_POE",
            with(|world| {
                let entry: (&[u8], _, _) = (&[0, 1], 1501, Reason::CaCompromise);
                world.crls[0] = list(&world.anchors[0], 0, &[entry]);
            }),
        ),
    ]
}

fn lists() -> Vec<Value> {
    let with = |change: fn(&mut World)| {
        let mut world = World::new();
        change(&mut world);
        ("certificate.revocation", world)
    };
    vec![
        open(
            "list-stale",
            "the list of the authority is past its nextUpdate",
            "TRY_LATER",
            with(|world| world.times.validation = at(1601)),
        ),
        open(
            "list-missing",
            "there is no list of the authority",
            "TRY_LATER",
            with(|world| world.crls.truncate(1)),
        ),
        open(
            "list-of-another-key",
            "the list bears the authority's name and another one's signature",
            "TRY_LATER",
            with(|world| {
                let stranger = Forge::authority("ca", 7, "root", 0, None).sign(0);
                world.crls[1] = list(&stranger, 7, &[]);
            }),
        ),
        open(
            "list-of-another-issuer",
            "the only list is that of another authority",
            "TRY_LATER",
            with(|world| {
                let stranger = Forge::authority("another ca", 7, "root", 0, None).sign(0);
                world.crls[1] = list(&stranger, 7, &[]);
            }),
        ),
        open(
            "list-changed",
            "a bit of the list's signature was changed: it proves nothing",
            "TRY_LATER",
            with(|world| {
                let mut der = world.crls[1].der().to_vec();
                *der.last_mut().unwrap() ^= 1;
                world.crls[1] = Crl::parse(&der).unwrap();
            }),
        ),
        open(
            "list-for-authorities-alone",
            "the list tells of authorities only (RFC 5280, 5.2.5)",
            "TRY_LATER",
            with(|world| {
                let list = crl::NewList {
                    entries: &[],
                    this_update: at(1400),
                    next_update: at(1600),
                    number: 1,
                    kind: crl::Kind::Authority,
                };
                world.crls[1] = list.sign(&world.others[0], &key(1)).unwrap();
            }),
        ),
    ]
}

fn restrictions() -> Vec<Value> {
    let names = "certificate.name_constraints";
    let subtree = |tag: u8, base: &[u8]| sequence(&[&wrap(tag, &[base])]);
    let constrained = |field: u8, tree: &[u8], name: &[u8]| {
        let constraints = sequence(&[&wrap(field, &[tree])]);
        let leaf = leaf().with(17, None, sequence(&[name]));
        World::of(&root(), &middle().with(30, Some(true), constraints), &leaf)
    };
    let stating = |list: &[u8]| {
        let policy = |&number: &u8| sequence(&[&wrap(tag::OID, &[&[0x2a, 3, number]])]);
        sequence(&[&list.iter().flat_map(policy).collect::<Vec<_>>()])
    };
    let mut policies = World::of(
        &root(),
        &middle().with(32, None, stating(&[1])),
        &leaf().with(32, None, stating(&[2])),
    );
    policies.policy.role = Role::DocumentSigner;
    let words = [
        "policy-not-acceptable",
        "the authority states one policy, the signer another (RFC 5280, 6.1.3 (d))",
        "failed",
        CONSTRAINTS,
        "certificate.policies",
    ];
    vec![
        failing(
            "name-not-permitted",
            "a domain outside of those permitted (RFC 5280, 4.2.1.10)",
            CONSTRAINTS,
            names,
            || constrained(0xa0, &subtree(0x82, b"gov.cn"), &wrap(0x82, &[b"gov.com"])),
        ),
        failing(
            "name-excluded",
            "a mailbox of a host that is excluded (RFC 5280, 4.2.1.10)",
            CONSTRAINTS,
            names,
            || constrained(0xa1, &subtree(0x81, b"gov.cn"), &wrap(0x81, &[b"a@GOV.cn"])),
        ),
        failing(
            "name-of-a-form-not-understood",
            "a registeredID where such are constrained (RFC 5280, 4.2.1.10)",
            CONSTRAINTS,
            names,
            || constrained(0xa0, &subtree(0x88, &[0x2a, 3]), &wrap(0x88, &[&[0x2a, 3]])),
        ),
        case(&policies, words, Some(&["1.2.3.1", "1.2.3.2"])),
        failing(
            "policy-demanded-by-authority",
            "the authority demands a policy, and the signer states none (RFC 5280, 6.1.4 (i))",
            CONSTRAINTS,
            "certificate.policies",
            || {
                let demanding = middle().with(32, None, stating(&[1])).with(
                    36,
                    Some(true),
                    vec![0x30, 3, 0x80, 1, 0],
                );
                World::of(&root(), &demanding, &leaf())
            },
        ),
    ]
}
