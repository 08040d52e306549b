//! What an authority does, and what judges its certificates: pairs, partial lists, pins, bundles, OCSP.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod shell;

use serde_json::Value;
use shell::Shell;

/// A root, and a user under it with a policy.
fn shell(name: &str) -> Shell {
    let shell = Shell::new(name);
    for key in ["root", "user"] {
        shell.ok(&format!("key new --out {key}.key --public-out {key}.pub"));
    }
    shell.ok("cert root --key root.key --subject C=CN,CN=Root --days 3650 --out root.pem");
    shell.ok(&format!("{ISSUE} --subject C=CN,CN=user --policy 1.2.3.4 --out user.pem"));
    shell.ok("crl make --cert root.pem --key root.key --out root.crl");
    shell
}

const ISSUE: &str =
    "cert issue --ca-cert root.pem --key root.key --public-key user.pub --profile signer";

/// The check of this kind that did not pass.
fn outcome<'a>(report: &'a Value, id: &str) -> &'a Value {
    let certificates = report["certificates"].as_array().unwrap();
    let checks = certificates.iter().flat_map(|it| it["checks"].as_array().unwrap());
    &checks.into_iter().find(|check| check["id"] == id).unwrap()["outcome"]
}

#[test]
fn certificates_hold_what_was_asked_for() {
    let shell = shell("authority-terms");
    let more = "--crl-url http://ca/a.crl --ocsp-url http://ca/ocsp --issuer-url http://ca/a.cer \
                --subject-number organisation=11990000MB0000000J";
    shell.ok(&format!("{ISSUE} --subject CN=full {more} --out full.pem"));
    let certificate = yinxin::pki::x509::Certificate::parse_pem_or_der(&shell.read("full.pem"));
    let certificate = certificate.unwrap();
    assert_eq!(certificate.subject_identifiers()[0].number, "11990000MB0000000J");
    for oid in ["2.5.29.31", "1.3.6.1.5.5.7.1.1"] {
        assert!(certificate.extension(oid).is_some(), "{oid}");
    }
    for bad in ["--policy 1.2.x", "--subject-number shoe=43", "--subject-number passport"] {
        let refused = shell.json(&format!("{ISSUE} --subject CN=a {bad} --out no --json"), 2);
        assert_eq!(refused[0]["error"]["code"], "USAGE", "{bad}");
    }
    // An existing certificate stays, and standard output takes one.
    assert_eq!(shell.run(&format!("{ISSUE} --subject CN=a --out full.pem")).status, 2);
    assert!(shell.ok(&format!("{ISSUE} --subject CN=a")).starts_with("-----BEGIN CERTIFICATE"));
    assert!(!shell.path("no").exists());
}

#[test]
fn pairs_are_issued_and_the_sealed_key_is_opened() {
    let shell = shell("authority-pair");
    shell.ok("key new --out exchange.key --public-out exchange.pub");
    let request = "cert request --key user.key --subject C=CN,CN=holder";
    shell.ok(&format!("{request} --out plain.csr"));
    shell.ok(&format!("{request} --cfca-exchange-key exchange.pub --out cfca.csr"));
    let issue = "--ca-cert root.pem --key root.key --signing-out s.pem --encryption-out e.pem";
    for (csr, form, opens) in [
        ("plain.csr", "gb35276", "user.key"),
        ("cfca.csr", "gb35276", "exchange.key"),
        ("cfca.csr", "cfca", "exchange.key"),
    ] {
        let pair = format!("cert issue-pair {csr} {issue} --key-out e.sealed --key-form {form}");
        let issued = shell.json(&format!("{pair} --force --json"), 0);
        assert_eq!(issued[0]["subject"], issued[1]["subject"]);
        assert_ne!(issued[0]["public_key"], issued[1]["public_key"]);
        let _ = std::fs::remove_file(shell.path("e.key"));
        let unseal = format!("key unseal e.sealed --form {form} --cert e.pem --out e.key");
        shell.ok(&format!("{unseal} --key {opens}"));
        let opened = shell.pipe("cms encrypt --to e.pem", b"for the holder");
        let decrypt = "cms decrypt --key e.key --cert e.pem";
        assert_eq!(shell.pipe(decrypt, &opened), b"for the holder");
        assert_eq!(shell.run(&format!("{unseal} --key {opens}")).status, 2, "never replaced");
        let wrong = unseal.replace("--out e.key", "--out no").replace("e.pem", "s.pem");
        let wrong = shell.json(&format!("{wrong} --key {opens} --json"), 2);
        assert_eq!(wrong[0]["error"]["code"], "KEY_MISMATCH");
    }
    for role in ["--role document-signer s.pem", "--role encryption e.pem"] {
        shell.ok(&format!("cert verify {role} --trust root.pem --crl root.crl"));
    }
    // Two requests of one holder, who keeps both keys.
    shell.ok("cert request --key exchange.key --subject C=CN,CN=holder --out second.csr");
    let two = format!("cert issue-pair plain.csr --encryption-csr second.csr {issue}");
    assert_eq!(shell.run(&two).status, 2, "the files are there already");
    shell.ok(&format!("{two} --force"));
    shell.ok("cert request --key exchange.key --subject C=CN,CN=other --out other.csr");
    for second in ["other.csr", "plain.csr"] {
        let refused = two.replace("second.csr", second);
        assert_eq!(shell.run(&format!("{refused} --force")).status, 2, "{second}");
    }
    let before = shell.names();
    let form = "cert issue-pair plain.csr --ca-cert root.pem --key root.key --key-form cfca \
                --signing-out no1 --encryption-out no2 --key-out no3";
    assert_eq!(shell.json(&format!("{form} --json"), 2)[0]["error"]["code"], "USAGE");
    // Of three files none is written where one cannot be.
    let nowhere = form.replace("--key-form cfca", "").replace("no3", "nowhere/no3");
    assert_eq!(shell.run(&nowhere).status, 2);
    assert_eq!(shell.names(), before);
}

