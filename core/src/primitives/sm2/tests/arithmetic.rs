//! The integers, the field and the multiples of points against num-bigint and the textbook.

use num_bigint::BigUint;
use yinxin_vectors::random::{self, rounds, tell};

use super::textbook::{Curve, bytes, hex, number};
use super::*;
use crate::primitives::sm2::{
    comb::BASE,
    field::{self, FieldElement},
    limbs::Limbs,
    point::Jacobian,
};

/// Values at which carries, borrows and reductions change.
fn edges(m: &Limbs) -> Vec<Limbs> {
    let m = big(m);
    let two = BigUint::from(2u32);
    let mut values: Vec<BigUint> = (0u32..8).map(BigUint::from).collect();
    for i in [1, 31, 32, 33, 63, 64, 65, 95, 96, 97, 127, 128, 191, 192, 223, 224, 225, 254, 255] {
        let power = two.pow(i);
        values.extend([&power - 1u32, power.clone(), &power + 1u32, &m - &power]);
    }
    values.extend((1u32..8).map(|i| &m - i));
    values.extend([&m >> 1u32, (&m >> 1u32) + 1u32, two.pow(256) % &m, (two.pow(256) - 1u32) % &m]);
    values.into_iter().filter(|value| *value < m).map(|value| limbs_of(&value)).collect()
}

fn big(limbs: &Limbs) -> BigUint {
    number(&limbs::to_be_bytes(limbs))
}

fn limbs_of(value: &BigUint) -> Limbs {
    limbs::from_be_bytes(&bytes(value))
}

/// Every pair of edges, then random pairs: 10^5, and millions of them under `make agreement`.
pub(in crate::primitives::sm2) fn pairs(m: &Limbs, mut check: impl FnMut(Limbs, Limbs)) {
    let edges = edges(m);
    for a in &edges {
        for b in &edges {
            check(*a, *b);
        }
    }
    let mut stream = random::Stream::new(1);
    let count = rounds(40_000).max(100_000);
    for _ in 0..count {
        // Every other time with limbs at which carries change.
        let [a, b] = [0, 0].map(|_| {
            let edgy = stream.below(2) == 0;
            let limbs = if edgy { stream.edgy() } else { [0; 4].map(|_| stream.word()) };
            limbs::reduce_once(&limbs, false, m)
        });
        check(a, b);
    }
    tell(&format!("sm2: {count} random pairs modulo {:x}", big(m)));
}

#[test]
fn field_agrees_with_integers() {
    let p = &big(&field::P);
    let r = &BigUint::from(2u32).pow(256);
    pairs(&field::P, |a, b| {
        // The limbs are taken as Montgomery forms, so that these are edges too.
        let (x, y) = (FieldElement(a), FieldElement(b));
        let (a, b) = (big(&a), big(&b));
        let case = || format!("{a:x} {b:x}");
        assert_eq!(big(&x.add(&y).0), (&a + &b) % p, "{}", case());
        assert_eq!(big(&x.sub(&y).0), (&a + p - &b) % p, "{}", case());
        assert_eq!(big(&x.multiply(&y).0) * r % p, &a * &b % p, "{}", case());
        assert_eq!(big(&x.square().0) * r % p, &a * &a % p, "{}", case());
        assert_eq!(big(&x.halve().0) * 2u32 % p, a, "{}", case());
        assert_eq!(big(&x.to_limbs()) * r % p, a, "{}", case());
        for value in [x.add(&y), x.sub(&y), x.multiply(&y), x.square(), x.halve(), x.negate()] {
            assert!(big(&value.0) < *p, "{}", case());
        }
    });
}

#[test]
fn scalars_agree_with_integers() {
    let n = &big(&scalar::N);
    pairs(&scalar::N, |a, b| {
        let (x, y) = (Scalar(a), Scalar(b));
        let (a, b) = (big(&a), big(&b));
        let case = || format!("{a:x} {b:x}");
        assert_eq!(big(&x.add(&y).0), (&a + &b) % n, "{}", case());
        assert_eq!(big(&x.sub(&y).0), (&a + n - &b) % n, "{}", case());
        assert_eq!(big(&x.to_montgomery().multiply_montgomery(&y).0), &a * &b % n, "{}", case());
        assert_eq!(big(&x.negate().0), (n - &a) % n, "{}", case());
    });
}

