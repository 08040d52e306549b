//! Tells the demonstration as it goes: for people, or one JSON object an event.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::json;
use unicode_width::UnicodeWidthStr as _;
use yinxin::{
    identity::token::Claims,
    licence::verify::Report,
    report::{Check, Indication, Verified},
};

use super::{
    Timed,
    province::{Province, SignIn},
};
use crate::{
    failure::Failure,
    output::{Colour, Output},
};

pub(crate) struct Story<'a> {
    pub(crate) output: &'a Output,
    pub(crate) out: &'a Path,
}

/// A forgery and what its verification found.
pub(crate) struct Refused {
    pub(crate) en: &'static str,
    pub(crate) zh: &'static str,
    /// The revocation list that it was judged by, where that is not the ordinary one.
    pub(crate) crl: Option<PathBuf>,
    pub(crate) report: Report,
}

pub(crate) struct Summary<'a> {
    pub(crate) issued: usize,
    pub(crate) issued_in: Duration,
    pub(crate) passed: usize,
    pub(crate) verified_in: Duration,
    pub(crate) forged: &'a [Refused],
    pub(crate) threads: usize,
    pub(crate) page: &'a Path,
}

impl Summary<'_> {
    fn refused(&self) -> usize {
        let refused = |forged: &&Refused| forged.report.indication != Indication::Passed;
        self.forged.iter().filter(refused).count()
    }

    /// Whether all went as it must.
    pub(crate) fn is_good(&self) -> bool {
        self.passed == self.issued && self.refused() == self.forged.len()
    }
}

