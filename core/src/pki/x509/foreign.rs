//! Signatures of certificates and lists that are not SM2: RSA, ECDSA and Ed25519 (RFC 3279, RFC 4055,
//! RFC 5758, RFC 8410).
//!
//! They are verified with `ring` where the crate is built with the feature `international`. Without it,
//! and for everything weaker or rarer (SHA-1, RSA below 2048 bits, P-521, DSA, RSASSA-PSS with a salt of
//! another length than its digest), nothing is verified: the path stays indeterminate, and the check says
//! so. All inputs are public: variable time.

use crate::{
    error::{Code, Error},
    pki::{
        algorithm::dotted,
        hash_algorithm::HashAlgorithm,
        tlv::{self, Cursor, Element, tag},
    },
};

/// An algorithm of signatures that is verified here with the feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pki) enum Algorithm {
    RsaSha256,
    RsaSha384,
    RsaSha512,
    PssSha256,
    PssSha384,
    PssSha512,
    EcdsaSha256,
    EcdsaSha384,
    Ed25519,
}

/// What a `subjectPublicKeyInfo` holds that is no SM2 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    Rsa,
    /// An RSA key for RSASSA-PSS alone.
    RsaPss,
    P256,
    P384,
    Ed25519,
}

impl Algorithm {
    /// From an AlgorithmIdentifier. `None` for what is never verified here.
    pub(in crate::pki) fn read(identifier: &Element<'_>) -> Option<Self> {
        let mut fields = identifier.inside();
        let oid = dotted(fields.required(tag::OID, "algorithm").ok()?.value);
        if oid == RSASSA_PSS { pss(fields) } else { Self::from_dotted(&oid) }
    }

    /// From an object identifier alone: those that need no parameters.
    fn from_dotted(oid: &str) -> Option<Self> {
        Some(match oid {
            "1.2.840.113549.1.1.11" => Self::RsaSha256,
            "1.2.840.113549.1.1.12" => Self::RsaSha384,
            "1.2.840.113549.1.1.13" => Self::RsaSha512,
            "1.2.840.10045.4.3.2" => Self::EcdsaSha256,
            "1.2.840.10045.4.3.3" => Self::EcdsaSha384,
            "1.3.101.112" => Self::Ed25519,
            _ => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::RsaSha256 => "RSA with SHA-256",
            Self::RsaSha384 => "RSA with SHA-384",
            Self::RsaSha512 => "RSA with SHA-512",
            Self::PssSha256 => "RSASSA-PSS with SHA-256",
            Self::PssSha384 => "RSASSA-PSS with SHA-384",
            Self::PssSha512 => "RSASSA-PSS with SHA-512",
            Self::EcdsaSha256 => "ECDSA with SHA-256",
            Self::EcdsaSha384 => "ECDSA with SHA-384",
            Self::Ed25519 => "Ed25519",
        }
    }
}

/// `RSASSA-PSS-params` (RFC 4055, 3.1): one digest for message and mask, a salt as long as it, and the one
/// trailer that there is. Where a field is left out, SHA-1 is meant, or a salt of its 20 bytes.
fn pss(mut fields: Cursor<'_>) -> Option<Algorithm> {
    let field = "RSASSA-PSS-params";
    let mut parameters = fields.required(tag::SEQUENCE, field).ok()?.inside();
    fields.finish(field).ok()?;
    let mut explicit = |number, inner| {
        let mut inside = parameters.required(number, field).ok()?.inside();
        let element = inside.required(inner, field).ok()?;
        inside.finish(field).ok().map(|()| element)
    };
    let hash = explicit(tag::CONTEXT_0, tag::SEQUENCE)?;
    let mask = explicit(tag::CONTEXT_1, tag::SEQUENCE)?;
    let salt = explicit(tag::CONTEXT_2, tag::INTEGER)?.integer(field).ok()?;
    if !parameters.is_empty() {
        let mut trailer = parameters.required(0xa3, field).ok()?.inside();
        let one = trailer.required(tag::INTEGER, field).ok()?.integer(field).ok()?;
        (one == 1 && trailer.is_empty() && parameters.is_empty()).then_some(())?;
    }
    let mut mask = mask.inside();
    let function = mask.required(tag::OID, field).ok()?.value;
    let of_mask = digest(&mask.required(tag::SEQUENCE, field).ok()?)?;
    mask.finish(field).ok()?;
    let hash = digest(&hash)?;
    let algorithm = match hash {
        HashAlgorithm::Sha256 => Algorithm::PssSha256,
        HashAlgorithm::Sha384 => Algorithm::PssSha384,
        HashAlgorithm::Sha512 => Algorithm::PssSha512,
        HashAlgorithm::Sm3 => return None,
    };
    let fits =
        function == MGF1 && of_mask == hash && usize::try_from(salt) == Ok(hash.digest_bytes());
    fits.then_some(algorithm)
}

/// A digest, whose parameters are NULL or left out (RFC 4055, 2.1).
fn digest(identifier: &Element<'_>) -> Option<HashAlgorithm> {
    let mut fields = identifier.inside();
    let oid = fields.required(tag::OID, "hashAlgorithm").ok()?.value;
    fields.take(tag::NULL, "hashAlgorithm").ok()?;
    fields.finish("hashAlgorithm").ok()?;
    HashAlgorithm::from_oid(oid)
}

/// The name of an algorithm that can be verified here. `None` also without the feature.
pub(super) fn name(algorithm: Option<Algorithm>) -> Option<&'static str> {
    if cfg!(feature = "international") { algorithm.map(Algorithm::name) } else { None }
}

