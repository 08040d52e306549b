//! Eight 64-bit words in a 512-bit register, or four in a 256-bit one, and the operations on them that
//! this module needs.
//!
//! The functions carry no `target_feature`, so that the compiler can be made to put them in place
//! (`inline(always)`): a call would take its arguments through memory, which costs more than the work of one.
//! They become instructions only inside functions that carry the features: the entry points of `ifma`, and
//! what those call.

#![allow(unsafe_code, reason = "instructions of AVX-512, and loads and stores that take pointers")]

use std::{
    arch::{
        asm,
        x86_64::{
            __m256i, __m512i, _mm256_add_epi64, _mm256_and_si256, _mm256_load_si256,
            _mm256_madd52hi_epu64, _mm256_madd52lo_epu64, _mm256_mask_mov_epi64, _mm256_or_si256,
            _mm256_permutex2var_epi64, _mm256_permutexvar_epi64, _mm256_set1_epi64x,
            _mm256_setzero_si256, _mm256_sllv_epi64, _mm256_srai_epi64, _mm256_srlv_epi64,
            _mm256_store_si256, _mm256_sub_epi64, _mm256_testn_epi64_mask, _mm256_xor_si256,
            _mm512_add_epi64, _mm512_and_si512, _mm512_castsi512_si256, _mm512_load_si512,
            _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_mask_mov_epi64, _mm512_or_si512,
            _mm512_permutex2var_epi64, _mm512_permutexvar_epi64, _mm512_set1_epi64,
            _mm512_setzero_si512, _mm512_shuffle_i64x2, _mm512_slli_epi64, _mm512_sllv_epi64,
            _mm512_srai_epi64, _mm512_srlv_epi64, _mm512_store_si512, _mm512_sub_epi64,
            _mm512_testn_epi64_mask, _mm512_xor_si512,
        },
    },
    mem,
    ops::{Add, BitAnd, BitOr, BitXor, Sub},
    ptr,
    sync::atomic::{self, Ordering},
};

use zeroize::Zeroize;

/// Eight words in memory.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Words(pub(super) [u64; 8]);

impl Zeroize for Words {
    fn zeroize(&mut self) {
        // SAFETY: the reference can be written to; all zeros are words.
        unsafe { ptr::write_volatile(self, Self([0; 8])) };
        atomic::compiler_fence(Ordering::SeqCst);
    }
}

/// A lane is chosen by its bit, lane 0 by the lowest. Bits beyond the lanes of a vector may be anything in what
/// chooses, and are 0 in what is found.
pub(super) type LaneMask = u8;

/// Eight words in a register, one for each lane. Sums and products are modulo 2^64.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Eight(__m512i);

/// Four words in a register, likewise.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Four(__m256i);

/// Words in the lanes of a register.
pub(super) trait Vector:
    Copy
    + Zeroize
    + Add<Output = Self>
    + Sub<Output = Self>
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
{
    const LANES: usize;

    /// Zero in every lane.
    fn zero() -> Self;

    /// The same word in every lane.
    fn splat(word: u64) -> Self;

    /// The words of lanes 0, 1, ….
    fn first_of(words: Eight) -> Self;

    /// The first words from memory.
    fn load(words: &Words) -> Self;

    /// To the first words in memory; the others are 0.
    fn store(self) -> Words;

    /// Word i is that of lane i modulo the number of lanes: of `lower` for the first four, then of `upper`.
    fn store_halves(lower: Self, upper: Self) -> Words;

    /// sum + the low 52 bits of a b, of which the low 52 bits of each factor count.
    fn add_low(sum: Self, a: Self, b: Self) -> Self;

    /// sum + the high 52 bits of the same product.
    fn add_high(sum: Self, a: Self, b: Self) -> Self;

    /// Shifted right, with its sign.
    fn shift_right<const N: u32>(a: Self) -> Self;

    /// Shifted left.
    fn shift_left<const N: u32>(a: Self) -> Self;

    /// Shifted right by as many places as `count` says, 64 and more giving 0.
    fn shift_right_by(a: Self, count: Self) -> Self;

    /// `yes` in the lanes of the mask, `no` in the others.
    fn select(mask: LaneMask, yes: Self, no: Self) -> Self;

    /// In each lane the word that the low three bits of its index name.
    fn pick_of_8(index: Self, words: &Words) -> Self;

    /// In lane i the word of the lane that the word of `lanes` names.
    fn permuted(a: Self, lanes: Self) -> Self;

    /// The lanes that are 0.
    fn zero_mask(self) -> LaneMask;

    /// Keeps the compiler from moving what is done with one of the two, before this place or after it,
    /// past what is done with the other. It costs nothing.
    fn in_order(a: &mut Self, b: &mut Self);
}

