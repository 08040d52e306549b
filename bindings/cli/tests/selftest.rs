//! `yinxin selftest`: every backend is tested, and a failure shows in text, JSON and exit status.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;
use yinxin::primitives::selftest;

/// The exit status and what was printed.
fn run(line: &str) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_yinxin"))
        .args(line.split_whitespace())
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn every_self_test_is_run_and_printed() {
    let (status, text) = run("selftest --json");
    assert_eq!(status, 0, "{text}");
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let seen: BTreeSet<_> = rows
        .iter()
        .map(|row| (text(row, "algorithm"), text(row, "backend"), text(row, "name")))
        .collect();
    let all: BTreeSet<_> = selftest::all()
        .iter()
        .map(|test| (test.algorithm.to_owned(), test.backend.to_owned(), test.en.to_owned()))
        .collect();
    assert_eq!(seen, all);
    assert_eq!(seen.len(), rows.len(), "a test came twice");
    assert!(rows.iter().all(|row| row["passed"] == true));
}

#[test]
fn a_failure_is_told_and_is_the_exit_status() {
    for algorithm in ["sm2", "sm3", "sm4"] {
        let (status, text) = run(&format!("selftest --json --fail {algorithm}"));
        assert_eq!(status, 1);
        for line in text.lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            assert_eq!(row["passed"] == true, row["algorithm"] != algorithm, "{row}");
        }
    }
    let (status, text) = run("selftest --fail sm3");
    assert_eq!(status, 1);
    assert!(text.contains("FAILED") && text.contains("self-tests failed"), "{text}");
}

#[test]
fn people_get_both_languages() {
    let (status, text) = run("selftest");
    assert_eq!(status, 0);
    assert!(text.contains("passed  signing") && text.contains("every self-test passed"), "{text}");
    assert!(run("selftest --lang zh").1.contains("全部自检通过"));
}
