//! The sum of all windows, with the search for the next summand between the products of an addition: vector
//! units read the table while others multiply.

#![allow(unsafe_code, reason = "vector loads and stores, and calls that a CPU feature allows")]

use std::arch::{asm, x86_64::*};

use super::{Comb, ENTRIES, W, WINDOWS, digit};
use crate::primitives::{
    cpu, ct,
    sm2::{
        field::{FieldElement, Products},
        limbs::adc,
        point::{Affine, Extended},
        scalar::Scalar,
    },
};

/// How many entries are read after a product, of which an addition has ten.
const STEP: usize = 4;
const _: () = assert!(ENTRIES.is_multiple_of(STEP) && ENTRIES / STEP <= 10);

/// The sum of all windows of an odd k.
#[inline(always)]
pub(super) fn sum(products: impl Products, _: cpu::Avx2, comb: &Comb, k: &Scalar) -> Extended {
    // SAFETY: the proof exists only where AVX2 is.
    unsafe { sum_avx2(products, comb, k) }
}

#[target_feature(enable = "avx2")]
fn sum_avx2(products: impl Products, comb: &Comb, k: &Scalar) -> Extended {
    let (windows, _) = comb.as_chunks::<ENTRIES>();
    let mut sum = Extended::from_affine(&find_avx2(&windows[0], digit::<W>(k, 0)));
    let mut next = find_avx2(&windows[1], digit::<W>(k, 1));
    for window in 2..=WINDOWS {
        // Beside the last addition the highest window is searched once more, for nothing.
        let window = window.min(WINDOWS - 1);
        let (entries, _) = windows[window].as_chunks::<STEP>();
        let mut search = Search::new(digit::<W>(k, window));
        sum = sum.add_affine_with(products, &next, |number, product| match entries.get(number) {
            Some(entries) => {
                search.read(entries);
                search.after(product)
            }
            None => product,
        });
        next = search.finish();
    }
    sum
}

/// The entry of what [`digit`](super::digit) gives, or its opposite, by reading all entries.
#[inline(always)]
pub(super) fn find(_: cpu::Avx2, entries: &[Affine], digit: (u64, u64)) -> Affine {
    // SAFETY: the proof exists only where AVX2 is.
    unsafe { find_avx2(entries, digit) }
}

#[inline(never)]
#[target_feature(enable = "avx2")]
fn find_avx2(entries: &[Affine], digit: (u64, u64)) -> Affine {
    let mut search = Search::new(digit);
    search.read(entries);
    search.finish()
}

/// The search for a summand, by reading all entries of a window.
struct Search {
    /// The entry that is read next, the entry that is looked for, and all ones if its opposite is: in each
    /// of the four places.
    number: __m256i,
    index: __m256i,
    negative: __m256i,
    x: __m256i,
    y: __m256i,
}

impl Search {
    /// For what [`digit`](super::digit) gives.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new((index, negative): (u64, u64)) -> Self {
        let zero = _mm256_setzero_si256();
        let index = _mm256_set1_epi64x(index as i64);
        let negative = _mm256_set1_epi64x(ct::barrier((negative as i64).wrapping_neg()));
        Self { number: zero, index, negative, x: zero, y: zero }
    }

    /// Reads the entries that come next.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn read(&mut self, entries: &[Affine]) {
        for entry in entries {
            let found = _mm256_cmpeq_epi64(self.number, self.index);
            self.x = _mm256_or_si256(self.x, _mm256_and_si256(found, load(&entry.x)));
            self.y = _mm256_or_si256(self.y, _mm256_and_si256(found, load(&entry.y)));
            self.number = _mm256_add_epi64(self.number, _mm256_set1_epi64x(1));
        }
    }

    /// `product`, of which the compiler then believes that it was computed with what has been read so far: it
    /// would read everything at once, and have no registers for it.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn after(&mut self, mut product: FieldElement) -> FieldElement {
        // SAFETY: there is no instruction in it.
        unsafe {
            asm!(
                "/* {x} {y} {limb} */",
                x = inout(ymm_reg) self.x,
                y = inout(ymm_reg) self.y,
                limb = inout(reg) product.0[0],
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        product
    }

    /// The summand that was found.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn finish(self) -> Affine {
        // -y = (not y) + p + 1, and no point has y = 0.
        let negative = _mm256_extract_epi64::<0>(self.negative) as u64;
        let FieldElement([y0, y1, y2, y3]) = store(_mm256_xor_si256(self.y, self.negative));
        let (y1, c) = adc(y1, negative & 0xffff_ffff_0000_0001, false);
        let (y2, c) = adc(y2, negative, c);
        let (y3, _) = adc(y3, negative & 0xffff_fffe_ffff_ffff, c);
        Affine { x: store(self.x), y: FieldElement([y0, y1, y2, y3]) }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(element: &FieldElement) -> __m256i {
    // SAFETY: 32 bytes are read, those of `element`.
    unsafe { _mm256_loadu_si256((&raw const element.0).cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(vector: __m256i) -> FieldElement {
    let mut element = FieldElement::ZERO;
    // SAFETY: 32 bytes are written, those of `element`.
    unsafe { _mm256_storeu_si256((&raw mut element.0).cast(), vector) };
    element
}
