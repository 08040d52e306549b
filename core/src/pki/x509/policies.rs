//! Certificate policies along a path: RFC 5280, 6.1.2 to 6.1.5, with the policy graph of RFC 9618.
//!
//! In: the policies, mappings and constraints of a path, and what the caller demands. Out: one check.
//! The tree of RFC 5280 grows exponentially with hostile mappings; the graph has one node for a policy
//! at each depth, so that it grows with the size of the certificates only.

use std::collections::{BTreeMap, BTreeSet};

use super::Certificate;
use crate::{
    error::{Code, Error},
    limits,
    pki::{
        algorithm::dotted,
        oid,
        tlv::{self, Cursor, Element, tag},
    },
    report::{Check, SubIndication},
};

/// What the caller demands of certificate policies (RFC 5280, 6.1.1 (c), (e), (f), (g)). The default
/// demands nothing: what authorities demand of each other is enforced all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyDemands {
    /// The policies of which one must hold, dotted (user-initial-policy-set); `None` for any.
    pub acceptable: Option<Vec<Box<str>>>,
    /// The path must be valid under some policy (initial-explicit-policy). Without it, `acceptable` bears
    /// on paths only whose authorities demand a policy.
    pub require_explicit: bool,
    /// Mappings from policies of one authority to those of another do not count.
    pub inhibit_mapping: bool,
    /// `anyPolicy` in a certificate counts for none in particular.
    pub inhibit_any: bool,
}

/// The contents octets of a policy's identifier.
type Policy<'a> = &'a [u8];

/// The policies at one depth of the path, by valid_policy.
type Level<'a> = BTreeMap<Policy<'a>, Node<'a>>;

struct Node<'a> {
    /// Nodes of the depth before.
    parents: Vec<Policy<'a>>,
    /// Under which names the next certificate may state it (expected_policy_set).
    expected: Vec<Policy<'a>>,
}

/// What one certificate says of policies.
#[derive(Default)]
struct Stated<'a> {
    policies: Option<Vec<Policy<'a>>>,
    mappings: Vec<(Policy<'a>, Policy<'a>)>,
    require_explicit: Option<usize>,
    inhibit_mapping: Option<usize>,
    inhibit_any: Option<usize>,
}

/// For each certificate of `path`, which ends with an anchor, what is to be said of its policies.
pub(super) fn checks(path: &[&Certificate], demands: &PolicyDemands) -> Vec<Option<Check>> {
    let mut checks = vec![None; path.len()];
    let Some((_, below)) = path.split_last() else { return checks };
    let speaks = |certificate: &&Certificate| {
        EXTENSIONS.iter().any(|oid| certificate.extension(oid).is_some())
    };
    let place = if *demands == PolicyDemands::default() && !below.iter().any(speaks) {
        None
    } else {
        match process(below, demands) {
            // The leaf tells the conclusion.
            Ok(policies) => Some((0, passed(&policies))),
            Err((depth, fault)) => Some((below.len().saturating_sub(depth), fault.check())),
        }
    };
    if let Some((index, check)) = place
        && let Some(slot) = checks.get_mut(index)
    {
        *slot = Some(check);
    }
    checks
}

