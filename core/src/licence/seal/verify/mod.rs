//! Whether a seal and a sealed signature hold: ordered checks of GM/T 0031-2014 (6.1.2, 6.2.3),
//! GB/T 38540-2020 (6.3, 7.3) and GM/T 0031-2025.
//!
//! In: structure, trust, revocation data, policy, time. Out: every check in the order of the standard.
//! All checks are made even after one has failed, so that a reader sees everything that is wrong.
//! Variable time: all inputs are public.

use std::borrow::Cow;

use super::{SealCache, Version};
use crate::{
    Error, UnixTime,
    pki::{
        algorithm::{SignatureAlgorithm, SignatureForm, dotted},
        timestamp,
        x509::{
            Certificate, Evidence, PathPolicy, PathReport, Revocation, Role, Times, TrustStore,
        },
    },
    report::{Check, Indication, SubIndication},
};

mod seal;
mod signature;
#[cfg(test)]
mod stamp_tests;
#[cfg(test)]
mod tamper_tests;
#[cfg(test)]
mod tests;
mod times;

pub use seal::{SealReport, verify_seal};
pub use signature::{SealedDocument, SignatureReport, verify_signed_value};

/// What the national standards and EN 319 102-1 see differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClaimedTime {
    /// The signing time that the signer wrote counts (GM/T 0031, GB/T 38540).
    #[default]
    Trusted,
    /// It counts only while the certificates are good today, or with a time stamp (EN 319 102-1).
    NeedsProof,
}

/// What is demanded of a seal and of a sealed signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether the claimed signing time counts.
    pub claimed_time: ClaimedTime,
    /// Whether revocation is looked at.
    pub revocation: Revocation,
    /// How many seconds past its nextUpdate a revocation list still counts as fresh. Not negative.
    pub crl_grace_s: i64,
}

impl Default for Policy {
    /// The claimed time counts, revocation is required, and a list is stale from its nextUpdate on.
    fn default() -> Self {
        let claimed_time = ClaimedTime::Trusted;
        Self { claimed_time, revocation: Revocation::Required, crl_grace_s: 0 }
    }
}

/// What a verification is given beside the thing to be verified.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The anchors that the caller trusts.
    pub trust: &'a TrustStore,
    /// Certificates and revocation lists that may help.
    pub evidence: &'a Evidence,
    /// What is demanded.
    pub policy: Policy,
    /// Remembers seals whose signature verified: one seal stands in many documents.
    pub cache: Option<&'a SealCache>,
    /// The time at which the judgement is made.
    pub now: UnixTime,
}

impl Context<'_> {
    fn path(&self, certificate: &Certificate, role: Role, signing: UnixTime) -> PathReport {
        let Policy { revocation, crl_grace_s, .. } = self.policy;
        let policy = PathPolicy { role, revocation, crl_grace_s };
        let times = Times { signing, validation: self.now };
        crate::pki::x509::verify_path(certificate, self.evidence, self.trust, &policy, times)
    }

    fn time_stamp(&self, token: &[u8], stamped: &[u8]) -> timestamp::Judgement {
        let Policy { revocation, crl_grace_s, .. } = self.policy;
        let policy = PathPolicy { role: Role::TimeStamper, revocation, crl_grace_s };
        timestamp::verify(token, stamped, self.evidence, self.trust, &policy, self.now)
    }
}

/// The check that stands for a seal that could not be read.
#[must_use]
pub fn unreadable_seal(error: &Error) -> Check {
    unreadable("seal.format", error)
}

/// The check that stands for a sealed signature that could not be read.
#[must_use]
pub fn unreadable_signature(error: &Error) -> Check {
    unreadable("signature.format", error)
}

fn unreadable(id: &'static str, error: &Error) -> Check {
    Check::failed(
        id,
        "GM/T 0031, GB/T 38540-2020",
        SubIndication::FormatFailure,
        error.text_en(),
        error.text_zh(),
    )
    .evidence("error", error.code().name())
}

/// `<prefix>.algorithm`: whether the object identifier names SM2 with SM3.
fn algorithm_check(id: &'static str, clause: &'static str, oid: &[u8]) -> Check {
    let check = match SignatureAlgorithm::from_oid(oid) {
        SignatureAlgorithm::Sm2WithSm3 => Check::passed(id, clause, "SM2 with SM3", "SM2/SM3"),
        SignatureAlgorithm::Sm2 | SignatureAlgorithm::Sm2WithSm3Misspelt => Check::passed(
            id,
            clause,
            "SM2 with SM3 is meant, under another object identifier than 1.2.156.10197.1.501",
            "应为 SM2/SM3，但对象标识符不是 1.2.156.10197.1.501",
        )
        .warning(),
        SignatureAlgorithm::Other => Check::failed(
            id,
            clause,
            SubIndication::CryptoConstraintsFailure,
            "the algorithm is not SM2 with SM3",
            "算法不是 SM2/SM3",
        ),
    };
    check.evidence("oid", dotted(oid))
}

/// A warning for a signature value that is r ‖ s where the standards demand DER.
fn encoding_check(id: &'static str, form: SignatureForm) -> Option<Check> {
    (form == SignatureForm::Raw).then(|| {
        Check::failed(
            id,
            "GM/T 0009-2012, 7.3",
            SubIndication::FormatFailure,
            "the signature is r||s instead of DER",
            "签名值为 r||s 而非 DER 编码",
        )
        .warning()
    })
}

