//! `yinxin token`: login tokens by GM/T 0125.

use std::{io::Read as _, path::PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};
use yinxin::{
    UnixTime,
    identity::token::{self, Claims, IssuerKey, Issuers, Profile, TokenPolicy},
};

use crate::{
    Ending,
    failure::Failure,
    inputs::{self, KeyFile},
    output::Output,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Issue a login token (JWS, SGD_SM3_SM2), printed on standard output.
    Issue {
        #[command(flatten)]
        key: KeyFile,
        /// The issuer's name (iss).
        #[arg(long, value_name = "NAME")]
        issuer: String,
        /// The name of the key with that issuer (kid).
        #[arg(long, value_name = "ID")]
        key_id: String,
        /// Whom the token speaks of (sub).
        #[arg(long, value_name = "NAME")]
        subject: String,
        /// The service that it is for (aud).
        #[arg(long, value_name = "NAME")]
        audience: String,
        /// When it is issued (default: now).
        #[arg(long, value_name = "TIME", value_parser = inputs::time)]
        at: Option<UnixTime>,
        /// Minutes until it expires.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=480))]
        minutes: i64,
        /// A further claim, NAME=VALUE. Repeatable.
        #[arg(long, value_name = "NAME=VALUE", value_parser = claim)]
        claim: Vec<(String, String)>,
    },
    /// Verify a token: issuer and key id name one algorithm and one key; the header is only compared.
    Verify {
        /// The token, or `-` to read it from standard input.
        token: String,
        /// The trusted issuer's name.
        #[arg(long, value_name = "NAME")]
        issuer: String,
        /// The name of its key.
        #[arg(long, value_name = "ID")]
        key_id: String,
        /// The issuer's public key (SubjectPublicKeyInfo PEM) or certificate.
        #[arg(long, value_name = "FILE")]
        public_key: PathBuf,
        /// The service that asks.
        #[arg(long, value_name = "NAME")]
        audience: String,
        /// The time to judge at (default: now).
        #[arg(long, value_name = "TIME", value_parser = inputs::time)]
        at: Option<UnixTime>,
    },
}

fn claim(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(crate) fn run(command: Command, output: &Output) -> Result<Ending, Failure> {
    match command {
        Command::Issue { key, issuer, key_id, subject, audience, at, minutes, claim } => {
            let at = at.map_or_else(inputs::now, Ok)?;
            let until = at.plus_s(minutes * 60);
            let mut claims = Claims::new(&issuer, &subject, &audience, at, until);
            claims
                .others
                .extend(claim.into_iter().map(|(name, value)| (name, Value::String(value))));
            let token = token::issue(&claims, &IssuerKey::new(&issuer, &key_id, &key.load()?))
                .map_err(|error| Failure::core("token", error))?;
            let value = json!({ "token": token, "expires": until });
            output.result(&value, || token.clone())?;
            Ok(Ending::Done)
        }
        Command::Verify { token, issuer, key_id, public_key, audience, at } => {
            let at = at.map_or_else(inputs::now, Ok)?;
            let refused = |error| Failure::core("token", error);
            let key = inputs::public_key(&public_key)?;
            let mut issuers = Issuers::new();
            issuers.add(&issuer, &key_id, key, Profile::Gmt0125).map_err(refused)?;
            let policy = TokenPolicy::new(issuers, &audience).map_err(refused)?;
            verify(&read(token)?, &policy, at, output)
        }
    }
}

/// Longer than any token that is accepted, so that the library says what is wrong.
const STANDARD_INPUT_BYTES_MAX: u64 = 1 << 20;

fn read(token: String) -> Result<String, Failure> {
    if token != "-" {
        return Ok(token);
    }
    let mut text = String::new();
    let mut input = std::io::stdin().lock().take(STANDARD_INPUT_BYTES_MAX);
    input.read_to_string(&mut text).map_err(|error| Failure::io("standard input", error))?;
    Ok(text.trim().to_owned())
}

fn verify(
    token: &str,
    policy: &TokenPolicy,
    at: UnixTime,
    output: &Output,
) -> Result<Ending, Failure> {
    let result = token::verify(token, policy, at).map_err(|error| Failure::core("token", error))?;
    let (verdict, subject) = match &result {
        Ok(verified) => (verified.report(), Some(verified.value().subject.as_str())),
        Err(rejected) => (&rejected.report, None),
    };
    if output.json {
        output.line(
            &json!({
                "indication": verdict.indication,
                "sub_indication": verdict.sub_indication,
                "subject": subject,
                "checks": verdict.checks,
            })
            .to_string(),
        )?;
    } else {
        output.verdict(subject.unwrap_or("token"), verdict)?;
    }
    Ok(verdict.indication.into())
}
