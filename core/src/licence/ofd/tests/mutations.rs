//! Changed samples: whatever is done to the bytes, reading ends with a value or an error.

use proptest::{prelude::*, sample::Index};

use super::{SAMPLES, sample};
use crate::licence::ofd::{
    Document, Integrity, Package, PackageWriter, SignatureFile, SignatureList, coverage,
};

/// Reads all there is; errors are fine.
fn read_all(package: &Package) {
    let _ = Integrity::read(package);
    for document in Document::read_all(package).unwrap_or_default() {
        let _ = document.page_texts(package);
        let Ok(closure) = document.closure(package) else { continue };
        let Ok(list) = SignatureList::read(package, &document) else { continue };
        for entry in list.entries() {
            let Some(bytes) = package.entry(&entry.path) else { continue };
            let Ok(file) = SignatureFile::parse(bytes, &entry.path) else { continue };
            let coverage = coverage(package, &closure, &file);
            assert!(coverage.counts(&file).0 <= file.references.len());
        }
    }
}

fn open(bytes: Vec<u8>) {
    if let Ok(package) = Package::open(bytes) {
        read_all(&package);
    }
}

#[test]
fn truncated_samples_are_refused() {
    for name in SAMPLES {
        let Some(bytes) = sample(name) else { return };
        for length in (0..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
            assert!(Package::open(&bytes[..length]).is_err(), "{name} {length}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn flipped_bits_never_panic(index in 0..SAMPLES.len(), at in any::<Index>(), bit in 0..8) {
        if let Some(mut bytes) = sample(SAMPLES[index]) {
            let at = at.index(bytes.len());
            bytes[at] ^= 1_u8 << bit;
            open(bytes);
        }
    }

    /// The last 2 KiB hold the directory: flips there reach the reader's checks.
    #[test]
    fn flipped_directories_never_panic(
        index in 0..SAMPLES.len(),
        flips in prop::collection::vec((0..2048_usize, any::<u8>()), 1..4),
    ) {
        if let Some(mut bytes) = sample(SAMPLES[index]) {
            let last = bytes.len() - 1;
            for (back, value) in flips {
                bytes[last.saturating_sub(back)] = value;
            }
            open(bytes);
        }
    }

    #[test]
    fn spliced_samples_never_panic(
        (first, second) in (0..SAMPLES.len(), 0..SAMPLES.len()),
        (cut, from) in any::<(Index, Index)>(),
    ) {
        if let (Some(head), Some(tail)) = (sample(SAMPLES[first]), sample(SAMPLES[second])) {
            let (head, tail) = (&head[..cut.index(head.len())], &tail[from.index(tail.len())..]);
            open([head, tail].concat());
        }
    }

    /// The container stays sound, so that the change reaches the XML.
    #[test]
    fn changed_files_never_panic(
        index in 0..SAMPLES.len(),
        (which, at, cut) in any::<(Index, Index, Index)>(),
        (byte, insert) in any::<(u8, bool)>(),
    ) {
        if let Some(bytes) = sample(SAMPLES[index]) {
            let package = Package::open(bytes).unwrap();
            let xml: Vec<&str> = package.paths().filter(|path| path.ends_with(".xml")).collect();
            let path = xml[which.index(xml.len())];
            let mut content = package.entry(path).unwrap().to_vec();
            let at = at.index(content.len());
            if insert {
                let range = cut.index(content.len()).min(at)..at;
                let repeated = content[range].to_vec();
                content.splice(at..at, repeated);
            } else {
                content[at] = byte;
            }
            let writer = PackageWriter::new().add_package(&package, &[path]).add(path, &content);
            read_all(&Package::open(writer.finish().unwrap()).unwrap());
        }
    }
}
