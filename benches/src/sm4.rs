//! SM4: the key schedule, and the modes on 64 B, 1 KiB and 16 KiB.

use std::hint::black_box;

use aes_gcm::{AesGcm, KeyInit as _, aead::AeadInOut as _};
use cipher::{
    Array, BlockCipherDecrypt as _, BlockCipherEncrypt as _, BlockModeDecrypt as _,
    BlockModeEncrypt as _, InnerIvInit as _, KeyIvInit as _, StreamCipher as _, consts::U12,
};
use yinxin::primitives::sm4::{Backend, Sm4, cbc, ctr, ecb, gcm::Gcm};

use crate::measure::{Unit, compare};

const KEY: [u8; 16] = *b"0123456789abcdef";
const SIZES: [u32; 3] = [64, 1024, 16 * 1024];

pub(crate) fn run() {
    for backend in Backend::runnable() {
        compare(
            &format!("SM4 key schedule, {}", backend.name()),
            Unit::Megabytes(16),
            || Sm4::with_backend(black_box(&KEY), backend),
            || sm4::Sm4::new(black_box(&KEY).into()),
        );
        for size in SIZES {
            let data = vec![7u8; usize::try_from(size).unwrap_or_default()];
            let name = |mode: &str| format!("SM4 {mode} {size} B, {}", backend.name());
            block_modes(backend, &name, Unit::Megabytes(size), &data);
            stream_modes(backend, &name, Unit::Megabytes(size), &data);
        }
    }
}

fn block_modes(backend: Backend, name: &dyn Fn(&str) -> String, unit: Unit, data: &[u8]) {
    let (ours, theirs) = (Sm4::with_backend(&KEY, backend), sm4::Sm4::new(&KEY.into()));
    let (mut left, mut right) = (data.to_vec(), Array::slice_as_chunks(data).0.to_vec());
    compare(
        &name("ECB encrypt"),
        unit,
        || ecb::encrypt(&ours, black_box(&mut left)),
        || theirs.encrypt_blocks(black_box(&mut right)),
    );
    compare(
        &name("ECB decrypt"),
        unit,
        || ecb::decrypt(&ours, black_box(&mut left)),
        || theirs.decrypt_blocks(black_box(&mut right)),
    );
    let mut chain = ::cbc::Encryptor::inner_iv_init(theirs.clone(), &KEY.into());
    compare(
        &name("CBC encrypt"),
        unit,
        || cbc::encrypt_in_place(&ours, &KEY, black_box(&mut left)),
        || chain.encrypt_blocks(black_box(&mut right)),
    );
    let mut chain = ::cbc::Decryptor::inner_iv_init(theirs, &KEY.into());
    compare(
        &name("CBC decrypt"),
        unit,
        || cbc::decrypt_in_place(&ours, &KEY, black_box(&mut left)),
        || chain.decrypt_blocks(black_box(&mut right)),
    );
}

fn stream_modes(backend: Backend, name: &dyn Fn(&str) -> String, unit: Unit, data: &[u8]) {
    let ours = Sm4::with_backend(&KEY, backend);
    let (mut left, mut right) = (data.to_vec(), data.to_vec());
    let mut stream = ::ctr::Ctr128BE::<sm4::Sm4>::new(&KEY.into(), &KEY.into());
    compare(
        &name("CTR"),
        unit,
        || ctr::xor_in_place(&ours, &KEY, black_box(&mut left)),
        || stream.apply_keystream(black_box(&mut right)),
    );
    let (ours, theirs) = (Gcm::with_cipher(ours), AesGcm::<sm4::Sm4, U12>::new(&KEY.into()));
    compare(
        &name("GCM seal"),
        unit,
        || ours.seal_in_place(&KEY[..12], b"", black_box(&mut left)),
        || {
            let nonce = Array([1; 12]);
            theirs.encrypt_inout_detached(&nonce, b"", black_box(&mut right[..]).into())
        },
    );
}
