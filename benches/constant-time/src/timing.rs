//! Whether times depend on secrets: two classes of inputs, one fixed and one random (or two that an
//! attacker wants to tell apart), measured in random order and compared with Welch's t-test, over all
//! measurements and over the fastest parts of them, where disturbances are cut off. After Reparaz,
//! Balasch and Verbauwhede, "Dude, is my code constant time?" (2017).

use std::{hint::black_box, process::ExitCode, time::Instant};

use yinxin::primitives::{
    rng,
    sm2::{self, Ciphertext, DistId, PrivateKey, exchange},
    sm3::{self, HmacKey},
    sm4::{self, Sm4, cbc, ecb, gcm::Gcm},
};

/// Above this, means differ by more than chance allows in one test; among many tests and cuts it happens,
/// and is measured again.
const SUSPICIOUS: f64 = 4.5;
/// Above this, again and again, there is a leak.
const LEAK: f64 = 10.0;
/// The parts of all measurements, fastest first and in percent, that are compared.
const PARTS: [usize; 5] = [50, 75, 90, 99, 100];
/// Inputs made at a time.
const BATCH: usize = 200;

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
    println!("{:<64}{:>10}{:>12}{:>8}", "two classes of secrets", "samples", "mean ns", "|t|");
    let mut timing = Timing::default();
    timing.control();
    for backend in sm2::Backend::runnable() {
        timing.sm2(backend);
    }
    for backend in sm3::Backend::runnable() {
        timing.sm3(backend);
    }
    for backend in sm4::Backend::runnable() {
        timing.sm4(backend);
    }
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
        let t = measure("control: an early end, first or last byte", 20_000, input, |bytes| {
            bytes.iter().zip(&reference).all(|(a, b)| black_box(a) == b)
        });
        if t < LEAK {
            self.faults.push("a leak made on purpose was not found".to_owned());
        }
    }

    fn test<I, O>(
        &mut self,
        name: &str,
        samples: usize,
        mut input: impl FnMut(Class) -> I,
        mut run: impl FnMut(&I) -> O,
    ) {
        let mut least = f64::MAX;
        for _ in 0..3 {
            least = least.min(measure(name, samples, &mut input, &mut run));
            if least < SUSPICIOUS {
                return;
            }
        }
        self.faults.push(format!("{name}: |t| is at least {least:.1}, three times"));
    }

    fn sm2(&mut self, backend: sm2::Backend) {
        let on = format!("SM2 {}", backend.name());
        let key =
            |class| PrivateKey::from_bytes(&secret(class)).expect("a number below n").on(backend);
        if sm2::Backend::runnable().last() == Some(backend) {
            self.test(&format!("{on}: key from its bytes, [d]G"), 10_000, secret, |d| {
                PrivateKey::from_bytes(d)
            });
        }
        self.test(&format!("{on}: signature, key fixed or random"), 10_000, key, |key| {
            key.sign(b"message", &DistId::DEFAULT)
        });
        self.test(&format!("{on}: 8 signatures, key fixed or random"), 3_000, key, |key| {
            key.sign_many(&[b"message".as_slice(); 8], &DistId::DEFAULT)
        });
        let sent = |class| {
            let key = key(class);
            let sent = key.public().encrypt(b"plaintext").expect("randomness");
            (key, sent)
        };
        self.test(&format!("{on}: decryption, key fixed or random"), 5_000, sent, |(key, sent)| {
            key.decrypt(sent)
        });
        let fixed = key(Class::Fixed);
        let changed = |class| {
            let sent = fixed.public().encrypt(b"plaintext").expect("randomness");
            let mut bytes = sent.to_c1c3c2();
            bytes[if class == Class::Fixed { 65 } else { 96 }] ^= 1;
            Ciphertext::from_c1c3c2(&bytes).expect("our own layout")
        };
        let name = format!("{on}: decryption, C3 wrong in its first or last byte");
        self.test(&name, 5_000, changed, |sent| fixed.decrypt(sent));
        let peer = PrivateKey::generate().expect("randomness");
        let theirs = exchange::Exchange::begin(exchange::Role::Responder, &peer, &DistId::DEFAULT);
        let message = theirs.expect("randomness").message();
        let name = format!("{on}: key exchange, key fixed or random");
        self.test(&name, 3_000, key, |key| {
            let own = exchange::Exchange::begin(exchange::Role::Initiator, key, &DistId::DEFAULT);
            let peer = exchange::Peer { key: peer.public(), id: &DistId::DEFAULT };
            own.expect("randomness").agree(&peer, &message, 16)
        });
        let name = format!("{on}: encryption, plaintext fixed or random");
        self.test(&name, 5_000, secret, |plaintext| fixed.public().encrypt(plaintext));
    }

    fn sm3(&mut self, backend: sm3::Backend) {
        let on = format!("SM3 {}", backend.name());
        let long = |class| secret_bytes(class, 1024);
        self.test(&format!("{on}: hash of 1 KiB, fixed or random"), 20_000, long, |message| {
            backend.hash(message)
        });
        let many = |class| std::array::from_fn::<_, 16, _>(|_| secret_bytes(class, 200));
        self.test(&format!("{on}: 16 hashes, fixed or random"), 5_000, many, |messages| {
            backend.hash_many(&messages.each_ref().map(Vec::as_slice))
        });
        self.test(&format!("{on}: HMAC, key fixed or random"), 20_000, secret, |key| {
            HmacKey::with_backend(backend, key).mac(&[b"message"])
        });
    }

    fn sm4(&mut self, backend: sm4::Backend) {
        let on = format!("SM4 {}", backend.name());
        let key = |class| {
            let [key, _] = halves(&secret(class));
            key
        };
        self.test(&format!("{on}: key schedule, key fixed or random"), 20_000, key, |key| {
            Sm4::with_backend(key, backend)
        });
        let expanded = |class| Sm4::with_backend(&key(class), backend);
        self.test(&format!("{on}: block, key fixed or random"), 20_000, expanded, |cipher| {
            let mut data = [5; 16];
            ecb::encrypt(cipher, &mut data).expect("whole blocks");
            data
        });
        let cipher = Sm4::with_backend(&[7; 16], backend);
        for blocks in [1, 4, 64] {
            let text = |class| secret_bytes(class, 16 * blocks);
            let name = format!("{on}: ECB of {blocks} blocks, text fixed or random");
            self.test(&name, 10_000, text, |text| {
                let mut data = text.clone();
                ecb::encrypt(&cipher, &mut data).expect("whole blocks");
                data
            });
        }
        let text = |class| secret_bytes(class, 1024);
        self.test(&format!("{on}: CBC encryption, text fixed or random"), 5_000, text, |text| {
            let mut data = text.clone();
            cbc::encrypt_in_place(&cipher, &[3; 16], &mut data).expect("whole blocks");
            data
        });
        self.test(&format!("{on}: CBC decryption, text fixed or random"), 5_000, text, |text| {
            let mut data = text.clone();
            cbc::decrypt_in_place(&cipher, &[3; 16], &mut data).expect("whole blocks");
            data
        });
        let gcm = |class| Gcm::with_cipher(expanded(class));
        self.test(&format!("{on}: GCM sealing, key fixed or random"), 5_000, gcm, |gcm| {
            gcm.seal(&[9; 12], b"aad", &[5; 100])
        });
        let gcm = Gcm::with_cipher(cipher.clone());
        let sealed = |class| {
            let mut sealed = gcm.seal(&[9; 12], b"aad", &[5; 100]).expect("short");
            sealed[if class == Class::Fixed { 100 } else { 115 }] ^= 1;
            sealed
        };
        let name = format!("{on}: GCM opening, tag wrong in its first or last byte");
        self.test(&name, 10_000, sealed, |sealed| gcm.open(&[9; 12], b"aad", sealed));
    }
}

