//! Eight points at once, with the formulas of [`point`](crate::primitives::sm2::point) and, like those,
//! without special cases: a sum of equal, opposite or infinite points comes out as infinity (Z or ZZ
//! = 0 modulo p), and stays that through every further step.
//!
//! Between calls the coordinates keep the bounds stated at each type. In the comments, "h < 3.4" means
//! h < 3.4 p; a sum of products of values below A p and B p, reduced, is below (sum of A B / 16 + 1) p.
//!
//! Steps stand in the order in which they are to be computed: a processor looks about one multiplication
//! ahead, so each should have a neighbour that does not wait for it.

use super::{
    field::{Lanes, Product},
    vector::LaneMask,
};

/// x = X/Z^2, y = Y/Z^3, with X < 2.1p, Y <= 4p, Z < 4p.
#[derive(Clone, Copy)]
pub(super) struct JacobianLanes {
    pub(super) x: Lanes,
    pub(super) y: Lanes,
    pub(super) z: Lanes,
}

/// x = X/ZZ, y = Y/ZZZ, with X < 2.1p, Y < 3.5p, ZZ < 2p, ZZZ < 2p.
#[derive(Clone, Copy)]
pub(super) struct ExtendedLanes {
    pub(super) x: Lanes,
    pub(super) y: Lanes,
    pub(super) zz: Lanes,
    pub(super) zzz: Lanes,
}

/// x and y, both at most p.
#[derive(Clone, Copy)]
pub(super) struct AffineLanes {
    pub(super) x: Lanes,
    pub(super) y: Lanes,
}

impl JacobianLanes {
    /// 2 self. 6M + 2S, five sums of products reduced.
    #[inline(always)]
    pub(super) fn double(&self) -> Self {
        let y2 = self.y.add(&self.y); // < 7
        let minus = Product::from(&self.x.negated::<3>()).add_square(&self.z).reduce(); // Z^2 - X < 5
        let yy2 = y2.multiply(&self.y); // 2 Y^2 < 2.6
        let plus = minus.add_limbs(&self.x).add_limbs(&self.x); // Z^2 + X + 3p
        let plus3 = plus.add_limbs(&plus).add_limbs(&plus).lowered::<9>().normalise(); // < 12.3
        let m = minus.multiply(&plus3); // 3 (Z^4 - X^2) < 4.9
        let s = self.x.multiply(&yy2); // 2 X Y^2 < 1.4
        let s2 = s.add_limbs(&s); // < 2.8
        let yy4 = yy2.add_limbs(&yy2).negated::<6>().normalise(); // -4 Y^2 < 6
        let y = Product::zero().add(&yy4, &yy2); // -8 Y^4
        let x = Product::from(&s2.add_limbs(&s2).negated::<6>()).add_square(&m).shrink();
        let z = y2.multiply(&self.z); // < 2.8
        let w = x.sub_limbs(&s2).raised::<3>().normalise(); // < 5.1
        let y = y.add(&m, &w).reduce(); // (6 * 2.6 + 4.9 * 5.1) / 16 + 1 < 3.6
        Self { x, y, z }
    }

    /// self + other.
    #[inline(always)]
    pub(super) fn add(&self, other: &Self) -> Self {
        let zz2 = other.z.square(); // < 2
        let zz1 = self.z.square(); // < 2
        let t1 = self.y.multiply(&other.z); // < 1.9
        let t2 = other.y.multiply(&self.z); // < 1.9
        let u1 = self.x.multiply(&zz2); // < 1.3
        let s1 = t1.multiply(&zz2); // < 1.3
        let h = Product::from(&u1.negated::<2>()).add(&other.x, &zz1).reduce(); // < 3.3
        let r = Product::from(&s1.negated::<2>()).add(&t2, &zz1).reduce(); // < 3.3
        let z12 = self.z.multiply(&other.z); // < 2
        let chord = Chord::new(&u1, &s1.negated::<2>(), h, r);
        let z = z12.multiply(&chord.h); // < 1.5
        let (x, y) = chord.point();
        Self { x, y, z }
    }

    #[inline(always)]
    pub(super) fn to_extended(self) -> ExtendedLanes {
        let zz = self.z.square(); // < 2
        ExtendedLanes { x: self.x, y: self.y, zz, zzz: zz.multiply(&self.z) } // < 1.5
    }

