//! Path validation with a report for every certificate (RFC 5280, clause 6; GB/T 20518-2018).

use serde::Serialize;

use super::{Certificate, Evidence, TrustStore};
use crate::{
    report::{self, Check, Indication, SubIndication},
    time::UnixTime,
};

/// The two times of a judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// The time at which the signature is held to have been made. Validity periods, and whether a
    /// revocation came before, are judged at this time.
    pub signing: UnixTime,
    /// The time at which the judgement is made. How fresh revocation data is, and notices such as
    /// "expired since", are judged at this time.
    pub validation: UnixTime,
}

impl Times {
    /// Signing and validation at one time: what holds for something signed just now.
    #[must_use]
    pub const fn both(at: UnixTime) -> Self {
        Self { signing: at, validation: at }
    }
}

/// What the end of the path must be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Signs electronic seals (制章人, GB/T 38540-2020).
    SealMaker,
    /// Applies electronic seals (签章人).
    SealSigner,
    /// Signs documents without a seal.
    DocumentSigner,
    /// Signs time stamps (RFC 3161, 2.3): the purpose timeStamping, and no other.
    TimeStamper,
    /// Anything.
    Any,
}

/// Whether revocation is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// Every certificate below the anchor needs a fresh list: missing or stale ones leave the
    /// verdict indeterminate.
    Required,
    /// Not at all: the check is shown as skipped.
    NotChecked,
}

/// What is demanded of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathPolicy {
    /// What the end of the path must be allowed to do.
    pub role: Role,
    /// Whether revocation is looked at.
    pub revocation: Revocation,
    /// How many seconds past its nextUpdate a revocation list still counts as fresh. Not negative.
    pub crl_grace_s: i64,
}

/// Every check of every certificate of a path, and the conclusion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PathReport {
    /// The overall answer.
    pub indication: Indication,
    /// Why it is not `passed`.
    pub sub_indication: Option<SubIndication>,
    /// The certificate in question first, the anchor last. Where no path was found: as far as it
    /// could be followed.
    pub certificates: Vec<CertificateReport>,
}

impl PathReport {
    /// Whether every required check passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.indication == Indication::Passed
    }

    /// Every check, in the order of the certificates.
    pub fn checks(&self) -> impl Iterator<Item = &Check> + Clone {
        self.certificates.iter().flat_map(|certificate| &certificate.checks)
    }

    fn conclude(certificates: Vec<CertificateReport>) -> Self {
        let checks = certificates.iter().flat_map(|certificate| &certificate.checks);
        let (indication, sub_indication) = report::conclude(checks);
        Self { indication, sub_indication, certificates }
    }
}

/// What was found about one certificate of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateReport {
    /// Whom it is for, RFC 4514.
    pub subject: String,
    /// Who issued it, RFC 4514.
    pub issuer: String,
    /// The serial number, hexadecimal.
    pub serial: String,
    /// The first second of its validity.
    pub not_before: UnixTime,
    /// The last second of its validity.
    pub not_after: UnixTime,
    /// The checks, in the order in which they were made.
    pub checks: Vec<Check>,
}

/// Finds a path from `leaf` to an anchor and judges every certificate of it.
///
/// The anchor's own validity period is a required check too: an authority that has ended makes no
/// valid signatures. No network is used: what is not in `evidence` leaves the answer indeterminate.
#[must_use]
pub fn verify_path(
    leaf: &Certificate,
    evidence: &Evidence,
    trust: &TrustStore,
    policy: &PathPolicy,
    times: Times,
) -> PathReport {
    let _ = (evidence, trust, policy, times);
    let check = Check::indeterminate(
        "certificate.anchor",
        "RFC 5280, 6.1",
        SubIndication::NoCertificateChainFound,
        "no path to a trust anchor was found",
        "未找到通向信任锚的证书链",
    );
    PathReport::conclude(vec![CertificateReport {
        subject: leaf.subject().to_string(),
        issuer: leaf.issuer().to_string(),
        serial: leaf.serial_hex(),
        not_before: leaf.not_before(),
        not_after: leaf.not_after(),
        checks: vec![check],
    }])
}