/// One check from the verdict over a path, whose own checks stand in the report beside it.
fn path_check(
    id: &'static str,
    clause: &'static str,
    path: &PathReport,
    (whose_en, whose_zh): (&str, &str),
) -> Check {
    let said = |indication: (&str, &str)| -> (Cow<'static, str>, Cow<'static, str>) {
        let en = format!("{whose_en} {}", indication.0);
        (en.into(), format!("{whose_zh}{}", indication.1).into())
    };
    let sub = path.sub_indication.unwrap_or(SubIndication::CertificateChainGeneralFailure);
    let check = match path.indication {
        Indication::Passed => {
            let (en, zh) = said(("leads to a trust anchor", "可追溯到信任锚"));
            Check::passed(id, clause, en, zh)
        }
        Indication::Failed => {
            let (en, zh) = said(("is not acceptable", "不可接受"));
            Check::failed(id, clause, sub, en, zh)
        }
        Indication::Indeterminate => {
            let (en, zh) = said(("could not be judged", "无法判定"));
            Check::indeterminate(id, clause, sub, en, zh)
        }
    };
    let subject = path.certificates.first().map(|certificate| certificate.subject.clone());
    check.evidence("subject", subject.unwrap_or_default())
}

/// A check that stands for a certificate that could not be read.
fn unreadable_certificate(id: &'static str, clause: &'static str, error: &Error) -> Check {
    Check::failed(id, clause, SubIndication::FormatFailure, error.text_en(), error.text_zh())
        .evidence("error", error.code().name())
}

/// `time` in `[from, until]`: `None`, or on which side it lies outside.
fn outside(time: UnixTime, from: UnixTime, until: UnixTime) -> Option<SubIndication> {
    match (time < from, time > until) {
        (true, _) => Some(SubIndication::NotYetValid),
        (false, true) => Some(SubIndication::Expired),
        (false, false) => None,
    }
}

/// The clauses of one version, step by step. The lettering of GM/T 0031 is that of its texts; of
/// GB/T 38540-2020 only the clause numbers are known here.
struct Clauses {
    seal_format: &'static str,
    seal_signature: &'static str,
    seal_created: &'static str,
    seal_maker: &'static str,
    seal_validity: &'static str,
    seal_time_stamp: &'static str,
    format: &'static str,
    value: &'static str,
    signer: &'static str,
    time: &'static str,
    hash: &'static str,
    in_seal: &'static str,
    time_stamp: &'static str,
}

const fn clauses(version: Version) -> &'static Clauses {
    match version {
        Version::V1 => &Clauses {
            seal_format: "GM/T 0031-2014, 6.1.2 a)",
            seal_signature: "GM/T 0031-2014, 6.1.2 b)",
            seal_created: "GM/T 0031-2014, 6.1.2 c)",
            seal_maker: "GM/T 0031-2014, 6.1.2 c)",
            seal_validity: "GM/T 0031-2014, 6.1.2 d)",
            seal_time_stamp: "GM/T 0031-2014, 6.1.2",
            format: "GM/T 0031-2014, 6.2.3 a)",
            value: "GM/T 0031-2014, 6.2.3 b)",
            signer: "GM/T 0031-2014, 6.2.3 c)",
            time: "GM/T 0031-2014, 6.2.3 d)",
            hash: "GM/T 0031-2014, 6.2.3 e)",
            in_seal: "GM/T 0031-2014, 6.2.2 c)",
            time_stamp: "GM/T 0031-2014, 6.2.3",
        },
        Version::V4 => &Clauses {
            seal_format: "GB/T 38540-2020, 6.3",
            seal_signature: "GB/T 38540-2020, 6.3",
            seal_created: "GB/T 38540-2020, 6.3",
            seal_maker: "GB/T 38540-2020, 6.3",
            seal_validity: "GB/T 38540-2020, 6.3",
            seal_time_stamp: "GB/T 38540-2020, 6.3",
            format: "GB/T 38540-2020, 7.3",
            value: "GB/T 38540-2020, 7.3",
            signer: "GB/T 38540-2020, 7.3",
            time: "GB/T 38540-2020, 7.3",
            hash: "GB/T 38540-2020, 7.3",
            in_seal: "GB/T 38540-2020, 7.3",
            time_stamp: "GB/T 38540-2020, 7.3",
        },
        Version::V5 => &Clauses {
            seal_format: "GM/T 0031-2025, seal verification a)",
            seal_signature: "GM/T 0031-2025, seal verification b)",
            seal_created: "GM/T 0031-2025, seal verification c)",
            seal_maker: "GM/T 0031-2025, seal verification d)",
            seal_validity: "GM/T 0031-2025, seal verification e)",
            seal_time_stamp: "GM/T 0031-2025, seal verification f)",
            format: "GM/T 0031-2025, signature verification",
            value: "GM/T 0031-2025, signature verification",
            signer: "GM/T 0031-2025, signature verification",
            time: "GM/T 0031-2025, signature verification",
            hash: "GM/T 0031-2025, signature verification",
            in_seal: "GM/T 0031-2025, signature verification",
            time_stamp: "GM/T 0031-2025, signature verification",
        },
    }
}
