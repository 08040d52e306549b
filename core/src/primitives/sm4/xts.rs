//! XTS (GB/T 17964-2021, clause 10; IEEE 1619-2018), for sectors that are encrypted where they stand.
//!
//! Every block has a tweak, the one of the block before times α in GF(2^128). The two standards differ in
//! the order of the bits of that field, see [`Order`], so that from the second block on they differ:
//! neither reads what the other wrote.
//!
//! XTS keeps the length and does not notice changes. A tweak is the number of a sector: the same text in
//! the same place gives the same ciphertext.

use std::{fmt, slice};

use zeroize::{Zeroize as _, ZeroizeOnDrop};

use super::{Backend, Block, Direction, Sm4, batch::xor};
use crate::{
    error::{Code, Error},
    limits,
    primitives::{
        ct,
        selftest::{in_service, ready},
    },
};

/// Which bit of a tweak is the coefficient of x^0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// GB/T 17964-2021: the highest bit of the first byte, as in GCM.
    Gbt17964,
    /// IEEE 1619-2018: the lowest bit of the first byte.
    Ieee1619,
}

impl Order {
    /// `tweak` times α modulo x^128 + x^7 + x^2 + x + 1.
    #[inline]
    pub(super) fn doubled(self, tweak: &Block) -> Block {
        match self {
            Self::Gbt17964 => {
                let t = u128::from_be_bytes(*tweak);
                (t >> 1 ^ ((t & 1).wrapping_neg() & 0xe1 << 120)).to_be_bytes()
            }
            Self::Ieee1619 => {
                let t = u128::from_le_bytes(*tweak);
                (t << 1 ^ ((t >> 127).wrapping_neg() & 0x87)).to_le_bytes()
            }
        }
    }
}

/// The two expanded keys of XTS. Zeroised on drop, never printed.
#[derive(Clone)]
pub struct Xts {
    data: Sm4,
    tweak: Sm4,
    order: Order,
}

impl Xts {
    /// XTS under `key`, that is key 1 for the data ‖ key 2 for the tweak.
    ///
    /// # Errors
    /// [`Code::BadArgument`] if the two keys are equal: the tweaks would then not be secret.
    pub fn new(key: &[u8; 32], order: Order) -> Result<Self, Error> {
        Self::with_backend(key, order, Backend::default())
    }

    /// [`Xts::new`] on a chosen backend.
    ///
    /// # Errors
    /// As [`Xts::new`].
    pub fn with_backend(key: &[u8; 32], order: Order, backend: Backend) -> Result<Self, Error> {
        ready(backend)?;
        let (halves, _) = key.as_chunks();
        if ct::equal(&halves[0], &halves[1]) {
            return Err(Error::new(Code::BadArgument).field("key"));
        }
        let [data, tweak] = [0, 1].map(|half| Sm4::with_backend(&halves[half], backend));
        Ok(Self { data, tweak, order })
    }

    /// Encrypts `data`, one unit such as a sector, in place.
    ///
    /// # Errors
    /// [`Code::BadLength`] if `data` is shorter than a block; [`Code::LimitReached`] if it is longer than
    /// [`limits::SM4_XTS_UNIT_BYTES_MAX`]. `data` is then unchanged.
    pub fn encrypt_in_place(&self, tweak: &Block, data: &mut [u8]) -> Result<(), Error> {
        self.crypt(Direction::Encrypt, tweak, data)
    }

    /// Decrypts `data`, one unit such as a sector, in place.
    ///
    /// # Errors
    /// As [`Xts::encrypt_in_place`].
    pub fn decrypt_in_place(&self, tweak: &Block, data: &mut [u8]) -> Result<(), Error> {
        self.crypt(Direction::Decrypt, tweak, data)
    }

    fn crypt(&self, direction: Direction, tweak: &Block, data: &mut [u8]) -> Result<(), Error> {
        in_service()?;
        check_length(data.len())?;
        let mut tweak = *tweak;
        self.tweak.keys.encrypt(slice::from_mut(&mut tweak));
        let partial = data.len() % 16;
        // The last whole block before a partial one is left for the stealing.
        let plain = if partial == 0 { data.len() } else { data.len() - partial - 16 };
        let (plain, end) = data.split_at_mut(plain);
        self.data.keys.xts(direction, self.order, &mut tweak, plain.as_chunks_mut().0);
        if let Some((block, partial)) = end.split_first_chunk_mut() {
            self.steal(direction, &tweak, block, partial);
        }
        tweak.as_mut_slice().zeroize();
        Ok(())
    }

    /// The last two blocks, of which the second is `partial`: it takes the start of what becomes of the
    /// first, and the rest of that fills it up before it goes through the cipher itself.
    fn steal(&self, direction: Direction, tweak: &Block, block: &mut Block, partial: &mut [u8]) {
        let next = self.order.doubled(tweak);
        // Decryption meets the two tweaks in the other order.
        let (mut first, mut second) = match direction {
            Direction::Encrypt => (*tweak, next),
            Direction::Decrypt => (next, *tweak),
        };
        self.crypt_one(direction, &first, block);
        let mut filled = *block;
        for (stolen, byte) in filled.iter_mut().zip(&mut *partial) {
            std::mem::swap(stolen, byte);
        }
        self.crypt_one(direction, &second, &mut filled);
        *block = filled;
        filled.as_mut_slice().zeroize();
        first.as_mut_slice().zeroize();
        second.as_mut_slice().zeroize();
    }

    fn crypt_one(&self, direction: Direction, tweak: &Block, block: &mut Block) {
        xor(block, tweak);
        self.data.keys.crypt(direction, slice::from_mut(block));
        xor(block, tweak);
    }
}

/// Refuses what is no unit.
pub(super) fn check_length(length: usize) -> Result<(), Error> {
    if length < 16 {
        return Err(Error::new(Code::BadLength).field("length"));
    }
    if length > limits::SM4_XTS_UNIT_BYTES_MAX {
        return Err(Error::limit("SM4_XTS_UNIT_BYTES_MAX"));
    }
    Ok(())
}

impl fmt::Debug for Xts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Xts(..)")
    }
}

// Both keys zeroise themselves.
impl ZeroizeOnDrop for Xts {}