#[test]
fn lists_are_partial_numbered_and_give_reasons() {
    let shell = shell("authority-lists");
    let make = "crl make --cert root.pem --key root.key";
    shell.ok(&format!("{make} --only users --number 7 --out users.crl"));
    shell.ok(&format!("{make} --only authorities --number 8 --out authorities.crl"));
    let shown = &shell.json("crl show users.crl --json", 0)[0];
    assert_eq!((&shown["scope"][0], &shown["number"]), (&"users".into(), &"07".into()));
    let verify = "cert verify user.pem --trust root.pem --json --crl";
    assert_eq!(shell.json(&format!("{verify} users.crl"), 0)[0]["indication"], "passed");
    let other = &shell.json(&format!("{verify} authorities.crl"), 3)[0];
    assert_eq!(outcome(other, "certificate.revocation"), "indeterminate");
    let serial = shell.json("cert show user.pem --json", 0)[0]["serial"].clone();
    let serial = serial.as_str().unwrap();
    let hold = format!(
        "--revoke-serial {serial}@2026-01-01,certificateHold --revoke-serial 0a1@2026-01-01"
    );
    shell.ok(&format!("{make} {hold} --out hold.crl"));
    let shown = &shell.json("crl show hold.crl --json", 0)[0];
    assert_eq!(shown["revoked"].as_array().unwrap().len(), 2);
    assert_eq!(shown["revoked"][1]["reason"], "certificateHold");
    assert_ne!(shell.run(&format!("{verify} hold.crl")).status, 0);
    let release = format!("{make} --previous hold.crl --release-serial");
    shell.ok(&format!("{release} {serial} --out free.crl"));
    shell.ok(&format!("{verify} free.crl"));
    assert_eq!(shell.run(&format!("{release} 0a1 --out no.crl")).status, 2, "revoked for good");
    for bad in ["user.pem", "user.pem@yesterday", "user.pem@2026-01-01,boredom"] {
        let refused = shell.json(&format!("{make} --revoke {bad} --out no.crl --json"), 2);
        assert_eq!(refused[0]["error"]["code"], "USAGE", "{bad}");
    }
    assert!(!shell.path("no.crl").exists());
}

