//! `OFD.xml` and the documents it names: GB/T 33190-2016, 7.4 and 7.5, and their pages' text.

use std::collections::BTreeSet;

use roxmltree::Node;

use super::{path::resolve, xml, zip::Package};
use crate::{
    error::{Code, Error},
    limits::{
        CLOSURE_XML_BYTES_MAX, CUSTOM_DATAS_MAX, DOCUMENT_PAGES_MAX, DOCUMENT_VERSIONS_MAX,
        DOCUMENTS_MAX,
    },
};

/// The file with which every OFD package begins.
pub const MAIN_FILE: &str = "OFD.xml";

/// One document of a package: a `DocBody` of `OFD.xml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    index: usize,
    info: DocInfo,
    doc_root: String,
    versions: Vec<Version>,
    signatures_path: Option<String>,
}

/// `DocInfo`: what the document says about itself. Texts are as written, none is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocInfo {
    /// `DocID`, by the standard a UUID of 32 hexadecimal digits; producers write other things too.
    pub doc_id: Option<String>,
    /// `Title`.
    pub title: Option<String>,
    /// `Author`.
    pub author: Option<String>,
    /// `Subject`.
    pub subject: Option<String>,
    /// `Abstract`.
    pub summary: Option<String>,
    /// `CreationDate`, as written.
    pub creation_date: Option<String>,
    /// `ModDate`, as written.
    pub modification_date: Option<String>,
    /// `DocUsage`.
    pub usage: Option<String>,
    /// `Cover`: the path of a cover picture, as written.
    pub cover: Option<String>,
    /// `Creator`: the program that made the document.
    pub creator: Option<String>,
    /// `CreatorVersion`.
    pub creator_version: Option<String>,
    /// `Keywords`.
    pub keywords: Vec<String>,
    /// `CustomDatas`: name and value of each item, in their order.
    pub custom_datas: Vec<(String, String)>,
}

/// A version of a document: `Versions/Version`, and the `DocVersion` file it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// `ID`.
    pub id: String,
    /// `Current`: whether a reader shows this version.
    pub current: bool,
    /// The canonical path of the `DocVersion` file.
    pub path: String,
}

/// A page: `Document.xml`, `Pages/Page`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// `ID`, which stamps name in `PageRef`.
    pub id: String,
    /// The canonical path of the page's content.
    pub path: String,
}

/// The text of a page: one string for each text object, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageText {
    /// The page.
    pub page: Page,
    /// The `TextCode` contents of each `TextObject`, joined.
    pub texts: Vec<String>,
}

impl Document {
    /// Reads the first document of a package; a licence has one.
    ///
    /// # Errors
    /// As [`Document::read_all`].
    pub fn read(package: &Package) -> Result<Self, Error> {
        let missing = || Error::new(Code::BadOfd).field("DocBody").in_file(MAIN_FILE);
        Self::read_all(package)?.into_iter().next().ok_or_else(missing)
    }

    /// Reads all documents of a package.
    ///
    /// # Errors
    /// [`Code::EntryMissing`] without `OFD.xml`; [`Code::BadXml`], [`Code::BadOfd`] or
    /// [`Code::BadPath`] where it is malformed; [`Code::LimitReached`].
    pub fn read_all(package: &Package) -> Result<Vec<Self>, Error> {
        let tree = xml::parse(package.require(MAIN_FILE)?, MAIN_FILE)?;
        let read = || {
            let root = xml::root(&tree, "OFD")?;
            let mut documents = Vec::new();
            for (index, body) in xml::children(root, "DocBody").enumerate() {
                if index >= DOCUMENTS_MAX {
                    return Err(Error::limit("DOCUMENTS_MAX"));
                }
                documents.push(Self::read_body(body, index)?);
            }
            if documents.is_empty() { Err(xml::bad("DocBody", root)) } else { Ok(documents) }
        };
        read().map_err(|error| error.in_file(MAIN_FILE))
    }

    fn read_body(body: Node, index: usize) -> Result<Self, Error> {
        let info = xml::child(body, "DocInfo")?.map(DocInfo::read).transpose()?.unwrap_or_default();
        let doc_root = xml::required(body, "DocRoot")?;
        let doc_root = resolve(MAIN_FILE, &xml::text(doc_root))?;
        let signatures = xml::child_text(body, "Signatures")?;
        let signatures_path = signatures.map(|path| resolve(MAIN_FILE, &path)).transpose()?;
        let mut versions = Vec::new();
        if let Some(list) = xml::child(body, "Versions")? {
            for version in xml::children(list, "Version") {
                if versions.len() >= DOCUMENT_VERSIONS_MAX {
                    return Err(Error::limit("DOCUMENT_VERSIONS_MAX"));
                }
                versions.push(Version::read(version)?);
            }
            // Readers would differ in which of two current versions they show.
            if versions.iter().filter(|version| version.current).count() > 1 {
                return Err(xml::bad("Current", list));
            }
        }
        Ok(Self { index, info, doc_root, versions, signatures_path })
    }

    /// Which `DocBody` this is, counted from 0.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// What the document says about itself.
    #[must_use]
    pub const fn info(&self) -> &DocInfo {
        &self.info
    }

    /// `DocID`.
    #[must_use]
    pub fn doc_id(&self) -> Option<&str> {
        self.info.doc_id.as_deref()
    }

