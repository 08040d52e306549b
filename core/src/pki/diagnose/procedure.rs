//! How the digest e may have been made, and under which identifier, other than by steps A1 and A2 of
//! GB/T 32918.2-2016.

use sha2::{Digest as _, Sha256};

use super::{data::hex, deviation::Deviation};
use crate::primitives::{
    sm2::{DistId, PARAMETERS, PublicKey, hazmat},
    sm3::{self, Digest},
};

/// A way to make e that differs from the standard's.
pub(super) struct ProcedureRow {
    pub(super) deviation: Deviation,
    /// e; `None` where it cannot be so.
    pub(super) e: fn(&PublicKey, &DistId, &[u8]) -> Option<Digest>,
}

/// e = H(Z ‖ M), as it should be.
pub(super) fn standard(key: &PublicKey, id: &DistId, data: &[u8]) -> Digest {
    hazmat::message_digest(key, id, data)
}

macro_rules! rows {
    ($($id:literal $en:literal $zh:literal $hint_en:literal $hint_zh:literal $e:expr;)*) => {
        &[$(ProcedureRow { deviation: Deviation::new($id, [$en, $zh], [$hint_en, $hint_zh]), e: $e },)*]
    };
}

pub(super) const ROWS: &[ProcedureRow] = rows! {
    "digest.no-z"
        "Z is missing: e = SM3(M)"
        "缺少 Z：e = SM3(M)"
        "sign the message through a function that takes the identifier, not SM3(M) as a digest"
        "签名方使用带用户标识的签名函数，不要把 SM3(M) 当作摘要直接签名"
        |_, _, data| Some(sm3::hash(data));
    "digest.of-digest"
        "the digest was signed as if it were the message: e = SM3(Z ‖ SM3(M))"
        "对摘要再做签名：e = SM3(Z ‖ SM3(M))"
        "give the message itself to the signing function, which hashes it"
        "将原文（而不是其摘要）交给签名函数"
        |key, id, data| Some(standard(key, id, &sm3::hash(data)));
    "digest.twice-no-z"
        "the digest was hashed again, without Z: e = SM3(SM3(M))"
        "两次摘要且缺少 Z：e = SM3(SM3(M))"
        "give the message itself to a function that takes the identifier"
        "将原文交给带用户标识的签名函数"
        |_, _, data| Some(sm3::hash(&sm3::hash(data)));
    "digest.of-hex-digest"
        "the hexadecimal text of the digest was signed as the message (lower case)"
        "对摘要的十六进制文本（小写）做签名"
        "give the message itself to the signing function"
        "将原文交给签名函数"
        |key, id, data| Some(standard(key, id, &hex(&sm3::hash(data), false)));
    "digest.of-upper-hex-digest"
        "the hexadecimal text of the digest was signed as the message (upper case)"
        "对摘要的十六进制文本（大写）做签名"
        "give the message itself to the signing function"
        "将原文交给签名函数"
        |key, id, data| Some(standard(key, id, &hex(&sm3::hash(data), true)));
    "digest.data-is-e"
        "the data here is already the digest e"
        "此处的数据已经是摘要 e"
        "verify over the message; a signature over a digest that others made proves nothing"
        "应对原文验证；对他人给出的摘要验证不能证明任何事"
        |_, _, data| data.try_into().ok();
    "digest.z-twice"
        "Z was put before the message twice"
        "Z 被拼接了两次"
        "do not put Z before the message yourself: the signing function does"
        "签名函数会自行拼接 Z，不要预先拼接"
        |key, id, data| {
            let z = hazmat::z(key, id);
            Some(sm3::hash_parts(&[&z, &z, data]))
        };
    "digest.z-after"
        "Z was put after the message: e = SM3(M ‖ Z)"
        "Z 被拼接在原文之后：e = SM3(M ‖ Z)"
        "put Z before the message (GB/T 32918.2, 6.1)"
        "Z 应在原文之前（GB/T 32918.2，6.1）"
        |key, id, data| Some(sm3::hash_parts(&[data, &hazmat::z(key, id)]));
    "digest.id-length-in-bytes"
        "Z counts the identifier's length in bytes instead of bits"
        "Z 中的标识长度以字节计，应以比特计"
        "write ENTL in bits (GB/T 32918.2, 5.5)"
        "ENTL 应以比特为单位（GB/T 32918.2，5.5）"
        |key, id, data| {
            let length = u16::try_from(id.as_bytes().len()).ok()?.to_be_bytes();
            Some(with_z(key, &[&length, id.as_bytes()], data))
        };
    "digest.no-id-length"
        "Z was made without the identifier's length ENTL"
        "Z 中缺少标识长度 ENTL"
        "write ENTL before the identifier (GB/T 32918.2, 5.5)"
        "标识之前应有 ENTL（GB/T 32918.2，5.5）"
        |key, id, data| Some(with_z(key, &[id.as_bytes()], data));
    "digest.sha-256"
        "SHA-256 was used in place of SM3, for Z too"
        "使用了 SHA-256 而不是 SM3（包括 Z）"
        "name SM3 as the digest on the signing side"
        "签名方指定摘要算法为 SM3"
        |key, id, data| {
            let bits = u16::try_from(id.as_bytes().len() * 8).ok()?.to_be_bytes();
            let point = key.to_sec1();
            let z = Sha256::new().chain_update(bits).chain_update(id.as_bytes());
            let z = z.chain_update(PARAMETERS).chain_update(point.get(1..)?).finalize();
            Some(Sha256::new().chain_update(z).chain_update(data).finalize().into())
        };
    "digest.sha-256-after-z"
        "SHA-256 was used in place of SM3 for the message"
        "原文摘要使用了 SHA-256 而不是 SM3"
        "name SM3 as the digest on the signing side"
        "签名方指定摘要算法为 SM3"
        |key, id, data| {
            let z = hazmat::z(key, id);
            Some(Sha256::new().chain_update(z).chain_update(data).finalize().into())
        };
    "digest.sha-256-no-z"
        "SHA-256 of the message was signed, without Z"
        "对原文的 SHA-256 摘要签名，缺少 Z"
        "name SM3 as the digest, and sign through a function that takes the identifier"
        "签名方指定摘要算法为 SM3，并使用带用户标识的签名函数"
        |_, _, data| Some(Sha256::digest(data).into());
    "digest.of-sha-256"
        "the SHA-256 digest was signed as if it were the message"
        "对原文的 SHA-256 摘要再做 SM2 签名"
        "give the message itself to the signing function"
        "将原文交给签名函数"
        |key, id, data| Some(standard(key, id, &Sha256::digest(data)));
};

