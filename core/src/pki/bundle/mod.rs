//! Signed bundles of trust anchors and revocation lists, for networks without internet.
//!
//! In: bytes of a bundle, the keys that its reader pins, what he demands. Out: the anchors and lists
//! inside, or a report that says why not. A bundle is a SignedData (GB/T 35275) with one signer, whose
//! content is the DER of
//!
//! ```text
//! TrustBundle ::= SEQUENCE {
//!     version       INTEGER (1),
//!     set           UTF8String,                     -- the name of the set of anchors
//!     sequence      INTEGER,                        -- rises with every bundle of the set
//!     issued        GeneralizedTime,
//!     expires       GeneralizedTime,
//!     anchors       SEQUENCE OF OCTET STRING,       -- SM3 of each certificate that is an anchor
//!     certificates  SEQUENCE OF Certificate,        -- the anchors, and others that help to build paths
//!     crls          SEQUENCE OF CertificateList }
//! ```
//!
//! No anchor, certificate or list inside can be had before the signature was verified with a pinned key.
//! The key's certificate only carries it: whether that is valid or trusted is not asked. The content is
//! plain data to CMS, so that a pinned key must sign nothing but bundles. All inputs are public: variable time.

mod manifest;
#[cfg(test)]
mod tests;
mod verify;

pub use manifest::Manifest;
pub use verify::{BundlePolicy, Contents};

use super::cms::SignedData;
use crate::{Code, Error, UnixTime};

/// A bundle as it was read. What it holds is given out by [`verify`](Self::verify) only.
pub struct Bundle {
    signed: SignedData,
    manifest: Manifest,
}

impl Bundle {
    /// Parses a bundle, DER. No trust is implied.
    ///
    /// # Errors
    /// [`Code::BadCms`], [`Code::BadBundle`]; [`Code::LimitReached`] past
    /// [`CMS_BYTES_MAX`](crate::limits::CMS_BYTES_MAX),
    /// [`BUNDLE_CERTIFICATES_MAX`](crate::limits::BUNDLE_CERTIFICATES_MAX),
    /// [`BUNDLE_CRLS_MAX`](crate::limits::BUNDLE_CRLS_MAX) or what limits certificates and lists.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let signed = SignedData::parse(bytes)?;
        let content = signed.content().ok_or(Error::new(Code::BadBundle).field("content"))?;
        let manifest = Manifest::parse(content)?;
        Ok(Self { signed, manifest })
    }

    /// The name of the set, as the bundle states it.
    #[must_use]
    pub fn set(&self) -> &str {
        &self.manifest.set
    }

    /// Its number in the sequence of the set's bundles, as the bundle states it.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.manifest.sequence
    }

    /// When it was issued, as the bundle states it.
    #[must_use]
    pub fn issued(&self) -> UnixTime {
        self.manifest.issued
    }

    /// Until when it may be used, as the bundle states it.
    #[must_use]
    pub fn expires(&self) -> UnixTime {
        self.manifest.expires
    }
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bundle({:?}, sequence {})", self.set(), self.sequence())
    }
}
