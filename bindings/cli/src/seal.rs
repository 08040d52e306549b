//! `yinxin seal`: make, show and verify electronic seals (电子印章).

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use yinxin::{
    UnixTime,
    licence::seal::{
        self as seals, Seal, SealDescription, SealPicture,
        verify::{Context, Policy},
    },
    pki::x509::Certificate,
    primitives::sm3,
    report::Verdict,
};

use crate::{
    Ending,
    encoding::Written,
    failure::Failure,
    inputs::{self, KeyFile},
    output::{self, Access, OutFile, Output},
    trust::{Loaded, TrustFiles},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a seal (GB/T 38540-2020), signed by a seal maker.
    Make(MakeArguments),
    /// Show a seal.
    Show {
        /// The seal (*.esl).
        file: PathBuf,
        /// Also write its picture.
        #[arg(long, value_name = "FILE")]
        picture_out: Option<PathBuf>,
        /// Replace that file if it exists already.
        #[arg(long, requires = "picture_out")]
        force: bool,
    },
    /// Verify a seal by itself; every check is named.
    Verify {
        /// The seal (*.esl).
        file: PathBuf,
        #[command(flatten)]
        trust: TrustFiles,
    },
}

#[derive(Debug, Args)]
pub(crate) struct MakeArguments {
    /// The seal maker's certificate.
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    #[command(flatten)]
    key: KeyFile,
    /// Certificates of those who may apply the seal. Repeatable. Without any, only the seal maker may.
    #[arg(long, value_name = "FILE")]
    signer_cert: Vec<PathBuf>,
    /// The picture: PNG.
    #[arg(long, value_name = "FILE")]
    picture: PathBuf,
    /// Width and height of the picture on paper, in millimetres.
    #[arg(long, value_name = "MM", default_value_t = 42, value_parser = clap::value_parser!(u16).range(1..=200))]
    size_mm: u16,
    /// The seal's name, for example 示例市行政审批局.
    #[arg(long)]
    name: String,
    /// The seal's identifier (esID): 14 digits by the national rule. Default: the CN of the first
    /// signer's certificate if that is such a number, else one that cannot be taken for it.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// 1 for the seal of an organisation, 2 for that of a person.
    #[arg(long, value_name = "TYPE", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    kind: u8,
    /// When it is made and begins to be valid (default: now).
    #[arg(long, value_name = "TIME", value_parser = inputs::time)]
    at: Option<UnixTime>,
    /// Days of validity.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(i64).range(1..=36600))]
    days: i64,
    #[command(flatten)]
    out: OutFile,
}

pub(crate) fn run(command: Command, output: &Output) -> Result<Ending, Failure> {
    match command {
        Command::Make(arguments) => make(&arguments, output),
        Command::Show { file, picture_out, force } => {
            let seal = load(&file)?;
            if let Some(out) = picture_out {
                let access = if force { Access::Public } else { Access::New };
                output::write(&out, seal.picture().data, access)?;
            }
            show(&seal, &file, output)
        }
        Command::Verify { file, trust } => verify(&file, &trust, output),
    }
}

/// Reads a seal.
pub(crate) fn load(path: &Path) -> Result<Seal, Failure> {
    let bytes = inputs::small_file(path)?;
    Seal::parse(&bytes).map_err(|error| Failure::core(&inputs::name(path), error))
}

