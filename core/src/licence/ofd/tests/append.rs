//! Signatures added to the samples and to packages made here.

use super::{Opened, sample};
use crate::{
    error::{Code, Error},
    licence::ofd::{
        CheckMethod, Coverage, Document, FileCoverage, MAIN_FILE, NewSignature, Package,
        PackageWriter, Rectangle, SignatureFile, SignatureKind, SignatureList, SignedParts, Stamp,
        Zone, add_signature, coverage,
    },
    primitives::sm3,
    time::UnixTime,
};

const BOX: Rectangle = Rectangle { x: 50.5, y: 60.0, width: 40.0, height: 40.25 };

fn stamp(page: usize) -> Stamp {
    Stamp { page, boundary: BOX, clip: None }
}

fn request(kind: SignatureKind, stamps: &[Stamp]) -> NewSignature<'_> {
    NewSignature { kind, stamps, at: UnixTime::from_unix_s(1_790_000_000).unwrap() }
}

/// A "signature" that is the digest of what was signed and where.
fn sign(kind: SignatureKind) -> impl FnOnce(&[u8], &str) -> Result<SignedParts, Error> {
    move |xml, path| {
        let seal = (kind == SignatureKind::Seal).then(|| b"seal".to_vec());
        Ok(SignedParts { signed_value: [&sm3::hash(xml)[..], path.as_bytes()].concat(), seal })
    }
}

fn add(package: &Package, kind: SignatureKind, stamps: &[Stamp]) -> Result<Package, Error> {
    let document = Document::read(package)?;
    Package::open(add_signature(package, &document, &request(kind, stamps), sign(kind))?)
}

struct Signed {
    list: SignatureList,
    signatures: Vec<(SignatureFile, Coverage)>,
}

/// Reads all signatures and checks what holds for each that was made here.
fn read(package: &Package) -> Signed {
    let document = Document::read(package).unwrap();
    let closure = document.closure(package).unwrap();
    assert!(closure.unreferenced.is_empty(), "{closure:?}");
    let list = SignatureList::read(package, &document).unwrap();
    let parse = |path: &str| SignatureFile::parse(package.require(path).unwrap(), path).unwrap();
    let signatures = list.entries().iter().map(|entry| {
        let file = parse(&entry.path);
        let coverage = coverage(package, &closure, &file);
        (file, coverage)
    });
    Signed { signatures: signatures.collect(), list }
}

fn assert_whole(package: &Package, (file, coverage): &(SignatureFile, Coverage)) {
    let (good, all) = coverage.counts(file);
    assert_eq!(good, all, "{coverage:?}");
    assert!(coverage.uncovered_rendered.is_empty() && coverage.uncovered_referenced.is_empty());
    assert!(coverage.uncovered_earlier.is_empty() && coverage.unreferenced.is_empty());
    assert_eq!(coverage.main_file, FileCoverage::Covered);
    assert_eq!(coverage.signature_list, FileCoverage::NotReferenced);
    let value = package.require(file.signed_value_path.as_deref().unwrap()).unwrap();
    let xml = package.require(&file.path).unwrap();
    let absolute = format!("/{}", file.path);
    assert_eq!(value, [&sm3::hash(xml)[..], absolute.as_bytes()].concat());
}

fn unsigned() -> Option<Package> {
    Some(Package::open(sample("t09_namespace_no_std.ofd")?).unwrap())
}

