//! SM2 signing: GB/T 32918.2-2016, clause 6.
//!
//! In: private key, message, identifier. Out: (r, s). `A1`..`A7` below are the clause's own step
//! names. Constant time in the private key and the nonce; the message is treated as public.

use zeroize::{Zeroize as _, Zeroizing};

use super::{DistId, PrivateKey, Signature, key::message_digest, nonce::Nonces, scalar::Scalar};
use crate::{
    error::Error,
    primitives::{rng, sm3::Digest},
};

impl PrivateKey {
    /// Signs `message` under the signer's identifier (GB/T 32918.2-2016, clause 6). Constant time in d.
    ///
    /// The nonce comes from an HMAC-DRBG over the key, the digest and fresh randomness, so two
    /// signatures of one message differ.
    ///
    /// # Errors
    /// [`Code::NoRandomness`](crate::Code::NoRandomness).
    pub fn sign(&self, message: &[u8], id: &DistId) -> Result<Signature, Error> {
        // A1, A2: e = H(Z ‖ M).
        self.sign_digest(&message_digest(&self.z(id), message))
    }

    /// A3 to A7 for the digest e = H(Z ‖ M).
    pub(super) fn sign_digest(&self, e: &Digest) -> Result<Signature, Error> {
        let mut random = Zeroizing::new([0; 32]);
        rng::fill(&mut *random)?;
        let mut nonces = Nonces::new(self.expose_bytes(), e, &random)?;
        self.sign_with_nonces(e, || nonces.next())
    }

    /// A3 to A7 with nonces in [1, n-1] from `next_nonce`: the door through which tests give the
    /// standard's own. A nonce used twice, or known, gives the private key away.
    pub(super) fn sign_with_nonces(
        &self,
        e: &Digest,
        mut next_nonce: impl FnMut() -> Result<Zeroizing<Scalar>, Error>,
    ) -> Result<Signature, Error> {
        let e = Scalar::from_bytes_reduced(e);
        let inverse = self.inverse();
        loop {
            // A3: k in [1, n-1].
            let k = next_nonce()?;
            // A4: (x1, y1) = [k]G.
            let mut point = self.public().backend.multiply_base(&k);
            let x1 = Scalar::from_limbs_reduced(&point.x.to_limbs());
            point.zeroize();
            // A5: r = (e + x1) mod n; again if r = 0 or r + k = n.
            let r = e.add(&x1);
            let sum = Zeroizing::new(r.add(&k));
            if r.is_zero().declassify() || sum.is_zero().declassify() {
                continue;
            }
            // A6: s = (k - r d) / (1 + d) = (k + r) / (1 + d) - r; again if s = 0.
            let s = sum.multiply_montgomery(&inverse).sub(&r);
            if s.is_zero().declassify() {
                continue;
            }
            // A7.
            return Ok(Signature::new(&r, &s));
        }
    }
}
