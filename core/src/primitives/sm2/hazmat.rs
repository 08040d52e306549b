//! The parts of signing and verification on their own, for callers that speak to hardware or to other
//! protocols. Misused, each of these breaks SM2.
//!
//! A signature over a digest that the signer or verifier did not compute from the message and Z
//! itself proves nothing: from any public key anyone can make pairs of a digest and a signature that
//! verify, and without Z a signature can be taken over by another key.

use super::{DistId, PreparedPublicKey, PrivateKey, PublicKey, Signature, key, verify};
use crate::{error::Error, primitives::sm3::Digest};

/// Z, the digest of a key and its user (GB/T 32918.2-2016, 5.5).
#[must_use]
pub fn z(key: &PublicKey, id: &DistId) -> Digest {
    key.z(id)
}

/// e = H(Z ‖ M), the digest that is signed (GB/T 32918.2-2016, steps A1 and A2).
#[must_use]
pub fn message_digest(key: &PublicKey, id: &DistId, message: &[u8]) -> Digest {
    key::message_digest(&key.z(id), message)
}

/// Signs the digest e = H(Z ‖ M), which the caller has computed from the message itself.
///
/// # Errors
/// [`Code::NoRandomness`](crate::Code::NoRandomness).
pub fn sign_digest(key: &PrivateKey, e: &Digest) -> Result<Signature, Error> {
    key.sign_digest(e)
}

/// Verifies a signature over the digest e = H(Z ‖ M), which the caller has computed from the message
/// itself. Variable time: all inputs are public.
///
/// # Errors
/// [`Code::BadSignature`](crate::Code::BadSignature).
pub fn verify_digest(key: &PublicKey, e: &Digest, signature: &Signature) -> Result<(), Error> {
    key.verify_digest(e, signature)
}

/// As [`verify_digest`], with a prepared key.
///
/// # Errors
/// [`Code::BadSignature`](crate::Code::BadSignature).
pub fn verify_digest_prepared(
    key: &PreparedPublicKey,
    e: &Digest,
    signature: &Signature,
) -> Result<(), Error> {
    key.verify_digest(e, signature)
}

/// As [`verify_digest`] for many, each under a key of its own; the results are in their order.
#[must_use]
pub fn verify_digests(claims: &[(&PublicKey, Digest, &Signature)]) -> Vec<Result<(), Error>> {
    verify::verify_digests(claims)
}
