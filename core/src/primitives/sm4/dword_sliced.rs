//! The kernel shape for vectors of any width: a state word of several blocks in one vector.
//!
//! Each 128-bit lane holds a word of four blocks, dword i its byte i of the four blocks, so that turning
//! words by whole bytes is a shuffle of dwords.

/// Defines, for one width of vectors, the three parts of a kernel: `entered` from four rows of blocks to
/// a state, `rounds`, and `left` back to rows. They work on `G` independent groups side by side: the
/// more there are, the less of the time goes into waiting, as long as the registers suffice.
///
/// `enter` and `leave` change the basis, `substitute` gives Q and W (see `aes_domain`); the other
/// operations are intrinsics.
macro_rules! dword_sliced {
    (
        $features:literal, $vector:ident,
        entered: $entered:ident, rounds: $rounds:ident, left: $left:ident,
        repeat: $repeat:ident, xor: $xor:ident, xor3: $xor3:ident,
        bytes: $bytes:ident, dwords: $dwords:ident,
        unpack: [$low32:ident, $high32:ident, $low64:ident, $high64:ident],
        enter: $enter:ident, leave: $leave:ident, substitute: $substitute:ident
    ) => {
        // The transposition of four dwords in four vectors, its own inverse.
        macro_rules! $left {
            ($v:expr) => {{
                let v: [$vector; 4] = $v;
                let (a, b) = ($low32(v[0], v[1]), $high32(v[0], v[1]));
                let (c, d) = ($low32(v[2], v[3]), $high32(v[2], v[3]));
                [$low64(a, c), $high64(a, c), $low64(b, d), $high64(b, d)]
            }};
        }

        /// The states of `G` groups, each of four rows of blocks.
        #[inline]
        #[target_feature(enable = $features)]
        fn $entered<const G: usize>(
            schedule: &Schedule,
            rows: [[$vector; 4]; G],
        ) -> [[$vector; 4]; G] {
            // Big-endian words of four blocks to their bytes, the lowest first.
            let gather = $repeat(&GATHER);
            let mut states = rows;
            for g in 0..G {
                let [a, b, c, d] = $left!(rows[g]);
                states[g] = [
                    $enter($bytes(a, gather)),
                    $enter($bytes(b, gather)),
                    $enter($bytes(c, gather)),
                    $xor($enter($bytes(d, gather)), $repeat(&schedule.enter)),
                ];
            }
            states
        }

        /// The 32 rounds.
        #[allow(dead_code, reason = "where all groups are few, all rounds are hurried")]
        #[inline]
        #[target_feature(enable = $features)]
        fn $rounds<const G: usize>(
            schedule: &Schedule,
            mut states: [[$vector; 4]; G],
        ) -> [[$vector; 4]; G] {
            for keys in schedule.rounds.as_chunks::<4>().0 {
                for i in 0..4 {
                    let key = $repeat(&keys[i]);
                    for state in &mut states {
                        let x = $xor3(state[(i + 1) % 4], state[(i + 2) % 4], state[(i + 3) % 4]);
                        let (q, w) = $substitute(x);
                        // U = W ^ Q<<<16, and the round's sum Q ^ U ^ U<<<24.
                        let u = $xor(w, $dwords::<0b01_00_11_10>(q));
                        let sum = $xor3(state[i], key, q);
                        state[i] = $xor3(sum, u, $dwords::<0b00_11_10_01>(u));
                    }
                }
            }
            states
        }

        /// The rows of blocks that the states have become.
        #[inline]
        #[target_feature(enable = $features)]
        fn $left<const G: usize>(
            schedule: &Schedule,
            states: [[$vector; 4]; G],
        ) -> [[$vector; 4]; G] {
            let scatter = $repeat(&SCATTER);
            let last = $repeat(&schedule.leave);
            let mut rows = states;
            for g in 0..G {
                let [a, b, c, d] = states[g];
                // The words leave in reverse (GB/T 32907-2016, 7.1, R).
                let [a, b, c, d] = $left!([
                    $bytes($leave(d), scatter),
                    $bytes($leave(c), scatter),
                    $bytes($leave(b), scatter),
                    $bytes($leave(a), scatter)
                ]);
                rows[g] = [$xor(a, last), $xor(b, last), $xor(c, last), $xor(d, last)];
            }
            rows
        }
    };
}

