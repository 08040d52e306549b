//! The constants computed anew from what they are: the S-box from its field, the field's isomorphisms by
//! trying them all, the matrices from those, the parameters of the key schedule from their formula.

use super::*;

/// t^8 + t^7 + t^6 + t^5 + t^4 + t^2 + 1, the field of the S-box of SM4.
const SM4_FIELD: u16 = 0x1f5;
/// t^8 + t^4 + t^3 + t + 1, the field of AES.
#[cfg(target_arch = "x86_64")]
const AES_FIELD: u16 = 0x11b;
/// The constant of the S-box, before and after the inverse.
const C: u8 = 0xd3;

fn product(field: u16, x: u8, y: u8) -> u8 {
    (0..8).rev().fold(0u16, |sum, bit| {
        let sum = sum << 1;
        let sum = if sum & 0x100 == 0 { sum } else { sum ^ field };
        sum ^ if y >> bit & 1 == 0 { 0 } else { u16::from(x) }
    }) as u8
}

fn inverse(field: u16, x: u8) -> u8 {
    (0..=255).find(|&y| product(field, x, y) == 1).unwrap_or(0)
}

/// The affine map's linear part A: a circulant whose first row, the one that makes bit 0, is 0xa7.
fn a(x: u8) -> u8 {
    let row = |i: u32| 0xa7u8.rotate_left(i);
    (0..8).fold(0, |y, i| y | ((row(i) & x).count_ones() as u8 & 1) << i)
}

#[test]
fn the_s_box_is_its_algebra() {
    for x in 0..=255u8 {
        let y = a(inverse(SM4_FIELD, a(x) ^ C)) ^ C;
        assert_eq!(y, SBOX[usize::from(x)], "{x:#04x}");
    }
    // No other field, row or constant gives the same: the printed table has one description of this form.
    let irreducible = |field: u16| {
        (1..=255u8).all(|x| (1..=255u8).filter(|&y| product(field, x, y) == 1).count() == 1)
    };
    let fields: Vec<u16> = (0x101..0x200).step_by(2).filter(|&field| irreducible(field)).collect();
    assert_eq!(fields.len(), 30, "irreducible polynomials of degree 8");
    assert!(fields.contains(&SM4_FIELD));
}

#[test]
fn the_key_schedule_has_its_parameters() {
    for (i, ck) in CK.into_iter().enumerate() {
        let bytes = [0, 1, 2, 3].map(|j| ((4 * i + j) * 7 % 256) as u8);
        assert_eq!(ck.to_be_bytes(), bytes, "{i}");
    }
    // The first and the last of the table in GB/T 32907-2016, 7.3.
    assert_eq!((CK[0], CK[1], CK[31]), (0x0007_0e15, 0x1c23_2a31, 0x646b_7279));
    assert_eq!(FK, [0xa3b1_bac6, 0x56aa_3350, 0x677d_9197, 0xb270_22dc]);
}

/// The matrix of a linear map, as GF2P8AFFINEQB takes it: byte 7 - i has the row that makes bit i.
#[cfg(target_arch = "x86_64")]
fn matrix(map: impl Fn(u8) -> u8) -> u64 {
    for (x, y) in (0..=255u8).map(|x| (x, x.wrapping_mul(91))) {
        assert_eq!(map(x ^ y), map(x) ^ map(y), "linear");
    }
    let row = |i: usize| (0..8).fold(0, |row, j| row | (map(1 << j) >> i & 1) << j);
    u64::from_be_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(row))
}

#[cfg(target_arch = "x86_64")]
#[test]
fn the_matrices_are_those_of_an_isomorphism() {
    use aes_domain::*;
    // An isomorphism is known by the image of t, which must be a root of the polynomial.
    let powers = |root: u8| {
        let mut powers = [1u8; 9];
        for i in 1..9 {
            powers[i] = product(AES_FIELD, powers[i - 1], root);
        }
        powers
    };
    let at = |root: u8| {
        let powers = powers(root);
        (0..9).filter(|i| SM4_FIELD >> i & 1 == 1).fold(0, |sum, i| sum ^ powers[i])
    };
    let roots: Vec<u8> = (2..=255).filter(|&root| at(root) == 0).collect();
    assert_eq!(roots, [0x23, 0x3e, 0x65, 0x69, 0x86, 0x8e, 0xce, 0xd6]);
    let powers = powers(roots[0]);
    let phi = |x: u8| (0..8).filter(|i| x >> i & 1 == 1).fold(0, |sum, i| sum ^ powers[i]);
    let back = |y: u8| (0..=255).find(|&x| phi(x) == y).unwrap();
    for (x, y) in (0..=255u8).flat_map(|x| [3, 77, 200, 255].map(|y| (x, y))) {
        let image = product(AES_FIELD, phi(x), phi(y));
        assert_eq!(phi(product(SM4_FIELD, x, y)), image, "{x:#04x} {y:#04x}");
    }

    // P = phi A; S(x) = A phi^-1 I(P x + phi(C)) + C.
    let p = |x: u8| phi(a(x));
    let leave = |y: u8| (0..=255).find(|&x| p(x) == y).unwrap();
    let after = |y: u8| a(back(y));
    assert_eq!(ENTER, matrix(p));
    assert_eq!(LEAVE, matrix(leave));
    assert_eq!(Q, matrix(|y| p(after(y).rotate_left(2))));
    assert_eq!(W, matrix(|y| p(after(y) ^ after(y) >> 6)));
    for (d, key) in KEY.into_iter().enumerate() {
        let byte = |y: u8| {
            let word = u32::from(after(y));
            (word ^ word.rotate_left(13) ^ word.rotate_left(23)).to_le_bytes()[d]
        };
        assert_eq!(key, matrix(|y| p(byte(y))), "{d}");
    }
    let all = u32::from_ne_bytes([C; 4]);
    let l = (all ^ all.rotate_left(13) ^ all.rotate_left(23)).to_be_bytes();
    assert_eq!(KEY_CONSTANT.to_be_bytes(), l.map(p));
    for (input, ck) in KEY_INPUTS.into_iter().zip(CK) {
        assert_eq!(input.to_be_bytes(), ck.to_be_bytes().map(|byte| p(byte) ^ phi(C)));
    }
    let fk: Vec<u8> = FK.iter().flat_map(|word| word.to_be_bytes()).collect();
    assert_eq!(KEY_START[..], fk);
}
