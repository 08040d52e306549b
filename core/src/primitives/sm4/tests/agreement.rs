//! Every backend against the textbook and RustCrypto on many inputs: every number of blocks, counters
//! that carry anywhere, keys and hash keys at the edges. The modes are written here as their standards do.

use cipher::{Block as CipherBlock, BlockSizeUser as _};
use yinxin_vectors::random::{Stream, rounds, tell};

use super::{ghash::HashKey, *};

/// More than twice the blocks that any kernel takes at a time.
const MOST: usize = 210;

/// A block of random bytes, or of zeros, ones, or a single bit.
pub(super) fn block(stream: &mut Stream) -> Block {
    match stream.below(8) {
        0 => [0; 16],
        1 => [0xff; 16],
        2 => (1u128 << stream.below(128)).to_be_bytes(),
        3 => (!(1u128 << stream.below(128))).to_be_bytes(),
        _ => stream.array(),
    }
}

/// The block cipher of RustCrypto, which is faster than the textbook and compared with it.
pub(super) struct Peer(::sm4::Sm4);

impl Peer {
    pub(super) fn new(key: &Block) -> Self {
        assert_eq!(::sm4::Sm4::block_size(), 16);
        Self(::sm4::Sm4::new(key.into()))
    }

    pub(super) fn encrypt(&self, block: Block) -> Block {
        let mut block: CipherBlock<::sm4::Sm4> = block.into();
        self.0.encrypt_block(&mut block);
        block.into()
    }

    fn decrypt(&self, block: Block) -> Block {
        let mut block: CipherBlock<::sm4::Sm4> = block.into();
        self.0.decrypt_block(&mut block);
        block.into()
    }
}

pub(super) fn xor(a: &[u8], b: &[u8]) -> Vec<u8> {
    a.iter().zip(b).map(|(a, b)| a ^ b).collect()
}

#[test]
fn blocks_and_chains() {
    let mut stream = Stream::new(200);
    let (keys, mut blocks) = (rounds(400), 0);
    for i in 0..keys {
        let (key, iv) = (block(&mut stream), block(&mut stream));
        let plain: Vec<Block> = (0..i % (MOST + 1)).map(|_| block(&mut stream)).collect();
        let peer = Peer::new(&key);
        let separate: Vec<Block> = plain.iter().map(|&block| peer.encrypt(block)).collect();
        let mut chained = Vec::new();
        let mut previous = iv;
        for block in &plain {
            previous = peer.encrypt(xor(block, &previous).try_into().unwrap());
            chained.push(previous);
        }
        if let (Some(&first), Some(&expected)) = (plain.first(), separate.first()) {
            let textbook = Textbook::new(&key);
            assert_eq!(textbook.encrypt(first), expected);
            assert_eq!((textbook.decrypt(expected), peer.decrypt(expected)), (first, first));
        }
        for (backend, cipher) in ciphers(&key) {
            let case = format!("{backend:?} key {key:02x?}, {} blocks", plain.len());
            let mut data = plain.concat();
            ecb::encrypt(&cipher, &mut data).unwrap();
            assert_eq!(data, separate.concat(), "{case} encrypted");
            ecb::decrypt(&cipher, &mut data).unwrap();
            assert_eq!(data, plain.concat(), "{case} decrypted");
            cbc::encrypt_in_place(&cipher, &iv, &mut data).unwrap();
            assert_eq!(data, chained.concat(), "{case} chained");
            cbc::decrypt_in_place(&cipher, &iv, &mut data).unwrap();
            assert_eq!(data, plain.concat(), "{case} unchained");
        }
        blocks += plain.len();
    }
    tell(&format!("sm4: {blocks} blocks in batches of 0 to {MOST}, ECB and CBC, {keys} keys"));
}

/// The keystream block by block: E(counter), E(counter + 1), … modulo 2^128.
fn keystream(peer: &Peer, counter: u128, length: usize) -> Vec<u8> {
    let blocks = (0..).map(|i| peer.encrypt(counter.wrapping_add(i).to_be_bytes()));
    blocks.take(length.div_ceil(16)).flatten().take(length).collect()
}

#[test]
fn counters_that_carry() {
    let peer = Peer::new(&KEY);
    let mut stream = Stream::new(201);
    let borders = [8u32, 16, 24, 31, 32, 33, 56, 63, 64, 65, 72, 96, 127, 128];
    let repeat = rounds(1);
    let mut count = 0;
    for border in borders {
        for back in (0..=MOST as u128).cycle().take(repeat * (MOST + 1)) {
            // The counter reaches a multiple of 2^border after `back` blocks.
            let multiple = (u128::from(stream.word()) << 64 | u128::from(stream.word()))
                .checked_shr(border)
                .and_then(|high| high.checked_shl(border))
                .unwrap_or(0);
            let start = multiple.wrapping_sub(back);
            let length = stream.below(16 * MOST + 1);
            let plain = stream.bytes(length);
            let expected = xor(&plain, &keystream(&peer, start, length));
            for (backend, cipher) in ciphers(&KEY) {
                let case = format!("{backend:?} {start:032x} {length}");
                let mut data = plain.clone();
                ctr::xor_in_place(&cipher, &start.to_be_bytes(), &mut data);
                assert_eq!(data, expected, "{case}");
                let mut state = ctr::Ctr::new(cipher, &start.to_be_bytes());
                let mut data = plain.clone();
                let (first, rest) = data.split_at_mut(stream.below(length + 1));
                state.xor_in_place(first);
                state.xor_in_place(rest);
                assert_eq!(data, expected, "{case} in two pieces");
                count += 1;
            }
        }
    }
    tell(&format!("sm4: {count} keystreams across borders from 2^8 to 2^128"));
}

