//! `yinxin licence verify`: files and directories, in parallel, with bounded memory, in a stable order.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use rayon::prelude::*;
use serde_json::json;
use yinxin::{
    UnixTime,
    licence::{
        ofd::{Document, Package, SignatureList},
        verify::{ClaimedTime, HtmlReport, Policy, Report, Verifier},
    },
    report::{Indication, Language},
};

use crate::{
    Ending,
    failure::Failure,
    inputs,
    output::{self, Access, Colour, Output},
    trust::{Loaded, TrustFiles},
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// OFD files, or directories that are searched for *.ofd.
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustFiles,
    /// Certificates of signers whose signatures carry none (Type=Sign with a bare SM2 value).
    #[arg(long, value_name = "FILE")]
    signer_cert: Vec<PathBuf>,
    /// Whether a signing time that only the seal claims counts as proved.
    #[arg(long, value_enum, default_value_t = ClaimedTimeName::Trusted)]
    claimed_time: ClaimedTimeName,
    /// Write all reports as one HTML page.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Replace that page if it exists already.
    #[arg(long, requires = "html")]
    force: bool,
    /// Files at a time (default: one a processor).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Print only files that did not pass, and the summary.
    #[arg(long, short)]
    quiet: bool,
    /// Print every check of every file, not only of those that did not pass.
    #[arg(long, short)]
    verbose: bool,
}

impl Arguments {
    /// What happens to a page that exists already.
    const fn access(&self) -> Access {
        if self.force { Access::Public } else { Access::New }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ClaimedTimeName {
    /// It counts, as GM/T 0031 and GB/T 38540 have it.
    Trusted,
    /// It needs proof once a certificate has ended: a time stamp (EN 319 102-1).
    NeedsProof,
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Ending, Failure> {
    let at = arguments.trust.at()?;
    let verifier = verifier(arguments, output)?;
    let check = |page| output::check_writable(page, arguments.access());
    arguments.html.as_deref().map(check).transpose()?;
    let files = files(&arguments.paths)?;
    let pool = inputs::workers(arguments.jobs)?;
    // Chunks keep the order of the output and bound what is in memory at a time.
    let chunk = pool.current_num_threads() * FILES_A_WORKER;
    let mut summary = Summary::new(arguments, output);
    let bar = output.progress(files.len(), output.pick("verifying", "正在验证"));
    for chunk in files.chunks(chunk) {
        let results: Vec<_> = pool.install(|| {
            let examine = |path: &PathBuf| {
                let result = examine(&verifier, path, at);
                bar.inc(1);
                result
            };
            chunk.par_iter().map(examine).collect()
        });
        bar.suspend(|| {
            results.into_iter().zip(chunk).try_for_each(|(result, path)| summary.add(path, result))
        })?;
    }
    bar.finish_and_clear();
    summary.finish()
}

/// Files that one worker gets at a time: reports are some 50 KB, so a chunk stays in the megabytes.
const FILES_A_WORKER: usize = 32;

fn verifier(arguments: &Arguments, output: &Output) -> Result<Verifier, Failure> {
    let Loaded { trust, evidence } = arguments.trust.load(output)?;
    let signers = inputs::all_certificates(&arguments.signer_cert)?;
    let claimed_time = match arguments.claimed_time {
        ClaimedTimeName::Trusted => ClaimedTime::Trusted,
        ClaimedTimeName::NeedsProof => ClaimedTime::NeedsProof,
    };
    let (revocation, crl_grace_s) = (arguments.trust.revocation(), arguments.trust.grace_s());
    let policy = Policy { revocation, claimed_time, crl_grace_s };
    Ok(Verifier::new(trust)
        .with_evidence(evidence)
        .with_signer_certificates(signers)
        .with_policy(policy))
}

fn examine(verifier: &Verifier, path: &Path, at: UnixTime) -> Result<Report, Failure> {
    let name = path.display().to_string();
    let bytes = output::read(path, yinxin::limits::PACKAGE_BYTES_MAX)?;
    verifier.report(bytes, Some(&name), at).map_err(|error| Failure::core(&name, error))
}

/// The files meant by `paths`: those named, and every *.ofd below the directories named, sorted.
/// Links inside a directory are not followed.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            walk(path, &mut files)?;
            if files.len() == before {
                let name = path.display();
                return Err(Failure::usage(
                    format!("{name}: no *.ofd file below this directory"),
                    format!("{name}：目录下没有 *.ofd 文件"),
                ));
            }
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn walk(root: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let name = folder.display().to_string();
        let entries = fs::read_dir(&folder).map_err(|error| Failure::io(&name, error))?;
        for entry in entries {
            let entry = entry.map_err(|error| Failure::io(&name, error))?;
            let kind = entry.file_type().map_err(|error| Failure::io(&name, error))?;
            let path = entry.path();
            let ofd = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("ofd"));
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && ofd {
                found.push(path);
            }
        }
    }
    found.sort();
    files.append(&mut found);
    Ok(())
}

/// Prints each result as it comes, and counts.
struct Summary<'a> {
    arguments: &'a Arguments,
    output: &'a Output,
    html: Option<HtmlReport>,
    passed: usize,
    failed: usize,
    indeterminate: usize,
    unreadable: usize,
}

