//! Seals and sealed signatures: bytes to structure, without trust.
//!
//! The structure is told by the number of fields. Tags, lengths and order are strict; what stands
//! inside strings, times and identifiers is read as seals in use have it (module `tlv`).

use std::{ops::Range, sync::Arc};

use super::{
    CertificateDigest, CertificateList, Extension, Seal, SealFields, SignatureFields, Signed,
    SignedValue, Version,
};
use crate::{
    Code, Error, UnixTime,
    limits::{
        EMBEDDED_CERTIFICATE_BYTES_MAX, SEAL_BYTES_MAX, SEAL_EXTENSIONS_MAX, SEAL_LIST_MAX,
        SEAL_PICTURE_BYTES_MAX, SEAL_TEXT_BYTES_MAX, SIGNED_VALUE_BYTES_MAX,
        SIGNED_VALUE_PROPERTY_BYTES_MAX, TIME_STAMP_BYTES_MAX,
    },
    pki::tlv::{self, Cursor, Element, tag},
};

impl Seal {
    /// Reads an electronic seal of any of the three versions.
    ///
    /// # Errors
    /// [`Code::BadSeal`] with the offset and the field, or [`Code::LimitReached`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        within(bytes, SEAL_BYTES_MAX, "SEAL_BYTES_MAX", 0)?;
        let bytes = Arc::<[u8]>::from(bytes);
        let element = tlv::only(&bytes, 0, tag::SEQUENCE, Code::BadSeal, "SESeal")?;
        let fields = Arc::new(seal(&element)?);
        Ok(Self { bytes, fields })
    }
}

impl SignedValue {
    /// Reads a sealed signature of any of the three versions, with the seal inside.
    ///
    /// # Errors
    /// [`Code::BadSignedValue`] with the offset and the field, or [`Code::LimitReached`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        within(bytes, SIGNED_VALUE_BYTES_MAX, "SIGNED_VALUE_BYTES_MAX", 0)?;
        let bytes = Arc::<[u8]>::from(bytes);
        let element = tlv::only(&bytes, 0, tag::SEQUENCE, Code::BadSignedValue, "SES_Signature")?;
        let (seal, fields) = signature(&element)?;
        let seal = Seal { bytes: Arc::clone(&bytes), fields: Arc::new(seal) };
        Ok(Self { bytes, seal, fields: Arc::new(fields) })
    }
}

/// SESeal: { info, SES_SignInfo } in v1, { info, cert, algorithm, signature, [0]? } in v4 and v5.
fn seal(whole: &Element<'_>) -> Result<SealFields, Error> {
    let mut outer = whole.inside();
    let info = outer.required(tag::SEQUENCE, "eSealInfo")?;
    let sign_info = sign_info(&mut outer)?;
    let is_v1 = sign_info.is_some();
    let mut signing = sign_info.unwrap_or_else(|| outer.clone());
    let maker = signing.required(tag::OCTET_STRING, "cert")?;
    let algorithm = signing.required(tag::OID, "signAlgID")?;
    let signature = signature_bits(&mut signing)?;
    let time_stamp = if is_v1 { None } else { time_stamp(&mut signing)? };
    signing.finish("SESeal")?;

    let mut fields = seal_info(&info, is_v1)?;
    fields.version = match (is_v1, fields.header_version, &time_stamp) {
        (true, ..) => Version::V1,
        (false, 5, _) | (false, _, Some(_)) => Version::V5,
        (false, _, None) => Version::V4,
    };
    fields.whole = whole.range();
    fields.maker = certificate(&maker)?;
    fields.algorithm = algorithm.value_range();
    fields.signed = if is_v1 {
        Signed::Assembled(tlv::sequence(&[info.raw, maker.raw, algorithm.raw]))
    } else {
        Signed::InPlace(info.range())
    };
    fields.signature = signature;
    fields.time_stamp = time_stamp;
    Ok(fields)
}

