//! The real sealed files of `../shared/samples`, with the facts that an honest reader finds in them.

mod append;
mod archives;
mod mutations;
mod signatures;
mod structure;
mod xml;

use super::*;

fn sample(name: &str) -> Option<Vec<u8>> {
    let path = yinxin_vectors::shared(&format!("samples/ofd/{name}"))?;
    Some(std::fs::read(path).expect("the sample can be read"))
}

const SAMPLES: [&str; 8] = [
    "t01_allprotected_v4.ofd",
    "t02_SESV4SignDoc.ofd",
    "t03_V4RideRight.ofd",
    "t04_h_two_sigs_list_changed.ofd",
    "t05_DigitalSign_rawDER.ofd",
    "t08_hello-integrity_gmt0099.ofd",
    "t09_namespace_no_std.ofd",
    "t10_fptpl_dangling_signatures.ofd",
];

struct Opened {
    package: Package,
    document: Document,
    closure: Closure,
    list: SignatureList,
}

impl Opened {
    fn new(name: &str) -> Option<Self> {
        let package = Package::open(sample(name)?).unwrap();
        let document = Document::read(&package).unwrap();
        let closure = document.closure(&package).unwrap();
        let list = SignatureList::read(&package, &document).unwrap();
        Some(Self { package, document, closure, list })
    }

    fn signature(&self, position: usize) -> (SignatureFile, Coverage) {
        let path = &self.list.entries()[position].path;
        let file = SignatureFile::parse(self.package.require(path).unwrap(), path).unwrap();
        let coverage = coverage(&self.package, &self.closure, &file);
        (file, coverage)
    }
}

/// (sample, position, references that hold, all, stamps, with a clip)
const SIGNATURES: [(&str, usize, usize, usize, usize, usize); 6] = [
    ("t01_allprotected_v4.ofd", 0, 6, 6, 1, 0),
    ("t02_SESV4SignDoc.ofd", 0, 5, 5, 1, 0),
    ("t03_V4RideRight.ofd", 0, 9, 9, 5, 5),
    ("t04_h_two_sigs_list_changed.ofd", 0, 8, 9, 5, 5),
    ("t04_h_two_sigs_list_changed.ofd", 1, 11, 11, 1, 0),
    ("t05_DigitalSign_rawDER.ofd", 0, 4, 4, 0, 0),
];

#[test]
fn signatures_of_the_samples() {
    for (name, position, good, all, stamps, clips) in SIGNATURES {
        let Some(opened) = Opened::new(name) else { return };
        let (file, coverage) = opened.signature(position);
        assert_eq!(coverage.counts(&file), (good, all), "{name}");
        assert_eq!(file.stamps.len(), stamps, "{name}");
        let clipped = file.stamps.iter().filter(|stamp| stamp.clip.is_some()).count();
        assert_eq!(clipped, clips, "{name}");
        assert_eq!(file.method.as_deref(), Some("1.2.156.10197.1.501"), "{name}");
        assert!(file.check_method.is_sm3(), "{name}");
        assert!(coverage.uncovered_rendered.is_empty(), "{name}: {coverage:?}");
        assert!(coverage.uncovered_referenced.is_empty(), "{name}: {coverage:?}");
        assert!(coverage.uncovered_earlier.is_empty(), "{name}: {coverage:?}");
        assert!(coverage.unreferenced.is_empty(), "{name}: {coverage:?}");
        assert_eq!(opened.document.index(), 0);
        assert!(file.duplicates.is_empty() && coverage.missing.is_empty(), "{name}");
        assert!(opened.package.contains(file.signed_value_path.as_deref().unwrap()), "{name}");
        assert_eq!(coverage.main_file, FileCoverage::Covered, "{name}");
    }
}

#[test]
fn written_packages_read_back() {
    for name in SAMPLES {
        let Some(bytes) = sample(name) else { return };
        let package = Package::open(bytes).unwrap();
        let written = PackageWriter::new()
            .add_package(&package, &[])
            .add("Doc_0/附件/x.txt", &[7; 1000])
            .finish()
            .unwrap();
        let again = Package::open(written).unwrap();
        assert_eq!(again.paths().count(), package.paths().count() + 1, "{name}");
        for path in package.paths() {
            assert_eq!(again.entry(path), package.entry(path), "{name} {path}");
        }
        assert_eq!(again.entry("/Doc_0/附件/x.txt"), Some(&[7; 1000][..]));
        assert_eq!(again.packed().next().unwrap().path, MAIN_FILE);
    }
}

