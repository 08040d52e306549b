//! Why a command could not do its work: exit status 2, a stable code, both languages.

use std::io;

use serde_json::{Value, json};
use yinxin::report::{Language, Text};

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Standard output was closed by its reader: nothing more to say.
    ClosedPipe,
    /// The bundle of trust `what` may not be used.
    Bundle { what: String, text: Option<Text> },
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

    /// What the operating system refused; a closed pipe needs no words.
    pub(crate) fn io(what: &str, error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::ClosedPipe;
        }
        Self::Io { what: what.to_owned(), error }
    }

    pub(crate) fn usage(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self::Usage { en: en.into(), zh: zh.into() }
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::ClosedPipe => "CLOSED_PIPE",
            Self::Bundle { .. } => "BUNDLE_REJECTED",
            Self::Core { error, .. } => error.code().name(),
            Self::Io { .. } => "IO",
            Self::Usage { .. } => "USAGE",
        }
    }

    /// What to tell the user.
    pub(crate) fn text(&self, language: Language) -> String {
        match self {
            Self::ClosedPipe => String::new(),
            Self::Bundle { what, text } => {
                let text = text.as_ref().map(|text| language.of(text)).unwrap_or_default();
                match language {
                    Language::English => format!("{what}: the bundle may not be used: {text}"),
                    Language::Chinese => format!("{what}：信任包不可使用：{text}"),
                }
            }
            Self::Core { what, error } => match language {
                Language::English => format!("{what}: {}", error.text_en()),
                Language::Chinese => format!("{what}：{}", error.text_zh()),
            },
            Self::Io { what, error } => match language {
                Language::English => format!("{what}: {error}"),
                Language::Chinese => format!("{what}：{}", io_text_zh(error)),
            },
            Self::Usage { en, zh } => language.pick(en, zh).to_owned(),
        }
    }

    /// What to try next, in English and in Chinese, where something is known.
    pub(crate) fn hint(&self) -> Option<[&'static str; 2]> {
        match self {
            Self::Core { error, .. } => Some([error.hint_en(), error.hint_zh()]),
            Self::Bundle { .. } => Some([
                "`yinxin bundle verify` shows every check",
                "yinxin bundle verify 可列出每项检查",
            ]),
            Self::Io { .. } => Some([
                "look at the name, who may read or write there, and how much room is left",
                "请检查名称、读写权限和剩余空间",
            ]),
            Self::Usage { .. } => Some([
                "`--help` behind the command shows what it takes",
                "在命令后加 --help 查看用法",
            ]),
            Self::ClosedPipe => None,
        }
    }

    /// The object that `--json` prints: `file`, where one is concerned, and `error`, with the place where
    /// the library found it: field, offset, the file `inside` a package, the code of a device.
    pub(crate) fn to_json(&self) -> Value {
        let text = json!({
            "en": self.text(Language::English),
            "zh": self.text(Language::Chinese),
        });
        let mut error = json!({ "code": self.code(), "text": text });
        if let (Some([en, zh]), Some(fields)) = (self.hint(), error.as_object_mut()) {
            fields.insert("hint".to_owned(), json!({ "en": en, "zh": zh }));
        }
        if let (Self::Core { error: core, .. }, Some(fields)) = (self, error.as_object_mut()) {
            let places = [
                ("field", core.field_name().map(Value::from)),
                ("offset", core.offset().map(Value::from)),
                ("inside", core.file().map(Value::from)),
                ("device_code", core.device_code().map(Value::from)),
            ];
            let known =
                places.into_iter().filter_map(|(name, place)| Some((name.to_owned(), place?)));
            fields.extend(known);
        }
        match self {
            Self::Bundle { what, .. } | Self::Core { what, .. } | Self::Io { what, .. } => {
                json!({ "file": what, "error": error })
            }
            Self::ClosedPipe | Self::Usage { .. } => json!({ "error": error }),
        }
    }
}

/// What the operating system usually refuses, in Chinese; it speaks only English itself.
const IO_TEXTS_ZH: [(io::ErrorKind, &str); 8] = [
    (io::ErrorKind::NotFound, "文件或目录不存在"),
    (io::ErrorKind::PermissionDenied, "没有权限"),
    (io::ErrorKind::AlreadyExists, "文件已存在，不覆盖（私钥绝不覆盖，其他结果可用 --force）"),
    (io::ErrorKind::IsADirectory, "是目录，不是文件"),
    (io::ErrorKind::NotADirectory, "不是目录"),
    (io::ErrorKind::StorageFull, "磁盘空间不足"),
    (io::ErrorKind::ReadOnlyFilesystem, "文件系统只读"),
    (io::ErrorKind::InvalidInput, "文件名无效"),
];

fn io_text_zh(error: &io::Error) -> String {
    let usual = IO_TEXTS_ZH.iter().find(|(kind, _)| *kind == error.kind());
    usual.map_or_else(|| error.to_string(), |(_, text)| (*text).to_owned())
}
