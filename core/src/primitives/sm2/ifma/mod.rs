//! The curve's arithmetic on eight lanes of AVX-512 IFMA: eight scalars at once, or one scalar's windows
//! spread over the lanes. The digits are those of [`comb`](super::comb).

#![allow(unsafe_code, reason = "kernels are entered with a proof of the CPU's features")]

mod field;
mod points;

use std::{
    arch::x86_64::{
        __m512i, _mm512_and_si512, _mm512_cmpeq_epi64_mask, _mm512_mask_mov_epi64,
        _mm512_mask_xor_epi64, _mm512_or_si512, _mm512_permutex2var_epi64, _mm512_set1_epi64,
        _mm512_setzero_si512, _mm512_shuffle_i64x2, _mm512_sllv_epi64, _mm512_srlv_epi64,
        _mm512_testn_epi64_mask, _mm512_unpackhi_epi64,
    },
    sync::LazyLock,
};

use self::{
    field::{Lanes, Words, each_limb},
    points::{AffineLanes, ExtendedLanes, JacobianLanes},
};
use super::{
    comb::{self, BASE, ENTRIES, TOP, WINDOWS},
    field::FieldElement,
    point::{Affine, Extended},
    scalar::Scalar,
};
use crate::primitives::cpu::Ifma;

const LANES: usize = 8;

/// For each window the ten limbs of x and y, and for each limb its value in the sixteen entries.
type Table = [[[Words; 2]; 10]; WINDOWS];

static TABLE: LazyLock<Box<Table>> = LazyLock::new(|| {
    let mut table = vec![[[Words([0; 8]); 2]; 10]; WINDOWS];
    for (window, limbs) in table.iter_mut().enumerate() {
        for (entry, point) in BASE[window * ENTRIES..][..ENTRIES].iter().enumerate() {
            let (x, y) = (field::from_field(&point.x), field::from_field(&point.y));
            for (words, limb) in limbs.iter_mut().zip(x.into_iter().chain(y)) {
                words[entry / LANES].0[entry % LANES] = limb;
            }
        }
    }
    let Ok(table) = table.into_boxed_slice().try_into() else { unreachable!("WINDOWS windows") };
    table
});

/// Odd scalars below 2^256 as `limbs[i]` = limb i of all lanes.
struct Scalars {
    limbs: [__m512i; 4],
}

/// One digit per lane: the entry of the table, and a mask of the lanes whose digit is negative.
struct Digits {
    index: __m512i,
    negative: u8,
}

/// The sum of the windows and of [2^255]G for each of eight odd scalars, in constant time. For the one
/// scalar for which the last addition meets equal points the result is infinity.
pub(super) fn multiply_base(_: Ifma, scalars: &[Scalar; LANES]) -> [Extended; LANES] {
    // SAFETY: the CPU has the features, as the first argument proves.
    unsafe { multiply_base_lanes(&TABLE, scalars) }
}

/// As [`multiply_base`], for one scalar.
pub(super) fn multiply_base_single(_: Ifma, scalar: &Scalar) -> Extended {
    // SAFETY: the CPU has the features, as the first argument proves.
    unsafe { multiply_base_split(&TABLE, scalar) }
}

