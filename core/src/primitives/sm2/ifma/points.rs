//! Eight or four points at once, with the formulas of [`point`](crate::primitives::sm2::point) and, like those,
//! without special cases: a sum of equal, opposite or infinite points comes out as infinity (Z or ZZ
//! = 0 modulo p), and stays that through every further step.
//!
//! Between calls the coordinates keep the bounds stated at each type. In the comments, "h < 3.4" means
//! h < 3.4 p; a sum of products of values below A p and B p, reduced, is below (sum of A B / 16 + 1) p.
//!
//! A processor looks about one multiplication ahead. Each sum of products is therefore reduced beside the
//! next product, which must not wait for it: the steps stand in that order.

use zeroize::Zeroize;

use super::{
    field::{Lanes, Product},
    vector::{Eight, LaneMask, Vector},
};
use crate::primitives::sm2::field::FieldElement;

/// x = X/Z^2, y = Y/Z^3, with X < 2.1p, Y <= 4p, Z < 4p.
#[derive(Clone, Copy)]
pub(super) struct JacobianLanes<V> {
    pub(super) x: Lanes<V>,
    pub(super) y: Lanes<V>,
    pub(super) z: Lanes<V>,
}

/// x = X/ZZ, y = Y/ZZZ, with X < 2.1p, Y < 3.5p, ZZ < 2p, ZZZ < 2p.
#[derive(Clone, Copy, Zeroize)]
#[zeroize(bound = "V: Vector")]
pub(super) struct ExtendedLanes<V> {
    pub(super) x: Lanes<V>,
    pub(super) y: Lanes<V>,
    pub(super) zz: Lanes<V>,
    pub(super) zzz: Lanes<V>,
}

/// x and y, both at most p.
#[derive(Clone, Copy)]
pub(super) struct AffineLanes<V> {
    pub(super) x: Lanes<V>,
    pub(super) y: Lanes<V>,
}

impl<V: Vector> JacobianLanes<V> {
    /// 2 self. 6M + 2S, seven sums of products reduced.
    #[inline(always)]
    pub(super) fn double(&self) -> Self {
        let zero = Product::zero();
        let y2 = self.y.add(&self.y); // < 8
        let minus = Product::from(&self.x.negated::<3>()).add_square(&self.z);
        let (minus, yy2) = minus.reduce_beside(zero, &y2, &self.y); // Z^2 - X < 5
        let plus = minus.add_limbs(&self.x).add_limbs(&self.x); // Z^2 + X + 3p
        let plus3 = plus.add_limbs(&plus).add_limbs(&plus).lowered::<9>().normalise(); // < 12.3
        let (yy2, m) = yy2.reduce_beside(zero, &minus, &plus3); // 2 Y^2 < 3
        let (m, s) = m.reduce_beside(zero, &self.x, &yy2); // 3 (Z^4 - X^2) < 4.9
        let (s, mm) = s.reduce_beside_square(&m); // 2 X Y^2 < 1.4
        let s2 = s.add_limbs(&s); // < 2.8
        let yy4 = yy2.add_limbs(&yy2).negated::<6>().normalise(); // -4 Y^2 <= 6
        let x = mm.plus(&s2.add_limbs(&s2).negated::<6>()); // M^2 < 2.5
        let (x, y) = x.shrink_beside(zero, &yy4, &yy2); // y = -8 Y^4
        let z = zero.add(&y2, &self.z);
        let w = x.sub_limbs(&s2).raised::<3>().normalise(); // < 5.1
        let (z, y) = z.reduce_beside(y, &m, &w); // < 3
        Self { x, y: y.reduce(), z } // Y < (6 * 3 + 4.9 * 5.1) / 16 + 1 < 3.7
    }

