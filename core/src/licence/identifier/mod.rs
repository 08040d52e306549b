//! The licence identifier (电子证照标识) of GB/T 36904-2018.
//!
//! ```text
//! 1.2.156.3005.2 . TYPE . ISSUER . SERIAL . VERSION . CHECK
//! ```
//!
//! In: the text. Out: its parts, and findings on its check character and the codes inside it. A wrong
//! check character is a finding, not an error: systems in use compute it wrongly, and a reader still
//! wants to know which licence it names. All inputs are public: variable time.

mod check;

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{
    codes::Uscc,
    error::{Code, Error},
    limits::IDENTIFIER_BYTES_MAX,
    report::{Check, SubIndication},
};

pub use check::{CheckCharacter, check_character};

/// The standard's root of all identifiers.
pub const ROOT: &str = "1.2.156.3005.2";
/// A root that systems from before the standard still print.
pub const OLDER_ROOT: &str = "1.2.156.3003.2";

const CLAUSE: &str = "GB/T 36904-2018";

/// A well-formed identifier, whose check character may be wrong: see [`CheckCharacter`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier {
    root: Root,
    type_code: Box<str>,
    issuer: Box<str>,
    serial: Box<str>,
    version: u16,
    check: char,
}

/// Under which root an identifier stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    /// [`ROOT`].
    Standard,
    /// [`OLDER_ROOT`].
    Older,
}

impl Root {
    /// The root as text, without a dot at its end.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => ROOT,
            Self::Older => OLDER_ROOT,
        }
    }
}

