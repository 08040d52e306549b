//! What a response proves: made by whom the issuer lets answer, for this certificate, and still fresh
//! (RFC 6960, 3.2 and 4.2.2).

use super::{
    CertificateStatus, ResponderId, Response, ResponseStatus, SingleResponse,
    id::{Hash, key_bits},
    oid as ocsp_oid,
};
use crate::{
    pki::{
        algorithm::SignatureForm,
        crl::{self, Reason},
        oid,
        x509::{Certificate, Extension, KeyUsage},
    },
    primitives::{sm2::DistId, sm3},
    report::{Check, Indication, Rejected, SubIndication, Verdict, Verified},
    time::UnixTime,
};

/// What is asked of a response.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Which certificate.
    pub certificate: &'a Certificate,
    /// Its issuer, whom the caller trusts: a path to an anchor is not looked for here.
    pub issuer: &'a Certificate,
    /// When the answer must be fresh.
    pub at: UnixTime,
    /// How many seconds past its nextUpdate an answer still counts as fresh. Not negative.
    pub grace_s: i64,
    /// The nonce of the request, if it must be given back.
    pub nonce: Option<&'a [u8]>,
    /// Responders that the caller trusts for this issuer, whatever their certificates say.
    pub responders: &'a [Certificate],
}

impl<'a> Question<'a> {
    /// Asks for `certificate` under `issuer`: fresh at `at`, without grace, nonce or pinned responders.
    #[must_use]
    pub const fn new(certificate: &'a Certificate, issuer: &'a Certificate, at: UnixTime) -> Self {
        Self { certificate, issuer, at, grace_s: 0, nonce: None, responders: &[] }
    }
}

/// What a verified response says of the certificate. It verified; whether the certificate is good is
/// in [`status`](Self::status).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Good, revoked since when, or unknown.
    pub status: CertificateStatus,
    /// As of when.
    pub this_update: UnixTime,
    /// Until when newer information comes, if it says.
    pub next_update: Option<UnixTime>,
    /// When it was signed.
    pub produced_at: UnixTime,
    /// Of a revoked certificate, since when its key is held to be bad, if it says (invalidityDate, RFC 6960,
    /// 4.4.5): it may be earlier than the revocation.
    pub invalid_since: Option<UnixTime>,
    /// From when on the responder keeps what it knows of certificates that expired then or later
    /// (archiveCutoff, RFC 6960, 4.4.4).
    pub archive_cutoff: Option<UnixTime>,
    /// Who signed it.
    pub responder: Certificate,
    /// By what right.
    pub authority: Authority,
}

/// By what right a responder answers (RFC 6960, 4.2.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// It is the issuer itself.
    Issuer,
    /// The issuer issued its certificate, for OCSP.
    Delegated,
    /// The caller trusts it.
    Pinned,
}

impl Authority {
    /// Used as evidence in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Delegated => "delegated",
            Self::Pinned => "pinned",
        }
    }
}

impl Answer {
    /// Whether the status is good.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.status == CertificateStatus::Good
    }

    /// Whether it is fresh at `at`, with so many seconds of grace. One without nextUpdate is fresh at
    /// its thisUpdate only: newer information may be had at any time. One by a responder whose certificate
    /// has ended is not: who has a key that is no longer watched over could write any time into it.
    pub(in crate::pki) fn is_fresh(&self, at: UnixTime, grace_s: i64) -> bool {
        let until = self.next_update.unwrap_or(self.this_update);
        let ended = self.authority == Authority::Delegated && !self.responder.is_valid_at(at);
        !ended && (self.this_update..=until.plus_s(grace_s.max(0))).contains(&at)
    }

    /// A revocation for good counts however old the answer is; a suspension may have ended.
    const fn is_final(&self) -> bool {
        match self.status {
            CertificateStatus::Revoked { reason, .. } => {
                !matches!(reason, Some(Reason::CertificateHold | Reason::RemoveFromCrl))
            }
            CertificateStatus::Good | CertificateStatus::Unknown => false,
        }
    }
}

/// Asked whether the object of this digest verifies with the key of this certificate, and by what
/// computation: a memory may know.
pub(in crate::pki) type Ask<'a> =
    dyn FnMut(sm3::Digest, &Certificate, &dyn Fn() -> bool) -> bool + 'a;

