//! What the peers lack, by its formula over what they have.

use ::sm2::{
    NonZeroScalar, ProjectivePoint, PublicKey, Scalar, SecretKey,
    elliptic_curve::{PrimeField as _, group::Group as _, sec1::ToSec1Point as _},
};
use digest::Digest as _;
use yinxin::primitives::sm4::Block;

/// SM2 encryption with the nonce k (GB/T 32918.4-2016, 6.1) over RustCrypto's points and SM3: C1 ‖ C3 ‖ C2.
pub(super) fn sm2_encrypt(key: &PublicKey, k: &NonZeroScalar, plaintext: &[u8]) -> Vec<u8> {
    let c1 = coordinates(ProjectivePoint::GENERATOR * **k);
    let shared = coordinates(key.to_projective() * **k);
    let mut c2 = kdf(&[&shared], plaintext.len());
    add(&mut c2, plaintext);
    let (x, y) = shared.split_at(32);
    let c3 = sm3(&[x, plaintext, y]);
    [&[4], &c1[..], &c3, &c2].concat()
}

/// One side of the key exchange of GB/T 32918.3-2016, 6.1, over RustCrypto's points and SM3.
pub(super) struct Exchange<'a> {
    pub(super) d: &'a SecretKey,
    pub(super) r: &'a NonZeroScalar,
    pub(super) peer: &'a PublicKey,
    /// What the peer sent.
    pub(super) message: &'a [u8; 65],
    /// Z of the initiator and of the responder.
    pub(super) z: [[u8; 32]; 2],
    pub(super) is_initiator: bool,
}

impl Exchange<'_> {
    /// The key of `length` bytes, and the confirmations of the initiator and of the responder; none if the shared
    /// point is infinite.
    pub(super) fn agree(&self, length: usize) -> Option<(Vec<u8>, [[u8; 32]; 2])> {
        let theirs = PublicKey::from_sec1_bytes(self.message).ok()?;
        let own = coordinates(ProjectivePoint::GENERATOR * **self.r);
        let t = *self.d.to_nonzero_scalar() + half(&own) * **self.r;
        let message = coordinates(theirs.to_projective());
        let sum = self.peer.to_projective() + theirs.to_projective() * half(&message);
        let shared = sum * t;
        if bool::from(shared.is_identity()) {
            return None;
        }
        let shared = coordinates(shared);
        let [z_a, z_b] = &self.z;
        let [r_a, r_b] = if self.is_initiator { [own, message] } else { [message, own] };
        let (x, y) = shared.split_at(32);
        let inner = sm3(&[x, z_a, z_b, &r_a, &r_b]);
        let confirmations = [3, 2].map(|tag| sm3(&[&[tag], y, &inner]));
        Some((kdf(&[&shared, z_a, z_b], length), confirmations))
    }
}

/// 2^127 + (x mod 2^127).
fn half(point: &[u8; 64]) -> Scalar {
    let (x, _) = point.split_at(32);
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(x).skip(16).for_each(|(byte, x)| *byte = *x);
    bytes[16] |= 0x80;
    Scalar::from_repr(bytes.into()).expect("below n")
}

/// x ‖ y.
fn coordinates(point: ProjectivePoint) -> [u8; 64] {
    let sec1 = point.to_affine().to_sec1_point(false);
    *sec1.as_bytes().last_chunk().expect("no infinite point")
}

fn sm3(parts: &[&[u8]]) -> [u8; 32] {
    ::sm3::Sm3::digest(parts.concat()).into()
}

/// KDF of GB/T 32918.4-2016, 5.4.3, over RustCrypto's SM3.
pub(super) fn kdf(z: &[&[u8]], length: usize) -> Vec<u8> {
    let z = z.concat();
    let digest = |counter: u32| sm3(&[&z, &counter.to_be_bytes()]);
    (1..).flat_map(digest).take(length).collect()
}

