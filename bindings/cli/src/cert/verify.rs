//! `yinxin cert verify`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use yinxin::{
    UnixTime,
    pki::x509::{self, PolicyDemands, Role, Times},
};

use crate::{
    Ending,
    failure::Failure,
    inputs,
    output::Output,
    trust::{Loaded, TrustFiles},
};

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The certificate; further ones in the file may help to build the path. `-` is standard input.
    file: PathBuf,
    /// What the certificate must be allowed to do.
    #[arg(long, value_enum, default_value_t = RoleName::Any)]
    role: RoleName,
    /// The time of the signature that is judged, where it is known to be older than --at: validity
    /// periods and revocations count as of then.
    #[arg(long, value_name = "TIME", value_parser = inputs::time)]
    signed_at: Option<UnixTime>,
    /// The path must be valid under one of these certificate policies (object identifiers). Repeatable.
    #[arg(long, value_name = "OID")]
    require_policy: Vec<String>,
    /// Do not let one authority's policies stand for another's.
    #[arg(long)]
    inhibit_policy_mapping: bool,
    /// Do not let anyPolicy stand for every policy.
    #[arg(long)]
    inhibit_any_policy: bool,
    #[command(flatten)]
    trust: TrustFiles,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleName {
    Any,
    SealMaker,
    SealSigner,
    DocumentSigner,
    TimeStamper,
    Encryption,
    OcspSigner,
}

impl RoleName {
    const fn role(self) -> Role {
        match self {
            Self::Any => Role::Any,
            Self::SealMaker => Role::SealMaker,
            Self::SealSigner => Role::SealSigner,
            Self::DocumentSigner => Role::DocumentSigner,
            Self::TimeStamper => Role::TimeStamper,
            Self::Encryption => Role::Encryption,
            Self::OcspSigner => Role::OcspSigner,
        }
    }
}

pub(super) fn verify(arguments: &VerifyArguments, output: &Output) -> Result<Ending, Failure> {
    let VerifyArguments { file, role, signed_at, require_policy, trust, .. } = arguments;
    for policy in require_policy {
        // One that is none would never be met: the answer would mislead.
        inputs::object_identifier("--require-policy", policy)?;
    }
    let Loaded { trust: store, evidence } = trust.load(output)?;
    let (leaf, chain) = inputs::certificate_and_chain(file)?;
    let evidence = evidence.with_certificates(chain);
    let demands = PolicyDemands {
        acceptable: (!require_policy.is_empty())
            .then(|| require_policy.iter().map(|policy| policy.as_str().into()).collect()),
        require_explicit: !require_policy.is_empty(),
        inhibit_mapping: arguments.inhibit_policy_mapping,
        inhibit_any: arguments.inhibit_any_policy,
    };
    let validation = trust.at()?;
    if signed_at.is_some_and(|signed| signed > validation) {
        return Err(Failure::usage(
            "--signed-at is later than the time to judge at",
            "--signed-at 晚于判断时间",
        ));
    }
    let times = Times { signing: signed_at.unwrap_or(validation), validation };
    let policy = trust.policy(role.role());
    let report = x509::verify_path_under(&leaf, &evidence, &store, &policy, &demands, times);
    super::print_path(&inputs::name(file), &report, output)?;
    Ok(report.indication.into())
}
