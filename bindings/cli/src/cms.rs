//! `yinxin cms`: signed and enveloped data of GB/T 35275 and RFC 5652.

mod show;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use yinxin::{
    UnixTime,
    pki::{
        cms::{
            self, Attributes, ContentCipher, EnvelopOptions, Family, Judge, OpenWith, Placement,
            RecipientIs, SignOptions, SignWith, SignedData, Verification, VerifyOptions, stream,
        },
        pem,
        x509::{PathPolicy, Role, TrustStore},
    },
    report::{Verdict, headline},
};
use zeroize::Zeroizing;

use crate::{
    Ending,
    encoding::Written,
    failure::Failure,
    inputs::{self, KeyFile, TrustFiles},
    output::{self, Access, OutFile, Output},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign data: SignedData, by default detached, with signed attributes.
    Sign(SignArguments),
    /// Verify every signature of a SignedData and judge its signers; every check is named.
    Verify(VerifyArguments),
    /// Encrypt data to the holders of certificates: EnvelopedData.
    Encrypt(EncryptArguments),
    /// Open enveloped data.
    Decrypt(DecryptArguments),
    /// Show what signed or enveloped data holds; nothing is verified.
    Show {
        /// The data, DER or PEM; `-` is standard input.
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SignArguments {
    /// What to sign; `-` is standard input.
    #[arg(value_name = "DATA", default_value = "-")]
    data: PathBuf,
    /// The signer's certificate, with further ones to go inside behind it.
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    #[command(flatten)]
    key: KeyFile,
    /// Put the data inside.
    #[arg(long)]
    attached: bool,
    /// Sign the data itself, without signed attributes.
    #[arg(long, conflicts_with = "at")]
    no_attributes: bool,
    /// The signing time to claim (default: now).
    #[arg(long, value_name = "TIME", value_parser = inputs::time)]
    at: Option<UnixTime>,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    out: OutFile,
}

/// How the structure is written.
#[derive(Debug, Args)]
pub(crate) struct Form {
    /// Use the object identifiers of RFC 5652 instead of those of GM/T 0010.
    #[arg(long)]
    pkcs7: bool,
    /// Write PEM instead of DER.
    #[arg(long)]
    pem: bool,
}

impl Form {
    const fn family(&self) -> Family {
        if self.pkcs7 { Family::Pkcs7 } else { Family::Gm }
    }

    const fn written(&self) -> Written {
        if self.pem { Written::Text } else { Written::Binary }
    }

    fn encode(&self, der: Vec<u8>) -> Vec<u8> {
        if self.pem { pem::encode("CMS", &der).into_bytes() } else { der }
    }
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The SignedData, DER or PEM; `-` is standard input.
    #[arg(value_name = "SIGNED")]
    signed: PathBuf,
    /// The signed data, where it is not inside; of any size.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustFiles,
    /// Also write the data inside, if everything passed.
    #[arg(long, value_name = "FILE")]
    content_out: Option<PathBuf>,
    /// Replace that file if it exists already.
    #[arg(long, requires = "content_out")]
    force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EncryptArguments {
    /// What to encrypt; `-` is standard input.
    #[arg(value_name = "DATA", default_value = "-")]
    data: PathBuf,
    /// A recipient's encryption certificate, which is not judged. Repeatable.
    #[arg(long, value_name = "FILE", required = true)]
    to: Vec<PathBuf>,
    /// How the data is encrypted. SM4-GCM tells whether it was changed, and needs --pkcs7.
    #[arg(long, value_enum, default_value_t = Cipher::Sm4Cbc)]
    cipher: Cipher,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    out: OutFile,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Cipher {
    Sm4Cbc,
    Sm4Gcm,
}

#[derive(Debug, Args)]
pub(crate) struct DecryptArguments {
    /// The enveloped data, DER or PEM; `-` is standard input.
    #[arg(value_name = "ENVELOPED", default_value = "-")]
    data: PathBuf,
    #[command(flatten)]
    key: KeyFile,
    /// The recipient's certificate.
    #[arg(long, value_name = "FILE", required_unless_present = "recipient")]
    cert: Option<PathBuf>,
    /// The number of the recipient, counted from 0, in place of a certificate.
    #[arg(long, value_name = "NUMBER", conflicts_with = "cert")]
    recipient: Option<usize>,
    #[command(flatten)]
    out: OutFile,
}

pub(crate) fn run(command: Command, output: &Output) -> Result<Ending, Failure> {
    match command {
        Command::Sign(arguments) => sign(&arguments, output),
        Command::Verify(arguments) => verify(&arguments, output),
        Command::Encrypt(arguments) => encrypt(&arguments, output),
        Command::Decrypt(arguments) => decrypt(&arguments, output),
        Command::Show { file } => show::show(&file, output),
    }
}

/// The bytes of a structure, out of PEM where it is that.
fn structure(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = inputs::small_file(path)?;
    if !pem::is_pem(&bytes) {
        return Ok(bytes);
    }
    let blocks = pem::blocks(&bytes).map_err(|error| Failure::core(&inputs::name(path), error))?;
    Ok(blocks.first().map(|block| block.der.to_vec()).unwrap_or_default())
}

fn sign(arguments: &SignArguments, output: &Output) -> Result<Ending, Failure> {
    let SignArguments { data, cert, key, attached, no_attributes, at, form, out } = arguments;
    out.check(form.written(), Access::New)?;
    let certificates = inputs::certificates(cert)?;
    let certificate = inputs::certificate(cert)?;
    let key = key.load()?;
    let content = inputs::small_file(data)?;
    let attributes = if *no_attributes {
        Attributes::None
    } else {
        Attributes::Signed { at: Some(at.map_or_else(inputs::now, Ok)?), more: Vec::new() }
    };
    let options = SignOptions {
        family: form.family(),
        placement: if *attached { Placement::Attached } else { Placement::Detached },
        attributes,
        certificates: &certificates,
        ..SignOptions::default()
    };
    let name = inputs::name(data);
    let signer = SignWith { certificate: &certificate, key: &key };
    let signed = cms::sign(&content, &[signer], &options);
    let signed = signed.map_err(|error| Failure::core(&name, error))?;
    let facts = json!({
        "data": name,
        "signer": certificate.subject().to_string(),
        "attached": attached,
        "standard": form.family().name(),
    });
    out.deliver("signed", &form.encode(signed), form.written(), Access::New, facts, output)
}

fn verify(arguments: &VerifyArguments, output: &Output) -> Result<Ending, Failure> {
    let VerifyArguments { signed, data, trust, content_out, force } = arguments;
    let name = inputs::name(signed);
    let refused = |error| Failure::core(&name, error);
    let bytes = structure(signed)?;
    let (anchors, evidence) = trust.load()?;
    let options = VerifyOptions::default();
    let verification = match data {
        Some(path) => {
            let mut verifier = stream::Verifier::new(&bytes, options).map_err(refused)?;
            inputs::pieces(path, |piece| {
                verifier.update(piece);
                Ok(())
            })?;
            verifier.finish()
        }
        None => cms::verify(&bytes, None, &options).map_err(refused)?,
    };
    let store = TrustStore::new(anchors);
    let policy =
        PathPolicy { role: Role::DocumentSigner, revocation: trust.revocation(), crl_grace_s: 0 };
    let at = trust.at()?;
    let judge = Judge { trust: &store, evidence: &evidence, policy: &policy, at, existed_at: None };
    let (verification, passed) = match verification.judge(&judge) {
        Ok(verified) => (verified.report().clone(), true),
        Err(rejected) => (rejected.report, false),
    };
    if passed && let Some(file) = content_out {
        let signed = SignedData::parse(&bytes).map_err(refused)?;
        let access = if *force { Access::Public } else { Access::New };
        output::write(file, signed.content().unwrap_or_default(), access)?;
    }
    report(&name, &verification, output)
}

fn report(name: &str, verification: &Verification, output: &Output) -> Result<Ending, Failure> {
    let verdict = Verdict::conclude(verification.checks.clone());
    if output.json {
        let signers = verification.signers.iter().map(|signer| {
            json!({
                "subject": signer.certificate.as_ref().map(|it| it.subject().to_string()),
                "signing_time": signer.signing_time,
                "form": signer.form.map(cms::Form::name),
                "path": signer.path.as_ref().map(|path| &path.certificates),
            })
        });
        let value = json!({
            "file": name,
            "indication": verdict.indication,
            "sub_indication": verdict.sub_indication,
            "checks": verdict.checks,
            "signers": signers.collect::<Vec<_>>(),
        });
        output.line(&value.to_string())?;
    } else {
        let head = headline(name, verdict.indication, verdict.sub_indication, output.language);
        output.line(&output.paint(verdict.indication.into(), &head))?;
        for check in &verdict.checks {
            output.line(&format!("  {}", check.line(output.language)))?;
        }
        for path in verification.signers.iter().filter_map(|signer| signer.path.as_ref()) {
            crate::cert::print_path(output.pick("signer", "签名者"), path, output)?;
        }
    }
    Ok(verdict.indication.into())
}

fn encrypt(arguments: &EncryptArguments, output: &Output) -> Result<Ending, Failure> {
    let EncryptArguments { data, to, cipher, form, out } = arguments;
    out.check(form.written(), Access::New)?;
    let recipients = to.iter().map(|file| inputs::certificate(file));
    let recipients = recipients.collect::<Result<Vec<_>, _>>()?;
    let content = Zeroizing::new(inputs::small_file(data)?);
    let options = EnvelopOptions {
        family: form.family(),
        cipher: match cipher {
            Cipher::Sm4Cbc => ContentCipher::Sm4Cbc,
            Cipher::Sm4Gcm => ContentCipher::Sm4Gcm,
        },
        ..EnvelopOptions::default()
    };
    let name = inputs::name(data);
    let enveloped = cms::envelop(&content, &recipients, &options);
    let enveloped = enveloped.map_err(|error| Failure::core(&name, error))?;
    let subjects: Vec<_> = recipients.iter().map(|it| it.subject().to_string()).collect();
    let facts = json!({ "data": name, "recipients": subjects, "standard": form.family().name() });
    out.deliver("enveloped", &form.encode(enveloped), form.written(), Access::New, facts, output)
}

fn decrypt(arguments: &DecryptArguments, output: &Output) -> Result<Ending, Failure> {
    let DecryptArguments { data, key, cert, recipient, out } = arguments;
    // What was encrypted is its owner's affair: it is written as it is, also on a terminal.
    out.check(Written::Text, Access::New)?;
    let key = key.load()?;
    let certificate = cert.as_deref().map(inputs::certificate).transpose()?;
    let recipient = match (&certificate, recipient) {
        (Some(certificate), _) => RecipientIs::Certificate(certificate),
        (None, number) => RecipientIs::Number(number.unwrap_or_default()),
    };
    let name = inputs::name(data);
    let opened = cms::open(&structure(data)?, &OpenWith { key: &key, recipient })
        .map_err(|error| Failure::core(&name, error))?;
    let facts = json!({
        "data": name,
        "authenticated": opened.authenticated,
        "recipient": opened.recipient,
    });
    out.deliver("content", &opened.content, Written::Binary, Access::New, facts, output)
}
