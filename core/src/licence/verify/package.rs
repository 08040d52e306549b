//! Checks of the package as a whole: is everything there, and is all that a reader sees protected?

use std::collections::BTreeSet;

use super::report::SignatureReport;
use crate::{
    licence::ofd::Closure,
    report::{Check, Outcome, SubIndication},
};

const CONTAINER: &str = "GB/T 33190-2016, 18";
const COVERAGE: &str = "GB/T 33190-2016, 18.2; GM/T 0099-2020, 7.2";

/// The container was read without doubt; whatever the document refers to is there.
pub(super) fn structure_checks(closure: &Closure) -> Vec<Check> {
    let container = Check::passed(
        "document.container",
        CONTAINER,
        "the ZIP container is unambiguous: unique names, no overlap, digests of all entries right",
        "ZIP 容器无歧义：文件名唯一，无重叠，各条目校验正确",
    );
    let complete = if closure.missing.is_empty() {
        Check::passed(
            "document.complete",
            CONTAINER,
            "every file that the document shows is in the package",
            "文档呈现所需的文件齐全",
        )
    } else {
        Check::failed(
            "document.complete",
            CONTAINER,
            SubIndication::SignedDataNotFound,
            "files that the document shows are missing",
            "缺少文档呈现所需的文件",
        )
        .evidence("missing", listed(&closure.missing))
        // A signed file that was taken out fails its reference; one that never was there is a fault of
        // the producer, seen in genuine files.
        .warning()
    };
    let mut checks = vec![container, complete.evidence("rendered", closure.rendered.len())];
    if !closure.missing_referenced.is_empty() || !closure.unreadable.is_empty() {
        checks.push(
            Check::failed(
                "document.references",
                CONTAINER,
                SubIndication::FormatFailure,
                "files that the document refers to, but does not show, are missing or unreadable",
                "文档引用但不呈现的文件缺失或无法读取",
            )
            .evidence("missing", listed(&closure.missing_referenced))
            .evidence("unreadable", listed(&closure.unreadable))
            .warning(),
        );
    }
    if !closure.unreferenced.is_empty() {
        checks.push(
            Check::failed(
                "document.unreferenced",
                CONTAINER,
                SubIndication::FormatFailure,
                "the package holds files that nothing refers to",
                "包内存在未被引用的文件",
            )
            .evidence("files", listed(&closure.unreferenced))
            .warning(),
        );
    }
    checks
}

/// Whether every rendered file is covered, with the right digest, by a signature. None where there is
/// no signature: that is said elsewhere.
pub(super) fn coverage_check(closure: &Closure, signatures: &[SignatureReport]) -> Option<Check> {
    if signatures.is_empty() {
        return None;
    }
    let open_without = |wanted: &[Binding]| -> BTreeSet<String> {
        let counted = signatures.iter().filter(|signature| wanted.contains(&binding(signature)));
        let covered: BTreeSet<&String> =
            counted.flat_map(|signature| &signature.coverage.covered).collect();
        closure.rendered.iter().filter(|path| !covered.contains(path)).cloned().collect()
    };
    let open = open_without(&[Binding::Holds]);
    let check = if open.is_empty() {
        Check::passed(
            "document.coverage",
            COVERAGE,
            "all that a reader sees is covered by a signature",
            "呈现内容全部受签名保护",
        )
    } else if open_without(&[Binding::Holds, Binding::Unknown]).is_empty() {
        Check::indeterminate(
            "document.coverage",
            COVERAGE,
            SubIndication::NoSigningCertificateFound,
            "all that a reader sees is covered, but by a signature that could not be verified",
            "呈现内容均被签名引用，但该签名无法验证",
        )
    } else {
        Check::failed(
            "document.coverage",
            COVERAGE,
            SubIndication::SigConstraintsFailure,
            "a reader sees content that no sound signature covers: it was added or changed after signing",
            "存在未受有效签名保护的呈现内容：可能在签章后被添加或修改",
        )
        .evidence("uncovered", listed(&open))
    };
    Some(check.evidence("rendered", closure.rendered.len()))
}

/// Whether the signature value holds over Signature.xml, so that its list of digests is its signer's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Binding {
    Holds,
    /// The signer's certificate is not at hand.
    Unknown,
    Broken,
}

fn binding(signature: &SignatureReport) -> Binding {
    let ended = |id: &str, outcome: Outcome| {
        let mut checks = signature.checks.iter().filter(|check| check.id == id);
        checks.any(|check| check.outcome == outcome)
    };
    let holds = |id| ended(id, Outcome::Passed);
    if holds("signature.value") && holds("signature.document_hash") {
        return Binding::Holds;
    }
    let content_differs = ended("cms.message_digest", Outcome::Failed);
    if content_differs || ended("cms.signature", Outcome::Failed) {
        Binding::Broken
    } else if holds("cms.signature") {
        Binding::Holds
    } else if ended("cms.signature", Outcome::Skipped) {
        Binding::Unknown
    } else {
        Binding::Broken
    }
}

/// The first paths of a set, so that evidence stays readable.
pub(super) fn listed(paths: &BTreeSet<String>) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<&str> = paths.iter().take(SHOWN).map(String::as_str).collect();
    match paths.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{} (+{more})", shown.join(", ")),
        Some(_) | None => shown.join(", "),
    }
}
