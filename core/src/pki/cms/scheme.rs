//! How a signer signs: the two algorithms that a SignerInfo names, taken together.
//!
//! SM2 with SM3 (GB/T 35275), and with the feature `international` RSA, ECDSA and Ed25519 (RFC 3370,
//! RFC 5754, RFC 8419), which are verified as those of certificates are.

use super::SignerInfo;
use crate::pki::{
    algorithm::{SignatureAlgorithm, dotted},
    hash_algorithm::HashAlgorithm,
    x509::foreign_name,
};

/// The algorithms of a signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Sm2,
    /// By the object identifier that certificates have, with a name for readers.
    Foreign {
        oid: &'static str,
        name: &'static str,
    },
    /// Others, or two that do not belong together.
    Unknown,
}

impl Scheme {
    pub(super) fn of(signer: &SignerInfo) -> Self {
        let hash = HashAlgorithm::from_oid(&signer.digest_algorithm);
        if SignatureAlgorithm::from_oid(&signer.signature_algorithm).is_sm2() {
            return if hash == Some(HashAlgorithm::Sm3) { Self::Sm2 } else { Self::Unknown };
        }
        let named = dotted(&signer.signature_algorithm);
        let found = COMBINATIONS.iter().find(|combination| {
            Some(combination.hash) == hash
                && (named == combination.oid || Some(&*named) == combination.without_hash)
        });
        let Some(&Combination { oid, .. }) = found else { return Self::Unknown };
        match foreign_name(oid) {
            Some(name) => Self::Foreign { oid, name },
            None => Self::Unknown,
        }
    }
}

/// A signature algorithm as certificates name it, as signers may name it beside its hash function, and that.
struct Combination {
    oid: &'static str,
    without_hash: Option<&'static str>,
    hash: HashAlgorithm,
}

const fn rsa(oid: &'static str, hash: HashAlgorithm) -> Combination {
    // rsaEncryption, which RFC 3370, 3.2 has in this place.
    Combination { oid, without_hash: Some("1.2.840.113549.1.1.1"), hash }
}

const fn whole(oid: &'static str, hash: HashAlgorithm) -> Combination {
    Combination { oid, without_hash: None, hash }
}

const COMBINATIONS: &[Combination] = &[
    rsa("1.2.840.113549.1.1.11", HashAlgorithm::Sha256),
    rsa("1.2.840.113549.1.1.12", HashAlgorithm::Sha384),
    rsa("1.2.840.113549.1.1.13", HashAlgorithm::Sha512),
    whole("1.2.840.10045.4.3.2", HashAlgorithm::Sha256),
    whole("1.2.840.10045.4.3.3", HashAlgorithm::Sha384),
    // RFC 8419, 3: SHA-512 is the hash function of Ed25519.
    whole("1.3.101.112", HashAlgorithm::Sha512),
];
