//! The published page: `docs/interoperability.md`, and the same in Chinese.

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
    rows: &'static str,
    reading: &'static str,
    writing: &'static str,
    /// Between cases, before the brackets, behind them, between parts inside, before what follows.
    marks: [&'static str; 5],
    all: &'static str,
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
    lead: "Will my Bouncy Castle application read this? Find the row of what is handed over and the column of the
implementation. The first mark is about reading: it takes what yinxin writes. The second is about writing: we take
what it writes. Then look in its section below for what to choose when writing for it, and for every case that does
not work, with the reason.

* ✓ every case works.
* ✎ every case works, but the application needs some code of its own; its section says which.
* ◐ some cases do not work; its section says which and why.
* — none works; its section says why.

Nothing here is from hearsay: `make interop` runs every implementation in the versions named, in every run of the
continuous integration, and fails if any case ends otherwise than this page says, be it well. Each cell is a number of
cases: the choices of algorithms, edges (keys, coordinates, `r`, `s` and plaintexts that start with zeros, empty and
long messages, Chinese identifiers, names and passwords), and files that must be refused, such as changed ones. What
we read of others must also be refused when it is changed, or with another key.",
    rows: "What the rows are",
    reading: "reading ours",
    writing: "writing",
    marks: [", ", " (", ")", "; ", ": "],
    all: "all",
    from: "Source",
};

const CHINESE: Words = Words {
    chinese: true,
    title: "互操作性",
    lead: "我的 Bouncy Castle 程序能读这个吗？先按所交换的内容找行，再按实现找列。前一个记号说读：对方能否读 yinxin 写的；后一个记号说写：
我们能否读对方写的。再看下面该实现一节：为它写文件时该选什么，以及每个不通过的用例和原因。

* ✓ 所有用例都通过。
* ✎ 所有用例都通过，但应用程序需要自己补少量代码，该实现一节说明是哪些。
* ◐ 部分用例不通过，该实现一节说明是哪些、为什么。
* — 全部不通过，该实现一节说明原因。

这里没有道听途说：每次持续集成都由 `make interop` 运行所列版本的每个实现；任何用例的结果与本页不符（包括意外成功），检查都会失败。
每格是一组用例：各种算法选择，边界数据（以零字节开头的私钥、坐标、`r`、`s` 和明文，空消息和长消息，中文标识、名称和口令），以及必须被拒绝
的文件，例如被改动过的。我们读对方的文件时，改动之后或换一把密钥也必须拒绝。",
    rows: "各行的内容",
    reading: "读我们的",
    writing: "写出",
    marks: ["、", "（", "）", "；", "："],
    all: "全部",
    from: "来源",
};

impl Words {
    const fn pick<'a>(&self, english: &'a str, chinese: &'a str) -> &'a str {
        if self.chinese { chinese } else { english }
    }

    const fn kind(&self, why: Why) -> &'static str {
        match why {
            Why::NotOffered => self.pick("not offered", "未提供"),
            Why::Defect => self.pick("defect", "缺陷"),
            Why::Ours => self.pick("not offered by yinxin", "yinxin 未提供"),
            Why::NeedsCode => self.pick("works with code of one's own", "需自己补代码"),
        }
    }
}

fn page(expected: &Expected, shape: &[Key], words: &Words) -> String {
    let heads: String = expected
        .peers
        .iter()
        .map(|peer| format!(" [{} {}](#{}) |", peer.name, peer.version, peer.id))
        .collect();
    let mut table = format!("| |{heads}\n|{}", " --- |".repeat(expected.peers.len() + 1));
    let mut rows = String::new();
    for cell in CELLS {
        let name = words.pick(cell.en, cell.zh);
        let marks = expected
            .peers
            .iter()
            .map(|peer| Direction::ALL.map(|way| mark(peer, cell.name, way, shape)).join(" "));
        let marks: Vec<_> = marks.collect();
        table += &format!("\n| {name} | {} |", marks.join(" | "));
        if let Some(row) = expected.rows.get(cell.name) {
            let about = words.pick(&row.en, &row.zh);
            rows += &format!("* **{name}**{}{about}\n", words.marks[4]);
        }
    }
    let sections: String = expected.peers.iter().map(|peer| section(peer, words)).collect();
    let Words { title, lead, rows: heading, .. } = words;
    format!("# {title}\n\n{lead}\n\n{table}\n\n## {heading}\n\n{rows}{sections}")
}

fn mark(peer: &Peer, cell: &str, direction: Direction, shape: &[Key]) -> &'static str {
    let of_cell = |key: &&Key| key.cell == cell && key.direction == direction;
    // Who takes nothing refuses what is to be refused, too.
    let cases = shape.iter().filter(of_cell).filter(|key| !key.is_refusal());
    let gaps = || cases.clone().map(|key| peer.gap(key).map(|gap| gap.why));
    let works = |end: &Option<Why>| matches!(end, None | Some(Why::NeedsCode));
    match (gaps().any(|end| works(&end)), gaps().all(|end| works(&end))) {
        (_, true) if gaps().all(|end| end.is_none()) => "✓",
        (_, true) => "✎",
        (true, false) => "◐",
        (false, false) => "—",
    }
}

/// What there is to know about one implementation.
fn section(peer: &Peer, words: &Words) -> String {
    let colon = words.marks[4];
    let advice = words.pick(&peer.advice.en, &peer.advice.zh);
    let mut text = format!(
        "\n<a id=\"{}\"></a>\n\n## {} {}\n\n{}{colon}{}\n\n{advice}\n",
        peer.id, peer.name, peer.version, words.from, peer.source
    );
    if !peer.gaps.is_empty() {
        text += "\n";
    }
    for gap in &peer.gaps {
        text += &format!("* {}\n", line(gap, words));
    }
    text
}

/// What does not work, and why.
fn line(gap: &Gap, words: &Words) -> String {
    let [comma, open, close, semicolon, colon] = words.marks;
    let names = CELLS.iter().filter(|cell| gap.cells.iter().any(|name| name == cell.name));
    let names: Vec<_> = names.map(|cell| format!("**{}**", words.pick(cell.en, cell.zh))).collect();
    let mut ways = Vec::new();
    for (way, cases) in [(words.reading, &gap.to), (words.writing, &gap.from)] {
        let cases: Vec<_> = cases
            .iter()
            .map(|case| if case == "*" { words.all.to_owned() } else { format!("`{case}`") })
            .collect();
        if !cases.is_empty() {
            ways.push(format!("{way}{colon}{}", cases.join(comma)));
        }
    }
    let (names, ways) = (names.join(comma), ways.join(semicolon));
    let reason = words.pick(&gap.en, &gap.zh);
    format!("{names}{open}{ways}{close}{comma}{}{colon}{reason}", words.kind(gap.why))
        .replace("）、", "），")
}
