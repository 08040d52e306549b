//! `yinxin diagnose`: why a signature does not verify, a ciphertext not decrypt, a key not load.
//!
//! It never says that something was verified. Exit status: 0 there is nothing to explain, 1 it is
//! refused, whether the reason was found or not.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::Value;
use yinxin::{
    pki::{
        algorithm::SignatureForm,
        diagnose::{self, CiphertextQuestion, Diagnosis, KeyQuestion, SignatureQuestion},
        x509::Certificate,
    },
    primitives::sm2::DistId,
};
use zeroize::Zeroizing;

use crate::{
    Ending,
    encrypt::Layout,
    failure::Failure,
    inputs::{self, Identifier, KeyFile, Opening},
    output::Output,
    sign::Form,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Why does a signature not verify?
    Signature(SignatureArguments),
    /// Why does a ciphertext not decrypt? The plaintext is not shown.
    Ciphertext(CiphertextArguments),
    /// Why is a private key not read, or not that of a certificate?
    Key(KeyArguments),
}

#[derive(Debug, Args)]
pub(crate) struct SignatureArguments {
    /// What should have been signed; `-` is standard input.
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// The public key or certificate that should verify it.
    #[arg(long, value_name = "FILE")]
    public_key: PathBuf,
    /// The signature as it came: bytes, hexadecimal or base64.
    #[arg(long, value_name = "FILE")]
    signature: PathBuf,
    /// The form that was expected.
    #[arg(long, value_enum, default_value_t = Form::Der)]
    form: Form,
    #[command(flatten)]
    id: Identifier,
    /// Another identifier that may have been used. Repeatable. That of the certificate's subject is
    /// tried by itself.
    #[arg(long, value_name = "TEXT")]
    try_id: Vec<String>,
    /// Another public key or certificate that may have been used. Repeatable.
    #[arg(long, value_name = "FILE")]
    try_key: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CiphertextArguments {
    /// The ciphertext as it came: bytes, hexadecimal or base64; `-` is standard input.
    #[arg(value_name = "DATA")]
    data: PathBuf,
    #[command(flatten)]
    key: KeyFile,
    /// The layout that was expected.
    #[arg(long, value_enum, default_value_t = Layout::Der)]
    layout: Layout,
    /// Another private key, without a password, to which it may have been encrypted. Repeatable.
    #[arg(long, value_name = "FILE")]
    try_key: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct KeyArguments {
    /// The file of the private key; `-` is standard input.
    #[arg(value_name = "KEY")]
    key: PathBuf,
    /// The file whose first line is the key's password.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The public key or certificate to which it should belong.
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
}

pub(crate) fn run(command: Command, output: &Output) -> Result<Ending, Failure> {
    match command {
        Command::Signature(arguments) => signature(&arguments, output),
        Command::Ciphertext(arguments) => ciphertext(&arguments, output),
        Command::Key(arguments) => key(&arguments, output),
    }
}

fn signature(arguments: &SignatureArguments, output: &Output) -> Result<Ending, Failure> {
    let bytes = inputs::small_file(&arguments.public_key)?;
    let key = inputs::public_key_in(&bytes, &arguments.public_key)?;
    let signature = inputs::small_file(&arguments.signature)?;
    let data = inputs::small_file(&arguments.data)?;
    let id = arguments.id.get()?;
    let mut other_ids = Vec::new();
    for text in &arguments.try_id {
        let id = DistId::new(text.as_bytes());
        other_ids.push((text.as_str(), id.map_err(|error| Failure::core("--try-id", error))?));
    }
    // The certificate's names, where the key came as one.
    let certificates = Certificate::load(&bytes).unwrap_or_default();
    let subject = certificates.first().map(|certificate| {
        let name = certificate.subject();
        (name.to_string(), name.common_name().map(str::to_owned))
    });
    for name in subject.iter().flat_map(|(whole, common)| [Some(whole), common.as_ref()]).flatten()
    {
        other_ids.extend(DistId::new(name.as_bytes()).ok().map(|id| (name.as_str(), id)));
    }
    let names: Vec<_> = arguments.try_key.iter().map(|file| inputs::name(file)).collect();
    let keys = arguments.try_key.iter().map(|file| inputs::public_key(file));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let other_keys: Vec<_> = names.iter().map(String::as_str).zip(&keys).collect();
    let question = SignatureQuestion {
        key: &key,
        data: &data,
        signature: &signature,
        form: match arguments.form {
            Form::Der => SignatureForm::Der,
            Form::Raw => SignatureForm::Raw,
        },
        id: &id,
        other_ids: &other_ids,
        other_keys: &other_keys,
    };
    show(&arguments.signature, diagnose::signature(&question), output)
}

fn ciphertext(arguments: &CiphertextArguments, output: &Output) -> Result<Ending, Failure> {
    let key = arguments.key.load()?;
    let bytes = inputs::small_file(&arguments.data)?;
    let names: Vec<_> = arguments.try_key.iter().map(|file| inputs::name(file)).collect();
    let load = |file: &PathBuf| Opening::default().load(file);
    let keys = arguments.try_key.iter().map(load).collect::<Result<Vec<_>, _>>()?;
    let other_keys: Vec<_> = names.iter().map(String::as_str).zip(&keys).collect();
    let layout = arguments.layout.named();
    let question =
        CiphertextQuestion { key: &key, ciphertext: &bytes, layout, other_keys: &other_keys };
    show(&arguments.data, diagnose::ciphertext(&question), output)
}

fn key(arguments: &KeyArguments, output: &Output) -> Result<Ending, Failure> {
    let bytes = Zeroizing::new(inputs::small_file(&arguments.key)?);
    let password = arguments.password_file.as_deref().map(inputs::password).transpose()?;
    let public = arguments.public_key.as_deref().map(inputs::public_key).transpose()?;
    let question = KeyQuestion {
        bytes: &bytes,
        password: password.as_deref().map(Vec::as_slice),
        public: public.as_ref(),
    };
    show(&arguments.key, diagnose::key(&question), output)
}

fn show(
    file: &Path,
    diagnosis: Result<Diagnosis, yinxin::Error>,
    output: &Output,
) -> Result<Ending, Failure> {
    let name = inputs::name(file);
    let diagnosis = diagnosis.map_err(|error| Failure::core(&name, error))?;
    let text = diagnosis.to_text(output.language);
    let mut value = serde_json::to_value(&diagnosis).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.insert("file".to_owned(), Value::String(name.clone()));
    }
    output.result(&value, || format!("{name}\n{text}"))?;
    let nothing = matches!(diagnosis, Diagnosis::NothingToExplain);
    Ok(if nothing { Ending::Done } else { Ending::NotPassed })
}
