//! The arithmetic modulo p on every processor.

use super::{FieldElement, P};
use crate::primitives::sm2::limbs::{self, Limbs, adc, sbb};

/// a + b modulo p.
#[inline(always)]
pub(super) const fn add(a: &FieldElement, b: &FieldElement) -> FieldElement {
    FieldElement(limbs::add_mod(&a.0, &b.0, &P))
}

/// a - b modulo p.
#[inline(always)]
pub(super) const fn sub(a: &FieldElement, b: &FieldElement) -> FieldElement {
    FieldElement(limbs::sub_mod(&a.0, &b.0, &P))
}

/// a / 2 modulo p: an odd value becomes even by adding p.
#[inline(always)]
#[cfg(any(test, not(target_arch = "x86_64")))]
pub(super) const fn halve(a: &FieldElement) -> FieldElement {
    let (a, carry) = limbs::add(&a.0, &limbs::keep_if(a.0[0] & 1 == 1, &P));
    FieldElement([
        a[0] >> 1 | a[1] << 63,
        a[1] >> 1 | a[2] << 63,
        a[2] >> 1 | a[3] << 63,
        a[3] >> 1 | (carry as u64) << 63,
    ])
}

/// a b / 2^256 modulo p.
#[inline(always)]
pub(super) const fn multiply(a: &FieldElement, b: &FieldElement) -> FieldElement {
    FieldElement(reduce(limbs::multiply(&a.0, &b.0)))
}

/// a^2 / 2^256 modulo p.
#[inline(always)]
pub(super) const fn square(a: &FieldElement) -> FieldElement {
    FieldElement(reduce(limbs::square(&a.0)))
}

/// t / 2^256 modulo p, for t below p * 2^256.
#[inline(always)]
pub(super) const fn reduce(t: [u64; 8]) -> Limbs {
    // The low half on its own: each step keeps it below 2^192 + p < 2^256, and the last below p + 1.
    let l = reduce_limb([t[0], t[1], t[2], t[3]]);
    let l = reduce_limb(l);
    let l = reduce_limb(l);
    let l = reduce_limb(l);
    // The high half is below p, the sum below 2p.
    let (sum, carry) = limbs::add(&l, &[t[4], t[5], t[6], t[7]]);
    limbs::reduce_once(&sum, carry, &P)
}

/// (l + u p) / 2^64 with u = l mod 2^64: the factor that clears the low limb, since p = -1 mod 2^64.
#[inline(always)]
const fn reduce_limb(l: Limbs) -> Limbs {
    // (u p + u) / 2^64 = u 2^192 - u 2^160 - u 2^32 + u.
    let u = l[0];
    let (low, high) = (u << 32, u >> 32);
    let (d0, b) = sbb(u, low, false);
    let (d1, b) = sbb(0, high, b);
    let (d2, b) = sbb(0, low, b);
    let (d3, _) = sbb(u, high, b);
    let (r0, c) = adc(l[1], d0, false);
    let (r1, c) = adc(l[2], d1, c);
    let (r2, c) = adc(l[3], d2, c);
    let (r3, _) = adc(0, d3, c);
    [r0, r1, r2, r3]
}
