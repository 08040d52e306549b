//! The checks of every certificate of a path. What is found here becomes part of the report.

use std::cell::Cell;

use super::{
    Certificate, Evidence, PathPolicy, PolicyDemands, SignatureAlgorithm, SignatureForm, Times,
    TrustStore, constraints, foreign,
    path::{CertificateReport, End},
    policies, usage,
};
use crate::{
    limits,
    pki::oid,
    report::{Check, SubIndication},
};

/// What a path is judged with.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) evidence: &'a Evidence,
    pub(super) trust: &'a TrustStore,
    pub(super) policy: &'a PathPolicy,
    pub(super) demands: &'a PolicyDemands,
    pub(super) times: Times,
    pub(super) budget: &'a Budget,
}

/// What one search may cost, in all paths together: hostile certificates can be combined in many ways.
pub(super) struct Budget {
    signatures: Cell<usize>,
    overdrawn: Cell<bool>,
    /// Comparisons of names with constraints.
    pub(super) comparisons: Cell<usize>,
}

impl Budget {
    pub(super) const fn new() -> Self {
        Self {
            signatures: Cell::new(limits::PATH_SIGNATURES_MAX),
            overdrawn: Cell::new(false),
            comparisons: Cell::new(limits::NAME_COMPARISONS_MAX),
        }
    }

    /// Takes one signature; false if they are used up.
    pub(super) fn spend(&self) -> bool {
        let rest = self.signatures.get().checked_sub(1);
        self.signatures.set(rest.unwrap_or_default());
        self.overdrawn.set(self.overdrawn.get() || rest.is_none());
        rest.is_some()
    }

    /// Whether a signature was asked for that could not be had.
    pub(super) const fn is_overdrawn(&self) -> bool {
        self.overdrawn.get()
    }
}

