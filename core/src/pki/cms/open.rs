//! Reading and opening enveloped data: EnvelopedData, SignedAndEnvelopedData, EncryptedData of GB/T 35275
//! and RFC 5652, AuthEnvelopedData of RFC 5083.
//!
//! Content is given out only after everything that can be checked was checked. Where that is not all, as
//! with CBC, whatever is wrong (key, ciphertext, padding) is one error, so that nobody who is told of it
//! learns more than that.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{
    Attribute, Family, Fields, Kind, SignedData, Verification, VerifyOptions,
    cipher::{Cipher, Key, encrypted_content, unsupported},
    content_info, oid, parse,
    recipient::{self, OpenWith, RecipientInfo},
    verify::Data,
};
use crate::{
    Code, Error,
    limits::CMS_BYTES_MAX,
    pki::{
        algorithm::dotted,
        ber,
        tlv::{self, Cursor, Element, tag},
    },
    primitives::rng,
    report::{Rejected, Verified},
};

/// Enveloped data, as it was read.
pub struct EnvelopedData {
    pub(super) head: Head,
    pub(super) ciphertext: Vec<u8>,
    tail: Tail,
}

/// What stands before the ciphertext.
pub(super) struct Head {
    pub(super) family: Family,
    pub(super) kind: Kind,
    pub(super) recipients: Vec<RecipientInfo>,
    /// Of a SignedAndEnvelopedData.
    pub(super) digest_algorithms: Vec<Vec<u8>>,
    /// The contents octets of the content type.
    pub(super) content_type: Vec<u8>,
    pub(super) cipher: Cipher,
}

/// What stands behind the ciphertext.
#[derive(Default)]
pub(super) struct Tail {
    /// The attributes that an AuthEnvelopedData authenticates besides the content, under the identifier
    /// octet of SET; empty where there are none.
    pub(super) attributes: Vec<u8>,
    /// The tag of an AuthEnvelopedData.
    pub(super) mac: Vec<u8>,
    /// The signatures of a SignedAndEnvelopedData, as if the data stood elsewhere.
    pub(super) signed: Option<SignedData>,
}

/// What was inside.
pub struct Opened {
    /// The content.
    pub content: Zeroizing<Vec<u8>>,
    /// The contents octets of its type's object identifier.
    pub content_type: Vec<u8>,
    /// Whether a tag proved that the content was not changed since somebody encrypted it. It does not
    /// prove who that was.
    pub authenticated: bool,
    /// Which recipient opened it, counted from 0.
    pub recipient: Option<usize>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opened({} bytes)", self.content.len())
    }
}

/// Opens EnvelopedData or AuthEnvelopedData.
///
/// # Errors
/// As [`EnvelopedData::parse`] and [`EnvelopedData::open`].
pub fn open(bytes: &[u8], with: &OpenWith<'_>) -> Result<Opened, Error> {
    EnvelopedData::parse(bytes)?.open(with)
}

/// Opens SignedAndEnvelopedData and verifies its signatures. The content is in the proof only.
///
/// # Errors
/// As [`EnvelopedData::parse`] and [`EnvelopedData::open_signed`].
pub fn open_signed(
    bytes: &[u8],
    with: &OpenWith<'_>,
    options: &VerifyOptions<'_>,
) -> Result<Result<Verified<Opened, Verification>, Rejected<Verification>>, Error> {
    EnvelopedData::parse(bytes)?.open_signed(with, options)
}

/// Decrypts EncryptedData with the key that both sides have.
///
/// # Errors
/// As [`EnvelopedData::parse`]; [`Code::UnsupportedAlgorithm`]; [`Code::NotOpened`].
pub fn decrypt(bytes: &[u8], key: &[u8; 16]) -> Result<Opened, Error> {
    let data = EnvelopedData::parse(bytes)?;
    data.head.require(&[Kind::EncryptedData])?;
    data.decrypt(&Key::new(*key), None)
}

