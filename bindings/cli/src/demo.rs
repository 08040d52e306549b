//! `yinxin demo`: a province is made, its officer signs in, licences are issued and verified, and
//! forgeries are refused with the reason.

mod forgeries;
mod province;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::Args;
use rayon::prelude::*;
use serde_json::json;
use yinxin::{
    UnixTime,
    licence::{
        issue::{self, SealingKey, Template},
        verify::{HtmlReport, Report, Verifier},
    },
    report::Indication,
};

use crate::{
    Ending,
    failure::Failure,
    inputs,
    licence::issue::{Row, rows_of_csv},
    output::{self, Access, Colour, Output},
};
use province::{Province, SignIn};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where to write keys, certificates, licences and the report.
    #[arg(long, value_name = "DIR", default_value = "demo-out")]
    out: PathBuf,
    /// How many licences to issue.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
    /// Licences at a time (default: one a processor).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
}

/// The data that is shipped: plainly invented people and companies.
const LICENCES: &[u8] = include_bytes!("../demo/licences.csv");

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Ending, Failure> {
    let now = inputs::now()?;
    let pool = inputs::workers(arguments.jobs)?;
    let story = Story { output, out: &arguments.out };

    story.heading("1. A province with its authorities", "一、建立示范省的信任体系")?;
    let province = Province::new(now)?;
    let folder = fresh_folder(&arguments.out)?;
    province.write(&arguments.out)?;
    for (en, zh, certificate) in province.certificates() {
        let subject = certificate.subject();
        story.line(&format!("   {}: {subject}", output.pick(en, zh)))?;
    }

    story.heading("2. The officer signs in", "二、经办人登录")?;
    for sign_in in province.sign_ins(now)? {
        story.sign_in(&sign_in)?;
    }

    story.heading("3. Licences are issued", "三、签发电子证照")?;
    let rows = rows_of_csv(LICENCES, "licences.csv")?;
    let rows: Vec<Row> = rows.into_iter().take(arguments.count.into()).collect();
    let issued = issue_all(&pool, &rows, &province, now, &folder, output)?;
    story.rate(&issued, "issued", "已签发")?;

    story.heading("4. Licences are verified", "四、验证电子证照")?;
    let verifier = province.verifier(province.crl());
    let verified = verify_all(&pool, &issued.value, &verifier, now, output)?;
    story.rate(&verified, "verified", "已验证")?;
    let passed = verified.value.iter().filter(|r| r.indication == Indication::Passed).count();
    let mut html = HtmlReport::new(output.language);
    verified.value.iter().filter(|r| r.indication != Indication::Passed).for_each(|r| html.add(r));

    story.heading("5. Forgeries are refused", "五、识别伪造证照")?;
    let first = issued.value.first().ok_or_else(|| Failure::usage("no licence", "没有证照"))?;
    let mut refused = 0_usize;
    let forgeries = forgeries::make(&province, &rows, first, now)?;
    for forgery in &forgeries {
        let path = folder.with_file_name("forged").join(format!("{}.ofd", forgery.name));
        output::write(&path, &forgery.bytes, Access::Public)?;
        let verifier = province.verifier(forgery.crl.as_ref().unwrap_or_else(|| province.crl()));
        let name = path.display().to_string();
        let report = verifier
            .report(forgery.bytes.clone(), Some(&name), now)
            .map_err(|error| Failure::core(&name, error))?;
        refused += usize::from(report.indication != Indication::Passed);
        story.forgery(forgery, &report)?;
        html.add(&report);
    }
    if let Some(report) = verified.value.first() {
        html.add(report);
    }
    let page = arguments.out.join("report.html");
    output::write(&page, html.finish().as_bytes(), Access::Public)?;

    let all_good = passed == issued.value.len() && refused == forgeries.len();
    story.summary(&Summary {
        issued: issued.value.len(),
        issued_in: issued.time,
        passed,
        verified_in: verified.time,
        refused,
        forged: forgeries.len(),
        threads: pool.current_num_threads(),
        page: &page,
    })?;
    Ok(if all_good { Ending::Done } else { Ending::NotPassed })
}

