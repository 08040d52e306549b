//! `yinxin cms show`.

use std::path::Path;

use serde_json::{Value, json};
use yinxin::{
    Error,
    pki::{
        algorithm::dotted,
        cms::{self, EnvelopedData, Identifier, Kind, RecipientInfo, SignedData},
        x509::Certificate,
    },
};

use crate::{
    Ending,
    failure::Failure,
    inputs::{self, hex},
    output::Output,
};

pub(super) fn show(file: &Path, output: &Output) -> Result<Ending, Failure> {
    let name = inputs::name(file);
    let bytes = super::structure(file)?;
    let value = describe(&name, &bytes).map_err(|error| Failure::core(&name, error))?;
    output.result(&value, || lines(&value, 0).join("\n"))?;
    Ok(Ending::Done)
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

/// A JSON value as indented lines.
fn lines(value: &Value, depth: usize) -> Vec<String> {
    let indent = "  ".repeat(depth);
    let of = |name: &str, value: &Value| match value {
        Value::Object(_) | Value::Array(_) => {
            let mut all = vec![format!("{indent}{name}:")];
            all.extend(lines(value, depth + 1));
            all
        }
        Value::String(text) => vec![format!("{indent}{name}: {text}")],
        Value::Null => vec![format!("{indent}{name}: -")],
        Value::Bool(_) | Value::Number(_) => vec![format!("{indent}{name}: {value}")],
    };
    match value {
        Value::Object(fields) => fields.iter().flat_map(|(name, value)| of(name, value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(at, item)| of(&at.to_string(), item)).collect()
        }
        Value::String(text) => vec![format!("{indent}{text}")],
        Value::Null | Value::Bool(_) | Value::Number(_) => vec![format!("{indent}{value}")],
    }
}
