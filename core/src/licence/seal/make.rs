//! Making seals and sealing, in the forms of GB/T 38540-2020 (v4) and GM/T 0031-2025 (v5).
//!
//! Everything is DER. Encodings are those of the seals in use: texts as IA5String and UTF8String, times
//! as `yyyyMMddHHmmssZ`, digests and signatures as BIT STRING, signatures inside as DER { r, s }.

use std::io::Cursor;

use der::{
    Encode as _,
    asn1::{GeneralizedTime, Ia5StringRef},
};

use super::{Seal, SignedValue, Version};
use crate::{
    Code, Error, UnixTime,
    limits::{
        SEAL_LIST_MAX, SEAL_PICTURE_BYTES_MAX, SEAL_PICTURE_PIXELS_MAX, SEAL_TEXT_BYTES_MAX,
        SIGNED_VALUE_PROPERTY_BYTES_MAX,
    },
    pki::{
        algorithm::oid::SM2_WITH_SM3,
        custody::Signer,
        timestamp::{Imprint, TimeStampSource},
        tlv::{sequence, tag, wrap},
        x509::Certificate,
    },
    primitives::{sm2::DistId, sm3},
};

/// What a new seal says.
#[derive(Clone, Debug)]
pub struct SealDescription {
    /// Who made the software (`Vid`), ASCII.
    pub vendor: String,
    /// The seal's identifier (`esID`), ASCII: for a government seal the 14-digit seal code.
    pub id: String,
    /// The name of the seal.
    pub name: String,
    /// The kind: 1 of an organisation, 2 of a person.
    pub kind: u8,
    /// When it is made.
    pub created: UnixTime,
    /// The first moment at which it may be used.
    pub valid_from: UnixTime,
    /// The last moment at which it may be used.
    pub valid_until: UnixTime,
    /// Who may sign with it. At least one.
    pub signer_certificates: Vec<Certificate>,
    /// The picture.
    pub picture: SealPicture,
}

/// The picture of a new seal.
#[derive(Clone, Debug)]
pub struct SealPicture {
    /// A PNG file.
    pub png: Vec<u8>,
    /// The printed width in millimetres.
    pub width_mm: u16,
    /// The printed height in millimetres.
    pub height_mm: u16,
}

/// Makes a v4 seal, signed by `maker`, whose key is that of `maker_certificate`. A v5 seal is made by
/// [`make_v5`].
///
/// # Errors
/// [`Code::KeyMismatch`], [`Code::BadPicture`], [`Code::BadArgument`] for an empty list, a text that is
/// empty, too long or not ASCII, or a period that ends before it begins; [`Code::OutsideValidity`] if
/// `created` lies outside the maker's certificate; [`Code::LimitReached`]; whatever `maker` fails with.
pub fn make(
    description: &SealDescription,
    maker_certificate: &Certificate,
    maker: &dyn Signer,
) -> Result<Seal, Error> {
    make_seal(description, maker_certificate, maker, (4, None))
}

/// Makes a v5 seal (GM/T 0031-2025), with a time stamp over the maker's signature if there is a source
/// of them.
///
/// # Errors
/// As [`make`]; [`Code::TimeStampMismatch`] if the stamp is earlier than `created`; whatever `stamps`
/// fails with.
pub fn make_v5(
    description: &SealDescription,
    maker_certificate: &Certificate,
    maker: &dyn Signer,
    stamps: Option<&dyn TimeStampSource>,
) -> Result<Seal, Error> {
    make_seal(description, maker_certificate, maker, (5, stamps))
}

fn make_seal(
    description: &SealDescription,
    maker_certificate: &Certificate,
    maker: &dyn Signer,
    (version, stamps): (u32, Option<&dyn TimeStampSource>),
) -> Result<Seal, Error> {
    key_fits(maker_certificate, maker)?;
    within(description.created, maker_certificate, "created")?;
    let info = seal_info(description, version)?;
    let signature = maker.sign(&info, &DistId::DEFAULT)?.to_der();
    Seal::parse(&sequence(&[
        &info,
        &wrap(tag::OCTET_STRING, &[maker_certificate.der()]),
        &wrap(tag::OID, &[SM2_WITH_SM3]),
        &bit_string(&signature),
        &stamp(stamps, &signature, description.created)?,
    ]))
}

/// `timeStamp [0] BIT STRING`, tagged explicitly as in seals in use; nothing without a source.
fn stamp(
    stamps: Option<&dyn TimeStampSource>,
    signature: &[u8],
    claimed: UnixTime,
) -> Result<Vec<u8>, Error> {
    let Some(source) = stamps else { return Ok(Vec::new()) };
    let token = source.stamp(&Imprint::of(signature))?;
    if token.info().time < claimed {
        return Err(Error::new(Code::TimeStampMismatch).field("genTime"));
    }
    Ok(wrap(tag::CONTEXT_0, &[&bit_string(token.der())]))
}

