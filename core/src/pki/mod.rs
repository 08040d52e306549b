//! Layer 2: who signed, and may they.

pub mod cms;
pub mod crl;
pub mod custody;
pub mod keys;
pub(crate) mod tlv;
pub mod x509;
