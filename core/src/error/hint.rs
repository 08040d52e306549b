//! What to try next, for each error code, in two languages. Whoever adds a code adds its hint here;
//! a test tells.

use super::Code;

/// Declares the hints from one table, by the names of the codes.
macro_rules! hints {
    ($($($name:literal)|+ $en:literal $zh:literal;)*) => {
        impl Code {
            /// What to try next, in English.
            #[must_use]
            pub fn hint_en(self) -> &'static str {
                match self.name() { $($($name)|+ => $en,)* _ => "" }
            }

            /// What to try next, in Chinese.
            #[must_use]
            pub fn hint_zh(self) -> &'static str {
                match self.name() { $($($name)|+ => $zh,)* _ => "" }
            }
        }
    };
}

hints! {
    "BAD_BASE64"
        "check that the text was copied whole, and that no other characters stand in it"
        "请确认文本复制完整，且未混入其他字符";
    "BAD_DER"
        "look at the byte offset with an ASN.1 viewer; PEM, hexadecimal or base64 text must be decoded first"
        "请用 ASN.1 查看工具检查所示字节偏移；PEM、十六进制或 base64 文本须先解码";
    "BAD_PEM"
        "the BEGIN and END lines must be whole and name the kind of object that is asked for"
        "BEGIN 与 END 行须完整，且标明所需的对象类型";
    "BAD_TIME"
        "write times as 2026-01-31T08:00:00Z, with their zone"
        "时间请写作 2026-01-31T08:00:00Z 的形式，并带时区";
    "BAD_UTF8"
        "the text may be GBK or binary: convert it to UTF-8"
        "文本可能是 GBK 编码或二进制数据，请转换为 UTF-8";
    "LIMIT_REACHED"
        "the named limit protects against hostile input: split the input, or check that it is the right file"
        "所示上限用于防范恶意输入：请拆分输入，或确认文件是否正确";
    "NO_RANDOMNESS"
        "the system's random number generator must be reachable: check containers and sandboxes"
        "请检查容器或沙箱是否允许访问系统随机数发生器";
    "BAD_ARGUMENT"
        "compare the named argument with the range that the documentation gives"
        "请对照文档核对所示参数的取值范围";
    "SELF_TEST_FAILED"
        "start the process anew; if it happens again, the program or the machine is damaged"
        "请重新启动进程；若再次出现，说明程序或硬件已损坏";
    "FAULT_DETECTED"
        "nothing was given out; sign again, and check the machine if it happens again"
        "签名未输出；请重新签名，若再次出现请检查硬件";
    "BAD_SIGNATURE"
        "compare key, data and distinguishing identifier with the signer's; `yinxin diagnose` tries the usual deviations"
        "请与签名方核对公钥、数据与可辨别标识；`yinxin diagnose` 可逐一尝试常见偏差";
    "BAD_SIGNATURE_ENCODING"
        "the signature may be in the other form: DER begins with 30, r||s has exactly 64 bytes"
        "签名可能采用另一种编码：DER 以 30 开头，r‖s 恰为 64 字节";
    "BAD_PUBLIC_KEY"
        "the point must be 04||x||y or 02/03||x on the SM2 curve; a key of another curve, or cut zeros, look like this"
        "公钥应为 SM2 曲线上的 04‖x‖y 或 02/03‖x；其他曲线的公钥或丢失前导零都会如此";
    "BAD_PRIVATE_KEY"
        "d must be 32 bytes, big-endian, from 1 to n-2"
        "d 应为 32 字节大端整数，取值 1 至 n-2";
    "BAD_CIPHERTEXT"
        "the key may be another's, or the layout another: ASN.1, C1C3C2 or C1C2C3, with or without 04"
        "密钥可能不匹配，或密文排列不同：ASN.1、C1C3C2 或 C1C2C3，带或不带 04";
    "BAD_LENGTH"
        "compare the length with what the algorithm takes; text must be decoded to bytes first"
        "请核对算法要求的长度；文本须先解码为字节";
    "BAD_PADDING"
        "the key, the initial vector or the mode may be another"
        "密钥、初始向量或工作模式可能不一致";
    "BAD_DIST_ID"
        "the identifier is usually the 16 bytes 1234567812345678"
        "可辨别标识通常为 16 字节的 1234567812345678";
    "BAD_MAC"
        "the key, the nonce or the associated data may be another, or the message was changed"
        "密钥、随机数或附加数据可能不一致，或消息被改动";
    "BAD_CERTIFICATE"
        "look at the named field; a key, a request or a chain file is no certificate"
        "请查看所示字段；密钥、证书申请或证书链文件不是证书";
    "BAD_CRL"
        "fetch the list again from its authority; an error page of a web server is no list"
        "请从发布机构重新获取列表；网站的出错页面不是撤销列表";
    "BAD_KEY"
        "look at the named field; `yinxin key` tells in which form a key is"
        "请查看所示字段；`yinxin key` 可显示密钥的封装形式";
    "WRONG_PASSWORD"
        "try the password again: letter case, full-width characters, and a newline at its end count"
        "请重新输入口令：注意大小写、全角字符与末尾换行";
    "PASSWORD_NEEDED"
        "give the password with which the key was encrypted"
        "请提供加密密钥时所用的口令";
    "UNSUPPORTED_ALGORITHM"
        "the named algorithm is not taken here: convert with the tool that wrote it, to SM2, SM3 and SM4"
        "不支持所示算法：请用原工具转换为 SM2、SM3、SM4";
    "KEY_MISMATCH"
        "the files were mixed up: take the private key and the certificate of one pair"
        "文件不配对：请使用同一密钥对的私钥与证书";
    "BAD_BUNDLE"
        "a bundle is made whole by its keeper: fetch the file again, in binary"
        "信任包由其维护者整体签发：请以二进制方式重新获取文件";
    "BAD_CMS"
        "the SignedData must be whole and in DER or base64; an SES seal or a bare signature is something else"
        "SignedData 须完整，且为 DER 或 base64；电子签章数据或裸签名不属此类";
    "UNKNOWN_FORM"
        "known are PEM and DER, JWK, PKCS#12, CFCA files, and raw keys of exact length as bytes, hexadecimal or base64"
        "可识别 PEM、DER、JWK、PKCS#12、CFCA 文件，以及长度准确的裸密钥（二进制、十六进制或 base64）";
    "WRONG_KEY_KIND"
        "give the private key where one is needed, and the public key or certificate where that is"
        "需要私钥时请提供私钥，需要公钥时请提供公钥或证书";
    "SIGNING_KEY_NEEDED"
        "open the enveloped key with the private signing key for which the authority enveloped it"
        "请用接收方的签名私钥解开该加密密钥对信封";
    "LEGACY_ENCRYPTION"
        "allow legacy encryption for this file, then write the key anew with SM4 and HMAC-SM3"
        "请对该文件显式允许旧式加密，随后用 SM4 与 HMAC-SM3 重新加密保存";
    "BAD_PKCS12"
        "look at the named field; a certificate alone, or a Java keystore of type JKS, is no PKCS#12"
        "请查看所示字段；单独的证书或 JKS 类型的 Java 密钥库不是 PKCS#12";
    "BAD_CSR"
        "look at the named field; the request must be PKCS#10, in DER or PEM"
        "请查看所示字段；证书请求应为 DER 或 PEM 的 PKCS#10";
    "BAD_OCSP"
        "look at the named field; an error page of a web server is no OCSP response"
        "请查看所示字段；网站的出错页面不是 OCSP 响应";
    "NO_RECIPIENT"
        "ask the sender for whom it was encrypted; dual certificates take the encryption key, not the signing key"
        "请向发送方确认接收者；双证书情形应使用加密密钥而非签名密钥";
    "NOT_OPENED"
        "the key may be another's, or the data was cut or changed on its way"
        "密钥可能不匹配，或数据在传输中被截断或改动";
    "LENGTH_MISMATCH"
        "give the length of the data that is streamed, or the data of that length"
        "请提供与数据流一致的长度";
    "STREAM_FAILED"
        "the file or connection failed: its own message says why; begin anew"
        "文件或连接读写失败，原因见其自身信息；请重新开始";
    "DEVICE_FAILED"
        "look up the device's own code in its maker's manual; PIN, key index and rights are the usual causes"
        "请在设备厂商手册中查询设备错误码；常见原因是口令、密钥索引或权限";
    "DEVICE_UNAVAILABLE"
        "check that the device is plugged in or reachable, and how many sessions it allows"
        "请检查设备是否已接入或可达，以及允许的会话数";
    "DEVICE_TIMEOUT"
        "check the connection to the device and its load; raise the waiting time if it is only slow"
        "请检查与设备的连接及其负载；若仅是较慢，可延长等待时间";
    "BAD_TIME_STAMP"
        "look at the named field; the token must be whole, in DER, as RFC 3161 or GM/T 0033 has it"
        "请查看所示字段；时间戳须为完整的 DER，符合 RFC 3161 或 GM/T 0033";
    "TIME_STAMP_REFUSED"
        "the status in the response says why: policy, digest algorithm or format were not accepted"
        "原因见响应中的状态：策略、摘要算法或格式未被接受";
    "TIME_STAMP_MISMATCH"
        "the response belongs to another request: digest, nonce or policy differ; ask anew"
        "响应对应另一请求：摘要、随机数或策略不同，请重新申请";
    "BAD_ZIP"
        "fetch the file again from where it was issued; do not repack it"
        "请从签发处重新获取文件，不要重新打包";
    "BAD_XML" | "BAD_OFD"
        "the maker's software wrote it wrong, or it was changed: ask for the file anew"
        "生成软件有误或文件被改动，请重新获取文件";
    "BAD_PATH"
        "paths in a package stay inside it: no drive letters, no dots that climb out"
        "包内路径不得越出包外：不得有盘符或向上的点号";
    "ENTRY_MISSING"
        "the package was cut or repacked: fetch it again from where it was issued"
        "文件不完整或被重新打包，请从签发处重新获取";
    "DOCUMENT_LOCKED"
        "sign before the signature that locks, or seal a copy without signatures"
        "请在锁定签名之前签署，或对未签名的副本签章";
    "UNSUPPORTED_ZIP"
        "pack anew with plain deflate: no encryption, no ZIP64, no several disks"
        "请以普通 deflate 方式重新打包：不加密、不用 ZIP64、不分卷";
    "UNSUPPORTED_ENCODING"
        "convert the XML to UTF-8 before it is signed"
        "请在签名之前将 XML 转换为 UTF-8";
    "BAD_SEAL" | "BAD_SIGNED_VALUE"
        "look at the named field; vendors wrap seals in bytes of their own, which must be taken off"
        "请查看所示字段；厂商可能在印章数据外附加字节，须先去除";
    "BAD_PICTURE"
        "give a PNG picture of the size that the documentation allows"
        "请提供尺寸符合文档要求的 PNG 图片";
    "NOT_IN_SEAL"
        "seal with a certificate that the seal lists, or have a seal made that lists this one"
        "请使用印章中已列出的证书，或重新制作包含该证书的印章";
    "OUTSIDE_VALIDITY"
        "check the clock and the dates of certificate and seal"
        "请检查系统时间以及证书与印章的有效期";
    "BAD_IDENTIFIER" | "BAD_CHECK_CHARACTER" | "BAD_CODE_NUMBER"
        "compare with the original character by character: 0 and O, 1 and I are easily mixed up"
        "请逐字核对原件：0 与 O、1 与 I 容易混淆";
    "BAD_DATA"
        "fill in the named field as the documentation describes"
        "请按文档说明填写所示字段";
    "BAD_JSON"
        "it must be whole, in UTF-8, and no name may stand twice in one object: look with a tool for JSON"
        "JSON 须完整、采用 UTF-8 编码，且同一对象中成员名不得重复，请用 JSON 工具检查";
    "BAD_TOKEN" | "BAD_CLAIM"
        "ask the issuer for a new token; one that was cut or decoded and written again is no longer whole"
        "请向签发方重新获取令牌；被截断或重新编码的令牌已不完整";
}
