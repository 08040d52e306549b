//! Eight or four points at once, with the formulas of [`point`](crate::primitives::sm2::point) and, like those,
//! without special cases: a sum of equal, opposite or infinite points comes out as infinity (Z or ZZ
//! = 0 modulo p), and stays that through every further step.
//!
//! Between calls the coordinates keep the bounds stated at each type. In the comments, "h < 3.4" means
//! h < 3.4 p; a sum of products of values below A p and B p, reduced, is below (sum of A B / 16 + 1) p.
//!
//! A processor looks about one multiplication ahead. Where the next product need not wait for a sum of
//! products, the sum is therefore reduced beside it: the steps stand in that order.

use zeroize::Zeroize;

use super::{
    field::{Lanes, Product, Sum, Summand as _},
    vector::{Eight, LaneMask, Vector, Words},
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
        Self { y: Sum::select(mask, &self.y.negated::<2>(), &self.y.to_sum()).normalise(), ..*self }
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
        self.add_affine_beside(other, &mut ())
    }

    /// self + other, and other work beside it.
    #[inline(always)]
    pub(super) fn add_affine_beside(
        &self,
        other: &AffineLanes<V>,
        beside: &mut impl Beside<V>,
    ) -> Self {
        let y1 = self.y.negated::<4>();
        let h = Product::from(&self.x.negated::<3>()).add(&other.x, &self.zz);
        let (h, r) = h.reduce_beside(Product::from(&y1), &other.y, &self.zzz); // < 4.2, < 5.2
        chord(&self.x, &y1, &h, r, &self.zz, &self.zzz, beside)
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
        chord(&u1, &y1, &h, r, &zz, &zzz, &mut ()) // r < 3.5
    }

    #[inline(always)]
    pub(super) fn from_affine(point: &AffineLanes<V>, one: &Lanes<V>) -> Self {
        Self { x: point.x, y: point.y, zz: *one, zzz: *one }
    }
}

impl<V: Vector> AffineLanes<V> {
    /// self + other, and other work beside it.
    #[inline(always)]
    pub(super) fn add_beside(&self, other: &Self, beside: &mut impl Beside<V>) -> ExtendedLanes<V> {
        let zero = Product::zero();
        let h = other.x.sub_limbs(&self.x).raised::<1>().normalise(); // <= 2
        let y1 = self.y.negated::<1>();
        let r = other.y.add_limbs(&y1).normalise(); // <= 2
        let (mut hh, rr) = zero.add_square(&h).reduce_beside_square(&r); // < 1.3
        beside.step(0, &mut hh.0[0]);
        beside.step(1, &mut hh.0[0]);
        let (mut q, hhh) = zero.add(&self.x, &hh).reduce_beside(zero, &hh, &h); // x h^2 < 1.1
        beside.step(2, &mut q.0[0]);
        beside.step(3, &mut q.0[0]);
        let mut hhh = hhh.reduce(); // < 1.2
        beside.step(4, &mut hhh.0[0]);
        beside.step(5, &mut hhh.0[0]);
        // r^2 < 1.3, h^3 + 2 q < 3.4.
        let x = rr.plus(&hhh.add_limbs(&q).add_limbs(&q).negated::<5>());
        let (mut x, y) = x.shrink_beside(zero, &y1.normalise(), &hhh);
        beside.step(6, &mut x.0[0]);
        beside.step(7, &mut x.0[0]);
        let w = q.sub_limbs(&x).raised::<3>().normalise(); // < 1.1 - 0.99 + 3 < 3.2
        // Y < (1.2 + 2 * 3.2) / 16 + 1 < 1.5
        ExtendedLanes { x, y: y.add(&r, &w).reduce(), zz: hh, zzz: hhh }
    }
}

impl ExtendedLanes<Eight> {
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

/// Which coordinates of a point are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    All,
    /// X and ZZ: Y and ZZZ may be anything.
    X,
}

impl<V: Vector> ExtendedLanes<V> {
    /// The sum of every `lanes` lanes, a power of 2 from 4 on: its X, Y, ZZ and ZZZ in the first four of them.
    /// The others become anything.
    #[inline(always)]
    pub(super) fn sum_of_lanes(mut self, lanes: usize, wanted: Wanted) -> Lanes<V> {
        let mut distance = lanes / 2;
        while distance > 1 {
            self.add_across(distance);
            distance /= 2;
        }
        self.add_pair(wanted)
    }

