//! Packages made here: what a document is made of, and how much of it is read.

use std::collections::BTreeSet;

use base64ct::{Base64, Encoding as _};

use crate::{
    error::Code,
    licence::ofd::{
        Closure, Document, Integrity, MAIN_FILE, Package, PackageWriter, SignatureFile,
        SignatureList,
    },
    limits::{
        CLOSURE_REFERENCES_MAX, CLOSURE_XML_BYTES_MAX, CUSTOM_DATAS_MAX, DOCUMENT_PAGES_MAX,
        DOCUMENT_VERSIONS_MAX, DOCUMENTS_MAX, PACKAGE_ENTRIES_MAX, SIGNATURE_REFERENCES_MAX,
        SIGNATURE_STAMPS_MAX, SIGNATURES_MAX, XML_BYTES_MAX,
    },
    primitives::sm3,
};

pub(super) fn package(files: &[(&str, &str)]) -> Package {
    let writer = files
        .iter()
        .fold(PackageWriter::new(), |writer, (path, content)| writer.add(path, content.as_bytes()));
    Package::open(writer.finish().unwrap()).unwrap()
}

/// `OFD.xml` with one document at `D/Document.xml`, whose `DocBody` goes on with `rest`.
pub(super) fn main_file(rest: &str) -> String {
    format!("<OFD><DocBody><DocRoot>D/Document.xml</DocRoot>{rest}</DocBody></OFD>")
}

fn closure_of(files: &[(&str, &str)]) -> Closure {
    let package = package(files);
    Document::read(&package).unwrap().closure(&package).unwrap()
}

pub(super) fn names(set: &BTreeSet<String>) -> Vec<&str> {
    set.iter().map(String::as_str).collect()
}

/// Every kind of reference of GB/T 33190-2016, in one document.
const WHOLE: [(&str, &str); 24] = [
    (
        "OFD.xml",
        "<OFD><DocBody><DocInfo><Cover>/cover.png</Cover></DocInfo><DocRoot>/D/Document.xml</DocRoot>\
         <Versions><Version ID='v1' Index='0' Current='false' BaseLoc='V/old.xml'/>\
         <Version ID='v2' Index='1' Current='true' BaseLoc='V/new.xml'/></Versions>\
         </DocBody></OFD>",
    ),
    ("cover.png", ""),
    (
        "D/Document.xml",
        "<Document><CommonData><PublicRes>res/Public.xml</PublicRes>\
         <DocumentRes>Own.xml</DocumentRes><TemplatePage ID='1' BaseLoc='T/t.xml'/></CommonData>\
         <Pages><Page ID='2' BaseLoc='P/p.xml'/></Pages><Annotations>A/list.xml</Annotations>\
         <Attachments>F/list.xml</Attachments><CustomTags>C/list.xml</CustomTags>\
         <Extensions>X.xml</Extensions></Document>",
    ),
    (
        "D/res/Public.xml",
        "<Res BaseLoc='fonts/'><Fonts><Font ID='3'><FontFile>f.ttf</FontFile></Font></Fonts>\
         <ColorSpaces><ColorSpace ID='4' Profile='/icc'/></ColorSpaces></Res>",
    ),
    ("D/res/fonts/f.ttf", ""),
    ("icc", ""),
    (
        "D/Own.xml",
        "<Res><MultiMedias><MultiMedia><MediaFile>m.png</MediaFile></MultiMedia></MultiMedias></Res>",
    ),
    ("D/m.png", ""),
    ("D/T/t.xml", "<Page><PageRes>/D/Own.xml</PageRes></Page>"),
    ("D/P/p.xml", "<Page><PageRes>page.xml</PageRes><Template TemplateID='1'/></Page>"),
    (
        "D/P/page.xml",
        "<Res BaseLoc='/'><MultiMedia><MediaFile>root.png</MediaFile></MultiMedia></Res>",
    ),
    ("root.png", ""),
    ("D/A/list.xml", "<Annotations><Page PageID='2'><FileLoc>a.xml</FileLoc></Page></Annotations>"),
    ("D/A/a.xml", "<PageAnnot/>"),
    (
        "D/F/list.xml",
        "<Attachments><Attachment ID='5' Name='n'><FileLoc>data.xml</FileLoc></Attachment></Attachments>",
    ),
    ("D/F/data.xml", "not <XML"),
    (
        "D/C/list.xml",
        "<CustomTags><CustomTag TypeID='6'><SchemaLoc>s.xsd</SchemaLoc><FileLoc>tag.xml</FileLoc>\
         </CustomTag></CustomTags>",
    ),
    ("D/C/tag.xml", "<:params xmlns:=''/>"),
    ("D/X.xml", "<Extensions><Extension><ExtendData>x.dat</ExtendData></Extension></Extensions>"),
    ("D/x.dat", ""),
    ("V/old.xml", "<DocVersion><FileList/><DocRoot>/W/Document.xml</DocRoot></DocVersion>"),
    (
        "V/new.xml",
        "<DocVersion><FileList><File ID='1'>/D/P/p.xml</File></FileList>\
         <DocRoot>/D2/Document.xml</DocRoot></DocVersion>",
    ),
    ("D2/Document.xml", "<Document><Pages><Page ID='9' BaseLoc='q.xml'/></Pages></Document>"),
    ("D2/q.xml", "<Page/>"),
];

