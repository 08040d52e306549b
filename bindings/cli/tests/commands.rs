//! The commands as a user types them: what they print, what they write, and their exit status.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod shell;

use std::fs;

use shell::Shell;

impl Shell {
    /// Root, seal maker, signer, seal, revocation list and two licences in `licences/`.
    fn with_licences(name: &str) -> Self {
        let shell = Self::new(name);
        for key in ["root", "maker", "signer"] {
            shell.ok(&format!("key new --out {key}.key --public-out {key}.pub"));
        }
        shell.ok(
            "cert root --key root.key --subject C=CN,O=示例省,CN=Root --days 3650 --out root.pem",
        );
        for (who, profile) in [("maker", "seal-maker"), ("signer", "signer")] {
            shell.ok(&format!(
                "cert issue --ca-cert root.pem --key root.key --public-key {who}.pub \
                 --profile {profile} --subject C=CN,O=11990000MB0000000J示例局,CN={who} --out {who}.pem"
            ));
        }
        shell.ok("crl make --cert root.pem --key root.key --out root.crl");
        let csv = include_str!("../demo/licences.csv");
        let rows: Vec<&str> = csv.lines().take(3).collect();
        fs::write(shell.path("data.csv"), rows.join("\n")).unwrap();
        fs::write(
            shell.path("seal.png"),
            yinxin::licence::issue::picture::official_seal(64).unwrap(),
        )
        .unwrap();
        shell.ok(
            "seal make --cert maker.pem --key maker.key --signer-cert signer.pem --picture seal.png \
             --name 示例局 --id 99000000000001 --out dept.esl",
        );
        shell.ok("licence issue --data data.csv --seal dept.esl --cert signer.pem --key signer.key --out licences");
        shell
    }

    fn licences(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("licences")).unwrap();
        let name = |entry: fs::DirEntry| entry.path().display().to_string();
        let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }
}

const TRUST: &str = "--trust root.pem --crl root.crl";

#[test]
fn licences_are_issued_and_verified() {
    let shell = Shell::with_licences("issued");
    assert_eq!(shell.licences().len(), 2);
    let reports = shell.json(&format!("licence verify licences {TRUST} --json --html r.html"), 0);
    assert_eq!(reports.len(), 2);
    for report in &reports {
        assert_eq!(report["indication"], "passed", "{report}");
        assert!(report["sub_indication"].is_null());
        let signature = &report["signatures"][0];
        assert_eq!(signature["indication"], "passed");
        assert!(signature["signer"]["subject"].as_str().unwrap().contains("CN=signer"));
        assert_eq!(signature["seal"]["name"], "示例局");
        assert!(signature["signed_at"].is_string());
        assert!(signature["coverage"]["covered"].as_array().unwrap().len() > 3);
        for check in signature["checks"].as_array().unwrap() {
            for field in ["id", "outcome", "clause"] {
                assert!(check[field].as_str().is_some_and(|text| !text.is_empty()), "{check}");
            }
            assert!(check["text"]["en"].is_string() && check["text"]["zh"].is_string());
            assert!(check["evidence"].is_object());
        }
        let identifier = report["licence"]["identifier"].as_str().unwrap();
        assert!(report["file"].as_str().unwrap().contains(identifier));
        shell.ok(&format!("licence id check {identifier}"));
    }
    let html = fs::read_to_string(shell.path("r.html")).unwrap();
    assert!(html.contains("验证通过") && html.contains("PASSED") && !html.contains("<script"));
    let shown = shell.json(&format!("licence show {} --json", shell.licences()[0]), 0);
    assert_eq!(shown[0]["metadata"]["ZZBFJGDM"], "11990000MB0000000J");
}

