//! Data of any length: read whole where it is short, else piece by piece.
//!
//! What is short is worked on in one go, so that nothing comes out before all of it was looked at. What
//! is long goes by in constant memory; from a file it can be read twice.

use std::{
    io::{self, Cursor, Read, Seek, SeekFrom},
    path::Path,
};

use yinxin::{limits::CMS_BYTES_MAX, pki::pem};
use zeroize::Zeroizing;

use crate::{
    failure::Failure,
    inputs::{self, Input, SMALL_FILE_BYTES_MAX},
};

/// What was read of an input.
pub(crate) enum Data {
    /// All of it: at most [`CMS_BYTES_MAX`] bytes.
    Short(Zeroizing<Vec<u8>>),
    /// More than that, to be read.
    Long(Long),
}

/// An input that is too long to be held in memory.
pub(crate) struct Long {
    source: Source,
    /// How many bytes it has, where that is known beforehand.
    pub(crate) length: Option<u64>,
    /// What the operating system said when a read failed: the library only knows that it did.
    failed: Option<io::Error>,
}

enum Source {
    /// A file, or text that was decoded: it can be read again.
    Again(Box<dyn ReadSeek>),
    /// A pipe.
    Once(Box<dyn Read>),
}

trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

impl Data {
    /// Reads `path`, or standard input where it is `-`.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let name = inputs::name(path);
        let fail = |error| Failure::io(&name, error);
        let mut input = inputs::open(path)?;
        let most = u64::try_from(CMS_BYTES_MAX).unwrap_or(u64::MAX);
        let length = input.length().filter(|length| *length > most);
        let mut input = match input {
            Input::File(file) if length.is_some() => {
                let source = Source::Again(Box::new(file));
                return Ok(Self::Long(Long { source, length, failed: None }));
            }
            input @ (Input::File(_) | Input::Standard(_)) => input,
        };
        let mut start = Zeroizing::new(Vec::new());
        input.by_ref().take(most.saturating_add(1)).read_to_end(&mut start).map_err(fail)?;
        if start.len() <= CMS_BYTES_MAX {
            return Ok(Self::Short(start));
        }
        let source = Source::Once(Box::new(Cursor::new(start).chain(input)));
        Ok(Self::Long(Long { source, length: None, failed: None }))
    }

    /// As [`read`](Self::read), out of PEM where it is that: then at most [`SMALL_FILE_BYTES_MAX`].
    pub(crate) fn structure(path: &Path) -> Result<Self, Failure> {
        let name = inputs::name(path);
        let text = match Self::read(path)? {
            Self::Short(bytes) if pem::is_pem(&bytes) => bytes,
            Self::Short(bytes) => return Ok(Self::Short(bytes)),
            Self::Long(mut long) => {
                if long.start(PEM.len()) != PEM {
                    return Ok(Self::Long(long));
                }
                let mut text = Zeroizing::new(Vec::new());
                let most = u64::try_from(SMALL_FILE_BYTES_MAX).unwrap_or(u64::MAX);
                let read = long.take(most.saturating_add(1)).read_to_end(&mut text);
                read.map_err(|error| Failure::io(&name, error))?;
                if text.len() > SMALL_FILE_BYTES_MAX {
                    return Err(Failure::core(&name, yinxin::Error::limit("PEM size")));
                }
                text
            }
        };
        let blocks = pem::blocks(&text).map_err(|error| Failure::core(&name, error))?;
        let der = blocks.into_iter().next().map(|block| block.der).unwrap_or_default();
        if der.len() <= CMS_BYTES_MAX {
            return Ok(Self::Short(der));
        }
        let length = u64::try_from(der.len()).ok();
        let source = Source::Again(Box::new(Cursor::new(der)));
        Ok(Self::Long(Long { source, length, failed: None }))
    }
}

impl Data {
    /// Its first bytes.
    pub(crate) fn start(&mut self, bytes: usize) -> Vec<u8> {
        match self {
            Self::Short(all) => all.iter().take(bytes).copied().collect(),
            Self::Long(long) => long.start(bytes),
        }
    }
}

impl Long {
    /// Whether it can be read a second time.
    pub(crate) const fn can_be_read_again(&self) -> bool {
        matches!(self.source, Source::Again(_))
    }

    /// Why reading failed, if it did.
    pub(crate) const fn failure(&mut self) -> Option<io::Error> {
        self.failed.take()
    }

    /// What the input begins with, which is read again later. Shorter where that cannot be read: the
    /// next read tells why.
    fn start(&mut self, bytes: usize) -> Vec<u8> {
        let mut start = Vec::new();
        let most = u64::try_from(bytes).unwrap_or(0);
        let read = self.take(most).read_to_end(&mut start).unwrap_or(start.len());
        let back = i64::try_from(read).unwrap_or(0).saturating_neg();
        match &mut self.source {
            Source::Again(input) => {
                // A file that was read can be read again from the same place, or the next read fails.
                let _ = input.seek(SeekFrom::Current(back));
            }
            Source::Once(input) => {
                let rest = std::mem::replace(input, Box::new(io::empty()));
                *input = Box::new(Cursor::new(start.clone()).chain(rest));
            }
        }
        start
    }

    /// Why a call of the library failed that read this input, called `name`.
    pub(crate) fn refused(&mut self, error: yinxin::Error, name: &str) -> Failure {
        match self.failure().filter(|_| error.code() == yinxin::Code::StreamFailed) {
            Some(cause) => Failure::io(name, cause),
            None => Failure::core(name, error),
        }
    }

    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                self.failed = Some(error);
            }
            kind.into()
        })
    }
}

impl Read for Long {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.source {
            Source::Again(input) => input.read(buffer),
            Source::Once(input) => input.read(buffer),
        };
        self.note(read)
    }
}

impl Seek for Long {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let sought = match &mut self.source {
            Source::Again(input) => input.seek(to),
            Source::Once(_) => Err(io::ErrorKind::NotSeekable.into()),
        };
        self.note(sought)
    }
}

/// What a block of PEM begins with.
const PEM: &[u8] = b"-----BEGIN ";
