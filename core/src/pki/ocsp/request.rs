//! Asking: `OCSPRequest` (RFC 6960, 4.1), made without a signature, read with or without.

use super::{
    id::{CertId, Hash},
    oid,
};
use crate::{
    error::{Code, Error},
    limits,
    pki::{
        tlv::{self, Element, sequence, tag, wrap},
        x509::{Certificate, Extension},
    },
    primitives::rng,
};

/// A request: for which certificates, and with which nonce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    der: Box<[u8]>,
    ids: Box<[CertId]>,
    extensions: Box<[Extension]>,
    signed: bool,
}

impl Request {
    /// Asks for `certificate`, which `issuer` issued, with a fresh random nonce of 32 bytes (RFC 9654),
    /// which shows in the response that it was made for this request.
    ///
    /// # Errors
    /// [`Code::BadCertificate`] if the issuer's key is malformed, [`Code::NoRandomness`].
    pub fn new(certificate: &Certificate, issuer: &Certificate, hash: Hash) -> Result<Self, Error> {
        let mut nonce = [0; 32];
        rng::fill(&mut nonce)?;
        Self::of(&[CertId::new(certificate, issuer, hash)?], Some(&nonce))
    }

    /// Asks for the certificates `ids`, with `nonce` if there is one. Without, responders can answer
    /// with responses made in advance.
    ///
    /// # Errors
    /// [`Code::BadArgument`] for no certificate, and for a nonce that is empty or longer than
    /// [`limits::OCSP_NONCE_BYTES_MAX`]; [`Code::LimitReached`] past [`limits::OCSP_ANSWERS_MAX`].
    pub fn of(ids: &[CertId], nonce: Option<&[u8]>) -> Result<Self, Error> {
        if ids.is_empty() {
            return Err(Error::new(Code::BadArgument).field("ids"));
        }
        let list: Vec<u8> = ids.iter().flat_map(|id| sequence(&[&id.der])).collect();
        let extensions = match nonce {
            None => Vec::new(),
            Some(nonce) => {
                wrap(tag::CONTEXT_2, &[&sequence(&[&nonce_extension(nonce)?.to_der()?])])
            }
        };
        Self::parse(&sequence(&[&sequence(&[&sequence(&[&list]), &extensions])]))
    }

    /// Parses one DER request; nothing may follow it. A signature on it is not verified: who may ask
    /// is not decided here.
    ///
    /// # Errors
    /// [`Code::BadOcsp`]; [`Code::LimitReached`] past [`limits::OCSP_BYTES_MAX`],
    /// [`limits::OCSP_ANSWERS_MAX`] or [`limits::OCSP_EXTENSIONS_MAX`].
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        if der.len() > limits::OCSP_BYTES_MAX {
            return Err(Error::limit("OCSP_BYTES_MAX"));
        }
        let mut whole = tlv::only(der, 0, tag::SEQUENCE, Code::BadOcsp, "OCSPRequest")?.inside();
        let tbs = whole.required(tag::SEQUENCE, "tbsRequest")?;
        let signature = whole.take(tag::CONTEXT_0, "optionalSignature")?;
        whole.finish("OCSPRequest")?;
        let mut fields = tbs.inside();
        fields.take(tag::CONTEXT_0, "version")?;
        fields.take(tag::CONTEXT_1, "requestorName")?;
        let list = fields.required(tag::SEQUENCE, "requestList")?;
        let extensions = fields.take(tag::CONTEXT_2, "requestExtensions")?;
        fields.finish("tbsRequest")?;
        let most = limits::OCSP_ANSWERS_MAX;
        let list = list.inside().all("requestList", most, "OCSP_ANSWERS_MAX")?;
        let ids = list.iter().map(requested).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            der: der.into(),
            ids: ids.into(),
            extensions: extensions.map_or(Ok(Box::default()), |it| read_extensions(&it))?,
            signed: signature.is_some(),
        })
    }

    /// The DER.
    #[must_use]
    pub const fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificates that are asked for.
    #[must_use]
    pub const fn ids(&self) -> &[CertId] {
        &self.ids
    }

    /// Its extensions.
    #[must_use]
    pub const fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// The nonce, if it has one.
    #[must_use]
    pub fn nonce(&self) -> Option<Vec<u8>> {
        nonce(self.extensions())
    }

    /// Whether it is signed.
    #[must_use]
    pub const fn is_signed(&self) -> bool {
        self.signed
    }
}

fn requested(element: &Element<'_>) -> Result<CertId, Error> {
    if element.tag != tag::SEQUENCE {
        return Err(element.error("Request"));
    }
    let mut fields = element.inside();
    let id = CertId::read(&fields.required(tag::SEQUENCE, "reqCert")?)?;
    if let Some(extensions) = fields.take(tag::CONTEXT_0, "singleRequestExtensions")? {
        read_extensions(&extensions)?;
    }
    fields.finish("Request")?;
    Ok(id)
}

/// The Extensions inside an explicit tag.
pub(super) fn read_extensions(explicit: &Element<'_>) -> Result<Box<[Extension]>, Error> {
    let mut inside = explicit.inside();
    let list = inside.required(tag::SEQUENCE, "Extensions")?;
    inside.finish("Extensions")?;
    let most = limits::OCSP_EXTENSIONS_MAX;
    Ok(Extension::read_list(&list, most, "OCSP_EXTENSIONS_MAX")?.into())
}

/// The nonce among `extensions`: an OCTET STRING inside the value (RFC 9654, 2.1), or, as older
/// software writes it, the value itself.
pub(super) fn nonce(extensions: &[Extension]) -> Option<Vec<u8>> {
    let extension = extensions.iter().find(|extension| *extension.oid == *oid::NONCE)?;
    let value = &extension.value;
    let inner = tlv::only(value, 0, tag::OCTET_STRING, Code::BadOcsp, "nonce");
    Some(inner.map_or_else(|_| value.to_vec(), |inner| inner.value.to_vec()))
}

pub(super) fn nonce_extension(nonce: &[u8]) -> Result<Extension, Error> {
    if !(1..=limits::OCSP_NONCE_BYTES_MAX).contains(&nonce.len()) {
        return Err(Error::new(Code::BadArgument).field("nonce"));
    }
    let value = wrap(tag::OCTET_STRING, &[nonce]).into();
    Ok(Extension { oid: oid::NONCE.into(), critical: false, value })
}
