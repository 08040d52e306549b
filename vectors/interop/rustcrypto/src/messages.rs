//! SignedData, EnvelopedData and EncryptedData. Crate `cms` has the structures; with which algorithms they are
//! filled is its caller's part, as it is with SM2 of crate `sm2`.

use cbc::cipher::{
    BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _, block_padding::Pkcs7,
};
use cms::{
    cert::{CertificateChoices, IssuerAndSerialNumber, x509::Certificate},
    content_info::{CmsVersion, ContentInfo},
    encrypted_data::EncryptedData,
    enveloped_data::{
        EncryptedContentInfo, EnvelopedData, KeyTransRecipientInfo, RecipientIdentifier,
        RecipientInfo, RecipientInfos,
    },
    signed_data::{
        CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo,
        SignerInfos,
    },
};
use der_of_messages::{
    Any, AnyRef, Decode, Encode, Tag,
    asn1::{ObjectIdentifier, OctetString, OctetStringRef, SetOfVec},
};
use getrandom::SysRng;
use sm2::{
    dsa::{
        DerSignature, Signature, SigningKey, VerifyingKey,
        signature::{RandomizedSigner as _, Verifier as _, rand_core::UnwrapErr},
    },
    pke::{DecryptingKey, EncryptingKey},
};
use sm3::{Digest as _, Sm3};

use crate::{
    End, Folder, Refusal, demand,
    keys::{public, secret},
};

pub(crate) type Algorithm = cms::cert::x509::spki::AlgorithmIdentifierOwned;

const DEFAULT_ID: &str = "1234567812345678";
const SM3: &str = "1.2.156.10197.1.401";
const SM4_CBC: &str = "1.2.156.10197.1.104.2";
const AES128_CBC: &str = "2.16.840.1.101.3.4.1.2";
const AES256_CBC: &str = "2.16.840.1.101.3.4.1.42";
const SM2_ENCRYPTION: &str = "1.2.156.10197.1.301.3";
/// SM2 alone, which GB/T 35275 has, and SM2 with SM3.
const SM2_SIGNATURES: [&str; 2] = ["1.2.156.10197.1.301.1", "1.2.156.10197.1.501"];
const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";

/// The object identifier of a kind of content, counted from 1: data, signed, enveloped; encrypted is 5 in GB/T
/// 35275 and 6 in PKCS#7.
fn kind(task: &Folder, number: u8) -> ObjectIdentifier {
    let (arc, number) = match (task.name().starts_with("gm"), number) {
        (true, 6) => ("1.2.156.10197.6.1.4.2", 5),
        (true, _) => ("1.2.156.10197.6.1.4.2", number),
        (false, _) => ("1.2.840.113549.1.7", number),
    };
    ObjectIdentifier::new_unwrap(&format!("{arc}.{number}"))
}

pub(crate) fn algorithm(oid: &str, parameters: Option<Any>) -> Algorithm {
    Algorithm { oid: ObjectIdentifier::new_unwrap(oid), parameters }
}

fn certificate(of: &Folder, name: &str) -> Result<Certificate, Refusal> {
    Ok(Certificate::from_der(&of.bytes(&format!("{name}.der"))?)?)
}

fn named(certificate: &Certificate) -> IssuerAndSerialNumber {
    let tbs = &certificate.tbs_certificate;
    IssuerAndSerialNumber { issuer: tbs.issuer.clone(), serial_number: tbs.serial_number.clone() }
}

pub(crate) fn wrapped(kind: ObjectIdentifier, content: &impl Encode) -> Result<Vec<u8>, Refusal> {
    let content = Any::from(AnyRef::try_from(content.to_der()?.as_slice())?);
    Ok(ContentInfo { content_type: kind, content }.to_der()?)
}

/// Whether `signature` over `message` is by the key of a certificate.
pub(crate) fn verify(certificate: &Certificate, message: &[u8], signature: &[u8]) -> End {
    let point = certificate.tbs_certificate.subject_public_key_info.subject_public_key.raw_bytes();
    let key = VerifyingKey::from_sec1_bytes(DEFAULT_ID, point)?;
    Ok(key.verify(message, &Signature::try_from(DerSignature::from_bytes(signature)?)?)?)
}

pub(crate) fn sign(key: &sm2::SecretKey, message: &[u8]) -> Result<Vec<u8>, Refusal> {
    let key = SigningKey::new(DEFAULT_ID, key)?;
    let signature: Signature = key.try_sign_with_rng(&mut UnwrapErr(SysRng), message)?;
    Ok(DerSignature::from(signature).as_bytes().to_vec())
}