/// [s]G + [t]P for each of eight triples; s and t are odd. Where additions meet equal or opposite points
/// the result is infinity, as it is where the sum is.
pub(super) fn double_multiply(
    _: Ifma,
    s: &[Scalar; LANES],
    t: &[Scalar; LANES],
    points: &[Affine; LANES],
) -> [Extended; LANES] {
    // SAFETY: the CPU has the features, as the first argument proves.
    unsafe { double_multiply_lanes(&TABLE, s, t, points) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn multiply_base_lanes(table: &Table, scalars: &[Scalar; LANES]) -> [Extended; LANES] {
    to_points(&base_sum(table, &Scalars::new(scalars)))
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn base_sum(table: &Table, k: &Scalars) -> ExtendedLanes {
    let one = Lanes::broadcast(&FieldElement::ONE);
    let mut sum = ExtendedLanes::from_affine(&lookup(&table[0], &k.digits(0)), &one);
    for (window, entries) in table.iter().enumerate().skip(1) {
        sum = sum.add_affine(&lookup(entries, &k.digits(window)));
    }
    sum.add_affine(&broadcast(&BASE[TOP]))
}

/// Lane l sums the windows l, l + 8, l + 16 …; then the lanes are added up in three steps.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn multiply_base_split(table: &Table, k: &Scalar) -> Extended {
    let one = Lanes::broadcast(&FieldElement::ONE);
    let mut sum = ExtendedLanes::from_affine(&lookup_split(&table[..LANES], k, 0), &one);
    for (round, windows) in table.chunks(LANES).enumerate().skip(1) {
        let next = sum.add_affine(&lookup_split(windows, k, LANES * round));
        // The last round has windows for some lanes only.
        let live = u8::MAX >> (LANES - windows.len());
        sum = ExtendedLanes::select(live, &next, &sum);
    }
    // Windows of a lane are 8 apart, so its partial sums never meet the next summand; the sums of lanes
    // differ in their lowest digit's place, and are less than 2^255 together.
    macro_rules! fold {
        (|$limb:ident| $swap:expr) => {{
            macro_rules! swapped {
                ($lanes:expr) => {
                    each_limb!(|I| {
                        let $limb = $lanes.0[I];
                        $swap
                    })
                };
            }
            let other = ExtendedLanes {
                x: swapped!(sum.x),
                y: swapped!(sum.y),
                zz: swapped!(sum.zz),
                zzz: swapped!(sum.zzz),
            };
            sum = sum.add(&other);
        }};
    }
    fold!(|limb| _mm512_shuffle_i64x2::<0b11_10_11_10>(limb, limb));
    fold!(|limb| _mm512_shuffle_i64x2::<0b01_01_01_01>(limb, limb));
    fold!(|limb| _mm512_unpackhi_epi64(limb, limb));
    to_points(&sum.add_affine(&broadcast(&BASE[TOP])))[0]
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn double_multiply_lanes(
    table: &Table,
    s: &[Scalar; LANES],
    t: &[Scalar; LANES],
    points: &[Affine; LANES],
) -> [Extended; LANES] {
    let first = JacobianLanes {
        x: Lanes::from_elements(&points.map(|point| point.x)),
        y: Lanes::from_elements(&points.map(|point| point.y)),
        z: Lanes::broadcast(&FieldElement::ONE),
    };
    let doubled = first.double();
    let mut multiples = [first; ENTRIES];
    for i in 1..ENTRIES {
        multiples[i] = multiples[i - 1].add(&doubled);
    }
    // From the highest digit, 1, down: sum = 32 sum + d.
    let t = Scalars::new(t);
    let mut sum = first;
    for window in (0..WINDOWS).rev() {
        for _ in 0..5 {
            sum = sum.double();
        }
        sum = sum.add(&select(&multiples, &t.digits(window)));
    }
    to_points(&base_sum(table, &Scalars::new(s)).add(&sum.to_extended()))
}

impl Scalars {
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    fn new(scalars: &[Scalar; LANES]) -> Self {
        let limb = |i: usize| Words(scalars.map(|scalar| scalar.0[i]));
        Self { limbs: [limb(0).load(), limb(1).load(), limb(2).load(), limb(3).load()] }
    }

    /// See [`comb::digit`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    fn digits(&self, window: usize) -> Digits {
        let bit = 5 * window + 1;
        let (limb, shift) = (bit / 64, bit as i64 % 64);
        let low = _mm512_srlv_epi64(self.limbs[limb], _mm512_set1_epi64(shift));
        // A shift by 64 gives 0.
        let next = self.limbs.get(limb + 1).copied().unwrap_or(_mm512_setzero_si512());
        let high = _mm512_sllv_epi64(next, _mm512_set1_epi64(64 - shift));
        let w = _mm512_and_si512(_mm512_or_si512(low, high), _mm512_set1_epi64(31));
        let negative = _mm512_testn_epi64_mask(w, _mm512_set1_epi64(16));
        let index = _mm512_mask_xor_epi64(w, negative, w, _mm512_set1_epi64(15));
        Digits { index: _mm512_and_si512(index, _mm512_set1_epi64(15)), negative }
    }
}

/// The table's entries of one window for all lanes: every entry is read, and picked in registers.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn lookup(window: &[[Words; 2]; 10], digits: &Digits) -> AffineLanes {
    macro_rules! pick {
        ($i:expr) => {{
            let [low, high] = &window[$i];
            _mm512_permutex2var_epi64(low.load(), digits.index, high.load())
        }};
    }
    let (x, y) = (each_limb!(|I| pick!(I)), each_limb!(|I| pick!(I + 5)));
    AffineLanes { x, y: negate_if::<1>(digits.negative, &y) }
}

/// Entries of several windows, one window for each lane: every entry of every window is read.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn lookup_split(windows: &[[[Words; 2]; 10]], k: &Scalar, first: usize) -> AffineLanes {
    let mut index = Words([0; 8]);
    let mut negative = 0;
    for lane in 0..windows.len() {
        let (entry, sign) = comb::digit(k, first + lane);
        index.0[lane] = entry;
        negative |= (sign as u8) << lane;
    }
    let index = index.load();
    let zero = _mm512_setzero_si512();
    let (mut x, mut y) = (Lanes([zero; 5]), Lanes([zero; 5]));
    for (lane, window) in windows.iter().enumerate() {
        let lane = 1 << lane;
        macro_rules! pick {
            ($into:expr, $i:expr) => {{
                let [low, high] = &window[$i];
                let picked = _mm512_permutex2var_epi64(low.load(), index, high.load());
                _mm512_mask_mov_epi64($into, lane, picked)
            }};
        }
        x = each_limb!(|I| pick!(x.0[I], I));
        y = each_limb!(|I| pick!(y.0[I], I + 5));
    }
    AffineLanes { x, y: negate_if::<1>(negative, &y) }
}

