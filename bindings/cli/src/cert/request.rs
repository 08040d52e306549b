//! `yinxin cert request` and `yinxin cert issue-csr`: PKCS#10.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use yinxin::{
    UnixTime,
    pki::{
        csr::{Builder, Csr},
        x509::issue::{self, Subject, Terms},
    },
};

use super::{ProfileName, show, subject};
use crate::{
    Ending,
    encoding::Written,
    failure::Failure,
    inputs::{self, KeyFile},
    output::{Access, OutFile, Output},
};

#[derive(Debug, Args)]
pub(crate) struct RequestArguments {
    #[command(flatten)]
    key: KeyFile,
    /// Name parts C, ST, L, O, OU, CN: "C=CN,O=示例市数据局,CN=Example"; write a comma inside as \,
    #[arg(long, value_name = "NAME", value_parser = subject)]
    subject: Subject,
    /// Make it a request to CFCA for two certificates, with this temporary exchange key.
    #[arg(long, value_name = "FILE")]
    cfca_exchange_key: Option<PathBuf>,
    #[command(flatten)]
    out: OutFile,
}

#[derive(Debug, Args)]
pub(crate) struct IssueArguments {
    /// The request, PEM or DER; `-` is standard input.
    #[arg(value_name = "CSR")]
    csr: PathBuf,
    /// The authority's certificate.
    #[arg(long, value_name = "FILE")]
    ca_cert: PathBuf,
    #[command(flatten)]
    key: KeyFile,
    /// What the certificate is for; what the request asks for does not decide.
    #[arg(long, value_enum)]
    profile: ProfileName,
    /// With --profile ca: how many authorities may stand below it in a path.
    #[arg(long, default_value_t = 0)]
    path_length: u32,
    /// Start of validity (default: now).
    #[arg(long, value_name = "TIME", value_parser = inputs::time)]
    not_before: Option<UnixTime>,
    /// Days of validity.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(i64).range(1..=36600))]
    days: i64,
    #[command(flatten)]
    out: OutFile,
}

pub(super) fn request(arguments: &RequestArguments, output: &Output) -> Result<Ending, Failure> {
    let RequestArguments { key, subject, cfca_exchange_key, out } = arguments;
    out.check(Written::Text, Access::New)?;
    let mut builder = Builder::new(subject);
    if let Some(file) = cfca_exchange_key {
        builder = builder.cfca_exchange_key(&inputs::public_key(file)?);
    }
    let csr = builder.sign(&key.load()?).map_err(|error| Failure::core("--subject", error))?;
    let facts = json!({ "subject": csr.subject().to_string() });
    let pem = csr.to_pem();
    out.deliver("csr", pem.as_bytes(), Written::Text, Access::New, facts, output)
}

pub(super) fn issue(arguments: &IssueArguments, output: &Output) -> Result<Ending, Failure> {
    let IssueArguments { csr, ca_cert, key, profile, path_length, not_before, days, out } =
        arguments;
    out.check(Written::Text, Access::New)?;
    let name = inputs::name(csr);
    let refused = |error| Failure::core(&name, error);
    let csr = Csr::load(&inputs::small_file(csr)?).map_err(refused)?;
    // Whoever asks must have the private key: the request's own signature.
    let csr = match csr.verify() {
        Ok(verified) => verified,
        Err(rejected) => {
            output.verdict(&name, &rejected.report)?;
            return Ok(rejected.report.indication.into());
        }
    };
    let issuer = inputs::certificate(ca_cert)?;
    let not_before = not_before.map_or_else(inputs::now, Ok)?;
    let not_after = not_before.plus_s(days * 86_400 - 1);
    let terms = Terms::new(profile.profile(*path_length), not_before, not_after);
    let issued = issue::issue_requested(&csr, &terms, &issuer, &key.load()?).map_err(refused)?;
    if inputs::is_standard(&out.out) {
        let facts = json!({ "subject": issued.subject().to_string() });
        let pem = issued.to_pem();
        return out.deliver(
            "certificate",
            pem.as_bytes(),
            Written::Text,
            Access::New,
            facts,
            output,
        );
    }
    out.write(issued.to_pem().as_bytes(), Access::New)?;
    show(&issued, output)?;
    Ok(Ending::Done)
}
