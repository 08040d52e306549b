//! The figures for people: a line for each operation, backend and batch; sizes side by side, or batches
//! where there is no size. Every cell has a rate and the cycles.

use crate::{
    failure::Failure,
    output::{Colour, Output},
};

use super::measure::{Case, Rate};

/// The algorithm of a line, such as `sm4`.
pub(super) fn section(line: &[Case]) -> &'static str {
    line.first().and_then(|case| case.op.split('-').next()).unwrap_or_default()
}

/// Prints what the columns under it mean.
pub(super) fn heading(line: &[Case], output: &Output) -> Result<(), Failure> {
    let sized = line.iter().any(|case| case.size.is_some());
    let title = if sized {
        output.pick("MB/s, cycles per byte", "MB/s、每字节周期数")
    } else {
        output.pick("operations per second, cycles per operation", "每秒次数、每次周期数")
    };
    output.line("")?;
    let title = format!("{}: {title}", section(line).to_uppercase());
    output.line(&output.paint(Colour::Bold, &title))?;
    let mut text = start("operation", "backend", if sized { "batch" } else { "" });
    for case in line {
        let column = match case.size {
            Some(size) => bytes(size),
            None if case.batch == 1 => "1".to_owned(),
            None => format!("x {}", case.batch),
        };
        text.push_str(&format!("{column:>20}"));
    }
    output.line(&text)
}

/// Prints a line whose cases were measured.
pub(super) fn line(line: &[Case], rates: &[Rate], output: &Output) -> Result<(), Failure> {
    let Some(first) = line.first() else { return Ok(()) };
    let batch = first.size.map_or_else(String::new, |_| first.batch.to_string());
    let mut text = start(first.op, first.backend, &batch);
    for (case, rate) in line.iter().zip(rates) {
        let figure = case.mb_per_second(rate).unwrap_or(rate.per_second);
        let cycles = case.cycles(rate).map_or_else(|| "-".to_owned(), short);
        text.push_str(&format!("{:>12}{cycles:>8}", short(figure)));
    }
    output.line(&text)
}

fn start(op: &str, backend: &str, batch: &str) -> String {
    format!("{op:<20}{backend:<10}{batch:>5}")
}

/// Three or more digits that count, none that do not.
fn short(number: f64) -> String {
    match number {
        ..10.0 => format!("{number:.2}"),
        10.0..100.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

fn bytes(size: usize) -> String {
    match size {
        size if size % (1 << 20) == 0 => format!("{} MiB", size >> 20),
        size if size % (1 << 10) == 0 => format!("{} KiB", size >> 10),
        size => format!("{size} B"),
    }
}
