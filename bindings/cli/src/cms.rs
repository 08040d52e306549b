//! `yinxin cms`: signed and enveloped data of GB/T 35275 and RFC 5652.
//!
//! Data of at most 16 MiB is worked on in one go; what is longer goes by in constant memory.

mod both;
mod enveloped;
mod show;
mod signed;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use yinxin::pki::{
    cms::{Family, SignedData},
    pem,
};
use zeroize::Zeroizing;

use crate::{Ending, data::Data, encoding::Written, failure::Failure, inputs, output::Output};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign data: SignedData, by default detached, with signed attributes.
    Sign(signed::SignArguments),
    /// Verify every signature of a SignedData and judge its signers; every check is named.
    ///
    /// Where time stamps stand beside the signatures of all signers, these are judged as of then.
    Verify(signed::VerifyArguments),
    /// Encrypt data to the holders of certificates, or under a key that the reader has, too.
    Encrypt(enveloped::EncryptArguments),
    /// Open enveloped or encrypted data.
    ///
    /// Data of at most 16 MiB, and any that comes from a file, is given out only when all of it was
    /// found right, and a file gets its name only then. Only from a pipe to standard output more than
    /// 16 MiB is given out as it is decrypted: if the exit status is not 0, throw it away.
    Decrypt(enveloped::DecryptArguments),
    /// Sign data and encrypt it with its signatures: SignedAndEnvelopedData.
    SignEncrypt(both::SignEncryptArguments),
    /// Open SignedAndEnvelopedData; the data is given out only if every signer passed.
    DecryptVerify(both::DecryptVerifyArguments),
    /// Show what signed or enveloped data holds; nothing is verified.
    Show {
        /// The data, DER or PEM; `-` is standard input.
        file: PathBuf,
    },
}

/// How the structure is written.
#[derive(Debug, Args)]
pub(crate) struct Form {
    /// Use the object identifiers of RFC 5652 instead of those of GM/T 0010.
    #[arg(long)]
    pkcs7: bool,
    /// Write PEM instead of DER: for at most 16 MiB.
    #[arg(long)]
    pem: bool,
}

impl Form {
    const fn family(&self) -> Family {
        if self.pkcs7 { Family::Pkcs7 } else { Family::Gm }
    }

    const fn written(&self) -> Written {
        if self.pem { Written::Text } else { Written::Binary }
    }

    fn encode(&self, der: Vec<u8>) -> Vec<u8> {
        if self.pem { pem::encode("CMS", &der).into_bytes() } else { der }
    }

    /// Whether it is written as text, all of which must be in memory.
    const fn is_text(&self) -> bool {
        self.pem
    }
}

pub(crate) fn run(command: Command, output: &Output) -> Result<Ending, Failure> {
    match command {
        Command::Sign(arguments) => signed::sign(&arguments, output),
        Command::Verify(arguments) => signed::verify(&arguments, output),
        Command::Encrypt(arguments) => enveloped::encrypt(&arguments, output),
        Command::Decrypt(arguments) => enveloped::decrypt(&arguments, output),
        Command::SignEncrypt(arguments) => both::sign_encrypt(&arguments, output),
        Command::DecryptVerify(arguments) => both::decrypt_verify(&arguments, output),
        Command::Show { file } => show::show(&file, output),
    }
}

/// The bytes of a structure of at most 16 MiB, out of PEM where it is that.
fn structure(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    short(Data::structure(path)?, path)
}

/// A SignedData of at most 16 MiB.
pub(crate) fn signed_data(path: &Path) -> Result<SignedData, Failure> {
    let parsed = SignedData::parse(&structure(path)?);
    parsed.map_err(|error| Failure::core(&inputs::name(path), error))
}

/// Data that must fit into memory.
fn short(data: Data, path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    match data {
        Data::Short(bytes) => Ok(bytes),
        Data::Long(_) => {
            Err(Failure::core(&inputs::name(path), yinxin::Error::limit("CMS_BYTES_MAX")))
        }
    }
}

/// `option` needs all of the data in memory.
fn too_long(option: &str) -> Failure {
    Failure::usage(
        format!("{option} is for at most 16 MiB of data: leave it out"),
        format!("{option} 只适用于不超过 16 MiB 的数据，请去掉该选项"),
    )
}
