//! Which algorithm an object identifier names, and the two encodings in which SM2 signatures travel.
//!
//! Object identifiers: GB/T 33560-2017, Table A.1, under 1.2.156.10197.1.

use super::{
    text::Coding,
    tlv::{Cursor, tag},
};
use crate::{Code, Error, primitives::sm2::Signature};

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

    /// Reads a signature that has this form, strictly, written in `coding`.
    ///
    /// # Errors
    /// [`Code::BadSignatureEncoding`] if it has another; those of [`Coding::decode`].
    pub fn read(self, input: &[u8], coding: Coding) -> Result<Signature, Error> {
        let bytes = coding.decode(input)?;
        match self {
            Self::Der => Signature::from_der(&bytes),
            Self::Raw => {
                let raw = bytes.as_slice().try_into();
                Signature::from_bytes(
                    raw.map_err(|_| Error::new(Code::BadSignatureEncoding).field("r||s"))?,
                )
            }
        }
    }

    /// Writes `signature` in this form and `coding`.
    #[must_use]
    pub fn write(self, signature: &Signature, coding: Coding) -> Vec<u8> {
        let bytes = match self {
            Self::Der => signature.to_der(),
            Self::Raw => signature.to_bytes().to_vec(),
        };
        coding.encode(&bytes).to_vec()
    }
}

/// What is wrong with the DER of a signature that can be read all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DerFault {
    /// r or s begins with a zero byte that it does not need.
    LongInteger,
    /// r or s lacks the zero byte that keeps it from being negative.
    NegativeInteger,
    /// Bytes follow s, inside the SEQUENCE or after it.
    Trailing,
}

/// Reads the DER of a signature that strict readers refuse, and says what is wrong with it: to explain a
/// refusal, never to accept what was refused. Lengths must be those of DER all the same.
///
/// # Errors
/// [`Code::BadSignatureEncoding`] if it cannot be read even so, or r or s is outside [1, n-1].
pub fn read_der_lenient(bytes: &[u8]) -> Result<(Signature, Vec<DerFault>), Error> {
    let mut faults = Vec::new();
    let mut outer = Cursor::new(bytes, 0, Code::BadSignatureEncoding);
    let mut inside = outer.required(tag::SEQUENCE, "signature")?.inside();
    let mut raw = [0; 64];
    let (r, s) = raw.split_at_mut(32);
    for (half, name) in [(r, "r"), (s, "s")] {
        let integer = inside.required(tag::INTEGER, name)?;
        match integer.value {
            [0x80..=0xff, ..] => faults.push(DerFault::NegativeInteger),
            [0, 0..=0x7f, ..] => faults.push(DerFault::LongInteger),
            _ => {}
        }
        let zeros = integer.value.iter().take_while(|&&byte| byte == 0).count();
        let digits = integer.value.get(zeros..).unwrap_or_default();
        let start = half.len().checked_sub(digits.len()).ok_or_else(|| integer.error(name))?;
        half.get_mut(start..).unwrap_or_default().copy_from_slice(digits);
    }
    if !(inside.is_empty() && outer.is_empty()) {
        faults.push(DerFault::Trailing);
    }
    Ok((Signature::from_bytes(&raw)?, faults))
}

/// Reads a signature value in either encoding. 64 bytes that are no DER are r ‖ s; the DER of 64 bytes
/// needs an r and s that are 56 bits too short, which chance does not make.
///
/// # Errors
/// [`Code::BadSignatureEncoding`] if it is neither.
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
    fn each_form_is_read_as_written_and_as_no_other() {
        let raw: [u8; 64] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let signature = Signature::from_bytes(&raw).unwrap();
        for (form, other) in
            [(SignatureForm::Der, SignatureForm::Raw), (SignatureForm::Raw, SignatureForm::Der)]
        {
            for coding in [Coding::Binary, Coding::Hex, Coding::Base64, Coding::Base64Url] {
                let text = form.write(&signature, coding);
                assert_eq!(form.read(&text, coding), Ok(signature), "{form:?} {coding:?}");
                let error = other.read(&text, coding).unwrap_err();
                assert_eq!(error.code(), Code::BadSignatureEncoding, "{form:?} {coding:?}");
            }
        }
    }

    #[test]
    fn faults_of_der_are_named_and_never_accepted() {
        use DerFault::{LongInteger, NegativeInteger, Trailing};
        // r = 0x80, s = 1.
        for (der, faults) in [
            (&[0x30, 7, 2, 2, 0, 0x80, 2, 1, 1][..], vec![]),
            (&[0x30, 6, 2, 1, 0x80, 2, 1, 1], vec![NegativeInteger]),
            (&[0x30, 8, 2, 2, 0, 0x80, 2, 2, 0, 1], vec![LongInteger]),
            (&[0x30, 7, 2, 2, 0, 0x80, 2, 1, 1, 0], vec![Trailing]),
            (&[0x30, 9, 2, 2, 0, 0x80, 2, 1, 1, 5, 0], vec![Trailing]),
            (&[0x30, 7, 2, 1, 0x80, 2, 2, 0, 1, 9], vec![NegativeInteger, LongInteger, Trailing]),
        ] {
            let (signature, found) = read_der_lenient(der).unwrap();
            assert_eq!(found, faults, "{der:02x?}");
            assert_eq!(signature.to_der(), [0x30, 7, 2, 2, 0, 0x80, 2, 1, 1]);
            assert_eq!(Signature::from_der(der).is_ok(), faults.is_empty(), "{der:02x?}");
        }
        for bad in [&[][..], &[0x30, 0], &[0x30, 3, 2, 1, 1], &[0x30, 6, 2, 1, 0, 2, 1, 1]] {
            let error = read_der_lenient(bad).unwrap_err();
            assert_eq!(error.code(), Code::BadSignatureEncoding, "{bad:02x?}");
        }
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
