//! What a document is made of: every file that is reached from its entry in `OFD.xml`.
//!
//! In: a package and one of its documents. Out: which files are rendered, which are only referred to,
//! which are named but missing, and which nothing refers to. A signature protects what a reader sees
//! only if it covers all that is rendered (see [`coverage`](super::coverage)).
//!
//! Where readers could differ, the larger set is taken: all templates, all resources, and both the
//! plain `DocRoot` and that of the current version. Each file is read once a role, so that circular
//! references end.

use std::collections::{BTreeSet, HashMap, VecDeque};

use roxmltree::Node;

use super::{
    document::{Document, MAIN_FILE},
    integrity, path,
    signature::{SignatureFile, SignatureList},
    xml,
    zip::Package,
};
use crate::{
    error::{Code, Error},
    limits::{CLOSURE_REFERENCES_MAX, CLOSURE_XML_BYTES_MAX},
};

/// The files of one document. All paths are canonical.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closure {
    /// Files that a reader shows or needs to show the document: `Document.xml`, pages, templates,
    /// resources, pictures, fonts, annotations, the current version's `DocVersion` file. `OFD.xml`
    /// itself is not among them: many real signatures leave it out, so it is judged apart.
    pub rendered: BTreeSet<String>,
    /// Files that are referred to but not shown: attachments, custom tags, extensions, the cover, other
    /// versions.
    pub referenced: BTreeSet<String>,
    /// Rendered files that are named but not in the package. A location that does not resolve inside
    /// the package stands here as it is written. If there is a file whose name differs in case only,
    /// some readers show that: it counts as rendered besides.
    pub missing: BTreeSet<String>,
    /// As `missing`, for files that are only referred to.
    pub missing_referenced: BTreeSet<String>,
    /// Referenced files (never rendered ones) that are not XML as their role demands, so that what they
    /// refer to is not known.
    pub unreadable: BTreeSet<String>,
    /// The signature list, if it is there.
    pub signature_list: Option<String>,
    /// For each signature, in the order of the list: its own files as far as they are there.
    pub signatures: Vec<BTreeSet<String>>,
    /// Files that nothing in the package refers to.
    pub unreferenced: BTreeSet<String>,
}

impl Document {
    /// Follows every reference of this document.
    ///
    /// # Errors
    /// Those of reading a rendered file as XML, with the file, unless it cannot hold references (pages
    /// are long, and nearly all refer to nothing); [`Code::LimitReached`](crate::Code)
    /// where the document refers to more than `CLOSURE_REFERENCES_MAX` or `CLOSURE_XML_BYTES_MAX`.
    pub fn closure(&self, package: &Package) -> Result<Closure, Error> {
        let closures = Closure::of_all(package, &Self::read_all(package)?)?;
        let missing = || Error::new(Code::BadOfd).field("DocBody").in_file(MAIN_FILE);
        closures.into_iter().nth(self.index()).ok_or_else(missing)
    }
}

impl Closure {
    /// Follows every reference of `documents`, which are all documents of the package, each once.
    ///
    /// # Errors
    /// As [`Document::closure`]; the limits hold for all documents together.
    pub fn of_all(package: &Package, documents: &[Document]) -> Result<Vec<Self>, Error> {
        let mut budget = Budget::default();
        let follow = |document| follow(package, document, &mut budget);
        let mut closures = documents.iter().map(follow).collect::<Result<Vec<_>, _>>()?;
        let mut reached: BTreeSet<String> = closures.iter().flat_map(Self::all).collect();
        reached.insert(MAIN_FILE.to_owned());
        reached.append(&mut integrity::own_files(package));
        let unreferenced = package.paths().filter(|path| !reached.contains(*path));
        let unreferenced: BTreeSet<String> = unreferenced.map(str::to_owned).collect();
        for closure in &mut closures {
            closure.unreferenced.clone_from(&unreferenced);
        }
        Ok(closures)
    }

    fn all(&self) -> BTreeSet<String> {
        let sets = [&self.rendered, &self.referenced].into_iter().chain(&self.signatures);
        sets.flatten().chain(&self.signature_list).cloned().collect()
    }
}

/// What a file is, and so what it may refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Document,
    Version,
    Page,
    Resources,
    Annotations,
    Attachments,
    CustomTags,
    Extensions,
    /// Refers to nothing.
    Leaf,
}

/// Whether a file is shown. What a referenced file refers to is at most referenced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    Referenced,
    Rendered,
}

