//! What goes out: text or JSON on standard output, results in files, progress on a terminal.

use std::{
    fs,
    io::{self, IsTerminal as _, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use yinxin::report::{Indication, Language, Verdict};

pub(crate) use crate::sink::{Access, check_writable, write};
use crate::{
    Ending,
    encoding::Written,
    failure::Failure,
    inputs,
    sink::{self, Sink},
};

/// How results are shown: decided once from the command line and the environment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// One JSON object a line instead of text.
    pub(crate) json: bool,
    /// The language of texts for readers.
    pub(crate) language: Language,
    colour: bool,
}

impl Output {
    /// Colours only on a terminal, and not where `NO_COLOR` is set.
    pub(crate) fn new(json: bool, language: Option<Language>) -> Self {
        let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { json, language: language.unwrap_or_else(language_of_environment), colour }
    }

    /// One of two words, in the language of the output.
    pub(crate) const fn pick<'a>(&self, english: &'a str, chinese: &'a str) -> &'a str {
        self.language.pick(english, chinese)
    }

    /// Prints a line. A closed pipe ends the program quietly, as other tools do.
    pub(crate) fn line(&self, text: &str) -> Result<(), Failure> {
        match writeln!(io::stdout().lock(), "{text}") {
            Ok(()) => Ok(()),
            Err(error) => Err(Failure::io("standard output", error)),
        }
    }

    /// Says something beside the result, on standard error. Where that is closed nobody listens.
    pub(crate) fn note(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Prints `value` as one line of JSON, or `text` where JSON was not asked for.
    pub(crate) fn result(
        &self,
        value: &Value,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.json { self.line(&value.to_string()) } else { self.line(text().trim_end()) }
    }

    /// Prints a verdict for readers: the answer in its colour, then a line for each check.
    pub(crate) fn verdict(&self, title: &str, verdict: &Verdict) -> Result<(), Failure> {
        let text = verdict.to_text(title, self.language);
        let (first, rest) = text.split_once('\n').unwrap_or((text.as_str(), ""));
        self.line(&self.paint(verdict.indication.into(), first))?;
        if rest.is_empty() { Ok(()) } else { self.line(rest) }
    }

    /// Prints the verdict on a file: as an object, or for readers.
    pub(crate) fn verdict_of(&self, name: &str, verdict: &Verdict) -> Result<(), Failure> {
        if !self.json {
            return self.verdict(name, verdict);
        }
        let value = json!({
            "file": name,
            "indication": verdict.indication,
            "sub_indication": verdict.sub_indication,
            "checks": verdict.checks,
        });
        self.line(&value.to_string())
    }

    /// `text` in green, red or yellow on a terminal, plain elsewhere.
    pub(crate) fn paint(&self, colour: Colour, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match colour {
            Colour::Green => 32,
            Colour::Red => 31,
            Colour::Yellow => 33,
            Colour::Bold => 1,
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// A progress bar on standard error, hidden unless that is a terminal.
    pub(crate) fn progress(&self, length: usize, what: &'static str) -> ProgressBar {
        let bar = ProgressBar::new(u64::try_from(length).unwrap_or(u64::MAX));
        let style = "{msg} [{bar:32}] {pos}/{len} {per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what);
        bar
    }
}

/// What a colour means here.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Colour {
    Green,
    Red,
    Yellow,
    Bold,
}

impl From<Indication> for Colour {
    fn from(indication: Indication) -> Self {
        match indication {
            Indication::Passed => Self::Green,
            Indication::Failed => Self::Red,
            Indication::Indeterminate => Self::Yellow,
        }
    }
}

/// The language of `LC_ALL`, `LC_MESSAGES` or `LANG`, the first that is set; English unless it is Chinese.
fn language_of_environment() -> Language {
    let set = |name: &&str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let name = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find(set);
    match name.and_then(|name| std::env::var(name).ok()) {
        Some(value) if value.to_lowercase().starts_with("zh") => Language::Chinese,
        Some(_) | None => Language::English,
    }
}

/// Reads a whole file of at most `bytes_max` bytes.
pub(crate) fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let name = path.display().to_string();
    let file = fs::File::open(path).map_err(|error| Failure::io(&name, error))?;
    let metadata = file.metadata().map_err(|error| Failure::io(&name, error))?;
    if metadata.is_dir() {
        let error = io::Error::new(io::ErrorKind::IsADirectory, "is a directory");
        return Err(Failure::io(&name, error));
    }
    let most = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(most)).unwrap_or(0));
    let mut limited = io::Read::take(file, most.saturating_add(1));
    io::Read::read_to_end(&mut limited, &mut bytes).map_err(|error| Failure::io(&name, error))?;
    if bytes.len() > bytes_max {
        return Err(Failure::core(&name, yinxin::Error::limit("file size")));
    }
    Ok(bytes)
}

/// Where a result goes.
#[derive(Clone, Debug, Args)]
pub(crate) struct OutFile {
    /// Where to write the result; `-` is standard output.
    #[arg(long, short, value_name = "FILE", default_value = "-", help_heading = "Output")]
    pub(crate) out: PathBuf,
    /// Replace the file if it exists already; a private key is never replaced.
    #[arg(long, help_heading = "Output")]
    force: bool,
}

