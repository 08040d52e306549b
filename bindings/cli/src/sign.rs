//! `yinxin sign` and `yinxin verify`: SM2 signatures over files of any size.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use digest::Digest as _;
use serde_json::json;
use yinxin::{
    pki::algorithm,
    primitives::{
        sm2::{DistId, PublicKey, Signature, hazmat},
        sm3::{self, Sm3},
    },
    report::{Check, SubIndication, Verdict},
};

use crate::{
    Ending,
    encoding::{Read, Written},
    failure::Failure,
    inputs::{self, Identifier, Input, KeyFile, hex},
    output::{Access, OutFile, Output},
};

/// What makes a signature.
#[derive(Debug, Args)]
pub(crate) struct SignArguments {
    /// What to sign; `-` is standard input.
    #[arg(value_name = "DATA", default_value = "-")]
    data: PathBuf,
    #[command(flatten)]
    key: KeyFile,
    #[command(flatten)]
    id: Identifier,
    /// The form of the signature.
    #[arg(long, value_enum, default_value_t = Form::Der)]
    form: Form,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = Written::Binary)]
    encoding: Written,
    #[command(flatten)]
    out: OutFile,
}

/// What verifies one.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// What was signed; `-` is standard input.
    #[arg(value_name = "DATA", default_value = "-")]
    data: PathBuf,
    /// The signer's public key or certificate; the certificate itself is not judged.
    #[arg(long, value_name = "FILE")]
    public_key: PathBuf,
    /// The signature; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    signature: PathBuf,
    #[command(flatten)]
    id: Identifier,
    /// The form that the signature must have.
    #[arg(long, value_enum, default_value_t = ExpectedForm::Der)]
    form: ExpectedForm,
    /// How the signature is written.
    #[arg(long, value_enum, default_value_t = Read::Binary)]
    encoding: Read,
}

/// The two forms in which signatures travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// DER SEQUENCE { r, s }, as GM/T 0009 demands.
    Der,
    /// r ‖ s, 64 bytes.
    Raw,
}

impl Form {
    pub(crate) fn encode(self, signature: &Signature) -> Vec<u8> {
        match self {
            Self::Der => signature.to_der(),
            Self::Raw => signature.to_bytes().to_vec(),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Der => "der",
            Self::Raw => "raw",
        }
    }
}

/// The form of a signature that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExpectedForm {
    /// DER SEQUENCE { r, s }, as GM/T 0009 demands.
    Der,
    /// r ‖ s, 64 bytes.
    Raw,
    /// Guess: DER if it is that, else r ‖ s.
    Guess,
}

impl ExpectedForm {
    pub(crate) fn decode(self, bytes: &[u8]) -> Result<(Signature, Form), yinxin::Error> {
        let bad = |_| yinxin::Error::new(yinxin::Code::BadSignatureEncoding);
        match self {
            Self::Der => Signature::from_der(bytes).map(|signature| (signature, Form::Der)),
            Self::Raw => {
                let signature = Signature::from_bytes(bytes.try_into().map_err(bad)?)?;
                Ok((signature, Form::Raw))
            }
            Self::Guess => {
                let (signature, form) = algorithm::read_signature(bytes)?;
                let form = match form {
                    algorithm::SignatureForm::Der => Form::Der,
                    algorithm::SignatureForm::Raw => Form::Raw,
                };
                Ok((signature, form))
            }
        }
    }
}

pub(crate) fn sign(arguments: &SignArguments, output: &Output) -> Result<Ending, Failure> {
    let SignArguments { data, key, id, form, encoding, out } = arguments;
    out.check(*encoding, Access::New)?;
    let (key, id) = (key.load()?, id.get()?);
    let name = inputs::name(data);
    let e = digest(key.public(), &id, inputs::open(data)?, &name)?;
    let refused = |error| Failure::core(&name, error);
    // The digest is of the message itself, read just now: what `hazmat` warns of cannot happen.
    let signature = hazmat::sign_digest(&key, &e).map_err(refused)?;
    let facts = json!({
        "data": name,
        "form": form.name(),
        "id": String::from_utf8_lossy(id.as_bytes()),
        "id_hex": hex(id.as_bytes()),
        "public_key": hex(&key.public().to_sec1()),
    });
    out.deliver("signature", &form.encode(&signature), *encoding, Access::New, facts, output)
}

pub(crate) fn verify(arguments: &VerifyArguments, output: &Output) -> Result<Ending, Failure> {
    let key = inputs::public_key(&arguments.public_key)?;
    let id = arguments.id.get()?;
    let bytes = inputs::small_file(&arguments.signature)?;
    let name = inputs::name(&arguments.data);
    // Also where the signature is malformed: a file that is not there is no verdict.
    let data = inputs::open(&arguments.data)?;
    let decoded = arguments.encoding.decode(&bytes);
    let mut checks = Vec::new();
    match decoded.and_then(|value| arguments.form.decode(&value)) {
        Err(error) => checks.push(
            Check::failed(
                "signature.encoding",
                "GM/T 0009-2012, 7.3",
                SubIndication::FormatFailure,
                format!("the signature is not in the form that was asked for: {}", error.text_en()),
                format!("签名不是所要求的格式：{}", error.text_zh()),
            )
            .evidence("bytes", bytes.len()),
        ),
        Ok((signature, form)) => {
            checks.push(
                Check::passed(
                    "signature.encoding",
                    "GM/T 0009-2012, 7.3",
                    "the signature is in the form that was asked for",
                    "签名格式符合要求",
                )
                .evidence("form", form.name()),
            );
            let e = digest(&key, &id, data, &name)?;
            checks.push(value_check(&key, &id, &e, &signature));
        }
    }
    let verdict = Verdict::conclude(checks);
    output.verdict_of(&name, &verdict)?;
    Ok(verdict.indication.into())
}

fn value_check(key: &PublicKey, id: &DistId, e: &sm3::Digest, signature: &Signature) -> Check {
    const CLAUSE: &str = "GB/T 32918.2-2016, 7";
    let check = match hazmat::verify_digest(key, e, signature) {
        Ok(()) => Check::passed(
            "signature.value",
            CLAUSE,
            "the signature is that of the key over the data",
            "签名值与公钥、数据相符",
        ),
        Err(_) => Check::failed(
            "signature.value",
            CLAUSE,
            SubIndication::SigCryptoFailure,
            "the signature is not that of the key over the data; `yinxin diagnose signature` looks \
             for the reason",
            "签名值与公钥、数据不符；可用 yinxin diagnose signature 查找原因",
        ),
    };
    check
        .evidence("id", String::from_utf8_lossy(id.as_bytes()))
        .evidence("public_key", hex(&key.to_sec1()))
        .evidence("e", hex(e))
}

/// e = H(Z ‖ M) of what `data` holds, read piece by piece (GB/T 32918.2-2016, steps A1 and A2).
fn digest(key: &PublicKey, id: &DistId, data: Input, name: &str) -> Result<sm3::Digest, Failure> {
    let mut hash = Sm3::new();
    hash.update(hazmat::z(key, id));
    inputs::pieces_of(data, name, &mut |piece| {
        hash.update(piece);
        Ok(())
    })?;
    Ok(hash.finalize().into())
}
