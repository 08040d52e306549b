//! Multiples of a point whose table is at hand: [k]G in constant time for signing, and variable
//! time for verification, with the base point's table or that of a [prepared
//! key](super::PreparedPublicKey).
//!
//! An odd k below 2^256 is a sum of 52 digits d_i 32^i, each odd and in [-31, 31], which are read
//! straight off its bits: with w_i = bits 5i+1 to 5i+5 of k + 2^260, d_i = 2 w_i - 31. The highest
//! digit is always 1. No digit is 0, so [k]P is a sum of exactly 52 table entries or their opposites.
//! For an even k, n - k is odd and gives the opposite point.

use zeroize::Zeroize as _;

use super::{
    field::FieldElement,
    point::{Affine, Extended, Jacobian},
    scalar::Scalar,
};
use crate::primitives::ct::Mask;

/// Windows below the highest one.
pub(super) const WINDOWS: usize = 51;
/// Odd multiples in a window: 1, 3, .. 31.
pub(super) const ENTRIES: usize = 16;
/// The place of [2^255]P in a [`Comb`].
pub(super) const TOP: usize = WINDOWS * ENTRIES;
/// The place of [2^256]P.
const TOP_DOUBLED: usize = TOP + 1;

/// Entry 16 i + j is [(2j + 1) 32^i]P; then come [2^255]P and [2^256]P. 51 KiB.
pub(super) type Comb = [Affine; TOP + 2];

/// The comb of G. `base_table.bin` holds its limbs in Montgomery form, least significant byte and
/// limb first, x before y; a test computes it anew and compares.
pub(super) static BASE: Comb = decode(include_bytes!("base_table.bin"));

/// Bytes of an [`Affine`] in `base_table.bin`.
const POINT_BYTES: usize = 64;

const fn decode(bytes: &[u8; (TOP + 2) * POINT_BYTES]) -> Comb {
    let mut comb = [Affine::GENERATOR; TOP + 2];
    let (limbs, _) = bytes.as_chunks::<8>();
    let mut i = 0;
    while i < comb.len() {
        let mut j = 0;
        while j < 4 {
            comb[i].x.0[j] = u64::from_le_bytes(limbs[8 * i + j]);
            comb[i].y.0[j] = u64::from_le_bytes(limbs[8 * i + 4 + j]);
            j += 1;
        }
        i += 1;
    }
    comb
}

/// The comb of `point`.
pub(super) fn build(point: &Affine) -> Box<Comb> {
    let mut points = Vec::with_capacity(TOP + 2);
    let mut base = Jacobian::from_affine(point); // [32^i]P
    for _ in 0..WINDOWS {
        // Odd multiples up to 31 times a point of prime order: no two summands are equal or opposite.
        let doubled = base.double();
        points.push(base);
        for _ in 1..ENTRIES {
            points.push(points[points.len() - 1].add(&doubled));
        }
        base = doubled.double().double().double().double();
    }
    points.push(base);
    points.push(base.double());
    let mut comb = vec![*point; points.len()];
    Jacobian::to_affine_all(&points, &mut comb);
    let Ok(comb) = comb.into_boxed_slice().try_into() else { unreachable!("TOP + 2 points") };
    comb
}

/// [k]P of the comb, for k in [1, n-1]. Constant time: every entry of every window is read.
pub(super) fn multiply(comb: &Comb, k: &Scalar) -> Extended {
    let (mut k, negated) = k.odd();
    // Partial sums S of the windows below i satisfy 0 < |S| < 32^i, as odd numbers. The next summand
    // is at least 32^i in size, so the two are never equal or opposite as integers, and below the
    // highest window all are too small to be so modulo n.
    let mut sum = Extended::from_affine(&lookup(comb, &k, 0));
    for window in 1..WINDOWS {
        sum = sum.add_affine(&lookup(comb, &k, window));
    }
    k.zeroize();
    complete(comb, sum.add_affine(&comb[TOP]), negated)
}

/// [k]P from the sum of all windows, of which the last that was added is the highest.
///
/// The highest summand is [2^255]P, always. Should the rest be -2^255 (mod n), k would be 0 (mod n). But
/// the rest can be 2^255 (mod n), for k = 2^256 - n alone: the addition then gives infinity instead of
/// [2^256]P.
pub(super) fn complete(comb: &Comb, sum: Extended, negated: Mask) -> Extended {
    let doubled = Extended::from_affine(&comb[TOP_DOUBLED]);
    let mut sum = Extended::select(sum.zz.is_zero(), &doubled, &sum);
    sum.y = FieldElement::select(negated, &sum.y.negate(), &sum.y);
    sum
}

/// sum + [k]P, for any k. Variable time: for verification.
pub(super) fn add_multiple_vartime(mut sum: Extended, comb: &Comb, k: &Scalar) -> Extended {
    if k.is_zero().declassify() {
        return sum;
    }
    let (k, negated) = k.odd();
    let negated = negated.declassify();
    for window in 0..WINDOWS {
        let (index, negative) = digit(&k, window);
        let entry = &comb[window * ENTRIES + index as usize];
        let entry = if (negative == 1) == negated { *entry } else { entry.negate() };
        sum = sum.add_affine_vartime(&entry);
    }
    let top = if negated { comb[TOP].negate() } else { comb[TOP] };
    sum.add_affine_vartime(&top)
}

/// The table entry (|d| - 1) / 2 of digit d number `window`, and 1 if d is negative.
#[inline(always)]
pub(super) fn digit(k: &Scalar, window: usize) -> (u64, u64) {
    let bit = 5 * window + 1;
    let (limb, shift) = (bit / 64, bit % 64);
    let high = if shift > 59 && limb < 3 { k.0[limb + 1] << (64 - shift) } else { 0 };
    let w = (k.0[limb] >> shift | high) & 31;
    let negative = (w >> 4) ^ 1;
    // d = 2w - 31: for w >= 16 the entry is w - 16, below it is 15 - w.
    ((w ^ negative.wrapping_neg()) & 15, negative)
}

/// The summand of one window, by reading all its entries.
#[inline(always)]
fn lookup(comb: &Comb, k: &Scalar, window: usize) -> Affine {
    let (index, negative) = digit(k, window);
    let entries = &comb[window * ENTRIES..][..ENTRIES];
    select(entries, index).negate_if(Mask::from_bit(negative))
}

/// `entries[index]`, by reading them all.
#[inline(always)]
pub(super) fn select(entries: &[Affine], index: u64) -> Affine {
    let mut found = Affine { x: FieldElement::ZERO, y: FieldElement::ZERO };
    for (i, entry) in (0u64..).zip(entries) {
        let mask = Mask::equal(i, index);
        for j in 0..4 {
            found.x.0[j] |= mask.keep(entry.x.0[j]);
            found.y.0[j] |= mask.keep(entry.y.0[j]);
        }
    }
    found
}
