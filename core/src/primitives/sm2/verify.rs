//! SM2 signature verification: GB/T 32918.2-2016, clause 7.
//!
//! In: public key, message, signature, identifier. Out: `()` or [`Code::BadSignature`]. `B1`..`B7`
//! below are the clause's own step names. All inputs are public: variable time.

use super::{
    DistId, PublicKey, Signature,
    backend::{Backend, Verification},
    comb::{self, Comb},
    field::{self, FieldElement},
    key::message_digest,
    limbs,
    point::{Affine, Extended},
    scalar::{self, Scalar},
};
use crate::{
    error::{Code, Error},
    primitives::sm3::Digest,
};

impl PublicKey {
    /// Verifies `signature` over `message` with this key and the signer's identifier
    /// (GB/T 32918.2-2016, clause 7). Variable time: all inputs are public.
    ///
    /// # Errors
    /// [`Code::BadSignature`] if any of B1 to B7 rejects. Which one is deliberately not told.
    pub fn verify(&self, message: &[u8], signature: &Signature, id: &DistId) -> Result<(), Error> {
        // B3, B4: e = H(Z ‖ M).
        self.verify_digest(&message_digest(&self.z(id), message), signature)
    }

    /// B5 to B7 for the digest e = H(Z ‖ M).
    pub(super) fn verify_digest(&self, e: &Digest, signature: &Signature) -> Result<(), Error> {
        let point =
            |s, t| self.backend.double_multiply_vartime(&Verification { s, t, point: self.point });
        verify_with(e, signature, point)
    }
}

/// A signature to be verified by [`verify_many`].
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The signer's key.
    pub key: &'a PublicKey,
    /// What was signed.
    pub message: &'a [u8],
    /// The signature.
    pub signature: &'a Signature,
    /// The signer's identifier.
    pub id: &'a DistId,
}

/// Verifies many signatures, each as [`PublicKey::verify`] does, and gives the results in their order.
/// Where the CPU has AVX-512 IFMA, that is several times as fast as one by one. Variable time.
#[must_use]
pub fn verify_many(claims: &[Claim<'_>]) -> Vec<Result<(), Error>> {
    Backend::fastest().verify_many(claims)
}

impl Backend {
    /// As [`verify_many`], with this backend.
    #[must_use]
    pub fn verify_many(self, claims: &[Claim<'_>]) -> Vec<Result<(), Error>> {
        let inputs = claims.iter().map(|claim| {
            let (s, t, x) = prepare(&claim.digest(), claim.signature);
            (Verification { s, t, point: claim.key.point }, x)
        });
        let (inputs, expected): (Vec<_>, Vec<_>) = inputs.unzip();
        let sums = self.double_multiply_all_vartime(&inputs);
        let results = inputs.iter().zip(&expected).zip(&sums);
        results.map(|((input, x), sum)| decide(&input.t, x, sum)).collect()
    }
}

impl Claim<'_> {
    /// B3, B4: e = H(Z ‖ M).
    fn digest(&self) -> Digest {
        message_digest(&self.key.z(self.id), self.message)
    }
}

/// A public key with tables that make verification about three times as fast. They take 51 KiB and as
/// long as some four verifications to make: for keys that sign many documents.
#[derive(Clone)]
pub struct PreparedPublicKey {
    key: PublicKey,
    id: DistId,
    z: Digest,
    comb: Box<Comb>,
}

impl PreparedPublicKey {
    /// Prepares `key`, and Z of `id`, the identifier that is expected most.
    #[must_use]
    pub fn new(key: &PublicKey, id: &DistId) -> Self {
        let comb = comb::build(&key.point);
        Self { key: key.clone(), id: id.clone(), z: key.z(id), comb }
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// [k]P for k in [1, n-1], in constant time.
    pub(super) fn multiply(&self, k: &Scalar) -> Affine {
        comb::multiply(&self.comb, k).to_affine()
    }

    /// [k]P for each k in [1, n-1], in constant time.
    pub(super) fn multiply_all(&self, scalars: &[Scalar]) -> Vec<Affine> {
        scalars.iter().map(|k| self.multiply(k)).collect()
    }

    /// As [`PublicKey::verify`], for any identifier.
    ///
    /// # Errors
    /// [`Code::BadSignature`] if any of B1 to B7 rejects. Which one is deliberately not told.
    pub fn verify(&self, message: &[u8], signature: &Signature, id: &DistId) -> Result<(), Error> {
        let z = if *id == self.id { self.z } else { self.key.z(id) };
        self.verify_digest(&message_digest(&z, message), signature)
    }

    /// Verifies many signatures of this key under its prepared identifier, and gives the results in
    /// their order.
    #[must_use]
    pub fn verify_many(&self, claims: &[(&[u8], &Signature)]) -> Vec<Result<(), Error>> {
        let verify = |(message, signature): &(&[u8], &Signature)| {
            self.verify_digest(&message_digest(&self.z, message), signature)
        };
        claims.iter().map(verify).collect()
    }

    pub(super) fn verify_digest(&self, e: &Digest, signature: &Signature) -> Result<(), Error> {
        let point = |s, t| {
            let sum = comb::add_multiple_vartime(Extended::INFINITY, &comb::BASE, &s);
            comb::add_multiple_vartime(sum, &self.comb, &t)
        };
        verify_with(e, signature, point)
    }
}

impl std::fmt::Debug for PreparedPublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PreparedPublicKey").field(&self.key).finish()
    }
}

/// B5 to B7, where `point` computes [s]G + [t]P.
fn verify_with(
    e: &Digest,
    signature: &Signature,
    point: impl FnOnce(Scalar, Scalar) -> Extended,
) -> Result<(), Error> {
    let (s, t, x) = prepare(e, signature);
    // B6: (x1, y1) = [s]G + [t]P.
    decide(&t, &x, &point(s, t))
}

/// s, t and the x1 that B7 expects, modulo n.
fn prepare(e: &Digest, signature: &Signature) -> (Scalar, Scalar, Scalar) {
    // B1, B2: r and s are in [1, n-1], as in every `Signature`.
    let (r, s) = signature.scalars();
    // B5: t = (r + s) mod n. B7: R = (e + x1) mod n = r, that is, x1 = r - e (mod n).
    (s, r.add(&s), r.sub(&Scalar::from_bytes_reduced(e)))
}

/// The rejections of B5 (t = 0) and B7 (R != r).
fn decide(t: &Scalar, x: &Scalar, sum: &Extended) -> Result<(), Error> {
    if t.is_zero().declassify() || !has_x_vartime(sum, x) {
        return Err(Error::new(Code::BadSignature));
    }
    Ok(())
}

/// Whether the point is not infinity and its x is `expected` modulo n, without an inversion.
fn has_x_vartime(point: &Extended, expected: &Scalar) -> bool {
    if point.zz.is_zero_vartime() {
        return false;
    }
    let is_x = |x| FieldElement::new(&x).multiply(&point.zz).sub(&point.x).is_zero_vartime();
    // p is above n: x may be `expected` + n, if that is below p.
    let (second, carry) = limbs::add(&expected.0, &scalar::N);
    let (_, below) = limbs::sub(&second, &field::P);
    is_x(expected.0) || (!carry && below && is_x(second))
}
