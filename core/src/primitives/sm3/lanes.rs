//! The kernel shape for vectors of up to 256 bits: a block of as many messages as a vector has words. On 512
//! bits the rounds are assembly, in `avx512`.

use super::State;

/// The chaining values of `N` messages, by words.
pub(super) type States<const N: usize> = [[u32; N]; 8];

/// Takes the state of one lane out.
pub(super) fn state_of<const N: usize>(states: &States<N>, lane: usize) -> State {
    let mut state = [0; 8];
    for (word, lanes) in state.iter_mut().zip(states) {
        *word = lanes[lane];
    }
    state
}

/// Puts a state into one lane.
pub(super) fn set_state<const N: usize>(states: &mut States<N>, lane: usize, state: &State) {
    for (word, lanes) in state.iter().zip(states) {
        lanes[lane] = *word;
    }
}

/// Defines `compress_lanes` over the functions of the calling module: `load`, `store`, `splat`, `add`,
/// `xor`, `xor3`, `rotate`, `majority`, `choose`, and `gather`, which loads the 16 words of every
/// block.
macro_rules! lanes {
    ($features:literal, $vector:ident, $lanes:literal) => {
        /// One block for each lane: V(i+1) = CF(V(i), B(i)) (5.3.3).
        #[target_feature(enable = $features)]
        fn compress_lanes(states: &mut States<$lanes>, blocks: &[&Block; $lanes]) {
            let mut w = gather(blocks);
            let mut v = [
                load(&states[0]),
                load(&states[1]),
                load(&states[2]),
                load(&states[3]),
                load(&states[4]),
                load(&states[5]),
                load(&states[6]),
                load(&states[7]),
            ];
            let (t, _) = T.0.as_chunks();
            sixteen!(round::<0>(&mut v, &mut w, &t[0]));
            for t in &t[1..] {
                sixteen!(round::<1>(&mut v, &mut w, t));
            }
            for (words, v) in states.iter_mut().zip(v) {
                let sum = xor(load(words), v);
                store(words, sum);
            }
        }

        /// Round `16·g + J` of 5.3.3, `LATE` being 0 for g = 0 and 1 after; the names turn as in
        /// `portable`.
        #[inline]
        #[target_feature(enable = $features)]
        fn round<const LATE: usize, const J: usize>(
            v: &mut [$vector; 8],
            w: &mut [$vector; 16],
            t: &[u32; 16],
        ) {
            let (a, b, c, d) = ((16 - J) % 4, (17 - J) % 4, (18 - J) % 4, (19 - J) % 4);
            let (e, f, g, h) = (4 + a, 4 + b, 4 + c, 4 + d);
            if LATE == 1 || J >= 12 {
                next_word::<J>(w);
            }
            let w1 = xor(w[J], w[(J + 4) % 16]);
            let a12 = rotate::<12, 20>(v[a]);
            let ss1 = rotate::<7, 25>(add(add(a12, splat(t[J])), v[e]));
            let ss2 = xor(ss1, a12);
            let (ff, gg) = if LATE == 0 {
                (xor3(v[a], v[b], v[c]), xor3(v[e], v[f], v[g]))
            } else {
                (majority(v[a], v[b], v[c]), choose(v[e], v[f], v[g]))
            };
            let tt1 = add(add(v[d], w1), add(ff, ss2));
            let tt2 = add(add(v[h], w[J]), add(gg, ss1));
            v[d] = tt1;
            v[h] = xor3(tt2, rotate::<9, 23>(tt2), rotate::<17, 15>(tt2));
            v[b] = rotate::<9, 23>(v[b]);
            v[f] = rotate::<19, 13>(v[f]);
        }

        /// W(j+4) of 5.3.2 in place of W(j-12), for j = J modulo 16.
        #[inline]
        #[target_feature(enable = $features)]
        fn next_word<const J: usize>(w: &mut [$vector; 16]) {
            let at = |back: usize| (J + 20 - back) % 16;
            let x = xor3(w[at(16)], w[at(9)], rotate::<15, 17>(w[at(3)]));
            let p1 = xor3(x, rotate::<15, 17>(x), rotate::<23, 9>(x));
            w[at(16)] = xor3(p1, rotate::<7, 25>(w[at(13)]), w[at(6)]);
        }
    };
}

/// Calls a function with its last constant from 0 to 15.
macro_rules! sixteen {
    ($function:ident::<$late:literal>($($argument:expr),*)) => {
        sixteen!(@ $function $late ($($argument),*) 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    (@ $function:ident $late:literal $arguments:tt $($j:literal)*) => {
        { $($function::<$late, $j> $arguments;)* }
    };
}

pub(super) use {lanes, sixteen};
