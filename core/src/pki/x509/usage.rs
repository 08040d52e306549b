//! What a certificate's key may be used for: key usage, purposes, and whether the subject is an authority.
//!
//! In: one certificate and its place in the path. Out: its checks.

use super::{Certificate, KeyUsage, Role, Times, foreign};
use crate::{
    error::{Code, Error},
    pki::{
        oid::{self, OCSP_SIGNING, TIME_STAMPING},
        tlv::{self, tag},
    },
    report::{Check, Outcome, SubIndication},
    time::UnixTime,
};

/// What only the certificate in question must satisfy. `anchor`: the caller trusts it as it is.
pub(super) fn end_of_path(certificate: &Certificate, role: Role, anchor: bool) -> Vec<Check> {
    let mut checks = vec![public_key(certificate)];
    match role {
        Role::Any => {
            checks.push(Check::skipped(
                "certificate.key_usage",
                KEY_USAGE,
                "no particular usage is demanded",
                "未要求特定的密钥用法",
            ));
            return checks;
        }
        Role::Encryption => checks.push(encryption_key_usage(certificate)),
        Role::TimeStamper => {
            checks.push(signing_key_usage(certificate));
            checks.push(time_stamping(certificate));
        }
        Role::OcspSigner => {
            checks.push(signing_key_usage(certificate));
            checks.push(ocsp_signing(certificate));
        }
        Role::SealMaker | Role::SealSigner | Role::DocumentSigner => {
            checks.push(signing_key_usage(certificate));
            checks.extend(other_purposes(certificate));
        }
    }
    checks.extend(end_entity(certificate, anchor));
    checks
}

/// GB/T 20518-2018 keeps certificates of authorities apart from those of users. A CA that also signs
/// documents is refused, unless the caller trusts that very certificate.
fn end_entity(certificate: &Certificate, anchor: bool) -> Option<Check> {
    let ca = certificate.basic_constraints().is_some_and(|constraints| constraints.ca);
    let check = Check::failed(
        "certificate.end_entity",
        "RFC 5280, 4.2.1.9; GB/T 20518-2018",
        SubIndication::ChainConstraintsFailure,
        "an authority's certificate is used where a user's is demanded",
        "在应使用最终用户证书之处使用了 CA 证书",
    );
    ca.then(|| if anchor { check.warning() } else { check })
}

const KEY_USAGE: &str = "RFC 5280, 4.2.1.3; GB/T 20518-2018";
const KEY_USAGE_PERIOD: &str = "GB/T 20518-2018";
const CONSTRAINTS: &str = "RFC 5280, 6.1.4 (k); GB/T 20518-2018";

fn public_key(certificate: &Certificate) -> Check {
    let id = "certificate.public_key";
    let clause = "GB/T 20518-2018; GM/T 0009-2012, 7.1";
    let sub = SubIndication::CryptoConstraintsFailure;
    match certificate.public_key().map_err(|error| error.code()) {
        Ok(_) => Check::passed(
            id,
            clause,
            "the key is a point of the SM2 curve",
            "公钥是 SM2 曲线上的点",
        ),
        Err(Code::UnsupportedAlgorithm) if foreign::key_name(certificate.spki()).is_some() => {
            let name = foreign::key_name(certificate.spki()).unwrap_or_default();
            Check::passed(
                id,
                "RFC 5280, 4.1.2.7",
                "the key is of another kind than SM2 that is supported",
                "公钥不是 SM2 公钥，但属于受支持的其他算法",
            )
            .evidence("algorithm", name)
        }
        Err(Code::UnsupportedAlgorithm) => {
            Check::indeterminate(id, clause, sub, "the key is not an SM2 key", "公钥不是 SM2 公钥")
        }
        Err(_) => Check::failed(
            id,
            clause,
            sub,
            "the key is malformed or not a point of the SM2 curve",
            "公钥格式有误或不在 SM2 曲线上",
        ),
    }
}

fn signing_key_usage(certificate: &Certificate) -> Check {
    let signs = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::NON_REPUDIATION);
    end_key_usage(
        certificate,
        signs,
        ("the key may sign", "密钥用法允许签名"),
        (
            "the key may not sign: neither digitalSignature nor nonRepudiation is set",
            "密钥用法不允许签名：既无数字签名也无不可否认",
        ),
    )
}

fn encryption_key_usage(certificate: &Certificate) -> Check {
    let receives =
        KeyUsage::KEY_ENCIPHERMENT.with(KeyUsage::DATA_ENCIPHERMENT).with(KeyUsage::KEY_AGREEMENT);
    end_key_usage(
        certificate,
        receives,
        ("the key may receive encrypted keys or data", "密钥用法允许加密"),
        (
            "the key may not encrypt: none of keyEncipherment, dataEncipherment and keyAgreement is set",
            "密钥用法不允许加密：密钥加密、数据加密、密钥协商均未设置",
        ),
    )
}

