//! Nonces for signing: SM3 under the private key, over fresh randomness and the digest.
//!
//! k = SM3(d ‖ 0 ‖ random ‖ e ‖ i), d of 32 bytes and as many zeros, random of 22 bytes, e of 32, i a byte
//! that counts candidates from 0; one outside [1, n-1] is passed over, which happens once in 2^32 times.
//! The block of d is the key of a pseudorandom function, of which every message has one length and takes
//! one block: what HMAC adds against messages that continue one another is not needed. (EdDSA makes its
//! nonces in this way.)
//!
//! Should the operating system's generator fail or repeat itself (a copied process, a restored machine),
//! the nonce is still unknown without d and different for each digest; the same digest then gives the same
//! signature again, which tells nothing.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::scalar::Scalar;
use crate::{
    error::{Code, Error},
    primitives::{
        rng,
        sm3::{Digest, Prefix},
    },
};

/// The private key's block, taken in once.
pub(super) struct Key(Prefix);

impl Key {
    pub(super) fn new(d: &[u8; 32]) -> Self {
        let mut block = Zeroizing::new([0; 64]);
        block[..32].copy_from_slice(d);
        Self(Prefix::new(&block))
    }
}

/// random ‖ e ‖ i.
pub(super) struct Seed([u8; RANDOM + 32 + 1]);

/// The bytes of randomness in a seed: enough that no two signatures share one, and the most that leave the
/// message in one block.
pub(super) const RANDOM: usize = 22;

/// The place of i.
const I: usize = RANDOM + 32;

impl Seed {
    pub(super) fn new(random: &[u8; RANDOM], e: &Digest) -> Self {
        let mut seed = Self([0; I + 1]);
        seed.0[..RANDOM].copy_from_slice(random);
        seed.0[RANDOM..I].copy_from_slice(e);
        seed
    }

    /// With fresh randomness.
    pub(super) fn fresh(e: &Digest) -> Result<Self, Error> {
        let mut random = Zeroizing::new([0; RANDOM]);
        rng::fill_from_reserve(&mut random)?;
        Ok(Self::new(&random, e))
    }

    /// The next candidate that is a nonce.
    ///
    /// # Errors
    /// [`Code::NoRandomness`] after 255 candidates, of which not one came right by chance.
    pub(super) fn next(&mut self, key: &Key) -> Result<Zeroizing<Scalar>, Error> {
        loop {
            let candidate = Zeroizing::new(key.0.hash(&self.0));
            self.0[I] = self.0[I]
                .checked_add(1)
                .ok_or(Error::new(Code::NoRandomness).field("randomness"))?;
            if let Some(k) = Scalar::from_bytes_nonzero(&candidate) {
                return Ok(Zeroizing::new(k));
            }
        }
    }
}

/// The first nonce of each seed.
pub(super) fn first_of_each(
    seeds: &mut [Seed],
    key: &Key,
) -> Result<Zeroizing<Vec<Scalar>>, Error> {
    let messages: Vec<&[u8]> = seeds.iter().map(|seed| seed.0.as_slice()).collect();
    let mut candidates = Zeroizing::new(vec![[0; 32]; seeds.len()]);
    key.0.hash_many(&messages, &mut candidates);
    let mut nonces = Zeroizing::new(Vec::with_capacity(seeds.len()));
    for (seed, candidate) in seeds.iter_mut().zip(&*candidates) {
        nonces.push(match Scalar::from_bytes_nonzero(candidate) {
            Some(k) => k,
            None => *seed.next(key)?,
        });
    }
    Ok(nonces)
}

impl Drop for Seed {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

impl ZeroizeOnDrop for Seed {}
