//! Certificates and time stamps of other countries: with the feature `international` judged by RSA, ECDSA
//! and Ed25519, without it left open. `make international` runs this with the feature.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod shell;

use serde_json::Value;
use shell::Shell;
use yinxin::pki::x509::Certificate;
use yinxin_vectors::load;

/// The exit status that says the same.
fn status(indication: &str) -> i32 {
    match indication {
        "passed" => 0,
        "failed" => 1,
        _ => 3,
    }
}

#[test]
fn paths_of_other_countries_are_judged_and_forgeries_refused() {
    let shell = Shell::new("international");
    let mut passed = Vec::new();
    for case in load("x509/foreign_paths.json") {
        let mut line = format!("cert verify leaf.pem --trust root.pem --at {}", case.text("at"));
        line += " --role document-signer --json";
        shell.write("leaf.pem", case.bytes("leaf_pem"));
        shell.write("root.pem", case.bytes("anchors_pem"));
        let lists = case.get("crls_pem").unwrap().as_array().unwrap();
        if lists.is_empty() {
            line += " --no-revocation";
        }
        for (number, list) in lists.iter().enumerate() {
            shell.write(&format!("{number}.crl"), list.as_str().unwrap());
            line += &format!(" --crl {number}.crl");
        }
        let indication = case.text("indication").to_owned();
        if !cfg!(feature = "international") {
            let report = &shell.json(&line, 3)[0];
            assert_eq!(report["sub_indication"], "CRYPTO_CONSTRAINTS_FAILURE", "{case}");
            continue;
        }
        let report = &shell.json(&line, status(&indication))[0];
        assert_eq!(report["indication"], *indication, "{case}");
        let sub = case.get("sub_indication").unwrap_or(&Value::Null);
        assert_eq!(&report["sub_indication"], sub, "{case}");
        if indication != "passed" {
            continue;
        }
        passed.push(case.text("comment").to_owned());
        let mut changed = Certificate::parse_pem_or_der(&case.bytes("leaf_pem")).unwrap();
        let mut der = changed.der().to_vec();
        // A byte of the signature, near its end.
        let place = der.len() - 3;
        der[place] ^= 1;
        changed = Certificate::parse(&der).unwrap();
        shell.write("leaf.pem", changed.to_pem());
        assert_eq!(shell.json(&line, 1)[0]["indication"], "failed", "{case}");
    }
    if cfg!(feature = "international") {
        for name in ["RSA", "RSASSA-PSS", "P-256", "P-384", "Ed25519"] {
            assert!(passed.iter().any(|comment| comment.contains(name)), "{name}: {passed:?}");
        }
    }
}

#[test]
fn stamps_over_sha256_are_verified_where_that_is_allowed() {
    let shell = Shell::new("international-stamps");
    for case in
        load("timestamp/openssl.json").iter().filter(|case| case.get("granted").unwrap() == true)
    {
        shell.write("data", case.bytes("data"));
        shell.write("other", "other data");
        shell.write("q", case.bytes("request_b64"));
        shell.write("a", case.bytes("response_b64"));
        shell.write("tsa.pem", case.bytes("certificate_pem"));
        shell.write("root.pem", case.bytes("anchor_pem"));
        let verify =
            "tsa verify a --trust root.pem --no-revocation --authority-cert tsa.pem --json";
        let is_sha256 = case.text("hash") == "sha256";
        // Without the feature the signature is not verified, so that the stamp does not hold.
        let passed = if cfg!(feature = "international") { 0 } else { 1 };
        for against in ["--data data", "--request q"] {
            let both = format!("{verify} {against} --hash sm3 --hash sha256");
            shell.json(&both, passed);
            // By default the rule of GM/T 0033 holds: SM3 alone.
            shell.json(&format!("{verify} {against}"), if is_sha256 { 1 } else { passed });
        }
        shell.json(&format!("{verify} --data other --hash sm3 --hash sha256"), 1);
    }
}
