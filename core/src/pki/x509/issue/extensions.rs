//! The extensions of a certificate that is issued (RFC 5280, 4.2; GB/T 20518-2018).

use const_oid::ObjectIdentifier;
use der::{
    Encode as _, Sequence,
    asn1::{OctetString, OctetStringRef},
};

use super::{Profile, Terms, argument, encoding, key_id};
use crate::{
    error::Error,
    limits,
    pki::{
        oid,
        tlv::{sequence, tag, wrap},
        x509::{
            KeyUsage,
            locations::{CA_ISSUERS, OCSP},
        },
    },
    primitives::sm2::PublicKey,
};

/// An extension to be written.
#[derive(Sequence)]
pub(in crate::pki) struct ExtensionDer {
    oid: ObjectIdentifier,
    #[asn1(default = "Default::default")]
    critical: bool,
    value: OctetString,
}

impl ExtensionDer {
    pub(in crate::pki) fn new(oid: &str, critical: bool, value: Vec<u8>) -> der::Result<Self> {
        Ok(Self { oid: ObjectIdentifier::new(oid)?, critical, value: OctetString::new(value)? })
    }
}

/// `AuthorityKeyIdentifier` with the key identifier alone.
pub(in crate::pki) fn authority_key_id(identifier: &[u8]) -> der::Result<ExtensionDer> {
    let identifier = Some(OctetStringRef::new(identifier)?);
    ExtensionDer::new(oid::AUTHORITY_KEY_IDENTIFIER, false, AuthorityKeyId { identifier }.to_der()?)
}

/// Every extension, in a fixed order: those of the profile, then those that the terms add.
pub(super) fn of(
    terms: &Terms,
    public_key: &PublicKey,
    issuer_key_id: &[u8],
) -> Result<Vec<ExtensionDer>, Error> {
    let mut extensions = of_profile(terms.profile, public_key, issuer_key_id).map_err(encoding)?;
    let mut add = |oid: &str, field, value: Vec<u8>| -> Result<(), Error> {
        extensions.push(ExtensionDer::new(oid, false, value).map_err(|_| argument(field))?);
        Ok(())
    };
    let policies = at_most("policies", &terms.policies)?;
    if !policies.is_empty() {
        let policies = policies.iter().map(|policy| {
            let policy = ObjectIdentifier::new(policy).map_err(|_| argument("policies"))?;
            Ok(sequence(&[&wrap(tag::OID, &[policy.as_bytes()])]))
        });
        let policies = policies.collect::<Result<Vec<_>, Error>>()?.concat();
        add(oid::CERTIFICATE_POLICIES, "policies", sequence(&[&policies]))?;
    }
    let points = uris("crl_urls", &terms.crl_urls)?;
    if !points.is_empty() {
        // Each place holds the same list: RFC 5280, 4.2.1.13, a DistributionPoint for each.
        let point =
            |uri: &Vec<u8>| sequence(&[&wrap(tag::CONTEXT_0, &[&wrap(tag::CONTEXT_0, &[uri])])]);
        let points: Vec<_> = points.iter().flat_map(point).collect();
        add(oid::CRL_DISTRIBUTION_POINTS, "crl_urls", sequence(&[&points]))?;
    }
    let access =
        [(OCSP, "ocsp_urls", &terms.ocsp_urls), (CA_ISSUERS, "issuer_urls", &terms.issuer_urls)];
    let mut descriptions = Vec::new();
    for (method, field, urls) in access {
        for uri in uris(field, urls)? {
            descriptions.extend(sequence(&[&wrap(tag::OID, &[method]), &uri]));
        }
    }
    if !descriptions.is_empty() {
        add(oid::AUTHORITY_INFO_ACCESS, "ocsp_urls", sequence(&[&descriptions]))?;
    }
    let numbers = at_most("subject_numbers", &terms.subject_numbers)?;
    for (index, number) in numbers.iter().enumerate() {
        // RFC 5280, 4.2: an extension stands there once.
        if numbers.iter().take(index).any(|earlier| earlier.kind.oid() == number.kind.oid()) {
            return Err(argument("subject_numbers"));
        }
        add(number.kind.oid(), "subject_numbers", number.to_der()?)?;
    }
    Ok(extensions)
}

