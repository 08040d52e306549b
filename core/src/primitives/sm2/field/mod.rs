//! The prime field of GB/T 32918.5-2017: integers modulo p = 2^256 - 2^224 - 2^96 + 2^64 - 1.
//!
//! An element a is kept as a * 2^256 mod p (Montgomery form), always fully reduced. Because p = -1
//! modulo 2^64, the Montgomery factor of a limb is the limb itself and the reduction needs no
//! multiplication. Everything here is constant time unless its name says `_vartime`.

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use zeroize::Zeroize;

#[cfg(not(target_arch = "x86_64"))]
use self::portable as kernel;
use self::portable::reduce;
#[cfg(target_arch = "x86_64")]
use self::x86_64 as kernel;
use super::{
    inverse::Modulus,
    limbs::{self, Limbs},
};
use crate::primitives::ct::Mask;

/// p.
pub(super) const P: Limbs =
    [0xffff_ffff_ffff_ffff, 0xffff_ffff_0000_0000, 0xffff_ffff_ffff_ffff, 0xffff_fffe_ffff_ffff];

const MODULUS: Modulus = Modulus::new(&P);
/// 2^256, 2^512 and 2^768 modulo p.
const R1: Limbs = limbs::shift_256(&[1, 0, 0, 0], &P);
const R2: Limbs = limbs::shift_256(&R1, &P);
const R3: Limbs = limbs::shift_256(&R2, &P);

/// What makes products: [`Detected`], or the proof that a CPU has a certain kernel.
pub(super) trait Products: Copy {
    fn multiply(self, a: &FieldElement, b: &FieldElement) -> FieldElement;
    fn square(self, a: &FieldElement) -> FieldElement;
}

/// The fastest kernel, looked for at each product.
#[derive(Clone, Copy)]
pub(super) struct Detected;

impl Products for Detected {
    #[inline(always)]
    fn multiply(self, a: &FieldElement, b: &FieldElement) -> FieldElement {
        kernel::multiply(a, b)
    }

    #[inline(always)]
    fn square(self, a: &FieldElement) -> FieldElement {
        kernel::square(a)
    }
}

/// An element of the field.
#[derive(Clone, Copy, Zeroize)]
pub(super) struct FieldElement(pub(super) Limbs);

impl FieldElement {
    pub(super) const ZERO: Self = Self([0; 4]);
    pub(super) const ONE: Self = Self(R1);

    /// The element `value`, which must be below p.
    pub(super) const fn new(value: &Limbs) -> Self {
        Self(reduce(limbs::multiply(value, &R2)))
    }

    /// From 32 bytes, big-endian; `None` unless they are below p.
    pub(super) fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let value = limbs::from_be_bytes(bytes);
        let (_, below) = limbs::sub(&value, &P);
        below.then(|| Self::new(&value))
    }

    /// The integer in [0, p).
    pub(super) const fn to_limbs(self) -> Limbs {
        reduce([self.0[0], self.0[1], self.0[2], self.0[3], 0, 0, 0, 0])
    }

    /// The integer in [0, p): 32 bytes, big-endian.
    pub(super) fn to_bytes(self) -> [u8; 32] {
        limbs::to_be_bytes(&self.to_limbs())
    }

    #[inline(always)]
    pub(super) fn add(&self, other: &Self) -> Self {
        kernel::add(self, other)
    }

    #[inline(always)]
    pub(super) fn sub(&self, other: &Self) -> Self {
        kernel::sub(self, other)
    }

    /// Twice the element: for constants, at compile time.
    #[cfg(target_arch = "x86_64")] // for the constants of `ifma`
    pub(super) const fn double(&self) -> Self {
        portable::add(self, self)
    }

    #[inline(always)]
    pub(super) fn triple(&self) -> Self {
        self.add(self).add(self)
    }

    #[inline(always)]
    pub(super) const fn negate(&self) -> Self {
        portable::sub(&Self::ZERO, self)
    }

    /// Half of the element: an odd value becomes even by adding p.
    #[inline(always)]
    pub(super) fn halve(&self) -> Self {
        kernel::halve(self)
    }

    #[inline(always)]
    pub(super) fn multiply(&self, other: &Self) -> Self {
        kernel::multiply(self, other)
    }

    #[inline(always)]
    pub(super) fn square(&self) -> Self {
        kernel::square(self)
    }

    /// The inverse, or 0 for 0.
    pub(super) fn invert(&self) -> Self {
        // 1 / (a R) = a^-1 R^-1, and R^-1 * R^3 / R = R.
        Self(reduce(limbs::multiply(&MODULUS.invert(&self.0), &R3)))
    }

    /// The inverses of eight elements, none of which is 0, with a single inversion (Montgomery's trick).
    #[cfg(target_arch = "x86_64")]
    pub(super) fn invert_all(elements: &[Self; 8]) -> [Self; 8] {
        let mut inverses = [Self::ONE; 8];
        for i in 1..8 {
            inverses[i] = inverses[i - 1].multiply(&elements[i - 1]);
        }
        let mut inverse = inverses[7].multiply(&elements[7]).invert();
        for i in (0..8).rev() {
            inverses[i] = inverses[i].multiply(&inverse);
            inverse = inverse.multiply(&elements[i]);
        }
        inverses
    }

    /// A square root, if there is one. Variable time: for public points only.
    pub(super) fn square_root_vartime(&self) -> Option<Self> {
        // p = 3 mod 4, so a^((p + 1) / 4) is a root of a or of -a.
        // (p + 1) / 4 = 2^62 (2^192 - 2^160 - 2^32 + 1).
        const EXPONENT: Limbs = [
            0x4000_0000_0000_0000,
            0xffff_ffff_c000_0000,
            0xffff_ffff_ffff_ffff,
            0x3fff_ffff_bfff_ffff,
        ];
        let mut root = Self::ONE;
        for i in (0..256).rev() {
            root = root.square();
            if EXPONENT[i / 64] >> (i % 64) & 1 == 1 {
                root = root.multiply(self);
            }
        }
        root.square().equals(self).declassify().then_some(root)
    }

    #[inline]
    pub(super) fn is_zero(&self) -> Mask {
        Mask::is_zero(self.0[0] | self.0[1] | self.0[2] | self.0[3])
    }

    pub(super) fn equals(&self, other: &Self) -> Mask {
        self.sub(other).is_zero()
    }

    /// Whether the element is 0. For public values only: the answer is branched on.
    #[inline(always)]
    pub(super) fn is_zero_vartime(&self) -> bool {
        self.0 == [0; 4]
    }

    /// `yes` or `no`.
    #[inline(always)]
    pub(super) fn select(mask: Mask, yes: &Self, no: &Self) -> Self {
        Self([
            mask.select(yes.0[0], no.0[0]),
            mask.select(yes.0[1], no.0[1]),
            mask.select(yes.0[2], no.0[2]),
            mask.select(yes.0[3], no.0[3]),
        ])
    }
}