impl<'a> Summary<'a> {
    fn new(arguments: &'a Arguments, output: &'a Output) -> Self {
        let html = arguments.html.as_ref().map(|_| HtmlReport::new(output.language));
        Self { arguments, output, html, passed: 0, failed: 0, indeterminate: 0, unreadable: 0 }
    }

    fn add(&mut self, path: &Path, result: Result<Report, Failure>) -> Result<(), Failure> {
        match result {
            Ok(report) => self.add_report(&report),
            Err(failure) => self.add_unreadable(path, &failure),
        }
    }

    fn add_report(&mut self, report: &Report) -> Result<(), Failure> {
        match report.indication {
            Indication::Passed => self.passed += 1,
            Indication::Failed => self.failed += 1,
            Indication::Indeterminate => self.indeterminate += 1,
        }
        if let Some(html) = &mut self.html {
            html.add(report);
        }
        let passed = report.indication == Indication::Passed;
        if passed && self.arguments.quiet {
            return Ok(());
        }
        if self.output.json {
            return self.output.line(&report.to_json());
        }
        let text = report.to_text(self.output.language);
        let (first, rest) = text.split_once('\n').unwrap_or((text.as_str(), ""));
        self.output.line(&self.output.paint(report.indication.into(), first))?;
        let whole = self.arguments.verbose || !passed;
        if whole { self.output.line(rest.trim_end()) } else { Ok(()) }
    }

    fn add_unreadable(&mut self, path: &Path, failure: &Failure) -> Result<(), Failure> {
        self.unreadable += 1;
        let name = path.display().to_string();
        if let (Some(html), Failure::Core { error, .. }) = (&mut self.html, failure) {
            html.add_error(&name, error);
        }
        if self.output.json {
            return self.output.line(&failure.to_json().to_string());
        }
        let text = format!("{} [{}]", failure.text(self.output.language), failure.code());
        self.output.line(&self.output.paint(Colour::Red, &text))
    }

    fn finish(self) -> Result<Ending, Failure> {
        if let (Some(html), Some(file)) = (self.html, &self.arguments.html) {
            output::write(file, html.finish().as_bytes(), self.arguments.access())?;
        }
        let counts = [self.passed, self.failed, self.indeterminate, self.unreadable];
        if !self.output.json && counts.iter().sum::<usize>() > 1 {
            let [passed, failed, indeterminate, unreadable] = counts;
            self.output.line(&self.output.paint(
                Colour::Bold,
                &match self.output.language {
                    Language::English => format!(
                        "{passed} passed, {failed} not passed, {indeterminate} indeterminate, \
                         {unreadable} unreadable"
                    ),
                    Language::Chinese => format!(
                        "通过 {passed}，不通过 {failed}，无法确定 {indeterminate}，无法读取 {unreadable}"
                    ),
                },
            ))?;
        }
        Ok(match counts {
            [_, _, _, unreadable] if unreadable > 0 => Ending::Incomplete,
            [_, failed, ..] if failed > 0 => Ending::NotPassed,
            [_, _, indeterminate, _] if indeterminate > 0 => Ending::Indeterminate,
            _ => Ending::Done,
        })
    }
}

/// `yinxin licence show`: what the document says of itself. Nothing is judged.
pub(crate) fn show(path: &Path, output: &Output) -> Result<Ending, Failure> {
    let name = path.display().to_string();
    let refused = |error| Failure::core(&name, error);
    let bytes = output::read(path, yinxin::limits::PACKAGE_BYTES_MAX)?;
    let package = Package::open(bytes).map_err(refused)?;
    let document = Document::read(&package).map_err(refused)?;
    let list = SignatureList::read(&package, &document).map_err(refused)?;
    let pages = document.page_texts(&package).map_err(refused)?;
    let texts: Vec<&String> = pages.iter().flat_map(|page| &page.texts).collect();
    let metadata: serde_json::Map<_, _> = document
        .custom_datas()
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect();
    let value = json!({
        "file": name,
        "id": document.doc_id(),
        "title": document.title(),
        "metadata": metadata,
        "pages": pages.len(),
        "text": texts,
        "signatures": list.entries().iter().map(|entry| &entry.path).collect::<Vec<_>>(),
    });
    output.result(&value, || {
        let mut lines = vec![format!("{name}: {}", document.title().unwrap_or("-"))];
        lines.extend(
            document.custom_datas().iter().map(|(name, value)| format!("  {name}: {value}")),
        );
        lines.push(format!("  {}: {}", output.pick("pages", "页数"), pages.len()));
        lines.push(format!("  {}: {}", output.pick("signatures", "签名数"), list.entries().len()));
        lines.extend(texts.iter().map(|text| format!("    {text}")));
        lines.push(output.pick("  Nothing was verified.", "  以上内容未经验证。").to_owned());
        lines.join("\n")
    })?;
    Ok(Ending::Done)
}
