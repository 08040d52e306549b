//! Eight points at once, with the formulas of [`point`](crate::primitives::sm2::point) and, like those,
//! without special cases: a sum of equal, opposite or infinite points comes out as infinity (Z or ZZ
//! = 0 modulo p), and stays that through every further step.
//!
//! Between calls the coordinates keep the bounds stated at each type. In the comments, "h < 3.4" means
//! h < 3.4 p; a product of values below A p and B p is below (A B / 16 + 1) p.

use super::field::Lanes;

/// x = X/Z^2, y = Y/Z^3, with X < 3p, Y < 5p, Z < 4p.
#[derive(Clone, Copy)]
pub(super) struct JacobianLanes {
    pub(super) x: Lanes,
    pub(super) y: Lanes,
    pub(super) z: Lanes,
}

/// x = X/ZZ, y = Y/ZZZ, with X < 3p, Y < 5p, ZZ < 2p, ZZZ < 2p.
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
    /// 2 self.
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn double(&self) -> Self {
        let zz = self.z.square(); // < 2
        let yy = self.y.square(); // < 2.6
        let y2 = self.y.add(&self.y); // < 10
        let minus = self.x.sub::<2>(&zz); // < 5
        let plus = self.x.add(&zz); // < 5
        let product = minus.multiply(&plus); // < 2.6
        let m = product.add_limbs(&product).add(&product); // 3 (X^2 - Z^4) < 7.8
        let yy2 = yy.add(&yy); // < 5.2
        let s = self.x.multiply(&yy2); // 2 X Y^2 < 2
        let z = y2.multiply(&self.z); // < 3.5
        let s2 = s.add_limbs(&s);
        let x = m.square().sub_limbs(&s2).sub_limbs(&s2).offset::<8>().shrink(); // from [0.1, 12.9]
        let yyyy4 = yy2.square(); // < 2.7
        let w = s2.sub::<3>(&x); // < 7
        let a = m.multiply(&w); // < 4.5
        let y = a.sub_limbs(&yyyy4).sub_limbs(&yyyy4).offset::<6>().shrink(); // from [0.6, 10.5]
        Self { x, y, z }
    }

    /// self + other.
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn add(&self, other: &Self) -> Self {
        let zz1 = self.z.square(); // < 2
        let zz2 = other.z.square(); // < 2
        let u1 = self.x.multiply(&zz2); // < 1.4
        let u2 = other.x.multiply(&zz1); // < 1.4
        let s1 = self.y.multiply(&other.z).multiply(&zz2); // < 1.3
        let s2 = other.y.multiply(&self.z).multiply(&zz1); // < 1.3
        let h = u2.sub::<2>(&u1); // < 3.4
        let (x, y, ..) = chord(&u1, &s1, &h, &s2.sub::<2>(&s1));
        // Z1 Z2 < 2, so Z < 1.5.
        Self { x, y, z: self.z.multiply(&other.z).multiply(&h) }
    }

    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn to_extended(self) -> ExtendedLanes {
        let zz = self.z.square(); // < 2
        ExtendedLanes { x: self.x, y: self.y, zz, zzz: zz.multiply(&self.z) } // < 1.5
    }
}

impl ExtendedLanes {
    /// self + other.
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn add_affine(&self, other: &AffineLanes) -> Self {
        let u2 = other.x.multiply(&self.zz); // < 1.2
        let s2 = other.y.multiply(&self.zzz); // < 1.2
        let p = u2.sub::<3>(&self.x); // < 4.2
        let r = s2.sub::<5>(&self.y); // < 6.2
        let (x, y, pp, ppp) = chord(&self.x, &self.y, &p, &r);
        Self { x, y, zz: self.zz.multiply(&pp), zzz: self.zzz.multiply(&ppp) } // < 1.3, < 1.3
    }

    /// self + other.
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn add(&self, other: &Self) -> Self {
        let u1 = self.x.multiply(&other.zz); // < 1.4
        let u2 = other.x.multiply(&self.zz); // < 1.4
        let s1 = self.y.multiply(&other.zzz); // < 1.7
        let s2 = other.y.multiply(&self.zzz); // < 1.7
        let p = u2.sub::<2>(&u1); // < 3.4
        let r = s2.sub::<2>(&s1); // < 3.7
        let (x, y, pp, ppp) = chord(&u1, &s1, &p, &r);
        let zz = self.zz.multiply(&other.zz).multiply(&pp); // < 1.2
        let zzz = self.zzz.multiply(&other.zzz).multiply(&ppp); // < 1.2
        Self { x, y, zz, zzz }
    }

    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn from_affine(point: &AffineLanes, one: &Lanes) -> Self {
        Self { x: point.x, y: point.y, zz: *one, zzz: *one }
    }

    /// `yes` in the lanes of the mask, `no` in the others.
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn select(mask: u8, yes: &Self, no: &Self) -> Self {
        Self {
            x: Lanes::select(mask, &yes.x, &no.x),
            y: Lanes::select(mask, &yes.y, &no.y),
            zz: Lanes::select(mask, &yes.zz, &no.zz),
            zzz: Lanes::select(mask, &yes.zzz, &no.zzz),
        }
    }
}

/// The end that all additions share: x, y, p^2 and p^3 from u < 3, s < 5, p < 4.2 and r < 6.2, where
/// (u, s) is the first point and (p, r) the difference to the second, over a common denominator.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn chord(u: &Lanes, s: &Lanes, p: &Lanes, r: &Lanes) -> (Lanes, Lanes, Lanes, Lanes) {
    let pp = p.square(); // < 2.2
    let ppp = pp.multiply(p); // < 1.6
    let q = u.multiply(&pp); // < 1.5
    let rr = r.square(); // < 3.5
    let x = rr.sub_limbs(&ppp).sub_limbs(&q).sub_limbs(&q).offset::<5>().shrink(); // from [0.4, 8.5]
    let a = r.multiply(&q.sub::<3>(&x)); // < 6.2 * 4.5 / 16 + 1 < 2.8
    let y = a.sub::<2>(&s.multiply(&ppp)); // < 4.8: the product is below 1.6
    (x, y, pp, ppp)
}
