//! The figures that yinxin sets itself: a ratio to a peer, asked and reached.
//!
//! What no registry offers was measured on another machine ([`ELSEWHERE`]). Its figure is scaled by what a
//! yardstick, a peer that both have, does here over what it does there: gmsm for SM2, libgcrypt for SM3
//! (the same assembly since 1.10), OpenSSL 4 for SM4 (scalar C in both).

use std::fmt::Write as _;

use crate::rows::{Failure, Key, Record};

const ELSEWHERE: &str = include_str!("../zen4.csv");

/// How many at once.
#[derive(Clone, Copy)]
enum Batch {
    One,
    Many,
}
use Batch::{Many, One};

/// Whose figure it is to be: the beginning of its name.
#[derive(Clone, Copy)]
enum Peer {
    /// In the same run.
    Here(&'static str),
    /// On the other machine.
    Scaled(&'static str),
}
use Peer::{Here, Scaled};

/// What is measured, the size of a message, how many at once, the ratio asked, and the peers, of which the
/// fastest counts.
struct Figure(&'static str, u32, Batch, f64, &'static [Peer]);

const GMSM: &[Peer] = &[Here("gmsm")];
const OPENSSL: &[Peer] = &[Here("OpenSSL 4")];
const RUST_CRYPTO: &[Peer] = &[Here("RustCrypto")];
const GCRYPT_SM3: &[Peer] = &[Here("libgcrypt 1.10")];
const GCRYPT: &[Peer] = &[Here("libgcrypt 1.10"), Scaled("libgcrypt 1.12")];
const CRYPTO_MB: &[Peer] = &[Scaled("crypto_mb")];
const IPPCP: &[Peer] = &[Scaled("ippcp")];
const GMSSL: &[Peer] = &[Scaled("GmSSL")];
const VERIFIERS: &[Peer] = &[Here("gmsm"), Scaled("GmSSL"), Scaled("openHiTLS")];
const CHAINS: &[Peer] = &[Here("libgcrypt 1.10"), Scaled("libgcrypt 1.12"), Scaled("openHiTLS")];

const KIB: u32 = 1024;

const FIGURES: &[Figure] = &[
    Figure("sm2-sign", 0, One, 3.5, GMSM),
    Figure("sm2-sign", 0, One, 1.0, GMSSL),
    Figure("sm2-sign", 0, Many, 10.0, GMSM),
    Figure("sm2-sign", 0, Many, 1.0, CRYPTO_MB),
    Figure("sm2-keygen", 0, Many, 5.0, GMSM),
    Figure("sm2-keygen", 0, Many, 1.0, CRYPTO_MB),
    Figure("sm2-verify", 0, One, 1.35, VERIFIERS),
    Figure("sm2-verify-prepared", 0, One, 6.0, VERIFIERS),
    Figure("sm2-verify", 0, Many, 5.0, GMSM),
    Figure("sm2-verify", 0, Many, 1.0, CRYPTO_MB),
    Figure("sm2-verify-prepared", 0, Many, 15.0, GMSM),
    Figure("sm2-decrypt", 0, One, 1.3, GMSM),
    Figure("sm2-decrypt", 0, Many, 5.0, GMSM),
    Figure("sm2-encrypt", 0, One, 1.4, GMSM),
    Figure("sm2-encrypt", 0, Many, 5.0, GMSM),
    Figure("sm2-encrypt-prepared", 0, One, 12.0, GMSM),
    Figure("sm2-encrypt-prepared", 0, Many, 12.0, GMSM),
    Figure("sm3", 16 * KIB, One, 1.03, GCRYPT_SM3),
    Figure("sm3", KIB, Many, 7.0, GCRYPT_SM3),
    Figure("sm3", 16 * KIB, Many, 7.0, GCRYPT_SM3),
    Figure("sm3", 16 * KIB, Many, 1.0, CRYPTO_MB),
    Figure("sm4-ecb", 16 * KIB, One, 37.0, OPENSSL),
    Figure("sm4-ecb", 16 * KIB, One, 1.0, IPPCP),
    Figure("sm4-cbc-decrypt", 16 * KIB, One, 37.0, OPENSSL),
    Figure("sm4-cbc-decrypt", 16 * KIB, One, 1.0, IPPCP),
    Figure("sm4-ctr", 16 * KIB, One, 44.0, OPENSSL),
    Figure("sm4-ctr", 16 * KIB, One, 1.0, IPPCP),
    Figure("sm4-xts", 16 * KIB, One, 2.0, GCRYPT),
    Figure("sm4-gcm", KIB, One, 1.7, GCRYPT),
    Figure("sm4-gcm", 16 * KIB, One, 2.0, GCRYPT),
    Figure("sm4-cbc-encrypt", 16 * KIB, One, 1.5, CHAINS),
    Figure("sm4-ccm", 16 * KIB, One, 1.9, GCRYPT),
    Figure("sm4-cbc-encrypt", 16 * KIB, Many, 2.0, CRYPTO_MB),
];

/// What runs where there is no AVX-512: never slower than gmsm, which uses none.
const AVX2: &[Figure] = &[
    Figure("sm2-sign", 0, One, 1.0, GMSM),
    Figure("sm2-verify", 0, One, 1.0, GMSM),
    Figure("sm2-keygen", 0, One, 1.0, GMSM),
    Figure("sm2-keygen", 0, Many, 1.0, GMSM),
    Figure("sm2-encrypt", 0, One, 1.0, GMSM),
    Figure("sm2-decrypt", 0, One, 1.0, GMSM),
    Figure("sm3", 16 * KIB, One, 1.0, GMSM),
    Figure("sm4-ecb", 16 * KIB, One, 1.0, GMSM),
    Figure("sm4-cbc-encrypt", 16 * KIB, One, 1.0, GMSM),
    Figure("sm4-cbc-decrypt", 16 * KIB, One, 1.0, GMSM),
    Figure("sm4-ctr", 16 * KIB, One, 1.0, GMSM),
    Figure("sm4-gcm", 16 * KIB, One, 1.0, GMSM),
    Figure("sm4-ccm", 16 * KIB, One, 1.0, GMSM),
    Figure("sm4-xts", 16 * KIB, One, 1.0, GMSM),
];

/// What runs everywhere: never slower than portable Rust that looks its S-box up in a table.
const PORTABLE: &[Figure] = &[
    Figure("sm2-sign", 0, One, 1.0, RUST_CRYPTO),
    Figure("sm2-verify", 0, One, 1.0, RUST_CRYPTO),
    Figure("sm2-keygen", 0, One, 1.0, RUST_CRYPTO),
    Figure("sm2-encrypt", 0, One, 1.0, RUST_CRYPTO),
    Figure("sm2-decrypt", 0, One, 1.0, RUST_CRYPTO),
    Figure("sm3", 16 * KIB, One, 1.0, RUST_CRYPTO),
    Figure("sm4-ecb", 64, One, 1.0, RUST_CRYPTO),
    Figure("sm4-ecb", 16 * KIB, One, 1.0, RUST_CRYPTO),
    Figure("sm4-cbc-decrypt", 16 * KIB, One, 1.0, RUST_CRYPTO),
    Figure("sm4-ctr", 16 * KIB, One, 1.0, RUST_CRYPTO),
    Figure("sm4-gcm", 16 * KIB, One, 1.0, RUST_CRYPTO),
];

/// Every figure: asked, reached by the medians of the rounds, and beside what; and reached by the fastest of
/// them, which are of moments in which others on the machine disturbed least. What was measured elsewhere is
/// known by its medians.
pub(crate) fn table(run: &Record) -> Result<String, Failure> {
    let elsewhere = Record::parse(ELSEWHERE)?;
    let undisturbed = run.undisturbed();
    let mut table = String::new();
    for (title, figures, backends) in [
        ("ours, fastest backend", FIGURES, &[][..]),
        ("ours, no AVX-512", AVX2, &["portable", "aes", "avx2"]),
        ("ours, portable", PORTABLE, &["portable"]),
    ] {
        let _ = writeln!(table, "\n{title:<38} {:>6} {:>8} {:>8}", "asked", "reached", "fastest");
        for figure in figures {
            let (reached, how) = figure.reached(backends, run, &elsewhere);
            let (fastest, _) = figure.reached(backends, &undisturbed, &elsewhere);
            let (what, asked) = (figure.what(), figure.3);
            let _ = writeln!(table, "  {what:<36} {asked:>6.2} {reached:>8} {fastest:>8}   {how}");
        }
    }
    Ok(table)
}

impl Figure {
    fn what(&self) -> String {
        let batch = match self.2 {
            One => "",
            Many => ", many",
        };
        match self.1 {
            0 => format!("{}{batch}", self.0),
            size => format!("{}, {size} B{batch}", self.0),
        }
    }

    /// The ratio, and what it is of. No `backends` are all of them.
    fn reached(&self, backends: &[&str], run: &Record, elsewhere: &Record) -> (String, String) {
        let Some((key, ours)) = self.ours(backends, run) else {
            return ("-".to_owned(), "ours was not measured".to_owned());
        };
        let batch = if key.batch == 1 { String::new() } else { format!(" x {}", key.batch) };
        let ours_shown = format!("{}{batch} {}", key.backend, self.shown(ours));
        let peers = self.4.iter().map(|&peer| self.peer(peer, run, elsewhere));
        match peers.collect::<Result<Vec<_>, _>>() {
            Err(missing) => ("-".to_owned(), format!("{ours_shown}; {missing} was not measured")),
            Ok(mut peers) => {
                peers.sort_by(|left, right| right.0.total_cmp(&left.0));
                let fastest = peers.first().map_or(f64::NAN, |peer| peer.0);
                let peers: Vec<_> = peers.into_iter().map(|peer| peer.1).collect();
                (format!("{:.2}", ours / fastest), format!("{ours_shown} : {}", peers.join(", ")))
            }
        }
    }

    fn ours<'a>(&'a self, backends: &[&str], run: &'a Record) -> Option<(&'a Key, f64)> {
        let counts = |key: &Key| {
            let batch = match self.2 {
                One => key.batch == 1,
                Many => key.batch > 1,
            };
            let backend = backends.is_empty() || backends.contains(&key.backend.as_str());
            key.is_ours() && batch && backend
        };
        let rows = run.of(self.0, self.1).filter(|(key, _)| counts(key));
        rows.max_by(|left, right| left.1.total_cmp(&right.1))
    }

    /// The rate of a peer and how it came about, or who has none.
    fn peer(
        &self,
        peer: Peer,
        run: &Record,
        there: &Record,
    ) -> Result<(f64, String), &'static str> {
        let op = self.0.trim_end_matches("-prepared");
        let (size, missing) = (self.1, |name| move || name);
        match peer {
            Here(name) => {
                let rate = theirs(run, name, op, size).ok_or_else(missing(name))?;
                Ok((rate, format!("{name} {}", self.shown(rate))))
            }
            Scaled(name) => {
                let rate = theirs(there, name, op, size).ok_or_else(missing(name))?;
                let (yardstick, by) = yardstick(op);
                let base = theirs(there, yardstick, by, size).ok_or_else(missing(yardstick))?;
                let here = theirs(run, yardstick, by, size).ok_or_else(missing(yardstick))?;
                let factor = here / base;
                let how = format!("{name} {} on Zen 4 x {factor:.2}", self.shown(rate));
                Ok((rate * factor, how))
            }
        }
    }

