//! A device made of memory, which fails when it is told to: for tests of programs that use hardware.
//!
//! It protects nothing: its keys are [`PrivateKey`]s in this process.

use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use zeroize::Zeroizing;

use super::{Driver, Failure};
use crate::{
    error::{Code, Error},
    primitives::{
        sm2::{Ciphertext, PrivateKey, Signature, hazmat},
        sm3::Digest,
    },
};

/// A device in memory that can be told to fail, to stall and to drop its sessions. A clone is the same
/// device: one goes into the pool, the other one tells it what to do.
#[derive(Clone, Default)]
pub struct MemoryDriver(Arc<Device>);

/// A session with a [`MemoryDriver`].
#[derive(Debug)]
pub struct MemorySession {
    generation: u64,
}

#[derive(Default)]
struct Device {
    state: Mutex<State>,
    resumed: Condvar,
}

#[derive(Default)]
struct State {
    keys: HashMap<String, Arc<PrivateKey>>,
    /// Sessions of an earlier generation were dropped.
    generation: u64,
    open: usize,
    most_open: usize,
    stalled: usize,
    is_stalled: bool,
    no_sessions: Option<u32>,
    /// How many more requests fail, and with which code.
    failing: (usize, u32),
    requests: u64,
}

impl MemoryDriver {
    /// The code of a session that was dropped: `SDR_COMMFAIL` of GM/T 0018-2012.
    pub const SESSION_DROPPED: u32 = 0x0100_0003;
    /// The code of a key that is not there: `SDR_KEYNOTEXIST` of GM/T 0018-2012.
    pub const NO_SUCH_KEY: u32 = 0x0100_0008;
    /// The code of a ciphertext that does not decrypt: `SDR_SKOPERR` of GM/T 0018-2012.
    pub const PRIVATE_KEY_OPERATION: u32 = 0x0100_000c;

    /// A device without keys that does what it is asked.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a key into the device, under a name.
    pub fn insert(&self, label: &str, key: PrivateKey) {
        self.state().keys.insert(label.to_owned(), Arc::new(key));
    }

    /// From now on no session can be opened, and the error has this code; with `None` they can again.
    pub fn refuse_sessions(&self, code: Option<u32>) {
        self.state().no_sessions = code;
    }

    /// The next `count` requests fail with this code; their sessions serve on.
    pub fn fail(&self, count: usize, code: u32) {
        self.state().failing = (count, code);
    }

    /// From now on every call into the device blocks until [`resume`](Self::resume).
    pub fn stall(&self) {
        self.state().is_stalled = true;
    }

    /// Ends a stall: the calls that are blocked go on.
    pub fn resume(&self) {
        self.state().is_stalled = false;
        self.device().resumed.notify_all();
    }

    /// Ends every session that is open: whoever uses one is told so by [`Self::SESSION_DROPPED`].
    pub fn drop_sessions(&self) {
        self.state().generation += 1;
    }

    /// Sessions that were opened and not closed.
    #[must_use]
    pub fn open_sessions(&self) -> usize {
        self.state().open
    }

    /// The most sessions that were ever open at a time.
    #[must_use]
    pub fn most_open_sessions(&self) -> usize {
        self.state().most_open
    }

    /// Calls that are blocked at present.
    #[must_use]
    pub fn stalled_calls(&self) -> usize {
        self.state().stalled
    }

    /// Requests that reached the device so far, whether they failed or not.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.state().requests
    }

    fn device(&self) -> &Device {
        let Self(device) = self;
        device
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.device().state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters the device: blocks while it is stalled.
    fn enter(&self) -> MutexGuard<'_, State> {
        let mut state = self.state();
        state.stalled += 1;
        while state.is_stalled {
            let resumed = &self.device().resumed;
            state = resumed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.stalled -= 1;
        state
    }

    /// The key of a request that the device serves.
    fn request(&self, session: &MemorySession, label: &str) -> Result<Arc<PrivateKey>, Failure> {
        let mut state = self.enter();
        state.requests += 1;
        if session.generation != state.generation {
            return Err(Failure::lost(device_error(Self::SESSION_DROPPED)));
        }
        if let (Some(left), code) = (state.failing.0.checked_sub(1), state.failing.1) {
            state.failing.0 = left;
            return Err(Failure::refused(device_error(code)));
        }
        let key = state.keys.get(label).map(Arc::clone);
        key.ok_or_else(|| Failure::refused(device_error(Self::NO_SUCH_KEY)))
    }
}

impl Driver for MemoryDriver {
    type Session = MemorySession;
    /// The name of the key.
    type Key = String;

    fn open(&self) -> Result<MemorySession, Error> {
        let mut state = self.enter();
        if let Some(code) = state.no_sessions {
            return Err(device_error(code));
        }
        state.open += 1;
        state.most_open = state.most_open.max(state.open);
        Ok(MemorySession { generation: state.generation })
    }

    fn check(&self, session: &mut MemorySession) -> Result<(), Error> {
        let current = session.generation == self.enter().generation;
        if current { Ok(()) } else { Err(device_error(Self::SESSION_DROPPED)) }
    }

    fn sign(
        &self,
        session: &mut MemorySession,
        key: &String,
        e: &Digest,
    ) -> Result<Signature, Failure> {
        let key = self.request(session, key)?;
        hazmat::sign_digest(&key, e).map_err(Failure::refused)
    }

    fn decrypt(
        &self,
        session: &mut MemorySession,
        key: &String,
        ciphertext: &Ciphertext,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let key = self.request(session, key)?;
        key.decrypt(ciphertext)
            .map_err(|error| Failure::refused(error.from_device(Self::PRIVATE_KEY_OPERATION)))
    }

    fn close(&self, _: MemorySession) {
        let mut state = self.enter();
        state.open = state.open.saturating_sub(1);
    }
}

fn device_error(code: u32) -> Error {
    Error::new(Code::DeviceFailed).field("key").from_device(code)
}
