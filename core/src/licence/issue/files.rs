//! The files of the package: GB/T 33190-2016, clauses 7 to 11 and 16.

use super::{
    data::Complete,
    frame::mm,
    layout::{Colour, Font, Ink, Object, PAGE, Page, Um},
    text::Line,
};
use crate::{
    error::{Code, Error},
    licence::metadata::Element,
    primitives::sm3,
};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const NAMESPACE: &str = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";
/// The name space of the data index. GB/T 36905 as practised fixes the form of the references, not the
/// name of the list.
const INDEX_NAMESPACE: &str = "urn:yinxin:licence-data-index";

// Identifiers are unique in the document: the page, its resources, the layer, then the objects.
const PAGE_ID: usize = 1;
const COLOUR_SPACE_ID: usize = 2;
const FONTS: [(Font, usize, &str, &str); 3] = [
    (Font::Song, 3, "宋体", "SimSun"),
    (Font::Hei, 4, "黑体", "SimHei"),
    (Font::Kai, 5, "楷体", "KaiTi"),
];
const DRAW_PARAM_ID: usize = 6;
const LAYER_ID: usize = 7;
const FIRST_OBJECT_ID: usize = 8;

/// All files, `OFD.xml` first.
pub(super) fn package(complete: &Complete, page: &Page) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let files = [
        ("OFD.xml", main_file(complete)?),
        ("Doc_0/Document.xml", document(page)),
        ("Doc_0/PublicRes.xml", public_resources()),
        ("Doc_0/DocumentRes.xml", document_resources()),
        ("Doc_0/Pages/Page_0/Content.xml", content(page)),
        ("Doc_0/Tags/CustomTags.xml", custom_tags()),
        ("Doc_0/Tags/DataIndex.xml", data_index(page)?),
    ];
    Ok(files.map(|(path, text)| (path.to_owned(), text.into_bytes())).into())
}

fn main_file(complete: &Complete) -> Result<String, Error> {
    let metadata = &complete.metadata;
    let text = |element| escaped(metadata.text(element).unwrap_or_default());
    // Stable, and unlike for unlike licences and versions: half of the identifier's digest.
    let digest = sm3::hash(complete.identifier.to_string().as_bytes());
    let doc_id: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let mut custom = String::new();
    for (name, value) in metadata.to_custom_datas() {
        if name.is_empty() {
            return Err(Error::new(Code::BadData).field("name"));
        }
        let (name, value) = (escaped(&name), escaped(&value));
        custom.push_str(&format!("<ofd:CustomData Name=\"{name}\">{value}</ofd:CustomData>"));
    }
    Ok(format!(
        "{HEAD}<ofd:OFD {NAMESPACE} Version=\"1.1\" DocType=\"OFD\"><ofd:DocBody><ofd:DocInfo>\
         <ofd:DocID>{doc_id}</ofd:DocID><ofd:Title>{}</ofd:Title><ofd:Author>{}</ofd:Author>\
         <ofd:CreationDate>{}</ofd:CreationDate><ofd:Creator>yinxin</ofd:Creator>\
         <ofd:CreatorVersion>{}</ofd:CreatorVersion><ofd:CustomDatas>{custom}</ofd:CustomDatas>\
         </ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        text(Element::Name),
        text(Element::IssuingAuthority),
        text(Element::IssuedOn),
        env!("CARGO_PKG_VERSION"),
    ))
}

fn document(page: &Page) -> String {
    let last = FIRST_OBJECT_ID + page.objects.len();
    let (width, height) = (mm(PAGE.0), mm(PAGE.1));
    format!(
        "{HEAD}<ofd:Document {NAMESPACE}><ofd:CommonData><ofd:MaxUnitID>{last}</ofd:MaxUnitID>\
         <ofd:PageArea><ofd:PhysicalBox>0 0 {width} {height}</ofd:PhysicalBox></ofd:PageArea>\
         <ofd:PublicRes>PublicRes.xml</ofd:PublicRes>\
         <ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes></ofd:CommonData>\
         <ofd:Pages><ofd:Page ID=\"{PAGE_ID}\" BaseLoc=\"Pages/Page_0/Content.xml\"/></ofd:Pages>\
         <ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags></ofd:Document>"
    )
}

fn public_resources() -> String {
    let font = |(_, id, name, family)| {
        format!("<ofd:Font ID=\"{id}\" FontName=\"{name}\" FamilyName=\"{family}\"/>")
    };
    let fonts = FONTS.map(font).concat();
    format!(
        "{HEAD}<ofd:Res {NAMESPACE} BaseLoc=\"Res\"><ofd:ColorSpaces>\
         <ofd:ColorSpace ID=\"{COLOUR_SPACE_ID}\" Type=\"RGB\" BitsPerComponent=\"8\"/>\
         </ofd:ColorSpaces><ofd:Fonts>{fonts}</ofd:Fonts></ofd:Res>"
    )
}

fn document_resources() -> String {
    format!(
        "{HEAD}<ofd:Res {NAMESPACE} BaseLoc=\"Res\"><ofd:DrawParams>\
         <ofd:DrawParam ID=\"{DRAW_PARAM_ID}\" Join=\"Miter\" LineWidth=\"0.25\"/>\
         </ofd:DrawParams></ofd:Res>"
    )
}

