//! gm-rs.

use gm_rs::{
    sm2::key::{CompressModle, gen_keypair},
    sm3::sm3_hash,
    sm4::{CipherMode, Sm4CipherMode},
};

use crate::row::{Bench, IV, KEY, MESSAGE};

pub(crate) fn run(bench: &Bench) {
    let new_key = || gen_keypair(CompressModle::Uncompressed).unwrap();
    let (public, key) = new_key();
    let signature = key.sign(None, MESSAGE).unwrap();
    bench.row("sm2-sign", || key.sign(None, MESSAGE).unwrap());
    bench.row("sm2-verify", || public.verify(None, MESSAGE, &signature).unwrap());
    bench.row("sm2-keygen", new_key);
    let ciphertext = public.encrypt(MESSAGE).unwrap();
    bench.row("sm2-encrypt", || public.encrypt(MESSAGE).unwrap());
    bench.row("sm2-decrypt", || key.decrypt(&ciphertext).unwrap());

    bench.sizes("sm3", |data| sm3_hash(data));

    let mode = |mode| Sm4CipherMode::new(&KEY, mode).unwrap();
    let (cbc, ctr) = (mode(CipherMode::Cbc), mode(CipherMode::Ctr));
    bench.sizes("sm4-cbc-encrypt", |data| cbc.encrypt(data, &IV).unwrap());
    bench.sizes("sm4-ctr", |data| ctr.encrypt(data, &IV).unwrap());
}
