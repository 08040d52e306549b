//! Published files held against the product, check by check.
//!
//! A case says in `result` whether it is valid, and in `checks` what others found in it. A test gives
//! what the product found. Every check must be given, each must agree, and a deviation must be argued
//! in `exceptions.json` (`file`, `id` or several `ids`, `check`, `reason`); a deviation argued there that
//! does not occur fails too, as does a check that nobody compared. A case that says neither is a known
//! answer: it is valid.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

use serde_json::Value;

use crate::{Case, load, load_shared, shared};

/// What a test found in one case.
#[derive(Default)]
pub struct Found {
    checks: BTreeMap<String, Value>,
    deviations: BTreeMap<String, String>,
    stopped: bool,
}

impl Found {
    /// What the product found for the member `name` of `checks`.
    pub fn check(&mut self, name: &str, found: impl Into<Value>) {
        self.checks.insert(name.to_owned(), found.into());
    }

    /// Whether the product holds the case valid: compared with `result`.
    pub fn valid(&mut self, valid: bool) {
        self.check("result", if valid { "valid" } else { "invalid" });
    }

    /// The product refuses the case, rightly: the checks that were not given stay uncompared.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// The product refuses what the file holds to be readable: to be argued as the check `read`.
    pub fn refuse(&mut self, why: impl Display) {
        self.deviations.insert("read".to_owned(), why.to_string());
        self.stop();
    }

    /// Everything in which the product and the file differ.
    fn deviations(mut self, case: &Case) -> BTreeMap<String, String> {
        let mut published = BTreeMap::new();
        if let Some(Value::Object(checks)) = case.get("checks") {
            published.extend(checks.clone());
        }
        published.extend(case.get("result").map(|result| ("result".to_owned(), result.clone())));
        if published.is_empty() {
            published.insert("result".to_owned(), "valid".into());
        }
        for (name, found) in &self.checks {
            let expected = published.remove(name).unwrap_or(Value::Null);
            if expected != *found {
                self.deviations
                    .insert(name.clone(), format!("{expected} published, {found} found"));
            }
        }
        if !self.stopped {
            let left = published.keys().map(|name| (name.clone(), "not compared".to_owned()));
            self.deviations.extend(left);
        }
        self.deviations
    }
}

/// The ids of the cases that an entry of `exceptions.json` is about: none if it is about a whole file.
#[must_use]
pub fn excepted(exception: &Case) -> Vec<String> {
    match (exception.get("id"), exception.get("ids").and_then(Value::as_array)) {
        (Some(_), None) => vec![exception.id()],
        (None, Some(ids)) => {
            let text = |id: &Value| id.as_str().expect("an id is a text").to_owned();
            ids.iter().map(text).collect()
        }
        (None, None) => Vec::new(),
        (Some(_), Some(_)) => panic!("{exception}: id and ids"),
    }
}

/// [`compare`] for every file of `../shared/vectors/<family>`. Gives the number of cases.
pub fn compare_folder(family: &str, mut look: impl FnMut(&Case, &mut Found)) -> usize {
    let Some(folder) = shared(&format!("vectors/{family}")) else { return 0 };
    let entries = std::fs::read_dir(folder).expect("a folder is listed");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.expect("an entry is listed").file_name().into_string().expect("a name is UTF-8")
    };
    entries.map(name).map(|file| compare(&format!("{family}/{file}"), &mut look)).sum()
}

/// Runs `look` over every case of `../shared/vectors/<name>` and demands that what it found agrees
/// with the file, or that the deviation is argued. Gives the number of cases: 0 where the folder is
/// missing.
pub fn compare(name: &str, mut look: impl FnMut(&Case, &mut Found)) -> usize {
    let Some(cases) = load_shared(name) else { return 0 };
    let mut argued: BTreeSet<(String, String)> = BTreeSet::new();
    for exception in load("exceptions.json").iter().filter(|case| case.text("file") == name) {
        let argue = |id| (id, exception.text("check").to_owned());
        argued.extend(excepted(exception).into_iter().map(argue));
    }
    let mut faults = Vec::new();
    for case in &cases {
        let mut found = Found::default();
        look(case, &mut found);
        for (check, difference) in found.deviations(case) {
            if !argued.remove(&(case.id(), check.clone())) {
                faults.push(format!("{case} {check}: {difference}"));
            }
        }
    }
    let stale =
        argued.iter().map(|(id, check)| format!("{name} [{id}] {check}: argued, but agrees"));
    faults.extend(stale);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    cases.len()
}