#[test]
fn states_without_signatures() {
    let Some(unsigned) = Opened::new("t09_namespace_no_std.ofd") else { return };
    assert_eq!(unsigned.list, SignatureList::Absent);
    let Some(dangling) = Opened::new("t10_fptpl_dangling_signatures.ofd") else { return };
    let path = "Doc_0/Signs/Signatures.xml".to_owned();
    assert_eq!(dangling.list, SignatureList::Dangling { path });
    assert_eq!(dangling.closure.rendered.len(), 10);
    assert!(dangling.closure.rendered.contains("Doc_0/Res/qrcode.png"));
    assert!(dangling.closure.missing.is_empty() && dangling.closure.unreferenced.is_empty());
}

#[test]
fn facts_of_the_documents() {
    let Some(invoice) = Opened::new("t10_fptpl_dangling_signatures.ofd") else { return };
    let document = &invoice.document;
    assert_eq!(document.doc_id(), Some("050001700111_12235358"));
    assert_eq!(document.info().author.as_deref(), Some("Huhuang Software"));
    assert_eq!(document.custom_datas().len(), 11);
    assert_eq!(document.custom_datas()[3], ("发票代码".to_owned(), "050001700111".to_owned()));
    let texts = document.page_texts(&invoice.package).unwrap();
    assert_eq!((texts.len(), texts[0].page.id.as_str()), (1, "10"));
    assert_eq!(texts[0].texts[..2], ["050001700111", "12235358"]);
    let Some(plain) = Opened::new("t01_allprotected_v4.ofd") else { return };
    let texts = plain.document.page_texts(&plain.package).unwrap();
    assert_eq!(texts[0].texts, ["你好呀，OFD Reader&Writer！"]);
    assert_eq!(plain.document.doc_root(), "Doc_0/Document.xml");
}

#[test]
fn a_second_signature_broke_the_first() {
    let Some(twice) = Opened::new("t04_h_two_sigs_list_changed.ofd") else { return };
    let SignatureList::Present { max_sign_ids, .. } = &twice.list else { panic!() };
    assert_eq!(max_sign_ids, &["s006", "s008"]);
    let (_, first) = twice.signature(0);
    assert_eq!(first.mismatched.len(), 1);
    assert_eq!(first.mismatched[0].path, "Doc_0/Signs/Signatures.xml");
    assert_eq!(first.signature_list, FileCoverage::NotProved);
    let (_, second) = twice.signature(1);
    assert_eq!(second.signature_list, FileCoverage::NotReferenced);
    // The page resources that the document names were never in the package.
    assert_eq!(twice.closure.missing.iter().collect::<Vec<_>>(), ["Doc_0/PublicRes.xml"]);
}

#[test]
fn integrity_list_of_the_sample() {
    let Some(opened) = Opened::new("t08_hello-integrity_gmt0099.ofd") else { return };
    let integrity = Integrity::read(&opened.package).unwrap().unwrap();
    assert_eq!(integrity.listed.len(), 5);
    assert!(integrity.missing.is_empty() && integrity.unlisted.is_empty());
    assert_eq!(opened.package.require(&integrity.signed_value_path).unwrap().len(), 858);
    assert!(opened.closure.unreferenced.is_empty());

    let writer = PackageWriter::new().add_package(&opened.package, &["Doc_0/PublicRes.xml"]);
    let changed = writer.add("Doc_0/smuggled.xml", b"<x/>").finish().unwrap();
    let package = Package::open(changed).unwrap();
    let integrity = Integrity::read(&package).unwrap().unwrap();
    assert_eq!(integrity.missing.iter().collect::<Vec<_>>(), ["Doc_0/PublicRes.xml"]);
    assert_eq!(integrity.unlisted.iter().collect::<Vec<_>>(), ["Doc_0/smuggled.xml"]);
    let closure = Document::read(&package).unwrap().closure(&package).unwrap();
    assert_eq!(closure.unreferenced.iter().collect::<Vec<_>>(), ["Doc_0/smuggled.xml"]);
    assert_eq!(Integrity::read(&Package::open(sample(SAMPLES[0]).unwrap()).unwrap()), Ok(None));
}
