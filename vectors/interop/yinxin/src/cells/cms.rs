//! SignedData: `signed.der` with `content`, `root.pem`, `ca.pem` and `signer.pem`.

use std::path::Path;

use yinxin::{
    pki::{
        cms::{SignedData, Verification, Written, sign_detached},
        x509::issue::Profile,
    },
    report::{Check, Outcome},
};

use super::certificate::{chain, put_certificate};
use crate::{
    case::{Case, Fault},
    samples, today,
};

const CELL: &str = "cms-signed";
const CONTENT: &[u8] = "这是被签名的内容\r\n".as_bytes();

/// Whose object identifiers a peer is to use, whether the content is inside, whether attributes are
/// signed.
const TASKS: &[&str] = &[
    "gm-detached-attributes",
    "gm-attached-attributes",
    "gm-attached-plain",
    "gm-detached-plain",
    "pkcs7-detached-attributes",
    "pkcs7-attached-attributes",
    "pkcs7-attached-plain",
    "pkcs7-detached-plain",
];

pub(crate) fn make(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    let chain = chain("Limited", Profile::Signer)?;
    let put = |root: &Path, name: &str, content: &[u8]| -> Result<Case, Fault> {
        let case = Case::make(root, CELL, name)?;
        put_certificate(&case, "root", &chain.root)?;
        put_certificate(&case, "ca", &chain.ca)?;
        put_certificate(&case, "signer", &chain.leaf)?;
        case.put("content", content)?;
        Ok(case)
    };
    for name in TASKS {
        put(tasks, name, CONTENT)?.put_private(&samples::key(12)?)?;
    }
    let written = Written::SignedAttributes { at: Some(today()?) };
    let signed = sign_detached(CONTENT, &chain.leaf, &samples::key(12)?, written)?;
    put(ours, "gm-detached-attributes", CONTENT)?.put("signed.der", &signed)?;
    put(ours, "refuse-gm-other-content", b"other")?.put("signed.der", &signed)
}

pub(crate) fn check(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    let content = task.bytes("content")?;
    let signed = SignedData::parse(&made.bytes("signed.der")?)?;
    let found = signed.verify_detached(&content);
    let faults = faults(&found);
    if !faults.is_empty() {
        return Err(faults.join("; ").into());
    }
    let signer = found.signer.ok_or("no signer")?;
    if signer.der() != task.bytes("signer.der")? {
        return Err("another signer".into());
    }
    if self::faults(&signed.verify_detached(b"other content")).is_empty() {
        return Err("verifies over another content".into());
    }
    Ok(())
}

/// What did not hold, or could not be decided.
fn faults(found: &Verification) -> Vec<String> {
    let bad = |check: &&Check| matches!(check.outcome, Outcome::Failed | Outcome::Indeterminate);
    let text = |check: &Check| format!("{}: {}", check.id, check.text.en);
    found.checks.iter().filter(bad).map(text).collect()
}