    /// The opposite points in the lanes of the mask.
    #[inline(always)]
    pub(super) fn negate_in(&self, mask: LaneMask) -> Self {
        Self { y: Lanes::select(mask, &self.y.negated::<4>(), &self.y).normalise(), ..*self }
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

impl ExtendedLanes {
    /// self + other.
    #[inline(always)]
    pub(super) fn add_affine(&self, other: &AffineLanes) -> Self {
        let y1 = self.y.negated::<4>();
        let h = Product::from(&self.x.negated::<3>()).add(&other.x, &self.zz).reduce(); // < 4.2
        let r = Product::from(&y1).add(&other.y, &self.zzz).reduce(); // < 5.2
        let chord = Chord::new(&self.x, &y1, h, r);
        let zz = self.zz.multiply(&chord.hh); // < 1.3
        let zzz = self.zzz.multiply(&chord.hhh); // < 1.3
        let (x, y) = chord.point();
        Self { x, y, zz, zzz }
    }

    /// self + other.
    #[inline(always)]
    pub(super) fn add(&self, other: &Self) -> Self {
        let u1 = self.x.multiply(&other.zz); // < 1.3
        let s1 = self.y.multiply(&other.zzz); // < 1.5
        let zz = self.zz.multiply(&other.zz); // < 1.3
        let h = Product::from(&u1.negated::<2>()).add(&other.x, &self.zz).reduce(); // < 3.3
        let y1 = s1.negated::<2>();
        let r = Product::from(&y1).add(&other.y, &self.zzz).reduce(); // < 3.5
        let zzz = self.zzz.multiply(&other.zzz); // < 1.3
        let chord = Chord::new(&u1, &y1, h, r);
        let zz = zz.multiply(&chord.hh); // < 1.2
        let zzz = zzz.multiply(&chord.hhh); // < 1.2
        let (x, y) = chord.point();
        Self { x, y, zz, zzz }
    }

    #[inline(always)]
    pub(super) fn from_affine(point: &AffineLanes, one: &Lanes) -> Self {
        Self { x: point.x, y: point.y, zz: *one, zzz: *one }
    }

    /// `yes` in the lanes of the mask, `no` in the others.
    #[inline(always)]
    pub(super) fn select(mask: LaneMask, yes: &Self, no: &Self) -> Self {
        Self {
            x: Lanes::select(mask, &yes.x, &no.x),
            y: Lanes::select(mask, &yes.y, &no.y),
            zz: Lanes::select(mask, &yes.zz, &no.zz),
            zzz: Lanes::select(mask, &yes.zzz, &no.zzz),
        }
    }
}

/// Adds `sum_lanes` to points of the given coordinates.
macro_rules! sum_lanes {
    ($points:ident: $($coordinate:ident)*) => {
        impl $points {
            /// The sum of all lanes, in lane 0.
            #[inline(always)]
            pub(super) fn sum_lanes(&self) -> Self {
                let sum = self.add(&Self { $($coordinate: self.$coordinate.upper_half()),* });
                let sum = sum.add(&Self { $($coordinate: sum.$coordinate.second_pair()),* });
                sum.add(&Self { $($coordinate: sum.$coordinate.second_lane()),* })
            }
        }
    };
}

sum_lanes!(JacobianLanes: x y z);
sum_lanes!(ExtendedLanes: x y zz zzz);

/// The middle of an addition: from (U, S), the first point, and (h, r), the difference to the second,
/// over a common denominator. U < 2.1, -S <= 4, h < 4.2, r < 5.2.
struct Chord {
    s: Lanes,
    h: Lanes,
    r: Lanes,
    hh: Lanes,
    hhh: Lanes,
    q: Lanes,
    rr: Product,
}

impl Chord {
    /// `s` is -S, limb by limb.
    #[inline(always)]
    fn new(u: &Lanes, s: &Lanes, h: Lanes, r: Lanes) -> Self {
        let hh = h.square(); // < 2.2
        let rr = Product::zero().add_square(&r);
        let q = u.multiply(&hh); // U h^2 < 1.3
        let hhh = hh.multiply(&h); // < 1.6
        Self { s: s.normalise(), h, r, hh, hhh, q, rr }
    }

    /// The sum's numerators.
    #[inline(always)]
    fn point(self) -> (Lanes, Lanes) {
        let Self { s, r, hhh, q, rr, .. } = self;
        // r^2 < 2.7, h^3 + 2 q < 4.2.
        let x = rr.plus(&hhh.add_limbs(&q).add_limbs(&q).negated::<5>()).shrink();
        let y = Product::zero().add(&s, &hhh);
        let w = q.sub_limbs(&x).raised::<3>().normalise(); // < 4.3
        (x, y.add(&r, &w).reduce()) // (4 * 1.6 + 5.2 * 4.3) / 16 + 1 < 2.8
    }
}
