//! SignedData: bytes to structure, without trust.
//!
//! Headers are strict DER, after [`ber`](crate::pki::ber) has given indefinite lengths an end; the order of
//! attributes and certificates is kept as it is, for files in use do not sort them.

use std::{ops::Range, sync::Arc};

use super::{
    Attribute, Family, Fields, Identifier, Kind, SignedAttributes, SignedData, SignerInfo,
    content_info, oid,
};
use crate::{
    Code, Error,
    limits::{
        CMS_BYTES_MAX, CMS_CERTIFICATES_MAX, CMS_SIGNERS_MAX, EMBEDDED_CERTIFICATE_BYTES_MAX,
    },
    pki::{
        ber,
        tlv::{Cursor, Element, tag},
    },
};

impl SignedData {
    /// Reads a ContentInfo that holds a SignedData, under GM or PKCS#7 object identifiers, in DER or
    /// with the indefinite lengths of BER. Offsets in errors count in the form with definite lengths.
    ///
    /// # Errors
    /// [`Code::BadCms`] with the offset and the field, or [`Code::LimitReached`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > CMS_BYTES_MAX {
            return Err(Error::limit("CMS_BYTES_MAX"));
        }
        let bytes = Arc::<[u8]>::from(ber::to_der(bytes, Code::BadCms)?);
        let (family, _, signed_data) = content_info::read(&bytes, &[Kind::SignedData])?;
        let fields = Arc::new(signed_data_fields(&signed_data, family)?);
        Ok(Self { bytes, fields })
    }
}

fn signed_data_fields(element: &Element<'_>, family: Family) -> Result<Fields, Error> {
    let mut cursor = element.inside();
    let version = cursor.next("version")?;
    let version =
        u8::try_from(version.integer("version")?).map_err(|_| version.error("version"))?;
    let digest_algorithms = raw_items(&cursor.required(tag::SET, "digestAlgorithms")?)?;
    let whole = cursor.required(tag::SEQUENCE, "contentInfo")?;
    let mut content_info = whole.inside();
    let content_type = content_info.required(tag::OID, "contentInfo.contentType")?.value.to_vec();
    let content = content(&mut content_info)?;
    let Signatures { certificates, other_certificates, crls, other_revocations, signers } =
        signatures(&mut cursor)?;
    cursor.finish("SignedData")?;
    Ok(Fields {
        family,
        version,
        digest_algorithms,
        content_info: whole.range(),
        content_type,
        content,
        certificates,
        other_certificates,
        crls,
        other_revocations,
        signers,
    })
}

/// What stands behind the content, in SignedData and SignedAndEnvelopedData alike.
pub(super) struct Signatures {
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) other_certificates: Vec<Vec<u8>>,
    pub(super) crls: Vec<Vec<u8>>,
    pub(super) other_revocations: Vec<Vec<u8>>,
    pub(super) signers: Vec<SignerInfo>,
}

pub(super) fn signatures(cursor: &mut Cursor<'_>) -> Result<Signatures, Error> {
    let certificates = cursor.take(tag::CONTEXT_0, "certificates")?;
    let (certificates, other_certificates) =
        objects(certificates, "certificates", EMBEDDED_CERTIFICATE_BYTES_MAX)?;
    let crls = cursor.take(tag::CONTEXT_1, "crls")?;
    let (crls, other_revocations) = objects(crls, "crls", CMS_BYTES_MAX)?;
    let signers = cursor.required(tag::SET, "signerInfos")?;
    let signers = signers.inside().all("signerInfos", CMS_SIGNERS_MAX, "CMS_SIGNERS_MAX")?;
    let signers = signers.iter().map(signer_info).collect::<Result<_, _>>()?;
    Ok(Signatures { certificates, other_certificates, crls, other_revocations, signers })
}

/// AlgorithmIdentifiers as they stand, of which there may be as many as signers.
pub(super) fn raw_items(set: &Element<'_>) -> Result<Vec<Vec<u8>>, Error> {
    let items = set.inside().all("digestAlgorithms", CMS_SIGNERS_MAX, "CMS_SIGNERS_MAX")?;
    Ok(items.iter().map(|item| item.raw.to_vec()).collect())
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
    let octets = inside.required(tag::OCTET_STRING, "contentInfo.content")?;
    inside.finish("contentInfo.content")?;
    Ok(Some(octets.value_range()))
}

/// SEQUENCEs, and what stands beside them under context tags.
type Objects = (Vec<Vec<u8>>, Vec<Vec<u8>>);

/// The SEQUENCEs inside an optional field, each of at most `bytes_max` bytes; and what stands there
/// under context tags: attribute certificates, OCSP responses (RFC 5652, 10.2.1 and 10.2.2).
fn objects(
    field: Option<Element<'_>>,
    name: &'static str,
    bytes_max: usize,
) -> Result<Objects, Error> {
    let (mut objects, mut others) = (Vec::new(), Vec::new());
    let Some(field) = field else { return Ok((objects, others)) };
    for item in field.inside().all(name, CMS_CERTIFICATES_MAX, "CMS_CERTIFICATES_MAX")? {
        match item.tag {
            _ if item.raw.len() > bytes_max => {
                return Err(Error::limit("EMBEDDED_CERTIFICATE_BYTES_MAX").at(item.at));
            }
            tag::SEQUENCE => objects.push(item.raw.to_vec()),
            tag::CONTEXT_0..=0xa3 => others.push(item.raw.to_vec()),
            _ => return Err(item.error(name)),
        }
    }
    Ok((objects, others))
}

