//! Reproducible random inputs, and how many of them.
//!
//! Tests take few by default. `make agreement` builds them optimised and takes many more, and whoever wants
//! to soak a machine takes as many as he likes: `ROUNDS=1000 SEED=7 make agreement`. An emulated processor,
//! which takes a hundred times as long, takes a fraction: `ROUNDS=1/10`.

use std::{
    env,
    io::{self, Write as _},
};

/// The number of inputs: `few`, times the environment variable `ROUNDS`, a number or a fraction; at least 1.
#[must_use]
pub fn rounds(few: usize) -> usize {
    env::var("ROUNDS").map_or(few, |rounds| scaled(few, &rounds))
}

fn scaled(few: usize, rounds: &str) -> usize {
    let (times, parts) = rounds.split_once('/').unwrap_or((rounds, "1"));
    let [times, parts] =
        [times, parts].map(|text| text.parse::<usize>().ok().filter(|&number| number > 0));
    let (Some(times), Some(parts)) = (times, parts) else {
        panic!("ROUNDS={rounds} is neither a number nor a fraction");
    };
    (few * times).div_ceil(parts)
}

/// Prints past the capture of the test harness what was compared, and how often.
pub fn tell(what: &str) {
    let line = format!("agreement: {what}\n");
    io::stderr().write_all(line.as_bytes()).expect("standard error takes a line");
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}

/// A stream of random numbers that is the same in every run (SplitMix64), unless the environment variable
/// `SEED` asks for another.
#[derive(Clone, Debug)]
pub struct Stream(u64);

impl Stream {
    /// The stream of that number.
    #[must_use]
    pub fn new(stream: u64) -> Self {
        Self(stream ^ number("SEED").unwrap_or(0) << 32)
    }

    /// The next 64 bits.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("a size fits 64 bits");
        usize::try_from(self.word() % end).expect("below a size")
    }

    /// One of `choices`.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let choice = self.below(choices.len());
        *choices.get(choice).expect("below the length")
    }

    /// `N` bytes.
    #[must_use]
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            let word = self.word().to_le_bytes();
            chunk.copy_from_slice(word.get(..chunk.len()).expect("at most 8 bytes"));
        }
        bytes
    }

    /// `length` bytes.
    #[must_use]
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = Vec::with_capacity(length + 7);
        while bytes.len() < length {
            bytes.extend(self.word().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }

    /// A 256-bit number, least significant word first, of words at which carries begin and end: all zeros,
    /// all ones, half of either, one off, or random.
    #[must_use]
    pub fn edgy(&mut self) -> [u64; 4] {
        [0; 4].map(|_| {
            let random = self.word();
            match random >> 60 {
                0 | 1 => 0,
                2 | 3 => u64::MAX,
                4 => u64::MAX << 32,
                5 => u64::MAX >> 32,
                6 => 1,
                7 => u64::MAX - 1,
                8 => 1 << 63,
                9 => u64::MAX >> (random % 64),
                10 => 1 << (random % 64),
                _ => random,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::scaled;

    #[test]
    fn rounds_are_multiplied_or_divided() {
        assert_eq!(scaled(4, "50"), 200);
        assert_eq!(scaled(4000, "1/10"), 400);
        assert_eq!(scaled(4, "3/2"), 6);
        assert_eq!(scaled(4, "1/10"), 1, "one at least");
        for odd in ["0", "1/0", "", "1/", "-1", "few"] {
            assert!(std::panic::catch_unwind(|| scaled(4, odd)).is_err(), "{odd}");
        }
    }
}