impl Response {
    /// Verifies the response as an answer to `question`, over its original bytes.
    ///
    /// An answer that the certificate is revoked verifies however old it is, unless it is a suspension.
    /// An answer passes whatever its status: look at [`Answer::status`].
    ///
    /// # Errors
    /// [`Rejected`], with every check that was made: `ocsp.response_status`, `ocsp.certificate`,
    /// `ocsp.signature`, `ocsp.responder`, `ocsp.responder_validity`, `ocsp.critical_extensions`,
    /// `ocsp.freshness`, `ocsp.nonce`.
    pub fn verify(&self, question: &Question<'_>) -> Result<Verified<Answer>, Rejected> {
        let (answer, mut checks) = self.examine(question, &mut |_, _, verify| verify());
        if let Some(answer) = &answer {
            checks.push(freshness(answer, question));
            checks.push(self.nonce_check(question.nonce));
            checks.push(status(answer));
        }
        let report = Verdict::conclude(checks);
        match answer {
            Some(answer) if report.indication == Indication::Passed => {
                Ok(Verified::new(answer, report))
            }
            _ => Err(Rejected { report }),
        }
    }

    /// The answer, if it is authentic, whether fresh or not; and the checks that say so.
    pub(in crate::pki) fn examine(
        &self,
        question: &Question<'_>,
        ask: &mut Ask<'_>,
    ) -> (Option<Answer>, Vec<Check>) {
        let mut checks = vec![self.status_check()];
        let Some(basic) = self.0.basic.as_ref().filter(|_| self.is_successful()) else {
            return (None, checks);
        };
        let single = self.answer_for(question);
        checks.push(certificate_check(single, question));
        let Some(single) = single else { return (None, checks) };
        let signer = self.signer(question, ask, &mut checks);
        checks.extend(self.critical_extensions(single));
        let Some((responder, authority)) = signer else { return (None, checks) };
        checks.push(validity(&responder, basic.produced_at));
        checks.extend(responder_revocation(&responder, authority));
        let answer = Answer {
            invalid_since: single.times(oid::INVALIDITY_DATE).flatten().min(),
            archive_cutoff: single.times(ARCHIVE_CUTOFF).flatten().max(),
            status: single.status,
            this_update: single.this_update,
            next_update: single.next_update,
            produced_at: basic.produced_at,
            responder,
            authority,
        };
        let (indication, _) = crate::report::conclude(checks.iter());
        ((indication == Indication::Passed).then_some(answer), checks)
    }

    fn is_successful(&self) -> bool {
        self.status() == ResponseStatus::Successful
    }

    fn status_check(&self) -> Check {
        let (id, clause) = ("ocsp.response_status", "RFC 6960, 4.2.1");
        let check = if self.is_successful() {
            Check::passed(id, clause, "the responder gave an answer", "OCSP 服务器给出了应答")
        } else {
            let (en, zh) = ("the responder gave no answer", "OCSP 服务器未给出应答");
            Check::indeterminate(id, clause, SubIndication::TryLater, en, zh)
        };
        check.evidence("status", self.status().name())
    }

    /// Of several answers for one certificate a revocation counts first, then the newest.
    fn answer_for(&self, question: &Question<'_>) -> Option<&SingleResponse> {
        let names =
            |single: &&SingleResponse| single.id.names(question.certificate, question.issuer);
        let revoked =
            |single: &SingleResponse| matches!(single.status, CertificateStatus::Revoked { .. });
        let rank = |single: &&SingleResponse| (revoked(single), single.this_update);
        self.answers().iter().filter(names).max_by_key(rank)
    }

