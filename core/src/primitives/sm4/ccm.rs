//! CCM, authenticated encryption (GB/T 36624-2018, mechanism 2; SP 800-38C; RFC 3610, RFC 8998 for TLS).
//!
//! Its MAC is one chain, block by block: [`gcm`](super::gcm) is many times faster. A nonce must never
//! come back under one key. Opening checks the tag, in constant time, before a byte is released, but for what
//! is named `unverified`.

mod pieces;

use std::fmt;

use aead::{
    AeadCore, AeadInOut, TagPosition,
    consts::{U12, U16},
    inout::InOutBuf,
};
use cipher::{Key, KeyInit, KeySizeUser};
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

pub use pieces::{Authenticator, Decryptor, Encryptor};

use super::{Block, Sm4, batch::xor};
use crate::{
    error::{Code, Error},
    primitives::{ct, selftest::in_service},
};

/// An expanded key for CCM with tags of `TAG_BYTES`: 4, 6, .. 16. Zeroised on drop, never printed.
///
/// The length of the tag enters the tag: it is a part of the key's agreement, not of a message. With
/// 16 bytes, as in RFC 8998, it implements [`AeadInOut`] with the usual 12-byte nonce; the methods here
/// also take nonces of other lengths.
#[derive(Clone)]
pub struct Ccm<const TAG_BYTES: usize = 16> {
    cipher: Sm4,
}

impl Ccm {
    /// CCM with 16-byte tags under the expanded key `cipher`.
    #[must_use]
    pub fn with_cipher(cipher: Sm4) -> Self {
        Self::with_tag(cipher)
    }
}

impl<const TAG_BYTES: usize> Ccm<TAG_BYTES> {
    /// CCM with tags of `TAG_BYTES` under the expanded key `cipher`; other lengths do not compile.
    #[must_use]
    pub fn with_tag(cipher: Sm4) -> Self {
        const { assert!(TAG_BYTES >= 4 && TAG_BYTES <= 16 && TAG_BYTES.is_multiple_of(2)) };
        Self { cipher }
    }

    /// Encrypts `data` in place and returns the tag over `aad` and the plaintext.
    ///
    /// # Errors
    /// [`Code::BadLength`] unless `nonce` has 7 to 13 bytes and the length of `data` fits into the
    /// bytes that it leaves: 15 less those of the nonce. `data` is then unchanged.
    pub fn seal_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], Error> {
        let mut message = self.start(nonce, aad, data.len() as u64)?;
        message.encrypt(&self.cipher, data);
        Ok(message.tag())
    }

    /// Decrypts `data` in place if `tag` is right for it and `aad`.
    ///
    /// What the MAC runs over is the plaintext, so that `data` is decrypted twice: the first time into a
    /// buffer that is overwritten.
    ///
    /// # Errors
    /// [`Code::BadCiphertext`] if the tag is wrong; or as [`Ccm::seal_in_place`]. `data` is then still
    /// the ciphertext.
    pub fn open_in_place(
        &self,
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), Error> {
        let mut message = self.start(nonce, aad, data.len() as u64)?;
        let counter = message.counter;
        let mut plaintext = Zeroizing::new([0; 1024]);
        for piece in data.chunks(plaintext.len()) {
            let plaintext = &mut plaintext[..piece.len()];
            plaintext.copy_from_slice(piece);
            message.decrypt(&self.cipher, plaintext);
        }
        if !ct::equal(&message.tag::<TAG_BYTES>(), tag) {
            return Err(Error::new(Code::BadCiphertext).field("ciphertext"));
        }
        self.cipher.keys.xor_keystream(counter, data);
        Ok(())
    }

    /// The ciphertext of `plaintext` with the tag after it.
    ///
    /// # Errors
    /// As [`Ccm::seal_in_place`].
    pub fn seal(&self, nonce: &[u8], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        let mut data = Vec::with_capacity(plaintext.len() + TAG_BYTES);
        data.extend_from_slice(plaintext);
        let tag = self.seal_in_place(nonce, aad, &mut data)?;
        data.extend_from_slice(&tag);
        Ok(data)
    }

    /// The plaintext of `sealed`, a ciphertext with its tag after it.
    ///
    /// # Errors
    /// [`Code::BadLength`] if `sealed` is shorter than a tag; or as [`Ccm::open_in_place`].
    pub fn open(
        &self,
        nonce: &[u8],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (ciphertext, tag) =
            sealed.split_last_chunk().ok_or_else(|| Error::new(Code::BadLength).field("length"))?;
        let mut data = Zeroizing::new(ciphertext.to_vec());
        self.open_in_place(nonce, aad, &mut data, tag)?;
        Ok(data)
    }

    /// Takes in B0 and `aad` (SP 800-38C, A.2.1, A.2.2).
    fn start(&self, nonce: &[u8], aad: &[u8], length: u64) -> Result<Message, Error> {
        in_service()?;
        if !(7..=13).contains(&nonce.len()) {
            return Err(Error::new(Code::BadLength).field("nonce"));
        }
        let counting = 15 - nonce.len();
        if counting < 8 && length >> (8 * counting) != 0 {
            return Err(Error::new(Code::BadLength).field("data"));
        }
        let mut a0 = [0; 16];
        a0[0] = counting as u8 - 1;
        a0[1..=nonce.len()].copy_from_slice(nonce);

        let mut mac = (u128::from_be_bytes(a0) | u128::from(length)).to_be_bytes();
        mac[0] |= (TAG_BYTES as u8 - 2) << 2 | u8::from(!aad.is_empty()) << 6;
        // The chain starts at zero, so that B0 is what it takes in first; the mask of the tag goes along.
        let mut first = [mac, a0];
        let keys = &self.cipher.keys;
        keys.encrypt(&mut first);
        let [mac, mask] = first;
        let counter = u128::from_be_bytes(a0) + 1;
        let mut message = Message { mac, mask, counter };
        message.absorb_aad(&self.cipher, aad);
        Ok(message)
    }
}

