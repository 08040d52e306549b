//! Packages in which everything that is signed is genuine, and what a reader sees is not: what was
//! signed by one party is shown as if another had signed it too, or something else is shown.
//!
//! Each attack starts from a control that passes, so that it fails for what it does and nothing else.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixtures;

use std::{collections::BTreeMap, fmt::Write as _};

use base64ct::{Base64, Encoding as _};
use yinxin::{
    licence::{
        ofd::PackageWriter,
        seal,
        verify::{Report, Verifier},
    },
    limits::{PACKAGE_ENTRIES_MAX, PACKAGE_NAME_BYTES_MAX, SIGNATURES_MAX},
    pki::{
        cms::{self, Written},
        x509::issue::Profile,
    },
    primitives::sm3,
    report::{Check, Indication, Outcome},
};

use fixtures::{Holder, Province, holder};

/// A package in the making, and those who sign in it.
#[derive(Clone)]
struct Stage<'a> {
    province: &'a Province,
    /// Somebody else whom the same authority certified.
    other: &'a Holder,
    files: BTreeMap<String, Vec<u8>>,
    list: String,
}

const LIST: &str = "Signs/Signatures.xml";
const PAGE: &str = "Doc_0/Pages/Page_0/Content.xml";
const DOC_0: [&str; 2] = ["Doc_0/Document.xml", PAGE];
const DOC_1: [&str; 2] = ["Doc_1/Document.xml", "Doc_1/Pages/Page_0/Content.xml"];
const ALL_OF_DOC_0: [&str; 3] = ["OFD.xml", DOC_0[0], DOC_0[1]];
const METADATA: &str = "<CustomDatas><CustomData Name=\"ZZMC\">营业执照</CustomData></CustomDatas>";

impl<'a> Stage<'a> {
    /// One document of one page, not signed.
    fn new((province, other): &'a (Province, Holder), metadata: &str) -> Self {
        let files = BTreeMap::new();
        let mut stage = Self { province, other, files, list: String::new() };
        stage.main_file(&[(metadata, "/Doc_0/Document.xml", LIST)]);
        stage.document("Doc_0", "genuine");
        stage
    }

    /// OFD.xml with a body for each (metadata, root, signature list).
    fn main_file(&mut self, bodies: &[(&str, &str, &str)]) {
        let mut text = "<OFD>".to_owned();
        for (metadata, root, list) in bodies {
            let info = format!("<DocInfo><DocID>1</DocID>{metadata}</DocInfo>");
            let (root, list) = (tag("DocRoot", root), tag("Signatures", list));
            write!(text, "<DocBody>{info}{root}{list}</DocBody>").unwrap();
        }
        self.add("OFD.xml", text + "</OFD>");
    }

    fn document(&mut self, folder: &str, text: &str) {
        let page = "<Page ID=\"1\" BaseLoc=\"Pages/Page_0/Content.xml\"/>";
        let document = format!("<Document><Pages>{page}</Pages></Document>");
        self.add(&format!("{folder}/Document.xml"), document);
        let page = format!("<Page><TextObject><TextCode>{text}</TextCode></TextObject></Page>");
        self.add(&format!("{folder}/Pages/Page_0/Content.xml"), page);
    }

    fn add(&mut self, path: &str, content: impl Into<Vec<u8>>) {
        self.files.insert(path.to_owned(), content.into());
    }

    fn signature_xml(&self, folder: &str, paths: &[&str], more: &str) -> String {
        let mut text = "<Signature><SignedInfo><References CheckMethod=\"SM3\">".to_owned();
        for path in paths {
            let digest = Base64::encode_string(&sm3::hash(self.files.get(*path).unwrap()));
            let value = tag("CheckValue", &digest);
            write!(text, "<Reference FileRef=\"/{path}\">{value}</Reference>").unwrap();
        }
        let value = tag("SignedValue", &format!("/{folder}/SignedValue.dat"));
        write!(text, "</References>{more}</SignedInfo>{value}</Signature>").unwrap();
        text
    }

    /// The issuing authority seals `paths`.
    fn seal(&mut self, folder: &str, paths: &[&str]) {
        let xml = self.signature_xml(folder, paths, "");
        let Province { seal, signer, now, .. } = self.province;
        let hash = sm3::hash(xml.as_bytes());
        let path = format!("/{folder}/Signature.xml");
        let at = now.plus_s(-1);
        let value = seal::sign(seal, hash, &path, at, &signer.certificate, &signer.key).unwrap();
        self.list_it("Seal", folder, xml, value);
    }

    /// Somebody else signs `paths`, without a seal.
    fn sign(&mut self, folder: &str, paths: &[&str], more: &str) {
        let xml = self.signature_xml(folder, paths, more);
        let Holder { key, certificate } = self.other;
        let how = Written::DigestAsContent;
        let value = cms::sign_detached(xml.as_bytes(), certificate, key, how).unwrap();
        self.list_it("Sign", folder, xml, value);
    }

