//! PBES2 (RFC 8018, 6.2; GM/T 0091-2020) with the Chinese algorithms, and EncryptedPrivateKeyInfo of
//! RFC 5958, 3, around it.
//!
//! Written: what [`Encryption`] offers. Read as well: any HMAC with SHA-1 or SHA-2, scrypt, AES-CBC with
//! all lengths of key, Triple DES, and GCM with SM4 and AES, which gmsm and Bouncy Castle can write.

use aead::Aead as _;
use aes::{Aes128, Aes192, Aes256};
use aes_gcm::AesGcm;
use cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt as _, BlockModeEncrypt as _,
    BlockSizeUser, KeyInit, KeyIvInit as _,
    block_padding::Pkcs7,
    consts::{U12, U16},
};
use const_oid::ObjectIdentifier;
use der::{
    Decode as _, Encode as _, Sequence,
    asn1::{AnyRef, OctetStringRef},
};
use des::TdesEde3;
use spki::AlgorithmIdentifier;
use zeroize::Zeroizing;

use super::{
    Legacy,
    pbes::{self, Password, Work, oid, unsupported},
    pbkdf::{Derivation, Prf},
};
use crate::{
    error::{Code, Error},
    limits,
    pki::tlv::{self, tag},
    primitives::{
        rng,
        sm4::{self, Sm4, gcm::Gcm},
    },
};

/// How a key is encrypted that is written: PBES2 with PBKDF2, a salt and an IV of 16 random bytes each.
///
/// Nothing here is broken; the choice is what the reader understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encryption {
    cipher: WrittenCipher,
    prf: Prf,
    iterations: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WrittenCipher {
    Sm4Cbc,
    Aes256Cbc,
}

impl Encryption {
    /// SM4-CBC with HMAC-SM3: Chinese algorithms only. GmSSL and gmsm read it; OpenSSL 3.0 does not.
    pub const SM4_SM3: Self = Self::new(WrittenCipher::Sm4Cbc, Prf::HmacSm3);
    /// SM4-CBC with HMAC-SHA-256, which OpenSSL 3.0 and Tongsuo write and read.
    pub const SM4_SHA256: Self = Self::new(WrittenCipher::Sm4Cbc, Prf::HmacSha256);
    /// AES-256-CBC with HMAC-SHA-256, which most others read: OpenSSL, Bouncy Castle, gmsm.
    pub const AES256_SHA256: Self = Self::new(WrittenCipher::Aes256Cbc, Prf::HmacSha256);

    const fn new(cipher: WrittenCipher, prf: Prf) -> Self {
        // 65536 and more is what GmSSL and Tongsuo write; it costs some tens of milliseconds.
        Self { cipher, prf, iterations: 100_000 }
    }

    /// The same with so many iterations of PBKDF2 instead of 100000.
    ///
    /// # Errors
    /// [`Code::BadArgument`] below [`limits::PBKDF2_ITERATIONS_MIN`], [`Code::LimitReached`] above
    /// [`limits::PBKDF2_ITERATIONS_MAX`].
    pub fn with_iterations(self, iterations: u32) -> Result<Self, Error> {
        if iterations < limits::PBKDF2_ITERATIONS_MIN {
            return Err(Error::new(Code::BadArgument).field("iterations"));
        }
        if iterations > limits::PBKDF2_ITERATIONS_MAX {
            return Err(Error::limit("PBKDF2_ITERATIONS_MAX"));
        }
        Ok(Self { iterations, ..self })
    }

    /// The iterations of PBKDF2.
    #[must_use]
    pub const fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Encrypts `plain`: the DER of the AlgorithmIdentifier, and the ciphertext.
    pub(in crate::pki) fn encrypt(
        &self,
        plain: &[u8],
        password: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let mut iv = [0; 16];
        rng::fill(&mut iv)?;
        let (cipher, key_length) = match self.cipher {
            WrittenCipher::Sm4Cbc => ("1.2.156.10197.1.104.2", 16),
            WrittenCipher::Aes256Cbc => ("2.16.840.1.101.3.4.1.42", 32),
        };
        let mut key = Zeroizing::new(vec![0; key_length]);
        let derivation = self.prf.derive(password, self.iterations, &mut key)?;
        let bad_length = |_| Error::new(Code::BadLength).field("key or iv");
        let data = match self.cipher {
            WrittenCipher::Sm4Cbc => {
                let key = key.as_slice().try_into().map_err(bad_length)?;
                sm4::cbc::encrypt_padded(key, &iv, plain)
            }
            WrittenCipher::Aes256Cbc => cbc::Encryptor::<Aes256>::new_from_slices(&key, &iv)
                .map_err(|_| Error::new(Code::BadLength).field("key or iv"))?
                .encrypt_padded_vec::<Pkcs7>(plain),
        };
        let algorithm = || {
            let iv = tlv::wrap(tag::OCTET_STRING, &[&iv]);
            let cipher = tlv::sequence(&[&oid(cipher).to_der()?, &iv]);
            Ok(tlv::sequence(&[&PBES2.to_der()?, &tlv::sequence(&[&derivation, &cipher])]))
        };
        let algorithm = algorithm()
            .map_err(|_: der::Error| Error::new(Code::BadKey).field("encryptionAlgorithm"))?;
        Ok((algorithm, data))
    }
}

