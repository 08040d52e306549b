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

/// Defines `crypt_chain` and `absorb`, for whoever has the proof, over the functions of the calling module:
/// `load`, `store`, `enter`, `leave`, and what `rounds_of_block` defines and is over; and a test of the two paces.
///
/// What a block leaves enters the next without changing its basis: words stay in the basis of
/// `aes_domain`, the low byte of dword i of a vector being byte i (0 the lowest) of the word. The other
/// bytes of a dword are zero where `$zero` has a bit, else the same.
macro_rules! chain {
    ($features:literal, zero: $zero:literal, proof: $proof:ty) => {
        /// Takes `blocks` through a chain; see `RoundKeys::chain`.
        pub(super) fn crypt_chain(
            _: $proof,
            schedule: &Schedule,
            kind: Chain,
            state: &mut Block,
            blocks: &mut [Block],
        ) {
            // SAFETY: a `$proof` exists only where these features are.
            unsafe {
                if $crate::primitives::cpu::full_queues_delay() {
                    chain::<true>(schedule, kind, state, blocks);
                } else {
                    chain::<false>(schedule, kind, state, blocks);
                }
            }
        }

        /// Takes `blocks` into `state`; see `RoundKeys::absorb`.
        pub(super) fn absorb(
            _: $proof,
            schedule: &Schedule,
            state: &mut Block,
            blocks: &[Block],
        ) {
            // SAFETY: a `$proof` exists only where these features are.
            unsafe {
                if $crate::primitives::cpu::full_queues_delay() {
                    mac::<true>(schedule, state, blocks);
                } else {
                    mac::<false>(schedule, state, blocks);
                }
            }
        }

        /// The same at one pace.
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
                (Chain::Cbc, Some(first)) => {
                    Entering::new(schedule, _mm_xor_si128(between, load(first)))
                }
                _ => Entering::new(schedule, between),
            };
            let mut rest = blocks;
            // What is done is put into its place a block later, when the chain does not wait beside it.
            let mut done: Option<(&mut Block, Kept)> = None;
            while let Some((block, after)) = rest.split_first_mut() {
                let this = next;
                if chain == Chain::Cbc
                    && let Some(following) = after.first()
                {
                    // Early, so that it is there when the chain is.
                    next = Entering::new(schedule, _mm_xor_si128(between, load(following)));
                }
                let out = rounds_of_block::<PACED>(schedule, kept, this);
                kept = match chain {
                    Chain::Cbc | Chain::Ofb => out,
                    Chain::Cfb => out.add(Kept::new(words(load(block)))),
                };
                if let Some((place, out)) = done.replace((block, out)) {
                    put(chain, place, _mm_xor_si128(bytes(out.words()), last));
                }
                rest = after;
            }
            if let Some((place, out)) = done {
                end = put(chain, place, _mm_xor_si128(bytes(out.words()), last));
            }
            store(state, end);
        }

        impl Kept {
            #[inline]
            #[target_feature(enable = $features)]
            fn add(self, other: Self) -> Self {
                Self {
                    x: _mm_xor_si128(self.x, other.x),
                    late: _mm_xor_si128(self.late, other.late),
                    early: _mm_xor_si128(self.early, other.early),
                    d1: _mm_xor_si128(self.d1, other.d1),
                    d2: _mm_xor_si128(self.d2, other.d2),
                }
            }
        }

        /// What goes in place of a block, and what is the state after it, where the cipher gave `out`.
        #[inline]
        #[target_feature(enable = $features)]
        fn put(chain: Chain, place: &mut Block, out: __m128i) -> __m128i {
            let sum = _mm_xor_si128(out, load(place));
            store(place, if chain == Chain::Cbc { out } else { sum });
            if chain == Chain::Cfb { sum } else { out }
        }

        /// Takes `blocks` into `state`; see `RoundKeys::absorb`.
        #[target_feature(enable = $features)]
        fn mac<const PACED: bool>(schedule: &Schedule, state: &mut Block, blocks: &[Block]) {
            let last = load(&schedule.leave);
            let between = between(schedule);
            let mut kept = Kept::new(words(_mm_xor_si128(load(state), last)));
            let Some(first) = blocks.first() else { return };
            let mut next = Entering::new(schedule, _mm_xor_si128(between, load(first)));
            let mut rest = blocks;
            while let Some((_, after)) = rest.split_first() {
                let this = next;
                if let Some(following) = after.first() {
                    next = Entering::new(schedule, _mm_xor_si128(between, load(following)));
                }
                kept = rounds_of_block::<PACED>(schedule, kept, this);
                rest = after;
            }
            store(state, _mm_xor_si128(bytes(kept.words()), last));
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

        /// A CPU runs one of the two: here it runs both.
        #[cfg(test)]
        #[test]
        fn both_paces_agree() {
            let Some(cpu) = <$proof>::detect() else {
                return cpu::lacking(stringify!(SM4 on $proof));
            };
            let bytes = |seed: u8| -> Block {
                std::array::from_fn(|i| seed.wrapping_mul(29) ^ (i as u8).wrapping_mul(11 + seed))
            };
            let keys = expand(cpu, &bytes(90));
            let all: Vec<Block> = (0..9).map(bytes).collect();
            let kinds = [Chain::Cbc, Chain::Cfb, Chain::Ofb];
            for (kind, count) in kinds.into_iter().flat_map(|kind| (0..=9).map(move |n| (kind, n)))
            {
                let blocks = all[..count].to_vec();
                let mut states = [bytes(77); 2];
                let (mut paced, mut plain) = (blocks.clone(), blocks.clone());
                // SAFETY: `cpu` proves the features.
                unsafe {
                    chain::<true>(keys.encrypt(), kind, &mut states[0], &mut paced);
                    chain::<false>(keys.encrypt(), kind, &mut states[1], &mut plain);
                }
                assert_eq!((paced, states[0]), (plain, states[1]), "{kind:?} {count}");
            }
            let mut states = [bytes(33); 2];
            // SAFETY: `cpu` proves the features.
            unsafe {
                mac::<true>(keys.encrypt(), &mut states[0], &all);
                mac::<false>(keys.encrypt(), &mut states[1], &all);
            }
            assert_eq!(states[0], states[1]);
        }
    };
}

