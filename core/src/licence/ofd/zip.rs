//! A small, strict ZIP reader for signed packages: GB/T 33190-2016, 6.2 and clause 18.
//!
//! In: the bytes of a package. Out: its files, unpacked, their CRC checked. Two readers must never see
//! different files in one package, so everything in which they could differ is refused: bytes before,
//! between or after the entries, overlaps, a comment at the end, names that occur twice or differ in
//! case only, a local header that contradicts the directory, encryption, links, ZIP64. Errors carry
//! the byte offset of the record at fault.
//!
//! Data descriptors (general purpose bit 3) are common, as Java writes them; they are accepted where
//! they repeat the directory's values and fill the place up to the next entry exactly.

use std::{collections::HashSet, ops::Range, sync::OnceLock};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::path::{canonical, folded};
use crate::{
    error::{Code, Error},
    limits::{
        ENTRY_RATIO_FLOOR_BYTES, ENTRY_UNPACKED_BYTES_MAX, PACKAGE_BYTES_MAX, PACKAGE_ENTRIES_MAX,
        PACKAGE_NAME_BYTES_MAX, PACKAGE_RATIO_FLOOR_BYTES, PACKAGE_UNPACKED_BYTES_MAX,
        UNPACK_RATIO_MAX,
    },
    primitives::sm3,
};

/// An OFD package: a ZIP container whose files are unpacked and unambiguous.
///
/// Paths are canonical: no leading `/` (see [`resolve`](super::resolve)).
pub struct Package {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    by_path: Vec<usize>,
}

impl Package {
    /// Reads a package and unpacks every file in it.
    ///
    /// # Errors
    /// [`Code::BadZip`], [`Code::UnsupportedZip`], [`Code::BadPath`] with the reason in
    /// [`field_name`](Error::field_name), the offset and, where it is known, the file;
    /// [`Code::LimitReached`].
    pub fn open(bytes: impl Into<Vec<u8>>) -> Result<Self, Error> {
        let bytes = bytes.into();
        if bytes.len() > PACKAGE_BYTES_MAX {
            return Err(Error::limit("PACKAGE_BYTES_MAX"));
        }
        let end = EndRecord::read(&bytes)?;
        let mut records = read_directory(&bytes, &end)?;
        check_sizes(&records, bytes.len())?;
        records.sort_by_key(|record| record.local_offset);
        let mut entries = locate(&bytes, &records, end.directory_offset)?;
        entries.sort_by_key(|entry| entry.position);
        let by_path = index(&entries)?;
        let mut inflater = Decompress::new(false);
        for entry in &mut entries {
            entry.unpack(&bytes, &mut inflater)?;
        }
        Ok(Self { bytes, entries, by_path })
    }

    /// The unpacked bytes of the file at `path`; one leading `/` is ignored.
    #[must_use]
    pub fn entry(&self, path: &str) -> Option<&[u8]> {
        self.find(path).map(|entry| entry.content(&self.bytes))
    }

    /// Whether there is a file at `path`; one leading `/` is ignored.
    #[must_use]
    pub fn contains(&self, path: &str) -> bool {
        self.find(path).is_some()
    }

    /// The unpacked bytes of the file at `path`.
    ///
    /// # Errors
    /// [`Code::EntryMissing`] with the path, if there is none.
    pub fn require(&self, path: &str) -> Result<&[u8], Error> {
        self.entry(path).ok_or_else(|| Error::new(Code::EntryMissing).in_file(path))
    }

