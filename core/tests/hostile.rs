//! Damaged and forged packages: never a panic, and never `passed` for other content than was signed.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixtures;

use std::collections::BTreeMap;

use proptest::prelude::*;
use yinxin::{
    UnixTime,
    licence::{ofd::Package, verify::Verifier},
    report::Indication,
};
use yinxin_vectors::shared;

/// A package that passes, with its verifier and the time.
struct Genuine {
    name: String,
    bytes: Vec<u8>,
    verifier: Verifier,
    at: UnixTime,
}

/// Our own licence, and every sample of another implementation that passes.
fn genuine() -> Vec<Genuine> {
    let province = fixtures::Province::new();
    let mut all = vec![Genuine {
        name: "own".to_owned(),
        bytes: province.licence(),
        verifier: province.verifier(),
        at: province.now,
    }];
    let at = UnixTime::parse_rfc3339("2021-06-01T00:00:00Z").unwrap();
    for name in ["t01_allprotected_v4.ofd", "t03_V4RideRight.ofd"] {
        let (Some(path), Some(root)) =
            (shared(&format!("samples/ofd/{name}")), fixtures::sample_root())
        else {
            continue;
        };
        let bytes = std::fs::read(path).unwrap();
        let verifier = fixtures::sample_verifier(vec![root]);
        all.push(Genuine { name: name.to_owned(), bytes, verifier, at });
    }
    for one in &all {
        let report = one.verifier.report(one.bytes.clone(), None, one.at).unwrap();
        assert_eq!(report.indication, Indication::Passed, "{}: {report:#?}", one.name);
    }
    all
}

/// All files of a package but the signature list, which signatures may leave out.
fn content(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let package = Package::open(bytes).unwrap();
    let names: Vec<String> = package.paths().map(str::to_owned).collect();
    let file = |name: &String| (name.clone(), package.entry(name).unwrap().to_vec());
    names.iter().filter(|name| !name.ends_with("Signatures.xml")).map(file).collect()
}

/// Whatever came of `bytes`: if it passed, nothing in it differs from what was signed.
fn assert_not_fooled(genuine: &Genuine, bytes: Vec<u8>) {
    if let Ok(report) = genuine.verifier.report(bytes.clone(), None, genuine.at)
        && report.indication == Indication::Passed
    {
        assert!(content(&bytes) == content(&genuine.bytes), "{}: fooled", genuine.name);
    }
}

fn run(cases: u32, test: impl Fn(&Genuine, &mut proptest::test_runner::TestRunner)) {
    for genuine in genuine() {
        let config = ProptestConfig { cases, failure_persistence: None, ..Default::default() };
        test(&genuine, &mut proptest::test_runner::TestRunner::new(config));
    }
}

#[test]
fn flipped_bits() {
    run(400, |genuine, runner| {
        let length = genuine.bytes.len();
        let flips = prop::collection::vec((0..length, 0..8_u8), 1..4);
        let result = runner.run(&flips, |flips| {
            let mut bytes = genuine.bytes.clone();
            flips.into_iter().for_each(|(index, bit)| bytes[index] ^= 1 << bit);
            assert_not_fooled(genuine, bytes);
            Ok(())
        });
        result.unwrap();
    });
}

#[test]
fn truncated() {
    run(100, |genuine, runner| {
        let length = genuine.bytes.len();
        let result = runner.run(&(0..length, 0..64_usize), |(keep, cut)| {
            let cases = [
                genuine.bytes[..keep].to_vec(),
                genuine.bytes[length - keep..].to_vec(),
                genuine.bytes[..length - cut.min(length)].to_vec(),
            ];
            for bytes in cases {
                if bytes.len() < length {
                    let report = genuine.verifier.report(bytes, None, genuine.at);
                    assert!(report.is_err(), "{}: a truncated package was read", genuine.name);
                }
            }
            Ok(())
        });
        result.unwrap();
    });
}

#[test]
fn spliced() {
    run(200, |genuine, runner| {
        let length = genuine.bytes.len();
        let splice = (0..length, 0..length, 0..2048_usize);
        let result = runner.run(&splice, |(from, to, count)| {
            let mut bytes = genuine.bytes.clone();
            let count = count.min(length - from).min(length - to);
            bytes.copy_within(from..from + count, to);
            assert_not_fooled(genuine, bytes);
            let mut longer = genuine.bytes.clone();
            longer.splice(to..to, genuine.bytes[from..from + count].iter().copied());
            assert_not_fooled(genuine, longer);
            Ok(())
        });
        result.unwrap();
    });
}

/// Every byte of every file inside a package, changed one at a time with the container kept in order.
#[test]
fn any_byte_of_any_file_changed() {
    use yinxin::licence::ofd::PackageWriter;
    for genuine in genuine() {
        let package = Package::open(genuine.bytes.clone()).unwrap();
        let names: Vec<String> = package.paths().map(str::to_owned).collect();
        for name in names.iter().filter(|name| !name.ends_with("Signatures.xml")) {
            let file = package.entry(name).unwrap();
            // All bytes of a small file, a spread of a large one's.
            for index in (0..file.len()).step_by(file.len() / 150 + 1) {
                let mut changed = file.to_vec();
                changed[index] ^= 1;
                let writer = PackageWriter::new().add_package(&package, &[name]);
                let bytes = writer.add(name, &changed).finish().unwrap();
                let passed = genuine
                    .verifier
                    .report(bytes, None, genuine.at)
                    .is_ok_and(|report| report.indication == Indication::Passed);
                assert!(!passed, "{}: {name} byte {index}", genuine.name);
            }
        }
    }
}
