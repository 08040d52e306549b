//! The compression function in plain Rust: GB/T 32905-2016, 5.3, unrolled.
//!
//! The eight words never move between registers: round j finds A at index (-j mod 4), so that the
//! shuffle A→B→C→D at the end of a round is only a renaming. The message words live in a window of
//! sixteen, word j + 4 being made in round j.

use super::{Block, State};

/// V(i+1) = CF(V(i), B(i)) for every block in turn.
pub(super) fn compress(state: &mut State, blocks: &[Block]) {
    for block in blocks {
        compress_block(state, block);
    }
}

fn compress_block(state: &mut State, block: &Block) {
    let mut window = [0; 16];
    for (word, bytes) in window.iter_mut().zip(block.as_chunks().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    let mut v = *state;
    /// Unrolling by macro: the index must be a constant for the renaming to cost nothing.
    macro_rules! rounds {
        ($($j:literal)*) => { $(round::<$j>(&mut v, &mut window);)* };
    }
    rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    rounds!(16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
    rounds!(32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47);
    rounds!(48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63);
    for (old, new) in state.iter_mut().zip(v) {
        *old ^= new;
    }
}

/// Round `J` of 5.3.3, its names in the comments.
#[inline(always)]
fn round<const J: usize>(v: &mut State, window: &mut [u32; 16]) {
    let (a, b, c, d) = ((64 - J) % 4, (65 - J) % 4, (66 - J) % 4, (67 - J) % 4);
    let (e, f, g, h) = (4 + a, 4 + b, 4 + c, 4 + d);

    // W(j) and W'(j) = W(j) ^ W(j+4)
    let w = window[J % 16];
    let w4 = if J < 12 { window[J + 4] } else { expand::<J>(window) };

    let a12 = v[a].rotate_left(12);
    let ss1 = a12.wrapping_add(v[e]).wrapping_add(const { t(J) }).rotate_left(7);
    let ss2 = ss1 ^ a12;
    let (ff, gg) = if J < 16 {
        (v[a] ^ v[b] ^ v[c], v[e] ^ v[f] ^ v[g])
    } else {
        // The majority of three, and E choosing between F and G.
        ((v[a] & v[b]) | (v[c] & (v[a] | v[b])), ((v[f] ^ v[g]) & v[e]) ^ v[g])
    };
    let tt2 = v[h].wrapping_add(w).wrapping_add(gg).wrapping_add(ss1);
    let tt1 = v[d].wrapping_add(w ^ w4).wrapping_add(ss2).wrapping_add(ff);

    v[d] = tt1; // becomes A
    v[h] = p0(tt2); // becomes E
    v[b] = v[b].rotate_left(9);
    v[f] = v[f].rotate_left(19);
}

/// W(j+4) of 5.3.2, which takes the place of W(j-12).
#[inline(always)]
fn expand<const J: usize>(window: &mut [u32; 16]) -> u32 {
    let at = |back: usize| window[(J + 20 - back) % 16];
    let word = p1(at(16) ^ at(9) ^ at(3).rotate_left(15)) ^ at(13).rotate_left(7) ^ at(6);
    window[(J + 4) % 16] = word;
    word
}

/// T(j) <<< j (4.2).
pub(super) const fn t(j: usize) -> u32 {
    let t: u32 = if j < 16 { 0x79cc_4519 } else { 0x7a87_9d8a };
    t.rotate_left(j as u32 % 32)
}

#[inline(always)]
fn p0(x: u32) -> u32 {
    x ^ x.rotate_left(9) ^ x.rotate_left(17)
}

#[inline(always)]
fn p1(x: u32) -> u32 {
    x ^ x.rotate_left(15) ^ x.rotate_left(23)
}
