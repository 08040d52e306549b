//! What is issued for requests, on terms; the profiles themselves are tested with paths.

use super::*;
use crate::{
    limits,
    pki::{
        csr::Builder,
        x509::{
            Evidence, KeyUsage, PathPolicy, Revocation, Role, SubjectNumber, SubjectNumberKind,
            Times, TrustStore, verify_path,
        },
    },
    primitives::sm2::PrivateKey,
};

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_unix_s(seconds).unwrap()
}

fn key(number: u8) -> PrivateKey {
    PrivateKey::from_bytes(&[number; 32]).unwrap()
}

fn subject(name: &str) -> Subject {
    Subject { country: "CN".into(), common_name: name.into(), ..Subject::default() }
}

fn root() -> Certificate {
    let terms = Terms::new(Profile::Root, at(1000), at(9000));
    issue_for(&subject("root"), key(1).public(), &terms, None, &key(1)).unwrap()
}

fn request(name: &str, number: u8) -> Verified<Csr> {
    Builder::new(&subject(name)).sign(&key(number)).unwrap().verify().unwrap()
}

fn terms(profile: Profile) -> Terms {
    Terms::new(profile, at(1000), at(9000))
}

#[test]
fn name_and_key_are_the_requesters_the_rest_is_the_authoritys() {
    let root = root();
    // Whatever is asked for: an authority's certificate is not given for the asking.
    let wanted = crate::pki::x509::Extension {
        oid: oid::BASIC_CONSTRAINTS.into(),
        critical: true,
        value: Box::new([0x30, 3, 1, 1, 0xff]),
    };
    let holder = subject("持有人");
    let asked = Builder::new(&holder).extension(wanted).sign(&key(2)).unwrap().verify().unwrap();
    let issued = issue_requested(&asked, &terms(Profile::Signer), &root, &key(1)).unwrap();
    assert_eq!(issued.subject(), asked.value().subject());
    assert_eq!(issued.public_key().unwrap(), key(2).public());
    assert!(!issued.basic_constraints().unwrap().ca);
    let usage = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::NON_REPUDIATION);
    assert_eq!(issued.key_usage(), Some(usage));
    let trust = TrustStore::new(vec![root.clone()]);
    let policy =
        PathPolicy { role: Role::SealSigner, revocation: Revocation::NotChecked, crl_grace_s: 0 };
    let times = Times::both(at(2000));
    assert!(verify_path(&issued, &Evidence::default(), &trust, &policy, times).passed());
    let field = |error: Error| (error.code(), error.field_name());
    let error = issue_requested(&asked, &terms(Profile::Root), &root, &key(1)).unwrap_err();
    assert_eq!(field(error), (Code::BadArgument, Some("profile")));
    let error = issue_requested(&asked, &terms(Profile::Signer), &root, &key(2)).unwrap_err();
    assert_eq!(error.code(), Code::KeyMismatch);
}

#[test]
fn time_stampers_and_responders_have_their_purpose() {
    let root = root();
    let asked = request("服务", 2);
    let stamper = issue_requested(&asked, &terms(Profile::TimeStamper), &root, &key(1)).unwrap();
    let purpose = stamper.extension(oid::EXTENDED_KEY_USAGE).unwrap();
    assert!(purpose.critical);
    assert_eq!(stamper.extended_key_usage().unwrap(), ["1.3.6.1.5.5.7.3.8".into()]);
    let trust = TrustStore::new(vec![root.clone()]);
    let policy =
        PathPolicy { role: Role::TimeStamper, revocation: Revocation::NotChecked, crl_grace_s: 0 };
    let judge = |leaf: &Certificate| {
        verify_path(leaf, &Evidence::default(), &trust, &policy, Times::both(at(2000))).passed()
    };
    assert!(judge(&stamper));
    let responder = issue_requested(&asked, &terms(Profile::OcspResponder), &root, &key(1));
    let responder = responder.unwrap();
    assert_eq!(responder.extended_key_usage().unwrap(), ["1.3.6.1.5.5.7.3.9".into()]);
    assert_eq!(&*responder.extension(oid::OCSP_NO_CHECK).unwrap().value, [5, 0]);
    assert_eq!(responder.key_usage(), Some(KeyUsage::DIGITAL_SIGNATURE));
    assert!(!judge(&responder));
}

