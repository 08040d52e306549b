//! The modes over any block kernel, in batches, for backends that have no kernel of their own for them.
//!
//! None is inlined, so that in machine code what chooses a backend stands apart from what works on secrets, and
//! the analysis of it can follow both.

use std::slice;

use zeroize::Zeroize as _;

use super::{Block, Chain, Direction, RoundKeys, xts::Order};

/// The blocks of a batch: a multiple of what any kernel takes at a time.
const BATCH: usize = 64;

/// Adds the keystream to `data`; see [`RoundKeys::xor_keystream`].
#[inline(never)]
pub(super) fn xor_keystream(encrypt: impl Fn(&mut [Block]), mut counter: u128, data: &mut [u8]) {
    let mut keystream = [[0; 16]; BATCH];
    let keystream = &mut keystream[..data.len().div_ceil(16).min(BATCH)];
    for chunk in data.chunks_mut(16 * BATCH) {
        let blocks = &mut keystream[..chunk.len().div_ceil(16)];
        for block in &mut *blocks {
            *block = counter.to_be_bytes();
            counter = counter.wrapping_add(1);
        }
        encrypt(blocks);
        for (byte, stream) in chunk.iter_mut().zip(blocks.as_flattened()) {
            *byte ^= stream;
        }
    }
    // As a slice of bytes it is cleared in bulk.
    keystream.as_flattened_mut().zeroize();
}

/// See [`RoundKeys::chain`].
#[inline(never)]
pub(super) fn chain(keys: &RoundKeys, chain: Chain, state: &mut Block, blocks: &mut [Block]) {
    for block in blocks {
        if chain == Chain::Cbc {
            xor(state, block);
        }
        keys.encrypt(slice::from_mut(state));
        match chain {
            Chain::Cbc => *block = *state,
            Chain::Cfb => {
                xor(block, state);
                *state = *block;
            }
            Chain::Ofb => xor(block, state),
        }
    }
}

/// See [`RoundKeys::absorb`].
#[inline(never)]
pub(super) fn absorb(keys: &RoundKeys, state: &mut Block, blocks: &[Block]) {
    for block in blocks {
        xor(state, block);
        keys.encrypt(slice::from_mut(state));
    }
}

/// See [`RoundKeys::cbc_decrypt`].
#[inline(never)]
pub(super) fn cbc_decrypt(keys: &RoundKeys, state: &mut Block, blocks: &mut [Block]) {
    let mut ciphertext = [[0; 16]; BATCH];
    for batch in blocks.chunks_mut(BATCH) {
        let ciphertext = &mut ciphertext[..batch.len()];
        ciphertext.copy_from_slice(batch);
        keys.decrypt(batch);
        for (block, &next) in batch.iter_mut().zip(&*ciphertext) {
            xor(block, state);
            *state = next;
        }
    }
}

/// See [`RoundKeys::cfb_decrypt`].
#[inline(never)]
pub(super) fn cfb_decrypt(keys: &RoundKeys, state: &mut Block, blocks: &mut [Block]) {
    let mut keystream = [[0; 16]; BATCH];
    for batch in blocks.chunks_mut(BATCH) {
        let keystream = &mut keystream[..batch.len()];
        for (stream, block) in keystream.iter_mut().zip(&*batch) {
            (*stream, *state) = (*state, *block);
        }
        keys.encrypt(keystream);
        for (block, stream) in batch.iter_mut().zip(&*keystream) {
            xor(block, stream);
        }
    }
    keystream.as_flattened_mut().zeroize();
}

/// See [`RoundKeys::xts`].
#[inline(never)]
pub(super) fn xts(
    keys: &RoundKeys,
    direction: Direction,
    order: Order,
    tweak: &mut Block,
    blocks: &mut [Block],
) {
    let mut tweaks = [[0; 16]; BATCH];
    for batch in blocks.chunks_mut(BATCH) {
        let tweaks = &mut tweaks[..batch.len()];
        for (block, used) in batch.iter_mut().zip(&mut *tweaks) {
            xor(block, tweak);
            (*used, *tweak) = (*tweak, order.doubled(tweak));
        }
        keys.crypt(direction, batch);
        for (block, used) in batch.iter_mut().zip(&*tweaks) {
            xor(block, used);
        }
    }
    tweaks.as_flattened_mut().zeroize();
}

/// Adds `other` to `block`.
pub(super) fn xor(block: &mut Block, other: &Block) {
    for (byte, other) in block.iter_mut().zip(other) {
        *byte ^= other;
    }
}
