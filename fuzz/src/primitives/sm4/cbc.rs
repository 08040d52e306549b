//! What CBC does with many messages, and with padding.

use cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _, block_padding::Pkcs7};
use yinxin::primitives::sm4::{Backend, Block, cbc};

use super::{
    super::{flip, in_pieces},
    Case, Peer,
};

pub(super) fn compare(case: &Case<'_>) {
    many(case);
    padded(case);
}

/// The pieces of the text as messages of their own.
fn many(case: &Case<'_>) {
    let mut data = case.whole.as_flattened().to_vec();
    let mut messages: Vec<(Block, Vec<u8>)> = Vec::new();
    in_pieces(&mut data, 16, case.bit, |piece| {
        let mut iv = case.iv;
        flip(&mut iv, messages.len() % 128);
        messages.push((iv, piece.to_vec()));
    });
    let expected: Vec<Vec<u8>> = messages
        .iter()
        .map(|(iv, message)| libsmx::sm4::sm4_encrypt_cbc(&case.key, iv, message))
        .collect();
    for backend in Backend::runnable() {
        let mut ours = messages.clone();
        let mut borrowed: Vec<(Block, &mut [u8])> =
            ours.iter_mut().map(|(iv, message)| (*iv, &mut message[..])).collect();
        cbc::encrypt_many(&case.cipher(backend), &mut borrowed).expect("whole blocks");
        for (i, ((_, ours), expected)) in ours.iter().zip(&expected).enumerate() {
            assert_eq!(ours, expected, "{backend:?}, message {i} of {}", messages.len());
        }
    }
}

/// There; and back from the text too, whose padding is seldom right.
fn padded(case: &Case<'_>) {
    let Case { key, iv, text, .. } = case;
    let sealed = cbc::encrypt_padded(key, iv, text);
    let theirs = ::cbc::Encryptor::<Peer>::new(key.into(), iv.into());
    assert_eq!(sealed, theirs.encrypt_padded_vec::<Pkcs7>(text), "CBC padded");
    let padding = 16 - text.len() % 16;
    let end = vec![u8::try_from(padding).expect("at most 16"); padding];
    let libsmx = libsmx::sm4::sm4_encrypt_cbc(key, iv, &[text, &end[..]].concat());
    assert_eq!(sealed, libsmx, "CBC padded");

    let mut changed = sealed.clone();
    let bits = 8 * changed.len();
    flip(&mut changed, case.bit % bits);
    for ciphertext in [&sealed, &changed, *text] {
        let ours = cbc::decrypt_padded(key, iv, ciphertext).ok();
        let theirs = ::cbc::Decryptor::<Peer>::new(key.into(), iv.into());
        let theirs = theirs.decrypt_padded_vec::<Pkcs7>(ciphertext).ok();
        assert_eq!(ours.as_deref(), theirs.as_ref(), "CBC padded back");
        let libsmx = ciphertext.len().is_multiple_of(16);
        let libsmx = libsmx.then(|| libsmx::sm4::sm4_decrypt_cbc(key, iv, ciphertext));
        assert_eq!(libsmx.and_then(without_padding), theirs, "the peers differ");
    }
}

fn without_padding(mut data: Vec<u8>) -> Option<Vec<u8>> {
    let last = *data.last()?;
    let length = data.len().checked_sub(usize::from(last))?;
    let (_, padding) = data.split_at(length);
    let right = (1..=16).contains(&last) && padding.iter().all(|byte| *byte == last);
    data.truncate(length);
    right.then_some(data)
}
