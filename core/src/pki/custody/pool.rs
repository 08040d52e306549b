//! Sessions with a device, shared by many threads.
//!
//! Each session lives on a thread of its own, which takes requests from one queue, first come, first
//! served. A caller waits at most as long as it says, also where a call into the device never returns:
//! its thread is then given up, and another session takes its place. A session that fails is closed, and
//! opening is tried again after a pause that doubles with every failure.
//!
//! This is the one place of the core that measures time, by [`Instant`], which is no clock: it tells how
//! long something takes, and nothing is judged by it.

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use zeroize::Zeroizing;

use super::{Decrypter, Driver, Identity, Signer, sessions::Shared};
use crate::{
    error::{Code, Error},
    limits::{POOL_SESSIONS_MAX, POOL_WAITING_MAX},
    primitives::{
        sm2::{Ciphertext, DistId, PublicKey, Signature, hazmat},
        sm3::Digest,
    },
};

/// How many sessions, and how long everything may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// Sessions open at a time, 1 to [`POOL_SESSIONS_MAX`].
    pub sessions: usize,
    /// Threads given up, because the device did not return, beside which new sessions are still opened;
    /// at most [`POOL_SESSIONS_MAX`]. With more, the device is taken to be dead until some return.
    pub stalled: usize,
    /// Requests that may wait for a session, 1 to [`POOL_WAITING_MAX`]; one more is refused at once.
    pub waiting: usize,
    /// After how long a single call into the device is given up.
    pub call: Duration,
    /// After how long without work a session is asked whether it still serves; not zero.
    pub check_after: Duration,
    /// The pause after the first failure to open a session.
    pub pause: Duration,
    /// The longest pause.
    pub pause_most: Duration,
}

impl Default for PoolSettings {
    /// Four sessions, 10 s for a call, a check after a minute, pauses of 100 ms to 30 s.
    fn default() -> Self {
        Self {
            sessions: 4,
            stalled: 4,
            waiting: 1024,
            call: Duration::from_secs(10),
            check_after: Duration::from_secs(60),
            pause: Duration::from_millis(100),
            pause_most: Duration::from_secs(30),
        }
    }
}

/// What a pool does at present, and what it did since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStatus {
    /// Sessions that serve or are being opened.
    pub sessions: usize,
    /// Of these, sessions without work.
    pub idle: usize,
    /// Requests that wait for a session.
    pub waiting: usize,
    /// Threads given up that have not returned.
    pub stalled: usize,
    /// Sessions opened so far.
    pub opened: u64,
    /// Failures to open a session so far.
    pub open_failures: u64,
    /// Sessions that were lost so far: in a request, in a check, or given up in one.
    pub lost: u64,
    /// Requests that the device answered in time so far. Each request that was taken in ends here, or in
    /// one of the two that follow.
    pub answered: u64,
    /// Requests that the device refused or failed so far, or that waited when the pool was closed or had
    /// no thread to serve them.
    pub failed: u64,
    /// Requests given up so far because time ran out.
    pub timed_out: u64,
}

/// A bounded set of sessions with a device. Cheap to clone; when the last clone and the last signer and
/// decrypter of it are gone, the sessions are closed.
pub struct Pool<D: Driver>(Arc<Keeper<D>>);

impl<D: Driver> Pool<D> {
    /// A pool without sessions: the first request opens the first.
    ///
    /// # Errors
    /// [`Code::BadArgument`] for settings out of their ranges.
    pub fn new(driver: D, settings: PoolSettings) -> Result<Self, Error> {
        let bad = |field| Err(Error::new(Code::BadArgument).field(field));
        let PoolSettings { sessions, stalled, waiting, call, check_after, pause, pause_most } =
            settings;
        if !(1..=POOL_SESSIONS_MAX).contains(&sessions) {
            return bad("sessions");
        }
        if stalled > POOL_SESSIONS_MAX {
            return bad("stalled");
        }
        if !(1..=POOL_WAITING_MAX).contains(&waiting) {
            return bad("waiting");
        }
        if check_after.is_zero() {
            return bad("check_after");
        }
        if call.is_zero() || pause.is_zero() || pause_most < pause {
            return bad("call, pause, pause_most");
        }
        Ok(Self(Arc::new(Keeper(Arc::new(Shared::new(driver, settings))))))
    }

    /// Signs with one key of the device, waiting at most `within` for each signature.
    #[must_use]
    pub fn signer(&self, key: D::Key, identity: Identity, within: Duration) -> PooledKey<D> {
        PooledKey { pool: self.clone(), key, identity, within }
    }