    /// self + other.
    #[inline(always)]
    pub(super) fn add(&self, other: &Self) -> Self {
        let zero = Product::zero();
        let zz2 = zero.add_square(&other.z);
        let (zz2, zz1) = zz2.reduce_beside_square(&self.z); // < 2
        let (zz1, t1) = zz1.reduce_beside(zero, &self.y, &other.z); // < 2
        let (t1, t2) = t1.reduce_beside(zero, &other.y, &self.z); // < 2
        let (t2, u1) = t2.reduce_beside(zero, &self.x, &zz2); // < 2
        let (u1, s1) = u1.reduce_beside(zero, &t1, &zz2); // < 1.3
        let h = Product::from(&u1.negated::<2>());
        let (s1, h) = s1.reduce_beside(h, &other.x, &zz1); // < 1.3
        let y1 = s1.negated::<2>();
        let (h, r) = h.reduce_beside(Product::from(&y1), &t2, &zz1); // < 3.3
        let (r, z) = r.reduce_beside(zero, &self.z, &other.z); // < 3.3
        let (z, hh) = z.reduce_beside_square(&h); // < 2
        let (hh, rr) = hh.reduce_beside_square(&r); // < 1.7
        let q = zero.add(&u1, &hh);
        let (q, hhh) = q.reduce_beside(zero, &hh, &h); // U1 h^2 < 1.2
        let (hhh, z) = hhh.reduce_beside(zero, &z, &h); // < 1.4
        let (z, y) = z.reduce_beside(zero, &y1.normalise(), &hhh); // < 1.5
        // r^2 < 1.7, h^3 + 2 q < 3.8.
        let x = rr.plus(&hhh.add_limbs(&q).add_limbs(&q).negated::<5>()).shrink();
        let w = q.sub_limbs(&x).raised::<3>().normalise(); // < 1.2 - 0.99 + 3 < 3.3
        Self { x, y: y.add(&r, &w).reduce(), z } // Y < (2 * 1.4 + 3.3 * 3.3) / 16 + 1 < 1.9
    }

    #[inline(always)]
    pub(super) fn to_extended(self) -> ExtendedLanes<V> {
        let zz = self.z.square(); // < 2
        ExtendedLanes { x: self.x, y: self.y, zz, zzz: zz.multiply(&self.z) } // < 1.5
    }

    /// The opposite points in the lanes of the mask. Y is below 2p, as that of an affine point or of a sum
    /// is, and stays so.
    #[inline(always)]
    pub(super) fn negate_in(&self, mask: LaneMask) -> Self {
        Self { y: Lanes::select(mask, &self.y.negated::<2>(), &self.y).normalise(), ..*self }
    }

    /// `yes` in the lanes of the mask, `no` in the others.
    #[inline(always)]
    pub(super) fn select(mask: LaneMask, yes: &Self, no: &Self) -> Self {
        Self {
            x: Lanes::select(mask, &yes.x, &no.x),
            y: Lanes::select(mask, &yes.y, &no.y),
            z: Lanes::select(mask, &yes.z, &no.z),
        }
    }
}

impl<V: Vector> ExtendedLanes<V> {
    /// self + other.
    #[inline(always)]
    pub(super) fn add_affine(&self, other: &AffineLanes<V>) -> Self {
        let y1 = self.y.negated::<4>();
        let h = Product::from(&self.x.negated::<3>()).add(&other.x, &self.zz);
        let (h, r) = h.reduce_beside(Product::from(&y1), &other.y, &self.zzz); // < 4.2, < 5.2
        chord(&self.x, &y1, &h, r, &self.zz, &self.zzz)
    }

    /// self + other.
    #[inline(always)]
    pub(super) fn add(&self, other: &Self) -> Self {
        let zero = Product::zero();
        let u1 = zero.add(&self.x, &other.zz);
        let (u1, s1) = u1.reduce_beside(zero, &self.y, &other.zzz); // < 1.3
        let (s1, zz) = s1.reduce_beside(zero, &self.zz, &other.zz); // < 1.5
        let h = Product::from(&u1.negated::<2>());
        let (zz, h) = zz.reduce_beside(h, &other.x, &self.zz); // < 1.3
        let (h, zzz) = h.reduce_beside(zero, &self.zzz, &other.zzz); // < 3.3
        let y1 = s1.negated::<2>();
        let (zzz, r) = zzz.reduce_beside(Product::from(&y1), &other.y, &self.zzz); // < 1.3
        chord(&u1, &y1, &h, r, &zz, &zzz) // r < 3.5
    }

