//! SM2 over the recommended curve of GB/T 32918.5-2017: keys, signatures (part 2), encryption (part 4).

use std::borrow::Cow;
use std::fmt;

use sm2::dsa::{
    SigningKey, VerifyingKey,
    signature::{Signer as _, Verifier as _},
};

use super::{rng, secret::Secret};
use crate::error::{Code, Error};

/// The signer's distinguishing identifier of GB/T 32918.2-2016, 5.5, which goes into every signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistId(Cow<'static, [u8]>);

impl DistId {
    /// `1234567812345678`, the default of GM/T 0009-2012, clause 10: certificates and seals use it.
    pub const DEFAULT: Self = Self(Cow::Borrowed(b"1234567812345678"));

    /// Any identifier of at most 8191 bytes (its length in bits is written in 16 bits).
    ///
    /// # Errors
    /// [`Code::BadDistId`] if it is longer.
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > 8191 {
            return Err(Error::new(Code::BadDistId));
        }
        Ok(Self(Cow::Owned(bytes.to_vec())))
    }

    /// The identifier's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A signature: r ‖ s, 32 + 32 bytes, big-endian, r and s in [1, n-1].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// From r ‖ s.
    ///
    /// # Errors
    /// [`Code::BadSignatureEncoding`] unless r and s are both in [1, n-1].
    pub fn from_bytes(bytes: &[u8; 64]) -> Result<Self, Error> {
        sm2::dsa::Signature::from_bytes(bytes.into())
            .map_err(|_| Error::new(Code::BadSignatureEncoding))?;
        Ok(Self(*bytes))
    }

    /// From DER SEQUENCE { r INTEGER, s INTEGER } (GM/T 0009-2012, 7.3): minimal, nothing trailing.
    ///
    /// # Errors
    /// [`Code::BadSignatureEncoding`] otherwise.
    pub fn from_der(bytes: &[u8]) -> Result<Self, Error> {
        let bad = Error::new(Code::BadSignatureEncoding);
        let (r, s) = der_pair(bytes).ok_or(bad.clone())?;
        let mut raw = [0; 64];
        for (half, value) in raw.chunks_mut(32).zip([r, s]) {
            let start = half.len().checked_sub(value.len()).ok_or(bad.clone())?;
            half[start..].copy_from_slice(value);
        }
        Self::from_bytes(&raw)
    }

    /// r ‖ s.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; 64] {
        self.0
    }

    /// DER SEQUENCE { r INTEGER, s INTEGER }: 8 to 72 bytes.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(72);
        for half in self.0.chunks(32) {
            let start = half.iter().position(|&byte| byte != 0).unwrap_or(31);
            let value = &half[start..];
            let sign = usize::from(value[0] >= 0x80);
            body.extend([0x02, (value.len() + sign) as u8]);
            body.extend(std::iter::repeat_n(0, sign));
            body.extend(value);
        }
        let mut der = vec![0x30, body.len() as u8];
        der.extend(body);
        der
    }
}

fn der_pair(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    use der::{Decode, asn1::UintRef};
    #[derive(der::Sequence)]
    struct Pair<'a> {
        r: UintRef<'a>,
        s: UintRef<'a>,
    }
    let pair = Pair::from_der(bytes).ok()?;
    Some((pair.r.as_bytes(), pair.s.as_bytes()))
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// A public key: a point of the curve, not the point at infinity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    sec1: [u8; 65],
}

impl PublicKey {
    /// From 04 ‖ x ‖ y (65 bytes) or the compressed form 02 or 03 ‖ x (33 bytes), big-endian.
    ///
    /// # Errors
    /// [`Code::BadPublicKey`] if it is anything else or not on the curve.
    pub fn from_sec1(bytes: &[u8]) -> Result<Self, Error> {
        use sm2::elliptic_curve::sec1::ToSec1Point;
        let key =
            sm2::PublicKey::from_sec1_bytes(bytes).map_err(|_| Error::new(Code::BadPublicKey))?;
        let point = key.to_sec1_point(false);
        let sec1 = point.as_bytes().try_into().map_err(|_| Error::new(Code::BadPublicKey))?;
        Ok(Self { sec1 })
    }

    /// 04 ‖ x ‖ y.
    #[must_use]
    pub const fn to_sec1(&self) -> [u8; 65] {
        self.sec1
    }

    /// Verifies `signature` over `message` with this key and the signer's identifier
    /// (GB/T 32918.2-2016, clause 7). Variable time: all inputs are public.
    ///
    /// # Errors
    /// [`Code::BadSignature`] if any of B1 to B7 rejects. Which one is deliberately not told.
    pub fn verify(&self, message: &[u8], signature: &Signature, id: &DistId) -> Result<(), Error> {
        let bad = || Error::new(Code::BadSignature);
        let id = std::str::from_utf8(id.as_bytes()).map_err(|_| bad())?;
        let key = VerifyingKey::from_sec1_bytes(id, &self.sec1).map_err(|_| bad())?;
        let signature =
            sm2::dsa::Signature::from_bytes((&signature.0).into()).map_err(|_| bad())?;
        key.verify(message, &signature).map_err(|_| bad())
    }
}

/// A private key: d in [1, n-2], 32 bytes big-endian (GB/T 32918.1-2016, 6.1).
pub struct PrivateKey {
    d: Secret<32>,
    public: PublicKey,
}

impl PrivateKey {
    /// A new key from the operating system's randomness.
    ///
    /// # Errors
    /// [`Code::NoRandomness`].
    pub fn generate() -> Result<Self, Error> {
        loop {
            let d = Secret::<32>::fill_with(|bytes| rng::fill(bytes))?;
            if let Ok(key) = Self::from_bytes(d.expose()) {
                return Ok(key);
            }
        }
    }

    /// From d, 32 bytes big-endian. The caller zeroises its own copy.
    ///
    /// # Errors
    /// [`Code::BadPrivateKey`] unless d is in [1, n-2].
    pub fn from_bytes(d: &[u8; 32]) -> Result<Self, Error> {
        let key = SigningKey::from_slice("1234567812345678", d)
            .map_err(|_| Error::new(Code::BadPrivateKey))?;
        let public = PublicKey::from_sec1(&key.verifying_key().to_sec1_bytes())?;
        Ok(Self { d: Secret::copy_of(d), public })
    }

    /// d, 32 bytes big-endian.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8; 32] {
        self.d.expose()
    }

    /// The public key [d]G.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs `message` under the signer's identifier (GB/T 32918.2-2016, clause 6). Constant time in d.
    ///
    /// # Errors
    /// [`Code::NoRandomness`].
    pub fn sign(&self, message: &[u8], id: &DistId) -> Result<Signature, Error> {
        let id = std::str::from_utf8(id.as_bytes()).map_err(|_| Error::new(Code::BadDistId))?;
        let key = SigningKey::from_slice(id, self.d.expose())
            .map_err(|_| Error::new(Code::BadPrivateKey))?;
        Ok(Signature(key.sign(message).to_bytes().into()))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}
