//! One message with AVX2, two blocks at a time: the message expansion of both in the halves of 256-bit vectors, and
//! the rounds of one after the other. A round is 26 instructions, one of the first sixteen 22, and waits seven
//! cycles for the one before where LEA of three parts takes two, as on Zen 3; with AVX-512 it is 31 and 26, and
//! six.

#![allow(unsafe_code, reason = "assembly")]

use std::{
    arch::asm,
    mem::{MaybeUninit, offset_of},
};

use zeroize::Zeroize as _;

use super::{
    super::{Block, State, portable::t},
    SWAP,
};
use crate::primitives::cpu;

/// What the kernel keeps in memory. The offsets of its fields are written into the kernel.
#[repr(C, align(32))]
struct Work {
    /// W(4n) to W(4n + 3) (GB/T 32905-2016, 5.3.2) of the first block, then of the second, for n to 16.
    w: [[MaybeUninit<u32>; 8]; 17],
    /// W'(4n) to W'(4n + 3) of both.
    w1: [[MaybeUninit<u32>; 8]; 16],
    /// V(i).
    state: State,
    /// How many blocks are left.
    blocks: u64,
}

const _: () = assert!(
    offset_of!(Work, w1) == 544
        && offset_of!(Work, state) == 1056
        && offset_of!(Work, blocks) == 1088
);

/// Round `$i` of the first or second block, the words A to H being in the registers named. `$kind` is `early`
/// for the rounds to 15 and `late` from 16 on.
macro_rules! round {
    (
        $kind:ident $block:ident $i:literal
        $a:literal $b:literal $c:literal $d:literal $e:literal $f:literal $g:literal $h:literal
    ) => {
        lines!(
            // EAX = A <<< 12, ECX = SS1, H = TT2, D = TT1.
            concat!("rorx eax, ", $a, "d, 20"),
            concat!("add ", $h, "d, dword ptr [rdi + ", at!($block $i), "]"),
            concat!("lea ecx, [rax + ", $e, " + {t", $i, "}]"),
            add_gg!($kind $e $f $g $h),
            "rorx ecx, ecx, 25",
            concat!("add ", $d, "d, dword ptr [rdi + 544 + ", at!($block $i), "]"),
            concat!("add ", $h, "d, ecx"),
            "xor eax, ecx",
            concat!("rorx ", $f, "d, ", $f, "d, 13"),
            add_ff!($kind $a $b $c $d),
            concat!("add ", $d, "d, eax"),
            // P0.
            concat!("rorx ecx, ", $h, "d, 23"),
            concat!("rorx ebp, ", $h, "d, 15"),
            concat!("xor ", $h, "d, ecx"),
            concat!("rorx ", $b, "d, ", $b, "d, 23"),
            concat!("xor ", $h, "d, ebp"),
        )
    };
}

/// Where word `$i` of the first or second block stands among the words of its kind.
macro_rules! at {
    (first $i:literal) => {
        concat!("4*", $i, " + 16*(", $i, "/4)")
    };
    (second $i:literal) => {
        concat!("4*", $i, " + 16*(", $i, "/4) + 16")
    };
}

/// Adds GG to H. Its two parts from round 16 on, E & F and !E & G, have no bit in common.
macro_rules! add_gg {
    (early $e:literal $f:literal $g:literal $h:literal) => {
        lines!(
            concat!("mov edx, ", $f, "d"),
            concat!("xor edx, ", $g, "d"),
            concat!("xor edx, ", $e, "d"),
            concat!("add ", $h, "d, edx"),
        )
    };
    (late $e:literal $f:literal $g:literal $h:literal) => {
        lines!(
            concat!("andn edx, ", $e, "d, ", $g, "d"),
            concat!("mov ebp, ", $f, "d"),
            concat!("and ebp, ", $e, "d"),
            concat!("add ", $h, "d, edx"),
            concat!("add ", $h, "d, ebp"),
        )
    };
}

/// Adds FF to D. The two parts of the majority, B & C and (B ^ C) & A, have no bit in common.
macro_rules! add_ff {
    (early $a:literal $b:literal $c:literal $d:literal) => {
        lines!(
            concat!("mov ebx, ", $b, "d"),
            concat!("xor ebx, ", $c, "d"),
            concat!("xor ebx, ", $a, "d"),
            concat!("add ", $d, "d, ebx"),
        )
    };
    (late $a:literal $b:literal $c:literal $d:literal) => {
        lines!(
            concat!("mov ebx, ", $b, "d"),
            concat!("mov edx, ", $b, "d"),
            concat!("and ebx, ", $c, "d"),
            concat!("xor edx, ", $c, "d"),
            concat!("and edx, ", $a, "d"),
            concat!("add ", $d, "d, ebx"),
            concat!("add ", $d, "d, edx"),
        )
    };
}

/// Four rounds of the first block, after which every name is back in its register.
macro_rules! four_of_first {
    (last_early $($i:literal)*) => { four!(early first $($i)*) };
    ($kind:ident $($i:literal)*) => { four!($kind first $($i)*) };
}

