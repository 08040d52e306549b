//! `yinxin crl`: make and show certificate revocation lists.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use yinxin::{
    UnixTime,
    pki::{
        crl::{self, Crl, Kind, NewList, Reason, Scope},
        x509::KeyUsage,
    },
};

use crate::{
    Ending,
    encoding::Written,
    failure::Failure,
    inputs::{self, KeyFile, Serial, hex},
    output::{Access, OutFile, Output},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a revocation list (CRL version 2), signed by a certification authority.
    Make(Box<MakeArguments>),
    /// Show a revocation list; nothing is verified.
    Show {
        /// The list, PEM or DER; `-` is standard input.
        crl: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct MakeArguments {
    /// The authority's certificate.
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    #[command(flatten)]
    key: KeyFile,
    /// A revoked certificate, when, and the reason of RFC 5280 if it is told:
    /// CERT.pem@2026-11-25T08:00:00+08:00 (or @DATE), or CERT.pem@TIME,keyCompromise. Repeatable.
    #[arg(long, value_name = "CERT@TIME", value_parser = revocation)]
    revoke: Vec<Revocation>,
    /// The same by the serial number of the certificate, in hexadecimal. Repeatable.
    #[arg(long, value_name = "HEX@TIME", value_parser = revoked_serial)]
    revoke_serial: Vec<(Serial, Revocation)>,
    /// Take the certificate of this serial number, which was on hold, off the list. Repeatable.
    #[arg(long, value_name = "HEX", requires = "previous", value_parser = inputs::serial)]
    release_serial: Vec<Serial>,
    /// Add to the entries of this earlier list.
    #[arg(long, value_name = "FILE")]
    previous: Option<PathBuf>,
    /// Make it a partial list: for certificates of this kind only.
    #[arg(long, value_enum, value_name = "KIND")]
    only: Option<Only>,
    /// The list's number, which must rise (default: its time).
    #[arg(long, value_name = "NUMBER")]
    number: Option<u64>,
    /// The list's time (default: now).
    #[arg(long, value_name = "TIME", value_parser = inputs::time)]
    at: Option<UnixTime>,
    /// Days until the next update.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(i64).range(1..3660))]
    days: i64,
    #[command(flatten)]
    out: OutFile,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Only {
    /// Of users.
    Users,
    /// Of authorities.
    Authorities,
}

/// Of what, when and why.
#[derive(Clone, Debug)]
struct Revocation {
    of: String,
    at: UnixTime,
    reason: Reason,
}

fn revocation(text: &str) -> Result<Revocation, String> {
    let (of, when) = text.rsplit_once('@').ok_or("write it as CERT.pem@TIME or HEX@TIME")?;
    let (time, reason) = when.split_once(',').unwrap_or((when, Reason::Unspecified.name()));
    let mut reasons = (0..=10).map(Reason::from_code).filter(|it| *it != Reason::Unknown);
    let reason = reasons.find(|it| it.name().eq_ignore_ascii_case(reason)).ok_or_else(|| {
        format!("{reason}: no reason of RFC 5280, such as keyCompromise or superseded")
    })?;
    Ok(Revocation { of: of.to_owned(), at: inputs::time(time)?, reason })
}

fn revoked_serial(text: &str) -> Result<(Serial, Revocation), String> {
    let revocation = revocation(text)?;
    Ok((inputs::serial(&revocation.of)?, revocation))
}

pub(crate) fn run(command: Command, output: &Output) -> Result<Ending, Failure> {
    match command {
        Command::Make(arguments) => make(&arguments, output),
        Command::Show { crl } => show(&inputs::crl(&crl)?, &inputs::name(&crl), output),
    }
}

type Entry = (Vec<u8>, crl::Revoked);

fn make(arguments: &MakeArguments, output: &Output) -> Result<Ending, Failure> {
    let MakeArguments { cert, key, only, number, at, days, out, .. } = arguments;
    out.check(Written::Text, Access::New)?;
    let issuer = inputs::authority(cert, KeyUsage::CRL_SIGN)?;
    let this_update = at.map_or_else(inputs::now, Ok)?;
    let entries = entries(arguments)?;
    let entries: Vec<_> = entries
        .iter()
        .map(|(serial, revoked)| crl::Entry {
            serial,
            at: revoked.at,
            reason: revoked.reason.unwrap_or(Reason::Unspecified),
            invalid_since: revoked.invalid_since,
        })
        .collect();
    let list = NewList {
        entries: &entries,
        this_update,
        next_update: this_update.plus_s(days * 86_400),
        // The number only has to rise from one list to the next: the time does.
        number: number.unwrap_or_else(|| u64::try_from(this_update.unix_s()).unwrap_or(0)),
        kind: match only {
            None => Kind::Any,
            Some(Only::Users) => Kind::User,
            Some(Only::Authorities) => Kind::Authority,
        },
    };
    let list = list.sign(&issuer, &key.load_of(&issuer)?);
    let list = list.map_err(|error| Failure::core(&inputs::name(cert), error))?;
    let pem = list.to_pem();
    if inputs::is_standard(&out.out) {
        let facts = json!({ "issuer": list.issuer().to_string(), "entries": list.len() });
        return out.deliver("crl", pem.as_bytes(), Written::Text, Access::New, facts, output);
    }
    out.write(pem.as_bytes(), Access::New)?;
    show(&list, &out.out.display().to_string(), output)
}

/// Those of the earlier list and the new ones; a new one takes the place of an earlier one.
fn entries(arguments: &MakeArguments) -> Result<Vec<Entry>, Failure> {
    let previous = arguments.previous.as_deref().map(inputs::crl).transpose()?;
    let mut entries: Vec<Entry> = Vec::new();
    if let Some(list) = &previous {
        let entry = |serial: &[u8]| Some((serial.to_vec(), list.revoked(serial)?));
        entries.extend(list.serials().filter_map(entry));
    }
    for Serial(serial) in &arguments.release_serial {
        let on_hold = |(other, revoked): &Entry| {
            other == serial && revoked.reason == Some(Reason::CertificateHold)
        };
        let Some(index) = entries.iter().position(on_hold) else {
            let text = hex(serial);
            return Err(Failure::usage(
                format!("--release-serial {text}: not on hold in the earlier list"),
                format!("--release-serial {text}：在之前的列表中并非“暂停使用”状态"),
            ));
        };
        entries.remove(index);
    }
    let mut add = |serial: Vec<u8>, revocation: &Revocation| {
        let (at, reason) = (revocation.at, Some(revocation.reason));
        entries.retain(|(earlier, _)| *earlier != serial);
        entries.push((serial, crl::Revoked { at, reason, invalid_since: None }));
    };
    for revocation in &arguments.revoke {
        let certificate = inputs::certificate(Path::new(&revocation.of))?;
        add(inputs::significant(certificate.serial()), revocation);
    }
    for (Serial(serial), revocation) in &arguments.revoke_serial {
        add(serial.clone(), revocation);
    }
    Ok(entries)
}

fn show(list: &Crl, name: &str, output: &Output) -> Result<Ending, Failure> {
    let revoked = |serial| {
        let entry = list.revoked(serial)?;
        let reason = entry.reason.map(|reason| reason.name());
        Some(json!({
            "serial": hex(serial), "at": entry.at, "reason": reason,
            "invalid_since": entry.invalid_since,
        }))
    };
    let scope = scope(list.scope());
    let value = json!({
        "file": name,
        "issuer": list.issuer().to_string(),
        "number": list.number().map(hex),
        "this_update": list.this_update(),
        "next_update": list.next_update(),
        "scope": scope,
        "delta_base": list.delta_base().map(hex),
        "revoked": list.serials().filter_map(revoked).collect::<Vec<_>>(),
    });
    output.result(&value, || {
        let next = list.next_update().map_or_else(|| "-".to_owned(), |time| time.to_string());
        let mut lines = vec![format!(
            "{name}: {}\n  {} {}, {} {next}",
            list.issuer(),
            output.pick("updated", "更新"),
            list.this_update(),
            output.pick("next", "下次更新"),
        )];
        if !scope.is_empty() {
            lines.push(format!("  {}: {}", output.pick("only", "范围"), scope.join(", ")));
        }
        if let Some(base) = list.delta_base() {
            let text = output.pick("adds to the list of number", "增量列表，基础列表编号");
            lines.push(format!("  {text} {}", hex(base)));
        }
        lines.extend(list.serials().filter_map(|serial| {
            let entry = list.revoked(serial)?;
            let reason = entry.reason.map(|reason| format!(" {}", reason.name()));
            let (word, reason) = (output.pick("revoked", "已撤销"), reason.unwrap_or_default());
            Some(format!("  {word} {} {}{reason}", hex(serial), entry.at))
        }));
        lines.join("\n")
    })?;
    Ok(Ending::Done)
}

/// What a list is limited to; nothing for one that is complete.
fn scope(scope: &Scope) -> Vec<String> {
    let mut words = Vec::new();
    match scope.kind {
        Kind::Any => {}
        Kind::User => words.push("users".to_owned()),
        Kind::Authority => words.push("authorities".to_owned()),
        Kind::Other => words.push("others".to_owned()),
    }
    for point in scope.distribution_point.iter().flatten() {
        words.push(point.to_string());
    }
    if scope.reasons != Scope::ALL_REASONS {
        words.push("some reasons".to_owned());
    }
    if scope.indirect {
        words.push("indirect".to_owned());
    }
    words
}
