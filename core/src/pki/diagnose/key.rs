//! What explains that a key cannot be read, or is not the one that was expected.

use zeroize::Zeroizing;

use super::{
    Diagnosis, Finding, Subject, conclude,
    deviation::{Deviation, Part},
    layer,
};
use crate::{
    error::{Code, Error},
    limits,
    pki::{keys, x509::Certificate},
    primitives::sm2::{PrivateKey, PublicKey},
    report::Text,
};

/// What was expected of the file of a private key: PKCS#8 or SEC1, PEM or DER.
#[derive(Clone, Copy, Debug)]
pub struct KeyQuestion<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// The password, if it is encrypted.
    pub password: Option<&'a [u8]>,
    /// The public key to which it should belong.
    pub public: Option<&'a PublicKey>,
}

/// Looks for what explains that a private key is not read, or does not belong to its public key. The
/// key itself is not given out.
///
/// # Errors
/// [`Code::LimitReached`] past [`limits::DIAGNOSIS_VALUE_BYTES_MAX`].
pub fn key(question: &KeyQuestion<'_>) -> Result<Diagnosis, Error> {
    let KeyQuestion { bytes, password, public } = *question;
    if bytes.len() > limits::DIAGNOSIS_VALUE_BYTES_MAX {
        return Err(Error::limit("DIAGNOSIS_VALUE_BYTES_MAX"));
    }
    let strict = keys::private_key_from_pem_or_der(bytes, password);
    let belongs = |key: &PrivateKey| public.is_none_or(|public| key.public() == public);
    if strict.as_ref().is_ok_and(belongs) {
        return Ok(Diagnosis::NothingToExplain);
    }
    let mut observations = Vec::new();
    if let Err(error) = &strict {
        observations.push(Text { en: error.text_en().into(), zh: error.text_zh().into() });
    } else {
        observations.push(Text {
            en: "the file is a private key, of another public key".into(),
            zh: "文件是私钥，但与公钥不匹配".into(),
        });
    }
    let mut tried = 0_usize;
    let mut findings = Vec::new();
    for outer in layer::unwrap_all(bytes) {
        for row in ROWS {
            tried = tried.saturating_add(1);
            let meant = (row.read)(&outer.bytes, password);
            let explains = match &meant {
                Some(Meant::Private(key)) => belongs(key),
                Some(Meant::OnlyIfItBelongs(key)) => public.is_some() && belongs(key),
                Some(Meant::Public(key)) => public.is_none_or(|public| key == public),
                Some(Meant::Unusable) => true,
                None => false,
            };
            if explains {
                let mut parts = outer.parts.clone();
                parts.extend(row.deviation.as_ref().map(Part::of));
                findings.push(Finding { parts });
            }
        }
    }
    findings.retain(|finding| !finding.parts.is_empty());
    let fewest = findings.iter().map(|finding| finding.parts.len()).min();
    findings.retain(|finding| Some(finding.parts.len()) == fewest);
    Ok(conclude(Subject::Key, findings, tried, true, observations))
}

enum Meant {
    Private(PrivateKey),
    /// Any number is a key: only its public key tells whether this one was meant.
    OnlyIfItBelongs(PrivateKey),
    Public(PublicKey),
    /// Recognised, and no SM2 key that could serve here.
    Unusable,
}

struct Row {
    deviation: Option<Deviation>,
    read: fn(&[u8], Option<&[u8]>) -> Option<Meant>,
}

macro_rules! rows {
    ($($id:literal $en:literal $zh:literal $hint_en:literal $hint_zh:literal $read:expr;)*) => {
        &[
            Row {
                deviation: None,
                read: |bytes, password| {
                    keys::private_key_from_pem_or_der(bytes, password).ok().map(Meant::Private)
                },
            },
            $(Row {
                deviation: Some(Deviation::new($id, [$en, $zh], [$hint_en, $hint_zh])),
                read: $read,
            },)*
        ]
    };
}

