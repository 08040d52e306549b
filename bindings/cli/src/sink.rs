//! What is written piece by piece: files that are whole or absent, and standard output.
//!
//! A file is written under another name in its folder and gets its own name only when it is complete:
//! whatever fails before leaves nothing behind, and nobody reads half of a result.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{data::Long, failure::Failure, inputs};

/// Who may read a written file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody whom the process's umask allows. An existing file is replaced.
    Public,
    /// Everybody whom the process's umask allows. An existing file is never replaced.
    New,
    /// Its owner only: private keys. An existing file is never replaced.
    Owner,
}

/// A result on its way.
pub(crate) struct Sink {
    name: String,
    target: Target,
    /// What the operating system said when a write failed: the library only knows that it did.
    failed: Option<io::Error>,
    bytes: u64,
}

enum Target {
    Standard(io::Stdout),
    /// A device or a named pipe: bytes go there as they come.
    Special(File),
    File(Whole),
}

/// A file that is not there yet.
struct Whole {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
    access: Access,
    finished: bool,
}

impl Sink {
    /// Begins a file, or standard output where the name is `-`.
    pub(crate) fn new(path: &Path, access: Access) -> Result<Self, Failure> {
        if inputs::is_standard(path) {
            let (name, target) = ("standard output".to_owned(), Target::Standard(io::stdout()));
            return Ok(Self { name, target, failed: None, bytes: 0 });
        }
        let name = path.display().to_string();
        refuse_existing(path, access)?;
        let target = Target::new(path, access).map_err(|error| Failure::io(&name, error))?;
        Ok(Self { name, target, failed: None, bytes: 0 })
    }

