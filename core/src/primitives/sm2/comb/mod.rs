//! Multiples of a point whose table is at hand: [k]G in constant time for signing, and variable
//! time for verification, with the base point's table or that of a [prepared
//! key](super::PreparedPublicKey).
//!
//! An odd k below 2^256 is a sum of 43 digits d_i 64^i, each odd and in [-63, 63], which are read
//! straight off its bits: with w_i = bits 6i+1 to 6i+6 of k + 2^258, d_i = 2 w_i - 63. The highest
//! digit is in [1, 15]. No digit is 0, so [k]P is a sum of exactly 43 table entries or their opposites.
//! For an even k, n - k is odd and gives the opposite point.

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use zeroize::Zeroize as _;

#[cfg(target_arch = "x86_64")]
use super::field::Detected;
use super::{
    field::FieldElement,
    point::{Affine, Extended, Jacobian},
    scalar::Scalar,
};
#[cfg(target_arch = "x86_64")]
use crate::primitives::cpu;

/// The bits of a window.
const W: usize = 6;
/// The digits of a scalar.
pub(super) const WINDOWS: usize = 43;
/// Odd multiples in a window: 1, 3, .. 63.
pub(super) const ENTRIES: usize = 1 << (W - 1);
/// The place of [15 2^253]P in a [`Comb`].
pub(super) const LAST: usize = WINDOWS * ENTRIES;

/// Entry 32 i + j is [(2j + 1) 64^i]P; the last is [15 2^253]P. 86 KiB.
pub(super) type Comb = [Affine; LAST + 1];

/// The comb of G. `base.bin` holds its limbs in Montgomery form, least significant byte and limb first, x
/// before y; a test computes it anew and compares.
pub(super) static BASE: Comb = decode(include_bytes!("base.bin"));

/// Bytes of an [`Affine`] in `base.bin`.
const POINT_BYTES: usize = 64;

const fn decode(bytes: &[u8; (LAST + 1) * POINT_BYTES]) -> Comb {
    let mut comb = [Affine::GENERATOR; LAST + 1];
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
    let mut comb = odd_multiples::<W>(point, WINDOWS);
    let highest = Jacobian::from_affine(&comb[(WINDOWS - 1) * ENTRIES + 7]); // [15 2^252]P
    comb.push(*point);
    Jacobian::to_affine_all(&[highest.double()], &mut comb[LAST..]);
    let Ok(comb) = comb.into_boxed_slice().try_into() else { unreachable!("LAST + 1 points") };
    comb
}

/// The entries of a table of `point` with so many windows of W bits: entry j of window i is [(2j + 1) 2^(W i)]P.
pub(super) fn odd_multiples<const W: usize>(point: &Affine, windows: usize) -> Vec<Affine> {
    let of_window = 1 << (W - 1);
    let mut points = Vec::with_capacity(windows * of_window);
    let mut base = Jacobian::from_affine(point); // [2^(W i)]P
    for _ in 0..windows {
        // Odd multiples below 2^W of a point of prime order: no two summands are equal or opposite.
        let doubled = base.double();
        points.push(base);
        for _ in 1..of_window {
            points.push(points[points.len() - 1].add(&doubled));
        }
        base = (1..W).fold(doubled, |base, _| base.double());
    }
    let mut entries = vec![*point; points.len()];
    Jacobian::to_affine_all(&points, &mut entries);
    entries
}

/// [k]P of the comb, for k in [1, n-1]. Constant time: every entry of every window is read.
pub(super) fn multiply(comb: &Comb, k: &Scalar) -> Extended {
    let (mut k, negated) = k.odd();
    let sum = sum(comb, &k);
    k.zeroize();
    // The highest summand s is [j 2^252]P for an odd j up to 15. Should the rest be -s (mod n), k would be 0
    // (mod n). But the rest can be s (mod n), as s - n, for j = 15 and k = 15 2^253 - n alone: the addition
    // then gives infinity instead of [15 2^253]P.
    let doubled = Extended::from_affine(&comb[LAST]);
    let mut sum = Extended::select(sum.zz.is_zero(), &doubled, &sum);
    sum.y = FieldElement::select(negated, &sum.y.negate(), &sum.y);
    sum
}

