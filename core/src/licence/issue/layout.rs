//! Where everything stands on the page. Lengths are whole micrometres, so that the same row gives the
//! same bytes everywhere.

use super::{
    data::Complete,
    frame,
    template::{Field, Source, Template, Width},
    text::{self, Line},
};
use crate::{
    error::{Code, Error},
    licence::{
        metadata::Element,
        ofd::{Rectangle, Stamp},
    },
};

/// A length in micrometres.
pub(super) type Um = i32;

/// A4, upright.
pub(super) const PAGE: (Um, Um) = (210_000, 297_000);
/// Seals of local offices are usually 42 mm across.
const STAMP: Um = 42_000;

const LEFT: Um = 24_000;
const RIGHT: Um = PAGE.0 - LEFT;
const TABLE_TOP: Um = 70_000;
const TABLE_BOTTOM: Um = 216_000;
const LABEL_WIDTH: Um = 34_000;
const ROW_GROWS: Um = 4_500;
const AUTHORITY_TOP: Um = 234_000;
const NOTE_TOP: Um = 264_500;
const IDENTIFIER_BOTTOM: Um = 275_000;
/// Sizes of the table's texts, tried until everything fits. Below 2.6 mm a print cannot be read.
const SIZES: [Um; 5] = [4_600, 4_200, 3_700, 3_200, 2_600];

/// The three fonts, by name only: every reader of OFD has them or a substitute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Font {
    Song,
    Hei,
    Kai,
}

/// A colour: red, green, blue.
pub(super) type Colour = [u8; 3];

pub(super) const BLACK: Colour = [0, 0, 0];
const GREY: Colour = [96, 96, 96];

/// Something drawn on the page.
pub(super) enum Object {
    /// One line of text; `x` and `baseline` are where it begins.
    Text { line: Line, font: Font, size: Um, x: Um, baseline: Um, colour: Colour },
    /// A path in the page's coordinates, inside `area` = (left, top, width, height).
    Path { data: String, area: [Um; 4], ink: Ink },
}

/// How a path is drawn.
#[derive(Clone, Copy)]
pub(super) enum Ink {
    Fill(Colour),
    Stroke { colour: Colour, width: Um },
}

/// The finished page.
pub(super) struct Page {
    pub(super) objects: Vec<Object>,
    /// For each named text, the places of its lines in `objects`.
    pub(super) index: Vec<(String, Vec<usize>)>,
    pub(super) stamp: Stamp,
}

/// Lays out a licence.
///
/// # Errors
/// [`Code::BadData`] with field `page` if the texts do not fit at the smallest size: nothing is clipped.
pub(super) fn page(template: &Template, complete: &Complete) -> Result<Page, Error> {
    let mut page =
        Page { objects: frame::objects(template.accent), index: Vec::new(), stamp: stamp_at(0, 0) };
    page.heading(template, complete)?;
    page.table(template, complete)?;
    page.authority(complete)?;
    page.foot(template, complete)?;
    Ok(page)
}

impl Page {
    fn heading(&mut self, template: &Template, complete: &Complete) -> Result<(), Error> {
        let title = complete.metadata.text(Element::Name).unwrap_or(&template.title);
        let characters = Um::try_from(title.chars().count()).unwrap_or(Um::MAX);
        // Short titles are set wide, long ones down to 6 mm, as wide as the page allows.
        let size = ((RIGHT - LEFT) / characters.max(1) * 10 / 13).clamp(6_000, 13_000);
        let line = Line::spaced(title, size, size * 3 / 10);
        if line.width > RIGHT - LEFT {
            return Err(Error::new(Code::BadData).field(Element::Name.short()));
        }
        let x = (PAGE.0 - line.width) / 2;
        let colour = template.accent.map(|part| part / 4 * 3);
        self.text("ZZMC", line, Font::Hei, size, [x, 48_000], colour);
        let number = complete.metadata.text(Element::Number).unwrap_or_default();
        let lines = text::wrap(&format!("证照编号：{number}"), 4_200, RIGHT - LEFT);
        self.lines("ZZBH", lines, Font::Song, 4_200, [RIGHT, 58_500], Align::Right)
    }

