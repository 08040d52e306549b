//! An empty folder of its own for each test, and the command run inside it.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use serde_json::Value;

pub(crate) struct Shell(PathBuf);

/// What a command did.
pub(crate) struct Done {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

#[allow(dead_code, reason = "no test file uses all of it")]
impl Shell {
    pub(crate) fn new(name: &str) -> Self {
        // The folder is common to the test files, which may run side by side.
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_yinxin"));
        command.args(line.split_whitespace()).current_dir(&self.0).env("LC_ALL", "C");
        command
    }

    /// Runs `yinxin` with the words of `line`.
    pub(crate) fn run(&self, line: &str) -> Done {
        let output = self.command(line).stdin(Stdio::null()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let status = output.status.code().unwrap();
        Done { status, out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs `yinxin` with `input` on its standard input: exit status, what came out, what was said.
    pub(crate) fn fed(&self, line: &str, input: &[u8]) -> (i32, Vec<u8>, String) {
        let mut command = self.command(line);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (mut standard_input, input) = (child.stdin.take().unwrap(), input.to_vec());
        // The command may end without having read all of it.
        let writer = thread::spawn(move || drop(standard_input.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), output.stdout, said)
    }

    /// Runs a command that must do its work, with `input` on its standard input, and gives what came
    /// out as bytes.
    pub(crate) fn pipe(&self, line: &str, input: &[u8]) -> Vec<u8> {
        let (status, out, said) = self.fed(line, input);
        assert_eq!(status, 0, "{line}\n{said}");
        out
    }

    /// Runs a command that must do its work.
    pub(crate) fn ok(&self, line: &str) -> String {
        let done = self.run(line);
        assert_eq!(done.status, 0, "{line}\n{}{}", done.out, done.err);
        done.out
    }

    pub(crate) fn json(&self, line: &str, status: i32) -> Vec<Value> {
        let done = self.run(line);
        assert_eq!(done.status, status, "{line}\n{}{}", done.out, done.err);
        done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Every name in the folder, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }

    /// A file of so many zeros, which take no room on the disk.
    pub(crate) fn zeros(&self, name: &str, bytes: u64) {
        fs::File::create(self.path(name)).unwrap().set_len(bytes).unwrap();
    }

    /// Runs `yinxin` with the words of `line` and more, which may hold anything.
    pub(crate) fn command_with(&self, line: &str, more: &[&std::ffi::OsStr]) -> Command {
        let mut command = self.command(line);
        command.args(more);
        command
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }
}
