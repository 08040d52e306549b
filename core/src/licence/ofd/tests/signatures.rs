//! Signature lists and files in their varieties, and what a signature leaves out.

use std::fmt::Write as _;

use super::structure::{digest, main_file, names, package};
use crate::{
    error::Code,
    licence::ofd::{
        CheckMethod, Closure, Document, FileCoverage, MAIN_FILE, Rectangle, SignatureFile,
        SignatureKind, SignatureList, Zone, coverage,
    },
    primitives::sm3,
};

fn signature_xml(method: &str, references: &[(&str, &str)]) -> String {
    let mut list = String::new();
    for (path, content) in references {
        let value = digest(content);
        write!(list, "<Reference FileRef='{path}'><CheckValue>{value}</CheckValue></Reference>")
            .unwrap();
    }
    format!(
        "<Signature><SignedInfo><References{method}>{list}</References></SignedInfo></Signature>"
    )
}

#[test]
fn what_a_signature_leaves_out_is_named() {
    let main = main_file("<Signatures>D/S/list.xml</Signatures>");
    let document = "<Document><Pages><Page ID='1' BaseLoc='p.xml'/></Pages>\
        <Attachments>f.xml</Attachments></Document>";
    let list = "<Signatures><Signature ID='1' BaseLoc='1/s.xml'/>\
        <Signature ID='2' Type='Sign' BaseLoc='/D/S/2/s.xml'/></Signatures>";
    let first = signature_xml(
        " CheckMethod='sm3'",
        &[
            ("/D/Document.xml", document),
            ("/D/p.xml", "<Other/>"),
            ("/gone.xml", ""),
            ("/p.txt", "p"),
        ],
    );
    let second = signature_xml(
        " CheckMethod='1.2.156.10197.1.401'",
        &[("/OFD.xml", &main), ("/D/Document.xml", document), ("/D/Document.xml", "")],
    );
    let package = package(&[
        (MAIN_FILE, &main),
        ("D/Document.xml", document),
        ("D/p.xml", "<Page/>"),
        ("D/f.xml", "<Attachments/>"),
        ("D/S/list.xml", list),
        ("D/S/1/s.xml", &first),
        ("D/S/2/s.xml", &second),
        ("p.txt", "p"),
        ("q.txt", "q"),
    ]);
    let opened = Document::read(&package).unwrap();
    let closure = opened.closure(&package).unwrap();
    assert_eq!(names(&closure.unreferenced), ["p.txt", "q.txt"]);
    let entries = SignatureList::read(&package, &opened).unwrap().entries().to_vec();
    assert_eq!(entries[0].kind, SignatureKind::Seal);
    let read = |path: &str| {
        let file = SignatureFile::parse(package.require(path).unwrap(), path).unwrap();
        let coverage = coverage(&package, &closure, &file);
        (file, coverage)
    };
    let (file, coverage) = read(&entries[0].path);
    assert_eq!(coverage.counts(&file), (2, 4));
    assert_eq!(names(&coverage.covered), ["D/Document.xml", "p.txt"]);
    assert_eq!(coverage.mismatched[0].path, "D/p.xml");
    assert_eq!(coverage.mismatched[0].found, sm3::hash(b"<Page/>"));
    assert_eq!(coverage.mismatched[0].expected, sm3::hash(b"<Other/>"));
    assert_eq!(names(&coverage.missing), ["gone.xml"]);
    assert_eq!(names(&coverage.uncovered_rendered), [""; 0]);
    assert_eq!(names(&coverage.uncovered_referenced), ["D/f.xml"]);
    assert_eq!(names(&coverage.unreferenced), ["q.txt"]);
    assert_eq!(coverage.main_file, FileCoverage::NotReferenced);
    let (file, coverage) = read(&entries[1].path);
    assert_eq!(names(&file.duplicates), ["D/Document.xml"]);
    assert_eq!(coverage.counts(&file), (2, 3));
    // The right digest does not help a file whose other digest is wrong.
    assert_eq!(names(&coverage.covered), ["OFD.xml"]);
    assert_eq!(names(&coverage.uncovered_rendered), ["D/p.xml"]);
    assert_eq!(names(&coverage.uncovered_earlier), ["D/S/1/s.xml"]);
    assert_eq!(coverage.main_file, FileCoverage::Covered);
}

