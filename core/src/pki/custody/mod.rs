//! Where private keys live: behind [`Signer`], so that a key in hardware serves as one in memory does.

use crate::{
    error::Error,
    primitives::sm2::{DistId, PrivateKey, PublicKey, Signature},
};

/// Something that signs with one SM2 private key.
pub trait Signer: Send + Sync {
    /// The public key that verifies what [`sign`](Self::sign) makes.
    fn public_key(&self) -> &PublicKey;

    /// Signs `message` under the identifier `id` (GB/T 32918.2-2016, clause 6).
    ///
    /// # Errors
    /// Whatever keeps the key from being used.
    fn sign(&self, message: &[u8], id: &DistId) -> Result<Signature, Error>;
}

impl Signer for PrivateKey {
    fn public_key(&self) -> &PublicKey {
        self.public()
    }

    fn sign(&self, message: &[u8], id: &DistId) -> Result<Signature, Error> {
        self.sign(message, id)
    }
}