    /// The canonical paths of all files, in the order of their bytes. Folders are not listed.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.by_path.iter().filter_map(|&at| self.entries.get(at)).map(|entry| &*entry.path)
    }

    /// The package as it was given.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The SM3 digests of the files at `paths`, `None` where there is no file. Each file is hashed once
    /// in the life of the package, all that are needed at a time together.
    #[must_use]
    pub fn digests(&self, paths: &[&str]) -> Vec<Option<sm3::Digest>> {
        let new = self.not_hashed(paths);
        let contents: Vec<&[u8]> = new.iter().map(|entry| entry.content(&self.bytes)).collect();
        for (entry, digest) in new.iter().zip(sm3::hash_many(&contents)) {
            entry.digest.get_or_init(|| digest);
        }
        paths.iter().map(|path| self.find(path)?.digest.get().copied()).collect()
    }

    /// The files at `paths` whose digests are not known, each once however often it is named: a list
    /// that repeats one large file must not cost more than one that names it.
    fn not_hashed(&self, paths: &[&str]) -> Vec<&Entry> {
        let found = paths.iter().filter_map(|path| self.find(path));
        let mut new: Vec<&Entry> = found.filter(|entry| entry.digest.get().is_none()).collect();
        new.sort_unstable_by_key(|entry| entry.position);
        new.dedup_by_key(|entry| entry.position);
        new
    }

    /// All files in the order of the package's directory, still packed.
    pub(super) fn packed(&self) -> impl Iterator<Item = Packed<'_>> {
        self.entries.iter().filter(|entry| entry.kind == Kind::File).map(|entry| Packed {
            path: &entry.path,
            method: entry.method,
            crc: entry.crc,
            unpacked: entry.unpacked,
            data: self.bytes.get(entry.data.clone()).unwrap_or_default(),
        })
    }

    fn find(&self, path: &str) -> Option<&Entry> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path_at = |at: &usize| self.entries.get(*at).map_or("", |entry| &*entry.path);
        let found = self.by_path.binary_search_by(|at| path_at(at).cmp(path)).ok()?;
        self.entries.get(*self.by_path.get(found)?)
    }
}

impl std::fmt::Debug for Package {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.paths()).finish()
    }
}

/// A file as it lies in its package.
pub(super) struct Packed<'a> {
    pub(super) path: &'a str,
    pub(super) method: Method,
    pub(super) crc: u32,
    pub(super) unpacked: usize,
    pub(super) data: &'a [u8],
}

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// As it is: method 0.
    Stored,
    /// RFC 1951: method 8.
    Deflated,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
}

struct Entry {
    path: Box<str>,
    kind: Kind,
    /// The place in the directory.
    position: usize,
    method: Method,
    crc: u32,
    unpacked: usize,
    /// Where the packed bytes lie.
    data: Range<usize>,
    /// The unpacked bytes of a deflated file.
    inflated: Vec<u8>,
    digest: OnceLock<sm3::Digest>,
}

impl Entry {
    fn content<'a>(&'a self, bytes: &'a [u8]) -> &'a [u8] {
        match self.method {
            Method::Stored => bytes.get(self.data.clone()).unwrap_or_default(),
            Method::Deflated => &self.inflated,
        }
    }

    fn unpack(&mut self, bytes: &[u8], inflater: &mut Decompress) -> Result<(), Error> {
        let place = |error: Error| error.in_file(&self.path).at(self.data.start);
        let packed = bytes.get(self.data.clone()).unwrap_or_default();
        if self.method == Method::Deflated {
            self.inflated = inflate(packed, self.unpacked, inflater).map_err(place)?;
        } else if packed.len() != self.unpacked {
            return Err(place(bad("stored size")));
        }
        let mut crc = Crc::new();
        crc.update(self.content(bytes));
        if crc.sum() == self.crc { Ok(()) } else { Err(place(bad("crc"))) }
    }
}

/// The bytes of `packed`, of which there must be exactly `unpacked`.
fn inflate(packed: &[u8], unpacked: usize, inflater: &mut Decompress) -> Result<Vec<u8>, Error> {
    // One byte more than declared, so that a stream that says more than it declares is seen.
    let mut out = Vec::with_capacity(unpacked.saturating_add(1));
    inflater.reset(false);
    let status = inflater
        .decompress_vec(packed, &mut out, FlushDecompress::Finish)
        .map_err(|_| bad("deflate"))?;
    let all_read = inflater.total_in() == u64::try_from(packed.len()).unwrap_or(u64::MAX);
    match status {
        Status::StreamEnd if !all_read => Err(bad("bytes after the deflate stream")),
        Status::StreamEnd if out.len() == unpacked => Ok(out),
        Status::StreamEnd | Status::Ok | Status::BufError => Err(bad("unpacked size")),
    }
}

