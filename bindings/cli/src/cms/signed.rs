//! `yinxin cms sign` and `yinxin cms verify`.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use serde_json::json;
use yinxin::{
    UnixTime,
    pki::{
        cms::{
            self, Attributes, Family, Judge, Placement, SignOptions, SignWith, SignedData,
            Verification, VerifyOptions, stream,
        },
        timestamp::verify_signer_stamps,
        x509::{Certificate, PathPolicy, Role},
    },
    report::{Verdict, headline},
};
use zeroize::Zeroizing;

use super::Form;
use crate::{
    Ending,
    data::{Data, Long},
    failure::Failure,
    inputs::{self, Signers},
    output::{Access, OutFile, Output},
    sink::{self, Sink},
    trust::{Loaded, TrustFiles},
};

#[derive(Debug, Args)]
pub(crate) struct SignArguments {
    /// What to sign, of any size; `-` is standard input.
    #[arg(value_name = "DATA", default_value = "-")]
    data: PathBuf,
    #[command(flatten)]
    signers: Signers,
    /// Put the data inside.
    #[arg(long)]
    attached: bool,
    /// Sign the data itself, without signed attributes: for at most 16 MiB.
    #[arg(long, conflicts_with = "at")]
    no_attributes: bool,
    /// The signing time to claim (default: now).
    #[arg(long, value_name = "TIME", value_parser = inputs::time)]
    at: Option<UnixTime>,
    /// Add the signatures to this SignedData, which is over the same data; data inside it is taken.
    #[arg(long, value_name = "SIGNED", conflicts_with_all = ["attached", "pkcs7"])]
    add_to: Option<PathBuf>,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    out: OutFile,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The SignedData, DER or PEM, of any size; `-` is standard input.
    #[arg(value_name = "SIGNED")]
    signed: PathBuf,
    /// The signed data, where it is not inside; of any size.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Certificates of signers, where they are not inside; not trusted by themselves.
    #[arg(long, value_name = "FILE")]
    signer_cert: Vec<PathBuf>,
    /// Accept this form, too, which no standard has and real files use.
    #[arg(long, value_enum, value_name = "FORM")]
    accept: Vec<DeviantForm>,
    #[command(flatten)]
    trust: TrustFiles,
    /// Also write the data inside, if everything passed: the file has its name only then.
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    content_out: Option<PathBuf>,
    /// Replace that file if it exists already.
    #[arg(long, requires = "content_out")]
    force: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DeviantForm {
    /// The SM3 digest of the data stands in the place of the data.
    Digest,
    /// The base64 text of that digest does.
    DigestText,
}

pub(super) fn sign(arguments: &SignArguments, output: &Output) -> Result<Ending, Failure> {
    let SignArguments { data, signers, attached, no_attributes, at, add_to, form, out } = arguments;
    out.check(form.written(), Access::New)?;
    let (keys, certificates) = signers.load()?;
    let signers: Vec<_> = keys.iter().map(inputs::Signer::with).collect();
    let attributes = if *no_attributes {
        Attributes::None
    } else {
        Attributes::Signed { at: Some(at.map_or_else(inputs::now, Ok)?), more: Vec::new() }
    };
    let options = SignOptions {
        family: form.family(),
        placement: if *attached { Placement::Attached } else { Placement::Detached },
        attributes,
        certificates: &certificates,
        ..SignOptions::default()
    };
    let name = inputs::name(data);
    let subjects = keys.iter().map(|signer| signer.certificate.subject().to_string());
    let subjects: Vec<_> = subjects.collect();
    let facts = |attached: bool, family: Family| {
        json!({
            "data": name, "signers": subjects, "attached": attached, "standard": family.name(),
        })
    };
    let mut described = facts(*attached, options.family);
    let signed = match add_to {
        Some(file) => {
            let base = super::signed_data(file)?;
            described = facts(base.content().is_some(), base.family());
            add(&base, data, &signers, &options)?
        }
        None => match Data::read(data)? {
            Data::Short(content) => cms::sign(&content, &signers, &options)
                .map_err(|error| Failure::core(&name, error))?,
            Data::Long(_) if *no_attributes => return Err(super::too_long("--no-attributes")),
            Data::Long(_) if *attached && form.is_text() => return Err(super::too_long("--pem")),
            Data::Long(mut long) => {
                let mut signed = Vec::new();
                if *attached {
                    let mut sink = out.sink(Access::New, output)?;
                    sign_long(&mut long, &mut sink, &signers, &options)
                        .map_err(|error| sink.refused(error, Some(&mut long), &name))?;
                    let bytes = sink.bytes();
                    sink.finish()?;
                    return out.delivered(bytes, described, output);
                }
                sign_long(&mut long, &mut signed, &signers, &options)
                    .map_err(|error| long.refused(error, &name))?;
                signed
            }
        },
    };
    out.deliver("signed", &form.encode(signed), form.written(), Access::New, described, output)
}

fn sign_long(
    input: &mut Long,
    out: &mut dyn Write,
    signers: &[SignWith<'_>],
    options: &SignOptions<'_>,
) -> Result<(), yinxin::Error> {
    let mut signer = stream::Signer::new(out, signers, options, input.length)?;
    signer.update_from(input)?;
    signer.finish().map(drop)
}

/// The SignedData `base` with further signers, over the data inside it or in `data`.
fn add(
    base: &SignedData,
    data: &Path,
    signers: &[SignWith<'_>],
    options: &SignOptions<'_>,
) -> Result<Vec<u8>, Failure> {
    let content = match base.content() {
        Some(inside) => Zeroizing::new(inside.to_vec()),
        None => super::short(Data::read(data)?, data)?,
    };
    let mut signed = base.clone();
    for signer in signers {
        signed = signed
            .with_signer(&content, signer, options)
            .map_err(|error| Failure::core(&inputs::name(data), error))?;
    }
    Ok(signed.raw().to_vec())
}

pub(super) fn verify(arguments: &VerifyArguments, output: &Output) -> Result<Ending, Failure> {
    let VerifyArguments { signed, data, signer_cert, accept, trust, content_out, force } =
        arguments;
    let access = if *force { Access::Public } else { Access::New };
    if let Some(file) = content_out {
        // Before the signers were judged nothing may be seen of it.
        if inputs::is_standard(file) || sink::is_special(file) {
            return Err(Failure::usage(
                "--content-out needs a file, which gets its name when everything passed",
                "--content-out 需要普通文件：全部通过后才会出现",
            ));
        }
        sink::refuse_existing(file, access)?;
    }
    let known: Vec<Certificate> = inputs::all_certificates(signer_cert)?;
    let deviant: Vec<_> = accept.iter().map(|form| form.form()).collect();
    let options = VerifyOptions { known: &known, deviant: &deviant };
    let loaded = trust.load(output)?;
    let name = inputs::name(signed);
    let mut content = match content_out {
        Some(file) => Some(Sink::new(file, access)?),
        None => None,
    };
    let (mut verification, parsed) = match (Data::structure(signed)?, data) {
        (Data::Short(bytes), Some(path)) => {
            let parsed = SignedData::parse(&bytes).map_err(|error| Failure::core(&name, error))?;
            (verify_detached(&bytes, path, &name, options)?, Some(parsed))
        }
        (Data::Short(bytes), None) => {
            let parsed = SignedData::parse(&bytes).map_err(|error| Failure::core(&name, error))?;
            if let Some(sink) = &mut content {
                sink.put(parsed.content().unwrap_or_default())?;
            }
            (parsed.verify(None, &options), Some(parsed))
        }
        (Data::Long(_), Some(_)) => {
            return Err(Failure::core(&name, yinxin::Error::limit("CMS_BYTES_MAX")));
        }
        (Data::Long(mut long), None) => {
            (verify_attached(&mut long, content.as_mut(), &name, &options)?, None)
        }
    };
    let (at, policy) = (trust.at()?, trust.policy(Role::DocumentSigner));
    let existed_at = match &parsed {
        Some(signed) => judge_stamps(signed, &mut verification, &loaded, &policy, at),
        None => None,
    };
    let Loaded { trust, evidence } = &loaded;
    let judge = Judge { trust, evidence, policy: &policy, at, existed_at };
    let verification = match verification.judge(&judge) {
        Ok(verified) => {
            if let Some(content) = content {
                content.finish()?;
            }
            verified.report().clone()
        }
        Err(rejected) => rejected.report,
    };
    report(&name, &verification, output)
}

/// Adds what time stamps over the signatures prove; out comes a time at which all of them existed.
fn judge_stamps(
    signed: &SignedData,
    verification: &mut Verification,
    loaded: &Loaded,
    policy: &PathPolicy,
    now: UnixTime,
) -> Option<UnixTime> {
    let evidence = loaded.evidence.with_certificates(verification.certificates.iter().cloned());
    let mut proved = Some(None);
    for (signer, found) in signed.signers().iter().zip(&mut verification.signers) {
        if signer.time_stamps().next().is_none() {
            proved = None;
            continue;
        }
        let stamps = verify_signer_stamps(signer, &evidence, &loaded.trust, policy, now);
        verification.checks.extend(stamps.checks.iter().cloned());
        found.checks.extend(stamps.checks);
        // Of several signers, the time at which the last one is known to have signed.
        proved = proved.and_then(|latest| stamps.proved.map(|at| latest.max(Some(at))));
    }
    proved.flatten()
}

fn verify_detached(
    bytes: &[u8],
    data: &Path,
    name: &str,
    options: VerifyOptions<'_>,
) -> Result<Verification, Failure> {
    let mut verifier =
        stream::Verifier::new(bytes, options).map_err(|error| Failure::core(name, error))?;
    inputs::pieces(data, |piece| {
        verifier.update(piece);
        Ok(())
    })?;
    Ok(verifier.finish())
}

/// Verifies what is too long for memory. From a file it is read twice, so that signers without signed
/// attributes are verified, too.
fn verify_attached(
    input: &mut Long,
    content: Option<&mut Sink>,
    name: &str,
    options: &VerifyOptions<'_>,
) -> Result<Verification, Failure> {
    let mut nowhere = io::sink();
    let again = input.can_be_read_again();
    let mut verify = |out: &mut dyn Write| {
        if again {
            stream::verify_attached_twice(&mut *input, out, options)
        } else {
            stream::verify_attached(&mut *input, out, options.known, options)
        }
    };
    match content {
        Some(sink) => {
            let verified = verify(sink);
            verified.map_err(|error| sink.refused(error, Some(input), name))
        }
        None => {
            let verified = verify(&mut nowhere);
            verified.map_err(|error| input.refused(error, name))
        }
    }
}

impl DeviantForm {
    const fn form(self) -> cms::Form {
        match self {
            Self::Digest => cms::Form::DigestAsContent,
            Self::DigestText => cms::Form::DigestTextAsContent,
        }
    }
}

/// Prints what was found of the signers.
pub(super) fn report(
    name: &str,
    verification: &Verification,
    output: &Output,
) -> Result<Ending, Failure> {
    let verdict = Verdict::conclude(verification.checks.clone());
    if output.json {
        output.line(&to_json(name, verification).to_string())?;
    } else {
        for line in lines(name, verification, output) {
            output.line(&line)?;
        }
    }
    Ok(verdict.indication.into())
}

pub(super) fn to_json(name: &str, verification: &Verification) -> serde_json::Value {
    let verdict = Verdict::conclude(verification.checks.clone());
    let signers = verification.signers.iter().map(|signer| {
        json!({
            "subject": signer.certificate.as_ref().map(|it| it.subject().to_string()),
            "signing_time": signer.signing_time,
            "form": signer.form.map(cms::Form::name),
            "path": signer.path.as_ref().map(|path| &path.certificates),
        })
    });
    json!({
        "file": name,
        "indication": verdict.indication,
        "sub_indication": verdict.sub_indication,
        "checks": verdict.checks,
        "signers": signers.collect::<Vec<_>>(),
    })
}

pub(super) fn lines(name: &str, verification: &Verification, output: &Output) -> Vec<String> {
    let verdict = Verdict::conclude(verification.checks.clone());
    let head = headline(name, verdict.indication, verdict.sub_indication, output.language);
    let mut lines = vec![output.paint(verdict.indication.into(), &head)];
    let checks = verdict.checks.iter().map(|check| format!("  {}", check.line(output.language)));
    lines.extend(checks);
    for path in verification.signers.iter().filter_map(|signer| signer.path.as_ref()) {
        lines.extend(crate::cert::path_lines(output.pick("signer", "签名者"), path, output));
    }
    lines
}
