//! Archives made by hand: each form of ambiguity is refused, each form in use is read; `zip` agrees on
//! the content of whatever is accepted.

use std::io::{Cursor, Read as _};

use flate2::{Compress, Compression, Crc, FlushCompress};

use super::{SAMPLES, sample};
use crate::{
    error::{Code, Error},
    licence::ofd::{Package, PackageWriter},
    limits::{
        ENTRY_RATIO_FLOOR_BYTES, ENTRY_UNPACKED_BYTES_MAX, PACKAGE_BYTES_MAX, PACKAGE_ENTRIES_MAX,
        PACKAGE_NAME_BYTES_MAX, UNPACK_RATIO_MAX,
    },
};

#[derive(Clone, Default)]
struct Part {
    name: Vec<u8>,
    local_name: Option<Vec<u8>>,
    data: Vec<u8>,
    method: u16,
    flags: u16,
    unpacked: Option<u32>,
    /// Sizes and CRC in the local header although a descriptor follows.
    stated: bool,
    /// Bytes of the descriptor's signature, where there is a descriptor.
    descriptor: &'static [u8],
    local_extra: &'static [u8],
    extra: &'static [u8],
    made_by: u16,
    attributes: u32,
    before: &'static [u8],
}

const SIGNED: &[u8] = b"PK\x07\x08";

fn stored(name: &str, data: &[u8]) -> Part {
    Part { name: name.into(), data: data.into(), ..Part::default() }
}

fn deflated(name: &str, data: &[u8]) -> Part {
    Part { method: 8, ..stored(name, data) }
}

fn described(name: &str, data: &[u8], descriptor: &'static [u8]) -> Part {
    Part { flags: 8, descriptor, ..deflated(name, data) }
}

/// The archive, and where its local headers, directory records and end record begin.
struct Archive {
    bytes: Vec<u8>,
    locals: Vec<usize>,
    records: Vec<usize>,
    end: usize,
}

impl Archive {
    fn new(parts: &[Part]) -> Self {
        let (mut bytes, mut directory) = (Vec::new(), Vec::new());
        let (mut locals, mut records) = (Vec::new(), Vec::new());
        for part in parts {
            bytes.extend(part.before);
            locals.push(bytes.len());
            records.push(directory.len());
            part.write(&mut bytes, &mut directory);
        }
        let start = bytes.len();
        let records = records.into_iter().map(|at| at + start).collect();
        bytes.extend(&directory);
        let end = bytes.len();
        bytes.extend(b"PK\x05\x06\0\0\0\0");
        let count = u16::try_from(parts.len()).unwrap().to_le_bytes();
        bytes.extend([count, count].concat());
        bytes.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
        bytes.extend(u32::try_from(start).unwrap().to_le_bytes());
        bytes.extend([0; 2]);
        Self { bytes, locals, records, end }
    }

    fn with(mut self, at: usize, value: &[u8]) -> Vec<u8> {
        self.bytes[at..at + value.len()].copy_from_slice(value);
        self.bytes
    }
}

impl Part {
    fn write(&self, bytes: &mut Vec<u8>, directory: &mut Vec<u8>) {
        let offset = u32::try_from(bytes.len()).unwrap();
        let mut crc = Crc::new();
        crc.update(&self.data);
        let packed = if self.method == 8 { deflate(&self.data) } else { self.data.clone() };
        let unpacked = self.unpacked.unwrap_or(u32::try_from(self.data.len()).unwrap());
        let size = u32::try_from(packed.len()).unwrap();
        let values = [crc.sum(), size, unpacked].map(u32::to_le_bytes).concat();
        let local_name = self.local_name.as_ref().unwrap_or(&self.name);
        let short = |value: usize| u16::try_from(value).unwrap().to_le_bytes();

        bytes.extend(b"PK\x03\x04\x14\0");
        bytes.extend([self.flags, self.method, 0, 0x21].map(u16::to_le_bytes).concat());
        let known = self.flags & 8 == 0 || self.stated;
        bytes.extend(if known { values.clone() } else { vec![0; 12] });
        bytes.extend([short(local_name.len()), short(self.local_extra.len())].concat());
        bytes.extend(local_name);
        bytes.extend(self.local_extra);
        bytes.extend(&packed);
        if self.flags & 8 != 0 {
            bytes.extend(self.descriptor);
            bytes.extend(&values);
        }

        directory.extend(b"PK\x01\x02");
        directory
            .extend([self.made_by, 20, self.flags, self.method].map(u16::to_le_bytes).concat());
        directory.extend([0, 0, 0x21, 0]);
        directory.extend(&values);
        directory.extend([short(self.name.len()), short(self.extra.len())].concat());
        directory.extend([0; 6]);
        directory.extend(self.attributes.to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(&self.name);
        directory.extend(self.extra);
    }
}

fn deflate(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() + 64);
    let mut deflater = Compress::new(Compression::best(), false);
    deflater.compress_vec(data, &mut out, FlushCompress::Finish).unwrap();
    out
}

