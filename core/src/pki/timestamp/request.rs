//! Asking for a time stamp (`TimeStampReq`, RFC 3161, 2.4.1; GM/T 0033-2014).

use const_oid::ObjectIdentifier;

use super::Imprint;
use crate::{
    Code, Error,
    limits::{
        TIME_STAMP_EXTENSIONS_MAX, TIME_STAMP_NUMBER_BYTES_MAX, TIME_STAMP_REQUEST_BYTES_MAX,
    },
    pki::{
        algorithm::dotted,
        tlv::{self, Cursor, Element, sequence, tag, wrap},
    },
    primitives::rng,
};

/// A request for a time stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeStampRequest {
    /// What is to be stamped.
    pub imprint: Imprint,
    /// The policy under which, dotted; without one the authority chooses.
    pub policy: Option<String>,
    /// The contents octets of an INTEGER that the token must repeat, so that no old answer passes for
    /// the new one.
    pub nonce: Option<Vec<u8>>,
    /// Whether the token is to carry the authority's certificate.
    pub certificate_wanted: bool,
    /// Extensions, of which this library makes none.
    pub extensions: Vec<Extension>,
}

/// An extension of a request or a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The contents octets of its object identifier.
    pub oid: Vec<u8>,
    /// Whether it must be understood.
    pub critical: bool,
    /// Its value.
    pub value: Vec<u8>,
}

impl TimeStampRequest {
    /// Asks for a stamp over `imprint` with a random nonce of 64 bits and the certificate.
    ///
    /// # Errors
    /// [`Code::NoRandomness`].
    pub fn new(imprint: Imprint) -> Result<Self, Error> {
        let mut nonce = [0; 8];
        rng::fill(&mut nonce)?;
        // Positive and without a leading zero byte, so that it is its own shortest encoding.
        let [first, ..] = &mut nonce;
        *first = *first & 0x3f | 0x40;
        let nonce = Some(nonce.to_vec());
        let extensions = Vec::new();
        Ok(Self { imprint, policy: None, nonce, certificate_wanted: true, extensions })
    }

    /// The same, under a policy.
    #[must_use]
    pub fn under_policy(mut self, policy: &str) -> Self {
        self.policy = Some(policy.to_owned());
        self
    }

    /// As DER, the body of an HTTP request of type `application/timestamp-query`.
    ///
    /// # Errors
    /// [`Code::BadArgument`] if the policy is no object identifier, the nonce no INTEGER or there are
    /// extensions.
    pub fn to_der(&self) -> Result<Vec<u8>, Error> {
        let bad = |field| Error::new(Code::BadArgument).field(field);
        if !self.extensions.is_empty() {
            return Err(bad("extensions"));
        }
        let policy = match &self.policy {
            Some(policy) => policy_oid(policy)?,
            None => Vec::new(),
        };
        let nonce = match &self.nonce {
            Some(nonce) if is_integer(nonce) => wrap(tag::INTEGER, &[nonce]),
            Some(_) => return Err(bad("nonce")),
            None => Vec::new(),
        };
        // DEFAULT FALSE is left out.
        let wanted: &[u8] = if self.certificate_wanted { &[tag::BOOLEAN, 1, 0xff] } else { &[] };
        Ok(sequence(&[&[2, 1, 1], &self.imprint.to_der(), &policy, &nonce, wanted]))
    }

    /// Reads a request.
    ///
    /// # Errors
    /// [`Code::BadTimeStamp`] with the offset and the field, or [`Code::LimitReached`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > TIME_STAMP_REQUEST_BYTES_MAX {
            return Err(Error::limit("TIME_STAMP_REQUEST_BYTES_MAX"));
        }
        let whole = tlv::only(bytes, 0, tag::SEQUENCE, Code::BadTimeStamp, "TimeStampReq")?;
        let mut cursor = whole.inside();
        let version = cursor.required(tag::INTEGER, "version")?;
        if version.integer("version")? != 1 {
            return Err(version.error("version"));
        }
        let imprint = Imprint::read(&cursor.required(tag::SEQUENCE, "messageImprint")?)?;
        let policy = cursor.take(tag::OID, "reqPolicy")?.map(|policy| dotted(policy.value));
        let nonce = cursor.take(tag::INTEGER, "nonce")?;
        let nonce = nonce.map(|nonce| number(&nonce, "nonce")).transpose()?;
        let wanted = cursor.take(tag::BOOLEAN, "certReq")?;
        let wanted = wanted.map(|wanted| wanted.boolean("certReq")).transpose()?;
        let extensions = extensions(&mut cursor, tag::CONTEXT_0)?;
        cursor.finish("TimeStampReq")?;
        let certificate_wanted = wanted.unwrap_or(false);
        Ok(Self { imprint, policy, nonce, certificate_wanted, extensions })
    }
}

/// The DER of a policy's object identifier.
pub(super) fn policy_oid(dotted: &str) -> Result<Vec<u8>, Error> {
    let bad = |_| Error::new(Code::BadArgument).field("policy");
    let identifier = ObjectIdentifier::new(dotted).map_err(bad)?;
    Ok(wrap(tag::OID, &[identifier.as_bytes()]))
}

/// The contents octets of an INTEGER of bounded length in its shortest form.
pub(super) fn number(element: &Element<'_>, field: &'static str) -> Result<Vec<u8>, Error> {
    if element.value.len() > TIME_STAMP_NUMBER_BYTES_MAX {
        return Err(Error::limit("TIME_STAMP_NUMBER_BYTES_MAX").at(element.at));
    }
    if is_integer(element.value) { Ok(element.value.to_vec()) } else { Err(element.error(field)) }
}

/// Whether these are the contents octets of an INTEGER in DER (X.690, 8.3.2).
pub(super) fn is_integer(contents: &[u8]) -> bool {
    match contents {
        [] => false,
        [_] => true,
        [0, second, ..] => *second >= 0x80,
        [0xff, second, ..] => *second < 0x80,
        [..] => true,
    }
}

/// Extensions under an IMPLICIT tag, if they follow.
pub(super) fn extensions(cursor: &mut Cursor<'_>, tag: u8) -> Result<Vec<Extension>, Error> {
    let Some(list) = cursor.take(tag, "extensions")? else { return Ok(Vec::new()) };
    let (most, limit) = (TIME_STAMP_EXTENSIONS_MAX, "TIME_STAMP_EXTENSIONS_MAX");
    let items = list.inside().all("extension", most, limit)?;
    items.iter().map(extension).collect()
}

fn extension(item: &Element<'_>) -> Result<Extension, Error> {
    if item.tag != tag::SEQUENCE {
        return Err(item.error("extension"));
    }
    let mut fields = item.inside();
    let oid = fields.required(tag::OID, "extnID")?.value.to_vec();
    let critical = fields.take(tag::BOOLEAN, "critical")?;
    let critical = critical.map(|element| element.boolean("critical")).transpose()?;
    let value = fields.required(tag::OCTET_STRING, "extnValue")?.value.to_vec();
    fields.finish("extension")?;
    Ok(Extension { oid, critical: critical.unwrap_or(false), value })
}
