//! RustCrypto: sm2 (whose keys keep Z), sm3, sm4 and the crates of modes. XTS it has not.

use aes_gcm::{AesGcm, KeyInit as _, aead::AeadInOut as _};
use ccm::Ccm;
use cipher::{
    Array, Block, BlockCipherEncrypt as _, BlockModeDecrypt as _, BlockModeEncrypt as _,
    KeyIvInit as _, StreamCipher as _,
    consts::{U12, U16},
};
use getrandom::SysRng;
use sm2::{
    SecretKey,
    dsa::{
        SigningKey,
        signature::{Signer as _, Verifier as _},
    },
    elliptic_curve::Generate as _,
    pke::{DecryptingKey, EncryptingKey},
};
use sm3::{Digest as _, Sm3};
use sm4::Sm4;

use crate::row::{Bench, ID, IV, KEY, MESSAGE, NONCE};

pub(crate) fn run(bench: &Bench) {
    sm2(bench);
    bench.sizes("sm3", |data| Sm3::digest(data));
    sm4(bench);
}

fn sm2(bench: &Bench) {
    let secret = SecretKey::generate();
    let key = SigningKey::new(ID, &secret).unwrap();
    let signature = key.sign(MESSAGE);
    bench.row("sm2-sign", || key.sign(MESSAGE));
    bench.row("sm2-verify", || key.verifying_key().verify(MESSAGE, &signature).unwrap());
    bench.row("sm2-keygen", || SecretKey::generate().public_key());
    let encrypting = EncryptingKey::new(secret.public_key());
    let ciphertext = encrypting.encrypt(&mut SysRng, MESSAGE).unwrap();
    bench.row("sm2-encrypt", || encrypting.encrypt(&mut SysRng, MESSAGE).unwrap());
    let decrypting = DecryptingKey::new(secret);
    bench.row("sm2-decrypt", || decrypting.decrypt(&ciphertext).unwrap());
}

fn sm4(bench: &Bench) {
    let (key, iv) = (&Array(KEY), &Array(IV));
    let block = Sm4::new(key);
    bench.sizes("sm4-ecb", |data| block.encrypt_blocks(blocks(data)));
    let mut mode = cbc::Encryptor::<Sm4>::new(key, iv);
    bench.sizes("sm4-cbc-encrypt", |data| mode.encrypt_blocks(blocks(data)));
    let mut mode = cbc::Decryptor::<Sm4>::new(key, iv);
    bench.sizes("sm4-cbc-decrypt", |data| mode.decrypt_blocks(blocks(data)));
    let mut mode = ctr::Ctr128BE::<Sm4>::new(key, iv);
    bench.sizes("sm4-ctr", |data| mode.apply_keystream(data));
    let gcm = AesGcm::<Sm4, U12>::new(key);
    bench.sizes("sm4-gcm", |data| {
        gcm.encrypt_inout_detached(&Array(NONCE), b"", data.into()).unwrap()
    });
    let ccm = Ccm::<Sm4, U16, U12>::new(key);
    bench.sizes("sm4-ccm", |data| {
        ccm.encrypt_inout_detached(&Array(NONCE), b"", data.into()).unwrap()
    });
}

fn blocks(data: &mut [u8]) -> &mut [Block<Sm4>] {
    Array::slice_as_chunks_mut(data).0
}
