//! The structures of GM/T 0016-2012 (GB/T 35291-2017), 6.4, in which smart keys and their drivers carry
//! keys, signatures and ciphertexts. The ECCrefPublicKey, ECCrefPrivateKey, ECCSignature and ECCCipher of
//! GM/T 0018-2012 have the same bytes.
//!
//! Numbers fill fields of 64 bytes from the right, big-endian; a ULONG is 4 bytes, little-endian.

use zeroize::Zeroizing;

use super::bare::{public_key_from_coordinates, public_key_to_coordinates};
use crate::{
    error::{Code, Error},
    primitives::{
        ct,
        sm2::{Ciphertext, PrivateKey, PublicKey, Signature},
    },
};

/// ECCPUBLICKEYBLOB: bits, x, y.
///
/// # Errors
/// [`Code::BadLength`] unless it has 132 bytes, [`Code::BadKey`] unless it is of 256 bits,
/// [`Code::BadPublicKey`] if it is no point of the curve.
pub fn public_key_from_blob(bytes: &[u8]) -> Result<PublicKey, Error> {
    let mut fields = Fields(bytes);
    let key = fields.public_key()?;
    fields.finish()?;
    Ok(key)
}

/// The ECCPUBLICKEYBLOB of a key: 132 bytes.
#[must_use]
pub fn public_key_to_blob(key: &PublicKey) -> Vec<u8> {
    let xy = public_key_to_coordinates(key);
    let (x, y) = xy.split_at(32);
    [&BITS[..], &[0; 32], x, &[0; 32], y].concat()
}

/// ECCPRIVATEKEYBLOB: bits, d.
///
/// # Errors
/// [`Code::BadLength`] unless it has 68 bytes, [`Code::BadKey`] unless it is of 256 bits,
/// [`Code::BadPrivateKey`] if d is out of range.
pub fn private_key_from_blob(bytes: &[u8]) -> Result<PrivateKey, Error> {
    let mut fields = Fields(bytes);
    fields.bits()?;
    let d = Zeroizing::new(*fields.number(Code::BadKey, "PrivateKey")?);
    fields.finish()?;
    PrivateKey::from_bytes(&d)
}

/// The ECCPRIVATEKEYBLOB of a key: 68 bytes.
#[must_use]
pub fn private_key_to_blob(key: &PrivateKey) -> Zeroizing<Vec<u8>> {
    Zeroizing::new([&BITS[..], &[0; 32], key.expose_bytes()].concat())
}

/// ECCSIGNATUREBLOB: r, s.
///
/// # Errors
/// [`Code::BadLength`] unless it has 128 bytes, [`Code::BadSignatureEncoding`] if r or s is out of range.
pub fn signature_from_blob(bytes: &[u8]) -> Result<Signature, Error> {
    let mut fields = Fields(bytes);
    let mut rs = [0; 64];
    let (r, s) = rs.split_at_mut(32);
    r.copy_from_slice(fields.number(Code::BadSignatureEncoding, "r")?);
    s.copy_from_slice(fields.number(Code::BadSignatureEncoding, "s")?);
    fields.finish()?;
    Signature::from_bytes(&rs)
}

/// The ECCSIGNATUREBLOB of a signature: 128 bytes.
#[must_use]
pub fn signature_to_blob(signature: &Signature) -> Vec<u8> {
    let rs = signature.to_bytes();
    let (r, s) = rs.split_at(32);
    [&[0; 32], r, &[0; 32], s].concat()
}

/// ECCCIPHERBLOB: x, y, hash, length, cipher.
///
/// # Errors
/// [`Code::BadLength`] unless it is as long as it says, [`Code::BadCiphertext`] if a number is longer
/// than 32 bytes; as [`Ciphertext::from_c1c3c2`].
pub fn ciphertext_from_blob(bytes: &[u8]) -> Result<Ciphertext, Error> {
    let mut fields = Fields(bytes);
    let ciphertext = fields.ciphertext()?;
    fields.finish()?;
    Ok(ciphertext)
}

/// The ECCCIPHERBLOB of a ciphertext: 164 bytes and those of C2.
#[must_use]
pub fn ciphertext_to_blob(ciphertext: &Ciphertext) -> Vec<u8> {
    let raw = ciphertext.to_c1c3c2();
    let mut fields = Fields(&raw);
    let mut take = |length| fields.take(length).unwrap_or_default();
    // 04 ‖ x ‖ y ‖ C3 ‖ C2 has at least 97 bytes.
    let (_, x, y, hash) = (take(1), take(32), take(32), take(32));
    let cipher = fields.0;
    // At most SM2_PLAINTEXT_BYTES_MAX, which has 25 bits.
    let length = u32::try_from(cipher.len()).unwrap_or(u32::MAX).to_le_bytes();
    [&[0; 32], x, &[0; 32], y, hash, &length, cipher].concat()
}

