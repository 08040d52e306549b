//! `yinxin ocsp`: ask whether a certificate is good, answer as a small responder, verify answers.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use yinxin::{
    UnixTime,
    pki::{
        ocsp::{CertId, CertificateStatus, Hash, Question, Request, Responder, Response},
        x509::Certificate,
    },
    primitives::rng,
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
    /// Make a request for a certificate, with a random nonce (DER, application/ocsp-request).
    Request {
        #[command(flatten)]
        asked: Asked,
        #[command(flatten)]
        out: OutFile,
    },
    /// Answer a request from a revocation list, for tests.
    Respond(RespondArguments),
    /// Verify an answer, and say what it says of the certificate; every check is named.
    Verify {
        /// The answer (DER); `-` is standard input.
        response: PathBuf,
        #[command(flatten)]
        asked: Asked,
        /// The request, whose nonce must be given back.
        #[arg(long, value_name = "FILE")]
        request: Option<PathBuf>,
        /// The time at which the answer must be fresh (default: now).
        #[arg(long, value_name = "TIME", value_parser = inputs::time)]
        at: Option<UnixTime>,
    },
}

/// Which certificate is asked about.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// The certificate.
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// The certificate of its issuer, which is trusted here: `yinxin cert verify` judges it.
    #[arg(long, value_name = "FILE")]
    issuer: PathBuf,
}

impl Asked {
    fn load(&self) -> Result<(Certificate, Certificate), Failure> {
        Ok((inputs::certificate(&self.cert)?, inputs::certificate(&self.issuer)?))
    }
}

#[derive(Debug, Args)]
pub(crate) struct RespondArguments {
    /// The request (DER); `-` is standard input.
    #[arg(value_name = "REQUEST", default_value = "-")]
    request: PathBuf,
    /// The certificate of the issuer for whom is answered.
    #[arg(long, value_name = "FILE")]
    issuer: PathBuf,
    /// The responder's certificate (default: the issuer answers itself).
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    #[command(flatten)]
    key: KeyFile,
    /// The issuer's revocation list: what it does not list is answered as good.
    #[arg(long, value_name = "FILE")]
    crl: PathBuf,
    /// The time of the answer (default: now).
    #[arg(long, value_name = "TIME", value_parser = inputs::time)]
    at: Option<UnixTime>,
    /// Hours until newer information comes.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(i64).range(1..=8760))]
    hours: i64,
    #[command(flatten)]
    out: OutFile,
}

pub(crate) fn run(command: Command, output: &Output) -> Result<Ending, Failure> {
    match command {
        Command::Request { asked, out } => request(&asked, &out, output),
        Command::Respond(arguments) => respond(&arguments, output),
        Command::Verify { response, asked, request, at } => {
            verify(&response, &asked, request.as_deref(), at, output)
        }
    }
}

fn request(asked: &Asked, out: &OutFile, output: &Output) -> Result<Ending, Failure> {
    out.check(Written::Binary, Access::New)?;
    let (certificate, issuer) = asked.load()?;
    let refused = |error| Failure::core(&inputs::name(&asked.cert), error);
    let mut nonce = [0; 16];
    rng::fill(&mut nonce).map_err(refused)?;
    let id = CertId::new(&certificate, &issuer, Hash::Sm3).map_err(refused)?;
    let request = Request::of(&[id], Some(&nonce)).map_err(refused)?;
    let facts = json!({
        "subject": certificate.subject().to_string(), "nonce": hex(&nonce),
    });
    out.deliver("request", request.der(), Written::Binary, Access::New, facts, output)
}

fn respond(arguments: &RespondArguments, output: &Output) -> Result<Ending, Failure> {
    let RespondArguments { request, issuer, cert, key, crl, at, hours, out } = arguments;
    out.check(Written::Binary, Access::New)?;
    let name = inputs::name(request);
    let refused = |error| Failure::core(&name, error);
    let issuer = inputs::certificate(issuer)?;
    let certificate = cert.as_deref().map(inputs::certificate).transpose()?;
    let list = inputs::crl(crl)?;
    let key = key.load()?;
    let at = at.map_or_else(inputs::now, Ok)?;
    let request = Request::parse(&inputs::small_file(request)?).map_err(refused)?;
    let responder = Responder::new(&issuer, certificate.as_ref().unwrap_or(&issuer), &key);
    let status = |id: &CertId| match list.revoked(id.serial()) {
        Some(entry) => CertificateStatus::Revoked { at: entry.at, reason: entry.reason },
        None => CertificateStatus::Good,
    };
    let response = responder
        .and_then(|it| it.respond(&request, at, at.plus_s(hours * 3600), status))
        .map_err(refused)?;
    let facts = json!({ "request": name, "status": response.status().name() });
    out.deliver("response", response.der(), Written::Binary, Access::New, facts, output)
}

fn verify(
    file: &Path,
    asked: &Asked,
    request: Option<&Path>,
    at: Option<UnixTime>,
    output: &Output,
) -> Result<Ending, Failure> {
    let name = inputs::name(file);
    let (certificate, issuer) = asked.load()?;
    let response = Response::parse(&inputs::small_file(file)?);
    let response = response.map_err(|error| Failure::core(&name, error))?;
    let nonce = match request {
        Some(path) => {
            let request = Request::parse(&inputs::small_file(path)?);
            request.map_err(|error| Failure::core(&inputs::name(path), error))?.nonce()
        }
        None => None,
    };
    let at = at.map_or_else(inputs::now, Ok)?;
    let question = Question { nonce: nonce.as_deref(), ..Question::new(&certificate, &issuer, at) };
    let result = response.verify(&question);
    let (verdict, answer) = match &result {
        Ok(verified) => (verified.report(), Some(verified.value())),
        Err(rejected) => (&rejected.report, None),
    };
    let status = answer.map(|answer| answer.status.name());
    if output.json {
        let value = json!({
            "file": name,
            "indication": verdict.indication,
            "sub_indication": verdict.sub_indication,
            "status": status,
            "this_update": answer.map(|answer| answer.this_update),
            "next_update": answer.and_then(|answer| answer.next_update),
            "responder": answer.map(|answer| answer.responder.subject().to_string()),
            "checks": verdict.checks,
        });
        output.line(&value.to_string())?;
    } else {
        output.verdict(&name, verdict)?;
        if let Some(status) = status {
            output.line(&format!("  {}: {status}", output.pick("status", "证书状态")))?;
        }
    }
    // An answer that verifies may say that the certificate is not good: that is the answer.
    Ok(match answer.map(|answer| answer.status) {
        Some(CertificateStatus::Good) => Ending::Done,
        Some(CertificateStatus::Revoked { .. }) => Ending::NotPassed,
        Some(CertificateStatus::Unknown) => Ending::Indeterminate,
        None => verdict.indication.into(),
    })
}
