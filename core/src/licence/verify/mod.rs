//! Verify a sealed licence: every check named, in the order of the standards, in one [`Report`].
//!
//! In: the bytes of an OFD package, the [`Verifier`]'s trust, evidence and policy, and the time at which
//! to judge. Out: a [`Report`], or an [`Error`] if the package cannot be read at all. All inputs are
//! public: variable time.

mod content;
mod html;
mod integrity;
mod package;
mod report;
mod signature;
mod text;

pub use crate::licence::seal::verify::{ClaimedTime, Policy};
pub use html::HtmlReport;
pub use report::{
    CertificatePath, CoverageReport, DocumentReport, LicenceReport, MetadataItem, Party, Report,
    SealSummary, SignatureReport,
};

use crate::{
    error::Error,
    licence::{
        metadata::Metadata,
        ofd::{Closure, Document, Package},
        seal::{SealCache, verify::Context},
    },
    pki::x509::{Certificate, Evidence, PathPolicy, Role, TrustStore},
    report::{Indication, Rejected, Verified},
    time::UnixTime,
};

/// Verifies licences against one set of trust anchors, revocation data and policy.
///
/// Seals and certificate paths that were verified once are remembered (bounded, see
/// [`limits`](crate::limits)), so one `Verifier` should serve many files and threads.
pub struct Verifier {
    trust: TrustStore,
    evidence: Evidence,
    signers: Vec<Certificate>,
    policy: Policy,
    seals: SealCache,
}

/// A licence that passed.
#[derive(Clone, Debug)]
pub struct Licence {
    /// The identifier of GB/T 36904, where the document carries one.
    pub identifier: Option<String>,
    /// The metadata of GB/T 36903.
    pub metadata: Metadata,
}

/// Why [`Verifier::verify`] gave no [`Verified`] licence.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// The package could not be read.
    Error(Error),
    /// It was verified, and the answer is no, or not certain.
    Rejected(Box<Rejected<Report>>),
}

impl Verifier {
    /// A verifier with the default policy and no evidence.
    #[must_use]
    pub fn new(trust: TrustStore) -> Self {
        Self {
            trust,
            evidence: Evidence::default(),
            signers: Vec::new(),
            policy: Policy::default(),
            seals: SealCache::default(),
        }
    }

    /// With intermediate certificates and revocation lists.
    #[must_use]
    pub fn with_evidence(mut self, evidence: Evidence) -> Self {
        self.evidence = evidence;
        self
    }

    /// With certificates of signers whose signatures carry none (`Type=Sign` with a bare SM2 value).
    #[must_use]
    pub fn with_signer_certificates(mut self, signers: Vec<Certificate>) -> Self {
        self.signers = signers;
        self
    }

    /// With another policy.
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Verifies the OFD package `bytes` as of the time `at` and reports every check. `file` is the name
    /// that the report carries.
    ///
    /// # Errors
    /// If the package is not a readable OFD: [`Code::BadZip`](crate::Code::BadZip),
    /// [`Code::BadXml`](crate::Code::BadXml), [`Code::BadOfd`](crate::Code::BadOfd),
    /// [`Code::BadPath`](crate::Code::BadPath) or [`Code::LimitReached`](crate::Code::LimitReached).
    pub fn report(
        &self,
        bytes: impl Into<Vec<u8>>,
        file: Option<&str>,
        at: UnixTime,
    ) -> Result<Report, Error> {
        Ok(self.examine(bytes.into(), file, at)?.0)
    }

    /// Verifies as [`report`](Self::report) does, and gives the licence only if everything passed.
    ///
    /// # Errors
    /// [`Refusal::Error`] if the package cannot be read, [`Refusal::Rejected`] with the report otherwise.
    pub fn verify(
        &self,
        bytes: impl Into<Vec<u8>>,
        at: UnixTime,
    ) -> Result<Verified<Licence, Report>, Refusal> {
        let (report, metadata) = self.examine(bytes.into(), None, at).map_err(Refusal::Error)?;
        if report.indication != Indication::Passed {
            return Err(Refusal::Rejected(Box::new(Rejected { report })));
        }
        let identifier = report.licence.identifier.clone();
        Ok(Verified::new(Licence { identifier, metadata }, report))
    }

    fn examine(
        &self,
        bytes: Vec<u8>,
        file: Option<&str>,
        at: UnixTime,
    ) -> Result<(Report, Metadata), Error> {
        let package = Package::open(bytes)?;
        let documents = Document::read_all(&package)?;
        let mut checks = Vec::new();
        let mut signatures = Vec::new();
        let mut of_main = 0;
        let mut effort = signature::Effort::default();
        checks.extend(package::encryption_check(&package));
        let closures = Closure::of_all(&package, &documents)?;
        for (document, closure) in documents.iter().zip(&closures) {
            checks.push(package::root_check(&package, document));
            checks.extend(package::structure_checks(closure));
            let own = signature::reports(self, &package, document, closure, at, &mut effort)?;
            checks.push(own.list_check);
            checks.extend(package::coverage_check(closure, &own.signatures));
            signatures.extend(own.signatures);
            if document.index() == 0 {
                of_main = signatures.len();
            }
        }
        checks.extend(integrity::checks(self, &package, at)?);
        let main = documents.first();
        let own = signatures.get(..of_main).unwrap_or_default();
        let (licence, metadata) = content::examine(&package, main, own, at)?;
        let report = Report {
            file: file.map(str::to_owned),
            indication: Indication::Indeterminate,
            sub_indication: None,
            validated_at: at,
            document: DocumentReport {
                id: main.and_then(Document::doc_id).map(str::to_owned),
                title: main.and_then(Document::title).map(str::to_owned),
                checks,
            },
            signatures,
            licence,
        };
        Ok((report.conclude(), metadata))
    }

    const fn seal_context(&self, now: UnixTime) -> Context<'_> {
        let (trust, evidence) = (&self.trust, &self.evidence);
        Context { trust, evidence, policy: self.policy, cache: Some(&self.seals), now }
    }

    const fn path_policy(&self, role: Role) -> PathPolicy {
        PathPolicy {
            role,
            revocation: self.policy.revocation,
            crl_grace_s: self.policy.crl_grace_s,
        }
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("trust", &self.trust)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
