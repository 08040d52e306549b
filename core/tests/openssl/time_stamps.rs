//! Time stamps: our requests and answers are read there, and the tokens of its authorities here. What it
//! makes with SM2 is in `vectors/timestamp/openssl.json`.

use yinxin::{
    Error, UnixTime,
    pki::{
        cms::{self, Family, SignOptions, SignWith, SignedData},
        custody::Signer,
        timestamp::{
            Accuracy, Authority, FailInfo, HashAlgorithm, Imprint, Register, Stamped,
            TimeStampPolicy, TimeStampReport, TimeStampRequest, TimeStampResponse,
            verify_signer_stamps, verify_token,
        },
        x509::{Certificate, Evidence, PathPolicy, Revocation, Role, TrustStore},
    },
    primitives::{
        sm2::{DistId, PrivateKey, PublicKey, Signature, hazmat},
        sm3,
    },
    report::{Indication, SubIndication},
};

use super::Folder;

const DATA: &[u8] = b"what is stamped\n";

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
    let pem = folder.read("stamper.pem");
    let key = folder.read("stamper.key");
    let key = yinxin::pki::keys::private_key_from_pem_or_der(&key, None).unwrap();
    (Certificate::parse_pem_or_der(&pem).unwrap(), key)
}

#[test]
fn our_requests_are_read() {
    let Some(folder) = Folder::new() else { return };
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
    let Some(folder) = Folder::new() else { return };
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
    let request = folder.read("request.tsq");
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
    let Some(folder) = Folder::new() else { return };
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

/// A root, and what `ts` needs of its authority.
const CONFIGURATION: &str = "\
[req]
distinguished_name = dn
prompt = no
[dn]
CN = root
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[stamper]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = authority
[authority]
serial = serial
signer_cert = stamper.pem
signer_key = stamper.key
signer_digest = sha256
default_policy = 1.2.3.9.1
digests = sm3, sha256, sha384, sha512
accuracy = secs:1
tsa_name = yes
ess_cert_id_alg = sha256
";

/// What an authority with keys made by `genpkey ARGUMENTS` stamps, signing with `digest`: the token, its
/// request and the root.
fn token_of(
    folder: &Folder,
    arguments: &str,
    digest: &str,
    request: &TimeStampRequest,
) -> (Vec<u8>, Certificate) {
    folder.write("ts.cnf", CONFIGURATION);
    for key in ["root.key", "stamper.key"] {
        folder.run(&format!("genpkey {arguments} -out {key}"));
    }
    folder.run(
        "req -x509 -new -key root.key -config ts.cnf -extensions ca -sha256 -days 30 -out root.pem",
    );
    folder.run("req -new -key stamper.key -config ts.cnf -subj /CN=stamper -out stamper.csr");
    folder.run(
        "x509 -req -in stamper.csr -CA root.pem -CAkey root.key -set_serial 9 -days 30 -sha256 \
         -extfile ts.cnf -extensions stamper -out stamper.pem",
    );
    folder.write("request.tsq", request.to_der().unwrap());
    folder
        .run(&format!("ts -reply -config ts.cnf -queryfile request.tsq -{digest} -out reply.tsr"));
    let response = TimeStampResponse::parse(&folder.read("reply.tsr")).unwrap();
    let root = Certificate::parse_pem_or_der(&folder.read("root.pem")).unwrap();
    (response.token_for(request).unwrap().der().to_vec(), root)
}

/// Authorities of other countries sign with RSA and ECDSA: with the feature `international` their stamps
/// hold as any other; without it nothing is relied on that is not verified.
#[test]
fn tokens_of_its_authorities() {
    let Some(folder) = Folder::new() else { return };
    let path =
        PathPolicy { role: Role::TimeStamper, revocation: Revocation::NotChecked, crl_grace_s: 0 };
    let policy = TimeStampPolicy::sm3_or_sha2(path);
    for (arguments, digest, hash) in [
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "sha256", HashAlgorithm::Sha256),
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "sha512", HashAlgorithm::Sm3),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "sha256", HashAlgorithm::Sha512),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:P-384", "sha384", HashAlgorithm::Sha384),
    ] {
        let case = format!("{arguments}, {digest}, {hash:?}");
        let request = TimeStampRequest::new(Imprint::by(hash, DATA)).unwrap();
        let (token, root) = token_of(&folder, arguments, digest, &request);
        let judge = |token: &[u8], stamped: Stamped<'_>, anchors: Vec<Certificate>| {
            let now = root.not_before().plus_s(3600);
            let trust = TrustStore::new(anchors);
            verify_token(token, stamped, &Evidence::default(), &trust, &policy, now)
        };
        let trusted = || vec![root.clone()];
        let report = judge(&token, Stamped::Request(&request), trusted());
        if !cfg!(feature = "international") {
            assert_eq!(report.holds(), None, "{case}");
            let check = report.checks.iter().find(|check| check.id == "cms.algorithm").unwrap();
            let sub = Some(SubIndication::CryptoConstraintsFailure);
            assert_eq!(check.sub_indication, sub, "{case}");
            continue;
        }
        let time = report.info.as_ref().map(|info| info.time);
        assert!(time.is_some() && report.holds() == time, "{case}: {:#?}", report.checks);
        assert_eq!(judge(&token, Stamped::Data(DATA), trusted()).holds(), time, "{case}");
        let failed = |report: TimeStampReport| {
            assert_eq!(report.indication, Indication::Failed, "{case}: {:#?}", report.checks);
        };
        failed(judge(&token, Stamped::Data(b"something else"), trusted()));
        let mut changed = token.clone();
        // Nothing follows the signature.
        *changed.last_mut().unwrap() ^= 1;
        failed(judge(&changed, Stamped::Data(DATA), trusted()));
        let unknown = judge(&token, Stamped::Data(DATA), Vec::new());
        assert_eq!(unknown.indication, Indication::Indeterminate, "{case}");
        // GM/T 0033 alone has SM3 alone.
        let strict = TimeStampPolicy::sm3(path);
        let (evidence, trust) = (Evidence::default(), TrustStore::new(trusted()));
        let now = root.not_before().plus_s(3600);
        let stamped = Stamped::Data(DATA);
        let strict = verify_token(&token, stamped, &evidence, &trust, &strict, now);
        assert_eq!(strict.holds().is_some(), hash == HashAlgorithm::Sm3, "{case}");
    }
}

#[test]
fn its_authority_stamps_a_signature_of_ours() {
    let Some(folder) = Folder::new() else { return };
    let (certificate, key) = certificate(&folder);
    let signer = SignWith { certificate: &certificate, key: &key };
    let signed = cms::sign(DATA, &[signer], &SignOptions::default()).unwrap();
    let signed = SignedData::parse(&signed).unwrap();
    let value = &signed.signers()[0].signature;
    let request = TimeStampRequest::new(Imprint::by(HashAlgorithm::Sha256, value)).unwrap();
    let arguments = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048";
    let (token, root) = token_of(&folder, arguments, "sha256", &request);
    let stamped = signed.with_time_stamp(0, &token).unwrap();
    let path =
        PathPolicy { role: Role::TimeStamper, revocation: Revocation::NotChecked, crl_grace_s: 0 };
    let now = root.not_before().plus_s(3600);
    let (evidence, trust) = (Evidence::default(), TrustStore::new(vec![root]));
    let stamps = verify_signer_stamps(&stamped.signers()[0], &evidence, &trust, &path, now);
    let is_verified = cfg!(feature = "international");
    assert_eq!(stamps.proved.is_some(), is_verified, "{:#?}", stamps.checks);
}
