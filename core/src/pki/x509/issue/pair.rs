//! Two certificates for one holder: for signing, with his own key, and for encryption, with a key that
//! the authority made for him (双证书, GB/T 20518-2018; GM/T 0014).
//!
//! The authority, in the role of the key management centre, can then restore what was encrypted to a
//! holder whose device was lost, and nobody but the holder can sign in his name.

use super::{Certificate, Draft, Profile, Terms, argument};
use crate::{
    error::Error,
    pki::{csr::Csr, custody::Signer, keys},
    primitives::sm2::PrivateKey,
    report::Verified,
};

/// The two certificates of one holder, and the key that goes to him with them.
#[derive(Clone, Debug)]
pub struct Pair {
    /// For signing: the key of the request.
    pub signing: Certificate,
    /// For encryption: a new key.
    pub encryption: Certificate,
    /// The private key of the encryption certificate, sealed for the holder: SM2EnvelopedKey of
    /// GB/T 35276. It is sealed to the key of the request, or to its exchange key, where it has one
    /// ([`Csr::exchange_key`]).
    pub enveloped_key: Vec<u8>,
    /// To whose key it is sealed.
    pub sealed_to: SealedTo,
}

/// Which key of the requester opens an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedTo {
    /// The key for signing, to be certified.
    SigningKey,
    /// The temporary exchange key of a request to CFCA.
    ExchangeKey,
}

/// Issues both certificates for a verified request: `signing` for its key, `encryption` for a new key
/// that is made here. The names are the same; the serial numbers are not.
///
/// The new key leaves this function sealed only. An authority that must be able to restore it makes
/// the key itself, and takes [`issue_pair_with_key`].
///
/// # Errors
/// As [`issue_requested`](super::issue_requested); [`Code::BadArgument`](crate::Code::BadArgument) with
/// the field `profile` unless the terms are for [`Profile::Signer`] or [`Profile::SealMaker`] and
/// [`Profile::Encryption`], and with the field `serial` if both name one serial number;
/// [`Code::NoRandomness`](crate::Code::NoRandomness).
pub fn issue_pair(
    request: &Verified<Csr>,
    signing: &Terms,
    encryption: &Terms,
    issuer: &Certificate,
    signer: &dyn Signer,
) -> Result<Pair, Error> {
    issue_pair_with_key(request, signing, encryption, &PrivateKey::generate()?, issuer, signer)
}

/// As [`issue_pair`], with an encryption key that the key management centre made and keeps.
///
/// # Errors
/// As [`issue_pair`]; [`Code::BadArgument`](crate::Code::BadArgument) with the field `encryption_key`
/// if it is the key of the request.
pub fn issue_pair_with_key(
    request: &Verified<Csr>,
    signing: &Terms,
    encryption: &Terms,
    encryption_key: &PrivateKey,
    issuer: &Certificate,
    signer: &dyn Signer,
) -> Result<Pair, Error> {
    let signs = matches!(signing.profile, Profile::Signer | Profile::SealMaker);
    if !signs || encryption.profile != Profile::Encryption {
        return Err(argument("profile"));
    }
    if signing.serial.is_some() && signing.serial == encryption.serial {
        return Err(argument("serial"));
    }
    let csr = request.value();
    let (own, new) = (csr.public_key()?, encryption_key.public());
    if own == new {
        return Err(argument("encryption_key"));
    }
    let (sealed_to, receiver) = match csr.exchange_key()? {
        Some(exchange) => (SealedTo::ExchangeKey, exchange),
        None => (SealedTo::SigningKey, own.clone()),
    };
    let signing = super::issue_requested(request, signing, issuer, signer)?;
    let spki = keys::public_key_to_spki(new)?;
    let draft =
        Draft { subject: csr.subject().der(), public_key: new, spki: &spki, terms: encryption };
    let encryption = draft.sign(Some(issuer), signer)?;
    let enveloped_key = keys::seal_enveloped(encryption_key, &receiver)?;
    Ok(Pair { signing, encryption, enveloped_key, sealed_to })
}
