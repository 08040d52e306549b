//! PBES2 (RFC 8018, 6.2) with the Chinese algorithms: EncryptedPrivateKeyInfo of RFC 5958, 3.
//!
//! Written: PBKDF2 with HMAC-SM3, SM4-CBC. Read as well: HMAC with SHA-2, AES-CBC. HMAC with SHA-1,
//! DES and RC2 are refused: they do not belong into a new product, and `openssl pkcs8` converts.

use aes::{Aes128, Aes192, Aes256};
use cipher::{BlockCipherDecrypt, BlockModeDecrypt as _, KeyInit, KeyIvInit as _};
use const_oid::ObjectIdentifier;
use der::{
    Decode as _, Encode as _, Sequence,
    asn1::{AnyRef, OctetStringRef},
};
use pbkdf2::pbkdf2_hmac;
use spki::AlgorithmIdentifier;
use zeroize::Zeroizing;

use crate::{
    error::{Code, Error},
    limits,
    primitives::{rng, sm3, sm4},
};

/// Decrypts an EncryptedPrivateKeyInfo.
pub(super) fn decrypt(der: &[u8], password: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let bad = |field| Error::new(Code::BadKey).field(field);
    let outer = EncryptedPrivateKeyInfo::from_der(der).map_err(|_| bad("encrypted key"))?;
    if outer.algorithm.oid != PBES2 {
        return Err(unsupported("encryptionAlgorithm"));
    }
    let parameters = outer.algorithm.parameters.ok_or_else(|| bad("parameters"))?;
    let parameters: Pbes2Parameters<'_> = parameters.decode_as().map_err(|_| bad("PBES2"))?;
    let cipher = Cipher::of(&parameters.encryption)?;
    let derivation = Derivation::of(&parameters.derivation)?;
    if derivation.key_length.is_some_and(|length| usize::from(length) != cipher.key_length()) {
        return Err(bad("keyLength"));
    }
    let iv: &OctetStringRef = parameters
        .encryption
        .parameters
        .and_then(|any| any.decode_as().ok())
        .ok_or_else(|| bad("iv"))?;
    let iv: &[u8; 16] = iv.as_bytes().try_into().map_err(|_| bad("iv"))?;
    let data = outer.data.as_bytes();
    if data.is_empty() || !data.len().is_multiple_of(16) {
        return Err(bad("encryptedData"));
    }
    let mut key = Zeroizing::new([0; 32]);
    let key = key.get_mut(..cipher.key_length()).ok_or_else(|| bad("keyLength"))?;
    derivation.derive(password, key);
    cipher.decrypt(key, iv, data)
}

/// Encrypts a PrivateKeyInfo: PBKDF2-HMAC-SM3, SM4-CBC, random salt and IV of 16 bytes each.
pub(super) fn encrypt(plain: &[u8], password: &[u8]) -> Result<Vec<u8>, Error> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    rng::fill(&mut salt)?;
    rng::fill(&mut iv)?;
    let mut key = Zeroizing::new([0; 16]);
    sm3::pbkdf2(password, &salt, ITERATIONS, &mut *key);
    let data = sm4::cbc::encrypt_padded(&key, &iv, plain);
    encode(&salt, &iv, &data).map_err(|_| Error::new(Code::BadKey))
}

fn encode(salt: &[u8], iv: &[u8], data: &[u8]) -> der::Result<Vec<u8>> {
    // Without parameters: GmSSL refuses a NULL here, and those who expect one accept its absence.
    let prf = AlgorithmIdentifier { oid: HMAC_SM3, parameters: None };
    let derivation = Pbkdf2Parameters {
        salt: OctetStringRef::new(salt)?,
        iterations: ITERATIONS,
        key_length: Some(16),
        prf: Some(prf),
    }
    .to_der()?;
    let iv = OctetStringRef::new(iv)?.to_der()?;
    let parameters = Pbes2Parameters {
        derivation: AlgorithmIdentifier {
            oid: PBKDF2,
            parameters: Some(AnyRef::from_der(&derivation)?),
        },
        encryption: AlgorithmIdentifier { oid: SM4_CBC, parameters: Some(AnyRef::from_der(&iv)?) },
    }
    .to_der()?;
    let algorithm =
        AlgorithmIdentifier { oid: PBES2, parameters: Some(AnyRef::from_der(&parameters)?) };
    EncryptedPrivateKeyInfo { algorithm, data: OctetStringRef::new(data)? }.to_der()
}

/// 65536 and more is what GmSSL and Tongsuo write; it costs some tens of milliseconds.
const ITERATIONS: u32 = 100_000;

const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
const HMAC_SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.401.2");
const SM4_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.104.2");

