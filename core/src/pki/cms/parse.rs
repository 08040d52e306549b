//! SignedData: bytes to structure, without trust.
//!
//! Headers are strict DER; the order of attributes and certificates is kept as it is, for files in use
//! do not sort them.

use std::{ops::Range, sync::Arc};

use super::{Family, Fields, SignedAttributes, SignedData, SignerInfo, oid};
use crate::{
    Code, Error,
    limits::{
        CMS_ATTRIBUTES_MAX, CMS_BYTES_MAX, CMS_CERTIFICATES_MAX, CMS_SIGNERS_MAX,
        EMBEDDED_CERTIFICATE_BYTES_MAX,
    },
    pki::tlv::{self, Cursor, Element, tag},
};

impl SignedData {
    /// Reads a ContentInfo that holds a SignedData, under GM or PKCS#7 object identifiers.
    ///
    /// # Errors
    /// [`Code::BadCms`] with the offset and the field, or [`Code::LimitReached`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > CMS_BYTES_MAX {
            return Err(Error::limit("CMS_BYTES_MAX"));
        }
        let bytes = Arc::<[u8]>::from(bytes);
        let outer = tlv::only(&bytes, 0, tag::SEQUENCE, Code::BadCms, "ContentInfo")?;
        let mut cursor = outer.inside();
        let content_type = cursor.expect(tag::OID, "contentType")?;
        let family = match content_type.value {
            oid::GM_SIGNED_DATA => Family::Gm,
            oid::PKCS7_SIGNED_DATA => Family::Pkcs7,
            _ => return Err(content_type.error("contentType")),
        };
        let mut content = cursor.expect(tag::CONTEXT_0, "content")?.inside();
        cursor.finish("ContentInfo")?;
        let signed_data = content.expect(tag::SEQUENCE, "SignedData")?;
        content.finish("content")?;
        let fields = Arc::new(signed_data_fields(&signed_data, family)?);
        Ok(Self { bytes, fields })
    }
}

fn signed_data_fields(element: &Element<'_>, family: Family) -> Result<Fields, Error> {
    let mut cursor = element.inside();
    cursor.next("version")?.integer("version")?;
    cursor.expect(tag::SET, "digestAlgorithms")?;
    let mut content_info = cursor.expect(tag::SEQUENCE, "contentInfo")?.inside();
    let content_type = content_info.expect(tag::OID, "contentInfo.contentType")?.value.to_vec();
    let content = content(&mut content_info)?;

    let certificates = cursor.take(tag::CONTEXT_0, "certificates")?;
    let certificates = objects(certificates, "certificates", EMBEDDED_CERTIFICATE_BYTES_MAX)?;
    let crls = objects(cursor.take(tag::CONTEXT_1, "crls")?, "crls", CMS_BYTES_MAX)?;
    let signers = cursor.expect(tag::SET, "signerInfos")?;
    cursor.finish("SignedData")?;
    let signers = signers.inside().all("signerInfos", CMS_SIGNERS_MAX, "CMS_SIGNERS_MAX")?;
    let signers = signers.iter().map(signer_info).collect::<Result<_, _>>()?;
    Ok(Fields { family, content_type, content, certificates, crls, signers })
}

/// The content inside `[0] EXPLICIT`, an OCTET STRING. An empty `[0]` is no content.
fn content(content_info: &mut Cursor<'_>) -> Result<Option<Range<usize>>, Error> {
    let Some(explicit) = content_info.take(tag::CONTEXT_0, "contentInfo.content")? else {
        content_info.finish("contentInfo")?;
        return Ok(None);
    };
    content_info.finish("contentInfo")?;
    let mut inside = explicit.inside();
    if inside.is_empty() {
        return Ok(None);
    }
    let octets = inside.expect(tag::OCTET_STRING, "contentInfo.content")?;
    inside.finish("contentInfo.content")?;
    Ok(Some(octets.value_range()))
}

/// The SEQUENCEs inside an optional field, each of at most `bytes_max` bytes.
fn objects(
    field: Option<Element<'_>>,
    name: &'static str,
    bytes_max: usize,
) -> Result<Vec<Vec<u8>>, Error> {
    let Some(field) = field else { return Ok(Vec::new()) };
    let items = field.inside().all(name, CMS_CERTIFICATES_MAX, "CMS_CERTIFICATES_MAX")?;
    let object = |item: &Element<'_>| match item.tag {
        tag::SEQUENCE if item.raw.len() <= bytes_max => Ok(item.raw.to_vec()),
        tag::SEQUENCE => Err(Error::limit("EMBEDDED_CERTIFICATE_BYTES_MAX").at(item.at)),
        _ => Err(item.error(name)),
    };
    items.iter().map(object).collect()
}

