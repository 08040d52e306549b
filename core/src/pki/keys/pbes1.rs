//! Encryption with a password before PBES2: PBES1 (RFC 8018, 6.1) and the schemes of PKCS#12 (RFC 7292,
//! appendix C), read only.
//!
//! MD2 and RC4 are not offered: no file of this kind with an SM2 key was met.

use der::{
    Sequence,
    asn1::{AnyRef, OctetStringRef},
};
use des::{Des, TdesEde2, TdesEde3};
use digest::Digest;
use md5::Md5;
use rc2::Rc2;
use sha1::Sha1;
use spki::AlgorithmIdentifier;
use zeroize::{Zeroize as _, Zeroizing};

use super::{
    pbes::{Password, Work, iterations, unsupported},
    pbes2::decrypt_cbc,
};
use crate::{
    error::{Code, Error},
    pki::pkcs12::kdf,
};

/// PBEParameter (RFC 8018, A.3) and pkcs-12PbeParams (RFC 7292, appendix C).
#[derive(Sequence)]
struct Parameters<'a> {
    salt: &'a OctetStringRef,
    iterations: u32,
}

/// A scheme with its parameters, within the limits.
pub(super) struct Scheme<'a> {
    name: Name,
    salt: &'a [u8],
    iterations: u32,
}

#[derive(Clone, Copy)]
enum Name {
    Md5Des,
    Md5Rc2,
    Sha1Des,
    Sha1Rc2,
    /// Of PKCS#12, as those below.
    TripleDes3Keys,
    TripleDes2Keys,
    Rc2With128Bits,
    Rc2With40Bits,
}

impl<'a> Scheme<'a> {
    /// # Errors
    /// [`Code::UnsupportedAlgorithm`] for any other scheme, [`Code::BadKey`], [`Code::LimitReached`].
    pub(super) fn of(algorithm: &AlgorithmIdentifier<AnyRef<'a>>) -> Result<Self, Error> {
        let name = match algorithm.oid.to_string().as_str() {
            "1.2.840.113549.1.5.3" => Name::Md5Des,
            "1.2.840.113549.1.5.6" => Name::Md5Rc2,
            "1.2.840.113549.1.5.10" => Name::Sha1Des,
            "1.2.840.113549.1.5.11" => Name::Sha1Rc2,
            "1.2.840.113549.1.12.1.3" => Name::TripleDes3Keys,
            "1.2.840.113549.1.12.1.4" => Name::TripleDes2Keys,
            "1.2.840.113549.1.12.1.5" => Name::Rc2With128Bits,
            "1.2.840.113549.1.12.1.6" => Name::Rc2With40Bits,
            _ => return Err(unsupported("encryptionAlgorithm")),
        };
        let bad = || Error::new(Code::BadKey).field("PBEParameter");
        let parameters: Parameters<'a> =
            algorithm.parameters.ok_or_else(bad)?.decode_as().map_err(|_| bad())?;
        let iterations = iterations(parameters.iterations, bad())?;
        Ok(Self { name, salt: parameters.salt.as_bytes(), iterations })
    }

    pub(super) fn decrypt(
        &self,
        data: &[u8],
        password: &Password<'_>,
        work: &mut Work,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        if data.is_empty() || !data.len().is_multiple_of(8) {
            return Err(Error::new(Code::BadKey).field("encryptedData"));
        }
        // With PKCS#12, key and IV are made of one digest of 20 bytes each, a key of 24 bytes of two.
        let digests = match self.name {
            Name::Md5Des | Name::Md5Rc2 | Name::Sha1Des | Name::Sha1Rc2 => 1,
            Name::TripleDes2Keys | Name::Rc2With128Bits | Name::Rc2With40Bits => 2,
            Name::TripleDes3Keys => 3,
        };
        work.spend(digests * u64::from(self.iterations))?;
        let bad_length = || Error::new(Code::BadLength).field("derived");
        let (key_length, derived) = match self.name {
            Name::Md5Des | Name::Md5Rc2 => (8, self.pbkdf1::<Md5>(password)),
            Name::Sha1Des | Name::Sha1Rc2 => (8, self.pbkdf1::<Sha1>(password)),
            Name::TripleDes3Keys => (24, self.pkcs12(24, password)?),
            Name::TripleDes2Keys | Name::Rc2With128Bits => (16, self.pkcs12(16, password)?),
            Name::Rc2With40Bits => (5, self.pkcs12(5, password)?),
        };
        let (key, rest) = derived.split_at_checked(key_length).ok_or_else(bad_length)?;
        let iv = rest.get(..8).ok_or_else(bad_length)?;
        match self.name {
            Name::Md5Des | Name::Sha1Des => decrypt_cbc::<Des>(key, iv, data),
            Name::TripleDes3Keys => decrypt_cbc::<TdesEde3>(key, iv, data),
            Name::TripleDes2Keys => decrypt_cbc::<TdesEde2>(key, iv, data),
            // The effective length of the key is its length.
            Name::Md5Rc2 | Name::Sha1Rc2 | Name::Rc2With128Bits | Name::Rc2With40Bits => {
                decrypt_cbc::<Rc2>(key, iv, data)
            }
        }
    }

    /// Key and IV by PBKDF1 (RFC 8018, 5.1), 8 bytes each.
    fn pbkdf1<D: Digest>(&self, password: &Password<'_>) -> Zeroizing<Vec<u8>> {
        let mut value = D::new().chain_update(password.bytes()).chain_update(self.salt).finalize();
        for _ in 1..self.iterations {
            value = D::digest(&value);
        }
        let derived = Zeroizing::new(value.to_vec());
        value.zeroize();
        derived
    }

    /// Key of `key_length` bytes and IV of 8 by the derivation of PKCS#12.
    fn pkcs12(
        &self,
        key_length: usize,
        password: &Password<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let password = password.bmp()?;
        let mut derived = Zeroizing::new(vec![0; key_length + 8]);
        let (key, iv) = derived
            .split_at_mut_checked(key_length)
            .ok_or(Error::new(Code::BadLength).field("derived"))?;
        kdf::derive::<Sha1>(kdf::Purpose::Key, &password, self.salt, self.iterations, key);
        kdf::derive::<Sha1>(kdf::Purpose::Iv, &password, self.salt, self.iterations, iv);
        Ok(derived)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;

    /// Key and IV of PKCS#12 take the iterations once for each digest of 20 bytes.
    #[test]
    fn work_is_counted_by_digests() {
        for (name, digests) in [
            (Name::Md5Des, 1),
            (Name::Sha1Rc2, 1),
            (Name::TripleDes3Keys, 3),
            (Name::TripleDes2Keys, 2),
            (Name::Rc2With40Bits, 2),
        ] {
            let scheme = Scheme { name, salt: b"salt", iterations: 5 };
            let mut work = Work::pkcs12();
            work.spend(limits::PKCS12_ITERATIONS_MAX - 5 * digests).unwrap();
            // The data are noise.
            let _ = scheme.decrypt(&[7; 16], &Password::new(b"x"), &mut work);
            assert!(work.spend(1).is_err());
            let mut work = Work::pkcs12();
            work.spend(limits::PKCS12_ITERATIONS_MAX - 5 * digests + 1).unwrap();
            let error = scheme.decrypt(&[7; 16], &Password::new(b"x"), &mut work).unwrap_err();
            assert_eq!(error.code(), Code::LimitReached);
        }
    }
}