#[test]
fn exit_status_tells_the_answer() {
    let shell = Shell::with_licences("status");
    let licence = &shell.licences()[0];
    let verify = |arguments: &str| shell.run(&format!("licence verify {licence} {arguments}"));
    assert_eq!(verify(TRUST).status, 0);
    assert_eq!(verify("--trust root.pem").status, 3, "without a revocation list");
    assert_eq!(verify("--trust root.pem --no-revocation").status, 0);
    assert_eq!(verify(&format!("{TRUST} --at 2020-01-01")).status, 1, "before it was signed");
    assert_eq!(verify("--trust maker.pem").status, 3, "no anchor");
    assert_eq!(verify("--trust missing.pem").status, 2);
    assert_eq!(verify("--trst root.pem").status, 2);
    assert_eq!(shell.run("licence verify nothing.ofd --trust root.pem").status, 2);
    shell
        .ok("crl make --cert root.pem --key root.key --revoke signer.pem@2020-01-01 --out bad.crl");
    let revoked = verify("--trust root.pem --crl bad.crl --json");
    assert_eq!(revoked.status, 1);
    assert!(revoked.out.contains("\"REVOKED\""), "{}", revoked.out);
    // The reason at the top is that of the certificate, not only that it is not acceptable.
    let revoked = verify("--trust root.pem --crl bad.crl").out;
    let top: Vec<_> = revoked.lines().take(3).collect();
    assert!(top[2].contains("CN=signer") && top[2].contains("[certificate.revocation]"), "{top:?}");
}

#[test]
fn one_bad_file_never_stops_the_others() {
    let shell = Shell::with_licences("mixed");
    fs::write(shell.path("licences/a-bad.ofd"), b"PK not a package").unwrap();
    fs::write(shell.path("licences/z-empty.ofd"), b"").unwrap();
    let lines = shell.json(&format!("licence verify licences missing {TRUST} --json"), 2);
    assert_eq!(lines.len(), 5);
    let unreadable: Vec<_> = lines.iter().filter(|line| line.get("error").is_some()).collect();
    assert_eq!(unreadable.len(), 3);
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../docs/report.schema.json")).unwrap();
    let known = schema.pointer("/$defs/unreadable/properties/error/properties").unwrap();
    for line in unreadable {
        let code = if line["file"] == "missing" { "IO" } else { "BAD_ZIP" };
        assert_eq!(line["error"]["code"], code, "{line}");
        // As every other command says it, and as the schema has it.
        assert!(line["error"]["hint"]["en"].is_string(), "{line}");
        assert!(code == "IO" || line["error"]["field"].is_string(), "{line}");
        for name in line["error"].as_object().unwrap().keys() {
            assert!(known.get(name).is_some(), "{name}: not in the schema");
        }
        assert!(line["error"]["text"]["zh"].is_string());
        assert!(code == "IO" || line["file"].as_str().unwrap().contains("licences"));
    }
    assert_eq!(lines.iter().filter(|line| line["indication"] == "passed").count(), 2);
}

#[test]
fn a_changed_licence_is_not_passed() {
    let shell = Shell::with_licences("changed");
    let path = &shell.licences()[0];
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(shell.path("changed.ofd"), bytes).unwrap();
    let done = shell.run(&format!("licence verify changed.ofd {TRUST}"));
    assert!([1, 2].contains(&done.status), "{}", done.out);
}

#[test]
fn an_existing_ofd_is_sealed_again() {
    let shell = Shell::with_licences("resealed");
    let licence = &shell.licences()[0];
    shell.ok(&format!(
        "licence seal {licence} --seal dept.esl --cert signer.pem --key signer.key --page 1 --x 20 \
         --y 30 --out twice.ofd"
    ));
    let report = &shell.json(&format!("licence verify twice.ofd {TRUST} --json"), 0)[0];
    assert_eq!(report["signatures"].as_array().unwrap().len(), 2);
    let off_page = shell.run(&format!(
        "licence seal {licence} --seal dept.esl --cert signer.pem --key signer.key --page 9 --x 20 \
         --y 30 --out never.ofd"
    ));
    assert_eq!(off_page.status, 2);
    assert!(!shell.path("never.ofd").exists());
}

