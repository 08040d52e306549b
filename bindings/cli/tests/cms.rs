//! `yinxin cms`, `tsa` and `key p12`: what one command writes, the others read, and changes are seen.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod shell;

use shell::Shell;

/// A root, and a signer and a recipient under it.
fn shell(name: &str) -> Shell {
    let shell = Shell::new(name);
    for key in ["root", "signer", "reader"] {
        shell.ok(&format!("key new --out {key}.key --public-out {key}.pub"));
    }
    shell.ok("cert root --key root.key --subject C=CN,CN=Root --days 3650 --out root.pem");
    for (who, profile) in [("signer", "signer"), ("reader", "encryption")] {
        shell.ok(&format!(
            "cert issue --ca-cert root.pem --key root.key --public-key {who}.pub \
             --profile {profile} --subject C=CN,O=示例局,CN={who} --out {who}.pem"
        ));
    }
    shell.ok("crl make --cert root.pem --key root.key --out root.crl");
    shell.write("data", "the contract".repeat(10_000));
    shell
}

const TRUST: &str = "--trust root.pem --crl root.crl";

#[test]
fn signed_data_is_verified_and_its_signer_judged() {
    let shell = shell("cms-signed");
    for (form, more) in [("", ""), ("--pkcs7 --pem", ""), ("--attached", "attached")] {
        shell.ok(&format!(
            "cms sign data --cert signer.pem --key signer.key {form} --out s --force"
        ));
        let data = if more.is_empty() { "--data data" } else { "--content-out inside" };
        let verdict = &shell.json(&format!("cms verify s {data} {TRUST} --json"), 0)[0];
        assert_eq!(verdict["indication"], "passed", "{form}");
        let signer = &verdict["signers"][0];
        assert!(signer["subject"].as_str().unwrap().contains("CN=signer"));
        assert!(signer["signing_time"].is_string() && signer["path"].is_array());
        let shown = &shell.json("cms show s --json", 0)[0];
        assert_eq!(shown["kind"], "signedData");
        assert_eq!(shown["content_bytes"].is_null(), more.is_empty());
    }
    assert_eq!(shell.read("inside"), shell.read("data"));
    // The file is not written again, and not where anything failed.
    assert_eq!(shell.run(&format!("cms verify s --content-out inside {TRUST}")).status, 2);
    shell.ok(&format!("cms verify s --content-out inside --force {TRUST}"));
    assert_eq!(shell.run("cms verify s --content-out never --trust root.pem").status, 3);
    assert!(!shell.path("never").exists());
    let piped = shell.pipe("cms sign - --cert signer.pem --key signer.key", b"other data");
    shell.write("other", piped);
    let verdict = &shell.json(&format!("cms verify other --data data {TRUST} --json"), 1)[0];
    let failed = |check: &&serde_json::Value| check["outcome"] == "failed";
    let failed = verdict["checks"].as_array().unwrap().iter().find(failed).unwrap();
    assert_eq!(failed["id"], "cms.message_digest");
    shell.pipe(&format!("cms verify other --data - {TRUST}"), b"other data");
    shell
        .ok("crl make --cert root.pem --key root.key --revoke signer.pem@2020-01-01 --out bad.crl");
    shell.write("other-data", "other data");
    let verdict = "cms verify other --data other-data --trust root.pem --crl bad.crl --json";
    let revoked = &shell.json(verdict, 1)[0];
    assert_eq!(revoked["sub_indication"], "REVOKED");
    assert_eq!(shell.run("cms verify data --trust root.pem").status, 2);
    assert_eq!(shell.run("cms sign data --cert signer.pem --key reader.key --out no").status, 2);
    assert!(!shell.path("no").exists());
}

#[test]
fn enveloped_data_is_opened_by_its_recipients_only() {
    let shell = shell("cms-enveloped");
    for (form, authenticated) in [("", false), ("--pkcs7 --cipher sm4-gcm --pem", true)] {
        let to = "--to signer.pem --to reader.pem";
        let sealed = shell.pipe(&format!("cms encrypt {to} {form}"), b"for your eyes");
        let open = "cms decrypt --key reader.key --cert reader.pem";
        assert_eq!(shell.pipe(open, &sealed), b"for your eyes", "{form}");
        shell.write("sealed", &sealed);
        let opened = &shell.json(&format!("{open} sealed --json"), 0)[0];
        assert_eq!(opened["authenticated"], authenticated);
        // Recipients stand in the order of their encodings; by number the same one opens.
        let number = &opened["recipient"];
        shell.ok(&format!("cms decrypt sealed --key reader.key --recipient {number}"));
        let refused = shell.json("cms decrypt sealed --key root.key --cert root.pem --json", 2);
        assert!(refused[0]["error"]["hint"]["zh"].is_string());
        let shown = &shell.json("cms show sealed --json", 0)[0];
        assert_eq!(shown["recipients"].as_array().unwrap().len(), 2);
        assert!(shown["recipients"][0]["serial"].as_str().unwrap().len() > 8);
        assert!(shell.ok("cms show sealed").contains("recipients:"));
    }
}

