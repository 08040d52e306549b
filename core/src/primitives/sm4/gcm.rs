//! GCM, authenticated encryption (GB/T 36624-2018, mechanism 5; SP 800-38D; RFC 8998 for TLS).
//!
//! A nonce must never come back under one key: two messages with the same nonce give away both
//! plaintexts and the key of the authentication. Opening checks the tag, in constant time, before a
//! byte is decrypted, but for what is named `unverified`.

mod pieces;

use std::fmt;

use aead::{
    AeadCore, AeadInOut, TagPosition,
    consts::{U12, U16},
    inout::InOutBuf,
};
use cipher::{Key, KeyInit, KeySizeUser};
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use super::{
    Block, Sm4,
    ghash::{Hash, HashKey},
};
use crate::{
    error::{Code, Error},
    limits,
    primitives::{ct, selftest::in_service},
};

pub use pieces::{Authenticator, Decryptor, Encryptor};

/// A whole tag. It may be cut to 12 bytes or more.
pub type Tag = [u8; 16];

/// What the widest kernel takes at a time, in bytes.
const BATCH: usize = 96 * 16;

/// The text between two visits of GHASH: what it reads is then still near.
const STRIDE: usize = BATCH;

/// An expanded key for GCM. Zeroised on drop, never printed.
///
/// It implements [`AeadInOut`] with the usual 12-byte nonce and 16-byte tag; the methods here also take
/// nonces of other lengths and shorter tags.
#[derive(Clone)]
pub struct Gcm {
    cipher: Sm4,
    hash: HashKey,
}

impl Gcm {
    /// GCM under the expanded key `cipher`.
    #[must_use]
    pub fn with_cipher(cipher: Sm4) -> Self {
        let mut h = Zeroizing::new([0; 16]); // H = E(0)
        cipher.keys.encrypt(std::slice::from_mut(&mut h));
        let hash = HashKey::new(&cipher.keys, &h);
        Self { cipher, hash }
    }

    /// Encrypts `data` in place and returns the tag over `aad` and the ciphertext.
    ///
    /// # Errors
    /// [`Code::BadLength`] if `nonce` is empty; [`Code::LimitReached`] if `data` is longer than
    /// [`limits::SM4_GCM_TEXT_BYTES_MAX`], or `nonce` or `aad` longer than
    /// [`limits::SM4_GCM_HASHED_BYTES_MAX`]. `data` is then unchanged.
    pub fn seal_in_place(&self, nonce: &[u8], aad: &[u8], data: &mut [u8]) -> Result<Tag, Error> {
        in_service()?;
        check_lengths(nonce.len() as u64, aad.len() as u64, data.len() as u64)?;
        let j0 = self.j0(nonce);
        let ends = self.ends(&j0, data.len());
        let mut hash = self.hash.start();
        hash.update(aad);
        let lengths = lengths(aad.len(), data.len());
        let (bulk, tail) = data.split_at_mut(data.len() / BATCH * BATCH);
        for (index, stride) in bulk.chunks_mut(STRIDE).enumerate() {
            self.xor_keystream(&j0, 1 + (index * STRIDE / 16) as u32, stride);
            hash.update(stride);
        }
        ends.xor_tail(tail);
        update_with_end(&mut hash, tail, lengths);
        Ok(ends.mask(hash.finish()))
    }

    /// Decrypts `data` in place if `tag`, of 12 to 16 bytes, is right for it and `aad`.
    ///
    /// # Errors
    /// [`Code::BadCiphertext`] if the tag is wrong; [`Code::BadLength`] for a tag of another length; or
    /// as [`Gcm::seal_in_place`]. `data` is then still the ciphertext.
    pub fn open_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<(), Error> {
        in_service()?;
        check_lengths(nonce.len() as u64, aad.len() as u64, data.len() as u64)?;
        if !(12..=16).contains(&tag.len()) {
            return Err(Error::new(Code::BadLength).field("tag"));
        }
        let j0 = self.j0(nonce);
        let ends = self.ends(&j0, data.len());
        let mut hash = self.hash.start();
        hash.update(aad);
        let (bulk, tail) = data.split_at(data.len() / BATCH * BATCH);
        hash.update(bulk);
        update_with_end(&mut hash, tail, lengths(aad.len(), data.len()));
        let right = ends.mask(hash.finish());
        if !ct::equal(&right[..tag.len()], tag) {
            return Err(Error::new(Code::BadCiphertext).field("ciphertext"));
        }
        let (bulk, tail) = data.split_at_mut(data.len() / BATCH * BATCH);
        self.xor_keystream(&j0, 1, bulk);
        ends.xor_tail(tail);
        Ok(())
    }

