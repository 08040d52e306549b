//! The content of a bundle: DER to structure, and back.

use std::collections::BTreeSet;

use der::{Encode as _, asn1::GeneralizedTime};

use crate::{
    Code, Error, UnixTime, limits,
    pki::{
        cms::{self, Attributes, Placement, SignOptions, SignWith},
        crl::Crl,
        custody::Signer,
        tlv::{self, Cursor, Element, sequence, tag, wrap},
        x509::Certificate,
    },
    primitives::sm3,
};

/// What a bundle is to hold.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The name of the set of anchors: 1 to 128 bytes of UTF-8.
    pub set: String,
    /// Rises with every bundle of the set, so that an old one cannot take the place of a newer one.
    pub sequence: u64,
    /// When the bundle is issued.
    pub issued: UnixTime,
    /// Until when it may be used.
    pub expires: UnixTime,
    /// The SM3 of the DER of each certificate that is an anchor.
    pub anchors: BTreeSet<sm3::Digest>,
    /// The anchors themselves, and other certificates that help to build paths.
    pub certificates: Vec<Certificate>,
    /// Revocation lists.
    pub crls: Vec<Crl>,
}

impl Manifest {
    /// Makes the bundle, signed by `signer`, whose certificate is `certificate`.
    ///
    /// # Errors
    /// [`Code::BadArgument`] if the set has no name or too long a one, if `expires` is not later than
    /// `issued`, or if the certificate of an anchor is missing; [`Code::BadTime`] for times before 1970;
    /// [`Code::KeyMismatch`]; [`Code::LimitReached`] as for [`Bundle::parse`](super::Bundle::parse);
    /// whatever `signer` fails with.
    pub fn sign(&self, certificate: &Certificate, signer: &dyn Signer) -> Result<Vec<u8>, Error> {
        let argument = |field| Err(Error::new(Code::BadArgument).field(field));
        if !(1..=limits::BUNDLE_NAME_BYTES_MAX).contains(&self.set.len()) {
            return argument("set");
        }
        if self.expires <= self.issued {
            return argument("expires");
        }
        if self.missing().next().is_some() {
            return argument("anchors");
        }
        let signers = [SignWith { certificate, key: signer }];
        let attributes = Attributes::Signed { at: Some(self.issued), more: Vec::new() };
        let placement = Placement::Attached;
        let options = SignOptions { attributes, placement, ..SignOptions::default() };
        let bundle = cms::sign(&self.to_der()?, &signers, &options)?;
        super::Bundle::parse(&bundle)?;
        Ok(bundle)
    }

    /// Anchors whose certificate is not there.
    pub(super) fn missing(&self) -> impl Iterator<Item = &sm3::Digest> {
        let there: BTreeSet<_> = self.certificates.iter().map(Certificate::thumbprint).collect();
        self.anchors.iter().filter(move |anchor| !there.contains(*anchor))
    }

    fn to_der(&self) -> Result<Vec<u8>, Error> {
        let number = |number: u64| {
            number.to_der().map_err(|_| Error::new(Code::BadBundle).field("sequence"))
        };
        let anchors = self.anchors.iter().map(|digest| wrap(tag::OCTET_STRING, &[digest]));
        let anchors: Vec<u8> = anchors.flatten().collect();
        let certificates: Vec<_> = self.certificates.iter().map(Certificate::der).collect();
        let crls: Vec<_> = self.crls.iter().map(Crl::der).collect();
        Ok(sequence(&[
            &number(VERSION)?,
            &wrap(tag::UTF8_STRING, &[self.set.as_bytes()]),
            &number(self.sequence)?,
            &time(self.issued)?,
            &time(self.expires)?,
            &sequence(&[&anchors]),
            &sequence(&certificates),
            &sequence(&crls),
        ]))
    }

    pub(super) fn parse(der: &[u8]) -> Result<Self, Error> {
        let whole = tlv::only(der, 0, tag::SEQUENCE, Code::BadBundle, "TrustBundle")?;
        let mut fields = whole.inside();
        let version = fields.required(tag::INTEGER, "version")?;
        if number(&version, "version")? != VERSION {
            return Err(version.error("version"));
        }
        let name = fields.required(tag::UTF8_STRING, "set")?;
        let set = std::str::from_utf8(name.value).map_err(|_| name.error("set"))?;
        if !(1..=limits::BUNDLE_NAME_BYTES_MAX).contains(&set.len()) {
            return Err(name.error("set"));
        }
        let position = number(&fields.required(tag::INTEGER, "sequence")?, "sequence")?;
        let issued = fields.required(tag::GENERALIZED_TIME, "issued")?.time("issued")?;
        let expires = fields.required(tag::GENERALIZED_TIME, "expires")?.time("expires")?;
        let anchors = digests(fields.required(tag::SEQUENCE, "anchors")?.inside())?;
        let certificates = fields.required(tag::SEQUENCE, "certificates")?.inside().all(
            "certificates",
            limits::BUNDLE_CERTIFICATES_MAX,
            "BUNDLE_CERTIFICATES_MAX",
        )?;
        let crls = fields.required(tag::SEQUENCE, "crls")?.inside().all(
            "crls",
            limits::BUNDLE_CRLS_MAX,
            "BUNDLE_CRLS_MAX",
        )?;
        fields.finish("TrustBundle")?;
        Ok(Self {
            set: set.to_owned(),
            sequence: position,
            issued,
            expires,
            anchors,
            certificates: objects(&certificates, Certificate::parse)?,
            crls: objects(&crls, Crl::parse)?,
        })
    }
}

const VERSION: u64 = 1;

fn digests(mut list: Cursor<'_>) -> Result<BTreeSet<sm3::Digest>, Error> {
    let mut digests = BTreeSet::new();
    while !list.is_empty() {
        let octets = list.required(tag::OCTET_STRING, "anchors")?;
        if digests.len() == limits::BUNDLE_CERTIFICATES_MAX {
            return Err(Error::limit("BUNDLE_CERTIFICATES_MAX").at(octets.at));
        }
        let digest = octets.value.try_into().map_err(|_| octets.error("anchors"))?;
        digests.insert(digest);
    }
    Ok(digests)
}

/// The place told is that of the object in the content.
fn objects<T>(
    elements: &[Element<'_>],
    parse: impl Fn(&[u8]) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let object = |element: &Element<'_>| parse(element.raw).map_err(|error| error.at(element.at));
    elements.iter().map(object).collect()
}

/// A number that is not negative, of at most 8 bytes.
fn number(element: &Element<'_>, field: &'static str) -> Result<u64, Error> {
    let digits = element.value.strip_prefix(&[0]).unwrap_or(element.value);
    let negative = element.value.first().is_none_or(|&first| first >= 0x80);
    if negative || digits.len() > 8 {
        return Err(element.error(field));
    }
    Ok(digits.iter().fold(0, |number, &digit| (number << 8) | u64::from(digit)))
}

fn time(time: UnixTime) -> Result<Vec<u8>, Error> {
    let bad = || Error::new(Code::BadTime).field("time");
    let seconds = u64::try_from(time.unix_s()).map_err(|_| bad())?;
    let time = GeneralizedTime::from_unix_duration(std::time::Duration::from_secs(seconds));
    time.and_then(|time| time.to_der()).map_err(|_| bad())
}
