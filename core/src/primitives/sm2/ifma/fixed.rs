//! Multiples of points whose odd multiples stand in a table: the base point, and prepared public keys.
//!
//! In constant time: every entry of every window is read, and picked in registers.

use super::{
    digits::{Digits, Odd, OddLanes, windows},
    field::{self, Lanes, each_limb},
    points::{AffineLanes, ExtendedLanes},
    vector::{Eight, LaneMask, Vector, Words},
};
use crate::primitives::sm2::{
    field::FieldElement,
    point::{Affine, Jacobian},
};

/// For each window of W bits the ten limbs of x and y of its 2^(W-1) entries, eight to a row: entry j of
/// window i is [(2j + 1) 2^(W i)]P.
#[derive(Clone)]
pub(super) struct Table<const W: usize> {
    rows: Box<[Words]>,
}

impl<const W: usize> Table<W> {
    const ENTRIES: usize = 1 << (W - 1);
    /// The rows of one limb.
    const ROWS: usize = Self::ENTRIES / 8;
    const WINDOW_ROWS: usize = 10 * Self::ROWS;

    /// The table of `point`.
    pub(super) fn new(point: &Affine) -> Self {
        let mut rows = vec![Words([0; 8]); windows(W) * Self::WINDOW_ROWS];
        for (i, entry) in entries::<W>(point).iter().enumerate() {
            let (window, entry_number) = (i / Self::ENTRIES, i % Self::ENTRIES);
            let first = window * Self::WINDOW_ROWS + entry_number / 8;
            for (limb, word) in limbs_of(entry).enumerate() {
                rows[first + limb * Self::ROWS].0[entry_number % 8] = word;
            }
        }
        Self { rows: rows.into_boxed_slice() }
    }

    #[inline(always)]
    fn window(&self, window: usize) -> &[Words] {
        &self.rows[window * Self::WINDOW_ROWS..][..Self::WINDOW_ROWS]
    }

    /// The words of limb `i` that the digits name.
    #[inline(always)]
    fn pick(window: &[Words], i: usize, entry: Eight) -> Eight {
        let rows = &window[i * Self::ROWS..][..Self::ROWS];
        match Self::ROWS {
            1 => Eight::pick_of_8(entry, &rows[0]),
            2 => Eight::pick_of_16(entry, &rows[0], &rows[1]),
            4 => {
                let low = Eight::pick_of_16(entry, &rows[0], &rows[1]);
                let high = Eight::pick_of_16(entry, &rows[2], &rows[3]);
                Eight::select((entry & Eight::splat(16)).zero_mask(), low, high)
            }
            _ => unreachable!("windows have 4 to 6 bits"),
        }
    }

    /// The summand of one window for each lane's scalar.
    #[inline(always)]
    fn lookup(&self, window: usize, digits: &Digits<Eight>) -> AffineLanes<Eight> {
        let rows = self.window(window);
        let x = each_limb!(|I| Self::pick(rows, I, digits.entry));
        let y = each_limb!(|I| Self::pick(rows, I + 5, digits.entry));
        AffineLanes { x, y: negate_in(digits.negative, &y) }
    }

    /// [k]P for each lane's k.
    ///
    /// Partial sums S of the windows below i satisfy 0 < |S| < 2^(W i), as odd numbers, and the next
    /// summand is at least 2^(W i) in size: the two are never equal or opposite as integers, and only
    /// at the last window large enough to be so modulo n, for a few k. The result is then infinity.
    #[inline(always)]
    pub(super) fn multiply(&self, k: &OddLanes) -> ExtendedLanes<Eight> {
        let one = Lanes::broadcast(&FieldElement::ONE);
        let first = self.lookup(0, &k.digits::<W>(0));
        let mut sum = ExtendedLanes::from_affine(&first, &one);
        for window in 1..windows(W) {
            sum = sum.add_affine(&self.lookup(window, &k.digits::<W>(window)));
        }
        sum
    }
}

/// A table for one scalar alone, whose windows of 4 bits stand side by side in the lanes.
///
/// For each group of eight windows, and each of their 8 entries, the ten limbs of x and y: in lane l
/// those of [(2j + 1) 2^(4 (8 i + l))]P for entry j of group i. 40 KiB: it can stay in the nearest cache.
#[derive(Clone)]
pub(super) struct SplitTable {
    rows: Box<[Words]>,
}

impl SplitTable {
    const W: usize = 4;
    const ENTRIES: usize = 1 << (Self::W - 1);
    const GROUPS: usize = windows(Self::W) / 8;
    /// The rows of one entry of a group.
    const ENTRY_ROWS: usize = 10;
    const GROUP_ROWS: usize = Self::ENTRIES * Self::ENTRY_ROWS;

