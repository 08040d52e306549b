//! Long steps, each a function that is called: with all of `points` put in place, the code of an operation
//! would be many times as large as a processor's cache of instructions. A call moves its arguments through
//! memory, which these steps are long enough for.

use super::{
    digits::Odd,
    field::Lanes,
    fixed::SplitTable,
    points::{Doubling, ExtendedLanes, JacobianLanes, Wanted},
    vector::{Eight, Vector},
};
use crate::primitives::align::align_code;

/// [`SplitTable::multiply`].
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
#[inline(never)]
pub(super) fn multiply<const EACH: usize>(
    scalars: [&Odd; 2],
    table: &SplitTable<EACH>,
) -> ExtendedLanes<Eight> {
    table.multiply(scalars)
}

/// [`ExtendedLanes::sum_of_lanes`].
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
#[inline(never)]
pub(super) fn sum_of_lanes<V: Vector>(
    sum: &ExtendedLanes<V>,
    lanes: usize,
    wanted: Wanted,
) -> Lanes<V> {
    align_code();
    sum.sum_of_lanes(lanes, wanted)
}

/// [`JacobianLanes::add`].
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
#[inline(never)]
pub(super) fn add<V: Vector>(a: &JacobianLanes<V>, b: &JacobianLanes<V>) -> JacobianLanes<V> {
    align_code();
    a.add(b)
}

/// [`JacobianLanes::double`], so many times.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
#[inline(never)]
pub(super) fn double<V: Vector>(point: &JacobianLanes<V>, times: usize) -> JacobianLanes<V> {
    let mut point = *point;
    align_code();
    for _ in 0..times {
        point = point.double();
    }
    point
}

/// [`Doubling::double`], so many times.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
#[inline(never)]
pub(super) fn double_on<V: Vector>(point: &Doubling<V>, times: usize) -> Doubling<V> {
    let mut point = *point;
    align_code();
    for _ in 0..times {
        point = point.double();
    }
    point
}
