//! `yinxin ocsp`: ask whether a certificate is good, answer as a small responder, verify answers.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use yinxin::{
    UnixTime,
    pki::{
        ocsp::{
            CertId, CertificateStatus, Hash, Question, Request, Responder, ResponderId, Response,
        },
        x509::Certificate,
    },
    primitives::rng,
};

use crate::{
    Ending,
    encoding::Written,
    failure::Failure,
    inputs::{self, KeyFile, Serial, hex},
    output::{self, Access, OutFile, Output},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a request for certificates, with a random nonce (DER, application/ocsp-request).
    Request(RequestArguments),
    /// Answer a request from a revocation list, for tests.
    Respond(RespondArguments),
    /// Verify an answer, and say what it says of the certificate; every check is named.
    Verify(VerifyArguments),
    /// Show what an answer says; nothing is verified.
    Show {
        /// The answer, DER or PEM; `-` is standard input.
        response: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RequestArguments {
    #[command(flatten)]
    asked: Asked,
    /// Further certificates of the same issuer. Repeatable.
    #[arg(long, value_name = "FILE")]
    also: Vec<PathBuf>,
    /// How the issuer is named: responders outside of networks with SM2 may know only sha1.
    #[arg(long, value_enum, default_value_t = HashName::Sm3)]
    hash: HashName,
    /// Without a nonce, responders can answer with what they made in advance.
    #[arg(long)]
    no_nonce: bool,
    #[command(flatten)]
    out: OutFile,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum HashName {
    Sm3,
    Sha1,
    Sha256,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The answer, DER or PEM; `-` is standard input.
    response: PathBuf,
    #[command(flatten)]
    asked: Asked,
    /// The request, whose nonce must be given back.
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    /// A responder's certificate that is trusted for this issuer, whatever it says. Repeatable.
    #[arg(long, value_name = "FILE")]
    responder: Vec<PathBuf>,
    /// How many hours past its next update the answer still counts as fresh.
    #[arg(long, value_name = "HOURS", default_value_t = 0,
          value_parser = clap::value_parser!(i64).range(0..=87600))]
    grace_hours: i64,
    /// The time at which the answer must be fresh (default: now).
    #[arg(long, value_name = "TIME", value_parser = inputs::time)]
    at: Option<UnixTime>,
}

/// Which certificate is asked about.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// The certificate.
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// The certificate of its issuer, which is trusted here: `yinxin cert verify --ocsp` judges it.
    #[arg(long, value_name = "FILE")]
    issuer: PathBuf,
}

impl Asked {
    fn load(&self) -> Result<(Certificate, Certificate), Failure> {
        let (certificate, issuer) =
            (inputs::certificate(&self.cert)?, inputs::certificate(&self.issuer)?);
        must_have_issued(&issuer, &self.issuer, &certificate, &self.cert)?;
        Ok((certificate, issuer))
    }
}

/// Refuses certificates that were mixed up: no responder knows such a pair.
fn must_have_issued(
    issuer: &Certificate,
    issuer_file: &Path,
    certificate: &Certificate,
    file: &Path,
) -> Result<(), Failure> {
    if certificate.issuer().matches(issuer.subject()) {
        return Ok(());
    }
    let (issuer, certificate) = (inputs::name(issuer_file), inputs::name(file));
    Err(Failure::usage(
        format!("{issuer}: not the certificate of the issuer of {certificate}"),
        format!("{issuer}：不是 {certificate} 的颁发者证书"),
    ))
}

#[derive(Debug, Args)]
pub(crate) struct RespondArguments {
    /// The request, DER or PEM; `-` is standard input.
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
    /// Answer of the certificate with this serial number that it is unknown. Repeatable.
    #[arg(long, value_name = "HEX", value_parser = inputs::serial)]
    unknown_serial: Vec<Serial>,
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
        Command::Request(arguments) => request(&arguments, output),
        Command::Respond(arguments) => respond(&arguments, output),
        Command::Verify(arguments) => verify(&arguments, output),
        Command::Show { response } => show(&response, output),
    }
}

fn request(arguments: &RequestArguments, output: &Output) -> Result<Ending, Failure> {
    let RequestArguments { asked, also, hash, no_nonce, out } = arguments;
    out.check(Written::Binary, Access::New)?;
    let (certificate, issuer) = asked.load()?;
    let refused = |error| Failure::core(&inputs::name(&asked.cert), error);
    let mut nonce = [0; 32];
    rng::fill(&mut nonce).map_err(refused)?;
    let nonce = (!no_nonce).then_some(&nonce[..]);
    let hash = match hash {
        HashName::Sm3 => Hash::Sm3,
        HashName::Sha1 => Hash::Sha1,
        HashName::Sha256 => Hash::Sha256,
    };
    let mut ids = vec![CertId::new(&certificate, &issuer, hash).map_err(refused)?];
    for file in also {
        let other = inputs::certificate(file)?;
        must_have_issued(&issuer, &asked.issuer, &other, file)?;
        ids.push(CertId::new(&other, &issuer, hash).map_err(refused)?);
    }
    let request = Request::of(&ids, nonce).map_err(refused)?;
    let facts = json!({
        "subject": certificate.subject().to_string(),
        "certificates": ids.len(),
        "nonce": nonce.map(hex),
    });
    out.deliver("request", request.der(), Written::Binary, Access::New, facts, output)
}

