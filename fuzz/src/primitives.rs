//! SM2, SM3 and SM4 on every backend beside two implementations that are not ours: the crates of
//! RustCrypto, and `libsmx`. All must accept the same and compute the same.

use cipher::{
    Block as CipherBlock, BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _,
    KeyIvInit as _, StreamCipher as _,
};
use digest::Digest as _;
use signature::hazmat::PrehashVerifier as _;
use yinxin::primitives::{
    sm2::{
        self, Ciphertext, Claim, DistId, PreparedPublicKey, PrivateKey, PublicKey, Signature,
        exchange,
    },
    sm3, sm4,
};

/// The bytes of an input, taken from the front; what is missing counts as zeros.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        let taken = self.take(N);
        bytes.iter_mut().zip(taken).for_each(|(byte, taken)| *byte = *taken);
        bytes
    }

    fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    fn number(&mut self) -> usize {
        usize::from(u16::from_le_bytes(self.array()))
    }
}

/// Turns one bit, where there is one.
fn flip(bytes: &mut [u8], bit: usize) {
    if let Some(byte) = bytes.get_mut(bit / 8) {
        *byte ^= 1 << (bit % 8);
    }
}

/// The same private key in all three implementations.
struct Keys {
    ours: PrivateKey,
    rustcrypto: ::sm2::SecretKey,
    libsmx: libsmx::sm2::PrivateKey,
}

impl Keys {
    /// From d; all or none of the implementations accept it, but for n - 1, which only signing excludes.
    fn new(d: &[u8; 32]) -> Option<Self> {
        let ours = PrivateKey::from_bytes(d).ok()?;
        let rustcrypto = ::sm2::SecretKey::from_slice(d).expect("RustCrypto takes the key");
        let libsmx = libsmx::sm2::PrivateKey::from_bytes(d).expect("libsmx takes the key");
        assert_eq!(ours.public().to_sec1(), libsmx.public_key());
        let theirs = rustcrypto.public_key().to_sec1_bytes();
        assert_eq!(ours.public().to_sec1()[..], *theirs);
        Some(Self { ours, rustcrypto, libsmx })
    }
}

/// d, e, then a signature (r, s) or a nonce to sign with, and what to change in the signature.
pub(crate) fn sm2_verify(data: &[u8]) {
    let mut input = Input(data);
    let choice = input.byte();
    let Some(keys) = Keys::new(&input.array()) else { return };
    let (e, bit) = (input.array(), input.number());
    let mut raw = input.array::<64>();
    let signed = choice & 1 == 1;
    if signed {
        let k = libsmx_number(&raw);
        let Ok(signature) = libsmx::sm2::sign_with_k(&e, &keys.libsmx, &k) else { return };
        raw = signature;
    }
    let changed = choice & 2 == 2;
    if changed {
        flip(&mut raw, bit % 512);
    }

    let public = keys.ours.public().to_sec1();
    let libsmx = libsmx::sm2::verify(&e, &public, &raw).is_ok();
    let key = ::sm2::dsa::VerifyingKey::new(ID, keys.rustcrypto.public_key()).expect("an ID");
    let rustcrypto = ::sm2::dsa::Signature::from_bytes(&raw.into());
    let rustcrypto = rustcrypto.is_ok_and(|signature| key.verify_prehash(&e, &signature).is_ok());
    assert_eq!(libsmx, rustcrypto, "the peers differ");
    assert!(libsmx || !signed || changed, "what libsmx signs it accepts");

    let ours = Signature::from_bytes(&raw);
    let accepted = |key: &PublicKey| {
        ours.as_ref().is_ok_and(|it| sm2::hazmat::verify_digest(key, &e, it).is_ok())
    };
    for backend in sm2::Backend::runnable() {
        let key = keys.ours.public().clone().on(backend);
        assert_eq!(accepted(&key), libsmx, "{backend:?}");
    }
    let prepared = PreparedPublicKey::new(keys.ours.public(), &DistId::DEFAULT);
    let accepted = |it| sm2::hazmat::verify_digest_prepared(&prepared, &e, it).is_ok();
    assert_eq!(ours.as_ref().is_ok_and(accepted), libsmx, "prepared");
}

