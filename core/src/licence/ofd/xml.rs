//! XML files of a package: `roxmltree` behind limits, and the few ways in which they are read.
//!
//! In: a file's bytes. Out: a tree that borrows them; ranges of its nodes are byte ranges of the file.
//! Elements are matched by their local names, as producers use several namespaces (and none). There is
//! no DTD, so no entity beyond the five of XML. An element that may stand once and stands twice is an
//! error: readers differ in which of the two they follow.

use roxmltree::{Document, Node, ParsingOptions, TextPos};

use super::path::trim;
use crate::{
    error::{Code, Error},
    limits::{
        XML_ATTRIBUTES_MAX, XML_ATTRIBUTES_PER_ELEMENT_MAX, XML_BYTES_MAX, XML_DEPTH_MAX,
        XML_NAMESPACES_MAX, XML_NODES_MAX,
    },
};

/// Parses `bytes`, the content of `file`.
///
/// # Errors
/// [`Code::UnsupportedEncoding`] for anything but UTF-8, [`Code::BadUtf8`], [`Code::BadXml`] with the
/// byte offset, [`Code::LimitReached`]; each with the file.
pub(crate) fn parse<'a>(bytes: &'a [u8], file: &str) -> Result<Document<'a>, Error> {
    parse_text(bytes).map_err(|error| error.in_file(file))
}

/// Whether `bytes`, the content of `file`, could hold an element with one of these names; if not, they
/// need not be parsed.
///
/// A name of XML stands in the file letter by letter. Only a DTD could bring it in otherwise: files with
/// `<!` are always to be parsed, which refuses the DTD.
///
/// # Errors
/// As [`parse`], but for [`Code::BadXml`].
pub(crate) fn may_hold<'n>(
    bytes: &[u8],
    file: &str,
    mut names: impl Iterator<Item = &'n str>,
) -> Result<bool, Error> {
    let text = utf8(bytes).map_err(|error| error.in_file(file))?;
    Ok(text.contains("<!") || names.any(|name| text.contains(name)))
}

fn utf8(bytes: &[u8]) -> Result<&str, Error> {
    if bytes.len() > XML_BYTES_MAX {
        return Err(Error::limit("XML_BYTES_MAX"));
    }
    check_encoding(bytes)?;
    std::str::from_utf8(bytes).map_err(|error| Error::new(Code::BadUtf8).at(error.valid_up_to()))
}

fn parse_text(bytes: &[u8]) -> Result<Document<'_>, Error> {
    let text = utf8(bytes)?;
    check_limits(bytes)?;
    let options = ParsingOptions { nodes_limit: XML_NODES_MAX, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| {
        if matches!(error, roxmltree::Error::NodesLimitReached) {
            Error::limit("XML_NODES_MAX")
        } else {
            Error::new(Code::BadXml).at(offset_of(text, error.pos()))
        }
    })
}

/// The root element, which must be called `name`.
pub(crate) fn root<'a, 'i>(
    document: &'a Document<'i>,
    name: &'static str,
) -> Result<Node<'a, 'i>, Error> {
    let root = document.root_element();
    if is(root, name) { Ok(root) } else { Err(bad(name, root)) }
}

/// The child elements with this local name.
pub(crate) fn children<'a, 'i: 'a>(
    node: Node<'a, 'i>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| is(*child, name))
}

/// The child element with this local name, of which there may be one.
pub(crate) fn child<'a, 'i>(
    node: Node<'a, 'i>,
    name: &'static str,
) -> Result<Option<Node<'a, 'i>>, Error> {
    let mut found = children(node, name);
    match (found.next(), found.next()) {
        (Some(_), Some(second)) => Err(bad(name, second)),
        (first, _) => Ok(first),
    }
}

/// The child element with this local name, of which there must be one.
pub(crate) fn required<'a, 'i>(
    node: Node<'a, 'i>,
    name: &'static str,
) -> Result<Node<'a, 'i>, Error> {
    child(node, name)?.ok_or_else(|| bad(name, node))
}

/// The text of the one child with this local name, without surrounding white space; `None` if there is
/// no such child or no text in it.
pub(crate) fn child_text(node: Node, name: &'static str) -> Result<Option<String>, Error> {
    Ok(child(node, name)?.map(text).filter(|text| !text.is_empty()))
}

/// All text directly inside `node`, without surrounding white space. Comments do not cut it short.
pub(crate) fn text(node: Node) -> String {
    let mut whole = String::new();
    for child in node.children().filter(Node::is_text) {
        whole.push_str(child.text().unwrap_or_default());
    }
    trim(&whole).to_owned()
}

/// The value of an attribute without prefix, without surrounding white space; `None` if absent or
/// empty.
pub(crate) fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    Some(trim(node.attribute(name)?)).filter(|value| !value.is_empty())
}

