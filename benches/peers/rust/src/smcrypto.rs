//! smcrypto, which expands the key of SM4 in each call of ECB.

use smcrypto::{sm2, sm3, sm4};

use crate::row::{Bench, IV, KEY, MESSAGE};

pub(crate) fn run(bench: &Bench) {
    let (key, public) = sm2::gen_keypair();
    let signing = sm2::Sign::new(&key);
    let verifying = sm2::Verify::new(&public);
    let signature = signing.sign(MESSAGE);
    bench.row("sm2-sign", || signing.sign(MESSAGE));
    bench.row("sm2-verify", || assert!(verifying.verify(MESSAGE, &signature)));
    bench.row("sm2-keygen", sm2::gen_keypair);
    let (encrypt, decrypt) = (sm2::Encrypt::new(&public), sm2::Decrypt::new(&key));
    let ciphertext = encrypt.encrypt(MESSAGE);
    bench.row("sm2-encrypt", || encrypt.encrypt(MESSAGE));
    bench.row("sm2-decrypt", || decrypt.decrypt(&ciphertext));

    bench.sizes("sm3", |data| sm3::sm3_hash_raw(data));

    let (ecb, cbc) = (sm4::CryptSM4ECB::new(&KEY), sm4::CryptSM4CBC::new(&KEY, &IV));
    bench.sizes("sm4-ecb", |data| ecb.encrypt_ecb(data));
    bench.sizes("sm4-cbc-encrypt", |data| cbc.encrypt_cbc(data));
}