/// Each text is (English, Chinese).
fn end_key_usage(
    certificate: &Certificate,
    wanted: KeyUsage,
    good: (&'static str, &'static str),
    bad: (&'static str, &'static str),
) -> Check {
    let id = "certificate.key_usage";
    let sub = SubIndication::ChainConstraintsFailure;
    let Some(usage) = certificate.key_usage() else {
        return no_key_usage(certificate);
    };
    let check = if usage.allows_any_of(wanted) {
        Check::passed(id, KEY_USAGE, good.0, good.1)
    } else {
        Check::failed(id, KEY_USAGE, sub, bad.0, bad.1)
    };
    check.evidence("key_usage", usage)
}

fn no_key_usage(certificate: &Certificate) -> Check {
    let id = "certificate.key_usage";
    let sub = SubIndication::ChainConstraintsFailure;
    // One that is there and cannot be read must not count as one that is absent.
    if certificate.extension(oid::KEY_USAGE).is_some() {
        return Check::failed(
            id,
            KEY_USAGE,
            sub,
            "the extension keyUsage is malformed",
            "密钥用法扩展格式有误",
        );
    }
    Check::indeterminate(
        id,
        KEY_USAGE,
        sub,
        "the certificate does not say what its key may do, which permits anything",
        "证书未声明密钥用法，按规则视为不限用途",
    )
    .warning()
}

fn time_stamping(certificate: &Certificate) -> Check {
    let id = "certificate.extended_key_usage";
    let clause = "RFC 3161, 2.3";
    let purposes = certificate.extended_key_usage().unwrap_or_default();
    let check = if matches!(purposes, [only] if &**only == TIME_STAMPING) {
        Check::passed(id, clause, "the key is for time stamps and nothing else", "密钥专用于时间戳")
    } else {
        Check::failed(
            id,
            clause,
            SubIndication::ChainConstraintsFailure,
            "the key is not for time stamps alone",
            "密钥并非专用于时间戳",
        )
    };
    check.evidence("extended_key_usage", purposes.join(", "))
}

/// An authority that may itself be relied on for some purposes alone gives out no more than these. That
/// is no rule of RFC 5280, but how authorities are bound in practice.
pub(super) fn authority_purposes(certificate: &Certificate, role: Role) -> Option<Check> {
    let purposes = certificate.extended_key_usage()?;
    let among = |list: &[&str]| purposes.iter().any(|purpose| list.contains(&&**purpose));
    let excluded = match role {
        Role::TimeStamper => !among(&[TIME_STAMPING, ANY_PURPOSE]),
        Role::SealMaker | Role::SealSigner | Role::DocumentSigner => are_other(purposes),
        Role::Encryption | Role::OcspSigner | Role::Any => return None,
    };
    let (id, clause) = ("certificate.extended_key_usage", "RFC 5280, 4.2.1.12");
    let check = if excluded {
        Check::failed(
            id,
            clause,
            SubIndication::ChainConstraintsFailure,
            "the authority is for other purposes than the certificate is used for",
            "CA 证书限于其他用途，与该证书的使用目的不符",
        )
    } else {
        Check::passed(
            id,
            clause,
            "the purposes of the authority do not exclude this use",
            "CA 证书的用途不排除该使用目的",
        )
    };
    Some(check.evidence("extended_key_usage", purposes.join(", ")))
}

/// Whether a signature falls into the time for which the authority allows the private key: the extension
/// privateKeyUsagePeriod, which may end before the certificate does.
pub(super) fn private_key_period(
    certificate: &Certificate,
    role: Role,
    times: Times,
) -> Option<Check> {
    if matches!(role, Role::Encryption | Role::Any) {
        return None;
    }
    let extension = certificate.extension(oid::PRIVATE_KEY_USAGE_PERIOD)?;
    let id = "certificate.private_key_usage_period";
    let failed = |en, zh| {
        Check::failed(id, KEY_USAGE_PERIOD, SubIndication::ChainConstraintsFailure, en, zh)
    };
    let check = match usage_period(&extension.value) {
        Ok((from, to)) => {
            let early = from.is_some_and(|from| times.signing < from);
            let late = to.is_some_and(|to| times.signing > to);
            let check = if early || late {
                let en = "the private key was not to be used at the time of signing";
                failed(en, "签名时间不在私钥使用期内")
            } else {
                let en = "the private key was to be used at the time of signing";
                Check::passed(id, KEY_USAGE_PERIOD, en, "签名时间在私钥使用期内")
            };
            let ends = [("not_before", from), ("not_after", to)];
            ends.into_iter().fold(check, |check, (name, end)| match end {
                Some(end) => check.evidence(name, end),
                None => check,
            })
        }
        Err(_) => {
            failed("the extension privateKeyUsagePeriod is malformed", "私钥使用期扩展格式有误")
        }
    };
    Some(check.evidence("at", times.signing))
}

type Ends = (Option<UnixTime>, Option<UnixTime>);