    /// The table of `point`.
    pub(super) fn new(point: &Affine) -> Self {
        let mut rows = vec![Words([0; 8]); Self::GROUPS * Self::GROUP_ROWS];
        for (i, entry) in entries::<{ Self::W }>(point).iter().enumerate() {
            let (window, entry_number) = (i / Self::ENTRIES, i % Self::ENTRIES);
            let first = window / 8 * Self::GROUP_ROWS + entry_number * Self::ENTRY_ROWS;
            for (row, word) in rows[first..].iter_mut().zip(limbs_of(entry)) {
                row.0[window % 8] = word;
            }
        }
        Self { rows: rows.into_boxed_slice() }
    }

    /// The summands of one group, by reading every entry.
    #[inline(always)]
    fn lookup(&self, group: usize, digits: &Digits<Eight>) -> AffineLanes<Eight> {
        let rows = &self.rows[group * Self::GROUP_ROWS..][..Self::GROUP_ROWS];
        let mut x = each_limb!(|I| Eight::load(&rows[I]));
        let mut y = each_limb!(|I| Eight::load(&rows[I + 5]));
        for entry in 1..Self::ENTRIES {
            let here = Eight::zero_mask(digits.entry ^ Eight::splat(entry as u64));
            let rows = &rows[entry * Self::ENTRY_ROWS..][..Self::ENTRY_ROWS];
            x = each_limb!(|I| Eight::select(here, Eight::load(&rows[I]), x.0[I]));
            y = each_limb!(|I| Eight::select(here, Eight::load(&rows[I + 5]), y.0[I]));
        }
        AffineLanes { x, y: negate_in(digits.negative, &y) }
    }

    /// [k]P for one k, as a sum over all lanes: lane l has the windows l, l + 8, l + 16 ….
    ///
    /// Windows of a lane are 8 apart, so that its partial sums, odd multiples of its first window's
    /// place, never meet the next summand but as said at [`Table::multiply`]. As integers, the sums of
    /// two sets of lanes are never equal or opposite either: they are odd multiples of different powers
    /// of 2. Modulo n they can be, for a few scalars.
    #[inline(always)]
    pub(super) fn multiply(&self, k: &Odd) -> ExtendedLanes<Eight> {
        // Loops, not folds: what is called through a closure would lack the CPU's features.
        let one = Lanes::broadcast(&FieldElement::ONE);
        let mut sum = ExtendedLanes::from_affine(&self.summand(0, k), &one);
        for group in 1..Self::GROUPS {
            sum = sum.add_affine(&self.summand(group, k));
        }
        sum
    }

    /// `sum` + [k]P, likewise.
    #[inline(always)]
    pub(super) fn add_to(&self, mut sum: ExtendedLanes<Eight>, k: &Odd) -> ExtendedLanes<Eight> {
        for group in 0..Self::GROUPS {
            sum = sum.add_affine(&self.summand(group, k));
        }
        sum
    }

    #[inline(always)]
    fn summand(&self, group: usize, k: &Odd) -> AffineLanes<Eight> {
        self.lookup(group, &k.digits::<{ Self::W }, _>(8 * group))
    }
}

/// Entry j of window i of a table of `point`, window by window: [(2j + 1) 2^(W i)]P.
fn entries<const W: usize>(point: &Affine) -> Vec<Affine> {
    let of_window = 1 << (W - 1);
    let mut points = Vec::with_capacity(windows(W) * of_window);
    let mut base = Jacobian::from_affine(point); // [2^(W i)]P
    for _ in 0..windows(W) {
        // Odd multiples below 2^W of a point of prime order: no two summands are equal or opposite.
        let doubled = base.double();
        points.push(base);
        for _ in 1..of_window {
            points.push(points[points.len() - 1].add(&doubled));
        }
        base = (1..W).fold(doubled, |base, _| base.double());
    }
    let mut entries = vec![*point; points.len()];
    Jacobian::to_affine_all(&points, &mut entries);
    entries
}

/// The limbs of x, then those of y.
fn limbs_of(entry: &Affine) -> impl Iterator<Item = u64> {
    field::from_field(&entry.x).into_iter().chain(field::from_field(&entry.y))
}

/// p - y in the lanes of the mask, y in the others. y is at most p.
#[inline(always)]
fn negate_in(mask: LaneMask, y: &Lanes<Eight>) -> Lanes<Eight> {
    Lanes::select(mask, &y.negated::<1>(), y).normalise()
}
