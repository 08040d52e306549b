//! The sum of all windows on every processor.

use super::{Comb, ENTRIES, LAST, W, digit};
use crate::primitives::{
    ct::Mask,
    sm2::{
        field::FieldElement,
        point::{Affine, Extended},
        scalar::Scalar,
    },
};

/// The sum of all windows of an odd k.
pub(super) fn sum(comb: &Comb, k: &Scalar) -> Extended {
    let first = Extended::from_affine(&find(&comb[..ENTRIES], digit::<W>(k, 0)));
    let windows = comb[..LAST].chunks(ENTRIES).enumerate().skip(1);
    windows
        .fold(first, |sum, (window, entries)| sum.add_affine(&find(entries, digit::<W>(k, window))))
}

/// The entry of what [`digit`](super::digit) gives, or its opposite, by reading all entries.
#[inline(always)]
pub(super) fn find(entries: &[Affine], (index, negative): (u64, u64)) -> Affine {
    let mut found = Affine { x: FieldElement::ZERO, y: FieldElement::ZERO };
    for (i, entry) in (0u64..).zip(entries) {
        let mask = Mask::equal(i, index);
        for j in 0..4 {
            found.x.0[j] |= mask.keep(entry.x.0[j]);
            found.y.0[j] |= mask.keep(entry.y.0[j]);
        }
    }
    found.negate_if(Mask::from_bit(negative))
}
