//! `yinxin cms encrypt` and `yinxin cms decrypt`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;
use yinxin::{
    Error,
    pki::{
        cms::{
            self, ContentCipher, EnvelopOptions, Family, Kind, OpenWith, RecipientIs, RecipientsBy,
            stream,
        },
        x509::Certificate,
    },
    primitives::sm2::PrivateKey,
};
use zeroize::Zeroizing;

use super::Form;
use crate::{
    Ending,
    data::{Data, Long},
    encoding::{self, Written},
    failure::Failure,
    inputs::{self, Opening},
    output::{Access, OutFile, Output},
    sink::Sink,
};

#[derive(Debug, Args)]
pub(crate) struct EncryptArguments {
    /// What to encrypt, of any size; `-` is standard input.
    #[arg(value_name = "DATA", default_value = "-")]
    data: PathBuf,
    /// A recipient's encryption certificate, which is not judged. Repeatable.
    #[arg(long, value_name = "FILE", required_unless_present = "content_key")]
    to: Vec<PathBuf>,
    /// Instead: the SM4 key that the reader has, too, as 16 bytes or 32 hexadecimal digits. Makes
    /// EncryptedData, with SM4-CBC.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["to", "by_key_id"])]
    content_key: Option<PathBuf>,
    /// How the data is encrypted. SM4-GCM tells whether it was changed; it needs --pkcs7 and --to.
    #[arg(long, value_enum, default_value_t = Cipher::Sm4Cbc)]
    cipher: Cipher,
    #[command(flatten)]
    naming: Naming,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    out: OutFile,
}

/// How recipients are named.
#[derive(Debug, Args)]
pub(super) struct Naming {
    /// Name recipients by the key identifier in their certificates, not by issuer and serial number.
    #[arg(long)]
    by_key_id: bool,
}

impl Naming {
    pub(super) const fn get(&self) -> RecipientsBy {
        if self.by_key_id { RecipientsBy::SubjectKeyId } else { RecipientsBy::IssuerAndSerial }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Cipher {
    /// EnvelopedData or EncryptedData; sign what must not be changed.
    Sm4Cbc,
    /// AuthEnvelopedData of RFC 5083.
    Sm4Gcm,
}

#[derive(Debug, Args)]
pub(crate) struct DecryptArguments {
    /// The enveloped data, DER or PEM, of any size; `-` is standard input.
    #[arg(value_name = "ENVELOPED", default_value = "-")]
    data: PathBuf,
    /// The recipient's private key; `-` is standard input.
    #[arg(long, value_name = "FILE", required_unless_present = "content_key")]
    key: Option<PathBuf>,
    #[command(flatten)]
    opening: Opening,
    #[command(flatten)]
    which: Which,
    /// For EncryptedData: the SM4 key that both sides have, as 16 bytes or 32 hexadecimal digits.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "cert", "recipient"])]
    content_key: Option<PathBuf>,
    #[command(flatten)]
    out: OutFile,
}

/// Which of the recipients the holder of the key is.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// The recipient's certificate.
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// The number of the recipient, counted from 0, in place of a certificate.
    #[arg(long, value_name = "NUMBER", conflicts_with = "cert")]
    recipient: Option<usize>,
}

/// The key of a recipient, and which one it is.
pub(super) struct Holder {
    pub(super) key: PrivateKey,
    certificate: Option<Certificate>,
    number: usize,
}

impl Which {
    pub(super) fn holder(&self, key: PrivateKey) -> Result<Holder, Failure> {
        if self.cert.is_none() && self.recipient.is_none() {
            return Err(Failure::usage(
                "which recipient? --cert FILE or --recipient NUMBER; `yinxin cms show` lists them",
                "需指明接收者：--cert FILE 或 --recipient 序号；yinxin cms show 可列出接收者",
            ));
        }
        let certificate = self.cert.as_deref().map(inputs::certificate).transpose()?;
        Ok(Holder { key, certificate, number: self.recipient.unwrap_or_default() })
    }
}

impl Holder {
    pub(super) fn with(&self) -> OpenWith<'_> {
        let recipient = match &self.certificate {
            Some(certificate) => RecipientIs::Certificate(certificate),
            None => RecipientIs::Number(self.number),
        };
        OpenWith { key: &self.key, recipient }
    }
}

type ContentKey = Zeroizing<[u8; 16]>;

/// A key of SM4: 16 bytes, or as many as hexadecimal digits.
fn content_key(path: &Path) -> Result<ContentKey, Failure> {
    let bytes = Zeroizing::new(inputs::small_file(path)?);
    let digits = || encoding::from_hex(&bytes).map(Zeroizing::new);
    let key = <[u8; 16]>::try_from(bytes.as_slice()).ok();
    let key = key.or_else(|| digits().and_then(|bytes| bytes.as_slice().try_into().ok()));
    key.map(Zeroizing::new).ok_or_else(|| {
        let name = inputs::name(path);
        Failure::usage(
            format!("{name}: an SM4 key is 16 bytes, or 32 hexadecimal digits"),
            format!("{name}：SM4 密钥为 16 字节，或 32 位十六进制数字"),
        )
    })
}

