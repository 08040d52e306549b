//! Nonces for signing: the HMAC-DRBG of RFC 6979, 3.2, with HMAC-SM3, over the private key, the digest
//! and fresh randomness as its additional data (3.6).
//!
//! Should the operating system's generator fail or repeat itself, the nonce is still different for
//! each digest and unknown without the key; should SM3 be weaker than thought, or a fault be
//! injected, it is still fresh.

use digest::{KeyInit as _, Mac as _};
use zeroize::Zeroizing;

use super::scalar::Scalar;
use crate::{
    error::{Code, Error},
    primitives::sm3::{Digest, HmacSm3},
};

/// A source of nonces in [1, n-1], uniform by rejection.
pub(super) struct Nonces {
    k: Zeroizing<[u8; 32]>,
    v: Zeroizing<[u8; 32]>,
}

impl Nonces {
    /// Steps b to g of RFC 6979, 3.2, for the private key d, the digest e and additional data.
    pub(super) fn new(d: &[u8; 32], e: &Digest, random: &[u8; 32]) -> Result<Self, Error> {
        let e = Scalar::from_bytes_reduced(e).to_bytes(); // bits2octets
        let mut state = Self { k: Zeroizing::new([0; 32]), v: Zeroizing::new([1; 32]) };
        for separator in [0, 1] {
            state.k = state.hmac(&[&[separator], d, &e, random])?;
            state.v = state.hmac(&[])?;
        }
        Ok(state)
    }

    /// The next nonce: step h.
    pub(super) fn next(&mut self) -> Result<Zeroizing<Scalar>, Error> {
        loop {
            self.v = self.hmac(&[])?;
            if let Some(k) = Scalar::from_bytes_nonzero(&self.v) {
                self.k = self.hmac(&[&[0]])?;
                self.v = self.hmac(&[])?;
                return Ok(Zeroizing::new(k));
            }
            self.k = self.hmac(&[&[0]])?;
            self.v = self.hmac(&[])?;
        }
    }

    /// HMAC_K(V ‖ parts).
    fn hmac(&self, parts: &[&[u8]]) -> Result<Zeroizing<[u8; 32]>, Error> {
        let mut mac = HmacSm3::new_from_slice(&*self.k).map_err(|_| Error::new(Code::BadLength))?;
        mac.update(&*self.v);
        for part in parts {
            mac.update(part);
        }
        Ok(Zeroizing::new(mac.finalize().into_bytes().into()))
    }
}