    fn shown(&self, rate: f64) -> String {
        match self.1 {
            0 => format!("{rate:.0}/s"),
            size => format!("{:.0} MB/s", rate * f64::from(size) / 1e6),
        }
    }
}

/// By whom and by which operation a figure of the other machine is scaled. gmsm's signing is another code
/// there than here, its key generation is not, and both are one multiplication of the base point.
fn yardstick(op: &str) -> (&'static str, &str) {
    match op {
        "sm2-sign" => ("gmsm", "sm2-keygen"),
        "sm3" => ("libgcrypt", op),
        _ if op.starts_with("sm2") => ("gmsm", op),
        _ => ("OpenSSL 4", op),
    }
}

/// The rate of the implementation whose name begins so, of any batch, as each measures what it has.
fn theirs(record: &Record, name: &str, op: &str, size: u32) -> Option<f64> {
    let rows = record.of(op, size).filter(|(key, _)| key.implementation.starts_with(name));
    rows.map(|(_, rate)| rate).max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::{AVX2, ELSEWHERE, FIGURES, PORTABLE, Scaled, table, theirs, yardstick};
    use crate::rows::Record;

    fn parse(text: &str) -> Record {
        Record::parse(text).unwrap_or_else(|error| unreachable!("{error}"))
    }

    #[test]
    fn every_figure_from_elsewhere_has_its_yardstick() {
        let elsewhere = parse(ELSEWHERE);
        for figure in FIGURES.iter().chain(AVX2).chain(PORTABLE) {
            let op = figure.0.trim_end_matches("-prepared");
            for peer in figure.4 {
                if let Scaled(name) = *peer {
                    let (yardstick, by) = yardstick(op);
                    assert!(theirs(&elsewhere, name, op, figure.1).is_some(), "{op}, {name}");
                    assert!(theirs(&elsewhere, yardstick, by, figure.1).is_some(), "{by}");
                }
            }
        }
    }

    #[test]
    fn a_figure_is_the_ratio_to_the_fastest_peer() {
        let run = "\
sm4-ecb,yinxin,avx512,1,16384,250000,0
sm4-ecb,yinxin,avx512,1,16384,100000,0
sm4-ecb,yinxin,avx512,1,16384,270000,0
sm4-ecb,OpenSSL 4.0.3,,1,16384,10000,0
";
        let table = table(&parse(run)).unwrap_or_else(|error| unreachable!("{error}"));
        let mut rows = table.lines().filter(|line| line.contains("sm4-ecb, 16384 B"));
        assert!(rows.next().is_some_and(|row| row.contains(" 25.00    27.00 ")), "{table}");
        // 250000 / (212219 x 10000 / 8545)
        assert!(rows.next().is_some_and(|row| row.contains("  1.01     1.09 ")), "{table}");
        assert!(table.contains("3.50        -        -   ours was not measured"), "{table}");
    }
}
