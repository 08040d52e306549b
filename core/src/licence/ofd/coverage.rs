//! What a signature protects, compared with what its document is made of.
//!
//! In: a package, the document's closure, a signature file. Out: which references hold, which do not,
//! and what lies outside the signature.
//!
//! Some files cannot be expected under a signature, and are never called uncovered:
//! - the signature's own `Signature.xml` and signed value (they come after the digests), and its own
//!   seal, which the signed value repeats and which is compared with that;
//! - the signature list: it may be left out so that others can sign later (GB/T 33190-2016, 18.1);
//! - files of later signatures, which did not exist. Earlier ones did: they are told apart in
//!   [`Coverage::uncovered_earlier`];
//! - the integrity list of GM/T 0099-2020 and its value, which protect the finished package.

use std::collections::BTreeSet;

use super::{closure::Closure, document::MAIN_FILE, signature::SignatureFile, zip::Package};
use crate::primitives::sm3;

/// What one signature protects. All paths are canonical.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Referenced files whose digest is right.
    pub covered: BTreeSet<String>,
    /// Referenced files whose digest is wrong, in the order of the references.
    pub mismatched: Vec<Mismatch>,
    /// Referenced files that are not in the package.
    pub missing: BTreeSet<String>,
    /// Referenced files that were not checked, as the digest method is not acceptable.
    pub unchecked: BTreeSet<String>,
    /// Rendered files that the signature does not refer to: they could be anything.
    pub uncovered_rendered: BTreeSet<String>,
    /// Files that the document refers to without showing them, and the signature does not.
    pub uncovered_referenced: BTreeSet<String>,
    /// Files of earlier signatures that this one does not refer to.
    pub uncovered_earlier: BTreeSet<String>,
    /// Files to which neither the document nor the signature refers.
    pub unreferenced: BTreeSet<String>,
    /// `OFD.xml`: where it is not covered, title, custom data and the choice of the document are not
    /// protected.
    pub main_file: FileCoverage,
    /// The signature list: where it is covered, no signature can be added.
    pub signature_list: FileCoverage,
}

/// A referenced file whose digest is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The file.
    pub path: String,
    /// The digest that the signature states.
    pub expected: Vec<u8>,
    /// The digest of the file in the package.
    pub found: sm3::Digest,
}

/// How one file stands to a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileCoverage {
    /// The signature does not refer to it.
    #[default]
    NotReferenced,
    /// Its digest is right.
    Covered,
    /// It is referred to, but its digest is wrong, it is missing, or it was not checked.
    NotProved,
}

impl Coverage {
    /// How many references hold, and how many there are.
    #[must_use]
    pub fn counts(&self, signature: &SignatureFile) -> (usize, usize) {
        let wrong = self.mismatched.len();
        let absent = |path: &str| self.missing.contains(path) || self.unchecked.contains(path);
        let lost = signature.references.iter().filter(|reference| absent(&reference.path)).count();
        let all = signature.references.len();
        (all.saturating_sub(wrong + lost), all)
    }
}

/// Compares a signature's references with the files of the package and of its document.
///
/// All digests are made at once; the package keeps them for other signatures.
#[must_use]
pub fn coverage(package: &Package, closure: &Closure, signature: &SignatureFile) -> Coverage {
    let mut coverage = Coverage::default();
    check_references(package, signature, &mut coverage);
    let named: BTreeSet<&str> = signature.references.iter().map(|r| r.path.as_str()).collect();
    let outside = |files: &BTreeSet<String>| {
        files.iter().filter(|path| !named.contains(path.as_str())).cloned().collect::<BTreeSet<_>>()
    };
    coverage.uncovered_rendered = outside(&closure.rendered);
    coverage.uncovered_referenced = outside(&closure.referenced);
    coverage.unreferenced = outside(&closure.unreferenced);
    let own = |files: &&BTreeSet<String>| !files.contains(&signature.path);
    // A signature that is not in the list (it was taken out of it) has no earlier ones.
    if closure.signatures.iter().any(|files| files.contains(&signature.path)) {
        let earlier = closure.signatures.iter().take_while(own);
        coverage.uncovered_earlier = earlier.flat_map(outside).collect();
    }
    let state = |path: Option<&str>| match path {
        Some(path) if coverage.covered.contains(path) => FileCoverage::Covered,
        Some(path) if named.contains(path) => FileCoverage::NotProved,
        Some(_) | None => FileCoverage::NotReferenced,
    };
    coverage.main_file = state(Some(MAIN_FILE));
    coverage.signature_list = state(closure.signature_list.as_deref());
    coverage
}

fn check_references(package: &Package, signature: &SignatureFile, coverage: &mut Coverage) {
    let paths: Vec<&str> = signature.references.iter().map(|r| r.path.as_str()).collect();
    if !signature.check_method.is_sm3() {
        let (here, missing): (Vec<_>, Vec<_>) =
            paths.iter().partition(|path| package.contains(path));
        coverage.unchecked.extend(here.into_iter().map(str::to_owned));
        coverage.missing.extend(missing.into_iter().map(str::to_owned));
        return;
    }
    let digests = package.digests(&paths);
    for (reference, digest) in signature.references.iter().zip(digests) {
        let path = reference.path.clone();
        match digest {
            None => {
                coverage.missing.insert(path);
            }
            Some(found) if found[..] == reference.check_value[..] => {
                coverage.covered.insert(path);
            }
            Some(found) => {
                let expected = reference.check_value.clone();
                coverage.mismatched.push(Mismatch { path, expected, found });
            }
        }
    }
    // A file that is referred to twice is covered only if both digests are right.
    for mismatch in &coverage.mismatched {
        coverage.covered.remove(&mismatch.path);
    }
}
