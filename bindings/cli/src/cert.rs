//! `yinxin cert`: make a root, issue, show and judge SM2 certificates.

mod request;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use yinxin::{
    UnixTime,
    pki::x509::{
        Certificate, PathReport,
        issue::{self, CertificateRequest, Profile, Subject},
    },
    report::headline,
};

use crate::{
    Ending,
    failure::Failure,
    inputs::{self, KeyFile, hex},
    output::{self, Access, Output},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a self-signed root certificate.
    Root {
        #[command(flatten)]
        key: KeyFile,
        #[command(flatten)]
        request: Request,
    },
    /// Issue a certificate under an authority (GB/T 20518 profiles).
    Issue {
        /// The authority's certificate.
        #[arg(long, value_name = "FILE")]
        ca_cert: PathBuf,
        #[command(flatten)]
        key: KeyFile,
        /// The public key to certify: SubjectPublicKeyInfo PEM.
        #[arg(long, value_name = "FILE")]
        public_key: PathBuf,
        /// What the certificate is for.
        #[arg(long, value_enum)]
        profile: ProfileName,
        /// With --profile ca: how many authorities may stand below it in a path.
        #[arg(long, default_value_t = 0)]
        path_length: u32,
        #[command(flatten)]
        request: Request,
    },
    /// Make a request for a certificate (PKCS#10).
    Request(request::RequestArguments),
    /// Issue a certificate for a request, whose signature must verify.
    IssueCsr(request::IssueArguments),
    /// Show certificates.
    Show {
        /// PEM (any number of certificates) or DER.
        file: PathBuf,
    },
    /// Judge the path from a certificate to a trust anchor; every check is named.
    Verify(verify::VerifyArguments),
}

/// Whom for, how long, where to.
#[derive(Debug, Args)]
pub(crate) struct Request {
    /// Name parts C, ST, L, O, OU, CN: "C=CN,O=示例市数据局,CN=Example CA"; write a comma inside as \,
    #[arg(long, value_name = "NAME", value_parser = subject)]
    subject: Subject,
    /// Start of validity (default: now).
    #[arg(long, value_name = "TIME", value_parser = inputs::time)]
    not_before: Option<UnixTime>,
    /// Days of validity.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(i64).range(1..=36600))]
    days: i64,
    /// Where to write the certificate (PEM).
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ProfileName {
    /// An authority that issues certificates and revocation lists.
    Ca,
    /// Makes electronic seals.
    SealMaker,
    /// Signs, applies seals.
    Signer,
    /// Receives encrypted data.
    Encryption,
    /// Gives time stamps.
    TimeStamper,
    /// Answers in OCSP for its issuer.
    OcspResponder,
}

impl ProfileName {
    const fn profile(self, path_length: u32) -> Profile {
        match self {
            Self::Ca => Profile::IssuingCa { path_length },
            Self::SealMaker => Profile::SealMaker,
            Self::Signer => Profile::Signer,
            Self::Encryption => Profile::Encryption,
            Self::TimeStamper => Profile::TimeStamper,
            Self::OcspResponder => Profile::OcspResponder,
        }
    }
}

/// Reads "C=CN,O=..,CN=..".
fn subject(text: &str) -> Result<Subject, String> {
    let mut subject = Subject::default();
    for part in split_escaped(text) {
        let (name, value) = part.split_once('=').ok_or_else(|| format!("{part}: NAME=VALUE"))?;
        let slot = match name.trim().to_ascii_uppercase().as_str() {
            "C" => &mut subject.country,
            "ST" => &mut subject.province,
            "L" => &mut subject.locality,
            "O" => &mut subject.organisation,
            "OU" => &mut subject.organisational_unit,
            "CN" => &mut subject.common_name,
            other => return Err(format!("{other}: the parts are C, ST, L, O, OU, CN")),
        };
        if !slot.is_empty() {
            return Err(format!("{name} is given twice"));
        }
        value.trim().clone_into(slot);
    }
    if subject.common_name.is_empty() { Err("CN is missing".to_owned()) } else { Ok(subject) }
}

fn split_escaped(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, parts.last_mut()) {
            (',', _) => parts.push(String::new()),
            ('\\', Some(part)) => part.extend(characters.next()),
            (other, Some(part)) => part.push(other),
            (_, None) => {}
        }
    }
    parts
}

