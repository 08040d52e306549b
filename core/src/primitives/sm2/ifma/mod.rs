//! The curve's arithmetic on lanes of AVX-512 IFMA: eight scalars at once, or the windows of one scalar
//! spread over eight lanes or four.
//!
//! The sums of a few scalars meet equal or opposite points on their way and come out as infinity. Nobody
//! hits upon one by chance; whoever chooses such a scalar gets its multiple from the portable arithmetic
//! ([`backend`](super::backend)), and time then tells that it was one of them.

#![allow(unsafe_code, reason = "kernels are entered with a proof of the CPU's features")]

mod digits;
mod field;
mod fixed;
mod points;
mod steps;
mod variable;
mod vector;

use std::sync::{LazyLock, OnceLock};

use zeroize::{Zeroize, Zeroizing};

use self::{
    digits::{Odd, OddLanes},
    field::Lanes,
    fixed::{SplitTable, Table},
    points::{ExtendedLanes, Wanted},
    vector::{Eight, Four, LaneMask, Vector},
};
use super::{
    field::FieldElement,
    point::{Affine, Extended, Fraction},
    scalar::Scalar,
};
use crate::primitives::{cpu::Ifma, ct};

const LANES: usize = 8;

/// The tables of a prepared key.
#[derive(Clone)]
pub(super) struct KeyTable {
    /// Of the base point and of this one.
    split: SplitTable<4>,
    /// For eight scalars, made when it is first needed.
    wide: OnceLock<Table<5>>,
    point: Affine,
}

impl KeyTable {
    pub(super) fn new(point: &Affine) -> Self {
        Self { split: SplitTable::of_two(&BASE_SPLIT, point), wide: OnceLock::new(), point: *point }
    }

    fn wide(&self) -> &Table<5> {
        self.wide.get_or_init(|| Table::new(&self.point))
    }

    pub(super) const fn point(&self) -> &Affine {
        &self.point
    }
}

/// The base point's table for eight scalars: 108 KiB.
static BASE: LazyLock<Table<6>> = LazyLock::new(|| Table::new(&Affine::GENERATOR));

/// The base point's table for one scalar.
static BASE_SPLIT: LazyLock<SplitTable<8>> =
    LazyLock::new(|| SplitTable::of_one(&Affine::GENERATOR));

/// [k]G, k in [1, n-1]; infinity for a few.
pub(super) fn multiply_base(_: Ifma, k: &Scalar) -> Extended {
    // SAFETY: the CPU has the features, as the first argument proves.
    unsafe { fixed_split(k, &BASE_SPLIT) }
}

/// The x-coordinate of [k]G, k in [1, n-1]; infinity for a few.
pub(super) fn multiply_base_for_x(_: Ifma, k: &Scalar) -> Fraction {
    // SAFETY: as above.
    unsafe { fixed_split_for_x(k, &BASE_SPLIT) }
}

/// [k]G, and [k]P by the table of P, likewise.
pub(super) fn multiply_base_and_key(_: Ifma, table: &KeyTable, k: &Scalar) -> [Extended; 2] {
    // SAFETY: as above.
    unsafe { fixed_split_of_two(k, &table.split) }
}

/// [k]P, likewise.
pub(super) fn multiply(_: Ifma, k: &Scalar, point: &Affine) -> Extended {
    // SAFETY: as above.
    unsafe { variable_split::<Eight>(k, point) }
}

/// The same in four lanes.
pub(super) fn multiply_in_four(_: Ifma, k: &Scalar, point: &Affine) -> Extended {
    // SAFETY: as above.
    unsafe { variable_split::<Four>(k, point) }
}

/// [s]G + [t]P, s and t in [1, n-1]; infinity where the sum is, and for a few more.
pub(super) fn double_multiply(_: Ifma, s: &Scalar, t: &Scalar, point: &Affine) -> Extended {
    // SAFETY: as above.
    unsafe { double_split::<Eight>(s, t, point) }
}

/// The same with [t]P in four lanes.
pub(super) fn double_multiply_in_four(_: Ifma, s: &Scalar, t: &Scalar, point: &Affine) -> Extended {
    // SAFETY: as above.
    unsafe { double_split::<Four>(s, t, point) }
}

/// The same by the table of P.
pub(super) fn double_multiply_key(_: Ifma, table: &KeyTable, s: &Scalar, t: &Scalar) -> Extended {
    // SAFETY: as above.
    unsafe { double_fixed_split(s, t, &table.split) }
}

