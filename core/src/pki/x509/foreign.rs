//! Signatures of certificates and lists that are not SM2: RSA, ECDSA and Ed25519 (RFC 3279, RFC 4055,
//! RFC 5758, RFC 8410).
//!
//! They are verified with `ring` where the crate is built with the feature `international`. Without it,
//! and for everything weaker or rarer (SHA-1, RSA below 2048 bits, RSASSA-PSS, P-521, DSA), nothing is
//! verified: the path stays indeterminate, and the check says so. All inputs are public: variable time.

use crate::{
    error::{Code, Error},
    pki::tlv::{self, tag},
};

/// What a `subjectPublicKeyInfo` holds that is no SM2 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// The name of the signature algorithm `oid` (dotted), if it is one that can be verified here.
pub(in crate::pki) fn supported(oid: &str) -> Option<&'static str> {
    if !cfg!(feature = "international") {
        return None;
    }
    Some(match oid {
        RSA_SHA256 => "RSA with SHA-256",
        RSA_SHA384 => "RSA with SHA-384",
        RSA_SHA512 => "RSA with SHA-512",
        ECDSA_SHA256 => "ECDSA with SHA-256",
        ECDSA_SHA384 => "ECDSA with SHA-384",
        ED25519 => "Ed25519",
        _ => return None,
    })
}

/// A key that is relied on here: its name. `None` also without the feature.
pub(super) fn key_name(spki: &[u8]) -> Option<&'static str> {
    if !cfg!(feature = "international") {
        return None;
    }
    Some(match key(spki)?.0 {
        KeyKind::Rsa => "RSA",
        KeyKind::P256 => "P-256",
        KeyKind::P384 => "P-384",
        KeyKind::Ed25519 => "Ed25519",
    })
}

/// Whether a key like this one can have made a signature of the algorithm `oid`.
pub(super) fn fits(oid: &str, spki: &[u8]) -> bool {
    let kind = key(spki).map(|(kind, _)| kind);
    match oid {
        RSA_SHA256 | RSA_SHA384 | RSA_SHA512 => kind == Some(KeyKind::Rsa),
        ECDSA_SHA256 | ECDSA_SHA384 => matches!(kind, Some(KeyKind::P256 | KeyKind::P384)),
        ED25519 => kind == Some(KeyKind::Ed25519),
        _ => false,
    }
}

/// The kind of a key and the bits of `subjectPublicKey`. RSA keys count from 2048 to 8192 bits.
fn key(spki: &[u8]) -> Option<(KeyKind, &[u8])> {
    let code = Code::BadKey;
    let mut fields = tlv::only(spki, 0, tag::SEQUENCE, code, "spki").ok()?.inside();
    let mut algorithm = fields.expect(tag::SEQUENCE, "algorithm").ok()?.inside();
    let oid = algorithm.expect(tag::OID, "algorithm").ok()?.value;
    let parameters = if algorithm.is_empty() { None } else { algorithm.next("parameters").ok() };
    algorithm.finish("algorithm").ok()?;
    let bits = fields.expect(tag::BIT_STRING, "subjectPublicKey").ok()?.bits("bits").ok()?;
    fields.finish("spki").ok()?;
    let null = parameters.is_none_or(|it| it.raw == [tag::NULL, 0]);
    let curve = parameters.filter(|it| it.tag == tag::OID).map(|it| it.value);
    let kind = match oid {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1] if null => {
            let key = tlv::only(bits, 0, tag::SEQUENCE, code, "RSAPublicKey").ok()?;
            let modulus = key.inside().expect(tag::INTEGER, "modulus").ok()?.value;
            let length = modulus.iter().skip_while(|&&byte| byte == 0).count();
            (256..=1024).contains(&length).then_some(KeyKind::Rsa)?
        }
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1] => match curve? {
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7] => KeyKind::P256,
            [0x2b, 0x81, 4, 0, 0x22] => KeyKind::P384,
            _ => return None,
        },
        [0x2b, 0x65, 0x70] if parameters.is_none() => KeyKind::Ed25519,
        _ => return None,
    };
    Some((kind, bits))
}

/// Verifies `signature` over `message` with the key of `spki`.
///
/// # Errors
/// [`Code::UnsupportedAlgorithm`] if algorithm and key are none that are verified here;
/// [`Code::BadSignature`].
#[cfg(feature = "international")]
pub(in crate::pki) fn verify(
    oid: &str,
    spki: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    use ring::signature::{self as algorithms, UnparsedPublicKey, VerificationAlgorithm};
    let unsupported = || Error::new(Code::UnsupportedAlgorithm).field("signatureAlgorithm");
    let (kind, bits) = key(spki).ok_or_else(unsupported)?;
    let algorithm: &'static dyn VerificationAlgorithm = match (oid, kind) {
        (RSA_SHA256, KeyKind::Rsa) => &algorithms::RSA_PKCS1_2048_8192_SHA256,
        (RSA_SHA384, KeyKind::Rsa) => &algorithms::RSA_PKCS1_2048_8192_SHA384,
        (RSA_SHA512, KeyKind::Rsa) => &algorithms::RSA_PKCS1_2048_8192_SHA512,
        (ECDSA_SHA256, KeyKind::P256) => &algorithms::ECDSA_P256_SHA256_ASN1,
        (ECDSA_SHA384, KeyKind::P256) => &algorithms::ECDSA_P256_SHA384_ASN1,
        (ECDSA_SHA256, KeyKind::P384) => &algorithms::ECDSA_P384_SHA256_ASN1,
        (ECDSA_SHA384, KeyKind::P384) => &algorithms::ECDSA_P384_SHA384_ASN1,
        (ED25519, KeyKind::Ed25519) => &algorithms::ED25519,
        _ => return Err(unsupported()),
    };
    let key = UnparsedPublicKey::new(algorithm, bits);
    key.verify(message, signature).map_err(|_| Error::new(Code::BadSignature))
}

/// Without the feature nothing but SM2 is verified.
///
/// # Errors
/// [`Code::UnsupportedAlgorithm`], always.
#[cfg(not(feature = "international"))]
pub(in crate::pki) fn verify(
    _oid: &str,
    _spki: &[u8],
    _message: &[u8],
    _signature: &[u8],
) -> Result<(), Error> {
    Err(Error::new(Code::UnsupportedAlgorithm).field("signatureAlgorithm"))
}

const RSA_SHA256: &str = "1.2.840.113549.1.1.11";
const RSA_SHA384: &str = "1.2.840.113549.1.1.12";
const RSA_SHA512: &str = "1.2.840.113549.1.1.13";
const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
const ECDSA_SHA384: &str = "1.2.840.10045.4.3.3";
const ED25519: &str = "1.3.101.112";
