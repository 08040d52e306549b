//! DER to [`Inner`]. Entries are walked one by one: a list may hold a million of them, and a general
//! parser would need ten times the memory of the input.

use std::sync::OnceLock;

use super::{Inner, Listed, Reason, Scope, compare, serial_of, significant};
use crate::{
    error::{Code, Error},
    limits,
    pki::{
        algorithm::dotted,
        tlv::{self, Cursor, Element, tag},
        x509::{self, Name, SignatureAlgorithm},
    },
    time::UnixTime,
};

pub(super) fn parse(der: &[u8]) -> Result<Inner, Error> {
    if der.len() > limits::CRL_BYTES_MAX {
        return Err(Error::limit("CRL_BYTES_MAX"));
    }
    let list = tlv::only(der, 0, tag::SEQUENCE, Code::BadCrl, "CertificateList")?;
    let mut list = list.inside();
    let tbs = list.required(tag::SEQUENCE, "tbsCertList")?;
    let algorithm = list.required(tag::SEQUENCE, "signatureAlgorithm")?;
    let signature = list.required(tag::BIT_STRING, "signatureValue")?;
    let signature = signature.bits_range("signatureValue")?;
    list.finish("CertificateList")?;
    let mut fields = tbs.inside();
    let _version = fields.take(tag::INTEGER, "version")?;
    let inner_algorithm = fields.required(tag::SEQUENCE, "signature")?;
    let issuer = fields.required(tag::SEQUENCE, "issuer")?;
    let this_update = fields.next("thisUpdate")?.time("thisUpdate")?;
    let next_update = match fields.peek() {
        Some(tag::UTC_TIME | tag::GENERALIZED_TIME) => {
            Some(fields.next("nextUpdate")?.time("nextUpdate")?)
        }
        Some(_) | None => None,
    };
    let mut reading = Reading { der, not_understood: None };
    let entries = match fields.take(tag::SEQUENCE, "revokedCertificates")? {
        Some(revoked) => reading.entries(&revoked)?,
        None => Box::default(),
    };
    let (mut number, mut authority_key_id, mut keeps_expired_since) = (None, None, None);
    let (mut scope, mut delta_base, mut has_deltas) = (Scope::default(), None, false);
    if let Some(explicit) = fields.take(tag::CONTEXT_0, "crlExtensions")? {
        let extensions = explicit.inside().required(tag::SEQUENCE, "crlExtensions")?;
        reading.extensions(&extensions, |oid, value| match oid {
            CRL_NUMBER => {
                number = Some(integer(value)?);
                Some(())
            }
            DELTA_CRL_INDICATOR => {
                delta_base = Some(integer(value)?);
                Some(())
            }
            ISSUING_DISTRIBUTION_POINT => {
                scope = Scope::parse(value).ok()?;
                Some(())
            }
            FRESHEST_CRL => {
                has_deltas = true;
                Some(())
            }
            EXPIRED_CERTS_ON_CRL => {
                keeps_expired_since = Some(time(value).ok()?);
                Some(())
            }
            AUTHORITY_KEY_IDENTIFIER => {
                authority_key_id = x509::authority_key_id(value);
                Some(())
            }
            _ => None,
        })?;
    }
    fields.finish("tbsCertList")?;
    let oid = algorithm.inside().required(tag::OID, "algorithm")?;
    let algorithm_oid = dotted(oid.value);
    Ok(Inner {
        tbs: tbs.range(),
        issuer: Name::read(&issuer)?,
        this_update,
        next_update,
        number,
        authority_key_id,
        algorithm: SignatureAlgorithm::from_dotted(&algorithm_oid),
        foreign: x509::ForeignAlgorithm::read(&algorithm),
        algorithms_agree: algorithm.raw == inner_algorithm.raw,
        signature,
        entries,
        scope,
        delta_base,
        has_deltas,
        keeps_expired_since,
        not_understood: reading.not_understood,
        der: der.into(),
        thumbprint: OnceLock::new(),
    })
}

struct Reading<'a> {
    der: &'a [u8],
    not_understood: Option<Box<str>>,
}