/// Whether `node` is an element with this local name.
pub(crate) fn is(node: Node, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

/// The structure is wrong at `node`, as far as `field` is concerned.
pub(crate) fn bad(field: &'static str, node: Node) -> Error {
    Error::new(Code::BadOfd).field(field).at(node.range().start)
}

fn check_encoding(bytes: &[u8]) -> Result<(), Error> {
    let other = Err(Error::new(Code::UnsupportedEncoding).at(0));
    if matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'<', 0, ..] | [0, b'<', ..]) {
        return other;
    }
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Some(declaration) = body.strip_prefix(b"<?xml") else { return Ok(()) };
    let end = declaration.iter().position(|&byte| byte == b'>').unwrap_or(declaration.len());
    let declaration = declaration.get(..end).unwrap_or_default();
    let Some(at) = declaration.windows(8).position(|window| window == b"encoding") else {
        return Ok(());
    };
    let value = declaration.get(at + 8..).unwrap_or_default();
    let mut parts = value.split(|byte| matches!(byte, b'"' | b'\''));
    let name = parts.nth(1).unwrap_or_default();
    let utf8 = [&b"utf-8"[..], b"utf8", b"us-ascii"];
    if utf8.iter().any(|known| known.eq_ignore_ascii_case(name)) { Ok(()) } else { other }
}

/// Holds the limits before the parser runs, as its time and memory grow with the square of attributes
/// and of nested namespace declarations.
///
/// This look at the markup is right for well-formed XML. In other XML it may stop early; but there the
/// parser stops too, at the first fault, having seen only what was looked at correctly.
fn check_limits(bytes: &[u8]) -> Result<(), Error> {
    let (mut depth, mut attributes, mut namespaces) = (0_usize, 0_usize, 0_usize);
    let mut at = 0;
    while let Some(start) = find(bytes, at, b"<") {
        let rest = bytes.get(start..).unwrap_or_default();
        let limit = |name| Err(Error::limit(name).at(start));
        at = match rest {
            [b'<', b'!', b'-', b'-', ..] => after(bytes, start + 4, b"-->"),
            [b'<', b'!', b'[', ..] => after(bytes, start + 3, b"]]>"),
            [b'<', b'!', ..] => return Err(Error::new(Code::BadXml).field("DTD").at(start)),
            [b'<', b'?', ..] => after(bytes, start + 2, b"?>"),
            [b'<', b'/', ..] => {
                depth = depth.saturating_sub(1);
                after(bytes, start + 2, b">")
            }
            _ => {
                let tag = Tag::read(rest);
                depth += usize::from(!tag.empty);
                attributes += tag.attributes;
                namespaces += tag.namespaces;
                if tag.attributes > XML_ATTRIBUTES_PER_ELEMENT_MAX {
                    return limit("XML_ATTRIBUTES_PER_ELEMENT_MAX");
                }
                start + tag.length
            }
        };
        match (depth, attributes, namespaces) {
            (XML_DEPTH_PAST.., _, _) => return limit("XML_DEPTH_MAX"),
            (_, XML_ATTRIBUTES_PAST.., _) => return limit("XML_ATTRIBUTES_MAX"),
            (_, _, XML_NAMESPACES_PAST..) => return limit("XML_NAMESPACES_MAX"),
            _ => {}
        }
    }
    Ok(())
}

const XML_DEPTH_PAST: usize = XML_DEPTH_MAX + 1;
const XML_ATTRIBUTES_PAST: usize = XML_ATTRIBUTES_MAX + 1;
const XML_NAMESPACES_PAST: usize = XML_NAMESPACES_MAX + 1;

/// What the limits need to know of a start tag.
struct Tag {
    length: usize,
    attributes: usize,
    namespaces: usize,
    empty: bool,
}

impl Tag {
    /// The start tag at the beginning of `bytes`. A `>` inside quotes does not end it.
    fn read(bytes: &[u8]) -> Self {
        let (mut attributes, mut quote, mut last) = (0, None, 0);
        let mut length = bytes.len();
        for (at, &byte) in bytes.iter().enumerate() {
            match (quote, byte) {
                (Some(open), _) if byte == open => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => {
                    quote = Some(byte);
                    attributes += 1;
                }
                (None, b'>') => {
                    length = at + 1;
                    break;
                }
                (None, _) => last = byte,
            }
        }
        let tag = bytes.get(..length).unwrap_or_default();
        let namespaces = tag.windows(5).filter(|window| window == b"xmlns").count();
        Self { length, attributes, namespaces, empty: last == b'/' }
    }
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let found = match what {
        [byte] => rest.iter().position(|other| other == byte),
        _ => rest.windows(what.len()).position(|window| window == what),
    };
    found.map(|at| from + at)
}

fn after(bytes: &[u8], from: usize, what: &[u8]) -> usize {
    find(bytes, from, what).map_or(bytes.len(), |at| at + what.len())
}

/// The byte offset of a line and column, both counted from 1, the column in characters.
fn offset_of(text: &str, position: TextPos) -> usize {
    let usize_of = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let lines_before = usize_of(position.row).saturating_sub(1);
    let line_start: usize = text.split_inclusive('\n').take(lines_before).map(str::len).sum();
    let line = text.get(line_start..).unwrap_or_default();
    let columns = usize_of(position.col).saturating_sub(1);
    line_start + line.char_indices().nth(columns).map_or(line.len(), |(at, _)| at)
}
