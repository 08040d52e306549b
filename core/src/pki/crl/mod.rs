//! Certificate revocation lists (RFC 5280, clause 5; GB/T 20518-2018): read, look up, verify, make.
//!
//! In: DER or PEM. Out: a [`Crl`] whose entries are found by binary search. All inputs are public:
//! variable time.

mod make;
mod parse;
mod scope;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    ops::Range,
    sync::{Arc, OnceLock},
};

pub use make::{Entry, NewList, make};
pub(in crate::pki) use parse::time;
pub use scope::{Kind, Scope};

use super::{
    algorithm::{SignatureForm, read_signature},
    pem,
    x509::{self, Certificate, Name, SignatureAlgorithm},
};
use crate::{
    error::{Code, Error},
    primitives::{
        sm2::{DistId, PublicKey, Signature},
        sm3,
    },
    time::UnixTime,
};

/// A revocation list as it was read. Cloning is cheap.
#[derive(Clone)]
pub struct Crl(Arc<Inner>);

/// What a list says of one revoked certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// When the authority revoked it.
    pub at: UnixTime,
    /// Why, if it says.
    pub reason: Option<Reason>,
    /// Since when the key is held to be bad, if the list says: it may be earlier than `at`.
    pub invalid_since: Option<UnixTime>,
}

/// Declares [`Reason`] from one table of numbers and names.
macro_rules! reasons {
    ($($number:literal $variant:ident $name:literal $doc:literal;)*) => {
        /// Why a certificate was revoked (RFC 5280, 5.3.1).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason {
            $(#[doc = $doc] $variant,)*
            /// Any other number.
            Unknown,
        }

        impl Reason {
            /// From the number in a list.
            #[must_use]
            pub const fn from_code(code: u8) -> Self {
                match code { $($number => Self::$variant,)* _ => Self::Unknown }
            }

            /// The number in a list; 255 for an unknown one.
            #[must_use]
            pub const fn code(self) -> u8 {
                match self { $(Self::$variant => $number,)* Self::Unknown => 255 }
            }

            /// The name of RFC 5280.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* Self::Unknown => "unknown" }
            }
        }
    };
}

reasons! {
    0 Unspecified "unspecified" "Not told, 未指明.";
    1 KeyCompromise "keyCompromise" "The subject's key is no longer secret, 密钥泄露.";
    2 CaCompromise "cACompromise" "The authority's key is no longer secret, CA 密钥泄露.";
    3 AffiliationChanged "affiliationChanged" "The subject belongs elsewhere, 从属关系变更.";
    4 Superseded "superseded" "Another certificate took its place, 被取代.";
    5 CessationOfOperation "cessationOfOperation" "No longer in use, 停止使用.";
    6 CertificateHold "certificateHold" "Suspended, 暂停使用.";
    8 RemoveFromCrl "removeFromCRL" "No longer suspended; only in delta lists.";
    9 PrivilegeWithdrawn "privilegeWithdrawn" "A privilege was withdrawn, 权限撤回.";
    10 AaCompromise "aACompromise" "The attribute authority's key is no longer secret.";
}

/// Everything that was read. Serial numbers stay in `der`: an entry is small.
struct Inner {
    der: Box<[u8]>,
    tbs: Range<usize>,
    issuer: Name,
    this_update: UnixTime,
    next_update: Option<UnixTime>,
    number: Option<Box<[u8]>>,
    authority_key_id: Option<Box<[u8]>>,
    algorithm: SignatureAlgorithm,
    foreign: Option<x509::ForeignAlgorithm>,
    algorithms_agree: bool,
    signature: Range<usize>,
    /// Sorted by serial number.
    entries: Box<[Listed]>,
    scope: Scope,
    delta_base: Option<Box<[u8]>>,
    has_deltas: bool,
    keeps_expired_since: Option<UnixTime>,
    /// A critical extension that is not understood, of the list or of an entry.
    not_understood: Option<Box<str>>,
    thumbprint: OnceLock<sm3::Digest>,
}

/// Serial number in `der`, and what is said of it.
struct Listed {
    start: u32,
    length: u8,
    reason: Option<Reason>,
    at: UnixTime,
    invalid_since: Option<UnixTime>,
}

impl Reason {
    /// Whether the reason says that the key is still secret, so that what it signed before the revocation
    /// can be believed: the four reasons of RFC 3161, 4. That no reason is given does not say so.
    pub(in crate::pki) const fn leaves_key_secret(self) -> bool {
        matches!(
            self,
            Self::Unspecified
                | Self::AffiliationChanged
                | Self::Superseded
                | Self::CessationOfOperation
        )
    }

