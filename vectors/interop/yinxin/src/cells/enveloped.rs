//! EnvelopedData: `enveloped.der` with `content`, `recipient.pem` and its key files. The name of a case
//! tells whose object identifiers and which cipher.
//!
//! SignedAndEnvelopedData: the same with `signer.pem`, whose key, in a task, is in `signer.raw`.
//! EncryptedData: `encrypted.der` with `content` and `key`, 16 bytes.

use std::{path::Path, slice};

use yinxin::{
    pki::{
        cms::{
            ContentCipher, EnvelopOptions, Family, OpenWith, RecipientIs, RecipientsBy,
            SignOptions, SignWith, VerifyOptions, decrypt, encrypt, envelop, open, open_signed,
            sign_and_envelop,
        },
        x509::{Certificate, issue::Profile},
    },
    primitives::sm2::PrivateKey,
};

use super::certificate::{certificate, chain, put_certificate};
use crate::{
    case::{Case, Fault},
    samples,
};

const CONTENT: &[u8] = "这是被加密的内容\r\n".as_bytes();

const FORMS: [(&str, Family, ContentCipher); 3] = [
    ("gm-sm4-cbc", Family::Gm, ContentCipher::Sm4Cbc),
    ("pkcs7-sm4-cbc", Family::Pkcs7, ContentCipher::Sm4Cbc),
    ("pkcs7-sm4-gcm", Family::Pkcs7, ContentCipher::Sm4Gcm),
];

/// What the core does not write.
const MORE_TASKS: [&str; 4] =
    ["gm-sm4-gcm", "pkcs7-aes-128-cbc", "pkcs7-aes-256-cbc", "pkcs7-aes-256-gcm"];

pub(crate) fn make(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    let chain = chain("Encryption", Profile::Encryption)?;
    let put = |root: &Path, name: &str| -> Result<Case, Fault> {
        let case = Case::make(root, "cms-enveloped", name)?;
        put_certificate(&case, "recipient", &chain.leaf)?;
        case.put_private(&samples::key(12)?)?;
        case.put("content", CONTENT)?;
        Ok(case)
    };
    for name in MORE_TASKS {
        put(tasks, name)?;
    }
    let alone = [chain.leaf.clone()];
    // The reader is the second.
    let with_another = [chain.ca.clone(), chain.leaf.clone()];
    for (name, family, cipher) in FORMS {
        put(tasks, name)?;
        let issuer = EnvelopOptions { family, cipher, ..EnvelopOptions::default() };
        let key = EnvelopOptions { recipients_by: RecipientsBy::SubjectKeyId, ..issuer };
        for (suffix, recipients, options) in [
            ("", &alone[..], &issuer),
            ("-two-recipients", &with_another[..], &issuer),
            ("-by-key-id", &alone[..], &key),
        ] {
            let enveloped = envelop(CONTENT, recipients, options)?;
            put(ours, &format!("{name}{suffix}"))?.put("enveloped.der", enveloped)?;
        }
        let other = envelop(CONTENT, slice::from_ref(&chain.ca), &issuer)?;
        put(ours, &format!("refuse-{name}-for-another"))?.put("enveloped.der", other)?;
    }
    let gcm = EnvelopOptions {
        family: Family::Pkcs7,
        cipher: ContentCipher::Sm4Gcm,
        ..EnvelopOptions::default()
    };
    let mut changed = envelop(CONTENT, &alone, &gcm)?;
    // What ends the structure is the tag.
    *changed.last_mut().ok_or("nothing")? ^= 1;
    put(ours, "refuse-pkcs7-sm4-gcm-changed-tag")?.put("enveloped.der", changed)
}

