//! The MAC over a PKCS#12 file: RFC 7292, 4 and 5.1, and PBMAC1 by RFC 9579.

use std::ops::RangeInclusive;

use der::{
    Decode as _, Encode as _, Sequence,
    asn1::{AnyRef, OctetStringRef},
};
use digest::{Digest, KeyInit as _, Mac as _, common::BlockSizeUser};
use hmac::{EagerHash, Hmac};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use spki::AlgorithmIdentifier;
use zeroize::Zeroizing;

use super::{bad, kdf};
use crate::{
    error::{Code, Error},
    pki::{
        keys::{
            pbes::{self, Password, Work, oid},
            pbkdf::{Derivation, Prf},
        },
        tlv::{self, Element, tag},
    },
    primitives::{rng, sm3::Sm3},
};

/// How a file is authenticated that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mac {
    /// HMAC-SM3 with the derivation of PKCS#12: Chinese algorithms only. gmsm and OpenSSL 3.0
    /// read it.
    HmacSm3,
    /// HMAC-SHA-256 with the derivation of PKCS#12, which most others read.
    HmacSha256,
    /// PBMAC1 (RFC 9579) with HMAC-SM3, the derivation PBKDF2.
    Pbmac1Sm3,
    /// PBMAC1 with HMAC-SHA-256. gmsm and Bouncy Castle read it, OpenSSL 3.0 does not.
    Pbmac1Sha256,
}

impl Mac {
    /// The DER of MacData over `content`.
    pub(super) fn make(
        self,
        content: &[u8],
        password: &Password<'_>,
        iterations: u32,
    ) -> Result<Vec<u8>, Error> {
        let mut salt = [0; 16];
        rng::fill(&mut salt)?;
        let (hash, prf, digest) = match self {
            Self::HmacSm3 | Self::Pbmac1Sm3 => {
                (Hash::new::<Sm3>(), Prf::HmacSm3, "1.2.156.10197.1.401")
            }
            Self::HmacSha256 | Self::Pbmac1Sha256 => {
                (Hash::new::<Sha256>(), Prf::HmacSha256, "2.16.840.1.101.3.4.2.1")
            }
        };
        let mut key = Zeroizing::new(vec![0; hash.length]);
        let encode = |_: der::Error| bad("macData");
        let (algorithm, iterations) = match self {
            Self::HmacSm3 | Self::HmacSha256 => {
                (hash.derive)(kdf::Purpose::Mac, &password.bmp()?, &salt, iterations, &mut key);
                let digest = oid(digest).to_der().map_err(encode)?;
                (tlv::sequence(&[&digest, &[tag::NULL, 0]]), iterations)
            }
            Self::Pbmac1Sm3 | Self::Pbmac1Sha256 => {
                let derivation = prf.derive(password.bytes(), iterations, &mut key)?;
                let scheme = prf.identifier().map_err(encode)?;
                let pbmac1 = oid(PBMAC1).to_der().map_err(encode)?;
                // RFC 9579, 4: salt and iterations of MacData itself are there and not used.
                (tlv::sequence(&[&pbmac1, &tlv::sequence(&[&derivation, &scheme])]), 1)
            }
        };
        let mac = tlv::wrap(tag::OCTET_STRING, &[&(hash.tag)(&key, content)]);
        let salt = tlv::wrap(tag::OCTET_STRING, &[&salt]);
        let iterations = iterations.to_der().map_err(encode)?;
        Ok(tlv::sequence(&[&tlv::sequence(&[&algorithm, &mac]), &salt, &iterations]))
    }
}

const PBMAC1: &str = "1.2.840.113549.1.5.14";

/// The keys that PBMAC1 may ask for. With a shorter one a MAC can be found without the password, by
/// trying all keys (RFC 9579, 9); Bouncy Castle writes the longest.
const KEY_BYTES: RangeInclusive<u16> = 20..=256;

/// MacData.
pub(super) struct MacData<'a> {
    algorithm: AlgorithmIdentifier<AnyRef<'a>>,
    digest: &'a [u8],
    salt: &'a [u8],
    iterations: u32,
}

#[derive(Sequence)]
struct DigestInfo<'a> {
    algorithm: AlgorithmIdentifier<AnyRef<'a>>,
    digest: &'a OctetStringRef,
}

#[derive(Sequence)]
struct Pbmac1Parameters<'a> {
    derivation: AlgorithmIdentifier<AnyRef<'a>>,
    mac: AlgorithmIdentifier<AnyRef<'a>>,
}

impl<'a> MacData<'a> {
    pub(super) fn parse(element: &Element<'a>) -> Result<Self, Error> {
        let mut cursor = element.inside();
        let info = cursor.required(tag::SEQUENCE, "mac")?;
        let DigestInfo { algorithm, digest } =
            DigestInfo::from_der(info.raw).map_err(|_| info.error("mac"))?;
        let salt = cursor.required(tag::OCTET_STRING, "macSalt")?.value;
        // DEFAULT 1: for those who wrote files before iterations were known.
        let iterations = match cursor.take(tag::INTEGER, "iterations")? {
            Some(element) => {
                let asked = element.integer("iterations")?;
                let asked = u32::try_from(asked).map_err(|_| element.error("iterations"))?;
                pbes::iterations(asked, element.error("iterations"))?
            }
            None => 1,
        };
        cursor.finish("macData")?;
        Ok(Self { algorithm, digest: digest.as_bytes(), salt, iterations })
    }

