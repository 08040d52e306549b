//! Loads test vectors: the project's own (this folder) and those of the neighbouring `../shared`.
//!
//! A file is `{"header": {.., "count": n}, "tests": [{"id": .., ..}]}`. Binary fields are lower-case
//! hexadecimal unless their name ends in `_b64`, `_text` or `_pem`. A loader for tests panics on
//! anything odd: a test that reads less than it thinks must not pass.

#![allow(clippy::panic, clippy::expect_used, reason = "a loader for tests fails loudly")]

pub mod published;
pub mod random;

use std::{
    fmt, fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use base64ct::{Base64, Encoding as _};
use serde_json::Value;

/// One test of a file.
#[derive(Clone, Debug)]
pub struct Case {
    file: String,
    fields: Value,
}

impl Case {
    /// The test's name within its file.
    #[must_use]
    pub fn id(&self) -> String {
        match self.get("id").or_else(|| self.get("tcId")) {
            Some(Value::String(id)) => id.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        }
    }

    /// The raw JSON value of a field, if it is there and not null.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.fields.get(field).filter(|value| !value.is_null())
    }

    /// A field's text.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        self.get(field).and_then(Value::as_str).unwrap_or_else(|| panic!("{self}: no text {field}"))
    }

    /// A field's bytes: base64 if its name ends in `_b64`, UTF-8 if in `_text` or `_pem`, else hexadecimal.
    #[must_use]
    pub fn bytes(&self, field: &str) -> Vec<u8> {
        let text = self.text(field);
        if field.ends_with("_b64") {
            return Base64::decode_vec(text).unwrap_or_else(|_| panic!("{self}: base64 {field}"));
        }
        if field.ends_with("_text") || field.ends_with("_pem") {
            return text.as_bytes().to_vec();
        }
        hex(text).unwrap_or_else(|| panic!("{self}: hexadecimal {field}"))
    }

    /// A field's bytes, of which there are exactly `N`.
    #[must_use]
    pub fn array<const N: usize>(&self, field: &str) -> [u8; N] {
        let bytes = self.bytes(field);
        let length = bytes.len();
        bytes.try_into().unwrap_or_else(|_| panic!("{self}: {field} has {length} bytes, not {N}"))
    }

    /// A field's whole number.
    #[must_use]
    pub fn number(&self, field: &str) -> u64 {
        self.get(field)
            .and_then(Value::as_u64)
            .unwrap_or_else(|| panic!("{self}: no number {field}"))
    }

    /// Whether `result` says `valid`; anything but `valid` or `invalid` panics.
    #[must_use]
    pub fn valid(&self) -> bool {
        match self.text("result") {
            "valid" => true,
            "invalid" => false,
            other => panic!("{self}: result {other}"),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.file, self.id())
    }
}

/// The tests of `vectors/<name>`.
#[must_use]
pub fn load(name: &str) -> Vec<Case> {
    cases(&Path::new(env!("CARGO_MANIFEST_DIR")).join(name))
}

/// The tests of `../shared/vectors/<name>`, or `None`, recorded as a skip, where that folder is missing.
#[must_use]
pub fn load_shared(name: &str) -> Option<Vec<Case>> {
    Some(cases(&shared(&format!("vectors/{name}"))?))
}

/// The path of `../shared/<name>`, or `None`, recorded as a skip, where that folder is missing.
#[must_use]
pub fn shared(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    if !folder.is_dir() {
        skip(&format!("../shared/{name}: the folder is missing"));
        return None;
    }
    let path = folder.join(name);
    assert!(path.exists(), "{} is missing", path.display());
    Some(path)
}

/// Records that something could not be tested here: a line in `target/skipped.txt`, which `make test`
/// prints and counts. With `CI=true` it panics instead.
pub fn skip(what: &str) {
    assert!(std::env::var_os("CI").is_none(), "skipped in CI: {what}");
    record("skipped.txt", what);
}

/// Records what cannot be tested on this processor, because it has not the instructions: a line in
/// `target/lacking.txt`, which `make test` prints. Nothing that is missing from the machine otherwise.
pub fn lacking(what: &str) {
    record("lacking.txt", what);
}

fn record(name: &str, line: &str) {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
    let file = fs::OpenOptions::new().create(true).append(true).open(target.join(name));
    writeln!(file.expect("a file in target opens"), "{line}").expect("a line is written");
}

/// Hexadecimal text to bytes.
#[must_use]
pub fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<_>>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let byte = |&[high, low]: &[u32; 2]| u8::try_from(high * 16 + low).ok();
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

fn cases(path: &Path) -> Vec<Case> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let file: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let tests = file.get("tests").and_then(Value::as_array).expect("a list `tests`");
    let count = file.pointer("/header/count").and_then(Value::as_u64);
    assert_eq!(count, u64::try_from(tests.len()).ok(), "{name}: header.count");
    tests.iter().map(|fields| Case { file: name.clone(), fields: fields.clone() }).collect()
}
