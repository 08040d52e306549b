//! No freed memory holds a secret: an allocator looks through every block before it is given back. Of
//! expanded SM4 keys, whose bytes depend on the backend, nothing at all may be left, nor of the vectors in
//! which SM2 works on many secrets at once.
//!
//! It sees the heap, where keys and plaintexts live; values that pass through the stack are beyond it.

#![allow(unsafe_code, reason = "an allocator cannot be written without")]
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    slice,
    sync::atomic::{AtomicUsize, Ordering},
};

use yinxin::{
    pki::{
        diagnose::{self, KeyQuestion},
        keys::{self, Encryption},
        pem,
        pkcs12::{self, Legacy, Protection},
        text::Coding,
    },
    primitives::{
        sm2::{self, DistId, PrivateKey},
        sm4::{self, Backend, Sm4},
    },
};

/// d of the private key under test, and nothing else.
const SECRET: [u8; 32] = *b"\x17private key 0123456789abcdef\xe1\xe2\xe3";
const PLAINTEXT: [u8; 32] = *b"the plaintext that nobody reads.";

static LEAKS: AtomicUsize = AtomicUsize::new(0);
static NOT_CLEARED: AtomicUsize = AtomicUsize::new(0);
/// The same of vectors of 512 bits, by their alignment.
static VECTORS_NOT_CLEARED: AtomicUsize = AtomicUsize::new(0);

struct Watching;

#[global_allocator]
static ALLOCATOR: Watching = Watching;

// SAFETY: all work is the system allocator's; this one only reads a block before freeing it.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Zeroed, so that every byte may be read in `dealloc`.
        // SAFETY: the caller keeps the contract of `alloc`, which is that of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block is alive until `System.dealloc`, initialised, and of the layout's size.
        let bytes = unsafe { slice::from_raw_parts(block, layout.size()) };
        let holds = |secret: &[u8; 32]| bytes.windows(32).any(|window| window == secret);
        if holds(&SECRET) || holds(&PLAINTEXT) {
            LEAKS.fetch_add(1, Ordering::SeqCst);
        }
        if bytes.iter().any(|&byte| byte != 0) {
            NOT_CLEARED.fetch_add(1, Ordering::SeqCst);
            if layout.align() == 64 {
                VECTORS_NOT_CLEARED.fetch_add(1, Ordering::SeqCst);
            }
        }
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(block, layout) };
    }
}

fn leaks_of(work: impl FnOnce()) -> usize {
    rise_of(&LEAKS, work)
}

fn rise_of(count: &AtomicUsize, work: impl FnOnce()) -> usize {
    let before = count.load(Ordering::SeqCst);
    work();
    count.load(Ordering::SeqCst) - before
}

/// The key written and read in every form, opened with a wrong password, and damaged behind itself, where
/// a part of it was decrypted already.
fn containers() {
    let key = PrivateKey::from_bytes(&SECRET).unwrap();
    for bytes in [
        keys::private_key_to_der(&key).unwrap(),
        keys::private_key_to_sec1(&key).unwrap(),
        keys::private_key_to_blob(&key),
    ] {
        for coding in [Coding::Binary, Coding::Hex, Coding::Base64] {
            let loaded = PrivateKey::load(&coding.encode(&bytes), None).unwrap();
            assert_eq!(loaded.key.public(), key.public());
        }
        // Another key, or a public key that is another's.
        let mut changed = bytes.clone();
        *changed.last_mut().unwrap() ^= 0x55;
        let _ = PrivateKey::load(&changed, None);
        let public = Some(key.public());
        let question = KeyQuestion { bytes: &changed, password: None, public };
        let _ = diagnose::key(&question).unwrap();
    }
    let json = keys::private_key_to_jwk(&key, keys::JwkCurve::Sm2);
    PrivateKey::load(json.as_bytes(), None).unwrap();
    let receiver = PrivateKey::generate().unwrap();
    let sealed = keys::seal_enveloped(&key, receiver.public()).unwrap();
    keys::open_enveloped(&sealed, &receiver).unwrap();
    for encryption in [Encryption::SM4_SM3, Encryption::AES256_SHA256] {
        let encryption = encryption.with_iterations(2048).unwrap();
        let text = keys::private_key_to_encrypted(&key, b"password", &encryption).unwrap();
        let block = pem::blocks(text.as_bytes()).unwrap().remove(0);
        keys::private_key_from_encrypted_pkcs8(&block.der, b"password").unwrap();
        keys::private_key_from_encrypted_pkcs8(&block.der, b"another").unwrap_err();
        let mut damaged = block.der.to_vec();
        *damaged.last_mut().unwrap() ^= 1;
        keys::private_key_from_encrypted_pkcs8(&damaged, b"password").unwrap_err();
        let mut writer = pkcs12::Writer::new();
        writer.key(&key, None, None).unwrap();
        let protection = Protection { encryption, mac: pkcs12::Mac::HmacSm3 };
        let file = writer.write(b"password", &protection).unwrap();
        pkcs12::open(&file, b"password", Legacy::Refused).unwrap();
    }
}

