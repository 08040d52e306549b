//! Whether times depend on secrets: two classes of inputs, one fixed and one random (or two that an
//! attacker wants to tell apart), measured in random order and compared with Welch's t-test, over all
//! measurements and over the fastest parts of them, where disturbances are cut off. What draws its secret
//! itself is put into its class by the secret that it drew. After Reparaz,
//! Balasch and Verbauwhede, "Dude, is my code constant time?" (2017).

mod sm2;
mod sm3;
mod sm4;

use std::{hint::black_box, process::ExitCode, time::Instant};

use yinxin::primitives::rng;

/// Above this, means differ by more than chance allows in one test; among many tests and cuts it happens,
/// and is measured again.
const SUSPICIOUS: f64 = 4.5;
/// Above this, again and again, there is a leak.
const LEAK: f64 = 10.0;
/// The parts of all measurements, fastest first and in percent, that are compared.
const PARTS: [usize; 5] = [50, 75, 90, 99, 100];
/// Inputs made at a time.
const BATCH: usize = 200;
/// The measurements of what takes a microsecond or a few, of one operation of SM2 or mode of SM4, and of
/// many at a time.
const OF_SHORT: usize = 50_000;
const OF_ONE: usize = 30_000;
const OF_MANY: usize = 10_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Fixed,
    Random,
}

/// What the tests have found.
#[derive(Default)]
struct Timing {
    faults: Vec<String>,
}

/// Measures everything on every backend. Takes minutes, on a core of its own.
pub(crate) fn run() -> ExitCode {
    println!("{:<78}{:>8}{:>10}{:>8}", "two classes of secrets", "samples", "mean ns", "|t|");
    let mut timing = Timing::default();
    timing.control();
    sm2::tests(&mut timing);
    sm3::tests(&mut timing);
    sm4::tests(&mut timing);
    timing.faults.iter().for_each(|fault| println!("{fault}"));
    println!("{} faults", timing.faults.len());
    if timing.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Timing {
    /// A comparison that ends early: the two classes must be told apart.
    fn control(&mut self) {
        let reference = [7u8; 256];
        let input = |class| {
            let mut bytes = [7u8; 256];
            bytes[if class == Class::Fixed { 0 } else { 255 }] = 8;
            bytes
        };
        let end =
            |bytes: &mut [u8; 256]| bytes.iter().zip(&reference).all(|(a, b)| black_box(*a) == *b);
        let name = "control: an early end, first or last byte";
        if measure(name, OF_SHORT, input, end, |class, _| class) < LEAK {
            self.faults.push("a leak made on purpose was not found".to_owned());
        }
    }

    /// A test of two classes of inputs.
    fn test<I, O>(
        &mut self,
        name: &str,
        samples: usize,
        input: impl FnMut(Class) -> I,
        run: impl FnMut(&mut I) -> O,
    ) {
        self.judge(name, samples, input, run, |class, _| class);
    }

    /// A test of what draws its secret itself: the class is told by what comes out.
    fn test_drawn<O>(
        &mut self,
        name: &str,
        samples: usize,
        mut run: impl FnMut() -> O,
        is_first: impl Fn(&O) -> bool,
    ) {
        let class = |_, drawn: &O| if is_first(drawn) { Class::Fixed } else { Class::Random };
        self.judge(name, samples, |_| (), |()| run(), class);
    }

    fn judge<I, O>(
        &mut self,
        name: &str,
        samples: usize,
        mut input: impl FnMut(Class) -> I,
        mut run: impl FnMut(&mut I) -> O,
        class: impl Fn(Class, &O) -> Class,
    ) {
        let mut least = f64::MAX;
        for _ in 0..3 {
            least = least.min(measure(name, samples, &mut input, &mut run, &class));
            if least < SUSPICIOUS {
                return;
            }
        }
        self.faults.push(format!("{name}: |t| is at least {least:.1}, three times"));
    }
}

/// Makes the compiler compute what nobody uses.
fn compute<T>(result: T) {
    drop(black_box(result));
}

/// The largest |t| over the parts of `samples` measurements.
fn measure<I, O>(
    name: &str,
    samples: usize,
    mut input: impl FnMut(Class) -> I,
    mut run: impl FnMut(&mut I) -> O,
    class_of: impl Fn(Class, &O) -> Class,
) -> f64 {
    let mut times: Vec<(f64, Class)> = Vec::with_capacity(samples);
    while times.len() < samples {
        let classes = secret_bytes(Class::Random, BATCH);
        let classes = classes.iter().map(|byte| match byte & 1 {
            0 => Class::Fixed,
            _ => Class::Random,
        });
        let inputs: Vec<_> = classes.map(|class| (class, input(class))).collect();
        for (number, (class, mut input)) in inputs.into_iter().enumerate() {
            let start = Instant::now();
            let result = black_box(run(black_box(&mut input)));
            let time = start.elapsed().as_secs_f64() * 1e9;
            // The first of a batch meets what making the inputs has left in the caches.
            if number > 0 {
                times.push((time, class_of(class, &result)));
            }
        }
    }
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    let fastest = |percent: usize| &times[..(times.len() * percent / 100).max(1)];
    let t = PARTS.map(|percent| {
        let of = |class| fastest(percent).iter().filter(move |time| time.1 == class);
        welch(of(Class::Fixed).map(|time| time.0), of(Class::Random).map(|time| time.0)).abs()
    });
    let t = t.into_iter().fold(0.0, f64::max);
    let mean = Moments::of(fastest(90).iter().map(|time| time.0)).mean;
    println!("{name:<78}{samples:>8}{mean:>10.0}{t:>8.2}");
    t
}

/// Number, mean and variance.
struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for value in values {
            count += 1.0;
            let off = value - mean;
            mean += off / count;
            squares += off * (value - mean);
        }
        Self { count, mean, variance: squares / f64::max(count - 1.0, 1.0) }
    }
}

/// Welch's t of two samples.
fn welch(a: impl Iterator<Item = f64>, b: impl Iterator<Item = f64>) -> f64 {
    let (a, b) = (Moments::of(a), Moments::of(b));
    let spread = (a.variance / a.count + b.variance / b.count).sqrt();
    if spread > 0.0 { (a.mean - b.mean) / spread } else { 0.0 }
}

/// 32 bytes that are a number below n, too.
fn secret(class: Class) -> [u8; 32] {
    let mut bytes = [0; 32];
    draw(class, &mut bytes);
    bytes[0] &= 0x7f;
    bytes
}

fn secret_bytes(class: Class, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    draw(class, &mut bytes);
    bytes
}

/// Both classes are drawn and written by the same instructions: what the operating system has written is not as
/// near in the caches as what the program has, which the tests would find.
fn draw(class: Class, bytes: &mut [u8]) {
    let mut drawn = vec![0; bytes.len()];
    rng::fill(&mut drawn).expect("randomness");
    let kept = black_box(if class == Class::Random { 0xff } else { 0 });
    for (byte, drawn) in bytes.iter_mut().zip(drawn) {
        *byte = drawn & kept | 0x2a & !kept;
    }
}
