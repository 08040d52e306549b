//! Files mixed up, results in one place, wrappings of all kinds: nothing is lost, and what is wrong is
//! named.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod shell;

use serde_json::Value;
use shell::Shell;
use yinxin::pki::{keys, pem, pkcs12, x509::Certificate};

/// A root, a user and a time stamper under it, a list, and another root.
fn shell(name: &str) -> Shell {
    let shell = Shell::new(name);
    for key in ["root", "user", "tsa", "other"] {
        shell.ok(&format!("key new --out {key}.key --public-out {key}.pub"));
    }
    for root in ["root", "other"] {
        shell.ok(&format!("cert root --key {root}.key --subject CN={root} --out {root}.pem"));
    }
    let issue = "cert issue --ca-cert root.pem --key root.key --profile";
    shell.ok(&format!("{issue} signer --public-key user.pub --subject CN=user --out user.pem"));
    shell.ok(&format!("{issue} time-stamper --public-key tsa.pub --subject CN=tsa --out tsa.pem"));
    for root in ["root", "other"] {
        shell.ok(&format!("crl make --cert {root}.pem --key {root}.key --out {root}.crl"));
    }
    shell.write("data", "data");
    shell.write("password", "a long password\n");
    shell
}

/// The error of a command that cannot do its work, and leaves no file.
fn refused(shell: &Shell, line: &str) -> Value {
    let before = shell.names();
    let said = shell.json(&format!("{line} --json"), 2);
    assert_eq!(shell.names(), before, "{line}");
    said[0]["error"].clone()
}

fn says(error: &Value, words: &str) {
    let text = error["text"]["en"].as_str().unwrap();
    assert!(text.contains(words), "{text}");
}

#[test]
fn no_result_takes_the_place_of_another() {
    let shell = shell("confused-places");
    for line in [
        "key new --out new --public-out new",
        "key new --out new --public-out ./new",
        "key new --out new --public-out -",
        "key new --out - --public-out -",
    ] {
        assert_eq!(refused(&shell, line)["code"], "USAGE", "{line}");
    }
    shell.ok("cert request --key user.key --subject CN=user --out user.csr");
    let pair = "cert issue-pair user.csr --ca-cert root.pem --key root.key --signing-out";
    for outs in [
        "a --encryption-out a --key-out b",
        "a --encryption-out b --key-out ./a",
        "- --encryption-out b --key-out c",
    ] {
        assert_eq!(refused(&shell, &format!("{pair} {outs} --force"))["code"], "USAGE", "{outs}");
    }
    // The public key is a result like any other; the private one is never replaced.
    let before = shell.read("user.pub");
    assert_eq!(refused(&shell, "key new --out new --public-out user.pub")["code"], "IO");
    assert_eq!(shell.read("user.pub"), before);
    shell.ok("key new --out new --public-out user.pub --force");
    assert_ne!(shell.read("user.pub"), before);
    let point = "key convert --to point";
    assert_eq!(shell.ok(&format!("{point} new")), shell.ok(&format!("{point} user.pub")));
    assert_eq!(refused(&shell, "key new --out new --public-out p --force")["code"], "IO");
    shell.ok("key new --out /dev/null --public-out /dev/null --force");
}

#[test]
fn a_private_key_on_standard_output_stands_alone() {
    let shell = shell("confused-standard");
    let key = &shell.json("key new --out - --json", 0)[0];
    assert!(
        keys::private_key_from_pem(key["key"].as_str().unwrap().as_bytes(), None).is_ok(),
        "{key}"
    );
    let public = shell.pipe("key new --out - --public-out new.pub", b"");
    let private = keys::private_key_from_pem(&public, None).unwrap();
    let written = keys::public_key_from_pem(&shell.read("new.pub")).unwrap();
    assert_eq!(*private.public(), written);
    let p12 = "key p12 --key user.key --cert user.pem --new-password-file password --out -";
    let bytes = shell.pipe(p12, b"");
    let opened = pkcs12::open(&bytes, b"a long password", pkcs12::Legacy::Refused).unwrap();
    assert_eq!(opened.keys.len(), 1);
    assert_eq!(shell.json(&format!("{p12} --json"), 0)[0]["encoding"], "base64");
    let seal = "key convert user.key --to sealed-gb35276 --receiver root.pub --out -";
    let sealed = shell.pipe(seal, b"");
    let (status, out, _) = shell.fed("key unseal --key root.key --out - --json", &sealed);
    let object: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(status, 0);
    assert!(object["key"].as_str().unwrap().starts_with("-----BEGIN PRIVATE KEY"), "{object}");
}

