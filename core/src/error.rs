//! Why a call could not do its work: one stable code, two languages, and where it happened.
//!
//! A verification that finished and said no is not an error but a [`Rejected`](crate::report::Rejected).

mod hint;

use std::fmt;

/// Declares [`Code`] from one table, so that number, name and both texts stand in one place.
macro_rules! codes {
    ($($(#[doc = $section:literal])* $number:literal $variant:ident $name:literal $en:literal $zh:literal;)*) => {
        /// What went wrong. The number and the name are stable: C, Python and JSON share them.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $en] $variant,)*
        }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable number (the status of the C interface).
            #[must_use]
            pub const fn number(self) -> u16 {
                match self { $(Self::$variant => $number,)* }
            }

            /// The stable name, in upper case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it means, in English.
            #[must_use]
            pub const fn text_en(self) -> &'static str {
                match self { $(Self::$variant => $en,)* }
            }

            /// What it means, in Chinese.
            #[must_use]
            pub const fn text_zh(self) -> &'static str {
                match self { $(Self::$variant => $zh,)* }
            }
        }
    };
}

// Numbers are grouped by the module that raises them and never reused.
codes! {
    // 100: any module
    102 BadBase64 "BAD_BASE64" "the text is not valid base64" "不是有效的 base64 文本";
    103 BadDer "BAD_DER" "the DER is malformed" "DER 编码有误";
    104 BadPem "BAD_PEM" "the PEM text is malformed or of another kind" "PEM 文本有误或类型不符";
    105 BadTime "BAD_TIME" "the time is malformed or out of range" "时间格式有误或超出范围";
    106 BadUtf8 "BAD_UTF8" "the text is not valid UTF-8" "不是有效的 UTF-8 文本";
    107 LimitReached "LIMIT_REACHED" "the input needs more than a limit allows" "输入超过上限";
    108 NoRandomness "NO_RANDOMNESS" "the operating system gave no random bytes" "操作系统未提供随机数";
    109 BadArgument "BAD_ARGUMENT" "an argument is out of its range" "参数超出范围";
    110 SelfTestFailed "SELF_TEST_FAILED" "a self-test failed: no algorithm serves until the process starts anew" "密码自检失败：进程重启前停止一切密码服务";
    111 FaultDetected "FAULT_DETECTED" "the signature just made does not verify: the computation went wrong" "刚生成的签名验证不通过：计算出现故障";
    // 200: primitives
    201 BadSignature "BAD_SIGNATURE" "the signature does not verify" "签名验证不通过";
    202 BadSignatureEncoding "BAD_SIGNATURE_ENCODING" "the signature is not encoded as its form demands" "签名编码不符合所用格式";
    203 BadPublicKey "BAD_PUBLIC_KEY" "the bytes are not a point of the SM2 curve" "不是 SM2 曲线上的公钥";
    204 BadPrivateKey "BAD_PRIVATE_KEY" "the private key is out of range" "私钥超出取值范围";
    205 BadCiphertext "BAD_CIPHERTEXT" "the ciphertext does not decrypt" "密文解密失败";
    206 BadLength "BAD_LENGTH" "the length is not one that the algorithm takes" "长度不符合算法要求";
    207 BadPadding "BAD_PADDING" "the padding is wrong" "填充有误";
    208 BadDistId "BAD_DIST_ID" "the distinguishing identifier is longer than 8191 bytes" "可辨别标识超过 8191 字节";
    209 BadMac "BAD_MAC" "the message authentication code is wrong" "消息鉴别码不正确";
    // 300: pki
    301 BadCertificate "BAD_CERTIFICATE" "the certificate is malformed" "证书格式有误";
    302 BadCrl "BAD_CRL" "the certificate revocation list is malformed" "证书撤销列表格式有误";
    303 BadKey "BAD_KEY" "the key file is malformed" "密钥文件格式有误";
    304 WrongPassword "WRONG_PASSWORD" "the password is wrong or the encrypted key is damaged" "口令错误或加密密钥已损坏";
    305 PasswordNeeded "PASSWORD_NEEDED" "the key is encrypted and no password was given" "密钥已加密，需要口令";
    306 UnsupportedAlgorithm "UNSUPPORTED_ALGORITHM" "the algorithm is not supported here" "不支持该算法";
    307 KeyMismatch "KEY_MISMATCH" "the private key does not belong to the public key or certificate" "私钥与公钥或证书不匹配";
    308 BadCms "BAD_CMS" "the signed or enveloped data is malformed" "CMS 数据（签名数据或数字信封）格式有误";
    309 UnknownForm "UNKNOWN_FORM" "the bytes are in no form of a key that is known here" "无法识别密钥的封装形式";
    310 WrongKeyKind "WRONG_KEY_KIND" "the bytes hold another kind of object than was asked for" "内容与所需的密钥类型不符";
    311 SigningKeyNeeded "SIGNING_KEY_NEEDED" "the key is enveloped for a signing key, which was not given" "密钥封装在数字信封中，需要签名私钥";
    312 LegacyEncryption "LEGACY_ENCRYPTION" "it is encrypted in a broken way (DES, RC2, Triple DES of PKCS#12): opened only where legacy encryption is allowed" "使用了已不安全的旧式加密（DES、RC2、PKCS#12 的三重 DES），须显式允许旧式加密才能打开";
    313 BadPkcs12 "BAD_PKCS12" "the PKCS#12 file is malformed" "PKCS#12 文件格式有误";
    314 BadCsr "BAD_CSR" "the certification request is malformed" "证书请求格式有误";
    315 BadOcsp "BAD_OCSP" "the OCSP request or response is malformed" "OCSP 请求或响应格式有误";
    317 BadBundle "BAD_BUNDLE" "the bundle of trust anchors is malformed" "信任包格式有误";
    320 NoRecipient "NO_RECIPIENT" "the enveloped data is not for this certificate or key" "数字信封的接收者中没有该证书或密钥";
    321 NotOpened "NOT_OPENED" "the content does not open: another key, or it was changed" "无法解开内容：密钥不符或数据被改动";
    322 LengthMismatch "LENGTH_MISMATCH" "the data is not as long as was said beforehand" "数据长度与事先声明的不一致";
    323 StreamFailed "STREAM_FAILED" "reading or writing the stream failed" "数据流读写失败";
    324 DeviceFailed "DEVICE_FAILED" "the device that holds the key reported a failure" "密码设备报告失败";
    325 DeviceUnavailable "DEVICE_UNAVAILABLE" "no session with the device that holds the key could be had" "无法与密码设备建立会话";
    326 DeviceTimeout "DEVICE_TIMEOUT" "the device that holds the key did not answer in time" "密码设备未在限定时间内响应";
    327 BadTimeStamp "BAD_TIME_STAMP" "the time stamp, its request or its response is malformed" "时间戳、时间戳请求或响应格式有误";
    328 TimeStampRefused "TIME_STAMP_REFUSED" "the time stamp authority refused the request" "时间戳服务机构拒绝了请求";
    329 TimeStampMismatch "TIME_STAMP_MISMATCH" "the time stamp does not answer the request" "时间戳与请求不符";
    // 400: ofd
    401 BadZip "BAD_ZIP" "the ZIP container is malformed or ambiguous" "ZIP 容器有误或有歧义";
    402 BadXml "BAD_XML" "the XML is malformed" "XML 有误";
    403 BadOfd "BAD_OFD" "the OFD structure is malformed" "OFD 结构有误";
    404 BadPath "BAD_PATH" "the path is not allowed inside the package" "包内路径不允许";
    405 EntryMissing "ENTRY_MISSING" "a file that the package names is missing" "包内缺少被引用的文件";
    406 DocumentLocked "DOCUMENT_LOCKED" "an earlier signature covers the signature list: nothing can be added" "已有签名保护了签名列表，不能再追加签名";
    407 UnsupportedZip "UNSUPPORTED_ZIP" "the ZIP container uses a feature that signed packages may not use" "ZIP 容器使用了签名包不允许的特性";
    408 UnsupportedEncoding "UNSUPPORTED_ENCODING" "the XML is not encoded in UTF-8" "XML 不是 UTF-8 编码";
    // 500: seal
    501 BadSeal "BAD_SEAL" "the electronic seal is malformed" "电子印章格式有误";
    502 BadSignedValue "BAD_SIGNED_VALUE" "the sealed signature is malformed" "电子签章数据格式有误";
    503 BadPicture "BAD_PICTURE" "the seal picture is malformed or of an unknown kind" "印章图片有误或类型未知";
    504 NotInSeal "NOT_IN_SEAL" "the signer's certificate is not in the seal's list" "签章人证书不在印章证书列表中";
    505 OutsideValidity "OUTSIDE_VALIDITY" "the time lies outside the validity period" "时间不在有效期内";
    // 600: licence
    601 BadIdentifier "BAD_IDENTIFIER" "the licence identifier is malformed" "电子证照标识格式有误";
    602 BadCheckCharacter "BAD_CHECK_CHARACTER" "the check character is wrong" "校验位有误";
    603 BadCodeNumber "BAD_CODE_NUMBER" "the code number is malformed" "代码格式有误";
    604 BadData "BAD_DATA" "the licence data is malformed or incomplete" "证照数据有误或不完整";
    // 700: identity
    701 BadToken "BAD_TOKEN" "the token is malformed" "令牌格式有误";
    702 BadJson "BAD_JSON" "the JSON is malformed or has a name twice" "JSON 有误或成员名重复";
    703 BadClaim "BAD_CLAIM" "a claim is missing or not of the kind demanded" "声明缺失或类型不符";
}

