//! Time stamps: GM/T 0033-2014 and GB/T 20520, which take the syntax of RFC 3161.
//!
//! ```text
//! imprint --TimeStampRequest--> authority --TimeStampResponse--> Token --verify_token--> TimeStampReport
//! ```
//!
//! In: a token (a SignedData whose content is a TSTInfo), what it is said to stamp, trust. Out: a report
//! of every check, with the proved time. Variable time: all inputs are public. Nothing here knows what
//! time it is or speaks to a network: a [`TimeStampSource`] does, or an [`Authority`] with the clock
//! that it is given.

mod authority;
#[cfg(test)]
mod authority_tests;
#[cfg(test)]
pub(crate) mod forge;
mod imprint;
mod judgement;
mod request;
mod response;
#[cfg(test)]
mod signer_tests;
mod signers;
mod signing_certificate;
mod source;
#[cfg(test)]
mod tests;
mod token;
mod verify;

pub use super::hash_algorithm::HashAlgorithm;
pub use authority::{Answered, Authority, Register, random_serial};
pub use imprint::{Imprint, RunningImprint};
pub(crate) use judgement::order_check;
pub use judgement::{Judgement, verify};
pub use request::{Extension, TimeStampRequest};
pub use response::{FailInfo, Status, TimeStampResponse};
pub use signers::{SignerStamps, verify_signer_stamps};
pub use source::{RemoteAuthority, TimeStampSource};
pub use token::{Accuracy, Token, TstInfo};
pub use verify::{Stamped, TimeStampPolicy, TimeStampReport, verify_token};