pub(super) const END_RECORD: u32 = 0x0605_4b50;
const END_RECORD_BYTES: usize = 22;
pub(super) const DIRECTORY_RECORD: u32 = 0x0201_4b50;
const DIRECTORY_RECORD_BYTES: usize = 46;
pub(super) const LOCAL_HEADER: u32 = 0x0403_4b50;
const LOCAL_HEADER_BYTES: usize = 30;
const DESCRIPTOR: u32 = 0x0807_4b50;

/// General purpose bit 0: the file is encrypted.
const FLAG_ENCRYPTED: u16 = 1;
/// General purpose bits 1 and 2: how hard the packer tried. Without meaning for a reader.
const FLAGS_EFFORT: u16 = 6;
/// General purpose bit 3: sizes and CRC follow the data.
const FLAG_DESCRIPTOR: u16 = 8;
/// General purpose bit 11: the name is UTF-8.
pub(super) const FLAG_UTF8: u16 = 0x800;

/// Extra fields that change what an entry is: ZIP64, strong encryption, another name, AES.
const EXTRA_FORBIDDEN: [u16; 4] = [0x0001, 0x0017, 0x7075, 0x9901];

struct EndRecord {
    entries: usize,
    directory_offset: usize,
}

impl EndRecord {
    /// The end record is the last 22 bytes: a comment after it could hide another package.
    fn read(bytes: &[u8]) -> Result<Self, Error> {
        let at = bytes.len().checked_sub(END_RECORD_BYTES).ok_or_else(|| bad("truncated").at(0))?;
        if long(bytes, at)? != END_RECORD {
            return Err(bad("no end record in the last 22 bytes").at(at));
        }
        let (disk, start_disk) = (short(bytes, at + 4)?, short(bytes, at + 6)?);
        let (here, all) = (short(bytes, at + 8)?, short(bytes, at + 10)?);
        let (size, offset) = (long(bytes, at + 12)?, long(bytes, at + 16)?);
        if all == u16::MAX || size == u32::MAX || offset == u32::MAX {
            return Err(unsupported("zip64").at(at));
        }
        if (disk, start_disk) != (0, 0) || here != all {
            return Err(unsupported("several disks").at(at));
        }
        if short(bytes, at + 20)? != 0 {
            return Err(bad("comment").at(at));
        }
        let (size, directory_offset, entries) =
            (usize_of(size), usize_of(offset), usize::from(all));
        if directory_offset.checked_add(size) != Some(at) {
            return Err(bad("directory does not end at the end record").at(at));
        }
        if entries > PACKAGE_ENTRIES_MAX {
            return Err(Error::limit("PACKAGE_ENTRIES_MAX").at(at));
        }
        Ok(Self { entries, directory_offset })
    }
}

/// One record of the central directory.
struct Record<'a> {
    position: usize,
    offset: usize,
    flags: u16,
    method: Method,
    crc: u32,
    packed: u32,
    unpacked: u32,
    name: &'a [u8],
    path: Box<str>,
    kind: Kind,
    local_offset: usize,
}

fn read_directory<'a>(bytes: &'a [u8], end: &EndRecord) -> Result<Vec<Record<'a>>, Error> {
    let mut records = Vec::with_capacity(end.entries);
    let mut at = end.directory_offset;
    for position in 0..end.entries {
        let (record, next) = Record::read(bytes, at, position).map_err(|error| place(error, at))?;
        if record.local_offset > end.directory_offset {
            return Err(bad("local offset").in_file(&record.path).at(at));
        }
        records.push(record);
        at = next;
    }
    if at.checked_add(END_RECORD_BYTES) != Some(bytes.len()) {
        return Err(bad("bytes after the directory").at(at));
    }
    Ok(records)
}

