//! What the face of a licence shows: the title, the fields and their labels, as data.

use std::borrow::Cow;

use super::LicenceData;
use crate::licence::metadata::Element;

/// The face of one type of licence.
///
/// The two of [`built_in`](Self::built_in) are examples to start from; a system with a directory of
/// licence types (GB/T 36902-2018) builds its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// By which a row chooses it: `food-business`.
    pub name: Cow<'static, str>,
    /// The large heading, and the text of ZZMC where the row has none.
    pub title: Cow<'static, str>,
    /// The text of ZZLXDM where the row has none: 21 characters.
    pub type_code: Cow<'static, str>,
    /// The table, from top to bottom.
    pub fields: Vec<Field>,
    /// One small line above the identifier.
    pub note: Cow<'static, str>,
    /// The colour of frame and heading, red, green, blue.
    pub accent: [u8; 3],
}

/// One field of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What stands to its left.
    pub label: Cow<'static, str>,
    /// Where its text comes from.
    pub source: Source,
    /// Whether a licence can do without it.
    pub presence: Presence,
    /// Whether it takes a row or shares one with the next field of half width.
    pub width: Width,
    /// The most characters it takes.
    pub characters_max: usize,
}

/// Where a field's text comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An element of the metadata.
    Element(Element),
    /// A face item (扩展照面信息) of this type of licence, under this name in `CustomDatas`: `KZ_…`.
    /// A row may name it so or by its label.
    Face(Cow<'static, str>),
    /// Both ends of the validity: `2026年1月1日 至 2030年12月31日`.
    Validity,
}

/// Whether a licence can do without a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// A row without it is refused.
    Required,
    /// Its place is left empty.
    Optional,
}

/// How much of a row a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// All of it.
    Full,
    /// Half, if the next field is of half width too.
    Half,
}

impl Template {
    /// The templates that come with the crate: `food-business` (食品经营许可证) and
    /// `special-operation` (特种作业操作证).
    ///
    /// Their type codes are of an organisation that does not exist (region 990000), so that nothing
    /// issued with them can be taken for a licence of a real type.
    #[must_use]
    pub fn built_in() -> [Self; 2] {
        [food_business(), special_operation()]
    }

    /// The template that a row asks for: by its field `模板` (`template`), else by its type code.
    #[must_use]
    pub fn choose<'a>(templates: &'a [Self], data: &LicenceData) -> Option<&'a Self> {
        let type_code = data.metadata().text(Element::TypeCode);
        templates.iter().find(|template| match data.template_name() {
            Some(name) => template.name == name || template.title == name,
            None => type_code.is_some_and(|code| code == template.type_code),
        })
    }
}

impl Source {
    /// The name of the field's text in the data index: a short name or that of the face item.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Element(element) => element.short(),
            Self::Face(key) => key,
            Self::Validity => Element::ValidUntil.short(),
        }
    }
}

const NOTE: &str = "本电子证照的真实性以电子签章验证结果为准";

fn food_business() -> Template {
    use Presence::{Optional, Required};
    use Width::{Full, Half};
    Template {
        name: "food-business".into(),
        title: "食品经营许可证".into(),
        type_code: "11990000000000190C001".into(),
        fields: vec![
            element("经营者名称", Element::HolderName, Full, 100),
            element("社会信用代码", Element::HolderCode, Full, 64),
            face("法定代表人", "KZ_FDDBR", Required, Half, 20),
            face("主体业态", "KZ_ZTYT", Required, Half, 40),
            face("住所", "KZ_ZS", Optional, Full, 120),
            face("经营场所", "KZ_JYCS", Required, Full, 120),
            face("经营项目", "KZ_JYXM", Required, Full, 300),
            face("监督管理机构", "KZ_JDGLJG", Optional, Half, 40),
            face("投诉举报电话", "KZ_TSJBDH", Optional, Half, 20),
            validity(),
            face("备注", "KZ_BZ", Optional, Full, 200),
        ],
        note: NOTE.into(),
        accent: [158, 112, 28],
    }
}

fn special_operation() -> Template {
    use Presence::{Optional, Required};
    use Width::{Full, Half};
    Template {
        name: "special-operation".into(),
        title: "特种作业操作证".into(),
        type_code: "11990000000000190C002".into(),
        fields: vec![
            element("姓名", Element::HolderName, Half, 40),
            face("性别", "KZ_XB", Required, Half, 2),
            element("证件号码", Element::HolderCode, Full, 64),
            face("作业类别", "KZ_ZYLB", Required, Full, 60),
            face("准操项目", "KZ_ZCXM", Required, Full, 120),
            face("初领日期", "KZ_CLRQ", Required, Half, 20),
            face("复审日期", "KZ_FSRQ", Optional, Half, 20),
            validity(),
            face("备注", "KZ_BZ", Optional, Full, 200),
        ],
        note: NOTE.into(),
        accent: [24, 84, 140],
    }
}

fn element(label: &'static str, of: Element, width: Width, characters_max: usize) -> Field {
    let source = Source::Element(of);
    Field { label: label.into(), source, presence: Presence::Required, width, characters_max }
}

fn face(
    label: &'static str,
    key: &'static str,
    presence: Presence,
    width: Width,
    characters_max: usize,
) -> Field {
    let source = Source::Face(key.into());
    Field { label: label.into(), source, presence, width, characters_max }
}

fn validity() -> Field {
    Field {
        label: "有效期限".into(),
        source: Source::Validity,
        presence: Presence::Required,
        width: Width::Full,
        characters_max: 40,
    }
}
