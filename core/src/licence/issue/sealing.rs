//! Sealing a licence or any other package: Signature.xml, the sealed signature over its digest, the seal beside it.

use super::{LicenceData, Template, UnsealedLicence, build};
use crate::{
    error::Error,
    licence::{
        identifier::Identifier,
        ofd::{Document, NewSignature, Package, SignatureKind, SignedParts, Stamp, add_signature},
        seal::{self, Seal},
    },
    pki::{custody::Signer, timestamp::TimeStampSource, x509::Certificate},
    primitives::sm3,
    time::UnixTime,
};

/// A seal and the signer who may apply it.
#[derive(Clone, Copy)]
pub struct SealingKey<'a> {
    /// The seal of the issuing authority.
    pub seal: &'a Seal,
    /// The signer's certificate; the seal lists it.
    pub certificate: &'a Certificate,
    /// The key of that certificate.
    pub signer: &'a dyn Signer,
    /// Where the signatures get their time stamps, if they are to have any.
    pub time_stamps: Option<&'a dyn TimeStampSource>,
}

/// A sealed licence.
#[derive(Clone, Debug)]
pub struct IssuedLicence {
    /// Its identifier, which also names its file.
    pub identifier: Identifier,
    /// The OFD package.
    pub bytes: Vec<u8>,
}

/// Fills `template` with `data` and seals the result at the time `at`.
///
/// # Errors
/// Those of [`build`] and of [`seal_package`].
pub fn issue(
    data: &LicenceData,
    template: &Template,
    key: &SealingKey<'_>,
    at: UnixTime,
) -> Result<IssuedLicence, Error> {
    let unsealed = build(data, template)?;
    let bytes = seal_unsealed(&unsealed, key, at)?;
    Ok(IssuedLicence { identifier: unsealed.identifier, bytes })
}

/// Packs and seals a licence that [`build`] made.
///
/// # Errors
/// Those of [`seal_package`].
pub fn seal_unsealed(
    unsealed: &UnsealedLicence,
    key: &SealingKey<'_>,
    at: UnixTime,
) -> Result<Vec<u8>, Error> {
    let package = Package::open(unsealed.pack()?)?;
    seal_package(&package, &[unsealed.stamp], key, at)
}

/// Seals the first document of `package` at the time `at` (GB/T 38540-2020, 7.2) and shows the seal at
/// each of `stamps`. The signature covers every file of the package but the signature list.
///
/// # Errors
/// Those of [`add_signature`], and of [`seal::sign`] or [`seal::sign_stamped`].
pub fn seal_package(
    package: &Package,
    stamps: &[Stamp],
    key: &SealingKey<'_>,
    at: UnixTime,
) -> Result<Vec<u8>, Error> {
    let document = Document::read(package)?;
    let new = NewSignature { kind: SignatureKind::Seal, stamps, at };
    add_signature(package, &document, &new, |signature_xml, path| {
        let hash = sm3::hash(signature_xml);
        let SealingKey { seal, certificate, signer, time_stamps } = *key;
        let value = match time_stamps {
            Some(source) => seal::sign_stamped(seal, hash, path, at, certificate, signer, source)?,
            None => seal::sign(seal, hash, path, at, certificate, signer)?,
        };
        Ok(SignedParts { signed_value: value, seal: Some(key.seal.raw().to_vec()) })
    })
}
