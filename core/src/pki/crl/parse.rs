//! DER to [`Inner`]. Entries are walked by hand: a list may hold a million of them, and a general
//! parser would need ten times the memory of the input.

use std::{ops::Range, sync::OnceLock};

use x509_parser::{prelude::FromDer as _, time::ASN1Time};

use super::{Entry, Inner, Reason, compare, serial_of, significant};
use crate::{
    error::{Code, Error},
    limits,
    pki::x509::{self, Name, SignatureAlgorithm},
    time::UnixTime,
};

pub(super) fn parse(der: &[u8]) -> Result<Inner, Error> {
    if der.len() > limits::CRL_BYTES_MAX {
        return Err(Error::limit("CRL_BYTES_MAX"));
    }
    let mut whole = Cursor::new(der, 0..der.len());
    let mut list = whole.expect(SEQUENCE, "CertificateList")?.inside(der);
    whole.finish("trailing bytes")?;
    let tbs = list.expect(SEQUENCE, "tbsCertList")?;
    let algorithm = list.expect(SEQUENCE, "signatureAlgorithm")?;
    let signature = list.expect(BIT_STRING, "signatureValue")?;
    list.finish("CertificateList")?;
    // The first octet of a BIT STRING counts unused bits: a signature has none.
    if der.get(signature.content.start) != Some(&0) || signature.content.is_empty() {
        return Err(bad("signatureValue").at(signature.content.start));
    }
    let mut fields = tbs.inside(der);
    let _version = fields.take(INTEGER)?;
    let inner_algorithm = fields.expect(SEQUENCE, "signature")?;
    let issuer = fields.expect(SEQUENCE, "issuer")?;
    let this_update = time(der, &fields.any("thisUpdate")?).ok_or_else(|| bad("thisUpdate"))?;
    let next_update = match fields.peek() {
        Some(UTC_TIME | GENERALIZED_TIME) => {
            let next = time(der, &fields.any("nextUpdate")?);
            Some(next.ok_or_else(|| bad("nextUpdate"))?)
        }
        Some(_) | None => None,
    };
    let mut reading = Reading { der, not_understood: None };
    let entries = match fields.take(SEQUENCE)? {
        Some(revoked) => reading.entries(&revoked)?,
        None => Box::default(),
    };
    let (mut number, mut authority_key_id) = (None, None);
    if let Some(explicit) = fields.take(EXPLICIT_0)? {
        let extensions = explicit.inside(der).expect(SEQUENCE, "crlExtensions")?;
        reading.extensions(&extensions, |oid, value| match oid {
            CRL_NUMBER => {
                number = Cursor::new(value, 0..value.len())
                    .take(INTEGER)
                    .ok()?
                    .and_then(|number| value.get(number.content))
                    .map(Box::from);
                number.is_some().then_some(())
            }
            AUTHORITY_KEY_IDENTIFIER => {
                authority_key_id = x509::authority_key_id(value);
                Some(())
            }
            _ => None,
        })?;
    }
    fields.finish("tbsCertList")?;
    let not_understood = reading.not_understood;
    let dotted = oid_of(der, &algorithm)?;
    Ok(Inner {
        tbs: tbs.whole,
        issuer: Name::parse(der.get(issuer.whole).unwrap_or_default())?,
        this_update,
        next_update,
        number,
        authority_key_id,
        algorithm: SignatureAlgorithm::from_dotted(&dotted),
        algorithms_agree: der.get(algorithm.whole) == der.get(inner_algorithm.whole),
        signature: signature.content.start + 1..signature.content.end,
        entries,
        not_understood,
        der: der.into(),
        thumbprint: OnceLock::new(),
    })
}

struct Reading<'a> {
    der: &'a [u8],
    not_understood: Option<Box<str>>,
}

impl Reading<'_> {
    fn entries(&mut self, revoked: &Element) -> Result<Box<[Entry]>, Error> {
        let der = self.der;
        let mut entries = Vec::new();
        let mut list = revoked.inside(der);
        while let Some(element) = list.take(SEQUENCE)? {
            if entries.len() == limits::CRL_ENTRIES_MAX {
                return Err(Error::limit("CRL_ENTRIES_MAX"));
            }
            entries.push(self.entry(&element)?);
        }
        list.finish("revokedCertificates")?;
        // Of two entries for one certificate the earlier one counts.
        let key = |entry: &Entry| serial_of(der, entry);
        entries.sort_unstable_by(|left, right| {
            compare(key(left), key(right)).then(left.at.cmp(&right.at))
        });
        entries.dedup_by(|later, earlier| key(later) == key(earlier));
        Ok(entries.into())
    }

    fn entry(&mut self, element: &Element) -> Result<Entry, Error> {
        let der = self.der;
        let mut fields = element.inside(der);
        let serial = fields.expect(INTEGER, "userCertificate")?.content;
        let significant = significant(der.get(serial.clone()).unwrap_or_default()).len();
        let start = serial.end - significant;
        let at = fields.any("revocationDate")?;
        let mut entry = Entry {
            start: u32::try_from(start).map_err(|_| bad("userCertificate").at(start))?,
            // No certificate has a longer one: the limit of a certificate's own parser is lower.
            length: u8::try_from(significant).map_err(|_| bad("userCertificate").at(start))?,
            at: time(der, &at).ok_or_else(|| bad("revocationDate").at(at.whole.start))?,
            reason: None,
            invalid_since: None,
        };
        if let Some(extensions) = fields.take(SEQUENCE)? {
            self.extensions(&extensions, |oid, value| match oid {
                REASON_CODE => {
                    // ENUMERATED of one octet.
                    let [0x0a, 1, code] = value else { return None };
                    entry.reason = Some(Reason::from_code(*code));
                    Some(())
                }
                INVALIDITY_DATE => {
                    entry.invalid_since = Some(whole_time(value)?);
                    Some(())
                }
                _ => None,
            })?;
        }
        fields.finish("revokedCertificate")?;
        Ok(entry)
    }

    /// Gives each extension to `understand`. A critical one that it does not take is noted; so is
    /// a malformed one that it should have taken.
    fn extensions(
        &mut self,
        extensions: &Element,
        mut understand: impl FnMut(&[u8], &[u8]) -> Option<()>,
    ) -> Result<(), Error> {
        let der = self.der;
        let mut list = extensions.inside(der);
        while let Some(extension) = list.take(SEQUENCE)? {
            let mut fields = extension.inside(der);
            let oid = der.get(fields.expect(OID, "extnID")?.content).unwrap_or_default();
            let critical = fields.take(BOOLEAN)?;
            let critical = critical.is_some_and(|flag| der.get(flag.content) != Some(&[0]));
            let value = fields.expect(OCTET_STRING, "extnValue")?.content;
            fields.finish("extension")?;
            let taken = understand(oid, der.get(value).unwrap_or_default()).is_some();
            if !taken && (critical || MATTERS.contains(&oid)) {
                self.not_understood.get_or_insert_with(|| dotted(oid));
            }
        }
        list.finish("extensions")
    }
}

