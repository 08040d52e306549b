//! The command `yinxin`: keys, certificates, seals, electronic licences and tokens from a shell.
//!
//! Exit status: 0 passed or done, 1 not passed, 3 indeterminate, 2 the work could not be done.

mod bundle;
mod cert;
mod cms;
mod convert;
mod crl;
mod data;
mod demo;
mod diagnose;
mod encoding;
mod encrypt;
mod failure;
mod inputs;
mod key;
mod licence;
mod ocsp;
mod output;
mod seal;
mod selftest;
mod sign;
mod sink;
mod speed;
mod token;
mod trust;
mod tsa;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use yinxin::report::{Indication, Language};

use crate::{failure::Failure, output::Output};

/// 国密 done right: SM2/SM3/SM4 keys, certificates, electronic seals and licences (电子证照).
///
/// Exit status: 0 passed or done; 1 not passed; 3 indeterminate; 2 the work could not be done
/// (bad usage, unreadable or malformed input).
#[derive(Debug, Parser)]
#[command(name = "yinxin", version, after_help = EXAMPLES)]
struct Arguments {
    /// Print JSON, one object a line.
    #[arg(long, global = true, help_heading = "Output", display_order = 1000)]
    json: bool,
    /// Language of texts (default: that of the environment).
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "LANGUAGE",
        help_heading = "Output",
        display_order = 1001
    )]
    lang: Option<LanguageName>,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  yinxin demo                                             the whole story in one minute
  yinxin licence verify licence.ofd --trust roots.pem     is this licence genuine?
  yinxin licence verify DIR --trust roots.pem --crl ca.crl --json     a line of JSON a file
  yinxin licence id check 1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U
  yinxin key new --out key.pem --password-file secret.txt
  yinxin sign contract.pdf --key key.pem --out contract.sig
  yinxin diagnose signature contract.pdf --public-key key.pub --signature contract.sig";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LanguageName {
    En,
    Zh,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// SM2 private keys.
    #[command(subcommand)]
    Key(key::Command),
    /// SM2 certificates: make a root, issue, show, verify a path.
    #[command(subcommand)]
    Cert(cert::Command),
    /// Certificate revocation lists.
    #[command(subcommand)]
    Crl(crl::Command),
    /// Signed bundles of trust anchors and revocation lists: make, verify, show.
    #[command(subcommand)]
    Bundle(bundle::Command),
    /// OCSP: ask whether a certificate is good, answer, verify.
    #[command(subcommand)]
    Ocsp(ocsp::Command),
    /// Sign data with an SM2 key.
    Sign(sign::SignArguments),
    /// Verify an SM2 signature over data.
    Verify(sign::VerifyArguments),
    /// Encrypt a short message to an SM2 public key; files: `yinxin cms encrypt`.
    Encrypt(encrypt::EncryptArguments),
    /// Decrypt an SM2 ciphertext.
    Decrypt(encrypt::DecryptArguments),
    /// Convert keys, signatures, ciphertexts and whole structures from one form into another.
    #[command(subcommand)]
    Convert(convert::Command),
    /// Why does it not verify, decrypt or load? Tries the known deviations; never a verification.
    #[command(subcommand)]
    Diagnose(diagnose::Command),
    /// Electronic seals (电子印章): make, show, verify.
    #[command(subcommand)]
    Seal(seal::Command),
    /// Electronic licences (电子证照): issue, seal, verify, show.
    #[command(subcommand)]
    Licence(licence::Command),
    /// Sign and encrypt files with certificates (GB/T 35275, RFC 5652).
    #[command(subcommand)]
    Cms(cms::Command),
    /// Time stamps (GM/T 0033, RFC 3161): ask, answer, verify.
    #[command(subcommand)]
    Tsa(tsa::Command),
    /// Login tokens by GM/T 0125: issue, verify.
    #[command(subcommand)]
    Token(token::Command),
    /// The whole story: a province is made, licences are issued and verified, forgeries refused.
    Demo(demo::Arguments),
    /// How fast this machine computes: every operation, every backend, one by one and in batches.
    Speed(speed::Arguments),
    /// Run the self-tests of every backend.
    Selftest(selftest::Arguments),
}

/// How a command that did its work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Done,
    NotPassed,
    Indeterminate,
    /// Some of many inputs could not be worked on; the others were.
    Incomplete,
}

impl From<Indication> for Ending {
    fn from(indication: Indication) -> Self {
        match indication {
            Indication::Passed => Self::Done,
            Indication::Failed => Self::NotPassed,
            Indication::Indeterminate => Self::Indeterminate,
        }
    }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Done => 0,
            Ending::NotPassed => 1,
            Ending::Incomplete => 2,
            Ending::Indeterminate => 3,
        })
    }
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misuse(&error),
    };
    let language = arguments.lang.map(|name| match name {
        LanguageName::En => Language::English,
        LanguageName::Zh => Language::Chinese,
    });
    let output = Output::new(arguments.json, language);
    match run(arguments.command, &output) {
        Ok(ending) => ending.into(),
        Err(Failure::ClosedPipe) => ExitCode::from(2),
        Err(failure) => {
            if output.json {
                // Where standard output is what failed, the exit status still tells.
                let _ = output.line(&failure.to_json().to_string());
            } else {
                let text = failure.text(output.language);
                output.note(&format!("yinxin: {text} [{}]", failure.code()));
                if let Some([en, zh]) = failure.hint() {
                    output.note(&format!("  {}", output.pick(en, zh)));
                }
            }
            ExitCode::from(2)
        }
    }
}

/// Help and version as asked for, or what is wrong with the command line: for people on standard error,
/// with `--json` as an object like every other failure.
fn misuse(error: &clap::Error) -> ExitCode {
    let json = std::env::args_os().any(|argument| argument == "--json");
    if error.use_stderr() && json {
        let text = error.render().to_string();
        let text = text.trim().strip_prefix("error: ").unwrap_or(&text);
        let _ = Output::new(true, None).line(&Failure::usage(text, text).to_json().to_string());
    } else if error.print().is_err() {
        return ExitCode::from(2);
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

fn run(command: Command, output: &Output) -> Result<Ending, Failure> {
    match command {
        Command::Key(command) => key::run(command, output),
        Command::Cert(command) => cert::run(command, output),
        Command::Crl(command) => crl::run(command, output),
        Command::Bundle(command) => bundle::run(command, output),
        Command::Ocsp(command) => ocsp::run(command, output),
        Command::Sign(arguments) => sign::sign(&arguments, output),
        Command::Verify(arguments) => sign::verify(&arguments, output),
        Command::Encrypt(arguments) => encrypt::encrypt(&arguments, output),
        Command::Decrypt(arguments) => encrypt::decrypt(&arguments, output),
        Command::Convert(command) => convert::run(command, output),
        Command::Diagnose(command) => diagnose::run(command, output),
        Command::Seal(command) => seal::run(command, output),
        Command::Licence(command) => licence::run(command, output),
        Command::Cms(command) => cms::run(command, output),
        Command::Tsa(command) => tsa::run(command, output),
        Command::Token(command) => token::run(command, output),
        Command::Demo(arguments) => demo::run(&arguments, output),
        Command::Speed(arguments) => speed::run(&arguments, output),
        Command::Selftest(arguments) => selftest::run(&arguments, output),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn every_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
