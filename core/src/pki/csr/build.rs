//! Making a request, in DER, signed with SM2 and SM3.

use const_oid::ObjectIdentifier;

use super::{CHALLENGE_PASSWORD, Csr, EXCHANGE_KEY, EXTENSION_REQUEST, cfca};
use crate::{
    error::{Code, Error},
    limits,
    pki::{
        custody::Signer,
        keys,
        tlv::{sequence, tag, wrap},
        x509::{
            Extension,
            issue::{Subject, signed},
        },
    },
    primitives::sm2::PublicKey,
};

/// A request in the making.
#[derive(Clone, Debug)]
pub struct Builder<'a> {
    subject: &'a Subject,
    extensions: Vec<Extension>,
    challenge_password: Option<String>,
    exchange_key: Option<PublicKey>,
}

impl<'a> Builder<'a> {
    /// A request for `subject`.
    #[must_use]
    pub const fn new(subject: &'a Subject) -> Self {
        Self { subject, extensions: Vec::new(), challenge_password: None, exchange_key: None }
    }

    /// Asks for an extension (extensionRequest, RFC 2985, 5.4.2). The authority decides.
    #[must_use]
    pub fn extension(mut self, extension: Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    /// Puts in a challenge password (RFC 2985, 5.4.1), which travels in the clear.
    #[must_use]
    pub fn challenge_password(mut self, password: &str) -> Self {
        self.challenge_password = Some(password.to_owned());
        self
    }

    /// Makes it a request to CFCA for two certificates: `key` is the exchange key (交互公钥), a
    /// temporary one, to which CFCA encrypts the private key of the encryption certificate. CFCA
    /// demands a challenge password beside it; without one `111111` is written, as its own kit does.
    #[must_use]
    pub fn cfca_exchange_key(mut self, key: &PublicKey) -> Self {
        self.exchange_key = Some(key.clone());
        self
    }

    /// Signs it with the key to be certified, under
    /// [`DistId::DEFAULT`](crate::primitives::sm2::DistId::DEFAULT).
    ///
    /// # Errors
    /// [`Code::BadArgument`] with the field for a subject, password or extension that cannot be
    /// written; whatever `signer` fails with.
    pub fn sign(&self, signer: &dyn Signer) -> Result<Csr, Error> {
        let mut attributes = Vec::new();
        if let Some(password) = self.password()? {
            attributes.push(self.attribute(CHALLENGE_PASSWORD, &password)?);
        }
        if let Some(key) = &self.exchange_key {
            attributes.push(self.attribute(EXCHANGE_KEY, &cfca::exchange_key_value(key))?);
        }
        if !self.extensions.is_empty() {
            attributes.push(in_set(EXTENSION_REQUEST, &self.extension_request()?)?);
        }
        // DER of a SET OF: in the order of the encodings.
        attributes.sort_unstable();
        let info = sequence(&[
            &[tag::INTEGER, 1, 0],
            &self.subject.to_der()?,
            &keys::public_key_to_spki(signer.public_key())?,
            &wrap(tag::CONTEXT_0, &attributes.iter().map(Vec::as_slice).collect::<Vec<_>>()),
        ]);
        Csr::parse(&signed(&info, signer)?)
    }

    /// An attribute of CFCA's request has its value without a SET.
    fn attribute(&self, oid: &str, value: &[u8]) -> Result<Vec<u8>, Error> {
        if self.exchange_key.is_none() {
            return in_set(oid, value);
        }
        Ok(sequence(&[&type_of(oid)?, value]))
    }

    fn password(&self) -> Result<Option<Vec<u8>>, Error> {
        let default = self.exchange_key.as_ref().map(|_| CFCA_PASSWORD);
        let Some(password) = self.challenge_password.as_deref().or(default) else {
            return Ok(None);
        };
        // The upper bound of RFC 2985, pkcs-9-ub-challengePassword.
        let length = password.chars().count();
        if !(1..=255).contains(&length) || password.chars().any(char::is_control) {
            return Err(Error::new(Code::BadArgument).field("challenge_password"));
        }
        let printable = |byte: u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte);
        let string =
            if password.bytes().all(printable) { tag::PRINTABLE_STRING } else { tag::UTF8_STRING };
        Ok(Some(wrap(string, &[password.as_bytes()])))
    }

    fn extension_request(&self) -> Result<Vec<u8>, Error> {
        if self.extensions.len() > limits::CERTIFICATE_EXTENSIONS_MAX {
            return Err(Error::limit("CERTIFICATE_EXTENSIONS_MAX"));
        }
        let extensions = self.extensions.iter().map(Extension::to_der);
        let extensions = extensions.collect::<Result<Vec<_>, _>>()?;
        Ok(sequence(&extensions.iter().map(Vec::as_slice).collect::<Vec<_>>()))
    }
}

fn in_set(oid: &str, value: &[u8]) -> Result<Vec<u8>, Error> {
    Ok(sequence(&[&type_of(oid)?, &wrap(tag::SET, &[value])]))
}

fn type_of(oid: &str) -> Result<Vec<u8>, Error> {
    let bad = |_| Error::new(Code::BadArgument).field("oid");
    let oid = ObjectIdentifier::new(oid).map_err(bad)?;
    Ok(wrap(tag::OID, &[oid.as_bytes()]))
}

const CFCA_PASSWORD: &str = "111111";