/// PBKDF2 of RFC 8018, 5.2, over libsmx's HMAC.
pub(super) fn pbkdf2(password: &[u8], salt: &[u8], iterations: u32, length: usize) -> Vec<u8> {
    let block = |number: u32| {
        let salt = [salt, &number.to_be_bytes()].concat();
        let mut u = libsmx::sm3::hmac_sm3(password, &salt);
        let mut sum = u;
        for _ in 1..iterations {
            u = libsmx::sm3::hmac_sm3(password, &u);
            add(&mut sum, &u);
        }
        sum
    };
    (1..).flat_map(block).take(length).collect()
}

/// XTS over the block cipher `encrypt` under key 1 and under key 2 (IEEE 1619-2018, 5.3). `double` is the
/// product of a tweak and α, in which the two standards differ.
pub(super) fn xts(
    encrypt: [impl Fn(Block) -> Block; 2],
    double: fn(Block) -> Block,
    tweak: &Block,
    text: &[u8],
) -> Vec<u8> {
    let [encrypt, encrypt_tweak] = encrypt;
    let mut tweak = encrypt_tweak(*tweak);
    let mut crypt = |mut block: Block| {
        add(&mut block, &tweak);
        block = encrypt(block);
        add(&mut block, &tweak);
        tweak = double(tweak);
        block
    };
    let (blocks, end) = text.as_chunks::<16>();
    let mut out: Vec<Block> = blocks.iter().map(|block| crypt(*block)).collect();
    let Some(last) = out.pop() else { return Vec::new() };
    if end.is_empty() {
        return [out.as_flattened(), &last].concat();
    }
    // The end takes the place of the start of the last block, which becomes the end.
    let (stolen, rest) = last.split_at(end.len());
    let filled = [end, rest].concat().try_into().expect("a block");
    [out.as_flattened(), &crypt(filled), stolen].concat()
}

/// α times a tweak whose first bit is the lowest of its first byte (IEEE 1619-2018, 5.2).
pub(super) fn double_ieee(tweak: Block) -> Block {
    let t = u128::from_le_bytes(tweak);
    ((t << 1) ^ ((t >> 127) * 0x87)).to_le_bytes()
}

/// α times a tweak whose first bit is the highest of its first byte (GB/T 17964-2021, clause 10).
pub(super) fn double_gb(tweak: Block) -> Block {
    let t = u128::from_be_bytes(tweak);
    ((t >> 1) ^ ((t & 1) * (0xe1 << 120))).to_be_bytes()
}

/// CBC-MAC of whole blocks: the last block of libsmx's CBC.
pub(super) fn cbc_mac(key: &Block, blocks: &[u8]) -> Block {
    last_block(&libsmx::sm4::sm4_encrypt_cbc(key, &[0; 16], blocks))
}

/// The last block of a CBC that started at zero: a CBC-MAC.
pub(super) fn last_block(ciphertext: &[u8]) -> Block {
    ciphertext.last_chunk().copied().expect("a block")
}

/// CMAC (SP 800-38B, 6.2) over libsmx's CBC.
pub(super) fn cmac(key: &Block, message: &[u8]) -> Block {
    let double = |block: Block| {
        let t = u128::from_be_bytes(block);
        ((t << 1) ^ ((t >> 127) * 0x87)).to_be_bytes()
    };
    let k1 = double(libsmx_block(key, [0; 16]));
    let start = message.len().saturating_sub(1) / 16 * 16;
    let (whole, end) = message.split_at(start);
    let mut last = if end.len() == 16 { k1 } else { double(k1) };
    if end.len() < 16 {
        add(&mut last, &[end, &[0x80]].concat());
    } else {
        add(&mut last, end);
    }
    cbc_mac(key, &[whole, &last].concat())
}

