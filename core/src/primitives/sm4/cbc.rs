//! CBC with PKCS#7 padding (GB/T 17964-2021, clause 6).

use cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use zeroize::Zeroizing;

use super::Sm4;
use crate::error::{Code, Error};

/// Encrypts `plaintext`, padded to whole blocks: the result has 1 to 16 bytes more.
#[must_use]
pub fn encrypt_padded(key: &[u8; 16], iv: &[u8; 16], plaintext: &[u8]) -> Vec<u8> {
    cbc::Encryptor::<Sm4>::new(key.into(), iv.into()).encrypt_padded_vec::<Pkcs7>(plaintext)
}

/// Decrypts and removes the padding.
///
/// # Errors
/// [`Code::BadPadding`] if the length is not a positive multiple of 16 or the padding is wrong.
pub fn decrypt_padded(
    key: &[u8; 16],
    iv: &[u8; 16],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    cbc::Decryptor::<Sm4>::new(key.into(), iv.into())
        .decrypt_padded_vec::<Pkcs7>(ciphertext)
        .map(Zeroizing::new)
        .map_err(|_| Error::new(Code::BadPadding))
}
