//! Time stamps (RFC 3161; GM/T 0033). Requests: `request.der` for the digest by SM3 of `data`.
//!
//! Responses: `response.der` to `request.der`, whose token is signed by the key of `authority.pem`, an
//! authority below `root.pem` and `ca.pem`. In a task the key files are those of the authority.

use std::path::Path;

use yinxin::{
    Error, UnixTime,
    pki::{
        cms::Family,
        timestamp::{
            Authority, Imprint, Register, Stamped, TimeStampPolicy, TimeStampRequest,
            TimeStampResponse, random_serial, verify_token,
        },
        x509::{Evidence, PathPolicy, Revocation, Role, TrustStore, issue::Profile},
    },
};

use super::certificate::{Chain, certificate, chain, put_certificate};
use crate::{
    case::{Case, Fault},
    samples, today,
};

const DATA: &[u8] = "盖时间戳的数据\n".as_bytes();
/// Of nobody.
const POLICY: &str = "1.2.3.4.1";

pub(crate) fn make_requests(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    let plain = TimeStampRequest::new(Imprint::of(DATA))?;
    let bare = TimeStampRequest { nonce: None, certificate_wanted: false, ..plain.clone() };
    for (name, request) in [
        ("plain", &plain),
        ("policy", &plain.clone().under_policy(POLICY)),
        ("without-nonce-and-certificate", &bare),
    ] {
        let case = Case::make(ours, "time-stamp-request", name)?;
        case.put("data", DATA)?;
        case.put("request.der", request.to_der()?)?;
    }
    Case::make(tasks, "time-stamp-request", "plain")?.put("data", DATA)
}

pub(crate) fn check_request(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    let request = TimeStampRequest::parse(&made.bytes("request.der")?)?;
    if !request.imprint.is_same_as(&Imprint::of(&task.bytes("data")?)) {
        return Err("another imprint".into());
    }
    if request.nonce.is_none() || !request.certificate_wanted {
        return Err("no nonce, or no certificate wanted".into());
    }
    Ok(())
}

struct Clock;

impl Register for Clock {
    fn now(&self) -> Option<UnixTime> {
        today().ok()
    }

    fn next_serial(&self) -> Result<Vec<u8>, Error> {
        random_serial()
    }
}

pub(crate) fn make_responses(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    let chain = chain("Time", Profile::TimeStamper)?;
    let key = samples::key(12)?;
    let request = TimeStampRequest::new(Imprint::of(DATA))?;
    put(tasks, "plain", &chain, DATA, &request)?.put_private(&key)?;
    for (name, family) in [("gm", Family::Gm), ("pkcs7", Family::Pkcs7)] {
        let authority = Authority {
            signer: &key,
            certificate: chain.leaf.clone(),
            chain: vec![chain.ca.clone()],
            policy: POLICY.into(),
            accuracy: None,
            family,
            register: &Clock,
        };
        let response = authority.answer_request(&request).response.to_der()?;
        put(ours, name, &chain, DATA, &request)?.put("response.der", &response)?;
        // The last byte is the last of the signature.
        let mut changed = response.clone();
        *changed.last_mut().ok_or("nothing")? ^= 1;
        let case = put(ours, &format!("refuse-{name}-changed-signature"), &chain, DATA, &request)?;
        case.put("response.der", changed)?;
        let other = TimeStampRequest::new(Imprint::of(b"other"))?;
        let case = put(ours, &format!("refuse-{name}-other-data"), &chain, b"other", &other)?;
        case.put("response.der", response)?;
    }
    Ok(())
}

fn put(
    root: &Path,
    name: &str,
    chain: &Chain,
    data: &[u8],
    request: &TimeStampRequest,
) -> Result<Case, Fault> {
    let case = Case::make(root, "time-stamp-response", name)?;
    put_certificate(&case, "root", &chain.root)?;
    put_certificate(&case, "ca", &chain.ca)?;
    put_certificate(&case, "authority", &chain.leaf)?;
    case.put("data", data)?;
    case.put("request.der", request.to_der()?)?;
    Ok(case)
}

pub(crate) fn check_response(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    let request = TimeStampRequest::parse(&task.bytes("request.der")?)?;
    let response = TimeStampResponse::parse(&made.bytes("response.der")?)?;
    let token = response.token_for(&request)?;
    let needed = |name| certificate(task, name)?.ok_or_else(|| Fault::from(format!("no {name}")));
    let evidence = Evidence::new(vec![needed("ca")?], Vec::new());
    let trust = TrustStore::new(vec![needed("root")?]);
    let path =
        PathPolicy { role: Role::TimeStamper, revocation: Revocation::NotChecked, crl_grace_s: 0 };
    let policy = TimeStampPolicy::sm3(path);
    let judge = |stamped| {
        Ok::<_, Fault>(verify_token(token.der(), stamped, &evidence, &trust, &policy, today()?))
    };
    let report = judge(Stamped::Request(&request))?;
    if report.holds().is_none() {
        return Err(super::failures(&report.checks).join("; ").into());
    }
    match judge(Stamped::Data(b"other"))?.holds() {
        Some(_) => Err("holds for other data".into()),
        None => Ok(()),
    }
}
