//! `yinxin cert request` and `yinxin cert issue-csr`: PKCS#10.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use yinxin::{
    pki::{
        csr::{Builder, Csr},
        x509::issue::{self, Subject},
    },
    report::Verified,
};

use super::{Authority, ProfileArguments, TermsArguments, subject};
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
    #[command(flatten)]
    authority: Authority,
    #[command(flatten)]
    profile: ProfileArguments,
    #[command(flatten)]
    terms: TermsArguments,
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
    let IssueArguments { csr, authority, profile, terms, out } = arguments;
    out.check(Written::Text, Access::New)?;
    let csr = match verified(csr, output)? {
        Ok(csr) => csr,
        Err(ending) => return Ok(ending),
    };
    let (issuer, key) = authority.load()?;
    let issued = issue::issue_requested(&csr, &terms.terms(profile.get())?, &issuer, &key);
    let issued = issued.map_err(|error| Failure::core(&inputs::name(&arguments.csr), error))?;
    super::deliver(&issued, out, output)
}

/// A request, by whose own signature whoever asks has the private key; or how the command ends, after
/// it has said why.
pub(super) fn verified(
    path: &Path,
    output: &Output,
) -> Result<Result<Verified<Csr>, Ending>, Failure> {
    let name = inputs::name(path);
    let csr = Csr::load(&inputs::small_file(path)?);
    let csr = csr.map_err(|error| Failure::core(&name, error))?;
    match csr.verify() {
        Ok(verified) => Ok(Ok(verified)),
        Err(rejected) => {
            let verdict = &rejected.report;
            output.verdict_of(&name, verdict)?;
            Ok(Err(verdict.indication.into()))
        }
    }
}
