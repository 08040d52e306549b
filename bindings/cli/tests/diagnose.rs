//! `yinxin diagnose`: what it finds, in both languages, and that it never passes anything.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod shell;

use serde_json::Value;
use shell::Shell;

fn shell(name: &str) -> Shell {
    let shell = Shell::new(name);
    shell.ok("key new --out k.key --public-out k.pub");
    shell.ok("key new --out other.key --public-out other.pub");
    shell.ok("cert root --key k.key --subject C=CN,O=示例,CN=alice --out k.pem");
    shell.write("data", "甲方 agrees");
    shell
}

/// The ids of the deviations of the first finding.
fn ids(diagnosis: &Value) -> Vec<&str> {
    let parts = diagnosis.pointer("/findings/0/parts").and_then(Value::as_array).unwrap();
    parts.iter().map(|part| part["id"].as_str().unwrap()).collect()
}

#[test]
fn a_signature_is_explained_and_not_passed() {
    let shell = shell("diagnose-signature");
    let diagnose = "diagnose signature data --signature s";
    let sign = "sign data --key k.key --out s --force";
    shell.ok(sign);
    let found = shell.json(&format!("{diagnose} --public-key k.pub --json"), 0);
    assert_eq!(found[0]["conclusion"], "nothing_to_explain");
    // The names in the certificate are tried by themselves, others where they are given.
    shell.ok(&format!("{sign} --id alice"));
    let found = &shell.json(&format!("{diagnose} --public-key k.pem --json"), 1)[0];
    assert_eq!(found["conclusion"], "explained");
    assert_eq!(
        (ids(found), &found["findings"][0]["parts"][0]["detail"]),
        (vec!["id.candidate"], &"alice".into())
    );
    let found = &shell.json(&format!("{diagnose} --public-key k.pub --json"), 1)[0];
    assert_eq!(found["conclusion"], "unexplained");
    assert!(found["tried"].as_u64().unwrap() > 100);
    let found = &shell.json(&format!("{diagnose} --public-key k.pub --try-id alice --json"), 1)[0];
    assert_eq!(ids(found), ["id.candidate"]);
    shell.ok("sign data --key other.key --form raw --encoding base64 --out s --force");
    let line = format!("{diagnose} --public-key k.pem --try-key other.pub");
    let found = &shell.json(&format!("{line} --json"), 1)[0];
    assert_eq!(ids(found), ["text.base64", "form.raw-for-der", "key.other"]);
    let said = shell.run(&format!("{line} --lang zh"));
    assert_eq!(said.status, 1);
    assert!(
        said.out.contains("签名验证不通过") && said.out.contains("(other.pub)"),
        "{}",
        said.out
    );
    assert!(!said.out.contains("通过验证"));
}

#[test]
fn a_ciphertext_and_a_key_are_explained() {
    let shell = shell("diagnose-others");
    shell.ok("encrypt data --to other.pub --layout c1c2c3 --encoding hex --out c");
    let line = "diagnose ciphertext c --key k.key --layout c1c3c2 --json";
    let found = &shell.json(line, 1)[0];
    assert_eq!(found["conclusion"], "unexplained");
    let found = &shell.json(&format!("{line} --try-key other.key"), 1)[0];
    assert_eq!(ids(found), ["text.hex", "layout.c1c2c3", "key.other"]);
    // What it says does not hold the plaintext.
    assert!(!found.to_string().contains("agrees"));
    shell.ok("key convert k.key --to d --encoding base64 --out d");
    let found = &shell.json("diagnose key d --public-key k.pem --json", 1)[0];
    assert_eq!(ids(found), ["text.base64", "key.bare"]);
    let found = &shell.json("diagnose key k.key --public-key other.pub --json", 1)[0];
    assert_eq!(found["conclusion"], "unexplained");
    assert!(found["observations"][0]["zh"].as_str().unwrap().contains("不匹配"));
    shell.ok("diagnose key k.key --public-key k.pem");
    assert_eq!(shell.run("diagnose key missing").status, 2);
}