#[derive(Sequence)]
struct EncryptedPrivateKeyInfo<'a> {
    algorithm: AlgorithmIdentifier<AnyRef<'a>>,
    data: &'a OctetStringRef,
}

#[derive(Sequence)]
struct Pbes2Parameters<'a> {
    derivation: AlgorithmIdentifier<AnyRef<'a>>,
    encryption: AlgorithmIdentifier<AnyRef<'a>>,
}

#[derive(Sequence)]
struct Pbkdf2Parameters<'a> {
    salt: &'a OctetStringRef,
    iterations: u32,
    #[asn1(optional = "true")]
    key_length: Option<u16>,
    #[asn1(optional = "true")]
    prf: Option<AlgorithmIdentifier<AnyRef<'a>>>,
}

/// How the password becomes a key.
struct Derivation<'a> {
    salt: &'a [u8],
    iterations: u32,
    key_length: Option<u16>,
    derive: fn(&[u8], &[u8], u32, &mut [u8]),
}

impl<'a> Derivation<'a> {
    fn of(algorithm: &AlgorithmIdentifier<AnyRef<'a>>) -> Result<Self, Error> {
        let bad = || Error::new(Code::BadKey).field("PBKDF2");
        if algorithm.oid != PBKDF2 {
            return Err(unsupported("keyDerivationFunc"));
        }
        let parameters: Pbkdf2Parameters<'a> =
            algorithm.parameters.ok_or_else(bad)?.decode_as().map_err(|_| bad())?;
        if parameters.iterations == 0 {
            return Err(bad());
        }
        if parameters.iterations > limits::PBKDF2_ITERATIONS_MAX {
            return Err(Error::limit("PBKDF2_ITERATIONS_MAX"));
        }
        // Absent, it would be HMAC with SHA-1.
        let prf = parameters.prf.ok_or_else(|| unsupported("prf"))?.oid;
        let derive = match prf.to_string().as_str() {
            "1.2.156.10197.1.401.2" => sm3::pbkdf2,
            "1.2.840.113549.2.8" => pbkdf2_hmac::<sha2::Sha224>,
            "1.2.840.113549.2.9" => pbkdf2_hmac::<sha2::Sha256>,
            "1.2.840.113549.2.10" => pbkdf2_hmac::<sha2::Sha384>,
            "1.2.840.113549.2.11" => pbkdf2_hmac::<sha2::Sha512>,
            _ => return Err(unsupported("prf")),
        };
        let Pbkdf2Parameters { salt, iterations, key_length, .. } = parameters;
        Ok(Self { salt: salt.as_bytes(), iterations, key_length, derive })
    }

    fn derive(&self, password: &[u8], key: &mut [u8]) {
        (self.derive)(password, self.salt, self.iterations, key);
    }
}

/// How the key is encrypted.
#[derive(Clone, Copy)]
enum Cipher {
    Sm4,
    Aes128,
    Aes192,
    Aes256,
}

impl Cipher {
    fn of(algorithm: &AlgorithmIdentifier<AnyRef<'_>>) -> Result<Self, Error> {
        match algorithm.oid.to_string().as_str() {
            "1.2.156.10197.1.104.2" => Ok(Self::Sm4),
            "2.16.840.1.101.3.4.1.2" => Ok(Self::Aes128),
            "2.16.840.1.101.3.4.1.22" => Ok(Self::Aes192),
            "2.16.840.1.101.3.4.1.42" => Ok(Self::Aes256),
            _ => Err(unsupported("encryptionScheme")),
        }
    }

    const fn key_length(self) -> usize {
        match self {
            Self::Sm4 | Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    fn decrypt(self, key: &[u8], iv: &[u8; 16], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let wrong = || Error::new(Code::WrongPassword);
        match self {
            Self::Sm4 => {
                let key = key.try_into().map_err(|_| Error::new(Code::BadLength))?;
                sm4::cbc::decrypt_padded(key, iv, data).map_err(|_| wrong())
            }
            Self::Aes128 => aes::<Aes128>(key, iv, data),
            Self::Aes192 => aes::<Aes192>(key, iv, data),
            Self::Aes256 => aes::<Aes256>(key, iv, data),
        }
    }
}

fn aes<C>(key: &[u8], iv: &[u8; 16], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error>
where
    C: BlockCipherDecrypt + KeyInit,
{
    cbc::Decryptor::<C>::new_from_slices(key, iv)
        .map_err(|_| Error::new(Code::BadLength))?
        .decrypt_padded_vec::<cipher::block_padding::Pkcs7>(data)
        .map(Zeroizing::new)
        .map_err(|_| Error::new(Code::WrongPassword))
}

fn unsupported(field: &'static str) -> Error {
    Error::new(Code::UnsupportedAlgorithm).field(field)
}