    /// Who signed, if he may, with the checks of signature and right.
    fn signer(
        &self,
        question: &Question<'_>,
        ask: &mut Ask<'_>,
        checks: &mut Vec<Check>,
    ) -> Option<(Certificate, Authority)> {
        let (id, clause) = ("ocsp.signature", "RFC 6960, 3.2 (2), 4.2.1");
        let basic = self.0.basic.as_ref()?;
        if !basic.algorithm.is_sm2() {
            let sub = SubIndication::CryptoConstraintsFailure;
            let (en, zh) = ("not verified: not SM2 with SM3", "未验证：签名算法不是 SM2/SM3");
            let check = Check::indeterminate(id, clause, sub, en, zh);
            checks.push(check.evidence("algorithm", self.signature_algorithm_oid()));
            return None;
        }
        let candidates = self.candidates(question, &basic.responder);
        if candidates.is_empty() {
            let sub = SubIndication::NoSigningCertificateFound;
            let (en, zh) =
                ("the certificate of the responder is not at hand", "没有 OCSP 服务器的证书");
            checks.push(Check::indeterminate("ocsp.responder", RESPONDER, sub, en, zh));
            return None;
        }
        let signed = candidates
            .into_iter()
            .find(|candidate| ask(self.thumbprint(), candidate, &|| self.is_signed_by(candidate)));
        let Some(signer) = signed else {
            let (en, zh) = (
                "the signature does not verify with the responder's key",
                "用 OCSP 服务器公钥验证签名不通过",
            );
            checks.push(Check::failed(id, clause, SubIndication::SigCryptoFailure, en, zh));
            return None;
        };
        let (en, zh) = ("the responder signed it", "OCSP 服务器签名有效");
        checks.push(Check::passed(id, clause, en, zh));
        if matches!(self.signature(), Ok((_, SignatureForm::Raw))) {
            let (en, zh) =
                ("the signature is 64 raw bytes, not DER", "签名值为 64 字节裸数据，而非 DER 编码");
            let sub = SubIndication::FormatFailure;
            let id = "ocsp.signature_encoding";
            checks.push(Check::failed(id, "GM/T 0009-2012, 7.3", sub, en, zh).warning());
        }
        match authority(signer, question, ask) {
            Ok(authority) => {
                let (en, zh) = ("the responder may answer", "OCSP 服务器有权应答");
                let check = Check::passed("ocsp.responder", RESPONDER, en, zh);
                checks.push(
                    check
                        .evidence("authority", authority.name())
                        .evidence("name", signer.subject()),
                );
                Some((signer.clone(), authority))
            }
            Err(reason) => {
                let sub = SubIndication::ChainConstraintsFailure;
                let check = Check::failed("ocsp.responder", RESPONDER, sub, reason.en, reason.zh);
                checks.push(check.evidence("name", signer.subject()));
                None
            }
        }
    }

    /// Whom the identifier of the responder names: issuer, pinned, or of the certificates inside.
    fn candidates<'a>(&'a self, question: &Question<'a>, id: &ResponderId) -> Vec<&'a Certificate> {
        let mut candidates: Vec<&Certificate> = Vec::new();
        let all = std::iter::once(question.issuer).chain(question.responders);
        for certificate in all.chain(self.certificates()) {
            if is_named(certificate, id) && !candidates.contains(&certificate) {
                candidates.push(certificate);
            }
        }
        candidates
    }

    fn is_signed_by(&self, responder: &Certificate) -> bool {
        let (Ok(key), Ok((signature, _))) = (responder.public_key(), self.signature()) else {
            return false;
        };
        key.verify(self.data(), &signature, &DistId::DEFAULT).is_ok()
    }

    fn critical_extensions(&self, single: &SingleResponse) -> Option<Check> {
        let all = self.extensions().iter().chain(&single.extensions);
        let known = [ocsp_oid::NONCE, oid::INVALIDITY_DATE, ARCHIVE_CUTOFF];
        let unknown = |it: &&Extension| it.critical && !known.contains(&&*it.oid);
        let malformed = |it: &&Extension| *it.oid == *oid::INVALIDITY_DATE;
        let malformed = single.extensions.iter().find(malformed);
        let malformed = malformed.filter(|it| single.times(&it.oid).any(|time| time.is_none()));
        let unknown = all.clone().find(unknown).or(malformed)?;
        let (en, zh) = (
            "an extension is critical and not understood, or decisive and malformed",
            "存在无法识别的关键扩展，或起决定作用的扩展格式有误",
        );
        let sub = SubIndication::ChainConstraintsFailure;
        let check = Check::failed("ocsp.critical_extensions", "RFC 6960, 4.4", sub, en, zh);
        Some(check.evidence("extension", &unknown.oid))
    }

