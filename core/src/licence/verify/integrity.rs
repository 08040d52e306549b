//! The package integrity list of GM/T 0099-2020: a CMS over the digest of OFDEntries.xml.

use super::{Verifier, package::listed, signature::plain_signer};
use crate::{
    error::Error,
    licence::ofd::{INTEGRITY_FILE, Integrity, Package},
    pki::cms::{SignedData, VerifyOptions},
    report::{Check, SubIndication},
    time::UnixTime,
};

const CLAUSE: &str = "GM/T 0099-2020, integrity protection";

/// Nothing where the package has no such list.
pub(super) fn checks(
    verifier: &Verifier,
    package: &Package,
    at: UnixTime,
) -> Result<Vec<Check>, Error> {
    let Some(integrity) = Integrity::read(package)? else { return Ok(Vec::new()) };
    let mut checks = vec![list_check(&integrity)];
    checks.extend(value_checks(verifier, package, &integrity, at));
    Ok(checks)
}

fn list_check(integrity: &Integrity) -> Check {
    let check = if integrity.missing.is_empty() && integrity.unlisted.is_empty() {
        Check::passed(
            "integrity.list",
            CLAUSE,
            "the integrity list names exactly the files of the package",
            "完整性保护清单与包内文件一致",
        )
    } else {
        Check::failed(
            "integrity.list",
            CLAUSE,
            SubIndication::SigConstraintsFailure,
            "the integrity list does not name exactly the files of the package",
            "完整性保护清单与包内文件不一致：有文件缺失或夹带",
        )
        .evidence("missing", listed(&integrity.missing))
        .evidence("unlisted", listed(&integrity.unlisted))
    };
    check.evidence("listed", integrity.listed.len())
}

fn value_checks(
    verifier: &Verifier,
    package: &Package,
    integrity: &Integrity,
    at: UnixTime,
) -> Vec<Check> {
    let path = &integrity.signed_value_path;
    let unreadable = |error: &Error| {
        vec![Check::failed(
            "integrity.value",
            CLAUSE,
            SubIndication::FormatFailure,
            error.text_en(),
            error.text_zh(),
        )]
    };
    let content = package.entry(INTEGRITY_FILE).unwrap_or_default();
    let signed = match package.require(path).and_then(SignedData::parse) {
        Ok(signed) => signed,
        Err(error) => return unreadable(&error.in_file(path)),
    };
    let verification = signed.verify(Some(content), &VerifyOptions::ofd(&verifier.signers));
    let mut checks = verification.checks;
    if let Some(certificate) = &verification.signer {
        checks.push(plain_signer(verifier, "integrity.signer_certificate", certificate, at).0);
    }
    checks
}