    /// The sum of lanes 0 and 1 of every four, whose products are made side by side in all of the four: its X,
    /// Y, ZZ and ZZZ in them.
    #[inline(always)]
    fn add_pair(&self, wanted: Wanted) -> Lanes<V> {
        let zero = Product::zero();
        let (first, second, third) =
            (of_four([0, 0, 0, 0]), of_four([1, 1, 1, 1]), of_four([2, 2, 2, 2]));
        let (even, odd) = (of_four([0, 2, 0, 2]), of_four([1, 3, 1, 3]));
        let (alternate, crosswise) = (of_four([0, 1, 0, 1]), of_four([1, 0, 1, 0]));
        // X1, X2, Y1, Y2; ZZ2, ZZ1, ZZZ2, ZZZ1.
        let xy = Lanes::select(0b1100_1100, &self.y.permuted(alternate), &self.x);
        let (zz, zzz) = (self.zz.permuted(crosswise), self.zzz.permuted(crosswise));
        let z = Lanes::select(0b1100_1100, &zzz, &zz);
        let (z1, z2) = (z.permuted(odd), z.permuted(even));
        let (us, z) = zero.add(&xy, &z).reduce_beside(zero, &z1, &z2); // U1, U2, S1, S2 < 1.5
        // h = U2 - U1, r = S2 - S1, and again.
        let hr = us.permuted(odd).sub_limbs(&us.permuted(even)).raised::<2>().normalise(); // < 3.5
        let (z, squares) = z.reduce_beside_square(&hr); // ZZ1 ZZ2, ZZZ1 ZZZ2, and again, < 1.3
        let squares = squares.reduce(); // < 1.8
        let (hh, rr) = (squares.permuted(first), squares.permuted(second));
        // h, U1, ZZ1 ZZ2, h times h^2: h^3, q = U1 h^2, ZZ, h^3 < 1.4.
        let factors = Lanes::select(0b0010_0010, &us.permuted(first), &hr.permuted(first));
        let thirds = zero.add(&Lanes::select(0b0100_0100, &z, &factors), &hh).reduce();
        let (hhh, q) = (thirds.permuted(first), thirds.permuted(second));
        // r^2 < 1.8, h^3 + 2 q < 3.8.
        let x = rr.sub_limbs(&hhh).sub_limbs(&q).sub_limbs(&q).raised::<4>().shrink();
        let x_and_zz = Lanes::select(0b0100_0100, &thirds, &x);
        if wanted == Wanted::X {
            return x_and_zz;
        }
        // In lane 1 r (q - X) - S1 h^3, in lane 3 ZZZ1 ZZZ2 h^3.
        let w = q.sub_limbs(&x).raised::<3>().normalise(); // < 1.2 - 0.99 + 3 < 3.3
        let r = Lanes::select(0b0010_0010, &hr, &Lanes::zero());
        let y1 = us.permuted(third).negated::<2>().normalise();
        let yz = zero.add(&Lanes::select(0b0010_0010, &y1, &z), &hhh).add(&r, &w);
        // < (2 * 1.4 + 3.5 * 3.3) / 16 + 1 < 2
        Lanes::select(0b1010_1010, &yz.reduce(), &x_and_zz)
    }

