//! Data that does not fit into memory, and results that are whole or absent.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod shell;

use std::{fs, io::Read as _};

use shell::Shell;

/// More than is held in memory, and more than a structure in memory may have.
const LONG: u64 = (16 << 20) + 17;

const TRUST: &str = "--trust root.pem --no-revocation";

/// A root, a signer and a recipient under it.
fn shell(name: &str) -> Shell {
    let shell = Shell::new(name);
    for key in ["root", "signer", "reader"] {
        shell.ok(&format!("key new --out {key}.key --public-out {key}.pub"));
    }
    shell.ok("cert root --key root.key --subject C=CN,CN=Root --out root.pem");
    for (who, profile) in [("signer", "signer"), ("reader", "encryption")] {
        shell.ok(&format!(
            "cert issue --ca-cert root.pem --key root.key --public-key {who}.pub \
             --profile {profile} --subject C=CN,CN={who} --out {who}.pem"
        ));
    }
    shell
}

/// Whether a file holds so many zeros and nothing else.
fn is_zeros(shell: &Shell, name: &str, bytes: u64) -> bool {
    let mut file = fs::File::open(shell.path(name)).unwrap();
    assert_eq!(file.metadata().unwrap().len(), bytes, "{name}");
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = file.read(&mut buffer).unwrap();
        if count == 0 {
            return true;
        }
        if buffer[..count].iter().any(|&byte| byte != 0) {
            return false;
        }
    }
}

/// Changes one byte, counted from the end.
fn change(shell: &Shell, name: &str, from_end: usize) {
    let mut bytes = shell.read(name);
    let at = bytes.len() - from_end;
    bytes[at] ^= 1;
    shell.write(name, bytes);
}

#[test]
fn more_than_64_mib_is_encrypted_and_opened() {
    let shell = shell("stream-large");
    let large = (64 << 20) + 1;
    shell.zeros("large", large);
    shell.ok("cms encrypt large --to reader.pem --pkcs7 --cipher sm4-gcm --out sealed");
    let open = "cms decrypt sealed --key reader.key --cert reader.pem --out opened --json";
    assert_eq!(shell.json(open, 0)[0]["authenticated"], true);
    assert!(is_zeros(&shell, "opened", large));
}

#[test]
fn long_enveloped_data_is_whole_or_absent() {
    let shell = shell("stream-enveloped");
    shell.zeros("data", LONG);
    let open = "cms decrypt --key reader.key --cert reader.pem";
    let form = "--to reader.pem --cipher sm4-gcm --pkcs7";
    // From a file the length is known, and DER is written; from a pipe BER.
    shell.ok(&format!("cms encrypt data {form} --out a"));
    let piped = shell.pipe(&format!("cms encrypt {form}"), &shell.read("data"));
    assert_ne!(shell.read("a")[1], 0x80);
    assert_eq!(piped[1], 0x80);
    shell.write("b", &piped);
    for sealed in ["a", "b"] {
        shell.ok(&format!("{open} {sealed} --out opened --force"));
        assert!(is_zeros(&shell, "opened", LONG), "{sealed}");
    }
    assert_eq!(u64::try_from(shell.pipe(open, &piped).len()).unwrap(), LONG);
    let shown = &shell.json("cms show a --json", 0)[0];
    assert_eq!(shown["recipients"].as_array().unwrap().len(), 1);
    // The tag of `a` is wrong: nothing comes out of a file, whether to another or to a pipe.
    fs::remove_file(shell.path("opened")).unwrap();
    change(&shell, "a", 1);
    let before = shell.names();
    let refused = shell.json(&format!("{open} a --out opened --json"), 2);
    assert_eq!(refused[0]["error"]["code"], "NOT_OPENED");
    let done = shell.run(&format!("{open} a"));
    assert_eq!((done.status, done.out.len()), (2, 0));
    // From a pipe to a file nothing stays either.
    let (status, _, _) = shell.fed(&format!("{open} --out opened"), &shell.read("a"));
    assert_eq!((status, shell.names()), (2, before));
    // One object cannot hold what does not fit into memory, and PEM is text.
    assert_eq!(shell.json(&format!("{open} b --json"), 2)[0]["error"]["code"], "USAGE");
    let text = "cms encrypt data --to reader.pem --pem --json";
    assert_eq!(shell.json(text, 2)[0]["error"]["code"], "USAGE");
}

