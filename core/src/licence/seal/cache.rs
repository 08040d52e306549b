//! A memory of seals whose maker's signature verified: one seal stands in every document of its office.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use super::Seal;
use crate::{
    Error, limits::SEAL_CACHE_BYTES_MAX, limits::SEAL_CACHE_ENTRIES_MAX,
    pki::algorithm::SignatureForm,
};

/// Seals whose signature verified, compared byte by byte. Shared by threads without further ado.
///
/// Only the signature is remembered, which depends on nothing but the bytes of the seal: trust, time
/// and revocation are judged anew each time. Failures are not remembered, so that hostile seals cannot
/// crowd out good ones.
#[derive(Default)]
pub struct SealCache {
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    /// The most recently added last.
    seals: VecDeque<(Box<[u8]>, SignatureForm)>,
    bytes: usize,
}

impl SealCache {
    /// An empty memory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many seals are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock(|memory| memory.seals.len())
    }

    /// Whether no seal is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The encoding of the seal's verified signature: remembered, or from `verify`.
    pub(super) fn signature_form(
        &self,
        seal: &Seal,
        verify: impl FnOnce() -> Result<SignatureForm, Error>,
    ) -> Result<SignatureForm, Error> {
        let raw = seal.raw();
        let known = self.lock(|memory| {
            // Slices of different length compare unequal at once; most seals differ in length.
            let found = memory.seals.iter().rev().find(|(known, _)| **known == *raw);
            found.map(|(_, form)| *form)
        });
        if let Some(form) = known {
            return Ok(form);
        }
        let form = verify()?;
        self.lock(|memory| memory.add(raw, form));
        Ok(form)
    }

    fn lock<T>(&self, use_it: impl FnOnce(&mut Memory) -> T) -> T {
        // What a thread that panicked left behind is at worst one entry short.
        use_it(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Memory {
    fn add(&mut self, raw: &[u8], form: SignatureForm) {
        if raw.len() > SEAL_CACHE_BYTES_MAX {
            return;
        }
        self.seals.push_back((raw.into(), form));
        self.bytes = self.bytes.saturating_add(raw.len());
        while self.seals.len() > SEAL_CACHE_ENTRIES_MAX || self.bytes > SEAL_CACHE_BYTES_MAX {
            let Some((oldest, _)) = self.seals.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(oldest.len());
        }
    }
}
