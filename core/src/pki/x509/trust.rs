//! What a path is judged with: the anchors that the caller trusts, and material that proves nothing
//! by itself.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use super::{Certificate, Name};
use crate::{
    limits,
    pki::crl::Crl,
    primitives::{sm2::PublicKey, sm3},
};

/// The certificates that the caller trusts, with a memory of signatures that verified. Shared by
/// threads without further ado.
pub struct TrustStore {
    by_subject: HashMap<Box<[u8]>, Vec<Certificate>>,
    memory: Mutex<Memory>,
}

impl TrustStore {
    /// Trusts `anchors`: as a rule self-signed root certificates, but any certificate can be one.
    #[must_use]
    pub fn new(anchors: Vec<Certificate>) -> Self {
        Self { by_subject: by_subject(anchors), memory: Mutex::default() }
    }

    /// Every anchor, in no particular order.
    pub fn anchors(&self) -> impl Iterator<Item = &Certificate> {
        self.by_subject.values().flatten()
    }

    /// Whether exactly this certificate is an anchor.
    #[must_use]
    pub fn contains(&self, certificate: &Certificate) -> bool {
        self.with_subject(certificate.subject()).contains(certificate)
    }

    pub(super) fn with_subject(&self, subject: &Name) -> &[Certificate] {
        self.by_subject.get(subject.der()).map_or(&[], Vec::as_slice)
    }

    /// Whether `verify` succeeds, asked once for each `signed` object (its SM3 digest, which covers
    /// the signature) and key. Only success is remembered: rejections cannot crowd it out.
    pub(super) fn verified(
        &self,
        signed: sm3::Digest,
        key: &PublicKey,
        verify: impl FnOnce() -> bool,
    ) -> bool {
        let entry = (signed, key.to_sec1());
        // A thread that panicked cannot have left a wrong entry: insertion is the last step.
        let lock = || self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if lock().contains(&entry) {
            return true;
        }
        let verified = verify();
        if verified {
            lock().insert(entry);
        }
        verified
    }
}

impl std::fmt::Debug for TrustStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.anchors()).finish()
    }
}

/// Certificates and revocation lists that may help to build and judge a path. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    shared: Arc<Index>,
    more: Vec<Certificate>,
}

#[derive(Debug, Default)]
struct Index {
    by_subject: HashMap<Box<[u8]>, Vec<Certificate>>,
    crls: HashMap<Box<[u8]>, Vec<Crl>>,
}

impl Evidence {
    /// Indexes `intermediates` and `crls` once, for any number of paths.
    #[must_use]
    pub fn new(intermediates: Vec<Certificate>, crls: Vec<Crl>) -> Self {
        let mut by_issuer: HashMap<Box<[u8]>, Vec<Crl>> = HashMap::new();
        for crl in crls {
            by_issuer.entry(crl.issuer().der().into()).or_default().push(crl);
        }
        let index = Index { by_subject: by_subject(intermediates), crls: by_issuer };
        Self { shared: Arc::new(index), more: Vec::new() }
    }

    /// This evidence and the certificates that came with one document. Past
    /// [`limits::PATH_CERTIFICATES_MAX`] times 4 of them the rest is not looked at.
    #[must_use]
    pub fn with_certificates(&self, more: impl IntoIterator<Item = Certificate>) -> Self {
        let more = self.more.iter().cloned().chain(more);
        let most = 4 * limits::PATH_CERTIFICATES_MAX;
        Self { shared: Arc::clone(&self.shared), more: more.take(most).collect() }
    }

    pub(super) fn with_subject(&self, subject: &Name) -> impl Iterator<Item = &Certificate> {
        let shared = self.shared.by_subject.get(subject.der());
        let more = self.more.iter().filter(move |certificate| certificate.subject() == subject);
        shared.into_iter().flatten().chain(more)
    }

    pub(super) fn crls_of(&self, issuer: &Name) -> &[Crl] {
        self.shared.crls.get(issuer.der()).map_or(&[], Vec::as_slice)
    }
}

/// Verified (digest, key) pairs in two generations: when the young one is full, it becomes the old
/// one and the old one is forgotten. That bounds memory and keeps what is in use.
#[derive(Default)]
struct Memory {
    young: HashSet<Entry>,
    old: HashSet<Entry>,
}

type Entry = (sm3::Digest, [u8; 65]);

impl Memory {
    fn contains(&self, entry: &Entry) -> bool {
        self.young.contains(entry) || self.old.contains(entry)
    }

    fn insert(&mut self, entry: Entry) {
        if self.young.len() == limits::TRUST_CACHE_ENTRIES_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(entry);
    }
}

fn by_subject(certificates: Vec<Certificate>) -> HashMap<Box<[u8]>, Vec<Certificate>> {
    let mut map: HashMap<Box<[u8]>, Vec<Certificate>> = HashMap::new();
    for certificate in certificates {
        let same = map.entry(certificate.subject().der().into()).or_default();
        if !same.contains(&certificate) {
            same.push(certificate);
        }
    }
    map
}
