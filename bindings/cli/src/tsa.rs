//! `yinxin tsa`: ask for time stamps, give them as an authority for tests, verify them.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use digest::Digest as _;
use serde_json::json;
use yinxin::{
    Error, UnixTime,
    pki::{
        cms::Family,
        timestamp::{
            self, Accuracy, Authority, Imprint, Register, Stamped, TimeStampPolicy,
            TimeStampRequest, TimeStampResponse,
        },
        x509::Role,
    },
    primitives::sm3::Sm3,
    report::headline,
};

use crate::{
    Ending,
    encoding::Written,
    failure::Failure,
    inputs::{self, KeyFile, hex},
    output::{Access, OutFile, Output},
    trust::{Loaded, TrustFiles},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a request over data, with a random nonce (DER, application/timestamp-query).
    Request {
        /// What is to be stamped; `-` is standard input.
        #[arg(value_name = "DATA", default_value = "-")]
        data: PathBuf,
        /// The policy under which, as an object identifier.
        #[arg(long, value_name = "OID")]
        policy: Option<String>,
        #[command(flatten)]
        out: OutFile,
    },
    /// Answer a request as a small authority, for tests.
    Reply(ReplyArguments),
    /// Verify a time stamp: an answer or the token inside; every check is named.
    Verify {
        /// The answer or token; `-` is standard input.
        file: PathBuf,
        /// The data that is said to be stamped.
        #[arg(long, value_name = "FILE", required_unless_present = "request")]
        data: Option<PathBuf>,
        /// The request, whose nonce and policy must be met, too.
        #[arg(long, value_name = "FILE", conflicts_with = "data")]
        request: Option<PathBuf>,
        #[command(flatten)]
        trust: TrustFiles,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ReplyArguments {
    /// The request; `-` is standard input.
    #[arg(value_name = "REQUEST", default_value = "-")]
    request: PathBuf,
    /// The authority's certificate, with further ones of its chain behind it.
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    #[command(flatten)]
    key: KeyFile,
    /// The policy under which is stamped, as an object identifier.
    #[arg(long, value_name = "OID")]
    policy: String,
    /// How many seconds the clock may be off.
    #[arg(long, value_name = "SECONDS")]
    accuracy: Option<u32>,
    /// The time to stamp (default: now).
    #[arg(long, value_name = "TIME", value_parser = inputs::time)]
    at: Option<UnixTime>,
    /// Use the object identifiers of RFC 5652 instead of those of GM/T 0010.
    #[arg(long)]
    pkcs7: bool,
    #[command(flatten)]
    out: OutFile,
}

pub(crate) fn run(command: Command, output: &Output) -> Result<Ending, Failure> {
    match command {
        Command::Request { data, policy, out } => request(&data, policy.as_deref(), &out, output),
        Command::Reply(arguments) => reply(&arguments, output),
        Command::Verify { file, data, request, trust } => {
            verify(&file, data.as_deref(), request.as_deref(), &trust, output)
        }
    }
}

fn request(
    data: &Path,
    policy: Option<&str>,
    out: &OutFile,
    output: &Output,
) -> Result<Ending, Failure> {
    out.check(Written::Binary, Access::New)?;
    let refused = |error| Failure::core(&inputs::name(data), error);
    let mut request = TimeStampRequest::new(imprint(data)?).map_err(refused)?;
    if let Some(policy) = policy {
        request = request.under_policy(policy);
    }
    let facts = json!({ "data": inputs::name(data), "nonce": request.nonce.as_deref().map(hex) });
    let der = request.to_der().map_err(refused)?;
    out.deliver("request", &der, Written::Binary, Access::New, facts, output)
}

/// The SM3 digest of what `data` holds, read piece by piece.
fn imprint(data: &Path) -> Result<Imprint, Failure> {
    let mut hash = Sm3::new();
    inputs::pieces(data, |piece| {
        hash.update(piece);
        Ok(())
    })?;
    Ok(Imprint::from_sm3(hash.finalize().into()))
}

/// One time for one answer; serial numbers are random.
struct Clock(UnixTime);

impl Register for Clock {
    fn now(&self) -> Option<UnixTime> {
        Some(self.0)
    }

    fn next_serial(&self) -> Result<Vec<u8>, Error> {
        timestamp::random_serial()
    }
}

fn reply(arguments: &ReplyArguments, output: &Output) -> Result<Ending, Failure> {
    let ReplyArguments { request, cert, key, policy, accuracy, at, pkcs7, out } = arguments;
    out.check(Written::Binary, Access::New)?;
    let mut chain = inputs::certificates(cert)?;
    let certificate = inputs::certificate(cert)?;
    chain.retain(|other| *other != certificate);
    let clock = Clock(at.map_or_else(inputs::now, Ok)?);
    let key = key.load()?;
    let authority = Authority {
        signer: &key,
        certificate,
        chain,
        policy: policy.clone(),
        accuracy: accuracy.map(Accuracy::of_s),
        family: if *pkcs7 { Family::Pkcs7 } else { Family::Gm },
        register: &clock,
    };
    let name = inputs::name(request);
    let answered = authority.answer(&inputs::small_file(request)?);
    // A request that cannot be served is answered all the same; why stands on standard error.
    if let Some(cause) = &answered.cause {
        let text = output.pick("no token was given", "未签发时间戳");
        let cause = match output.language {
            yinxin::report::Language::English => cause.text_en(),
            yinxin::report::Language::Chinese => cause.text_zh(),
        };
        output.note(&format!("yinxin: {name}: {text}: {cause}"));
    }
    let granted = answered.response.status.is_granted();
    let der = answered.response.to_der().map_err(|error| Failure::core(&name, error))?;
    let facts = json!({ "request": name, "status": answered.response.status.name() });
    let ending = out.deliver("response", &der, Written::Binary, Access::New, facts, output)?;
    Ok(if granted { ending } else { Ending::NotPassed })
}

fn verify(
    file: &Path,
    data: Option<&Path>,
    request: Option<&Path>,
    trust: &TrustFiles,
    output: &Output,
) -> Result<Ending, Failure> {
    let name = inputs::name(file);
    let bytes = inputs::small_file(file)?;
    let request = match request {
        Some(path) => {
            let request = TimeStampRequest::parse(&inputs::small_file(path)?);
            Some(request.map_err(|error| Failure::core(&inputs::name(path), error))?)
        }
        None => None,
    };
    let imprint = data.map(imprint).transpose()?;
    // An answer holds the token; anything else is taken for a token itself.
    let token = TimeStampResponse::parse(&bytes).ok().map_or(Some(bytes), |answer| answer.token);
    let token = token.ok_or_else(|| {
        Failure::usage(
            format!("{name}: the authority's answer holds no token"),
            format!("{name}：时间戳机构的响应中没有时间戳"),
        )
    })?;
    let stamped = match (&request, &imprint) {
        (Some(request), _) => Stamped::Request(request),
        (None, Some(imprint)) => Stamped::Imprint(imprint),
        (None, None) => return Err(Failure::usage("--data or --request", "--data 或 --request")),
    };
    let Loaded { trust: store, evidence } = trust.load()?;
    let policy = TimeStampPolicy::sm3(trust.policy(Role::TimeStamper));
    let report = timestamp::verify_token(&token, stamped, &evidence, &store, &policy, trust.at()?);
    if output.json {
        output.line(
            &json!({
                "file": name,
                "indication": report.indication,
                "sub_indication": report.sub_indication,
                "time": report.info.as_ref().map(|info| info.time),
                "policy": report.info.as_ref().map(|info| &info.policy),
                "serial": report.info.as_ref().map(|info| hex(&info.serial)),
                "authority": report.authority.as_ref().map(|it| it.subject().to_string()),
                "checks": report.checks,
                "path": report.path.as_ref().map(|path| &path.certificates),
            })
            .to_string(),
        )?;
    } else {
        let title = report.info.as_ref().map(|info| format!("{name}: {}", info.time));
        let title = title.unwrap_or_else(|| name.clone());
        let head = headline(&title, report.indication, report.sub_indication, output.language);
        output.line(&output.paint(report.indication.into(), &head))?;
        for check in &report.checks {
            output.line(&format!("  {}", check.line(output.language)))?;
        }
        if let Some(path) = &report.path {
            crate::cert::print_path(output.pick("authority", "时间戳机构"), path, output)?;
        }
    }
    Ok(report.indication.into())
}
