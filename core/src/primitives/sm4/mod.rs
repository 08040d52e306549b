//! SM4, the block cipher of GB/T 32907-2016, and its modes: of GB/T 17964-2021 [`ecb`], [`cbc`],
//! [`cfb`], [`ofb`], [`ctr`] and [`xts`], of GB/T 36624-2018 the authenticated [`gcm`], [`ccm`] and
//! [`key_wrap`], of GB/T 15852.1-2020 the MACs [`cmac`] and [`cbc_mac`].
//!
//! No backend looks anything up by a secret index: the S-box is computed, in the key schedule too.
//! Nothing here is variable time but for lengths, which are public, and for what [`cbc`] says of
//! padding.

pub mod cbc;
pub mod cbc_mac;
pub mod ccm;
pub mod cfb;
pub mod cmac;
pub mod ctr;
pub mod ecb;
pub mod gcm;
pub mod key_wrap;
pub mod ofb;
pub mod xts;

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "aarch64")]
mod aarch64_aes;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod aes_domain;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod aes_tables;
#[cfg(target_arch = "x86_64")]
mod aesni;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod batch;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod dword_sliced;
#[cfg(target_arch = "x86_64")]
mod gfni;
mod ghash;
mod lanes;
#[cfg(target_arch = "x86_64")]
mod one_block;
mod portable;
mod sbox;
mod selftest;
#[cfg(test)]
mod tests;
mod traits;
#[cfg(target_arch = "x86_64")]
mod vectors;
#[cfg(target_arch = "x86_64")]
mod vpclmul;

use std::{fmt, iter, slice};

use zeroize::{Zeroize as _, ZeroizeOnDrop};

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::cpu;
use super::selftest::{demand, demand_service, in_service};
use crate::error::{Code, Error};

/// A block: 16 bytes, four big-endian words. Keys have the same form.
pub type Block = [u8; 16];

/// The system parameters of the key schedule (GB/T 32907-2016, 7.3).
const FK: [u32; 4] = [0xa3b1_bac6, 0x56aa_3350, 0x677d_9197, 0xb270_22dc];

/// The fixed parameters of the key schedule: byte j of CK(i) is (4i + j)·7 mod 256 (7.3).
const CK: [u32; 32] = {
    let mut ck = [0; 32];
    let mut i = 0;
    while i < 128 {
        ck[i / 4] = (ck[i / 4] << 8) | ((i as u32 * 7) & 0xff);
        i += 1;
    }
    ck
};

/// Which kernel computes. A public value: it carries the proof that this CPU can run it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Bit planes in plain Rust, on every CPU.
    Portable,
    /// The instructions of AES and AVX2, 16 blocks at a time.
    #[cfg(target_arch = "x86_64")]
    Aes(cpu::Aes),
    /// GFNI and AVX2, 16 blocks at a time.
    #[cfg(target_arch = "x86_64")]
    Gfni(cpu::Gfni),
    /// GFNI and AVX-512, 96 blocks at a time.
    #[cfg(target_arch = "x86_64")]
    Avx512(cpu::Avx512Gfni),
    /// The instructions of AES and vectors of 128 bits, 16 blocks at a time.
    #[cfg(target_arch = "aarch64")]
    Aes(cpu::Aes),
    /// The instructions for SM4, 8 blocks at a time.
    #[cfg(target_arch = "aarch64")]
    Sm4(cpu::Sm),
}

impl Backend {
    /// Every backend that this CPU can run, slowest first: the last is the default.
    pub fn runnable() -> impl Iterator<Item = Self> {
        let backends = iter::once(Self::Portable);
        #[cfg(target_arch = "x86_64")]
        let backends = backends
            .chain(cpu::Aes::detect().map(Self::Aes))
            .chain(cpu::Gfni::detect().map(Self::Gfni))
            .chain(cpu::Avx512Gfni::detect().map(Self::Avx512));
        #[cfg(target_arch = "aarch64")]
        let backends = backends
            .chain(cpu::Aes::detect().map(Self::Aes))
            .chain(cpu::Sm::detect().map(Self::Sm4));
        backends
    }