impl Identifier {
    /// Reads an identifier, strictly: no spaces, no lower case, every part of its length.
    ///
    /// # Errors
    /// [`Code::BadIdentifier`] with the byte offset and the field `root`, `type_code`, `issuer`,
    /// `serial`, `version` or `check`; [`Code::LimitReached`] beyond [`IDENTIFIER_BYTES_MAX`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > IDENTIFIER_BYTES_MAX {
            return Err(Error::limit("IDENTIFIER_BYTES_MAX"));
        }
        let root = [Root::Standard, Root::Older].into_iter().find(|root| {
            text.strip_prefix(root.as_str()).is_some_and(|rest| rest.starts_with('.'))
        });
        let root = root.ok_or_else(|| bad("root", 0))?;
        let mut parts = Parts { text, next: Some(root.as_str().len() + 1) };
        let type_code = parts.take("type_code", |length| length == 21)?;
        // A region's six digits stand in the issuer's place in some provinces.
        let issuer = parts.take("issuer", |length| length == 18 || length == 6)?;
        let serial = parts.take("serial", |length| length > 0)?;
        let version = parts.take("version", |length| length == 3)?;
        let check = parts.last("check")?;
        Ok(Self {
            root,
            type_code: type_code.text.into(),
            issuer: issuer.text.into(),
            serial: serial.text.into(),
            version: version.text.parse().map_err(|_| bad("version", version.offset))?,
            check,
        })
    }

    /// Makes the identifier of a licence under the standard's root, with its check character.
    ///
    /// `type_code` is the 18 characters of the body that defined the type and three digits, `issuer`
    /// the 18 of the issuing authority, `serial` digits and capitals, `version` 1 to 999.
    ///
    /// # Errors
    /// [`Code::BadIdentifier`] with the field as for [`parse`](Self::parse), or what [`Uscc::parse`]
    /// says of the codes inside `type_code` and `issuer`; [`Code::LimitReached`].
    pub fn build(type_code: &str, issuer: &str, serial: &str, version: u16) -> Result<Self, Error> {
        let (body, digits) = type_code.split_at_checked(18).ok_or_else(|| bad("type_code", 0))?;
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(bad("type_code", 18));
        }
        Uscc::parse(body).map_err(|error| error.field("type_code"))?;
        Uscc::parse(issuer).map_err(|error| error.field("issuer"))?;
        if !serial.bytes().all(allowed) {
            return Err(bad("serial", 0));
        }
        let check = check_character(&format!("{type_code}{issuer}{serial}{version:03}"))?;
        Self::parse(&format!("{ROOT}.{type_code}.{issuer}.{serial}.{version:03}.{check}"))
    }

    /// Under which root it stands.
    #[must_use]
    pub const fn root(&self) -> Root {
        self.root
    }

    /// 证照类型代码: 21 characters.
    #[must_use]
    pub fn type_code(&self) -> &str {
        &self.type_code
    }

    /// 颁发机构代码: 18 characters, or a region's 6 digits.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// 流水号: digits and capitals.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// 版本号: 1 to 999, rising with each change or renewal of the same licence.
    #[must_use]
    pub const fn version(&self) -> u16 {
        self.version
    }

    /// The check character as written.
    #[must_use]
    pub const fn check(&self) -> char {
        self.check
    }

    /// What the check character is worth.
    #[must_use]
    pub fn check_character(&self) -> CheckCharacter {
        check::judge(&self.body(), self.check)
    }

    /// Type, issuer, serial and version without dots: what the check character protects.
    fn body(&self) -> String {
        format!("{}{}{}{:03}", self.type_code, self.issuer, self.serial, self.version)
    }

    /// Judges the identifier: `identifier.format`, `identifier.check_character`,
    /// `identifier.type_code` and `identifier.issuer_code`, in this order.
    ///
    /// Only a check character that no known rule explains is a required failure.
    #[must_use]
    pub fn findings(&self) -> Vec<Check> {
        let digits = self.type_code.get(18..).unwrap_or_default();
        let type_code = self.type_code.get(..18).unwrap_or_default();
        let type_result = if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Uscc::parse(type_code).map(drop)
        } else {
            Err(bad("type_code", 18))
        };
        vec![
            self.format_finding(),
            self.check_finding(),
            code_finding("identifier.type_code", &self.type_code, type_result),
            self.issuer_finding(),
        ]
    }

    fn format_finding(&self) -> Check {
        let id = "identifier.format";
        let check = match self.root {
            Root::Standard => Check::passed(
                id,
                CLAUSE,
                "the licence identifier is well-formed",
                "电子证照标识格式正确",
            ),
            Root::Older => Check::failed(
                id,
                CLAUSE,
                SubIndication::FormatFailure,
                "the licence identifier is well-formed but stands under the older root 1.2.156.3003.2",
                "电子证照标识格式正确，但使用旧根节点 1.2.156.3003.2",
            )
            .warning(),
        };
        check.evidence("identifier", self)
    }

    fn check_finding(&self) -> Check {
        let id = "identifier.check_character";
        let sub = SubIndication::FormatFailure;
        let check = match self.check_character() {
            CheckCharacter::Right => Check::passed(
                id,
                "GB/T 36904-2018; GB/T 17710-2008 MOD 37,36",
                "the identifier's check character is right",
                "电子证照标识校验位正确",
            ),
            CheckCharacter::FaultyVariant { expected } => Check::failed(
                id,
                "GB/T 36904-2018; GB/T 17710-2008 MOD 37,36",
                sub,
                "the identifier's check character follows a known faulty algorithm",
                "电子证照标识校验位由一种已知有误的算法生成",
            )
            .warning()
            .evidence("expected", expected),
            CheckCharacter::Wrong { expected } => Check::failed(
                id,
                "GB/T 36904-2018; GB/T 17710-2008 MOD 37,36",
                sub,
                "the identifier's check character is wrong",
                "电子证照标识校验位错误",
            )
            .evidence("expected", expected),
        };
        check.evidence("written", self.check)
    }

    fn issuer_finding(&self) -> Check {
        let id = "identifier.issuer_code";
        if self.issuer.len() == 18 {
            return code_finding(id, &self.issuer, Uscc::parse(&self.issuer).map(drop));
        }
        Check::failed(
            id,
            CLAUSE,
            SubIndication::FormatFailure,
            "a region stands where the identifier should have the issuing authority's code",
            "标识中的颁发机构代码写成了行政区划代码",
        )
        .warning()
        .evidence("code", &self.issuer)
    }
}

