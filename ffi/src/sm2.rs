//! Verification of SM2 signatures.
#![allow(unsafe_code, reason = "exported names and C's pointers")]

use yinxin::{
    Code, Error,
    primitives::sm2::{DistId, PublicKey, Signature},
};

use crate::{
    boundary::{Out, boundary, bytes, free, give, shown},
    error::yinxin_status,
};

/// How an SM2 signature is written.
pub type yinxin_signature_form = i32;

/// DER SEQUENCE { r INTEGER, s INTEGER } (GM/T 0009-2012, 7.3): 8 to 72 bytes.
pub const YINXIN_SIGNATURE_DER: yinxin_signature_form = 0;
/// r and s, 32 bytes each, big-endian.
pub const YINXIN_SIGNATURE_RAW: yinxin_signature_form = 1;

/// An SM2 public key. Immutable: threads may share it.
pub struct yinxin_sm2_public_key(PublicKey);

/// Reads a public key: 04 and x and y (65 bytes), or 02 or 03 and x (33 bytes), big-endian.
///
/// On success `*key` is a new key, to be freed with yinxin_sm2_public_key_free.
/// YINXIN_BAD_PUBLIC_KEY if the bytes are anything else or no point of the curve.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn yinxin_sm2_public_key_new(
    sec1: *const u8,
    sec1_len: usize,
    key: *mut *mut yinxin_sm2_public_key,
) -> yinxin_status {
    boundary(|| {
        // SAFETY: the caller has room for a pointer at `key`.
        let out = unsafe { Out::new(key, "key")? };
        // SAFETY: the caller has `sec1_len` bytes at `sec1`.
        let sec1 = unsafe { bytes(sec1, sec1_len, "sec1")? };
        out.put(give(yinxin_sm2_public_key(PublicKey::from_sec1(sec1)?)));
        Ok(())
    })
}

/// Frees a public key. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn yinxin_sm2_public_key_free(key: *mut yinxin_sm2_public_key) {
    // SAFETY: the caller got it from `yinxin_sm2_public_key_new` and frees it once.
    unsafe { free(key) }
}

/// Verifies an SM2 signature (GB/T 32918.2-2016, clause 7) over `msg`, the message itself.
///
/// `id` is the signer's distinguishing identifier, almost always the 16 bytes "1234567812345678";
/// with `id_len` 0 it is empty, which is another identifier and not the default. `form` says how
/// the signature is written; it is never guessed. Variable time: all inputs are public.
///
/// YINXIN_OK if the signature is valid, else YINXIN_BAD_SIGNATURE, YINXIN_BAD_SIGNATURE_ENCODING,
/// YINXIN_BAD_DIST_ID, YINXIN_BAD_ARGUMENT (unknown form) or YINXIN_NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn yinxin_sm2_verify(
    key: *const yinxin_sm2_public_key,
    id: *const u8,
    id_len: usize,
    msg: *const u8,
    msg_len: usize,
    signature: *const u8,
    signature_len: usize,
    form: yinxin_signature_form,
) -> yinxin_status {
    boundary(|| {
        // SAFETY: the caller's key is alive, and each pointer has as many bytes as its length says.
        let (key, id, msg, signature) = unsafe {
            (
                shown(key, "key")?,
                bytes(id, id_len, "id")?,
                bytes(msg, msg_len, "msg")?,
                bytes(signature, signature_len, "signature")?,
            )
        };
        let signature = match form {
            YINXIN_SIGNATURE_DER => Signature::from_der(signature)?,
            YINXIN_SIGNATURE_RAW => {
                let raw = signature.try_into().map_err(|_| Code::BadSignatureEncoding)?;
                Signature::from_bytes(raw)?
            }
            _ => return Err(Error::new(Code::BadArgument).field("form").into()),
        };
        Ok(key.0.verify(msg, &signature, &DistId::new(id)?)?)
    })
}
