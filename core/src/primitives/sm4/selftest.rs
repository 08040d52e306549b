//! Known answers for the self-tests of SM4.

use zeroize::Zeroizing;

use super::{
    Backend, Block, Sm4, cbc, cbc_mac,
    ccm::Ccm,
    cfb, cmac, ctr, ecb,
    gcm::Gcm,
    key_wrap, ofb,
    xts::{Order, Xts},
};
use crate::{
    error::Error,
    primitives::selftest::{SelfTested, Test, agrees},
};

impl SelfTested for Backend {
    const ALGORITHM: &'static str = "sm4";
    const NUMBER: u32 = 1;
    const TESTS: &'static [Test<Self>] = &[
        ("block", "单分组", block),
        ("ECB", "ECB", ecb),
        ("CBC", "CBC", cbc),
        ("CTR", "CTR", ctr),
        ("GCM", "GCM", gcm),
        ("CCM", "CCM", ccm),
        ("XTS", "XTS", xts),
        ("CFB", "CFB", cfb),
        ("OFB", "OFB", ofb),
        ("MACs", "消息鉴别码", macs),
        ("key wrap", "密钥封装", wraps),
    ];

    fn number(self) -> u32 {
        match self {
            Self::Portable => 0,
            #[cfg(target_arch = "x86_64")]
            Self::Aes(_) => 1,
            #[cfg(target_arch = "x86_64")]
            Self::Gfni(_) => 2,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => 3,
            #[cfg(target_arch = "aarch64")]
            Self::Aes(_) => 1,
            #[cfg(target_arch = "aarch64")]
            Self::Sm4(_) => 2,
        }
    }

    fn name(self) -> &'static str {
        self.name()
    }
}

/// The key, and the plaintext, of GB/T 32907-2016, A.1; the key of RFC 8998, A.1.
const KEY: [u8; 16] = *b"\
    \x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10";
/// The ciphertext of GB/T 32907-2016, A.1.
const CIPHERTEXT: [u8; 16] = *b"\
    \x68\x1e\xdf\x34\xd2\x06\x96\x5e\x86\xb3\xe9\x4f\x53\x6e\x42\x46";
/// The key of the examples of GB/T 17964-2021, Appendix B.
const MODES_KEY: [u8; 16] = *b"\
    \x2b\x7e\x15\x16\x28\xae\xd2\xa6\xab\xf7\x15\x88\x09\xcf\x4f\x3c";
/// Their initial value, and the first counter.
const MODES_IV: [u8; 16] = *b"\
    \x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f";
/// Their plaintext.
const MODES_TEXT: [u8; 64] = *b"\
    \x6b\xc1\xbe\xe2\x2e\x40\x9f\x96\xe9\x3d\x7e\x11\x73\x93\x17\x2a\
    \xae\x2d\x8a\x57\x1e\x03\xac\x9c\x9e\xb7\x6f\xac\x45\xaf\x8e\x51\
    \x30\xc8\x1c\x46\xa3\x5c\xe4\x11\xe5\xfb\xc1\x19\x1a\x0a\x52\xef\
    \xf6\x9f\x24\x45\xdf\x4f\x9b\x17\xad\x2b\x41\x7b\xe6\x6c\x37\x10";
/// What ECB makes of it.
const ECB: [u8; 64] = *b"\
    \xa5\x14\x11\xff\x04\xa7\x11\x44\x38\x91\xfc\xe7\xab\x84\x2a\x29\
    \xd5\xb5\x0f\x46\xa9\xa7\x30\xa0\xf5\x90\xff\xa7\x76\xd9\x98\x55\
    \xc9\xa8\x6a\x4d\x71\x44\x7f\x4e\x87\x3a\xda\x4f\x38\x8a\xf9\xb9\
    \x2b\x25\x55\x7b\x50\x51\x4d\x15\x59\x39\xe6\xec\x94\x0a\xd9\x0e";
/// What CBC makes of it.
const CBC: [u8; 64] = *b"\
    \xac\x52\x9a\xf9\x89\xa6\x2f\xce\x9c\xdd\xc5\xff\xb8\x41\x25\xca\
    \xb1\x68\xdd\x69\xdb\x3c\x0e\xea\x1a\xb1\x6d\xe6\xae\xa4\x3c\x59\
    \x2c\x15\x56\x7b\xff\x8f\x70\x74\x86\xc2\x02\xc7\xbe\x59\x10\x1f\
    \x74\xa6\x29\xb3\x50\xcd\x7e\x11\xbe\x99\x99\x8a\xf5\x20\x6d\x6c";
