//! A Rust source file as text, and the few things that `tidy` asks of it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// A source file.
pub(crate) struct Source {
    /// Its path in the repository, with `/`.
    pub(crate) name: String,
    /// As it is.
    pub(crate) text: String,
    /// With comments and the insides of literals turned into spaces; line numbers are kept.
    pub(crate) code: String,
    path: PathBuf,
}

impl Source {
    pub(crate) fn read(repository: &Path, path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let name = path.strip_prefix(repository).expect("a file of the repository");
        Self { path: path.to_owned(), ..Self::new(&name.display().to_string(), &text) }
    }

    pub(crate) fn new(name: &str, text: &str) -> Self {
        let name = name.to_owned();
        Self { code: blank_out(text), text: text.to_owned(), path: PathBuf::from(&name), name }
    }

    /// The module that this file is, below the crate root: `core/src/a/b.rs` is `[a, b]`.
    pub(crate) fn module_path(&self) -> Vec<&str> {
        let inside = self.name.split_once("/src/").map_or("", |(_, inside)| inside);
        let inside = inside.strip_suffix(".rs").unwrap_or(inside);
        inside.split('/').filter(|part| !matches!(*part, "mod" | "lib" | "main")).collect()
    }

    /// Every name that stands directly behind `crate::`, with its line, groups opened.
    pub(crate) fn crate_names(&self) -> Vec<(usize, String)> {
        let mut names = Vec::new();
        for (at, _) in self.code.match_indices("crate::") {
            let before = self.code[..at].chars().next_back();
            if before.is_some_and(is_word) {
                continue;
            }
            let line = self.line(at);
            let rest = &self.code[at + "crate::".len()..];
            if rest.starts_with('{') {
                names.extend(group(rest).into_iter().map(|name| (line, name)));
            } else {
                names.extend(words(rest).next().map(|name| (line, name.to_owned())));
            }
        }
        names
    }

    /// Every run of `super::`, with its line and length.
    pub(crate) fn super_chains(&self) -> Vec<(usize, usize)> {
        let mut chains = Vec::new();
        let mut at = 0;
        while let Some(found) = self.code[at..].find("super::") {
            let start = at + found;
            let rest = &self.code[start..];
            let length = rest.len() - rest.trim_start_matches("super::").len();
            chains.push((self.line(start), length / "super::".len()));
            at = start + length;
        }
        chains
    }

    /// Line, name and length of every function with a body of its own lines, as rustfmt lays it out.
    pub(crate) fn functions(&self) -> Vec<(usize, String, usize)> {
        let lines: Vec<&str> = self.code.lines().collect();
        let mut functions = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let mut parts = words(line).skip_while(|word| {
                matches!(*word, "pub" | "crate" | "const" | "async" | "unsafe" | "extern" | "super")
            });
            let (Some("fn"), Some(name)) = (parts.next(), parts.next()) else { continue };
            let closing = format!("{}}}", " ".repeat(indent));
            let bodyless = |line: &&&str| line.trim_end().ends_with(';') && depth(line) == indent;
            if line.trim_end().ends_with(['}', ';']) {
                continue;
            }
            let body = &lines[index..];
            let Some(end) = body.iter().position(|line| line.trim_end() == closing) else {
                continue;
            };
            if !body[..end].iter().skip(1).any(|line| bodyless(&line)) {
                functions.push((index + 1, name.to_owned(), end + 1));
            }
        }
        functions
    }

    /// The files that this one declares as modules with `mod name;`.
    pub(crate) fn child_files(&self) -> Vec<PathBuf> {
        let folder = self.path.parent().expect("a file lies in a folder");
        let stem = self.path.file_stem().expect("a name").to_string_lossy();
        // Files that cargo starts from, and `mod.rs`, keep their modules beside them.
        let beside = matches!(&*stem, "mod" | "lib" | "main" | "build")
            || !self.name.contains("/src/")
            || self.name.contains("/src/bin/");
        let base = if beside { folder.to_owned() } else { folder.join(&*stem) };
        let mut children = Vec::new();
        let mut given_path = None;
        for (code, text) in self.code.lines().zip(self.text.lines()) {
            if let Some(path) = text.trim().strip_prefix("#[path = \"") {
                given_path = path.split('"').next().map(|path| folder.join(path));
            }
            let mut parts =
                words(code).skip_while(|word| matches!(*word, "pub" | "crate" | "super"));
            if parts.next() == Some("mod") && code.trim_end().ends_with(';') {
                let name = parts.next().expect("a module has a name");
                let places = [base.join(format!("{name}.rs")), base.join(name).join("mod.rs")];
                let found = given_path.take().or_else(|| places.into_iter().find(|p| p.exists()));
                children.push(found.unwrap_or_else(|| panic!("{}: mod {name}", self.name)));
            }
        }
        children
    }

    /// The part of the file that is tests: all of a file that is named after them.
    pub(crate) fn tests(&self) -> Option<&str> {
        if self.name.contains("test") {
            return Some(&self.code);
        }
        self.code.find("\nmod tests {").map(|at| &self.code[at..])
    }

    /// Every `pub const`, with the text of the documentation above it.
    pub(crate) fn documented_constants(&self) -> BTreeMap<String, String> {
        let mut constants = BTreeMap::new();
        let mut documentation = Vec::new();
        for line in self.text.lines() {
            if let Some(text) = line.strip_prefix("///") {
                documentation.push(text.trim());
                continue;
            }
            if let Some(rest) = line.strip_prefix("pub const ") {
                let name = words(rest).next().expect("a constant has a name");
                constants.insert(name.to_owned(), documentation.join(" "));
            }
            documentation.clear();
        }
        constants
    }

    fn line(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }
}

