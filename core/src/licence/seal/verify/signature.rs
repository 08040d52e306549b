//! Whether a sealed signature holds.

use super::{
    ClaimedTime, Clauses, Context, SealReport, algorithm_check, clauses, encoding_check, outside,
    path_check, seal::verify_seal, times::order_checks, unreadable_certificate,
};
use crate::{
    Error, UnixTime,
    licence::seal::{CertificateList, SignedValue, Version},
    limits::SIGNING_TIME_SKEW_S_MAX,
    pki::{
        algorithm::{SignatureAlgorithm, SignatureForm, dotted, read_signature},
        timestamp, tlv,
        x509::{Certificate, PathReport, Role},
    },
    primitives::{sm2::DistId, sm3},
    report::{Check, Indication, SubIndication},
};

/// What a sealed signature is said to seal.
#[derive(Clone, Copy, Debug)]
pub struct SealedDocument<'a> {
    /// The SM3 digest of the data: in an OFD package of `Signature.xml`.
    pub hash: sm3::Digest,
    /// Where the data stands, to be compared with the property.
    pub path: Option<&'a str>,
    /// The algorithm that the package names (`SignatureMethod`), dotted, to be compared.
    pub method: Option<&'a str>,
}

/// What was found about a sealed signature.
#[derive(Clone, Debug)]
pub struct SignatureReport {
    /// Every check, in the order of the standard, with those of the seal at their place.
    pub checks: Vec<Check>,
    /// The signer's certificate, if it could be read.
    pub signer_certificate: Option<Certificate>,
    /// The path from the signer's certificate to an anchor.
    pub signer: Option<PathReport>,
    /// The maker's certificate, if it could be read.
    pub maker_certificate: Option<Certificate>,
    /// The path from the maker's certificate to an anchor.
    pub maker: Option<PathReport>,
    /// The time at which the seal was judged, and the signer where no time stamp holds: the claimed or
    /// stamped signing time, or, where neither could be read, the time of the judgement.
    pub judged_at: UnixTime,
    /// The time of a time stamp over the signature that holds, at which the signer was judged.
    pub proved_at: Option<UnixTime>,
}

/// The steps in the order of the standards.
#[derive(Clone, Copy)]
enum Step {
    Format,
    Value,
    SignerInSeal,
    Seal,
    SignerCertificate,
    Time,
    DocumentHash,
    TimeStamp,
}

/// GM/T 0031-2014, 6.2.3 looks at the seal last, and has the list of signers only in 6.2.2 (signing);
/// it is held to here as well. GB/T 38540-2020, 7.3 looks at the seal before the signer.
const fn steps(version: Version) -> &'static [Step] {
    match version {
        Version::V1 => &[
            Step::Format,
            Step::Value,
            Step::SignerCertificate,
            Step::Time,
            Step::DocumentHash,
            Step::SignerInSeal,
            Step::Seal,
            Step::TimeStamp,
        ],
        Version::V4 | Version::V5 => &[
            Step::Format,
            Step::Value,
            Step::SignerInSeal,
            Step::Seal,
            Step::SignerCertificate,
            Step::Time,
            Step::DocumentHash,
            Step::TimeStamp,
        ],
    }
}

/// Verifies a sealed signature and the seal inside, as of the signing time.
#[must_use]
pub fn verify_signed_value(
    value: &SignedValue,
    document: &SealedDocument<'_>,
    context: &Context<'_>,
) -> SignatureReport {
    let judgement = Judgement::new(value, document, context);
    let mut checks = Vec::new();
    let mut seal = None;
    for step in steps(value.version()) {
        match step {
            Step::Format => checks.extend(judgement.format_checks()),
            Step::Value => checks.extend(judgement.value_checks()),
            Step::SignerInSeal => checks.push(judgement.in_seal_check()),
            Step::Seal => {
                let mut report = verify_seal(value.seal(), context, judgement.judged_at);
                checks.append(&mut report.checks);
                seal = Some(report);
            }
            Step::SignerCertificate => checks.push(judgement.signer_check()),
            Step::Time => checks.push(judgement.time_check()),
            Step::DocumentHash => {
                checks.push(judgement.hash_check());
                checks.extend(judgement.property_check());
            }
            Step::TimeStamp => {
                checks.push(judgement.time_stamp_check());
                checks.extend(judgement.order_checks());
                checks.push(judgement.proof_check(seal.as_ref()));
            }
        }
    }
    let proved_at = judgement.proved();
    let (maker_certificate, maker) =
        seal.map_or((None, None), |seal| (seal.maker_certificate, seal.maker));
    SignatureReport {
        checks,
        signer_certificate: judgement.signer.ok(),
        signer: judgement.path,
        maker_certificate,
        maker,
        judged_at: judgement.judged_at,
        proved_at,
    }
}

