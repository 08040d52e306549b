//! SM3 in one call.
#![allow(unsafe_code, reason = "exported names and C's pointers")]

use yinxin::primitives::sm3;

use crate::{
    boundary::{Out, boundary, bytes},
    error::yinxin_status,
};

/// The length of an SM3 digest.
pub const YINXIN_SM3_DIGEST_LEN: usize = 32;

/// Writes the SM3 digest (GB/T 32905-2016) of `msg` to the 32 bytes at `digest`.
///
/// `msg` has `msg_len` bytes and may be NULL if that is 0. Returns YINXIN_OK or
/// YINXIN_NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn yinxin_sm3_hash(
    msg: *const u8,
    msg_len: usize,
    digest: *mut u8,
) -> yinxin_status {
    boundary(|| {
        // SAFETY: the caller has 32 bytes at `digest`; an array of bytes needs no alignment.
        let out = unsafe { Out::new(digest.cast::<[u8; YINXIN_SM3_DIGEST_LEN]>(), "digest")? };
        // SAFETY: the caller keeps the contract above.
        let msg = unsafe { bytes(msg, msg_len, "msg")? };
        out.put(sm3::hash(msg));
        Ok(())
    })
}
