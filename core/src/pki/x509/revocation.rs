//! Whether a certificate of a path was revoked, and when (RFC 5280, 6.3; GB/T 38540-2020, 7.3).

use super::{Certificate, KeyUsage, Revocation, Role, judge::Judge};
use crate::{
    pki::{
        crl::{Crl, Reason, Revoked, Scope},
        ocsp::{Answer, Authority, CertificateStatus, Question},
        oid::OCSP_NO_CHECK,
    },
    report::{Check, SubIndication},
    time::UnixTime,
};

impl Judge<'_> {
    /// Adds what the revocation lists and OCSP answers of `issuer` say of `certificate`.
    ///
    /// A list that names the certificate proves its revocation however old the list is, and so does an
    /// answer. That it is good takes a list or an answer that is fresh at the time of validation.
    pub(super) fn revocation(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        authority: bool,
        checks: &mut Vec<Check>,
    ) {
        if self.policy.revocation == Revocation::NotChecked {
            checks.push(Check::skipped(
                ID,
                CLAUSE,
                "revocation was not looked at, as the policy says",
                "按策略未检查证书撤销状态",
            ));
            return;
        }
        if self.policy.role == Role::OcspSigner
            && !authority
            && certificate.extension(OCSP_NO_CHECK).is_some()
        {
            checks.push(Check::skipped(
                ID,
                "RFC 6960, 4.2.2.2.1",
                "the authority vouches for its responder as long as the certificate is valid",
                "CA 声明该 OCSP 响应者证书在有效期内无需检查撤销状态",
            ));
            return;
        }
        let lists = self.usable_lists(certificate, issuer);
        lists.remark(certificate, checks);
        let (answers, refused) = self.answers(certificate, issuer, &lists.usable);
        let answered = answers.iter().filter_map(|answer| self.revoked_by(answer));
        let revoked = lists.revocations(certificate).chain(answered).min_by_key(effective);
        if let Some(revoked) = revoked {
            self.revoked(revoked, authority, checks);
            return;
        }
        let newest = lists.usable.iter().max_by_key(|list| list.this_update());
        let fresh: Vec<_> = lists.usable.iter().filter(|list| self.is_fresh(list)).collect();
        let reasons = fresh.iter().fold(0, |reasons, list| reasons | list.scope().reasons);
        let newest_fresh = fresh.into_iter().max_by_key(|list| list.this_update());
        match (newest_fresh, newest) {
            (Some(list), _) if reasons == Scope::ALL_REASONS => {
                self.good(certificate, list, &lists.usable, checks);
            }
            _ if !answers.is_empty() => checks.push(self.answered(&answers)),
            (Some(list), _) => checks.push(with_list(
                Check::indeterminate(
                    ID,
                    "RFC 5280, 6.3.3 (d)",
                    SubIndication::TryLater,
                    "the revocation lists at hand tell some reasons of revocation only",
                    "现有证书撤销列表只包含部分撤销原因",
                ),
                list,
            )),
            (None, Some(list)) => checks.push(with_list(
                Check::indeterminate(
                    ID,
                    CLAUSE,
                    SubIndication::TryLater,
                    "the revocation list is not fresh at the time of validation",
                    "证书撤销列表在验证时已不在更新期内",
                ),
                list,
            )),
            (None, None) => {
                let check = missing(issuer, lists.refused);
                checks.push(refused.map_or(check.clone(), |id| check.evidence("ocsp_refused", id)));
            }
        }
    }

    /// The authentic OCSP answers for `certificate`, fresh or not, and of one that is not, the check
    /// that it did not pass.
    fn answers(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        lists: &[&Crl],
    ) -> (Vec<Answer>, Option<&'static str>) {
        let (mut answers, mut refused) = (Vec::new(), None);
        let question = Question::new(certificate, issuer, self.times.validation);
        for response in self.evidence.ocsp_for(certificate.serial()) {
            let (answer, examined) = response.examine(&question, &mut |signed, signer, verify| {
                self.spend() && self.trust.verified(signed, signer, verify)
            });
            // A responder that was revoked itself answers for nobody.
            let trusted = |answer: &Answer| {
                let serial = answer.responder.serial();
                answer.authority != Authority::Delegated
                    || !lists.iter().any(|list| list.revoked(serial).is_some())
            };
            match answer {
                Some(answer) if trusted(&answer) => answers.push(answer),
                Some(_) => refused = Some("ocsp.responder_revocation"),
                None => {
                    let bad = examined.iter().find(|check| check.sub_indication.is_some());
                    refused = refused.or(bad.map(|check| check.id));
                }
            }
        }
        (answers, refused)
    }

    /// A suspension may have ended since an answer that is not fresh any more.
    fn revoked_by(&self, answer: &Answer) -> Option<Revoked> {
        let CertificateStatus::Revoked { at, reason } = answer.status else { return None };
        let counts = reason != Some(Reason::CertificateHold) || self.is_fresh_answer(answer);
        counts.then_some(Revoked { at, reason, invalid_since: None })
    }

    fn is_fresh_answer(&self, answer: &Answer) -> bool {
        answer.is_fresh(self.times.validation, self.policy.crl_grace_s)
    }

    /// What the OCSP answers say, none of which says that the certificate is revoked.
    fn answered(&self, answers: &[Answer]) -> Check {
        let fresh = |answer: &&Answer| self.is_fresh_answer(answer);
        let newest = answers.iter().max_by_key(|answer| answer.this_update);
        let Some(answer) = answers.iter().filter(fresh).max_by_key(|it| it.this_update).or(newest)
        else {
            return Check::skipped(ID, CLAUSE, "no answer", "没有应答");
        };
        let sub = SubIndication::TryLater;
        let check = if !self.is_fresh_answer(answer) {
            Check::indeterminate(
                ID,
                CLAUSE,
                sub,
                "the OCSP answer is not fresh at the time of validation",
                "OCSP 应答在验证时已不在更新期内",
            )
        } else if answer.is_good() {
            let (en, zh) =
                ("a fresh OCSP answer says that it is good", "最新的 OCSP 应答：证书有效");
            Check::passed(ID, CLAUSE, en, zh)
        } else {
            Check::indeterminate(
                ID,
                CLAUSE,
                sub,
                "the OCSP responder does not know the certificate",
                "OCSP 服务器不知道该证书",
            )
        };
        let check = check
            .evidence("ocsp_responder", answer.responder.subject())
            .evidence("authority", answer.authority.name())
            .evidence("this_update", answer.this_update);
        match answer.next_update {
            Some(next) => check.evidence("next_update", next),
            None => check,
        }
    }

    fn revoked(&self, revoked: Revoked, authority: bool, checks: &mut Vec<Check>) {
        let since = effective(&revoked);
        let compromised =
            matches!(revoked.reason, Some(Reason::KeyCompromise | Reason::CaCompromise));
        let check = if since <= self.times.signing {
            Check::failed(
                ID,
                CLAUSE,
                SubIndication::Revoked,
                "the certificate was revoked before the time of signing",
                "签名前证书已被撤销",
            )
        } else if !authority && self.policy.role == Role::TimeStamper && !leaves_stamps(&revoked) {
            Check::failed(
                ID,
                "RFC 3161, 4",
                SubIndication::Revoked,
                "the time stamper was revoked, and the reason does not say that its key is still \
                 secret: what it stamped before does not count either",
                "时间戳服务机构证书已被撤销，且撤销原因不能排除密钥泄露：此前加盖的时间戳也不可采信",
            )
        } else if authority && compromised {
            // Whoever has the authority's key can write any date into a certificate of his own.
            Check::indeterminate(
                ID,
                CLAUSE,
                SubIndication::RevokedCaNoPoe,
                "the authority's key was compromised after the time of signing: that what it \
                 issued is older cannot be told from the certificate",
                "CA 密钥在签名之后泄露：无法仅凭证书确认其签发早于泄露",
            )
        } else {
            Check::passed(
                ID,
                CLAUSE,
                "the certificate had not been revoked at the time of signing",
                "签名时证书未被撤销",
            )
        };
        let passed = check.sub_indication.is_none();
        let describe = |check: Check| {
            let check = check.evidence("revoked_at", revoked.at).evidence("at", self.times.signing);
            let check = match revoked.invalid_since {
                Some(since) => check.evidence("invalid_since", since),
                None => check,
            };
            match revoked.reason {
                Some(reason) => check.evidence("reason", reason.name()),
                None => check,
            }
        };
        checks.push(describe(check));
        if passed {
            let check = Check::passed(
                "certificate.revoked_since",
                CLAUSE,
                "the certificate was revoked after the time of signing",
                "证书在签名之后被撤销",
            );
            checks.push(describe(check.information()));
        }
    }

    fn good(&self, certificate: &Certificate, list: &Crl, all: &[&Crl], checks: &mut Vec<Check>) {
        let check = Check::passed(
            ID,
            CLAUSE,
            "a fresh revocation list does not name the certificate",
            "最新的证书撤销列表中没有该证书",
        );
        checks.push(with_list(check, list));
        // RFC 5280, 5: an entry may leave the list once the certificate has expired.
        let signing = self.times.signing;
        let covers =
            |list: &&Crl| (signing..=certificate.not_after()).contains(&list.this_update());
        if list.this_update() > certificate.not_after() && !all.iter().any(covers) {
            let check = Check::indeterminate(
                "certificate.revocation_coverage",
                "RFC 5280, 5",
                SubIndication::RevokedNoPoe,
                "the list was made after the certificate expired and may no longer name it",
                "撤销列表签发时证书已过期，列表可能不再包含该证书",
            );
            checks.push(with_list(check.warning(), list));
        }
    }

    fn is_fresh(&self, list: &Crl) -> bool {
        let until = list.next_update().unwrap_or_else(|| list.this_update());
        let until = until.plus_s(self.policy.crl_grace_s.max(0));
        (list.this_update()..=until).contains(&self.times.validation)
    }

    /// The lists of `issuer` that speak of `certificate` and can be relied on, whether fresh or not.
    fn usable_lists(&self, certificate: &Certificate, issuer: &Certificate) -> Lists<'_> {
        let mut lists = Lists { usable: Vec::new(), deltas: Vec::new(), refused: None };
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
                None => lists.usable.push(list),
                Some(_) => lists.refused = lists.refused.max(refusal),
            }
        }
        lists
    }

    fn is_signed_by(&self, list: &Crl, issuer: &Certificate) -> bool {
        let verify = || list.verify_issued_by(issuer).is_ok();
        self.spend() && self.trust.verified(list.thumbprint(), issuer, verify)
    }
}