#[test]
fn the_signers_certificate_is_found_in_the_seal() {
    let shell = Shell::with_licences("without-cert");
    let sealing = "--seal dept.esl --key signer.key";
    shell.ok(&format!("licence issue --data data.csv {sealing} --out again"));
    let licence = &shell.licences()[0];
    let at = "--page 1 --x 140 --y 220";
    shell.ok(&format!("licence seal {licence} {sealing} {at} --out out.ofd"));
    shell.ok(&format!("licence verify out.ofd again {TRUST}"));
    let other = "--seal dept.esl --key maker.key";
    let refused =
        shell.json(&format!("licence seal {licence} {other} {at} --out no.ofd --json"), 2);
    assert_eq!(refused[0]["error"]["code"], "NOT_IN_SEAL");
    // A wrong key is told once, not for every row, and leaves no folder of licences.
    let refused = shell.json(&format!("licence issue --data data.csv {other} --out no --json"), 2);
    assert_eq!(refused.len(), 1);
    assert!(!shell.path("no").exists() && !shell.path("no.ofd").exists());
}

#[test]
fn a_seal_without_signer_or_identifier_is_its_makers() {
    let shell = Shell::with_licences("makers-seal");
    let make = "seal make --cert maker.pem --key maker.key --picture seal.png --name 示例局";
    let done = shell.run(&format!("{make} --out own.esl"));
    assert_eq!(done.status, 0, "{}", done.err);
    assert!(done.err.contains("--signer-cert"), "{}", done.err);
    let id = shell.json("seal show own.esl --json", 0)[0]["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("x-") && id.len() == 34, "{id}");
    let issue = "licence issue --data data.csv --seal own.esl --out o";
    shell.ok(&format!("{issue} --key maker.key"));
    assert_eq!(shell.run(&format!("{issue} --key signer.key")).status, 2);
    shell.ok(
        "cert issue --ca-cert root.pem --key root.key --public-key signer.pub --profile signer \
         --subject C=CN,CN=99000000000001 --out coded.pem",
    );
    shell.ok(&format!("{make} --signer-cert coded.pem --out coded.esl"));
    assert_eq!(shell.json("seal show coded.esl --json", 0)[0]["id"], "99000000000001");
}

#[test]
fn tables_from_spreadsheets_are_read_or_refused_with_the_remedy() {
    let shell = Shell::with_licences("spreadsheets");
    let csv = fs::read_to_string(shell.path("data.csv")).unwrap();
    let issue = |bytes: &[u8], more: &str| {
        fs::write(shell.path("t.csv"), bytes).unwrap();
        shell.run(&format!(
            "licence issue --data t.csv --seal dept.esl --key signer.key --out o {more}"
        ))
    };
    let marked = format!("\u{feff}{}", csv.replace('\n', "\r\n"));
    assert_eq!(issue(marked.as_bytes(), "").status, 0);
    // The header line in GBK begins with 模板.
    let gbk = [b"\xc4\xa3\xb0\xe5,x\n".as_slice(), b"food-business,1\n"].concat();
    let utf16: Vec<u8> = "\u{feff}模板,x".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let missing = csv.replace("证照颁发机构代码", "internal");
    let uneven = format!("{csv}\na,b\n");
    let cases: [(&[u8], &str); 7] = [
        (&gbk, "t.csv:1: the text is not UTF-8, it looks like GBK"),
        (&utf16, "it looks like UTF-16"),
        (b"", "no row of data"),
        (csv.lines().next().unwrap().as_bytes(), "no row of data"),
        (b"a;b\n1;2\n", "separate columns by commas"),
        (missing.as_bytes(), "t.csv:2: the column 证照颁发机构代码 (ZZBFJGDM) is missing"),
        (uneven.as_bytes(), "t.csv:4: 2 fields, the header line has"),
    ];
    for (bytes, text) in cases {
        let done = issue(bytes, "");
        assert_eq!(done.status, 2, "{text}");
        let said = format!("{}{}", done.out, done.err);
        assert!(said.contains(text), "{text} is not in {said}");
    }
    assert!(issue(&gbk, "--lang zh").err.contains("另存为“CSV UTF-8"));
    let more = csv.replace("备注", "内部编号");
    let done = issue(more.as_bytes(), "");
    assert!(done.status == 0 && done.err.contains("内部编号"), "{}", done.err);
}

#[test]
fn what_cannot_be_done_is_said_in_the_asked_form() {
    let shell = Shell::new("refusals");
    fs::write(shell.path("file"), "x").unwrap();
    fs::create_dir(shell.path("folder")).unwrap();
    for line in [
        "",
        "key new",
        "key show missing.pem",
        "key show folder",
        "key new --out nowhere/k.pem",
        "key new --out k.pem --public-out nowhere/k.pub",
        "licence verify file --trust file",
        "licence verify folder --trust file --at yesterday",
        "licence id make --type-code 1 --issuer 2 --serial 3",
        "demo --out file",
        "demo --count 100000",
    ] {
        let answer = shell.json(&format!("{line} --json"), 2);
        let text = &answer[0]["error"]["text"];
        assert!(text["en"].is_string() && text["zh"].is_string(), "{line}");
        let done = shell.run(line);
        assert!(done.status == 2 && done.out.is_empty() && !done.err.is_empty(), "{line}");
        assert!(!done.err.contains('\x1b'), "{line}");
    }
    assert!(shell.run("key show missing.pem --lang zh").err.contains("文件或目录不存在"));
    assert!(!shell.path("k.pem").exists(), "a key whose public half could not be written");
}

#[test]
fn private_keys_are_never_overwritten_and_are_their_owners() {
    let shell = Shell::new("keys");
    fs::write(shell.path("password"), "正确的口令\n").unwrap();
    fs::write(shell.path("wrong"), "other\n").unwrap();
    shell.ok("key new --out k.pem --password-file password");
    let before = fs::read(shell.path("k.pem")).unwrap();
    assert!(before.starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    assert_eq!(shell.run("key new --out k.pem").status, 2);
    assert_eq!(fs::read(shell.path("k.pem")).unwrap(), before);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(shell.path("k.pem")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    shell.ok("key show k.pem --password-file password");
    let refused = shell.json("key show k.pem --password-file wrong --json", 2);
    assert_eq!(refused[0]["error"]["code"], "WRONG_PASSWORD");
    let refused = shell.json("key show k.pem --json", 2);
    assert_eq!(refused[0]["error"]["code"], "PASSWORD_NEEDED");
}

#[test]
fn certificates_and_seals_are_shown_and_judged() {
    let shell = Shell::with_licences("pki");
    let shown = shell.json("cert show signer.pem --json", 0);
    assert_eq!(shown[0]["issuer"], "CN=Root,O=示例省,C=CN");
    shell.ok(&format!("cert verify signer.pem {TRUST} --role seal-signer"));
    assert_eq!(shell.run("cert verify signer.pem --trust root.pem").status, 3);
    assert_eq!(shell.run(&format!("cert verify signer.pem {TRUST} --at 2010-01-01")).status, 1);
    let seal = shell.json("seal show dept.esl --json", 0);
    assert_eq!(seal[0]["standard"], "GB/T 38540-2020");
    shell.ok(&format!("seal verify dept.esl {TRUST}"));
    let crl = shell.json("crl show root.crl --json", 0);
    assert_eq!(crl[0]["revoked"].as_array().unwrap().len(), 0);
}

#[test]
fn rows_that_cannot_be_issued_are_named_and_the_others_are_issued() {
    let shell = Shell::with_licences("rows");
    let csv = fs::read_to_string(shell.path("data.csv")).unwrap();
    let mut lines: Vec<String> = csv.lines().map(str::to_owned).collect();
    lines[1] = lines[1].replace("11990000MB0000000J", "11990000MB0000000K");
    lines.push(lines[2].clone());
    fs::write(shell.path("bad.csv"), lines.join("\n")).unwrap();
    let issue =
        "licence issue --data bad.csv --seal dept.esl --cert signer.pem --key signer.key --out o";
    let results = shell.json(&format!("{issue} --json"), 2);
    let of = |name: &str| results.iter().filter(|line| line.get(name).is_some()).count();
    assert_eq!((results.len(), of("identifier"), of("error")), (3, 1, 2), "{results:#?}");
    assert_eq!(fs::read_dir(shell.path("o")).unwrap().count(), 1);
}

#[test]
fn tokens_are_issued_and_verified() {
    let shell = Shell::new("tokens");
    shell.ok("key new --out id.key --public-out id.pub");
    let issue = "token issue --key id.key --issuer https://id.invalid --key-id 1 --subject officer \
                 --audience service --at 2026-11-25T08:00:00+08:00";
    let token = shell.ok(issue).trim().to_owned();
    let verify = |arguments: &str| {
        let fixed = "--issuer https://id.invalid --key-id 1 --public-key id.pub";
        shell.run(&format!("token verify {token} {fixed} {arguments}")).status
    };
    let then = "--at 2026-11-25T08:10:00+08:00";
    assert_eq!(verify(&format!("--audience service {then}")), 0);
    assert_eq!(verify(&format!("--audience other {then}")), 1);
    assert_eq!(verify("--audience service --at 2026-11-26"), 1, "expired");
    let done = shell.run("token verify abc --issuer i --key-id 1 --public-key id.pub --audience a");
    assert_eq!(done.status, 2);
}

#[test]
fn identifiers_are_made_and_checked() {
    let shell = Shell::new("identifiers");
    let made = shell
        .ok("licence id make --type-code 11100000000013338W011 --issuer 11430000006122244L \
         --serial 20230000403");
    let right = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U";
    assert_eq!(made.trim(), right);
    assert_eq!(shell.run(&format!("licence id check {right}")).status, 0);
    let wrong = right.replace(".U", ".V");
    assert_eq!(shell.run(&format!("licence id check {wrong}")).status, 1);
    assert_eq!(shell.run("licence id check 062301").status, 1);
}

#[test]
fn the_demonstration_ends_well() {
    let shell = Shell::new("demo");
    let events = shell.json("demo --count 12 --out here --json", 0);
    let summary = events.last().unwrap();
    assert_eq!(summary["event"], "summary");
    assert_eq!((&summary["passed"], &summary["forged_refused"]), (&12.into(), &5.into()));
    let sign_ins: Vec<_> = events.iter().filter(|event| event["event"] == "sign_in").collect();
    let answers: Vec<_> =
        sign_ins.iter().map(|event| event["verdict"]["indication"].as_str().unwrap()).collect();
    assert_eq!(answers, ["passed", "failed", "failed", "failed"]);
    let forged: Vec<_> = events.iter().filter(|event| event.get("signatures").is_some()).collect();
    let subs: Vec<_> =
        forged.iter().map(|report| report["sub_indication"].as_str().unwrap()).collect();
    let expected = [
        "HASH_FAILURE",
        "HASH_FAILURE",
        "NO_CERTIFICATE_CHAIN_FOUND",
        "REVOKED",
        "SIG_CONSTRAINTS_FAILURE",
    ];
    assert_eq!(subs, expected);
    assert!(shell.path("here/report.html").exists());
    // What it wrote can be used by hand.
    let trust = "--trust here/trust.pem --crl here/root.crl";
    let verify = |what: &str, crl: &str| {
        shell.run(&format!("licence verify here/{what} {trust} --crl here/{crl} --quiet")).status
    };
    assert_eq!(verify("licences", "issuing.crl"), 0);
    assert_eq!(verify("forged/4-signer-revoked.ofd", "forged/4-signer-revoked.crl"), 1);
    shell.ok("licence issue --data here/licences.csv --seal here/department.esl \
         --key here/department.key --out again");
}

#[test]
fn help_teaches() {
    let shell = Shell::new("help");
    let help = shell.ok("--help");
    for word in ["licence", "seal", "token", "demo", "Exit status", "Examples"] {
        assert!(help.contains(word), "{word} is not in the help");
    }
    for command in
        ["key new", "cert issue", "crl make", "seal make", "licence verify", "token issue"]
    {
        assert!(shell.ok(&format!("{command} --help")).len() > 200, "{command}");
    }
    assert_eq!(shell.run("").status, 2);
}
