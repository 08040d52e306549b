//! SM2 over the recommended curve of GB/T 32918.5-2017: keys, signatures
//! (part 2), key exchange (part 3), encryption (part 4).
//!
//! What takes a private key or a nonce is constant time in it; what takes public values only is
//! variable time and says so. Signatures are always over a message and the signer's identifier
//! ([`DistId`]): a digest of the caller's in place of the message would allow forgeries, and is to be
//! had in [`hazmat`] only.
//!
//! Files, bottom up: `limbs`, `inverse` (integers); `field`, `scalar` (modulo p and n); `point`;
//! `comb`, `multiply`, `ifma` (multiples of points), `backend` (the choice between them); `key`, `signature`, `nonce`, `sign`, `verify`,
//! `ciphertext`, `encrypt`, `exchange` (the standard's algorithms).

mod backend;
mod ciphertext;
mod comb;
mod encode;
mod encrypt;
pub mod exchange;
mod fault;
mod field;
pub mod hazmat;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod inverse;
mod key;
mod limbs;
mod multiply;
mod nonce;
mod pairwise;
mod point;
mod scalar;
mod selftest;
mod sign;
mod signature;
mod verify;

use std::borrow::Cow;

pub(crate) use self::key::PARAMETERS;
pub use self::{
    backend::Backend,
    ciphertext::Ciphertext,
    key::{PrivateKey, PublicKey, keygen_many},
    signature::Signature,
    verify::{Claim, PreparedPublicKey, verify_many},
};
use crate::error::{Code, Error};

/// The signer's distinguishing identifier of GB/T 32918.2-2016, 5.5, which goes into every signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistId(Cow<'static, [u8]>);

impl DistId {
    /// `1234567812345678`, the default of GM/T 0009-2012, clause 10: certificates and seals use it.
    pub const DEFAULT: Self = Self(Cow::Borrowed(b"1234567812345678"));

    /// Any identifier of at most 8191 bytes (its length in bits is written in 16 bits).
    ///
    /// # Errors
    /// [`Code::BadDistId`] if it is longer.
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > 8191 {
            return Err(Error::new(Code::BadDistId).field("identifier"));
        }
        Ok(Self(Cow::Owned(bytes.to_vec())))
    }

    /// The identifier's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests;
