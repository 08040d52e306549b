//! SM4 and its modes with secret keys and texts.

use std::hint::black_box;

use cipher::{BlockCipherDecrypt as _, BlockCipherEncrypt as _};
use yinxin::primitives::sm4::{
    Backend, Block, Sm4, cbc, cbc_mac,
    ccm::{self, Ccm},
    cfb, cmac, ctr, ecb,
    gcm::{self, Gcm},
    key_wrap, ofb,
    xts::{Order, Xts},
};

use crate::{
    mark::{public, secret_array, secret_bytes},
    watch::Watch,
};

/// In blocks: around what kernels take at a time.
const COUNTS: [usize; 8] = [1, 2, 4, 5, 16, 17, 64, 75];
/// In bytes, for modes that take any number.
const LENGTHS: [usize; 8] = [0, 1, 16, 31, 64, 257, 1024, 2500];
const IV: Block = [3; 16];

pub(crate) fn operations(watch: &mut Watch) {
    for backend in Backend::runnable() {
        watch.on("SM4", backend.name());
        let cipher =
            watch.operation("key schedule", || Sm4::with_backend(&secret_array(), backend));
        blocks(watch, &cipher);
        streams(watch, &cipher);
        gcm(watch, &cipher);
        ccm(watch, &cipher);
        xts(watch, backend);
        macs(watch, &cipher);
        wrapped(watch, &cipher);
    }
    // It chooses its backend itself.
    padding(watch);
}

/// Whole blocks of secret text, in each number.
fn each_count(mut run: impl FnMut(&mut [u8])) {
    for count in COUNTS {
        let mut data = secret_bytes(16 * count);
        run(&mut data);
        black_box(data);
    }
}

/// Secret texts of each length.
fn each_length(mut run: impl FnMut(&mut [u8])) {
    for length in LENGTHS {
        let mut data = secret_bytes(length);
        run(&mut data);
        black_box(data);
    }
}

fn blocks(watch: &mut Watch, cipher: &Sm4) {
    watch.operation("block by the traits", || {
        let mut block = secret_array().into();
        cipher.encrypt_block(&mut block);
        cipher.decrypt_block(&mut block);
    });
    watch.operation("ECB encryption", || {
        each_count(|data| ecb::encrypt(cipher, data).expect("whole blocks"));
    });
    watch.operation("ECB decryption", || {
        each_count(|data| ecb::decrypt(cipher, data).expect("whole blocks"));
    });
    watch.operation("CBC encryption", || {
        each_count(|data| cbc::encrypt_in_place(cipher, &IV, data).expect("whole blocks"));
    });
    watch.operation("CBC encryption of many", || {
        let mut data = COUNTS.map(|count| secret_bytes(16 * count));
        let mut messages: Vec<_> = data.iter_mut().map(|data| (IV, data.as_mut_slice())).collect();
        cbc::encrypt_many(cipher, &mut messages).expect("whole blocks");
        black_box(data);
    });
    watch.operation("CBC decryption", || {
        each_count(|data| cbc::decrypt_in_place(cipher, &IV, data).expect("whole blocks"));
    });
    watch.operation("CBC in pieces", || {
        let mut encryptor = cbc::Encryptor::new(cipher.clone(), &IV);
        let mut decryptor = cbc::Decryptor::new(cipher.clone(), &IV);
        each_count(|data| {
            encryptor.encrypt_in_place(data).expect("whole blocks");
            decryptor.decrypt_in_place(data).expect("whole blocks");
        });
    });
}

fn streams(watch: &mut Watch, cipher: &Sm4) {
    watch.operation("CTR", || each_length(|data| ctr::xor_in_place(cipher, &[0xff; 16], data)));
    watch.operation("CTR in pieces", || {
        let mut stream = ctr::Ctr::new(cipher.clone(), &IV);
        each_length(|data| stream.xor_in_place(data));
    });
    watch.operation("OFB", || each_length(|data| ofb::xor_in_place(cipher, &IV, data)));
    watch.operation("OFB and CFB in pieces", || {
        let mut stream = ofb::Ofb::new(cipher.clone(), &IV);
        let mut encryptor = cfb::Encryptor::new(cipher.clone(), &IV);
        let mut decryptor = cfb::Decryptor::new(cipher.clone(), &IV);
        each_length(|data| {
            stream.xor_in_place(data);
            encryptor.encrypt_in_place(data);
            decryptor.decrypt_in_place(data);
        });
    });
    watch.operation("CFB encryption", || {
        each_length(|data| cfb::encrypt_in_place(cipher, &IV, data));
    });
    watch.operation("CFB decryption", || {
        each_length(|data| cfb::decrypt_in_place(cipher, &IV, data));
    });
}

