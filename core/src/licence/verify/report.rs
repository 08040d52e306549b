//! What a licence verification found: one value, shown as JSON, text or HTML.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{html::HtmlReport, text};
use crate::{
    licence::ofd::{Coverage, FileCoverage},
    pki::x509::CertificateReport,
    report::{Check, Indication, Language, Level, Outcome, SubIndication, conclude},
    time::UnixTime,
};

/// Everything that the verification of one file found (docs/report.schema.json).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The name that the caller gave the file.
    pub file: Option<String>,
    /// The overall answer.
    pub indication: Indication,
    /// Why it is not `passed`.
    pub sub_indication: Option<SubIndication>,
    /// The time at which the verification was made: the caller's argument.
    pub validated_at: UnixTime,
    /// The document as a package.
    pub document: DocumentReport,
    /// Each signature, in the order of the signature list.
    pub signatures: Vec<SignatureReport>,
    /// The licence inside: identifier and metadata.
    pub licence: LicenceReport,
}

/// The document as a package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DocumentReport {
    /// DocInfo/DocID.
    pub id: Option<String>,
    /// DocInfo/Title.
    pub title: Option<String>,
    /// Checks of the package as a whole.
    pub checks: Vec<Check>,
}

/// One signature of the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignatureReport {
    /// The identifier in the signature list.
    pub id: String,
    /// `Seal` (电子签章) or `Sign` (数字签名).
    pub kind: &'static str,
    /// Where its Signature.xml lies in the package.
    pub path: String,
    /// The answer for this signature alone.
    pub indication: Indication,
    /// Why it is not `passed`.
    pub sub_indication: Option<SubIndication>,
    /// Whose certificate signed.
    pub signer: Option<Party>,
    /// The electronic seal, for `Seal`.
    pub seal: Option<SealSummary>,
    /// The signing time that was judged.
    pub signed_at: Option<UnixTime>,
    /// What the signature covers.
    pub coverage: CoverageReport,
    /// Every check, in the order in which the standard demands it.
    pub checks: Vec<Check>,
    /// The certificates of signer and seal maker, from leaf to anchor, with their checks.
    pub certificates: Vec<CertificatePath>,
}

/// What a signature covers: paths inside the package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CoverageReport {
    /// Referenced files whose digest is right.
    pub covered: Vec<String>,
    /// Referenced files whose digest is wrong.
    pub mismatched: Vec<String>,
    /// Referenced files that are not in the package.
    pub missing: Vec<String>,
    /// Referenced files that were not checked: the digest method is not acceptable.
    pub unchecked: Vec<String>,
    /// Rendered files that the signature does not refer to.
    pub uncovered_rendered: Vec<String>,
    /// Files that the document refers to without showing them, and the signature does not refer to.
    pub uncovered_referenced: Vec<String>,
    /// Files to which neither the document nor the signature refers.
    pub unreferenced: Vec<String>,
    /// Whether OFD.xml, with title and metadata, is among the covered files.
    pub main_file_covered: bool,
    /// Whether the signature list is covered, so that no signature can be added.
    pub signature_list_covered: bool,
}

impl From<&Coverage> for CoverageReport {
    fn from(coverage: &Coverage) -> Self {
        let list = |files: &BTreeSet<String>| files.iter().cloned().collect();
        Self {
            covered: list(&coverage.covered),
            mismatched: coverage.mismatched.iter().map(|mismatch| mismatch.path.clone()).collect(),
            missing: list(&coverage.missing),
            unchecked: list(&coverage.unchecked),
            uncovered_rendered: list(&coverage.uncovered_rendered),
            uncovered_referenced: list(&coverage.uncovered_referenced),
            unreferenced: list(&coverage.unreferenced),
            main_file_covered: coverage.main_file == FileCoverage::Covered,
            signature_list_covered: coverage.signature_list == FileCoverage::Covered,
        }
    }
}

/// A certificate path that was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificatePath {
    /// `signer` or `seal_maker`.
    pub role: &'static str,
    /// From the end entity towards the anchor.
    pub certificates: Vec<CertificateReport>,
}

