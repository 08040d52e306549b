//! The order of times around a sealed signature whose time stamp holds: the seal was made and the signer
//! certified, then signed, then stamped, and only then anything ended or was revoked.
//!
//! A stamp proves that the signature is no younger than it. One that comes too late therefore proves
//! nothing wrong and nothing right, which is doubt; one that comes too early cannot be, which is failure.

use crate::{
    UnixTime,
    licence::seal::{Seal, SignedValue},
    pki::{timestamp::order_check, x509::PathReport},
    report::{Check, Outcome, SubIndication},
};

/// The checks of a stamp of the time `stamped`, with the signer's path as judged at that time.
pub(super) fn order_checks(
    value: &SignedValue,
    signer: Option<&PathReport>,
    stamped: UnixTime,
) -> Vec<Check> {
    let mut checks: Vec<_> = value
        .signed_at()
        .map(|claimed| order_check("signature.time_order", CLAUSE, claimed, stamped))
        .into_iter()
        .collect();
    checks.push(seal_check(value.seal(), stamped));
    checks.extend(signer.map(|signer| signer_check(signer, stamped)));
    checks
}

const CLAUSE: &str = "GM/T 0031-2025, signature verification; EN 319 102-1, 5.5";

fn seal_check(seal: &Seal, stamped: UnixTime) -> Check {
    let id = "signature.seal_at_stamp";
    let from = seal.created().max(seal.valid_from());
    if stamped < from {
        let sub = SubIndication::TimestampOrderFailure;
        let en = "the time stamp is earlier than the seal";
        Check::failed(id, CLAUSE, sub, en, "时间戳早于印章制作或生效时间")
    } else if stamped > seal.valid_until() {
        let sub = SubIndication::OutOfBoundsNoPoe;
        let en = "when the time stamp was made, the seal had ended: nothing proves an earlier use";
        Check::indeterminate(id, CLAUSE, sub, en, "加盖时间戳时印章已失效，无法证明此前已签章")
    } else {
        let en = "the time stamp lies in the seal's period of validity";
        Check::passed(id, CLAUSE, en, "时间戳在印章有效期内")
    }
    .evidence("stamped", stamped)
    .evidence("created", seal.created())
    .evidence("valid_from", seal.valid_from())
    .evidence("valid_until", seal.valid_until())
}

/// Whether the signer's certificate was valid and not revoked when the stamp was made.
fn signer_check(path: &PathReport, stamped: UnixTime) -> Check {
    let id = "signature.signer_at_stamp";
    let leaf = path.certificates.first();
    let found =
        |wanted: &str| leaf.and_then(|leaf| leaf.checks.iter().find(|check| check.id == wanted));
    let (validity, revocation) = (found("certificate.validity"), found("certificate.revocation"));
    let sub_of = |check: Option<&Check>| check.and_then(|check| check.sub_indication);
    let check = if sub_of(validity) == Some(SubIndication::NotYetValid) {
        let sub = SubIndication::TimestampOrderFailure;
        let en = "the time stamp is earlier than the signer's certificate";
        Check::failed(id, CLAUSE, sub, en, "时间戳早于签章人证书生效时间")
    } else if sub_of(validity) == Some(SubIndication::Expired) {
        let sub = SubIndication::OutOfBoundsNoPoe;
        let en = "when the time stamp was made, the signer's certificate had ended";
        Check::indeterminate(id, CLAUSE, sub, en, "加盖时间戳时签章人证书已过期")
    } else if sub_of(revocation) == Some(SubIndication::Revoked) {
        let sub = SubIndication::RevokedNoPoe;
        let en = "when the time stamp was made, the signer's certificate had been revoked";
        Check::indeterminate(id, CLAUSE, sub, en, "加盖时间戳时签章人证书已被撤销")
    } else if validity.is_none_or(|check| check.outcome != Outcome::Passed) {
        let sub = SubIndication::NoPoe;
        let en = "the validity of the signer's certificate was not judged at the time stamp";
        Check::indeterminate(id, CLAUSE, sub, en, "未能判断加盖时间戳时签章人证书是否有效")
    } else {
        let en = "when the time stamp was made, the signer's certificate was valid and not known to \
                  be revoked";
        Check::passed(id, CLAUSE, en, "加盖时间戳时签章人证书有效，且未发现被撤销")
    };
    let state = revocation.map_or("not judged", |check| match check.outcome {
        Outcome::Passed => "not revoked",
        Outcome::Failed => "revoked",
        Outcome::Indeterminate => "not certain",
        Outcome::Skipped => "not looked at",
    });
    let check = check.evidence("stamped", stamped).evidence("revocation", state);
    match leaf {
        Some(leaf) => {
            check.evidence("not_before", leaf.not_before).evidence("not_after", leaf.not_after)
        }
        None => check,
    }
}