    fn nonce_check(&self, wanted: Option<&[u8]>) -> Check {
        let (id, clause) = ("ocsp.nonce", "RFC 6960, 4.4.1; RFC 9654, 2.1");
        let Some(wanted) = wanted else {
            let (en, zh) = ("no nonce is demanded", "未要求随机数");
            return Check::skipped(id, clause, en, zh);
        };
        match self.nonce() {
            Some(found) if found == wanted => Check::passed(
                id,
                clause,
                "the response was made for this request",
                "该响应是对本次请求的应答",
            ),
            Some(_) => Check::failed(
                id,
                clause,
                SubIndication::SigConstraintsFailure,
                "the response was made for another request",
                "该响应是对其他请求的应答",
            ),
            None => Check::indeterminate(
                id,
                clause,
                SubIndication::NoPoe,
                "the response does not give the nonce back: it may be an older one",
                "响应未返回随机数，可能是较早的响应",
            ),
        }
    }
}

impl SingleResponse {
    /// The times in its extensions of this type; `None` for one that cannot be read.
    fn times<'a>(&'a self, oid: &'a str) -> impl Iterator<Item = Option<UnixTime>> + 'a {
        let of_type = self.extensions.iter().filter(move |it| *it.oid == *oid);
        of_type.map(|it| crl::time(&it.value).ok())
    }
}

fn is_named(certificate: &Certificate, id: &ResponderId) -> bool {
    match id {
        ResponderId::Name(name) => certificate.subject().matches(name),
        ResponderId::Key(digest) => {
            let hashes = [Hash::Sha1, Hash::Sm3, Hash::Sha256];
            let by_key = key_bits(certificate)
                .is_ok_and(|key| hashes.iter().any(|hash| hash.of(key) == **digest));
            by_key || certificate.subject_key_id() == Some(digest)
        }
    }
}

/// Why a responder may not answer.
struct Refusal {
    en: &'static str,
    zh: &'static str,
}

/// By what right `responder` answers for the issuer.
fn authority(
    responder: &Certificate,
    question: &Question<'_>,
    ask: &mut Ask<'_>,
) -> Result<Authority, Refusal> {
    let Question { issuer, responders, .. } = *question;
    if responder.spki() == issuer.spki() && responder.subject().matches(issuer.subject()) {
        return Ok(Authority::Issuer);
    }
    if responders.contains(responder) {
        return Ok(Authority::Pinned);
    }
    let purposes = responder.extended_key_usage().unwrap_or_default();
    if !purposes.iter().any(|purpose| **purpose == *oid::OCSP_SIGNING) {
        return Err(Refusal {
            en: "the certificate of the responder is not for OCSP",
            zh: "OCSP 服务器的证书不用于 OCSP 签名",
        });
    }
    // One that is there and cannot be read must not count as one that is absent.
    let unknown = |it: &&Extension| it.critical && !UNDERSTOOD.contains(&&*it.oid);
    if !responder.faulty_extensions().is_empty()
        || responder.extensions().iter().any(|it| unknown(&it))
    {
        return Err(Refusal {
            en: "the certificate of the responder has an extension that is malformed, or critical and \
                 not understood",
            zh: "OCSP 服务器的证书含有格式有误或无法识别的关键扩展",
        });
    }
    let signs = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::NON_REPUDIATION);
    if responder.key_usage().is_some_and(|usage| !usage.allows_any_of(signs)) {
        return Err(Refusal {
            en: "the key of the responder may not sign",
            zh: "OCSP 服务器的密钥用法不允许签名",
        });
    }
    let verify = || issuer.public_key().is_ok_and(|key| responder.verify_signature(key).is_ok());
    let issued = responder.issuer().matches(issuer.subject());
    // RFC 6960, 4.2.2.2: by the issuer directly, so that nobody else can hand the right on.
    if !issued || !ask(responder.thumbprint(), issuer, &verify) {
        return Err(Refusal {
            en: "the issuer of the certificate did not issue that of the responder",
            zh: "OCSP 服务器的证书不是由该证书的颁发者直接签发",
        });
    }
    Ok(Authority::Delegated)
}

fn certificate_check(single: Option<&SingleResponse>, question: &Question<'_>) -> Check {
    let (id, clause) = ("ocsp.certificate", "RFC 6960, 3.2 (1)");
    let serial = question.certificate.serial_hex();
    match single {
        Some(single) => {
            let (en, zh) = ("the answer is for the certificate", "应答针对该证书");
            let check = Check::passed(id, clause, en, zh).evidence("serial", serial);
            check.evidence("hash", single.id.hash_oid())
        }
        None => {
            let (en, zh) =
                ("the response says nothing of the certificate", "响应中没有该证书的状态");
            let sub = SubIndication::TryLater;
            Check::indeterminate(id, clause, sub, en, zh).evidence("serial", serial)
        }
    }
}

