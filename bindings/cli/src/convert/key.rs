//! `yinxin convert key`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;
use yinxin::pki::keys::{self, JwkCurve};
use zeroize::Zeroizing;

use crate::{
    Ending,
    encoding::Written,
    failure::Failure,
    inputs::{self, AnyKey, LegacyFlag},
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
    #[command(flatten)]
    legacy: LegacyFlag,
    /// The form wanted. Those of a public key can be had of a private one, too.
    #[arg(long, value_enum)]
    to: KeyForm,
    /// For encrypted-pem: the file whose first line is the new password.
    #[arg(long, value_name = "FILE", required_if_eq("to", "encrypted-pem"))]
    new_password_file: Option<PathBuf>,
    /// How d, point, xy, compressed and the blobs are written.
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
    /// Private: SEC1, PEM.
    Sec1Pem,
    /// Private: SEC1, DER.
    Sec1Der,
    /// Private: JSON Web Key.
    Jwk,
    /// Private: ECCPRIVATEKEYBLOB of GM/T 0016.
    PrivateBlob,
    /// Private: d, 32 bytes.
    D,
    /// Public: SubjectPublicKeyInfo, PEM.
    SpkiPem,
    /// Public: SubjectPublicKeyInfo, DER.
    SpkiDer,
    /// Public: JSON Web Key.
    PublicJwk,
    /// Public: ECCPUBLICKEYBLOB of GM/T 0016.
    PublicBlob,
    /// Public: 04 ‖ x ‖ y, 65 bytes.
    Point,
    /// Public: x ‖ y, 64 bytes.
    Xy,
    /// Public: 02 or 03 ‖ x, 33 bytes.
    Compressed,
}

impl KeyForm {
    const fn is_private(self) -> bool {
        match self {
            Self::Pkcs8Pem
            | Self::Pkcs8Der
            | Self::EncryptedPem
            | Self::Sec1Pem
            | Self::Sec1Der
            | Self::Jwk
            | Self::PrivateBlob
            | Self::D => true,
            Self::SpkiPem
            | Self::SpkiDer
            | Self::PublicJwk
            | Self::PublicBlob
            | Self::Point
            | Self::Xy
            | Self::Compressed => false,
        }
    }

    /// How the form is written, with `chosen` for bare numbers.
    const fn written(self, chosen: Written) -> Written {
        match self {
            Self::Pkcs8Pem
            | Self::EncryptedPem
            | Self::Sec1Pem
            | Self::Jwk
            | Self::SpkiPem
            | Self::PublicJwk => Written::Text,
            Self::Pkcs8Der | Self::Sec1Der | Self::SpkiDer => Written::Binary,
            Self::PrivateBlob
            | Self::PublicBlob
            | Self::D
            | Self::Point
            | Self::Xy
            | Self::Compressed => chosen,
        }
    }

    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

pub(super) fn convert(arguments: &KeyArguments, output: &Output) -> Result<Ending, Failure> {
    let KeyArguments { key, password_file, legacy, to, new_password_file, encoding, out } =
        arguments;
    let written = to.written(*encoding);
    let access = if to.is_private() { Access::Owner } else { Access::New };
    out.check(written, access)?;
    let (any, found) = inputs::any_key(key, password_file.as_deref(), *legacy)?;
    let name = inputs::name(key);
    let password = new_password_file.as_deref().map(inputs::password).transpose()?;
    let password = password.as_deref().map(Vec::as_slice).unwrap_or_default();
    let bytes = in_form(&any, *to, password, &name)?;
    let facts = json!({ "source": name, "found": found, "form": to.name() });
    out.deliver("key", &bytes, written, access, facts, output)
}

fn in_form(
    any: &AnyKey,
    form: KeyForm,
    password: &[u8],
    name: &str,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let private = || match any {
        AnyKey::Private(key) => Ok(key),
        AnyKey::Public(_) => Err(Failure::usage(
            format!("{name}: no private key, and --to {} needs one", form.name()),
            format!("{name}：不是私钥，而 --to {} 需要私钥", form.name()),
        )),
    };
    let text = |text: Zeroizing<String>| Zeroizing::new(text.as_bytes().to_vec());
    let line = |text: &str| Zeroizing::new([text.as_bytes(), b"\n"].concat());
    let public = any.public();
    let made = match form {
        KeyForm::Pkcs8Pem => keys::private_key_to_pem(private()?).map(text),
        KeyForm::Pkcs8Der => keys::private_key_to_der(private()?),
        KeyForm::EncryptedPem => keys::private_key_to_encrypted_pem(private()?, password).map(text),
        KeyForm::Sec1Pem => keys::private_key_to_sec1_pem(private()?).map(text),
        KeyForm::Sec1Der => keys::private_key_to_sec1(private()?),
        KeyForm::Jwk => Ok(line(&keys::private_key_to_jwk(private()?, JwkCurve::Sm2p256v1))),
        KeyForm::PrivateBlob => Ok(keys::private_key_to_blob(private()?)),
        KeyForm::D => Ok(Zeroizing::new(private()?.expose_bytes().to_vec())),
        KeyForm::SpkiPem => keys::public_key_to_pem(public).map(|pem| pem.into_bytes().into()),
        KeyForm::SpkiDer => keys::public_key_to_spki(public).map(Zeroizing::new),
        KeyForm::PublicJwk => Ok(line(&keys::public_key_to_jwk(public, JwkCurve::Sm2p256v1))),
        KeyForm::PublicBlob => Ok(keys::public_key_to_blob(public).into()),
        KeyForm::Point => Ok(public.to_sec1().to_vec().into()),
        KeyForm::Xy => Ok(keys::public_key_to_coordinates(public).to_vec().into()),
        KeyForm::Compressed => Ok(public.to_sec1_compressed().to_vec().into()),
    };
    made.map_err(|error| Failure::core(name, error))
}
