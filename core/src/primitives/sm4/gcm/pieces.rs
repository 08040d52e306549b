//! GCM piece by piece, for texts that do not fit into memory.
//!
//! The text is gone over twice: an [`Authenticator`] checks the tag and decrypts nothing, and gives the
//! [`Decryptor`] for the second time. Who cannot read it twice has [`Decryptor::unverified`], and must be
//! able to take back what was given out.

use std::{fmt, slice};

use zeroize::{Zeroize as _, ZeroizeOnDrop};

use super::{Gcm, J0, STRIDE, Tag, check_lengths, lengths, xor};
use crate::{
    error::{Code, Error},
    primitives::{
        ct,
        selftest::in_service,
        sm4::{Block, Direction, ghash::Paused},
    },
};

/// An encryption piece by piece. Zeroised on drop, never printed.
pub struct Encryptor(Pieces);

/// A decryption piece by piece. Zeroised on drop, never printed.
pub struct Decryptor(Pieces);

/// A check of the tag piece by piece, which decrypts nothing. Zeroised on drop, never printed.
pub struct Authenticator(Pieces);

impl Encryptor {
    /// An encryption of a text with `nonce` and `aad`, as by [`Gcm::seal_in_place`].
    ///
    /// # Errors
    /// As [`Gcm::seal_in_place`].
    pub fn new(gcm: Gcm, nonce: &[u8], aad: &[u8]) -> Result<Self, Error> {
        Pieces::new(gcm, nonce, aad).map(Self)
    }

    /// Encrypts the next piece, of any length, in place.
    ///
    /// # Errors
    /// [`Code::LimitReached`] past [`crate::limits::SM4_GCM_TEXT_BYTES_MAX`]; the piece is then unchanged.
    pub fn encrypt_in_place(&mut self, data: &mut [u8]) -> Result<(), Error> {
        self.0.crypt(data, Direction::Encrypt)
    }

    /// The tag over everything.
    #[must_use]
    pub fn finish(self) -> Tag {
        self.0.tag()
    }
}

impl Decryptor {
    /// A decryption of a text with `nonce` and `aad` of which nobody has checked the tag: what it gives out
    /// may be anybody's until [`Self::finish`]. [`Authenticator::finish`] gives one that was checked.
    ///
    /// # Errors
    /// As [`Gcm::seal_in_place`].
    pub fn unverified(gcm: Gcm, nonce: &[u8], aad: &[u8]) -> Result<Self, Error> {
        Pieces::new(gcm, nonce, aad).map(Self)
    }

    /// Decrypts the next piece, of any length, in place.
    ///
    /// # Errors
    /// [`Code::LimitReached`] past [`crate::limits::SM4_GCM_TEXT_BYTES_MAX`]; the piece is then unchanged.
    pub fn decrypt_in_place(&mut self, data: &mut [u8]) -> Result<(), Error> {
        self.0.crypt(data, Direction::Decrypt)
    }

    /// Whether `tag`, of 12 to 16 bytes, is right for everything. Constant time in the tag. To be asked also
    /// where an [`Authenticator`] was: the text may have been changed in between.
    ///
    /// # Errors
    /// [`Code::BadCiphertext`] if it is not; [`Code::BadLength`] for a tag of another length. What was
    /// decrypted is then worth nothing.
    pub fn finish(self, tag: &[u8]) -> Result<(), Error> {
        self.0.check(tag)
    }
}

impl Authenticator {
    /// A check of a ciphertext with `nonce` and `aad`, as by [`Gcm::open_in_place`].
    ///
    /// # Errors
    /// As [`Gcm::seal_in_place`].
    pub fn new(gcm: Gcm, nonce: &[u8], aad: &[u8]) -> Result<Self, Error> {
        Pieces::new(gcm, nonce, aad).map(Self)
    }

    /// Takes in the next piece of the ciphertext, of any length.
    ///
    /// # Errors
    /// [`Code::LimitReached`] past [`crate::limits::SM4_GCM_TEXT_BYTES_MAX`]; the piece is then left out.
    pub fn update(&mut self, ciphertext: &[u8]) -> Result<(), Error> {
        self.0.absorb(ciphertext)
    }

    /// The decryption of the same text from its beginning, if `tag`, of 12 to 16 bytes, is right for
    /// everything. Constant time in the tag.
    ///
    /// # Errors
    /// [`Code::BadCiphertext`] if it is not; [`Code::BadLength`] for a tag of another length.
    pub fn finish(mut self, tag: &[u8]) -> Result<Decryptor, Error> {
        self.0.check(tag)?;
        self.0.restart();
        Ok(Decryptor(self.0))
    }
}

