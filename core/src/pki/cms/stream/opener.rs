//! Opening enveloped data that goes by.

use std::io::{Read, Seek, SeekFrom, Write};

use zeroize::{Zeroize as _, Zeroizing};

use super::{
    super::{
        Family, Kind,
        cipher::{self, Cipher, Key},
        open::Authenticated,
        recipient::{self, OpenWith, RecipientInfo},
    },
    other_kind,
    reader::Reader,
    write,
};
use crate::{
    Code, Error,
    limits::CMS_BYTES_MAX,
    pki::tlv::{self, Cursor, tag},
    primitives::sm4::{cbc, gcm},
};

const LIMIT: &str = "CMS_BYTES_MAX";

/// Reads EnvelopedData, AuthEnvelopedData or EncryptedData of any length: first what stands before the
/// ciphertext, so that the recipients can be looked at, then the rest.
pub struct Opener<R: Read> {
    reader: Reader<R>,
    family: Family,
    kind: Kind,
    recipients: Vec<RecipientInfo>,
    /// The contents octets of the content type.
    content_type: Vec<u8>,
    cipher: Cipher,
}

/// What is known of content that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedStream {
    /// The contents octets of the content type's object identifier.
    pub content_type: Vec<u8>,
    /// Whether a tag proved that the content was not changed.
    pub authenticated: bool,
    /// Which recipient opened it, counted from 0.
    pub recipient: Option<usize>,
    /// The bytes of the content.
    pub bytes: u64,
}

impl<R: Read> Opener<R> {
    /// Reads up to the ciphertext.
    ///
    /// # Errors
    /// [`Code::BadCms`]; [`Code::BadArgument`] for other structures; [`Code::LimitReached`];
    /// [`Code::StreamFailed`].
    pub fn new(input: R) -> Result<Self, Error> {
        let mut reader = Reader::new(input);
        reader.enter(tag::SEQUENCE, "ContentInfo")?;
        let outer = reader.element("contentType", 64, LIMIT)?;
        let known = identifier(&outer, "contentType").map(|oid| Kind::of(&oid));
        let Ok(Some((family, kind))) = known else { return Err(reader.error("contentType")) };
        if matches!(kind, Kind::SignedData | Kind::SignedAndEnvelopedData) {
            return Err(other_kind(kind));
        }
        reader.enter(tag::CONTEXT_0, "content")?;
        reader.enter(tag::SEQUENCE, kind.name())?;
        let version = reader.element("version", 64, LIMIT)?;
        tlv::only(&version, 0, tag::INTEGER, Code::BadCms, "version")?.integer("version")?;
        if reader.peek()? == Some(tag::CONTEXT_0) {
            reader.element("originatorInfo", CMS_BYTES_MAX, LIMIT)?;
        }
        let mut recipients = Vec::new();
        if kind != Kind::EncryptedData {
            let set = reader.element("recipientInfos", CMS_BYTES_MAX, LIMIT)?;
            let set = tlv::only(&set, 0, tag::SET, Code::BadCms, "recipientInfos")?;
            recipients = recipient::read_all(&set)?;
        }
        reader.enter(tag::SEQUENCE, "encryptedContentInfo")?;
        let inner = reader.element("contentType", 64, LIMIT)?;
        let content_type = identifier(&inner, "contentType")?;
        let algorithm = reader.element("contentEncryptionAlgorithm", 1024, LIMIT)?;
        let field = "contentEncryptionAlgorithm";
        let algorithm = tlv::only(&algorithm, 0, tag::SEQUENCE, Code::BadCms, field)?;
        let cipher = Cipher::read(&algorithm)?;
        let authenticated = kind == Kind::AuthEnvelopedData;
        // A tag behind the ciphertext, in a structure that has no place for it, is not looked for.
        let supported = match cipher {
            Cipher::Cbc { .. } => !authenticated,
            Cipher::Gcm { .. } => authenticated,
            Cipher::Other(_) => false,
        };
        if !supported {
            return Err(cipher::unsupported());
        }
        Ok(Self { reader, family, kind, recipients, content_type, cipher })
    }