#[test]
fn first_and_later_signatures() {
    let Some(before) = unsigned() else { return };
    let clip = Rectangle { x: 0.0, y: 0.0, width: 8.0, height: 40.0 };
    let clipped = Stamp { clip: Some(clip), ..stamp(1) };
    let once = add(&before, SignatureKind::Seal, &[stamp(1), clipped]).unwrap();
    let signed = read(&once);
    let entry = &signed.list.entries()[0];
    assert_eq!((entry.id.as_str(), entry.kind), ("s001", SignatureKind::Seal));
    assert_eq!(entry.path, "Doc_0/Signs/Sign_0/Signature.xml");
    let (file, _) = &signed.signatures[0];
    assert_whole(&once, &signed.signatures[0]);
    assert_eq!(file.references.len(), before.paths().count());
    assert!(file.references.iter().all(|reference| reference.file_ref.starts_with('/')));
    assert_eq!(file.check_method, CheckMethod::Sm3);
    assert_eq!(file.method.as_deref(), Some("1.2.156.10197.1.501"));
    let date_time = file.date_time.as_ref().unwrap();
    assert_eq!((date_time.time.unwrap().unix_s(), date_time.zone), (1_790_000_000, Zone::Stated));
    assert_eq!(file.stamps[0].boundary, BOX);
    assert_eq!(file.stamps[1].clip, Some(clip));
    assert_eq!(
        (file.stamps[0].page_ref.as_str(), file.stamps[0].id.as_deref()),
        ("1", Some("s002"))
    );
    assert_eq!(once.entry(file.seal_path.as_deref().unwrap()), Some(&b"seal"[..]));

    let twice = add(&once, SignatureKind::Sign, &[]).unwrap();
    let signed = read(&twice);
    for signature in &signed.signatures {
        assert_whole(&twice, signature);
    }
    let SignatureList::Present { entries, max_sign_ids, .. } = &signed.list else { panic!() };
    assert_eq!((entries[1].id.as_str(), entries[1].kind), ("s004", SignatureKind::Sign));
    assert_eq!(max_sign_ids, &["s004"]);
    let (second, _) = &signed.signatures[1];
    assert_eq!((second.seal_path.as_deref(), second.stamps.len()), (None, 0));
    // The second one covers the three files of the first.
    assert_eq!(second.references.len(), before.paths().count() + 3);
    for path in once.paths().filter(|path| !path.ends_with("Signatures.xml")) {
        assert_eq!(once.entry(path), twice.entry(path), "{path}");
    }
}

#[test]
fn the_main_file_changes_at_one_place() {
    let Some(before) = unsigned() else { return };
    let after = add(&before, SignatureKind::Seal, &[stamp(1)]).unwrap();
    let text =
        |package: &Package| String::from_utf8(package.entry(MAIN_FILE).unwrap().to_vec()).unwrap();
    let element = "<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>";
    assert_eq!(text(&after).replace(element, ""), text(&before));
    assert!(text(&after).contains(&format!("{element}</ofd:DocBody>")));
}

/// A package with one page whose `OFD.xml` holds `body`; `list` is the signature list.
fn package(head: &str, body: &str, list: Option<&str>) -> Package {
    let main = format!("{head}<DocRoot>D/Document.xml</DocRoot>{body}");
    let document = "<Document><Pages><Page ID='a&amp;b' BaseLoc='p.xml'/></Pages></Document>";
    let mut writer = PackageWriter::new()
        .add(MAIN_FILE, main.as_bytes())
        .add("D/Document.xml", document.as_bytes())
        .add("D/p.xml", b"<Page/>")
        .add("D/R&D.png", b"picture");
    if let Some(list) = list {
        writer = writer.add("D/list.xml", list.as_bytes());
    }
    Package::open(writer.finish().unwrap()).unwrap()
}

#[test]
fn lists_are_extended_as_they_are_written() {
    let named = "<Signatures>D/list.xml</Signatures></DocBody></OFD>";
    let new = |id: &str, prefix: &str, number| {
        let path = format!("/D/Sign_{number}/Signature.xml");
        format!("<{prefix}Signature ID=\"{id}\" Type=\"Seal\" BaseLoc=\"{path}\"/>")
    };
    for (list, expected) in [
        ("<Signatures/>", format!("<Signatures>{}</Signatures>", new("s001", "", 0))),
        (
            "<x:Signatures xmlns:x='u'><x:MaxSignId/></x:Signatures>",
            format!(
                "<x:Signatures xmlns:x='u'><x:MaxSignId/>{}</x:Signatures>",
                new("s001", "x:", 0)
            ),
        ),
        (
            "\u{feff}<s:Signatures xmlns:s='u'> <s:MaxSignId>007</s:MaxSignId> <!-- </s:x> --> </s:Signatures>",
            format!(
                "\u{feff}<s:Signatures xmlns:s='u'> <s:MaxSignId>s009</s:MaxSignId> <!-- </s:x> --> {}</s:Signatures>",
                new("s008", "s:", 0)
            ),
        ),
    ] {
        let before = package("<OFD><DocBody>", named, Some(list));
        let after = add(&before, SignatureKind::Seal, &[stamp(1)]).unwrap();
        let written = std::str::from_utf8(after.entry("D/list.xml").unwrap()).unwrap();
        assert_eq!(written.replace("s002", ""), expected.replace("s002", ""), "{list}");
        let document = Document::read(&after).unwrap();
        let list = SignatureList::read(&after, &document).unwrap();
        let path = &list.entries()[0].path;
        let file = SignatureFile::parse(after.entry(path).unwrap(), path).unwrap();
        assert_eq!(file.stamps[0].page_ref, "a&b");
        assert!(file.references.iter().any(|reference| reference.path == "D/R&D.png"));
    }
}