#[test]
fn every_kind_of_reference_is_followed() {
    let mut files = WHOLE.to_vec();
    files.push(("hidden.xml", "<x/>"));
    let closure = closure_of(&files);
    let rendered = [
        "D/A/a.xml",
        "D/A/list.xml",
        "D/Document.xml",
        "D/Own.xml",
        "D/P/p.xml",
        "D/P/page.xml",
        "D/T/t.xml",
        "D/m.png",
        "D/res/Public.xml",
        "D/res/fonts/f.ttf",
        "D2/Document.xml",
        "D2/q.xml",
        "V/new.xml",
        "icc",
        "root.png",
    ];
    assert_eq!(names(&closure.rendered), rendered);
    let referenced = [
        "D/C/list.xml",
        "D/C/tag.xml",
        "D/F/data.xml",
        "D/F/list.xml",
        "D/X.xml",
        "D/x.dat",
        "V/old.xml",
        "cover.png",
    ];
    assert_eq!(names(&closure.referenced), referenced);
    assert_eq!(names(&closure.missing), [""; 0]);
    assert_eq!(names(&closure.missing_referenced), ["D/C/s.xsd", "W/Document.xml"]);
    assert_eq!(names(&closure.unreferenced), ["hidden.xml"]);
    assert!(closure.unreadable.is_empty() && closure.signatures.is_empty());
    // A reader shows the current version's pages.
    let package = package(&files);
    let pages = Document::read(&package).unwrap().pages(&package).unwrap();
    assert_eq!((pages.len(), pages[0].path.as_str()), (1, "D2/q.xml"));
}

#[test]
fn missing_and_unreadable_files_are_told_apart() {
    let main = main_file("");
    let document = "<Document><CommonData><PublicRes>gone.xml</PublicRes>\
        <PublicRes>..\\..\\res.xml</PublicRes><PublicRes>../../up.xml</PublicRes>\
        <DocumentRes>res.xml</DocumentRes></CommonData>\
        <Attachments>broken.xml</Attachments><CustomTags>none.xml</CustomTags></Document>";
    let res = "<Res BaseLoc='../..'><Font><FontFile>f.ttf</FontFile></Font></Res>";
    let files = [
        (MAIN_FILE, main.as_str()),
        ("D/Document.xml", document),
        ("D/res.xml", res),
        ("D/broken.xml", "<Attachments><FileLoc>"),
    ];
    let closure = closure_of(&files);
    let missing = ["../../up.xml", "..\\..\\res.xml", "D/gone.xml", "\\/f.ttf"];
    assert_eq!(names(&closure.missing), missing);
    assert_eq!(names(&closure.missing_referenced), ["D/none.xml"]);
    assert_eq!(names(&closure.unreadable), ["D/broken.xml"]);
    // What is rendered must be readable.
    let broken = "<Document><Pages><Page ID='1' BaseLoc='broken.xml'/></Pages></Document>";
    for (page, code) in [
        (&b"<Page><PageRes>a</PageRes>"[..], Code::BadXml),
        (b"<!DOCTYPE Page [<!ENTITY a '<PageR&#101;s>..'>]><Page>&a;</Page>", Code::BadXml),
        (b"\xff\xfe<\0", Code::UnsupportedEncoding),
        (b"<Page>\xff</Page>", Code::BadUtf8),
    ] {
        let writer = PackageWriter::new().add(MAIN_FILE, main.as_bytes());
        let writer = writer.add("D/Document.xml", broken.as_bytes()).add("D/broken.xml", page);
        let package = Package::open(writer.finish().unwrap()).unwrap();
        let error = Document::read(&package).unwrap().closure(&package).unwrap_err();
        assert_eq!((error.code(), error.file()), (code, Some("D/broken.xml")));
    }
}

