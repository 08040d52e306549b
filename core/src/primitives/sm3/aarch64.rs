//! SM3 with the instructions that ARMv8.2 has for it (FEAT_SM3): four rounds and four message words at a
//! time.
//!
//! The compiler has no functions for them yet, so each is one line of assembly here: it still chooses
//! the registers and the order. Lane 3 of a vector holds the word that came last: A, and E.

#![allow(unsafe_code, reason = "assembly, and calls that a CPU feature allows")]

use std::arch::{aarch64::*, asm};

use super::{
    Block, State,
    neon::{big_endian, load, store},
    portable,
};
use crate::primitives::cpu;

/// V(i+1) = CF(V(i), B(i)) for every block in turn.
pub(super) fn compress(_: cpu::Sm, state: &mut State, blocks: &[Block]) {
    // SAFETY: a `cpu::Sm` exists only where the features of this function are.
    unsafe { compress_blocks(state, blocks) }
}

#[target_feature(enable = "neon,sm4")]
fn compress_blocks(state: &mut State, blocks: &[Block]) {
    let (halves, _) = state.as_chunks_mut();
    // D, C, B, A and H, G, F, E.
    let mut v = [reversed(load(&halves[0])), reversed(load(&halves[1]))];
    for block in blocks {
        let rows = block.as_chunks().0;
        let mut w = [
            big_endian(&rows[0]),
            big_endian(&rows[1]),
            big_endian(&rows[2]),
            big_endian(&rows[3]),
        ];
        let old = v;
        let mut t = vdupq_n_u32(const { portable::t(0) });
        for _ in 0..4 {
            four_rounds::<0>(&mut v, &mut t, w[0], w[1]);
            w = next_words(w);
        }
        t = vdupq_n_u32(const { portable::t(16) });
        for _ in 4..13 {
            four_rounds::<1>(&mut v, &mut t, w[0], w[1]);
            w = next_words(w);
        }
        // W(64) to W(67) are the last.
        four_rounds::<1>(&mut v, &mut t, w[0], w[1]);
        four_rounds::<1>(&mut v, &mut t, w[1], w[2]);
        four_rounds::<1>(&mut v, &mut t, w[2], w[3]);
        v = [veorq_u32(v[0], old[0]), veorq_u32(v[1], old[1])];
    }
    store(&mut halves[0], reversed(v[0]));
    store(&mut halves[1], reversed(v[1]));
}

/// Four rounds of 5.3.3 for words j to j + 3, `LATE` being 0 for j < 16 and 1 after; `later` has words
/// j + 4 to j + 7, and `t` has T(j) <<< j in each lane.
#[inline]
#[target_feature(enable = "neon,sm4")]
fn four_rounds<const LATE: usize>(
    v: &mut [uint32x4_t; 2],
    t: &mut uint32x4_t,
    words: uint32x4_t,
    later: uint32x4_t,
) {
    let w1 = veorq_u32(words, later);
    round::<LATE, 0>(v, t, words, w1);
    round::<LATE, 1>(v, t, words, w1);
    round::<LATE, 2>(v, t, words, w1);
    round::<LATE, 3>(v, t, words, w1);
}

/// One round, its words W and W' in lane `LANE`.
#[inline]
#[target_feature(enable = "neon,sm4")]
fn round<const LATE: usize, const LANE: usize>(
    [abcd, efgh]: &mut [uint32x4_t; 2],
    t: &mut uint32x4_t,
    w: uint32x4_t,
    w1: uint32x4_t,
) {
    let ss1 = sm3ss1(*abcd, *efgh, *t);
    if LATE == 0 {
        *abcd = sm3tt1a::<LANE>(*abcd, ss1, w1);
        *efgh = sm3tt2a::<LANE>(*efgh, ss1, w);
    } else {
        *abcd = sm3tt1b::<LANE>(*abcd, ss1, w1);
        *efgh = sm3tt2b::<LANE>(*efgh, ss1, w);
    }
    *t = vsriq_n_u32::<31>(vshlq_n_u32::<1>(*t), *t);
}