    /// How much a reason says against what was signed before: more for the worse.
    const fn weight(this: Option<Self>) -> u8 {
        match this {
            Some(Self::RemoveFromCrl) => 0,
            Some(Self::CertificateHold) => 1,
            Some(reason) if reason.leaves_key_secret() => 2,
            Some(Self::KeyCompromise | Self::CaCompromise | Self::AaCompromise) => 4,
            Some(_) | None => 3,
        }
    }
}

impl Listed {
    /// Of two entries for one certificate whatever is worse counts.
    fn take_worse(&mut self, other: &Self) {
        self.at = self.at.min(other.at);
        self.invalid_since = [self.invalid_since, other.invalid_since].into_iter().flatten().min();
        if Reason::weight(other.reason) > Reason::weight(self.reason) {
            self.reason = other.reason;
        }
    }
}

impl Crl {
    /// Parses one DER list; nothing may follow it. No trust is implied.
    ///
    /// # Errors
    /// [`Code::BadCrl`]; [`Code::LimitReached`] past
    /// [`CRL_BYTES_MAX`](crate::limits::CRL_BYTES_MAX) or
    /// [`CRL_ENTRIES_MAX`](crate::limits::CRL_ENTRIES_MAX).
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        Ok(Self(Arc::new(parse::parse(der)?)))
    }

    /// Parses one list, DER or PEM (`X509 CRL`). Of several in a PEM file this is the first.
    ///
    /// # Errors
    /// [`Code::BadPem`]; as [`parse`](Self::parse).
    pub fn parse_pem_or_der(bytes: &[u8]) -> Result<Self, Error> {
        if !pem::is_pem(bytes) {
            return Self::parse(bytes);
        }
        let blocks = pem::blocks(bytes)?;
        let block = blocks.iter().find(|block| ["X509 CRL", "CRL"].contains(&block.label));
        let none = Error::new(Code::BadPem).field("PEM without a revocation list");
        Self::parse(&block.ok_or(none)?.der)
    }

    /// The DER, as it was read.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// As PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode("X509 CRL", self.der())
    }

    /// The bytes that the issuer signed.
    #[must_use]
    pub fn tbs(&self) -> &[u8] {
        self.0.der.get(self.0.tbs.clone()).unwrap_or_default()
    }

    /// Who issued it.
    #[must_use]
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// When it was issued.
    #[must_use]
    pub fn this_update(&self) -> UnixTime {
        self.0.this_update
    }

    /// Until when the next one comes, if the list says.
    #[must_use]
    pub fn next_update(&self) -> Option<UnixTime> {
        self.0.next_update
    }

    /// The list's number, big-endian, if it has one.
    #[must_use]
    pub fn number(&self) -> Option<&[u8]> {
        self.0.number.as_deref()
    }

    /// The identifier of the issuer's key, if the list names it.
    #[must_use]
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.0.authority_key_id.as_deref()
    }

    /// How many certificates it lists.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.entries.len()
    }

    /// Whether it lists none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.entries.is_empty()
    }

    /// What it says of the certificate with this serial number (as
    /// [`Certificate::serial`](super::x509::Certificate::serial) gives it); `None` if it is not listed.
    #[must_use]
    pub fn revoked(&self, serial: &[u8]) -> Option<Revoked> {
        let wanted = significant(serial);
        let entries = &self.0.entries;
        let order = |entry: &Listed| compare(self.serial_of(entry), wanted);
        let index = entries.binary_search_by(order).ok()?;
        let Listed { at, reason, invalid_since, .. } = *entries.get(index)?;
        Some(Revoked { at, reason, invalid_since })
    }

    /// The serial numbers that it lists, without leading zero bytes, in ascending order.
    pub fn serials(&self) -> impl Iterator<Item = &[u8]> {
        self.0.entries.iter().map(|entry| self.serial_of(entry))
    }

    /// For which certificates and reasons the list speaks.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.0.scope
    }

    /// Of a delta list (RFC 5280, 5.2.4), the number of the complete list that it adds to. Such a list
    /// alone never tells that a certificate is good.
    #[must_use]
    pub fn delta_base(&self) -> Option<&[u8]> {
        self.0.delta_base.as_deref()
    }

    /// Whether the list says where delta lists are published (freshestCRL, RFC 5280, 5.2.6): there may
    /// be newer revocations than it has.
    #[must_use]
    pub fn has_deltas(&self) -> bool {
        self.0.has_deltas
    }

    /// Since when certificates stay on the list although they have expired (expiredCertsOnCRL), if it says:
    /// those that expired then or later. Otherwise an entry may leave it once its certificate has expired.
    #[must_use]
    pub fn keeps_expired_since(&self) -> Option<UnixTime> {
        self.0.keeps_expired_since
    }

    /// Whether this is a delta list that can be combined with the list `complete` of the same issuer: of
    /// one scope, and with numbers that fit (RFC 5280, 5.2.4). Both must have been verified with one key.
    #[must_use]
    pub fn adds_to(&self, complete: &Self) -> bool {
        let (Some(base), Some(own), Some(number)) =
            (self.delta_base(), self.number(), complete.number())
        else {
            return false;
        };
        let [base, own, number] = [base, own, number].map(significant);
        complete.delta_base().is_none()
            && self.scope() == complete.scope()
            && self.issuer().matches(complete.issuer())
            && compare(base, number).is_le()
            && compare(number, own).is_lt()
    }

    /// A critical extension, dotted, that is not understood here, or one that changes what the list
    /// means and is malformed or stands there twice: such a list must not be used.
    #[must_use]
    pub fn not_understood(&self) -> Option<&str> {
        self.0.not_understood.as_deref()
    }

    /// The issuer's signature, and how it is encoded.
    ///
    /// # Errors
    /// [`Code::BadSignatureEncoding`].
    pub fn signature(&self) -> Result<(Signature, SignatureForm), Error> {
        read_signature(self.0.der.get(self.0.signature.clone()).unwrap_or_default())
    }

    /// Verifies the signature with the issuer's key, under [`DistId::DEFAULT`].
    ///
    /// # Errors
    /// [`Code::UnsupportedAlgorithm`] if it is not SM2 with SM3 or the list names two algorithms,
    /// [`Code::BadSignatureEncoding`], [`Code::BadSignature`].
    pub fn verify(&self, issuer: &PublicKey) -> Result<(), Error> {
        if self.0.algorithm == SignatureAlgorithm::Other || !self.0.algorithms_agree {
            return Err(Error::new(Code::UnsupportedAlgorithm).field("signatureAlgorithm"));
        }
        let (signature, _) = self.signature()?;
        issuer.verify(self.tbs(), &signature, &DistId::DEFAULT)
    }

    /// Verifies the signature with the key of `issuer`: SM2 with SM3, and with the feature
    /// `international` also RSA, ECDSA and Ed25519.
    ///
    /// # Errors
    /// As [`verify`](Self::verify); [`Code::BadPublicKey`].
    pub fn verify_issued_by(&self, issuer: &Certificate) -> Result<(), Error> {
        if self.0.algorithm != SignatureAlgorithm::Other || !self.0.algorithms_agree {
            return self.verify(issuer.public_key()?);
        }
        let signature = self.0.der.get(self.0.signature.clone()).unwrap_or_default();
        x509::verify_as(self.0.foreign, issuer.spki(), self.tbs(), signature)
    }

    /// SM3 of the DER.
    #[must_use]
    pub fn thumbprint(&self) -> sm3::Digest {
        *self.0.thumbprint.get_or_init(|| sm3::hash(self.der()))
    }

    fn serial_of(&self, entry: &Listed) -> &[u8] {
        self.0.serial_of(entry)
    }
}

impl Inner {
    fn serial_of(&self, entry: &Listed) -> &[u8] {
        serial_of(&self.der, entry)
    }
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crl({}, {}, {} entries)", self.issuer(), self.this_update(), self.len())
    }
}

fn serial_of<'a>(der: &'a [u8], entry: &Listed) -> &'a [u8] {
    let rest = usize::try_from(entry.start).ok().and_then(|start| der.get(start..));
    rest.and_then(|rest| rest.get(..usize::from(entry.length))).unwrap_or_default()
}

/// A number without its leading zero bytes: vendors pad, and DER adds one for the sign.
pub(in crate::pki) fn significant(serial: &[u8]) -> &[u8] {
    let start = serial.iter().position(|&byte| byte != 0).unwrap_or(serial.len());
    serial.get(start..).unwrap_or_default()
}

/// By length, then by bytes: the order of the numbers.
fn compare(left: &[u8], right: &[u8]) -> std::cmp::Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}
