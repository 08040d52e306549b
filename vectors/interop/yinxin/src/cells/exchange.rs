//! The key exchange of SM2 (GB/T 32918.3). It needs both at once, so that the driver runs
//! `$YINXIN exchange CASE initiator|responder [FILE]`, which is our side: it prints R, reads the other's R,
//! prints its confirmation, reads the other's, an empty line if it has none, then prints the key, or
//! writes it to FILE. A line is hexadecimal.
//!
//! Of ours we are the initiator, of a task the peer is, which leaves the key in `key` and lets us
//! leave ours in `our-key`. Files: key files and `id` of the peer, `our.raw` (d), `our-public.raw` and
//! `our-id`, and `length`, the bytes of the key.

use std::{
    io::{self, Write as _},
    path::Path,
};

use yinxin::primitives::sm2::{
    DistId, PrivateKey,
    exchange::{Exchange, Peer, Role},
};

use crate::{
    case::{Case, Fault},
    samples,
};

const CELL: &str = "key-exchange";

pub(crate) fn make(ours: &Path, tasks: &Path) -> Result<(), Fault> {
    let key = samples::key(0)?;
    for (name, own) in samples::keys()? {
        for root in [ours, tasks] {
            put(root, name, &own, &key, "1234567812345678", 16)?;
        }
    }
    for (name, id, length) in
        [("48-bytes", "1234567812345678", 48), ("chinese-id", "国家政务服务平台", 16)]
    {
        for root in [ours, tasks] {
            put(root, name, &samples::key(1)?, &key, id, length)?;
        }
    }
    // The peer is told another key of ours than we use.
    let case = put(ours, "refuse-another-key", &samples::key(1)?, &key, "1234567812345678", 16)?;
    case.put("our-public.raw", samples::key(2)?.public().to_sec1())
}

fn put(
    root: &Path,
    name: &str,
    own: &PrivateKey,
    key: &PrivateKey,
    id: &str,
    length: usize,
) -> Result<Case, Fault> {
    let case = Case::make(root, CELL, name)?;
    case.put_private(key)?;
    case.put("id", id)?;
    case.put("our.raw", own.expose_bytes())?;
    case.put("our-public.raw", own.public().to_sec1())?;
    case.put("our-id", "ALICE123@YAHOO.COM")?;
    case.put("length", length.to_string())?;
    Ok(case)
}

/// Our side of an exchange; without a place for the key it is printed.
pub(crate) fn run(case: &Case, role: Role, place: Option<&Path>) -> Result<(), Fault> {
    let own = case.bytes("our.raw")?;
    let own = PrivateKey::from_bytes(<&[u8; 32]>::try_from(own.as_slice())?)?;
    let own_id = DistId::new(&case.bytes("our-id")?)?;
    let (key, id) = (case.public_key()?, case.dist_id()?);
    let length = String::from_utf8(case.bytes("length")?)?.parse()?;
    let exchange = Exchange::begin(role, &own, &own_id)?;
    say(&exchange.message())?;
    let received = hear()?;
    let received = <&[u8; 65]>::try_from(received.as_slice())?;
    let agreement = exchange.agree(&Peer { key: &key, id: &id }, received, length)?;
    say(agreement.confirmation())?;
    let confirmation = hear()?;
    let key = if confirmation.is_empty() {
        agreement.unconfirmed()?
    } else {
        agreement.confirm(<&[u8; 32]>::try_from(confirmation.as_slice())?)?
    };
    match place {
        Some(place) => Ok(std::fs::write(place, &*key)?),
        None => say(&key),
    }
}

fn say(bytes: &[u8]) -> Result<(), Fault> {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut out = io::stdout();
    writeln!(out, "{digits}")?;
    Ok(out.flush()?)
}

fn hear() -> Result<Vec<u8>, Fault> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let pairs = line.trim().as_bytes().chunks(2).map(std::str::from_utf8);
    pairs.map(|pair| Ok(u8::from_str_radix(pair?, 16)?)).collect()
}

pub(crate) fn check(_: &str, task: &Case, made: &Case) -> Result<(), Fault> {
    let (theirs, ours) = (made.bytes("key")?, made.bytes("our-key")?);
    if theirs.len().to_string().as_bytes() != task.bytes("length")? {
        return Err("a key of another length".into());
    }
    if theirs == ours { Ok(()) } else { Err("different keys".into()) }
}