fn refused(bytes: Vec<u8>) -> (Code, Option<&'static str>) {
    let error: Error = Package::open(bytes).expect_err("the archive is refused");
    assert!(error.offset().is_some() || error.code() == Code::LimitReached, "{error}");
    (error.code(), error.field_name())
}

fn bad(reason: &'static str) -> (Code, Option<&'static str>) {
    (Code::BadZip, Some(reason))
}

fn unsupported(reason: &'static str) -> (Code, Option<&'static str>) {
    (Code::UnsupportedZip, Some(reason))
}

fn limit(name: &'static str) -> (Code, Option<&'static str>) {
    (Code::LimitReached, Some(name))
}

fn two() -> Archive {
    Archive::new(&[stored("OFD.xml", b"<a/>"), deflated("Doc_0/b.xml", &[b'x'; 500])])
}

#[test]
fn forms_in_use_are_read() {
    let parts = [
        stored("OFD.xml", b"one"),
        deflated("/Doc_0/two.xml", b"two two two two"),
        described("three", b"three", SIGNED),
        described("four", b"four", b""),
        Part { stated: true, ..described("five", b"five", SIGNED) },
        // Java writes folders like this, and empty files.
        described("Doc_0/", b"", SIGNED),
        described("empty", b"", b""),
        stored("Doc_0/none", b""),
        Part { flags: 0x800, ..stored("附件/发票.txt", b"six") },
        Part { flags: 6, made_by: 3 << 8, attributes: 0o100_644 << 16, ..deflated("g", b"7") },
        Part { made_by: 3 << 8, attributes: 0o040_755 << 16, ..stored("h/", b"") },
        Part { extra: b"\x0a\0\x02\0..", local_extra: b"UT\x01\0.\0\0", ..stored("i", b"8") },
    ];
    let archive = Archive::new(&parts);
    let package = Package::open(archive.bytes.clone()).unwrap();
    for part in parts.iter().filter(|part| !part.name.ends_with(b"/")) {
        let name = std::str::from_utf8(&part.name).unwrap();
        assert_eq!(package.entry(name), Some(&part.data[..]), "{name}");
    }
    assert_eq!(package.entry("Doc_0/two.xml"), package.entry("/Doc_0/two.xml"));
    assert_eq!(package.paths().count(), 10);
    assert!(!package.contains("Doc_0") && !package.contains("ofd.xml"));
    assert!(agrees_with_oracle(archive.bytes, &package));
    assert_eq!(Package::open(Archive::new(&[]).bytes).unwrap().paths().count(), 0);
}

#[test]
fn the_oracle_reads_the_same_from_the_samples() {
    for name in SAMPLES {
        let Some(bytes) = sample(name) else { return };
        let package = Package::open(bytes.clone()).unwrap();
        assert!(agrees_with_oracle(bytes, &package), "{name}");
        let written = PackageWriter::new().add_package(&package, &[]).finish().unwrap();
        assert!(agrees_with_oracle(written, &package), "{name} written");
    }
}

fn agrees_with_oracle(bytes: Vec<u8>, package: &Package) -> bool {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = 0;
    for position in 0..archive.len() {
        let mut file = archive.by_index(position).unwrap();
        if file.is_file() {
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            let name = file.name().unwrap().into_owned();
            files += usize::from(package.entry(&name) == Some(&content));
        }
    }
    files == package.paths().count()
}

