//! `yinxin bundle`: signed bundles of trust anchors and revocation lists, for networks without internet.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use yinxin::{
    UnixTime,
    pki::{bundle::Manifest, x509::Certificate},
    report::Verdict,
};

use crate::{
    Ending,
    encoding::Written,
    failure::Failure,
    inputs::{self, KeyFile, hex},
    output::{Access, OutFile, Output},
    trust::{self, BundleDemands},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a bundle, signed with a key that its readers pin.
    Make(MakeArguments),
    /// Verify a bundle: whose it is, for which set, how fresh; every check is named. `--bundle` of the
    /// other commands does the same before it is used.
    Verify {
        /// The bundle, DER or PEM; `-` is standard input.
        bundle: PathBuf,
        #[command(flatten)]
        demands: BundleDemands,
        /// The time at which it is to be used (default: now).
        #[arg(long, value_name = "TIME", value_parser = inputs::time)]
        at: Option<UnixTime>,
    },
    /// Show what a bundle says of itself; nothing is verified.
    Show {
        /// The bundle, DER or PEM; `-` is standard input.
        bundle: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct MakeArguments {
    /// The name of the set of anchors.
    #[arg(long, value_name = "NAME")]
    set: String,
    /// Certificates that are anchors. Repeatable.
    #[arg(long, value_name = "FILE", required = true)]
    anchor: Vec<PathBuf>,
    /// Certificates that only help to build paths. Repeatable.
    #[arg(long, value_name = "FILE")]
    intermediate: Vec<PathBuf>,
    /// Revocation lists. Repeatable.
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,
    /// The certificate of the key that signs the bundle, which only carries that key.
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    #[command(flatten)]
    key: KeyFile,
    /// Its number, which must rise with every bundle of the set (default: its time).
    #[arg(long, value_name = "NUMBER")]
    sequence: Option<u64>,
    /// When it is issued (default: now).
    #[arg(long, value_name = "TIME", value_parser = inputs::time)]
    at: Option<UnixTime>,
    /// Days until it expires.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=36600))]
    days: i64,
    #[command(flatten)]
    out: OutFile,
}

pub(crate) fn run(command: Command, output: &Output) -> Result<Ending, Failure> {
    match command {
        Command::Make(arguments) => make(&arguments, output),
        Command::Verify { bundle, demands, at } => verify(&bundle, &demands, at, output),
        Command::Show { bundle } => {
            let (name, bundle) = (inputs::name(&bundle), trust::bundle(&bundle)?);
            let value = json!({
                "file": name, "set": bundle.set(), "sequence": bundle.sequence(),
                "issued": bundle.issued(), "expires": bundle.expires(),
            });
            output.result(&value, || {
                let words = output.pick("issued", "签发");
                format!(
                    "{name}: {}, {}\n  {words} {}\n  {} {}",
                    bundle.set(),
                    bundle.sequence(),
                    bundle.issued(),
                    output.pick("expires", "失效"),
                    bundle.expires()
                )
            })?;
            Ok(Ending::Done)
        }
    }
}

fn make(arguments: &MakeArguments, output: &Output) -> Result<Ending, Failure> {
    let MakeArguments { set, anchor, intermediate, crl, cert, key, sequence, at, days, out } =
        arguments;
    out.check(Written::Binary, Access::New)?;
    let issued = at.map_or_else(inputs::now, Ok)?;
    let anchors = inputs::all_certificates(anchor)?;
    let crls = crl.iter().map(|file| inputs::crl(file)).collect::<Result<Vec<_>, _>>()?;
    let mut certificates = inputs::all_certificates(intermediate)?;
    certificates.retain(|other| !anchors.contains(other));
    let thumbprints = anchors.iter().map(Certificate::thumbprint).collect();
    certificates.extend(anchors);
    let manifest = Manifest {
        set: set.clone(),
        sequence: sequence.unwrap_or_else(|| u64::try_from(issued.unix_s()).unwrap_or(0)),
        issued,
        expires: issued.plus_s(days * 86_400),
        anchors: thumbprints,
        certificates,
        crls,
    };
    let certificate = inputs::certificate(cert)?;
    let bundle = manifest.sign(&certificate, &key.load_of(&certificate)?);
    let bundle = bundle.map_err(|error| Failure::core("--set", error))?;
    let facts = json!({
        "set": set,
        "sequence": manifest.sequence,
        "expires": manifest.expires,
        "anchors": manifest.anchors.len(),
        "certificates": manifest.certificates.len(),
        "crls": manifest.crls.len(),
    });
    out.deliver("bundle", &bundle, Written::Binary, Access::New, facts, output)
}

fn verify(
    file: &std::path::Path,
    demands: &BundleDemands,
    at: Option<UnixTime>,
    output: &Output,
) -> Result<Ending, Failure> {
    let (name, bundle) = (inputs::name(file), trust::bundle(file)?);
    let result = demands.verify(&bundle, at.map_or_else(inputs::now, Ok)?)?;
    let (verdict, contents): (&Verdict, _) = match &result {
        Ok(verified) => (verified.report(), Some(verified.value())),
        Err(rejected) => (&rejected.report, None),
    };
    if !output.json {
        output.verdict(&name, verdict)?;
        return Ok(verdict.indication.into());
    }
    let anchors = contents.map(|contents| {
        let mut all: Vec<_> = contents.trust.anchors().map(|it| hex(&it.thumbprint())).collect();
        all.sort();
        all
    });
    let value = json!({
        "file": name,
        "indication": verdict.indication,
        "sub_indication": verdict.sub_indication,
        "sequence": contents.map(|contents| contents.sequence),
        "anchors": anchors,
        "checks": verdict.checks,
    });
    output.line(&value.to_string())?;
    Ok(verdict.indication.into())
}
