//! XML that is refused: other encodings, faults, and everything beyond a limit.

use crate::{
    error::Code,
    licence::ofd::xml,
    limits::{
        XML_ATTRIBUTES_MAX, XML_ATTRIBUTES_PER_ELEMENT_MAX, XML_BYTES_MAX, XML_DEPTH_MAX,
        XML_NAMESPACES_MAX, XML_NODES_MAX,
    },
};

#[test]
fn encodings() {
    let utf16: Vec<u8> = "<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&[0xff, 0xfe][..], &utf16].concat();
    for (bytes, code) in [
        (&b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?><a/>"[..], None),
        (b"<?xml version='1.0' encoding=\"UTF8\" standalone='yes'?><a/>", None),
        (b"<?xml version='1.0'?><a encoding='GBK'/>", None),
        ("<a>中</a>".as_bytes(), None),
        (b"<?xml version='1.0' encoding='GBK'?><a/>", Some(Code::UnsupportedEncoding)),
        (b"<?xml version='1.0' encoding = 'gb18030' ?><a/>", Some(Code::UnsupportedEncoding)),
        (&utf16, Some(Code::UnsupportedEncoding)),
        (&marked, Some(Code::UnsupportedEncoding)),
        (b"<a>\xd6\xd0</a>", Some(Code::BadUtf8)),
        (b"", Some(Code::BadXml)),
    ] {
        let error = xml::parse(bytes, "f.xml").err();
        assert_eq!(error.as_ref().map(|error| error.code()), code, "{bytes:?}");
        assert!(error.is_none_or(|error| error.file() == Some("f.xml")));
    }
    let error = xml::parse(b"<a>\xd6\xd0</a>", "f.xml").unwrap_err();
    assert_eq!(error.offset(), Some(3));
}

#[test]
fn xml_faults_have_offsets() {
    for (text, offset) in [
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", 0),
        ("<a>\n中文<b>\n</a>", 14),
        ("<a b='1' b='2'/>", 9),
        ("<a>&b;</a>", 3),
        ("<a><p:b/></a>", 4),
    ] {
        let error = xml::parse(text.as_bytes(), "f.xml").unwrap_err();
        assert_eq!((error.code(), error.offset()), (Code::BadXml, Some(offset)), "{text}");
    }
    assert_eq!(xml::parse(b"<!DOCTYPE a><a/>", "f").unwrap_err().field_name(), Some("DTD"));
}

/// The limit that `make(n)` reaches for n one past it, and that it does not reach at it.
fn assert_xml_limit(name: &'static str, most: usize, make: impl Fn(usize) -> String) {
    let at = make(most);
    assert!(xml::parse(at.as_bytes(), "f").is_ok(), "{name} {:?}", xml::parse(at.as_bytes(), "f"));
    let error = xml::parse(make(most + 1).as_bytes(), "f").unwrap_err();
    assert_eq!((error.code(), error.field_name()), (Code::LimitReached, Some(name)));
}

#[test]
fn xml_is_bounded() {
    assert_xml_limit("XML_DEPTH_MAX", XML_DEPTH_MAX, |n| {
        ["<a t='>'>".repeat(n), "</a>".repeat(n)].concat()
    });
    assert_xml_limit("XML_ATTRIBUTES_PER_ELEMENT_MAX", XML_ATTRIBUTES_PER_ELEMENT_MAX, |n| {
        (0..n).fold(String::from("<a"), |text, k| text + &format!(" b{k}=\"'\"")) + "/>"
    });
    assert_xml_limit("XML_NAMESPACES_MAX", XML_NAMESPACES_MAX, |n| {
        format!("<r>{}</r>", "<a xmlns:p='u'/>".repeat(n))
    });
    let many = XML_ATTRIBUTES_MAX / 50;
    let element = |n| (0..n).fold(String::from("<a"), |text, k| text + &format!(" b{k}=''")) + "/>";
    assert_xml_limit("XML_ATTRIBUTES_MAX", XML_ATTRIBUTES_MAX, |n| {
        format!(
            "<r>{}{}</r>",
            element(50).repeat(many),
            if n > many * 50 { element(1) } else { String::new() }
        )
    });
    let nodes = usize::try_from(XML_NODES_MAX).unwrap();
    assert_xml_limit("XML_NODES_MAX", nodes, |n| format!("<r>{}</r>", "<a/>".repeat(n - 2)));
    assert_xml_limit("XML_BYTES_MAX", XML_BYTES_MAX, |n| format!("<r>{}</r>", "x".repeat(n - 7)));
    // What looks like markup inside comments, CDATA and instructions does not count.
    let quiet =
        format!("<r><!-- {0} --><![CDATA[{0}]]><?p {0}?></r>", "<a>".repeat(XML_DEPTH_MAX + 1));
    assert!(xml::parse(quiet.as_bytes(), "f").is_ok());
}

#[test]
fn hostile_markup_is_refused_in_time() {
    // Each would take the parser's time or memory with the square of its length.
    let attributes = (0..200_000).fold(String::from("<a"), |text, k| text + &format!(" b{k}=''"));
    let nested: String = (0..50_000).map(|k| format!("<a xmlns:n{k}='u'>")).collect();
    for text in [attributes + "/>", nested, "<a>".repeat(1 << 20), "<".repeat(1 << 20)] {
        assert!(xml::parse(text.as_bytes(), "f").is_err());
    }
}
