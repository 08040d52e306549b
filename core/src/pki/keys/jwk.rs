//! JSON Web Keys (RFC 7517; RFC 7518, 6.2) with SM2: `kty` EC, and `crv` as GM/T 0125.1-2022 or as
//! common software names the curve. No name is registered.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{public_key_from_coordinates, public_key_to_coordinates};
use crate::{
    error::{Code, Error},
    limits,
    primitives::sm2::{PrivateKey, PublicKey},
};

/// How a written key names its curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwkCurve {
    /// `sm2p256v1`, by GM/T 0125.1-2022.
    Sm2p256v1,
    /// `SM2`, as software without that standard has it.
    Sm2,
}

impl JwkCurve {
    const fn name(self) -> &'static str {
        match self {
            Self::Sm2p256v1 => "sm2p256v1",
            Self::Sm2 => "SM2",
        }
    }
}

/// Reads a private key. x and y must be those of d. Members that say nothing of the key's value are
/// ignored.
///
/// # Errors
/// [`Code::BadJson`] if it is malformed or x or y is missing, [`Code::UnsupportedAlgorithm`] if it is
/// no SM2 key, [`Code::WrongKeyKind`] without d, [`Code::BadPrivateKey`], [`Code::BadPublicKey`],
/// [`Code::KeyMismatch`], [`Code::LimitReached`] past [`limits::KEY_BYTES_MAX`].
pub fn private_key_from_jwk(json: &[u8]) -> Result<PrivateKey, Error> {
    let jwk = parse(json)?;
    let public = jwk.public()?;
    let d = jwk.d.ok_or(Error::new(Code::WrongKeyKind).field("public JWK"))?;
    let d = number(d).ok_or(Error::new(Code::BadPrivateKey).field("d"))?;
    let key = PrivateKey::from_bytes(&d)?;
    if *key.public() == public { Ok(key) } else { Err(Error::new(Code::KeyMismatch).field("key")) }
}

/// Reads a public key.
///
/// # Errors
/// As [`private_key_from_jwk`]; [`Code::WrongKeyKind`] if it holds d.
pub fn public_key_from_jwk(json: &[u8]) -> Result<PublicKey, Error> {
    let jwk = parse(json)?;
    if jwk.d.is_some() {
        return Err(Error::new(Code::WrongKeyKind).field("private JWK"));
    }
    jwk.public()
}

/// The private key as JSON: `kty`, `crv`, `x`, `y`, `d`.
#[must_use]
pub fn private_key_to_jwk(key: &PrivateKey, curve: JwkCurve) -> Zeroizing<String> {
    let mut digits = Zeroizing::new([0; 43]);
    // 32 bytes are 43 digits: the buffer has room.
    let d = Base64UrlUnpadded::encode(key.expose_bytes(), &mut *digits).unwrap_or_default();
    // Reserved at once: a growing string would leave copies of d behind.
    let mut json = Zeroizing::new(String::with_capacity(256));
    let public = public_key_to_jwk(key.public(), curve);
    json.push_str(public.trim_end_matches('}'));
    json.push_str(",\"d\":\"");
    json.push_str(d);
    json.push_str("\"}");
    json
}

/// The public key as JSON: `kty`, `crv`, `x`, `y`.
#[must_use]
pub fn public_key_to_jwk(key: &PublicKey, curve: JwkCurve) -> String {
    let xy = public_key_to_coordinates(key);
    let (x, y) = xy.split_at(32);
    let [x, y] = [x, y].map(Base64UrlUnpadded::encode_string);
    format!(r#"{{"kty":"EC","crv":"{}","x":"{x}","y":"{y}"}}"#, curve.name())
}

/// Borrowed from the text, so that no copy of d is made. A name that stands twice is refused.
#[derive(Deserialize)]
struct Jwk<'a> {
    kty: &'a str,
    crv: &'a str,
    x: &'a str,
    y: &'a str,
    d: Option<&'a str>,
}

impl Jwk<'_> {
    fn public(&self) -> Result<PublicKey, Error> {
        let coordinate =
            |text, field| number(text).ok_or(Error::new(Code::BadPublicKey).field(field));
        let mut xy = [0; 64];
        let (x, y) = xy.split_at_mut(32);
        x.copy_from_slice(&*coordinate(self.x, "x")?);
        y.copy_from_slice(&*coordinate(self.y, "y")?);
        public_key_from_coordinates(&xy)
    }
}

fn parse(json: &[u8]) -> Result<Jwk<'_>, Error> {
    if json.len() > limits::KEY_BYTES_MAX {
        return Err(Error::limit("KEY_BYTES_MAX"));
    }
    let jwk: Jwk<'_> =
        serde_json::from_slice(json).map_err(|_| Error::new(Code::BadJson).field("JWK"))?;
    let unsupported = |field| Err(Error::new(Code::UnsupportedAlgorithm).field(field));
    if jwk.kty != "EC" {
        return unsupported("kty");
    }
    // `SM2-P-256` is written by one login service.
    if !["sm2p256v1", "SM2", "SM2-P-256"].contains(&jwk.crv) {
        return unsupported("crv");
    }
    Ok(jwk)
}

/// 32 bytes in base64 for URLs, with their leading zeros.
fn number(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    let length = Base64UrlUnpadded::decode(text, &mut *bytes).ok()?.len();
    (length == 32).then_some(bytes)
}
