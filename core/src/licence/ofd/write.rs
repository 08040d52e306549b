//! Writing packages: GB/T 33190-2016, 6.2.
//!
//! In: paths and bytes. Out: a ZIP container that [`Package::open`] accepts, the same for the same
//! input: no clock, no order but that of adding, `OFD.xml` first. Files that come from another package
//! stay packed as they are.

use std::collections::HashSet;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use super::{
    MAIN_FILE,
    path::{canonical, folded},
    zip::{DIRECTORY_RECORD, END_RECORD, FLAG_UTF8, LOCAL_HEADER, Method, Package, Packed},
};
use crate::{
    error::{Code, Error},
    limits::{ENTRY_UNPACKED_BYTES_MAX, PACKAGE_BYTES_MAX, PACKAGE_ENTRIES_MAX},
};

/// Collects files and writes them as a package.
#[derive(Default)]
pub struct PackageWriter {
    files: Vec<File>,
    names: HashSet<String>,
    error: Option<Error>,
}

struct File {
    path: String,
    method: Method,
    crc: u32,
    unpacked: usize,
    data: Vec<u8>,
}

impl PackageWriter {
    /// A writer without files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file. What is wrong with it is told by [`finish`](Self::finish).
    #[must_use]
    pub fn add(mut self, path: &str, bytes: &[u8]) -> Self {
        let added = pack(path, bytes).and_then(|file| self.push(file));
        self.note(added);
        self
    }

    /// Adds every file of `package` but those whose canonical paths are in `without`, as it is packed.
    #[must_use]
    pub fn add_package(mut self, package: &Package, without: &[&str]) -> Self {
        for packed in package.packed().filter(|packed| !without.contains(&packed.path)) {
            let added = self.push(File::from(packed));
            self.note(added);
        }
        self
    }

    /// Writes the package.
    ///
    /// # Errors
    /// The first of: [`Code::BadPath`] for a path that is not allowed; [`Code::BadArgument`] for one
    /// that was added before, or differs from it in case only; [`Code::LimitReached`].
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let mut files = self.files;
        files.sort_by_key(|file| file.path != MAIN_FILE);
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for file in &files {
            let offset = out.len();
            file.write_local(&mut out)?;
            file.write_record(&mut directory, offset)?;
            if out.len().saturating_add(directory.len()) > PACKAGE_BYTES_MAX {
                return Err(Error::limit("PACKAGE_BYTES_MAX"));
            }
        }
        let (entries, offset) = (short(files.len())?, long(out.len())?);
        let size = long(directory.len())?;
        out.append(&mut directory);
        out.extend(END_RECORD.to_le_bytes());
        out.extend([0; 4]);
        out.extend([entries, entries].concat());
        out.extend([size, offset].concat());
        out.extend([0; 2]);
        Ok(out)
    }

    fn push(&mut self, file: File) -> Result<(), Error> {
        if self.files.len() >= PACKAGE_ENTRIES_MAX {
            return Err(Error::limit("PACKAGE_ENTRIES_MAX"));
        }
        if !self.names.insert(folded(&file.path)) {
            return Err(Error::new(Code::BadArgument).field("path").in_file(&file.path));
        }
        self.files.push(file);
        Ok(())
    }

    fn note(&mut self, added: Result<(), Error>) {
        if let Err(error) = added {
            self.error.get_or_insert(error);
        }
    }
}

impl From<Packed<'_>> for File {
    fn from(packed: Packed) -> Self {
        Self {
            path: packed.path.to_owned(),
            method: packed.method,
            crc: packed.crc,
            unpacked: packed.unpacked,
            data: packed.data.to_vec(),
        }
    }
}

/// Packs a file: deflated, or stored where that is not smaller.
fn pack(path: &str, bytes: &[u8]) -> Result<File, Error> {
    let path = canonical(path).map_err(|error| error.in_file(path))?.to_owned();
    if bytes.len() > ENTRY_UNPACKED_BYTES_MAX {
        return Err(Error::limit("ENTRY_UNPACKED_BYTES_MAX").in_file(&path));
    }
    let mut crc = Crc::new();
    crc.update(bytes);
    let (crc, unpacked) = (crc.sum(), bytes.len());
    let mut packed = Vec::with_capacity(unpacked);
    let mut deflater = Compress::new(Compression::default(), false);
    // The room is that of the input: a stream that does not end inside it is not smaller.
    let status = deflater.compress_vec(bytes, &mut packed, FlushCompress::Finish);
    let smaller = matches!(status, Ok(Status::StreamEnd)) && packed.len() < unpacked;
    let (method, data) =
        if smaller { (Method::Deflated, packed) } else { (Method::Stored, bytes.to_vec()) };
    Ok(File { path, method, crc, unpacked, data })
}

impl File {
    /// The part that local header and directory record share: version to flags, method, a fixed date
    /// (1980-01-01, the earliest that ZIP knows), CRC, sizes, name length, no extra field.
    fn shared(&self) -> Result<Vec<u8>, Error> {
        let flags = if self.path.is_ascii() { 0 } else { FLAG_UTF8 };
        let method: u16 = match self.method {
            Method::Stored => 0,
            Method::Deflated => 8,
        };
        let (version, time, date) = (20_u16, 0_u16, 0x21_u16);
        let mut bytes: Vec<u8> =
            [version, flags, method, time, date].into_iter().flat_map(u16::to_le_bytes).collect();
        bytes.extend(self.crc.to_le_bytes());
        bytes.extend([long(self.data.len())?, long(self.unpacked)?].concat());
        bytes.extend(short(self.path.len())?);
        bytes.extend([0; 2]);
        Ok(bytes)
    }

    fn write_local(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        out.extend(LOCAL_HEADER.to_le_bytes());
        out.extend(self.shared()?);
        out.extend(self.path.as_bytes());
        out.extend(&self.data);
        Ok(())
    }

    fn write_record(&self, out: &mut Vec<u8>, offset: usize) -> Result<(), Error> {
        let made_by = 20_u16;
        out.extend(DIRECTORY_RECORD.to_le_bytes());
        out.extend(made_by.to_le_bytes());
        out.extend(self.shared()?);
        // Comment length, disk, internal and external attributes.
        out.extend([0; 10]);
        out.extend(long(offset)?);
        out.extend(self.path.as_bytes());
        Ok(())
    }
}

fn short(value: usize) -> Result<[u8; 2], Error> {
    u16::try_from(value).map(u16::to_le_bytes).map_err(|_| Error::limit("PACKAGE_ENTRIES_MAX"))
}

fn long(value: usize) -> Result<[u8; 4], Error> {
    u32::try_from(value).map(u32::to_le_bytes).map_err(|_| Error::limit("PACKAGE_BYTES_MAX"))
}
