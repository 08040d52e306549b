//! `yinxin cms show`.

use std::{io::Read, path::Path};

use serde_json::{Value, json};
use yinxin::{
    Error,
    pki::{
        algorithm::dotted,
        cms::{self, EnvelopedData, Identifier, Kind, RecipientInfo, SignedData, stream},
        x509::Certificate,
    },
};

use crate::{
    Ending,
    data::Data,
    failure::Failure,
    inputs::{self, hex},
    output::{self, Output},
};

pub(super) fn show(file: &Path, output: &Output) -> Result<Ending, Failure> {
    let name = inputs::name(file);
    let mut data = Data::structure(file)?;
    let (_, kind) = cms::kind(&data.start(64)).map_err(|error| Failure::core(&name, error))?;
    let value = match data {
        Data::Short(bytes) => {
            describe(&name, &bytes).map_err(|error| Failure::core(&name, error))?
        }
        Data::Long(_) if kind == Kind::SignedData => {
            return Err(Failure::usage(
                format!("{name}: more than 16 MiB: `yinxin cms verify` tells of its signers"),
                format!("{name}：超过 16 MiB：用 yinxin cms verify 查看签名者"),
            ));
        }
        Data::Long(mut long) => {
            let opener = stream::Opener::new(&mut long);
            let value = opener.map(|opener| beginning(&name, &opener));
            value.map_err(|error| long.refused(error, &name))?
        }
    };
    output.result(&value, || output::lines(&value, 0).join("\n"))?;
    Ok(Ending::Done)
}

/// What stands before the ciphertext.
fn beginning<R: Read>(name: &str, opener: &stream::Opener<R>) -> Value {
    let recipients: Vec<_> = opener.recipients().iter().map(recipient).collect();
    json!({
        "file": name, "kind": opener.kind().name(), "standard": opener.family().name(),
        "recipients": recipients,
    })
}

fn describe(name: &str, bytes: &[u8]) -> Result<Value, Error> {
    let (family, kind) = cms::kind(bytes)?;
    let (family, kind_name) = (family.name(), kind.name());
    if kind != Kind::SignedData {
        let data = EnvelopedData::parse(bytes)?;
        let recipients: Vec<_> = data.recipients().iter().map(recipient).collect();
        return Ok(json!({
            "file": name, "kind": kind_name, "standard": family,
            "cipher": data.cipher_name(), "recipients": recipients,
        }));
    }
    let signed = SignedData::parse(bytes)?;
    let signers = signed.signers().iter().map(|signer| {
        let attributes = signer.attributes.as_ref();
        json!({
            "serial": serial(&signer.identifier),
            "key_id": key_id(&signer.identifier),
            "digest": dotted(&signer.digest_algorithm),
            "signature": dotted(&signer.signature_algorithm),
            "signed_attributes": attributes.map(|it| it.all.len()),
            "signing_time": attributes.and_then(|it| it.signing_time),
            "time_stamps": signer.time_stamps().count(),
            "counter_signatures": signer.counter_signatures().count(),
        })
    });
    let subject = |der: &Vec<u8>| match Certificate::parse(der) {
        Ok(certificate) => certificate.subject().to_string(),
        Err(error) => error.text_en(),
    };
    Ok(json!({
        "file": name,
        "kind": kind_name,
        "standard": family,
        "content_type": dotted(signed.content_type()),
        "content_bytes": signed.content().map(<[u8]>::len),
        "certificates": signed.certificates().iter().map(subject).collect::<Vec<_>>(),
        "crls": signed.crls().len(),
        "signers": signers.collect::<Vec<_>>(),
    }))
}

fn recipient(recipient: &RecipientInfo) -> Value {
    match recipient {
        RecipientInfo::KeyTransport { identifier, algorithm, .. } => json!({
            "serial": serial(identifier),
            "key_id": key_id(identifier),
            "algorithm": dotted(algorithm),
        }),
        RecipientInfo::Other(tag) => json!({ "other_kind": tag }),
    }
}

/// The serial number of the certificate that is named, where it is named so.
fn serial(identifier: &Identifier) -> Option<String> {
    match identifier {
        Identifier::IssuerAndSerial { serial, .. } => Some(hex(serial)),
        Identifier::SubjectKeyId(_) => None,
    }
}

/// The key identifier of the certificate that is named, where it is named so.
fn key_id(identifier: &Identifier) -> Option<String> {
    match identifier {
        Identifier::SubjectKeyId(id) => Some(hex(id)),
        Identifier::IssuerAndSerial { .. } => None,
    }
}