#[test]
fn numbers_are_reduced_and_refused_at_the_modulus() {
    for (m, from) in [
        (field::P, (|b| FieldElement::from_bytes(b).map(FieldElement::to_bytes)) as fn(&_) -> _),
        (scalar::N, |b| Scalar::from_bytes_nonzero(b).map(Scalar::to_bytes)),
    ] {
        let m = big(&m);
        let top = BigUint::from(2u32).pow(256) - 1u32;
        for inside in [BigUint::from(1u32), &m - 1u32] {
            assert_eq!(from(&bytes(&inside)), Some(bytes(&inside)));
        }
        for outside in [m.clone(), &m + 1u32, top] {
            assert_eq!(from(&bytes(&outside)), None);
        }
    }
    assert!(Scalar::from_bytes_nonzero(&[0; 32]).is_none());
    let n = big(&scalar::N);
    for value in [n.clone(), &n + 1u32, &n * 2u32 - (&n - 5u32), hex(&"f".repeat(64))] {
        let reduced = Scalar::from_bytes_reduced(&bytes(&value));
        assert_eq!(big(&reduced.0), value % &n);
    }
}

#[test]
fn inverses_are_inverses() {
    let (p, n) = (&big(&field::P), &big(&scalar::N));
    let one = BigUint::from(1u32);
    let count = rounds(4_000).max(100_000);
    let random = |number| {
        let mut stream = random::Stream::new(number);
        std::iter::repeat_with(move || stream.edgy()).take(count)
    };
    for a in edges(&field::P).into_iter().chain(random(2)) {
        let x = FieldElement(limbs::reduce_once(&a, false, &field::P));
        let product = big(&x.invert().multiply(&x).to_limbs());
        assert_eq!(
            product,
            if x.is_zero_vartime() { BigUint::ZERO } else { one.clone() },
            "{a:x?}"
        );
        assert!(big(&x.invert().0) < *p);
    }
    for a in edges(&scalar::N).into_iter().chain(random(3)) {
        let x = Scalar::from_limbs_reduced(&a);
        let product = big(&x.invert().0) * big(&x.0) % n;
        assert_eq!(product, if x.is_zero().declassify() { BigUint::ZERO } else { one.clone() });
        assert!(big(&x.invert().0) < *n);
    }
    tell(&format!("sm2: {count} random inverses modulo p, and modulo n"));
}

#[test]
fn square_roots_are_found_or_refused() {
    let mut stream = Stream(3);
    let mut found = 0;
    for _ in 0..200 {
        let x = FieldElement(limbs::reduce_once(&stream.limbs(), false, &field::P));
        let root = x.square().square_root_vartime().expect("a square has a root");
        assert!(root.equals(&x).declassify() || root.equals(&x.negate()).declassify());
        if let Some(root) = x.square_root_vartime() {
            assert!(root.square().equals(&x).declassify());
            found += 1;
        }
    }
    assert!((60..140).contains(&found), "about half of all elements are squares: {found} of 200");
}

/// Scalars at which the algorithms have their special cases, and random ones.
fn scalars() -> Vec<BigUint> {
    let n = big(&scalar::N);
    let two = BigUint::from(2u32);
    let mut list: Vec<BigUint> = (1u32..=40).map(BigUint::from).collect();
    list.extend((1u32..=40).map(|i| &n - i));
    // The first two are the only ones for which the last addition of the comb meets equal points; windows of
    // other widths meet them at the others.
    let equal = two.pow(253) * 15u32 - &n;
    list.extend([&n - &equal, equal, two.pow(256) - &n, &n * 2u32 - two.pow(256)]);
    for i in [4, 5, 6, 31, 64, 127, 250, 251, 254, 255] {
        let power = two.pow(i);
        list.extend([&power - 1u32, power.clone(), &power + 1u32, &n - power]);
    }
    list.extend([&n >> 1u32, (&n >> 1u32) + 1u32, &n - two.pow(251) * 31u32]);
    let mut stream = Stream(4);
    list.extend((0..20).map(|_| number(&stream.bytes()) % (&n - 1u32) + 1u32));
    list
}

fn coordinates(point: Affine) -> textbook::Point {
    Some((number(&point.x.to_bytes()), number(&point.y.to_bytes())))
}

#[test]
fn multiples_agree_with_the_textbook() {
    let curve = Curve::recommended();
    let other = curve.multiply(&hex("123456789abcdef"), &curve.g);
    let (x, y) = other.clone().unwrap();
    let point = Affine::from_bytes(&bytes(&x), &bytes(&y)).unwrap();
    for k in scalars() {
        let scalar = Scalar::from_bytes_nonzero(&bytes(&k)).unwrap();
        let (expected_base, expected) = (curve.multiply(&k, &curve.g), curve.multiply(&k, &other));
        for backend in Backend::runnable() {
            let case = format!("{backend:?} {k:x}");
            let base = coordinates(backend.multiply_base(&scalar));
            assert_eq!(base, expected_base, "{case}");
            let multiple = coordinates(backend.multiply(&scalar, &point));
            assert_eq!(multiple, expected, "{case}");
        }
    }
}