impl Story<'_> {
    fn line(&self, text: &str) -> Result<(), Failure> {
        if self.output.json { Ok(()) } else { self.output.line(text) }
    }

    pub(crate) fn heading(&self, en: &str, zh: &str) -> Result<(), Failure> {
        self.line(&self.output.paint(Colour::Bold, self.output.pick(en, zh)))
    }

    pub(crate) fn authorities(&self, province: &Province) -> Result<(), Failure> {
        let row = |(en, zh, certificate): (&str, &str, &yinxin::pki::x509::Certificate)| {
            [Cell::plain(self.output.pick(en, zh)), Cell::plain(certificate.subject())]
        };
        self.table(&province.certificates().map(row))
    }

    pub(crate) fn sign_in(&self, sign_in: &SignIn) -> Result<(), Failure> {
        let verdict = &sign_in.verdict;
        if self.output.json {
            let value = json!({ "event": "sign_in", "what": sign_in.name, "verdict": verdict });
            return self.output.line(&value.to_string());
        }
        let word = self.word(verdict.indication);
        let what = self.output.pick(sign_in.en, sign_in.zh);
        self.line(&format!("   {what}: {word}"))?;
        let reason = verdict.checks.iter().find(|check| check.counts_against());
        reason.map_or(Ok(()), |check| {
            self.line(&format!("      {}", check.line(self.output.language)))
        })
    }

    pub(crate) fn officer(&self, officer: &Verified<Claims>) -> Result<(), Failure> {
        let subject = &officer.value().subject;
        self.line(self.output.pick(
            &format!("   by the token that passed, for the officer {subject}"),
            &format!("   凭有效令牌签发，经办人：{subject}"),
        ))
    }

    pub(crate) fn rate<T>(&self, timed: &Timed<T>, en: &str, zh: &str) -> Result<(), Failure> {
        let text = format!(
            "   {} {} ({:.2} s, {:.0} /s)",
            timed.value.len(),
            self.output.pick(en, zh),
            timed.time.as_secs_f64(),
            per_second(timed.value.len(), timed.time)
        );
        self.line(&text)
    }

    pub(crate) fn forgery(&self, forged: &Refused) -> Result<(), Failure> {
        let report = &forged.report;
        if self.output.json {
            return self.output.line(&report.to_json());
        }
        let (what, word) = (self.output.pick(forged.en, forged.zh), self.word(report.indication));
        let sub = report.sub_indication.map(|sub| sub.name()).unwrap_or_default();
        self.line(&format!("   {what}: {word} {sub}"))?;
        if let Some(crl) = &forged.crl {
            let by = self.output.pick("by the revocation list", "依据证书撤销列表");
            self.line(&format!("      {by} {}", crl.display()))?;
        }
        let decisive = report.decisive_check();
        if let Some((certificate, check)) = report.decisive_certificate() {
            let text = decisive.map(|decisive| decisive.line(self.output.language));
            self.line(&format!("      {}", text.unwrap_or_default()))?;
            self.line(&format!("      {}", certificate.subject))?;
            return self.check(check);
        }
        decisive.map_or(Ok(()), |check| self.check(check))
    }

    /// A check with what was compared.
    fn check(&self, check: &Check) -> Result<(), Failure> {
        self.line(&format!("      {}", check.line(self.output.language)))?;
        let evidence: Vec<_> =
            check.evidence.iter().map(|(name, value)| format!("{name} {value}")).collect();
        if evidence.is_empty() {
            return Ok(());
        }
        self.line(&format!("          {}", evidence.join("; ")))
    }

    pub(crate) fn summary(&self, summary: &Summary<'_>) -> Result<(), Failure> {
        let issued_rate = per_second(summary.issued, summary.issued_in);
        let verified_rate = per_second(summary.issued, summary.verified_in);
        if self.output.json {
            let value = json!({
                "event": "summary",
                "issued": summary.issued,
                "issued_per_second": issued_rate,
                "passed": summary.passed,
                "verified_per_second": verified_rate,
                "forged": summary.forged.len(),
                "forged_refused": summary.refused(),
                "threads": summary.threads,
                "report": summary.page.display().to_string(),
            });
            return self.output.line(&value.to_string());
        }
        let pick = |en: &str, zh: &str| self.output.pick(en, zh).to_owned();
        let seconds = |time: Duration| format!("{:.2}", time.as_secs_f64());
        self.line("")?;
        self.heading("Summary", "汇总")?;
        self.table(&[
            [
                Cell::plain(""),
                Cell::right(pick("count", "份数")),
                Cell::right(pick("seconds", "耗时（秒）")),
                Cell::right(pick("per second", "每秒份数")),
            ],
            [
                Cell::plain(pick("licences issued", "签发证照")),
                Cell::right(summary.issued),
                Cell::right(seconds(summary.issued_in)),
                Cell::right(format!("{issued_rate:.0}")),
            ],
            [
                Cell::plain(pick("licences verified, passed", "验证通过")),
                Cell::right(format!("{}/{}", summary.passed, summary.issued)),
                Cell::right(seconds(summary.verified_in)),
                Cell::right(format!("{verified_rate:.0}")),
            ],
            [
                Cell::plain(pick("forgeries refused", "识别伪造")),
                Cell::right(format!("{}/{}", summary.refused(), summary.forged.len())),
                Cell::plain(""),
                Cell::plain(""),
            ],
        ])?;
        self.line("")?;
        let forged: Vec<_> = summary.forged.iter().map(|forged| self.refused_row(forged)).collect();
        self.table(&forged)?;
        self.line("")?;
        self.table(&[
            [Cell::plain(pick("HTML report", "HTML 报告")), Cell::plain(summary.page.display())],
            [Cell::plain(pick("everything else", "其余文件")), Cell::plain(self.out.display())],
            [Cell::plain(pick("threads", "线程数")), Cell::plain(summary.threads)],
        ])?;
        let (colour, text) = if summary.is_good() {
            let en = "Every licence passed, and every forgery was refused.";
            (Colour::Green, pick(en, "全部真证照验证通过，全部伪造证照被识别。"))
        } else {
            (Colour::Red, pick("Something did not go as it must.", "结果与预期不符。"))
        };
        self.line(&self.output.paint(colour, &text))
    }

    /// The forgery, the answer, and the check that caught it.
    fn refused_row(&self, forged: &Refused) -> [Cell; 3] {
        let report = &forged.report;
        let (check, deeper) = (report.decisive_check(), report.decisive_certificate());
        let check = deeper.map(|(_, check)| check).or(check);
        let word = report.indication.text();
        [
            Cell::plain(self.output.pick(forged.en, forged.zh)),
            Cell {
                colour: Some(report.indication.into()),
                ..Cell::plain(self.output.language.of(&word))
            },
            Cell::plain(check.map_or("-", |check| check.id)),
        ]
    }

    fn word(&self, indication: Indication) -> String {
        let word = indication.text();
        self.output.paint(indication.into(), self.output.language.of(&word))
    }

    /// Prints rows with their columns aligned.
    fn table<const N: usize>(&self, rows: &[[Cell; N]]) -> Result<(), Failure> {
        let mut widths = [0; N];
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.text.width().max(*width);
            }
        }
        for row in rows {
            let mut line = String::from("  ");
            for (width, cell) in widths.iter().zip(row) {
                let space = " ".repeat(width - cell.text.width());
                let text = match cell.colour {
                    Some(colour) => self.output.paint(colour, &cell.text),
                    None => cell.text.clone(),
                };
                let (before, after) =
                    if cell.right { (space.as_str(), "") } else { ("", space.as_str()) };
                line.extend([" ", before, &text, after, " "]);
            }
            self.line(line.trim_end())?;
        }
        Ok(())
    }
}

/// A cell of a table.
struct Cell {
    text: String,
    right: bool,
    colour: Option<Colour>,
}

impl Cell {
    fn plain(text: impl ToString) -> Self {
        Self { text: text.to_string(), right: false, colour: None }
    }

    /// A number, which stands at the right of its column.
    fn right(text: impl ToString) -> Self {
        Self { right: true, ..Self::plain(text) }
    }
}

fn per_second(count: usize, time: Duration) -> f64 {
    // Whole microseconds are exact enough for a rate, and fit the mantissa.
    let count = u32::try_from(count).map_or(f64::from(u32::MAX), f64::from);
    count / time.as_secs_f64().max(1e-9)
}
