//! Whether a time stamp holds: RFC 3161, 2.2 and 2.3; GM/T 0033-2014.
//!
//! In: a token, what it is said to stamp, the request that it is said to answer, trust, a policy, the
//! time of the judgement. Out: every check that was made, and the proved time. Variable time: all inputs
//! are public.

use super::{
    HashAlgorithm, Imprint, TimeStampRequest, Token, TstInfo,
    signing_certificate::{self, DIRECTORY_NAME},
};
use crate::{
    Code, Error, UnixTime,
    limits::{PATH_CERTIFICATES_MAX, TIME_STAMP_AHEAD_S_MAX},
    pki::{
        cms::Verification,
        oid,
        tlv::{self, tag},
        x509::{
            Certificate, Evidence, PathPolicy, PathReport, Role, Times, TrustStore, hex,
            verify_path,
        },
    },
    report::{self, Check, Indication, SubIndication},
};

/// What is demanded of a time stamp.
#[derive(Clone, Copy, Debug)]
pub struct TimeStampPolicy<'a> {
    /// What is demanded of the authority's path. Its role is that of a time stamper in any case.
    pub path: PathPolicy,
    /// The hash functions that may be used; for GM/T 0033 SM3 alone.
    pub hashes: &'a [HashAlgorithm],
    /// The policies, dotted, under which a stamp may have been made; empty: under any.
    pub policies: &'a [&'a str],
    /// Certificates of authorities, for tokens that carry none.
    pub known: &'a [Certificate],
}

impl<'a> TimeStampPolicy<'a> {
    /// SM3 alone, any policy of the authority, certificates inside the token.
    #[must_use]
    pub const fn sm3(path: PathPolicy) -> Self {
        Self { path, hashes: &[HashAlgorithm::Sm3], policies: &[], known: &[] }
    }

    /// The same with SM3 or SHA-2 over the data, as authorities of other countries use it. Their own
    /// signatures, by RSA and ECDSA, are verified with the feature `international`.
    #[must_use]
    pub const fn sm3_or_sha2(path: PathPolicy) -> Self {
        Self { hashes: SM3_AND_SHA2, ..Self::sm3(path) }
    }
}

