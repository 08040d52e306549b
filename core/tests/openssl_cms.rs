//! Signed data of the command line of OpenSSL, by keys that are not SM2: verified with the feature
//! `international`, refused without it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails loudly"
)]

use std::{fs, path::PathBuf, process::Command};

use yinxin::{
    UnixTime,
    pki::{
        cms::{
            self, Judge, SignOptions, SignWith, SignedData, Verification, VerifyOptions,
            stream::{Verifier, verify_attached, verify_attached_twice},
        },
        x509::{
            Certificate, Evidence, PathPolicy, Revocation, Role, TrustStore,
            issue::{CertificateRequest, Profile, Subject, issue},
        },
    },
    primitives::sm2::PrivateKey,
    report::{Indication, SubIndication, conclude},
};

const INTERNATIONAL: bool = cfg!(feature = "international");
const DATA: &[u8] = b"what is signed\n";

/// A folder of its own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    /// `None`, recorded as a skip, where there is no OpenSSL with `cms`.
    fn new(name: &str) -> Option<Self> {
        let help = Command::new("openssl").args(["cms", "-help"]).output();
        if !help.is_ok_and(|output| output.status.success()) {
            yinxin_vectors::skip("openssl: no command with cms");
            return None;
        }
        let path = std::env::temp_dir().join(format!("yinxin-cms-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("data"), DATA).unwrap();
        Some(Self(path))
    }

    #[track_caller]
    fn run(&self, arguments: &str) {
        let arguments: Vec<_> = arguments.split_whitespace().collect();
        let output = Command::new("openssl").args(&arguments).current_dir(&self.0).output();
        let output = output.unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments:?}: {complaint}");
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap()
    }

    /// A key and a certificate for it by itself, in the files `key` and `cert`.
    fn signer(&self, algorithm: &str) -> Certificate {
        let usage = "-addext keyUsage=critical,digitalSignature";
        self.run(&format!(
            "req -x509 -newkey {algorithm} -nodes -keyout key -out cert -subj /CN=signer {usage}"
        ));
        Certificate::parse_pem_or_der(&self.read("cert")).unwrap()
    }

    fn sign(&self, options: &str) -> Vec<u8> {
        self.run(&format!(
            "cms -sign -binary -in data -signer cert -inkey key -outform DER -out signed {options}"
        ));
        self.read("signed")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[track_caller]
fn expect(verification: &Verification, passes: bool) {
    let (indication, sub) = conclude(verification.checks.iter());
    let checks = &verification.checks;
    if passes && INTERNATIONAL {
        assert_eq!(indication, Indication::Passed, "{checks:#?}");
    } else {
        assert_eq!(indication, Indication::Failed, "{checks:#?}");
    }
    if !INTERNATIONAL {
        assert_eq!(sub, Some(SubIndication::CryptoConstraintsFailure), "{checks:#?}");
    }
}

const ALGORITHMS: [(&str, &str); 5] = [
    ("rsa:2048", "sha256"),
    ("rsa:2048", "sha512"),
    ("ec -pkeyopt ec_paramgen_curve:P-256", "sha256"),
    ("ec -pkeyopt ec_paramgen_curve:P-384", "sha384"),
    ("ec -pkeyopt ec_paramgen_curve:P-256", "sha384"),
];

#[test]
fn signers_with_other_algorithms() {
    let Some(folder) = Folder::new("signers") else { return };
    let strict = VerifyOptions::default();
    for (algorithm, hash) in ALGORITHMS {
        let certificate = folder.signer(algorithm);
        for (more, detached) in [
            ("", true),
            ("-keyid", true),
            ("-noattr", true),
            ("-nodetach", false),
            ("-nodetach -noattr", false),
            ("-nodetach -stream", false),
        ] {
            let bytes = folder.sign(&format!("-md {hash} {more}"));
            let given = detached.then_some(DATA);
            let whole = cms::verify(&bytes, given, &strict).unwrap();
            expect(&whole, true);
            assert_eq!(whole.signer.as_ref(), Some(&certificate), "{algorithm} {more}");
            if detached {
                expect(&cms::verify(&bytes, Some(b"other"), &strict).unwrap(), false);
            }
            let mut changed = SignedData::parse(&bytes).unwrap().raw().to_vec();
            let last = changed.len() - 2;
            changed[last] ^= 1;
            expect(&cms::verify(&changed, given, &strict).unwrap(), false);

            // In pieces, as far as attributes are signed.
            let direct = more.contains("noattr");
            let streamed = if detached {
                let mut verifier = Verifier::new(&bytes, strict).unwrap();
                DATA.chunks(4).for_each(|piece| verifier.update(piece));
                verifier.finish()
            } else {
                let input = std::io::Cursor::new(&bytes);
                let mut out = Vec::new();
                let twice = verify_attached_twice(input, &mut out, &strict).unwrap();
                assert_eq!(out == DATA, INTERNATIONAL && !direct);
                assert_eq!(twice.passed(), INTERNATIONAL && !direct);
                verify_attached(&bytes[..], &mut Vec::new(), &[], &strict).unwrap()
            };
            if direct && INTERNATIONAL {
                let found = conclude(streamed.checks.iter());
                let doubt = Some(SubIndication::SignedDataNotFound);
                assert_eq!(found, (Indication::Indeterminate, doubt), "{more}");
            } else {
                expect(&streamed, true);
            }
        }
    }
}

#[test]
fn a_signer_is_trusted_beside_one_of_sm2() {
    let Some(folder) = Folder::new("beside") else { return };
    let certificate = folder.signer("rsa:2048");
    let at = UnixTime::from_unix_s(certificate.not_before().unix_s() + 60).unwrap();
    let [root_key, own_key] = [(); 2].map(|()| PrivateKey::generate().unwrap());
    let request = |name: &str, profile, key: &PrivateKey| CertificateRequest {
        subject: Subject { common_name: name.to_owned(), ..Subject::default() },
        profile,
        public_key: key.public().clone(),
        not_before: certificate.not_before(),
        not_after: certificate.not_after(),
        serial: None,
    };
    let root = issue(&request("root", Profile::Root, &root_key), None, &root_key).unwrap();
    let own = request("own", Profile::Signer, &own_key);
    let own = issue(&own, Some(&root), &root_key).unwrap();
    let rsa = SignedData::parse(&folder.sign("-md sha256")).unwrap();
    let signer = SignWith { certificate: &own, key: &own_key };
    let both = rsa.with_signer(DATA, &signer, &SignOptions::default()).unwrap();
    assert_eq!(both.signers().len(), 2);
    let policy = PathPolicy {
        role: Role::DocumentSigner,
        revocation: Revocation::NotChecked,
        crl_grace_s: 0,
    };
    let judged = |anchors: Vec<Certificate>| {
        let trust = TrustStore::new(anchors);
        let evidence = Evidence::default();
        let (trust, evidence, policy) = (&trust, &evidence, &policy);
        let judge = Judge { trust, evidence, policy, at, existed_at: None };
        both.verify_detached(DATA).judge(&judge).map(|verified| verified.value().len())
    };
    let trusted = judged(vec![certificate.clone(), root.clone()]);
    if INTERNATIONAL {
        assert_eq!(trusted.unwrap_or_else(|it| panic!("{:#?}", it.report.checks)), 2);
    } else {
        assert!(trusted.is_err());
    }
    assert!(judged(vec![root]).is_err());
    assert!(judged(vec![certificate.clone()]).is_err());
}

/// OpenSSL 3.0 makes no CMS with Ed25519, but signs the attributes that we put together (RFC 8419, 3).
#[test]
fn a_signer_with_ed25519() {
    let Some(folder) = Folder::new("ed25519") else { return };
    let certificate = folder.signer("ed25519");
    folder.run("dgst -sha512 -binary -out digest data");
    let oid = |last: &[u8]| der(6, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1], last]);
    let data = oid(&[7, 1]);
    let attributes = [
        der(0x30, &[&oid(&[9, 3]), &der(0x31, &[&data])]),
        der(0x30, &[&oid(&[9, 4]), &der(0x31, &[&der(4, &[&folder.read("digest")])])]),
    ]
    .concat();
    fs::write(folder.0.join("attributes"), der(0x31, &[&attributes])).unwrap();
    folder.run("pkeyutl -sign -rawin -inkey key -in attributes -out signature");
    let sha512 = der(0x30, &[&der(6, &[&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3]])]);
    let serial = der(2, &[certificate.serial()]);
    let info = der(
        0x30,
        &[
            &[2, 1, 1],
            &der(0x30, &[certificate.issuer().der(), &serial]),
            &sha512,
            &der(0xa0, &[&attributes]),
            &der(0x30, &[&[6, 3, 0x2b, 0x65, 0x70]]),
            &der(4, &[&folder.read("signature")]),
        ],
    );
    let signed = der(
        0x30,
        &[
            &[2, 1, 1],
            &der(0x31, &[&sha512]),
            &der(0x30, &[&data]),
            &der(0xa0, &[certificate.der()]),
            &der(0x31, &[&info]),
        ],
    );
    let bytes = der(0x30, &[&oid(&[7, 2]), &der(0xa0, &[&signed])]);
    let strict = VerifyOptions::default();
    expect(&cms::verify(&bytes, Some(DATA), &strict).unwrap(), true);
    expect(&cms::verify(&bytes, Some(b"other"), &strict).unwrap(), false);
}

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let inside = parts.concat();
    let length = u16::try_from(inside.len()).unwrap().to_be_bytes();
    let header = match length {
        [0, short] if short < 0x80 => vec![tag, short],
        [0, byte] => vec![tag, 0x81, byte],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [header, inside].concat()
}
