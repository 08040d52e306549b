//! CBC (GB/T 17964-2021, clause 6), bare or with PKCS#7 padding; whole or piece by piece.
//!
//! Encryption is one chain: block by block, but many messages go side by side. Decryption takes many
//! blocks at a time.
//!
//! CBC does not notice changes. Whoever decrypts data that an attacker can choose, and lets him see
//! whether the padding was right, gives the plaintext away: check a MAC first, or use
//! [`gcm`](super::gcm).

use std::fmt;

use cipher::KeyInit as _;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _, ConstantTimeLess as _};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::{
    Backend, Block, Chain, Sm4,
    lanes::{self, Lane},
    whole_blocks,
};
use crate::{
    error::{Code, Error},
    primitives::{
        ct,
        selftest::{in_service, ready},
    },
};

/// Encrypts `data`, whole blocks, in place.
///
/// # Errors
/// [`Code::BadLength`] unless the length is a multiple of 16; `data` is then unchanged.
pub fn encrypt_in_place(cipher: &Sm4, iv: &Block, data: &mut [u8]) -> Result<(), Error> {
    cipher.keys.chain(Chain::Cbc, &mut { *iv }, whole_blocks(data)?);
    Ok(())
}

/// Encrypts many messages in place, each whole blocks with an IV of its own, of any lengths.
///
/// The chains run side by side: 16 of them take little longer than one.
///
/// # Errors
/// [`Code::BadLength`] unless every length is a multiple of 16; nothing is then changed.
pub fn encrypt_many(cipher: &Sm4, messages: &mut [(Block, &mut [u8])]) -> Result<(), Error> {
    in_service()?;
    if messages.iter().any(|(_, data)| !data.len().is_multiple_of(16)) {
        return Err(Error::new(Code::BadLength).field("length"));
    }
    let lanes =
        messages.iter_mut().map(|(iv, data)| Lane { state: *iv, rest: data.as_chunks_mut().0 });
    lanes::encrypt(&cipher.keys, lanes.filter(|lane| !lane.rest.is_empty()));
    Ok(())
}

/// Decrypts `data`, whole blocks, in place.
///
/// # Errors
/// [`Code::BadLength`] unless the length is a multiple of 16; `data` is then unchanged.
pub fn decrypt_in_place(cipher: &Sm4, iv: &Block, data: &mut [u8]) -> Result<(), Error> {
    cipher.keys.cbc_decrypt(&mut { *iv }, whole_blocks(data)?);
    Ok(())
}

/// Encrypts `plaintext`, padded to whole blocks: the result has 1 to 16 bytes more.
#[must_use]
pub fn encrypt_padded(key: &Block, iv: &Block, plaintext: &[u8]) -> Vec<u8> {
    let count = 16 - plaintext.len() % 16;
    let mut data = Vec::with_capacity(plaintext.len() + count);
    data.extend_from_slice(plaintext);
    data.resize(plaintext.len() + count, count as u8);
    let keys = Sm4::new(key.into()).keys;
    keys.chain(Chain::Cbc, &mut { *iv }, data.as_chunks_mut().0);
    data
}

/// Decrypts and removes the padding.
///
/// The padding is checked in constant time. Variable time is what the caller is told anyway: whether
/// it was right, and by the length of the result, how long it was.
///
/// # Errors
/// [`Code::BadPadding`] if the length is not a positive multiple of 16 or the padding is wrong.
pub fn decrypt_padded(
    key: &Block,
    iv: &Block,
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    ready(Backend::default())?;
    let bad = || Error::new(Code::BadPadding).field("padding");
    let mut data = Zeroizing::new(ciphertext.to_vec());
    decrypt_in_place(&Sm4::new(key.into()), iv, &mut data).map_err(|_| bad())?;
    let last = data.last_chunk().ok_or_else(bad)?;
    let (count, right) = padding(last);
    // Both are what the caller is told.
    if ct::declassify(right.unwrap_u8()) == 0 {
        return Err(bad());
    }
    let length = data.len() - usize::from(ct::declassify(count));
    data.truncate(length);
    Ok(data)
}

/// An encryption piece by piece. Its key is zeroised on drop.
///
/// It implements `BlockModeEncrypt` of the crate `cipher`, which pads.
#[derive(Clone)]
pub struct Encryptor {
    pub(super) cipher: Sm4,
    /// The ciphertext block before the next piece.
    pub(super) previous: Block,
}

impl Encryptor {
    /// An encryption that starts with `iv`.
    #[must_use]
    pub const fn new(cipher: Sm4, iv: &Block) -> Self {
        Self { cipher, previous: *iv }
    }

    /// Encrypts the next piece, whole blocks, in place.
    ///
    /// # Errors
    /// [`Code::BadLength`] unless the length is a multiple of 16; nothing is then changed.
    pub fn encrypt_in_place(&mut self, data: &mut [u8]) -> Result<(), Error> {
        self.cipher.keys.chain(Chain::Cbc, &mut self.previous, whole_blocks(data)?);
        Ok(())
    }
}

/// A decryption piece by piece. Its key is zeroised on drop.
///
/// It implements `BlockModeDecrypt` of the crate `cipher`, which removes padding: in variable time,
/// unlike [`decrypt_padded`].
#[derive(Clone)]
pub struct Decryptor {
    pub(super) cipher: Sm4,
    /// The ciphertext block before the next piece.
    pub(super) previous: Block,
}

impl Decryptor {
    /// A decryption that starts with `iv`.
    #[must_use]
    pub const fn new(cipher: Sm4, iv: &Block) -> Self {
        Self { cipher, previous: *iv }
    }

    /// Decrypts the next piece, whole blocks, in place.
    ///
    /// # Errors
    /// [`Code::BadLength`] unless the length is a multiple of 16; nothing is then changed.
    pub fn decrypt_in_place(&mut self, data: &mut [u8]) -> Result<(), Error> {
        self.cipher.keys.cbc_decrypt(&mut self.previous, whole_blocks(data)?);
        Ok(())
    }
}

impl fmt::Debug for Encryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encryptor(..)")
    }
}

impl fmt::Debug for Decryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decryptor(..)")
    }
}

// The key zeroises itself; the block before is ciphertext.
impl ZeroizeOnDrop for Encryptor {}
impl ZeroizeOnDrop for Decryptor {}

/// The number of padding bytes in the last block, 1 to 16, and whether they are right.
fn padding(last: &Block) -> (u8, Choice) {
    let count = last[15];
    let mut right = !count.ct_eq(&0) & count.ct_lt(&17);
    for (back, byte) in (1..=16u8).zip(last.iter().rev()) {
        // A byte beyond the padding, whatever it is, counts as equal.
        let inside = !count.ct_lt(&back);
        right &= u8::conditional_select(&count, byte, inside).ct_eq(&count);
    }
    (count, right)
}
