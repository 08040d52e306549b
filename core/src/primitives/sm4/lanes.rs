//! Chains of CBC side by side, one a lane: as one ends the next message takes its lane.

use super::{Block, Chain, RoundKeys, batch::xor};

/// The most chains at a time: what a wide kernel takes.
pub(super) const LANES: usize = 64;

/// One chain on its way.
pub(super) struct Lane<'d> {
    /// The ciphertext block before `rest`.
    pub(super) state: Block,
    pub(super) rest: &'d mut [Block],
}

/// Encrypts every chain; none is empty.
pub(super) fn encrypt<'d>(keys: &RoundKeys, mut chains: impl Iterator<Item = Lane<'d>>) {
    let mut lanes: Vec<Lane<'d>> = Vec::with_capacity(LANES);
    loop {
        lanes.extend(chains.by_ref().take(LANES - lanes.len()));
        // All go on until the first one ends.
        let Some(steps) = lanes.iter().map(|lane| lane.rest.len()).min() else { return };
        match lanes.as_mut_slice() {
            [lane] => keys.chain(Chain::Cbc, &mut lane.state, lane.rest),
            lanes => keys.cbc_encrypt_lanes(lanes, steps),
        }
        for lane in &mut lanes {
            let (done, rest) = std::mem::take(&mut lane.rest).split_at_mut(steps);
            lane.state = *done.last().unwrap_or(&lane.state);
            lane.rest = rest;
        }
        lanes.retain(|lane| !lane.rest.is_empty());
    }
}

/// See [`RoundKeys::cbc_encrypt_lanes`]: over any kernel that takes many blocks.
#[inline(never)] // see `batch`
pub(super) fn encrypt_steps(keys: &RoundKeys, lanes: &mut [Lane<'_>], steps: usize) {
    let mut states = [[0; 16]; LANES];
    for (state, lane) in states.iter_mut().zip(&*lanes) {
        *state = lane.state;
    }
    let states = &mut states[..lanes.len()];
    for step in 0..steps {
        for (state, lane) in states.iter_mut().zip(&*lanes) {
            xor(state, &lane.rest[step]);
        }
        keys.encrypt(states);
        for (state, lane) in states.iter().zip(&mut *lanes) {
            lane.rest[step] = *state;
        }
    }
}