    /// Whether the MAC is that of `content` under `password`; compared in constant time.
    ///
    /// # Errors
    /// [`Code::UnsupportedAlgorithm`], [`Code::BadPkcs12`], [`Code::BadUtf8`], [`Code::LimitReached`].
    pub(super) fn verify(
        &self,
        content: &[u8],
        password: &Password<'_>,
        work: &mut Work,
    ) -> Result<bool, Error> {
        if self.algorithm.oid.to_string() == PBMAC1 {
            return self.verify_pbmac1(content, password, work);
        }
        let hash = Hash::of_digest(&self.algorithm)?;
        work.spend(u64::from(self.iterations))?;
        let mut key = Zeroizing::new(vec![0; hash.length]);
        (hash.derive)(kdf::Purpose::Mac, &password.bmp()?, self.salt, self.iterations, &mut key);
        Ok((hash.verify)(&key, content, self.digest))
    }

    /// RFC 9579, 5: the salt and the iterations of MacData itself mean nothing, the password is UTF-8.
    fn verify_pbmac1(
        &self,
        content: &[u8],
        password: &Password<'_>,
        work: &mut Work,
    ) -> Result<bool, Error> {
        let parameters = self.algorithm.parameters.ok_or_else(|| bad("PBMAC1"))?;
        let parameters: Pbmac1Parameters<'_> = parameters.decode_as().map_err(|_| bad("PBMAC1"))?;
        let hash = Hash::of_hmac(&parameters.mac)?;
        let derivation = Derivation::of(&parameters.derivation)?;
        // Without a length nobody knows which was meant, so that the RFC demands one.
        let length = derivation.key_length.filter(|length| KEY_BYTES.contains(length));
        let mut key = Zeroizing::new(vec![0; usize::from(length.ok_or_else(|| bad("keyLength"))?)]);
        derivation.derive(password.bytes(), &mut key, work)?;
        Ok((hash.verify)(&key, content, self.digest))
    }
}

/// What is done with a hash function.
pub(super) struct Hash {
    /// The bytes of a digest.
    pub(super) length: usize,
    derive: fn(kdf::Purpose, &[u8], &[u8], u32, &mut [u8]),
    verify: fn(&[u8], &[u8], &[u8]) -> bool,
    tag: fn(&[u8], &[u8]) -> Vec<u8>,
}

impl Hash {
    fn new<D: EagerHash + Digest + BlockSizeUser>() -> Self {
        Self {
            length: <D as Digest>::output_size(),
            derive: kdf::derive::<D>,
            verify: verify::<D>,
            tag: tag_of::<D>,
        }
    }

    fn of_digest(algorithm: &AlgorithmIdentifier<AnyRef<'_>>) -> Result<Self, Error> {
        match algorithm.oid.to_string().as_str() {
            "1.2.156.10197.1.401" | "1.2.156.10197.1.401.1" => Ok(Self::new::<Sm3>()),
            "1.3.14.3.2.26" => Ok(Self::new::<Sha1>()),
            "2.16.840.1.101.3.4.2.1" => Ok(Self::new::<Sha256>()),
            "2.16.840.1.101.3.4.2.2" => Ok(Self::new::<Sha384>()),
            "2.16.840.1.101.3.4.2.3" => Ok(Self::new::<Sha512>()),
            "2.16.840.1.101.3.4.2.4" => Ok(Self::new::<Sha224>()),
            _ => Err(Error::new(Code::UnsupportedAlgorithm).field("digestAlgorithm")),
        }
    }

    fn of_hmac(algorithm: &AlgorithmIdentifier<AnyRef<'_>>) -> Result<Self, Error> {
        match algorithm.oid.to_string().as_str() {
            "1.2.156.10197.1.401.2" => Ok(Self::new::<Sm3>()),
            "1.2.840.113549.2.7" => Ok(Self::new::<Sha1>()),
            "1.2.840.113549.2.8" => Ok(Self::new::<Sha224>()),
            "1.2.840.113549.2.9" => Ok(Self::new::<Sha256>()),
            "1.2.840.113549.2.10" => Ok(Self::new::<Sha384>()),
            "1.2.840.113549.2.11" => Ok(Self::new::<Sha512>()),
            _ => Err(Error::new(Code::UnsupportedAlgorithm).field("messageAuthScheme")),
        }
    }
}

/// Whether `mac` is the whole HMAC of `content`.
fn verify<D: EagerHash>(key: &[u8], content: &[u8], mac: &[u8]) -> bool {
    // HMAC takes keys of any length.
    Hmac::<D>::new_from_slice(key)
        .is_ok_and(|hmac| hmac.chain_update(content).verify_slice(mac).is_ok())
}

/// The HMAC of `content`.
fn tag_of<D: EagerHash>(key: &[u8], content: &[u8]) -> Vec<u8> {
    let hmac = Hmac::<D>::new_from_slice(key);
    hmac.map_or_else(
        |_| Vec::new(),
        |hmac| hmac.chain_update(content).finalize().into_bytes().to_vec(),
    )
}
