//! The rows of a run: read as the harnesses print them, told as medians, written as the record.
//!
//! A row is `op,implementation,backend,batch,size,per_second,mb_per_second`, or an object of
//! `yinxin speed --json`. The record adds the slowest and the fastest of the rounds. Rates count single
//! operations or messages, also of a batch; MB are 10^6 bytes; the size of SM2 is 0.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

pub(crate) type Failure = Box<dyn std::error::Error>;

pub(crate) const HEADER: &str =
    "op,implementation,backend,batch,size,per_second,mb_per_second,slowest_round,fastest_round";

/// What a row is of, in the order of the record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) op: String,
    pub(crate) size: u32,
    pub(crate) implementation: String,
    pub(crate) backend: String,
    pub(crate) batch: u32,
}

impl Key {
    /// Ours is what `yinxin speed` told.
    pub(crate) fn is_ours(&self) -> bool {
        self.implementation == OURS
    }
}

const OURS: &str = "yinxin";

/// Operations a second: the median of the rounds, the slowest and the fastest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate {
    pub(crate) median: f64,
    slowest: f64,
    fastest: f64,
}

/// A run, or what is kept of it.
#[derive(Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) rows: BTreeMap<Key, Rate>,
}

impl Record {
    /// What the harnesses printed, all rounds one after the other; or a record. Lines that begin with `#`
    /// are comments.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let mut rounds: BTreeMap<Key, Vec<f64>> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.starts_with("op,")) {
            let row = if line.starts_with('{') { from_json(line) } else { from_csv(line) };
            let (key, rates) = row.ok_or_else(|| format!("not a row: {line}"))?;
            rounds.entry(key).or_default().extend(rates);
        }
        Ok(Self {
            rows: rounds.into_iter().filter_map(|(key, all)| Some((key, rate(all)?))).collect(),
        })
    }

    /// The same, with the fastest of the rounds for their median: what an implementation does while nobody else is
    /// at work. Others on the machine can only slow it down, and slow some more than others.
    pub(crate) fn undisturbed(&self) -> Self {
        let fastest = |rate: &Rate| Rate { median: rate.fastest, ..*rate };
        Self { rows: self.rows.iter().map(|(key, rate)| (key.clone(), fastest(rate))).collect() }
    }

    pub(crate) fn to_csv(&self) -> String {
        let mut csv = format!("{HEADER}\n");
        for (key, rate) in &self.rows {
            let Key { op, size, implementation, backend, batch } = key;
            let Rate { median, slowest, fastest } = rate;
            let megabytes = median * f64::from(*size) / 1e6;
            let _ = writeln!(
                csv,
                "{op},{implementation},{backend},{batch},{size},{},{megabytes:.1},{},{}",
                shown(*median),
                shown(*slowest),
                shown(*fastest)
            );
        }
        csv
    }

    /// The rows of an operation on messages of a size.
    pub(crate) fn of<'a>(
        &'a self,
        op: &'a str,
        size: u32,
    ) -> impl Iterator<Item = (&'a Key, f64)> + Clone {
        let wanted = move |(key, _): &(&Key, &Rate)| key.op == op && key.size == size;
        self.rows.iter().filter(wanted).map(|(key, rate)| (key, rate.median))
    }

    /// Every operation beside every implementation, the fastest first.
    pub(crate) fn table(&self) -> String {
        let mut table = String::new();
        let sections: BTreeSet<_> = self.rows.keys().map(|key| (&key.op, key.size)).collect();
        for (op, size) in sections {
            let unit = if size == 0 { "per second" } else { "MB/s" };
            let title = if size == 0 { op.clone() } else { format!("{op}, {size} B") };
            let _ = writeln!(table, "\n{title:<52} {unit:>12}");
            let scale = if size == 0 { 1.0 } else { f64::from(size) / 1e6 };
            let mut rows: Vec<_> = self.of(op, size).collect();
            rows.sort_by(|left, right| right.1.total_cmp(&left.1));
            for (key, rate) in rows {
                let batch = if key.batch == 1 { String::new() } else { format!("x {}", key.batch) };
                let name = format!("{} {}", key.implementation, key.backend);
                let _ = writeln!(table, "  {name:<42} {batch:<7} {:>12.1}", rate * scale);
            }
        }
        table
    }
}

