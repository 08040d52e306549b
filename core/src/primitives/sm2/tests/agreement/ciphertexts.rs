//! Encryption with given nonces, and decryption, of every length.

use yinxin_vectors::random::{rounds, tell};

use super::*;

const LENGTHS: usize = 600;

#[test]
fn encryption_and_decryption() {
    let curve = Curve::recommended();
    let mut stream = Stream::new(7);
    let (laps, mut length) = (rounds(10), 0);
    for i in 0..laps {
        let d = private(&curve, &mut stream);
        let public = curve.multiply(&d, &curve.g);
        let (middle, step) = lap(&curve, &mut stream, i);
        let start = start(&curve, &middle, &step);
        let [first, stride] = [&start, &step].map(|k| curve.multiply(k, &curve.g));
        let ephemeral = points(&curve, &first, &stride);
        let [first, stride] = [&start, &step].map(|k| curve.multiply(k, &public));
        let shared = points(&curve, &first, &stride);
        let keys: Vec<_> = Backend::runnable().map(|backend| private_key(&d).on(backend)).collect();
        let walk = numbers(&curve, &start, &step).into_iter();
        for (k, (c1, shared)) in walk.zip(ephemeral.iter().zip(&shared)) {
            if c1.is_none() {
                continue;
            }
            length = length % LENGTHS + 1;
            let message = stream.bytes(length);
            let expected = Curve::seal(c1, shared, &message);
            for key in &keys {
                let case = format!("{:?} d {d:x} k {k:x} {length}", key.public().backend);
                let ours = key.public().encrypt_with_nonces(&message, nonces([bytes(&k)]));
                let Some(expected) = &expected else {
                    assert!(ours.is_err(), "{case}: a key stream of zeros");
                    continue;
                };
                assert_eq!(ours.expect(&case).to_c1c3c2(), *expected, "{case}");
                let ciphertext = Ciphertext::from_c1c3c2(expected).expect(&case);
                assert_eq!(**key.decrypt(&ciphertext).expect(&case), message[..], "{case}");
                // One bit wrong anywhere: in C1, C3 or C2.
                let mut wrong = expected.clone();
                let bit = 8 + stream.below(8 * (wrong.len() - 1));
                wrong[bit / 8] ^= 1 << (bit % 8);
                let ciphertext = Ciphertext::from_c1c3c2(&wrong).expect(&case);
                assert!(key.decrypt(&ciphertext).is_err(), "{case} bit {bit}");
            }
        }
    }
    tell(&format!("sm2: {laps} walks of {STEPS} encryptions and decryptions"));
}
