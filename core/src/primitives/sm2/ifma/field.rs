//! Eight field elements at once: one per 64-bit lane of five AVX-512 registers, 52 bits each.
//!
//! An element a is kept as a * 2^260 mod p (Montgomery form), not fully reduced: "below 3p" and the like
//! in the comments bound the integer of the five limbs. What is passed to [`Lanes::multiply`] must be
//! normalised (limbs in [0, 2^52)) and below 15p, for a product below 16p. Constant time throughout.

#![allow(unsafe_code, reason = "loads and stores of AVX-512 registers take pointers")]

use std::arch::x86_64::{
    __m512i, __mmask8, _mm512_add_epi64, _mm512_and_si512, _mm512_load_si512,
    _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_mask_mov_epi64, _mm512_set1_epi64,
    _mm512_setzero_si512, _mm512_slli_epi64, _mm512_srai_epi64, _mm512_store_si512,
    _mm512_sub_epi64,
};

use crate::primitives::sm2::{
    field::{FieldElement, P},
    limbs::{self, Limbs},
};

const M52: u64 = (1 << 52) - 1;

/// p in limbs of 52 bits.
const P52: [u64; 5] = split(&P);

/// 2^256 - p = 2^224 + 2^96 - 2^64 + 1.
const FOLD: Limbs = [1, 0xffff_ffff, 0, 1 << 32];

/// One 64-bit number per lane.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Words(pub(super) [u64; 8]);

impl Words {
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn load(&self) -> __m512i {
        // SAFETY: 64 bytes, aligned to 64 as the type says.
        unsafe { _mm512_load_si512(self.0.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn store(words: __m512i) -> Self {
        let mut stored = Self([0; 8]);
        // SAFETY: 64 bytes, aligned to 64 as the type says.
        unsafe { _mm512_store_si512(stored.0.as_mut_ptr().cast(), words) };
        stored
    }
}

/// Eight field elements.
#[derive(Clone, Copy)]
pub(super) struct Lanes(pub(super) [__m512i; 5]);

macro_rules! each_limb {
    (|$i:ident| $limb:expr) => {
        Lanes([
            {
                const $i: usize = 0;
                $limb
            },
            {
                const $i: usize = 1;
                $limb
            },
            {
                const $i: usize = 2;
                $limb
            },
            {
                const $i: usize = 3;
                $limb
            },
            {
                const $i: usize = 4;
                $limb
            },
        ])
    };
}
pub(super) use each_limb;

/// $r[$i..] += $a * $b, where $a is one limb and $b a whole element.
macro_rules! add_row {
    ($r:ident, $i:literal, $a:expr, $b:expr) => {
        let a = $a;
        $r[$i] = _mm512_madd52lo_epu64($r[$i], a, $b[0]);
        $r[$i + 1] = _mm512_madd52hi_epu64($r[$i + 1], a, $b[0]);
        $r[$i + 1] = _mm512_madd52lo_epu64($r[$i + 1], a, $b[1]);
        $r[$i + 2] = _mm512_madd52hi_epu64($r[$i + 2], a, $b[1]);
        $r[$i + 2] = _mm512_madd52lo_epu64($r[$i + 2], a, $b[2]);
        $r[$i + 3] = _mm512_madd52hi_epu64($r[$i + 3], a, $b[2]);
        $r[$i + 3] = _mm512_madd52lo_epu64($r[$i + 3], a, $b[3]);
        $r[$i + 4] = _mm512_madd52hi_epu64($r[$i + 4], a, $b[3]);
        $r[$i + 4] = _mm512_madd52lo_epu64($r[$i + 4], a, $b[4]);
        $r[$i + 5] = _mm512_madd52hi_epu64($r[$i + 5], a, $b[4]);
    };
}

/// $r[$i + $j] += $a[$i] * $a[$j], for $i < $j.
macro_rules! add_mixed {
    ($r:ident, $a:ident, $($i:literal $j:literal)*) => {$(
        $r[$i + $j] = _mm512_madd52lo_epu64($r[$i + $j], $a[$i], $a[$j]);
        $r[$i + $j + 1] = _mm512_madd52hi_epu64($r[$i + $j + 1], $a[$i], $a[$j]);
    )*};
}

/// Clears limb $i of $r by adding a multiple u p 2^(52 $i), and carries what is left of it upwards.
macro_rules! reduce_limb {
    ($r:ident, $i:literal) => {
        // p = -1 (mod 2^52), so u is the limb itself. Limbs 0, 2 and 3 of p are 2^52 - 1: each is -u
        // in its place and u in the next, of which those of 2 and 3 meet and cancel. What comes in from
        // limb i is therefore its upper part and u. A limb may be negative: the shift is arithmetic.
        let u = _mm512_and_si512($r[$i], _mm512_set1_epi64(M52 as i64));
        let carry = _mm512_add_epi64(_mm512_srai_epi64::<52>($r[$i]), u);
        let p1 = _mm512_set1_epi64(P52[1] as i64);
        let p4 = _mm512_set1_epi64(P52[4] as i64);
        $r[$i + 1] = _mm512_madd52lo_epu64(_mm512_add_epi64($r[$i + 1], carry), u, p1);
        $r[$i + 2] = _mm512_madd52hi_epu64(_mm512_sub_epi64($r[$i + 2], u), u, p1);
        $r[$i + 4] = _mm512_madd52lo_epu64(_mm512_add_epi64($r[$i + 4], u), u, p4);
        $r[$i + 5] = _mm512_madd52hi_epu64($r[$i + 5], u, p4);
    };
}

impl Lanes {
    /// The same element in all lanes.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn broadcast(element: &FieldElement) -> Self {
        let a = from_field(element);
        each_limb!(|I| _mm512_set1_epi64(a[I] as i64))
    }

    /// One element per lane.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn from_elements(elements: &[FieldElement; 8]) -> Self {
        let mut limbs = [Words([0; 8]); 5];
        for (lane, element) in elements.iter().enumerate() {
            for (words, limb) in limbs.iter_mut().zip(from_field(element)) {
                words.0[lane] = limb;
            }
        }
        each_limb!(|I| limbs[I].load())
    }

    /// The elements, fully reduced, from normalised lanes below 16p.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn to_elements(self) -> [FieldElement; 8] {
        let limbs = self.0;
        let limbs = [
            Words::store(limbs[0]).0,
            Words::store(limbs[1]).0,
            Words::store(limbs[2]).0,
            Words::store(limbs[3]).0,
            Words::store(limbs[4]).0,
        ];
        let mut elements = [FieldElement::ZERO; 8];
        for (lane, element) in elements.iter_mut().enumerate() {
            let at = |i: usize| limbs[i][lane];
            *element = to_field(&[at(0), at(1), at(2), at(3), at(4)]);
        }
        elements
    }

