//! SM3, the hash function of GB/T 32905-2016; HMAC and PBKDF2 over it; and the KDF of
//! GB/T 32918.4-2016, 5.4.3.
//!
//! In: bytes of any length below 2^61. Out: 32 bytes. Constant time in the content: neither a branch
//! nor an address depends on it, only on lengths.

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod hmac;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod lanes;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod many;
mod message;
#[cfg(target_arch = "aarch64")]
mod neon;
mod pbkdf2;
mod portable;
mod prefix;
#[cfg(target_arch = "x86_64")]
mod rounds;
mod selftest;
#[cfg(test)]
mod tests;

use std::{array, fmt, iter, slice};

use const_oid::{AssociatedOid, ObjectIdentifier};
use digest::{
    HashMarker, Output,
    array::Array,
    block_api::{
        AlgorithmName, Block as ArrayBlock, BlockSizeUser, Buffer, BufferKindUser, CoreProxy,
        Eager, FixedOutputCore, OutputSizeUser, Reset, UpdateCore,
    },
    typenum::{U32, U64},
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use self::message::{Absorber, Input, Midstate};
#[cfg(target_arch = "x86_64")]
use self::message::{blocks_of, fill};
pub(crate) use self::prefix::Prefix;
pub use self::{hmac::HmacKey, pbkdf2::pbkdf2};
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::cpu;
use super::selftest::demand;
use crate::limits;

/// A digest: 32 bytes, the words A to H big-endian (GB/T 32905-2016, 5.4).
pub type Digest = [u8; 32];

/// HMAC with SM3 (GB/T 15852.2), for keys of any length. `verify_slice` compares in constant time.
pub type HmacSm3 = ::hmac::Hmac<Sm3>;

/// One message block B(i) of 512 bits.
type Block = [u8; 64];

/// The chaining value V(i) as the words A to H.
type State = [u32; 8];

/// V(0) (GB/T 32905-2016, 4.1).
const IV: State = [
    0x7380_166f,
    0x4914_b2b9,
    0x1724_42d7,
    0xda8a_0600,
    0xa96f_30bc,
    0x1631_38aa,
    0xe38d_ee4d,
    0xb0fb_0e4e,
];

/// With fewer messages than this, one after the other is faster than lanes that stand empty; but for two short
/// ones, see `hash_two`.
const LANES_MIN: usize = 3;

/// Which kernel computes. A public value: it carries the proof that this CPU can run it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Plain Rust, on every CPU.
    Portable,
    /// AVX2, BMI1 and BMI2: up to 8 messages at a time.
    #[cfg(target_arch = "x86_64")]
    Avx2(cpu::Avx2),
    /// AVX-512 and BMI2: up to 16 messages at a time.
    #[cfg(target_arch = "x86_64")]
    Avx512(cpu::Avx512),
    /// Vectors of 128 bits: 4 messages at a time, one as [`Backend::Portable`].
    #[cfg(target_arch = "aarch64")]
    Neon(cpu::Neon),
    /// The instructions for SM3 on one message, vectors on several.
    #[cfg(target_arch = "aarch64")]
    Sm3(cpu::Sm),
}

impl Backend {
    /// Every backend that this CPU can run, slowest first: the last is the default.
    pub fn runnable() -> impl Iterator<Item = Self> {
        let backends = iter::once(Self::Portable);
        #[cfg(target_arch = "x86_64")]
        let backends = backends
            .chain(cpu::Avx2::detect().map(Self::Avx2))
            .chain(cpu::Avx512::detect().map(Self::Avx512));
        #[cfg(target_arch = "aarch64")]
        let backends = backends
            .chain(cpu::Neon::detect().map(Self::Neon))
            .chain(cpu::Sm::detect().map(Self::Sm3));
        backends
    }

