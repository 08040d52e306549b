//! CMAC and CBC-MAC.

use cipher::{BlockModeEncrypt as _, KeyIvInit as _, block_padding::NoPadding};
use digest::{KeyInit as _, Mac as _};
use yinxin::primitives::sm4::{
    Backend, Block,
    cbc_mac::{self, Padding},
    cmac::{self, Cmac},
};

use super::{
    super::{flip, formula, in_pieces},
    Case, Peer,
};

pub(super) fn compare(case: &Case<'_>) {
    let theirs = ::cmac::Cmac::<Peer>::new(&case.key.into()).chain_update(case.text);
    let tag = theirs.finalize().into_bytes().into();
    assert_eq!(formula::cmac(&case.key, case.text), tag, "the peers differ");
    let in_pieces = |backend| {
        let mut mac = Cmac::with_cipher(case.cipher(backend));
        in_pieces(&mut case.text.to_vec(), 1, case.bit, |piece| mac.update(piece));
        mac
    };
    for backend in Backend::runnable() {
        let whole = cmac::tag(&case.cipher(backend), case.text);
        assert_eq!([whole, in_pieces(backend).finish()], [tag; 2], "{backend:?} CMAC");
        verify(case, tag, |tag| in_pieces(backend).verify(tag).is_ok());
    }
    for padding in [Padding::Zeros, Padding::OneAndZeros, Padding::LengthFirst] {
        let tag = cbc_mac(&case.key, &padded(padding, case.text));
        for backend in Backend::runnable() {
            let cipher = case.cipher(backend);
            assert_eq!(cbc_mac::tag(&cipher, padding, case.text), tag, "{backend:?} {padding:?}");
            verify(case, tag, |tag| cbc_mac::verify(&cipher, padding, case.text, tag).is_ok());
        }
    }
}

/// The tag, whole or cut, is right; and wrong once it is changed.
fn verify(case: &Case<'_>, tag: Block, accepts: impl Fn(&[u8]) -> bool) {
    let mut tag = tag.split_at(8 + case.bit % 9).0.to_vec();
    assert!(accepts(&tag), "a tag is refused");
    let bits = 8 * tag.len();
    flip(&mut tag, case.bit % bits);
    assert!(!accepts(&tag), "a changed tag is accepted");
}

/// GB/T 15852.1-2020, 6.3.
fn padded(padding: Padding, text: &[u8]) -> Vec<u8> {
    let mut message = match padding {
        Padding::Zeros => text.to_vec(),
        Padding::OneAndZeros => [text, &[0x80]].concat(),
        Padding::LengthFirst => {
            let bits = u128::try_from(8 * text.len()).expect("a length");
            [&bits.to_be_bytes(), text].concat()
        }
    };
    let least = if padding == Padding::LengthFirst { 32 } else { 16 };
    message.resize(message.len().next_multiple_of(16).max(least), 0);
    message
}

/// The last block of the CBC of each peer.
fn cbc_mac(key: &Block, message: &[u8]) -> Block {
    let tag = formula::cbc_mac(key, message);
    let theirs = ::cbc::Encryptor::<Peer>::new(key.into(), &[0; 16].into());
    let theirs = theirs.encrypt_padded_vec::<NoPadding>(message);
    assert_eq!(formula::last_block(&theirs), tag, "the peers differ");
    tag
}