/// A number in [1, 2^256) from the first half.
fn libsmx_number(bytes: &[u8; 64]) -> crypto_bigint_06::U256 {
    let (first, _) = bytes.split_at(32);
    crypto_bigint_06::U256::from_be_slice(first)
}

const ID: &str = "1234567812345678";

/// d, a pattern, then a message: signed by every backend, for both peers to verify, and verified in a batch
/// of which the pattern says which claims are changed.
pub(crate) fn sm2_sign(data: &[u8]) {
    let mut input = Input(data);
    let (pattern, bit, count) = (input.array::<9>(), input.number(), input.byte() % 70);
    let Some(keys) = Keys::new(&input.array()) else { return };
    let message = input.0;
    let public = keys.ours.public().to_sec1();
    let key = ::sm2::dsa::VerifyingKey::new(ID, keys.rustcrypto.public_key()).expect("an ID");
    let mut good = None;
    for backend in sm2::Backend::runnable() {
        let Ok(ours) = PrivateKey::from_bytes(keys.ours.expose_bytes()) else { return };
        let ours = ours.on(backend);
        let Ok(alone) = ours.sign(message, &DistId::DEFAULT) else { return };
        let Ok(many) = ours.sign_many(&[message; 3], &DistId::DEFAULT) else { return };
        for signature in many.into_iter().chain([alone]) {
            let raw = signature.to_bytes();
            let verdict = libsmx::sm2::verify_message(message, ID.as_bytes(), &public, &raw);
            assert!(verdict.is_ok(), "{backend:?}: libsmx refuses our signature");
            let theirs = ::sm2::dsa::Signature::from_bytes(&raw.into()).expect("in range");
            let verdict = signature::Verifier::verify(&key, message, &theirs);
            assert!(verdict.is_ok(), "{backend:?}: RustCrypto refuses our signature");
            good = Some(signature);
        }
    }
    let Some(good) = good else { return };
    let mut raw = good.to_bytes();
    flip(&mut raw, bit % 512);
    let Ok(bad) = Signature::from_bytes(&raw) else { return };
    let verdict = libsmx::sm2::verify_message(message, ID.as_bytes(), &public, &raw);
    let good_at = |i: u8| {
        let byte = pattern.get(usize::from(i / 8)).copied().unwrap_or_default();
        byte >> (i % 8) & 1 == 1
    };
    let claims: Vec<Claim<'_>> = (0..count)
        .map(|i| Claim {
            key: keys.ours.public(),
            message,
            signature: if good_at(i) { &good } else { &bad },
            id: &DistId::DEFAULT,
        })
        .collect();
    let results = sm2::verify_many(&claims);
    assert_eq!(results.len(), claims.len());
    for (i, result) in (0..count).zip(results) {
        assert_eq!(result.is_ok(), good_at(i) || verdict.is_ok(), "{i} of {count}");
    }
}