    fn list_it(&mut self, kind: &str, folder: &str, xml: String, value: Vec<u8>) {
        let base = format!("BaseLoc=\"/{folder}/Signature.xml\"");
        write!(self.list, "<Signature ID=\"{folder}\" Type=\"{kind}\" {base}/>").unwrap();
        self.add(&format!("{folder}/Signature.xml"), xml);
        self.add(&format!("{folder}/SignedValue.dat"), value);
    }

    fn package(&self) -> Vec<u8> {
        let mut files = self.files.clone();
        let list = format!("<Signatures>{}</Signatures>", self.list);
        files.entry(LIST.to_owned()).or_insert(list.into_bytes());
        let add =
            |writer: PackageWriter, (path, content): (&String, &Vec<u8>)| writer.add(path, content);
        files.iter().fold(PackageWriter::new(), add).finish().unwrap()
    }

    fn report(&self) -> Report {
        verifier(self.province).report(self.package(), None, self.province.now).unwrap()
    }

    fn assert_passes(&self) {
        let report = self.report();
        assert_eq!(report.indication, Indication::Passed, "{report:#?}");
    }

    /// Not `passed`, and because of the check `id` alone.
    fn assert_stopped_by(&self, id: &str) {
        let report = self.report();
        assert_ne!(report.indication, Indication::Passed, "fooled: {report:#?}");
        let stops = |check: &&Check| {
            !matches!(check.outcome, Outcome::Passed | Outcome::Skipped)
                && check.level == yinxin::report::Level::Required
        };
        let stopped: Vec<&str> = report.checks().filter(stops).map(|check| check.id).collect();
        assert_eq!(stopped, [id], "{report:#?}");
    }
}

fn tag(name: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<{name}>{text}</{name}>") }
}

fn verifier(province: &Province) -> Verifier {
    province.verifier()
}

fn people() -> (Province, Holder) {
    let province = Province::new();
    let root = Some(&province.root);
    let other = holder("Other", Profile::Signer, root, province.now);
    (province, other)
}

#[test]
fn a_document_that_another_signed_is_not_shown_as_the_authoritys() {
    let people = people();
    let mut stage = Stage::new(&people, "");
    // The authority's software leaves OFD.xml out, as much software does.
    stage.seal("Signs/Sign_0", &DOC_0);
    stage.assert_passes();
    let mut attack = stage.clone();
    attack.document("Doc_1", "forged");
    attack.main_file(&[("", "/Doc_1/Document.xml", LIST)]);
    attack.assert_stopped_by("document.coverage");
    let all = [&ALL_OF_DOC_0[..], &DOC_1].concat();
    attack.sign("Signs/Sign_1", &all, "");
    attack.assert_stopped_by("document.coverage");
    // A second signature over what the first one covers does no harm.
    stage.sign("Signs/Sign_1", &ALL_OF_DOC_0, "");
    stage.assert_passes();
}

#[test]
fn metadata_that_another_signed_are_not_shown_as_the_authoritys() {
    let people = people();
    let mut control = Stage::new(&people, METADATA);
    control.seal("Signs/Sign_0", &ALL_OF_DOC_0);
    control.sign("Signs/Sign_1", &ALL_OF_DOC_0, "");
    control.assert_passes();
    let mut attack = Stage::new(&people, METADATA);
    attack.seal("Signs/Sign_0", &DOC_0);
    attack.assert_stopped_by("metadata.protected");
    attack.sign("Signs/Sign_1", &ALL_OF_DOC_0, "");
    attack.assert_stopped_by("metadata.protected");
}

#[test]
fn metadata_are_not_protected_by_the_signature_of_another_document() {
    let people = people();
    let mut stage = Stage::new(&people, METADATA);
    stage.document("Doc_1", "another");
    let second = "Signs_1/Signatures.xml";
    let bodies = [(METADATA, "/Doc_0/Document.xml", LIST), ("", "/Doc_1/Document.xml", second)];
    stage.main_file(&bodies);
    let all = [&ALL_OF_DOC_0[..], &DOC_1].concat();
    let sealed = |paths: &[&str]| {
        let mut stage = stage.clone();
        stage.sign("Signs_1/Sign_0", &all, "");
        let list = format!("<Signatures>{}</Signatures>", std::mem::take(&mut stage.list));
        stage.add(second, list);
        stage.seal("Signs/Sign_0", paths);
        stage
    };
    sealed(&ALL_OF_DOC_0).assert_passes();
    sealed(&DOC_0).assert_stopped_by("metadata.protected");
}

#[test]
fn a_root_that_only_some_readers_find_is_not_nothing_to_protect() {
    let people = people();
    let mut stage = Stage::new(&people, "");
    stage.seal("Signs/Sign_0", &DOC_0);
    stage.assert_passes();
    stage.document("Doc_1", "forged");
    for root in ["/doc_1/document.xml", "/Doc_2/Document.xml", "/Doc_1/Document%2Exml"] {
        stage.main_file(&[("", root, LIST)]);
        let report = stage.report();
        assert_eq!(report.indication, Indication::Failed, "{root}: {report:#?}");
    }
    // Nor is a document whose root says nothing.
    stage.main_file(&[("", "/Doc_0/Pages/Page_0/Content.xml", LIST)]);
    let report = verifier(stage.province).report(stage.package(), None, stage.province.now);
    assert!(report.is_err() || report.unwrap().indication == Indication::Failed);
}

