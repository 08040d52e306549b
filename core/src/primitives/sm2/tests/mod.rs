//! Tests of SM2. `textbook` is the oracle: the standard's steps over num-bigint, for any curve.

mod agreement;
pub(super) mod arithmetic;
mod constants;
mod exchange;
mod malformed;
mod many;
mod peers;
mod textbook;
mod vectors;

use zeroize::Zeroizing;

use super::{
    backend::Verification,
    point::{Affine, Extended},
    scalar::Scalar,
    *,
};

/// Gives the nonces of `list`, one after the other, and fails when they are used up.
fn nonces<const N: usize>(list: [[u8; 32]; N]) -> impl FnMut() -> Result<Zeroizing<Scalar>, Error> {
    let mut list = list.into_iter();
    move || {
        let k = list.next().ok_or(Error::new(Code::NoRandomness))?;
        Ok(Zeroizing::new(Scalar::from_bytes_nonzero(&k).expect("a nonce in [1, n-1]")))
    }
}

/// A reproducible stream of test inputs (SplitMix64).
pub(super) struct Stream(pub(super) u64);

impl Stream {
    pub(super) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub(super) fn limbs(&mut self) -> [u64; 4] {
        [self.word(), self.word(), self.word(), self.word()]
    }

    fn bytes(&mut self) -> [u8; 32] {
        limbs::to_be_bytes(&self.limbs())
    }

    fn key(&mut self) -> PrivateKey {
        std::iter::repeat_with(|| PrivateKey::from_bytes(&self.bytes()))
            .find_map(Result::ok)
            .unwrap()
    }

    fn message(&mut self) -> Vec<u8> {
        let length = 1 + self.word() % 200;
        (0..length).map(|_| self.word() as u8).collect()
    }
}
