//! SM2 signature verification: GB/T 32918.2-2016, clause 7.
//!
//! In: public key, message, signature, identifier. Out: `()` or [`Code::BadSignature`]. `B1`..`B7`
//! below are the clause's own step names. All inputs are public: variable time.

use super::{
    DistId, PublicKey, Signature,
    backend::{Backend, KeyTable, Verification},
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
        self.backend.ready()?;
        // B3, B4: e = H(Z ‖ M).
        self.verify_digest(&message_digest(&self.z(id), message), signature)
    }

    /// B5 to B7 for the digest e = H(Z ‖ M).
    pub(super) fn verify_digest(&self, e: &Digest, signature: &Signature) -> Result<(), Error> {
        self.backend.ready()?;
        let claim = (*e, signature, self.point);
        verify_one(claim, |input| self.backend.double_multiply_vartime(input))
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

/// B5 to B7 for many digests e = H(Z ‖ M), each under a key of its own.
pub(super) fn verify_digests(
    claims: &[(&PublicKey, Digest, &Signature)],
) -> Vec<Result<(), Error>> {
    let backend = Backend::fastest();
    if let Err(refused) = backend.ready_for(claims.len()) {
        return refused;
    }
    let claims = claims.iter().map(|(key, e, signature)| (*e, *signature, key.point));
    verify_all(claims, |inputs| backend.double_multiply_all_vartime(inputs))
}

impl Backend {
    /// As [`verify_many`], with this backend.
    #[must_use]
    pub fn verify_many(self, claims: &[Claim<'_>]) -> Vec<Result<(), Error>> {
        if let Err(refused) = self.ready_for(claims.len()) {
            return refused;
        }
        let claims = claims.iter().map(|claim| (claim.digest(), claim.signature, claim.key.point));
        verify_all(claims, |inputs| self.double_multiply_all_vartime(inputs))
    }
}

impl Claim<'_> {
    /// B3, B4: e = H(Z ‖ M).
    fn digest(&self) -> Digest {
        message_digest(&self.key.z(self.id), self.message)
    }
}

/// A public key with tables that make verification, and encryption to its holder, several times as fast.
/// They take 86 KiB, or with AVX-512 IFMA 104 KiB and 65 more once many are asked for at a time, and as
/// long as some verifications to make: for keys that are met many times.
#[derive(Clone)]
pub struct PreparedPublicKey {
    key: PublicKey,
    id: DistId,
    z: Digest,
    table: KeyTable,
}

impl PreparedPublicKey {
    /// Prepares `key`, and Z of `id`, the identifier that is expected most.
    #[must_use]
    pub fn new(key: &PublicKey, id: &DistId) -> Self {
        let table = KeyTable::new(key.backend, &key.point);
        Self { key: key.clone(), id: id.clone(), z: key.z(id), table }
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// [k]G and [k]P for k in [1, n-1], in constant time.
    pub(super) fn multiply_base_and_key(&self, k: &Scalar) -> [Affine; 2] {
        self.table.multiply_base_and_key(k)
    }

    /// [k]P for each k in [1, n-1], in constant time.
    pub(super) fn multiply_all(&self, scalars: &[Scalar]) -> Vec<Affine> {
        self.table.multiply_all(scalars)
    }

    /// As [`PublicKey::verify`], for any identifier.
    ///
    /// # Errors
    /// [`Code::BadSignature`] if any of B1 to B7 rejects. Which one is deliberately not told.
    pub fn verify(&self, message: &[u8], signature: &Signature, id: &DistId) -> Result<(), Error> {
        self.key.backend.ready()?;
        let z = if *id == self.id { self.z } else { self.key.z(id) };
        self.verify_digest(&message_digest(&z, message), signature)
    }

    /// Verifies many signatures of this key under its prepared identifier, and gives the results in
    /// their order.
    #[must_use]
    pub fn verify_many(&self, claims: &[(&[u8], &Signature)]) -> Vec<Result<(), Error>> {
        if let Err(refused) = self.key.backend.ready_for(claims.len()) {
            return refused;
        }
        let claims = claims.iter().map(|(message, signature)| {
            (message_digest(&self.z, message), *signature, self.key.point)
        });
        verify_all(claims, |inputs| self.table.double_multiply_all_vartime(inputs))
    }

    /// B5 to B7 for many digests e = H(Z ‖ M).
    pub(super) fn verify_digests(&self, claims: &[(Digest, &Signature)]) -> Vec<Result<(), Error>> {
        let claims = claims.iter().map(|(e, signature)| (*e, *signature, self.key.point));
        verify_all(claims, |inputs| self.table.double_multiply_all_vartime(inputs))
    }

    pub(super) fn verify_digest(&self, e: &Digest, signature: &Signature) -> Result<(), Error> {
        self.key.backend.ready()?;
        let claim = (*e, signature, self.key.point);
        verify_one(claim, |input| self.table.double_multiply_vartime(input))
    }
}

impl std::fmt::Debug for PreparedPublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PreparedPublicKey").field(&self.key).finish()
    }
}

/// The digest e, the signature, and the point of the key.
type Digested<'a> = (Digest, &'a Signature, Affine);

/// B5 to B7, where `sum` computes [s]G + [t]P.
fn verify_one(
    claim: Digested<'_>,
    sum: impl FnOnce(&Verification) -> Extended,
) -> Result<(), Error> {
    let (input, x) = prepare(claim);
    // B6: (x1, y1) = [s]G + [t]P.
    decide(&input.t, &x, &sum(&input))
}

/// The same for each claim.
fn verify_all<'a>(
    claims: impl Iterator<Item = Digested<'a>>,
    sums: impl FnOnce(&[Verification]) -> Vec<Extended>,
) -> Vec<Result<(), Error>> {
    let (inputs, expected): (Vec<_>, Vec<_>) = claims.map(prepare).unzip();
    let sums = sums(&inputs);
    let results = inputs.iter().zip(&expected).zip(&sums);
    results.map(|((input, x), sum)| decide(&input.t, x, sum)).collect()
}

/// What B6 needs, and the x1 that B7 expects, modulo n.
fn prepare((e, signature, point): Digested<'_>) -> (Verification, Scalar) {
    // B1, B2: r and s are in [1, n-1], as in every `Signature`.
    let (r, s) = signature.scalars();
    // B5: t = (r + s) mod n. B7: R = (e + x1) mod n = r, that is, x1 = r - e (mod n).
    let x = r.sub(&Scalar::from_bytes_reduced(&e));
    (Verification { s, t: r.add(&s), point }, x)
}

/// The rejections of B5 (t = 0) and B7 (R != r).
fn decide(t: &Scalar, x: &Scalar, sum: &Extended) -> Result<(), Error> {
    if t.is_zero().declassify() || !has_x_vartime(sum, x) {
        return Err(Error::new(Code::BadSignature).field("signature"));
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
