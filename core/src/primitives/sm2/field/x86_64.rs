//! The arithmetic modulo p in assembly. Sums do with what every x86-64 CPU has. Products need `mulx`,
//! which leaves the flags alone, and `adcx` and `adox`, which keep two carries apart.

#![allow(unsafe_code, reason = "assembly")]

use std::{
    arch::asm,
    sync::atomic::{AtomicU8, Ordering::Relaxed},
};

use super::{FieldElement, P, Products, portable};
use crate::primitives::{cpu, sm2::limbs::Limbs};

/// Whether this CPU has [`cpu::Adx`], for one test per product.
static PRODUCTS: AtomicU8 = AtomicU8::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const PORTABLE: u8 = 1;
const ADX: u8 = 2;

static MODULUS: Limbs = P;

impl Products for cpu::Adx {
    #[inline(always)]
    fn multiply(self, a: &FieldElement, b: &FieldElement) -> FieldElement {
        // SAFETY: the proof exists only where BMI2 and ADX are.
        unsafe { multiply_adx(a, b) }
    }

    #[inline(always)]
    fn square(self, a: &FieldElement) -> FieldElement {
        // SAFETY: as in `multiply`.
        unsafe { square_adx(a) }
    }
}

/// a b / 2^256 modulo p.
#[inline(always)]
pub(super) fn multiply(a: &FieldElement, b: &FieldElement) -> FieldElement {
    if PRODUCTS.load(Relaxed) == ADX {
        // SAFETY: `detect` has found BMI2 and ADX.
        return unsafe { multiply_adx(a, b) };
    }
    multiply_detecting(a, b)
}

/// a^2 / 2^256 modulo p.
#[inline(always)]
pub(super) fn square(a: &FieldElement) -> FieldElement {
    if PRODUCTS.load(Relaxed) == ADX {
        // SAFETY: as in `multiply`.
        return unsafe { square_adx(a) };
    }
    square_detecting(a)
}

#[cold]
#[inline(never)]
fn multiply_detecting(a: &FieldElement, b: &FieldElement) -> FieldElement {
    detect();
    portable::multiply(a, b)
}

#[cold]
#[inline(never)]
fn square_detecting(a: &FieldElement) -> FieldElement {
    detect();
    portable::square(a)
}

fn detect() {
    if PRODUCTS.load(Relaxed) == UNKNOWN {
        let found = if cpu::Adx::detect().is_some() { ADX } else { PORTABLE };
        PRODUCTS.store(found, Relaxed);
    }
}

/// `$r0` to `$r3` less p, if that is not negative: the value has a further bit of 2^256, which `$carry`
/// holds as 0 or -1. `$d0` to `$d3` are for the difference.
macro_rules! subtract_p {
    (
        $r0:literal $r1:literal $r2:literal $r3:literal,
        $d0:literal $d1:literal $d2:literal $d3:literal,
        $carry:literal
    ) => {
        concat!(
            "mov ",
            $d0,
            ", ",
            $r0,
            "\n",
            "mov ",
            $d1,
            ", ",
            $r1,
            "\n",
            "mov ",
            $d2,
            ", ",
            $r2,
            "\n",
            "mov ",
            $d3,
            ", ",
            $r3,
            "\n",
            "sub ",
            $d0,
            ", -1\n",
            "sbb ",
            $d1,
            ", qword ptr [rip + {p} + 8]\n",
            "sbb ",
            $d2,
            ", -1\n",
            "sbb ",
            $d3,
            ", qword ptr [rip + {p} + 24]\n",
            "sbb ",
            $carry,
            ", 0\n",
            "cmovnc ",
            $r0,
            ", ",
            $d0,
            "\n",
            "cmovnc ",
            $r1,
            ", ",
            $d1,
            "\n",
            "cmovnc ",
            $r2,
            ", ",
            $d2,
            "\n",
            "cmovnc ",
            $r3,
            ", ",
            $d3,
            "\n",
        )
    };
}

/// Adds p to `r0` to `r3`, if `mask` is -1 and not 0.
macro_rules! add_p {
    () => {
        concat!(
            "mov {low}, {mask}\n",
            "mov {high}, {mask}\n",
            "shl {low}, 32\n",
            "btr {high}, 32\n",
            "add {r0}, {mask}\n",
            "adc {r1}, {low}\n",
            "adc {r2}, {mask}\n",
            "adc {r3}, {high}\n",
        )
    };
}