    /// The sum of lanes i and i + N in lane i, for the first N of every 2 N lanes; the others become
    /// anything. Two products are made in one, in the lower and the upper lane of a pair.
    #[inline(always)]
    pub(super) fn add_across(&mut self, distance: usize) {
        let lane = V::load(&Words([0, 1, 2, 3, 4, 5, 6, 7]));
        let distance = V::splat(distance as u64);
        let (partner, upper) = (lane ^ distance, !(lane & distance).zero_mask());
        let zero = Product::zero();
        let (zz2, zzz2) = (self.zz.permuted(partner), self.zzz.permuted(partner));
        let u = zero.add(&self.x, &zz2);
        let (u, s) = u.reduce_beside(zero, &self.y, &zzz2); // U1, U2 < 1.3
        let z1 = Lanes::select(upper, &self.zzz, &self.zz);
        let z2 = Lanes::select(upper, &zzz2, &zz2);
        let (s, z) = s.reduce_beside(zero, &z1, &z2); // S1, S2 < 1.5
        let (u2, s2) = (u.permuted(partner), s.permuted(partner));
        // h = U2 - U1 below, r = S2 - S1 above.
        let hr = Lanes::select(upper, &s, &u2).sub_limbs(&Lanes::select(upper, &s2, &u));
        let hr = hr.raised::<2>().normalise(); // < 3.5
        let (z, squares) = z.reduce_beside_square(&hr); // ZZ1 ZZ2, ZZZ1 ZZZ2 < 1.3
        let squares = squares.reduce(); // h^2, r^2 < 1.8
        let rr = squares.permuted(partner);
        let hh = Lanes::select(upper, &rr, &squares);
        // Below h < 3.3 and h^2 < 1.7, so that h^3 < 1.35; above U1 h^2 < 1.2.
        let hhh = zero.add(&Lanes::select(upper, &u2, &hr), &hh).reduce();
        let q = hhh.permuted(partner);
        let zz = zero.add(&z, &Lanes::select(upper, &q, &hh));
        // Below r^2 < 1.8 and h^3 + 2 q < 3.8, above h^2 < 1.8 and q + 2 h^3 < 3.9: the lanes that become
        // anything keep the bounds too.
        self.x = rr.sub_limbs(&hhh).sub_limbs(&q).sub_limbs(&q).raised::<4>().shrink();
        self.zz = zz.reduce(); // < 1.2, and ZZZ above
        self.zzz = self.zz.permuted(partner);
        let w = q.sub_limbs(&self.x).raised::<3>().normalise(); // < 1.4 - 0.99 + 3 < 3.5
        let y = zero.add(&s.negated::<2>().normalise(), &hhh).add(&hr.permuted(partner), &w);
        self.y = y.reduce(); // < (2 * 1.4 + 3.5 * 3.5) / 16 + 1 < 2
    }
}

/// Words that name, for each lane of every four, one of these.
#[inline(always)]
fn of_four<V: Vector>([a, b, c, d]: [u64; 4]) -> V {
    V::load(&Words([a, b, c, d, a + 4, b + 4, c + 4, d + 4]))
}

/// Other work, in eight steps, to be done between those of an addition. They wait for each other, and a
/// processor does not look far enough ahead to find by itself what it could do meanwhile.
pub(super) trait Beside<V> {
    /// Step `i`; `here` is a word of the addition that is ready where it belongs.
    fn step(&mut self, i: usize, here: &mut V);
}

/// No other work.
impl<V> Beside<V> for () {
    #[inline(always)]
    fn step(&mut self, _: usize, _: &mut V) {}
}

/// The end of an addition: from (U, S), the first point, and (h, r), the difference to the second, over
/// the common denominators zz and zzz. U < 2.1, h < 4.2, r < 5.2 when it is reduced; `y1` is -S <= 4, limb
/// by limb.
#[inline(always)]
fn chord<V: Vector>(
    u: &Lanes<V>,
    y1: &Sum<V>,
    h: &Lanes<V>,
    r: Product<V>,
    zz: &Lanes<V>,
    zzz: &Lanes<V>,
    beside: &mut impl Beside<V>,
) -> ExtendedLanes<V> {
    let zero = Product::zero();
    let (mut r, hh) = r.reduce_beside_square(h);
    beside.step(0, &mut r.0[0]);
    let (mut hh, rr) = hh.reduce_beside_square(&r); // < 2.2
    beside.step(1, &mut hh.0[0]);
    beside.step(2, &mut hh.0[0]);
    let q = zero.add(u, &hh);
    let (mut q, hhh) = q.reduce_beside(zero, &hh, h); // U h^2 < 1.3
    beside.step(3, &mut q.0[0]);
    let (mut hhh, zz) = hhh.reduce_beside(zero, zz, &hh); // < 1.6
    beside.step(4, &mut hhh.0[0]);
    let (mut zz, y) = zz.reduce_beside(zero, &y1.normalise(), &hhh); // < 1.3
    beside.step(5, &mut zz.0[0]);
    beside.step(6, &mut zz.0[0]);
    // r^2 < 2.7, h^3 + 2 q < 4.2.
    let x = rr.plus(&hhh.add_limbs(&q).add_limbs(&q).negated::<5>());
    let (mut x, zzz) = x.shrink_beside(zero, zzz, &hhh);
    beside.step(7, &mut x.0[0]);
    let w = q.sub_limbs(&x).raised::<3>().normalise(); // < 4.3
    let (zzz, y) = zzz.reduce_beside(y, &r, &w); // < 1.3
    ExtendedLanes { x, y: y.reduce(), zz, zzz } // Y < (4 * 1.6 + 5.2 * 4.3) / 16 + 1 < 2.8
}
