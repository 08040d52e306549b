//! CCM piece by piece, for texts that do not fit into memory. Their length is a part of what the MAC begins
//! with, so that it is told beforehand.
//!
//! As with [`gcm`](super::super::gcm), the text is gone over twice: an [`Authenticator`] checks the tag and gives the
//! [`Decryptor`] for the second time, or there is [`Decryptor::unverified`].

use std::fmt;

use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use super::{Ccm, Message};
use crate::{
    error::{Code, Error},
    primitives::{
        ct,
        selftest::in_service,
        sm4::{Block, Direction},
    },
};

/// An encryption piece by piece. Zeroised on drop, never printed.
pub struct Encryptor<const TAG_BYTES: usize = 16>(Pieces<TAG_BYTES>);

/// A decryption piece by piece. Zeroised on drop, never printed.
pub struct Decryptor<const TAG_BYTES: usize = 16>(Pieces<TAG_BYTES>);

/// A check of the tag piece by piece, which gives out nothing. Zeroised on drop, never printed.
pub struct Authenticator<const TAG_BYTES: usize = 16>(Pieces<TAG_BYTES>);

impl<const TAG_BYTES: usize> Encryptor<TAG_BYTES> {
    /// An encryption of a text of `length` bytes with `nonce` and `aad`, as by [`Ccm::seal_in_place`].
    ///
    /// # Errors
    /// As [`Ccm::seal_in_place`].
    pub fn new(ccm: Ccm<TAG_BYTES>, nonce: &[u8], aad: &[u8], length: u64) -> Result<Self, Error> {
        Pieces::new(ccm, nonce, aad, length).map(Self)
    }

    /// Encrypts the next piece, of any length, in place.
    ///
    /// # Errors
    /// [`Code::BadLength`] if the text becomes longer than was told; the piece is then unchanged.
    pub fn encrypt_in_place(&mut self, data: &mut [u8]) -> Result<(), Error> {
        self.0.admit(data.len())?;
        self.0.crypt(data, Direction::Encrypt);
        Ok(())
    }

    /// The tag over everything.
    ///
    /// # Errors
    /// [`Code::BadLength`] if the text is shorter than was told. What was encrypted is then worth nothing.
    pub fn finish(self) -> Result<[u8; TAG_BYTES], Error> {
        self.0.tag()
    }
}

impl<const TAG_BYTES: usize> Decryptor<TAG_BYTES> {
    /// A decryption of a text of `length` bytes with `nonce` and `aad` of which nobody has checked the tag: what
    /// it gives out may be anybody's until [`Self::finish`]. [`Authenticator::finish`] gives one that was
    /// checked.
    ///
    /// # Errors
    /// As [`Ccm::seal_in_place`].
    pub fn unverified(
        ccm: Ccm<TAG_BYTES>,
        nonce: &[u8],
        aad: &[u8],
        length: u64,
    ) -> Result<Self, Error> {
        Pieces::new(ccm, nonce, aad, length).map(Self)
    }

    /// Decrypts the next piece, of any length, in place.
    ///
    /// # Errors
    /// As [`Encryptor::encrypt_in_place`].
    pub fn decrypt_in_place(&mut self, data: &mut [u8]) -> Result<(), Error> {
        self.0.admit(data.len())?;
        self.0.crypt(data, Direction::Decrypt);
        Ok(())
    }

    /// Whether `tag` is right for everything. Constant time in the tag. To be asked also where an
    /// [`Authenticator`] was: the text may have been changed in between.
    ///
    /// # Errors
    /// [`Code::BadCiphertext`] if it is not; [`Code::BadLength`] if the text is shorter than was told. What
    /// was decrypted is then worth nothing.
    pub fn finish(self, tag: &[u8; TAG_BYTES]) -> Result<(), Error> {
        self.0.check(tag)
    }
}

impl<const TAG_BYTES: usize> Authenticator<TAG_BYTES> {
    /// A check of a ciphertext of `length` bytes with `nonce` and `aad`, as by [`Ccm::open_in_place`].
    ///
    /// # Errors
    /// As [`Ccm::seal_in_place`].
    pub fn new(ccm: Ccm<TAG_BYTES>, nonce: &[u8], aad: &[u8], length: u64) -> Result<Self, Error> {
        Pieces::new(ccm, nonce, aad, length).map(Self)
    }

    /// Takes in the next piece of the ciphertext, of any length. What the MAC runs over is the plaintext, so
    /// that it is decrypted, into a buffer that is overwritten.
    ///
    /// # Errors
    /// [`Code::BadLength`] if the text becomes longer than was told; the piece is then left out.
    pub fn update(&mut self, ciphertext: &[u8]) -> Result<(), Error> {
        self.0.admit(ciphertext.len())?;
        let mut plaintext = Zeroizing::new([0; 1024]);
        for piece in ciphertext.chunks(plaintext.len()) {
            let plaintext = &mut plaintext[..piece.len()];
            plaintext.copy_from_slice(piece);
            self.0.crypt(plaintext, Direction::Decrypt);
        }
        Ok(())
    }

