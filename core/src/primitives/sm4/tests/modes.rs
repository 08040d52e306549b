//! The modes besides ECB, CBC, CTR and GCM on every backend against their standards' formulas over the
//! block cipher of RustCrypto.

use yinxin_vectors::random::{Stream, rounds, tell};

use super::agreement::{Peer, block, product, xor};
use super::*;
use crate::primitives::sm4::{ccm, key_wrap, xts};

/// More than twice the bytes that any kernel takes at a time.
const LONGEST: usize = 16 * 210;

/// A length up to [`LONGEST`], often of whole blocks or one byte away from them.
fn length(stream: &mut Stream) -> usize {
    match stream.below(3) {
        0 => 16 * stream.below(LONGEST / 16),
        1 => (16 * stream.below(LONGEST / 16) + stream.pick(&[1, 15])).min(LONGEST),
        _ => stream.below(600),
    }
}

/// In two pieces, cut anywhere, what `whole` does in one.
fn in_pieces(stream: &mut Stream, data: &[u8], mut take: impl FnMut(&mut [u8])) -> Vec<u8> {
    let (mut data, cut) = (data.to_vec(), stream.below(data.len() + 1));
    let (first, rest) = data.split_at_mut(cut);
    take(first);
    take(rest);
    data
}

/// IEEE 1619-2018, 5.3.2 and 5.4.2, and the same of GB/T 17964-2021 with the bits of its field.
fn xts(order: xts::Order, data: &Peer, tweak: u128, plain: &[u8]) -> Vec<u8> {
    let double = |t: Block| match order {
        xts::Order::Gbt17964 => product(u128::from_be_bytes(t), 1 << 126).to_be_bytes(),
        xts::Order::Ieee1619 => {
            let t = u128::from_le_bytes(t);
            (t << 1 ^ if t >> 127 == 1 { 0x87 } else { 0 }).to_le_bytes()
        }
    };
    let encrypt = |t: &Block, block: &[u8]| {
        let block: Block = xor(block, t).try_into().unwrap();
        xor(&data.encrypt(block), t)
    };
    let mut t = tweak.to_be_bytes();
    let mut out: Vec<u8> = Vec::new();
    let (blocks, partial) = plain.as_chunks::<16>();
    for block in blocks {
        out.extend(encrypt(&t, block));
        t = double(t);
    }
    if !partial.is_empty() {
        let last = out.split_off(out.len() - 16);
        let stolen = [partial, &last[partial.len()..]].concat();
        out.extend(encrypt(&t, &stolen));
        out.extend(&last[..partial.len()]);
    }
    out
}

#[test]
fn xts_of_every_length() {
    let mut stream = Stream::new(210);
    let cases = rounds(150);
    for i in 0..cases {
        let (first, second) = (block(&mut stream), stream.array());
        let tweak = block(&mut stream);
        let size = if i % 2 == 0 { 16 + i % 600 } else { length(&mut stream).max(16) };
        let plain = stream.bytes(size);
        let start = u128::from_be_bytes(Peer::new(&second).encrypt(tweak));
        let key = [first, second].concat().try_into().unwrap();
        for order in [xts::Order::Gbt17964, xts::Order::Ieee1619] {
            let expected = xts(order, &Peer::new(&first), start, &plain);
            for backend in Backend::runnable() {
                let case = format!("{backend:?} {order:?} {size} bytes");
                let xts = xts::Xts::with_backend(&key, order, backend).unwrap();
                let mut data = plain.clone();
                xts.encrypt_in_place(&tweak, &mut data).unwrap();
                assert_eq!(data, expected, "{case}");
                xts.decrypt_in_place(&tweak, &mut data).unwrap();
                assert_eq!(data, plain, "{case} back");
            }
        }
    }
    tell(&format!("sm4: {cases} units of XTS in both orders"));
}

