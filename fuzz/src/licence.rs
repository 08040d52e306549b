//! Sealed documents: package, XML, seals, metadata and numbers.

use std::sync::LazyLock;

use yinxin::{
    Error, UnixTime,
    codes::{CitizenId, ForeignerCard, Uscc},
    licence::{
        identifier::{self, Identifier},
        metadata::Metadata,
        ofd::{
            Document, Integrity, Package, PackageWriter, SignatureFile, SignatureList, coverage,
            resolve,
        },
        seal::{
            Seal, SignedValue,
            verify::{self as seal, Context, SealedDocument},
        },
    },
    pki::x509::{Evidence, Revocation, TrustStore},
    report::Check,
};

use crate::lies_in;

/// A ZIP container: what was read can be written, and reads the same.
pub(crate) fn zip(data: &[u8]) {
    let Ok(package) = Package::open(data) else { return };
    for path in package.paths() {
        assert!(package.contains(path));
        assert_eq!(resolve("OFD.xml", &format!("/{path}")).as_deref(), Ok(path));
    }
    let Ok(written) = PackageWriter::new().add_package(&package, &[]).finish() else { return };
    let again = Package::open(written).expect("a written package opens");
    assert!(package.paths().eq(again.paths()));
    assert!(package.paths().all(|path| package.entry(path) == again.entry(path)));
}

/// A package that is read as far as a document can be read.
pub(crate) fn ofd(data: &[u8]) {
    if let Ok(package) = Package::open(data) {
        read(&package);
    }
}

/// One XML file, in the place of each file that a document has.
pub(crate) fn xml(data: &[u8]) {
    let _ = SignatureFile::parse(data, "Doc_0/Signs/Sign_0/Signature.xml");
    let Ok(usual) = &*USUAL else { return };
    for path in usual.paths() {
        let writer = PackageWriter::new().add(path, data).add_package(usual, &[path]);
        let Ok(package) = writer.finish().and_then(Package::open) else { return };
        read(&package);
    }
}

/// An electronic seal: its parts lie in its bytes.
pub(crate) fn seal(data: &[u8]) {
    let Ok(seal) = Seal::parse(data) else { return };
    assert_eq!(seal.raw(), data);
    assert!(lies_in(seal.maker_certificate(), seal.raw()));
    assert!(lies_in(seal.picture().data, seal.raw()));
    assert!(lies_in(seal.signature(), seal.raw()));
    let report = judged(|context| seal::verify_seal(&seal, context, context.now).checks);
    assert!(report.iter().any(Check::counts_against), "a seal passed without an anchor");
}

/// A sealed signature: its parts lie in its bytes, and the seal inside reads alone as well.
pub(crate) fn signed_value(data: &[u8]) {
    let Ok(value) = SignedValue::parse(data) else { return };
    assert_eq!(value.raw(), data);
    assert!(lies_in(value.signed_bytes(), value.raw()));
    assert!(lies_in(value.signature(), value.raw()));
    assert!(Seal::parse(value.seal().raw()).is_ok());
    let document = SealedDocument { hash: [0; 32], path: None, method: None };
    let report = judged(|context| seal::verify_signed_value(&value, &document, context).checks);
    assert!(report.iter().any(Check::counts_against), "a signature passed without an anchor");
}

/// An identifier and the code numbers inside: what was read prints as it was.
pub(crate) fn identifier(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(identifier) = Identifier::parse(text) {
        assert_eq!(identifier.to_string(), text);
        assert_eq!(identifier.findings().len(), 4);
    }
    let _ = identifier::examine(text);
    let _ = identifier::find_in(text);
    if let Ok(code) = Uscc::parse(text) {
        assert_eq!(code.as_str(), text);
    }
    let _ = CitizenId::parse(text);
    let _ = ForeignerCard::parse(text);
}

/// Items of `CustomDatas`, one a line, name and text parted by `=`.
pub(crate) fn metadata(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let items: Vec<_> = pairs.map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    let Ok(metadata) = Metadata::from_custom_datas(&items) else { return };
    let Ok(at) = UnixTime::from_unix_s(1_795_000_000) else { return };
    assert!(!metadata.checks(at).is_empty());
    let _ = metadata.holders();
}

/// A small document with every kind of file that is read as XML.
static USUAL: LazyLock<Result<Package, Error>> = LazyLock::new(|| {
    let bytes = PackageWriter::new()
        .add("OFD.xml", MAIN)
        .add("OFDEntries.xml", b"<e/>")
        .add("Doc_0/Document.xml", ROOT)
        .add("Doc_0/Content.xml", b"<ofd:Page xmlns:ofd=\"http://www.ofdspec.org/2016\"/>")
        .add("Doc_0/Signatures.xml", LIST)
        .finish()?;
    Package::open(bytes)
});
const MAIN: &[u8] = b"<ofd:OFD xmlns:ofd=\"http://www.ofdspec.org/2016\" Version=\"1.1\" \
    DocType=\"OFD\"><ofd:DocBody><ofd:DocInfo><ofd:DocID>0</ofd:DocID></ofd:DocInfo>\
    <ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>\
    <ofd:Signatures>Doc_0/Signatures.xml</ofd:Signatures></ofd:DocBody></ofd:OFD>";
const ROOT: &[u8] = b"<ofd:Document xmlns:ofd=\"http://www.ofdspec.org/2016\"><ofd:CommonData/>\
    <ofd:Pages><ofd:Page ID=\"1\" BaseLoc=\"Content.xml\"/></ofd:Pages></ofd:Document>";
const LIST: &[u8] = b"<ofd:Signatures xmlns:ofd=\"http://www.ofdspec.org/2016\">\
    <ofd:Signature ID=\"1\" BaseLoc=\"Content.xml\"/></ofd:Signatures>";

/// Reads everything that a verification would read, short of judging signatures.
fn read(package: &Package) {
    let _ = Integrity::read(package);
    let Ok(documents) = Document::read_all(package) else { return };
    for document in documents {
        let _ = document.page_texts(package);
        let _ = Metadata::from_custom_datas(document.custom_datas());
        let Ok(closure) = document.closure(package) else { continue };
        let Ok(list) = SignatureList::read(package, &document) else { continue };
        for entry in list.entries() {
            let Some(bytes) = package.entry(&entry.path) else { continue };
            let Ok(signature) = SignatureFile::parse(bytes, &entry.path) else { continue };
            let coverage = coverage(package, &closure, &signature);
            let (good, all) = coverage.counts(&signature);
            assert!(good <= all);
        }
    }
}

/// What `verify` finds where nobody is trusted and nothing is known.
fn judged(verify: impl Fn(&Context<'_>) -> Vec<Check>) -> Vec<Check> {
    let (trust, evidence) = (TrustStore::new(Vec::new()), Evidence::default());
    let now = UnixTime::from_unix_s(1_795_000_000).expect("a time of this century");
    let (claimed_time, revocation) = (seal::ClaimedTime::Trusted, Revocation::Required);
    let policy = seal::Policy { claimed_time, revocation, crl_grace_s: 0 };
    verify(&Context { trust: &trust, evidence: &evidence, policy, cache: None, now })
}