/// A key that is relied on here: its name. `None` also without the feature.
pub(super) fn key_name(spki: &[u8]) -> Option<&'static str> {
    if !cfg!(feature = "international") {
        return None;
    }
    Some(match key(spki)?.0 {
        KeyKind::Rsa | KeyKind::RsaPss => "RSA",
        KeyKind::P256 => "P-256",
        KeyKind::P384 => "P-384",
        KeyKind::Ed25519 => "Ed25519",
    })
}

/// The name of the algorithm `oid` (dotted), if it is one that can be verified here without parameters.
pub(in crate::pki) fn supported(oid: &str) -> Option<&'static str> {
    name(Algorithm::from_dotted(oid))
}

/// As [`verify`], with the algorithm `oid` (dotted).
///
/// # Errors
/// As [`verify`].
pub(in crate::pki) fn verify_named(
    oid: &str,
    spki: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    verify(Algorithm::from_dotted(oid), spki, message, signature)
}

/// Whether a key like this one can have made a signature of `algorithm`.
pub(super) fn fits(algorithm: Option<Algorithm>, spki: &[u8]) -> bool {
    use Algorithm::{
        EcdsaSha256, EcdsaSha384, Ed25519, PssSha256, PssSha384, PssSha512, RsaSha256, RsaSha384,
        RsaSha512,
    };
    let kind = key(spki).map(|(kind, _)| kind);
    match algorithm {
        Some(RsaSha256 | RsaSha384 | RsaSha512) => kind == Some(KeyKind::Rsa),
        Some(PssSha256 | PssSha384 | PssSha512) => {
            matches!(kind, Some(KeyKind::Rsa | KeyKind::RsaPss))
        }
        Some(EcdsaSha256 | EcdsaSha384) => matches!(kind, Some(KeyKind::P256 | KeyKind::P384)),
        Some(Ed25519) => kind == Some(KeyKind::Ed25519),
        None => false,
    }
}

