//! Where a certificate says that things are to be had: its issuer's revocation lists, OCSP responders and
//! certificate (RFC 5280, 4.2.1.13, 4.2.2.1). Nothing is fetched here.

use super::{Certificate, Extension, GeneralName};
use crate::{
    Code, limits,
    pki::{
        oid,
        tlv::{self, tag},
    },
};

impl Certificate {
    /// The addresses of the issuer's revocation lists (cRLDistributionPoints), in their order. What is no
    /// address, such as a name in a directory, is left out; so is an extension that cannot be read.
    #[must_use]
    pub fn crl_urls(&self) -> Vec<String> {
        self.extension(oid::CRL_DISTRIBUTION_POINTS)
            .and_then(distribution_points)
            .unwrap_or_default()
    }

    /// The addresses of OCSP responders (authorityInfoAccess, id-ad-ocsp), in their order.
    #[must_use]
    pub fn ocsp_urls(&self) -> Vec<String> {
        self.access(OCSP)
    }

    /// The addresses of the issuer's certificate (authorityInfoAccess, id-ad-caIssuers), in their order.
    #[must_use]
    pub fn issuer_urls(&self) -> Vec<String> {
        self.access(CA_ISSUERS)
    }

    fn access(&self, method: &[u8]) -> Vec<String> {
        let extension = self.extension(oid::AUTHORITY_INFO_ACCESS);
        extension.and_then(|extension| described(extension, method)).unwrap_or_default()
    }
}

fn described(extension: &Extension, method: &[u8]) -> Option<Vec<String>> {
    let mut urls = Vec::new();
    for description in list(&extension.value)? {
        let mut fields = description.inside();
        let found = fields.required(tag::OID, "accessMethod").ok()?;
        let location = fields.next("accessLocation").ok()?;
        if found.value == method && location.tag == URI {
            urls.push(text(location.value));
        }
    }
    Some(urls)
}

fn distribution_points(extension: &Extension) -> Option<Vec<String>> {
    let mut urls = Vec::new();
    for point in list(&extension.value)? {
        let Some(name) = point.inside().take(tag::CONTEXT_0, "distributionPoint").ok()? else {
            continue;
        };
        let Some(full) = name.inside().take(tag::CONTEXT_0, "fullName").ok()? else { continue };
        let names = GeneralName::read_all(full.inside()).ok()?;
        urls.extend(names.iter().filter_map(|name| match name {
            GeneralName::Uri(uri) => Some(text(uri)),
            GeneralName::Email(_)
            | GeneralName::Dns(_)
            | GeneralName::Directory(_)
            | GeneralName::Ip(_)
            | GeneralName::Other(..) => None,
        }));
    }
    Some(urls)
}

/// The elements of the SEQUENCE `value`, at most [`limits::GENERAL_NAMES_MAX`] of them.
fn list(value: &[u8]) -> Option<Vec<tlv::Element<'_>>> {
    let whole = tlv::only(value, 0, tag::SEQUENCE, Code::BadCertificate, "locations").ok()?;
    whole.inside().all("locations", limits::GENERAL_NAMES_MAX, "GENERAL_NAMES_MAX").ok()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// uniformResourceIdentifier, `[6]` IA5String.
const URI: u8 = 0x86;
/// 1.3.6.1.5.5.7.48.1, id-ad-ocsp.
pub(super) const OCSP: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1];
/// 1.3.6.1.5.5.7.48.2, id-ad-caIssuers.
pub(super) const CA_ISSUERS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 2];
