//! How a password becomes a key: PBKDF2 (RFC 8018, 5.2; GM/T 0091-2020) and scrypt (RFC 7914, 7).

use der::{
    Encode as _, Sequence,
    asn1::{AnyRef, OctetStringRef},
};
use pbkdf2::pbkdf2_hmac;
use spki::AlgorithmIdentifier;

use super::pbes::{Work, iterations, oid, unsupported};
use crate::{
    error::{Code, Error},
    limits,
    pki::tlv::{self, tag},
    primitives::{rng, sm3},
};

/// The functions with which PBKDF2 is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pki) enum Prf {
    HmacSm3,
    HmacSha256,
}

impl Prf {
    /// The DER of its AlgorithmIdentifier.
    pub(in crate::pki) fn identifier(self) -> der::Result<Vec<u8>> {
        // HMAC-SM3 without parameters: GmSSL refuses a NULL here, and those who expect one accept its
        // absence. RFC 8018, B.1.2 demands it for SHA-2.
        Ok(match self {
            Self::HmacSm3 => tlv::sequence(&[&oid(HMAC_SM3).to_der()?]),
            Self::HmacSha256 => tlv::sequence(&[&oid(HMAC_SHA256).to_der()?, &[tag::NULL, 0]]),
        })
    }

    /// Fills `key` from `password` with a new salt of 16 random bytes: the DER of the
    /// AlgorithmIdentifier that describes it.
    ///
    /// # Errors
    /// [`Code::NoRandomness`].
    pub(in crate::pki) fn derive(
        self,
        password: &[u8],
        iterations: u32,
        key: &mut [u8],
    ) -> Result<Vec<u8>, Error> {
        let mut salt = [0; 16];
        rng::fill(&mut salt)?;
        match self {
            Self::HmacSm3 => sm3::pbkdf2(password, &salt, iterations, key),
            Self::HmacSha256 => pbkdf2_hmac::<sha2::Sha256>(password, &salt, iterations, key),
        }
        let identifier = || {
            let key_length = u32::try_from(key.len())?.to_der()?;
            let salt = OctetStringRef::new(&salt)?.to_der()?;
            let iterations = iterations.to_der()?;
            let parameters = tlv::sequence(&[&salt, &iterations, &key_length, &self.identifier()?]);
            Ok(tlv::sequence(&[&oid("1.2.840.113549.1.5.12").to_der()?, &parameters]))
        };
        identifier().map_err(|_: der::Error| Error::new(Code::BadKey).field("keyDerivationFunc"))
    }
}

const HMAC_SM3: &str = "1.2.156.10197.1.401.2";
const HMAC_SHA1: &str = "1.2.840.113549.2.7";
const HMAC_SHA256: &str = "1.2.840.113549.2.9";

/// A derivation as its AlgorithmIdentifier describes it, within the limits.
pub(in crate::pki) struct Derivation<'a> {
    salt: &'a [u8],
    function: Function,
    /// The length of the key, where the file states it.
    pub(in crate::pki) key_length: Option<u16>,
}

enum Function {
    /// `digest` is the length of what the function gives.
    Pbkdf2 {
        iterations: u32,
        derive: Pbkdf2,
        digest: usize,
    },
    Scrypt {
        parameters: scrypt::Params,
        work: u64,
    },
}

/// PBKDF2 with some function: password, salt, iterations, key.
type Pbkdf2 = fn(&[u8], &[u8], u32, &mut [u8]);

#[derive(Sequence)]
struct Pbkdf2Parameters<'a> {
    salt: &'a OctetStringRef,
    iterations: u32,
    #[asn1(optional = "true")]
    key_length: Option<u16>,
    #[asn1(optional = "true")]
    prf: Option<AlgorithmIdentifier<AnyRef<'a>>>,
}

#[derive(Sequence)]
struct ScryptParameters<'a> {
    salt: &'a OctetStringRef,
    cost: u64,
    block_size: u32,
    parallelization: u32,
    #[asn1(optional = "true")]
    key_length: Option<u16>,
}

impl<'a> Derivation<'a> {
    /// # Errors
    /// [`Code::BadKey`], [`Code::UnsupportedAlgorithm`], [`Code::LimitReached`].
    pub(in crate::pki) fn of(algorithm: &AlgorithmIdentifier<AnyRef<'a>>) -> Result<Self, Error> {
        match algorithm.oid.to_string().as_str() {
            // DEFAULT algid-hmacWithSHA1.
            "1.2.840.113549.1.5.12" => Self::pbkdf2(algorithm.parameters, HMAC_SHA1),
            // The first is how GM/T 0091-2020 is cited, the second what gmsm writes for it; without a PRF
            // gmsm means HMAC-SM3.
            "1.2.156.10197.6.1.4.1.5.1" | "1.2.156.10197.6.4.1.5.1" => {
                Self::pbkdf2(algorithm.parameters, HMAC_SM3)
            }
            "1.3.6.1.4.1.11591.4.11" => Self::scrypt(algorithm.parameters),
            _ => Err(unsupported("keyDerivationFunc")),
        }
    }