/// GB/T 17964-2021, clauses 7 and 8.
#[test]
fn feedback_of_every_length() {
    let mut stream = Stream::new(211);
    let cases = rounds(150);
    for _ in 0..cases {
        let (key, iv) = (block(&mut stream), block(&mut stream));
        let peer = Peer::new(&key);
        let size = length(&mut stream);
        let plain = stream.bytes(size);
        let (mut cfb, mut ofb) = (Vec::new(), Vec::new());
        let (mut back, mut state) = (iv, iv);
        for piece in plain.chunks(16) {
            let text = xor(piece, &peer.encrypt(back));
            if let Ok(whole) = text[..].try_into() {
                back = whole;
            }
            cfb.extend(text);
            state = peer.encrypt(state);
            ofb.extend(xor(piece, &state));
        }
        for (backend, cipher) in ciphers(&key) {
            let case = format!("{backend:?} {size} bytes");
            let mut data = plain.clone();
            cfb::encrypt_in_place(&cipher, &iv, &mut data);
            assert_eq!(data, cfb, "{case} CFB");
            cfb::decrypt_in_place(&cipher, &iv, &mut data);
            assert_eq!(data, plain, "{case} CFB back");
            ofb::xor_in_place(&cipher, &iv, &mut data);
            assert_eq!(data, ofb, "{case} OFB");
            let mut state = cfb::Encryptor::new(cipher.clone(), &iv);
            let data = in_pieces(&mut stream, &plain, |piece| state.encrypt_in_place(piece));
            assert_eq!(data, cfb, "{case} CFB in pieces");
            let mut state = cfb::Decryptor::new(cipher.clone(), &iv);
            let data = in_pieces(&mut stream, &cfb, |piece| state.decrypt_in_place(piece));
            assert_eq!(data, plain, "{case} CFB back in pieces");
            let mut state = ofb::Ofb::new(cipher, &iv);
            let data = in_pieces(&mut stream, &plain, |piece| state.xor_in_place(piece));
            assert_eq!(data, ofb, "{case} OFB in pieces");
        }
    }
    tell(&format!("sm4: {cases} messages of CFB and OFB"));
}

/// The last state of a chain over whole blocks.
fn chain(peer: &Peer, data: &[u8]) -> Block {
    let (blocks, rest) = data.as_chunks::<16>();
    assert!(rest.is_empty());
    blocks.iter().fold([0; 16], |state, block| peer.encrypt(xor(&state, block).try_into().unwrap()))
}

fn filled(data: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    data.resize(data.len().next_multiple_of(16), 0);
    data
}

/// GB/T 15852.1-2020: MAC algorithm 1 with its three paddings, and CMAC, algorithm 5.
#[test]
fn macs_of_every_length() {
    let mut stream = Stream::new(212);
    let cases = rounds(600);
    for i in 0..cases {
        let key = block(&mut stream);
        let peer = Peer::new(&key);
        let message = stream.bytes(i % 601);
        // Methods 1 and 3 fill up to a positive number of blocks.
        let zeros = if message.is_empty() { vec![0; 16] } else { filled(&message) };
        let one = filled(&[&message[..], &[0x80]].concat());
        let bits = (8 * message.len() as u128).to_be_bytes();
        let first = [&bits[..], &zeros].concat();
        let double = |t: u128| t << 1 ^ if t >> 127 == 1 { 0x87 } else { 0 };
        let k1 = double(u128::from_be_bytes(peer.encrypt([0; 16])));
        let whole = !message.is_empty() && message.len().is_multiple_of(16);
        let (mut masked, mask) =
            if whole { (message.clone(), k1) } else { (one.clone(), double(k1)) };
        let last = masked.split_off(masked.len() - 16);
        masked.extend(xor(&last, &mask.to_be_bytes()));
        for (backend, cipher) in ciphers(&key) {
            let case = format!("{backend:?} {} bytes", message.len());
            for (padding, input) in [
                (cbc_mac::Padding::Zeros, &zeros),
                (cbc_mac::Padding::OneAndZeros, &one),
                (cbc_mac::Padding::LengthFirst, &first),
            ] {
                let tag = cbc_mac::tag(&cipher, padding, &message);
                assert_eq!(tag, chain(&peer, input), "{case} {padding:?}");
            }
            assert_eq!(cmac::tag(&cipher, &message), chain(&peer, &masked), "{case} CMAC");
            let mut state = cmac::Cmac::with_cipher(cipher);
            in_pieces(&mut stream, &message, |piece| state.update(piece));
            assert_eq!(state.finish(), chain(&peer, &masked), "{case} CMAC in pieces");
        }
    }
    tell(&format!("sm4: {cases} tags of CBC-MAC and CMAC"));
}

