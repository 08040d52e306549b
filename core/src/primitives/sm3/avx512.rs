//! SM3 on 512-bit vectors: 16 messages side by side, as in `lanes`, but in an order of instructions that only
//! assembly keeps.
//!
//! A round waits for the one before it through six instructions, which take twice as long where full queues
//! delay them (see `cpu`). There it is `PACED`: it loads a word again and again from an address that is known
//! when A of the round before is known. These loads fill their own queue first, and nothing more is issued until
//! the rounds have come nearer. How many they are, and the order of instructions, are the best that a search by
//! measurement found.

#![allow(unsafe_code, reason = "vector loads and stores, and calls that a CPU feature allows")]

use std::arch::{asm, x86_64::*};

use super::{
    Block, Digest,
    lanes::States,
    many,
    message::Input,
    portable::T,
    rounds::{self, lines},
};
use crate::primitives::cpu;

/// Sixteen rounds: the first ones, which are `early`, or 16 to 31, 32 to 47 or 48 to 63, which are `late`. W(j) is
/// in vector j modulo 16, A to H are in vectors 16 to 23, and their names turn as in `portable`.
macro_rules! sixteen {
    (early) => { sixteen!(early known) };
    (late) => { sixteen!(late next) };
    ($stage:ident $w:ident) => {
        concat!(
            round!($stage $w 0 [0 4 2 5 8 12 15] [16 17 18 19 20 21 22 23]),
            round!($stage $w 1 [1 5 3 6 9 13 0] [19 16 17 18 23 20 21 22]),
            round!($stage $w 2 [2 6 4 7 10 14 1] [18 19 16 17 22 23 20 21]),
            round!($stage $w 3 [3 7 5 8 11 15 2] [17 18 19 16 21 22 23 20]),
            round!($stage $w 4 [4 8 6 9 12 0 3] [16 17 18 19 20 21 22 23]),
            round!($stage $w 5 [5 9 7 10 13 1 4] [19 16 17 18 23 20 21 22]),
            round!($stage $w 6 [6 10 8 11 14 2 5] [18 19 16 17 22 23 20 21]),
            round!($stage $w 7 [7 11 9 12 15 3 6] [17 18 19 16 21 22 23 20]),
            round!($stage $w 8 [8 12 10 13 0 4 7] [16 17 18 19 20 21 22 23]),
            round!($stage $w 9 [9 13 11 14 1 5 8] [19 16 17 18 23 20 21 22]),
            round!($stage $w 10 [10 14 12 15 2 6 9] [18 19 16 17 22 23 20 21]),
            round!($stage next 11 [11 15 13 0 3 7 10] [17 18 19 16 21 22 23 20]),
            round!($stage next 12 [12 0 14 1 4 8 11] [16 17 18 19 20 21 22 23]),
            round!($stage next 13 [13 1 15 2 5 9 12] [19 16 17 18 23 20 21 22]),
            round!($stage next 14 [14 2 0 3 6 10 13] [18 19 16 17 22 23 20 21]),
            round!($stage next 15 [15 3 1 4 7 11 14] [17 18 19 16 21 22 23 20]),
        )
    };
}

/// Round j of 5.3.3, `$j` being j modulo 16, in vectors by their numbers: W(j), W(j+4), W(j+2), W(j-11), W(j-8),
/// W(j-4), W(j-1); and A to H. With W(j+5) of 5.3.2 in place of W(j-11), if it is the `next`.
macro_rules! round {
    (
        $stage:ident $next:ident $j:literal
        [$w:literal $w4:literal $w2:literal $new:literal $w_8:literal $w_4:literal $w_1:literal]
        [$a:literal $b:literal $c:literal $d:literal $e:literal $f:literal $g:literal $h:literal]
    ) => {
        lines!(
            word!($next "vprold zmm24, zmm", $w2, ", 15"),
            // 28 = A <<< 12, 27 = E + T, then SS1; 30 = GG, 29 = FF.
            concat!("vprold zmm28, zmm", $a, ", 12"),
            concat!("vpaddd zmm27, zmm", $e, ", dword ptr [{t} + 4*", $j, "]{{1to16}}"),
            "vpaddd zmm27, zmm27, zmm28",
            concat!("vmovdqa64 zmm30, zmm", $e),
            concat!("vpternlogd zmm30, zmm", $f, ", zmm", $g, ", ", gg!($stage)),
            concat!("vmovdqa64 zmm29, zmm", $a),
            concat!("vpaddd zmm", $h, ", zmm", $h, ", zmm", $w),
            concat!("vpternlogd zmm29, zmm", $b, ", zmm", $c, ", ", ff!($stage)),
            concat!("vpaddd zmm", $h, ", zmm", $h, ", zmm30"),
            word!($next "vpternlogd zmm", $new, ", zmm", $w_4, ", zmm24, 0x96"),
            "hold 20",
            // 26 = W'(j).
            concat!("vpxord zmm26, zmm", $w, ", zmm", $w4),
            concat!("vpaddd zmm", $d, ", zmm", $d, ", zmm26"),
            concat!("vpaddd zmm", $d, ", zmm", $d, ", zmm29"),
            "vprold zmm27, zmm27, 7",
            // H = TT2, 28 = SS2.
            concat!("vpaddd zmm", $h, ", zmm", $h, ", zmm27"),
            concat!("vprold zmm", $b, ", zmm", $b, ", 9"),
            "vpxord zmm28, zmm28, zmm27",
            word!($next "vprold zmm24, zmm", $new, ", 23"),
            concat!("vprold zmm29, zmm", $h, ", 17"),
            concat!("vprold zmm", $f, ", zmm", $f, ", 19"),
            concat!("vprold zmm31, zmm", $h, ", 9"),
            word!($next "vprold zmm25, zmm", $new, ", 15"),
            word!($next "vpternlogd zmm", $new, ", zmm24, zmm25, 0x96"),
            word!($next "vprold zmm24, zmm", $w_8, ", 7"),
            // H = P0(TT2), D = TT1.
            concat!("vpternlogd zmm", $h, ", zmm29, zmm31, 0x96"),
            concat!("vpaddd zmm", $d, ", zmm", $d, ", zmm28"),
            word!($next "vpternlogd zmm", $new, ", zmm24, zmm", $w_1, ", 0x96"),
            concat!("wait_for xmm", $d),
        )
    };
}