/// Words j + 4 to j + 19 in place of words j to j + 15 (5.3.2).
#[inline]
#[target_feature(enable = "neon,sm4")]
fn next_words([a, b, c, d]: [uint32x4_t; 4]) -> [uint32x4_t; 4] {
    // For the word i, those at i - 9, i - 13 and i - 6.
    let (back9, back13, back6) = (vextq_u32::<3>(b, c), vextq_u32::<3>(a, b), vextq_u32::<2>(c, d));
    [b, c, d, sm3partw2(sm3partw1(back9, a, d), back6, back13)]
}

/// The four lanes in reverse.
#[inline]
#[target_feature(enable = "neon,sm4")]
fn reversed(x: uint32x4_t) -> uint32x4_t {
    let pairs = vrev64q_u32(x);
    vextq_u32::<2>(pairs, pairs)
}

/// SS1 in lane 3: (A <<< 12) + E + T, turned left by 7.
#[inline]
#[target_feature(enable = "neon,sm4")]
fn sm3ss1(abcd: uint32x4_t, efgh: uint32x4_t, t: uint32x4_t) -> uint32x4_t {
    let ss1: uint32x4_t;
    // SAFETY: the instruction only computes, and exists where this function may be called.
    unsafe {
        asm!(
            "sm3ss1 {ss1:v}.4s, {abcd:v}.4s, {efgh:v}.4s, {t:v}.4s",
            ss1 = lateout(vreg) ss1,
            abcd = in(vreg) abcd,
            efgh = in(vreg) efgh,
            t = in(vreg) t,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    ss1
}

/// Defines an instruction that takes lane `LANE` of its last argument.
macro_rules! turn {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[inline]
        #[target_feature(enable = "neon,sm4")]
        fn $name<const LANE: usize>(
            mut state: uint32x4_t,
            ss1: uint32x4_t,
            words: uint32x4_t,
        ) -> uint32x4_t {
            // SAFETY: the instruction only computes, and exists where this function may be called.
            unsafe {
                asm!(
                    concat!(stringify!($name), " {state:v}.4s, {ss1:v}.4s, {words:v}.s[{lane}]"),
                    state = inlateout(vreg) state,
                    ss1 = in(vreg) ss1,
                    words = in(vreg) words,
                    lane = const LANE,
                    options(pure, nomem, nostack, preserves_flags),
                );
            }
            state
        }
    };
}

turn!(
    /// A to D after a round to 15, from W'.
    sm3tt1a
);
turn!(
    /// A to D after a round from 16 on, from W'.
    sm3tt1b
);
turn!(
    /// E to H after a round to 15, from W.
    sm3tt2a
);
turn!(
    /// E to H after a round from 16 on, from W.
    sm3tt2b
);

/// Defines an instruction of the message expansion.
macro_rules! expand {
    ($(#[$doc:meta])* $name:ident($sum:ident, $a:ident, $b:ident)) => {
        $(#[$doc])*
        #[inline]
        #[target_feature(enable = "neon,sm4")]
        fn $name(mut $sum: uint32x4_t, $a: uint32x4_t, $b: uint32x4_t) -> uint32x4_t {
            // SAFETY: the instruction only computes, and exists where this function may be called.
            unsafe {
                asm!(
                    concat!(stringify!($name), " {sum:v}.4s, {a:v}.4s, {b:v}.4s"),
                    sum = inlateout(vreg) $sum,
                    a = in(vreg) $a,
                    b = in(vreg) $b,
                    options(pure, nomem, nostack, preserves_flags),
                );
            }
            $sum
        }
    };
}

expand!(
    /// P1(W(i-16) ^ W(i-9) ^ W(i-3)<<<15), the last lane short of the word that is not there yet.
    sm3partw1(back9, back16, back3)
);
expand!(
    /// That with W(i-13)<<<7 ^ W(i-6), and the last lane made whole.
    sm3partw2(part, back6, back13)
);