/// Adds b times the factor in RDX to limbs `$t0` to `$t4`, of which `$t4` is new: 0 before.
macro_rules! add_row {
    ($t0:literal $t1:literal $t2:literal $t3:literal $t4:literal) => {
        concat!(
            "xor ",
            $t4,
            ", ",
            $t4,
            "\n",
            "mulx {high}, {low}, qword ptr [{b}]\n",
            "adcx ",
            $t0,
            ", {low}\n",
            "adox ",
            $t1,
            ", {high}\n",
            "mulx {high}, {low}, qword ptr [{b} + 8]\n",
            "adcx ",
            $t1,
            ", {low}\n",
            "adox ",
            $t2,
            ", {high}\n",
            "mulx {high}, {low}, qword ptr [{b} + 16]\n",
            "adcx ",
            $t2,
            ", {low}\n",
            "adox ",
            $t3,
            ", {high}\n",
            "mulx {high}, {low}, qword ptr [{b} + 24]\n",
            "adcx ",
            $t3,
            ", {low}\n",
            "adox ",
            $t4,
            ", {high}\n",
            "adc ",
            $t4,
            ", 0\n",
        )
    };
}

/// Step of the reduction, as `reduce_limb` of the portable field: with u = `$t0`, limbs `$t1` to `$t3`
/// and u at their top, less u 2^32 (1 + 2^128), plus u: less u (2^32 - 1) + u 2^160. `$less` is
/// any register that is free.
macro_rules! reduce_limb {
    ($t0:literal $t1:literal $t2:literal $t3:literal, $less:literal) => {
        concat!(
            "mov {low}, ",
            $t0,
            "\n",
            "mov {high}, ",
            $t0,
            "\n",
            "shl {low}, 32\n",
            "shr {high}, 32\n",
            "mov rdx, {low}\n",
            "mov ",
            $less,
            ", {high}\n",
            "sub rdx, ",
            $t0,
            "\n",
            "sbb ",
            $less,
            ", 0\n",
            "sub ",
            $t1,
            ", rdx\n",
            "sbb ",
            $t2,
            ", ",
            $less,
            "\n",
            "sbb ",
            $t3,
            ", {low}\n",
            "sbb ",
            $t0,
            ", {high}\n",
        )
    };
}

/// t0 to t3 plus t4 to t7, which are below 2p, modulo p: to t4 to t7.
macro_rules! finish {
    () => {
        concat!(
            "add {t4}, {t0}\n",
            "adc {t5}, {t1}\n",
            "adc {t6}, {t2}\n",
            "adc {t7}, {t3}\n",
            "sbb {low}, {low}\n",
            subtract_p!("{t4}" "{t5}" "{t6}" "{t7}", "{t0}" "{t1}" "{t2}" "{t3}", "{low}"),
        )
    };
}

/// As [`multiply`].
///
/// # Safety
/// The CPU has BMI2 and ADX.
#[inline(always)]
unsafe fn multiply_adx(a: &FieldElement, b: &FieldElement) -> FieldElement {
    let (r0, r1, r2, r3);
    // SAFETY: the caller has seen to the CPU; the block reads the four limbs of `a` and of `b`, and the
    // modulus, and writes nothing but its operands.
    unsafe {
        asm!(
            "mov rdx, qword ptr [{a}]",
            "mulx {t1}, {t0}, qword ptr [{b}]",
            "mulx {t2}, {low}, qword ptr [{b} + 8]",
            "add {t1}, {low}",
            "mulx {t3}, {low}, qword ptr [{b} + 16]",
            "adc {t2}, {low}",
            "mulx {t4}, {low}, qword ptr [{b} + 24]",
            "adc {t3}, {low}",
            "adc {t4}, 0",
            "mov rdx, qword ptr [{a} + 8]",
            add_row!("{t1}" "{t2}" "{t3}" "{t4}" "{t5}"),
            reduce_limb!("{t0}" "{t1}" "{t2}" "{t3}", "{t7}"),
            "mov rdx, qword ptr [{a} + 16]",
            add_row!("{t2}" "{t3}" "{t4}" "{t5}" "{t6}"),
            reduce_limb!("{t1}" "{t2}" "{t3}" "{t0}", "{t7}"),
            "mov rdx, qword ptr [{a} + 24]",
            add_row!("{t3}" "{t4}" "{t5}" "{t6}" "{t7}"),
            reduce_limb!("{t2}" "{t3}" "{t0}" "{t1}", "{a}"),
            reduce_limb!("{t3}" "{t0}" "{t1}" "{t2}", "{a}"),
            finish!(),
            a = inout(reg) &raw const a.0 => _,
            b = in(reg) &raw const b.0,
            p = sym MODULUS,
            out("rdx") _,
            low = out(reg) _,
            high = out(reg) _,
            t0 = out(reg) _,
            t1 = out(reg) _,
            t2 = out(reg) _,
            t3 = out(reg) _,
            t4 = out(reg) r0,
            t5 = out(reg) r1,
            t6 = out(reg) r2,
            t7 = out(reg) r3,
            options(pure, readonly, nostack),
        );
    }
    FieldElement([r0, r1, r2, r3])
}