    /// The bytes that were written.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes all of `bytes`.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.write_all(bytes);
        written.map_err(|error| Failure::io(&self.name, self.failed.take().unwrap_or(error)))
    }

    /// Gives the file its name.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        let finished = match &mut self.target {
            Target::Standard(standard) => standard.flush(),
            Target::Special(file) => file.flush(),
            Target::File(file) => file.finish(),
        };
        finished.map_err(|error| Failure::io(&self.name, error))
    }

    /// Why a call of the library failed that read `input`, called `name`, and wrote here.
    pub(crate) fn refused(
        &mut self,
        error: yinxin::Error,
        input: Option<&mut Long>,
        name: &str,
    ) -> Failure {
        if error.code() != yinxin::Code::StreamFailed {
            return Failure::core(name, error);
        }
        match (self.failed.take(), input) {
            (Some(cause), _) => Failure::io(&self.name, cause),
            (None, Some(input)) => input.refused(error, name),
            (None, None) => Failure::core(name, error),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.target {
            Target::Standard(standard) => standard.write(bytes),
            Target::Special(file) => file.write(bytes),
            Target::File(whole) => whole.file.write(bytes),
        };
        match written {
            Ok(count) => {
                self.bytes = self.bytes.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
                Ok(count)
            }
            Err(error) => {
                let kind = error.kind();
                if kind != io::ErrorKind::Interrupted {
                    self.failed = Some(error);
                }
                Err(kind.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Target {
    fn new(path: &Path, access: Access) -> io::Result<Self> {
        if is_special(path) {
            return Ok(Self::Special(OpenOptions::new().write(true).open(path)?));
        }
        // What a symbolic link leads to is replaced, not the link.
        let path = if path.is_symlink() { fs::canonicalize(path)? } else { path.to_owned() };
        let temporary = temporary_name(&path);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if access == Access::Owner {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        let file = options.open(&temporary)?;
        let whole = Whole { file, temporary, path, access, finished: false };
        if access == Access::Public
            && let Ok(replaced) = fs::metadata(&whole.path)
        {
            // Who could not read the old file cannot read the new one.
            whole.file.set_permissions(replaced.permissions())?;
        }
        Ok(Self::File(whole))
    }
}

impl Whole {
    fn finish(&mut self) -> io::Result<()> {
        // A private key must survive a crash; thousands of licences need not wait for the disk.
        if self.access == Access::Owner {
            self.file.sync_all()?;
        }
        match self.access {
            Access::Public => fs::rename(&self.temporary, &self.path)?,
            Access::Owner | Access::New => self.place()?,
        }
        self.finished = true;
        Ok(())
    }

    /// A hard link refuses to replace a file that appeared meanwhile; a rename would not. Where there
    /// are no hard links an empty file holds the place.
    fn place(&self) -> io::Result<()> {
        match fs::hard_link(&self.temporary, &self.path) {
            Ok(()) => fs::remove_file(&self.temporary),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            Err(_) => {
                OpenOptions::new().write(true).create_new(true).open(&self.path)?;
                fs::rename(&self.temporary, &self.path).inspect_err(|_| {
                    // The first error is the one to tell.
                    let _ = fs::remove_file(&self.path);
                })
            }
        }
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        if !self.finished {
            // What failed before is the error to tell.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Refuses before the work what would be refused after it: a file that is there and must stay.
pub(crate) fn refuse_existing(path: &Path, access: Access) -> Result<(), Failure> {
    let fail = |error| Err(Failure::io(&path.display().to_string(), error));
    if path.is_dir() {
        return fail(io::Error::new(io::ErrorKind::IsADirectory, "is a directory"));
    }
    if access == Access::Public || is_special(path) || fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    let text = if access == Access::Owner {
        "exists already; a private key is never overwritten"
    } else {
        "exists already; --force replaces it"
    };
    fail(io::Error::new(io::ErrorKind::AlreadyExists, text))
}

/// Writes a file, whole or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8], access: Access) -> Result<(), Failure> {
    let mut sink = Sink::new(path, access)?;
    sink.put(bytes)?;
    sink.finish()
}

/// Refuses several results in one file, of which only the last would stay, and on standard output, where
/// they would stand among what is told of them. Devices take everything.
pub(crate) fn refuse_one_place(paths: &[&Path]) -> Result<(), Failure> {
    // A file that is not there yet is known by its folder.
    let place = |path: &&Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = fs::canonicalize(folder.unwrap_or_else(|| Path::new(".")));
        let named = || Some(folder.ok()?.join(path.file_name()?));
        fs::canonicalize(path).ok().or_else(named).unwrap_or_else(|| path.to_path_buf())
    };
    let mut places: Vec<_> = paths.iter().filter(|path| !is_special(path)).map(place).collect();
    places.sort();
    let apart = places.windows(2).all(|pair| pair.first() != pair.last());
    if apart && !paths.iter().any(|path| inputs::is_standard(path)) {
        return Ok(());
    }
    Err(Failure::usage(
        "several results go to several files: name different ones, and not -",
        "多个结果需写入不同的文件：请分别指定，且不能用 -",
    ))
}

/// Writes several files, all of them or none.
pub(crate) fn write_all(files: &[(&Path, &[u8], Access)]) -> Result<(), Failure> {
    let mut sinks = Vec::new();
    for (path, bytes, access) in files {
        let mut sink = Sink::new(path, *access)?;
        sink.put(bytes)?;
        sinks.push(sink);
    }
    for (index, sink) in sinks.into_iter().enumerate() {
        sink.finish().inspect_err(|_| {
            // A file that replaced another one cannot be taken back; a new one can.
            let is_new = |(path, _, access): &&(&Path, &[u8], Access)| {
                *access != Access::Public && !is_special(path) && !inputs::is_standard(path)
            };
            for (path, ..) in files.iter().take(index).filter(is_new) {
                let _ = fs::remove_file(path);
            }
        })?;
    }
    Ok(())
}

/// Whether a file can be written at `path`, asked before long work whose result goes there.
pub(crate) fn check_writable(path: &Path, access: Access) -> Result<(), Failure> {
    Sink::new(path, access).map(drop)
}

/// Something that is there and is neither a file nor a folder: it is written to and never replaced.
pub(crate) fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

fn temporary_name(path: &Path) -> PathBuf {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(format!(".yinxin.{}-{number}.tmp", std::process::id()))
}
