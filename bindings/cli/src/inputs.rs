//! What comes in: keys, certificates, lists, times and names as they are given on the command line.

use std::{
    io::Read,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
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
    primitives::sm2::{DistId, PrivateKey, PublicKey},
};
use zeroize::Zeroizing;

use crate::{encoding, failure::Failure, output};

/// A key, certificate, list or seal as a file: 64 MiB (a national CRL may have 10^6 entries).
const SMALL_FILE_BYTES_MAX: usize = 64 << 20;

/// A private key file and its password.
#[derive(Clone, Debug, Args)]
pub(crate) struct KeyFile {
    /// The private key: PKCS#8 (plain or encrypted), SEC1, PKCS#12, the container of CFCA, or d alone;
    /// `-` is standard input.
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
        let loaded = keys::load_private(&bytes, password.as_deref().map(Vec::as_slice));
        Ok(loaded.map_err(|error| Failure::core(&name(&self.key), error))?.key)
    }
}

/// A private or a public key.
pub(crate) enum AnyKey {
    Private(Box<PrivateKey>),
    Public(PublicKey),
}

impl AnyKey {
    /// The public key, or that of the private one.
    pub(crate) const fn public(&self) -> &PublicKey {
        match self {
            Self::Private(key) => key.public(),
            Self::Public(key) => key,
        }
    }
}

/// A key of either kind in any form, or that of a certificate, and the name of the form found.
pub(crate) fn any_key(
    path: &Path,
    password_file: Option<&Path>,
) -> Result<(AnyKey, String), Failure> {
    let bytes = Zeroizing::new(small_file(path)?);
    let password = password_file.map(password).transpose()?;
    let loaded = keys::load_private(&bytes, password.as_deref().map(Vec::as_slice));
    match (loaded, keys::load_public(&bytes)) {
        (Ok(found), _) => Ok((AnyKey::Private(Box::new(found.key)), found.form.to_string())),
        (Err(_), Ok(found)) => Ok((AnyKey::Public(found.key), found.form.to_string())),
        (Err(error), Err(_)) => Err(Failure::core(&name(path), error)),
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

/// Reads a file of modest size, or standard input where the name is `-`.
pub(crate) fn small_file(path: &Path) -> Result<Vec<u8>, Failure> {
    if is_standard(path) {
        let mut bytes = Vec::new();
        let most = u64::try_from(SMALL_FILE_BYTES_MAX).unwrap_or(u64::MAX);
        let mut limited = open(path)?.take(most.saturating_add(1));
        limited.read_to_end(&mut bytes).map_err(|error| Failure::io(&name(path), error))?;
        if bytes.len() > SMALL_FILE_BYTES_MAX {
            return Err(Failure::core(&name(path), yinxin::Error::limit("file size")));
        }
        return Ok(bytes);
    }
    output::read(path, SMALL_FILE_BYTES_MAX)
}

/// Opens a file of any size, or standard input where the name is `-`, to be read piece by piece.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read>, Failure> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if !is_standard(path) {
        let opened = std::fs::File::open(path);
        let file = opened.map_err(|error| Failure::io(&name(path), error))?;
        if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            let error = std::io::Error::new(std::io::ErrorKind::IsADirectory, "is a directory");
            return Err(Failure::io(&name(path), error));
        }
        return Ok(Box::new(file));
    }
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Err(Failure::usage(
            "standard input (-) can stand for one input only",
            "标准输入（-）只能作为一个输入",
        ));
    }
    Ok(Box::new(std::io::stdin().lock()))
}

/// Hands what `path` holds to `take`, piece by piece, in constant memory.
pub(crate) fn pieces(
    path: &Path,
    mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut input = open(path)?;
    let mut buffer = Zeroizing::new(vec![0; PIECE_BYTES]);
    loop {
        let count = match input.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::io(&name(path), error)),
        };
        take(buffer.get(..count).unwrap_or_default())?;
    }
}

/// What is read at a time: 64 KiB, which keeps the hash busy and the memory small.
const PIECE_BYTES: usize = 64 << 10;

/// Whether a file name stands for standard input or output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A file as it is called in results.
pub(crate) fn name(path: &Path) -> String {
    if is_standard(path) { "standard input".to_owned() } else { path.display().to_string() }
}

/// The signer's distinguishing identifier.
#[derive(Clone, Debug, Args)]
pub(crate) struct Identifier {
    /// The signer's identifier as text (default: 1234567812345678, as GM/T 0009 has it; "" is the
    /// empty one).
    #[arg(long, value_name = "TEXT", conflicts_with = "id_hex")]
    id: Option<String>,
    /// The signer's identifier as hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    id_hex: Option<String>,
}

impl Identifier {
    /// The identifier.
    pub(crate) fn get(&self) -> Result<DistId, Failure> {
        let id = match (&self.id, &self.id_hex) {
            (Some(text), _) => DistId::new(text.as_bytes()),
            (None, Some(digits)) => {
                let bytes = encoding::from_hex(digits.as_bytes());
                let bytes = bytes.ok_or_else(|| {
                    Failure::usage(
                        format!("--id-hex {digits}: not hexadecimal"),
                        format!("--id-hex {digits}：不是十六进制"),
                    )
                })?;
                DistId::new(&bytes)
            }
            (None, None) => Ok(DistId::DEFAULT),
        };
        id.map_err(|error| Failure::core("--id", error))
    }
}

/// All certificates of a PEM file, or the one of a DER file.
pub(crate) fn certificates(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let bytes = small_file(path)?;
    let parsed = if bytes.first() == Some(&0x30) {
        Certificate::parse(&bytes).map(|certificate| vec![certificate])
    } else {
        Certificate::parse_pem_bundle(&bytes)
    };
    parsed.map_err(|error| Failure::core(&name(path), error))
}

/// The one certificate of a file; the first where a PEM file holds a chain.
pub(crate) fn certificate(path: &Path) -> Result<Certificate, Failure> {
    certificates(path)?.into_iter().next().ok_or_else(|| {
        let error = yinxin::Error::new(yinxin::Code::BadPem);
        Failure::core(&name(path), error)
    })
}

/// A public key in any form, or that of a certificate.
pub(crate) fn public_key(path: &Path) -> Result<PublicKey, Failure> {
    let loaded = keys::load_public(&small_file(path)?);
    Ok(loaded.map_err(|error| Failure::core(&name(path), error))?.key)
}

/// A revocation list, PEM or DER.
pub(crate) fn crl(path: &Path) -> Result<Crl, Failure> {
    let bytes = small_file(path)?;
    Crl::parse_pem_or_der(&bytes).map_err(|error| Failure::core(&name(path), error))
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
