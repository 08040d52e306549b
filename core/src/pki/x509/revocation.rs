//! Whether a certificate of a path was revoked, and when (RFC 5280, 6.3; GB/T 38540-2020, 7.3).

use super::{
    Certificate, Revocation, Role,
    judge::Judge,
    lists::{Lists, Refusal},
};
use crate::{
    pki::{
        crl::{Crl, Reason, Revoked, Scope},
        ocsp::{Answer, Authority, CertificateStatus, Question},
        oid::OCSP_NO_CHECK,
    },
    report::{Check, Outcome, SubIndication},
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
        let lists = self.lists(certificate, issuer);
        lists.remark(certificate, checks);
        let (answers, refused) = self.answers(certificate, issuer);
        let answered = answers.iter().filter_map(|answer| self.revoked_by(answer));
        let revoked: Vec<_> = lists.revocations(certificate).chain(answered).collect();
        let revoked = self.worst(&revoked, authority);
        let failed = revoked.as_ref().is_some_and(|(check, _)| check.outcome == Outcome::Failed);
        if self.budget.is_overdrawn() && !failed {
            // What was not looked at may be what names the certificate.
            checks.push(limit());
        } else if let Some((check, revoked)) = revoked {
            self.tell_revoked(check, &revoked, checks);
        } else {
            self.not_revoked(certificate, &lists, &answers, checks).unwrap_or_else(|| {
                let check = missing(issuer, lists.refused);
                checks.push(refused.map_or(check.clone(), |id| check.evidence("ocsp_refused", id)));
            });
        }
    }

    /// Whether what is at hand, of which nothing names `certificate`, is enough to call it good. `None`
    /// if there is nothing at all.
    fn not_revoked(
        &self,
        certificate: &Certificate,
        lists: &Lists<'_>,
        answers: &[Answer],
        checks: &mut Vec<Check>,
    ) -> Option<()> {
        let newest = lists.complete.iter().max_by_key(|list| list.this_update());
        // RFC 5280, 6.3.3 (a): either is enough, the list or one that brings it up to date.
        let is_fresh = |list: &&Crl| self.is_fresh(list) || self.is_fresh(lists.newest_state(list));
        let fresh: Vec<_> = lists.complete.iter().copied().filter(is_fresh).collect();
        let reasons = fresh.iter().fold(0, |reasons, list| reasons | list.scope().reasons);
        let newest_fresh = fresh.into_iter().map(|list| lists.newest_state(list));
        match (newest_fresh.max_by_key(|list| list.this_update()), newest) {
            (Some(list), _) if reasons == Scope::ALL_REASONS => {
                let check = Check::passed(
                    ID,
                    CLAUSE,
                    "a fresh revocation list does not name the certificate",
                    "最新的证书撤销列表中没有该证书",
                );
                checks.push(with_list(check, list));
                checks.extend(self.coverage(certificate, list.this_update(), lists, answers));
            }
            _ if !answers.is_empty() => {
                let (check, made) = self.answered(answers);
                checks.push(check);
                checks.extend(made.and_then(|at| self.coverage(certificate, at, lists, answers)));
            }
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
            (None, None) => return None,
        }
        Some(())
    }

    /// The authentic OCSP answers for `certificate`, fresh or not, and of one that is not, the check
    /// that it did not pass.
    fn answers(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> (Vec<Answer>, Option<&'static str>) {
        let (mut answers, mut refused) = (Vec::new(), None);
        let question = Question {
            responders: self.trust.responders(),
            ..Question::new(certificate, issuer, self.times.validation)
        };
        for response in self.evidence.ocsp_for(certificate.serial()) {
            let (answer, examined) = response.examine(&question, &mut |signed, signer, verify| {
                self.budget.spend() && self.trust.verified(signed, signer, verify)
            });
            // A responder that was revoked itself answers for nobody. The lists are those that speak of
            // him, which need not be those that speak of the certificate.
            let trusted = |answer: &Answer| {
                let responder = &answer.responder;
                answer.authority != Authority::Delegated
                    || self.lists(responder, issuer).revocations(responder).next().is_none()
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
        counts.then_some(Revoked { at, reason, invalid_since: answer.invalid_since })
    }

    fn is_fresh_answer(&self, answer: &Answer) -> bool {
        answer.is_fresh(self.times.validation, self.policy.crl_grace_s)
    }

    /// What the OCSP answers say, none of which says that the certificate is revoked; and as of when, if
    /// it is good.
    fn answered(&self, answers: &[Answer]) -> (Check, Option<UnixTime>) {
        let fresh = |answer: &&Answer| self.is_fresh_answer(answer);
        let newest = answers.iter().max_by_key(|answer| answer.this_update);
        let Some(answer) = answers.iter().filter(fresh).max_by_key(|it| it.this_update).or(newest)
        else {
            return (Check::skipped(ID, CLAUSE, "no answer", "没有应答"), None);
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
        let made = (check.outcome == Outcome::Passed).then_some(answer.this_update);
        match answer.next_update {
            Some(next) => (check.evidence("next_update", next), made),
            None => (check, made),
        }
    }

    /// Of several revocations the one that counts most: what one list says is not taken back by another
    /// that knows less. Of equal ones the earliest.
    fn worst(&self, all: &[Revoked], authority: bool) -> Option<(Check, Revoked)> {
        let rank = |(check, revoked): &(Check, Revoked)| {
            let outcome = match check.outcome {
                Outcome::Failed => 0,
                Outcome::Indeterminate => 1,
                Outcome::Passed | Outcome::Skipped => 2,
            };
            (outcome, effective(revoked))
        };
        let judged = all.iter().map(|revoked| (self.revoked(revoked, authority), *revoked));
        judged.min_by_key(rank)
    }

    fn revoked(&self, revoked: &Revoked, authority: bool) -> Check {
        let secret = revoked.reason.is_some_and(Reason::leaves_key_secret);
        if effective(revoked) <= self.times.signing {
            Check::failed(
                ID,
                CLAUSE,
                SubIndication::Revoked,
                "the certificate was revoked before the time of signing",
                "签名前证书已被撤销",
            )
        } else if !authority && self.policy.role == Role::TimeStamper && !secret {
            Check::failed(
                ID,
                "RFC 3161, 4",
                SubIndication::Revoked,
                "the time stamper was revoked, and the reason does not say that its key is still \
                 secret: what it stamped before does not count either",
                "时间戳服务机构证书已被撤销，且撤销原因不能排除密钥泄露：此前加盖的时间戳也不可采信",
            )
        } else if authority && !secret {
            // Whoever has the authority's key can write any date into a certificate of his own.
            Check::indeterminate(
                ID,
                CLAUSE,
                SubIndication::RevokedCaNoPoe,
                "the authority was revoked after the time of signing, and the reason does not say that \
                 its key is still secret: that what it issued is older cannot be told from the certificate",
                "CA 证书在签名之后被撤销，且撤销原因不能排除密钥泄露：无法仅凭证书确认其签发早于撤销",
            )
        } else {
            Check::passed(
                ID,
                CLAUSE,
                "the certificate had not been revoked at the time of signing",
                "签名时证书未被撤销",
            )
        }
    }

    fn tell_revoked(&self, check: Check, revoked: &Revoked, checks: &mut Vec<Check>) {
        let passed = check.outcome == Outcome::Passed;
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

    /// What was `made` after the certificate had expired may no longer name it (RFC 5280, 5): it is
    /// enough only if it says that it keeps what expired, or if something else covers the signing time.
    fn coverage(
        &self,
        certificate: &Certificate,
        made: UnixTime,
        lists: &Lists<'_>,
        answers: &[Answer],
    ) -> Option<Check> {
        let end = certificate.not_after();
        let covers = |at: UnixTime, keeps: Option<UnixTime>| {
            at >= self.times.signing && (at <= end || keeps.is_some_and(|since| since <= end))
        };
        let covering = lists.complete.iter().filter(|list| {
            let state = lists.newest_state(list);
            covers(list.this_update(), list.keeps_expired_since())
                || covers(state.this_update(), state.keeps_expired_since())
        });
        let reasons = covering.fold(0, |reasons, list| reasons | list.scope().reasons);
        let answered =
            |answer: &Answer| answer.is_good() && covers(answer.this_update, answer.archive_cutoff);
        if made <= end || reasons == Scope::ALL_REASONS || answers.iter().any(answered) {
            return None;
        }
        let check = Check::indeterminate(
            "certificate.revocation_coverage",
            "RFC 5280, 5; RFC 6960, 4.4.4",
            SubIndication::RevokedNoPoe,
            "what says that the certificate is not revoked was made after it expired, and may no longer \
             know of a revocation: a list or an answer from between the signing and the expiry is needed",
            "撤销信息签发时证书已过期，可能不再包含该证书：需要签名之后、过期之前签发的撤销列表或应答",
        );
        Some(check.evidence("this_update", made).evidence("not_after", end))
    }

    fn is_fresh(&self, list: &Crl) -> bool {
        let until = list.next_update().unwrap_or_else(|| list.this_update());
        let until = until.plus_s(self.policy.crl_grace_s.max(0));
        (list.this_update()..=until).contains(&self.times.validation)
    }
}

const ID: &str = "certificate.revocation";
const CLAUSE: &str = "RFC 5280, 6.1.3 (a)(3), 6.3; GB/T 20518-2018";

/// Since when the certificate must not be relied on: an invalidity date may lie before the
/// revocation.
fn effective(revoked: &Revoked) -> UnixTime {
    revoked.invalid_since.map_or(revoked.at, |since| since.min(revoked.at))
}

/// More signatures were asked for than one path may take.
fn limit() -> Check {
    Check::indeterminate(
        ID,
        CLAUSE,
        SubIndication::TryLater,
        "not every revocation list and answer was looked at, as the limit of signatures was reached",
        "已达签名验证次数上限，未能检查全部撤销列表和应答",
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

pub(super) fn with_list(check: Check, list: &Crl) -> Check {
    let check = check.evidence("this_update", list.this_update());
    match list.next_update() {
        Some(next) => check.evidence("next_update", next),
        None => check,
    }
}