#[test]
fn certificates_come_in_every_wrapping() {
    let shell = shell("confused-wrapping");
    let user = Certificate::parse_pem_or_der(&shell.read("user.pem")).unwrap();
    let text = shell.ok("cert show user.pem");
    let pem = shell.read("user.pem");
    let lines: Vec<_> = std::str::from_utf8(&pem).unwrap().lines().collect();
    shell.write("body", lines[1..lines.len() - 1].join("\n"));
    shell.write("noted", [b"0 s:CN=user\n", &pem[..]].concat());
    shell.write("der", user.der());
    for name in ["body", "noted", "der"] {
        assert_eq!(shell.ok(&format!("cert show {name}")), text, "{name}");
        shell.ok(&format!("cert verify {name} --trust root.pem --crl root.crl"));
    }
    assert_eq!(shell.pipe("cert show -", &pem), text.as_bytes());
    // Of what is read once all is taken.
    shell.ok("tsa request data --out q");
    let reply = "tsa reply q --cert - --key tsa.key --policy 1.2.3";
    assert!(!shell.pipe(reply, &shell.read("tsa.pem")).is_empty());
    shell.ok("sign data --key user.key --id user --out s");
    let diagnose = "diagnose signature data --public-key - --signature s --json";
    let (_, out, _) = shell.fed(diagnose, &pem);
    assert!(
        String::from_utf8(out).unwrap().contains("id.candidate"),
        "the subject's name was not tried"
    );
}

#[test]
fn what_was_given_in_the_place_of_another_is_named() {
    let shell = shell("confused-kinds");
    shell.write("text", "no certificate");
    for (line, field) in [
        ("cert show user.key", "PEM without a certificate"),
        ("cert show root.crl", "PEM without a certificate"),
        ("cert verify user.pem --trust user.key", "PEM without a certificate"),
        ("cert show text", "neither PEM nor DER nor base64"),
        ("crl show user.pem", "PEM without a revocation list"),
        (
            "cert issue-csr user.pem --ca-cert root.pem --key root.key --profile signer --out no",
            "PEM without a request",
        ),
        ("sign data --key user.pem --out no", "PEM without a private key"),
        ("sign user.key --key data --out no", "private key"),
        ("verify data --public-key user.key --signature data", "PEM without a public key"),
        ("verify data --public-key data --signature data", "public key"),
    ] {
        assert_eq!(refused(&shell, line)["field"], field, "{line}");
    }
    // Keys and certificates of different pairs: the file of the key is named.
    for line in [
        "cert issue --ca-cert root.pem --key user.key --public-key user.pub --profile signer \
         --subject CN=a --out no",
        "crl make --cert root.pem --key user.key --out no",
        "bundle make --set a --anchor root.pem --cert root.pem --key user.key --out no",
        "cms sign data --cert root.pem --key user.key --out no",
        "key p12 --key user.key --cert root.pem --new-password-file password --out no",
        "ocsp respond q --issuer root.pem --key user.key --crl root.crl --out no",
    ] {
        let error = refused(&shell, line);
        assert_eq!(error["code"], "KEY_MISMATCH", "{line}");
        says(&error, "user.key: ");
    }
}

#[test]
fn what_nobody_would_accept_is_not_made() {
    let shell = shell("confused-made");
    let issue = "--public-key user.pub --profile signer --subject CN=a --out no";
    for line in [
        &format!("cert issue --ca-cert user.pem --key user.key {issue}"),
        "crl make --cert user.pem --key user.key --out no",
        "ocsp request --cert user.pem --issuer other.pem --out no",
        "ocsp request --cert user.pem --also other.pem --issuer root.pem --out no",
        "tsa reply q --cert tsa.pem --key tsa.key --policy 1.2.x --out no",
    ] {
        assert_eq!(refused(&shell, line)["code"], "USAGE", "{line}");
    }
    // Of another authority's list every certificate would be good.
    shell.ok("ocsp request --cert user.pem --issuer root.pem --out o");
    let respond = "ocsp respond o --issuer root.pem --key root.key --out no --crl";
    let error = refused(&shell, &format!("{respond} other.crl"));
    assert_eq!(error["code"], "BAD_SIGNATURE");
    says(&error, "other.crl: ");
    shell.ok(&format!("{respond} root.crl"));
}