#[test]
fn bytes_outside_the_entries_are_refused() {
    let whole = two().bytes;
    let prefixed = [b"junk", &whole[..]].concat();
    assert_eq!(refused(prefixed), bad("directory does not end at the end record"));
    let doubled = [&whole[..], &whole[..]].concat();
    assert_eq!(refused(doubled), bad("directory does not end at the end record"));
    let trailing = [&whole[..], b"junk"].concat();
    assert_eq!(refused(trailing), bad("no end record in the last 22 bytes"));
    for (at, reason) in [(0, "bytes before the first entry"), (1, "bytes between entries")] {
        let mut parts = [stored("OFD.xml", b"<a/>"), stored("b", b"b")];
        parts[at].before = b"junk";
        assert_eq!(refused(Archive::new(&parts).bytes), bad(reason));
    }
    let mut comment = whole.clone();
    let at = comment.len() - 2;
    comment[at] = 4;
    assert_eq!(refused(comment.clone()), bad("comment"));
    comment.extend(b"junk");
    assert_eq!(refused(comment), bad("no end record in the last 22 bytes"));
    for length in [0, 21, 22, 40, whole.len() - 1] {
        refused(whole[..length].to_vec());
    }
}

#[test]
fn records_that_miscount_are_refused() {
    let Archive { end, records, .. } = two();
    assert_eq!(refused(two().with(end + 8, &[1, 0, 1, 0])), bad("bytes after the directory"));
    assert_eq!(refused(two().with(end + 8, &[3, 0, 3, 0])), bad("directory record"));
    assert_eq!(refused(two().with(end + 8, &[1, 0])), unsupported("several disks"));
    assert_eq!(refused(two().with(end + 4, &[1])), unsupported("several disks"));
    assert_eq!(refused(two().with(end + 8, &[0xff; 4])), unsupported("zip64"));
    assert_eq!(refused(two().with(end + 12, &[0xff; 4])), unsupported("zip64"));
    assert_eq!(refused(two().with(records[0] + 20, &[0xff; 4])), unsupported("zip64"));
    assert_eq!(refused(two().with(records[0] + 34, &[1])), unsupported("several disks"));
    assert_eq!(refused(two().with(records[0] + 42, &[0xfe; 4])), bad("local offset"));
    assert_eq!(refused(two().with(records[1] + 28, &[0xff; 2])), bad("truncated"));
    // Both records name the first entry.
    assert_eq!(refused(two().with(records[1] + 42, &[0; 4])), bad("entries overlap"));
    // The first entry claims the second's bytes.
    let size = 4 + 30 + 11;
    let overlapping = two().with(records[0] + 20, &[size]);
    assert_eq!(refused(overlapping), bad("local sizes differ from the directory"));
    let mut both = two();
    both.bytes[18] = size;
    let both = both.with(records[0] + 20, &[size]);
    assert_eq!(refused(both), bad("entries overlap"));
}

#[test]
fn local_headers_that_contradict_are_refused() {
    let Archive { locals, .. } = two();
    let cases: [(usize, u8, _); 7] = [
        (0, b'Q', bad("local header")),
        (6, 6, bad("local header differs from the directory")),
        (8, 8, bad("local header differs from the directory")),
        (14, 1, bad("local sizes differ from the directory")),
        (18, 1, bad("local sizes differ from the directory")),
        (22, 1, bad("local sizes differ from the directory")),
        (30, b'o', bad("local name differs from the directory")),
    ];
    for (at, value, expected) in cases {
        assert_eq!(refused(two().with(locals[0] + at, &[value])), expected, "{at}");
    }
    let other = Part { local_name: Some(b"evil.xml".into()), ..stored("good.xml", b"x") };
    let expected = bad("local name differs from the directory");
    assert_eq!(refused(Archive::new(&[other]).bytes), expected);
}

#[test]
fn descriptors_are_exact() {
    let make =
        || Archive::new(&[described("a", b"aaaaaaaaaaaaaa", SIGNED), described("b", b"b", b"")]);
    assert!(Package::open(make().bytes).is_ok());
    let descriptor = make().locals[1] - 16;
    assert_eq!(refused(make().with(descriptor, b"XX")), bad("data descriptor"));
    let expected = bad("data descriptor differs from the directory");
    for at in [4, 8, 12] {
        assert_eq!(refused(make().with(descriptor + at, &[0xee])), expected, "{at}");
    }
    let padded = Part { before: b"junk", ..stored("c", b"c") };
    for signature in [&b""[..], SIGNED] {
        let archive = Archive::new(&[described("a", b"a", signature), padded.clone()]);
        assert_eq!(refused(archive.bytes), bad("data descriptor"));
    }
    let endless = Part { flags: 8, descriptor: SIGNED, ..stored("a", b"a") };
    let expected = unsupported("stored with a data descriptor");
    assert_eq!(refused(Archive::new(&[endless]).bytes), expected);
}