impl Lists<'_> {
    /// What the lists say against `certificate`. A delta list counts as long as no complete list is
    /// newer; what it takes off a list stays on it, as there is no telling which list was meant.
    fn revocations(&self, certificate: &Certificate) -> impl Iterator<Item = Revoked> {
        let newest = self.usable.iter().map(|list| list.this_update()).max();
        let counts = move |delta: &&&Crl| newest.is_none_or(|newest| delta.this_update() >= newest);
        let deltas = self.deltas.iter().filter(counts);
        let named = |list: &&Crl| list.revoked(certificate.serial());
        let added = deltas.filter_map(named);
        let added = added.filter(|revoked| revoked.reason != Some(Reason::RemoveFromCrl));
        self.usable.iter().filter_map(named).chain(added)
    }

    /// Tells of delta lists: those at hand, and those that the authority is said to publish.
    fn remark(&self, certificate: &Certificate, checks: &mut Vec<Check>) {
        let id = "certificate.revocation_delta";
        let clause = "RFC 5280, 5.2.4, 5.2.6";
        let published = certificate.extension("2.5.29.46").is_some()
            || self.usable.iter().any(|list| list.has_deltas());
        if let Some(delta) = self.deltas.iter().max_by_key(|list| list.this_update()) {
            let check = Check::skipped(
                id,
                clause,
                "a delta list is at hand: what it names counts as revoked, and it tells of nobody \
                 that he is not",
                "存在增量撤销列表：其中列出的证书视为已撤销，但不能据此认定证书未被撤销",
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

const ID: &str = "certificate.revocation";
const CLAUSE: &str = "RFC 5280, 6.1.3 (a)(3), 6.3; GB/T 20518-2018";

struct Lists<'a> {
    usable: Vec<&'a Crl>,
    deltas: Vec<&'a Crl>,
    refused: Option<Refusal>,
}

/// Why a list of the right name was not used; the last one says most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Refusal {
    OtherScope,
    BadSignature,
    Indirect,
    NotUnderstood,
    IssuerMayNot,
}

/// Since when the certificate must not be relied on: an invalidity date may lie before the
/// revocation.
fn effective(revoked: &Revoked) -> UnixTime {
    revoked.invalid_since.map_or(revoked.at, |since| since.min(revoked.at))
}

/// RFC 3161, 4: stamps from before a revocation count for these reasons alone. Whoever has the key can
/// write any time into a stamp, so that a key that may be known proves no time at all.
const fn leaves_stamps(revoked: &Revoked) -> bool {
    use Reason::{AffiliationChanged, CessationOfOperation, Superseded, Unspecified};
    matches!(
        revoked.reason,
        Some(Unspecified | AffiliationChanged | Superseded | CessationOfOperation)
    )
}

fn missing(issuer: &Certificate, refused: Option<Refusal>) -> Check {
    let (en, zh) = match refused {
        None => (
            "no revocation list or OCSP answer of the issuer is at hand",
            "没有该颁发者的证书撤销列表或 OCSP 应答",
        ),
        Some(Refusal::BadSignature) => (
            "the signature of the revocation list does not verify with the issuer's key",
            "用颁发者公钥验证证书撤销列表签名不通过",
        ),
        Some(Refusal::OtherScope) => (
            "the revocation lists of the issuer are for other certificates than this one",
            "该颁发者的证书撤销列表不适用于此证书",
        ),
        Some(Refusal::Indirect) => (
            "the revocation list also lists certificates of others (an indirect one)",
            "该证书撤销列表是间接列表，未予采用",
        ),
        Some(Refusal::NotUnderstood) => (
            "the revocation list has a critical extension that is not understood",
            "证书撤销列表含有无法识别的关键扩展",
        ),
        Some(Refusal::IssuerMayNot) => (
            "the issuer's key may not sign revocation lists",
            "颁发者的密钥用法不允许签发证书撤销列表",
        ),
    };
    Check::indeterminate(ID, CLAUSE, SubIndication::TryLater, en, zh)
        .evidence("issuer", issuer.subject())
}

fn with_list(check: Check, list: &Crl) -> Check {
    let check = check.evidence("this_update", list.this_update());
    match list.next_update() {
        Some(next) => check.evidence("next_update", next),
        None => check,
    }
}