    /// Decrypts with one key of the device, waiting at most `within` for each ciphertext.
    #[must_use]
    pub fn decrypter(&self, key: D::Key, identity: Identity, within: Duration) -> PooledKey<D> {
        self.signer(key, identity, within)
    }

    /// What the pool does at present, and what it did so far.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        self.shared().status()
    }

    /// Refuses every request from now on and closes the sessions, waiting for it at most `within`.
    /// Whether all of them are closed; those that are not are closed when the device returns.
    #[must_use]
    pub fn close(&self, within: Duration) -> bool {
        self.shared().close(within)
    }

    fn shared(&self) -> &Arc<Shared<D>> {
        let Keeper(shared) = &*self.0;
        shared
    }

    fn ask(&self, request: Request<D::Key>, within: Duration) -> Result<Answer, Error> {
        let shared = self.shared();
        let deadline = Instant::now().checked_add(within);
        let deadline = deadline.ok_or(Error::new(Code::BadArgument).field("within"))?;
        let (ticket, answer) = Shared::submit(shared, request, deadline)?;
        wait(shared, ticket, &answer, deadline)
    }
}

/// Waits for the answer, and meanwhile gives up calls of others that take too long.
fn wait<D: Driver>(
    shared: &Arc<Shared<D>>,
    ticket: u64,
    answer: &Receiver<Outcome>,
    deadline: Instant,
) -> Result<Answer, Error> {
    loop {
        let now = Instant::now();
        if now >= deadline {
            return shared.give_up(ticket, answer);
        }
        let until = Shared::next_overrun(shared, now).map_or(deadline, |at| at.min(deadline));
        match answer.recv_timeout(until.saturating_duration_since(now)) {
            Ok(answer) => return answer,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return shared.give_up(ticket, answer),
        }
    }
}

/// The last clone of a pool tells the sessions to end.
struct Keeper<D: Driver>(Arc<Shared<D>>);

impl<D: Driver> Drop for Keeper<D> {
    fn drop(&mut self) {
        let Self(shared) = self;
        // Nobody waits: threads that the device holds would hold this one too.
        let _ = shared.close(Duration::ZERO);
    }
}

impl<D: Driver> Clone for Pool<D> {
    fn clone(&self) -> Self {
        let Self(keeper) = self;
        Self(Arc::clone(keeper))
    }
}

/// One key of a device behind a [`Pool`].
pub struct PooledKey<D: Driver> {
    pool: Pool<D>,
    key: D::Key,
    identity: Identity,
    within: Duration,
}

impl<D: Driver> Signer for PooledKey<D> {
    fn public_key(&self) -> &PublicKey {
        &self.identity.public_key
    }

    /// Signs in the device, and verifies what it made: a device that uses another key than it was told
    /// is found out here and not by those who receive the signature.
    fn sign(&self, message: &[u8], id: &DistId) -> Result<Signature, Error> {
        let public_key = Signer::public_key(self);
        let e = hazmat::message_digest(public_key, id, message);
        match self.pool.ask(Request::Sign(self.key.clone(), e), self.within)? {
            Answer::Signature(signature) => {
                hazmat::verify_digest(public_key, &e, &signature)
                    .map_err(|_| Error::new(Code::FaultDetected).field("signature"))?;
                Ok(signature)
            }
            Answer::Plaintext(_) => Err(Error::new(Code::DeviceFailed).field("answer")),
        }
    }

    fn identity(&self) -> Identity {
        self.identity.clone()
    }
}

impl<D: Driver> Decrypter for PooledKey<D> {
    fn public_key(&self) -> &PublicKey {
        &self.identity.public_key
    }

    fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Zeroizing<Vec<u8>>, Error> {
        let request = Request::Decrypt(self.key.clone(), ciphertext.clone());
        match self.pool.ask(request, self.within)? {
            Answer::Plaintext(plaintext) => Ok(plaintext),
            Answer::Signature(_) => Err(Error::new(Code::DeviceFailed).field("answer")),
        }
    }

    fn identity(&self) -> Identity {
        self.identity.clone()
    }
}

/// What a session is asked to do.
#[derive(Clone)]
pub(super) enum Request<K> {
    Sign(K, Digest),
    Decrypt(K, Ciphertext),
}

/// What it gave back.
pub(super) enum Answer {
    Signature(Signature),
    Plaintext(Zeroizing<Vec<u8>>),
}

/// How a request ends.
pub(super) type Outcome = Result<Answer, Error>;

/// Where it is told.
pub(super) type Reply = mpsc::SyncSender<Outcome>;
