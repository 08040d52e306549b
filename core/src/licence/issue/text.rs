//! Lines of text: how wide each glyph is, and where a line is broken.
//!
//! The fonts named in the package are monospaced in the Chinese way: a Chinese character is as wide as
//! the font is high, an ASCII character half as wide. Each advance is written into the file, so a
//! reader with another font shows the same lines.

use super::layout::Um;

/// One line, with the advance of each glyph but the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) advances: Vec<Um>,
    pub(super) width: Um,
}

impl Line {
    /// A line with `space` between the glyphs.
    pub(super) fn spaced(text: &str, size: Um, space: Um) -> Self {
        let mut advances: Vec<_> = text.chars().map(|c| advance(c, size) + space).collect();
        let last = advances.pop().map_or(0, |last| last - space);
        let width = advances.iter().fold(last, |sum, advance| sum.saturating_add(*advance));
        Self { text: text.to_owned(), advances, width }
    }
}

/// The distance from one baseline to the next.
pub(super) const fn line_height(size: Um) -> Um {
    size * 145 / 100
}

/// Breaks `text` into lines that are at most `width` wide; no line if it is empty.
///
/// Words and numbers stay whole if a line can hold them, and no line begins with a mark that closes
/// what stands before it, unless it is wider than a line together with its forerunner.
pub(super) fn wrap(text: &str, size: Um, width: Um) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used: Um = 0;
    for piece in pieces(text) {
        let whole = measure(piece, size);
        if used.saturating_add(whole) <= width {
            line.push_str(piece);
            used += whole;
            continue;
        }
        if !line.is_empty() && whole <= width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        // What is wider than a line is broken between any two characters.
        for c in piece.chars() {
            let step = advance(c, size);
            if used.saturating_add(step) > width && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += step;
        }
    }
    lines.push(line);
    let lines = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
    lines.map(|line| Line::spaced(line, size, 0)).collect()
}

/// Cuts a text where a line may be broken: after each space, around each wide character, and never
/// before a closing mark.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut characters = rest.char_indices();
        let (_, mut before) = characters.next()?;
        let end = characters.find_map(|(at, c)| {
            let joined = closes(c) || (is_word(before) && is_word(c));
            before = c;
            (!joined).then_some(at)
        });
        let (piece, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        Some(piece)
    })
}

fn is_word(c: char) -> bool {
    c.is_ascii() && c != ' '
}

fn closes(c: char) -> bool {
    "、，。；：！？）》〉】」』”’".contains(c)
}

fn measure(text: &str, size: Um) -> Um {
    text.chars().fold(0, |sum, c| sum.saturating_add(advance(c, size)))
}

fn advance(c: char, size: Um) -> Um {
    if c.is_ascii() { size / 2 } else { size }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(text: &str, width: Um) -> Vec<String> {
        wrap(text, 1000, width).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn lines_break_where_a_reader_expects() {
        assert_eq!(texts("", 4000), Vec::<String>::new());
        assert_eq!(texts("一二三四五", 4000), ["一二三四", "五"]);
        assert_eq!(texts("一二三四，五", 4000), ["一二三", "四，五"]);
        assert_eq!(texts("一二三abc", 4000), ["一二三", "abc"]);
        assert_eq!(texts("ab cd ef", 2500), ["ab cd", "ef"]);
        assert_eq!(texts("abcdefghij", 2000), ["abcd", "efgh", "ij"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_too_wide(text in "[a-z0-9 一-龥，。]{0,80}", width in 2000i32..9000) {
            let lines = wrap(&text, 1000, width);
            let kept: String = lines.iter().map(|line| line.text.replace(' ', "")).collect();
            prop_assert_eq!(kept, text.replace(' ', ""));
            for line in lines {
                prop_assert!(line.width <= width);
                prop_assert_eq!(line.advances.len() + 1, line.text.chars().count());
            }
        }
    }
}
