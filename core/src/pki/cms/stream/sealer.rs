//! Encrypting data that goes by.

use std::io::{Read, Write};

use zeroize::Zeroizing;

use super::{
    super::{
        EnvelopOptions, Family, Kind,
        cipher::{self, Cipher, ContentCipher, Key},
        recipient,
    },
    END, PIECE, header, length, whole, write,
};
use crate::{
    Code, Error,
    pki::{
        tlv::{tag, wrap},
        x509::Certificate,
    },
    primitives::sm4::{cbc, gcm},
};

/// Encrypts data that is given piece by piece, and writes EnvelopedData, AuthEnvelopedData or
/// EncryptedData.
pub struct Sealer<W: Write> {
    out: W,
    crypt: Crypt,
    /// Plaintext until it is encrypted in place, of which the first `filled` bytes count.
    buffer: Zeroizing<Vec<u8>>,
    filled: usize,
    /// The bytes of the data, if they were said beforehand.
    length: Option<u64>,
    taken: u64,
}

/// What a structure has before and behind the encryptedContentInfo.
pub(super) struct Around<'a> {
    pub(super) head: &'a [u8],
    /// The bytes of the latter.
    pub(super) tail: u64,
}

enum Crypt {
    Cbc(Box<cbc::Encryptor>),
    Gcm(Box<gcm::Encryptor>),
}

impl<W: Write> Sealer<W> {
    /// Begins data for `recipients`, as [`envelop`](super::super::envelop) writes it, of `length` bytes,
    /// or, if that is not known, of any length: then lengths are indefinite, which is BER.
    ///
    /// # Errors
    /// As [`envelop`](super::super::envelop); [`Code::StreamFailed`].
    pub fn new(
        out: W,
        recipients: &[Certificate],
        options: &EnvelopOptions,
        length: Option<u64>,
    ) -> Result<Self, Error> {
        let (family, kind) = (options.family, options.kind());
        kind.oid(family)?;
        let key = cipher::fresh_key()?;
        let recipients = recipient::write_all(recipients, &key, family, options.recipients_by)?;
        let head = [wrap(tag::INTEGER, &[&[options.version()]]), recipients].concat();
        // A tag of 16 bytes with its header.
        let tail = if options.cipher == ContentCipher::Sm4Gcm { 18 } else { 0 };
        let what = (family, kind, options.cipher);
        Self::begin(out, &key, what, Around { head: &head, tail }, length)
    }

    /// Begins data under a key that the reader has, as [`encrypt`](super::super::encrypt) writes it.
    ///
    /// # Errors
    /// [`Code::NoRandomness`]; [`Code::StreamFailed`].
    pub fn with_key(
        out: W,
        key: &[u8; 16],
        family: Family,
        length: Option<u64>,
    ) -> Result<Self, Error> {
        let version = match family {
            Family::Gm => 1,
            Family::Pkcs7 => 0,
        };
        let head = wrap(tag::INTEGER, &[&[version]]);
        let what = (family, Kind::EncryptedData, ContentCipher::Sm4Cbc);
        Self::begin(out, &Key::new(*key), what, Around { head: &head, tail: 0 }, length)
    }

    /// Takes the next piece of the data.
    ///
    /// # Errors
    /// [`Code::LengthMismatch`] past the length that was said; [`Code::LimitReached`] past what SM4-GCM
    /// can encrypt; [`Code::StreamFailed`].
    pub fn update(&mut self, mut data: &[u8]) -> Result<(), Error> {
        self.count(length(data))?;
        while !data.is_empty() {
            let room = PIECE.saturating_sub(self.filled).min(data.len());
            let (now, later) = data.split_at_checked(room).unwrap_or((data, &[]));
            let end = self.filled.saturating_add(now.len());
            if let Some(place) = self.buffer.get_mut(self.filled..end) {
                place.copy_from_slice(now);
            }
            self.filled = end;
            self.flush_full()?;
            data = later;
        }
        Ok(())
    }

