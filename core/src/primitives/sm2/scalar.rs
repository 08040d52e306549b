//! Integers modulo n, the order of the base point (GB/T 32918.5-2017, clause 3).
//!
//! Constant time throughout. Values are kept as plain integers in [0, n); the one multiplication
//! that signing needs takes one factor in Montgomery form, prepared once per key.

use zeroize::Zeroize;

use super::{
    inverse::Modulus,
    limbs::{self, Limbs},
};
use crate::primitives::ct::{self, Mask};

/// n.
pub(super) const N: Limbs =
    [0x53bb_f409_39d5_4123, 0x7203_df6b_21c6_052b, 0xffff_ffff_ffff_ffff, 0xffff_fffe_ffff_ffff];

const MODULUS: Modulus = Modulus::new(&N);
const NEGATED_INVERSE: u64 = limbs::negated_inverse(N[0]);
/// 2^512 modulo n.
const R2: Limbs = limbs::shift_256(&limbs::shift_256(&[1, 0, 0, 0], &N), &N);

/// An integer in [0, n).
#[derive(Clone, Copy, Zeroize)]
pub(super) struct Scalar(pub(super) Limbs);

impl Scalar {
    pub(super) const ZERO: Self = Self([0; 4]);
    pub(super) const ONE: Self = Self([1, 0, 0, 0]);

    /// From 32 bytes, big-endian; `None` unless they are in [1, n-1]. That much is told about a
    /// secret: whoever draws one at random throws it away then.
    pub(super) fn from_bytes_nonzero(bytes: &[u8; 32]) -> Option<Self> {
        let value = limbs::from_be_bytes(bytes);
        let (_, below) = limbs::sub(&value, &N);
        let scalar = Self(value);
        (ct::declassify(below) && !scalar.is_zero().declassify()).then_some(scalar)
    }

    /// From 32 bytes, big-endian, modulo n.
    pub(super) fn from_bytes_reduced(bytes: &[u8; 32]) -> Self {
        Self::from_limbs_reduced(&limbs::from_be_bytes(bytes))
    }

    /// From any 256-bit integer, modulo n: 2^256 is below 2n, so one subtraction is enough.
    pub(super) const fn from_limbs_reduced(value: &Limbs) -> Self {
        Self(limbs::reduce_once(value, false, &N))
    }

    /// 32 bytes, big-endian.
    pub(super) fn to_bytes(self) -> [u8; 32] {
        limbs::to_be_bytes(&self.0)
    }

    pub(super) const fn add(&self, other: &Self) -> Self {
        Self(limbs::add_mod(&self.0, &other.0, &N))
    }

    /// self + 1. The 1 is hidden from the compiler, which would make a branch of what is special about it.
    pub(super) fn successor(&self) -> Self {
        self.add(&std::hint::black_box(Self::ONE))
    }

    pub(super) const fn sub(&self, other: &Self) -> Self {
        Self(limbs::sub_mod(&self.0, &other.0, &N))
    }

    pub(super) const fn negate(&self) -> Self {
        Self::ZERO.sub(self)
    }

    /// self * 2^256 modulo n.
    pub(super) const fn to_montgomery(self) -> Self {
        self.multiply_montgomery(&Self(R2))
    }

    /// self * other / 2^256 modulo n: the product, if one factor is in Montgomery form.
    pub(super) const fn multiply_montgomery(&self, other: &Self) -> Self {
        Self(limbs::montgomery(&limbs::multiply(&self.0, &other.0), &N, NEGATED_INVERSE))
    }

    /// The inverse, or 0 for 0.
    pub(super) fn invert(&self) -> Self {
        Self(MODULUS.invert(&self.0))
    }

    /// Puts 2^256 / a in the place of each a, none of which is 0, with a single inversion (Montgomery's
    /// trick). `before` has the same length and is left with what has to be overwritten.
    pub(super) fn invert_all_to_montgomery(scalars: &mut [Self], before: &mut [Self]) {
        // All products are kept times 2^256.
        let mut product = Self::ONE.to_montgomery();
        for (scalar, before) in scalars.iter_mut().zip(&mut *before) {
            *scalar = scalar.to_montgomery();
            *before = product;
            product = product.multiply_montgomery(scalar);
        }
        // 1 / (product 2^256) times 2^512.
        let mut inverse = product.invert().to_montgomery().to_montgomery();
        for (scalar, before) in scalars.iter_mut().zip(before).rev() {
            let next = inverse.multiply_montgomery(scalar);
            *scalar = inverse.multiply_montgomery(before);
            inverse = next;
        }
        inverse.zeroize();
        product.zeroize();
    }

    pub(super) fn is_zero(&self) -> Mask {
        Mask::is_zero(self.0[0] | self.0[1] | self.0[2] | self.0[3])
    }

    /// An odd integer of the same point up to sign: self or n - self, and whether it was negated.
    pub(super) fn odd(&self) -> (Self, Mask) {
        let even = Mask::from_bit(self.0[0] & 1 ^ 1);
        let negated = self.negate();
        let pick = |i: usize| even.select(negated.0[i], self.0[i]);
        (Self([pick(0), pick(1), pick(2), pick(3)]), even)
    }
}
