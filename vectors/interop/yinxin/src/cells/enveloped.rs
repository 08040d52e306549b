//! EnvelopedData: `enveloped.der` with `content`, `recipient.pem` and its key files. The name of a case
//! tells whose object identifiers and which cipher.

use std::{path::Path, slice};

use yinxin::pki::{
    cms::{ContentCipher, EnvelopOptions, Family, OpenWith, RecipientIs, envelop, open},
    x509::issue::Profile,
};

use super::certificate::{chain, put_certificate};
use crate::{
    case::{Case, Fault},
    samples,
};

const CELL: &str = "cms-enveloped";
const CONTENT: &[u8] = "这是被加密的内容\r\n".as_bytes();

const FORMS: [(&str, Family, ContentCipher); 3] = [
    ("gm-sm4-cbc", Family::Gm, ContentCipher::Sm4Cbc),
    ("pkcs7-sm4-cbc", Family::Pkcs7, ContentCipher::Sm4Cbc),
    ("pkcs7-sm4-gcm", Family::Pkcs7, ContentCipher::Sm4Gcm),
];

pub(crate) fn make(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    let chain = chain("Encryption", Profile::Encryption)?;
    let put = |root: &Path, name: &str| -> Result<Case, Fault> {
        let case = Case::make(root, CELL, name)?;
        put_certificate(&case, "recipient", &chain.leaf)?;
        case.put_private(&samples::key(12)?)?;
        case.put("content", CONTENT)?;
        Ok(case)
    };
    for (name, family, cipher) in FORMS {
        put(tasks, name)?;
        let options = EnvelopOptions { family, cipher, ..EnvelopOptions::default() };
        let enveloped = envelop(CONTENT, slice::from_ref(&chain.leaf), &options)?;
        put(ours, name)?.put("enveloped.der", enveloped)?;
    }
    // Two recipients, of whom the reader is the second.
    let (other, own) = (chain.ca.clone(), chain.leaf.clone());
    for (name, family, cipher) in FORMS {
        let options = EnvelopOptions { family, cipher, ..EnvelopOptions::default() };
        let enveloped = envelop(CONTENT, &[other.clone(), own.clone()], &options)?;
        put(ours, &format!("{name}-two-recipients"))?.put("enveloped.der", enveloped)?;
    }
    Ok(())
}

pub(crate) fn check(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    let certificate = super::certificate::certificate(task, "recipient")?.ok_or("no recipient")?;
    let key = task.private_key()?;
    let with = OpenWith { key: &key, recipient: RecipientIs::Certificate(&certificate) };
    let opened = open(&made.bytes("enveloped.der")?, &with)?;
    if *opened.content == task.bytes("content")? { Ok(()) } else { Err("another content".into()) }
}
