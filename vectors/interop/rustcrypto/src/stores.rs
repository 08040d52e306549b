//! PKCS#12. Crate `pkcs12` has the structures and the derivation of the MAC's key, `pkcs8` the encryption; between
//! their generations goes DER.

use cms::{
    content_info::{CmsVersion, ContentInfo},
    encrypted_data::EncryptedData,
    enveloped_data::EncryptedContentInfo,
};
use der_of_messages::{
    Any, AnyRef, Decode, Encode, Tag,
    asn1::{ContextSpecific, ObjectIdentifier, OctetString, OctetStringRef, SetOfVec},
};
use hmac_of_messages::{Hmac, Mac as _};
use pkcs8::{
    DecodePrivateKey as _, EncodePrivateKey as _, EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef,
    der::{Decode as _, Encode as _},
    pkcs5::{EncryptionScheme, pbes2::Parameters},
};
use pkcs12::{
    PKCS_12_CERT_BAG_OID, PKCS_12_PKCS8_KEY_BAG_OID, PKCS_12_X509_CERT_OID,
    authenticated_safe::AuthenticatedSafe,
    cert_type::CertBag,
    digest_info::DigestInfo,
    kdf::{Pkcs12KeyType, derive_key_utf8},
    mac_data::MacData,
    pfx::{Pfx, Version},
    safe_bag::{SafeBag, SafeContents},
};
use sha2_of_messages::Sha256;
use sm2::SecretKey;
use sm3_of_messages::Sm3;

use crate::{
    End, Folder, Refusal, demand,
    keys::secret,
    messages::{Algorithm, algorithm, attribute},
};

const DATA: &str = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA: &str = "1.2.840.113549.1.7.6";
const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const SM3: &str = "1.2.156.10197.1.401";
const LOCAL_KEY_ID: &str = "1.2.840.113549.1.9.21";

/// The MAC over `content` with that hash function, by RFC 7292, appendix B.
fn mac(
    hash: &str,
    password: &str,
    salt: &[u8],
    rounds: i32,
    content: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let kind = Pkcs12KeyType::Mac;
    Ok(match hash {
        SHA256 => {
            let key = derive_key_utf8::<Sha256>(password, salt, kind, rounds, 32)?;
            Hmac::<Sha256>::new_from_slice(&key)?
                .chain_update(content)
                .finalize()
                .into_bytes()
                .to_vec()
        }
        SM3 => {
            let key = derive_key_utf8::<Sm3>(password, salt, kind, rounds, 32)?;
            Hmac::<Sm3>::new_from_slice(&key)?
                .chain_update(content)
                .finalize()
                .into_bytes()
                .to_vec()
        }
        _ => return Err("a MAC with neither SHA-256 nor SM3".into()),
    })
}

fn octets(content: &Any) -> Result<&[u8], Refusal> {
    Ok(content.decode_as::<OctetStringRef<'_>>()?.as_bytes())
}

pub(crate) fn take(of: &Folder) -> End {
    let password = of.text("password")?;
    let file = Pfx::from_der(&of.bytes("store.p12")?)?;
    let safe = octets(&file.auth_safe.content)?;
    let protection = file.mac_data.ok_or("no MAC")?;
    let hash = protection.mac.algorithm.oid.to_string();
    let salt = protection.mac_salt.as_bytes();
    let found = mac(&hash, &password, salt, protection.iterations, safe)?;
    demand(found == protection.mac.digest.as_bytes(), "another MAC")?;
    let (mut key, mut certificate) = (false, false);
    for part in AuthenticatedSafe::from_der(safe)? {
        let bags = if part.content_type.to_string() == DATA {
            SafeContents::from_der(octets(&part.content)?)?
        } else {
            let encrypted: EncryptedData = part.content.decode_as()?;
            let EncryptedContentInfo { content_enc_alg, encrypted_content, .. } =
                encrypted.enc_content_info;
            let scheme = EncryptionScheme::from_der(&content_enc_alg.to_der()?)?;
            let encrypted = encrypted_content.ok_or("no content")?;
            SafeContents::from_der(&scheme.decrypt(&password, encrypted.as_bytes())?)?
        };
        for bag in bags {
            let value = ContextSpecific::<Any>::from_der(&bag.bag_value)?.value.to_der()?;
            match bag.bag_id {
                PKCS_12_PKCS8_KEY_BAG_OID => {
                    let opened =
                        EncryptedPrivateKeyInfoRef::try_from(&value[..])?.decrypt(&password)?;
                    let found = SecretKey::from_pkcs8_der(opened.as_bytes())?;
                    demand(found.to_bytes()[..] == of.bytes("private.raw")?, "another key")?;
                    key = true;
                }
                PKCS_12_CERT_BAG_OID => {
                    let found = CertBag::from_der(&value)?.cert_value;
                    demand(
                        found.as_bytes() == of.bytes("certificate.der")?,
                        "another certificate",
                    )?;
                    certificate = true;
                }
                _ => return Err("another bag".into()),
            }
        }
    }
    demand(key && certificate, "no key or no certificate")
}

fn parameters() -> Result<Parameters, Refusal> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    getrandom::fill(&mut salt)?;
    getrandom::fill(&mut iv)?;
    Ok(Parameters::generate_pbkdf2_sha256_aes256cbc(10_000, &salt, iv)?)
}

