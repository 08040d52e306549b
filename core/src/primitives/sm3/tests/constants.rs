//! The constants computed anew.

use super::*;

/// GB/T 32905-2016, 4.2: T(j) <<< j, as the kernels add it.
#[test]
fn the_round_constants_are_turned() {
    for (j, t) in portable::T.0.into_iter().enumerate() {
        let printed: u32 = if j < 16 { 0x79cc_4519 } else { 0x7a87_9d8a };
        assert_eq!(t, printed.rotate_left(j as u32 % 32), "{j}");
    }
}

/// The initial value of 4.1 as it is printed, and the published digest of the empty message.
#[test]
fn the_initial_value_is_the_printed_one() {
    let printed = "7380166f 4914b2b9 172442d7 da8a0600 a96f30bc 163138aa e38dee4d b0fb0e4e";
    let words = printed.split(' ').map(|word| u32::from_str_radix(word, 16).unwrap());
    assert_eq!(words.collect::<Vec<_>>(), IV);
    let empty = "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b";
    assert_eq!(hash(b"").to_vec(), yinxin_vectors::hex(empty).unwrap());
}