    fn pbkdf2(parameters: Option<AnyRef<'a>>, default: &str) -> Result<Self, Error> {
        let bad = || Error::new(Code::BadKey).field("PBKDF2");
        let parameters: Pbkdf2Parameters<'a> =
            parameters.ok_or_else(bad)?.decode_as().map_err(|_| bad())?;
        let iterations = iterations(parameters.iterations, bad())?;
        let prf = parameters.prf.map(|prf| prf.oid.to_string());
        let (derive, digest): (Pbkdf2, usize) = match prf.as_deref().unwrap_or(default) {
            // Annex A.2 of GM/T 0091-2020 is cited with the second.
            HMAC_SM3 | "1.2.156.10197.1.401.3.1" => (sm3::pbkdf2, 32),
            HMAC_SHA1 => (pbkdf2_hmac::<sha1::Sha1>, 20),
            "1.2.840.113549.2.8" => (pbkdf2_hmac::<sha2::Sha224>, 28),
            HMAC_SHA256 => (pbkdf2_hmac::<sha2::Sha256>, 32),
            "1.2.840.113549.2.10" => (pbkdf2_hmac::<sha2::Sha384>, 48),
            "1.2.840.113549.2.11" => (pbkdf2_hmac::<sha2::Sha512>, 64),
            "1.2.840.113549.2.12" => (pbkdf2_hmac::<sha2::Sha512_224>, 28),
            "1.2.840.113549.2.13" => (pbkdf2_hmac::<sha2::Sha512_256>, 32),
            _ => return Err(unsupported("prf")),
        };
        let Pbkdf2Parameters { salt, key_length, .. } = parameters;
        let function = Function::Pbkdf2 { iterations, derive, digest };
        Ok(Self { salt: salt.as_bytes(), function, key_length })
    }

    fn scrypt(parameters: Option<AnyRef<'a>>) -> Result<Self, Error> {
        let bad = || Error::new(Code::BadKey).field("scrypt");
        let parameters: ScryptParameters<'a> =
            parameters.ok_or_else(bad)?.decode_as().map_err(|_| bad())?;
        let ScryptParameters { salt, cost, block_size, parallelization, key_length } = parameters;
        if !cost.is_power_of_two() || cost == 1 || block_size == 0 || parallelization == 0 {
            return Err(bad());
        }
        let (r, p) = (u64::from(block_size), u64::from(parallelization));
        let memory = cost.saturating_add(p).saturating_mul(r).saturating_mul(128);
        if memory > limits::SCRYPT_MEMORY_BYTES_MAX {
            return Err(Error::limit("SCRYPT_MEMORY_BYTES_MAX"));
        }
        let work = cost.saturating_mul(r).saturating_mul(p);
        if work > limits::SCRYPT_WORK_MAX {
            return Err(Error::limit("SCRYPT_WORK_MAX"));
        }
        let log_n = u8::try_from(cost.trailing_zeros()).map_err(|_| bad())?;
        let parameters =
            scrypt::Params::new(log_n, block_size, parallelization).map_err(|_| bad())?;
        let function = Function::Scrypt { parameters, work };
        Ok(Self { salt: salt.as_bytes(), function, key_length })
    }

