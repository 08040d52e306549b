//! PKCS#12 (RFC 7292): keys, certificates and revocation lists in one file under a password.
//!
//! In: DER or BER, a password. Out: [`Contents`]; each key with the certificate that holds its public
//! key, wherever in the file that stands. [`Writer`] makes such files.
//!
//! The MAC is verified before anything else is believed, in constant time. Passwords are text: PKCS#12
//! takes them as UTF-16, PBES2 inside it as UTF-8.

pub(super) mod kdf;
mod mac;
mod parse;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;

pub use super::keys::{Encryption, Legacy};
pub use mac::Mac;
pub use write::{Protection, Writer};

use super::{crl::Crl, x509::Certificate};
use crate::{
    error::{Code, Error},
    primitives::sm2::PrivateKey,
};

/// What a file holds, in its order.
#[derive(Debug)]
#[non_exhaustive]
pub struct Contents {
    /// Whether a MAC vouches for the file.
    pub integrity: Integrity,
    /// The SM2 keys.
    pub keys: Vec<Key>,
    /// All certificates, also those of the keys.
    pub certificates: Vec<NamedCertificate>,
    /// The revocation lists.
    pub crls: Vec<Crl>,
    /// What is there and cannot be used here: keys of other algorithms, secrets, certificates and lists
    /// that cannot be read.
    pub others: Vec<Other>,
}

/// Whether a MAC vouches for the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Integrity {
    /// It was made by somebody who knows the password.
    Mac,
    /// The file has no MAC: anybody may have put in certificates, and keys that are not encrypted.
    None,
}

/// An SM2 key of a file.
#[non_exhaustive]
pub struct Key {
    /// The key. A public key inside its container was its own.
    pub key: PrivateKey,
    /// friendlyName: what the user calls it; Java's alias.
    pub name: Option<String>,
    /// localKeyID, with which the file joins a key to a certificate. Of no meaning elsewhere.
    pub local_key_id: Option<Vec<u8>>,
    /// The certificate in the file that holds its public key. Of several, that with the same localKeyID
    /// comes first.
    pub certificate: Option<Certificate>,
}

/// A certificate of a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NamedCertificate {
    /// The certificate; nothing vouches for it but the file.
    pub certificate: Certificate,
    /// friendlyName.
    pub name: Option<String>,
    /// localKeyID, as of the key that it belongs to.
    pub local_key_id: Option<Vec<u8>>,
}

/// A part of a file that cannot be used here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Other {
    /// What it is.
    pub kind: OtherKind,
    /// The object identifier that tells what it is more exactly, dotted: the algorithm of a key, the type
    /// of a bag.
    pub oid: String,
    /// friendlyName.
    pub name: Option<String>,
    /// Why it cannot be used.
    pub reason: Error,
}

/// What a part is that cannot be used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OtherKind {
    /// A private key of another algorithm.
    Key,
    /// A certificate that cannot be read, or is none of X.509.
    Certificate,
    /// A revocation list that cannot be read, or is none of X.509.
    Crl,
    /// A secret that is no private key.
    Secret,
    /// A bag of a kind that nobody defined, or content under a public key.
    Unknown,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?}, {:?})", self.name, self.certificate)
    }
}

/// Opens a PKCS#12 file, DER or BER.
///
/// `password` is UTF-8. An empty one opens files made with an empty password and, where they have a MAC,
/// with none.
///
/// # Errors
/// [`Code::WrongPassword`] if the MAC, or where there is none, what is decrypted, tells so;
/// [`Code::LegacyEncryption`] if the file is encrypted in a broken way and `legacy` does not allow it;
/// [`Code::BadPkcs12`] if it is malformed, [`Code::BadKey`] and others if an SM2 key inside is;
/// [`Code::UnsupportedAlgorithm`] if it is protected in a way not known here; [`Code::BadUtf8`] for the
/// password; [`Code::LimitReached`] past the limits named `PKCS12_…`, `PBKDF2_…`, `SCRYPT_…`,
/// [`BER_DEPTH_MAX`](crate::limits::BER_DEPTH_MAX), and those of certificates and lists where these are
/// too large to be read at all.
pub fn open(bytes: &[u8], password: &[u8], legacy: Legacy) -> Result<Contents, Error> {
    parse::open(bytes, password, legacy)
}

/// Whether `bytes` have the shape of a PKCS#12 file, DER or BER: a SEQUENCE that begins with version 3
/// and a ContentInfo. It tells it from the other containers of keys; it does not parse it.
#[must_use]
pub fn is_pkcs12(bytes: &[u8]) -> bool {
    parse::has_its_shape(bytes)
}

fn bad(field: &'static str) -> Error {
    Error::new(Code::BadPkcs12).field(field)
}
