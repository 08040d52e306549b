//! The shell blocks of the guides run, and both languages show the same code.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

#[test]
fn the_quick_start_runs() {
    run("quickstart");
}

#[test]
fn the_guide_to_the_command_line_runs() {
    run("command-line");
}

#[test]
fn the_guide_to_diagnoses_runs_and_shows_what_is_said() {
    let said = run("diagnose");
    let shown = blocks("docs/guide/diagnose.md");
    let shown = shown.iter().find(|(language, _)| language == "text").expect("an answer");
    assert!(said.contains(&shown.1), "{said}\ndoes not contain\n{}", shown.1);
}

/// Runs the shell blocks of a guide in one empty folder, and gives what they printed.
fn run(guide: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME")).join(guide);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    let command = Path::new(env!("CARGO_BIN_EXE_yinxin")).parent().expect("a folder");
    let path = env::var("PATH").unwrap_or_default();
    let mut all = String::new();
    for (language, code) in blocks(&format!("docs/guide/{guide}.md")) {
        if language != "sh" {
            continue;
        }
        let output = Command::new("bash")
            .args(["-euc", &code])
            .current_dir(&folder)
            .env("PATH", format!("{}:{path}", command.display()))
            .env("LC_ALL", "C.UTF-8")
            .output()
            .expect("bash runs");
        let said = String::from_utf8_lossy(&output.stderr);
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}\n{code}\n{printed}\n{said}", output.status);
        all.push_str(&printed);
    }
    all
}

#[test]
fn both_languages_show_the_same_code() {
    for (english, chinese) in [
        ("README.md", "README.zh-CN.md"),
        ("docs/guide/quickstart.md", "docs/guide/quickstart.zh-CN.md"),
        ("docs/guide/command-line.md", "docs/guide/command-line.zh-CN.md"),
        ("docs/guide/diagnose.md", "docs/guide/diagnose.zh-CN.md"),
    ] {
        let shown = blocks(english);
        assert!(!shown.is_empty(), "{english} shows code");
        assert_eq!(shown, blocks(chinese), "{chinese}");
    }
}

/// The fenced blocks of a document: language and text.
fn blocks(document: &str) -> Vec<(String, String)> {
    let repository: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", ".."].iter().collect();
    let text = fs::read_to_string(repository.join(document)).expect("a document");
    let mut parts = text.split("```").skip(1);
    let mut blocks = Vec::new();
    while let Some(block) = parts.next() {
        let (language, code) = block.split_once('\n').expect("a block has lines");
        blocks.push((language.to_owned(), code.to_owned()));
        parts.next();
    }
    blocks
}