/// The policies under which the path is valid, in the words of the first authority below the anchor; or
/// the depth (1 is the certificate that the anchor issued) at which it failed, and why.
fn process<'a>(
    below: &[&'a Certificate],
    demands: &'a PolicyDemands,
) -> Result<BTreeSet<Policy<'a>>, (usize, Fault)> {
    let n = below.len();
    let skip = |now: bool| if now { 0 } else { n.saturating_add(1) };
    let mut explicit = skip(demands.require_explicit);
    let mut mapping = skip(demands.inhibit_mapping);
    let mut any = skip(demands.inhibit_any);
    let root = Node { parents: Vec::new(), expected: vec![ANY] };
    let mut levels: Vec<Level<'_>> = vec![BTreeMap::from([(ANY, root)])];
    for (depth, certificate) in (1..).zip(below.iter().rev()) {
        let stated = Stated::read(certificate).map_err(|error| (depth, Fault::of_error(&error)))?;
        let is_last = depth == n;
        let self_issued = certificate.is_self_issued();
        let any_counts = any > 0 || (!is_last && self_issued);
        let mut level = match (&stated.policies, levels.last()) {
            (Some(policies), Some(before)) => next_level(before, policies, any_counts),
            // 6.1.3 (e): without the extension no policy is left, which is an empty level.
            _ => Level::new(),
        };
        if level.is_empty() && explicit == 0 {
            return Err((depth, Fault::NoneLeft));
        }
        if is_last {
            explicit = explicit.saturating_sub(1);
            if stated.require_explicit == Some(0) {
                explicit = 0;
            }
        } else {
            map(&mut level, &stated.mappings, mapping > 0);
            if !self_issued {
                [&mut explicit, &mut mapping, &mut any]
                    .into_iter()
                    .for_each(|left| *left = left.saturating_sub(1));
            }
            explicit = stated.require_explicit.map_or(explicit, |most| explicit.min(most));
            mapping = stated.inhibit_mapping.map_or(mapping, |most| mapping.min(most));
            any = stated.inhibit_any.map_or(any, |most| any.min(most));
        }
        levels.push(level);
    }
    let found = constrained(&authority_constrained(&levels), demands);
    if explicit == 0 && found.is_empty() { Err((n, Fault::NoneAcceptable)) } else { Ok(found) }
}

/// 6.1.3 (d): the policies that hold at the next depth.
fn next_level<'a>(before: &Level<'a>, policies: &[Policy<'a>], any_counts: bool) -> Level<'a> {
    let mut parents_of: BTreeMap<Policy<'a>, Vec<Policy<'a>>> = BTreeMap::new();
    for (&valid, node) in before {
        for &expected in &node.expected {
            parents_of.entry(expected).or_default().push(valid);
        }
    }
    let node = |policy, parents| (policy, Node { parents, expected: vec![policy] });
    let mut level = Level::new();
    for &policy in policies.iter().filter(|&&policy| policy != ANY) {
        // (1) (i), else (ii).
        let parents = match parents_of.get(policy) {
            Some(parents) => parents.clone(),
            None if before.contains_key(ANY) => vec![ANY],
            None => continue,
        };
        level.extend([node(policy, parents)]);
    }
    if any_counts && policies.contains(&ANY) {
        // (2): what was expected and is not named is covered by anyPolicy.
        for (policy, parents) in parents_of {
            if !level.contains_key(policy) {
                level.extend([node(policy, parents)]);
            }
        }
    }
    level
}

/// 6.1.4 (b): mappings to the words of the next authority, or their removal where they must not be.
fn map<'a>(level: &mut Level<'a>, mappings: &[(Policy<'a>, Policy<'a>)], allowed: bool) {
    let mut targets: BTreeMap<Policy<'a>, BTreeSet<Policy<'a>>> = BTreeMap::new();
    for &(from, to) in mappings {
        targets.entry(from).or_default().insert(to);
    }
    for (from, to) in targets {
        if !allowed {
            level.remove(from);
            continue;
        }
        let expected: Vec<_> = to.into_iter().collect();
        if let Some(node) = level.get_mut(from) {
            node.expected = expected;
        } else if level.contains_key(ANY) {
            // The only parent of anyPolicy is anyPolicy.
            level.insert(from, Node { parents: vec![ANY], expected });
        }
    }
}

