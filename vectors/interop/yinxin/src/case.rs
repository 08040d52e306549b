//! A case is a folder of small files; `private.raw` means the same in every cell.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use yinxin::{
    pki::keys,
    primitives::sm2::{DistId, PrivateKey, PublicKey},
};

/// Why something was not as it should be, in one line.
pub(crate) type Fault = Box<dyn std::error::Error>;

/// One case of one cell: a folder.
pub(crate) struct Case {
    folder: PathBuf,
}

impl Case {
    /// The case `name` of `cell` below `root`, made if it is not there.
    pub(crate) fn make(root: &Path, cell: &str, name: &str) -> Result<Self, Fault> {
        let folder = root.join(cell).join(name);
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// The case in `folder`, which need not exist.
    pub(crate) fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The contents of a file.
    pub(crate) fn bytes(&self, file: &str) -> Result<Vec<u8>, Fault> {
        fs::read(self.folder.join(file)).map_err(|error| format!("{file}: {error}").into())
    }

    /// The contents of a file, if there is one.
    pub(crate) fn bytes_if_any(&self, file: &str) -> Result<Option<Vec<u8>>, Fault> {
        match fs::read(self.folder.join(file)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{file}: {error}").into()),
        }
    }

    /// Those of `files` that are there, with their contents; at least one must be.
    pub(crate) fn some_of<'a>(&self, files: &[&'a str]) -> Result<Vec<(&'a str, Vec<u8>)>, Fault> {
        let mut found = Vec::new();
        for file in files {
            if let Some(bytes) = self.bytes_if_any(file)? {
                found.push((*file, bytes));
            }
        }
        if found.is_empty() { Err(format!("none of {files:?} was made").into()) } else { Ok(found) }
    }

    /// Writes a file.
    pub(crate) fn put(&self, file: &str, bytes: impl AsRef<[u8]>) -> Result<(), Fault> {
        Ok(fs::write(self.folder.join(file), bytes)?)
    }

    /// Writes the key in the forms that some peer can start from: `private.raw` (32 bytes),
    /// `private.pem` (PKCS#8) and those of [`put_public`](Self::put_public).
    pub(crate) fn put_private(&self, key: &PrivateKey) -> Result<(), Fault> {
        self.put("private.raw", key.expose_bytes())?;
        self.put("private.pem", keys::private_key_to_pem(key)?.as_bytes())?;
        self.put_public(key.public())
    }

    /// Writes `public.raw` (04 ‖ x ‖ y) and `public.pem` (SubjectPublicKeyInfo).
    pub(crate) fn put_public(&self, key: &PublicKey) -> Result<(), Fault> {
        self.put("public.raw", key.to_sec1())?;
        self.put("public.pem", keys::public_key_to_pem(key)?)
    }

    /// The key in `private.raw`.
    pub(crate) fn private_key(&self) -> Result<PrivateKey, Fault> {
        let raw = self.bytes("private.raw")?;
        let raw = <&[u8; 32]>::try_from(raw.as_slice()).map_err(|_| "private.raw: not 32 bytes")?;
        Ok(PrivateKey::from_bytes(raw)?)
    }

    /// The key in `public.raw`.
    pub(crate) fn public_key(&self) -> Result<PublicKey, Fault> {
        Ok(PublicKey::from_sec1(&self.bytes("public.raw")?)?)
    }

    /// The identifier in `id`.
    pub(crate) fn dist_id(&self) -> Result<DistId, Fault> {
        Ok(DistId::new(&self.bytes("id")?)?)
    }
}

/// The names of the folders in `folder`, in order; none if it is not there.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>, Fault> {
    let mut names = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}
