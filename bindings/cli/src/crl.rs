//! `yinxin crl`: make and show certificate revocation lists.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use yinxin::{
    UnixTime,
    pki::crl::{self, Reason},
};

use crate::{
    Ending,
    failure::Failure,
    inputs::{self, KeyFile, hex},
    output::{self, Access, Output},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a revocation list (CRL version 2), signed by a certification authority.
    Make {
        /// The authority's certificate.
        #[arg(long, value_name = "FILE")]
        cert: PathBuf,
        #[command(flatten)]
        key: KeyFile,
        /// A revoked certificate and when: CERT.pem@2026-11-25T08:00:00+08:00 (or @DATE). Repeatable.
        #[arg(long, value_name = "CERT@TIME", value_parser = revocation)]
        revoke: Vec<(PathBuf, UnixTime)>,
        /// Add to the entries of this earlier list.
        #[arg(long, value_name = "FILE")]
        previous: Option<PathBuf>,
        /// The list's time (default: now).
        #[arg(long, value_name = "TIME", value_parser = inputs::time)]
        at: Option<UnixTime>,
        /// Days until the next update.
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(i64).range(1..3660))]
        days: i64,
        /// Where to write the list (PEM).
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Show a revocation list.
    Show {
        /// The list, PEM or DER.
        crl: PathBuf,
    },
}

fn revocation(text: &str) -> Result<(PathBuf, UnixTime), String> {
    let (file, time) = text.rsplit_once('@').ok_or("write it as CERT.pem@TIME")?;
    Ok((PathBuf::from(file), inputs::time(time)?))
}

pub(crate) fn run(command: Command, output: &Output) -> Result<Ending, Failure> {
    match command {
        Command::Make { cert, key, revoke, previous, at, days, out } => {
            let issuer = inputs::certificate(&cert)?;
            let previous = previous.as_deref().map(inputs::crl).transpose()?;
            let at = at.map_or_else(inputs::now, Ok)?;
            let mut entries = Vec::new();
            if let Some(list) = &previous {
                let earlier = |serial| list.revoked(serial).map(|revoked| (serial, revoked));
                entries.extend(list.serials().filter_map(earlier).map(|(serial, revoked)| {
                    let reason = revoked.reason.unwrap_or(Reason::Unspecified);
                    (serial.to_vec(), revoked.at, reason)
                }));
            }
            for (file, time) in &revoke {
                let serial = inputs::certificate(file)?.serial().to_vec();
                entries.retain(|(earlier, ..)| *earlier != serial);
                entries.push((serial, *time, Reason::Unspecified));
            }
            let entries: Vec<_> = entries
                .iter()
                .map(|(serial, time, reason)| (&serial[..], *time, *reason))
                .collect();
            let name = out.display().to_string();
            // The list's number only has to rise from one list to the next: its time does.
            let number = u64::try_from(at.unix_s()).unwrap_or(0);
            let next = at.plus_s(days * 86_400);
            let list = crl::make(&issuer, &entries, at, next, number, &key.load()?)
                .map_err(|error| Failure::core(&name, error))?;
            output::write(&out, list.to_pem().as_bytes(), Access::Public)?;
            show(&list, &name, output)
        }
        Command::Show { crl } => show(&inputs::crl(&crl)?, &crl.display().to_string(), output),
    }
}

fn show(list: &crl::Crl, name: &str, output: &Output) -> Result<Ending, Failure> {
    let revoked = |serial| {
        let entry = list.revoked(serial)?;
        let reason = entry.reason.map(|reason| reason.name());
        Some(json!({ "serial": hex(serial), "at": entry.at, "reason": reason }))
    };
    let value = json!({
        "file": name,
        "issuer": list.issuer().to_string(),
        "this_update": list.this_update(),
        "next_update": list.next_update(),
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
        lines.extend(list.serials().filter_map(|serial| {
            let at = list.revoked(serial)?.at;
            Some(format!("  {} {} {at}", output.pick("revoked", "已撤销"), hex(serial)))
        }));
        lines.join("\n")
    })?;
    Ok(Ending::Done)
}
