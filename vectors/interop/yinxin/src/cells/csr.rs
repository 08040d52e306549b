//! Certification requests: `request.pem` and `request.der`, with key files.

use std::path::Path;

use yinxin::pki::{
    csr::{Builder, Csr},
    x509::issue::Subject,
};

use crate::{
    case::{Case, Fault},
    samples,
};

const CELL: &str = "csr";

pub(crate) fn make(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    for (name, key) in samples::keys()? {
        Case::make(tasks, CELL, name)?.put_private(&key)?;
    }
    let key = samples::key(0)?;
    let plain = subject("Interoperability");
    put(ours, "plain", &Builder::new(&plain).sign(&key)?)?;
    let chinese = subject("电子证照签发系统");
    put(ours, "chinese-name", &Builder::new(&chinese).sign(&key)?)?;
    let password = Builder::new(&plain).challenge_password("111111").sign(&key)?;
    put(ours, "challenge-password", &password)?;
    let dual = Builder::new(&plain).cfca_exchange_key(samples::key(1)?.public()).sign(&key)?;
    put(ours, "cfca-exchange-key", &dual)?;

    let mut changed = Builder::new(&plain).sign(&key)?.der().to_vec();
    let text = changed.windows(4).position(|bytes| bytes == b"Inte");
    *text.and_then(|place| changed.get_mut(place)).ok_or("no name")? = b'J';
    put(ours, "refuse-changed-name", &Csr::parse(&changed)?)
}

fn subject(name: &str) -> Subject {
    Subject { country: "CN".into(), common_name: name.into(), ..Subject::default() }
}

fn put(ours: &Path, name: &str, request: &Csr) -> Result<(), Fault> {
    let case = Case::make(ours, CELL, name)?;
    case.put_public(request.public_key()?)?;
    case.put("request.pem", request.to_pem())?;
    case.put("request.der", request.der())
}

pub(crate) fn check(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    for (file, bytes) in made.some_of(&["request.pem", "request.der"])? {
        let request = Csr::load(&bytes).map_err(|error| format!("{file}: {error}"))?;
        if *request.public_key()? != task.public_key()? {
            return Err(format!("{file}: another key").into());
        }
        verify(&request).map_err(|fault| format!("{file}: {fault}"))?;
        let mut changed = request.der().to_vec();
        let place = changed.windows(2).position(|bytes| bytes == b"CN");
        *place.and_then(|place| changed.get_mut(place)).ok_or("no country")? = b'D';
        if verify(&Csr::parse(&changed)?).is_ok() {
            return Err(format!("{file}: verifies with another country").into());
        }
    }
    Ok(())
}

fn verify(request: &Csr) -> Result<(), Fault> {
    match request.verify() {
        Ok(_) => Ok(()),
        Err(rejected) => Err(super::failures(&rejected.report.checks).join("; ").into()),
    }
}
