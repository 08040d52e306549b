//! `yinxin tsa`: ask for time stamps, give them as an authority for tests, verify them.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use yinxin::{
    Code, Error, UnixTime,
    pki::{
        cms::{Family, SignedData, SignerInfo},
        timestamp::{
            self, Accuracy, Authority, HashAlgorithm, Imprint, Register, RunningImprint, Stamped,
            TimeStampPolicy, TimeStampRequest, TimeStampResponse, Token,
        },
        x509::Role,
    },
    report::headline,
};

use crate::{
    Ending, cms,
    encoding::Written,
    failure::Failure,
    inputs::{self, KeyFile, hex},
    output::{self, Access, OutFile, Output},
    trust::{Loaded, TrustFiles},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a request over data, with a random nonce (DER, application/timestamp-query).
    Request(RequestArguments),
    /// Answer a request as a small authority, for tests.
    Reply(ReplyArguments),
    /// Verify a time stamp: an answer or the token inside; every check is named.
    Verify(Box<VerifyArguments>),
    /// Put a time stamp over a signer's signature into a SignedData, as an attribute.
    Attach(AttachArguments),
    /// Show what a request, an answer or a token says; nothing is verified.
    Show {
        /// The request, answer or token; `-` is standard input.
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RequestArguments {
    /// What is to be stamped, of any size; `-` is standard input.
    #[arg(value_name = "DATA", default_value = "-")]
    data: PathBuf,
    /// DATA is a SignedData: stamp the signature of this signer of it, counted from 0, so that `yinxin
    /// tsa attach` can put the stamp beside it.
    #[arg(long, value_name = "NUMBER")]
    signer: Option<usize>,
    /// The hash function between the data and the stamp. GM/T 0033 has SM3 alone; authorities of other
    /// countries may know only the others.
    #[arg(long, value_enum, default_value_t = HashName::Sm3)]
    hash: HashName,
    /// The policy under which, as an object identifier.
    #[arg(long, value_name = "OID")]
    policy: Option<String>,
    /// Without a nonce an old answer can pass for a new one.
    #[arg(long)]
    no_nonce: bool,
    /// Do not ask for the authority's certificate in the token.
    #[arg(long)]
    no_certificate: bool,
    #[command(flatten)]
    out: OutFile,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum HashName {
    Sm3,
    Sha256,
    Sha384,
    Sha512,
}

impl HashName {
    const fn hash(self) -> HashAlgorithm {
        match self {
            Self::Sm3 => HashAlgorithm::Sm3,
            Self::Sha256 => HashAlgorithm::Sha256,
            Self::Sha384 => HashAlgorithm::Sha384,
            Self::Sha512 => HashAlgorithm::Sha512,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The answer or token; `-` is standard input.
    file: PathBuf,
    /// The data that is said to be stamped.
    #[arg(long, value_name = "FILE", required_unless_present = "request")]
    data: Option<PathBuf>,
    /// The request, whose nonce and policy must be met, too.
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    request: Option<PathBuf>,
    /// A hash function that may stand between the data and the stamp. Repeatable.
    #[arg(long, value_enum, default_values_t = [HashName::Sm3])]
    hash: Vec<HashName>,
    /// A policy under which the stamp may have been made, as an object identifier (default: any).
    /// Repeatable.
    #[arg(long, value_name = "OID")]
    policy: Vec<String>,
    /// Certificates of authorities, for tokens that carry none; not trusted by themselves.
    #[arg(long, value_name = "FILE")]
    authority_cert: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustFiles,
}

#[derive(Debug, Args)]
pub(crate) struct AttachArguments {
    /// The SignedData, at most 16 MiB; `-` is standard input.
    #[arg(value_name = "SIGNED")]
    signed: PathBuf,
    /// The answer of the authority, or the token inside.
    #[arg(long, value_name = "FILE")]
    token: PathBuf,
    /// The signer whose signature it stamps, counted from 0.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    signer: usize,
    #[command(flatten)]
    out: OutFile,
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
        Command::Request(arguments) => request(&arguments, output),
        Command::Reply(arguments) => reply(&arguments, output),
        Command::Verify(arguments) => verify(&arguments, output),
        Command::Attach(arguments) => attach(&arguments, output),
        Command::Show { file } => show(&file, output),
    }
}

fn request(arguments: &RequestArguments, output: &Output) -> Result<Ending, Failure> {
    let RequestArguments { data, signer, hash, policy, no_nonce, no_certificate, out } = arguments;
    out.check(Written::Binary, Access::New)?;
    let name = inputs::name(data);
    let refused = |error| Failure::core(&name, error);
    let imprint = match signer {
        Some(number) => {
            let signed = cms::signed_data(data)?;
            Imprint::by(hash.hash(), &signer_of(&signed, *number, &name)?.signature)
        }
        None => imprint(data, hash.hash())?,
    };
    let mut request = TimeStampRequest::new(imprint).map_err(refused)?;
    if let Some(policy) = policy {
        inputs::object_identifier("--policy", policy)?;
        request = request.under_policy(policy);
    }
    if *no_nonce {
        request.nonce = None;
    }
    request.certificate_wanted = !no_certificate;
    let facts = json!({ "data": name, "nonce": request.nonce.as_deref().map(hex) });
    let der = request.to_der().map_err(refused)?;
    out.deliver("request", &der, Written::Binary, Access::New, facts, output)
}

fn signer_of<'a>(
    signed: &'a SignedData,
    number: usize,
    name: &str,
) -> Result<&'a SignerInfo, Failure> {
    let count = signed.signers().len();
    signed.signers().get(number).ok_or_else(|| {
        Failure::usage(
            format!("{name}: --signer {number}: there are {count} signers, counted from 0"),
            format!("{name}：--signer {number}：共有 {count} 个签名者，从 0 起计"),
        )
    })
}

fn attach(arguments: &AttachArguments, output: &Output) -> Result<Ending, Failure> {
    let AttachArguments { signed: file, token, signer, out } = arguments;
    out.check(Written::Binary, Access::New)?;
    let name = inputs::name(file);
    let signed = cms::signed_data(file)?;
    let signature = &signer_of(&signed, *signer, &name)?.signature;
    let (token_name, token) = (inputs::name(token), self::token(token)?);
    let refused = |error| Failure::core(&token_name, error);
    // A stamp over something else would say nothing of this signature.
    let parsed = Token::parse(&token).map_err(refused)?;
    let imprint = &parsed.info().imprint;
    let hash = imprint.hash_algorithm().unwrap_or(HashAlgorithm::Sm3);
    if !imprint.is_same_as(&Imprint::by(hash, signature)) {
        return Err(refused(Error::new(Code::TimeStampMismatch).field("messageImprint")));
    }
    let stamped = signed.with_time_stamp(*signer, &token).map_err(refused)?;
    let facts = json!({ "signed": name, "time": parsed.info().time });
    out.deliver("signed", stamped.raw(), Written::Binary, Access::New, facts, output)
}

/// The token of an answer; anything else is taken for a token itself.
fn token(file: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = inputs::structure(file)?;
    let token = TimeStampResponse::parse(&bytes).ok().map_or(Some(bytes), |answer| answer.token);
    token.ok_or_else(|| {
        let name = inputs::name(file);
        Failure::usage(
            format!("{name}: the authority's answer holds no token"),
            format!("{name}：时间戳机构的响应中没有时间戳"),
        )
    })
}

fn show(file: &Path, output: &Output) -> Result<Ending, Failure> {
    let name = inputs::name(file);
    let bytes = inputs::structure(file)?;
    let value = if let Ok(request) = TimeStampRequest::parse(&bytes) {
        json!({
            "file": name,
            "kind": "request",
            "hash": request.imprint.algorithm_name(),
            "digest": hex(&request.imprint.digest),
            "policy": request.policy,
            "nonce": request.nonce.as_deref().map(hex),
            "certificate_wanted": request.certificate_wanted,
        })
    } else {
        let (answer, token) = match TimeStampResponse::parse(&bytes) {
            Ok(TimeStampResponse { status, texts, failures, token }) => {
                let failures = failures.iter().map(|failure| failure.name()).collect::<Vec<_>>();
                let status = status.name();
                (json!({ "status": status, "texts": texts, "failures": failures }), token)
            }
            Err(_) => (Value::Null, Some(bytes)),
        };
        let token = token.as_deref().map(Token::parse).transpose();
        let token = token.map_err(|error| Failure::core(&name, error))?;
        let info = token.as_ref().map(Token::info);
        json!({
            "file": name,
            "kind": if answer.is_null() { "token" } else { "answer" },
            "answer": answer,
            "time": info.map(|info| info.time),
            "policy": info.map(|info| &info.policy),
            "serial": info.map(|info| hex(&info.serial)),
            "hash": info.map(|info| info.imprint.algorithm_name()),
            "digest": info.map(|info| hex(&info.imprint.digest)),
            "nonce": info.and_then(|info| info.nonce.as_deref()).map(hex),
            "accuracy_us": info.and_then(|info| info.accuracy).map(Accuracy::as_us),
        })
    };
    output.result(&value, || output::lines(&value, 0).join("\n"))?;
    Ok(Ending::Done)
}

/// The digest of what `data` holds, read piece by piece.
fn imprint(data: &Path, hash: HashAlgorithm) -> Result<Imprint, Failure> {
    let mut running = RunningImprint::new(hash);
    inputs::pieces(data, |piece| {
        running.update(piece);
        Ok(())
    })?;
    Ok(running.finish())
}

/// The one of `hashes` that `token` names; where it names none of them, the verdict will say so.
fn hash_of(token: &[u8], hashes: &[HashAlgorithm]) -> HashAlgorithm {
    let parsed = Token::parse(token).ok();
    let named = parsed.and_then(|token| token.info().imprint.hash_algorithm());
    named.filter(|hash| hashes.contains(hash)).unwrap_or(HashAlgorithm::Sm3)
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
    inputs::object_identifier("--policy", policy)?;
    let (certificate, chain) = inputs::certificate_and_chain(cert)?;
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
    let answered = authority.answer(&inputs::structure(request)?);
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

fn verify(arguments: &VerifyArguments, output: &Output) -> Result<Ending, Failure> {
    let VerifyArguments { file, data, request, hash, policy, authority_cert, trust } = arguments;
    for policy in policy {
        inputs::object_identifier("--policy", policy)?;
    }
    let name = inputs::name(file);
    let request = match request {
        Some(path) => {
            let request = TimeStampRequest::parse(&inputs::structure(path)?);
            Some(request.map_err(|error| Failure::core(&inputs::name(path), error))?)
        }
        None => None,
    };
    let token = token(file)?;
    let hashes: Vec<_> = hash.iter().map(|hash| hash.hash()).collect();
    let digest = |data| imprint(data, hash_of(&token, &hashes));
    let imprint = data.as_deref().map(digest).transpose()?;
    let stamped = match (&request, &imprint) {
        (Some(request), _) => Stamped::Request(request),
        (None, Some(imprint)) => Stamped::Imprint(imprint),
        (None, None) => return Err(Failure::usage("--data or --request", "--data 或 --request")),
    };
    let Loaded { trust: store, evidence } = trust.load(output)?;
    let known = inputs::all_certificates(authority_cert)?;
    let policies: Vec<_> = policy.iter().map(String::as_str).collect();
    let policy = TimeStampPolicy {
        hashes: &hashes,
        policies: &policies,
        known: &known,
        ..TimeStampPolicy::sm3(trust.policy(Role::TimeStamper))
    };
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