/// The product in GF(2^128) as SP 800-38D, 6.3, defines it, bit by bit: x^0 is the highest bit.
pub(super) fn product(x: u128, mut y: u128) -> u128 {
    let mut z = 0;
    for i in (0..128).rev() {
        if x >> i & 1 == 1 {
            z ^= y;
        }
        y = y >> 1 ^ if y & 1 == 1 { 0xe1 << 120 } else { 0 };
    }
    z
}

/// 1/h: h to the power 2^128 - 2.
fn inverse(h: u128) -> u128 {
    let (mut square, mut result) = (h, 1 << 127);
    for _ in 1..128 {
        square = product(square, square);
        result = product(result, square);
    }
    result
}

fn padded(data: &[u8]) -> impl Iterator<Item = u128> {
    data.chunks(16).map(|chunk| {
        let mut block = [0; 16];
        block[..chunk.len()].copy_from_slice(chunk);
        u128::from_be_bytes(block)
    })
}

fn bits(left: usize, right: usize) -> u128 {
    (left as u128 * 8) << 64 | (right as u128 * 8)
}

fn hash(h: u128, blocks: impl Iterator<Item = u128>) -> u128 {
    blocks.fold(0, |y, block| product(y ^ block, h))
}

#[test]
fn hash_keys_at_the_edges() {
    let mut stream = Stream::new(202);
    let cases = rounds(60);
    for i in 0..cases {
        let h = block(&mut stream);
        let data = stream.bytes((i * 29) % (16 * MOST));
        let data: Vec<u8> = if i % 5 == 0 { vec![0xff; data.len()] } else { data };
        let (aad, text) = data.split_at(stream.below(data.len() + 1));
        let lengths = bits(aad.len(), text.len());
        let key = u128::from_be_bytes(h);
        let expected = hash(key, padded(aad).chain(padded(text)).chain([lengths]));
        for (backend, cipher) in ciphers(&KEY) {
            let key = HashKey::new(&cipher.keys, &h);
            let mut state = key.start();
            state.update(aad);
            state.update(text);
            state.update(&lengths.to_be_bytes());
            let got = u128::from_be_bytes(state.finish());
            assert_eq!(got, expected, "{backend:?} {h:02x?} {} {}", aad.len(), text.len());
        }
    }
    tell(&format!("sm4: {cases} values of GHASH, hash keys at the edges and random"));
}

/// GCM as SP 800-38D, 7.1, writes it.
fn seal(peer: &Peer, nonce: &[u8], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let h = u128::from_be_bytes(peer.encrypt([0; 16]));
    let j0 = match nonce.len() {
        12 => padded(nonce).next().unwrap() | 1,
        length => hash(h, padded(nonce).chain([bits(0, length)])),
    };
    let counter = |i: u32| j0 >> 32 << 32 | u128::from((j0 as u32).wrapping_add(i));
    let stream: Vec<u8> = (0..=plain.len().div_ceil(16) as u32)
        .flat_map(|i| peer.encrypt(counter(i).to_be_bytes()))
        .collect();
    let text = xor(plain, &stream[16..]);
    let lengths = bits(aad.len(), plain.len());
    let tag = hash(h, padded(aad).chain(padded(&text)).chain([lengths]));
    [&text[..], &xor(&tag.to_be_bytes(), &stream[..16])].concat()
}

/// The nonce of 16 bytes from which J0 is made.
fn nonce_for(peer: &Peer, j0: u128) -> Block {
    let h = inverse(u128::from_be_bytes(peer.encrypt([0; 16])));
    product(product(j0, h) ^ bits(0, 16), h).to_be_bytes()
}

#[test]
fn sealing_and_opening() {
    let mut stream = Stream::new(203);
    let cases = rounds(250);
    for i in 0..cases {
        let key = block(&mut stream);
        let peer = Peer::new(&key);
        let nonce = match i % 3 {
            0 => stream.array::<12>().to_vec(),
            1 => stream.bytes(1 + i % 40),
            // The counter wraps around after so many blocks, and the block above it stays.
            _ => {
                let wraps = u128::from(u32::MAX) - (i as u128 / 3) % 70;
                let high = u128::from(stream.word()) << 64 | u128::from(u32::MAX) << 32;
                nonce_for(&peer, high | wraps).to_vec()
            }
        };
        let plain = stream.bytes(if i % 10 == 0 { 2200 } else { i % 601 });
        let aad = stream.bytes(i % 71);
        let expected = seal(&peer, &nonce, &aad, &plain);
        for (backend, cipher) in ciphers(&key) {
            let case = format!("{backend:?} {i}: {} bytes", plain.len());
            let gcm = gcm::Gcm::with_cipher(cipher);
            assert_eq!(gcm.seal(&nonce, &aad, &plain).unwrap(), expected, "{case}");
            assert_eq!(*gcm.open(&nonce, &aad, &expected).unwrap(), plain, "{case}");
            let mut wrong = expected.clone();
            let bit = stream.below(8 * wrong.len());
            wrong[bit / 8] ^= 1 << (bit % 8);
            let (text, tag) = wrong.split_at(plain.len());
            let mut buffer = text.to_vec();
            assert!(gcm.open_in_place(&nonce, &aad, &mut buffer, tag).is_err(), "{case} {bit}");
            assert_eq!(buffer, text, "{case}: nothing is released");
        }
    }
    tell(&format!("sm4: {cases} messages sealed and opened, with counters that wrap among them"));
}