/// The kind of a key and the bits of `subjectPublicKey`. RSA keys count from 2048 to 8192 bits.
fn key(spki: &[u8]) -> Option<(KeyKind, &[u8])> {
    let code = Code::BadKey;
    let mut fields = tlv::only(spki, 0, tag::SEQUENCE, code, "spki").ok()?.inside();
    let mut algorithm = fields.required(tag::SEQUENCE, "algorithm").ok()?.inside();
    let oid = algorithm.required(tag::OID, "algorithm").ok()?.value;
    let parameters = if algorithm.is_empty() { None } else { algorithm.next("parameters").ok() };
    algorithm.finish("algorithm").ok()?;
    let bits = fields.required(tag::BIT_STRING, "subjectPublicKey").ok()?.bits("bits").ok()?;
    fields.finish("spki").ok()?;
    let null = parameters.is_none_or(|it| it.raw == [tag::NULL, 0]);
    let curve = parameters.filter(|it| it.tag == tag::OID).map(|it| it.value);
    let kind = match oid {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1] if null => long_rsa(bits, KeyKind::Rsa)?,
        // Parameters would restrict the key further (RFC 4055, 3.3): such keys are not relied on.
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10] if parameters.is_none() => {
            long_rsa(bits, KeyKind::RsaPss)?
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

/// `kind`, if the RSA key has from 2048 to 8192 bits.
fn long_rsa(bits: &[u8], kind: KeyKind) -> Option<KeyKind> {
    let key = tlv::only(bits, 0, tag::SEQUENCE, Code::BadKey, "RSAPublicKey").ok()?;
    let modulus = key.inside().required(tag::INTEGER, "modulus").ok()?.value;
    let length = modulus.iter().skip_while(|&&byte| byte == 0).count();
    (256..=1024).contains(&length).then_some(kind)
}

/// Verifies `signature` over `message` with the key of `spki`.
///
/// # Errors
/// [`Code::UnsupportedAlgorithm`] if algorithm and key are none that are verified here;
/// [`Code::BadSignature`].
#[cfg(feature = "international")]
pub(in crate::pki) fn verify(
    algorithm: Option<Algorithm>,
    spki: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    use ring::signature::{self as algorithms, UnparsedPublicKey, VerificationAlgorithm};
    let unsupported = || Error::new(Code::UnsupportedAlgorithm).field("signatureAlgorithm");
    let (kind, bits) = key(spki).ok_or_else(unsupported)?;
    let algorithm = algorithm.filter(|_| fits(algorithm, spki)).ok_or_else(unsupported)?;
    let algorithm: &'static dyn VerificationAlgorithm = match (algorithm, kind) {
        (Algorithm::RsaSha256, _) => &algorithms::RSA_PKCS1_2048_8192_SHA256,
        (Algorithm::RsaSha384, _) => &algorithms::RSA_PKCS1_2048_8192_SHA384,
        (Algorithm::RsaSha512, _) => &algorithms::RSA_PKCS1_2048_8192_SHA512,
        (Algorithm::PssSha256, _) => &algorithms::RSA_PSS_2048_8192_SHA256,
        (Algorithm::PssSha384, _) => &algorithms::RSA_PSS_2048_8192_SHA384,
        (Algorithm::PssSha512, _) => &algorithms::RSA_PSS_2048_8192_SHA512,
        (Algorithm::EcdsaSha256, KeyKind::P256) => &algorithms::ECDSA_P256_SHA256_ASN1,
        (Algorithm::EcdsaSha384, KeyKind::P256) => &algorithms::ECDSA_P256_SHA384_ASN1,
        (Algorithm::EcdsaSha256, _) => &algorithms::ECDSA_P384_SHA256_ASN1,
        (Algorithm::EcdsaSha384, _) => &algorithms::ECDSA_P384_SHA384_ASN1,
        (Algorithm::Ed25519, _) => &algorithms::ED25519,
    };
    let key = UnparsedPublicKey::new(algorithm, bits);
    key.verify(message, signature).map_err(|_| Error::new(Code::BadSignature).field("signature"))
}

/// Without the feature nothing but SM2 is verified.
///
/// # Errors
/// [`Code::UnsupportedAlgorithm`], always.
#[cfg(not(feature = "international"))]
pub(in crate::pki) fn verify(
    _algorithm: Option<Algorithm>,
    _spki: &[u8],
    _message: &[u8],
    _signature: &[u8],
) -> Result<(), Error> {
    Err(Error::new(Code::UnsupportedAlgorithm).field("signatureAlgorithm"))
}

const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
/// 1.2.840.113549.1.1.8, id-mgf1.
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];
