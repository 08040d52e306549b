//! Adding a signature to a package: GB/T 33190-2016, clause 18; GM/T 0099-2020, 7.2.2.
//!
//! In: a package, where the seal is to be shown, and a function that signs. Out: a new package with one
//! more signature. The signature covers every file of the package, earlier signatures and `OFD.xml`
//! included, but not the signature list, so that others can sign later (18.1).
//!
//! What earlier signatures cover keeps its bytes: unchanged files stay packed as they are, and
//! `OFD.xml` and the list are edited as text, at the places that change. Where that would break an
//! earlier signature nothing is written: [`Code::DocumentLocked`].

use std::{collections::HashSet, fmt::Write as _, ops::Range};

use base64ct::{Base64, Encoding as _};
use roxmltree::Node;

use super::{
    INTEGRITY_FILE, MAIN_FILE, PackageWriter,
    document::{Document, Page},
    path::{folded, folder_of},
    signature::{Rectangle, SignatureEntry, SignatureFile, SignatureKind, SignatureList},
    xml,
    zip::Package,
};
use crate::{
    error::{Code, Error},
    limits::{PACKAGE_ENTRIES_MAX, SIGNATURE_STAMPS_MAX, SIGNATURES_MAX},
    primitives::sm3,
    time::UnixTime,
};

/// The signature that is to be added.
#[derive(Clone, Debug)]
pub struct NewSignature<'a> {
    /// What the signed value will be.
    pub kind: SignatureKind,
    /// Where the seal is shown.
    pub stamps: &'a [Stamp],
    /// `SignatureDateTime`. It informs only; the time that counts stands in the signed value.
    pub at: UnixTime,
}

/// A place for the picture of the seal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stamp {
    /// The page, counted from 1.
    pub page: usize,
    /// The place on the page, in millimetres.
    pub boundary: Rectangle,
    /// The part of the picture that is shown, in millimetres inside the boundary.
    pub clip: Option<Rectangle>,
}

/// What signing gives: the files beside `Signature.xml`.
pub struct SignedParts {
    /// `SignedValue.dat`.
    pub signed_value: Vec<u8>,
    /// `Seal.esl`: the seal, for [`SignatureKind::Seal`] and only for it.
    pub seal: Option<Vec<u8>>,
}

/// Adds a signature to a document of a package and writes the new package.
///
/// `sign` receives the bytes of `Signature.xml`, which are the signed document, and the absolute path
/// of that file (with a leading `/`), which is the `propertyInfo` of a sealed signature.
///
/// # Errors
/// [`Code::DocumentLocked`] if an earlier signature covers the list, or covers `OFD.xml` though that
/// must name the list first, or if the package has an integrity list of GM/T 0099-2020, which names
/// every file; [`Code::BadArgument`] for a stamp on no page, without area, or parts that do not fit
/// the kind; the errors of reading the package; those of `sign`.
pub fn add_signature(
    package: &Package,
    document: &Document,
    new: &NewSignature,
    sign: impl FnOnce(&[u8], &str) -> Result<SignedParts, Error>,
) -> Result<Vec<u8>, Error> {
    let plan = Plan::new(package, document, new)?;
    let signature_xml = plan.signature_xml(package, new)?;
    let signature_path = format!("{}/Signature.xml", plan.folder);
    let parts = sign(signature_xml.as_bytes(), &format!("/{signature_path}"))?;
    if parts.seal.is_some() != (new.kind == SignatureKind::Seal) {
        return Err(Error::new(Code::BadArgument).field("seal"));
    }
    let mut replaced = vec![plan.list_path.as_str()];
    replaced.extend(plan.main_file.as_ref().map(|_| MAIN_FILE));
    let mut writer = PackageWriter::new().add_package(package, &replaced);
    if let Some(main_file) = &plan.main_file {
        writer = writer.add(MAIN_FILE, main_file.as_bytes());
    }
    writer = writer
        .add(&plan.list_path, plan.list.as_bytes())
        .add(&signature_path, signature_xml.as_bytes())
        .add(&format!("{}/SignedValue.dat", plan.folder), &parts.signed_value);
    if let Some(seal) = &parts.seal {
        writer = writer.add(&format!("{}/Seal.esl", plan.folder), seal);
    }
    writer.finish()
}

/// What changes in the package, apart from the new signature's own files.
struct Plan {
    /// `OFD.xml`, if it must change.
    main_file: Option<String>,
    list_path: String,
    list: String,
    /// The folder of the new signature.
    folder: String,
    /// The identifiers of the stamps.
    stamp_ids: Vec<String>,
    /// The pages of the stamps.
    pages: Vec<Page>,
}

