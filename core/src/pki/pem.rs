//! PEM (RFC 7468), read leniently: text around the blocks, any line width, CR LF or LF.

use base64ct::{Base64, Encoding as _};
use zeroize::Zeroizing;

use crate::{
    error::{Code, Error},
    limits,
};

/// One block: its label and the bytes inside.
pub struct Block<'a> {
    /// What stands behind BEGIN.
    pub label: &'a str,
    /// The bytes inside.
    pub der: Zeroizing<Vec<u8>>,
}

/// The blocks of `text`, in their order. Text outside blocks is ignored.
///
/// # Errors
/// [`Code::BadPem`] if a block is malformed or there is none; [`Code::LimitReached`].
pub fn blocks(text: &[u8]) -> Result<Vec<Block<'_>>, Error> {
    let bad = |offset: usize| Error::new(Code::BadPem).at(offset);
    let mut blocks = Vec::new();
    let mut offset = 0;
    while let Some(begin) = find(text, BEGIN, offset) {
        if blocks.len() == limits::PEM_BLOCKS_MAX {
            return Err(Error::limit("PEM_BLOCKS_MAX").at(begin));
        }
        let label_start = begin + BEGIN.len();
        let label_end = find(text, DASHES, label_start).ok_or_else(|| bad(begin))?;
        let label = slice(text, label_start, label_end)
            .and_then(|label| std::str::from_utf8(label).ok())
            .filter(|label| label.len() <= 64 && label.bytes().all(|b| (32..127).contains(&b)))
            .ok_or_else(|| bad(label_start))?;
        let body_start = label_end + DASHES.len();
        let body_end = find(text, END, body_start).ok_or_else(|| bad(body_start))?;
        let body = slice(text, body_start, body_end).ok_or_else(|| bad(body_start))?;
        let after = body_end + END.len();
        let closing = text.get(after..).unwrap_or_default();
        if !closing.strip_prefix(label.as_bytes()).is_some_and(|rest| rest.starts_with(DASHES)) {
            return Err(bad(after));
        }
        let der = decode(body).ok_or_else(|| bad(body_start))?;
        blocks.push(Block { label, der });
        offset = after + label.len() + DASHES.len();
    }
    if blocks.is_empty() { Err(Error::new(Code::BadPem).field("PEM")) } else { Ok(blocks) }
}

/// Whether `bytes` look like PEM text, not DER: a SEQUENCE starts with `0x30`, which is also the
/// digit `0`, so the boundary is what tells. A boundary inside DER has control bytes before it, as every
/// universal tag of a primitive element is one; text before the first block may be in any encoding.
#[must_use]
pub fn is_pem(bytes: &[u8]) -> bool {
    let text = |byte: &u8| !byte.is_ascii_control() || matches!(byte, b'\t' | b'\r' | b'\n');
    let before = find(bytes, BEGIN, 0).and_then(|begin| bytes.get(..begin));
    before.is_some_and(|before| before.iter().all(text))
}

/// One block as text, lines of 64 characters.
#[must_use]
pub fn encode(label: &str, der: &[u8]) -> String {
    // Reserved at once: a growing string would leave copies of a private key behind.
    let mut text = String::with_capacity(der.len() * 4 / 3 + der.len() / 40 + 2 * label.len() + 64);
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    for line in der.chunks(48) {
        let mut buffer = Zeroizing::new([0; 64]);
        // 48 bytes are 64 characters: the buffer always has room.
        text.push_str(Base64::encode(line, &mut *buffer).unwrap_or_default());
        text.push('\n');
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

fn decode(body: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut digits = Zeroizing::new(Vec::with_capacity(body.len()));
    digits.extend(body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()));
    let mut der = Zeroizing::new(vec![0; digits.len() / 4 * 3 + 3]);
    let length = Base64::decode(&*digits, &mut der).ok()?.len();
    der.truncate(length);
    Some(der)
}

fn find(text: &[u8], what: &[u8], from: usize) -> Option<usize> {
    // Every boundary starts with dashes, which base64 never has: most bytes are skipped at once.
    let mut start = from;
    loop {
        let rest = text.get(start..)?;
        let dash = rest.iter().position(|&byte| byte == b'-')?;
        if rest.get(dash..)?.starts_with(what) {
            return Some(start + dash);
        }
        start += dash + 1;
    }
}

fn slice(text: &[u8], start: usize, end: usize) -> Option<&[u8]> {
    text.get(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_what_others_write() {
        for length in [0, 1, 47, 48, 49, 200] {
            let der: Vec<u8> = (0..length).collect();
            let text = encode("X Y", &der);
            assert!(text.lines().all(|line| line.len() <= 64), "{text}");
            let noisy = format!("subject=x\n{}trailing", text.replace('\n', "\r\n"));
            for text in [text.replace('\n', "  \n"), noisy, text.repeat(2)] {
                let blocks = blocks(text.as_bytes()).unwrap();
                assert!(blocks.iter().all(|block| block.label == "X Y" && *block.der == der));
            }
        }
    }

    #[test]
    fn text_and_der_are_told_apart() {
        let text = encode("X", b"y");
        // As `openssl pkcs12` prints before a block; the name is in GBK.
        let named = [b"Bag Attributes\r\n\tfriendlyName: \xd3\xa1\r\n", text.as_bytes()].concat();
        assert!(is_pem(text.as_bytes()) && is_pem(&named));
        assert_eq!(*blocks(&named).unwrap()[0].der, b"y");
        let inside = [&[0x30, 0x81, 0x80, 0x0c, 0x7d], text.as_bytes()].concat();
        assert!(!is_pem(&inside) && !is_pem(b"MIIB") && !is_pem(b""));
    }

    #[test]
    fn malformed_text_is_refused() {
        for bad in [
            "",
            "MIIB",
            "-----BEGIN X-----\nAAAA",
            "-----BEGIN X-----\nAAAA\n-----END Y-----",
            "-----BEGIN X-----\nA*AA\n-----END X-----",
            "-----BEGIN X-----\nAAA\n-----END X-----",
        ] {
            assert_eq!(blocks(bad.as_bytes()).err().unwrap().code(), Code::BadPem, "{bad}");
        }
    }

    #[test]
    fn blocks_are_counted() {
        let text = encode("X", b"y").repeat(limits::PEM_BLOCKS_MAX);
        assert_eq!(blocks(text.as_bytes()).unwrap().len(), limits::PEM_BLOCKS_MAX);
        let error = blocks((text + &encode("X", b"y")).as_bytes()).err().unwrap();
        assert_eq!(error.field_name(), Some("PEM_BLOCKS_MAX"));
    }
}
