//! After a failed self-test, what would panic in Rust is a status in C. A process of its own, since nothing
//! leads out of that state.
#![allow(unsafe_code, reason = "the functions are called as C calls them")]

use yinxin::{Code, primitives::selftest};
use yinxin_ffi::{error::YINXIN_OK, sm2, sm3};

#[test]
fn a_failed_self_test_is_a_status() {
    let (mut digest, mut key) = ([0_u8; 32], std::ptr::null_mut());
    let generator = yinxin::primitives::sm2::PrivateKey::from_bytes(&[1; 32]);
    let generator = generator.map(|key| key.public().to_sec1()).unwrap_or([0; 65]);
    // SAFETY: the message may be NULL because it is empty, and there are 32 bytes for the digest.
    let mut hash = || unsafe { sm3::yinxin_sm3_hash(std::ptr::null(), 0, digest.as_mut_ptr()) };
    // SAFETY: there are 65 bytes to be read, and room for a pointer.
    let mut new_key =
        || unsafe { sm2::yinxin_sm2_public_key_new(generator.as_ptr(), 65, &raw mut key) };

    assert_eq!(hash(), YINXIN_OK);
    selftest::alter_answers("sm3");
    let failed = i32::from(Code::SelfTestFailed.number());
    assert_eq!(hash(), failed);
    assert_eq!(hash(), failed);
    assert_eq!(new_key(), failed);
    assert!(key.is_null(), "nothing was written");
    assert_ne!(digest, [0; 32], "the digest from before is left alone");
}