/// What CTR makes of it.
const CTR: [u8; 64] = *b"\
    \xbc\x71\x0d\x76\x2d\x07\x0b\x26\x36\x1d\xa8\x2b\x54\x56\x5e\x46\
    \xb0\x2b\x3d\xbd\xdd\x50\xd5\xb4\x58\xae\xcc\xb2\x5d\xa1\x05\xe1\
    \x6a\xd7\x0b\xc0\x11\x75\xad\x43\xb0\x80\x6a\x2e\x7b\x9c\xa5\x45\
    \x60\x24\x59\xa0\x6b\x7d\x13\x0d\xde\x42\xa3\xe0\x47\x68\x18\xd2";
/// The nonce of RFC 8998, A.1.
const GCM_NONCE: [u8; 12] = *b"\
    \x00\x00\x12\x34\x56\x78\x00\x00\x00\x00\xab\xcd";
/// The associated data of RFC 8998, A.1.
const GCM_AAD: [u8; 20] = *b"\
    \xfe\xed\xfa\xce\xde\xad\xbe\xef\xfe\xed\xfa\xce\xde\xad\xbe\xef\
    \xab\xad\xda\xd2";
/// The plaintext of RFC 8998, A.1.
const GCM_TEXT: [u8; 64] = *b"\
    \xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xbb\xbb\xbb\xbb\xbb\xbb\xbb\xbb\
    \xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\
    \xee\xee\xee\xee\xee\xee\xee\xee\xff\xff\xff\xff\xff\xff\xff\xff\
    \xee\xee\xee\xee\xee\xee\xee\xee\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa";
/// The ciphertext of RFC 8998, A.1.
const GCM_CIPHERTEXT: [u8; 64] = *b"\
    \x17\xf3\x99\xf0\x8c\x67\xd5\xee\x19\xd0\xdc\x99\x69\xc4\xbb\x7d\
    \x5f\xd4\x6f\xd3\x75\x64\x89\x06\x91\x57\xb2\x82\xbb\x20\x07\x35\
    \xd8\x27\x10\xca\x5c\x22\xf0\xcc\xfa\x7c\xbf\x93\xd4\x96\xac\x15\
    \xa5\x68\x34\xcb\xcf\x98\xc3\x97\xb4\x02\x4a\x26\x91\x23\x3b\x8d";
/// The tag of RFC 8998, A.1.
const GCM_TAG: [u8; 16] = *b"\
    \x83\xde\x35\x41\xe4\xc2\xb5\x81\x77\xe0\x65\xa9\xbf\x7b\x62\xec";
/// The tag under the same key, nonce and associated data of the bytes 0 to 250 again and again, 2000 of them:
/// more than any kernel takes together. Computed with OpenSSL.
const GCM_LONG_TAG: [u8; 16] = *b"\
    \xa4\xec\x96\x7e\x3a\x6d\x3e\x71\xa0\x3a\x12\x14\xc4\xdc\x5d\xe6";

/// The ciphertext of RFC 8998, A.2, of the same inputs.
const CCM_CIPHERTEXT: [u8; 64] = *b"\
    \x48\xaf\x93\x50\x1f\xa6\x2a\xdb\xcd\x41\x4c\xce\x60\x34\xd8\x95\
    \xdd\xa1\xbf\x8f\x13\x2f\x04\x20\x98\x66\x15\x72\xe7\x48\x30\x94\
    \xfd\x12\xe5\x18\xce\x06\x2c\x98\xac\xee\x28\xd9\x5d\xf4\x41\x6b\
    \xed\x31\xa2\xf0\x44\x76\xc1\x8b\xb4\x0c\x84\xa7\x4b\x97\xdc\x5b";
/// The tag of RFC 8998, A.2.
const CCM_TAG: [u8; 16] = *b"\
    \x16\x84\x2d\x4f\xa1\x86\xf5\x6a\xb3\x32\x56\x97\x1f\xa1\x10\xf4";
/// The tag under the same key, nonce and associated data of the bytes 0 to 250 again and again, 2001 of them:
/// what is done for long texts, and a last block that is not whole. Computed with libgcrypt.
const CCM_LONG_TAG: [u8; 16] = *b"\
    \x8b\x22\x8a\x3d\x65\xd9\xea\xc0\x55\xfe\x86\x1f\x47\x23\xde\xdd";
/// The tweak of the example of XTS, whose keys are [`MODES_KEY`] and [`MODES_IV`].
const XTS_TWEAK: [u8; 16] = *b"\
    \xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa\xfb\xfc\xfd\xfe\xff";
