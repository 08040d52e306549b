//! DER to [`Inner`], with the places of what was signed kept. Every field is accounted for: what a reader
//! skips, it cannot refuse.

use std::sync::OnceLock;

use super::{
    BasicConstraints, Extension, ForeignAlgorithm, Inner, KeyUsage, Name, SignatureAlgorithm,
    extensions::{authority_key_id, extended_key_usage, subject_key_id},
};
use crate::{
    error::{Code, Error},
    limits,
    pki::{
        algorithm::dotted,
        oid,
        tlv::{self, Element, tag},
    },
};

pub(super) fn parse(der: &[u8]) -> Result<Inner, Error> {
    if der.len() > limits::CERTIFICATE_BYTES_MAX {
        return Err(Error::limit("CERTIFICATE_BYTES_MAX"));
    }
    let whole = tlv::only(der, 0, tag::SEQUENCE, Code::BadCertificate, "certificate")?;
    let mut parts = whole.inside();
    let tbs = parts.required(tag::SEQUENCE, "tbsCertificate")?;
    let algorithm = parts.required(tag::SEQUENCE, "signatureAlgorithm")?;
    let signature = parts.required(tag::BIT_STRING, "signatureValue")?.bits("signatureValue")?;
    parts.finish("certificate")?;
    let mut fields = tbs.inside();
    let version = fields.take(tag::CONTEXT_0, "version")?;
    let version = version.map_or(Ok(1), |explicit| self::version(&explicit))?;
    let serial = fields.required(tag::INTEGER, "serialNumber")?;
    if serial.value.is_empty() {
        return Err(serial.error("serialNumber"));
    }
    let inner_algorithm = fields.required(tag::SEQUENCE, "signature")?;
    let issuer = fields.required(tag::SEQUENCE, "issuer")?;
    let mut validity = fields.required(tag::SEQUENCE, "validity")?.inside();
    let not_before = validity.next("notBefore")?.time("notBefore")?;
    let not_after = validity.next("notAfter")?.time("notAfter")?;
    validity.finish("validity")?;
    let subject = fields.required(tag::SEQUENCE, "subject")?;
    let spki = fields.required(tag::SEQUENCE, "subjectPublicKeyInfo")?;
    fields.take(ISSUER_UNIQUE_ID, "issuerUniqueID")?;
    fields.take(SUBJECT_UNIQUE_ID, "subjectUniqueID")?;
    let extensions = fields.take(CONTEXT_3, "extensions")?;
    fields.finish("tbsCertificate")?;
    let extensions = extensions.map_or(Ok(Box::default()), |explicit| extensions_of(&explicit))?;
    let mut faults = Vec::new();
    let found = Found { extensions: &extensions, faults: &mut faults };
    let (key_usage, extended_key_usage, basic_constraints, subject_key_id, authority_key_id) =
        found.known();
    let algorithm_oid = dotted(algorithm.inside().required(tag::OID, "algorithm")?.value);
    Ok(Inner {
        tbs: tbs.range(),
        version,
        serial: serial.value.into(),
        subject: Name::read(&subject)?,
        issuer: Name::read(&issuer)?,
        not_before,
        not_after,
        spki: spki.range(),
        algorithm: SignatureAlgorithm::from_dotted(&algorithm_oid),
        algorithm_oid: algorithm_oid.into(),
        foreign: ForeignAlgorithm::read(&algorithm),
        algorithms_agree: algorithm.raw == inner_algorithm.raw,
        signature: signature.into(),
        key_usage,
        extended_key_usage,
        basic_constraints,
        subject_key_id,
        authority_key_id,
        faulty_extensions: faults.into(),
        extensions,
        der: der.into(),
        public_key: OnceLock::new(),
        thumbprint: OnceLock::new(),
    })
}

/// As it is spoken of: one more than is written.
fn version(explicit: &Element<'_>) -> Result<u32, Error> {
    let mut inside = explicit.inside();
    let version = inside.required(tag::INTEGER, "version")?;
    inside.finish("version")?;
    match version.integer("version")? {
        0 => Ok(1),
        1 => Ok(2),
        2 => Ok(3),
        _ => Err(version.error("version")),
    }
}

fn extensions_of(explicit: &Element<'_>) -> Result<Box<[Extension]>, Error> {
    let mut inside = explicit.inside();
    let list = inside.required(tag::SEQUENCE, "extensions")?;
    inside.finish("extensions")?;
    let most = limits::CERTIFICATE_EXTENSIONS_MAX;
    Ok(Extension::read_list(&list, most, "CERTIFICATE_EXTENSIONS_MAX")?.into())
}

/// `[1]`, implicit BIT STRING.
const ISSUER_UNIQUE_ID: u8 = 0x81;
/// `[2]`, implicit BIT STRING.
const SUBJECT_UNIQUE_ID: u8 = 0x82;
/// `[3]`, explicit.
const CONTEXT_3: u8 = 0xa3;

/// Reads the extensions that matter and notes those that cannot be read.
struct Found<'a> {
    extensions: &'a [Extension],
    faults: &'a mut Vec<Box<str>>,
}

type Known = (
    Option<KeyUsage>,
    Option<Box<[Box<str>]>>,
    Option<BasicConstraints>,
    Option<Box<[u8]>>,
    Option<Box<[u8]>>,
);

impl Found<'_> {
    fn known(mut self) -> Known {
        for (index, extension) in self.extensions.iter().enumerate() {
            // RFC 5280, 4.2: no more than one instance. Which of two counts would be a guess.
            let mut earlier = self.extensions.iter().take(index);
            if earlier.any(|other| other.oid == extension.oid) {
                self.faults.push(extension.oid.clone());
            }
        }
        (
            self.read(oid::KEY_USAGE, KeyUsage::from_der),
            self.read(oid::EXTENDED_KEY_USAGE, extended_key_usage),
            self.read(oid::BASIC_CONSTRAINTS, BasicConstraints::from_der),
            self.read(oid::SUBJECT_KEY_IDENTIFIER, subject_key_id),
            // keyIdentifier is optional in it: its absence is no fault.
            self.read(oid::AUTHORITY_KEY_IDENTIFIER, |der| Some(authority_key_id(der))).flatten(),
        )
    }

    fn read<T>(&mut self, oid: &str, from_der: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        let extension = self.extensions.iter().find(|extension| *extension.oid == *oid)?;
        let value = from_der(&extension.value);
        if value.is_none() {
            self.faults.push(extension.oid.clone());
        }
        value
    }
}
