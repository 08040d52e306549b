//! Time stamps for tests, right or wrong in any way that a test needs.

use std::sync::OnceLock;

use crate::{
    UnixTime,
    pki::{
        algorithm::oid::{SM2_SIGN, SM2_WITH_SM3, SM3},
        keys,
        tlv::{sequence, tag, wrap},
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
}

const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4];
const GM_SIGNED_DATA: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 6, 1, 4, 2, 2];
/// 1.3.6.1.5.5.7.3.8, timeStamping.
const TIME_STAMPING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 8];
/// 1.3.6.1.5.5.7.3.4, emailProtection.
const EMAIL: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 4];

impl Authority {
    pub(crate) fn get() -> &'static Self {
        static AUTHORITY: OnceLock<Authority> = OnceLock::new();
        AUTHORITY.get_or_init(|| Self::new(TIME_STAMPING))
    }

    /// One whose certificate is for something else.
    pub(crate) fn for_email() -> Self {
        Self::new(EMAIL)
    }

    fn new(purpose: &[u8]) -> Self {
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
        let extension = |last: u8, value: &[u8]| {
            sequence(&[&[6, 3, 0x55, 0x1d, last, 1, 1, 0xff], &wrap(tag::OCTET_STRING, &[value])])
        };
        let extensions = sequence(&[
            &extension(15, &[3, 2, 6, 0xc0]),
            &extension(37, &sequence(&[&wrap(tag::OID, &[purpose])])),
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
        Self { root, certificate, key }
    }

    /// A token over `stamped` of `time`, `yyyyMMddHHmmssZ`.
    pub(crate) fn stamp(&self, stamped: &[u8], time: &[u8]) -> Vec<u8> {
        let content_type = TST_INFO;
        self.sign(&Token { stamped, time, content_type, version: 1, signed: None })
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
        ]);
        let attribute = |last: u8, value: &[u8]| {
            let oid = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, last];
            sequence(&[&wrap(tag::OID, &[&oid]), &wrap(tag::SET, &[value])])
        };
        let content_type = wrap(tag::OID, &[token.content_type]);
        let digest = sm3::hash(token.signed.unwrap_or(&info));
        let attributes =
            [attribute(3, &content_type), attribute(4, &wrap(tag::OCTET_STRING, &[&digest]))];
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
            &wrap(tag::SET, &[&signer_info]),
        ]);
        let signed_data = wrap(tag::CONTEXT_0, &[&signed_data]);
        sequence(&[&wrap(tag::OID, &[GM_SIGNED_DATA]), &signed_data])
    }
}