/// Where in an element a location stands.
#[derive(Clone, Copy)]
enum Place {
    Text,
    Attribute(&'static str),
}

impl Role {
    /// The elements that hold locations: name, place, and what the location leads to.
    const fn locations(self) -> &'static [(&'static str, Place, Role, Use)] {
        use Place::{Attribute, Text};
        use Use::{Referenced, Rendered};
        match self {
            Self::Document => &[
                ("PublicRes", Text, Role::Resources, Rendered),
                ("DocumentRes", Text, Role::Resources, Rendered),
                ("TemplatePage", Attribute("BaseLoc"), Role::Page, Rendered),
                ("Page", Attribute("BaseLoc"), Role::Page, Rendered),
                ("Annotations", Text, Role::Annotations, Rendered),
                ("Attachments", Text, Role::Attachments, Referenced),
                ("CustomTags", Text, Role::CustomTags, Referenced),
                ("Extensions", Text, Role::Extensions, Referenced),
            ],
            Self::Version => &[
                ("DocRoot", Text, Role::Document, Rendered),
                ("File", Text, Role::Leaf, Referenced),
            ],
            Self::Page => &[("PageRes", Text, Role::Resources, Rendered)],
            Self::Resources => &[
                ("MediaFile", Text, Role::Leaf, Rendered),
                ("FontFile", Text, Role::Leaf, Rendered),
                ("ColorSpace", Attribute("Profile"), Role::Leaf, Rendered),
            ],
            Self::Annotations => &[("FileLoc", Text, Role::Leaf, Rendered)],
            Self::Attachments => &[("FileLoc", Text, Role::Leaf, Referenced)],
            Self::CustomTags => &[
                ("FileLoc", Text, Role::Leaf, Referenced),
                ("SchemaLoc", Text, Role::Leaf, Referenced),
            ],
            Self::Extensions => &[("ExtendData", Text, Role::Leaf, Referenced)],
            Self::Leaf => &[],
        }
    }
}

/// What following references has cost so far, over all documents of the package.
#[derive(Default)]
struct Budget {
    references: usize,
    xml_bytes: usize,
}

impl Budget {
    fn spend_reference(&mut self) -> Result<(), Error> {
        self.references = self.references.saturating_add(1);
        if self.references > CLOSURE_REFERENCES_MAX {
            return Err(Error::limit("CLOSURE_REFERENCES_MAX"));
        }
        Ok(())
    }

    fn spend_xml(&mut self, bytes: usize) -> Result<(), Error> {
        self.xml_bytes = self.xml_bytes.saturating_add(bytes);
        if self.xml_bytes > CLOSURE_XML_BYTES_MAX {
            return Err(Error::limit("CLOSURE_XML_BYTES_MAX"));
        }
        Ok(())
    }

    fn is_left(&self) -> bool {
        self.references <= CLOSURE_REFERENCES_MAX && self.xml_bytes <= CLOSURE_XML_BYTES_MAX
    }
}

fn follow(package: &Package, document: &Document, budget: &mut Budget) -> Result<Closure, Error> {
    let closure = Closure::default();
    let (queue, seen) = (VecDeque::new(), BTreeSet::new());
    let mut walk = Walk { package, closure, queue, seen, budget, folded: None };
    walk.refer("", document.doc_root(), Role::Document, Use::Rendered)?;
    for version in document.versions() {
        let shown = if version.current { Use::Rendered } else { Use::Referenced };
        walk.refer("", &version.path, Role::Version, shown)?;
    }
    if let Some(cover) = &document.info().cover {
        walk.refer("", cover, Role::Leaf, Use::Referenced)?;
    }
    while let Some((path, role, used)) = walk.queue.pop_front() {
        match walk.visit(&path, role, used) {
            Err(_) if used == Use::Referenced && walk.budget.is_left() => {
                walk.closure.unreadable.insert(path);
            }
            other => other?,
        }
    }
    let Walk { mut closure, budget, .. } = walk;
    let rendered = &closure.rendered;
    closure.referenced.retain(|path| !rendered.contains(path));
    add_signatures(package, document, &mut closure, budget)?;
    Ok(closure)
}

struct Walk<'a> {
    package: &'a Package,
    closure: Closure,
    queue: VecDeque<(String, Role, Use)>,
    seen: BTreeSet<(String, Role, Use)>,
    budget: &'a mut Budget,
    /// The files by their names without case; made when the first file is missing.
    folded: Option<HashMap<String, &'a str>>,
}

