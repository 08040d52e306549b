//! Every backend against the textbook on many inputs. From one multiple of a point to the next the
//! textbook makes one addition, so that hundreds of thousands can be compared; a walk either starts
//! anywhere, or crosses numbers at which an algorithm has its special cases.

mod batches;
mod ciphertexts;
mod exchanges;
mod multiples;
mod signatures;
mod windows;

use num_bigint::BigUint;
use yinxin_vectors::random::Stream;

use super::{
    textbook::{Curve, Point, bytes, number},
    *,
};
use crate::primitives::sm2::backend::KeyTable;

/// Steps of a walk; the middle one is where it crosses.
const STEPS: u32 = 64;
const MIDDLE: u32 = STEPS / 2;

/// k, k + a, k + 2a, … modulo n.
fn numbers(curve: &Curve, start: &BigUint, step: &BigUint) -> Vec<BigUint> {
    (0..STEPS).map(|i| (start + step * i) % &curve.n).collect()
}

/// The start of a walk with this step that is at `middle` in its middle.
fn start(curve: &Curve, middle: &BigUint, step: &BigUint) -> BigUint {
    let n = &curve.n;
    (middle + n - step * MIDDLE % n) % n
}

/// A, A + B, A + 2B, …
fn points(curve: &Curve, start: &Point, step: &Point) -> Vec<Point> {
    let next = |point: &Point| Some(curve.add(point, step));
    std::iter::successors(Some(start.clone()), next).take(STEPS as usize).collect()
}

/// Numbers at which a recoding, a comb or a ladder may have a special case.
fn crossings(n: &BigUint) -> Vec<BigUint> {
    let two = |i: u32| BigUint::from(1u32) << i;
    // Where the last addition of the comb meets equal points, and that of the multiplication of any point.
    let equal = two(253) * 15u32 - n;
    let mut list = vec![n - &equal, equal, n - 6u32, BigUint::from(6u32)];
    list.extend([two(256) % n, n * 2u32 - two(256)]);
    list.extend([BigUint::from(1u32), n - 1u32, n >> 1u32, two(255)]);
    for i in (0..256).rev() {
        list.extend([two(i), (n * 2u32 - two(i)) % n]);
    }
    // Windows of any width: all digits the largest, the smallest, or changing sign.
    for width in 3..8u32 {
        let top = two(width) - 1u32;
        for digit in [&top / 2u32, &top / 2u32 + 1u32, top.clone()] {
            let windows = 256 / width;
            let sum = (0..windows).map(|i| &digit << (i * width)).sum::<BigUint>();
            let sparse = (0..windows).step_by(2).map(|i| &digit << (i * width)).sum::<BigUint>();
            list.extend([sum % n, sparse % n]);
        }
    }
    for windows in windows::WINDOWS {
        list.extend(windows::meetings(n, windows));
    }
    list
}

/// For lap after lap, the number in the middle of a walk and its step: first across every crossing,
/// one by one, then anywhere.
fn lap(curve: &Curve, stream: &mut Stream, lap: usize) -> (BigUint, BigUint) {
    match crossings(&curve.n).get(lap) {
        Some(crossing) => (crossing.clone(), BigUint::from(1u32)),
        None => (anywhere(curve, stream), anywhere(curve, stream)),
    }
}

/// A number in [1, n-1], random or with words at which carries change.
fn anywhere(curve: &Curve, stream: &mut Stream) -> BigUint {
    let limbs = if stream.below(2) == 0 { stream.edgy() } else { [0; 4].map(|_| stream.word()) };
    number(&limbs::to_be_bytes(&limbs)) % (&curve.n - 1u32) + 1u32
}

/// A private key, and sometimes one so special that multiples of its point meet those of G.
fn private(curve: &Curve, stream: &mut Stream) -> BigUint {
    let n = &curve.n;
    let small = BigUint::from(stream.word() % 40);
    let d = match stream.below(8) {
        0 => small + 1u32,
        1 => n - 2u32 - small,
        2 => BigUint::from(1u32) << stream.below(256),
        3 => n - 2u32 - (BigUint::from(1u32) << stream.below(200)),
        4 => BigUint::from(2u32).modpow(&(n - 2u32 - small), n), // a power of 1/2
        _ => anywhere(curve, stream),
    };
    if d > n - 2u32 { n - 2u32 } else { d }
}

fn private_key(d: &BigUint) -> PrivateKey {
    PrivateKey::from_bytes(&bytes(d)).expect("in [1, n-2]")
}

fn scalar_of(value: &BigUint) -> Scalar {
    Scalar::from_bytes_reduced(&bytes(value))
}

fn coordinates(point: &Affine) -> Point {
    Some((number(&point.x.to_bytes()), number(&point.y.to_bytes())))
}

fn affine(point: &Point) -> Affine {
    let (x, y) = point.as_ref().expect("not infinity");
    Affine::from_bytes(&bytes(x), &bytes(y)).expect("a point of the curve")
}

/// The coordinates, or `None` for infinity.
fn sum_of(sum: &Extended) -> Point {
    if sum.zz.is_zero_vartime() { None } else { coordinates(&sum.to_affine()) }
}
