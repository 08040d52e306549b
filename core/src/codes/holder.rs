//! The types of holder codes (持证主体代码类型) of GB/T 36903-2018, appendix A, and which rule each obeys.

use super::{CitizenId, ForeignerCard, Uscc};
use crate::error::Error;

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HolderCodeType {
    /// Three digits.
    pub code: &'static str,
    /// The name in Chinese, as it stands in the metadata element CZZTDMLX.
    pub name_zh: &'static str,
    /// The name in English.
    pub name_en: &'static str,
    /// What is known of the code's form.
    pub rule: Rule,
}

/// What is known of the form of a holder's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// [`Uscc`].
    Uscc,
    /// [`CitizenId`].
    CitizenId,
    /// Nothing that can be checked in general. A permanent residence card is recognised if it is one.
    Open,
}

/// What a holder's code was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HolderCode {
    /// A unified social credit code.
    Uscc(Uscc),
    /// A citizen's or resident's number.
    CitizenId(CitizenId),
    /// A foreigner's permanent residence card.
    ForeignerCard(ForeignerCard),
    /// Of a type without a rule: not checked.
    Unchecked,
}

impl HolderCodeType {
    /// The table, by rising code.
    pub const ALL: &'static [Self] = &[
        row("001", "统一社会信用代码", "unified social credit code", Rule::Uscc),
        row("099", "其他法人或其他组织", "other legal person or organisation", Rule::Open),
        row("111", "公民身份号码", "citizen identification number", Rule::CitizenId),
        row("114", "军官证", "military officer card", Rule::Open),
        row("115", "武警警官证", "armed police officer card", Rule::Open),
        row("118", "士兵证", "soldier card", Rule::Open),
        row("119", "武警士兵证", "armed police soldier card", Rule::Open),
        row("120", "军队文职人员证", "military civilian staff card", Rule::Open),
        row("122", "武警文职人员证", "armed police civilian staff card", Rule::Open),
        row("411", "外交护照", "diplomatic passport", Rule::Open),
        row("412", "公务护照", "service passport", Rule::Open),
        row("413", "公务普通护照", "passport for public affairs", Rule::Open),
        row("414", "普通护照", "ordinary passport", Rule::Open),
        row("511", "台湾居民来往大陆通行证", "Taiwan resident travel permit", Rule::Open),
        row(
            "516",
            "港澳居民来往内地通行证",
            "Hong Kong and Macau resident travel permit",
            Rule::Open,
        ),
        row("999", "其他自然人证件", "other document of a natural person", Rule::Open),
    ];

    /// The row of a three-digit code.
    #[must_use]
    pub fn find(code: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|row| row.code == code)
    }

    /// Whether codes of this type number persons, and so are personal data.
    #[must_use]
    pub fn is_person(&self) -> bool {
        !self.code.starts_with('0')
    }

    /// Checks a holder's code by the rule of its type.
    ///
    /// # Errors
    /// Those of [`Uscc::parse`] and [`CitizenId::parse`].
    pub fn check(&self, code: &str) -> Result<HolderCode, Error> {
        match self.rule {
            Rule::Uscc => Uscc::parse(code).map(HolderCode::Uscc),
            Rule::CitizenId => CitizenId::parse(code).map(HolderCode::CitizenId),
            Rule::Open => {
                Ok(ForeignerCard::parse(code)
                    .map_or(HolderCode::Unchecked, HolderCode::ForeignerCard))
            }
        }
    }
}

const fn row(
    code: &'static str,
    name_zh: &'static str,
    name_en: &'static str,
    rule: Rule,
) -> HolderCodeType {
    HolderCodeType { code, name_zh, name_en, rule }
}
