//! Odd scalars as sums of odd digits, in windows of W bits.
//!
//! An odd k below 2^256 is the sum of `windows(W)` digits d_i 2^(W i), or of any greater number, each odd and
//! below 2^W in size, which are read straight off its bits: with w_i = bits W i + 1 to W i + W of
//! k + 2^(W windows), d_i = 2 w_i - (2^W - 1). No digit is 0, and the highest is positive. A digit is the entry
//! (|d| - 1) / 2 of a table of odd multiples, and a sign.

use zeroize::Zeroize as _;

use super::vector::{Eight, LaneMask, Vector, Words};
use crate::primitives::sm2::scalar::Scalar;

/// The windows that 256 bits take.
pub(super) const fn windows(width: usize) -> usize {
    256usize.div_ceil(width)
}

/// One digit per lane: the entry of the table, and the lanes whose digit is negative.
pub(super) struct Digits<V> {
    pub(super) entry: V,
    pub(super) negative: LaneMask,
}

/// One scalar in [1, n-1] for all lanes: itself or n less itself, whichever is odd, and whether the
/// multiple has to be negated. Zeroised on drop.
pub(super) struct Odd {
    scalar: Scalar,
    negated: LaneMask,
}

impl Odd {
    pub(super) fn new(k: &Scalar) -> Self {
        let (scalar, negated) = k.odd();
        Self { scalar, negated: negated.keep(LaneMask::MAX.into()) as LaneMask }
    }

    /// Lane l has digit number `first` + l of WINDOWS.
    #[inline(always)]
    pub(super) fn digits<const W: usize, const WINDOWS: usize, V: Vector>(
        &self,
        first: usize,
    ) -> Digits<V> {
        let places = V::load(&const { places(W, V::LANES) });
        let w = V::shift_right_by(V::splat(self.bits::<W>(WINDOWS, first, V::LANES)), places);
        Digits::new::<W>(w & V::splat((1 << W) - 1), self.negated)
    }

    /// The bits of `count` windows, which are at most 40, and what is above.
    #[inline(always)]
    fn bits<const W: usize>(&self, windows: usize, first: usize, count: usize) -> u64 {
        let bit = W * first + 1;
        let (limb, shift) = (bit / 64, bit % 64);
        let at = |i: usize| self.scalar.0.get(i).copied().unwrap_or(0);
        // A shift by 64 in two steps.
        let high = at(limb + 1) << 1 << (63 - shift);
        let last = windows - 1;
        let top = if first + count > last { 1 << (W - 1) << (W * (last - first)) } else { 0 };
        at(limb) >> shift | high | top
    }
}

/// The digits of two scalars in windows of W bits, group by group: lanes 0 to 3 have those of the first,
/// EACH windows apart from group to group, lanes 4 to 7 those of the second; or, where EACH is 8, the next four
/// of it.
///
/// All bits are read when it is made: it is to stand near what the caller works on. Words of which the
/// address ends in the same 12 bits as one that is being written wait for that.
pub(super) struct Groups<const W: usize, const EACH: usize> {
    bits: [[u64; 2]; 16],
    negated: LaneMask,
}

impl<const W: usize, const EACH: usize> Groups<W, EACH> {
    pub(super) const COUNT: usize = windows(W).div_ceil(EACH);
    pub(super) const WINDOWS: usize = EACH * Self::COUNT;

    #[inline(always)]
    pub(super) fn new([lower, upper]: [&Odd; 2]) -> Self {
        const { assert!(Self::COUNT <= 16) };
        let mut bits = [[0; 2]; 16];
        for (group, bits) in bits[..Self::COUNT].iter_mut().enumerate() {
            let first = EACH * group;
            bits[0] = lower.bits::<W>(Self::WINDOWS, first, 4);
            bits[1] = upper.bits::<W>(Self::WINDOWS, first + EACH - 4, 4);
        }
        Self { bits, negated: lower.negated & !UPPER | upper.negated & UPPER }
    }

    #[inline(always)]
    pub(super) fn digits(&self, group: usize) -> Digits<Eight> {
        let [lower, upper] = self.bits[group];
        let bits = Eight::select(UPPER, Eight::splat(upper), Eight::splat(lower));
        let w = Eight::shift_right_by(bits, Eight::load(&const { places(W, 4) }));
        Digits::new::<W>(w & Eight::splat((1 << W) - 1), self.negated)
    }
}

impl<const W: usize, const EACH: usize> Drop for Groups<W, EACH> {
    fn drop(&mut self) {
        self.bits.as_flattened_mut().zeroize();
        self.negated.zeroize();
    }
}

/// Lanes 4 to 7.
const UPPER: LaneMask = 0b1111_0000;

/// Where the windows of the lanes begin, after `count` lanes from 0 again.
const fn places(width: usize, count: usize) -> Words {
    let mut places = Words([0; 8]);
    let mut lane = 0;
    while lane < 8 {
        places.0[lane] = (width * (lane % count)) as u64;
        lane += 1;
    }
    places
}

impl Drop for Odd {
    fn drop(&mut self) {
        self.scalar.zeroize();
        self.negated.zeroize();
    }
}

/// One scalar for each lane, likewise.
pub(super) struct OddLanes {
    /// `limbs[i]` has limb i of all; those beyond the scalars' four are 0.
    limbs: [Words; 6],
    negated: LaneMask,
}

impl OddLanes {
    pub(super) fn new(scalars: &[Scalar; 8]) -> Self {
        let mut lanes = Self { limbs: [Words([0; 8]); 6], negated: 0 };
        for (lane, k) in scalars.iter().enumerate() {
            let (k, negated) = k.odd();
            for (words, limb) in lanes.limbs.iter_mut().zip(k.0) {
                words.0[lane] = limb;
            }
            lanes.negated |= negated.keep(1 << lane) as LaneMask;
        }
        lanes
    }

    /// Digit number `window` of each.
    #[inline(always)]
    pub(super) fn digits<const W: usize>(&self, window: usize) -> Digits<Eight> {
        let bit = W * window + 1;
        let (limb, shift) = (bit / 64, bit as u64 % 64);
        let low = Eight::shift_right_by(Eight::load(&self.limbs[limb]), Eight::splat(shift));
        // A shift by 64 gives 0.
        let next = Eight::load(&self.limbs[limb + 1]);
        let high = Eight::shift_left_by(next, Eight::splat(64 - shift));
        let w = low | high | Eight::splat(top_bit::<W>(window));
        Digits::new::<W>(w & Eight::splat((1 << W) - 1), self.negated)
    }
}

impl Drop for OddLanes {
    fn drop(&mut self) {
        self.limbs.iter_mut().for_each(|words| words.0.as_mut_slice().zeroize());
        self.negated.zeroize();
    }
}

/// What 2^(W windows) adds to w.
const fn top_bit<const W: usize>(window: usize) -> u64 {
    if window + 1 == windows(W) { 1 << (W - 1) } else { 0 }
}

impl<V: Vector> Digits<V> {
    /// d = 2 w - (2^W - 1): for w in the upper half the entry is w less its highest bit, in the lower half
    /// it is the complement, and d is negative.
    #[inline(always)]
    fn new<const W: usize>(w: V, negated: LaneMask) -> Self {
        let half = 1 << (W - 1);
        let lower = (w & V::splat(half)).zero_mask();
        let complement = V::splat(half - 1) - w;
        let entry = V::select(lower, complement, w) & V::splat(half - 1);
        Self { entry, negative: lower ^ negated }
    }
}