/// `multiples[index]` of each lane, by reading them all.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn select(multiples: &[JacobianLanes; ENTRIES], digits: &Digits) -> JacobianLanes {
    let mut found = multiples[0];
    for (entry, multiple) in (0i64..).zip(multiples).skip(1) {
        let mask = _mm512_cmpeq_epi64_mask(digits.index, _mm512_set1_epi64(entry));
        found.x = Lanes::select(mask, &multiple.x, &found.x);
        found.y = Lanes::select(mask, &multiple.y, &found.y);
        found.z = Lanes::select(mask, &multiple.z, &found.z);
    }
    JacobianLanes { y: negate_if::<5>(digits.negative, &found.y), ..found }
}

/// M p - y in the lanes of the mask, y in the others. y is at most M p.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn negate_if<const M: u64>(mask: u8, y: &Lanes) -> Lanes {
    let zero = Lanes([_mm512_setzero_si512(); 5]);
    Lanes::select(mask, &zero.sub::<M>(y), y)
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn broadcast(point: &Affine) -> AffineLanes {
    AffineLanes { x: Lanes::broadcast(&point.x), y: Lanes::broadcast(&point.y) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn to_points(lanes: &ExtendedLanes) -> [Extended; LANES] {
    let (x, y) = (lanes.x.to_elements(), lanes.y.to_elements());
    let (zz, zzz) = (lanes.zz.to_elements(), lanes.zzz.to_elements());
    let zero = FieldElement::ZERO;
    let mut points = [Extended { x: zero, y: zero, zz: zero, zzz: zero }; LANES];
    for (i, point) in points.iter_mut().enumerate() {
        *point = Extended { x: x[i], y: y[i], zz: zz[i], zzz: zzz[i] };
    }
    points
}

#[cfg(test)]
mod tests;