impl OutFile {
    /// At `path`, where nothing is replaced.
    pub(crate) fn at(path: &Path) -> Self {
        Self { out: path.to_owned(), force: false }
    }

    /// Says before the work what would go wrong after it: bytes for a terminal, a file that exists.
    pub(crate) fn check(&self, written: Written, access: Access) -> Result<(), Failure> {
        if inputs::is_standard(&self.out) {
            if written == Written::Binary && io::stdout().is_terminal() {
                return Err(Failure::usage(
                    "binary output does not suit a terminal: give --out FILE, or --encoding hex or \
                     --pem where the command has it",
                    "终端不适合输出二进制：请用 --out FILE；支持的命令也可用 --encoding hex 或 --pem",
                ));
            }
            return Ok(());
        }
        sink::refuse_existing(&self.out, self.access(access))
    }

    /// Gives out a result. A file is written whole; on standard output stand the bytes alone, or, with
    /// `--json`, one object that holds them as text under `field`, among the `facts` of the result.
    pub(crate) fn deliver(
        &self,
        field: &str,
        bytes: &[u8],
        written: Written,
        access: Access,
        facts: Value,
        output: &Output,
    ) -> Result<Ending, Failure> {
        let mut facts = facts.as_object().cloned().unwrap_or_default();
        if !inputs::is_standard(&self.out) {
            self.write(&written.encode(bytes), access)?;
            let bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            return self.delivered(bytes, Value::Object(facts), output);
        } else if output.json {
            let (text, encoding) = written.text(bytes);
            facts.insert(field.to_owned(), json!(text));
            facts.insert("encoding".to_owned(), json!(encoding));
            output.line(&Value::Object(facts).to_string())?;
        } else {
            print(&written.encode(bytes))?;
        }
        Ok(Ending::Done)
    }

    /// Says that the result, of so many bytes, is in its file; nothing where it went to standard output.
    pub(crate) fn delivered(
        &self,
        bytes: u64,
        facts: Value,
        output: &Output,
    ) -> Result<Ending, Failure> {
        if inputs::is_standard(&self.out) {
            return Ok(Ending::Done);
        }
        let mut facts = facts.as_object().cloned().unwrap_or_default();
        let name = self.out.display().to_string();
        if output.json {
            facts.insert("file".to_owned(), json!(name));
            output.line(&Value::Object(facts).to_string())?;
        } else {
            let form = facts.get("form").or_else(|| facts.get("layout"));
            let form = form.and_then(Value::as_str).map(|form| format!(", {form}"));
            output.line(&format!(
                "{name}: {bytes} {}{}",
                output.pick("bytes", "字节"),
                form.unwrap_or_default()
            ))?;
        }
        Ok(Ending::Done)
    }

    /// A way for a result that is too long for memory: to the file, or to standard output, which cannot
    /// be one object at the same time.
    pub(crate) fn sink(&self, access: Access, output: &Output) -> Result<Sink, Failure> {
        if output.json && inputs::is_standard(&self.out) {
            return Err(Failure::usage(
                "--json with more than 16 MiB of data needs --out FILE",
                "数据超过 16 MiB 时，--json 需配合 --out FILE",
            ));
        }
        Sink::new(&self.out, self.access(access))
    }

    /// Writes the file, whole or not at all.
    pub(crate) fn write(&self, bytes: &[u8], access: Access) -> Result<(), Failure> {
        write(&self.out, bytes, self.access(access))
    }

    /// What happens to an existing file, by `--force`.
    const fn access(&self, access: Access) -> Access {
        match access {
            Access::New if self.force => Access::Public,
            Access::New | Access::Public | Access::Owner => access,
        }
    }
}

/// Bytes on standard output, as they are.
pub(crate) fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut standard = io::stdout().lock();
    match standard.write_all(bytes).and_then(|()| standard.flush()) {
        Ok(()) => Ok(()),
        Err(error) => Err(Failure::io("standard output", error)),
    }
}

/// Makes a folder and those above it.
pub(crate) fn make_folder(path: &Path) -> Result<(), Failure> {
    let fail = |error| Failure::io(&path.display().to_string(), error);
    if path.exists() && !path.is_dir() {
        return Err(fail(io::Error::new(io::ErrorKind::NotADirectory, "is not a directory")));
    }
    fs::create_dir_all(path).map_err(fail)
}

/// A JSON value as indented lines.
pub(crate) fn lines(value: &Value, depth: usize) -> Vec<String> {
    let indent = "  ".repeat(depth);
    let of = |name: &str, value: &Value| match value {
        Value::Object(_) | Value::Array(_) => {
            let mut all = vec![format!("{indent}{name}:")];
            all.extend(lines(value, depth + 1));
            all
        }
        Value::String(text) => vec![format!("{indent}{name}: {text}")],
        Value::Null => vec![format!("{indent}{name}: -")],
        Value::Bool(_) | Value::Number(_) => vec![format!("{indent}{name}: {value}")],
    };
    match value {
        Value::Object(fields) => fields.iter().flat_map(|(name, value)| of(name, value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(at, item)| of(&at.to_string(), item)).collect()
        }
        Value::String(text) => vec![format!("{indent}{text}")],
        Value::Null | Value::Bool(_) | Value::Number(_) => vec![format!("{indent}{value}")],
    }
}