struct Judgement<'a> {
    value: &'a SignedValue,
    document: &'a SealedDocument<'a>,
    context: &'a Context<'a>,
    clauses: &'static Clauses,
    signer: Result<Certificate, Error>,
    path: Option<PathReport>,
    stamp: Option<timestamp::Judgement>,
    judged_at: UnixTime,
}

impl<'a> Judgement<'a> {
    fn new(
        value: &'a SignedValue,
        document: &'a SealedDocument<'a>,
        context: &'a Context<'a>,
    ) -> Self {
        let signer = Certificate::parse(value.signer_certificate());
        let stamp = match (value.time_stamp(), value.signed_at()) {
            (Some(token), _) => Some(context.time_stamp(token, value.signature())),
            // v1 has no other place for a time stamp than timeInfo, where it stands over the data.
            (None, None) if value.time_info().first() == Some(&tlv::tag::SEQUENCE) => {
                Some(context.time_stamp(value.time_info(), value.data_hash()))
            }
            // A time that could not be read: one without a zone, for example.
            (None, None) | (None, Some(_)) => None,
        };
        let stamped = stamp.as_ref().and_then(timestamp::Judgement::holds);
        let judged_at = value.signed_at().or(stamped).unwrap_or(context.now);
        // A proved time counts for more than a claimed one. A stamp in timeInfo is a claimed one.
        let signer_at = stamped.unwrap_or(judged_at);
        let path = signer.as_ref().ok();
        let path = path.map(|signer| context.path(signer, Role::SealSigner, signer_at));
        let clauses = clauses(value.version());
        Self { value, document, context, clauses, signer, path, stamp, judged_at }
    }

    /// The structure was read; here its parts must agree on the version and on the algorithm.
    fn format_checks(&self) -> Vec<Check> {
        let (id, clause) = ("signature.format", self.clauses.format);
        let (signature, seal) = (self.value.version(), self.value.seal().version());
        let stated = self.value.stated_version();
        let agrees = match signature {
            Version::V1 => seal == Version::V1 && matches!(stated, 1 | 2 | 11),
            Version::V4 => seal == Version::V4 && stated == 4,
            Version::V5 => seal == Version::V5 && stated == 5,
        };
        let check = if agrees {
            Check::passed(id, clause, "the sealed signature is well-formed", "签章数据格式正确")
        } else {
            Check::failed(
                id,
                clause,
                SubIndication::FormatFailure,
                "the sealed signature, its stated version and its seal are of different editions",
                "签章数据结构、所标版本与印章不属于同一版本",
            )
        };
        let check = check
            .evidence("standard", signature.standard())
            .evidence("version", stated)
            .evidence("seal_standard", seal.standard());
        let algorithm = self.value.signature_algorithm();
        let mut checks = vec![check, algorithm_check("signature.algorithm", clause, algorithm)];
        checks.extend(self.document.method.map(|method| self.method_check(method)));
        checks
    }

    /// The package's own word for the algorithm, which is covered by the document digest.
    fn method_check(&self, method: &str) -> Check {
        let id = "signature.method";
        let clause = "GM/T 0099-2020, SignatureMethod";
        let inside = dotted(self.value.signature_algorithm());
        let same_meaning = SignatureAlgorithm::from_dotted(method).is_sm2()
            && SignatureAlgorithm::from_dotted(&inside).is_sm2();
        let check = if method == inside || same_meaning {
            Check::passed(
                id,
                clause,
                "package and signature name the same algorithm",
                "文件与签章数据所标算法一致",
            )
        } else {
            Check::failed(
                id,
                clause,
                SubIndication::SigConstraintsFailure,
                "package and signature name different algorithms",
                "文件与签章数据所标算法不一致",
            )
        };
        check.evidence("package", method).evidence("signature", inside)
    }

