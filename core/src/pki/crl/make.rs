//! Making a revocation list: v2, complete, with its number and the issuer's key identifier
//! (RFC 5280, 5.1 and 5.2).

use der::{
    Decode as _, Encode as _, Sequence,
    asn1::{AnyRef, Null, UintRef},
};
use spki::AlgorithmIdentifier;
use x509_cert::time::Time;

use super::{Crl, Reason};
use crate::{
    error::{Code, Error},
    pki::{
        custody::Signer,
        oid,
        x509::{
            Certificate,
            issue::{ExtensionDer, SM2_WITH_SM3, authority_key_id, encode_time, key_id, signed},
        },
    },
    time::UnixTime,
};

/// Makes a list of `entries` (serial number, time, reason), in the order given, signed by `signer`,
/// whose key must be that of `issuer`.
///
/// # Errors
/// [`Code::KeyMismatch`]; [`Code::BadArgument`] for an empty or zero serial number, for
/// [`Reason::Unknown`] and for a `next_update` that is not later; [`Code::BadTime`]; whatever
/// `signer` fails with.
pub fn make(
    issuer: &Certificate,
    entries: &[(&[u8], UnixTime, Reason)],
    this_update: UnixTime,
    next_update: UnixTime,
    number: u64,
    signer: &dyn Signer,
) -> Result<Crl, Error> {
    if signer.public_key() != issuer.public_key()? {
        return Err(Error::new(Code::KeyMismatch));
    }
    if next_update <= this_update {
        return Err(Error::new(Code::BadArgument).field("next_update"));
    }
    let revoked = entries.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let (this_update, next_update) = (encode_time(this_update)?, encode_time(next_update)?);
    let own_key_id = key_id(signer.public_key());
    let encode = || -> der::Result<Vec<u8>> {
        let identifier = issuer.subject_key_id().unwrap_or(&own_key_id);
        let tbs = Tbs {
            version: 1,
            signature: SM2_WITH_SM3,
            issuer: AnyRef::from_der(issuer.subject().der())?,
            this_update,
            next_update,
            // An empty list is written by leaving it out.
            revoked: (!revoked.is_empty()).then_some(revoked),
            extensions: vec![
                authority_key_id(identifier)?,
                ExtensionDer::new("2.5.29.20", false, number.to_der()?)?,
            ],
        };
        tbs.to_der()
    };
    let tbs = encode().map_err(|_| Error::new(Code::BadDer))?;
    Crl::parse(&signed(&tbs, signer)?)
}

#[derive(Sequence)]
struct Tbs<'a> {
    version: u8,
    signature: AlgorithmIdentifier<Null>,
    issuer: AnyRef<'a>,
    this_update: Time,
    next_update: Time,
    #[asn1(optional = "true")]
    revoked: Option<Vec<EntryDer<'a>>>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    extensions: Vec<ExtensionDer>,
}

#[derive(Sequence)]
struct EntryDer<'a> {
    serial: UintRef<'a>,
    at: Time,
    #[asn1(optional = "true")]
    extensions: Option<Vec<ExtensionDer>>,
}

fn entry<'a>(&(serial, at, reason): &(&'a [u8], UnixTime, Reason)) -> Result<EntryDer<'a>, Error> {
    let argument = |field| Error::new(Code::BadArgument).field(field);
    if serial.iter().all(|&byte| byte == 0) {
        return Err(argument("serial"));
    }
    let serial = UintRef::new(serial).map_err(|_| argument("serial"))?;
    // RFC 5280, 5.3.1: unspecified is written by leaving the extension out.
    let extensions = match reason {
        Reason::Unspecified => None,
        Reason::Unknown => return Err(argument("reason")),
        Reason::KeyCompromise
        | Reason::CaCompromise
        | Reason::AffiliationChanged
        | Reason::Superseded
        | Reason::CessationOfOperation
        | Reason::CertificateHold
        | Reason::RemoveFromCrl
        | Reason::PrivilegeWithdrawn
        | Reason::AaCompromise => {
            let value = vec![0x0a, 1, reason.code()];
            let extension = ExtensionDer::new(oid::REASON_CODE, false, value);
            Some(vec![extension.map_err(|_| argument("reason"))?])
        }
    };
    Ok(EntryDer { serial, at: encode_time(at)?, extensions })
}
