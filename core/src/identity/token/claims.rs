//! What a token says of its subject: RFC 7519, section 4, with strict types.

use std::fmt;

use serde_json::{Map, Value};

use crate::{
    error::{Code, Error},
    limits::{TOKEN_AUDIENCES_MAX, TOKEN_CLAIM_TEXT_BYTES_MAX},
    time::UnixTime,
};

/// The names of RFC 7519, 4.1, which [`Claims`] has fields for.
pub(super) const REGISTERED: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// The claims of a token. `Debug` shows no personal data: only the issuer and the token's id.
#[derive(Clone, PartialEq, Eq)]
pub struct Claims {
    /// `iss`: who issued it.
    pub issuer: String,
    /// `sub`: whom it speaks of, by the issuer's own stable key.
    pub subject: String,
    /// `aud`: the services it is for. At least one.
    pub audience: Vec<String>,
    /// `exp`: from this time on it is no longer accepted.
    pub expires: UnixTime,
    /// `nbf`: before this time it is not yet accepted.
    pub not_before: Option<UnixTime>,
    /// `iat`: when it was issued.
    pub issued_at: Option<UnixTime>,
    /// `jti`: its own identifier, unique with the issuer.
    pub token_id: Option<String>,
    /// Every other claim, as it stands in the token.
    pub others: Map<String, Value>,
}

impl Claims {
    /// Claims of one subject for one audience, from `issued_at` until `expires`.
    #[must_use]
    pub fn new(
        issuer: &str,
        subject: &str,
        audience: &str,
        issued_at: UnixTime,
        expires: UnixTime,
    ) -> Self {
        Self {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            audience: vec![audience.to_owned()],
            expires,
            not_before: None,
            issued_at: Some(issued_at),
            token_id: None,
            others: Map::new(),
        }
    }

    /// Reads claims whose types were not looked at yet. Conditions of time and names come
    /// elsewhere.
    pub(super) fn from_members(mut members: Map<String, Value>) -> Result<Self, Error> {
        let missing = |name| Error::new(Code::BadClaim).field(name);
        let claims = Self {
            issuer: text(&members, "iss")?.ok_or(missing("iss"))?,
            subject: text(&members, "sub")?.ok_or(missing("sub"))?,
            audience: audience(&members)?.ok_or(missing("aud"))?,
            expires: numeric_date(&members, "exp")?.ok_or(missing("exp"))?,
            not_before: numeric_date(&members, "nbf")?,
            issued_at: numeric_date(&members, "iat")?,
            token_id: text(&members, "jti")?,
            others: Map::new(),
        };
        members.retain(|name, _| !REGISTERED.contains(&name.as_str()));
        Ok(Self { others: members, ..claims })
    }

    /// The JSON members, `aud` as a text if it is only one (RFC 7519, 4.1.3).
    pub(super) fn to_members(&self) -> Map<String, Value> {
        let mut members = self.others.clone();
        let audience = match self.audience.as_slice() {
            [only] => Value::from(only.as_str()),
            several => Value::from(several),
        };
        let texts = [
            ("iss", Some(&self.issuer)),
            ("sub", Some(&self.subject)),
            ("jti", self.token_id.as_ref()),
        ];
        let times =
            [("exp", Some(self.expires)), ("nbf", self.not_before), ("iat", self.issued_at)];
        members.insert("aud".to_owned(), audience);
        for (name, value) in texts {
            members.extend(value.map(|value| (name.to_owned(), Value::from(value.as_str()))));
        }
        for (name, value) in times {
            members.extend(value.map(|value| (name.to_owned(), Value::from(value.unix_s()))));
        }
        members
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("issuer", &self.issuer)
            .field("token_id", &self.token_id)
            .finish_non_exhaustive()
    }
}

/// A text claim: not empty, not longer than [`TOKEN_CLAIM_TEXT_BYTES_MAX`].
pub(super) fn text(
    members: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<String>, Error> {
    members.get(name).map(|value| short_text(value, name)).transpose()
}

/// A NumericDate: a whole number of seconds from 1970 to 9999. A text or a fraction is refused
/// although RFC 7519, section 2 allows fractions: reading one loosely is how checks of time were
/// lost.
pub(super) fn numeric_date(
    members: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<UnixTime>, Error> {
    let Some(value) = members.get(name) else { return Ok(None) };
    let seconds = value.as_i64().filter(|&seconds| seconds >= 0);
    let time = seconds.and_then(|seconds| UnixTime::from_unix_s(seconds).ok());
    time.map(Some).ok_or(Error::new(Code::BadClaim).field(name))
}

/// `aud`: a text, or a list of at least one and at most [`TOKEN_AUDIENCES_MAX`] texts.
pub(super) fn audience(members: &Map<String, Value>) -> Result<Option<Vec<String>>, Error> {
    match members.get("aud") {
        None => Ok(None),
        Some(Value::Array(list)) if list.is_empty() => Err(Error::new(Code::BadClaim).field("aud")),
        Some(Value::Array(list)) if list.len() > TOKEN_AUDIENCES_MAX => {
            Err(Error::limit("TOKEN_AUDIENCES_MAX"))
        }
        Some(Value::Array(list)) => {
            list.iter().map(|value| short_text(value, "aud")).collect::<Result<_, _>>().map(Some)
        }
        Some(value) => short_text(value, "aud").map(|only| Some(vec![only])),
    }
}

fn short_text(value: &Value, name: &'static str) -> Result<String, Error> {
    match value.as_str() {
        Some(text) if text.len() > TOKEN_CLAIM_TEXT_BYTES_MAX => {
            Err(Error::limit("TOKEN_CLAIM_TEXT_BYTES_MAX"))
        }
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        Some(_) | None => Err(Error::new(Code::BadClaim).field(name)),
    }
}
