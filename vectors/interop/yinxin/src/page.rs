//! The published table: `docs/interoperability.md`, and the same in Chinese.

use std::fmt::Write as _;

use crate::{
    answers::{Direction, Key},
    cells::CELLS,
    expected::{Expected, Gap, Peer, Why},
};

/// The words of one language.
struct Words {
    chinese: bool,
    title: &'static str,
    lead: &'static str,
    peer: &'static str,
    version: &'static str,
    reasons: &'static str,
    from: &'static str,
}

pub(crate) fn english(expected: &Expected, shape: &[Key]) -> String {
    page(expected, shape, &ENGLISH)
}

pub(crate) fn chinese(expected: &Expected, shape: &[Key]) -> String {
    page(expected, shape, &CHINESE)
}

const ENGLISH: Words = Words {
    chinese: false,
    title: "Interoperability",
    lead: "What goes from yinxin to other implementations and back, checked by `make interop` in every run of the
continuous integration. Each column is a number of cases: edges (keys, coordinates, `r`, `s` and plaintexts that
start with zeros, empty and long messages, Chinese identifiers, names and passwords) and files that must be
refused. A cell has two marks: the other one takes ours, then we take theirs.

* ✓ every case works.
* ◐ some cases do not; the note says which and why.
* — none does; the note says why.
* · no case yet.

This page is made from `vectors/interop/expected.json`; a run fails if any case ends otherwise than it says, be
it well.",
    peer: "implementation",
    version: "version",
    reasons: "Notes",
    from: "Source",
};

const CHINESE: Words = Words {
    chinese: true,
    title: "互操作性",
    lead: "yinxin 与其他实现之间双向交换的结果，每次持续集成都由 `make interop` 检查。每一列是一组用例：边界数据（以零字节开头的
私钥、坐标、`r`、`s` 和明文，空消息和长消息，中文标识、名称和口令），以及必须被拒绝的文件。每格有两个记号：前一个是对方读我们的，
后一个是我们读对方的。

* ✓ 所有用例都通过。
* ◐ 部分用例不通过，注释说明是哪些、为什么。
* — 全部不通过，注释说明原因。
* · 尚无用例。

本页由 `vectors/interop/expected.json` 生成；任何用例的结果与它不符（包括意外成功），检查都会失败。",
    peer: "实现",
    version: "版本",
    reasons: "注释",
    from: "来源",
};

fn page(expected: &Expected, shape: &[Key], words: &Words) -> String {
    let mut notes = Notes { texts: Vec::new() };
    let mut table = format!("| {} | {} |", words.peer, words.version);
    for cell in CELLS {
        let _ = write!(table, " {} |", if words.chinese { cell.zh } else { cell.en });
    }
    table += "\n|";
    table += &" --- |".repeat(CELLS.len() + 2);
    for peer in &expected.peers {
        let _ = write!(table, "\n| {} | {} |", peer.name, peer.version);
        for cell in CELLS {
            let marks = Direction::ALL.map(|way| notes.mark(peer, cell.name, way, shape, words));
            let _ = write!(table, " {} |", marks.join(" "));
        }
    }
    let notes: String = notes.texts.iter().enumerate().fold(String::new(), |mut all, (i, note)| {
        let _ = writeln!(all, "{}. {note}", i + 1);
        all
    });
    let sources: String = expected.peers.iter().fold(String::new(), |mut all, peer| {
        let _ = writeln!(all, "* {}: {}", peer.name, peer.source);
        all
    });
    let Words { title, lead, reasons, from, .. } = words;
    format!("# {title}\n\n{lead}\n\n{table}\n\n## {reasons}\n\n{notes}\n## {from}\n\n{sources}")
}

/// The reasons that the table refers to by number.
struct Notes {
    texts: Vec<String>,
}

impl Notes {
    fn mark(
        &mut self,
        peer: &Peer,
        cell: &str,
        direction: Direction,
        shape: &[Key],
        words: &Words,
    ) -> String {
        let cases = shape.iter().filter(|key| key.cell == cell && key.direction == direction);
        let (mut any, mut good, mut numbers) = (false, false, Vec::new());
        for key in cases {
            any = true;
            match peer.gap(key) {
                // Who takes nothing refuses what is to be refused, too.
                None => good |= !key.case.starts_with("refuse-"),
                Some(gap) => {
                    let number = self.number(note(peer, gap, words));
                    if !numbers.contains(&number) {
                        numbers.push(number);
                    }
                }
            }
        }
        let mark = match (any, good, numbers.is_empty()) {
            (false, ..) => "·",
            (_, _, true) => "✓",
            (_, false, false) => "—",
            (_, true, false) => "◐",
        };
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        if numbers.is_empty() { mark.into() } else { format!("{mark}[{}]", numbers.join(",")) }
    }

    fn number(&mut self, text: String) -> usize {
        let place = self.texts.iter().position(|known| *known == text);
        place.map_or_else(
            || {
                self.texts.push(text);
                self.texts.len()
            },
            |place| place + 1,
        )
    }
}

fn note(peer: &Peer, gap: &Gap, words: &Words) -> String {
    let kind = match (gap.why, words.chinese) {
        (Why::NotOffered, false) => "not offered",
        (Why::NotOffered, true) => "未提供",
        (Why::Defect, false) => "defect",
        (Why::Defect, true) => "缺陷",
        (Why::Ours, false) => "not offered by yinxin",
        (Why::Ours, true) => "yinxin 未提供",
    };
    let text = if words.chinese { &gap.zh } else { &gap.en };
    let (comma, colon) = if words.chinese { ("，", "：") } else { (", ", ": ") };
    format!("{} {}{comma}{kind}{colon}{text}", peer.name, peer.version)
}
