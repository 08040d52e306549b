//! OCSP (RFC 6960). Requests: `request.der` for `leaf.pem`, which `ca.pem` issued; `serial` is its
//! number, hexadecimal; there is a nonce unless the case is named otherwise.
//!
//! Responses: `response.der` to that `request.der`, which says `status` (good, revoked or unknown) of
//! `leaf.pem`, signed by the key of `ca.pem`, or of `responder.pem` where there is one. In a task the
//! key files are those of `ca.pem`, and `serial` and `status` tell what is to be answered.

use std::path::Path;

use yinxin::pki::{
    crl::Reason,
    ocsp::{CertId, CertificateStatus, Hash, Question, Request, Responder, Response},
    x509::{
        Certificate,
        issue::{CertificateRequest, Profile, Subject, issue},
    },
};

use super::certificate::{Chain, certificate, chain, put_certificate};
use crate::{
    case::{Case, Fault},
    samples, today,
};

const HASHES: [(&str, Hash); 3] =
    [("sha1", Hash::Sha1), ("sha256", Hash::Sha256), ("sm3", Hash::Sm3)];

pub(crate) fn make_requests(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    let chain = chain("Limited", Profile::Signer)?;
    for (name, hash) in HASHES {
        put(tasks, "ocsp-request", name, &chain)?;
        let request = Request::new(&chain.leaf, &chain.ca, hash)?;
        put(ours, "ocsp-request", name, &chain)?.put("request.der", request.der())?;
    }
    let id = CertId::new(&chain.leaf, &chain.ca, Hash::Sha1)?;
    let request = Request::of(&[id], None)?;
    put(ours, "ocsp-request", "without-nonce", &chain)?.put("request.der", request.der())
}

/// The certificates of a case.
fn put(root: &Path, cell: &str, name: &str, chain: &Chain) -> Result<Case, Fault> {
    let case = Case::make(root, cell, name)?;
    put_certificate(&case, "root", &chain.root)?;
    put_certificate(&case, "ca", &chain.ca)?;
    put_certificate(&case, "leaf", &chain.leaf)?;
    // The zero that keeps it positive is no part of the number.
    let serial = chain.leaf.serial().iter().skip_while(|&&byte| byte == 0);
    case.put("serial", serial.map(|byte| format!("{byte:02x}")).collect::<String>())?;
    Ok(case)
}

pub(crate) fn check_request(name: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    let request = Request::parse(&made.bytes("request.der")?)?;
    let (leaf, ca) = (needed(task, "leaf")?, needed(task, "ca")?);
    let [id] = request.ids() else { return Err("not one certificate".into()) };
    if !id.names(&leaf, &ca) || id.names(&ca, &ca) {
        return Err("another certificate".into());
    }
    let wanted = HASHES.iter().find(|(known, _)| *known == name).map(|(_, hash)| *hash);
    if id.hash() != wanted {
        return Err("another hash function".into());
    }
    match request.nonce() {
        Some(_) => Ok(()),
        None => Err("no nonce".into()),
    }
}

fn needed(case: &Case, name: &str) -> Result<Certificate, Fault> {
    certificate(case, name)?.ok_or_else(|| format!("no {name}").into())
}

pub(crate) fn make_responses(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    let chain = chain("Limited", Profile::Signer)?;
    let ca_key = samples::key(11)?;
    let request = Request::new(&chain.leaf, &chain.ca, Hash::Sha1)?;
    let now = today()?.plus_s(-60);
    let next = now.plus_s(86_400);
    let revoked =
        CertificateStatus::Revoked { at: now.plus_s(-86_400), reason: Some(Reason::KeyCompromise) };
    let place = |root: &Path, name: &str, request: &Request, status: CertificateStatus| {
        let case = put(root, "ocsp-response", name, &chain)?;
        case.put("request.der", request.der())?;
        case.put("status", status.name())?;
        Ok::<_, Fault>(case)
    };
    let by_issuer = Responder::new(&chain.ca, &chain.ca, &ca_key)?;
    for (name, status) in [
        ("good", CertificateStatus::Good),
        ("revoked", revoked),
        ("unknown", CertificateStatus::Unknown),
    ] {
        if status != CertificateStatus::Unknown {
            place(tasks, name, &request, status)?.put_private(&ca_key)?;
        }
        let response = by_issuer.respond(&request, now, next, |_| status)?;
        place(ours, name, &request, status)?.put("response.der", response.der())?;
    }
    for (name, hash) in HASHES {
        let request = Request::new(&chain.leaf, &chain.ca, hash)?;
        let response = by_issuer.respond(&request, now, next, |_| CertificateStatus::Good)?;
        let case = place(ours, &format!("named-by-{name}"), &request, CertificateStatus::Good)?;
        case.put("response.der", response.der())?;
    }
    let delegated = responder(&chain)?;
    let responder_key = samples::key(14)?;
    let by_delegate = Responder::new(&chain.ca, &delegated, &responder_key)?;
    let response = by_delegate.respond(&request, now, next, |_| CertificateStatus::Good)?;
    let case = place(ours, "delegated", &request, CertificateStatus::Good)?;
    put_certificate(&case, "responder", &delegated)?;
    case.put("response.der", response.der())?;

    let good = by_issuer.respond(&request, now, next, |_| CertificateStatus::Good)?;
    let mut changed = good.der().to_vec();
    // The last byte is the last of the signature.
    *changed.last_mut().ok_or("nothing")? ^= 1;
    let case = place(ours, "refuse-changed-signature", &request, CertificateStatus::Good)?;
    case.put("response.der", changed)?;
    let other = Request::new(&chain.leaf, &chain.ca, Hash::Sha1)?;
    let case = place(ours, "refuse-another-nonce", &other, CertificateStatus::Good)?;
    case.put("response.der", good.der())
}

/// A responder's certificate for the key 14 of `samples`.
fn responder(chain: &Chain) -> Result<Certificate, Fault> {
    let request = CertificateRequest {
        subject: Subject { common_name: "OCSP".into(), country: "CN".into(), ..Subject::default() },
        profile: Profile::OcspResponder,
        public_key: samples::key(14)?.public().clone(),
        not_before: today()?.plus_s(-86_400),
        not_after: today()?.plus_s(86_400),
        serial: None,
    };
    Ok(issue(&request, Some(&chain.ca), &samples::key(11)?)?)
}

pub(crate) fn check_response(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    let response = Response::parse(&made.bytes("response.der")?)?;
    let (leaf, ca) = (needed(task, "leaf")?, needed(task, "ca")?);
    let request = Request::parse(&task.bytes("request.der")?)?;
    let nonce = request.nonce().ok_or("no nonce")?;
    let question = Question { nonce: Some(&nonce), ..Question::new(&leaf, &ca, today()?) };
    let verified = response.verify(&question);
    let answer =
        verified.map_err(|rejected| super::failures(&rejected.report.checks).join("; "))?;
    if answer.value().status.name().as_bytes() != task.bytes("status")? {
        return Err("another status".into());
    }
    let stranger = Question { certificate: &ca, ..question };
    match response.verify(&stranger) {
        Ok(_) => Err("answers for another certificate".into()),
        Err(_) => Ok(()),
    }
}
