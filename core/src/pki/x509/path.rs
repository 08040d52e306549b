//! Path validation with a report for every certificate (RFC 5280, clause 6; GB/T 20518-2018).

use serde::Serialize;

use super::{
    Certificate, Evidence, PolicyDemands, SignatureAlgorithm, TrustStore, foreign,
    judge::{Budget, Judge},
};
use crate::{
    limits,
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
    /// Receives encrypted keys or data: the encryption certificate of a dual pair (GB/T 20518-2018).
    Encryption,
    /// Signs OCSP responses on behalf of an authority (RFC 6960, 4.2.2.2).
    OcspSigner,
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
/// Issuers are looked for by name, those first whose key identifier fits, among the anchors and
/// then the evidence. Of several paths the first one that passes counts; if none does, the first
/// indeterminate one, else the first failed one. The anchor's own validity period is a required
/// check too: an authority that has ended makes no valid signatures. So is that it is an authority,
/// if others stand below it; a key usage that forgets keyCertSign is a warning on an anchor, and a
/// failure on everyone else. No network is used: what is not in `evidence` leaves the answer
/// indeterminate.
///
/// Name constraints and certificate policies are enforced as the authorities of the path state them.
///
/// Signatures that verified are remembered in `trust`: judging thousands of certificates of one
/// authority verifies the authority's own chain once.
#[must_use]
pub fn verify_path(
    leaf: &Certificate,
    evidence: &Evidence,
    trust: &TrustStore,
    policy: &PathPolicy,
    times: Times,
) -> PathReport {
    verify_path_under(leaf, evidence, trust, policy, &PolicyDemands::default(), times)
}

/// As [`verify_path`], with the caller's own demands on certificate policies.
#[must_use]
pub fn verify_path_under(
    leaf: &Certificate,
    evidence: &Evidence,
    trust: &TrustStore,
    policy: &PathPolicy,
    demands: &PolicyDemands,
    times: Times,
) -> PathReport {
    let budget = Budget::new();
    let judge = Judge { evidence, trust, policy, demands, times, budget: &budget };
    let mut search = Search { judge: &judge, path: vec![leaf], best: None, dead_end: None };
    search.extend(leaf);
    match (search.best, search.dead_end) {
        (Some(report), _) => report,
        (None, Some((path, reason))) => PathReport::conclude(judge.path(&path, reason)),
        (None, None) => PathReport::conclude(judge.path(&[leaf], End::NoIssuer)),
    }
}

/// How a path ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// The last certificate is an anchor.
    Anchor,
    /// Nobody of the last certificate's issuer name is known who could have signed it.
    NoIssuer,
    /// The path would be longer, or the search would take more signatures, than a limit allows.
    Limit,
    /// The last certificate's algorithm, or the key of every known issuer of that name, is not
    /// supported, so that nobody can be found to be the issuer.
    Unsupported,
    /// The last certificate names two algorithms.
    TwoAlgorithms,
    /// Its signature does not verify with the key of any known issuer of that name.
    BadSignature,
}

/// Depth first, at most [`limits::PATH_CERTIFICATES_MAX`] deep and with at most
/// [`limits::PATH_SIGNATURES_MAX`] attempts in all.
struct Search<'a> {
    judge: &'a Judge<'a>,
    path: Vec<&'a Certificate>,
    best: Option<PathReport>,
    dead_end: Option<(Vec<&'a Certificate>, End)>,
}

impl<'a> Search<'a> {
    /// Goes on from `last`, the path's last certificate. True if a path that passes was found.
    fn extend(&mut self, last: &'a Certificate) -> bool {
        let Judge { trust, evidence, .. } = *self.judge;
        if trust.contains(last) {
            return self.complete();
        }
        match last.signature_algorithm() {
            _ if !last.algorithms_agree() => return self.dead_end(End::TwoAlgorithms),
            SignatureAlgorithm::Other if foreign::name(last.foreign_algorithm()).is_none() => {
                return self.dead_end(End::Unsupported);
            }
            SignatureAlgorithm::Other
            | SignatureAlgorithm::Sm2WithSm3
            | SignatureAlgorithm::Sm2WithSm3Misprint => {}
        }
        if self.path.len() == limits::PATH_CERTIFICATES_MAX {
            return self.dead_end(End::Limit);
        }
        let wanted = last.issuer().normal_form();
        let anchors = trust.with_subject(&wanted).iter();
        let issuers = anchors.chain(evidence.with_subject(&wanted));
        let mut issuers: Vec<_> =
            issuers.map(|issuer| (key_id_fit(last, issuer), issuer)).collect();
        // Anchors first among those of the same fit: the sort is stable.
        issuers.sort_by_key(|(fit, _)| *fit);
        let too_many = issuers.len() > limits::PATH_SIGNATURES_MAX;
        issuers.truncate(limits::PATH_SIGNATURES_MAX);
        let mut end = End::NoIssuer;
        for (fit, issuer) in issuers {
            if self.path.iter().any(|earlier| {
                earlier.spki() == issuer.spki() && earlier.subject().matches(issuer.subject())
            }) {
                continue; // A circle: nothing new is behind it.
            }
            if !can_sign(issuer, last) {
                end = end.max(End::Unsupported);
                continue;
            }
            if !self.judge.budget.spend() {
                return self.dead_end(End::Limit);
            }
            let verify = || last.verify_issued_by(issuer).is_ok();
            if trust.verified(last.thumbprint(), issuer, verify) {
                self.path.push(issuer);
                if self.extend(issuer) {
                    return true;
                }
                self.path.pop();
            } else if fit != KeyIdFit::Differs {
                end = End::BadSignature;
            }
        }
        // Of those not tried one may have signed.
        self.dead_end(if too_many { End::Limit } else { end })
    }

    fn complete(&mut self) -> bool {
        let report = PathReport::conclude(self.judge.path(&self.path, End::Anchor));
        let passed = report.passed();
        let better = self.best.as_ref().is_none_or(|best| {
            best.indication == Indication::Failed && report.indication != Indication::Failed
        });
        if better || passed {
            self.best = Some(report);
        }
        passed
    }

    /// Keeps the longest path that led nowhere; of two, the one with more to say.
    fn dead_end(&mut self, end: End) -> bool {
        let rank = (self.path.len(), end);
        let better = |(path, end): &(Vec<_>, End)| (path.len(), *end) < rank;
        if self.dead_end.as_ref().is_none_or(better) {
            self.dead_end = Some((self.path.clone(), end));
        }
        false
    }
}

/// Whether the key of `issuer` is of the kind that signed `certificate`, and can be relied on.
fn can_sign(issuer: &Certificate, certificate: &Certificate) -> bool {
    match certificate.signature_algorithm() {
        SignatureAlgorithm::Sm2WithSm3 | SignatureAlgorithm::Sm2WithSm3Misprint => {
            issuer.public_key().is_ok()
        }
        SignatureAlgorithm::Other => foreign::fits(certificate.foreign_algorithm(), issuer.spki()),
    }
}

/// How well a key identifier tells that `issuer` signed: best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum KeyIdFit {
    Fits,
    Unknown,
    Differs,
}

fn key_id_fit(certificate: &Certificate, issuer: &Certificate) -> KeyIdFit {
    match (certificate.authority_key_id(), issuer.subject_key_id()) {
        (Some(wanted), Some(found)) if wanted == found => KeyIdFit::Fits,
        (Some(_), Some(_)) => KeyIdFit::Differs,
        (None, _) | (_, None) => KeyIdFit::Unknown,
    }
}
