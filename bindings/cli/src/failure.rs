//! Why a command could not do its work: exit status 2, a stable code, both languages.

use std::io;

use serde_json::{Value, json};
use yinxin::report::Language;

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Standard output was closed by its reader: nothing more to say.
    ClosedPipe,
    /// The library refused `what` (a file or an argument).
    Core { what: String, error: yinxin::Error },
    /// The operating system refused `what`.
    Io { what: String, error: io::Error },
    /// The command line asks for something that cannot be.
    Usage { en: String, zh: String },
}

impl Failure {
    pub(crate) fn core(what: &str, error: yinxin::Error) -> Self {
        Self::Core { what: what.to_owned(), error }
    }

    pub(crate) fn io(what: &str, error: io::Error) -> Self {
        Self::Io { what: what.to_owned(), error }
    }

    pub(crate) fn usage(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self::Usage { en: en.into(), zh: zh.into() }
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::ClosedPipe => "CLOSED_PIPE",
            Self::Core { error, .. } => error.code().name(),
            Self::Io { .. } => "IO",
            Self::Usage { .. } => "USAGE",
        }
    }

    /// What to tell the user.
    pub(crate) fn text(&self, language: Language) -> String {
        match self {
            Self::ClosedPipe => String::new(),
            Self::Core { what, error } => {
                let (en, zh) = (error.text_en(), error.text_zh());
                format!("{what}: {}", language.pick(&en, &zh))
            }
            Self::Io { what, error } => format!("{what}: {error}"),
            Self::Usage { en, zh } => language.pick(en, zh).to_owned(),
        }
    }

    /// The object that `--json` prints: `file`, where one is concerned, and `error`.
    pub(crate) fn to_json(&self) -> Value {
        let text = json!({
            "en": self.text(Language::English),
            "zh": self.text(Language::Chinese),
        });
        let error = json!({ "code": self.code(), "text": text });
        match self {
            Self::Core { what, .. } | Self::Io { what, .. } => {
                json!({ "file": what, "error": error })
            }
            Self::ClosedPipe | Self::Usage { .. } => json!({ "error": error }),
        }
    }
}
