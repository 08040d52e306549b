//! Bare keys: x ‖ y, and the INTEGER and BIT STRING of GB/T 35276-2017, 7.1. d itself is read by
//! [`PrivateKey::from_bytes`], points by [`PublicKey::from_sec1`].

use zeroize::Zeroizing;

use super::private;
use crate::{
    error::{Code, Error},
    pki::tlv::{self, tag},
    primitives::sm2::{PrivateKey, PublicKey},
};

/// The public key of x ‖ y, 32 + 32 bytes big-endian.
///
/// # Errors
/// [`Code::BadPublicKey`] if that is no point of the curve.
pub fn public_key_from_coordinates(xy: &[u8; 64]) -> Result<PublicKey, Error> {
    let mut sec1 = [4; 65];
    for (to, from) in sec1.iter_mut().skip(1).zip(xy) {
        *to = *from;
    }
    PublicKey::from_sec1(&sec1)
}

/// x ‖ y, 32 + 32 bytes big-endian, with their leading zeros.
#[must_use]
pub fn public_key_to_coordinates(key: &PublicKey) -> [u8; 64] {
    let mut xy = [0; 64];
    for (to, from) in xy.iter_mut().zip(key.to_sec1().iter().skip(1)) {
        *to = *from;
    }
    xy
}

/// SM2PrivateKey ::= INTEGER (GB/T 35276-2017, 7.1).
///
/// # Errors
/// [`Code::BadKey`] if it is malformed or negative, [`Code::BadPrivateKey`] if it is out of range.
pub fn private_key_from_integer(der: &[u8]) -> Result<PrivateKey, Error> {
    let integer = tlv::only(der, 0, tag::INTEGER, Code::BadKey, "SM2PrivateKey")?;
    let bad = || integer.error("SM2PrivateKey");
    let digits = match integer.value {
        [] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => return Err(bad()),
        [0, digits @ ..] if !digits.is_empty() => digits,
        digits => digits,
    };
    PrivateKey::from_bytes(&*private::scalar(digits).map_err(|_| bad())?)
}

/// The SM2PrivateKey of [`private_key_from_integer`], in DER.
#[must_use]
pub fn private_key_to_integer(key: &PrivateKey) -> Zeroizing<Vec<u8>> {
    let d = key.expose_bytes();
    let zeros = d.iter().take_while(|&&byte| byte == 0).count();
    let digits = d.get(zeros..).unwrap_or_default();
    let sign: &[u8] = if digits.first().is_some_and(|&byte| byte >= 0x80) { &[0] } else { &[] };
    Zeroizing::new(tlv::wrap(tag::INTEGER, &[sign, digits]))
}

/// SM2PublicKey ::= BIT STRING (GB/T 35276-2017, 7.1): 04 ‖ x ‖ y or compressed.
///
/// # Errors
/// [`Code::BadKey`] if it is malformed, [`Code::BadPublicKey`] if it is no point of the curve.
pub fn public_key_from_bit_string(der: &[u8]) -> Result<PublicKey, Error> {
    let bits = tlv::only(der, 0, tag::BIT_STRING, Code::BadKey, "SM2PublicKey")?;
    PublicKey::from_sec1(bits.bits("SM2PublicKey")?)
}

/// The SM2PublicKey of [`public_key_from_bit_string`], in DER: 04 ‖ x ‖ y.
#[must_use]
pub fn public_key_to_bit_string(key: &PublicKey) -> Vec<u8> {
    tlv::wrap(tag::BIT_STRING, &[&[0], &key.to_sec1()])
}
