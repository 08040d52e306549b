//! One licence to be issued: the texts of one row of a table, checked and completed.

use std::{borrow::Cow, collections::BTreeMap};

use super::template::{Field, Presence, Source, Template};
use crate::{
    codes::{HolderCodeType, Uscc},
    error::{Code, Error},
    licence::{
        identifier::{CheckCharacter, Identifier},
        metadata::{Element, LicenceDate, Metadata},
    },
    limits::{LICENCE_ROW_BYTES_MAX, METADATA_VALUE_BYTES_MAX},
    primitives::sm3,
};

/// The texts of one row, under the names of the elements and of the template's face items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenceData {
    metadata: Metadata,
    template: Option<String>,
    version: u16,
}

impl LicenceData {
    /// Takes a row: names as in [`Element::find`], `模板` or `template`, `证照版本号` or `version`, and
    /// the names or labels of a template's face items. Empty texts count as absent.
    ///
    /// What the row means is checked when the licence is built, because only the template knows what
    /// is required.
    ///
    /// # Errors
    /// [`Code::BadData`] with the element's short name if it is given twice with different texts, with
    /// field `version` if that is not 1 to 999; [`Code::LimitReached`] as for
    /// [`Metadata::from_custom_datas`].
    pub fn from_fields<K, V>(fields: impl IntoIterator<Item = (K, V)>) -> Result<Self, Error>
    where
        K: AsRef<str>,
        V: AsRef<str>,
    {
        let mut items = Vec::new();
        let (mut template, mut version) = (None, 1);
        for (name, text) in fields {
            // A table saved by a spreadsheet begins with a byte order mark.
            let name = name.as_ref().trim_start_matches('\u{feff}').trim();
            match (name, text.as_ref().trim()) {
                (_, "") => {}
                ("模板" | "template", text) => template = Some(text.to_owned()),
                ("证照版本号" | "version", text) => version = parse_version(text)?,
                (_, text) => items.push((name.to_owned(), text.to_owned())),
            }
        }
        let metadata = Metadata::from_custom_datas(&items)?;
        match metadata.first_conflict() {
            Some(element) => Err(Error::new(Code::BadData).field(element.short())),
            None => Ok(Self { metadata, template, version }),
        }
    }