/// SES_SignInfo of a v1 seal, which some write inside a BIT STRING; `None` in v4 and v5.
fn sign_info<'a>(outer: &mut Cursor<'a>) -> Result<Option<Cursor<'a>>, Error> {
    let inside = match outer.peek() {
        Some(tag::SEQUENCE) => outer.next("signInfo")?.inside(),
        Some(tag::BIT_STRING) => {
            let wrapper = outer.next("signInfo")?;
            let bits = wrapper.bits("signInfo")?;
            // The first contents octet of a BIT STRING counts its unused bits.
            let at = wrapper.value_range().start.saturating_add(1);
            tlv::only(bits, at, tag::SEQUENCE, Code::BadSeal, "signInfo")?.inside()
        }
        Some(_) | None => return Ok(None),
    };
    outer.finish("SESeal")?;
    Ok(Some(inside))
}

/// SES_SealInfo. What stands outside it is filled in by the caller.
fn seal_info(info: &Element<'_>, is_v1: bool) -> Result<SealFields, Error> {
    let mut cursor = info.inside();
    let mut header = cursor.required(tag::SEQUENCE, "header")?.inside();
    let header_id = text(&header.next("ID")?, "ID")?;
    let header_version = header.next("version")?.integer("version")?;
    let vendor = text(&header.next("Vid")?, "Vid")?;
    header.finish("header")?;
    let id = text(&cursor.next("esID")?, "esID")?;
    let mut property = cursor.required(tag::SEQUENCE, "property")?.inside();
    let mut picture = cursor.required(tag::SEQUENCE, "picture")?.inside();
    let extensions = extensions(&mut cursor)?;
    cursor.finish("eSealInfo")?;

    let kind = property.next("type")?.integer("type")?;
    let name = text(&property.next("name")?, "name")?;
    let (list, certificate_ids) = certificate_list(&mut property, is_v1)?;
    let created = property.next("createDate")?.time("createDate")?;
    let valid_from = property.next("validStart")?.time("validStart")?;
    let valid_until = property.next("validEnd")?.time("validEnd")?;
    property.finish("property")?;

    let picture_format = text(&picture.next("picture.type")?, "picture.type")?;
    let data = picture.required(tag::OCTET_STRING, "picture.data")?;
    within(data.value, SEAL_PICTURE_BYTES_MAX, "SEAL_PICTURE_BYTES_MAX", data.at)?;
    let width_mm = picture.next("picture.width")?.integer("picture.width")?;
    let height_mm = picture.next("picture.height")?.integer("picture.height")?;
    picture.finish("picture")?;

    Ok(SealFields {
        version: Version::V1,
        header_version,
        header_id,
        vendor,
        id,
        kind,
        name,
        list,
        certificate_ids,
        created,
        valid_from,
        valid_until,
        picture_format,
        picture: data.value_range(),
        width_mm,
        height_mm,
        extensions,
        whole: 0..0,
        maker: 0..0,
        algorithm: 0..0,
        signed: Signed::InPlace(0..0),
        signature: 0..0,
        time_stamp: None,
    })
}

/// `certList`, in v4 and v5 with `certListType` before it: 1 certificates, 2 digests. Items of another
/// kind than the type says are refused.
fn certificate_list(
    property: &mut Cursor<'_>,
    is_v1: bool,
) -> Result<(CertificateList, Vec<String>), Error> {
    let list_type =
        if is_v1 { 1 } else { property.next("certListType")?.integer("certListType")? };
    let list = property.required(tag::SEQUENCE, "certList")?;
    let items = list.inside().all("certList", SEAL_LIST_MAX, "SEAL_LIST_MAX")?;
    if list_type == 2 {
        let digests = items.iter().map(certificate_digest).collect::<Result<_, _>>()?;
        return Ok((CertificateList::Digests(digests), Vec::new()));
    }
    let (mut certificates, mut ids) = (Vec::new(), Vec::new());
    for item in &items {
        match item.tag {
            tag::OCTET_STRING if list_type == 1 => {
                certificate(item)?;
                certificates.push(item.value.to_vec());
            }
            tag::IA5_STRING if is_v1 => ids.push(text(item, "certID")?),
            _ => return Err(item.error("certList")),
        }
    }
    Ok((CertificateList::Certificates(certificates), ids))
}