#[test]
fn terms_are_written_once_each_and_bounded() {
    let root = root();
    let asked = request("a", 2);
    let error = |change: &dyn Fn(&mut Terms)| {
        let mut terms = terms(Profile::Signer);
        change(&mut terms);
        let error = issue_requested(&asked, &terms, &root, &key(1)).err();
        error.map(|error| (error.code(), error.field_name()))
    };
    let argument = |field| Some((Code::BadArgument, Some(field)));
    for bad in ["", "http://", "example.cn", "ftp://x", "http://x y", "http://例"] {
        let list = vec![bad.to_owned()];
        assert_eq!(error(&|t| t.crl_urls.clone_from(&list)), argument("crl_urls"), "{bad}");
        assert_eq!(error(&|t| t.ocsp_urls.clone_from(&list)), argument("ocsp_urls"));
        assert_eq!(error(&|t| t.issuer_urls.clone_from(&list)), argument("issuer_urls"));
    }
    let long = |length: usize| vec![format!("http://{}", "x".repeat(length - 7))];
    assert_eq!(error(&|t| t.crl_urls = long(1024)), None);
    assert_eq!(error(&|t| t.crl_urls = long(1025)), argument("crl_urls"));
    assert_eq!(error(&|t| t.policies = vec!["x".into()]), argument("policies"));
    let number = |kind| SubjectNumber::new(kind, "1");
    let twice = [SubjectNumberKind::Taxpayer, SubjectNumberKind::Taxpayer].map(number);
    assert_eq!(error(&|t| t.subject_numbers = twice.to_vec()), argument("subject_numbers"));
    // Two kinds of one extension.
    let twice = [SubjectNumberKind::Passport, SubjectNumberKind::ResidentCard].map(number);
    assert_eq!(error(&|t| t.subject_numbers = twice.to_vec()), argument("subject_numbers"));
    let limit = Some((Code::LimitReached, Some("ISSUED_ITEMS_MAX")));
    let most = limits::ISSUED_ITEMS_MAX;
    let many = |count: usize| vec!["ldap://x".to_owned(); count];
    assert_eq!(error(&|t| t.crl_urls = many(most)), None);
    assert_eq!(error(&|t| t.crl_urls = many(most + 1)), limit);
    assert_eq!(error(&|t| t.ocsp_urls = many(most + 1)), limit);
    let policies = |count: usize| vec!["1.2.3".to_owned(); count];
    assert_eq!(error(&|t| t.policies = policies(most)), None);
    assert_eq!(error(&|t| t.policies = policies(most + 1)), limit);
    assert_eq!(error(&|t| t.not_after = at(999)), argument("not_after"));
    assert_eq!(error(&|t| t.serial = Some(vec![0])), argument("serial"));
}

#[test]
fn locations_are_read_again() {
    let root = root();
    let urls = |names: &[&str]| -> Vec<String> { names.iter().map(|&url| url.into()).collect() };
    let mut terms = terms(Profile::Signer);
    terms.crl_urls = urls(&["http://a/1.crl", "ldap://b/2"]);
    terms.ocsp_urls = urls(&["http://ocsp/"]);
    terms.issuer_urls = urls(&["http://a/ca.cer", "https://b/ca.cer"]);
    let issued = issue_requested(&request("a", 2), &terms, &root, &key(1)).unwrap();
    assert_eq!(issued.crl_urls(), terms.crl_urls);
    assert_eq!(issued.ocsp_urls(), terms.ocsp_urls);
    assert_eq!(issued.issuer_urls(), terms.issuer_urls);
    assert!(root.crl_urls().is_empty() && root.ocsp_urls().is_empty());
}