impl<'a> Record<'a> {
    fn read(bytes: &'a [u8], at: usize, position: usize) -> Result<(Self, usize), Error> {
        if long(bytes, at)? != DIRECTORY_RECORD {
            return Err(bad("directory record"));
        }
        let made_by = short(bytes, at + 4)?;
        let (flags, method) = (short(bytes, at + 8)?, short(bytes, at + 10)?);
        let (crc, packed) = (long(bytes, at + 16)?, long(bytes, at + 20)?);
        let unpacked = long(bytes, at + 24)?;
        let (name_length, extra_length) = (short(bytes, at + 28)?, short(bytes, at + 30)?);
        let (comment_length, disk) = (short(bytes, at + 32)?, short(bytes, at + 34)?);
        let attributes = long(bytes, at + 38)?;
        let local_offset = long(bytes, at + 42)?;
        let name_at = at + DIRECTORY_RECORD_BYTES;
        let extra_at = name_at + usize::from(name_length);
        let next = extra_at + usize::from(extra_length) + usize::from(comment_length);
        let name = slice(bytes, name_at..extra_at)?;
        check_extra(slice(bytes, extra_at..extra_at + usize::from(extra_length))?)?;
        slice(bytes, at..next)?;
        if [packed, unpacked, local_offset].contains(&u32::MAX) {
            return Err(unsupported("zip64"));
        }
        if disk != 0 {
            return Err(unsupported("several disks"));
        }
        let (path, kind) = path_of(name)?;
        check_attributes(made_by, attributes, kind).map_err(|error| error.in_file(&path))?;
        let method = method_of(flags, method).map_err(|error| error.in_file(&path))?;
        let local_offset = usize_of(local_offset);
        let record = Self {
            position,
            offset: at,
            flags,
            method,
            crc,
            packed,
            unpacked,
            name,
            path,
            kind,
            local_offset,
        };
        Ok((record, next))
    }

    /// Compares the local header with this record. Out: where the packed bytes lie, and where the
    /// entry ends if nothing but its descriptor follows them.
    fn locate(&self, bytes: &[u8], next: usize) -> Result<Range<usize>, Error> {
        let at = self.local_offset;
        if long(bytes, at)? != LOCAL_HEADER {
            return Err(bad("local header"));
        }
        let method = method_of(short(bytes, at + 6)?, short(bytes, at + 8)?)?;
        if short(bytes, at + 6)? != self.flags || method != self.method {
            return Err(bad("local header differs from the directory"));
        }
        let name_at = at + LOCAL_HEADER_BYTES;
        let extra_at = name_at + usize::from(short(bytes, at + 26)?);
        let data_at = extra_at + usize::from(short(bytes, at + 28)?);
        if slice(bytes, name_at..extra_at)? != self.name {
            return Err(bad("local name differs from the directory"));
        }
        check_extra(slice(bytes, extra_at..data_at)?)?;
        let stated = [long(bytes, at + 14)?, long(bytes, at + 18)?, long(bytes, at + 22)?];
        let known = [self.crc, self.packed, self.unpacked];
        let described = self.flags & FLAG_DESCRIPTOR != 0;
        if stated != known && !(described && stated == [0; 3]) {
            return Err(bad("local sizes differ from the directory"));
        }
        let data_end = data_at.saturating_add(usize_of(self.packed));
        slice(bytes, data_at..data_end)?;
        let entry_end =
            if described { self.end_of_descriptor(bytes, data_end, next)? } else { data_end };
        match entry_end.cmp(&next) {
            std::cmp::Ordering::Equal => Ok(data_at..data_end),
            std::cmp::Ordering::Less => Err(bad("bytes between entries").at(entry_end)),
            std::cmp::Ordering::Greater => Err(bad("entries overlap")),
        }
    }

    /// The descriptor's signature is optional: which form it has follows from where the next entry
    /// begins, never from its content.
    fn end_of_descriptor(&self, bytes: &[u8], at: usize, next: usize) -> Result<usize, Error> {
        let values_at = match next.checked_sub(at) {
            Some(12) => at,
            Some(16) if long(bytes, at)? == DESCRIPTOR => at + 4,
            Some(_) | None => return Err(bad("data descriptor").at(at)),
        };
        let stated =
            [long(bytes, values_at)?, long(bytes, values_at + 4)?, long(bytes, values_at + 8)?];
        if stated == [self.crc, self.packed, self.unpacked] {
            Ok(next)
        } else {
            Err(bad("data descriptor differs from the directory").at(at))
        }
    }
}