pub(super) fn signer_info(element: &Element<'_>) -> Result<SignerInfo, Error> {
    if element.tag != tag::SEQUENCE {
        return Err(element.error("signerInfo"));
    }
    let mut cursor = element.inside();
    cursor.next("signerInfo.version")?.integer("signerInfo.version")?;
    let identifier = Identifier::read(&mut cursor)?;
    let digest_algorithm = algorithm(&mut cursor, "digestAlgorithm")?;
    let attributes = cursor.take(tag::CONTEXT_0, "authenticatedAttributes")?;
    let attributes = attributes.map(|element| signed_attributes(&element)).transpose()?;
    let signature_algorithm = algorithm(&mut cursor, "digestEncryptionAlgorithm")?;
    let signature = cursor.required(tag::OCTET_STRING, "encryptedDigest")?.value.to_vec();
    let unsigned = cursor.take(tag::CONTEXT_1, "unauthenticatedAttributes")?;
    let unsigned_attributes = unsigned.map(|element| Attribute::read_all(&element)).transpose()?;
    cursor.finish("signerInfo")?;
    Ok(SignerInfo {
        identifier,
        digest_algorithm,
        signature_algorithm,
        attributes,
        signature,
        unsigned_attributes: unsigned_attributes.unwrap_or_default(),
        raw: element.raw.to_vec(),
    })
}

/// The contents of a SignerInfo without its unsigned attributes, and these.
pub(super) fn split_unsigned<'a>(
    info: &Element<'a>,
) -> Result<(&'a [u8], Option<Element<'a>>), Error> {
    let mut cursor = info.inside();
    let mut signed = 0_usize;
    while !cursor.is_empty() {
        let element = cursor.next("signerInfo")?;
        if element.tag == tag::CONTEXT_1 {
            return Ok((info.value.get(..signed).unwrap_or_default(), Some(element)));
        }
        signed = signed.saturating_add(element.raw.len());
    }
    Ok((info.value, None))
}

/// AlgorithmIdentifier: the object identifier's contents. Parameters are absent or NULL.
pub(super) fn algorithm(cursor: &mut Cursor<'_>, field: &'static str) -> Result<Vec<u8>, Error> {
    let mut inside = cursor.required(tag::SEQUENCE, field)?.inside();
    let identifier = inside.required(tag::OID, field)?.value.to_vec();
    inside.take(tag::NULL, field)?;
    inside.finish(field)?;
    Ok(identifier)
}

/// The attributes that say what was signed; others are covered by the signature and kept as they are.
pub(super) fn signed_attributes(element: &Element<'_>) -> Result<SignedAttributes, Error> {
    let all = Attribute::read_all(element)?;
    // RFC 5652, 11: each of the three has exactly one value, and stands there once.
    let digest = the_only(&all, oid::MESSAGE_DIGEST, element, "message-digest")?;
    let digest = digest.ok_or_else(|| element.error("message-digest"))?;
    let message_digest = octets(digest, tag::OCTET_STRING, element, "message-digest")?;
    let content_type = the_only(&all, oid::CONTENT_TYPE, element, "content-type")?;
    let content_type =
        content_type.map(|value| octets(value, tag::OID, element, "content-type")).transpose()?;
    let signing_time = the_only(&all, oid::SIGNING_TIME, element, "signing-time")?;
    let signing_time = signing_time
        .map(|value| {
            let time = Cursor::new(value, 0, Code::BadCms).next("signing-time")?;
            time.time("signing-time").map_err(|_| element.error("signing-time"))
        })
        .transpose()?;
    // RFC 2315, 9.3: the digest is taken under the identifier octet of SET, not of [0].
    let contents = element.raw.get(1..).unwrap_or_default();
    let signed_bytes = [&[tag::SET], contents].concat();
    Ok(SignedAttributes { signed_bytes, content_type, message_digest, signing_time, all })
}

/// The single value of the attribute `oid`, if it is there.
pub(super) fn the_only<'a>(
    all: &'a [Attribute],
    oid: &[u8],
    element: &Element<'_>,
    field: &'static str,
) -> Result<Option<&'a [u8]>, Error> {
    let mut found = all.iter().filter(|attribute| attribute.oid == oid);
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(element.error("attribute")),
        (Some(attribute), None) => match attribute.values.as_slice() {
            [value] => Ok(Some(value)),
            _ => Err(element.error(field)),
        },
    }
}

fn octets(
    value: &[u8],
    tag: u8,
    element: &Element<'_>,
    field: &'static str,
) -> Result<Vec<u8>, Error> {
    let value = Cursor::new(value, 0, Code::BadCms).next(field)?;
    if value.tag == tag { Ok(value.value.to_vec()) } else { Err(element.error(field)) }
}
