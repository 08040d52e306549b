//! Points of the curve y^2 = x^3 - 3x + b (GB/T 32918.5-2017, clause 3), whose order is prime.
//!
//! Three forms: [`Affine`] (never the point at infinity), [`Jacobian`] (x = X/Z^2, y = Y/Z^3), best
//! for doubling, and [`Extended`] (x = X/ZZ, y = Y/ZZZ with ZZ^3 = ZZZ^2), best for sums of affine
//! points. ZZ = 0 or Z = 0 is the point at infinity.
//!
//! Formulas are those of the Explicit-Formulas Database (hyperelliptic.org/EFD). The plain ones are
//! constant time and leave out special cases; each says which, and the caller argues why they
//! cannot occur. The `_vartime` ones have no special cases.

use zeroize::{Zeroize, Zeroizing};

use super::field::{Detected, FieldElement, Products};
use crate::primitives::ct::Mask;

const B: FieldElement = FieldElement::new(&[
    0xddbc_bd41_4d94_0e93,
    0xf397_89f5_15ab_8f92,
    0x4d5a_9e4b_cf65_09a7,
    0x28e9_fa9e_9d9f_5e34,
]);

/// A point that is not the point at infinity.
#[derive(Clone, Copy, Zeroize)]
pub(super) struct Affine {
    pub(super) x: FieldElement,
    pub(super) y: FieldElement,
}

/// x = X/Z^2, y = Y/Z^3.
#[derive(Clone, Copy, Zeroize)]
pub(super) struct Jacobian {
    pub(super) x: FieldElement,
    pub(super) y: FieldElement,
    pub(super) z: FieldElement,
}

/// x = X/ZZ, y = Y/ZZZ.
#[derive(Clone, Copy, Zeroize)]
pub(super) struct Extended {
    pub(super) x: FieldElement,
    pub(super) y: FieldElement,
    pub(super) zz: FieldElement,
    pub(super) zzz: FieldElement,
}

/// An x-coordinate that is not yet divided; denominator 0 is that of the point at infinity.
#[derive(Clone, Copy, Zeroize)]
pub(super) struct Fraction {
    pub(super) numerator: FieldElement,
    pub(super) denominator: FieldElement,
}

impl Affine {
    /// G.
    pub(super) const GENERATOR: Self = Self {
        x: FieldElement::new(&[
            0x715a_4589_334c_74c7,
            0x8fe3_0bbf_f266_0be1,
            0x5f99_0446_6a39_c994,
            0x32c4_ae2c_1f19_8119,
        ]),
        y: FieldElement::new(&[
            0x02df_32e5_2139_f0a0,
            0xd0a9_877c_c62a_4740,
            0x59bd_cee3_6b69_2153,
            0xbc37_36a2_f4f6_779c,
        ]),
    };

    /// From two coordinates, 32 bytes big-endian each; `None` unless they are below p and on the curve.
    pub(super) fn from_bytes(x: &[u8; 32], y: &[u8; 32]) -> Option<Self> {
        let point = Self { x: FieldElement::from_bytes(x)?, y: FieldElement::from_bytes(y)? };
        point.y.square().equals(&right_side(&point.x)).declassify().then_some(point)
    }

    /// The point with this x whose y is odd or even; `None` if there is none. Variable time.
    pub(super) fn from_x_vartime(x: &[u8; 32], odd: bool) -> Option<Self> {
        let x = FieldElement::from_bytes(x)?;
        // No point of the curve has y = 0, so exactly one of y and -y is odd.
        let y = right_side(&x).square_root_vartime()?;
        let is_odd = y.to_limbs()[0] & 1 == 1;
        Some(Self { x, y: if is_odd == odd { y } else { y.negate() } })
    }

    /// 04 ‖ x ‖ y.
    pub(super) fn to_sec1(self) -> [u8; 65] {
        let mut bytes = [4; 65];
        bytes[1..33].copy_from_slice(&self.x.to_bytes());
        bytes[33..].copy_from_slice(&self.y.to_bytes());
        bytes
    }

    /// -self if `mask` says so, else self.
    #[inline(always)]
    pub(super) fn negate_if(&self, mask: Mask) -> Self {
        Self { x: self.x, y: FieldElement::select(mask, &self.y.negate(), &self.y) }
    }

    #[inline(always)]
    pub(super) const fn negate(&self) -> Self {
        Self { x: self.x, y: self.y.negate() }
    }
}

/// x^3 - 3x + b.
fn right_side(x: &FieldElement) -> FieldElement {
    x.square().multiply(x).sub(&x.triple()).add(&B)
}

impl Jacobian {
    pub(super) const INFINITY: Self =
        Self { x: FieldElement::ONE, y: FieldElement::ONE, z: FieldElement::ZERO };

    pub(super) const fn from_affine(point: &Affine) -> Self {
        Self { x: point.x, y: point.y, z: FieldElement::ONE }
    }