/// Defines `Kept`, `Entering` and `rounds_of_block` on vectors of one width, over the functions of the calling
/// module: `words`, `xor3`, `round_key`, `chained_round`, `bare_round`.
macro_rules! rounds_of_block {
    ($features:literal, $vector:ty, $keys:ty, xor: $xor:path, apart: $apart:path) => {
        /// The words X(0) to X(3) that a block is added to, in sums that rounds go on with.
        #[derive(Clone, Copy)]
        struct Kept {
            /// X(1) ^ X(2) ^ X(3), which is known a round before `late`.
            x: $vector,
            /// X(0) ^ X(1) ^ X(2).
            late: $vector,
            /// X(2), which is X(0) ^ X(1) ^ `late`.
            early: $vector,
            /// X(1) ^ X(2).
            d1: $vector,
            /// X(2) ^ X(3).
            d2: $vector,
        }

        impl Kept {
            #[inline]
            #[target_feature(enable = $features)]
            fn new([a, b, c, d]: [$vector; 4]) -> Self {
                let (d1, d2) = ($xor(b, c), $xor(c, d));
                Self { x: $xor(b, d2), late: $xor(a, d1), early: c, d1, d2 }
            }

            #[inline]
            #[target_feature(enable = $features)]
            fn words(self) -> [$vector; 4] {
                let (a, d) = ($xor(self.late, self.d1), $xor(self.x, self.d1));
                [a, $xor(self.early, self.d1), $xor(d, self.d2), d]
            }
        }

        /// A block that is added to the words, in what the rounds need of it.
        #[derive(Clone, Copy)]
        struct Entering {
            /// As in [`Kept`].
            x: $vector,
            /// X(0) ^ X(1) and the first round key.
            first: $vector,
            /// X(2).
            early: $vector,
            /// As in [`Kept`].
            d1: $vector,
            /// As in [`Kept`].
            d2: $vector,
        }

        impl Entering {
            #[inline]
            #[target_feature(enable = $features)]
            fn new(keys: &$keys, block: $vector) -> Self {
                let words = words(block);
                let Kept { x, early, d1, d2, .. } = Kept::new(words);
                let first = xor3(words[0], words[1], round_key(keys, 0));
                Self { x: $apart(x), first: $apart(first), early, d1, d2 }
            }
        }

        /// The 32 rounds of the sum of the two, and the words in reverse (GB/T 32907-2016, 7.1, R).
        ///
        /// With x(i) = X(i+1) ^ X(i+2) ^ X(i+3) and d(i) = X(i) ^ X(i+1), a round is x(i+1) = x(i) ^ d(i) ^ T(i)
        /// and d(i+3) = d(i) ^ x(i+1) ^ x(i-1), T(i) being L(S(x(i))) and the round key. The first round does not
        /// wait for the last of the block before, which gave `late`, but adds that when it is there.
        #[inline]
        #[target_feature(enable = $features)]
        fn rounds_of_block<const PACED: bool>(
            keys: &$keys,
            kept: Kept,
            entering: Entering,
        ) -> Kept {
            let mut before = $xor(kept.x, entering.x);
            let mut d = [
                $xor(kept.early, entering.first),
                $xor(kept.d1, entering.d1),
                $xor(kept.d2, entering.d2),
            ];
            let mut x = bare_round::<PACED>(before, d[0], kept.late);
            d[0] = xor3(kept.early, entering.early, x);
            for i in (1..31).step_by(6) {
                for j in 0..6 {
                    let key = &keys.rounds[i + j];
                    let next = chained_round::<PACED>(x, &mut d[(1 + j) % 3], before, key);
                    (before, x) = (x, next);
                }
            }
            let early = $xor(d[1], before);
            let late = bare_round::<PACED>(x, d[1], round_key(keys, 31));
            Kept { x, late, early, d1: d[0], d2: d[2] }
        }
    };
}

