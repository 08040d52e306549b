//! A PKCS#12 file read: RFC 7292, 4 and 5.2.

use der::{Decode as _, asn1::AnyRef};
use spki::AlgorithmIdentifier;
use zeroize::Zeroizing;

use super::{
    Contents, Integrity, Key, NamedCertificate, Other, OtherKind, bad,
    mac::MacData,
    write::{DATA, ENCRYPTED_DATA, FRIENDLY_NAME, LOCAL_KEY_ID, X509_CERTIFICATE, X509_CRL},
};
use crate::{
    error::{Code, Error},
    limits,
    pki::{
        algorithm::dotted,
        ber,
        crl::Crl,
        keys::{
            self, Legacy,
            pbes::{self, Password, Work},
        },
        tlv::{self, Cursor, Element, tag},
        x509::Certificate,
    },
};

pub(super) fn open(bytes: &[u8], password: &[u8], legacy: Legacy) -> Result<Contents, Error> {
    if bytes.len() > limits::PKCS12_BYTES_MAX {
        return Err(Error::limit("PKCS12_BYTES_MAX"));
    }
    let der = Zeroizing::new(ber::to_der(bytes, Code::BadPkcs12)?.into_owned());
    let pfx = Pfx::parse(&der).map_err(|error| {
        // In what was BER the places are others.
        if *der == bytes { error } else { error.without_place() }
    })?;
    let mut work = Work::pkcs12();
    let password = pfx.verified_password(password, &mut work)?;
    let integrity = if pfx.mac.is_some() { Integrity::Mac } else { Integrity::None };
    let contents = Contents {
        integrity,
        keys: Vec::new(),
        certificates: Vec::new(),
        crls: Vec::new(),
        others: Vec::new(),
    };
    let mut reader = Reader { password, legacy, work, bags: 0, contents };
    reader.authenticated_safe(pfx.content).map_err(Error::without_place)?;
    reader.join_certificates();
    Ok(reader.contents)
}

pub(super) fn has_its_shape(bytes: &[u8]) -> bool {
    let shape = |der: &[u8]| {
        let outer = tlv::only(der, 0, tag::SEQUENCE, Code::BadPkcs12, "PFX")?;
        let mut cursor = outer.inside();
        let version = cursor.required(tag::INTEGER, "version")?.integer("version")?;
        let mut info = cursor.required(tag::SEQUENCE, "authSafe")?.inside();
        info.required(tag::OID, "contentType")?;
        info.required(tag::CONTEXT_0, "content")?;
        Ok::<_, Error>(version == 3)
    };
    bytes.len() <= limits::PKCS12_BYTES_MAX
        && ber::to_der(bytes, Code::BadPkcs12).is_ok_and(|der| shape(&der).is_ok_and(|is| is))
}

/// PFX, its content not yet read.
struct Pfx<'a> {
    /// AuthenticatedSafe.
    content: &'a [u8],
    mac: Option<MacData<'a>>,
}

impl<'a> Pfx<'a> {
    fn parse(der: &'a [u8]) -> Result<Self, Error> {
        let mut cursor = tlv::only(der, 0, tag::SEQUENCE, Code::BadPkcs12, "PFX")?.inside();
        let version = cursor.required(tag::INTEGER, "version")?;
        if version.integer("version")? != 3 {
            return Err(version.error("version"));
        }
        let content = match ContentInfo::parse(&cursor.required(tag::SEQUENCE, "authSafe")?)? {
            ContentInfo { kind, content } if kind == DATA => octets(&content, "authSafe")?,
            // The file is signed, not protected with a password.
            ContentInfo { content, .. } => {
                return Err(Error::new(Code::UnsupportedAlgorithm)
                    .at(content.at)
                    .field("authSafe"));
            }
        };
        let mac = cursor.take(tag::SEQUENCE, "macData")?;
        let mac = mac.map(|element| MacData::parse(&element)).transpose()?;
        cursor.finish("PFX")?;
        Ok(Self { content, mac })
    }

    /// The password, in that of its forms with which the MAC was made.
    fn verified_password<'p>(
        &self,
        password: &'p [u8],
        work: &mut Work,
    ) -> Result<Password<'p>, Error> {
        let given = Password::new(password);
        let Some(mac) = &self.mac else { return Ok(given) };
        if mac.verify(self.content, &given, work)? {
            return Ok(given);
        }
        let absent = Password::absent();
        if password.is_empty() && mac.verify(self.content, &absent, work)? {
            return Ok(absent);
        }
        Err(Error::new(Code::WrongPassword).field("macData"))
    }
}

