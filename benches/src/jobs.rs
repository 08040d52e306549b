//! What certificates and CMS are held to: times, or rates beside the kernel that does the work, which is
//! measured in the same run.

use std::fmt::Write as _;

use crate::rows::Record;

/// What is measured, and what is asked of it.
struct Job(&'static str, Asked);

/// A figure, and of which other row of ours it is a multiple.
enum Asked {
    /// So many microseconds at most.
    MicrosecondsAtMost(f64),
    /// So many times the time of the other at most.
    TimesAtMost(f64, &'static str),
    /// This part of the bytes a second of the other at least.
    RateAtLeast(f64, &'static str),
}
use Asked::{MicrosecondsAtMost, RateAtLeast, TimesAtMost};

const VERIFICATION: &str = "sm2-verify-one";
const SM3: &str = "sm3-in-pieces";
const SEAL: &str = "sm4-gcm-in-pieces";
const OPEN: &str = "raw-sm4-gcm-decrypt";
const OPEN_TWICE: &str = "raw-sm4-gcm-check-decrypt";

const JOBS: &[Job] = &[
    Job("certificate-parse", MicrosecondsAtMost(5.0)),
    Job("certificate-path-3-warm", TimesAtMost(3.3, VERIFICATION)),
    Job("trust-load-15000", MicrosecondsAtMost(1_000_000.0)),
    // "In microseconds": a few of them.
    Job("trust-lookup-15000", MicrosecondsAtMost(5.0)),
    Job("cms-sign-attached", RateAtLeast(0.8, SM3)),
    Job("cms-sign-detached", RateAtLeast(0.8, SM3)),
    Job("cms-verify-detached", RateAtLeast(0.8, SM3)),
    Job("cms-seal-sm4-gcm", RateAtLeast(0.8, SEAL)),
    Job("cms-open-sm4-gcm", RateAtLeast(0.8, OPEN)),
    Job("cms-open-sm4-gcm-twice", RateAtLeast(0.8, OPEN_TWICE)),
];

/// Every figure: asked, reached, and how it came about.
pub(crate) fn table(run: &Record) -> String {
    let mut table = format!("\n{:<38} {:>13} {:>10}\n", "certificates and CMS", "asked", "reached");
    for Job(op, asked) in JOBS {
        let (bound, figure) = match asked {
            MicrosecondsAtMost(figure) | TimesAtMost(figure, _) => ("<=", figure),
            RateAtLeast(figure, _) => (">=", figure),
        };
        let (reached, how) = match asked.reached(run, op) {
            Ok((reached, how)) => (format!("{reached:.2}"), how),
            Err(missing) => ("-".to_owned(), format!("{missing} was not measured")),
        };
        let asked = format!("{bound} {figure:.2}");
        let _ = writeln!(table, "  {op:<36} {asked:>13} {reached:>10}   {how}");
    }
    table
}

impl Asked {
    /// The figure and what it is of, or the row that is missing.
    fn reached<'a>(&self, run: &Record, op: &'a str) -> Result<(f64, String), &'a str>
    where
        'static: 'a,
    {
        let measured = |op| ours(run, op).ok_or(op);
        let this = measured(op)?;
        Ok(match *self {
            MicrosecondsAtMost(_) => (this.microseconds(), "us".to_owned()),
            TimesAtMost(_, other) => {
                let other_row = measured(other)?;
                let (this, base) = (this.microseconds(), other_row.microseconds());
                (this / base, format!("{this:.2} us : {other} {base:.2} us"))
            }
            RateAtLeast(_, other) => {
                let (this, base) = (this.megabytes(), measured(other)?.megabytes());
                (this / base, format!("{this:.0} MB/s : {other} {base:.0} MB/s"))
            }
        })
    }
}

struct Row {
    per_second: f64,
    bytes: u32,
}

impl Row {
    fn microseconds(&self) -> f64 {
        1e6 / self.per_second
    }

    fn megabytes(&self) -> f64 {
        self.per_second * f64::from(self.bytes) / 1e6
    }
}

fn ours(run: &Record, op: &str) -> Option<Row> {
    let (key, rate) = run.rows.iter().find(|(key, _)| key.op == op && key.is_ours())?;
    Some(Row { per_second: rate.median, bytes: key.size })
}

#[cfg(test)]
mod tests {
    use super::table;
    use crate::rows::Record;

    #[test]
    fn figures_are_of_the_rows_of_one_run() {
        let run = "certificate-parse,yinxin,,1,0,250000,0\nsm2-verify-one,yinxin,,1,0,30000,0\n\
                   certificate-path-3-warm,yinxin,,1,0,20000,0\n\
                   sm3-in-pieces,yinxin,,1,1073741824,0.5,0\n\
                   cms-sign-detached,yinxin,,1,1073741824,0.45,0\n";
        let run = Record::parse(run).unwrap_or_else(|error| unreachable!("{error}"));
        let table = table(&run);
        let row = |op: &str| table.lines().find(|line| line.contains(op)).unwrap_or_default();
        assert!(row("certificate-parse").contains("<= 5.00       4.00   us"), "{table}");
        assert!(row("path-3-warm").contains("<= 3.30       1.50   50.00 us"), "{table}");
        assert!(row("sign-detached").contains(">= 0.80       0.90   483 MB/s"), "{table}");
        assert!(row("sign-attached").ends_with("cms-sign-attached was not measured"), "{table}");
        assert!(row("seal-sm4-gcm").ends_with("cms-seal-sm4-gcm was not measured"), "{table}");
    }
}