    /// A short name, for listings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Aes(_) => "aes",
            #[cfg(target_arch = "x86_64")]
            Self::Gfni(_) => "gfni",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            Self::Aes(_) => "aes",
            #[cfg(target_arch = "aarch64")]
            Self::Sm4(_) => "sm4",
        }
    }

    fn expand(self, key: &Block) -> RoundKeys {
        demand(self);
        match self {
            Self::Portable => RoundKeys::Portable(portable::RoundKeys::expand(key)),
            #[cfg(target_arch = "x86_64")]
            Self::Aes(cpu) => RoundKeys::Aes(cpu, aesni::expand(cpu, key)),
            #[cfg(target_arch = "x86_64")]
            Self::Gfni(cpu) => RoundKeys::Gfni(cpu, gfni::expand(cpu, key)),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(cpu) => RoundKeys::Avx512(cpu, avx512::expand(cpu, key)),
            #[cfg(target_arch = "aarch64")]
            Self::Aes(cpu) => RoundKeys::Aes(cpu, aarch64_aes::expand(cpu, key)),
            #[cfg(target_arch = "aarch64")]
            Self::Sm4(cpu) => RoundKeys::Sm4(cpu, aarch64::expand(cpu, key)),
        }
    }
}

impl Default for Backend {
    fn default() -> Self {
        Self::runnable().last().unwrap_or(Self::Portable)
    }
}

/// An expanded key. Zeroised on drop, never printed.
///
/// It implements the traits of the crate `cipher`, so that the modes of other crates can use it. The
/// modes of this module are faster. Both work best with many blocks at a time.
#[derive(Clone)]
pub struct Sm4 {
    keys: RoundKeys,
}

impl Sm4 {
    /// Expands `key` for `backend`; `Sm4::new` of [`KeyInit`](cipher::KeyInit) takes the fastest.
    #[must_use]
    pub fn with_backend(key: &Block, backend: Backend) -> Self {
        Self { keys: backend.expand(key) }
    }
}

/// The round keys in the form that a backend wants: its kernels are reached through here alone.
#[derive(Clone)]
enum RoundKeys {
    Portable(portable::RoundKeys),
    #[cfg(target_arch = "x86_64")]
    Aes(cpu::Aes, aes_domain::RoundKeys),
    #[cfg(target_arch = "x86_64")]
    Gfni(cpu::Gfni, aes_domain::RoundKeys),
    #[cfg(target_arch = "x86_64")]
    Avx512(cpu::Avx512Gfni, aes_domain::RoundKeys),
    #[cfg(target_arch = "aarch64")]
    Aes(cpu::Aes, aes_domain::RoundKeys),
    #[cfg(target_arch = "aarch64")]
    Sm4(cpu::Sm, aarch64::RoundKeys),
}

