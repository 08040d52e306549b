//! `yinxin cms sign-encrypt` and `yinxin cms decrypt-verify`: SignedAndEnvelopedData.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use yinxin::{
    pki::{
        cms::{self, EnvelopOptions, Judge, SignOptions, VerifyOptions, stream},
        x509::Role,
    },
    report::Verdict,
};

use super::{
    Form,
    enveloped::{Holder, Naming, Which},
    signed,
};
use crate::{
    Ending,
    data::{Data, Long},
    encoding::Written,
    failure::Failure,
    inputs::{self, KeyFile, Signers},
    output::{Access, OutFile, Output},
    sink,
    trust::TrustFiles,
};

#[derive(Debug, Args)]
pub(crate) struct SignEncryptArguments {
    /// What to sign and encrypt, of any size; `-` is standard input.
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
    /// The signed and encrypted data, DER or PEM; `-` is standard input. More than 16 MiB is opened from
    /// a file to a file only.
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
    let recipients = inputs::recipients(to, output)?;
    let family = form.family();
    let signing = SignOptions { family, certificates: &certificates, ..SignOptions::default() };
    let options =
        EnvelopOptions { family, recipients_by: naming.get(), ..EnvelopOptions::default() };
    let name = inputs::name(data);
    let subject = |it: &yinxin::pki::x509::Certificate| it.subject().to_string();
    let subjects = keys.iter().map(|signer| subject(&signer.certificate));
    let facts = json!({
        "data": name,
        "signers": subjects.collect::<Vec<_>>(),
        "recipients": recipients.iter().map(subject).collect::<Vec<_>>(),
        "standard": family.name(),
    });
    let mut long = match Data::read(data)? {
        Data::Short(content) => {
            let sealed = cms::sign_and_envelop(&content, &signers, &recipients, &signing, &options);
            let sealed = form.encode(sealed.map_err(|error| Failure::core(&name, error))?);
            return out.deliver("enveloped", &sealed, form.written(), Access::New, facts, output);
        }
        Data::Long(_) if form.is_text() => return Err(super::too_long("--pem")),
        Data::Long(long) => long,
    };
    let mut sink = out.sink(Access::New, output)?;
    let pairs: Vec<_> = keys.iter().map(|signer| (&signer.certificate, &signer.key)).collect();
    let length = long.length;
    let sealer =
        stream::SignedSealer::new(&mut sink, &pairs, &recipients, &signing, &options, length);
    let sealed = sealer.and_then(|mut sealer| {
        sealer.update_from(&mut long)?;
        sealer.finish().map(drop)
    });
    sealed.map_err(|error| sink.refused(error, Some(&mut long), &name))?;
    let bytes = sink.bytes();
    sink.finish()?;
    out.delivered(bytes, facts, output)
}

pub(super) fn decrypt_verify(
    arguments: &DecryptVerifyArguments,
    output: &Output,
) -> Result<Ending, Failure> {
    let DecryptVerifyArguments { data, key, which, signer_cert, trust, out } = arguments;
    out.check(Written::Text, Access::New)?;
    let holder = which.holder(key.load()?)?;
    let known = inputs::all_certificates(signer_cert)?;
    let loaded = trust.load(output)?;
    let name = inputs::name(data);
    let options = VerifyOptions { known: &known, ..VerifyOptions::default() };
    let judge = Judge {
        trust: &loaded.trust,
        evidence: &loaded.evidence,
        policy: &trust.policy(Role::DocumentSigner),
        at: trust.at()?,
        existed_at: None,
    };
    let bytes = match Data::structure(data)? {
        Data::Short(bytes) => bytes,
        Data::Long(long) => {
            return decrypt_long(long, &holder, &options, &judge, arguments, output);
        }
    };
    let opened = cms::open_signed(&bytes, &holder.with(), &options);
    let opened = match opened.map_err(|error| Failure::core(&name, error))? {
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

/// From a file to a file, which gets its name only when every signer was judged.
fn decrypt_long(
    mut long: Long,
    holder: &Holder,
    options: &VerifyOptions<'_>,
    judge: &Judge<'_>,
    arguments: &DecryptVerifyArguments,
    output: &Output,
) -> Result<Ending, Failure> {
    let out = &arguments.out;
    if !long.can_be_read_again() || inputs::is_standard(&out.out) || sink::is_special(&out.out) {
        return Err(Failure::usage(
            "more than 16 MiB is opened and verified from a file to a file only",
            "超过 16 MiB 的数据只能从文件到文件解密并验证",
        ));
    }
    let name = inputs::name(&arguments.data);
    let mut sink = out.sink(Access::New, output)?;
    let opened = stream::open_signed_twice(&mut long, &holder.with(), options, &mut sink);
    let opened = opened.map_err(|error| sink.refused(error, Some(&mut long), &name))?;
    let verification = match opened {
        Ok(opened) => opened.report().clone().judge(judge),
        Err(rejected) => Err(rejected),
    };
    match verification {
        Ok(verified) => {
            sink.finish()?;
            signed::report(&name, verified.report(), output)
        }
        Err(rejected) => signed::report(&name, &rejected.report, output),
    }
}