impl Default for Encryption {
    /// [`Encryption::SM4_SM3`].
    fn default() -> Self {
        Self::SM4_SM3
    }
}

/// Decrypts an EncryptedPrivateKeyInfo. With a wrong password noise may come out.
pub(super) fn decrypt(
    der: &[u8],
    password: &[u8],
    legacy: Legacy,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let outer = EncryptedPrivateKeyInfo::from_der(der)
        .map_err(|_| Error::new(Code::BadKey).field("encrypted key"))?;
    let (password, mut work) = (Password::new(password), Work::once());
    pbes::decrypt(&outer.algorithm, outer.data.as_bytes(), &password, legacy, &mut work)
}

/// Encrypts a PrivateKeyInfo: the DER of an EncryptedPrivateKeyInfo.
pub(super) fn encrypt(
    plain: &[u8],
    password: &[u8],
    encryption: &Encryption,
) -> Result<Vec<u8>, Error> {
    let (algorithm, data) = encryption.encrypt(plain, password)?;
    Ok(tlv::sequence(&[&algorithm, &tlv::wrap(tag::OCTET_STRING, &[&data])]))
}

/// Whether `oid` is PBES2.
pub(super) fn names(oid: ObjectIdentifier) -> bool {
    // The second is how GM/T 0091-2020 is cited, the third what gmsm writes for it.
    let others = ["1.2.156.10197.6.1.4.1.5.2", "1.2.156.10197.6.4.1.5.2"];
    oid == PBES2 || others.contains(&oid.to_string().as_str())
}

const PBES2: ObjectIdentifier = oid("1.2.840.113549.1.5.13");

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

/// PBES2 with its parameters, within the limits.
pub(super) struct Scheme<'a> {
    derivation: Derivation<'a>,
    cipher: Cipher,
    iv: &'a [u8],
}

impl<'a> Scheme<'a> {
    pub(super) fn of(algorithm: &AlgorithmIdentifier<AnyRef<'a>>) -> Result<Self, Error> {
        let bad = |field| Error::new(Code::BadKey).field(field);
        let parameters = algorithm.parameters.ok_or_else(|| bad("parameters"))?;
        let parameters: Pbes2Parameters<'a> = parameters.decode_as().map_err(|_| bad("PBES2"))?;
        let cipher = Cipher::of(&parameters.encryption)?;
        let derivation = Derivation::of(&parameters.derivation)?;
        let iv = parameters.encryption.parameters.ok_or_else(|| bad("iv"))?;
        let iv = match cipher {
            Cipher::Sm4Gcm | Cipher::Aes128Gcm | Cipher::Aes192Gcm | Cipher::Aes256Gcm => {
                let parameters: GcmParameters<'a> = iv.decode_as().map_err(|_| bad("iv"))?;
                // DEFAULT 12 (RFC 5084, 3.2); nobody writes a shorter tag than the whole one.
                if parameters.tag_length != Some(16) {
                    return Err(unsupported("aes-ICVlen"));
                }
                parameters.nonce
            }
            Cipher::Sm4 | Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 | Cipher::TripleDes => {
                iv.decode_as().map_err(|_| bad("iv"))?
            }
        };
        let iv = iv.as_bytes();
        if iv.len() != cipher.iv_length() {
            return Err(bad("iv"));
        }
        Ok(Self { derivation, cipher, iv })
    }

    pub(super) fn decrypt(
        &self,
        data: &[u8],
        password: &Password<'_>,
        work: &mut Work,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        if data.is_empty() || !data.len().is_multiple_of(self.cipher.unit()) {
            return Err(Error::new(Code::BadKey).field("encryptedData"));
        }
        let mut key = Zeroizing::new([0; 32]);
        let bad_length = || Error::new(Code::BadLength).field("key or iv");
        let key = key.get_mut(..self.cipher.key_length()).ok_or_else(bad_length)?;
        self.derivation.derive(password.bytes(), key, work)?;
        match self.cipher {
            Cipher::Sm4Gcm => {
                let key: &[u8; 16] = (&*key).try_into().map_err(|_| bad_length())?;
                Gcm::with_cipher(Sm4::new(key.into()))
                    .open(self.iv, &[], data)
                    .map_err(|_| Error::new(Code::WrongPassword).field("password"))
            }
            Cipher::Sm4 => {
                let key = (&*key).try_into().map_err(|_| bad_length())?;
                let iv = self.iv.try_into().map_err(|_| bad_length())?;
                sm4::cbc::decrypt_padded(key, iv, data)
                    .map_err(|_| Error::new(Code::WrongPassword).field("password"))
            }
            Cipher::Aes128 => decrypt_cbc::<Aes128>(key, self.iv, data),
            Cipher::Aes192 => decrypt_cbc::<Aes192>(key, self.iv, data),
            Cipher::Aes256 => decrypt_cbc::<Aes256>(key, self.iv, data),
            Cipher::TripleDes => decrypt_cbc::<TdesEde3>(key, self.iv, data),
            Cipher::Aes128Gcm => decrypt_gcm::<Aes128>(key, self.iv, data),
            Cipher::Aes192Gcm => decrypt_gcm::<Aes192>(key, self.iv, data),
            Cipher::Aes256Gcm => decrypt_gcm::<Aes256>(key, self.iv, data),
        }
    }
}