pub(crate) fn check(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    let recipient = certificate(task, "recipient")?.ok_or("no recipient")?;
    let key = task.private_key()?;
    let enveloped = made.bytes("enveloped.der")?;
    let opened = open(&enveloped, &as_recipient(&key, &recipient))?;
    if *opened.content != task.bytes("content")? {
        return Err("another content".into());
    }
    match open(&enveloped, &as_recipient(&samples::key(13)?, &recipient)) {
        Ok(_) => Err("opens with another key".into()),
        Err(_) => Ok(()),
    }
}

fn as_recipient<'a>(key: &'a PrivateKey, certificate: &'a Certificate) -> OpenWith<'a> {
    OpenWith { key, recipient: RecipientIs::Certificate(certificate) }
}

pub(crate) fn make_signed(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    let recipient = chain("Encryption", Profile::Encryption)?;
    let signer = chain("Limited", Profile::Signer)?;
    let key = samples::key(12)?;
    let put = |root: &Path, name: &str| -> Result<Case, Fault> {
        let case = Case::make(root, "cms-signed-and-enveloped", name)?;
        put_certificate(&case, "recipient", &recipient.leaf)?;
        put_certificate(&case, "signer", &signer.leaf)?;
        case.put_private(&key)?;
        case.put("content", CONTENT)?;
        Ok(case)
    };
    for (name, family) in [("gm-sm4-cbc", Family::Gm), ("pkcs7-sm4-cbc", Family::Pkcs7)] {
        put(tasks, name)?.put("signer.raw", key.expose_bytes())?;
        let options = EnvelopOptions { family, ..EnvelopOptions::default() };
        let made = |recipient: &Certificate| {
            let signers = [SignWith { certificate: &signer.leaf, key: &key }];
            let recipients = slice::from_ref(recipient);
            sign_and_envelop(CONTENT, &signers, recipients, &SignOptions::default(), &options)
        };
        put(ours, name)?.put("enveloped.der", made(&recipient.leaf)?)?;
        let other = format!("refuse-{name}-for-another");
        put(ours, &other)?.put("enveloped.der", made(&recipient.ca)?)?;
        // The last byte is the last of the signature.
        let mut changed = made(&recipient.leaf)?;
        *changed.last_mut().ok_or("nothing")? ^= 1;
        put(ours, &format!("refuse-{name}-changed-signature"))?.put("enveloped.der", changed)?;
    }
    Ok(())
}

pub(crate) fn check_signed(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    let recipient = certificate(task, "recipient")?.ok_or("no recipient")?;
    let signer = certificate(task, "signer")?.ok_or("no signer")?;
    let key = task.private_key()?;
    let enveloped = made.bytes("enveloped.der")?;
    let opened = open_signed(
        &enveloped,
        &as_recipient(&key, &recipient),
        &VerifyOptions::ofd(slice::from_ref(&signer)),
    )?;
    match opened {
        Ok(verified) if *verified.value().content == task.bytes("content")? => Ok(()),
        Ok(_) => Err("another content".into()),
        Err(rejected) => Err(super::failures(&rejected.report.checks).join("; ").into()),
    }
}

pub(crate) fn make_encrypted(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    let key: [u8; 16] = std::array::from_fn(|i| i.to_le_bytes()[0] ^ 0xa5);
    let put = |root: &Path, name: &str| -> Result<Case, Fault> {
        let case = Case::make(root, "cms-encrypted", name)?;
        case.put("key", key)?;
        case.put("content", CONTENT)?;
        Ok(case)
    };
    for (name, family) in [("gm-sm4-cbc", Family::Gm), ("pkcs7-sm4-cbc", Family::Pkcs7)] {
        put(tasks, name)?;
        put(ours, name)?.put("encrypted.der", encrypt(CONTENT, &key, family)?)?;
    }
    Ok(())
}

pub(crate) fn check_encrypted(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    let key = task.bytes("key")?;
    let key = <&[u8; 16]>::try_from(key.as_slice())?;
    let opened = decrypt(&made.bytes("encrypted.der")?, key)?;
    if *opened.content == task.bytes("content")? { Ok(()) } else { Err("another content".into()) }
}