/// d, then a ciphertext C1 ‖ C3 ‖ C2, or a plaintext and a bit of its ciphertext to change.
pub(crate) fn sm2_decrypt(data: &[u8]) {
    let mut input = Input(data);
    let (choice, bit) = (input.byte(), input.number());
    let Some(keys) = Keys::new(&input.array()) else { return };
    let mut ciphertext = input.0.to_vec();
    if choice & 1 == 1 {
        let Ok(sealed) = keys.ours.public().encrypt(input.0) else { return };
        ciphertext = sealed.to_c1c3c2();
        if choice & 2 == 2 {
            let bits = 8 * ciphertext.len();
            flip(&mut ciphertext, bit % bits);
        }
    }
    let ours = Ciphertext::from_c1c3c2(&ciphertext);
    let libsmx = libsmx::sm2::decrypt(&keys.libsmx, &ciphertext).ok();
    // A message of no bytes has no key stream that is not all 0: nobody may give one back.
    assert!(ours.is_ok() || libsmx.is_none());
    let mode = ::sm2::pke::Mode::C1C3C2;
    let scalar = keys.rustcrypto.to_nonzero_scalar();
    let rustcrypto = ::sm2::pke::DecryptingKey::new_with_mode(scalar, mode);
    let rustcrypto = rustcrypto.decrypt(&ciphertext).ok();
    assert_eq!(rustcrypto, libsmx, "the peers differ");
    for backend in sm2::Backend::runnable() {
        let Ok(key) = PrivateKey::from_bytes(keys.ours.expose_bytes()) else { return };
        let key = key.on(backend);
        let opened = ours.as_ref().ok().and_then(|ciphertext| key.decrypt(ciphertext).ok());
        assert_eq!(opened.as_deref(), libsmx.as_ref(), "{backend:?}");
    }
}

/// d and an identifier of each party, the ephemeral key of the other one, the length of the key.
pub(crate) fn sm2_exchange(data: &[u8]) {
    let mut input = Input(data);
    // So long that it is never all zeros, which libsmx refuses.
    let (choice, length) = (input.byte(), 8 + usize::from(input.byte()));
    let (Some(own), Some(other)) = (Keys::new(&input.array()), Keys::new(&input.array())) else {
        return;
    };
    let r = crypto_bigint_06::U256::from_be_slice(&input.array::<32>());
    let Ok(r) = libsmx::sm2::key_exchange::EphemeralKey::from_scalar(&r) else { return };
    let (own_id, other_id) = input.0.split_at(input.0.len() / 2);
    let (Ok(own_id), Ok(other_id)) = (DistId::new(own_id), DistId::new(other_id)) else { return };
    let (own_key, other_key) = (own.libsmx.public_key(), other.libsmx.public_key());
    let first = choice & 1 == 1;
    let role = if first { exchange::Role::Initiator } else { exchange::Role::Responder };
    let peer = exchange::Peer { key: other.ours.public(), id: &other_id };
    for backend in sm2::Backend::runnable() {
        let Ok(key) = PrivateKey::from_bytes(own.ours.expose_bytes()) else { return };
        let key = key.on(backend);
        let Ok(side) = exchange::Exchange::begin(role, &key, &own_id) else { return };
        let message = side.message();
        let agreed = side.agree(&peer, r.public_key(), length);
        let (ids, keys) = ((own_id.as_bytes(), other_id.as_bytes()), (&own_key, &other_key));
        let theirs = if first {
            libsmx::sm2::key_exchange::exchange_b(
                length,
                ids.0,
                ids.1,
                &other.libsmx,
                keys.0,
                keys.1,
                &r,
                &message,
            )
        } else {
            libsmx::sm2::key_exchange::exchange_a(
                length,
                ids.1,
                ids.0,
                &other.libsmx,
                keys.1,
                keys.0,
                &r,
                &message,
            )
        };
        assert_eq!(agreed.is_ok(), theirs.is_ok(), "{backend:?}");
        let (Ok(agreed), Ok(theirs)) = (agreed, theirs) else { continue };
        assert_eq!(*agreed.confirmation(), theirs.s_peer, "{backend:?}");
        let key = agreed.confirm(&theirs.s_self).expect("libsmx confirms");
        assert_eq!(*key, theirs.key, "{backend:?}");
    }
}