/// Defines `chained_round` and `bare_round` on vectors of one width by their instructions, where `hold N` stands
/// for N that wait for the input if `PACED`. No time depends on what is computed.
///
/// Between the first round and the last the key is an operand in memory, and not an instruction more.
macro_rules! chained_round {
    (
        $features:literal, $class:ident $vector:ty, $key:ty,
        [$($line:literal,)+], $memory:literal or $register:literal, [$($after:literal,)*],
        [$($update:literal,)+], $($operand:tt)+
    ) => {
        /// Round i of a chain but the first and the last: x(i+1), and d(i+3) in place of d(i).
        #[inline]
        #[target_feature(enable = $features)]
        fn chained_round<const PACED: bool>(
            x: $vector,
            d: &mut $vector,
            before: $vector,
            key: &$key,
        ) -> $vector {
            let next;
            // SAFETY: of the features above; it works on registers, and reads what is borrowed, and statics.
            unsafe {
                chained_round!(@ [$($line,)+ $memory, $($after,)* $($update,)+] $class x, next,
                    key = in(reg) key, d = inout($class) *d, before = in($class) before,
                    $($operand)+);
            }
            next
        }

        /// x(i+1) of a round with this key, or with what else is to be added last.
        #[inline]
        #[target_feature(enable = $features)]
        fn bare_round<const PACED: bool>(x: $vector, d: $vector, key: $vector) -> $vector {
            let next;
            // SAFETY: of the features above; it works on registers, and reads what is borrowed, and statics.
            unsafe {
                chained_round!(@ [$($line,)+ $register, $($after,)*] $class x, next,
                    key = in($class) key, d = in($class) d, $($operand)+);
            }
            next
        }
    };
    (@ [$($line:literal,)+] $class:ident $x:ident, $next:ident, $($operand:tt)+) => {
        asm!(
            ".macro hold times", ".rept \\times * {paced}", "test {waiting:e}, {waiting:e}",
            ".endr", ".endm",
            ".rept {paced}", "vmovd {waiting:e}, {x:x}", ".endr",
            $($line,)+
            ".purgem hold",
            x = in($class) $x,
            p = out($class) _,
            next = out($class) $next,
            waiting = out(reg) _,
            paced = const PACED as u8,
            $($operand)+,
            options(pure, readonly, nostack),
        )
    };
}

pub(super) use {chain, chained_round, key_schedule, rounds_of_block};