fn signer_info(element: &Element<'_>) -> Result<SignerInfo, Error> {
    if element.tag != tag::SEQUENCE {
        return Err(element.error("signerInfo"));
    }
    let mut cursor = element.inside();
    cursor.next("signerInfo.version")?.integer("signerInfo.version")?;
    let mut identity = cursor.expect(tag::SEQUENCE, "issuerAndSerialNumber")?.inside();
    let issuer = identity.expect(tag::SEQUENCE, "issuer")?.raw.to_vec();
    let serial = identity.expect(tag::INTEGER, "serialNumber")?.value.to_vec();
    identity.finish("issuerAndSerialNumber")?;
    let digest_algorithm = algorithm(&mut cursor, "digestAlgorithm")?;
    let attributes = cursor.take(tag::CONTEXT_0, "authenticatedAttributes")?;
    let attributes = attributes.map(|element| signed_attributes(&element)).transpose()?;
    let signature_algorithm = algorithm(&mut cursor, "digestEncryptionAlgorithm")?;
    let signature = cursor.expect(tag::OCTET_STRING, "encryptedDigest")?.value.to_vec();
    cursor.take(tag::CONTEXT_1, "unauthenticatedAttributes")?;
    cursor.finish("signerInfo")?;
    Ok(SignerInfo { issuer, serial, digest_algorithm, signature_algorithm, attributes, signature })
}

/// AlgorithmIdentifier: the object identifier's contents. Parameters are absent or NULL.
fn algorithm(cursor: &mut Cursor<'_>, field: &'static str) -> Result<Vec<u8>, Error> {
    let mut inside = cursor.expect(tag::SEQUENCE, field)?.inside();
    let identifier = inside.expect(tag::OID, field)?.value.to_vec();
    inside.take(tag::NULL, field)?;
    inside.finish(field)?;
    Ok(identifier)
}

/// The attributes that say what was signed; others are covered by the signature but not read.
pub(super) fn signed_attributes(element: &Element<'_>) -> Result<SignedAttributes, Error> {
    let items = element.inside().all("attribute", CMS_ATTRIBUTES_MAX, "CMS_ATTRIBUTES_MAX")?;
    let (mut content_type, mut message_digest, mut signing_time) = (None, None, None);
    for item in &items {
        if item.tag != tag::SEQUENCE {
            return Err(item.error("attribute"));
        }
        let mut inside = item.inside();
        let identifier = inside.expect(tag::OID, "attribute")?.value;
        let values = inside.expect(tag::SET, "attribute")?;
        inside.finish("attribute")?;
        // RFC 5652, 11: each of the three has exactly one value, and stands there once.
        match identifier {
            oid::CONTENT_TYPE => {
                let value = single(&values, "content-type")?;
                once(&mut content_type, item, octets(&value, tag::OID, "content-type")?)?;
            }
            oid::MESSAGE_DIGEST => {
                let value = single(&values, "message-digest")?;
                let digest = octets(&value, tag::OCTET_STRING, "message-digest")?;
                once(&mut message_digest, item, digest)?;
            }
            oid::SIGNING_TIME => {
                let value = single(&values, "signing-time")?;
                once(&mut signing_time, item, value.time("signing-time")?)?;
            }
            _ => {}
        }
    }
    let message_digest = message_digest.ok_or_else(|| element.error("message-digest"))?;
    // RFC 2315, 9.3: the digest is taken under the identifier octet of SET, not of [0].
    let contents = element.raw.get(1..).unwrap_or_default();
    let signed_bytes = [&[tag::SET], contents].concat();
    Ok(SignedAttributes { signed_bytes, content_type, message_digest, signing_time })
}

fn single<'a>(values: &Element<'a>, field: &'static str) -> Result<Element<'a>, Error> {
    let mut inside = values.inside();
    let value = inside.next(field)?;
    inside.finish(field)?;
    Ok(value)
}

fn octets(value: &Element<'_>, tag: u8, field: &'static str) -> Result<Vec<u8>, Error> {
    if value.tag == tag { Ok(value.value.to_vec()) } else { Err(value.error(field)) }
}

fn once<T>(slot: &mut Option<T>, item: &Element<'_>, value: T) -> Result<(), Error> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(item.error("attribute")),
    }
}