fn make(arguments: &MakeArguments, output: &Output) -> Result<Ending, Failure> {
    let out = &arguments.out;
    out.check(Written::Binary, Access::New)?;
    let maker = inputs::certificate(&arguments.cert)?;
    let signers = arguments.signer_cert.iter().map(|file| inputs::certificate(file));
    let mut signers = signers.collect::<Result<Vec<_>, _>>()?;
    if signers.is_empty() {
        output.note(output.pick(
            "yinxin: no --signer-cert: the seal lists its maker's certificate, nobody else may apply it",
            "yinxin：未给出 --signer-cert：印章的证书列表中只有制章者证书，其他人不能使用该印章",
        ));
        signers.push(maker.clone());
    }
    let at = arguments.at.map_or_else(inputs::now, Ok)?;
    let id = arguments.id.clone().unwrap_or_else(|| identifier(&arguments.name, &signers, at));
    let description = SealDescription {
        vendor: "yinxin".to_owned(),
        id,
        name: arguments.name.clone(),
        kind: arguments.kind,
        created: at,
        valid_from: at,
        valid_until: at.plus_s(arguments.days * 86_400),
        signer_certificates: signers,
        picture: SealPicture {
            png: inputs::small_file(&arguments.picture)?,
            width_mm: arguments.size_mm,
            height_mm: arguments.size_mm,
        },
    };
    let seal = seals::make(&description, &maker, &arguments.key.load_of(&maker)?)
        .map_err(|error| Failure::core(&inputs::name(&arguments.cert), error))?;
    if inputs::is_standard(&out.out) {
        let facts = json!({ "name": arguments.name });
        let (written, access) = (Written::Binary, Access::New);
        return out.deliver("seal", seal.raw(), written, access, facts, output);
    }
    out.write(seal.raw(), Access::New)?;
    show(&seal, &out.out, output)
}

/// The national code of the seal where the first signer's certificate is named after it; else the
/// beginning of a digest of what makes this seal different from others.
fn identifier(name: &str, signers: &[Certificate], at: UnixTime) -> String {
    let is_code = |text: &&str| text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit());
    let code = signers.first().and_then(|signer| signer.subject().common_name()).filter(is_code);
    if let Some(code) = code {
        return code.to_owned();
    }
    let mut text = format!("{name}\n{at}\n").into_bytes();
    signers.iter().for_each(|signer| text.extend(signer.thumbprint()));
    let mut id = format!("x-{}", inputs::hex(&sm3::hash(&text)));
    id.truncate(34);
    id
}

fn show(seal: &Seal, file: &Path, output: &Output) -> Result<Ending, Failure> {
    let picture = seal.picture();
    let maker = Certificate::parse(seal.maker_certificate());
    let maker = maker.map_or_else(|_| "-".to_owned(), |cert| cert.subject().to_string());
    let value = json!({
        "file": file.display().to_string(),
        "standard": seal.version().standard(),
        "id": seal.id(),
        "name": seal.name(),
        "type": seal.kind(),
        "created": seal.created(),
        "valid_from": seal.valid_from(),
        "valid_until": seal.valid_until(),
        "maker": maker,
        "picture": {
            "format": picture.format,
            "width_mm": picture.width_mm,
            "height_mm": picture.height_mm,
            "bytes": picture.data.len(),
        },
    });
    output.result(&value, || {
        format!(
            "{}: {} ({})\n  {}: {}\n  {}: {maker}\n  {}: {} .. {}\n  {}: {} {} x {} mm",
            file.display(),
            seal.name(),
            seal.id(),
            output.pick("structure", "格式"),
            seal.version().standard(),
            output.pick("maker", "制章人"),
            output.pick("valid", "有效期"),
            seal.valid_from(),
            seal.valid_until(),
            output.pick("picture", "图片"),
            picture.format,
            picture.width_mm,
            picture.height_mm,
        )
    })?;
    Ok(Ending::Done)
}

fn verify(file: &Path, trust: &TrustFiles, output: &Output) -> Result<Ending, Failure> {
    let seal = load(file)?;
    let Loaded { trust: store, evidence } = trust.load(output)?;
    let at = trust.at()?;
    let (revocation, crl_grace_s) = (trust.revocation(), trust.grace_s());
    let policy = Policy { revocation, crl_grace_s, ..Policy::default() };
    let context = Context { trust: &store, evidence: &evidence, policy, cache: None, now: at };
    let report = seals::verify_seal(&seal, &context, at);
    let verdict = Verdict::conclude(report.checks);
    let name = file.display().to_string();
    if output.json {
        output.line(
            &json!({
                "file": name,
                "indication": verdict.indication,
                "sub_indication": verdict.sub_indication,
                "checks": verdict.checks,
                "maker": report.maker.map(|path| path.certificates),
            })
            .to_string(),
        )?;
    } else {
        output.verdict(&name, &verdict)?;
        if let Some(path) = &report.maker {
            crate::cert::print_path(output.pick("seal maker", "制章人"), path, output)?;
        }
    }
    Ok(verdict.indication.into())
}
