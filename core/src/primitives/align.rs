//! Where the code of a kernel begins.

#![allow(unsafe_code, reason = "a directive of the assembler")]

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
