//! The answer of an authority (`TimeStampResp`, RFC 3161, 2.4.2; GM/T 0033-2014).

use super::{TimeStampRequest, Token};
use crate::{
    Code, Error,
    limits::{TIME_STAMP_RESPONSE_BYTES_MAX, TIME_STAMP_TEXTS_MAX},
    pki::tlv::{self, Element, sequence, tag, wrap},
};

/// What became of a request (`PKIStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// 0: the token is there, as it was asked for.
    Granted,
    /// 1: the token is there, with modifications.
    GrantedWithMods,
    /// 2: refused.
    Rejection,
    /// 3: not yet processed.
    Waiting,
    /// 4: the authority's certificate is about to be revoked.
    RevocationWarning,
    /// 5: the authority's certificate has been revoked.
    RevocationNotification,
}

/// Why there is no token (`PKIFailureInfo`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailInfo {
    /// Bit 0: the hash function is not known or not accepted.
    BadAlg,
    /// Bit 2: the transaction is not permitted or not supported.
    BadRequest,
    /// Bit 5: the data has the wrong format.
    BadDataFormat,
    /// Bit 14: the authority's source of time is not available.
    TimeNotAvailable,
    /// Bit 15: the authority does not serve this policy.
    UnacceptedPolicy,
    /// Bit 16: the authority does not serve an extension.
    UnacceptedExtension,
    /// Bit 17: additional information was not understood or is not available.
    AddInfoNotAvailable,
    /// Bit 25: the request cannot be handled because of a failure of the system.
    SystemFailure,
}

impl Status {
    const ALL: [Self; 6] = [
        Self::Granted,
        Self::GrantedWithMods,
        Self::Rejection,
        Self::Waiting,
        Self::RevocationWarning,
        Self::RevocationNotification,
    ];

    /// The standard's name of it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::GrantedWithMods => "grantedWithMods",
            Self::Rejection => "rejection",
            Self::Waiting => "waiting",
            Self::RevocationWarning => "revocationWarning",
            Self::RevocationNotification => "revocationNotification",
        }
    }

    /// The number in the encoding.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Granted => 0,
            Self::GrantedWithMods => 1,
            Self::Rejection => 2,
            Self::Waiting => 3,
            Self::RevocationWarning => 4,
            Self::RevocationNotification => 5,
        }
    }

    /// Whether a token must come with it; with every other status none may.
    #[must_use]
    pub const fn is_granted(self) -> bool {
        matches!(self, Self::Granted | Self::GrantedWithMods)
    }
}

impl FailInfo {
    const ALL: [Self; 8] = [
        Self::BadAlg,
        Self::BadRequest,
        Self::BadDataFormat,
        Self::TimeNotAvailable,
        Self::UnacceptedPolicy,
        Self::UnacceptedExtension,
        Self::AddInfoNotAvailable,
        Self::SystemFailure,
    ];

    /// The standard's name of it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadAlg => "badAlg",
            Self::BadRequest => "badRequest",
            Self::BadDataFormat => "badDataFormat",
            Self::TimeNotAvailable => "timeNotAvailable",
            Self::UnacceptedPolicy => "unacceptedPolicy",
            Self::UnacceptedExtension => "unacceptedExtension",
            Self::AddInfoNotAvailable => "addInfoNotAvailable",
            Self::SystemFailure => "systemFailure",
        }
    }

    /// The bit in the encoding, counted from the most significant one of the first byte.
    #[must_use]
    pub const fn bit(self) -> usize {
        match self {
            Self::BadAlg => 0,
            Self::BadRequest => 2,
            Self::BadDataFormat => 5,
            Self::TimeNotAvailable => 14,
            Self::UnacceptedPolicy => 15,
            Self::UnacceptedExtension => 16,
            Self::AddInfoNotAvailable => 17,
            Self::SystemFailure => 25,
        }
    }
}

/// The answer to a request for a time stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeStampResponse {
    /// What became of the request.
    pub status: Status,
    /// What the authority says of it, in its own words: not to be relied on.
    pub texts: Vec<String>,
    /// Why there is no token.
    pub failures: Vec<FailInfo>,
    /// The token, as DER.
    pub token: Option<Vec<u8>>,
}

impl TimeStampResponse {
    /// An answer with a token.
    #[must_use]
    pub fn granted(token: Vec<u8>) -> Self {
        let (texts, failures) = (Vec::new(), Vec::new());
        Self { status: Status::Granted, texts, failures, token: Some(token) }
    }

    /// An answer without one.
    #[must_use]
    pub fn refused(failure: FailInfo, text: &str) -> Self {
        let (texts, failures) = (vec![text.to_owned()], vec![failure]);
        Self { status: Status::Rejection, texts, failures, token: None }
    }

