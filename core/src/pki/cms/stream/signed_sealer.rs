//! Signing and encrypting data that goes by: SignedAndEnvelopedData (GB/T 35275; RFC 2315, 11).

use std::io::{Read, Write};

use digest::Digest as _;

use super::{
    super::{
        EnvelopOptions, Kind, SignOptions, SignWith, cipher, envelop, recipient,
        sign::{SIGNATURE_BYTES, SIGNATURE_TRIES, Structure},
    },
    sealer::{Around, Sealer},
};
use crate::{
    Code, Error,
    pki::{
        tlv::{tag, wrap},
        x509::Certificate,
    },
    primitives::{
        sm2::{DistId, PrivateKey, Signature, hazmat},
        sm3::{Digest, Sm3},
    },
};

/// Signs and encrypts data that is given piece by piece, with SM4-CBC, and writes SignedAndEnvelopedData.
///
/// The signatures cover the data itself, as the structure has no place for signed attributes. The keys
/// are in memory therefore: a device takes a whole message.
pub struct SignedSealer<'a, W: Write> {
    sealer: Sealer<W>,
    signers: Vec<(SignWith<'a>, &'a PrivateKey, Sm3)>,
    options: SignOptions<'a>,
    structure: Structure,
    /// Whether the lengths are written already.
    fixed: bool,
}

impl<'a, W: Write> SignedSealer<'a, W> {
    /// Begins data of `length` bytes by `signers` for `recipients`, as
    /// [`sign_and_envelop`](super::super::sign_and_envelop) writes it; or, if the length is not known, of
    /// any length: then lengths are indefinite, which is BER. With a length, each signature is made anew
    /// until it has 71 bytes, as half of them have.
    ///
    /// # Errors
    /// As [`sign_and_envelop`](super::super::sign_and_envelop); [`Code::StreamFailed`].
    pub fn new(
        out: W,
        signers: &[(&'a Certificate, &'a PrivateKey)],
        recipients: &[Certificate],
        signing: &SignOptions<'a>,
        options: &EnvelopOptions,
        length: Option<u64>,
    ) -> Result<Self, Error> {
        let start = |(certificate, key): &(&'a Certificate, &'a PrivateKey)| {
            let z = hazmat::z(key.public(), &DistId::DEFAULT);
            (SignWith { certificate, key: *key }, *key, Sm3::new_with_prefix(z))
        };
        let signers = signers.iter().map(start).collect::<Vec<_>>();
        let named = signers.iter().map(|(with, ..)| *with).collect::<Vec<_>>();
        let signing = envelop::signing_options(&named, signing, options)?;
        let structure = signing.structure(&named);
        let mut longest = structure.clone();
        for with in &named {
            let info = signing.signer_info_of_zeros(with)?;
            longest.signers.push(info);
        }
        let tail = super::length(&longest.tail()?);
        let (family, kind) = (options.family, Kind::SignedAndEnvelopedData);
        let key = cipher::fresh_key()?;
        let recipients = recipient::write_all(recipients, &key, family, options.recipients_by)?;
        let version = wrap(tag::INTEGER, &[&[1]]);
        let head = [version, recipients, structure.digest_algorithms()].concat();
        let what = (family, kind, options.cipher);
        let sealer = Sealer::begin(out, &key, what, Around { head: &head, tail }, length)?;
        Ok(Self { sealer, signers, options: signing, structure, fixed: length.is_some() })
    }

    /// Takes the next piece of the data.
    ///
    /// # Errors
    /// As [`Sealer::update`].
    pub fn update(&mut self, data: &[u8]) -> Result<(), Error> {
        for (.., hash) in &mut self.signers {
            hash.update(data);
        }
        self.sealer.update(data)
    }

    /// Takes everything that `input` gives.
    ///
    /// # Errors
    /// As [`Sealer::update`].
    pub fn update_from(&mut self, input: &mut dyn Read) -> Result<(), Error> {
        super::feed(input, |piece| self.update(piece))
    }

    /// Makes the signatures, encrypts what is left, writes the rest, and gives `out` back.
    ///
    /// # Errors
    /// As [`Sealer::finish`]; whatever a key fails with.
    pub fn finish(mut self) -> Result<W, Error> {
        for (with, key, hash) in self.signers {
            let digest = hash.finalize().into();
            let signature = if self.fixed { fixed(key, &digest) } else { sign(key, &digest) };
            let info = self.options.signer_info_with(&with, &signature?);
            self.structure.signers.push(info);
        }
        self.sealer.finish_with(&self.structure.tail()?)
    }
}

fn sign(key: &PrivateKey, digest: &Digest) -> Result<Vec<u8>, Error> {
    hazmat::sign_digest(key, digest).map(|signature: Signature| signature.to_der())
}

/// A signature of the length that was written already.
fn fixed(key: &PrivateKey, digest: &Digest) -> Result<Vec<u8>, Error> {
    for _ in 0..SIGNATURE_TRIES {
        let signature = sign(key, digest)?;
        if signature.len() == SIGNATURE_BYTES {
            return Ok(signature);
        }
    }
    Err(Error::new(Code::BadSignatureEncoding).field("length"))
}
