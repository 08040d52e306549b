//! Signature list and signature files: GB/T 33190-2016, 18.1 and 18.2; GM/T 0099-2020, 7.2.2.
//!
//! In: `Signatures.xml`, `Signature.xml`. Out: what they say. The signed document is the raw bytes of
//! `Signature.xml`: it is hashed as it lies in the package, and what is parsed here is never encoded
//! again.

use std::collections::BTreeSet;

use base64ct::{Base64, Encoding as _};
use roxmltree::Node;

use super::{document::Document, path::resolve, xml, zip::Package};
use crate::{
    error::{Code, Error},
    limits::{SIGNATURE_REFERENCES_MAX, SIGNATURE_STAMPS_MAX, SIGNATURES_MAX},
    time::UnixTime,
};

/// The signature list of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureList {
    /// `OFD.xml` names none.
    Absent,
    /// `OFD.xml` names one that is not in the package.
    Dangling {
        /// The canonical path it names.
        path: String,
    },
    /// There is one; it may be empty.
    Present {
        /// Its canonical path.
        path: String,
        /// The signatures in their order, which is the order in which they were made.
        entries: Vec<SignatureEntry>,
        /// Every `MaxSignId` as written: the standard allows one, real files have two or wrong ones.
        max_sign_ids: Vec<String>,
    },
}

/// One signature of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureEntry {
    /// `ID`, such as `1`, `001` or `s001`.
    pub id: String,
    /// `Type`.
    pub kind: SignatureKind,
    /// The canonical path of the signature file; the file may be missing.
    pub path: String,
}

/// What a signature's value is: GM/T 0099-2020, 7.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureKind {
    /// A sealed signature of GB/T 38540 (or GM/T 0031). The default.
    Seal,
    /// A plain digital signature: SignedData of GB/T 35275, or the algorithm's own form.
    Sign,
}

impl SignatureList {
    /// Reads the signature list that `document` names.
    ///
    /// # Errors
    /// Those of reading XML; [`Code::BadOfd`] where an element or attribute is missing or unknown;
    /// [`Code::BadPath`]; [`Code::LimitReached`].
    pub fn read(package: &Package, document: &Document) -> Result<Self, Error> {
        let Some(path) = document.signatures_path() else { return Ok(Self::Absent) };
        let path = path.to_owned();
        let Some(bytes) = package.entry(&path) else { return Ok(Self::Dangling { path }) };
        let tree = xml::parse(bytes, &path)?;
        let read = || {
            let root = xml::root(&tree, "Signatures")?;
            let mut entries = Vec::new();
            let mut seen = BTreeSet::new();
            for node in xml::children(root, "Signature") {
                if entries.len() >= SIGNATURES_MAX {
                    return Err(Error::limit("SIGNATURES_MAX"));
                }
                let entry = SignatureEntry::read(node, &path)?;
                // One file that counts as two signatures would be two parties' consent for one.
                if !seen.insert(entry.path.clone()) {
                    return Err(xml::bad("BaseLoc", node));
                }
                entries.push(entry);
            }
            Ok((entries, xml::children(root, "MaxSignId").map(xml::text).collect()))
        };
        let (entries, max_sign_ids) = read().map_err(|error| error.in_file(&path))?;
        Ok(Self::Present { path, entries, max_sign_ids })
    }

    /// The signatures; none if there is no list.
    #[must_use]
    pub fn entries(&self) -> &[SignatureEntry] {
        match self {
            Self::Present { entries, .. } => entries,
            Self::Absent | Self::Dangling { .. } => &[],
        }
    }
}

impl SignatureEntry {
    fn read(node: Node, list: &str) -> Result<Self, Error> {
        let id = xml::attribute(node, "ID").unwrap_or_default().to_owned();
        let kind = match xml::attribute(node, "Type") {
            Some("Seal") | None => SignatureKind::Seal,
            Some("Sign") => SignatureKind::Sign,
            Some(_) => return Err(xml::bad("Type", node)),
        };
        let location = xml::attribute(node, "BaseLoc").ok_or_else(|| xml::bad("BaseLoc", node))?;
        Ok(Self { id, kind, path: resolve(list, location)? })
    }
}

/// A signature file: what `Signature.xml` says.
#[derive(Clone, Debug, PartialEq)]
pub struct SignatureFile {
    /// The canonical path of this file.
    pub path: String,
    /// `Provider`.
    pub provider: Provider,
    /// `SignatureMethod`: an object identifier, 1.2.156.10197.1.501 in all samples.
    pub method: Option<String>,
    /// `SignatureDateTime`. It informs only: the time that counts stands in the signed value.
    pub date_time: Option<DateTime>,
    /// `CheckMethod` of the references.
    pub check_method: CheckMethod,
    /// The files that the signature protects, in their order.
    pub references: Vec<Reference>,
    /// Paths that are referred to more than once.
    pub duplicates: BTreeSet<String>,
    /// Where the seal is shown; empty for most plain signatures.
    pub stamps: Vec<StampAnnot>,
    /// The canonical path of the seal's own file.
    pub seal_path: Option<String>,
    /// The canonical path of the signed value; absent in unfinished signatures.
    pub signed_value_path: Option<String>,
    /// `Parameters` of GM/T 0099-2020: name and value.
    pub parameters: Vec<(String, String)>,
}

