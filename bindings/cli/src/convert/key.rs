//! `yinxin convert key`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;
use yinxin::{
    Error,
    pki::keys,
    primitives::sm2::{PrivateKey, PublicKey},
};
use zeroize::Zeroizing;

use crate::{
    Ending,
    encoding::Written,
    failure::Failure,
    inputs::{self, AnyKey},
    output::{Access, OutFile, Output},
};

#[derive(Debug, Args)]
pub(crate) struct KeyArguments {
    /// A private or public key in any form, or a certificate; `-` is standard input.
    #[arg(value_name = "KEY", default_value = "-")]
    key: PathBuf,
    /// The file whose first line is the key's password.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The form wanted. Those of a public key can be had of a private one, too.
    #[arg(long, value_enum)]
    to: KeyForm,
    /// For encrypted-pem: the file whose first line is the new password.
    #[arg(long, value_name = "FILE", required_if_eq("to", "encrypted-pem"))]
    new_password_file: Option<PathBuf>,
    /// How d, point, xy and compressed are written.
    #[arg(long, value_enum, default_value_t = Written::Hex)]
    encoding: Written,
    #[command(flatten)]
    out: OutFile,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum KeyForm {
    /// Private: PKCS#8, PEM.
    Pkcs8Pem,
    /// Private: PKCS#8, DER.
    Pkcs8Der,
    /// Private: PKCS#8 under a password (PBES2: PBKDF2 with HMAC-SM3, SM4-CBC), PEM.
    EncryptedPem,
    /// Private: d, 32 bytes.
    D,
    /// Public: SubjectPublicKeyInfo, PEM.
    SpkiPem,
    /// Public: SubjectPublicKeyInfo, DER.
    SpkiDer,
    /// Public: 04 ‖ x ‖ y, 65 bytes.
    Point,
    /// Public: x ‖ y, 64 bytes.
    Xy,
    /// Public: 02 or 03 ‖ x, 33 bytes.
    Compressed,
}

impl KeyForm {
    const fn is_private(self) -> bool {
        matches!(self, Self::Pkcs8Pem | Self::Pkcs8Der | Self::EncryptedPem | Self::D)
    }

    /// How the form is written, with `chosen` for bare numbers.
    const fn written(self, chosen: Written) -> Written {
        match self {
            Self::Pkcs8Pem | Self::EncryptedPem | Self::SpkiPem => Written::Text,
            Self::Pkcs8Der | Self::SpkiDer => Written::Binary,
            Self::D | Self::Point | Self::Xy | Self::Compressed => chosen,
        }
    }

    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

pub(super) fn convert(arguments: &KeyArguments, output: &Output) -> Result<Ending, Failure> {
    let KeyArguments { key, password_file, to, new_password_file, encoding, out } = arguments;
    let written = to.written(*encoding);
    let access = if to.is_private() { Access::Owner } else { Access::New };
    out.check(written, access)?;
    let (any, found) = inputs::any_key(key, password_file.as_deref())?;
    let name = inputs::name(key);
    let refused = |error| Failure::core(&name, error);
    let bytes = if to.is_private() {
        let AnyKey::Private(private) = &any else {
            return Err(Failure::usage(
                format!("{name}: no private key, and --to {} needs one", to.name()),
                format!("{name}：不是私钥，而 --to {} 需要私钥", to.name()),
            ));
        };
        let password = new_password_file.as_deref().map(inputs::password).transpose()?;
        private_form(private, *to, password.as_deref().map(Vec::as_slice)).map_err(refused)?
    } else {
        Zeroizing::new(public_form(any.public(), *to).map_err(refused)?)
    };
    let facts = json!({ "source": name, "found": found, "form": to.name() });
    out.deliver("key", &bytes, written, access, facts, output)
}

/// The key in a private form.
fn private_form(
    key: &PrivateKey,
    form: KeyForm,
    password: Option<&[u8]>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let bytes = |text: Zeroizing<String>| Zeroizing::new(text.as_bytes().to_vec());
    match form {
        KeyForm::Pkcs8Pem => keys::private_key_to_pem(key).map(bytes),
        KeyForm::Pkcs8Der => keys::private_key_to_der(key),
        KeyForm::EncryptedPem => {
            keys::private_key_to_encrypted_pem(key, password.unwrap_or_default()).map(bytes)
        }
        KeyForm::D
        | KeyForm::SpkiPem
        | KeyForm::SpkiDer
        | KeyForm::Point
        | KeyForm::Xy
        | KeyForm::Compressed => Ok(Zeroizing::new(key.expose_bytes().to_vec())),
    }
}

/// The key in a public form.
fn public_form(key: &PublicKey, form: KeyForm) -> Result<Vec<u8>, Error> {
    match form {
        KeyForm::SpkiPem => keys::public_key_to_pem(key).map(String::into_bytes),
        KeyForm::SpkiDer => keys::public_key_to_spki(key),
        KeyForm::Xy => Ok(key.to_sec1().get(1..).unwrap_or_default().to_vec()),
        KeyForm::Compressed => Ok(key.to_sec1_compressed().to_vec()),
        KeyForm::Point
        | KeyForm::Pkcs8Pem
        | KeyForm::Pkcs8Der
        | KeyForm::EncryptedPem
        | KeyForm::D => Ok(key.to_sec1().to_vec()),
    }
}
