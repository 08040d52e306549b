//! Whether two names are the same: RFC 5280, 7.1, for the two string types that clause speaks of.
//!
//! Values of PrintableString and UTF8String are compared as text: without regard to the case of ASCII
//! letters, to spaces at the ends, and to how many spaces stand together. Everything else is compared
//! byte by byte with its type. Nothing is folded beyond ASCII and no character is dropped, so that no
//! name comes to look like another one by way of Unicode: two names that differ so are two names.
//!
//! That two names match proves nothing by itself: a path also needs the signature, and a revocation
//! list is used with the key of its issuer only.

use super::{Attribute, Name};

/// The tags of the two string types.
const UTF8_STRING: u32 = 12;
const PRINTABLE_STRING: u32 = 19;

impl Name {
    /// Whether `other` names the same subject by RFC 5280, 7.1. Equal bytes always do.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.der() == other.der() || self.normal_form() == other.normal_form()
    }

    /// Whether this name is `base`, or stands below it: its first relative names are those of `base`
    /// (RFC 5280, 4.2.1.10, directoryName).
    #[must_use]
    pub fn is_within(&self, base: &Self) -> bool {
        self.normal_form().starts_with(&base.normal_form())
    }

    /// Bytes that are equal for names that match, and only for these. Each relative name is preceded by
    /// its length, so that the form of a name begins with that of every name above it.
    pub(super) fn normal_form(&self) -> Vec<u8> {
        let mut form = Vec::with_capacity(self.der().len().saturating_mul(2));
        for relative in self.attributes().chunk_by(|_, next| next.joined) {
            let length_at = form.len();
            form.extend([0; 4]);
            match relative {
                [only] => only.append_normal_form(&mut form),
                // A relative name is a set: its order means nothing.
                several => {
                    let mut parts: Vec<Vec<u8>> = several
                        .iter()
                        .map(|attribute| {
                            let mut part = Vec::new();
                            attribute.append_normal_form(&mut part);
                            part
                        })
                        .collect();
                    parts.sort_unstable();
                    form.extend(parts.concat());
                }
            }
            let length = length_bytes(form.len().saturating_sub(length_at));
            if let Some(place) = form.get_mut(length_at..length_at.saturating_add(4)) {
                place.copy_from_slice(&length);
            }
        }
        form
    }
}

impl Attribute {
    fn append_normal_form(&self, form: &mut Vec<u8>) {
        form.extend(length_bytes(self.oid.len()));
        form.extend(self.oid.as_bytes());
        let start = form.len();
        form.extend([0; 5]);
        let kind = match (self.tag, &self.text) {
            (UTF8_STRING, Some(text)) => {
                append_folded(text, form);
                0
            }
            (PRINTABLE_STRING, Some(text)) if text.is_ascii() => {
                append_folded(text, form);
                0
            }
            _ => {
                form.extend(self.tag.to_be_bytes());
                form.extend(&self.bytes);
                1
            }
        };
        let length = length_bytes(form.len().saturating_sub(start));
        if let Some(place) = form.get_mut(start..start.saturating_add(5)) {
            place.copy_from_slice(&[kind, length[0], length[1], length[2], length[3]]);
        }
    }
}

/// `text` with ASCII letters in lower case, without spaces at its ends, and with one space where
/// several stand. A text of spaces alone is one space: it is not the empty text.
fn append_folded(text: &str, form: &mut Vec<u8>) {
    let mut words = text.split(' ').filter(|word| !word.is_empty());
    let Some(first) = words.next() else {
        form.extend(if text.is_empty() { &b""[..] } else { b" " });
        return;
    };
    form.extend(first.bytes().map(|byte| byte.to_ascii_lowercase()));
    for word in words {
        form.push(b' ');
        form.extend(word.bytes().map(|byte| byte.to_ascii_lowercase()));
    }
}

/// A length in four bytes. Names are bounded far below 2^32 bytes.
fn length_bytes(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::tlv::{sequence, wrap};

    fn attribute(kind: u8, tag: u8, text: &[u8]) -> Vec<u8> {
        sequence(&[&[6, 3, 0x55, 4, kind], &wrap(tag, &[text])])
    }

    fn name(relatives: &[&[Vec<u8>]]) -> Name {
        let relatives: Vec<_> = relatives.iter().map(|set| wrap(0x31, &[&set.concat()])).collect();
        Name::parse(&sequence(&[&relatives.concat()])).unwrap()
    }

    fn cn(tag: u8, text: &str) -> Name {
        name(&[&[attribute(3, tag, text.as_bytes())]])
    }

    #[test]
    fn case_spaces_and_the_two_string_types_do_not_matter() {
        let plain = cn(12, "Example CA");
        for same in [
            cn(12, "Example CA"),
            cn(19, "Example CA"),
            cn(12, "EXAMPLE ca"),
            cn(19, "  example    CA "),
        ] {
            assert!(plain.matches(&same) && same.matches(&plain), "{same}");
        }
        assert!(cn(12, "  ").matches(&cn(19, " ")) && !cn(12, " ").matches(&cn(12, "")));
    }

    #[test]
    fn nothing_else_is_taken_for_the_same() {
        let plain = cn(12, "Example CA");
        for other in [
            cn(12, "ExampleCA"),
            cn(12, "Example\tCA"),
            cn(12, "Example\u{a0}CA"),
            cn(12, "Ex\u{ad}ample CA"),
            cn(12, "Example CА"), // the last letter is Cyrillic
            cn(22, "Example CA"), // IA5String
            cn(20, "Example CA"), // T61String
            name(&[&[attribute(10, 12, b"Example CA")]]),
            name(&[&[attribute(3, 12, b"Example CA")], &[attribute(3, 12, b"Example CA")]]),
            name(&[]),
        ] {
            assert!(!plain.matches(&other) && !other.matches(&plain), "{other}");
        }
        assert!(!cn(12, "É").matches(&cn(12, "é")), "no folding beyond ASCII");
        // UTF-8 in a PrintableString is a fault, and counts byte by byte.
        assert!(!cn(12, "局").matches(&cn(19, "局")) && cn(19, "局").matches(&cn(19, "局")));
        // Where one value ends and the next begins is a part of the name.
        let [ab_c, a_bc] = [["ab", "c"], ["a", "bc"]].map(|[one, two]| {
            name(&[&[attribute(3, 12, one.as_bytes())], &[attribute(3, 12, two.as_bytes())]])
        });
        assert!(!ab_c.matches(&a_bc));
    }

    #[test]
    fn a_relative_name_is_a_set() {
        let (one, two) = (attribute(3, 12, b"a"), attribute(10, 19, b"b"));
        let together = name(&[&[one.clone(), two.clone()]]);
        assert!(together.matches(&name(&[&[two.clone(), one.clone()]])));
        assert!(!together.matches(&name(&[&[one], &[two]])));
    }

    #[test]
    fn names_below_begin_with_the_whole_relative_names_of_the_base() {
        let base = name(&[&[attribute(6, 19, b"CN")], &[attribute(10, 12, b"Ministry")]]);
        let below = |organisation: &[u8]| {
            name(&[
                &[attribute(6, 19, b"cn")],
                &[attribute(10, 19, organisation)],
                &[attribute(3, 12, b"x")],
            ])
        };
        assert!(below(b"ministry").is_within(&base));
        assert!(base.is_within(&base) && base.is_within(&name(&[])));
        assert!(!below(b"ministry of x").is_within(&base));
        assert!(!base.is_within(&below(b"ministry")));
    }
}
