//! Which algorithm an object identifier names, and the two encodings in which SM2 signatures travel.
//!
//! Object identifiers: GB/T 33560-2017, Table A.1, under 1.2.156.10197.1.

use crate::{Error, primitives::sm2::Signature};

/// The contents octets of object identifiers that are written here.
pub(crate) mod oid {
    /// 1.2.156.10197.1.301.1, SM2 signature.
    pub(crate) const SM2_SIGN: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x01];
    /// 1.2.156.10197.1.401, SM3.
    pub(crate) const SM3: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x11];
    /// 1.2.156.10197.1.501, SM2 with SM3.
    pub(crate) const SM2_WITH_SM3: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75];
}

/// A signature algorithm as an object identifier names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// 1.2.156.10197.1.501: SM2 with SM3.
    Sm2WithSm3,
    /// 1.2.156.10197.1.301.1 or 301: SM2, by which the same computation is meant.
    Sm2,
    /// 1.2.156.10197.501: SM2 with SM3 under a misspelt identifier that some software writes.
    Sm2WithSm3Misspelt,
    /// Anything else.
    Other,
}

impl SignatureAlgorithm {
    /// From the contents octets of an object identifier.
    #[must_use]
    pub fn from_oid(contents: &[u8]) -> Self {
        Self::from_dotted(&dotted(contents))
    }

    /// From the dotted form, as `SignatureMethod` of an OFD signature has it.
    #[must_use]
    pub fn from_dotted(text: &str) -> Self {
        match text {
            "1.2.156.10197.1.501" => Self::Sm2WithSm3,
            "1.2.156.10197.1.301.1" | "1.2.156.10197.1.301" => Self::Sm2,
            "1.2.156.10197.501" => Self::Sm2WithSm3Misspelt,
            _ => Self::Other,
        }
    }

    /// Whether it means an SM2 signature over an SM3 digest.
    #[must_use]
    pub const fn is_sm2(self) -> bool {
        !matches!(self, Self::Other)
    }
}

/// Whether the contents octets of an object identifier name SM3 without a key: 401 or 401.1.
#[must_use]
pub fn is_sm3(contents: &[u8]) -> bool {
    is_sm3_name(&dotted(contents))
}

/// Whether a text names SM3 without a key: `SM3` in any case, or its dotted identifier.
#[must_use]
pub fn is_sm3_name(text: &str) -> bool {
    text.eq_ignore_ascii_case("SM3")
        || matches!(text, "1.2.156.10197.1.401" | "1.2.156.10197.1.401.1")
}

/// How a signature value was encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureForm {
    /// DER SEQUENCE { r, s } (GM/T 0009-2012, 7.3), as the standards demand.
    Der,
    /// r ‖ s, 64 bytes.
    Raw,
}

impl SignatureForm {
    /// The name used as evidence in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Der => "DER",
            Self::Raw => "r||s",
        }
    }
}

/// Reads a signature value in either encoding. 64 bytes that are no DER are r ‖ s; the DER of 64 bytes
/// needs an r and s that are 56 bits too short, which chance does not make.
///
/// # Errors
/// [`Code::BadSignatureEncoding`](crate::Code::BadSignatureEncoding) if it is neither.
pub fn read_signature(value: &[u8]) -> Result<(Signature, SignatureForm), Error> {
    match (Signature::from_der(value), <&[u8; 64]>::try_from(value)) {
        (Ok(signature), _) => Ok((signature, SignatureForm::Der)),
        (Err(_), Ok(raw)) => Ok((Signature::from_bytes(raw)?, SignatureForm::Raw)),
        (Err(error), Err(_)) => Err(error),
    }
}

/// An object identifier in dotted form from its contents octets; if these are not one, `?` and their
/// hexadecimal digits, for vendors write plain text in that place.
#[must_use]
pub fn dotted(contents: &[u8]) -> String {
    let identifier = const_oid::ObjectIdentifier::from_bytes(contents);
    identifier.map_or_else(
        |_| contents.iter().fold("?".to_owned(), |text, byte| format!("{text}{byte:02x}")),
        |identifier| identifier.to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    #[test]
    fn identifiers() {
        assert_eq!(dotted(oid::SM2_SIGN), "1.2.156.10197.1.301.1");
        assert_eq!(dotted(oid::SM2_WITH_SM3), "1.2.156.10197.1.501");
        assert!(is_sm3(oid::SM3));
        // 401.2 is SM3 with a key: another function.
        assert!(!is_sm3(&[oid::SM3, &[2]].concat()));
        assert_eq!(dotted(b"\xffab"), "?ff6162");
        assert_eq!(SignatureAlgorithm::from_oid(b""), SignatureAlgorithm::Other);
    }

    #[test]
    fn both_encodings_and_nothing_else() {
        let raw: [u8; 64] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let (signature, form) = read_signature(&raw).unwrap();
        assert_eq!(form, SignatureForm::Raw);
        assert_eq!(read_signature(&signature.to_der()), Ok((signature, SignatureForm::Der)));
        for bad in [&raw[1..], &[0; 64], &[0xff; 64], &[], &[0x30, 0]] {
            assert_eq!(read_signature(bad).unwrap_err().code(), Code::BadSignatureEncoding);
        }
    }
}
