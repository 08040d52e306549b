//! Eight or four field elements at once: one per 64-bit lane of five registers, 52 bits each.
//!
//! An element a is kept as a * 2^260 mod p (Montgomery form), not fully reduced: "below 3p" and the like
//! in the comments bound the integer of the five limbs. What is multiplied is normalised, that is,
//! [`Lanes`], and below 15p, for a product below 16p. Constant time throughout.

use zeroize::Zeroize;

use super::vector::{Eight, LaneMask, Vector, Words};
use crate::primitives::sm2::{
    field::{FieldElement, P},
    limbs::{self, Limbs},
};

const M52: u64 = (1 << 52) - 1;

/// p in limbs of 52 bits.
const P52: [u64; 5] = split(&P);

/// A field element in each lane, normalised: of limbs 0 to 3 the low 52 bits count. Above them may be what
/// has been carried to the next limb; a product does not see it. Limb 4 is below 2^52.
#[derive(Clone, Copy, Zeroize)]
pub(super) struct Lanes<V>(pub(super) [V; 5]);

/// A sum or difference of elements in each lane, of whose limbs, with their signs, all bits count.
#[derive(Clone, Copy)]
pub(super) struct Sum<V>(pub(super) [V; 5]);

/// Lanes, or another such type, whose limb $i is $limb.
macro_rules! each_limb {
    (|$i:ident| $limb:expr) => {
        each_limb!(Lanes, |$i| $limb)
    };
    ($type:ident, |$i:ident| $limb:expr) => {
        $type([
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

/// Adds the products of limbs $i of $a and $j of $b to the columns of $r.
macro_rules! add_products {
    ($r:ident, $a:ident, $b:ident, $($i:literal $j:literal)*) => {$(
        $r[$i + $j] = V::add_low($r[$i + $j], $a[$i], $b[$j]);
        $r[$i + $j + 1] = V::add_high($r[$i + $j + 1], $a[$i], $b[$j]);
    )*};
}

impl<V: Vector> Lanes<V> {
    /// 0 in all lanes.
    #[inline(always)]
    pub(super) fn zero() -> Self {
        Self([V::zero(); 5])
    }

    /// The same element in all lanes.
    #[inline(always)]
    pub(super) fn broadcast(element: &FieldElement) -> Self {
        let a = from_field(element);
        each_limb!(|I| V::splat(a[I]))
    }

    /// The elements of the first N lanes, fully reduced, from normalised lanes below 16p.
    #[inline(always)]
    pub(super) fn first_elements<const N: usize>(self) -> [FieldElement; N] {
        // a 2^260 times 2^256 / 2^260, below 2p.
        let [a0, a1, a2, a3, a4] = self.multiply(&Self::raw(&FROM_LANES)).limbs();
        let (a0, a1, a2) = (a0.store().0, a1.store().0, a2.store().0);
        let (a3, a4) = (a3.store().0, a4.store().0);
        let mut elements = [FieldElement::ZERO; N];
        for (lane, element) in elements.iter_mut().enumerate() {
            *element = element_of(&[a0[lane], a1[lane], a2[lane], a3[lane], a4[lane]]);
        }
        elements
    }

    /// The lanes that are 0 modulo p. The lanes are normalised and below 2p.
    #[inline(always)]
    pub(super) fn zero_mask(&self) -> LaneMask {
        let r = self.limbs();
        let zero = r[0] | r[1] | r[2] | r[3] | r[4];
        let p = each_limb!(|I| r[I] ^ V::splat(P52[I])).0;
        let p = p[0] | p[1] | p[2] | p[3] | p[4];
        zero.zero_mask() | p.zero_mask()
    }

    /// The limbs as they are, in all lanes.
    #[inline(always)]
    fn raw(limbs: &[u64; 5]) -> Self {
        each_limb!(|I| V::splat(limbs[I]))
    }

    /// a b / 2^260: below (A B / 16 + 1) p for a below A p and b below B p.
    #[inline(always)]
    pub(super) fn multiply(&self, other: &Self) -> Self {
        Product::zero().add(self, other).reduce()
    }

    /// a^2 / 2^260: below (A^2 / 16 + 1) p for a below A p.
    #[inline(always)]
    pub(super) fn square(&self) -> Self {
        Product::zero().add_square(self).reduce()
    }

    /// The same, of whose limbs all bits count.
    #[inline(always)]
    pub(super) fn to_sum(self) -> Sum<V> {
        Sum(self.limbs())
    }

    /// a + b, normalised.
    #[inline(always)]
    pub(super) fn add(&self, other: &Self) -> Self {
        self.add_limbs(other).normalise()
    }

    /// `yes` in the lanes of the mask, `no` in the others.
    #[inline(always)]
    pub(super) fn select(mask: LaneMask, yes: &Self, no: &Self) -> Self {
        each_limb!(|I| V::select(mask, yes.0[I], no.0[I]))
    }

    /// In lane i the element of the lane that the word of `lanes` names.
    #[inline(always)]
    pub(super) fn permuted(&self, lanes: V) -> Self {
        each_limb!(|I| V::permuted(self.0[I], lanes))
    }
}

/// What can be added up limb by limb.
pub(super) trait Summand<V: Vector> {
    /// The limbs, of which all bits count.
    fn limbs(&self) -> [V; 5];

    /// a + b.
    #[inline(always)]
    fn add_limbs(&self, other: &impl Summand<V>) -> Sum<V> {
        let (a, b) = (self.limbs(), other.limbs());
        each_limb!(Sum, |I| a[I] + b[I])
    }

    /// a - b.
    #[inline(always)]
    fn sub_limbs(&self, other: &impl Summand<V>) -> Sum<V> {
        let (a, b) = (self.limbs(), other.limbs());
        each_limb!(Sum, |I| a[I] - b[I])
    }

    /// M p - a.
    #[inline(always)]
    fn negated<const M: u64>(&self) -> Sum<V> {
        let a = self.limbs();
        each_limb!(Sum, |I| V::splat(P52[I] * M) - a[I])
    }

    /// a + M p.
    #[inline(always)]
    fn raised<const M: u64>(&self) -> Sum<V> {
        let a = self.limbs();
        each_limb!(Sum, |I| a[I] + V::splat(P52[I] * M))
    }

    /// a - M p.
    #[inline(always)]
    fn lowered<const M: u64>(&self) -> Sum<V> {
        let a = self.limbs();
        each_limb!(Sum, |I| a[I] - V::splat(P52[I] * M))
    }
}

impl<V: Vector> Summand<V> for Lanes<V> {
    #[inline(always)]
    fn limbs(&self) -> [V; 5] {
        let mask = V::splat(M52);
        let [a0, a1, a2, a3, a4] = self.0;
        [a0 & mask, a1 & mask, a2 & mask, a3 & mask, a4]
    }
}

impl<V: Vector> Summand<V> for Sum<V> {
    #[inline(always)]
    fn limbs(&self) -> [V; 5] {
        self.0
    }
}

impl<V: Vector> Sum<V> {
    /// Carries, for a value in [0, 16p).
    #[inline(always)]
    pub(super) fn normalise(&self) -> Lanes<V> {
        let [r0, r1, r2, r3, r4] = self.0;
        let r1 = r1 + V::shift_right::<52>(r0);
        let r2 = r2 + V::shift_right::<52>(r1);
        let r3 = r3 + V::shift_right::<52>(r2);
        let r4 = r4 + V::shift_right::<52>(r3);
        debug_assert!(is_below_2_52(r4), "the value is in [0, 16p)");
        Lanes([r0, r1, r2, r3, r4])
    }

    /// A value in [0, 16p), its limbs below 2^57 in size, to one between 0.99p and 2.01p, normalised.
    #[inline(always)]
    pub(super) fn shrink(&self) -> Lanes<V> {
        // v - q p + p with q = floor(limb 4 / 2^48). The other limbs hold less than 2^5 * 2^208 in size,
        // so v - q 2^256 is in (-2^213, 2^256 + 2^213), and q (2^256 - p) is below 16 * 2^225.
        let [r0, r1, r2, r3, r4] = self.0;
        let q = V::shift_right::<48>(r4);
        // 2^256 - p = 2^224 + 2^96 - 2^64 + 1, and 96 = 52 + 44, 64 = 52 + 12, 224 = 208 + 16.
        let r1 = r1 + (V::shift_left::<44>(q) - V::shift_left::<12>(q));
        let r4 = (r4 & V::splat((1 << 48) - 1)) + V::shift_left::<16>(q);
        Sum([r0 + q, r1, r2, r3, r4]).raised::<1>().normalise()
    }

    /// `yes` in the lanes of the mask, `no` in the others.
    #[inline(always)]
    pub(super) fn select(mask: LaneMask, yes: &Self, no: &Self) -> Self {
        each_limb!(Sum, |I| V::select(mask, yes.0[I], no.0[I]))
    }
}

impl Lanes<Eight> {
    /// One element per lane.
    #[inline(always)]
    pub(super) fn from_elements(elements: &[FieldElement; 8]) -> Self {
        let mut limbs = [Words([0; 8]); 5];
        for (lane, element) in elements.iter().enumerate() {
            for (words, limb) in limbs.iter_mut().zip(split(&element.0)) {
                words.0[lane] = limb;
            }
        }
        // a 2^256 times 2^264 / 2^260.
        each_limb!(|I| Eight::load(&limbs[I])).multiply(&Self::raw(&TO_LANES))
    }

    /// One element per lane, in words of 64 bits as [`words_from_field`] makes them.
    #[inline(always)]
    pub(super) fn from_words([w0, w1, w2, w3]: [Eight; 4]) -> Self {
        let last = Eight::shift_right_by(w3, Eight::splat(16));
        Self([w0, joined(w0, w1, 52), joined(w1, w2, 40), joined(w2, w3, 28), last])
    }

    /// The lanes from 0 that V has.
    #[inline(always)]
    pub(super) fn first_lanes<V: Vector>(&self) -> Lanes<V> {
        each_limb!(|I| V::first_of(self.0[I]))
    }
}

/// The 64 bits from bit `first` on of `low` and, above it, `high`.
#[inline(always)]
fn joined(low: Eight, high: Eight, first: u64) -> Eight {
    Eight::shift_right_by(low, Eight::splat(first))
        | Eight::shift_left_by(high, Eight::splat(64 - first))
}

/// A sum of products of two elements that is still to be reduced, in columns of 52 bits below 2^60.
#[derive(Clone, Copy)]
pub(super) struct Product<V>([V; 10]);

impl<V: Vector> Product<V> {
    /// No product yet.
    #[inline(always)]
    pub(super) fn zero() -> Self {
        Self([V::zero(); 10])
    }

    /// No product yet, but c 2^260: the reduced sum is greater by c.
    #[inline(always)]
    pub(super) fn from(c: &Sum<V>) -> Self {
        Self::zero().plus(c)
    }

    /// Adds c 2^260, as [`Self::from`].
    #[inline(always)]
    pub(super) fn plus(self, c: &impl Summand<V>) -> Self {
        let (mut r, c) = (self.0, c.limbs());
        for i in 0..5 {
            r[5 + i] = r[5 + i] + c[i];
        }
        Self(r)
    }

    /// Adds a b.
    #[inline(always)]
    pub(super) fn add(self, a: &Lanes<V>, b: &Lanes<V>) -> Self {
        let (mut r, a, b) = (self.0, &a.0, &b.0);
        // From the lowest column: reduction can begin while the highest are still being added up.
        add_products!(r, a, b, 0 0 0 1 1 0 0 2 1 1 2 0 0 3 1 2 2 1 3 0 0 4 1 3 2 2 3 1 4 0);
        add_products!(r, a, b, 1 4 2 3 3 2 4 1 2 4 3 3 4 2 3 4 4 3 4 4);
        Self(r)
    }

    /// Adds a^2.
    #[inline(always)]
    pub(super) fn add_square(self, a: &Lanes<V>) -> Self {
        let (r, a) = (self.0, &a.0);
        // Mixed products once, doubled.
        let mut m = [V::zero(); 10];
        add_products!(m, a, a, 0 1 0 2 0 3 1 2 0 4 1 3 1 4 2 3 2 4 3 4);
        let m = doubled(&m);
        let mut r = r;
        for i in 1..9 {
            r[i] = r[i] + m[i];
        }
        add_products!(r, a, a, 0 0 1 1 2 2 3 3 4 4);
        Self(r)
    }

    /// Three times the sum.
    #[inline(always)]
    pub(super) fn tripled(self) -> Self {
        let mut r = self.0;
        for column in &mut r {
            *column = *column + *column + *column;
        }
        Self(r)
    }

    /// The sum / 2^260 modulo p, normalised.
    #[inline(always)]
    pub(super) fn reduce(self) -> Lanes<V> {
        self.upper().normalise()
    }

    /// The sum / 2^260 modulo p, from [0, 16p) to one between 0.99p and 2.01p, normalised.
    #[inline(always)]
    pub(super) fn shrink(self) -> Lanes<V> {
        self.upper().shrink()
    }

    /// Reduces the sum as [`Self::reduce`] does, and adds a b to `next`, row by row in turns: the steps of
    /// a reduction wait for each other, those of a product do not.
    #[inline(always)]
    pub(super) fn reduce_beside(self, next: Self, a: &Lanes<V>, b: &Lanes<V>) -> (Lanes<V>, Self) {
        let (upper, next) = self.upper_beside(next, a, b);
        (upper.normalise(), next)
    }

    /// The same with [`Self::shrink`].
    #[inline(always)]
    pub(super) fn shrink_beside(self, next: Self, a: &Lanes<V>, b: &Lanes<V>) -> (Lanes<V>, Self) {
        let (upper, next) = self.upper_beside(next, a, b);
        (upper.shrink(), next)
    }

    /// The same as [`Self::reduce_beside`] for a^2 alone.
    #[inline(always)]
    pub(super) fn reduce_beside_square(mut self, a: &Lanes<V>) -> (Lanes<V>, Self) {
        let a = &a.0;
        let mut m = [V::zero(); 10];
        self.clear::<0>();
        add_products!(m, a, a, 0 1 0 2 0 3 0 4);
        V::in_order(&mut self.0[1], &mut m[3]);
        self.clear::<1>();
        add_products!(m, a, a, 1 2 1 3 1 4 2 3);
        V::in_order(&mut self.0[2], &mut m[5]);
        self.clear::<2>();
        add_products!(m, a, a, 2 4 3 4);
        let mut r = doubled(&m);
        V::in_order(&mut self.0[3], &mut r[4]);
        self.clear::<3>();
        add_products!(r, a, a, 0 0 1 1 2 2);
        V::in_order(&mut self.0[4], &mut r[4]);
        self.clear::<4>();
        add_products!(r, a, a, 3 3 4 4);
        (self.uppermost().normalise(), Self(r))
    }

    #[inline(always)]
    fn upper_beside(mut self, next: Self, a: &Lanes<V>, b: &Lanes<V>) -> (Sum<V>, Self) {
        let (mut r, a, b) = (next.0, &a.0, &b.0);
        self.clear::<0>();
        add_products!(r, a, b, 0 0 0 1 0 2 0 3 0 4);
        V::in_order(&mut self.0[1], &mut r[2]);
        self.clear::<1>();
        add_products!(r, a, b, 1 0 1 1 1 2 1 3 1 4);
        V::in_order(&mut self.0[2], &mut r[3]);
        self.clear::<2>();
        add_products!(r, a, b, 2 0 2 1 2 2 2 3 2 4);
        V::in_order(&mut self.0[3], &mut r[4]);
        self.clear::<3>();
        add_products!(r, a, b, 3 0 3 1 3 2 3 3 3 4);
        V::in_order(&mut self.0[4], &mut r[5]);
        self.clear::<4>();
        add_products!(r, a, b, 4 0 4 1 4 2 4 3 4 4);
        (self.uppermost(), Self(r))
    }

    /// The upper five columns when the lower are cleared.
    #[inline(always)]
    fn upper(mut self) -> Sum<V> {
        self.clear::<0>();
        self.clear::<1>();
        self.clear::<2>();
        self.clear::<3>();
        self.clear::<4>();
        self.uppermost()
    }

    #[inline(always)]
    fn uppermost(self) -> Sum<V> {
        let r = self.0;
        Sum([r[5], r[6], r[7], r[8], r[9]])
    }

    /// Clears column I by adding a multiple of p.
    #[inline(always)]
    fn clear<const I: usize>(&mut self) {
        // p = -1 (mod 2^52), so the multiple u p that clears a limb has u = the limb itself, and
        // p + 1 = 2^64 - 2^96 - 2^224 + 2^256, whose limbs are 0, C, -1, 0, D. What is above u in the limb
        // is carried; the limb may be negative: the shift is arithmetic. Of a factor the low 52 bits count,
        // which are u: the products do not wait for the mask, nor for the carry.
        let r = &mut self.0;
        let limb = r[I];
        let (u, carry) = (limb & V::splat(M52), V::shift_right::<52>(limb));
        r[I + 1] = V::add_low(r[I + 1], limb, V::splat(C)) + carry;
        r[I + 2] = V::add_high(r[I + 2] - u, limb, V::splat(C));
        r[I + 4] = V::add_low(r[I + 4], limb, V::splat(D));
        r[I + 5] = V::add_high(r[I + 5], limb, V::splat(D));
    }
}

/// Twice each column; a square's mixed products leave the first and the last at 0.
#[inline(always)]
fn doubled<V: Vector>(m: &[V; 10]) -> [V; 10] {
    [
        m[0],
        m[1] + m[1],
        m[2] + m[2],
        m[3] + m[3],
        m[4] + m[4],
        m[5] + m[5],
        m[6] + m[6],
        m[7] + m[7],
        m[8] + m[8],
        m[9],
    ]
}

/// Whether all words are below 2^52.
fn is_below_2_52<V: Vector>(words: V) -> bool {
    words.store().0.iter().all(|word| word >> 52 == 0)
}

/// 2^52 - 2^44 + 2^12.
const C: u64 = P52[1] + 1;

/// 2^48 - 2^16.
const D: u64 = P52[4] + 1;

const fn split(a: &Limbs) -> [u64; 5] {
    [
        a[0] & M52,
        (a[0] >> 52 | a[1] << 12) & M52,
        (a[1] >> 40 | a[2] << 24) & M52,
        (a[2] >> 28 | a[3] << 36) & M52,
        a[3] >> 16,
    ]
}

/// 2^264 and 2^256 modulo p, which bring a 2^256 to a 2^260 and back.
const TO_LANES: [u64; 5] = split(&{
    let mut power = FieldElement::ONE;
    let mut i = 0;
    while i < 8 {
        power = power.double();
        i += 1;
    }
    power.0
});
const FROM_LANES: [u64; 5] = split(&FieldElement::ONE.0);

/// From a * 2^256 to a * 2^260, in limbs of 52 bits.
pub(super) fn from_field(element: &FieldElement) -> [u64; 5] {
    split(&words_from_field(element))
}

/// The same in words of 64 bits.
pub(super) fn words_from_field(element: &FieldElement) -> Limbs {
    element.double().double().double().double().0
}

/// The element of which the limbs, normalised and below 2p, are the Montgomery form.
fn element_of(a: &[u64; 5]) -> FieldElement {
    let low = [
        a[0] | a[1] << 52,
        a[1] >> 12 | a[2] << 40,
        a[2] >> 24 | a[3] << 28,
        a[3] >> 36 | a[4] << 16,
    ];
    FieldElement(limbs::reduce_once(&low, a[4] >> 48 != 0, &P))
}