fn gcm(watch: &mut Watch, cipher: &Sm4) {
    let gcm = watch.operation("GCM key", || Gcm::with_cipher(cipher.clone()));
    for (name, nonce) in [("GCM", &[9; 12][..]), ("GCM with a long nonce", &[9; 20])] {
        watch.operation(&format!("{name}: sealing"), || {
            each_length(|data| {
                black_box(gcm.seal_in_place(nonce, b"aad", data).expect("short"));
            });
        });
        watch.operation(&format!("{name}: opening"), || {
            each_length(|data| {
                let mut tag = gcm.seal_in_place(nonce, b"aad", data).expect("short");
                public(&mut tag);
                public(data);
                gcm.open_in_place(nonce, b"aad", data, &tag).expect("just sealed");
            });
        });
        watch.operation(&format!("{name}: in pieces"), || gcm_in_pieces(&gcm, nonce));
        watch.operation(&format!("{name}: opening of what was changed"), || {
            let sealed = &mut [1; 50];
            gcm.open_in_place(nonce, b"aad", sealed, &[2; 16]).expect_err("not sealed");
        });
    }
}

fn gcm_in_pieces(gcm: &Gcm, nonce: &[u8]) {
    let sealing = gcm::Encryptor::new(gcm.clone(), nonce, b"aad");
    let mut sealing = sealing.expect("a nonce");
    let mut sealed = Vec::new();
    each_length(|data| {
        sealing.encrypt_in_place(data).expect("short");
        public(data);
        sealed.push(data.to_vec());
    });
    let mut tag = sealing.finish();
    public(&mut tag);
    let checking = gcm::Authenticator::new(gcm.clone(), nonce, b"aad");
    let mut checking = checking.expect("a nonce");
    let opening = || gcm::Decryptor::unverified(gcm.clone(), nonce, b"aad").expect("a nonce");
    let (mut right, mut wrong) = (opening(), opening());
    for mut piece in sealed {
        checking.update(&piece).expect("short");
        wrong.decrypt_in_place(&mut piece.clone()).expect("short");
        right.decrypt_in_place(&mut piece).expect("short");
        black_box(piece);
    }
    checking.finish(&tag).expect("just sealed");
    right.finish(&tag[..12]).expect("just sealed");
    wrong.finish(&[1; 16]).expect_err("not the tag");
}

fn ccm(watch: &mut Watch, cipher: &Sm4) {
    for nonce in [&[9; 7][..], &[9; 13]] {
        watch.operation("CCM with a short tag", || {
            let ccm = Ccm::<8>::with_tag(cipher.clone());
            let mut data = secret_bytes(100);
            let mut tag = ccm.seal_in_place(nonce, &secret_bytes(40), &mut data).expect("short");
            public(&mut tag);
            public(data.as_mut_slice());
            ccm.open_in_place(nonce, &secret_bytes(40), &mut data, &tag).expect("just sealed");
        });
    }
    let ccm = Ccm::with_cipher(cipher.clone());
    watch.operation("CCM: opening of what was sealed", || {
        each_length(|data| {
            let mut tag = ccm.seal_in_place(&[9; 12], b"aad", data).expect("short");
            public(&mut tag);
            public(data);
            ccm.open_in_place(&[9; 12], b"aad", data, &tag).expect("just sealed");
        });
    });
    watch.operation("CCM in pieces", || ccm_in_pieces(&ccm));
    watch.operation("CCM: opening of what was changed", || {
        ccm.open_in_place(&[9; 12], b"aad", &mut [1; 50], &[2; 16]).expect_err("not sealed")
    });
}

