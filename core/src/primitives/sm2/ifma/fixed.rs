//! Multiples of points whose odd multiples stand in a table: the base point, and prepared public keys.
//!
//! In constant time: every entry of every window is read, and picked in registers.

use super::{
    digits::{Digits, Groups, Odd, OddLanes, windows},
    field::{self, Lanes, Sum, Summand as _, each_limb},
    points::{AffineLanes, Beside, ExtendedLanes},
    vector::{Eight, LaneMask, Vector, Words},
};
use crate::primitives::{
    align::align_code,
    sm2::{comb::odd_multiples, field::FieldElement, point::Affine},
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
        for (i, entry) in odd_multiples::<W>(point, windows(W)).iter().enumerate() {
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

/// A table for a single multiple, whose windows of 5 bits stand side by side in the lanes: those of one
/// point in all EACH = 8 lanes, or those of two points in EACH = 4 lanes each.
///
/// For each group of EACH windows x and y, in four words of 64 bits each, of their 16 entries: a row for each
/// entry's word 0, then for each entry's word 1 …. In lane l is that of [(2j + 1) 2^(5 w)]P for entry j of
/// window w = EACH i + l mod EACH of group i, P being the lane's point. One point takes 56 KiB, two take 104:
/// with a sixth bit there would be an addition less, or two, and most of twice as much to read.
#[derive(Clone)]
pub(super) struct SplitTable<const EACH: usize> {
    rows: Box<[Words]>,
}

/// The bits of a split table's windows, and the entries of each.
const SPLIT_W: usize = 5;
const SPLIT_ENTRIES: usize = 1 << (SPLIT_W - 1);
/// The words of an entry, and the rows of a group.
const ENTRY_WORDS: usize = 8;
const GROUP_ROWS: usize = SPLIT_ENTRIES * ENTRY_WORDS;

impl SplitTable<8> {
    /// The table of `point`.
    pub(super) fn of_one(point: &Affine) -> Self {
        let entries = odd_multiples::<SPLIT_W>(point, Self::WINDOWS);
        Self::from_words(|_, i| words_of(&entries[i]))
    }

    /// The words of entry `i`, counted from the first of the first window.
    fn words(&self, i: usize) -> [u64; ENTRY_WORDS] {
        let (window, entry) = (i / SPLIT_ENTRIES, i % SPLIT_ENTRIES);
        let rows = &self.rows[window / 8 * GROUP_ROWS..];
        std::array::from_fn(|word| rows[SPLIT_ENTRIES * word + entry].0[window % 8])
    }
}

impl SplitTable<4> {
    /// The table of a point of which there is a table already, and of `second`.
    pub(super) fn of_two(first: &SplitTable<8>, second: &Affine) -> Self {
        let entries = odd_multiples::<SPLIT_W>(second, Self::WINDOWS);
        Self::from_words(|point, i| if point == 0 { first.words(i) } else { words_of(&entries[i]) })
    }
}

impl<const EACH: usize> SplitTable<EACH> {
    const GROUPS: usize = Groups::<SPLIT_W, EACH>::COUNT;
    const WINDOWS: usize = Groups::<SPLIT_W, EACH>::WINDOWS;

    /// Of the words of each point's entries, counted from the first of the first window.
    fn from_words(words: impl Fn(usize, usize) -> [u64; ENTRY_WORDS]) -> Self {
        let mut rows = vec![Words([0; 8]); Self::GROUPS * GROUP_ROWS];
        for (group, rows) in rows.chunks_exact_mut(GROUP_ROWS).enumerate() {
            for entry in 0..SPLIT_ENTRIES {
                for lane in 0..8 {
                    let window = EACH * group + lane % EACH;
                    let words = words(lane / EACH, SPLIT_ENTRIES * window + entry);
                    for (rows, word) in rows.chunks_exact_mut(SPLIT_ENTRIES).zip(words) {
                        rows[entry].0[lane] = word;
                    }
                }
            }
        }
        Self { rows: rows.into_boxed_slice() }
    }

    /// Of one point [k]P as a sum over all lanes, for scalars k and the same k; of two points [k]P over lanes 0
    /// to 3 and [l]Q over lanes 4 to 7.
    ///
    /// A lane has the windows i, i + EACH, i + 2 EACH …. They are so far apart that its partial sums, odd
    /// multiples of its first window's place, never meet the next summand; from window 51 on the summands are
    /// the same for every k, and modulo n larger than those sums. As integers, the sums of two sets of lanes
    /// are never equal or opposite either: they are odd multiples of different powers of 2. Modulo n they
    /// are for one pair k and n - k.
    #[inline(always)]
    pub(super) fn multiply(&self, scalars: [&Odd; 2]) -> ExtendedLanes<Eight> {
        debug_assert!(EACH == 4 || std::ptr::eq(scalars[0], scalars[1]), "one point, one scalar");
        let groups = Groups::new(scalars);
        let first = self.lookup(0, &groups).at_once();
        let mut summand = self.lookup(1, &groups).at_once();
        let mut next = self.lookup(2, &groups);
        let mut sum = first.add_beside(&summand, &mut next);
        summand = next.found();
        align_code();
        // A loop, not a fold: what is called through a closure would lack the CPU's features.
        for group in 2..Self::GROUPS {
            // After the last comes the first again, which is not used.
            let mut next = self.lookup((group + 1) % Self::GROUPS, &groups);
            sum = sum.add_affine_beside(&summand, &mut next);
            summand = next.found();
        }
        sum
    }

    #[inline(always)]
    fn lookup(&self, group: usize, groups: &Groups<SPLIT_W, EACH>) -> Lookup<'_> {
        let Digits { entry, negative } = groups.digits(group);
        let bits = [
            !(entry & Eight::splat(1)).zero_mask(),
            !(entry & Eight::splat(2)).zero_mask(),
            !(entry & Eight::splat(4)).zero_mask(),
            !(entry & Eight::splat(8)).zero_mask(),
        ];
        let rows = &self.rows[group * GROUP_ROWS..][..GROUP_ROWS];
        Lookup { rows, bits, negative, words: [Words([0; 8]); ENTRY_WORDS] }
    }
}

/// The eight words of an entry, word $i being $word. Not a closure, which would lack the CPU's features.
macro_rules! each_word {
    (|$i:ident| $word:expr) => {
        [
            each_word!(0 $i $word), each_word!(1 $i $word), each_word!(2 $i $word), each_word!(3 $i $word),
            each_word!(4 $i $word), each_word!(5 $i $word), each_word!(6 $i $word), each_word!(7 $i $word),
        ]
    };
    ($number:literal $i:ident $word:expr) => {{
        const $i: usize = $number;
        $word
    }};
}

/// The search for the summands of one group, which reads every entry: a step for each of the eight words.
struct Lookup<'t> {
    rows: &'t [Words],
    /// The lanes whose entry's number has bit 0, 1, 2, 3.
    bits: [LaneMask; 4],
    negative: LaneMask,
    words: [Words; ENTRY_WORDS],
}

