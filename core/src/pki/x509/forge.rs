//! Certificates for tests, right or wrong in any way that a test needs.

use der::Encode as _;

use super::{
    Certificate, KeyUsage,
    issue::{Subject, encode_time, key_id},
};
use crate::{
    pki::{
        keys,
        tlv::{sequence, tag, wrap},
    },
    primitives::sm2::{DistId, PrivateKey, PublicKey},
    time::UnixTime,
};

/// DER of SEQUENCE { SM2 with SM3 }.
pub(super) const SM2_WITH_SM3: &[u8] =
    &[0x30, 10, 6, 8, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x83, 0x75];

pub(super) fn at(seconds: i64) -> UnixTime {
    UnixTime::from_unix_s(seconds).unwrap()
}

/// The private key `number`: small scalars are as good as any for tests.
pub(super) fn key(number: u16) -> PrivateKey {
    let mut d = [0; 32];
    d[30..].copy_from_slice(&(number + 1).to_be_bytes());
    PrivateKey::from_bytes(&d).unwrap()
}

/// A certificate in the making: every part can be set to anything.
#[derive(Clone)]
pub(super) struct Forge {
    pub(super) version: u8,
    pub(super) serial: Vec<u8>,
    pub(super) inner_algorithm: Vec<u8>,
    pub(super) outer_algorithm: Vec<u8>,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) not_before: i64,
    pub(super) not_after: i64,
    pub(super) key: PublicKey,
    pub(super) signature: fn(&PrivateKey, &[u8]) -> Vec<u8>,
    /// (content of the OID, critical if written, content)
    pub(super) extensions: Vec<ExtensionParts>,
}

impl Forge {
    /// A signer's certificate for `subject` with the key `number`, valid from 1000 to 2000.
    pub(super) fn signer(subject: &str, number: u16, issuer: &str, issuer_number: u16) -> Self {
        let usage = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::NON_REPUDIATION);
        let key = key(number).public().clone();
        let own = wrap(tag::OCTET_STRING, &[&key_id(&key)]);
        let issuers = sequence(&[&wrap(0x80, &[&key_id(self::key(issuer_number).public())])]);
        Self {
            version: 2,
            serial: number.to_be_bytes().to_vec(),
            inner_algorithm: SM2_WITH_SM3.to_vec(),
            outer_algorithm: SM2_WITH_SM3.to_vec(),
            issuer: issuer.into(),
            subject: subject.into(),
            not_before: 1000,
            not_after: 2000,
            key,
            signature: |key, tbs| key.sign(tbs, &DistId::DEFAULT).unwrap().to_der(),
            extensions: vec![
                (under_2_5_29(15), Some(true), usage.to_der()),
                (under_2_5_29(19), Some(true), sequence(&[])),
                (under_2_5_29(14), None, own),
                (under_2_5_29(35), None, issuers),
            ],
        }
    }

    /// An authority's certificate, valid from 0 to 3000, that permits `path_length` below it.
    pub(super) fn authority(
        subject: &str,
        number: u16,
        issuer: &str,
        issuer_number: u16,
        path_length: Option<u8>,
    ) -> Self {
        let usage = KeyUsage::KEY_CERT_SIGN.with(KeyUsage::CRL_SIGN);
        let length = path_length.map_or(vec![], |length| vec![2, 1, length]);
        let constraints = sequence(&[&[1, 1, 0xff], &length]);
        Self {
            not_before: 0,
            not_after: 3000,
            ..Self::signer(subject, number, issuer, issuer_number)
        }
        .with(15, Some(true), usage.to_der())
        .with(19, Some(true), constraints)
    }

    /// Sets or replaces the extension 2.5.29.`last`.
    pub(super) fn with(self, last: u8, critical: Option<bool>, content: Vec<u8>) -> Self {
        let mut forge = self.without(last);
        forge.extensions.push((under_2_5_29(last), critical, content));
        forge
    }

    pub(super) fn without(mut self, last: u8) -> Self {
        self.extensions.retain(|(oid, ..)| *oid != under_2_5_29(last));
        self
    }

    /// Signs with the key `number`.
    pub(super) fn sign(&self, number: u16) -> Certificate {
        Certificate::parse(&self.sign_der(number)).unwrap()
    }

    pub(super) fn sign_der(&self, number: u16) -> Vec<u8> {
        let name = |common_name: &str| {
            Subject { common_name: common_name.into(), ..Subject::default() }.to_der().unwrap()
        };
        let time = |seconds| encode_time(at(seconds)).unwrap().to_der().unwrap();
        let extensions: Vec<_> = self.extensions.iter().map(extension).collect();
        let extensions = sequence(&extensions.iter().map(Vec::as_slice).collect::<Vec<_>>());
        // Version 1 as written: extensions where there must be none.
        let extended = self.version != 0;
        let tbs = sequence(&[
            &if self.version == 0 {
                vec![]
            } else {
                wrap(tag::CONTEXT_0, &[&[2, 1, self.version]])
            },
            &wrap(tag::INTEGER, &[&self.serial]),
            &self.inner_algorithm,
            &name(&self.issuer),
            &sequence(&[&time(self.not_before), &time(self.not_after)]),
            &name(&self.subject),
            &keys::public_key_to_spki(&self.key).unwrap(),
            &if extended { wrap(0xa3, &[&extensions]) } else { vec![] },
        ]);
        let signature = (self.signature)(&key(number), &tbs);
        let signature = wrap(tag::BIT_STRING, &[&[0], &signature]);
        sequence(&[&tbs, &self.outer_algorithm, &signature])
    }
}

pub(super) type ExtensionParts = (Vec<u8>, Option<bool>, Vec<u8>);

pub(super) fn under_2_5_29(last: u8) -> Vec<u8> {
    vec![0x55, 0x1d, last]
}

fn extension((oid, critical, content): &ExtensionParts) -> Vec<u8> {
    let critical = match critical {
        None => vec![],
        Some(critical) => vec![1, 1, if *critical { 0xff } else { 0 }],
    };
    sequence(&[&wrap(tag::OID, &[oid]), &critical, &wrap(tag::OCTET_STRING, &[content])])
}
