//! A time stamp as one check of the report over something else.

use super::{Stamped, TimeStampPolicy, TimeStampReport, verify_token};
use crate::{
    UnixTime,
    pki::x509::{Evidence, PathPolicy, TrustStore},
    report::{Check, Indication, SubIndication},
};

/// What came of verifying a time stamp.
#[derive(Clone, Debug)]
pub struct Judgement {
    report: TimeStampReport,
    /// The claimed time than which it is earlier.
    early: Option<UnixTime>,
}

/// Verifies `token` as a time stamp over the SM3 digest of `stamped`. The authority is judged at the
/// stamped time.
#[must_use]
pub fn verify(
    token: &[u8],
    stamped: &[u8],
    evidence: &Evidence,
    trust: &TrustStore,
    policy: &PathPolicy,
    now: UnixTime,
) -> Judgement {
    verify_under(token, stamped, evidence, trust, &TimeStampPolicy::sm3(*policy), now)
}

pub(super) fn verify_under(
    token: &[u8],
    stamped: &[u8],
    evidence: &Evidence,
    trust: &TrustStore,
    policy: &TimeStampPolicy<'_>,
    now: UnixTime,
) -> Judgement {
    let report = verify_token(token, Stamped::Data(stamped), evidence, trust, policy, now);
    Judgement { report, early: None }
}

impl Judgement {
    /// The proved time, if the stamp holds.
    #[must_use]
    pub fn holds(&self) -> Option<UnixTime> {
        self.report.holds().filter(|_| self.early.is_none())
    }

    /// Every check that was made of the stamp itself.
    #[must_use]
    pub const fn report(&self) -> &TimeStampReport {
        &self.report
    }

    /// The same judgement, which fails if the stamp is earlier than `time`.
    #[must_use]
    pub fn not_before(mut self, time: UnixTime) -> Self {
        if self.holds().is_some_and(|stamped| stamped < time) {
            self.early = Some(time);
        }
        self
    }

    /// As one check of a report.
    #[must_use]
    pub fn into_check(self, id: &'static str, clause: &'static str) -> Check {
        let report = &self.report;
        let sub = report.sub_indication.unwrap_or(SubIndication::NoPoe);
        let part = report.checks.iter().find(|check| check.counts_against());
        let part = part.map(|check| check.id).unwrap_or_default();
        let check = match (report.indication, self.early) {
            (Indication::Passed, None) => {
                Check::passed(id, clause, "the time stamp holds", "时间戳有效")
            }
            (Indication::Passed, Some(claimed)) => Check::failed(
                id,
                clause,
                SubIndication::TimestampOrderFailure,
                "the time stamp is earlier than the time that is claimed",
                "时间戳早于所声明的时间",
            )
            .evidence("claimed", claimed),
            (Indication::Failed, _) => {
                let (en, zh) = failed_text(part);
                Check::failed(id, clause, sub, en, zh).evidence("part", part)
            }
            (Indication::Indeterminate, _) => Check::indeterminate(
                id,
                clause,
                sub,
                "the time stamp's authority or signature does not pass",
                "时间戳签名或其机构未通过验证",
            )
            .evidence("part", part),
        };
        match &report.info {
            Some(info) => check.evidence("time", info.time),
            None => check,
        }
    }
}

/// Whether a stamp is as late as the signing time that was claimed.
pub(crate) fn order_check(
    id: &'static str,
    clause: &'static str,
    claimed: UnixTime,
    stamped: UnixTime,
) -> Check {
    if claimed <= stamped {
        let en = "the time stamp is not earlier than the claimed signing time";
        Check::passed(id, clause, en, "时间戳不早于所声明的签名时间")
    } else {
        let sub = SubIndication::TimestampOrderFailure;
        let en = "the time stamp is earlier than the claimed signing time";
        Check::failed(id, clause, sub, en, "时间戳早于所声明的签名时间")
    }
    .evidence("claimed", claimed)
    .evidence("stamped", stamped)
}

fn failed_text(part: &str) -> (&'static str, &'static str) {
    match part {
        "time_stamp.format" | "time_stamp.version" | "time_stamp.signers" => {
            ("the time stamp is malformed", "时间戳格式有误")
        }
        "time_stamp.imprint" => {
            ("the time stamp is over something else", "时间戳不是对该签名值加盖的")
        }
        _ => (
            "the time stamp's authority or signature does not pass",
            "时间戳签名或其机构未通过验证",
        ),
    }
}
