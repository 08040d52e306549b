//! What lies around a value: texts that stand for bytes, and wrappings. Two layers are undone at most.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use zeroize::Zeroizing;

use super::deviation::{Deviation, Part};
use crate::pki::{
    pem,
    text::{self, Coding},
    tlv::{self, tag},
};

/// A value with the layers that were taken off it.
pub(super) struct Unwrapped {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) parts: Vec<Part>,
}

/// `bytes` themselves, and what is inside if they are a text or a wrapping of a known kind.
pub(super) fn unwrap_all(bytes: &[u8]) -> Vec<Unwrapped> {
    let mut all = vec![Unwrapped { bytes: Zeroizing::new(bytes.to_vec()), parts: Vec::new() }];
    let mut first = 0;
    for _ in 0..DEPTH {
        let outer: Vec<_> = all.iter().skip(first).flat_map(layers_of).collect();
        first = all.len();
        for found in outer {
            if all.iter().all(|known| known.bytes != found.bytes) {
                all.push(found);
            }
        }
    }
    all
}

/// Base64 of hexadecimal is met, more than that is not.
const DEPTH: usize = 2;

fn layers_of(outer: &Unwrapped) -> Vec<Unwrapped> {
    let undo = |layer: &Layer| {
        let bytes = (layer.undo)(&outer.bytes)?;
        let mut parts = outer.parts.clone();
        parts.push(Part::of(&layer.deviation));
        Some(Unwrapped { bytes, parts })
    };
    LAYERS.iter().filter_map(undo).collect()
}

struct Layer {
    deviation: Deviation,
    undo: fn(&[u8]) -> Option<Zeroizing<Vec<u8>>>,
}

const LAYERS: &[Layer] = &[
    Layer {
        deviation: Deviation::new(
            "text.hex",
            ["the value is written in hexadecimal", "数值以十六进制文本书写"],
            [
                "decode the hexadecimal digits before the value is used",
                "使用前先将十六进制文本解码为字节",
            ],
        ),
        undo: |bytes| hex_digits(bytes).and_then(|digits| from_digits(&digits)).map(Zeroizing::new),
    },
    Layer {
        deviation: Deviation::new(
            "text.base64",
            ["the value is written in base64", "数值以 base64 文本书写"],
            ["decode the base64 before the value is used", "使用前先将 base64 解码为字节"],
        ),
        undo: base64,
    },
    Layer {
        deviation: Deviation::new(
            "text.base64url",
            ["the value is written in the base64 of URLs", "数值以 base64url 文本书写"],
            ["decode with the alphabet of URLs (- and _)", "使用 URL 字母表（- 和 _）解码"],
        ),
        undo: base64_url,
    },
    Layer {
        deviation: Deviation::new(
            "text.base64-spaces",
            [
                "the value is base64 whose plus signs became spaces, as in a web form",
                "base64 中的加号变成了空格（常见于网页表单）",
            ],
            ["encode the base64 for URLs on the sending side", "发送方应对 base64 做 URL 编码"],
        ),
        undo: |bytes| {
            let text = trimmed(bytes);
            let spaced = text.contains(&b' ') && !text.contains(&b'\n');
            spaced.then(|| base64(&replace(text, b' ', b'+'))).flatten()
        },
    },
    Layer {
        deviation: Deviation::new(
            "text.pem",
            ["the value stands between PEM lines", "数值位于 PEM 边界行之间"],
            ["take the bytes out of the PEM block", "取出 PEM 块中的字节"],
        ),
        undo: |bytes| {
            let blocks = pem::is_pem(bytes).then(|| pem::blocks(bytes).ok()).flatten()?;
            blocks.into_iter().next().map(|block| block.der)
        },
    },
    Layer {
        deviation: Deviation::new(
            "text.line-end",
            ["a line end follows the bytes", "字节之后多出换行"],
            [
                "write the value without a line end, and in binary mode",
                "写出时不要附加换行，并使用二进制模式",
            ],
        ),
        undo: |bytes| {
            let text = bytes.strip_suffix(b"\n")?;
            Some(copy(text.strip_suffix(b"\r").unwrap_or(text)))
        },
    },
    Layer {
        deviation: Deviation::new(
            "text.marked",
            [
                "the text begins with a byte order mark, or is in UTF-16",
                "文本以字节顺序标记（BOM）开头，或为 UTF-16 编码",
            ],
            [
                "save it as UTF-8 without a mark (in PowerShell, `>` writes UTF-16)",
                "另存为不带 BOM 的 UTF-8（PowerShell 的 > 写出 UTF-16）",
            ],
        ),
        undo: text::without_mark,
    },
    Layer {
        deviation: Deviation::new(
            "wrap.octet-string",
            ["the value is inside a DER OCTET STRING", "数值外包了一层 DER OCTET STRING"],
            ["take the contents of the OCTET STRING", "取 OCTET STRING 的内容"],
        ),
        undo: |bytes| inside(bytes, tag::OCTET_STRING).map(copy),
    },
    Layer {
        deviation: Deviation::new(
            "wrap.bit-string",
            ["the value is inside a DER BIT STRING", "数值外包了一层 DER BIT STRING"],
            ["take the contents of the BIT STRING", "取 BIT STRING 的内容"],
        ),
        undo: |bytes| match inside(bytes, tag::BIT_STRING)?.split_first()? {
            (0, bits) => Some(copy(bits)),
            _ => None,
        },
    },
];

fn inside(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let element = tlv::only(bytes, 0, tag, crate::Code::BadDer, "value").ok()?;
    Some(element.value)
}

/// A text without white space and quotation marks around it.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let text = bytes.trim_ascii();
    let quoted = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
    quoted.unwrap_or(text)
}

fn replace(text: &[u8], old: u8, new: u8) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.iter().map(|&byte| if byte == old { new } else { byte }).collect())
}

/// A copy that is overwritten when it is dropped: what lies inside may be a key.
fn copy(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(bytes.to_vec())
}

/// The values of hexadecimal digits, with `0x` before them and colons or white space between them or
/// not. `None` if there is none or anything else.
pub(super) fn hex_digits(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = trimmed(bytes);
    let text = text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"0X")).unwrap_or(text);
    let separator = |byte: &&u8| **byte == b':' || byte.is_ascii_whitespace();
    let digit = |&byte: &u8| char::from(byte).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let mut digits = Zeroizing::new(Vec::with_capacity(text.len()));
    for byte in text.iter().filter(|byte| !separator(byte)) {
        digits.push(digit(byte)?);
    }
    (!digits.is_empty()).then_some(digits)
}

/// The bytes of an even number of digits.
pub(super) fn from_digits(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

fn base64(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    Coding::Base64.decode(trimmed(bytes)).ok().filter(|bytes| !bytes.is_empty())
}

fn base64_url(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(trimmed(bytes)).ok()?.trim_end_matches('=');
    let differs = text.contains(['-', '_']) || !text.len().is_multiple_of(4);
    let decoded = || Base64UrlUnpadded::decode_vec(text).ok().filter(|bytes| !bytes.is_empty());
    differs.then(decoded).flatten().map(Zeroizing::new)
}