    fn table(&mut self, template: &Template, complete: &Complete) -> Result<(), Error> {
        let fits = |size: &Um| {
            let table = Table::measure(template, complete, *size);
            (table.height() <= TABLE_BOTTOM - TABLE_TOP).then_some(table)
        };
        let table = SIZES.iter().find_map(fits);
        let mut table = table.ok_or_else(|| Error::new(Code::BadData).field("page"))?;
        table.spread();
        let ruled = frame::tint(template.accent);
        let mut top = TABLE_TOP;
        for row in &table.rows {
            for cell in &row.cells {
                let [x, width] = [cell.x, LABEL_WIDTH];
                self.rectangle(
                    [x, top, width, row.height],
                    Ink::Fill(frame::wash(template.accent)),
                );
                self.cell(cell, top, row.height, table.size)?;
            }
            top += row.height;
        }
        let bottom = top;
        let mut top = TABLE_TOP;
        for row in &table.rows {
            for cell in &row.cells {
                let border = Ink::Stroke { colour: ruled, width: 200 };
                self.rectangle([cell.x, top, LABEL_WIDTH, row.height], border);
                self.rectangle([cell.x, top, cell.width, row.height], border);
            }
            top += row.height;
        }
        let border = Ink::Stroke { colour: template.accent, width: 500 };
        self.rectangle([LEFT, TABLE_TOP, RIGHT - LEFT, bottom - TABLE_TOP], border);
        Ok(())
    }

    fn cell(&mut self, cell: &Cell<'_>, top: Um, height: Um, size: Um) -> Result<(), Error> {
        let (step, pad) = (text::line_height(size), padding(size));
        let middle = |lines: usize| {
            let lines = Um::try_from(lines).unwrap_or(Um::MAX);
            // The baseline of the first of so many lines around the middle of the row.
            top + (height - lines.saturating_mul(step)) / 2 + (step - size) / 2 + size * 86 / 100
        };
        let label = text::wrap(&cell.field.label, size, LABEL_WIDTH - 2 * pad);
        let baseline = middle(label.len());
        let centre = cell.x + LABEL_WIDTH / 2;
        self.lines("", label, Font::Hei, size, [centre, baseline], Align::Centre)?;
        let baseline = middle(cell.lines.len());
        let x = cell.x + LABEL_WIDTH + pad;
        let key = cell.field.source.key();
        self.lines(key, cell.lines.clone(), Font::Song, size, [x, baseline], Align::Left)?;
        if matches!(cell.field.source, Source::Validity) {
            let objects = self.index.last().map(|(_, objects)| objects.clone());
            self.index.extend(objects.map(|objects| (Element::ValidFrom.short().into(), objects)));
        }
        Ok(())
    }

    /// The authority and the date, with the seal's place over them as on paper: 骑年盖月.
    fn authority(&mut self, complete: &Complete) -> Result<(), Error> {
        let authority = complete.metadata.text(Element::IssuingAuthority).unwrap_or_default();
        let size = 5_000;
        let lines = text::wrap(authority, size, RIGHT - LEFT);
        let date = complete.metadata.date(Element::IssuedOn).and_then(Result::ok);
        let date = text::wrap(&date.map(|date| date.to_string()).unwrap_or_default(), size, RIGHT);
        let widest = lines.iter().chain(&date).map(|line| line.width).max().unwrap_or(0);
        let centre = RIGHT - 4_000 - widest.clamp(STAMP, RIGHT - LEFT - 8_000) / 2;
        let step = text::line_height(size);
        let rows = Um::try_from(lines.len()).unwrap_or(Um::MAX);
        let after = AUTHORITY_TOP + rows.saturating_mul(step) + 3_000;
        if after + step + 2_000 > NOTE_TOP {
            return Err(Error::new(Code::BadData).field(Element::IssuingAuthority.short()));
        }
        let [first, last] = [AUTHORITY_TOP, after].map(|top| top + size);
        self.lines("ZZBFJG", lines, Font::Song, size, [centre, first], Align::Centre)?;
        self.lines("ZZBFRQ", date, Font::Song, size, [centre, last], Align::Centre)?;
        // The middle of the seal lies between the authority and the date.
        let middle = (AUTHORITY_TOP + after + step) / 2;
        self.stamp = stamp_at(centre - STAMP / 2, middle - STAMP / 2);
        Ok(())
    }

    fn foot(&mut self, template: &Template, complete: &Complete) -> Result<(), Error> {
        let centre = PAGE.0 / 2;
        let identifier = format!("电子证照标识：{}", complete.identifier);
        let lines = text::wrap(&identifier, 3_000, RIGHT - LEFT + 8_000);
        let above = Um::try_from(lines.len().saturating_sub(1)).unwrap_or(Um::MAX);
        let baseline = IDENTIFIER_BOTTOM - above.saturating_mul(text::line_height(3_000));
        self.lines("ZZBS", lines, Font::Song, 3_000, [centre, baseline], Align::Centre)?;
        let note = Line::spaced(&template.note, 3_000, 0);
        if note.width > RIGHT - LEFT {
            return Err(Error::new(Code::BadData).field("note"));
        }
        let x = centre - note.width / 2;
        self.text("", note, Font::Kai, 3_000, [x, NOTE_TOP + 2_600], GREY);
        Ok(())
    }