#[test]
fn check_methods() {
    let read = |method: &str, value: &str| {
        let xml = format!(
            "<Signature><SignedInfo><References{method}><Reference FileRef='/a'><CheckValue>{value}\
             </CheckValue></Reference></References></SignedInfo></Signature>"
        );
        SignatureFile::parse(xml.as_bytes(), "s.xml").unwrap().check_method
    };
    let sm3 = digest("");
    for (method, expected) in [
        (" CheckMethod='SM3'", CheckMethod::Sm3),
        (" CheckMethod='sM3'", CheckMethod::Sm3),
        (" CheckMethod='1.2.156.10197.1.401'", CheckMethod::Sm3),
        (" CheckMethod='1.2.156.10197.1.401.1'", CheckMethod::Sm3),
        (" CheckMethod='1.2.156.10197.1.401.2'", CheckMethod::Sm3ByWrongName),
        ("", CheckMethod::Sm3ByLength),
        (" CheckMethod='MD5'", CheckMethod::Md5),
        (" CheckMethod='SHA1'", CheckMethod::Sha1),
        (" CheckMethod='SHA-256'", CheckMethod::Unknown("SHA-256".to_owned())),
    ] {
        assert_eq!(read(method, &sm3), expected, "{method}");
    }
    assert_eq!(read("", "AAAAAAAAAAAAAAAAAAAAAA=="), CheckMethod::Md5);
    let package = package(&[("a", ""), (MAIN_FILE, "<OFD/>")]);
    for (method, good) in [("MD5", 0), ("SHA1", 0), ("x", 0), ("SM3", 1)] {
        let xml = signature_xml(&format!(" CheckMethod='{method}'"), &[("/a", ""), ("/b", "")]);
        let file = SignatureFile::parse(xml.as_bytes(), "s.xml").unwrap();
        let coverage = coverage(&package, &Closure::default(), &file);
        assert_eq!(coverage.counts(&file), (good, 2), "{method}");
        assert_eq!((coverage.unchecked.len(), coverage.missing.len()), (1 - good, 1), "{method}");
    }
}

#[test]
fn signature_files_in_their_varieties() {
    let xml = "<s:Signature xmlns:s='u'><s:SignedValue>v.dat</s:SignedValue><s:SignedInfo>\
        <s:StampAnnot ID='2' PageRef='7' Boundary=' 1 -2.5  3e1 4 '/>\
        <s:Provider ProviderName='n' Extra='x'/><s:References><s:Reference FileRef='/a b.xml'>\
        <s:CheckValue> AAAA\n AAAA </s:CheckValue></s:Reference></s:References>\
        <s:Parameters><s:Parameter Name='p'>q</s:Parameter></s:Parameters>\
        <s:Seal><s:BaseLoc>/D/Seal.esl</s:BaseLoc></s:Seal></s:SignedInfo></s:Signature>";
    let file = SignatureFile::parse(xml.as_bytes(), "D/S/s.xml").unwrap();
    assert_eq!(file.signed_value_path.as_deref(), Some("D/S/v.dat"));
    assert_eq!(file.seal_path.as_deref(), Some("D/Seal.esl"));
    let boundary = Rectangle { x: 1.0, y: -2.5, width: 30.0, height: 4.0 };
    assert_eq!((file.stamps[0].boundary, file.stamps[0].clip), (boundary, None));
    assert_eq!(file.provider.name.as_deref(), Some("n"));
    assert_eq!((file.provider.company, file.method), (None, None));
    assert_eq!(file.parameters, [("p".to_owned(), "q".to_owned())]);
    assert_eq!(file.references[0].check_value, [0; 6]);
    assert_eq!(file.references[0].path, "a b.xml");
    for text in ["", "1 2 3", "1 2 3 4 5", "1 2 3 x", "1 2 3 inf", "NaN 2 3 4"] {
        assert_eq!(Rectangle::parse(text), None, "{text}");
    }
}

