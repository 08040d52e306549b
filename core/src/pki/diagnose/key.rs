//! What explains that a key cannot be read, or is not the one that was expected.

use std::fmt;

use encoding_rs::GBK;
use zeroize::Zeroizing;

use super::{
    Diagnosis, Finding, Subject, conclude,
    deviation::{Deviation, Part},
    layer,
};
use crate::{
    error::{Code, Error},
    limits,
    pki::{
        keys::{self, Container},
        pem,
        x509::Certificate,
    },
    primitives::sm2::{PrivateKey, PublicKey},
    report::Text,
};

/// What was expected of the file of a private key: PKCS#8 or SEC1, PEM or DER.
#[derive(Clone, Copy)]
pub struct KeyQuestion<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// The password, if it is encrypted.
    pub password: Option<&'a [u8]>,
    /// The public key to which it should belong.
    pub public: Option<&'a PublicKey>,
}

/// File and password are secret: what is shown of them is their lengths.
impl fmt::Debug for KeyQuestion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bytes, password) = (self.bytes.len(), self.password.map(<[u8]>::len));
        write!(f, "KeyQuestion({bytes} bytes, password of {password:?}, {:?})", self.public)
    }
}

/// Looks for what explains that a private key is not read, or does not belong to its public key. The
/// key itself is not given out. Where the key is encrypted, the password is tried in a few writings, each
/// of which costs the iterations that the file asks for.
///
/// # Errors
/// [`Code::LimitReached`] past [`limits::DIAGNOSIS_VALUE_BYTES_MAX`].
pub fn key(question: &KeyQuestion<'_>) -> Result<Diagnosis, Error> {
    let KeyQuestion { bytes, password, public } = *question;
    if bytes.len() > limits::DIAGNOSIS_VALUE_BYTES_MAX {
        return Err(Error::limit("DIAGNOSIS_VALUE_BYTES_MAX"));
    }
    let first = Attempt::new(bytes, password, public);
    let belongs = |key: &PrivateKey| public.is_none_or(|public| key.public() == public);
    if first.strict.as_ref().is_ok_and(belongs) {
        return Ok(Diagnosis::NothingToExplain);
    }
    let mut observations = Vec::new();
    if let Err(error) = &first.strict {
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
        let attempt = Attempt::new(&outer.bytes, password, public);
        if !outer.parts.is_empty() && attempt.strict.as_ref().is_ok_and(belongs) {
            findings.push(Finding { parts: outer.parts.clone() });
        }
        for row in ROWS {
            tried = tried.saturating_add(1);
            let meant = (row.read)(&attempt);
            let explains = match &meant {
                Some(Meant::Private(key)) => belongs(key),
                Some(Meant::OnlyIfItBelongs(key)) => public.is_some() && belongs(key),
                Some(Meant::Public(key)) => public.is_none_or(|public| key == public),
                Some(Meant::Contained(key, _)) => key.as_ref().is_none_or(belongs),
                Some(Meant::Unusable) => true,
                None => false,
            };
            if explains {
                let mut parts = outer.parts.clone();
                parts.push(match meant {
                    Some(Meant::Contained(_, container)) => {
                        Part::named(&row.deviation, container.name())
                    }
                    _ => Part::of(&row.deviation),
                });
                findings.push(Finding { parts });
                // The rows stand in the order in which one explains more than the next.
                break;
            }
        }
    }
    let fewest = findings.iter().map(|finding| finding.parts.len()).min();
    findings.retain(|finding| Some(finding.parts.len()) == fewest);
    Ok(conclude(Subject::Key, findings, tried, true, observations))
}

/// Bytes that may be a key, and what the readers make of them: once, as they may have to derive a key
/// from the password.
struct Attempt<'a> {
    bytes: &'a [u8],
    password: Option<&'a [u8]>,
    public: Option<&'a PublicKey>,
    /// As the file that was expected.
    strict: Result<PrivateKey, Error>,
    /// As any container, where it is not of those expected.
    loaded: Option<Result<(PrivateKey, Container), Error>>,
}

impl<'a> Attempt<'a> {
    fn new(bytes: &'a [u8], password: Option<&'a [u8]>, public: Option<&'a PublicKey>) -> Self {
        let strict = keys::private_key_from_pem_or_der(bytes, password);
        let unknown = |error: &Error| matches!(error.code(), Code::BadKey | Code::BadPem);
        let loaded = strict.as_ref().err().is_some_and(unknown).then(|| {
            let loaded = keys::load_private(bytes, password)?;
            Ok((loaded.key, loaded.form.container))
        });
        Self { bytes, password, public, strict, loaded }
    }

    /// What went wrong, in the end.
    fn error(&self) -> Option<&Error> {
        match &self.loaded {
            Some(loaded) => loaded.as_ref().err(),
            None => self.strict.as_ref().err(),
        }
    }

    fn failed_with(&self, codes: &[Code]) -> Option<Meant> {
        self.error().filter(|error| codes.contains(&error.code())).map(|_| Meant::Unusable)
    }

