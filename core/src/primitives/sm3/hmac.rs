//! HMAC with SM3 (GB/T 15852.2) for a key that serves many messages.

use std::{fmt, slice};

use zeroize::{Zeroize as _, Zeroizing};

use super::{
    Backend, Block, Digest, LANES_MIN, digest_of,
    message::{Input, Midstate},
};

/// The digests that [`HmacKey::mac_many`] works on together: a multiple of the lanes of any backend.
const GROUP: usize = 64;

/// A key of HMAC-SM3, its two blocks taken in once: a message of up to 55 bytes costs two compressions,
/// one of 64 bytes three. Zeroised when it is dropped; `Debug` prints `HmacKey(..)`.
#[derive(Clone)]
pub struct HmacKey {
    inner: Midstate,
    outer: Midstate,
    backend: Backend,
}

impl HmacKey {
    /// From a key of any length; one of more than 64 bytes is hashed first. Constant time in the key.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self::with_backend(Backend::default(), key)
    }

    /// The same, on a chosen backend instead of the fastest.
    #[must_use]
    pub fn with_backend(backend: Backend, key: &[u8]) -> Self {
        let mut block = Zeroizing::new([0; 64]);
        if key.len() > 64 {
            block[..32].copy_from_slice(&*Zeroizing::new(backend.hash(key)));
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let after = |pad: u8| {
            let padded: Zeroizing<Block> = Zeroizing::new(block.map(|byte| byte ^ pad));
            Midstate::after(backend, &*padded).0
        };
        Self { inner: after(0x36), outer: after(0x5c), backend }
    }

    /// The tag of the message that `parts` make one after the other. Constant time in their content;
    /// compare it in constant time with one that somebody else gave.
    #[must_use]
    pub fn mac(&self, parts: &[&[u8]]) -> Zeroizing<Digest> {
        let inner = Zeroizing::new(self.backend.absorb(&self.inner, parts));
        Zeroizing::new(self.backend.absorb(&self.outer, &[&*inner]))
    }

    /// Each of `values` becomes the tag of itself.
    pub(super) fn mac_in_place(&self, values: &mut [Digest]) {
        if values.len() < LANES_MIN {
            values.iter_mut().for_each(|value| self.mac_one_in_place(value));
            return;
        }
        for group in values.chunks_mut(GROUP) {
            let mut before = [[0; 32]; GROUP];
            for start in [&self.inner, &self.outer] {
                let before = &mut before[..group.len()];
                before.copy_from_slice(group);
                let input = |i: usize| Input { start, head: &[], body: &before[i] };
                self.backend.absorb_many(&input, group);
            }
            before.as_flattened_mut().zeroize();
        }
    }

    /// The same without any set-up: a digest and its padding fill one block.
    fn mac_one_in_place(&self, value: &mut Digest) {
        let mut block = [0; 64];
        block[32] = 0x80;
        // The length in bits, a block and a digest.
        block[62..].copy_from_slice(&(8 * 96_u16).to_be_bytes());
        for start in [&self.inner, &self.outer] {
            block[..32].copy_from_slice(value);
            let mut state = start.state;
            self.backend.compress(&mut state, slice::from_ref(&block));
            *value = digest_of(&state);
            state.as_mut_slice().zeroize();
        }
        block.as_mut_slice().zeroize();
    }

    /// The tags of many messages in their order: faster than one by one where the CPU has vectors.
    #[must_use]
    pub fn mac_many(&self, messages: &[&[u8]]) -> Zeroizing<Vec<Digest>> {
        let mut tags = Zeroizing::new(vec![[0; 32]; messages.len()]);
        let mut inner = [[0; 32]; GROUP];
        for (messages, tags) in messages.chunks(GROUP).zip(tags.chunks_mut(GROUP)) {
            let inner = &mut inner[..messages.len()];
            let first = |i: usize| Input { start: &self.inner, head: &[], body: messages[i] };
            self.backend.absorb_many(&first, inner);
            let second = |i: usize| Input { start: &self.outer, head: &[], body: &inner[i] };
            self.backend.absorb_many(&second, tags);
        }
        inner.as_flattened_mut().zeroize();
        tags
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey(..)")
    }
}
