//! Keys, certificates, requests, lists, answers and signatures: its own are read here, and ours there.

use std::fs;

use yinxin::{
    UnixTime,
    pki::{
        crl::{self, Reason},
        csr::{self, Csr},
        keys::{self, Encryption},
        ocsp::{CertificateStatus, Hash, Question, Request, Responder, Response},
        pkcs12::{self, Legacy, Mac, Protection, Writer},
        x509::{
            Certificate, Evidence, PathPolicy, Revocation, Role, SubjectNumber, SubjectNumberKind,
            Times, TrustStore,
            issue::{
                CertificateRequest, Profile, Subject, Terms, issue, issue_for, issue_requested,
            },
            verify_path,
        },
    },
    primitives::sm2::{DistId, PrivateKey, Signature},
};

use super::Folder;

const DIST_ID: &str = "distid:1234567812345678";

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_unix_s(seconds).unwrap()
}

fn request(name: &str, profile: Profile, key: &PrivateKey) -> CertificateRequest {
    CertificateRequest {
        subject: Subject {
            country: "CN".into(),
            organisation: "苏州市民政局".into(),
            common_name: name.into(),
            ..Subject::default()
        },
        profile,
        public_key: key.public().clone(),
        not_before: at(1_600_000_000),
        not_after: at(4_000_000_000),
        serial: None,
    }
}

#[test]
fn our_keys_are_read() {
    let Some(folder) = Folder::new() else { return };
    let key = PrivateKey::generate().unwrap();
    folder.write("key.pem", keys::private_key_to_pem(&key).unwrap().as_bytes());
    folder.run("pkey -in key.pem -check -noout");
    folder.run("pkey -in key.pem -pubout -outform DER -out public.der");
    assert_eq!(folder.read("public.der"), keys::public_key_to_spki(key.public()).unwrap());
    folder.write("public.pem", keys::public_key_to_pem(key.public()).unwrap());
    folder.run("pkey -pubin -in public.pem -pubcheck -noout");
    // It has no name for HMAC-SM3 and does not derive keys with it: it reads the structure alone.
    let encrypted = keys::private_key_to_encrypted_pem(&key, b"777777").unwrap();
    folder.write("encrypted.pem", encrypted.as_bytes());
    let parsed = folder.run("asn1parse -in encrypted.pem");
    for part in ["PBES2", "PBKDF2", "1.2.156.10197.1.401.2", "sm4-cbc"] {
        assert!(parsed.contains(part), "{parsed}");
    }
    for encryption in [Encryption::SM4_SHA256, Encryption::AES256_SHA256] {
        let encrypted = keys::private_key_to_encrypted(&key, "口令".as_bytes(), &encryption);
        folder.write("encrypted.pem", encrypted.unwrap().as_bytes());
        folder.run("pkey -in encrypted.pem -passin pass:口令 -outform DER -pubout -out opened.der");
        assert_eq!(folder.read("opened.der"), folder.read("public.der"), "{encryption:?}");
    }
}

#[test]
fn its_keys_are_read() {
    let Some(folder) = Folder::new() else { return };
    folder.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:SM2 -out plain.pem");
    folder.run("ec -in plain.pem -out sec1.pem");
    folder.run("pkey -in plain.pem -pubout -out public.pem");
    folder.run("pkcs8 -topk8 -nocrypt -in plain.pem -outform DER -out plain.der");
    let public = keys::public_key_from_pem(&folder.read("public.pem")).unwrap();
    for name in ["plain.pem", "sec1.pem", "plain.der"] {
        let key = keys::private_key_from_pem_or_der(&folder.read(name), None).unwrap();
        assert_eq!(key.public(), &public, "{name}");
    }
    let ciphers = ["sm4-cbc", "aes-128-cbc", "aes-192-cbc", "aes-256-cbc"];
    let prfs = ["hmacWithSHA224", "hmacWithSHA256", "hmacWithSHA384", "hmacWithSHA512"];
    for (cipher, prf) in ciphers.into_iter().zip(prfs) {
        folder.run(&format!(
            "pkcs8 -topk8 -in plain.pem -out {cipher}.pem -v2 {cipher} -v2prf {prf} -passout pass:口令"
        ));
        let text = folder.read(&format!("{cipher}.pem"));
        let key = keys::private_key_from_pem(&text, Some("口令".as_bytes())).unwrap();
        assert_eq!(key.public(), &public, "{cipher} {prf}");
    }
}