/// [k]G for each k in [1, n-1]; `None` for a few.
pub(super) fn multiply_base_all(cpu: Ifma, scalars: &[Scalar]) -> Vec<Option<Affine>> {
    // SAFETY: as above.
    in_groups(cpu, scalars.len(), |at| unsafe { fixed_lanes(&at.map(|i| scalars[i]), &BASE) })
}

/// [k]P by the table of P for each k, likewise.
pub(super) fn multiply_key_all(
    cpu: Ifma,
    table: &KeyTable,
    scalars: &[Scalar],
) -> Vec<Option<Affine>> {
    // SAFETY: as above.
    in_groups(cpu, scalars.len(), |at| unsafe {
        fixed_lanes(&at.map(|i| scalars[i]), table.wide())
    })
}

/// [k]P for each k and its P, likewise.
pub(super) fn multiply_all(cpu: Ifma, inputs: &[(Scalar, Affine)]) -> Vec<Option<Affine>> {
    in_groups(cpu, inputs.len(), |at| {
        // SAFETY: as above.
        unsafe { variable_lanes(&at.map(|i| inputs[i].0), &at.map(|i| inputs[i].1)) }
    })
}

/// [s]G + [t]P for each of eight triples, s and t in [1, n-1]; infinity where the sum is, and for a few
/// more.
pub(super) fn double_multiply_lanes(
    _: Ifma,
    s: &[Scalar; LANES],
    t: &[Scalar; LANES],
    points: &[Affine; LANES],
) -> [Extended; LANES] {
    // SAFETY: as above.
    unsafe { double_lanes(s, t, points) }
}

/// The same for one P by its table.
pub(super) fn double_multiply_key_lanes(
    _: Ifma,
    table: &KeyTable,
    s: &[Scalar; LANES],
    t: &[Scalar; LANES],
) -> [Extended; LANES] {
    // SAFETY: as above.
    unsafe { double_fixed_lanes(s, t, table.wide()) }
}