const ROWS: &[Row] = rows! {
    "key.bare"
        "it is d alone, 32 bytes"
        "只有 32 字节的私钥数值 d"
        "`yinxin convert key --to pkcs8-pem` puts it into a container"
        "用 yinxin convert key --to pkcs8-pem 封装"
        |bytes, _| d(bytes);
    "key.bare-stripped"
        "it is d alone, without its leading zeros"
        "只有私钥数值 d，且前导零丢失"
        "write d as 32 bytes, zeros before"
        "将 d 写成 32 字节，前面补零"
        |bytes, _| {
            let padding = 32_usize.checked_sub(bytes.len()).filter(|count| (1..=4).contains(count))?;
            d(&Zeroizing::new([[0; 4].get(..padding)?, bytes].concat()))
        };
    "key.bare-sign-byte"
        "it is d alone, with a 00 before it, as in BigInteger.toByteArray"
        "只有私钥数值 d，且前面多出 00（如 BigInteger.toByteArray）"
        "write d as 32 bytes without a sign"
        "将 d 写成 32 字节，不含符号字节"
        |bytes, _| match bytes {
            [0, d_bytes @ ..] if bytes.len() == 33 => d(d_bytes),
            _ => None,
        };
    "key.little-endian"
        "it is d alone, little-endian"
        "只有私钥数值 d，且为小端序"
        "write d with the most significant byte first"
        "d 应以大端序书写"
        |bytes, _| {
            let mut reversed = Zeroizing::new(<[u8; 32]>::try_from(bytes).ok()?);
            reversed.reverse();
            PrivateKey::from_bytes(&reversed).ok().map(Meant::OnlyIfItBelongs)
        };
    "key.with-public"
        "d is followed by the public key"
        "私钥数值 d 之后附有公钥"
        "take the first 32 bytes as d"
        "取前 32 字节作为 d"
        |bytes, _| {
            let (d_bytes, point) = bytes.split_first_chunk::<32>()?;
            let key = PrivateKey::from_bytes(d_bytes).ok()?;
            let sec1 = key.public().to_sec1();
            (point == sec1 || Some(point) == sec1.get(1..)).then_some(Meant::Private(key))
        };
    "key.password"
        "the key is encrypted, and the password is missing or wrong"
        "密钥已加密，未给出口令或口令错误"
        "give the password that was set when the key was written"
        "提供写出密钥时设置的口令"
        |bytes, password| {
            let error = keys::private_key_from_pem_or_der(bytes, password).err()?;
            let code = error.code();
            matches!(code, Code::PasswordNeeded | Code::WrongPassword).then_some(Meant::Unusable)
        };
    "key.other-algorithm"
        "it is a key of another algorithm or curve"
        "是其他算法或其他曲线的密钥"
        "make the key on the curve SM2 (OpenSSL: -algorithm EC -pkeyopt ec_paramgen_curve:SM2)"
        "在 SM2 曲线上生成密钥（OpenSSL：-algorithm EC -pkeyopt ec_paramgen_curve:SM2）"
        |bytes, password| {
            let error = keys::private_key_from_pem_or_der(bytes, password).err()?;
            (error.code() == Code::UnsupportedAlgorithm).then_some(Meant::Unusable)
        };
    "key.public-inside"
        "the public key inside the file is not that of its private key"
        "文件内的公钥与私钥不匹配"
        "take d out and write the file anew; find out which of the two was meant"
        "取出 d 重新生成文件，并查明应以哪一个为准"
        |bytes, password| {
            let error = keys::private_key_from_pem_or_der(bytes, password).err()?;
            (error.code() == Code::KeyMismatch).then_some(Meant::Unusable)
        };
    "key.public"
        "it is a public key, not a private one"
        "是公钥，不是私钥"
        "give the file of the private key"
        "请提供私钥文件"
        |bytes, _| {
            let read = keys::public_key_from_pem(bytes).or_else(|_| keys::public_key_from_spki(bytes));
            let bare = || match bytes.len() {
                64 => PublicKey::from_sec1(&[&[4], bytes].concat()).ok(),
                _ => PublicKey::from_sec1(bytes).ok(),
            };
            read.ok().or_else(bare).map(Meant::Public)
        };
    "key.certificate"
        "it is a certificate, which holds a public key only"
        "是证书，只含公钥"
        "give the file of the private key that belongs to the certificate"
        "请提供与该证书对应的私钥文件"
        |bytes, _| Certificate::parse_pem_or_der(bytes).ok().map(|_| Meant::Unusable);
};

fn d(bytes: &[u8]) -> Option<Meant> {
    PrivateKey::from_bytes(bytes.try_into().ok()?).ok().map(Meant::Private)
}
