//! The hash functions that signed data and time stamps in use name, and the digests by them.

use sha2::Digest as _;

use super::algorithm::{is_sm3, oid::SM3};
use crate::primitives::sm3::{self, Sm3};

/// A hash function that a signature or a time stamp can be over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HashAlgorithm {
    /// SM3 (GB/T 32905-2016).
    Sm3,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    /// The one that the contents octets of an object identifier name, if it is known here. SHA-1 is not.
    #[must_use]
    pub fn from_oid(contents: &[u8]) -> Option<Self> {
        match contents {
            _ if is_sm3(contents) => Some(Self::Sm3),
            SHA256 => Some(Self::Sha256),
            SHA384 => Some(Self::Sha384),
            SHA512 => Some(Self::Sha512),
            _ => None,
        }
    }

    /// The contents octets of its object identifier.
    #[must_use]
    pub const fn oid(self) -> &'static [u8] {
        match self {
            Self::Sm3 => SM3,
            Self::Sha256 => SHA256,
            Self::Sha384 => SHA384,
            Self::Sha512 => SHA512,
        }
    }

    /// The digest of `data`.
    #[must_use]
    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sm3 => sm3::hash(data).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(data).to_vec(),
            Self::Sha384 => sha2::Sha384::digest(data).to_vec(),
            Self::Sha512 => sha2::Sha512::digest(data).to_vec(),
        }
    }

    /// How many bytes a digest has.
    #[must_use]
    pub const fn digest_bytes(self) -> usize {
        match self {
            Self::Sm3 | Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// A digest of data that goes by.
#[derive(Clone)]
pub(super) enum Running {
    Sm3(Sm3),
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
}

impl Running {
    pub(super) fn new(algorithm: HashAlgorithm) -> Self {
        match algorithm {
            HashAlgorithm::Sm3 => Self::Sm3(Sm3::new()),
            HashAlgorithm::Sha256 => Self::Sha256(sha2::Sha256::new()),
            HashAlgorithm::Sha384 => Self::Sha384(sha2::Sha384::new()),
            HashAlgorithm::Sha512 => Self::Sha512(sha2::Sha512::new()),
        }
    }

    pub(super) fn update(&mut self, data: &[u8]) {
        match self {
            Self::Sm3(hash) => hash.update(data),
            Self::Sha256(hash) => hash.update(data),
            Self::Sha384(hash) => hash.update(data),
            Self::Sha512(hash) => hash.update(data),
        }
    }

    pub(super) fn finish(self) -> (HashAlgorithm, Vec<u8>) {
        match self {
            Self::Sm3(hash) => (HashAlgorithm::Sm3, hash.finalize().to_vec()),
            Self::Sha256(hash) => (HashAlgorithm::Sha256, hash.finalize().to_vec()),
            Self::Sha384(hash) => (HashAlgorithm::Sha384, hash.finalize().to_vec()),
            Self::Sha512(hash) => (HashAlgorithm::Sha512, hash.finalize().to_vec()),
        }
    }
}

/// 2.16.840.1.101.3.4.2.1 to 3.
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
const SHA384: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2];
const SHA512: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_in_pieces_are_those_of_the_whole() {
        use HashAlgorithm::{Sha256, Sha384, Sha512, Sm3};
        let data = [7; 300];
        for algorithm in [Sm3, Sha256, Sha384, Sha512] {
            let mut running = Running::new(algorithm);
            data.chunks(47).for_each(|piece| running.update(piece));
            let (same, digest) = running.finish();
            assert_eq!((same, digest.len()), (algorithm, algorithm.digest_bytes()));
            assert_eq!(digest, algorithm.digest(&data));
            assert_eq!(HashAlgorithm::from_oid(algorithm.oid()), Some(algorithm));
        }
        assert_eq!(HashAlgorithm::from_oid(&[]), None);
    }
}
