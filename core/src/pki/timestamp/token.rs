//! The token: a SignedData whose content is a TSTInfo (RFC 3161, 2.4.2; GM/T 0033-2014).

use super::{
    Imprint,
    request::{Extension, extensions, number},
};
use crate::{
    Code, Error, UnixTime,
    limits::TIME_STAMP_BYTES_MAX,
    pki::{
        algorithm::dotted,
        cms::SignedData,
        tlv::{self, Cursor, Element, tag},
    },
};

/// A time stamp as it was read. No trust is implied. Cheap to clone.
#[derive(Clone)]
pub struct Token {
    signed_data: SignedData,
    info: std::sync::Arc<TstInfo>,
}

/// What a time stamp says (`TSTInfo`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TstInfo {
    /// The version: 1 is the only one.
    pub version: i64,
    /// The policy under which it was made, dotted.
    pub policy: String,
    /// What is stamped.
    pub imprint: Imprint,
    /// The contents octets of the serial number, of which an authority gives each once.
    pub serial: Vec<u8>,
    /// The stamped time. A fraction of a second is dropped.
    pub time: UnixTime,
    /// The stamped time as it is written.
    pub time_text: String,
    /// How far the stamped time may be off.
    pub accuracy: Option<Accuracy>,
    /// Whether the authority's stamps can be put into their order by their times alone.
    pub ordering: bool,
    /// The contents octets of the nonce, repeated from the request.
    pub nonce: Option<Vec<u8>>,
    /// The authority's name, a GeneralName as DER.
    pub authority_name: Option<Vec<u8>>,
    /// The extensions, in their order.
    pub extensions: Vec<Extension>,
}

/// How far a stamped time may be off, in either direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Accuracy {
    /// Whole seconds.
    pub seconds: u32,
    /// Milliseconds, at most 999.
    pub milliseconds: u16,
    /// Microseconds, at most 999.
    pub microseconds: u16,
}

impl Accuracy {
    /// So many seconds.
    #[must_use]
    pub const fn of_s(seconds: u32) -> Self {
        Self { seconds, milliseconds: 0, microseconds: 0 }
    }

    /// In microseconds.
    #[must_use]
    pub fn as_us(self) -> u64 {
        let Self { seconds, milliseconds, microseconds } = self;
        u64::from(seconds) * 1_000_000 + u64::from(milliseconds) * 1000 + u64::from(microseconds)
    }
}

impl Token {
    /// Reads a token, a ContentInfo that holds a SignedData under GM or RFC 5652 object identifiers.
    ///
    /// # Errors
    /// [`Code::BadTimeStamp`] or [`Code::BadCms`] with the offset and the field (inside the TSTInfo
    /// the offset counts from its beginning), or [`Code::LimitReached`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > TIME_STAMP_BYTES_MAX {
            return Err(Error::limit("TIME_STAMP_BYTES_MAX"));
        }
        let signed_data = SignedData::parse(bytes)?;
        if signed_data.content_type() != TST_INFO {
            return Err(Error::new(Code::BadTimeStamp).field("eContentType"));
        }
        let content = signed_data.content();
        let info = read(content.ok_or(Error::new(Code::BadTimeStamp).field("TSTInfo"))?)?;
        Ok(Self { info: std::sync::Arc::new(info), signed_data })
    }

    /// What it says.
    #[must_use]
    pub fn info(&self) -> &TstInfo {
        &self.info
    }

    /// The SignedData around it.
    #[must_use]
    pub fn signed_data(&self) -> &SignedData {
        &self.signed_data
    }

    /// The token as it was given.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        self.signed_data.raw()
    }
}

fn read(content: &[u8]) -> Result<TstInfo, Error> {
    let whole = tlv::only(content, 0, tag::SEQUENCE, Code::BadTimeStamp, "TSTInfo")?;
    let mut cursor = whole.inside();
    let version = cursor.next("version")?.integer("version")?;
    let policy = dotted(cursor.required(tag::OID, "policy")?.value);
    let imprint = Imprint::read(&cursor.required(tag::SEQUENCE, "messageImprint")?)?;
    let serial = number(&cursor.required(tag::INTEGER, "serialNumber")?, "serialNumber")?;
    let time = cursor.required(tag::GENERALIZED_TIME, "genTime")?;
    let time_text = String::from_utf8_lossy(time.value).into_owned();
    let time = time.time("genTime")?;
    let accuracy = cursor.take(tag::SEQUENCE, "accuracy")?;
    let accuracy = accuracy.map(|element| self::accuracy(&element)).transpose()?;
    let ordering = cursor.take(tag::BOOLEAN, "ordering")?;
    let ordering = ordering.map(|element| element.boolean("ordering")).transpose()?;
    let nonce = cursor.take(tag::INTEGER, "nonce")?;
    let nonce = nonce.map(|nonce| number(&nonce, "nonce")).transpose()?;
    let authority_name = cursor.take(tag::CONTEXT_0, "tsa")?;
    let authority_name = authority_name.map(|explicit| general_name(&explicit)).transpose()?;
    let extensions = extensions(&mut cursor, tag::CONTEXT_1)?;
    cursor.finish("TSTInfo")?;
    Ok(TstInfo {
        version,
        policy,
        imprint,
        serial,
        time,
        time_text,
        accuracy,
        ordering: ordering.unwrap_or(false),
        nonce,
        authority_name,
        extensions,
    })
}

/// SEQUENCE { seconds INTEGER OPTIONAL, millis [0] (1..999) OPTIONAL, micros [1] (1..999) OPTIONAL }.
fn accuracy(element: &Element<'_>) -> Result<Accuracy, Error> {
    let mut cursor = element.inside();
    let seconds = cursor.take(tag::INTEGER, "accuracy.seconds")?;
    let seconds = seconds.map(|seconds| seconds.integer("accuracy.seconds")).transpose()?;
    let seconds = u32::try_from(seconds.unwrap_or(0));
    let milliseconds = part(&mut cursor, 0x80, "accuracy.millis")?;
    let microseconds = part(&mut cursor, 0x81, "accuracy.micros")?;
    cursor.finish("accuracy")?;
    let seconds = seconds.map_err(|_| element.error("accuracy.seconds"))?;
    Ok(Accuracy { seconds, milliseconds, microseconds })
}

fn part(cursor: &mut Cursor<'_>, tag: u8, field: &'static str) -> Result<u16, Error> {
    let Some(element) = cursor.take(tag, field)? else { return Ok(0) };
    let number = element.retagged(tag::INTEGER).integer(field)?;
    let number = u16::try_from(number).ok().filter(|number| (1..=999).contains(number));
    number.ok_or_else(|| element.error(field))
}

/// The one GeneralName inside `[0] EXPLICIT`.
fn general_name(explicit: &Element<'_>) -> Result<Vec<u8>, Error> {
    let mut inside = explicit.inside();
    let name = inside.next("tsa")?;
    inside.finish("tsa")?;
    Ok(name.raw.to_vec())
}

/// 1.2.840.113549.1.9.16.1.4, id-ct-TSTInfo.
pub(super) const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4];
