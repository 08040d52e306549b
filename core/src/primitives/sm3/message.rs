//! From messages to blocks: GB/T 32905-2016, 5.2.

use super::{Backend, Block, Digest, IV, State, digest_of};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The chaining value after the first blocks of a message.
#[derive(Clone)]
pub(super) struct Midstate {
    pub(super) state: State,
    /// The bytes of those blocks.
    pub(super) bytes: u64,
}

impl Midstate {
    /// Before the first block.
    pub(super) const START: Self = Self { state: IV, bytes: 0 };

    /// After the whole blocks of `bytes`, and the bytes that are left.
    pub(super) fn after(backend: Backend, bytes: &[u8]) -> (Self, &[u8]) {
        let (blocks, rest) = bytes.as_chunks();
        let mut state = IV;
        backend.compress(&mut state, blocks);
        (Self { state, bytes: 64 * blocks.len() as u64 }, rest)
    }
}

impl Drop for Midstate {
    fn drop(&mut self) {
        self.state.as_mut_slice().zeroize();
    }
}

impl ZeroizeOnDrop for Midstate {}

/// What is left of a message after `start`: head ‖ body.
pub(super) struct Input<'m> {
    pub(super) start: &'m Midstate,
    pub(super) head: &'m [u8],
    pub(super) body: &'m [u8],
}

impl Input<'_> {
    /// The bytes of the whole message.
    pub(super) const fn length(&self) -> u64 {
        self.start.bytes + self.head.len() as u64 + self.body.len() as u64
    }
}

/// A message taken in piece by piece.
pub(super) struct Absorber {
    backend: Backend,
    state: State,
    /// The bytes so far.
    length: u64,
    /// The bytes after the last whole block, and room for the padding.
    edges: [Block; 2],
    filled: usize,
}

impl Absorber {
    /// Goes on after `start`.
    pub(super) const fn new(backend: Backend, start: &Midstate) -> Self {
        let edges = [[0; 64]; 2];
        Self { backend, state: start.state, length: start.bytes, edges, filled: 0 }
    }

    pub(super) fn update(&mut self, mut part: &[u8]) {
        self.length += part.len() as u64;
        if self.filled > 0 {
            let (now, later) = part.split_at(part.len().min(64 - self.filled));
            self.edges[0][self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            part = later;
            if self.filled < 64 {
                return;
            }
            self.backend.compress(&mut self.state, &self.edges[..1]);
        }
        let (blocks, tail) = part.as_chunks();
        if !blocks.is_empty() {
            self.backend.compress(&mut self.state, blocks);
        }
        self.edges[0][..tail.len()].copy_from_slice(tail);
        self.filled = tail.len();
    }

    /// The chaining value so far, and the bytes that it has not taken in.
    pub(super) fn midstate(&self) -> (Midstate, &[u8]) {
        let bytes = self.length - self.filled as u64;
        (Midstate { state: self.state, bytes }, &self.edges[0][..self.filled])
    }

    pub(super) fn finish(mut self) -> Digest {
        let used = finish(&mut self.edges, self.filled, self.length);
        self.backend.compress(&mut self.state, &self.edges[..used]);
        digest_of(&self.state)
    }
}

impl Drop for Absorber {
    fn drop(&mut self) {
        self.state.as_mut_slice().zeroize();
        self.edges.as_flattened_mut().zeroize();
    }
}

impl ZeroizeOnDrop for Absorber {}

/// How many blocks a message in parts has, with its padding.
#[cfg(target_arch = "x86_64")]
pub(super) fn blocks_of(parts: &[&[u8]]) -> usize {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    (length + 9).div_ceil(64)
}

/// Makes the blocks of a message in parts, of which there are at most two.
#[cfg(target_arch = "x86_64")]
pub(super) fn fill(blocks: &mut [Block; 2], parts: &[&[u8]]) {
    let mut filled = 0;
    for part in parts {
        blocks.as_flattened_mut()[filled..filled + part.len()].copy_from_slice(part);
        filled += part.len();
    }
    finish(&mut blocks[filled / 64..], filled % 64, filled as u64);
}

/// Makes the last one or two blocks of `tail`, which is shorter than a block, in `edges`, and says
/// how many they are; `length` is that of the whole message in bytes.
pub(super) fn pad(edges: &mut [Block], tail: &[&[u8]], length: u64) -> usize {
    let mut filled = 0;
    for part in tail {
        edges[0][filled..filled + part.len()].copy_from_slice(part);
        filled += part.len();
    }
    finish(edges, filled, length)
}

/// After the `filled` bytes a one bit, zeros, the length in bits.
fn finish(edges: &mut [Block], filled: usize, length: u64) -> usize {
    edges[0][filled..].fill(0);
    edges[0][filled] = 0x80;
    let used = if filled < 56 { 1 } else { 2 };
    if used == 2 {
        edges[1] = [0; 64];
    }
    edges[used - 1][56..].copy_from_slice(&(8 * length).to_be_bytes());
    used
}
