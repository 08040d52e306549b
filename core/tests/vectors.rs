//! Every published file of vectors is run by a test, or `vectors/exceptions.json` says why not.
//!
//! Whether a test runs a file is read from the tests' sources: they name the file, or list its folder. Of
//! the families of keys, certificates and primitives, each check of a case is compared.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use yinxin::primitives::sm3;
use yinxin_vectors::{load, load_shared, published::excepted, shared};

/// The families whose files go through `published::compare`, each `result` and each of the `checks`.
const COMPARED: [&str; 6] = ["keys", "x509", "cms", "sm2", "sm3", "sm4"];

/// Shorter than this, a sentence cannot say why.
const REASON_CHARS_MIN: usize = 40;

#[test]
fn every_published_file_is_run_or_excused() {
    let Some(folder) = shared("vectors") else { return };
    let sources = sources();
    let mut excused = BTreeMap::new();
    for case in load("exceptions.json") {
        assert!(case.text("reason").chars().count() >= REASON_CHARS_MIN, "{case}: why?");
        // Those of single cases are held to by `published::compare`, which runs the file.
        if !excepted(&case).is_empty() {
            assert!(is_compared(&sources, case.text("file")), "{case}: no test compares the file");
            continue;
        }
        excused.insert(case.text("file").to_owned(), false);
    }
    let mut faults = Vec::new();
    for family in entries(&folder).into_iter().filter(|path| path.is_dir()) {
        for file in entries(&family)
            .into_iter()
            .filter(|path| path.extension().is_some_and(|e| e == "json"))
        {
            let name = name_under(&folder, &file);
            let (family, _) = name.split_once('/').expect("a file of a family");
            if COMPARED.contains(&family) {
                if !is_compared(&sources, &name) {
                    faults.push(format!("{name}: no test compares it"));
                }
                continue;
            }
            let listed = sources.contains(&format!("shared(\"vectors/{family}\")"));
            let named = sources.contains(&format!("{name}\""))
                || sources.contains(&format!("\"{}\"", name_under(&folder.join(family), &file)));
            match (listed || named, excused.get_mut(&name)) {
                (true, None) => {}
                (false, Some(used)) => *used = true,
                (false, None) => faults.push(format!("{name}: no test runs it")),
                (true, Some(used)) => {
                    *used = true;
                    faults.push(format!("{name}: excused, but a test runs it"));
                }
            }
        }
    }
    let stale = excused.iter().filter(|(_, used)| !**used);
    faults.extend(stale.map(|(file, _)| format!("{file}: excused, but there is no such file")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The dynamic passwords of GM/T 0021 are not offered, but they are digests of SM3: eight words of
/// SM3(K ‖ ID), added up, of which the last decimal digits are shown. ID = T ‖ C ‖ Q, padded to 16 bytes.
#[test]
fn dynamic_passwords_are_digests() {
    let Some(cases) = load_shared("otp/gmt0021_sm3.json") else { return };
    for case in cases {
        let mut message = case.bytes("key");
        message.extend(case.number("T").to_be_bytes());
        message.extend(u32::try_from(case.number("C")).expect("a counter").to_be_bytes());
        message.extend(case.text("Q_text").bytes());
        let digest = sm3::hash(&message);
        let (words, _) = digest.as_chunks::<4>();
        let sum =
            words.iter().fold(0, |sum: u32, word| sum.wrapping_add(u32::from_be_bytes(*word)));
        assert_eq!(format!("{:06}", sum % 1_000_000), case.text("otp_text"), "{case}");
    }
}

/// Whether a test gives the file, or its whole folder, to `published::compare`.
fn is_compared(sources: &str, name: &str) -> bool {
    let (family, _) = name.split_once('/').expect("a file of a family");
    // White space apart: a call may be broken after its parenthesis.
    let text: String = sources.chars().filter(|letter| !letter.is_whitespace()).collect();
    text.contains(&format!("compare(\"{name}\""))
        || text.contains(&format!("compare_folder(\"{family}\""))
}

#[test]
fn a_file_that_nobody_compares_is_seen() {
    let source = "compare(\n    \"x509/a.json\", look); compare_folder(\"sm3\", look);";
    assert!(is_compared(source, "x509/a.json") && is_compared(source, "sm3/b.json"));
    assert!(!is_compared(source, "x509/b.json") && !is_compared(source, "sm4/a.json"));
    assert!(!is_compared("load_shared(\"x509/a.json\")", "x509/a.json"));
}

/// The text of all Rust sources that read vectors.
fn sources() -> String {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut open: Vec<PathBuf> =
        ["core/src", "core/tests", "fuzz/tests"].map(|folder| repository.join(folder)).into();
    let mut text = String::new();
    while let Some(folder) = open.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&fs::read_to_string(&path).expect("a source is UTF-8"));
            }
        }
    }
    text
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn name_under(folder: &Path, file: &Path) -> String {
    file.strip_prefix(folder).expect("a file of the folder").display().to_string()
}