/// A text on its way.
struct Pieces {
    gcm: Gcm,
    j0: J0,
    /// The hash of the associated data.
    beginning: Paused,
    hash: Paused,
    /// The bytes of the associated data.
    aad: usize,
    /// The bytes of the text so far.
    text: u64,
    /// The keystream of the block in which the text has stopped.
    stream: Block,
    /// The ciphertext of that block so far.
    edge: Block,
}

impl Pieces {
    fn new(gcm: Gcm, nonce: &[u8], aad: &[u8]) -> Result<Self, Error> {
        in_service()?;
        check_lengths(nonce.len() as u64, aad.len() as u64, 0)?;
        let j0 = gcm.j0(nonce);
        let mut hash = gcm.hash.start();
        hash.update(aad);
        let beginning = hash.pause();
        Ok(Self {
            gcm,
            j0,
            hash: beginning.clone(),
            beginning,
            aad: aad.len(),
            text: 0,
            stream: [0; 16],
            edge: [0; 16],
        })
    }

    fn restart(&mut self) {
        self.hash.clone_from(&self.beginning);
        self.text = 0;
    }

    fn crypt(&mut self, data: &mut [u8], direction: Direction) -> Result<(), Error> {
        self.admit(data.len())?;
        let (head, rest) = data.split_at_mut(self.open_bytes().min(data.len()));
        self.crypt_edge(head, direction);
        let (bulk, tail) = rest.split_at_mut(rest.len() / 16 * 16);
        let mut hash = self.gcm.hash.resume(&self.hash);
        for stride in bulk.chunks_mut(STRIDE) {
            if direction == Direction::Decrypt {
                hash.update(stride);
            }
            // The first block of the keystream masks the tag.
            self.gcm.xor_keystream(&self.j0, 1 + (self.text / 16) as u32, stride);
            if direction == Direction::Encrypt {
                hash.update(stride);
            }
            self.text += stride.len() as u64;
        }
        self.hash = hash.pause();
        if !tail.is_empty() {
            self.stream = [0; 16];
            self.gcm.xor_keystream(&self.j0, 1 + (self.text / 16) as u32, &mut self.stream);
            self.crypt_edge(tail, direction);
        }
        Ok(())
    }

    /// Takes `data`, which goes no further than the block in which the text has stopped.
    fn crypt_edge(&mut self, data: &mut [u8], direction: Direction) {
        let used = (self.text % 16) as usize;
        let stream = &self.stream[used..];
        let edge = &mut self.edge[used..];
        for ((byte, stream), edge) in data.iter_mut().zip(stream).zip(edge) {
            let other = *byte ^ stream;
            *edge = if direction == Direction::Encrypt { other } else { *byte };
            *byte = other;
        }
        self.close_edge(used, data.len());
    }

    fn absorb(&mut self, data: &[u8]) -> Result<(), Error> {
        self.admit(data.len())?;
        let (head, rest) = data.split_at(self.open_bytes().min(data.len()));
        self.absorb_edge(head);
        let (bulk, tail) = rest.split_at(rest.len() / 16 * 16);
        let mut hash = self.gcm.hash.resume(&self.hash);
        hash.update(bulk);
        self.hash = hash.pause();
        self.text += bulk.len() as u64;
        self.absorb_edge(tail);
        Ok(())
    }

    fn absorb_edge(&mut self, data: &[u8]) {
        let used = (self.text % 16) as usize;
        self.edge[used..used + data.len()].copy_from_slice(data);
        self.close_edge(used, data.len());
    }

    /// Hashes the block in which the text has stopped, if it is full.
    fn close_edge(&mut self, used: usize, more: usize) {
        self.text += more as u64;
        if used + more == 16 {
            let mut hash = self.gcm.hash.resume(&self.hash);
            hash.update(&self.edge);
            self.hash = hash.pause();
        }
    }

    /// How many bytes the block in which the text has stopped still takes.
    const fn open_bytes(&self) -> usize {
        ((16 - self.text % 16) % 16) as usize
    }

    fn admit(&self, more: usize) -> Result<(), Error> {
        in_service()?;
        check_lengths(1, 0, self.text.saturating_add(more as u64))
    }

