//! The metadata of GB/T 36903-2018, as it travels in an OFD's `CustomDatas` (GB/T 36905-2018).
//!
//! In: the name and text of each `CustomData`. Out: the standard's elements, and checks that compare
//! them with each other, with the identifier, with the signer and with the time of verification.
//!
//! Elements are kept as the text that was read, so that a report can show what the file says; dates and
//! codes are read out of it on demand. Names are understood in the standard's short form (`ZZBS`), in
//! English (`certificateIdentifier`) and in Chinese (`证照标识`). Everything is public: variable time.

mod checks;
mod date;
mod element;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use crate::{
    codes::masked,
    error::Error,
    limits::{CUSTOM_DATAS_MAX, METADATA_HOLDERS_MAX, METADATA_VALUE_BYTES_MAX},
};

pub use checks::issuer_is_signer;
pub use date::LicenceDate;
pub use element::Element;

/// What the metadata of one licence says.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    values: BTreeMap<Element, String>,
    conflicts: BTreeSet<Element>,
    others: Vec<(String, String)>,
}

/// One holder (持证主体) of a licence.
#[derive(Clone, PartialEq, Eq)]
pub struct Holder {
    /// CZZT.
    pub name: Option<String>,
    /// CZZTDM. Personal data if the holder is a person; `Debug` hides it.
    pub code: Option<String>,
    /// CZZTDMLXDM, three digits: a key of [`HolderCodeType`](crate::codes::HolderCodeType).
    pub code_type: Option<String>,
}

impl Metadata {
    /// Sorts the items of an OFD's `CustomDatas` into elements.
    ///
    /// Items of the same element with the same text are one; holders that are given one by one, under
    /// one spelling of the element's name, are joined with `^`; other items with differing texts keep the first and make the check
    /// `metadata.unambiguous` fail. Empty items count as absent. Unknown ones are kept as
    /// [`others`](Self::others).
    ///
    /// # Errors
    /// [`Code::LimitReached`](crate::Code::LimitReached) beyond [`CUSTOM_DATAS_MAX`] items or
    /// [`METADATA_VALUE_BYTES_MAX`] bytes of name or text.
    pub fn from_custom_datas(items: &[(String, String)]) -> Result<Self, Error> {
        if items.len() > CUSTOM_DATAS_MAX {
            return Err(Error::limit("CUSTOM_DATAS_MAX"));
        }
        let mut metadata = Self::default();
        let mut spellings = BTreeMap::new();
        for (name, text) in items {
            if name.len().max(text.len()) > METADATA_VALUE_BYTES_MAX {
                return Err(Error::limit("METADATA_VALUE_BYTES_MAX"));
            }
            let text = text.trim();
            match Element::find(name.trim()) {
                Some(_) if text.is_empty() => {}
                Some(element) => {
                    let first = spellings.entry(element).or_insert(name.trim());
                    metadata.add(element, text, *first == name.trim());
                }
                None => metadata.others.push((name.clone(), text.to_owned())),
            }
        }
        Ok(metadata)
    }

    /// The items for `CustomDatas`: elements under their short names in the standard's order, then the
    /// others as they came.
    #[must_use]
    pub fn to_custom_datas(&self) -> Vec<(String, String)> {
        let elements =
            self.values.iter().map(|(name, text)| (name.short().to_owned(), text.clone()));
        elements.chain(self.others.iter().cloned()).collect()
    }

    /// The text of an element.
    #[must_use]
    pub fn text(&self, element: Element) -> Option<&str> {
        self.values.get(&element).map(String::as_str)
    }

    /// Sets the text of an element; an empty text takes it away.
    pub fn set(&mut self, element: Element, text: impl Into<String>) {
        let text = text.into();
        if text.is_empty() {
            self.values.remove(&element);
        } else {
            self.values.insert(element, text);
        }
    }

    /// Adds an item that is no element of the standard, such as a face item `KZ_…`.
    pub fn add_other(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.others.push((name.into(), text.into()));
    }

    /// Items that are no elements of the standard: face items (`KZ_…`) and what producers add.
    #[must_use]
    pub fn others(&self) -> &[(String, String)] {
        &self.others
    }

    /// Whether there is no licence metadata at all, as in most licences sealed before the standard.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The first element that was given twice with different texts.
    #[must_use]
    pub fn first_conflict(&self) -> Option<Element> {
        self.conflicts.first().copied()
    }

    /// The elements that have a text, in the standard's order.
    pub fn elements(&self) -> impl Iterator<Item = (Element, &str)> {
        self.values.iter().map(|(element, text)| (*element, text.as_str()))
    }

    /// The date of an element, if it has a text.
    ///
    /// # Errors
    /// In the result: those of [`LicenceDate::parse`], with the element's short name as field.
    #[must_use]
    pub fn date(&self, element: Element) -> Option<Result<LicenceDate, Error>> {
        let text = self.text(element)?;
        Some(LicenceDate::parse(text).map_err(|error| error.field(element.short())))
    }

    /// The holders, which are joined with `^` or `,` inside the elements CZZT, CZZTDM and CZZTDMLXDM.
    ///
    /// How many there are is told by the codes, because a name may contain a comma; without a code
    /// there is one. One type stands for all if only one is given.
    ///
    /// # Errors
    /// [`Code::LimitReached`](crate::Code::LimitReached) beyond [`METADATA_HOLDERS_MAX`].
    pub fn holders(&self) -> Result<Vec<Holder>, Error> {
        let codes = split(self.text(Element::HolderCode).unwrap_or_default(), None);
        let count = codes.len();
        if count > METADATA_HOLDERS_MAX {
            return Err(Error::limit("METADATA_HOLDERS_MAX"));
        }
        let names = split(self.text(Element::HolderName).unwrap_or_default(), Some(count));
        let types = split(self.text(Element::HolderCodeType).unwrap_or_default(), Some(count));
        let one_type = types.len() == 1;
        let owned = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let holder = |(place, code): (usize, &str)| Holder {
            name: names.get(place).and_then(|name| owned(name)),
            code: owned(code),
            code_type: types.get(if one_type { 0 } else { place }).and_then(|code| owned(code)),
        };
        let holders = codes.into_iter().enumerate().map(holder);
        Ok(holders.filter(|holder| holder.name.is_some() || holder.code.is_some()).collect())
    }

    /// Adds a text to what is known of an element. Only items of the `same_spelling` can be further
    /// holders: under another name the same holder is told once more.
    fn add(&mut self, element: Element, text: &str, same_spelling: bool) {
        let joins = element.is_repeatable();
        match self.values.get_mut(&element) {
            None => self.set(element, text),
            Some(known) if joins && same_spelling => {
                known.push('^');
                known.push_str(text);
            }
            Some(known) if known == text || (joins && known.split('^').any(|one| one == text)) => {}
            Some(_) => {
                self.conflicts.insert(element);
            }
        }
    }
}

/// Splits at `^`, or at `,` if there is none. Where one part is expected nothing is split: a comma then
/// belongs to a name.
fn split(text: &str, expected: Option<usize>) -> Vec<&str> {
    let separator = if text.contains('^') { '^' } else { ',' };
    match expected {
        Some(1) => vec![text],
        Some(_) | None => text.split(separator).collect(),
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.values.iter().map(|(element, text)| match element.is_personal() {
            true => (element.short(), masked(text)),
            false => (element.short(), text.clone()),
        });
        f.debug_map().entries(shown).finish()?;
        write!(f, " and {} others", self.others.len())
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.as_deref().map(masked);
        f.debug_struct("Holder").field("code", &code).field("code_type", &self.code_type).finish()
    }
}

#[cfg(test)]
mod tests;