/// As [`square`].
///
/// # Safety
/// The CPU has BMI2 and ADX.
#[inline(always)]
unsafe fn square_adx(a: &FieldElement) -> FieldElement {
    let (r0, r1, r2, r3);
    // SAFETY: as in `multiply_adx`.
    unsafe {
        asm!(
            // The products of different limbs, once.
            "mov rdx, qword ptr [{a}]",
            "mulx {t2}, {t1}, qword ptr [{a} + 8]",
            "mulx {t3}, {low}, qword ptr [{a} + 16]",
            "add {t2}, {low}",
            "mulx {t4}, {low}, qword ptr [{a} + 24]",
            "adc {t3}, {low}",
            "adc {t4}, 0",
            "mov rdx, qword ptr [{a} + 8]",
            "xor {t7}, {t7}",
            "mulx {high}, {low}, qword ptr [{a} + 16]",
            "adcx {t3}, {low}",
            "adox {t4}, {high}",
            "mulx {t5}, {low}, qword ptr [{a} + 24]",
            "adcx {t4}, {low}",
            "mov rdx, qword ptr [{a} + 16]",
            "adcx {t5}, {t7}",
            "adox {t5}, {t7}",
            "mulx {t6}, {low}, qword ptr [{a} + 24]",
            "adcx {t5}, {low}",
            "adcx {t6}, {t7}",
            // Twice that, and the squares of the limbs.
            "xor {t7}, {t7}",
            "mov rdx, qword ptr [{a}]",
            "mulx {high}, {t0}, rdx",
            "adcx {t1}, {t1}",
            "adox {t1}, {high}",
            "mov rdx, qword ptr [{a} + 8]",
            "mulx {high}, {low}, rdx",
            "adcx {t2}, {t2}",
            "adox {t2}, {low}",
            "adcx {t3}, {t3}",
            "adox {t3}, {high}",
            "mov rdx, qword ptr [{a} + 16]",
            "mulx {high}, {low}, rdx",
            "adcx {t4}, {t4}",
            "adox {t4}, {low}",
            "adcx {t5}, {t5}",
            "adox {t5}, {high}",
            "mov rdx, qword ptr [{a} + 24]",
            "mulx {high}, {low}, rdx",
            "adcx {t6}, {t6}",
            "adox {t6}, {low}",
            "adcx {t7}, {t7}",
            "adox {t7}, {high}",
            reduce_limb!("{t0}" "{t1}" "{t2}" "{t3}", "{a}"),
            reduce_limb!("{t1}" "{t2}" "{t3}" "{t0}", "{a}"),
            reduce_limb!("{t2}" "{t3}" "{t0}" "{t1}", "{a}"),
            reduce_limb!("{t3}" "{t0}" "{t1}" "{t2}", "{a}"),
            finish!(),
            a = inout(reg) &raw const a.0 => _,
            p = sym MODULUS,
            out("rdx") _,
            low = out(reg) _,
            high = out(reg) _,
            t0 = out(reg) _,
            t1 = out(reg) _,
            t2 = out(reg) _,
            t3 = out(reg) _,
            t4 = out(reg) r0,
            t5 = out(reg) r1,
            t6 = out(reg) r2,
            t7 = out(reg) r3,
            options(pure, readonly, nostack),
        );
    }
    FieldElement([r0, r1, r2, r3])
}