impl Judge<'_> {
    /// Judges `path`, whose signatures verified, except that of the last one as `end` tells.
    pub(super) fn path(&self, path: &[&Certificate], end: End) -> Vec<CertificateReport> {
        // Authorities below the present one that are not self-issued (RFC 5280, 6.1.4 (l)).
        let mut below = 0;
        let mut reports = Vec::with_capacity(path.len());
        // Whom no anchor vouches for can neither constrain names nor grant policies.
        let (mut names, mut policies) = if end == End::Anchor {
            (
                constraints::checks(path, &self.budget.comparisons),
                policies::checks(path, self.demands),
            )
        } else {
            (Vec::new(), Vec::new())
        };
        for (index, certificate) in path.iter().enumerate() {
            let issuer = path.get(index + 1).copied();
            let is_anchor = issuer.is_none() && end == End::Anchor;
            let mut checks = vec![self.signature(certificate, issuer, end)];
            checks.extend(remarks(certificate, issuer));
            self.validity(certificate, &mut checks);
            if index == 0 {
                checks.extend(usage::end_of_path(certificate, self.policy.role, is_anchor));
                checks.extend(usage::private_key_period(certificate, self.policy.role, self.times));
            } else {
                checks.push(usage::authority(certificate, is_anchor));
                checks.push(usage::authority_key_usage(certificate, is_anchor));
                if !is_anchor {
                    checks.extend(usage::authority_purposes(certificate, self.policy.role));
                }
                checks.push(path_length(certificate, below));
                below += u32::from(!certificate.is_self_issued());
            }
            checks.push(critical_extensions(certificate));
            let told = [&mut names, &mut policies].map(|list| list.get_mut(index)?.take());
            checks.extend(told.into_iter().flatten());
            match (issuer, end) {
                (Some(issuer), End::Anchor) => {
                    self.revocation(certificate, issuer, index > 0, &mut checks);
                }
                // Whom no anchor vouches for can revoke nothing.
                (Some(_), _) => {}
                (None, End::Anchor) => checks.push(anchor(self.trust)),
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
            (Some(issuer), _) => signed(certificate).evidence("issuer_serial", issuer.serial_hex()),
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
                "not verified: the algorithm of the signature or the issuer's key is not supported here",
                "未验证：不支持该签名算法或颁发者密钥",
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
}

fn signed(certificate: &Certificate) -> Check {
    let id = "certificate.signature";
    match foreign::name(certificate.foreign_algorithm()) {
        Some(algorithm) => Check::passed(
            id,
            "RFC 5280, 6.1.3 (a)(1)",
            "signed by its issuer, with an algorithm other than SM2",
            "颁发者签名有效（非 SM2 算法）",
        )
        .evidence("algorithm", algorithm),
        None => Check::passed(
            id,
            SIGNATURE,
            "signed by its issuer (SM2 with SM3)",
            "颁发者签名有效（SM2/SM3）",
        ),
    }
}

const SIGNATURE: &str = "RFC 5280, 6.1.3 (a)(1); GB/T 20518-2018";
const VALIDITY: &str = "RFC 5280, 6.1.3 (a)(2); GB/T 20518-2018";
const PATH_LENGTH: &str = "RFC 5280, 6.1.4 (l), (m)";
const CRITICAL: &str = "RFC 5280, 6.1.4 (o), 6.1.5 (f)";
const ANCHOR: &str = "RFC 5280, 6.1.1 (d)";

/// Harmless faults of the encoding, which a reader should know of.
fn remarks(certificate: &Certificate, issuer: Option<&Certificate>) -> Vec<Check> {
    let mut remarks = Vec::new();
    if issuer.is_some_and(|issuer| issuer.subject() != certificate.issuer()) {
        let check = Check::passed(
            "certificate.issuer_name",
            "RFC 5280, 7.1",
            "the issuer's name is the same but for case, spaces or string type",
            "颁发者名称仅在大小写、空格或字符串类型上不同，视为同一名称",
        );
        remarks.push(check.information().evidence("issuer", certificate.issuer()));
    }
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

/// Extensions that are looked at here, or that restrict nothing that is judged here.
const UNDERSTOOD: [&str; 15] = [
    "2.5.29.9", // subjectDirectoryAttributes
    oid::SUBJECT_KEY_IDENTIFIER,
    oid::KEY_USAGE,
    oid::PRIVATE_KEY_USAGE_PERIOD,
    oid::SUBJECT_ALT_NAME,
    "2.5.29.18", // issuerAltName
    oid::BASIC_CONSTRAINTS,
    oid::NAME_CONSTRAINTS,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::CERTIFICATE_POLICIES,
    oid::POLICY_MAPPINGS,
    oid::AUTHORITY_KEY_IDENTIFIER,
    oid::POLICY_CONSTRAINTS,
    oid::EXTENDED_KEY_USAGE,
    oid::INHIBIT_ANY_POLICY,
];

/// Extensions that restrict, critical or not: one of them that cannot be read, or of which there are two,
/// must not count as one that is absent.
const RESTRICTING: [&str; 11] = [
    oid::KEY_USAGE,
    oid::PRIVATE_KEY_USAGE_PERIOD,
    oid::SUBJECT_ALT_NAME,
    oid::BASIC_CONSTRAINTS,
    oid::NAME_CONSTRAINTS,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::CERTIFICATE_POLICIES,
    oid::POLICY_MAPPINGS,
    oid::POLICY_CONSTRAINTS,
    oid::EXTENDED_KEY_USAGE,
    oid::INHIBIT_ANY_POLICY,
];

fn critical_extensions(certificate: &Certificate) -> Check {
    let id = "certificate.critical_extensions";
    let sub = SubIndication::ChainConstraintsFailure;
    let numbers = certificate.subject_numbers();
    let understood =
        |oid: &str| UNDERSTOOD.contains(&oid) || numbers.iter().any(|&(number, _)| number == oid);
    let decisive = |oid: &str| {
        RESTRICTING.contains(&oid)
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

fn anchor(trust: &TrustStore) -> Check {
    let check = Check::passed(
        "certificate.anchor",
        ANCHOR,
        "the certificate is a trust anchor",
        "该证书是信任锚",
    );
    match trust.name() {
        Some(name) => check.evidence("trust_set", name),
        None => check,
    }
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
