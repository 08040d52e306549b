//! JWS compact serialisation: GM/T 0125.2-2022 and RFC 7515, sections 3.1, 4.1 and 5.2.
//!
//! In: `base64url(header).base64url(payload).base64url(signature)`. Out: the three parts, and
//! whether the signature holds over the original text of the first two. What the payload claims,
//! and whether the key may be trusted, is decided one level up, in [`verify`](super::verify).

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde_json::{Map, Value};

use super::json;
use crate::{
    error::{Code, Error},
    limits::{TOKEN_BYTES_MAX, TOKEN_HEADER_TEXT_BYTES_MAX},
    primitives::sm2::{DistId, PublicKey, Signature},
};

/// An algorithm with its way to write a signature. It belongs to a key and is never guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// GM/T 0125.2-2022: `SGD_SM3_SM2`, the signature as DER SEQUENCE { r, s } (GB/T 35276).
    Gmt0125,
    /// The form of several libraries, written down in no standard: `SM2`, the signature as r ‖ s,
    /// 64 bytes. Only for issuers that cannot do otherwise; this crate does not make such tokens.
    Sm2Raw,
}

impl Profile {
    /// What the header must say in `alg`.
    #[must_use]
    pub const fn algorithm(self) -> &'static str {
        match self {
            Self::Gmt0125 => "SGD_SM3_SM2",
            Self::Sm2Raw => "SM2",
        }
    }

    /// Reads a signature in exactly this profile's form.
    fn signature(self, bytes: &[u8]) -> Result<Signature, Error> {
        match self {
            Self::Gmt0125 => Signature::from_der(bytes),
            Self::Sm2Raw => {
                let raw = bytes
                    .try_into()
                    .map_err(|_| Error::new(Code::BadSignatureEncoding).field("signature"))?;
                Signature::from_bytes(raw)
            }
        }
    }
}

/// Verifies a compact JWS with one key and returns its payload, whatever kind of bytes that is.
///
/// For signed messages that are no login tokens: it knows no issuer, no audience and no time. `id`
/// is the signer's distinguishing identifier, [`DistId::DEFAULT`] by GM/T 0125.2-2022. Variable
/// time.
///
/// # Errors
/// - [`Code::BadToken`], [`Code::BadBase64`], [`Code::BadJson`], [`Code::LimitReached`]: malformed,
///   or a header with `crit` or `b64`.
/// - [`Code::UnsupportedAlgorithm`]: the header's `alg` is not that of `profile`.
/// - [`Code::BadSignatureEncoding`], [`Code::BadSignature`]: the signature does not hold.
pub fn verify_signature(
    jws: &str,
    key: &PublicKey,
    profile: Profile,
    id: &DistId,
) -> Result<Vec<u8>, Error> {
    let parts = Compact::parse(jws)?;
    if let Some(extension) = parts.header.extension {
        return Err(Error::new(Code::BadToken).field(extension));
    }
    if parts.header.algorithm != profile.algorithm() {
        return Err(Error::new(Code::UnsupportedAlgorithm).field("alg"));
    }
    parts.verify_signature(key, profile, id)?;
    Ok(parts.payload)
}

/// A compact JWS, taken apart but not believed.
pub(super) struct Compact<'a> {
    pub(super) header: Header,
    pub(super) payload: Vec<u8>,
    signature: Vec<u8>,
    /// The original text that is signed: header and payload, still encoded, with the dot.
    signed: &'a str,
}

impl<'a> Compact<'a> {
    pub(super) fn parse(jws: &'a str) -> Result<Self, Error> {
        if jws.len() > TOKEN_BYTES_MAX {
            return Err(Error::limit("TOKEN_BYTES_MAX"));
        }
        let mut parts = jws.splitn(4, '.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Error::new(Code::BadToken).field("token"));
        };
        let signed_len = header.len() + 1 + payload.len();
        let signed = jws.get(..signed_len).ok_or(Error::new(Code::BadToken).field("token"))?;
        let payload = decode(payload, "payload", header.len() + 1)?;
        let signature = decode(signature, "signature", signed_len + 1)?;
        let header = Header::parse(&json::object(&decode(header, "header", 0)?, "header")?)?;
        Ok(Self { header, payload, signature, signed })
    }

    pub(super) fn verify_signature(
        &self,
        key: &PublicKey,
        profile: Profile,
        id: &DistId,
    ) -> Result<(), Error> {
        let signature = profile.signature(&self.signature)?;
        key.verify(self.signed.as_bytes(), &signature, id)
    }
}

/// What the protected header says. Nothing of it is used but to look up and to compare.
pub(super) struct Header {
    pub(super) algorithm: String,
    pub(super) key_id: Option<String>,
    pub(super) token_type: Option<String>,
    /// A member that changes the meaning of the token in a way that is not supported here.
    pub(super) extension: Option<&'static str>,
    /// Keys and addresses of keys that were there and are not used (RFC 8725, 2.9 and 2.10).
    pub(super) embedded_keys: Vec<&'static str>,
}

impl Header {
    fn parse(members: &Map<String, Value>) -> Result<Self, Error> {
        let present = |name: &&str| members.contains_key(*name);
        Ok(Self {
            algorithm: text(members, "alg")?.ok_or(Error::new(Code::BadToken).field("alg"))?,
            key_id: text(members, "kid")?,
            token_type: text(members, "typ")?,
            // RFC 7515, 4.1.11: whoever does not understand a critical extension rejects. RFC
            // 7797's `b64` is refused even where `crit` fails to list it: it changes what is
            // signed.
            extension: ["crit", "b64"].into_iter().find(present),
            embedded_keys: ["jku", "jwk", "x5u", "x5c"].into_iter().filter(present).collect(),
        })
    }
}

fn text(members: &Map<String, Value>, name: &'static str) -> Result<Option<String>, Error> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if text.len() <= TOKEN_HEADER_TEXT_BYTES_MAX => {
            Ok(Some(text.clone()))
        }
        Some(Value::String(_)) => Err(Error::limit("TOKEN_HEADER_TEXT_BYTES_MAX")),
        Some(_) => Err(Error::new(Code::BadToken).field(name)),
    }
}

/// Strict base64url: no padding, no white space, and the unused bits of the last character are
/// zero, so that one token has one text.
fn decode(text: &str, part: &'static str, offset: usize) -> Result<Vec<u8>, Error> {
    Base64UrlUnpadded::decode_vec(text)
        .map_err(|_| Error::new(Code::BadBase64).field(part).at(offset))
}