    /// 2 self. No special case: infinity gives infinity, and no point has order 2. 4M + 4S.
    pub(super) fn double(&self) -> Self {
        // Products that do not wait for each other stand next to each other.
        let zz = self.z.square();
        let yy = self.y.square();
        let n = self.x.sub(&zz).multiply(&self.x.add(&zz)); // X^2 - Z^4
        let s = self.x.multiply(&yy);
        let m = n.add(&n.halve()); // 3/2
        let yyyy = yy.square();
        let mm = m.square();
        let z = self.y.multiply(&self.z);
        let x = mm.sub(&s).sub(&s);
        let y = m.multiply(&s.sub(&x)).sub(&yyyy);
        Self { x, y, z }
    }

    /// self + other, for two points that are neither equal, opposite nor infinity. 12M + 4S.
    pub(super) fn add(&self, other: &Self) -> Self {
        let zz1 = self.z.square();
        let zz2 = other.z.square();
        let yz1 = self.y.multiply(&other.z);
        let yz2 = other.y.multiply(&self.z);
        let u1 = self.x.multiply(&zz2);
        let u2 = other.x.multiply(&zz1);
        let s1 = yz1.multiply(&zz2);
        let s2 = yz2.multiply(&zz1);
        let h = u2.sub(&u1);
        let r = s2.sub(&s1);
        let hh = h.square();
        let rr = r.square();
        let zz = self.z.multiply(&other.z);
        let v = u1.multiply(&hh);
        let hhh = hh.multiply(&h);
        let z = zz.multiply(&h);
        let x = rr.sub(&hhh).sub(&v).sub(&v);
        let shhh = s1.multiply(&hhh);
        let y = r.multiply(&v.sub(&x)).sub(&shhh);
        Self { x, y, z }
    }

    /// self + other, for two points that are neither equal, opposite nor infinity: such a sum is
    /// never infinity, while the result for the excluded ones is. 8M + 3S.
    pub(super) fn add_affine(&self, other: &Affine) -> Self {
        let zz = self.z.square();
        let yz = other.y.multiply(&self.z);
        let u = other.x.multiply(&zz);
        let s = yz.multiply(&zz);
        let h = u.sub(&self.x);
        let hh = h.square();
        let r = s.sub(&self.y);
        let rr = r.square();
        let v = self.x.multiply(&hh);
        let hhh = hh.multiply(&h);
        let z = self.z.multiply(&h);
        let x = rr.sub(&hhh).sub(&v).sub(&v);
        let yhhh = self.y.multiply(&hhh);
        let y = r.multiply(&v.sub(&x)).sub(&yhhh);
        Self { x, y, z }
    }

    /// self + other, whatever they are. Variable time: for public points.
    pub(super) fn add_affine_vartime(&self, other: &Affine) -> Self {
        if self.z.is_zero_vartime() {
            return Self::from_affine(other);
        }
        let sum = self.add_affine(other);
        if !sum.z.is_zero_vartime() {
            return sum;
        }
        // H = 0: the same x. The same y means doubling, else the points are opposite.
        let other = Self::from_affine(other);
        let y = other.y.multiply(&self.z).multiply(&self.z.square());
        if y.sub(&self.y).is_zero_vartime() { other.double() } else { Self::INFINITY }
    }

    /// `yes` or `no`.
    pub(super) fn select(mask: Mask, yes: &Self, no: &Self) -> Self {
        Self {
            x: FieldElement::select(mask, &yes.x, &no.x),
            y: FieldElement::select(mask, &yes.y, &no.y),
            z: FieldElement::select(mask, &yes.z, &no.z),
        }
    }

    fn to_affine_with(self, z_inverse: &FieldElement) -> Affine {
        let zz = z_inverse.square();
        Affine { x: self.x.multiply(&zz), y: self.y.multiply(&zz).multiply(z_inverse) }
    }

    /// The affine forms of several points, none of which is infinity, with a single inversion
    /// (Montgomery's trick).
    pub(super) fn to_affine_all(points: &[Self], out: &mut [Affine]) {
        let mut product = FieldElement::ONE;
        for (point, slot) in points.iter().zip(out.iter_mut()) {
            slot.x = product; // the product of all Z before this one
            product = product.multiply(&point.z);
        }
        let mut inverse = product.invert();
        for (point, slot) in points.iter().zip(out.iter_mut()).rev() {
            let z_inverse = inverse.multiply(&slot.x);
            inverse = inverse.multiply(&point.z);
            *slot = point.to_affine_with(&z_inverse);
        }
    }
}

impl Extended {
    pub(super) const INFINITY: Self = Self {
        x: FieldElement::ONE,
        y: FieldElement::ONE,
        zz: FieldElement::ZERO,
        zzz: FieldElement::ZERO,
    };

