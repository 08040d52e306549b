//! One row of a table: what others do otherwise, in two languages, and who has to change what.

use serde::Serialize;

use crate::report::Language;

/// A known deviation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Deviation {
    /// Stable, lower case, dotted: `id.empty`.
    pub id: &'static str,
    /// What was done otherwise.
    pub en: &'static str,
    /// 与约定不同之处。
    pub zh: &'static str,
    /// What to change, on which side.
    pub hint_en: &'static str,
    /// 应由哪一方修改什么。
    pub hint_zh: &'static str,
}

impl Deviation {
    pub(super) const fn new(
        id: &'static str,
        [en, zh]: [&'static str; 2],
        [hint_en, hint_zh]: [&'static str; 2],
    ) -> Self {
        Self { id, en, zh, hint_en, hint_zh }
    }
}

/// A deviation that was met, and which of several it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The deviation.
    #[serde(flatten)]
    pub deviation: Deviation,
    /// The name of the key or identifier, where the caller gave several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Part {
    pub(super) const fn of(deviation: &Deviation) -> Self {
        Self { deviation: *deviation, detail: None }
    }

    pub(super) fn named(deviation: &Deviation, name: &str) -> Self {
        Self { deviation: *deviation, detail: Some(name.to_owned()) }
    }

    pub(super) fn line(&self, language: Language) -> String {
        let Deviation { id, en, zh, hint_en, hint_zh } = self.deviation;
        let detail = self.detail.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        let (text, hint) = (language.pick(en, zh), language.pick(hint_en, hint_zh));
        let remedy = language.pick("Remedy", "办法");
        format!("  - {text}{detail} [{id}]\n    {remedy}: {hint}")
    }
}
