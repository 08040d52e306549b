//! SM2 signing: GB/T 32918.2-2016, clause 6.
//!
//! In: private key, message, identifier. Out: (r, s). `A1`..`A7` below are the clause's own step
//! names. Constant time in the private key and the nonce; the message is treated as public.

use std::slice;

use zeroize::Zeroizing;

use super::{
    DistId, PrivateKey, Signature,
    field::FieldElement,
    key::message_digest,
    nonce::{self, Seed},
    scalar::Scalar,
};
use crate::{
    error::Error,
    primitives::{
        ct, rng,
        sm3::{self, Digest},
    },
};

/// Signatures that [`PrivateKey::sign_many`] works on together: enough to share an inversion, few enough
/// that their nonces are soon overwritten.
const GROUP: usize = 64;

impl PrivateKey {
    /// Signs `message` under the signer's identifier (GB/T 32918.2-2016, clause 6). Constant time in d.
    ///
    /// The nonce is a hash under the key, over fresh randomness and the digest, so two signatures of one
    /// message differ.
    ///
    /// # Errors
    /// [`Code::NoRandomness`](crate::Code::NoRandomness);
    /// [`Code::SelfTestFailed`](crate::Code::SelfTestFailed) if a check has failed.
    pub fn sign(&self, message: &[u8], id: &DistId) -> Result<Signature, Error> {
        self.public().backend.ready()?;
        // A1, A2: e = H(Z ‖ M).
        self.sign_digest(&message_digest(&self.z(id), message))
    }

    /// Signs many messages under one identifier, each as [`Self::sign`] does, in their order. Where the
    /// CPU has AVX-512 IFMA, that is several times as fast as one by one.
    ///
    /// # Errors
    /// [`Code::NoRandomness`](crate::Code::NoRandomness);
    /// [`Code::SelfTestFailed`](crate::Code::SelfTestFailed) if a check has failed.
    pub fn sign_many(&self, messages: &[&[u8]], id: &DistId) -> Result<Vec<Signature>, Error> {
        self.public().backend.ready()?;
        let z = self.z(id);
        let inverse = self.inverse()?;
        let mut signatures = Vec::with_capacity(messages.len());
        let mut random = Zeroizing::new([[0; nonce::RANDOM]; GROUP]);
        for group in messages.chunks(GROUP) {
            let digests = sm3::hash_many_with_prefix(&z, group);
            let random = &mut random[..group.len()];
            rng::fill(random.as_flattened_mut())?;
            let seeds = random.iter().zip(&digests).map(|(random, e)| Seed::new(random, e));
            let nonces = nonce::first_of_each(&mut seeds.collect::<Vec<_>>(), self.nonce_key())?;
            let points = Zeroizing::new(self.public().backend.multiply_base_all(&nonces));
            for ((e, k), point) in digests.iter().zip(&*nonces).zip(&*points) {
                signatures.push(match finish(e, k, &point.x, &inverse) {
                    Some(signature) => signature,
                    None => self.sign_digest(e)?,
                });
            }
            self.check_for_faults(&digests, &signatures[signatures.len() - group.len()..])?;
        }
        Ok(signatures)
    }

    /// A3 to A7 for the digest e = H(Z ‖ M).
    pub(super) fn sign_digest(&self, e: &Digest) -> Result<Signature, Error> {
        self.public().backend.ready()?;
        let mut seed = Seed::fresh(e)?;
        let signature = self.sign_with_nonces(e, || seed.next(self.nonce_key()))?;
        self.check_for_faults(&[*e], slice::from_ref(&signature))?;
        Ok(signature)
    }

    /// A3 to A7 with nonces in [1, n-1] from `next_nonce`: the door through which tests give the
    /// standard's own. A nonce used twice, or known, gives the private key away.
    pub(super) fn sign_with_nonces(
        &self,
        e: &Digest,
        mut next_nonce: impl FnMut() -> Result<Zeroizing<Scalar>, Error>,
    ) -> Result<Signature, Error> {
        let inverse = self.inverse()?;
        loop {
            // A3: k in [1, n-1].
            let k = next_nonce()?;
            // A4: (x1, y1) = [k]G, of which only x1 is needed.
            let x1 = Zeroizing::new(self.public().backend.multiply_base_for_x(&k));
            if let Some(signature) = finish(e, &k, &x1, &inverse) {
                return Ok(signature);
            }
        }
    }
}

/// A5 to A7 with 2^256 / (1 + d), or `None` if another nonce is needed.
fn finish(e: &Digest, k: &Scalar, x1: &FieldElement, inverse: &Scalar) -> Option<Signature> {
    // A5: r = (e + x1) mod n; again if r = 0 or r + k = n.
    let x1 = Scalar::from_limbs_reduced(&x1.to_limbs());
    let r = Scalar::from_bytes_reduced(e).add(&x1);
    let sum = Zeroizing::new(r.add(k));
    if r.is_zero().declassify() || sum.is_zero().declassify() {
        return None;
    }
    // A6: s = (k - r d) / (1 + d) = (k + r) / (1 + d) - r; again if s = 0.
    let s = sum.multiply_montgomery(inverse).sub(&r);
    #[cfg(test)]
    let s = super::fault::injected::disturb(s);
    // A7: r and s are public.
    (!s.is_zero().declassify()).then(|| Signature::new(&ct::declassify(r), &ct::declassify(s)))
}