    /// a b / 2^260: below (A B / 16 + 1) p for a below A p and b below B p.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn multiply(&self, other: &Self) -> Self {
        let (a, b) = (&self.0, &other.0);
        let mut r = [_mm512_setzero_si512(); 10];
        add_row!(r, 0, a[0], b);
        add_row!(r, 1, a[1], b);
        add_row!(r, 2, a[2], b);
        add_row!(r, 3, a[3], b);
        add_row!(r, 4, a[4], b);
        reduce(r)
    }

    /// a^2 / 2^260: below (A^2 / 16 + 1) p for a below A p.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn square(&self) -> Self {
        let a = &self.0;
        let mut r = [_mm512_setzero_si512(); 10];
        add_mixed!(r, a, 0 1 0 2 0 3 0 4 1 2 1 3 1 4 2 3 2 4 3 4);
        macro_rules! twice {
            ($($i:literal)*) => {$( r[$i] = _mm512_add_epi64(r[$i], r[$i]); )*};
        }
        twice!(1 2 3 4 5 6 7 8);
        add_mixed!(r, a, 0 0 1 1 2 2 3 3 4 4);
        reduce(r)
    }

    /// a + b, limb by limb: to be normalised.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn add_limbs(&self, other: &Self) -> Self {
        each_limb!(|I| _mm512_add_epi64(self.0[I], other.0[I]))
    }

    /// a - b, limb by limb: to be offset and normalised.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn sub_limbs(&self, other: &Self) -> Self {
        each_limb!(|I| _mm512_sub_epi64(self.0[I], other.0[I]))
    }

    /// a + b, normalised.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn add(&self, other: &Self) -> Self {
        self.add_limbs(other).normalise()
    }

    /// a - b + M p, normalised; b is at most M p.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn sub<const M: u64>(&self, other: &Self) -> Self {
        self.sub_limbs(other).offset::<M>().normalise()
    }

    /// a + M p, limb by limb.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn offset<const M: u64>(&self) -> Self {
        each_limb!(|I| _mm512_add_epi64(self.0[I], _mm512_set1_epi64((P52[I] * M) as i64)))
    }

    /// Carries, so that all limbs are in [0, 2^52), for a value in [0, 16p).
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn normalise(&self) -> Self {
        let [r0, r1, r2, r3, r4] = self.0;
        let mask = _mm512_set1_epi64(M52 as i64);
        let r1 = _mm512_add_epi64(r1, _mm512_srai_epi64::<52>(r0));
        let r2 = _mm512_add_epi64(r2, _mm512_srai_epi64::<52>(r1));
        let r3 = _mm512_add_epi64(r3, _mm512_srai_epi64::<52>(r2));
        let r4 = _mm512_add_epi64(r4, _mm512_srai_epi64::<52>(r3));
        let low = |limb| _mm512_and_si512(limb, mask);
        Self([low(r0), low(r1), low(r2), low(r3), r4])
    }

    /// A value in [0, 16p), its limbs not normalised and below 2^56 in size, to one between 0.99p and
    /// 2.01p, normalised.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn shrink(&self) -> Self {
        // v - q p + p with q = floor(limb 4 / 2^48). The other limbs hold less than 2^5 * 2^208 in size,
        // so v - q 2^256 is in (-2^213, 2^256 + 2^213), and q (2^256 - p) is below 16 * 2^225.
        let [r0, r1, r2, r3, r4] = self.0;
        let q = _mm512_srai_epi64::<48>(r4);
        let r4 = _mm512_and_si512(r4, _mm512_set1_epi64((1 << 48) - 1));
        // 2^256 - p = 2^224 + 2^96 - 2^64 + 1, and 96 = 52 + 44, 64 = 52 + 12, 224 = 208 + 16.
        let r0 = _mm512_add_epi64(r0, q);
        let q1 = _mm512_sub_epi64(_mm512_slli_epi64::<44>(q), _mm512_slli_epi64::<12>(q));
        let r1 = _mm512_add_epi64(r1, q1);
        let r4 = _mm512_add_epi64(r4, _mm512_slli_epi64::<16>(q));
        Self([r0, r1, r2, r3, r4]).offset::<1>().normalise()
    }

    /// `yes` in the lanes of the mask, `no` in the others.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub(super) fn select(mask: __mmask8, yes: &Self, no: &Self) -> Self {
        each_limb!(|I| _mm512_mask_mov_epi64(no.0[I], mask, yes.0[I]))
    }
}

