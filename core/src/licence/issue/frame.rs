//! The ornament around the page: a double frame with a woven band, as on certificates of the state.

use super::layout::{Colour, Ink, Object, PAGE, Um};

const OUTER: Um = 10_000;
const BAND_OUTER: Um = 11_600;
const BAND_INNER: Um = 17_200;
const INNER: Um = 18_200;
/// About the length of half a wave; the sides are divided evenly.
const HALF_WAVE: Um = 4_200;
const AMPLITUDE: Um = 1_900;

/// Everything that lies behind the text.
pub(super) fn objects(accent: Colour) -> Vec<Object> {
    let stroke = |width| Ink::Stroke { colour: accent, width };
    let light = Ink::Stroke { colour: tint(accent), width: 350 };
    let mut objects = vec![
        framed(OUTER, Ink::Fill(wash(wash(accent)))),
        framed(INNER, Ink::Fill([255, 255, 255])),
        framed(OUTER, stroke(1_000)),
        framed(BAND_OUTER, stroke(250)),
        Object::Path { data: band(), area: inset(OUTER), ink: light },
        framed(BAND_INNER, stroke(250)),
        framed(INNER, stroke(500)),
    ];
    objects.extend(corners(accent));
    objects
}

/// A rectangle.
pub(super) fn rectangle([x, y, width, height]: [Um; 4], ink: Ink) -> Object {
    let (right, bottom) = (x + width, y + height);
    let corner = |x, y| format!("{} {}", mm(x), mm(y));
    let [a, b, c, d] = [corner(x, y), corner(right, y), corner(right, bottom), corner(x, bottom)];
    let data = format!("M {a} L {b} L {c} L {d} C");
    Object::Path { data, area: [x, y, width, height], ink }
}

/// A colour two thirds of the way to white.
pub(super) fn tint(colour: Colour) -> Colour {
    colour.map(|part| 255 - (255 - part) / 3)
}

/// A colour almost white.
pub(super) fn wash(colour: Colour) -> Colour {
    colour.map(|part| 255 - (255 - part) / 12)
}

/// Micrometres as millimetres, with as many decimals as are needed.
pub(super) fn mm(length: Um) -> String {
    let sign = if length < 0 { "-" } else { "" };
    let (whole, part) = (length.unsigned_abs() / 1000, length.unsigned_abs() % 1000);
    if part == 0 {
        return format!("{sign}{whole}");
    }
    let part = format!("{part:03}");
    format!("{sign}{whole}.{}", part.trim_end_matches('0'))
}

fn framed(by: Um, ink: Ink) -> Object {
    rectangle(inset(by), ink)
}

fn inset(by: Um) -> [Um; 4] {
    [by, by, PAGE.0 - 2 * by, PAGE.1 - 2 * by]
}

/// A square with a diamond in it at each corner of the band.
fn corners(accent: Colour) -> Vec<Object> {
    let side = BAND_INNER - BAND_OUTER;
    let far = [PAGE.0 - BAND_INNER, PAGE.1 - BAND_INNER];
    let [right, bottom] = far;
    let places =
        [[BAND_OUTER, BAND_OUTER], [right, BAND_OUTER], [right, bottom], [BAND_OUTER, bottom]];
    let draw = |[x, y]: [Um; 2]| {
        let (cx, cy, reach) = (x + side / 2, y + side / 2, side / 2 - 700);
        let point = |x, y| format!("{} {}", mm(x), mm(y));
        let data = format!(
            "M {} L {} L {} L {} C",
            point(cx, cy - reach),
            point(cx + reach, cy),
            point(cx, cy + reach),
            point(cx - reach, cy)
        );
        let area = [x, y, side, side];
        [
            rectangle(area, Ink::Fill([255, 255, 255])),
            Object::Path { data, area, ink: Ink::Fill(accent) },
            rectangle(area, Ink::Stroke { colour: accent, width: 250 }),
        ]
    };
    places.into_iter().flat_map(draw).collect()
}

/// Two interlaced waves along each side.
fn band() -> String {
    let middle = (BAND_OUTER + BAND_INNER) / 2;
    let [right, bottom] = [PAGE.0 - middle, PAGE.1 - middle];
    let (from, to) = (BAND_INNER, [PAGE.0 - BAND_INNER, PAGE.1 - BAND_INNER]);
    let mut data = Vec::new();
    for up in [AMPLITUDE, -AMPLITUDE] {
        for y in [middle, bottom] {
            data.push(wave(from, to[0], up, |along, across| [along, y + across]));
        }
        for x in [middle, right] {
            data.push(wave(from, to[1], up, |along, across| [x + across, along]));
        }
    }
    data.join(" ")
}

/// A wave of whole half waves. A half sine is a Bezier curve whose inner points lie at 0.364 and 0.636
/// of its length and at 4/3 of its height.
fn wave(from: Um, to: Um, amplitude: Um, place: impl Fn(Um, Um) -> [Um; 2]) -> String {
    let halves = (to - from) / HALF_WAVE;
    let show = |along, across| {
        let [x, y] = place(along, across);
        format!("{} {}", mm(x), mm(y))
    };
    let mut data = format!("M {}", show(from, 0));
    for half in 0..halves {
        let start = from + (to - from) * half / halves;
        let end = from + (to - from) * (half + 1) / halves;
        let height = if half % 2 == 0 { amplitude } else { -amplitude } * 4 / 3;
        let inner = (end - start) * 364 / 1000;
        let points = [show(start + inner, height), show(end - inner, height), show(end, 0)];
        data.push_str(&format!(" B {}", points.join(" ")));
    }
    data
}