    /// The ciphertext of `plaintext` with the 16-byte tag after it.
    ///
    /// # Errors
    /// As [`Gcm::seal_in_place`].
    pub fn seal(&self, nonce: &[u8], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        let mut data = Vec::with_capacity(plaintext.len() + 16);
        data.extend_from_slice(plaintext);
        let tag = self.seal_in_place(nonce, aad, &mut data)?;
        data.extend_from_slice(&tag);
        Ok(data)
    }

    /// The plaintext of `sealed`, a ciphertext with its 16-byte tag after it.
    ///
    /// # Errors
    /// [`Code::BadLength`] if `sealed` is shorter than a tag; or as [`Gcm::open_in_place`].
    pub fn open(
        &self,
        nonce: &[u8],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (ciphertext, tag) = sealed
            .split_last_chunk::<16>()
            .ok_or_else(|| Error::new(Code::BadLength).field("length"))?;
        let mut data = Zeroizing::new(ciphertext.to_vec());
        self.open_in_place(nonce, aad, &mut data, tag)?;
        Ok(data)
    }

    /// J0 of `nonce` (SP 800-38D, 7.1, step 2).
    fn j0(&self, nonce: &[u8]) -> J0 {
        let mut j0 = [0; 16];
        if nonce.len() == 12 {
            j0[..12].copy_from_slice(nonce);
            j0[15] = 1;
            return J0::Public(j0);
        }
        let mut hash = self.hash.start();
        hash.update(nonce);
        hash.update(&lengths(0, nonce.len()));
        J0::Secret(hash.finish())
    }

    /// E(J0) and the keystream for the end of a text of `length` bytes.
    fn ends(&self, j0: &J0, length: usize) -> Ends {
        let tail = (length % BATCH).div_ceil(16);
        let first = (length / BATCH * (BATCH / 16)) as u32 + 1;
        let mut ends = Ends([[0; 16]; 1 + BATCH / 16]);
        let blocks = &mut ends.0[..=tail];
        if length < BATCH {
            // They follow each other.
            self.xor_keystream(j0, 0, blocks.as_flattened_mut());
            return ends;
        }
        blocks[0] = j0.counter(0).to_be_bytes();
        for (block, skip) in blocks[1..].iter_mut().zip(first..) {
            *block = j0.counter(skip).to_be_bytes();
        }
        self.cipher.keys.encrypt(blocks);
        ends
    }

    /// Adds the keystream that starts `skip` blocks after `j0` to `data`, whole batches.
    fn xor_keystream(&self, j0: &J0, skip: u32, data: &mut [u8]) {
        match j0 {
            // It starts at 1, and no text is so long that it wraps.
            J0::Public(_) => self.cipher.keys.xor_keystream(j0.counter(skip), data),
            // Where the counter wraps is secret: the counter of each block is computed.
            J0::Secret(_) => {
                let mut stream = Zeroizing::new([[0; 16]; BATCH / 16]);
                for (chunk, skip) in data.chunks_mut(BATCH).zip((skip..).step_by(BATCH / 16)) {
                    for (block, skip) in stream.iter_mut().zip(skip..) {
                        *block = j0.counter(skip).to_be_bytes();
                    }
                    self.cipher.keys.encrypt(&mut *stream);
                    xor(chunk, stream.as_flattened());
                }
            }
        }
    }
}

/// The block from which the counter starts. Zeroised on drop.
enum J0 {
    /// A nonce of 12 bytes, and 1.
    Public(Block),
    /// The hash of another nonce, under H, which it would give away.
    Secret(Block),
}

impl J0 {
    /// The counter `skip` blocks after this one: only its low 32 bits count (inc32).
    fn counter(&self, skip: u32) -> u128 {
        let (Self::Public(block) | Self::Secret(block)) = self;
        let start = u128::from_be_bytes(*block);
        start >> 32 << 32 | u128::from((start as u32).wrapping_add(skip))
    }
}

impl Drop for J0 {
    fn drop(&mut self) {
        let (Self::Public(block) | Self::Secret(block)) = self;
        block.as_mut_slice().zeroize();
    }
}

