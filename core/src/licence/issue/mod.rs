//! Issue a licence: a row of data and a template become the files of an OFD, ready to be sealed.
//!
//! In: the texts of one row ([`LicenceData`]) and what the face shows ([`Template`]). Out: the files of
//! a package of GB/T 33190-2016 with the metadata of GB/T 36903-2018 in `CustomDatas`, a data index as
//! GB/T 36905-2018 is practised, and the place for the seal. Nothing here signs. The same row gives the
//! same bytes: no clock, no randomness.

mod data;
mod files;
mod frame;
mod layout;
pub mod picture;
mod sealing;
mod template;
mod text;

use crate::{
    error::Error,
    licence::{
        identifier::Identifier,
        ofd::{PackageWriter, Stamp},
    },
    limits::TEMPLATE_FIELDS_MAX,
};

pub use data::LicenceData;
pub use sealing::{IssuedLicence, SealingKey, issue, seal_package, seal_unsealed};
pub use template::{Field, Presence, Source, Template, Width};

/// A licence that nobody has sealed yet.
#[derive(Clone, Debug, PartialEq)]
pub struct UnsealedLicence {
    /// Path inside the package and content, `OFD.xml` first.
    pub files: Vec<(String, Vec<u8>)>,
    /// Where the seal belongs, for [`add_signature`](crate::licence::ofd::add_signature).
    pub stamp: Stamp,
    /// The identifier that the licence carries.
    pub identifier: Identifier,
}

impl UnsealedLicence {
    /// The files as an OFD package, ready for [`add_signature`](crate::licence::ofd::add_signature).
    ///
    /// # Errors
    /// Those of [`PackageWriter::finish`].
    pub fn pack(&self) -> Result<Vec<u8>, Error> {
        let add =
            |writer: PackageWriter, (path, bytes): &(String, Vec<u8>)| writer.add(path, bytes);
        self.files.iter().fold(PackageWriter::new(), add).finish()
    }
}

/// Builds the files of a licence.
///
/// A row without ZZBS gets an identifier made of its type code, its authority's code, its number (or,
/// where the number has other characters than digits and capitals, 32 hexadecimal ones derived from it)
/// and its version.
///
/// # Errors
/// With the field's name: [`Code::BadData`](crate::Code::BadData) if it is missing or contradicts
/// another or has characters that cannot be shown,
/// [`Code::BadCodeNumber`](crate::Code::BadCodeNumber) and
/// [`Code::BadCheckCharacter`](crate::Code::BadCheckCharacter) for codes,
/// [`Code::BadTime`](crate::Code::BadTime) for dates,
/// [`Code::LimitReached`](crate::Code::LimitReached) for texts that are too long. With field `page`:
/// together the texts do not fit the page.
pub fn build(data: &LicenceData, template: &Template) -> Result<UnsealedLicence, Error> {
    if template.fields.len() > TEMPLATE_FIELDS_MAX {
        return Err(Error::limit("TEMPLATE_FIELDS_MAX"));
    }
    data::readable(&template.note).map_err(|error| error.field("note"))?;
    for field in &template.fields {
        data::readable(&field.label).map_err(|error| error.field("label"))?;
    }
    let complete = data.complete(template)?;
    let page = layout::page(template, &complete)?;
    let files = files::package(&complete, &page)?;
    Ok(UnsealedLicence { files, stamp: page.stamp, identifier: complete.identifier })
}

#[cfg(test)]
mod tests;
