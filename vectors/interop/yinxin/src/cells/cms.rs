//! SignedData: `signed.der` with `content`, `root.pem`, `ca.pem` and `signer.pem`.

use std::path::Path;

use yinxin::pki::{
    cms::{self, Attributes, Family, Placement, SignOptions, SignWith, SignedData},
    x509::issue::Profile,
};

use super::certificate::{chain, put_certificate};
use crate::{
    case::{Case, Fault},
    samples, today,
};

const CELL: &str = "cms-signed";
const CONTENT: &[u8] = "这是被签名的内容\r\n".as_bytes();

/// Whose object identifiers are used, whether the content is inside, whether attributes are signed.
const FORMS: [(&str, Family, Placement, bool); 8] = [
    ("gm-detached-attributes", Family::Gm, Placement::Detached, true),
    ("gm-attached-attributes", Family::Gm, Placement::Attached, true),
    ("gm-detached-plain", Family::Gm, Placement::Detached, false),
    ("gm-attached-plain", Family::Gm, Placement::Attached, false),
    ("pkcs7-detached-attributes", Family::Pkcs7, Placement::Detached, true),
    ("pkcs7-attached-attributes", Family::Pkcs7, Placement::Attached, true),
    ("pkcs7-detached-plain", Family::Pkcs7, Placement::Detached, false),
    ("pkcs7-attached-plain", Family::Pkcs7, Placement::Attached, false),
];

pub(crate) fn make(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    let chain = chain("Limited", Profile::Signer)?;
    let key = samples::key(12)?;
    let put = |root: &Path, name: &str, content: &[u8]| -> Result<Case, Fault> {
        let case = Case::make(root, CELL, name)?;
        put_certificate(&case, "root", &chain.root)?;
        put_certificate(&case, "ca", &chain.ca)?;
        put_certificate(&case, "signer", &chain.leaf)?;
        case.put("content", content)?;
        Ok(case)
    };
    for (name, family, placement, attributes) in FORMS {
        put(tasks, name, CONTENT)?.put_private(&key)?;
        let attributes = if attributes {
            Attributes::Signed { at: Some(today()?), more: Vec::new() }
        } else {
            Attributes::None
        };
        let options = SignOptions { family, placement, attributes, ..SignOptions::default() };
        let signer = SignWith { certificate: &chain.leaf, key: &key };
        let signed = cms::sign(CONTENT, &[signer], &options)?;
        put(ours, name, CONTENT)?.put("signed.der", &signed)?;
        if placement == Placement::Detached {
            let case = put(ours, &format!("refuse-{name}-other-content"), b"other")?;
            case.put("signed.der", &signed)?;
        } else {
            let mut changed = signed;
            let place = changed.windows(CONTENT.len()).position(|bytes| bytes == CONTENT);
            *place.and_then(|place| changed.get_mut(place)).ok_or("no content")? ^= 1;
            let case = put(ours, &format!("refuse-{name}-changed-content"), CONTENT)?;
            case.put("signed.der", &changed)?;
        }
    }
    Ok(())
}

pub(crate) fn check(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    let content = task.bytes("content")?;
    let signed = SignedData::parse(&made.bytes("signed.der")?)?;
    let found = signed.verify_detached(&content);
    let failures = super::failures(&found.checks);
    if !failures.is_empty() {
        return Err(failures.join("; ").into());
    }
    let signer = found.signer.ok_or("no signer")?;
    if signer.der() != task.bytes("signer.der")? {
        return Err("another signer".into());
    }
    if super::failures(&signed.verify_detached(b"other content").checks).is_empty() {
        return Err("verifies over another content".into());
    }
    Ok(())
}