    fn value_checks(&self) -> Vec<Check> {
        let (id, clause) = ("signature.value", self.clauses.value);
        if !SignatureAlgorithm::from_oid(self.value.signature_algorithm()).is_sm2() {
            let en = "not checked: the algorithm is not SM2 with SM3";
            return vec![Check::skipped(id, clause, en, "未检查：算法不是 SM2/SM3")];
        }
        match self.value_form() {
            Ok(form) => {
                let warning = encoding_check("signature.encoding", form);
                let (en, zh) = ("the signature verifies", "签名值验证通过");
                let check = Check::passed(id, clause, en, zh).evidence("encoding", form.name());
                warning.into_iter().chain([check]).collect()
            }
            Err(error) => {
                let sub = SubIndication::SigCryptoFailure;
                let (en, zh) = ("the signature does not verify", "签名值验证不通过");
                let check = Check::failed(id, clause, sub, en, zh);
                vec![check.evidence("error", error.code().name())]
            }
        }
    }

    fn value_form(&self) -> Result<SignatureForm, Error> {
        let key = self.signer.as_ref().map_err(Clone::clone)?.public_key()?;
        let (signature, form) = read_signature(self.value.signature())?;
        let message = self.value.signed_bytes();
        match self.context.cache {
            Some(cache) => cache.verify(key, message, &signature)?,
            None => key.verify(message, &signature, &DistId::DEFAULT)?,
        }
        Ok(form)
    }

    fn in_seal_check(&self) -> Check {
        let (id, clause) = ("signature.signer_in_seal", self.clauses.in_seal);
        let seal = self.value.seal();
        let compared = match seal.certificate_list() {
            CertificateList::Certificates(_) => "certificate",
            CertificateList::Digests(_) => "digest",
        };
        let check = match (seal.lists(self.value.signer_certificate()), self.in_doubt()) {
            (true, _) => Check::passed(
                id,
                clause,
                "the signer's certificate is in the seal's list",
                "签章人证书在印章证书列表中",
            ),
            (false, true) => Check::indeterminate(
                id,
                clause,
                SubIndication::SigConstraintsFailure,
                "the seal's list has entries that cannot be compared with the signer's certificate",
                "印章证书列表含有无法与签章人证书比对的条目",
            ),
            (false, false) => Check::failed(
                id,
                clause,
                SubIndication::SigConstraintsFailure,
                "the signer's certificate is not in the seal's list",
                "签章人证书不在印章证书列表中",
            ),
        };
        check.evidence("compared", compared)
    }

    /// Whether the list has entries that nothing here can compare.
    fn in_doubt(&self) -> bool {
        let seal = self.value.seal();
        let foreign = match seal.certificate_list() {
            CertificateList::Certificates(_) => false,
            CertificateList::Digests(digests) => digests.iter().any(|digest| !digest.is_sm3()),
        };
        foreign || !seal.certificate_ids().is_empty()
    }

    fn signer_check(&self) -> Check {
        let (id, clause) = ("signature.signer_certificate", self.clauses.signer);
        let check = match (&self.path, &self.signer) {
            (Some(path), Ok(signer)) if self.came_late(path, signer) => Check::indeterminate(
                id,
                clause,
                without_proof(path),
                "the signer's certificate was good at the claimed time and no longer at the time stamp",
                "在所声明的时间签章人证书有效，但加盖时间戳时已失效",
            ),
            (Some(path), _) => {
                path_check(id, clause, path, ("the signer's certificate", "签章人证书"))
            }
            (None, Err(error)) => unreadable_certificate(id, clause, error),
            (None, Ok(_)) => Check::skipped(id, clause, "not checked", "未检查"),
        };
        match self.proved() {
            Some(proved) => check.evidence("at", proved).evidence("time", "time stamp"),
            None => check.evidence("at", self.judged_at),
        }
    }

