//! `yinxin key`: make and show SM2 private keys.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use yinxin::{
    pki::keys,
    primitives::{sm2::PrivateKey, sm3},
};

use crate::{
    Ending,
    failure::Failure,
    inputs::{self, KeyFile, hex},
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
    /// Show the public half of a private key; the secret is never printed.
    Show {
        /// The private key: PKCS#8 (plain or encrypted) or SEC1, PEM or DER.
        key: PathBuf,
        /// The file whose first line is the key's password.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
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
            show(&key, &name, output)
        }
        Command::Show { key, password_file } => {
            let file = KeyFile { key, key_password_file: password_file };
            show(&file.load()?, &file.key.display().to_string(), output)
        }
    }
}

fn show(key: &PrivateKey, name: &str, output: &Output) -> Result<Ending, Failure> {
    let point = key.public().to_sec1();
    let (public, thumbprint) = (hex(&point), hex(&sm3::hash(&point)));
    let value = json!({
        "file": name, "algorithm": "SM2", "public_key": public, "public_key_sm3": thumbprint,
    });
    output.result(&value, || {
        format!(
            "{name}: SM2\n  {}: {public}\n  SM3: {thumbprint}",
            output.pick("public key (04 x y)", "公钥 (04 x y)")
        )
    })?;
    Ok(Ending::Done)
}
