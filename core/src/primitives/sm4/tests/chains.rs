//! CBC, CFB and OFB piece by piece, CMAC and CBC-MAC: against the textbook's block composed by hand.

use digest::Mac as _;

use super::*;

fn xored(mut left: Block, right: &[u8]) -> Block {
    left.iter_mut().zip(right).for_each(|(left, right)| *left ^= right);
    left
}

/// CFB of the textbook: C(i) = P(i) + E(C(i-1)).
fn textbook_cfb(plain: &[u8]) -> Vec<u8> {
    let textbook = Textbook::new(&KEY);
    let mut feedback = IV;
    let mut out = Vec::new();
    for block in plain.chunks(16) {
        feedback = xored(textbook.encrypt(feedback), block);
        out.extend_from_slice(&feedback[..block.len()]);
    }
    out
}

/// OFB of the textbook: O(i) = E(O(i-1)).
fn textbook_ofb(plain: &[u8]) -> Vec<u8> {
    let textbook = Textbook::new(&KEY);
    let mut output = IV;
    let mut out = Vec::new();
    for block in plain.chunks(16) {
        output = textbook.encrypt(output);
        out.extend_from_slice(&xored(output, block)[..block.len()]);
    }
    out
}

/// The chain of CBC from zero over whole blocks.
fn textbook_chain(blocks: &[u8]) -> Block {
    let textbook = Textbook::new(&KEY);
    assert!(blocks.len().is_multiple_of(16));
    blocks.chunks(16).fold([0; 16], |state, block| textbook.encrypt(xored(state, block)))
}

/// SP 800-38B, 6.1 and 6.2, on lists of bits.
fn textbook_cmac(message: &[u8]) -> Block {
    let doubled = |block: Block| {
        let bits: Vec<u8> =
            block.iter().flat_map(|b| (0..8).rev().map(move |i| b >> i & 1)).collect();
        let mut shifted = [bits[1..].to_vec(), vec![0]].concat();
        if bits[0] == 1 {
            for place in [127, 126, 125, 120] {
                shifted[place] ^= 1;
            }
        }
        let bytes: Vec<u8> =
            shifted.chunks(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit)).collect();
        Block::try_from(bytes).unwrap()
    };
    let k1 = doubled(Textbook::new(&KEY).encrypt([0; 16]));
    let k2 = doubled(k1);
    let mut padded = message.to_vec();
    let mask = if !message.is_empty() && message.len().is_multiple_of(16) {
        k1
    } else {
        padded.push(0x80);
        k2
    };
    padded.resize(padded.len().next_multiple_of(16), 0);
    let last = padded.len() - 16;
    let masked = xored(mask, &padded[last..]);
    padded[last..].copy_from_slice(&masked);
    textbook_chain(&padded)
}

#[test]
fn cfb_and_ofb_of_every_length() {
    let plain = pattern(2200);
    let (cfb, ofb) = (textbook_cfb(&plain), textbook_ofb(&plain));
    for (backend, cipher) in ciphers(&KEY) {
        for length in (0..=600).chain([1023, 1024, 1025, 2047, 2200]) {
            let mut data = plain[..length].to_vec();
            cfb::encrypt_in_place(&cipher, &IV, &mut data);
            assert_eq!(data, cfb[..length], "{backend:?} {length}");
            cfb::decrypt_in_place(&cipher, &IV, &mut data);
            assert_eq!(data, plain[..length], "{backend:?} {length}");
            ofb::xor_in_place(&cipher, &IV, &mut data);
            assert_eq!(data, ofb[..length], "{backend:?} {length}");
        }
    }
}