fn content(page: &Page) -> String {
    let mut objects = String::new();
    for (object, id) in page.objects.iter().zip(FIRST_OBJECT_ID..) {
        match object {
            Object::Text { line, font, size, x, baseline, colour } => {
                objects.push_str(&text_object(id, line, *font, *size, [*x, *baseline], *colour));
            }
            Object::Path { data, area, ink } => {
                objects.push_str(&path_object(id, data, *area, *ink));
            }
        }
    }
    format!(
        "{HEAD}<ofd:Page {NAMESPACE}><ofd:Content>\
         <ofd:Layer ID=\"{LAYER_ID}\" Type=\"Body\" DrawParam=\"{DRAW_PARAM_ID}\">{objects}</ofd:Layer>\
         </ofd:Content></ofd:Page>"
    )
}

/// The boundary holds the glyphs with room above and below, because readers clip at it.
fn text_object(id: usize, line: &Line, font: Font, size: Um, at: [Um; 2], ink: Colour) -> String {
    let [x, baseline] = at;
    let above = size;
    let font = FONTS.iter().find(|(name, ..)| *name == font).map_or(0, |(_, id, ..)| *id);
    let boundary = [x, baseline - above, line.width + size / 10, size * 13 / 10].map(mm).join(" ");
    let delta = deltas(&line.advances);
    let delta = if delta.is_empty() { delta } else { format!(" DeltaX=\"{delta}\"") };
    format!(
        "<ofd:TextObject ID=\"{id}\" Boundary=\"{boundary}\" Font=\"{font}\" Size=\"{}\">\
         <ofd:FillColor Value=\"{}\"/><ofd:TextCode X=\"0\" Y=\"{}\"{delta}>{}</ofd:TextCode>\
         </ofd:TextObject>",
        mm(size),
        colour(ink),
        mm(above),
        escaped(&line.text)
    )
}

/// Readers clip at the boundary, so it leaves a margin of 1 mm, which holds the widest stroke. The
/// matrix keeps the path's numbers those of the page.
fn path_object(id: usize, data: &str, area: [Um; 4], ink: Ink) -> String {
    let [x, y, width, height] = area;
    let boundary = [x - 1_000, y - 1_000, width + 2_000, height + 2_000].map(mm).join(" ");
    let matrix = format!("1 0 0 1 {} {}", mm(1_000 - x), mm(1_000 - y));
    let (attributes, inks) = match ink {
        Ink::Fill(fill) => (
            "Stroke=\"false\" Fill=\"true\"".to_owned(),
            format!("<ofd:FillColor Value=\"{}\"/>", colour(fill)),
        ),
        Ink::Stroke { colour: stroke, width } => (
            format!("LineWidth=\"{}\"", mm(width)),
            format!("<ofd:StrokeColor Value=\"{}\"/>", colour(stroke)),
        ),
    };
    format!(
        "<ofd:PathObject ID=\"{id}\" Boundary=\"{boundary}\" CTM=\"{matrix}\" {attributes}>{inks}\
         <ofd:AbbreviatedData>{data}</ofd:AbbreviatedData></ofd:PathObject>"
    )
}

/// GB/T 33190-2016, 11.3: `g n v` stands for `v` n times.
fn deltas(advances: &[Um]) -> String {
    let runs = advances.chunk_by(|a, b| a == b).filter_map(|run| Some((run.len(), run.first()?)));
    let show = |(count, advance): (usize, &Um)| match count {
        1 => mm(*advance),
        _ => format!("g {count} {}", mm(*advance)),
    };
    runs.map(show).collect::<Vec<_>>().join(" ")
}

fn custom_tags() -> String {
    format!(
        "{HEAD}<ofd:CustomTags {NAMESPACE}><ofd:CustomTag NameSpace=\"{INDEX_NAMESPACE}\">\
         <ofd:FileLoc>/Doc_0/Tags/DataIndex.xml</ofd:FileLoc></ofd:CustomTag></ofd:CustomTags>"
    )
}

/// For each text of the face, the objects that show it.
fn data_index(page: &Page) -> Result<String, Error> {
    let mut items = String::new();
    for (key, objects) in &page.index {
        // The key becomes an element's name: letters, digits and underscores, not beginning with a digit.
        let is_name = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && key.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
        if !is_name {
            return Err(Error::new(Code::BadData).field("face_item"));
        }
        items.push_str(&format!("<{key}>"));
        for object in objects {
            let id = FIRST_OBJECT_ID + object;
            items.push_str(&format!("<ofd:ObjectRef PageRef=\"{PAGE_ID}\">{id}</ofd:ObjectRef>"));
        }
        items.push_str(&format!("</{key}>"));
    }
    Ok(format!("{HEAD}<DataIndex xmlns=\"{INDEX_NAMESPACE}\" {NAMESPACE}>{items}</DataIndex>"))
}

fn colour([red, green, blue]: Colour) -> String {
    format!("{red} {green} {blue}")
}

/// Text for XML, both between tags and in attributes. Characters that XML has not were refused before.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            _ => out.push(c),
        }
    }
    out
}
