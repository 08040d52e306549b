//! `yinxin key`: make and show SM2 private keys.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use yinxin::{
    Code, Error,
    pki::{
        csr,
        keys::{self, Encryption},
        pkcs12::{Protection, Writer},
    },
    primitives::{
        sm2::{PrivateKey, PublicKey},
        sm3,
    },
};
use zeroize::Zeroizing;

use crate::{
    Ending, convert,
    encoding::Written,
    failure::Failure,
    inputs::{self, AnyKey, KeyFile, LegacyFlag, hex},
    output::{self, Access, OutFile, Output},
    sink,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a new SM2 private key (PKCS#8 PEM, readable by its owner only).
    New(NewArguments),
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
    /// Open an encryption key that an authority sealed for its holder.
    Unseal(UnsealArguments),
    /// Convert a key into another form: the same as `yinxin convert key`.
    Convert(convert::KeyArguments),
}

#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// Where to write it; an existing file is never overwritten. `-` is standard output.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Encrypt it with the first line of this file (PBES2).
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    #[command(flatten)]
    protection: ProtectionArguments,
    /// Also write the public key (SubjectPublicKeyInfo PEM).
    #[arg(long, value_name = "FILE")]
    public_out: Option<PathBuf>,
    /// Replace the file of --public-out if it exists already; a private key is never replaced.
    #[arg(long, requires = "public_out")]
    force: bool,
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
    #[command(flatten)]
    protection: ProtectionArguments,
    /// Where to write it; an existing file is never replaced. `-` is standard output.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// How what is written under a password is protected.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ProtectionArguments {
    /// How what is written under a password is protected, with 100000 rounds of PBKDF2. OpenSSL 3.0 and
    /// Tongsuo read sm4-sha256; Java and Windows aes256-sha256.
    #[arg(long, value_enum, default_value_t = ProtectionName::Sm4Sm3)]
    protection: ProtectionName,
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

impl ProtectionArguments {
    const fn of_file(self) -> Protection {
        match self.protection {
            ProtectionName::Sm4Sm3 => Protection::SM4_SM3,
            ProtectionName::Sm4Sha256 => Protection::SM4_SHA256,
            ProtectionName::Aes256Sha256 => Protection::AES256_SHA256,
        }
    }

    /// That of a key alone.
    pub(crate) const fn of_key(self) -> Encryption {
        self.of_file().encryption
    }
}

#[derive(Debug, Args)]
pub(crate) struct UnsealArguments {
    /// The sealed key; `-` is standard input.
    #[arg(value_name = "SEALED", default_value = "-")]
    sealed: PathBuf,
    /// How it is sealed.
    #[arg(long, value_enum, default_value_t = SealedForm::Gb35276)]
    form: SealedForm,
    #[command(flatten)]
    key: KeyFile,
    /// The encryption certificate that came with it, whose key it must be.
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// Encrypt it with the first line of this file (PBES2).
    #[arg(long, value_name = "FILE")]
    new_password_file: Option<PathBuf>,
    #[command(flatten)]
    protection: ProtectionArguments,
    /// Where to write it (PKCS#8 PEM); an existing file is never overwritten. `-` is standard output.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SealedForm {
    /// SM2EnvelopedKey of GB/T 35276, DER, to the holder's signing key.
    #[value(name = "gb35276")]
    Gb35276,
    /// ENVELOPEDKEYBLOB of GM/T 0016, to the holder's signing key.
    #[value(name = "gmt0016")]
    Gmt0016,
    /// The text of CFCA, to the exchange key of the request.
    Cfca,
}

pub(crate) fn run(command: Command, output: &Output) -> Result<Ending, Failure> {
    match command {
        Command::New(arguments) => new(&arguments, output),
        Command::P12(arguments) => p12(&arguments, output),
        Command::Unseal(arguments) => unseal(&arguments, output),
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

fn new(arguments: &NewArguments, output: &Output) -> Result<Ending, Failure> {
    let NewArguments { out, password_file, protection, public_out, force } = arguments;
    let refused = |error| Failure::core(&inputs::name(out), error);
    let key = PrivateKey::generate().map_err(refused)?;
    let pem = pem(&key, password_file.as_deref(), *protection)?;
    let public = keys::public_key_to_pem(key.public()).map_err(refused)?;
    let mut files = vec![(out.as_path(), pem.as_bytes(), Access::Owner)];
    if let Some(file) = public_out {
        let apart: &[&Path] = if inputs::is_standard(out) { &[file] } else { &[file, out] };
        sink::refuse_one_place(apart)?;
        let access = if *force { Access::Public } else { Access::New };
        files.push((file, public.as_bytes(), access));
    }
    if inputs::is_standard(out) {
        files.remove(0);
        sink::write_all(&files)?;
        return give(&key, pem.as_bytes(), Written::Text, "PKCS#8", out, output);
    }
    sink::write_all(&files)?;
    show(key.public(), "private", "PKCS#8", &inputs::name(out), output)
}

/// Writes a private key and shows its public half; on standard output the key stands alone, or with
/// `--json` in one object.
fn give(
    key: &PrivateKey,
    bytes: &[u8],
    written: Written,
    form: &str,
    out: &Path,
    output: &Output,
) -> Result<Ending, Failure> {
    let name = inputs::name(out);
    if !inputs::is_standard(out) {
        output::write(out, bytes, Access::Owner)?;
        return show(key.public(), "private", form, &name, output);
    }
    let facts = json!({ "form": form, "public_key": hex(&key.public().to_sec1()) });
    OutFile::at(out).deliver("key", bytes, written, Access::Owner, facts, output)
}

/// The key as PKCS#8 in PEM, encrypted if there is a password.
fn pem(
    key: &PrivateKey,
    password_file: Option<&Path>,
    protection: ProtectionArguments,
) -> Result<Zeroizing<String>, Failure> {
    let made = match password_file {
        Some(file) => {
            let password = inputs::password(file)?;
            keys::private_key_to_encrypted(key, &password, &protection.of_key())
        }
        None => keys::private_key_to_pem(key),
    };
    made.map_err(|error| Failure::core("--out", error))
}

fn p12(arguments: &P12Arguments, output: &Output) -> Result<Ending, Failure> {
    let P12Arguments { key, cert, name, new_password_file, protection, out } = arguments;
    OutFile::at(out).check(Written::Binary, Access::Owner)?;
    let file = inputs::name(out);
    let refused = |error| Failure::core(&file, error);
    let certificates = cert.as_deref().map(inputs::certificates).transpose()?.unwrap_or_default();
    let key = match certificates.first() {
        Some(certificate) => key.load_of(certificate)?,
        None => key.load()?,
    };
    let password = inputs::password(new_password_file)?;
    let mut writer = Writer::new();
    writer.key(&key, certificates.first(), name.as_deref()).map_err(refused)?;
    for certificate in certificates.iter().skip(1) {
        writer.certificate(certificate, None);
    }
    let bytes = writer.write(&password, &protection.of_file()).map_err(refused)?;
    give(&key, &bytes, Written::Binary, "PKCS#12", out, output)
}

fn unseal(arguments: &UnsealArguments, output: &Output) -> Result<Ending, Failure> {
    let UnsealArguments { sealed, form, key, cert, new_password_file, protection, out } = arguments;
    OutFile::at(out).check(Written::Text, Access::Owner)?;
    let holder = key.load()?;
    let certificate = cert.as_deref().map(inputs::certificate).transpose()?;
    let bytes = inputs::small_file(sealed)?;
    let opened = match form {
        SealedForm::Gb35276 => keys::open_enveloped(&bytes, &holder),
        SealedForm::Gmt0016 => keys::open_enveloped_blob(&bytes, &holder),
        SealedForm::Cfca => csr::open_returned_key(&bytes, &holder),
    };
    let opened = opened.map_err(|error| Failure::core(&inputs::name(sealed), error))?;
    if let (Some(certificate), Some(file)) = (certificate, cert)
        && certificate.public_key().ok() != Some(opened.public())
    {
        return Err(Failure::core(&inputs::name(file), Error::new(Code::KeyMismatch)));
    }
    let pem = pem(&opened, new_password_file.as_deref(), *protection)?;
    give(&opened, pem.as_bytes(), Written::Text, "PKCS#8", out, output)
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
