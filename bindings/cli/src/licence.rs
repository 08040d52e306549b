//! `yinxin licence`: issue, seal, verify and show electronic licences (电子证照).

mod id;
mod issue;
pub(crate) mod rows;
mod verify;

use std::path::PathBuf;

use clap::Subcommand;

use crate::{Ending, failure::Failure, output::Output};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Issue licences from a CSV or JSON file, one sealed OFD a row.
    Issue(issue::IssueArguments),
    /// Seal an OFD that exists already.
    Seal(issue::SealArguments),
    /// Verify files or whole directories; every check is named, with its clause and evidence.
    Verify(verify::Arguments),
    /// Show what a licence says, without judging it.
    Show {
        /// The OFD file.
        file: PathBuf,
    },
    /// The identifier of GB/T 36904 (电子证照标识).
    #[command(subcommand)]
    Id(id::Command),
}

pub(crate) fn run(command: Command, output: &Output) -> Result<Ending, Failure> {
    match command {
        Command::Issue(arguments) => issue::issue(&arguments, output),
        Command::Seal(arguments) => issue::seal(&arguments, output),
        Command::Verify(arguments) => verify::run(&arguments, output),
        Command::Show { file } => verify::show(&file, output),
        Command::Id(command) => id::run(command, output),
    }
}