#[test]
fn a_file_that_some_readers_find_under_a_missing_name_is_rendered() {
    let people = people();
    let mut stage = Stage::new(&people, "");
    // The producer forgot the file; that alone is a fault, and no forgery.
    let page = "<Page ID=\"1\" BaseLoc=\"Pages/Page_0/Content.xml\"/>";
    let document = format!("<Document><Annotations>Annots.xml</Annotations>{page}</Document>");
    stage.add("Doc_0/Document.xml", document.replace(page, &tag("Pages", page)));
    stage.seal("Signs/Sign_0", &ALL_OF_DOC_0);
    stage.assert_passes();
    stage.add("Doc_0/annots.XML", "<Annotations/>");
    stage.assert_stopped_by("document.coverage");
}

#[test]
fn a_plain_signature_shows_no_seal() {
    let people = people();
    let mut stage = Stage::new(&people, "");
    stage.add("Signs/Sign_0/Seal.esl", people.0.seal.raw());
    let all = [&ALL_OF_DOC_0[..], &["Signs/Sign_0/Seal.esl"]].concat();
    let mut control = stage.clone();
    control.sign("Signs/Sign_0", &all, "");
    control.assert_passes();
    // The seal of the authority, over a signature of somebody else.
    let seal = tag("Seal", &tag("BaseLoc", "/Signs/Sign_0/Seal.esl"));
    let stamp = "<StampAnnot ID=\"1\" PageRef=\"1\" Boundary=\"0 0 42 42\"/>";
    stage.sign("Signs/Sign_0", &all, &format!("{stamp}{seal}"));
    stage.assert_stopped_by("signature.separate_seal");
}

#[test]
fn a_package_with_an_encrypted_face_is_not_judged_by_its_plain_one() {
    let people = people();
    let mut stage = Stage::new(&people, "");
    stage.seal("Signs/Sign_0", &ALL_OF_DOC_0);
    stage.assert_passes();
    stage.add("Encryptions.xml", "<Encryptions/>");
    stage.assert_stopped_by("document.encryption");
}

#[test]
fn coverage_of_many_files_by_many_signatures_is_bounded() {
    let people = people();
    let mut stage = Stage::new(&people, "");
    for number in 0..SIGNATURES_MAX {
        let folder = format!("Signs/Sign_{number}");
        let xml = stage.signature_xml(&folder, &[PAGE], "");
        stage.list_it("Sign", &folder, xml, Vec::new());
    }
    // As it is, the package is slow to no one; with thousands of long names its report would take
    // gigabytes: each signature would list each name.
    stage.report();
    let name = "n".repeat(PACKAGE_NAME_BYTES_MAX - 8);
    for number in stage.files.len()..PACKAGE_ENTRIES_MAX - 1 {
        stage.add(&format!("{name}{number:06}"), "");
    }
    let error = verifier(&people.0).report(stage.package(), None, people.0.now).unwrap_err();
    assert_eq!(error.field_name(), Some("COVERAGE_NAMES_BYTES_MAX"));
}

#[test]
fn one_large_signed_value_for_many_signatures_is_bounded() {
    let people = people();
    let mut stage = Stage::new(&people, "");
    stage.sign("Signs/Sign_0", &ALL_OF_DOC_0, "");
    let value = stage.files["Signs/Sign_0/SignedValue.dat"].clone();
    // Not too easy to pack, or else the limit of the ratio comes first.
    let filling = (0_u32..1 << 18).flat_map(|number| sm3::hash(&number.to_be_bytes()));
    let large: Vec<u8> = value.into_iter().chain(filling).collect();
    for number in 1..SIGNATURES_MAX {
        let folder = format!("Signs/Sign_{number}");
        let xml = stage.signature_xml("Signs/Sign_0", &ALL_OF_DOC_0, "");
        stage.list_it("Sign", &folder, xml, Vec::new());
    }
    stage.add("Signs/Sign_0/SignedValue.dat", large);
    let error = verifier(&people.0).report(stage.package(), None, people.0.now).unwrap_err();
    assert_eq!(error.field_name(), Some("SIGNED_VALUES_BYTES_MAX"));
}

#[test]
fn one_list_for_many_documents_is_bounded() {
    let people = people();
    let mut stage = Stage::new(&people, "");
    for number in 0..=SIGNATURES_MAX / 2 {
        let folder = format!("Signs/Sign_{number}");
        let xml = stage.signature_xml(&folder, &[PAGE], "");
        stage.list_it("Sign", &folder, xml, Vec::new());
    }
    stage.report();
    let body = ("", "/Doc_0/Document.xml", LIST);
    stage.main_file(&[body, body]);
    let error = verifier(&people.0).report(stage.package(), None, people.0.now).unwrap_err();
    assert_eq!(error.field_name(), Some("SIGNATURES_MAX"));
}
