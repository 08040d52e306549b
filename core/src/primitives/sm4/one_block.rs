//! What has only one word or block at a time, on 128-bit vectors: the key schedule, and chains. A chain can have
//! another block beside it, on 256 bits (`avx512::ccm`).
//!
//! In a chain every step waits for the one before it, while the CPU goes on and issues the instructions of
//! the rounds to come, which fill the queues of the schedulers. With full queues the simple vector
//! instructions of Zen 5 take two cycles instead of one, which makes a round half as long again. There a
//! round is `PACED`: beside its own instructions it has some that do nothing but wait for its input, in
//! the queue of the general registers. That one is then full first, and nothing is issued until the chain
//! has come nearer. How many they are, and the order of instructions, are the best that a search by
//! measurement found. Elsewhere they would only stand in the way.

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
/// `chained_round`; and a test of the two paces.
///
/// What a block leaves enters the next without changing its basis: words stay in the basis of
/// `aes_domain`, the low byte of dword i of a vector being byte i (0 the lowest) of the word. The other
/// bytes of a dword are zero where `$zero` has a bit, else the same.
macro_rules! chain {
    ($features:literal, zero: $zero:literal, proof: $proof:ty) => {
        /// Takes `blocks` through a chain; see `RoundKeys::chain`.
        #[target_feature(enable = $features)]
        fn chain<const PACED: bool>(
            schedule: &Schedule,
            chain: Chain,
            state: &mut Block,
            blocks: &mut [Block],
        ) {
            let last = load(&schedule.leave);
            let between = between(schedule);
            let mut end = load(state);
            let mut kept = Kept::new(words(_mm_xor_si128(end, last)));
            let mut next = match (chain, blocks.first()) {
                (Chain::Cbc, Some(first)) => Added::new(_mm_xor_si128(between, load(first))),
                _ => Added::new(between),
            };
            let mut rest = blocks;
            while let Some((block, after)) = rest.split_first_mut() {
                let data = load(block);
                kept = kept.add(next);
                if chain == Chain::Cbc
                    && let Some(following) = after.first()
                {
                    // Early, so that it is there when the chain is.
                    next = Added::new(_mm_xor_si128(between, load(following)));
                }
                kept = crypt_words::<PACED>(schedule, kept);
                let out = _mm_xor_si128(bytes(kept.words), last);
                let sum = _mm_xor_si128(out, data);
                (end, kept) = match chain {
                    Chain::Cbc | Chain::Ofb => (out, kept),
                    Chain::Cfb => (sum, kept.add(Added::new(data))),
                };
                store(block, if chain == Chain::Cbc { out } else { sum });
                rest = after;
            }
            store(state, end);
        }

        /// Takes `blocks` into `state`; see `RoundKeys::absorb`.
        #[target_feature(enable = $features)]
        fn mac<const PACED: bool>(schedule: &Schedule, state: &mut Block, blocks: &[Block]) {
            let last = load(&schedule.leave);
            let between = between(schedule);
            let mut kept = Kept::new(words(_mm_xor_si128(load(state), last)));
            let Some(first) = blocks.first() else { return };
            let mut next = Added::new(_mm_xor_si128(between, load(first)));
            let mut rest = blocks;
            while let Some((_, after)) = rest.split_first() {
                kept = kept.add(next);
                if let Some(following) = after.first() {
                    next = Added::new(_mm_xor_si128(between, load(following)));
                }
                kept = crypt_words::<PACED>(schedule, kept);
                rest = after;
            }
            store(state, _mm_xor_si128(bytes(kept.words), last));
        }

        /// What turns a block that left into one that can enter: c(35) to c(32), which are still in its
        /// words, and c(3).
        #[inline]
        #[target_feature(enable = $features)]
        fn between(schedule: &Schedule) -> __m128i {
            let zero = _mm_setzero_si128();
            let first = bytes([zero, zero, zero, load(&schedule.enter)]);
            _mm_xor_si128(load(&schedule.leave), first)
        }

        /// The words that the next block is added to.
        #[derive(Clone, Copy)]
        struct Kept {
            words: [__m128i; 4],
            /// The sum of all but the first, which is known a round before the first.
            input: __m128i,
        }

        impl Kept {
            #[inline]
            #[target_feature(enable = $features)]
            fn new(words: [__m128i; 4]) -> Self {
                Self { words, input: xor3(words[1], words[2], words[3]) }
            }

            #[inline]
            #[target_feature(enable = $features)]
            fn add(self, other: Added) -> Self {
                Self {
                    words: add_words(self.words, other.words),
                    input: _mm_xor_si128(self.input, other.input),
                }
            }
        }

        /// A block that is added to the words.
        #[derive(Clone, Copy)]
        struct Added {
            words: [__m128i; 4],
            /// The sum of all but the first.
            input: __m128i,
        }

        impl Added {
            #[inline]
            #[target_feature(enable = $features)]
            fn new(block: __m128i) -> Self {
                let words = words(block);
                let input = kept_apart(xor3(words[1], words[2], words[3]));
                Self { words, input }
            }
        }

        /// The 32 rounds, and the words in reverse (GB/T 32907-2016, 7.1, R).
        #[inline]
        #[target_feature(enable = $features)]
        fn crypt_words<const PACED: bool>(schedule: &Schedule, kept: Kept) -> Kept {
            let Kept { mut words, mut input } = kept;
            let mut before = input;
            for keys in schedule.rounds.as_chunks::<4>().0 {
                for i in 0..4 {
                    before = input;
                    let next = words[(i + 1) % 4];
                    chained_round::<PACED>(&mut input, &mut words[i], next, &keys[i]);
                }
            }
            let [a, b, c, d] = words;
            Kept { words: [d, c, b, a], input: before }
        }

        /// The words of a block.
        #[inline]
        #[target_feature(enable = $features)]
        fn words(block: __m128i) -> [__m128i; 4] {
            let entered = enter(block);
            macro_rules! word {
                ($j:literal) => {{
                    // An index with its highest bit gives zero.
                    let four = |byte: u32| (byte * 0x0101_0101 | $zero & 0x8080_8080) as i32;
                    let places = _mm_set_epi32(four($j), four($j + 1), four($j + 2), four($j + 3));
                    _mm_shuffle_epi8(entered, places)
                }};
            }
            [word!(0), word!(4), word!(8), word!(12)]
        }

        /// The block of the words.
        #[inline]
        #[target_feature(enable = $features)]
        fn bytes(words: [__m128i; 4]) -> __m128i {
            // The low bytes of the dwords, the last first.
            let word = 0x00_04_08_0c;
            let a = _mm_shuffle_epi8(words[0], _mm_set_epi32(-1, -1, -1, word));
            let b = _mm_shuffle_epi8(words[1], _mm_set_epi32(-1, -1, word, -1));
            let c = _mm_shuffle_epi8(words[2], _mm_set_epi32(-1, word, -1, -1));
            let d = _mm_shuffle_epi8(words[3], _mm_set_epi32(word, -1, -1, -1));
            leave(_mm_xor_si128(_mm_xor_si128(a, b), _mm_xor_si128(c, d)))
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

        /// A CPU runs one of the two: here it runs both.
        #[cfg(test)]
        #[test]
        fn both_paces_agree() {
            let Some(cpu) = <$proof>::detect() else { return };
            let keys = expand(cpu, &[0x5a; 16]);
            let blocks: Vec<Block> = (0..9).map(|number| [0x1d * number; 16]).collect();
            for kind in [Chain::Cbc, Chain::Cfb, Chain::Ofb] {
                let mut states = [[0xc3; 16]; 2];
                let (mut paced, mut plain) = (blocks.clone(), blocks.clone());
                // SAFETY: `cpu` proves the features.
                unsafe {
                    chain::<true>(keys.encrypt(), kind, &mut states[0], &mut paced);
                    chain::<false>(keys.encrypt(), kind, &mut states[1], &mut plain);
                }
                assert_eq!((paced, states[0]), (plain, states[1]), "{kind:?}");
            }
            let mut states = [[0x3c; 16]; 2];
            // SAFETY: `cpu` proves the features.
            unsafe {
                mac::<true>(keys.encrypt(), &mut states[0], &blocks);
                mac::<false>(keys.encrypt(), &mut states[1], &blocks);
            }
            assert_eq!(states[0], states[1]);
        }
    };
}

/// Defines `chained_round` on vectors of one width by its instructions, where `hold N` stands for N that
/// wait for the input if `PACED`. No time depends on what is computed.
macro_rules! chained_round {
    (
        $features:literal, $class:ident $vector:ty, $key:ty,
        [$($line:literal,)+], $($operand:tt)+
    ) => {
        /// A round of a chain: its input becomes that of the next round, `word` the new word.
        ///
        /// x(i+1) = x(i) ^ X(i+1) ^ X(i+4), where x(i) = X(i+1) ^ X(i+2) ^ X(i+3).
        #[inline]
        #[target_feature(enable = $features)]
        fn chained_round<const PACED: bool>(
            input: &mut $vector,
            word: &mut $vector,
            next: $vector,
            key: &$key,
        ) {
            // SAFETY: of the features above; it works on registers, and reads what is borrowed.
            unsafe {
                asm!(
                    ".macro hold times", ".rept \\times * {paced}", "test {waiting:e}, {waiting:e}",
                    ".endr", ".endm",
                    ".rept {paced}", "vmovd {waiting:e}, {x:x}", ".endr",
                    $($line,)+
                    ".purgem hold",
                    x = inout($class) *input,
                    word = inout($class) *word,
                    next = in($class) next,
                    key = in(reg) key,
                    known = out($class) _,
                    waiting = out(reg) _,
                    paced = const PACED as u8,
                    $($operand)+,
                    options(pure, readonly, nostack),
                );
            }
        }
    };
}

pub(super) use {chain, chained_round, key_schedule};
