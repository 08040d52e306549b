//! DER to [`Inner`], with the place of what was signed kept.

use std::sync::OnceLock;

use super::{Attribute, EXTENSION_REQUEST, Inner, MICROSOFT_EXTENSION_REQUEST};
use crate::{
    error::{Code, Error},
    limits,
    pki::{
        algorithm::{SignatureAlgorithm, dotted},
        tlv::{self, Cursor, Element, tag},
        x509::{Extension, Name},
    },
};

pub(super) fn parse(der: &[u8]) -> Result<Inner, Error> {
    if der.len() > limits::CSR_BYTES_MAX {
        return Err(Error::limit("CSR_BYTES_MAX"));
    }
    let whole = tlv::only(der, 0, tag::SEQUENCE, Code::BadCsr, "CertificationRequest")?;
    let mut parts = whole.inside();
    let info = parts.required(tag::SEQUENCE, "certificationRequestInfo")?;
    let algorithm = parts.required(tag::SEQUENCE, "signatureAlgorithm")?;
    let signature = parts.required(tag::BIT_STRING, "signature")?.bits_range("signature")?;
    parts.finish("CertificationRequest")?;
    let mut fields = info.inside();
    let version = fields.required(tag::INTEGER, "version")?.integer("version")?;
    let subject = fields.required(tag::SEQUENCE, "subject")?;
    let spki = fields.required(tag::SEQUENCE, "subjectPKInfo")?;
    // RFC 2986, 4.1: the attributes are always there, if empty; some writers leave them out.
    let attributes = fields.take(tag::CONTEXT_0, "attributes")?;
    fields.finish("certificationRequestInfo")?;
    let attributes_present = attributes.is_some();
    let attributes = attributes.map_or(Ok(Vec::new()), |list| read_attributes(&list))?;
    let algorithm_oid = dotted(algorithm.inside().required(tag::OID, "algorithm")?.value);
    Ok(Inner {
        info: info.range(),
        version,
        subject: Name::read(&subject)?,
        spki: spki.range(),
        attributes_present,
        extensions: requested_extensions(&attributes)?.into(),
        attributes: attributes.into(),
        algorithm: SignatureAlgorithm::from_dotted(&algorithm_oid),
        algorithm_oid: algorithm_oid.into(),
        signature,
        der: der.into(),
        public_key: OnceLock::new(),
    })
}

fn read_attributes(list: &Element<'_>) -> Result<Vec<Attribute>, Error> {
    let limit = "CSR_ATTRIBUTES_MAX";
    let most = limits::CSR_ATTRIBUTES_MAX;
    let elements = list.inside().all("attributes", most, limit)?;
    let read = |element: &Element<'_>| {
        if element.tag != tag::SEQUENCE {
            return Err(element.error("attribute"));
        }
        let mut fields = element.inside();
        let oid = fields.required(tag::OID, "attribute type")?;
        let value = fields.next("attribute values")?;
        fields.finish("attribute")?;
        let in_set = value.tag == tag::SET;
        let values = if in_set { value.inside().all("values", most, limit)? } else { vec![value] };
        let values = values.iter().map(|value| value.raw.into()).collect();
        Ok(Attribute { oid: dotted(oid.value).into(), values, in_set })
    };
    elements.iter().map(read).collect()
}

fn requested_extensions(attributes: &[Attribute]) -> Result<Vec<Extension>, Error> {
    let asks = |attribute: &&Attribute| {
        [EXTENSION_REQUEST, MICROSOFT_EXTENSION_REQUEST].contains(&&*attribute.oid)
    };
    let mut extensions = Vec::new();
    for value in attributes.iter().filter(asks).flat_map(|attribute| &attribute.values) {
        // Offsets would count from the value's start, which nobody could use: the field tells enough.
        let bad = |error: Error| {
            let limit = error.code() == Code::LimitReached;
            if limit { error } else { Error::new(Code::BadCsr).field("extensionRequest") }
        };
        let list = tlv::only(value, 0, tag::SEQUENCE, Code::BadCsr, "extensionRequest");
        let most = limits::CERTIFICATE_EXTENSIONS_MAX.saturating_sub(extensions.len());
        let read =
            |list: Element<'_>| Extension::read_list(&list, most, "CERTIFICATE_EXTENSIONS_MAX");
        extensions.extend(list.and_then(read).map_err(bad)?);
    }
    Ok(extensions)
}

/// The text of a DirectoryString or IA5String, or `None` if `der` is none.
pub(super) fn directory_string(der: &[u8]) -> Option<String> {
    let mut cursor = Cursor::new(der, 0, Code::BadCsr);
    let element = cursor.next("value").ok()?;
    cursor.finish("value").ok()?;
    match element.tag {
        tag::BMP_STRING => {
            let (pairs, rest) = element.value.as_chunks::<2>();
            let units = pairs.iter().map(|&pair| u16::from_be_bytes(pair));
            let text: Result<String, _> = char::decode_utf16(units).collect();
            text.ok().filter(|_| rest.is_empty())
        }
        _ => element.text("value").ok(),
    }
}
