//! Private keys: ECPrivateKey (SEC1; GM/T 0009-2012, 7.1 for its INTEGER) and PKCS#8 around it.

use const_oid::ObjectIdentifier;
use der::{
    Decode as _, Encode as _, Sequence, SliceReader, Tag, Tagged as _,
    asn1::{AnyRef, BitStringRef, OctetStringRef},
};
use spki::AlgorithmIdentifier;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{SM2_KEY, require_sm2};
use crate::{
    error::{Code, Error},
    pki::{
        oid,
        tlv::{self, tag},
    },
    primitives::sm2::{PrivateKey, PublicKey},
};

/// What a DER private key is.
pub(super) enum Kind {
    /// PrivateKeyInfo: a version, then the algorithm.
    Pkcs8,
    /// EncryptedPrivateKeyInfo: the algorithm, then an OCTET STRING.
    Encrypted,
    /// ECPrivateKey: a version, then an OCTET STRING.
    Sec1,
}

pub(super) fn kind(der: &[u8]) -> Result<Kind, Error> {
    let tags = || {
        let content = AnyRef::from_der(der).ok()?;
        let mut reader = SliceReader::new(content.value()).ok()?;
        let first = AnyRef::decode(&mut reader).ok()?.tag();
        let second = AnyRef::decode(&mut reader).ok()?.tag();
        (content.tag() == Tag::Sequence).then_some((first, second))
    };
    match tags() {
        Some((Tag::Integer, Tag::Sequence)) => Ok(Kind::Pkcs8),
        Some((Tag::Sequence, Tag::OctetString)) => Ok(Kind::Encrypted),
        Some((Tag::Integer, Tag::OctetString)) => Ok(Kind::Sec1),
        Some(_) | None => Err(bad()),
    }
}

/// PrivateKeyInfo or OneAsymmetricKey (RFC 5208, 5; RFC 5958, 2).
pub(super) fn from_pkcs8(der: &[u8]) -> Result<PrivateKey, Error> {
    let mut parts = tlv::only(der, 0, tag::SEQUENCE, Code::BadKey, "PrivateKeyInfo")?.inside();
    let version = parts.required(tag::INTEGER, "version")?;
    if !matches!(version.value, [0 | 1]) {
        return Err(version.error("version"));
    }
    let algorithm = parts.required(tag::SEQUENCE, "algorithm")?;
    let key = parts.required(tag::OCTET_STRING, "privateKey")?.value;
    // Attributes say nothing of the key.
    parts.take(tag::CONTEXT_0, "attributes")?;
    // The public key again: of version 1 by RFC 5958, but right or wrong in either.
    let public = match parts.take(tag::CONTEXT_1_PRIMITIVE, "publicKey")? {
        Some(element) => Some(element.retagged(tag::BIT_STRING).bits("publicKey")?),
        None => None,
    };
    parts.finish("PrivateKeyInfo")?;
    require_sm2(
        &AlgorithmIdentifier::from_der(algorithm.raw).map_err(|_| algorithm.error("algorithm"))?,
    )?;
    let key = decode_sec1(key, Curve::Known)?;
    public.map_or(Ok(()), |point| require_own(&key, point))?;
    Ok(key)
}

pub(super) fn from_sec1(der: &[u8]) -> Result<PrivateKey, Error> {
    decode_sec1(der, Curve::InKey)
}

pub(super) fn to_pkcs8(key: &PrivateKey) -> Result<Zeroizing<Vec<u8>>, Error> {
    let point = key.public().to_sec1();
    let encode = || -> der::Result<_> {
        let inner = EcPrivateKey {
            version: 1,
            private_key: OctetStringRef::new(key.expose_bytes())?,
            parameters: None,
            public_key: Some(BitStringRef::from_bytes(&point)?),
        };
        let inner = Zeroizing::new(inner.to_der()?);
        let outer = PrivateKeyInfo {
            version: 0,
            algorithm: SM2_KEY,
            private_key: OctetStringRef::new(&inner)?,
        };
        Ok(Zeroizing::new(outer.to_der()?))
    };
    encode().map_err(|_| bad())
}

/// ECPrivateKey with its curve and public key, as it stands alone (RFC 5915, 3).
pub(super) fn to_sec1(key: &PrivateKey) -> Result<Zeroizing<Vec<u8>>, Error> {
    let point = key.public().to_sec1();
    let encode = || -> der::Result<_> {
        let key = EcPrivateKey {
            version: 1,
            private_key: OctetStringRef::new(key.expose_bytes())?,
            parameters: Some(oid::SM2),
            public_key: Some(BitStringRef::from_bytes(&point)?),
        };
        Ok(Zeroizing::new(key.to_der()?))
    };
    encode().map_err(|_| bad())
}

/// Where the curve is named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Curve {
    /// Outside, and it is SM2.
    Known,
    /// In the key itself.
    InKey,
}

#[derive(Sequence)]
struct PrivateKeyInfo<'a> {
    version: u8,
    algorithm: AlgorithmIdentifier<ObjectIdentifier>,
    private_key: &'a OctetStringRef,
}

#[derive(Sequence)]
struct EcPrivateKey<'a> {
    version: u8,
    private_key: &'a OctetStringRef,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    parameters: Option<ObjectIdentifier>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    public_key: Option<BitStringRef<'a>>,
}

fn decode_sec1(der: &[u8], curve: Curve) -> Result<PrivateKey, Error> {
    let parsed = EcPrivateKey::from_der(der).map_err(|_| bad().field("ECPrivateKey"))?;
    if parsed.version != 1 {
        return Err(bad().field("version"));
    }
    // A curve that stands nowhere is settled by a public key that fits.
    let settled = curve == Curve::Known || parsed.public_key.is_some();
    if parsed.parameters.map_or(!settled, |curve| curve != oid::SM2) {
        return Err(Error::new(Code::UnsupportedAlgorithm).field("parameters"));
    }
    let key = PrivateKey::from_bytes(&*scalar(parsed.private_key.as_bytes())?)?;
    if let Some(public) = parsed.public_key {
        require_own(&key, public.as_bytes().ok_or_else(|| bad().field("publicKey"))?)?;
    }
    Ok(key)
}

/// A public key beside the private one must be its own.
fn require_own(key: &PrivateKey, point: &[u8]) -> Result<(), Error> {
    match PublicKey::from_sec1(point) {
        Ok(public) if public == *key.public() => Ok(()),
        Ok(_) | Err(_) => Err(Error::new(Code::KeyMismatch).field("key")),
    }
}

/// d as 32 bytes. Some writers drop leading zero bytes or add one.
pub(super) fn scalar(bytes: &[u8]) -> Result<Zeroizing<[u8; 32]>, Error> {
    let mut d = Zeroizing::new([0; 32]);
    let extra = bytes.len().saturating_sub(32);
    let (surplus, value) = bytes.split_at_checked(extra).ok_or_else(bad)?;
    if !(surplus.is_empty() || bool::from(surplus.ct_eq(&[0]))) {
        return Err(Error::new(Code::BadPrivateKey).field("privateKey"));
    }
    let start = 32 - value.len();
    d.get_mut(start..).ok_or_else(bad)?.copy_from_slice(value);
    Ok(d)
}

fn bad() -> Error {
    Error::new(Code::BadKey).field("privateKey")
}