/// The fields of an ENVELOPEDKEYBLOB.
pub(super) struct EnvelopedBlob<'a> {
    pub(super) algorithm: u32,
    /// d encrypted, 64 bytes, or 32 where the other 32 are zeros.
    pub(super) encrypted: &'a [u8],
    pub(super) public: PublicKey,
    pub(super) ciphertext: Ciphertext,
}

pub(super) fn parse_enveloped(bytes: &[u8]) -> Result<EnvelopedBlob<'_>, Error> {
    let mut fields = Fields(bytes);
    if fields.ulong()? != 1 {
        return Err(bad("Version"));
    }
    let algorithm = fields.ulong()?;
    fields.bits()?;
    let field = fields.take(64)?;
    let encrypted = match field.split_at(32) {
        (before, last) if ct::all_zero(before) => last,
        (first, after) if ct::all_zero(after) => first,
        _ => field,
    };
    let public = fields.public_key()?;
    let ciphertext = fields.ciphertext()?;
    fields.finish()?;
    Ok(EnvelopedBlob { algorithm, encrypted, public, ciphertext })
}

pub(super) fn write_enveloped(
    algorithm: u32,
    encrypted: &[u8; 32],
    public: &PublicKey,
    ciphertext: &Ciphertext,
) -> Vec<u8> {
    let (version, algorithm) = (1u32.to_le_bytes(), algorithm.to_le_bytes());
    let (public, ciphertext) = (public_key_to_blob(public), ciphertext_to_blob(ciphertext));
    [&version, &algorithm, &BITS, &[0; 32][..], encrypted, &public, &ciphertext].concat()
}

/// Whether bytes begin as a key of 256 bits does.
pub(super) fn has_bits(bytes: &[u8]) -> bool {
    bytes.starts_with(&BITS)
}

/// Whether bytes begin as an ENVELOPEDKEYBLOB does, and are long enough to be one.
pub(super) fn is_enveloped(bytes: &[u8]) -> bool {
    bytes.len() > 372
        && bytes.starts_with(&[1, 0, 0, 0])
        && has_bits(bytes.get(8..).unwrap_or_default())
}

/// 256.
const BITS: [u8; 4] = 256u32.to_le_bytes();

/// Fields one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let (field, rest) =
            self.0.split_at_checked(length).ok_or(Error::new(Code::BadLength).field("blob"))?;
        self.0 = rest;
        Ok(field)
    }

    fn ulong(&mut self) -> Result<u32, Error> {
        let bytes =
            self.take(4)?.try_into().map_err(|_| Error::new(Code::BadLength).field("blob"))?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn bits(&mut self) -> Result<(), Error> {
        if self.ulong()? == 256 { Ok(()) } else { Err(bad("BitLen")) }
    }

    /// A number of 32 bytes at the end of a field of 64.
    fn number(&mut self, code: Code, name: &'static str) -> Result<&'a [u8; 32], Error> {
        let longer = Error::new(code).field(name);
        let (before, number) = self.take(64)?.split_last_chunk().ok_or(longer.clone())?;
        if ct::all_zero(before) { Ok(number) } else { Err(longer) }
    }

    fn public_key(&mut self) -> Result<PublicKey, Error> {
        self.bits()?;
        let mut xy = [0; 64];
        let (x, y) = xy.split_at_mut(32);
        x.copy_from_slice(self.number(Code::BadKey, "XCoordinate")?);
        y.copy_from_slice(self.number(Code::BadKey, "YCoordinate")?);
        public_key_from_coordinates(&xy)
    }

    fn ciphertext(&mut self) -> Result<Ciphertext, Error> {
        let x = self.number(Code::BadCiphertext, "XCoordinate")?;
        let y = self.number(Code::BadCiphertext, "YCoordinate")?;
        let hash = self.take(32)?;
        let length = usize::try_from(self.ulong()?)
            .map_err(|_| Error::new(Code::BadCiphertext).field("CipherLen"))?;
        let cipher = self.take(length)?;
        Ciphertext::from_c1c3c2(&[&[4], &x[..], y, hash, cipher].concat())
    }

    fn finish(&self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::new(Code::BadLength).field("blob")) }
    }
}

fn bad(field: &'static str) -> Error {
    Error::new(Code::BadKey).field(field)
}
