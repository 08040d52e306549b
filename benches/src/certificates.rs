//! Certificates: parsed, found among many anchors, judged along a path, and looked up in a list.
//!
//! Everything is made here; `sm2-verify-one` is measured beside the path, which is told in it.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use yinxin::{
    UnixTime,
    pki::{
        crl::{self, Crl, Reason},
        x509::{
            Certificate, Evidence, PathPolicy, Revocation, Role, Times, TrustStore,
            issue::{CertificateRequest, Profile, Subject, issue},
            verify_path,
        },
    },
    primitives::sm2::{DistId, PrivateKey},
};

use crate::rows::Failure;

/// Issuers in a large store.
const ANCHORS: u32 = 15_000;
/// Signers whose paths are judged.
const SIGNERS: u32 = 10_000;
/// Entries of a large list.
const ENTRIES: u32 = 100_000;

/// Prints a row for each job, which runs for so many milliseconds.
///
/// # Errors
/// If a certificate cannot be made, or a path does not pass.
pub(crate) fn run(milliseconds: &str) -> Result<(), Failure> {
    let rows = Rows { time: Duration::from_millis(milliseconds.parse()?) };
    let key = PrivateKey::generate()?;
    let root = certify("root", Profile::Root, &key, None)?;
    let authority = PrivateKey::generate()?;
    let ca = Profile::IssuingCa { path_length: 0 };
    let ca = certify("authority", ca, &authority, Some((&root, &key)))?;
    let signer = PrivateKey::generate()?;
    let issuer = Some((&ca, &authority));
    let leaf = certify("signer", Profile::Signer, &signer, issuer)?;
    rows.measure("certificate-parse", || Certificate::parse(leaf.der()).is_ok());
    verify_one(&rows, &leaf, &ca)?;
    path(&rows, (&ca, &authority), &signer, &root)?;
    anchors(&rows, &key)?;
    list(&rows, &root, &key)
}

fn certify(
    name: &str,
    profile: Profile,
    key: &PrivateKey,
    issuer: Option<(&Certificate, &PrivateKey)>,
) -> Result<Certificate, Failure> {
    let request = CertificateRequest {
        subject: Subject {
            country: "CN".into(),
            province: "江苏省".into(),
            organisation: "示例市数据局".into(),
            common_name: name.into(),
            ..Subject::default()
        },
        profile,
        public_key: key.public().clone(),
        not_before: at(0)?,
        not_after: at(4_000_000_000)?,
        serial: None,
    };
    let (certificate, signer) = issuer.unzip();
    Ok(issue(&request, certificate, signer.unwrap_or(key))?)
}

fn at(seconds: i64) -> Result<UnixTime, Failure> {
    Ok(UnixTime::from_unix_s(seconds)?)
}

/// A signature of a certificate, with a key that was parsed before.
fn verify_one(rows: &Rows, leaf: &Certificate, ca: &Certificate) -> Result<(), Failure> {
    let (signature, _) = leaf.signature()?;
    let key = ca.public_key()?;
    rows.measure("sm2-verify-one", || key.verify(leaf.tbs(), &signature, &DistId::DEFAULT).is_ok());
    Ok(())
}

/// Paths of three, each of another signer under one authority, parsed anew each time: first with a store
/// that has met the authority, then with one that has met nobody.
fn path(
    rows: &Rows,
    issuer: (&Certificate, &PrivateKey),
    signer: &PrivateKey,
    root: &Certificate,
) -> Result<(), Failure> {
    let leaf = |_| -> Result<Vec<u8>, Failure> {
        let leaf = certify("signer", Profile::Signer, signer, Some(issuer))?;
        Ok(leaf.der().to_vec())
    };
    // More than a store remembers, so that each signer is a new one.
    let leaves: Vec<_> = (0..SIGNERS).map(leaf).collect::<Result<_, _>>()?;
    let evidence = Evidence::new(vec![issuer.0.clone()], Vec::new());
    let revocation = Revocation::NotChecked;
    let policy = PathPolicy { role: Role::SealSigner, revocation, crl_grace_s: 0 };
    let times = Times::both(at(1_800_000_000)?);
    let judge = |leaf: &[u8], trust: &TrustStore| {
        let leaf = Certificate::parse(leaf);
        leaf.is_ok_and(|leaf| verify_path(&leaf, &evidence, trust, &policy, times).passed())
    };
    let mut next = leaves.iter().cycle();
    let warm = TrustStore::new(vec![root.clone()]);
    rows.measure("certificate-path-3-warm", || next.next().is_some_and(|leaf| judge(leaf, &warm)));
    rows.measure("certificate-path-3-cold", || {
        let cold = TrustStore::new(vec![root.clone()]);
        next.next().is_some_and(|leaf| judge(leaf, &cold))
    });
    Ok(())
}

fn anchors(rows: &Rows, key: &PrivateKey) -> Result<(), Failure> {
    let ders: Vec<Vec<u8>> = (0..ANCHORS)
        .map(|number| -> Result<Vec<u8>, Failure> {
            let name = format!("authority {number}");
            Ok(certify(&name, Profile::Root, key, None)?.der().to_vec())
        })
        .collect::<Result<_, Failure>>()?;
    let load = || {
        let parsed: Result<Vec<_>, _> = ders.iter().map(|der| Certificate::parse(der)).collect();
        parsed.map(TrustStore::new)
    };
    rows.measure("trust-load-15000", || load().is_ok());
    let store = load()?;
    let wanted: Vec<_> = store.anchors().take(1000).cloned().collect();
    let mut next = wanted.iter().cycle();
    rows.measure("trust-lookup-15000", || {
        next.next().is_some_and(|anchor| store.issuers_of(anchor).len() == 1)
    });
    Ok(())
}

fn list(rows: &Rows, root: &Certificate, key: &PrivateKey) -> Result<(), Failure> {
    let serials: Vec<_> = (1..=ENTRIES).map(|number| (number * 3).to_be_bytes()).collect();
    let revoked = at(1_000_000)?;
    let entries: Vec<(&[u8], _, _)> =
        serials.iter().map(|serial| (&serial[..], revoked, Reason::Superseded)).collect();
    let list = crl::make(root, &entries, revoked, at(2_000_000)?, 1, key)?;
    rows.measure("crl-parse-100000", || Crl::parse(list.der()).is_ok());
    let mut next = serials.iter().cycle();
    rows.measure("crl-lookup-100000", || {
        next.next().is_some_and(|serial| list.revoked(serial).is_some())
    });
    Ok(())
}

/// How rows are measured.
struct Rows {
    /// How long each runs.
    time: Duration,
}

impl Rows {
    /// Runs `job` for as long, at least three times, and prints how often a second it ran.
    fn measure(&self, name: &str, mut job: impl FnMut() -> bool) {
        let start = Instant::now();
        let mut count = 0_u32;
        while start.elapsed() < self.time || count < 3 {
            assert!(black_box(job()), "{name} failed");
            count += 1;
        }
        let per_second = f64::from(count) / start.elapsed().as_secs_f64();
        println!("{name},yinxin,,1,0,{per_second:.3},0");
    }
}