fn respond(arguments: &RespondArguments, output: &Output) -> Result<Ending, Failure> {
    let RespondArguments { request, issuer, cert, key, crl, unknown_serial, at, hours, out } =
        arguments;
    out.check(Written::Binary, Access::New)?;
    let name = inputs::name(request);
    let refused = |error| Failure::core(&name, error);
    let issuer = inputs::certificate(issuer)?;
    let certificate = cert.as_deref().map(inputs::certificate).transpose()?;
    let list = inputs::crl(crl)?;
    // Of another authority's list every certificate would be good.
    list.verify_issued_by(&issuer).map_err(|error| Failure::core(&inputs::name(crl), error))?;
    let key = key.load_of(certificate.as_ref().unwrap_or(&issuer))?;
    let at = at.map_or_else(inputs::now, Ok)?;
    let request = Request::parse(&inputs::structure(request)?).map_err(refused)?;
    let responder = Responder::new(&issuer, certificate.as_ref().unwrap_or(&issuer), &key);
    let unknown = |id: &CertId| {
        let serial = inputs::significant(id.serial());
        unknown_serial.iter().any(|Serial(other)| *other == serial)
    };
    let status = |id: &CertId| match list.revoked(id.serial()) {
        _ if unknown(id) => CertificateStatus::Unknown,
        Some(entry) => CertificateStatus::Revoked { at: entry.at, reason: entry.reason },
        None => CertificateStatus::Good,
    };
    let response = responder
        .and_then(|it| it.respond(&request, at, at.plus_s(hours * 3600), status))
        .map_err(refused)?;
    let facts = json!({ "request": name, "status": response.status().name() });
    out.deliver("response", response.der(), Written::Binary, Access::New, facts, output)
}

/// A response, as it was read.
pub(crate) fn read(file: &Path) -> Result<Response, Failure> {
    let parsed = Response::parse(&inputs::structure(file)?);
    parsed.map_err(|error| Failure::core(&inputs::name(file), error))
}

fn show(file: &Path, output: &Output) -> Result<Ending, Failure> {
    let (name, response) = (inputs::name(file), read(file)?);
    let answers = response.answers().iter().map(|answer| {
        let (at, reason) = match answer.status {
            CertificateStatus::Revoked { at, reason } => (Some(at), reason),
            CertificateStatus::Good | CertificateStatus::Unknown => (None, None),
        };
        json!({
            "serial": hex(answer.id.serial()),
            "status": answer.status.name(),
            "revoked_at": at,
            "reason": reason.map(|reason| reason.name()),
            "this_update": answer.this_update,
            "next_update": answer.next_update,
        })
    });
    let certificates = response.certificates().iter().map(|it| it.subject().to_string());
    let value = json!({
        "file": name,
        "response_status": response.status().name(),
        "responder": response.responder().map(|responder| match responder {
            ResponderId::Name(name) => name.to_string(),
            ResponderId::Key(key) => hex(key),
        }),
        "produced_at": response.produced_at(),
        "nonce": response.nonce().as_deref().map(hex),
        "certificates": certificates.collect::<Vec<_>>(),
        "answers": answers.collect::<Vec<_>>(),
    });
    output.result(&value, || output::lines(&value, 0).join("\n"))?;
    Ok(Ending::Done)
}

fn verify(arguments: &VerifyArguments, output: &Output) -> Result<Ending, Failure> {
    let VerifyArguments { response: file, asked, request, responder, grace_hours, at } = arguments;
    let name = inputs::name(file);
    let (certificate, issuer) = asked.load()?;
    let response = read(file)?;
    let nonce = match request {
        Some(path) => {
            let request = Request::parse(&inputs::structure(path)?);
            request.map_err(|error| Failure::core(&inputs::name(path), error))?.nonce()
        }
        None => None,
    };
    let responders = inputs::all_certificates(responder)?;
    let question = Question {
        nonce: nonce.as_deref(),
        responders: &responders,
        grace_s: grace_hours * 3600,
        ..Question::new(&certificate, &issuer, at.map_or_else(inputs::now, Ok)?)
    };
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
            "authority": answer.map(|answer| answer.authority.name()),
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
