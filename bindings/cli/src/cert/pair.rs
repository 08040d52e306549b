//! `yinxin cert issue-pair`: two certificates for one holder (双证书, GB/T 20518-2018).

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use yinxin::{
    pki::{
        csr::{self, Csr},
        x509::{
            Certificate,
            issue::{self, Profile, Terms},
        },
    },
    primitives::sm2::PrivateKey,
    report::Verified,
};

use super::{Authority, TermsArguments, request::verified, show};
use crate::{
    Ending,
    failure::Failure,
    inputs::{self, LegacyFlag},
    output::{Access, Output},
    sink,
};

#[derive(Debug, Args)]
pub(crate) struct PairArguments {
    /// The holder's request, also one to CFCA for two certificates; `-` is standard input.
    #[arg(value_name = "CSR")]
    csr: PathBuf,
    /// His own request for the encryption certificate. Without it the authority makes that key, so that
    /// it can restore it.
    #[arg(long, value_name = "CSR", conflicts_with_all = ["encryption_key", "key_out"])]
    encryption_csr: Option<PathBuf>,
    #[command(flatten)]
    authority: Authority,
    /// What the signing certificate is for.
    #[arg(long, value_enum, default_value_t = PairProfile::Signer)]
    profile: PairProfile,
    #[command(flatten)]
    terms: TermsArguments,
    /// The encryption key that the key management centre made and keeps (default: a new one, which is
    /// given out sealed only).
    #[arg(long, value_name = "FILE")]
    encryption_key: Option<PathBuf>,
    /// The file whose first line is the password of --encryption-key.
    #[arg(long, value_name = "FILE", requires = "encryption_key")]
    encryption_key_password_file: Option<PathBuf>,
    /// How the encryption key is sealed for the holder.
    #[arg(long, value_enum, default_value_t = SealedForm::Gb35276)]
    key_form: SealedForm,
    /// Where to write the signing certificate (PEM).
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    signing_out: PathBuf,
    /// Where to write the encryption certificate (PEM).
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    encryption_out: PathBuf,
    /// Where to write the sealed key; `yinxin key unseal` opens it with the holder's key.
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "encryption_csr",
        help_heading = "Output"
    )]
    key_out: Option<PathBuf>,
    /// Replace files that exist already.
    #[arg(long, help_heading = "Output")]
    force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PairProfile {
    /// Signs, applies seals.
    Signer,
    /// Makes electronic seals.
    SealMaker,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SealedForm {
    /// SM2EnvelopedKey of GB/T 35276, DER: sealed to the key of the request, or its exchange key.
    #[value(name = "gb35276")]
    Gb35276,
    /// The text of CFCA: sealed to the exchange key of the request.
    Cfca,
}

pub(super) fn issue(arguments: &PairArguments, output: &Output) -> Result<Ending, Failure> {
    let access = if arguments.force { Access::Public } else { Access::New };
    let mut outs = vec![arguments.signing_out.as_path(), &arguments.encryption_out];
    outs.extend(arguments.key_out.as_deref());
    sink::refuse_one_place(&outs)?;
    outs.iter().try_for_each(|out| sink::refuse_existing(out, access))?;
    let request = match verified(&arguments.csr, output)? {
        Ok(request) => request,
        Err(ending) => return Ok(ending),
    };
    let signing = arguments.terms.terms(match arguments.profile {
        PairProfile::Signer => Profile::Signer,
        PairProfile::SealMaker => Profile::SealMaker,
    })?;
    let encryption = Terms { profile: Profile::Encryption, ..signing.clone() };
    let (issuer, key) = arguments.authority.load()?;
    let (certificates, sealed) = match &arguments.encryption_csr {
        Some(file) => {
            let second = match verified(file, output)? {
                Ok(second) => second,
                Err(ending) => return Ok(ending),
            };
            two(&request, &second, [&signing, &encryption], &issuer, &key, arguments)?
        }
        None => one(&request, [&signing, &encryption], &issuer, &key, arguments)?,
    };
    let [signing, encryption] = &certificates;
    let (signing_pem, encryption_pem) = (signing.to_pem(), encryption.to_pem());
    let mut files = vec![
        (arguments.signing_out.as_path(), signing_pem.as_bytes(), access),
        (arguments.encryption_out.as_path(), encryption_pem.as_bytes(), access),
    ];
    if let (Some(out), Some(sealed)) = (&arguments.key_out, &sealed) {
        files.push((out, sealed, access));
    }
    sink::write_all(&files)?;
    certificates.iter().try_for_each(|certificate| show(certificate, output))?;
    Ok(Ending::Done)
}

type Issued = ([Certificate; 2], Option<Vec<u8>>);

/// Both for one request; the second key is the authority's.
fn one(
    request: &Verified<Csr>,
    [signing, encryption]: [&Terms; 2],
    issuer: &Certificate,
    key: &PrivateKey,
    arguments: &PairArguments,
) -> Result<Issued, Failure> {
    let name = inputs::name(&arguments.csr);
    let refused = |error| Failure::core(&name, error);
    let new = match &arguments.encryption_key {
        Some(file) => {
            let password = arguments.encryption_key_password_file.as_deref();
            inputs::private_key(file, password, LegacyFlag::default())?.0
        }
        None => PrivateKey::generate().map_err(refused)?,
    };
    let pair = issue::issue_pair_with_key(request, signing, encryption, &new, issuer, key);
    let pair = pair.map_err(refused)?;
    let sealed = match arguments.key_form {
        SealedForm::Gb35276 => pair.enveloped_key,
        SealedForm::Cfca => {
            let exchange = request.value().exchange_key().map_err(refused)?.ok_or_else(|| {
                Failure::usage(
                    "--key-form cfca: the request has no exchange key to seal to",
                    "--key-form cfca：请求中没有用于加密的交互公钥",
                )
            })?;
            csr::return_key(&new, &exchange).map_err(refused)?.into_bytes()
        }
    };
    Ok(([pair.signing, pair.encryption], Some(sealed)))
}

/// One for each request, of the same holder.
fn two(
    first: &Verified<Csr>,
    second: &Verified<Csr>,
    [signing, encryption]: [&Terms; 2],
    issuer: &Certificate,
    key: &PrivateKey,
    arguments: &PairArguments,
) -> Result<Issued, Failure> {
    if !first.value().subject().matches(second.value().subject())
        || first.value().public_key().ok() == second.value().public_key().ok()
    {
        return Err(Failure::usage(
            "--encryption-csr: the two requests must have one name and two keys",
            "--encryption-csr：两个请求的主体名称应相同，密钥应不同",
        ));
    }
    let issue = |request: &Verified<Csr>, terms: &Terms| {
        issue::issue_requested(request, terms, issuer, key)
            .map_err(|error| Failure::core(&inputs::name(&arguments.csr), error))
    };
    Ok(([issue(first, signing)?, issue(second, encryption)?], None))
}