/// a + b modulo p.
#[inline(always)]
pub(super) fn add(a: &FieldElement, b: &FieldElement) -> FieldElement {
    let [mut r0, mut r1, mut r2, mut r3] = a.0;
    // SAFETY: the block reads the four limbs of `b` and the modulus, and writes nothing but its operands.
    unsafe {
        asm!(
            "add {r0}, qword ptr [{b}]",
            "adc {r1}, qword ptr [{b} + 8]",
            "adc {r2}, qword ptr [{b} + 16]",
            "adc {r3}, qword ptr [{b} + 24]",
            "sbb {carry}, {carry}",
            subtract_p!("{r0}" "{r1}" "{r2}" "{r3}", "{d0}" "{d1}" "{d2}" "{d3}", "{carry}"),
            b = in(reg) &raw const b.0,
            p = sym MODULUS,
            r0 = inout(reg) r0,
            r1 = inout(reg) r1,
            r2 = inout(reg) r2,
            r3 = inout(reg) r3,
            d0 = out(reg) _,
            d1 = out(reg) _,
            d2 = out(reg) _,
            d3 = out(reg) _,
            carry = out(reg) _,
            options(pure, readonly, nostack),
        );
    }
    FieldElement([r0, r1, r2, r3])
}

/// a - b modulo p.
#[inline(always)]
pub(super) fn sub(a: &FieldElement, b: &FieldElement) -> FieldElement {
    let [mut r0, mut r1, mut r2, mut r3] = a.0;
    // SAFETY: the block reads the four limbs of `b` and writes nothing but its operands.
    unsafe {
        asm!(
            "sub {r0}, qword ptr [{b}]",
            "sbb {r1}, qword ptr [{b} + 8]",
            "sbb {r2}, qword ptr [{b} + 16]",
            "sbb {r3}, qword ptr [{b} + 24]",
            "sbb {mask}, {mask}",
            add_p!(),
            b = in(reg) &raw const b.0,
            r0 = inout(reg) r0,
            r1 = inout(reg) r1,
            r2 = inout(reg) r2,
            r3 = inout(reg) r3,
            mask = out(reg) _,
            low = out(reg) _,
            high = out(reg) _,
            options(pure, readonly, nostack),
        );
    }
    FieldElement([r0, r1, r2, r3])
}

/// a / 2 modulo p.
#[inline(always)]
pub(super) fn halve(a: &FieldElement) -> FieldElement {
    let [mut r0, mut r1, mut r2, mut r3] = a.0;
    // SAFETY: the block writes nothing but its operands.
    unsafe {
        asm!(
            "mov {mask}, {r0}",
            "and {mask}, 1",
            "neg {mask}",
            add_p!(),
            "rcr {r3}, 1",
            "rcr {r2}, 1",
            "rcr {r1}, 1",
            "rcr {r0}, 1",
            r0 = inout(reg) r0,
            r1 = inout(reg) r1,
            r2 = inout(reg) r2,
            r3 = inout(reg) r3,
            mask = out(reg) _,
            low = out(reg) _,
            high = out(reg) _,
            options(pure, nomem, nostack),
        );
    }
    FieldElement([r0, r1, r2, r3])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::sm2::tests::arithmetic::pairs;

    #[test]
    fn the_assembly_agrees_with_portable() {
        let adx = cpu::Adx::detect().is_some();
        if !adx {
            cpu::lacking("SM2 with products by ADX");
        }
        pairs(&P, |a, b| {
            let (a, b) = (&FieldElement(a), &FieldElement(b));
            assert_eq!(add(a, b).0, portable::add(a, b).0, "{:x?} + {:x?}", a.0, b.0);
            assert_eq!(sub(a, b).0, portable::sub(a, b).0, "{:x?} - {:x?}", a.0, b.0);
            assert_eq!(halve(a).0, portable::halve(a).0, "{:x?} / 2", a.0);
            assert_eq!(multiply_detecting(a, b).0, portable::multiply(a, b).0);
            if adx {
                // SAFETY: the CPU has said so.
                let (product, square) = unsafe { (multiply_adx(a, b), square_adx(a)) };
                assert_eq!(product.0, portable::multiply(a, b).0, "{:x?} {:x?}", a.0, b.0);
                assert_eq!(square.0, portable::square(a).0, "{:x?}", a.0);
            }
        });
        assert_eq!(PRODUCTS.load(Relaxed) == ADX, adx);
    }
}
