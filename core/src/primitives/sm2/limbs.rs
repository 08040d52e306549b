//! 256-bit integers as four 64-bit limbs, least significant first: what both moduli share.
//!
//! No branch and no index depends on a value: carries become masks that feed AND and ADD.

/// A 256-bit integer, least significant limb first.
pub(super) type Limbs = [u64; 4];

/// a + b + carry.
#[inline(always)]
pub(super) const fn adc(a: u64, b: u64, carry: bool) -> (u64, bool) {
    let (sum, first) = a.overflowing_add(b);
    let (sum, second) = sum.overflowing_add(carry as u64);
    (sum, first | second)
}

/// a - b - borrow.
#[inline(always)]
pub(super) const fn sbb(a: u64, b: u64, borrow: bool) -> (u64, bool) {
    let (difference, first) = a.overflowing_sub(b);
    let (difference, second) = difference.overflowing_sub(borrow as u64);
    (difference, first | second)
}

/// t + a * b + carry as (low, high): at most (2^64 - 1)^2 + 2 (2^64 - 1) = 2^128 - 1.
#[inline(always)]
const fn mac(t: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let sum = t as u128 + a as u128 * b as u128 + carry as u128;
    (sum as u64, (sum >> 64) as u64)
}

/// a + b and the carry out.
#[inline(always)]
pub(super) const fn add(a: &Limbs, b: &Limbs) -> (Limbs, bool) {
    let (r0, c) = adc(a[0], b[0], false);
    let (r1, c) = adc(a[1], b[1], c);
    let (r2, c) = adc(a[2], b[2], c);
    let (r3, c) = adc(a[3], b[3], c);
    ([r0, r1, r2, r3], c)
}

/// a - b and the borrow out.
#[inline(always)]
pub(super) const fn sub(a: &Limbs, b: &Limbs) -> (Limbs, bool) {
    let (r0, c) = sbb(a[0], b[0], false);
    let (r1, c) = sbb(a[1], b[1], c);
    let (r2, c) = sbb(a[2], b[2], c);
    let (r3, c) = sbb(a[3], b[3], c);
    ([r0, r1, r2, r3], c)
}

/// a or 0, without a branch.
#[inline(always)]
pub(super) const fn keep_if(bit: bool, a: &Limbs) -> Limbs {
    let mask = (bit as u64).wrapping_neg();
    [a[0] & mask, a[1] & mask, a[2] & mask, a[3] & mask]
}

/// The value `carry` * 2^256 + a, which is below 2m, modulo m.
#[inline(always)]
pub(super) const fn reduce_once(a: &Limbs, carry: bool, m: &Limbs) -> Limbs {
    let (difference, borrow) = sub(a, m);
    let (_, borrow) = sbb(carry as u64, 0, borrow);
    add(&difference, &keep_if(borrow, m)).0
}

/// a + b modulo m, for a and b below m.
#[inline(always)]
pub(super) const fn add_mod(a: &Limbs, b: &Limbs, m: &Limbs) -> Limbs {
    let (sum, carry) = add(a, b);
    reduce_once(&sum, carry, m)
}

/// a - b modulo m, for a and b below m.
#[inline(always)]
pub(super) const fn sub_mod(a: &Limbs, b: &Limbs, m: &Limbs) -> Limbs {
    let (difference, borrow) = sub(a, b);
    add(&difference, &keep_if(borrow, m)).0
}

/// a * b, eight limbs.
#[inline(always)]
pub(super) const fn multiply(a: &Limbs, b: &Limbs) -> [u64; 8] {
    let (t0, c) = mac(0, a[0], b[0], 0);
    let (t1, c) = mac(0, a[0], b[1], c);
    let (t2, c) = mac(0, a[0], b[2], c);
    let (t3, t4) = mac(0, a[0], b[3], c);

    let (t1, c) = mac(t1, a[1], b[0], 0);
    let (t2, c) = mac(t2, a[1], b[1], c);
    let (t3, c) = mac(t3, a[1], b[2], c);
    let (t4, t5) = mac(t4, a[1], b[3], c);

    let (t2, c) = mac(t2, a[2], b[0], 0);
    let (t3, c) = mac(t3, a[2], b[1], c);
    let (t4, c) = mac(t4, a[2], b[2], c);
    let (t5, t6) = mac(t5, a[2], b[3], c);

    let (t3, c) = mac(t3, a[3], b[0], 0);
    let (t4, c) = mac(t4, a[3], b[1], c);
    let (t5, c) = mac(t5, a[3], b[2], c);
    let (t6, t7) = mac(t6, a[3], b[3], c);
    [t0, t1, t2, t3, t4, t5, t6, t7]
}

