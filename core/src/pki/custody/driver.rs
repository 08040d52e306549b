//! What a device must be able to do to serve behind a [`Pool`](super::Pool).

use zeroize::Zeroizing;

use crate::{
    error::Error,
    primitives::{
        sm2::{Ciphertext, Signature},
        sm3::Digest,
    },
};

/// A device that holds private keys and is spoken to in sessions: GM/T 0018 (SDF), GM/T 0016 (SKF),
/// PKCS#11.
///
/// Every call may block; the pool runs it on a thread of the session's own and does not wait for it
/// longer than it was told to. An error that comes from the device carries the device's code:
/// [`Error::from_device`].
pub trait Driver: Send + Sync + 'static {
    /// An open session. It is opened, used and closed on one thread.
    type Session;

    /// What names a key inside the device: an index, a container, a handle. Never a secret such as a
    /// PIN: the driver itself keeps what opens a session or a key.
    type Key: Clone + Send + Sync + 'static;

    /// Opens a session, with whatever log-in the keys demand.
    ///
    /// # Errors
    /// That no session could be had.
    fn open(&self) -> Result<Self::Session, Error>;

    /// Whether an idle session still serves: the cheapest question that the device answers.
    ///
    /// # Errors
    /// That it does not: the session is closed.
    fn check(&self, session: &mut Self::Session) -> Result<(), Error>;

    /// Signs e = H(Z ‖ M), which was computed from the message (GB/T 32918.2-2016, A3 to A7):
    /// `SDF_InternalSign_ECC`, `SKF_ECCSignData`. A service that takes the message itself is a
    /// [`Signer`](super::Signer) of its own.
    ///
    /// # Errors
    /// Why not, and whether the session can be used again.
    fn sign(
        &self,
        session: &mut Self::Session,
        key: &Self::Key,
        e: &Digest,
    ) -> Result<Signature, Failure>;

    /// Decrypts: `SDF_InternalDecrypt_ECC`, `SKF_ECCDecrypt`.
    ///
    /// # Errors
    /// Why not, and whether the session can be used again.
    fn decrypt(
        &self,
        session: &mut Self::Session,
        key: &Self::Key,
        ciphertext: &Ciphertext,
    ) -> Result<Zeroizing<Vec<u8>>, Failure>;

    /// Closes a session, also one that is lost.
    fn close(&self, session: Self::Session);
}

/// Why a device did not do what it was asked, and what became of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub error: Error,
    /// What became of the session.
    pub session: SessionAfter,
}

/// What became of a session in which something failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionAfter {
    /// It serves on: the request was at fault, a ciphertext or the name of a key.
    Usable,
    /// It is of no more use: it was ended by the device, the connection is gone, or nobody knows in
    /// which state it is.
    Lost,
}

impl Failure {
    /// The request was at fault; the session serves on.
    #[must_use]
    pub const fn refused(error: Error) -> Self {
        Self { error, session: SessionAfter::Usable }
    }

    /// The session is of no more use.
    #[must_use]
    pub const fn lost(error: Error) -> Self {
        Self { error, session: SessionAfter::Lost }
    }
}