/// `Provider`: the program that made a signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provider {
    /// `ProviderName`.
    pub name: Option<String>,
    /// `Company`.
    pub company: Option<String>,
    /// `Version`.
    pub version: Option<String>,
}

/// `SignatureDateTime` as written, and as far as it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateTime {
    /// As written.
    pub text: String,
    /// What it means. Without a zone it is taken as Beijing time.
    pub time: Option<UnixTime>,
    /// Whether it names a zone. Some producers write `Z` after local time.
    pub zone: Zone,
}

/// Whether a time names its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// It does.
    Stated,
    /// It does not; Beijing time is assumed.
    Assumed,
}

/// The digest method of the references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckMethod {
    /// SM3: `1.2.156.10197.1.401`, `1.2.156.10197.1.401.1` or `SM3` in any case.
    Sm3,
    /// `1.2.156.10197.1.401.2`, SM3 with a key by GB/T 33560: a producer's mistake for SM3.
    Sm3ByWrongName,
    /// Not stated, but every check value has the length of SM3. The standard's default is MD5.
    Sm3ByLength,
    /// MD5, stated or by default: recognised, never acceptable.
    Md5,
    /// SHA-1: recognised, never acceptable.
    Sha1,
    /// Anything else, as written.
    Unknown(String),
}

impl CheckMethod {
    /// Whether the references are checked with SM3.
    #[must_use]
    pub const fn is_sm3(&self) -> bool {
        matches!(self, Self::Sm3 | Self::Sm3ByWrongName | Self::Sm3ByLength)
    }

    fn read(text: Option<&str>, references: &[Reference]) -> Self {
        let sm3_long = || references.iter().all(|reference| reference.check_value.len() == 32);
        let Some(text) = text else {
            let any = !references.is_empty();
            return if any && sm3_long() { Self::Sm3ByLength } else { Self::Md5 };
        };
        match text.to_ascii_lowercase().as_str() {
            "sm3" | "1.2.156.10197.1.401" | "1.2.156.10197.1.401.1" => Self::Sm3,
            "1.2.156.10197.1.401.2" => Self::Sm3ByWrongName,
            "md5" | "1.2.840.113549.2.5" => Self::Md5,
            "sha1" | "sha-1" | "1.3.14.3.2.26" => Self::Sha1,
            _ => Self::Unknown(text.to_owned()),
        }
    }
}

/// `Reference`: one protected file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// `FileRef` as written. The standard demands an absolute path.
    pub file_ref: String,
    /// The canonical path it means.
    pub path: String,
    /// `CheckValue`: the digest of the file's bytes, 32 for SM3.
    pub check_value: Vec<u8>,
}

/// `StampAnnot`: where on a page the seal is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct StampAnnot {
    /// `ID`.
    pub id: Option<String>,
    /// `PageRef`: the `ID` of a page.
    pub page_ref: String,
    /// `Boundary`, in millimetres from the page's upper left corner.
    pub boundary: Rectangle,
    /// `Clip`, in millimetres inside the boundary: the part that is shown, for riding seals (骑缝章).
    pub clip: Option<Rectangle>,
}

/// ST_Box: a place in millimetres. All numbers are finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rectangle {
    /// Distance from the left.
    pub x: f64,
    /// Distance from the top.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Rectangle {
    /// From four numbers separated by white space; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split_ascii_whitespace().map(|number| number.parse::<f64>().ok());
        let mut next = || numbers.next()?.filter(|number| number.is_finite());
        let rectangle = Self { x: next()?, y: next()?, width: next()?, height: next()? };
        numbers.next().is_none().then_some(rectangle)
    }

    /// Whether all numbers are finite, and width and height above zero.
    #[must_use]
    pub fn has_area(&self) -> bool {
        let finite = [self.x, self.y, self.width, self.height].iter().all(|n| n.is_finite());
        finite && self.width > 0.0 && self.height > 0.0
    }
}

impl SignatureFile {
    /// Parses a signature file; `path` is its canonical path, from which relative locations start.
    ///
    /// # Errors
    /// Those of reading XML; [`Code::BadOfd`] where an element or attribute is missing or malformed;
    /// [`Code::BadBase64`] for a check value; [`Code::BadPath`]; [`Code::LimitReached`].
    pub fn parse(bytes: &[u8], path: &str) -> Result<Self, Error> {
        let tree = xml::parse(bytes, path)?;
        let read = || Self::read(xml::root(&tree, "Signature")?, path);
        read().map_err(|error| error.in_file(path))
    }

