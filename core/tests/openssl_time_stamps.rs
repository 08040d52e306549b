//! Time stamps with the command line of OpenSSL as the second implementation: our requests and answers
//! are read there. What it makes itself is in `vectors/timestamp/openssl.json`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails loudly"
)]

use std::{fs, path::PathBuf, process::Command};

use yinxin::{
    Error, UnixTime,
    pki::{
        cms::Family,
        custody::Signer,
        timestamp::{
            Accuracy, Authority, FailInfo, Imprint, Register, TimeStampRequest, TimeStampResponse,
        },
        x509::Certificate,
    },
    primitives::{
        sm2::{DistId, PrivateKey, PublicKey, Signature, hazmat},
        sm3,
    },
};

const DATA: &[u8] = b"what is stamped\n";

/// A folder of its own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    /// `None`, recorded as a skip, where there is no OpenSSL with `ts` and SM2.
    fn new(name: &str) -> Option<Self> {
        let curves = Command::new("openssl").args(["ecparam", "-list_curves"]).output();
        let knows = |output: &[u8]| String::from_utf8_lossy(output).contains("SM2");
        if !curves.is_ok_and(|output| knows(&output.stdout)) {
            yinxin_vectors::skip("openssl: no command that knows SM2");
            return None;
        }
        let name = format!("yinxin-ts-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Some(Self(path))
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), bytes).unwrap();
    }

    fn try_run(&self, arguments: &str) -> Result<String, String> {
        let arguments: Vec<_> = arguments.split_whitespace().collect();
        let output = Command::new("openssl").args(&arguments).current_dir(&self.0).output();
        let output = output.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    #[track_caller]
    fn run(&self, arguments: &str) -> String {
        self.try_run(arguments).unwrap_or_else(|error| panic!("openssl {arguments}: {error}"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A clock that stands still.
struct Still(UnixTime);

impl Register for Still {
    fn now(&self) -> Option<UnixTime> {
        Some(self.0)
    }

    fn next_serial(&self) -> Result<Vec<u8>, Error> {
        Ok(vec![0x4d, 0x2a])
    }
}

/// Signs as OpenSSL 3.0 verifies the SM2 signatures of PKCS#7: over the digest of the message without
/// Z. That is no SM2 signature by GB/T 32918.2; with it, everything else can be held against OpenSSL.
struct WithoutZ(PrivateKey);

impl Signer for WithoutZ {
    fn public_key(&self) -> &PublicKey {
        self.0.public()
    }

    fn sign(&self, message: &[u8], _: &DistId) -> Result<Signature, Error> {
        hazmat::sign_digest(&self.0, &sm3::hash(message))
    }
}

/// A stamper's certificate that OpenSSL made for `key`.
fn certificate(folder: &Folder) -> (Certificate, PrivateKey) {
    folder.write(
        "stamper.cnf",
        "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = stamper\n[v3]\n\
         keyUsage = critical, digitalSignature, nonRepudiation\n\
         extendedKeyUsage = critical, timeStamping\n",
    );
    folder.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:SM2 -out stamper.key");
    folder.run(
        "req -x509 -new -key stamper.key -sm3 -config stamper.cnf -extensions v3 -days 30 \
         -set_serial 77 -out stamper.pem",
    );
    let pem = fs::read(folder.0.join("stamper.pem")).unwrap();
    let key = fs::read(folder.0.join("stamper.key")).unwrap();
    let key = yinxin::pki::keys::private_key_from_pem_or_der(&key, None).unwrap();
    (Certificate::parse_pem_or_der(&pem).unwrap(), key)
}

#[test]
fn our_requests_are_read() {
    let Some(folder) = Folder::new("query") else { return };
    let request = TimeStampRequest::new(Imprint::of(DATA)).unwrap().under_policy("1.2.3.9.1");
    folder.write("request.tsq", request.to_der().unwrap());
    let text = folder.run("ts -query -in request.tsq -text");
    let nonce: String = request.nonce.unwrap().iter().map(|byte| format!("{byte:02X}")).collect();
    for expected in ["Version: 1", "Hash Algorithm: sm3", "Policy OID: 1.2.3.9.1"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(text.contains(&format!("Nonce: 0x{nonce}")), "{text}");
    assert!(text.contains("Certificate required: yes"), "{text}");
}

#[test]
fn our_answers_are_read_and_verified() {
    let Some(folder) = Folder::new("reply") else { return };
    let (certificate, key) = certificate(&folder);
    let now = Still(certificate.not_before().plus_s(5));
    let signer = WithoutZ(key);
    let authority = Authority {
        signer: &signer,
        certificate,
        chain: Vec::new(),
        policy: "1.2.3.9.1".to_owned(),
        accuracy: Some(Accuracy { seconds: 1, milliseconds: 500, microseconds: 100 }),
        family: Family::Pkcs7,
        register: &now,
    };
    folder.write("data", DATA);
    folder.run("ts -query -data data -sm3 -cert -out request.tsq");
    let request = fs::read(folder.0.join("request.tsq")).unwrap();
    let answered = authority.answer(&request);
    assert_eq!(answered.cause, None);
    folder.write("reply.tsr", answered.response.to_der().unwrap());
    let text = folder.run("ts -reply -in reply.tsr -text");
    for expected in [
        "Status: Granted.",
        "Version: 1",
        "Policy OID: 1.2.3.9.1",
        "Hash Algorithm: sm3",
        "Serial number: 0x4D2A",
        "Accuracy: 0x01 seconds, 0x01F4 millis, 0x64 micros",
        "TSA: DirName:/CN=stamper",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    // Imprint, nonce, ESSCertIDv2 with SM3, purpose, name, signature.
    let verify = "ts -verify -in reply.tsr -CAfile stamper.pem -partial_chain";
    let verified = folder.try_run(&format!("{verify} -queryfile request.tsq"));
    assert!(verified.is_ok(), "{verified:?}");
    folder.write("other", b"something else");
    assert!(folder.try_run(&format!("{verify} -data other")).is_err());
    // The same token with a signature as GB/T 32918.2 has it: OpenSSL 3.0 leaves out Z.
    let WithoutZ(key) = &signer;
    let right = Authority { signer: key, ..authority };
    folder.write("reply.tsr", right.answer(&request).response.to_der().unwrap());
    assert!(folder.try_run(&format!("{verify} -queryfile request.tsq")).is_err());
}

#[test]
fn our_refusals_are_read() {
    let Some(folder) = Folder::new("refusal") else { return };
    for (failure, text) in [
        (FailInfo::BadAlg, "unrecognized or unsupported algorithm identifier"),
        (FailInfo::BadRequest, "transaction not permitted or supported"),
        (FailInfo::BadDataFormat, "the data submitted has the wrong format"),
        (FailInfo::TimeNotAvailable, "the TSA's time source is not available"),
        (FailInfo::UnacceptedPolicy, "the requested TSA policy is not supported by the TSA"),
        (FailInfo::UnacceptedExtension, "the requested extension is not supported by the TSA"),
        (
            FailInfo::AddInfoNotAvailable,
            "the additional information requested could not be understood or is not available",
        ),
        (FailInfo::SystemFailure, "the request cannot be handled due to system failure"),
    ] {
        let refusal = TimeStampResponse::refused(failure, "why not");
        folder.write("reply.tsr", refusal.to_der().unwrap());
        let found = folder.run("ts -reply -in reply.tsr -text");
        assert!(found.contains("Status: Rejected.") && found.contains("why not"), "{found}");
        assert!(found.contains(text), "{failure:?}: {found}");
    }
}