/// Verifies the one signature over `content`, and that the content inside is the same.
pub(crate) fn verify_signed(signed: &SignedData, content: &[u8], signer: &Certificate) -> End {
    if let Some(inside) = &signed.encap_content_info.econtent {
        demand(inside.decode_as::<OctetStringRef<'_>>()?.as_bytes() == content, "another content")?;
    }
    let [info] = signed.signer_infos.0.as_slice() else { return Err("not one signer".into()) };
    demand(info.sid == SignerIdentifier::IssuerAndSerialNumber(named(signer)), "another signer")?;
    demand(info.digest_alg.oid.to_string() == SM3, "another digest")?;
    let known = SM2_SIGNATURES.contains(&info.signature_algorithm.oid.to_string().as_str());
    demand(known, "another signature algorithm")?;
    let Some(attributes) = &info.signed_attrs else {
        return verify(signer, content, info.signature.as_bytes());
    };
    let value = |oid: &str| {
        let one = attributes.iter().find(|one| one.oid.to_string() == oid);
        one.and_then(|one| one.values.get(0)).ok_or_else(|| Refusal::from(format!("no {oid}")))
    };
    let digest = value(MESSAGE_DIGEST)?.decode_as::<OctetStringRef<'_>>()?;
    demand(digest.as_bytes() == Sm3::digest(content).as_slice(), "another digest of the content")?;
    let kind: ObjectIdentifier = value(CONTENT_TYPE)?.decode_as()?;
    demand(kind == signed.encap_content_info.econtent_type, "another content type")?;
    verify(signer, &attributes.to_der()?, info.signature.as_bytes())
}

pub(crate) fn take_signed(of: &Folder) -> End {
    let info = ContentInfo::from_der(&of.bytes("signed.der")?)?;
    demand(info.content_type == kind(&of_family(of), 2), "another content type")?;
    let signed: SignedData = info.content.decode_as()?;
    verify_signed(&signed, &of.bytes("content")?, &certificate(of, "signer")?)
}

/// The case without the `refuse-` in front of its name.
fn of_family(of: &Folder) -> Folder {
    Folder::named(of.name().trim_start_matches("refuse-"))
}

pub(crate) fn attribute(
    oid: &str,
    value: Any,
) -> Result<cms::cert::x509::attr::Attribute, Refusal> {
    let values = SetOfVec::try_from(vec![value])?;
    Ok(cms::cert::x509::attr::Attribute { oid: ObjectIdentifier::new_unwrap(oid), values })
}

/// SignedData over `content` of that type.
pub(crate) fn signed_data(
    content_type: ObjectIdentifier,
    content: &[u8],
    attached: bool,
    more: Option<Vec<cms::cert::x509::attr::Attribute>>,
    signature_algorithm: &str,
    signer: &Certificate,
    key: &sm2::SecretKey,
) -> Result<SignedData, Refusal> {
    let digest = Sm3::digest(content);
    let signed_attrs = match more {
        None => None,
        Some(mut all) => {
            all.push(attribute(CONTENT_TYPE, Any::from(content_type))?);
            all.push(attribute(MESSAGE_DIGEST, Any::new(Tag::OctetString, digest.as_slice())?)?);
            Some(SetOfVec::try_from(all)?)
        }
    };
    let signature = match &signed_attrs {
        Some(attributes) => sign(key, &attributes.to_der()?)?,
        None => sign(key, content)?,
    };
    let info = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(named(signer)),
        digest_alg: algorithm(SM3, None),
        signed_attrs,
        signature_algorithm: algorithm(signature_algorithm, None),
        signature: OctetString::new(signature)?,
        unsigned_attrs: None,
    };
    let certificates = vec![CertificateChoices::Certificate(signer.clone())];
    let econtent = attached.then(|| Any::new(Tag::OctetString, content)).transpose()?;
    // RFC 5652, 5.1: 3 for what is no plain data.
    let plain = content_type.arcs().last() == Some(1);
    Ok(SignedData {
        version: if plain { CmsVersion::V1 } else { CmsVersion::V3 },
        digest_algorithms: SetOfVec::try_from(vec![algorithm(SM3, None)])?,
        encap_content_info: EncapsulatedContentInfo { econtent_type: content_type, econtent },
        certificates: Some(CertificateSet(SetOfVec::try_from(certificates)?)),
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![info])?),
    })
}

pub(crate) fn make_signed(task: &Folder, made: &Folder) -> End {
    let name = task.name();
    let [sm2, sm2_with_sm3] = SM2_SIGNATURES;
    let signed = signed_data(
        kind(task, 1),
        &task.bytes("content")?,
        name.contains("attached"),
        name.ends_with("attributes").then(Vec::new),
        if name.starts_with("gm") { sm2 } else { sm2_with_sm3 },
        &certificate(task, "signer")?,
        &secret(task)?,
    )?;
    made.put("signed.der", wrapped(kind(task, 2), &signed)?)
}

fn decrypt(content: &EncryptedContentInfo, key: &[u8]) -> Result<Vec<u8>, Refusal> {
    let chosen = &content.content_enc_alg;
    demand(chosen.oid.to_string() == SM4_CBC, "another cipher")?;
    let iv = chosen.parameters.as_ref().ok_or("no IV")?.decode_as::<OctetStringRef<'_>>()?;
    let encrypted = content.encrypted_content.as_ref().ok_or("no content")?;
    let cipher = cbc::Decryptor::<sm4::Sm4>::new_from_slices(key, iv.as_bytes())?;
    Ok(cipher.decrypt_padded_vec::<Pkcs7>(encrypted.as_bytes()).map_err(|_| "a wrong padding")?)
}