impl RoundKeys {
    fn encrypt(&self, blocks: &mut [Block]) {
        demand_service();
        match self {
            Self::Portable(keys) => portable::encrypt(keys, blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Aes(cpu, keys) => aesni::crypt(*cpu, keys.encrypt(), blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Gfni(cpu, keys) => gfni::crypt(*cpu, keys.encrypt(), blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(cpu, keys) => avx512::crypt(*cpu, keys.encrypt(), blocks),
            #[cfg(target_arch = "aarch64")]
            Self::Aes(cpu, keys) => aarch64_aes::crypt(*cpu, keys.encrypt(), blocks),
            #[cfg(target_arch = "aarch64")]
            Self::Sm4(cpu, keys) => aarch64::crypt(*cpu, keys.encrypt(), blocks),
        }
    }

    fn decrypt(&self, blocks: &mut [Block]) {
        demand_service();
        match self {
            Self::Portable(keys) => portable::decrypt(keys, blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Aes(cpu, keys) => aesni::crypt(*cpu, keys.decrypt(), blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Gfni(cpu, keys) => gfni::crypt(*cpu, keys.decrypt(), blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(cpu, keys) => avx512::crypt(*cpu, keys.decrypt(), blocks),
            #[cfg(target_arch = "aarch64")]
            Self::Aes(cpu, keys) => aarch64_aes::crypt(*cpu, keys.decrypt(), blocks),
            #[cfg(target_arch = "aarch64")]
            Self::Sm4(cpu, keys) => aarch64::crypt(*cpu, keys.decrypt(), blocks),
        }
    }

    /// Adds E(counter) ‖ E(counter + 1) ‖ … to `data`, the counter being a big-endian number of 128 bits.
    fn xor_keystream(&self, counter: u128, data: &mut [u8]) {
        demand_service();
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(cpu, keys) => avx512::xor_keystream(*cpu, keys.encrypt(), counter, data),
            #[cfg(target_arch = "x86_64")]
            Self::Aes(..) | Self::Gfni(..) => {
                batch::xor_keystream(|blocks| self.encrypt(blocks), counter, data);
            }
            #[cfg(target_arch = "aarch64")]
            Self::Aes(..) | Self::Sm4(..) => {
                batch::xor_keystream(|blocks| self.encrypt(blocks), counter, data);
            }
            Self::Portable(_) => {
                batch::xor_keystream(|blocks| self.encrypt(blocks), counter, data);
            }
        }
    }

    /// Takes `blocks` through a chain that goes on from `state`, and leaves there what comes after.
    fn chain(&self, chain: Chain, state: &mut Block, blocks: &mut [Block]) {
        demand_service();
        match self {
            Self::Portable(_) => batch::chain(self, chain, state, blocks),
            #[cfg(target_arch = "aarch64")]
            Self::Aes(..) | Self::Sm4(..) => batch::chain(self, chain, state, blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Aes(cpu, keys) => aesni::crypt_chain(*cpu, keys.encrypt(), chain, state, blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Gfni(cpu, keys) => gfni::crypt_chain(*cpu, keys.encrypt(), chain, state, blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(cpu, keys) => {
                avx512::crypt_chain(*cpu, keys.encrypt(), chain, state, blocks);
            }
        }
    }

    /// Takes `blocks` into `state`: what [`Chain::Cbc`] makes of them, of which only the last is kept.
    fn absorb(&self, state: &mut Block, blocks: &[Block]) {
        demand_service();
        match self {
            Self::Portable(_) => batch::absorb(self, state, blocks),
            #[cfg(target_arch = "aarch64")]
            Self::Aes(..) | Self::Sm4(..) => batch::absorb(self, state, blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Aes(cpu, keys) => aesni::absorb(*cpu, keys.encrypt(), state, blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Gfni(cpu, keys) => gfni::absorb(*cpu, keys.encrypt(), state, blocks),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(cpu, keys) => avx512::absorb(*cpu, keys.encrypt(), state, blocks),
        }
    }

    /// Takes `data`, filled up with zeros to whole blocks, into `state`.
    fn absorb_padded(&self, state: &mut Block, data: &[u8]) {
        let (blocks, tail) = data.as_chunks();
        self.absorb(state, blocks);
        if !tail.is_empty() {
            let mut last = [0; 16];
            last[..tail.len()].copy_from_slice(tail);
            self.absorb(state, slice::from_ref(&last));
            last.as_mut_slice().zeroize();
        }
    }

    /// Takes `data`, filled up with zeros to whole blocks, into `state`, and adds E(counter) ‖
    /// E(counter + 1) ‖ … to it.
    fn absorb_and_add_keystream(&self, state: &mut Block, mut counter: u128, data: &mut [u8]) {
        #[cfg(target_arch = "x86_64")]
        if let Self::Avx512(cpu, keys) = self
            // Where what comes before the first block has paid.
            && data.len() >= 1 << 10
        {
            demand_service();
            let (blocks, tail) = data.as_chunks_mut();
            let keys = keys.encrypt();
            avx512::ccm::absorb_and_add_keystream(*cpu, keys, state, counter, blocks);
            counter = counter.wrapping_add(blocks.len() as u128);
            self.absorb_padded(state, tail);
            return self.xor_keystream(counter, tail);
        }
        // So much at a time that it is still near when it is met again.
        for piece in data.chunks_mut(8 << 10) {
            self.absorb_padded(state, piece);
            self.xor_keystream(counter, piece);
            counter = counter.wrapping_add(piece.len().div_ceil(16) as u128);
        }
    }

    /// Takes the next `steps` blocks of every lane, of which there are at most [`lanes::LANES`], through
    /// [`Chain::Cbc`]. The states of the lanes stay as they are.
    fn cbc_encrypt_lanes(&self, lanes: &mut [lanes::Lane<'_>], steps: usize) {
        demand_service();
        #[cfg(target_arch = "x86_64")]
        if let Self::Avx512(cpu, keys) = self {
            return avx512::cbc_encrypt_lanes(*cpu, keys.encrypt(), lanes, steps);
        }
        lanes::encrypt_steps(self, lanes, steps);
    }

    /// Undoes [`Chain::Cbc`], many blocks at a time.
    fn cbc_decrypt(&self, state: &mut Block, blocks: &mut [Block]) {
        demand_service();
        #[cfg(target_arch = "x86_64")]
        if let Self::Avx512(cpu, keys) = self {
            return avx512::cbc_decrypt(*cpu, keys.decrypt(), state, blocks);
        }
        batch::cbc_decrypt(self, state, blocks);
    }

    /// Undoes [`Chain::Cfb`], many blocks at a time.
    fn cfb_decrypt(&self, state: &mut Block, blocks: &mut [Block]) {
        demand_service();
        #[cfg(target_arch = "x86_64")]
        if let Self::Avx512(cpu, keys) = self {
            return avx512::cfb_decrypt(*cpu, keys.encrypt(), state, blocks);
        }
        batch::cfb_decrypt(self, state, blocks);
    }

    /// Takes every block through `direction` between two additions of its tweak: `tweak` for the first,
    /// doubled for each block after it, and left there for what comes after.
    fn xts(
        &self,
        direction: Direction,
        order: xts::Order,
        tweak: &mut Block,
        blocks: &mut [Block],
    ) {
        demand_service();
        #[cfg(target_arch = "x86_64")]
        if let Self::Avx512(cpu, keys) = self {
            let schedule = match direction {
                Direction::Encrypt => keys.encrypt(),
                Direction::Decrypt => keys.decrypt(),
            };
            return avx512::xts(*cpu, schedule, order, tweak, blocks);
        }
        batch::xts(self, direction, order, tweak, blocks);
    }

    /// Takes every block through `direction`.
    fn crypt(&self, direction: Direction, blocks: &mut [Block]) {
        match direction {
            Direction::Encrypt => self.encrypt(blocks),
            Direction::Decrypt => self.decrypt(blocks),
        }
    }
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Encrypt,
    Decrypt,
}

/// What a chain does with its state for each block: each waits for the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chain {
    /// state = block = E(state ^ block).
    Cbc,
    /// state = block = E(state) ^ block.
    Cfb,
    /// state = E(state), block ^= state.
    Ofb,
}

/// `data` as whole blocks, to be worked on.
fn whole_blocks(data: &mut [u8]) -> Result<&mut [Block], Error> {
    in_service()?;
    match data.as_chunks_mut() {
        (blocks, []) => Ok(blocks),
        _ => Err(Error::new(Code::BadLength).field("length")),
    }
}

impl fmt::Debug for Sm4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sm4(..)")
    }
}

// Every form of the round keys zeroises itself.
impl ZeroizeOnDrop for Sm4 {}
