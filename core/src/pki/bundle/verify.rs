//! Whether a bundle may be used: who signed it, for which set, how fresh it is, and that it is no older
//! than the one in use.

use super::Bundle;
use crate::{
    UnixTime,
    pki::x509::{Evidence, PinnedSet, TrustStore},
    primitives::sm2::PublicKey,
    report::{Check, Indication, Rejected, SubIndication, Verdict, Verified},
};

/// What is demanded of a bundle.
#[derive(Clone, Debug)]
pub struct BundlePolicy<'a> {
    /// The keys that may sign bundles.
    pub keys: &'a [PublicKey],
    /// The name of the set that is wanted.
    pub set: &'a str,
    /// When the bundle is to be used.
    pub at: UnixTime,
    /// The sequence number of the bundle in use, or 0: one with a lower number is refused.
    pub sequence_min: u64,
    /// How many seconds after its issue a bundle still counts as fresh, if there is such a rule beside
    /// the time at which it expires.
    pub age_max_s: Option<i64>,
}

/// What a verified bundle holds, ready for [`verify_path`](crate::pki::x509::verify_path).
#[derive(Debug)]
pub struct Contents {
    /// The anchors, under the name of the set.
    pub trust: TrustStore,
    /// The other certificates and the revocation lists.
    pub evidence: Evidence,
    /// The sequence number: the next `sequence_min`.
    pub sequence: u64,
}

impl Bundle {
    /// Verifies the bundle and gives out what it holds.
    ///
    /// # Errors
    /// [`Rejected`] with every check: unless each passed, nothing of the bundle may be used.
    pub fn verify(&self, policy: &BundlePolicy<'_>) -> Result<Verified<Contents>, Rejected> {
        let content = self.signed.content().unwrap_or_default();
        let verification = self.signed.verify_detached(content);
        let signer = verification.signer.as_ref().and_then(|signer| signer.public_key().ok());
        let mut checks = verification.checks;
        let pinned = self.signed.signers().len() == 1
            && signer.is_some_and(|signer| policy.keys.contains(signer));
        checks.push(signer_check(pinned));
        checks.push(self.set_check(policy));
        checks.push(self.sequence_check(policy));
        checks.push(self.validity_check(policy));
        checks.extend(self.age_check(policy));
        checks.push(self.anchors_check());
        let verdict = Verdict::conclude(checks);
        if verdict.indication != Indication::Passed {
            return Err(Rejected { report: verdict });
        }
        let manifest = &self.manifest;
        let set =
            PinnedSet { name: manifest.set.as_str().into(), thumbprints: manifest.anchors.clone() };
        let selection = set.select(manifest.certificates.iter().cloned());
        let contents = Contents {
            trust: selection.trust,
            evidence: Evidence::new(selection.others, manifest.crls.clone()),
            sequence: manifest.sequence,
        };
        Ok(Verified::new(contents, verdict))
    }

    fn set_check(&self, policy: &BundlePolicy<'_>) -> Check {
        let id = "bundle.set";
        let check = if self.set() == policy.set {
            Check::passed(id, CLAUSE, "the bundle is of the set wanted", "信任包属于所需的信任集")
        } else {
            Check::failed(
                id,
                CLAUSE,
                SubIndication::PolicyProcessingError,
                "the bundle is of another set than the one wanted",
                "信任包不属于所需的信任集",
            )
        };
        check.evidence("set", self.set()).evidence("wanted", policy.set)
    }

    fn sequence_check(&self, policy: &BundlePolicy<'_>) -> Check {
        let id = "bundle.sequence";
        let check = if self.sequence() >= policy.sequence_min {
            Check::passed(
                id,
                CLAUSE,
                "the bundle is no older than the one in use",
                "信任包不早于正在使用的版本",
            )
        } else {
            Check::failed(
                id,
                CLAUSE,
                SubIndication::PolicyProcessingError,
                "the bundle is older than the one in use: a step back is refused",
                "信任包早于正在使用的版本，拒绝回退",
            )
        };
        check.evidence("sequence", self.sequence()).evidence("in_use", policy.sequence_min)
    }

    fn validity_check(&self, policy: &BundlePolicy<'_>) -> Check {
        let id = "bundle.validity";
        let check = if policy.at < self.issued() {
            Check::failed(
                id,
                CLAUSE,
                SubIndication::NotYetValid,
                "the bundle is issued in the future",
                "信任包的签发时间在使用时间之后",
            )
        } else if policy.at > self.expires() {
            Check::failed(
                id,
                CLAUSE,
                SubIndication::Expired,
                "the bundle has expired",
                "信任包已过期",
            )
        } else {
            Check::passed(id, CLAUSE, "the bundle is within its validity", "信任包在有效期内")
        };
        check
            .evidence("at", policy.at)
            .evidence("issued", self.issued())
            .evidence("expires", self.expires())
    }

    fn age_check(&self, policy: &BundlePolicy<'_>) -> Option<Check> {
        let id = "bundle.freshness";
        let most = policy.age_max_s?;
        let age = policy.at.unix_s().saturating_sub(self.issued().unix_s());
        let check = if age <= most {
            Check::passed(
                id,
                CLAUSE,
                "the bundle is as fresh as the policy demands",
                "信任包满足策略要求的新鲜度",
            )
        } else {
            Check::indeterminate(
                id,
                CLAUSE,
                SubIndication::TryLater,
                "the bundle is older than the policy allows: a newer one is needed",
                "信任包的签发时间超过策略允许的期限，需要更新",
            )
        };
        Some(check.evidence("age_s", age).evidence("age_max_s", most))
    }

    fn anchors_check(&self) -> Check {
        let id = "bundle.anchors";
        let count = self.manifest.anchors.len();
        let check = if self.manifest.missing().next().is_some() {
            Check::failed(
                id,
                CLAUSE,
                SubIndication::FormatFailure,
                "the certificate of an anchor is missing in the bundle",
                "信任包缺少某个信任锚的证书",
            )
        } else {
            Check::passed(
                id,
                CLAUSE,
                "the bundle holds the certificate of every anchor",
                "信任包含有每个信任锚的证书",
            )
        };
        check
            .evidence("anchors", count)
            .evidence("certificates", self.manifest.certificates.len())
            .evidence("crls", self.manifest.crls.len())
    }
}

fn signer_check(pinned: bool) -> Check {
    let id = "bundle.signer";
    if pinned {
        Check::passed(
            id,
            CLAUSE,
            "the bundle has one signer, whose key is pinned",
            "信任包只有一个签名者，其公钥为已固定的公钥",
        )
    } else {
        Check::failed(
            id,
            CLAUSE,
            SubIndication::NoSigningCertificateFound,
            "the bundle is not signed by a single key that is pinned",
            "信任包并非由单一的已固定公钥签名",
        )
    }
}

const CLAUSE: &str = "TrustBundle, version 1";