/// Whether [`sign`] would sign: asked once before many documents are sealed, so that a wrong key or an
/// ended seal is told once.
///
/// # Errors
/// [`Code::BadSeal`], [`Code::NotInSeal`], [`Code::KeyMismatch`] and [`Code::OutsideValidity`], as for
/// [`sign`].
pub fn may_sign(
    seal: &Seal,
    at: UnixTime,
    certificate: &Certificate,
    signer: &dyn Signer,
) -> Result<(), Error> {
    if !matches!((seal.version(), seal.header_version()), (Version::V4, 4) | (Version::V5, 5)) {
        return Err(Error::new(Code::BadSeal).field("version"));
    }
    if !seal.lists(certificate.der()) {
        return Err(Error::new(Code::NotInSeal).field("signer"));
    }
    key_fits(certificate, signer)?;
    within(at, certificate, "certificate")?;
    if at < seal.valid_from() || at > seal.valid_until() {
        return Err(Error::new(Code::OutsideValidity).field("seal"));
    }
    Ok(())
}

/// Seals: signs `document_hash` (SM3; in an OFD package of `Signature.xml`) with a v4 or v5 seal.
/// Returns the SES_Signature, of the same version.
///
/// `property` names the protected data, in OFD by the absolute path of `Signature.xml`, ASCII.
///
/// # Errors
/// [`Code::NotInSeal`] if the seal does not list `certificate`; [`Code::KeyMismatch`] if `signer` is
/// not its key; [`Code::OutsideValidity`] if `at` lies outside the seal's or the certificate's
/// validity; [`Code::BadSeal`] if the seal is neither v4 nor v5; [`Code::BadArgument`] for a property that is not
/// ASCII; whatever `signer` fails with.
pub fn sign(
    seal: &Seal,
    document_hash: sm3::Digest,
    property: &str,
    at: UnixTime,
    certificate: &Certificate,
    signer: &dyn Signer,
) -> Result<Vec<u8>, Error> {
    let seal_at = SealAt { seal, document_hash, property, at };
    sign_with(&seal_at, certificate, signer, None)
}

/// As [`sign`], with a time stamp over the signature (the field `timeStamp` of SES_Signature).
///
/// # Errors
/// As [`sign`]; [`Code::TimeStampMismatch`] if the stamp is earlier than `at`, which no verifier would
/// accept; whatever `stamps` fails with.
pub fn sign_stamped(
    seal: &Seal,
    document_hash: sm3::Digest,
    property: &str,
    at: UnixTime,
    certificate: &Certificate,
    signer: &dyn Signer,
    stamps: &dyn TimeStampSource,
) -> Result<Vec<u8>, Error> {
    let seal_at = SealAt { seal, document_hash, property, at };
    sign_with(&seal_at, certificate, signer, Some(stamps))
}

struct SealAt<'a> {
    seal: &'a Seal,
    document_hash: sm3::Digest,
    property: &'a str,
    at: UnixTime,
}

fn sign_with(
    seal_at: &SealAt<'_>,
    certificate: &Certificate,
    signer: &dyn Signer,
    stamps: Option<&dyn TimeStampSource>,
) -> Result<Vec<u8>, Error> {
    let SealAt { seal, document_hash, property, at } = *seal_at;
    may_sign(seal, at, certificate, signer)?;
    if property.len() > SIGNED_VALUE_PROPERTY_BYTES_MAX {
        return Err(Error::limit("SIGNED_VALUE_PROPERTY_BYTES_MAX"));
    }
    let version = if seal.version() == Version::V5 { 5 } else { 4 };
    let to_sign = sequence(&[
        &integer(version)?,
        seal.raw(),
        &time(at)?,
        &bit_string(&document_hash),
        &ia5(property, "property")?,
    ]);
    let signature = signer.sign(&to_sign, &DistId::DEFAULT)?.to_der();
    let signed = sequence(&[
        &to_sign,
        &wrap(tag::OCTET_STRING, &[certificate.der()]),
        &wrap(tag::OID, &[SM2_WITH_SM3]),
        &bit_string(&signature),
        &stamp(stamps, &signature, at)?,
    ]);
    // What is handed out can be read again: a seal near the limit leaves no room for a signature.
    SignedValue::parse(&signed)?;
    Ok(signed)
}

fn seal_info(description: &SealDescription, version: u32) -> Result<Vec<u8>, Error> {
    let vendor = text(&description.vendor, "vendor")?;
    let header = sequence(&[&ia5("ES", "ID")?, &integer(version)?, &vendor]);
    let id = text(&description.id, "id")?;
    Ok(sequence(&[&header, &id, &property(description)?, &picture(&description.picture)?]))
}

