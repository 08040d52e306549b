//! Revocation lists: `list.pem` and `list.der`, with `ca.pem`, whose key signed, and the serial
//! numbers, hexadecimal, one a line: `revoked`, and `good` for some that are not in the list.

use std::path::Path;

use yinxin::pki::{
    crl::{Crl, Reason, make as make_crl},
    x509::issue::Profile,
};

use super::certificate::{certificate, chain, put_certificate};
use crate::{
    case::{Case, Fault},
    samples, today,
};

const CELL: &str = "crl";

pub(crate) fn make(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    let chain = chain("Limited", Profile::Signer)?;
    // The second one is negative unless a zero is put before it, the third is as long as it may be.
    let serials: [&[u8]; 3] = [&[1], &[0x80, 0xff], &[0x7f; 20]];
    let reasons = [Reason::KeyCompromise, Reason::Unspecified, Reason::CessationOfOperation];
    let now = today()?.plus_s(-3600);
    let entries: Vec<_> =
        serials.iter().zip(reasons).map(|(&serial, reason)| (serial, now, reason)).collect();
    let next = now.plus_s(7 * 86_400);
    let full = make_crl(&chain.ca, &entries, now, next, 7, &samples::key(11)?)?;
    let empty = make_crl(&chain.ca, &[], now, next, 8, &samples::key(11)?)?;
    let mut changed = full.der().to_vec();
    let serial = changed.windows(4).position(|bytes| bytes == [2, 3, 0, 0x80]);
    let place = serial.and_then(|start| changed.get_mut(start + 4));
    *place.ok_or("no serial number")? ^= 1;
    for (name, list, revoked) in [
        ("three-revoked", full.der(), hex_lines(&serials)),
        ("empty", empty.der(), String::new()),
        ("refuse-changed-serial", changed.as_slice(), hex_lines(&serials)),
    ] {
        let case = Case::make(ours, CELL, name)?;
        put_certificate(&case, "ca", &chain.ca)?;
        let list = Crl::parse(list)?;
        case.put("list.pem", list.to_pem())?;
        case.put("list.der", list.der())?;
        case.put("revoked", revoked)?;
        case.put("good", "02\n")?;
    }
    let task = Case::make(tasks, CELL, "two-revoked")?;
    task.put_private(&samples::key(22)?)?;
    task.put("revoked", hex_lines(&[&[1], &[0x80, 0xff]]))?;
    task.put("good", "02\n")
}

fn hex_lines(serials: &[&[u8]]) -> String {
    let hex = |serial: &[u8]| serial.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    serials.iter().map(|serial| hex(serial) + "\n").collect()
}

pub(crate) fn check(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    let ca = certificate(made, "ca")?.ok_or("no ca")?;
    for (file, bytes) in made.some_of(&["list.pem", "list.der"])? {
        let list = Crl::parse_pem_or_der(&bytes).map_err(|error| format!("{file}: {error}"))?;
        list.verify(ca.public_key()?).map_err(|error| format!("{file}: {error}"))?;
        if list.verify(samples::key(0)?.public()).is_ok() {
            return Err("verifies with another key".into());
        }
        for (listed, revoked) in [("revoked", true), ("good", false)] {
            for line in String::from_utf8(task.bytes(listed)?)?.lines() {
                let serial = from_hex(line)?;
                if list.revoked(&serial).is_some() != revoked {
                    return Err(format!("{file}: {line} is not {listed}").into());
                }
            }
        }
    }
    Ok(())
}

fn from_hex(text: &str) -> Result<Vec<u8>, Fault> {
    let pairs = text.as_bytes().chunks(2).map(std::str::from_utf8);
    pairs.map(|pair| Ok(u8::from_str_radix(pair?, 16)?)).collect()
}
