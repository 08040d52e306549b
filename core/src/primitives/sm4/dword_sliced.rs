//! The kernel shape for vectors of any width: a state word of several blocks in one vector.
//!
//! Each 128-bit lane holds a word of four blocks, dword i its byte i of the four blocks, so that turning
//! words by whole bytes is a shuffle of dwords.

/// Defines `fn $name(&Schedule, &mut [Block; N])`, which runs `GROUPS` independent states side by side.
///
/// `row` is what one vector loads: a quarter of the blocks of a group. `enter` and `leave` change the
/// basis, `substitute` gives Q and W (see `aes_domain`); the other operations are intrinsics.
macro_rules! dword_sliced {
    (
        $name:ident, $features:literal, $vector:ident, row: $row:literal, groups: $groups:literal,
        load: $load:ident, store: $store:ident, repeat: $repeat:ident, xor: $xor:ident,
        xor3: $xor3:ident, bytes: $bytes:ident, dwords: $dwords:ident,
        unpack: [$low32:ident, $high32:ident, $low64:ident, $high64:ident],
        enter: $enter:ident, leave: $leave:ident, substitute: $substitute:ident
    ) => {
        #[target_feature(enable = $features)]
        fn $name(schedule: &Schedule, blocks: &mut [Block; 4 * $row * $groups]) {
            // The transposition of four dwords in four vectors, its own inverse.
            macro_rules! transpose {
                ($v:expr) => {{
                    let v: [$vector; 4] = $v;
                    let (a, b) = ($low32(v[0], v[1]), $high32(v[0], v[1]));
                    let (c, d) = ($low32(v[2], v[3]), $high32(v[2], v[3]));
                    [$low64(a, c), $high64(a, c), $low64(b, d), $high64(b, d)]
                }};
            }
            // Big-endian words of four blocks to their bytes, the lowest first; and back.
            let gather = $repeat(&GATHER);
            let scatter = $repeat(&SCATTER);
            let last = $repeat(&schedule.leave);

            let (rows, _) = blocks.as_chunks_mut::<$row>();
            let mut states = [[$repeat(&[0; 16]); 4]; $groups];
            for g in 0..$groups {
                let [a, b, c, d] = transpose!([
                    $load(&rows[4 * g]),
                    $load(&rows[4 * g + 1]),
                    $load(&rows[4 * g + 2]),
                    $load(&rows[4 * g + 3])
                ]);
                states[g] = [
                    $enter($bytes(a, gather)),
                    $enter($bytes(b, gather)),
                    $enter($bytes(c, gather)),
                    $xor($enter($bytes(d, gather)), $repeat(&schedule.enter)),
                ];
            }
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
            for g in 0..$groups {
                let [a, b, c, d] = states[g];
                // The words leave in reverse (GB/T 32907-2016, 7.1, R).
                let out = transpose!([
                    $bytes($leave(d), scatter),
                    $bytes($leave(c), scatter),
                    $bytes($leave(b), scatter),
                    $bytes($leave(a), scatter)
                ]);
                for r in 0..4 {
                    $store(&mut rows[4 * g + r], $xor(out[r], last));
                }
            }
        }
    };
}

pub(super) use dword_sliced;

/// Dword i of a lane from byte i (0 the lowest) of four big-endian words.
pub(super) const GATHER: [u8; 16] = [3, 7, 11, 15, 2, 6, 10, 14, 1, 5, 9, 13, 0, 4, 8, 12];

/// The inverse of [`GATHER`].
pub(super) const SCATTER: [u8; 16] = [12, 8, 4, 0, 13, 9, 5, 1, 14, 10, 6, 2, 15, 11, 7, 3];
