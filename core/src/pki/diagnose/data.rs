//! What else may have been signed than the data given: its encodings, line ends, marks.

use base64ct::{Base64, Encoding as _};
use encoding_rs::{GBK, UTF_16BE, UTF_16LE};

use super::{
    deviation::Deviation,
    layer::{from_digits, hex_digits},
};

/// A way in which the signed data differs from the data given.
pub(super) struct DataRow {
    pub(super) deviation: Deviation,
    /// The data that was signed then; `None` where it cannot be so.
    pub(super) signed: fn(&[u8]) -> Option<Vec<u8>>,
}

macro_rules! rows {
    ($($id:literal $en:literal $zh:literal $hint_en:literal $hint_zh:literal $signed:expr;)*) => {
        &[$(DataRow {
            deviation: Deviation::new($id, [$en, $zh], [$hint_en, $hint_zh]),
            signed: $signed,
        },)*]
    };
}

pub(super) const ROWS: &[DataRow] = rows! {
    "data.line-feed-signed"
        "the signed data ended with a line feed, which is missing here"
        "签名的数据末尾有换行（LF），此处缺少"
        "sign without the line feed (echo adds one; printf does not), or verify with it"
        "签名方去掉末尾换行（echo 会附加，printf 不会），或验证方补上"
        |data| Some([data, b"\n"].concat());
    "data.crlf-signed"
        "the signed data ended with CR LF, which is missing here"
        "签名的数据末尾有回车换行（CR LF），此处缺少"
        "sign without the line end, or verify with it"
        "签名方去掉末尾换行，或验证方补上"
        |data| Some([data, b"\r\n"].concat());
    "data.line-end-added"
        "the data here ends with a line end that was not signed"
        "此处数据末尾的换行未被签名"
        "verify without the line end: an editor or echo has added it"
        "验证方去掉末尾换行（编辑器或 echo 附加）"
        |data| {
            let text = data.strip_suffix(b"\n")?;
            Some(text.strip_suffix(b"\r").unwrap_or(text).to_vec())
        };
    "data.trimmed"
        "white space around the data was not signed"
        "数据首尾的空白未被签名"
        "verify exactly the bytes that were signed, or do not trim before signing"
        "验证方使用与签名完全相同的字节，或签名方不要去除首尾空白"
        |data| Some(data.trim_ascii().to_vec());
    "data.line-feeds-signed"
        "the signed data had LF line ends, here they are CR LF"
        "签名的数据使用 LF 换行，此处为 CR LF"
        "transfer the file in binary mode; a Windows program or git has changed it"
        "以二进制方式传输文件（Windows 程序或 git 改变了换行）"
        |data| Some(replace_all(data, b"\r\n", b"\n"));
    "data.crlfs-signed"
        "the signed data had CR LF line ends, here they are LF"
        "签名的数据使用 CR LF 换行，此处为 LF"
        "transfer the file in binary mode"
        "以二进制方式传输文件"
        |data| (!contains(data, b"\r\n")).then(|| replace_all(data, b"\n", b"\r\n"));
    "data.bom-added"
        "the data here begins with a byte order mark that was not signed"
        "此处数据开头的字节顺序标记（BOM）未被签名"
        "save as UTF-8 without a byte order mark"
        "另存为不带 BOM 的 UTF-8"
        |data| data.strip_prefix(BOM).map(<[u8]>::to_vec);
    "data.bom-signed"
        "the signed data began with a byte order mark, which is missing here"
        "签名的数据开头有字节顺序标记（BOM），此处缺少"
        "save as UTF-8 without a byte order mark before signing"
        "签名前另存为不带 BOM 的 UTF-8"
        |data| (!data.starts_with(BOM)).then(|| [BOM, data].concat());
    "data.nul-added"
        "zero bytes at the end of the data here were not signed"
        "此处数据末尾的零字节未被签名"
        "give the length of the text, not of its buffer"
        "传入文本长度而不是缓冲区长度"
        |data| {
            let end = data.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            data.get(..end).map(<[u8]>::to_vec)
        };
    "data.nul-signed"
        "a zero byte at the end was signed, as C keeps texts"
        "签名的数据末尾含有 C 字符串的零字节"
        "sign strlen bytes, without the zero that ends the text"
        "签名方按 strlen 取长度，不含结尾的零"
        |data| Some([data, b"\0"].concat());
    "data.hex-signed"
        "the hexadecimal text of the data was signed (lower case)"
        "签名的是数据的十六进制文本（小写）"
        "sign the bytes, not their hexadecimal text"
        "签名方对字节签名，而不是对十六进制文本签名"
        |data| Some(hex(data, false));
    "data.upper-hex-signed"
        "the hexadecimal text of the data was signed (upper case)"
        "签名的是数据的十六进制文本（大写）"
        "sign the bytes, not their hexadecimal text"
        "签名方对字节签名，而不是对十六进制文本签名"
        |data| Some(hex(data, true));
    "data.is-hex"
        "the data here is hexadecimal text, and its bytes were signed"
        "此处数据为十六进制文本，签名的是其字节"
        "decode the hexadecimal digits before verifying"
        "验证方先将十六进制文本解码"
        |data| hex_digits(data).and_then(|digits| from_digits(&digits));
    "data.base64-signed"
        "the base64 text of the data was signed"
        "签名的是数据的 base64 文本"
        "sign the bytes, not their base64 text"
        "签名方对字节签名，而不是对 base64 文本签名"
        |data| Some(Base64::encode_string(data).into_bytes());
    "data.is-base64"
        "the data here is base64 text, and its bytes were signed"
        "此处数据为 base64 文本，签名的是其字节"
        "decode the base64 before verifying"
        "验证方先将 base64 解码"
        |data| {
            let text = std::str::from_utf8(data.trim_ascii()).ok()?;
            Base64::decode_vec(text).ok().filter(|bytes| !bytes.is_empty())
        };
    "data.gbk-signed"
        "the text was signed in GBK, here it is in UTF-8"
        "签名的文本为 GBK 编码，此处为 UTF-8"
        "name UTF-8 where the signing side turns text into bytes"
        "签名方将文本转为字节时明确指定 UTF-8"
        |data| {
            let (bytes, _, lossy) = GBK.encode(std::str::from_utf8(data).ok()?);
            (!lossy).then(|| bytes.into_owned())
        };
    "data.is-gbk"
        "the text was signed in UTF-8, here it is in GBK"
        "签名的文本为 UTF-8 编码，此处为 GBK"
        "name UTF-8 where the verifying side turns text into bytes"
        "验证方将文本转为字节时明确指定 UTF-8"
        |data| {
            let (text, lossy) = GBK.decode_without_bom_handling(data);
            (!lossy && std::str::from_utf8(data).is_err()).then(|| text.as_bytes().to_vec())
        };
    "data.utf-16le-signed"
        "the text was signed in UTF-16, little-endian"
        "签名的文本为 UTF-16 小端编码"
        "name UTF-8 where the signing side turns text into bytes (Encoding.Unicode is UTF-16)"
        "签名方将文本转为字节时明确指定 UTF-8（Encoding.Unicode 是 UTF-16）"
        |data| utf_16(data, u16::to_le_bytes);
    "data.utf-16be-signed"
        "the text was signed in UTF-16, big-endian"
        "签名的文本为 UTF-16 大端编码"
        "name UTF-8 where the signing side turns text into bytes"
        "签名方将文本转为字节时明确指定 UTF-8"
        |data| utf_16(data, u16::to_be_bytes);
    "data.is-utf-16"
        "the text was signed in UTF-8, here it is in UTF-16"
        "签名的文本为 UTF-8 编码，此处为 UTF-16"
        "save the text as UTF-8"
        "将文本另存为 UTF-8"
        |data| {
            let (encoding, text) = match data {
                [0xff, 0xfe, text @ ..] => (UTF_16LE, text),
                [0xfe, 0xff, text @ ..] => (UTF_16BE, text),
                [0, _, ..] => (UTF_16BE, data),
                _ => (UTF_16LE, data),
            };
            let (text, lossy) = encoding.decode_without_bom_handling(text);
            (!lossy && data.len().is_multiple_of(2)).then(|| text.as_bytes().to_vec())
        };
    "data.latin-1-signed"
        "the UTF-8 bytes were taken for Latin-1 and encoded once more before signing"
        "签名前 UTF-8 字节被当作 Latin-1 再次编码（乱码）"
        "do not turn bytes into a text and back on the signing side"
        "签名方不要将字节转成文本再转回"
        |data| Some(data.iter().map(|&byte| char::from(byte)).collect::<String>().into_bytes());
    "data.replaced-signed"
        "bytes that are no UTF-8 became replacement characters before signing"
        "签名前非 UTF-8 的字节被替换为替代字符"
        "sign the bytes, do not make a text of them (new String(bytes) in Java)"
        "签名方直接对字节签名，不要转成文本（如 Java 的 new String(bytes)）"
        |data| Some(String::from_utf8_lossy(data).into_owned().into_bytes());
    "data.empty-signed"
        "nothing was signed: the data was empty"
        "签名的数据为空"
        "the signing side has read its input twice or not at all; open it anew before signing"
        "签名方的输入流已被读完或未读取，签名前应重新打开"
        |_| Some(Vec::new());
};

const BOM: &[u8] = b"\xef\xbb\xbf";

pub(super) fn hex(bytes: &[u8], upper: bool) -> Vec<u8> {
    let digits = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    let digit = |value: u8| digits.get(usize::from(value & 15)).copied().unwrap_or_default();
    bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte)]).collect()
}

fn utf_16(data: &[u8], bytes_of: fn(u16) -> [u8; 2]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(data).ok()?;
    Some(text.encode_utf16().flat_map(bytes_of).collect())
}

fn contains(data: &[u8], what: &[u8]) -> bool {
    data.windows(what.len()).any(|window| window == what)
}

fn replace_all(data: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(data.len());
    let mut rest = data;
    while let Some((&first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(old) {
            result.extend_from_slice(new);
            rest = after;
        } else {
            result.push(first);
            rest = after;
        }
    }
    result
}
