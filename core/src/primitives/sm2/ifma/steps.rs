//! Long steps, each a function that is called: with all of `points` put in place, the code of an operation
//! would be many times as large as a processor's cache of instructions. A call moves its arguments through
//! memory, which these steps are long enough for.

use super::{
    digits::Odd,
    fixed::SplitTable,
    points::{Doubling, ExtendedLanes, JacobianLanes, Wanted},
    vector::{Eight, Vector},
};

/// [`SplitTable::add_groups`].
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
#[inline(never)]
pub(super) fn add_groups(
    table: &SplitTable,
    sum: &mut ExtendedLanes<Eight>,
    k: &Odd,
    first: usize,
) {
    table.add_groups(sum, k, first);
}

/// [`ExtendedLanes::sum_lanes`].
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
#[inline(never)]
pub(super) fn sum_lanes<V: Vector>(sum: &mut ExtendedLanes<V>, lanes: usize, wanted: Wanted) {
    sum.sum_lanes(lanes, wanted);
}

/// [`JacobianLanes::add`].
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
#[inline(never)]
pub(super) fn add<V: Vector>(a: &JacobianLanes<V>, b: &JacobianLanes<V>) -> JacobianLanes<V> {
    a.add(b)
}

/// [`JacobianLanes::double`], so many times.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512ifma")]
#[inline(never)]
pub(super) fn double<V: Vector>(point: &JacobianLanes<V>, times: usize) -> JacobianLanes<V> {
    let mut point = *point;
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
    for _ in 0..times {
        point = point.double();
    }
    point
}
