//! Name constraints: whom an authority may certify (RFC 5280, 4.2.1.10 and 6.1.3 (b), (c)).
//!
//! In: the extensions of a path. Out: a check for each certificate that a constraint above it bears on.
//! The constraints of an anchor bind like those of any authority (RFC 5937). A form that is not
//! interpreted here refuses every certificate in which a name of that form appears.

use std::cell::Cell;

use super::{
    Certificate, GeneralName, Name,
    hosts::{self, Relation},
};
use crate::{
    error::{Code, Error},
    limits,
    pki::{
        oid,
        tlv::{self, Element, tag},
    },
    report::{Check, SubIndication},
};

/// The content of the extension nameConstraints.
struct NameConstraints {
    permitted: Vec<Subtree>,
    excluded: Vec<Subtree>,
}

/// The base of a GeneralSubtree; of a directory name also the form in which it is compared.
struct Subtree {
    base: GeneralName,
    normal_form: Vec<u8>,
}

impl NameConstraints {
    fn parse(der: &[u8]) -> Result<Self, Error> {
        let field = "nameConstraints";
        let whole = tlv::only(der, 0, tag::SEQUENCE, Code::BadCertificate, field)?;
        let mut parts = whole.inside();
        let permitted = parts.take(tag::CONTEXT_0, "permittedSubtrees")?;
        let excluded = parts.take(tag::CONTEXT_1, "excludedSubtrees")?;
        parts.finish(field)?;
        if permitted.is_none() && excluded.is_none() {
            return Err(whole.error(field));
        }
        Ok(Self { permitted: subtrees(permitted)?, excluded: subtrees(excluded)? })
    }

    /// What they say of `name`.
    fn judge(&self, name: &Subject<'_>, budget: &Cell<usize>) -> Finding {
        let same_form = |tree: &&Subtree| tree.base.form() == name.name.form();
        let mut restricted = false;
        let mut permitted = false;
        for tree in self.permitted.iter().filter(same_form) {
            restricted = true;
            match spend(budget).map_or(Relation::Unclear, |()| tree.relation(name)) {
                Relation::Unclear => return Finding::Unclear,
                Relation::Within => permitted = true,
                Relation::Overlaps | Relation::Outside => {}
            }
        }
        for tree in self.excluded.iter().filter(same_form) {
            match spend(budget).map_or(Relation::Unclear, |()| tree.relation(name)) {
                Relation::Unclear => return Finding::Unclear,
                Relation::Within | Relation::Overlaps => return Finding::Excluded,
                Relation::Outside => {}
            }
        }
        if restricted && !permitted { Finding::NotPermitted } else { Finding::Allowed }
    }
}

/// One name that a certificate gives its subject.
struct Subject<'a> {
    name: &'a GeneralName,
    normal_form: &'a [u8],
}

/// What constraints say of a name; the last one says worst.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Finding {
    Allowed,
    NotPermitted,
    Excluded,
    /// The form is not interpreted, the name cannot be read as what it claims to be, or there are more
    /// names than one may compare.
    Unclear,
}

impl Subtree {
    fn read(element: &Element<'_>) -> Result<Self, Error> {
        let mut parts = element.inside();
        let base = GeneralName::read(&parts.next("base")?)?;
        // RFC 5280, 4.2.1.10: minimum is 0, which is left out, and maximum is absent. Vendors write 0.
        if let Some(minimum) = parts.take(0x80, "minimum")?
            && minimum.value != [0]
        {
            return Err(minimum.error("minimum"));
        }
        parts.finish("GeneralSubtree")?;
        if let GeneralName::Ip(range) = &base
            && !hosts::is_range(range)
        {
            return Err(element.error("base"));
        }
        let normal_form = normal_form(&base);
        Ok(Self { base, normal_form })
    }

    fn relation(&self, subject: &Subject<'_>) -> Relation {
        match (&self.base, subject.name) {
            (GeneralName::Directory(_), GeneralName::Directory(_)) => {
                Relation::within_if(subject.normal_form.starts_with(&self.normal_form))
            }
            (GeneralName::Dns(base), GeneralName::Dns(name)) => hosts::dns(base, name),
            (GeneralName::Email(base), GeneralName::Email(name)) => hosts::email(base, name),
            (GeneralName::Uri(base), GeneralName::Uri(name)) => hosts::uri(base, name),
            (GeneralName::Ip(base), GeneralName::Ip(name)) => hosts::ip(base, name),
            _ => Relation::Unclear,
        }
    }
}

/// Of a directory name; other forms are compared as they are.
fn normal_form(name: &GeneralName) -> Vec<u8> {
    if let GeneralName::Directory(name) = name { name.normal_form() } else { Vec::new() }
}

