//! `yinxin licence issue` and `seal`: from rows of data, or from an OFD, to sealed licences.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use clap::Args;
use rayon::prelude::*;
use serde_json::{Value, json};
use yinxin::{
    UnixTime,
    licence::{
        issue::{self, LicenceData, SealingKey, Template},
        ofd::{Package, Rectangle, Stamp},
        seal::Seal,
    },
    limits,
    pki::x509::Certificate,
    primitives::sm2::PrivateKey,
};

use crate::{
    Ending,
    failure::Failure,
    inputs::{self, KeyFile},
    output::{self, Access, Colour, Output},
};

/// The seal and the key to apply it with.
#[derive(Debug, Args)]
struct SealingFiles {
    /// The seal (*.esl).
    #[arg(long, value_name = "FILE")]
    seal: PathBuf,
    /// The signer's certificate; the seal lists it.
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    #[command(flatten)]
    key: KeyFile,
    /// The signing time (default: now).
    #[arg(long, value_name = "TIME", value_parser = inputs::time)]
    at: Option<UnixTime>,
}

/// What [`SealingFiles`] name, loaded.
struct Sealing {
    seal: Seal,
    certificate: Certificate,
    key: PrivateKey,
    at: UnixTime,
}

impl SealingFiles {
    fn load(&self) -> Result<Sealing, Failure> {
        Ok(Sealing {
            seal: crate::seal::load(&self.seal)?,
            certificate: inputs::certificate(&self.cert)?,
            key: self.key.load()?,
            at: self.at.map_or_else(inputs::now, Ok)?,
        })
    }
}

impl Sealing {
    fn key(&self) -> SealingKey<'_> {
        SealingKey { seal: &self.seal, certificate: &self.certificate, signer: &self.key }
    }
}

#[derive(Debug, Args)]
pub(crate) struct IssueArguments {
    /// The data: CSV with a header line, or JSON (a list of objects, or one object).
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    #[command(flatten)]
    sealing: SealingFiles,
    /// Where to write the licences; each file is named after its identifier.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Licences at a time (default: one a processor).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct SealArguments {
    /// The OFD to be sealed; it may carry signatures already.
    file: PathBuf,
    #[command(flatten)]
    sealing: SealingFiles,
    /// The page, counted from 1.
    #[arg(long, default_value_t = 1)]
    page: usize,
    /// The left edge of the seal, in millimetres from the left of the page.
    #[arg(long, value_name = "MM")]
    x: f64,
    /// The upper edge of the seal, in millimetres from the top of the page.
    #[arg(long, value_name = "MM")]
    y: f64,
    /// Where to write the sealed OFD.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn issue(arguments: &IssueArguments, output: &Output) -> Result<Ending, Failure> {
    let rows = rows(&arguments.data)?;
    let sealing = arguments.sealing.load()?;
    output::make_folder(&arguments.out)?;
    let pool = inputs::workers(arguments.jobs)?;
    let bar = output.progress(rows.len(), output.pick("issuing", "正在签发"));
    let press = Press {
        templates: Template::built_in(),
        sealing: &sealing,
        folder: &arguments.out,
        seen: Mutex::default(),
    };
    let issue = |row: &Row| {
        let issued = press.issue(row);
        bar.inc(1);
        issued
    };
    let results: Vec<_> = pool.install(|| rows.par_iter().map(issue).collect());
    bar.finish_and_clear();
    report(&rows, results, output)
}

fn report(
    rows: &[Row],
    results: Vec<Result<(PathBuf, String), Failure>>,
    output: &Output,
) -> Result<Ending, Failure> {
    let mut issued = 0_usize;
    for (row, result) in rows.iter().zip(results) {
        match result {
            Ok((path, identifier)) => {
                issued += 1;
                if output.json {
                    let file = path.display().to_string();
                    output.line(&json!({ "file": file, "identifier": identifier }).to_string())?;
                }
            }
            Err(failure) if output.json => {
                let mut value = failure.to_json();
                if let Value::Object(members) = &mut value {
                    members.insert("row".to_owned(), row.number.into());
                }
                output.line(&value.to_string())?;
            }
            Err(failure) => {
                let text = format!("{} [{}]", failure.text(output.language), failure.code());
                output.line(&output.paint(Colour::Red, &text))?;
            }
        }
    }
    if !output.json {
        let all = rows.len();
        output.line(output.pick(
            &format!("{issued} of {all} licences issued"),
            &format!("共 {all} 份，已签发 {issued} 份"),
        ))?;
    }
    Ok(if issued == rows.len() { Ending::Done } else { Ending::Incomplete })
}

pub(crate) fn seal(arguments: &SealArguments, output: &Output) -> Result<Ending, Failure> {
    let name = arguments.file.display().to_string();
    let refused = |error| Failure::core(&name, error);
    let sealing = arguments.sealing.load()?;
    let bytes = output::read(&arguments.file, limits::PACKAGE_BYTES_MAX)?;
    let package = Package::open(bytes).map_err(refused)?;
    let picture = sealing.seal.picture();
    let boundary = Rectangle {
        x: arguments.x,
        y: arguments.y,
        width: millimetres(picture.width_mm),
        height: millimetres(picture.height_mm),
    };
    let stamp = Stamp { page: arguments.page, boundary, clip: None };
    let sealed =
        issue::seal_package(&package, &[stamp], &sealing.key(), sealing.at).map_err(refused)?;
    output::write(&arguments.out, &sealed, Access::Public)?;
    let out = arguments.out.display().to_string();
    output.result(&json!({ "file": out }), || {
        format!("{out}: {}", output.pick("sealed", "已签章"))
    })?;
    Ok(Ending::Done)
}