    /// X and ZZ of self + other, below 2.1p and 1.3p.
    #[inline(always)]
    pub(super) fn add_for_x(&self, other: &Self) -> (Lanes<V>, Lanes<V>) {
        let zero = Product::zero();
        let u1 = zero.add(&self.x, &other.zz);
        let (u1, s1) = u1.reduce_beside(zero, &self.y, &other.zzz); // < 1.3
        let h = Product::from(&u1.negated::<2>());
        let (s1, h) = s1.reduce_beside(h, &other.x, &self.zz); // < 1.5
        let r = Product::from(&s1.negated::<2>());
        let (h, r) = h.reduce_beside(r, &other.y, &self.zzz); // < 3.3
        let (r, hh) = r.reduce_beside_square(&h); // < 3.5
        let (hh, zz) = hh.reduce_beside(zero, &self.zz, &other.zz); // < 1.7
        let q = zero.add(&u1, &hh);
        let (zz, hhh) = zz.reduce_beside(zero, &hh, &h); // < 1.3
        let (q, rr) = q.reduce_beside_square(&r); // U1 h^2 < 1.2
        let (hhh, zz) = hhh.reduce_beside(zero, &zz, &hh); // < 1.4
        // r^2 < 1.8, h^3 + 2 q < 3.8.
        let x = rr.plus(&hhh.add_limbs(&q).add_limbs(&q).negated::<5>());
        (x.shrink(), zz.reduce())
    }

    #[inline(always)]
    pub(super) fn from_affine(point: &AffineLanes<V>, one: &Lanes<V>) -> Self {
        Self { x: point.x, y: point.y, zz: *one, zzz: *one }
    }
}

impl ExtendedLanes<Eight> {
    /// X and ZZ of the sum of all lanes, in lane 0.
    #[inline(always)]
    pub(super) fn sum_lanes_for_x(&self) -> (Lanes<Eight>, Lanes<Eight>) {
        let sum = self.add(&self.down::<4>());
        let sum = sum.add(&sum.down::<2>());
        sum.add_for_x(&sum.down::<1>())
    }

    /// The sum of all lanes of each, in lanes 0 and 4.
    #[inline(always)]
    pub(super) fn sum_lanes_of_two(&self, other: &Self) -> Self {
        let lower = Self {
            x: self.x.lower_halves(&other.x),
            y: self.y.lower_halves(&other.y),
            zz: self.zz.lower_halves(&other.zz),
            zzz: self.zzz.lower_halves(&other.zzz),
        };
        let upper = Self {
            x: self.x.upper_halves(&other.x),
            y: self.y.upper_halves(&other.y),
            zz: self.zz.upper_halves(&other.zz),
            zzz: self.zzz.upper_halves(&other.zzz),
        };
        let sum = lower.add(&upper);
        let sum = sum.add(&sum.down::<2>());
        sum.add(&sum.down::<1>())
    }

    /// The lanes from 0 that V has.
    #[inline(always)]
    pub(super) fn first_lanes<V: Vector>(&self) -> ExtendedLanes<V> {
        ExtendedLanes {
            x: self.x.first_lanes(),
            y: self.y.first_lanes(),
            zz: self.zz.first_lanes(),
            zzz: self.zzz.first_lanes(),
        }
    }
}

/// A point that is doubled many times: X < 2.1p, Y2 = 2 Y < 6p, Z < 4p, T = -3 Z^4 < 2p. T saves the steps
/// from Z to the slope, and Y2 every halving.
#[derive(Clone, Copy)]
pub(super) struct Doubling<V> {
    x: Lanes<V>,
    y2: Lanes<V>,
    z: Lanes<V>,
    t: Lanes<V>,
}

impl<V: Vector> Doubling<V> {
    /// From a point whose Y is below 3p, as that of an affine point, of a sum and of its opposite is.
    #[inline(always)]
    pub(super) fn new(point: &JacobianLanes<V>) -> Self {
        let minus_three = FieldElement::ONE.triple().negate();
        let t = point.z.square().square().multiply(&Lanes::broadcast(&minus_three));
        Self { x: point.x, y2: point.y.add(&point.y), z: point.z, t }
    }

