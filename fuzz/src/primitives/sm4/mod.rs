//! SM4 and its modes, whole and piece by piece, beside RustCrypto's cipher and modes, and libsmx's.

mod aead;
mod cbc;
mod key_wrap;
mod macs;
mod modes;
mod xts;

use cipher::{BlockCipherEncrypt as _, KeyInit as _};
use yinxin::primitives::sm4::{Backend, Block, Sm4};

use super::Input;

/// RustCrypto's.
type Peer = ::sm4::Sm4;

/// Several times what any kernel takes at a time; the peers are slow.
const LONGEST: usize = 8 << 10;

/// A key, an IV, a bit to change, the length of additional data, then additional data and a text.
pub(crate) fn sm4(data: &[u8]) {
    let mut input = Input(data);
    let (key, iv) = (input.array(), input.array());
    let (bit, aad) = (input.number(), input.byte());
    let (aad, text) = (input.take(usize::from(aad)), input.take(LONGEST));
    let case = Case { key, iv, bit, aad, text, whole: text.as_chunks().0 };
    modes::compare(&case);
    xts::compare(&case);
    cbc::compare(&case);
    aead::compare(&case);
    macs::compare(&case);
    key_wrap::compare(&case);
}

struct Case<'a> {
    key: Block,
    iv: Block,
    /// What is changed, and where pieces end.
    bit: usize,
    aad: &'a [u8],
    text: &'a [u8],
    /// As much of the text as fills blocks.
    whole: &'a [Block],
}

impl Case<'_> {
    fn cipher(&self, backend: Backend) -> Sm4 {
        Sm4::with_backend(&self.key, backend)
    }
}

/// A block through RustCrypto's cipher.
fn peer_block(key: &Block, block: Block) -> Block {
    let mut block = block.into();
    Peer::new(key.into()).encrypt_block(&mut block);
    block.into()
}