/// a * a, eight limbs: the six mixed products once, doubled, and the four squares.
#[inline(always)]
pub(super) const fn square(a: &Limbs) -> [u64; 8] {
    let (t1, c) = mac(0, a[0], a[1], 0);
    let (t2, c) = mac(0, a[0], a[2], c);
    let (t3, t4) = mac(0, a[0], a[3], c);
    let (t3, c) = mac(t3, a[1], a[2], 0);
    let (t4, t5) = mac(t4, a[1], a[3], c);
    let (t5, t6) = mac(t5, a[2], a[3], 0);

    let t7 = t6 >> 63;
    let t6 = t6 << 1 | t5 >> 63;
    let t5 = t5 << 1 | t4 >> 63;
    let t4 = t4 << 1 | t3 >> 63;
    let t3 = t3 << 1 | t2 >> 63;
    let t2 = t2 << 1 | t1 >> 63;
    let t1 = t1 << 1;

    let (t0, h0) = mac(0, a[0], a[0], 0);
    let (l1, h1) = mac(0, a[1], a[1], 0);
    let (l2, h2) = mac(0, a[2], a[2], 0);
    let (l3, h3) = mac(0, a[3], a[3], 0);
    let (t1, c) = adc(t1, h0, false);
    let (t2, c) = adc(t2, l1, c);
    let (t3, c) = adc(t3, h1, c);
    let (t4, c) = adc(t4, l2, c);
    let (t5, c) = adc(t5, h2, c);
    let (t6, c) = adc(t6, l3, c);
    let (t7, _) = adc(t7, h3, c);
    [t0, t1, t2, t3, t4, t5, t6, t7]
}

/// t / 2^256 modulo m (Montgomery), for t below m * 2^256 and `m_inverse` = -1/m mod 2^64.
#[inline(always)]
pub(super) const fn montgomery(t: &[u64; 8], m: &Limbs, m_inverse: u64) -> Limbs {
    let mut t = *t;
    let mut top = 0;
    let mut i = 0;
    while i < 4 {
        let u = t[i].wrapping_mul(m_inverse);
        let (_, c) = mac(t[i], u, m[0], 0);
        let (t1, c) = mac(t[i + 1], u, m[1], c);
        let (t2, c) = mac(t[i + 2], u, m[2], c);
        let (t3, c) = mac(t[i + 3], u, m[3], c);
        // `top` is the carry into limb i + 4 from the round before: 0 or 1.
        let (t4, c) = mac(t[i + 4], c, 1, top);
        (t[i + 1], t[i + 2], t[i + 3], t[i + 4]) = (t1, t2, t3, t4);
        top = c;
        i += 1;
    }
    reduce_once(&[t[4], t[5], t[6], t[7]], top != 0, m)
}

/// -1/m modulo 2^64, for odd m.
pub(super) const fn negated_inverse(m: u64) -> u64 {
    // Newton: each step doubles the number of right bits, from 3 (m * m = 1 mod 8) to 96.
    let mut inverse = m;
    let mut i = 0;
    while i < 5 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(m.wrapping_mul(inverse)));
        i += 1;
    }
    inverse.wrapping_neg()
}

/// 2^256 * a modulo m, for a below m: 256 doublings, to compute constants.
pub(super) const fn shift_256(a: &Limbs, m: &Limbs) -> Limbs {
    let mut shifted = *a;
    let mut i = 0;
    while i < 256 {
        shifted = add_mod(&shifted, &shifted, m);
        i += 1;
    }
    shifted
}

/// From 32 bytes, big-endian.
#[inline]
pub(super) fn from_be_bytes(bytes: &[u8; 32]) -> Limbs {
    let mut limbs = [0; 4];
    for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_be_bytes(*chunk);
    }
    limbs
}

/// To 32 bytes, big-endian.
#[inline]
pub(super) fn to_be_bytes(limbs: &Limbs) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (limb, chunk) in limbs.iter().rev().zip(bytes.as_chunks_mut::<8>().0) {
        *chunk = limb.to_be_bytes();
    }
    bytes
}
