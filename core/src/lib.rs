//! yinxin (印信): SM2/SM3/SM4, seals, electronic licences (电子证照) and identity.
//!
//! Every capability works the same way:
//!
//! ```text
//! bytes --parse--> structure --verify(trust, policy, at)--> Verified<T> | Rejected --show--> Report
//!          Error                                               the same report inside both
//! ```
//!
//! [`Error`] means that a call could not do its work. A [`Rejected`](report::Rejected)
//! means that the work was done and the answer is no, or not certain. Time, trust anchors, revocation
//! data and policy are arguments: this crate has no clock, no file and no network. Its one outside call
//! is the operating system's random number generator.
//!
//! Layers, of which a lower one never imports a higher one (`tests/tidy.rs` checks it):
//!
//! 1. [`primitives`]: bytes to bytes. SM2, SM3, SM4.
//! 2. [`pki`]: who signed, and may they. Keys, certificates, CRLs, CMS, custody.
//! 3. [`licence`]: sealed documents to a verdict. [`identity`]: a presented identity to a verdict.
//!
//! A build with `--cfg yinxin_primitives` has the first layer only, to test its kernels on emulated
//! processors without building the rest for them (`tests/aarch64.sh`).

// What the first layer has for the others would seem to be dead without them.
#![cfg_attr(yinxin_primitives, allow(dead_code, unused_imports))]

#[cfg(not(yinxin_primitives))]
pub mod codes;
pub mod error;
#[cfg(not(yinxin_primitives))]
pub mod identity;
#[cfg(not(yinxin_primitives))]
pub mod licence;
pub mod limits;
#[cfg(not(yinxin_primitives))]
pub mod pki;
pub mod primitives;
#[cfg(not(yinxin_primitives))]
pub mod report;
#[cfg(not(yinxin_primitives))]
pub mod time;

pub use error::{Code, Error};
#[cfg(not(yinxin_primitives))]
pub use time::UnixTime;

/// The examples in the documents are tested with those of the crate.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../README.md")]
    struct Readme;

    #[doc = include_str!("../../docs/guide/quickstart.md")]
    struct QuickStart;

    #[doc = include_str!("../../docs/guide/time-stamps.md")]
    struct TimeStamps;

    #[doc = include_str!("../../docs/guide/custody.md")]
    struct Custody;

    #[doc = include_str!("../../docs/guide/certificates.md")]
    struct Certificates;

    #[doc = include_str!("../../docs/guide/cms.md")]
    struct Cms;

    #[doc = include_str!("../../docs/guide/keys.md")]
    struct Keys;
}
