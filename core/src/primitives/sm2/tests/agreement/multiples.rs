//! Multiples of the base point and of others, and sums of both.

use yinxin_vectors::random::{rounds, tell};

use super::*;
use crate::primitives::sm2::comb::BASE;

#[test]
fn multiples_of_the_base_point() {
    let curve = Curve::recommended();
    let mut stream = Stream::new(1);
    let laps = rounds(25);
    for i in 0..laps {
        let (middle, step) = lap(&curve, &mut stream, i);
        let start = start(&curve, &middle, &step);
        let [first, stride] = [&start, &step].map(|k| curve.multiply(k, &curve.g));
        let both = std::iter::zip(numbers(&curve, &start, &step), points(&curve, &first, &stride));
        // 0 is no scalar that anyone multiplies by: it is stepped over.
        let (list, expected): (Vec<_>, Vec<_>) = both.filter(|(k, _)| *k != BigUint::ZERO).unzip();
        let list: Vec<Scalar> = list.iter().map(scalar_of).collect();
        for backend in Backend::runnable() {
            let together = backend.multiply_base_all(&list);
            assert_eq!(together.len(), list.len());
            for ((k, point), expected) in list.iter().zip(&together).zip(&expected) {
                let case = format!("{backend:?} {:x?}", k.0);
                assert_eq!(coordinates(point), *expected, "{case} together");
                assert_eq!(coordinates(&backend.multiply_base(k)), *expected, "{case}");
            }
        }
    }
    tell(&format!("sm2: {laps} walks of {STEPS} multiples of G, alone and together"));
}

#[test]
fn multiples_of_any_point() {
    let curve = Curve::recommended();
    let mut stream = Stream::new(2);
    let laps = rounds(12);
    for i in 0..laps {
        let (middle, step) = lap(&curve, &mut stream, i);
        let start = start(&curve, &middle, &step);
        let base = curve.multiply(&private(&curve, &mut stream), &curve.g);
        let [first, stride] = [&start, &step].map(|k| curve.multiply(k, &base));
        let point = affine(&base);
        let comb = comb::build(&point);
        let expected = points(&curve, &first, &stride);
        let (mut inputs, mut products) = (Vec::new(), Vec::new());
        for (k, expected) in numbers(&curve, &start, &step).iter().zip(&expected) {
            let scalar = scalar_of(k);
            let case = format!("{k:x} of {base:x?}");
            let sum = comb::add_multiple_vartime(Extended::INFINITY, &comb, &scalar);
            assert_eq!(sum_of(&sum), *expected, "{case} prepared");
            if *k == BigUint::ZERO {
                continue;
            }
            for backend in Backend::runnable() {
                let product = backend.multiply(&scalar, &point);
                assert_eq!(coordinates(&product), *expected, "{case} {backend:?}");
            }
            inputs.push((scalar, point));
            products.push(expected.clone());
        }
        for backend in Backend::runnable() {
            let together = backend.multiply_all(&inputs);
            let together: Vec<_> = together.iter().map(coordinates).collect();
            assert_eq!(together, products, "{backend:?} together, from {start:x} by {step:x}");
            let id = DistId::DEFAULT;
            let key = PreparedPublicKey::new(&PublicKey::from_point(point).on(backend), &id);
            let scalars: Vec<Scalar> = inputs.iter().map(|(k, _)| *k).collect();
            let together = key.multiply_all(&scalars);
            let together: Vec<_> = together.iter().map(coordinates).collect();
            assert_eq!(together, products, "{backend:?} prepared, from {start:x} by {step:x}");
            for (k, expected) in scalars.iter().zip(&products) {
                let [of_base, of_key] = key.multiply_base_and_key(k);
                let case = format!("{backend:?} prepared {:x?}", k.0);
                assert_eq!(coordinates(&of_key), *expected, "{case}");
                assert_eq!(
                    coordinates(&of_base),
                    coordinates(&Backend::Portable.multiply_base(k)),
                    "{case}"
                );
            }
        }
    }
    tell(&format!("sm2: {laps} walks of {STEPS} multiples of other points"));
}