/// Four rounds of either, after which every name is back in its register.
macro_rules! four {
    ($kind:ident $block:ident $i0:literal $i1:literal $i2:literal $i3:literal) => {
        concat!(
            round!($kind $block $i0 "r8" "r9" "r10" "r11" "r12" "r13" "r14" "r15"),
            round!($kind $block $i1 "r11" "r8" "r9" "r10" "r15" "r12" "r13" "r14"),
            round!($kind $block $i2 "r10" "r11" "r8" "r9" "r14" "r15" "r12" "r13"),
            round!($kind $block $i3 "r9" "r10" "r11" "r8" "r13" "r14" "r15" "r12"),
        )
    };
}

/// Loads W(`4·$n`) to W(`4·$n` + 3) of the blocks at RSI and RAX.
macro_rules! load {
    ($n:literal) => {
        concat!(
            "vmovdqu xmm", $n, ", xmmword ptr [rsi + 16*", $n, "]\n",
            "vinserti128 ymm", $n, ", ymm", $n, ", xmmword ptr [rax + 16*", $n, "], 1\n",
            on_vectors!(avx2 "vpshufb" $n $n 8),
            store!(avx2 w $n $n),
        )
    };
}

/// The body of the kernel: one pair of blocks after the other.
macro_rules! pairs {
    () => {
        concat!(
            "vbroadcasti128 ymm8, xmmword ptr [rip + {swap}]\n",
            ".p2align 6\n2:\n",
            // The last of an odd number is its own second.
            "lea rax, [rsi + 64]\n",
            "cmp qword ptr [rdi + 1088], 1\n",
            "cmove rax, rsi\n",
            load!(0),
            load!(1),
            load!(2),
            load!(3),
            rounds_and_expansion!(avx2 four_of_first),
            feed_forward!(1056),
            "dec qword ptr [rdi + 1088]\n",
            "jz 3f\n",
            four!(early second 0 1 2 3),
            four!(early second 4 5 6 7),
            four!(early second 8 9 10 11),
            four!(early second 12 13 14 15),
            four!(late second 16 17 18 19),
            four!(late second 20 21 22 23),
            four!(late second 24 25 26 27),
            four!(late second 28 29 30 31),
            four!(late second 32 33 34 35),
            four!(late second 36 37 38 39),
            four!(late second 40 41 42 43),
            four!(late second 44 45 46 47),
            four!(late second 48 49 50 51),
            four!(late second 52 53 54 55),
            four!(late second 56 57 58 59),
            four!(late second 60 61 62 63),
            feed_forward!(1056),
            "add rsi, 128\n",
            "dec qword ptr [rdi + 1088]\n",
            "jnz 2b\n",
            "3:\n",
            "vzeroupper\n",
        )
    };
}

/// V(i+1) = CF(V(i), B(i)) for every block in turn. Apart from its callers, as `make constant-time` looks for it
/// by its name.
#[inline(never)]
pub(in super::super) fn compress_avx2(_: cpu::Avx2, state: &mut State, blocks: &[Block]) {
    if blocks.is_empty() {
        return;
    }
    let mut work = Work {
        w: [[MaybeUninit::uninit(); 8]; 17],
        w1: [[MaybeUninit::uninit(); 8]; 16],
        state: *state,
        blocks: blocks.len() as u64,
    };
    let [a, b, c, d, e, f, g, h] = *state;
    /// The assembly, with T(j) <<< j of each of these rounds as a constant of its own.
    macro_rules! kernel {
        ($($name:ident $j:literal)*) => {
            // SAFETY: the proof exists only where RORX, ANDN and the vector instructions are. Read are the
            // `blocks.len()` blocks from the first on, of which there is at least one, 16 bytes of SWAP, and
            // fields of `work`; nothing but fields of `work` is written. The registers that the block may not
            // name are restored.
            unsafe {
                asm!(
                    "push rbx",
                    "push rbp",
                    pairs!(),
                    "pop rbp",
                    "pop rbx",
                    $($name = const t($j).cast_signed(),)*
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
                    out("xmm9") _,
                    // VZEROUPPER changes all of them.
                    out("xmm10") _,
                    out("xmm11") _,
                    out("xmm12") _,
                    out("xmm13") _,
                    out("xmm14") _,
                    out("xmm15") _,
                );
            }
        };
    }
    kernel!(
        t0 0 t1 1 t2 2 t3 3 t4 4 t5 5 t6 6 t7 7
        t8 8 t9 9 t10 10 t11 11 t12 12 t13 13 t14 14 t15 15
        t16 16 t17 17 t18 18 t19 19 t20 20 t21 21 t22 22 t23 23
        t24 24 t25 25 t26 26 t27 27 t28 28 t29 29 t30 30 t31 31
        t32 32 t33 33 t34 34 t35 35 t36 36 t37 37 t38 38 t39 39
        t40 40 t41 41 t42 42 t43 43 t44 44 t45 45 t46 46 t47 47
        t48 48 t49 49 t50 50 t51 51 t52 52 t53 53 t54 54 t55 55
        t56 56 t57 57 t58 58 t59 59 t60 60 t61 61 t62 62 t63 63
    );
    *state = work.state;
    // It may be that of a key of HMAC.
    work.state.as_mut_slice().zeroize();
    work.w.as_flattened_mut().zeroize();
    work.w1.as_flattened_mut().zeroize();
}