#[test]
fn features_that_change_an_entry_are_refused() {
    let part = stored("a", b"a");
    for (changed, reason) in [
        (Part { flags: 1, ..part.clone() }, "encryption"),
        (Part { flags: 0x40, ..part.clone() }, "flags"),
        (Part { flags: 0x2000, ..part.clone() }, "flags"),
        (Part { method: 12, ..part.clone() }, "method"),
        (Part { method: 9, ..part.clone() }, "method"),
        (Part { attributes: 0o120_777 << 16, ..part.clone() }, "link"),
        (Part { made_by: 3 << 8, attributes: 0o010_777 << 16, ..part.clone() }, "special file"),
        (Part { made_by: 3 << 8, attributes: 0o040_777 << 16, ..part.clone() }, "special file"),
        (Part { extra: b"\x01\0\0\0", ..part.clone() }, "extra field"),
        (Part { local_extra: b"up\0\0", ..part.clone() }, "extra field"),
        (Part { local_extra: b"\x01\x99\0\0", ..part.clone() }, "extra field"),
    ] {
        let other = stored("OFD.xml", b"<a/>");
        assert_eq!(refused(Archive::new(&[other, changed]).bytes), unsupported(reason));
    }
    for extra in [&b"zz\x05\0...."[..], b"zz\0\0\x01"] {
        let part = Part { extra, ..part.clone() };
        assert_eq!(refused(Archive::new(&[part]).bytes), bad("extra field"));
    }
}

#[test]
fn names_that_readers_could_mix_up_are_refused() {
    let twice = "name occurs twice";
    for (first, second, reason) in [
        ("a.xml", "a.xml", twice),
        ("Doc_0/a.xml", "doc_0/A.XML", twice),
        ("a.xml", "/a.xml", twice),
        ("ÄB", "äb", twice),
        ("a", "a/", twice),
        ("a/", "A/", twice),
        ("a", "a/b", "file used as a folder"),
        ("A/b", "a", "file used as a folder"),
    ] {
        let data: &[u8] = b"";
        let archive = Archive::new(&[stored(first, data), stored(second, data)]);
        assert_eq!(refused(archive.bytes), bad(reason), "{first} {second}");
    }
    for name in [
        "", "/", "//a", "../a", "a/../b", "a/./b", "a//b", "a\\b", "C:a", "a\0", "a\n", "a.", "a ",
        "e\u{301}",
    ] {
        assert_eq!(refused(Archive::new(&[stored(name, b"")]).bytes).0, Code::BadPath, "{name:?}");
    }
    let gbk = Part { name: vec![0xb8, 0xbd], ..Part::default() };
    assert_eq!(refused(Archive::new(&[gbk]).bytes).0, Code::BadPath);
    assert_eq!(refused(Archive::new(&[stored("a/", b"x")]).bytes), bad("folder with content"));
}

#[test]
fn contents_must_be_what_the_directory_says() {
    let archive = || Archive::new(&[deflated("a", &[b'x'; 300]), stored("b", b"b")]);
    let data = 30 + 1;
    // A final stored block, whose length must repeat as its complement.
    let broken = archive().with(data, &[1, 5, 5, 5, 5]);
    assert_eq!(refused(broken), bad("deflate"));
    let next = archive().locals[1];
    assert_eq!(refused(archive().with(next + 31, b"c")), bad("crc"));
    for unpacked in [299, 301, 0] {
        let lying = Part { unpacked: Some(unpacked), ..deflated("a", &[b'x'; 300]) };
        assert_eq!(refused(Archive::new(&[lying]).bytes), bad("unpacked size"), "{unpacked}");
    }
    let lying = Part { unpacked: Some(2), ..stored("a", b"a") };
    assert_eq!(refused(Archive::new(&[lying]).bytes), bad("stored size"));
    // An empty final block, and bytes after it that no reader unpacks.
    let hidden = Part { unpacked: Some(0), ..stored("a", b"\x03\0hidden") };
    let mut hidden = Archive::new(&[hidden]);
    let record = hidden.records[0];
    for at in [8, record + 10] {
        hidden.bytes[at] = 8;
    }
    assert_eq!(refused(hidden.bytes), bad("bytes after the deflate stream"));
}