/// e with a Z that begins otherwise.
fn with_z(key: &PublicKey, beginning: &[&[u8]], data: &[u8]) -> Digest {
    let point = key.to_sec1();
    let rest = [&PARAMETERS[..], point.get(1..).unwrap_or_default()];
    let z = sm3::hash_parts(&[beginning, &rest].concat());
    sm3::hash_parts(&[&z, data])
}

/// An identifier that is used in place of the expected one.
pub(super) struct IdRow {
    pub(super) deviation: Deviation,
    pub(super) id: fn(&DistId) -> Option<DistId>,
}

macro_rules! id_rows {
    ($($id:literal $en:literal $zh:literal $hint_en:literal $hint_zh:literal $get:expr;)*) => {
        &[$(IdRow { deviation: Deviation::new($id, [$en, $zh], [$hint_en, $hint_zh]), id: $get },)*]
    };
}

pub(super) const IDS: &[IdRow] = id_rows! {
    "id.default"
        "the default identifier 1234567812345678 was used"
        "使用了默认用户标识 1234567812345678"
        "agree on the identifier: the signing side has to set the expected one, or the verifying \
         side the default"
        "双方约定用户标识：签名方设置所约定的标识，或验证方改用默认标识"
        |_| Some(DistId::DEFAULT);
    "id.empty"
        "the empty identifier was used"
        "使用了空的用户标识"
        "set the identifier on the signing side, by GM/T 0009 1234567812345678, or agree on the \
         empty one"
        "签名方设置用户标识（按 GM/T 0009 为 1234567812345678），或双方约定为空"
        |_| DistId::new(b"").ok();
    "id.hex-decoded"
        "the identifier was taken for hexadecimal digits, and their bytes were used"
        "用户标识被当作十六进制解码成字节使用"
        "give the identifier's characters as bytes (16 bytes for the default), not decoded"
        "用户标识按字符取字节（默认标识为 16 字节），不要按十六进制解码"
        |id| DistId::new(&from_hex(id.as_bytes())?).ok();
    "id.hex-text"
        "the hexadecimal text of the identifier was used"
        "使用了用户标识的十六进制文本"
        "give the identifier itself (31323334… is the hexadecimal text of 1234…)"
        "直接使用用户标识（31323334… 是 1234… 的十六进制文本）"
        |id| DistId::new(&hex(id.as_bytes(), false)).ok();
    "id.nul-terminated"
        "the zero byte that ends a text in C was taken for a part of the identifier"
        "用户标识包含了 C 字符串结尾的零字节"
        "give strlen bytes of the identifier"
        "用户标识长度按 strlen 取"
        |id| DistId::new(&[id.as_bytes(), b"\0"].concat()).ok();
    "id.line-end"
        "a line end was taken for a part of the identifier"
        "用户标识包含了换行"
        "read the identifier without its line end"
        "读取用户标识时去掉换行"
        |id| DistId::new(&[id.as_bytes(), b"\n"].concat()).ok();
};

pub(super) const ID_CANDIDATE: Deviation = Deviation::new(
    "id.candidate",
    ["another identifier was used", "使用了另一个用户标识"],
    [
        "agree on the identifier: give this one on the verifying side, or set the expected one on \
         the signing side",
        "双方约定用户标识：验证方改用此标识，或签名方设置所约定的标识",
    ],
);

pub(super) const OTHER_KEY: Deviation = Deviation::new(
    "key.other",
    ["it was made with another key", "使用了另一把密钥"],
    [
        "verify with the certificate or public key that belongs to the signing key",
        "使用与签名密钥对应的证书或公钥验证",
    ],
);

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    super::layer::hex_digits(text).and_then(|digits| super::layer::from_digits(&digits))
}
