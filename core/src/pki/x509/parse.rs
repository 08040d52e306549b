//! DER to [`Inner`]: x509-parser finds the parts, whose original bytes are kept.

use std::{ops::Range, sync::OnceLock};

use x509_parser::{certificate::X509CertificateParser, nom::Parser as _, time::ASN1Time};

use super::{
    BasicConstraints, Extension, Inner, KeyUsage, Name, SignatureAlgorithm,
    extensions::{authority_key_id, extended_key_usage, subject_key_id},
};
use crate::{
    error::{Code, Error},
    limits,
    pki::{
        oid,
        tlv::{self, Element, tag},
    },
    time::UnixTime,
};

pub(super) fn parse(der: &[u8]) -> Result<Inner, Error> {
    if der.len() > limits::CERTIFICATE_BYTES_MAX {
        return Err(Error::limit("CERTIFICATE_BYTES_MAX"));
    }
    let bad = |field| Error::new(Code::BadCertificate).field(field);
    let outer = Outer::read(der)?;
    let (rest, parsed) = X509CertificateParser::new()
        .with_deep_parse_extensions(false)
        .parse(der)
        .map_err(|_| bad("certificate"))?;
    if !rest.is_empty() {
        return Err(bad("trailing bytes").at(der.len() - rest.len()));
    }
    let tbs = &parsed.tbs_certificate;
    if tbs.as_ref() != outer.tbs.raw {
        return Err(bad("tbsCertificate"));
    }
    let extensions = extensions(tbs.extensions())?;
    let mut faults = Vec::new();
    let found = Found { extensions: &extensions, faults: &mut faults };
    let (key_usage, extended_key_usage, basic_constraints, subject_key_id, authority_key_id) =
        found.known();
    let algorithm_oid = parsed.signature_algorithm.algorithm.to_id_string();
    Ok(Inner {
        tbs: outer.tbs.range(),
        version: tbs.version.0.saturating_add(1),
        serial: tbs.raw_serial().into(),
        subject: Name::from_parsed(&tbs.subject)?,
        issuer: Name::from_parsed(&tbs.issuer)?,
        not_before: time(tbs.validity.not_before).ok_or_else(|| bad("notBefore"))?,
        not_after: time(tbs.validity.not_after).ok_or_else(|| bad("notAfter"))?,
        spki: range(der, tbs.subject_pki.raw).ok_or_else(|| bad("subjectPublicKeyInfo"))?,
        algorithm: SignatureAlgorithm::from_dotted(&algorithm_oid),
        algorithm_oid: algorithm_oid.into(),
        algorithms_agree: outer.algorithms_agree,
        signature: outer.signature.into(),
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

/// What stands around the signed part. Nothing protects it but strictness: a tolerant reader would let
/// one certificate have many encodings, all of which verify.
struct Outer<'a> {
    tbs: Element<'a>,
    algorithms_agree: bool,
    signature: &'a [u8],
}

impl<'a> Outer<'a> {
    fn read(der: &'a [u8]) -> Result<Self, Error> {
        let whole = tlv::only(der, 0, tag::SEQUENCE, Code::BadCertificate, "certificate")?;
        let mut parts = whole.inside();
        let tbs = parts.expect(tag::SEQUENCE, "tbsCertificate")?;
        let algorithm = parts.expect(tag::SEQUENCE, "signatureAlgorithm")?;
        let signature = parts.expect(tag::BIT_STRING, "signatureValue")?.bits("signatureValue")?;
        parts.finish("certificate")?;
        let mut signed = tbs.inside();
        signed.take(tag::CONTEXT_0, "version")?;
        signed.expect(tag::INTEGER, "serialNumber")?;
        let algorithms_agree = signed.next("signature")?.raw == algorithm.raw;
        Ok(Self { tbs, algorithms_agree, signature })
    }
}

fn extensions(
    parsed: &[x509_parser::extensions::X509Extension<'_>],
) -> Result<Box<[Extension]>, Error> {
    if parsed.len() > limits::CERTIFICATE_EXTENSIONS_MAX {
        return Err(Error::limit("CERTIFICATE_EXTENSIONS_MAX"));
    }
    let own = |extension: &x509_parser::extensions::X509Extension<'_>| Extension {
        oid: extension.oid.to_id_string().into(),
        critical: extension.critical,
        value: extension.value.into(),
    };
    Ok(parsed.iter().map(own).collect())
}

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

fn time(time: ASN1Time) -> Option<UnixTime> {
    UnixTime::from_unix_s(time.timestamp()).ok()
}

/// Where `part`, a slice of `whole`, lies in it.
fn range(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let range = start..start.checked_add(part.len())?;
    (whole.get(range.clone()) == Some(part)).then_some(range)
}
