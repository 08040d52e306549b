//! XTS against the textbook: tweaks multiplied bit by bit, blocks stolen as the clause says.

use super::{
    super::xts::{Order, Xts, check_length},
    *,
};

const KEYS: [u8; 32] = *b"key 1 of 16 byteKEY 2 OF 16 BYTE";

/// The coefficients of x^0 to x^127.
fn coefficients(order: Order, tweak: &Block) -> Vec<u8> {
    let bit = |i: usize| match order {
        Order::Gbt17964 => tweak[i / 8] >> (7 - i % 8) & 1,
        Order::Ieee1619 => tweak[i / 8] >> (i % 8) & 1,
    };
    (0..128).map(bit).collect()
}

/// `tweak` times x modulo x^128 + x^7 + x^2 + x + 1.
fn times_x(order: Order, tweak: &Block) -> Block {
    let mut product = [vec![0], coefficients(order, tweak)].concat();
    if product.pop() == Some(1) {
        for power in [7, 2, 1, 0] {
            product[power] ^= 1;
        }
    }
    let mut bytes = [0; 16];
    for (i, bit) in product.into_iter().enumerate() {
        bytes[i / 8] |= match order {
            Order::Gbt17964 => bit << (7 - i % 8),
            Order::Ieee1619 => bit << (i % 8),
        };
    }
    bytes
}

/// IEEE 1619-2018, 5.3.2: the ciphertext of one unit.
fn textbook_xts(order: Order, iv: &Block, plain: &[u8]) -> Vec<u8> {
    let (keys, _) = KEYS.as_chunks();
    let (data_key, tweak_key) = (Textbook::new(&keys[0]), Textbook::new(&keys[1]));
    let mut tweak = tweak_key.encrypt(*iv);
    let mut tweaks = Vec::new();
    for _ in 0..=plain.len() / 16 {
        tweaks.push(tweak);
        tweak = times_x(order, &tweak);
    }
    let crypt = |tweak: &Block, block: &[u8]| {
        let mut block = Block::try_from(block).unwrap();
        block.iter_mut().zip(tweak).for_each(|(byte, tweak)| *byte ^= tweak);
        let mut out = data_key.encrypt(block);
        out.iter_mut().zip(tweak).for_each(|(byte, tweak)| *byte ^= tweak);
        out
    };
    let (blocks, tail) = plain.as_chunks::<16>();
    let mut out: Vec<Block> = blocks.iter().zip(&tweaks).map(|(p, t)| crypt(t, p)).collect();
    if tail.is_empty() {
        return out.concat();
    }
    let cc = out.pop().unwrap();
    let pp = [tail, &cc[tail.len()..]].concat();
    out.push(crypt(&tweaks[blocks.len()], &pp));
    [&out.concat(), &cc[..tail.len()]].concat()
}

#[test]
fn every_length_in_both_orders() {
    let plain = pattern(4200);
    for order in [Order::Gbt17964, Order::Ieee1619] {
        for length in (16..=600).chain([1023, 1024, 1025, 1039, 1040, 2047, 2048, 2049, 4200]) {
            let expected = textbook_xts(order, &IV, &plain[..length]);
            for backend in Backend::runnable() {
                let xts = Xts::with_backend(&KEYS, order, backend).unwrap();
                let mut data = plain[..length].to_vec();
                xts.encrypt_in_place(&IV, &mut data).unwrap();
                assert_eq!(data, expected, "{backend:?} {order:?} {length}");
                xts.decrypt_in_place(&IV, &mut data).unwrap();
                assert_eq!(data, plain[..length], "{backend:?} {order:?} {length}");
            }
        }
    }
}

#[test]
fn a_doubled_tweak_is_the_product_with_x() {
    for order in [Order::Gbt17964, Order::Ieee1619] {
        for bit in 0..128 {
            for tweak in [1u128 << bit, !(1 << bit), 3 << bit] {
                let tweak = tweak.to_be_bytes();
                assert_eq!(order.doubled(&tweak), times_x(order, &tweak), "{order:?} {bit}");
            }
        }
    }
}

#[test]
fn what_is_no_unit_is_refused() {
    let xts = Xts::new(&KEYS, Order::Gbt17964).unwrap();
    let mut short = pattern(15);
    assert_eq!(xts.encrypt_in_place(&IV, &mut short).unwrap_err().code(), Code::BadLength);
    assert_eq!(xts.decrypt_in_place(&IV, &mut short).unwrap_err().code(), Code::BadLength);
    assert_eq!(short, pattern(15));
    assert!(check_length(limits::SM4_XTS_UNIT_BYTES_MAX).is_ok());
    let error = check_length(limits::SM4_XTS_UNIT_BYTES_MAX + 1).unwrap_err();
    assert_eq!(error.code(), Code::LimitReached);
    let equal = [KEY, KEY].concat().try_into().unwrap();
    let error = Xts::new(&equal, Order::Ieee1619).unwrap_err();
    assert_eq!(error.code(), Code::BadArgument);
}
