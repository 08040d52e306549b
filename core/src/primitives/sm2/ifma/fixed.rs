//! Multiples of points whose odd multiples stand in a table: the base point, and prepared public keys.
//!
//! In constant time: every entry of every window is read, and picked in registers.

use super::{
    digits::{Digits, Odd, OddLanes, windows},
    field::{self, Lanes, Sum, Summand as _, each_limb},
    points::{AffineLanes, Beside, ExtendedLanes},
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
        for (i, entry) in entries::<W>(point, windows(W)).iter().enumerate() {
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
        let y = each_limb!(Sum, |I| Self::pick(rows, I + 5, digits.entry));
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

/// A table for one scalar alone, whose windows of 5 bits stand side by side in the lanes.
///
/// For each group of eight windows, and each of their 16 entries, the ten limbs of x and y: in lane l
/// those of [(2j + 1) 2^(5 (8 i + l))]P for entry j of group i. 70 KiB: with a sixth bit there would be an
/// addition less, and twice as much to read.
#[derive(Clone)]
pub(super) struct SplitTable {
    rows: Box<[Words]>,
}

impl SplitTable {
    const W: usize = 5;
    const ENTRIES: usize = 1 << (Self::W - 1);
    const GROUPS: usize = windows(Self::W).div_ceil(8);
    /// As many as the groups have lanes: 280 bits.
    const WINDOWS: usize = 8 * Self::GROUPS;
    /// The rows of one entry of a group.
    const ENTRY_ROWS: usize = 10;
    const GROUP_ROWS: usize = Self::ENTRIES * Self::ENTRY_ROWS;

    /// The table of `point`.
    pub(super) fn new(point: &Affine) -> Self {
        let mut rows = vec![Words([0; 8]); Self::GROUPS * Self::GROUP_ROWS];
        let entries = entries::<{ Self::W }>(point, Self::WINDOWS);
        for (i, entry) in entries.iter().enumerate() {
            let (window, entry_number) = (i / Self::ENTRIES, i % Self::ENTRIES);
            let first = window / 8 * Self::GROUP_ROWS + entry_number * Self::ENTRY_ROWS;
            for (row, word) in rows[first..].iter_mut().zip(limbs_of(entry)) {
                row.0[window % 8] = word;
            }
        }
        Self { rows: rows.into_boxed_slice() }
    }

    /// The summands of windows 0 to 7 of k.
    #[inline(always)]
    pub(super) fn first_group(&self, k: &Odd) -> ExtendedLanes<Eight> {
        let one = Lanes::broadcast(&FieldElement::ONE);
        ExtendedLanes::from_affine(&self.lookup(0, k).at_once(), &one)
    }

    /// Adds the groups from `first` to `sum`: those of k after the first, or all of another scalar.
    #[inline(always)]
    pub(super) fn add_groups(&self, sum: &mut ExtendedLanes<Eight>, k: &Odd, first: usize) {
        let mut summand = self.lookup(first, k).at_once();
        // A loop, not a fold: what is called through a closure would lack the CPU's features.
        for group in first..Self::GROUPS {
            // After the last comes the first again, which is not used.
            let mut next = self.lookup((group + 1) % Self::GROUPS, k);
            *sum = sum.add_affine_beside(&summand, &mut next);
            summand = next.found();
        }
    }

    #[inline(always)]
    fn lookup(&self, group: usize, k: &Odd) -> Lookup<'_> {
        let Digits { entry, negative } =
            k.digits::<{ Self::W }, { Self::WINDOWS }, Eight>(8 * group);
        let bits = [
            !(entry & Eight::splat(1)).zero_mask(),
            !(entry & Eight::splat(2)).zero_mask(),
            !(entry & Eight::splat(4)).zero_mask(),
            !(entry & Eight::splat(8)).zero_mask(),
        ];
        let rows = &self.rows[group * Self::GROUP_ROWS..][..Self::GROUP_ROWS];
        Lookup { rows, bits, negative, limbs: [Words([0; 8]); 10] }
    }
}

/// The search for the summands of one group, which reads every entry: a step for each of the ten limbs.
struct Lookup<'t> {
    rows: &'t [Words],
    /// The lanes whose entry's number has bit 0, 1, 2, 3.
    bits: [LaneMask; 4],
    negative: LaneMask,
    limbs: [Words; 10],
}

impl Beside<Eight> for Lookup<'_> {
    #[inline(always)]
    fn step(&mut self, i: usize, here: &mut Eight) {
        let mut limb = self.limb(i);
        Eight::in_order(&mut limb, here);
        self.limbs[i] = limb.store();
    }
}

impl Lookup<'_> {
    /// What was found in ten steps.
    #[inline(always)]
    fn found(&self) -> AffineLanes<Eight> {
        let x = each_limb!(|I| Eight::load(&self.limbs[I]));
        let y = each_limb!(Sum, |I| Eight::load(&self.limbs[I + 5]));
        AffineLanes { x, y: negate_in(self.negative, &y) }
    }

    /// The same at once.
    #[inline(always)]
    fn at_once(&self) -> AffineLanes<Eight> {
        let x = each_limb!(|I| self.limb(I));
        let y = each_limb!(Sum, |I| self.limb(I + 5));
        AffineLanes { x, y: negate_in(self.negative, &y) }
    }

    // Functions, not closures, which would lack the CPU's features.
    #[inline(always)]
    fn limb(&self, i: usize) -> Eight {
        let lower = self.of_8(i, 0);
        Eight::select(self.bits[3], self.of_8(i, 8), lower)
    }

    /// Limb `i` of one of the eight entries from `first`.
    #[inline(always)]
    fn of_8(&self, i: usize, first: usize) -> Eight {
        let lower = self.of_4(i, first);
        Eight::select(self.bits[2], self.of_4(i, first + 4), lower)
    }

    #[inline(always)]
    fn of_4(&self, i: usize, first: usize) -> Eight {
        let lower = self.of_2(i, first);
        Eight::select(self.bits[1], self.of_2(i, first + 2), lower)
    }

    #[inline(always)]
    fn of_2(&self, i: usize, first: usize) -> Eight {
        let row = SplitTable::ENTRY_ROWS * first + i;
        let lower = Eight::load(&self.rows[row]);
        Eight::select(self.bits[0], Eight::load(&self.rows[row + SplitTable::ENTRY_ROWS]), lower)
    }
}

/// Entry j of window i of a table of `point`, for so many windows: [(2j + 1) 2^(W i)]P.
fn entries<const W: usize>(point: &Affine, windows: usize) -> Vec<Affine> {
    let of_window = 1 << (W - 1);
    let mut points = Vec::with_capacity(windows * of_window);
    let mut base = Jacobian::from_affine(point); // [2^(W i)]P
    for _ in 0..windows {
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
fn negate_in(mask: LaneMask, y: &Sum<Eight>) -> Lanes<Eight> {
    Sum::select(mask, &y.negated::<1>(), y).normalise()
}
