//! PKCS#12: `store.p12` with `password`, key files and `certificate.pem`. The name of a case tells the
//! cipher, the hash function, and whether the MAC is PBMAC1 (RFC 9579).

use std::path::Path;

use yinxin::pki::{
    pkcs12::{Legacy, Mac, Protection, Writer, open},
    x509::issue::Profile,
};

use super::certificate::{certificate, chain, put_certificate};
use crate::{
    case::{Case, Fault},
    samples,
};

const CELL: &str = "pkcs12";

const PROTECTIONS: [(&str, Protection); 6] = [
    ("sm4-sm3", Protection::SM4_SM3),
    ("sm4-sm3-pbmac1", Protection { mac: Mac::Pbmac1Sm3, ..Protection::SM4_SM3 }),
    ("sm4-sha256", Protection::SM4_SHA256),
    ("aes256-sha256", Protection::AES256_SHA256),
    ("aes256-sm3", Protection { mac: Mac::HmacSm3, ..Protection::AES256_SHA256 }),
    ("aes256-sha256-pbmac1", Protection { mac: Mac::Pbmac1Sha256, ..Protection::AES256_SHA256 }),
];

pub(crate) fn make(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    let chain = chain("Limited", Profile::Signer)?;
    let key = samples::key(12)?;
    let put = |root: &Path, name: &str, password: &str| -> Result<Case, Fault> {
        let case = Case::make(root, CELL, name)?;
        put_certificate(&case, "certificate", &chain.leaf)?;
        case.put_private(&key)?;
        case.put("password", password)?;
        Ok(case)
    };
    for (password_name, password) in samples::PASSWORDS {
        // What a peer makes unless it is told otherwise.
        put(tasks, &format!("default-{password_name}"), password)?;
        for (name, protection) in PROTECTIONS {
            let name = format!("{name}-{password_name}");
            put(tasks, &name, password)?;
            let mut writer = Writer::new();
            writer.key(&key, Some(&chain.leaf), Some("key"))?;
            let store = writer.write(password.as_bytes(), &protection)?;
            put(ours, &name, password)?.put("store.p12", store)?;
        }
    }
    for (name, protection) in PROTECTIONS {
        let mut writer = Writer::new();
        writer.key(&key, Some(&chain.leaf), Some("key"))?;
        let store = writer.write(b"correct", &protection)?;
        put(ours, &format!("refuse-{name}-wrong-password"), "incorrect")?
            .put("store.p12", store)?;
    }
    Ok(())
}

pub(crate) fn check(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    let store = made.bytes("store.p12")?;
    // What a peer cannot choose may be the Triple DES of its default.
    let contents = open(&store, &task.bytes("password")?, Legacy::Allowed)?;
    let [entry] = &contents.keys[..] else { return Err("not one key".into()) };
    if entry.key.expose_bytes() != task.private_key()?.expose_bytes() {
        return Err("another key".into());
    }
    if entry.certificate != certificate(task, "certificate")? {
        return Err("another certificate".into());
    }
    match open(&store, b"wrong", Legacy::Allowed) {
        Ok(_) => Err("opens with a wrong password".into()),
        Err(_) => Ok(()),
    }
}
