//! SM3: one message, and many.

use std::hint::black_box;

use digest::Digest as _;
use yinxin::primitives::sm3::Backend;

use crate::measure::{Unit, compare};

const SIZES: [u32; 3] = [64, 1024, 16 * 1024];

pub(crate) fn run() {
    for backend in Backend::runnable() {
        for size in SIZES {
            let message: Vec<u8> = (0..size).map(|i| i.to_le_bytes()[0]).collect();
            compare(
                &format!("SM3 {size} B, {}", backend.name()),
                Unit::Megabytes(size),
                || backend.hash(black_box(&message)),
                || sm3::Sm3::digest(black_box(&message)),
            );
        }
        let message = [7u8; 256];
        let messages = [&message[..]; 64];
        compare(
            &format!("SM3 64 x 256 B, {}", backend.name()),
            Unit::Megabytes(64 * 256),
            || backend.hash_many(black_box(&messages)),
            || messages.map(|message| sm3::Sm3::digest(black_box(message))),
        );
    }
}
