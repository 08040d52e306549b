//! What explains a ciphertext that does not decrypt: its layout, its form, its key.

use x509_parser::asn1_rs::{Any, FromBer as _, Tag};

use super::{
    Diagnosis, Finding, Subject,
    budget::Budget,
    conclude,
    deviation::{Deviation, Part},
    layer,
    procedure::OTHER_KEY,
};
use crate::{
    error::Error,
    limits,
    pki::{ciphertext::Layout, text::Coding},
    primitives::sm2::{Ciphertext, PrivateKey, PublicKey},
    report::Text,
};

/// What was expected of a ciphertext.
#[derive(Clone, Copy, Debug)]
pub struct CiphertextQuestion<'a> {
    /// The recipient's key.
    pub key: &'a PrivateKey,
    /// The ciphertext as it came: bytes or a text.
    pub ciphertext: &'a [u8],
    /// The layout in which it should have come.
    pub layout: Layout,
    /// Other keys to which it may have been encrypted, with their names.
    pub other_keys: &'a [(&'a str, &'a PrivateKey)],
}

/// Looks for what explains that a ciphertext does not decrypt. The plaintext is not given out: it is to
/// be had from the strict function, once the right layout is named. Decryption is constant time in the
/// key; which variants exist depends on the ciphertext only.
///
/// # Errors
/// [`Code::LimitReached`](crate::Code::LimitReached) past [`limits::DIAGNOSIS_DATA_BYTES_MAX`] or
/// [`limits::DIAGNOSIS_CANDIDATES_MAX`]. At most [`limits::DIAGNOSIS_HASHED_BYTES_MAX`] bytes are decrypted;
/// where that is not enough, the diagnosis says so.
pub fn ciphertext(question: &CiphertextQuestion<'_>) -> Result<Diagnosis, Error> {
    if question.ciphertext.len() > limits::DIAGNOSIS_DATA_BYTES_MAX {
        return Err(Error::limit("DIAGNOSIS_DATA_BYTES_MAX"));
    }
    if question.other_keys.len() > limits::DIAGNOSIS_CANDIDATES_MAX {
        return Err(Error::limit("DIAGNOSIS_CANDIDATES_MAX"));
    }
    let readings = readings(question.ciphertext, question.layout);
    let mut budget = Budget::new();
    let mut findings = Vec::new();
    let others = question.other_keys.iter().map(|(name, key)| (Some(*name), *key));
    'all: for (name, key) in std::iter::once((None, question.key)).chain(others) {
        for (ciphertext, parts) in &readings {
            // The key stream and C3 hash each byte.
            if !budget.hash(question.ciphertext.len().saturating_mul(2)) || !budget.verify() {
                break 'all;
            }
            if key.decrypt(ciphertext).is_err() {
                continue;
            }
            let mut parts = parts.clone();
            parts.extend(name.map(|name| Part::named(&OTHER_KEY, name)));
            if parts.is_empty() {
                return Ok(Diagnosis::NothingToExplain);
            }
            findings.push(Finding { parts });
        }
    }
    let mut observations = Vec::new();
    if readings.is_empty() {
        let length = question.ciphertext.len();
        observations.push(Text {
            en: format!(
                "the {length} bytes are no SM2 ciphertext in any layout that is known here, or its C1 is \
                 no point of the curve"
            )
            .into(),
            zh: format!("这 {length} 字节不是任何已知布局的 SM2 密文，或其 C1 不在曲线上").into(),
        });
    }
    let (tried, complete) = (budget.verified(), budget.was_enough());
    Ok(conclude(Subject::Ciphertext, findings, tried, complete, observations))
}

type Reading = (Ciphertext, Vec<Part>);

