//! The clock of the core, measured: what counts cycles of its own (the time stamp counter) counts at a
//! fixed rate, whatever the core does.

use std::{hint::black_box, time::Instant};

/// The rates that a core of today may have; anything else is a disturbance, or code that the compiler
/// did not keep in registers.
const PLAUSIBLE_HZ: std::ops::Range<f64> = 0.2e9..10e9;

const STEPS: u32 = 16_384;

/// Cycles of a step: an exclusive or and an addition, each one cycle on every core, and each
/// waiting for the one before.
const CYCLES_PER_STEP: f64 = 2.0;

/// Cycles a second, now; `None` if that cannot be told.
pub(super) fn hz() -> Option<f64> {
    // An interruption makes a chain longer, never shorter.
    let seconds = (0..3).map(|_| seconds_of_chain()).fold(f64::INFINITY, f64::min);
    let hz = f64::from(STEPS) * CYCLES_PER_STEP / seconds;
    PLAUSIBLE_HZ.contains(&hz).then_some(hz)
}

fn seconds_of_chain() -> f64 {
    // The compiler knows neither number, so that no two steps can be made one.
    let (a, b) = black_box((0x9e37_79b9_7f4a_7c15_u64, 0xd1b5_4a32_d192_ed03_u64));
    let start = Instant::now();
    let mut value = black_box(1_u64);
    for _ in 0..STEPS / 8 {
        value = step(step(step(step(value, a, b), a, b), a, b), a, b);
        value = step(step(step(step(value, a, b), a, b), a, b), a, b);
    }
    black_box(value);
    start.elapsed().as_secs_f64()
}

#[inline(always)]
const fn step(value: u64, a: u64, b: u64) -> u64 {
    (value ^ a).wrapping_add(b)
}