#[test]
fn signatures_verify_on_either_side() {
    let Some(folder) = Folder::new() else { return };
    let key = PrivateKey::generate().unwrap();
    folder.write("key.pem", keys::private_key_to_pem(&key).unwrap().as_bytes());
    folder.write("public.pem", keys::public_key_to_pem(key.public()).unwrap());
    let message = "电子证照".repeat(1000);
    folder.write("message", &message);
    let sign = format!("dgst -sm3 -sign key.pem -sigopt {DIST_ID} -out theirs message");
    folder.run(&sign);
    let theirs = Signature::from_der(&folder.read("theirs")).unwrap();
    key.public().verify(message.as_bytes(), &theirs, &DistId::DEFAULT).unwrap();
    let ours = key.sign(message.as_bytes(), &DistId::DEFAULT).unwrap();
    folder.write("ours", ours.to_der());
    let verify = format!("dgst -sm3 -verify public.pem -sigopt {DIST_ID} -signature ours message");
    assert!(folder.run(&verify).contains("Verified OK"));
    folder.write("message", "another");
    assert!(folder.try_run(&verify).is_err());
}

#[test]
fn our_certificates_are_read_and_verified() {
    let Some(folder) = Folder::new() else { return };
    let (root_key, leaf_key) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let root = issue(&request("根", Profile::Root, &root_key), None, &root_key).unwrap();
    folder.write("root.pem", root.to_pem());
    for (name, profile) in [
        ("ca", Profile::IssuingCa { path_length: 0 }),
        ("maker", Profile::SealMaker),
        ("signer", Profile::Signer),
        ("encryption", Profile::Encryption),
        ("stamper", Profile::TimeStamper),
        ("responder", Profile::OcspResponder),
    ] {
        let leaf = issue(&request(name, profile, &leaf_key), Some(&root), &root_key).unwrap();
        folder.write("leaf.pem", leaf.to_pem());
        let verify = format!("verify -x509_strict -vfyopt {DIST_ID} -CAfile root.pem leaf.pem");
        assert!(folder.run(&verify).contains("leaf.pem: OK"), "{name}");
        let text = folder.run("x509 -in leaf.pem -noout -text");
        assert!(text.contains("Signature Algorithm: SM2-with-SM3"), "{text}");
        let usage = match profile {
            Profile::Root | Profile::IssuingCa { .. } => "Certificate Sign, CRL Sign",
            Profile::SealMaker | Profile::Signer | Profile::TimeStamper => {
                "Digital Signature, Non Repudiation"
            }
            Profile::OcspResponder => "Digital Signature",
            Profile::Encryption => "Key Encipherment, Data Encipherment, Key Agreement",
        };
        assert!(text.contains(usage), "{text}");
        let flags = "-nameopt RFC2253,utf8,-esc_msb";
        let subject = folder.run(&format!("x509 -in leaf.pem -noout -subject {flags}"));
        assert_eq!(subject.trim(), format!("subject={}", leaf.subject()));
        let serial = folder.run("x509 -in leaf.pem -noout -serial");
        assert_eq!(serial.trim().to_lowercase(), format!("serial={}", leaf.serial_hex()));
        // A certificate of the same name signed by another key does not verify.
        let stranger = PrivateKey::generate().unwrap();
        let other = issue(&request("根", Profile::Root, &stranger), None, &stranger).unwrap();
        let forged = issue(&request(name, profile, &leaf_key), Some(&other), &stranger).unwrap();
        folder.write("leaf.pem", forged.to_pem());
        assert!(folder.try_run(&verify).is_err(), "{name}");
    }
}