/// The holder of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Party {
    /// The subject name (RFC 4514).
    pub subject: String,
    /// The organisation (O) of the subject.
    pub organisation: Option<String>,
    /// The serial number, hexadecimal.
    pub serial: String,
    /// The issuer name (RFC 4514).
    pub issuer: String,
}

/// The electronic seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SealSummary {
    /// esID.
    pub id: String,
    /// The seal's name.
    pub name: String,
    /// The structure: `GM/T 0031-2014`, `GB/T 38540-2020` or `GM/T 0031-2025`.
    pub standard: &'static str,
    /// The subject of the seal maker's certificate.
    pub maker: Option<String>,
    /// Start of the seal's validity.
    pub valid_from: Option<UnixTime>,
    /// End of the seal's validity.
    pub valid_until: Option<UnixTime>,
}

/// The licence inside the document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LicenceReport {
    /// The identifier of GB/T 36904, as found.
    pub identifier: Option<String>,
    /// Where it was found: `metadata` or `page_text`.
    pub identifier_source: Option<&'static str>,
    /// The metadata of GB/T 36903, in the document's order.
    pub metadata: Vec<MetadataItem>,
    /// Findings about identifier and metadata.
    pub checks: Vec<Check>,
}

/// One metadata item as it stands in the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MetadataItem {
    /// The name in the document, for example `ZZBS`.
    pub name: String,
    /// The value.
    pub value: String,
}

impl Report {
    /// Every check that makes the verdict: each signature's, the document's, the licence's. Those of
    /// certificates count through `signature.signer_certificate` and `seal.maker_certificate`.
    /// Signatures come first because their failures are the most exact: a changed page is a wrong
    /// digest before it is content without protection.
    pub fn checks(&self) -> impl Iterator<Item = &Check> + Clone {
        let signatures = self.signatures.iter().flat_map(|signature| &signature.checks);
        signatures.chain(&self.document.checks).chain(&self.licence.checks)
    }

    /// The first required check that keeps the report from passing.
    #[must_use]
    pub fn decisive_check(&self) -> Option<&Check> {
        let wanted = match self.indication {
            Indication::Passed => return None,
            Indication::Failed => Outcome::Failed,
            Indication::Indeterminate => Outcome::Indeterminate,
        };
        self.checks().find(|check| check.level == Level::Required && check.outcome == wanted)
    }

    /// Where [`decisive_check`](Self::decisive_check) speaks of a certificate: which certificate of the
    /// path it is, and the check of it that did not pass.
    #[must_use]
    pub fn decisive_certificate(&self) -> Option<(&CertificateReport, &Check)> {
        let decisive = self.decisive_check()?;
        let role = match decisive.id {
            "signature.signer_certificate" => "signer",
            "seal.maker_certificate" => "seal_maker",
            _ => return None,
        };
        let own = |checks: &[Check]| checks.iter().any(|check| std::ptr::eq(check, decisive));
        let signature = self.signatures.iter().find(|signature| own(&signature.checks))?;
        let path = signature.certificates.iter().find(|path| path.role == role)?;
        let checks = path.certificates.iter().flat_map(|certificate| {
            certificate.checks.iter().map(move |check| (certificate, check))
        });
        checks
            .into_iter()
            .find(|(_, check)| check.level == Level::Required && check.outcome == decisive.outcome)
    }

    /// JSON in one line (docs/report.schema.json).
    #[must_use]
    pub fn to_json(&self) -> String {
        // Serialising plain data to a string cannot fail; an empty object would be visibly no report.
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// Plain text for a terminal, without colours.
    #[must_use]
    pub fn to_text(&self, language: Language) -> String {
        text::render(self, language)
    }

    /// A self-contained HTML page: no script, no outside reference, both languages to switch between.
    #[must_use]
    pub fn to_html(&self, language: Language) -> String {
        let mut page = HtmlReport::new(language);
        page.add(self);
        page.finish()
    }

    pub(super) fn conclude(mut self) -> Self {
        (self.indication, self.sub_indication) = conclude(self.checks());
        self
    }
}