macro_rules! operators {
    ($($vector:ident { $($trait:ident $method:ident $intrinsic:ident;)* })*) => {$($(
        impl $trait for $vector {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: this code runs only below entry points that hold a `cpu::Ifma`.
                Self(unsafe { $intrinsic(self.0, other.0) })
            }
        }
    )*)*};
}

operators! {
    Eight {
        Add add _mm512_add_epi64;
        Sub sub _mm512_sub_epi64;
        BitAnd bitand _mm512_and_si512;
        BitOr bitor _mm512_or_si512;
        BitXor bitxor _mm512_xor_si512;
    }
    Four {
        Add add _mm256_add_epi64;
        Sub sub _mm256_sub_epi64;
        BitAnd bitand _mm256_and_si256;
        BitOr bitor _mm256_or_si256;
        BitXor bitxor _mm256_xor_si256;
    }
}

/// What the trait asks for, for one width.
macro_rules! vector {
    (
        $vector:ident, $lanes:literal, $raw:ty, $template:literal, $features:literal, store $store:ident,
        zero_mask $zero_mask:ident,
        store_halves |$lower:ident, $upper:ident| $store_halves:expr;
        $($name:ident$([$constant:ident: $type:ty])?($($argument:ident: $kind:ty),*) = $call:expr;)*
    ) => {
        impl Vector for $vector {
            const LANES: usize = $lanes;

            $(#[inline(always)]
            fn $name$(<const $constant: $type>)?($($argument: $kind),*) -> Self {
                // SAFETY: this code runs only below entry points that hold a `cpu::Ifma`; the references
                // are to 64 bytes aligned to 64.
                Self(unsafe { $call })
            })*

            #[inline(always)]
            fn store(self) -> Words {
                let mut words = Words([0; 8]);
                // SAFETY: this code runs only below entry points that hold a `cpu::Ifma`; the words are
                // 64 bytes aligned to 64.
                unsafe { $store(words.0.as_mut_ptr().cast(), self.0) };
                words
            }

            #[inline(always)]
            fn store_halves($lower: Self, $upper: Self) -> Words {
                // SAFETY: as of `store`.
                unsafe { $store_halves }
            }

            #[inline(always)]
            fn zero_mask(self) -> LaneMask {
                // SAFETY: this code runs only below entry points that hold a `cpu::Ifma`.
                unsafe { $zero_mask(self.0, self.0) }
            }

            #[inline(always)]
            fn in_order(a: &mut Self, b: &mut Self) {
                #[inline]
                #[target_feature(enable = $features)]
                fn pass_through(a: &mut $raw, b: &mut $raw) {
                    // SAFETY: there is no instruction in it.
                    unsafe {
                        asm!(
                            // Of 32 registers; the class of the narrower ones has 16.
                            $template,
                            a = inout(zmm_reg) * a,
                            b = inout(zmm_reg) * b,
                            options(pure, nomem, nostack, preserves_flags)
                        );
                    }
                }
                // SAFETY: this code runs only below entry points that hold a `cpu::Ifma`.
                unsafe { pass_through(&mut a.0, &mut b.0) }
            }
        }

        impl Zeroize for $vector {
            fn zeroize(&mut self) {
                // SAFETY: the reference can be written to; all zeros are a vector.
                unsafe { ptr::write_volatile(self, mem::zeroed()) };
                atomic::compiler_fence(Ordering::SeqCst);
            }
        }
    };
}

