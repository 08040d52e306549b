//! Verdicts: every check that was made, its outcome, its clause, its evidence, in two languages.
//!
//! The vocabulary of indications is that of ETSI EN 319 102-1.

mod text;

pub use text::{Language, headline};

use std::{borrow::Cow, collections::BTreeMap};

use serde::Serialize;

/// How one check ended. A check that was not run is never shown as passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The check was made and holds.
    Passed,
    /// The check was made and does not hold.
    Failed,
    /// The check could not be decided with what was given.
    Indeterminate,
    /// The check was not made; the text says why.
    Skipped,
}

/// How much a check counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It decides the verdict.
    #[default]
    Required,
    /// Something a reader should look at; it does not decide the verdict.
    Warning,
    /// A fact.
    Information,
}

/// The overall answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Indication {
    /// Every required check passed.
    Passed,
    /// A required check failed.
    Failed,
    /// No required check failed, but one could not be decided.
    Indeterminate,
}

/// Why the answer is not `passed`: the sub-indications of EN 319 102-1, with their event here.
#[allow(missing_docs, reason = "the names are EN 319 102-1's own; docs/standards.md has the table")]
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SubIndication {
    CertificateChainGeneralFailure,
    ChainConstraintsFailure,
    CryptoConstraintsFailure,
    Expired,
    FormatFailure,
    HashFailure,
    NoCertificateChainFound,
    NoPoe,
    NoSignatureFound,
    NoSigningCertificateFound,
    NotYetValid,
    OutOfBoundsNoPoe,
    OutOfBoundsNotRevoked,
    PolicyProcessingError,
    Revoked,
    RevokedCaNoPoe,
    RevokedNoPoe,
    SigConstraintsFailure,
    SigCryptoFailure,
    SignaturePolicyNotAvailable,
    SignedDataNotFound,
    TimestampOrderFailure,
    TryLater,
}

/// One sentence in the two languages of every report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Text {
    /// English.
    pub en: Cow<'static, str>,
    /// 中文。
    pub zh: Cow<'static, str>,
}

/// One check: what was looked at, by which clause, and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Stable, lower case, dotted: `signature.value`.
    pub id: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it decides the verdict.
    pub level: Level,
    /// What it contributes to the verdict when it did not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_indication: Option<SubIndication>,
    /// The standard and its clause.
    pub clause: &'static str,
    /// Values compared, times, names.
    pub evidence: BTreeMap<&'static str, String>,
    /// What was found, for a reader.
    pub text: Text,
}

impl Check {
    fn new(id: &'static str, outcome: Outcome, clause: &'static str, text: Text) -> Self {
        let evidence = BTreeMap::new();
        Self { id, outcome, level: Level::Required, sub_indication: None, clause, evidence, text }
    }

    /// A check that holds.
    pub fn passed(
        id: &'static str,
        clause: &'static str,
        en: impl Into<Cow<'static, str>>,
        zh: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(id, Outcome::Passed, clause, Text { en: en.into(), zh: zh.into() })
    }

    /// A check that does not hold.
    pub fn failed(
        id: &'static str,
        clause: &'static str,
        sub: SubIndication,
        en: impl Into<Cow<'static, str>>,
        zh: impl Into<Cow<'static, str>>,
    ) -> Self {
        let text = Text { en: en.into(), zh: zh.into() };
        Self { sub_indication: Some(sub), ..Self::new(id, Outcome::Failed, clause, text) }
    }

    /// A check that could not be decided with what was given.
    pub fn indeterminate(
        id: &'static str,
        clause: &'static str,
        sub: SubIndication,
        en: impl Into<Cow<'static, str>>,
        zh: impl Into<Cow<'static, str>>,
    ) -> Self {
        let text = Text { en: en.into(), zh: zh.into() };
        Self { sub_indication: Some(sub), ..Self::new(id, Outcome::Indeterminate, clause, text) }
    }

    /// A check that was not made; the text says why. It never makes a verdict pass by itself.
    pub fn skipped(
        id: &'static str,
        clause: &'static str,
        en: impl Into<Cow<'static, str>>,
        zh: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(id, Outcome::Skipped, clause, Text { en: en.into(), zh: zh.into() })
    }