/// The folder for licences, empty of what an earlier demonstration left there.
fn fresh_folder(out: &Path) -> Result<PathBuf, Failure> {
    let folder = out.join("licences");
    for folder in [&folder, &out.join("forged")] {
        if folder.exists() {
            std::fs::remove_dir_all(folder)
                .map_err(|error| Failure::io(&folder.display().to_string(), error))?;
        }
        output::make_folder(folder)?;
    }
    Ok(folder)
}

/// Something done for each licence, and how long all took.
struct Timed<T> {
    value: Vec<T>,
    time: Duration,
}

/// A licence on disk.
pub(crate) struct Issued {
    path: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

fn issue_all(
    pool: &rayon::ThreadPool,
    rows: &[Row],
    province: &Province,
    now: UnixTime,
    folder: &Path,
    output: &Output,
) -> Result<Timed<Issued>, Failure> {
    let key = province.sealing_key();
    let bar = output.progress(rows.len(), output.pick("issuing", "正在签发"));
    let templates = Template::built_in();
    let issue = |row: &Row| {
        let issued = issue_row(row, &templates, &key, now, folder);
        bar.inc(1);
        issued
    };
    let start = Instant::now();
    let value = pool.install(|| rows.par_iter().map(issue).collect::<Result<Vec<_>, _>>())?;
    let time = start.elapsed();
    bar.finish_and_clear();
    Ok(Timed { value, time })
}

fn issue_row(
    row: &Row,
    templates: &[Template],
    key: &SealingKey<'_>,
    now: UnixTime,
    folder: &Path,
) -> Result<Issued, Failure> {
    let (data, template) = row.data(templates)?;
    let licence = issue::issue(&data, template, key, now)
        .map_err(|error| Failure::core("licences.csv", error))?;
    let path = folder.join(format!("{}.ofd", licence.identifier));
    output::write(&path, &licence.bytes, Access::Public)?;
    Ok(Issued { path, bytes: licence.bytes })
}

fn verify_all(
    pool: &rayon::ThreadPool,
    licences: &[Issued],
    verifier: &Verifier,
    now: UnixTime,
    output: &Output,
) -> Result<Timed<Report>, Failure> {
    let bar = output.progress(licences.len(), output.pick("verifying", "正在验证"));
    let verify = |licence: &Issued| {
        let name = licence.path.display().to_string();
        let bytes = output::read(&licence.path, yinxin::limits::PACKAGE_BYTES_MAX)?;
        let report = verifier.report(bytes, Some(&name), now);
        bar.inc(1);
        report.map_err(|error| Failure::core(&name, error))
    };
    let start = Instant::now();
    let value = pool.install(|| licences.par_iter().map(verify).collect::<Result<Vec<_>, _>>())?;
    let time = start.elapsed();
    bar.finish_and_clear();
    Ok(Timed { value, time })
}

/// Tells the story as it goes: for people, or one JSON object an event.
struct Story<'a> {
    output: &'a Output,
    out: &'a Path,
}

struct Summary<'a> {
    issued: usize,
    issued_in: Duration,
    passed: usize,
    verified_in: Duration,
    refused: usize,
    forged: usize,
    threads: usize,
    page: &'a Path,
}

