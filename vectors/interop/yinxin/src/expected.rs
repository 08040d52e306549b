//! What is expected of each peer: that everything works, but for gaps with a reason.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    answers::{Direction, Found, Key},
    case::Fault,
    cells::CELLS,
};

/// `vectors/interop/expected.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    /// What the cases of each cell are, and what writes them here.
    pub(crate) rows: BTreeMap<String, Text>,
    pub(crate) peers: Vec<Peer>,
}

/// One implementation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peer {
    /// Its folder.
    pub(crate) id: String,
    /// Its name in the table.
    pub(crate) name: String,
    /// How the version that it tells must start.
    pub(crate) version: String,
    /// Where it comes from.
    pub(crate) source: String,
    /// What to choose when writing for it.
    pub(crate) advice: Text,
    pub(crate) gaps: Vec<Gap>,
}

/// Something in both languages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Text {
    pub(crate) en: String,
    pub(crate) zh: String,
}

/// Cases that do not work, for one reason.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gap {
    pub(crate) cells: Vec<String>,
    /// The cases of ours that the peer does not take; `*` stands for any characters.
    #[serde(default)]
    pub(crate) to: Vec<String>,
    /// The cases that the peer does not make, or not so that we take them.
    #[serde(default)]
    pub(crate) from: Vec<String>,
    pub(crate) why: Why,
    pub(crate) en: String,
    pub(crate) zh: String,
}

/// Whose gap it is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Why {
    /// The peer does not offer it.
    NotOffered,
    /// The peer does it wrongly.
    Defect,
    /// We do not offer it.
    Ours,
    /// It works, but only with code of the caller's own.
    NeedsCode,
}

impl Expected {
    /// The peer of that folder.
    pub(crate) fn peer(&self, id: &str) -> Result<&Peer, Fault> {
        let found = self.peers.iter().find(|peer| peer.id == id);
        found.ok_or_else(|| format!("expected.json has no {id}").into())
    }
}

impl Peer {
    /// The first gap that a case falls into.
    pub(crate) fn gap(&self, key: &Key) -> Option<&Gap> {
        self.gaps.iter().find(|gap| gap.holds(key))
    }

    /// Everything that ended otherwise than expected.
    pub(crate) fn differences(&self, found: &Found) -> Vec<String> {
        let mut differences = Vec::new();
        if !found.version.starts_with(&self.version) {
            differences.push(format!("version {} in place of {}", found.version, self.version));
        }
        for (key, end) in &found.ends {
            match (end, self.gap(key)) {
                (Ok(()), Some(gap)) if gap.why != Why::NeedsCode => {
                    differences.push(format!("{key}: works, in spite of: {}", gap.en));
                }
                (Err(why), None | Some(Gap { why: Why::NeedsCode, .. })) => {
                    differences.push(format!("{key}: {why}"));
                }
                (Ok(()), _) | (Err(_), Some(_)) => {}
            }
        }
        for gap in &self.gaps {
            for cell in &gap.cells {
                let of_cell = || found.ends.keys().filter(|key| key.cell == *cell);
                let known = CELLS.iter().any(|one| one.name == cell);
                // A run of some cells says nothing of the others.
                if !known || of_cell().next().is_some() && !of_cell().any(|key| gap.holds(key)) {
                    differences.push(format!("{cell}: no case falls into the gap: {}", gap.en));
                }
            }
        }
        differences
    }
}

impl Gap {
    fn holds(&self, key: &Key) -> bool {
        let patterns = match key.direction {
            Direction::To => &self.to,
            Direction::From => &self.from,
        };
        // What must be refused is meant only where it is named as such.
        let meant = |one: &String| one.starts_with("refuse-") == key.is_refusal();
        let holds = |one: &String| meant(one) && matches(one, &key.case);
        self.cells.contains(&key.cell) && patterns.iter().any(holds)
    }
}

/// Whether `text` is `pattern`, in which each `*` stands for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let ends = text.char_indices().map(|(place, _)| place).chain([text.len()]);
            ends.filter_map(|place| text.get(place..)).any(|text| matches(rest, text))
        }),
    }
}