#[test]
fn identifiers_go_on_in_the_form_in_use() {
    let Some(once) = unsigned().map(|before| add(&before, SignatureKind::Seal, &[]).unwrap())
    else {
        return;
    };
    let list = "Doc_0/Signs/Signatures.xml";
    let text = std::str::from_utf8(once.entry(list).unwrap()).unwrap();
    for (id, next) in
        [("001", "002"), ("s41", "s042"), ("9", "010"), ("x", "s001"), ("1000", "1001")]
    {
        let text = text.replace("\"s001\"", &format!("\"{id}\"")).replace("s001", "0");
        let writer = PackageWriter::new().add_package(&once, &[list]).add(list, text.as_bytes());
        let twice =
            add(&Package::open(writer.finish().unwrap()).unwrap(), SignatureKind::Seal, &[]);
        assert_eq!(read(&twice.unwrap()).list.entries()[1].id, next, "{id}");
    }
    let text = text.replace("\"s001\"", &format!("\"s{}\"", u64::MAX));
    let writer = PackageWriter::new().add_package(&once, &[list]).add(list, text.as_bytes());
    let full = add(&Package::open(writer.finish().unwrap()).unwrap(), SignatureKind::Seal, &[]);
    assert_eq!(full.unwrap_err().field_name(), Some("MaxSignId"));
}

#[test]
fn main_files_of_other_shapes() {
    let bare = package("\u{feff}<OFD><DocBody>", "</DocBody></OFD>", None);
    let after = add(&bare, SignatureKind::Seal, &[stamp(1)]).unwrap();
    assert_whole(&after, &read_lenient(&after));
    let element = "<Signatures>/D/Signs/Signatures.xml</Signatures></DocBody></OFD>";
    assert!(after.entry(MAIN_FILE).unwrap().ends_with(element.as_bytes()));
    // Two documents: the second one is signed.
    let second = "</DocBody><DocBody><DocRoot>E/Document.xml</DocRoot></DocBody></OFD>";
    let two = package("<OFD><DocBody>", second, None);
    let document = b"<Document><Pages><Page ID='1' BaseLoc='/D/p.xml'/></Pages></Document>";
    let writer = PackageWriter::new().add_package(&two, &[]).add("E/Document.xml", document);
    let two = Package::open(writer.finish().unwrap()).unwrap();
    let documents = Document::read_all(&two).unwrap();
    let kind = SignatureKind::Seal;
    let signed = add_signature(&two, &documents[1], &request(kind, &[stamp(1)]), sign(kind));
    let signed = Package::open(signed.unwrap()).unwrap();
    let after = Document::read_all(&signed).unwrap();
    assert_eq!(after[0].signatures_path(), None);
    assert_eq!(after[1].signatures_path(), Some("E/Signs/Signatures.xml"));
    // Now the first one cannot be: OFD.xml is covered.
    let locked = add_signature(&signed, &after[0], &request(kind, &[]), sign(kind)).unwrap_err();
    assert_eq!(locked.code(), Code::DocumentLocked);
    assert_eq!(locked.file(), Some("E/Signs/Sign_0/Signature.xml"));
}

/// As [`read`], for packages with files that nothing refers to.
fn read_lenient(package: &Package) -> (SignatureFile, Coverage) {
    let document = Document::read(package).unwrap();
    let closure = document.closure(package).unwrap();
    let list = SignatureList::read(package, &document).unwrap();
    let path = &list.entries()[0].path;
    let file = SignatureFile::parse(package.require(path).unwrap(), path).unwrap();
    let coverage = coverage(package, &closure, &file);
    (file, coverage)
}