// One test function: a second one would run beside it and count into the same number.
#[test]
fn secrets_are_overwritten_before_their_memory_is_freed() {
    assert_eq!(leaks_of(|| drop(SECRET.to_vec())), 1, "the allocator sees a leak");

    let sm2 = || {
        let key = PrivateKey::from_bytes(&SECRET).unwrap();
        key.sign(b"message", &DistId::DEFAULT).unwrap();
        let ciphertext = key.public().encrypt(&PLAINTEXT).unwrap();
        assert_eq!(**key.decrypt(&ciphertext).unwrap(), PLAINTEXT[..]);
        let _ = format!("{key:?}");
    };
    assert_eq!(leaks_of(sm2), 0, "SM2");
    for backend in sm2::Backend::runnable() {
        let key = PrivateKey::from_bytes(&SECRET).unwrap().on(backend);
        let many = || {
            assert_eq!(backend.keygen_many(20).unwrap().len(), 20);
            key.sign_many(&[b"message".as_slice(); 20], &DistId::DEFAULT).unwrap();
            let sealed = key.public().encrypt_many(&[PLAINTEXT.as_slice(); 20]);
            let sealed: Vec<_> = sealed.into_iter().map(Result::unwrap).collect();
            let sealed: Vec<_> = sealed.iter().collect();
            assert!(
                key.decrypt_many(&sealed).into_iter().all(|plain| **plain.unwrap() == PLAINTEXT)
            );
        };
        // The first use makes tables of public points.
        many();
        let aligned = rise_of(&VECTORS_NOT_CLEARED, many);
        assert_eq!((aligned, leaks_of(many)), (0, 0), "SM2 for many, {}", backend.name());
    }
    assert_eq!(leaks_of(containers), 0, "keys in their containers");

    assert_eq!(rise_of(&NOT_CLEARED, || drop(SECRET.to_vec())), 1, "the allocator sees content");
    for backend in Backend::runnable() {
        // The first use runs the self-tests, whose texts are the published ones.
        drop(Sm4::with_backend(b"0123456789abcdef", backend));
        let sm4 = || {
            let cipher = Sm4::with_backend(b"0123456789abcdef", backend);
            let gcm = sm4::gcm::Gcm::with_cipher(cipher.clone());
            let tag = gcm.seal_in_place(b"nonce", b"", &mut [7; 100]).unwrap();
            assert_ne!(tag, [0; 16]);
            let iv = b"0123456789abcdef";
            let ccm = sm4::ccm::Ccm::with_cipher(cipher.clone());
            assert_ne!(ccm.seal_in_place(&iv[..12], b"", &mut [7; 100]).unwrap(), [0; 16]);
            let mut pieces = sm4::ccm::Encryptor::new(ccm, &iv[..12], b"", 9).unwrap();
            pieces.encrypt_in_place(&mut [7; 9]).unwrap();
            sm4::xts::Xts::with_backend(&SECRET, sm4::xts::Order::Gbt17964, backend)
                .unwrap()
                .encrypt_in_place(iv, &mut [7; 100])
                .unwrap();
            assert_ne!(sm4::cmac::tag(&cipher, &[7; 100]), [0; 16]);
            sm4::cbc::Encryptor::new(cipher.clone(), iv).encrypt_in_place(&mut [7; 96]).unwrap();
            sm4::cfb::Encryptor::new(cipher.clone(), iv).encrypt_in_place(&mut [7; 100]);
            sm4::ofb::Ofb::new(cipher.clone(), iv).xor_in_place(&mut [7; 100]);
            sm4::ctr::Ctr::new(cipher, iv).xor_in_place(&mut [7; 100]);
        };
        assert_eq!(rise_of(&NOT_CLEARED, sm4), 0, "SM4 {}", backend.name());
        let unwrap = || {
            let cipher = Sm4::with_backend(b"0123456789abcdef", backend);
            let wrapped = sm4::key_wrap::wrap(&cipher, &SECRET).unwrap();
            assert_eq!(**sm4::key_wrap::unwrap(&cipher, &wrapped).unwrap(), SECRET);
            let padded = sm4::key_wrap::wrap_padded(&cipher, &SECRET).unwrap();
            assert_eq!(**sm4::key_wrap::unwrap_padded(&cipher, &padded).unwrap(), SECRET);
        };
        assert_eq!(leaks_of(unwrap), 0, "key wrap {}", backend.name());
    }
}