/// Every ciphertext that the bytes may mean, the fewest deviations first. C1 is a point of the curve in
/// each: of bytes at the wrong place it is not, so that few of the rows are left to be decrypted.
fn readings(bytes: &[u8], expected: Layout) -> Vec<Reading> {
    let mut readings: Vec<Reading> = Vec::new();
    for outer in layer::unwrap_all(bytes) {
        for row in ROWS {
            let ciphertext = match &row.deviation {
                None => row.layout.read(&outer.bytes, Coding::Binary).ok(),
                Some((_, read)) => read(&outer.bytes),
            };
            let Some(ciphertext) = ciphertext.filter(Ciphertext::is_on_curve) else { continue };
            let mut parts = outer.parts.clone();
            if row.layout != expected {
                parts.push(Part::of(named(row.layout)));
            }
            parts.extend(row.deviation.as_ref().map(|(deviation, _)| Part::of(deviation)));
            readings.push((ciphertext, parts));
        }
    }
    readings.sort_by_key(|(_, parts)| parts.len());
    let mut different: Vec<Reading> = Vec::new();
    for (ciphertext, parts) in readings {
        if different.iter().all(|(known, _)| *known != ciphertext) {
            different.push((ciphertext, parts));
        }
    }
    different
}

struct Row {
    layout: Layout,
    /// What deviates from the layout, and how it is read all the same.
    deviation: Option<(Deviation, Read)>,
}

/// The ciphertext that the bytes mean with a deviation.
type Read = fn(&[u8]) -> Option<Ciphertext>;

impl Row {
    const fn strict(layout: Layout) -> Self {
        Self { layout, deviation: None }
    }

    const fn deviating(layout: Layout, deviation: Deviation, read: Read) -> Self {
        Self { layout, deviation: Some((deviation, read)) }
    }
}

const ROWS: &[Row] = &[
    Row::strict(Layout::Asn1),
    Row::strict(Layout::C1C3C2),
    Row::strict(Layout::C1C2C3),
    Row::strict(Layout::C1C3C2Without04),
    Row::strict(Layout::C1C2C3Without04),
    Row::strict(Layout::EccCipherBlob),
    Row::deviating(Layout::Asn1, NOT_DER, |bytes| {
        let [x, y, c3, c2] = ber_parts(bytes)?;
        assembled(x, y, c3, c2)
    }),
    Row::deviating(Layout::Asn1, DER_C2_FIRST, |bytes| {
        let [x, y, c2, c3] = ber_parts(bytes)?;
        assembled(x, y, c3, c2)
    }),
    Row::deviating(Layout::C1C3C2, COMPRESSED, |bytes| {
        let (c1, rest) = expanded(bytes)?;
        Ciphertext::from_c1c3c2(&[&c1, rest].concat()).ok()
    }),
    Row::deviating(Layout::C1C2C3, COMPRESSED, |bytes| {
        let (c1, rest) = expanded(bytes)?;
        Ciphertext::from_c1c2c3(&[&c1, rest].concat()).ok()
    }),
    Row::deviating(Layout::C1C3C2, LITTLE_ENDIAN, |bytes| {
        Ciphertext::from_c1c3c2(&reversed_point(bytes)?).ok()
    }),
];

const NOT_DER: Deviation = Deviation::new(
    "der.not-canonical",
    [
        "the DER has lengths or INTEGERs that DER forbids, or bytes after it",
        "DER 的长度或 INTEGER 不规范，或其后有多余字节",
    ],
    ["the encrypting side must write DER (X.690, 10)", "加密方应按 DER 规范编码（X.690，10）"],
);

const DER_C2_FIRST: Deviation = Deviation::new(
    "der.c2-before-c3",
    ["C2 stands before C3 in the DER", "DER 中 C2 位于 C3 之前"],
    [
        "the encrypting side must write x, y, C3, C2 (GM/T 0009, 7.2)",
        "加密方应按 x、y、C3、C2 的顺序编码（GM/T 0009，7.2）",
    ],
);

const COMPRESSED: Deviation = Deviation::new(
    "point.compressed",
    ["C1 is a compressed point", "C1 为压缩点"],
    ["write C1 as 04 ‖ x ‖ y", "C1 应写成 04 ‖ x ‖ y"],
);

