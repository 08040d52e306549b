//! Whether the signers may be trusted: what [`Verification`] leaves open.

use super::{Form, Verification};
use crate::{
    UnixTime,
    pki::x509::{Certificate, Evidence, PathPolicy, PathReport, Times, TrustStore, verify_path},
    report::{self, Check, Indication, Rejected, SubIndication, Verified},
};

/// What was found about one signer.
#[derive(Clone, Debug)]
pub struct SignerVerification {
    /// Every check about this signer, in the order in which it was made.
    pub checks: Vec<Check>,
    /// What the signature covers.
    pub form: Option<Form>,
    /// The certificate, if it was found: its key was used for `cms.signature`.
    pub certificate: Option<Certificate>,
    /// The signing time that the signer claims.
    pub signing_time: Option<UnixTime>,
    /// The signature value, which a time stamp is over.
    pub signature: Vec<u8>,
    /// How the certificate was judged, after [`Verification::judge`].
    pub path: Option<PathReport>,
}

impl SignerVerification {
    /// Whether every required check passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        report::conclude(self.checks.iter()).0 == Indication::Passed
    }
}

/// What signers are judged with.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// The anchors.
    pub trust: &'a TrustStore,
    /// Intermediate certificates and revocation lists from elsewhere; certificates inside are added.
    pub evidence: &'a Evidence,
    /// What is demanded of a signer's certificate.
    pub policy: &'a PathPolicy,
    /// The time of the judgement.
    pub at: UnixTime,
    /// A time at which all the signatures are known to have existed, the latest of their time stamps for
    /// example: a stamp over one signature proves nothing of another signer's, so that times of each are
    /// for [`judge_each`](Verification::judge_each). Without it they are judged as made at `at`: a
    /// certificate that has ended since leaves doubt.
    pub existed_at: Option<UnixTime>,
}

impl Verification {
    pub(super) fn new(
        checks: Vec<Check>,
        signers: Vec<SignerVerification>,
        certificates: Vec<Certificate>,
    ) -> Self {
        let first = signers.first();
        Self {
            checks,
            form: first.and_then(|signer| signer.form),
            signer: first.and_then(|signer| signer.certificate.clone()),
            signing_time: first.and_then(|signer| signer.signing_time),
            signers,
            certificates,
        }
    }

    /// Judges the certificate of every signer, and concludes: the proof holds the signers'
    /// certificates, in their order. One that signed twice stands there twice.
    ///
    /// # Errors
    /// [`Rejected`] if any required check failed or could not be decided.
    pub fn judge(
        self,
        judge: &Judge<'_>,
    ) -> Result<Verified<Vec<Certificate>, Self>, Rejected<Self>> {
        self.judge_each(judge, &[])
    }

    /// As [`judge`](Self::judge), where each signature is known to have existed at a time of its own:
    /// what its time stamps prove, for example, in the order of [`signers`](Self::signers). For a signer
    /// without one it is as [`Judge::existed_at`] says.
    ///
    /// # Errors
    /// As [`judge`](Self::judge).
    pub fn judge_each(
        mut self,
        judge: &Judge<'_>,
        existed_at: &[Option<UnixTime>],
    ) -> Result<Verified<Vec<Certificate>, Self>, Rejected<Self>> {
        let evidence = judge.evidence.with_certificates(self.certificates.iter().cloned());
        let many = self.signers.len() > 1;
        for (index, signer) in self.signers.iter_mut().enumerate() {
            let Some(certificate) = &signer.certificate else { continue };
            let existed_at = existed_at.get(index).copied().flatten().or(judge.existed_at);
            let times = Times { signing: existed_at.unwrap_or(judge.at), validation: judge.at };
            let path = verify_path(certificate, &evidence, judge.trust, judge.policy, times);
            let (id, clause) = ("cms.signer_certificate", "RFC 5280, 6");
            let mut check = signer_certificate_check(id, clause, &path, existed_at)
                .evidence("subject", certificate.subject());
            if many {
                check = check.evidence("signer", index);
            }
            signer.checks.push(check.clone());
            signer.path = Some(path);
            self.checks.push(check);
        }
        if self.passed() {
            let signers = self.signers.iter().filter_map(|signer| signer.certificate.clone());
            let signers = signers.collect();
            Ok(Verified::new(signers, self))
        } else {
            Err(Rejected { report: self })
        }
    }
}

/// Check `id`: what the path of a signer's certificate says of a signature that is known to have existed
/// at `existed_at`. If nothing proves when it was made, a certificate that has ended is a doubt, not a
/// fault.
pub(crate) fn signer_certificate_check(
    id: &'static str,
    clause: &'static str,
    path: &PathReport,
    existed_at: Option<UnixTime>,
) -> Check {
    let sub = path.sub_indication.unwrap_or(SubIndication::CertificateChainGeneralFailure);
    match (path.indication, sub) {
        (Indication::Passed, _) => Check::passed(
            id,
            clause,
            "the signer's certificate leads to a trust anchor",
            "签名者证书可追溯到信任锚",
        ),
        (Indication::Failed, SubIndication::Expired) if existed_at.is_none() => {
            Check::indeterminate(
                id,
                "EN 319 102-1, 5.5",
                SubIndication::OutOfBoundsNoPoe,
                "the signer's certificate has ended, and nothing proves that the signature is older",
                "签名者证书已过期，且无法证明签名产生于有效期内",
            )
        }
        (Indication::Failed, sub) => Check::failed(
            id,
            clause,
            sub,
            "the signer's certificate is not acceptable",
            "签名者证书不可接受",
        ),
        (Indication::Indeterminate, sub) => Check::indeterminate(
            id,
            clause,
            sub,
            "the signer's certificate could not be judged",
            "签名者证书无法判定",
        ),
    }
}
