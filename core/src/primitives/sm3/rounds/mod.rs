//! One message: the 64 rounds of each block, and its message expansion beside them, in an order of instructions
//! that only assembly keeps.
//!
//! The message expansion does not depend on the rounds, so that vector units do it in the meantime, four words
//! at a time, two times four rounds ahead of their use.
//!
//! There are two kernels. CPUs with AVX-512 have units enough for everything, and wait for results: theirs waits
//! as little as can be from one round to the next. Those with AVX2 and nothing more are kept busy by the
//! number of instructions: theirs has few.

/// Joins lines of assembly.
macro_rules! lines {
    ($($line:expr),* $(,)?) => { concat!($($line, "\n"),*) };
}

/// A line on vectors, which are named by the numbers of their registers; the last operand may be a constant.
macro_rules! on_vectors {
    ($set:ident $name:literal $to:literal $($from:literal)+ $(, $constant:literal)?) => {
        concat!($name, " ", vector!($set $to) $(, ", ", vector!($set $from))+ $(, ", ", $constant)?, "\n")
    };
}

macro_rules! vector {
    (avx2 $register:literal) => {
        concat!("ymm", $register)
    };
    (avx512 $register:literal) => {
        concat!("xmm", $register)
    };
}

/// Stores W or W' of `4·$n` to `4·$n` + 3.
macro_rules! store {
    (avx2 w $n:literal $from:literal) => {
        concat!("vmovdqa ymmword ptr [rdi + 32*", $n, "], ymm", $from, "\n")
    };
    (avx2 w1 $n:literal $from:literal) => {
        concat!("vmovdqa ymmword ptr [rdi + 544 + 32*", $n, "], ymm", $from, "\n")
    };
    (avx512 w $n:literal $from:literal) => {
        concat!("vmovdqa xmmword ptr [rdi + 16*", $n, "], xmm", $from, "\n")
    };
    (avx512 w1 $n:literal $from:literal) => {
        concat!("vmovdqa xmmword ptr [rdi + 272 + 16*", $n, "], xmm", $from, "\n")
    };
}

/// Stores W'(`4·$n`) to W'(`4·$n` + 3), of the words from there on and the four after.
macro_rules! store_w1 {
    ($set:ident $n:literal $w:literal $next:literal) => {
        concat!(on_vectors!($set "vpxor" 4 $w $next), store!($set w1 $n 4))
    };
}

/// Makes the four words from `4·$n` on in `$w0`, of the 16 words before, and W' of the four before.
macro_rules! expand {
    ($set:ident $before:literal $n:literal $w0:literal $w4:literal $w8:literal $w12:literal) => {
        concat!(
            // 4 = W(j-3), 0 in place of what is not known yet; 5 = W(j-9); 7 = W(j-13); 6 = W(j-6).
            on_vectors!($set "vpsrldq" 4 $w12, 4),
            on_vectors!($set "vpalignr" 5 $w8 $w4, 12),
            rotate!($set 4 4 15 17),
            on_vectors!($set "vpalignr" 7 $w4 $w0, 12),
            on_vectors!($set "vpalignr" 6 $w12 $w8, 8),
            // 4 = the argument of P1, then the words but for the last.
            xor3!($set 4 5 $w0),
            rotate!($set 7 7 7 25),
            rotate!($set 5 4 15 17),
            on_vectors!($set "vpxor" 6 6 7),
            rotate!($set 7 4 23 9),
            on_vectors!($set "vpxor" 4 4 6),
            xor3!($set 4 5 7),
            // The first of them is W(j-3) of the last: P1(W <<< 15) is W <<< 15 ^ W <<< 30 ^ W <<< 6.
            on_vectors!($set "vpslldq" 5 4, 12),
            rotate!($set 6 5 15 17),
            rotate!($set 7 5 30 2),
            rotate!($set 5 5 6 26),
            xor3!($set 6 7 5),
            on_vectors!($set "vpxor" $w0 4 6),
            store!($set w $n $w0),
            store_w1!($set $before $w12 $w0),
        )
    };
}

