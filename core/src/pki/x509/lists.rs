//! Which revocation lists speak of a certificate, and what they say together (RFC 5280, 5.2.4 and 6.3.3).

use super::{Certificate, KeyUsage, judge::Judge, revocation::with_list};
use crate::{
    pki::crl::{Crl, Reason, Revoked},
    report::Check,
};

/// The lists of one issuer that speak of one certificate and can be relied on, whether fresh or not.
pub(super) struct Lists<'a> {
    pub(super) complete: Vec<&'a Crl>,
    pub(super) deltas: Vec<&'a Crl>,
    pub(super) refused: Option<Refusal>,
}

/// Why a list of the right name was not used; the last one says most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Refusal {
    OtherScope,
    BadSignature,
    Indirect,
    NotUnderstood,
    IssuerMayNot,
}

impl Judge<'_> {
    pub(super) fn lists(&self, certificate: &Certificate, issuer: &Certificate) -> Lists<'_> {
        let mut lists = Lists { complete: Vec::new(), deltas: Vec::new(), refused: None };
        let may_sign = issuer.key_usage().is_none_or(|u| u.allows_any_of(KeyUsage::CRL_SIGN));
        for list in self.evidence.crls_of(&issuer.subject().normal_form()) {
            let refusal = if !may_sign {
                Some(Refusal::IssuerMayNot)
            } else if list.not_understood().is_some() {
                Some(Refusal::NotUnderstood)
            } else if list.scope().indirect {
                Some(Refusal::Indirect)
            } else if !list.scope().covers(certificate) {
                Some(Refusal::OtherScope)
            } else if self.is_signed_by(list, issuer) {
                None
            } else {
                Some(Refusal::BadSignature)
            };
            match refusal {
                None if list.delta_base().is_some() => lists.deltas.push(list),
                None => lists.complete.push(list),
                Some(_) => lists.refused = lists.refused.max(refusal),
            }
        }
        lists
    }

    fn is_signed_by(&self, list: &Crl, issuer: &Certificate) -> bool {
        let verify = || list.verify_issued_by(issuer).is_ok();
        self.budget.spend() && self.trust.verified(list.thumbprint(), issuer, verify)
    }
}

impl<'a> Lists<'a> {
    /// What the lists say against `certificate`. An entry counts however old its list is, but for a
    /// suspension that has ended.
    pub(super) fn revocations(&self, certificate: &Certificate) -> impl Iterator<Item = Revoked> {
        let of_complete = self.complete.iter().filter_map(|list| {
            let revoked = list.revoked(certificate.serial())?;
            (!self.is_lifted(list, &revoked, certificate)).then_some(revoked)
        });
        let of_deltas = self.deltas.iter().filter_map(|list| {
            let revoked = list.revoked(certificate.serial())?;
            let counts = revoked.reason != Some(Reason::RemoveFromCrl);
            (counts && !self.is_lifted(list, &revoked, certificate)).then_some(revoked)
        });
        of_complete.chain(of_deltas)
    }

    /// Whether a later list of the same scope ends the suspension of which `list` tells: a complete one
    /// that does not name the certificate any more, made while it was valid, or a delta list for `list`
    /// that takes it off. Nothing else is ever taken back (RFC 5280, 5.3.1).
    fn is_lifted(&self, list: &Crl, revoked: &Revoked, certificate: &Certificate) -> bool {
        if revoked.reason != Some(Reason::CertificateHold) {
            return false;
        }
        let serial = certificate.serial();
        let silent = |later: &&Crl| {
            later.this_update() > list.this_update()
                && later.this_update() <= certificate.not_after()
                && later.scope() == list.scope()
                && later.revoked(serial).is_none()
        };
        let removes = |delta: &&Crl| {
            let entry = delta.revoked(serial);
            let removed = entry.is_some_and(|entry| entry.reason == Some(Reason::RemoveFromCrl));
            removed && delta.adds_to(list)
        };
        self.complete.iter().copied().any(|later| silent(&later))
            || self.deltas.iter().copied().any(|delta| removes(&delta))
    }

    /// The newest list from which, with a complete one of these, the present state follows: `list`
    /// itself, or a delta list that adds to it.
    pub(super) fn newest_state(&self, list: &'a Crl) -> &'a Crl {
        let deltas = self.deltas.iter().copied().filter(|delta| delta.adds_to(list));
        [list].into_iter().chain(deltas).max_by_key(|list| list.this_update()).unwrap_or(list)
    }

    /// Tells of delta lists: those at hand, and those that the authority is said to publish.
    pub(super) fn remark(&self, certificate: &Certificate, checks: &mut Vec<Check>) {
        let id = "certificate.revocation_delta";
        let clause = "RFC 5280, 5.2.4, 5.2.6";
        let published = certificate.extension("2.5.29.46").is_some()
            || self.complete.iter().any(|list| list.has_deltas());
        let adds = |delta: &&&Crl| self.complete.iter().any(|list| delta.adds_to(list));
        if let Some(delta) = self.deltas.iter().filter(adds).max_by_key(|list| list.this_update()) {
            let check = Check::passed(
                id,
                clause,
                "a delta list was combined with the complete list that it adds to",
                "增量撤销列表已与其基础列表合并使用",
            );
            checks.push(with_list(check.information(), delta));
        } else if let Some(delta) = self.deltas.iter().max_by_key(|list| list.this_update()) {
            let check = Check::skipped(
                id,
                clause,
                "a delta list is at hand without the complete list that it adds to: what it names counts \
                 as revoked, and it tells of nobody that he is not",
                "存在增量撤销列表，但缺少其基础列表：其中列出的证书视为已撤销，但不能据此认定证书未被撤销",
            );
            checks.push(with_list(check.information(), delta));
        } else if published {
            let check = Check::skipped(
                id,
                clause,
                "the authority also publishes delta lists, and none is at hand",
                "该 CA 还发布增量撤销列表，但未提供",
            );
            checks.push(check.information());
        }
    }
}