    /// A short name, for listings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => "neon",
            #[cfg(target_arch = "aarch64")]
            Self::Sm3(_) => "sm3",
        }
    }

    /// The digest of `message`.
    #[must_use]
    pub fn hash(self, message: &[u8]) -> Digest {
        self.hash_parts(&[message])
    }

    /// The digest of the message that `parts` make one after the other.
    #[must_use]
    pub fn hash_parts(self, parts: &[&[u8]]) -> Digest {
        self.absorb(&Midstate::START, parts)
    }

    /// The digests of many messages of any lengths, in their order.
    #[must_use]
    pub fn hash_many(self, messages: &[&[u8]]) -> Vec<Digest> {
        self.hash_many_with_prefix(&[], messages)
    }

    /// SM3(prefix ‖ message) for each of many messages of any lengths, in their order.
    #[must_use]
    pub fn hash_many_with_prefix(self, prefix: &[u8], messages: &[&[u8]]) -> Vec<Digest> {
        let mut digests = vec![[0; 32]; messages.len()];
        let (start, head) = Midstate::after(self, prefix);
        let input = |i: usize| Input { start: &start, head, body: messages[i] };
        self.absorb_many(&input, &mut digests);
        digests
    }

    /// SM3(first ‖ second) for each of many pairs of any lengths, in their order.
    #[must_use]
    pub fn hash_many_pairs(self, pairs: &[(&[u8], &[u8])]) -> Vec<Digest> {
        let mut digests = vec![[0; 32]; pairs.len()];
        let start = Midstate::START;
        let input = |i: usize| Input { start: &start, head: pairs[i].0, body: pairs[i].1 };
        self.absorb_many(&input, &mut digests);
        digests
    }

    /// The digests of two messages, each in parts. Of up to two blocks, and as many of the one as of the
    /// other, they go side by side where that is faster.
    fn hash_two(self, messages: [&[&[u8]]; 2], digests: &mut [Digest; 2]) {
        #[cfg(target_arch = "x86_64")]
        if let Self::Avx512(cpu) = self
            && let [a, b] = messages.map(blocks_of)
            && a == b
            && a <= 2
        {
            demand(self);
            let mut blocks = [[[0; 64]; 2]; 2];
            for (blocks, parts) in blocks.iter_mut().zip(messages) {
                fill(blocks, parts);
            }
            let mut states = IV.map(|word| [word; 16]);
            for blocks in blocks[0].iter().zip(&blocks[1]).take(a) {
                avx512::compress_two(cpu, &mut states, blocks.into());
            }
            for (lane, digest) in digests.iter_mut().enumerate() {
                *digest = digest_of(&lanes::state_of(&states, lane));
            }
            states.as_flattened_mut().zeroize();
            blocks.as_flattened_mut().as_flattened_mut().zeroize();
            return;
        }
        for (digest, parts) in digests.iter_mut().zip(messages) {
            *digest = self.hash_parts(parts);
        }
    }

    /// As [`kdf()`], on a chosen backend.
    ///
    /// # Panics
    /// As [`kdf()`].
    pub fn kdf(self, z: &[&[u8]], out: &mut [u8]) {
        assert!(
            out.len() as u64 <= limits::SM3_KDF_BYTES_MAX,
            "the counter of the KDF has 32 bits"
        );
        let mut prefix = Absorber::new(self, &Midstate::START);
        z.iter().for_each(|part| prefix.update(part));
        if out.len() <= 32 {
            prefix.update(&FIRST_COUNTER);
            let digest = Zeroizing::new(prefix.finish());
            return out.copy_from_slice(&digest[..out.len()]);
        }
        let (start, head) = prefix.midstate();
        let mut digests = [[0; 32]; KDF_BATCH];
        for (batch, chunk) in out.chunks_mut(32 * KDF_BATCH).enumerate() {
            let counters: [_; KDF_BATCH] =
                array::from_fn(|i| ((KDF_BATCH * batch + i + 1) as u32).to_be_bytes());
            let digests = &mut digests[..chunk.len().div_ceil(32)];
            self.absorb_many(&|i| Input { start: &start, head, body: &counters[i] }, digests);
            chunk.copy_from_slice(&digests.as_flattened()[..chunk.len()]);
        }
        digests.as_flattened_mut().zeroize();
    }

    /// The digest of a message that begins with what `start` has taken in, and goes on with `parts`.
    fn absorb(self, start: &Midstate, parts: &[&[u8]]) -> Digest {
        let mut message = Absorber::new(self, start);
        parts.iter().for_each(|part| message.update(part));
        message.finish()
    }

    /// The digests of as many messages as `digests` has places for, number i being `input(i)`.
    fn absorb_many<'m>(self, input: &dyn Fn(usize) -> Input<'m>, digests: &mut [Digest]) {
        demand(self);
        match self {
            _ if digests.len() < LANES_MIN => self.absorb_each(input, digests),
            Self::Portable => self.absorb_each(input, digests),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(cpu) => avx2::hash_many(cpu, input, digests),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(cpu) => avx512::hash_many(cpu, input, digests),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(cpu) => neon::hash_many(cpu, input, digests, portable::compress),
            #[cfg(target_arch = "aarch64")]
            Self::Sm3(cpu) => neon::hash_many(cpu.neon(), input, digests, |state, blocks| {
                aarch64::compress(cpu, state, blocks);
            }),
        }
    }

    /// The same, one after the other.
    fn absorb_each<'m>(self, input: &dyn Fn(usize) -> Input<'m>, digests: &mut [Digest]) {
        for (index, digest) in digests.iter_mut().enumerate() {
            let Input { start, head, body } = input(index);
            *digest = self.absorb(start, &[head, body]);
        }
    }

    /// V(i+1) = CF(V(i), B(i)) for every block in turn (GB/T 32905-2016, 5.3).
    fn compress(self, state: &mut State, blocks: &[Block]) {
        demand(self);
        match self {
            Self::Portable => portable::compress(state, blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(cpu) => rounds::compress_avx2(cpu, state, blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(cpu) => rounds::compress_avx512(cpu, state, blocks),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => portable::compress(state, blocks),
            #[cfg(target_arch = "aarch64")]
            Self::Sm3(cpu) => aarch64::compress(cpu, state, blocks),
        }
    }
}

impl Default for Backend {
    fn default() -> Self {
        Self::runnable().last().unwrap_or(Self::Portable)
    }
}

/// The digest of `message`.
#[must_use]
pub fn hash(message: &[u8]) -> Digest {
    Backend::default().hash(message)
}

/// The digests of many messages of any lengths, in their order: faster than one by one where the CPU
/// has vectors.
#[must_use]
pub fn hash_many(messages: &[&[u8]]) -> Vec<Digest> {
    Backend::default().hash_many(messages)
}

/// The digest of the message that `parts` make one after the other, without copying it together.
#[must_use]
pub fn hash_parts(parts: &[&[u8]]) -> Digest {
    Backend::default().hash_parts(parts)
}

/// SM3(prefix ‖ message) for each of many messages of any lengths, in their order, as [`hash_many`].
#[must_use]
pub fn hash_many_with_prefix(prefix: &[u8], messages: &[&[u8]]) -> Vec<Digest> {
    Backend::default().hash_many_with_prefix(prefix, messages)
}

/// SM3(first ‖ second) for each of many pairs of any lengths, in their order, as [`hash_many`].
#[must_use]
pub fn hash_many_pairs(pairs: &[(&[u8], &[u8])]) -> Vec<Digest> {
    Backend::default().hash_many_pairs(pairs)
}

/// Fills `out` with KDF(Z, klen), Z being the parts of `z` in their order and klen the length of
/// `out`: SM3(Z ‖ ct) for the 32-bit big-endian counter ct = 1, 2, … (GB/T 32918.4-2016, 5.4.3).
///
/// # Panics
/// If `out` is longer than [`limits::SM3_KDF_BYTES_MAX`], where the counter would repeat.
pub fn kdf(z: &[&[u8]], out: &mut [u8]) {
    Backend::default().kdf(z, out);
}

/// As [`kdf`], of two parts, and the digest of the message that `parts` make: side by side where both are short
/// and that is faster.
pub(crate) fn kdf_and_hash(z: [&[u8]; 2], out: &mut [u8], parts: &[&[u8]]) -> Digest {
    if out.len() > 32 {
        kdf(&z, out);
        return hash_parts(parts);
    }
    let mut digests = Zeroizing::new([[0; 32]; 2]);
    Backend::default().hash_two([&[z[0], z[1], &FIRST_COUNTER], parts], &mut digests);
    out.copy_from_slice(&digests[0][..out.len()]);
    digests[1]
}

/// ct = 1.
const FIRST_COUNTER: [u8; 4] = 1u32.to_be_bytes();

/// The digests that [`kdf`] asks for at a time: a multiple of the lanes of any backend.
const KDF_BATCH: usize = 32;

digest::buffer_fixed!(
    /// SM3 over a message given piece by piece: the traits of the crate `digest`.
    pub struct Sm3(Sm3Core);
    impl: BaseFixedTraits AlgorithmName Default Clone HashMarker Reset FixedOutputReset;
);

impl Sm3 {
    /// A new hash that computes with `backend`; `Sm3::default()` takes the fastest.
    #[must_use]
    pub fn with_backend(backend: Backend) -> Self {
        Self::compose(Sm3Core { state: IV, blocks: 0, backend }, Buffer::<Sm3Core>::default())
    }
}

impl AssociatedOid for Sm3 {
    /// 1.2.156.10197.1.401 (GB/T 33560-2017).
    const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.401");
}

// Both fields zeroise themselves: the core below, the buffer by the feature `zeroize` of `digest`.
impl ZeroizeOnDrop for Sm3 {}

/// The state between blocks, without the buffer: what the traits of `digest::block_api` build on.
#[derive(Clone)]
pub struct Sm3Core {
    state: State,
    blocks: u64,
    backend: Backend,
}

impl Default for Sm3Core {
    fn default() -> Self {
        Self { state: IV, blocks: 0, backend: Backend::default() }
    }
}

impl Reset for Sm3Core {
    fn reset(&mut self) {
        (self.state, self.blocks) = (IV, 0);
    }
}

impl UpdateCore for Sm3Core {
    fn update_blocks(&mut self, blocks: &[ArrayBlock<Self>]) {
        self.blocks += blocks.len() as u64;
        self.backend.compress(&mut self.state, Array::cast_slice_to_core(blocks));
    }
}

impl FixedOutputCore for Sm3Core {
    fn finalize_fixed_core(&mut self, buffer: &mut Buffer<Self>, out: &mut Output<Self>) {
        let bits = 8 * (64 * self.blocks + buffer.get_pos() as u64);
        let Self { state, backend, .. } = self;
        buffer.len64_padding_be(bits, |block| backend.compress(state, slice::from_ref(&block.0)));
        out.copy_from_slice(&digest_of(state));
    }
}

impl HashMarker for Sm3Core {}

impl BlockSizeUser for Sm3Core {
    type BlockSize = U64;
}

impl BufferKindUser for Sm3Core {
    type BufferKind = Eager;
}

impl OutputSizeUser for Sm3Core {
    type OutputSize = U32;
}

impl AlgorithmName for Sm3Core {
    fn write_alg_name(f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sm3")
    }
}

impl fmt::Debug for Sm3Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sm3Core(..)")
    }
}

impl Drop for Sm3Core {
    fn drop(&mut self) {
        self.state.zeroize();
    }
}

impl ZeroizeOnDrop for Sm3Core {}

fn digest_of(state: &State) -> Digest {
    let mut digest = [0; 32];
    for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    digest
}
