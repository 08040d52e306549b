//! The integrity list of a package: GM/T 0099-2020, `OFDEntries.xml`.
//!
//! In: a package. Out: the files that the list names, those it does not name (smuggled in, 夹带), those
//! it names that are missing, and the value that signs the list. The value is a SignedData of GB/T 35275
//! whose content is SM3 of `OFDEntries.xml`; checking it is the caller's work.

use std::collections::BTreeSet;

use super::{path::resolve, xml, zip::Package};
use crate::{error::Error, limits::PACKAGE_ENTRIES_MAX};

/// The name of the list.
pub const INTEGRITY_FILE: &str = "OFDEntries.xml";

/// The integrity list of a package, compared with what is in the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integrity {
    /// The canonical path of the value that signs the list; the file may be missing.
    pub signed_value_path: String,
    /// `CreatorName`.
    pub creator: Option<String>,
    /// `CreationDate`, as written.
    pub creation_date: Option<String>,
    /// Files that the list names and that are there.
    pub listed: BTreeSet<String>,
    /// Files that the list names and that are not there.
    pub missing: BTreeSet<String>,
    /// Files that are there and that the list does not name, but for the list and its value.
    pub unlisted: BTreeSet<String>,
}

impl Integrity {
    /// Reads the list, if the package has one. Its signed bytes are the file [`INTEGRITY_FILE`].
    ///
    /// # Errors
    /// Those of reading XML; [`Code::BadOfd`](crate::Code) where an element is missing;
    /// [`Code::BadPath`](crate::Code).
    pub fn read(package: &Package) -> Result<Option<Self>, Error> {
        let Some(bytes) = package.entry(INTEGRITY_FILE) else { return Ok(None) };
        let tree = xml::parse(bytes, INTEGRITY_FILE)?;
        let read = || {
            let root = xml::root(&tree, "DocEntries")?;
            let value = xml::required(root, "SignedValueLoc")?;
            let signed_value_path = resolve(INTEGRITY_FILE, &xml::text(value))?;
            let mut named = BTreeSet::new();
            for file in xml::children(xml::required(root, "FileList")?, "File") {
                if named.len() >= PACKAGE_ENTRIES_MAX {
                    return Err(Error::limit("PACKAGE_ENTRIES_MAX"));
                }
                let location = xml::attribute(file, "FileLoc");
                let location = location.ok_or_else(|| xml::bad("FileLoc", file))?;
                named.insert(resolve(INTEGRITY_FILE, location)?);
            }
            let owned = |name| xml::attribute(root, name).map(str::to_owned);
            let (listed, missing) = named.into_iter().partition(|path| package.contains(path));
            let own = [INTEGRITY_FILE, &signed_value_path];
            let unlisted = package.paths().filter(|path| !own.contains(path));
            let unlisted = unlisted.map(str::to_owned).collect::<BTreeSet<_>>();
            let unlisted = &unlisted - &listed;
            let (creator, creation_date) = (owned("CreatorName"), owned("CreationDate"));
            Ok(Self { signed_value_path, creator, creation_date, listed, missing, unlisted })
        };
        read().map(Some).map_err(|error: Error| error.in_file(INTEGRITY_FILE))
    }
}

/// The list and its value, as far as they are there and can be read.
pub(super) fn own_files(package: &Package) -> BTreeSet<String> {
    let mut files = BTreeSet::from([INTEGRITY_FILE.to_owned()]);
    if let Ok(Some(integrity)) = Integrity::read(package) {
        files.insert(integrity.signed_value_path);
    }
    files
}