/// 6.1.5 (g) of RFC 9618: the valid policies right below anyPolicy that lead to the last depth.
fn authority_constrained<'a>(levels: &[Level<'a>]) -> BTreeSet<Policy<'a>> {
    let mut found = BTreeSet::new();
    let mut reached: BTreeSet<Policy<'a>> =
        levels.last().map(|level| level.keys().copied().collect()).unwrap_or_default();
    if levels.len() > 1 && reached.contains(ANY) {
        found.insert(ANY);
    }
    for level in levels.iter().skip(1).rev() {
        let nodes = level.iter().filter(|(valid, _)| reached.contains(*valid));
        let mut above = BTreeSet::new();
        for (&valid, node) in nodes {
            if valid != ANY && node.parents.contains(&ANY) {
                found.insert(valid);
            }
            above.extend(node.parents.iter().copied());
        }
        reached = above;
    }
    found
}

/// What of `found` the caller accepts.
fn constrained<'a>(
    found: &BTreeSet<Policy<'a>>,
    demands: &'a PolicyDemands,
) -> BTreeSet<Policy<'a>> {
    let Some(acceptable) = &demands.acceptable else { return found.clone() };
    let is_acceptable =
        |policy: &Policy<'a>| acceptable.iter().any(|wanted| **wanted == *dotted(policy));
    if found.contains(ANY) {
        // Any of those demanded holds. They are not in the bytes of the path: anyPolicy stands for them.
        let all = if acceptable.is_empty() { None } else { Some(ANY) };
        return all.into_iter().collect();
    }
    if acceptable.iter().any(|wanted| **wanted == *ANY_DOTTED) {
        return found.clone();
    }
    found.iter().copied().filter(is_acceptable).collect()
}

impl<'a> Stated<'a> {
    fn read(certificate: &'a Certificate) -> Result<Self, Error> {
        let read = |oid: &str| certificate.extension(oid).map(|extension| &*extension.value);
        let mut stated = Self::default();
        if let Some(der) = read(oid::CERTIFICATE_POLICIES) {
            stated.policies = Some(policies(der)?);
        }
        if let Some(der) = read(oid::POLICY_MAPPINGS) {
            stated.mappings = mappings(der)?;
        }
        if let Some(der) = read(oid::POLICY_CONSTRAINTS) {
            let mut fields = sequence(der, "policyConstraints")?.inside();
            let require = fields.take(0x80, "requireExplicitPolicy")?;
            let inhibit = fields.take(0x81, "inhibitPolicyMapping")?;
            fields.finish("policyConstraints")?;
            stated.require_explicit = require.map(|field| skip_certs(&field)).transpose()?;
            stated.inhibit_mapping = inhibit.map(|field| skip_certs(&field)).transpose()?;
        }
        if let Some(der) = read(oid::INHIBIT_ANY_POLICY) {
            let field = "inhibitAnyPolicy";
            let number = tlv::only(der, 0, tag::INTEGER, Code::BadCertificate, field)?;
            stated.inhibit_any = Some(skip_certs(&number)?);
        }
        Ok(stated)
    }
}

fn sequence<'a>(der: &'a [u8], field: &'static str) -> Result<Element<'a>, Error> {
    tlv::only(der, 0, tag::SEQUENCE, Code::BadCertificate, field)
}

/// `CertificatePolicies`: the identifiers. What qualifiers say is for readers.
fn policies(der: &[u8]) -> Result<Vec<Policy<'_>>, Error> {
    let field = "certificatePolicies";
    let mut found = BTreeSet::new();
    let items = several(sequence(der, field)?.inside(), field)?;
    for item in &items {
        let policy = item.inside().required(tag::OID, field)?;
        // RFC 5280, 4.2.1.4: a policy must not stand there twice.
        if item.tag != tag::SEQUENCE || !found.insert(policy.value) {
            return Err(item.error(field));
        }
    }
    Ok(found.into_iter().collect())
}