/// Why a call could not do its work, and where.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    code: Code,
    offset: Option<usize>,
    field: Option<&'static str>,
    file: Option<Box<str>>,
    device_code: Option<u32>,
}

impl Error {
    /// An error with no place yet.
    #[must_use]
    pub const fn new(code: Code) -> Self {
        Self { code, offset: None, field: None, file: None, device_code: None }
    }

    /// The limit named `name` of [`limits`](crate::limits) was reached.
    #[must_use]
    pub const fn limit(name: &'static str) -> Self {
        let (code, field) = (Code::LimitReached, Some(name));
        Self { code, offset: None, field, file: None, device_code: None }
    }

    /// Adds the byte offset, counted from the start of the input that was given.
    #[must_use]
    pub fn at(mut self, offset: usize) -> Self {
        self.offset = Some(offset);
        self
    }

    /// The error without its offset, which is one of something decoded or decrypted.
    #[must_use]
    pub(crate) fn without_place(mut self) -> Self {
        self.offset = None;
        self
    }

    /// Names the field, element, argument or limit concerned.
    #[must_use]
    pub fn field(mut self, field: &'static str) -> Self {
        self.field = Some(field);
        self
    }

    /// Names the file inside the package, unless a place nearer to the fault named one already.
    #[must_use]
    pub fn in_file(mut self, file: &str) -> Self {
        self.file.get_or_insert_with(|| file.into());
        self
    }

