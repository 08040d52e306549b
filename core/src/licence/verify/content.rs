//! The licence inside the document: its identifier and metadata, and whether a signature protects them.

use super::report::{LicenceReport, MetadataItem, SignatureReport};
use crate::{
    error::Error,
    licence::{
        identifier::{self, Identifier},
        metadata::{self, Element, Metadata},
        ofd::{Document, Package},
    },
    report::{Check, SubIndication},
    time::UnixTime,
};

const CLAUSE: &str = "GB/T 36903-2018; GB/T 36904-2018";

/// Judges the licence that the package's first document is. `signatures` are those of that document:
/// what others sign beside it says nothing of it.
pub(super) fn examine(
    package: &Package,
    document: Option<&Document>,
    signatures: &[SignatureReport],
    at: UnixTime,
) -> Result<(LicenceReport, Metadata), Error> {
    let Some(document) = document else {
        return Ok((LicenceReport::default(), Metadata::default()));
    };
    let mut report = LicenceReport::default();
    let metadata = match Metadata::from_custom_datas(document.custom_datas()) {
        Ok(metadata) => metadata,
        Err(error) => {
            let sub = SubIndication::FormatFailure;
            let (en, zh) = (error.text_en(), error.text_zh());
            report.checks.push(Check::failed("metadata.format", CLAUSE, sub, en, zh));
            Metadata::default()
        }
    };
    match metadata.text(Element::Identifier) {
        Some(text) => {
            report.identifier = Some(text.to_owned());
            report.identifier_source = Some("metadata");
            report.checks.extend(identifier::examine(text).1);
        }
        None => examine_page_text(package, document, &metadata, &mut report)?,
    }
    report.checks.extend(metadata.checks(at));
    if !metadata.is_empty() {
        report.checks.push(protection_check(signatures));
    }
    // The first seal is that of the issuing authority; later ones are by others, such as inspectors.
    let organisation = signatures.first().and_then(|signature| signature.signer.as_ref());
    let organisation = organisation.and_then(|signer| signer.organisation.as_deref());
    let issuer = metadata.text(Element::IssuingAuthorityCode);
    report.checks.push(metadata::issuer_is_signer(issuer, organisation));
    let item = |(name, value): &(String, String)| MetadataItem {
        name: name.clone(),
        value: value.clone(),
    };
    report.metadata = document.custom_datas().iter().map(item).collect();
    Ok((report, metadata))
}

/// Licences sealed without metadata often print their identifier on the page.
fn examine_page_text(
    package: &Package,
    document: &Document,
    metadata: &Metadata,
    report: &mut LicenceReport,
) -> Result<(), Error> {
    // The page may be missing or unreadable, which other checks say; there is then no text to search.
    let pages = document.page_texts(package).unwrap_or_default();
    let texts = pages.iter().flat_map(|page| &page.texts);
    let Some(identifier) = texts.filter_map(|text| identifier::find_in(text)).next() else {
        report.checks.push(
            Check::skipped(
                "identifier.format",
                CLAUSE,
                "the document carries no licence identifier",
                "文件中没有电子证照标识",
            )
            .information(),
        );
        return Ok(());
    };
    report.identifier = Some(identifier.to_string());
    report.identifier_source = Some("page_text");
    report.checks.extend(identifier.findings());
    if !metadata.is_empty() {
        report.checks.push(agreement(metadata, &identifier));
    }
    Ok(())
}

fn agreement(metadata: &Metadata, identifier: &Identifier) -> Check {
    metadata.identifier_agrees(identifier).evidence("identifier_source", "page_text")
}

/// Metadata stands in OFD.xml: where a signature does not cover that file, its signer may never have
/// seen the metadata, even if somebody else signed it later.
fn protection_check(signatures: &[SignatureReport]) -> Check {
    let id = "metadata.protected";
    let all = signatures.iter().all(|signature| signature.coverage.main_file_covered);
    if all && !signatures.is_empty() {
        Check::passed(
            id,
            CLAUSE,
            "every signature covers OFD.xml and so the metadata in it",
            "每个签名均保护 OFD.xml 及其中的元数据",
        )
    } else {
        Check::indeterminate(
            id,
            CLAUSE,
            SubIndication::SigConstraintsFailure,
            "not every signature covers OFD.xml: the metadata may have been changed after signing",
            "并非每个签名都保护 OFD.xml：其中的元数据可能在签章后被修改",
        )
    }
}
