//! The signature value: r ‖ s, and its DER form of GM/T 0009-2012, 7.3. Only one encoding of each is
//! accepted, so that a signature has one form.

use std::fmt;

use der::{Decode as _, asn1::UintRef};

use super::{encode, scalar::Scalar};
use crate::error::{Code, Error};

/// A signature: r ‖ s, 32 + 32 bytes, big-endian, r and s in [1, n-1].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// From r ‖ s.
    ///
    /// # Errors
    /// [`Code::BadSignatureEncoding`] unless r and s are both in [1, n-1].
    pub fn from_bytes(bytes: &[u8; 64]) -> Result<Self, Error> {
        let in_range = |half| Scalar::from_bytes_nonzero(half).is_some();
        if !bytes.as_chunks::<32>().0.iter().all(in_range) {
            return Err(Error::new(Code::BadSignatureEncoding).field("signature"));
        }
        Ok(Self(*bytes))
    }

    /// From DER SEQUENCE { r INTEGER, s INTEGER } (GM/T 0009-2012, 7.3): minimal, nothing trailing.
    ///
    /// # Errors
    /// [`Code::BadSignatureEncoding`] otherwise, or unless r and s are both in [1, n-1].
    pub fn from_der(bytes: &[u8]) -> Result<Self, Error> {
        #[derive(der::Sequence)]
        struct Pair<'a> {
            r: UintRef<'a>,
            s: UintRef<'a>,
        }
        let pair = Pair::from_der(bytes).ok();
        let halves = pair.and_then(|pair| {
            Some([encode::pad(pair.r.as_bytes())?, encode::pad(pair.s.as_bytes())?])
        });
        let [r, s] = halves.ok_or(Error::new(Code::BadSignatureEncoding).field("signature"))?;
        Self::from_bytes(&Self::join(&r, &s).0)
    }

    /// r ‖ s.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; 64] {
        self.0
    }

    /// DER SEQUENCE { r INTEGER, s INTEGER }: 8 to 72 bytes.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(70);
        for half in self.0.as_chunks::<32>().0 {
            encode::integer(&mut body, half);
        }
        encode::sequence(&body)
    }

    /// From r and s that are known to be in range.
    pub(super) fn new(r: &Scalar, s: &Scalar) -> Self {
        Self::join(&r.to_bytes(), &s.to_bytes())
    }

    /// r and s.
    pub(super) fn scalars(&self) -> (Scalar, Scalar) {
        let [r, s] = [0, 1].map(|i| Scalar::from_bytes_reduced(&self.0.as_chunks::<32>().0[i]));
        (r, s)
    }

    fn join(r: &[u8; 32], s: &[u8; 32]) -> Self {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(r);
        bytes[32..].copy_from_slice(s);
        Self(bytes)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        encode::debug_hex(f, "Signature", &self.0)
    }
}