    /// Reads an answer, the body of an HTTP response of type `application/timestamp-reply`.
    ///
    /// # Errors
    /// [`Code::BadTimeStamp`] with the offset and the field, also for a status or failure that the
    /// standard does not know, for a token that comes with a refusal, and for a grant without one;
    /// [`Code::LimitReached`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > TIME_STAMP_RESPONSE_BYTES_MAX {
            return Err(Error::limit("TIME_STAMP_RESPONSE_BYTES_MAX"));
        }
        let whole = tlv::only(bytes, 0, tag::SEQUENCE, Code::BadTimeStamp, "TimeStampResp")?;
        let mut cursor = whole.inside();
        let mut info = cursor.required(tag::SEQUENCE, "PKIStatusInfo")?.inside();
        let status = info.required(tag::INTEGER, "status")?;
        let number = status.integer("status")?;
        let known = Status::ALL.into_iter().find(|known| i64::from(known.number()) == number);
        let known = known.ok_or_else(|| status.error("status"))?;
        let texts = info.take(tag::SEQUENCE, "statusString")?;
        let texts = texts.map(|list| self::texts(&list)).transpose()?.unwrap_or_default();
        let failures = info.take(tag::BIT_STRING, "failInfo")?;
        let failures = failures.map(|bits| self::failures(&bits)).transpose()?.unwrap_or_default();
        info.finish("PKIStatusInfo")?;
        let token = cursor.take(tag::SEQUENCE, "timeStampToken")?.map(|token| token.raw.to_vec());
        cursor.finish("TimeStampResp")?;
        if token.is_some() != known.is_granted() {
            return Err(whole.error("timeStampToken"));
        }
        Ok(Self { status: known, texts, failures, token })
    }

    /// As DER.
    ///
    /// # Errors
    /// [`Code::BadArgument`] if a token comes with a refusal, or a grant without one.
    pub fn to_der(&self) -> Result<Vec<u8>, Error> {
        if self.token.is_some() != self.status.is_granted() {
            return Err(Error::new(Code::BadArgument).field("token"));
        }
        let texts: Vec<_> =
            self.texts.iter().map(|text| wrap(tag::UTF8_STRING, &[text.as_bytes()])).collect();
        let texts =
            if texts.is_empty() { Vec::new() } else { wrap(tag::SEQUENCE, &[&texts.concat()]) };
        let status = [tag::INTEGER, 1, self.status.number()];
        let info = sequence(&[&status, &texts, &fail_bits(&self.failures)]);
        Ok(sequence(&[&info, self.token.as_deref().unwrap_or_default()]))
    }

    /// The token, if it answers `request`: the same imprint, the nonce repeated, the policy that was
    /// asked for, the certificate inside if it was wanted. That it holds is for
    /// [`verify_token`](super::verify_token) to say.
    ///
    /// # Errors
    /// [`Code::TimeStampRefused`] with the authority's reason as field;
    /// [`Code::TimeStampMismatch`] with the field that differs; as [`Token::parse`].
    pub fn token_for(&self, request: &TimeStampRequest) -> Result<Token, Error> {
        let Some(token) = &self.token else {
            let reason = self.failures.first().map_or(self.status.name(), |first| first.name());
            return Err(Error::new(Code::TimeStampRefused).field(reason));
        };
        let token = Token::parse(token)?;
        let mismatch = |field| Err(Error::new(Code::TimeStampMismatch).field(field));
        let info = token.info();
        if !info.imprint.is_same_as(&request.imprint) {
            return mismatch("messageImprint");
        }
        if info.nonce != request.nonce {
            return mismatch("nonce");
        }
        if request.policy.as_ref().is_some_and(|policy| *policy != info.policy) {
            return mismatch("policy");
        }
        if request.certificate_wanted && token.signed_data().certificates().is_empty() {
            return mismatch("certificates");
        }
        Ok(token)
    }
}

fn texts(list: &Element<'_>) -> Result<Vec<String>, Error> {
    let items = list.inside().all("statusString", TIME_STAMP_TEXTS_MAX, "TIME_STAMP_TEXTS_MAX")?;
    let text = |item: &Element<'_>| match item.tag {
        tag::UTF8_STRING => item.text("statusString"),
        _ => Err(item.error("statusString")),
    };
    items.iter().map(text).collect()
}

/// A BIT STRING with a named bit for each failure; any other bit is an error (RFC 3161, 2.4.2).
fn failures(element: &Element<'_>) -> Result<Vec<FailInfo>, Error> {
    let bad = || element.error("failInfo");
    let (&unused, bytes) = element.value.split_first().ok_or_else(bad)?;
    // The bits that are named end with number 26, of which four bytes are the least room.
    if unused > 7 || bytes.len() > 4 || (bytes.is_empty() && unused != 0) {
        return Err(bad());
    }
    let is_set =
        |bit: usize| bytes.get(bit / 8).is_some_and(|byte| byte & (0x80_u8 >> (bit % 8)) != 0);
    let mut found = Vec::new();
    for bit in (0..bytes.len() * 8).filter(|&bit| is_set(bit)) {
        let known = FailInfo::ALL.into_iter().find(|known| known.bit() == bit);
        found.push(known.ok_or_else(bad)?);
    }
    Ok(found)
}

/// Without trailing zero bits, as DER demands of named bits (X.690, 11.2.2).
fn fail_bits(failures: &[FailInfo]) -> Vec<u8> {
    let Some(last) = failures.iter().map(|failure| failure.bit()).max() else { return Vec::new() };
    let mut bytes = vec![0_u8; last / 8 + 1];
    for failure in failures {
        if let Some(byte) = bytes.get_mut(failure.bit() / 8) {
            *byte |= 0x80 >> (failure.bit() % 8);
        }
    }
    let unused = u8::try_from(7 - last % 8).unwrap_or_default();
    wrap(tag::BIT_STRING, &[&[unused], &bytes])
}
