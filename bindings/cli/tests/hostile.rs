//! Confused and hostile use: whatever goes wrong ends with status 2 and a stable code, is one object
//! with `--json`, and leaves nothing behind.

#![cfg(unix)]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod shell;

use std::{
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{PermissionsExt as _, symlink},
    },
    process::Stdio,
};

use serde_json::Value;
use shell::Shell;

fn shell(name: &str) -> Shell {
    let shell = Shell::new(name);
    shell.ok("key new --out k --public-out k.pub");
    shell.ok("cert root --key k --subject CN=me --out k.pem");
    shell.ok("crl make --cert k.pem --key k --out k.crl");
    shell.write("data", "data");
    fs::create_dir(shell.path("folder")).unwrap();
    shell
}

/// The one object that a command prints which cannot do its work.
fn refused(shell: &Shell, line: &str) -> Value {
    let done = shell.run(&format!("{line} --json"));
    assert_eq!(done.status, 2, "{line}\n{}{}", done.out, done.err);
    assert_eq!(done.err, "", "{line}");
    assert_eq!(done.out.lines().count(), 1, "{line}\n{}", done.out);
    let value: Value = serde_json::from_str(&done.out).unwrap();
    for language in ["en", "zh"] {
        for words in ["text", "hint"] {
            assert!(!value["error"][words][language].as_str().unwrap().is_empty(), "{line}");
        }
    }
    value["error"].clone()
}

/// Commands that read `@` and write `no`.
const READERS: &[&str] = &[
    "sign @ --key k --out no",
    "sign data --key @ --out no",
    "sign data --key k --key-password-file @ --out no",
    "verify @ --public-key k.pub --signature data",
    "verify data --public-key @ --signature data",
    "verify data --public-key k.pub --signature @",
    "encrypt @ --to k.pub --out no",
    "encrypt data --to @ --out no",
    "decrypt @ --key k --out no",
    "convert key @ --to d --out no",
    "convert signature @ --from der --to raw --out no",
    "key show @",
    "key new --out no --password-file @",
    "key p12 --key k --cert @ --new-password-file data --out no",
    "key unseal @ --key k --out no",
    "cert show @",
    "cert verify @ --trust k.pem",
    "cert verify k.pem --trust @",
    "cert verify k.pem --trust k.pem --crl @",
    "cert verify k.pem --trust k.pem --ocsp @",
    "cert issue --ca-cert @ --key k --public-key k.pub --profile signer --subject CN=a --out no",
    "cert issue-csr @ --ca-cert k.pem --key k --profile signer --out no",
    "cert issue-pair @ --ca-cert k.pem --key k --signing-out no --encryption-out no2 --key-out no3",
    "crl make --cert k.pem --key k --previous @ --out no",
    "crl make --cert k.pem --key k --revoke @@2026-01-01 --out no",
    "crl show @",
    "bundle show @",
    "bundle make --set a --anchor @ --cert k.pem --key k --out no",
    "ocsp request --cert @ --issuer k.pem --out no",
    "ocsp respond @ --issuer k.pem --key k --crl k.crl --out no",
    "ocsp show @",
    "cms sign @ --cert k.pem --key k --out no",
    "cms sign data --cert k.pem --key k --add-to @ --out no",
    "cms verify @ --trust k.pem --content-out no",
    "cms verify @ --data data --trust k.pem",
    "cms encrypt @ --to k.pem --out no",
    "cms encrypt data --content-key @ --out no",
    "cms decrypt @ --key k --recipient 0 --out no",
    "cms sign-encrypt @ --cert k.pem --key k --to k.pem --out no",
    "cms decrypt-verify @ --key k --recipient 0 --trust k.pem --out no",
    "cms show @",
    "tsa request @ --out no",
    "tsa reply data --cert @ --key k --policy 1.2.3 --out no",
    "tsa verify @ --data data --trust k.pem",
    "tsa attach @ --token data --out no",
    "tsa show @",
];

#[test]
fn what_cannot_be_read_is_one_object_with_a_stable_code() {
    let shell = shell("hostile-inputs");
    let before = shell.names();
    for line in READERS {
        for name in ["missing", "folder"] {
            let error = refused(&shell, &line.replacen('@', name, 1));
            assert_eq!(error["code"], "IO", "{line} {name}");
        }
        assert_eq!(shell.names(), before, "{line}");
    }
    // A password of nothing would encrypt nothing.
    shell.write("empty", "");
    let empty = "key new --out no --password-file empty";
    assert_eq!(refused(&shell, empty)["code"], "USAGE");
    assert!(!shell.path("no").exists());
}

#[test]
fn endless_and_senseless_input_is_refused() {
    let shell = shell("hostile-endless");
    let before = shell.names();
    for line in [
        "sign data --key /dev/zero --out no",
        "cert show /dev/zero",
        "cms verify /dev/zero --trust k.pem --content-out no",
        "cms decrypt /dev/zero --key k --recipient 0 --out no",
        "cms show /dev/zero",
        "crl show /dev/urandom",
        "bundle show /dev/zero",
        "tsa show /dev/zero",
        "cms decrypt /dev/null --key k --recipient 0 --out no",
        "cms verify k.pem --trust k.pem --content-out no",
        "ocsp show k.pem",
    ] {
        let error = refused(&shell, line);
        let code = &error["code"];
        assert!(code.is_string() && code != "IO" && code != "USAGE", "{line} {code}");
        assert!(error["field"].is_string() || error["offset"].is_number(), "{line} {error}");
        assert_eq!(shell.names(), before, "{line}");
    }
}