/// What [s]G and [t]P are to each other in the middle of a walk.
#[derive(Clone, Copy, Debug)]
enum Meeting {
    Opposite,
    Equal,
    Nothing,
}

/// s, t and [s]G + [t]P for P = [d]G.
pub(super) struct Sum {
    pub(super) s: BigUint,
    pub(super) t: BigUint,
    pub(super) point: Point,
}

/// A walk of sums, through infinity, through a doubling, or anywhere.
pub(super) fn sums(curve: &Curve, stream: &mut Stream, d: &BigUint) -> Vec<Sum> {
    let n = &curve.n;
    let meeting = stream.pick(&[Meeting::Opposite, Meeting::Equal, Meeting::Nothing]);
    let crossings = crossings(n);
    let t = match stream.below(3) {
        0 => crossings[stream.below(crossings.len())].clone(),
        _ => anywhere(curve, stream),
    };
    let s = match meeting {
        Meeting::Opposite => (n - &t * d % n) % n,
        Meeting::Equal => &t * d % n,
        Meeting::Nothing => anywhere(curve, stream),
    };
    let one = BigUint::from(1u32);
    let (a, b) = match stream.below(3) {
        0 => (one.clone(), one),
        1 => (one, n - 1u32),
        _ => (anywhere(curve, stream), anywhere(curve, stream)),
    };
    let (s, t) = (start(curve, &s, &a), start(curve, &t, &b));
    let first = curve.multiply(&((&s + &t * d) % n), &curve.g);
    let stride = curve.multiply(&((&a + &b * d) % n), &curve.g);
    let scalars = numbers(curve, &s, &a).into_iter().zip(numbers(curve, &t, &b));
    let sums = scalars.zip(points(curve, &first, &stride));
    sums.map(|((s, t), point)| Sum { s, t, point }).collect()
}

#[test]
fn sums_of_multiples() {
    let curve = Curve::recommended();
    let mut stream = Stream::new(3);
    let laps = rounds(12);
    for _ in 0..laps {
        let d = private(&curve, &mut stream);
        let point = affine(&curve.multiply(&d, &curve.g));
        let comb = comb::build(&point);
        let sums = sums(&curve, &mut stream, &d);
        let inputs: Vec<Verification> = sums
            .iter()
            .map(|sum| Verification { s: scalar_of(&sum.s), t: scalar_of(&sum.t), point })
            .collect();
        for (sum, input) in sums.iter().zip(&inputs) {
            let prepared = comb::add_multiple_vartime(Extended::INFINITY, &BASE, &input.s);
            let prepared = comb::add_multiple_vartime(prepared, &comb, &input.t);
            let case = format!("[{:x}]G + [{:x}][{d:x}]G", sum.s, sum.t);
            assert_eq!(sum_of(&prepared), sum.point, "{case} prepared");
            for backend in Backend::runnable() {
                let alone = sum_of(&backend.double_multiply_vartime(input));
                assert_eq!(alone, sum.point, "{case} {backend:?}");
            }
        }
        for backend in Backend::runnable() {
            let table = KeyTable::new(backend, &point);
            let together = backend.double_multiply_all_vartime(&inputs);
            let prepared = table.double_multiply_all_vartime(&inputs);
            assert_eq!((together.len(), prepared.len()), (inputs.len(), inputs.len()));
            for (i, sum) in sums.iter().enumerate() {
                let case = format!("[{:x}]G + [{:x}][{d:x}]G {backend:?}", sum.s, sum.t);
                assert_eq!(sum_of(&together[i]), sum.point, "{case} together");
                assert_eq!(sum_of(&prepared[i]), sum.point, "{case} prepared, together");
                let alone = table.double_multiply_vartime(&inputs[i]);
                assert_eq!(sum_of(&alone), sum.point, "{case} prepared");
            }
        }
    }
    tell(&format!(
        "sm2: {laps} walks of {STEPS} sums of multiples, through infinity and doublings"
    ));
}
