//! Randomness from the operating system: the one call out of this crate.

use std::cell::RefCell;

use zeroize::{Zeroize as _, ZeroizeOnDrop};

use crate::error::{Code, Error};

/// Fills `bytes` from the operating system's generator.
///
/// # Errors
/// [`Code::NoRandomness`] if it gives none. Nothing then falls back to a weaker source.
pub fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|_| Error::new(Code::NoRandomness).field("randomness"))?;
    #[cfg(yinxin_taint)]
    super::taint::secret(bytes);
    Ok(())
}

/// The draws that one call to the operating system is good for.
const DRAWS: usize = 32;

/// Randomness drawn ahead for this thread. Each part of it is given out once and then overwritten.
struct Reserve {
    draws: [[u8; 32]; DRAWS],
    left: usize,
}

thread_local! {
    static RESERVE: RefCell<Reserve> = const {
        RefCell::new(Reserve { draws: [[0; 32]; DRAWS], left: 0 })
    };
}

/// Fills `bytes`, at most 32, with randomness that this thread may have drawn ahead, so that the operating
/// system is called once for many draws.
///
/// A process that is copied, or a machine that is restored from an image, can give out the same bytes
/// again. They therefore serve only where that does no harm: for nonces that also depend on the
/// private key and on what is signed.
///
/// # Errors
/// As [`fill`].
pub(crate) fn fill_from_reserve<const LENGTH: usize>(
    bytes: &mut [u8; LENGTH],
) -> Result<(), Error> {
    const { assert!(LENGTH <= 32, "a draw has 32 bytes") };
    let drawn = RESERVE.try_with(|reserve| {
        let mut reserve = reserve.try_borrow_mut().ok()?;
        Some(reserve.draw(bytes))
    });
    // A thread that ends has no reserve any more.
    drawn.ok().flatten().unwrap_or_else(|| fill(bytes))
}

impl Reserve {
    fn draw(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        if self.left == 0 {
            // What a failing generator leaves is never taken for randomness.
            let result = fill(self.draws.as_flattened_mut());
            if result.is_err() {
                self.draws.as_flattened_mut().zeroize();
                return result;
            }
            self.left = DRAWS;
        }
        self.left -= 1;
        let draw = &mut self.draws[self.left];
        bytes.copy_from_slice(&draw[..bytes.len()]);
        draw.as_mut_slice().zeroize();
        Ok(())
    }
}

impl Drop for Reserve {
    fn drop(&mut self) {
        self.draws.as_flattened_mut().zeroize();
    }
}

impl ZeroizeOnDrop for Reserve {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_draw_comes_twice() {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..3 * DRAWS {
            let mut bytes = [0; 32];
            fill_from_reserve(&mut bytes).unwrap();
            assert_ne!(bytes, [0; 32]);
            assert!(seen.insert(bytes));
        }
        RESERVE.with(|reserve| {
            let reserve = reserve.borrow();
            assert!(reserve.draws[reserve.left..].iter().all(|draw| *draw == [0; 32]));
        });
    }
}
