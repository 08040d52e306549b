//! Layer 2: who signed, and may they.

pub mod algorithm;
mod ber;
pub mod bundle;
pub mod ciphertext;
pub mod cms;
pub mod crl;
pub mod csr;
pub mod custody;
pub mod diagnose;
mod hash_algorithm;
pub mod keys;
pub mod ocsp;
mod oid;
pub mod pem;
pub mod pkcs12;
#[cfg(test)]
mod published_tests;
pub mod text;
pub mod timestamp;
pub(crate) mod tlv;
pub mod x509;