    fn rectangle(&mut self, [x, y, width, height]: [Um; 4], ink: Ink) {
        self.objects.push(frame::rectangle([x, y, width, height], ink));
    }

    /// Places lines one below the other; `at` is the first baseline and the edge or the middle.
    fn lines(
        &mut self,
        key: &str,
        lines: Vec<Line>,
        font: Font,
        size: Um,
        at: [Um; 2],
        align: Align,
    ) -> Result<(), Error> {
        let [edge, mut baseline] = at;
        let from = self.objects.len();
        for line in lines {
            let x = match align {
                Align::Left => edge,
                Align::Centre => edge - line.width / 2,
                Align::Right => edge - line.width,
            };
            self.objects.push(Object::Text { line, font, size, x, baseline, colour: BLACK });
            baseline = baseline
                .checked_add(text::line_height(size))
                .ok_or_else(|| Error::new(Code::BadData).field("page"))?;
        }
        self.note(key, from);
        Ok(())
    }

    fn text(&mut self, key: &str, line: Line, font: Font, size: Um, at: [Um; 2], colour: Colour) {
        let [x, baseline] = at;
        let from = self.objects.len();
        self.objects.push(Object::Text { line, font, size, x, baseline, colour });
        self.note(key, from);
    }

    /// Enters what was drawn since `from` into the data index.
    fn note(&mut self, key: &str, from: usize) {
        let drawn: Vec<_> = (from..self.objects.len()).collect();
        if !key.is_empty() && !drawn.is_empty() {
            self.index.push((key.to_owned(), drawn));
        }
    }
}

/// A seal with its upper left corner here, on the only page.
fn stamp_at(x: Um, y: Um) -> Stamp {
    let mm = |length: Um| f64::from(length) / 1000.0;
    let boundary = Rectangle { x: mm(x), y: mm(y), width: mm(STAMP), height: mm(STAMP) };
    Stamp { page: 1, boundary, clip: None }
}

/// Between a rule of the table and the text.
const fn padding(size: Um) -> Um {
    size * 57 / 100
}

#[derive(Clone, Copy)]
enum Align {
    Left,
    Centre,
    Right,
}

struct Table<'a> {
    rows: Vec<Row<'a>>,
    size: Um,
}

struct Row<'a> {
    cells: Vec<Cell<'a>>,
    height: Um,
}

struct Cell<'a> {
    field: &'a Field,
    lines: Vec<Line>,
    x: Um,
    width: Um,
}

impl<'a> Table<'a> {
    fn measure(template: &'a Template, complete: &'a Complete, size: Um) -> Self {
        let mut fields = template.fields.iter().zip(&complete.texts).peekable();
        let mut rows = Vec::new();
        let pad = padding(size);
        while let Some(first) = fields.next() {
            let half = |(field, _): &(&Field, &String)| field.width == Width::Half;
            let second = if half(&first) { fields.next_if(half) } else { None };
            let width = if second.is_some() { (RIGHT - LEFT) / 2 } else { RIGHT - LEFT };
            let cell = |(field, text): (&'a Field, &String), x| {
                let lines = text::wrap(text, size, width - LABEL_WIDTH - 2 * pad);
                Cell { field, lines, x, width }
            };
            let cells: Vec<_> = std::iter::once(cell(first, LEFT))
                .chain(second.map(|s| cell(s, LEFT + width)))
                .collect();
            let lines = |cell: &Cell<'_>| {
                let label = text::wrap(&cell.field.label, size, LABEL_WIDTH - 2 * pad);
                Um::try_from(cell.lines.len().max(label.len())).unwrap_or(Um::MAX)
            };
            let lines = cells.iter().map(lines).max().unwrap_or(1);
            let height = lines.saturating_mul(text::line_height(size)).saturating_add(2 * pad);
            rows.push(Row { cells, height: height.max(size * 24 / 10) });
        }
        Self { rows, size }
    }

    fn height(&self) -> Um {
        self.rows.iter().fold(0, |sum, row| sum.saturating_add(row.height))
    }

    /// Gives room that is left to the rows, as much as looks good.
    fn spread(&mut self) {
        let rows = Um::try_from(self.rows.len().max(1)).unwrap_or(Um::MAX);
        let more = ((TABLE_BOTTOM - TABLE_TOP - self.height()) / rows).clamp(0, ROW_GROWS);
        for row in &mut self.rows {
            row.height += more;
        }
    }
}
