//! Seals and sealed signatures with every quirk that is met in practice, made by the tests.

use std::sync::OnceLock;

use yinxin_vectors::shared;

use super::{SealDescription, SealPicture, Version};
use crate::{
    UnixTime,
    pki::{
        algorithm::oid::SM2_WITH_SM3,
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

pub(super) const PATH: &str = "/Doc_0/Signs/Sign_0/Signature.xml";

pub(super) fn time(text: &str) -> UnixTime {
    UnixTime::parse_rfc3339(text).unwrap()
}

/// A file of `../shared/samples`.
pub(super) fn sample(name: &str) -> Option<Vec<u8>> {
    Some(std::fs::read(shared(&format!("samples/{name}"))?).unwrap())
}

/// A PNG of `width` by `height` grey pixels.
pub(super) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    let size = usize::try_from(width * height).unwrap();
    writer.write_image_data(&vec![0x7f; size]).unwrap();
    writer.finish().unwrap();
    file
}

/// An authority (valid 2020 to 2040) with a maker (2025 to 2028) and a signer (2026).
pub(super) struct Office {
    pub(super) root: Certificate,
    pub(super) root_key: PrivateKey,
    pub(super) maker: Certificate,
    pub(super) maker_key: PrivateKey,
    pub(super) signer: Certificate,
    pub(super) signer_key: PrivateKey,
}

impl Office {
    pub(super) fn get() -> &'static Self {
        static OFFICE: OnceLock<Office> = OnceLock::new();
        OFFICE.get_or_init(Self::new)
    }

    fn new() -> Self {
        let key = |byte: u8| PrivateKey::from_bytes(&[byte; 32]).unwrap();
        let (root_key, maker_key, signer_key) = (key(1), key(2), key(3));
        let request = |name: &str, profile, key: &PrivateKey, from, until| CertificateRequest {
            subject: Subject { common_name: name.to_owned(), ..Subject::default() },
            profile,
            public_key: key.public().clone(),
            not_before: time(from),
            not_after: time(until),
            serial: Some(vec![7]),
        };
        let (from, until) = ("2020-01-01T00:00:00Z", "2040-01-01T00:00:00Z");
        let root = request("root", Profile::Root, &root_key, from, until);
        let root = issue(&root, None, &root_key).unwrap();
        let (from, until) = ("2025-01-01T00:00:00Z", "2028-01-01T00:00:00Z");
        let maker = request("maker", Profile::SealMaker, &maker_key, from, until);
        let maker = issue(&maker, Some(&root), &root_key).unwrap();
        let (from, until) = ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        let signer = request("signer", Profile::Signer, &signer_key, from, until);
        let signer = issue(&signer, Some(&root), &root_key).unwrap();
        Self { root, root_key, maker, maker_key, signer, signer_key }
    }

    pub(super) fn description(&self) -> SealDescription {
        SealDescription {
            vendor: "yinxin".to_owned(),
            id: "32050000011053".to_owned(),
            name: "某市某局".to_owned(),
            kind: 1,
            created: time("2026-01-01T08:00:00Z"),
            valid_from: time("2026-01-01T08:00:00Z"),
            valid_until: time("2026-12-31T00:00:00Z"),
            signer_certificates: vec![self.signer.clone()],
            picture: SealPicture { png: png(8, 8), width_mm: 40, height_mm: 40 },
        }
    }
}

/// A seal and a sealed signature to be put together, each part variable.
#[derive(Clone)]
pub(super) struct Look {
    pub(super) version: Version,
    pub(super) header_version: u8,
    /// Elements of certList, one after the other.
    pub(super) list: Vec<u8>,
    pub(super) list_type: u8,
    /// The three dates, elements.
    pub(super) dates: [Vec<u8>; 3],
    pub(super) id: Vec<u8>,
    /// An element to be put after the picture.
    pub(super) seal_extensions: Vec<u8>,
    pub(super) sign_info_in_bits: bool,
    pub(super) raw_signatures: bool,
    pub(super) algorithm: Vec<u8>,
    pub(super) seal_time_stamp: Vec<u8>,
    pub(super) stated_version: u8,
    /// timeInfo, an element.
    pub(super) time_info: Vec<u8>,
    /// dataHash, an element.
    pub(super) data_hash: Vec<u8>,
    pub(super) property: Vec<u8>,
    /// An element to be put at the end of TBS_Sign in v4 and v5.
    pub(super) extensions: Vec<u8>,
    pub(super) time_stamp: Vec<u8>,
}

pub(super) fn octets(bytes: &[u8]) -> Vec<u8> {
    wrap(tag::OCTET_STRING, &[bytes])
}