#[test]
fn bombs_are_refused_before_unpacking() {
    let ratio = limit("UNPACK_RATIO_MAX");
    let floor = vec![0; ENTRY_RATIO_FLOOR_BYTES];
    let at_floor = Archive::new(&[deflated("a", &floor)]);
    assert!(at_floor.bytes.len() * UNPACK_RATIO_MAX < floor.len());
    assert!(Package::open(at_floor.bytes).is_ok());
    let past = vec![0; ENTRY_RATIO_FLOOR_BYTES + 1];
    assert_eq!(refused(Archive::new(&[deflated("a", &past)]).bytes), ratio);
    // Many small ones: the whole has a ratio too.
    let many: Vec<Part> = (0..17).map(|n| deflated(&format!("f{n}"), &floor)).collect();
    assert!(Package::open(Archive::new(&many[..16]).bytes).is_ok());
    assert_eq!(refused(Archive::new(&many).bytes), ratio);
    let size = u32::try_from(ENTRY_UNPACKED_BYTES_MAX).unwrap();
    let declared = |unpacked| {
        let part = Part { unpacked: Some(unpacked), ..stored("a", b"a") };
        refused(Archive::new(&[part]).bytes)
    };
    assert_eq!(declared(size), ratio);
    assert_eq!(declared(size + 1), limit("ENTRY_UNPACKED_BYTES_MAX"));
}

#[test]
fn sizes_of_packages_are_bounded() {
    let parts: Vec<Part> =
        (0..=PACKAGE_ENTRIES_MAX).map(|n| stored(&format!("f{n}"), b"")).collect();
    let most = Archive::new(&parts[1..]);
    assert_eq!(Package::open(most.bytes).unwrap().paths().count(), PACKAGE_ENTRIES_MAX);
    assert_eq!(refused(Archive::new(&parts).bytes), limit("PACKAGE_ENTRIES_MAX"));
    let named = |length| Archive::new(&[stored(&"n".repeat(length), b"")]).bytes;
    assert!(Package::open(named(PACKAGE_NAME_BYTES_MAX)).is_ok());
    assert_eq!(refused(named(PACKAGE_NAME_BYTES_MAX + 1)), limit("PACKAGE_NAME_BYTES_MAX"));
    let expected = bad("no end record in the last 22 bytes");
    assert_eq!(refused(vec![0; PACKAGE_BYTES_MAX]), expected);
    assert_eq!(refused(vec![0; PACKAGE_BYTES_MAX + 1]), limit("PACKAGE_BYTES_MAX"));
}

#[test]
fn all_files_together_are_bounded() {
    // Only the directory is read before the limit, so nothing of this size is allocated.
    let size = u32::try_from(ENTRY_UNPACKED_BYTES_MAX).unwrap();
    let packed = vec![0; ENTRY_UNPACKED_BYTES_MAX / UNPACK_RATIO_MAX + 1];
    let parts = |last: u32| {
        let part = |n: u32, unpacked| Part {
            unpacked: Some(unpacked),
            ..stored(&format!("f{n}"), if unpacked == size { &packed } else { b"z" })
        };
        Archive::new(&[part(0, size), part(1, size), part(2, size), part(3, size), part(4, last)])
    };
    assert_eq!(refused(parts(1).bytes), limit("PACKAGE_UNPACKED_BYTES_MAX"));
    assert_eq!(refused(parts(0).bytes), bad("stored size"));
}

#[test]
fn writer_refuses_what_the_reader_would() {
    let writer = || PackageWriter::new().add("a", b"1");
    for (path, code) in [
        ("a", Code::BadArgument),
        ("A", Code::BadArgument),
        ("/a", Code::BadArgument),
        ("../a", Code::BadPath),
        ("a\\b", Code::BadPath),
    ] {
        assert_eq!(writer().add(path, b"2").finish().unwrap_err().code(), code, "{path}");
    }
    let package = Package::open(writer().finish().unwrap()).unwrap();
    let again = PackageWriter::new().add("A", b"").add_package(&package, &[]).finish();
    assert_eq!(again.unwrap_err().code(), Code::BadArgument);
    assert_eq!(writer().finish(), writer().finish());
}