fn certificate_digest(item: &Element<'_>) -> Result<CertificateDigest, Error> {
    if item.tag != tag::SEQUENCE {
        return Err(item.error("certDigestObj"));
    }
    let mut fields = item.inside();
    let algorithm = text(&fields.next("certDigestObj.type")?, "certDigestObj.type")?;
    let value = fields.required(tag::OCTET_STRING, "certDigestObj.value")?;
    fields.finish("certDigestObj")?;
    let value = short(value.value, &value, "certDigestObj.value")?.to_vec();
    Ok(CertificateDigest { algorithm, value })
}

/// SES_Signature: { TBS_Sign, signature } in v1, { TBS_Sign, cert, algorithm, signature, [0]? } in v4
/// and v5. In v1 the certificate and the algorithm are the last two fields of TBS_Sign.
fn signature(whole: &Element<'_>) -> Result<(SealFields, SignatureFields), Error> {
    let mut outer = whole.inside();
    let tbs = outer.required(tag::SEQUENCE, "toSign")?;
    let is_v1 = outer.peek() == Some(tag::BIT_STRING);

    let mut inner = tbs.inside();
    let stated_version = inner.next("version")?.integer("version")?;
    let eseal = inner.required(tag::SEQUENCE, "eseal")?;
    within(eseal.raw, SEAL_BYTES_MAX, "SEAL_BYTES_MAX", eseal.at)?;
    let (time_info, signed_at) = time_info(&inner.next("timeInfo")?, is_v1)?;
    let hash = inner.next("dataHash")?;
    let hash_bytes = short(bits_or_octets(&hash, is_v1, "dataHash")?, &hash, "dataHash")?;
    let property = inner.next("propertyInfo")?;
    let (most, limit) = (SIGNED_VALUE_PROPERTY_BYTES_MAX, "SIGNED_VALUE_PROPERTY_BYTES_MAX");
    within(property.value, most, limit, property.at)?;
    let extensions = if is_v1 { Vec::new() } else { extensions(&mut inner)? };

    let signing = if is_v1 { &mut inner } else { &mut outer };
    let signer = certificate(&signing.required(tag::OCTET_STRING, "cert")?)?;
    let algorithm = signing.required(tag::OID, "signatureAlgorithm")?.value_range();
    inner.finish("toSign")?;
    let signature = signature_bits(&mut outer)?;
    let time_stamp = if is_v1 { None } else { time_stamp(&mut outer)? };
    outer.finish("SES_Signature")?;

    let seal = seal(&eseal)?;
    let version = match (is_v1, seal.version) {
        (true, _) => Version::V1,
        (false, Version::V5) => Version::V5,
        (false, Version::V1 | Version::V4) => Version::V4,
    };
    let fields = SignatureFields {
        version,
        stated_version,
        time_info,
        signed_at,
        data_hash: tail(&hash, hash_bytes),
        property: property.text("propertyInfo")?,
        extensions,
        signer,
        algorithm,
        signed: tbs.range(),
        signature,
        time_stamp,
    };
    Ok((seal, fields))
}

/// `timeInfo`: GeneralizedTime in v4 and v5; in v1 a BIT STRING (or OCTET STRING) that holds a time as
/// text or as an element of its own, or a time stamp.
fn time_info(
    element: &Element<'_>,
    is_v1: bool,
) -> Result<(Range<usize>, Option<UnixTime>), Error> {
    if !is_v1 {
        return Ok((element.value_range(), Some(element.time("timeInfo")?)));
    }
    let contents = bits_or_octets(element, is_v1, "timeInfo")?;
    within(contents, TIME_STAMP_BYTES_MAX, "TIME_STAMP_BYTES_MAX", element.at)?;
    let nested = Cursor::new(contents, 0, Code::BadSignedValue).next("timeInfo");
    let time = tlv::time_text(contents)
        .or_else(|| nested.ok().and_then(|inside| inside.time("timeInfo").ok()));
    Ok((tail(element, contents), time))
}

