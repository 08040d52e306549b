//! Presented identities.

use std::sync::LazyLock;

use yinxin::{
    Error, UnixTime,
    identity::token::{self, Issuers, Profile, TokenPolicy},
    primitives::sm2::PrivateKey,
};

/// The issuer `i` with one key `k`; nobody signs with it here, so no token can pass.
static POLICY: LazyLock<Result<TokenPolicy, Error>> = LazyLock::new(|| {
    let mut issuers = Issuers::new();
    let key = PrivateKey::from_bytes(&[0x51; 32])?;
    issuers.add("i", "k", key.public().clone(), Profile::Gmt0125)?;
    TokenPolicy::new(issuers, "a")
});

/// A login token in compact form.
pub(crate) fn token(data: &[u8]) {
    let (Ok(text), Ok(policy)) = (str::from_utf8(data), &*POLICY) else { return };
    let Ok(at) = UnixTime::from_unix_s(1_795_000_000) else { return };
    let verdict = token::verify(text, policy, at);
    assert!(!matches!(verdict, Ok(Ok(_))), "a token passed that nobody signed");
}