impl Story<'_> {
    fn line(&self, text: &str) -> Result<(), Failure> {
        if self.output.json { Ok(()) } else { self.output.line(text) }
    }

    fn heading(&self, en: &str, zh: &str) -> Result<(), Failure> {
        self.line(&self.output.paint(Colour::Bold, self.output.pick(en, zh)))
    }

    fn rate<T>(&self, timed: &Timed<T>, en: &str, zh: &str) -> Result<(), Failure> {
        let text = format!(
            "   {} {} ({:.2} s, {:.0} /s)",
            timed.value.len(),
            self.output.pick(en, zh),
            timed.time.as_secs_f64(),
            per_second(timed.value.len(), timed.time)
        );
        self.line(&text)
    }

    fn sign_in(&self, sign_in: &SignIn) -> Result<(), Failure> {
        let verdict = &sign_in.verdict;
        if self.output.json {
            let value = json!({ "event": "sign_in", "what": sign_in.name, "verdict": verdict });
            return self.output.line(&value.to_string());
        }
        let word = verdict.indication.text();
        let word = self.output.language.of(&word);
        let word = self.output.paint(verdict.indication.into(), word);
        let what = self.output.pick(sign_in.en, sign_in.zh);
        let reason = verdict.checks.iter().find(|check| check.counts_against());
        let reason = reason.map_or_else(String::new, |check| {
            format!(" — {} [{}]", self.output.language.of(&check.text), check.id)
        });
        self.output.line(&format!("   {what}: {word}{reason}"))
    }

    fn forgery(&self, forgery: &forgeries::Forgery, report: &Report) -> Result<(), Failure> {
        if self.output.json {
            return self.output.line(&report.to_json());
        }
        let word = report.indication.text();
        let word = self.output.language.of(&word);
        let word = self.output.paint(report.indication.into(), word);
        let sub = report.sub_indication.map(|sub| sub.name()).unwrap_or_default();
        let what = self.output.pick(forgery.en, forgery.zh);
        self.output.line(&format!("   {what}: {word} {sub}"))?;
        for check in report.checks().filter(|check| check.counts_against()) {
            self.output.line(&format!("      {}", check.line(self.output.language)))?;
        }
        Ok(())
    }

    fn summary(&self, summary: &Summary<'_>) -> Result<(), Failure> {
        let issued_rate = per_second(summary.issued, summary.issued_in);
        let verified_rate = per_second(summary.issued, summary.verified_in);
        if self.output.json {
            let value = json!({
                "event": "summary",
                "issued": summary.issued,
                "issued_per_second": issued_rate,
                "passed": summary.passed,
                "verified_per_second": verified_rate,
                "forged": summary.forged,
                "forged_refused": summary.refused,
                "threads": summary.threads,
                "report": summary.page.display().to_string(),
            });
            return self.output.line(&value.to_string());
        }
        self.heading("Summary", "汇总")?;
        let rows = [
            ("licences issued", "签发证照", format!("{} ({issued_rate:.0} /s)", summary.issued)),
            (
                "licences verified, passed",
                "验证通过",
                format!("{} of {} ({verified_rate:.0} /s)", summary.passed, summary.issued),
            ),
            ("forgeries refused", "识别伪造", format!("{} of {}", summary.refused, summary.forged)),
            ("threads", "线程数", summary.threads.to_string()),
            ("files", "文件目录", self.out.display().to_string()),
            ("HTML report", "HTML 报告", summary.page.display().to_string()),
        ];
        for (en, zh, value) in rows {
            self.line(&format!("   {}: {value}", self.output.pick(en, zh)))?;
        }
        let good = summary.passed == summary.issued && summary.refused == summary.forged;
        let (colour, en, zh) = if good {
            (
                Colour::Green,
                "Every licence passed, and every forgery was refused.",
                "全部真证照验证通过，全部伪造证照被识别。",
            )
        } else {
            (Colour::Red, "Something did not go as it must.", "结果与预期不符。")
        };
        self.line(&self.output.paint(colour, self.output.pick(en, zh)))
    }
}

fn per_second(count: usize, time: Duration) -> f64 {
    // Whole microseconds are exact enough for a rate, and fit the mantissa.
    let count = u32::try_from(count).map_or(f64::from(u32::MAX), f64::from);
    count / time.as_secs_f64().max(1e-9)
}
