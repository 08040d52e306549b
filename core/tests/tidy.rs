//! What the compiler does not hold: the arrows between the layers, who may say `unsafe`, how long files
//! and functions are, that no file is dead, and that every ceiling and error code has its reason.
//!
//! It reads the sources as text, with comments and literals blanked out where only code counts.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails loudly"
)]

#[path = "tidy/source.rs"]
mod source;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use source::{Source, words};
use yinxin::Code;

/// The files that may say `unsafe`: SIMD kernels with their dispatch, the C boundary,
/// and a test's allocator.
const UNSAFE_FILES: &[&str] = &[
    "core/src/primitives/align.rs",
    "core/src/primitives/sm2/comb/x86_64.rs",
    "core/src/primitives/sm2/field/x86_64.rs",
    "core/src/primitives/sm2/ifma/mod.rs",
    "core/src/primitives/sm2/ifma/tests.rs",
    "core/src/primitives/sm2/ifma/vector.rs",
    "core/src/primitives/sm2/inverse/x86_64.rs",
    "core/src/primitives/sm3/aarch64.rs",
    "core/src/primitives/sm3/avx2.rs",
    "core/src/primitives/sm3/avx512.rs",
    "core/src/primitives/sm3/neon.rs",
    "core/src/primitives/sm3/rounds/avx2.rs",
    "core/src/primitives/sm3/rounds/avx512.rs",
    "core/src/primitives/sm4/aarch64.rs",
    "core/src/primitives/sm4/aarch64_aes.rs",
    "core/src/primitives/sm4/aesni.rs",
    "core/src/primitives/sm4/avx512.rs",
    "core/src/primitives/sm4/avx512/ccm.rs",
    "core/src/primitives/sm4/gfni.rs",
    "core/src/primitives/sm4/one_block.rs",
    "core/src/primitives/sm4/vectors.rs",
    "core/src/primitives/sm4/vpclmul.rs",
    "core/src/primitives/taint.rs",
    "core/tests/zeroise.rs",
    "ffi/src/boundary.rs",
    "ffi/src/error.rs",
    "ffi/src/report.rs",
    "ffi/src/sm2.rs",
    "ffi/src/sm3.rs",
    "ffi/src/verify.rs",
    "ffi/tests/selftest.rs",
];

/// The layers of core, each with the modules that it must not name.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("codes", &["primitives", "pki", "licence", "identity", "tls"]),
    ("error", &["primitives", "pki", "licence", "identity", "tls"]),
    ("limits", &["primitives", "pki", "licence", "identity", "tls"]),
    ("report", &["primitives", "pki", "licence", "identity", "tls"]),
    ("time", &["primitives", "pki", "licence", "identity", "tls"]),
    ("primitives", &["pki", "licence", "identity", "tls"]),
    ("pki", &["licence", "identity", "tls"]),
    ("licence", &["identity", "tls"]),
    ("identity", &["licence", "tls"]),
    ("tls", &["licence", "identity"]),
];

/// File names under which anything can gather.
const VAGUE_NAMES: &[&str] = &["common", "general", "helpers", "misc", "prelude", "util", "utils"];

const FILE_LINES_MAX: usize = 700;
const FILE_LINES_SOFT: usize = 600;
const FUNCTION_LINES_SOFT: usize = 70;
/// Shorter than this, a sentence cannot say what a ceiling is for and why it is that high.
const REASON_CHARS_MIN: usize = 50;