fn subtrees(field: Option<Element<'_>>) -> Result<Vec<Subtree>, Error> {
    let Some(field) = field else { return Ok(Vec::new()) };
    let most = limits::GENERAL_NAMES_MAX;
    let trees = field.inside().all("GeneralSubtree", most, "GENERAL_NAMES_MAX")?;
    if trees.is_empty() {
        return Err(field.error("GeneralSubtrees"));
    }
    trees.iter().map(Subtree::read).collect()
}

fn spend(budget: &Cell<usize>) -> Option<()> {
    budget.set(budget.get().checked_sub(1)?);
    Some(())
}

/// For each certificate of `path`, the one in question first, what name constraints say of it.
/// Comparisons are taken from `budget`.
pub(super) fn checks(path: &[&Certificate], budget: &Cell<usize>) -> Vec<Option<Check>> {
    let constrains = |certificate: &&Certificate| certificate.extension(OID).is_some();
    if !path.iter().any(constrains) {
        return vec![None; path.len()];
    }
    let constraints: Vec<_> = path
        .iter()
        .map(|certificate| {
            let extension = certificate.extension(OID)?;
            Some(NameConstraints::parse(&extension.value))
        })
        .collect();
    let mut checks = Vec::with_capacity(path.len());
    for (index, certificate) in path.iter().enumerate() {
        let above = constraints.get(index + 1..).unwrap_or_default();
        let above: Vec<_> = above.iter().flatten().flatten().collect();
        let own = constraints.get(index).and_then(Option::as_ref);
        checks.push(match own {
            Some(Err(_)) => Some(malformed()),
            // RFC 5280, 6.1.3 (b): only the last certificate of a path counts if self-issued.
            _ if above.is_empty() => None,
            _ if index > 0 && certificate.is_self_issued() => Some(Check::skipped(
                ID,
                CLAUSE,
                "name constraints do not bind a self-issued authority",
                "名称约束不作用于自签发的 CA 证书",
            )),
            _ => Some(judge(certificate, &above, budget)),
        });
    }
    checks
}

fn judge(certificate: &Certificate, above: &[&NameConstraints], budget: &Cell<usize>) -> Check {
    let Ok(names) = names_of(certificate) else {
        return Check::failed(
            ID,
            CLAUSE,
            SUB,
            "an authority constrains names, and those of the certificate cannot be read",
            "上级 CA 设有名称约束，而该证书的主体名称无法解析",
        );
    };
    for name in &names {
        let normal_form = normal_form(name);
        let subject = Subject { name, normal_form: &normal_form };
        for constraints in above {
            let (en, zh) = match constraints.judge(&subject, budget) {
                Finding::Allowed => continue,
                Finding::NotPermitted => (
                    "a name is not among those that an authority above may certify",
                    "名称不在上级 CA 允许的范围之内",
                ),
                Finding::Excluded => (
                    "a name is among those that an authority above must not certify",
                    "名称在上级 CA 排除的范围之内",
                ),
                Finding::Unclear => (
                    "a name is constrained and cannot be compared with the constraint",
                    "名称受约束但无法与约束比较",
                ),
            };
            return Check::failed(ID, CLAUSE, SUB, en, zh).evidence("name", name);
        }
    }
    Check::passed(
        ID,
        CLAUSE,
        "every name is one that the authorities above may certify",
        "所有名称均在上级 CA 允许的范围之内",
    )
}

/// Every name of the subject: its distinguished name unless that is empty, the mailboxes in it, and
/// the alternative names.
fn names_of(certificate: &Certificate) -> Result<Vec<GeneralName>, Error> {
    let subject: &Name = certificate.subject();
    let mut names = Vec::new();
    if !subject.attributes().is_empty() {
        names.push(GeneralName::Directory(subject.clone()));
    }
    let mailboxes = subject.attributes().iter().filter(|part| &*part.oid == EMAIL_ADDRESS);
    names.extend(mailboxes.map(|part| GeneralName::Email(part.bytes.clone())));
    names.extend(certificate.subject_alternative_names()?);
    Ok(names)
}

fn malformed() -> Check {
    Check::failed(
        ID,
        CLAUSE,
        SUB,
        "the name constraints are malformed or of a kind that RFC 5280 does not allow",
        "名称约束格式有误，或含有 RFC 5280 不允许的内容",
    )
}

const OID: &str = oid::NAME_CONSTRAINTS;
const ID: &str = "certificate.name_constraints";
const CLAUSE: &str = "RFC 5280, 4.2.1.10, 6.1.3 (b), (c)";
const SUB: SubIndication = SubIndication::ChainConstraintsFailure;
const EMAIL_ADDRESS: &str = "1.2.840.113549.1.9.1";