impl Plan {
    fn new(package: &Package, document: &Document, new: &NewSignature) -> Result<Self, Error> {
        let pages = pages_of(package, document, new)?;
        let state = SignatureList::read(package, document)?;
        let (list_path, edits_main_file) = match &state {
            SignatureList::Present { path, .. } | SignatureList::Dangling { path } => {
                (path.clone(), false)
            }
            SignatureList::Absent => (new_list_path(package, document)?, true),
        };
        let earlier = earlier_signatures(package)?;
        check_locks(package, &earlier, &list_path, edits_main_file)?;
        if state.entries().len() >= SIGNATURES_MAX {
            return Err(Error::limit("SIGNATURES_MAX"));
        }
        let folder = new_folder(package, &list_path, state.entries().len());
        let mut ids = Ids::after(&state, &earlier)?;
        let id = ids.next()?;
        let stamp_ids = new.stamps.iter().map(|_| ids.next()).collect::<Result<Vec<_>, _>>()?;
        let last = stamp_ids.last().unwrap_or(&id);
        let list = match package.entry(&list_path) {
            Some(bytes) => extend_list(bytes, &list_path, &element(new.kind, &id, &folder), last)?,
            None => new_list(&element(new.kind, &id, &folder), last),
        };
        let name_it = || name_list(package, document, &list_path);
        let main_file = edits_main_file.then(name_it).transpose()?;
        Ok(Self { main_file, list_path, list, folder, stamp_ids, pages })
    }

    /// `Signature.xml`, in the order of elements of the standard's schema.
    fn signature_xml(&self, package: &Package, new: &NewSignature) -> Result<String, Error> {
        let mut out = String::from(XML_HEAD);
        let name = env!("CARGO_PKG_NAME");
        let version = env!("CARGO_PKG_VERSION");
        let folder = escape(&self.folder);
        let time = new.at.utc();
        let date_time = format!(
            "{:04}{:02}{:02}{:02}{:02}{:02}Z",
            time.year(),
            u8::from(time.month()),
            time.day(),
            time.hour(),
            time.minute(),
            time.second()
        );
        let mut write = || {
            write!(out, "<ofd:Signature xmlns:ofd=\"{NAMESPACE}\"><ofd:SignedInfo>")?;
            write!(out, "<ofd:Provider ProviderName=\"{name}\" Company=\"{name}\"")?;
            write!(out, " Version=\"{version}\"/>")?;
            write!(out, "<ofd:SignatureMethod>{SM2_WITH_SM3}</ofd:SignatureMethod>")?;
            write!(out, "<ofd:SignatureDateTime>{date_time}</ofd:SignatureDateTime>")?;
            write!(out, "<ofd:References CheckMethod=\"{SM3}\">")?;
            for (path, digest) in self.digests(package) {
                let (path, value) = (escape(path), Base64::encode_string(&digest));
                write!(out, "<ofd:Reference FileRef=\"/{path}\">")?;
                write!(out, "<ofd:CheckValue>{value}</ofd:CheckValue></ofd:Reference>")?;
            }
            write!(out, "</ofd:References>")?;
            for ((stamp, id), page) in new.stamps.iter().zip(&self.stamp_ids).zip(&self.pages) {
                let (page, boundary) = (escape(&page.id), box_of(stamp.boundary));
                write!(out, "<ofd:StampAnnot ID=\"{id}\" PageRef=\"{page}\"")?;
                write!(out, " Boundary=\"{boundary}\"")?;
                if let Some(clip) = stamp.clip {
                    write!(out, " Clip=\"{}\"", box_of(clip))?;
                }
                write!(out, "/>")?;
            }
            if new.kind == SignatureKind::Seal {
                write!(out, "<ofd:Seal><ofd:BaseLoc>/{folder}/Seal.esl</ofd:BaseLoc></ofd:Seal>")?;
            }
            write!(out, "</ofd:SignedInfo>")?;
            write!(out, "<ofd:SignedValue>/{folder}/SignedValue.dat</ofd:SignedValue>")?;
            write!(out, "</ofd:Signature>")
        };
        // Writing to a String does not fail; the type demands an answer all the same.
        write().map_err(|_| Error::new(Code::BadOfd).field("document"))?;
        Ok(out)
    }

    /// The digests of every file as it will be, but for the list.
    fn digests<'a>(&self, package: &'a Package) -> Vec<(&'a str, sm3::Digest)> {
        let paths: Vec<&str> = package.paths().filter(|path| *path != self.list_path).collect();
        let edited = |path: &str| self.main_file.as_ref().filter(|_| path == MAIN_FILE);
        let kept = package.digests(&paths);
        let digest = |(path, kept): (&'a str, Option<sm3::Digest>)| match edited(path) {
            Some(main_file) => Some((path, sm3::hash(main_file.as_bytes()))),
            None => kept.map(|digest| (path, digest)),
        };
        paths.into_iter().zip(kept).filter_map(digest).collect()
    }
}