#[test]
fn trust_that_is_none_is_said_and_newer_lists_stand_beside_a_bundle() {
    let shell = shell("confused-trust");
    let nothing = shell.run("cert verify user.pem --trust user.pem --no-revocation");
    assert!(nothing.status == 3 && nothing.err.contains("--trust-anchor"), "{}", nothing.err);
    let own = "cert verify user.pem --trust user.pem --trust-anchor root.pem --crl root.crl";
    shell.ok(own);
    // The bundle was made before the user was revoked.
    shell.ok("bundle make --set a --anchor root.pem --crl root.crl --cert other.pem --key other.key --out b");
    let judge = "cert verify user.pem --bundle b --bundle-key other.pub --bundle-set a";
    shell.ok(judge);
    let revoke =
        "crl make --cert root.pem --key root.key --revoke user.pem@2026-01-01 --out new.crl";
    shell.ok(revoke);
    let judged = &shell.json(&format!("{judge} --crl new.crl --json"), 1)[0];
    assert_eq!(judged["sub_indication"], "REVOKED");
    // A list of somebody else changes nothing.
    shell.ok(&format!("{judge} --crl other.crl"));
    // One without lists is made whole by them.
    shell.ok(
        "bundle make --set a --anchor root.pem --cert other.pem --key other.key --out b --force",
    );
    assert_eq!(shell.run(judge).status, 3);
    shell.ok(&format!("{judge} --crl root.crl"));
}

#[test]
fn stamps_are_over_the_hash_function_that_was_asked_for() {
    let shell = shell("confused-hash");
    for (name, oid, bytes) in [
        ("sm3", "1.2.156.10197.1.401", 32),
        ("sha256", "2.16.840.1.101.3.4.2.1", 32),
        ("sha384", "2.16.840.1.101.3.4.2.2", 48),
        ("sha512", "2.16.840.1.101.3.4.2.3", 64),
    ] {
        shell.ok(&format!("tsa request data --hash {name} --out q --force"));
        let shown = &shell.json("tsa show q --json", 0)[0];
        assert_eq!(shown["hash"], oid);
        assert_eq!(shown["digest"].as_str().unwrap().len(), 2 * bytes);
        // The authority for tests is one of GM/T 0033: SM3 alone.
        let status = if name == "sm3" { 0 } else { 1 };
        let reply = "tsa reply q --cert tsa.pem --key tsa.key --policy 1.2.3 --out a --force";
        assert_eq!(shell.run(reply).status, status, "{name}");
    }
    let sha256 = yinxin::pki::timestamp::HashAlgorithm::Sha256.digest(b"data");
    let hex: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    shell.ok("tsa request data --hash sha256 --out q --force");
    assert_eq!(shell.json("tsa show q --json", 0)[0]["digest"], *hex);
    // Over a signature, too.
    shell.ok("cms sign data --cert user.pem --key user.key --out p7");
    shell.ok("tsa request p7 --signer 0 --hash sha512 --out q --force");
    assert_eq!(shell.json("tsa show q --json", 0)[0]["digest"].as_str().unwrap().len(), 128);
}

#[test]
fn chains_of_pkcs7_are_certificates() {
    let shell = shell("confused-chain");
    let ders: Vec<_> = ["root.pem", "user.pem"]
        .iter()
        .map(|name| Certificate::parse_pem_or_der(&shell.read(name)).unwrap().der().to_vec())
        .collect();
    let tlv = |tag: u8, parts: &[&[u8]]| {
        let body = parts.concat();
        let [high, low] = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[tag, 0x82, high, low], &*body].concat()
    };
    let oid = |last: u8| vec![6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, last];
    let data = [&[0x30, 11][..], &oid(1)].concat();
    let all = tlv(0xa0, &[&ders[0], &ders[1]]);
    let inside = tlv(0x30, &[&[2, 1, 1, 0x31, 0], &data, &all, &[0x31, 0]]);
    let chain = tlv(0x30, &[&oid(2), &tlv(0xa0, &[&inside])]);
    shell.write("chain.p7b", &chain);
    shell.write("chain.pem", pem::encode("PKCS7", &chain));
    for name in ["chain.p7b", "chain.pem"] {
        // The order inside means nothing: the user stands first.
        let shown = shell.json(&format!("cert show {name} --json"), 0);
        let subjects: Vec<_> = shown.iter().map(|one| one["subject"].as_str().unwrap()).collect();
        assert_eq!(subjects, ["CN=user", "CN=root"], "{name}");
        shell.ok(&format!("cert verify {name} --trust {name} --crl root.crl"));
    }
    // One that somebody signed is a document, not a chain.
    shell.ok("cms sign data --cert user.pem --key user.key --out p7");
    assert_eq!(refused(&shell, "cert show p7")["field"], "signed by somebody");
}