    /// `Title`.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.info.title.as_deref()
    }

    /// `CustomDatas`: name and value of each item. They are protected by a signature only if it covers
    /// `OFD.xml`.
    #[must_use]
    pub fn custom_datas(&self) -> &[(String, String)] {
        &self.info.custom_datas
    }

    /// `DocRoot`: the canonical path of `Document.xml`.
    #[must_use]
    pub fn doc_root(&self) -> &str {
        &self.doc_root
    }

    /// The versions of the document; empty in nearly all packages.
    #[must_use]
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// The canonical path of the signature list, if `OFD.xml` names one; the file may be missing.
    #[must_use]
    pub fn signatures_path(&self) -> Option<&str> {
        self.signatures_path.as_deref()
    }

    /// The `Document.xml` that a reader shows: that of the current version, else [`Self::doc_root`].
    ///
    /// # Errors
    /// As [`Document::read_all`], for the `DocVersion` file.
    pub fn effective_root(&self, package: &Package) -> Result<String, Error> {
        match self.versions.iter().find(|version| version.current) {
            Some(version) => version.read_root(package),
            None => Ok(self.doc_root.clone()),
        }
    }

    /// The pages that a reader shows, in their order.
    ///
    /// # Errors
    /// As [`Document::read_all`], for `Document.xml`.
    pub fn pages(&self, package: &Package) -> Result<Vec<Page>, Error> {
        let path = self.effective_root(package)?;
        let tree = xml::parse(package.require(&path)?, &path)?;
        let read = || {
            let list = xml::required(xml::root(&tree, "Document")?, "Pages")?;
            let mut pages = Vec::new();
            let mut ids = BTreeSet::new();
            for page in xml::children(list, "Page") {
                if pages.len() >= DOCUMENT_PAGES_MAX {
                    return Err(Error::limit("DOCUMENT_PAGES_MAX"));
                }
                let id = xml::attribute(page, "ID").ok_or_else(|| xml::bad("ID", page))?;
                let location = xml::attribute(page, "BaseLoc");
                let location = location.ok_or_else(|| xml::bad("BaseLoc", page))?;
                if !ids.insert(id) {
                    return Err(xml::bad("ID", page));
                }
                pages.push(Page { id: id.to_owned(), path: resolve(&path, location)? });
            }
            Ok(pages)
        };
        read().map_err(|error| error.in_file(&path))
    }

    /// The text of every page. Templates and annotations are left out.
    ///
    /// # Errors
    /// As [`Document::pages`], also for the pages' files; [`Code::LimitReached`] beyond
    /// `CLOSURE_XML_BYTES_MAX`, in which a file counts for every page that names it.
    pub fn page_texts(&self, package: &Package) -> Result<Vec<PageText>, Error> {
        let pages = self.pages(package)?;
        let sizes = pages.iter().filter_map(|page| package.entry(&page.path)).map(<[u8]>::len);
        if sizes.fold(0, usize::saturating_add) > CLOSURE_XML_BYTES_MAX {
            return Err(Error::limit("CLOSURE_XML_BYTES_MAX"));
        }
        pages.into_iter().map(|page| PageText::read(package, page)).collect()
    }
}

impl PageText {
    fn read(package: &Package, page: Page) -> Result<Self, Error> {
        let tree = xml::parse(package.require(&page.path)?, &page.path)?;
        let objects = tree.descendants().filter(|node| xml::is(*node, "TextObject"));
        let join = |object: Node| xml::children(object, "TextCode").map(xml::text).collect();
        let texts = objects.map(join).collect();
        Ok(Self { page, texts })
    }
}

impl Version {
    fn read(node: Node) -> Result<Self, Error> {
        let id = xml::attribute(node, "ID").unwrap_or_default().to_owned();
        let current = match xml::attribute(node, "Current") {
            Some("true" | "1") => true,
            Some("false" | "0") | None => false,
            Some(_) => return Err(xml::bad("Current", node)),
        };
        let location = xml::attribute(node, "BaseLoc").ok_or_else(|| xml::bad("BaseLoc", node))?;
        Ok(Self { id, current, path: resolve(MAIN_FILE, location)? })
    }

    /// The `DocRoot` of the `DocVersion` file.
    pub(super) fn read_root(&self, package: &Package) -> Result<String, Error> {
        let tree = xml::parse(package.require(&self.path)?, &self.path)?;
        let read = || {
            let root = xml::required(xml::root(&tree, "DocVersion")?, "DocRoot")?;
            resolve(&self.path, &xml::text(root))
        };
        read().map_err(|error| error.in_file(&self.path))
    }
}

impl DocInfo {
    fn read(node: Node) -> Result<Self, Error> {
        let text = |name| xml::child_text(node, name);
        let keywords = xml::child(node, "Keywords")?;
        let keywords = keywords.iter().flat_map(|list| xml::children(*list, "Keyword"));
        Ok(Self {
            doc_id: text("DocID")?,
            title: text("Title")?,
            author: text("Author")?,
            subject: text("Subject")?,
            summary: text("Abstract")?,
            creation_date: text("CreationDate")?,
            modification_date: text("ModDate")?,
            usage: text("DocUsage")?,
            cover: text("Cover")?,
            creator: text("Creator")?,
            creator_version: text("CreatorVersion")?,
            keywords: keywords.map(xml::text).collect(),
            custom_datas: read_custom_datas(node)?,
        })
    }
}

/// The attribute is `Name` by the standard; some producers write `name`.
fn read_custom_datas(info: Node) -> Result<Vec<(String, String)>, Error> {
    let Some(list) = xml::child(info, "CustomDatas")? else { return Ok(Vec::new()) };
    let mut datas = Vec::new();
    for item in xml::children(list, "CustomData") {
        if datas.len() >= CUSTOM_DATAS_MAX {
            return Err(Error::limit("CUSTOM_DATAS_MAX"));
        }
        let name = xml::attribute(item, "Name").or_else(|| xml::attribute(item, "name"));
        let name = name.ok_or_else(|| xml::bad("Name", item))?;
        datas.push((name.to_owned(), xml::text(item)));
    }
    Ok(datas)
}
