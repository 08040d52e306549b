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

    /// After the blocks that `bytes` fills, and the bytes that are left.
    pub(super) fn after(backend: Backend, bytes: &[u8]) -> (Self, &[u8]) {
        let (blocks, rest) = bytes.as_chunks();
        let mut state = IV;
        backend.compress(&mut state, blocks);
        (Self { state, bytes: 64 * blocks.len() as u64 }, rest)
    }
}

impl Drop for Midstate {
    fn drop(&mut self) {
        self.state.zeroize();
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

/// The digest of a message that begins with what `start` has taken in, and goes on with `parts`.
pub(super) fn hash(backend: Backend, start: &Midstate, parts: &[&[u8]]) -> Digest {
    let mut state = start.state;
    let mut length = start.bytes;
    let mut edges = [[0; 64]; 2];
    let mut filled = 0;
    for mut part in parts.iter().copied() {
        length += part.len() as u64;
        if filled > 0 {
            let (now, later) = part.split_at(part.len().min(64 - filled));
            edges[0][filled..filled + now.len()].copy_from_slice(now);
            filled += now.len();
            part = later;
            if filled < 64 {
                continue;
            }
            backend.compress(&mut state, &edges[..1]);
        }
        let (blocks, tail) = part.as_chunks();
        if !blocks.is_empty() {
            backend.compress(&mut state, blocks);
        }
        edges[0][..tail.len()].copy_from_slice(tail);
        filled = tail.len();
    }
    let used = finish(&mut edges, filled, length);
    backend.compress(&mut state, &edges[..used]);
    edges.as_flattened_mut().zeroize();
    digest_of(&state)
}

/// Makes the last one or two blocks of `tail`, which is shorter than a block, in `edges`, and says
/// how many they are; `length` is that of the whole message in bytes.
pub(super) fn pad(edges: &mut [Block], tail: &[&[u8]], length: u64) -> usize {
    let flat = edges.as_flattened_mut();
    let mut filled = 0;
    for part in tail {
        flat[filled..filled + part.len()].copy_from_slice(part);
        filled += part.len();
    }
    finish(edges, filled, length)
}

/// After the `filled` bytes a one bit, zeros, the length in bits.
fn finish(edges: &mut [Block], filled: usize, length: u64) -> usize {
    let used = if filled < 56 { 1 } else { 2 };
    let flat = edges[..used].as_flattened_mut();
    flat[filled] = 0x80;
    flat[filled + 1..64 * used - 8].fill(0);
    flat[64 * used - 8..].copy_from_slice(&(8 * length).to_be_bytes());
    used
}