    /// The same with the password written otherwise, if that is another one.
    fn with_password(&self, rewritten: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<Meant> {
        self.failed_with(&[Code::WrongPassword, Code::BadUtf8])?;
        let password = self.password?;
        let other = Zeroizing::new(rewritten(password)?);
        if *other == password {
            return None;
        }
        let other = Attempt::new(self.bytes, Some(&other), self.public);
        let loaded = other.loaded.and_then(|loaded| loaded.ok().map(|(key, _)| key));
        other.strict.ok().or(loaded).map(Meant::Private)
    }
}

enum Meant {
    Private(PrivateKey),
    /// Any number is a key: only its public key tells whether this one was meant.
    OnlyIfItBelongs(PrivateKey),
    /// A key in another container, or one that its container does not give out.
    Contained(Option<PrivateKey>, Container),
    Public(PublicKey),
    /// Recognised, and no SM2 key that could serve here.
    Unusable,
}

struct Row {
    deviation: Deviation,
    read: fn(&Attempt<'_>) -> Option<Meant>,
}

macro_rules! rows {
    ($($id:literal $en:literal $zh:literal $hint_en:literal $hint_zh:literal $read:expr;)*) => {
        &[$(Row { deviation: Deviation::new($id, [$en, $zh], [$hint_en, $hint_zh]), read: $read },)*]
    };
}

const ROWS: &[Row] = rows! {
    "key.bare"
        "it is d alone, 32 bytes"
        "只有 32 字节的私钥数值 d"
        "`yinxin convert key --to pkcs8-pem` puts it into a container"
        "用 yinxin convert key --to pkcs8-pem 封装"
        |attempt| d(attempt.bytes);
    "key.bare-stripped"
        "it is d alone, without its leading zeros"
        "只有私钥数值 d，且前导零丢失"
        "write d as 32 bytes, zeros before"
        "将 d 写成 32 字节，前面补零"
        |attempt| {
            let bytes = attempt.bytes;
            let padding = 32_usize.checked_sub(bytes.len()).filter(|count| (1..=4).contains(count))?;
            d(&Zeroizing::new([[0; 4].get(..padding)?, bytes].concat()))
        };
    "key.bare-sign-byte"
        "it is d alone, with a 00 before it, as in BigInteger.toByteArray"
        "只有私钥数值 d，且前面多出 00（如 BigInteger.toByteArray）"
        "write d as 32 bytes without a sign"
        "将 d 写成 32 字节，不含符号字节"
        |attempt| match attempt.bytes {
            [0, d_bytes @ ..] if d_bytes.len() == 32 => d(d_bytes),
            _ => None,
        };
    "key.little-endian"
        "it is d alone, little-endian"
        "只有私钥数值 d，且为小端序"
        "write d with the most significant byte first"
        "d 应以大端序书写"
        |attempt| {
            let mut reversed = Zeroizing::new(<[u8; 32]>::try_from(attempt.bytes).ok()?);
            reversed.reverse();
            PrivateKey::from_bytes(&reversed).ok().map(Meant::OnlyIfItBelongs)
        };
    "key.with-public"
        "d is followed by the public key"
        "私钥数值 d 之后附有公钥"
        "take the first 32 bytes as d"
        "取前 32 字节作为 d"
        |attempt| {
            let (d_bytes, point) = attempt.bytes.split_first_chunk::<32>()?;
            let key = PrivateKey::from_bytes(d_bytes).ok()?;
            let sec1 = key.public().to_sec1();
            (point == sec1 || Some(point) == sec1.get(1..)).then_some(Meant::Private(key))
        };
    "key.not-first"
        "the file has several private keys, and the one that belongs is not the first"
        "文件中有多把私钥，匹配的不是第一把"
        "put the key alone into a file: readers take the first one"
        "将该私钥单独存为一个文件：读取时只取第一把"
        |attempt| {
            let public = attempt.public?;
            attempt.strict.as_ref().ok()?;
            let load = |block: &pem::Block<'_>| keys::load_private(&block.der, attempt.password).ok();
            let blocks = pem::blocks(attempt.bytes).ok()?;
            let mut keys = blocks.iter().filter_map(load).map(|loaded| loaded.key);
            keys.find(|key| key.public() == public).map(Meant::Private)
        };
    "key.other-container"
        "it is another container of a key than PKCS#8 or SEC1"
        "是密钥，但不是 PKCS#8 或 SEC1 封装"
        "load it with a function that recognises it (`PrivateKey::load`), or convert it: \
         `yinxin convert key --to pkcs8-pem`"
        "用能识别封装的函数读取（PrivateKey::load），或转换：yinxin convert key --to pkcs8-pem"
        |attempt| match attempt.loaded.as_ref()?.as_ref().ok()? {
            // A bare d has rows of its own.
            (_, Container::Scalar | Container::SignedScalar) => None,
            // As text, of which the layers say how it is written.
            (_, Container::Pkcs8 | Container::EncryptedPkcs8 | Container::Sec1) => None,
            (key, container) => {
                let key = PrivateKey::from_bytes(key.expose_bytes()).ok()?;
                Some(Meant::Contained(Some(key), *container))
            }
        };
    "key.enveloped"
        "it is a key that was enveloped for its holder's signing key"
        "是用持有者的签名公钥封装的加密密钥"
        "open it with the signing key (`open_enveloped`, `open_enveloped_blob`)"
        "用签名私钥打开（open_enveloped、open_enveloped_blob）"
        |attempt| attempt.failed_with(&[Code::SigningKeyNeeded]);
    "key.password-line-end"
        "the password was given with white space around it, which does not belong to it"
        "所给口令首尾带有不属于口令的空白或换行"
        "read the password without its line end"
        "读取口令时去掉换行"
        |attempt| attempt.with_password(|password| Some(password.trim_ascii().to_vec()));
    "key.password-gbk"
        "the key was encrypted with the password in GBK, which was given in UTF-8"
        "加密时口令为 GBK 编码，此处给出的是 UTF-8"
        "give the bytes of the password in GBK, and write the key anew with UTF-8"
        "以 GBK 字节给出口令，并改用 UTF-8 口令重新写出密钥"
        |attempt| attempt.with_password(|password| {
            let (bytes, _, lossy) = GBK.encode(std::str::from_utf8(password).ok()?);
            (!lossy).then(|| bytes.into_owned())
        });
    "key.password-utf-8"
        "the key was encrypted with the password in UTF-8, which was given in GBK"
        "加密时口令为 UTF-8 编码，此处给出的是 GBK"
        "give the password in UTF-8"
        "以 UTF-8 给出口令"
        |attempt| attempt.with_password(|password| {
            let (text, lossy) = GBK.decode_without_bom_handling(password);
            (!lossy && std::str::from_utf8(password).is_err()).then(|| text.as_bytes().to_vec())
        });
    "key.password"
        "the key is encrypted, and the password is missing or wrong"
        "密钥已加密，未给出口令或口令错误"
        "give the password that was set when the key was written"
        "提供写出密钥时设置的口令"
        |attempt| attempt.failed_with(&[Code::PasswordNeeded, Code::WrongPassword, Code::BadUtf8]);
    "key.legacy-encryption"
        "it is encrypted in a broken way: DES, RC2, or Triple DES of PKCS#12"
        "使用了已不安全的旧式加密：DES、RC2 或 PKCS#12 的三重 DES"
        "open it where legacy encryption is allowed, or write it anew (OpenSSL: pkcs8 -topk8 -v2 \
         aes-256-cbc)"
        "在允许旧式加密的函数中打开，或重新加密（OpenSSL：pkcs8 -topk8 -v2 aes-256-cbc）"
        |attempt| attempt.failed_with(&[Code::LegacyEncryption]);
    "key.other-algorithm"
        "it is a key of another algorithm or curve"
        "是其他算法或其他曲线的密钥"
        "make the key on the curve SM2 (OpenSSL: -algorithm EC -pkeyopt ec_paramgen_curve:SM2)"
        "在 SM2 曲线上生成密钥（OpenSSL：-algorithm EC -pkeyopt ec_paramgen_curve:SM2）"
        |attempt| {
            attempt.failed_with(&[Code::UnsupportedAlgorithm])?;
            let field = attempt.error()?.field_name();
            matches!(field, Some("algorithm" | "parameters" | "PEM label" | "kty" | "crv"))
                .then_some(Meant::Unusable)
        };
    "key.other-encryption"
        "it is encrypted in a way that is not known here, or in that of PEM itself (Proc-Type)"
        "使用了不支持的加密方式，或 PEM 自身的加密（Proc-Type）"
        "write it anew with PBES2 (OpenSSL: pkcs8 -topk8 -v2 aes-256-cbc)"
        "用 PBES2 重新加密（OpenSSL：pkcs8 -topk8 -v2 aes-256-cbc）"
        |attempt| attempt.failed_with(&[Code::UnsupportedAlgorithm]);
    "key.public-inside"
        "the public key inside the file is not that of its private key"
        "文件内的公钥与私钥不匹配"
        "take d out and write the file anew; find out which of the two was meant"
        "取出 d 重新生成文件，并查明应以哪一个为准"
        |attempt| attempt.failed_with(&[Code::KeyMismatch]);
    "key.public"
        "it is a public key, not a private one"
        "是公钥，不是私钥"
        "give the file of the private key"
        "请提供私钥文件"
        |attempt| {
            let bytes = attempt.bytes;
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
        |attempt| Certificate::parse_pem_or_der(attempt.bytes).ok().map(|_| Meant::Unusable);
};

fn d(bytes: &[u8]) -> Option<Meant> {
    PrivateKey::from_bytes(bytes.try_into().ok()?).ok().map(Meant::Private)
}
