//! The attribute that binds a time stamp to one certificate: SigningCertificate (RFC 2634, 5.4), which
//! names it by SHA-1, and SigningCertificateV2 (RFC 5035, 3), which names the hash function.
//!
//! Without it, a certificate of the same key with other terms could be put in place of the signer's.

use sha1::Digest as _;

use super::HashAlgorithm;
use crate::{
    Code, Error,
    limits::{CMS_ATTRIBUTES_MAX, CMS_CERTIFICATES_MAX},
    pki::{
        tlv::{self, Cursor, Element, sequence, tag, wrap},
        x509::Certificate,
    },
    primitives::sm3,
};

/// What one attribute says of the signer's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Naming {
    /// The attribute and its hash function, for the report.
    pub(super) by: &'static str,
    /// Whether it names the certificate.
    pub(super) fits: bool,
}

/// What the attributes of either kind say of `certificate`, from the signed attributes as they stand
/// under the signature. Only the first identifier of an attribute names the signer.
pub(super) fn read(signed_bytes: &[u8], certificate: &Certificate) -> Result<Vec<Naming>, Error> {
    let set = tlv::only(signed_bytes, 0, tag::SET, Code::BadTimeStamp, "signedAttrs")?;
    let mut found = Vec::new();
    for attribute in set.inside().all("attribute", CMS_ATTRIBUTES_MAX, "CMS_ATTRIBUTES_MAX")? {
        let mut cursor = attribute.inside();
        let oid = cursor.required(tag::OID, "attribute")?.value;
        let is_second = oid == SIGNING_CERTIFICATE_V2;
        if !is_second && oid != SIGNING_CERTIFICATE {
            continue;
        }
        let field = "signingCertificate";
        let mut values = cursor.required(tag::SET, field)?.inside();
        let mut value = values.required(tag::SEQUENCE, field)?.inside();
        values.finish(field)?;
        let list = value.required(tag::SEQUENCE, field)?;
        let identifiers = list.inside().all(field, CMS_CERTIFICATES_MAX, "CMS_CERTIFICATES_MAX")?;
        let first = identifiers.first().ok_or_else(|| list.error(field))?;
        found.push(identifier(first, is_second, certificate)?);
    }
    Ok(found)
}

/// ESSCertID { certHash, issuerSerial? }, in version 2 with the algorithm before them if it is not
/// SHA-256.
fn identifier(
    element: &Element<'_>,
    is_second: bool,
    certificate: &Certificate,
) -> Result<Naming, Error> {
    let field = "ESSCertID";
    if element.tag != tag::SEQUENCE {
        return Err(element.error(field));
    }
    let mut cursor = element.inside();
    let (by, digest) = if is_second {
        let algorithm = match cursor.take(tag::SEQUENCE, field)? {
            Some(algorithm) => {
                let mut inside = algorithm.inside();
                let name = inside.required(tag::OID, field)?.value;
                inside.take(tag::NULL, field)?;
                inside.finish(field)?;
                HashAlgorithm::from_oid(name)
            }
            None => Some(HashAlgorithm::Sha256),
        };
        let digest = algorithm.map(|algorithm| algorithm.digest(certificate.der()));
        (version_2(algorithm), digest)
    } else {
        ("SigningCertificate, SHA-1", Some(sha1::Sha1::digest(certificate.der()).to_vec()))
    };
    let stated = cursor.required(tag::OCTET_STRING, field)?.value;
    let issuer_serial = cursor.take(tag::SEQUENCE, field)?;
    cursor.finish(field)?;
    let same_place = match issuer_serial {
        Some(place) => is_place_of(&mut place.inside(), certificate)?,
        None => true,
    };
    Ok(Naming { by, fits: same_place && digest.is_some_and(|digest| digest == stated) })
}

const fn version_2(algorithm: Option<HashAlgorithm>) -> &'static str {
    match algorithm {
        Some(HashAlgorithm::Sm3) => "SigningCertificateV2, SM3",
        Some(HashAlgorithm::Sha256) => "SigningCertificateV2, SHA-256",
        Some(HashAlgorithm::Sha384) => "SigningCertificateV2, SHA-384",
        Some(HashAlgorithm::Sha512) => "SigningCertificateV2, SHA-512",
        None => "SigningCertificateV2, unknown hash function",
    }
}

/// IssuerSerial { GeneralNames { [4] Name }, serialNumber }.
fn is_place_of(cursor: &mut Cursor<'_>, certificate: &Certificate) -> Result<bool, Error> {
    let field = "issuerSerial";
    let mut names = cursor.required(tag::SEQUENCE, field)?.inside();
    let name = names.required(DIRECTORY_NAME, field)?;
    names.finish(field)?;
    let serial = cursor.required(tag::INTEGER, field)?;
    cursor.finish(field)?;
    Ok(name.value == certificate.issuer().der() && serial.value == certificate.serial())
}

/// The attribute SigningCertificateV2 with SM3 for `certificate`.
pub(super) fn attribute(certificate: &Certificate) -> Vec<u8> {
    let algorithm = sequence(&[&wrap(tag::OID, &[HashAlgorithm::Sm3.oid()])]);
    let digest = wrap(tag::OCTET_STRING, &[&sm3::hash(certificate.der())]);
    let name = wrap(DIRECTORY_NAME, &[certificate.issuer().der()]);
    let serial = wrap(tag::INTEGER, &[certificate.serial()]);
    let identifier = sequence(&[&algorithm, &digest, &sequence(&[&sequence(&[&name]), &serial])]);
    let value = sequence(&[&sequence(&[&identifier])]);
    sequence(&[&wrap(tag::OID, &[SIGNING_CERTIFICATE_V2]), &wrap(tag::SET, &[&value])])
}

/// `[4] EXPLICIT Name`, the choice directoryName of GeneralName.
pub(super) const DIRECTORY_NAME: u8 = 0xa4;

/// 1.2.840.113549.1.9.16.2.12, id-aa-signingCertificate.
pub(super) const SIGNING_CERTIFICATE: &[u8] =
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 12];
/// 1.2.840.113549.1.9.16.2.47, id-aa-signingCertificateV2.
pub(super) const SIGNING_CERTIFICATE_V2: &[u8] =
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 47];
