//! `yinxin encrypt` and `yinxin decrypt`: short messages and keys under SM2.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;
use yinxin::{
    Error,
    pki::{ciphertext, text::Coding},
    primitives::sm2::Ciphertext,
};
use zeroize::Zeroizing;

use crate::{
    Ending,
    encoding::{Read, Written},
    failure::Failure,
    inputs::{self, KeyFile, hex},
    output::{Access, OutFile, Output},
};

/// What encrypts.
#[derive(Debug, Args)]
pub(crate) struct EncryptArguments {
    /// What to encrypt, at most 16 MiB; `-` is standard input. For files, see `yinxin cms encrypt`.
    #[arg(value_name = "DATA", default_value = "-")]
    data: PathBuf,
    /// The recipient's public key or certificate; the certificate itself is not judged.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// The layout of the ciphertext.
    #[arg(long, value_enum, default_value_t = Layout::Der)]
    layout: Layout,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = Written::Binary)]
    encoding: Written,
    #[command(flatten)]
    out: OutFile,
}

/// What decrypts.
#[derive(Debug, Args)]
pub(crate) struct DecryptArguments {
    /// The ciphertext; `-` is standard input.
    #[arg(value_name = "DATA", default_value = "-")]
    data: PathBuf,
    #[command(flatten)]
    key: KeyFile,
    /// The layout of the ciphertext.
    #[arg(long, value_enum, default_value_t = Layout::Der)]
    layout: Layout,
    /// How the ciphertext is written.
    #[arg(long, value_enum, default_value_t = Read::Binary)]
    encoding: Read,
    #[command(flatten)]
    out: OutFile,
}

/// The layouts of SM2 ciphertexts; nothing in the bytes of the raw ones tells them apart for sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Layout {
    /// DER SEQUENCE { x, y, C3, C2 } of GM/T 0009.
    Der,
    /// 04 ‖ x ‖ y ‖ C3 ‖ C2, as GB/T 32918.4-2016 has it.
    C1c3c2,
    /// 04 ‖ x ‖ y ‖ C2 ‖ C3, the order before 2012.
    C1c2c3,
    /// x ‖ y ‖ C3 ‖ C2, without the 04.
    C1c3c2No04,
    /// x ‖ y ‖ C2 ‖ C3, without the 04.
    C1c2c3No04,
    /// ECCCIPHERBLOB of GM/T 0016, the ECCCipher of GM/T 0018.
    EccCipherBlob,
}

impl Layout {
    /// What it is called in the library.
    pub(crate) const fn named(self) -> ciphertext::Layout {
        match self {
            Self::Der => ciphertext::Layout::Asn1,
            Self::C1c3c2 => ciphertext::Layout::C1C3C2,
            Self::C1c2c3 => ciphertext::Layout::C1C2C3,
            Self::C1c3c2No04 => ciphertext::Layout::C1C3C2Without04,
            Self::C1c2c3No04 => ciphertext::Layout::C1C2C3Without04,
            Self::EccCipherBlob => ciphertext::Layout::EccCipherBlob,
        }
    }

    pub(crate) fn decode(self, bytes: &[u8]) -> Result<Ciphertext, Error> {
        self.named().read(bytes, Coding::Binary)
    }

    pub(crate) fn encode(self, ciphertext: &Ciphertext) -> Vec<u8> {
        self.named().write(ciphertext, Coding::Binary)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Der => "der",
            Self::C1c3c2 => "c1c3c2",
            Self::C1c2c3 => "c1c2c3",
            Self::C1c3c2No04 => "c1c3c2-no04",
            Self::C1c2c3No04 => "c1c2c3-no04",
            Self::EccCipherBlob => "ecc-cipher-blob",
        }
    }
}

pub(crate) fn encrypt(arguments: &EncryptArguments, output: &Output) -> Result<Ending, Failure> {
    let EncryptArguments { data, to, layout, encoding, out } = arguments;
    out.check(*encoding, Access::New)?;
    let key = inputs::public_key(to)?;
    let plaintext = Zeroizing::new(inputs::small_file(data)?);
    let name = inputs::name(data);
    let encrypted = key.encrypt(&plaintext).map_err(|error| Failure::core(&name, error))?;
    let facts = json!({
        "data": name, "layout": layout.name(), "public_key": hex(&key.to_sec1()),
    });
    out.deliver("ciphertext", &layout.encode(&encrypted), *encoding, Access::New, facts, output)
}

pub(crate) fn decrypt(arguments: &DecryptArguments, output: &Output) -> Result<Ending, Failure> {
    let DecryptArguments { data, key, layout, encoding, out } = arguments;
    // What a plaintext holds is its owner's affair: it is written as it is, also on a terminal.
    out.check(Written::Hex, Access::New)?;
    let key = key.load()?;
    let bytes = inputs::small_file(data)?;
    let name = inputs::name(data);
    let plaintext = encoding
        .decode(&bytes)
        .and_then(|bytes| layout.decode(&bytes))
        .and_then(|ciphertext| key.decrypt(&ciphertext))
        .map_err(|error| Failure::core(&name, error))?;
    let facts = json!({ "data": name, "layout": layout.name() });
    out.deliver("plaintext", &plaintext, Written::Binary, Access::New, facts, output)
}