fn ccm_in_pieces(ccm: &Ccm) {
    let mut texts = Vec::new();
    each_length(|data| texts.push(data.to_vec()));
    let length = LENGTHS.iter().sum::<usize>().try_into().expect("short");
    let mut sealing = ccm::Encryptor::new(ccm.clone(), &[9; 12], b"aad", length).expect("short");
    for piece in &mut texts {
        sealing.encrypt_in_place(piece).expect("as told");
        public(piece.as_mut_slice());
    }
    let mut tag = sealing.finish().expect("as told");
    public(&mut tag);
    let check = || {
        let mut check =
            ccm::Authenticator::new(ccm.clone(), &[9; 12], b"aad", length).expect("short");
        texts.iter().for_each(|piece| check.update(piece).expect("as told"));
        check
    };
    check().finish(&[1; 16]).expect_err("not the tag");
    let mut opening = check().finish(&tag).expect("just sealed");
    for piece in &texts {
        let mut piece = piece.clone();
        opening.decrypt_in_place(&mut piece).expect("as told");
        black_box(piece);
    }
    opening.finish(&tag).expect("just sealed");
}

fn xts(watch: &mut Watch, backend: Backend) {
    for (name, order) in [("GB/T 17964", Order::Gbt17964), ("IEEE 1619", Order::Ieee1619)] {
        let xts = watch.operation(&format!("XTS of {name}: keys"), || {
            Xts::with_backend(&secret_array(), order, backend).expect("two different keys")
        });
        watch.operation(&format!("XTS of {name}"), || {
            for length in [16, 17, 31, 64, 257, 1024, 2500] {
                let mut data = secret_bytes(length);
                xts.encrypt_in_place(&IV, &mut data).expect("a block or more");
                xts.decrypt_in_place(&IV, &mut data).expect("a block or more");
                black_box(data);
            }
        });
    }
}

fn macs(watch: &mut Watch, cipher: &Sm4) {
    watch.operation("CMAC", || {
        each_length(|data| {
            let mut mac = cmac::Cmac::with_cipher(cipher.clone());
            mac.update(data);
            black_box(mac.finish());
        });
    });
    watch.operation("CMAC of what was changed", || {
        let mut mac = cmac::Cmac::with_cipher(cipher.clone());
        mac.update(&secret_bytes(100));
        mac.verify(&[1; 16]).expect_err("changed")
    });
    watch.operation("CMAC of what is right", || {
        let mut tag = cmac::tag(cipher, &secret_bytes(100));
        public(&mut tag);
        let mut mac = cmac::Cmac::with_cipher(cipher.clone());
        mac.update(&secret_bytes(100));
        mac.verify(&tag).expect("the tag")
    });
    watch.operation("CBC-MAC, verified", || {
        let (message, padding) = (secret_bytes(100), cbc_mac::Padding::OneAndZeros);
        let mut tag = cbc_mac::tag(cipher, padding, &message);
        public(&mut tag);
        cbc_mac::verify(cipher, padding, &message, &tag[..8]).expect("the tag");
        cbc_mac::verify(cipher, padding, &message, &[1; 16]).expect_err("not the tag");
    });
    watch.operation("CBC-MAC", || {
        use cbc_mac::Padding::{LengthFirst, OneAndZeros, Zeros};
        each_length(|data| {
            for padding in [Zeros, OneAndZeros, LengthFirst] {
                black_box(cbc_mac::tag(cipher, padding, data));
            }
        });
    });
}

fn wrapped(watch: &mut Watch, cipher: &Sm4) {
    let mut whole = watch.operation("key wrap", || {
        key_wrap::wrap(cipher, &secret_array::<32>()).expect("whole halves")
    });
    let mut padded = watch.operation("key wrap with padding", || {
        key_wrap::wrap_padded(cipher, &secret_array::<21>()).expect("not empty")
    });
    public(whole.as_mut_slice());
    public(padded.as_mut_slice());
    watch.operation("key unwrap", || {
        key_wrap::unwrap(cipher, &whole).expect("just wrapped");
        key_wrap::unwrap_padded(cipher, &padded).expect("just wrapped");
        key_wrap::unwrap(cipher, &padded).expect_err("with padding");
        key_wrap::unwrap_padded(cipher, &whole).expect_err("without padding");
    });
}

fn padding(watch: &mut Watch) {
    watch.operation("CBC with padding", || {
        LENGTHS.map(|length| {
            let key = secret_array();
            let mut sealed = cbc::encrypt_padded(&key, &IV, &secret_bytes(length));
            public(sealed.as_mut_slice());
            cbc::decrypt_padded(&key, &IV, &sealed).expect("just encrypted")
        })
    });
    watch.operation("CBC with wrong padding", || {
        let key = secret_array();
        (0..8).for_each(|byte| drop(cbc::decrypt_padded(&key, &IV, &[byte; 48])));
    });
}
