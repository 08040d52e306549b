//! `yinxin-benches licences FOLDER`: the whole job, on the files of a demonstration, as rows.
//! `yinxin-benches certificates MILLISECONDS`: certificates, paths, stores of anchors and lists, as rows
//! of so long each.
//! `yinxin-benches cms MIB`: signed and enveloped data of so many MiB, streamed, as rows.
//! `yinxin-benches record ROWS RECORD`: the rows of a run told as medians: `RECORD.csv`, at the end
//! of `RECORD.txt` beside the peers and the figures asked for, and as the chart `docs/speed.svg`.
//!
//! `make bench` runs them, and all peers.

mod certificates;
mod chart;
mod cms;
mod figures;
mod jobs;
mod licences;
mod memory;
mod rows;

use std::{collections::BTreeSet, ffi::OsStr, fs, path::Path, process::ExitCode};

use rows::{Failure, Record};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match *arguments.as_slice() {
        ["licences", folder] => licences::run(folder),
        ["certificates", milliseconds] => certificates::run(milliseconds),
        ["cms", megabytes] => cms::run(megabytes),
        ["record", rows, record] => write_record(rows, record),
        _ => Err("usage: yinxin-benches licences FOLDER | certificates MILLISECONDS | cms MIB | \
                  record ROWS RECORD"
            .into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn write_record(rows: &str, record: &str) -> Result<(), Failure> {
    let run = Record::parse(&fs::read_to_string(rows)?)?;
    fs::write(format!("{record}.csv"), run.to_csv())?;
    let figures = figures::table(&run)? + &jobs::table(&run);
    let path = format!("{record}.txt");
    let text = fs::read_to_string(&path).unwrap_or_default();
    fs::write(path, format!("{text}{figures}{}", run.table()))?;
    print!("{figures}");
    fs::write(folder().join(CHART), chart_of_the_newest_record()?)?;
    Ok(())
}

/// Where it lies, from this package.
const CHART: &str = "../docs/speed.svg";

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// That of the newest record on a processor that runs the most backends: it shows the others as well.
fn chart_of_the_newest_record() -> Result<String, Failure> {
    let mut records = Vec::new();
    for machine in fs::read_dir(folder().join("record"))? {
        for file in fs::read_dir(machine?.path())? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "csv") {
                let text = fs::read_to_string(&path)?;
                if !text.starts_with(rows::HEADER) {
                    continue; // of the whole job alone
                }
                let record = Record::parse(&text)?;
                let backends =
                    record.rows.keys().filter(|key| key.is_ours()).map(|key| &key.backend);
                let backends = backends.collect::<BTreeSet<_>>().len();
                records.push((backends, path.file_stem().map(OsStr::to_owned), path));
            }
        }
    }
    let (_, date, path) = records.into_iter().max().ok_or("no record")?;
    let machine = path.parent().and_then(Path::file_name).unwrap_or_default();
    let title = format!(
        "One core 单核, {}, {} (longer is faster 越长越快)",
        machine.display(),
        date.unwrap_or_default().display()
    );
    Ok(chart::draw(&Record::parse(&fs::read_to_string(&path)?)?, &title))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{CHART, chart_of_the_newest_record, folder, rows::Failure};

    /// `make bench` draws it.
    #[test]
    fn the_chart_of_the_documents_is_that_of_the_newest_record() -> Result<(), Failure> {
        let chart = fs::read_to_string(folder().join(CHART))?;
        assert!(chart == chart_of_the_newest_record()?, "{CHART} is not of the newest record");
        Ok(())
    }
}