/// What a token is held against.
#[derive(Clone, Copy, Debug)]
pub enum Stamped<'a> {
    /// The data itself.
    Data(&'a [u8]),
    /// Its digest.
    Imprint(&'a Imprint),
    /// The request, whose imprint, nonce, policy and wish for a certificate must be met.
    Request(&'a TimeStampRequest),
}

/// What was found about a time stamp.
#[derive(Clone, Debug)]
pub struct TimeStampReport {
    /// The overall answer.
    pub indication: Indication,
    /// Why it is not `passed`.
    pub sub_indication: Option<SubIndication>,
    /// Every check, in the order in which it was made.
    pub checks: Vec<Check>,
    /// What the token says, if it could be read. It proves nothing unless the report passed.
    pub info: Option<TstInfo>,
    /// The authority's certificate, if it was found.
    pub authority: Option<Certificate>,
    /// The path from the authority's certificate to an anchor, judged at the stamped time.
    pub path: Option<PathReport>,
}

impl TimeStampReport {
    /// The proved time, if the stamp holds.
    #[must_use]
    pub fn holds(&self) -> Option<UnixTime> {
        let info = self.info.as_ref().filter(|_| self.indication == Indication::Passed)?;
        Some(info.time)
    }

    fn conclude(checks: Vec<Check>, rest: (Option<TstInfo>, Option<Certificate>)) -> Self {
        let (indication, sub_indication) = report::conclude(checks.iter());
        let (info, authority) = rest;
        Self { indication, sub_indication, checks, info, authority, path: None }
    }
}

/// Verifies `token`. The authority is judged at the stamped time, with the certificates inside the
/// token and those in `evidence`.
#[must_use]
pub fn verify_token(
    token: &[u8],
    stamped: Stamped<'_>,
    evidence: &Evidence,
    trust: &TrustStore,
    policy: &TimeStampPolicy<'_>,
    now: UnixTime,
) -> TimeStampReport {
    let token = match Token::parse(token) {
        Ok(token) => token,
        Err(error) => return TimeStampReport::conclude(vec![malformed(&error)], (None, None)),
    };
    let (info, signed_data) = (token.info(), token.signed_data());
    let mut checks = vec![format_check(&token), version_check(info)];
    checks.extend([signers_check(&token), time_check(info)]);
    checks.push(imprint_check(info, stamped, policy));
    let inside: Vec<_> = signed_data
        .certificates()
        .iter()
        .take(PATH_CERTIFICATES_MAX)
        .filter_map(|der| Certificate::parse(der).ok())
        .collect();
    let content = signed_data.content().unwrap_or_default();
    let Verification { checks: of_cms, signer: authority, .. } =
        signed_data.verify_detached_with(content, policy.known);
    checks.extend(of_cms);
    checks.push(signing_certificate_check(&token, authority.as_ref()));
    checks.push(purpose_check(authority.as_ref()));
    checks.push(policy_check(info, stamped, policy));
    if let Stamped::Request(request) = stamped {
        checks.push(nonce_check(info, request));
        checks.push(certificate_check(&token, request, authority.as_ref()));
    }
    checks.push(name_check(info, authority.as_ref()));
    checks.push(extensions_check(info));
    checks.push(accuracy_check(info));
    let times = Times { signing: info.time, validation: now };
    let path_policy = PathPolicy { role: Role::TimeStamper, ..policy.path };
    let evidence = evidence.with_certificates(inside);
    let path = authority
        .as_ref()
        .map(|authority| verify_path(authority, &evidence, trust, &path_policy, times));
    checks.push(path_check(path.as_ref(), info.time));
    checks.push(ahead_check(info, now));
    let report = TimeStampReport::conclude(checks, (Some(info.clone()), authority));
    TimeStampReport { path, ..report }
}

const TOKEN: &str = "RFC 3161, 2.4.2; GM/T 0033-2014";
const CLIENT: &str = "RFC 3161, 2.2; GM/T 0033-2014";
const AUTHORITY: &str = "RFC 3161, 2.3; GM/T 0033-2014";

fn malformed(error: &Error) -> Check {
    Check::failed(
        "time_stamp.format",
        TOKEN,
        SubIndication::FormatFailure,
        error.text_en(),
        error.text_zh(),
    )
    .evidence("error", error.code().name())
}

/// The structure was read. What it says is shown here.
fn format_check(token: &Token) -> Check {
    let info = token.info();
    let check = Check::passed(
        "time_stamp.format",
        TOKEN,
        "the token is a SignedData over a TSTInfo",
        "时间戳令牌是包含 TSTInfo 的 SignedData",
    );
    check
        .evidence("family", token.signed_data().family().name())
        .evidence("policy", &info.policy)
        .evidence("serial", hex(&info.serial))
        .evidence("time", info.time)
        .evidence("written", &info.time_text)
}

fn version_check(info: &TstInfo) -> Check {
    let id = "time_stamp.version";
    let check = if info.version == 1 {
        Check::passed(id, TOKEN, "the version is 1", "版本为 1")
    } else {
        let sub = SubIndication::FormatFailure;
        Check::failed(id, TOKEN, sub, "the version is not 1", "版本不是 1")
    };
    check.evidence("version", info.version)
}

/// RFC 3161, 2.4.2: `yyyyMMddHHmmss[.s…]Z`, the fraction without trailing zeros. Other ways to write the
/// same time are a remark, for software in use pads the fraction.
fn time_check(info: &TstInfo) -> Check {
    let id = "time_stamp.time_form";
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let text = info.time_text.strip_suffix('Z');
    let is_strict = text.is_some_and(|text| match text.split_once('.') {
        Some((whole, fraction)) => {
            whole.len() == 14 && digits(whole) && digits(fraction) && !fraction.ends_with('0')
        }
        None => text.len() == 14 && digits(text),
    });
    if is_strict {
        Check::passed(id, TOKEN, "the time is written in UTC and DER", "时间以 UTC 和 DER 形式书写")
    } else {
        let sub = SubIndication::FormatFailure;
        let en = "the time is not written as the standard demands";
        Check::failed(id, TOKEN, sub, en, "时间的书写形式不符合标准").warning()
    }
    .evidence("written", &info.time_text)
}

/// RFC 3161, 2.4.2: the token must not contain any signature but that of the authority.
fn signers_check(token: &Token) -> Check {
    let id = "time_stamp.signers";
    let count = token.signed_data().signers().len();
    let check = if count == 1 {
        Check::passed(id, TOKEN, "the authority alone signed", "只有时间戳服务机构一个签名")
    } else {
        let sub = SubIndication::FormatFailure;
        let en = "the token does not have exactly one signature";
        Check::failed(id, TOKEN, sub, en, "时间戳令牌的签名数不是一个")
    };
    check.evidence("signers", count)
}

fn imprint_check(info: &TstInfo, stamped: Stamped<'_>, policy: &TimeStampPolicy<'_>) -> Check {
    let id = "time_stamp.imprint";
    let algorithm = info.imprint.hash_algorithm();
    let Some(algorithm) = algorithm.filter(|algorithm| policy.hashes.contains(algorithm)) else {
        let sub = SubIndication::CryptoConstraintsFailure;
        let en = "the hash function of the imprint is not one that is accepted";
        return Check::failed(id, CLIENT, sub, en, "时间戳所用摘要算法不被接受")
            .evidence("algorithm", info.imprint.algorithm_name());
    };
    let fits = match stamped {
        Stamped::Data(data) => info.imprint.digest == algorithm.digest(data),
        Stamped::Imprint(imprint) => info.imprint.is_same_as(imprint),
        Stamped::Request(request) => info.imprint.is_same_as(&request.imprint),
    };
    let check = if fits {
        Check::passed(id, CLIENT, "it is over what was to be stamped", "时间戳是对该数据加盖的")
    } else {
        let sub = SubIndication::HashFailure;
        let en = "the time stamp is over something else";
        Check::failed(id, CLIENT, sub, en, "时间戳不是对该数据加盖的")
    };
    check
        .evidence("algorithm", info.imprint.algorithm_name())
        .evidence("stamped", hex(&info.imprint.digest))
}

/// RFC 3161, 2.4.2; RFC 5816, 2.2.1: one of the attributes must be there, and each that is there must
/// name the signer's certificate.
fn signing_certificate_check(token: &Token, authority: Option<&Certificate>) -> Check {
    let id = "time_stamp.signing_certificate";
    let clause = "RFC 3161, 2.4.2; RFC 5816, 2.2.1";
    let signed = token.signed_data().signers().first().and_then(|one| one.attributes.as_ref());
    let (Some(authority), Some(signed)) = (authority, signed) else {
        let en = "not checked: the authority's certificate or the signed attributes are missing";
        let sub = SubIndication::NoSigningCertificateFound;
        return Check::indeterminate(id, clause, sub, en, "未检查：缺少机构证书或签名属性");
    };
    let namings = match signing_certificate::read(&signed.signed_bytes, authority) {
        Ok(namings) => namings,
        Err(error) => {
            let sub = SubIndication::FormatFailure;
            return Check::failed(id, clause, sub, error.text_en(), error.text_zh());
        }
    };
    let sub = SubIndication::SigConstraintsFailure;
    let check = if namings.is_empty() {
        let en = "no signed attribute names the authority's certificate";
        Check::failed(id, clause, sub, en, "签名属性没有标识机构证书")
    } else if namings.iter().all(|naming| naming.fits) {
        let en = "a signed attribute names the authority's certificate";
        Check::passed(id, clause, en, "签名属性标识的正是该机构证书")
    } else {
        let en = "a signed attribute names another certificate than the authority's";
        Check::failed(id, clause, sub, en, "签名属性标识的是另一张证书")
    };
    let by: Vec<_> = namings.iter().map(|naming| naming.by).collect();
    check.evidence("attributes", by.join("; "))
}

/// RFC 3161, 2.3: the extension must be critical. That it names timeStamping and nothing else is among
/// the checks of the path.
fn purpose_check(authority: Option<&Certificate>) -> Check {
    let id = "time_stamp.purpose";
    let Some(authority) = authority else {
        let en = "not checked: the authority's certificate is missing";
        return Check::skipped(id, AUTHORITY, en, "未检查：缺少机构证书");
    };
    let purposes = authority.extended_key_usage().unwrap_or_default();
    let check = if is_for_time_stamps(authority) {
        let en = "the certificate is for time stamps alone, and says so critically";
        Check::passed(id, AUTHORITY, en, "证书专用于时间戳，且该扩展为关键扩展")
    } else {
        let sub = SubIndication::ChainConstraintsFailure;
        let en = "the certificate does not say critically that it is for time stamps alone";
        Check::failed(id, AUTHORITY, sub, en, "证书没有以关键扩展声明专用于时间戳")
    };
    check.evidence("extended_key_usage", purposes.join(", "))
}

/// Whether the extension extKeyUsage is critical and has timeStamping alone.
pub(super) fn is_for_time_stamps(certificate: &Certificate) -> bool {
    let purposes = certificate.extended_key_usage().unwrap_or_default();
    let alone = matches!(purposes, [only] if &**only == oid::TIME_STAMPING);
    let extension = certificate.extension(oid::EXTENDED_KEY_USAGE);
    alone && extension.is_some_and(|extension| extension.critical)
}

fn policy_check(info: &TstInfo, stamped: Stamped<'_>, policy: &TimeStampPolicy<'_>) -> Check {
    let id = "time_stamp.policy";
    let asked = match stamped {
        Stamped::Request(request) => request.policy.as_deref(),
        Stamped::Data(_) | Stamped::Imprint(_) => None,
    };
    let accepted = policy.policies.is_empty() || policy.policies.contains(&info.policy.as_str());
    let check = if asked.is_some_and(|asked| asked != info.policy) {
        let sub = SubIndication::SigConstraintsFailure;
        let en = "the token was made under another policy than was asked for";
        Check::failed(id, CLIENT, sub, en, "时间戳策略与请求不一致")
    } else if !accepted {
        let sub = SubIndication::SigConstraintsFailure;
        let en = "the token was made under a policy that is not accepted";
        Check::failed(id, CLIENT, sub, en, "时间戳策略不被接受")
    } else if asked.is_none() && policy.policies.is_empty() {
        let en = "no particular policy is demanded";
        Check::skipped(id, CLIENT, en, "未要求特定的时间戳策略")
    } else {
        Check::passed(id, CLIENT, "the policy is one that is accepted", "时间戳策略符合要求")
    };
    check.evidence("policy", &info.policy)
}

fn nonce_check(info: &TstInfo, request: &TimeStampRequest) -> Check {
    let id = "time_stamp.nonce";
    match (&request.nonce, &info.nonce) {
        (None, None) => {
            let en = "the request had no nonce: that the token is new is not proved";
            Check::skipped(id, CLIENT, en, "请求未含随机数，无法证明令牌是新产生的")
        }
        (asked, found) if asked == found => {
            Check::passed(id, CLIENT, "the nonce is that of the request", "随机数与请求一致")
        }
        _ => {
            let sub = SubIndication::SigConstraintsFailure;
            let en = "the nonce is not that of the request";
            Check::failed(id, CLIENT, sub, en, "随机数与请求不一致")
        }
    }
}

fn certificate_check(
    token: &Token,
    request: &TimeStampRequest,
    authority: Option<&Certificate>,
) -> Check {
    let id = "time_stamp.certificate_sent";
    let inside = token.signed_data().certificates();
    let is_inside =
        authority.is_some_and(|authority| inside.iter().any(|der| *der == authority.der()));
    let sub = SubIndication::SigConstraintsFailure;
    match (request.certificate_wanted, is_inside, inside.is_empty()) {
        (true, true, _) => {
            let en = "the authority's certificate was sent, as asked for";
            Check::passed(id, CLIENT, en, "已按请求附上机构证书")
        }
        (true, false, _) => {
            let en = "the authority's certificate was asked for and not sent";
            Check::failed(id, CLIENT, sub, en, "请求了机构证书但未附上")
        }
        (false, _, true) => {
            let en = "no certificate was asked for, and none was sent";
            Check::passed(id, CLIENT, en, "未请求证书，也未附证书")
        }
        (false, _, false) => {
            let en = "certificates were sent although none was asked for";
            Check::failed(id, CLIENT, sub, en, "未请求证书却附上了证书").warning()
        }
    }
}

/// RFC 3161, 2.4.2: the field `tsa` must correspond to one of the names in the certificate.
fn name_check(info: &TstInfo, authority: Option<&Certificate>) -> Check {
    let id = "time_stamp.authority_name";
    let (Some(name), Some(authority)) = (&info.authority_name, authority) else {
        let en = "the token does not name its authority, or its certificate is missing";
        return Check::skipped(id, TOKEN, en, "令牌没有写明机构名称，或缺少机构证书");
    };
    if is_name_of(name, authority) {
        let en = "the token names the subject of the certificate";
        Check::passed(id, TOKEN, en, "令牌写明的机构名称与证书一致")
    } else {
        let sub = SubIndication::SigConstraintsFailure;
        let en = "the token names another authority than the certificate";
        Check::failed(id, TOKEN, sub, en, "令牌写明的机构名称与证书不一致")
    }
    .evidence("subject", authority.subject())
}

fn is_name_of(name: &[u8], authority: &Certificate) -> bool {
    let directory = tlv::only(name, 0, DIRECTORY_NAME, Code::BadTimeStamp, "tsa");
    if directory.is_ok_and(|name| name.value == authority.subject().der()) {
        return true;
    }
    // The alternative names are a SEQUENCE of the same choice.
    let Some(extension) = authority.extension(SUBJECT_ALT_NAME) else { return false };
    let list = tlv::only(&extension.value, 0, tag::SEQUENCE, Code::BadTimeStamp, "subjectAltName");
    let Ok(list) = list else { return false };
    let mut names = list.inside();
    while let Ok(found) = names.next("subjectAltName") {
        if found.raw == name {
            return true;
        }
    }
    false
}

fn extensions_check(info: &TstInfo) -> Check {
    let id = "time_stamp.extensions";
    if info.extensions.iter().any(|extension| extension.critical) {
        let sub = SubIndication::SigConstraintsFailure;
        let en = "the token has a critical extension that is not understood";
        Check::failed(id, TOKEN, sub, en, "令牌含有无法识别的关键扩展")
    } else {
        Check::passed(id, TOKEN, "no extension must be understood", "没有必须识别的扩展")
    }
    .evidence("extensions", info.extensions.len())
}

/// A fact for those who compare stamps: without an accuracy the authority's policy tells it.
fn accuracy_check(info: &TstInfo) -> Check {
    let id = "time_stamp.accuracy";
    let check = match info.accuracy {
        Some(accuracy) => {
            let check = Check::passed(id, TOKEN, "the token states its accuracy", "令牌写明了精度");
            check.evidence("accuracy_us", accuracy.as_us())
        }
        None => {
            let en = "the token does not state its accuracy: the authority's policy does";
            Check::skipped(id, TOKEN, en, "令牌未写明精度，以机构策略为准")
        }
    };
    check.evidence("ordering", info.ordering).information()
}

fn path_check(path: Option<&PathReport>, at: UnixTime) -> Check {
    let id = "time_stamp.authority";
    let sub = |path: &PathReport| path.sub_indication.unwrap_or(SubIndication::NoPoe);
    let check = match path {
        None => {
            let sub = SubIndication::NoSigningCertificateFound;
            let en = "the authority's certificate is missing";
            Check::indeterminate(id, AUTHORITY, sub, en, "缺少机构证书")
        }
        Some(path) => match path.indication {
            Indication::Passed => {
                let en = "at the stamped time the authority was one that is trusted";
                Check::passed(id, AUTHORITY, en, "在加盖时间，该机构可追溯到信任锚")
            }
            Indication::Failed => {
                let en = "the authority's certificate is not acceptable";
                Check::failed(id, AUTHORITY, sub(path), en, "机构证书不可接受")
            }
            Indication::Indeterminate => {
                let en = "the authority's certificate could not be judged";
                Check::indeterminate(id, AUTHORITY, sub(path), en, "机构证书无法判定")
            }
        },
    };
    check.evidence("at", at)
}

/// Clocks differ a little; a stamp from well after the judgement is one that cannot have been made.
fn ahead_check(info: &TstInfo, now: UnixTime) -> Check {
    let id = "time_stamp.not_ahead";
    let ahead_s = info.time.unix_s().saturating_sub(now.unix_s());
    let check = if ahead_s <= TIME_STAMP_AHEAD_S_MAX {
        let en = "the stamped time is not later than the judgement";
        Check::passed(id, CLIENT, en, "加盖时间不晚于验证时间")
    } else {
        let sub = SubIndication::TimestampOrderFailure;
        let en = "the stamped time is later than the judgement";
        Check::failed(id, CLIENT, sub, en, "加盖时间晚于验证时间")
    };
    check.evidence("time", info.time).evidence("now", now)
}

const SM3_AND_SHA2: &[HashAlgorithm] = {
    use HashAlgorithm::{Sha256, Sha384, Sha512, Sm3};
    &[Sm3, Sha256, Sha384, Sha512]
};

const SUBJECT_ALT_NAME: &str = "2.5.29.17";
