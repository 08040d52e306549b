//! Whether new key pairs are pairs: the check of GB/T 37092-2018 after a key generation, against faults.
//!
//! For the pairs (d, P) of a batch and weights w the two sides of [Σ w d + 1]G = Σ w P + G are compared.
//! One wrong P, whatever is wrong with it, makes them differ, because n is prime and no w is 0 modulo n;
//! and the eight weights also tell apart keys that changed places among the lanes of a vector. The left
//! side has other digits than the generation had, and for several keys takes another kernel. So a batch
//! is checked for the price of one multiplication and an addition a key. 1 / (1 + d), which signing relies
//! on, is checked by one product wherever it is computed.

use zeroize::Zeroizing;

use super::{
    Backend, PrivateKey,
    point::{Affine, Extended, Jacobian},
    scalar::Scalar,
};
use crate::{
    error::Error,
    primitives::{ct, selftest},
};

/// The weights are the powers of 2 below 2^8, one for each lane of the widest vector.
const WEIGHTS: usize = 8;

/// A pair to be checked: d, 2^256 / (1 + d), P.
type Pair = (Zeroizing<Scalar>, Zeroizing<Scalar>, Affine);

/// Checks keys that were made together. Constant time in d; the points are public.
///
/// # Errors
/// [`Code::SelfTestFailed`](crate::Code::SelfTestFailed) if one is no pair: nothing serves any more.
pub(super) fn check(backend: Backend, keys: &[PrivateKey]) -> Result<(), Error> {
    let pairs = keys.iter().map(|key| Ok((key.scalar(), key.inverse()?, key.public().point)));
    serve_if(are_pairs(backend, &pairs.collect::<Result<Vec<_>, Error>>()?))
}

/// Checks one key.
///
/// # Errors
/// As [`check`].
pub(super) fn check_one(key: &PrivateKey) -> Result<(), Error> {
    serve_if(is_pair(key.public().backend, &key.scalar(), &key.public().point))
}

/// Checks that `inverse` is 2^256 / (1 + d).
///
/// # Errors
/// As [`check`].
pub(super) fn check_inverse(d: &Scalar, inverse: &Scalar) -> Result<(), Error> {
    serve_if(is_inverse(d, inverse))
}

fn serve_if(right: bool) -> Result<(), Error> {
    if right { Ok(()) } else { Err(selftest::fail()) }
}

fn is_inverse(d: &Scalar, inverse: &Scalar) -> bool {
    let successor = Zeroizing::new(d.successor());
    successor.multiply_montgomery(inverse).sub(&Scalar::ONE).is_zero().declassify()
}

fn is_pair(backend: Backend, d: &Scalar, point: &Affine) -> bool {
    let sum = Jacobian::from_affine(point).add_affine_vartime(&Affine::GENERATOR);
    is_sum(&sum, backend.multiply_base_to_sum(&Zeroizing::new(d.successor())))
}

/// Whether what was computed from the private keys is the sum of public ones; if it is anything else, nothing
/// serves any more, so that it is public.
fn is_sum(sum: &Jacobian, computed: Extended) -> bool {
    let computed = ct::declassify(computed);
    let zz = sum.z.square();
    let x = computed.x.multiply(&zz).sub(&sum.x.multiply(&computed.zz));
    let y = computed.y.multiply(&zz).multiply(&sum.z).sub(&sum.y.multiply(&computed.zzz));
    // What a fault leaves may be all zeros, which would fit everything.
    let finite = !computed.zz.is_zero_vartime() && !sum.z.is_zero_vartime();
    finite && x.is_zero_vartime() && y.is_zero_vartime()
}

