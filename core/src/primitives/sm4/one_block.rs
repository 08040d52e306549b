//! What has only one word or block at a time, on 128-bit vectors: the key schedule, and chains.

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

/// Defines `chain` and `mac` over the functions of the calling module: `load`, `store`, `enter`, `leave`,
/// `hurried`.
///
/// What a block leaves enters the next without changing its basis: words stay in the basis of
/// `aes_domain`, dword i of a vector being byte i (0 the lowest) of the word four times.
macro_rules! chain {
    ($features:literal) => {
        /// Takes `blocks` through a chain; see `RoundKeys::chain`.
        #[target_feature(enable = $features)]
        fn chain(schedule: &Schedule, chain: Chain, state: &mut Block, blocks: &mut [Block]) {
            let last = load(&schedule.leave);
            let between = between(schedule);
            let mut end = load(state);
            let mut kept = words(_mm_xor_si128(end, last));
            for block in blocks {
                let data = load(block);
                let input = words(data);
                let added = match chain {
                    Chain::Cbc => add_words(input, between),
                    Chain::Cfb | Chain::Ofb => between,
                };
                kept = crypt_words(schedule, add_words(kept, added));
                let out = _mm_xor_si128(bytes(kept), last);
                let sum = _mm_xor_si128(out, data);
                (end, kept) = match chain {
                    Chain::Cbc | Chain::Ofb => (out, kept),
                    Chain::Cfb => (sum, add_words(kept, input)),
                };
                store(block, if chain == Chain::Cbc { out } else { sum });
            }
            store(state, end);
        }

        /// Takes `blocks` into `state`; see `RoundKeys::absorb`.
        #[target_feature(enable = $features)]
        fn mac(schedule: &Schedule, state: &mut Block, blocks: &[Block]) {
            let last = load(&schedule.leave);
            let between = between(schedule);
            let mut kept = words(_mm_xor_si128(load(state), last));
            for block in blocks {
                let added = add_words(words(load(block)), between);
                kept = crypt_words(schedule, add_words(kept, added));
            }
            store(state, _mm_xor_si128(bytes(kept), last));
        }

        /// What turns the words that a block left into words that can enter: c(35) to c(32), which are
        /// still in them, and c(3).
        #[inline]
        #[target_feature(enable = $features)]
        fn between(schedule: &Schedule) -> [__m128i; 4] {
            let [a, b, c, d] = words(load(&schedule.leave));
            [a, b, c, _mm_xor_si128(d, load(&schedule.enter))]
        }

        /// The 32 rounds, and the words in reverse (GB/T 32907-2016, 7.1, R).
        #[inline]
        #[target_feature(enable = $features)]
        fn crypt_words(schedule: &Schedule, words: [__m128i; 4]) -> [__m128i; 4] {
            let [[a, b, c, d]] = hurried(schedule, [words]);
            [d, c, b, a]
        }

        /// The words of a block.
        #[inline]
        #[target_feature(enable = $features)]
        fn words(block: __m128i) -> [__m128i; 4] {
            let entered = enter(block);
            let four = |byte: i32| byte * 0x0101_0101;
            macro_rules! word {
                ($j:literal) => {
                    _mm_shuffle_epi8(
                        entered,
                        _mm_set_epi32(four($j), four($j + 1), four($j + 2), four($j + 3)),
                    )
                };
            }
            [word!(0), word!(4), word!(8), word!(12)]
        }

        /// The block of the words.
        #[inline]
        #[target_feature(enable = $features)]
        fn bytes(words: [__m128i; 4]) -> __m128i {
            // Byte j of every dword from word j.
            let low = _mm_blendv_epi8(words[0], words[1], _mm_set1_epi32(0x0000_ff00));
            let high = _mm_blendv_epi8(words[2], words[3], _mm_set1_epi32(0xff00_0000_u32 as i32));
            let all = _mm_blend_epi16::<0b10_10_10_10>(low, high);
            _mm_shuffle_epi8(leave(all), load(&SCATTER))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn add_words(a: [__m128i; 4], b: [__m128i; 4]) -> [__m128i; 4] {
            [
                _mm_xor_si128(a[0], b[0]),
                _mm_xor_si128(a[1], b[1]),
                _mm_xor_si128(a[2], b[2]),
                _mm_xor_si128(a[3], b[3]),
            ]
        }
    };
}

pub(super) use {chain, key_schedule};