/// GCMParameters (RFC 5084, 3.2).
#[derive(Sequence)]
struct GcmParameters<'a> {
    nonce: &'a OctetStringRef,
    #[asn1(optional = "true")]
    tag_length: Option<u8>,
}

/// How the data is encrypted: in CBC, where no other mode is named.
#[derive(Clone, Copy)]
enum Cipher {
    Sm4,
    Sm4Gcm,
    Aes128,
    Aes192,
    Aes256,
    Aes128Gcm,
    Aes192Gcm,
    Aes256Gcm,
    /// Slow and of short blocks, but with a good key not broken.
    TripleDes,
}

impl Cipher {
    fn of(algorithm: &AlgorithmIdentifier<AnyRef<'_>>) -> Result<Self, Error> {
        match algorithm.oid.to_string().as_str() {
            // SM4 without a mode: its parameter, an IV, tells the mode.
            "1.2.156.10197.1.104.2" | "1.2.156.10197.1.104" => Ok(Self::Sm4),
            "1.2.156.10197.1.104.8" => Ok(Self::Sm4Gcm),
            "2.16.840.1.101.3.4.1.2" => Ok(Self::Aes128),
            "2.16.840.1.101.3.4.1.22" => Ok(Self::Aes192),
            "2.16.840.1.101.3.4.1.42" => Ok(Self::Aes256),
            "2.16.840.1.101.3.4.1.6" => Ok(Self::Aes128Gcm),
            "2.16.840.1.101.3.4.1.26" => Ok(Self::Aes192Gcm),
            "2.16.840.1.101.3.4.1.46" => Ok(Self::Aes256Gcm),
            "1.2.840.113549.3.7" => Ok(Self::TripleDes),
            _ => Err(unsupported("encryptionScheme")),
        }
    }

    const fn key_length(self) -> usize {
        match self {
            Self::Sm4 | Self::Sm4Gcm | Self::Aes128 | Self::Aes128Gcm => 16,
            Self::Aes192 | Self::Aes192Gcm | Self::TripleDes => 24,
            Self::Aes256 | Self::Aes256Gcm => 32,
        }
    }

    /// That of a block, or of the nonce that GCM takes.
    const fn iv_length(self) -> usize {
        match self {
            Self::Sm4Gcm | Self::Aes128Gcm | Self::Aes192Gcm | Self::Aes256Gcm => 12,
            Self::Sm4 | Self::Aes128 | Self::Aes192 | Self::Aes256 | Self::TripleDes => self.unit(),
        }
    }

    /// The ciphertext has a multiple of so many bytes.
    const fn unit(self) -> usize {
        match self {
            Self::Sm4 | Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
            Self::TripleDes => 8,
            Self::Sm4Gcm | Self::Aes128Gcm | Self::Aes192Gcm | Self::Aes256Gcm => 1,
        }
    }
}

/// Decrypts GCM with a block cipher of others, its tag of 16 bytes at the end.
fn decrypt_gcm<C>(key: &[u8], nonce: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
{
    let bad_length = |_| Error::new(Code::BadLength).field("key or iv");
    let nonce = nonce.try_into().map_err(bad_length)?;
    AesGcm::<C, U12>::new_from_slice(key)
        .map_err(|_| Error::new(Code::BadLength).field("key or iv"))?
        .decrypt(nonce, data)
        .map(Zeroizing::new)
        .map_err(|_| Error::new(Code::WrongPassword).field("password"))
}

/// Decrypts CBC with a block cipher of others, and removes the padding.
pub(super) fn decrypt_cbc<C>(
    key: &[u8],
    iv: &[u8],
    data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error>
where
    C: BlockCipherDecrypt + KeyInit,
{
    // In place: of data whose padding is wrong, too, the rest may be plaintext.
    let mut plain = Zeroizing::new(data.to_vec());
    let length = cbc::Decryptor::<C>::new_from_slices(key, iv)
        .map_err(|_| Error::new(Code::BadLength).field("key or iv"))?
        .decrypt_padded::<Pkcs7>(&mut plain)
        .map_err(|_| Error::new(Code::WrongPassword).field("password"))?
        .len();
    plain.truncate(length);
    Ok(plain)
}
