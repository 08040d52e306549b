//! The checks of every certificate of a path. What is found here becomes part of the report.

use std::cell::Cell;

use super::{
    Certificate, Evidence, KeyUsage, PathPolicy, Role, SignatureAlgorithm, SignatureForm, Times,
    TrustStore,
    path::{CertificateReport, End},
};
use crate::{
    error::Code,
    pki::oid,
    report::{Check, Outcome, SubIndication},
};

/// What a path is judged with.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) evidence: &'a Evidence,
    pub(super) trust: &'a TrustStore,
    pub(super) policy: &'a PathPolicy,
    pub(super) times: Times,
    /// How many more signatures may be asked for.
    pub(super) budget: &'a Cell<usize>,
}

impl Judge<'_> {
    /// Takes one signature from the budget; false if it is used up.
    pub(super) fn spend(&self) -> bool {
        match self.budget.get().checked_sub(1) {
            Some(rest) => {
                self.budget.set(rest);
                true
            }
            None => false,
        }
    }

    /// Judges `path`, whose signatures verified, except that of the last one as `end` tells.
    pub(super) fn path(&self, path: &[&Certificate], end: End) -> Vec<CertificateReport> {
        // Authorities below the present one that are not self-issued (RFC 5280, 6.1.4 (l)).
        let mut below = 0;
        let mut reports = Vec::with_capacity(path.len());
        for (index, certificate) in path.iter().enumerate() {
            let issuer = path.get(index + 1).copied();
            let is_anchor = issuer.is_none() && end == End::Anchor;
            let mut checks = vec![self.signature(certificate, issuer, end)];
            checks.extend(remarks(certificate, issuer));
            self.validity(certificate, &mut checks);
            if index == 0 {
                checks.extend(self.end_of_path(certificate));
            } else {
                checks.push(authority(certificate, is_anchor));
                checks.push(authority_key_usage(certificate, is_anchor));
                checks.push(path_length(certificate, below));
                below += u32::from(!certificate.is_self_issued());
            }
            checks.push(critical_extensions(certificate));
            match (issuer, end) {
                (Some(issuer), End::Anchor) => {
                    self.revocation(certificate, issuer, index > 0, &mut checks);
                }
                // Whom no anchor vouches for can revoke nothing.
                (Some(_), _) => {}
                (None, End::Anchor) => checks.push(anchor()),
                (None, _) => checks.push(no_chain(certificate, end)),
            }
            reports.push(CertificateReport {
                subject: certificate.subject().to_string(),
                issuer: certificate.issuer().to_string(),
                serial: certificate.serial_hex(),
                not_before: certificate.not_before(),
                not_after: certificate.not_after(),
                checks,
            });
        }
        reports
    }

    fn signature(
        &self,
        certificate: &Certificate,
        issuer: Option<&Certificate>,
        end: End,
    ) -> Check {
        let id = "certificate.signature";
        let sub = SubIndication::CertificateChainGeneralFailure;
        match (issuer, end) {
            (Some(issuer), _) => Check::passed(
                id,
                SIGNATURE,
                "signed by its issuer (SM2 with SM3)",
                "颁发者签名有效（SM2/SM3）",
            )
            .evidence("issuer_serial", issuer.serial_hex()),
            (None, End::Anchor) => Check::skipped(
                id,
                SIGNATURE,
                "a trust anchor is trusted as given, not for its signature",
                "信任锚由使用方指定，无需验证其签名",
            ),
            (None, End::NoIssuer | End::Limit) => Check::skipped(
                id,
                SIGNATURE,
                "not verified: the issuer's certificate is not known",
                "未验证：颁发者证书未知",
            ),
            (None, End::Unsupported) => Check::indeterminate(
                id,
                SIGNATURE,
                SubIndication::CryptoConstraintsFailure,
                "not verified: the signature is not SM2 with SM3",
                "未验证：签名算法不是 SM2/SM3",
            )
            .evidence("algorithm", certificate.signature_algorithm_oid()),
            (None, End::TwoAlgorithms) => Check::failed(
                id,
                "RFC 5280, 4.1.1.2",
                sub,
                "the algorithm outside the signed part is not the one inside it",
                "证书外层签名算法与被签名部分内的签名算法不一致",
            ),
            (None, End::BadSignature) => Check::failed(
                id,
                SIGNATURE,
                sub,
                "the signature does not verify with the key of its issuer",
                "用颁发者公钥验证证书签名不通过",
            ),
        }
    }

    fn validity(&self, certificate: &Certificate, checks: &mut Vec<Check>) {
        let id = "certificate.validity";
        let Times { signing, validation } = self.times;
        let check = if signing < certificate.not_before() {
            Check::failed(
                id,
                VALIDITY,
                SubIndication::NotYetValid,
                "the certificate was not yet valid at the time of signing",
                "签名时证书尚未生效",
            )
        } else if signing > certificate.not_after() {
            Check::failed(
                id,
                VALIDITY,
                SubIndication::Expired,
                "the certificate had expired at the time of signing",
                "签名时证书已过期",
            )
        } else {
            Check::passed(
                id,
                VALIDITY,
                "the certificate was valid at the time of signing",
                "签名时证书在有效期内",
            )
        };
        let passed = check.sub_indication.is_none();
        checks.push(
            check
                .evidence("at", signing)
                .evidence("not_after", certificate.not_after())
                .evidence("not_before", certificate.not_before()),
        );
        if passed && validation > certificate.not_after() {
            checks.push(
                Check::passed(
                    "certificate.expired_since",
                    VALIDITY,
                    "the certificate has expired since; it was valid at the time of signing",
                    "证书现已过期，但签名时仍在有效期内",
                )
                .information()
                .evidence("not_after", certificate.not_after())
                .evidence("validation", validation),
            );
        }
    }

    /// What only the certificate in question must satisfy.
    fn end_of_path(&self, certificate: &Certificate) -> Vec<Check> {
        let mut checks = vec![public_key(certificate)];
        let role = self.policy.role;
        if role == Role::Any {
            checks.push(Check::skipped(
                "certificate.key_usage",
                KEY_USAGE,
                "no particular usage is demanded",
                "未要求特定的密钥用法",
            ));
            return checks;
        }
        checks.push(signing_key_usage(certificate));
        if role == Role::TimeStamper {
            checks.push(time_stamping(certificate));
        } else {
            checks.extend(other_purposes(certificate));
        }
        if certificate.basic_constraints().is_some_and(|constraints| constraints.ca) {
            let check = Check::indeterminate(
                "certificate.end_entity",
                "RFC 5280, 4.2.1.9",
                SubIndication::ChainConstraintsFailure,
                "an authority's certificate is used to sign documents or seals",
                "使用 CA 证书签署文件或印章",
            );
            checks.push(check.warning());
        }
        checks
    }
}

