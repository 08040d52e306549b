//! How else the bytes of a signature may be meant: forms, lost zeros, orders.

use x509_parser::asn1_rs::{Any, FromBer as _, Tag};

use super::{
    deviation::{Deviation, Part},
    layer,
};
use crate::{limits, pki::algorithm::SignatureForm, primitives::sm2::Signature};

/// A signature that the bytes may mean, and what deviates if they do.
pub(super) struct Reading {
    pub(super) signature: Signature,
    pub(super) parts: Vec<Part>,
}

/// Every meaning of `bytes`, of which `form` is expected: the fewest deviations first. The first has
/// none if and only if the bytes are strictly what was expected. Beside them whether these are all, as
/// there are [`limits::DIAGNOSIS_READINGS_MAX`] at most.
pub(super) fn readings(bytes: &[u8], form: SignatureForm) -> (Vec<Reading>, bool) {
    let mut readings: Vec<Reading> = Vec::new();
    for outer in layer::unwrap_all(bytes) {
        for halves in forms(&outer.bytes, form) {
            for order in ORDERS {
                let (r, s) = (order.undo)(halves.r, halves.s);
                let mut joined = [0; 64];
                for (slot, &byte) in joined.iter_mut().zip(r.iter().chain(&s)) {
                    *slot = byte;
                }
                let Ok(signature) = Signature::from_bytes(&joined) else { continue };
                let mut parts = outer.parts.clone();
                parts.extend(halves.deviations.iter().map(|deviation| Part::of(deviation)));
                parts.extend(order.deviation.as_ref().map(Part::of));
                readings.push(Reading { signature, parts });
            }
        }
    }
    readings.sort_by_key(|reading| reading.parts.len());
    different(readings)
}

/// The first of those that mean the same signature, and whether there was room for all.
fn different(readings: Vec<Reading>) -> (Vec<Reading>, bool) {
    let mut different: Vec<Reading> = Vec::new();
    for reading in readings {
        if different.iter().any(|known| known.signature == reading.signature) {
            continue;
        }
        if different.len() == limits::DIAGNOSIS_READINGS_MAX {
            return (different, false);
        }
        different.push(reading);
    }
    (different, true)
}

/// r and s as some form has them.
struct Halves {
    r: Half,
    s: Half,
    deviations: Vec<&'static Deviation>,
}

fn forms(bytes: &[u8], expected: SignatureForm) -> Vec<Halves> {
    let mut found = Vec::new();
    let (der, raw): (&[_], &[_]) = match expected {
        SignatureForm::Der => (&[], &[&RAW_FOR_DER]),
        SignatureForm::Raw => (&[&DER_FOR_RAW], &[]),
    };
    if let Some((r, s, deviations)) = der_halves(bytes) {
        found.push(Halves { r, s, deviations: [der, &deviations].concat() });
    }
    let digits = layer::hex_digits(bytes);
    let mut splits = raw_halves(bytes);
    // 127 digits are no bytes: zeros were lost from a text.
    splits.extend(digits.as_deref().into_iter().flat_map(|digits| digit_halves(digits)));
    for (r, s, deviations) in splits {
        found.push(Halves { r, s, deviations: [raw, &deviations].concat() });
    }
    found
}

/// r or s, 32 bytes big-endian.
type Half = [u8; 32];

