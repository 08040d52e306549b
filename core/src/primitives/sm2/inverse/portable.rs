//! Division steps with masks in place of decisions.

use crate::primitives::ct;

/// N division steps, f being odd.
#[inline(always)]
pub(super) fn steps<const N: u32>(zeta: &mut i64, f: &mut i64, g: &mut i64) {
    for _ in 0..N {
        let swap = ct::barrier(*zeta >> 63); // delta > 0
        let odd = ct::barrier(-(*g & 1));
        // g is odd: add f to it, or -f where f and g change places.
        *g = g.wrapping_add(((*f ^ swap).wrapping_sub(swap)) & odd);
        // Where they change places, the new f is the old g = (g - f) + f.
        let both = swap & odd;
        *zeta = (*zeta ^ both) - 1;
        *f = f.wrapping_add(*g & both);
        *g >>= 1;
    }
}

/// `limb` itself.
#[inline(always)]
#[cfg(not(target_arch = "x86_64"))]
pub(super) const fn signed(limb: i64) -> i64 {
    limb
}