    /// Takes a row in JSON: one object whose values are texts.
    ///
    /// # Errors
    /// [`Code::BadData`] if it is anything else, and those of [`from_fields`](Self::from_fields);
    /// [`Code::LimitReached`] beyond [`LICENCE_ROW_BYTES_MAX`].
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        if json.len() > LICENCE_ROW_BYTES_MAX {
            return Err(Error::limit("LICENCE_ROW_BYTES_MAX"));
        }
        let fields: BTreeMap<String, String> =
            serde_json::from_slice(json).map_err(|_| Error::new(Code::BadData).field("json"))?;
        Self::from_fields(fields)
    }

    /// The elements and other items as the row gave them.
    #[must_use]
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Which template the row asks for.
    #[must_use]
    pub fn template_name(&self) -> Option<&str> {
        self.template.as_deref()
    }

    /// Names of the row's items that neither the standard nor `template` knows. They are left out of
    /// the licence: a column for internal use must not reach a public document.
    pub fn unused_fields<'a>(&'a self, template: &'a Template) -> impl Iterator<Item = &'a str> {
        let known = |name: &str| template.fields.iter().any(|field| names(field, name));
        let others = self.metadata.others().iter().map(|(name, _)| name.as_str());
        others.filter(move |name| !known(name))
    }

    /// Checks the row against the template and completes it.
    pub(super) fn complete(&self, template: &Template) -> Result<Complete, Error> {
        let mut metadata = Metadata::default();
        for (element, text) in self.metadata.elements() {
            readable(text).map_err(|error| error.field(element.short()))?;
            metadata.set(element, text);
        }
        let default = |metadata: &mut Metadata, element, text: &str| {
            if metadata.text(element).is_none() {
                metadata.set(element, text);
            }
        };
        default(&mut metadata, Element::Name, &template.title);
        default(&mut metadata, Element::TypeCode, &template.type_code);
        let made_here = |element| element == Element::Identifier;
        let required = Element::ALL.iter().filter(|element| element.is_required());
        for element in required.filter(|element| !made_here(**element)) {
            if metadata.text(*element).is_none() {
                return Err(Error::new(Code::BadData).field(element.short()));
            }
        }
        check_codes(&mut metadata)?;
        check_dates(&mut metadata)?;
        let identifier = self.identifier(&metadata)?;
        metadata.set(Element::Identifier, identifier.to_string());
        let mut texts = Vec::new();
        for field in &template.fields {
            let text = self.field_text(field, &metadata)?;
            if let (Source::Face(key), false) = (&field.source, text.is_empty()) {
                metadata.add_other(key.as_ref(), text.as_str());
            }
            texts.push(text);
        }
        Ok(Complete { metadata, identifier, texts })
    }

    /// The given identifier, which must fit the rest, or one made of the type, the issuing authority
    /// and the licence's number.
    fn identifier(&self, metadata: &Metadata) -> Result<Identifier, Error> {
        let text = |element: Element| metadata.text(element).unwrap_or_default();
        let field = Element::Identifier.short();
        let (type_code, issuer) = (text(Element::TypeCode), text(Element::IssuingAuthorityCode));
        let Some(given) = metadata.text(Element::Identifier) else {
            let serial = serial(text(Element::Number), type_code, issuer);
            return Identifier::build(type_code, issuer, &serial, self.version);
        };
        let identifier = Identifier::parse(given).map_err(|error| error.field(field))?;
        if identifier.check_character() != CheckCharacter::Right {
            return Err(Error::new(Code::BadCheckCharacter).field(field));
        }
        if identifier.type_code() != type_code || identifier.issuer() != issuer {
            return Err(Error::new(Code::BadData).field(field));
        }
        Ok(identifier)
    }

    /// The text that stands on the page; empty if there is none and none is required.
    fn field_text(&self, field: &Field, metadata: &Metadata) -> Result<String, Error> {
        let text = match &field.source {
            Source::Element(element) => metadata.text(*element).map(|text| shown(*element, text)),
            Source::Face(_) => {
                let others = self.metadata.others().iter();
                let found = others.filter(|(name, _)| names(field, name)).map(|(_, text)| text);
                found.map(String::as_str).map(date_or_text).next()
            }
            Source::Validity => validity(metadata),
        };
        let name = match &field.source {
            Source::Face(Cow::Borrowed(key)) => key,
            Source::Face(Cow::Owned(_)) => "face_item",
            Source::Element(element) => element.short(),
            Source::Validity => Element::ValidUntil.short(),
        };
        let Some(text) = text else {
            return match field.presence {
                Presence::Required => Err(Error::new(Code::BadData).field(name)),
                Presence::Optional => Ok(String::new()),
            };
        };
        readable(&text).map_err(|error| error.field(name))?;
        if text.chars().count() > field.characters_max {
            return Err(Error::new(Code::LimitReached).field(name));
        }
        Ok(text)
    }
}

/// A row that was found good, with everything that is printed and stored.
pub(super) struct Complete {
    pub(super) metadata: Metadata,
    pub(super) identifier: Identifier,
    /// One text for each field of the template.
    pub(super) texts: Vec<String>,
}

/// Refuses what a page cannot show as it is stored: control characters, characters that XML 1.0 has
/// not, and those that hide or reorder their neighbours, with which a page would read otherwise than
/// its data.
pub(super) fn readable(text: &str) -> Result<(), Error> {
    if text.len() > METADATA_VALUE_BYTES_MAX {
        return Err(Error::limit("METADATA_VALUE_BYTES_MAX"));
    }
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
            || matches!(c, '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{ad}' | '\u{e0000}'..='\u{e0fff}')
    };
    match text.char_indices().find(|(_, c)| hidden(*c)) {
        Some((offset, _)) => Err(Error::new(Code::BadData).at(offset)),
        None => Ok(()),
    }
}