fn of_profile(
    profile: Profile,
    public_key: &PublicKey,
    issuer_key_id: &[u8],
) -> der::Result<Vec<ExtensionDer>> {
    let signs = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::NON_REPUDIATION);
    let certifies = KeyUsage::KEY_CERT_SIGN.with(KeyUsage::CRL_SIGN);
    let receives =
        KeyUsage::KEY_ENCIPHERMENT.with(KeyUsage::DATA_ENCIPHERMENT).with(KeyUsage::KEY_AGREEMENT);
    let (usage, ca, path_length) = match profile {
        Profile::Root => (certifies, true, None),
        Profile::IssuingCa { path_length } => (certifies, true, Some(path_length)),
        Profile::SealMaker | Profile::Signer | Profile::TimeStamper => (signs, false, None),
        Profile::OcspResponder => (KeyUsage::DIGITAL_SIGNATURE, false, None),
        Profile::Encryption => (receives, false, None),
    };
    let subject_key_id = OctetString::new(key_id(public_key))?.to_der()?;
    let constraints = BasicConstraintsDer { ca, path_length }.to_der()?;
    let mut extensions = vec![
        authority_key_id(issuer_key_id)?,
        ExtensionDer::new(oid::SUBJECT_KEY_IDENTIFIER, false, subject_key_id)?,
        ExtensionDer::new(oid::KEY_USAGE, true, usage.to_der())?,
        ExtensionDer::new(oid::BASIC_CONSTRAINTS, true, constraints)?,
    ];
    let purpose = |purpose: &[u8]| sequence(&[&wrap(tag::OID, &[purpose])]);
    match profile {
        Profile::TimeStamper => {
            let value = purpose(TIME_STAMPING);
            extensions.push(ExtensionDer::new(oid::EXTENDED_KEY_USAGE, true, value)?);
        }
        Profile::OcspResponder => {
            let value = purpose(OCSP_SIGNING);
            extensions.push(ExtensionDer::new(oid::EXTENDED_KEY_USAGE, false, value)?);
            extensions.push(ExtensionDer::new(oid::OCSP_NO_CHECK, false, vec![tag::NULL, 0])?);
        }
        Profile::Root
        | Profile::IssuingCa { .. }
        | Profile::SealMaker
        | Profile::Signer
        | Profile::Encryption => {}
    }
    Ok(extensions)
}

fn at_most<'a, T>(field: &'static str, items: &'a [T]) -> Result<&'a [T], Error> {
    if items.len() > limits::ISSUED_ITEMS_MAX {
        return Err(Error::limit("ISSUED_ITEMS_MAX").in_file(field));
    }
    Ok(items)
}

/// Each address as a GeneralName: `[6]` IA5String.
fn uris(field: &'static str, urls: &[String]) -> Result<Vec<Vec<u8>>, Error> {
    let write = |url: &String| {
        let schemes = ["http://", "https://", "ldap://", "ldaps://"];
        let known =
            schemes.iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme));
        if known && url.len() <= 1024 && url.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(wrap(0x86, &[url.as_bytes()]))
        } else {
            Err(argument(field))
        }
    };
    at_most(field, urls)?.iter().map(write).collect()
}

#[derive(Sequence)]
struct AuthorityKeyId<'a> {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    identifier: Option<&'a OctetStringRef>,
}

#[derive(Sequence)]
struct BasicConstraintsDer {
    #[asn1(default = "Default::default")]
    ca: bool,
    #[asn1(optional = "true")]
    path_length: Option<u32>,
}

/// 1.3.6.1.5.5.7.3.8, id-kp-timeStamping.
const TIME_STAMPING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 8];
/// 1.3.6.1.5.5.7.3.9, id-kp-OCSPSigning.
const OCSP_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 9];