#[test]
fn circular_references_end() {
    let main = main_file("<Versions><Version Current='1' BaseLoc='OFD.xml'/></Versions>");
    let document = "<Document><CommonData><PublicRes>Document.xml</PublicRes>\
        <TemplatePage BaseLoc='Document.xml'/></CommonData><Pages><Page ID='1' BaseLoc='Document.xml'/>\
        </Pages><Annotations>Document.xml</Annotations><Attachments>Document.xml</Attachments></Document>";
    let closure = closure_of(&[(MAIN_FILE, &main), ("D/Document.xml", document)]);
    assert_eq!(names(&closure.rendered), ["D/Document.xml", "OFD.xml"]);
}

#[test]
fn several_documents_share_a_package() {
    let main = "<OFD><DocBody><DocRoot>D/Document.xml</DocRoot></DocBody>\
        <DocBody><DocInfo><DocID> two </DocID></DocInfo><DocRoot>E/Document.xml</DocRoot></DocBody></OFD>";
    let files =
        [(MAIN_FILE, main), ("D/Document.xml", "<Document/>"), ("E/Document.xml", "<Document/>")];
    let package = package(&files);
    let documents = Document::read_all(&package).unwrap();
    assert_eq!(documents.len(), 2);
    assert_eq!((documents[1].doc_id(), documents[1].index()), (Some("two"), 1));
    for (document, own) in documents.iter().zip(["D/Document.xml", "E/Document.xml"]) {
        let closure = document.closure(&package).unwrap();
        assert_eq!(names(&closure.rendered), [own]);
        assert!(closure.unreferenced.is_empty());
    }
}

#[test]
fn custom_data_has_two_spellings() {
    let info = "<x:DocInfo xmlns:x='u'><x:Title>t<!-- - -->i</x:Title><x:Keywords><x:Keyword>k</x:Keyword>\
        </x:Keywords><x:CustomDatas><x:CustomData Name='ZZBS'> 1.2 </x:CustomData>\
        <x:CustomData name='ZZMC'><![CDATA[a&b]]></x:CustomData></x:CustomDatas></x:DocInfo>";
    let package = package(&[(MAIN_FILE, &main_file(info))]);
    let document = Document::read(&package).unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(document.custom_datas(), [pair("ZZBS", "1.2"), pair("ZZMC", "a&b")]);
    assert_eq!(document.title(), Some("ti"));
    assert_eq!(document.info().keywords, ["k"]);
}

#[test]
fn malformed_main_files_are_refused() {
    let twice = main_file("<DocRoot>E/Document.xml</DocRoot>");
    let escape = "<OFD><DocBody><DocRoot>../x</DocRoot></DocBody></OFD>";
    let current = "<Version Current='true' BaseLoc='a'/>";
    let versions = main_file(&format!("<Versions>{current}{current}</Versions>"));
    for (main, code, field) in [
        ("<OFD/>", Code::BadOfd, Some("DocBody")),
        ("<Other/>", Code::BadOfd, Some("OFD")),
        ("<OFD><DocBody/></OFD>", Code::BadOfd, Some("DocRoot")),
        (twice.as_str(), Code::BadOfd, Some("DocRoot")),
        (escape, Code::BadPath, Some("escape")),
        (&versions, Code::BadOfd, Some("Current")),
        (
            &main_file("<Signatures>a</Signatures><Signatures>b</Signatures>"),
            Code::BadOfd,
            Some("Signatures"),
        ),
        (&main_file("<Versions><Version/></Versions>"), Code::BadOfd, Some("BaseLoc")),
        (
            &main_file("<Versions><Version Current='x' BaseLoc='a'/></Versions>"),
            Code::BadOfd,
            Some("Current"),
        ),
        ("<OFD><DocBody></OFD>", Code::BadXml, None),
    ] {
        let error = Document::read(&package(&[(MAIN_FILE, main)])).unwrap_err();
        assert_eq!((error.code(), error.field_name()), (code, field), "{main}");
        assert_eq!(error.file(), Some(MAIN_FILE), "{main}");
    }
    let error = Document::read(&package(&[("ofd.xml", "<OFD/>")])).unwrap_err();
    assert_eq!((error.code(), error.file()), (Code::EntryMissing, Some(MAIN_FILE)));
}