    fn read(root: Node, path: &str) -> Result<Self, Error> {
        let info = xml::required(root, "SignedInfo")?;
        let list = xml::required(info, "References")?;
        let references = read_references(list, path)?;
        let mut seen = BTreeSet::new();
        let repeated = references.iter().map(|r| &r.path).filter(|path| !seen.insert(*path));
        let duplicates = repeated.cloned().collect();
        let location = |text: Option<String>| text.map(|text| resolve(path, &text)).transpose();
        let seal = match xml::child(info, "Seal")? {
            Some(seal) => xml::child_text(seal, "BaseLoc")?,
            None => None,
        };
        Ok(Self {
            path: path.to_owned(),
            provider: xml::child(info, "Provider")?.map(Provider::read).unwrap_or_default(),
            method: xml::child_text(info, "SignatureMethod")?,
            date_time: xml::child_text(info, "SignatureDateTime")?.map(DateTime::read),
            check_method: CheckMethod::read(xml::attribute(list, "CheckMethod"), &references),
            duplicates,
            stamps: read_stamps(info)?,
            seal_path: location(seal)?,
            signed_value_path: location(xml::child_text(root, "SignedValue")?)?,
            parameters: read_parameters(info)?,
            references,
        })
    }
}

fn read_references(list: Node, path: &str) -> Result<Vec<Reference>, Error> {
    let mut references = Vec::new();
    for node in xml::children(list, "Reference") {
        if references.len() >= SIGNATURE_REFERENCES_MAX {
            return Err(Error::limit("SIGNATURE_REFERENCES_MAX"));
        }
        let file_ref = xml::attribute(node, "FileRef").ok_or_else(|| xml::bad("FileRef", node))?;
        let value = xml::required(node, "CheckValue")?;
        // Some producers wrap long lines.
        let text: String = xml::text(value).split_ascii_whitespace().collect();
        let check_value = Base64::decode_vec(&text)
            .map_err(|_| Error::new(Code::BadBase64).field("CheckValue").at(value.range().start))?;
        let path = resolve(path, file_ref).map_err(|error| error.at(node.range().start))?;
        references.push(Reference { file_ref: file_ref.to_owned(), path, check_value });
    }
    Ok(references)
}

fn read_stamps(info: Node) -> Result<Vec<StampAnnot>, Error> {
    let mut stamps = Vec::new();
    for node in xml::children(info, "StampAnnot") {
        if stamps.len() >= SIGNATURE_STAMPS_MAX {
            return Err(Error::limit("SIGNATURE_STAMPS_MAX"));
        }
        let rectangle = |name: &'static str| match xml::attribute(node, name) {
            Some(text) => Rectangle::parse(text).map(Some).ok_or_else(|| xml::bad(name, node)),
            None => Ok(None),
        };
        let page_ref = xml::attribute(node, "PageRef").ok_or_else(|| xml::bad("PageRef", node))?;
        stamps.push(StampAnnot {
            id: xml::attribute(node, "ID").map(str::to_owned),
            page_ref: page_ref.to_owned(),
            boundary: rectangle("Boundary")?.ok_or_else(|| xml::bad("Boundary", node))?,
            clip: rectangle("Clip")?,
        });
    }
    Ok(stamps)
}

fn read_parameters(info: Node) -> Result<Vec<(String, String)>, Error> {
    let Some(list) = xml::child(info, "Parameters")? else { return Ok(Vec::new()) };
    let read = |node| {
        let name = xml::attribute(node, "Name").ok_or_else(|| xml::bad("Name", node))?;
        Ok((name.to_owned(), xml::text(node)))
    };
    xml::children(list, "Parameter").map(read).collect()
}

impl Provider {
    fn read(node: Node) -> Self {
        let owned = |name| xml::attribute(node, name).map(str::to_owned);
        Self { name: owned("ProviderName"), company: owned("Company"), version: owned("Version") }
    }
}

impl DateTime {
    /// The forms found in practice: `2020-10-23 19:45:37`, `20201010151120`, `20210331075023Z`,
    /// `20201004072855.302Z`, and RFC 3339. A fraction of a second is dropped.
    fn read(text: String) -> Self {
        let (body, stated) = match text.strip_suffix('Z') {
            Some(body) => (body, Some("Z")),
            None => (text.as_str(), None),
        };
        let whole = body.split_once('.').map_or(body, |(whole, _)| whole);
        let digits: String = whole.chars().filter(char::is_ascii_digit).collect();
        let plain = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | ' ' | 'T');
        let parts = [0..4, 4..6, 6..8, 8..10, 10..12, 12..14].map(|part| digits.get(part));
        let time = match parts {
            [Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second)]
                if digits.len() == 14 && whole.chars().all(plain) =>
            {
                let zone = stated.unwrap_or("+08:00");
                let text = format!("{year}-{month}-{day}T{hour}:{minute}:{second}{zone}");
                UnixTime::parse_rfc3339(&text).ok()
            }
            _ => None,
        };
        let with_offset = UnixTime::parse_rfc3339(&text).ok();
        let zone =
            if stated.is_some() || with_offset.is_some() { Zone::Stated } else { Zone::Assumed };
        Self { time: with_offset.or(time), zone, text }
    }
}
