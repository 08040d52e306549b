//! Time stamps for tests, right or wrong in any way that a test needs.

use std::sync::OnceLock;

use sha1::Digest as _;

use super::token::TST_INFO;
use crate::{
    Code, UnixTime,
    pki::{
        algorithm::oid::{SM2_SIGN, SM2_WITH_SM3, SM3},
        keys,
        tlv::{self, sequence, tag, wrap},
        x509::{
            Certificate,
            issue::{CertificateRequest, Profile, Subject, issue},
        },
    },
    primitives::{
        sm2::{DistId, PrivateKey},
        sm3,
    },
};

/// A root and under it an authority for time stamps, both valid from 2020 to 2040.
pub(crate) struct Authority {
    pub(crate) root: Certificate,
    pub(crate) certificate: Certificate,
    root_key: PrivateKey,
    key: PrivateKey,
}

/// A token in the making.
#[derive(Clone)]
pub(crate) struct Token<'a> {
    pub(crate) stamped: &'a [u8],
    /// `yyyyMMddHHmmssZ`.
    pub(crate) time: &'a [u8],
    pub(crate) content_type: &'a [u8],
    pub(crate) version: u8,
    /// What the signature covers in place of the TSTInfo, if something else.
    pub(crate) signed: Option<&'a [u8]>,
    /// The attribute that names the authority's certificate.
    pub(crate) naming: Naming,
    /// What follows the time in the TSTInfo.
    pub(crate) tail: &'a [u8],
    /// How often the one signature stands in the list.
    pub(crate) signers: usize,
}

/// How a token names its authority's certificate.
#[derive(Clone, Copy)]
pub(crate) enum Naming {
    Nothing,
    Sha1,
    Sha1OfAnother,
    Sm3,
    Sha256ByDefault,
    /// With the serial number of another certificate.
    Sm3ElsewhereIssued,
}

const GM_SIGNED_DATA: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 6, 1, 4, 2, 2];
/// 1.3.6.1.5.5.7.3.8, timeStamping.
const TIME_STAMPING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 8];
/// 1.3.6.1.5.5.7.3.4, emailProtection.
const EMAIL: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 4];

impl Authority {
    /// What [`stamp`](Self::stamp) signs.
    pub(crate) const fn token<'a>(stamped: &'a [u8], time: &'a [u8]) -> Token<'a> {
        Token {
            stamped,
            time,
            content_type: TST_INFO,
            version: 1,
            signed: None,
            naming: Naming::Sm3,
            tail: &[],
            signers: 1,
        }
    }