    /// Adds a piece of evidence.
    #[must_use]
    pub fn evidence(mut self, name: &'static str, value: impl ToString) -> Self {
        self.evidence.insert(name, value.to_string());
        self
    }

    /// Makes it a warning: shown, but without weight in the verdict.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.level = Level::Warning;
        self
    }

    /// Makes it a fact: shown, but without weight in the verdict.
    #[must_use]
    pub fn information(mut self) -> Self {
        self.level = Level::Information;
        self
    }

    /// Whether it keeps a verdict from passing.
    #[must_use]
    pub fn counts_against(&self) -> bool {
        self.level == Level::Required
            && matches!(self.outcome, Outcome::Failed | Outcome::Indeterminate)
    }
}

/// The answer and the checks that led to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The overall answer.
    pub indication: Indication,
    /// Why it is not `passed`: that of the first required check that decided it.
    pub sub_indication: Option<SubIndication>,
    /// Every check, in the order in which it was made.
    pub checks: Vec<Check>,
}

impl Verdict {
    /// Concludes from `checks`: the first required failure decides, else the first required
    /// indeterminate one, else, if at least one required check passed, the answer is `passed`.
    #[must_use]
    pub fn conclude(checks: Vec<Check>) -> Self {
        let (indication, sub_indication) = conclude(checks.iter());
        Self { indication, sub_indication, checks }
    }
}

/// The rule of [`Verdict::conclude`], for checks that are spread over several lists.
#[must_use]
pub fn conclude<'a>(
    checks: impl Iterator<Item = &'a Check> + Clone,
) -> (Indication, Option<SubIndication>) {
    let required = checks.filter(|check| check.level == Level::Required);
    let first = |outcome| required.clone().find(|check| check.outcome == outcome);
    if let Some(check) = first(Outcome::Failed) {
        (Indication::Failed, check.sub_indication)
    } else if let Some(check) = first(Outcome::Indeterminate) {
        (Indication::Indeterminate, check.sub_indication)
    } else if first(Outcome::Passed).is_some() {
        (Indication::Passed, None)
    } else {
        (Indication::Indeterminate, Some(SubIndication::NoPoe))
    }
}

/// Proof that a verification passed: the value, with the report. Only a verification makes one.
#[derive(Clone, Debug)]
pub struct Verified<T, R = Verdict> {
    value: T,
    report: R,
}

impl<T, R> Verified<T, R> {
    pub(crate) const fn new(value: T, report: R) -> Self {
        Self { value, report }
    }

    /// What was verified.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// Every check that was made.
    pub const fn report(&self) -> &R {
        &self.report
    }

    /// The value, without the report.
    pub fn into_value(self) -> T {
        self.value
    }
}

/// A verification that was made and did not pass: failed, or not certain.
#[derive(Clone, Debug)]
pub struct Rejected<R = Verdict> {
    /// Every check that was made.
    pub report: R,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks() -> [Check; 4] {
        [
            Check::passed("a", "c", "e", "z"),
            Check::indeterminate("b", "c", SubIndication::TryLater, "e", "z"),
            Check::failed("d", "c", SubIndication::Expired, "e", "z"),
            Check::skipped("e", "c", "e", "z"),
        ]
    }

    #[test]
    fn failure_outweighs_doubt_and_doubt_outweighs_success() {
        let [passed, doubt, failed, skipped] = checks();
        let verdict = |list: &[&Check]| {
            let verdict = Verdict::conclude(list.iter().map(|&check| check.clone()).collect());
            (verdict.indication, verdict.sub_indication)
        };
        assert_eq!(verdict(&[&passed, &skipped]), (Indication::Passed, None));
        let expected = (Indication::Indeterminate, Some(SubIndication::TryLater));
        assert_eq!(verdict(&[&passed, &doubt]), expected);
        let expected = (Indication::Failed, Some(SubIndication::Expired));
        assert_eq!(verdict(&[&doubt, &failed]), expected);
        assert_eq!(verdict(&[&passed, &failed.clone().warning()]), (Indication::Passed, None));
    }

    #[test]
    fn nothing_checked_never_passes() {
        let [passed, .., skipped] = checks();
        for list in [vec![], vec![skipped], vec![passed.information()]] {
            assert_eq!(Verdict::conclude(list).indication, Indication::Indeterminate);
        }
    }
}
