//! Making a token: GM/T 0125.2-2022, always in the form of [`Profile::Gmt0125`].

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde_json::Value;

use super::{Claims, Profile, claims, json};
use crate::{
    error::{Code, Error},
    limits::{TOKEN_BYTES_MAX, TOKEN_HEADER_TEXT_BYTES_MAX},
    pki::custody::Signer,
    primitives::sm2::DistId,
};

/// A key that issues tokens, and the names under which verifiers know it.
pub struct IssuerKey<'a> {
    issuer: &'a str,
    key_id: &'a str,
    token_type: &'a str,
    signer: &'a dyn Signer,
}

impl<'a> IssuerKey<'a> {
    /// `signer` speaks for `issuer` under the name `key_id`. Its tokens say `JWT` in `typ`.
    #[must_use]
    pub fn new(issuer: &'a str, key_id: &'a str, signer: &'a dyn Signer) -> Self {
        Self { issuer, key_id, token_type: "JWT", signer }
    }

    /// The same key for another kind of token, named in `typ`.
    #[must_use]
    pub const fn with_type(mut self, token_type: &'a str) -> Self {
        self.token_type = token_type;
        self
    }
}

/// Signs `claims` and returns the token in compact form.
///
/// Refuses what [`verify`](super::verify()) would refuse under any policy. The text of equal claims
/// is equal but for the signature.
///
/// # Errors
/// - [`Code::BadArgument`]: `claims.issuer` is not the key's, the key id or type is empty, the
///   token would not live (`exp` not after `iat` and `nbf`), or `others` has a name that has a
///   field of its own.
/// - [`Code::BadClaim`]: an empty text, no audience, or a time before 1970.
/// - [`Code::LimitReached`]: longer than a verifier takes.
/// - Whatever keeps the key from being used.
pub fn issue(claims: &Claims, key: &IssuerKey<'_>) -> Result<String, Error> {
    let payload = Value::from(claims.to_members()).to_string();
    check(claims, &payload, key)?;
    let algorithm = Profile::Gmt0125.algorithm();
    let header = serde_json::json!({ "alg": algorithm, "kid": key.key_id, "typ": key.token_type });
    let mut token = encode(&header.to_string());
    token.push('.');
    token.push_str(&encode(&payload));
    let signature = key.signer.sign(token.as_bytes(), &DistId::DEFAULT)?;
    token.push('.');
    token.push_str(&Base64UrlUnpadded::encode_string(&signature.to_der()));
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Error::limit("TOKEN_BYTES_MAX"));
    }
    Ok(token)
}

fn check(claims: &Claims, payload: &str, key: &IssuerKey<'_>) -> Result<(), Error> {
    let bad = |field| Err(Error::new(Code::BadArgument).field(field));
    for (name, text) in [("key_id", key.key_id), ("token_type", key.token_type)] {
        if text.is_empty() {
            return bad(name);
        }
        if text.len() > TOKEN_HEADER_TEXT_BYTES_MAX {
            return Err(Error::limit("TOKEN_HEADER_TEXT_BYTES_MAX"));
        }
    }
    if claims.issuer != key.issuer {
        return bad("issuer");
    }
    if claims::REGISTERED.into_iter().any(|name| claims.others.contains_key(name)) {
        return bad("others");
    }
    if [claims.issued_at, claims.not_before]
        .into_iter()
        .flatten()
        .any(|from| from >= claims.expires)
    {
        return bad("expires");
    }
    // Read back as a verifier reads it: types, lengths, depth.
    Claims::from_members(json::object(payload.as_bytes(), "others")?).map(|_| ())
}

fn encode(json: &str) -> String {
    Base64UrlUnpadded::encode_string(json.as_bytes())
}