/// `PrivateKeyUsagePeriod`: at least one of the two ends.
fn usage_period(der: &[u8]) -> Result<Ends, Error> {
    let field = "privateKeyUsagePeriod";
    let mut fields = tlv::only(der, 0, tag::SEQUENCE, Code::BadCertificate, field)?.inside();
    let mut end = |number| {
        let end = fields.take(number, field)?;
        end.map(|end| end.retagged(tag::GENERALIZED_TIME).time(field)).transpose()
    };
    let ends = (end(0x80)?, end(0x81)?);
    fields.finish(field)?;
    if ends == (None, None) { Err(fields.error(field)) } else { Ok(ends) }
}

/// Whom an authority lets answer for it. `anyExtendedKeyUsage` is not enough: the purpose is named.
fn ocsp_signing(certificate: &Certificate) -> Check {
    let id = "certificate.extended_key_usage";
    let clause = "RFC 6960, 4.2.2.2";
    let purposes = certificate.extended_key_usage().unwrap_or_default();
    let check = if purposes.iter().any(|purpose| &**purpose == OCSP_SIGNING) {
        Check::passed(id, clause, "the key may sign OCSP responses", "密钥可用于签发 OCSP 响应")
    } else {
        Check::failed(
            id,
            clause,
            SubIndication::ChainConstraintsFailure,
            "the key is not for signing OCSP responses",
            "密钥不用于签发 OCSP 响应",
        )
    };
    check.evidence("extended_key_usage", purposes.join(", "))
}

/// Purposes that have nothing to do with documents or seals: TLS servers, code, time stamps, OCSP.
const OTHER_PURPOSES: [&str; 4] =
    ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.3", TIME_STAMPING, OCSP_SIGNING];

const ANY_PURPOSE: &str = "2.5.29.37.0";

fn are_other(purposes: &[Box<str>]) -> bool {
    purposes.iter().all(|purpose| OTHER_PURPOSES.contains(&&**purpose))
}

/// No purpose is defined for seals, and their certificates carry several; but one that is for other
/// purposes alone was not given out for signing documents.
fn other_purposes(certificate: &Certificate) -> Option<Check> {
    let purposes = certificate.extended_key_usage()?;
    let id = "certificate.extended_key_usage";
    let clause = "RFC 5280, 4.2.1.12";
    let check = if are_other(purposes) {
        Check::failed(
            id,
            clause,
            SubIndication::ChainConstraintsFailure,
            "the certificate is for other purposes than signing documents or seals",
            "证书用于其他目的，不用于签署文件或印章",
        )
    } else {
        Check::passed(
            id,
            clause,
            "the purposes of the certificate do not exclude signing documents",
            "证书用途不排除签署文件",
        )
    };
    Some(check.evidence("extended_key_usage", purposes.join(", ")))
}

pub(super) fn authority(certificate: &Certificate, anchor: bool) -> Check {
    let id = "certificate.basic_constraints";
    let sub = SubIndication::ChainConstraintsFailure;
    let ca = certificate.basic_constraints().is_some_and(|constraints| constraints.ca);
    if ca {
        Check::passed(id, CONSTRAINTS, "the subject is an authority", "证书主体是 CA")
    } else if anchor && certificate.version() < 3 && certificate.extensions().is_empty() {
        // Before version 3 there were no extensions; who trusts such a root does so knowingly.
        Check::indeterminate(
            id,
            CONSTRAINTS,
            sub,
            "a trust anchor of version 1 or 2 cannot say that it is an authority",
            "版本 1 或 2 的信任锚无法声明自己是 CA",
        )
        .warning()
    } else {
        Check::failed(
            id,
            CONSTRAINTS,
            sub,
            "the certificate issued another one but is not an authority's",
            "该证书并非 CA 证书，却签发了下级证书",
        )
    }
}

pub(super) fn authority_key_usage(certificate: &Certificate, anchor: bool) -> Check {
    let id = "certificate.key_usage";
    let Some(usage) = certificate.key_usage() else {
        return no_key_usage(certificate);
    };
    let check = if usage.allows_any_of(KeyUsage::KEY_CERT_SIGN) {
        Check::passed(
            id,
            "RFC 5280, 6.1.4 (n)",
            "the key may sign certificates",
            "密钥用法允许签发证书",
        )
    } else {
        Check::failed(
            id,
            "RFC 5280, 6.1.4 (n)",
            SubIndication::ChainConstraintsFailure,
            "the key may not sign certificates",
            "密钥用法不允许签发证书",
        )
    };
    let check = check.evidence("key_usage", usage);
    // Of an anchor RFC 5280, 6.1.1 (d), takes name and key alone. That it is an authority is demanded
    // all the same, or else a signer trusted for himself could certify others; but an authority that
    // forgot to say what its key may do is trusted as its user wishes.
    let counts = !anchor || check.outcome == Outcome::Passed;
    if counts { check } else { check.warning() }
}
