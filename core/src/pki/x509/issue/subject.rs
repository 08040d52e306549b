//! The name of the subject, as it is written.

use const_oid::ObjectIdentifier;
use der::{Encode as _, Sequence, ValueOrd, asn1::SetOfVec};

use super::{argument, encoding};
use crate::error::Error;

/// Whom a certificate is for. Empty parts are left out; each has at most 64 characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Two letters, `CN`.
    pub country: String,
    /// Province.
    pub province: String,
    /// City.
    pub locality: String,
    /// Organisation. Government seals write the unified social credit code before the name.
    pub organisation: String,
    /// Unit of the organisation.
    pub organisational_unit: String,
    /// Name, or the code of a seal. Never empty.
    pub common_name: String,
}

impl Subject {
    /// The name, the most general attribute first (GB/T 20518-2018; X.501).
    pub(in crate::pki) fn to_der(&self) -> Result<Vec<u8>, Error> {
        let attributes = [
            ("2.5.4.6", "country", &self.country),
            ("2.5.4.8", "province", &self.province),
            ("2.5.4.7", "locality", &self.locality),
            ("2.5.4.10", "organisation", &self.organisation),
            ("2.5.4.11", "organisational_unit", &self.organisational_unit),
            ("2.5.4.3", "common_name", &self.common_name),
        ];
        if self.common_name.is_empty() {
            return Err(argument("common_name"));
        }
        let mut name = Vec::with_capacity(attributes.len());
        for (oid, field, text) in attributes {
            if text.is_empty() {
                continue;
            }
            // The upper bounds of X.520 (RFC 5280, appendix A).
            if text.chars().count() > 64 || text.chars().any(char::is_control) {
                return Err(argument(field));
            }
            name.push(relative_name(oid, text).map_err(|_| argument(field))?);
        }
        name.to_der().map_err(encoding)
    }
}

type RelativeName = SetOfVec<AttributeDer>;

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Sequence, ValueOrd)]
struct AttributeDer {
    oid: ObjectIdentifier,
    value: der::Any,
}

fn relative_name(oid: &str, text: &str) -> der::Result<RelativeName> {
    let oid = ObjectIdentifier::new(oid)?;
    let country = oid == ObjectIdentifier::new_unwrap("2.5.4.6");
    if country && !(text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())) {
        return Err(der::Tag::PrintableString.value_error().into());
    }
    // RFC 5280, 4.1.2.4: countryName is a PrintableString, everything else UTF8String.
    let tag = if country { der::Tag::PrintableString } else { der::Tag::Utf8String };
    let value = der::Any::new(tag, text.as_bytes())?;
    SetOfVec::try_from([AttributeDer { oid, value }])
}
