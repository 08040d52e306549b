//! efficient-sm2: signatures alone; Z and the digest it takes from libsm.

use efficient_sm2::{KeyPair, create_key_slice};

use crate::row::{Bench, MESSAGE};

pub(crate) fn run(bench: &Bench) {
    let key = KeyPair::new(&create_key_slice()).unwrap();
    let public = key.public_key();
    let signature = key.sign(MESSAGE).unwrap();
    bench.row("sm2-sign", || key.sign(MESSAGE).unwrap());
    bench.row("sm2-verify", || signature.verify(&public, MESSAGE).unwrap());
    bench.row("sm2-keygen", || KeyPair::new(&create_key_slice()).unwrap().public_key());
}