impl Walk<'_> {
    /// Notes a location written in a file of `folder`, and queues the file it means.
    fn refer(&mut self, folder: &str, location: &str, role: Role, used: Use) -> Result<(), Error> {
        self.budget.spend_reference()?;
        let resolved = path::resolve_in(folder, location).ok();
        let here = resolved.clone().filter(|path| self.package.contains(path));
        let path = if let Some(path) = here {
            path
        } else {
            // Where names have no case, a reader finds and shows a file that others miss.
            let other = resolved.as_ref().and_then(|path| self.under_other_case(path));
            let missing = match used {
                Use::Rendered => &mut self.closure.missing,
                Use::Referenced => &mut self.closure.missing_referenced,
            };
            missing.insert(resolved.unwrap_or_else(|| location.to_owned()));
            let Some(other) = other else { return Ok(()) };
            other
        };
        let set = match used {
            Use::Rendered => &mut self.closure.rendered,
            Use::Referenced => &mut self.closure.referenced,
        };
        set.insert(path.clone());
        let next = (path.clone(), role, used);
        if role != Role::Leaf && self.seen.insert(next.clone()) {
            self.queue.push_back(next);
        }
        Ok(())
    }

    fn under_other_case(&mut self, path: &str) -> Option<String> {
        let package = self.package;
        let by_folded = || package.paths().map(|path| (path::folded(path), path)).collect();
        let files = self.folded.get_or_insert_with(by_folded);
        files.get(&path::folded(path)).map(|path| (*path).to_owned())
    }

    /// Reads a file in its role and notes every location in it.
    fn visit(&mut self, path: &str, role: Role, used: Use) -> Result<(), Error> {
        let bytes = self.package.require(path)?;
        self.budget.spend_xml(bytes.len()).map_err(|error| error.in_file(path))?;
        let names = role.locations().iter().map(|(element, ..)| *element);
        if !xml::may_hold(bytes, path, names)? {
            return Ok(());
        }
        let tree = xml::parse(bytes, path)?;
        let folder = base_folder(tree.root_element(), path, role);
        for node in tree.descendants().filter(Node::is_element) {
            let name = node.tag_name().name();
            for (element, place, leads_to, shown) in role.locations() {
                if *element != name {
                    continue;
                }
                let location = match place {
                    Place::Text => xml::text(node),
                    Place::Attribute(name) => {
                        xml::attribute(node, name).unwrap_or_default().to_owned()
                    }
                };
                if !location.is_empty() {
                    let used = used.min(*shown);
                    self.refer(&folder, &location, *leads_to, used)
                        .map_err(|error| error.in_file(path))?;
                }
            }
        }
        Ok(())
    }
}

/// The folder from which a file's locations start: its own, or for resources the `BaseLoc` inside that
/// (GB/T 33190-2016, 7.9). A `BaseLoc` that does not resolve leaves all its locations unresolved.
fn base_folder(root: Node, path: &str, role: Role) -> String {
    let own = path::folder_of(path);
    match xml::attribute(root, "BaseLoc") {
        Some("." | "./") | None => own.to_owned(),
        Some("/") => String::new(),
        Some(base) if role == Role::Resources => {
            let base = base.strip_suffix('/').unwrap_or(base);
            path::resolve_in(own, base).unwrap_or_else(|_| UNRESOLVED.to_owned())
        }
        Some(_) => own.to_owned(),
    }
}

/// No package has files in this folder: `\` is refused in their names.
const UNRESOLVED: &str = "\\";

fn add_signatures(
    package: &Package,
    document: &Document,
    closure: &mut Closure,
    budget: &mut Budget,
) -> Result<(), Error> {
    let SignatureList::Present { path, entries, .. } = SignatureList::read(package, document)?
    else {
        return Ok(());
    };
    closure.signature_list = Some(path);
    for entry in entries {
        let bytes = package.entry(&entry.path);
        budget.spend_xml(bytes.map_or(0, <[u8]>::len))?;
        let file = bytes.map(|bytes| SignatureFile::parse(bytes, &entry.path));
        let mut own = BTreeSet::from([entry.path]);
        // A signature that cannot be read is reported where it is verified.
        if let Some(Ok(file)) = file {
            own.extend(file.signed_value_path);
            own.extend(file.seal_path);
        }
        own.retain(|path| package.contains(path));
        closure.signatures.push(own);
    }
    Ok(())
}
