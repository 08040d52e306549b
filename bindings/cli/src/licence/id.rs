//! `yinxin licence id`: the identifier of GB/T 36904.

use clap::Subcommand;
use serde_json::json;
use yinxin::{
    licence::identifier::{self, Identifier},
    report::Verdict,
};

use crate::{Ending, failure::Failure, output::Output};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check an identifier: its form, its check character, the codes inside.
    Check {
        /// For example 1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U
        identifier: String,
    },
    /// Make an identifier with its check character.
    Make {
        /// The licence type code: USCC of the defining body (18) and a serial of 3 digits.
        #[arg(long, value_name = "CODE")]
        type_code: String,
        /// The USCC of the issuing authority.
        #[arg(long, value_name = "USCC")]
        issuer: String,
        /// The serial: digits and capital letters.
        #[arg(long)]
        serial: String,
        /// The version, 1 to 999; goes up with each change of the same licence.
        #[arg(long, default_value_t = 1)]
        version: u16,
    },
}

pub(crate) fn run(command: Command, output: &Output) -> Result<Ending, Failure> {
    match command {
        Command::Check { identifier } => check(&identifier, output),
        Command::Make { type_code, issuer, serial, version } => {
            let made = Identifier::build(&type_code, &issuer, &serial, version)
                .map_err(|error| Failure::core("identifier", error))?;
            let text = made.to_string();
            output.result(&json!({ "identifier": text }), || text.clone())?;
            Ok(Ending::Done)
        }
    }
}

fn check(text: &str, output: &Output) -> Result<Ending, Failure> {
    let (_, checks) = identifier::examine(text);
    let verdict = Verdict::conclude(checks);
    if output.json {
        let value = json!({
            "identifier": text,
            "indication": verdict.indication,
            "sub_indication": verdict.sub_indication,
            "checks": verdict.checks,
        });
        output.line(&value.to_string())?;
    } else {
        output.verdict(text, &verdict)?;
    }
    Ok(verdict.indication.into())
}
