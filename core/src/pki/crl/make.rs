//! Making a revocation list: v2, complete, with its number and the issuer's key identifier
//! (RFC 5280, 5.1 and 5.2); for users or authorities alone where asked.

use der::{
    Decode as _, Encode as _, Sequence,
    asn1::{AnyRef, GeneralizedTime, Null, UintRef},
};
use spki::AlgorithmIdentifier;
use x509_cert::time::Time;

use super::{Crl, Kind, Reason};
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

/// A revocation list to be made.
#[derive(Clone, Debug)]
pub struct NewList<'a> {
    /// The revoked certificates, in the order in which they are written.
    pub entries: &'a [Entry<'a>],
    /// When the list is issued.
    pub this_update: UnixTime,
    /// Until when the next one comes.
    pub next_update: UnixTime,
    /// The list's number, which rises with every list.
    pub number: u64,
    /// The kind of certificates that it is for: [`Kind::Any`], or only those of users or authorities.
    pub kind: Kind,
}

/// A revoked certificate of a [`NewList`].
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The certificate's serial number.
    pub serial: &'a [u8],
    /// When it was revoked.
    pub at: UnixTime,
    /// Why.
    pub reason: Reason,
    /// Since when its key is held to be bad, where that is known to be earlier (invalidityDate).
    pub invalid_since: Option<UnixTime>,
}

/// Makes a list of `entries` (serial number, time, reason), in the order given, signed by `signer`,
/// whose key must be that of `issuer`. [`NewList`] has more to say.
///
/// # Errors
/// As [`NewList::sign`].
pub fn make(
    issuer: &Certificate,
    entries: &[(&[u8], UnixTime, Reason)],
    this_update: UnixTime,
    next_update: UnixTime,
    number: u64,
    signer: &dyn Signer,
) -> Result<Crl, Error> {
    let entry = |&(serial, at, reason)| Entry { serial, at, reason, invalid_since: None };
    let entries: Vec<_> = entries.iter().map(entry).collect();
    let list = NewList { entries: &entries, this_update, next_update, number, kind: Kind::Any };
    list.sign(issuer, signer)
}

impl NewList<'_> {
    /// Makes the list. `signer` must be the key of `issuer`.
    ///
    /// # Errors
    /// [`Code::KeyMismatch`]; [`Code::BadArgument`] for an empty or zero serial number, for
    /// [`Reason::Unknown`] and [`Reason::RemoveFromCrl`], for an `invalid_since` after the revocation, for
    /// [`Kind::Other`] and for a `next_update` that is not later; [`Code::BadTime`]; whatever `signer` fails with.
    pub fn sign(&self, issuer: &Certificate, signer: &dyn Signer) -> Result<Crl, Error> {
        if signer.public_key() != issuer.public_key()? {
            return Err(Error::new(Code::KeyMismatch).field("key"));
        }
        if self.next_update <= self.this_update {
            return Err(Error::new(Code::BadArgument).field("next_update"));
        }
        let scope = match self.kind {
            Kind::Any => None,
            Kind::User => Some(vec![0x30, 3, 0x81, 1, 0xff]),
            Kind::Authority => Some(vec![0x30, 3, 0x82, 1, 0xff]),
            Kind::Other => return Err(Error::new(Code::BadArgument).field("kind")),
        };
        let revoked = self.entries.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        let (this_update, next_update) =
            (encode_time(self.this_update)?, encode_time(self.next_update)?);
        let own_key_id = key_id(signer.public_key());
        let encode = || -> der::Result<Vec<u8>> {
            let identifier = issuer.subject_key_id().unwrap_or(&own_key_id);
            let mut extensions = vec![
                authority_key_id(identifier)?,
                ExtensionDer::new("2.5.29.20", false, self.number.to_der()?)?,
            ];
            if let Some(scope) = scope {
                // RFC 5280, 5.2.5: critical.
                extensions.push(ExtensionDer::new("2.5.29.28", true, scope)?);
            }
            let tbs = Tbs {
                version: 1,
                signature: SM2_WITH_SM3,
                issuer: AnyRef::from_der(issuer.subject().der())?,
                this_update,
                next_update,
                // An empty list is written by leaving it out.
                revoked: (!revoked.is_empty()).then_some(revoked),
                extensions,
            };
            tbs.to_der()
        };
        let tbs = encode().map_err(|_| Error::new(Code::BadDer).field("tbsCertList"))?;
        Crl::parse(&signed(&tbs, signer)?)
    }
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

fn entry<'a>(entry: &Entry<'a>) -> Result<EntryDer<'a>, Error> {
    let argument = |field| Error::new(Code::BadArgument).field(field);
    if entry.serial.iter().all(|&byte| byte == 0) {
        return Err(argument("serial"));
    }
    let serial = UintRef::new(entry.serial).map_err(|_| argument("serial"))?;
    let mut extensions = Vec::new();
    // RFC 5280, 5.3.1: unspecified is written by leaving the extension out.
    match entry.reason {
        Reason::Unspecified => {}
        // removeFromCRL stands in delta lists alone, which are not made here.
        Reason::Unknown | Reason::RemoveFromCrl => return Err(argument("reason")),
        Reason::KeyCompromise
        | Reason::CaCompromise
        | Reason::AffiliationChanged
        | Reason::Superseded
        | Reason::CessationOfOperation
        | Reason::CertificateHold
        | Reason::PrivilegeWithdrawn
        | Reason::AaCompromise => {
            let value = vec![0x0a, 1, entry.reason.code()];
            let extension = ExtensionDer::new(oid::REASON_CODE, false, value);
            extensions.push(extension.map_err(|_| argument("reason"))?);
        }
    }
    if let Some(since) = entry.invalid_since {
        if since > entry.at {
            return Err(argument("invalid_since"));
        }
        let value = invalidity_date(since)
            .ok_or_else(|| Error::new(Code::BadTime).field("invalidityDate"))?;
        let extension = ExtensionDer::new("2.5.29.24", false, value);
        extensions.push(extension.map_err(|_| argument("invalid_since"))?);
    }
    let extensions = (!extensions.is_empty()).then_some(extensions);
    Ok(EntryDer { serial, at: encode_time(entry.at)?, extensions })
}

/// RFC 5280, 5.3.2: always a GeneralizedTime.
fn invalidity_date(since: UnixTime) -> Option<Vec<u8>> {
    let seconds = u64::try_from(since.unix_s()).ok()?;
    let duration = std::time::Duration::from_secs(seconds);
    GeneralizedTime::from_unix_duration(duration).ok()?.to_der().ok()
}