/// SP 800-38C, 6.1 with A.2 and A.3.
fn seal_ccm(peer: &Peer, tag: usize, nonce: &[u8], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let q = 15 - nonce.len();
    let with_number = |flags: usize, number: usize| -> Block {
        let number = (number as u128).to_be_bytes();
        [&[flags as u8], nonce, &number[16 - q..]].concat().try_into().unwrap()
    };
    let flags = 64 * usize::from(!aad.is_empty()) + 8 * ((tag - 2) / 2) + q - 1;
    let length = match aad.len() {
        0 => Vec::new(),
        length if length < 0xff00 => (length as u16).to_be_bytes().to_vec(),
        length => [&[0xff, 0xfe][..], &(length as u32).to_be_bytes()].concat(),
    };
    let first = with_number(flags, plain.len());
    let input = [&first[..], &filled(&[&length, aad].concat()), &filled(plain)].concat();
    let keystream = |i: usize| peer.encrypt(with_number(q - 1, i));
    let stream: Vec<u8> = (1..=plain.len().div_ceil(16)).flat_map(keystream).collect();
    [xor(plain, &stream), xor(&chain(peer, &input)[..tag], &keystream(0))].concat()
}

#[test]
fn ccm_of_every_length() {
    let mut stream = Stream::new(213);
    let cases = rounds(200);
    for i in 0..cases {
        let key = block(&mut stream);
        let peer = Peer::new(&key);
        let nonce = stream.bytes(7 + i % 7);
        let aad = match i % 100 {
            50 => 0xff00 - 1 + (i / 100) % 3,
            _ => i % 71,
        };
        let aad = stream.bytes(aad);
        let size = if i % 20 == 0 { length(&mut stream) } else { i % 601 };
        let plain = stream.bytes(size);
        for (backend, cipher) in ciphers(&key) {
            let case = format!("{backend:?} {size} bytes, {} bytes beside", aad.len());
            macro_rules! with_tag {
                ($($tag:literal)*) => {$(
                    let ccm = ccm::Ccm::<$tag>::with_tag(cipher.clone());
                    let expected = seal_ccm(&peer, $tag, &nonce, &aad, &plain);
                    assert_eq!(ccm.seal(&nonce, &aad, &plain).unwrap(), expected, "{case} {}", $tag);
                    assert_eq!(*ccm.open(&nonce, &aad, &expected).unwrap(), plain, "{case}");
                    let mut wrong = expected;
                    let bit = stream.below(8 * wrong.len());
                    wrong[bit / 8] ^= 1 << (bit % 8);
                    let (text, tag) = wrong.split_last_chunk::<$tag>().unwrap();
                    let mut buffer = text.to_vec();
                    assert!(ccm.open_in_place(&nonce, &aad, &mut buffer, tag).is_err(), "{case}");
                    assert_eq!(buffer, text, "{case}: nothing is released");
                )*};
            }
            with_tag!(4 8 14 16);
        }
    }
    tell(&format!("sm4: {cases} messages of CCM, each with four lengths of tags"));
}

