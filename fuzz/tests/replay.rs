//! Runs every target over its corpus, and over mutations of it, on stable Rust: what the fuzzer once found
//! stays found. A mutation depends on its position only, so a failure repeats.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails loudly"
)]

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use yinxin_fuzz::{TARGETS, Target};

/// Inputs of `../shared/samples` that suit a target: target, folder, end of the name.
const SAMPLES: &[(&str, &str, &str)] = &[
    ("ofd", "ofd", ".ofd"),
    ("seal", "ses", ".esl"),
    ("signed_value", "ses", ".dat"),
    ("zip", "ofd", ".ofd"),
];

/// No input of a corpus may take longer than this, in the slow test build.
const SLOWEST: Duration = Duration::from_secs(5);

/// Mutations of each input: cut at so many places, and so many bytes changed.
const CUTS: usize = 32;
const CHANGES: usize = 64;

#[test]
fn corpus_and_samples_run_through() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for &(name, target) in TARGETS {
        let mut inputs = files(&corpus.join(name), "");
        assert!(!inputs.is_empty(), "corpus/{name} holds no seed");
        for (_, folder, end) in SAMPLES.iter().filter(|(target, ..)| *target == name) {
            let folder = yinxin_vectors::shared(&format!("samples/{folder}"));
            inputs.extend(folder.map(|folder| files(&folder, end)).unwrap_or_default());
        }
        for input in inputs {
            let data = fs::read(&input).expect("an input");
            run(name, target, &input, "as it is", &data);
            for (what, mutated) in mutations(&data) {
                run(name, target, &input, &what, &mutated);
            }
        }
    }
}

#[test]
fn every_folder_of_the_corpus_has_its_target() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for entry in fs::read_dir(corpus).expect("a corpus") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        assert!(TARGETS.iter().any(|(target, _)| *target == name), "corpus/{name}: no target");
    }
}

fn run(name: &str, target: Target, input: &Path, what: &str, data: &[u8]) {
    let (start, before) = (Instant::now(), on_processor());
    let outcome = catch_unwind(AssertUnwindSafe(|| target(data)));
    assert!(outcome.is_ok(), "{name}: {} {what} panics", input.display());
    // What else the machine does meanwhile is not the input's fault.
    let took = on_processor().zip(before).map(|(now, before)| now.saturating_sub(before));
    let took = took.unwrap_or_else(|| start.elapsed());
    assert!(took < SLOWEST, "{name}: {} {what} takes {took:?}", input.display());
}

/// How long this thread has run so far, where the system tells (man 5 proc).
fn on_processor() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// `data` cut off, and with single bytes changed, evenly spread.
fn mutations(data: &[u8]) -> Vec<(String, Vec<u8>)> {
    let spread = |count: usize| (0..count).map(move |i| i * data.len() / count);
    let cuts = spread(CUTS).map(|at| (format!("cut at {at}"), data[..at].to_vec()));
    let changes = spread(CHANGES).filter(|at| *at < data.len()).flat_map(|at| {
        [0x00, 0x01, 0x80, 0xff].map(|mask: u8| {
            let mut changed = data.to_vec();
            changed[at] = if mask == 0 { 0 } else { changed[at] ^ mask };
            (format!("byte {at} xor {mask:02x}"), changed)
        })
    });
    cuts.chain(changes).collect()
}

fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.to_string_lossy().ends_with(end));
    files.sort();
    files
}