#[test]
fn a_lower_layer_never_names_a_higher_one() {
    let mut faults = Vec::new();
    for source in sources("core/src") {
        let module = source.module_path();
        let Some(top) = module.first() else { continue };
        let forbidden = FORBIDDEN.iter().find(|(layer, _)| layer == top);
        let Some((_, forbidden)) = forbidden else {
            faults.push(format!("{}: `{top}` has no row in FORBIDDEN", source.name));
            continue;
        };
        for (line, named) in source.crate_names() {
            if forbidden.contains(&named.as_str()) {
                faults.push(format!("{}:{line}: `{top}` names `{named}`", source.name));
            }
        }
        for (line, climbs) in source.super_chains() {
            if climbs >= module.len() && climbs > 1 {
                faults.push(format!("{}:{line}: start from `crate::` instead", source.name));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn unsafe_stays_in_its_files() {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for source in all_sources() {
        let count = words(&source.code).filter(|word| *word == "unsafe").count();
        if count == 0 {
            continue;
        }
        seen.insert(source.name.clone());
        if !UNSAFE_FILES.contains(&source.name.as_str()) {
            faults.push(format!("{}: not in the list of files that may say `unsafe`", source.name));
        }
        let blocks = ["unsafe {", "unsafe impl"];
        let blocks: usize = blocks.iter().map(|block| source.code.matches(block).count()).sum();
        let reasons = source.text.matches("SAFETY:").count();
        if blocks > reasons {
            faults.push(format!("{}: {blocks} unsafe, {reasons} `SAFETY:`", source.name));
        }
    }
    let stale = UNSAFE_FILES.iter().filter(|name| !seen.contains(**name));
    faults.extend(stale.map(|name| format!("{name}: listed in UNSAFE_FILES without need")));
    assert_none(&faults);
}

#[test]
fn files_and_functions_stay_readable() {
    let mut faults = Vec::new();
    let mut notes = Vec::new();
    for file in files(&repository(), &["rs", "py", "java", "c", "h", "sh"]) {
        let name = relative(&file);
        let text = fs::read_to_string(&file).expect("source files are UTF-8");
        let lines = text.lines().count();
        let generated = name.ends_with("include/yinxin.h");
        if lines > FILE_LINES_MAX && !generated {
            faults.push(format!("{name}: {lines} lines, at most {FILE_LINES_MAX}"));
        } else if lines > FILE_LINES_SOFT && !generated {
            notes.push(format!("{name}: {lines} lines"));
        }
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if VAGUE_NAMES.contains(&stem) {
            faults.push(format!("{name}: name it after what it holds"));
        }
    }
    for source in all_sources() {
        for (line, name, length) in source.functions() {
            if length > FUNCTION_LINES_SOFT {
                notes.push(format!("{}:{line}: fn {name} has {length} lines", source.name));
            }
        }
    }
    show(&notes);
    assert_none(&faults);
}

#[test]
fn every_file_is_compiled() {
    let mut faults = Vec::new();
    for package in packages() {
        let manifest = fs::read_to_string(package.join("Cargo.toml")).expect("a manifest");
        let all: BTreeSet<PathBuf> = files(&package, &["rs"]).into_iter().collect();
        let mut open: Vec<PathBuf> =
            all.iter().filter(|file| is_root(&package, file, &manifest)).cloned().collect();
        let mut reached = BTreeSet::new();
        while let Some(file) = open.pop() {
            if reached.insert(file.clone()) {
                open.extend(Source::read(&repository(), &file).child_files());
            }
        }
        let dead = all.difference(&reached).map(|file| format!("{}: dead", relative(file)));
        faults.extend(dead);
    }
    assert_none(&faults);
}

#[test]
fn nothing_is_left_for_later() {
    let later =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];
    let machine = [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/")];
    let mut faults = Vec::new();
    for file in files(&repository(), &["rs", "py", "java", "c", "h", "sh", "toml", "md", "xml"]) {
        let text = fs::read_to_string(&file).expect("source files are UTF-8");
        for (index, line) in text.lines().enumerate() {
            let place = format!("{}:{}", relative(&file), index + 1);
            if words(line).any(|word| later.contains(&word)) {
                faults.push(format!("{place}: finish it, or write it in docs/known-issues.md"));
            }
            if machine.iter().any(|path| line.contains(path)) {
                faults.push(format!("{place}: names a folder of one machine"));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn every_ceiling_has_a_reason_and_a_use() {
    let all = sources("core/src");
    let limits = all.iter().find(|source| source.name == "core/src/limits.rs").expect("limits.rs");
    let ceilings = limits.documented_constants();
    assert!(!ceilings.is_empty());
    let (mut faults, mut notes) = (Vec::new(), Vec::new());
    for (name, reason) in &ceilings {
        if reason.chars().count() < REASON_CHARS_MIN {
            faults.push(format!("limits::{name}: the reason for its number is missing"));
        }
        let used = all.iter().filter(|source| source.name != limits.name);
        if !used.clone().any(|source| words(&source.code).any(|word| word == name)) {
            faults.push(format!("limits::{name}: no code keeps it"));
        }
        let tests = used.filter_map(Source::tests);
        if !tests.flat_map(words).any(|word| word == name) {
            notes.push(format!("limits::{name}: no test of the core names it"));
        }
    }
    for source in &all {
        for name in source.text.split("Error::limit(\"").skip(1) {
            let name = name.split('"').next().unwrap_or_default();
            if !ceilings.contains_key(name) {
                faults.push(format!("{}: limits.rs has no {name}", source.name));
            }
        }
    }
    show(&notes);
    assert_none(&faults);
}

#[test]
fn every_error_code_is_whole() {
    let (mut numbers, all) = (BTreeSet::new(), all_sources());
    for &code in Code::ALL {
        let raised = format!("Code::{code:?}");
        let by = |source: &&Source| !source.name.contains("tests") && source.code.contains(&raised);
        assert!(all.iter().any(|source| by(&source)), "{code:?}: nothing raises it");
        assert!(numbers.insert(code.number()), "{code:?}: number used twice");
        let mut name = String::new();
        for letter in format!("{code:?}").chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(letter.to_ascii_uppercase());
        }
        assert_eq!(code.name(), name);
        assert!(code.text_en().is_ascii(), "{code:?}");
        let chinese = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
        assert!(code.text_zh().chars().any(chinese), "{code:?}");
        for text in [code.text_en(), code.text_zh()] {
            assert!(!text.ends_with(['.', '。']), "{code:?}: a place may follow the text");
        }
    }
}

/// Every error names what it is about, the offset where it happened, or the file in the package.
#[test]
fn every_error_says_where() {
    let mut faults = Vec::new();
    for source in sources("core/src").iter().filter(|source| source.name != "core/src/error.rs") {
        let product = match source.tests() {
            Some(tests) => source.code.strip_suffix(tests).unwrap_or_default(),
            None => &source.code,
        };
        for (at, new) in product.match_indices("Error::new(") {
            let mut depth = 1;
            let rest = product[at + new.len()..].trim_start_matches(|letter| {
                depth += i32::from(letter == '(') - i32::from(letter == ')');
                depth > 0
            });
            let rest = rest.trim_start_matches(')').trim_start();
            if ![".field(", ".at(", ".in_file("].iter().any(|place| rest.starts_with(place)) {
                let line = product[..at].lines().count();
                faults
                    .push(format!("{}:{line}: an error without a field or an offset", source.name));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn every_standard_that_the_code_names_is_in_the_matrix() {
    let matrix = fs::read_to_string(repository().join("docs/standards.md")).expect("the matrix");
    let known: BTreeSet<String> = standards(&matrix);
    let mut faults = Vec::new();
    for source in sources("core/src") {
        let unknown = standards(&source.text).into_iter().filter(|name| !known.contains(name));
        faults.extend(unknown.map(|name| format!("{}: {name}", source.name)));
    }
    assert_none(&faults);
}

#[test]
fn documents_name_what_exists() {
    let places = ["core/", "ffi/", "bindings/", "vectors/", "fuzz/", "benches/", "docs/", ".ci/"];
    let mut faults = Vec::new();
    for file in files(&repository(), &["md"]) {
        let text = fs::read_to_string(&file).expect("a document is UTF-8");
        let folder = file.parent().expect("a document lies in a folder");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let path = link.split('#').next().unwrap_or_default();
            if !folder.join(path).exists() {
                faults.push(format!("{}: link to {link}", relative(&file)));
            }
        }
        for quoted in text.split('`').skip(1).step_by(2) {
            let path = quoted.split([' ', '<', '*']).next().unwrap_or_default();
            let is_path = places.iter().any(|place| path.starts_with(place));
            if is_path && !repository().join(path).exists() {
                faults.push(format!("{}: {path}", relative(&file)));
            }
        }
    }
    assert_none(&faults);
}

/// The numbers of standards in `text`, without part and year: `GB/T 32918`, `RFC 5280`.
fn standards(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for series in ["GB ", "GB/T ", "GM/T ", "RFC "] {
        for (at, _) in text.match_indices(series) {
            let rest = &text[at + series.len()..];
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            if digits >= 3 && !text[..at].ends_with(|c: char| c.is_ascii_alphabetic()) {
                found.insert(format!("{series}{}", &rest[..digits]));
            }
        }
    }
    found
}

/// Whether cargo starts compiling at `file`: a target by its place, or by the manifest.
fn is_root(package: &Path, file: &Path, manifest: &str) -> bool {
    let name = file.strip_prefix(package).expect("a file of the package").to_string_lossy();
    let by_place = ["tests/", "benches/", "examples/", "src/bin/"];
    // A file there, or a folder with a `main.rs`.
    let is_target = |n: &str| match n.split_once('/') {
        None => true,
        Some((_, rest)) => rest == "main.rs",
    };
    name == "src/lib.rs"
        || name == "src/main.rs"
        || name.ends_with("/src/main.rs") // a package of its own inside: benches/peers/rust
        || name == "build.rs"
        || by_place.iter().any(|place| name.strip_prefix(place).is_some_and(is_target))
        || manifest.contains(&format!("path = \"{name}\""))
}

/// The folders of the workspace's packages.
fn packages() -> Vec<PathBuf> {
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).expect("a manifest");
    let members = manifest.split("members = [").nth(1).and_then(|rest| rest.split(']').next());
    let members = members.expect("a list of members").lines();
    members.filter_map(|line| Some(repository().join(line.split('"').nth(1)?))).collect()
}

fn all_sources() -> Vec<Source> {
    sources("")
}

fn sources(folder: &str) -> Vec<Source> {
    let found = files(&repository().join(folder), &["rs"]);
    assert!(!found.is_empty());
    found.iter().map(|file| Source::read(&repository(), file)).collect()
}

/// Files under `folder` with one of `extensions`, in order, build output and hidden folders left out.
fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() {
                if !name.starts_with('.') && name != "target" && name != "demo-out" {
                    open.push(path);
                }
            } else if path.extension().is_some_and(|ext| extensions.iter().any(|one| ext == *one)) {
                found.insert(path);
            }
        }
    }
    found.into_iter().collect()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("core lies in the repository").to_owned()
}

fn relative(file: &Path) -> String {
    file.strip_prefix(repository()).expect("a file of the repository").display().to_string()
}

/// Prints past the capture of the test harness: a soft limit is to be seen, not to fail.
fn show(notes: &[String]) {
    for note in notes {
        let line = format!("tidy: {note}\n");
        io::stderr().write_all(line.as_bytes()).expect("standard error takes a line");
    }
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn the_reader_of_sources_reads_as_rust_does() {
    let text = "use crate::{a::{x, y}, b, super_c};\n// crate::not\nfn f() {\n    let s = \"crate::no\";\n    let c = '\"'; super::super::g(r#\"unsafe \"\"#, 'x', crate::d::e);\n}\n";
    let source = Source::new("core/src/primitives/sm2/mod.rs", text);
    assert_eq!(source.module_path(), ["primitives", "sm2"]);
    let names: Vec<_> = source.crate_names().into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["a", "b", "super_c", "d"]);
    assert_eq!(source.super_chains(), [(5, 2)]);
    assert_eq!(source.functions(), [(3, "f".to_owned(), 4)]);
    assert!(!source.code.contains("unsafe"));
    let constants: BTreeMap<_, _> =
        Source::new("x.rs", "/// A reason.\n/// More.\npub const A: u8 = 1;\n")
            .documented_constants();
    assert_eq!(constants.get("A").map(String::as_str), Some("A reason. More."));
}
