//! What is accepted, decided before a token is looked at (RFC 8725, 3.1 and 3.8).

use std::collections::BTreeMap;

use super::jws::Profile;
use crate::{
    error::{Code, Error},
    limits::{TOKEN_CLAIM_TEXT_BYTES_MAX, TOKEN_HEADER_TEXT_BYTES_MAX, TOKEN_LEEWAY_S_MAX},
    primitives::sm2::PublicKey,
};

/// The issuers that are trusted: (issuer, key id) names exactly one key and one [`Profile`].
#[derive(Clone, Debug, Default)]
pub struct Issuers {
    keys: BTreeMap<String, BTreeMap<String, TrustedKey>>,
}

/// What (issuer, key id) stands for.
#[derive(Clone, Debug)]
pub(super) struct TrustedKey {
    pub(super) key: PublicKey,
    pub(super) profile: Profile,
}

impl Issuers {
    /// Nobody is trusted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts `key` for tokens that name `issuer` in `iss` and `key_id` in `kid`.
    ///
    /// # Errors
    /// [`Code::BadArgument`] if a name is empty or too long for a token, or the pair has a key
    /// already: replacing a key silently would leave it open which one counts.
    pub fn add(
        &mut self,
        issuer: &str,
        key_id: &str,
        key: PublicKey,
        profile: Profile,
    ) -> Result<(), Error> {
        check_name(issuer, "issuer", TOKEN_CLAIM_TEXT_BYTES_MAX)?;
        check_name(key_id, "key_id", TOKEN_HEADER_TEXT_BYTES_MAX)?;
        let keys = self.keys.entry(issuer.to_owned()).or_default();
        if keys.contains_key(key_id) {
            return Err(Error::new(Code::BadArgument).field("key_id"));
        }
        keys.insert(key_id.to_owned(), TrustedKey { key, profile });
        Ok(())
    }

    pub(super) fn keys_of(&self, issuer: &str) -> Option<&BTreeMap<String, TrustedKey>> {
        self.keys.get(issuer)
    }
}

/// What a token must say in `typ`, so that one kind of token never passes for another (RFC 8725,
/// 3.11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// Exactly this media type, compared without case and without a leading `application/`.
    Exactly(String),
    /// Not compared. The report shows the check as skipped.
    NotCompared,
}

/// Whether a token must have an identifier of its own, `jti`, by which a caller recognises a
/// replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenId {
    /// It may be missing.
    Optional,
    /// It must be there.
    Required,
}

/// Whom and what to accept: issuers, audience, type, and how far clocks and lifetimes may stretch.
#[derive(Clone, Debug)]
pub struct TokenPolicy {
    pub(super) issuers: Issuers,
    pub(super) audience: String,
    pub(super) token_type: TokenType,
    pub(super) token_id: TokenId,
    pub(super) leeway_s: u32,
    pub(super) lifetime_max_s: Option<u32>,
}

impl TokenPolicy {
    /// Tokens of `issuers` for `audience`, the name of the service that asks. Type `JWT`, `jti`
    /// optional, 60 s of leeway between clocks, and a lifetime of 8 hours (a working day) at most.
    ///
    /// # Errors
    /// [`Code::BadArgument`] if `audience` is empty or too long for a token.
    pub fn new(issuers: Issuers, audience: &str) -> Result<Self, Error> {
        check_name(audience, "audience", TOKEN_CLAIM_TEXT_BYTES_MAX)?;
        Ok(Self {
            issuers,
            audience: audience.to_owned(),
            token_type: TokenType::Exactly("JWT".to_owned()),
            token_id: TokenId::Optional,
            leeway_s: 60,
            lifetime_max_s: Some(8 * 3600),
        })
    }

    /// Sets what `typ` must say.
    #[must_use]
    pub fn with_type(mut self, token_type: TokenType) -> Self {
        self.token_type = token_type;
        self
    }

    /// Sets whether `jti` must be there.
    #[must_use]
    pub const fn with_token_id(mut self, token_id: TokenId) -> Self {
        self.token_id = token_id;
        self
    }

    /// Sets how far the issuer's clock and `at` may differ, in seconds.
    ///
    /// # Errors
    /// [`Code::LimitReached`] beyond [`TOKEN_LEEWAY_S_MAX`].
    pub fn with_leeway_s(mut self, leeway_s: u32) -> Result<Self, Error> {
        if leeway_s > TOKEN_LEEWAY_S_MAX {
            return Err(Error::limit("TOKEN_LEEWAY_S_MAX"));
        }
        self.leeway_s = leeway_s;
        Ok(self)
    }

    /// Sets the longest time from `iat` to `exp`, in seconds; `None` for no bound, which also no
    /// longer demands `iat`.
    #[must_use]
    pub const fn with_lifetime_max_s(mut self, lifetime_max_s: Option<u32>) -> Self {
        self.lifetime_max_s = lifetime_max_s;
        self
    }
}

fn check_name(name: &str, field: &'static str, bytes_max: usize) -> Result<(), Error> {
    if name.is_empty() || name.len() > bytes_max {
        return Err(Error::new(Code::BadArgument).field(field));
    }
    Ok(())
}