#[test]
fn misuse_is_one_object_too() {
    let shell = shell("hostile-misuse");
    for line in [
        "",
        "cms",
        "nonsense",
        "sign --no-such-option",
        "cms sign data",
        "cms encrypt data",
        "cms encrypt data --to k.pem --content-key k",
        "cms encrypt data --to k.pem --cipher sm4-gcm",
        "cms decrypt data --key k",
        "cms sign data --cert k.pem --cert k.pem --key k",
        "cms verify data --trust k.pem --content-out -",
        "cms verify data --trust k.pem --content-out /dev/null",
        "cert verify k.pem",
        "cert verify k.pem --trust k.pem --pin abc",
        "cert verify k.pem --trust k.pem --at tomorrow",
        "cert verify k.pem --trust k.pem --signed-at 2099-01-01",
        "cert root --key k --subject O=nobody",
        "verify - --public-key k.pub --signature -",
        "tsa request data --policy 1.2.x",
        "--lang fr key show k",
    ] {
        assert_eq!(refused(&shell, line)["code"], "USAGE", "{line}");
    }
    // No option takes a password itself: others would read it in the list of processes.
    let help = shell.ok("sign --help") + &shell.ok("key new --help") + &shell.ok("key p12 --help");
    assert!(!help.contains("--password ") && !help.contains("--password<"));
}

#[test]
fn existing_files_stay_and_are_replaced_whole() {
    let shell = shell("hostile-existing");
    shell.write("out", "precious");
    for line in [
        "sign data --key k --out out",
        "encrypt data --to k.pub --out out",
        "cms sign data --cert k.pem --key k --out out",
        "cms encrypt data --to k.pem --out out",
        "cert root --key k --subject CN=a --out out",
        "crl make --cert k.pem --key k --out out",
        "key new --out out",
        "key p12 --key k --new-password-file data --out out",
        "tsa request data --out out",
    ] {
        assert_eq!(refused(&shell, line)["code"], "IO", "{line}");
        assert_eq!(shell.read("out"), b"precious", "{line}");
    }
    for force in ["", "--force"] {
        let folder = refused(&shell, &format!("sign data --key k --out folder {force}"));
        assert!(folder["text"]["en"].as_str().unwrap().contains("directory"), "{folder}");
    }
    // Where the work fails, the file that was to be replaced stays as it was.
    shell.write("bad", "no ciphertext");
    assert_eq!(shell.run("decrypt bad --key k --out out --force").status, 2);
    assert_eq!(shell.read("out"), b"precious");
    // What is replaced keeps its permissions; what a link leads to is replaced, not the link.
    fs::set_permissions(shell.path("out"), fs::Permissions::from_mode(0o600)).unwrap();
    symlink("out", shell.path("link")).unwrap();
    shell.ok("sign data --key k --out link --force");
    assert!(fs::symlink_metadata(shell.path("link")).unwrap().is_symlink());
    let mode = fs::metadata(shell.path("out")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    shell.ok("verify data --public-key k.pub --signature out");
    // A file can be its own result.
    shell.ok("cms encrypt data --to k.pem --out data --force");
    shell.ok("cms decrypt data --key k --cert k.pem --out data --force");
    assert_eq!(shell.read("data"), b"data");
    assert!(shell.names().iter().all(|name| !name.ends_with(".tmp")), "{:?}", shell.names());
}

#[test]
fn devices_are_written_to_and_stay_devices() {
    let shell = shell("hostile-devices");
    shell.ok("sign data --key k --out /dev/null");
    shell.ok("sign data --key k --out /dev/null --force");
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
    // A disk that is full: nothing comes of it, and it is said.
    for line in ["sign data --key k --out /dev/full", "key show k > /dev/full"] {
        let (line, full) = line.split_once(" > ").unwrap_or((line, ""));
        for json in ["", " --json"] {
            let mut command = shell.command_with(&format!("{line}{json}"), &[]);
            if !full.is_empty() {
                command.stdout(fs::File::create(full).unwrap());
            }
            let output = command.stdin(Stdio::null()).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{line}{json} {said}");
            assert!(!said.contains("panicked"), "{said}");
        }
    }
    // Neither channel left: the status tells, and nothing else does.
    let mut command = shell.command_with("key show missing --json", &[]);
    let full = || fs::File::create("/dev/full").unwrap();
    let output = command.stdin(Stdio::null()).stdout(full()).stderr(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_reader_who_goes_away_is_no_panic() {
    let shell = shell("hostile-pipe");
    shell.zeros("long", (16 << 20) + 1);
    shell.write("shared", [7; 16]);
    for line in
        ["cms encrypt long --content-key shared", "cms sign long --attached --cert k.pem --key k"]
    {
        let mut command = shell.command_with(line, &[]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.len()), (Some(2), 0), "{line}");
    }
}

#[test]
fn names_that_are_no_text_are_names_all_the_same() {
    let shell = shell("hostile-names");
    let odd = OsStr::from_bytes(b"\xff\xfe name");
    fs::copy(shell.path("data"), shell.path("data").with_file_name(odd)).unwrap();
    let run = |line: &str, more: &[&OsStr]| {
        let mut command = shell.command_with(line, more);
        let output = command.stdin(Stdio::null()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let out = OsStr::from_bytes(b"out \xff");
    let (status, said) = run("sign --json --key k --out", &[out, odd]);
    assert_eq!(status, Some(0), "{said}");
    assert!(serde_json::from_str::<Value>(&said).unwrap()["file"].is_string());
    let verified = run("verify --public-key k.pub --signature", &[out, odd]);
    assert_eq!(verified.0, Some(0));
    // Where a text is wanted it is misuse.
    let (status, said) = run("sign data --json --key k --id", &[odd]);
    let value: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((status, &value["error"]["code"]), (Some(2), &"USAGE".into()));
}