impl EnvelopedData {
    /// Reads a ContentInfo that holds enveloped or encrypted data of any kind, in DER or with the
    /// indefinite lengths of BER. Offsets in errors count in the form with definite lengths.
    ///
    /// # Errors
    /// [`Code::BadCms`] with the offset and the field, or [`Code::LimitReached`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > CMS_BYTES_MAX {
            return Err(Error::limit("CMS_BYTES_MAX"));
        }
        let bytes = ber::to_der(bytes, Code::BadCms)?;
        let (family, kind, structure) = content_info::read(&bytes, KINDS)?;
        let mut cursor = structure.inside();
        cursor.next("version")?.integer("version")?;
        // RFC 5652, 6.1: certificates of an originator, for key agreement.
        cursor.take(tag::CONTEXT_0, "originatorInfo")?;
        let recipients = if kind == Kind::EncryptedData {
            Vec::new()
        } else {
            recipient::read_all(&cursor.required(tag::SET, "recipientInfos")?)?
        };
        let digest_algorithms = if kind == Kind::SignedAndEnvelopedData {
            parse::raw_items(&cursor.required(tag::SET, "digestAlgorithms")?)?
        } else {
            Vec::new()
        };
        let mut info = cursor.required(tag::SEQUENCE, "encryptedContentInfo")?.inside();
        let content_type = info.required(tag::OID, "contentType")?.value.to_vec();
        let cipher = Cipher::read(&info.next("contentEncryptionAlgorithm")?)?;
        let ciphertext = encrypted_content(&mut info)?;
        info.finish("encryptedContentInfo")?;
        let head = Head { family, kind, recipients, digest_algorithms, content_type, cipher };
        let tail = Tail::read(&mut cursor, &head)?;
        Ok(Self { head, ciphertext, tail })
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

    /// How the content is encrypted, for a reader.
    #[must_use]
    pub fn cipher_name(&self) -> String {
        self.head.cipher.name()
    }

    /// Opens EnvelopedData or AuthEnvelopedData.
    ///
    /// # Errors
    /// [`Code::NoRecipient`]; [`Code::KeyMismatch`] if the certificate is not that of the key;
    /// [`Code::UnsupportedAlgorithm`] if it is encrypted in another way than with SM2 and SM4;
    /// [`Code::NotOpened`] if anything in it does not fit; [`Code::BadArgument`] if it is of another
    /// kind; whatever the key fails with.
    pub fn open(&self, with: &OpenWith<'_>) -> Result<Opened, Error> {
        self.head.require(&[Kind::EnvelopedData, Kind::AuthEnvelopedData])?;
        if matches!(self.head.cipher, Cipher::Other(_)) {
            return Err(unsupported());
        }
        let (number, key) = with.content_key(&self.head.recipients)?;
        self.decrypt(&key, Some(number))
    }

    /// Opens SignedAndEnvelopedData and verifies its signatures over the content, which is in the proof
    /// only. The report does not tell a wrong padding from a wrong signature, nor the content's digest.
    ///
    /// # Errors
    /// As [`open`](Self::open), but for what only the content tells: that is in the report.
    pub fn open_signed(
        &self,
        with: &OpenWith<'_>,
        options: &VerifyOptions<'_>,
    ) -> Result<Result<Verified<Opened, Verification>, Rejected<Verification>>, Error> {
        self.head.require(&[Kind::SignedAndEnvelopedData])?;
        let Some(signed) = &self.tail.signed else {
            return Err(Error::new(Code::BadCms).field("signerInfos"));
        };
        if matches!(self.head.cipher, Cipher::Other(_)) {
            return Err(unsupported());
        }
        let (number, key) = with.content_key(&self.head.recipients)?;
        let opened = self.decrypt(&key, Some(number));
        // With a wrong padding something that nobody signed is verified in place of the content.
        let other = unforeseen()?;
        let content = opened.as_ref().map_or(other.as_slice(), |opened| &opened.content);
        let verification = sealed_verification(signed, &Data::new(content), options);
        Ok(match opened {
            Ok(opened) if verification.passed() => Ok(Verified::new(opened, verification)),
            Ok(_) | Err(_) => Err(Rejected { report: verification }),
        })
    }

    fn decrypt(&self, key: &Key, recipient: Option<usize>) -> Result<Opened, Error> {
        let (mut ciphertext, mut mac) = (self.ciphertext.as_slice(), self.tail.mac.as_slice());
        if let (Cipher::Gcm { tag_bytes, .. }, true) =
            (&self.head.cipher, self.head.kind != Kind::AuthEnvelopedData)
        {
            // Others write the tag behind the ciphertext, where a structure has no place for it.
            let at = ciphertext
                .len()
                .checked_sub(*tag_bytes)
                .ok_or(Error::new(Code::NotOpened).field("content"))?;
            (ciphertext, mac) = ciphertext.split_at_checked(at).unwrap_or_default();
        }
        let aad = &self.tail.attributes;
        Ok(Opened {
            content: self.head.cipher.decrypt(key, aad, ciphertext, mac)?,
            content_type: self.head.content_type.clone(),
            authenticated: self.head.cipher.authenticates(),
            recipient,
        })
    }
}

/// What nobody has signed, as nobody could foresee it. Over anything else, the ciphertext for example, a
/// sender could have a signature ready, and learn from the report that the padding was wrong.
pub(super) fn unforeseen() -> Result<[u8; 32], Error> {
    let mut random = [0; 32];
    rng::fill(&mut random)?;
    Ok(random)
}

