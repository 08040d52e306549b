//! The hashes of data that goes by, and whose keys they begin with.

use digest::Digest as _;

use super::super::{SignedData, signature, verify::Hashes};
use crate::{
    Error,
    pki::{
        ber,
        hash_algorithm::{HashAlgorithm, Running},
        tlv::tag,
        x509::Certificate,
    },
    primitives::{
        sm2::{DistId, PublicKey, hazmat},
        sm3::Sm3,
    },
};

/// The keys of `certificates`.
pub(super) fn keys_of(certificates: &[Certificate]) -> Result<Vec<PublicKey>, Error> {
    certificates.iter().map(|certificate| certificate.public_key().cloned()).collect()
}

/// The keys of those signers who signed the data itself: its hash then begins with Z of the key. Where
/// several certificates bear a signer's name, each of their keys may be his.
pub(super) fn direct_keys(signed: &SignedData, known: &[Certificate]) -> Vec<PublicKey> {
    let mut direct =
        signed.signers().iter().filter(|signer| signer.attributes.is_none()).peekable();
    if direct.peek().is_none() {
        return Vec::new();
    }
    let read = signed.certificates().iter().filter_map(|der| Certificate::parse(der).ok());
    let inside = read.collect::<Vec<_>>();
    let mut keys = Vec::new();
    for signer in direct {
        for certificate in signature::named(&signer.identifier, &inside, known) {
            if let Ok(key) = certificate.public_key()
                && !keys.contains(key)
            {
                keys.push(key.clone());
            }
        }
    }
    keys
}

/// The hashes of data that goes by: of itself, and behind Z of some keys.
pub(super) struct Hashing {
    plain: Sm3,
    with_z: Vec<(PublicKey, Sm3)>,
    others: Vec<Running>,
    /// The first bytes, which tell whether all of it is one SET.
    first: Vec<u8>,
    bytes: u64,
}

impl Hashing {
    pub(super) fn new(keys: &[PublicKey]) -> Self {
        let start = |key: &PublicKey| {
            let z = hazmat::z(key, &DistId::DEFAULT);
            (key.clone(), Sm3::new_with_prefix(z))
        };
        let with_z = keys.iter().map(start).collect();
        let (others, first) = (Vec::new(), Vec::new());
        Self { plain: Sm3::new(), with_z, others, first, bytes: 0 }
    }

    /// Reckons with signers whose digest algorithms have these names (the contents octets of object
    /// identifiers), as far as anything but SM3 is verified.
    pub(super) fn with_algorithms<'a>(mut self, names: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut known = names.filter_map(HashAlgorithm::from_oid).collect::<Vec<_>>();
        known.sort_unstable();
        known.dedup();
        known.retain(|algorithm| {
            cfg!(feature = "international") && *algorithm != HashAlgorithm::Sm3
        });
        self.others = known.into_iter().map(Running::new).collect();
        self
    }

    pub(super) fn update(&mut self, data: &[u8]) {
        let missing = HEADER_BYTES_MAX.saturating_sub(self.first.len());
        self.first.extend(data.iter().take(missing));
        self.bytes = self.bytes.saturating_add(super::length(data));
        self.plain.update(data);
        for (_, hash) in &mut self.with_z {
            hash.update(data);
        }
        for hash in &mut self.others {
            hash.update(data);
        }
    }

    pub(super) fn finish(self, attached: bool) -> Hashes {
        let mut first = self.first.iter();
        let header = ber::Header::read(|| first.next().copied().ok_or(())).ok().flatten();
        let is_set = header.is_some_and(|header| {
            let whole =
                header.length.and_then(|length| length.checked_add(super::length_of(header.size)));
            header.tag == tag::SET && whole == Some(self.bytes)
        });
        let with_z = self.with_z.into_iter().map(|(key, hash)| (key, hash.finalize().into()));
        let with_z = with_z.collect();
        let others = self.others.into_iter().map(Running::finish).collect();
        Hashes { sm3: self.plain.finalize().into(), with_z, others, is_set, attached }
    }
}

/// The longest header: a tag, the number of bytes of the length, eight of these.
const HEADER_BYTES_MAX: usize = 10;