pub(super) fn bits(bytes: &[u8]) -> Vec<u8> {
    wrap(tag::BIT_STRING, &[&[0], bytes])
}

impl Look {
    /// What the standards and the samples write, over `document`, signed in June 2026.
    pub(super) fn new(version: Version, document: &[u8]) -> Self {
        let (number, date_tag, prefix) = match version {
            Version::V1 => (1, tag::UTC_TIME, &b""[..]),
            Version::V4 => (4, tag::GENERALIZED_TIME, &b"20"[..]),
            Version::V5 => (5, tag::GENERALIZED_TIME, &b"20"[..]),
        };
        let date = |text: &[u8]| wrap(date_tag, &[prefix, text]);
        let time_info = match version {
            Version::V1 => bits(b"2026-06-01T07:31:56.377Z"),
            Version::V4 | Version::V5 => date(b"260601073156Z"),
        };
        Self {
            version,
            header_version: number,
            list: octets(Office::get().signer.der()),
            list_type: 1,
            dates: [date(b"260101080000Z"), date(b"260101080000Z"), date(b"261231000000Z")],
            id: wrap(tag::IA5_STRING, &[b"32050000011053"]),
            seal_extensions: Vec::new(),
            sign_info_in_bits: false,
            raw_signatures: false,
            algorithm: SM2_WITH_SM3.to_vec(),
            seal_time_stamp: Vec::new(),
            stated_version: number,
            time_info,
            data_hash: bits(&sm3::hash(document)),
            property: PATH.as_bytes().to_vec(),
            extensions: Vec::new(),
            time_stamp: Vec::new(),
        }
    }

    pub(super) fn seal(&self) -> Vec<u8> {
        let office = Office::get();
        let header = sequence(&[
            &wrap(tag::IA5_STRING, &[b"ES"]),
            &[2, 1, self.header_version],
            &wrap(tag::IA5_STRING, &[b"vendor"]),
        ]);
        let list_type = match self.version {
            Version::V1 => Vec::new(),
            Version::V4 | Version::V5 => vec![2, 1, self.list_type],
        };
        let [created, from, until] = &self.dates;
        let property = sequence(&[
            &[2, 1, 1],
            &wrap(tag::UTF8_STRING, &["某局".as_bytes()]),
            &list_type,
            &sequence(&[&self.list]),
            created,
            from,
            until,
        ]);
        let picture = sequence(&[
            &wrap(tag::IA5_STRING, &[b"GIF"]),
            &octets(b"GIF89a"),
            &[2, 1, 40],
            &[2, 1, 40],
        ]);
        let info = sequence(&[&header, &self.id, &property, &picture, &self.seal_extensions]);
        let maker = octets(office.maker.der());
        let algorithm = wrap(tag::OID, &[&self.algorithm]);
        if self.version == Version::V1 {
            let signed = sequence(&[&info, &maker, &algorithm]);
            let signature = self.sign(&office.maker_key, &signed);
            let sign_info = sequence(&[&maker, &algorithm, &signature]);
            let sign_info = if self.sign_info_in_bits { bits(&sign_info) } else { sign_info };
            return sequence(&[&info, &sign_info]);
        }
        let signature = self.sign(&office.maker_key, &info);
        sequence(&[&info, &maker, &algorithm, &signature, &self.seal_time_stamp])
    }

    pub(super) fn signed(&self) -> Vec<u8> {
        self.signed_around(&self.seal())
    }

    pub(super) fn signed_around(&self, seal: &[u8]) -> Vec<u8> {
        let office = Office::get();
        let signer = octets(office.signer.der());
        let algorithm = wrap(tag::OID, &[&self.algorithm]);
        let property = wrap(tag::IA5_STRING, &[&self.property]);
        let version = [2, 1, self.stated_version];
        let to_sign = [&version[..], seal, &self.time_info, &self.data_hash, &property];
        if self.version == Version::V1 {
            let to_sign = sequence(&[&to_sign.concat(), &signer, &algorithm]);
            return sequence(&[&to_sign, &self.sign(&office.signer_key, &to_sign)]);
        }
        let to_sign = sequence(&[&to_sign.concat(), &self.extensions]);
        let signature = self.sign(&office.signer_key, &to_sign);
        sequence(&[&to_sign, &signer, &algorithm, &signature, &self.time_stamp])
    }

    fn sign(&self, key: &PrivateKey, message: &[u8]) -> Vec<u8> {
        let signature = key.sign(message, &DistId::DEFAULT).unwrap();
        if self.raw_signatures { bits(&signature.to_bytes()) } else { bits(&signature.to_der()) }
    }
}
