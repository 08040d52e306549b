//! What a path is judged with: the anchors that the caller trusts, and material that proves nothing
//! by itself.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use super::Certificate;
use crate::{
    limits,
    pki::{
        crl::{Crl, significant},
        ocsp,
    },
    primitives::sm3,
};

/// The certificates that the caller trusts, with a memory of signatures that verified. Shared by
/// threads without further ado. Issuers are found by a hash of their name: many anchors cost nothing.
pub struct TrustStore {
    name: Option<Box<str>>,
    thumbprints: HashSet<sm3::Digest>,
    by_subject: BySubject,
    responders: Vec<Certificate>,
    memory: Mutex<Memory>,
}

impl TrustStore {
    /// Trusts `anchors`: as a rule self-signed root certificates, but any certificate can be one.
    #[must_use]
    pub fn new(anchors: Vec<Certificate>) -> Self {
        let (thumbprints, by_subject) = by_subject(anchors);
        let (responders, memory) = (Vec::new(), Mutex::default());
        Self { name: None, thumbprints, by_subject, responders, memory }
    }

    /// As [`new`](Self::new); reports name the set to which the anchor of a path belongs.
    #[must_use]
    pub fn named(name: &str, anchors: Vec<Certificate>) -> Self {
        Self { name: Some(name.into()), ..Self::new(anchors) }
    }

    /// Trusts `responders` to answer by OCSP for every certificate below these anchors, whatever their
    /// own certificates say (RFC 6960, 4.2.2.2, local configuration).
    #[must_use]
    pub fn with_responders(self, responders: Vec<Certificate>) -> Self {
        Self { responders, ..self }
    }

    /// The OCSP responders that are trusted beside those of the issuers.
    #[must_use]
    pub fn responders(&self) -> &[Certificate] {
        &self.responders
    }

    /// The name of the set, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Every anchor, in no particular order.
    pub fn anchors(&self) -> impl Iterator<Item = &Certificate> {
        self.by_subject.values().flatten()
    }

    /// Whether exactly this certificate is an anchor.
    #[must_use]
    pub fn contains(&self, certificate: &Certificate) -> bool {
        self.thumbprints.contains(&certificate.thumbprint())
    }

    /// The anchors that bear the name of `certificate`'s issuer ([`Name::matches`](super::Name::matches)).
    #[must_use]
    pub fn issuers_of(&self, certificate: &Certificate) -> &[Certificate] {
        self.with_subject(&certificate.issuer().normal_form())
    }

    /// The anchors whose subject has this normal form.
    pub(super) fn with_subject(&self, normal_form: &[u8]) -> &[Certificate] {
        self.by_subject.get(normal_form).map_or(&[], Vec::as_slice)
    }

    /// Whether `verify` succeeds, asked once for each `signed` object (its SM3 digest, which covers
    /// the signature) and issuer. Only success is remembered: rejections cannot crowd it out.
    pub(super) fn verified(
        &self,
        signed: sm3::Digest,
        issuer: &Certificate,
        verify: impl FnOnce() -> bool,
    ) -> bool {
        let entry = (signed, issuer.thumbprint());
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

/// A named set of anchors, each pinned by the SM3 of its DER ([`Certificate::thumbprint`]). The
/// certificates themselves may come from anywhere: only those pinned become anchors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedSet {
    /// What the set is called in reports.
    pub name: Box<str>,
    /// The thumbprints.
    pub thumbprints: BTreeSet<sm3::Digest>,
}

/// What a [`PinnedSet`] found among certificates.
#[derive(Debug)]
pub struct Selection {
    /// Those pinned.
    pub trust: TrustStore,
    /// Thumbprints of which no certificate was there.
    pub missing: Vec<sm3::Digest>,
    /// Certificates that are not pinned: they may help to build paths, and are trusted for nothing.
    pub others: Vec<Certificate>,
}

impl PinnedSet {
    /// Picks the anchors out of `certificates`.
    #[must_use]
    pub fn select(&self, certificates: impl IntoIterator<Item = Certificate>) -> Selection {
        let is_pinned =
            |certificate: &Certificate| self.thumbprints.contains(&certificate.thumbprint());
        let (anchors, others): (Vec<_>, Vec<_>) = certificates.into_iter().partition(is_pinned);
        let found: HashSet<_> = anchors.iter().map(Certificate::thumbprint).collect();
        let missing = self.thumbprints.iter().filter(|pin| !found.contains(*pin)).copied();
        let missing = missing.collect();
        Selection { trust: TrustStore::named(&self.name, anchors), missing, others }
    }
}

/// Certificates, revocation lists and OCSP responses that may help to build and judge a path. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    shared: Arc<Index>,
    more: Vec<(NormalForm, Certificate)>,
    ocsp: Arc<HashMap<Box<[u8]>, Vec<ocsp::Response>>>,
}