    /// Fills `key`. Constant time in the password with PBKDF2; scrypt's addresses depend on it, by
    /// design.
    ///
    /// # Errors
    /// [`Code::BadKey`] if the file states another length for the key; [`Code::LimitReached`] of `work`.
    pub(in crate::pki) fn derive(
        &self,
        password: &[u8],
        key: &mut [u8],
        work: &mut Work,
    ) -> Result<(), Error> {
        if self.key_length.is_some_and(|length| usize::from(length) != key.len()) {
            return Err(Error::new(Code::BadKey).field("keyLength"));
        }
        match &self.function {
            Function::Pbkdf2 { iterations, derive, digest } => {
                // Each digest takes all of them again.
                let blocks = u64::try_from(key.len().div_ceil(*digest)).unwrap_or(u64::MAX);
                work.spend(u64::from(*iterations).saturating_mul(blocks))?;
                derive(password, self.salt, *iterations, key);
            }
            Function::Scrypt { parameters, work: units } => {
                // One unit takes about as long as two iterations.
                work.spend(2 * units)?;
                scrypt::scrypt(password, self.salt, parameters, key)
                    .map_err(|_| Error::new(Code::BadKey).field("keyLength"))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use der::{Decode as _, Encode as _};

    use super::*;
    use crate::pki::{tlv, x509::hex};

    fn scrypt(cost: u64, r: u32, p: u32, salt: &[u8]) -> Vec<u8> {
        let oid = oid("1.3.6.1.4.1.11591.4.11").to_der().unwrap();
        let parameters = ScryptParameters {
            salt: OctetStringRef::new(salt).unwrap(),
            cost,
            block_size: r,
            parallelization: p,
            key_length: None,
        };
        tlv::sequence(&[&oid, &parameters.to_der().unwrap()])
    }

    fn of(der: &[u8]) -> Result<Derivation<'_>, Error> {
        Derivation::of(&AlgorithmIdentifier::from_der(der).unwrap())
    }

    /// A key that is longer than a digest takes all iterations again for each digest.
    #[test]
    fn work_is_counted_by_digests() {
        let derivation = |prf: &str, iterations: u32| {
            let prf = tlv::sequence(&[&oid(prf).to_der().unwrap()]);
            let iterations = iterations.to_der().unwrap();
            let parameters = tlv::sequence(&[&[4, 1, 7], &iterations, &prf]);
            tlv::sequence(&[&oid("1.2.840.113549.1.5.12").to_der().unwrap(), &parameters])
        };
        for (prf, length, digests) in [
            (HMAC_SM3, 32, 1),
            (HMAC_SM3, 33, 2),
            (HMAC_SHA1, 20, 1),
            (HMAC_SHA1, 32, 2),
            ("1.2.840.113549.2.11", 64, 1),
        ] {
            let mut work = Work::pkcs12();
            work.spend(limits::PKCS12_ITERATIONS_MAX - 4 * digests).unwrap();
            let der = derivation(prf, 4);
            of(&der).unwrap().derive(b"x", &mut vec![0; length], &mut work).unwrap();
            assert!(work.spend(1).is_err(), "{prf} {length}");
        }
    }

    /// RFC 7914, 12, the first three of its vectors; the fourth needs 1 GiB.
    #[test]
    fn scrypt_of_rfc_7914() {
        for (password, salt, n, r, p, key) in [
            ("", "", 16, 1, 1, "77d6576238657b203b19ca42c18a0497"),
            ("password", "NaCl", 1024, 8, 16, "fdbabe1c9d3472007856e7190d01e9fe"),
            ("pleaseletmein", "SodiumChloride", 16384, 8, 1, "7023bdcb3afd7348461c06cd81fd38eb"),
        ] {
            let der = scrypt(n, r, p, salt.as_bytes());
            let mut out = [0; 16];
            of(&der).unwrap().derive(password.as_bytes(), &mut out, &mut Work::once()).unwrap();
            assert_eq!(hex(&out), key, "{password}");
        }
    }

    #[test]
    fn scrypt_is_bounded() {
        let fault = |n, r, p| {
            let der = scrypt(n, r, p, b"salt");
            of(&der).err().map(|error| (error.code(), error.field_name().unwrap()))
        };
        let memory = Some((Code::LimitReached, "SCRYPT_MEMORY_BYTES_MAX"));
        let work = Some((Code::LimitReached, "SCRYPT_WORK_MAX"));
        // 128 r (N + p): exactly the limit, and one unit more.
        assert_eq!(128 * 1024 * (1024 + 128), limits::SCRYPT_MEMORY_BYTES_MAX);
        assert_eq!(fault(1024, 1024, 128), work);
        assert_eq!(fault(1024, 1024, 129), memory);
        assert_eq!(fault(1 << 17, 8, 2), None);
        assert_eq!(1 << 17 << 4, limits::SCRYPT_WORK_MAX);
        assert_eq!(fault(1 << 17, 8, 3), work);
        assert_eq!(fault(1 << 18, 8, 1), memory);
        for (n, r, p) in [(u64::MAX, u32::MAX, u32::MAX), (1 << 63, 1, 1), (2, u32::MAX, u32::MAX)]
        {
            let code = fault(n, r, p).unwrap().0;
            assert!([Code::LimitReached, Code::BadKey].contains(&code), "{n} {r} {p}");
        }
        for (n, r, p) in [(0, 1, 1), (1, 1, 1), (3, 1, 1), (16, 0, 1), (16, 1, 0)] {
            assert_eq!(fault(n, r, p), Some((Code::BadKey, "scrypt")), "{n} {r} {p}");
        }
    }
}
