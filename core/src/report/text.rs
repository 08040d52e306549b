//! Verdicts as plain text in either language: for a terminal, a log or a mail.

use super::{Check, Indication, Level, Outcome, SubIndication, Text, Verdict};

/// The language of a report for readers. JSON always carries both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// 中文。
    Chinese,
}

impl Language {
    /// The sentence in this language.
    #[must_use]
    pub fn of(self, text: &Text) -> &str {
        self.pick(&text.en, &text.zh)
    }

    /// Picks one of two words.
    #[must_use]
    pub const fn pick<'a>(self, english: &'a str, chinese: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }
}

impl Indication {
    /// The word for readers.
    #[must_use]
    pub fn text(self) -> Text {
        let (en, zh) = match self {
            Self::Passed => ("PASSED", "验证通过"),
            Self::Failed => ("FAILED", "验证不通过"),
            Self::Indeterminate => ("INDETERMINATE", "无法确定"),
        };
        Text { en: en.into(), zh: zh.into() }
    }
}

impl Outcome {
    /// The word for readers.
    #[must_use]
    pub fn text(self) -> Text {
        let (en, zh) = match self {
            Self::Passed => ("passed", "通过"),
            Self::Failed => ("failed", "不通过"),
            Self::Indeterminate => ("indeterminate", "无法确定"),
            Self::Skipped => ("skipped", "未检查"),
        };
        Text { en: en.into(), zh: zh.into() }
    }
}

impl SubIndication {
    /// The name as EN 319 102-1 writes it, for example `HASH_FAILURE`.
    #[must_use]
    pub fn name(self) -> String {
        let value = serde_json::to_value(self).ok();
        value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

impl Check {
    /// One line: a mark (`+` passed, `x` failed, `?` indeterminate, `!` warning, `.` skipped), the
    /// outcome, what was found, the stable id and the clause.
    #[must_use]
    pub fn line(&self, language: Language) -> String {
        let mark = match (self.level, self.outcome) {
            (_, Outcome::Passed) => "+",
            (_, Outcome::Skipped) => ".",
            (Level::Required, Outcome::Failed) => "x",
            (Level::Required, Outcome::Indeterminate) => "?",
            (Level::Warning | Level::Information, Outcome::Failed | Outcome::Indeterminate) => "!",
        };
        let outcome = self.outcome.text();
        let (outcome, text) = (language.of(&outcome), language.of(&self.text));
        format!("{mark} {outcome}: {text} [{}; {}]", self.id, self.clause)
    }
}

impl Verdict {
    /// The answer and a line for each check.
    #[must_use]
    pub fn to_text(&self, title: &str, language: Language) -> String {
        let mut lines = vec![headline(title, self.indication, self.sub_indication, language)];
        lines.extend(self.checks.iter().map(|check| format!("  {}", check.line(language))));
        lines.join("\n")
    }
}

/// `title: FAILED HASH_FAILURE`.
#[must_use]
pub fn headline(
    title: &str,
    indication: Indication,
    sub_indication: Option<SubIndication>,
    language: Language,
) -> String {
    let word = indication.text();
    let sub = sub_indication.map(|sub| format!(" {}", sub.name())).unwrap_or_default();
    format!("{title}: {}{sub}", language.of(&word))
}
