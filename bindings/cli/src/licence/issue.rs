//! `yinxin licence issue` and `seal`: from rows of data, or from an OFD, to sealed licences.

use std::{
    collections::{BTreeSet, HashSet},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use clap::Args;
use rayon::prelude::*;
use serde_json::{Value, json};
use yinxin::{
    UnixTime,
    licence::{
        issue::{self, SealingKey, Template},
        ofd::{Package, Rectangle, Stamp},
        seal::{self as seals, CertificateList, Seal},
    },
    limits,
    pki::x509::Certificate,
    primitives::sm2::PrivateKey,
};

use crate::{
    Ending,
    encoding::Written,
    failure::Failure,
    inputs::{self, KeyFile},
    licence::rows::{self, Row},
    output::{self, Access, Colour, OutFile, Output},
};

/// The seal and the key to apply it with.
#[derive(Debug, Args)]
struct SealingFiles {
    /// The seal (*.esl).
    #[arg(long, value_name = "FILE")]
    seal: PathBuf,
    /// The signer's certificate. Default: the one in the seal's list that belongs to the key.
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
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
    /// Everything loaded, and found to fit together at the signing time.
    fn load(&self) -> Result<Sealing, Failure> {
        let name = self.seal.display().to_string();
        let (seal, key) = (crate::seal::load(&self.seal)?, self.key.load()?);
        let certificate = match &self.cert {
            Some(file) => inputs::certificate(file)?,
            None => listed(&seal, &key, &name)?,
        };
        let at = self.at.map_or_else(inputs::now, Ok)?;
        seals::may_sign(&seal, at, &certificate, &key)
            .map_err(|error| Failure::core(&name, error))?;
        Ok(Sealing { seal, certificate, key, at })
    }
}

/// The one certificate of the seal's list that belongs to `key`.
fn listed(seal: &Seal, key: &PrivateKey, name: &str) -> Result<Certificate, Failure> {
    let certificates = match seal.certificate_list() {
        CertificateList::Certificates(list) => list,
        CertificateList::Digests(_) => {
            return Err(Failure::usage(
                format!("{name}: the seal lists only digests of certificates: give --cert"),
                format!("{name}：印章中只有证书摘要，请用 --cert 指定签章人证书"),
            ));
        }
    };
    let point = key.public().to_sec1();
    let fits = |certificate: &Certificate| {
        certificate.public_key().is_ok_and(|public| public.to_sec1() == point)
    };
    let mut fitting =
        certificates.iter().filter_map(|der| Certificate::parse(der).ok()).filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(certificate), None) => Ok(certificate),
        (None, _) => Err(Failure::core(name, yinxin::Code::NotInSeal.into())),
        (Some(_), Some(_)) => Err(Failure::usage(
            format!("{name}: the seal lists several certificates of this key: give --cert"),
            format!("{name}：印章中有多张证书对应该私钥，请用 --cert 指定签章人证书"),
        )),
    }
}

impl Sealing {
    fn key(&self) -> SealingKey<'_> {
        let Self { seal, certificate, key, .. } = self;
        SealingKey { seal, certificate, signer: key, time_stamps: None }
    }
}

#[derive(Debug, Args)]
#[command(after_help = rows::COLUMNS)]
pub(crate) struct IssueArguments {
    /// The data: CSV (UTF-8) with a header line, or JSON (a list of objects, or one object).
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    #[command(flatten)]
    sealing: SealingFiles,
    /// Where to write the licences; each file is named after its identifier, and replaces an earlier one
    /// of that name.
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
    #[arg(long, value_name = "MM", allow_negative_numbers = true)]
    x: f64,
    /// The upper edge of the seal, in millimetres from the top of the page.
    #[arg(long, value_name = "MM", allow_negative_numbers = true)]
    y: f64,
    #[command(flatten)]
    out: OutFile,
}

pub(crate) fn issue(arguments: &IssueArguments, output: &Output) -> Result<Ending, Failure> {
    let rows = rows::read(&arguments.data)?;
    let sealing = arguments.sealing.load()?;
    output::make_folder(&arguments.out)?;
    let pool = inputs::workers(arguments.jobs)?;
    let bar = output.progress(rows.len(), output.pick("issuing", "正在签发"));
    let press = Press {
        templates: Template::built_in(),
        sealing: &sealing,
        folder: &arguments.out,
        seen: Mutex::default(),
        unused: Mutex::default(),
    };
    let issue = |row: &Row| {
        let issued = press.issue(row);
        bar.inc(1);
        issued
    };
    let results: Vec<_> = pool.install(|| rows.par_iter().map(issue).collect());
    bar.finish_and_clear();
    press.tell_unused(output);
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
    arguments.out.check(Written::Binary, Access::New)?;
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
    let facts = json!({ "source": name });
    arguments.out.deliver("ofd", &sealed, Written::Binary, Access::New, facts, output)
}

/// Seals are at most a few hundred millimetres wide; a larger number is a stamp over the whole page.
fn millimetres(number: i64) -> f64 {
    u16::try_from(number).map_or(f64::from(u16::MAX), f64::from)
}

/// What one run of issuing shares among its threads.
struct Press<'a> {
    templates: [Template; 2],
    sealing: &'a Sealing,
    folder: &'a Path,
    /// Two rows with one identifier would silently be one file.
    seen: Mutex<HashSet<String>>,
    /// Columns that no licence took up: internal ones, or misspelt.
    unused: Mutex<BTreeSet<String>>,
}

impl Press<'_> {
    fn issue(&self, row: &Row) -> Result<(PathBuf, String), Failure> {
        let (data, template) = row.data(&self.templates)?;
        let licence = issue::issue(&data, template, &self.sealing.key(), self.sealing.at)
            .map_err(|error| row.refused(error))?;
        let unused: Vec<&str> = data.unused_fields(template).collect();
        if !unused.is_empty() {
            let mut all = self.unused.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend(unused.into_iter().map(str::to_owned));
        }
        let identifier = licence.identifier.to_string();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.insert(identifier.clone()) {
            let name = &row.name;
            return Err(Failure::usage(
                format!("{name}: another row has the same identifier: {identifier}"),
                format!("{name}：证照标识与其他行重复：{identifier}"),
            ));
        }
        drop(seen);
        let path = self.folder.join(format!("{identifier}.ofd"));
        output::write(&path, &licence.bytes, Access::Public)?;
        Ok((path, identifier))
    }

    /// Says which columns were left out of licences, on standard error.
    fn tell_unused(&self, output: &Output) {
        let unused = self.unused.lock().unwrap_or_else(PoisonError::into_inner);
        if !unused.is_empty() && !output.json {
            let names = unused.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let text = output.pick("columns left out of the licences", "未写入证照的列");
            output.note(&format!("yinxin: {text}: {names}"));
        }
    }
}