    /// 2 self. 4M + 4S.
    #[inline(always)]
    pub(super) fn double(&self) -> Self {
        let zero = Product::zero();
        let m = zero.add_square(&self.x).tripled().plus(&self.t);
        let (m, yy) = m.reduce_beside_square(&self.y2); // 3 X^2 + T < 3.9
        let (yy, mm) = yy.reduce_beside_square(&m); // 4 Y^2 < 3.3
        let s = zero.add(&self.x, &yy);
        let (s, uu) = s.reduce_beside_square(&yy); // 4 X Y^2 < 1.5
        let (uu, z) = uu.reduce_beside(zero, &self.y2, &self.z); // 16 Y^4 < 1.7
        let x = mm.plus(&s.add_limbs(&s).negated::<3>()); // M^2 < 2
        let (x, t) = x.shrink_beside(zero, &uu, &self.t);
        let w = s.sub_limbs(&x);
        let w2 = w.add_limbs(&w).raised::<5>().normalise(); // < 7.9
        let (z, y2) = z.reduce_beside(Product::from(&uu.negated::<2>()), &m, &w2); // < 2.5
        let (t, y2) = (t.reduce(), y2.reduce()); // < 1.3, < 3.9 * 7.9 / 16 + 3 < 5
        Self { x, y2, z, t }
    }

    /// `yes` in the lanes of the mask, `no` in the others.
    #[inline(always)]
    pub(super) fn select(mask: LaneMask, yes: &Self, no: &Self) -> Self {
        Self {
            x: Lanes::select(mask, &yes.x, &no.x),
            y2: Lanes::select(mask, &yes.y2, &no.y2),
            z: Lanes::select(mask, &yes.z, &no.z),
            t: Lanes::select(mask, &yes.t, &no.t),
        }
    }

    #[inline(always)]
    pub(super) fn point(&self) -> JacobianLanes<V> {
        let half = Lanes::broadcast(&FieldElement::ONE.halve());
        JacobianLanes { x: self.x, y: self.y2.multiply(&half), z: self.z }
    }
}

/// Adds `sum_lanes` to points of the given coordinates.
macro_rules! sum_lanes {
    ($points:ident: $($coordinate:ident)*) => {
        impl<V: Vector> $points<V> {
            /// The sum of all lanes, in lane 0.
            #[inline(always)]
            pub(super) fn sum_lanes(&self) -> Self {
                let sum = if V::LANES > 4 { self.add(&self.down::<4>()) } else { *self };
                let sum = sum.add(&sum.down::<2>());
                sum.add(&sum.down::<1>())
            }

            /// Lane i + N in lane i: see [`Vector::down`].
            #[inline(always)]
            pub(super) fn down<const N: usize>(&self) -> Self {
                Self { $($coordinate: self.$coordinate.down::<N>()),* }
            }
        }
    };
}

sum_lanes!(JacobianLanes: x y z);
sum_lanes!(ExtendedLanes: x y zz zzz);

/// The end of an addition: from (U, S), the first point, and (h, r), the difference to the second, over
/// the common denominators zz and zzz. U < 2.1, h < 4.2, r < 5.2 when it is reduced; `y1` is -S <= 4, limb
/// by limb.
#[inline(always)]
fn chord<V: Vector>(
    u: &Lanes<V>,
    y1: &Lanes<V>,
    h: &Lanes<V>,
    r: Product<V>,
    zz: &Lanes<V>,
    zzz: &Lanes<V>,
) -> ExtendedLanes<V> {
    let zero = Product::zero();
    let (r, hh) = r.reduce_beside_square(h);
    let (hh, rr) = hh.reduce_beside_square(&r); // < 2.2
    let q = zero.add(u, &hh);
    let (q, hhh) = q.reduce_beside(zero, &hh, h); // U h^2 < 1.3
    let (hhh, zz) = hhh.reduce_beside(zero, zz, &hh); // < 1.6
    let (zz, y) = zz.reduce_beside(zero, &y1.normalise(), &hhh); // < 1.3
    // r^2 < 2.7, h^3 + 2 q < 4.2.
    let x = rr.plus(&hhh.add_limbs(&q).add_limbs(&q).negated::<5>());
    let (x, zzz) = x.shrink_beside(zero, zzz, &hhh);
    let w = q.sub_limbs(&x).raised::<3>().normalise(); // < 4.3
    let (zzz, y) = zzz.reduce_beside(y, &r, &w); // < 1.3
    ExtendedLanes { x, y: y.reduce(), zz, zzz } // Y < (4 * 1.6 + 5.2 * 4.3) / 16 + 1 < 2.8
}
