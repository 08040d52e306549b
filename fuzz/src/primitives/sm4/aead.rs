//! GCM and CCM, with nonces and tags of several lengths.

use ::ccm::Ccm as PeerCcm;
use aead::{Aead, KeyInit, Payload};
use aes_gcm::AesGcm;
use cipher::consts::{U4, U7, U8, U10, U12, U13, U16, U17};
use yinxin::primitives::sm4::{
    Backend, Sm4,
    ccm::{self, Ccm},
    gcm::{self, Gcm},
};

use super::{
    super::{flip, formula, in_pieces},
    Case, Peer,
};

pub(super) fn compare(case: &Case<'_>) {
    let nonces = [case.iv, case.key].concat();
    for mode in MODES {
        let (nonce, _) = nonces.split_at(mode.nonce);
        let name = format!("{} with a nonce of {} bytes", mode.name, mode.nonce);
        let mut sealed = (mode.rustcrypto)(case, nonce);
        let libsmx = (mode.libsmx)(case, nonce);
        assert_eq!(libsmx, sealed, "{name}: the peers differ");
        for backend in Backend::runnable() {
            for seal in mode.seal {
                let ours = seal(case, case.cipher(backend), nonce);
                assert_eq!(ours, sealed, "{backend:?} {name}");
            }
            for open in mode.open {
                let opened = open(case, case.cipher(backend), nonce, &sealed);
                assert_eq!(opened.as_deref(), Some(case.text), "{backend:?} {name} back");
            }
        }
        let bits = 8 * sealed.len();
        flip(&mut sealed, case.bit % bits);
        for backend in Backend::runnable() {
            for open in mode.open {
                let opened = open(case, case.cipher(backend), nonce, &sealed);
                assert_eq!(opened, None, "{backend:?} {name} changed");
            }
        }
    }
}

struct Mode {
    name: &'static str,
    /// The length of its nonce.
    nonce: usize,
    rustcrypto: Seal,
    libsmx: Seal,
    seal: &'static [OurSeal],
    open: &'static [Open],
}