fn bag(kind: ObjectIdentifier, value: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    let id = attribute(LOCAL_KEY_ID, Any::new(Tag::OctetString, [1])?)?;
    let bag_attributes = Some(SetOfVec::try_from(vec![id])?);
    Ok(vec![SafeBag { bag_id: kind, bag_value: value, bag_attributes }].to_der()?)
}

fn part(kind: &str, content: Any) -> ContentInfo {
    ContentInfo { content_type: ObjectIdentifier::new_unwrap(kind), content }
}

pub(crate) fn make(task: &Folder, made: &Folder) -> End {
    let name = task.name();
    if name.starts_with("sm4-") {
        return Err("PBES2 with SM4 is not offered".into());
    }
    if name.contains("pbmac1") {
        return Err("PBMAC1 is not offered".into());
    }
    let password = task.text("password")?;
    let plain = secret(task)?.to_pkcs8_der()?;
    let plain = PrivateKeyInfoRef::try_from(plain.as_bytes())?;
    let key = plain.encrypt_with_params(parameters()?, &password)?;
    let keys = bag(PKCS_12_PKCS8_KEY_BAG_OID, key.as_bytes().to_vec())?;

    let cert_value = OctetString::new(task.bytes("certificate.der")?)?;
    let certificate = CertBag { cert_id: PKCS_12_X509_CERT_OID, cert_value }.to_der()?;
    let scheme = EncryptionScheme::from(parameters()?);
    let encrypted = scheme.encrypt(&password, &bag(PKCS_12_CERT_BAG_OID, certificate)?)?;
    let enc_content_info = EncryptedContentInfo {
        content_type: ObjectIdentifier::new_unwrap(DATA),
        content_enc_alg: Algorithm::from_der(&scheme.to_der()?)?,
        encrypted_content: Some(OctetString::new(encrypted)?),
    };
    let certificates =
        EncryptedData { version: CmsVersion::V0, enc_content_info, unprotected_attrs: None };
    let certificates = Any::from(AnyRef::try_from(&certificates.to_der()?[..])?);

    let safe =
        vec![part(ENCRYPTED_DATA, certificates), part(DATA, Any::new(Tag::OctetString, keys)?)];
    let safe = safe.to_der()?;
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)?;
    let hash = if name.starts_with("aes256-sm3-") { SM3 } else { SHA256 };
    let digest = mac(hash, &password, &salt, 10_000, &safe)?;
    let digest = DigestInfo { algorithm: algorithm(hash, None), digest: OctetString::new(digest)? };
    let file = Pfx {
        version: Version::V3,
        auth_safe: part(DATA, Any::new(Tag::OctetString, safe)?),
        mac_data: Some(MacData {
            mac: digest,
            mac_salt: OctetString::new(salt)?,
            iterations: 10_000,
        }),
    };
    made.put("store.p12", file.to_der()?)
}
