//! `yinxin sign`, `verify`, `encrypt`, `decrypt` and `convert`: from file to file and through pipes.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod shell;

use std::fs;

use shell::Shell;
use yinxin::primitives::sm2::{DistId, PrivateKey, Signature};

/// A folder with the key pair of the standard's example, GB/T 32918.5-2017, A.2.
fn shell(name: &str) -> Shell {
    let shell = Shell::new(name);
    shell.write("d.hex", "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8\n");
    shell.ok("convert key d.hex --to pkcs8-pem --out k.pem");
    shell.ok("convert key d.hex --to spki-pem --out k.pub");
    shell.write("data", "message digest");
    shell
}

fn key(shell: &Shell) -> PrivateKey {
    let pem = shell.read("k.pem");
    yinxin::pki::keys::private_key_from_pem_or_der(&pem, None).unwrap()
}

#[test]
fn the_standards_own_signature_verifies() {
    let shell = shell("standard");
    shell.write(
        "s.hex",
        "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
         b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
    );
    let verify = "verify data --public-key k.pub --signature s.hex";
    let verdict = &shell.json(&format!("{verify} --form raw --encoding hex --json"), 0)[0];
    assert_eq!(verdict["indication"], "passed");
    let value = &verdict["checks"][1];
    assert_eq!(value["id"], "signature.value");
    assert_eq!(
        value["evidence"]["e"],
        "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"
    );
    // Another identifier is another signature; another form is refused before it is computed.
    for (other, reason) in [
        ("--form raw --encoding hex --id ALICE123@YAHOO.COM", "SIG_CRYPTO_FAILURE"),
        ("--form raw --encoding hex --id-hex 00", "SIG_CRYPTO_FAILURE"),
        ("--form der --encoding hex", "FORMAT_FAILURE"),
        ("--form raw", "FORMAT_FAILURE"),
        ("--form raw --encoding base64", "FORMAT_FAILURE"),
    ] {
        let verdict = &shell.json(&format!("{verify} {other} --json"), 1)[0];
        assert_eq!(
            (&verdict["indication"], &verdict["sub_indication"]),
            (&"failed".into(), &reason.into())
        );
    }
    shell.ok(&format!("{verify} --form guess --encoding guess"));
}

#[test]
fn signatures_of_every_form_verify_in_the_library_and_here() {
    let shell = shell("forms");
    let key = key(&shell);
    let id = DistId::new("张三".as_bytes()).unwrap();
    for form in ["der", "raw"] {
        for encoding in ["binary", "hex", "base64"] {
            let name = format!("{form}.{encoding}");
            shell.ok(&format!(
                "sign data --key k.pem --id 张三 --form {form} --encoding {encoding} --out {name}"
            ));
            shell.ok(&format!(
                "verify data --public-key k.pub --id-hex E5BCA0E4B889 --signature {name} \
                 --form {form} --encoding {encoding}"
            ));
            let raw = shell.pipe(
                &format!(
                    "convert signature {name} --from {form} --from-encoding {encoding} --to raw"
                ),
                b"",
            );
            let signature = Signature::from_bytes(raw.as_slice().try_into().unwrap()).unwrap();
            key.public().verify(b"message digest", &signature, &id).unwrap();
            let der = shell.pipe("convert signature --from raw --to der --encoding hex", &raw);
            assert_eq!(String::from_utf8(der).unwrap().trim(), hex(&signature.to_der()));
        }
    }
}

#[test]
fn data_of_any_size_streams_through_pipes() {
    let shell = shell("pipes");
    // More than any buffer on the way, and no multiple of a block.
    let data: Vec<u8> = (0..3_000_001_u32).map(|at| at.to_be_bytes()[3]).collect();
    let der = shell.pipe("sign --key k.pem", &data);
    let signature = Signature::from_der(&der).unwrap();
    key(&shell).public().verify(&data, &signature, &DistId::DEFAULT).unwrap();
    shell.write("s", &der);
    shell.pipe("verify - --public-key k.pub --signature s", &data);
    let sealed = shell.pipe("encrypt --to k.pub --layout c1c3c2", &data);
    assert_eq!(sealed.len(), data.len() + 97);
    assert_eq!(shell.pipe("decrypt --key k.pem --layout c1c3c2", &sealed), data);
    let (status, out, said) = shell.fed("sign - --key -", &shell.read("k.pem"));
    assert!(status == 2 && out.is_empty() && said.contains("one input only"), "{said}");
}