    /// Adds the code that a device gave for its failure: of GM/T 0018 `SDR_`, of GM/T 0016 `SAR_`, of
    /// PKCS#11 `CKR_`, of a signing server its status.
    #[must_use]
    pub fn from_device(mut self, code: u32) -> Self {
        self.device_code = Some(code);
        self
    }

    /// What went wrong.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The byte offset in the input, where one applies.
    #[must_use]
    pub const fn offset(&self) -> Option<usize> {
        self.offset
    }

    /// The file inside the package, where one applies.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The field, element, argument or limit concerned.
    #[must_use]
    pub const fn field_name(&self) -> Option<&'static str> {
        self.field
    }

    /// The code that the device gave for its failure, where a device was asked.
    #[must_use]
    pub const fn device_code(&self) -> Option<u32> {
        self.device_code
    }

    /// What to try next, in English.
    #[must_use]
    pub fn hint_en(&self) -> &'static str {
        self.code.hint_en()
    }

    /// What to try next, in Chinese.
    #[must_use]
    pub fn hint_zh(&self) -> &'static str {
        self.code.hint_zh()
    }

    /// The English text, with the place.
    #[must_use]
    pub fn text_en(&self) -> String {
        self.with_place(self.code.text_en(), [" (", "in ", "byte ", "device code ", ")"])
    }

    /// The Chinese text, with the place.
    #[must_use]
    pub fn text_zh(&self) -> String {
        self.with_place(self.code.text_zh(), ["（", "文件 ", "字节偏移 ", "设备错误码 ", "）"])
    }

    fn with_place(&self, text: &str, words: [&str; 5]) -> String {
        let [open, file_word, byte_word, device_word, close] = words;
        let mut places = Vec::new();
        places.extend(self.field.map(str::to_owned));
        places.extend(self.file.as_ref().map(|file| format!("{file_word}{file}")));
        places.extend(self.offset.map(|offset| format!("{byte_word}{offset}")));
        places.extend(self.device_code.map(|code| format!("{device_word}0x{code:08X}")));
        if places.is_empty() {
            return text.to_owned();
        }
        format!("{text}{open}{}{close}", places.join(", "))
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.text_en())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_and_names_are_unique() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].number() < pair[1].number(), "{pair:?}");
        }
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }

    #[test]
    fn every_code_has_a_hint() {
        for code in Code::ALL {
            let (en, zh) = (code.hint_en(), code.hint_zh());
            assert!(en.is_ascii() && en.contains(' '), "{code:?}: add a hint in error/hint.rs");
            let is_chinese = |letter| ('\u{4e00}'..='\u{9fff}').contains(&letter);
            assert!(zh.chars().any(is_chinese), "{code:?}: add a hint in error/hint.rs");
        }
    }

    /// `UPDATE=1` writes them anew.
    #[test]
    fn the_guide_lists_every_code() {
        type Text = fn(Code) -> &'static str;
        let pages: [(&str, &str, [Text; 2]); 2] = [
            ("errors.md", ENGLISH, [Code::text_en, Code::hint_en]),
            ("errors.zh-CN.md", CHINESE, [Code::text_zh, Code::hint_zh]),
        ];
        for (name, head, [text, hint]) in pages {
            let row = |code: &Code| {
                let words = [text(*code), hint(*code)].map(|words| words.replace('|', "\\|"));
                format!("| {} | `{}` | {} | {} |\n", code.number(), code.name(), words[0], words[1])
            };
            let page = head.to_owned() + &Code::ALL.iter().map(row).collect::<String>();
            let path = format!("{}/../docs/guide/{name}", env!("CARGO_MANIFEST_DIR"));
            if std::env::var_os("UPDATE").is_some() {
                std::fs::write(&path, &page).unwrap();
            }
            let there = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(there == page, "docs/guide/{name}: UPDATE=1 writes it anew");
        }
    }

    const ENGLISH: &str = "\
# Error codes

