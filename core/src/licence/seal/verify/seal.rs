//! Whether a seal holds.

use super::{
    Context, algorithm_check, clauses, encoding_check, outside, path_check, unreadable_certificate,
};
use crate::{
    Error, UnixTime,
    licence::seal::{Seal, Version},
    pki::{
        algorithm::{SignatureAlgorithm, SignatureForm, dotted, read_signature},
        x509::{Certificate, PathReport, Role},
    },
    primitives::sm2::DistId,
    report::{Check, SubIndication},
};

/// What was found about a seal.
#[derive(Clone, Debug)]
pub struct SealReport {
    /// Every check, in the order of the standard.
    pub checks: Vec<Check>,
    /// The maker's certificate, if it could be read.
    pub maker_certificate: Option<Certificate>,
    /// The path from the maker's certificate to an anchor.
    pub maker: Option<PathReport>,
}

/// The steps in the order of the standards.
#[derive(Clone, Copy)]
enum Step {
    Format,
    Signature,
    CreatedInMakerValidity,
    MakerCertificate,
    Validity,
    TimeStamp,
}

/// GM/T 0031-2014, 6.1.2 and GB/T 38540-2020, 6.3 have four steps, GM/T 0031-2025 has six.
const fn steps(version: Version) -> &'static [Step] {
    match version {
        Version::V1 | Version::V4 => {
            &[Step::Format, Step::Signature, Step::MakerCertificate, Step::Validity]
        }
        Version::V5 => &[
            Step::Format,
            Step::Signature,
            Step::CreatedInMakerValidity,
            Step::MakerCertificate,
            Step::Validity,
            Step::TimeStamp,
        ],
    }
}

/// Verifies a seal as it was to be used at `at`: for a seal inside a sealed signature the signing
/// time, for a seal alone the present.
///
/// The maker's certificate is judged at `at`, in v5 at the time at which the seal was made: a maker
/// that has ended since is no fault there.
#[must_use]
pub fn verify_seal(seal: &Seal, context: &Context<'_>, at: UnixTime) -> SealReport {
    let maker = Certificate::parse(seal.maker_certificate());
    let judged_at = match seal.version() {
        Version::V1 | Version::V4 => at,
        Version::V5 => seal.created(),
    };
    let path = maker.as_ref().ok().map(|maker| context.path(maker, Role::SealMaker, judged_at));
    let mut checks = Vec::new();
    for step in steps(seal.version()) {
        match step {
            Step::Format => checks.extend(format_checks(seal)),
            Step::Signature => checks.extend(signature_checks(seal, maker.as_ref(), context)),
            Step::CreatedInMakerValidity => {
                checks.extend(maker.as_ref().ok().map(|maker| created_check(seal, maker)))
            }
            Step::MakerCertificate => {
                checks.push(maker_check(seal, maker.as_ref().err(), path.as_ref()));
            }
            Step::Validity => checks.push(validity_check(seal, at)),
            Step::TimeStamp => checks.push(time_stamp_check(seal, context)),
        }
    }
    SealReport { checks, maker_certificate: maker.ok(), maker: path }
}

/// The structure was read; here its parts must agree on the version.
fn format_checks(seal: &Seal) -> Vec<Check> {
    let clause = clauses(seal.version()).seal_format;
    // v1: the samples write 1, the standard's own example is 11, some call that edition 2.
    let agrees = match seal.version() {
        Version::V1 => matches!(seal.header_version(), 1 | 2 | 11),
        Version::V4 => seal.header_version() == 4,
        Version::V5 => seal.header_version() == 5,
    };
    let check = if agrees && seal.header_id() == "ES" {
        Check::passed("seal.format", clause, "the seal is well-formed", "印章格式正确")
    } else {
        Check::failed(
            "seal.format",
            clause,
            SubIndication::FormatFailure,
            "the header does not agree with the structure of the seal",
            "头信息与印章结构的版本不一致",
        )
    };
    let check = check
        .evidence("standard", seal.version().standard())
        .evidence("header", format!("{} {}", seal.header_id(), seal.header_version()))
        .evidence("id", seal.id())
        .evidence("name", seal.name())
        .evidence("kind", seal.kind())
        .evidence("created", seal.created());
    let mut checks = vec![check];
    let critical = seal.extensions().iter().filter(|extension| extension.critical);
    let critical: Vec<_> = critical.map(|extension| dotted(&extension.oid)).collect();
    if !critical.is_empty() {
        let check = Check::indeterminate(
            "seal.critical_extensions",
            clause,
            SubIndication::SigConstraintsFailure,
            "the seal has critical extensions whose meaning is not known here",
            "印章含有含义未知的关键扩展",
        );
        checks.push(check.evidence("oids", critical.join(" ")).warning());
    }
    checks
}

