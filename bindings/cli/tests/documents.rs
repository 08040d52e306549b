//! The shell blocks of the quick start run, and both languages show the same code.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

#[test]
fn the_quick_start_runs() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quickstart");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    let command = Path::new(env!("CARGO_BIN_EXE_yinxin")).parent().expect("a folder");
    let path = env::var("PATH").unwrap_or_default();
    for (language, code) in blocks("docs/guide/quickstart.md") {
        if language != "sh" {
            continue;
        }
        let output = Command::new("bash")
            .args(["-euc", &code])
            .current_dir(&folder)
            .env("PATH", format!("{}:{path}", command.display()))
            .output()
            .expect("bash runs");
        let said = String::from_utf8_lossy(&output.stderr);
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}\n{code}\n{printed}\n{said}", output.status);
    }
}

#[test]
fn both_languages_show_the_same_code() {
    for (english, chinese) in [
        ("README.md", "README.zh-CN.md"),
        ("docs/guide/quickstart.md", "docs/guide/quickstart.zh-CN.md"),
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
