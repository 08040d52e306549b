//! Five licences that must not pass, each made the way a forger would.

use yinxin::{
    Error, UnixTime,
    licence::{
        issue::{self, SealingKey, Template},
        ofd::{Package, PackageWriter},
    },
    pki::crl::Crl,
};

use super::{
    Issued,
    province::{Province, department_seal, unknown_maker},
};
use crate::{failure::Failure, licence::rows::Row};

/// A forged licence.
pub(crate) struct Forgery {
    pub(crate) name: &'static str,
    pub(crate) en: &'static str,
    pub(crate) zh: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// The revocation list that the verifier has, where it is not the ordinary one.
    pub(crate) crl: Option<Crl>,
}

const PAGE: &str = "Doc_0/Pages/Page_0/Content.xml";
const DOCUMENT: &str = "Doc_0/Document.xml";

/// Makes the five from a genuine licence and a row of data.
pub(crate) fn make(
    province: &Province,
    rows: &[Row],
    genuine: &Issued,
    now: UnixTime,
) -> Result<[Forgery; 5], Failure> {
    let templates = Template::built_in();
    let row = rows.first().ok_or_else(|| Failure::usage("no data", "没有数据"))?;
    let (data, template) = row.data(&templates)?;
    let made = || {
        let hour_ago = now.plus_s(-3600);
        let maker = unknown_maker(now)?;
        let seal = department_seal(&maker, province.signer(), now)?;
        let false_key = SealingKey { seal: &seal, ..province.sealing_key() };
        let false_seal = issue::issue(&data, template, &false_key, now)?;
        let mut unsealed = issue::build(&data, template)?;
        contradict(&mut unsealed.files)?;
        let contradicting = issue::seal_unsealed(&unsealed, &province.sealing_key(), now)?;
        Ok([
            Forgery {
                name: "1-byte-changed",
                en: "one byte changed in the page",
                zh: "页面内容被改动一个字节",
                bytes: byte_changed(&genuine.bytes)?,
                crl: None,
            },
            Forgery {
                name: "2-page-appended",
                en: "a page appended after sealing",
                zh: "签章后追加页面",
                bytes: page_appended(&genuine.bytes)?,
                crl: None,
            },
            Forgery {
                name: "3-unknown-seal-maker",
                en: "a seal by an unknown maker",
                zh: "未知制章机构的印章",
                bytes: false_seal.bytes,
                crl: None,
            },
            Forgery {
                name: "4-signer-revoked",
                en: "the signer revoked before signing",
                zh: "签章前证书已被撤销",
                bytes: genuine.bytes.clone(),
                crl: Some(province.crl_with_signer_revoked(hour_ago, now)?),
            },
            Forgery {
                name: "5-identifier-contradicts",
                en: "identifier and metadata disagree",
                zh: "证照标识与元数据不一致",
                bytes: contradicting,
                crl: None,
            },
        ])
    };
    made().map_err(|error| Failure::core("forgery", error))
}

/// The package with some files replaced or added.
fn rewritten(bytes: &[u8], changes: &[(&str, Vec<u8>)]) -> Result<Vec<u8>, Error> {
    let package = Package::open(bytes)?;
    let names: Vec<&str> = changes.iter().map(|(name, _)| *name).collect();
    let writer = PackageWriter::new().add_package(&package, &names);
    changes.iter().fold(writer, |writer, (name, bytes)| writer.add(name, bytes)).finish()
}

/// The page's text with one digit made another.
fn byte_changed(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let package = Package::open(bytes)?;
    let mut page = package.require(PAGE)?.to_vec();
    let missing = || Error::new(yinxin::Code::BadOfd).in_file(PAGE);
    let text = page.windows(9).rposition(|part| part == b"<ofd:Text").ok_or_else(missing)?;
    let digit = page.iter_mut().skip(text).rfind(|byte| byte.is_ascii_digit());
    let digit = digit.ok_or_else(missing)?;
    *digit = if *digit == b'9' { b'8' } else { *digit + 1 };
    rewritten(bytes, &[(PAGE, page)])
}

/// A copy of the first page as a second one.
fn page_appended(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let package = Package::open(bytes)?;
    let page = package.require(PAGE)?.to_vec();
    let document = String::from_utf8_lossy(package.require(DOCUMENT)?).into_owned();
    let more = r#"<ofd:Page ID="9001" BaseLoc="Pages/Page_1/Content.xml"/></ofd:Pages>"#;
    let document = document.replacen("</ofd:Pages>", more, 1);
    let added = "Doc_0/Pages/Page_1/Content.xml";
    rewritten(bytes, &[(DOCUMENT, document.into_bytes()), (added, page)])
}

/// Writes another issuing authority into the metadata than the identifier names.
fn contradict(files: &mut [(String, Vec<u8>)]) -> Result<(), Error> {
    let missing = || Error::new(yinxin::Code::BadOfd).in_file("OFD.xml");
    let (_, main) = files.iter_mut().find(|(name, _)| name == "OFD.xml").ok_or_else(missing)?;
    let text = String::from_utf8_lossy(main).into_owned();
    let start = text.find(r#"Name="ZZBFJGDM">"#).ok_or_else(missing)? + r#"Name="ZZBFJGDM">"#.len();
    let (before, rest) = text.split_at_checked(start).ok_or_else(missing)?;
    let (_, after) = rest.split_once('<').ok_or_else(missing)?;
    // The invented code of another invented body.
    *main = format!("{before}12990000MB0000019C<{after}").into_bytes();
    Ok(())
}