    /// Takes everything that `input` gives.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub fn update_from(&mut self, input: &mut dyn Read) -> Result<(), Error> {
        loop {
            let place = self.buffer.get_mut(self.filled..PIECE).unwrap_or_default();
            let wanted = place.len();
            let count = super::read_full(input, place)?;
            self.count(super::length_of(count))?;
            self.filled = self.filled.saturating_add(count);
            self.flush_full()?;
            if count < wanted {
                return Ok(());
            }
        }
    }

    /// Encrypts what is left, writes the rest, and gives `out` back.
    ///
    /// # Errors
    /// [`Code::LengthMismatch`] if the data is shorter than was said; [`Code::StreamFailed`].
    pub fn finish(self) -> Result<W, Error> {
        self.finish_with(&[])
    }

    /// As [`finish`](Self::finish), with `tail` behind everything else in the structure.
    pub(super) fn finish_with(mut self, tail: &[u8]) -> Result<W, Error> {
        if self.length.is_some_and(|length| self.taken != length) {
            return Err(Error::new(Code::LengthMismatch).field("length"));
        }
        if matches!(self.crypt, Crypt::Cbc(_)) {
            let count = 16 - self.filled % 16;
            let end = self.filled.saturating_add(count);
            let place = self.buffer.get_mut(self.filled..end).unwrap_or_default();
            place.fill(u8::try_from(count).unwrap_or(16));
            self.filled = end;
        }
        if self.filled > 0 {
            self.flush()?;
        }
        let mac = match self.crypt {
            Crypt::Cbc(_) => Vec::new(),
            Crypt::Gcm(encryptor) => wrap(tag::OCTET_STRING, &[&encryptor.finish()]),
        };
        let rest = match self.length {
            Some(_) => [&mac, tail].concat(),
            // Of encryptedContent and encryptedContentInfo; of the structure, [0] and ContentInfo.
            None => [&END.repeat(2), mac.as_slice(), tail, &END.repeat(3)].concat(),
        };
        write(&mut self.out, &rest)?;
        Ok(self.out)
    }

    /// Writes everything before the ciphertext.
    pub(super) fn begin(
        mut out: W,
        key: &Key,
        (family, kind, content_cipher): (Family, Kind, ContentCipher),
        Around { head, tail }: Around<'_>,
        length: Option<u64>,
    ) -> Result<Self, Error> {
        let cipher = Cipher::fresh(content_cipher)?;
        let outer_type = wrap(tag::OID, &[kind.oid(family)?]);
        let inner_type = wrap(tag::OID, &[family.data()]);
        let algorithm = cipher.to_der();
        let ciphertext = match content_cipher {
            // The padding makes it longer by 1 to 16 bytes.
            ContentCipher::Sm4Cbc => {
                length.map(|length| (length / 16).saturating_add(1).saturating_mul(16))
            }
            ContentCipher::Sm4Gcm => length,
        };
        let sum = |parts: &[u64]| parts.iter().copied().fold(0, u64::saturating_add);
        let lengths = ciphertext.map_or([None; 5], |ciphertext| {
            let names = sum(&[super::length(&inner_type), super::length(&algorithm)]);
            let info = sum(&[names, whole(ciphertext)]);
            let structure = sum(&[super::length(head), whole(info), tail]);
            let content = whole(structure);
            let outer = sum(&[super::length(&outer_type), whole(content)]);
            [outer, content, structure, info, ciphertext].map(Some)
        });
        let [outer, content, structure, info, ciphertext] = lengths;
        let content_tag = if length.is_some() { tag::CONTEXT_0_PRIMITIVE } else { tag::CONTEXT_0 };
        let parts = [
            header(tag::SEQUENCE, outer),
            outer_type,
            header(tag::CONTEXT_0, content),
            header(tag::SEQUENCE, structure),
            head.to_vec(),
            header(tag::SEQUENCE, info),
            inner_type,
            algorithm,
            header(content_tag, ciphertext),
        ];
        write(&mut out, &parts.concat())?;
        let crypt = match &cipher {
            Cipher::Cbc { iv } => Crypt::Cbc(Box::new(cbc::Encryptor::new(cipher::sm4(key), iv))),
            Cipher::Gcm { nonce, .. } => {
                Crypt::Gcm(Box::new(gcm::Encryptor::new(cipher::gcm(key), nonce, &[])?))
            }
            Cipher::Other(_) => return Err(cipher::unsupported()),
        };
        // Room for the padding, so that nothing moves.
        let buffer = Zeroizing::new(vec![0; PIECE + 16]);
        Ok(Self { out, crypt, buffer, filled: 0, length, taken: 0 })
    }

    fn count(&mut self, more: u64) -> Result<(), Error> {
        self.taken = self.taken.saturating_add(more);
        match self.length {
            Some(length) if self.taken > length => {
                Err(Error::new(Code::LengthMismatch).field("length"))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn flush_full(&mut self) -> Result<(), Error> {
        if self.filled < PIECE { Ok(()) } else { self.flush() }
    }

    /// Encrypts and writes what the buffer holds.
    fn flush(&mut self) -> Result<(), Error> {
        let piece = self.buffer.get_mut(..self.filled).unwrap_or_default();
        match &mut self.crypt {
            Crypt::Cbc(encryptor) => encryptor.encrypt_in_place(piece)?,
            Crypt::Gcm(encryptor) => encryptor.encrypt_in_place(piece)?,
        }
        if self.length.is_none() {
            write(&mut self.out, &header(tag::OCTET_STRING, Some(length(piece))))?;
        }
        write(&mut self.out, piece)?;
        self.filled = 0;
        Ok(())
    }
}