/// A number of messages, the length of each, then bytes of which every message is a piece.
pub(crate) fn sm3(data: &[u8]) {
    let mut input = Input(data);
    let lengths: Vec<usize> = (0..input.byte() % 131).map(|_| input.number()).collect();
    let text = input.0;
    let piece = |(i, length): (usize, &usize)| {
        let start = if text.is_empty() { 0 } else { 13 * i % text.len() };
        let rest = text.split_at(start).1;
        rest.split_at(length % (rest.len() + 1)).0
    };
    let messages: Vec<&[u8]> = lengths.iter().enumerate().map(piece).collect();
    let expected: Vec<sm3::Digest> =
        messages.iter().map(|message| ::sm3::Sm3::digest(message).into()).collect();
    for (message, digest) in messages.iter().zip(&expected) {
        assert_eq!(libsmx::sm3::Sm3Hasher::digest(message), *digest, "the peers differ");
    }
    for backend in sm3::Backend::runnable() {
        assert_eq!(backend.hash_many(&messages), expected, "{backend:?}");
        assert_eq!(backend.hash(text), libsmx::sm3::Sm3Hasher::digest(text), "{backend:?}");
        let mut pieces = sm3::Sm3::with_backend(backend);
        messages.iter().for_each(|message| digest::Update::update(&mut pieces, message));
        let whole = libsmx::sm3::Sm3Hasher::digest(&messages.concat());
        assert_eq!(pieces.finalize()[..], whole, "{backend:?} in pieces");
    }
    let key = messages.first().copied().unwrap_or_default();
    let mac = <sm3::HmacSm3 as digest::KeyInit>::new_from_slice(key).expect("any length");
    let mac = digest::Mac::chain_update(mac, text);
    let mac = digest::Mac::finalize(mac).into_bytes();
    assert_eq!(mac[..], libsmx::sm3::hmac_sm3(key, text), "HMAC");
}

/// A key, an IV, a bit to change, the length of additional data, then additional data and a text.
pub(crate) fn sm4(data: &[u8]) {
    let mut input = Input(data);
    let (key, iv): ([u8; 16], [u8; 16]) = (input.array(), input.array());
    let (bit, aad) = (input.number(), input.byte());
    let (aad, text) = (input.take(usize::from(aad)), input.0);
    let (whole, _) = text.as_chunks::<16>();
    let whole = whole.as_flattened();
    let modes = Modes { key, iv, aad, text, whole };
    for backend in sm4::Backend::runnable() {
        modes.compare(backend, bit);
    }
}

struct Modes<'a> {
    key: [u8; 16],
    iv: [u8; 16],
    aad: &'a [u8],
    text: &'a [u8],
    /// As much of the text as fills blocks.
    whole: &'a [u8],
}

