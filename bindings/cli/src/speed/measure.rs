//! A case, and its rate as the median of slices.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use yinxin::Error;

use super::clock;

/// Slices of a measurement: enough that a disturbance of some of them does not move the median.
const SLICES: u32 = 11;

/// Does it so many times.
pub(super) type Work = Box<dyn FnMut(u32) -> Result<(), Error>>;

/// One row: an operation on one backend, in batches of one number, on messages of one size.
pub(super) struct Case {
    pub(super) op: &'static str,
    pub(super) backend: &'static str,
    /// Operations of one call.
    pub(super) batch: usize,
    /// Bytes of a message, where the rate depends on it.
    pub(super) size: Option<usize>,
    /// Makes keys and messages.
    pub(super) prepare: Box<dyn Fn() -> Result<Work, Error>>,
}

/// How fast a case is.
pub(super) struct Rate {
    /// Operations a second, not calls.
    pub(super) per_second: f64,
    /// Cycles a second of the core meanwhile, if that can be told.
    pub(super) clock_hz: Option<f64>,
}

/// The work that consists of `call`.
pub(super) fn work<T>(mut call: impl FnMut() -> Result<T, Error> + 'static) -> Work {
    Box::new(move |count| {
        for _ in 0..count {
            black_box(call()?);
        }
        Ok(())
    })
}

impl Case {
    /// Whether `name` is the operation or the algorithm, as in `sm4-gcm` or `sm4`.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.op == name || self.op.split('-').next() == Some(name)
    }

    /// Whether a table shows both in one line: sizes side by side, or batches where there is no size.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        let alike = self.op == other.op && self.backend == other.backend;
        alike && (self.size.is_none() || self.batch == other.batch)
    }

    /// 10^6 bytes a second.
    pub(super) fn mb_per_second(&self, rate: &Rate) -> Option<f64> {
        Some(rate.per_second * float(self.size?) / 1e6)
    }

    /// Cycles for each byte; for an operation, where it has no size.
    pub(super) fn cycles(&self, rate: &Rate) -> Option<f64> {
        Some(rate.clock_hz? / rate.per_second / self.size.map_or(1.0, float))
    }

    /// Measures for about `duration`, after a warm-up of a tenth of it.
    pub(super) fn measure(&self, duration: Duration) -> Result<Rate, Error> {
        let mut work = (self.prepare)()?;
        let slice = duration / SLICES;
        let count = calls_in(slice, &mut work)?;
        let (mut seconds, mut clocks) = (Vec::new(), Vec::new());
        let begin = Instant::now();
        for _ in 0..SLICES {
            clocks.extend(clock::hz());
            let start = Instant::now();
            work(count)?;
            seconds.push(start.elapsed().as_secs_f64());
            if begin.elapsed() > duration {
                break;
            }
        }
        let seconds = median(seconds).unwrap_or(f64::NAN);
        let per_second = f64::from(count) * float(self.batch) / seconds;
        Ok(Rate { per_second, clock_hz: median(clocks) })
    }
}

/// How many calls fill a slice.
fn calls_in(slice: Duration, work: &mut Work) -> Result<u32, Error> {
    let mut count = 1_u32;
    // The first call also makes tables and tests kernels: where it is short, it does not count.
    loop {
        let start = Instant::now();
        work(count)?;
        if start.elapsed() * 2 >= slice || count > u32::MAX / 2 {
            return Ok(count);
        }
        count *= 2;
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Exact up to 2^32, far above any size or batch here.
fn float(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}
