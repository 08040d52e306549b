//! Secrets made visible to valgrind, in builds with `--cfg yinxin_taint` only: what is marked secret
//! counts as never written, and memcheck reports each branch and each address that depends on it.
//!
//! The marks are the client requests of valgrind's `memcheck.h` for x86-64 Linux: an instruction
//! sequence without effect, which valgrind alone takes for a call. This build is for the job
//! `make constant-time` and never for use.

#![allow(unsafe_code, reason = "valgrind is spoken to by an instruction sequence")]

use std::arch::asm;

const RUNNING_ON_VALGRIND: usize = 0x1001;
const COUNT_ERRORS: usize = 0x1201;
const MAKE_MEM_UNDEFINED: usize = 0x4d43_0001;
const MAKE_MEM_DEFINED: usize = 0x4d43_0002;

/// From here on no branch and no address may depend on the bytes of `value`.
pub fn secret<T: ?Sized>(value: &mut T) {
    request(MAKE_MEM_UNDEFINED, value);
}

/// The bytes of `value` have become public.
pub fn public<T: ?Sized>(value: &mut T) {
    request(MAKE_MEM_DEFINED, value);
}

/// Whether valgrind runs this program: elsewhere the marks do nothing, and nothing is ever found.
#[must_use]
pub fn is_watched() -> bool {
    request(RUNNING_ON_VALGRIND, &mut ()) != 0
}

/// How many times so far a branch or an address has depended on a secret.
#[must_use]
pub fn findings() -> usize {
    request(COUNT_ERRORS, &mut ())
}

/// Asks valgrind for `code` over the bytes of `value`. The answer is 0 without valgrind.
fn request<T: ?Sized>(code: usize, value: &mut T) -> usize {
    let length = size_of_val(value);
    let start = std::ptr::from_mut(value).cast::<u8>().expose_provenance();
    let arguments = [code, start, length, 0, 0, 0];
    let mut answer = 0;
    // SAFETY: the four turns of RDI are by 128 bits in all, and RBX is exchanged with itself, so that
    // nothing changes but the answer. Valgrind reads the arguments, and marks bytes of `value`, which is
    // borrowed here alone.
    unsafe {
        asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") arguments.as_ptr(),
            inout("rdx") answer,
            options(nostack),
        );
    }
    answer
}
