//! One message: the 64 rounds of each block in an order of instructions that only assembly keeps.
//!
//! A round waits for the one before it through E: add, turn, add, then P0. That is six cycles if GG is
//! ready in time. With P0(TT2) = u ^ v, u = TT2 ^ TT2<<<9 and v = TT2<<<17, the GG of the next round,
//! ((F ^ G) & E) ^ G, is begun with v and u before E is whole. A compiler would put it together again.

#![allow(unsafe_code, reason = "assembly")]

use std::{arch::asm, array};

use super::{
    Block, State,
    lanes::{Schedule, T},
    portable,
};
use crate::primitives::cpu;

/// With fewer blocks than this, expanding 16 at once does not pay.
const BLOCKS_MIN: usize = 4;

/// V(i+1) = CF(V(i), B(i)) for every block in turn, `expand` doing the message expansion of 16.
pub(super) fn compress(
    cpu: cpu::Bmi2,
    state: &mut State,
    blocks: &[Block],
    expand: impl Fn(&mut Schedule, &[&Block; 16]),
) {
    if blocks.len() < BLOCKS_MIN {
        return portable::compress(state, blocks);
    }
    let mut schedule = Schedule::empty();
    for chunk in blocks.chunks(16) {
        if chunk.len() < BLOCKS_MIN {
            return portable::compress(state, chunk);
        }
        expand(&mut schedule, &array::from_fn(|lane| &chunk[lane.min(chunk.len() - 1)]));
        for lane in 0..chunk.len() {
            rounds(cpu, state, &schedule, lane);
        }
    }
}

/// Round `$i` after the place where the pointers stand. On entry EBX holds GG.
///
/// `$ff` is `early` for the rounds to 15 and `late` from 16 on; `$gg` is the same of the round after.
macro_rules! round {
    (
        $ff:ident $gg:ident $i:literal
        $a:literal $b:literal $c:literal $d:literal $e:literal $f:literal $g:literal $h:literal
    ) => {
        concat!(
            // EAX = A <<< 12, ECX = that + T.
            "rorx eax, ", $a, ", 20\n",
            "mov ecx, dword ptr [rsi + 4*", $i, "]\n",
            "add ecx, eax\n",
            "add ", $h, ", dword ptr [rdi + 64*", $i, "]\n",
            "add ", $d, ", dword ptr [rdi + 64*", $i, " + 4096]\n",
            ff!($ff $a $b $c $d),
            // ECX = SS1, H = TT2, D = TT1.
            "add ecx, ", $e, "\n",
            "rorx ecx, ecx, 25\n",
            "add ", $h, ", ebx\n",
            "add ", $h, ", ecx\n",
            "xor eax, ecx\n",
            "add ", $d, ", eax\n",
            // F <<< 19 is the next G, E the next F: EDX = their sum.
            "rorx ", $f, ", ", $f, ", 13\n",
            "mov edx, ", $e, "\n",
            "xor edx, ", $f, "\n",
            // H = u, EBP = v.
            "rorx ecx, ", $h, ", 23\n",
            "rorx ebp, ", $h, ", 15\n",
            "xor ", $h, ", ecx\n",
            gg!($gg $f $h),
            "xor ", $h, ", ebp\n",
            "rorx ", $b, ", ", $b, ", 23\n",
        )
    };
}

/// Adds FF to D.
macro_rules! ff {
    (early $a:literal $b:literal $c:literal $d:literal) => {
        concat!(
            "mov edx, ",
            $a,
            "\n",
            "xor edx, ",
            $b,
            "\n",
            "xor edx, ",
            $c,
            "\n",
            "add ",
            $d,
            ", edx\n",
        )
    };
    // The two parts of the majority, (A ^ B) & C and A & B, have no bit in common.
    (late $a:literal $b:literal $c:literal $d:literal) => {
        concat!(
            "mov edx, ",
            $a,
            "\n",
            "mov ebp, ",
            $a,
            "\n",
            "xor edx, ",
            $b,
            "\n",
            "and ebp, ",
            $b,
            "\n",
            "and edx, ",
            $c,
            "\n",
            "add ",
            $d,
            ", ebp\n",
            "add ",
            $d,
            ", edx\n",
        )
    };
}

/// EBX = GG of the next round, from EDX = F ^ G, EBP = v, `$h` = u, and its G in `$f`.
macro_rules! gg {
    (early $f:literal $h:literal) => {
        concat!("mov ebx, ", $h, "\n", "xor edx, ebp\n", "xor ebx, edx\n")
    };
    (late $f:literal $h:literal) => {
        concat!(
            "mov ebx, edx\n",
            "and edx, ebp\n",
            "and ebx, ",
            $h,
            "\n",
            "xor edx, ",
            $f,
            "\n",
            "xor ebx, edx\n",
        )
    };
}

/// Four rounds, after which every name is back in its register.
macro_rules! four {
    ($ff:ident $gg:ident $last:ident $i0:literal $i1:literal $i2:literal $i3:literal) => {
        concat!(
            round!($ff $gg $i0 "r8d" "r9d" "r10d" "r11d" "r12d" "r13d" "r14d" "r15d"),
            round!($ff $gg $i1 "r11d" "r8d" "r9d" "r10d" "r15d" "r12d" "r13d" "r14d"),
            round!($ff $gg $i2 "r10d" "r11d" "r8d" "r9d" "r14d" "r15d" "r12d" "r13d"),
            round!($ff $last $i3 "r9d" "r10d" "r11d" "r8d" "r13d" "r14d" "r15d" "r12d"),
        )
    };
}

/// V(i+1) = CF(V(i), B(i)), the words of B(i) being those of column `lane`.
fn rounds(_: cpu::Bmi2, state: &mut State, schedule: &Schedule, lane: usize) {
    let first: *const u32 = &raw const schedule.w[0][lane];
    let t: *const u32 = T.0.as_ptr();
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    // SAFETY: a `cpu::Bmi2` exists only where RORX is. The block reads column `lane` of the 64 rows of
    // `schedule.w` and of `schedule.w1`, 4096 bytes further, and the 64 words of T, whose end it
    // knows by an address that is a multiple of 256; it restores the registers that it must.
    unsafe {
        asm!(
            "push rbx",
            "push rbp",
            "mov ebx, r12d",
            "xor ebx, r13d",
            "xor ebx, r14d",
            four!(early early early 0 1 2 3),
            four!(early early early 4 5 6 7),
            four!(early early early 8 9 10 11),
            four!(early early late 12 13 14 15),
            "add rdi, 1024",
            "add rsi, 64",
            "2:",
            four!(late late late 0 1 2 3),
            "add rdi, 256",
            "add rsi, 16",
            "test sil, sil",
            "jnz 2b",
            "pop rbp",
            "pop rbx",
            inout("rdi") first => _,
            inout("rsi") t => _,
            inout("r8d") a,
            inout("r9d") b,
            inout("r10d") c,
            inout("r11d") d,
            inout("r12d") e,
            inout("r13d") f,
            inout("r14d") g,
            inout("r15d") h,
            out("eax") _,
            out("ecx") _,
            out("edx") _,
        );
    }
    for (old, new) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *old ^= new;
    }
}