const LITTLE_ENDIAN: Deviation = Deviation::new(
    "point.little-endian",
    ["the coordinates of C1 are written little-endian", "C1 的坐标以小端序书写"],
    ["write numbers with the most significant byte first", "数值应以大端序书写"],
);

macro_rules! layout_deviation {
    ($id:literal, $name:literal, $argument:literal) => {
        &const {
            Deviation::new(
                $id,
                [
                    concat!("the layout is ", $name),
                    concat!("密文布局为 ", $name),
                ],
                [
                    concat!("expect this layout, or convert: `yinxin convert ciphertext --from ", $argument, "`"),
                    concat!("按此布局解密，或转换：yinxin convert ciphertext --from ", $argument),
                ],
            )
        }
    };
}

/// That the layout is another one than was expected.
const fn named(layout: Layout) -> &'static Deviation {
    match layout {
        Layout::Asn1 => layout_deviation!("layout.der", "DER", "der"),
        Layout::C1C3C2 => layout_deviation!("layout.c1c3c2", "C1 ‖ C3 ‖ C2", "c1c3c2"),
        Layout::C1C2C3 => layout_deviation!("layout.c1c2c3", "C1 ‖ C2 ‖ C3", "c1c2c3"),
        Layout::C1C3C2Without04 => {
            layout_deviation!("layout.c1c3c2-no04", "C1 ‖ C3 ‖ C2 (no 04)", "c1c3c2-no04")
        }
        Layout::C1C2C3Without04 => {
            layout_deviation!("layout.c1c2c3-no04", "C1 ‖ C2 ‖ C3 (no 04)", "c1c2c3-no04")
        }
        Layout::EccCipherBlob => {
            layout_deviation!("layout.ecc-cipher-blob", "ECCCIPHERBLOB", "ecc-cipher-blob")
        }
    }
}

/// The contents of SEQUENCE { INTEGER, INTEGER, OCTET STRING, OCTET STRING }, read as tolerant as can be.
fn ber_parts(bytes: &[u8]) -> Option<[&[u8]; 4]> {
    let (_, outer) = Any::from_ber(bytes).ok()?;
    if outer.header.tag() != Tag::Sequence || !outer.header.is_constructed() {
        return None;
    }
    let mut rest = outer.data;
    let mut parts: [&[u8]; 4] = [&[]; 4];
    let tags = [Tag::Integer, Tag::Integer, Tag::OctetString, Tag::OctetString];
    for (part, tag) in parts.iter_mut().zip(tags) {
        let (next, element) = Any::from_ber(rest).ok()?;
        if element.header.tag() != tag || element.header.is_constructed() {
            return None;
        }
        *part = element.data;
        rest = next;
    }
    Some(parts)
}

fn assembled(x: &[u8], y: &[u8], c3: &[u8], c2: &[u8]) -> Option<Ciphertext> {
    let coordinate = |number: &[u8]| {
        let zeros = number.iter().take_while(|&&byte| byte == 0).count();
        let significant = number.get(zeros..)?;
        let padding = 32_usize.checked_sub(significant.len())?;
        Some([[0; 32].get(..padding)?, significant].concat())
    };
    (c3.len() == 32).then_some(())?;
    let (x, y) = (coordinate(x)?, coordinate(y)?);
    Ciphertext::from_c1c3c2(&[&[4][..], &x, &y, c3, c2].concat()).ok()
}

/// 04 ‖ x ‖ y from 02 or 03 ‖ x, and what follows.
fn expanded(bytes: &[u8]) -> Option<([u8; 65], &[u8])> {
    let (c1, rest) = bytes.split_first_chunk::<33>()?;
    matches!(c1, [2 | 3, ..]).then_some(())?;
    Some((PublicKey::from_sec1(c1).ok()?.to_sec1(), rest))
}

fn reversed_point(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = bytes.to_vec();
    bytes.get_mut(1..33)?.reverse();
    bytes.get_mut(33..65)?.reverse();
    Some(bytes)
}