fn validity(responder: &Certificate, produced_at: UnixTime) -> Check {
    let (id, clause) = ("ocsp.responder_validity", RESPONDER);
    let check = if responder.is_valid_at(produced_at) {
        let (en, zh) = ("the responder's certificate was valid", "OCSP 服务器的证书在有效期内");
        Check::passed(id, clause, en, zh)
    } else {
        let (en, zh) = (
            "the responder's certificate was not valid when the response was made",
            "签发响应时 OCSP 服务器的证书不在有效期内",
        );
        Check::failed(id, clause, SubIndication::ChainConstraintsFailure, en, zh)
    };
    check.evidence("produced_at", produced_at)
}

/// Who answers for others was himself perhaps revoked: his certificate says whether to ask.
fn responder_revocation(responder: &Certificate, authority: Authority) -> Option<Check> {
    if authority != Authority::Delegated || responder.extension(oid::OCSP_NO_CHECK).is_some() {
        return None;
    }
    let (en, zh) = (
        "whether the responder's own certificate was revoked was not looked at",
        "未检查 OCSP 服务器自身证书的撤销状态",
    );
    let id = "ocsp.responder_revocation";
    let sub = SubIndication::TryLater;
    Some(Check::indeterminate(id, "RFC 6960, 4.2.2.2.1", sub, en, zh).warning())
}

fn freshness(answer: &Answer, question: &Question<'_>) -> Check {
    let (id, clause) = ("ocsp.freshness", "RFC 6960, 3.2 (5), (6), 4.2.2.1");
    let check = if answer.is_fresh(question.at, question.grace_s) {
        Check::passed(id, clause, "the answer is fresh", "应答在更新期内")
    } else {
        let (en, zh) = ("the answer is not fresh at that time", "应答在该时刻不在更新期内");
        let check = Check::indeterminate(id, clause, SubIndication::TryLater, en, zh);
        // What was revoked for good stays revoked.
        if answer.is_final() { check.warning() } else { check }
    };
    let check = check.evidence("at", question.at).evidence("this_update", answer.this_update);
    match answer.next_update {
        Some(next) => check.evidence("next_update", next),
        None => check,
    }
}

/// The status decides nothing about the response.
fn status(answer: &Answer) -> Check {
    let (id, clause) = ("ocsp.status", "RFC 6960, 2.2");
    let check = match answer.status {
        CertificateStatus::Good => {
            Check::passed(id, clause, "the certificate is not revoked", "证书未被撤销")
        }
        CertificateStatus::Revoked { at, reason } => {
            let (en, zh) = ("the certificate is revoked", "证书已被撤销");
            let check = Check::failed(id, clause, SubIndication::Revoked, en, zh);
            let reason = reason.map_or("not told", Reason::name);
            let check = check.evidence("revoked_at", at).evidence("reason", reason);
            match answer.invalid_since {
                Some(since) => check.evidence("invalid_since", since),
                None => check,
            }
        }
        CertificateStatus::Unknown => {
            let (en, zh) =
                ("the responder does not know the certificate", "OCSP 服务器不知道该证书");
            Check::indeterminate(id, clause, SubIndication::TryLater, en, zh)
        }
    };
    check.information().evidence("status", answer.status.name())
}

/// What may be critical in the certificate of a responder (RFC 5280, 4.2): looked at here, or without
/// meaning for one that issues nothing.
const UNDERSTOOD: [&str; 7] = [
    oid::SUBJECT_KEY_IDENTIFIER,
    oid::KEY_USAGE,
    oid::BASIC_CONSTRAINTS,
    oid::CERTIFICATE_POLICIES,
    oid::AUTHORITY_KEY_IDENTIFIER,
    oid::EXTENDED_KEY_USAGE,
    oid::OCSP_NO_CHECK,
];

/// id-pkix-ocsp-archive-cutoff.
const ARCHIVE_CUTOFF: &str = "1.3.6.1.5.5.7.48.1.6";

const RESPONDER: &str = "RFC 6960, 4.2.2.2";