/// `$to` = `$from` turned left by `$left`; `$right` is the rest to 32.
macro_rules! rotate {
    (avx2 $to:literal $from:literal $left:literal $right:literal) => {
        concat!(
            on_vectors!(avx2 "vpslld" 9 $from, $left),
            on_vectors!(avx2 "vpsrld" $to $from, $right),
            on_vectors!(avx2 "vpxor" $to $to 9),
        )
    };
    (avx512 $to:literal $from:literal $left:literal $right:literal) => {
        on_vectors!(avx512 "vprold" $to $from, $left)
    };
}

/// `$x` = `$x` ^ `$y` ^ `$z`.
macro_rules! xor3 {
    (avx2 $x:literal $y:literal $z:literal) => {
        concat!(on_vectors!(avx2 "vpxor" $x $x $y), on_vectors!(avx2 "vpxor" $x $x $z))
    };
    (avx512 $x:literal $y:literal $z:literal) => {
        on_vectors!(avx512 "vpternlogd" $x $y $z, "0x96")
    };
}

/// The rounds of a block whose message is expanded in the meantime, four by four, by `$four`.
macro_rules! rounds_and_expansion {
    ($set:ident $four:ident) => {
        concat!(
            store_w1!($set 0 0 1),
            store_w1!($set 1 1 2),
            store_w1!($set 2 2 3),
            $four!(early 0 1 2 3),
            expand!($set 3 4 0 1 2 3),
            $four!(early 4 5 6 7),
            expand!($set 4 5 1 2 3 0),
            $four!(early 8 9 10 11),
            expand!($set 5 6 2 3 0 1),
            $four!(last_early 12 13 14 15),
            expand!($set 6 7 3 0 1 2),
            $four!(late 16 17 18 19),
            expand!($set 7 8 0 1 2 3),
            $four!(late 20 21 22 23),
            expand!($set 8 9 1 2 3 0),
            $four!(late 24 25 26 27),
            expand!($set 9 10 2 3 0 1),
            $four!(late 28 29 30 31),
            expand!($set 10 11 3 0 1 2),
            $four!(late 32 33 34 35),
            expand!($set 11 12 0 1 2 3),
            $four!(late 36 37 38 39),
            expand!($set 12 13 1 2 3 0),
            $four!(late 40 41 42 43),
            expand!($set 13 14 2 3 0 1),
            $four!(late 44 45 46 47),
            expand!($set 14 15 3 0 1 2),
            $four!(late 48 49 50 51),
            expand!($set 15 16 0 1 2 3),
            $four!(late 52 53 54 55),
            $four!(late 56 57 58 59),
            $four!(late 60 61 62 63),
        )
    };
}

/// V(i+1), in the registers of A to H, is their exclusive or with V(i), which is at RDI + `$state`.
macro_rules! feed_forward {
    ($state:literal) => {
        concat!(
            feed_forward!($state 0 "r8d"),
            feed_forward!($state 1 "r9d"),
            feed_forward!($state 2 "r10d"),
            feed_forward!($state 3 "r11d"),
            feed_forward!($state 4 "r12d"),
            feed_forward!($state 5 "r13d"),
            feed_forward!($state 6 "r14d"),
            feed_forward!($state 7 "r15d"),
        )
    };
    ($state:literal $word:literal $v:literal) => {
        lines!(
            concat!("xor ", $v, ", dword ptr [rdi + ", $state, " + 4*", $word, "]"),
            concat!("mov dword ptr [rdi + ", $state, " + 4*", $word, "], ", $v),
        )
    };
}

mod avx2;
mod avx512;

pub(super) use self::{avx2::compress_avx2, avx512::compress_avx512};
pub(super) use lines;

/// Where the bytes of four big-endian words belong.
static SWAP: u128 = u128::from_le_bytes([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]);
