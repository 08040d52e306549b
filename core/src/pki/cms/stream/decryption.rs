//! Decrypting, or checking, ciphertext that comes in pieces of any length.

use zeroize::Zeroizing;

use super::{
    super::cipher::{self, Cipher, Key},
    opener::Give,
};
use crate::{
    Code, Error,
    primitives::sm4::{cbc, gcm},
};

/// What a pass over the ciphertext is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// The content.
    Content,
    /// Only whether the tag or the padding is right.
    Check,
}

/// A decryption, or a check, on its way.
pub(super) enum Decryption {
    Cbc(Box<Blocks>),
    /// Of the padding alone.
    Padding(Box<End>),
    Gcm(Box<gcm::Decryptor>),
    /// Of the tag alone.
    Tag(Box<gcm::Authenticator>),
}

impl Decryption {
    pub(super) fn new(cipher: &Cipher, key: &Key, aad: &[u8], aim: For) -> Result<Self, Error> {
        let closed = |_| Error::new(Code::NotOpened).field("content");
        Ok(match (cipher, aim) {
            (Cipher::Cbc { iv }, For::Content) => Self::Cbc(Box::new(Blocks::new(key, iv))),
            (Cipher::Cbc { iv }, For::Check) => Self::Padding(Box::new(End::new(key, iv))),
            (Cipher::Gcm { nonce, .. }, For::Content) => {
                let decryptor = gcm::Decryptor::unverified(cipher::gcm(key), nonce, aad);
                Self::Gcm(Box::new(decryptor.map_err(closed)?))
            }
            (Cipher::Gcm { nonce, .. }, For::Check) => {
                let check = gcm::Authenticator::new(cipher::gcm(key), nonce, aad);
                Self::Tag(Box::new(check.map_err(closed)?))
            }
            (Cipher::Other(_), _) => return Err(cipher::unsupported()),
        })
    }

    /// Takes the next piece of the ciphertext.
    pub(super) fn take(&mut self, piece: &mut [u8], give: &mut Give<'_>) -> Result<(), Error> {
        match self {
            Self::Cbc(blocks) => blocks.take(piece, give),
            Self::Padding(end) => {
                end.take(piece);
                Ok(())
            }
            Self::Gcm(decryptor) => {
                decryptor.decrypt_in_place(piece)?;
                give(piece)
            }
            Self::Tag(check) => check.update(piece),
        }
    }

    /// Whether the end is right.
    pub(super) fn finish(self, mac: &[u8], give: &mut Give<'_>) -> Result<bool, Error> {
        match self {
            Self::Cbc(blocks) => blocks.finish(give),
            Self::Padding(end) => Ok(end.is_padded()),
            Self::Gcm(decryptor) => Ok(decryptor.finish(mac).is_ok()),
            Self::Tag(check) => Ok(check.finish(mac).is_ok()),
        }
    }
}

/// CBC in pieces of any length: the last block waits, since it may hold the padding.
pub(super) struct Blocks {
    decryptor: cbc::Decryptor,
    end: End,
    /// Ciphertext that is not decrypted yet, then plaintext for a moment.
    waiting: Zeroizing<Vec<u8>>,
}

impl Blocks {
    fn new(key: &Key, iv: &[u8; 16]) -> Self {
        let decryptor = cbc::Decryptor::new(cipher::sm4(key), iv);
        // Of its full size from the start, so that growing leaves no copy behind.
        let waiting = Zeroizing::new(Vec::with_capacity(super::PIECE + 16));
        Self { decryptor, end: End::new(key, iv), waiting }
    }

    fn take(&mut self, piece: &[u8], give: &mut Give<'_>) -> Result<(), Error> {
        self.end.take(piece);
        for part in piece.chunks(super::PIECE) {
            self.waiting.extend_from_slice(part);
            let ready = self.waiting.len().saturating_sub(1) / 16 * 16;
            let (now, _) = self.waiting.split_at_mut_checked(ready).unwrap_or_default();
            self.decryptor.decrypt_in_place(now)?;
            give(now)?;
            self.waiting.copy_within(ready.., 0);
            let left = self.waiting.len().saturating_sub(ready);
            self.waiting.truncate(left);
        }
        Ok(())
    }

    fn finish(self, give: &mut Give<'_>) -> Result<bool, Error> {
        match self.end.open() {
            Some(last) => give(&last).map(|()| true),
            None => Ok(false),
        }
    }
}

/// The last two blocks of a ciphertext in CBC, the IV before it included.
pub(super) struct End {
    key: Key,
    blocks: [u8; 32],
    /// The bytes of the ciphertext.
    length: u64,
}

impl End {
    fn new(key: &Key, iv: &[u8; 16]) -> Self {
        let mut blocks = [0; 32];
        let (_, last) = blocks.split_at_mut(16);
        last.copy_from_slice(iv);
        Self { key: key.clone(), blocks, length: 0 }
    }

    fn take(&mut self, piece: &[u8]) {
        self.length = self.length.saturating_add(super::length(piece));
        match piece.last_chunk::<32>() {
            Some(last) => self.blocks = *last,
            None => {
                self.blocks.rotate_left(piece.len());
                let start = self.blocks.len().saturating_sub(piece.len());
                self.blocks.get_mut(start..).unwrap_or_default().copy_from_slice(piece);
            }
        }
    }

    fn is_padded(&self) -> bool {
        self.open().is_some()
    }

    /// The end of the content without the padding.
    fn open(&self) -> Option<Zeroizing<Vec<u8>>> {
        if self.length == 0 || !self.length.is_multiple_of(16) {
            return None;
        }
        let (previous, last) = self.blocks.split_first_chunk::<16>()?;
        cbc::decrypt_padded(&self.key, previous, last).ok()
    }
}