/// The records, sorted by their local headers, must fill the bytes up to the directory exactly.
fn locate(bytes: &[u8], records: &[Record], directory_offset: usize) -> Result<Vec<Entry>, Error> {
    let first = records.first().map_or(directory_offset, |record| record.local_offset);
    if first != 0 {
        return Err(bad("bytes before the first entry").at(0));
    }
    let starts = records.iter().skip(1).map(|record| record.local_offset);
    let ends = starts.chain([directory_offset]);
    let mut entries = Vec::with_capacity(records.len());
    for (record, next) in records.iter().zip(ends) {
        let data = record
            .locate(bytes, next)
            .map_err(|error| place(error.in_file(&record.path), record.local_offset))?;
        entries.push(Entry {
            path: record.path.clone(),
            kind: record.kind,
            position: record.position,
            method: record.method,
            crc: record.crc,
            unpacked: usize_of(record.unpacked),
            data,
            inflated: Vec::new(),
            digest: OnceLock::new(),
        });
    }
    Ok(entries)
}

/// The files by path. Refuses names that a reader could take for each other: equal, equal but for
/// case, or a file where another name has a folder.
fn index(entries: &[Entry]) -> Result<Vec<usize>, Error> {
    let mut seen = HashSet::with_capacity(entries.len());
    let mut files = HashSet::with_capacity(entries.len());
    for entry in entries {
        let name = folded(&entry.path);
        if entry.kind == Kind::File {
            files.insert(name.clone());
        }
        if !seen.insert(name) {
            return Err(bad("name occurs twice").in_file(&entry.path).at(entry.data.start));
        }
    }
    for entry in entries {
        let name = folded(&entry.path);
        for (slash, _) in name.match_indices('/') {
            if name.get(..slash).is_some_and(|folder| files.contains(folder)) {
                return Err(bad("file used as a folder").in_file(&entry.path).at(entry.data.start));
            }
        }
    }
    let is_file = |at: &usize| entries.get(*at).is_some_and(|entry| entry.kind == Kind::File);
    let mut by_path: Vec<usize> = (0..entries.len()).filter(is_file).collect();
    by_path.sort_by_key(|&at| entries.get(at).map(|entry| &entry.path));
    Ok(by_path)
}

fn check_sizes(records: &[Record], package_bytes: usize) -> Result<(), Error> {
    let too_far = |unpacked: usize, packed: usize, floor: usize| {
        unpacked > floor && unpacked > packed.saturating_mul(UNPACK_RATIO_MAX)
    };
    let mut total = 0_usize;
    for record in records {
        let (packed, unpacked) = (usize_of(record.packed), usize_of(record.unpacked));
        let limit = |name| Err(Error::limit(name).in_file(&record.path).at(record.offset));
        if unpacked > ENTRY_UNPACKED_BYTES_MAX {
            return limit("ENTRY_UNPACKED_BYTES_MAX");
        }
        if too_far(unpacked, packed, ENTRY_RATIO_FLOOR_BYTES) {
            return limit("UNPACK_RATIO_MAX");
        }
        if record.kind == Kind::Folder && unpacked != 0 {
            return Err(bad("folder with content").in_file(&record.path).at(record.offset));
        }
        total = total.saturating_add(unpacked);
        if total > PACKAGE_UNPACKED_BYTES_MAX {
            return limit("PACKAGE_UNPACKED_BYTES_MAX");
        }
    }
    if too_far(total, package_bytes, PACKAGE_RATIO_FLOOR_BYTES) {
        return Err(Error::limit("UNPACK_RATIO_MAX"));
    }
    Ok(())
}