fn cbc<C>(key: &[u8], iv: &[u8], content: &[u8]) -> Result<Vec<u8>, Refusal>
where
    C: cbc::cipher::BlockCipherEncrypt + cbc::cipher::KeyInit,
{
    let cipher = cbc::Encryptor::<C>::new_from_slices(key, iv)?;
    Ok(cipher.encrypt_padded_vec::<Pkcs7>(content))
}

fn encrypt(task: &Folder, key: &[u8]) -> Result<EncryptedContentInfo, Refusal> {
    let mut iv = [0; 16];
    getrandom::fill(&mut iv)?;
    let content = task.bytes("content")?;
    let (cipher, encrypted) = match task.name().split_once('-').unwrap_or_default().1 {
        "aes-128-cbc" => (AES128_CBC, cbc::<aes::Aes128>(key, &iv, &content)?),
        "aes-256-cbc" => (AES256_CBC, cbc::<aes::Aes256>(key, &iv, &content)?),
        "sm4-cbc" => (SM4_CBC, cbc::<sm4::Sm4>(key, &iv, &content)?),
        _ => return Err("crate `cms` has no AuthEnvelopedData".into()),
    };
    Ok(EncryptedContentInfo {
        content_type: kind(task, 1),
        content_enc_alg: algorithm(cipher, Some(Any::new(Tag::OctetString, iv)?)),
        encrypted_content: Some(OctetString::new(encrypted)?),
    })
}

pub(crate) fn take_enveloped(of: &Folder) -> End {
    let info = ContentInfo::from_der(&of.bytes("enveloped.der")?)?;
    demand(info.content_type == kind(&of_family(of), 3), "not EnvelopedData")?;
    let enveloped: EnvelopedData = info.content.decode_as()?;
    let recipient = certificate(of, "recipient")?;
    let key_id =
        recipient.tbs_certificate.get::<cms::cert::x509::ext::pkix::SubjectKeyIdentifier>()?;
    let own = enveloped.recip_infos.0.iter().find_map(|one| match one {
        RecipientInfo::Ktri(one) => match &one.rid {
            RecipientIdentifier::IssuerAndSerialNumber(name) => *name == named(&recipient),
            RecipientIdentifier::SubjectKeyIdentifier(id) => {
                key_id.as_ref().is_some_and(|(_, own)| own == id)
            }
        }
        .then_some(one),
        _ => None,
    });
    let own = own.ok_or("no recipient")?;
    demand(own.key_enc_alg.oid.to_string() == SM2_ENCRYPTION, "another key encryption")?;
    let key = DecryptingKey::new(secret(of)?).decrypt_der(own.enc_key.as_bytes())?;
    demand(decrypt(&enveloped.encrypted_content, &key)? == of.bytes("content")?, "another content")
}

pub(crate) fn make_enveloped(task: &Folder, made: &Folder) -> End {
    let mut key = vec![0; if task.name().contains("256") { 32 } else { 16 }];
    getrandom::fill(&mut key)?;
    let wrapped_key = EncryptingKey::new(public(task)?).encrypt_der(&mut SysRng, &key)?;
    let version = if task.name().starts_with("gm") { CmsVersion::V1 } else { CmsVersion::V0 };
    let recipient = KeyTransRecipientInfo {
        version,
        rid: RecipientIdentifier::IssuerAndSerialNumber(named(&certificate(task, "recipient")?)),
        key_enc_alg: algorithm(SM2_ENCRYPTION, None),
        enc_key: OctetString::new(wrapped_key)?,
    };
    let enveloped = EnvelopedData {
        version,
        originator_info: None,
        recip_infos: RecipientInfos(SetOfVec::try_from(vec![RecipientInfo::Ktri(recipient)])?),
        encrypted_content: encrypt(task, &key)?,
        unprotected_attrs: None,
    };
    made.put("enveloped.der", wrapped(kind(task, 3), &enveloped)?)
}

pub(crate) fn take_encrypted(of: &Folder) -> End {
    let info = ContentInfo::from_der(&of.bytes("encrypted.der")?)?;
    demand(info.content_type == kind(of, 6), "not EncryptedData")?;
    let encrypted: EncryptedData = info.content.decode_as()?;
    let found = decrypt(&encrypted.enc_content_info, &of.bytes("key")?)?;
    demand(found == of.bytes("content")?, "another content")
}

pub(crate) fn make_encrypted(task: &Folder, made: &Folder) -> End {
    let version = if task.name().starts_with("gm") { CmsVersion::V1 } else { CmsVersion::V0 };
    let enc_content_info = encrypt(task, &task.bytes("key")?)?;
    let encrypted = EncryptedData { version, enc_content_info, unprotected_attrs: None };
    made.put("encrypted.der", wrapped(kind(task, 6), &encrypted)?)
}
