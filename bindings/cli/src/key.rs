//! `yinxin key`: make and show SM2 private keys.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use yinxin::{
    pki::{
        keys,
        pkcs12::{Protection, Writer},
    },
    primitives::{
        sm2::{PrivateKey, PublicKey},
        sm3,
    },
};

use crate::{
    Ending, convert,
    failure::Failure,
    inputs::{self, AnyKey, KeyFile, LegacyFlag, hex},
    output::{self, Access, Output},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a new SM2 private key (PKCS#8 PEM, readable by its owner only).
    New {
        /// Where to write it; an existing file is never overwritten.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Encrypt it with the first line of this file (PBES2: PBKDF2 with HMAC-SM3, SM4-CBC).
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// Also write the public key (SubjectPublicKeyInfo PEM).
        #[arg(long, value_name = "FILE")]
        public_out: Option<PathBuf>,
    },
    /// Show a key's public half and the form it came in; a secret is never printed.
    Show {
        /// A private or public key in any form, or a certificate; `-` is standard input.
        key: PathBuf,
        /// The file whose first line is the key's password.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        legacy: LegacyFlag,
    },
    /// Put a key and its certificates into a PKCS#12 file.
    P12(P12Arguments),
    /// Convert a key into another form: the same as `yinxin convert key`.
    Convert(convert::KeyArguments),
}

#[derive(Debug, Args)]
pub(crate) struct P12Arguments {
    #[command(flatten)]
    key: KeyFile,
    /// The key's certificate, with those of its authorities behind it.
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// What the key is called in the file: friendlyName, alias.
    #[arg(long)]
    name: Option<String>,
    /// The file whose first line is the new file's password.
    #[arg(long, value_name = "FILE")]
    new_password_file: PathBuf,
    /// How the file is protected. OpenSSL 3.0 and Tongsuo read sm4-sha256; Java and Windows
    /// aes256-sha256.
    #[arg(long, value_enum, default_value_t = ProtectionName::Sm4Sm3)]
    protection: ProtectionName,
    /// Where to write it; an existing file is never replaced.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProtectionName {
    /// SM4-CBC, HMAC-SM3.
    Sm4Sm3,
    /// SM4-CBC, HMAC-SHA-256.
    Sm4Sha256,
    /// AES-256-CBC, HMAC-SHA-256.
    Aes256Sha256,
}

pub(crate) fn run(command: Command, output: &Output) -> Result<Ending, Failure> {
    match command {
        Command::New { out, password_file, public_out } => {
            let name = out.display().to_string();
            let refused = |error| Failure::core(&name, error);
            let key = PrivateKey::generate().map_err(refused)?;
            let pem = match &password_file {
                Some(file) => {
                    let password = inputs::password(file)?;
                    keys::private_key_to_encrypted_pem(&key, &password).map_err(refused)?
                }
                None => keys::private_key_to_pem(&key).map_err(refused)?,
            };
            output::write(&out, pem.as_bytes(), Access::Owner)?;
            if let Some(file) = public_out {
                let pem = keys::public_key_to_pem(key.public()).map_err(refused)?;
                output::write(&file, pem.as_bytes(), Access::Public).inspect_err(|_| {
                    // The command failed as a whole: a key that nobody knows of must not stay behind.
                    let _ = std::fs::remove_file(&out);
                })?;
            }
            show(key.public(), "private", "PKCS#8", &name, output)
        }
        Command::P12(arguments) => p12(&arguments, output),
        Command::Convert(arguments) => convert::key(&arguments, output),
        Command::Show { key, password_file, legacy } => {
            let (any, found) = inputs::any_key(&key, password_file.as_deref(), legacy)?;
            let kind = match any {
                AnyKey::Private(_) => "private",
                AnyKey::Public(_) => "public",
            };
            show(any.public(), kind, &found, &inputs::name(&key), output)
        }
    }
}

fn p12(arguments: &P12Arguments, output: &Output) -> Result<Ending, Failure> {
    let P12Arguments { key, cert, name, new_password_file, protection, out } = arguments;
    let file = out.display().to_string();
    let refused = |error| Failure::core(&file, error);
    let key = key.load()?;
    let certificates = cert.as_deref().map(inputs::certificates).transpose()?.unwrap_or_default();
    let password = inputs::password(new_password_file)?;
    let mut writer = Writer::new();
    writer.key(&key, certificates.first(), name.as_deref()).map_err(refused)?;
    for certificate in certificates.iter().skip(1) {
        writer.certificate(certificate, None);
    }
    let protection = match protection {
        ProtectionName::Sm4Sm3 => Protection::SM4_SM3,
        ProtectionName::Sm4Sha256 => Protection::SM4_SHA256,
        ProtectionName::Aes256Sha256 => Protection::AES256_SHA256,
    };
    let bytes = writer.write(&password, &protection).map_err(refused)?;
    output::write(out, &bytes, Access::Owner)?;
    show(key.public(), "private", "PKCS#12", &file, output)
}

fn show(
    key: &PublicKey,
    kind: &str,
    found: &str,
    name: &str,
    output: &Output,
) -> Result<Ending, Failure> {
    let point = key.to_sec1();
    let (public, thumbprint) = (hex(&point), hex(&sm3::hash(&point)));
    let value = json!({
        "file": name, "algorithm": "SM2", "kind": kind, "found": found,
        "public_key": public, "public_key_sm3": thumbprint,
    });
    output.result(&value, || {
        let kind = match kind {
            "private" => output.pick("private key", "私钥"),
            _ => output.pick("public key", "公钥"),
        };
        format!(
            "{name}: SM2, {kind}, {found}\n  {}: {public}\n  SM3: {thumbprint}",
            output.pick("public key (04 x y)", "公钥 (04 x y)")
        )
    })?;
    Ok(Ending::Done)
}
