//! gmcrypto-core, with its vector code on. Its modes expand the key of SM4 in each call.

use getrandom::SysRng;
use gmcrypto_core::{
    sm2::{self, DEFAULT_SIGNER_ID, Sm2PrivateKey},
    sm3,
    sm4::{Sm4Cipher, mode_cbc, mode_ccm, mode_ctr, mode_gcm, mode_xts},
};

use crate::row::{Bench, IV, KEY, MESSAGE, NONCE};

pub(crate) fn run(bench: &Bench) {
    sm2(bench);
    bench.sizes("sm3", |data| sm3::hash(data));
    sm4(bench);
}

fn sm2(bench: &Bench) {
    let new_key = || {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).unwrap();
        Sm2PrivateKey::from_bytes_be(&bytes).unwrap()
    };
    let (key, id) = (new_key(), DEFAULT_SIGNER_ID);
    let public = key.public_key();
    let signature = sm2::sign_with_id(&key, id, MESSAGE, &mut SysRng).unwrap();
    bench.row("sm2-sign", || sm2::sign_with_id(&key, id, MESSAGE, &mut SysRng).unwrap());
    bench.row("sm2-verify", || assert!(sm2::verify_with_id(&public, id, MESSAGE, &signature)));
    bench.row("sm2-keygen", || new_key().public_key());
    let ciphertext = sm2::encrypt(&public, MESSAGE, &mut SysRng).unwrap();
    bench.row("sm2-encrypt", || sm2::encrypt(&public, MESSAGE, &mut SysRng).unwrap());
    bench.row("sm2-decrypt", || sm2::decrypt(&key, &ciphertext).unwrap());
}

fn sm4(bench: &Bench) {
    let cipher = Sm4Cipher::new(&KEY);
    let mut keys = [1; 32];
    keys[..16].copy_from_slice(&KEY);
    bench.sizes("sm4-ecb", |data| cipher.encrypt_blocks(data.as_chunks_mut().0));
    bench.sizes("sm4-cbc-encrypt", |data| mode_cbc::encrypt(&KEY, &IV, data));
    bench.sizes("sm4-ctr", |data| mode_ctr::encrypt(&KEY, &IV, data));
    bench.sizes("sm4-gcm", |data| mode_gcm::encrypt(&KEY, &NONCE, b"", data).unwrap());
    bench.sizes("sm4-ccm", |data| mode_ccm::encrypt(&KEY, &NONCE, b"", data, 16).unwrap());
    bench.sizes("sm4-xts", |data| mode_xts::encrypt(&keys, &IV, data).unwrap());
}
