//! The ciphertext value and its three layouts, of which each must be named: SM2Cipher of
//! GM/T 0009-2012, 7.2 (DER), C1 ‖ C3 ‖ C2 of GB/T 32918.4-2016, and the older C1 ‖ C2 ‖ C3.

use std::fmt;

use der::{
    Decode as _,
    asn1::{OctetStringRef, UintRef},
};

use super::{encode, point::Affine};
use crate::{
    error::{Code, Error},
    limits,
};

/// An SM2 ciphertext: the point C1, the check value C3 and the encrypted bytes C2.
///
/// Reading one checks its layout; whether C1 is on the curve and C3 fits is for decryption to say.
#[derive(Clone, PartialEq, Eq)]
pub struct Ciphertext {
    pub(super) x: [u8; 32],
    pub(super) y: [u8; 32],
    pub(super) c3: [u8; 32],
    pub(super) c2: Vec<u8>,
}

impl Ciphertext {
    /// From DER SEQUENCE { x INTEGER, y INTEGER, hash OCTET STRING, cipher OCTET STRING }
    /// (GM/T 0009-2012, 7.2): minimal, nothing trailing.
    ///
    /// # Errors
    /// [`Code::BadCiphertext`] otherwise; a limit error above
    /// [`limits::SM2_PLAINTEXT_BYTES_MAX`].
    pub fn from_der(bytes: &[u8]) -> Result<Self, Error> {
        #[derive(der::Sequence)]
        struct Sm2Cipher<'a> {
            x: UintRef<'a>,
            y: UintRef<'a>,
            hash: &'a OctetStringRef,
            cipher: &'a OctetStringRef,
        }
        let bad = || Error::new(Code::BadCiphertext).field("ciphertext");
        let cipher = Sm2Cipher::from_der(bytes).map_err(|_| bad())?;
        Self::new(
            encode::pad(cipher.x.as_bytes()).ok_or_else(bad)?,
            encode::pad(cipher.y.as_bytes()).ok_or_else(bad)?,
            cipher.hash.as_bytes().try_into().map_err(|_| bad())?,
            cipher.cipher.as_bytes(),
        )
    }

    /// From C1 ‖ C3 ‖ C2 (GB/T 32918.4-2016, 6.1), with C1 = 04 ‖ x ‖ y: 97 bytes and the message's.
    ///
    /// # Errors
    /// [`Code::BadCiphertext`] if the first byte is not 04 or C2 is empty; a limit error above
    /// [`limits::SM2_PLAINTEXT_BYTES_MAX`].
    pub fn from_c1c3c2(bytes: &[u8]) -> Result<Self, Error> {
        let (x, y, rest) =
            split_c1(bytes).ok_or(Error::new(Code::BadCiphertext).field("ciphertext"))?;
        let (c3, c2) =
            rest.split_first_chunk().ok_or(Error::new(Code::BadCiphertext).field("ciphertext"))?;
        Self::new(*x, *y, *c3, c2)
    }

    /// From C1 ‖ C2 ‖ C3, the order before 2012, with C1 = 04 ‖ x ‖ y. Nothing in the bytes tells
    /// the two orders apart.
    ///
    /// # Errors
    /// [`Code::BadCiphertext`] if the first byte is not 04 or C2 is empty; a limit error above
    /// [`limits::SM2_PLAINTEXT_BYTES_MAX`].
    pub fn from_c1c2c3(bytes: &[u8]) -> Result<Self, Error> {
        let (x, y, rest) =
            split_c1(bytes).ok_or(Error::new(Code::BadCiphertext).field("ciphertext"))?;
        let (c2, c3) =
            rest.split_last_chunk().ok_or(Error::new(Code::BadCiphertext).field("ciphertext"))?;
        Self::new(*x, *y, *c3, c2)
    }

    /// The DER form of [`Self::from_der`].
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.c2.len() + 110);
        encode::integer(&mut body, &self.x);
        encode::integer(&mut body, &self.y);
        for bytes in [&self.c3[..], &self.c2] {
            encode::header(&mut body, 0x04, bytes.len());
            body.extend(bytes);
        }
        encode::sequence(&body)
    }

    /// C1 ‖ C3 ‖ C2, with C1 = 04 ‖ x ‖ y.
    #[must_use]
    pub fn to_c1c3c2(&self) -> Vec<u8> {
        [&[4], &self.x[..], &self.y, &self.c3, &self.c2].concat()
    }

    /// C1 ‖ C2 ‖ C3, with C1 = 04 ‖ x ‖ y.
    #[must_use]
    pub fn to_c1c2c3(&self) -> Vec<u8> {
        [&[4], &self.x[..], &self.y, &self.c2, &self.c3].concat()
    }

    /// Whether C1 is a point of the curve: if it is not, nothing decrypts it.
    pub(crate) fn is_on_curve(&self) -> bool {
        Affine::from_bytes(&self.x, &self.y).is_some()
    }

    fn new(x: [u8; 32], y: [u8; 32], c3: [u8; 32], c2: &[u8]) -> Result<Self, Error> {
        if c2.is_empty() {
            return Err(Error::new(Code::BadCiphertext).field("ciphertext"));
        }
        if c2.len() > limits::SM2_PLAINTEXT_BYTES_MAX {
            return Err(Error::limit("SM2_PLAINTEXT_BYTES_MAX"));
        }
        Ok(Self { x, y, c3, c2: c2.to_vec() })
    }
}

impl fmt::Debug for Ciphertext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        encode::debug_hex(f, "Ciphertext", &self.to_c1c3c2())
    }
}

/// x, y and what follows, from 04 ‖ x ‖ y ‖ …
fn split_c1(bytes: &[u8]) -> Option<(&[u8; 32], &[u8; 32], &[u8])> {
    let (&4, rest) = bytes.split_first()? else { return None };
    let (x, rest) = rest.split_first_chunk()?;
    let (y, rest) = rest.split_first_chunk()?;
    Some((x, y, rest))
}