/// Certificates in use name the places of lists and responders.
#[test]
fn locations_in_published_certificates() {
    let Some(cases) = yinxin_vectors::load_shared("x509/certs.json") else { return };
    let mut found = Vec::new();
    for case in cases {
        let Ok(certificate) = Certificate::parse(&case.bytes("der_b64")) else { continue };
        let urls = [certificate.crl_urls(), certificate.ocsp_urls(), certificate.issuer_urls()];
        for url in urls.concat() {
            // Demonstrations name a file of their own.
            let scheme = ["http://", "https://", "ldap://", "ldap:///", "file:"];
            assert!(scheme.iter().any(|scheme| url.starts_with(scheme)), "{case}: {url}");
            found.push(url);
        }
    }
    for known in [
        "http://crl.cfca.com.cn/csrca/SM2/crl1.crl",
        "http://crl.cfca.com.cn/evrca/SM2/crl1.crl",
        "http://ocsp.cfca.com.cn/ocsp",
        "http://crl.jsca.com.cn/crl/SM2CRL_ENTITY.crl",
    ] {
        assert!(found.iter().any(|url| url == known), "{known}: {found:?}");
    }
}

fn pair(asked: &Verified<Csr>) -> Result<Pair, Error> {
    let (signing, encryption) = (terms(Profile::Signer), terms(Profile::Encryption));
    issue_pair(asked, &signing, &encryption, &root(), &key(1))
}

#[test]
fn two_certificates_and_the_key_that_goes_with_them() {
    let asked = request("双证书", 2);
    let issued = pair(&asked).unwrap();
    assert_eq!(issued.sealed_to, SealedTo::SigningKey);
    assert_eq!(issued.signing.subject(), issued.encryption.subject());
    assert_ne!(issued.signing.serial(), issued.encryption.serial());
    assert_eq!(issued.signing.public_key().unwrap(), key(2).public());
    let receives =
        KeyUsage::KEY_ENCIPHERMENT.with(KeyUsage::DATA_ENCIPHERMENT).with(KeyUsage::KEY_AGREEMENT);
    assert_eq!(issued.encryption.key_usage(), Some(receives));
    // The holder opens the envelope, nobody else.
    let opened = keys::open_enveloped(&issued.enveloped_key, &key(2)).unwrap();
    assert_eq!(issued.encryption.public_key().unwrap(), opened.public());
    let stranger = keys::open_enveloped(&issued.enveloped_key, &key(3));
    assert_eq!(stranger.unwrap_err().code(), Code::BadCiphertext);
    // Each pair has a key of its own.
    let again = pair(&asked).unwrap();
    assert_ne!(again.encryption.public_key().unwrap(), opened.public());
    // A request to CFCA has a key for the way back.
    let holder = subject("双证书");
    let builder = Builder::new(&holder).cfca_exchange_key(key(4).public());
    let asked = builder.sign(&key(2)).unwrap().verify().unwrap();
    let issued = pair(&asked).unwrap();
    assert_eq!(issued.sealed_to, SealedTo::ExchangeKey);
    let opened = keys::open_enveloped(&issued.enveloped_key, &key(4)).unwrap();
    assert_eq!(issued.encryption.public_key().unwrap(), opened.public());
}

#[test]
fn pairs_that_are_none() {
    let asked = request("a", 2);
    let root = root();
    let field = |signing: &Terms, encryption: &Terms, new: &PrivateKey| {
        let issued = issue_pair_with_key(&asked, signing, encryption, new, &root, &key(1));
        issued.err().map(|error| (error.code(), error.field_name()))
    };
    let argument = |field| Some((Code::BadArgument, Some(field)));
    let (mut signing, mut encryption) = (terms(Profile::SealMaker), terms(Profile::Encryption));
    assert_eq!(field(&signing, &encryption, &key(5)), None);
    assert_eq!(field(&encryption, &encryption, &key(5)), argument("profile"));
    assert_eq!(field(&signing, &signing, &key(5)), argument("profile"));
    assert_eq!(field(&signing, &encryption, &key(2)), argument("encryption_key"));
    signing.serial = Some(vec![7]);
    encryption.serial = Some(vec![7]);
    assert_eq!(field(&signing, &encryption, &key(5)), argument("serial"));
    encryption.serial = Some(vec![8]);
    assert_eq!(field(&signing, &encryption, &key(5)), None);
}
