//! Identification numbers of the subject in private extensions (GB/T 20518-2018, with GM/T 0015):
//! 1.2.156.10260.4.1.1 to 5.
//!
//! ```asn1
//! IdentifyCode         ::= CHOICE { residenterCardNumber [0] PrintableString,
//!                                   militaryOfficerCardNumber [1] UTF8String,
//!                                   passportNumber [2] PrintableString }
//! InsuranceNumber      ::= PrintableString
//! ICRegistrationNumber ::= PrintableString
//! OrganizationCode     ::= PrintableString
//! TaxationNumber       ::= PrintableString
//! ```
//!
//! The standard does not say whether the tags of the first are implicit; they are written explicit,
//! as others do. Read is what authorities write: either tagging, any string type, one string more or
//! less in a SEQUENCE, SET or OCTET STRING, or bare text.

use std::fmt;

use super::hex;
use crate::{
    error::{Code, Error},
    pki::tlv::{Cursor, tag, wrap},
};

/// An identification number of the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectNumber {
    /// What it is a number of.
    pub kind: SubjectNumberKind,
    /// The number, as it is written: no check digit is looked at.
    pub number: String,
}

/// Which number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectNumberKind {
    /// 居民身份证号码: of the resident identity card.
    ResidentCard,
    /// 军官证号码: of a military officer's card.
    MilitaryOfficerCard,
    /// 护照号码: of a passport.
    Passport,
    /// 个人身份标识码 of which the certificate does not tell the kind. It is read, never written.
    Personal,
    /// 个人社会保险号: of social insurance.
    SocialInsurance,
    /// 企业工商注册号: of the commercial register.
    CommercialRegistration,
    /// 企业组织机构代码: of an organisation; today the unified social credit code.
    Organisation,
    /// 企业税号: of a taxpayer.
    Taxpayer,
}

impl SubjectNumberKind {
    /// The type of the extension, dotted.
    #[must_use]
    pub const fn oid(self) -> &'static str {
        match self {
            Self::ResidentCard | Self::MilitaryOfficerCard | Self::Passport | Self::Personal => {
                "1.2.156.10260.4.1.1"
            }
            Self::SocialInsurance => "1.2.156.10260.4.1.2",
            Self::CommercialRegistration => "1.2.156.10260.4.1.3",
            Self::Organisation => "1.2.156.10260.4.1.4",
            Self::Taxpayer => "1.2.156.10260.4.1.5",
        }
    }

    /// What it is called, in Chinese.
    #[must_use]
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::ResidentCard => "居民身份证号码",
            Self::MilitaryOfficerCard => "军官证号码",
            Self::Passport => "护照号码",
            Self::Personal => "个人身份标识码",
            Self::SocialInsurance => "个人社会保险号",
            Self::CommercialRegistration => "企业工商注册号",
            Self::Organisation => "企业组织机构代码",
            Self::Taxpayer => "企业税号",
        }
    }

    const fn context(self) -> Option<u8> {
        match self {
            Self::ResidentCard => Some(0),
            Self::MilitaryOfficerCard => Some(1),
            Self::Passport => Some(2),
            Self::Personal
            | Self::SocialInsurance
            | Self::CommercialRegistration
            | Self::Organisation
            | Self::Taxpayer => None,
        }
    }
}

impl SubjectNumber {
    /// A number of `kind`.
    #[must_use]
    pub fn new(kind: SubjectNumberKind, number: &str) -> Self {
        Self { kind, number: number.to_owned() }
    }

    /// Reads the content of an extension. `None` if its type is none of the five, or it holds no text.
    #[must_use]
    pub fn read(oid: &str, value: &[u8]) -> Option<Self> {
        let plain = match oid.strip_prefix("1.2.156.10260.4.1.")? {
            "1" => SubjectNumberKind::Personal,
            "2" => SubjectNumberKind::SocialInsurance,
            "3" => SubjectNumberKind::CommercialRegistration,
            "4" => SubjectNumberKind::Organisation,
            "5" => SubjectNumberKind::Taxpayer,
            _ => return None,
        };
        let found = text_of(value)?;
        let kind = match (plain, found.context) {
            (SubjectNumberKind::Personal, Some(0)) => SubjectNumberKind::ResidentCard,
            (SubjectNumberKind::Personal, Some(1)) => SubjectNumberKind::MilitaryOfficerCard,
            (SubjectNumberKind::Personal, Some(2)) => SubjectNumberKind::Passport,
            _ => plain,
        };
        Some(Self { kind, number: found.text })
    }

    /// The content of the extension.
    ///
    /// # Errors
    /// [`Code::BadArgument`] for [`SubjectNumberKind::Personal`], an empty or too long number, and
    /// characters that its string cannot have.
    pub(in crate::pki) fn to_der(&self) -> Result<Vec<u8>, Error> {
        let printable = |byte: u8| byte.is_ascii_alphanumeric() || b"-/ ()".contains(&byte);
        let utf8 = self.kind == SubjectNumberKind::MilitaryOfficerCard;
        let fits = if utf8 {
            !self.number.chars().any(char::is_control)
        } else {
            self.number.bytes().all(printable)
        };
        let length = self.number.chars().count();
        if !fits || !(1..=64).contains(&length) || self.kind == SubjectNumberKind::Personal {
            return Err(Error::new(Code::BadArgument).field("subject_numbers"));
        }
        let string = if utf8 { tag::UTF8_STRING } else { tag::PRINTABLE_STRING };
        let string = wrap(string, &[self.number.as_bytes()]);
        Ok(match self.kind.context() {
            Some(context) => wrap(tag::CONTEXT_0 | context, &[&string]),
            None => string,
        })
    }
}