impl Modes<'_> {
    fn compare(&self, backend: sm4::Backend, bit: usize) {
        let Self { key, iv, aad, text, whole } = self;
        let cipher = sm4::Sm4::with_backend(key, backend);
        let mut data = whole.to_vec();
        sm4::ecb::encrypt(&cipher, &mut data).expect("whole blocks");
        assert_eq!(data, libsmx::sm4::sm4_encrypt_ecb(key, whole), "{backend:?} ECB");
        let rustcrypto = ::sm4::Sm4::new(key.into());
        for (got, plain) in data.chunks_exact(16).zip(whole.as_chunks::<16>().0) {
            let mut block: CipherBlock<::sm4::Sm4> = (*plain).into();
            rustcrypto.encrypt_block(&mut block);
            assert_eq!(*block, *got, "{backend:?} block");
            rustcrypto.decrypt_block(&mut block);
            assert_eq!(*block, *plain, "RustCrypto");
        }
        sm4::ecb::decrypt(&cipher, &mut data).expect("whole blocks");
        assert_eq!(data, *whole, "{backend:?} ECB back");

        sm4::cbc::encrypt_in_place(&cipher, iv, &mut data).expect("whole blocks");
        assert_eq!(data, libsmx::sm4::sm4_encrypt_cbc(key, iv, whole), "{backend:?} CBC");
        sm4::cbc::decrypt_in_place(&cipher, iv, &mut data).expect("whole blocks");
        assert_eq!(data, *whole, "{backend:?} CBC back");

        let mut data = text.to_vec();
        sm4::ctr::xor_in_place(&cipher, iv, &mut data);
        assert_eq!(data, libsmx::sm4::sm4_crypt_ctr(key, iv, text), "{backend:?} CTR");
        let mut theirs = ctr::Ctr128BE::<::sm4::Sm4>::new(key.into(), iv.into());
        theirs.apply_keystream(&mut data);
        assert_eq!(data, *text, "{backend:?} CTR of RustCrypto");

        let [nonce @ .., _, _, _, _] = iv;
        let (sealed, tag) = libsmx::sm4::sm4_encrypt_gcm(key, nonce, aad, text);
        let gcm = sm4::gcm::Gcm::with_cipher(cipher);
        let both = [&sealed[..], &tag].concat();
        assert_eq!(gcm.seal(nonce, aad, text).as_ref(), Ok(&both), "{backend:?} GCM");
        let opened = gcm.open(nonce, aad, &both);
        assert_eq!(opened.as_deref().map(Vec::as_slice), Ok(*text), "{backend:?} GCM back");
        let mut changed = both;
        let bits = 8 * changed.len();
        flip(&mut changed, bit % bits);
        assert!(gcm.open(nonce, aad, &changed).is_err(), "{backend:?} GCM changed");
        self.compare_slow(backend, bit);
    }

    /// The modes that are chains, and XTS.
    fn compare_slow(&self, backend: sm4::Backend, bit: usize) {
        let Self { key, iv, aad, text, whole } = self;
        let cipher = sm4::Sm4::with_backend(key, backend);
        let mut data = text.to_vec();
        sm4::ofb::xor_in_place(&cipher, iv, &mut data);
        assert_eq!(data, libsmx::sm4::sm4_crypt_ofb(key, iv, text), "{backend:?} OFB");
        let mut data = text.to_vec();
        sm4::cfb::encrypt_in_place(&cipher, iv, &mut data);
        assert_eq!(data, libsmx::sm4::sm4_encrypt_cfb(key, iv, text), "{backend:?} CFB");
        sm4::cfb::decrypt_in_place(&cipher, iv, &mut data);
        assert_eq!(data, *text, "{backend:?} CFB back");

        let [nonce @ .., _, _, _, _] = iv;
        let sealed = libsmx::sm4::sm4_encrypt_ccm(key, nonce, aad, text, 16).expect("short");
        let ccm = sm4::ccm::Ccm::with_cipher(cipher);
        assert_eq!(ccm.seal(nonce, aad, text).as_ref(), Ok(&sealed), "{backend:?} CCM");
        let opened = ccm.open(nonce, aad, &sealed);
        assert_eq!(opened.as_deref().map(Vec::as_slice), Ok(*text), "{backend:?} CCM back");
        let mut changed = sealed;
        let bits = 8 * changed.len();
        flip(&mut changed, bit % bits);
        assert!(ccm.open(nonce, aad, &changed).is_err(), "{backend:?} CCM changed");

        // libsmx has the order of GB/T 17964 and whole blocks only.
        let both = [*key, *iv].concat().try_into().unwrap_or([0; 32]);
        let order = sm4::xts::Order::Gbt17964;
        let Ok(xts) = sm4::xts::Xts::with_backend(&both, order, backend) else { return };
        if whole.is_empty() {
            return;
        }
        let mut data = whole.to_vec();
        xts.encrypt_in_place(iv, &mut data).expect("a short unit");
        let theirs = libsmx::sm4::sm4_encrypt_xts(key, iv, iv, whole).expect("whole blocks");
        assert_eq!(data, theirs, "{backend:?} XTS");
        xts.decrypt_in_place(iv, &mut data).expect("a short unit");
        assert_eq!(data, *whole, "{backend:?} XTS back");
    }
}