/// GCM with a nonce of any length (SP 800-38D, 7.1) over libsmx's, which takes 12 bytes.
pub(super) fn gcm(key: &Block, nonce: &[u8], aad: &[u8], text: &[u8]) -> Vec<u8> {
    let ghash = |aad: &[u8], data: &[u8]| {
        // The text that the keystream turns into `data`, so that its tag is the hash of that, masked.
        let text = libsmx::sm4::sm4_crypt_ctr(key, &2_u128.to_be_bytes(), data);
        let (_, mut tag) = libsmx::sm4::sm4_encrypt_gcm(key, &[0; 12], aad, &text);
        add(&mut tag, &libsmx_block(key, 1_u128.to_be_bytes()));
        tag
    };
    let j0 = match nonce.try_into() {
        Ok(nonce) => {
            let nonce: &[u8; 12] = nonce;
            [&nonce[..], &[0, 0, 0, 1]].concat().try_into().expect("a block")
        }
        Err(_) => ghash(&[], nonce),
    };
    let (fixed, start) = j0.split_last_chunk::<4>().expect("four bytes");
    let count = u32::try_from(text.len().div_ceil(16)).expect("a short text");
    let start = u32::from_be_bytes(*start);
    let counters = (0..=count).flat_map(|i| [fixed, &start.wrapping_add(i).to_be_bytes()].concat());
    let stream = libsmx::sm4::sm4_encrypt_ecb(key, &counters.collect::<Vec<u8>>());
    let (mask, stream) = stream.split_at(16);
    let mut sealed = text.to_vec();
    add(&mut sealed, stream);
    let mut tag = ghash(aad, &sealed);
    add(&mut tag, mask);
    [&sealed[..], &tag].concat()
}

/// CCM with any nonce (SP 800-38C, 6.1 and appendix A) over libsmx's CBC and CTR, for additional data
/// below 65280 bytes.
pub(super) fn ccm(key: &Block, nonce: &[u8], tag: usize, aad: &[u8], text: &[u8]) -> Vec<u8> {
    let q = 15 - nonce.len();
    let byte = |number: usize| u8::try_from(number).expect("a small number");
    let length = text.len().to_be_bytes();
    let length = [&[0; 8][..], &length].concat();
    let length = length.split_at(length.len() - q).1;
    let flags = byte(64 * usize::from(!aad.is_empty()) + 8 * ((tag - 2) / 2) + q - 1);
    let mut message = [&[flags], nonce, length].concat();
    if !aad.is_empty() {
        let length = u16::try_from(aad.len()).expect("short additional data");
        message.extend([&length.to_be_bytes(), aad].concat());
    }
    for part in [&[][..], text] {
        message.extend(part);
        message.resize(message.len().next_multiple_of(16), 0);
    }
    let counter = [&[byte(q - 1)], nonce, &vec![0; q]].concat().try_into().expect("a block");
    let masked = [&cbc_mac(key, &message), text].concat();
    let masked = libsmx::sm4::sm4_crypt_ctr(key, &counter, &masked);
    let (mac, sealed) = masked.split_at(16);
    [sealed, mac.split_at(tag).0].concat()
}

/// W of RFC 3394, 2.2.1, over libsmx's blocks: of an initial value and at least one half block, of which a
/// single one is encrypted with it at once (RFC 5649, 4.1).
pub(super) fn key_wrap(key: &Block, initial: &[u8; 8], halves: &[[u8; 8]]) -> Vec<u8> {
    let cipher = libsmx::sm4::Sm4Key::new(key);
    let encrypt = |a: [u8; 8], r: [u8; 8]| {
        let mut block: Block = [a, r].concat().try_into().expect("a block");
        cipher.encrypt_block(&mut block);
        block
    };
    if let [only] = halves {
        return encrypt(*initial, *only).to_vec();
    }
    let (mut a, mut r) = (*initial, halves.to_vec());
    let mut step = 0_u64;
    for _ in 0..6 {
        for r in &mut r {
            step += 1;
            let block = encrypt(a, *r);
            let (first, second) = block.split_at(8);
            a = (u64::from_be_bytes(first.try_into().expect("a half")) ^ step).to_be_bytes();
            *r = second.try_into().expect("a half");
        }
    }
    [&a, r.as_flattened()].concat()
}

/// A block through the cipher of libsmx.
pub(super) fn libsmx_block(key: &Block, mut block: Block) -> Block {
    libsmx::sm4::Sm4Key::new(key).encrypt_block(&mut block);
    block
}

/// Adds `other` to as many of `bytes`.
pub(super) fn add(bytes: &mut [u8], other: &[u8]) {
    bytes.iter_mut().zip(other).for_each(|(byte, other)| *byte ^= other);
}
