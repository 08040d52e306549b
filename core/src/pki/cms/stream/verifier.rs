//! Verifying a SignedData over data that goes by.

use digest::Digest as _;

use super::super::{
    SignedData, Verification, VerifyOptions,
    verify::{Data, Hashes},
};
use crate::{
    Error,
    pki::{ber, tlv::tag, x509::Certificate},
    primitives::{
        sm2::{DistId, PublicKey, hazmat},
        sm3::Sm3,
    },
};

/// Verifies a SignedData over data that stands elsewhere and is given piece by piece.
pub struct Verifier<'a> {
    signed: SignedData,
    options: VerifyOptions<'a>,
    hashing: Hashing,
}

impl<'a> Verifier<'a> {
    /// For the SignedData `bytes`, which fit into memory as [`SignedData::parse`] wants it.
    ///
    /// # Errors
    /// As [`SignedData::parse`].
    pub fn new(bytes: &[u8], options: VerifyOptions<'a>) -> Result<Self, Error> {
        let signed = SignedData::parse(bytes)?;
        let hashing = Hashing::new(&direct_keys(&signed, options.known));
        Ok(Self { signed, options, hashing })
    }

    /// Takes in the next piece of the data.
    pub fn update(&mut self, data: &[u8]) {
        self.hashing.update(data);
    }

    /// Every check, as [`SignedData::verify`] makes them.
    #[must_use]
    pub fn finish(self) -> Verification {
        let hashes = self.hashing.finish();
        self.signed.verify_data(&Data::Hashed(&hashes), &self.options)
    }
}

/// The keys of those signers who signed the data itself: its hash then begins with Z of the key.
pub(super) fn direct_keys(signed: &SignedData, known: &[Certificate]) -> Vec<PublicKey> {
    let mut direct =
        signed.signers().iter().filter(|signer| signer.attributes.is_none()).peekable();
    if direct.peek().is_none() {
        return Vec::new();
    }
    let read = signed.certificates().iter().filter_map(|der| Certificate::parse(der).ok());
    let all = read.chain(known.iter().cloned()).collect::<Vec<_>>();
    let mut keys = Vec::new();
    for signer in direct {
        let certificate = all.iter().find(|certificate| signer.identifier.names(certificate));
        if let Some(Ok(key)) = certificate.map(Certificate::public_key)
            && !keys.contains(key)
        {
            keys.push(key.clone());
        }
    }
    keys
}

/// The hashes of data that goes by: of itself, and behind Z of some keys.
pub(super) struct Hashing {
    plain: Sm3,
    with_z: Vec<(PublicKey, Sm3)>,
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
        Self { plain: Sm3::new(), with_z, first: Vec::new(), bytes: 0 }
    }

    pub(super) fn update(&mut self, data: &[u8]) {
        let missing = HEADER_BYTES_MAX.saturating_sub(self.first.len());
        self.first.extend(data.iter().take(missing));
        self.bytes = self.bytes.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        self.plain.update(data);
        for (_, hash) in &mut self.with_z {
            hash.update(data);
        }
    }

    pub(super) fn finish(self) -> Hashes {
        let mut first = self.first.iter();
        let header = ber::Header::read(|| first.next().copied().ok_or(())).ok().flatten();
        let is_set = header.is_some_and(|header| {
            let size = u64::try_from(header.size).unwrap_or(u64::MAX);
            let whole = header.length.and_then(|length| length.checked_add(size));
            header.tag == tag::SET && whole == Some(self.bytes)
        });
        let with_z = self.with_z.into_iter().map(|(key, hash)| (key, hash.finalize().into()));
        Hashes { sm3: self.plain.finalize().into(), with_z: with_z.collect(), is_set }
    }
}

/// The longest header: a tag, the number of bytes of the length, eight of these.
const HEADER_BYTES_MAX: usize = 10;
