//! Runs operations on marked secrets and counts what valgrind finds; first some that leak on purpose,
//! so that a job which finds nothing has shown that it can.

use std::{collections::BTreeSet, hint::black_box, process::ExitCode};

use crate::{
    mark::{findings, is_watched, secret_array},
    sm2, sm3, sm4,
};

/// The backends that valgrind can run, without which this job has not done its work, and what they find of
/// the CPU for themselves.
const EXPECTED: [&str; 6] = [
    "SM2 portable",
    "SM2 tables searched by AVX2",
    "SM3 portable",
    "SM3 avx2",
    "SM4 portable",
    "SM4 aes",
];

/// What has been seen so far.
#[derive(Default)]
pub(crate) struct Watch {
    /// The algorithm and backend of the operations that follow.
    on: String,
    seen: BTreeSet<String>,
    operations: usize,
    leaks: Vec<String>,
}

impl Watch {
    /// Names the algorithm and the backend of the operations that follow.
    pub(crate) fn on(&mut self, algorithm: &str, backend: &str) {
        self.on = format!("{algorithm} {backend}");
        self.seen.insert(self.on.clone());
    }

    /// Names a kernel that a backend chooses by itself, as it does here.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn chosen(&mut self, kernel: &str) {
        self.seen.insert(kernel.to_owned());
    }

    /// Runs one operation.
    pub(crate) fn operation<T>(&mut self, name: &str, run: impl FnOnce() -> T) -> T {
        let before = findings();
        let result = black_box(run());
        let found = findings() - before;
        let name = format!("{}: {name}", self.on);
        println!("{found:>5} findings  {name}");
        if found > 0 {
            self.leaks.push(name);
        }
        self.operations += 1;
        result
    }
}

/// Operations that leak on purpose.
pub(crate) fn controls() -> Watch {
    let mut control = Watch::default();
    control.on("made to leak,", "control");
    control.operation("an end at the first difference", || {
        leaky_equal(&secret_array(), black_box(&[0x5a; 16]))
    });
    control.operation("a table read at a secret index", || {
        leaky_lookup(black_box(&[7; 256]), &secret_array())
    });
    control.operation("a jump on a secret beside a table that is always the same", || {
        leaky_beside_table(&secret_array(), &TABLE)
    });
    control.operation("a jump on an array that was written with an index", || {
        leaky_array(&secret_array(), black_box(16))
    });
    control
}

static TABLE: [u8; 16] = [7; 16];

/// Every operation on every backend.
pub(crate) fn operations() -> Watch {
    let mut watch = Watch::default();
    sm2::operations(&mut watch);
    sm3::operations(&mut watch);
    sm4::operations(&mut watch);
    watch
}

/// Controls, then every operation.
pub(crate) fn run() -> ExitCode {
    if !is_watched() {
        eprintln!("run it under valgrind, built with RUSTFLAGS='--cfg yinxin_taint'");
        return ExitCode::FAILURE;
    }
    let control = controls();
    if control.leaks.len() != control.operations {
        eprintln!("a leak made on purpose was not found: this job shows nothing");
        return ExitCode::FAILURE;
    }

    let watch = operations();
    let missing: Vec<_> = EXPECTED.iter().filter(|name| !watch.seen.contains(**name)).collect();
    missing.iter().for_each(|name| eprintln!("{name}: did not run"));
    for leak in &watch.leaks {
        eprintln!("a branch or an address depends on a secret: {leak}");
    }
    println!("ran: {}", watch.seen.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
    println!("{} operations, {} of them leak", watch.operations, watch.leaks.len());
    if missing.is_empty() && watch.leaks.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[inline(never)]
fn leaky_equal(a: &[u8; 16], b: &[u8; 16]) -> bool {
    a.iter().zip(b).all(|(a, b)| black_box(*a) == *b)
}

#[inline(never)]
fn leaky_lookup(table: &[u8; 256], index: &[u8; 1]) -> u8 {
    table[usize::from(black_box(index)[0])]
}

/// The compiler leaves the table out, so that other arguments can take its number.
#[inline(never)]
fn leaky_beside_table(secret: &[u8; 16], table: &'static [u8; 16]) -> [u8; 16] {
    let mut seen = [0; 16];
    for ((seen, &byte), &entry) in seen.iter_mut().zip(secret).zip(table) {
        if byte == entry {
            break;
        }
        *seen = entry;
    }
    black_box(seen)
}

/// What is public at first becomes secret where an index says.
#[inline(never)]
fn leaky_array(secret: &[u8; 16], count: usize) -> usize {
    let mut words = [count; 16];
    for (word, &byte) in words.iter_mut().zip(secret).take(count) {
        *word = black_box(usize::from(byte));
    }
    if words[3] == 7 { black_box(count) } else { 0 }
}