const NAMESPACE: &str = "http://www.ofdspec.org/2016";
const XML_HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const SM2_WITH_SM3: &str = "1.2.156.10197.1.501";
const SM3: &str = "1.2.156.10197.1.401";

/// The pages of the stamps, in the order of the stamps.
fn pages_of(
    package: &Package,
    document: &Document,
    new: &NewSignature,
) -> Result<Vec<Page>, Error> {
    if new.stamps.len() > SIGNATURE_STAMPS_MAX {
        return Err(Error::limit("SIGNATURE_STAMPS_MAX"));
    }
    let pages = document.pages(package)?;
    let bad = |field| Error::new(Code::BadArgument).field(field);
    let page_of = |stamp: &Stamp| {
        let boxes = [Some(stamp.boundary), stamp.clip];
        if !boxes.iter().flatten().all(Rectangle::has_area) {
            return Err(bad("boundary"));
        }
        let position = stamp.page.checked_sub(1).ok_or_else(|| bad("page"))?;
        pages.get(position).cloned().ok_or_else(|| bad("page"))
    };
    new.stamps.iter().map(page_of).collect()
}

/// The list's path where there is none yet, beside `Document.xml` as other producers have it.
fn new_list_path(package: &Package, document: &Document) -> Result<String, Error> {
    let path = match folder_of(document.doc_root()) {
        "" => "Signs/Signatures.xml".to_owned(),
        folder => format!("{folder}/Signs/Signatures.xml"),
    };
    // A file that lies there without being named could pass for a list of signatures.
    if package.contains(&path) {
        return Err(Error::new(Code::BadOfd).field("Signatures").in_file(&path));
    }
    Ok(path)
}

/// The signatures of all documents of the package: each must be readable, as what an unreadable one
/// covers is not known.
fn earlier_signatures(package: &Package) -> Result<Vec<SignatureFile>, Error> {
    let mut files = Vec::new();
    for document in Document::read_all(package)? {
        for SignatureEntry { path, .. } in SignatureList::read(package, &document)?.entries() {
            files.push(SignatureFile::parse(package.require(path)?, path)?);
        }
    }
    Ok(files)
}

fn check_locks(
    package: &Package,
    earlier: &[SignatureFile],
    list_path: &str,
    edits_main_file: bool,
) -> Result<(), Error> {
    if package.contains(INTEGRITY_FILE) {
        return Err(Error::new(Code::DocumentLocked).in_file(INTEGRITY_FILE));
    }
    let changes = |path: &str| path == list_path || (edits_main_file && path == MAIN_FILE);
    match earlier.iter().find(|file| file.references.iter().any(|r| changes(&r.path))) {
        Some(file) => Err(Error::new(Code::DocumentLocked).in_file(&file.path)),
        None => Ok(()),
    }
}

/// The first folder `Sign_N` beside the list that no file uses, from N = `signatures` up.
fn new_folder(package: &Package, list_path: &str, signatures: usize) -> String {
    let prefix = match folder_of(list_path) {
        "" => "Sign_".to_owned(),
        folder => format!("{folder}/Sign_"),
    };
    let folded_prefix = folded(&prefix);
    let used: HashSet<String> = package
        .paths()
        .filter_map(|path| Some(folded(path).strip_prefix(&folded_prefix)?.to_owned()))
        .filter_map(|rest| Some(rest.split('/').next()?.to_owned()))
        .collect();
    // Among one more number than the package can have files, one is free.
    let numbers = signatures..=signatures.saturating_add(PACKAGE_ENTRIES_MAX);
    let free = numbers.map(|number| number.to_string()).find(|number| !used.contains(number));
    format!("{prefix}{}", free.unwrap_or_default())
}

/// Counts the identifiers of signatures and stamps, which share one sequence.
struct Ids {
    last: u64,
    prefix: &'static str,
}

impl Ids {
    /// Goes on after the highest number in use, in the form (`s001` or `001`) of the last signature.
    fn after(state: &SignatureList, earlier: &[SignatureFile]) -> Result<Self, Error> {
        let listed = state.entries().iter().map(|entry| entry.id.as_str());
        let stated = match state {
            SignatureList::Present { max_sign_ids, .. } => max_sign_ids.as_slice(),
            SignatureList::Absent | SignatureList::Dangling { .. } => &[],
        };
        let stamps = earlier.iter().flat_map(|file| &file.stamps);
        let stamps = stamps.filter_map(|stamp| stamp.id.as_deref());
        let all = listed.clone().chain(stated.iter().map(String::as_str)).chain(stamps);
        let number = |id: &str| id.trim_start_matches(['s', 'S']).parse::<u64>().ok();
        let plain = |id: &str| id.starts_with(|c: char| c.is_ascii_digit());
        let prefix =
            if state.entries().last().is_some_and(|entry| plain(&entry.id)) { "" } else { "s" };
        Ok(Self { last: all.filter_map(number).max().unwrap_or(0), prefix })
    }

