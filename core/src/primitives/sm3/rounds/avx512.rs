//! One message with AVX-512. A round waits for the one before it through E: add, turn, add, then P0. That is six
//! cycles if GG is ready in time. With P0(TT2) = u ^ v, u = TT2 ^ TT2<<<9 and v = TT2<<<17, the GG of the next
//! round, ((F ^ G) & E) ^ G, is begun with v and u before E is whole. A compiler would put it together again.

#![allow(unsafe_code, reason = "assembly")]

use std::{
    arch::asm,
    mem::{MaybeUninit, offset_of},
};

use zeroize::Zeroize as _;

use super::{
    super::{Block, State, portable::T},
    SWAP,
};
use crate::primitives::cpu;

/// What the kernel keeps in memory. The offsets of its fields are written into the kernel.
#[repr(C, align(16))]
struct Work {
    /// W(0) to W(67) (GB/T 32905-2016, 5.3.2).
    w: [MaybeUninit<u32>; 68],
    /// W'(0) to W'(63).
    w1: [MaybeUninit<u32>; 64],
    /// V(i).
    state: State,
    /// How many blocks are left.
    blocks: u64,
}

const _: () = assert!(
    offset_of!(Work, w1) == 272
        && offset_of!(Work, state) == 528
        && offset_of!(Work, blocks) == 560
);

/// Round `$i`, the words A to H being in the registers named. On entry EBX holds GG.
///
/// `$ff` is `early` for the rounds to 15 and `late` from 16 on; `$gg` is the same of the round after.
macro_rules! round {
    (
        $ff:ident $gg:ident $i:literal
        $a:literal $b:literal $c:literal $d:literal $e:literal $f:literal $g:literal $h:literal
    ) => {
        lines!(
            // EAX = A <<< 12, ECX = SS1, H = TT2, D = TT1.
            concat!("rorx eax, ", $a, ", 20"),
            concat!("add ", $h, ", dword ptr [rdi + 4*", $i, "]"),
            concat!("mov ecx, dword ptr [rip + {t} + 4*", $i, "]"),
            "add ecx, eax",
            concat!("add ecx, ", $e),
            concat!("add ", $h, ", ebx"),
            "rorx ecx, ecx, 25",
            concat!("add ", $d, ", dword ptr [rdi + 4*", $i, " + 272]"),
            concat!("add ", $h, ", ecx"),
            "xor eax, ecx",
            concat!("rorx ", $f, ", ", $f, ", 13"),
            add_ff!($ff $a $b $c $d),
            concat!("add ", $d, ", eax"),
            // F <<< 19 is the next G, E the next F: EDX = their difference. EBP = v, H = u.
            concat!("mov edx, ", $e),
            concat!("xor edx, ", $f),
            concat!("rorx ebp, ", $h, ", 15"),
            begin_gg!($gg $f),
            concat!("rorx ecx, ", $h, ", 23"),
            concat!("xor ", $h, ", ecx"),
            end_gg!($gg $h),
            concat!("rorx ", $b, ", ", $b, ", 23"),
            concat!("xor ", $h, ", ebp"),
        )
    };
}

/// Adds FF to D.
macro_rules! add_ff {
    (early $a:literal $b:literal $c:literal $d:literal) => {
        lines!(
            concat!("mov edx, ", $a),
            concat!("xor edx, ", $b),
            concat!("xor edx, ", $c),
            concat!("add ", $d, ", edx"),
        )
    };
    // The two parts of the majority, (A ^ B) & C and A & B, have no bit in common.
    (late $a:literal $b:literal $c:literal $d:literal) => {
        lines!(
            concat!("mov edx, ", $a),
            concat!("xor edx, ", $b),
            concat!("mov ebp, ", $a),
            concat!("and ebp, ", $b),
            concat!("and edx, ", $c),
            concat!("add ", $d, ", edx"),
            concat!("add ", $d, ", ebp"),
        )
    };
}

/// From EDX = F ^ G and EBP = v of the next round, its G in `$g`: what can be done without u.
macro_rules! begin_gg {
    (early $g:literal) => {
        "xor edx, ebp"
    };
    (late $g:literal) => {
        lines!("mov ebx, edx", "and edx, ebp", concat!("xor edx, ", $g))
    };
}

