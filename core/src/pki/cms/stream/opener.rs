//! Opening enveloped data that goes by.
//!
//! Where the input can be read twice, the first pass decrypts nothing: of GCM it computes the tag, of CBC
//! it keeps the two blocks that tell the padding.

use std::io::{Read, Seek, SeekFrom, Write};

use super::{
    super::{
        Family, Kind,
        cipher::{self, Cipher, Key},
        open::{Head, Tail},
        parse,
        recipient::{self, OpenWith, RecipientInfo},
    },
    decryption::{Decryption, For},
    other_kind,
    reader::Reader,
    write,
};
use crate::{
    Code, Error,
    limits::CMS_BYTES_MAX,
    pki::tlv::{self, Cursor, tag},
};

const LIMIT: &str = "CMS_BYTES_MAX";

/// Reads enveloped or encrypted data of any kind and length: first what stands before the ciphertext, so
/// that the recipients can be looked at, then the rest.
pub struct Opener<R: Read> {
    reader: Reader<R>,
    pub(super) head: Head,
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
    /// [`Code::BadCms`]; [`Code::BadArgument`] for other structures; [`Code::UnsupportedAlgorithm`] for
    /// other ciphers than SM4-CBC and, in AuthEnvelopedData, SM4-GCM; [`Code::LimitReached`];
    /// [`Code::StreamFailed`].
    pub fn new(input: R) -> Result<Self, Error> {
        let mut reader = Reader::new(input);
        reader.enter(tag::SEQUENCE, "ContentInfo")?;
        let outer = reader.element("contentType", 64, LIMIT)?;
        let known = identifier(&outer, "contentType").map(|oid| Kind::of(&oid));
        let Ok(Some((family, kind))) = known else { return Err(reader.error("contentType")) };
        if kind == Kind::SignedData {
            return Err(other_kind(kind));
        }
        reader.enter(tag::CONTEXT_0, "content")?;
        reader.enter(tag::SEQUENCE, kind.name())?;
        let version = reader.element("version", 64, LIMIT)?;
        tlv::only(&version, 0, tag::INTEGER, Code::BadCms, "version")?.integer("version")?;
        if reader.peek()? == Some(tag::CONTEXT_0) {
            reader.element("originatorInfo", CMS_BYTES_MAX, LIMIT)?;
        }
        let (mut recipients, mut digest_algorithms) = (Vec::new(), Vec::new());
        if kind != Kind::EncryptedData {
            let field = "recipientInfos";
            let infos = reader.element(field, CMS_BYTES_MAX, LIMIT)?;
            recipients =
                recipient::read_all(&tlv::only(&infos, 0, tag::SET, Code::BadCms, field)?)?;
        }
        if kind == Kind::SignedAndEnvelopedData {
            let field = "digestAlgorithms";
            let algorithms = reader.element(field, CMS_BYTES_MAX, LIMIT)?;
            digest_algorithms =
                parse::raw_items(&tlv::only(&algorithms, 0, tag::SET, Code::BadCms, field)?)?;
        }
        reader.enter(tag::SEQUENCE, "encryptedContentInfo")?;
        let inner = reader.element("contentType", 64, LIMIT)?;
        let content_type = identifier(&inner, "contentType")?;
        let field = "contentEncryptionAlgorithm";
        let algorithm = reader.element(field, 1024, LIMIT)?;
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
        let head = Head { family, kind, recipients, digest_algorithms, content_type, cipher };
        Ok(Self { reader, head })
    }

    /// Which structure it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.head.kind
    }

    /// Whose object identifiers it uses.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.head.family
    }

    /// The recipients, in their order.
    #[must_use]
    pub fn recipients(&self) -> &[RecipientInfo] {
        &self.head.recipients
    }

    /// Decrypts EnvelopedData or AuthEnvelopedData to `out`, which gets the content before it is known
    /// to be genuine: if this fails, what `out` got is worth nothing. [`open_twice`] gives out nothing
    /// before.
    ///
    /// # Errors
    /// As [`EnvelopedData::open`](super::super::EnvelopedData::open); [`Code::UnsupportedAlgorithm`] if
    /// attributes, which stand behind the content, are authenticated with it; [`Code::StreamFailed`].
    pub fn open_unverified(
        self,
        with: &OpenWith<'_>,
        out: &mut dyn Write,
    ) -> Result<OpenedStream, Error> {
        self.head.require(ENVELOPED)?;
        let (number, key) = with.content_key(&self.head.recipients)?;
        self.pass(&key, &[], Use::Give(&mut |piece| write(out, piece)))?.opened(Some(number))
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
        self.head.require(&[Kind::EncryptedData])?;
        let key = Key::new(*key);
        self.pass(&key, &[], Use::Give(&mut |piece| write(out, piece)))?.opened(None)
    }

    /// Reads the rest, of which `key` opens the content.
    pub(super) fn pass(self, key: &Key, aad: &[u8], mut what: Use<'_>) -> Result<Pass, Error> {
        let Self { mut reader, head } = self;
        let kind = head.kind;
        let aim = if matches!(what, Use::Give(_)) { For::Content } else { For::Check };
        let mut decryption = Decryption::new(&head.cipher, key, aad, aim)?;
        let mut bytes = 0_u64;
        let mut give = |piece: &[u8]| {
            bytes = bytes.saturating_add(super::length(piece));
            match &mut what {
                Use::Give(give) => give(piece),
                Use::Check => Ok(()),
            }
        };
        let tags = [tag::CONTEXT_0_PRIMITIVE, tag::CONTEXT_0];
        reader.octets(tags, "encryptedContent", &mut |piece| decryption.take(piece, &mut give))?;
        reader.leave("encryptedContentInfo")?;
        let rest = reader.rest(kind.name(), CMS_BYTES_MAX, LIMIT)?;
        reader.leave(kind.name())?;
        reader.leave("content")?;
        reader.leave("ContentInfo")?;
        reader.finish()?;
        let tail = Tail::read(&mut Cursor::new(&rest, 0, Code::BadCms), &head)?;
        let genuine = decryption.finish(&tail.mac, &mut give)?;
        Ok(Pass { head, tail, aad: aad.to_vec(), genuine, bytes })
    }
}