/// Verifies the signatures of a SignedAndEnvelopedData. The report keeps the content's digest to itself.
pub(super) fn sealed_verification(
    signed: &SignedData,
    data: &Data<'_>,
    options: &VerifyOptions<'_>,
) -> Verification {
    let mut verification = signed.verify_data(data, options);
    let lists = verification.signers.iter_mut().map(|signer| &mut signer.checks);
    for check in lists.chain([&mut verification.checks]).flatten() {
        check.evidence.remove("sm3");
    }
    verification
}

const KINDS: &[Kind] = &[
    Kind::EnvelopedData,
    Kind::SignedAndEnvelopedData,
    Kind::EncryptedData,
    Kind::AuthEnvelopedData,
];

impl Head {
    /// Refuses every other kind, by its name.
    pub(super) fn require(&self, kinds: &[Kind]) -> Result<(), Error> {
        if kinds.contains(&self.kind) {
            Ok(())
        } else {
            Err(Error::new(Code::BadArgument).field(self.kind.name()))
        }
    }
}

impl Tail {
    /// Everything up to the end of the structure that began with `head`.
    pub(super) fn read(cursor: &mut Cursor<'_>, head: &Head) -> Result<Self, Error> {
        let tail = match head.kind {
            Kind::SignedAndEnvelopedData => {
                Self { signed: Some(signatures(cursor, head)?), ..Self::default() }
            }
            Kind::AuthEnvelopedData => Self::authenticated(cursor, head)?,
            Kind::EnvelopedData | Kind::EncryptedData | Kind::SignedData => {
                cursor.take(tag::CONTEXT_1, "unprotectedAttrs")?;
                Self::default()
            }
        };
        cursor.finish(head.kind.name())?;
        Ok(tail)
    }

    /// authAttrs, mac and unauthAttrs (RFC 5083, 2.1).
    fn authenticated(cursor: &mut Cursor<'_>, head: &Head) -> Result<Self, Error> {
        let attributes = cursor.take(tag::CONTEXT_1, "authAttrs")?;
        let mac = cursor.required(tag::OCTET_STRING, "mac")?;
        cursor.take(tag::CONTEXT_2, "unauthAttrs")?;
        if matches!(head.cipher, Cipher::Gcm { tag_bytes, .. } if tag_bytes != mac.value.len()) {
            return Err(mac.error("mac"));
        }
        // An authenticated structure with a cipher that authenticates nothing is refused.
        if matches!(head.cipher, Cipher::Cbc { .. }) {
            return Err(unsupported());
        }
        let (attributes, stated) = match attributes {
            None => (Vec::new(), None),
            Some(element) => {
                let contents = element.raw.get(1..).unwrap_or_default();
                ([&[tag::SET], contents].concat(), stated_type(&element)?)
            }
        };
        // RFC 5083, 2.1: attributes name the content type unless that is plain data; where they do not,
        // anybody could have written another type.
        let plain = head.content_type == oid::PKCS7_DATA || head.content_type == oid::GM_DATA;
        if !stated.map_or(plain, |stated| stated == head.content_type) {
            return Err(mac.error("authAttrs"));
        }
        Ok(Self { attributes, mac: mac.value.to_vec(), signed: None })
    }
}

/// The content type that authenticated attributes name, which they do once at most.
fn stated_type(element: &Element<'_>) -> Result<Option<Vec<u8>>, Error> {
    let all = Attribute::read_all(element)?;
    let Some(value) = parse::the_only(&all, oid::CONTENT_TYPE, element, "content-type")? else {
        return Ok(None);
    };
    let value = tlv::only(value, 0, tag::OID, Code::BadCms, "content-type")?;
    Ok(Some(value.value.to_vec()))
}

/// What stands behind the content of a SignedAndEnvelopedData, as a SignedData over data elsewhere.
fn signatures(cursor: &mut Cursor<'_>, head: &Head) -> Result<SignedData, Error> {
    let parse::Signatures { certificates, other_certificates, crls, other_revocations, signers } =
        parse::signatures(cursor)?;
    let fields = Fields {
        family: head.family,
        version: 1,
        digest_algorithms: head.digest_algorithms.clone(),
        content_info: 0..0,
        content_type: head.content_type.clone(),
        content: None,
        certificates,
        other_certificates,
        crls,
        other_revocations,
        signers,
    };
    Ok(SignedData { bytes: Arc::default(), fields: Arc::new(fields) })
}

impl Cipher {
    /// Whether it proves that nothing was changed.
    pub(super) const fn authenticates(&self) -> bool {
        matches!(self, Self::Gcm { .. })
    }

    fn name(&self) -> String {
        match self {
            Self::Cbc { .. } => "SM4-CBC".to_owned(),
            Self::Gcm { .. } => "SM4-GCM".to_owned(),
            Self::Other(oid) => dotted(oid),
        }
    }
}