#[test]
fn its_certificates_are_read_and_verified() {
    let Some(folder) = Folder::new() else { return };
    folder.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:SM2 -out root.key");
    folder.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:SM2 -out leaf.key");
    folder.run(&format!(
        "req -x509 -new -key root.key -sm3 -sigopt {DIST_ID} -utf8 -subj /C=CN/O=民政局/CN=根 \
         -days 30 -out root.pem"
    ));
    folder.write(
        "leaf.cnf",
        "keyUsage=critical,digitalSignature,nonRepudiation\n\
                              basicConstraints=critical,CA:FALSE\nauthorityKeyIdentifier=keyid\n",
    );
    folder.run(&format!(
        "req -new -key leaf.key -sm3 -sigopt {DIST_ID} -subj /C=CN/CN=signer -out leaf.csr"
    ));
    folder.run(&format!(
        "x509 -req -in leaf.csr -CA root.pem -CAkey root.key -CAcreateserial -sm3 -days 20 \
         -sigopt {DIST_ID} -vfyopt {DIST_ID} -extfile leaf.cnf -out leaf.pem"
    ));
    let root = Certificate::parse_pem_or_der(&folder.read("root.pem")).unwrap();
    let leaf = Certificate::parse_pem_or_der(&folder.read("leaf.pem")).unwrap();
    assert_eq!(root.subject().to_string(), "CN=根,O=民政局,C=CN");
    let trust = TrustStore::new(vec![root.clone()]);
    let policy =
        PathPolicy { role: Role::SealSigner, revocation: Revocation::NotChecked, crl_grace_s: 0 };
    let verify = |at| verify_path(&leaf, &Evidence::default(), &trust, &policy, Times::both(at));
    assert!(verify(leaf.not_before()).passed(), "{:#?}", verify(leaf.not_before()));
    assert!(!verify(leaf.not_after().plus_s(1)).passed());
    let key = keys::private_key_from_pem(&folder.read("leaf.key"), None).unwrap();
    assert_eq!(leaf.public_key().unwrap(), key.public());
}