#[test]
fn many_multiples_are_each_as_one() {
    let curve = Curve::recommended();
    let scalars = scalars();
    let list: Vec<Scalar> =
        scalars.iter().map(|k| Scalar::from_bytes_nonzero(&bytes(k)).unwrap()).collect();
    let expected: Vec<_> = scalars.iter().map(|k| curve.multiply(k, &curve.g)).collect();
    for backend in Backend::runnable() {
        for start in [0, 1, 5, list.len() - 1, list.len()] {
            let points = backend.multiply_base_all(&list[start..]);
            let points: Vec<_> = points.into_iter().map(coordinates).collect();
            assert_eq!(points, expected[start..], "{backend:?} from {start}");
        }
    }
}

#[test]
fn sums_of_multiples_agree_with_the_textbook() {
    let curve = Curve::recommended();
    let n = &curve.n;
    let mut list = scalars();
    list.push(BigUint::ZERO);
    let mut stream = Stream(5);
    // P = [3]G, so that sums of multiples of G and P meet equal, opposite and infinite points.
    let d = BigUint::from(3u32);
    let (x, y) = curve.multiply(&d, &curve.g).unwrap();
    let point = Affine::from_bytes(&bytes(&x), &bytes(&y)).unwrap();
    let comb = comb::build(&point);
    let mut cases: Vec<(BigUint, BigUint)> = Vec::new();
    for t in &list {
        let opposite = (n - t * &d % n) % n; // [s]G + [t]P = infinity
        let equal = t * &d % n; // [s]G = [t]P
        cases.extend([opposite, equal, number(&stream.bytes()) % n].map(|s| (s, t.clone())));
    }
    let mut inputs = Vec::new();
    let mut all_expected = Vec::new();
    let affine = |sum: &Extended| match sum.zz.is_zero_vartime() {
        true => None,
        false => coordinates(sum.to_affine()),
    };
    for (s, t) in cases {
        let expected = curve.multiply(&((&s + &t * &d) % n), &curve.g);
        let [a, b] = [&s, &t].map(|value| Scalar::from_bytes_reduced(&bytes(value)));
        let sum = comb::add_multiple_vartime(Extended::INFINITY, &BASE, &a);
        let mut sums = vec![comb::add_multiple_vartime(sum, &comb, &b)];
        let input = Verification { s: a, t: b, point };
        sums.extend(Backend::runnable().map(|x| x.double_multiply_vartime(&input)));
        for sum in sums {
            assert_eq!(affine(&sum), expected, "{s:x} {t:x}");
        }
        inputs.push(input);
        all_expected.push(expected);
    }
    for backend in Backend::runnable() {
        let sums = backend.double_multiply_all_vartime(&inputs);
        assert_eq!(sums.iter().map(affine).collect::<Vec<_>>(), all_expected, "{backend:?}");
    }
}

#[test]
fn additions_have_no_special_cases_where_they_say_so() {
    let g = Affine::GENERATOR;
    let double = Jacobian::from_affine(&g).double();
    let same = Jacobian::from_affine(&g).add_affine_vartime(&g);
    let (a, b) = (
        coordinates(Extended::from_jacobian(&double).to_affine()),
        coordinates(Extended::from_jacobian(&same).to_affine()),
    );
    assert_eq!(a, b);
    assert!(Jacobian::from_affine(&g).add_affine_vartime(&g.negate()).z.is_zero_vartime());
    let alone = Jacobian::INFINITY.add_affine_vartime(&g);
    assert_eq!(coordinates(Extended::from_jacobian(&alone).to_affine()), coordinates(g));
    assert!(Jacobian::INFINITY.double().z.is_zero_vartime());
}

/// `UPDATE=1 cargo test` writes the table anew.
#[test]
fn base_table_is_the_comb_of_g() {
    let comb = comb::build(&Affine::GENERATOR);
    let limbs = comb.iter().flat_map(|point| point.x.0.into_iter().chain(point.y.0));
    let table: Vec<u8> = limbs.flat_map(u64::to_le_bytes).collect();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/primitives/sm2/comb/base.bin");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, &table).unwrap();
    }
    assert!(std::fs::read(file).unwrap() == table, "base.bin: run UPDATE=1 cargo test");
    let curve = Curve::recommended();
    for (window, entry) in [(0, 0), (0, 31), (1, 0), (7, 9), (41, 0), (41, 31), (42, 0), (42, 31)] {
        let k = BigUint::from(2 * entry + 1u32) << (6 * window);
        let expected = curve.multiply(&(k % &curve.n), &curve.g);
        assert_eq!(coordinates(comb[32 * window + entry as usize]), expected, "{window} {entry}");
    }
    let k = (BigUint::from(15u32) << 253) % &curve.n;
    assert_eq!(coordinates(comb[1376]), curve.multiply(&k, &curve.g));
}