#[test]
fn a_path_is_judged_by_pins_policies_ocsp_and_time() {
    let shell = shell("authority-path");
    shell.ok("key new --out ocsp.key --public-out ocsp.pub");
    shell.ok("cert issue --ca-cert root.pem --key root.key --public-key ocsp.pub \
         --profile ocsp-responder --subject CN=ocsp --out ocsp.pem");
    let verify = "cert verify user.pem --trust root.pem --crl root.crl";
    for (demand, status) in [
        ("--require-policy 1.2.3.4", 0),
        ("--require-policy 1.2.3.5 --require-policy 1.2.3.4", 0),
        ("--require-policy 1.2.3.5", 1),
        ("--require-policy nonsense", 2),
        ("--at 2020-01-01", 1),
        ("--at 2020-01-01 --no-revocation", 1),
        ("--role encryption", 1),
    ] {
        assert_eq!(shell.run(&format!("{verify} {demand}")).status, status, "{demand}");
    }
    // One signed in time stays good after the certificate has ended; an anchor too old does not.
    let later = "--at 2028-01-01 --no-revocation";
    assert_ne!(shell.run(&format!("{verify} {later}")).status, 0);
    // Of many certificates only the pinned one is trusted.
    let thumbprint = shell.json("cert show root.pem --json", 0)[0]["thumbprint_sm3"].clone();
    let thumbprint = thumbprint.as_str().unwrap().to_owned();
    let named = format!("{verify} --pin {thumbprint} --trust-name province");
    assert!(shell.ok(&format!("{named} --json")).contains("province"));
    let other = format!("{verify} --pin {}", "00".repeat(32));
    assert_eq!(shell.json(&format!("{other} --json"), 2)[0]["error"]["code"], "USAGE");
    // Without lists an answer decides.
    let bare = "cert verify user.pem --trust root.pem";
    assert_eq!(shell.run(bare).status, 3);
    shell.ok("ocsp request --cert user.pem --issuer root.pem --out q");
    let respond = "ocsp respond q --issuer root.pem --cert ocsp.pem --key ocsp.key";
    shell.ok(&format!("{respond} --crl root.crl --out good"));
    shell.ok(&format!("{bare} --ocsp good"));
    let verified = "ocsp verify good --cert user.pem --issuer root.pem --request q --json";
    let verified = &shell.json(verified, 0)[0];
    assert_eq!(verified["authority"], "delegated");
    let shown = &shell.json("ocsp show good --json", 0)[0];
    assert_eq!(shown["answers"][0]["status"], "good");
    assert!(shell.ok("ocsp show good").contains("status: good"));
    // One who has no right to answer is believed only where that is said.
    shell.ok("cert root --key user.key --subject CN=service --out service.pem");
    let other = "ocsp respond q --issuer root.pem --cert service.pem --key user.key";
    shell.ok(&format!("{other} --crl root.crl --out other"));
    assert_eq!(shell.run(&format!("{bare} --ocsp other")).status, 3);
    shell.ok(&format!("{bare} --ocsp other --ocsp-responder service.pem"));
    let serial = shown["answers"][0]["serial"].as_str().unwrap().to_owned();
    shell.ok(&format!("{respond} --crl root.crl --unknown-serial {serial} --out unknown"));
    assert_eq!(shell.run(&format!("{bare} --ocsp unknown")).status, 3);
    shell.ok("crl make --cert root.pem --key root.key --revoke user.pem@2026-01-01 --out bad.crl");
    shell.ok(&format!("{respond} --crl bad.crl --out bad"));
    assert_eq!(shell.run(&format!("{bare} --ocsp bad")).status, 1);
    shell.ok("ocsp request --cert user.pem --also ocsp.pem --issuer root.pem --hash sha1 \
              --no-nonce --out q2");
    shell.ok(&format!("{} --crl root.crl --out two", respond.replace(" q ", " q2 ")));
    let two = &shell.json("ocsp show two --json", 0)[0];
    assert_eq!((two["answers"].as_array().unwrap().len(), two["nonce"].is_null()), (2, true));
}

#[test]
fn bundles_take_the_place_of_trusted_files() {
    let shell = shell("authority-bundle");
    shell.ok("key new --out office.key --public-out office.pub");
    shell.ok("cert root --key office.key --subject CN=Office --out office.pem");
    let make = "bundle make --set province --anchor root.pem --crl root.crl --cert office.pem \
                --key office.key --days 2";
    let made = &shell.json(&format!("{make} --sequence 5 --out b --json"), 0)[0];
    assert_eq!((&made["anchors"], &made["crls"]), (&1.into(), &1.into()));
    assert!(shell.ok("bundle show b").contains("province, 5"));
    let demands = "--bundle-key office.pub --bundle-set province";
    let verified = &shell.json(&format!("bundle verify b {demands} --json"), 0)[0];
    assert_eq!(verified["anchors"].as_array().unwrap().len(), 1);
    let path = format!("cert verify user.pem --bundle b {demands}");
    shell.ok(&path);
    shell.ok(&format!("{path} --bundle-in-use 5 --bundle-days-max 1"));
    for (demands, status, code) in [
        ("--bundle-key root.pub --bundle-set province", 1, "BUNDLE_REJECTED"),
        ("--bundle-key office.pub --bundle-set city", 1, "BUNDLE_REJECTED"),
        ("--bundle-key office.pub --bundle-set province --bundle-in-use 6", 1, "BUNDLE_REJECTED"),
        ("--bundle-set province", 2, "USAGE"),
    ] {
        assert_eq!(shell.run(&format!("bundle verify b {demands}")).status, status, "{demands}");
        let used = shell.json(&format!("cert verify user.pem --bundle b {demands} --json"), 2);
        assert_eq!(used[0]["error"]["code"], code, "{demands}");
    }
    let make = make.replace("--days 2", "--days 3650");
    for at in ["2099-01-01", "2020-01-01"] {
        assert_eq!(shell.run(&format!("bundle verify b {demands} --at {at}")).status, 1, "{at}");
    }
    // A time in the past is judged with what the bundle says today.
    let past = shell.json(&format!("{path} --at 2020-01-01 --json"), 1);
    assert_eq!(past.first().unwrap().get("sub_indication").unwrap(), "NOT_YET_VALID");
    let stale = format!("{make} --at 2026-01-01 --out old");
    shell.ok(&stale);
    let old = format!("bundle verify old {demands} --bundle-days-max 30");
    assert_eq!(shell.run(&old).status, 3);
    assert_eq!(shell.run("cert verify user.pem --no-revocation").status, 2, "no trust at all");
    let both = format!("{path} --trust root.pem --json");
    assert_eq!(shell.json(&both, 2)[0]["error"]["code"], "USAGE");
    let mut changed = shell.read("b");
    let at = changed.len() / 2;
    changed[at] ^= 1;
    shell.write("changed", changed);
    assert_ne!(shell.run(&path.replace("--bundle b", "--bundle changed")).status, 0);
}