    fn next(&mut self) -> Result<String, Error> {
        let past = || Error::new(Code::BadOfd).field("MaxSignId");
        self.last = self.last.checked_add(1).ok_or_else(past)?;
        Ok(format!("{}{:03}", self.prefix, self.last))
    }
}

/// The list's element of the new signature; the prefix is filled in by whoever writes it.
fn element(kind: SignatureKind, id: &str, folder: &str) -> impl Fn(&str) -> String {
    let kind = match kind {
        SignatureKind::Seal => "Seal",
        SignatureKind::Sign => "Sign",
    };
    let attributes =
        format!("ID=\"{id}\" Type=\"{kind}\" BaseLoc=\"/{}/Signature.xml\"", escape(folder));
    move |prefix| format!("<{prefix}Signature {attributes}/>")
}

fn new_list(element: &impl Fn(&str) -> String, last_id: &str) -> String {
    format!(
        "{XML_HEAD}<ofd:Signatures xmlns:ofd=\"{NAMESPACE}\">\
         <ofd:MaxSignId>{last_id}</ofd:MaxSignId>{}</ofd:Signatures>",
        element("ofd:")
    )
}

/// The list with one more element after the last, and every `MaxSignId` raised.
fn extend_list(
    bytes: &[u8],
    path: &str,
    element: &impl Fn(&str) -> String,
    last_id: &str,
) -> Result<String, Error> {
    let tree = xml::parse(bytes, path)?;
    let text = tree.input_text();
    let root = xml::root(&tree, "Signatures")?;
    let prefix = prefix_of(text, root);
    let new = element(prefix);
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for node in xml::children(root, "MaxSignId") {
        edits.extend(inside(text, node).map(|range| (range, last_id.to_owned())));
    }
    edits.push(match (xml::children(root, "Signature").last(), inside(text, root)) {
        (Some(last), _) => (last.range().end..last.range().end, new),
        (None, Some(range)) => (range.end..range.end, new),
        // `<Signatures/>`: it is opened.
        (None, None) => {
            let end = root.range().end;
            (end.saturating_sub(2)..end, format!(">{new}</{prefix}Signatures>"))
        }
    });
    Ok(edit(text, edits))
}

/// `OFD.xml` with the list's path as the last element of the document's `DocBody`.
fn name_list(package: &Package, document: &Document, list_path: &str) -> Result<String, Error> {
    let tree = xml::parse(package.require(MAIN_FILE)?, MAIN_FILE)?;
    let text = tree.input_text();
    let find = || {
        let root = xml::root(&tree, "OFD")?;
        let body = xml::children(root, "DocBody").nth(document.index());
        let body = body.ok_or_else(|| xml::bad("DocBody", root))?;
        // An element without a path: whoever reads the first of two would see no list.
        if let Some(empty) = xml::child(body, "Signatures")? {
            return Err(xml::bad("Signatures", empty));
        }
        let place = inside(text, body).ok_or_else(|| xml::bad("DocBody", body))?.end;
        Ok((place, prefix_of(text, body)))
    };
    let (place, prefix) = find().map_err(|error| error.in_file(MAIN_FILE))?;
    let path = escape(list_path);
    let element = format!("<{prefix}Signatures>/{path}</{prefix}Signatures>");
    Ok(edit(text, vec![(place..place, element)]))
}

/// The prefix that `node` is written with, with its colon.
fn prefix_of<'a>(text: &'a str, node: Node) -> &'a str {
    let name_at = node.range().start.saturating_add(1);
    let rest = text.get(name_at..).unwrap_or_default();
    let name = rest.split(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>').next();
    name.and_then(|name| name.strip_suffix(node.tag_name().name())).unwrap_or_default()
}

/// What lies between the start tag and the end tag of `node`; `None` if it has only one tag.
fn inside(text: &str, node: Node) -> Option<Range<usize>> {
    let range = node.range();
    let whole = text.get(range.clone())?;
    if !node.has_children() && whole.ends_with("/>") {
        return None;
    }
    // The last `</` of a well-formed element is that of its end tag. Where nothing is inside, the start
    // tag ends right before it.
    let end = range.start.saturating_add(whole.rfind("</")?);
    let start = node.first_child().map_or(end, |child| child.range().start);
    Some(start..end)
}

fn edit(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    let (mut out, mut at) = (String::with_capacity(text.len() + 256), 0);
    for (range, new) in edits {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(&new);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn box_of(rectangle: Rectangle) -> String {
    let Rectangle { x, y, width, height } = rectangle;
    format!("{x} {y} {width} {height}")
}