/// The ciphertext with the tag after it.
type Seal = fn(&Case<'_>, &[u8]) -> Vec<u8>;
type OurSeal = fn(&Case<'_>, Sm4, &[u8]) -> Vec<u8>;
/// The text, if the tag is right.
type Open = fn(&Case<'_>, Sm4, &[u8], &[u8]) -> Option<Vec<u8>>;

const MODES: &[Mode] = &[
    gcm(12, seal_by_trait::<AesGcm<Peer, U12>>, |case, nonce| {
        let nonce = nonce.try_into().expect("12 bytes");
        let (sealed, tag) = libsmx::sm4::sm4_encrypt_gcm(&case.key, nonce, case.aad, case.text);
        [&sealed[..], &tag].concat()
    }),
    gcm(8, seal_by_trait::<AesGcm<Peer, U8>>, gcm_formula),
    gcm(16, seal_by_trait::<AesGcm<Peer, U16>>, gcm_formula),
    gcm(17, seal_by_trait::<AesGcm<Peer, U17>>, gcm_formula),
    Mode {
        name: "CCM",
        nonce: 12,
        rustcrypto: seal_by_trait::<PeerCcm<Peer, U16, U12>>,
        libsmx: ccm_of_libsmx::<16>,
        seal: &[ccm_seal::<16>, ccm_seal_in_pieces::<16>, |case, _, nonce| {
            seal_by_trait::<Ccm>(case, nonce)
        }],
        open: &[ccm_open::<16>, ccm_open_in_pieces::<16>],
    },
    ccm::<4>(12, seal_by_trait::<PeerCcm<Peer, U4, U12>>, ccm_of_libsmx::<4>),
    ccm::<10>(7, seal_by_trait::<PeerCcm<Peer, U10, U7>>, ccm_formula::<10>),
    ccm::<16>(8, seal_by_trait::<PeerCcm<Peer, U16, U8>>, ccm_formula::<16>),
    ccm::<8>(13, seal_by_trait::<PeerCcm<Peer, U8, U13>>, ccm_formula::<8>),
];

const fn gcm(nonce: usize, rustcrypto: Seal, libsmx: Seal) -> Mode {
    Mode {
        name: "GCM",
        nonce,
        rustcrypto,
        libsmx,
        seal: &[gcm_seal, gcm_seal_in_pieces],
        open: &[gcm_open, gcm_open_in_pieces, gcm_open_after_check],
    }
}

fn gcm_formula(case: &Case<'_>, nonce: &[u8]) -> Vec<u8> {
    formula::gcm(&case.key, nonce, case.aad, case.text)
}

fn gcm_seal(case: &Case<'_>, cipher: Sm4, nonce: &[u8]) -> Vec<u8> {
    Gcm::with_cipher(cipher).seal(nonce, case.aad, case.text).expect("short")
}

fn gcm_seal_in_pieces(case: &Case<'_>, cipher: Sm4, nonce: &[u8]) -> Vec<u8> {
    let gcm = Gcm::with_cipher(cipher);
    let mut pieces = gcm::Encryptor::new(gcm, nonce, case.aad).expect("short");
    let mut data = case.text.to_vec();
    in_pieces(&mut data, 1, case.bit, |piece| pieces.encrypt_in_place(piece).expect("short"));
    [&data[..], &pieces.finish()].concat()
}

fn gcm_open(case: &Case<'_>, cipher: Sm4, nonce: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    Gcm::with_cipher(cipher).open(nonce, case.aad, sealed).ok().map(|text| text.to_vec())
}

fn gcm_open_in_pieces(
    case: &Case<'_>,
    cipher: Sm4,
    nonce: &[u8],
    sealed: &[u8],
) -> Option<Vec<u8>> {
    let gcm = Gcm::with_cipher(cipher);
    decrypted(case, gcm::Decryptor::unverified(gcm, nonce, case.aad).expect("short"), sealed)
}

/// The tag first, over other pieces than those that are decrypted.
fn gcm_open_after_check(
    case: &Case<'_>,
    cipher: Sm4,
    nonce: &[u8],
    sealed: &[u8],
) -> Option<Vec<u8>> {
    let gcm = Gcm::with_cipher(cipher);
    let mut check = gcm::Authenticator::new(gcm, nonce, case.aad).expect("short");
    let (text, tag) = sealed.split_last_chunk::<16>()?;
    let mut text = text.to_vec();
    in_pieces(&mut text, 1, case.bit + 1, |piece| check.update(piece).expect("short"));
    let text = decrypted(case, check.finish(tag).ok()?, sealed);
    assert!(text.is_some(), "what was checked is right once more");
    text
}

/// The text, if its tag is right.
fn decrypted(case: &Case<'_>, mut pieces: gcm::Decryptor, sealed: &[u8]) -> Option<Vec<u8>> {
    let (text, tag) = sealed.split_last_chunk::<16>()?;
    let mut text = text.to_vec();
    in_pieces(&mut text, 1, case.bit, |piece| pieces.decrypt_in_place(piece).expect("short"));
    pieces.finish(tag).ok().map(|()| text)
}

const fn ccm<const TAG: usize>(nonce: usize, rustcrypto: Seal, libsmx: Seal) -> Mode {
    Mode {
        name: "CCM",
        nonce,
        rustcrypto,
        libsmx,
        seal: &[ccm_seal::<TAG>, ccm_seal_in_pieces::<TAG>],
        open: &[ccm_open::<TAG>, ccm_open_in_pieces::<TAG>],
    }
}

fn ccm_of_libsmx<const TAG: usize>(case: &Case<'_>, nonce: &[u8]) -> Vec<u8> {
    let nonce = nonce.try_into().expect("12 bytes");
    libsmx::sm4::sm4_encrypt_ccm(&case.key, nonce, case.aad, case.text, TAG).expect("short")
}

fn ccm_formula<const TAG: usize>(case: &Case<'_>, nonce: &[u8]) -> Vec<u8> {
    formula::ccm(&case.key, nonce, TAG, case.aad, case.text)
}

fn ccm_seal<const TAG: usize>(case: &Case<'_>, cipher: Sm4, nonce: &[u8]) -> Vec<u8> {
    Ccm::<TAG>::with_tag(cipher).seal(nonce, case.aad, case.text).expect("short")
}

fn ccm_open<const TAG: usize>(
    case: &Case<'_>,
    cipher: Sm4,
    nonce: &[u8],
    sealed: &[u8],
) -> Option<Vec<u8>> {
    let opened = Ccm::<TAG>::with_tag(cipher).open(nonce, case.aad, sealed);
    opened.ok().map(|text| text.to_vec())
}

/// The length of a text, which CCM is told beforehand.
fn told(text: &[u8]) -> u64 {
    text.len().try_into().expect("short")
}

fn ccm_seal_in_pieces<const TAG: usize>(case: &Case<'_>, cipher: Sm4, nonce: &[u8]) -> Vec<u8> {
    let (ccm, length) = (Ccm::<TAG>::with_tag(cipher), told(case.text));
    let mut pieces = ccm::Encryptor::new(ccm, nonce, case.aad, length).expect("short");
    let mut data = case.text.to_vec();
    in_pieces(&mut data, 1, case.bit, |piece| pieces.encrypt_in_place(piece).expect("as told"));
    [&data[..], &pieces.finish().expect("as told")].concat()
}

/// The tag first, over other pieces than those that are decrypted; and without that.
fn ccm_open_in_pieces<const TAG: usize>(
    case: &Case<'_>,
    cipher: Sm4,
    nonce: &[u8],
    sealed: &[u8],
) -> Option<Vec<u8>> {
    let (text, tag) = sealed.split_last_chunk::<TAG>()?;
    let (ccm, length) = (Ccm::<TAG>::with_tag(cipher), told(text));
    let mut check = ccm::Authenticator::new(ccm.clone(), nonce, case.aad, length).expect("short");
    let mut data = text.to_vec();
    in_pieces(&mut data, 1, case.bit + 1, |piece| check.update(piece).expect("as told"));
    let unverified = ccm::Decryptor::unverified(ccm, nonce, case.aad, length).expect("short");
    let [checked, unverified] = [check.finish(tag).ok(), Some(unverified)].map(|pieces| {
        let (mut pieces, mut data) = (pieces?, text.to_vec());
        in_pieces(&mut data, 1, case.bit, |piece| pieces.decrypt_in_place(piece).expect("as told"));
        pieces.finish(tag).ok().map(|()| data)
    });
    assert_eq!(checked, unverified, "what was checked is right once more");
    checked
}

fn seal_by_trait<A: Aead + KeyInit>(case: &Case<'_>, nonce: &[u8]) -> Vec<u8> {
    let mode = A::new_from_slice(&case.key).expect("16 bytes");
    let nonce = nonce.try_into().expect("a nonce of this length");
    mode.encrypt(nonce, Payload { msg: case.text, aad: case.aad }).expect("short")
}