/// ContentInfo (RFC 5652, 3): what it is, dotted, and the element under `[0]`.
struct ContentInfo<'a> {
    kind: String,
    content: Element<'a>,
}

impl<'a> ContentInfo<'a> {
    fn parse(element: &Element<'a>) -> Result<Self, Error> {
        let mut cursor = element.inside();
        let kind = dotted(cursor.required(tag::OID, "contentType")?.value);
        let mut inside = cursor.required(tag::CONTEXT_0, "content")?.inside();
        let content = inside.next("content")?;
        inside.finish("content")?;
        cursor.finish("contentInfo")?;
        Ok(Self { kind, content })
    }
}

/// The attributes of a bag.
#[derive(Default)]
struct Attributes {
    name: Option<String>,
    local_key_id: Option<Vec<u8>>,
}

/// Gathers what the bags hold.
struct Reader<'p> {
    password: Password<'p>,
    legacy: Legacy,
    work: Work,
    bags: usize,
    contents: Contents,
}

impl Reader<'_> {
    fn authenticated_safe(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let der = Zeroizing::new(ber::to_der(bytes, Code::BadPkcs12)?.into_owned());
        let safe = tlv::only(&der, 0, tag::SEQUENCE, Code::BadPkcs12, "AuthenticatedSafe")?;
        let parts =
            safe.inside().all("AuthenticatedSafe", limits::PKCS12_BAGS_MAX, "PKCS12_BAGS_MAX")?;
        for part in parts {
            let ContentInfo { kind, content } = ContentInfo::parse(&part)?;
            match kind.as_str() {
                DATA => self.safe_contents(octets(&content, "SafeContents")?, 0)?,
                ENCRYPTED_DATA => self.encrypted_data(&content)?,
                // EnvelopedData: for the holder of a private key, not of the password.
                _ => self.other(OtherKind::Unknown, kind, None, unsupported("contentType")),
            }
        }
        Ok(())
    }

    /// EncryptedData (RFC 5652, 8).
    fn encrypted_data(&mut self, element: &Element<'_>) -> Result<(), Error> {
        let mut cursor = element.inside();
        cursor.required(tag::INTEGER, "version")?;
        let mut info = cursor.required(tag::SEQUENCE, "encryptedContentInfo")?.inside();
        if dotted(info.required(tag::OID, "contentType")?.value) != DATA {
            return Err(info.error("contentType"));
        }
        let algorithm = algorithm(&info.required(tag::SEQUENCE, "contentEncryptionAlgorithm")?)?;
        let data = implicit_octets(&info.next("encryptedContent")?)?;
        let plain = self.decrypt(&algorithm, &data)?;
        self.safe_contents(&plain, 0).map_err(|error| {
            // Without a MAC nothing else tells a wrong password, where the padding happens to be right.
            match (self.contents.integrity, error.code()) {
                (Integrity::None, Code::BadPkcs12) => {
                    Error::new(Code::WrongPassword).field("password")
                }
                _ => error,
            }
        })
    }

    fn safe_contents(&mut self, bytes: &[u8], depth: usize) -> Result<(), Error> {
        if depth > limits::PKCS12_DEPTH_MAX {
            return Err(Error::limit("PKCS12_DEPTH_MAX"));
        }
        let der = Zeroizing::new(ber::to_der(bytes, Code::BadPkcs12)?.into_owned());
        let whole = tlv::only(&der, 0, tag::SEQUENCE, Code::BadPkcs12, "SafeContents")?;
        let mut cursor = whole.inside();
        while !cursor.is_empty() {
            self.bags += 1;
            if self.bags > limits::PKCS12_BAGS_MAX {
                return Err(Error::limit("PKCS12_BAGS_MAX"));
            }
            self.bag(&cursor.required(tag::SEQUENCE, "SafeBag")?, depth)?;
        }
        Ok(())
    }

    /// SafeBag (RFC 7292, 4.2).
    fn bag(&mut self, element: &Element<'_>, depth: usize) -> Result<(), Error> {
        let mut cursor = element.inside();
        let kind = dotted(cursor.required(tag::OID, "bagId")?.value);
        let value = cursor.required(tag::CONTEXT_0, "bagValue")?;
        let attributes = match cursor.take(tag::SET, "bagAttributes")? {
            Some(set) => Attributes::parse(&set)?,
            None => Attributes::default(),
        };
        cursor.finish("SafeBag")?;
        match kind.strip_prefix("1.2.840.113549.1.12.10.1.") {
            Some("1") => self.key(value.value, attributes),
            Some("2") => {
                let plain = self.shrouded_key(&value)?;
                self.key(&plain, attributes)
            }
            Some("3") => self.certificate(&value, attributes),
            Some("4") => self.crl(&value, attributes),
            Some("6") => self.safe_contents(value.value, depth + 1),
            Some("5") => {
                let oid = value.inside().required(tag::SEQUENCE, "SecretBag")?;
                let oid = dotted(oid.inside().required(tag::OID, "secretTypeId")?.value);
                self.other(OtherKind::Secret, oid, attributes.name, unsupported("SecretBag"));
                Ok(())
            }
            _ => {
                self.other(OtherKind::Unknown, kind, attributes.name, unsupported("bagId"));
                Ok(())
            }
        }
    }

    /// PKCS8ShroudedKeyBag, an EncryptedPrivateKeyInfo: the PrivateKeyInfo inside.
    fn shrouded_key(&mut self, value: &Element<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut inside = value.inside();
        let mut cursor = inside.required(tag::SEQUENCE, "PKCS8ShroudedKeyBag")?.inside();
        inside.finish("PKCS8ShroudedKeyBag")?;
        let algorithm = algorithm(&cursor.required(tag::SEQUENCE, "encryptionAlgorithm")?)?;
        let data = cursor.required(tag::OCTET_STRING, "encryptedData")?.value;
        cursor.finish("PKCS8ShroudedKeyBag")?;
        let plain = self.decrypt(&algorithm, data)?;
        // Noise of a wrong password may end in what looks like padding, but is no PrivateKeyInfo.
        if key_algorithm(&plain).is_none() {
            return Err(Error::new(Code::WrongPassword).field("password"));
        }
        Ok(plain)
    }

    /// A PrivateKeyInfo.
    fn key(&mut self, plain: &[u8], attributes: Attributes) -> Result<(), Error> {
        let oid = key_algorithm(plain).ok_or_else(|| bad("KeyBag"))?;
        let Attributes { name, local_key_id } = attributes;
        match keys::private_key_from_der(plain, None) {
            Ok(key) => {
                self.contents.keys.push(Key { key, name, local_key_id, certificate: None });
                Ok(())
            }
            Err(error) if error.code() == Code::UnsupportedAlgorithm => {
                self.other(OtherKind::Key, oid, name, error);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn certificate(&mut self, value: &Element<'_>, attributes: Attributes) -> Result<(), Error> {
        let (kind, der) = typed_octets(value, "CertBag")?;
        let Attributes { name, local_key_id } = attributes;
        let read = if kind == X509_CERTIFICATE {
            Certificate::parse(&der)
        } else {
            Err(unsupported("certId"))
        };
        match read {
            Ok(certificate) => {
                let named = NamedCertificate { certificate, name, local_key_id };
                self.contents.certificates.push(named);
            }
            Err(error) => self.other(OtherKind::Certificate, kind, name, error),
        }
        Ok(())
    }

    fn crl(&mut self, value: &Element<'_>, attributes: Attributes) -> Result<(), Error> {
        let (kind, der) = typed_octets(value, "CRLBag")?;
        match if kind == X509_CRL { Crl::parse(&der) } else { Err(unsupported("crlId")) } {
            Ok(crl) => self.contents.crls.push(crl),
            Err(error) => self.other(OtherKind::Crl, kind, attributes.name, error),
        }
        Ok(())
    }

    fn other(&mut self, kind: OtherKind, oid: String, name: Option<String>, reason: Error) {
        self.contents.others.push(Other { kind, oid, name, reason });
    }

    fn decrypt(
        &mut self,
        algorithm: &AlgorithmIdentifier<AnyRef<'_>>,
        data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        pbes::decrypt(algorithm, data, &self.password, self.legacy, &mut self.work)
    }

    /// Gives each key the certificate that holds its public key; one with its localKeyID before others.
    fn join_certificates(&mut self) {
        for key in &mut self.contents.keys {
            let holds = |named: &&NamedCertificate| {
                named.certificate.public_key().is_ok_and(|public| public == key.key.public())
            };
            let mut holders = self.contents.certificates.iter().filter(holds);
            let same_id = holders.clone().find(|named| named.local_key_id == key.local_key_id);
            key.certificate =
                same_id.or_else(|| holders.next()).map(|named| named.certificate.clone());
        }
    }
}

impl Attributes {
    /// `SET OF PKCS12Attribute`; those of other kinds are nothing to us.
    fn parse(set: &Element<'_>) -> Result<Self, Error> {
        let mut read = Self::default();
        let all = set.inside().all("attribute", limits::PKCS12_BAGS_MAX, "PKCS12_BAGS_MAX")?;
        for attribute in all {
            let mut cursor = attribute.inside();
            let kind = dotted(cursor.required(tag::OID, "attrId")?.value);
            let mut values = cursor.required(tag::SET, "attrValues")?.inside();
            match kind.as_str() {
                FRIENDLY_NAME => {
                    let name = values.next("friendlyName")?;
                    read.name = Some(match name.tag {
                        tag::BMP_STRING => bmp_text(name.value),
                        _ => name.text("friendlyName")?,
                    });
                }
                LOCAL_KEY_ID => {
                    let id = values.required(tag::OCTET_STRING, "localKeyId")?;
                    read.local_key_id = Some(id.value.to_vec());
                }
                _ => {}
            }
        }
        Ok(read)
    }
}

/// Text of a BMPString's contents. What is no UTF-16 becomes U+FFFD.
fn bmp_text(value: &[u8]) -> String {
    let (units, _) = value.as_chunks();
    let units: Vec<_> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
    String::from_utf16_lossy(&units).trim_end_matches('\0').to_owned()
}

/// The algorithm, dotted, of what has the shape of a PrivateKeyInfo.
fn key_algorithm(plain: &[u8]) -> Option<String> {
    let read = || {
        let whole = tlv::only(plain, 0, tag::SEQUENCE, Code::BadPkcs12, "PrivateKeyInfo")?;
        let mut cursor: Cursor<'_> = whole.inside();
        cursor.required(tag::INTEGER, "version")?;
        let mut algorithm = cursor.required(tag::SEQUENCE, "algorithm")?.inside();
        let oid = dotted(algorithm.required(tag::OID, "algorithm")?.value);
        cursor.required(tag::OCTET_STRING, "privateKey")?;
        Ok::<_, Error>(oid)
    };
    read().ok()
}

/// `SEQUENCE { OID, [0] { OCTET STRING } }`: CertBag and CRLBag.
fn typed_octets(value: &Element<'_>, field: &'static str) -> Result<(String, Vec<u8>), Error> {
    let mut inside = value.inside();
    let ContentInfo { kind, content } =
        ContentInfo::parse(&inside.required(tag::SEQUENCE, field)?)?;
    inside.finish(field)?;
    let octets = if content.tag == tag::OCTET_STRING { content.value } else { content.raw };
    Ok((kind, octets.to_vec()))
}

fn octets<'a>(element: &Element<'a>, field: &'static str) -> Result<&'a [u8], Error> {
    if element.tag == tag::OCTET_STRING { Ok(element.value) } else { Err(element.error(field)) }
}

/// The contents of `[0] IMPLICIT OCTET STRING`, whole or, from BER, in pieces.
fn implicit_octets(element: &Element<'_>) -> Result<Vec<u8>, Error> {
    match element.tag {
        tag::CONTEXT_0_PRIMITIVE => Ok(element.value.to_vec()),
        tag::CONTEXT_0 => {
            let (mut cursor, mut whole) = (element.inside(), Vec::new());
            while !cursor.is_empty() {
                whole.extend(cursor.required(tag::OCTET_STRING, "encryptedContent")?.value);
            }
            Ok(whole)
        }
        _ => Err(element.error("encryptedContent")),
    }
}

fn algorithm<'a>(element: &Element<'a>) -> Result<AlgorithmIdentifier<AnyRef<'a>>, Error> {
    AlgorithmIdentifier::from_der(element.raw).map_err(|_| element.error("AlgorithmIdentifier"))
}

fn unsupported(field: &'static str) -> Error {
    Error::new(Code::UnsupportedAlgorithm).field(field)
}
