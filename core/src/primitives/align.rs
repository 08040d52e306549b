//! Where the code of a kernel begins, and in which order it adds.

#![allow(unsafe_code, reason = "a directive of the assembler, and no instruction at all")]

/// Begins what follows at a multiple of 64 bytes, so that its speed does not depend on what the linker has put
/// before it: how many instructions a processor takes in at once depends on where in such a block they lie.
/// To be called before a long loop, or a long run of code.
#[inline(always)]
pub(crate) fn align_code() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: there is nothing in it but instructions that do nothing.
    unsafe {
        std::arch::asm!(".p2align 6", options(nomem, nostack, preserves_flags));
    }
}

/// `sum` itself, which the compiler then leaves together: of several summands it would add others first, and
/// not those that are there earliest.
#[inline(always)]
pub(crate) fn added(sum: u32) -> u32 {
    #[cfg(target_arch = "x86_64")]
    let sum = {
        let mut sum = sum;
        // SAFETY: there is no instruction in it.
        unsafe {
            std::arch::asm!("/* {0:e} */", inout(reg) sum, options(pure, nomem, nostack, preserves_flags));
        }
        sum
    };
    sum
}
