//! Two closures measured in turns.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// How often each side has its turn.
const TURNS: usize = 101;

/// How long a turn is.
const TURN: Duration = Duration::from_millis(1);

/// What the figures of a row count.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    /// 10^6 bytes a second: a call works on this many bytes.
    Megabytes(u32),
    /// Operations a second: a call does this many.
    Operations(u32),
}

/// Prints the names of the columns.
pub(crate) fn heading() {
    println!("{:<36} {:>10} {:>10} {:>7}", "operation", "ours", "RustCrypto", "ratio");
}

/// Measures `ours` and `theirs` in turns and prints a row.
pub(crate) fn compare<T, U>(
    operation: &str,
    unit: Unit,
    mut ours: impl FnMut() -> T,
    mut theirs: impl FnMut() -> U,
) {
    let counts = (calls_in_a_turn(&mut ours), calls_in_a_turn(&mut theirs));
    let mut seconds = (Vec::with_capacity(TURNS), Vec::with_capacity(TURNS));
    for _ in 0..TURNS {
        seconds.0.push(seconds_per_call(counts.0, &mut ours));
        seconds.1.push(seconds_per_call(counts.1, &mut theirs));
    }
    let (ours, theirs) = (median(seconds.0), median(seconds.1));
    let (rate, name) = match unit {
        Unit::Megabytes(bytes) => (f64::from(bytes) / 1e6, "MB/s"),
        Unit::Operations(count) => (f64::from(count), "/s"),
    };
    println!(
        "{operation:<36} {:>10.1} {:>10.1} {:>7.2}  {name}",
        rate / ours,
        rate / theirs,
        theirs / ours
    );
}

fn calls_in_a_turn<T>(call: &mut impl FnMut() -> T) -> u32 {
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < TURN {
        black_box(call());
        count += 1;
    }
    count
}

fn seconds_per_call<T>(count: u32, call: &mut impl FnMut() -> T) -> f64 {
    let start = Instant::now();
    for _ in 0..count {
        black_box(call());
    }
    start.elapsed().as_secs_f64() / f64::from(count)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
