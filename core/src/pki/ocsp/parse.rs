//! DER to [`Inner`], with the place of what was signed kept.

use std::sync::OnceLock;

use super::{
    Basic, CertId, CertificateStatus, Inner, ResponderId, ResponseStatus, SingleResponse, oid,
    request::read_extensions,
};
use crate::{
    error::{Code, Error},
    limits,
    pki::{
        algorithm::{SignatureAlgorithm, dotted},
        crl::Reason,
        tlv::{self, Cursor, Element, tag},
        x509::{Certificate, Name},
    },
};

pub(super) fn response(der: &[u8]) -> Result<Inner, Error> {
    if der.len() > limits::OCSP_BYTES_MAX {
        return Err(Error::limit("OCSP_BYTES_MAX"));
    }
    let mut whole = tlv::only(der, 0, tag::SEQUENCE, Code::BadOcsp, "OCSPResponse")?.inside();
    let status = whole.required(ENUMERATED, "responseStatus")?;
    let [code] = status.value else { return Err(status.error("responseStatus")) };
    let status = ResponseStatus::from_code(*code);
    let bytes = whole.take(tag::CONTEXT_0, "responseBytes")?;
    whole.finish("OCSPResponse")?;
    let basic = bytes.map(|bytes| basic(&bytes)).transpose()?;
    if basic.is_none() && status == ResponseStatus::Successful {
        return Err(whole.error("responseBytes"));
    }
    Ok(Inner { der: der.into(), status, basic, thumbprint: OnceLock::new() })
}

fn basic(explicit: &Element<'_>) -> Result<Basic, Error> {
    let mut inside = explicit.inside();
    let mut bytes = inside.required(tag::SEQUENCE, "responseBytes")?.inside();
    inside.finish("responseBytes")?;
    let kind = bytes.required(tag::OID, "responseType")?;
    if kind.value != oid::BASIC {
        return Err(kind.error("responseType"));
    }
    let octets = bytes.required(tag::OCTET_STRING, "response")?;
    bytes.finish("responseBytes")?;
    // Places count from the start of the whole response, through the OCTET STRING.
    let mut octets = octets.inside();
    let mut parts = octets.required(tag::SEQUENCE, "BasicOCSPResponse")?.inside();
    octets.finish("BasicOCSPResponse")?;
    let data = parts.required(tag::SEQUENCE, "tbsResponseData")?;
    let algorithm = parts.required(tag::SEQUENCE, "signatureAlgorithm")?;
    let signature = parts.required(tag::BIT_STRING, "signature")?.bits_range("signature")?;
    let certificates = parts.take(tag::CONTEXT_0, "certs")?;
    parts.finish("BasicOCSPResponse")?;
    let mut fields = data.inside();
    fields.take(tag::CONTEXT_0, "version")?;
    let responder = responder_id(&fields.next("responderID")?)?;
    let produced_at = fields.next("producedAt")?.time("producedAt")?;
    let answers = fields.required(tag::SEQUENCE, "responses")?;
    let most = limits::OCSP_ANSWERS_MAX;
    let answers = answers.inside().all("responses", most, "OCSP_ANSWERS_MAX")?;
    let answers = answers.iter().map(single).collect::<Result<Vec<_>, _>>()?;
    let extensions = fields.take(tag::CONTEXT_1, "responseExtensions")?;
    let extensions = extensions.map_or(Ok(Box::default()), |it| read_extensions(&it))?;
    fields.finish("tbsResponseData")?;
    let algorithm_oid = dotted(algorithm.inside().required(tag::OID, "algorithm")?.value);
    Ok(Basic {
        data: data.range(),
        responder,
        produced_at,
        answers: answers.into(),
        extensions,
        algorithm: SignatureAlgorithm::from_dotted(&algorithm_oid),
        algorithm_oid: algorithm_oid.into(),
        signature,
        certificates: certificates.map_or(Ok(Box::default()), |it| read_certificates(&it))?,
    })
}

fn responder_id(element: &Element<'_>) -> Result<ResponderId, Error> {
    let mut inside = element.inside();
    let id = match element.tag {
        tag::CONTEXT_1 => {
            let name = inside.required(tag::SEQUENCE, "byName")?;
            ResponderId::Name(Name::read(&name)?)
        }
        tag::CONTEXT_2 => {
            ResponderId::Key(inside.required(tag::OCTET_STRING, "byKey")?.value.into())
        }
        _ => return Err(element.error("responderID")),
    };
    inside.finish("responderID")?;
    Ok(id)
}

fn single(element: &Element<'_>) -> Result<SingleResponse, Error> {
    if element.tag != tag::SEQUENCE {
        return Err(element.error("SingleResponse"));
    }
    let mut fields = element.inside();
    let id = CertId::read(&fields.next("certID")?)?;
    let status = certificate_status(&fields.next("certStatus")?)?;
    let this_update = fields.next("thisUpdate")?.time("thisUpdate")?;
    let next_update = match fields.take(tag::CONTEXT_0, "nextUpdate")? {
        Some(explicit) => {
            let mut inside = explicit.inside();
            let time = inside.next("nextUpdate")?.time("nextUpdate")?;
            inside.finish("nextUpdate")?;
            Some(time)
        }
        None => None,
    };
    let extensions = fields.take(tag::CONTEXT_1, "singleExtensions")?;
    let extensions = extensions.map_or(Ok(Box::default()), |it| read_extensions(&it))?;
    fields.finish("SingleResponse")?;
    Ok(SingleResponse { id, status, this_update, next_update, extensions })
}

fn certificate_status(element: &Element<'_>) -> Result<CertificateStatus, Error> {
    match (element.tag, element.value) {
        (GOOD, []) => Ok(CertificateStatus::Good),
        (UNKNOWN, []) => Ok(CertificateStatus::Unknown),
        (tag::CONTEXT_1, _) => {
            let mut fields = element.inside();
            let at = fields.next("revocationTime")?.time("revocationTime")?;
            let reason = fields.take(tag::CONTEXT_0, "revocationReason")?;
            fields.finish("revoked")?;
            let reason = reason.map(|explicit| reason_code(&explicit)).transpose()?;
            Ok(CertificateStatus::Revoked { at, reason })
        }
        _ => Err(element.error("certStatus")),
    }
}

fn reason_code(explicit: &Element<'_>) -> Result<Reason, Error> {
    let mut inside = explicit.inside();
    let element = inside.required(ENUMERATED, "revocationReason")?;
    inside.finish("revocationReason")?;
    match element.value {
        [code] => Ok(Reason::from_code(*code)),
        _ => Err(element.error("revocationReason")),
    }
}

fn read_certificates(explicit: &Element<'_>) -> Result<Box<[Certificate]>, Error> {
    let mut inside: Cursor<'_> = explicit.inside();
    let list = inside.required(tag::SEQUENCE, "certs")?;
    inside.finish("certs")?;
    let most = limits::OCSP_CERTIFICATES_MAX;
    let list = list.inside().all("certs", most, "OCSP_CERTIFICATES_MAX")?;
    Ok(list.iter().filter_map(|element| Certificate::parse(element.raw).ok()).collect())
}

const ENUMERATED: u8 = 0x0a;
/// `[0]` NULL, implicit.
const GOOD: u8 = 0x80;
/// `[2]` NULL, implicit.
const UNKNOWN: u8 = 0x82;