#[test]
fn structures_go_from_pem_to_der_and_back() {
    let shell = shell("confused-structures");
    shell.ok("cert request --key user.key --subject CN=user --out user.csr");
    shell.ok("cms sign data --cert user.pem --key user.key --pem --out p7");
    for name in ["user.pem", "user.csr", "root.crl", "p7"] {
        let der = shell.pipe(&format!("convert wrapping {name} --to der"), b"");
        assert_eq!(der[0], 0x30, "{name}");
        assert_eq!(shell.pipe("convert wrapping --to pem", &der), shell.read(name), "{name}");
        assert_eq!(shell.pipe("convert wrapping --to der", &der), der, "{name}");
    }
    // What is written as DER is read as PEM, too.
    shell.ok("tsa request data --out q");
    shell.ok("tsa reply q --cert tsa.pem --key tsa.key --policy 1.2.3 --out a");
    shell.ok("ocsp request --cert user.pem --issuer root.pem --out o");
    shell.ok("ocsp respond o --issuer root.pem --key root.key --crl root.crl --out r");
    shell.ok("bundle make --set a --anchor root.pem --cert other.pem --key other.key --out b");
    for name in ["q", "a", "o", "r", "b"] {
        shell.write(&format!("{name}.txt"), pem::encode("ANY", &shell.read(name)));
    }
    let trust = "--trust root.pem --no-revocation";
    for line in [
        &format!("tsa verify a.txt --request q.txt {trust}"),
        "tsa reply q.txt --cert tsa.pem --key tsa.key --policy 1.2.3 --out a2",
        "ocsp verify r.txt --request o.txt --cert user.pem --issuer root.pem",
        "bundle verify b.txt --bundle-key other.pub --bundle-set a",
    ] {
        shell.ok(line);
    }
    let both = [shell.read("user.pem"), shell.read("root.pem")].concat();
    shell.write("both", &both);
    assert_eq!(shell.pipe("convert wrapping both --to pem", b""), both);
    shell.write("mixed", [shell.read("user.pem"), shell.read("user.key")].concat());
    for line in [
        "convert wrapping both --to der --out no",
        "convert wrapping user.key --to der --out no",
        "convert wrapping mixed --to pem --out no",
        "convert wrapping data --to pem --out no",
    ] {
        assert_eq!(refused(&shell, line)["code"], "USAGE", "{line}");
    }
}

#[test]
fn recipients_are_named_who_cannot_open() {
    let shell = shell("confused-recipients");
    let issue = "cert issue --ca-cert root.pem --key root.key --public-key user.pub";
    shell.ok(&format!("{issue} --profile encryption --subject CN=user --out enc.pem"));
    for form in ["cms encrypt data", "cms sign-encrypt data --cert user.pem --key user.key"] {
        let run = |to: &str| shell.run(&format!("{form} {to} --out sealed --force"));
        let noted = run("--to enc.pem --to user.pem");
        assert_eq!(noted.status, 0, "{}", noted.err);
        let place = "user.pem: not a certificate for encryption (digitalSignature, nonRepudiation)";
        assert!(noted.err.contains(place), "{}", noted.err);
        assert!(!noted.err.contains("enc.pem"), "{}", noted.err);
        let quiet = run("--to enc.pem");
        assert_eq!((quiet.status, quiet.err.as_str()), (0, ""));
        // A certificate of another algorithm is named, not the data.
        let case = &yinxin_vectors::load("x509/foreign_paths.json")[0];
        shell.write("rsa.pem", case.bytes("leaf_pem"));
        let error = refused(&shell, &format!("{form} --to enc.pem --to rsa.pem --out no"));
        says(&error, "rsa.pem: ");
    }
}
