//! The compression function in plain Rust: GB/T 32905-2016, 5.3, sixteen rounds at a time: all 64 in a row
//! are more instructions than some CPUs keep decoded.
//!
//! The eight words never move between registers: round j finds A at index (-j mod 4), so that the
//! shuffle A→B→C→D at the end of a round is only a renaming. The message words live in a window of
//! sixteen, word j + 4 being made in round j.

use std::hint::black_box;

use super::{Block, State};
use crate::primitives::align::{added, align_code};

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
    /// Sixteen rounds by macro: the index must be a constant for the renaming to cost nothing.
    macro_rules! rounds {
        ($late:literal, $t:expr) => { rounds!($late, $t, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15) };
        ($late:literal, $t:expr, $($j:literal)*) => {
            $(round::<$j, $late>(&mut v, &mut window, $t[$j]);)*
        };
    }
    // The compiler is not told which table it is: it would compute the place of each constant anew.
    let (t, _) = black_box(&T.0).as_chunks::<16>();
    rounds!(false, t[0]);
    for t in &t[1..] {
        align_code();
        rounds!(true, t);
    }
    for (old, new) in state.iter_mut().zip(v) {
        *old ^= new;
    }
}

/// A round of 5.3.3, its names in the comments: of the first sixteen, or if `LATE` of the others. Its number
/// is `J` modulo 16, and `t` is [`t`] of its number.
#[inline(always)]
fn round<const J: usize, const LATE: bool>(v: &mut State, window: &mut [u32; 16], t: u32) {
    let (a, b, c, d) = ((16 - J) % 4, (17 - J) % 4, (18 - J) % 4, (19 - J) % 4);
    let (e, f, g, h) = (4 + a, 4 + b, 4 + c, 4 + d);

    // W(j) and W'(j) = W(j) ^ W(j+4)
    let w = window[J];
    let w4 = if LATE || J >= 12 { expand::<J>(window) } else { window[J + 4] };

    let a12 = v[a].rotate_left(12);
    let ss1 = a12.wrapping_add(v[e]).wrapping_add(t).rotate_left(7);
    let ss2 = ss1 ^ a12;
    let gg = if LATE { ((v[f] ^ v[g]) & v[e]) ^ v[g] } else { v[e] ^ v[f] ^ v[g] };
    // What is waited for longest is added last.
    let tt2 = added(v[h].wrapping_add(w)).wrapping_add(gg).wrapping_add(ss1);
    let tt1 = v[d].wrapping_add(w ^ w4).wrapping_add(ss2);
    let tt1 = if LATE {
        tt1.wrapping_add(v[a] & v[b]).wrapping_add((v[a] ^ v[b]) & v[c])
    } else {
        tt1.wrapping_add(v[a] ^ v[b] ^ v[c])
    };

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

/// A table from whose start vectors load.
#[repr(align(64))]
pub(super) struct Constants(pub(super) [u32; 64]);

/// T(j) <<< j for every round.
pub(super) static T: Constants = {
    let mut constants = [0; 64];
    let mut j = 0;
    while j < 64 {
        constants[j] = t(j);
        j += 1;
    }
    Constants(constants)
};

/// T(j) <<< j (4.2).
pub(super) const fn t(j: usize) -> u32 {
    let t: u32 = if j < 16 { 0x79cc_4519 } else { 0x7a87_9d8a };
    t.rotate_left(j as u32 % 32)
}

#[inline(always)]
fn p0(x: u32) -> u32 {
    x ^ x.rotate_left(9) ^ x.rotate_left(17)
}

/// X ^ X <<< 15 ^ X <<< 23: the rounds do not wait for it, and this form takes an instruction less.
#[inline(always)]
fn p1(x: u32) -> u32 {
    x ^ (x ^ x.rotate_left(8)).rotate_left(15)
}
