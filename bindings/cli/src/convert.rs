//! `yinxin convert`: keys, signatures, ciphertexts and whole structures from one form into another.
//!
//! Nothing is guessed unless `guess` is said, and every value is checked as it is read.

mod key;
mod wrapping;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

pub(crate) use self::key::KeyArguments;
use crate::{
    Ending,
    encoding::{Read, Written},
    encrypt::Layout,
    failure::Failure,
    inputs,
    output::{Access, OutFile, Output},
    sign::{ExpectedForm, Form},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A private or public key: PKCS#8, SEC1, SubjectPublicKeyInfo, raw numbers.
    Key(KeyArguments),
    /// A signature: DER or r ‖ s.
    Signature(SignatureArguments),
    /// A ciphertext: DER, C1C3C2, C1C2C3, with and without the 04.
    Ciphertext(CiphertextArguments),
    /// A certificate, request, revocation list, signed or enveloped data: PEM into DER and back.
    Wrapping(wrapping::WrappingArguments),
}

#[derive(Debug, Args)]
pub(crate) struct SignatureArguments {
    /// The signature; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// The form that it has.
    #[arg(long, value_enum)]
    from: ExpectedForm,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = Read::Binary)]
    from_encoding: Read,
    /// The form wanted.
    #[arg(long, value_enum)]
    to: Form,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t = Written::Binary)]
    encoding: Written,
    #[command(flatten)]
    out: OutFile,
}

#[derive(Debug, Args)]
pub(crate) struct CiphertextArguments {
    /// The ciphertext; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// The layout that it has.
    #[arg(long, value_enum)]
    from: Layout,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = Read::Binary)]
    from_encoding: Read,
    /// The layout wanted.
    #[arg(long, value_enum)]
    to: Layout,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t = Written::Binary)]
    encoding: Written,
    #[command(flatten)]
    out: OutFile,
}

pub(crate) fn run(command: Command, output: &Output) -> Result<Ending, Failure> {
    match command {
        Command::Key(arguments) => key::convert(&arguments, output),
        Command::Signature(arguments) => signature(&arguments, output),
        Command::Ciphertext(arguments) => ciphertext(&arguments, output),
        Command::Wrapping(arguments) => wrapping::convert(&arguments, output),
    }
}

/// `yinxin key convert`, the same as `yinxin convert key`.
pub(crate) fn key(arguments: &KeyArguments, output: &Output) -> Result<Ending, Failure> {
    key::convert(arguments, output)
}

fn signature(arguments: &SignatureArguments, output: &Output) -> Result<Ending, Failure> {
    let SignatureArguments { file, from, from_encoding, to, encoding, out } = arguments;
    out.check(*encoding, Access::New)?;
    let bytes = inputs::small_file(file)?;
    let name = inputs::name(file);
    let read = from_encoding.decode(&bytes).and_then(|value| from.decode(&value));
    let (signature, found) = read.map_err(|error| Failure::core(&name, error))?;
    let facts = json!({ "source": name, "found": found.name(), "form": to.name() });
    out.deliver("signature", &to.encode(&signature), *encoding, Access::New, facts, output)
}

fn ciphertext(arguments: &CiphertextArguments, output: &Output) -> Result<Ending, Failure> {
    let CiphertextArguments { file, from, from_encoding, to, encoding, out } = arguments;
    out.check(*encoding, Access::New)?;
    let bytes = inputs::small_file(file)?;
    let name = inputs::name(file);
    let read = from_encoding.decode(&bytes).and_then(|value| from.decode(&value));
    let ciphertext = read.map_err(|error| Failure::core(&name, error))?;
    let facts = json!({ "source": name, "found": from.name(), "layout": to.name() });
    out.deliver("ciphertext", &to.encode(&ciphertext), *encoding, Access::New, facts, output)
}
