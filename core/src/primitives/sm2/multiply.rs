//! Multiples of a point that is met for the first time: in constant time for decryption and
//! encryption, in variable time for verification.

use zeroize::Zeroize as _;

use super::{
    comb::{self, digit},
    field::FieldElement,
    point::{Affine, Extended, Jacobian},
    scalar::Scalar,
};

/// Odd multiples 1, 3, .. 31 of a point.
const ENTRIES: usize = 16;
/// The bits of a window.
const W: usize = 5;
/// The digits of an odd k as in [`comb`](super::comb), but of five bits, and without the highest one, which
/// is always 1: a bit of 2^260 stands above the 256 of k.
const WINDOWS: usize = 51;

/// [k]P for k in [1, n-1], in constant time. P has order n, as every point of this curve has.
pub(super) fn multiply(k: &Scalar, point: &Affine) -> Jacobian {
    let (mut k, negated) = k.odd();
    let mut multiples = [*point; ENTRIES];
    odd_multiples(point, &mut multiples);
    // From the highest digit, 1, down: sum = 32 sum + d. The sum before the last digit is an odd
    // number A >= 1, so 32 A > 31 >= |d|: never equal or opposite as integers, and too small to be so
    // modulo n before the last digit.
    let mut sum = Jacobian::from_affine(point);
    for window in (0..WINDOWS).rev() {
        sum = sum.double().double().double().double().double();
        let entry = comb::find(&multiples, digit::<W>(&k, window));
        let next = sum.add_affine(&entry);
        // At the last digit 32 A = d (mod n) is possible, for k = n - 6 alone; then 2d is the sum.
        sum = if window == 0 {
            let doubled = Jacobian::from_affine(&entry).double();
            Jacobian::select(next.z.is_zero(), &doubled, &next)
        } else {
            next
        };
    }
    k.zeroize();
    sum.y = FieldElement::select(negated, &sum.y.negate(), &sum.y);
    sum
}

/// [s]G + [t]P for any s and t. Variable time: all of them are public.
pub(super) fn double_multiply_vartime(s: &Scalar, t: &Scalar, point: &Affine) -> Extended {
    let mut multiples = [*point; 8];
    odd_multiples(point, &mut multiples);
    let mut sum = Jacobian::INFINITY;
    let digits = signed_digits_vartime(t);
    for &digit in digits.iter().rev().skip_while(|&&digit| digit == 0) {
        sum = sum.double();
        if digit != 0 {
            let entry = multiples[usize::from(digit.unsigned_abs() / 2)];
            sum = sum.add_affine_vartime(&if digit < 0 { entry.negate() } else { entry });
        }
    }
    comb::add_multiple_vartime(Extended::from_jacobian(&sum), &comb::BASE, s)
}

/// `out[i]` = [2i + 1]P: all different and none opposite, because the order is a large prime.
fn odd_multiples(point: &Affine, out: &mut [Affine]) {
    let first = Jacobian::from_affine(point);
    let doubled = first.double();
    let mut multiples = [first; ENTRIES];
    for i in 1..out.len() {
        multiples[i] = multiples[i - 1].add(&doubled);
    }
    Jacobian::to_affine_all(&multiples[..out.len()], out);
}

/// k as a sum of digits d_i 2^i, each 0 or odd in [-15, 15], with at least four zeros after each that
/// is not 0 (the width-5 non-adjacent form).
fn signed_digits_vartime(k: &Scalar) -> [i8; 257] {
    let mut digits = [0; 257];
    let bits = |i: usize| {
        let (limb, shift) = (i / 64, i % 64);
        let low = k.0.get(limb).map_or(0, |&l| l >> shift);
        let high = k.0.get(limb + 1).map_or(0, |&l| if shift == 0 { 0 } else { l << (64 - shift) });
        low | high
    };
    let (mut i, mut carry) = (0, 0);
    while i < 257 {
        let window = (bits(i) & 31) + carry;
        if window & 1 == 0 {
            // An even window with the carry: a 0 digit. The carry stays where the bit was 1.
            i += 1;
            continue;
        }
        let digit = window as i8;
        (digits[i], carry) = if digit > 16 { (digit - 32, 1) } else { (digit, 0) };
        i += 5;
    }
    digits
}