/// What XTS makes of the first 56 bytes of the plaintext.
const XTS: [u8; 56] = *b"\
    \xe9\x53\x82\x51\xc7\x1d\x7b\x80\xbb\xe4\x48\x3f\xef\x49\x7b\xd1\
    \x2c\x5c\x58\x1b\xd6\x24\x2f\xc5\x1e\x08\x96\x4f\xb4\xf6\x0f\xdb\
    \x0b\xa4\x2f\x63\x49\x92\x79\x21\x3d\x31\x8d\x2c\x11\xf6\x88\x6e\
    \x90\x3b\xe7\xf9\x3a\x1b\x34\x79";
/// What XTS with the tweak doubled as in IEEE 1619 makes of them. From the tests of OpenSSL.
const XTS_IEEE: [u8; 56] = *b"\
    \xe9\x53\x82\x51\xc7\x1d\x7b\x80\xbb\xe4\x48\x3f\xef\x49\x7b\xd1\
    \xb3\xdb\x1a\x3e\x60\x40\x8c\x57\x5d\x63\xff\x7d\xb3\x9f\x83\x26\
    \x08\x69\xf9\xe2\x58\x5f\xec\x9f\x0b\x86\x3b\xf8\xfd\x78\x4b\x86\
    \x27\xd1\x6c\x0d\xb6\xd2\xcf\xc7";
/// What CFB makes of the first 56 bytes of the plaintext.
const CFB: [u8; 56] = *b"\
    \xbc\x71\x0d\x76\x2d\x07\x0b\x26\x36\x1d\xa8\x2b\x54\x56\x5e\x46\
    \xa4\xcd\x42\x78\x6a\x3a\x52\x93\xa3\xc6\xcb\xc1\x23\xf0\xb3\x54\
    \x40\x70\x55\xb1\xc1\xa5\xd9\x98\x2c\x18\x7d\x5c\x3e\xe0\xce\xd8\
    \x4b\x82\xc4\x0f\x2f\x0a\x4e\x03";
/// What OFB makes of the plaintext.
const OFB: [u8; 64] = *b"\
    \xbc\x71\x0d\x76\x2d\x07\x0b\x26\x36\x1d\xa8\x2b\x54\x56\x5e\x46\
    \x07\xa0\xc6\x28\x34\x74\x0a\xd3\x24\x0d\x23\x91\x25\xe1\x16\x21\
    \xd4\x76\xb2\x1c\xc9\xf0\x49\x51\xf0\x74\x1d\x2e\xf9\xe0\x94\x98\
    \x15\x84\xfc\x14\x2b\xf1\x3a\xa6\x26\xb8\x2f\x9d\x7d\x07\x6c\xce";
/// The message of the examples of GB/T 15852.1-2020, under the key [`KEY`].
const MAC_MESSAGE: &[u8] = b"This is the test message for mac";
/// Its CMAC.
const CMAC: [u8; 16] = *b"\
    \x69\x2c\x43\x71\x00\xf3\xb5\xee\x2b\x8a\xbc\xef\x37\x3d\x99\x0c";
/// Its CBC-MAC, padded by method 2.
const CBC_MAC: [u8; 16] = *b"\
    \x4b\x65\x53\xaf\x3c\x4e\x27\x44\x84\x12\x31\x5a\xc7\x84\x95\x35";
/// [`KEY`] wrapped under itself. From the tests of Bouncy Castle, as the next.
const WRAPPED: [u8; 24] = *b"\
    \x5d\x9c\x31\xd2\xf3\x7a\x18\x6c\x13\x94\x3c\x7e\x65\x0f\xbc\xf8\
    \x95\xa9\x1f\x67\x0b\x7b\x92\xbd";
/// The same with padding.
const WRAPPED_PADDED: [u8; 24] = *b"\
    \x7d\x71\x10\xbf\xbd\xad\x2f\x7b\x45\x34\x99\x33\x8f\xd4\x0f\x27\
    \x01\x4b\xe9\x7c\x0c\x69\x86\x7a";
/// More than any kernel takes together, with a rest of every power of two.
const MANY: usize = 64 + 32 + 16 + 8 + 4 + 2 + 1;

fn block(backend: Backend) -> bool {
    let cipher = Sm4::with_backend(&KEY, backend);
    let mut data = KEY;
    let encrypts = ecb::encrypt(&cipher, &mut data).is_ok() && agrees(&data, &CIPHERTEXT);
    let decrypts = ecb::decrypt(&cipher, &mut data).is_ok() && agrees(&data, &KEY);
    encrypts && decrypts
}

