//! For which certificates and reasons a list speaks: the extension issuingDistributionPoint
//! (RFC 5280, 5.2.5 and 6.3.3 (b)).

use crate::{
    error::{Code, Error},
    pki::{
        oid,
        tlv::{self, Cursor, Element, tag},
        x509::{Certificate, GeneralName},
    },
};

/// What a list is limited to. The default is no limit: a list without the extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The places whose certificates it is for; `None` for all of its issuer.
    pub distribution_point: Option<Box<[GeneralName]>>,
    /// Which kind of certificate it is for.
    pub kind: Kind,
    /// The reasons that it tells: bit n for reason n of `ReasonFlags`. [`Scope::ALL_REASONS`] for all.
    pub reasons: u16,
    /// It also lists certificates of other authorities. Such lists are not relied on here.
    pub indirect: bool,
}

/// The kind of certificate that a list is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any kind of public-key certificate.
    Any,
    /// Certificates of users: onlyContainsUserCerts.
    User,
    /// Certificates of authorities: onlyContainsCACerts.
    Authority,
    /// Attribute certificates, which are not judged here, or kinds that exclude each other.
    Other,
}

impl Default for Scope {
    fn default() -> Self {
        let reasons = Self::ALL_REASONS;
        Self { distribution_point: None, kind: Kind::Any, reasons, indirect: false }
    }
}

impl Scope {
    /// Every reason of `ReasonFlags` but the first bit, which has no meaning.
    pub const ALL_REASONS: u16 = 0x1fe;

    pub(super) fn parse(der: &[u8]) -> Result<Self, Error> {
        let field = "issuingDistributionPoint";
        let mut fields = tlv::only(der, 0, tag::SEQUENCE, Code::BadCrl, field)?.inside();
        let point = fields.take(tag::CONTEXT_0, "distributionPoint")?;
        let mut flag = |number: u8| -> Result<bool, Error> {
            let flag = fields.take(number, field)?;
            flag.map_or(Ok(false), |flag| flag.retagged(tag::BOOLEAN).boolean(field))
        };
        let (user, authority) = (flag(0x81)?, flag(0x82)?);
        let reasons = fields.take(0x83, "onlySomeReasons")?;
        let reasons = reasons.map_or(Ok(Self::ALL_REASONS), |flags| reason_flags(&flags))?;
        let mut flag = |number: u8| -> Result<bool, Error> {
            let flag = fields.take(number, field)?;
            flag.map_or(Ok(false), |flag| flag.retagged(tag::BOOLEAN).boolean(field))
        };
        let (indirect, attribute) = (flag(0x84)?, flag(0x85)?);
        fields.finish(field)?;
        let kind = match (user, authority, attribute) {
            (false, false, false) => Kind::Any,
            (true, false, false) => Kind::User,
            (false, true, false) => Kind::Authority,
            _ => Kind::Other,
        };
        let distribution_point = point.map(|point| point_names(&point)).transpose()?;
        Ok(Self { distribution_point: distribution_point.map(Into::into), kind, reasons, indirect })
    }

    /// Whether a list of this scope, by the issuer of `certificate`, speaks of `certificate` at all.
    #[must_use]
    pub fn covers(&self, certificate: &Certificate) -> bool {
        let authority = certificate.basic_constraints().is_some_and(|constraints| constraints.ca);
        let kind = match self.kind {
            Kind::Any => true,
            Kind::User => !authority,
            Kind::Authority => authority,
            Kind::Other => false,
        };
        let place = match &self.distribution_point {
            None => true,
            Some(names) => {
                let wanted = places_of(certificate);
                names.iter().any(|name| wanted.contains(name))
            }
        };
        kind && place && !self.indirect
    }
}

/// `DistributionPointName`. A name relative to the issuer's is not resolved: it fits no certificate.
fn point_names(point: &Element<'_>) -> Result<Vec<GeneralName>, Error> {
    let mut choice = point.inside();
    let name = choice.next("distributionPoint")?;
    choice.finish("distributionPoint")?;
    match name.tag {
        0xa0 => GeneralName::read_all(name.inside()),
        0xa1 => Ok(Vec::new()),
        _ => Err(name.error("distributionPoint")),
    }
}

fn reason_flags(flags: &Element<'_>) -> Result<u16, Error> {
    let [unused @ 0..=7, bits @ ..] = flags.value else {
        return Err(flags.error("onlySomeReasons"));
    };
    if bits.len() > 2 || (bits.is_empty() && *unused > 0) {
        return Err(flags.error("onlySomeReasons"));
    }
    let value = bits
        .iter()
        .zip([0, 8])
        .fold(0, |value, (byte, shift)| value | u16::from(byte.reverse_bits()) << shift);
    Ok(value & Scope::ALL_REASONS)
}

/// Where the issuer of `certificate` says that its revocation is told (RFC 5280, 4.2.1.13); without such
/// a word, under the issuer's name. What cannot be read names no place.
fn places_of(certificate: &Certificate) -> Vec<GeneralName> {
    match certificate.extension(oid::CRL_DISTRIBUTION_POINTS) {
        Some(extension) => distribution_points(&extension.value).unwrap_or_default(),
        None => vec![GeneralName::Directory(certificate.issuer().clone())],
    }
}

fn distribution_points(der: &[u8]) -> Result<Vec<GeneralName>, Error> {
    let field = "cRLDistributionPoints";
    let mut points =
        Cursor::new(der, 0, Code::BadCertificate).required(tag::SEQUENCE, field)?.inside();
    let mut names = Vec::new();
    while let Some(point) = points.take(tag::SEQUENCE, field)? {
        let mut fields = point.inside();
        let name = fields.take(tag::CONTEXT_0, "distributionPoint")?;
        fields.take(0x81, "reasons")?;
        let issuer = fields.take(0xa2, "cRLIssuer")?;
        fields.finish(field)?;
        // Lists of another issuer are indirect ones.
        if let (Some(name), None) = (name, issuer) {
            names.extend(point_names(&name)?);
        }
    }
    points.finish(field)?;
    Ok(names)
}
