//! SignedData that signs data kept elsewhere: GB/T 35275, signedData, version 1.

use der::{
    Encode as _,
    asn1::{GeneralizedTime, UtcTime},
};

use super::oid;
use crate::{
    Code, Error, UnixTime,
    pki::{
        algorithm::oid::{SM2_SIGN, SM3},
        custody::Signer,
        tlv::{sequence, tag, wrap},
        x509::Certificate,
    },
    primitives::{sm2::DistId, sm3},
};

/// What a new SignedData signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// No content; the signed attributes hold the content type, the digest of the data and, if given,
    /// the signing time.
    SignedAttributes {
        /// The signing time to claim.
        at: Option<UnixTime>,
    },
    /// The content is the SM3 digest of the data and is signed itself: what GM/T 0099-2020 uses in OFD
    /// packages, for integrity and for signatures of Type=Sign.
    DigestAsContent,
}

/// Signs `content` and returns a SignedData under GM object identifiers with the certificate inside.
/// The signature is DER.
///
/// # Errors
/// [`Code::KeyMismatch`] if `signer` is not the key of `certificate`; whatever `signer` fails with.
pub fn sign_detached(
    content: &[u8],
    certificate: &Certificate,
    signer: &dyn Signer,
    written: Written,
) -> Result<Vec<u8>, Error> {
    if certificate.public_key()? != signer.public_key() {
        return Err(Error::new(Code::KeyMismatch));
    }
    let digest = sm3::hash(content);
    let (inside, attributes, message) = match written {
        Written::SignedAttributes { at } => {
            let attributes = attributes(&digest, at)?;
            let message = wrap(tag::SET, &[&attributes]);
            (Vec::new(), wrap(tag::CONTEXT_0, &[&attributes]), message)
        }
        Written::DigestAsContent => {
            let octets = wrap(tag::OCTET_STRING, &[&digest]);
            (wrap(tag::CONTEXT_0, &[&octets]), Vec::new(), digest.to_vec())
        }
    };
    let signature = signer.sign(&message, &DistId::DEFAULT)?.to_der();

    let version = wrap(tag::INTEGER, &[&[1]]);
    let digest_algorithm = sequence(&[&wrap(tag::OID, &[SM3])]);
    let signer_info = sequence(&[
        &version,
        &sequence(&[certificate.issuer().der(), &wrap(tag::INTEGER, &[certificate.serial()])]),
        &digest_algorithm,
        &attributes,
        &sequence(&[&wrap(tag::OID, &[SM2_SIGN])]),
        &wrap(tag::OCTET_STRING, &[&signature]),
    ]);
    let signed_data = sequence(&[
        &version,
        &wrap(tag::SET, &[&digest_algorithm]),
        &sequence(&[&wrap(tag::OID, &[oid::GM_DATA]), &inside]),
        &wrap(tag::CONTEXT_0, &[certificate.der()]),
        &wrap(tag::SET, &[&signer_info]),
    ]);
    Ok(sequence(&[&wrap(tag::OID, &[oid::GM_SIGNED_DATA]), &wrap(tag::CONTEXT_0, &[&signed_data])]))
}

/// The attributes one after the other, in DER's order of a SET OF: by their encodings.
fn attributes(digest: &sm3::Digest, at: Option<UnixTime>) -> Result<Vec<u8>, Error> {
    let attribute = |identifier: &[u8], value: &[u8]| {
        sequence(&[&wrap(tag::OID, &[identifier]), &wrap(tag::SET, &[value])])
    };
    let mut list = vec![
        attribute(oid::CONTENT_TYPE, &wrap(tag::OID, &[oid::GM_DATA])),
        attribute(oid::MESSAGE_DIGEST, &wrap(tag::OCTET_STRING, &[digest])),
    ];
    if let Some(at) = at {
        list.push(attribute(oid::SIGNING_TIME, &time(at)?));
    }
    list.sort_unstable();
    Ok(list.concat())
}

/// RFC 5652, 11.3: UTCTime through 2049, GeneralizedTime after.
fn time(at: UnixTime) -> Result<Vec<u8>, Error> {
    let bad = || Error::new(Code::BadTime).field("signing-time");
    let since_epoch = u64::try_from(at.unix_s()).map_err(|_| bad())?;
    let duration = std::time::Duration::from_secs(since_epoch);
    let der = match UtcTime::from_unix_duration(duration) {
        Ok(time) => time.to_der(),
        Err(_) => GeneralizedTime::from_unix_duration(duration).and_then(|time| time.to_der()),
    };
    der.map_err(|_| bad())
}