fn signature_checks(
    seal: &Seal,
    maker: Result<&Certificate, &Error>,
    context: &Context<'_>,
) -> Vec<Check> {
    let clause = clauses(seal.version()).seal_signature;
    let id = "seal.signature";
    let mut checks = vec![algorithm_check("seal.algorithm", clause, seal.signature_algorithm())];
    if !SignatureAlgorithm::from_oid(seal.signature_algorithm()).is_sm2() {
        let en = "not checked: the algorithm is not SM2 with SM3";
        checks.push(Check::skipped(id, clause, en, "未检查：算法不是 SM2/SM3"));
        return checks;
    }
    match context.cache.map_or_else(
        || signature_form(seal, maker),
        |cache| cache.signature_form(seal, || signature_form(seal, maker)),
    ) {
        Ok(form) => {
            checks.extend(encoding_check("seal.signature_encoding", form));
            let (en, zh) = ("the maker's signature verifies", "制章者签名验证通过");
            checks.push(Check::passed(id, clause, en, zh).evidence("encoding", form.name()));
        }
        Err(error) => {
            let sub = SubIndication::SigCryptoFailure;
            let (en, zh) = ("the maker's signature does not verify", "制章者签名验证不通过");
            let check = Check::failed(id, clause, sub, en, zh);
            checks.push(check.evidence("error", error.code().name()));
        }
    }
    checks
}

fn signature_form(
    seal: &Seal,
    maker: Result<&Certificate, &Error>,
) -> Result<SignatureForm, Error> {
    let key = maker.map_err(Clone::clone)?.public_key()?;
    let (signature, form) = read_signature(seal.signature())?;
    key.verify(seal.signed_bytes(), &signature, &DistId::DEFAULT)?;
    Ok(form)
}

fn created_check(seal: &Seal, maker: &Certificate) -> Check {
    let id = "seal.created_in_maker_validity";
    let clause = clauses(seal.version()).seal_created;
    let check = match outside(seal.created(), maker.not_before(), maker.not_after()) {
        None => Check::passed(
            id,
            clause,
            "the seal was made while the maker's certificate was valid",
            "制章时间在制章者证书有效期内",
        ),
        Some(sub) => Check::failed(
            id,
            clause,
            sub,
            "the seal was made outside the validity of the maker's certificate",
            "制章时间不在制章者证书有效期内",
        ),
    };
    check
        .evidence("created", seal.created())
        .evidence("not_before", maker.not_before())
        .evidence("not_after", maker.not_after())
}

fn maker_check(seal: &Seal, unread: Option<&Error>, path: Option<&PathReport>) -> Check {
    let id = "seal.maker_certificate";
    let clause = clauses(seal.version()).seal_maker;
    match (path, unread) {
        (Some(path), _) => path_check(id, clause, path, ("the maker's certificate", "制章者证书")),
        (None, Some(error)) => unreadable_certificate(id, clause, error),
        (None, None) => Check::skipped(id, clause, "not checked", "未检查"),
    }
}

fn validity_check(seal: &Seal, at: UnixTime) -> Check {
    let clause = clauses(seal.version()).seal_validity;
    let check = match outside(at, seal.valid_from(), seal.valid_until()) {
        None => Check::passed(
            "seal.validity",
            clause,
            "the time lies in the seal's period of validity",
            "时间在印章有效期内",
        ),
        Some(sub) => Check::failed(
            "seal.validity",
            clause,
            sub,
            "the time lies outside the seal's period of validity",
            "时间不在印章有效期内",
        ),
    };
    check
        .evidence("at", at)
        .evidence("valid_from", seal.valid_from())
        .evidence("valid_until", seal.valid_until())
}

/// GM/T 0031-2025: the stamp is over the maker's signature and not earlier than the seal.
fn time_stamp_check(seal: &Seal, context: &Context<'_>) -> Check {
    let clause = clauses(seal.version()).seal_time_stamp;
    match seal.time_stamp() {
        None => Check::skipped(
            "seal.time_stamp",
            clause,
            "the seal has no time stamp",
            "印章没有时间戳",
        ),
        Some(token) => context
            .time_stamp(token, seal.signature())
            .not_before(seal.created())
            .into_check("seal.time_stamp", clause),
    }
}