fn names(field: &Field, name: &str) -> bool {
    match &field.source {
        Source::Face(key) => key.eq_ignore_ascii_case(name) || field.label == name,
        Source::Element(_) | Source::Validity => false,
    }
}

fn parse_version(text: &str) -> Result<u16, Error> {
    let version = text.parse().ok().filter(|version| (1..=999).contains(version));
    version.ok_or_else(|| Error::new(Code::BadData).field("version"))
}

/// The authority's code and every holder's; the name of the holders' type of code where it is missing.
fn check_codes(metadata: &mut Metadata) -> Result<(), Error> {
    let issuer = metadata.text(Element::IssuingAuthorityCode).unwrap_or_default();
    Uscc::parse(issuer).map_err(|error| error.field(Element::IssuingAuthorityCode.short()))?;
    let mut names = Vec::new();
    for holder in metadata.holders()? {
        let kind = holder.code_type.as_deref().and_then(HolderCodeType::find);
        let kind =
            kind.ok_or_else(|| Error::new(Code::BadData).field(Element::HolderCodeType.short()))?;
        let missing = |element: Element| Error::new(Code::BadData).field(element.short());
        holder.name.ok_or_else(|| missing(Element::HolderName))?;
        let code = holder.code.ok_or_else(|| missing(Element::HolderCode))?;
        kind.check(&code).map_err(|error| error.field(Element::HolderCode.short()))?;
        names.push(kind.name_zh);
    }
    if metadata.text(Element::HolderCodeTypeName).is_none() {
        names.dedup();
        metadata.set(Element::HolderCodeTypeName, names.join("^"));
    }
    Ok(())
}

/// Every date is one, and the validity does not end before it begins. Dates are stored in one form.
fn check_dates(metadata: &mut Metadata) -> Result<(), Error> {
    let mut dates = BTreeMap::new();
    for element in [Element::IssuedOn, Element::ValidFrom, Element::ValidUntil] {
        let Some(date) = metadata.date(element).transpose()? else { continue };
        if date == LicenceDate::LongTerm && element != Element::ValidUntil {
            return Err(Error::new(Code::BadTime).field(element.short()));
        }
        metadata.set(element, date.to_exchange());
        dates.insert(element, date);
    }
    let until = dates.get(&Element::ValidUntil);
    let ends_first = |element| matches!((dates.get(&element), until), (Some(a), Some(b)) if a > b);
    if ends_first(Element::IssuedOn) || ends_first(Element::ValidFrom) {
        return Err(Error::new(Code::BadData).field(Element::ValidUntil.short()));
    }
    Ok(())
}

/// The licence's number if it can stand in an identifier; else 32 characters that only the same number
/// of the same authority and type gives again.
fn serial(number: &str, type_code: &str, issuer: &str) -> String {
    let fits = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    if number.len() <= 32 && number.bytes().all(fits) {
        return number.to_owned();
    }
    let digest = sm3::hash(format!("{type_code}\n{issuer}\n{number}").as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02X}")).collect()
}

/// A date as a citizen reads it; several holders with a comma that can be read.
fn shown(element: Element, text: &str) -> String {
    if element.is_repeatable() {
        text.replace('^', "、")
    } else if element.is_date() {
        date_or_text(text)
    } else {
        text.to_owned()
    }
}

fn date_or_text(text: &str) -> String {
    match LicenceDate::parse(text) {
        // Eight digits alone may be a number, so only the written-out forms become dates here.
        Ok(date) if !text.bytes().all(|byte| byte.is_ascii_digit()) => date.to_string(),
        Ok(_) | Err(_) => text.to_owned(),
    }
}

fn validity(metadata: &Metadata) -> Option<String> {
    let date = |element| metadata.date(element).and_then(Result::ok);
    let until = date(Element::ValidUntil)?;
    Some(match (date(Element::ValidFrom), until) {
        (Some(from), until) => format!("{from} 至 {until}"),
        (None, LicenceDate::LongTerm) => until.to_string(),
        (None, LicenceDate::Day(_)) => format!("至 {until}"),
    })
}
