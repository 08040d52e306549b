//! Multiples of points that are met for the first time, in constant time.

use super::{
    digits::{Digits, Odd, OddLanes, windows},
    field::{Lanes, each_limb},
    points::{Doubling, JacobianLanes},
    vector::{LaneMask, Vector, Words},
};
use crate::primitives::sm2::{field::FieldElement, point::Affine};

/// The width of the windows for eight scalars.
const WIDE: usize = 5;

/// The width for one scalar, whose 64 windows fill the eight lanes eight times.
const NARROW: usize = 4;

/// [k]P for each lane's k and its P.
///
/// From the highest digit down: sum = 2^W sum + d. A sum before the last digit is an odd number A >= 1, so
/// 2^W A > |d|: never equal or opposite as integers, and too small to be so modulo n before the last
/// digit. There it can be, for a few k: the result is then infinity.
#[inline(always)]
pub(super) fn multiply(k: &OddLanes, points: &[Affine; 8]) -> JacobianLanes {
    let first = JacobianLanes {
        x: Lanes::from_elements(&points.map(|point| point.x)),
        y: Lanes::from_elements(&points.map(|point| point.y)),
        z: Lanes::broadcast(&FieldElement::ONE),
    };
    let doubled = first.double();
    let mut multiples = [first; 1 << (WIDE - 1)];
    for i in 1..multiples.len() {
        multiples[i] = multiples[i - 1].add(&doubled);
    }
    let mut sum = select(&multiples, &k.digits::<WIDE>(windows(WIDE) - 1));
    for window in (0..windows(WIDE) - 1).rev() {
        for _ in 0..WIDE {
            sum = sum.double();
        }
        sum = sum.add(&select(&multiples, &k.digits::<WIDE>(window)));
    }
    sum
}

/// `multiples[entry]` of each lane, or its opposite, by reading them all.
#[inline(always)]
fn select(multiples: &[JacobianLanes], digits: &Digits) -> JacobianLanes {
    let mut found = multiples[0];
    for (entry, multiple) in (0..).zip(multiples).skip(1) {
        let here = Vector::zero_mask(digits.entry - Vector::splat(entry));
        found = JacobianLanes::select(here, multiple, &found);
    }
    found.negate_in(digits.negative)
}

/// [k]P for one k, in lane 0.
///
/// Lane l takes the windows l, l + 8, l + 16 …: all lanes double together, 32 times between two of them,
/// and are then brought to their places and added up. As to equal and opposite points see [`multiply`];
/// the sums of two sets of lanes are odd multiples of different powers of 2.
#[inline(always)]
pub(super) fn multiply_split(k: &Odd, point: &Affine) -> JacobianLanes {
    let multiples = Multiples::new(point);
    let last = windows(NARROW) - 8;
    let mut sum = multiples.select(&k.digits::<NARROW>(last));
    for first in (0..last).step_by(8).rev() {
        let mut doubling = Doubling::new(&sum);
        for _ in 0..8 * NARROW {
            doubling = doubling.double();
        }
        sum = doubling.point().add(&multiples.select(&k.digits::<NARROW>(first)));
    }
    // Lane l stands for 2^(4 l): its doublings come after those of the lanes above it.
    let mut doubling = Doubling::new(&sum);
    for lane in 1..8 {
        let before = doubling;
        for _ in 0..NARROW {
            doubling = doubling.double();
        }
        doubling = Doubling::select(LaneMask::MAX << lane, &doubling, &before);
    }
    doubling.point().sum_lanes()
}

/// P, 3P, … 15P: the limbs of X, Y and Z in turn, an entry to a word.
struct Multiples([Words; 15]);

impl Multiples {
    #[inline(always)]
    fn new(point: &Affine) -> Self {
        let one = JacobianLanes {
            x: Lanes::broadcast(&point.x),
            y: Lanes::broadcast(&point.y),
            z: Lanes::broadcast(&FieldElement::ONE),
        };
        let two = one.double();
        // Odd lanes 3, then lanes 2, 3, 6 and 7 further by 4, then the upper lanes by 8. No two summands
        // are equal or opposite.
        let sum = JacobianLanes::select(0b1010_1010, &one.add(&two), &one);
        let four = two.double();
        let sum = JacobianLanes::select(0b1100_1100, &sum.add(&four), &sum);
        let eight = four.double();
        let sum = JacobianLanes::select(0b1111_0000, &sum.add(&eight), &sum);
        let mut limbs = [Words([0; 8]); 15];
        for i in 0..5 {
            limbs[i] = sum.x.0[i].store();
            limbs[i + 5] = sum.y.0[i].store();
            limbs[i + 10] = sum.z.0[i].store();
        }
        Self(limbs)
    }

    #[inline(always)]
    fn select(&self, digits: &Digits) -> JacobianLanes {
        let found = JacobianLanes {
            x: each_limb!(|I| Vector::pick_of_8(digits.entry, Vector::load(&self.0[I]))),
            y: each_limb!(|I| Vector::pick_of_8(digits.entry, Vector::load(&self.0[I + 5]))),
            z: each_limb!(|I| Vector::pick_of_8(digits.entry, Vector::load(&self.0[I + 10]))),
        };
        found.negate_in(digits.negative)
    }
}