/// What a pass is for.
pub(super) enum Use<'a> {
    /// To see whether the tag or the padding is right, and what stands behind the content.
    Check,
    /// To take the content, piece by piece.
    Give(&'a mut Give<'a>),
}

/// Takes the next piece of the content.
pub(super) type Give<'a> = dyn FnMut(&[u8]) -> Result<(), Error> + 'a;

/// Opens EnvelopedData or AuthEnvelopedData from an input that can be read again: `out` gets the content
/// only after the first pass has found the tag, or of CBC the padding, right.
///
/// The tag is checked in the last pass too. If the input was changed in between, `out` got content that
/// nobody vouches for, and this fails: an input that others can write to is to be copied first.
///
/// # Errors
/// As [`Opener::new`] and [`EnvelopedData::open`](super::super::EnvelopedData::open);
/// [`Code::StreamFailed`] too if the input was changed between two passes.
pub fn open_twice(
    mut input: impl Read + Seek,
    with: &OpenWith<'_>,
    out: &mut dyn Write,
) -> Result<OpenedStream, Error> {
    let start = input.stream_position().map_err(|_| seek_failed())?;
    let opener = Opener::new(&mut input)?;
    opener.head.require(ENVELOPED)?;
    let (number, key) = with.content_key(&opener.head.recipients)?;
    let mut first = opener.pass(&key, &[], Use::Check)?;
    let attributes = std::mem::take(&mut first.tail.attributes);
    if !attributes.is_empty() {
        // They stand behind the content, but are hashed before it.
        first = again(&mut input, start)?.pass(&key, &attributes, Use::Check)?;
    }
    first.opened(Some(number))?;
    let give = &mut |piece: &[u8]| write(out, piece);
    let last = again(&mut input, start)?.pass(&key, &attributes, Use::Give(give))?;
    last.opened(Some(number)).map_err(|_| seek_failed())
}

/// The input from `start` once more.
pub(super) fn again<R: Read + Seek>(input: &mut R, start: u64) -> Result<Opener<&mut R>, Error> {
    input.seek(SeekFrom::Start(start)).map_err(|_| seek_failed())?;
    Opener::new(input)
}

pub(super) fn seek_failed() -> Error {
    Error::new(Code::StreamFailed).field("read again")
}

/// The kinds that the key of a recipient alone opens.
const ENVELOPED: &[Kind] = &[Kind::EnvelopedData, Kind::AuthEnvelopedData];

/// What one pass found.
pub(super) struct Pass {
    pub(super) head: Head,
    pub(super) tail: Tail,
    /// The associated data that it was checked with.
    aad: Vec<u8>,
    /// Whether the tag or the padding is right.
    pub(super) genuine: bool,
    bytes: u64,
}

impl Pass {
    pub(super) fn opened(self, recipient: Option<usize>) -> Result<OpenedStream, Error> {
        if self.tail.attributes != self.aad {
            return Err(Error::new(Code::UnsupportedAlgorithm).field("authAttrs"));
        }
        if !self.genuine {
            return Err(Error::new(Code::NotOpened).field("content"));
        }
        let authenticated = self.head.cipher.authenticates();
        let (content_type, bytes) = (self.head.content_type, self.bytes);
        Ok(OpenedStream { content_type, authenticated, recipient, bytes })
    }
}

/// The contents octets of an object identifier.
fn identifier(der: &[u8], field: &'static str) -> Result<Vec<u8>, Error> {
    Ok(tlv::only(der, 0, tag::OID, Code::BadCms, field)?.value.to_vec())
}