/// Seals are at most a few hundred millimetres wide; a larger number is a stamp over the whole page.
fn millimetres(number: i64) -> f64 {
    u16::try_from(number).map_or(f64::from(u16::MAX), f64::from)
}

/// One row of data, with its number in the file for messages.
pub(crate) struct Row {
    number: usize,
    name: String,
    fields: Vec<(String, String)>,
}

/// Rows of one data file: 1,000,000, about a city's yearly business; a larger one is split by its user.
const ROWS_MAX: usize = 1_000_000;

fn rows(path: &Path) -> Result<Vec<Row>, Failure> {
    let bytes = output::read(path, limits::PACKAGE_BYTES_MAX)?;
    let name = path.display().to_string();
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let rows = if matches!(first, Some(b'[' | b'{')) {
        rows_of_json(&bytes, &name)?
    } else {
        rows_of_csv(&bytes, &name)?
    };
    if rows.is_empty() {
        return Err(Failure::usage(
            format!("{name}: no row of data"),
            format!("{name}：没有数据行"),
        ));
    }
    Ok(rows)
}

/// Rows of a CSV file with a header line; a byte order mark, which Excel writes, is skipped.
pub(crate) fn rows_of_csv(bytes: &[u8], name: &str) -> Result<Vec<Row>, Failure> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let malformed = |error: csv::Error| {
        Failure::usage(format!("{name}: CSV: {error}"), format!("{name}：CSV 有误：{error}"))
    };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(malformed)?.clone();
    let mut rows = Vec::new();
    for (index, record) in reader.records().enumerate() {
        if index >= ROWS_MAX {
            return Err(Failure::core(name, yinxin::Error::limit("rows of data")));
        }
        let record = record.map_err(malformed)?;
        let fields = header.iter().zip(&record).map(|(key, value)| (key.into(), value.into()));
        rows.push(Row::new(index + 1, name, fields.collect()));
    }
    Ok(rows)
}

fn rows_of_json(bytes: &[u8], name: &str) -> Result<Vec<Row>, Failure> {
    let malformed = |why: &str| {
        Failure::usage(format!("{name}: JSON: {why}"), format!("{name}：JSON 有误：{why}"))
    };
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| malformed(&error.to_string()))?;
    let objects = if let Value::Array(objects) = value { objects } else { vec![value] };
    if objects.len() > ROWS_MAX {
        return Err(Failure::core(name, yinxin::Error::limit("rows of data")));
    }
    let mut rows = Vec::new();
    for (index, object) in objects.into_iter().enumerate() {
        let Value::Object(members) = object else {
            return Err(malformed("a list of objects is expected"));
        };
        let mut fields = Vec::new();
        for (key, value) in members {
            let text = match value {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                Value::Null => continue,
                Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                    return Err(malformed(&format!("{key}: a text or a number is expected")));
                }
            };
            fields.push((key, text));
        }
        rows.push(Row::new(index + 1, name, fields));
    }
    Ok(rows)
}

impl Row {
    fn new(number: usize, file: &str, fields: Vec<(String, String)>) -> Self {
        Self { number, name: format!("{file}: row {number}"), fields }
    }

    /// The licence data of this row and the built-in template that it names.
    pub(crate) fn data<'a>(
        &self,
        templates: &'a [Template],
    ) -> Result<(LicenceData, &'a Template), Failure> {
        let data = LicenceData::from_fields(self.fields.iter().cloned())
            .map_err(|error| Failure::core(&self.name, error))?;
        let template = Template::choose(templates, &data).ok_or_else(|| {
            let name = &self.name;
            Failure::usage(
                format!("{name}: no template has this name or type code"),
                format!("{name}：没有与该名称或类型代码对应的模板"),
            )
        })?;
        Ok((data, template))
    }
}

/// What one run of issuing shares among its threads.
struct Press<'a> {
    templates: [Template; 2],
    sealing: &'a Sealing,
    folder: &'a Path,
    /// Two rows with one identifier would silently be one file.
    seen: Mutex<HashSet<String>>,
}

impl Press<'_> {
    fn issue(&self, row: &Row) -> Result<(PathBuf, String), Failure> {
        let (data, template) = row.data(&self.templates)?;
        let licence = issue::issue(&data, template, &self.sealing.key(), self.sealing.at)
            .map_err(|error| Failure::core(&row.name, error))?;
        let identifier = licence.identifier.to_string();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.insert(identifier.clone()) {
            let error = yinxin::Error::new(yinxin::Code::BadData).field("ZZBS");
            return Err(Failure::core(&format!("{}: {identifier}", row.name), error));
        }
        drop(seen);
        let path = self.folder.join(format!("{identifier}.ofd"));
        output::write(&path, &licence.bytes, Access::Public)?;
        Ok((path, identifier))
    }
}
