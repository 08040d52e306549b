//! `yinxin speed`: every operation on every backend has its figures, and they can be.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;
use yinxin::primitives::{sm2, sm3, sm4};

const SM2: &[&str] = &[
    "sm2-sign",
    "sm2-verify",
    "sm2-verify-prepared",
    "sm2-keygen",
    "sm2-encrypt",
    "sm2-encrypt-prepared",
    "sm2-decrypt",
];
const SM3: &[&str] = &["sm3", "sm3-hmac"];
const SM4: &[&str] = &[
    "sm4-ecb",
    "sm4-cbc-encrypt",
    "sm4-cbc-decrypt",
    "sm4-ctr",
    "sm4-gcm",
    "sm4-ccm",
    "sm4-xts",
    "sm4-cmac",
];

/// The exit status and what was printed.
fn run(line: &str) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_yinxin"))
        .args(line.split_whitespace())
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let text =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), text)
}

fn rows(line: &str) -> Vec<Value> {
    let (status, text) = run(line);
    assert_eq!(status, 0, "{text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// (operation, backend, batch, size or 0) of every row that there must be.
fn expected(sizes: &[u64]) -> BTreeSet<(String, String, u64, u64)> {
    let mut expected = BTreeSet::new();
    let mut add = |op: &str, backend: &str, batch, size| {
        expected.insert((op.to_owned(), backend.to_owned(), batch, size));
    };
    for backend in sm2::Backend::runnable() {
        for batch in [1, 8, 64] {
            SM2.iter().for_each(|op| add(op, backend.name(), batch, 0));
        }
        add("sm2-exchange", backend.name(), 1, 0);
    }
    for &size in sizes {
        for backend in sm3::Backend::runnable() {
            for batch in [1, 16] {
                SM3.iter().for_each(|op| add(op, backend.name(), batch, size));
            }
        }
        for backend in sm4::Backend::runnable() {
            SM4.iter().for_each(|op| add(op, backend.name(), 1, size));
            add("sm4-cbc-encrypt", backend.name(), 16, size);
        }
    }
    expected
}

#[test]
fn every_operation_on_every_backend_has_a_row() {
    let rows = rows("speed --json --seconds 0.001");
    let mut seen = BTreeSet::new();
    for row in &rows {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        let size = row["size"].as_u64();
        seen.insert((
            text("op"),
            text("backend"),
            row["batch"].as_u64().unwrap(),
            size.unwrap_or(0),
        ));

        let per_second = row["per_second"].as_f64().unwrap();
        assert!((0.01..1e9).contains(&per_second), "{row}");
        match size {
            Some(size) => {
                let bytes = per_second * f64::from(u32::try_from(size).unwrap());
                let ratio = bytes / 1e6 / row["mb_per_second"].as_f64().unwrap();
                assert!((ratio - 1.0).abs() < 1e-9, "{row}");
            }
            None => assert!(row["mb_per_second"].is_null(), "{row}"),
        }
        // A core that was taken away while the clock was measured leaves the cycles unknown.
        if let (Some(cycles), Some(ghz)) = (row["cycles"].as_f64(), row["clock_ghz"].as_f64()) {
            let seconds = cycles * f64::from(u32::try_from(size.unwrap_or(1)).unwrap()) / ghz / 1e9;
            assert!((seconds * per_second - 1.0).abs() < 1e-9, "{row}");
        }
    }
    assert!(rows.iter().any(|row| row["cycles"].is_f64()));
    assert_eq!(seen.len(), rows.len(), "a row came twice");
    assert_eq!(seen, expected(&[64, 256, 1024, 16 << 10, 1 << 20]));
}

#[test]
fn operations_backends_and_sizes_are_chosen() {
    let rows = rows("speed sm3 sm4-ctr --backend portable --size 4096 --json --seconds 0.001");
    let ops: Vec<_> = rows.iter().map(|row| row["op"].as_str().unwrap()).collect();
    assert_eq!(ops, ["sm3", "sm3", "sm3-hmac", "sm3-hmac", "sm4-ctr"]);
    assert!(rows.iter().all(|row| row["size"] == 4096 && row["backend"] == "portable"));
}

#[test]
fn an_unknown_name_lists_what_there_is() {
    let (status, text) = run("speed --backend quantum");
    assert_eq!(status, 2);
    for backend in sm4::Backend::runnable() {
        assert!(text.contains(backend.name()), "{text}");
    }
    let (status, text) = run("speed sm4-rot13 --json");
    assert_eq!(status, 2);
    assert!(text.contains("sm4-gcm") && text.contains("sm2-sign"), "{text}");
    assert_eq!(run("speed --seconds -1").0, 2);
    assert_eq!(run("speed --size 17").0, 2);
}

#[test]
fn people_get_a_table_in_their_language() {
    let (status, text) = run("speed sm2-sign sm4-ctr --backend portable --seconds 0.001");
    assert_eq!(status, 0, "{text}");
    for part in ["processor: ", "default backends: sm2 ", "SM2: ", "SM4: ", "16 KiB", "sm4-ctr "] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(run("speed sm2-sign --seconds 0.001 --lang zh").1.contains("每秒次数"));
}
