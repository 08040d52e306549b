//! The row of `make bench`: op, implementation, backend, batch, size, operations a second, 10^6 bytes a
//! second.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// A row is the median of this many turns.
const TURNS: usize = 11;

pub(crate) const KEY: [u8; 16] = *b"0123456789abcdef";
pub(crate) const IV: [u8; 16] = [0; 16];
pub(crate) const NONCE: [u8; 12] = [0; 12];
pub(crate) const ID: &str = "1234567812345678";
pub(crate) const MESSAGE: &[u8; 32] = b"0123456789abcdef0123456789abcdef";
const SIZES: [u32; 3] = [64, 1024, 16384];

/// What is to be measured.
pub(crate) struct Bench<'a> {
    pub(crate) peer: &'a str,
    turn: Duration,
    operation: &'a str,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(peer: &'a str, milliseconds: u64, operation: &'a str) -> Self {
        let turn = Duration::from_millis(milliseconds) / TURNS as u32;
        Self { peer, turn, operation }
    }

    /// Measures `call` if `operation` is the one asked for.
    pub(crate) fn row<T>(&self, operation: &str, call: impl FnMut() -> T) {
        if operation == self.operation {
            self.measure(0, call);
        }
    }

    /// Measures `call` on a message of each size if `operation` is the one asked for.
    pub(crate) fn sizes<T>(&self, operation: &str, mut call: impl FnMut(&mut [u8]) -> T) {
        for size in SIZES {
            if operation == self.operation {
                let mut data = vec![0; size as usize];
                self.measure(size, || call(black_box(&mut data)));
            }
        }
    }

    fn measure<T>(&self, size: u32, mut call: impl FnMut() -> T) {
        let mut calls = 0;
        let start = Instant::now();
        while start.elapsed() < self.turn {
            black_box(call());
            calls += 1;
        }
        let mut seconds = [0.0; TURNS];
        for seconds in &mut seconds {
            let start = Instant::now();
            for _ in 0..calls {
                black_box(call());
            }
            *seconds = start.elapsed().as_secs_f64() / f64::from(calls);
        }
        seconds.sort_by(f64::total_cmp);
        let rate = 1.0 / seconds[TURNS / 2];
        let megabytes = rate * f64::from(size) / 1e6;
        println!("{},{},,1,{size},{rate:.1},{megabytes:.1}", self.operation, self.peer);
    }
}
