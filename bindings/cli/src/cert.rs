//! `yinxin cert`: make a root, issue, show and judge SM2 certificates.

mod pair;
mod request;
mod verify;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use yinxin::{
    UnixTime,
    pki::x509::{
        Certificate, KeyUsage, PathReport, SubjectNumber, SubjectNumberKind,
        issue::{self, Profile, Subject, Terms},
    },
    primitives::sm2::{PrivateKey, PublicKey},
    report::headline,
};

use crate::{
    Ending,
    encoding::Written,
    failure::Failure,
    inputs::{self, KeyFile, hex},
    output::{Access, OutFile, Output},
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
        #[command(flatten)]
        authority: Authority,
        /// The public key to certify, in any form.
        #[arg(long, value_name = "FILE")]
        public_key: PathBuf,
        #[command(flatten)]
        profile: ProfileArguments,
        #[command(flatten)]
        request: Request,
    },
    /// Make a request for a certificate (PKCS#10).
    Request(request::RequestArguments),
    /// Issue a certificate for a request, whose signature must verify.
    IssueCsr(request::IssueArguments),
    /// Issue two certificates for one holder, for signing and for encryption (双证书).
    IssuePair(pair::PairArguments),
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
    #[command(flatten)]
    terms: TermsArguments,
    #[command(flatten)]
    out: OutFile,
}

/// Who issues.
#[derive(Debug, Args)]
pub(crate) struct Authority {
    /// The authority's certificate.
    #[arg(long, value_name = "FILE")]
    ca_cert: PathBuf,
    #[command(flatten)]
    key: KeyFile,
}

impl Authority {
    fn load(&self) -> Result<(Certificate, PrivateKey), Failure> {
        let certificate = inputs::authority(&self.ca_cert, KeyUsage::KEY_CERT_SIGN)?;
        let key = self.key.load_of(&certificate)?;
        Ok((certificate, key))
    }
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ProfileArguments {
    /// What the certificate is for; what a request asks for does not decide.
    #[arg(long, value_enum)]
    profile: ProfileName,
    /// With --profile ca: how many authorities may stand below it in a path.
    #[arg(long, default_value_t = 0)]
    path_length: u32,
}

/// How long a certificate is valid, and what else stands in it.
#[derive(Debug, Args)]
pub(crate) struct TermsArguments {
    /// Start of validity (default: now).
    #[arg(long, value_name = "TIME", value_parser = inputs::time)]
    not_before: Option<UnixTime>,
    /// Days of validity.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(i64).range(1..=36600))]
    days: i64,
    /// A policy under which it is issued, as an object identifier. Repeatable.
    #[arg(long, value_name = "OID", help_heading = CONTENTS)]
    policy: Vec<String>,
    /// Where the authority's revocation list is to be had. Repeatable, as all of these.
    #[arg(long, value_name = "URL", help_heading = CONTENTS)]
    crl_url: Vec<String>,
    /// Where its OCSP responder answers.
    #[arg(long, value_name = "URL", help_heading = CONTENTS)]
    ocsp_url: Vec<String>,
    /// Where its own certificate is to be had.
    #[arg(long, value_name = "URL", help_heading = CONTENTS)]
    issuer_url: Vec<String>,
    /// A number of the subject: resident-card, military-officer-card, passport, social-insurance,
    /// commercial-registration, organisation or taxpayer.
    #[arg(long, value_name = "KIND=NUMBER", value_parser = subject_number, help_heading = CONTENTS)]
    subject_number: Vec<SubjectNumber>,
}

const CONTENTS: &str = "Extensions of the certificate";

impl TermsArguments {
    fn terms(&self, profile: Profile) -> Result<Terms, Failure> {
        let not_before = self.not_before.map_or_else(inputs::now, Ok)?;
        let not_after = not_before.plus_s(self.days * 86_400 - 1);
        for policy in &self.policy {
            inputs::object_identifier("--policy", policy)?;
        }
        Ok(Terms {
            subject_numbers: self.subject_number.clone(),
            crl_urls: self.crl_url.clone(),
            ocsp_urls: self.ocsp_url.clone(),
            issuer_urls: self.issuer_url.clone(),
            policies: self.policy.clone(),
            ..Terms::new(profile, not_before, not_after)
        })
    }
}

/// Reads "organisation=11990000MB0000000J".
fn subject_number(text: &str) -> Result<SubjectNumber, String> {
    let (kind, number) = text.split_once('=').ok_or("write it as KIND=NUMBER")?;
    let kind = match kind {
        "resident-card" => SubjectNumberKind::ResidentCard,
        "military-officer-card" => SubjectNumberKind::MilitaryOfficerCard,
        "passport" => SubjectNumberKind::Passport,
        "social-insurance" => SubjectNumberKind::SocialInsurance,
        "commercial-registration" => SubjectNumberKind::CommercialRegistration,
        "organisation" => SubjectNumberKind::Organisation,
        "taxpayer" => SubjectNumberKind::Taxpayer,
        other => return Err(format!("{other}: no kind of number; see --help")),
    };
    Ok(SubjectNumber::new(kind, number))
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

impl ProfileArguments {
    const fn get(self) -> Profile {
        match self.profile {
            ProfileName::Ca => Profile::IssuingCa { path_length: self.path_length },
            ProfileName::SealMaker => Profile::SealMaker,
            ProfileName::Signer => Profile::Signer,
            ProfileName::Encryption => Profile::Encryption,
            ProfileName::TimeStamper => Profile::TimeStamper,
            ProfileName::OcspResponder => Profile::OcspResponder,
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
            request.out.check(Written::Text, Access::New)?;
            let key = key.load()?;
            let public_key = key.public().clone();
            certify(&request, Profile::Root, &public_key, None, &key, output)
        }
        Command::Issue { authority, public_key, profile, request } => {
            request.out.check(Written::Text, Access::New)?;
            let (issuer, key) = authority.load()?;
            let public_key = inputs::public_key(&public_key)?;
            certify(&request, profile.get(), &public_key, Some(&issuer), &key, output)
        }
        Command::Request(arguments) => request::request(&arguments, output),
        Command::IssueCsr(arguments) => request::issue(&arguments, output),
        Command::IssuePair(arguments) => pair::issue(&arguments, output),
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
    public_key: &PublicKey,
    issuer: Option<&Certificate>,
    signer: &PrivateKey,
    output: &Output,
) -> Result<Ending, Failure> {
    let Request { subject, terms, out } = request;
    let issued = issue::issue_for(subject, public_key, &terms.terms(profile)?, issuer, signer)
        .map_err(|error| Failure::core("--subject", error))?;
    deliver(&issued, out, output)
}

/// Gives out a certificate as PEM, and shows it where standard output does not hold it already.
fn deliver(certificate: &Certificate, out: &OutFile, output: &Output) -> Result<Ending, Failure> {
    let pem = certificate.to_pem();
    if inputs::is_standard(&out.out) {
        let facts = json!({ "subject": certificate.subject().to_string() });
        let (written, access) = (Written::Text, Access::New);
        return out.deliver("certificate", pem.as_bytes(), written, access, facts, output);
    }
    out.write(pem.as_bytes(), Access::New)?;
    show(certificate, output)?;
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
