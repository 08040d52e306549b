//! `yinxin convert key`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;
use yinxin::{
    pki::{
        csr,
        keys::{self, JwkCurve},
    },
    primitives::sm2::PrivateKey,
};
use zeroize::Zeroizing;

use crate::{
    Ending,
    encoding::Written,
    failure::Failure,
    inputs::{self, AnyKey, LegacyFlag},
    key::ProtectionArguments,
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
    #[command(flatten)]
    protection: ProtectionArguments,
    /// For the sealed forms: the public key, or the certificate, of whoever is to open them.
    #[arg(long, value_name = "FILE", required_if_eq_any([
        ("to", "sealed-gb35276"), ("to", "sealed-gmt0016"), ("to", "sealed-cfca"),
    ]))]
    receiver: Option<PathBuf>,
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
    /// Private: PKCS#8 under a password (PBES2), PEM.
    EncryptedPem,
    /// Private: SEC1, PEM.
    Sec1Pem,
    /// Private: SEC1, DER.
    Sec1Der,
    /// Private: JSON Web Key, its curve by the name of GM/T 0125, sm2p256v1.
    Jwk,
    /// Private: JSON Web Key, its curve by the name SM2, as other software has it.
    JwkSm2,
    /// Private: ECCPRIVATEKEYBLOB of GM/T 0016.
    PrivateBlob,
    /// Private: d, 32 bytes.
    D,
    /// Private: d as an INTEGER, DER (SM2PrivateKey of GB/T 35276).
    Integer,
    /// Private, sealed to --receiver: SM2EnvelopedKey of GB/T 35276, DER.
    #[value(name = "sealed-gb35276")]
    SealedGb35276,
    /// Private, sealed to --receiver: ENVELOPEDKEYBLOB of GM/T 0016.
    #[value(name = "sealed-gmt0016")]
    SealedGmt0016,
    /// Private, sealed to --receiver: the text of CFCA.
    SealedCfca,
    /// Public: SubjectPublicKeyInfo, PEM.
    SpkiPem,
    /// Public: SubjectPublicKeyInfo, DER.
    SpkiDer,
    /// Public: JSON Web Key, its curve by the name of GM/T 0125, sm2p256v1.
    PublicJwk,
    /// Public: JSON Web Key, its curve by the name SM2.
    PublicJwkSm2,
    /// Public: ECCPUBLICKEYBLOB of GM/T 0016.
    PublicBlob,
    /// Public: 04 ‖ x ‖ y, 65 bytes.
    Point,
    /// Public: x ‖ y, 64 bytes.
    Xy,
    /// Public: 02 or 03 ‖ x, 33 bytes.
    Compressed,
    /// Public: the point as a BIT STRING, DER (SM2PublicKey of GB/T 35276).
    BitString,
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
            | Self::JwkSm2
            | Self::PrivateBlob
            | Self::D
            | Self::Integer
            | Self::SealedGb35276
            | Self::SealedGmt0016
            | Self::SealedCfca => true,
            Self::SpkiPem
            | Self::SpkiDer
            | Self::PublicJwk
            | Self::PublicJwkSm2
            | Self::PublicBlob
            | Self::Point
            | Self::Xy
            | Self::Compressed
            | Self::BitString => false,
        }
    }

    /// How the form is written, with `chosen` for bare numbers.
    const fn written(self, chosen: Written) -> Written {
        match self {
            Self::Pkcs8Pem
            | Self::EncryptedPem
            | Self::Sec1Pem
            | Self::Jwk
            | Self::JwkSm2
            | Self::SealedCfca
            | Self::SpkiPem
            | Self::PublicJwk
            | Self::PublicJwkSm2 => Written::Text,
            Self::Pkcs8Der
            | Self::Sec1Der
            | Self::Integer
            | Self::SealedGb35276
            | Self::SpkiDer
            | Self::BitString => Written::Binary,
            Self::PrivateBlob
            | Self::SealedGmt0016
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
    let KeyArguments { key, password_file, legacy, to, encoding, out, .. } = arguments;
    let written = to.written(*encoding);
    let access = if to.is_private() { Access::Owner } else { Access::New };
    out.check(written, access)?;
    let (any, found) = inputs::any_key(key, password_file.as_deref(), *legacy)?;
    let name = inputs::name(key);
    let bytes = in_form(&any, arguments, &name)?;
    let facts = json!({ "source": name, "found": found, "form": to.name() });
    out.deliver("key", &bytes, written, access, facts, output)
}

fn in_form(
    any: &AnyKey,
    arguments: &KeyArguments,
    name: &str,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let KeyArguments { to, new_password_file, protection, receiver, .. } = arguments;
    let private = || match any {
        AnyKey::Private(key) => Ok(key),
        AnyKey::Public(_) => Err(Failure::usage(
            format!("{name}: no private key, and --to {} needs one", to.name()),
            format!("{name}：不是私钥，而 --to {} 需要私钥", to.name()),
        )),
    };
    let password = new_password_file.as_deref().map(inputs::password).transpose()?;
    let password = password.as_deref().map(Vec::as_slice).unwrap_or_default();
    let receiver = || match receiver {
        Some(file) => inputs::public_key(file),
        None => Err(Failure::usage("--receiver is missing", "缺少 --receiver")),
    };
    let text = |text: Zeroizing<String>| Zeroizing::new(text.as_bytes().to_vec());
    let line = |text: &str| Zeroizing::new([text.as_bytes(), b"\n"].concat());
    let jwk = |key: &PrivateKey, curve| line(&keys::private_key_to_jwk(key, curve));
    let public = any.public();
    let public_jwk = |curve| line(&keys::public_key_to_jwk(public, curve));
    let made = match to {
        KeyForm::Pkcs8Pem => keys::private_key_to_pem(private()?).map(text),
        KeyForm::Pkcs8Der => keys::private_key_to_der(private()?),
        KeyForm::EncryptedPem => {
            keys::private_key_to_encrypted(private()?, password, &protection.of_key()).map(text)
        }
        KeyForm::Sec1Pem => keys::private_key_to_sec1_pem(private()?).map(text),
        KeyForm::Sec1Der => keys::private_key_to_sec1(private()?),
        KeyForm::Jwk => Ok(jwk(private()?, JwkCurve::Sm2p256v1)),
        KeyForm::JwkSm2 => Ok(jwk(private()?, JwkCurve::Sm2)),
        KeyForm::PrivateBlob => Ok(keys::private_key_to_blob(private()?)),
        KeyForm::D => Ok(Zeroizing::new(private()?.expose_bytes().to_vec())),
        KeyForm::Integer => Ok(keys::private_key_to_integer(private()?)),
        KeyForm::SealedGb35276 => {
            keys::seal_enveloped(private()?, &receiver()?).map(Zeroizing::new)
        }
        KeyForm::SealedGmt0016 => {
            keys::seal_enveloped_blob(private()?, &receiver()?).map(Zeroizing::new)
        }
        KeyForm::SealedCfca => csr::return_key(private()?, &receiver()?).map(|text| line(&text)),
        KeyForm::SpkiPem => keys::public_key_to_pem(public).map(|pem| pem.into_bytes().into()),
        KeyForm::SpkiDer => keys::public_key_to_spki(public).map(Zeroizing::new),
        KeyForm::PublicJwk => Ok(public_jwk(JwkCurve::Sm2p256v1)),
        KeyForm::PublicJwkSm2 => Ok(public_jwk(JwkCurve::Sm2)),
        KeyForm::PublicBlob => Ok(keys::public_key_to_blob(public).into()),
        KeyForm::Point => Ok(public.to_sec1().to_vec().into()),
        KeyForm::Xy => Ok(keys::public_key_to_coordinates(public).to_vec().into()),
        KeyForm::Compressed => Ok(public.to_sec1_compressed().to_vec().into()),
        KeyForm::BitString => Ok(keys::public_key_to_bit_string(public).into()),
    };
    made.map_err(|error| Failure::core(name, error))
}