/// The blocks of the standard's example, three of them in turn: a number that no kernel's is a multiple of.
fn turns(blocks: &[u8; 64]) -> Vec<u8> {
    blocks[..48].iter().copied().cycle().take(16 * MANY).collect()
}

fn ecb(backend: Backend) -> bool {
    let cipher = Sm4::with_backend(&MODES_KEY, backend);
    let mut data = turns(&MODES_TEXT);
    let encrypts = ecb::encrypt(&cipher, &mut data).is_ok() && agrees(&data, &turns(&ECB));
    let decrypts = ecb::decrypt(&cipher, &mut data).is_ok() && agrees(&data, &turns(&MODES_TEXT));
    encrypts && decrypts
}

fn cbc(backend: Backend) -> bool {
    let cipher = Sm4::with_backend(&MODES_KEY, backend);
    let mut data = MODES_TEXT;
    let encrypts =
        cbc::encrypt_in_place(&cipher, &MODES_IV, &mut data).is_ok() && agrees(&data, &CBC);
    let decrypts =
        cbc::decrypt_in_place(&cipher, &MODES_IV, &mut data).is_ok() && agrees(&data, &MODES_TEXT);
    // One chain is encrypted block by block, and decrypted many blocks at a time.
    let mut data = turns(&MODES_TEXT);
    let long = cbc::encrypt_in_place(&cipher, &MODES_IV, &mut data).is_ok()
        && cbc::decrypt_in_place(&cipher, &MODES_IV, &mut data).is_ok()
        && agrees(&data, &turns(&MODES_TEXT));
    // Chains of one and of four blocks side by side, each as alone.
    let mut data = [MODES_TEXT; 17];
    let length = |i: usize| if i.is_multiple_of(3) { 16 } else { 64 };
    let mut chains: Vec<_> =
        data.iter_mut().enumerate().map(|(i, data)| (MODES_IV, &mut data[..length(i)])).collect();
    let many = cbc::encrypt_many(&cipher, &mut chains).is_ok()
        && chains.iter().all(|(_, data)| agrees(data, &CBC[..data.len()]));
    encrypts && decrypts && long && many
}

fn ctr(backend: Backend) -> bool {
    let cipher = Sm4::with_backend(&MODES_KEY, backend);
    let mut data = MODES_TEXT;
    ctr::xor_in_place(&cipher, &MODES_IV, &mut data);
    let short = agrees(&data, &CTR);
    // A long keystream is the encryption of its counters.
    let first = u128::from_be_bytes(MODES_IV);
    let counters: [Block; MANY] = std::array::from_fn(|i| (first + i as u128).to_be_bytes());
    let mut expected = counters;
    let mut data = [[0; 16]; MANY];
    ctr::xor_in_place(&cipher, &MODES_IV, data.as_flattened_mut());
    let encrypted = ecb::encrypt(&cipher, expected.as_flattened_mut()).is_ok();
    short && encrypted && agrees(data.as_flattened(), expected.as_flattened())
}

fn gcm(backend: Backend) -> bool {
    let gcm = Gcm::with_cipher(Sm4::with_backend(&KEY, backend));
    let mut data = GCM_TEXT;
    let sealed = gcm.seal_in_place(&GCM_NONCE, &GCM_AAD, &mut data);
    let seals = sealed.is_ok_and(|tag| agrees(&tag, &GCM_TAG)) && agrees(&data, &GCM_CIPHERTEXT);
    let mut altered = GCM_TAG;
    altered[15] ^= 1;
    let refuses = gcm.open_in_place(&GCM_NONCE, &GCM_AAD, &mut data, &altered).is_err();
    let opens = gcm.open_in_place(&GCM_NONCE, &GCM_AAD, &mut data, &GCM_TAG).is_ok()
        && agrees(&data, &GCM_TEXT);
    let mut long: Vec<u8> = (0..=250).cycle().take(2000).collect();
    let sealed = gcm.seal_in_place(&GCM_NONCE, &GCM_AAD, &mut long);
    seals && refuses && opens && sealed.is_ok_and(|tag| agrees(&tag, &GCM_LONG_TAG))
}

