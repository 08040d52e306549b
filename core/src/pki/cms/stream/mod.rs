//! Signed data of any length, in constant memory.

mod verifier;

pub use verifier::Verifier;
