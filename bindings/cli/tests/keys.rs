//! Keys in every form that is written, and those whose encryption is broken.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod shell;

use shell::Shell;
use yinxin_vectors::load;

#[test]
fn legacy_keys_are_opened_where_that_is_said() {
    let shell = Shell::new("keys-legacy");
    let encrypted = load("keys/openssl_encrypted.json");
    let files = load("pkcs12/openssl.json").into_iter().chain(load("pkcs12/others.json"));
    let files = files.map(|case| (case, "file_b64"));
    let mut opened = 0;
    for (case, field) in encrypted.into_iter().map(|case| (case, "der_b64")).chain(files) {
        let is_legacy = case.get("legacy").is_some_and(|it| it.as_bool() == Some(true));
        let password = case.bytes("password_text");
        let one_key = case.get("keys").is_none_or(|keys| keys.as_u64() == Some(1));
        // One of each kind, all of which the library's own tests open.
        if !(is_legacy && case.valid() && one_key && !password.is_empty()) || opened == 12 {
            continue;
        }
        shell.write("key", case.bytes(field));
        shell.write("password", password);
        let show = "key show key --password-file password --json";
        let refused = &shell.json(show, 2)[0]["error"];
        assert_eq!(refused["code"], "LEGACY_ENCRYPTION", "{case}");
        assert!(shell.json(&format!("{show} --legacy"), 0)[0]["found"].is_string(), "{case}");
        let convert = "key convert key --password-file password --legacy --to d";
        assert_eq!(shell.ok(convert).trim(), case.text("d"), "{case}");
        shell.write("data", "data");
        let sign = "sign data --key key --key-password-file password --out s --force";
        assert_eq!(shell.run(sign).status, 2, "{case}");
        shell.ok(&format!("{sign} --legacy"));
        shell.write("wrong", "wrong");
        let wrong = show.replace("password-file password", "password-file wrong");
        let wrong = &shell.json(&format!("{wrong} --legacy"), 2)[0]["error"]["code"];
        assert_eq!(*wrong, "WRONG_PASSWORD", "{case}");
        opened += 1;
    }
    assert_eq!(opened, 12);
}

#[test]
fn every_form_that_is_written_is_read() {
    let shell = Shell::new("keys-forms");
    shell.ok("key new --out k --public-out k.pub");
    shell.ok("key new --out r --public-out r.pub");
    shell.write("password", "口令\n");
    let d = shell.ok("key convert k --to d");
    for form in ["pkcs8-pem", "pkcs8-der", "sec1-pem", "sec1-der", "jwk", "jwk-sm2", "private-blob"]
    {
        let bytes = shell.pipe(&format!("key convert k --to {form}"), b"");
        assert_eq!(shell.pipe("key convert - --to d", &bytes), d.as_bytes(), "{form}");
    }
    for protection in ["sm4-sm3", "sm4-sha256", "aes256-sha256"] {
        let how =
            format!("--to encrypted-pem --new-password-file password --protection {protection}");
        let bytes = shell.pipe(&format!("key convert k {how}"), b"");
        let read = "key convert - --password-file password --to d";
        assert_eq!(shell.pipe(read, &bytes), d.as_bytes(), "{protection}");
        shell.ok(&format!(
            "key new --password-file password --protection {protection} --out {protection}"
        ));
        shell.ok(&format!("key show {protection} --password-file password"));
    }
    let point = shell.ok("key convert k --to point");
    for form in ["spki-pem", "spki-der", "point", "xy", "compressed", "public-blob", "bit-string"] {
        let bytes = shell.pipe(&format!("key convert k.pub --to {form}"), b"");
        assert_eq!(shell.pipe("key convert - --to point", &bytes), point.as_bytes(), "{form}");
    }
    for form in ["public-jwk", "public-jwk-sm2"] {
        assert!(shell.ok(&format!("key convert k --to {form}")).contains("\"kty\""));
    }
    // An INTEGER is DER, and 32 bytes long at most with a sign before them.
    assert_eq!(shell.pipe("key convert k --to integer", b"")[0], 2);
    for (form, encoding) in [("gb35276", ""), ("gmt0016", "--encoding binary"), ("cfca", "")] {
        let seal = format!("key convert k --to sealed-{form} --receiver r.pub {encoding}");
        shell.write("sealed", shell.pipe(&seal, b""));
        let unseal = format!("key unseal sealed --form {form} --key r --out {form}.key");
        shell.ok(&unseal);
        assert_eq!(shell.ok(&format!("key convert {form}.key --to d")), d);
        assert_eq!(shell.run(&unseal.replace("--key r", "--key k")).status, 2);
        assert_eq!(
            shell.run(&format!("key convert k --to sealed-{form}")).status,
            2,
            "no receiver"
        );
    }
    // Of a public key nothing private can be had.
    assert_eq!(shell.json("key convert k.pub --to d --json", 2)[0]["error"]["code"], "USAGE");
}