pub(super) fn digest(content: &str) -> String {
    Base64::encode_string(&sm3::hash(content.as_bytes()))
}

fn limit_of<T: std::fmt::Debug>(result: Result<T, crate::Error>) -> &'static str {
    let error = result.unwrap_err();
    assert_eq!(error.code(), Code::LimitReached, "{error}");
    error.field_name().unwrap()
}

#[test]
fn counts_in_the_main_file_are_bounded() {
    let main = |bodies: usize, versions: usize, datas: usize| {
        let versions = "<Version BaseLoc='v'/>".repeat(versions);
        let datas = "<CustomData Name='n'/>".repeat(datas);
        let rest = format!(
            "<DocInfo><CustomDatas>{datas}</CustomDatas></DocInfo><Versions>{versions}</Versions>"
        );
        let body = format!("<DocBody><DocRoot>D</DocRoot>{rest}</DocBody>");
        Document::read_all(&package(&[(MAIN_FILE, &format!("<OFD>{}</OFD>", body.repeat(bodies)))]))
    };
    let (bodies, versions, datas) = (DOCUMENTS_MAX, DOCUMENT_VERSIONS_MAX, CUSTOM_DATAS_MAX);
    assert_eq!(main(bodies, 0, 0).unwrap().len(), bodies);
    assert_eq!(limit_of(main(bodies + 1, 0, 0)), "DOCUMENTS_MAX");
    assert_eq!(main(1, versions, datas).unwrap()[0].versions().len(), versions);
    assert_eq!(limit_of(main(1, versions + 1, 0)), "DOCUMENT_VERSIONS_MAX");
    assert_eq!(limit_of(main(1, 0, datas + 1)), "CUSTOM_DATAS_MAX");
}

#[test]
fn counts_in_documents_and_signatures_are_bounded() {
    let pages = |count: usize| {
        let pages: String = (0..count).map(|k| format!("<Page ID='{k}' BaseLoc='p'/>")).collect();
        let document = format!("<Document><Pages>{pages}</Pages></Document>");
        let package = package(&[(MAIN_FILE, &main_file("")), ("D/Document.xml", &document)]);
        Document::read(&package).unwrap().pages(&package)
    };
    assert_eq!(pages(DOCUMENT_PAGES_MAX).unwrap().len(), DOCUMENT_PAGES_MAX);
    assert_eq!(limit_of(pages(DOCUMENT_PAGES_MAX + 1)), "DOCUMENT_PAGES_MAX");
    let list = |count: usize| {
        let list: String = (0..count).map(|k| format!("<Signature BaseLoc='{k}'/>")).collect();
        let main = main_file("<Signatures>l</Signatures>");
        let package =
            package(&[(MAIN_FILE, &main), ("l", &format!("<Signatures>{list}</Signatures>"))]);
        SignatureList::read(&package, &Document::read(&package).unwrap())
    };
    assert_eq!(list(SIGNATURES_MAX).unwrap().entries().len(), SIGNATURES_MAX);
    assert_eq!(limit_of(list(SIGNATURES_MAX + 1)), "SIGNATURES_MAX");
    let file = |references: usize, stamps: usize| {
        let references = "<Reference FileRef='/a'><CheckValue/></Reference>".repeat(references);
        let stamps = "<StampAnnot PageRef='1' Boundary='0 0 1 1'/>".repeat(stamps);
        let xml = format!(
            "<Signature><SignedInfo><References>{references}</References>{stamps}</SignedInfo></Signature>"
        );
        SignatureFile::parse(xml.as_bytes(), "s.xml")
    };
    let most = file(SIGNATURE_REFERENCES_MAX, SIGNATURE_STAMPS_MAX).unwrap();
    assert_eq!(most.references.len(), SIGNATURE_REFERENCES_MAX);
    assert_eq!(limit_of(file(SIGNATURE_REFERENCES_MAX + 1, 0)), "SIGNATURE_REFERENCES_MAX");
    assert_eq!(limit_of(file(0, SIGNATURE_STAMPS_MAX + 1)), "SIGNATURE_STAMPS_MAX");
    let entries = |count: usize| {
        let list: String = (0..count).map(|k| format!("<File FileLoc='{k}'/>")).collect();
        let list = format!(
            "<DocEntries><SignedValueLoc>v</SignedValueLoc><FileList>{list}</FileList></DocEntries>"
        );
        Integrity::read(&package(&[("OFDEntries.xml", &list)]))
    };
    assert_eq!(entries(PACKAGE_ENTRIES_MAX).unwrap().unwrap().missing.len(), PACKAGE_ENTRIES_MAX);
    assert_eq!(limit_of(entries(PACKAGE_ENTRIES_MAX + 1)), "PACKAGE_ENTRIES_MAX");
}