fn ccm(backend: Backend) -> bool {
    let ccm = Ccm::<16>::with_cipher(Sm4::with_backend(&KEY, backend));
    let mut data = GCM_TEXT;
    let sealed = ccm.seal_in_place(&GCM_NONCE, &GCM_AAD, &mut data);
    let seals = sealed.is_ok_and(|tag| agrees(&tag, &CCM_TAG)) && agrees(&data, &CCM_CIPHERTEXT);
    let mut altered = CCM_TAG;
    altered[15] ^= 1;
    let refuses = ccm.open_in_place(&GCM_NONCE, &GCM_AAD, &mut data, &altered).is_err();
    let opens = ccm.open_in_place(&GCM_NONCE, &GCM_AAD, &mut data, &CCM_TAG).is_ok()
        && agrees(&data, &GCM_TEXT);
    let text: Vec<u8> = (0..=250).cycle().take(2001).collect();
    let mut long = text.clone();
    let sealed = ccm.seal_in_place(&GCM_NONCE, &GCM_AAD, &mut long);
    // The tag is over the text: whether the ciphertext is right is told by decrypting it.
    let seals_long = sealed.is_ok_and(|tag| agrees(&tag, &CCM_LONG_TAG))
        && ccm.open_in_place(&GCM_NONCE, &GCM_AAD, &mut long, &CCM_LONG_TAG).is_ok()
        && agrees(&long, &text);
    seals && refuses && opens && seals_long
}

fn xts(backend: Backend) -> bool {
    let mut key = [0; 32];
    key[..16].copy_from_slice(&MODES_KEY);
    key[16..].copy_from_slice(&MODES_IV);
    [(Order::Gbt17964, XTS), (Order::Ieee1619, XTS_IEEE)].into_iter().all(|(order, known)| {
        let Ok(xts) = Xts::with_backend(&key, order, backend) else { return false };
        let mut data: [u8; 56] = std::array::from_fn(|i| MODES_TEXT[i]);
        let encrypts = xts.encrypt_in_place(&XTS_TWEAK, &mut data).is_ok() && agrees(&data, &known);
        let decrypts =
            xts.decrypt_in_place(&XTS_TWEAK, &mut data).is_ok() && agrees(&data, &MODES_TEXT[..56]);
        let mut data = turns(&MODES_TEXT);
        let long = xts.encrypt_in_place(&XTS_TWEAK, &mut data).is_ok()
            && agrees(&data[..32], &known[..32])
            && xts.decrypt_in_place(&XTS_TWEAK, &mut data).is_ok()
            && agrees(&data, &turns(&MODES_TEXT));
        encrypts && decrypts && long
    })
}

fn cfb(backend: Backend) -> bool {
    let cipher = Sm4::with_backend(&MODES_KEY, backend);
    let mut data: [u8; 56] = std::array::from_fn(|i| MODES_TEXT[i]);
    cfb::encrypt_in_place(&cipher, &MODES_IV, &mut data);
    let encrypts = agrees(&data, &CFB);
    cfb::decrypt_in_place(&cipher, &MODES_IV, &mut data);
    let decrypts = agrees(&data, &MODES_TEXT[..56]);
    // One chain is encrypted block by block, and decrypted many blocks at a time.
    let mut data = turns(&MODES_TEXT);
    cfb::encrypt_in_place(&cipher, &MODES_IV, &mut data);
    cfb::decrypt_in_place(&cipher, &MODES_IV, &mut data);
    encrypts && decrypts && agrees(&data, &turns(&MODES_TEXT))
}

fn ofb(backend: Backend) -> bool {
    let mut data = MODES_TEXT;
    ofb::xor_in_place(&Sm4::with_backend(&MODES_KEY, backend), &MODES_IV, &mut data);
    agrees(&data, &OFB)
}

fn macs(backend: Backend) -> bool {
    let cipher = Sm4::with_backend(&KEY, backend);
    let padding = cbc_mac::Padding::OneAndZeros;
    agrees(&cmac::tag(&cipher, MAC_MESSAGE), &CMAC)
        && agrees(&cbc_mac::tag(&cipher, padding, MAC_MESSAGE), &CBC_MAC)
}

fn wraps(backend: Backend) -> bool {
    let cipher = Sm4::with_backend(&KEY, backend);
    let is_wrapped =
        |wrapped: Result<Vec<u8>, Error>, known: &[u8]| wrapped.is_ok_and(|it| agrees(&it, known));
    let is_key = |key: Result<Zeroizing<Vec<u8>>, Error>| key.is_ok_and(|key| agrees(&key, &KEY));
    is_wrapped(key_wrap::wrap(&cipher, &KEY), &WRAPPED)
        && is_wrapped(key_wrap::wrap_padded(&cipher, &KEY), &WRAPPED_PADDED)
        && is_key(key_wrap::unwrap(&cipher, &WRAPPED))
        && is_key(key_wrap::unwrap_padded(&cipher, &WRAPPED_PADDED))
}
