//! What comes in: keys, certificates, lists, times and names as they are given on the command line.

use std::{
    fs::{File, Metadata},
    io::{self, Read, Seek as _, StdinLock},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::SystemTime,
};

use clap::Args;
use yinxin::{
    Code, Error, UnixTime,
    pki::{
        cms::{self, SignWith},
        crl::Crl,
        keys, pem,
        pkcs12::{self, Legacy},
        x509::{Certificate, KeyUsage},
    },
    primitives::sm2::{DistId, PrivateKey, PublicKey},
};
use zeroize::Zeroizing;

use crate::{encoding, failure::Failure, output};

/// A key, certificate, list or seal as a file: 64 MiB (a national CRL may have 10^6 entries).
pub(crate) const SMALL_FILE_BYTES_MAX: usize = 64 << 20;

/// A private key file and its password.
#[derive(Clone, Debug, Args)]
pub(crate) struct KeyFile {
    /// The private key: PKCS#8 (plain or encrypted), SEC1, PKCS#12, the container of CFCA, or d alone;
    /// `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    #[command(flatten)]
    pub(crate) opening: Opening,
}

impl KeyFile {
    /// Reads and, if need be, decrypts the key.
    pub(crate) fn load(&self) -> Result<PrivateKey, Failure> {
        self.opening.load(&self.key)
    }

    /// The same of a key that must be that of `certificate`.
    pub(crate) fn load_of(&self, certificate: &Certificate) -> Result<PrivateKey, Failure> {
        must_belong(self.load()?, certificate, &self.key)
    }
}

/// `key`, which was read from `path`, if it is that of `certificate`.
fn must_belong(
    key: PrivateKey,
    certificate: &Certificate,
    path: &Path,
) -> Result<PrivateKey, Failure> {
    if certificate.public_key().ok() == Some(key.public()) {
        return Ok(key);
    }
    Err(Failure::core(&name(path), Error::new(Code::KeyMismatch).field("key")))
}

/// How a private key is opened.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Opening {
    /// The file whose first line is the key's password.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_password_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) legacy: LegacyFlag,
}

impl Opening {
    /// Reads the key in `path`.
    pub(crate) fn load(&self, path: &Path) -> Result<PrivateKey, Failure> {
        Ok(private_key(path, self.key_password_file.as_deref(), self.legacy)?.0)
    }
}

/// Whether broken encryption is opened.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct LegacyFlag {
    /// Also open keys whose encryption is broken today (DES, Triple DES, RC2): write them anew after.
    #[arg(long)]
    legacy: bool,
}

/// A private key, and the name of the form in which it was found.
pub(crate) fn private_key(
    path: &Path,
    password_file: Option<&Path>,
    legacy: LegacyFlag,
) -> Result<(PrivateKey, String), Failure> {
    let bytes = Zeroizing::new(small_file(path)?);
    let password = password_file.map(password).transpose()?;
    let loaded = load_private(&bytes, password.as_deref().map(Vec::as_slice), legacy);
    loaded.map_err(|error| Failure::core(&name(path), error))
}

fn load_private(
    bytes: &[u8],
    password: Option<&[u8]>,
    legacy: LegacyFlag,
) -> Result<(PrivateKey, String), Error> {
    let error = match keys::load_private(bytes, password) {
        Ok(found) => return Ok((found.key, found.form.to_string())),
        Err(error) => error,
    };
    let (true, Some(password), Code::LegacyEncryption) = (legacy.legacy, password, error.code())
    else {
        return Err(error);
    };
    if !pkcs12::is_pkcs12(bytes) {
        let key = keys::private_key_from_encrypted(bytes, password, Legacy::Allowed)?;
        return Ok((key, "encrypted PKCS#8, legacy".to_owned()));
    }
    let mut keys = pkcs12::open(bytes, password, Legacy::Allowed)?.keys.into_iter();
    match (keys.next(), keys.next()) {
        (Some(key), None) => Ok((key.key, "PKCS#12, legacy".to_owned())),
        (None, _) => Err(Error::new(Code::WrongKeyKind).field("PKCS#12 without an SM2 key")),
        (Some(_), Some(_)) => {
            Err(Error::new(Code::WrongKeyKind).field("PKCS#12 with several SM2 keys"))
        }
    }
}

/// One signer or several.
#[derive(Clone, Debug, Args)]
pub(crate) struct Signers {
    /// A signer's certificate, with further ones to go inside behind it. Repeatable, each with its --key.
    #[arg(long, value_name = "FILE", required = true)]
    cert: Vec<PathBuf>,
    /// The signer's private key, in the order of the certificates; `-` is standard input.
    #[arg(long, value_name = "FILE", required = true)]
    key: Vec<PathBuf>,
    /// The file whose first line is the key's password: one for all keys, or one for each.
    #[arg(long, value_name = "FILE")]
    key_password_file: Vec<PathBuf>,
    #[command(flatten)]
    legacy: LegacyFlag,
}

