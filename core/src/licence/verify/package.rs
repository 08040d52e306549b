//! Checks of the package as a whole: is everything there, and is all that a reader sees protected?

use std::collections::BTreeSet;

use super::report::SignatureReport;
use crate::{
    error::{Code, Error},
    licence::ofd::{Closure, Document, Package, xml},
    report::{Check, Outcome, SubIndication},
};

const CONTAINER: &str = "GB/T 33190-2016, 18";
const COVERAGE: &str = "GB/T 33190-2016, 18.2; GM/T 0099-2020, 7.2";

/// Whether there is a document where OFD.xml says so. Without one nothing would have to be protected, and
/// a reader that is less exact about names could still find something to show.
pub(super) fn root_check(package: &Package, document: &Document) -> Check {
    let id = "document.root";
    let is_document = |path: &str| {
        let tree = xml::parse(package.require(path)?, path)?;
        xml::root(&tree, "Document").map(|_| ()).map_err(|error| error.in_file(path))
    };
    let shown = document.effective_root(package);
    let outcome = shown.and_then(|shown| {
        is_document(document.doc_root())?;
        if shown == document.doc_root() { Ok(()) } else { is_document(&shown) }
    });
    let check = match outcome {
        Ok(()) => Check::passed(
            id,
            "GB/T 33190-2016, 7.4",
            "OFD.xml leads to a document",
            "OFD.xml 指向的文档存在且可读取",
        ),
        Err(error) => Check::failed(
            id,
            "GB/T 33190-2016, 7.4",
            sub_of(&error),
            "OFD.xml leads to no readable document",
            "OFD.xml 指向的文档缺失或无法读取",
        )
        .evidence("error", error.code().name()),
    };
    check.evidence("root", document.doc_root())
}

fn sub_of(error: &Error) -> SubIndication {
    if error.code() == Code::EntryMissing {
        SubIndication::SignedDataNotFound
    } else {
        SubIndication::FormatFailure
    }
}

/// A package may hold a second, encrypted set of files that takes the place of the plain one for those
/// who have the key. Which of the two was signed cannot be told without it.
pub(super) fn encryption_check(package: &Package) -> Option<Check> {
    let file = package.paths().find(|path| path.eq_ignore_ascii_case("Encryptions.xml"))?;
    let check = Check::indeterminate(
        "document.encryption",
        "GM/T 0099-2020, encryption",
        SubIndication::SigConstraintsFailure,
        "the package holds encrypted files, which a reader with the key shows in place of the others",
        "包内含有加密文件，持有密钥的阅读软件会以其替代明文文件呈现",
    );
    Some(check.evidence("file", file))
}

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

/// Whether every rendered file is covered, with the right digest, by every signature. None where there is
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
    let partial = signatures.iter().find(|one| !one.coverage.uncovered_rendered.is_empty());
    let check = if let (true, Some(partial)) = (open.is_empty(), partial) {
        // Otherwise whoever may sign at all could show what he signed under the signature of another.
        Check::indeterminate(
            "document.coverage",
            COVERAGE,
            SubIndication::SigConstraintsFailure,
            "one of the signatures does not cover all that a reader sees: its signer did not sign the rest",
            "有签名未覆盖全部呈现内容：其余内容并非该签名者所签",
        )
        .evidence("signature", &partial.id)
        .evidence("uncovered", partial.coverage.uncovered_rendered.len())
    } else if open.is_empty() {
        Check::passed(
            "document.coverage",
            COVERAGE,
            "every signature covers all that a reader sees",
            "每个签名均保护全部呈现内容",
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