/// Defines `fn $name`, the rounds for few groups: one operation more than those of `dword_sliced`, but
/// fewer one after another, which is what few groups wait for.
///
/// `apart` is the identity, of which the compiler must not know: else it sums in an order of its own.
#[cfg(target_arch = "x86_64")]
macro_rules! hurried_rounds {
    (
        $name:ident, $features:literal, $vector:ident, repeat: $repeat:ident, xor: $xor:ident,
        xor3: $xor3:ident, bytes: $bytes:ident, substitute: $substitute:ident, apart: $apart:ident
    ) => {
        /// The 32 rounds, for few groups.
        #[inline]
        #[target_feature(enable = $features)]
        fn $name<const G: usize>(
            schedule: &Schedule,
            mut states: [[$vector; 4]; G],
        ) -> [[$vector; 4]; G] {
            // The input of a round goes straight into that of the next:
            // x(i+1) = x(i) ^ X(i+1) ^ X(i+4), where x(i) = X(i+1) ^ X(i+2) ^ X(i+3).
            let mut inputs = [$repeat(&[0; 16]); G];
            for g in 0..G {
                inputs[g] = $xor3(states[g][1], states[g][2], states[g][3]);
            }
            // By bytes, and unknown: a shuffle of dwords would compete with the sums.
            let left_8 = $apart($repeat(&LEFT_8));
            let left_16 = $apart($repeat(&LEFT_16));
            let left_24 = $apart($repeat(&LEFT_24));
            for keys in schedule.rounds.as_chunks::<4>().0 {
                for i in 0..4 {
                    let key = $repeat(&keys[i]);
                    for g in 0..G {
                        let (x, s) = (inputs[g], &mut states[g]);
                        // L is Q ^ W ^ Q<<<8 ^ Q<<<16 ^ W<<<24.
                        let (q, w) = $substitute(x);
                        let turned = $apart($xor($bytes(q, left_8), $bytes(q, left_16)));
                        let w_turned = $bytes(w, left_24);
                        let known = $xor(x, s[(i + 1) % 4]);
                        let early = $apart($xor3(known, s[i], key));
                        let next = $xor3($apart($xor3(early, q, w)), turned, w_turned);
                        s[i] = $xor(next, known);
                        inputs[g] = next;
                    }
                }
            }
            states
        }
    };
}

/// Defines `fn $name(&Schedule, &mut [Block; N])`, a kernel of `groups` groups that does nothing else.
/// `row` is how many blocks one vector loads.
macro_rules! whole_blocks_kernel {
    (
        $name:ident, $features:literal, row: $row:literal, groups: $groups:literal,
        load: $load:ident, store: $store:ident,
        entered: $entered:ident, rounds: $rounds:ident, left: $left:ident
    ) => {
        #[target_feature(enable = $features)]
        fn $name(schedule: &Schedule, blocks: &mut [Block; 4 * $row * $groups]) {
            let (rows, _) = blocks.as_chunks_mut::<$row>();
            let mut v = [[$load(&rows[0]); 4]; $groups];
            for g in 0..$groups {
                for r in 0..4 {
                    v[g][r] = $load(&rows[4 * g + r]);
                }
            }
            let out = $left(schedule, $rounds(schedule, $entered(schedule, v)));
            for g in 0..$groups {
                for r in 0..4 {
                    $store(&mut rows[4 * g + r], out[g][r]);
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
pub(super) use hurried_rounds;
pub(super) use {dword_sliced, whole_blocks_kernel};

/// Dword i of a lane from byte i (0 the lowest) of four big-endian words.
pub(super) const GATHER: [u8; 16] = [3, 7, 11, 15, 2, 6, 10, 14, 1, 5, 9, 13, 0, 4, 8, 12];

/// The inverse of [`GATHER`].
pub(super) const SCATTER: [u8; 16] = [12, 8, 4, 0, 13, 9, 5, 1, 14, 10, 6, 2, 15, 11, 7, 3];

/// Words turned left by 8, 16 and 24 bits.
#[cfg(target_arch = "x86_64")]
pub(super) const LEFT_8: [u8; 16] = [12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
#[cfg(target_arch = "x86_64")]
pub(super) const LEFT_16: [u8; 16] = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];
#[cfg(target_arch = "x86_64")]
pub(super) const LEFT_24: [u8; 16] = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3];