/// Takes the end of a text, less than a batch, and the block of the lengths into the hash in one go.
fn update_with_end(hash: &mut Hash<'_>, tail: &[u8], lengths: Block) {
    let mut last = [[0; 16]; 1 + BATCH / 16];
    last.as_flattened_mut()[..tail.len()].copy_from_slice(tail);
    let blocks = tail.len().div_ceil(16);
    last[blocks] = lengths;
    hash.update(last[..=blocks].as_flattened());
}

/// E(J0), which masks the tag, and the keystream of the last blocks that do not fill a batch: alone
/// each would cost as much as both.
struct Ends([Block; 1 + BATCH / 16]);

impl Ends {
    /// Adds the keystream to the end of a text.
    fn xor_tail(&self, tail: &mut [u8]) {
        xor(tail, self.0[1..].as_flattened());
    }

    /// The tag that belongs to the hash.
    fn mask(&self, mut hash: Block) -> Tag {
        xor(&mut hash, &self.0[0]);
        hash
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        // As a slice of bytes it is cleared in bulk.
        self.0.as_flattened_mut().zeroize();
    }
}

/// Adds as much of `stream` as `data` has bytes.
fn xor(data: &mut [u8], stream: &[u8]) {
    for (byte, stream) in data.iter_mut().zip(stream) {
        *byte ^= stream;
    }
}

/// Refuses what the counter or the length block cannot count.
pub(super) fn check_lengths(nonce: u64, aad: u64, text: u64) -> Result<(), Error> {
    if nonce == 0 {
        return Err(Error::new(Code::BadLength).field("nonce"));
    }
    if nonce > limits::SM4_GCM_HASHED_BYTES_MAX || aad > limits::SM4_GCM_HASHED_BYTES_MAX {
        return Err(Error::limit("SM4_GCM_HASHED_BYTES_MAX"));
    }
    if text > limits::SM4_GCM_TEXT_BYTES_MAX {
        return Err(Error::limit("SM4_GCM_TEXT_BYTES_MAX"));
    }
    Ok(())
}

/// The last block of GHASH: two lengths in bits.
fn lengths(left: usize, right: usize) -> Block {
    (u128::from(8 * left as u64) << 64 | u128::from(8 * right as u64)).to_be_bytes()
}

impl KeySizeUser for Gcm {
    type KeySize = U16;
}

impl KeyInit for Gcm {
    fn new(key: &Key<Self>) -> Self {
        Self::with_cipher(Sm4::new(key))
    }
}

impl AeadCore for Gcm {
    type NonceSize = U12;
    type TagSize = U16;
    const TAG_POSITION: TagPosition = TagPosition::Postfix;
}

impl AeadInOut for Gcm {
    fn encrypt_inout_detached(
        &self,
        nonce: &aead::Nonce<Self>,
        aad: &[u8],
        buffer: InOutBuf<'_, '_, u8>,
    ) -> aead::Result<aead::Tag<Self>> {
        let data = buffer.into_out_with_copied_in();
        self.seal_in_place(nonce, aad, data).map(Into::into).map_err(|_| aead::Error)
    }

    fn decrypt_inout_detached(
        &self,
        nonce: &aead::Nonce<Self>,
        aad: &[u8],
        buffer: InOutBuf<'_, '_, u8>,
        tag: &aead::Tag<Self>,
    ) -> aead::Result<()> {
        let data = buffer.into_out_with_copied_in();
        self.open_in_place(nonce, aad, data, tag).map_err(|_| aead::Error)
    }
}

impl fmt::Debug for Gcm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gcm(..)")
    }
}

// Both fields zeroise themselves.
impl ZeroizeOnDrop for Gcm {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::sm4::Backend;

    #[test]
    fn a_secret_counter_wraps_in_its_low_32_bits() {
        for backend in Backend::runnable() {
            let gcm = Gcm::with_cipher(Sm4::with_backend(&[7; 16], backend));
            let start = 0xffff_ffd0_u32;
            let mut j0 = [0xff; 16];
            j0[12..].copy_from_slice(&start.to_be_bytes());
            let mut stream = [[0; 16]; 2 * BATCH / 16];
            gcm.xor_keystream(&J0::Secret(j0), 1, stream.as_flattened_mut());
            for (block, skip) in stream.iter().zip(1..) {
                let mut expected = j0;
                expected[12..].copy_from_slice(&start.wrapping_add(skip).to_be_bytes());
                gcm.cipher.keys.encrypt(std::slice::from_mut(&mut expected));
                assert_eq!(*block, expected, "{backend:?}, block {skip}");
            }
        }
    }
}
