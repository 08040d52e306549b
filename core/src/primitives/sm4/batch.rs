//! The modes over any block kernel, in batches, for backends that have no kernel of their own for them.

use zeroize::Zeroize as _;

use super::{Block, RoundKeys};

/// The blocks of a batch: a multiple of what any kernel takes at a time.
const BATCH: usize = 64;

/// Adds the keystream to `data`; see [`RoundKeys::xor_keystream`].
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

/// Encrypts a chain; see [`RoundKeys::cbc_encrypt`]. Each block waits for the one before it.
pub(super) fn cbc_encrypt(keys: &RoundKeys, previous: &Block, blocks: &mut [Block]) {
    let mut previous = *previous;
    for block in blocks {
        xor(block, &previous);
        keys.encrypt(std::slice::from_mut(block));
        previous = *block;
    }
}

/// Decrypts a chain; see [`RoundKeys::cbc_decrypt`].
pub(super) fn cbc_decrypt(keys: &RoundKeys, previous: &Block, blocks: &mut [Block]) {
    let mut previous = *previous;
    let mut ciphertext = [[0; 16]; BATCH];
    for batch in blocks.chunks_mut(BATCH) {
        let ciphertext = &mut ciphertext[..batch.len()];
        ciphertext.copy_from_slice(batch);
        keys.decrypt(batch);
        for (block, &next) in batch.iter_mut().zip(&*ciphertext) {
            xor(block, &previous);
            previous = next;
        }
    }
}

fn xor(block: &mut Block, other: &Block) {
    for (byte, other) in block.iter_mut().zip(other) {
        *byte ^= other;
    }
}
