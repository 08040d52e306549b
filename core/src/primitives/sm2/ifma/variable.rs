//! Multiples of points that are met for the first time, in constant time.

use super::{
    digits::{Digits, Odd, OddLanes, windows},
    field::{Lanes, each_limb},
    points::{Doubling, ExtendedLanes, JacobianLanes},
    steps,
    vector::{Eight, LaneMask, Vector, Words},
};
use crate::primitives::sm2::{field::FieldElement, point::Affine};

/// The width of the windows for eight scalars.
const WIDE: usize = 5;

/// The width for one scalar, whose 64 windows fill all lanes again and again.
const NARROW: usize = 4;

/// [k]P for each lane's k and its P.
///
/// From the highest digit down: sum = 2^W sum + d. A sum before the last digit is an odd number A >= 1, so
/// 2^W A > |d|: never equal or opposite as integers, and too small to be so modulo n before the last
/// digit. There it can be, for a few k: the result is then infinity.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn multiply(k: &OddLanes, points: &[Affine; 8]) -> JacobianLanes<Eight> {
    let first = JacobianLanes {
        x: Lanes::from_elements(&points.map(|point| point.x)),
        y: Lanes::from_elements(&points.map(|point| point.y)),
        z: Lanes::broadcast(&FieldElement::ONE),
    };
    let doubled = steps::double(&first, 1);
    let mut multiples = [first; 1 << (WIDE - 1)];
    for i in 1..multiples.len() {
        multiples[i] = steps::add(&multiples[i - 1], &doubled);
    }
    let mut sum = select(&multiples, &k.digits::<WIDE>(windows(WIDE) - 1));
    for window in (0..windows(WIDE) - 1).rev() {
        sum = steps::double(&sum, WIDE);
        sum = steps::add(&sum, &select(&multiples, &k.digits::<WIDE>(window)));
    }
    sum
}

/// `multiples[entry]` of each lane, or its opposite, by reading them all.
#[inline(always)]
fn select(multiples: &[JacobianLanes<Eight>], digits: &Digits<Eight>) -> JacobianLanes<Eight> {
    let mut found = multiples[0];
    for (entry, multiple) in (0..).zip(multiples).skip(1) {
        let here = Eight::zero_mask(digits.entry - Eight::splat(entry));
        found = JacobianLanes::select(here, multiple, &found);
    }
    found.negate_in(digits.negative)
}

/// [k]P for one k, as a sum over all lanes.
///
/// Of L lanes, lane l takes the windows l, l + L, l + 2 L …: all lanes double together, 4 L times between
/// two of them, and are then brought to their places and added up. The sum A of a lane is odd, so
/// 2^(4 L) |A| > |d|: never equal or opposite as integers, and too small to be so modulo n. Nor are the sums of
/// two sets of lanes as integers, being odd multiples of different powers of 2; modulo n they can be, for a
/// few k: the result is then infinity.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
pub(super) fn multiply_split<V: Vector>(k: &Odd, point: &Affine) -> ExtendedLanes<V> {
    let multiples = Multiples::new::<V>(point);
    let last = windows(NARROW) - V::LANES;
    let mut sum: JacobianLanes<V> =
        multiples.select(&k.digits::<NARROW, { windows(NARROW) }, V>(last));
    for first in (0..last).step_by(V::LANES).rev() {
        let doubling = steps::double_on(&Doubling::new(&sum), V::LANES * NARROW);
        let next = multiples.select(&k.digits::<NARROW, { windows(NARROW) }, V>(first));
        sum = steps::add(&doubling.point(), &next);
    }
    // Lane l stands for 2^(4 l): its doublings come after those of the lanes above it.
    let mut doubling = Doubling::new(&sum);
    for lane in 1..V::LANES {
        let doubled = steps::double_on(&doubling, NARROW);
        doubling = Doubling::select(LaneMask::MAX << lane, &doubled, &doubling);
    }
    doubling.point().to_extended()
}

/// P, 3P, … 15P: the limbs of X, Y and Z in turn, an entry to a word.
struct Multiples([Words; 15]);

impl Multiples {
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
    fn new<V: Vector>(point: &Affine) -> Self {
        let one = JacobianLanes::<V> {
            x: Lanes::broadcast(&point.x),
            y: Lanes::broadcast(&point.y),
            z: Lanes::broadcast(&FieldElement::ONE),
        };
        let two = steps::double(&one, 1);
        // Odd lanes 3, then lanes 2, 3, 6 and 7 further by 4, then the upper entries by 8. No two summands
        // are equal or opposite.
        let sum = JacobianLanes::select(0b1010_1010, &steps::add(&one, &two), &one);
        let four = steps::double(&two, 1);
        let lower = JacobianLanes::select(0b1100_1100, &steps::add(&sum, &four), &sum);
        let eight = steps::double(&four, 1);
        let upper = steps::add(&lower, &eight);
        let mut limbs = [Words([0; 8]); 15];
        for i in 0..5 {
            limbs[i] = V::store_halves(lower.x.0[i], upper.x.0[i]);
            limbs[i + 5] = V::store_halves(lower.y.0[i], upper.y.0[i]);
            limbs[i + 10] = V::store_halves(lower.z.0[i], upper.z.0[i]);
        }
        Self(limbs)
    }

    #[inline(always)]
    fn select<V: Vector>(&self, digits: &Digits<V>) -> JacobianLanes<V> {
        let found = JacobianLanes {
            x: each_limb!(|I| V::pick_of_8(digits.entry, &self.0[I])),
            y: each_limb!(|I| V::pick_of_8(digits.entry, &self.0[I + 5])),
            z: each_limb!(|I| V::pick_of_8(digits.entry, &self.0[I + 10])),
        };
        found.negate_in(digits.negative)
    }
}
