//! One message: the 64 rounds of each block, and its message expansion between them, in an order of
//! instructions that only assembly keeps.
//!
//! A round waits for the one before it through E: add, turn, add, then P0. That is six cycles if GG is
//! ready in time. With P0(TT2) = u ^ v, u = TT2 ^ TT2<<<9 and v = TT2<<<17, the GG of the next round,
//! ((F ^ G) & E) ^ G, is begun with v and u before E is whole. A compiler would put it together again.
//!
//! The message expansion does not depend on the rounds, so that vector units do it in the meantime,
//! four words at a time, two times four rounds ahead of their use.

#![allow(unsafe_code, reason = "assembly")]

use std::{
    arch::asm,
    mem::{MaybeUninit, offset_of},
};

use zeroize::Zeroize as _;

use super::{Block, State, portable::T};
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
    blocks: usize,
}

const _: () = assert!(
    offset_of!(Work, w1) == 272
        && offset_of!(Work, state) == 528
        && offset_of!(Work, blocks) == 560
);

/// Joins lines of assembly.
macro_rules! lines {
    ($($line:expr),* $(,)?) => { concat!($($line, "\n"),*) };
}

pub(super) use lines;

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
    ($n:literal $w:literal) => {
        lines!(
            concat!("vmovdqu ", $w, ", xmmword ptr [rsi + 16*", $n, "]"),
            concat!("vpshufb ", $w, ", ", $w, ", xmmword ptr [rip + {swap}]"),
            concat!("vmovdqa xmmword ptr [rdi + 16*", $n, "], ", $w),
        )
    };
}

/// Stores W'(`4·$n` - 4) to W'(`4·$n` - 1), of the words from there on and the four after.
macro_rules! store_w1 {
    ($n:literal $w:literal $next:literal) => {
        lines!(
            concat!("vpxor xmm4, ", $w, ", ", $next),
            concat!("vmovdqa xmmword ptr [rdi + 16*", $n, " + 256], xmm4"),
        )
    };
}

/// Makes W(`4·$n`) to W(`4·$n` + 3) in `$w0` of the 16 words before, which are in the registers named.
macro_rules! expand {
    ($set:ident $n:literal $w0:literal $w4:literal $w8:literal $w12:literal) => {
        lines!(
            // XMM4 = W(j-3), 0 in place of what is not known yet; XMM5 = W(j-9); XMM7 = W(j-13);
            // XMM6 = W(j-6).
            concat!("vpsrldq xmm4, ", $w12, ", 4"),
            concat!("vpalignr xmm5, ", $w8, ", ", $w4, ", 12"),
            rotate!($set "xmm4" "xmm4" 15 17),
            concat!("vpalignr xmm7, ", $w4, ", ", $w0, ", 12"),
            concat!("vpalignr xmm6, ", $w12, ", ", $w8, ", 8"),
            // XMM4 = the argument of P1, then the words but for the last.
            xor3!($set "xmm4" "xmm5" $w0),
            rotate!($set "xmm7" "xmm7" 7 25),
            rotate!($set "xmm5" "xmm4" 15 17),
            "vpxor xmm6, xmm6, xmm7",
            rotate!($set "xmm7" "xmm4" 23 9),
            "vpxor xmm4, xmm4, xmm6",
            xor3!($set "xmm4" "xmm5" "xmm7"),
            // The first of them is W(j-3) of the last: P1(W <<< 15) is W <<< 15 ^ W <<< 30 ^ W <<< 6.
            "vpslldq xmm5, xmm4, 12",
            rotate!($set "xmm6" "xmm5" 15 17),
            rotate!($set "xmm7" "xmm5" 30 2),
            rotate!($set "xmm5" "xmm5" 6 26),
            xor3!($set "xmm6" "xmm7" "xmm5"),
            concat!("vpxor ", $w0, ", xmm4, xmm6"),
            concat!("vmovdqa xmmword ptr [rdi + 16*", $n, "], ", $w0),
            store_w1!($n $w12 $w0),
        )
    };
}

/// `$to` = `$from` turned left by `$left`; `$right` is the rest to 32.
macro_rules! rotate {
    (avx2 $to:literal $from:literal $left:literal $right:literal) => {
        lines!(
            concat!("vpslld xmm8, ", $from, ", ", $left),
            concat!("vpsrld ", $to, ", ", $from, ", ", $right),
            concat!("vpxor ", $to, ", ", $to, ", xmm8"),
        )
    };
    (avx512 $to:literal $from:literal $left:literal $right:literal) => {
        concat!("vprold ", $to, ", ", $from, ", ", $left)
    };
}