fn are_pairs(backend: Backend, pairs: &[Pair]) -> bool {
    let inverses_fit = pairs.iter().fold(true, |fit, (d, inverse, _)| fit & is_inverse(d, inverse));

    let mut scalar = Zeroizing::new(Scalar::ZERO);
    let mut sum = Jacobian::INFINITY;
    for lane in (0..WEIGHTS.min(pairs.len())).rev() {
        *scalar = scalar.add(&scalar);
        sum = sum.double();
        for (d, _, point) in pairs.iter().skip(lane).step_by(WEIGHTS) {
            *scalar = scalar.add(d);
            sum = sum.add_affine_vartime(point);
        }
    }
    *scalar = scalar.add(&Scalar::ONE);
    sum = sum.add_affine_vartime(&Affine::GENERATOR);
    if scalar.is_zero().declassify() || sum.z.is_zero_vartime() {
        // Once in 2^256 times both sides are infinity.
        return inverses_fit && scalar.is_zero().declassify() && sum.z.is_zero_vartime();
    }
    inverses_fit && is_sum(&sum, backend.multiply_base_to_sum(&scalar))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(backend: Backend, count: usize) -> Vec<Pair> {
        let keys = backend.keygen_many(count).unwrap();
        keys.iter().map(|key| (key.scalar(), key.inverse().unwrap(), key.public().point)).collect()
    }

    #[test]
    fn batches_of_every_length_are_pairs_until_one_is_changed() {
        for backend in Backend::runnable() {
            for count in [1, 2, 7, 8, 9, 16, 17, 64] {
                let right = pairs(backend, count);
                assert!(are_pairs(backend, &right), "{backend:?} {count}");
                for index in [0, count / 2, count - 1] {
                    let case = format!("{backend:?} {count} {index}");
                    let mut wrong = pairs(backend, count);
                    wrong[index].2 = wrong[index].2.negate();
                    assert!(!are_pairs(backend, &wrong), "{case}: -P");
                    wrong[index].2 = Affine::GENERATOR;
                    assert!(!are_pairs(backend, &wrong), "{case}: G");
                    wrong[index].2.x = wrong[index].2.y;
                    assert!(!are_pairs(backend, &wrong), "{case}: not on the curve");
                    let mut wrong = pairs(backend, count);
                    *wrong[index].0 = wrong[index].0.add(&Scalar::ONE);
                    assert!(!are_pairs(backend, &wrong), "{case}: d + 1");
                    let mut wrong = pairs(backend, count);
                    *wrong[index].1 = wrong[index].1.negate();
                    assert!(!are_pairs(backend, &wrong), "{case}: the inverse");
                }
            }
        }
    }

    #[test]
    fn one_key_is_a_pair_until_it_is_changed() {
        // d = 1 makes P + G a doubling; d = n - 2 is the highest, so that d + 1 is negative.
        let edges = [Scalar::ONE, Scalar::ONE.add(&Scalar::ONE).negate()];
        for backend in Backend::runnable() {
            let random = backend.keygen_many(1).unwrap()[0].scalar();
            for d in [*random].into_iter().chain(edges) {
                let point = backend.multiply_base(&d);
                assert!(is_pair(backend, &d, &point), "{backend:?} {:x?}", d.0);
                let mut off_curve = point;
                off_curve.x = point.y;
                let successor = d.successor();
                let next = Jacobian::from_affine(&point).add_affine_vartime(&Affine::GENERATOR);
                let mut wrong = vec![point.negate(), off_curve];
                if !successor.successor().is_zero().declassify() {
                    wrong.push(backend.multiply_base(&successor));
                }
                for wrong in wrong {
                    assert!(!is_pair(backend, &d, &wrong), "{backend:?} {:x?}", d.0);
                }
                let infinity = Extended::INFINITY;
                assert!(is_sum(&next, backend.multiply_base_to_sum(&successor)));
                assert!(!is_sum(&next, infinity) && !is_sum(&Jacobian::INFINITY, infinity));

                let inverse = successor.invert().to_montgomery();
                assert!(is_inverse(&d, &inverse) && !is_inverse(&d, &inverse.negate()));
                assert!(!is_inverse(&successor, &inverse));
            }
        }
    }

    #[test]
    fn lanes_that_changed_places_are_noticed() {
        for backend in Backend::runnable() {
            for (a, b) in [(0, 1), (0, 7), (3, 12), (8, 15)] {
                let mut wrong = pairs(backend, 16);
                (wrong[a].2, wrong[b].2) = (wrong[b].2, wrong[a].2);
                assert!(!are_pairs(backend, &wrong), "{backend:?} {a} {b}");
            }
        }
    }
}