impl Beside<Eight> for Lookup<'_> {
    #[inline(always)]
    fn step(&mut self, i: usize, here: &mut Eight) {
        let mut word = self.word(i);
        Eight::in_order(&mut word, here);
        self.words[i] = word.store();
    }
}

impl Lookup<'_> {
    /// What was found in eight steps.
    #[inline(always)]
    fn found(&self) -> AffineLanes<Eight> {
        let words = each_word!(|I| Eight::load(&self.words[I]));
        self.summand(words)
    }

    /// The same at once.
    #[inline(always)]
    fn at_once(&self) -> AffineLanes<Eight> {
        let words = each_word!(|I| self.word(I));
        self.summand(words)
    }

    #[inline(always)]
    fn summand(
        &self,
        [x0, x1, x2, x3, y0, y1, y2, y3]: [Eight; ENTRY_WORDS],
    ) -> AffineLanes<Eight> {
        let (x, y) = (Lanes::from_words([x0, x1, x2, x3]), Lanes::from_words([y0, y1, y2, y3]));
        AffineLanes { x, y: negate_in(self.negative, &y.to_sum()) }
    }

    // Functions, not closures, which would lack the CPU's features.
    #[inline(always)]
    fn word(&self, i: usize) -> Eight {
        let lower = self.of_8(i, 0);
        Eight::select(self.bits[3], self.of_8(i, 8), lower)
    }

    /// Word `i` of one of the eight entries from `first`.
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
        let row = SPLIT_ENTRIES * i + first;
        let lower = Eight::load(&self.rows[row]);
        Eight::select(self.bits[0], Eight::load(&self.rows[row + 1]), lower)
    }
}

/// The words of x, then those of y.
fn words_of(entry: &Affine) -> [u64; ENTRY_WORDS] {
    let [x0, x1, x2, x3] = field::words_from_field(&entry.x);
    let [y0, y1, y2, y3] = field::words_from_field(&entry.y);
    [x0, x1, x2, x3, y0, y1, y2, y3]
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