/// `PolicyMappings`: (issuerDomainPolicy, subjectDomainPolicy).
fn mappings(der: &[u8]) -> Result<Vec<(Policy<'_>, Policy<'_>)>, Error> {
    let field = "policyMappings";
    let items = several(sequence(der, field)?.inside(), field)?;
    let mut found = Vec::with_capacity(items.len());
    for item in &items {
        let mut fields = item.inside();
        let from = fields.required(tag::OID, field)?.value;
        let to = fields.required(tag::OID, field)?.value;
        fields.finish(field)?;
        // 6.1.4 (a): anyPolicy is mapped neither from nor to.
        if item.tag != tag::SEQUENCE || from == ANY || to == ANY {
            return Err(item.error(field));
        }
        found.push((from, to));
    }
    Ok(found)
}

/// SEQUENCE SIZE (1..MAX).
fn several<'a>(items: Cursor<'a>, field: &'static str) -> Result<Vec<Element<'a>>, Error> {
    if items.is_empty() {
        return Err(items.error(field));
    }
    items.all(field, limits::CERTIFICATE_POLICIES_MAX, "CERTIFICATE_POLICIES_MAX")
}

/// `SkipCerts`: how many more certificates may follow. More than a path has is as good as none.
fn skip_certs(element: &Element<'_>) -> Result<usize, Error> {
    let number = element.retagged(tag::INTEGER);
    match number.value {
        [first, ..] if *first < 0x80 => {
            let number = number.integer("SkipCerts").unwrap_or(i64::MAX);
            Ok(usize::try_from(number).unwrap_or(usize::MAX))
        }
        _ => Err(element.error("SkipCerts")),
    }
}

/// Why the policies of a path do not hold.
enum Fault {
    Malformed,
    TooMany,
    NoneLeft,
    NoneAcceptable,
}

impl Fault {
    fn of_error(error: &Error) -> Self {
        if error.code() == Code::LimitReached { Self::TooMany } else { Self::Malformed }
    }

    fn check(self) -> Check {
        let (en, zh) = match self {
            Self::Malformed => {
                ("the extensions on certificate policies are malformed", "证书策略相关扩展格式有误")
            }
            Self::TooMany => (
                "the certificate states more policies or mappings than are looked at",
                "证书策略或策略映射的数量超过上限",
            ),
            Self::NoneLeft => (
                "a policy is demanded, and none holds from the anchor down to this certificate",
                "要求明确的证书策略，但自信任锚至该证书没有共同有效的策略",
            ),
            Self::NoneAcceptable => (
                "a policy is demanded, and none of those that hold is acceptable",
                "要求明确的证书策略，但有效的策略均不在可接受之列",
            ),
        };
        Check::failed(ID, CLAUSE, SubIndication::ChainConstraintsFailure, en, zh)
    }
}

fn passed(policies: &BTreeSet<Policy<'_>>) -> Check {
    let name = |policy: &Policy<'_>| {
        if *policy == ANY { "anyPolicy".to_owned() } else { dotted(policy) }
    };
    let names: Vec<_> = policies.iter().take(SHOWN_MAX).map(name).collect();
    let (en, zh) = if names.is_empty() {
        ("no certificate policy is demanded, and none holds", "未要求证书策略，也没有有效的策略")
    } else {
        ("the path is valid under certificate policies", "证书链在所列证书策略下有效")
    };
    Check::passed(ID, CLAUSE, en, zh).evidence("policies", names.join(", "))
}

const ID: &str = "certificate.policies";
const CLAUSE: &str = "RFC 5280, 6.1.3 (d) to (f), 6.1.5 (g); RFC 9618";
/// 2.5.29.32.0, the contents octets.
const ANY: &[u8] = &[0x55, 0x1d, 0x20, 0];
const ANY_DOTTED: &str = "2.5.29.32.0";
/// How many policies the evidence names.
const SHOWN_MAX: usize = 16;
const EXTENSIONS: [&str; 4] = [
    oid::CERTIFICATE_POLICIES,
    oid::POLICY_MAPPINGS,
    oid::POLICY_CONSTRAINTS,
    oid::INHIBIT_ANY_POLICY,
];
