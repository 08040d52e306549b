//! GHASH, the universal hash of GCM (SP 800-38D, 6.4): a polynomial in H over GF(2^128).
//!
//! Where the CPU multiplies without carry in 512-bit vectors the kernel is our own, else the crate
//! `ghash` (which uses the 128-bit instruction where there is one, and no table in any case).

use std::marker::PhantomData;

use ghash::{GHash, universal_hash::UniversalHash as _};
use zeroize::Zeroize as _;
#[cfg(target_arch = "x86_64")]
use zeroize::Zeroizing;

#[cfg(target_arch = "x86_64")]
use super::vpclmul;
use super::{Block, RoundKeys};

/// H, prepared for hashing. Zeroised on drop.
#[derive(Clone)]
pub(super) enum HashKey {
    /// A state of the crate with nothing hashed yet.
    Portable(GHash),
    /// Powers of H.
    #[cfg(target_arch = "x86_64")]
    Vpclmul(vpclmul::Powers),
}

impl HashKey {
    /// Prepares `h` for the kernel that goes with the backend of `keys`.
    pub(super) fn new(keys: &RoundKeys, h: &Block) -> Self {
        match keys {
            #[cfg(target_arch = "x86_64")]
            RoundKeys::Avx512(cpu, _) => Self::Vpclmul(vpclmul::Powers::new(*cpu, h)),
            #[cfg(target_arch = "x86_64")]
            RoundKeys::Aes(..) | RoundKeys::Gfni(..) => Self::Portable(GHash::new(h.into())),
            #[cfg(target_arch = "aarch64")]
            RoundKeys::Aes(..) | RoundKeys::Sm4(..) => Self::Portable(GHash::new(h.into())),
            RoundKeys::Portable(_) => Self::Portable(GHash::new(h.into())),
        }
    }

    /// A hash that goes on after `paused`, which was made with this key.
    pub(super) fn resume(&self, paused: &Paused) -> Hash<'_> {
        match self {
            Self::Portable(start) => {
                let hash = paused.portable.as_ref().unwrap_or(start);
                Hash::Portable(hash.clone(), PhantomData)
            }
            #[cfg(target_arch = "x86_64")]
            Self::Vpclmul(powers) => Hash::Vpclmul(powers, Zeroizing::new(paused.y)),
        }
    }

    /// A hash of nothing yet.
    pub(super) fn start(&self) -> Hash<'_> {
        match self {
            Self::Portable(hash) => Hash::Portable(hash.clone(), PhantomData),
            #[cfg(target_arch = "x86_64")]
            Self::Vpclmul(powers) => Hash::Vpclmul(powers, Zeroizing::new([0; 16])),
        }
    }
}

/// A hash on its way. Zeroised on drop.
pub(super) enum Hash<'h> {
    /// It borrows nothing, unlike those of other kernels.
    Portable(GHash, PhantomData<&'h HashKey>),
    #[cfg(target_arch = "x86_64")]
    Vpclmul(&'h vpclmul::Powers, Zeroizing<Block>),
}

/// A hash on its way, apart from its key. Zeroised on drop.
#[derive(Clone)]
pub(super) struct Paused {
    portable: Option<GHash>,
    y: Block,
}

impl Drop for Paused {
    fn drop(&mut self) {
        // The state of the crate zeroises itself.
        self.y.zeroize();
    }
}

impl Hash<'_> {
    /// Takes in `data`, filled up with zeros to whole blocks.
    pub(super) fn update(&mut self, data: &[u8]) {
        match self {
            Self::Portable(hash, _) => hash.update_padded(data),
            #[cfg(target_arch = "x86_64")]
            Self::Vpclmul(powers, y) => {
                let (blocks, tail) = data.as_chunks();
                powers.update(y, blocks);
                if !tail.is_empty() {
                    let mut last = [0; 16];
                    last[..tail.len()].copy_from_slice(tail);
                    powers.update(y, &[last]);
                }
            }
        }
    }

    /// What is needed to go on later.
    pub(super) fn pause(self) -> Paused {
        match self {
            Self::Portable(hash, _) => Paused { portable: Some(hash), y: [0; 16] },
            #[cfg(target_arch = "x86_64")]
            Self::Vpclmul(_, y) => Paused { portable: None, y: *y },
        }
    }

    /// The hash of everything taken in.
    pub(super) fn finish(self) -> Block {
        match self {
            Self::Portable(hash, _) => hash.finalize().into(),
            #[cfg(target_arch = "x86_64")]
            Self::Vpclmul(_, y) => *y,
        }
    }
}