/// A message on its way. Zeroised on drop.
#[derive(Clone)]
struct Message {
    /// The MAC of what was taken in.
    mac: Block,
    /// E(A0), which masks it.
    mask: Block,
    /// The next block of the counter.
    counter: u128,
}

impl Message {
    /// Takes in the length of `aad` and `aad` itself, filled up to whole blocks.
    fn absorb_aad(&mut self, cipher: &Sm4, aad: &[u8]) {
        let (mut first, used) = encoded_length(aad.len() as u64);
        if used == 0 {
            return;
        }
        let (head, rest) = aad.split_at(aad.len().min(16 - used));
        first[used..][..head.len()].copy_from_slice(head);
        self.absorb(cipher, &first);
        self.absorb(cipher, rest);
    }

    /// Takes in `data`, filled up to whole blocks.
    fn absorb(&mut self, cipher: &Sm4, data: &[u8]) {
        cipher.keys.absorb_padded(&mut self.mac, data);
    }

    /// Takes in the plaintext `data` and encrypts it, whole blocks but for the last time.
    fn encrypt(&mut self, cipher: &Sm4, data: &mut [u8]) {
        cipher.keys.absorb_and_add_keystream(&mut self.mac, self.counter, data);
        self.advance(data.len());
    }

    /// Decrypts `data` and takes in what comes out, whole blocks but for the last time.
    fn decrypt(&mut self, cipher: &Sm4, data: &mut [u8]) {
        // So much at a time that it is still near when it is met again.
        for piece in data.chunks_mut(8 << 10) {
            cipher.keys.xor_keystream(self.counter, piece);
            self.absorb(cipher, piece);
            self.advance(piece.len());
        }
    }

    fn advance(&mut self, bytes: usize) {
        self.counter = self.counter.wrapping_add(bytes.div_ceil(16) as u128);
    }

    fn tag<const TAG_BYTES: usize>(&self) -> [u8; TAG_BYTES] {
        let mut whole = self.mac;
        xor(&mut whole, &self.mask);
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&whole[..TAG_BYTES]);
        tag
    }
}

/// The length of the associated data at the start of a block, and how many bytes it takes (SP 800-38C,
/// A.2.2).
pub(super) fn encoded_length(length: u64) -> (Block, usize) {
    let mut block = [0; 16];
    let used = match length {
        0 => 0,
        1..0xff00 => {
            block[..2].copy_from_slice(&(length as u16).to_be_bytes());
            2
        }
        0xff00..=0xffff_ffff => {
            block[..2].copy_from_slice(&[0xff, 0xfe]);
            block[2..6].copy_from_slice(&(length as u32).to_be_bytes());
            6
        }
        _ => {
            block[..2].copy_from_slice(&[0xff, 0xff]);
            block[2..10].copy_from_slice(&length.to_be_bytes());
            10
        }
    };
    (block, used)
}

impl Drop for Message {
    fn drop(&mut self) {
        self.mac.as_mut_slice().zeroize();
        self.mask.as_mut_slice().zeroize();
    }
}

impl KeySizeUser for Ccm {
    type KeySize = U16;
}

impl KeyInit for Ccm {
    fn new(key: &Key<Self>) -> Self {
        Self::with_cipher(Sm4::new(key))
    }
}

impl AeadCore for Ccm {
    type NonceSize = U12;
    type TagSize = U16;
    const TAG_POSITION: TagPosition = TagPosition::Postfix;
}

impl AeadInOut for Ccm {
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
        self.open_in_place(nonce, aad, data, &tag.0).map_err(|_| aead::Error)
    }
}

impl<const TAG_BYTES: usize> fmt::Debug for Ccm<TAG_BYTES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ccm(..)")
    }
}

// The key zeroises itself.
impl<const TAG_BYTES: usize> ZeroizeOnDrop for Ccm<TAG_BYTES> {}