/// A certificate and its key.
pub(crate) struct Signer {
    pub(crate) certificate: Certificate,
    pub(crate) key: PrivateKey,
}

impl Signer {
    pub(crate) fn with(&self) -> SignWith<'_> {
        SignWith { certificate: &self.certificate, key: &self.key }
    }
}

impl Signers {
    /// The signers in their order, and the further certificates.
    pub(crate) fn load(&self) -> Result<(Vec<Signer>, Vec<Certificate>), Failure> {
        let passwords = self.key_password_file.len();
        if self.cert.len() != self.key.len() || (passwords > 1 && passwords != self.key.len()) {
            return Err(Failure::usage(
                "each --cert needs its --key, and --key-password-file is given once or for each key",
                "每个 --cert 需有对应的 --key；--key-password-file 只给一次，或每个密钥各给一次",
            ));
        }
        let (mut signers, mut further) = (Vec::new(), Vec::new());
        for (index, (file, key)) in self.cert.iter().zip(&self.key).enumerate() {
            let (certificate, chain) = certificate_and_chain(file)?;
            further.extend(chain);
            let password = self.key_password_file.get(index).or(self.key_password_file.first());
            let (loaded, _) = private_key(key, password.map(PathBuf::as_path), self.legacy)?;
            let key = must_belong(loaded, &certificate, key)?;
            signers.push(Signer { certificate, key });
        }
        Ok((signers, further))
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
    legacy: LegacyFlag,
) -> Result<(AnyKey, String), Failure> {
    let bytes = Zeroizing::new(small_file(path)?);
    let password = password_file.map(password).transpose()?;
    let loaded = load_private(&bytes, password.as_deref().map(Vec::as_slice), legacy);
    match (loaded, keys::load_public(&bytes)) {
        (Ok((key, found)), _) => Ok((AnyKey::Private(Box::new(key)), found)),
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
            return Err(Failure::core(&name(path), Error::limit("file size")));
        }
        return Ok(bytes);
    }
    output::read(path, SMALL_FILE_BYTES_MAX)
}

/// The DER in a file of modest size, out of the first block of PEM where it is that.
pub(crate) fn structure(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = small_file(path)?;
    if !pem::is_pem(&bytes) {
        return Ok(bytes);
    }
    let blocks = pem::blocks(&bytes).map_err(|error| Failure::core(&name(path), error))?;
    Ok(blocks.into_iter().next().map(|block| block.der.to_vec()).unwrap_or_default())
}

/// An input that was opened.
pub(crate) enum Input {
    /// A file, or standard input where that is one.
    File(File),
    /// Standard input otherwise.
    Standard(StdinLock<'static>),
}

impl Input {
    /// How many bytes of a plain file are still to be read. `None` for what cannot be read a second
    /// time.
    pub(crate) fn length(&mut self) -> Option<u64> {
        let Self::File(file) = self else { return None };
        let metadata = file.metadata().ok().filter(Metadata::is_file)?;
        metadata.len().checked_sub(file.stream_position().ok()?)
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Standard(input) => input.read(buffer),
        }
    }
}

/// Opens a file of any size, or standard input where the name is `-`, to be read piece by piece.
pub(crate) fn open(path: &Path) -> Result<Input, Failure> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let fail = |error| Failure::io(&name(path), error);
    let file = if is_standard(path) {
        if TAKEN.swap(true, Ordering::Relaxed) {
            return Err(Failure::usage(
                "standard input (-) can stand for one input only",
                "标准输入（-）只能作为一个输入",
            ));
        }
        match standard_file() {
            Some(file) => file,
            None => return Ok(Input::Standard(io::stdin().lock())),
        }
    } else {
        File::open(path).map_err(fail)?
    };
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(fail(io::Error::new(io::ErrorKind::IsADirectory, "is a directory")));
    }
    Ok(Input::File(file))
}

/// Standard input, where it is a file or a folder: `< FILE`.
#[cfg(unix)]
fn standard_file() -> Option<File> {
    let own = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned().ok()?;
    let file = File::from(own);
    let metadata = file.metadata().ok()?;
    (metadata.is_file() || metadata.is_dir()).then_some(file)
}

#[cfg(not(unix))]
const fn standard_file() -> Option<File> {
    None
}

/// Hands what `path` holds to `take`, piece by piece, in constant memory.
pub(crate) fn pieces(
    path: &Path,
    mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    pieces_of(open(path)?, &name(path), &mut take)
}

