//! What comes in: keys, certificates, lists, times and names as they are given on the command line.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use clap::Args;
use yinxin::{
    UnixTime,
    pki::{
        crl::Crl,
        keys,
        x509::{Certificate, Evidence, Revocation},
    },
    primitives::sm2::{PrivateKey, PublicKey},
};
use zeroize::Zeroizing;

use crate::{failure::Failure, output};

/// A key, certificate, list or seal as a file: 64 MiB (a national CRL may have 10^6 entries).
const SMALL_FILE_BYTES_MAX: usize = 64 << 20;

/// A private key file and its password.
#[derive(Clone, Debug, Args)]
pub(crate) struct KeyFile {
    /// The private key: PKCS#8 (plain or encrypted) or SEC1, PEM or DER.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The file whose first line is the key's password.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_password_file: Option<PathBuf>,
}

impl KeyFile {
    /// Reads and, if need be, decrypts the key.
    pub(crate) fn load(&self) -> Result<PrivateKey, Failure> {
        let bytes = Zeroizing::new(small_file(&self.key)?);
        let password = self.key_password_file.as_deref().map(password).transpose()?;
        let password = password.as_deref().map(Vec::as_slice);
        keys::private_key_from_pem_or_der(&bytes, password)
            .map_err(|error| Failure::core(&self.key.display().to_string(), error))
    }
}

/// The first line of a password file, without its line end.
pub(crate) fn password(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let bytes = Zeroizing::new(small_file(path)?);
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        let name = path.display();
        return Err(Failure::usage(
            format!("{name}: the first line, the password, is empty"),
            format!("{name}：首行口令为空"),
        ));
    }
    Ok(Zeroizing::new(line.to_vec()))
}

/// Reads a file of modest size.
pub(crate) fn small_file(path: &Path) -> Result<Vec<u8>, Failure> {
    output::read(path, SMALL_FILE_BYTES_MAX)
}

/// All certificates of a PEM file, or the one of a DER file.
pub(crate) fn certificates(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let bytes = small_file(path)?;
    let parsed = if bytes.first() == Some(&0x30) {
        Certificate::parse(&bytes).map(|certificate| vec![certificate])
    } else {
        Certificate::parse_pem_bundle(&bytes)
    };
    parsed.map_err(|error| Failure::core(&path.display().to_string(), error))
}

/// The one certificate of a file; the first where a PEM file holds a chain.
pub(crate) fn certificate(path: &Path) -> Result<Certificate, Failure> {
    certificates(path)?.into_iter().next().ok_or_else(|| {
        let error = yinxin::Error::new(yinxin::Code::BadPem);
        Failure::core(&path.display().to_string(), error)
    })
}

/// A public key: SubjectPublicKeyInfo PEM, or that of a certificate.
pub(crate) fn public_key(path: &Path) -> Result<PublicKey, Failure> {
    let bytes = small_file(path)?;
    keys::public_key_from_pem(&bytes)
        .or_else(|error| {
            let certificate = Certificate::parse_pem_or_der(&bytes).map_err(|_| error)?;
            certificate.public_key().cloned()
        })
        .map_err(|error| Failure::core(&path.display().to_string(), error))
}

/// A revocation list, PEM or DER.
pub(crate) fn crl(path: &Path) -> Result<Crl, Failure> {
    let bytes = small_file(path)?;
    Crl::parse_pem_or_der(&bytes).map_err(|error| Failure::core(&path.display().to_string(), error))
}

/// Trust anchors, intermediate certificates, revocation lists and the time to judge at.
#[derive(Clone, Debug, Args)]
pub(crate) struct TrustFiles {
    /// Trusted certificates (PEM, any number): self-issued ones are trust anchors, the others only help
    /// to build paths.
    #[arg(long, value_name = "FILE", required = true)]
    trust: Vec<PathBuf>,
    /// Trust these certificates although another authority issued them.
    #[arg(long, value_name = "FILE")]
    trust_anchor: Vec<PathBuf>,
    /// Intermediate certificates; not trusted by themselves.
    #[arg(long, value_name = "FILE")]
    intermediate: Vec<PathBuf>,
    /// Revocation lists, PEM or DER.
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,
    /// Do not look at revocation: the check is shown as skipped. Without this, a missing or stale list
    /// leaves the answer indeterminate.
    #[arg(long)]
    no_revocation: bool,
    /// The time to judge at (default: now).
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<UnixTime>,
}

impl TrustFiles {
    /// The anchors and the evidence.
    pub(crate) fn load(&self) -> Result<(Vec<Certificate>, Evidence), Failure> {
        let (mut anchors, mut intermediates) = (Vec::new(), Vec::new());
        for file in &self.trust {
            for certificate in certificates(file)? {
                let anchor = certificate.is_self_issued();
                if anchor { &mut anchors } else { &mut intermediates }.push(certificate);
            }
        }
        for file in &self.trust_anchor {
            anchors.extend(certificates(file)?);
        }
        for file in &self.intermediate {
            intermediates.extend(certificates(file)?);
        }
        let crls = self.crl.iter().map(|file| crl(file)).collect::<Result<_, _>>()?;
        Ok((anchors, Evidence::new(intermediates, crls)))
    }

    /// The time to judge at.
    pub(crate) fn at(&self) -> Result<UnixTime, Failure> {
        self.at.map_or_else(now, Ok)
    }

    /// Whether revocation must be decided.
    pub(crate) const fn revocation(&self) -> Revocation {
        if self.no_revocation { Revocation::NotChecked } else { Revocation::Required }
    }
}

/// `jobs` threads, or one a processor.
pub(crate) fn workers(jobs: Option<u16>) -> Result<rayon::ThreadPool, Failure> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.map_or(0, usize::from))
        .build()
        .map_err(|error| Failure::io("threads", std::io::Error::other(error)))
}

/// A time as RFC 3339 or as a date (its first second in Beijing time).
pub(crate) fn time(text: &str) -> Result<UnixTime, String> {
    let full = if text.len() == 10 { format!("{text}T00:00:00+08:00") } else { text.to_owned() };
    UnixTime::parse_rfc3339(&full)
        .map_err(|_| "a time is RFC 3339, such as 2026-11-25T08:00:00+08:00, or a date".to_owned())
}

/// The machine's clock.
pub(crate) fn now() -> Result<UnixTime, Failure> {
    let wrong = || Failure::usage("the machine's clock is before 1970", "系统时钟早于 1970 年");
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(|_| wrong())?;
    let seconds = i64::try_from(since.as_secs()).map_err(|_| wrong())?;
    UnixTime::from_unix_s(seconds).map_err(|_| wrong())
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