/// A line of the message expansion, if there is one in this round.
macro_rules! word {
    (known $($part:expr),*) => {
        ""
    };
    (next $($part:expr),*) => {
        concat!($($part),*)
    };
}

/// FF of three vectors by its table of values: the sum, and the majority.
macro_rules! ff {
    (early) => {
        "0x96"
    };
    (late) => {
        "0xe8"
    };
}

/// GG likewise: the sum, and the first choosing between the others.
macro_rules! gg {
    (early) => {
        "0x96"
    };
    (late) => {
        "0xca"
    };
}

/// The digests of as many messages as `digests` has places for.
pub(super) fn hash_many<'m>(
    cpu: cpu::Avx512,
    input: &dyn Fn(usize) -> Input<'m>,
    digests: &mut [Digest],
) {
    many::hash(
        input,
        digests,
        |states, blocks| compress_16(cpu, states, blocks),
        |state, blocks| rounds::compress_avx512(cpu, state, blocks),
    );
}

/// V(i+1) = CF(V(i), B(i)) of two messages, in lanes 0 and 1; what the others hold is not looked at.
pub(super) fn compress_two(cpu: cpu::Avx512, states: &mut States<16>, [a, b]: [&Block; 2]) {
    compress_16(cpu, states, &[a, b, a, b, a, b, a, b, a, b, a, b, a, b, a, b]);
}

fn compress_16(_: cpu::Avx512, states: &mut States<16>, blocks: &[&Block; 16]) {
    // SAFETY: a `cpu::Avx512` exists only where the features of these functions are.
    unsafe {
        if cpu::full_queues_delay() {
            compress_lanes::<true>(states, blocks);
        } else {
            compress_lanes::<false>(states, blocks);
        }
    }
}

/// One block for each lane: V(i+1) = CF(V(i), B(i)) (5.3.3).
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn compress_lanes<const PACED: bool>(states: &mut States<16>, blocks: &[&Block; 16]) {
    let w = gather(blocks);
    let [a, b, c, d, e, f, g, h] = &*states;
    let mut v = [load(a), load(b), load(c), load(d), load(e), load(f), load(g), load(h)];
    // SAFETY: of the features above. Read are the 64 words of T and the 512 bytes of
    // `states`; nothing is written but registers.
    unsafe {
        asm!(
            ".macro hold times", ".rept \\times * {paced}",
            "mov {word:e}, dword ptr [{t} + {waiting}]",
            ".endr", ".endm",
            ".macro wait_for vector", ".rept {paced}",
            "vmovd {waiting:e}, \\vector",
            "and {waiting:e}, 0",
            ".endr", ".endm",
            "xor {waiting:e}, {waiting:e}",
            sixteen!(early),
            "mov {left:e}, 3",
            ".p2align 6",
            "2:",
            "add {t}, 64",
            sixteen!(late),
            "dec {left:e}",
            "jnz 2b",
            // V(i) is added.
            "vpxord zmm16, zmm16, zmmword ptr [{states}]",
            "vpxord zmm17, zmm17, zmmword ptr [{states} + 64]",
            "vpxord zmm18, zmm18, zmmword ptr [{states} + 128]",
            "vpxord zmm19, zmm19, zmmword ptr [{states} + 192]",
            "vpxord zmm20, zmm20, zmmword ptr [{states} + 256]",
            "vpxord zmm21, zmm21, zmmword ptr [{states} + 320]",
            "vpxord zmm22, zmm22, zmmword ptr [{states} + 384]",
            "vpxord zmm23, zmm23, zmmword ptr [{states} + 448]",
            ".purgem hold", ".purgem wait_for",
            paced = const PACED as u8,
            t = inout(reg) &raw const T => _,
            states = in(reg) &raw const *states,
            waiting = out(reg) _,
            word = out(reg) _,
            left = out(reg) _,
            inout("zmm0") w[0] => _, inout("zmm1") w[1] => _, inout("zmm2") w[2] => _,
            inout("zmm3") w[3] => _, inout("zmm4") w[4] => _, inout("zmm5") w[5] => _,
            inout("zmm6") w[6] => _, inout("zmm7") w[7] => _, inout("zmm8") w[8] => _,
            inout("zmm9") w[9] => _, inout("zmm10") w[10] => _, inout("zmm11") w[11] => _,
            inout("zmm12") w[12] => _, inout("zmm13") w[13] => _, inout("zmm14") w[14] => _,
            inout("zmm15") w[15] => _,
            inout("zmm16") v[0], inout("zmm17") v[1], inout("zmm18") v[2], inout("zmm19") v[3],
            inout("zmm20") v[4], inout("zmm21") v[5], inout("zmm22") v[6], inout("zmm23") v[7],
            out("zmm24") _, out("zmm25") _, out("zmm26") _, out("zmm27") _,
            out("zmm28") _, out("zmm29") _, out("zmm30") _, out("zmm31") _,
            options(pure, readonly, nostack),
        );
    }
    for (words, v) in states.iter_mut().zip(v) {
        store(words, v);
    }
}