/// The same of an input that was opened, called `name`.
pub(crate) fn pieces_of(
    mut input: Input,
    name: &str,
    take: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut buffer = Zeroizing::new(vec![0; PIECE_BYTES]);
    loop {
        let count = match input.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::io(name, error)),
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

/// All certificates of a file, at least one, in whatever wrapping they came.
pub(crate) fn certificates(path: &Path) -> Result<Vec<Certificate>, Failure> {
    let loaded = Certificate::load(&small_file(path)?);
    loaded.map_err(|error| Failure::core(&name(path), error))
}

/// The one certificate of a file; the first where it holds a chain.
pub(crate) fn certificate(path: &Path) -> Result<Certificate, Failure> {
    Ok(certificate_and_chain(path)?.0)
}

/// The first certificate of a file, and the others in it.
pub(crate) fn certificate_and_chain(
    path: &Path,
) -> Result<(Certificate, Vec<Certificate>), Failure> {
    let mut all = certificates(path)?.into_iter();
    let first = all.next().ok_or_else(|| Failure::core(&name(path), Code::BadPem.into()))?;
    Ok((first.clone(), all.filter(|other| *other != first).collect()))
}

/// The certificate of an authority that may use its key so: what others sign, nobody accepts.
pub(crate) fn authority(path: &Path, usage: KeyUsage) -> Result<Certificate, Failure> {
    let certificate = certificate(path)?;
    let is_authority = certificate.basic_constraints().is_some_and(|it| it.ca);
    if is_authority && certificate.key_usage().is_none_or(|it| it.allows_any_of(usage)) {
        return Ok(certificate);
    }
    let name = name(path);
    Err(Failure::usage(
        format!("{name}: not an authority's certificate, or not one for {usage}"),
        format!("{name}：不是 CA 证书，或其密钥用法不含 {usage}"),
    ))
}

/// The certificates of recipients. One that is not for encryption is remarked on: of two certificates of
/// a holder the wrong one was taken, and he may be unable to open what he gets.
pub(crate) fn recipients(
    paths: &[PathBuf],
    output: &output::Output,
) -> Result<Vec<Certificate>, Failure> {
    let encrypts = KeyUsage::KEY_ENCIPHERMENT.with(KeyUsage::DATA_ENCIPHERMENT);
    let encrypts = encrypts.with(KeyUsage::KEY_AGREEMENT);
    let load = |path: &PathBuf| {
        let (name, certificate) = (name(path), certificate(path)?);
        if let Err(error) = certificate.public_key() {
            return Err(Failure::core(&name, error));
        }
        let usage = certificate.key_usage().filter(|it| !it.allows_any_of(encrypts));
        if let (Some(usage), false) = (usage, output.json) {
            let text = output.pick("not a certificate for encryption", "不是加密证书");
            output.note(&format!("yinxin: {name}: {text} ({usage})"));
        }
        Ok(certificate)
    };
    paths.iter().map(load).collect()
}

/// All certificates of all these files.
pub(crate) fn all_certificates(paths: &[PathBuf]) -> Result<Vec<Certificate>, Failure> {
    let all = paths.iter().map(|file| certificates(file)).collect::<Result<Vec<_>, _>>()?;
    Ok(all.into_iter().flatten().collect())
}

/// A public key in any form, or that of a certificate.
pub(crate) fn public_key(path: &Path) -> Result<PublicKey, Failure> {
    public_key_in(&small_file(path)?, path)
}

/// The same of `bytes`, which were read from `path`.
pub(crate) fn public_key_in(bytes: &[u8], path: &Path) -> Result<PublicKey, Failure> {
    let loaded = keys::load_public(bytes);
    Ok(loaded.map_err(|error| Failure::core(&name(path), error))?.key)
}

/// A revocation list, PEM or DER.
pub(crate) fn crl(path: &Path) -> Result<Crl, Failure> {
    let bytes = small_file(path)?;
    Crl::parse_pem_or_der(&bytes).map_err(|error| Failure::core(&name(path), error))
}

/// `jobs` threads, or one a processor.
pub(crate) fn workers(jobs: Option<u16>) -> Result<rayon::ThreadPool, Failure> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.map_or(0, usize::from))
        .build()
        .map_err(|error| Failure::io("threads", io::Error::other(error)))
}

/// Refuses what is no dotted object identifier.
pub(crate) fn object_identifier(option: &str, text: &str) -> Result<(), Failure> {
    cms::object_identifier(text).map(drop).map_err(|_| {
        Failure::usage(
            format!("{option} {text}: not an object identifier, such as 1.2.156.1"),
            format!("{option} {text}：不是对象标识符，例如 1.2.156.1"),
        )
    })
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

/// A serial number without leading zero bytes, as lists give it.
#[derive(Clone, Debug)]
pub(crate) struct Serial(pub(crate) Vec<u8>);

/// Reads a serial number in hexadecimal.
pub(crate) fn serial(text: &str) -> Result<Serial, String> {
    let even = if text.len().is_multiple_of(2) { text.to_owned() } else { format!("0{text}") };
    let bytes = encoding::from_hex(even.as_bytes());
    let bytes = bytes.ok_or_else(|| format!("{text}: a serial number is hexadecimal"))?;
    Ok(Serial(significant(&bytes)))
}

/// A number without its leading zero bytes.
pub(crate) fn significant(number: &[u8]) -> Vec<u8> {
    number.iter().copied().skip_while(|&byte| byte == 0).collect()
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
