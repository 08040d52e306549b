//! A memory for many verifications: one seal stands in every document of its office, and one signer
//! signs many of them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use super::Seal;
use crate::{
    Error,
    limits::{PREPARED_KEYS_MAX, SEAL_CACHE_BYTES_MAX, SEAL_CACHE_ENTRIES_MAX},
    pki::algorithm::SignatureForm,
    primitives::sm2::{DistId, PreparedPublicKey, PublicKey, Signature},
};

/// Seals whose signature verified, compared byte by byte, and tables for keys that are met often.
/// Shared by threads without further ado.
///
/// Only the signature of a seal is remembered, which depends on nothing but its bytes: trust, time
/// and revocation are judged anew each time. Failures are not remembered, so that hostile seals cannot
/// crowd out good ones.
#[derive(Default)]
pub struct SealCache {
    memory: Mutex<Memory>,
}

/// Uses of a key after which its tables are made. They cost some four verifications and save two
/// thirds of each later one, so that they pay from the seventh use on.
const USES_BEFORE_TABLES: u32 = 7;

#[derive(Default)]
struct Memory {
    /// The most recently added last.
    seals: VecDeque<(Box<[u8]>, SignatureForm)>,
    bytes: usize,
    /// The most recently met last.
    keys: VecDeque<KeyUse>,
}

struct KeyUse {
    key: [u8; 65],
    uses: u32,
    prepared: Option<Arc<PreparedPublicKey>>,
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

    /// Verifies with tables if `key` has been met often.
    pub(super) fn verify(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), Error> {
        let id = &DistId::DEFAULT;
        let (prepared, uses) = self.lock(|memory| memory.meet(key.to_sec1()));
        let prepared = match prepared {
            Some(prepared) => prepared,
            None if uses < USES_BEFORE_TABLES => return key.verify(message, signature, id),
            None => {
                let prepared = Arc::new(PreparedPublicKey::new(key, id));
                self.lock(|memory| memory.prepare(&prepared));
                prepared
            }
        };
        prepared.verify(message, signature, id)
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

    /// The tables of `key`, if there are any, and how often it was met before.
    fn meet(&mut self, key: [u8; 65]) -> (Option<Arc<PreparedPublicKey>>, u32) {
        let at = self.keys.iter().position(|known| known.key == key);
        let known = at.and_then(|at| self.keys.remove(at));
        let mut known = known.unwrap_or(KeyUse { key, uses: 0, prepared: None });
        let found = (known.prepared.clone(), known.uses);
        known.uses = known.uses.saturating_add(1);
        if self.keys.len() == PREPARED_KEYS_MAX {
            self.keys.pop_front();
        }
        self.keys.push_back(known);
        found
    }

    fn prepare(&mut self, prepared: &Arc<PreparedPublicKey>) {
        let key = prepared.key().to_sec1();
        if let Some(known) = self.keys.iter_mut().find(|known| known.key == key) {
            known.prepared.get_or_insert_with(|| Arc::clone(prepared));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixtures::Look, *};
    use crate::{Code, licence::seal::Version, primitives::sm2::PrivateKey};

    #[test]
    fn seals_are_verified_once_and_failures_each_time() {
        let cache = SealCache::new();
        let seal = Seal::parse(&Look::new(Version::V4, b"x").seal()).unwrap();
        let bad = || Err(Error::new(Code::BadSignature));
        assert!(cache.signature_form(&seal, bad).is_err());
        assert!(cache.is_empty());
        assert_eq!(cache.signature_form(&seal, || Ok(SignatureForm::Raw)), Ok(SignatureForm::Raw));
        assert_eq!(cache.signature_form(&seal, bad), Ok(SignatureForm::Raw));
        let other = Seal::parse(&Look::new(Version::V5, b"x").seal()).unwrap();
        assert!(cache.signature_form(&other, bad).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let mut memory = Memory::default();
        for number in 0..=SEAL_CACHE_ENTRIES_MAX {
            memory.add(&number.to_be_bytes(), SignatureForm::Der);
        }
        assert_eq!(memory.seals.len(), SEAL_CACHE_ENTRIES_MAX);
        memory.add(&vec![0; SEAL_CACHE_BYTES_MAX + 1], SignatureForm::Der);
        assert_eq!(memory.seals.len(), SEAL_CACHE_ENTRIES_MAX);
        memory.add(&vec![0; SEAL_CACHE_BYTES_MAX], SignatureForm::Der);
        assert_eq!((memory.seals.len(), memory.bytes), (1, SEAL_CACHE_BYTES_MAX));
        for number in 0..=PREPARED_KEYS_MAX {
            let mut key = [0; 65];
            key[..8].copy_from_slice(&number.to_be_bytes());
            assert_eq!(memory.meet(key).1, 0);
        }
        assert_eq!(memory.keys.len(), PREPARED_KEYS_MAX);
        // The key that was met first has made room.
        assert_eq!(memory.meet([0; 65]).1, 0);
    }

    #[test]
    fn a_key_met_often_gets_tables_and_the_same_answers() {
        let cache = SealCache::new();
        let key = PrivateKey::from_bytes(&[9; 32]).unwrap();
        let signature = key.sign(b"message", &DistId::DEFAULT).unwrap();
        for round in 0..USES_BEFORE_TABLES + 3 {
            assert!(cache.verify(key.public(), b"message", &signature).is_ok(), "{round}");
        }
        assert!(cache.lock(|memory| memory.keys[0].prepared.is_some()));
        assert!(cache.verify(key.public(), b"another", &signature).is_err());
    }
}