/// What takes seconds is not done once a second: a rate of less than 100 needs more digits.
fn shown(rate: f64) -> String {
    if rate < 100.0 { format!("{rate:.4}") } else { format!("{rate:.1}") }
}

fn from_csv(line: &str) -> Option<(Key, Vec<f64>)> {
    let mut fields = line.split(',');
    let mut text = || fields.next().map(str::to_owned);
    let (op, implementation, backend) = (text()?, text()?, text()?);
    let (batch, size) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let median = fields.next()?.parse().ok()?;
    // A record has both ends after the megabytes. The median of three is the middle one.
    let ends: Result<Vec<f64>, _> = fields.skip(1).map(str::parse).collect();
    let mut rates = ends.ok()?;
    rates.push(median);
    Some((Key { op, size, implementation, backend, batch }, rates))
}

fn from_json(line: &str) -> Option<(Key, Vec<f64>)> {
    let row: serde_json::Value = serde_json::from_str(line).ok()?;
    let number = |name: &str| u32::try_from(row.get(name)?.as_u64()?).ok();
    let text = |name: &str| Some(row.get(name)?.as_str()?.to_owned());
    let key = Key {
        op: text("op")?,
        size: number("size").unwrap_or_default(),
        implementation: OURS.to_owned(),
        backend: text("backend")?,
        batch: number("batch")?,
    };
    Some((key, vec![row.get("per_second")?.as_f64()?]))
}

fn rate(mut rounds: Vec<f64>) -> Option<Rate> {
    rounds.sort_by(f64::total_cmp);
    let median = *rounds.get(rounds.len() / 2)?;
    Some(Rate { median, slowest: *rounds.first()?, fastest: *rounds.last()? })
}

#[cfg(test)]
mod tests {
    use super::Record;

    const RAW: &str = "\
# a comment
sm3,gmsm v0.43.0,,1,64,3000000.0,192.0
{\"op\":\"sm3\",\"backend\":\"avx2\",\"batch\":16,\"size\":64,\"per_second\":5e6,\"cycles\":1}
sm3,gmsm v0.43.0,,1,64,2000000.0,128.0
sm3,gmsm v0.43.0,,1,64,2500000.0,160.0
{\"op\":\"sm2-sign\",\"backend\":\"portable\",\"batch\":1,\"size\":null,\"per_second\":70000.0}
";

    #[test]
    fn a_record_tells_the_median_and_reads_as_it_was_written() {
        let record = Record::parse(RAW).unwrap_or_else(|error| unreachable!("{error}"));
        let csv = record.to_csv();
        assert!(csv.contains("sm3,gmsm v0.43.0,,1,64,2500000.0,160.0,2000000.0,3000000.0\n"));
        assert!(csv.contains("sm3,yinxin,avx2,16,64,5000000.0,320.0,5000000.0,5000000.0\n"));
        assert!(csv.contains("sm2-sign,yinxin,portable,1,0,70000.0,0.0,70000.0,70000.0\n"));
        assert_eq!(Record::parse(&csv).ok(), Some(record));
    }

    #[test]
    fn undisturbed_is_the_fastest_of_the_rounds() {
        let record = Record::parse(RAW).map(|record| record.undisturbed().to_csv());
        let csv = record.unwrap_or_default();
        assert!(
            csv.contains("sm3,gmsm v0.43.0,,1,64,3000000.0,192.0,2000000.0,3000000.0\n"),
            "{csv}"
        );
    }

    #[test]
    fn what_takes_seconds_is_told_as_exactly_as_what_does_not() {
        let record = Record::parse("cms,yinxin,,1,1073741824,0.5237,0\n");
        let csv = record.map(|record| record.to_csv()).unwrap_or_default();
        assert!(csv.contains("cms,yinxin,,1,1073741824,0.5237,562.3,0.5237,0.5237\n"), "{csv}");
    }

    #[test]
    fn what_is_not_a_row_is_an_error() {
        for line in ["sm3", "sm3,gmsm,,1,64,fast,1", "{\"op\":\"sm3\"}", "sm3,gmsm,,one,64,1,1"] {
            assert!(Record::parse(line).is_err(), "{line}");
        }
    }
}