    pub(crate) fn get() -> &'static Self {
        static AUTHORITY: OnceLock<Authority> = OnceLock::new();
        AUTHORITY.get_or_init(|| Self::new(TIME_STAMPING, true))
    }

    /// One whose certificate is for something else.
    pub(crate) fn for_email() -> Self {
        Self::new(EMAIL, true)
    }

    /// One whose certificate does not say critically what it is for.
    pub(crate) fn not_critical() -> Self {
        Self::new(TIME_STAMPING, false)
    }

    fn new(purpose: &[u8], critical: bool) -> Self {
        let root_key = PrivateKey::from_bytes(&[0x41; 32]).unwrap();
        let key = PrivateKey::from_bytes(&[0x42; 32]).unwrap();
        let time = |text| UnixTime::parse_rfc3339(text).unwrap();
        let request = CertificateRequest {
            subject: Subject { common_name: "stamps".to_owned(), ..Subject::default() },
            profile: Profile::Root,
            public_key: root_key.public().clone(),
            not_before: time("2020-01-01T00:00:00Z"),
            not_after: time("2040-01-01T00:00:00Z"),
            serial: Some(vec![1]),
        };
        let root = issue(&request, None, &root_key).unwrap();

        let algorithm = sequence(&[&wrap(tag::OID, &[SM2_WITH_SM3])]);
        let common_name = sequence(&[&[6, 3, 0x55, 4, 3], &wrap(tag::UTF8_STRING, &[b"stamper"])]);
        let extension = |last: u8, critical: bool, value: &[u8]| {
            let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
            let value = wrap(tag::OCTET_STRING, &[value]);
            sequence(&[&[6, 3, 0x55, 0x1d, last], critical, &value])
        };
        let extensions = sequence(&[
            &extension(15, true, &[3, 2, 6, 0xc0]),
            &extension(37, critical, &sequence(&[&wrap(tag::OID, &[purpose])])),
        ]);
        let validity = |text: &[u8]| wrap(tag::GENERALIZED_TIME, &[text]);
        let tbs = sequence(&[
            &wrap(tag::CONTEXT_0, &[&[2, 1, 2]]),
            &[2, 1, 2],
            &algorithm,
            root.subject().der(),
            &sequence(&[&validity(b"20200101000000Z"), &validity(b"20400101000000Z")]),
            &sequence(&[&wrap(tag::SET, &[&common_name])]),
            &keys::public_key_to_spki(key.public()).unwrap(),
            &wrap(0xa3, &[&extensions]),
        ]);
        let signature = root_key.sign(&tbs, &DistId::DEFAULT).unwrap().to_der();
        let signature = wrap(tag::BIT_STRING, &[&[0], &signature]);
        let certificate = Certificate::parse(&sequence(&[&tbs, &algorithm, &signature])).unwrap();
        Self { root, certificate, root_key, key }
    }

    /// A token over `stamped` of `time`, `yyyyMMddHHmmssZ`.
    pub(crate) fn stamp(&self, stamped: &[u8], time: &[u8]) -> Vec<u8> {
        self.sign(&Self::token(stamped, time))
    }

    pub(crate) const fn key(&self) -> &PrivateKey {
        &self.key
    }

    pub(crate) const fn root_key(&self) -> &PrivateKey {
        &self.root_key
    }

    fn naming(&self, naming: Naming) -> Vec<u8> {
        let attribute = |last: u8, identifier: &[u8]| {
            let oid = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, last];
            let value = sequence(&[&sequence(&[identifier])]);
            sequence(&[&wrap(tag::OID, &[&oid]), &wrap(tag::SET, &[&value])])
        };
        let octets = |bytes: &[u8]| wrap(tag::OCTET_STRING, &[bytes]);
        let der = self.certificate.der();
        let sm3 = sequence(&[&sequence(&[&wrap(tag::OID, &[SM3])]), &octets(&sm3::hash(der))]);
        let issuer = sequence(&[&wrap(0xa4, &[self.certificate.issuer().der()])]);
        match naming {
            Naming::Nothing => Vec::new(),
            Naming::Sha1 => attribute(12, &sequence(&[&octets(&sha1::Sha1::digest(der))])),
            Naming::Sha1OfAnother => {
                let another = sha1::Sha1::digest(self.root.der());
                attribute(12, &sequence(&[&octets(&another)]))
            }
            Naming::Sm3 => attribute(47, &sm3),
            Naming::Sha256ByDefault => {
                attribute(47, &sequence(&[&octets(&sha2::Sha256::digest(der))]))
            }
            Naming::Sm3ElsewhereIssued => {
                let place = sequence(&[&issuer, &[2, 1, 3]]);
                let inside = tlv::only(&sm3, 0, tag::SEQUENCE, Code::BadDer, "id").unwrap();
                attribute(47, &sequence(&[inside.value, &place]))
            }
        }
    }

    pub(crate) fn sign(&self, token: &Token<'_>) -> Vec<u8> {
        let digest_algorithm = sequence(&[&wrap(tag::OID, &[SM3])]);
        let imprint = wrap(tag::OCTET_STRING, &[&sm3::hash(token.stamped)]);
        let info = sequence(&[
            &[2, 1, token.version],
            &wrap(tag::OID, &[&[0x2a, 3]]),
            &sequence(&[&digest_algorithm, &imprint]),
            &[2, 1, 9],
            &wrap(tag::GENERALIZED_TIME, &[token.time]),
            token.tail,
        ]);
        let attribute = |last: u8, value: &[u8]| {
            let oid = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, last];
            sequence(&[&wrap(tag::OID, &[&oid]), &wrap(tag::SET, &[value])])
        };
        let content_type = wrap(tag::OID, &[token.content_type]);
        let digest = sm3::hash(token.signed.unwrap_or(&info));
        let attributes = [
            attribute(3, &content_type),
            attribute(4, &wrap(tag::OCTET_STRING, &[&digest])),
            self.naming(token.naming),
        ];
        let attributes = attributes.concat();
        let message = wrap(tag::SET, &[&attributes]);
        let signature = self.key.sign(&message, &DistId::DEFAULT).unwrap().to_der();
        let signer_info = sequence(&[
            &[2, 1, 1],
            &sequence(&[self.certificate.issuer().der(), &[2, 1, 2]]),
            &digest_algorithm,
            &wrap(tag::CONTEXT_0, &[&attributes]),
            &sequence(&[&wrap(tag::OID, &[SM2_SIGN])]),
            &wrap(tag::OCTET_STRING, &[&signature]),
        ]);
        let content = wrap(tag::CONTEXT_0, &[&wrap(tag::OCTET_STRING, &[&info])]);
        let signed_data = sequence(&[
            &[2, 1, 3],
            &wrap(tag::SET, &[&digest_algorithm]),
            &sequence(&[&content_type, &content]),
            &wrap(tag::CONTEXT_0, &[self.certificate.der()]),
            &wrap(tag::SET, &[&signer_info.repeat(token.signers)]),
        ]);
        let signed_data = wrap(tag::CONTEXT_0, &[&signed_data]);
        sequence(&[&wrap(tag::OID, &[GM_SIGNED_DATA]), &signed_data])
    }
}
