//! `yinxin key`: make and show SM2 private keys.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use yinxin::{
    pki::keys,
    primitives::{
        sm2::{PrivateKey, PublicKey},
        sm3,
    },
};

use crate::{
    Ending, convert,
    failure::Failure,
    inputs::{self, AnyKey, hex},
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
    },
    /// Convert a key into another form: the same as `yinxin convert key`.
    Convert(convert::KeyArguments),
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
            show(key.public(), "private", "pkcs8", &name, output)
        }
        Command::Convert(arguments) => convert::key(&arguments, output),
        Command::Show { key, password_file } => {
            let (any, found) = inputs::any_key(&key, password_file.as_deref())?;
            let kind = match any {
                AnyKey::Private(_) => "private",
                AnyKey::Public(_) => "public",
            };
            show(any.public(), kind, found, &inputs::name(&key), output)
        }
    }
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
