//! Login tokens: JSON Web Tokens signed with SM2 by GM/T 0125.1-2022 (names of the algorithms) and
//! GM/T 0125.2-2022 (signature), with the rules of RFC 7515, RFC 7519 and RFC 8725.
//!
//! In: the compact text `header.payload.signature`, a [`TokenPolicy`] and a time. Out: [`Claims`]
//! in a [`Verified`](crate::report::Verified), or a [`Rejected`](crate::report::Rejected); both
//! name every check.
//!
//! The policy comes first: issuer and key id name exactly one key and one [`Profile`], and what the
//! token's header says about its algorithm is only ever compared with it. Keys and addresses inside
//! the token (`jwk`, `jku`, `x5c`, `x5u`) are never used. All inputs are public: variable time.
//!
//! ```
//! use yinxin::{UnixTime, identity::token, primitives::sm2::PrivateKey};
//!
//! let now = UnixTime::parse_rfc3339("2026-11-25T08:00:00+08:00")?;
//! let key = PrivateKey::generate()?;
//! let issuer = token::IssuerKey::new("https://login.example", "2026-1", &key);
//! let claims = token::Claims::new("https://login.example", "u-17", "hall", now, now.plus_s(600));
//! let text = token::issue(&claims, &issuer)?;
//!
//! let mut issuers = token::Issuers::new();
//! let profile = token::Profile::Gmt0125;
//! issuers.add("https://login.example", "2026-1", key.public().clone(), profile)?;
//! let policy = token::TokenPolicy::new(issuers, "hall")?;
//! let verified = token::verify(&text, &policy, now)?.expect("every check passes");
//! assert_eq!(verified.value().subject, "u-17");
//! # Ok::<(), yinxin::Error>(())
//! ```

pub mod jws;

mod claims;
mod issue;
mod json;
mod policy;
mod verify;

pub use claims::Claims;
pub use issue::{IssuerKey, issue};
pub use jws::Profile;
pub use policy::{Issuers, TokenId, TokenPolicy, TokenType};
pub use verify::verify;

#[cfg(test)]
mod tests;