    /// Whether the path, judged at the time stamp, fails only because the stamp is late: what the
    /// signer claims could be true, and is not proved.
    fn came_late(&self, path: &PathReport, signer: &Certificate) -> bool {
        use SubIndication::{Expired, Revoked};
        let by_time = matches!(path.sub_indication, Some(Expired | Revoked));
        let claimed = self.value.signed_at().filter(|_| by_time && self.proved().is_some());
        claimed.is_some_and(|at| self.context.path(signer, Role::SealSigner, at).passed())
    }

    /// The time of a time stamp that holds, over the signature or, in v1, over the data.
    fn stamped(&self) -> Option<UnixTime> {
        self.stamp.as_ref().and_then(timestamp::Judgement::holds)
    }

    /// The time of a time stamp that holds and is over the signature. One over the data, which stands
    /// below the signature, is older than it: whoever has it can sign at any time later.
    fn proved(&self) -> Option<UnixTime> {
        self.stamped().filter(|_| self.value.time_stamp().is_some())
    }

    fn order_checks(&self) -> Vec<Check> {
        let path = self.path.as_ref();
        self.stamped().map(|at| order_checks(self.value, path, at)).unwrap_or_default()
    }

    /// The signing time against the signer's certificate, the seal and the present.
    fn time_check(&self) -> Check {
        let (id, clause) = ("signature.time", self.clauses.time);
        let Some(signed_at) = self.value.signed_at() else { return self.unread_time_check() };
        let seal = self.value.seal();
        let signer = self.signer.as_ref().ok();
        let by_signer =
            signer.and_then(|signer| outside(signed_at, signer.not_before(), signer.not_after()));
        let by_seal = outside(signed_at, seal.valid_from(), seal.valid_until());
        let ahead_s = signed_at.unix_s().saturating_sub(self.context.now.unix_s());
        let check = if let Some(sub) = by_signer {
            let en = "the signing time lies outside the validity of the signer's certificate";
            Check::failed(id, clause, sub, en, "签章时间不在签章人证书有效期内")
        } else if let Some(sub) = by_seal {
            let en = "the signing time lies outside the seal's period of validity";
            Check::failed(id, clause, sub, en, "签章时间不在印章有效期内")
        } else if ahead_s > SIGNING_TIME_SKEW_S_MAX {
            let sub = SubIndication::SigConstraintsFailure;
            Check::failed(
                id,
                clause,
                sub,
                "the signing time is in the future",
                "签章时间晚于当前时间",
            )
        } else if ahead_s > 0 {
            // Some software writes Beijing time, which is 8 h ahead, and calls it UTC.
            let en = "the signing time is at most 8 h in the future: local time written as UTC?";
            let zh = "签章时间晚于当前时间不足 8 小时：可能把本地时间标为 UTC";
            Check::failed(id, clause, SubIndication::SigConstraintsFailure, en, zh).warning()
        } else {
            let en = "the signing time lies in the validity of the certificate and of the seal";
            Check::passed(id, clause, en, "签章时间在证书和印章有效期内")
        };
        check.evidence("signed_at", signed_at).evidence("now", self.context.now)
    }

    fn unread_time_check(&self) -> Check {
        let (id, clause) = ("signature.time", self.clauses.time);
        match self.stamped() {
            Some(time) => Check::passed(
                id,
                clause,
                "the signing time is that of the time stamp",
                "签章时间取自时间戳",
            )
            .evidence("signed_at", time),
            None => Check::indeterminate(
                id,
                clause,
                SubIndication::NoPoe,
                "the signing time could not be read, or names no time zone",
                "无法读取签章时间，或该时间未注明时区",
            )
            .evidence("time_info", shown(self.value.time_info())),
        }
    }

    fn hash_check(&self) -> Check {
        let (id, clause) = ("signature.document_hash", self.clauses.hash);
        let check = if self.value.data_hash() == self.document.hash {
            Check::passed(
                id,
                clause,
                "the document has the digest that was signed",
                "文档摘要与签章数据一致",
            )
        } else {
            Check::failed(
                id,
                clause,
                SubIndication::HashFailure,
                "the document does not have the digest that was signed",
                "文档摘要与签章数据不一致",
            )
        };
        check
            .evidence("signed", hex(self.value.data_hash()))
            .evidence("computed", hex(&self.document.hash))
    }