const BOOLEAN: u8 = 1;
const INTEGER: u8 = 2;
const BIT_STRING: u8 = 3;
const OCTET_STRING: u8 = 4;
const OID: u8 = 6;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const EXPLICIT_0: u8 = 0xa0;

const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 20];
const REASON_CODE: &[u8] = &[0x55, 0x1d, 21];
const INVALIDITY_DATE: &[u8] = &[0x55, 0x1d, 24];
const DELTA_CRL_INDICATOR: &[u8] = &[0x55, 0x1d, 27];
const ISSUING_DISTRIBUTION_POINT: &[u8] = &[0x55, 0x1d, 28];
const CERTIFICATE_ISSUER: &[u8] = &[0x55, 0x1d, 29];
const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 35];

/// What changes the meaning of a list even where its writer forgot to mark it critical.
const MATTERS: [&[u8]; 5] = [
    REASON_CODE,
    INVALIDITY_DATE,
    DELTA_CRL_INDICATOR,
    ISSUING_DISTRIBUTION_POINT,
    CERTIFICATE_ISSUER,
];

/// One element: where it lies in the input, with and without its header.
struct Element {
    whole: Range<usize>,
    content: Range<usize>,
}

impl Element {
    fn inside<'a>(&self, der: &'a [u8]) -> Cursor<'a> {
        Cursor::new(der, self.content.clone())
    }
}

/// Walks over the elements of one range of the input.
struct Cursor<'a> {
    der: &'a [u8],
    rest: Range<usize>,
}

impl<'a> Cursor<'a> {
    const fn new(der: &'a [u8], rest: Range<usize>) -> Self {
        Self { der, rest }
    }

    fn peek(&self) -> Option<u8> {
        if self.rest.is_empty() { None } else { self.der.get(self.rest.start).copied() }
    }

    /// The next element if its tag is `tag`.
    fn take(&mut self, tag: u8) -> Result<Option<Element>, Error> {
        if self.peek() == Some(tag) { self.any("element").map(Some) } else { Ok(None) }
    }

    fn expect(&mut self, tag: u8, field: &'static str) -> Result<Element, Error> {
        let start = self.rest.start;
        self.take(tag)?.ok_or_else(|| bad(field).at(start))
    }

    /// The next element, whatever it is: one octet of tag, definite length of at most 4 octets.
    fn any(&mut self, field: &'static str) -> Result<Element, Error> {
        let start = self.rest.start;
        let fault = || bad(field).at(start);
        let bytes = self.der.get(self.rest.clone()).ok_or_else(fault)?;
        let [_, first, after @ ..] = bytes else { return Err(fault()) };
        let (octets, length) = match first {
            0..=0x7f => (0, usize::from(*first)),
            0x81..=0x84 => {
                let octets = usize::from(first - 0x80);
                let digits = after.get(..octets).ok_or_else(fault)?;
                (octets, digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit)))
            }
            _ => return Err(fault()),
        };
        let content_start = start + 2 + octets;
        let end = content_start.checked_add(length).filter(|&end| end <= self.rest.end);
        let end = end.ok_or_else(fault)?;
        self.rest.start = end;
        Ok(Element { whole: start..end, content: content_start..end })
    }

    fn finish(&self, field: &'static str) -> Result<(), Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(bad(field).at(self.rest.start)) }
    }
}

fn bad(field: &'static str) -> Error {
    Error::new(Code::BadCrl).field(field)
}

fn time(der: &[u8], element: &Element) -> Option<UnixTime> {
    whole_time(der.get(element.whole.clone())?)
}

fn whole_time(der: &[u8]) -> Option<UnixTime> {
    let (rest, time) = ASN1Time::from_der(der).ok()?;
    if rest.is_empty() { UnixTime::from_unix_s(time.timestamp()).ok() } else { None }
}

fn oid_of(der: &[u8], algorithm: &Element) -> Result<Box<str>, Error> {
    let oid = algorithm.inside(der).expect(OID, "algorithm")?;
    Ok(dotted(der.get(oid.content).unwrap_or_default()))
}

fn dotted(oid: &[u8]) -> Box<str> {
    const_oid::ObjectIdentifier::from_bytes(oid).map_or("?".into(), |oid| oid.to_string().into())
}
