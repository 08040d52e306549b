//! libsm.

use libsm::{
    sm2::{
        encrypt::{DecryptCtx, EncryptCtx},
        signature::SigCtx,
    },
    sm3::hash::Sm3Hash,
    sm4::cipher_mode::{CipherMode, Sm4CipherMode},
};

use crate::row::{Bench, ID, IV, KEY, MESSAGE};

pub(crate) fn run(bench: &Bench) {
    let context = SigCtx::new();
    let (public, key) = context.new_keypair().unwrap();
    let digest = |message| context.hash(ID, &public, message).unwrap();
    let signature = context.sign_raw(&digest(MESSAGE), &key).unwrap();
    bench.row("sm2-sign", || context.sign_raw(&digest(MESSAGE), &key).unwrap());
    bench.row("sm2-verify", || {
        assert!(context.verify_raw(&digest(MESSAGE), &public, &signature).unwrap());
    });
    bench.row("sm2-keygen", || context.new_keypair().unwrap());
    let encrypt = EncryptCtx::new(MESSAGE.len(), public);
    let decrypt = DecryptCtx::new(MESSAGE.len(), key);
    let ciphertext = encrypt.encrypt(MESSAGE).unwrap();
    bench.row("sm2-encrypt", || encrypt.encrypt(MESSAGE).unwrap());
    bench.row("sm2-decrypt", || decrypt.decrypt(&ciphertext).unwrap());

    bench.sizes("sm3", |data| Sm3Hash::new(data).get_hash());

    let mode = |mode| Sm4CipherMode::new(&KEY, mode).unwrap();
    let (cbc, ctr, gcm) = (mode(CipherMode::Cbc), mode(CipherMode::Ctr), mode(CipherMode::Gcm));
    bench.sizes("sm4-cbc-encrypt", |data| cbc.encrypt(b"", data, &IV).unwrap());
    bench.sizes("sm4-ctr", |data| ctr.encrypt(b"", data, &IV).unwrap());
    bench.sizes("sm4-gcm", |data| gcm.encrypt(b"", data, &IV).unwrap());
}