#[test]
fn our_revocation_lists_are_read() {
    let Some(folder) = Folder::new() else { return };
    let key = PrivateKey::generate().unwrap();
    let root = issue(&request("根", Profile::Root, &key), None, &key).unwrap();
    let entries: [(&[u8], _, _); 2] = [
        (&[0xab, 0xcd], at(1_700_000_000), Reason::KeyCompromise),
        (&[0x12], at(2_600_000_000), Reason::Unspecified),
    ];
    let (this, next) = (at(1_750_000_000), at(1_760_000_000));
    let list = crl::make(&root, &entries, this, next, 7, &key).unwrap();
    folder.write("list.pem", list.to_pem());
    let text = folder.run("crl -in list.pem -noout -text");
    for part in [
        "Version 2",
        "SM2-with-SM3",
        "ABCD",
        "Key Compromise",
        "Nov 14 22:13:20 2023 GMT",
        "Serial Number: 12",
        "May 22 14:13:20 2052 GMT",
        "X509v3 CRL Number",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// The samples are Java's, in BER: what is read here is what OpenSSL reads.
#[test]
fn keys_of_the_samples_open() {
    let Some(folder) = Folder::new() else { return };
    let Some(samples) = yinxin_vectors::shared("samples/keys") else { return };
    for (name, password) in [("ROOT", "123456"), ("SealBuilder", "777777"), ("USER", "777777")] {
        let file = fs::read(samples.join(format!("{name}.p12"))).unwrap();
        let contents = pkcs12::open(&file, password.as_bytes(), Legacy::Allowed).unwrap();
        folder.write("sample.p12", &file);
        let (key, certificate) = open_pkcs12(&folder, "sample.p12", password);
        assert_eq!(contents.keys[0].key.expose_bytes(), key.expose_bytes(), "{name}");
        assert_eq!(contents.keys[0].certificate.as_ref(), Some(&certificate), "{name}");
    }
}

#[test]
fn our_pkcs12_is_read() {
    let Some(folder) = Folder::new() else { return };
    let key = PrivateKey::generate().unwrap();
    let certificate = issue(&request("签章人", Profile::Signer, &key), None, &key).unwrap();
    let mut writer = Writer::new();
    writer.key(&key, Some(&certificate), Some("电子证照")).unwrap();
    // OpenSSL 3.0 knows SM3 for a MAC, though not in PBKDF2.
    let sm3_mac = Protection { mac: Mac::HmacSm3, ..Protection::SM4_SHA256 };
    for protection in [Protection::SM4_SHA256, Protection::AES256_SHA256, sm3_mac] {
        for password in ["777777", "口令", ""] {
            folder.write("ours.p12", writer.write(password.as_bytes(), &protection).unwrap());
            let (read, own) = open_pkcs12(&folder, "ours.p12", password);
            assert_eq!(read.expose_bytes(), key.expose_bytes(), "{protection:?}");
            assert_eq!(own, certificate);
        }
        let wrong = folder.try_run("pkcs12 -in ours.p12 -passin pass:wrong -nodes");
        assert!(wrong.is_err(), "{protection:?}");
    }
}

/// What OpenSSL writes beside the files in `vectors/pkcs12/`: the password and the name in Chinese.
#[test]
fn its_pkcs12_is_read() {
    let Some(folder) = Folder::new() else { return };
    let key = PrivateKey::generate().unwrap();
    let certificate = issue(&request("签章人", Profile::Signer, &key), None, &key).unwrap();
    folder.write("key.pem", keys::private_key_to_pem(&key).unwrap().as_bytes());
    folder.write("certificate.pem", certificate.to_pem());
    for (options, legacy) in [
        ("", Legacy::Refused),
        ("-keypbe sm4-cbc -certpbe sm4-cbc -macalg sm3", Legacy::Refused),
        ("-legacy", Legacy::Allowed),
    ] {
        folder.run(&format!(
            "pkcs12 -export -inkey key.pem -in certificate.pem -out theirs.p12 -name 电子证照 \
             -passout pass:口令 {options}"
        ));
        let file = folder.read("theirs.p12");
        let contents = pkcs12::open(&file, "口令".as_bytes(), legacy).unwrap();
        assert_eq!(contents.keys[0].key.expose_bytes(), key.expose_bytes(), "{options}");
        assert_eq!(contents.keys[0].certificate.as_ref(), Some(&certificate), "{options}");
        assert_eq!(contents.keys[0].name.as_deref(), Some("电子证照"), "{options}");
    }
}

fn open_pkcs12(folder: &Folder, file: &str, password: &str) -> (PrivateKey, Certificate) {
    let text = folder.run(&format!("pkcs12 -legacy -in {file} -passin pass:{password} -nodes"));
    let key = keys::private_key_from_pem(text.as_bytes(), None).unwrap();
    (key, Certificate::parse_pem_or_der(text.as_bytes()).unwrap())
}

#[test]
fn requests_are_verified_on_either_side() {
    let Some(folder) = Folder::new() else { return };
    let key = PrivateKey::generate().unwrap();
    let subject = Subject { common_name: "请求".into(), ..Subject::default() };
    let ours = csr::Builder::new(&subject).challenge_password("secret").sign(&key).unwrap();
    folder.write("ours.pem", ours.to_pem());
    let verify = format!("req -in ours.pem -verify -vfyopt {DIST_ID} -text -noout");
    let text = folder.run(&verify);
    assert!(text.contains("challengePassword        :secret"), "{text}");
    // The request of CFCA: its attributes lack a SET, which OpenSSL refuses to read.
    let exchange = PrivateKey::generate().unwrap();
    let cfca = csr::Builder::new(&subject).cfca_exchange_key(exchange.public()).sign(&key).unwrap();
    folder.write("ours.pem", cfca.to_pem());
    assert!(folder.try_run(&verify).is_err());
    folder.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:SM2 -out their.key");
    folder.run(&format!(
        "req -new -key their.key -sm3 -sigopt {DIST_ID} -utf8 -subj /C=CN/CN=他们 \
         -addext keyUsage=critical,digitalSignature -out their.pem"
    ));
    let theirs = Csr::load(&folder.read("their.pem")).unwrap().verify().unwrap();
    assert_eq!(theirs.value().subject().to_string(), "CN=他们,C=CN");
    let [usage] = theirs.value().requested_extensions() else { panic!("{theirs:?}") };
    assert_eq!((&*usage.oid, usage.critical), ("2.5.29.15", true));
    // Signed without an identifier, it is not taken for one under the default.
    folder.run("req -new -key their.key -sm3 -subj /CN=x -out empty.pem");
    assert!(Csr::load(&folder.read("empty.pem")).unwrap().verify().is_err());
}

#[test]
fn certificates_of_requests_with_every_extension() {
    let Some(folder) = Folder::new() else { return };
    let (root_key, key) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let root = issue(&request("根", Profile::Root, &root_key), None, &root_key).unwrap();
    folder.write("root.pem", root.to_pem());
    let subject = Subject { common_name: "持有人".into(), ..Subject::default() };
    let asked = csr::Builder::new(&subject).sign(&key).unwrap().verify().unwrap();
    let mut terms = Terms::new(Profile::Signer, at(1_600_000_000), at(4_000_000_000));
    terms.crl_urls =
        vec!["http://ca.example.cn/a.crl".into(), "http://ca2.example.cn/a.crl".into()];
    terms.ocsp_urls = vec!["http://ocsp.example.cn/".into()];
    terms.issuer_urls = vec!["http://ca.example.cn/root.cer".into()];
    terms.policies = vec!["1.2.156.1.2.3".into()];
    terms.subject_numbers = vec![
        SubjectNumber::new(SubjectNumberKind::ResidentCard, "11010519491231002X"),
        SubjectNumber::new(SubjectNumberKind::Organisation, "11320500014150050B"),
    ];
    let leaf = issue_requested(&asked, &terms, &root, &root_key).unwrap();
    assert_eq!(leaf.subject_identifiers(), terms.subject_numbers);
    folder.write("leaf.pem", leaf.to_pem());
    let verify = format!("verify -x509_strict -vfyopt {DIST_ID} -CAfile root.pem leaf.pem");
    assert!(folder.run(&verify).contains("leaf.pem: OK"));
    let text = folder.run("x509 -in leaf.pem -noout -text");
    for part in [
        "URI:http://ca.example.cn/a.crl",
        "URI:http://ca2.example.cn/a.crl",
        "OCSP - URI:http://ocsp.example.cn/",
        "CA Issuers - URI:http://ca.example.cn/root.cer",
        "Policy: 1.2.156.1.2.3",
        "1.2.156.10260.4.1.1",
        "..11010519491231002X",
        "..11320500014150050B",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(folder.run("x509 -in leaf.pem -noout -ocsp_uri").trim(), terms.ocsp_urls[0]);
}

/// OpenSSL 3.0 signs responses under an identifier (`-rsigopt`) but verifies under none: its responses are
/// verified here, and ours are read there.
#[test]
fn ocsp_on_either_side() {
    let Some(folder) = Folder::new() else { return };
    let [root_key, key, responder_key] = [(); 3].map(|()| PrivateKey::generate().unwrap());
    let root = issue(&request("根", Profile::Root, &root_key), None, &root_key).unwrap();
    let leaf = issue(&request("章", Profile::Signer, &key), Some(&root), &root_key).unwrap();
    let subject = Subject { common_name: "应答".into(), ..Subject::default() };
    let terms = Terms::new(Profile::OcspResponder, at(1_600_000_000), at(4_000_000_000));
    let public = responder_key.public();
    let responder = issue_for(&subject, public, &terms, Some(&root), &root_key).unwrap();
    folder.write("root.pem", root.to_pem());
    folder.write("leaf.pem", leaf.to_pem());
    folder.write("responder.pem", responder.to_pem());
    folder.write("responder.key", keys::private_key_to_pem(&responder_key).unwrap().as_bytes());
    for (hash, name) in [(Hash::Sm3, "sm3"), (Hash::Sha1, "sha1"), (Hash::Sha256, "sha256")] {
        let asked = Request::new(&leaf, &root, hash).unwrap();
        folder.write("request.der", asked.der());
        let serial = leaf.serial_hex().to_uppercase();
        let revoked = format!("R\t360101000000Z\t260101000000Z,superseded\t{serial}\tx\t/CN=x\n");
        folder.write("index.txt", &revoked);
        folder.run(&format!(
            "ocsp -index index.txt -CA root.pem -rsigner responder.pem -rkey responder.key -rmd sm3 \
             -rsigopt {DIST_ID} -reqin request.der -respout response.der -ndays 1"
        ));
        let response = Response::parse(&folder.read("response.der")).unwrap();
        let now = response.produced_at().unwrap();
        let nonce = asked.nonce();
        let question = Question { nonce: nonce.as_deref(), ..Question::new(&leaf, &root, now) };
        let answer = response.verify(&question).unwrap().into_value();
        let time = UnixTime::parse_rfc3339("2026-01-01T00:00:00Z").unwrap();
        let reason = Some(Reason::Superseded);
        assert_eq!(answer.status, CertificateStatus::Revoked { at: time, reason });
        // Its request, our answer.
        folder.run(&format!(
            "ocsp -{name} -issuer root.pem -cert leaf.pem -reqout theirs.der -noverify"
        ));
        let theirs = Request::parse(&folder.read("theirs.der")).unwrap();
        assert!(theirs.ids()[0].names(&leaf, &root) && theirs.nonce().is_some());
        let ours = Responder::new(&root, &responder, &responder_key).unwrap();
        let status = |_: &_| CertificateStatus::Revoked { at: at(1_700_000_000), reason };
        let ours = ours.respond(&theirs, now, now.plus_s(60), status).unwrap();
        folder.write("ours.der", ours.der());
        let text = folder.run(&format!(
            "ocsp -{name} -respin ours.der -issuer root.pem -cert leaf.pem -noverify -resp_text"
        ));
        for part in [
            "leaf.pem: revoked",
            "Reason: superseded",
            "Revocation Time: Nov 14 22:13:20 2023 GMT",
            &format!("Hash Algorithm: {name}"),
            "OCSP Signing",
            "OCSP Nonce",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