/// ExtensionDatas, if they follow: a SEQUENCE as sealed files have it, or inside `[0]`.
fn extensions(cursor: &mut Cursor<'_>) -> Result<Vec<Extension>, Error> {
    let list = match cursor.peek() {
        Some(tag::SEQUENCE) => cursor.next("extDatas")?.inside(),
        Some(tag::CONTEXT_0) => {
            let mut explicit = cursor.next("extDatas")?.inside();
            let list = explicit.required(tag::SEQUENCE, "extDatas")?.inside();
            explicit.finish("extDatas")?;
            list
        }
        Some(_) | None => return Ok(Vec::new()),
    };
    let items = list.all("extDatas", SEAL_EXTENSIONS_MAX, "SEAL_EXTENSIONS_MAX")?;
    items.iter().map(extension).collect()
}

fn extension(item: &Element<'_>) -> Result<Extension, Error> {
    if item.tag != tag::SEQUENCE {
        return Err(item.error("extData"));
    }
    let mut fields = item.inside();
    let oid = fields.required(tag::OID, "extnID")?.value.to_vec();
    // DEFAULT FALSE: DER leaves it out, many seals write it.
    let critical = fields.take(tag::BOOLEAN, "critical")?;
    let critical = critical.is_some_and(|element| element.boolean("critical") == Ok(true));
    let value = fields.required(tag::OCTET_STRING, "extnValue")?.value.to_vec();
    fields.finish("extData")?;
    Ok(Extension { oid, critical, value })
}

/// `timeStamp [0] BIT STRING OPTIONAL`, tagged explicitly (as seals in use have it) or implicitly.
fn time_stamp(cursor: &mut Cursor<'_>) -> Result<Option<Range<usize>>, Error> {
    let Some(field) = cursor.peek() else { return Ok(None) };
    let stamp = match field {
        tag::CONTEXT_0 => {
            let mut explicit = cursor.next("timeStamp")?.inside();
            let bits = explicit.required(tag::BIT_STRING, "timeStamp")?;
            explicit.finish("timeStamp")?;
            bits
        }
        tag::CONTEXT_0_PRIMITIVE => cursor.next("timeStamp")?.retagged(tag::BIT_STRING),
        _ => return Err(cursor.error("timeStamp")),
    };
    let bits = stamp.bits("timeStamp")?;
    within(bits, TIME_STAMP_BYTES_MAX, "TIME_STAMP_BYTES_MAX", stamp.at)?;
    Ok(Some(tail(&stamp, bits)))
}

fn signature_bits(cursor: &mut Cursor<'_>) -> Result<Range<usize>, Error> {
    let element = cursor.next("signature")?;
    let bits = element.bits("signature")?;
    Ok(tail(&element, bits))
}

/// The contents of a BIT STRING; in v1 an OCTET STRING is met in its place.
fn bits_or_octets<'a>(
    element: &Element<'a>,
    is_v1: bool,
    field: &'static str,
) -> Result<&'a [u8], Error> {
    if is_v1 && element.tag == tag::OCTET_STRING { Ok(element.value) } else { element.bits(field) }
}

/// A digest: no algorithm in use has more than 64 bytes.
fn short<'a>(
    bytes: &'a [u8],
    element: &Element<'_>,
    field: &'static str,
) -> Result<&'a [u8], Error> {
    if bytes.len() > 64 { Err(element.error(field)) } else { Ok(bytes) }
}

fn certificate(element: &Element<'_>) -> Result<Range<usize>, Error> {
    let limit = "EMBEDDED_CERTIFICATE_BYTES_MAX";
    within(element.value, EMBEDDED_CERTIFICATE_BYTES_MAX, limit, element.at)?;
    Ok(element.value_range())
}

fn text(element: &Element<'_>, field: &'static str) -> Result<String, Error> {
    within(element.value, SEAL_TEXT_BYTES_MAX, "SEAL_TEXT_BYTES_MAX", element.at)?;
    element.text(field)
}

/// Where `contents`, the last bytes of `element`, stand.
const fn tail(element: &Element<'_>, contents: &[u8]) -> Range<usize> {
    let end = element.range().end;
    end.saturating_sub(contents.len())..end
}

fn within(bytes: &[u8], most: usize, limit: &'static str, at: usize) -> Result<(), Error> {
    if bytes.len() > most { Err(Error::limit(limit).at(at)) } else { Ok(()) }
}
