//! What has only one word or block at a time, on 128-bit vectors: the key schedule, and the chain of CBC.

/// Defines `key_schedule` over the functions of the calling module: `load`, `enter`, `xor3`, and
/// `key_terms`, the four parts of P·L'(S(x)) (see `aes_domain`).
macro_rules! key_schedule {
    ($features:literal) => {
        /// P·rk(0) to P·rk(31) (GB/T 32907-2016, 7.3), each word in the low dword of a vector.
        #[target_feature(enable = $features)]
        fn key_schedule(key: &Block, keys: &mut [u32; 32]) {
            let start = enter(_mm_xor_si128(load(key), load(&KEY_START)));
            // Dword j of the vector: word j, its bytes now the lowest first.
            let start = _mm_shuffle_epi8(
                start,
                _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3),
            );
            let mut u = [
                start,
                _mm_shuffle_epi32::<1>(start),
                _mm_shuffle_epi32::<2>(start),
                _mm_shuffle_epi32::<3>(start),
            ];
            let constant = _mm_set1_epi32(KEY_CONSTANT as i32);
            // Words turned left by one, two and three bytes.
            let one = _mm_set1_epi32(0x02_01_00_03);
            let two = _mm_set1_epi32(0x01_00_03_02);
            let three = _mm_set1_epi32(0x00_03_02_01);
            let inputs = KEY_INPUTS.as_chunks::<4>().0.iter();
            for (inputs, keys) in inputs.zip(keys.as_chunks_mut::<4>().0) {
                for i in 0..4 {
                    let input = _mm_set1_epi32(inputs[i] as i32);
                    let x =
                        _mm_xor_si128(xor3(u[(i + 1) % 4], u[(i + 2) % 4], input), u[(i + 3) % 4]);
                    let [b0, b1, b2, b3] = key_terms(x);
                    let (b1, b2) = (_mm_shuffle_epi8(b1, one), _mm_shuffle_epi8(b2, two));
                    let b3 = _mm_shuffle_epi8(b3, three);
                    let old = xor3(u[i], constant, b0);
                    u[i] = xor3(old, b1, _mm_xor_si128(b2, b3));
                    keys[i] = _mm_cvtsi128_si32(u[i]) as u32;
                }
            }
        }
    };
}

/// Defines `chain` over the functions of the calling module: `load`, `store`, `enter`, `leave`,
/// `xor3`, `substitute`.
macro_rules! chain {
    ($features:literal) => {
        /// Encrypts a chain: what a block leaves enters the next without changing its basis.
        #[target_feature(enable = $features)]
        fn chain(schedule: &Schedule, previous: &Block, blocks: &mut [Block]) {
            // Word j of a block, dword i being its byte i (0 the lowest) four times.
            let gather = [0, 4, 8, 12].map(|j: i32| {
                let four = |byte: i32| byte * 0x0101_0101;
                _mm_set_epi32(four(j), four(j + 1), four(j + 2), four(j + 3))
            });
            let first = load(&schedule.enter);
            let last = load(&schedule.leave);
            macro_rules! words {
                ($bytes:expr) => {{
                    let bytes = enter($bytes);
                    [
                        _mm_shuffle_epi8(bytes, gather[0]),
                        _mm_shuffle_epi8(bytes, gather[1]),
                        _mm_shuffle_epi8(bytes, gather[2]),
                        _mm_shuffle_epi8(bytes, gather[3]),
                    ]
                }};
            }
            // What a block left, in the order in which the next one takes it up, c(35) to c(32) still
            // in it.
            let mut chain = words!(_mm_xor_si128(load(previous), last));
            for block in blocks {
                let input = words!(_mm_xor_si128(load(block), last));
                let mut s = [
                    _mm_xor_si128(chain[0], input[0]),
                    _mm_xor_si128(chain[1], input[1]),
                    _mm_xor_si128(chain[2], input[2]),
                    _mm_xor_si128(chain[3], _mm_xor_si128(input[3], first)),
                ];
                for keys in schedule.rounds.as_chunks::<4>().0 {
                    for i in 0..4 {
                        let early = _mm_xor_si128(s[(i + 1) % 4], s[(i + 2) % 4]);
                        let (q, w) = substitute(_mm_xor_si128(early, s[(i + 3) % 4]));
                        let u = _mm_xor_si128(w, _mm_shuffle_epi32::<0b01_00_11_10>(q));
                        let sum = xor3(s[i], load(&keys[i]), q);
                        s[i] = xor3(sum, u, _mm_shuffle_epi32::<0b00_11_10_01>(u));
                    }
                }
                chain = [s[3], s[2], s[1], s[0]];
                // Byte j of every dword from word j.
                let low = _mm_blendv_epi8(chain[0], chain[1], _mm_set1_epi32(0x0000_ff00));
                let high =
                    _mm_blendv_epi8(chain[2], chain[3], _mm_set1_epi32(0xff00_0000_u32 as i32));
                let words = _mm_blend_epi16::<0b10_10_10_10>(low, high);
                let out = _mm_shuffle_epi8(leave(words), load(&SCATTER));
                store(block, _mm_xor_si128(out, last));
            }
        }
    };
}

pub(super) use {chain, key_schedule};