    /// The decryption of the same text from its beginning, if `tag` is right for everything. Constant time in
    /// the tag.
    ///
    /// # Errors
    /// [`Code::BadCiphertext`] if it is not; [`Code::BadLength`] if the text is shorter than was told.
    pub fn finish(mut self, tag: &[u8; TAG_BYTES]) -> Result<Decryptor<TAG_BYTES>, Error> {
        self.0.check(tag)?;
        self.0.restart();
        Ok(Decryptor(self.0))
    }
}

/// A text on its way.
struct Pieces<const TAG_BYTES: usize> {
    ccm: Ccm<TAG_BYTES>,
    /// After the associated data.
    beginning: Message,
    message: Message,
    /// The bytes of the whole text.
    length: u64,
    /// The bytes of the text so far.
    text: u64,
    /// The keystream of the block in which the text has stopped.
    stream: Block,
    /// The plaintext of that block so far.
    edge: Block,
}

impl<const TAG_BYTES: usize> Pieces<TAG_BYTES> {
    fn new(ccm: Ccm<TAG_BYTES>, nonce: &[u8], aad: &[u8], length: u64) -> Result<Self, Error> {
        let beginning = ccm.start(nonce, aad, length)?;
        let message = beginning.clone();
        Ok(Self { ccm, beginning, message, length, text: 0, stream: [0; 16], edge: [0; 16] })
    }

    fn restart(&mut self) {
        self.message.clone_from(&self.beginning);
        self.text = 0;
    }

    /// Takes the next piece, which was admitted.
    fn crypt(&mut self, data: &mut [u8], direction: Direction) {
        let open = (16 - self.text % 16) % 16;
        let (head, rest) = data.split_at_mut((open as usize).min(data.len()));
        self.crypt_edge(head, direction);
        let (bulk, tail) = rest.split_at_mut(rest.len() / 16 * 16);
        match direction {
            Direction::Encrypt => self.message.encrypt(&self.ccm.cipher, bulk),
            Direction::Decrypt => self.message.decrypt(&self.ccm.cipher, bulk),
        }
        self.text += bulk.len() as u64;
        if !tail.is_empty() {
            self.stream = [0; 16];
            self.ccm.cipher.keys.xor_keystream(self.message.counter, &mut self.stream);
            self.message.advance(tail.len());
            self.crypt_edge(tail, direction);
        }
    }

    /// Takes `data`, which goes no further than the block in which the text has stopped.
    fn crypt_edge(&mut self, data: &mut [u8], direction: Direction) {
        let used = (self.text % 16) as usize;
        let stream = &self.stream[used..];
        let edge = &mut self.edge[used..];
        for ((byte, stream), edge) in data.iter_mut().zip(stream).zip(edge) {
            let other = *byte ^ stream;
            *edge = if direction == Direction::Encrypt { *byte } else { other };
            *byte = other;
        }
        self.text += data.len() as u64;
        if used + data.len() == 16 {
            self.message.absorb(&self.ccm.cipher, &self.edge);
        }
    }

    fn admit(&self, more: usize) -> Result<(), Error> {
        in_service()?;
        if more as u64 > self.length - self.text {
            return Err(Error::new(Code::BadLength).field("data"));
        }
        Ok(())
    }

    fn tag(&self) -> Result<[u8; TAG_BYTES], Error> {
        in_service()?;
        if self.text < self.length {
            return Err(Error::new(Code::BadLength).field("data"));
        }
        let mut message = self.message.clone();
        message.absorb(&self.ccm.cipher, &self.edge[..(self.text % 16) as usize]);
        Ok(message.tag())
    }

    fn check(&self, tag: &[u8; TAG_BYTES]) -> Result<(), Error> {
        if ct::equal(&self.tag()?, tag) {
            Ok(())
        } else {
            Err(Error::new(Code::BadCiphertext).field("ciphertext"))
        }
    }
}

// The others zeroise themselves.
impl<const TAG_BYTES: usize> Drop for Pieces<TAG_BYTES> {
    fn drop(&mut self) {
        self.stream.as_mut_slice().zeroize();
        self.edge.as_mut_slice().zeroize();
    }
}

impl<const TAG_BYTES: usize> ZeroizeOnDrop for Encryptor<TAG_BYTES> {}
impl<const TAG_BYTES: usize> ZeroizeOnDrop for Decryptor<TAG_BYTES> {}
impl<const TAG_BYTES: usize> ZeroizeOnDrop for Authenticator<TAG_BYTES> {}

impl<const TAG_BYTES: usize> fmt::Debug for Encryptor<TAG_BYTES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encryptor(..)")
    }
}

impl<const TAG_BYTES: usize> fmt::Debug for Decryptor<TAG_BYTES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decryptor(..)")
    }
}

impl<const TAG_BYTES: usize> fmt::Debug for Authenticator<TAG_BYTES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator(..)")
    }
}