/// Judges a text that should be an identifier: the value if it is one, and the four findings of
/// [`Identifier::findings`], of which the last three are skipped where there is nothing to judge.
#[must_use]
pub fn examine(text: &str) -> (Option<Identifier>, Vec<Check>) {
    let error = match Identifier::parse(text) {
        Ok(identifier) => {
            let findings = identifier.findings();
            return (Some(identifier), findings);
        }
        Err(error) => error,
    };
    let shown: String = text.chars().take(IDENTIFIER_BYTES_MAX).collect();
    let malformed = Check::failed(
        "identifier.format",
        CLAUSE,
        SubIndication::FormatFailure,
        error.text_en(),
        error.text_zh(),
    )
    .evidence("identifier", shown);
    let skipped = |id| {
        Check::skipped(
            id,
            CLAUSE,
            "not examined: the identifier is malformed",
            "标识格式有误，未检查此项",
        )
    };
    let rest = ["identifier.check_character", "identifier.type_code", "identifier.issuer_code"];
    (None, std::iter::once(malformed).chain(rest.map(skipped)).collect())
}

/// The first well-formed identifier inside a longer text such as a line printed on a page, for
/// documents that carry no metadata. The caller should say that it came from there.
#[must_use]
pub fn find_in(text: &str) -> Option<Identifier> {
    let starts = text.match_indices("1.2.156.300").map(|(start, _)| start);
    starts.filter_map(|start| text.get(start..)).find_map(|rest| {
        let fits = |byte: &u8| *byte == b'.' || allowed(*byte);
        // One byte more than allowed is enough to be refused, so a long run is not walked again and again.
        let length = rest.bytes().take(IDENTIFIER_BYTES_MAX + 1).take_while(fits).count();
        Identifier::parse(rest.get(..length)?.trim_end_matches('.')).ok()
    })
}

fn code_finding(id: &'static str, code: &str, result: Result<(), Error>) -> Check {
    let check = match result {
        Ok(()) => Check::passed(
            id,
            "GB/T 36904-2018; GB 32100-2015",
            "the code of the organisation in the identifier is well-formed",
            "标识中的机构代码格式和校验位正确",
        ),
        Err(error) => Check::failed(
            id,
            "GB/T 36904-2018; GB 32100-2015",
            SubIndication::FormatFailure,
            error.text_en(),
            error.text_zh(),
        ),
    };
    check.warning().evidence("code", code)
}

/// Walks the parts between the dots.
struct Parts<'a> {
    text: &'a str,
    /// Where the next part starts; `None` after the last.
    next: Option<usize>,
}

struct Part<'a> {
    text: &'a str,
    offset: usize,
}

impl<'a> Parts<'a> {
    /// The next part: its characters, then its length, then what else its field demands.
    fn take(&mut self, field: &'static str, fits: fn(usize) -> bool) -> Result<Part<'a>, Error> {
        let offset = self.next.ok_or_else(|| bad(field, self.text.len()))?;
        let rest = self.text.get(offset..).ok_or_else(|| bad(field, offset))?;
        let text = rest.split('.').next().unwrap_or_default();
        self.next = (text.len() < rest.len()).then_some(offset + text.len() + 1);
        let digits = field == "version" || (field == "issuer" && text.len() == 6);
        let fit = |byte: u8| if digits { byte.is_ascii_digit() } else { allowed(byte) };
        if let Some(at) = text.bytes().position(|byte| !fit(byte)) {
            return Err(bad(field, offset + at));
        }
        if !fits(text.len()) || (field == "version" && text == "000") {
            return Err(bad(field, offset));
        }
        Ok(Part { text, offset })
    }

    /// The last part: one character.
    fn last(mut self, field: &'static str) -> Result<char, Error> {
        let part = self.take(field, |length| length > 0)?;
        let mut characters = part.text.chars();
        match (characters.next(), characters.next(), self.next) {
            (Some(check), None, None) => Ok(check),
            _ => Err(bad(field, part.offset + 1)),
        }
    }
}

fn allowed(byte: u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_uppercase()
}

fn bad(field: &'static str, offset: usize) -> Error {
    Error::new(Code::BadIdentifier).at(offset).field(field)
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { root, type_code, issuer, serial, version, check } = self;
        write!(f, "{}.{type_code}.{issuer}.{serial}.{version:03}.{check}", root.as_str())
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Identifier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests;