vector! {
    Eight, 8, __m512i, "/* {a} {b} */", "avx512f", store _mm512_store_si512, zero_mask _mm512_testn_epi64_mask,
    store_halves |lower, upper| {
        Self(_mm512_mask_mov_epi64(lower.0, 0b1111_0000, upper.0)).store()
    };
    zero() = _mm512_setzero_si512();
    splat(word: u64) = _mm512_set1_epi64(word as i64);
    first_of(words: Eight) = _mm512_shuffle_i64x2::<0b11_10_01_00>(words.0, words.0);
    load(words: &Words) = _mm512_load_si512(words.0.as_ptr().cast());
    add_low(sum: Self, a: Self, b: Self) = _mm512_madd52lo_epu64(sum.0, a.0, b.0);
    add_high(sum: Self, a: Self, b: Self) = _mm512_madd52hi_epu64(sum.0, a.0, b.0);
    shift_right[N: u32](a: Self) = _mm512_srai_epi64::<N>(a.0);
    shift_left[N: u32](a: Self) = _mm512_slli_epi64::<N>(a.0);
    shift_right_by(a: Self, count: Self) = _mm512_srlv_epi64(a.0, count.0);
    select(mask: LaneMask, yes: Self, no: Self) = _mm512_mask_mov_epi64(no.0, mask, yes.0);
    pick_of_8(index: Self, words: &Words) = _mm512_permutexvar_epi64(index.0, Self::load(words).0);
    permuted(a: Self, lanes: Self) = _mm512_permutexvar_epi64(lanes.0, a.0);
}

vector! {
    Four, 4, __m256i, "/* {a:y} {b:y} */", "avx512vl", store _mm256_store_si256, zero_mask _mm256_testn_epi64_mask,
    store_halves |lower, upper| {
        let mut words = lower.store();
        _mm256_store_si256(words.0[4..].as_mut_ptr().cast(), upper.0);
        words
    };
    zero() = _mm256_setzero_si256();
    splat(word: u64) = _mm256_set1_epi64x(word as i64);
    first_of(words: Eight) = _mm512_castsi512_si256(words.0);
    load(words: &Words) = _mm256_load_si256(words.0.as_ptr().cast());
    add_low(sum: Self, a: Self, b: Self) = _mm256_madd52lo_epu64(sum.0, a.0, b.0);
    add_high(sum: Self, a: Self, b: Self) = _mm256_madd52hi_epu64(sum.0, a.0, b.0);
    shift_right[N: u32](a: Self) = _mm256_srai_epi64::<N>(a.0);
    shift_left[N: u32](a: Self) = _mm256_sllv_epi64(a.0, Self::splat(N.into()).0);
    shift_right_by(a: Self, count: Self) = _mm256_srlv_epi64(a.0, count.0);
    select(mask: LaneMask, yes: Self, no: Self) = _mm256_mask_mov_epi64(no.0, mask, yes.0);
    pick_of_8(index: Self, words: &Words) = {
        let upper = _mm256_load_si256(words.0[4..].as_ptr().cast());
        _mm256_permutex2var_epi64(Self::load(words).0, index.0, upper)
    };
    permuted(a: Self, lanes: Self) = _mm256_permutexvar_epi64(lanes.0, a.0);
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $kind:ty),*) = $call:expr;)*) => {
        impl Eight {$(
            $(#[$doc])*
            #[inline(always)]
            pub(super) fn $name($($argument: $kind),*) -> Self {
                // SAFETY: as above.
                Self(unsafe { $call })
            }
        )*}
    };
}

functions! {
    /// Shifted left by as many places as `count` says, 64 and more giving 0.
    shift_left_by(a: Self, count: Self) = _mm512_sllv_epi64(a.0, count.0);
    /// In each lane the word of `low` or `high` that the low four bits of its index name.
    pick_of_16(index: Self, low: &Words, high: &Words) =
        _mm512_permutex2var_epi64(Self::load(low).0, index.0, Self::load(high).0);
}