#[derive(Clone, Debug, Default)]
struct Index {
    by_subject: BySubject,
    crls: HashMap<NormalForm, Vec<Crl>>,
}

impl Evidence {
    /// Indexes `intermediates` and `crls` once, for any number of paths.
    #[must_use]
    pub fn new(intermediates: Vec<Certificate>, crls: Vec<Crl>) -> Self {
        let mut by_issuer: HashMap<NormalForm, Vec<Crl>> = HashMap::new();
        for crl in crls {
            by_issuer.entry(crl.issuer().normal_form()).or_default().push(crl);
        }
        let (_, by_subject) = by_subject(intermediates);
        let shared = Arc::new(Index { by_subject, crls: by_issuer });
        Self { shared, ..Self::default() }
    }

    /// This evidence and OCSP responses. Each is found by the serial numbers that it answers for; which
    /// of them prove anything shows when a path is judged.
    #[must_use]
    pub fn with_ocsp(&self, responses: impl IntoIterator<Item = ocsp::Response>) -> Self {
        let mut index = (*self.ocsp).clone();
        for response in responses {
            for answer in response.answers() {
                let serial = significant(answer.id.serial()).into();
                let same: &mut Vec<_> = index.entry(serial).or_default();
                if !same.contains(&response) {
                    same.push(response.clone());
                }
            }
        }
        Self { ocsp: Arc::new(index), ..self.clone() }
    }

    /// This evidence and the certificates that came with one document. Past
    /// [`limits::PATH_CERTIFICATES_MAX`] times 4 of them the rest is not looked at.
    #[must_use]
    pub fn with_certificates(&self, more: impl IntoIterator<Item = Certificate>) -> Self {
        let more = more.into_iter().map(|one| (one.subject().normal_form(), one));
        let more = self.more.iter().cloned().chain(more);
        let most = 4 * limits::PATH_CERTIFICATES_MAX;
        Self { more: more.take(most).collect(), ..self.clone() }
    }

    /// This evidence and further revocation lists: those that came after a bundle was made, for example.
    #[must_use]
    pub fn with_crls(&self, more: impl IntoIterator<Item = Crl>) -> Self {
        let mut index = (*self.shared).clone();
        for crl in more {
            let same = index.crls.entry(crl.issuer().normal_form()).or_default();
            if same.iter().all(|other| other.der() != crl.der()) {
                same.push(crl);
            }
        }
        Self { shared: Arc::new(index), ..self.clone() }
    }

    /// The certificates whose subject has this normal form.
    pub(super) fn with_subject(&self, normal_form: &[u8]) -> impl Iterator<Item = &Certificate> {
        let shared = self.shared.by_subject.get(normal_form);
        let more = self.more.iter().filter(move |(subject, _)| *subject == normal_form);
        shared.into_iter().flatten().chain(more.map(|(_, certificate)| certificate))
    }

    /// The responses that answer for a certificate of this serial number, of whatever issuer.
    pub(super) fn ocsp_for(&self, serial: &[u8]) -> &[ocsp::Response] {
        self.ocsp.get(significant(serial)).map_or(&[], Vec::as_slice)
    }

    /// The lists whose issuer has this normal form.
    pub(super) fn crls_of(&self, normal_form: &[u8]) -> &[Crl] {
        self.shared.crls.get(normal_form).map_or(&[], Vec::as_slice)
    }
}

type NormalForm = Vec<u8>;
type BySubject = HashMap<NormalForm, Vec<Certificate>>;

/// Verified (signed, issuer) pairs in two generations: when the young one is full, it becomes the old
/// one and the old one is forgotten. That bounds memory and keeps what is in use.
#[derive(Default)]
struct Memory {
    young: HashSet<Entry>,
    old: HashSet<Entry>,
}

type Entry = (sm3::Digest, sm3::Digest);

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

/// Each certificate once: its thumbprint, and by subject in the order given.
fn by_subject(certificates: Vec<Certificate>) -> (HashSet<sm3::Digest>, BySubject) {
    let mut all = HashSet::with_capacity(certificates.len());
    let mut map = BySubject::with_capacity(certificates.len());
    for certificate in certificates {
        if all.insert(certificate.thumbprint()) {
            map.entry(certificate.subject().normal_form()).or_default().push(certificate);
        }
    }
    (all, map)
}