    /// The property names the protected data; how is not fixed, so that a difference is a warning.
    fn property_check(&self) -> Option<Check> {
        let path = self.document.path?;
        let (id, clause) = ("signature.property", self.clauses.hash);
        let property = self.value.property();
        let check =
            if same_path(property, path) || entry(property).is_some_and(|e| same_path(&e, path)) {
                Check::passed(
                    id,
                    clause,
                    "the property names the signed file",
                    "属性信息与被签文件一致",
                )
            } else {
                let sub = SubIndication::SigConstraintsFailure;
                let en = "the property names another file than the signed one";
                Check::failed(id, clause, sub, en, "属性信息与被签文件不一致")
            };
        Some(check.evidence("property", property).evidence("path", path).warning())
    }

    fn time_stamp_check(&self) -> Check {
        let (id, clause) = ("signature.time_stamp", self.clauses.time_stamp);
        match &self.stamp {
            None => Check::skipped(
                id,
                clause,
                "the sealed signature has no time stamp",
                "签章数据没有时间戳",
            ),
            Some(stamp) => stamp.clone().into_check(id, clause),
        }
    }

    /// EN 319 102-1, 5.5: without a proof that it existed earlier, a signature counts as made now.
    fn proof_check(&self, seal: Option<&SealReport>) -> Check {
        let (id, clause) = ("signature.time_proof", "EN 319 102-1, 5.5");
        if self.context.policy.claimed_time == ClaimedTime::Trusted {
            let en = "not demanded: the policy trusts the claimed signing time";
            return Check::skipped(id, clause, en, "未要求：策略信任所声明的签章时间");
        }
        let proved = self.proved();
        let at = proved.unwrap_or(self.context.now);
        let maker = seal.and_then(|seal| seal.maker_certificate.as_ref());
        let certificates =
            [(self.signer.as_ref().ok(), Role::SealSigner), (maker, Role::SealMaker)];
        let mut paths = certificates.into_iter().map(|(certificate, role)| {
            certificate.map(|certificate| self.context.path(certificate, role, at))
        });
        let bad = paths.find(|path| path.as_ref().is_none_or(|path| !path.passed()));
        let check = match bad {
            None => Check::passed(
                id,
                clause,
                "the certificates were good at a proved time",
                "在可证明的时间，证书均有效",
            ),
            Some(path) => Check::indeterminate(
                id,
                clause,
                path.as_ref().map_or(SubIndication::NoPoe, without_proof),
                "nothing proves that the signature was made while the certificates were good",
                "没有证据证明签章是在证书有效时作出的",
            ),
        };
        check.evidence("at", at).evidence("time_stamp", proved.is_some())
    }
}

/// The sub-indication of a path that fails at the earliest proved time.
fn without_proof(path: &PathReport) -> SubIndication {
    let of_leaf = path.certificates.first().is_some_and(|leaf| {
        leaf.checks.iter().any(|check| check.sub_indication == Some(SubIndication::Revoked))
    });
    match (path.indication, path.sub_indication) {
        (Indication::Failed, Some(SubIndication::Revoked)) if of_leaf => {
            SubIndication::RevokedNoPoe
        }
        (Indication::Failed, Some(SubIndication::Revoked)) => SubIndication::RevokedCaNoPoe,
        (Indication::Failed, Some(SubIndication::Expired)) => SubIndication::OutOfBoundsNoPoe,
        (_, Some(other)) => other,
        (_, None) => SubIndication::NoPoe,
    }
}

fn same_path(left: &str, right: &str) -> bool {
    left.trim_start_matches('/') == right.trim_start_matches('/')
}

/// The path in a property of the form `{"DocId": .., "DocName": .., "Entry": path}`.
fn entry(property: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(property).ok()?;
    Some(value.get("Entry")?.as_str()?.to_owned())
}

/// The first characters of what should be a text, safe to print.
fn shown(bytes: &[u8]) -> String {
    bytes.iter().take(32).copied().flat_map(std::ascii::escape_default).map(char::from).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