fn property(description: &SealDescription) -> Result<Vec<u8>, Error> {
    let SealDescription { name, signer_certificates, valid_from, valid_until, .. } = description;
    if valid_until < valid_from {
        return Err(Error::new(Code::BadArgument).field("valid_until"));
    }
    if signer_certificates.is_empty() {
        return Err(Error::new(Code::BadArgument).field("signer_certificates"));
    }
    if signer_certificates.len() > SEAL_LIST_MAX {
        return Err(Error::limit("SEAL_LIST_MAX"));
    }
    if name.is_empty() || name.len() > SEAL_TEXT_BYTES_MAX {
        return Err(Error::new(Code::BadArgument).field("name"));
    }
    let certificates = signer_certificates.iter();
    let certificates = certificates.map(|one| wrap(tag::OCTET_STRING, &[one.der()]));
    Ok(sequence(&[
        &integer(description.kind.into())?,
        &wrap(tag::UTF8_STRING, &[name.as_bytes()]),
        &integer(1)?,
        &wrap(tag::SEQUENCE, &[&certificates.collect::<Vec<_>>().concat()]),
        &time(description.created)?,
        &time(*valid_from)?,
        &time(*valid_until)?,
    ]))
}

fn picture(picture: &SealPicture) -> Result<Vec<u8>, Error> {
    check_png(&picture.png)?;
    if picture.width_mm == 0 || picture.height_mm == 0 {
        return Err(Error::new(Code::BadArgument).field("picture"));
    }
    Ok(sequence(&[
        &ia5("PNG", "picture")?,
        &wrap(tag::OCTET_STRING, &[&picture.png]),
        &integer(picture.width_mm.into())?,
        &integer(picture.height_mm.into())?,
    ]))
}

/// Decodes the whole picture, so that no seal carries one that a reader cannot show.
fn check_png(png: &[u8]) -> Result<(), Error> {
    let bad = || Error::new(Code::BadPicture).field("picture");
    if png.len() > SEAL_PICTURE_BYTES_MAX {
        return Err(Error::limit("SEAL_PICTURE_BYTES_MAX"));
    }
    // A picture of the largest size has 4 bytes a pixel, at 16 bits a channel 8.
    let side = usize::try_from(SEAL_PICTURE_PIXELS_MAX).map_err(|_| bad())?;
    let limits = png::Limits { bytes: side * side * 8 + (1 << 20) };
    let decoder = png::Decoder::new_with_limits(Cursor::new(png), limits);
    let mut reader = decoder.read_info().map_err(|_| bad())?;
    let (width, height) = (reader.info().width, reader.info().height);
    if width > SEAL_PICTURE_PIXELS_MAX || height > SEAL_PICTURE_PIXELS_MAX {
        return Err(Error::limit("SEAL_PICTURE_PIXELS_MAX"));
    }
    while reader.next_row().map_err(|_| bad())?.is_some() {}
    reader.finish().map_err(|_| bad())
}

fn key_fits(certificate: &Certificate, signer: &dyn Signer) -> Result<(), Error> {
    if certificate.public_key()? == signer.public_key() {
        return Ok(());
    }
    Err(Error::new(Code::KeyMismatch).field("key"))
}

fn within(time: UnixTime, certificate: &Certificate, field: &'static str) -> Result<(), Error> {
    if time < certificate.not_before() || time > certificate.not_after() {
        return Err(Error::new(Code::OutsideValidity).field(field));
    }
    Ok(())
}

fn text(text: &str, field: &'static str) -> Result<Vec<u8>, Error> {
    if text.is_empty() || text.len() > SEAL_TEXT_BYTES_MAX {
        return Err(Error::new(Code::BadArgument).field(field));
    }
    ia5(text, field)
}

fn ia5(text: &str, field: &'static str) -> Result<Vec<u8>, Error> {
    let string = Ia5StringRef::new(text).and_then(|string| string.to_der());
    string.map_err(|_| Error::new(Code::BadArgument).field(field))
}

fn integer(value: u32) -> Result<Vec<u8>, Error> {
    value.to_der().map_err(|_| Error::new(Code::BadArgument).field("value"))
}

/// GeneralizedTime `yyyyMMddHHmmssZ`.
fn time(at: UnixTime) -> Result<Vec<u8>, Error> {
    let bad = || Error::new(Code::BadTime).field("time");
    let since_epoch = u64::try_from(at.unix_s()).map_err(|_| bad())?;
    let duration = std::time::Duration::from_secs(since_epoch);
    let time = GeneralizedTime::from_unix_duration(duration).and_then(|time| time.to_der());
    time.map_err(|_| bad())
}

fn bit_string(bytes: &[u8]) -> Vec<u8> {
    wrap(tag::BIT_STRING, &[&[0], bytes])
}