/// The words (identifiers, keywords, numbers) of `text`.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter| !is_word(letter)).filter(|word| !word.is_empty())
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn depth(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The first names of a group `{a::b, c::{d}, e}`: `a`, `c`, `e`.
fn group(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut level, mut name) = (0, String::new());
    let mut first = true;
    for letter in text.chars() {
        match letter {
            '{' => level += 1,
            '}' => level -= 1,
            _ => {}
        }
        if level <= 1 && matches!(letter, ',' | '}') {
            names.extend((!name.is_empty()).then(|| std::mem::take(&mut name)));
            first = true;
        } else if level == 1 && is_word(letter) && first {
            name.push(letter);
        } else if !name.is_empty() {
            first = false;
        }
        if level == 0 {
            break;
        }
    }
    names
}

/// Turns comments and the insides of literals into spaces.
fn blank_out(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let after_word = code.chars().next_back().is_some_and(is_word);
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if letter == '"' {
            quoted(rest)
        } else if !after_word && (letter == 'r' || rest.starts_with("br")) {
            raw_string(rest)
        } else if letter == '\'' {
            character(rest)
        } else {
            0
        };
        let (literal, after) = rest.split_at(if length == 0 { letter.len_utf8() } else { length });
        if length == 0 {
            code.push(letter);
        } else {
            code.extend(literal.chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }));
        }
        rest = after;
    }
    code
}

/// The length of the string literal at the start.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        if letter == '"' && !escaped {
            return at + 1;
        }
        escaped = letter == '\\' && !escaped;
    }
    text.len()
}

/// The length of the raw string literal at the start; 0 if there is none.
fn raw_string(text: &str) -> usize {
    let body = text.trim_start_matches('b').trim_start_matches('r');
    let hashes = body.len() - body.trim_start_matches('#').len();
    if !body[hashes..].starts_with('"') {
        return 0;
    }
    let start = text.len() - body.len() + hashes + 1;
    let closing = format!("\"{}", "#".repeat(hashes));
    text[start..].find(&closing).map_or(text.len(), |end| start + end + closing.len())
}

/// The length of the character literal at the start; 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut letters = text.char_indices().skip(1);
    match letters.next() {
        Some((_, '\\')) => text[3..].find('\'').map_or(0, |end| end + 4),
        Some(_) => letters.next().filter(|(_, l)| *l == '\'').map_or(0, |(at, _)| at + 1),
        None => 0,
    }
}