impl Reading<'_> {
    fn entries(&mut self, revoked: &Element<'_>) -> Result<Box<[Listed]>, Error> {
        let der = self.der;
        let mut entries = Vec::new();
        let mut list = revoked.inside();
        while let Some(element) = list.take(tag::SEQUENCE, "revokedCertificate")? {
            if entries.len() == limits::CRL_ENTRIES_MAX {
                return Err(Error::limit("CRL_ENTRIES_MAX").at(element.at));
            }
            entries.push(self.entry(&element)?);
        }
        list.finish("revokedCertificates")?;
        let key = |entry: &Listed| serial_of(der, entry);
        entries.sort_unstable_by(|left, right| compare(key(left), key(right)));
        entries.dedup_by(|second, first| {
            let same = key(second) == key(first);
            if same {
                first.take_worse(second);
            }
            same
        });
        Ok(entries.into())
    }

    fn entry(&mut self, element: &Element<'_>) -> Result<Listed, Error> {
        let mut fields = element.inside();
        let serial = fields.required(tag::INTEGER, "userCertificate")?;
        let significant = significant(serial.value).len();
        let start = serial.range().end.saturating_sub(significant);
        let mut entry = Listed {
            start: u32::try_from(start).map_err(|_| serial.error("userCertificate"))?,
            // 20 bytes are allowed, and nobody writes 256.
            length: u8::try_from(significant).map_err(|_| serial.error("userCertificate"))?,
            at: fields.next("revocationDate")?.time("revocationDate")?,
            reason: None,
            invalid_since: None,
        };
        if let Some(extensions) = fields.take(tag::SEQUENCE, "crlEntryExtensions")? {
            self.extensions(&extensions, |oid, value| match oid {
                REASON_CODE => {
                    // ENUMERATED of one octet.
                    let [0x0a, 1, code] = value else { return None };
                    entry.reason = Some(Reason::from_code(*code));
                    Some(())
                }
                INVALIDITY_DATE => {
                    entry.invalid_since = Some(time(value).ok()?);
                    Some(())
                }
                _ => None,
            })?;
        }
        fields.finish("revokedCertificate")?;
        Ok(entry)
    }

    /// Gives each extension to `understand`. A critical one that it does not take is noted; so is
    /// one that changes what the list means.
    fn extensions(
        &mut self,
        extensions: &Element<'_>,
        mut understand: impl FnMut(&[u8], &[u8]) -> Option<()>,
    ) -> Result<(), Error> {
        let mut list = extensions.inside();
        let mut seen = [false; MATTERS.len()];
        while let Some(extension) = list.take(tag::SEQUENCE, "extension")? {
            let mut fields = extension.inside();
            let oid = fields.required(tag::OID, "extnID")?.value;
            let critical = fields.take(tag::BOOLEAN, "critical")?;
            let critical = critical.is_some_and(|flag| flag.value != [0]);
            let value = fields.required(tag::OCTET_STRING, "extnValue")?.value;
            fields.finish("extension")?;
            let place = MATTERS.iter().position(|matters| *matters == oid);
            // RFC 5280, 4.2: no more than one instance. Which of two counts would be a guess.
            let seen = place.and_then(|place| seen.get_mut(place));
            let twice = seen.is_some_and(|seen| std::mem::replace(seen, true));
            let taken = understand(oid, value).is_some();
            if twice || (!taken && (critical || place.is_some())) {
                self.not_understood.get_or_insert_with(|| dotted(oid).into());
            }
        }
        list.finish("extensions")
    }
}

const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 20];
const REASON_CODE: &[u8] = &[0x55, 0x1d, 21];
const INVALIDITY_DATE: &[u8] = &[0x55, 0x1d, 24];
const DELTA_CRL_INDICATOR: &[u8] = &[0x55, 0x1d, 27];
const ISSUING_DISTRIBUTION_POINT: &[u8] = &[0x55, 0x1d, 28];
const CERTIFICATE_ISSUER: &[u8] = &[0x55, 0x1d, 29];
const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 35];
const FRESHEST_CRL: &[u8] = &[0x55, 0x1d, 46];
const EXPIRED_CERTS_ON_CRL: &[u8] = &[0x55, 0x1d, 60];

/// What changes the meaning of a list even where its writer forgot to mark it critical.
const MATTERS: [&[u8]; 5] = [
    REASON_CODE,
    INVALIDITY_DATE,
    DELTA_CRL_INDICATOR,
    ISSUING_DISTRIBUTION_POINT,
    CERTIFICATE_ISSUER,
];

fn integer(value: &[u8]) -> Option<Box<[u8]>> {
    let integer = tlv::only(value, 0, tag::INTEGER, Code::BadCrl, "INTEGER").ok()?;
    Some(integer.value.into())
}

/// An extension that is one time: invalidityDate, expiredCertsOnCRL, archiveCutoff.
pub(in crate::pki) fn time(value: &[u8]) -> Result<UnixTime, Error> {
    let mut cursor = Cursor::new(value, 0, Code::BadCrl);
    let time = cursor.next("time")?.time("time")?;
    cursor.finish("time")?;
    Ok(time)
}