    fn tag(&self) -> Tag {
        let mut hash = self.gcm.hash.resume(&self.hash);
        hash.update(&self.edge[..(self.text % 16) as usize]);
        hash.update(&lengths(self.aad, self.text as usize));
        let mut tag = hash.finish();
        let mut mask = self.j0.counter(0).to_be_bytes();
        self.gcm.cipher.keys.encrypt(slice::from_mut(&mut mask));
        xor(&mut tag, &mask);
        mask.zeroize();
        tag
    }

    fn check(&self, tag: &[u8]) -> Result<(), Error> {
        in_service()?;
        if !(12..=16).contains(&tag.len()) {
            return Err(Error::new(Code::BadLength).field("tag"));
        }
        if ct::equal(&self.tag()[..tag.len()], tag) {
            Ok(())
        } else {
            Err(Error::new(Code::BadCiphertext).field("ciphertext"))
        }
    }
}

// The others zeroise themselves.
impl Drop for Pieces {
    fn drop(&mut self) {
        self.stream.as_mut_slice().zeroize();
    }
}

impl ZeroizeOnDrop for Encryptor {}
impl ZeroizeOnDrop for Decryptor {}
impl ZeroizeOnDrop for Authenticator {}

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

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        limits,
        primitives::sm4::{Backend, Sm4},
    };

    /// Pieces of any lengths make what one call makes, with every backend.
    #[test]
    fn pieces_are_the_whole() {
        let plain: Vec<u8> = (0..5000_u32).map(|i| (i * i) as u8).collect();
        for backend in Backend::runnable() {
            let gcm = Gcm::with_cipher(Sm4::with_backend(&[7; 16], backend));
            for nonce in [&[1; 12][..], &[2; 17]] {
                for (length, step) in [(0, 1), (1, 1), (16, 5), (47, 16), (1536, 100), (5000, 1537)]
                {
                    let aad = &plain[..length % 40];
                    let mut whole = plain[..length].to_vec();
                    let tag = gcm.seal_in_place(nonce, aad, &mut whole).unwrap();

                    let mut data = plain[..length].to_vec();
                    let mut encryptor = Encryptor::new(gcm.clone(), nonce, aad).unwrap();
                    data.chunks_mut(step).for_each(|c| encryptor.encrypt_in_place(c).unwrap());
                    assert_eq!((&data, encryptor.finish()), (&whole, tag), "{length} by {step}");

                    let mut authenticator = Authenticator::new(gcm.clone(), nonce, aad).unwrap();
                    whole.chunks(step).for_each(|c| authenticator.update(c).unwrap());
                    let checked = authenticator.finish(&tag[..12]).unwrap();

                    let unverified = || Decryptor::unverified(gcm.clone(), nonce, aad).unwrap();
                    for (mut decryptor, tag, right) in [
                        (checked, tag, true),
                        (unverified(), tag, true),
                        (unverified(), [tag[0] ^ 1; 16], false),
                    ] {
                        let mut data = whole.clone();
                        data.chunks_mut(step).for_each(|c| decryptor.decrypt_in_place(c).unwrap());
                        assert_eq!(data, plain[..length]);
                        assert_eq!(decryptor.finish(&tag).is_ok(), right);
                    }
                }
            }
        }
    }

    #[test]
    fn lengths_are_bounded() {
        let gcm = Gcm::with_cipher(Sm4::with_backend(&[7; 16], Backend::Portable));
        let mut pieces = Pieces::new(gcm.clone(), &[0; 12], &[]).unwrap();
        pieces.text = limits::SM4_GCM_TEXT_BYTES_MAX - 16;
        pieces.crypt(&mut [0; 16], Direction::Encrypt).unwrap();
        let error = pieces.crypt(&mut [0], Direction::Encrypt).unwrap_err();
        assert_eq!(error.field_name(), Some("SM4_GCM_TEXT_BYTES_MAX"));
        let authenticator = Authenticator::new(gcm.clone(), &[0; 12], &[]).unwrap();
        assert_eq!(authenticator.finish(&[0; 16]).unwrap_err().code(), Code::BadCiphertext);
        let decryptor = Decryptor::unverified(gcm.clone(), &[0; 12], &[]).unwrap();
        assert_eq!(decryptor.finish(&[0; 11]).unwrap_err().code(), Code::BadLength);
        assert_eq!(Encryptor::new(gcm, &[], &[]).unwrap_err().code(), Code::BadLength);
    }
}