// In all of these the scalars come before the tables: the analysis of machine code goes by their numbers.

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn fixed_split(k: &Scalar, table: &SplitTable<8>) -> Extended {
    to_point(&mut multiply_split(k, table))
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn fixed_split_for_x(k: &Scalar, table: &SplitTable<8>) -> Fraction {
    let mut lanes = multiply_split(k, table);
    let mut sum = steps::sum_of_lanes(&lanes, LANES, Wanted::X);
    let [numerator, _, denominator] = sum.first_elements();
    lanes.zeroize();
    sum.zeroize();
    Fraction { numerator, denominator }
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn fixed_split_of_two(k: &Scalar, table: &SplitTable<4>) -> [Extended; 2] {
    let k = Odd::new(k);
    let mut lanes = steps::multiply([&k, &k], table);
    let mut sums = steps::sum_of_lanes(&lanes, LANES / 2, Wanted::All);
    let [x, y, zz, zzz, x2, y2, zz2, zzz2] = sums.first_elements();
    lanes.zeroize();
    sums.zeroize();
    [Extended { x, y, zz, zzz }, Extended { x: x2, y: y2, zz: zz2, zzz: zzz2 }]
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn variable_split<V: Vector>(k: &Scalar, point: &Affine) -> Extended {
    to_point(&mut variable::multiply_split::<V>(&Odd::new(k), point))
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn double_split<V: Vector>(s: &Scalar, t: &Scalar, point: &Affine) -> Extended {
    let mut base = multiply_split(s, &BASE_SPLIT);
    // Of eight lanes, sums over four.
    if V::LANES < LANES {
        base.add_across(V::LANES);
    }
    to_point(&mut base.first_lanes::<V>().add(&variable::multiply_split(&Odd::new(t), point)))
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn double_fixed_split(s: &Scalar, t: &Scalar, table: &SplitTable<4>) -> Extended {
    to_point(&mut steps::multiply([&Odd::new(s), &Odd::new(t)], table))
}

/// [k]P as a sum over all lanes.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn multiply_split(k: &Scalar, table: &SplitTable<8>) -> ExtendedLanes<Eight> {
    let k = Odd::new(k);
    steps::multiply([&k, &k], table)
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn fixed_lanes<const W: usize>(k: &[Scalar; LANES], table: &Table<W>) -> ExtendedLanes<Eight> {
    table.multiply(&OddLanes::new(k))
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn variable_lanes(k: &[Scalar; LANES], points: &[Affine; LANES]) -> ExtendedLanes<Eight> {
    variable::multiply(&OddLanes::new(k), points).to_extended()
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn double_lanes(
    s: &[Scalar; LANES],
    t: &[Scalar; LANES],
    points: &[Affine; LANES],
) -> [Extended; LANES] {
    let sum = variable_lanes(t, points);
    to_points(&fixed_lanes(s, &BASE).add(&sum))
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn double_fixed_lanes(
    s: &[Scalar; LANES],
    t: &[Scalar; LANES],
    table: &Table<5>,
) -> [Extended; LANES] {
    let sum = fixed_lanes(t, table);
    to_points(&fixed_lanes(s, &BASE).add(&sum))
}

/// The sum of all lanes, which are then overwritten.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn to_point<V: Vector>(lanes: &mut ExtendedLanes<V>) -> Extended {
    let mut sum = steps::sum_of_lanes(lanes, V::LANES, Wanted::All);
    let [x, y, zz, zzz] = sum.first_elements();
    lanes.zeroize();
    sum.zeroize();
    Extended { x, y, zz, zzz }
}

#[inline(always)]
fn to_points(sum: &ExtendedLanes<Eight>) -> [Extended; LANES] {
    let (x, y): ([_; LANES], [_; LANES]) = (sum.x.first_elements(), sum.y.first_elements());
    let (zz, zzz): ([_; LANES], [_; LANES]) = (sum.zz.first_elements(), sum.zzz.first_elements());
    std::array::from_fn(|i| Extended { x: x[i], y: y[i], zz: zz[i], zzz: zzz[i] })
}

/// The affine forms of `count` points, with a single inversion (Montgomery's trick); `None` for infinity.
/// `kernel` computes the points of eight numbers below `count`, of which the last may come again.
fn in_groups(
    _: Ifma,
    count: usize,
    kernel: impl Fn([usize; LANES]) -> ExtendedLanes<Eight>,
) -> Vec<Option<Affine>> {
    let firsts = (0..count).step_by(LANES);
    let at = |first: usize| std::array::from_fn(|lane| (first + lane).min(count - 1));
    let groups = firsts.map(|first| kernel(at(first)));
    let groups: Zeroizing<Vec<ExtendedLanes<Eight>>> = Zeroizing::new(groups.collect());
    let steps = groups.iter().map(|group| Step { before: group.zzz, zzz: group.zzz, infinite: 0 });
    let mut steps: Zeroizing<Vec<Step>> = Zeroizing::new(steps.collect());
    let zero = Affine { x: FieldElement::ZERO, y: FieldElement::ZERO };
    let mut points = Zeroizing::new(vec![[zero; LANES]; groups.len()]);
    // SAFETY: the CPU has the features, as the first argument proves.
    unsafe { to_affine(&groups, &mut steps, &mut points) };
    let points = points.iter().zip(&*steps).flat_map(|(points, step)| {
        // That a point is infinity is public: see the beginning of this module.
        let infinite = ct::declassify(step.infinite);
        std::array::from_fn::<_, LANES, _>(|lane| {
            (infinite >> lane & 1 == 0).then_some(points[lane])
        })
    });
    let mut affine = Vec::with_capacity(count);
    affine.extend(points.take(count));
    affine
}

/// What is kept of a group between the two passes over all.
#[derive(Zeroize)]
struct Step {
    /// The product of all ZZZ before this group.
    before: Lanes<Eight>,
    /// Its own ZZZ, or 1.
    zzz: Lanes<Eight>,
    /// The lanes that are infinity.
    infinite: LaneMask,
}

/// The affine forms of all groups, and in `steps` which of them are infinity. All three have one length.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
fn to_affine(groups: &[ExtendedLanes<Eight>], steps: &mut [Step], points: &mut [[Affine; LANES]]) {
    let one = Lanes::broadcast(&FieldElement::ONE);
    let mut product = one;
    for (group, step) in groups.iter().zip(&mut *steps) {
        step.infinite = group.zzz.zero_mask();
        step.zzz = Lanes::select(step.infinite, &one, &group.zzz);
        step.before = product;
        product = product.multiply(&step.zzz);
    }
    let mut products = product.first_elements::<LANES>();
    let mut inverses = FieldElement::invert_all(&products);
    let mut inverse = Lanes::from_elements(&inverses);
    products.zeroize();
    inverses.zeroize();
    for ((group, step), points) in groups.iter().zip(&*steps).zip(points).rev() {
        let zzz_inverse = inverse.multiply(&step.before);
        inverse = inverse.multiply(&step.zzz);
        // ZZ / ZZZ = 1/Z.
        let zz_inverse = group.zz.multiply(&zzz_inverse).square();
        let x = group.x.multiply(&zz_inverse).first_elements::<LANES>();
        let y = group.y.multiply(&zzz_inverse).first_elements::<LANES>();
        for lane in 0..LANES {
            points[lane] = Affine { x: x[lane], y: y[lane] };
        }
    }
}

#[cfg(test)]
mod tests;
