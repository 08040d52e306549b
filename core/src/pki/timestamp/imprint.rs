//! The digest that is stamped (`MessageImprint`, RFC 3161, 2.4.1).

use crate::{
    Code, Error,
    pki::{
        algorithm::{dotted, oid},
        hash_algorithm::{HashAlgorithm, Running},
        tlv::{Element, sequence, tag, wrap},
    },
    primitives::sm3,
};

/// A digest with the name of its hash function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imprint {
    /// The contents octets of the hash function's object identifier.
    pub algorithm: Vec<u8>,
    /// Whether NULL stands for the hash function's parameters, which some write and others leave out.
    /// It means nothing; an answer repeats it as the request had it.
    pub null_parameters: bool,
    /// The digest.
    pub digest: Vec<u8>,
}

/// The imprint of data that goes by piece by piece.
#[derive(Clone)]
pub struct RunningImprint(Running);

impl RunningImprint {
    /// Of no data yet, by `hash`.
    #[must_use]
    pub fn new(hash: HashAlgorithm) -> Self {
        Self(Running::new(hash))
    }

    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The imprint of all pieces.
    #[must_use]
    pub fn finish(self) -> Imprint {
        let (hash, digest) = self.0.finish();
        Imprint { algorithm: hash.oid().to_vec(), null_parameters: false, digest }
    }
}

impl Imprint {
    /// The SM3 digest of `data`.
    #[must_use]
    pub fn of(data: &[u8]) -> Self {
        Self::from_sm3(sm3::hash(data))
    }

    /// The digest of `data` by `hash`.
    #[must_use]
    pub fn by(hash: HashAlgorithm, data: &[u8]) -> Self {
        let (algorithm, digest) = (hash.oid().to_vec(), hash.digest(data));
        Self { algorithm, null_parameters: false, digest }
    }

    /// An SM3 digest that was computed elsewhere, of a file for example that is larger than memory.
    #[must_use]
    pub fn from_sm3(digest: sm3::Digest) -> Self {
        Self { algorithm: oid::SM3.to_vec(), null_parameters: false, digest: digest.to_vec() }
    }

    /// The hash function, if it is known here.
    #[must_use]
    pub fn hash_algorithm(&self) -> Option<HashAlgorithm> {
        HashAlgorithm::from_oid(&self.algorithm)
    }

    /// Whether both say the same: one hash function under two identifiers is one.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        let same_name = self.algorithm == other.algorithm
            || self.hash_algorithm().is_some_and(|one| other.hash_algorithm() == Some(one));
        same_name && self.digest == other.digest
    }

    /// The name of the hash function, dotted.
    #[must_use]
    pub fn algorithm_name(&self) -> String {
        dotted(&self.algorithm)
    }

    pub(super) fn to_der(&self) -> Vec<u8> {
        let parameters: &[u8] = if self.null_parameters { &[tag::NULL, 0] } else { &[] };
        sequence(&[
            &sequence(&[&wrap(tag::OID, &[&self.algorithm]), parameters]),
            &wrap(tag::OCTET_STRING, &[&self.digest]),
        ])
    }

    /// SEQUENCE { hashAlgorithm, hashedMessage }. Parameters of the algorithm are absent or NULL.
    pub(super) fn read(element: &Element<'_>) -> Result<Self, Error> {
        let mut cursor = element.inside();
        let mut algorithm = cursor.required(tag::SEQUENCE, "hashAlgorithm")?.inside();
        let name = algorithm.required(tag::OID, "hashAlgorithm")?.value.to_vec();
        let null_parameters = algorithm.take(tag::NULL, "hashAlgorithm")?.is_some();
        algorithm.finish("hashAlgorithm")?;
        let digest = cursor.required(tag::OCTET_STRING, "hashedMessage")?.value.to_vec();
        cursor.finish("messageImprint")?;
        let imprint = Self { algorithm: name, null_parameters, digest };
        // RFC 3161, 2.4.1: the length of the digest must match the hash function.
        match imprint.hash_algorithm() {
            Some(known) if known.digest_bytes() != imprint.digest.len() => {
                Err(Error::new(Code::BadTimeStamp).at(element.at).field("hashedMessage"))
            }
            Some(_) | None => Ok(imprint),
        }
    }
}
