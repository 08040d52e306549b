//! How contents are encrypted: `ContentEncryptionAlgorithmIdentifier` with SM4 (GB/T 33560-2017, under
//! 1.2.156.10197.1.104), and the key that does it.

use zeroize::Zeroizing;

use crate::{
    Code, Error,
    pki::tlv::{Cursor, Element, sequence, tag, wrap},
    primitives::{rng, sm4},
};

/// A content-encryption key.
pub(super) type Key = Zeroizing<[u8; 16]>;

/// A cipher that is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContentCipher {
    /// SM4-CBC with PKCS#7 padding, 1.2.156.10197.1.104.2. Nothing tells whether the content was
    /// changed: sign it, or use [`Sm4Gcm`](Self::Sm4Gcm).
    #[default]
    Sm4Cbc,
    /// SM4-GCM, 1.2.156.10197.1.104.8, in authEnvelopedData (RFC 5083, RFC 5084).
    Sm4Gcm,
}

/// A cipher with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cipher {
    Cbc {
        iv: [u8; 16],
    },
    Gcm {
        nonce: Vec<u8>,
        tag_bytes: usize,
    },
    /// Another, by the contents octets of its object identifier.
    Other(Vec<u8>),
}

impl Cipher {
    /// With a fresh IV or nonce.
    pub(super) fn fresh(cipher: ContentCipher) -> Result<Self, Error> {
        let mut random = [0; 16];
        rng::fill(&mut random)?;
        Ok(match cipher {
            ContentCipher::Sm4Cbc => Self::Cbc { iv: random },
            ContentCipher::Sm4Gcm => {
                let nonce = random.iter().take(12).copied().collect();
                Self::Gcm { nonce, tag_bytes: 16 }
            }
        })
    }

    /// Reads an AlgorithmIdentifier. SM4 alone (104) with an IV means CBC too: CFCA writes it so.
    pub(super) fn read(algorithm: &Element<'_>) -> Result<Self, Error> {
        let field = "contentEncryptionAlgorithm";
        if algorithm.tag != tag::SEQUENCE {
            return Err(algorithm.error(field));
        }
        let mut inside = algorithm.inside();
        let identifier = inside.required(tag::OID, field)?.value;
        match identifier {
            SM4 | SM4_CBC => {
                let iv = inside.required(tag::OCTET_STRING, field)?;
                inside.finish(field)?;
                let iv = iv.value.try_into().map_err(|_| iv.error(field))?;
                Ok(Self::Cbc { iv })
            }
            SM4_GCM => {
                let mut parameters = inside.required(tag::SEQUENCE, field)?.inside();
                inside.finish(field)?;
                let nonce = parameters.required(tag::OCTET_STRING, field)?.value.to_vec();
                // RFC 5084, 3.2: aes-ICVlen, 12 if it is absent.
                let length = parameters.take(tag::INTEGER, field)?;
                parameters.finish(field)?;
                let tag_bytes = match length {
                    None => 12,
                    Some(element) => usize::try_from(element.integer(field)?)
                        .ok()
                        .filter(|length| (12..=16).contains(length))
                        .ok_or_else(|| element.error(field))?,
                };
                Ok(Self::Gcm { nonce, tag_bytes })
            }
            other => Ok(Self::Other(other.to_vec())),
        }
    }

    pub(super) fn to_der(&self) -> Vec<u8> {
        match self {
            Self::Cbc { iv } => {
                sequence(&[&wrap(tag::OID, &[SM4_CBC]), &wrap(tag::OCTET_STRING, &[iv])])
            }
            Self::Gcm { nonce, tag_bytes } => {
                let length = u8::try_from(*tag_bytes).unwrap_or(16);
                let nonce = wrap(tag::OCTET_STRING, &[nonce]);
                let parameters = sequence(&[&nonce, &wrap(tag::INTEGER, &[&[length]])]);
                sequence(&[&wrap(tag::OID, &[SM4_GCM]), &parameters])
            }
            Self::Other(oid) => sequence(&[&wrap(tag::OID, &[oid])]),
        }
    }

    /// The ciphertext of `content`, and the tag where there is one.
    pub(super) fn encrypt(&self, key: &Key, content: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> {
        match self {
            Self::Cbc { iv } => Ok((sm4::cbc::encrypt_padded(key, iv, content), Vec::new())),
            Self::Gcm { nonce, .. } => {
                let mut data = content.to_vec();
                let tag = gcm(key).seal_in_place(nonce, &[], &mut data)?;
                Ok((data, tag.to_vec()))
            }
            Self::Other(_) => Err(unsupported()),
        }
    }

    /// The content of `ciphertext`, which `tag` is right for. Whatever is wrong is one error.
    pub(super) fn decrypt(
        &self,
        key: &Key,
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let closed = |_| Error::new(Code::NotOpened).field("content");
        match self {
            Self::Cbc { iv } => sm4::cbc::decrypt_padded(key, iv, ciphertext).map_err(closed),
            Self::Gcm { nonce, .. } => {
                let mut data = Zeroizing::new(ciphertext.to_vec());
                gcm(key).open_in_place(nonce, aad, &mut data, tag).map_err(closed)?;
                Ok(data)
            }
            Self::Other(_) => Err(unsupported()),
        }
    }
}

/// SM4 under `key`.
pub(super) fn sm4(key: &Key) -> sm4::Sm4 {
    sm4::Sm4::with_backend(key, sm4::Backend::default())
}

/// SM4-GCM under `key`.
pub(super) fn gcm(key: &Key) -> sm4::gcm::Gcm {
    sm4::gcm::Gcm::with_cipher(sm4(key))
}

/// A new key.
pub(super) fn fresh_key() -> Result<Key, Error> {
    let mut key = Key::default();
    rng::fill(&mut *key)?;
    Ok(key)
}

pub(super) fn unsupported() -> Error {
    Error::new(Code::UnsupportedAlgorithm).field("contentEncryptionAlgorithm")
}

/// Reads the field encryptedContent of an EncryptedContentInfo: in one piece, or in several.
pub(super) fn encrypted_content(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, Error> {
    let field = "encryptedContent";
    if let Some(whole) = cursor.take(tag::CONTEXT_0_PRIMITIVE, field)? {
        return Ok(whole.value.to_vec());
    }
    let mut pieces = cursor.required(tag::CONTEXT_0, field)?.inside();
    let mut content = Vec::new();
    while !pieces.is_empty() {
        content.extend_from_slice(pieces.required(tag::OCTET_STRING, field)?.value);
    }
    Ok(content)
}

/// 1.2.156.10197.1.104, SM4.
const SM4: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 104];
/// 1.2.156.10197.1.104.2, SM4-CBC.
const SM4_CBC: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 104, 2];
/// 1.2.156.10197.1.104.8, SM4-GCM.
const SM4_GCM: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 104, 8];