/// The largest |t| over the parts of `samples` measurements.
fn measure<I, O>(
    name: &str,
    samples: usize,
    mut input: impl FnMut(Class) -> I,
    mut run: impl FnMut(&I) -> O,
) -> f64 {
    let mut times: Vec<(f64, Class)> = Vec::with_capacity(samples);
    while times.len() < samples {
        let classes = secret_bytes(Class::Random, BATCH);
        let classes = classes.iter().map(|byte| match byte & 1 {
            0 => Class::Fixed,
            _ => Class::Random,
        });
        let inputs: Vec<_> = classes.map(|class| (class, input(class))).collect();
        // The first of a batch meets what making the inputs has left in the caches.
        black_box(run(&inputs[0].1));
        for (class, input) in &inputs {
            let start = Instant::now();
            black_box(run(black_box(input)));
            times.push((start.elapsed().as_secs_f64() * 1e9, *class));
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
    println!("{name:<64}{samples:>10}{mean:>12.0}{t:>8.2}");
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
    let mut bytes = [0x2a; 32];
    if class == Class::Random {
        rng::fill(&mut bytes).expect("randomness");
        bytes[0] &= 0x7f;
    }
    bytes
}

fn halves(bytes: &[u8; 32]) -> [[u8; 16]; 2] {
    let (halves, _) = bytes.as_chunks();
    [halves[0], halves[1]]
}

fn secret_bytes(class: Class, length: usize) -> Vec<u8> {
    let mut bytes = vec![0x2a; length];
    if class == Class::Random {
        rng::fill(&mut bytes).expect("randomness");
    }
    bytes
}