#[test]
fn ciphertexts_go_through_every_layout() {
    let shell = shell("layouts");
    let layouts = ["der", "c1c3c2", "c1c2c3", "c1c3c2-no04", "c1c2c3-no04", "ecc-cipher-blob"];
    for from in layouts {
        let sealed =
            shell.pipe(&format!("encrypt data --to k.pub --layout {from} --encoding hex"), b"");
        for to in layouts {
            let other = shell.pipe(
                &format!("convert ciphertext --from {from} --from-encoding hex --to {to}"),
                &sealed,
            );
            let plain = shell.pipe(&format!("decrypt --key k.pem --layout {to}"), &other);
            assert_eq!(plain, b"message digest", "{from} {to}");
            // What is taken for another layout is refused: C3 sees to it.
            for wrong in layouts.into_iter().filter(|wrong| *wrong != to) {
                shell.write("c", &other);
                let done = shell.json(&format!("decrypt c --key k.pem --layout {wrong} --json"), 2);
                assert_eq!(done[0]["error"]["code"], "BAD_CIPHERTEXT", "{to} as {wrong}");
            }
        }
    }
}

#[test]
fn keys_go_through_every_form() {
    let shell = shell("key-forms");
    shell.write("password", "secret\n");
    let thumbprint = |name: &str, more: &str| {
        let shown = shell.json(&format!("key show {name} --json {more}"), 0);
        shown[0]["public_key_sm3"].as_str().unwrap().to_owned()
    };
    let expected = thumbprint("k.pem", "");
    for (form, more) in [
        ("pkcs8-pem", ""),
        ("pkcs8-der", ""),
        ("encrypted-pem", "--new-password-file password"),
        ("sec1-pem", ""),
        ("sec1-der", ""),
        ("jwk", ""),
        ("private-blob", "--encoding binary"),
        ("public-jwk", ""),
        ("public-blob", ""),
        ("d", ""),
        ("d", "--encoding base64"),
        ("d", "--encoding binary"),
        ("spki-pem", ""),
        ("spki-der", ""),
        ("point", ""),
        ("xy", "--encoding base64"),
        ("compressed", "--encoding binary"),
    ] {
        let _ = fs::remove_file(shell.path("out"));
        shell.ok(&format!("key convert k.pem --to {form} {more} --out out"));
        assert_eq!(thumbprint("out", "--password-file password"), expected, "{form}");
    }
    // From a public key no private one can be made; the file is not begun.
    assert_eq!(shell.run("convert key k.pub --to d --out never").status, 2);
    assert!(!shell.path("never").exists());
    assert_eq!(shell.run("convert key k.pem --to encrypted-pem --out never").status, 2);
    let json = &shell.json("convert key k.pem --to spki-pem --json", 0)[0];
    assert_eq!(json["key"].as_str().unwrap().as_bytes(), shell.read("k.pub"));
    assert_eq!(json["encoding"], "text");
}

#[test]
fn results_are_whole_or_absent_and_replace_nothing_in_silence() {
    let shell = shell("whole");
    shell.write("there", "old");
    for line in [
        "sign data --key k.pem --out there",
        "encrypt data --to k.pub --out there",
        "convert key k.pem --to spki-pem --out there",
    ] {
        let refused = shell.json(&format!("{line} --json"), 2);
        assert_eq!(refused[0]["error"]["code"], "IO", "{line}");
        assert_eq!(shell.read("there"), b"old");
    }
    // --force does not concern private keys.
    assert_eq!(shell.run("convert key k.pem --to d --out there --force").status, 2);
    assert_eq!(shell.read("there"), b"old");
    let signed = shell.json("sign data --key k.pem --out there --force --json", 0);
    assert_eq!((&signed[0]["file"], &signed[0]["form"]), (&"there".into(), &"der".into()));
    shell.ok("verify data --public-key k.pub --signature there");
    // What fails leaves nothing: neither the file nor a temporary one.
    for line in [
        "sign missing --key k.pem --out fresh",
        "decrypt data --key k.pem --out fresh",
        "convert signature data --from raw --to der --out fresh",
    ] {
        assert_eq!(shell.run(line).status, 2, "{line}");
    }
    let names = fs::read_dir(shell.path(".")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["d.hex", "data", "k.pem", "k.pub", "there"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(shell.path("k.pem")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