pub(crate) fn run(command: Command, output: &Output) -> Result<Ending, Failure> {
    match command {
        Command::Root { key, request } => {
            let key = key.load()?;
            let public_key = key.public().clone();
            certify(&request, Profile::Root, public_key, None, &key, output)
        }
        Command::Issue { ca_cert, key, public_key, profile, path_length, request } => {
            let issuer = inputs::certificate(&ca_cert)?;
            let profile = profile.profile(path_length);
            let public_key = inputs::public_key(&public_key)?;
            certify(&request, profile, public_key, Some(&issuer), &key.load()?, output)
        }
        Command::Request(arguments) => request::request(&arguments, output),
        Command::IssueCsr(arguments) => request::issue(&arguments, output),
        Command::Show { file } => {
            let certificates = inputs::certificates(&file)?;
            certificates.iter().try_for_each(|certificate| show(certificate, output))?;
            Ok(Ending::Done)
        }
        Command::Verify(arguments) => verify::verify(&arguments, output),
    }
}

fn certify(
    request: &Request,
    profile: Profile,
    public_key: yinxin::primitives::sm2::PublicKey,
    issuer: Option<&Certificate>,
    signer: &yinxin::primitives::sm2::PrivateKey,
    output: &Output,
) -> Result<Ending, Failure> {
    let not_before = request.not_before.map_or_else(inputs::now, Ok)?;
    let wanted = CertificateRequest {
        subject: request.subject.clone(),
        profile,
        public_key,
        not_before,
        not_after: not_before.plus_s(request.days * 86_400 - 1),
        serial: None,
    };
    let certificate = issue::issue(&wanted, issuer, signer)
        .map_err(|error| Failure::core(&request.out.display().to_string(), error))?;
    output::write(&request.out, certificate.to_pem().as_bytes(), Access::Public)?;
    show(&certificate, output)?;
    Ok(Ending::Done)
}

fn show(certificate: &Certificate, output: &Output) -> Result<(), Failure> {
    let value = json!({
        "subject": certificate.subject().to_string(),
        "issuer": certificate.issuer().to_string(),
        "serial": certificate.serial_hex(),
        "not_before": certificate.not_before(),
        "not_after": certificate.not_after(),
        "public_key": certificate.public_key().map(|key| hex(&key.to_sec1())).ok(),
        "key_usage": certificate.key_usage().map(|usage| usage.to_string()),
        "authority": certificate.basic_constraints().is_some_and(|constraints| constraints.ca),
        "thumbprint_sm3": hex(&certificate.thumbprint()),
    });
    output.result(&value, || {
        let rows = [
            ("subject", "主体"),
            ("issuer", "颁发者"),
            ("serial", "序列号"),
            ("not_before", "生效"),
            ("not_after", "失效"),
            ("key_usage", "密钥用法"),
            ("thumbprint_sm3", "SM3 指纹"),
        ];
        let shown = |(name, chinese): (&str, &str)| {
            let text = match value.get(name) {
                Some(Value::String(text)) => text.as_str(),
                Some(_) | None => "-",
            };
            format!("{}: {text}", output.pick(name, chinese))
        };
        rows.map(shown).join("\n  ")
    })
}

/// Prints a path with the checks of every certificate.
pub(crate) fn print_path(title: &str, path: &PathReport, output: &Output) -> Result<(), Failure> {
    if output.json {
        return output.line(
            &json!({
                "file": title,
                "indication": path.indication,
                "sub_indication": path.sub_indication,
                "certificates": path.certificates,
            })
            .to_string(),
        );
    }
    path_lines(title, path, output).iter().try_for_each(|line| output.line(line))
}

/// A path for readers.
pub(crate) fn path_lines(title: &str, path: &PathReport, output: &Output) -> Vec<String> {
    let head = headline(title, path.indication, path.sub_indication, output.language);
    let mut lines = vec![output.paint(path.indication.into(), &head)];
    for certificate in &path.certificates {
        lines.push(format!("  {}", certificate.subject));
        let checks = certificate.checks.iter();
        lines.extend(checks.map(|check| format!("    {}", check.line(output.language))));
    }
    lines
}