#[test]
fn signature_times() {
    let read = |text: &str| {
        let xml = format!(
            "<Signature><SignedInfo><SignatureDateTime>{text}</SignatureDateTime><References/>\
             </SignedInfo></Signature>"
        );
        let file = SignatureFile::parse(xml.as_bytes(), "s.xml").unwrap().date_time.unwrap();
        (file.time.map(|time| time.to_string()), file.zone)
    };
    for (text, expected, zone) in [
        ("2020-10-23 19:45:37", Some("2020-10-23T11:45:37Z"), Zone::Assumed),
        ("20201010151120", Some("2020-10-10T07:11:20Z"), Zone::Assumed),
        ("20210331075023Z", Some("2021-03-31T07:50:23Z"), Zone::Stated),
        ("20201004072855.302Z", Some("2020-10-04T07:28:55Z"), Zone::Stated),
        ("2021-03-31T07:50:23+08:00", Some("2021-03-30T23:50:23Z"), Zone::Stated),
        ("2021-03-31", None, Zone::Assumed),
        ("20211331075023Z", None, Zone::Stated),
        ("2021年03月31日07时50分23秒", None, Zone::Assumed),
    ] {
        assert_eq!(read(text), (expected.map(str::to_owned), zone), "{text}");
    }
}

#[test]
fn malformed_signatures_are_refused() {
    let info = |inside: &str| format!("<Signature><SignedInfo>{inside}</SignedInfo></Signature>");
    let reference = |inside: &str| info(&format!("<References>{inside}</References>"));
    let stamp = |inside: &str| info(&format!("<References/><StampAnnot {inside}/>"));
    for (xml, code, field) in [
        ("<Signature/>".to_owned(), Code::BadOfd, "SignedInfo"),
        (info(""), Code::BadOfd, "References"),
        (info("<References/><References/>"), Code::BadOfd, "References"),
        (reference("<Reference/>"), Code::BadOfd, "FileRef"),
        (reference("<Reference FileRef='/a'/>"), Code::BadOfd, "CheckValue"),
        (
            reference("<Reference FileRef='/a'><CheckValue>*</CheckValue></Reference>"),
            Code::BadBase64,
            "CheckValue",
        ),
        (
            reference("<Reference FileRef='/../a'><CheckValue/></Reference>"),
            Code::BadPath,
            "escape",
        ),
        (stamp("Boundary='1 2 3 4'"), Code::BadOfd, "PageRef"),
        (stamp("PageRef='1'"), Code::BadOfd, "Boundary"),
        (stamp("PageRef='1' Boundary='1 2 3'"), Code::BadOfd, "Boundary"),
        (stamp("PageRef='1' Boundary='1 2 3 4' Clip='x'"), Code::BadOfd, "Clip"),
    ] {
        let error = SignatureFile::parse(xml.as_bytes(), "s.xml").unwrap_err();
        assert_eq!((error.code(), error.field_name()), (code, Some(field)), "{xml}");
        assert_eq!(error.file(), Some("s.xml"));
        assert!(error.offset().is_some(), "{xml}");
    }
    let same = "<Signature BaseLoc='a'/>";
    for (list, field) in [
        ("<Signature/>", "BaseLoc"),
        ("<Signature BaseLoc='a' Type='Other'/>", "Type"),
        (&[same, same].concat(), "BaseLoc"),
    ] {
        let list = format!("<Signatures>{list}</Signatures>");
        let package =
            package(&[(MAIN_FILE, &main_file("<Signatures>l</Signatures>")), ("l", &list)]);
        let error = SignatureList::read(&package, &Document::read(&package).unwrap()).unwrap_err();
        assert_eq!((error.code(), error.field_name()), (Code::BadOfd, Some(field)), "{list}");
        assert_eq!(error.file(), Some("l"));
    }
}
