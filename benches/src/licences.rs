//! The whole job on one core: licences issued and verified per second, on the files of a demonstration.
//!
//! In: the folder that `yinxin demo --out` wrote. What is measured for verifying is what a verification
//! service does for each file: read it from disk, verify, make the report.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use yinxin::{
    UnixTime,
    licence::{
        issue::{self, LicenceData, SealingKey, Template},
        seal::Seal,
        verify::Verifier,
    },
    pki::{
        crl::Crl,
        keys,
        x509::{Certificate, Evidence, TrustStore},
    },
    report::Indication,
};

use crate::rows::Failure;

/// How long each row runs.
const ROW_TIME: Duration = Duration::from_secs(3);

/// What [`run`] reads from the demonstration's folder.
struct Demonstration {
    folder: PathBuf,
    certificates: Vec<Certificate>,
    crls: Vec<Crl>,
    files: Vec<PathBuf>,
    now: UnixTime,
}

/// Prints a row for issuing and two for verifying.
///
/// # Errors
/// If the folder is not that of a demonstration, or a licence in it does not pass.
pub(crate) fn run(folder: &str) -> Result<(), Failure> {
    let demonstration = Demonstration::read(Path::new(folder))?;
    demonstration.issue()?;
    demonstration.verify_with_one_verifier()?;
    demonstration.verify_with_a_verifier_each()?;
    Ok(())
}

fn row(job: &str, count: u32, time: Duration) {
    println!("{job},yinxin,,1,0,{:.0},0", f64::from(count) / time.as_secs_f64());
}

impl Demonstration {
    fn read(folder: &Path) -> Result<Self, Failure> {
        let certificates = Certificate::parse_pem_bundle(&fs::read(folder.join("trust.pem"))?)?;
        let crl = |name| -> Result<Crl, Failure> {
            Ok(Crl::parse_pem_or_der(&fs::read(folder.join(name))?)?)
        };
        let entries = fs::read_dir(folder.join("licences"))?;
        let files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, Failure>>()?;
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            certificates,
            crls: vec![crl("root.crl")?, crl("issuing.crl")?],
            files,
            now: UnixTime::from_unix_s(i64::try_from(since.as_secs())?)?,
        })
    }

    fn verifier(&self) -> Verifier {
        let anchors = self.certificates.iter().filter(|cert| cert.is_self_issued()).cloned();
        let others = self.certificates.iter().filter(|cert| !cert.is_self_issued()).cloned();
        let evidence = Evidence::new(others.collect(), self.crls.clone());
        Verifier::new(TrustStore::new(anchors.collect())).with_evidence(evidence)
    }

    /// From a row of data to the bytes of a sealed OFD.
    fn issue(&self) -> Result<(), Failure> {
        let read = |name| fs::read(self.folder.join(name));
        let seal = Seal::parse(&read("department.esl")?)?;
        let certificate = Certificate::parse_pem_or_der(&read("department.pem")?)?;
        let signer = keys::private_key_from_pem(&read("department.key")?, None)?;
        let key = SealingKey {
            seal: &seal,
            certificate: &certificate,
            signer: &signer,
            time_stamps: None,
        };
        let templates = Template::built_in();
        let rows = include_str!("../../bindings/cli/demo/licences.csv");
        let mut lines = rows.lines();
        let header = lines.next().ok_or("no header")?;
        let data: Vec<LicenceData> = lines
            .map(|line| LicenceData::from_fields(header.split(',').zip(line.split(','))))
            .collect::<Result<_, _>>()?;
        let start = Instant::now();
        let mut count = 0;
        for data in data.iter().cycle() {
            let template = Template::choose(&templates, data).ok_or("no template")?;
            issue::issue(data, template, &key, self.now)?;
            count += 1;
            if start.elapsed() > ROW_TIME {
                break;
            }
        }
        row("licence-issue", count, start.elapsed());
        Ok(())
    }

    fn verify_with_one_verifier(&self) -> Result<(), Failure> {
        let verifier = self.verifier();
        self.verify("licence-verify", || &verifier)
    }

    /// What a caller pays who keeps nothing from one file to the next.
    fn verify_with_a_verifier_each(&self) -> Result<(), Failure> {
        self.verify("licence-verify-alone", || self.verifier())
    }

    fn verify<V: std::borrow::Borrow<Verifier>>(
        &self,
        job: &str,
        verifier: impl Fn() -> V,
    ) -> Result<(), Failure> {
        let start = Instant::now();
        let mut count = 0;
        for file in self.files.iter().cycle() {
            let report = verifier().borrow().report(fs::read(file)?, None, self.now)?;
            if report.indication != Indication::Passed {
                return Err(format!("{}: not passed", file.display()).into());
            }
            count += 1;
            if start.elapsed() > ROW_TIME {
                break;
            }
        }
        row(job, count, start.elapsed());
        Ok(())
    }
}