type Split = (Half, Half, Vec<&'static Deviation>);

/// SEQUENCE { INTEGER, INTEGER } as tolerant as can be, and what is not DER in it.
fn der_halves(bytes: &[u8]) -> Option<Split> {
    let (after, outer) = Any::from_ber(bytes).ok()?;
    // A line end behind the DER is a layer of its own.
    if outer.header.tag() != Tag::Sequence || !outer.header.is_constructed() || is_line_end(after) {
        return None;
    }
    let mut deviations = Vec::new();
    let mut numbers = Vec::new();
    let mut rest = outer.data;
    while numbers.len() < 2 {
        let (next, number) = Any::from_ber(rest).ok()?;
        if number.header.tag() != Tag::Integer {
            return None;
        }
        numbers.push(number.data);
        rest = next;
    }
    let [r, s] = numbers.as_slice() else { return None };
    let (r, s) = (*r, *s);
    if !after.is_empty() || !rest.is_empty() {
        deviations.push(&DER_TRAILING);
    }
    if [r, s].iter().any(|number| number.first().is_some_and(|first| *first >= 0x80)) {
        deviations.push(&DER_NEGATIVE);
    }
    let padded = |number: &[u8]| matches!(number, [0, second, ..] if *second < 0x80);
    if padded(r) || padded(s) {
        deviations.push(&DER_PADDED);
    }
    let whole = bytes.len() - after.len();
    let minimal = |length: usize| length + if length < 0x80 { 2 } else { 3 };
    let exact = minimal(r.len()) + minimal(s.len()) + rest.len();
    if whole != minimal(exact) {
        deviations.push(&DER_LENGTH);
    }
    Some((unsigned(r)?, unsigned(s)?, deviations))
}

/// r ‖ s whole, or with zeros lost, added, or on the wrong side.
fn raw_halves(bytes: &[u8]) -> Vec<Split> {
    let mut found = Vec::new();
    if let Ok(whole) = <&[u8; 64]>::try_from(bytes) {
        let (r, s) = halves_of(whole);
        found.push((r, s, Vec::new()));
        for (r, s) in [(shifted(&r), None), (None, shifted(&s)), (shifted(&r), shifted(&s))]
            .into_iter()
            .filter(|(r, s)| r.is_some() || s.is_some())
            .map(|(new_r, new_s)| (new_r.unwrap_or(r), new_s.unwrap_or(s)))
        {
            found.push((r, s, vec![&RAW_WRONG_SIDE]));
        }
    }
    if let Some((whole, rest)) = bytes.split_first_chunk::<64>()
        && (1..=2).contains(&rest.len())
        && !is_line_end(rest)
    {
        let (r, s) = halves_of(whole);
        found.push((r, s, vec![&RAW_TRAILING]));
    }
    if RAW_BYTES.contains(&bytes.len()) {
        for at in 0..=bytes.len() {
            let Some((r, s)) = bytes.split_at_checked(at) else { continue };
            let signed = |half: &[u8]| matches!(half, [0, second, ..] if half.len() == 33 && *second >= 0x80);
            let fits = |half: &[u8]| (1..=32).contains(&half.len()) || signed(half);
            let (true, true) = (fits(r), fits(s)) else { continue };
            let (Some(left), Some(right)) = (unsigned(r), unsigned(s)) else { continue };
            let mut deviations = Vec::new();
            if signed(r) || signed(s) {
                deviations.push(&RAW_SIGN_BYTE);
            }
            if r.len() < 32 || s.len() < 32 {
                deviations.push(&RAW_STRIPPED);
            }
            if !deviations.is_empty() {
                found.push((left, right, deviations));
            }
        }
    }
    found
}

fn is_line_end(bytes: &[u8]) -> bool {
    matches!(bytes, b"\n" | b"\r\n")
}

/// Below 56 bytes, eight zero bytes would have been lost, which chance does not do.
const RAW_BYTES: std::ops::RangeInclusive<usize> = 56..=66;

/// The same for hexadecimal digits, of which single ones may be lost.
fn digit_halves(digits: &[u8]) -> Vec<Split> {
    if !(112..128).contains(&digits.len()) {
        return Vec::new();
    }
    let half = |digits: &[u8]| {
        let mut whole = [0; 64];
        let start = whole.len().checked_sub(digits.len())?;
        whole.get_mut(start..)?.copy_from_slice(digits);
        layer::from_digits(&whole)?.try_into().ok()
    };
    let split = |at| {
        let (r, s) = digits.split_at_checked(at)?;
        Some((half(r)?, half(s)?, vec![&TEXT_HEX_STRIPPED]))
    };
    (digits.len() - 64..=64).filter_map(split).collect()
}

fn halves_of(whole: &[u8; 64]) -> ([u8; 32], [u8; 32]) {
    let half =
        |start: usize| std::array::from_fn(|at| whole.get(start + at).copied().unwrap_or_default());
    (half(0), half(32))
}

/// The number with the zeros at its end put before it; `None` if it has none there.
fn shifted(half: &[u8; 32]) -> Option<[u8; 32]> {
    let zeros = half.iter().rev().take_while(|&&byte| byte == 0).count();
    let mut moved = *half;
    moved.rotate_right(zeros);
    (1..32).contains(&zeros).then_some(moved)
}

/// 32 bytes from a number without its leading zeros; `None` if it is longer.
fn unsigned(number: &[u8]) -> Option<[u8; 32]> {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    let significant = number.get(zeros..)?;
    let mut whole = [0; 32];
    let start = whole.len().checked_sub(significant.len())?;
    whole.get_mut(start..)?.copy_from_slice(significant);
    Some(whole)
}

struct Order {
    deviation: Option<Deviation>,
    /// r and s, of what stands in the first and in the second place.
    undo: fn(Half, Half) -> (Half, Half),
}

fn reversed(mut half: Half) -> Half {
    half.reverse();
    half
}

const ORDERS: &[Order] = &[
    Order { deviation: None, undo: |r, s| (r, s) },
    Order {
        deviation: Some(Deviation::new(
            "order.swapped",
            ["r and s stand in the other order", "r 与 s 的顺序颠倒"],
            ["write r before s (GM/T 0009, 7.3)", "先写 r 后写 s（GM/T 0009，7.3）"],
        )),
        undo: |r, s| (s, r),
    },
    Order {
        deviation: Some(Deviation::new(
            "order.little-endian",
            ["r and s are written little-endian", "r、s 以小端序书写"],
            ["write numbers with the most significant byte first", "数值应以大端序书写"],
        )),
        undo: |r, s| (reversed(r), reversed(s)),
    },
    Order {
        deviation: Some(Deviation::new(
            "order.reversed",
            ["all 64 bytes stand in the reverse order", "64 字节整体逆序"],
            ["write r ‖ s with the most significant byte first", "按大端序书写 r ‖ s"],
        )),
        undo: |r, s| (reversed(s), reversed(r)),
    },
];

const RAW_FOR_DER: Deviation = Deviation::new(
    "form.raw-for-der",
    ["the signature is r ‖ s, not DER", "签名为 r ‖ s 裸格式，而不是 DER"],
    [
        "`yinxin convert signature --from raw --to der`, or expect the raw form",
        "用 yinxin convert signature --from raw --to der 转换，或按裸格式验证",
    ],
);

const DER_FOR_RAW: Deviation = Deviation::new(
    "form.der-for-raw",
    ["the signature is DER, not r ‖ s", "签名为 DER，而不是 r ‖ s 裸格式"],
    [
        "`yinxin convert signature --from der --to raw`, or expect DER",
        "用 yinxin convert signature --from der --to raw 转换，或按 DER 验证",
    ],
);

const DER_TRAILING: Deviation = Deviation::new(
    "der.trailing",
    ["bytes follow the DER", "DER 之后有多余字节"],
    [
        "cut the signature at the length that its DER says; a buffer was written whole",
        "按 DER 长度截取签名（可能把整个缓冲区写出）",
    ],
);

const DER_NEGATIVE: Deviation = Deviation::new(
    "der.negative",
    ["an INTEGER lacks the 00 before its high bit", "INTEGER 最高位为 1 而缺少前导 00"],
    [
        "the signing side must write a 00 before a byte of 80 or more",
        "签名方应在最高位为 1 的数值前写入 00",
    ],
);

const DER_PADDED: Deviation = Deviation::new(
    "der.padded",
    ["an INTEGER has zeros before it that DER forbids", "INTEGER 有 DER 不允许的前导零"],
    ["the signing side must write the shortest INTEGER", "签名方应写出最短的 INTEGER"],
);

const DER_LENGTH: Deviation = Deviation::new(
    "der.length",
    ["a length is longer than DER allows", "长度字段不是 DER 的最短形式"],
    [
        "the signing side must write the shortest length (X.690, 10.1)",
        "签名方应使用最短长度编码（X.690，10.1）",
    ],
);

const RAW_STRIPPED: Deviation = Deviation::new(
    "raw.zeros-stripped",
    ["leading zeros of r or s were dropped", "r 或 s 的前导零丢失"],
    [
        "the signing side must write r and s as 32 bytes each, zeros before",
        "签名方应将 r、s 各写成 32 字节，前面补零",
    ],
);

const RAW_SIGN_BYTE: Deviation = Deviation::new(
    "raw.sign-byte",
    [
        "a 00 stands before r or s, as in BigInteger.toByteArray",
        "r 或 s 前多出 00（如 BigInteger.toByteArray）",
    ],
    [
        "the signing side must write r and s as 32 bytes each, without a sign",
        "签名方应将 r、s 各写成 32 字节，不含符号字节",
    ],
);

const RAW_WRONG_SIDE: Deviation = Deviation::new(
    "raw.zeros-behind",
    ["r or s was padded with zeros behind instead of before", "r 或 s 的补零在后面，应在前面"],
    ["the signing side must put the zeros before the number", "签名方应在数值前面补零"],
);

const RAW_TRAILING: Deviation = Deviation::new(
    "raw.trailing",
    ["bytes follow the 64 bytes of r ‖ s", "64 字节 r ‖ s 之后有多余字节"],
    ["cut the signature at 64 bytes", "截取前 64 字节"],
);

const TEXT_HEX_STRIPPED: Deviation = Deviation::new(
    "text.hex-zeros-stripped",
    ["the hexadecimal text of r or s lost its leading zeros", "r 或 s 的十六进制文本丢失前导零"],
    [
        "the signing side must write 64 digits each (%064x)",
        "签名方应各写 64 位十六进制数字（%064x）",
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_bounded_and_the_bound_is_told() {
        let numbered = |number: usize| {
            let mut raw = [1; 64];
            raw[..8].copy_from_slice(&number.to_be_bytes());
            Reading { signature: Signature::from_bytes(&raw).unwrap(), parts: Vec::new() }
        };
        let most = limits::DIAGNOSIS_READINGS_MAX;
        let all = |count| (0..count).chain(0..count).map(numbered).collect();
        let (kept, complete) = different(all(most));
        assert_eq!((kept.len(), complete), (most, true));
        let (kept, complete) = different(all(most + 1));
        assert_eq!((kept.len(), complete), (most, false));
        assert!(kept[most - 1].signature == numbered(most - 1).signature);
        // 56 bytes in hexadecimal are halves of many lengths, in four orders each.
        let text: String =
            (0..112).map(|digit| char::from(b"123456789abcdef"[digit % 15])).collect();
        let (kept, complete) = readings(text.as_bytes(), SignatureForm::Raw);
        assert_eq!((kept.len(), complete), (most, false));
    }
}