pub(crate) fn encrypt(arguments: &EncryptArguments, output: &Output) -> Result<Ending, Failure> {
    let EncryptArguments { data, to, content_key: shared, cipher, naming, form, out } = arguments;
    out.check(form.written(), Access::New)?;
    let family = form.family();
    let shared = shared.as_deref().map(content_key).transpose()?;
    if *cipher == Cipher::Sm4Gcm && (shared.is_some() || family == Family::Gm) {
        return Err(Failure::usage(
            "--cipher sm4-gcm needs --pkcs7 and --to: only RFC 5083 has a structure for it",
            "--cipher sm4-gcm 需与 --pkcs7 和 --to 同用：只有 RFC 5083 规定了相应的结构",
        ));
    }
    let recipients = inputs::recipients(to, output)?;
    let cipher = match cipher {
        Cipher::Sm4Cbc => ContentCipher::Sm4Cbc,
        Cipher::Sm4Gcm => ContentCipher::Sm4Gcm,
    };
    let options = EnvelopOptions { family, cipher, recipients_by: naming.get() };
    let name = inputs::name(data);
    let subjects: Vec<_> = recipients.iter().map(|it| it.subject().to_string()).collect();
    let facts = json!({ "data": name, "recipients": subjects, "standard": family.name() });
    let mut long = match Data::read(data)? {
        Data::Short(content) => {
            let sealed = match &shared {
                Some(key) => cms::encrypt(&content, key, family),
                None => cms::envelop(&content, &recipients, &options),
            };
            let sealed = form.encode(sealed.map_err(|error| Failure::core(&name, error))?);
            return out.deliver("enveloped", &sealed, form.written(), Access::New, facts, output);
        }
        Data::Long(_) if form.is_text() => return Err(super::too_long("--pem")),
        Data::Long(long) => long,
    };
    let mut sink = out.sink(Access::New, output)?;
    let mut seal = |sink: &mut Sink| -> Result<(), Error> {
        let mut sealer = match &shared {
            Some(key) => stream::Sealer::with_key(sink, key, family, long.length),
            None => stream::Sealer::new(sink, &recipients, &options, long.length),
        }?;
        sealer.update_from(&mut long)?;
        sealer.finish().map(drop)
    };
    let sealed = seal(&mut sink);
    sealed.map_err(|error| sink.refused(error, Some(&mut long), &name))?;
    let bytes = sink.bytes();
    sink.finish()?;
    out.delivered(bytes, facts, output)
}

/// What opens encrypted data.
enum Opens {
    Holder(Box<Holder>),
    Shared(ContentKey),
}

pub(crate) fn decrypt(arguments: &DecryptArguments, output: &Output) -> Result<Ending, Failure> {
    let DecryptArguments { data, key, opening, which, content_key: shared, out } = arguments;
    // What was encrypted is its owner's affair: it is written as it is, also on a terminal.
    out.check(Written::Text, Access::New)?;
    let opens = match (shared, key) {
        (Some(file), _) => Opens::Shared(content_key(file)?),
        (None, Some(file)) => Opens::Holder(Box::new(which.holder(opening.load(file)?)?)),
        (None, None) => {
            return Err(Failure::usage("--key or --content-key", "--key 或 --content-key"));
        }
    };
    let name = inputs::name(data);
    let mut data = Data::structure(data)?;
    check_kind(&data.start(64), &opens, &name)?;
    let facts = |authenticated: bool, recipient: Option<usize>| json!({ "data": name, "authenticated": authenticated, "recipient": recipient });
    let long = match &mut data {
        Data::Short(bytes) => {
            let opened = match &opens {
                Opens::Shared(key) => cms::decrypt(bytes, key),
                Opens::Holder(holder) => cms::open(bytes, &holder.with()),
            };
            let opened = opened.map_err(|error| Failure::core(&name, error))?;
            let facts = facts(opened.authenticated, opened.recipient);
            let (field, written) = ("content", Written::Binary);
            return out.deliver(field, &opened.content, written, Access::New, facts, output);
        }
        Data::Long(long) => long,
    };
    let mut sink = out.sink(Access::New, output)?;
    let opened = open_long(long, &opens, &mut sink);
    let opened = opened.map_err(|error| sink.refused(error, Some(long), &name))?;
    sink.finish()?;
    out.delivered(opened.bytes, facts(opened.authenticated, opened.recipient), output)
}

fn open_long(
    long: &mut Long,
    opens: &Opens,
    sink: &mut Sink,
) -> Result<stream::OpenedStream, Error> {
    match opens {
        Opens::Shared(key) => stream::Opener::new(long)?.decrypt_unverified(key, sink),
        Opens::Holder(holder) if long.can_be_read_again() => {
            stream::open_twice(long, &holder.with(), sink)
        }
        Opens::Holder(holder) => stream::Opener::new(long)?.open_unverified(&holder.with(), sink),
    }
}

/// Says which command or option is for a structure that this one is not for.
fn check_kind(start: &[u8], opens: &Opens, name: &str) -> Result<(), Failure> {
    let (_, kind) = cms::kind(start).map_err(|error| Failure::core(name, error))?;
    let (en, zh) = match (kind, opens) {
        (Kind::SignedData, _) => (
            "signed, not encrypted: `yinxin cms verify --content-out` gives out what is inside",
            "只有签名，没有加密：用 yinxin cms verify --content-out 取出内容",
        ),
        (Kind::SignedAndEnvelopedData, _) => (
            "signed and encrypted: `yinxin cms decrypt-verify` opens it",
            "既有签名又有加密：用 yinxin cms decrypt-verify 打开",
        ),
        (Kind::EncryptedData, Opens::Holder(_)) => (
            "encrypted under a key that both sides have: give --content-key",
            "以双方共有的密钥加密：请给出 --content-key",
        ),
        (Kind::EnvelopedData | Kind::AuthEnvelopedData, Opens::Shared(_)) => (
            "encrypted to recipients: give --key with --cert or --recipient",
            "加密给指定的接收者：请给出 --key 以及 --cert 或 --recipient",
        ),
        (Kind::EncryptedData, Opens::Shared(_))
        | (Kind::EnvelopedData | Kind::AuthEnvelopedData, Opens::Holder(_)) => return Ok(()),
    };
    Err(Failure::usage(format!("{name}: {en}"), format!("{name}：{zh}")))
}