    /// Which structure it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Whose object identifiers it uses.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.family
    }

    /// The recipients, in their order.
    #[must_use]
    pub fn recipients(&self) -> &[RecipientInfo] {
        &self.recipients
    }

    /// Decrypts to `out`, which gets the content before it is known to be genuine: if this fails, what
    /// `out` got is worth nothing. [`open_twice`] gives out nothing before.
    ///
    /// # Errors
    /// As [`EnvelopedData::open`](super::super::EnvelopedData::open); [`Code::UnsupportedAlgorithm`] if
    /// attributes, which stand behind the content, are authenticated with it; [`Code::StreamFailed`].
    pub fn open_unverified(
        self,
        with: &OpenWith<'_>,
        out: &mut dyn Write,
    ) -> Result<OpenedStream, Error> {
        if self.kind == Kind::EncryptedData {
            return Err(other_kind(self.kind));
        }
        let (number, key) = with.content_key(&self.recipients)?;
        self.pass(&key, &[], Some(out))?.opened(Some(number))
    }

    /// Decrypts EncryptedData to `out` with the key that both sides have. Nothing tells whether the
    /// content was changed; if this fails, what `out` got is worth nothing.
    ///
    /// # Errors
    /// [`Code::BadArgument`] for another structure; [`Code::NotOpened`]; [`Code::BadCms`];
    /// [`Code::StreamFailed`].
    pub fn decrypt_unverified(
        self,
        key: &[u8; 16],
        out: &mut dyn Write,
    ) -> Result<OpenedStream, Error> {
        if self.kind != Kind::EncryptedData {
            return Err(other_kind(self.kind));
        }
        self.pass(&Key::new(*key), &[], Some(out))?.opened(None)
    }

    /// Reads the rest with `key`; without `out` it is checked only.
    fn pass(self, key: &Key, aad: &[u8], mut out: Option<&mut dyn Write>) -> Result<Pass, Error> {
        let Self { mut reader, kind, content_type, cipher, .. } = self;
        let mut opening = Opening::new(&cipher, key, aad, out.is_some())?;
        let mut bytes = 0_u64;
        let mut give = |piece: &[u8]| {
            bytes = bytes.saturating_add(super::length(piece));
            out.as_mut().map_or(Ok(()), |out| write(*out, piece))
        };
        let tags = [tag::CONTEXT_0_PRIMITIVE, tag::CONTEXT_0];
        reader.octets(tags, "encryptedContent", &mut |piece| opening.take(piece, &mut give))?;
        reader.leave("encryptedContentInfo")?;
        let rest = reader.rest(kind.name(), CMS_BYTES_MAX, LIMIT)?;
        reader.leave(kind.name())?;
        reader.leave("content")?;
        reader.leave("ContentInfo")?;
        reader.finish()?;
        let mut cursor = Cursor::new(&rest, 0, Code::BadCms);
        let mut authenticated = Authenticated::default();
        if kind == Kind::AuthEnvelopedData {
            authenticated = Authenticated::read(&mut cursor, &cipher, &content_type)?;
        } else {
            cursor.take(tag::CONTEXT_1, "unprotectedAttrs")?;
        }
        cursor.finish(kind.name())?;
        let genuine = opening.finish(&authenticated.mac, &mut give)?;
        Ok(Pass {
            attributes: authenticated.attributes,
            aad: aad.to_vec(),
            genuine,
            content_type,
            authenticated: cipher.authenticates(),
            bytes,
        })
    }
}

/// Opens EnvelopedData or AuthEnvelopedData from an input that can be read again: `out` gets the content
/// only after the first pass has found the tag, or of CBC the padding, right.
///
/// # Errors
/// As [`Opener::new`] and [`EnvelopedData::open`](super::super::EnvelopedData::open).
pub fn open_twice(
    mut input: impl Read + Seek,
    with: &OpenWith<'_>,
    out: &mut dyn Write,
) -> Result<OpenedStream, Error> {
    let failed = |_| Error::new(Code::StreamFailed).field("read again");
    let start = input.stream_position().map_err(failed)?;
    let opener = Opener::new(&mut input)?;
    if opener.kind == Kind::EncryptedData {
        return Err(other_kind(opener.kind));
    }
    let (number, key) = with.content_key(&opener.recipients)?;
    let mut first = opener.pass(&key, &[], None)?;
    let attributes = std::mem::take(&mut first.attributes);
    if !attributes.is_empty() {
        // They stand behind the content, but are hashed before it.
        input.seek(SeekFrom::Start(start)).map_err(failed)?;
        first = Opener::new(&mut input)?.pass(&key, &attributes, None)?;
    }
    first.opened(Some(number))?;
    input.seek(SeekFrom::Start(start)).map_err(failed)?;
    Opener::new(&mut input)?.pass(&key, &attributes, Some(out))?.opened(Some(number))
}

/// What one pass found.
struct Pass {
    attributes: Vec<u8>,
    /// The associated data that it was checked with.
    aad: Vec<u8>,
    genuine: bool,
    content_type: Vec<u8>,
    authenticated: bool,
    bytes: u64,
}

