//! Division steps with conditional moves, which a compiler makes of masks or not, as it likes.

#![allow(unsafe_code, reason = "assembly")]

use std::arch::asm;

/// N division steps, f being odd, without a jump.
#[inline(always)]
pub(super) fn steps<const N: u32>(zeta: &mut i64, f: &mut i64, g: &mut i64) {
    // SAFETY: the block reads and writes nothing but its operands; every x86-64 CPU has `cmov`.
    unsafe {
        asm!(
            ".rept {count}",
            // For odd g: h = g + f, or g - f if zeta < 0.
            "mov {h}, {f}",
            "neg {h}",
            "mov {swap}, {zeta}",
            "shr {swap}, 63",
            "cmovz {h}, {f}",
            // zeta - 1, or z = -2 - zeta if they change places.
            "mov {z}, -2",
            "sub {z}, {zeta}",
            "add {h}, {g}",
            "sub {zeta}, 1",
            "sar {h}, 1",
            "test {g}, {swap}",
            "cmovnz {f}, {g}",
            "cmovnz {zeta}, {z}",
            // The bit that is shifted out decides.
            "sar {g}, 1",
            "cmovc {g}, {h}",
            ".endr",
            count = const N,
            zeta = inout(reg) *zeta,
            f = inout(reg) *f,
            g = inout(reg) *g,
            h = out(reg) _,
            swap = out(reg) _,
            z = out(reg) _,
            options(pure, nomem, nostack),
        );
    }
}

/// `limb` itself, of whose sign the compiler then knows nothing. Were it to see that a limb is not negative,
/// it would multiply without signs, and correct the product for the sign of the other factor.
#[inline(always)]
pub(super) fn signed(mut limb: i64) -> i64 {
    // SAFETY: there is no instruction in it.
    unsafe {
        asm!("/* {limb} */", limb = inout(reg) limb, options(pure, nomem, nostack, preserves_flags));
    }
    limb
}
