//! libsmx, which expands the key of SM4 in each call.

use libsmx::{sm2, sm3::Sm3Hasher, sm4};
use rand_core::OsRng;

use crate::row::{Bench, ID, IV, KEY, MESSAGE, NONCE};

pub(crate) fn run(bench: &Bench) {
    let (key, public) = sm2::generate_keypair(&mut OsRng);
    let id = ID.as_bytes();
    let signature = sm2::sign_message(MESSAGE, id, &key, &mut OsRng);
    bench.row("sm2-sign", || sm2::sign_message(MESSAGE, id, &key, &mut OsRng));
    bench.row("sm2-verify", || sm2::verify_message(MESSAGE, id, &public, &signature).unwrap());
    bench.row("sm2-keygen", || sm2::generate_keypair(&mut OsRng));
    let ciphertext = sm2::encrypt(&public, MESSAGE, &mut OsRng).unwrap();
    bench.row("sm2-encrypt", || sm2::encrypt(&public, MESSAGE, &mut OsRng).unwrap());
    bench.row("sm2-decrypt", || sm2::decrypt(&key, &ciphertext).unwrap());

    bench.sizes("sm3", |data| Sm3Hasher::digest(data));

    bench.sizes("sm4-ecb", |data| sm4::sm4_encrypt_ecb(&KEY, data));
    bench.sizes("sm4-cbc-encrypt", |data| sm4::sm4_encrypt_cbc(&KEY, &IV, data));
    bench.sizes("sm4-cbc-decrypt", |data| sm4::sm4_decrypt_cbc(&KEY, &IV, data));
    bench.sizes("sm4-ctr", |data| sm4::sm4_crypt_ctr(&KEY, &IV, data));
    bench.sizes("sm4-gcm", |data| sm4::sm4_encrypt_gcm(&KEY, &NONCE, b"", data));
    bench.sizes("sm4-ccm", |data| sm4::sm4_encrypt_ccm(&KEY, &NONCE, b"", data, 16).unwrap());
    bench.sizes("sm4-xts", |data| sm4::sm4_encrypt_xts(&KEY, &IV, &IV, data).unwrap());
}
