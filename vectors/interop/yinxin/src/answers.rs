//! What a peer answered, and what we say of what it made.
//!
//! `answers.jsonl` has an object a line: first `{"version": ..}`; then, of a file of ours,
//! `{"direction": "to", "cell": .., "case": .., "ok": whether the peer took it, "note": ..}`; and of a
//! task `{"direction": "from", .., "ok": whether the peer made it, ..}`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::Path,
};

use serde::Deserialize;

use crate::{
    case::{Case, Fault, names},
    cells::CELLS,
    of_peer,
};

/// Which way a file goes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    /// We make, the peer takes.
    To,
    /// The peer makes, we take.
    From,
}

impl Direction {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::To, Self::From];
}

/// A case of a cell, in one direction.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) cell: String,
    pub(crate) direction: Direction,
    pub(crate) case: String,
}

impl Key {
    /// Whether the right answer to it is a refusal.
    pub(crate) fn is_refusal(&self) -> bool {
        self.case.starts_with("refuse-")
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.direction {
            Direction::To => "reads ours",
            Direction::From => "we read theirs",
        };
        write!(f, "{} ({way}), {}", self.cell, self.case)
    }
}

/// How everything ended with one peer.
pub(crate) struct Found {
    /// The version that it gave.
    pub(crate) version: String,
    /// Every case; of those that ended badly, why.
    pub(crate) ends: BTreeMap<Key, Result<(), String>>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(flatten)]
    key: Key,
    ok: bool,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

/// Every case that there is.
pub(crate) fn shape(folder: &Path) -> Result<Vec<Key>, Fault> {
    let mut keys = Vec::new();
    for cell in CELLS {
        for direction in Direction::ALL {
            for case in names(&folder.join(source(direction)).join(cell.name))? {
                keys.push(Key { cell: cell.name.to_owned(), direction, case });
            }
        }
    }
    Ok(keys)
}

/// The folder of what a peer starts from.
const fn source(direction: Direction) -> &'static str {
    match direction {
        Direction::To => "ours",
        Direction::From => "tasks",
    }
}

/// How every case ended with the peer of that name.
pub(crate) fn judge(folder: &Path, peer: &str) -> Result<Found, Fault> {
    let home = of_peer(folder, peer);
    let text = fs::read_to_string(home.join("answers.jsonl"))?;
    let mut lines = text.lines();
    let version: Version = serde_json::from_str(lines.next().ok_or("no answers")?)?;
    let mut answers = BTreeMap::new();
    for line in lines {
        let answer: Answer = serde_json::from_str(line)?;
        if let Some(twice) = answers.insert(answer.key, (answer.ok, answer.note)) {
            return Err(format!("answered twice: {line}, {twice:?}").into());
        }
    }
    let taken: BTreeSet<String> = answers.keys().filter(|key| is_to(key)).map(cell).collect();
    let mut ends = BTreeMap::new();
    for key in shape(folder)? {
        let end = match answers.remove(&key) {
            Some((ok, note)) => end(folder, peer, &key, ok, note),
            // Who takes nothing refuses nothing.
            None if key.is_refusal() && !taken.contains(&key.cell) => continue,
            None => Err("no answer".to_owned()),
        };
        ends.insert(key, end);
    }
    match answers.keys().next() {
        Some(key) => Err(format!("answered what was not asked: {key}").into()),
        None => Ok(Found { version: version.version, ends }),
    }
}

fn is_to(key: &Key) -> bool {
    key.direction == Direction::To
}

fn cell(key: &Key) -> String {
    key.cell.clone()
}

fn end(folder: &Path, peer: &str, key: &Key, ok: bool, note: String) -> Result<(), String> {
    match (key.direction, key.is_refusal()) {
        (Direction::To, true) if ok => Err("accepted".to_owned()),
        (Direction::To, false) if !ok => Err(note),
        (Direction::To, _) => Ok(()),
        (Direction::From, _) if !ok => Err(note),
        (Direction::From, _) => {
            let place = |root: &Path| Case::at(root.join(&key.cell).join(&key.case));
            let (task, made) = (place(&folder.join("tasks")), place(&of_peer(folder, peer)));
            let cell = CELLS.iter().find(|cell| cell.name == key.cell).ok_or("no such cell")?;
            (cell.check)(&key.case, &task, &made).map_err(|fault| fault.to_string())
        }
    }
}