/// The words of 16 blocks: vector j has word j of each.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn gather(blocks: &[&Block; 16]) -> [__m512i; 16] {
    let swap =
        _mm512_broadcast_i32x4(_mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
    let mut r = [_mm512_setzero_si512(); 16];
    for i in 0..16 {
        r[i] = _mm512_shuffle_epi8(load_block(blocks[i]), swap);
    }
    // Within lanes: vector 4i + k has word k of every lane of blocks 4i to 4i + 3.
    let mut s = r;
    for i in [0, 4, 8, 12] {
        let (a, b) = (_mm512_unpacklo_epi32(r[i], r[i + 1]), _mm512_unpackhi_epi32(r[i], r[i + 1]));
        let (c, d) =
            (_mm512_unpacklo_epi32(r[i + 2], r[i + 3]), _mm512_unpackhi_epi32(r[i + 2], r[i + 3]));
        s[i] = _mm512_unpacklo_epi64(a, c);
        s[i + 1] = _mm512_unpackhi_epi64(a, c);
        s[i + 2] = _mm512_unpacklo_epi64(b, d);
        s[i + 3] = _mm512_unpackhi_epi64(b, d);
    }
    // Between lanes: lane l of those is word 4l + k.
    let mut w = s;
    for k in 0..4 {
        let a = _mm512_shuffle_i32x4::<0b10_00_10_00>(s[k], s[4 + k]);
        let b = _mm512_shuffle_i32x4::<0b11_01_11_01>(s[k], s[4 + k]);
        let c = _mm512_shuffle_i32x4::<0b10_00_10_00>(s[8 + k], s[12 + k]);
        let d = _mm512_shuffle_i32x4::<0b11_01_11_01>(s[8 + k], s[12 + k]);
        w[k] = _mm512_shuffle_i32x4::<0b10_00_10_00>(a, c);
        w[4 + k] = _mm512_shuffle_i32x4::<0b10_00_10_00>(b, d);
        w[8 + k] = _mm512_shuffle_i32x4::<0b11_01_11_01>(a, c);
        w[12 + k] = _mm512_shuffle_i32x4::<0b11_01_11_01>(b, d);
    }
    w
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_block(block: &Block) -> __m512i {
    // SAFETY: a block is 64 readable bytes, and this load takes any alignment.
    unsafe { _mm512_loadu_si512(block.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(words: &[u32; 16]) -> __m512i {
    // SAFETY: the words are 64 readable bytes, and this load takes any alignment.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(words: &mut [u32; 16], value: __m512i) {
    // SAFETY: the words are 64 writable bytes, and this store takes any alignment.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), value) }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{State, lanes::state_of, portable},
        *,
    };

    /// A CPU runs one of the two: here it runs both.
    #[test]
    fn both_paces_agree_with_portable() {
        if cpu::Avx512::detect().is_none() {
            return cpu::lacking("SM3 on AVX-512");
        }
        let words: States<16> = std::array::from_fn(|i| {
            std::array::from_fn(|lane| 0x9e37_79b9_u32.wrapping_mul((16 * i + lane + 1) as u32))
        });
        let mut expected: [State; 16] = std::array::from_fn(|lane| state_of(&words, lane));
        let (mut paced, mut plain) = (words, words);
        for step in 0..3_u8 {
            let blocks: [Block; 16] = std::array::from_fn(|lane| {
                std::array::from_fn(|i| (i as u8 ^ step).wrapping_mul(29) ^ (lane as u8 * 13))
            });
            // SAFETY: the CPU has the features.
            unsafe {
                compress_lanes::<true>(&mut paced, &blocks.each_ref());
                compress_lanes::<false>(&mut plain, &blocks.each_ref());
            }
            for (lane, (state, block)) in expected.iter_mut().zip(&blocks).enumerate() {
                portable::compress(state, &[*block]);
                assert_eq!(state_of(&paced, lane), *state, "{step} {lane}");
                assert_eq!(state_of(&plain, lane), *state, "{step} {lane}");
            }
        }
    }
}