/// The sum of all windows of an odd k.
///
/// Partial sums S of the windows below i satisfy 0 < |S| < 64^i, as odd numbers. The next summand is at least
/// 64^i in size, so the two are never equal or opposite as integers, and below the highest window all are too
/// small to be so modulo n.
fn sum(comb: &Comb, k: &Scalar) -> Extended {
    #[cfg(target_arch = "x86_64")]
    match (cpu::Adx::detect(), cpu::Avx2::detect()) {
        (Some(adx), Some(avx2)) => return x86_64::sum(adx, avx2, comb, k),
        (None, Some(avx2)) => return x86_64::sum(Detected, avx2, comb, k),
        (_, None) => {}
    }
    portable::sum(comb, k)
}

/// The entry of what [`digit`] gives, or its opposite, by reading all entries.
#[inline(always)]
pub(super) fn find(entries: &[Affine], digit: (u64, u64)) -> Affine {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = cpu::Avx2::detect() {
        return x86_64::find(avx2, entries, digit);
    }
    portable::find(entries, digit)
}

/// sum + [k]P, for any k. Variable time: for verification.
pub(super) fn add_multiple_vartime(mut sum: Extended, comb: &Comb, k: &Scalar) -> Extended {
    if k.is_zero().declassify() {
        return sum;
    }
    let (k, negated) = k.odd();
    let negated = negated.declassify();
    for window in 0..WINDOWS {
        let (index, negative) = digit::<W>(&k, window);
        let entry = &comb[window * ENTRIES + index as usize];
        let entry = if (negative == 1) == negated { *entry } else { entry.negate() };
        sum = sum.add_affine_vartime(&entry);
    }
    sum
}

/// The table entry (|d| - 1) / 2 of digit d number `window`, of `W` bits, and 1 if d is negative.
#[inline(always)]
pub(super) fn digit<const W: usize>(k: &Scalar, window: usize) -> (u64, u64) {
    // What stands above the 256 bits of k: 2^258 for digits of six bits.
    let limb = |i| if i < 4 { k.0[i] } else { 1 << (W * 256_usize.div_ceil(W) - 256) };
    let bit = W * window + 1;
    let (i, shift) = (bit / 64, bit % 64);
    let high = if shift + W > 64 { limb(i + 1) << (64 - shift) } else { 0 };
    let w = limb(i) >> shift | high;
    let negative = w >> (W - 1) & 1 ^ 1;
    // d = 2w - (2^W - 1): the entry is w without its highest bit, or for negative d the complement of that.
    ((w ^ negative.wrapping_neg()) & ((1 << (W - 1)) - 1), negative)
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use crate::primitives::sm2::tests::Stream;

    /// Everything that some CPU of this architecture does, for scalars with all kinds of digits.
    #[test]
    fn sums_agree_with_portable() {
        let mut stream = Stream(7);
        let mut scalars: Vec<[u64; 4]> =
            (0..200).map(|_| [(); 4].map(|()| stream.word())).collect();
        for word in [0, 1, u64::MAX, 0x5555_5555_5555_5555, 0xf0f0_f0f0_0f0f_0f0f, 1 << 63] {
            scalars.extend([[word; 4], [word, 0, 0, 0], [0, 0, 0, word], [word, 0, word, 0]]);
        }
        let same = |a: &Extended, b: &Extended, k: &Scalar| {
            let [a, b] = [a, b].map(|sum| [sum.x.0, sum.y.0, sum.zz.0, sum.zzz.0]);
            assert_eq!(a, b, "{:x?}", k.0);
        };
        let Some(avx2) = cpu::Avx2::detect() else {
            return cpu::lacking("SM2 with tables searched by AVX2");
        };
        for [low, rest @ ..] in scalars {
            let k = Scalar([low | 1, rest[0], rest[1], rest[2]]);
            let expected = portable::sum(&BASE, &k);
            same(&x86_64::sum(Detected, avx2, &BASE, &k), &expected, &k);
            if let Some(adx) = cpu::Adx::detect() {
                same(&x86_64::sum(adx, avx2, &BASE, &k), &expected, &k);
            }
            for entries in [1, 2, 15, 16, 32] {
                let digit = (k.0[1] % entries, k.0[2] & 1);
                let entries = &BASE[..entries as usize];
                let (a, b) = (x86_64::find(avx2, entries, digit), portable::find(entries, digit));
                assert_eq!((a.x.0, a.y.0), (b.x.0, b.y.0), "{digit:?}");
            }
        }
    }
}