#[test]
fn samples_are_extended_or_locked() {
    for (name, locked) in [
        ("t01_allprotected_v4.ofd", Some("Doc_0/Signs/Sign_0/Signature.xml")),
        ("t02_SESV4SignDoc.ofd", None),
        ("t03_V4RideRight.ofd", Some("Doc_0/Signs/Sign_0/Signature.xml")),
        ("t04_h_two_sigs_list_changed.ofd", Some("Doc_0/Signs/Sign_0/Signature.xml")),
        ("t05_DigitalSign_rawDER.ofd", None),
        ("t08_hello-integrity_gmt0099.ofd", Some("OFDEntries.xml")),
        ("t10_fptpl_dangling_signatures.ofd", None),
    ] {
        let Some(Opened { package, list, .. }) = Opened::new(name) else { return };
        let result = add(&package, SignatureKind::Seal, &[stamp(1)]);
        if let Some(file) = locked {
            let error = result.unwrap_err();
            assert_eq!((error.code(), error.file()), (Code::DocumentLocked, Some(file)), "{name}");
            continue;
        }
        let after = result.unwrap();
        assert_eq!(after.entry(MAIN_FILE), package.entry(MAIN_FILE), "{name}");
        let signed = read(&after);
        assert_eq!(signed.signatures.len(), list.entries().len() + 1, "{name}");
        for (file, coverage) in &signed.signatures {
            let (good, all) = coverage.counts(file);
            assert_eq!(good, all, "{name}");
        }
        assert_whole(&after, signed.signatures.last().unwrap());
    }
}

#[test]
fn what_cannot_be_signed_is_refused() {
    let Some(before) = unsigned() else { return };
    let flat = Rectangle { height: 0.0, ..BOX };
    let endless = Rectangle { x: f64::INFINITY, ..BOX };
    for stamp in [
        stamp(0),
        stamp(2),
        Stamp { boundary: flat, ..stamp(1) },
        Stamp { boundary: endless, ..stamp(1) },
        Stamp { clip: Some(flat), ..stamp(1) },
    ] {
        let error = add(&before, SignatureKind::Seal, &[stamp]).unwrap_err();
        assert_eq!(error.code(), Code::BadArgument, "{stamp:?}");
    }
    let document = Document::read(&before).unwrap();
    let mixed =
        [(SignatureKind::Seal, SignatureKind::Sign), (SignatureKind::Sign, SignatureKind::Seal)];
    for (kind, other) in mixed {
        let error =
            add_signature(&before, &document, &request(kind, &[]), sign(other)).unwrap_err();
        assert_eq!((error.code(), error.field_name()), (Code::BadArgument, Some("seal")));
    }
    let kind = SignatureKind::Seal;
    let fail = |_: &[u8], _: &str| Err(Error::new(Code::NotInSeal));
    let error = add_signature(&before, &document, &request(kind, &[]), fail).unwrap_err();
    assert_eq!(error.code(), Code::NotInSeal);
    // A list that lies where the new one would, without being named.
    let list = "Doc_0/Signs/Signatures.xml";
    let planted = PackageWriter::new().add_package(&before, &[]).add(list, b"<Signatures/>");
    let planted = Package::open(planted.finish().unwrap()).unwrap();
    assert_eq!(add(&planted, kind, &[]).unwrap_err().code(), Code::BadOfd);
    let empty = package("<OFD><DocBody>", "<Signatures/></DocBody></OFD>", None);
    assert_eq!(add(&empty, kind, &[]).unwrap_err().field_name(), Some("Signatures"));
    // A signature that cannot be read may cover anything.
    let text = "<Signatures><Signature BaseLoc='/gone.xml'/></Signatures>";
    let named = "<Signatures>D/list.xml</Signatures></DocBody></OFD>";
    let gone = package("<OFD><DocBody>", named, Some(text));
    assert_eq!(add(&gone, kind, &[]).unwrap_err().code(), Code::EntryMissing);
}

#[test]
fn folders_in_use_are_left_alone() {
    let Some(before) = unsigned() else { return };
    let writer = PackageWriter::new().add_package(&before, &[]);
    let writer = writer.add("Doc_0/Signs/sign_0/x", b"").add("Doc_0/Signs/Sign_1", b"");
    let used = Package::open(writer.finish().unwrap()).unwrap();
    let after = add(&used, SignatureKind::Seal, &[]).unwrap();
    assert!(after.contains("Doc_0/Signs/Sign_2/Signature.xml"));
}