An error says that a call could not do its work: its code, a text in English and Chinese, the place where it
happened (file, field, byte offset; of a device its own code), and a hint. Number and name never change: the
number is the status of the C interface, the name is in the JSON of the command line and in the exceptions of
Python. A verification that finished and said no is no error but a report of checks. No message has a secret
in it.

`yinxin::Code::ALL` is this list.

| number | name | meaning | what to try next |
| --- | --- | --- | --- |
";

    const CHINESE: &str = "\
# 错误码

错误表示调用未能完成工作，包含：错误码、中英文说明、出错位置（文件、字段、字节偏移；密码设备另有其自身错误码）和建议。编号和名称
不会改变：编号即 C 接口的返回状态，名称用于命令行的 JSON 输出和 Python 异常。验证完成但结论为“否”不是错误，而是一份检查报告。
任何消息都不含秘密信息。

完整列表见 `yinxin::Code::ALL`。

| 编号 | 名称 | 含义 | 建议 |
| --- | --- | --- | --- |
";

    #[test]
    fn text_tells_the_place_in_both_languages() {
        let error = Error::new(Code::BadDer).field("picture").in_file("Seal.esl").at(17);
        assert_eq!(
            error.to_string(),
            "BAD_DER: the DER is malformed (picture, in Seal.esl, byte 17)"
        );
        assert_eq!(error.text_zh(), "DER 编码有误（picture, 文件 Seal.esl, 字节偏移 17）");
    }

    #[test]
    fn a_device_speaks_for_itself() {
        let error = Error::new(Code::DeviceFailed).from_device(0x0100_001d);
        assert_eq!(error.device_code(), Some(0x0100_001d));
        assert_eq!(error.text_zh(), "密码设备报告失败（设备错误码 0x0100001D）");
    }
}