#[test]
fn macs_of_every_length() {
    let message = pattern(600);
    for length in 0..=600 {
        let message = &message[..length];
        let cmac = textbook_cmac(message);
        let mut zeros = message.to_vec();
        zeros.resize(length.next_multiple_of(16).max(16), 0);
        let mut one = [message, &[0x80]].concat();
        one.resize(one.len().next_multiple_of(16), 0);
        let first = [&(8 * length as u128).to_be_bytes()[..], &zeros].concat();
        let padded = [
            (cbc_mac::Padding::Zeros, zeros),
            (cbc_mac::Padding::OneAndZeros, one),
            (cbc_mac::Padding::LengthFirst, first),
        ]
        .map(|(padding, padded)| (padding, textbook_chain(&padded)));
        for (backend, cipher) in ciphers(&KEY) {
            assert_eq!(cmac::tag(&cipher, message), cmac, "{backend:?} {length}");
            for (padding, tag) in padded {
                let ours = cbc_mac::tag(&cipher, padding, message);
                let check = |tag: &[u8]| {
                    let checked = cbc_mac::verify(&cipher, padding, message, tag);
                    checked.map_err(|error| error.code())
                };
                for length in 0..=17 {
                    let tag: Vec<u8> = ours.iter().copied().chain([0]).take(length).collect();
                    if !(4..=16).contains(&length) {
                        assert_eq!(check(&tag), Err(Code::BadLength), "{length}");
                        continue;
                    }
                    assert_eq!(check(&tag), Ok(()), "{length}");
                    let mut wrong = tag;
                    wrong[length - 1] ^= 1;
                    assert_eq!(check(&wrong), Err(Code::BadMac), "{length}");
                }
                assert_eq!(ours, tag, "{backend:?} {padding:?} {length}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn pieces_make_the_whole(
        length in 0usize..2500,
        cuts in proptest::collection::vec(0usize..2500, 0..8),
    ) {
        let plain = pattern(length);
        let (cfb, ofb, cmac) = (textbook_cfb(&plain), textbook_ofb(&plain), textbook_cmac(&plain));
        let cuts: BTreeSet<_> = cuts.into_iter().map(|cut| cut.min(length)).chain([length]).collect();
        for (_, cipher) in ciphers(&KEY) {
            let mut encryptor = cfb::Encryptor::new(cipher.clone(), &IV);
            let mut decryptor = cfb::Decryptor::new(cipher.clone(), &IV);
            let mut stream = ofb::Ofb::new(cipher.clone(), &IV);
            let mut mac = cmac::Cmac::with_cipher(cipher);
            let (mut data, mut output) = (plain.clone(), plain.clone());
            let mut from = 0;
            for &cut in &cuts {
                mac.update(&plain[from..cut]);
                stream.xor_in_place(&mut output[from..cut]);
                encryptor.encrypt_in_place(&mut data[from..cut]);
                prop_assert_eq!(&data[from..cut], &cfb[from..cut]);
                decryptor.decrypt_in_place(&mut data[from..cut]);
                from = cut;
            }
            prop_assert_eq!(&data, &plain);
            prop_assert_eq!(&output, &ofb);
            prop_assert_eq!(mac.finish(), cmac);
        }
    }

    #[test]
    fn cbc_pieces_make_the_whole(
        blocks in 0usize..200,
        cuts in proptest::collection::vec(0usize..200, 0..8),
    ) {
        let plain = pattern(16 * blocks);
        let cuts: BTreeSet<_> = cuts.into_iter().map(|cut| cut.min(blocks)).chain([blocks]).collect();
        for (_, cipher) in ciphers(&KEY) {
            let mut whole = plain.clone();
            cbc::encrypt_in_place(&cipher, &IV, &mut whole).unwrap();
            let mut encryptor = cbc::Encryptor::new(cipher.clone(), &IV);
            let mut decryptor = cbc::Decryptor::new(cipher, &IV);
            let mut data = plain.clone();
            let mut from = 0;
            for &cut in &cuts {
                let piece = 16 * from..16 * cut;
                encryptor.encrypt_in_place(&mut data[piece.clone()]).unwrap();
                prop_assert_eq!(&data[piece.clone()], &whole[piece.clone()]);
                decryptor.decrypt_in_place(&mut data[piece]).unwrap();
                from = cut;
            }
            prop_assert_eq!(&data, &plain);
        }
    }
}

#[test]
fn the_traits_do_what_the_methods_do() {
    let plain = pattern(1500);
    for (_, cipher) in ciphers(&KEY) {
        let padded = cbc::encrypt_padded(&KEY, &IV, &plain);
        let encryptor = cbc::Encryptor::new(cipher.clone(), &IV);
        assert_eq!(encryptor.encrypt_padded_vec::<Pkcs7>(&plain), padded);
        let decryptor = cbc::Decryptor::new(cipher.clone(), &IV);
        assert_eq!(decryptor.decrypt_padded_vec::<Pkcs7>(&padded).unwrap(), plain);

        let mut expected = plain.clone();
        ctr::xor_in_place(&cipher, &IV, &mut expected);
        let mut data = plain.clone();
        ctr::Ctr::new(cipher.clone(), &IV).apply_keystream(&mut data);
        assert_eq!(data, expected);
        ofb::Ofb::new(cipher.clone(), &IV).write_keystream(&mut data);
        assert_eq!(data, textbook_ofb(&vec![0; plain.len()]));

        let mut mac = cmac::Cmac::with_cipher(cipher.clone());
        digest::Update::update(&mut mac, &plain);
        let tag = mac.finalize_reset().into_bytes();
        assert_eq!(tag.0, cmac::tag(&cipher, &plain));
        digest::Update::update(&mut mac, b"again");
        assert_eq!(mac.finish(), cmac::tag(&cipher, b"again"));
    }
    let theirs = ::cbc::Encryptor::<Sm4>::new(&KEY.into(), &IV.into());
    let ours = <cbc::Encryptor as cipher::KeyIvInit>::new(&KEY.into(), &IV.into());
    assert_eq!(
        ours.encrypt_padded_vec::<Pkcs7>(&plain),
        theirs.encrypt_padded_vec::<Pkcs7>(&plain)
    );
    let mac = <cmac::Cmac as cipher::KeyInit>::new_from_slice(&KEY).unwrap();
    assert_eq!(mac.finalize().into_bytes().0, textbook_cmac(b""));
}

#[test]
fn a_wrong_mac_is_refused() {
    let cipher = Sm4::new(&KEY.into());
    let tag = cmac::tag(&cipher, b"message");
    let verify = |tag: &[u8]| {
        let mut mac = cmac::Cmac::with_cipher(cipher.clone());
        mac.update(b"message");
        mac.verify(tag).map_err(|error| error.code())
    };
    for length in 0..=16 {
        let expected = if length < 8 { Err(Code::BadLength) } else { Ok(()) };
        assert_eq!(verify(&tag[..length]), expected, "{length}");
    }
    assert_eq!(verify(&[&tag[..], &[0]].concat()), Err(Code::BadLength));
    for bit in 0..128 {
        let mut wrong = tag;
        wrong[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(verify(&wrong), Err(Code::BadMac), "{bit}");
    }
}

#[test]
fn many_messages_are_each_message() {
    let plain = pattern(16 * 400);
    for count in 0..=130usize {
        // Ragged: none, one and many blocks, in no order.
        let lengths: Vec<_> = (0..count).map(|i| 16 * (i * 37 % 23 + i % 2 * (i % 7))).collect();
        let iv = |i: usize| [i as u8; 16];
        let mut theirs = Vec::new();
        for (i, &length) in lengths.iter().enumerate() {
            let mut data = plain[16 * i..16 * i + length].to_vec();
            cbc::encrypt_in_place(&Sm4::new(&KEY.into()), &iv(i), &mut data).unwrap();
            theirs.push(data);
        }
        for (backend, cipher) in ciphers(&KEY) {
            let mut ours: Vec<_> = lengths
                .iter()
                .enumerate()
                .map(|(i, length)| plain[16 * i..16 * i + length].to_vec())
                .collect();
            let mut messages: Vec<_> =
                ours.iter_mut().enumerate().map(|(i, data)| (iv(i), &mut data[..])).collect();
            cbc::encrypt_many(&cipher, &mut messages).unwrap();
            assert_eq!(ours, theirs, "{backend:?} {count}");
        }
    }
}

#[test]
fn many_messages_with_one_that_is_no_blocks_stay_as_they_are() {
    let (mut whole, mut cut) = (pattern(32), pattern(33));
    let mut messages = [(IV, &mut whole[..]), (IV, &mut cut[..])];
    let error = cbc::encrypt_many(&Sm4::new(&KEY.into()), &mut messages).unwrap_err();
    assert_eq!(error.code(), Code::BadLength);
    assert_eq!((whole, cut), (pattern(32), pattern(33)));
}