#[test]
fn following_references_is_bounded() {
    let main = main_file("");
    // One reference is the DocRoot itself.
    let walk = |count: usize, attached: bool| {
        let list: String = (0..count).map(|k| format!("<FileLoc>{k}</FileLoc>")).collect();
        let document = if attached {
            "<Document><Attachments>l.xml</Attachments></Document>"
        } else {
            "<Document><Annotations>l.xml</Annotations></Document>"
        };
        let list = format!("<L>{list}</L>");
        let package =
            package(&[(MAIN_FILE, &main), ("D/Document.xml", document), ("D/l.xml", &list)]);
        Document::read(&package).unwrap().closure(&package)
    };
    for attached in [false, true] {
        assert!(walk(CLOSURE_REFERENCES_MAX - 2, attached).is_ok());
        let past = walk(CLOSURE_REFERENCES_MAX - 1, attached);
        assert_eq!(limit_of(past), "CLOSURE_REFERENCES_MAX");
    }
}

#[test]
fn xml_read_for_a_closure_is_bounded() {
    // One file in three roles is read three times; another one fills the limit to the byte.
    let document = "<Document><CommonData><PublicRes>f</PublicRes><TemplatePage BaseLoc='f'/>\
        <DocumentRes>g</DocumentRes></CommonData><Annotations>f</Annotations></Document>";
    let list = "<Signatures><Signature BaseLoc='g'/></Signatures>";
    let walk = |document: &str, excess: usize| {
        let spent = 3 * XML_BYTES_MAX + document.len();
        let writer = PackageWriter::new()
            .add(MAIN_FILE, main_file("<Signatures>D/l</Signatures>").as_bytes())
            .add("D/Document.xml", document.as_bytes())
            .add("D/l", if document.contains(">g<") { "<Signatures/>" } else { list }.as_bytes())
            .add("D/f", &file_of(XML_BYTES_MAX))
            .add("D/g", &file_of(CLOSURE_XML_BYTES_MAX - spent + excess));
        let package = Package::open(writer.finish().unwrap()).unwrap();
        Document::read(&package).unwrap().closure(&package)
    };
    // The other one is a resource, or a signature file.
    for document in [document, &document.replace(">g<", "><")] {
        assert!(walk(document, 0).is_ok());
        assert_eq!(limit_of(walk(document, 1)), "CLOSURE_XML_BYTES_MAX");
    }
}

#[test]
fn text_of_pages_that_share_a_file_is_bounded() {
    let count = CLOSURE_XML_BYTES_MAX / XML_BYTES_MAX;
    let texts = |count: usize| {
        let list: String = (0..count).map(|k| format!("<Page ID='{k}' BaseLoc='f'/>")).collect();
        let document = format!("<Document><Pages>{list}</Pages></Document>");
        let writer = PackageWriter::new()
            .add(MAIN_FILE, main_file("").as_bytes())
            .add("D/Document.xml", document.as_bytes())
            .add("D/f", &file_of(XML_BYTES_MAX));
        let package = Package::open(writer.finish().unwrap()).unwrap();
        Document::read(&package).unwrap().page_texts(&package)
    };
    assert_eq!(texts(count).unwrap().len(), count);
    assert_eq!(limit_of(texts(count + 1)), "CLOSURE_XML_BYTES_MAX");
}

/// An XML file of this length that does not pack too well.
fn file_of(bytes: usize) -> Vec<u8> {
    let noise = (0..16_000_u32).map(|k| digest(&k.to_string())).collect::<String>();
    let filler = "x".repeat(bytes - noise.len() - 7);
    format!("<f>{noise}{filler}</f>").into_bytes()
}
