//! `yinxin speed`: how fast this machine computes, every operation on every backend.
//!
//! A row is measured in slices, and told as the median of them. What is measured is prepared before and
//! computed once before the clock runs, so that neither tables nor self-tests count.

mod clock;
mod measure;
mod processor;
mod sm2;
mod sm3;
mod sm4;
mod table;

use std::{collections::BTreeSet, time::Duration};

use clap::Args;
use serde_json::json;

use crate::{Ending, failure::Failure, output::Output};
use measure::{Case, Rate};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Operations to measure, such as sm4-gcm, or sm4 for all of SM4 (default: every one).
    #[arg(value_name = "OPERATION")]
    operations: Vec<String>,
    /// Measure this backend alone (default: every one that this processor can run).
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
    /// Seconds for each row.
    #[arg(long, value_name = "N", default_value_t = 0.2, value_parser = seconds)]
    seconds: f64,
    /// Bytes of a message of SM3 and SM4, instead of 64 B to 1 MiB; may be given several times.
    #[arg(long = "size", value_name = "BYTES", value_parser = size)]
    sizes: Vec<usize>,
}

const EXAMPLES: &str = "\
Rates count single operations or messages, also of a batch; MB are 10^6 bytes. Cycles are those of the
core, by its clock at the time: per byte of SM3 and SM4, per operation of SM2.
Examples:
  yinxin speed                                every operation, about two minutes
  yinxin speed sm2 --seconds 1                SM2 alone, a second for each figure
  yinxin speed sm3 sm4-gcm --size 1024        messages of 1 KiB
  yinxin speed --backend portable --json      one object a line";

/// Bytes of messages, where `--size` does not say otherwise.
const SIZES: [usize; 5] = [64, 256, 1024, 16 << 10, 1 << 20];

/// A message longer than this would measure the memory, and need a lot of it in batches.
const SIZE_MAX: usize = 16 << 20;

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number of seconds up to 3600 is wanted".to_owned()),
    }
}

fn size(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(size) if (16..=SIZE_MAX).contains(&size) && size % 16 == 0 => Ok(size),
        _ => Err(format!("a multiple of 16 up to {SIZE_MAX} is wanted")),
    }
}

pub(crate) fn run(arguments: &Arguments, output: &Output) -> Result<Ending, Failure> {
    let sizes = if arguments.sizes.is_empty() { &SIZES } else { &*arguments.sizes };
    let all: Vec<Case> =
        [sm2::cases(), sm3::cases(sizes), sm4::cases(sizes)].into_iter().flatten().collect();
    let cases = chosen(all, arguments)?;
    let duration = Duration::from_secs_f64(arguments.seconds);
    if !output.json {
        processor::introduce(output)?;
    }
    let bar = output.progress(cases.len(), output.pick("measuring", "正在测量"));
    let mut section = "";
    for line in cases.chunk_by(Case::is_beside) {
        let mut rates = Vec::with_capacity(line.len());
        for case in line {
            let rate = case.measure(duration).map_err(|error| Failure::core(case.op, error))?;
            if output.json {
                bar.suspend(|| row(case, &rate, output))?;
            }
            rates.push(rate);
            bar.inc(1);
        }
        if !output.json {
            bar.suspend(|| {
                if table::section(line) != section {
                    table::heading(line, output)?;
                }
                table::line(line, &rates, output)
            })?;
            section = table::section(line);
        }
    }
    bar.finish_and_clear();
    Ok(Ending::Done)
}

/// The object of `--json`: what does not apply is null.
fn row(case: &Case, rate: &Rate, output: &Output) -> Result<(), Failure> {
    let value = json!({
        "op": case.op,
        "backend": case.backend,
        "batch": case.batch,
        "size": case.size,
        "per_second": rate.per_second,
        "mb_per_second": case.mb_per_second(rate),
        "cycles": case.cycles(rate),
        "clock_ghz": rate.clock_hz.map(|hz| hz / 1e9),
    });
    output.line(&value.to_string())
}

/// The cases that the command line asks for. A name that nothing has is a mistake, not an empty answer.
fn chosen(cases: Vec<Case>, arguments: &Arguments) -> Result<Vec<Case>, Failure> {
    for operation in &arguments.operations {
        if !cases.iter().any(|case| case.is_named(operation)) {
            let names = list(cases.iter().map(|case| case.op));
            return Err(Failure::usage(
                format!("no operation is named {operation}; there are: {names}"),
                format!("没有名为 {operation} 的运算；可选：{names}"),
            ));
        }
    }
    let wanted = |case: &Case| {
        arguments.operations.is_empty()
            || arguments.operations.iter().any(|operation| case.is_named(operation))
    };
    let cases: Vec<Case> = cases.into_iter().filter(wanted).collect();
    let Some(backend) = &arguments.backend else { return Ok(cases) };
    let names = list(cases.iter().map(|case| case.backend));
    let cases: Vec<Case> = cases.into_iter().filter(|case| case.backend == backend).collect();
    if cases.is_empty() {
        return Err(Failure::usage(
            format!("this processor runs no backend {backend} here; it runs: {names}"),
            format!("本机没有名为 {backend} 的后端；可选：{names}"),
        ));
    }
    Ok(cases)
}

fn list(names: impl Iterator<Item = &'static str>) -> String {
    let names: BTreeSet<_> = names.collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}