impl Pass {
    fn opened(self, recipient: Option<usize>) -> Result<OpenedStream, Error> {
        if self.attributes != self.aad {
            return Err(Error::new(Code::UnsupportedAlgorithm).field("authAttrs"));
        }
        if !self.genuine {
            return Err(Error::new(Code::NotOpened));
        }
        let Self { content_type, authenticated, bytes, .. } = self;
        Ok(OpenedStream { content_type, authenticated, recipient, bytes })
    }
}

/// A decryption, or a check, on its way.
enum Opening {
    Cbc(Box<Blocks>),
    Gcm(Box<gcm::Decryptor>),
    /// Of the tag alone.
    Check(Box<gcm::Authenticator>),
}

/// Gives out the next piece of the content.
type Give<'a> = dyn FnMut(&[u8]) -> Result<(), Error> + 'a;

impl Opening {
    fn new(cipher: &Cipher, key: &Key, aad: &[u8], decrypts: bool) -> Result<Self, Error> {
        match cipher {
            Cipher::Cbc { iv } => Ok(Self::Cbc(Box::new(Blocks::new(key, iv)))),
            Cipher::Gcm { nonce, .. } => {
                let closed = |_| Error::new(Code::NotOpened);
                let gcm = cipher::gcm(key);
                if decrypts {
                    let decryptor = gcm::Decryptor::new(gcm, nonce, aad).map_err(closed)?;
                    return Ok(Self::Gcm(Box::new(decryptor)));
                }
                let check = gcm::Authenticator::new(gcm, nonce, aad).map_err(closed)?;
                Ok(Self::Check(Box::new(check)))
            }
            Cipher::Other(_) => Err(cipher::unsupported()),
        }
    }

    fn take(&mut self, piece: &mut [u8], give: &mut Give<'_>) -> Result<(), Error> {
        match self {
            Self::Cbc(blocks) => blocks.take(piece, give),
            Self::Gcm(decryptor) => {
                decryptor.decrypt_in_place(piece)?;
                give(piece)
            }
            Self::Check(check) => check.update(piece),
        }
    }

    /// Whether the end is right.
    fn finish(self, mac: &[u8], give: &mut Give<'_>) -> Result<bool, Error> {
        match self {
            Self::Cbc(blocks) => blocks.finish(give),
            Self::Gcm(decryptor) => Ok(decryptor.finish(mac).is_ok()),
            Self::Check(check) => Ok(check.finish(mac).is_ok()),
        }
    }
}

/// CBC in pieces of any length: the last block waits, since it may hold the padding.
struct Blocks {
    decryptor: cbc::Decryptor,
    key: Key,
    /// The ciphertext block before `waiting`.
    previous: [u8; 16],
    /// Ciphertext that is not decrypted yet, then plaintext for a moment.
    waiting: Zeroizing<Vec<u8>>,
}

impl Blocks {
    fn new(key: &Key, iv: &[u8; 16]) -> Self {
        let decryptor = cbc::Decryptor::new(cipher::sm4(key), iv);
        // Of its full size from the start, so that growing leaves no copy behind.
        let waiting = Zeroizing::new(Vec::with_capacity(super::PIECE + 16));
        Self { decryptor, key: key.clone(), previous: *iv, waiting }
    }

    fn take(&mut self, piece: &[u8], give: &mut Give<'_>) -> Result<(), Error> {
        for part in piece.chunks(super::PIECE) {
            self.waiting.extend_from_slice(part);
            let ready = self.waiting.len().saturating_sub(1) / 16 * 16;
            let (now, _) = self.waiting.split_at_mut_checked(ready).unwrap_or_default();
            if let Some(last) = now.last_chunk::<16>() {
                self.previous = *last;
            }
            self.decryptor.decrypt_in_place(now)?;
            give(now)?;
            self.waiting.copy_within(ready.., 0);
            let left = self.waiting.len().saturating_sub(ready);
            self.waiting.truncate(left);
        }
        Ok(())
    }

    fn finish(mut self, give: &mut Give<'_>) -> Result<bool, Error> {
        let opened = cbc::decrypt_padded(&self.key, &self.previous, &self.waiting);
        self.waiting.zeroize();
        match opened {
            Ok(end) => give(&end).map(|()| true),
            Err(_) => Ok(false),
        }
    }
}

/// The contents octets of an object identifier.
fn identifier(der: &[u8], field: &'static str) -> Result<Vec<u8>, Error> {
    Ok(tlv::only(der, 0, tag::OID, Code::BadCms, field)?.value.to_vec())
}
