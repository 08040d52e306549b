//! Opening SignedAndEnvelopedData that goes by (GB/T 35275; RFC 2315, 11).
//!
//! Its signatures cover the content itself, behind Z of a signer whose certificate stands behind the
//! content. Where the input can be read again, the first pass is for the certificates, the second
//! verifies, and the third gives the content out.

use std::io::{Read, Seek, Write};

use super::{
    super::{
        Kind, SignedData, Verification, VerifyOptions,
        cipher::Key,
        open::{sealed_verification, unforeseen},
        recipient::OpenWith,
        verify::{Data, Hashes},
    },
    hashing::{Hashing, direct_keys, keys_of},
    opener::{OpenedStream, Opener, Pass, Use, again, seek_failed},
    write,
};
use crate::{
    Code, Error,
    pki::x509::Certificate,
    primitives::sm2::PublicKey,
    report::{Rejected, Verified},
};

impl<R: Read> Opener<R> {
    /// Decrypts SignedAndEnvelopedData to `out`, which gets the content before its signatures are
    /// verified: without the proof that this returns, what `out` got is worth nothing.
    /// [`open_signed_twice`] gives out nothing before.
    ///
    /// The hash of the content begins with the key of a signer, whose certificate stands behind it: those
    /// of `direct` are reckoned with, each for the price of one more hash. Other signers remain
    /// indeterminate.
    ///
    /// # Errors
    /// As [`EnvelopedData::open_signed`](super::super::EnvelopedData::open_signed);
    /// [`Code::StreamFailed`].
    pub fn open_signed_unverified(
        self,
        with: &OpenWith<'_>,
        direct: &[Certificate],
        options: &VerifyOptions<'_>,
        out: &mut dyn Write,
    ) -> Result<Result<Verified<OpenedStream, Verification>, Rejected<Verification>>, Error> {
        self.head.require(SIGNED)?;
        let keys = keys_of(direct)?;
        let (number, key) = with.content_key(&self.head.recipients)?;
        let (pass, hashes) = hash(self, &key, &keys, out)?;
        let verification = sealed_verification(signatures(&pass)?, &Data::Hashed(&hashes), options);
        conclude(pass, number, verification)
    }
}

/// Opens SignedAndEnvelopedData from an input that can be read again: `out` gets the content only after
/// every signature was verified. As [`open_signed`](super::super::open_signed), the report does not tell a
/// wrong padding from a wrong signature.
///
/// If the input was changed before the last pass, `out` got content that nobody signed, and this fails:
/// an input that others can write to is to be copied first.
///
/// # Errors
/// As [`Opener::new`] and [`EnvelopedData::open_signed`](super::super::EnvelopedData::open_signed);
/// [`Code::StreamFailed`] too if the input was changed between two passes.
pub fn open_signed_twice(
    mut input: impl Read + Seek,
    with: &OpenWith<'_>,
    options: &VerifyOptions<'_>,
    out: &mut dyn Write,
) -> Result<Result<Verified<OpenedStream, Verification>, Rejected<Verification>>, Error> {
    let start = input.stream_position().map_err(|_| seek_failed())?;
    let opener = Opener::new(&mut input)?;
    opener.head.require(SIGNED)?;
    let (number, key) = with.content_key(&opener.head.recipients)?;
    let first = opener.pass(&key, &[], Use::Check)?;
    let keys = direct_keys(signatures(&first)?, options.known);
    let (pass, hashes) = hash(again(&mut input, start)?, &key, &keys, &mut std::io::sink())?;
    let verification = sealed_verification(signatures(&first)?, &Data::Hashed(&hashes), options);
    if !pass.genuine || !verification.passed() {
        return Ok(Err(Rejected { report: verification }));
    }
    let (last, same) = hash(again(&mut input, start)?, &key, &[], out)?;
    if !last.genuine || same.sm3 != hashes.sm3 {
        return Err(seek_failed());
    }
    conclude(last, number, verification)
}

/// Reads the rest: the content goes to `out` and into the hashes. With a wrong padding they are those of
/// something that nobody signed.
fn hash<R: Read>(
    opener: Opener<R>,
    key: &Key,
    keys: &[PublicKey],
    out: &mut dyn Write,
) -> Result<(Pass, Hashes), Error> {
    let mut hashing = Hashing::new(keys);
    let mut give = |piece: &[u8]| {
        hashing.update(piece);
        write(out, piece)
    };
    let pass = opener.pass(key, &[], Use::Give(&mut give))?;
    if !pass.genuine {
        hashing = Hashing::new(keys);
        hashing.update(&unforeseen()?);
    }
    Ok((pass, hashing.finish(false)))
}

fn signatures(pass: &Pass) -> Result<&SignedData, Error> {
    pass.tail.signed.as_ref().ok_or(Error::new(Code::BadCms).field("signerInfos"))
}

fn conclude(
    pass: Pass,
    recipient: usize,
    verification: Verification,
) -> Result<Result<Verified<OpenedStream, Verification>, Rejected<Verification>>, Error> {
    if !pass.genuine || !verification.passed() {
        return Ok(Err(Rejected { report: verification }));
    }
    Ok(Ok(Verified::new(pass.opened(Some(recipient))?, verification)))
}

/// The kind that is signed and enveloped.
const SIGNED: &[Kind] = &[Kind::SignedAndEnvelopedData];
