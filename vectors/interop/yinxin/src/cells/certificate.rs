//! Certificates: `root.pem`, `ca.pem` and `leaf.pem`, each also as `.der`. A peer may leave out the
//! authority in the middle.

use std::path::Path;

use yinxin::pki::x509::{
    Certificate, Evidence, PathPolicy, Revocation, Role, Times, TrustStore,
    issue::{CertificateRequest, Profile, Subject, issue},
    verify_path,
};

use crate::{
    case::{Case, Fault},
    samples, today,
};

const CELL: &str = "certificate";

/// A root, an authority below it, and a signer below that, with the keys 10, 11 and 12 of `samples`.
pub(crate) struct Chain {
    pub(crate) root: Certificate,
    pub(crate) ca: Certificate,
    pub(crate) leaf: Certificate,
}

/// Issues a chain whose names end in `name`.
pub(crate) fn chain(name: &str, profile: Profile) -> Result<Chain, Fault> {
    let [root_key, ca_key, leaf_key] = [samples::key(10)?, samples::key(11)?, samples::key(12)?];
    let request = |title: &str, profile, number: u8| -> Result<CertificateRequest, Fault> {
        Ok(CertificateRequest {
            subject: Subject {
                country: "CN".into(),
                organisation: format!("Interoperability {name}"),
                common_name: format!("{title} {name}"),
                ..Subject::default()
            },
            profile,
            public_key: samples::key(number.into())?.public().clone(),
            not_before: today()?.plus_s(-86_400),
            not_after: today()?.plus_s(30 * 86_400),
            // A leading 1 bit: as INTEGER it needs a zero in front.
            serial: Some(vec![0x80 | number, 1, 2, 3, 4, 5, 6, 7]),
        })
    };
    let root = issue(&request("Root", Profile::Root, 10)?, None, &root_key)?;
    let middle = request("Authority", Profile::IssuingCa { path_length: 0 }, 11)?;
    let ca = issue(&middle, Some(&root), &root_key)?;
    let leaf = issue(&request("Leaf", profile, 12)?, Some(&ca), &ca_key)?;
    if leaf.public_key()? != leaf_key.public() {
        return Err("the leaf has another key".into());
    }
    Ok(Chain { root, ca, leaf })
}

pub(crate) fn make(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    for (name, key) in [("chain", samples::key(20)?), ("authority-in-between", samples::key(21)?)] {
        Case::make(tasks, CELL, name)?.put_private(&key)?;
    }
    let plain = chain("Limited", Profile::Signer)?;
    put(ours, "chain", &plain, plain.leaf.der())?;
    // The authority itself as what is verified: some peers go no further than one step.
    let case = Case::make(ours, CELL, "two-levels")?;
    put_certificate(&case, "root", &plain.root)?;
    put_certificate(&case, "leaf", &plain.ca)?;
    let chinese = chain("电子证照", Profile::Signer)?;
    put(ours, "chinese-names", &chinese, chinese.leaf.der())?;
    let encryption = chain("Encryption", Profile::Encryption)?;
    put(ours, "encryption-certificate", &encryption, encryption.leaf.der())?;

    let mut changed = plain.leaf.der().to_vec();
    let serial_ends = changed.windows(3).position(|bytes| bytes == [5, 6, 7]);
    let place = serial_ends.and_then(|start| changed.get_mut(start + 2));
    *place.ok_or("no serial number")? ^= 1;
    put(ours, "refuse-changed-serial", &plain, &changed)?;
    let strange = Chain { ca: chinese.ca, ..plain };
    put(ours, "refuse-another-authority", &strange, strange.leaf.der())
}

fn put(ours: &Path, name: &str, chain: &Chain, leaf: &[u8]) -> Result<(), Fault> {
    let case = Case::make(ours, CELL, name)?;
    put_certificate(&case, "root", &chain.root)?;
    put_certificate(&case, "ca", &chain.ca)?;
    put_certificate(&case, "leaf", &Certificate::parse(leaf)?)
}

/// Writes the certificate as PEM and as DER.
pub(crate) fn put_certificate(case: &Case, name: &str, one: &Certificate) -> Result<(), Fault> {
    case.put(&format!("{name}.pem"), one.to_pem())?;
    case.put(&format!("{name}.der"), one.der())
}

pub(crate) fn check(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    let leaf = certificate(made, "leaf")?.ok_or("no leaf")?;
    let root = certificate(made, "root")?.ok_or("no root")?;
    let middle = certificate(made, "ca")?;
    if *leaf.public_key()? != task.public_key()? {
        return Err("the leaf has another key".into());
    }
    judge(&leaf, middle.as_ref(), &root)?;
    let stranger = chain("Limited", Profile::Signer)?;
    if judge(&leaf, middle.as_ref(), &stranger.root).is_ok() {
        return Err("verifies below another root".into());
    }
    Ok(())
}

/// The certificate in `NAME.pem` or `NAME.der`, if there is one.
pub(crate) fn certificate(case: &Case, name: &str) -> Result<Option<Certificate>, Fault> {
    for extension in ["pem", "der"] {
        if let Some(bytes) = case.bytes_if_any(&format!("{name}.{extension}"))? {
            return Ok(Some(Certificate::parse_pem_or_der(&bytes)?));
        }
    }
    Ok(None)
}

/// Judges the path without revocation.
pub(crate) fn judge(
    leaf: &Certificate,
    middle: Option<&Certificate>,
    root: &Certificate,
) -> Result<(), Fault> {
    let policy = PathPolicy { role: Role::Any, revocation: Revocation::NotChecked, crl_grace_s: 0 };
    let evidence = Evidence::new(middle.into_iter().cloned().collect(), Vec::new());
    let trust = TrustStore::new(vec![root.clone()]);
    let report = verify_path(leaf, &evidence, &trust, &policy, Times::both(today()?));
    if report.passed() {
        return Ok(());
    }
    let checks: Vec<_> = report.checks().cloned().collect();
    Err(format!("{:?}: {}", report.indication, super::failures(&checks).join("; ")).into())
}