/// EBX = GG of the next round, with its u in `$u`.
macro_rules! end_gg {
    (early $u:literal) => {
        lines!(concat!("mov ebx, ", $u), "xor ebx, edx")
    };
    (late $u:literal) => {
        lines!(concat!("and ebx, ", $u), "xor ebx, edx")
    };
}

/// Four rounds, after which every name is back in its register.
macro_rules! four {
    (early $($i:literal)*) => { four!(early early early $($i)*) };
    (last_early $($i:literal)*) => { four!(early early late $($i)*) };
    (late $($i:literal)*) => { four!(late late late $($i)*) };
    ($ff:ident $gg:ident $last:ident $i0:literal $i1:literal $i2:literal $i3:literal) => {
        concat!(
            round!($ff $gg $i0 "r8d" "r9d" "r10d" "r11d" "r12d" "r13d" "r14d" "r15d"),
            round!($ff $gg $i1 "r11d" "r8d" "r9d" "r10d" "r15d" "r12d" "r13d" "r14d"),
            round!($ff $gg $i2 "r10d" "r11d" "r8d" "r9d" "r14d" "r15d" "r12d" "r13d"),
            round!($ff $last $i3 "r9d" "r10d" "r11d" "r8d" "r13d" "r14d" "r15d" "r12d"),
        )
    };
}

/// Loads W(`4·$n`) to W(`4·$n` + 3).
macro_rules! load {
    ($n:literal) => {
        concat!(
            "vmovdqu xmm", $n, ", xmmword ptr [rsi + 16*", $n, "]\n",
            "vpshufb xmm", $n, ", xmm", $n, ", xmmword ptr [rip + {swap}]\n",
            store!(avx512 w $n $n),
        )
    };
}

/// The body of the kernel: one block after the other.
macro_rules! blocks {
    () => {
        concat!(
            ".p2align 6\n2:\n",
            load!(0),
            load!(1),
            load!(2),
            load!(3),
            lines!("mov ebx, r12d", "xor ebx, r13d", "xor ebx, r14d"),
            rounds_and_expansion!(avx512 four),
            feed_forward!(528),
            lines!("add rsi, 64", "dec qword ptr [rdi + 560]", "jnz 2b"),
        )
    };
}

/// V(i+1) = CF(V(i), B(i)) for every block in turn. Apart from its callers, as `make constant-time`
/// looks for it by its name.
#[inline(never)]
pub(in super::super) fn compress_avx512(_: cpu::Avx512, state: &mut State, blocks: &[Block]) {
    if blocks.is_empty() {
        return;
    }
    let mut work = Work {
        w: [MaybeUninit::uninit(); 68],
        w1: [MaybeUninit::uninit(); 64],
        state: *state,
        blocks: blocks.len() as u64,
    };
    let [a, b, c, d, e, f, g, h] = *state;
    // SAFETY: the proof exists only where RORX and the vector instructions are. Read are the
    // `blocks.len()` blocks from the first on, of which there is at least one, 64 words of T,
    // 16 bytes of SWAP, and fields of `work`; nothing but fields of `work` is written. The
    // registers that the block may not name are restored.
    unsafe {
        asm!(
        "push rbx",
        "push rbp",
        blocks!(),
        "pop rbp",
        "pop rbx",
        t = sym T,
        swap = sym SWAP,
        inout("rsi") blocks.as_ptr() => _,
        in("rdi") &raw mut work,
        inout("r8d") a => _,
        inout("r9d") b => _,
        inout("r10d") c => _,
        inout("r11d") d => _,
        inout("r12d") e => _,
        inout("r13d") f => _,
        inout("r14d") g => _,
        inout("r15d") h => _,
        out("eax") _,
        out("ecx") _,
        out("edx") _,
        out("xmm0") _,
        out("xmm1") _,
        out("xmm2") _,
        out("xmm3") _,
        out("xmm4") _,
        out("xmm5") _,
        out("xmm6") _,
        out("xmm7") _,
        );
    }
    *state = work.state;
    // It may be that of a key of HMAC.
    work.state.as_mut_slice().zeroize();
    work.w.as_mut_slice().zeroize();
    work.w1.as_mut_slice().zeroize();
}
