//! Constant-time helpers: decisions on secrets are masks, never branches or indices.

use std::hint::black_box;

/// A decision: all ones (yes) or all zeros (no).
#[derive(Clone, Copy)]
pub(crate) struct Mask(u64);

impl Mask {
    /// Yes if `bit` is 1, no if it is 0; nothing else may be given.
    ///
    /// The barrier keeps the compiler from learning that only two values are possible, from which
    /// it could make a branch.
    #[inline]
    pub(crate) fn from_bit(bit: u64) -> Self {
        Self(black_box(bit).wrapping_neg())
    }

    /// Whether `value` is 0.
    #[inline]
    pub(crate) fn is_zero(value: u64) -> Self {
        Self::from_bit(((value | value.wrapping_neg()) >> 63) ^ 1)
    }

    /// Whether `a` = `b`.
    #[inline]
    pub(crate) fn equal(a: u64, b: u64) -> Self {
        Self::is_zero(a ^ b)
    }

    /// `yes` or `no`.
    #[inline]
    pub(crate) fn select(self, yes: u64, no: u64) -> u64 {
        no ^ (self.0 & (yes ^ no))
    }

    /// `value` or 0.
    #[inline]
    pub(crate) fn keep(self, value: u64) -> u64 {
        self.0 & value
    }

    /// Makes the decision public: from here on it may be branched on.
    #[inline]
    pub(crate) fn declassify(self) -> bool {
        declassify(self.0) != 0
    }
}

/// `value`, which depends on a secret and is public from here on, as the place of the call explains.
///
/// It costs nothing. In the build of the job `make constant-time` it takes valgrind's mark off the
/// value, so that every other branch on a secret is found.
#[inline(always)]
pub(crate) fn declassify<T: Copy>(value: T) -> T {
    #[cfg(yinxin_taint)]
    let value = {
        let mut value = value;
        super::taint::public(&mut value);
        value
    };
    value
}

/// `value`, of which the compiler then knows nothing: it cannot turn a mask made of it into a branch.
#[inline]
pub(crate) fn barrier(value: i64) -> i64 {
    black_box(value)
}

/// Whether two byte strings are equal, in time that depends on their lengths only. The answer is public.
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    use subtle::ConstantTimeEq as _;
    declassify(a.ct_eq(b).unwrap_u8()) == 1
}

/// Whether all bytes are 0, in time that depends on their number only. The answer is public.
pub(crate) fn all_zero(bytes: &[u8]) -> bool {
    let seen = bytes.iter().fold(0, |seen, &byte| seen | u64::from(byte));
    Mask::is_zero(seen).declassify()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_decide() {
        for (a, b) in [(0, 0), (0, 1), (1, 0), (u64::MAX, u64::MAX), (1 << 63, 0), (7, 7)] {
            assert_eq!(Mask::equal(a, b).declassify(), a == b);
            assert_eq!(Mask::equal(a, b).select(5, 9), if a == b { 5 } else { 9 });
            assert_eq!(Mask::equal(a, b).keep(6), if a == b { 6 } else { 0 });
        }
        assert!(equal(b"abc", b"abc") && !equal(b"abc", b"abd") && !equal(b"abc", b"ab"));
        assert!(all_zero(&[]) && all_zero(&[0; 33]) && !all_zero(&[0, 0, 128]));
    }
}