/// The canonical path of a name. Names are read as UTF-8 whether or not bit 11 says so: where it is
/// not set they are ASCII in practice, and bytes that are not UTF-8 would mean a guess.
fn path_of(name: &[u8]) -> Result<(Box<str>, Kind), Error> {
    if name.len() > PACKAGE_NAME_BYTES_MAX {
        return Err(Error::limit("PACKAGE_NAME_BYTES_MAX"));
    }
    let bad_name = || Error::new(Code::BadPath).field("name is not UTF-8");
    let name = std::str::from_utf8(name).map_err(|_| bad_name())?;
    let (path, kind) = match name.strip_suffix('/') {
        Some(folder) => (folder, Kind::Folder),
        None => (name, Kind::File),
    };
    let path = canonical(path).map_err(|error| error.in_file(name))?;
    Ok((path.into(), kind))
}

fn method_of(flags: u16, method: u16) -> Result<Method, Error> {
    if flags & FLAG_ENCRYPTED != 0 {
        return Err(unsupported("encryption"));
    }
    if flags & !(FLAGS_EFFORT | FLAG_DESCRIPTOR | FLAG_UTF8) != 0 {
        return Err(unsupported("flags"));
    }
    match method {
        // A reader that goes from the front could not tell where such an entry ends.
        0 if flags & FLAG_DESCRIPTOR != 0 => Err(unsupported("stored with a data descriptor")),
        0 => Ok(Method::Stored),
        8 => Ok(Method::Deflated),
        _ => Err(unsupported("method")),
    }
}

/// The upper half of the attributes holds the mode of a Unix file; only plain files and folders may be.
fn check_attributes(made_by: u16, attributes: u32, kind: Kind) -> Result<(), Error> {
    const UNIX: u16 = 3;
    const DARWIN: u16 = 19;
    match (attributes >> 28, kind) {
        (0xa, _) => Err(unsupported("link")),
        (0, _) | (8, Kind::File) | (4, Kind::Folder) => Ok(()),
        // On other systems these bits mean something else.
        _ if ![UNIX, DARWIN].contains(&(made_by >> 8)) => Ok(()),
        _ => Err(unsupported("special file")),
    }
}

/// Extra fields are pairs of identifier and length; only zeros may be left over.
fn check_extra(mut extra: &[u8]) -> Result<(), Error> {
    while extra.len() >= 4 {
        let (id, length) = (short(extra, 0)?, usize::from(short(extra, 2)?));
        if EXTRA_FORBIDDEN.contains(&id) {
            return Err(unsupported("extra field"));
        }
        extra = extra.get(4 + length..).ok_or_else(|| bad("extra field"))?;
    }
    if extra.iter().all(|&byte| byte == 0) { Ok(()) } else { Err(bad("extra field")) }
}

fn short(bytes: &[u8], at: usize) -> Result<u16, Error> {
    array(bytes, at).map(u16::from_le_bytes)
}

fn long(bytes: &[u8], at: usize) -> Result<u32, Error> {
    array(bytes, at).map(u32::from_le_bytes)
}

/// `at` never overflows where it is computed: it is an offset inside the package, which has a limit,
/// plus lengths of 16 bits.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Error> {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk::<N>());
    found.copied().ok_or_else(|| bad("truncated").at(at))
}

fn slice(bytes: &[u8], range: Range<usize>) -> Result<&[u8], Error> {
    let start = range.start;
    bytes.get(range).ok_or_else(|| bad("truncated").at(start))
}

fn usize_of(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

fn bad(reason: &'static str) -> Error {
    Error::new(Code::BadZip).field(reason)
}

fn unsupported(reason: &'static str) -> Error {
    Error::new(Code::UnsupportedZip).field(reason)
}

/// Adds the offset unless a place nearer to the fault named one already.
fn place(error: Error, at: usize) -> Error {
    if error.offset().is_some() { error } else { error.at(at) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::licence::ofd::PackageWriter;

    #[test]
    fn each_file_is_hashed_once() {
        let writer = PackageWriter::new().add("a", b"1").add("b", b"2");
        let package = Package::open(writer.finish().unwrap()).unwrap();
        let paths = ["a", "gone", "b", "/a", "a"];
        assert_eq!(package.not_hashed(&paths).len(), 2);
        let (one, two) = (Some(sm3::hash(b"1")), Some(sm3::hash(b"2")));
        assert_eq!(package.digests(&paths), [one, None, two, one, one]);
        assert!(package.not_hashed(&paths).is_empty());
    }
}