#[test]
fn time_stamps_are_asked_for_given_and_verified() {
    let shell = shell("tsa");
    shell.ok("key new --out tsa.key --public-out tsa.pub");
    shell.ok(
        "cert issue --ca-cert root.pem --key root.key --public-key tsa.pub --profile time-stamper \
         --subject C=CN,CN=TSA --out tsa.pem",
    );
    shell.ok("tsa request data --out q");
    let reply = "tsa reply q --cert tsa.pem --key tsa.key --policy 1.2.3.4";
    shell.ok(&format!("{reply} --accuracy 1 --out r"));
    for against in ["--request q", "--data data"] {
        let report = &shell.json(&format!("tsa verify r {against} {TRUST} --json"), 0)[0];
        assert_eq!(
            (&report["indication"], &report["policy"]),
            (&"passed".into(), &"1.2.3.4".into())
        );
        assert!(report["time"].is_string() && report["path"].is_array());
    }
    shell.write("changed", "not the contract");
    assert_eq!(shell.run(&format!("tsa verify r --data changed {TRUST}")).status, 1);
    // A request under another policy is refused, and that answer holds no token.
    shell.ok("tsa request data --policy 1.2.3.5 --out q2");
    assert_eq!(shell.run(&format!("{} --out r2", reply.replace(" q ", " q2 "))).status, 1);
    assert_eq!(shell.run(&format!("tsa verify r2 --request q2 {TRUST}")).status, 2);
}

#[test]
fn pkcs12_is_written_and_read_wherever_a_key_is() {
    let shell = shell("p12");
    shell.write("password", "口令\n");
    for protection in ["sm4-sm3", "sm4-sha256", "aes256-sha256"] {
        let out = format!("{protection}.p12");
        shell.ok(&format!(
            "key p12 --key signer.key --cert signer.pem --name 签章人 --protection {protection} \
             --new-password-file password --out {out}"
        ));
        let shown = &shell.json(&format!("key show {out} --password-file password --json"), 0)[0];
        assert_eq!(
            (&shown["found"], &shown["kind"]),
            (&"PKCS#12 (binary)".into(), &"private".into())
        );
        shell.ok(&format!("sign data --key {out} --key-password-file password --out s --force"));
        shell.ok("verify data --public-key signer.pem --signature s");
        assert_eq!(
            shell.json(&format!("key show {out} --json"), 2)[0]["error"]["code"],
            "PASSWORD_NEEDED"
        );
    }
    let other = "key p12 --key signer.key --cert reader.pem --new-password-file password --out no";
    assert_eq!(shell.json(&format!("{other} --json"), 2)[0]["error"]["code"], "KEY_MISMATCH");
    assert!(!shell.path("no").exists());
}

#[test]
fn requests_are_made_and_certificates_issued_and_asked_about() {
    let shell = shell("csr");
    shell.ok("key new --out asker.key");
    shell.ok("cert request --key asker.key --subject C=CN,O=示例局,CN=asker --out asker.csr");
    let issue = "cert issue-csr asker.csr --ca-cert root.pem --key root.key --profile signer";
    let issued = &shell.json(&format!("{issue} --out asker.pem --json"), 0)[0];
    assert_eq!(issued["subject"], "CN=asker,O=示例局,C=CN");
    shell.ok(&format!("cert verify asker.pem {TRUST} --role seal-signer"));
    assert_eq!(shell.run(&format!("{issue} --out asker.pem")).status, 2);
    // A request that was changed proves nothing of who has the key.
    let der = shell.pipe("cert request --key asker.key --subject CN=asker", b"");
    let text = String::from_utf8(der).unwrap();
    let mut block = yinxin::pki::pem::blocks(text.as_bytes()).unwrap().remove(0).der.to_vec();
    *block.last_mut().unwrap() ^= 1;
    shell.write("changed.csr", &block);
    assert_eq!(shell.run(&issue.replace("asker.csr", "changed.csr")).status, 1);
    let about = "--cert asker.pem --issuer root.pem";
    shell.ok(&format!("ocsp request {about} --out q"));
    let respond = "ocsp respond q --issuer root.pem --key root.key";
    shell.ok(&format!("{respond} --crl root.crl --out r"));
    let verify = format!("ocsp verify r {about} --request q");
    let answer = &shell.json(&format!("{verify} --json"), 0)[0];
    assert_eq!((&answer["indication"], &answer["status"]), (&"passed".into(), &"good".into()));
    assert_eq!(shell.run(&format!("{verify} --at 2020-01-01")).status, 3, "not yet");
    shell.ok("crl make --cert root.pem --key root.key --revoke asker.pem@2020-01-01 --out bad.crl");
    shell.ok(&format!("{respond} --crl bad.crl --out r --force"));
    let answer = &shell.json(&format!("{verify} --json"), 1)[0];
    assert_eq!(answer["status"], "revoked");
    shell.ok(&format!("ocsp request {about} --out q2"));
    let other = verify.replace("--request q", "--request q2");
    assert_ne!(shell.run(&other).status, 0, "another nonce");
}