/// `$x` = `$x` ^ `$y` ^ `$z`.
macro_rules! xor3 {
    (avx2 $x:literal $y:literal $z:literal) => {
        lines!(
            concat!("vpxor ", $x, ", ", $x, ", ", $y),
            concat!("vpxor ", $x, ", ", $x, ", ", $z),
        )
    };
    (avx512 $x:literal $y:literal $z:literal) => {
        concat!("vpternlogd ", $x, ", ", $y, ", ", $z, ", 0x96")
    };
}

/// The body of the kernel: one block after the other.
macro_rules! blocks {
    ($set:ident) => {
        concat!(
            ".p2align 6\n2:\n",
            load!(0 "xmm0"),
            load!(1 "xmm1"),
            load!(2 "xmm2"),
            load!(3 "xmm3"),
            store_w1!(1 "xmm0" "xmm1"),
            store_w1!(2 "xmm1" "xmm2"),
            store_w1!(3 "xmm2" "xmm3"),
            lines!("mov ebx, r12d", "xor ebx, r13d", "xor ebx, r14d"),
            four!(early early early 0 1 2 3),
            expand!($set 4 "xmm0" "xmm1" "xmm2" "xmm3"),
            four!(early early early 4 5 6 7),
            expand!($set 5 "xmm1" "xmm2" "xmm3" "xmm0"),
            four!(early early early 8 9 10 11),
            expand!($set 6 "xmm2" "xmm3" "xmm0" "xmm1"),
            four!(early early late 12 13 14 15),
            expand!($set 7 "xmm3" "xmm0" "xmm1" "xmm2"),
            four!(late late late 16 17 18 19),
            expand!($set 8 "xmm0" "xmm1" "xmm2" "xmm3"),
            four!(late late late 20 21 22 23),
            expand!($set 9 "xmm1" "xmm2" "xmm3" "xmm0"),
            four!(late late late 24 25 26 27),
            expand!($set 10 "xmm2" "xmm3" "xmm0" "xmm1"),
            four!(late late late 28 29 30 31),
            expand!($set 11 "xmm3" "xmm0" "xmm1" "xmm2"),
            four!(late late late 32 33 34 35),
            expand!($set 12 "xmm0" "xmm1" "xmm2" "xmm3"),
            four!(late late late 36 37 38 39),
            expand!($set 13 "xmm1" "xmm2" "xmm3" "xmm0"),
            four!(late late late 40 41 42 43),
            expand!($set 14 "xmm2" "xmm3" "xmm0" "xmm1"),
            four!(late late late 44 45 46 47),
            expand!($set 15 "xmm3" "xmm0" "xmm1" "xmm2"),
            four!(late late late 48 49 50 51),
            expand!($set 16 "xmm0" "xmm1" "xmm2" "xmm3"),
            four!(late late late 52 53 54 55),
            four!(late late late 56 57 58 59),
            four!(late late late 60 61 62 63),
            feed_forward!(0 "r8d"),
            feed_forward!(1 "r9d"),
            feed_forward!(2 "r10d"),
            feed_forward!(3 "r11d"),
            feed_forward!(4 "r12d"),
            feed_forward!(5 "r13d"),
            feed_forward!(6 "r14d"),
            feed_forward!(7 "r15d"),
            lines!("add rsi, 64", "dec qword ptr [rdi + 560]", "jnz 2b"),
        )
    };
}

/// V(i+1) is the exclusive or with V(i).
macro_rules! feed_forward {
    ($word:literal $v:literal) => {
        lines!(
            concat!("xor ", $v, ", dword ptr [rdi + 4*", $word, " + 528]"),
            concat!("mov dword ptr [rdi + 4*", $word, " + 528], ", $v),
        )
    };
}

/// Defines a kernel that relies on the features `$cpu` is the proof of.
macro_rules! kernel {
    ($name:ident $cpu:ty, $set:ident) => {
        /// V(i+1) = CF(V(i), B(i)) for every block in turn. Apart from its callers, as `make constant-time`
        /// looks for it by its name.
        #[inline(never)]
        pub(super) fn $name(_: $cpu, state: &mut State, blocks: &[Block]) {
            if blocks.is_empty() {
                return;
            }
            let mut work = Work {
                w: [MaybeUninit::uninit(); 68],
                w1: [MaybeUninit::uninit(); 64],
                state: *state,
                blocks: blocks.len(),
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
                    blocks!($set),
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
                    out("xmm8") _,
                );
            }
            *state = work.state;
            // It may be that of a key of HMAC.
            work.state.as_mut_slice().zeroize();
            work.w.as_mut_slice().zeroize();
            work.w1.as_mut_slice().zeroize();
        }
    };
}

kernel!(compress_avx2 cpu::Avx2, avx2);
kernel!(compress_avx512 cpu::Avx512, avx512);

/// Where the bytes of four big-endian words belong.
static SWAP: u128 = u128::from_le_bytes([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]);