/// r / 2^260 modulo p, normalised. The ten limbs are below 2^58.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn reduce(mut r: [__m512i; 10]) -> Lanes {
    reduce_limb!(r, 0);
    reduce_limb!(r, 1);
    reduce_limb!(r, 2);
    reduce_limb!(r, 3);
    reduce_limb!(r, 4);
    Lanes([r[5], r[6], r[7], r[8], r[9]]).normalise()
}

const fn split(a: &Limbs) -> [u64; 5] {
    [
        a[0] & M52,
        (a[0] >> 52 | a[1] << 12) & M52,
        (a[1] >> 40 | a[2] << 24) & M52,
        (a[2] >> 28 | a[3] << 36) & M52,
        a[3] >> 16,
    ]
}

/// From a * 2^256 to a * 2^260, in limbs of 52 bits.
pub(super) fn from_field(element: &FieldElement) -> [u64; 5] {
    split(&element.double().double().double().double().0)
}

/// From a * 2^260, normalised and below 2^260, to a * 2^256, fully reduced.
fn to_field(a: &[u64; 5]) -> FieldElement {
    let low = [
        a[0] | a[1] << 52,
        a[1] >> 12 | a[2] << 40,
        a[2] >> 24 | a[3] << 28,
        a[3] >> 36 | a[4] << 16,
    ];
    // top 2^256 = top (2^256 - p) (mod p), which is below 2^229: the sum is below 2p.
    let top = a[4] >> 48;
    let fold = [top * FOLD[0], top * FOLD[1], 0, top * FOLD[3]];
    let (sum, carry) = limbs::add(&low, &fold);
    FieldElement(limbs::reduce_once(&sum, carry, &P)).halve().halve().halve().halve()
}
