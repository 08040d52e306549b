//! `include/yinxin.h` is what the sources say. After a change, `UPDATE=1 cargo test` rewrites it.

#![allow(clippy::expect_used, reason = "a test fails loudly")]

use std::{fmt::Write as _, fs, path::Path};

use cbindgen::{Builder, Config, DocumentationStyle, Language, Style};
use yinxin_ffi::{HEADER_SOURCES, error::statuses};

const MANUAL: &str = "/* yinxin: SM2, SM3, and verification of sealed electronic licences, for C and C++.
 *
 * Made from the Rust sources; do not edit.
 *
 * Every function that can fail returns a yinxin_status and writes its out-parameters on success only.
 * A verification that finished and said no is a success: the answer is in the report.
 * Input is copied where it is needed after the call. What a function returns as `const char *` belongs
 * to the library or to the handle it was asked of; handles belong to the caller, who frees each once.
 * All texts are UTF-8.
 *
 * Threads: any function may be called from any thread. A handle passed as a pointer to const may be
 * used by several threads at once; one passed without const, only by one at a time. yinxin_last_error
 * is kept for each thread alone.
 */";

#[test]
fn the_header_is_what_the_sources_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = folder.join("include/yinxin.h");
    let made = header(folder);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &made).expect("the header is written");
    }
    let kept = fs::read_to_string(&path).expect("include/yinxin.h is there");
    assert!(kept == made, "include/yinxin.h is out of date: UPDATE=1 cargo test -p yinxin-ffi");
}

fn header(folder: &Path) -> String {
    let config = Config {
        language: Language::C,
        style: Style::Type,
        header: Some(MANUAL.to_owned()),
        include_guard: Some("YINXIN_H".to_owned()),
        no_includes: true,
        sys_includes: ["stddef.h", "stdint.h"].map(str::to_owned).to_vec(),
        cpp_compat: true,
        documentation_style: DocumentationStyle::C99,
        usize_is_size_t: true,
        after_includes: Some(error_numbers()),
        ..Config::default()
    };
    let sources = HEADER_SOURCES.map(|module| folder.join(format!("src/{module}.rs")));
    let mut builder = Builder::new().with_config(config);
    for source in sources {
        builder = builder.with_src(source);
    }
    let mut text = Vec::new();
    builder.generate().expect("the sources make a header").write(&mut text);
    String::from_utf8(text).expect("the header is UTF-8")
}

/// The errors of the core, from its own table: they are no constants that cbindgen could see.
fn error_numbers() -> String {
    let mut text =
        String::from("\n// The errors of the library, as yinxin_status_text tells them.\n");
    for (status, name, en, _) in statuses() {
        if !matches!(name, "OK" | "NULL_POINTER" | "PANIC") {
            writeln!(text, "#define YINXIN_{name} {status} // {en}").expect("memory suffices");
        }
    }
    text
}
