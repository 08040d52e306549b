//! Recipients by key transport: `RecipientInfo` with SM2 (GB/T 35275, recipientInfo; RFC 5652, 6.2.1).

use zeroize::Zeroizing;

use super::{Family, Identifier, algorithm_identifier, cipher::Key};
use crate::{
    Code, Error,
    limits::CMS_RECIPIENTS_MAX,
    pki::{
        custody::Decrypter,
        tlv::{Element, sequence, tag, wrap},
        x509::Certificate,
    },
    primitives::sm2::Ciphertext,
};

/// How recipients are named in what is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecipientsBy {
    /// By the issuer and the serial number of the certificate.
    #[default]
    IssuerAndSerial,
    /// By the key identifier in the certificate.
    SubjectKeyId,
}

/// One recipient, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecipientInfo {
    /// A key encrypted to the public key of a certificate.
    KeyTransport {
        /// Whose certificate it is.
        identifier: Identifier,
        /// The contents octets of the algorithm's object identifier.
        algorithm: Vec<u8>,
        /// The encrypted key: SM2Cipher of GM/T 0009-2012, 7.2, DER.
        encrypted_key: Vec<u8>,
    },
    /// Of another kind, by its tag: key agreement (1), a key both sides have (2), a password (3), or
    /// another (4). It is not opened here.
    Other(u8),
}

/// Which of the recipients somebody is.
#[derive(Clone, Copy, Debug)]
pub enum RecipientIs<'a> {
    /// The holder of this certificate, which the recipient names in either way.
    Certificate(&'a Certificate),
    /// The holder of the key with this identifier.
    KeyId(&'a [u8]),
    /// The one of this number, counted from 0.
    Number(usize),
}

/// Who opens: a private key, and which of the recipients its holder is.
#[derive(Clone, Copy)]
pub struct OpenWith<'a> {
    /// The private key.
    pub key: &'a dyn Decrypter,
    /// Which recipient its holder is.
    pub recipient: RecipientIs<'a>,
}

impl OpenWith<'_> {
    /// The number of the recipient among `recipients`, and the content-encryption key.
    ///
    /// # Errors
    /// [`Code::NoRecipient`]; [`Code::KeyMismatch`] if the certificate is not that of the key;
    /// [`Code::UnsupportedAlgorithm`]; [`Code::NotOpened`]; whatever the key fails with.
    pub(super) fn content_key(&self, recipients: &[RecipientInfo]) -> Result<(usize, Key), Error> {
        if let RecipientIs::Certificate(certificate) = self.recipient
            && certificate.public_key()? != self.key.public_key()
        {
            return Err(Error::new(Code::KeyMismatch).field("key"));
        }
        let found =
            recipients.iter().enumerate().find(|(number, info)| match (info, self.recipient) {
                (_, RecipientIs::Number(wanted)) => *number == wanted,
                (RecipientInfo::KeyTransport { identifier, .. }, RecipientIs::Certificate(own)) => {
                    identifier.names(own)
                }
                (RecipientInfo::KeyTransport { identifier, .. }, RecipientIs::KeyId(own)) => {
                    matches!(identifier, Identifier::SubjectKeyId(id) if id == own)
                }
                (RecipientInfo::Other(_), _) => false,
            });
        let (number, info) = found.ok_or(Error::new(Code::NoRecipient).field("recipients"))?;
        let unsupported = || Error::new(Code::UnsupportedAlgorithm).field("recipientInfo");
        let RecipientInfo::KeyTransport { algorithm, encrypted_key, .. } = info else {
            return Err(unsupported());
        };
        if !algorithm.starts_with(SM2) {
            return Err(unsupported());
        }
        Ok((number, self.decrypt(encrypted_key)?))
    }

    fn decrypt(&self, encrypted_key: &[u8]) -> Result<Key, Error> {
        let closed = || Error::new(Code::NotOpened).field("content");
        let ciphertext = Ciphertext::from_der(encrypted_key).map_err(|_| closed())?;
        let plain = self
            .key
            .decrypt(&ciphertext)
            .map_err(|error| if error.code() == Code::BadCiphertext { closed() } else { error })?;
        let key = <[u8; 16]>::try_from(plain.as_slice()).map_err(|_| closed())?;
        Ok(Zeroizing::new(key))
    }
}

/// The RecipientInfos inside `set`.
pub(super) fn read_all(set: &Element<'_>) -> Result<Vec<RecipientInfo>, Error> {
    let items = set.inside().all("recipientInfos", CMS_RECIPIENTS_MAX, "CMS_RECIPIENTS_MAX")?;
    items.iter().map(read).collect()
}

fn read(item: &Element<'_>) -> Result<RecipientInfo, Error> {
    match item.tag {
        tag::SEQUENCE => {}
        0xa1..=0xa4 => return Ok(RecipientInfo::Other(item.tag & 0x0f)),
        _ => return Err(item.error("recipientInfo")),
    }
    let mut inside = item.inside();
    inside.next("recipientInfo.version")?.integer("recipientInfo.version")?;
    let identifier = Identifier::read(&mut inside)?;
    let mut algorithm = inside.required(tag::SEQUENCE, "keyEncryptionAlgorithm")?.inside();
    // Whatever stands as parameter adds nothing to SM2.
    let algorithm = algorithm.required(tag::OID, "keyEncryptionAlgorithm")?.value.to_vec();
    let encrypted_key = inside.required(tag::OCTET_STRING, "encryptedKey")?.value.to_vec();
    inside.finish("recipientInfo")?;
    Ok(RecipientInfo::KeyTransport { identifier, algorithm, encrypted_key })
}

/// A SET OF RecipientInfo, in DER, in which `key` is encrypted to each of `recipients`.
pub(super) fn write_all(
    recipients: &[Certificate],
    key: &Key,
    family: Family,
    by: RecipientsBy,
) -> Result<Vec<u8>, Error> {
    if recipients.is_empty() {
        return Err(Error::new(Code::BadArgument).field("recipients"));
    }
    if recipients.len() > CMS_RECIPIENTS_MAX {
        return Err(Error::limit("CMS_RECIPIENTS_MAX"));
    }
    let infos = recipients.iter().map(|certificate| {
        let identifier = match by {
            RecipientsBy::IssuerAndSerial => Identifier::of(certificate),
            RecipientsBy::SubjectKeyId => Identifier::key_of(certificate)
                .ok_or(Error::new(Code::BadArgument).field("subjectKeyIdentifier"))?,
        };
        // RFC 5652, 6.2.1: 0, or 2 with a key identifier; GB/T 35275: 1.
        let version = match (family, by) {
            (_, RecipientsBy::SubjectKeyId) => 2,
            (Family::Gm, RecipientsBy::IssuerAndSerial) => 1,
            (Family::Pkcs7, RecipientsBy::IssuerAndSerial) => 0,
        };
        let encrypted_key = certificate.public_key()?.encrypt(&**key)?.to_der();
        Ok(sequence(&[
            &wrap(tag::INTEGER, &[&[version]]),
            &identifier.to_der(),
            &algorithm_identifier(SM2_ENCRYPTION),
            &wrap(tag::OCTET_STRING, &[&encrypted_key]),
        ]))
    });
    Ok(super::set_of(tag::SET, infos.collect::<Result<_, Error>>()?))
}

/// 1.2.156.10197.1.301, SM2; what begins with it is a use of SM2.
const SM2: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82, 0x2d];
/// 1.2.156.10197.1.301.3, SM2 encryption.
const SM2_ENCRYPTION: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82, 0x2d, 3];
