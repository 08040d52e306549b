//! Eight 64-bit words in a 512-bit register, and the operations on them that this module needs.
//!
//! The functions carry no `target_feature`, so that the compiler can be made to put them in place
//! (`inline(always)`): a call would take its arguments through memory, which costs more than the work.
//! They become instructions only inside the entry points of `ifma`, which carry the features.

#![allow(unsafe_code, reason = "instructions of AVX-512, and loads and stores that take pointers")]

use std::{
    arch::asm,
    arch::x86_64::{
        __m512i, _mm_cvtsi128_si64, _mm512_add_epi64, _mm512_and_si512, _mm512_castsi512_si128,
        _mm512_load_si512, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_mask_mov_epi64,
        _mm512_or_si512, _mm512_permutex2var_epi64, _mm512_permutexvar_epi64, _mm512_set1_epi64,
        _mm512_setzero_si512, _mm512_shuffle_i64x2, _mm512_slli_epi64, _mm512_sllv_epi64,
        _mm512_srai_epi64, _mm512_srlv_epi64, _mm512_store_si512, _mm512_sub_epi64,
        _mm512_testn_epi64_mask, _mm512_unpackhi_epi64, _mm512_xor_si512,
    },
    ops::{Add, BitAnd, BitOr, BitXor, Sub},
    ptr,
};

use zeroize::Zeroize;

/// Eight words in memory.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Words(pub(super) [u64; 8]);

/// Eight words in a register, one for each lane. Sums and products are modulo 2^64.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Vector(__m512i);

/// A lane is chosen by its bit, lane 0 by the lowest.
pub(super) type LaneMask = u8;

macro_rules! operators {
    ($($trait:ident $method:ident $intrinsic:ident;)*) => {$(
        impl $trait for Vector {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: this code runs only below entry points that hold a `cpu::Ifma`.
                Self(unsafe { $intrinsic(self.0, other.0) })
            }
        }
    )*};
}

operators! {
    Add add _mm512_add_epi64;
    Sub sub _mm512_sub_epi64;
    BitAnd bitand _mm512_and_si512;
    BitOr bitor _mm512_or_si512;
    BitXor bitxor _mm512_xor_si512;
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident$([$constant:ident: $type:ty])?($($argument:ident: $kind:ty),*) = $call:expr;)*) => {
        impl Vector {$(
            $(#[$doc])*
            #[inline(always)]
            pub(super) fn $name$(<const $constant: $type>)?($($argument: $kind),*) -> Self {
                // SAFETY: this code runs only below entry points that hold a `cpu::Ifma`; the references
                // are to 64 bytes aligned to 64.
                Self(unsafe { $call })
            }
        )*}
    };
}

functions! {
    /// Zero in every lane.
    zero() = _mm512_setzero_si512();
    /// The same word in every lane.
    splat(word: u64) = _mm512_set1_epi64(word as i64);
    /// From memory.
    load(words: &Words) = _mm512_load_si512(words.0.as_ptr().cast());
    /// sum + the low 52 bits of a b, of which the low 52 bits of each factor count.
    add_low(sum: Self, a: Self, b: Self) = _mm512_madd52lo_epu64(sum.0, a.0, b.0);
    /// sum + the high 52 bits of the same product.
    add_high(sum: Self, a: Self, b: Self) = _mm512_madd52hi_epu64(sum.0, a.0, b.0);
    /// Shifted right, with its sign.
    shift_right[N: u32](a: Self) = _mm512_srai_epi64::<N>(a.0);
    /// Shifted left.
    shift_left[N: u32](a: Self) = _mm512_slli_epi64::<N>(a.0);
    /// Shifted right by as many places as `count` says, 64 and more giving 0.
    shift_right_by(a: Self, count: Self) = _mm512_srlv_epi64(a.0, count.0);
    /// Shifted left by as many places as `count` says, 64 and more giving 0.
    shift_left_by(a: Self, count: Self) = _mm512_sllv_epi64(a.0, count.0);
    /// `yes` in the lanes of the mask, `no` in the others.
    select(mask: LaneMask, yes: Self, no: Self) = _mm512_mask_mov_epi64(no.0, mask, yes.0);
    /// In each lane the word of `low` that the low three bits of its index name.
    pick_of_8(index: Self, low: Self) = _mm512_permutexvar_epi64(index.0, low.0);
    /// In each lane the word of `low` or `high` that the low four bits of its index name.
    pick_of_16(index: Self, low: Self, high: Self) =
        _mm512_permutex2var_epi64(low.0, index.0, high.0);
    /// Lanes 0 to 3 of `a`, then those of `b`.
    lower_halves(a: Self, b: Self) = _mm512_shuffle_i64x2::<0b01_00_01_00>(a.0, b.0);
    /// Lanes 4 to 7 of `a`, then those of `b`.
    upper_halves(a: Self, b: Self) = _mm512_shuffle_i64x2::<0b11_10_11_10>(a.0, b.0);
    /// Lanes 2 and 3 in lanes 0 and 1, and in the same way in the upper half.
    second_pair(a: Self) = _mm512_shuffle_i64x2::<0b11_11_01_01>(a.0, a.0);
    /// Lane 1 in lane 0, and in the same way in every pair.
    second_lane(a: Self) = _mm512_unpackhi_epi64(a.0, a.0);
}

/// Keeps the compiler from moving what is done with one of the two, before this place or after it, past
/// what is done with the other. It costs nothing.
#[inline(always)]
pub(super) fn in_order(a: &mut Vector, b: &mut Vector) {
    // SAFETY: this code runs only below entry points that hold a `cpu::Ifma`.
    unsafe { pass_through(&mut a.0, &mut b.0) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn pass_through(a: &mut __m512i, b: &mut __m512i) {
    // SAFETY: there is no instruction in it.
    unsafe {
        asm!(
            "/* {a} {b} */",
            a = inout(zmm_reg) * a,
            b = inout(zmm_reg) * b,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
}

impl Zeroize for Vector {
    fn zeroize(&mut self) {
        // SAFETY: a vector is eight words and of their alignment, and any words are one.
        let words = unsafe { &mut *ptr::from_mut(self).cast::<Words>() };
        words.0.as_mut_slice().zeroize();
    }
}

impl Vector {
    /// The lanes that are 0.
    #[inline(always)]
    pub(super) fn zero_mask(self) -> LaneMask {
        // SAFETY: this code runs only below entry points that hold a `cpu::Ifma`.
        unsafe { _mm512_testn_epi64_mask(self.0, self.0) }
    }

    /// The word of lane 0.
    #[inline(always)]
    pub(super) fn first(self) -> u64 {
        // SAFETY: this code runs only below entry points that hold a `cpu::Ifma`.
        unsafe { _mm_cvtsi128_si64(_mm512_castsi512_si128(self.0)) as u64 }
    }

    /// To memory.
    #[inline(always)]
    pub(super) fn store(self) -> Words {
        let mut words = Words([0; 8]);
        // SAFETY: this code runs only below entry points that hold a `cpu::Ifma`; the words are 64
        // bytes aligned to 64.
        unsafe { _mm512_store_si512(words.0.as_mut_ptr().cast(), self.0) };
        words
    }
}