impl fmt::Display for SubjectNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.name_zh(), self.number)
    }
}

/// The text inside a private extension, or the bytes in hexadecimal if there is none.
pub(super) fn shown(value: &[u8]) -> String {
    text_of(value).map_or_else(|| hex(value), |found| found.text)
}

/// The text inside a private extension, and the outermost context tag around it.
struct Found {
    text: String,
    context: Option<u8>,
}

fn text_of(value: &[u8]) -> Option<Found> {
    let mut content = value;
    let mut context = None;
    // No more than four elements stand around each other in practice.
    for _ in 0..4 {
        let mut cursor = Cursor::new(content, 0, Code::BadCertificate);
        let Some(element) = cursor.next("value").ok().filter(|_| cursor.is_empty()) else { break };
        content = element.value;
        match element.tag {
            tag::SEQUENCE | tag::SET | tag::OCTET_STRING => {}
            // Constructed: something stands inside. Primitive: the text itself.
            0xa0..=0xa2 => context = context.or(Some(element.tag & 0x1f)),
            0x80..=0x82 => {
                context = context.or(Some(element.tag & 0x1f));
                break;
            }
            // The string types of ASN.1.
            0x0c | 0x12..=0x16 | 0x1a..=0x1e => break,
            _ => return None,
        }
    }
    let text = std::str::from_utf8(content).ok()?;
    let visible = !text.is_empty() && !text.chars().any(char::is_control);
    visible.then(|| Found { text: text.to_owned(), context })
}

#[cfg(test)]
mod tests {
    use super::{SubjectNumberKind::*, *};

    #[test]
    fn written_and_read_again() {
        for (kind, number, der) in [
            (ResidentCard, "11010519491231002X", "a01413123131303130353139343931323331303032 58"),
            (MilitaryOfficerCard, "军字第1号", "a10f0c0de5869be5ad97e7acac31e58fb7"),
            (Passport, "E12345678", "a20b1309453132333435363738"),
            (SocialInsurance, "1-2", "1303312d32"),
            (Organisation, "11320500014150050B", "1312313133323035303030313431353030353042"),
            (CommercialRegistration, "320500000000001", "130f333230353030303030303030303031"),
            (Taxpayer, "9", "130139"),
        ] {
            let written = SubjectNumber::new(kind, number);
            let value = written.to_der().unwrap();
            let expected = yinxin_vectors::hex(&der.replace(' ', "")).unwrap();
            assert_eq!(value, expected, "{kind:?}");
            assert_eq!(SubjectNumber::read(kind.oid(), &value), Some(written));
        }
    }

    /// As authorities write them: other tagging, other string types, more or fewer elements around.
    #[test]
    fn read_in_the_forms_of_practice() {
        let read = |oid: &str, value: &[u8]| SubjectNumber::read(oid, value);
        let card = Some(SubjectNumber::new(ResidentCard, "1X"));
        let personal = Some(SubjectNumber::new(Personal, "1X"));
        for value in [&b"\xa0\x04\x13\x021X"[..], b"\x80\x021X", b"\x30\x04\x80\x021X"] {
            assert_eq!(read("1.2.156.10260.4.1.1", value), card, "{value:?}");
        }
        for value in [&b"\x13\x021X"[..], b"1X", b"\x0c\x021X", b"\x04\x04\x13\x021X"] {
            assert_eq!(read("1.2.156.10260.4.1.1", value), personal, "{value:?}");
        }
        let code = Some(SubjectNumber::new(Organisation, "1X"));
        for value in [&b"\x0c\x021X"[..], b"\x16\x021X", b"\x31\x04\x0c\x021X"] {
            assert_eq!(read("1.2.156.10260.4.1.4", value), code, "{value:?}");
        }
        // NULL, as one certificate in use has it; nothing; another extension; no text.
        assert_eq!(read("1.2.156.10260.4.1.1", &[5, 0]), None);
        assert_eq!(read("1.2.156.10260.4.1.1", &[]), None);
        assert_eq!(read("1.2.156.10260.4.1.6", b"\x13\x021X"), None);
        assert_eq!(read("1.2.156.10260.4.1.5", b"\x13\x02\xff\xfe"), None);
    }

    #[test]
    fn what_cannot_be_written() {
        let long = "1".repeat(65);
        for (kind, number) in [
            (Personal, "1"),
            (Taxpayer, ""),
            (Taxpayer, "税"),
            (Taxpayer, "1\n"),
            (MilitaryOfficerCard, "1\n"),
            (Organisation, &*long),
        ] {
            let error = SubjectNumber::new(kind, number).to_der().unwrap_err();
            assert_eq!(error.code(), Code::BadArgument, "{kind:?} {number}");
        }
        assert!(SubjectNumber::new(Organisation, &"1".repeat(64)).to_der().is_ok());
    }
}
