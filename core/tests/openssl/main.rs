//! The command line of OpenSSL as the second implementation.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails loudly"
)]

mod certificates;
mod time_stamps;

use std::{
    fs,
    path::PathBuf,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

/// A folder of its own for one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    /// `None`, recorded as a skip, where there is no OpenSSL that knows SM2.
    fn new() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let curves = Command::new("openssl").args(["ecparam", "-list_curves"]).output();
        let knows = |output: &[u8]| String::from_utf8_lossy(output).contains("SM2");
        if !curves.is_ok_and(|output| knows(&output.stdout)) {
            yinxin_vectors::skip("openssl: no command that knows SM2");
            return None;
        }
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("yinxin-openssl-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Some(Self(path))
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap()
    }

    /// What OpenSSL prints, or what it complains of.
    fn try_run(&self, arguments: &str) -> Result<String, String> {
        let arguments: Vec<_> = arguments.split_whitespace().collect();
        let output = Command::new("openssl").args(&arguments).current_dir(&self.0).output();
        let output = output.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    #[track_caller]
    fn run(&self, arguments: &str) -> String {
        self.try_run(arguments).unwrap_or_else(|error| panic!("openssl {arguments}: {error}"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