    pub(super) const fn from_affine(point: &Affine) -> Self {
        Self { x: point.x, y: point.y, zz: FieldElement::ONE, zzz: FieldElement::ONE }
    }

    pub(super) fn from_jacobian(point: &Jacobian) -> Self {
        let zz = point.z.square();
        Self { x: point.x, y: point.y, zz, zzz: zz.multiply(&point.z) }
    }

    /// self + other, for two points that are neither equal, opposite nor infinity: such a sum is
    /// never infinity, while the result for the excluded ones is. 8M + 2S.
    #[inline]
    pub(super) fn add_affine(&self, other: &Affine) -> Self {
        self.add_affine_with(Detected, other, |_, product| product)
    }

    /// The same by other products, with other work after product 0 to 9, which is handed on.
    #[inline(always)]
    pub(super) fn add_affine_with(
        &self,
        products: impl Products,
        other: &Affine,
        mut beside: impl FnMut(usize, FieldElement) -> FieldElement,
    ) -> Self {
        let mut number = 0;
        let mut after = |product| {
            number += 1;
            beside(number - 1, product)
        };
        let p = after(products.multiply(&other.x, &self.zz)).sub(&self.x);
        let r = after(products.multiply(&other.y, &self.zzz)).sub(&self.y);
        let pp = after(products.square(&p));
        let rr = after(products.square(&r));
        let ppp = after(products.multiply(&pp, &p));
        let q = after(products.multiply(&self.x, &pp));
        let zz = after(products.multiply(&self.zz, &pp));
        let x = rr.sub(&ppp).sub(&q).sub(&q);
        let yppp = after(products.multiply(&self.y, &ppp));
        let zzz = after(products.multiply(&self.zzz, &ppp));
        let y = after(products.multiply(&r, &q.sub(&x))).sub(&yppp);
        Self { x, y, zz, zzz }
    }

    /// self + other, whatever they are. Variable time: for public points.
    #[inline]
    pub(super) fn add_affine_vartime(&self, other: &Affine) -> Self {
        let sum = self.add_affine(other);
        if sum.zz.is_zero_vartime() { self.add_affine_special_vartime(other) } else { sum }
    }

    /// self + other, where one is infinity or both have the same x.
    #[cold]
    fn add_affine_special_vartime(&self, other: &Affine) -> Self {
        if self.zz.is_zero_vartime() {
            return Self::from_affine(other);
        }
        let other = Jacobian::from_affine(other);
        let same_y = other.y.multiply(&self.zzz).sub(&self.y).is_zero_vartime();
        if same_y { Self::from_jacobian(&other.double()) } else { Self::INFINITY }
    }

    /// `yes` or `no`.
    pub(super) fn select(mask: Mask, yes: &Self, no: &Self) -> Self {
        Self {
            x: FieldElement::select(mask, &yes.x, &no.x),
            y: FieldElement::select(mask, &yes.y, &no.y),
            zz: FieldElement::select(mask, &yes.zz, &no.zz),
            zzz: FieldElement::select(mask, &yes.zzz, &no.zzz),
        }
    }

    /// The affine form. The point is not infinity.
    pub(super) fn to_affine(self) -> Affine {
        self.to_affine_with(&self.zzz.invert())
    }

    /// The x-coordinate.
    pub(super) const fn x(&self) -> Fraction {
        Fraction { numerator: self.x, denominator: self.zz }
    }

    /// The affine forms of two points, neither of which is infinity, with a single inversion.
    pub(super) fn to_affine_pair([a, b]: &[Self; 2]) -> [Affine; 2] {
        let inverse = a.zzz.multiply(&b.zzz).invert();
        let a_inverse = inverse.multiply(&b.zzz);
        [a.to_affine_with(&a_inverse), b.to_affine_with(&inverse.multiply(&a.zzz))]
    }

    /// The affine forms of several points, none of which is infinity, with a single inversion
    /// (Montgomery's trick).
    pub(super) fn to_affine_all(points: &[Self]) -> Vec<Affine> {
        let mut product = FieldElement::ONE;
        let before = points.iter().map(|point| {
            let before = product;
            product = product.multiply(&point.zzz);
            before
        });
        let before: Zeroizing<Vec<FieldElement>> = Zeroizing::new(before.collect());
        let mut inverse = product.invert();
        let mut affine: Vec<Affine> = std::iter::zip(points, &*before)
            .rev()
            .map(|(point, before)| {
                let zzz_inverse = inverse.multiply(before);
                inverse = inverse.multiply(&point.zzz);
                point.to_affine_with(&zzz_inverse)
            })
            .collect();
        affine.reverse();
        affine
    }

    fn to_affine_with(self, zzz_inverse: &FieldElement) -> Affine {
        // ZZ / ZZZ = 1/Z.
        let zz_inverse = self.zz.multiply(zzz_inverse).square();
        Affine { x: self.x.multiply(&zz_inverse), y: self.y.multiply(zzz_inverse) }
    }
}
