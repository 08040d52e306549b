//! The curve's parameters and the table of its base point, computed anew over num-bigint.

use num_bigint::BigUint;

use super::textbook::{Curve, Point, number};
use super::*;
use crate::primitives::sm2::{
    comb::{BASE, ENTRIES, LAST, WINDOWS},
    field::{self, FieldElement},
};

fn one() -> BigUint {
    BigUint::from(1u32)
}

fn power(i: u32) -> BigUint {
    one() << i
}

fn coordinates(point: &Affine) -> Point {
    Some((number(&point.x.to_bytes()), number(&point.y.to_bytes())))
}

/// Miller and Rabin's test with the first 40 primes as bases.
fn is_prime(n: &BigUint) -> bool {
    let mut odd = n - 1u32;
    let mut twos = 0;
    while !odd.bit(0) {
        odd >>= 1;
        twos += 1;
    }
    let bases = (2u32..180).filter(|n| (2..*n).all(|m| n % m != 0));
    bases.take(40).all(|base| {
        let mut x = BigUint::from(base).modpow(&odd, n);
        if x == one() || x == n - 1u32 {
            return true;
        }
        (1..twos).any(|_| {
            x = &x * &x % n;
            x == n - 1u32
        })
    })
}

#[test]
fn the_curve_is_the_recommended_one() {
    let curve = Curve::recommended();
    let (p, n) = (&curve.p, &curve.n);
    // GB/T 32918.5-2017, clause 3, against the product's constants.
    assert_eq!(*p, power(256) - power(224) - power(96) + power(64) - 1u32);
    assert_eq!(number(&limbs::to_be_bytes(&field::P)), *p);
    assert_eq!(number(&limbs::to_be_bytes(&scalar::N)), *n);
    assert_eq!(curve.a, p - 3u32);
    assert_eq!(coordinates(&Affine::GENERATOR), curve.g);
    let (x, y) = curve.g.as_ref().unwrap();
    assert!(curve.contains(x, y));
    assert!(is_prime(p) && is_prime(n) && !is_prime(&(p * n)) && !is_prime(&(n - 2u32)));
    assert_eq!((p % 4u32, n == p), (BigUint::from(3u32), false));
    // 4 a^3 + 27 b^2 is not 0.
    let discriminant = curve.a.modpow(&3u32.into(), p) * 4u32 + &curve.b * &curve.b * 27u32;
    assert_ne!(discriminant % p, BigUint::ZERO);
    // [n]G is infinity, n is prime and within 2 sqrt(p) of p + 1: it is the order of the whole curve.
    assert!(curve.multiply(n, &curve.g).is_none());
    let gap = p + 1u32 - n;
    assert!(&gap * &gap <= p * 4u32);
    // No small power of p is 1 modulo n (GB/T 32918.1-2016, A.4.2.1).
    let mut q = one();
    for _ in 0..100 {
        q = q * p % n;
        assert_ne!(q, one());
    }
}

#[test]
fn the_montgomery_constants_are_powers_of_two() {
    let (p, n) = (Curve::recommended().p, Curve::recommended().n);
    let big = |limbs: &[u64; 4]| number(&limbs::to_be_bytes(limbs));
    assert_eq!(big(&FieldElement::ONE.0), power(256) % &p);
    // new() multiplies by 2^512, invert() by 2^768.
    for i in [0, 1, 63, 64, 255] {
        let limbs = limbs::from_be_bytes(&textbook::bytes(&(power(i) % &p)));
        let element = FieldElement::new(&limbs);
        assert_eq!(big(&element.0), power(256 + i) % &p);
        assert_eq!(big(&element.invert().0) * power(i) % &p, power(256) % &p);
        let scalar = Scalar::from_limbs_reduced(&limbs);
        assert_eq!(big(&scalar.to_montgomery().0), big(&scalar.0) * power(256) % &n);
    }
    // -1/m modulo 2^64.
    for m in [field::P[0], scalar::N[0]] {
        assert_eq!(m.wrapping_mul(limbs::negated_inverse(m)), u64::MAX);
    }
}

/// Every entry of `base.bin`, by additions and doublings of the textbook.
#[test]
fn every_entry_of_the_table_is_a_multiple_of_the_base_point() {
    let curve = Curve::recommended();
    let mut base = curve.g.clone();
    for window in 0..WINDOWS {
        let double = curve.add(&base, &base);
        let mut multiple = base.clone();
        for entry in 0..ENTRIES {
            let found = coordinates(&BASE[window * ENTRIES + entry]);
            assert_eq!(found, multiple, "window {window}, entry {entry}");
            multiple = curve.add(&multiple, &double);
        }
        base = (0..5).fold(double, |point, _| curve.add(&point, &point));
    }
    let last = curve.multiply(&(power(253) * 15u32 % &curve.n), &curve.g);
    assert_eq!(coordinates(&BASE[LAST]), last);
    assert_eq!(BASE.len(), LAST + 1);
}
