//! `yinxin demo`: a province is made, its officer signs in, licences are issued and verified, and
//! forgeries are refused with the reason.

mod forgeries;
mod province;
mod story;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::Args;
use rayon::prelude::*;
use yinxin::{
    UnixTime,
    identity::token::Claims,
    licence::{
        issue::{self, SealingKey, Template},
        verify::{HtmlReport, Report, Verifier},
    },
    report::{Indication, Verified},
};

use crate::{
    Ending,
    failure::Failure,
    inputs,
    licence::rows::{Row, rows_of_csv},
    output::{self, Access, Output},
};
use province::Province;
use story::{Refused, Story, Summary};

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
const LICENCES: &str = include_str!("../demo/licences.csv");

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Ending, Failure> {
    let now = inputs::now()?;
    let pool = inputs::workers(arguments.jobs)?;
    let story = Story { output, out: &arguments.out };
    let folder = fresh_folder(&arguments.out)?;

    story.heading("1. A province with its authorities", "一、建立示范省的信任体系")?;
    let province = Province::new(now)?;
    province.write(&arguments.out)?;
    story.authorities(&province)?;

    story.heading("2. The officer signs in", "二、经办人登录")?;
    let sign_ins = province.sign_ins(now)?;
    sign_ins.iter().try_for_each(|sign_in| story.sign_in(sign_in))?;
    let accepted: Vec<_> = sign_ins.iter().filter_map(|sign_in| sign_in.officer.as_ref()).collect();
    let [officer] = *accepted else {
        return Err(Failure::usage(
            "only the valid token may pass: nothing is issued",
            "只有有效令牌才能通过，未签发任何证照",
        ));
    };

    story.heading("3. Licences are issued", "三、签发电子证照")?;
    let data = arguments.out.join("licences.csv");
    let lines = LICENCES.split_inclusive('\n').take(usize::from(arguments.count) + 1);
    let table: String = lines.collect();
    output::write(&data, table.as_bytes(), Access::Public)?;
    let rows = rows_of_csv(table.as_bytes(), &data.display().to_string())?;
    story.officer(officer)?;
    let issued = issue_all(officer, &pool, &rows, &province, now, &folder, output)?;
    story.rate(&issued, "issued", "已签发")?;

    story.heading("4. Licences are verified", "四、验证电子证照")?;
    let verifier = province.verifier(province.crl());
    let verified = verify_all(&pool, &issued.value, &verifier, now, output)?;
    story.rate(&verified, "verified", "已验证")?;
    let is_passed = |report: &&Report| report.indication == Indication::Passed;
    let (passed, others): (Vec<_>, Vec<_>) = verified.value.iter().partition(is_passed);

    story.heading("5. Forgeries are refused", "五、识别伪造证照")?;
    let first = issued.value.first().ok_or_else(|| Failure::usage("no licence", "没有证照"))?;
    let forged = forge(&province, &rows, first, now, &folder.with_file_name("forged"))?;
    forged.iter().try_for_each(|forged| story.forgery(forged))?;

    let page = arguments.out.join("report.html");
    let mut html = HtmlReport::new(output.language);
    let forged_reports = forged.iter().map(|forged| &forged.report);
    forged_reports.chain(others).chain(passed.iter().copied()).for_each(|report| html.add(report));
    output::write(&page, html.finish().as_bytes(), Access::Public)?;

    let summary = Summary {
        issued: issued.value.len(),
        issued_in: issued.time,
        passed: passed.len(),
        verified_in: verified.time,
        forged: &forged,
        threads: pool.current_num_threads(),
        page: &page,
    };
    story.summary(&summary)?;
    Ok(if summary.is_good() { Ending::Done } else { Ending::NotPassed })
}

/// Makes the forgeries, writes them beside the licences and verifies them.
fn forge(
    province: &Province,
    rows: &[Row],
    genuine: &Issued,
    now: UnixTime,
    folder: &Path,
) -> Result<Vec<Refused>, Failure> {
    let forgeries = forgeries::make(province, rows, genuine, now)?;
    let judge = |forgery: forgeries::Forgery| {
        let path = folder.join(format!("{}.ofd", forgery.name));
        output::write(&path, &forgery.bytes, Access::Public)?;
        let name = path.display().to_string();
        let (verifier, crl) = match &forgery.crl {
            Some(crl) => {
                let path = path.with_extension("crl");
                output::write(&path, crl.to_pem().as_bytes(), Access::Public)?;
                (province.verifier(crl), Some(path))
            }
            None => (province.verifier(province.crl()), None),
        };
        let report = verifier
            .report(forgery.bytes, Some(&name), now)
            .map_err(|error| Failure::core(&name, error))?;
        Ok(Refused { en: forgery.en, zh: forgery.zh, crl, report })
    };
    forgeries.into_iter().map(judge).collect()
}

/// The folder for licences, empty of what an earlier demonstration left there.
fn fresh_folder(out: &Path) -> Result<PathBuf, Failure> {
    output::make_folder(out)?;
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

/// Issues one licence a row. Without a token that passed there is no officer, and no licence.
fn issue_all(
    _officer: &Verified<Claims>,
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
    let licence = issue::issue(&data, template, key, now).map_err(|error| row.refused(error))?;
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
