//! CFB with feedback of whole blocks (GB/T 17964-2021, clause 7; CFB-128 elsewhere): any number of bytes.
//!
//! Encryption is one chain: block by block. Decryption takes many blocks at a time. CFB does not notice
//! changes, and an IV must not come back under one key.

use std::{fmt, slice};

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Block, Chain, Direction, RoundKeys, Sm4};

/// Encrypts `data` in place.
pub fn encrypt_in_place(cipher: &Sm4, iv: &Block, data: &mut [u8]) {
    Feedback::new(iv).crypt(&cipher.keys, Direction::Encrypt, data);
}

/// Decrypts `data` in place.
pub fn decrypt_in_place(cipher: &Sm4, iv: &Block, data: &mut [u8]) {
    Feedback::new(iv).crypt(&cipher.keys, Direction::Decrypt, data);
}

/// An encryption piece by piece. Zeroised on drop.
#[derive(Clone)]
pub struct Encryptor {
    cipher: Sm4,
    feedback: Feedback,
}

impl Encryptor {
    /// An encryption that starts with `iv`.
    #[must_use]
    pub const fn new(cipher: Sm4, iv: &Block) -> Self {
        Self { cipher, feedback: Feedback::new(iv) }
    }

    /// Encrypts the next piece in place.
    pub fn encrypt_in_place(&mut self, data: &mut [u8]) {
        self.feedback.crypt(&self.cipher.keys, Direction::Encrypt, data);
    }
}

/// A decryption piece by piece. Zeroised on drop.
#[derive(Clone)]
pub struct Decryptor {
    cipher: Sm4,
    feedback: Feedback,
}

impl Decryptor {
    /// A decryption that starts with `iv`.
    #[must_use]
    pub const fn new(cipher: Sm4, iv: &Block) -> Self {
        Self { cipher, feedback: Feedback::new(iv) }
    }

    /// Decrypts the next piece in place.
    pub fn decrypt_in_place(&mut self, data: &mut [u8]) {
        self.feedback.crypt(&self.cipher.keys, Direction::Decrypt, data);
    }
}

/// What comes back into the cipher.
#[derive(Clone)]
struct Feedback {
    /// The ciphertext block before, and in its place as far as `used` the one that is being made.
    ciphertext: Block,
    /// E of the ciphertext block before, where a block is being made.
    keystream: Block,
    /// The bytes that are there of the block that is being made: 0 to 15.
    used: usize,
}

impl Feedback {
    const fn new(iv: &Block) -> Self {
        Self { ciphertext: *iv, keystream: [0; 16], used: 0 }
    }

    fn crypt(&mut self, keys: &RoundKeys, direction: Direction, data: &mut [u8]) {
        let missing = (16 - self.used) % 16;
        let (head, rest) = data.split_at_mut(data.len().min(missing));
        self.crypt_bytes(direction, head);
        let (blocks, tail) = rest.as_chunks_mut();
        match direction {
            Direction::Encrypt => keys.chain(Chain::Cfb, &mut self.ciphertext, blocks),
            Direction::Decrypt => keys.cfb_decrypt(&mut self.ciphertext, blocks),
        }
        if !tail.is_empty() {
            self.keystream = self.ciphertext;
            keys.encrypt(slice::from_mut(&mut self.keystream));
            self.crypt_bytes(direction, tail);
        }
    }

    /// At most what is missing of a block.
    fn crypt_bytes(&mut self, direction: Direction, data: &mut [u8]) {
        for byte in data {
            let input = *byte;
            *byte ^= self.keystream[self.used];
            self.ciphertext[self.used] = match direction {
                Direction::Encrypt => *byte,
                Direction::Decrypt => input,
            };
            self.used = (self.used + 1) % 16;
        }
    }
}

impl Drop for Feedback {
    fn drop(&mut self) {
        self.keystream.as_mut_slice().zeroize();
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

// Every field that is secret zeroises itself.
impl ZeroizeOnDrop for Encryptor {}
impl ZeroizeOnDrop for Decryptor {}