const SIGNATURE: &str = "RFC 5280, 6.1.3 (a)(1); GB/T 20518-2018";
const VALIDITY: &str = "RFC 5280, 6.1.3 (a)(2); GB/T 20518-2018";
const KEY_USAGE: &str = "RFC 5280, 4.2.1.3; GB/T 20518-2018";
const CONSTRAINTS: &str = "RFC 5280, 6.1.4 (k); GB/T 20518-2018";
const PATH_LENGTH: &str = "RFC 5280, 6.1.4 (l), (m)";
const CRITICAL: &str = "RFC 5280, 6.1.4 (o), 6.1.5 (f)";
const ANCHOR: &str = "RFC 5280, 6.1.1 (d)";

/// Harmless faults of the encoding, which a reader should know of.
fn remarks(certificate: &Certificate, issuer: Option<&Certificate>) -> Vec<Check> {
    let mut remarks = Vec::new();
    let sub = SubIndication::FormatFailure;
    if issuer.is_some() && matches!(certificate.signature(), Ok((_, SignatureForm::Raw))) {
        let check = Check::failed(
            "certificate.signature_encoding",
            "GM/T 0009-2012, 7.3",
            sub,
            "the signature is 64 raw bytes, not DER",
            "签名值为 64 字节裸数据，而非 DER 编码",
        );
        remarks.push(check.warning());
    }
    if certificate.signature_algorithm() == SignatureAlgorithm::Sm2WithSm3Misprint {
        let check = Check::failed(
            "certificate.algorithm",
            "GB/T 33560-2017, table A.1",
            sub,
            "the algorithm is a misprint of the identifier of SM2 with SM3",
            "签名算法标识是 SM2/SM3 标识的误写",
        );
        remarks.push(check.warning().evidence("algorithm", certificate.signature_algorithm_oid()));
    }
    remarks
}

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
    let id = "certificate.key_usage";
    let sub = SubIndication::ChainConstraintsFailure;
    let signs = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::NON_REPUDIATION);
    let Some(usage) = certificate.key_usage() else {
        return no_key_usage(certificate);
    };
    let check = if usage.allows_any_of(signs) {
        Check::passed(id, KEY_USAGE, "the key may sign", "密钥用法允许签名")
    } else {
        Check::failed(
            id,
            KEY_USAGE,
            sub,
            "the key may not sign: neither digitalSignature nor nonRepudiation is set",
            "密钥用法不允许签名：既无数字签名也无不可否认",
        )
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
    let check = if matches!(purposes, [only] if &**only == "1.3.6.1.5.5.7.3.8") {
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

/// Purposes that have nothing to do with documents or seals: TLS servers, code, time stamps, OCSP.
const OTHER_PURPOSES: [&str; 4] =
    ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9"];

/// No purpose is defined for seals, and their certificates carry several; but one that is for other
/// purposes alone was not given out for signing documents.
fn other_purposes(certificate: &Certificate) -> Option<Check> {
    let purposes = certificate.extended_key_usage().filter(|purposes| !purposes.is_empty())?;
    let id = "certificate.extended_key_usage";
    let clause = "RFC 5280, 4.2.1.12";
    let check = if purposes.iter().all(|purpose| OTHER_PURPOSES.contains(&&**purpose)) {
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

fn authority(certificate: &Certificate, anchor: bool) -> Check {
    let id = "certificate.basic_constraints";
    let sub = SubIndication::ChainConstraintsFailure;
    let ca = certificate.basic_constraints().is_some_and(|constraints| constraints.ca);
    if ca {
        Check::passed(id, CONSTRAINTS, "the subject is an authority", "证书主体是 CA")
    } else if anchor && certificate.version() < 3 {
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

fn authority_key_usage(certificate: &Certificate, anchor: bool) -> Check {
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

fn path_length(certificate: &Certificate, below: u32) -> Check {
    let id = "certificate.path_length";
    let most = certificate.basic_constraints().and_then(|constraints| constraints.path_length);
    let check = match most {
        None => Check::passed(
            id,
            PATH_LENGTH,
            "the authority sets no length of path",
            "CA 未限制路径长度",
        ),
        Some(most) if below <= most => Check::passed(
            id,
            PATH_LENGTH,
            "no more authorities stand below this one than it permits",
            "下级 CA 层数在允许的路径长度之内",
        )
        .evidence("permitted", most),
        Some(most) => Check::failed(
            id,
            PATH_LENGTH,
            SubIndication::ChainConstraintsFailure,
            "more authorities stand below this one than it permits",
            "下级 CA 层数超过允许的路径长度",
        )
        .evidence("permitted", most),
    };
    check.evidence("authorities_below", below)
}

/// Extensions that are looked at here, or that restrict nothing that is judged here. Not among them:
/// name constraints and policy constraints, which would have to be enforced.
const UNDERSTOOD: [&str; 13] = [
    "2.5.29.9", // subjectDirectoryAttributes
    oid::SUBJECT_KEY_IDENTIFIER,
    oid::KEY_USAGE,
    "2.5.29.16", // privateKeyUsagePeriod
    "2.5.29.17", // subjectAltName
    "2.5.29.18", // issuerAltName
    oid::BASIC_CONSTRAINTS,
    "2.5.29.31", // cRLDistributionPoints
    "2.5.29.32", // certificatePolicies: every policy is accepted
    "2.5.29.33", // policyMappings
    oid::AUTHORITY_KEY_IDENTIFIER,
    oid::EXTENDED_KEY_USAGE,
    "2.5.29.54", // inhibitAnyPolicy
];

fn critical_extensions(certificate: &Certificate) -> Check {
    let id = "certificate.critical_extensions";
    let sub = SubIndication::ChainConstraintsFailure;
    let numbers = certificate.subject_numbers();
    let understood =
        |oid: &str| UNDERSTOOD.contains(&oid) || numbers.iter().any(|&(number, _)| number == oid);
    let decisive = |oid: &str| {
        oid == oid::KEY_USAGE
            || oid == oid::BASIC_CONSTRAINTS
            || certificate.extensions().iter().any(|found| *found.oid == *oid && found.critical)
    };
    let unknown = certificate
        .extensions()
        .iter()
        .find(|extension| extension.critical && !understood(&extension.oid));
    if let Some(extension) = unknown {
        return Check::failed(
            id,
            CRITICAL,
            sub,
            "a critical extension is not understood",
            "存在无法识别的关键扩展",
        )
        .evidence("extension", &extension.oid);
    }
    let Some(faulty) = certificate.faulty_extensions().first() else {
        return Check::passed(
            id,
            CRITICAL,
            "every critical extension is understood",
            "所有关键扩展均可识别",
        );
    };
    let worst = certificate.faulty_extensions().iter().find(|oid| decisive(oid));
    let check = Check::failed(
        id,
        "RFC 5280, 4.2",
        sub,
        "an extension is malformed or stands there twice",
        "扩展格式有误或重复出现",
    );
    match worst {
        Some(worst) => check.evidence("extension", worst),
        None => check.warning().evidence("extension", faulty),
    }
}

fn anchor() -> Check {
    Check::passed(
        "certificate.anchor",
        ANCHOR,
        "the certificate is a trust anchor",
        "该证书是信任锚",
    )
}

/// Why the path leads no further than `certificate`.
fn no_chain(certificate: &Certificate, end: End) -> Check {
    let (en, zh) = if end == End::Limit {
        (
            "no path to a trust anchor was found within the limits of the search",
            "在搜索上限内未找到通向信任锚的证书链",
        )
    } else {
        ("no path leads from here to a trust anchor", "由此证书无法构建到信任锚的证书链")
    };
    let sub = SubIndication::NoCertificateChainFound;
    Check::indeterminate("certificate.anchor", ANCHOR, sub, en, zh)
        .evidence("issuer", certificate.issuer())
}
