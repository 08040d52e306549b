//! The real sealed files of `../shared/samples`, with the facts that an honest reader finds in them.

use super::*;

pub(super) fn sample(name: &str) -> Option<Vec<u8>> {
    let path = yinxin_vectors::shared(&format!("samples/ofd/{name}"))?;
    Some(std::fs::read(path).expect("the sample can be read"))
}

pub(super) const SAMPLES: [&str; 8] = [
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