#[test]
fn long_signed_data_is_given_out_only_if_everything_passed() {
    let shell = shell("stream-signed");
    shell.zeros("data", LONG);
    let sign = "cms sign --cert signer.pem --key signer.key";
    shell.ok(&format!("{sign} data --out detached"));
    shell.ok(&format!("cms verify detached --data data {TRUST}"));
    shell.ok(&format!("{sign} data --attached --out a"));
    let piped = shell.pipe(&format!("{sign} --attached"), &shell.read("data"));
    shell.write("b", &piped);
    for signed in ["a", "b"] {
        shell.ok(&format!("cms verify {signed} {TRUST} --content-out inside --force"));
        assert!(is_zeros(&shell, "inside", LONG));
    }
    fs::remove_file(shell.path("inside")).unwrap();
    shell.pipe(&format!("cms verify - {TRUST} --content-out inside"), &piped);
    assert!(is_zeros(&shell, "inside", LONG));
    fs::remove_file(shell.path("inside")).unwrap();
    change(&shell, "a", 10_000);
    let before = shell.names();
    let verdict = &shell.json(&format!("cms verify a {TRUST} --content-out inside --json"), 1)[0];
    assert_eq!(verdict["sub_indication"], "HASH_FAILURE");
    // A signer who is not trusted keeps the data back, too.
    let strangers = "--trust signer.pem --content-out inside --no-revocation";
    assert_ne!(shell.run(&format!("cms verify b {strangers}")).status, 0);
    assert_eq!(shell.names(), before);
}

#[test]
fn data_under_a_shared_key() {
    let shell = shell("stream-shared");
    shell.zeros("data", LONG);
    shell.write("key", [7; 16]);
    shell.write("key.txt", format!("{}\n", "07".repeat(16)));
    shell.ok("cms encrypt data --content-key key --out sealed");
    shell.ok("cms decrypt sealed --content-key key.txt --out opened");
    assert!(is_zeros(&shell, "opened", LONG));
    let short = shell.pipe("cms encrypt --content-key key --pkcs7 --pem", b"short");
    assert_eq!(shell.pipe("cms decrypt --content-key key.txt", &short), b"short");
    shell.write("other", [8; 16]);
    assert_eq!(shell.run("cms decrypt sealed --content-key other --out no").status, 2);
    shell.write("bad", [8; 15]);
    let bad = shell.json("cms decrypt sealed --content-key bad --out no --json", 2);
    assert_eq!(bad[0]["error"]["code"], "USAGE");
    // Each structure says what opens it.
    let wrong = shell.run("cms decrypt sealed --key reader.key --recipient 0 --out no");
    assert!(wrong.status == 2 && wrong.err.contains("--content-key"), "{}", wrong.err);
    let gcm = shell.run("cms encrypt data --content-key key --cipher sm4-gcm --out no");
    assert!(gcm.status == 2 && gcm.err.contains("--pkcs7"));
    assert!(!shell.path("no").exists());
}

#[test]
fn long_signed_and_enveloped_data() {
    let shell = shell("stream-both");
    shell.zeros("data", LONG);
    shell.ok("cms sign-encrypt data --cert signer.pem --key signer.key --to reader.pem --out a");
    let open = "cms decrypt-verify a --key reader.key --cert reader.pem";
    let opened = &shell.json(&format!("{open} {TRUST} --out opened --json"), 0)[0];
    assert_eq!(opened["indication"], "passed");
    assert!(is_zeros(&shell, "opened", LONG));
    // Nothing comes out where the signer is not trusted, nor where it could be seen before.
    let before = shell.names();
    let strangers = "--trust reader.pem --trust-anchor reader.pem --no-revocation --out no";
    assert_ne!(shell.run(&format!("{open} {strangers}")).status, 0);
    let seen = shell.json(&format!("{open} {TRUST} --json"), 2);
    assert_eq!(seen[0]["error"]["code"], "USAGE");
    assert_eq!(shell.names(), before);
}
