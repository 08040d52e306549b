//! `yinxin cms sign-encrypt` and `yinxin cms decrypt-verify`: SignedAndEnvelopedData.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use yinxin::{
    pki::{
        cms::{self, EnvelopOptions, Judge, SignOptions, VerifyOptions},
        x509::Role,
    },
    report::Verdict,
};

use super::{
    Form,
    enveloped::{Naming, Which},
    signed,
};
use crate::{
    Ending,
    data::Data,
    encoding::Written,
    failure::Failure,
    inputs::{self, KeyFile, Signers},
    output::{Access, OutFile, Output},
    trust::TrustFiles,
};

#[derive(Debug, Args)]
pub(crate) struct SignEncryptArguments {
    /// What to sign and encrypt, at most 16 MiB; `-` is standard input.
    #[arg(value_name = "DATA", default_value = "-")]
    data: PathBuf,
    #[command(flatten)]
    signers: Signers,
    /// A recipient's encryption certificate, which is not judged. Repeatable.
    #[arg(long, value_name = "FILE", required = true)]
    to: Vec<PathBuf>,
    #[command(flatten)]
    naming: Naming,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    out: OutFile,
}

#[derive(Debug, Args)]
pub(crate) struct DecryptVerifyArguments {
    /// The signed and encrypted data, DER or PEM, at most 16 MiB; `-` is standard input.
    #[arg(value_name = "ENVELOPED", default_value = "-")]
    data: PathBuf,
    #[command(flatten)]
    key: KeyFile,
    #[command(flatten)]
    which: Which,
    /// Certificates of signers, where they are not inside; not trusted by themselves.
    #[arg(long, value_name = "FILE")]
    signer_cert: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustFiles,
    #[command(flatten)]
    out: OutFile,
}

pub(super) fn sign_encrypt(
    arguments: &SignEncryptArguments,
    output: &Output,
) -> Result<Ending, Failure> {
    let SignEncryptArguments { data, signers, to, naming, form, out } = arguments;
    out.check(form.written(), Access::New)?;
    let (keys, certificates) = signers.load()?;
    let signers: Vec<_> = keys.iter().map(inputs::Signer::with).collect();
    let recipients = to.iter().map(|file| inputs::certificate(file));
    let recipients = recipients.collect::<Result<Vec<_>, _>>()?;
    let family = form.family();
    let signing = SignOptions { family, certificates: &certificates, ..SignOptions::default() };
    let options =
        EnvelopOptions { family, recipients_by: naming.get(), ..EnvelopOptions::default() };
    let name = inputs::name(data);
    let content = super::short(Data::read(data)?, data)?;
    let sealed = cms::sign_and_envelop(&content, &signers, &recipients, &signing, &options)
        .map_err(|error| Failure::core(&name, error))?;
    let subject = |it: &yinxin::pki::x509::Certificate| it.subject().to_string();
    let signers = keys.iter().map(|signer| subject(&signer.certificate));
    let facts = json!({
        "data": name,
        "signers": signers.collect::<Vec<_>>(),
        "recipients": recipients.iter().map(subject).collect::<Vec<_>>(),
        "standard": family.name(),
    });
    out.deliver("enveloped", &form.encode(sealed), form.written(), Access::New, facts, output)
}

pub(super) fn decrypt_verify(
    arguments: &DecryptVerifyArguments,
    output: &Output,
) -> Result<Ending, Failure> {
    let DecryptVerifyArguments { data, key, which, signer_cert, trust, out } = arguments;
    out.check(Written::Text, Access::New)?;
    let holder = which.holder(key.load()?)?;
    let known = inputs::all_certificates(signer_cert)?;
    let loaded = trust.load()?;
    let name = inputs::name(data);
    let bytes = super::structure(data)?;
    let options = VerifyOptions { known: &known, ..VerifyOptions::default() };
    let opened = cms::open_signed(&bytes, &holder.with(), &options)
        .map_err(|error| Failure::core(&name, error))?;
    let judge = Judge {
        trust: &loaded.trust,
        evidence: &loaded.evidence,
        policy: &trust.policy(Role::DocumentSigner),
        at: trust.at()?,
        existed_at: None,
    };
    let opened = match opened {
        Ok(opened) => opened,
        Err(rejected) => return signed::report(&name, &rejected.report, output),
    };
    let verification = match opened.report().clone().judge(&judge) {
        Ok(verified) => verified.report().clone(),
        Err(rejected) => return signed::report(&name, &rejected.report, output),
    };
    let ending = Verdict::conclude(verification.checks.clone()).indication.into();
    let mut facts = signed::to_json(&name, &verification);
    if let Some(facts) = facts.as_object_mut() {
        facts.remove("file");
        facts.insert("data".to_owned(), json!(name));
        facts.insert("recipient".to_owned(), json!(opened.value().recipient));
    }
    if !output.json {
        // Where the data goes to standard output the report cannot.
        for line in signed::lines(&name, &verification, output) {
            if inputs::is_standard(&out.out) { output.note(&line) } else { output.line(&line)? }
        }
    }
    out.deliver("content", &opened.value().content, Written::Binary, Access::New, facts, output)?;
    Ok(ending)
}
