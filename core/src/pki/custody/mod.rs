//! Where private keys live: behind [`Signer`] and [`Decrypter`], so that a key in hardware serves as one
//! in memory does.
//!
//! A device that fails says so with [`Error::device_code`](crate::Error::device_code). Hardware stands
//! behind a [`Driver`], whose sessions a [`Pool`] shares among threads; [`MemoryDriver`] takes its place
//! in tests.

mod driver;
mod memory;
mod pool;
mod sessions;
#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

pub use driver::{Driver, Failure, SessionAfter};
pub use memory::{MemoryDriver, MemorySession};
pub use pool::{Pool, PoolSettings, PoolStatus, PooledKey};

use super::{algorithm::SignatureAlgorithm, x509::Certificate};
use crate::{
    error::Error,
    primitives::sm2::{Ciphertext, DistId, PrivateKey, PublicKey, Signature},
};

/// Whose key it is, and how it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The public key.
    pub public_key: PublicKey,
    /// The certificate of the key, where the place that holds the key knows one.
    pub certificate: Option<Certificate>,
    /// The name under which the key is kept: a container of GM/T 0016, an index of GM/T 0018, a label of
    /// PKCS#11, the name of a file. Empty where it has none; never a secret.
    pub label: String,
}

impl Identity {
    /// A key of which nothing more is known.
    #[must_use]
    pub const fn of_key(public_key: PublicKey) -> Self {
        Self { public_key, certificate: None, label: String::new() }
    }

    /// The same, with its certificate.
    #[must_use]
    pub fn with_certificate(mut self, certificate: Certificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// The same, under a name.
    #[must_use]
    pub fn with_label(mut self, label: &str) -> Self {
        label.clone_into(&mut self.label);
        self
    }
}

/// Something that signs with one SM2 private key.
pub trait Signer: Send + Sync {
    /// The public key that verifies what [`sign`](Self::sign) makes.
    fn public_key(&self) -> &PublicKey;

    /// Signs `message` under the identifier `id` (GB/T 32918.2-2016, clause 6).
    ///
    /// # Errors
    /// Whatever keeps the key from being used; of a device with its own code.
    fn sign(&self, message: &[u8], id: &DistId) -> Result<Signature, Error>;

    /// Whose key it is.
    fn identity(&self) -> Identity {
        Identity::of_key(self.public_key().clone())
    }

    /// The algorithm of the signatures.
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::Sm2WithSm3
    }
}

/// Something that decrypts with one SM2 private key.
pub trait Decrypter: Send + Sync {
    /// The public key to which others encrypt.
    fn public_key(&self) -> &PublicKey;

    /// Decrypts `ciphertext` (GB/T 32918.4-2016, clause 7).
    ///
    /// # Errors
    /// [`Code::BadCiphertext`](crate::Code::BadCiphertext) if it was not made for this key, or was
    /// changed; whatever keeps the key from being used; of a device with its own code.
    fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Zeroizing<Vec<u8>>, Error>;

    /// Whose key it is.
    fn identity(&self) -> Identity {
        Identity::of_key(self.public_key().clone())
    }
}

impl Signer for PrivateKey {
    fn public_key(&self) -> &PublicKey {
        self.public()
    }

    fn sign(&self, message: &[u8], id: &DistId) -> Result<Signature, Error> {
        self.sign(message, id)
    }
}

impl Decrypter for PrivateKey {
    fn public_key(&self) -> &PublicKey {
        self.public()
    }

    fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.decrypt(ciphertext)
    }
}