/// RFC 3394, 2.2.1, with its initial value or that of RFC 5649.
fn wrapped(peer: &Peer, initial: [u8; 8], key: &[u8]) -> Vec<u8> {
    let mut r: Vec<[u8; 8]> = key.as_chunks::<8>().0.to_vec();
    let n = r.len();
    if n == 1 {
        return peer.encrypt([initial, r[0]].concat().try_into().unwrap()).to_vec();
    }
    let mut a = u64::from_be_bytes(initial);
    for j in 0..=5 {
        for i in 1..=n {
            let b = peer.encrypt([a.to_be_bytes(), r[i - 1]].concat().try_into().unwrap());
            a = u64::from_be_bytes(b[..8].try_into().unwrap()) ^ (n * j + i) as u64;
            r[i - 1] = b[8..].try_into().unwrap();
        }
    }
    [&a.to_be_bytes(), r.as_flattened()].concat()
}

#[test]
fn wrapped_keys_of_every_length() {
    let mut stream = Stream::new(214);
    let cases = rounds(100);
    for i in 0..cases {
        let (key, size) = (block(&mut stream), 1 + i % 300);
        let peer = Peer::new(&key);
        let secret = stream.bytes(size);
        let mut initial = [0xa6, 0x59, 0x59, 0xa6, 0, 0, 0, 0];
        initial[4..].copy_from_slice(&(size as u32).to_be_bytes());
        let mut padded = secret.clone();
        padded.resize(size.next_multiple_of(8), 0);
        let padded = wrapped(&peer, initial, &padded);
        for (backend, cipher) in ciphers(&key) {
            let case = format!("{backend:?} {size} bytes");
            assert_eq!(key_wrap::wrap_padded(&cipher, &secret).unwrap(), padded, "{case}");
            assert_eq!(*key_wrap::unwrap_padded(&cipher, &padded).unwrap(), secret, "{case}");
            let mut wrong = padded.clone();
            wrong[stream.below(padded.len())] ^= 1 << stream.below(8);
            assert!(key_wrap::unwrap_padded(&cipher, &wrong).is_err(), "{case}");
            let plain = key_wrap::wrap(&cipher, &secret);
            assert_eq!(plain.is_ok(), size >= 16 && size.is_multiple_of(8), "{case}");
            let Ok(plain) = plain else { continue };
            assert_eq!(plain, wrapped(&peer, [0xa6; 8], &secret), "{case}");
            assert_eq!(*key_wrap::unwrap(&cipher, &plain).unwrap(), secret, "{case}");
            assert!(key_wrap::unwrap_padded(&cipher, &plain).is_err(), "{case}");
        }
    }
    tell(&format!("sm4: {cases} wrapped keys of 1 to 300 bytes"));
}

#[test]
fn chains_in_pieces() {
    let mut stream = Stream::new(215);
    let cases = rounds(100);
    for _ in 0..cases {
        let (key, iv) = (block(&mut stream), block(&mut stream));
        let blocks: Vec<Block> = (0..stream.below(210)).map(|_| block(&mut stream)).collect();
        let cuts = [0, 0].map(|_| stream.below(blocks.len() + 1));
        let (first, second) = (cuts[0].min(cuts[1]), cuts[0].max(cuts[1]));
        for (backend, cipher) in ciphers(&key) {
            let mut expected = blocks.concat();
            cbc::encrypt_in_place(&cipher, &iv, &mut expected).unwrap();
            let mut pieces = blocks.clone();
            let mut state = cbc::Encryptor::new(cipher.clone(), &iv);
            for part in [0..first, first..second, second..blocks.len()] {
                state.encrypt_in_place(pieces[part].as_flattened_mut()).unwrap();
            }
            assert_eq!(pieces.concat(), expected, "{backend:?} {cuts:?}");
            let mut state = cbc::Decryptor::new(cipher, &iv);
            for part in [0..first, first..second, second..blocks.len()] {
                state.decrypt_in_place(pieces[part].as_flattened_mut()).unwrap();
            }
            assert_eq!(pieces, blocks, "{backend:?} {cuts:?} back");
        }
    }
    tell(&format!("sm4: {cases} chains in three pieces, both ways"));
}
